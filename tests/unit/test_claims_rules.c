/* SPDX-License-Identifier: GPL-2.0 */
/* bench/claims_rules.c: answers worked out by hand, and by simulation. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "claims_rules.h"
#include "sample_runs.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static const struct tg_bounds any = { -INFINITY, INFINITY, false };

static void near(double got, double expected)
{
	if (!(fabs(got - expected) <= 1e-9 * fmax(1, fabs(expected))))
		fail_msg("%.12g is not %.12g", got, expected);
}

static void within(void **state)
{
	static const struct {
		double value, error, least, most;
		bool above;
		enum tg_result result;
	} rows[] = {
		{ 6, 0.5, 5, INFINITY, false, TG_YES },
		{ 5.5, 0.5, 5, INFINITY, false, TG_YES },
		{ 5.4, 0.5, 5, INFINITY, false, TG_OPEN },
		{ 4.6, 0.5, 5, INFINITY, false, TG_OPEN },
		{ 4.4, 0.5, 5, INFINITY, false, TG_NO },
		{ 0, 0, 0, INFINITY, false, TG_YES },
		{ 0, 0, 0, INFINITY, true, TG_NO },
		{ 1, 1, 0, INFINITY, true, TG_OPEN },
		{ 1, 0.9, 0, INFINITY, true, TG_YES },
		{ -1, 1, 0, INFINITY, true, TG_NO },
		{ 0.4, 0.1, -INFINITY, 0.5, false, TG_YES },
		{ 0.41, 0.1, -INFINITY, 0.5, false, TG_OPEN },
		{ 0.7, 0.1, -INFINITY, 0.5, false, TG_NO },
		{ 12, 1, 5, 20, false, TG_YES },
		{ 12, 8, 5, 20, false, TG_OPEN },
		{ 4, 0.5, 5, 20, false, TG_NO },
		{ 21, 0.5, 5, 20, false, TG_NO },
		{ NAN, 1, 5, 20, false, TG_OPEN },
		{ 1, NAN, 5, 20, false, TG_OPEN },
		{ INFINITY, 1, 5, INFINITY, false, TG_OPEN },
		{ 1e308, 1e308, 5, INFINITY, false, TG_OPEN },
	};

	(void)state;
	for (size_t i = 0; i < NR(rows); i++) {
		const struct tg_bounds b = { rows[i].least, rows[i].most, rows[i].above };

		if (tg_within(rows[i].value, rows[i].error, &b) != rows[i].result)
			fail_msg("row %zu", i);
	}
}

/* 10 +- 3 and 4 times 5 +- 1: errors 3 and 4 make 5. */
static void sums(void **state)
{
	struct tg_share s[] = { { "a", 1, false, 10, 3, false }, { "b", 4, false, 5, 1, false } };
	struct tg_outcome o = tg_rule_sum(s, 2, &any);

	(void)state;
	near(o.value, 30);
	near(o.low, 25);
	near(o.high, 35);
	assert_int_equal(o.result, TG_TOLD);
	s[1].times = -4;
	o = tg_rule_sum(s, 2, &any);
	near(o.value, -10);
	near(o.high, -5);
	assert_int_equal(o.result, TG_TOLD);
	s[1].value = 2.5;
	assert_int_equal(tg_rule_sum(s, 2, &any).result, TG_OPEN);

	/* of one name the factors add up first: a - a is 0 for sure, a + a is off twice */
	s[1] = (struct tg_share){ "a", -1, false, 10, 3, false };
	o = tg_rule_sum(s, 2, &any);
	near(o.value, 0);
	near(o.high, 0);
	s[1].times = 1;
	near(tg_rule_sum(s, 2, &any).high, 26);
}

