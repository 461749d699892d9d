/* SPDX-License-Identifier: GPL-2.0 */
/* bench/compare.c on runs made here: what counts as a change, and what does not. */
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

#include "sample_report.h"
#include "sample_runs.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* Runs of the same thing: at most 1 % of rows flagged, by rounds and by boots. */
static void false_alarms(void **state)
{
	static const size_t boots[] = { 1, 4, 5, 8 };
	uint64_t seed = 4711;

	(void)state;
	for (size_t k = 0; k < NR(boots); k++) {
		size_t flagged = 0, rows = 0;

		for (int i = 0; i < 40; i++) {
			struct tg_report *runs[16];
			struct tg_side sides[2];
			struct tg_comparison *c;

			for (size_t j = 0; j < 2 * boots[k]; j++)
				runs[j] = a_run(&seed);
			c = compare_reports(runs, boots[k], runs + boots[k], boots[k], sides);
			assert_int_equal(c->rows[0].by_boots, boots[k] >= 5);
			rows += c->nr_rows;
			flagged += c->nr_rows - count_verdicts(c, TG_SAME, NULL);
			tg_comparison_free(c);
			for (size_t j = 0; j < 2 * boots[k]; j++)
				tg_report_free(runs[j]);
		}
		if (flagged * 100 > rows)
			fail_msg("%zu boots: %zu of %zu rows flagged", boots[k], flagged, rows);
	}
}

/* One body 2 % slower, another 3 % faster: found, and nothing else. */
static void planted_changes(void **state)
{
	static const size_t boots[] = { 1, 3, 5, 8 };
	uint64_t seed = 90;

	(void)state;
	for (size_t k = 0; k < NR(boots); k++) {
		for (int i = 0; i < 20; i++) {
			const struct tg_change *slower = NULL, *faster = NULL;
			struct tg_report *runs[16];
			struct tg_side sides[2];
			struct tg_comparison *c;

			for (size_t j = 0; j < 2 * boots[k]; j++)
				runs[j] = a_run(&seed);
			for (size_t j = boots[k]; j < 2 * boots[k]; j++) {
				scale_figures(runs[j], "insn/b7@", 1.02);
				scale_figures(runs[j], "fpu/save:v3@", 0.97);
			}
			c = compare_reports(runs, boots[k], runs + boots[k], boots[k], sides);
			assert_int_equal(count_verdicts(c, TG_SLOWER, &slower), 1);
			assert_int_equal(count_verdicts(c, TG_FASTER, &faster), 1);
			assert_string_equal(slower->name, "insn/b7@r3");
			assert_string_equal(faster->name, "fpu/save:v3@r3");
			assert_true(fabs(tg_relative(slower) - 0.02) < 0.006);
			assert_true(slower->low <= slower->change);
			assert_true(slower->change <= slower->high);
			assert_int_equal(tg_slower_than(c, 0.01), 1);
			assert_int_equal(tg_slower_than(c, 0.05), 0);
			tg_comparison_free(c);
			for (size_t j = 0; j < 2 * boots[k]; j++)
				tg_report_free(runs[j]);
		}
	}
}

/* What the yardstick promises: see compare.h. */
static void yardstick(void **state)
{
	static const struct {
		const char *start;
		double factor;
		size_t slower;
		const char *what;
	} cases[] = {
		{ "", 1.10, BODIES + VARIANTS, "all rows changed by more than the cap" },
		{ "fpu/", 1.10, VARIANTS, "a whole family changed by more than the cap" },
		{ "fpu/", 1.03, 0, "all variants moved together by less: an epoch" },
		{ "insn/b1@", 1.03, 1, "one body of a family that stands still" },
		{ "insn/b1@", 1.010, 0, "below the floor" },
		{ "insn/b1@", 1.018, 1, "above the floor" },
	};
	uint64_t seed = 12;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		struct tg_report *runs[2] = { a_run(&seed), a_run(&seed) };
		struct tg_side sides[2];
		struct tg_comparison *c;

		scale_figures(runs[1], cases[i].start, cases[i].factor);
		c = compare_reports(runs, 1, runs + 1, 1, sides);
		if (count_verdicts(c, TG_SLOWER, NULL) != cases[i].slower)
			fail_msg("%s: %zu slower", cases[i].what,
				 count_verdicts(c, TG_SLOWER, NULL));
		assert_int_equal(c->without_kin, 0);
		tg_comparison_free(c);
		tg_report_free(runs[0]);
		tg_report_free(runs[1]);
	}
}

