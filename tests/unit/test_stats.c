/* SPDX-License-Identifier: GPL-2.0 */
/* bench/stats.c against stats_reference.py and against simulated clocks. */
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

#include "stats.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

struct quantile_case {
	const double *v;
	size_t n;
	double q, expected;
};

struct estimate_case {
	const double *v;
	size_t n;
	double value, error;
};

struct ticks_case {
	const uint64_t *t;
	size_t n;
	uint64_t step;
	double low, mid;
};

#include "stats_expected.h"

/* Equal but for the order of additions. */
static void assert_near(double got, double expected)
{
	double allowed = 1e-12 * fmax(1, fabs(expected));

	if (!(fabs(got - expected) <= allowed))
		fail_msg("%.17g is not %.17g", got, expected);
}

static void quantiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(quantile_cases); i++) {
		const struct quantile_case *c = &quantile_cases[i];

		assert_near(tg_quantile(c->v, c->n, c->q), c->expected);
	}
}

static void quantile_limits(void **state)
{
	static const double v[] = { 3, 1, 2 }, one[] = { 7.5 }, with_nan[] = { 1, NAN, 2 };
	static const double sorted[] = { 1, 2, 3 };

	(void)state;
	assert_true(tg_quantile(v, 3, 0) == 1);
	assert_true(tg_quantile(v, 3, 1) == 3);
	assert_true(v[0] == 3 && v[1] == 1 && v[2] == 2);
	assert_true(tg_quantile(one, 1, 0.3) == 7.5);
	assert_true(tg_quantile_sorted(sorted, 3, 0.75) == 2.5);
	assert_true(isnan(tg_quantile(v, 0, 0.5)));
	assert_true(isnan(tg_quantile(NULL, 0, 0.5)));
	assert_true(isnan(tg_quantile(v, 3, -0.01)));
	assert_true(isnan(tg_quantile(v, 3, 1.01)));
	assert_true(isnan(tg_quantile(v, 3, NAN)));
	assert_true(isnan(tg_quantile(with_nan, 3, 0.5)));
}

static void estimates(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(estimate_cases); i++) {
		const struct estimate_case *c = &estimate_cases[i];
		struct tg_estimate e = tg_estimate_rounds(c->v, c->n);

		assert_near(e.value, c->value);
		assert_near(e.error, c->error);
	}
}

static void estimate_limits(void **state)
{
	static const double v[] = { 4, 9, 1, 6, 2 }, turned[] = { 2, 6, 1, 9, 4 };
	struct tg_estimate e, other;

	(void)state;
	e = tg_estimate_rounds(v, 0);
	assert_true(isnan(e.value) && isnan(e.error));
	e = tg_estimate_rounds(v, 1);
	assert_true(e.value == 4 && isnan(e.error));
	/* 1, 2, 4 */
	assert_near(tg_estimate_rounds(v, 5).value, 7 / 3.0);
	assert_near(tg_lower_mean(v, 4), 2.5);
	assert_true(isnan(tg_lower_mean(v, 0)));
	e = tg_estimate_rounds(v, 5);
	other = tg_estimate_rounds(turned, 5);
	assert_true(e.value == other.value && e.error == other.error && e.error > 0);
}

/*
 * The interval must hold what it says: of rounds drawn from one distribution,
 * about 95 % of intervals hold its lower mean. The percentile bootstrap is
 * a little short at n = 20, so the band is wide.
 */
static void interval_coverage(void **state)
{
	uint64_t seed = 99;
	int held = 0, runs = 400;
	double rounds[20];

	(void)state;
	for (int i = 0; i < runs; i++) {
		for (size_t k = 0; k < NR(rounds); k++)
			rounds[k] = (double)(tg_random(&seed) >> 11) * 0x1p-53;
		struct tg_estimate e = tg_estimate_rounds(rounds, NR(rounds));

		held += fabs(e.value - 0.25) <= e.error;	/* the lower half's mean too */
	}
	if (held < runs * 85 / 100 || held > runs * 99 / 100)
		fail_msg("%d of %d intervals hold the true value", held, runs);
}

