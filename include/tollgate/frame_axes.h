/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The axes of frame/point, for C (exp.h) and for the stubs' assembly (frame_blocks.h).
 *
 * The number of a value is bits of its own, which no other axis has: those of a point
 * together are what its stub is built by and named after.
 */
#ifndef TOLLGATE_FRAME_AXES_H
#define TOLLGATE_FRAME_AXES_H

/*
 * What a stub builds before it goes back: nothing, a whole struct pt_regs, or one that
 * lacks parts, as kernels up to 3.19 had it. partial: user RSP in a per-CPU slot, RFLAGS
 * in the slot of R11, CS, SS and RCX not at all. rsp, flags, rest: the first, the second,
 * the third in its place at once; they are (a), (b), (c) of whoever proposed that.
 */
#define TG_VALUES_frame(V, x)	V(x, bare, 0) V(x, full, 0x1) V(x, partial, 0x2)	\
				V(x, rsp, 0x6) V(x, flags, 0xa) V(x, rest, 0x12)	\
				V(x, rsp_flags, 0xe) V(x, rsp_rest, 0x16)		\
				V(x, flags_rest, 0x1a) V(x, rsp_flags_rest, 0x1e)
/*
 * Whether what lacks is filled in for a body that needs it (FIXUP_TOP_OF_STACK), and also
 * taken from there behind it, as it may have changed it (RESTORE_TOP_OF_STACK); in4:
 * both in one call of four
 */
#define TG_VALUES_pace(V, x)	V(x, fast, 0) V(x, slow, 0x20) V(x, fixup, 0x40000020)	\
				V(x, in4, 0x80000000)
/* Where the way back by SYSRET has the user's RSP from: pt_regs, if it is there, or its slot */
#define TG_VALUES_reload(V, x)	V(x, inplace, 0) V(x, slot, 0x20000000)
/* IF in SYSCALL_MASK, so that SYSCALL clears it, or not */
#define TG_VALUES_mask(V, x)	V(x, masked, 0) V(x, unmasked, 0x40)
/*
 * STI before the body, CLI behind it. Whether IF is what R11 has for SYSRET follows from
 * both and mask: it is where IF was 1 at last.
 */
#define TG_VALUES_sti(V, x)	V(x, nosti, 0) V(x, sti, 0x80)
#define TG_VALUES_cli(V, x)	V(x, nocli, 0) V(x, cli, 0x100)
/* By which instruction it goes back */
#define TG_VALUES_exit(V, x)	V(x, sysret, 0) V(x, iret, 0x200)
/*
 * Whether it asks for exit work, and how for one more flag: flags are read, and that one
 * is among them; by LOCK BTR; by TEST of the flags in memory; by TEST of another word.
 */
#define TG_VALUES_check(V, x)	V(x, nocheck, 0) V(x, read, 0x400) V(x, locked, 0x800)	\
				V(x, tested, 0xc00) V(x, status, 0x1000)
/* Without a frame: SWAPGS and back; and to the task's stack */
#define TG_VALUES_switch(V, x)	V(x, noswitch, 0) V(x, swapgs, 0x2000) V(x, stack, 0x6000)
/* LFENCE behind SWAPGS */
#define TG_VALUES_fence(V, x)	V(x, nofence, 0) V(x, fence, 0x8000)
/* STAC and CLAC, as round one access to the user's memory */
#define TG_VALUES_smap(V, x)	V(x, nosmap, 0) V(x, stac, 0x10000)
/* The preemption count up and down */
#define TG_VALUES_preempt(V, x)	V(x, nopreempt, 0) V(x, preempt, 0x20000)
/* One flag that would lead to context tracking or a tracer */
#define TG_VALUES_context(V, x)	V(x, nocontext, 0) V(x, context, 0x40000)
/* The stack moved by a random offset, the next one mixed from the TSC */
#define TG_VALUES_offset(V, x)	V(x, nooffset, 0) V(x, offset, 0x80000)
/* CR3 written on the way in and on the way out, with the value it has */
#define TG_VALUES_cr3(V, x)	V(x, nocr3, 0) V(x, cr3, 0x100000) V(x, noflush, 0x300000)
/* VERW of a selector in memory, the last thing before SYSRET or IRET */
#define TG_VALUES_verw(V, x)	V(x, noverw, 0) V(x, verw, 0x400000)
/*
 * How the call is found: not at all; by comparing its number (never equal, so no jump is
 * taken: a lower bound of what a compiler's tree costs); by a table and an indirect
 * call; that by a retpoline; or behind LFENCE. The last three take a return, which no stub
 * of ring 0 has: in rehearsal alone.
 */
#define TG_VALUES_dispatch(V, x) V(x, nodispatch, 0) V(x, compare, 0x800000)		\
				V(x, indirect, 0x1000000) V(x, retpoline, 0x1800000)	\
				V(x, lfence_call, 0x2000000)
/*
 * What keeps the user's training of predictors from the kernel, on the way in. rsb: the
 * return stack filled. bhb: branch history overwritten by loops. untrain: the return's
 * prediction replaced, and a return by the thunk. spec_ctrl: the MSR written, there and
 * back. ibpb: PRED_CMD. bhb and untrain hold returns, so in rehearsal alone; the MSRs are
 * ring 0's.
 */
#define TG_VALUES_guard(V, x)	V(x, noguard, 0) V(x, rsb, 0x4000000) V(x, bhb, 0x8000000)	\
				V(x, untrain, 0xc000000) V(x, spec_ctrl, 0x10000000)	\
				V(x, ibpb, 0x14000000)
/* Whether an LFENCE parts iterations, as a real entry serialises, or they overlap */
#define TG_VALUES_serial(V, x)	V(x, none, 0) V(x, lfence, 0x100000000)
/* Whether the caches hold what is touched, or CLFLUSH has just thrown it out of all */
#define TG_VALUES_cache(V, x)	V(x, hot, 0) V(x, cold, 0x200000000)

/* Bits of points that stand for a kernel's entry: see COMPOSITE of frame.def. */
#define TG_LINUX_OLD	(TG_ON(sti, sti) | TG_ON(cli, cli) | TG_ON(check, read) |	\
			 TG_ON(context, context))
#define TG_LINUX_3_19	(TG_ON(frame, partial) | TG_LINUX_OLD)
#define TG_LINUX_4_2	(TG_ON(frame, rsp_flags_rest) | TG_LINUX_OLD)
#define TG_LINUX_6_12	(TG_ON(frame, full) | TG_ON(sti, sti) | TG_ON(cli, cli) |	\
			 TG_ON(check, read) | TG_ON(offset, offset) |			\
			 TG_ON(dispatch, compare))

/* Of frame/point and of frame/rehearsal, in the order in which names have them. */
#define TG_DESIGN_frame(A)	A(frame) A(pace) A(mask) A(sti) A(cli) A(exit) A(check)	\
				A(switch) A(fence) A(smap) A(preempt) A(context)	\
				A(offset) A(cr3) A(verw) A(dispatch) A(guard) A(reload)
#define TG_DESIGN_rehearsal(A)	A(frame) A(pace) A(sti) A(cli) A(check) A(fence)	\
				A(preempt) A(context) A(offset) A(verw) A(dispatch)	\
				A(guard) A(reload) A(serial) A(cache)
/* Every one of them once. */
#define TG_DESIGN_any(A)	TG_DESIGN_frame(A) A(serial) A(cache)

#endif
