/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FPU switching as strategies: types and names. The logic is mod/fpu_state.c,
 * one source for three places: the checker runs it over symbolic registers, the
 * rehearsal over real ones in ring 3, the module over real ones in ring 0.
 *
 * Who includes this first defines what differs between them:
 *
 *	tgf_area_t	memory for the registers of one context
 *	tgf_regs_t	the CPU's registers; an empty struct where they are real
 *	tgf_frame_t	a signal frame
 *	tgf_pkru_t	PKRU
 *
 * States of a context (names of the discussion of 2016 about delayed loading):
 *	1	the registers count, memory is stale:	active
 *	2a	memory counts, the registers are equal:	!active, tgf_loaded()
 *	2b	memory counts alone:			!active, !tgf_loaded()
 */
#ifndef TOLLGATE_FPU_STATE_H
#define TOLLGATE_FPU_STATE_H

/* X(enumerator, function prefix, name, what it is) */
#define TGF_STRATEGIES(X)							\
	X(EAGER, eager, "eager", "loads at every switch")			\
	X(LAZY_TS, lazy_ts, "lazy-ts", "CR0.TS; loads at first use by #NM")	\
	X(LAZY_MIRROR, lazy_mirror, "lazy-ts-mirror",				\
	  "lazy-ts with a per-CPU mirror of CR0.TS that avoids writes")		\
	X(LAZY_COUNTER, lazy_counter, "lazy-counter",				\
	  "lazy-ts-mirror that loads at the switch after enough uses in a row")	\
	X(DEFERRED, deferred, "deferred", "loads on the way to user mode")	\
	X(REFRESH, refresh, "refresh",						\
	  "deferred, flag set at every copy or move to memory as well")		\
	X(SKIP, skip, "deferred-skip", "deferred, no load while still loaded")	\
	X(SKIP_OWNER, skip_owner, "deferred-skip-owner",			\
	  "deferred-skip, and a guest's registers are an owner too")

enum tgf_strategy {
#define TGF_ENUM(id, prefix, name, what)	TGF_##id,
	TGF_STRATEGIES(TGF_ENUM)
#undef TGF_ENUM
	TGF_NR_STRATEGIES
};

enum tgf_guard {
#define GUARD(name, what)	TGF_GUARD_##name,
#include <tollgate/fpu_guards.def>
#undef GUARD
	TGF_NR_GUARDS
};

/* Uses in a row after which lazy-counter loads at the switch (Linux 4.8: counter > 5). */
#ifndef TGF_HOT_USES
#define TGF_HOT_USES	5
#endif

/* No CPU: the context is in nobody's registers. */
#define TGF_NOWHERE	(-1)

/* One context: a task's or a guest's. */
struct tgf_fpu {
	tgf_area_t area;
	tgf_pkru_t pkru;	/* while switched out */
	signed char last_cpu;	/* where it was last loaded; TGF_NOWHERE */
	unsigned char active;	/* state 1 */
	unsigned char reload;	/* load on the way to user mode (deferred kinds) */
	unsigned char uses;	/* switches in a row that found it used; saturates */
	unsigned char used;	/* has state at all; not read here, see the checker */
};

/* One CPU. */
struct tgf_cpu {
	tgf_regs_t regs;
	struct tgf_fpu *owner;	/* whose registers it holds, by address; NULL: nobody's */
	signed char id;
	unsigned char busy;	/* a kernel section or a guest has the registers */
	unsigned char mirror;	/* CR0.TS is set, as far as is known */
};

/* What an operation on a signal frame did. */
enum tgf_copy {
	TGF_COPIED,
	TGF_ABSENT,		/* a page is absent: fault it in and try again */
	TGF_BAD,		/* the frame is no good; registers are undefined */
};

/* What a function with points inside returns: see TGF_POINT in mod/fpu_state.c. */
enum tgf_run { TGF_DONE, TGF_PREEMPTED };

#endif
