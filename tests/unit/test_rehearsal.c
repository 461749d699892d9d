// SPDX-License-Identifier: GPL-2.0
/* The engine over fpu/scenario: a context with wrong registers is a failed figure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define tgs_checked tgs_planted
#include "../../bench/ring3.c"
#include "../../bench/scenario.c"

int planted = TGF_NR_GUARDS;

static enum tg_status measure(const char *name, struct tg_samples *out, char *why, size_t len)
{
	struct tg_request q = { .node = -1, .samples = 8, .loops = 2, .step = 1 };

	if (tg_point_parse(name, &q.point, why, len))
		fail_msg("%s", why);
	return tg_ring3_measure(&q, out, why, len);
}

static void sound(void **state)
{
	struct tg_samples s;
	char why[256] = "";
	enum tg_status st;

	(void)state;
	planted = TGF_NR_GUARDS;
	st = measure("fpu/scenario:kernel2:dirty@r3", &s, why, sizeof(why));
	if (st == TG_SKIPPED)
		skip();
	if (st != TG_OK)
		fail_msg("%s", why);
	assert_true(s.fenced && s.n[TG_HI] == 8 && s.n[TG_PREP_LO] == 8);
	assert_int_equal(s.copies, 2 * (TG_STEPS_HI - TG_STEPS_LO));
	assert_true(s.tally.steps && s.tally.saves == 2 * s.tally.steps);
	tg_samples_free(&s);
	st = measure("fpu/scenario:use8:dirty@r3", &s, why, sizeof(why));
	assert_int_equal(st, TG_OK);
	assert_int_equal(s.copies, 16 * 2 * (TG_STEPS_HI - TG_STEPS_LO));
	tg_samples_free(&s);
	/* nothing measured against itself */
	st = measure("fpu/scenario:enter:dirty@r3", &s, why, sizeof(why));
	assert_int_equal(st, TG_OK);
	assert_false(s.fenced);
	tg_samples_free(&s);
}

/* Rounds time more samples or fewer; what they count is the same. */
static void same_counts(void **state)
{
	static const char *const names[] = {
		"fpu/scenario:kthread:lazy_counter:dirty@r3",
		"fpu/scenario:use2:lazy_counter:dirty@r3",
	};

	(void)state;
	planted = TGF_NR_GUARDS;
	for (size_t i = 0; i < 2; i++) {
		struct tg_tally first;

		for (int samples = 4; samples < 40; samples += 3) {
			struct tg_request q = { .node = -1, .samples = samples, .loops = 1,
						.step = 1 };
			struct tg_samples s;
			char why[256] = "";
			enum tg_status st;

			assert_int_equal(tg_point_parse(names[i], &q.point, why, sizeof(why)), 0);
			st = tg_ring3_measure(&q, &s, why, sizeof(why));
			if (st == TG_SKIPPED)
				skip();
			assert_int_equal(st, TG_OK);
			if (samples == 4)
				first = s.tally;
			assert_memory_equal(&first, &s.tally, sizeof(first));
			tg_samples_free(&s);
		}
	}
}

static void planted_fault(void **state)
{
	struct tg_samples s;
	char why[256] = "";

	(void)state;
	planted = TGF_GUARD_SKIP_OWNER;
	if (measure("fpu/scenario:deferred_skip:dirty@r3", &s, why, sizeof(why)) == TG_SKIPPED)
		skip();
	assert_non_null(strstr(why, " runs with registers that are not its own (check "));
	assert_int_equal(measure("fpu/scenario:deferred_skip:dirty@r3", &s, why, sizeof(why)), TG_FAILED);
	assert_null(s.room);
	/* contexts in their initial state are alike: there those that differ tell */
	planted = TGF_GUARD_SWITCH_RELOAD;
	assert_int_equal(measure("fpu/scenario:deferred@r3", &s, why, sizeof(why)), TG_FAILED);
	assert_non_null(strstr(why, " runs with registers that are not its own (check "));
	/* the next figure is none the worse for it */
	planted = TGF_NR_GUARDS;
	assert_int_equal(measure("fpu/scenario:deferred_skip:dirty@r3", &s, why, sizeof(why)), TG_OK);
	tg_samples_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound),
		cmocka_unit_test(same_counts),
		cmocka_unit_test(planted_fault),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rehearsal", tests, NULL, NULL) ? 1 : 0;
}
