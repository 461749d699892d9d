/* SPDX-License-Identifier: GPL-2.0 */
/* Patterns over names of points (bench/select.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "select.h"
#include "testing.h"

/* tg_select() with patterns up to NULL. */
#define select_from(rings, full, out, err, ...)						\
	({										\
		char *const pats[] = { __VA_ARGS__, NULL };				\
		size_t nr_pats = 0;							\
											\
		while (pats[nr_pats])							\
			nr_pats++;							\
		tg_select(pats, nr_pats, full, rings, out, err, sizeof(err));		\
	})

/* What is selected is what keep() says of every point, in the order of the list. */
static void assert_selected(struct tg_selection *s, bool (*keep)(const struct tg_point *))
{
	size_t n = 0;

	for (size_t i = 0; i < nr_points; i++) {
		if (!keep(&points[i]))
			continue;
		assert_true(n < s->n);
		assert_true(same_point(&s->points[n], &points[i]));
		n++;
	}
	assert_true(n > 0);
	assert_int_equal(s->n, n);
	tg_selection_free(s);
	assert_null(s->points);
	assert_int_equal(s->n, 0);
}

static void assert_names(struct tg_selection *s, const char *names)
{
	char all[4096] = "", name[TG_NAME_MAX];

	for (size_t i = 0; i < s->n; i++) {
		tg_point_name(&s->points[i], name);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "", name);
	}
	assert_string_equal(all, names);
	tg_selection_free(s);
}

static bool core(const struct tg_point *p) { return tg_point_tier(p) == TG_TIER_CORE; }
static bool core_r3(const struct tg_point *p) { return core(p) && p->ring == 3; }
static bool any(const struct tg_point *p) { return p->exp < TG_NR_EXPS; }
static bool any_r0(const struct tg_point *p) { return p->ring == 0; }
static bool any_r3(const struct tg_point *p) { return p->ring == 3; }

static void tiers_and_rings(void **state)
{
	struct tg_selection s;
	char err[ERR_ROOM] = "";

	(void)state;
	assert_int_equal(tg_select(NULL, 0, false, R0 | R3 | CROSS, &s, err, sizeof(err)), 0);
	assert_selected(&s, core);
	assert_int_equal(tg_select(NULL, 0, false, R3, &s, err, sizeof(err)), 0);
	assert_selected(&s, core_r3);
	assert_int_equal(tg_select(NULL, 0, true, R0 | R3 | CROSS, &s, err, sizeof(err)), 0);
	assert_selected(&s, any);
	assert_int_equal(tg_select(NULL, 0, true, R3, &s, err, sizeof(err)), 0);
	assert_selected(&s, any_r3);
	assert_int_equal(tg_select(NULL, 0, true, R0, &s, err, sizeof(err)), 0);
	assert_selected(&s, any_r0);
	assert_string_equal(err, "");
	/* a pattern names points of either tier */
	assert_int_equal(select_from(R0 | R3 | CROSS, false, &s, err, "*"), 0);
	assert_selected(&s, any);
	assert_int_equal(select_from(R0 | R3, false, &s, err, "*@r3"), 0);
	assert_selected(&s, any_r3);
	assert_int_equal(select_from(R3, false, &s, err, "*"), 0);
	assert_selected(&s, any_r3);
}

/* Every point is selected by its own name, and by its name without a ring in each ring. */
static void every_name_selects_its_point(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_points; i++) {
		const struct tg_exp *e = &tg_exps[points[i].exp];
		char name[TG_NAME_MAX], err[ERR_ROOM];
		struct tg_selection s;

		tg_point_name(&points[i], name);
		assert_int_equal(select_from(R0 | R3 | CROSS, false, &s, err, name), 0);
		assert_int_equal(s.n, 1);
		assert_true(same_point(&s.points[0], &points[i]));
		tg_selection_free(&s);

		*strchr(name, '@') = 0;
		assert_int_equal(select_from(R0 | R3 | CROSS, false, &s, err, name), 0);
		assert_int_equal(s.n, e->rings == (R0 | R3) ? 2 : 1);
		for (size_t k = 0; k < s.n; k++) {
			struct tg_point other = points[i];

			other.ring = s.points[k].ring;
			assert_true(same_point(&s.points[k], &other));
		}
		/* ring 0 first */
		if (s.n == 2)
			assert_true(s.points[0].ring == 0 && s.points[1].ring == 3);
		tg_selection_free(&s);
	}
}

