// SPDX-License-Identifier: GPL-2.0
/* The rows of claims that rehearsals of FPU switching feed: verdicts and where they flip. */
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

#define REHEARSAL	1	/* the weaker of two ways */

static void set(struct lab *l, const char *name, double value)
{
	char full[128];

	snprintf(full, sizeof(full), "fpu/%s@r3", name);
	lab_set(l->report, full, value, 0.1);
}

/* So much that the method is off by in one row unsettles what else holds, and it is named. */
static void hangs_on(struct lab *l, const char *name, double off)
{
	struct tg_ruling *r;
	char full[128];
	double was;

	snprintf(full, sizeof(full), "fpu/%s@r3", name);
	was = lab_figure(l->report, full)->value;
	lab_expect(l, TG_HOLDS);
	set(l, name, was + off);
	r = lab_ruling(l);
	if (r->by->answer != TG_NOT_RESOLVED)
		fail_msg("%s: %s does not matter", l->claim.id, full);
	lab_says(r->by->why, " with a floor of ");
	lab_says(r->by->why, full);
	tg_ruling_free(r);
	set(l, name, was);
	lab_expect(l, TG_HOLDS);
}

/* Every figure of one of the four cases of fpu.deferred; saved: by each scenario. */
static void set_deferred(struct lab *l, const char *strategy, const char *width, double saved,
			 double lost)
{
	static const char *const saving[] = { ":kthread%s%s:dirty", ":idle%s%s:dirty",
					      ":spin%s%s:unmodified" };
	char name[128], format[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(format, sizeof(format), "scenario%s", saving[i]);
		snprintf(name, sizeof(name), format, ":eager_skip", width);
		set(l, name, 500);
		snprintf(name, sizeof(name), format, strategy, width);
		set(l, name, 500 - saved);
	}
	snprintf(name, sizeof(name), "scenario:eager_skip%s:dirty", width);
	set(l, name, 500);
	snprintf(name, sizeof(name), "scenario%s%s:dirty", strategy, width);
	set(l, name, 500 + lost);
}

static void fpu_deferred(void **state)
{
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_deferred, REHEARSAL);
	set_deferred(&l, ":deferred", "", 200, 1);
	set_deferred(&l, ":deferred", ":avx512", 200, 1);
	set_deferred(&l, ":deferred_skip", "", 200, 1);
	set_deferred(&l, ":deferred_skip", ":avx512", 200, 1);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_HOLDS);
	assert_int_equal(r->by->way->by, TG_BY_REHEARSAL);
	tg_ruling_free(r);
	/* a kernel thread in between saves nothing without the skip */
	set(&l, "scenario:kthread:deferred:dirty", 510);
	set(&l, "scenario:kthread:deferred:avx512:dirty", 510);
	set(&l, "scenario:idle:deferred:dirty", 510);
	set(&l, "scenario:idle:deferred:avx512:dirty", 510);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_DEPENDS);
	assert_string_equal(r->by->why, "holds for AVX and skip, AVX-512 and skip; does not hold "
					"for AVX, AVX-512");
	tg_ruling_free(r);
	/* nor with it */
	set(&l, "scenario:kthread:deferred_skip:dirty", 510);
	set(&l, "scenario:kthread:deferred_skip:avx512:dirty", 510);
	set(&l, "scenario:idle:deferred_skip:dirty", 510);
	set(&l, "scenario:idle:deferred_skip:avx512:dirty", 510);
	lab_expect(&l, TG_HOLDS_NOT);
	/* it costs too much where it saves nothing: 5 cycles are the limit */
	set_deferred(&l, ":deferred", "", 200, 1);
	set_deferred(&l, ":deferred", ":avx512", 200, 1);
	set_deferred(&l, ":deferred_skip", "", 200, 4.6);
	set_deferred(&l, ":deferred_skip", ":avx512", 200, 4.6);
	lab_expect(&l, TG_HOLDS);
	set_deferred(&l, ":deferred_skip", ":avx512", 200, 5.4);
	lab_expect(&l, TG_DEPENDS);
	/* as much as its error: cannot be told */
	set_deferred(&l, ":deferred_skip", ":avx512", 200, 5);
	lab_expect(&l, TG_NOT_RESOLVED);
	set_deferred(&l, ":deferred_skip", ":avx512", 200, 1);
	lab_expect(&l, TG_HOLDS);
	/* nor can what is below the floor */
	set(&l, "scenario:enter:eager_skip:avx512:dirty", -3.5);
	lab_expect(&l, TG_HOLDS);
	set(&l, "scenario:enter:eager_skip:avx512:dirty", -4.5);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_NOT_RESOLVED);
	lab_says(r->by->why, " with a floor of 4.6 (fpu/scenario:enter:eager_skip:avx512:"
			     "dirty@r3), too wide to tell whether <=5");
	tg_ruling_free(r);
	set(&l, "scenario:enter:eager_skip:avx512:dirty", 0);
	lab_expect(&l, TG_HOLDS);
	/* what patch 1 costs is told, and is no condition */
	set(&l, "scenario:kthread:dirty", 800);
	set(&l, "scenario:idle:dirty", 800);
	lab_expect(&l, TG_HOLDS);
	/* asking on every way out counts in all cases, however it is measured */
	set(&l, "atomic:read:lfence:cold", 5.2);
	lab_expect(&l, TG_HOLDS_NOT);
	set(&l, "atomic:read:lfence:cold", 4.8);
	/* instructions of a virtual machine say nothing about cycles */
	for (size_t i = 0; i < l.report->nr_figures; i++)
		l.report->figures[i].unit = TG_UNIT_INSNS;
	lab_expect(&l, TG_CANNOT_HERE);
	lab_close(&l);
}

