// SPDX-License-Identifier: GPL-2.0
/*
 * Crossings assert their events and leave nothing behind: no partner, no
 * descriptor, no handler.
 */
#include "crossing_testing.h"

/* Every point measures, or says why not, and leaves nothing behind. */
static void every_row(void **state)
{
	int before = open_files(), e, ran = 0;
	struct tg_samples out;
	struct sigaction sa;
	struct tg_point p;
	char why[256], name[TG_NAME_MAX];

	(void)state;
	for (e = 0; e < TG_NR_EXPS; e++) {
		if (tg_exps[e].family_id != TG_FAMILY_crossing || !tg_point_first(&p, e, 3))
			continue;
		do {
			struct tg_request q = { .point = p, .node = -1, .samples = SAMPLES,
						.loops = LOOPS };
			enum tg_status st = tg_ring3_measure(&q, &out, why, sizeof(why));

			tg_point_name(&p, name);
			if (st == TG_OK) {
				assert_int_equal(out.n[TG_HI], SAMPLES);
				assert_int_equal(out.n[TG_LO], SAMPLES);
				tg_samples_free(&out);
				ran++;
			} else {
				print_message("# %s: %s\n", name, why);
				if (st != TG_SKIPPED)
					fail_msg("%s: %s", name, why);
			}
			assert_null(tg_board);
			assert_int_equal(tg_partner_pid(), 0);
			assert_int_equal(open_files(), before);
		} while (tg_point_next(&p));
	}
	assert_true(ran >= 15);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	sigaction(SIGUSR1, NULL, &sa);
	assert_ptr_equal(sa.sa_handler, SIG_DFL);
	sigaction(SIGCHLD, NULL, &sa);
	assert_ptr_equal(sa.sa_handler, SIG_DFL);
}

/* A call that shows what it must is right; one event more or less is not. */
static void counts(int off)
{
	static const char *const names[] = {
		"crossing/syscall_null@r3", "crossing/syscall_invalid@r3", "crossing/int80@r3",
		"crossing/vdso_clock@r3", "crossing/arch_set_gs@r3", "crossing/eventfd@r3",
		"crossing/tgkill@r3", "crossing/fault_zero@r3", "crossing/fault_anon@r3",
		"crossing/fault_anon:cold@r3",
		"crossing/signal_usr1@r3", "crossing/signal_segv@r3", "crossing/int3@r3",
		"crossing/ud2@r3", "crossing/switch_pipe@r3", "crossing/switch_futex@r3",
		"crossing/cpuid@r3",
	};
	const unsigned int hi = LOOPS * TG_HI_crossing;
	struct tg_sampler s;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		/* these drop as many pages as they expect faults */
		if (off < 0 && strstr(names[i], "fault_"))
			continue;
		if (begin(names[i], &s) == TG_SKIPPED)
			continue;
		call(&s, TG_HI);
		call(&s, TG_LO);
		assert_events(hi, hi);
		/* the sequence counts from the truth, so a wrong expectation shows it */
		s.series[TG_HI].args.a0 = hi + off;
		call(&s, TG_HI);
		assert_events(hi, hi + off);
		assert_int_equal(tg_board->wrong, 1);
		tg_crossing_end();
	}
}

static void an_event_is_missing(void **state)
{
	(void)state;
	counts(1);
}

static void an_event_too_many(void **state)
{
	(void)state;
	counts(-1);
}

static void no_call_is_no_event(void **state)
{
	struct tg_sampler s;
	char why[256];

	(void)state;
	begin_or_skip("crossing/syscall_null@r3", &s);
	assert_int_equal(tg_crossing_check(why, sizeof(why)), TG_FAILED);
	tg_crossing_end();
}

/* Signals that do not arrive are missed, and no sample is kept. */
static void a_blocked_signal_is_missed(void **state)
{
	struct tg_samples out = { 0 };
	struct tg_sampler s;
	char why[256] = "";
	sigset_t set;

	(void)state;
	begin_or_skip("crossing/signal_usr1@r3", &s);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_false(take_samples(&s, NULL, &out, why, sizeof(why)));
	assert_int_equal(s.series[TG_HI].kept + s.series[TG_LO].kept, 0);
	assert_int_equal(tg_crossing_check(why, sizeof(why)), TG_FAILED);
	assert_int_equal(strncmp(why, "0 of ", 5), 0);
	signal(SIGUSR1, SIG_IGN);	/* forgets the one that waits */
	tg_crossing_end();
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	assert_false(sigismember(&set, SIGUSR1));
}

/* A mask that was inherited does not keep signals out, and comes back. */
static void an_inherited_mask(void **state)
{
	struct tg_sampler s;
	sigset_t set, after;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	begin_or_skip("crossing/signal_usr1@r3", &s);
	call(&s, TG_LO);
	assert_events(1, 1);
	tg_crossing_end();
	sigprocmask(SIG_UNBLOCK, &set, &after);
	assert_true(sigismember(&after, SIGUSR1));
}

static void dead_partner(const char *name)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	struct tg_sampler s;
	pid_t pid;
	int i;

	begin_or_skip(name, &s);
	call(&s, TG_HI);
	pid = tg_partner_pid();
	assert_true(pid > 0);
	kill(pid, SIGKILL);
	/* on this very CPU: it dies when it gets its turn */
	for (i = 0; i < 1000 && !tg_board->dead; i++)
		nanosleep(&ms, NULL);
	assert_true(tg_board->dead);
	for (i = 0; i < 10; i++)
		call(&s, TG_HI);
	assert_events(0, LOOPS * TG_HI_crossing);
	assert_int_equal(tg_board->wrong, 10);
	tg_crossing_end();
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void pipe_partner_dies(void **state)
{
	(void)state;
	dead_partner("crossing/switch_pipe@r3");
}

