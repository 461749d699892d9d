/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the running kernel takes the module: what lane host needs. */
#ifndef TOLLGATE_HOST_FACTS_H
#define TOLLGATE_HOST_FACTS_H

#include <stdbool.h>
#include <stddef.h>

/* What may not have been possible to find out. */
enum tg_known { TG_UNKNOWN, TG_NO, TG_YES, TG_NR_KNOWN };
extern const char *const tg_known_names[TG_NR_KNOWN];	/* "unknown" "no" "yes" */

enum tg_debugfs {
	TG_DEBUGFS_OFF,		/* not in /proc/filesystems: debugfs=off, no-mount, or not built */
	TG_DEBUGFS_UNMOUNTED,	/* there, but not at /sys/kernel/debug */
	TG_DEBUGFS_MOUNTED,
	TG_NR_DEBUGFS
};
extern const char *const tg_debugfs_names[TG_NR_DEBUGFS]; /* "off" "not mounted" "mounted" */

struct tg_host_facts {
	bool root;		/* effective user 0 with CAP_SYS_MODULE */
	bool modules;		/* the kernel can load modules at all (/proc/modules) */
	bool modules_disabled;	/* sysctl kernel.modules_disabled is 1 */
	char *lockdown;		/* "none" "integrity" "confidentiality"; NULL: cannot be seen */
	enum tg_known secure_boot;	/* EFI variable SecureBoot */
	enum tg_known sig_enforce;	/* module.sig_enforce */
	enum tg_debugfs debugfs;
	bool loaded;		/* tollgate is */
};

/* Reads them of the running kernel; strings are the caller's to free. Changes nothing. */
void tg_host_facts_get(struct tg_host_facts *h);
void tg_host_facts_free(struct tg_host_facts *h);

/* What keeps lane host away. In the order in which they are to be mended. */
enum tg_host_fault {
	TG_FAULT_ROOT,
	TG_FAULT_MODULES,	/* the kernel was built without modules */
	TG_FAULT_SECURE_BOOT,	/* lockdown that comes from it */
	TG_FAULT_LOCKDOWN,	/* another, or nobody can tell */
	TG_FAULT_DISABLED,	/* kernel.modules_disabled */
	TG_FAULT_SIGNATURE,	/* only signed modules */
	TG_FAULT_DEBUGFS,	/* switched off */
	TG_FAULT_UNMOUNTED,	/* module loaded, but no way to its files */
	TG_NR_FAULTS
};

/*
 * tg_host_faults - the faults there are, a bit (1 << fault) each. Pure.
 *
 * Signatures matter only until the module is loaded. That debugfs is not mounted
 * matters only then: vm/host-run.sh mounts it.
 */
unsigned int tg_host_faults(const struct tg_host_facts *h);

/* One fault: a few words for a list, its one line with the way out, its exit code (exit.h). */
struct tg_host_fault_text {
	const char *brief, *line;
	int code;
};
extern const struct tg_host_fault_text tg_host_fault_texts[TG_NR_FAULTS];

#endif
