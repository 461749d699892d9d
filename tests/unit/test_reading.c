/* SPDX-License-Identifier: GPL-2.0 */
/* bench/reading.c on samples and readings made from a known truth. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reading.h"
#include "stats.h"

/* sample.h names the roles but brings the engine along; define what it asks for. */
typedef int tg_mark_t;
static inline void tg_mark(tg_mark_t *m) { *m = 0; }
static inline bool tg_broken(const tg_mark_t *m) { return *m; }
#include <tollgate/sample.h>

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static void assert_within(const char *what, double got, double expected, double allowed)
{
	if (!(fabs(got - expected) <= allowed))
		fail_msg("%s: %.9g is not %.9g +- %.3g", what, got, expected, allowed);
}

static double uniform(uint64_t *seed)
{
	return (double)(tg_random(seed) >> 11) * 0x1p-53;
}

/*
 * What each sequence takes, in ticks. One copy of the body takes body ticks;
 * the bracket and what stands around the copies take around.
 */
struct truth {
	double body, prep, imul, add, around, first_new, first_old;
	bool rearm, fenced, pair;
	uint32_t loops, block, lo;
};

#define CAL_LOOPS	32
#define CAL_BLOCK	64
#define SAMPLES		1000
#define FIRST_SAMPLES	16000

/* A duration seen by a clock with steps, begun at a random phase; 1 in 8 is disturbed. */
static void fill(struct tg_samples *s, int role, size_t n, double ticks, uint64_t step,
		 uint64_t *seed)
{
	s->ticks[role] = calloc(n, sizeof(uint64_t));
	assert_non_null(s->ticks[role]);
	s->n[role] = n;
	for (size_t i = 0; i < n; i++) {
		double late = tg_random_below(seed, 8) ? 0 : 40 * step + 4000 * uniform(seed);

		s->ticks[role][i] = step * (uint64_t)floor((ticks + late) / step + uniform(seed));
	}
}

static void make(struct tg_samples *s, const struct truth *t, uint64_t step, uint64_t *seed)
{
	double body = t->body + (t->rearm ? t->prep : 0);
	double prep = t->prep + (t->fenced ? t->imul : 0);
	double cal = CAL_LOOPS;
	uint32_t lo = t->lo, hi = t->lo + t->block;

	memset(s, 0, sizeof(*s));
	s->copies = t->loops * t->block;
	s->cal_copies = CAL_LOOPS * CAL_BLOCK;
	s->fenced = t->fenced;
	s->discarded = 7;
	fill(s, TG_HI, SAMPLES, t->around + t->loops * hi * body, step, seed);
	fill(s, TG_LO, SAMPLES, t->around + t->loops * lo * body, step, seed);
	if (t->rearm) {
		fill(s, TG_PREP_HI, SAMPLES, t->around + t->loops * hi * prep, step, seed);
		fill(s, TG_PREP_LO, SAMPLES, t->around + t->loops * lo * prep, step, seed);
	}
	if (t->pair) {
		fill(s, TG_FIRST_NEW, FIRST_SAMPLES, t->around + t->first_new, step, seed);
		fill(s, TG_FIRST_OLD, FIRST_SAMPLES, t->around + t->first_old, step, seed);
	}
	fill(s, TG_IMUL_HI, SAMPLES / 8, t->around + cal * 96 * t->imul, step, seed);
	fill(s, TG_IMUL_LO, SAMPLES / 8, t->around + cal * 32 * t->imul, step, seed);
	fill(s, TG_ADD_HI, SAMPLES / 8, t->around + cal * 96 * t->add, step, seed);
	fill(s, TG_ADD_LO, SAMPLES / 8, t->around + cal * 32 * t->add, step, seed);
	fill(s, TG_CANARY_HI, SAMPLES / 8, t->around + cal * 96 * t->add, step, seed);
	fill(s, TG_CANARY_LO, SAMPLES / 8, t->around + cal * 32 * t->add, step, seed);
	fill(s, TG_EMPTY, SAMPLES / 8, t->around, step, seed);
}