/* Each of its figures that is a difference of stays counts for no more than the floor. */
static void deferred_floors(void **state)
{
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_deferred, REHEARSAL);
	set_deferred(&l, ":deferred", "", 200, 0);
	set_deferred(&l, ":deferred", ":avx512", 200, 0);
	set_deferred(&l, ":deferred_skip", "", 200, 0);
	set_deferred(&l, ":deferred_skip", ":avx512", 200, 0);
	set(&l, "scenario:kthread:dirty", 800);
	set(&l, "scenario:idle:dirty", 800);
	/* what is saved */
	set_deferred(&l, ":deferred_skip", ":avx512", 3, 0);
	hangs_on(&l, "scenario:enter:avx512:dirty", 4);
	hangs_on(&l, "scenario:enter:lazy_ts:avx512:dirty", -4);
	hangs_on(&l, "scenario:idle:deferred_skip:avx512:dirty", 4);
	hangs_on(&l, "scenario:idle:eager_skip:avx512:dirty", 4);
	set_deferred(&l, ":deferred_skip", ":avx512", 200, 0);
	/* what is lost */
	set_deferred(&l, ":deferred", "", 200, 3);
	hangs_on(&l, "scenario:enter:lazy_counter:dirty", 4);
	hangs_on(&l, "scenario:idle:deferred:dirty", -4);
	hangs_on(&l, "scenario:idle:eager_skip:dirty", 4);
	set_deferred(&l, ":deferred", "", 200, 0);
	/* what patch 1 costs */
	set(&l, "scenario:kthread:dirty", 503);
	set(&l, "scenario:idle:dirty", 503);
	hangs_on(&l, "scenario:enter:lazy_ts_mirror:dirty", 4);
	hangs_on(&l, "scenario:idle:dirty", 4);
	hangs_on(&l, "scenario:idle:eager_skip:dirty", 4);
	lab_close(&l);
}

/* A whole stay. */
static void skip_floors(void **state)
{
	static const char *const widths[] = { "", ":avx512" };
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_skip, REHEARSAL);
	for (size_t i = 0; i < 4; i++) {
		char name[64];

		snprintf(name, sizeof(name), "scenario:%s:deferred%s:unmodified",
			 i % 2 ? "idle" : "kthread", widths[i / 2]);
		set(&l, name, 112);
	}
	hangs_on(&l, "scenario:enter:eager_skip:dirty", 4);
	hangs_on(&l, "scenario:enter:lazy_ts:avx512:dirty", 4);
	hangs_on(&l, "scenario:idle:deferred:unmodified", 4);
	hangs_on(&l, "scenario:idle:deferred_skip:avx512:unmodified", 4);
	lab_close(&l);
}

static void fpu_kernel(void **state)
{
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_kernel, REHEARSAL);
	set(&l, "scenario:enter:deferred:dirty", 10);
	set(&l, "scenario:kernel1:deferred:dirty", 410);
	set(&l, "scenario:kernel8:deferred:dirty", 410 + 7 * 99);
	lab_expect(&l, TG_HOLDS);
	set(&l, "scenario:kernel8:deferred:dirty", 410 + 7 * 101);
	lab_expect(&l, TG_HOLDS_NOT);
	set(&l, "scenario:kernel8:deferred:dirty", 410 + 7 * 100);
	lab_expect(&l, TG_NOT_RESOLVED);
	/* the first pair alone counts, not what it takes to get there */
	set(&l, "scenario:enter:deferred:dirty", 50);
	set(&l, "scenario:kernel8:deferred:dirty", 410 + 7 * 95);
	lab_expect(&l, TG_HOLDS_NOT);
	lab_close(&l);
}

