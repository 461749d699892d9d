/* SPDX-License-Identifier: GPL-2.0 */
/* bench/compare*.c: which reports may be compared, and what the text says of any two. */
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

static void check_unchanged(struct tg_report *r)
{
	struct tg_side sides[2];
	struct tg_comparison *c = compare_reports(&r, 1, &r, 1, sides);

	assert_int_equal(count_verdicts(c, TG_SAME, NULL) + count_verdicts(c, TG_EQUAL, NULL),
			 c->nr_rows);
	for (size_t i = 0; i < c->nr_rows; i++)
		assert_true(c->rows[i].change == 0 && c->rows[i].a == c->rows[i].b);
	assert_int_equal(tg_slower_than(c, 0), 0);
	if (c->nr_rows)
		check_text(c);
	tg_comparison_free(c);
	tg_report_free(r);
}

static void a_report_against_itself(void **state)
{
	uint64_t seed = 77;

	(void)state;
	check_unchanged(sample_user());
	check_unchanged(sample_vm());
	check_unchanged(a_run(&seed));
	for (int i = 0; i < 100; i++)
		check_unchanged(sample_random(&seed));
}

/* Any two reports, however unlike: no crash, sane text, every name accounted for. */
static void any_two_reports(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct tg_report *all[4];
		struct tg_side sides[2];
		struct tg_comparison *c;
		char why[256];

		for (size_t k = 0; k < NR(all); k++)
			all[k] = sample_random(&seed);
		tg_unlike(all[0], all[1], 0, why, sizeof(why));
		c = compare_reports(all, 2, all + 2, 2, sides);
		for (size_t k = 0; k < all[3]->nr_figures; k++) {
			size_t found = 0;

			for (size_t j = 0; j < c->nr_rows; j++)
				found += !strcmp(c->rows[j].name, all[3]->figures[k].name);
			for (size_t j = 0; j < c->nr_absent; j++)
				found += !strcmp(c->absent[j].name, all[3]->figures[k].name);
			assert_true(found > 0);
		}
		check_text(c);
		tg_comparison_free(c);
		for (size_t k = 0; k < NR(all); k++)
			tg_report_free(all[k]);
	}
}

static void rows_of_one_side(void **state)
{
	uint64_t seed = 31;
	struct tg_report *runs[2] = { a_run(&seed), a_run(&seed) };
	struct tg_side sides[2];
	struct tg_comparison *c;

	(void)state;
	replace_text(&runs[0]->figures[0].name, "insn/old@r3");
	runs[1]->figures[1].status = TG_FAILED;
	replace_text(&runs[1]->figures[1].reason, "3 of 5 did not run");
	runs[1]->figures[2].unit = TG_UNIT_TSC;
	c = compare_reports(runs, 1, runs + 1, 1, sides);
	assert_int_equal(c->nr_rows, BODIES + VARIANTS - 3);
	assert_int_equal(c->nr_absent, 4);
	assert_string_equal(c->absent[0].name, "insn/old@r3");
	assert_true(c->absent[0].missing && c->absent[0].side == 1);
	assert_string_equal(c->absent[1].reason, "3 of 5 did not run");
	assert_int_equal(c->absent[1].status, TG_FAILED);
	assert_true(!c->absent[2].missing && c->absent[2].status == TG_OK);
	assert_string_equal(c->absent[3].name, "insn/b0@r3");
	assert_true(c->absent[3].missing && c->absent[3].side == 0);
	check_text(c);
	tg_comparison_free(c);
	tg_report_free(runs[0]);
	tg_report_free(runs[1]);
}

