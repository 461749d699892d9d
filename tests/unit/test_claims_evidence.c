/* SPDX-License-Identifier: GPL-2.0 */
/* Which evidence counts, which way decides, and how a claim is found by name. */
#include <ctype.h>
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

#include "claims_lab.h"
#include "sample_report.h"
#include "sample_runs.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* In a virtual machine what the hypervisor traps is no evidence; on the metal it is. */
static void trapped_bodies(void **state)
{
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_gs_user, 0);
	lab_figure(l.report, "crossing/arch_get_fs@r3")->exits = true;
	lab_expect(&l, TG_HOLDS);
	replace_text(&l.report->env.hypervisor, "KVMKVMKVM");
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_CANNOT_HERE);
	lab_says(r->by->why, "trapped by the hypervisor");
	assert_int_equal(r->nr_unused, 1);
	assert_string_equal(r->unused[0].name, "crossing/arch_get_fs@r3");
	tg_ruling_free(r);
	lab_close(&l);
}

/* A disturbed figure is off by up to a quarter: enough for 8 to be not 5 at least. */
static void disturbed_figures(void **state)
{
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_gs_user, 0);
	lab_set(l.report, "crossing/arch_get_fs@r3", 800, 0.1);
	lab_figure(l.report, "crossing/arch_get_fs@r3")->disturbed = LAB_ROUNDS / 2 + 1;
	lab_expect(&l, TG_HOLDS);
	lab_set(l.report, "crossing/arch_get_fs@r3", 600, 0.1);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_NOT_RESOLVED);
	assert_true(r->by->findings[0].exhibits[0].disturbed);
	assert_true(r->by->findings[0].exhibits[0].error == 150);
	tg_ruling_free(r);
	lab_figure(l.report, "crossing/arch_get_fs@r3")->disturbed = LAB_ROUNDS / 2;
	lab_expect(&l, TG_HOLDS);
	lab_close(&l);
}

/* Reports taken together: of what can be used the undisturbed, of one lane; mean, worst error. */
static void several_reports(void **state)
{
	const struct tg_report *reports[3];
	const struct tg_exhibit *e;
	struct tg_ruling *r;
	struct lab l[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		lab_row(&l[i], TG_CLAIM_gs_user, 0);
		reports[i] = l[i].report;
	}
	lab_set(l[0].report, "gs/rdfsbase@r3", 10, 0.1);
	lab_set(l[1].report, "gs/rdfsbase@r3", 12, 0.2);
	lab_set(l[2].report, "gs/rdfsbase@r3", 50, 0.1);
	l[2].report->lane = TG_LANE_HOST;
	r = lab_judge(&tg_claims[TG_CLAIM_gs_user], reports, 3);
	e = &r->by->findings[0].exhibits[1];
	assert_true(e->nr == 2 && e->value == 11 && e->error == 1);
	tg_ruling_free(r);
	/* what cannot be used is named, and does not stand in the way */
	lab_figure(l[0].report, "gs/rdfsbase@r3")->unit = TG_UNIT_INSNS;
	lab_figure(l[1].report, "gs/rdfsbase@r3")->disturbed = LAB_ROUNDS;
	r = lab_judge(&tg_claims[TG_CLAIM_gs_user], reports, 3);
	e = &r->by->findings[0].exhibits[1];
	assert_true(e->nr == 1 && e->value == 50 && e->report == l[2].report);
	assert_int_equal(r->nr_unused, 1);
	assert_ptr_equal(r->unused[0].report, l[0].report);
	lab_says(r->unused[0].why, "instructions");
	tg_ruling_free(r);
	for (size_t i = 0; i < 3; i++)
		lab_close(&l[i]);
}

