/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The canary of sample.h against a core that is shared at times of our choosing:
 * sequences are stand-ins that say how long they took; the sampler is the real one.
 */
#include <stdlib.h>
#include <string.h>

#include "testing.h"

typedef int tg_mark_t;
static int interrupts;
static inline void tg_mark(tg_mark_t *m) { *m = interrupts; }
static inline bool tg_broken(const tg_mark_t *m) { return *m != interrupts; }
#include <tollgate/sample.h>

#define WANT	200
#define QUIET	1000
#define BUSY	1500
#define LIMIT	1200

static unsigned int now, canaries, samples;
static bool (*busy_at)(unsigned int now);
static bool interrupted;

static __u64 canary(struct tg_args *args)
{
	(void)args;
	canaries++;
	return busy_at(now++) ? BUSY : QUIET;
}

/* A sample takes 1 on a quiet core and 2 on a shared one. */
static __u64 sequence(struct tg_args *args)
{
	(void)args;
	samples++;
	interrupts += interrupted && samples % 3 == 0;
	return busy_at(now++) ? 2 : 1;
}

static bool never(unsigned int at) { (void)at; return false; }
static bool always(unsigned int at) { (void)at; return true; }
static bool at_times(unsigned int at) { return at / 7 % 3 == 1 || at < 50; }
/* between two canaries alone */
static bool briefly(unsigned int at) { return at % 5 == 2; }

static void run(struct tg_sampler *s, bool (*busy)(unsigned int now), __u64 patience, __u64 *out)
{
	memset(s, 0, sizeof(*s));
	now = canaries = samples = 0;
	busy_at = busy;
	s->random = 1;
	s->series[TG_HI] = (struct tg_series){ .fn = sequence, .out = out, .want = WANT };
	s->series[TG_LO] = (struct tg_series){ .fn = sequence, .out = out + WANT, .want = WANT };
	s->canary = (struct tg_canary){ .fn = patience ? canary : NULL, .most = LIMIT,
					.patience = patience, .thrift = 2 };
	while (!tg_sampler_done(s))
		tg_sampler_pass(s, tg_sampler_passes(s));
}

static unsigned int count(const __u64 *out, __u64 ticks)
{
	unsigned int n = 0;

	for (int i = 0; i < 2 * WANT; i++)
		n += out[i] == ticks;
	return n;
}

static void quiet_core(void **state)
{
	__u64 out[2 * WANT];
	struct tg_sampler s;

	(void)state;
	run(&s, never, 1ULL << 60, out);
	assert_int_equal(s.beside, 0);
	assert_int_equal(count(out, 1), 2 * WANT);
	/* the warm ones, and no more: nothing was taken twice */
	assert_int_equal(samples, 2 * (WANT + TG_WARM_PASSES));
	/* one behind each, one before the first */
	assert_int_equal(canaries, 2 * WANT + 1);
}

/* With patience, nothing is kept that stood beside a slow canary. */
static void shared_at_times(void **state)
{
	__u64 out[2 * WANT];
	struct tg_sampler s;

	(void)state;
	run(&s, at_times, 1ULL << 60, out);
	assert_int_equal(s.beside, 0);
	assert_int_equal(count(out, 1), 2 * WANT);
	assert_true(samples > 2 * (WANT + TG_WARM_PASSES));
	/* without a canary the same core is in a third of the samples */
	run(&s, at_times, 0, out);
	assert_true(count(out, 2) > WANT / 2);
	assert_int_equal(canaries, 0);
	assert_int_equal(s.beside, 0);
}

/* A core that is never quiet: patience ends, samples are kept and counted. */
static void shared_for_ever(void **state)
{
	__u64 out[2 * WANT];
	struct tg_sampler s;

	(void)state;
	run(&s, always, 100000, out);
	assert_int_equal(count(out, 2), 2 * WANT);
	assert_true(s.beside > 2 * WANT * 9 / 10);
	assert_int_equal(s.canary.patience <= 2 * WANT * 2, 1);
}

/* What two quiet canaries enclose is not seen: the price of looking at two moments. */
static void shared_between(void **state)
{
	__u64 out[2 * WANT];
	struct tg_sampler s;

	(void)state;
	run(&s, briefly, 1ULL << 60, out);
	assert_int_equal(s.beside, 0);
	assert_true(count(out, 1) >= WANT);
}

static void interrupted_samples(void **state)
{
	__u64 out[2 * WANT];
	struct tg_sampler s;

	(void)state;
	interrupted = true;
	run(&s, at_times, 1ULL << 60, out);
	interrupted = false;
	assert_int_equal(s.beside, 0);
	assert_int_equal(count(out, 1), 2 * WANT);
	assert_true(s.discarded >= WANT / 2);
}

/* A deadline ends the waiting: the pass pauses, and goes on later. */
static void deadline(void **state)
{
	__u64 out[2 * WANT];
	struct tg_sampler s = {
		.random = 1, .deadline = 1,
		.canary = { .fn = canary, .most = LIMIT, .patience = 1ULL << 60,
			    .thrift = 2 },
		.series[TG_HI] = { .fn = sequence, .out = out, .want = WANT },
	};

	(void)state;
	busy_at = always;
	now = canaries = samples = 0;
	assert_false(tg_sampler_pass(&s, WANT));
	assert_int_equal(samples, 0);
	assert_true(canaries <= 1);
	s.deadline = 0;
	busy_at = never;
	while (!tg_sampler_done(&s))
		assert_true(tg_sampler_pass(&s, WANT));
	assert_int_equal(s.beside, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_core),
		cmocka_unit_test(shared_at_times),
		cmocka_unit_test(shared_for_ever),
		cmocka_unit_test(shared_between),
		cmocka_unit_test(interrupted_samples),
		cmocka_unit_test(deadline),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("canary", tests, NULL, NULL) ? 1 : 0;
}