/* What a method is off by where there is nothing widens the error, whatever its sign. */
static void floors(void **state)
{
	struct tg_share s[] = { { "a", 1, false, 10, 3, false }, { "b", -1, false, 5, 4, false },
				{ "nothing", 2, false, -1.5, 0.5, true } };
	struct tg_bounds few = { -INFINITY, 12, false };
	struct tg_outcome o = tg_rule_sum(s, 3, &few);

	(void)state;
	near(o.value, 5);
	near(o.low, -4);
	near(o.high, 14);
	assert_int_equal(o.result, TG_OPEN);
	assert_int_equal(tg_rule_sum(s, 2, &few).result, TG_YES);
	s[2].value = 0;
	assert_int_equal(tg_rule_sum(s, 3, &few).result, TG_YES);
}

/* Of several floors the largest; two that should be one are off by what they differ. */
static void largest_floor(void **state)
{
	struct tg_share s[] = { { "a", 1, false, 10, 0, false }, { "x", 1, false, 3, 0.5, true },
				{ "y", 1, false, 480, 3, true }, { "z", -1, false, 484, 4, true },
				{ "v", 1, false, -5, 1, true } };
	size_t at;

	(void)state;
	near(tg_floor(s, 5, &at), 9);
	assert_int_equal(at, 2);
	assert_true(tg_floor_has_two(s, 5, 2) && !tg_floor_has_two(s, 5, 1));
	near(tg_rule_sum(s, 5, &any).high, 19);
	s[3].value = 480.5;
	near(tg_floor(s, 5, &at), 6);
	assert_int_equal(at, 4);
	near(tg_floor(s, 2, &at), 3.5);
	assert_int_equal(at, 1);
	near(tg_floor(s, 1, &at), 0);
	assert_int_equal(at, 1);
	s[1].value = NAN;
	assert_true(isnan(tg_floor(s, 5, &at)));
	assert_int_equal(tg_rule_sum(s, 5, &any).result, TG_OPEN);
}

/* 10 +- 1 over 5 +- 0.5: the roots of 24.75 t^2 - 100 t + 99. */
static void ratios(void **state)
{
	static const struct tg_bounds least = { 1.7, INFINITY, false };
	struct tg_share s[] = { { "n", 1, false, 10, 1, false }, { "d", 1, true, 5, 0.5, false } };
	struct tg_outcome o = tg_rule_ratio(s, 2, &any);

	(void)state;
	near(o.value, 2);
	near(o.low, (50 - sqrt(49.75)) / 24.75);
	near(o.high, (50 + sqrt(49.75)) / 24.75);
	assert_int_equal(o.result, TG_TOLD);
	assert_int_equal(tg_rule_ratio(s, 2, &least).result, TG_YES);

	/* (x + a) / (x + b): an error of x alone hardly moves a ratio near 1 */
	const struct tg_share shared[] = { { "x", 1, false, 100, 10, false },
					   { "a", 1, false, 1, 0, false },
					   { "x", 1, true, 100, 10, false },
					   { "b", 1, true, 2, 0, false } };
	o = tg_rule_ratio(shared, 4, &any);
	near(o.value, 101.0 / 102);
	near(o.low, 91.0 / 92);
	near(o.high, 111.0 / 112);

	/* not told from 0, or below it */
	s[1].error = 5;
	o = tg_rule_ratio(s, 2, &least);
	assert_true(o.result == TG_OPEN && isnan(o.value));
	s[1] = (struct tg_share){ "d", 1, true, -5, 0.5, false };
	assert_int_equal(tg_rule_ratio(s, 2, &least).result, TG_OPEN);
	s[1] = (struct tg_share){ "d", 1, true, 1e-300, 0, false };
	s[0].value = 1e300;
	assert_int_equal(tg_rule_ratio(s, 2, &least).result, TG_OPEN);
}

