/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two engines behind one shape: ring3.c runs sequences in this process,
 * module.c asks tollgate.ko through debugfs. Both return raw samples, which
 * reading.c reduces.
 */
#ifndef TOLLGATE_ENGINE_H
#define TOLLGATE_ENGINE_H

#include <stdint.h>

#include <tollgate/exp.h>
#include <tollgate/uapi.h>

#include "counters.h"
#include "report.h"

/* Mirrors enum tg_role of sample.h, which only the engines include. */
#define TG_ENGINE_ROLES 13
#define TG_OWN_ROLES 6	/* of these the figure's own, the first; the rest calibrate */

/* What a scenario of FPU switching did, in steps, stays in the kernel. */
struct tg_tally {
	unsigned long long steps;
	unsigned long long saves, restores;	/* XSAVE, XSAVEOPT; XRSTOR, of whatever image */
	unsigned long long skips;	/* contexts that came to count as loaded without one */
};

/* Raw ticks, or counts of one counter, of one experiment in one round. */
struct tg_samples {
	uint64_t *ticks[TG_ENGINE_ROLES];	/* NULL: the figure has no such series */
	size_t n[TG_ENGINE_ROLES];
	uint64_t *room;				/* what ticks[] point into */
	long discarded;
	long beside;		/* of all series: kept beside a slow canary */
	uint32_t copies;	/* by which the long sequence exceeds the short one */
	uint32_t cal_copies;	/* the same of the calibrating chains */
	bool fenced;		/* the preparation holds an IMUL in the body's place */
	struct tg_tally tally;	/* fpu/scenario: steps 0 elsewhere */
};

void tg_samples_free(struct tg_samples *s);

/*
 * tg_counting_split - from counts sample by sample to one struct tg_samples a
 * counter, out[0..n-1]; ticks: of the same samples. 0, or -1 with none of them
 * filled when memory is short.
 */
struct tg_counting;
int tg_counting_split(const struct tg_counting *c, const struct tg_samples *ticks,
		      struct tg_samples *out);

/* What an engine is asked for. */
struct tg_request {
	struct tg_point point;
	int cpu;
	int node;		/* that its memory shall lie on; -1: wherever the kernel puts it */
	uint32_t samples;	/* TG_SAMPLES_MIN .. TG_SAMPLES_MAX */
	uint32_t loops;		/* passes over the unrolled block, >= 1 */
	double canary;		/* tg_canary_level(); 0: no canary */
	bool hurry;		/* wait less for a core of its own */
	uint64_t step;		/* granularity of the clock, ticks */
	const char *quiet;	/* ring 0: tpr, cli, none; NULL: the module's default */
};

/*
 * Outcome of a request: TG_OK with *out filled (free it), or TG_SKIPPED,
 * TG_REFUSED, TG_FAILED with one line in why.
 */
enum tg_status tg_ring3_measure(const struct tg_request *q, struct tg_samples *out,
				char *why, size_t len);
enum tg_status tg_module_measure(const struct tg_request *q, struct tg_samples *out,
				 char *why, size_t len);

/*
 * The same request with counters: what each of them counted, in out[0..n-1] of the
 * set, or of the events in ring 0. TG_OK with all of them filled, or none.
 */
enum tg_status tg_ring3_count(const struct tg_request *q, struct tg_counter_set *set,
			      const struct tg_events *events, struct tg_samples *out,
			      char *why, size_t len);
enum tg_status tg_module_count(const struct tg_request *q, const struct tg_events *events,
			       struct tg_samples *out, char *why, size_t len);

/* False, with why, where no sequence can run: a CPU without RDTSCP. */
bool tg_ring3_usable(char *why, size_t len);

/* Whether a point can run in this process; false with the reason. */
bool tg_ring3_available(const struct tg_point *p, char *why, size_t len);

/*
 * tg_canary_level - what the canary takes on a core of its own now, as a share
 * of a chain of IMULs: the low end of 1000 of them, within 5 % on one EPYC, too
 * high where another thread ran all the while. 0 where all are the same: the
 * clock counts instructions, and there is nothing for a canary to see.
 */
double tg_canary_level(uint64_t step);

/* The ticks above which a canary says that the core is shared, at the clock frequency of now. */
uint64_t tg_canary_limit(double level, uint64_t step);

/* Sets a sampler's canary; level 0 leaves it without one. hurry: with less patience. */
struct tg_canary;
void tg_canary_arm(struct tg_canary *c, double level, uint64_t step, bool hurry);

/* Granularity of this CPU's RDTSC in ticks, >= 1. */
uint64_t tg_ring3_tsc_step(void);

/*
 * tg_tsc_step - granularity from a histogram of durations: seen[t] of t ticks.
 *
 * Values seen at least rare times form clusters. Only a comb of at least
 * TG_STEP_CLUSTERS equally spaced ones shows a step; anything else, such as a
 * bracket with two modes, is a clock whose step does not matter: 1.
 */
#define TG_STEP_CLUSTERS 4
uint64_t tg_tsc_step(const uint32_t *seen, size_t span, uint32_t rare);

/*
 * Whether interrupts show in ring 3 on this CPU: self-test of the witness. False
 * under FRED, whose return leaves ES alone: then discarded counts nothing.
 */
bool tg_ring3_witness(void);

/* Copies in one pass of the row's block. */
uint32_t tg_ring3_block(enum tg_exp_id exp);

/* Instructions at most that one body leaves out. */
#define TG_LEFT_OUT_MOST	16

/*
 * tg_left_out - what the sequence leaves out (left_out.h), each once, in the order of its
 * file: how many, at most most, and their names in insns. tg_ring3_left_out: of a point.
 */
size_t tg_left_out(const void *sequence, const char **insns, size_t most);
size_t tg_ring3_left_out(const struct tg_point *p, const char **insns, size_t most);

/*
 * Where the module's debugfs directory is, or NULL with why and an exit code:
 * debugfs not mounted, module not loaded, no permission.
 */
const char *tg_module_dir(char *why, size_t len, int *code);

/* The module's own word on a point (its `experiments` file). */
bool tg_module_available(const struct tg_point *p, char *why, size_t len);

#endif
