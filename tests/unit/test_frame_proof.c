// SPDX-License-Identifier: GPL-2.0
/*
 * The proof of frame.enough: how many cases there are, that each search ends as it must, that
 * one which must not does not, and what a trace tells. PLANTED: frames that lack what makes
 * RESTORE_TOP_OF_STACK needless, for which no search of (a) and (b) may end well.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <tollgate/exp.h>

#include "frame_proof.h"

volatile sig_atomic_t tg_interrupted;

static struct tgp_result result;

static const struct tgp_search *named(const char *name)
{
	for (int i = 0; i < tgp_nr_searches; i++)
		if (!strcmp(tgp_searches[i].name, name))
			return &tgp_searches[i];
	fail_msg("no search %s", name);
	return NULL;
}

/* The trace of a fault's shortest case. */
static const char *told(int reg)
{
	static char text[1024];
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	tgp_tell(f, "", &result.fault[reg].shortest, &result.fault[reg].seen);
	fclose(f);
	return text;
}

static void run(const struct tgp_search *s, int steps)
{
	assert_int_equal(tgp_search(s, steps, &result), 0);
}

#ifdef PLANTED
static void planted_is_found(void **state)
{
	static const char *const enough[] = {
		"frame/enough/rsp_flags", "frame/enough/rsp_flags_rest"
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		run(named(enough[i]), 2);
		assert_false(tgp_as_expected(named(enough[i]), &result));
		assert_int_equal(result.lost, PLANTED);
		/* the slot is another's after a context switch that drops usersp */
		assert_string_equal(told(TG_REG(SP)),
				    "user 0; a call that sleeps without usersp; SYSRET\n"
				    "sp is 0x7f0000001230, and must be 0x7f0010100000, as the user "
				    "gets it\n");
		assert_int_equal(result.fault[TG_REG(FLAGS)].shortest.steps, 1);
		assert_non_null(strstr(told(TG_REG(FLAGS)), "; no RESTORE, SYSRET\nflags is "));
	}
	/* with RESTORE nothing is lost: that is what it was for */
	run(named("frame/restored/rsp"), 2);
	assert_true(tgp_as_expected(named("frame/restored/rsp"), &result));
}
#else
static void each_ends_as_it_must(void **state)
{
	(void)state;
	for (int i = 0; i < tgp_nr_searches; i++) {
		run(&tgp_searches[i], 2);
		if (!tgp_as_expected(&tgp_searches[i], &result))
			fail_msg("%s: lost %#x", tgp_searches[i].name, result.lost);
		assert_true(result.calls > 20000);
		for (int reg = 0; reg < TG_NR_REGS; reg++)
			assert_int_equal(!!result.fault[reg].times, result.lost >> reg & 1);
	}
}

/*
 * p paths: 1, p and 2 p^2 sequences by SYSRET, all but the first by IRET as well; times the
 * calls and users; with RESTORE and without.
 */
static void numbers_of_cases(void **state)
{
	size_t all = tgp_nr_slow_paths, kept = 0;

	(void)state;
	for (int i = 0; i < tgp_nr_slow_paths; i++)
		kept += !tgp_slow_paths[i].dropped;
	assert_int_equal(all, 34);
	assert_int_equal(kept, 31);
	run(named("frame/enough/rsp_flags"), 2);
	assert_int_equal(result.calls, 9 * (1 + 4 * (all + 2 * all * all)));
	assert_int_equal(result.seen, 9 * 4 * (all + 2 * 2 * all * all));
	run(named("frame/enough/rsp_flags"), 1);
	assert_int_equal(result.calls, 9 * (1 + 4 * all));
	run(named("frame/control/rsp"), 2);
	assert_int_equal(result.calls, 6 * (1 + 2 * (kept + 2 * kept * kept)));
}

/* A search that expects other than there is does not end well. */
static void a_loss_is_a_failure(void **state)
{
	struct tgp_search s = *named("frame/control/rsp");

	(void)state;
	s.lost = 0;
	run(&s, 1);
	assert_false(tgp_as_expected(&s, &result));
	assert_int_equal(result.lost, TG_LOST(FLAGS));
	assert_non_null(strstr(told(TG_REG(FLAGS)), "user 0; a call; fix-up, sigreturn; "
			       "no RESTORE, SYSRET\nflags is "));
	s.lost = TG_LOST(SP) | TG_LOST(FLAGS);
	assert_false(tgp_as_expected(&s, &result));

	s = *named("frame/enough/rsp_flags");
	s.lost = TG_LOST(SP);
	run(&s, 1);
	assert_false(tgp_as_expected(&s, &result));
	/* both ways at once, where they are not the same */
	s = *named("frame/enough/rsp_flags");
	s.frame = TG_ON(frame, partial);
	run(&s, 1);
	assert_false(tgp_as_expected(&s, &result));
	assert_int_equal(result.lost, TG_LOST(SP) | TG_LOST(FLAGS));
}

/* Word for word, as a person reads them. */
static void traces(void **state)
{
	(void)state;
	run(named("frame/control/switch"), 1);
	assert_string_equal(told(TG_REG(SP)),
			    "user 0; a call that sleeps without usersp; SYSRET\n"
			    "sp is 0x7f0000001230, and must be 0x7f0010100000, as the user gets "
			    "it\n");
	run(named("frame/planted/ss"), 1);
	assert_non_null(strstr(told(TG_REG(SS)), "must be 0x2b, as slow path 1 sees it\n"));
}

static void an_interrupt_ends_it(void **state)
{
	(void)state;
	tg_interrupted = 1;
	assert_int_equal(tgp_search(named("frame/enough/rsp_flags"), 3, &result), -1);
	assert_int_equal(errno, EINTR);
	tg_interrupted = 0;
}

/* GS base and the signals that are blocked are as they were. */
static void nothing_is_left(void **state)
{
	unsigned long before = 0, behind = 0;
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGUSR1));
	syscall(SYS_arch_prctl, ARCH_SET_GS, state);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &before);
	run(named("frame/enough/rsp_flags"), 1);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &behind);
	assert_ptr_equal((void *)before, state);
	assert_int_equal(before, behind);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGUSR1));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef PLANTED
		cmocka_unit_test(planted_is_found),
#else
		cmocka_unit_test(each_ends_as_it_must),
		cmocka_unit_test(numbers_of_cases),
		cmocka_unit_test(a_loss_is_a_failure),
		cmocka_unit_test(traces),
		cmocka_unit_test(an_interrupt_ends_it),
		cmocka_unit_test(nothing_is_left),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