/* Both ways of one claim, in one report. */
static void the_strongest_way(void **state)
{
	const struct tg_claim *claim = &tg_claims[TG_CLAIM_fpu_skip];
	const struct tg_report *report;
	struct tg_ruling *r;
	struct lab ring0, rehearsal;

	(void)state;
	lab_open(&ring0, claim, 0);
	lab_row(&rehearsal, TG_CLAIM_fpu_skip, 1);
	/* as with a kernel thread between: no floor */
	lab_set(rehearsal.report, "fpu/scenario:idle:deferred:unmodified@r3", 112, LAB_ERROR);
	lab_set(rehearsal.report, "fpu/scenario:idle:deferred:avx512:unmodified@r3", 112,
		LAB_ERROR);
	for (size_t i = 0; i < ring0.report->nr_figures; i++) {
		const struct tg_figure *f = &ring0.report->figures[i];

		lab_set(rehearsal.report, f->name, f->value, f->error);
	}
	report = rehearsal.report;

	/* both hold: the stronger is named */
	r = lab_judge(claim, &report, 1);
	assert_int_equal(r->by->answer, TG_HOLDS);
	assert_int_equal(r->by->way->by, TG_BY_RING0);
	tg_ruling_free(r);
	/* even where it has less */
	lab_figure(rehearsal.report, "fpu/xrstor:amx:unmodified@r0")->status = TG_SKIPPED;
	r = lab_judge(claim, &report, 1);
	assert_int_equal(r->by->way->by, TG_BY_RING0);
	tg_ruling_free(r);
	lab_figure(rehearsal.report, "fpu/xrstor:amx:unmodified@r0")->status = TG_OK;
	/* they disagree: the stronger decides; so it does where it is not resolved */
	for (size_t i = 0; i < rehearsal.report->nr_figures; i++)
		if (strstr(rehearsal.report->figures[i].name, "unmodified@r0"))
			rehearsal.report->figures[i].value = 1;
	r = lab_judge(claim, &report, 1);
	assert_int_equal(r->by->answer, TG_HOLDS_NOT);
	tg_ruling_free(r);
	for (size_t i = 0; i < rehearsal.report->nr_figures; i++)
		if (strstr(rehearsal.report->figures[i].name, "unmodified@r0"))
			rehearsal.report->figures[i].error = 1e4;
	r = lab_judge(claim, &report, 1);
	assert_int_equal(r->by->answer, TG_NOT_RESOLVED);
	assert_int_equal(r->by->way->by, TG_BY_RING0);
	tg_ruling_free(r);
	/* it is in instructions, or not there: the weaker stands in */
	for (size_t i = 0; i < rehearsal.report->nr_figures; i++)
		if (strstr(rehearsal.report->figures[i].name, "@r0"))
			rehearsal.report->figures[i].unit = TG_UNIT_INSNS;
	r = lab_judge(claim, &report, 1);
	assert_int_equal(r->by->answer, TG_HOLDS);
	assert_int_equal(r->by->way->by, TG_BY_REHEARSAL);
	assert_true(r->nr_unused >= 7);
	tg_ruling_free(r);
	lab_close(&ring0);
	lab_close(&rehearsal);
}

/* A proof that failed in one report is not made good by another; names below the id count. */
static void proofs(void **state)
{
	const struct tg_report *again[2];
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_broken, 0);
	lab_expect(&l, TG_HOLDS);
	/* one proof in two reports is one proof, of the two that it takes */
	lab_drop(l.report, "fpu.broken/1");
	again[0] = again[1] = l.report;
	r = lab_judge(&l.claim, again, 2);
	assert_int_equal(r->by->answer, TG_NOT_YET);
	lab_says(r->by->why, "1 of at least 2 proofs");
	tg_ruling_free(r);
	sample_proof(l.report, "fpu.broken/1", TG_PROOF_PASSED, NULL);
	sample_proof(l.report, "fpu.brokenness", TG_PROOF_FAILED, "another name");
	lab_expect(&l, TG_HOLDS);
	sample_proof(l.report, "fpu.broken/1-5 again", TG_PROOF_FAILED, "no trace found");
	lab_expect(&l, TG_HOLDS_NOT);
	lab_close(&l);

	lab_row(&l, TG_CLAIM_frame_enough, 0);
	lab_expect(&l, TG_HOLDS);
	lab_drop(l.report, "frame.enough/0");
	lab_expect(&l, TG_NOT_YET);
	sample_proof(l.report, "frame.enough", TG_PROOF_PASSED, NULL);
	lab_expect(&l, TG_HOLDS);
	lab_close(&l);
}

static void matching(void **state)
{
	static const struct {
		const char *pattern, *says;
	} bad[] = {
		{ "gs.usr", "no claim 'gs.usr'; near: gs.user" },
		{ "user", "no claim 'user'; near: gs.user" },
		{ "fpu.Parts", "near: fpu.parts" },
		{ "boundry", "near: fpu.boundary" },
		{ "frame", "near: frame.rsp frame.flags" },
		{ "", "no claim ''; " },
		{ "x\n", "no claim 'x?'; " },
		{ "x\xff", "no claim 'x?'; " },
		{ "zzzzzzzzzzzzzzz", "allowed: patterns for irq.* ctx.* frame.* fpu.* gs.*" },
	};
	bool chosen[TG_NR_CLAIMS] = { false };
	char err[512], longest[4096];
	int nr = 0;

	(void)state;
	assert_int_equal(tg_claims_match("gs.user", chosen, err, sizeof(err)), 0);
	assert_int_equal(tg_claims_match("frame.*", chosen, err, sizeof(err)), 0);
	for (int i = 0; i < TG_NR_CLAIMS; i++)
		nr += chosen[i];
	assert_true(chosen[TG_CLAIM_gs_user] && chosen[TG_CLAIM_frame_iret] && nr == 9);
	for (size_t i = 0; i < NR(bad); i++) {
		assert_int_equal(tg_claims_match(bad[i].pattern, chosen, err, sizeof(err)), -1);
		lab_says(err, bad[i].says);
		for (const char *c = err; *c; c++)
			assert_true(isprint((unsigned char)*c));
	}
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(tg_claims_match(longest, chosen, err, sizeof(err)), -1);
	assert_int_equal(tg_claims_match("nope", chosen, err, 8), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trapped_bodies),
		cmocka_unit_test(disturbed_figures),
		cmocka_unit_test(several_reports),
		cmocka_unit_test(the_strongest_way),
		cmocka_unit_test(proofs),
		cmocka_unit_test(matching),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("evidence of claims", tests, NULL, NULL) ? 1 : 0;
}