static void change_key(struct tg_report *r, int key, int way)
{
	switch (key) {
	case TG_KEY_SCHEMA: r->schema++; break;
	case TG_KEY_UNIT: r->cal.unit = TG_UNIT_TSC; break;
	case TG_KEY_LANE: r->lane = TG_LANE_HOST; break;
	case TG_KEY_CPU:
		switch (way) {
		case 0: replace_text(&r->env.cpu, "Other CPU"); break;
		case 1: r->env.family++; break;
		case 2: r->env.model++; break;
		default: r->env.stepping++; break;
		}
		break;
	case TG_KEY_MICROCODE: replace_text(&r->env.microcode, "0x1"); break;
	case TG_KEY_KERNEL:
		replace_text(way ? &r->env.kernel : &r->env.kernel_build, "6.99");
		break;
	case TG_KEY_APPEND: replace_text(way ? &r->env.append : &r->env.cmdline, "nopti"); break;
	case TG_KEY_QEMU_CPU: replace_text(way ? &r->env.qemu_cpu : &r->env.accel, "qemu64"); break;
	case TG_KEY_MITIGATIONS:
		if (way)
			replace_text(&r->env.mitigations[1].value, "Vulnerable");
		else
			replace_text(&r->env.mitigations[1].key, "other");
		break;
	case TG_KEY_TOPOLOGY:
		switch (way) {
		case 0: r->env.nodes++; break;
		case 1: r->env.mem_distance = 0; break;
		default: r->env.mem_distance = 21; break;
		}
		break;
	}
}

static void keys(void **state)
{
	(void)state;
	for (int key = 0; key < TG_NR_KEYS; key++) {
		for (int way = 0; way < 4; way++) {
			struct tg_report *a = sample_user(), *b = sample_user();
			char why[512] = "", start[64];

			assert_int_equal(tg_unlike(a, b, 0, why, sizeof(why)), -1);
			change_key(b, key, way);
			assert_int_equal(tg_unlike(a, b, 0, why, sizeof(why)), key);
			snprintf(start, sizeof(start), "%s differs: '", tg_key_names[key]);
			assert_memory_equal(why, start, strlen(start));
			assert_null(strchr(why, '\n'));
			assert_int_equal(tg_unlike(b, a, 1u << key, why, sizeof(why)), -1);
			assert_int_equal(tg_unlike(b, a, ~(1u << key), why, sizeof(why)), key);
			/* the other keys go on counting */
			change_key(b, (key + 1) % TG_NR_KEYS, way);
			assert_int_equal(tg_unlike(a, b, 1u << key, why, sizeof(why)),
					 (key + 1) % TG_NR_KEYS);
			tg_report_free(a);
			tg_report_free(b);
		}
	}
}

/* A long value is shown where it differs, and a list's order does not matter. */
static void long_values(void **state)
{
	struct tg_report *a = sample_user(), *b = sample_user();
	struct tg_pair first = b->env.mitigations[0];
	char line[2000], why[512];

	(void)state;
	b->env.mitigations[0] = b->env.mitigations[1];
	b->env.mitigations[1] = first;
	assert_int_equal(tg_unlike(a, b, 0, why, sizeof(why)), -1);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	replace_text(&a->env.cmdline, line);
	memcpy(line + 1500, "nopti", 5);
	replace_text(&b->env.cmdline, line);
	assert_int_equal(tg_unlike(a, b, 0, why, sizeof(why)), TG_KEY_APPEND);
	assert_non_null(strstr(why, "nopti"));
	assert_true(strlen(why) < 400);
	for (size_t len = 100; len < 200; len++) {
		memset(line, 'y', len);
		line[len] = '\0';
		replace_text(&b->env.cmdline, line);
		assert_int_equal(tg_unlike(a, b, 0, why, sizeof(why)), TG_KEY_APPEND);
	}
	tg_report_free(a);
	tg_report_free(b);
}

/*
 * The reports' own word on their circumstances: a core in another state, or
 * shared with a neighbour, moves figures; only more than that counts.
 */
