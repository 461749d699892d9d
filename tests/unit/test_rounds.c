/* SPDX-License-Identifier: GPL-2.0 */
/* What the rounds of a run lean on: core states, sample lengths, other kernel memory. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core_state.h"
#include "reading.h"
#include "stats.h"
#include "stir.h"
#include "testing.h"

static void spans(void **state)
{
	static const struct {
		double before, after;
		bool one;
	} cases[] = {
		{ 184.8, 184.8, true }, { 184.8, 186.6, true }, { 186.6, 184.8, true },
		{ 184.8, 186.7, false }, { 184.8, 188.5, false }, { 188.5, 184.8, false },
		{ 0, 184.8, false }, { 184.8, 0, false }, { 0, 0, false },
	};
	struct tg_spans s = { .n = 0 };
	struct tg_state one = { { 184.8, 410 } };

	(void)state;
	tg_span_end(&s, &one);	/* ends none */
	assert_int_equal(s.n, 0);
	for (size_t c = 0; c < NR(cases); c++) {
		/* what one probe finds is nothing to the other, twice as wide */
		struct tg_state before = { { cases[c].before, 410 } };
		struct tg_state after = { { cases[c].after, c % 2 ? 418 : 419 } };
		struct tg_state found;

		assert_int_equal(tg_span_begin(&s, &before), 0);
		assert_int_equal(s.n, c + 1);
		found = tg_span_state(&s.span[c]);
		assert_true(found.probe[0] == 0 && found.probe[1] == 0);
		tg_span_end(&s, &after);
		found = tg_span_state(&s.span[c]);
		if (found.probe[0] != (cases[c].one ? (cases[c].before + cases[c].after) / 2 : 0) ||
		    found.probe[1] != (c % 2 ? 414 : 0))
			fail_msg("case %zu: %g, %g", c, found.probe[0], found.probe[1]);
	}
	/* far more than room for */
	for (int i = 0; i < 10000; i++) {
		one.probe[0] = i;
		assert_int_equal(tg_span_begin(&s, &one), 0);
	}
	assert_true(s.n == NR(cases) + 10000 && s.span[s.n - 1].before.probe[0] == 9999 &&
		    s.span[0].before.probe[0] == 184.8);
	free(s.span);
}

static void state_order(void **state)
{
	static const struct {
		struct tg_state a, b;
		int order;
		bool in;	/* whether a is in state b */
	} cases[] = {
		{ { { 184.8, 410 } }, { { 184.8, 410 } }, 0, true },
		{ { { 185.6, 413 } }, { { 184.8, 410 } }, 0, true },
		{ { { 185.8, 410 } }, { { 184.8, 410 } }, 0, false },
		{ { { 184.8, 415 } }, { { 184.8, 410 } }, 0, false },
		{ { { 188.0, 410 } }, { { 184.8, 425 } }, 1, false },
		{ { { 184.8, 425 } }, { { 188.0, 410 } }, -1, false },
		{ { { 184.8, 425 } }, { { 184.8, 410 } }, 1, false },
		{ { { 184.8, 410 } }, { { 184.8, 425 } }, -1, false },
		/* a probe that failed tells nothing apart, and is in no state */
		{ { { 0, 425 } }, { { 184.8, 410 } }, 1, false },
		{ { { 184.8, 0 } }, { { 184.8, 410 } }, 0, false },
		{ { { 0, 0 } }, { { 184.8, 410 } }, 0, false },
		/* where no state was found, all are in it */
		{ { { 184.8, 410 } }, { { 0, 0 } }, 0, true },
		{ { { 0, 0 } }, { { 0, 0 } }, 0, true },
		{ { { 170.0, 410 } }, { { 0, 410 } }, 0, true },
		{ { { 184.8, 390 } }, { { 184.8, 0 } }, 0, true },
	};

	(void)state;
	for (size_t c = 0; c < NR(cases); c++) {
		int order = tg_state_order(&cases[c].a, &cases[c].b);
		int back = tg_state_order(&cases[c].b, &cases[c].a);

		if (order != cases[c].order || back != -order ||
		    tg_in_state(&cases[c].a, &cases[c].b) != cases[c].in)
			fail_msg("case %zu: %d, %d back", c, order, back);
	}
}

