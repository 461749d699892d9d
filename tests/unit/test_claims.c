/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every row of claims.def, by each of its ways: what flips its verdict, and what
 * never settles it. test_claims_verdicts.c: every verdict that it can have.
 */
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

#include <tollgate/exp.h>

#include "claims_lab.h"
#include "sample_report.h"
#include "sample_runs.h"

static void expect(struct lab *l, enum tg_answer answer, const char *what)
{
	enum tg_answer got = lab_answer(l);

	if (got != answer)
		fail_msg("%s by way %d, %s: '%s', not '%s'", l->claim.id, l->way.by, what,
			 tg_answer_names[got], tg_answer_names[answer]);
}

static bool has_figures(const struct lab *l)
{
	return l->report->nr_figures > (l->way.demands & TG_DEMAND_GUEST ? 2 : 0);
}

typedef void (*try_fn)(struct lab *l);

/* Runs a trial over every way of every row. */
static void each_way(try_fn try)
{
	for (int i = 0; i < TG_NR_CLAIMS; i++) {
		for (size_t w = 0; w < tg_claims[i].nr_ways; w++) {
			struct lab l;

			lab_open(&l, &tg_claims[i], w);
			try(&l);
			lab_close(&l);
		}
	}
}

static enum tg_answer good_answer(const struct lab *l)
{
	return lab_is_question(l) ? TG_ANSWERED : TG_HOLDS;
}

/* One condition broken: does not hold, or, where other cases still do, depends. */
static enum tg_answer broken_answer(const struct lab *l, const struct tg_part *part)
{
	if (part->role == TG_ROLE_CHECK)
		return TG_NOT_RESOLVED;
	return *part->kase && lab_has_cases(l, part->kase) ? TG_DEPENDS : TG_HOLDS_NOT;
}

/* Everything good holds; each condition broken flips the verdict, mended flips it back. */
static void try_conditions(struct lab *l)
{
	expect(l, good_answer(l), "all is good");
	for (size_t i = 0; i < l->way.nr_parts; i++) {
		const struct tg_part *part = &l->way.parts[i];

		if (part->role != TG_ROLE_HOLDS && part->role != TG_ROLE_CHECK)
			continue;
		lab_aim(l, i, lab_bad(part), LAB_ERROR);
		expect(l, broken_answer(l, part), part->what);
		lab_all_good(l);
		expect(l, good_answer(l), "mended");
	}
}

static void conditions(void **state)
{
	(void)state;
	each_way(try_conditions);
}

/* A part at its target, and those before it, which it may feed, good again. */
static void aim_alone(struct lab *l, size_t at, double target)
{
	lab_aim(l, at, target, LAB_ERROR);
	while (at-- > 0)
		lab_aim(l, at, lab_good(&l->way.parts[at]), LAB_ERROR);
}

/* One figure just within a bound, then just beyond it. */
static void cross(struct lab *l, size_t at, double bound, bool upwards)
{
	const struct tg_part *part = &l->way.parts[at];
	bool counts = !strchr(part->inputs[0].name, '@');
	double step = fmax(fabs(bound) * (counts ? 0.01 : 1e-4), 1e-4);

	aim_alone(l, at, bound + (upwards ? -step : step));
	expect(l, good_answer(l), "just within its bound");
	aim_alone(l, at, bound + (upwards ? step : -step));
	expect(l, broken_answer(l, part), "just beyond its bound");
	lab_all_good(l);
}

/* ADD_UP's own bound: 2 % of the whole where that is more. */
static double most_of(const struct lab *l, const struct tg_part *part)
{
	double parts = 0;

	if (part->rule != TG_RULE_ADD_UP)
		return part->bounds->most;
	for (size_t i = 1; i < part->nr_inputs; i++)
		parts -= part->inputs[i].times *
			 tg_report_find(l->report, part->inputs[i].name)->value;
	/* whole - parts = 0.02 whole */
	return fmax(part->bounds->most, 0.02 * parts / 0.98);
}