static void unmake(struct tg_samples *s)
{
	for (int r = 0; r < TG_NR_ROLES; r++)
		free(s->ticks[r]);
}

/*
 * How far a mean of n readings may lie off: five standard deviations of the
 * rounding to a step, of which the kept ones are about 7 in 8, and of p5 the
 * bias that stats.h owns up to, 0.05 step.
 */
static double blur(size_t n, uint64_t step, double copies)
{
	return step * (0.05 + 5 * 0.5 / sqrt(n * 7 / 8.0)) / copies;
}

static const uint64_t steps[] = { 1, 2, 26 };

static struct truth random_truth(uint64_t *seed, uint32_t block)
{
	struct truth t = {
		.body = 1 + 120 * uniform(seed), .prep = 50 + 200 * uniform(seed),
		.imul = 2 + 2 * uniform(seed), .around = 60 + 40 * uniform(seed),
		.first_old = 100 + 50 * uniform(seed),
		.loops = 1 << tg_random_below(seed, 6), .block = block, .lo = block == 64 ? 32 : 2,
	};

	t.add = t.imul / 3;
	/* new may be cheaper or dearer than old */
	t.first_new = t.first_old + 80 * (uniform(seed) - 0.5);
	return t;
}

static void check_truth(const struct truth *t, uint64_t step, uint64_t *seed)
{
	double copies = t->loops * t->block, cal = CAL_LOOPS * CAL_BLOCK, want = t->body;
	double off = 2 * blur(SAMPLES, step, copies), off_cal = 2 * blur(SAMPLES / 8, step, cal);
	struct tg_samples s;
	struct tg_reading r;

	if (t->rearm)
		off += 2 * blur(SAMPLES, step, copies);
	if (t->fenced)
		off += off_cal;
	if (t->pair) {
		off += 2 * blur(FIRST_SAMPLES, step, 1);
		want += t->first_new - t->first_old;
	}
	make(&s, t, step, seed);
	memset(&r, 0xff, sizeof(r));
	assert_int_equal(tg_reduce(&s, step, &r), 0);
	assert_within("p5", r.p5, want, off);
	assert_within("median", r.median, want, off);
	assert_within("imul", r.imul, t->imul, off_cal);
	assert_within("add", r.add, t->add, off_cal);
	assert_within("canary", r.canary, t->add / 4, off_cal / 4);
	assert_within("bracket", r.bracket, t->around, blur(SAMPLES / 8, step, 1));
	assert_int_equal(r.kept, SAMPLES);
	assert_int_equal(r.discarded, 7);
	unmake(&s);
}

static void check_truths(bool rearm, bool fenced, bool pair, uint32_t block)
{
	uint64_t seed = 20260101;

	for (size_t i = 0; i < NR(steps); i++) {
		for (int n = 0; n < 12; n++) {
			struct truth t = random_truth(&seed, block);

			t.rearm = rearm;
			t.fenced = fenced;
			t.pair = pair;
			check_truth(&t, steps[i], &seed);
		}
	}
}

static void slope(void **state) { (void)state; check_truths(false, false, false, 64); }
static void rearm(void **state) { (void)state; check_truths(true, false, false, 8); }
static void fenced_rearm(void **state) { (void)state; check_truths(true, true, false, 8); }
static void pair(void **state) { (void)state; check_truths(false, false, true, 64); }