/* The lowest state that holds a fifth of the spans, whatever else there is. */
static void core_states(void **state)
{
	enum { N = 40 };
	static const struct {
		int low, high;	/* of 40 spans; the rest changed state */
		double found;
	} cases[] = {
		{ 40, 0, 184.8 }, { 0, 40, 188.0 }, { 20, 20, 184.8 }, { 8, 32, 184.8 },
		{ 7, 33, 188.0 }, { 8, 8, 184.8 }, { 7, 8, 188.0 }, { 0, 0, 0 }, { 5, 5, 0 },
	};
	uint64_t seed = 31;
	struct tg_spans s = { .n = 0 };
	struct tg_state found;

	(void)state;
	for (size_t c = 0; c < NR(cases); c++) {
		s.n = 0;
		for (int i = 0; i < N; i++) {
			bool low = i < cases[c].low;
			bool high = !low && i < cases[c].low + cases[c].high;
			double noise = 0.4 * (2 * uniform(&seed) - 1);
			struct tg_state before = { { (high ? 188.0 : 184.8) + noise, 410 } };
			struct tg_state after = { { (low ? 184.8 : 188.0) - noise, 412 } };

			assert_int_equal(tg_span_begin(&s, &before), 0);
			tg_span_end(&s, &after);
			assert_true((tg_span_state(&s.span[i]).probe[0] > 0) == (low || high));
		}
		found = tg_core_state(&s);
		if (fabs(found.probe[0] - cases[c].found) > 0.4)
			fail_msg("case %zu: %g is not %g", c, found.probe[0], cases[c].found);
		/* with no state of the core, those of the entry are looked for in all */
		assert_true(found.probe[1] == 411);
	}
	/* none was measured: an instruction counter, or a probe that failed */
	memset(s.span, 0, N * sizeof(*s.span));
	found = tg_core_state(&s);
	assert_true(found.probe[0] == 0 && found.probe[1] == 0);
	/* a machine so noisy that no band holds a fifth */
	for (int i = 0; i < N; i++)
		s.span[i].before.probe[0] = s.span[i].after.probe[0] = 150 * pow(1.02, i);
	found = tg_core_state(&s);
	assert_true(found.probe[0] == 0 && found.probe[1] == 0);
	s.n = 0;
	found = tg_core_state(&s);
	assert_true(found.probe[0] == 0 && found.probe[1] == 0);
	free(s.span);
}

/*
 * Of two entry states the lower, but of those spans alone that are in the core's
 * better state: there it needs its fifth of all.
 */
static void entry_states(void **state)
{
	enum { N = 40 };
	static const struct {
		int low, high, other;	/* entry low and high in the core's state, low in another */
		double found;
	} cases[] = {
		{ 20, 20, 0, 410 }, { 8, 12, 20, 410 }, { 7, 13, 20, 425 }, { 0, 10, 30, 425 },
		{ 7, 7, 26, 0 },
	};
	struct tg_spans s = { .n = 0 };

	(void)state;
	for (size_t c = 0; c < NR(cases); c++) {
		struct tg_state found;

		s.n = 0;
		for (int i = 0; i < N; i++) {
			bool good = i < cases[c].low + cases[c].high;
			bool low = i < cases[c].low || !good;
			struct tg_state at = { { good ? 184.8 : 188.0, low ? 410 : 425 } };

			assert_int_equal(tg_span_begin(&s, &at), 0);
			tg_span_end(&s, &at);
		}
		found = tg_core_state(&s);
		if (found.probe[0] != 184.8 || found.probe[1] != cases[c].found)
			fail_msg("case %zu: %g, %g", c, found.probe[0], found.probe[1]);
	}
	free(s.span);
}

/* The least power of two that is long enough, for any clock. */
static void loops(void **state)
{
	uint64_t seed = 5;

	(void)state;
	/* 26 ticks a step: 1664 wanted */
	assert_int_equal(tg_loops(1664, 26, 0), 1);
	assert_int_equal(tg_loops(1663, 26, 0), 2);
	assert_int_equal(tg_loops(1664, 26, 0.01), 2);
	assert_int_equal(tg_loops(3328, 26, 0.999), 1);
	assert_int_equal(tg_loops(417, 26, 0), 4);
	/* a fine clock: 1000 ticks */
	assert_int_equal(tg_loops(1000, 1, 0), 1);
	assert_int_equal(tg_loops(999, 1, 0), 2);
	assert_int_equal(tg_loops(999, 1, 0.99), 2);
	assert_int_equal(tg_loops(1e-9, 1, 0), TG_LOOPS_MOST);
	assert_int_equal(tg_loops(INFINITY, 26, 0.9), 1);
	for (int i = 0; i < 10000; i++) {
		double pass = exp(10 * uniform(&seed)), share = uniform(&seed);
		uint32_t n = tg_loops(pass, 26, share);
		double want = 1664 * pow(2, share);

		assert_true(n >= 1 && n <= TG_LOOPS_MOST && !(n & (n - 1)));
		assert_true(n == TG_LOOPS_MOST || pass * n >= want);
		assert_true(n == 1 || pass * n / 2 < want);
	}
}