/* What a clock with steps reads of a duration begun at a random phase. */
static double on_clock(double ticks, double step, uint64_t *seed)
{
	return step * floor(ticks / step + tg_random_below(seed, 1 << 20) * 0x1p-20);
}

/*
 * A duration of any length on a clock with steps, begun at random phases, with
 * a jitter of its own and one in five far too long: the mean of the middle finds
 * it, where the median of the same differences is off by up to half a step.
 */
static void middle_is_free_of_steps(void **state)
{
	enum { N = 4000 };
	static const uint64_t steps[] = { 1, 2, 26 };
	uint64_t seed = 5;
	double d[N], worst_median = 0;

	(void)state;
	for (size_t s = 0; s < NR(steps); s++) {
		for (int n = 0; n < 26; n++) {
			double step = (double)steps[s], truth = 1000 + n * step / 26, off;

			for (int i = 0; i < N; i++) {
				double hi = truth + 500;

				if (tg_random_below(&seed, 5) == 0)
					hi += 50 * step + tg_random_below(&seed, 3000);
				d[i] = on_clock(hi, step, &seed) - on_clock(500, step, &seed);
			}
			off = fabs(tg_middle(d, N, steps[s]) - truth);
			/* five standard deviations of two roundings */
			if (off > 5 * step * 0.71 / sqrt(N * 0.8))
				fail_msg("%g off of %g, step %g", off, truth, step);
			truth = fabs(tg_quantile(d, N, 0.5) - truth) / step;
			worst_median = fmax(worst_median, truth);
		}
	}
	assert_true(worst_median > 0.3);
}

/* A neighbour slows 55 % of the samples by 5 to 18 %: the others are the middle. */
static void middle_beside_a_neighbour(void **state)
{
	enum { N = 400 };
	uint64_t seed = 6;
	double d[N];

	(void)state;
	for (int n = 0; n < 50; n++) {
		for (int i = 0; i < N; i++) {
			double hi = 40000 + 0.01 * tg_random_below(&seed, 20000);

			if (tg_random_below(&seed, 100) < 55)
				hi *= 1.05 + 0.13e-3 * tg_random_below(&seed, 1000);
			d[i] = on_clock(hi, 26, &seed) - on_clock(500, 26, &seed);
		}
		if (fabs(tg_middle(d, N, 26) - 39600) > 0.005 * 39600)
			fail_msg("%g", tg_middle(d, N, 26));
	}
}

static void middle_limits(void **state)
{
	static const double one[] = { 7 }, few[] = { 10, 12, 11, 500, -400 }, bad[] = { 1, NAN };
	/* two modes alike: the lower, and nothing between them */
	static const double two[] = { 1000, 0, 1000, 0, 1000, 0 };

	(void)state;
	assert_true(tg_middle(one, 1, 26) == 7);
	assert_true(tg_middle(few, 5, 1) == 11);
	assert_true(tg_middle(two, 6, 26) == 0);
	assert_true(isnan(tg_middle(one, 0, 1)));
	assert_true(isnan(tg_middle(bad, 2, 1)));
}

static void ticks(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(ticks_cases); i++) {
		const struct ticks_case *c = &ticks_cases[i];

		assert_near(tg_low_ticks(c->t, c->n, c->step), c->low);
		assert_near(tg_mid_ticks(c->t, c->n, c->step), c->mid);
	}
	assert_true(isnan(tg_low_ticks(NULL, 0, 1)));
	assert_true(isnan(tg_mid_ticks(NULL, 0, 1)));
}

/*
 * Readings of a clock that moves in steps of `step` ticks, of a duration of
 * `steps` steps that starts at a random phase; a share of samples is disturbed
 * and reads far above.
 */
