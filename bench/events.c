// SPDX-License-Identifier: GPL-2.0
/* Events by name: libpfm4's, and lists of both kinds. */
#include <ctype.h>
#include <linux/perf_event.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

#define TG_NEAR		3	/* names that an error suggests, at most */
#define TG_WORD		64	/* longer words are compared by so much */

static int start(char *err, size_t len)
{
	int rc = pfm_initialize();

	if (rc == PFM_SUCCESS)
		return 0;
	snprintf(err, len, "libpfm4 does not start: %s", pfm_strerror(rc));
	return -1;
}

/* The name of an event or of one of its umasks, PMU::EVENT[:UMASK], and what it counts. */
static void visit_event(int index, const char *pmu, tg_event_visit *visit, void *arg)
{
	pfm_event_info_t event = { .size = sizeof(event) };
	pfm_event_attr_info_t attr;
	char name[256];
	int i, umasks = 0;

	if (pfm_get_event_info(index, PFM_OS_PERF_EVENT, &event) != PFM_SUCCESS)
		return;
	for (i = 0; i < event.nattrs; i++) {
		memset(&attr, 0, sizeof(attr));
		attr.size = sizeof(attr);
		if (pfm_get_event_attr_info(index, i, PFM_OS_PERF_EVENT, &attr) != PFM_SUCCESS ||
		    attr.type != PFM_ATTR_UMASK)
			continue;
		umasks++;
		snprintf(name, sizeof(name), "%s::%s:%s", pmu, event.name, attr.name);
		visit(name, attr.desc ? attr.desc : "", arg);
	}
	snprintf(name, sizeof(name), "%s::%s", pmu, event.name);
	if (!umasks)
		visit(name, event.desc ? event.desc : "", arg);
}

int tg_events_each(const char *sources, tg_event_visit *visit, void *arg, char *err, size_t len)
{
	pfm_pmu_info_t pmu;
	int p, i;

	tg_sysfs_events_each(sources, visit, arg);
	if (start(err, len))
		return -1;
	pfm_for_all_pmus(p) {
		memset(&pmu, 0, sizeof(pmu));
		pmu.size = sizeof(pmu);
		if (pfm_get_pmu_info(p, &pmu) != PFM_SUCCESS || !pmu.is_present)
			continue;
		for (i = pmu.first_event; i != -1; i = pfm_get_event_next(i))
			visit_event(i, pmu.name, visit, arg);
	}
	return 0;
}

/* Letters to change, add or leave out to get from a to b, whatever their case. */
static size_t distance(const char *a, const char *b)
{
	size_t row[TG_WORD + 1], la = strnlen(a, TG_WORD), lb = strnlen(b, TG_WORD), i, k;

	for (k = 0; k <= lb; k++)
		row[k] = k;
	for (i = 1; i <= la; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (k = 1; k <= lb; k++) {
			size_t same = corner + (tolower((unsigned char)a[i - 1]) !=
						tolower((unsigned char)b[k - 1]));

			corner = row[k];
			if (row[k] > row[k - 1])
				row[k] = row[k - 1];
			row[k] = row[k] + 1 < same ? row[k] + 1 : same;
		}
	}
	return row[lb];
}

struct near {
	const char *word;
	char name[TG_NEAR][TG_EVENT_NAME_MAX];
	size_t off[TG_NEAR];
	int n;
};

static const char *after_pmu(const char *name)
{
	const char *colons = strstr(name, "::");

	return colons ? colons + 2 : name;
}

/* Keeps the nearest names in order; without a PMU, which libpfm finds by itself. */
static void consider(const char *name, const char *what, void *arg)
{
	struct near *near = arg;
	size_t off = distance(near->word, after_pmu(name));
	int at, i;

	(void)what;
	name = after_pmu(name);
	if (off * 3 > strlen(near->word) + 2)
		return;
	for (at = 0; at < near->n && near->off[at] <= off; at++)
		if (!strcmp(near->name[at], name))
			return;
	if (at == TG_NEAR)
		return;
	near->n += near->n < TG_NEAR;
	for (i = near->n - 1; i > at; i--) {
		near->off[i] = near->off[i - 1];
		memcpy(near->name[i], near->name[i - 1], sizeof(near->name[i]));
	}
	near->off[at] = off;
	snprintf(near->name[at], sizeof(near->name[at]), "%s", name);
}

