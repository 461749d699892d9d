/* SPDX-License-Identifier: GPL-2.0 */
/* bench/significance.c against significance_reference.py, and what must hold for any sample. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "significance.h"
#include "stats.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

struct pair_case {
	const double *a, *b;
	size_t n, m;
	double p, welch, shift, low, high;
	bool interval;		/* whether the reference says anything of low and high */
};

#include "significance_expected.h"

static void assert_near(double got, double expected, double allowed)
{
	if (isnan(expected) && isnan(got))
		return;
	if (!(fabs(got - expected) <= allowed * fmax(1e-3, fabs(expected))))
		fail_msg("%.17g is not %.17g", got, expected);
}

static double uniform(uint64_t *seed)
{
	return (double)(tg_random(seed) >> 11) * 0x1p-53;
}

/* Near enough to normal: twelve uniform ones. */
static double normal(uint64_t *seed)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform(seed);
	return sum;
}

static void known_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(pair_cases); i++) {
		const struct pair_case *c = &pair_cases[i];
		struct tg_shift s = tg_shift(c->a, c->n, c->b, c->m);

		assert_near(tg_mann_whitney(c->a, c->n, c->b, c->m), c->p, 1e-9);
		assert_near(s.shift, c->shift, 1e-12);
		if (c->interval) {
			assert_near(s.low, c->low, 1e-12);
			assert_near(s.high, c->high, 1e-12);
		}
		if (!isnan(c->welch))
			assert_near(tg_welch(c->a, c->n, c->b, c->m), c->welch, 1e-7);
	}
}

/* Either order of sides and of values; a shift of b moves the estimate with it. */
static void symmetry(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 300; i++) {
		size_t n = 1 + tg_random_below(&seed, 40), m = 1 + tg_random_below(&seed, 40);
		double a[40], b[40], moved[40], p;
		struct tg_shift s, t;

		for (size_t k = 0; k < n; k++)
			a[k] = floor(uniform(&seed) * (i % 2 ? 1e9 : 12));
		for (size_t k = 0; k < m; k++)
			b[k] = floor(uniform(&seed) * (i % 2 ? 1e9 : 12));
		for (size_t k = 0; k < m; k++)
			moved[m - 1 - k] = b[k] + 4096;
		p = tg_mann_whitney(a, n, b, m);
		assert_true(p > 0 && p <= 1 && p >= tg_mann_whitney_least(n, m) * 0.5);
		assert_near(tg_mann_whitney(b, m, a, n), p, 1e-12);
		s = tg_shift(a, n, b, m);
		t = tg_shift(b, m, a, n);
		assert_near(t.shift, -s.shift, 1e-12);
		assert_near(t.low, -s.high, 1e-12);
		t = tg_shift(a, n, moved, m);
		assert_near(t.shift, s.shift + 4096, 1e-12);
		assert_near(t.high, s.high + 4096, 1e-12);
		if (!isnan(s.low))
			assert_true(s.low <= s.shift && s.shift <= s.high);
	}
}

static void same_sample(void **state)
{
	uint64_t seed = 17;
	double v[60];

	(void)state;
	for (size_t n = 1; n <= NR(v); n++) {
		for (size_t k = 0; k < n; k++)
			v[k] = normal(&seed) * 1e-3 + 0.1;
		assert_true(tg_shift(v, n, v, n).shift == 0);
		assert_true(tg_mann_whitney(v, n, v, n) == 1);
		assert_true(n < 2 || tg_welch(v, n, v, n) == 1);
	}
}

/* The interval holds the true shift about as often as it says, exact and approximate. */
static void coverage(void **state)
{
	static const size_t sizes[] = { 4, 5, 12, 20, 30 };

	(void)state;
	for (size_t i = 0; i < NR(sizes); i++) {
		uint64_t seed = 1000 + i;
		int held = 0, alarms = 0, runs = 1000;
		double a[30], b[30];

		for (int k = 0; k < runs; k++) {
			struct tg_shift s;

			for (size_t j = 0; j < sizes[i]; j++) {
				a[j] = normal(&seed);
				b[j] = normal(&seed) + 0.7;
			}
			s = tg_shift(a, sizes[i], b, sizes[i]);
			held += s.low <= 0.7 && 0.7 <= s.high;
			for (size_t j = 0; j < sizes[i]; j++)
				b[j] -= 0.7;
			alarms += tg_mann_whitney(a, sizes[i], b, sizes[i]) < 0.05;
		}
		if (held < 930 || alarms > 70)
			fail_msg("n = %zu: %d intervals of %d hold the shift, %d alarms", sizes[i],
				 held, runs, alarms);
	}
}

static void adjusting(void **state)
{
	double p[NR(raw)], with_nan[] = { 0.01, NAN, 0.04 };

	(void)state;
	memcpy(p, raw, sizeof(p));
	assert_int_equal(tg_benjamini_hochberg(p, NR(p)), 0);
	for (size_t i = 0; i < NR(p); i++)
		assert_near(p[i], adjusted[i], 1e-12);
	assert_int_equal(tg_benjamini_hochberg(with_nan, 3), 0);
	assert_near(with_nan[0], 0.02, 1e-12);
	assert_true(isnan(with_nan[1]));
	assert_near(with_nan[2], 0.04, 1e-12);
	assert_int_equal(tg_benjamini_hochberg(p, 0), 0);
}

static void limits(void **state)
{
	static const double v[] = { 1, 2, NAN }, two[] = { 1, 2 }, same[] = { 3, 3 };
	struct tg_shift s;

	(void)state;
	assert_true(isnan(tg_mann_whitney(v, 3, two, 2)));
	assert_true(isnan(tg_mann_whitney(two, 0, two, 2)));
	assert_true(isnan(tg_mann_whitney(NULL, 0, NULL, 0)));
	assert_true(isnan(tg_welch(two, 2, v, 3)));
	assert_true(isnan(tg_welch(two, 1, two, 2)));
	assert_true(tg_welch(same, 2, same, 2) == 1);
	assert_true(tg_welch(same, 2, (const double[]){ 4, 4 }, 2) == 0);
	s = tg_shift(two, 2, v, 3);
	assert_true(isnan(s.shift) && isnan(s.low) && isnan(s.high));
	s = tg_shift(NULL, 0, two, 2);
	assert_true(isnan(s.shift));
	s = tg_shift(two, 2, same, 2);
	assert_true(s.shift == 1.5 && isnan(s.low) && isnan(s.high));
	/* 2 / C(10, 5) = 1 / 126 */
	assert_near(tg_mann_whitney_least(5, 5), 1.0 / 126, 1e-12);
	assert_true(tg_mann_whitney_least(0, 5) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(symmetry),
		cmocka_unit_test(same_sample),
		cmocka_unit_test(coverage),
		cmocka_unit_test(adjusting),
		cmocka_unit_test(limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("significance", tests, NULL, NULL) ? 1 : 0;
}
