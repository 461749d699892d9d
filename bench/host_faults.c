// SPDX-License-Identifier: GPL-2.0
/* What keeps lane host away, and the way out. Pure. */
#include <string.h>

#include "exit.h"
#include "host_facts.h"

const char *const tg_known_names[TG_NR_KNOWN] = { "unknown", "no", "yes" };
const char *const tg_debugfs_names[TG_NR_DEBUGFS] = { "off", "not mounted", "mounted" };

/* vm/host-run.sh, which has no program to ask before it loads, says the same in its own words. */
const struct tg_host_fault_text tg_host_fault_texts[TG_NR_FAULTS] = {
	[TG_FAULT_ROOT] = { "not root",
		"lane host needs root, and the right to load modules (CAP_SYS_MODULE): its files are for root alone; sudo, or use lane user",
		TG_EXIT_REFUSED },
	[TG_FAULT_MODULES] = { "this kernel loads no modules",
		"this kernel was built without modules: boot another (a distribution's), or use lane user or vm",
		TG_EXIT_NOTHING },
	[TG_FAULT_LOCKDOWN] = { "kernel lockdown",
		"kernel lockdown refuses the module and its debugfs files: boot without lockdown= and without Secure Boot, or use lane user or vm",
		TG_EXIT_REFUSED },
	[TG_FAULT_SECURE_BOOT] = { "Secure Boot (kernel lockdown)",
		"Secure Boot locks this kernel down, which refuses the module and its debugfs files: switch it off in the firmware's setup, or use lane user or vm",
		TG_EXIT_REFUSED },
	[TG_FAULT_DISABLED] = { "kernel.modules_disabled=1",
		"kernel.modules_disabled=1 refuses all modules until the next boot: reboot without it, or use lane user or vm",
		TG_EXIT_REFUSED },
	[TG_FAULT_SIGNATURE] = { "only signed modules",
		"this kernel takes only signed modules (module.sig_enforce): sign tollgate.ko with a key it trusts, boot without that, or use lane user or vm",
		TG_EXIT_REFUSED },
	[TG_FAULT_DEBUGFS] = { "debugfs is off",
		"lane host needs debugfs, which is off (debugfs=off or no-mount, or not built in): boot with debugfs=on, or use lane user or vm",
		TG_EXIT_NOTHING },
	[TG_FAULT_UNMOUNTED] = { "debugfs is not mounted",
		"debugfs is not mounted: mount -t debugfs debugfs /sys/kernel/debug",
		TG_EXIT_NOTHING },
};

unsigned int tg_host_faults(const struct tg_host_facts *h)
{
	unsigned int faults = 0;

	if (!h->root)
		faults |= 1u << TG_FAULT_ROOT;
	if (!h->modules)
		faults |= 1u << TG_FAULT_MODULES;
	if (h->lockdown && strcmp(h->lockdown, "none"))
		faults |= 1u << (h->secure_boot == TG_YES ? TG_FAULT_SECURE_BOOT :
							    TG_FAULT_LOCKDOWN);
	if (h->modules_disabled && !h->loaded)
		faults |= 1u << TG_FAULT_DISABLED;
	if (h->sig_enforce == TG_YES && !h->loaded)
		faults |= 1u << TG_FAULT_SIGNATURE;
	if (h->debugfs == TG_DEBUGFS_OFF)
		faults |= 1u << TG_FAULT_DEBUGFS;
	if (h->debugfs == TG_DEBUGFS_UNMOUNTED && h->loaded)
		faults |= 1u << TG_FAULT_UNMOUNTED;
	return faults;
}