/* "'cyles' is no event here: event not found; near it: CYCLES" */
static void refuse(const char *sources, const char *name, const char *why, char *err, size_t len)
{
	struct near near = { .word = after_pmu(name) };
	char ignored[128];
	size_t n;
	int i;

	tg_events_each(sources, consider, &near, ignored, sizeof(ignored));
	n = snprintf(err, len, "'%s' is no event here: %s;", name, why);
	for (i = 0; i < near.n && n < len; i++)
		n += snprintf(err + n, len - n, "%s %s", i ? "," : " near it:", near.name[i]);
	if (n < len)
		snprintf(err + n, len - n, "%s 'tollgate list --events' shows all",
			 near.n ? ";" : "");
}

/* Which of the kernel's own events can be told apart by mode: not its clocks. */
static bool software_splits(uint64_t config)
{
	return config != PERF_COUNT_SW_CPU_CLOCK && config != PERF_COUNT_SW_TASK_CLOCK;
}

static int from_libpfm(const char *sources, const char *name, struct tg_event *out, char *err,
		       size_t len)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	pfm_perf_encode_arg_t arg = { .attr = &attr, .size = sizeof(arg) };
	struct tg_event e = { .type = 0 };
	int rc;

	if (start(err, len))
		return -1;
	rc = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
	if (rc != PFM_SUCCESS) {
		refuse(sources, name, pfm_strerror(rc), err, len);
		return -1;
	}
	snprintf(e.name, sizeof(e.name), "%s", name);
	e.type = attr.type;
	e.config[0] = attr.config;
	e.config[1] = attr.config1;
	e.config[2] = attr.config2;
	e.user = !attr.exclude_user;
	e.kernel = !attr.exclude_kernel;
	e.core = tg_is_core_type(sources, attr.type);
	e.split = e.core || attr.type == PERF_TYPE_TRACEPOINT ||
		  (attr.type == PERF_TYPE_SOFTWARE && software_splits(attr.config));
	if (!e.split && !(e.user && e.kernel)) {
		snprintf(err, len, "%s cannot be counted in one mode alone: the kernel does not tell them apart",
			 name);
		return -1;
	}
	*out = e;
	return 0;
}

/* The length of the first name of a list: commas between slashes are the name's. */
static size_t first_name(const char *list)
{
	bool inside = false;
	size_t n;

	for (n = 0; list[n] && (inside || list[n] != ','); n++)
		inside ^= list[n] == '/';
	return n;
}

static int add(const char *sources, const char *name, size_t n, struct tg_events *s, char *err,
	       size_t len)
{
	char word[TG_EVENT_NAME_MAX];
	struct tg_event e;
	size_t i;

	if (!n || n >= sizeof(word)) {
		snprintf(err, len, "a name of %zu bytes; allowed: 1 to %zu", n, sizeof(word) - 1);
		return -1;
	}
	for (i = 0; i < n; i++) {
		if (name[i] > ' ' && name[i] <= '~')
			continue;
		snprintf(err, len, "byte 0x%02x in a name; allowed: printable ASCII, no blanks",
			 (unsigned char)name[i]);
		return -1;
	}
	snprintf(word, sizeof(word), "%.*s", (int)n, name);
	if (s->n == TG_EVENTS_MAX) {
		snprintf(err, len, "'%s' is one too many; allowed: %d events", word, TG_EVENTS_MAX);
		return -1;
	}
	if (strchr(word, '/') ? tg_event_from_sysfs(sources, word, &e, err, len) :
				from_libpfm(sources, word, &e, err, len))
		return -1;
	for (i = 0; i < s->n; i++) {
		if (!tg_event_same(&s->event[i], &e))
			continue;
		snprintf(err, len, "'%s' is %s again; allowed: each once", word, s->event[i].name);
		return -1;
	}
	s->event[s->n++] = e;
	return 0;
}

int tg_events_parse(const char *sources, const char *list, struct tg_events *out, char *err,
		    size_t len)
{
	struct tg_events s = { .n = 0 };
	size_t n;

	for (;; list += n + 1) {
		n = first_name(list);
		if (add(sources, list, n, &s, err, len))
			return -1;
		if (!list[n])
			break;
	}
	*out = s;
	return 0;
}