static void circumstances(void **state)
{
	static const struct {
		double states[2];
		long disturbed;		/* rounds of B's insn/b1 */
		double bodies, variants;	/* factors on insn/b1 and on fpu/save:v1 */
		size_t slower;
		const char *what, *said;
	} cases[] = {
		{ { 184.8, 184.9 }, 0, 1.03, 1.035, 2, "one state", NULL },
		{ { 184.8, 188.0 }, 0, 1.03, 1.035, 1, "two states", "FXRSTOR takes 184.8" },
		{ { 188.0, 184.8 }, 0, 1.03, 1.10, 2, "more than states", "188" },
		{ { NAN, 184.8 }, 0, 1.03, 1, 1, "one of none", NULL },
		{ { NAN, NAN }, 0, 1.03, 1, 1, "none", NULL },
		{ { 184.8, 184.8 }, ROUNDS / 2 + 1, 1.2, 1, 0, "disturbed", "1 row taken beside" },
		{ { 184.8, 184.8 }, ROUNDS / 2, 1.2, 1, 1, "half disturbed", NULL },
		{ { 184.8, 184.8 }, ROUNDS, 1.3, 1, 1, "more than that", "1 row taken beside" },
	};
	uint64_t seed = 23;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		struct tg_report *runs[2] = { a_run(&seed), a_run(&seed) };
		struct tg_side sides[2];
		struct tg_comparison *c;
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		for (size_t k = 0; k < 2; k++)
			runs[k]->cal.state = cases[i].states[k];
		for (size_t k = 0; k < runs[1]->nr_figures; k++)
			if (!strcmp(runs[1]->figures[k].name, "insn/b1@r3"))
				runs[1]->figures[k].disturbed = cases[i].disturbed;
		scale_figures(runs[1], "insn/b1@", cases[i].bodies);
		scale_figures(runs[1], "fpu/save:v1@", cases[i].variants);
		c = compare_reports(runs, 1, runs + 1, 1, sides);
		if (count_verdicts(c, TG_SLOWER, NULL) != cases[i].slower)
			fail_msg("%s: %zu slower", cases[i].what,
				 count_verdicts(c, TG_SLOWER, NULL));
		check_text(c);
		assert_int_equal(tg_compare_text(c, false, out), 0);
		assert_int_equal(fclose(out), 0);
		if (cases[i].said ? !strstr(text, cases[i].said) :
		    strstr(text, "FXRSTOR") || strstr(text, "taken beside"))
			fail_msg("%s: %s", cases[i].what, text);
		free(text);
		tg_comparison_free(c);
		tg_report_free(runs[0]);
		tg_report_free(runs[1]);
	}
}

/* With the boot as the sample, one disturbed boot of five is outvoted, three are not. */
static void disturbed_boots(void **state)
{
	enum { BOOTS = 5 };
	uint64_t seed = 29;

	(void)state;
	for (size_t bad = 0; bad <= BOOTS; bad++) {
		struct tg_report *runs[2 * BOOTS];
		struct tg_side sides[2];
		struct tg_comparison *c;

		for (size_t i = 0; i < 2 * BOOTS; i++) {
			runs[i] = a_run(&seed);
			for (size_t k = 0; k < runs[i]->nr_figures; k++)
				runs[i]->figures[k].disturbed = i < bad ? ROUNDS : 0;
			scale_figures(runs[i], "insn/b1@", i < BOOTS ? 1 : 1.1);
		}
		c = compare_reports(runs, BOOTS, runs + BOOTS, BOOTS, sides);
		assert_int_equal(count_verdicts(c, TG_SLOWER, NULL), bad <= BOOTS / 2);
		assert_int_equal(c->disturbed, bad <= BOOTS / 2 ? 0 : c->nr_rows);
		tg_comparison_free(c);
		for (size_t i = 0; i < 2 * BOOTS; i++)
			tg_report_free(runs[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_against_itself),
		cmocka_unit_test(any_two_reports),
		cmocka_unit_test(rows_of_one_side),
		cmocka_unit_test(keys),
		cmocka_unit_test(long_values),
		cmocka_unit_test(circumstances),
		cmocka_unit_test(disturbed_boots),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("compare_reports", tests, NULL, NULL) ? 1 : 0;
}
