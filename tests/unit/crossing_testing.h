/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of crossings share: a row begun as the engine begins it. */
#ifndef TOLLGATE_CROSSING_TESTING_H
#define TOLLGATE_CROSSING_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "../../bench/ring3.c"

#define SAMPLES	20
#define LOOPS	2

/* Sets up a row by name and prepares its series, as tg_ring3_measure() does. */
static inline enum tg_status begin(const char *name, struct tg_sampler *s)
{
	struct tg_request q = { .node = -1, .loops = LOOPS, .samples = SAMPLES };
	enum tg_status st;
	char why[256];

	host_init();
	assert_int_equal(use_node(-1, why, sizeof(why)), 0);
	assert_int_equal(tg_point_parse(name, &q.point, why, sizeof(why)), 0);
	memset(s, 0, sizeof(*s));
	s->random = TG_BOOTSTRAP_SEED;
	st = tg_unavailable(&q.point, &host, why, sizeof(why)) ? TG_SKIPPED :
	     start_crossing(&q, why, sizeof(why));
	if (st == TG_OK)
		tg_prepare(s, &q.point, &host, q.samples, q.loops, TG_CAL_LOOPS);
	else
		print_message("# %s: %s\n", name, why);
	return st;
}

static inline void begin_or_skip(const char *name, struct tg_sampler *s)
{
	enum tg_status st = begin(name, s);

	if (st == TG_SKIPPED)
		skip();
	assert_int_equal(st, TG_OK);
}

static inline void call(struct tg_sampler *s, int role)
{
	s->series[role].fn(&s->series[role].args);
}

/* The verdict must be that got of want events happened. */
static inline void assert_events(unsigned int got, unsigned int want)
{
	char why[256] = "", start[64];
	bool good = tg_crossing_check(why, sizeof(why)) == TG_OK;

	assert_int_equal(good, got == want);
	snprintf(start, sizeof(start), "%u of %u events happened", got, want);
	if (!good && strncmp(why, start, strlen(start)))
		fail_msg("'%s' does not begin with '%s'", why, start);
}

static inline int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* To the highest CPU allowed, as a run does by default. */
static inline int pin(void **state)
{
	cpu_set_t set, one;
	int i;

	(void)state;
	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(set), &set))
		return -1;
	for (i = CPU_SETSIZE - 1; !CPU_ISSET(i, &set); i--)
		;
	CPU_SET(i, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

#endif
