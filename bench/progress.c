// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

/* Room for a handler and the extended state, AMX's 8 KiB included. */
#define TG_SIGNAL_STACK	65536

volatile sig_atomic_t tg_interrupted;

static void interrupted(int sig)
{
	tg_interrupted = sig;
}

void tg_catch_signals(void)
{
	/*
	 * Without SA_RESTART, so that poll() and waitpid() notice. On a stack of their own:
	 * a rehearsal's RSP may point to its task's stack, which is small.
	 */
	struct sigaction sa = { .sa_handler = interrupted, .sa_flags = SA_ONSTACK };
	static char stack[TG_SIGNAL_STACK];

	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Whether a line is due: on a terminal, ten a second at most, but always at an end. */
static bool due(double now, bool end)
{
	static double shown;

	if (!isatty(STDERR_FILENO) || (now - shown < 0.1 && !end))
		return false;
	shown = now;
	return true;
}

void tg_progress(const char *what, size_t n, size_t m)
{
	static double start;
	double now = seconds();

	if (n <= 1 || !start)
		start = now;
	if (n <= 1)
		tg_progress_count(what, n, m);
	else if (due(now, n == m))
		fprintf(stderr, "\r\033[K%s, %zu of %zu, %.0f s left", what, n, m,
			(now - start) * (m - n) / (n - 1));
	fflush(stderr);
}

void tg_progress_count(const char *what, size_t n, size_t m)
{
	if (due(seconds(), !n || n == m))
		fprintf(stderr, "\r\033[K%s, %zu of %zu", what, n, m);
	fflush(stderr);
}

void tg_progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}