static void simulate(uint64_t *t, size_t n, double step, double steps, double disturbed,
		     uint64_t *seed)
{
	for (size_t i = 0; i < n; i++) {
		double phase = (double)(tg_random(seed) >> 11) * 0x1p-53;
		/* A run of the clock long before: with a fractional step readings then vary. */
		double start = floor(1000 * (double)(tg_random(seed) >> 11) * 0x1p-53);
		double first = floor(start * step);
		double last = floor((start + floor(phase + steps)) * step);

		t[i] = (uint64_t)(last - first);
		if ((double)(tg_random(seed) >> 11) * 0x1p-53 < disturbed)
			t[i] += (uint64_t)(step * (100 + (double)tg_random_below(seed, 5000)));
	}
}

typedef double (*ticks_fn)(const uint64_t *t, size_t n, uint64_t step);

static void recover(ticks_fn estimate, const char *what, double step, double disturbed, bool low)
{
	static const double fractions[] = { 0, 0.03, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.93,
					    0.95, 0.96, 0.97, 0.98, 0.99 };
	enum { SAMPLES = 1000, REPEATS = 20 };
	uint64_t t[SAMPLES], seed = 12345;

	for (size_t i = 0; i < NR(fractions); i++) {
		double truth = 58 + fractions[i], bias = 0;

		for (int k = 0; k < REPEATS; k++) {
			double off;

			simulate(t, SAMPLES, step, truth, disturbed, &seed);
			off = estimate(t, SAMPLES, (uint64_t)step) / step - truth;
			if (fabs(off) > 0.1)
				fail_msg("%s: step %g, f %g: off by %g steps", what, step,
					 fractions[i], off);
			bias += off / REPEATS;
		}
		/* Sampling leaves 0.016 / sqrt(20) steps; p5 = k+1 at most 0.05. */
		if (fabs(bias) > (low && fractions[i] > 0.9 ? 0.06 : 0.015))
			fail_msg("%s: step %g, f %g: biased by %g steps", what, step, fractions[i],
				 bias);
	}
}

static void clock_steps(void **state)
{
	static const double steps[] = { 1, 2, 26, 36, 24.5 };

	(void)state;
	for (size_t i = 0; i < NR(steps); i++) {
		recover(tg_low_ticks, "low", steps[i], 0, true);
		recover(tg_mid_ticks, "mid", steps[i], 0, false);
		recover(tg_low_ticks, "low, disturbed", steps[i], 0.1, true);
		recover(tg_mid_ticks, "mid, disturbed", steps[i], 0.1, false);
	}
}

static void generator(void **state)
{
	uint64_t seed = TG_BOOTSTRAP_SEED;
	size_t order[32];

	(void)state;
	for (size_t i = 0; i < NR(random_values); i++)
		assert_true(tg_random(&seed) == random_values[i]);
	for (size_t i = 0; i < NR(order); i++)
		order[i] = i;
	seed = 1;
	tg_shuffle(order, NR(order), &seed);
	assert_memory_equal(order, shuffled, sizeof(order));
	tg_shuffle(order, 1, &seed);
	tg_shuffle(order, 0, &seed);
	assert_memory_equal(order, shuffled, sizeof(order));
}

/* Every place gets every index about equally often: 5 sigma of 6000 / 6. */
static void shuffle_is_fair(void **state)
{
	int hits[6][6] = { { 0 } };
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 6000; i++) {
		size_t order[6] = { 0, 1, 2, 3, 4, 5 };

		tg_shuffle(order, 6, &seed);
		for (size_t k = 0; k < 6; k++)
			hits[k][order[k]]++;
	}
	for (size_t k = 0; k < 36; k++)
		assert_in_range(hits[k / 6][k % 6], 1000 - 145, 1000 + 145);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles),
		cmocka_unit_test(quantile_limits),
		cmocka_unit_test(estimates),
		cmocka_unit_test(estimate_limits),
		cmocka_unit_test(interval_coverage),
		cmocka_unit_test(middle_is_free_of_steps),
		cmocka_unit_test(middle_beside_a_neighbour),
		cmocka_unit_test(middle_limits),
		cmocka_unit_test(ticks),
		cmocka_unit_test(clock_steps),
		cmocka_unit_test(generator),
		cmocka_unit_test(shuffle_is_fair),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("stats", tests, NULL, NULL) ? 1 : 0;
}
