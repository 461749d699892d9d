/* SPDX-License-Identifier: GPL-2.0 */
/* Claims as they stand: their names, and rows whose rule is special. */
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

#include "claims_evidence.h"
#include "claims_lab.h"
#include "sample_report.h"
#include "sample_runs.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* Names of figures are points of experiments.def, or marked as yet to come; all else are ids. */
static void check_input(const struct tg_claim *claim, const struct tg_part *part,
			const struct tg_input *in)
{
	struct tg_point p;
	char err[256];
	bool known;

	if (!in->name || part->rule == TG_RULE_TABLE)
		return;
	if (!tg_is_figure(in->name)) {
		if (!tg_name_below(in->name, claim->id))
			fail_msg("%s is fed by %s, which is not its own", claim->id, in->name);
		return;
	}
	known = !tg_point_parse(in->name, &p, err, sizeof(err));
	if (known == in->later)
		fail_msg("%s: %s is %s", claim->id, in->name,
			 known ? "there, and marked as yet to come" : err);
	if (known) {
		char name[TG_NAME_MAX];

		tg_point_name(&p, name);
		assert_string_equal(name, in->name);
	}
}

static void check_way(const struct tg_claim *claim, const struct tg_way *way)
{
	lab_says(claim->settled_by, tg_by_names[way->by]);
	for (size_t i = 0; i < way->nr_parts; i++) {
		const struct tg_part *part = &way->parts[i];

		for (size_t k = 0; k < part->nr_inputs; k++) {
			const struct tg_input *in = &part->inputs[k];

			check_input(claim, part, in);
			assert_true(in->name ? in->times != 0 : part->nr_inputs == 1);
			/* the first input of a part feeds no later one */
			for (size_t n = 0; n < i && in->name; n++)
				if (way->parts[n].inputs[0].name &&
				    part->rule != TG_RULE_PROOFS && k == 0 &&
				    !strcmp(way->parts[n].inputs[0].name, in->name))
					fail_msg("%s: %s is first twice", claim->id, in->name);
			if (in->name && way->by == TG_BY_RING3 && tg_is_ring0(in->name))
				fail_msg("%s: %s by ring 3", claim->id, in->name);
		}
	}
}

static void the_list(void **state)
{
	(void)state;
	assert_int_equal(TG_NR_CLAIMS, 49);
	for (int i = 0; i < TG_NR_CLAIMS; i++) {
		const struct tg_claim *claim = &tg_claims[i];

		for (int k = 0; k < i; k++)
			assert_string_not_equal(tg_claims[k].id, claim->id);
		assert_true(!strncmp(claim->id, tg_threads[claim->thread].name,
				     strcspn(claim->id, ".")));
		assert_true(claim->nr_ways && *claim->text && *claim->holds_when);
		assert_true(tg_is_question(claim) == !strncmp(claim->holds_when, "answered", 8));
		for (size_t w = 0; w < claim->nr_ways; w++) {
			/* the strongest first */
			assert_true(!w || claim->ways[w].by > claim->ways[w - 1].by);
			check_way(claim, &claim->ways[w]);
		}
	}
}

/* With no figure at all: rows that nothing measures yet say so, the others name what is missing. */
static void nothing_measured(void **state)
{
	struct tg_report *r = bare_report();
	const struct tg_report *report = r;

	(void)state;
	while (r->nr_counts)
		lab_drop(r, r->counts[0].name);
	while (r->nr_histograms)
		lab_drop(r, r->histograms[0].name);
	while (r->nr_proofs)
		lab_drop(r, r->proofs[0].name);
	for (int i = 0; i < TG_NR_CLAIMS; i++) {
		struct tg_ruling *ruling = lab_judge(&tg_claims[i], &report, 1);
		const struct tg_judgement *j = ruling->by;

		assert_int_equal(j->answer, TG_NOT_YET);
		if (!strstr(j->why, j->empty ? "nothing" : "in the report"))
			fail_msg("%s: %s", tg_claims[i].id, j->why);
		tg_ruling_free(ruling);
	}
	tg_report_free(r);
}

/* The worst of four ratios decides, and the text says for which it holds. */
static void gs_user(void **state)
{
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_gs_user, 0);
	lab_set(l.report, "gs/wrgsbase@r3", 40, 0.1);
	lab_set(l.report, "crossing/arch_set_gs@r3", 199, 0.1);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_HOLDS_NOT);
	lab_says(r->by->why, "1 of 4 conditions does not; the furthest off: ARCH_SET_GS to WRGSBASE: 4.97");
	assert_int_equal(r->by->findings[0].result, TG_YES);
	assert_int_equal(r->by->findings[3].result, TG_NO);
	tg_ruling_free(r);
	lab_set(l.report, "crossing/arch_set_gs@r3", 201, 0.1);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_HOLDS);
	lab_says(r->by->why, "4 of 4 conditions hold; the closest: ARCH_SET_GS to WRGSBASE: 5.02");
	tg_ruling_free(r);
	/* not resolved says how large the error is */
	lab_set(l.report, "crossing/arch_set_gs@r3", 201, 8);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_NOT_RESOLVED);
	lab_says(r->by->why, "ARCH_SET_GS to WRGSBASE: 5.03x (4.82..5.23), too wide to tell "
			      "whether >=5");
	tg_ruling_free(r);
	lab_close(&l);
}

