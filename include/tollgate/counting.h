/* SPDX-License-Identifier: GPL-2.0 */
/* Counters beside the time stamps, as the engine of both rings sees them. */
#ifndef TOLLGATE_COUNTING_H
#define TOLLGATE_COUNTING_H

#include <tollgate/seq.h>
#include <tollgate/uapi.h>

/* In ring 3 an event takes two counters: one for user mode, one for kernel mode. */
#define TG_COUNTERS_MAX	(2 * TG_EVENTS_MAX)

/*
 * Counters, which the sequences of the counted tables (blocks.h) read: as they
 * open their bracket and as they close it.
 */
struct tg_counting {
	void *counters;		/* the ring's own: mod/counter.c, bench/counters.c */
	__u32 n;		/* at most TG_COUNTERS_MAX */
	bool lost;		/* one of them did not count */
	__u64 before[TG_COUNTERS_MAX], after[TG_COUNTERS_MAX];
	__u64 *out[TG_NR_ROLES];	/* n differences a sample, sample by sample */
};

static inline void tg_counting_keep(struct tg_counting *c, int role, __u32 at)
{
	__u32 i;

	for (i = 0; i < c->n; i++)
		c->out[role][at * c->n + i] = c->after[i] - c->before[i];
}

#endif