/* Exact samples give the exact figure, also one below zero: nothing is clamped. */
static void exact_samples(void **state)
{
	static const uint64_t ticks[TG_NR_ROLES] = {
		[TG_HI] = 1000, [TG_LO] = 360, [TG_PREP_HI] = 1640, [TG_PREP_LO] = 360,
		[TG_FIRST_NEW] = 90, [TG_FIRST_OLD] = 97, [TG_IMUL_HI] = 6244, [TG_IMUL_LO] = 100,
		[TG_ADD_HI] = 2148, [TG_ADD_LO] = 100, [TG_CANARY_HI] = 2148,
		[TG_CANARY_LO] = 100, [TG_EMPTY] = 36,
	};
	struct tg_samples s = { .copies = 64, .cal_copies = 2048, .fenced = true };
	struct tg_reading r;

	(void)state;
	for (int i = 0; i < TG_NR_ROLES; i++) {
		s.ticks[i] = (uint64_t *)&ticks[i];
		s.n[i] = 1;
	}
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	/* 10 - 20 + 3 + (90 - 97) */
	assert_true(r.p5 == -14 && r.median == -14);
	assert_true(r.imul == 3 && r.add == 1 && r.canary == 0.25 && r.bracket == 36);
	s.fenced = false;
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	assert_true(r.p5 == -17);
	s.ticks[TG_FIRST_NEW] = s.ticks[TG_FIRST_OLD] = NULL;
	s.n[TG_FIRST_NEW] = s.n[TG_FIRST_OLD] = 0;
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	assert_true(r.p5 == -10);
	s.ticks[TG_PREP_HI] = s.ticks[TG_PREP_LO] = NULL;
	s.n[TG_PREP_HI] = s.n[TG_PREP_LO] = 0;
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	assert_true(r.p5 == 10);
}

/* The median shows what p5 does not: most samples slower. */
static void median_is_the_middle(void **state)
{
	uint64_t hi[100], one = 100;
	struct tg_samples s = { .copies = 1, .cal_copies = 1 };
	struct tg_reading r;

	(void)state;
	for (size_t i = 0; i < NR(hi); i++)
		hi[i] = i < 20 ? 200 : 300;
	for (int i = 0; i < TG_NR_ROLES; i++) {
		if (i >= TG_PREP_HI && i <= TG_FIRST_OLD)
			continue;
		s.ticks[i] = &one;
		s.n[i] = 1;
	}
	s.ticks[TG_HI] = hi;
	s.n[TG_HI] = NR(hi);
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	assert_true(r.p5 == 100 && r.median == 200);
	assert_int_equal(r.kept, NR(hi));
}

static void missing_series(void **state)
{
	uint64_t seed = 5;
	struct truth t = random_truth(&seed, 8);
	struct tg_samples s;
	struct tg_reading r;

	(void)state;
	t.rearm = t.fenced = t.pair = true;
	make(&s, &t, 2, &seed);
	assert_int_equal(tg_reduce(&s, 2, &r), 0);
	for (int role = 0; role < TG_NR_ROLES; role++) {
		/* what only shows how the machine was is not needed */
		bool needed = role < TG_CANARY_HI;
		size_t n = s.n[role];

		s.n[role] = 0;
		assert_int_equal(tg_reduce(&s, 2, &r), needed ? -1 : 0);
		assert_true(isnan(r.canary) == (role == TG_CANARY_HI || role == TG_CANARY_LO));
		assert_true(isnan(r.bracket) == (role == TG_EMPTY));
		s.n[role] = n;
	}
	unmake(&s);
	memset(&s, 0, sizeof(s));
	s.copies = s.cal_copies = 1;
	assert_int_equal(tg_reduce(&s, 1, &r), -1);
}

/* Readings of a machine with so many core cycles a tick, each 0.1 % off at most. */
static void steady(struct tg_reading *r, size_t n, double rate, double imul_cycles,
		   uint64_t *seed)
{
	for (size_t i = 0; i < n; i++) {
		double jitter = 1 + 0.001 * (2 * uniform(seed) - 1);

		r[i] = (struct tg_reading){
			.p5 = 100 / rate, .median = 104 / rate, .imul = imul_cycles / rate * jitter,
			.add = 1 / rate * jitter, .canary = 0.25 / rate, .bracket = 36 + i,
			.kept = 1000, .discarded = i,
		};
	}
}

