// SPDX-License-Identifier: GPL-2.0
/*
 * One round: a fresh process that measures every experiment once, in the order
 * it is given, and prints a line each. Its parent is rounds.c.
 *
 *	in	point number, loops and samples (0: find out), full name
 *	out	begin N
 *		ok N loops samples value median imul add canary bracket kept discarded beside
 *		skipped|refused|failed N reason
 *		state 0|1 CYCLES, before the first and after the last: the probe
 *		step TICKS WITNESS CANARY CORE, first of all: the clock, whether
 *		interrupts show in ring 3, the canary's level, the kind of core
 */
#include <stdlib.h>

#include "place.h"
#include "run.h"
#include "stats.h"

/*
 * A sample is long enough when the clock's granularity and the bracket's
 * jitter are small against it: 64 steps of the clock, and 1000 ticks.
 */
#define TG_LONG_STEPS	64
#define TG_LONG_TICKS	1000
#define TG_PROBE_SAMPLES	300
#define TG_PILOT	24
#define TG_PILOT_LOOPS	32

/*
 * The samples of a figure may take so long in a round, some 6 ms: a dear body
 * needs fewer, since nothing of the clock's granularity is left to average out.
 */
#define TG_ROUND_TICKS	16000000
#define TG_SAMPLES_FEW	100

static enum tg_status measure(const struct tg_request *q, struct tg_samples *s, char *why,
			      size_t len)
{
	return q->point.ring ? tg_ring3_measure(q, s, why, len) :
			       tg_module_measure(q, s, why, len);
}

/* Samples of every series that fit into a round, of at most most. */
static uint32_t fit_samples(const struct tg_samples *s, uint32_t loops, uint32_t most,
			    uint64_t step)
{
	double pass = 0, fit;
	int r;

	/* the figure's own series; the chains beside it are short */
	for (r = 0; r < TG_OWN_ROLES; r++)
		if (s->n[r])
			pass += tg_low_ticks(s->ticks[r], s->n[r], step) * loops;
	fit = TG_ROUND_TICKS / pass;
	if (fit < TG_SAMPLES_FEW)
		fit = TG_SAMPLES_FEW;
	return fit < most ? fit : most;
}

/*
 * A short run with one loop says how many a sample needs, a power of two, and
 * how many samples fit, where samples is 0; most: at most.
 */
static enum tg_status pilot(struct tg_request *q, uint32_t most, char *why, size_t len)
{
	uint64_t step = q->step;
	struct tg_request small = *q;
	struct tg_samples s;
	struct tg_reading r;
	enum tg_status st;
	double ticks, want = step * TG_LONG_STEPS;

	if (tg_exps[q->point.exp].method == TG_SHOT) {
		/* its preparation is not in the loop, nor in what is timed */
		q->loops = 1;
		if (!q->samples)
			q->samples = most;
		return TG_OK;
	}
	small.loops = 1;
	small.samples = most < TG_PILOT ? most : TG_PILOT;
	st = measure(&small, &s, why, len);
	if (st != TG_OK)
		return st;
	q->loops = 1;
	if (want < TG_LONG_TICKS)
		want = TG_LONG_TICKS;
	/* an instruction counter has nothing to average out */
	if (!tg_reduce(&s, step, &r) && !(r.imul == 1.0 && r.add == 1.0)) {
		ticks = tg_low_ticks(s.ticks[0], s.n[0], step) -
			tg_low_ticks(s.ticks[1], s.n[1], step);
		while (q->loops < TG_PILOT_LOOPS && ticks * q->loops < want)
			q->loops *= 2;
	}
	if (!q->samples)
		q->samples = fit_samples(&s, q->loops, most, step);
	tg_samples_free(&s);
	return TG_OK;
}

static void one(size_t n, struct tg_request *q, uint32_t most)
{
	struct tg_samples s;
	struct tg_reading r;
	char why[256] = "";
	enum tg_status st = TG_OK;

	printf("begin %zu\n", n);
	fflush(stdout);
	if (!q->loops)
		st = pilot(q, most, why, sizeof(why));
	if (st == TG_OK)
		st = measure(q, &s, why, sizeof(why));
	if (st == TG_OK && tg_reduce(&s, q->step, &r)) {
		tg_samples_free(&s);
		snprintf(why, sizeof(why), "samples are missing");
		st = TG_FAILED;
	}
	if (st != TG_OK) {
		printf("%s %zu %s\n", tg_status_names[st], n, why);
	} else {
		printf("ok %zu %u %u %.17g %.17g %.17g %.17g %.17g %.17g %ld %ld %ld\n", n, q->loops,
		       q->samples, r.value, r.median, r.imul, r.add, r.canary, r.bracket, r.kept,
		       r.discarded, r.beside);
		tg_samples_free(&s);
	}
	fflush(stdout);
}

/*
 * The probe of the core's state: see tg_core_state(). One FXRSTOR of what the
 * registers hold, as fpu/fxrstor:unmodified measures it, some 2 ms; 0 where that fails.
 */
static void probe(const struct tg_request *like, int at)
{
	struct tg_request q = *like;
	struct tg_reading r = { .value = 0, .imul = 1 };
	struct tg_samples s;
	char why[256];

	q.loops = 1;
	q.samples = TG_PROBE_SAMPLES;
	if (q.canary && !tg_point_parse("fpu/fxrstor:unmodified@r3", &q.point, why, sizeof(why)) &&
	    tg_ring3_measure(&q, &s, why, sizeof(why)) == TG_OK) {
		if (tg_reduce(&s, q.step, &r))
			r.value = 0;
		tg_samples_free(&s);
	}
	printf("state %d %.17g\n", at, r.value * TG_IMUL_CYCLES / r.imul);
	fflush(stdout);
}

int tg_cmd_round(int argc, char **argv)
{
	struct tg_request q = { .cpu = -1 };
	char line[TG_NAME_MAX + 64], name[TG_NAME_MAX], err[256];
	double known;
	size_t n;
	int rc;

	if (argc != 6)
		return TG_EXIT_INPUT;
	q.cpu = atoi(argv[1]);
	q.quiet = *argv[3] ? argv[3] : NULL;
	rc = tg_pin(q.cpu);
	if (rc) {
		fprintf(stderr, "tollgate: cannot move to CPU %d: %s\n", q.cpu, strerror(-rc));
		return TG_EXIT_REFUSED;
	}
	if (!tg_ring3_usable(err, sizeof(err))) {
		fprintf(stderr, "tollgate: %s\n", err);
		return TG_EXIT_NOTHING;
	}
	q.step = tg_ring3_tsc_step();
	known = atof(argv[4]);	/* below 0: no canary */
	q.canary = known < 0 ? 0 : tg_canary_level(q.step);
	q.hurry = atoi(argv[5]);
	if (known > 0 && known < q.canary)
		q.canary = known;
	printf("step %llu %d %.17g %s\n", (unsigned long long)q.step, tg_ring3_witness(),
	       q.canary, tg_core_type());
	probe(&q, 0);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%zu %u %u %127s", &n, &q.loops, &q.samples, name) != 4 ||
		    tg_point_parse(name, &q.point, err, sizeof(err)))
			return TG_EXIT_INPUT;
		one(n, &q, strtoul(argv[2], NULL, 10));
	}
	probe(&q, 1);
	return TG_EXIT_OK;
}