static void futex_partner_dies(void **state)
{
	(void)state;
	dead_partner("crossing/switch_futex@r3");
}

/* Alone, a task yields to nobody; another on this CPU may come along, rarely. */
static void yield_partner_dies(void **state)
{
	struct tg_sampler s;
	char why[256];
	int i;

	(void)state;
	begin_or_skip("crossing/switch_yield@r3", &s);
	tg_partner_end();
	for (i = 0; i < 100; i++)
		call(&s, TG_HI);
	assert_true(tg_board->wrong > 50);
	assert_int_equal(tg_crossing_check(why, sizeof(why)), TG_FAILED);
	tg_crossing_end();
}

/* Kills a process that has a partner: the partner must follow. */
static void killed_round(const char *name)
{
	pid_t child, partner = 0, got = 0;
	int told[2], status, i;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(told), 0);
	child = fork();
	if (!child) {
		struct tg_sampler s;

		if (begin(name, &s) == TG_OK)
			partner = tg_partner_pid();
		if (write(told[1], &partner, sizeof(partner)) != sizeof(partner) || !partner)
			_exit(0);
		for (;;)
			call(&s, TG_HI);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &partner, sizeof(partner)), sizeof(partner));
	close(told[0]);
	usleep(20000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!partner)
		skip();
	for (i = 0; i < 2000 && got != partner; i++) {
		usleep(1000);
		got = waitpid(partner, &status, WNOHANG);
	}
	assert_int_equal(got, partner);
}

static void pipe_round_killed(void **state)
{
	(void)state;
	killed_round("crossing/switch_pipe@r3");
}

static void futex_round_killed(void **state)
{
	(void)state;
	killed_round("crossing/switch_futex@r3");
}

static void yield_round_killed(void **state)
{
	(void)state;
	killed_round("crossing/switch_yield@r3");
}

/* The handler skips the row's own fault; any other ends the process. */
static void a_foreign_fault_kills(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child) {
		struct tg_sampler s;

		if (begin("crossing/signal_segv@r3", &s) != TG_OK)
			_exit(1);
		call(&s, TG_HI);
		*(volatile int *)(tg_board->a0 + 8) = 1;
		_exit(2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void vdso(void **state)
{
	int (*gettime)(clockid_t, struct timespec *) = tg_vdso_function("__vdso_clock_gettime");
	struct timespec a, b, c;

	(void)state;
	assert_null(tg_vdso_function("__vdso_clock_gettim"));
	assert_null(tg_vdso_function(""));
	if (!gettime)
		skip();
	assert_int_equal(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &a), 0);
	assert_int_equal(gettime(CLOCK_MONOTONIC, &b), 0);
	assert_int_equal(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &c), 0);
	assert_true(a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec <= b.tv_nsec));
	assert_true(b.tv_sec < c.tv_sec || (b.tv_sec == c.tv_sec && b.tv_nsec <= c.tv_nsec));
}

/* A switch between CPUs is none of ours. */
static void an_unpinned_process_is_refused(void **state)
{
	struct tg_sampler s;
	cpu_set_t all, was;

	(void)state;
	sched_getaffinity(0, sizeof(was), &was);
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	sched_getaffinity(0, sizeof(all), &all);
	if (CPU_COUNT(&all) == 1)
		skip();
	assert_int_equal(begin("crossing/switch_pipe@r3", &s), TG_FAILED);
	assert_null(tg_board);
	sched_setaffinity(0, sizeof(was), &was);
}

/* Who runs next is the scheduler's choice: some calls may fall short, too many are no reading. */
static void yields_fall_short(void **state)
{
	static const struct {
		unsigned int wrong;
		enum tg_status st;
	} cases[] = {
		{ 0, TG_OK }, { 14, TG_OK }, { 15, TG_SKIPPED }, { 99, TG_SKIPPED },
		{ 100, TG_FAILED },
	};
	struct tg_sampler s;
	char why[256];

	(void)state;
	begin_or_skip("crossing/switch_yield@r3", &s);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tg_board->calls = 100;
		tg_board->wrong = cases[i].wrong;
		assert_int_equal(tg_crossing_check(why, sizeof(why)), cases[i].st);
	}
	tg_crossing_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(an_event_is_missing),
		cmocka_unit_test(an_event_too_many),
		cmocka_unit_test(no_call_is_no_event),
		cmocka_unit_test(a_blocked_signal_is_missed),
		cmocka_unit_test(an_inherited_mask),
		cmocka_unit_test(pipe_partner_dies),
		cmocka_unit_test(futex_partner_dies),
		cmocka_unit_test(yields_fall_short),
		cmocka_unit_test(yield_partner_dies),
		cmocka_unit_test(pipe_round_killed),
		cmocka_unit_test(futex_round_killed),
		cmocka_unit_test(yield_round_killed),
		cmocka_unit_test(a_foreign_fault_kills),
		cmocka_unit_test(vdso),
		cmocka_unit_test(an_unpinned_process_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, pin, NULL);
}