static void try_crossing(struct lab *l)
{
	for (size_t i = 0; i < l->way.nr_parts; i++) {
		const struct tg_part *part = &l->way.parts[i];

		if ((part->role != TG_ROLE_HOLDS && part->role != TG_ROLE_CHECK) ||
		    !lab_is_numeric(part))
			continue;
		if (isfinite(part->bounds->least))
			cross(l, i, part->bounds->least, false);
		if (isfinite(part->bounds->most))
			cross(l, i, most_of(l, part), true);
	}
}

static void one_figure_across_the_threshold(void **state)
{
	(void)state;
	each_way(try_crossing);
}

/* An error that reaches over the bound, or over 0 where there is none. */
static void try_errors(struct lab *l)
{
	for (size_t i = 0; i < l->way.nr_parts; i++) {
		const struct tg_part *part = &l->way.parts[i];
		double error;

		if (!lab_is_numeric(part) || part->role == TG_ROLE_COST ||
		    !strchr(part->inputs[0].name, '@'))
			continue;
		error = 3 * fabs(tg_report_find(l->report, part->inputs[0].name)->value) + 100;
		lab_aim(l, i, lab_good(part), error);
		expect(l, TG_NOT_RESOLVED, "its error is too large");
		lab_aim(l, i, lab_good(part), LAB_ERROR);
	}
}

static void an_error_too_large(void **state)
{
	(void)state;
	each_way(try_errors);
}

/* Whether the loss of a figure leaves the verdict: another case's, while there are cases. */
static bool is_spare(const struct lab *l, const char *name)
{
	for (size_t i = 0; i < l->way.nr_parts; i++)
		for (size_t k = 0; k < l->way.parts[i].nr_inputs; k++)
			if (!strcmp(l->way.parts[i].inputs[k].name, name) &&
			    (!*l->way.parts[i].kase || !lab_has_cases(l, l->way.parts[i].kase)))
				return false;
	/* shared by all cases */
	return lab_has_cases(l, "") && strncmp(name, "insn/gs_", 8);
}

/* Of one input after another: nothing is settled without it. */
static void try_missing(struct lab *l)
{
	for (size_t i = 0; i < l->way.nr_parts; i++) {
		for (size_t k = 0; k < l->way.parts[i].nr_inputs; k++) {
			struct tg_report *whole = l->report;
			const char *name = l->way.parts[i].inputs[k].name;
			char dropped[128];

			snprintf(dropped, sizeof(dropped), "%s", name);
			if (l->way.parts[i].rule == TG_RULE_PROOFS)
				snprintf(dropped, sizeof(dropped), "%s/0", name);
			if (l->way.parts[i].rule == TG_RULE_TABLE)
				snprintf(dropped, sizeof(dropped), "fpu/%s%s",
					 k ? "xsavec:avx:dirty" : "fxrstor",
					 l->way.by == TG_BY_RING0 ? "@r0" : "@r3");
			lab_drop(l->report, dropped);
			expect(l, TG_NOT_YET, dropped);
			assert_ptr_equal(whole, l->report);
			lab_all_good(l);
		}
	}
}

static void nothing_is_settled_by_half(void **state)
{
	(void)state;
	each_way(try_missing);
}

static void all_figures(struct lab *l, void (*change)(struct tg_figure *f))
{
	for (size_t i = 0; i < l->report->nr_figures; i++)
		change(&l->report->figures[i]);
}

static void to_insns(struct tg_figure *f)
{
	f->unit = TG_UNIT_INSNS;
}

static void to_ticks(struct tg_figure *f)
{
	f->unit = TG_UNIT_TSC;
}

static void to_quick(struct tg_figure *f)
{
	f->quick = true;
}

static void to_few_rounds(struct tg_figure *f)
{
	f->nr_rounds = TG_FULL_ROUNDS - 1;
}