static void patterns(void **state)
{
	static const struct {
		char *pattern;
		int rings;
		const char *names;
	} cases[] = {
		{ "irq/cli", R0 | R3, "irq/cli@r0" },
		{ "irq/cli:if1", R0 | R3, "irq/cli@r0" },
		{ "irq/cli*", R0 | R3, "irq/cli@r0 irq/cli:if0@r0 irq/cli_sti@r0" },
		{ "irq/cli*@r0", R0 | R3, "irq/cli@r0 irq/cli:if0@r0 irq/cli_sti@r0" },
		{ "irq/cli:*", R0 | R3, "irq/cli:if0@r0" },
		{ "insn/nop", R0 | R3, "insn/nop@r0 insn/nop@r3" },
		{ "insn/nop", R3, "insn/nop@r3" },
		{ "insn/nop", R0, "insn/nop@r0" },
		{ "insn/nop@*", R0 | R3, "insn/nop@r0 insn/nop@r3" },
		{ "insn/nop@r[3]", R0 | R3, "insn/nop@r3" },
		{ "insn/imul_x?", R3, "insn/imul_x4@r3" },
		{ "insn/imul_x[0-9]*@r3", R0 | R3, "insn/imul_x4@r3 insn/imul_x16@r3" },
		{ "insn/imul*", R3, "insn/imul@r3 insn/imul_x4@r3 insn/imul_x16@r3" },
		{ "*/empty", R0 | R3, "irq/empty@r0 insn/empty@r0 insn/empty@r3" },
		{ "fpu/xsave", R0 | R3, "fpu/xsave@r0 fpu/xsave@r3" },
		{ "fpu/xsave:dirty:avx", R3, "fpu/xsave:avx:dirty@r3" },
		{ "fpu/xsave:init:x87@r0", R0 | R3, "fpu/xsave@r0" },
		{ "fpu/xsave:avx512*@r3", R0 | R3,
		  "fpu/xsave:avx512@r3 fpu/xsave:avx512:other@r3 fpu/xsave:avx512:dirty@r3 "
		  "fpu/xsave:avx512:dirty:other@r3 fpu/xsave:avx512:unmodified@r3 "
		  "fpu/xsave:avx512:unmodified:other@r3" },
		{ "fpu/fxrstor*@r3", R0 | R3,
		  "fpu/fxrstor@r3 fpu/fxrstor:other@r3 fpu/fxrstor:dirty@r3 "
		  "fpu/fxrstor:dirty:other@r3 fpu/fxrstor:unmodified@r3" },
		{ "fpu/*:avx:dirty", R3, "fpu/xsave:avx:dirty@r3 fpu/xsaveopt:avx:dirty@r3 "
		  "fpu/xsavec:avx:dirty@r3 fpu/xrstor:avx:dirty@r3" },
	};
	struct tg_selection s;
	char err[ERR_ROOM];

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		if (select_from(cases[i].rings, false, &s, err, cases[i].pattern))
			fail_msg("%s: %s", cases[i].pattern, err);
		assert_names(&s, cases[i].names);
	}
	/* several: in the order of the list, a point once */
	assert_int_equal(select_from(R0 | R3, false, &s, err, "insn/nop@r3", "irq/cli", "insn/n*",
				     "insn/nop"), 0);
	assert_names(&s, "irq/cli@r0 insn/nop@r0 insn/nop@r3");
}