static void fpu_boundary(void **state)
{
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_boundary, 1);
	lab_set(l.report, "fpu/boundary@r3", 119, 0.4);
	lab_set(l.report, "fpu/boundary:dirty@r3", 421, 0.4);
	lab_set(l.report, "fpu/boundary:cpuid@r3", 420, 0.4);
	lab_set(l.report, "fpu/boundary:dirty:cpuid@r3", 421, 0.4);
	lab_set(l.report, "fpu/boundary:xsave@r3", 404, 0.4);
	lab_set(l.report, "fpu/boundary:xsave:cpuid@r3", 405, 0.4);
	lab_expect(&l, TG_HOLDS);
	/* a smaller saving without the exit; one that survives it */
	lab_set(l.report, "fpu/boundary@r3", 290, 0.4);
	lab_expect(&l, TG_HOLDS_NOT);
	lab_set(l.report, "fpu/boundary@r3", 119, 0.4);
	lab_set(l.report, "fpu/boundary:cpuid@r3", 300, 0.4);
	lab_expect(&l, TG_HOLDS_NOT);
	lab_set(l.report, "fpu/boundary:cpuid@r3", 420, 0.4);
	/* the exit itself empties caches: the control fails, and nothing is resolved */
	lab_set(l.report, "fpu/boundary:xsave:cpuid@r3", 800, 0.4);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_NOT_RESOLVED);
	lab_says(r->by->why, "a control fails: plain XSAVE with the exit to one without: 1.98");
	tg_ruling_free(r);
	lab_set(l.report, "fpu/boundary:cpuid@r3", 300, 0.4);
	lab_expect(&l, TG_NOT_RESOLVED);
	lab_set(l.report, "fpu/boundary:cpuid@r3", 420, 0.4);
	lab_set(l.report, "fpu/boundary:xsave:cpuid@r3", 405, 0.4);
	/* in a virtual machine exits do not matter here: they lie outside of the timed window */
	lab_figure(l.report, "fpu/boundary:cpuid@r3")->exits = false;
	lab_expect(&l, TG_HOLDS);
	replace_text(&l.report->env.hypervisor, "none");
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_CANNOT_HERE);
	lab_says(r->by->why, "no hypervisor");
	tg_ruling_free(r);
	while (l.report->nr_figures)
		lab_drop(l.report, l.report->figures[0].name);
	lab_expect(&l, TG_CANNOT_HERE);
	lab_close(&l);
}

static void fpu_parts(void **state)
{
	size_t all, lacking = 0;
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_parts, 1);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_ANSWERED);
	all = r->by->findings[0].nr_exhibits;
	assert_true(all == l.report->nr_figures && all >= 149);
	tg_ruling_free(r);
	/* what the CPU lacks belongs to the table; what nobody measured is missing */
	for (size_t i = 0; i < l.report->nr_figures; i++) {
		struct tg_figure *f = &l.report->figures[i];

		if (!strstr(f->name, ":amx"))
			continue;
		lacking++;
		f->status = TG_SKIPPED;
		replace_text(&f->reason, "XCR0 lacks state components 0x60000");
	}
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_ANSWERED);
	assert_true(r->by->findings[0].value == (double)(all - lacking) && lacking >= 20);
	tg_ruling_free(r);
	lab_drop(l.report, "fpu/xsaveopt:avx512:dirty:other@r3");
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_NOT_YET);
	assert_string_equal(r->by->why, "not in the report: fpu/xsaveopt:avx512:dirty:other@r3");
	tg_ruling_free(r);
	lab_set(l.report, "fpu/xsaveopt:avx512:dirty:other@r3", 1, 2);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_NOT_RESOLVED);
	lab_says(r->by->why, "fpu/xsaveopt:avx512:dirty:other@r3: smaller than its error");
	tg_ruling_free(r);
	lab_close(&l);
}

