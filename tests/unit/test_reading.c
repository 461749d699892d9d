/* SPDX-License-Identifier: GPL-2.0 */
/* tg_reduce() of bench/reading.c on samples made from a known truth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"
#include "stats.h"
#include "testing.h"

/* sample.h names the roles but brings the engine along; define what it asks for. */
typedef int tg_mark_t;
static inline void tg_mark(tg_mark_t *m) { *m = 0; }
static inline bool tg_broken(const tg_mark_t *m) { return *m; }
#include <tollgate/sample.h>

/*
 * What each sequence takes, in ticks. One copy of the body takes body ticks;
 * the bracket and what stands around the copies take around.
 */
struct truth {
	double body, prep, imul, add, around, first_new, first_old;
	bool rearm, fenced, pair, shot;
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
	if (t->shot) {
		/* one body, and one IMUL in its place */
		s->copies = 1;
		fill(s, TG_HI, FIRST_SAMPLES, t->around + t->body, step, seed);
		fill(s, TG_LO, FIRST_SAMPLES, t->around + t->imul, step, seed);
		goto beside;
	}
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
beside:
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

/* The same around the median, which has no such bias: three standard deviations. */
static double blur_shot(uint64_t step)
{
	return step * 3 * 0.5 / sqrt(FIRST_SAMPLES * 7 / 8.0);
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
	double off = t->shot ? 2 * blur_shot(step) : 2 * blur(SAMPLES, step, copies);
	double off_cal = 2 * blur(SAMPLES / 8, step, cal);
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
	assert_within("value", r.value, want, off);
	assert_within("median", r.median, want, off);
	assert_within("imul", r.imul, t->imul, off_cal);
	assert_within("add", r.add, t->add, off_cal);
	assert_within("canary", r.canary, t->add, off_cal);
	assert_within("bracket", r.bracket, t->around, blur(SAMPLES / 8, step, 1));
	assert_int_equal(r.kept, t->shot ? FIRST_SAMPLES : SAMPLES);
	assert_int_equal(r.discarded, 7);
	unmake(&s);
}

/* SHOT, at every place between two steps of the clock. */
static void shot(void **state)
{
	uint64_t seed = 20260102, step = 26;

	(void)state;
	for (int n = 0; n < 52; n++) {
		struct truth t = random_truth(&seed, 8);

		t.fenced = t.shot = true;
		t.body = 100 + n / 2.0;
		check_truth(&t, step, &seed);
	}
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
	assert_true(r.value == -14 && r.median == -14);
	assert_true(r.imul == 3 && r.add == 1 && r.canary == 1 && r.bracket == 36);
	s.fenced = false;
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	assert_true(r.value == -17);
	s.ticks[TG_FIRST_NEW] = s.ticks[TG_FIRST_OLD] = NULL;
	s.n[TG_FIRST_NEW] = s.n[TG_FIRST_OLD] = 0;
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	assert_true(r.value == -10);
	s.ticks[TG_PREP_HI] = s.ticks[TG_PREP_LO] = NULL;
	s.n[TG_PREP_HI] = s.n[TG_PREP_LO] = 0;
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	assert_true(r.value == 10);
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
	assert_true(r.value == 100 && r.median == 200);
	assert_int_equal(r.kept, NR(hi));
}

/* Of an instruction counter's samples most have what another CPU ran in them. */
static void foreign_instructions(void **state)
{
	uint64_t hi[8], lo[8], one = 100;
	struct tg_samples s = { .copies = 2048, .cal_copies = 2048 };
	struct tg_reading r;

	(void)state;
	for (size_t i = 0; i < NR(hi); i++) {
		hi[i] = 2148 + (i == 3 ? 0 : 2 + i);
		lo[i] = 100 + (i == 5 ? 0 : 7 * i + 1);
	}
	for (int i = 0; i < TG_NR_ROLES; i++) {
		if (i >= TG_PREP_HI && i <= TG_FIRST_OLD)
			continue;
		s.ticks[i] = i == TG_EMPTY ? &one : (i - TG_HI) % 2 ? lo : hi;
		s.n[i] = i == TG_EMPTY ? 1 : NR(hi);
	}
	assert_true((TG_IMUL_HI - TG_HI) % 2 == 0 && (TG_ADD_HI - TG_HI) % 2 == 0);
	assert_int_equal(tg_reduce(&s, 1, &r), 0);
	assert_true(r.imul == 1.0 && r.add == 1.0 && r.value == 1.0);
	assert_true(r.median != 1.0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slope),
		cmocka_unit_test(rearm),
		cmocka_unit_test(fenced_rearm),
		cmocka_unit_test(shot),
		cmocka_unit_test(pair),
		cmocka_unit_test(exact_samples),
		cmocka_unit_test(median_is_the_middle),
		cmocka_unit_test(foreign_instructions),
		cmocka_unit_test(missing_series),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("reading", tests, NULL, NULL) ? 1 : 0;
}