#define ROUNDS 20

static void calibrates_cycles(void **state)
{
	static const double rates[] = { 0.4, 1, 1.3, 2.7 };
	struct tg_calibration cal = { .note = NULL };
	uint64_t seed = 11;

	(void)state;
	for (size_t i = 0; i < NR(rates); i++) {
		struct tg_reading r[ROUNDS];
		double rate[ROUNDS], imul[ROUNDS];

		steady(r, ROUNDS, rates[i], 3, &seed);
		for (int k = 0; k < ROUNDS; k++) {
			imul[k] = r[k].imul;
			rate[k] = 3 / r[k].imul;
		}
		tg_calibrate(r, ROUNDS, 26, &cal);
		assert_int_equal(cal.unit, TG_UNIT_CYCLES);
		assert_int_equal(cal.tsc_step, 26);
		assert_within("rate", cal.cycles_per_tick, rates[i], 0.001 * rates[i]);
		assert_true(cal.cycles_per_tick == tg_quantile(rate, ROUNDS, 0.5));
		assert_within("error", cal.error, (tg_quantile(rate, ROUNDS, 0.75) -
						   tg_quantile(rate, ROUNDS, 0.25)) / 2, 1e-15);
		assert_true(cal.error > 0);
		assert_true(cal.imul == tg_quantile(imul, ROUNDS, 0.5));
		assert_within("add", cal.add, 1 / rates[i], 0.001 / rates[i]);
		assert_within("canary", cal.canary, 0.25 / rates[i], 1e-12);
		assert_within("bracket", cal.bracket, 36 + (ROUNDS - 1) / 2.0, 1e-12);
		assert_non_null(strstr(cal.note, "agrees within 0.00 %"));
		assert_non_null(strstr(cal.note, "beside 0 of 20 batches"));
	}
	free(cal.note);
}

/* Chains that do not tell the clock: figures stay in ticks and the note says why. */
static void refused(const struct tg_reading *r, size_t n, const char *note)
{
	struct tg_calibration cal = { .note = NULL };

	tg_calibrate(r, n, 2, &cal);
	assert_int_equal(cal.unit, TG_UNIT_TSC);
	assert_true(isnan(cal.cycles_per_tick) && isnan(cal.error));
	assert_int_equal(cal.tsc_step, 2);
	if (!strstr(cal.note, note) || strchr(cal.note, '\n'))
		fail_msg("no \"%s\" in \"%s\"", note, cal.note);
	free(cal.note);
}

static void refuses_other_chains(void **state)
{
	struct tg_reading r[ROUNDS];
	uint64_t seed = 12;

	(void)state;
	steady(r, ROUNDS, 1.3, 4, &seed);
	refused(r, ROUNDS, "refused: IMUL takes 4.000 times an ADD, not 3");
	steady(r, ROUNDS, 1.3, 2, &seed);
	refused(r, ROUNDS, "refused: IMUL takes 2.000 times an ADD, not 3");
	/* just outside of the tolerance, on either side; and one round alone */
	steady(r, ROUNDS, 1.3, 3.05, &seed);
	refused(r, ROUNDS, "refused: IMUL takes 3.050 times an ADD, not 3");
	steady(r, ROUNDS, 1.3, 2.96, &seed);
	refused(r, ROUNDS, "refused: IMUL takes 2.960 times an ADD, not 3");
	steady(r, 1, 1.3, 4, &seed);
	refused(r, 1, "refused: IMUL takes 4.000 times an ADD, not 3");
	/* a reading without a number says nothing about the clock */
	steady(r, ROUNDS, 1.3, 3, &seed);
	r[7].imul = NAN;
	refused(r, ROUNDS, "refused: ");
	steady(r, ROUNDS, 1.3, 3, &seed);
	r[7].imul = r[7].add = 0;
	refused(r, ROUNDS, "refused: ");
}