/* Shares fill 0 to 1 evenly, so that a body at the limit has the same mixture in every run. */
static void shares(void **state)
{
	(void)state;
	assert_true(tg_share(0) == 0 && tg_share(1) == 0.5 && tg_share(2) == 0.25 &&
		    tg_share(3) == 0.75 && tg_share(6) == 0.375);
	for (int n = 10; n <= 60; n += 10) {
		for (int tenth = 1; tenth < 10; tenth++) {
			int below = 0;

			for (int i = 0; i < n; i++)
				below += tg_share(i) < tenth / 10.0;
			assert_true(fabs(below - n * tenth / 10.0) <= 2);
		}
	}
	assert_true(tg_share(UINT32_MAX) < 1);
}

static int alive(const struct tg_stir *s)
{
	int n = 0;

	for (int i = 0; i < s->n; i++)
		n += !kill(s->pids[i], 0);
	return n;
}

static void stirs(void **state)
{
	struct tg_stir s = { .n = 0 };
	pid_t before[TG_STIR_POOL];
	uint64_t seed = 7;
	int kept;

	(void)state;
	for (int round = 0; round < 5; round++) {
		memcpy(before, s.pids, sizeof(before));
		tg_stir(&s, &seed);
		assert_int_equal(s.n, TG_STIR_POOL - TG_STIR_TURN);
		assert_int_equal(alive(&s), s.n);
		kept = 0;
		for (int i = 0; i < s.n; i++)
			for (int k = 0; k < TG_STIR_POOL - TG_STIR_TURN; k++)
				kept += s.pids[i] == before[k];
		if (round)
			assert_in_range(kept, TG_STIR_POOL - 3 * TG_STIR_TURN,
					TG_STIR_POOL - TG_STIR_TURN - 1);
	}
	tg_stir_end(&s);
	assert_int_equal(s.n, 0);
	/* none is left, not even as a zombie */
	assert_true(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

/* The pool dies with its run, however that ends. */
static void stirred_and_killed(void **state)
{
	struct tg_stir s = { .n = 0 };
	uint64_t seed = 7;
	int out[2], status, gone = 0;
	pid_t run;

	(void)state;
	assert_int_equal(pipe(out), 0);
	run = fork();
	assert_true(run >= 0);
	if (!run) {
		tg_stir(&s, &seed);
		if (write(out[1], &s, sizeof(s)) != sizeof(s))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(out[0], &s, sizeof(s)), sizeof(s));
	assert_int_equal(alive(&s), TG_STIR_POOL - TG_STIR_TURN);
	kill(run, SIGKILL);
	assert_int_equal(waitpid(run, &status, 0), run);
	for (int ms = 0; ms < 5000 && !gone; ms++) {
		usleep(1000);
		gone = !alive(&s);
	}
	assert_true(gone);
	close(out[0]);
	close(out[1]);
}

/* Where no more processes are allowed, the round's own must still be. */
static void stirs_little(void **state)
{
	struct rlimit few = { 12, 12 };
	struct tg_stir s = { .n = 0 };
	uint64_t seed = 7;
	int status;
	pid_t run, more;

	(void)state;
	run = fork();
	assert_true(run >= 0);
	if (!run) {
		/* the limit does not hold for root: as a user that nobody is */
		if (setuid(54321) || setrlimit(RLIMIT_NPROC, &few))
			_exit(77);
		tg_stir(&s, &seed);
		if (s.n > 6)
			_exit(1);
		for (int i = 0; i < 4; i++) {
			more = fork();
			if (more < 0)
				_exit(2);
			if (!more)
				_exit(0);
		}
		tg_stir_end(&s);
		_exit(0);
	}
	assert_int_equal(waitpid(run, &status, 0), run);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans),
		cmocka_unit_test(state_order),
		cmocka_unit_test(core_states),
		cmocka_unit_test(entry_states),
		cmocka_unit_test(loops),
		cmocka_unit_test(shares),
		cmocka_unit_test(stirs),
		cmocka_unit_test(stirred_and_killed),
		cmocka_unit_test(stirs_little),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rounds", tests, NULL, NULL) ? 1 : 0;
}
