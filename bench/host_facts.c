// SPDX-License-Identifier: GPL-2.0
/* What the running kernel says of modules, debugfs and lockdown. Reads only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_facts.h"
#include "sysfile.h"

#define TG_CAP_SYS_MODULE	16	/* linux/capability.h */

/* EFI_GLOBAL_VARIABLE's GUID, UEFI 2.10 section 3.3. */
static const char secure_boot[] =
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/* Whether the first line of a file is this word. */
static bool says(const char *path, const char *word)
{
	char *line = tg_first_line(path, "");
	bool same = line && !strcmp(line, word);

	free(line);
	return same;
}

/* A container's root has not always the right to load modules. */
static bool may_load(void)
{
	unsigned long long caps = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	if (f)
		fclose(f);
	return !geteuid() && (caps >> TG_CAP_SYS_MODULE & 1);
}

/* The word in brackets: "none [integrity] confidentiality". */
static char *lockdown(void)
{
	char *line = tg_first_line("/sys/kernel/security/lockdown", ""), *word, *found;

	if (!line)
		return NULL;
	word = strchr(line, '[');
	if (word) {
		word[strcspn(word, "]")] = 0;
		found = strdup(word + 1);
		free(line);
		return found;
	}
	free(line);
	/* a kernel without securityfs, or one that is mounted and has no such file, has none */
	if (!tg_file_word("/proc/filesystems", "", "securityfs") ||
	    tg_file_word("/proc/mounts", "", "/sys/kernel/security"))
		return strdup("none");
	return NULL;
}

/* Four bytes of attributes, then 0 or 1. */
static enum tg_known secure_boot_is(void)
{
	unsigned char bytes[5];
	FILE *f;
	size_t n;

	if (access("/sys/firmware/efi", F_OK))
		return TG_NO;
	f = fopen(secure_boot, "r");
	n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;
	if (f)
		fclose(f);
	return n < sizeof(bytes) ? TG_UNKNOWN : bytes[4] ? TG_YES : TG_NO;
}

static enum tg_debugfs debugfs_is(void)
{
	if (tg_file_word("/proc/mounts", "", "/sys/kernel/debug"))
		return TG_DEBUGFS_MOUNTED;
	return tg_file_word("/proc/filesystems", "", "debugfs") ? TG_DEBUGFS_UNMOUNTED :
								  TG_DEBUGFS_OFF;
}

void tg_host_facts_get(struct tg_host_facts *h)
{
	h->root = may_load();
	h->modules = !access("/proc/modules", F_OK);
	h->modules_disabled = says("/proc/sys/kernel/modules_disabled", "1");
	h->lockdown = lockdown();
	h->secure_boot = secure_boot_is();
	h->sig_enforce = says("/sys/module/module/parameters/sig_enforce", "Y") ? TG_YES : TG_NO;
	h->debugfs = debugfs_is();
	h->loaded = !access("/sys/module/tollgate", F_OK);
}

void tg_host_facts_free(struct tg_host_facts *h)
{
	free(h->lockdown);
	h->lockdown = NULL;
}