static void instruction_counter(void **state)
{
	struct tg_calibration cal = { .note = NULL };
	struct tg_reading r[ROUNDS];

	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		r[i] = (struct tg_reading){ .imul = 1, .add = 1, .canary = 1, .bracket = 3 };
	tg_calibrate(r, ROUNDS, 1, &cal);
	assert_int_equal(cal.unit, TG_UNIT_INSNS);
	assert_true(isnan(cal.cycles_per_tick) && isnan(cal.error));
	assert_true(cal.imul == 1 && cal.add == 1 && cal.canary == 1 && cal.bracket == 3);
	assert_non_null(strstr(cal.note, "instruction counter"));
	free(cal.note);
	tg_calibrate(r, 1, 1, (cal.note = NULL, &cal));
	assert_int_equal(cal.unit, TG_UNIT_INSNS);
	free(cal.note);
	/* exact in every round, or it is none */
	r[3].imul += 1e-9;
	refused(r, ROUNDS, "refused: IMUL takes 1.000 times an ADD, not 3");
	r[3].imul = 1;
	r[19].add = 1.0 - 1e-9;
	refused(r, ROUNDS, "refused: IMUL takes 1.000 times an ADD, not 3");
}

/* A busy sibling slows the ADDs of some batches, not the IMULs. */
static void busy_sibling(void **state)
{
	static const size_t busy[] = { 0, 1, 5, 8, 10, 14 };
	struct tg_calibration cal = { .note = NULL };
	struct tg_reading r[ROUNDS];
	uint64_t seed = 13;
	char text[64];
	size_t order[ROUNDS];

	(void)state;
	for (size_t i = 0; i < ROUNDS; i++)
		order[i] = i;
	for (size_t b = 0; b < NR(busy); b++) {
		steady(r, ROUNDS, 1.3, 3, &seed);
		tg_shuffle(order, ROUNDS, &seed);
		for (size_t i = 0; i < busy[b]; i++) {
			r[order[i]].add *= 1.2 + uniform(&seed);
			r[order[i]].canary *= 2;
		}
		tg_calibrate(r, ROUNDS, 1, &cal);
		assert_int_equal(cal.unit, TG_UNIT_CYCLES);
		assert_within("rate", cal.cycles_per_tick, 1.3, 0.0014);
		snprintf(text, sizeof(text), "beside %zu of 20 batches", busy[b]);
		assert_non_null(strstr(cal.note, text));
	}
	free(cal.note);
	steady(r, ROUNDS, 1.3, 3, &seed);
	for (size_t i = 0; i < ROUNDS; i++)
		r[i].add *= 1.5;
	refused(r, ROUNDS, "refused: IMUL takes 2.000 times an ADD, not 3");
	for (size_t i = 0; i < 4; i++)
		r[i].add /= 1.5;
	refused(r, ROUNDS, "refused: ");
}

static void nothing_to_calibrate(void **state)
{
	struct tg_calibration cal = { .note = strdup("from before") };

	(void)state;
	tg_calibrate(NULL, 0, 26, &cal);
	assert_int_equal(cal.unit, TG_UNIT_TSC);
	assert_int_equal(cal.tsc_step, 26);
	assert_true(isnan(cal.cycles_per_tick) && isnan(cal.error) && isnan(cal.imul) &&
		    isnan(cal.add) && isnan(cal.canary) && isnan(cal.bracket));
	assert_string_equal(cal.note, "nothing ran, so nothing was calibrated");
	free(cal.note);
}

#define TSC_MHZ 2500.0

static struct tg_figure filled(const struct tg_reading *r, size_t n, enum tg_unit unit)
{
	struct tg_figure f = { .value = 12345, .error = 12345, .ns = 12345 };
	int boots[64];

