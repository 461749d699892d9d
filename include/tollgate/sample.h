/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sampling engine. mod/measure.c runs it in ring 0, bench/ring3.c in ring
 * 3; the second is where known bodies show that it is honest.
 *
 * A series is one timed sequence with its arguments. A pass takes one sample
 * of every series, in an order that rotates, each at a random phase of the
 * clock. Whoever includes this defines first
 *
 *	tg_mark_t		what is remembered before a sample
 *	tg_mark(&m)		remembers it
 *	tg_broken(&m)		true if something interrupted since
 */
#ifndef TOLLGATE_SAMPLE_H
#define TOLLGATE_SAMPLE_H

#include <tollgate/blocks.h>
#include <tollgate/exp.h>

/* Arguments of a sequence. Offsets are TG_ARG_* in blocks.h. */
struct tg_args {
	__u64 loops;		/* passes over the unrolled block, >= 1 */
	__u64 base;
	__u64 a0, a1, a2, a3;	/* the family's own, see blocks_family.h */
};

_Static_assert(offsetof(struct tg_args, loops) == TG_ARG_LOOPS, "TG_ARG_LOOPS");
_Static_assert(offsetof(struct tg_args, base) == TG_ARG_BASE, "TG_ARG_BASE");
_Static_assert(offsetof(struct tg_args, a0) == TG_ARG_A0, "TG_ARG_A0");
_Static_assert(offsetof(struct tg_args, a1) == TG_ARG_A1, "TG_ARG_A1");
_Static_assert(offsetof(struct tg_args, a2) == TG_ARG_A2, "TG_ARG_A2");
_Static_assert(offsetof(struct tg_args, a3) == TG_ARG_A3, "TG_ARG_A3");

/* Ticks from the first time stamp to the second. */
typedef __u64 tg_seq_fn(struct tg_args *args);

/*
 * Series of a figure. The first six are a row's table in assembly order; the
 * rest calibrate beside it.
 */
enum tg_role {
	TG_HI,		/* long sequence */
	TG_LO,		/* short sequence */
	TG_PREP_HI,	/* REARM: the preparation alone */
	TG_PREP_LO,
	TG_FIRST_NEW,	/* PAIR: single shot after the state asked for */
	TG_FIRST_OLD,	/* PAIR: single shot after the steady state */
	TG_NR_SEQS,
	TG_IMUL_HI = TG_NR_SEQS,
	TG_IMUL_LO,
	TG_ADD_HI,
	TG_ADD_LO,
	TG_CANARY_HI,
	TG_CANARY_LO,
	TG_EMPTY,	/* the bracket around nothing */
	TG_NR_ROLES
};
#define TG_ROLE_NAMES {								\
	"hi", "lo", "prep_hi", "prep_lo", "first_new", "first_old",		\
	"imul_hi", "imul_lo", "add_hi", "add_lo", "canary_hi", "canary_lo", "empty" }

/* A row's sequences: one array of TG_NR_SEQS per code variant. */
typedef tg_seq_fn *const tg_seq_table[TG_NR_SEQS];

struct tg_series {
	tg_seq_fn *fn;		/* NULL: this figure has no such series */
	struct tg_args args;
	__u64 *out;		/* room for want samples */
	__u32 want, kept;
};

struct tg_sampler {
	struct tg_series series[TG_NR_ROLES];
	__u64 random;		/* xorshift64, never 0 */
	__u32 pass;		/* rotates the order */
	__u32 at;		/* where in it the pass goes on */
	__u64 deadline;		/* TSC: a pass pauses at the sample that reaches it; 0: none */
	__u32 discarded;	/* samples that something interrupted */
	__u32 limit;		/* give up at so many discarded */
};

/* Passes that warm caches and predictors and are not kept. */
#define TG_WARM_PASSES	4

static inline __u64 tg_sampler_random(struct tg_sampler *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

/*
 * A loop of 1 to 382 cycles: several times the longest RDTSC step seen (26
 * ticks of 2.6 GHz, 39 cycles) in steps of one cycle, so that samples begin at
 * every phase of the clock alike, even where core and reference clock are
 * locked to each other. The sum of three uniform numbers, since one leaves the
 * phases uneven by the rest of its range over the step: 5 % of them, which was
 * 0.3 cycle in a single shot; the sum leaves less than 0.1 %.
 */
static inline void tg_dither(struct tg_sampler *s)
{
	__u64 r = tg_sampler_random(s);
	__u32 n = (r >> 57) + (r >> 50 & 127) + (r >> 43 & 127) + 1;

	asm volatile("1: dec %0; jnz 1b" : "+r" (n) : : "cc");
}

static inline bool tg_sampler_done(const struct tg_sampler *s)
{
	int r;

	for (r = 0; r < TG_NR_ROLES; r++)
		if (s->series[r].fn && s->series[r].kept < s->series[r].want)
			return false;
	return true;
}

/* The passes planned: as many as the series with most samples wants. */
static inline __u32 tg_sampler_passes(const struct tg_sampler *s)
{
	__u32 most = 0;
	int r;

	for (r = 0; r < TG_NR_ROLES; r++)
		if (s->series[r].fn && s->series[r].want > most)
			most = s->series[r].want;
	return most;
}

/*
 * Calibration rides along at its own, lower count: a series is due in a pass
 * when it lags behind its share of the passes.
 */
static inline bool tg_series_due(const struct tg_series *r, __u32 pass, __u32 passes)
{
	return r->fn && r->kept < r->want &&
	       (__u64)r->kept * passes <= (__u64)r->want * pass;
}

static inline __u64 tg_now(void)
{
	__u32 low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high));
	return low | (__u64)high << 32;
}

/*
 * tg_sampler_pass - one sample of every series that is due.
 *
 * passes: tg_sampler_passes(). A disturbed sample is counted in discarded and
 * taken again in a later pass. Nothing is dispatched, allocated or printed
 * between two time stamps: that window lies wholly inside the sequence.
 *
 * False when the deadline was reached: called again, with a later one, it goes
 * on where it stopped.
 */
static inline bool tg_sampler_pass(struct tg_sampler *s, __u32 passes)
{
	for (; s->at < TG_NR_ROLES; s->at++) {
		struct tg_series *one = &s->series[(s->at + s->pass) % TG_NR_ROLES];
		tg_mark_t mark;
		__u64 ticks;

		if (!tg_series_due(one, s->pass, passes))
			continue;
		if (s->deadline && (__s64)(tg_now() - s->deadline) >= 0)
			return false;
		tg_dither(s);
		tg_mark(&mark);
		ticks = one->fn(&one->args);
		if (tg_broken(&mark))
			s->discarded++;
		else if (s->pass >= TG_WARM_PASSES)
			one->out[one->kept++] = ticks;
	}
	s->at = 0;
	s->pass++;
	return true;
}

#endif