/* Components differ: depends on which; what the CPU lacks is no case. */
static void fpu_skip(void **state)
{
	struct tg_ruling *r;
	struct tg_figure *f;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_skip, 1);
	lab_set(l.report, "insn/gs_load@r3", 5, 0.01);
	lab_set(l.report, "fpu/xrstor:unmodified@r3", 24, 0.1);
	lab_set(l.report, "fpu/xrstor:sse:unmodified@r3", 26, 0.1);
	/* idling is as what the whole stay is: no floor */
	lab_set(l.report, "fpu/scenario:idle:deferred:unmodified@r3", 112, 0.1);
	lab_set(l.report, "fpu/scenario:idle:deferred:avx512:unmodified@r3", 112, 0.1);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_DEPENDS);
	assert_string_equal(r->by->why, "holds for sse, avx, avx512, all, amx; does not hold for x87");
	tg_ruling_free(r);
	f = lab_figure(l.report, "fpu/xrstor:amx:unmodified@r3");
	f->status = TG_SKIPPED;
	replace_text(&f->reason, "XCR0 lacks state components 0x60000");
	lab_set(l.report, "fpu/xrstor:unmodified@r3", 26, 0.1);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_HOLDS);
	assert_int_equal(r->by->way->by, TG_BY_REHEARSAL);
	lab_says(r->by->why, "7 of 8 conditions hold; the closest: ");
	tg_ruling_free(r);
	/* a rehearsal says what it left out; the same figure is none for ring 3 */
	f = lab_figure(l.report, "fpu/xrstor:sse:unmodified@r3");
	f->left_out = calloc(1, sizeof(*f->left_out));
	f->left_out[f->nr_left_out++] = strdup("clts");
	lab_expect(&l, TG_HOLDS);
	l.way.by = TG_BY_RING3;
	r = lab_ruling(&l);
	lab_says(r->unused[0].why, "a rehearsal, which leaves out: clts");
	lab_says(r->by->findings[1].why, "a rehearsal, which leaves out: clts");
	tg_ruling_free(r);
	lab_close(&l);
}

/* CLI and STI: ring 0 must be native. */
static void irq_native(void **state)
{
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_irq_sti, 0);
	l.report->lane = TG_LANE_HOST;
	lab_set(l.report, "irq/sti@r0", 1.2, 0.1);
	lab_expect(&l, TG_HOLDS);
	lab_set(l.report, "irq/sti@r0", 0.8, 0.1);
	lab_expect(&l, TG_HOLDS_NOT);
	lab_set(l.report, "irq/sti@r0", 1.05, 0.1);
	lab_expect(&l, TG_NOT_RESOLVED);

	lab_set(l.report, "irq/sti@r0", 3, 0.1);
	replace_text(&l.report->env.hypervisor, "KVMKVMKVM");
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_CANNOT_HERE);
	lab_says(r->by->why, "no irq/cli@r0 beside it shows that ring 0 is native");
	tg_ruling_free(r);
	lab_set(l.report, "irq/cli@r0", 1841, 20);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_CANNOT_HERE);
	lab_says(r->by->why, "irq/cli@r0 takes 1841 cycles, more than 200");
	tg_ruling_free(r);
	lab_set(l.report, "irq/cli@r0", 3, 0.1);
	lab_expect(&l, TG_HOLDS);
	l.report->lane = TG_LANE_VM;
	replace_text(&l.report->env.accel, "kvm");
	lab_expect(&l, TG_HOLDS);
	replace_text(&l.report->env.accel, "tcg");
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_CANNOT_HERE);
	lab_says(r->by->why, "emulator");
	tg_ruling_free(r);
	replace_text(&l.report->env.accel, NULL);
	replace_text(&l.report->env.hypervisor, "TCGTCGTCGTCG");
	lab_expect(&l, TG_CANNOT_HERE);
	lab_close(&l);
}

/* Counts of an emulator are none of a workload on real silicon. */
static void irq_hierarchy(void **state)
{
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_irq_hierarchy, 0);
	lab_expect(&l, TG_HOLDS);
	replace_text(&l.report->env.hypervisor, "TCGTCGTCGTCG");
	lab_expect(&l, TG_CANNOT_HERE);
	replace_text(&l.report->env.hypervisor, "KVMKVMKVM");
	lab_expect(&l, TG_HOLDS);
	/* few counts have large errors: 33 to 10 is above 3, and not beyond chance */
	for (size_t i = 0; i < 4; i++) {
		static const char *const kinds[] = { "syscall", "fault", "interrupt", "switch" };
		static const double few[] = { 3300, 330, 33, 10 };
		char name[64];

		snprintf(name, sizeof(name), "irq.hierarchy/%s", kinds[i]);
		lab_drop(l.report, name);
		sample_count(l.report, name, few[i], NULL);
	}
	lab_expect(&l, TG_NOT_RESOLVED);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list),
		cmocka_unit_test(nothing_measured),
		cmocka_unit_test(gs_user),
		cmocka_unit_test(fpu_boundary),
		cmocka_unit_test(fpu_parts),
		cmocka_unit_test(fpu_skip),
		cmocka_unit_test(irq_native),
		cmocka_unit_test(irq_hierarchy),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rows of claims", tests, NULL, NULL) ? 1 : 0;
}