static void patterns_that_name_nothing(void **state)
{
	static const struct {
		char *pattern;
		int rings;
		const char *text;
	} cases[] = {
		{ "", R0 | R3, "'' is no experiment" },
		{ "irq/clii", R0 | R3, "'irq/clii' is no experiment" },
		{ "irq", R0 | R3, "'irq' is no experiment" },
		{ "x/y@r3", R3, "'x/y' is no experiment" },
		{ "irq/clii:if0@r0", R3, "'irq/clii' is no experiment" },
		{ "irq/cli:bad", R0 | R3, "'bad' is no value of irq/cli; allowed: if1 if0" },
		{ "irq/cli:bad", R3, "'bad' is no value of irq/cli; allowed: if1 if0" },
		{ "irq/cli:bad@r0", R3, "'bad' is no value of irq/cli; allowed: if1 if0" },
		{ "irq/cli:if0:if1", R0 | R3, "'if1': a second value of axis ifwas (if1 if0)" },
		{ "insn/nop:fast", R3, "'fast' is no value of insn/nop; allowed: none" },
		{ "insn/nop@r7", R0 | R3, "'@r7' of insn/nop; allowed: @r0 @r3" },
		{ "irq/cli@r3", R0 | R3, "'@r3' of irq/cli; allowed: @r0" },
		{ "crossing/syscall_null@r0", R0 | R3, "allowed: @r3" },
		{ "nope*", R0 | R3, "no experiment matches 'nope*'" },
		{ "*@r1", R0 | R3, "no experiment matches '*@r1'" },
		{ "irq/*@r3", R0 | R3, "no experiment matches 'irq/*@r3'" },
		{ "insn/no?", R0 | R3, NULL },
		{ "insn/nop*[", R0 | R3, "no experiment matches" },
		{ "irq/cli", R3, "'irq/cli' runs in ring 0 only: use --lane vm" },
		{ "irq/cli@r0", R3, "'irq/cli@r0' runs in ring 0 only" },
		{ "insn/nop@r0", R3, "ring 0 only" },
		{ "irq/*", R3, "'irq/*' runs in ring 0 only" },
		{ "frame/point", R3, "'frame/point' runs in an armed task only: use --lane vm" },
		{ "frame/point:iret", R3, "frame/point:iret@cross means nothing: IRET takes" },
		{ "*@[rc][0r]*", R3, "runs in ring 0 or an armed task only" },
	};
	struct tg_selection s;
	char err[ERR_ROOM], small[64];

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		int rc = select_from(cases[i].rings, false, &s, err, cases[i].pattern);

		if (!cases[i].text) {
			assert_int_equal(rc, 0);
			tg_selection_free(&s);
			continue;
		}
		assert_int_equal(rc, -1);
		assert_null(s.points);
		assert_int_equal(s.n, 0);
		if (!strstr(err, cases[i].text) || strchr(err, '\n'))
			fail_msg("'%s': no \"%s\" in \"%s\"", cases[i].pattern, cases[i].text, err);
		/* one that names nothing spoils those that do */
		assert_int_equal(select_from(R0 | R3, true, &s, err, "insn/nop", "nope*",
					     cases[i].pattern), -1);
		assert_null(s.points);
		assert_non_null(strstr(err, "'nope*'"));
		for (size_t len = 1; len < sizeof(small); len++) {
			char *const pattern[] = { cases[i].pattern };
			char *exact = malloc(len);

			assert_non_null(exact);
			assert_int_equal(tg_select(pattern, 1, false, cases[i].rings, &s, exact,
						   len), -1);
			assert_in_range(strnlen(exact, len), 0, len - 1);
			free(exact);
		}
	}
	assert_int_equal(tg_select(NULL, 0, true, 0, &s, err, sizeof(err)), -1);
	assert_string_equal(err, "no experiment for this lane");
	assert_null(s.points);
}

/* Longer than any name: no match, a message, no overflow, with ring and without. */
static void very_long_patterns(void **state)
{
	static const char *const heads[] = { "", "irq/cli:", "irq/cli:if0@", "insn/", "fpu/xsave:dirty:" };
	static const size_t lengths[] = { 90, 99, 100, 101, 120, 127, 128, 129, 1000, 100000 };
	char *pattern = malloc(200000), err[ERR_ROOM];
	struct tg_selection s;

	(void)state;
	assert_non_null(pattern);
	for (size_t h = 0; h < NR(heads); h++) {
		for (size_t l = 0; l < NR(lengths); l++) {
			for (int tail = 0; tail < 3; tail++) {
				size_t len = strlen(heads[h]) + lengths[l];

				memset(pattern, 'x', len);
				memcpy(pattern, heads[h], strlen(heads[h]));
				strcpy(pattern + len, tail == 0 ? "" : tail == 1 ? "@r0" : "*");
				assert_int_equal(select_from(R0 | R3, true, &s, err, pattern), -1);
				assert_true(*err && !strchr(err, '\n'));
			}
		}
	}
	free(pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiers_and_rings),
		cmocka_unit_test(every_name_selects_its_point),
		cmocka_unit_test(patterns),
		cmocka_unit_test(patterns_that_name_nothing),
		cmocka_unit_test(very_long_patterns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("select", tests, collect_points, drop_points) ? 1 : 0;
}