static void to_no_error(struct tg_figure *f)
{
	f->error = NAN;
}

static void to_skipped(struct tg_figure *f)
{
	f->status = TG_SKIPPED;
	f->value = f->error = NAN;
	f->nr_rounds = 0;
	replace_text(&f->reason, "this CPU lacks it");
}

static void to_refused(struct tg_figure *f)
{
	to_skipped(f);
	f->status = TG_REFUSED;
}

static void to_failed(struct tg_figure *f)
{
	to_skipped(f);
	f->status = TG_FAILED;
}

/* A cost that the CPU lacks is no loss, if nothing else is made of figures. */
static bool figures_are_costs(const struct lab *l)
{
	for (size_t i = 0; i < l->way.nr_parts; i++) {
		const struct tg_part *part = &l->way.parts[i];

		if (part->role != TG_ROLE_COST && strchr(part->inputs[0].name, '@'))
			return false;
	}
	return true;
}

/* All figures, then each alone, in a form that settles nothing. */
static void try_unusable(struct lab *l, void (*change)(struct tg_figure *f), enum tg_answer wanted)
{
	bool lacking = change == to_skipped || change == to_refused;

	/* of a table's rows one in ten will do */
	for (size_t i = 0; i < l->report->nr_figures;
	     i += l->way.parts[0].rule == TG_RULE_TABLE ? 10 : 1) {
		char name[128];

		snprintf(name, sizeof(name), "%s", l->report->figures[i].name);
		if (l->way.demands & TG_DEMAND_GUEST && !strncmp(name, "irq/", 4))
			continue;
		change(&l->report->figures[i]);
		/* a table takes what the CPU lacks, and so does a cost */
		if (lacking && (figures_are_costs(l) || l->way.parts[0].rule == TG_RULE_TABLE))
			expect(l, good_answer(l), name);
		else if (wanted == TG_CANNOT_HERE && is_spare(l, name))
			expect(l, good_answer(l), name);
		else
			expect(l, wanted, name);
		lab_drop(l->report, name);
		lab_all_good(l);
	}
	all_figures(l, change);
	if (has_figures(l) && !(lacking && figures_are_costs(l)))
		expect(l, wanted, "no figure can be used");
}

static void (*unusable)(struct tg_figure *f);
static enum tg_answer unusable_answer;

static void try_this(struct lab *l)
{
	if (has_figures(l))
		try_unusable(l, unusable, unusable_answer);
}

static void each_way_with(void (*change)(struct tg_figure *f), enum tg_answer wanted)
{
	unusable = change;
	unusable_answer = wanted;
	each_way(try_this);
}

static void insns_settle_nothing(void **state)
{
	(void)state;
	each_way_with(to_insns, TG_CANNOT_HERE);
}

static void ticks_settle_nothing(void **state)
{
	(void)state;
	each_way_with(to_ticks, TG_NOT_YET);
}

static void quick_figures_settle_nothing(void **state)
{
	(void)state;
	each_way_with(to_quick, TG_NOT_YET);
	each_way_with(to_few_rounds, TG_NOT_YET);
	each_way_with(to_no_error, TG_NOT_YET);
	each_way_with(to_failed, TG_NOT_YET);
}

static void what_the_machine_lacks(void **state)
{
	(void)state;
	each_way_with(to_skipped, TG_CANNOT_HERE);
	each_way_with(to_refused, TG_CANNOT_HERE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(one_figure_across_the_threshold),
		cmocka_unit_test(an_error_too_large),
		cmocka_unit_test(nothing_is_settled_by_half),
		cmocka_unit_test(insns_settle_nothing),
		cmocka_unit_test(ticks_settle_nothing),
		cmocka_unit_test(quick_figures_settle_nothing),
		cmocka_unit_test(what_the_machine_lacks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("claims", tests, NULL, NULL) ? 1 : 0;
}
