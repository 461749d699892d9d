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

/*
 * X(enumerator, its name: prefix of functions, value of axis strategy, what it is)
 *
 * lazy_counter has the heuristic of Linux 4.8 (threshold, eight bits, wrap) alone: there, with
 * eagerfpu=off, fpu__restore() always restores at #NM, __kernel_fpu_end() and KVM's put reload
 * a task that was active, a switch away from an inactive one resets last_cpu, and nothing
 * mirrors CR0.TS.
 */
#define TGF_STRATEGIES(X)							\
	X(EAGER, eager, "loads at every switch")				\
	X(EAGER_SKIP, eager_skip,						\
	  "eager, no load while still loaded: Linux 4.8 with eagerfpu=on")	\
	X(LAZY_TS, lazy_ts, "CR0.TS; loads at first use by #NM")		\
	X(LAZY_TS_MIRROR, lazy_ts_mirror,					\
	  "lazy_ts with a per-CPU mirror of CR0.TS that avoids writes")		\
	X(LAZY_COUNTER, lazy_counter,						\
	  "by CR0.TS, its mirror, and at the switch after enough uses in a row,"	\
	  " as Linux 4.8 counts them")						\
	X(DEFERRED, deferred, "loads on the way to user mode")			\
	X(REFRESH, refresh,							\
	  "deferred, flag set at every copy or move to memory as well")		\
	X(DEFERRED_SKIP, deferred_skip, "deferred, no load while still loaded")	\
	X(DEFERRED_SKIP_OWNER, deferred_skip_owner,				\
	  "deferred_skip, and a guest's registers are an owner too")

enum tgf_strategy {
#define TGF_ENUM(id, name, what)	TGF_##id,
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
	unsigned char uses;	/* traps and preloads in a row; wraps, see tgf_count_use() */
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

/* What a function with points inside returns, see TGF_POINT; but for the checker TGF_DONE. */
enum tgf_run { TGF_DONE, TGF_PREEMPTED };

/*
 * Operations on registers, which whoever includes mod/fpu_state.c defines first:
 *
 *	TGF_XSAVE(cpu, fpu)		registers into fpu->area
 *	TGF_XSAVE_AS(cpu, from, to)	registers of from into to->area (fork)
 *	TGF_XRSTOR(cpu, fpu)		fpu->area into the registers
 *	TGF_XINIT(cpu, fpu)		initial state into the registers, as fpu's
 *	TGF_AREA_INIT(fpu)		initial state into fpu->area
 *	TGF_AREA_COPY(from, to)		from->area into to->area
 *	TGF_AREA_READ(fpu)		what the kernel reads from fpu->area
 *	TGF_AREA_WRITE(fpu)		what the kernel or a tracer writes into fpu->area
 *	TGF_WRITTEN_PKRU(fpu, old)	the PKRU that came with it; old if none did
 *	TGF_FRAME_SAVE(cpu, fpu)	registers into the signal frame: enum tgf_copy
 *	TGF_FRAME_RESTORE(cpu, fpu)	the frame into the registers: enum tgf_copy
 *	TGF_FAULT_IN(fpu)		the frame's pages become present; may sleep
 *	TGF_CLTS(cpu), TGF_STTS(cpu)	CR0.TS; lazy kinds only
 *	TGF_RDPKRU(cpu), TGF_WRPKRU(cpu, value), TGF_PKRU_INIT
 *	TGF_LOCK(), TGF_UNLOCK()	preemption and soft interrupts off, on
 *
 * What only the checker has another form of is in <tollgate/fpu_plain.h>:
 *
 *	TGF_OWNER_IS(cpu, fpu)		cpu->owner == fpu, read afresh
 *	TGF_OWNER_READ(cpu, fpu)	nothing; the checker can make it an early read
 *	TGF_IS_HOT(fpu)			fpu->uses > TGF_HOT_USES; the checker tries both answers
 *	TGF_GUARD(name)			1; the checker can make it 0
 *	TGF_BEGIN, TGF_END		around a function with points
 *	TGF_POINT(n, closed), TGF_LABEL(n)
 *	TGF_AGAIN(n, fpu)		fault the frame's pages in, an open point; to TGF_LABEL(n)
 *
 * A point is a place where a reschedule or a soft interrupt may come. A closed
 * one is none: a guard keeps it shut (local_bh_disable, preempt_disable, IRQs
 * off), so outside of the checker, which opens those whose guard it took away,
 * TGF_POINT is nothing. After a point nothing read before it may be used.
 *
 * Rules for callers: cpu is the one this runs on, cur the task that runs there,
 * NULL for a kernel thread. Interrupts are off in switch_out, switch_in,
 * exit_user and nm; preemption is off in kernel_begin .. kernel_end and in
 * guest_load and guest_put; who switches away from a loaded guest puts it first.
 * ptrace_write wants a task that runs nowhere and stays so; who only reads such a
 * task's registers finds them in memory, always.
 */

#endif