	assert_in_range(n, 0, NR(boots));
	for (size_t i = 0; i < n; i++)
		boots[i] = i % 3;
	assert_int_equal(tg_fill_figure(&f, r, boots, n, unit, TSC_MHZ), 0);
	return f;
}

static void unfill(struct tg_figure *f)
{
	free(f->rounds);
	free(f->reason);
}

/* Half of the rounds ran at 1.2, half at 2.4 cycles a tick: the same cycles. */
static void figure_in_cycles(void **state)
{
	struct tg_reading r[ROUNDS];
	double p5[ROUNDS], ticks[ROUNDS];
	struct tg_estimate e;
	struct tg_figure f;
	uint64_t seed = 21;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		double rate = i % 2 ? 1.2 : 2.4;

		p5[i] = 80 + uniform(&seed);
		r[i] = (struct tg_reading){
			.p5 = ticks[i] = p5[i] / rate, .median = (p5[i] + 5) / rate,
			.imul = 3 / rate, .add = 1 / rate, .kept = 1000 + i, .discarded = i,
		};
	}
	f = filled(r, ROUNDS, TG_UNIT_CYCLES);
	e = tg_estimate_rounds(p5, ROUNDS);
	assert_int_equal(f.unit, TG_UNIT_CYCLES);
	assert_int_equal(f.nr_rounds, ROUNDS);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(f.rounds[i].boot, i % 3);
		assert_within("p5", f.rounds[i].p5, p5[i], 1e-10);
		assert_within("median", f.rounds[i].median, p5[i] + 5, 1e-10);
	}
	assert_within("value", f.value, e.value, 1e-10);
	assert_within("error", f.error, e.error, 1e-10);
	/* time is what the clock said */
	assert_within("ns", f.ns, tg_quantile(ticks, ROUNDS, 0.25) / (TSC_MHZ / 1000), 1e-10);
	assert_int_equal(f.samples, 20 * 1000 + 190);
	assert_int_equal(f.discarded, 190);
	assert_int_equal(f.status, TG_OK);
	assert_false(f.quick);
	assert_null(f.reason);
	unfill(&f);
	/* in ticks the chains have no say */
	f = filled(r, ROUNDS, TG_UNIT_TSC);
	e = tg_estimate_rounds(ticks, ROUNDS);
	assert_int_equal(f.unit, TG_UNIT_TSC);
	assert_true(f.value == e.value && f.error == e.error);
	assert_within("ns", f.ns, f.value * 1000 / TSC_MHZ, 1e-10);
	assert_true(f.rounds[3].p5 == r[3].p5 && f.rounds[3].median == r[3].median);
	unfill(&f);
}

static void figure_in_insns(void **state)
{
	struct tg_reading r[3];
	struct tg_figure f;

	(void)state;
	for (size_t i = 0; i < NR(r); i++)
		r[i] = (struct tg_reading){ .p5 = 17, .median = 17, .imul = 1, .add = 1,
					    .kept = 10 };
	f = filled(r, NR(r), TG_UNIT_INSNS);
	assert_int_equal(f.unit, TG_UNIT_INSNS);
	assert_true(f.value == 17 && f.error == 0 && isnan(f.ns));
	assert_false(f.quick);
	assert_int_equal(f.status, TG_OK);
	unfill(&f);
	f = filled(r, 1, TG_UNIT_INSNS);
	assert_true(f.value == 17 && isnan(f.error) && isnan(f.ns));
	assert_false(f.quick);
	assert_int_equal(f.status, TG_OK);
	unfill(&f);
}

static void quick_figures(void **state)
{
	struct tg_reading r[64];
	uint64_t seed = 22;

	(void)state;
	steady(r, NR(r), 1.3, 3, &seed);
	for (size_t n = 1; n <= NR(r); n++) {
		struct tg_figure f = filled(r, n, TG_UNIT_CYCLES);

		assert_int_equal(f.quick, n < TG_FULL_ROUNDS);
		/* one round does not know its error: the figure stands, without */
		assert_int_equal(isnan(f.error), n == 1);
		assert_int_equal(f.status, TG_OK);
		unfill(&f);
		f = filled(r, n, TG_UNIT_TSC);
		assert_int_equal(f.quick, n < TG_FULL_ROUNDS);
		unfill(&f);
	}
}