/* Four rounds against four: p = 1/35 is enough for one row, not for one of many. */
static void few_rounds(void **state)
{
	uint64_t seed = 55;

	(void)state;
	for (int alone = 0; alone < 2; alone++) {
		struct tg_report *runs[2] = { alone ? bare_report() : a_run(&seed),
					      alone ? bare_report() : a_run(&seed) };
		struct tg_side sides[2];
		struct tg_comparison *c;

		for (size_t i = 0; i < 2; i++) {
			struct tg_figure *f = add_figure(runs[i], "insn/x@r3", ROUNDS);

			for (size_t k = 0; k < ROUNDS; k++)
				f->rounds[k].value = (i ? 110 : 100) + 0.01 * (double)k;
			for (size_t k = 0; k < runs[i]->nr_figures; k++)
				runs[i]->figures[k].nr_rounds = 4;
		}
		c = compare_reports(runs, 1, runs + 1, 1, sides);
		assert_int_equal(count_verdicts(c, TG_SLOWER, NULL), alone);
		tg_comparison_free(c);
		/* three rounds are never enough */
		for (size_t i = 0; i < 2; i++)
			for (size_t k = 0; k < runs[i]->nr_figures; k++)
				runs[i]->figures[k].nr_rounds = 3;
		c = compare_reports(runs, 1, runs + 1, 1, sides);
		assert_int_equal(count_verdicts(c, TG_SAME, NULL), c->nr_rows);
		tg_comparison_free(c);
		tg_report_free(runs[0]);
		tg_report_free(runs[1]);
	}
}

/* A row is not its own kin: of nine rows each has eight others, of eight none has. */
static void kin(void **state)
{
	(void)state;
	for (size_t nr = 8; nr <= 9; nr++) {
		struct tg_report *runs[2] = { bare_report(), bare_report() };
		struct tg_side sides[2];
		struct tg_comparison *c;
		char name[32];

		for (size_t i = 0; i < 2 * nr; i++) {
			struct tg_figure *f;

			snprintf(name, sizeof(name), "fam%zu/x%zu@r3", i / 2 % 3, i / 2);
			f = add_figure(runs[i % 2], name, ROUNDS);
			for (size_t k = 0; k < ROUNDS; k++)
				f->rounds[k].value = 100 + 0.01 * (double)k;
		}
		c = compare_reports(runs, 1, runs + 1, 1, sides);
		assert_int_equal(c->without_kin, nr == 8 ? 8 : 0);
		tg_comparison_free(c);
		tg_report_free(runs[0]);
		tg_report_free(runs[1]);
	}
}

/* One run in one state of two, the other in both: its rounds reach over the difference. */
static void reach_of_rounds(void **state)
{
	struct tg_report *runs[2] = { bare_report(), bare_report() };
	struct tg_side sides[2];
	struct tg_comparison *c;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tg_figure *f = add_figure(runs[i], "insn/mfence@r3", ROUNDS);

		for (size_t k = 0; k < ROUNDS; k++)
			f->rounds[k].value = (i && k % 3 ? 79 : 76) + 0.01 * (double)k;
	}
	c = compare_reports(runs, 1, runs + 1, 1, sides);
	assert_int_equal(count_verdicts(c, TG_SAME, NULL), 1);
	assert_true(c->rows[0].p < 0.001 && c->rows[0].yardstick > 3);
	assert_int_equal(c->without_kin, 1);
	tg_comparison_free(c);
	/* the same without the third that was in the other state */
	for (size_t k = 0; k < ROUNDS; k++)
		runs[1]->figures[0].rounds[k].value = 79 + 0.01 * (double)k;
	c = compare_reports(runs, 1, runs + 1, 1, sides);
	assert_int_equal(count_verdicts(c, TG_SLOWER, NULL), 1);
	tg_comparison_free(c);
	tg_report_free(runs[0]);
	tg_report_free(runs[1]);
}

