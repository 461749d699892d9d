// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"

/* Where the system lies and what it is called; one that ends in a '.' is a prefix. */
static const char *const identity[] = {
	"root", "rootflags", "rootdelay", "resume", "resume_offset", "init", "rdinit", "initrd",
	"BOOT_IMAGE", "BOOTIF", "ip", "ifname", "nameserver", "nfsroot", "nfsaddrs", "netroot",
	"netconsole", "vlan", "bond", "bridge", "team", "hostname", "machine_id", "ds",
	"cloud_config_url", "url", "fetch", "ostree", "cryptdevice", "cryptkey", "cryptroot",
	"luks", "luks.", "rd.", "inst.", "iscsi_initiator", "iscsi_firmware", "systemd.hostname",
	"systemd.machine_id", "systemd.set_credential", "systemd.set_credential_binary",
	"androidboot.", "seed", "stp", "biosdevname",
};

/* What changes a cost, and may hold a '/' or ':' that is no address. */
static const char *const costs[] = {
	"isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity", "numa", "trace_event", "ftrace",
	"ftrace_filter", "ftrace_notrace", "kprobe_event", "trace_options", "hugepages",
	"hugepagesz", "crashkernel", "slub_debug", "slab_debug",
};

/* A '-' in a parameter's name is a '_' to the kernel. */
static bool same_name(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return true;
}

static bool listed(const char *const *list, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		size_t l = strlen(list[i]);

		if (list[i][l - 1] == '.' ? len > l && same_name(name, list[i], l) :
					    len == l && same_name(name, list[i], l))
			return true;
	}
	return false;
}

/* How many characters of a class s begins with, at most most. */
static size_t run_of(const char *s, int (*class)(int), size_t most)
{
	size_t n = 0;

	while (n < most && class((unsigned char)s[n]))
		n++;
	return n;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *s)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (run_of(s, isxdigit, groups[i]) < groups[i])
			return false;
		s += groups[i];
		if (i < 4 && *s++ != '-')
			return false;
	}
	return true;
}

/* Six pairs of hexadecimal digits between dashes; those between colons are caught by them. */
static bool is_mac(const char *s)
{
	for (int i = 0; i < 6; i++, s += 3) {
		if (run_of(s, isxdigit, 3) != 2)
			return false;
		if (i < 5 && s[2] != '-')
			return false;
	}
	return true;
}

static bool is_ipv4(const char *s)
{
	for (int i = 0; i < 4; i++) {
		size_t n = run_of(s, isdigit, 4);

		if (!n || n > 3)
			return false;
		s += n;
		if (i < 3 && *s++ != '.')
			return false;
	}
	return true;
}

/* So many digits are a machine id, a world-wide name or a serial number. */
static bool is_id(const char *s)
{
	return run_of(s, isxdigit, 16) == 16 || run_of(s, isdigit, 10) == 10;
}

/* Numbers and ranges as cpulist_parse() takes them: 1,4-7,8-31:1/2. */
static bool is_list(const char *s)
{
	size_t n;

	for (;; s++) {
		for (const char *after = "-:/,"; ; after++) {
			n = run_of(s, isdigit, 7);
			if (!n || n > 6)
				return false;
			s += n;
			if (!*s || *s == ',' || *s != *after)
				break;
			s++;
		}
		if (*s != ',')
			return !*s;
	}
}

/* "host.example": letters and digits around a dot, a letter on either side of it. */
static bool is_domain(const char *s)
{
	size_t n = run_of(s, isalnum, 64), m;

	if (!n || s[n] != '.')
		return false;
	m = run_of(s + n + 1, isalnum, 64);
	for (size_t i = 0; i < n; i++)
		if (isalpha((unsigned char)s[i]))
			return m && isalpha((unsigned char)s[n + 1]);
	return false;
}

static bool is_inside(const char *s, const char *at)
{
	return at > s && (isalnum((unsigned char)at[-1]) || at[-1] == '-');
}

static bool holds_name(const char *s, const char *name)
{
	size_t len = name ? strlen(name) : 0;
	const char *at = s;

	for (; len && (at = strstr(at, name)); at++)
		if (!is_inside(s, at) && !isalnum((unsigned char)at[len]) && at[len] != '-')
			return true;
	return false;
}

static bool identifies(const char *value)
{
	const char *s;

	if (strpbrk(value, "/:@") || strstr(value, "UUID") || strstr(value, "LABEL"))
		return true;
	for (s = value; *s; s++) {
		if (is_inside(value, s))
			continue;
		if (is_uuid(s) || is_mac(s) || is_ipv4(s) || is_id(s) || is_domain(s))
			return true;
	}
	return false;
}

/* FNV-1a, folded: enough to tell two values apart, far too little to find one. */
static unsigned int hash16(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return (h >> 16) ^ (h & 0xffff);
}

/* The next word, as lib/cmdline.c parts them; *end is where it stops. */
static const char *next_word(const char *line, const char **end)
{
	bool quoted = false;
	const char *c;

	line += strspn(line, " \t\n");
	for (c = line; *c && (quoted || !strchr(" \t\n", *c)); c++)
		quoted ^= *c == '"';
	*end = c;
	return *line ? line : NULL;
}

/* What is kept of a word, into out, which has room for it and 6 more; "" for nothing. */
static void keep(const char *word, const char *nodename, char *out)
{
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);

	*out = 0;
	if (listed(identity, sizeof(identity) / sizeof(identity[0]), word, len))
		return;
	if (!value) {
		if (strpbrk(word, "/:@"))
			return;
		if (holds_name(word, nodename) || identifies(word))
			sprintf(out, "~%04x", hash16(word));
		else
			strcpy(out, word);
		return;
	}
	value++;
	if (holds_name(value, nodename) ||
	    (identifies(value) && !is_list(value) &&
	     !listed(costs, sizeof(costs) / sizeof(costs[0]), word, len)))
		sprintf(out, "%.*s=~%04x", (int)len, word, hash16(value));
	else
		strcpy(out, word);
}

char *tg_command_line(const char *line, const char *nodename)
{
	/* a word "=x" of two characters and a blank may become seven */
	size_t room = 4 * strlen(line) + 16, n = 0;
	char *kept = calloc(1, room), *word = malloc(strlen(line) + 1);
	const char *w, *end = line;

	while (kept && word && (w = next_word(end, &end))) {
		snprintf(word, end - w + 1, "%s", w);
		if (!strcmp(word, "--"))
			break;
		if (n)
			kept[n] = ' ';
		keep(word, nodename, kept + n + !!n);
		if (kept[n + !!n])
			n += strlen(kept + n);
		else
			kept[n] = 0;
	}
	free(word);
	if (!word) {
		free(kept);
		return NULL;
	}
	return kept;
}