/* A figure below its error is not resolvable, also a negative one; never clamped. */
static void not_resolvable(void **state)
{
	static const double centres[] = { -40, -3, -0.2, 0, 0.2, 3, 40 };
	struct tg_reading r[ROUNDS];
	bool seen[2] = { false, false };
	uint64_t seed = 23;

	(void)state;
	for (size_t c = 0; c < NR(centres); c++) {
		for (int k = 0; k < 20; k++) {
			struct tg_figure f;
			bool lost;

			steady(r, ROUNDS, 1, 3, &seed);
			for (int i = 0; i < ROUNDS; i++)
				r[i].p5 = centres[c] + 4 * (uniform(&seed) - 0.25);
			f = filled(r, ROUNDS, TG_UNIT_TSC);
			lost = fabs(f.value) < f.error;
			assert_int_equal(f.status, lost ? TG_NOT_RESOLVABLE : TG_OK);
			assert_within("value", f.value, centres[c], 2);
			assert_null(f.reason);
			assert_int_equal(f.nr_rounds, ROUNDS);
			if (fabs(centres[c]) == 40)
				assert_false(lost);
			seen[lost] = true;
			unfill(&f);
		}
	}
	assert_true(seen[0] && seen[1]);
	/* nothing, and surely so: 0 +- 0 is resolved */
	steady(r, ROUNDS, 1, 3, &seed);
	for (int i = 0; i < ROUNDS; i++)
		r[i].p5 = 0;
	struct tg_figure f = filled(r, ROUNDS, TG_UNIT_TSC);

	assert_true(f.value == 0 && f.error == 0);
	assert_int_equal(f.status, TG_OK);
	unfill(&f);
}

/* No number: a figure that failed and says so, with nothing a report would refuse. */
static void assert_failed(struct tg_figure *f)
{
	assert_int_equal(f->status, TG_FAILED);
	assert_true(isnan(f->value) && isnan(f->error) && isnan(f->ns));
	assert_int_equal(f->nr_rounds, 0);
	assert_true(f->reason && *f->reason && !strchr(f->reason, '\n'));
	unfill(f);
}

static void readings_without_a_number(void **state)
{
	struct tg_reading r[ROUNDS];
	struct tg_figure f;
	uint64_t seed = 24;

	(void)state;
	for (int at = 0; at < ROUNDS; at += ROUNDS - 1) {
		steady(r, ROUNDS, 1.3, 3, &seed);
		r[at].p5 = NAN;
		for (int unit = 0; unit < TG_NR_UNITS; unit++) {
			f = filled(r, ROUNDS, unit);
			assert_failed(&f);
		}
	}
	f = filled(NULL, 0, TG_UNIT_CYCLES);
	assert_failed(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slope),
		cmocka_unit_test(rearm),
		cmocka_unit_test(fenced_rearm),
		cmocka_unit_test(pair),
		cmocka_unit_test(exact_samples),
		cmocka_unit_test(median_is_the_middle),
		cmocka_unit_test(missing_series),
		cmocka_unit_test(calibrates_cycles),
		cmocka_unit_test(refuses_other_chains),
		cmocka_unit_test(instruction_counter),
		cmocka_unit_test(busy_sibling),
		cmocka_unit_test(nothing_to_calibrate),
		cmocka_unit_test(figure_in_cycles),
		cmocka_unit_test(figure_in_insns),
		cmocka_unit_test(quick_figures),
		cmocka_unit_test(not_resolvable),
		cmocka_unit_test(readings_without_a_number),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("reading", tests, NULL, NULL) ? 1 : 0;
}
