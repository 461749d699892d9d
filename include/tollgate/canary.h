/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The canary: whether another thread runs on our core.
 *
 * A thread that shares the core, a neighbour's in a virtual machine, slows
 * whatever throughput binds: a system call by 15 %, an FPU save by 5 %, and a
 * chain of IMULs not at all. No counter that a guest can read shows it, but a
 * run of NOPs does: it takes half as long again, or twice as long. One stands
 * before and behind every sample; a sample beside a slow one is taken again,
 * after waiting for a fast one.
 *
 * Patience bounds what that costs: a budget of ticks that grows by a part of
 * each kept sample's own and is spent by waiting and by samples thrown away. Without any
 * left, samples are kept whatever the canary says, and counted.
 */
#ifndef TOLLGATE_CANARY_H
#define TOLLGATE_CANARY_H

#include <tollgate/seq.h>

struct tg_canary {
	tg_seq_fn *fn;		/* NULL: none, and every sample counts as undisturbed */
	struct tg_args args;
	__u64 most;		/* ticks: slower is a busy core */
	__u64 patience;		/* ticks that may yet be lost */
	__u64 thrift;		/* of a kept sample's ticks one in so many adds to it, >= 1 */
	bool quiet;		/* the last one was fast */
};

/* Whether the core is ours alone now. */
static inline bool tg_canary_quiet(struct tg_canary *c)
{
	c->quiet = !c->fn || c->fn(&c->args) <= c->most;
	return c->quiet;
}

/* So many ticks were lost; false if there were none left to lose. */
static inline bool tg_canary_lose(struct tg_canary *c, __u64 ticks)
{
	bool may = c->patience > 0;

	c->patience = c->patience > ticks ? c->patience - ticks : 0;
	return may;
}

/*
 * Waits for a core of our own; false when patience or the deadline (TSC; 0:
 * none) comes first.
 */
static inline bool tg_canary_wait(struct tg_canary *c, __u64 deadline)
{
	__u64 from, to;

	if (!c->fn)
		return true;
	for (from = tg_now(); !c->quiet && c->patience; from = to) {
		if (deadline && (__s64)(from - deadline) >= 0)
			break;
		tg_canary_quiet(c);
		to = tg_now();
		tg_canary_lose(c, to - from);
	}
	return c->quiet;
}

#endif