/* Boots of one report are boots, in whatever order their rounds stand. */
static void boots_of_one_report(void **state)
{
	struct tg_report *runs[2] = { bare_report(), bare_report() };
	struct tg_side sides[2];
	struct tg_comparison *c;
	uint64_t seed = 8;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tg_figure *f = add_figure(runs[i], "insn/x@r0", 60);

		for (size_t k = 0; k < 60; k++) {
			f->rounds[k].boot = (int)(k * 7 % 6);
			f->rounds[k].value = (100 + f->rounds[k].boot * 0.1) * (i ? 1.02 : 1) +
					  0.01 * run_noise(&seed);
		}
	}
	c = compare_reports(runs, 1, runs + 1, 1, sides);
	assert_int_equal(c->boots[0], 6);
	assert_int_equal(c->boots[1], 6);
	assert_int_equal(c->rounds[0], 10);
	assert_true(c->rows[0].by_boots);
	assert_int_equal(c->rows[0].verdict, TG_SLOWER);
	assert_true(fabs(c->rows[0].a - 100.25) < 0.02);
	tg_comparison_free(c);
	tg_report_free(runs[0]);
	tg_report_free(runs[1]);
}

static void counts_of_instructions(void **state)
{
	struct tg_report *runs[3];
	struct tg_side sides[2];
	struct tg_comparison *c;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		runs[i] = sample_vm();
		for (size_t k = 0; k < runs[i]->nr_figures; k++)
			for (size_t j = 0; j < runs[i]->figures[k].nr_rounds; j++)
				runs[i]->figures[k].rounds[j].boot = 0;
	}
	for (size_t k = 0; k < 2; k++) {
		runs[1]->figures[0].rounds[k].value = nextafter(1, 2);
		runs[1]->figures[1].rounds[k].value = 186;
		runs[2]->figures[2].rounds[k].value = 62;
	}
	c = compare_reports(runs, 1, runs + 1, 1, sides);
	assert_int_equal(c->rows[0].verdict, TG_MORE);
	assert_int_equal(c->rows[1].verdict, TG_FEWER);
	assert_int_equal(c->rows[2].verdict, TG_EQUAL);
	assert_true(isnan(c->rows[0].p) && isnan(c->rows[0].low));
	assert_int_equal(tg_slower_than(c, 0), 1);
	assert_int_equal(tg_slower_than(c, 0.01), 0);
	tg_comparison_free(c);
	/* joined reports that disagree */
	c = compare_reports(runs, 1, runs + 1, 2, sides);
	assert_int_equal(c->rows[0].verdict, TG_UNEVEN);
	assert_int_equal(c->rows[2].verdict, TG_UNEVEN);
	tg_comparison_free(c);
	for (size_t i = 0; i < 3; i++)
		tg_report_free(runs[i]);
}

/* Next to nothing has no share, but what becomes of it counts. */
static void from_nothing(void **state)
{
	struct tg_report *runs[2] = { bare_report(), bare_report() };
	struct tg_side sides[2];
	struct tg_comparison *c;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tg_figure *f = add_figure(runs[i], "insn/empty@r3", ROUNDS);

		for (size_t k = 0; k < ROUNDS; k++)
			f->rounds[k].value = 0.001 * ((double)k - 5) + (i ? 0.5 : 0);
	}
	c = compare_reports(runs, 1, runs + 1, 1, sides);
	assert_int_equal(c->rows[0].verdict, TG_SLOWER);
	assert_true(isnan(tg_relative(&c->rows[0])));
	assert_int_equal(tg_slower_than(c, 1), 1);
	check_text(c);
	tg_comparison_free(c);
	tg_report_free(runs[0]);
	tg_report_free(runs[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(false_alarms),
		cmocka_unit_test(planted_changes),
		cmocka_unit_test(yardstick),
		cmocka_unit_test(few_rounds),
		cmocka_unit_test(kin),
		cmocka_unit_test(reach_of_rounds),
		cmocka_unit_test(boots_of_one_report),
		cmocka_unit_test(counts_of_instructions),
		cmocka_unit_test(from_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("compare", tests, NULL, NULL) ? 1 : 0;
}