/* A bound inside of the interval is not resolved, one outside of it is. */
static void verdict_and_interval_agree(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct tg_share s[] = { { "n", 1, false, 10 + run_noise(&seed), 0, false },
					{ "d", 2, true, 5 + run_noise(&seed), 0, false },
					{ "n", 0.3, true, 0, 0, false } };
		double t = 1 + 0.3 * run_noise(&seed);
		const struct tg_bounds least = { t, INFINITY, false };
		const struct tg_bounds most = { -INFINITY, t, false };
		struct tg_outcome o;

		s[0].error = fabs(run_noise(&seed));
		s[1].error = fabs(run_noise(&seed));
		s[2].value = s[0].value;
		s[2].error = s[0].error;
		o = tg_rule_ratio(s, 3, &least);
		if (isnan(o.low))
			continue;
		assert_true(o.low <= o.value && o.value <= o.high);
		/* but for what rounding does at the very end of an interval */
		if (fabs(t - o.low) < 1e-9 || fabs(t - o.high) < 1e-9)
			continue;
		assert_int_equal(o.result, t <= o.low ? TG_YES : t > o.high ? TG_NO : TG_OPEN);
		o = tg_rule_ratio(s, 3, &most);
		assert_int_equal(o.result, t >= o.high ? TG_YES : t < o.low ? TG_NO : TG_OPEN);
	}
}

/* With errors of 1.96 standard deviations the interval holds the truth 95 times in 100. */
static void coverage(void **state)
{
	enum { TRIALS = 40000 };
	uint64_t seed = 7;
	int ratio = 0, sum = 0;

	(void)state;
	for (int i = 0; i < TRIALS; i++) {
		double n = 30 + 2 * run_noise(&seed), d = 6 + 0.5 * run_noise(&seed);
		const struct tg_share r[] = { { "n", 1, false, n, 1.96 * 2, false },
					      { "d", 1, true, d, 1.96 * 0.5, false } };
		const struct tg_share s[] = { { "n", 1, false, n, 1.96 * 2, false },
					      { "d", -3, false, d, 1.96 * 0.5, false } };
		struct tg_outcome o = tg_rule_ratio(r, 2, &any);

		ratio += o.low <= 5 && 5 <= o.high;
		o = tg_rule_sum(s, 2, &any);
		sum += o.low <= 12 && 12 <= o.high;
	}
	print_message("# intervals that hold the truth: ratio %.3f, sum %.3f\n",
		      (double)ratio / TRIALS, (double)sum / TRIALS);
	assert_true(abs(ratio - TRIALS * 95 / 100) < TRIALS / 200);
	assert_true(abs(sum - TRIALS * 95 / 100) < TRIALS / 200);
}

/* A whole of 20 and parts of 8 and 11; then of 200 and parts that come to 197. */
static void adding_up(void **state)
{
	static const struct tg_bounds one = { -INFINITY, 1, false };
	struct tg_share s[] = { { "w", 1, false, 20, 0.1, false }, { "a", -1, false, 8, 0.1, false },
				{ "b", -1, false, 11.5, 0.1, false } };
	struct tg_outcome o = tg_rule_add_up(s, 3, &one);

	(void)state;
	near(o.value, 0.5);
	near(o.high, 0.5 + sqrt(0.03));
	assert_int_equal(o.result, TG_YES);
	s[0].value = 20.4;		/* 0.9 +- 0.17 straddles 1 */
	assert_int_equal(tg_rule_add_up(s, 3, &one).result, TG_OPEN);
	s[0].value = 21;
	assert_int_equal(tg_rule_add_up(s, 3, &one).result, TG_NO);
	s[0].value = 18;		/* too little is as bad as too much */
	assert_int_equal(tg_rule_add_up(s, 3, &one).result, TG_NO);
	s[0] = (struct tg_share){ "w", 1, false, 200, 0.1, false };
	s[1].value = 185.5;		/* 3 apart; 2 % of 200 is 4 */
	assert_int_equal(tg_rule_add_up(s, 3, &one).result, TG_YES);
	s[1].value = 188.5;		/* nothing apart, but an error of more than a cycle */
	s[1].error = 1.1;
	assert_int_equal(tg_rule_add_up(s, 3, &one).result, TG_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within),
		cmocka_unit_test(sums),
		cmocka_unit_test(floors),
		cmocka_unit_test(largest_floor),
		cmocka_unit_test(ratios),
		cmocka_unit_test(verdict_and_interval_agree),
		cmocka_unit_test(coverage),
		cmocka_unit_test(adding_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("claims' rules", tests, NULL, NULL) ? 1 : 0;
}
