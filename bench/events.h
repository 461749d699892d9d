/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of events to what perf_event_open(2) takes. Names come from libpfm4, which
 * knows the CPU's own and the kernel's generic ones, or as PMU/terms/ from sysfs,
 * as perf(1) writes them, for what libpfm does not know (msr/tsc/).
 */
#ifndef TOLLGATE_EVENTS_H
#define TOLLGATE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tollgate/uapi.h>

#define TG_EVENT_NAME_MAX	96
#define TG_EVENT_SOURCES	"/sys/bus/event_source/devices"

struct tg_event {
	char name[TG_EVENT_NAME_MAX];	/* as it was given */
	uint32_t type;			/* as in struct perf_event_attr, with config */
	uint64_t config[3];		/* config, config1, config2 */
	bool user, kernel;		/* modes to count in: both unless :u or :k says so */
	bool split;			/* its PMU can tell the modes apart */
	bool core;			/* on a counter of the core: read by RDPMC */
};

/* The events of a run. */
struct tg_events {
	struct tg_event event[TG_EVENTS_MAX];
	size_t n;
};

/*
 * tg_events_parse - a list, NAME,NAME..., of what `run -e` takes.
 *
 * A NAME is libpfm's, EVENT, PMU::EVENT, with :UMASK and :MODIFIER behind it, or
 * PMU/terms/ with u or k behind it. 0, or -1 with one line in err that names the
 * wrong one and what is near it; *out is written on success alone. sources:
 * TG_EVENT_SOURCES. libpfm is started at the first name of its own; it takes
 * the CPU to be the one that LIBPFM_FORCE_PMU says, if it is set.
 */
int tg_events_parse(const char *sources, const char *list, struct tg_events *out, char *err,
		    size_t len);

/* The event that core cycles come from: the kernel's generic one, named cycles. */
void tg_event_cycles(struct tg_event *e);

/* Whether two events count the same, whatever they are called. */
bool tg_event_same(const struct tg_event *a, const struct tg_event *b);

/*
 * tg_event_from_sysfs - PMU/terms/[u|k]; libpfm is not asked. terms: names of
 * events/, terms of format/ (umask=0x1; a name alone is =1), config=, config1=,
 * config2=. 0, or -1 with one line in err.
 */
int tg_event_from_sysfs(const char *sources, const char *name, struct tg_event *out, char *err,
			size_t len);

/* The type of a PMU in sysfs; -1 if it has none. */
long tg_pmu_type(const char *sources, const char *pmu);

/* Whether a type is that of a PMU of the cores: its counters take RDPMC. */
bool tg_is_core_type(const char *sources, uint32_t type);

/* Called with each name there is and what it counts, which may be "". */
typedef void tg_event_visit(const char *name, const char *what, void *arg);

/* tg_events_each - every event that tg_events_parse() knows here; -1 with err if libpfm fails. */
int tg_events_each(const char *sources, tg_event_visit *visit, void *arg, char *err, size_t len);

/* Those of sysfs alone. */
void tg_sysfs_events_each(const char *sources, tg_event_visit *visit, void *arg);

#endif