static void fpu_guest(void **state)
{
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_guest, REHEARSAL);
	set(&l, "scenario:guest:deferred_skip:dirty", 400);
	set(&l, "scenario:guest:deferred_skip_owner:dirty", 390);
	hangs_on(&l, "scenario:enter:dirty", -12);
	hangs_on(&l, "scenario:idle:deferred_skip:dirty", 12);
	hangs_on(&l, "scenario:idle:deferred_skip_owner:dirty", 12);
	set(&l, "scenario:guest:deferred_skip_owner:dirty", 401);
	lab_expect(&l, TG_HOLDS_NOT);
	set(&l, "scenario:guest:deferred_skip_owner:dirty", 400);
	lab_expect(&l, TG_NOT_RESOLVED);
	/* fast and wrong does not hold */
	set(&l, "scenario:guest:deferred_skip_owner:dirty", 390);
	lab_drop(l.report, "fpu.guest/0");
	sample_proof(l.report, "fpu.guest/0", TG_PROOF_FAILED, "the guest runs with task 1's");
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_HOLDS_NOT);
	tg_ruling_free(r);
	lab_close(&l);
}

static void set_atomic(struct lab *l, const char *where, double locked, double other)
{
	static const char *const forms[] = { ":test", ":read", ":status" };
	char name[64];

	snprintf(name, sizeof(name), "atomic%s", where);
	set(l, name, locked);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "atomic%s%s", forms[i], where);
		set(l, name, other);
	}
}

/* Four cases, all must agree; three alternatives in each. */
static void fpu_atomic(void **state)
{
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_atomic, REHEARSAL);
	set_atomic(&l, "", 18, 1);
	set_atomic(&l, ":lfence", 18, 1);
	set_atomic(&l, ":cold", 18, 1);
	set_atomic(&l, ":lfence:cold", 18, 1);
	lab_expect(&l, TG_HOLDS);
	set_atomic(&l, "", 4.5, 1);
	r = lab_ruling(&l);
	assert_int_equal(r->by->answer, TG_DEPENDS);
	assert_string_equal(r->by->why,
			    "holds for hot with LFENCE, cold, cold with LFENCE; does not hold for hot");
	tg_ruling_free(r);
	set_atomic(&l, "", 18, 1);
	set(&l, "atomic:status:lfence:cold", 14);
	lab_expect(&l, TG_DEPENDS);
	set(&l, "atomic:status:lfence:cold", 13);
	lab_expect(&l, TG_NOT_RESOLVED);
	lab_close(&l);
}

/* The trap is dearer than anything that ring 3 sees of it: no verdict without its cost. */
static void fpu_counter(void **state)
{
	const struct tg_claim *claim = &tg_claims[TG_CLAIM_fpu_counter];
	const struct tg_report *report;
	struct tg_ruling *r;
	struct lab l;

	(void)state;
	lab_row(&l, TG_CLAIM_fpu_counter, REHEARSAL);
	set(&l, "scenario:use2:lazy_counter:dirty", 244);
	report = l.report;
	r = lab_judge(claim, &report, 1);
	assert_int_equal(r->by->answer, TG_NOT_YET);
	assert_string_equal(r->by->why, "nothing measures this yet: cycles of the trap itself, "
					"CLTS and STTS, which ring 3 cannot have");
	/* what there is stands beside it */
	assert_int_equal(r->by->way->by, TG_BY_REHEARSAL);
	assert_int_equal(r->by->nr_findings, 6);
	for (size_t i = 1; i < 6; i++)
		assert_int_equal(r->by->findings[i].result, TG_TOLD);
	assert_true(r->by->findings[2].value == 244);
	lab_says(r->by->findings[2].part->what, "1 use in 2 (of 16384 stays ");
	tg_ruling_free(r);
	lab_close(&l);
}

static void told(void **state)
{
	static const enum tg_claim_id ids[] = { TG_CLAIM_fpu_refresh, TG_CLAIM_fpu_prefetch };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t way = tg_claims[ids[i]].nr_ways - 1;
		struct tg_ruling *r;
		struct lab l;

		lab_row(&l, ids[i], way);
		r = lab_ruling(&l);
		assert_int_equal(r->by->answer, TG_ANSWERED);
		assert_int_equal(r->by->way->by, TG_BY_REHEARSAL);
		tg_ruling_free(r);
		lab_figure(l.report, l.way.parts[0].inputs[0].name)->error = 1e6;
		lab_expect(&l, TG_NOT_RESOLVED);
		lab_drop(l.report, l.way.parts[0].inputs[0].name);
		lab_expect(&l, TG_NOT_YET);
		lab_close(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fpu_deferred),
		cmocka_unit_test(deferred_floors),
		cmocka_unit_test(skip_floors),
		cmocka_unit_test(fpu_kernel),
		cmocka_unit_test(fpu_guest),
		cmocka_unit_test(fpu_atomic),
		cmocka_unit_test(fpu_counter),
		cmocka_unit_test(told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rehearsed claims", tests, NULL, NULL) ? 1 : 0;
}
