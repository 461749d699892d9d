/* SPDX-License-Identifier: GPL-2.0 */
/* The timed sequences as C sees them: arguments, roles, tables. */
#ifndef TOLLGATE_SEQ_H
#define TOLLGATE_SEQ_H

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

static inline __u64 tg_now(void)
{
	__u32 low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high));
	return low | (__u64)high << 32;
}

/* xorshift64: the next number, all of its bits; *random is never 0. */
static inline __u64 tg_xorshift(__u64 *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	return *random ^= *random << 17;
}

/*
 * A loop of 1 to 382 cycles: several times the longest RDTSC step seen (26
 * ticks of 2.6 GHz, 39 cycles) in steps of one cycle, so that samples begin at
 * every phase of the clock alike, even where core and reference clock are
 * locked to each other. The sum of three uniform numbers, since one leaves the
 * phases uneven by the rest of its range over the step: 5 % of them, which was
 * 0.3 cycle in a single shot; the sum leaves less than 0.1 %.
 *
 * random: of tg_xorshift().
 */
static inline void tg_dither(__u64 *random)
{
	__u32 n;

	tg_xorshift(random);
	n = (*random >> 57) + (*random >> 50 & 127) + (*random >> 43 & 127) + 1;
	asm volatile("1: dec %0; jnz 1b" : "+r" (n) : : "cc");
}

#endif
