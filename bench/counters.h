/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters in ring 3: perf_event_open(2), read by RDPMC where the event is the
 * core's, by read(2) where it is the kernel's own. Never multiplexed: every
 * counter is pinned, and one that does not count is an absence with a reason.
 */
#ifndef TOLLGATE_COUNTERS_H
#define TOLLGATE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counter_page.h"
#include "events.h"

/* One for each mode of each event. */
#define TG_COUNTERS_MOST	(2 * TG_EVENTS_MAX)

/* What a counter counts in: one mode, or both where its PMU does not tell them apart. */
enum tg_mode { TG_MODE_USER, TG_MODE_KERNEL, TG_MODE_BOTH };

struct tg_counter {
	int fd;
	volatile struct perf_event_mmap_page *page;	/* NULL: read(2) */
	size_t event;		/* place in the events */
	enum tg_mode mode;
};

struct tg_counter_set {
	struct tg_counter counter[TG_COUNTERS_MOST];
	size_t n;
	/* why an event, or one of its modes, has no counter; "" where it has */
	char absent[TG_EVENTS_MAX][256];
	bool refused[TG_EVENTS_MAX];	/* that is for want of permission */
	enum tg_page_state fault;	/* of a read that failed, and of which counter */
	size_t faulty;
};

/* What a machine has to count with. */
struct tg_pmu {
	char name[32];		/* of the cores' PMU in sysfs; "" where none is shown */
	int general, fixed;	/* counters of a core; -1 where not known */
	int width;		/* bits of a general one, likewise */
	int rdpmc;		/* its file rdpmc: 0 no, 1 mapped events, 2 all; -1: none */
	int paranoid;		/* kernel.perf_event_paranoid; -1: no perf events */
	bool watchdog;		/* the NMI watchdog keeps a counter */
};

/* CPUID's words on counters; eax, ebx, ecx, edx. */
struct tg_pmu_leaves {
	bool amd;		/* or Hygon, which counts alike */
	uint32_t intel[4];	/* leaf 0AH; zeros where there is none */
	uint32_t extended[4];	/* leaf 80000001H */
	uint32_t perfmon2[4];	/* leaf 80000022H (AMD), likewise */
};

/* Sets general, fixed and width (SDM vol. 3, 20.2; APM vol. 2, 13.2). Pure. */
void tg_pmu_decode(const struct tg_pmu_leaves *leaves, struct tg_pmu *pmu);

/* What this machine has. */
void tg_pmu_find(struct tg_pmu *pmu);

/* tg_pmu_describe - one line of it, and what it means for cycles. Pure. */
void tg_pmu_describe(const struct tg_pmu *pmu, char *line, size_t len);

/*
 * tg_counters_describe - tg_pmu_describe() of this machine, or why its PMU cannot
 * be used with the way out, found by trying. Changes nothing. 0 if core cycles
 * can be counted in both modes and read by RDPMC, else the exit code that fits.
 */
int tg_counters_describe(char *line, size_t len);

/*
 * tg_counters_fit - whether the events can count at the same time, as far as
 * numbers tell. -1 with one line in err that names the limit. Pure.
 */
int tg_counters_fit(const struct tg_pmu *pmu, const struct tg_events *events, char *err,
		    size_t len);

/*
 * tg_counters_open - counters of this task, counting; of all that runs on a CPU
 * if cpu is not -1. What cannot be had is in absent[]. Close the set in any case.
 */
void tg_counters_open(struct tg_counter_set *s, const struct tg_events *events, int cpu);
void tg_counters_close(struct tg_counter_set *s);

/*
 * tg_counters_probe - opens, reads and closes them. TG_EXIT_OK if each event
 * counts in one mode at least, else the exit code that fits, with err.
 */
int tg_counters_probe(const struct tg_events *events, char *err, size_t len);

/* Why a read failed, in one line. */
void tg_counters_fault(const struct tg_counter_set *s, const struct tg_events *events,
		       char *why, size_t len);

/*
 * tg_counters_on_core - the events for the kind of core that this process is on:
 * on a hybrid CPU the generic ones mean another PMU. kind: tg_core_type().
 */
void tg_counters_on_core(struct tg_events *events, const char *kind);

/*
 * tg_counters_aim - the set that the counted sequences read from now on, as
 * struct tg_counting (counting.h) has it.
 */
struct tg_counting;
void tg_counters_aim(struct tg_counting *c, struct tg_counter_set *s);

/* Reads all of them; false with fault and faulty set. */
bool tg_counters_read(struct tg_counter_set *s, uint64_t *values);

#endif
