/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a timed sequence is put together. Included by mod/bodies.S (TG_RING 0)
 * and bench/body/bodies.S (TG_RING 3), so that both rings run the same
 * instructions and exact counts do not depend on a compiler.
 *
 * One sequence is a function
 *
 *	u64 seq(struct tg_args *args)		ticks from the first read to the second
 *
 *	prologue (family)
 *	lfence; rdtsc; lfence			bracket opens
 *	setup (family)				constant: cancels in a slope
 *	loops x { BLOCK n copies }
 *	rdtscp; lfence				bracket closes
 *	epilogue (family)
 *
 * With TG_COUNTED the same sequences are assembled once more, for tables of
 * their own: they read counters just before the bracket opens and just after it
 * closes. What that takes is the same in every sequence and cancels.
 *
 * Per row and variant: hi and lo (TG_HI and TG_LO copies of the body), for
 * REARM also prep_hi and prep_lo (the preparation alone), for PAIR also first
 * (TG_FIRST copies after a state that args choose). For SHOT hi is one body and
 * lo one stand-in, both prepared in the prologue, which a loop does not repeat.
 *
 * Register contract between these macros and a family's:
 *	rbx	args		kept by everyone
 *	rbp	frame pointer	kept by everyone (rsp may move inside a block)
 *	r12	loops left	kept by blocks
 *	r13d, r14d	first time stamp, low and high	kept by blocks
 *	r15	args->base	kept by blocks, may be replaced in a prologue
 *	r8 - r11, rsi, rdi	prologue sets, blocks use
 *	rax, rcx, rdx	lost to rdtsc when the bracket opens; setup sets, blocks use
 */
#ifndef TOLLGATE_BLOCKS_H
#define TOLLGATE_BLOCKS_H

/* Offsets in struct tg_args; sample.h asserts them. */
#define TG_ARG_LOOPS	0
#define TG_ARG_BASE	8
#define TG_ARG_A0	16
#define TG_ARG_A1	24
#define TG_ARG_A2	32
#define TG_ARG_A3	40

/*
 * Copies of the body in the long and the short sequence. Their difference is
 * the block: what one pass of the loop adds. Long enough for cheap bodies
 * that the loop's own branch hides below them; short for dear ones.
 */
#define TG_LO_irq	32
#define TG_HI_irq	96
#define TG_LO_insn	32
#define TG_HI_insn	96
#define TG_LO_crossing	2
#define TG_HI_crossing	10
#define TG_LO_frame	2
#define TG_HI_frame	10
#define TG_LO_gs	8
#define TG_HI_gs	40
#define TG_LO_fpu	2
#define TG_HI_fpu	10

/* Copies in PAIR's single shot: enough to drain into, short enough to see one. */
#define TG_FIRST	16

/*
 * Code variants of a family's rows: fpu has one per depth of dirtied registers,
 * crossing one per value of axis touch, gs one per use. A row without axes has
 * one.
 */
#define TG_VARIANTS_irq		1
#define TG_VARIANTS_insn	1
#define TG_VARIANTS_crossing	3
#define TG_VARIANTS_frame	1	/* the armed stub makes the difference */
#define TG_VARIANTS_gs		2
#if TG_RING == 0
#define TG_VARIANTS_fpu		5	/* no AMX: its use takes XFD, which is the kernel's */
#else
#define TG_VARIANTS_fpu		6
#endif
#define TG_VARIANTS_OF_AXES0		1
#define TG_VARIANTS_OF_AXES1(a)		TG_VARIANTS_MAX
#define TG_VARIANTS_OF_AXES2(a, b)	TG_VARIANTS_MAX
#define TG_VARIANTS_OF_AXES3(a, b, c)	TG_VARIANTS_MAX
#define TG_VARIANTS_MAX			8
#define TG_VARIANTS_OF_AXES4(a, b, c, d) TG_VARIANTS_MAX
#define TG_VARIANTS_OF_DESIGN_AXES(list) 1	/* nor has a design: its stubs differ */
/* Of any SHOT row, instead of its family's; and of fpu/atomic and frame/ctxsw. */
#define TG_VARIANTS_SHOT	5
#define TG_VARIANTS_atomic	8
#define TG_VARIANTS_ctxsw	8

/* fpu/atomic: threads, bytes from flags to status, a flag, and the others (blocks_fpu.h) */
#define TG_ATOMIC_THREADS	512	/* a power of two; the longest sequence has 320 copies */
#define TG_ATOMIC_STRIDE	128	/* no neighbour comes along with a prefetched pair */
#define TG_ATOMIC_STATUS	(TG_ATOMIC_THREADS * TG_ATOMIC_STRIDE)
#define TG_ATOMIC_ROOM		(2 * TG_ATOMIC_STATUS)
#define TG_ATOMIC_BIT		11
#define TG_ATOMIC_WORK		0x3f

#ifdef __ASSEMBLER__
#include <tollgate/left_out.h>

#ifdef TG_COUNTED
/*
 * A call to C at either end of the bracket. Keeps every register, also those
 * that C's convention gives away. The C side keeps the extended state, and uses
 * no segment base: a body may have changed it.
 */
.macro TG_READ_COUNTERS sym, function
SYM_FUNC_START(\sym)
	push	%rbp			/* caller's frame */
	mov	%rsp, %rbp
	push	%rax			/* ticks, or lost to rdtsc next: -8(%rbp) */
	push	%rcx			/* -16(%rbp) */
	push	%rdx			/* -24(%rbp) */
	push	%rsi			/* what a prologue set: -32(%rbp) */
	push	%rdi			/* -40(%rbp) */
	push	%r8			/* -48(%rbp) */
	push	%r9			/* -56(%rbp) */
	push	%r10			/* -64(%rbp) */
	push	%r11			/* -72(%rbp) */
#if TG_RING == 3
	and	$-16, %rsp		/* C's convention; the kernel aligns to 8 */
#endif
	call	\function
	lea	-72(%rbp), %rsp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	pop	%rbp
	RET
SYM_FUNC_END(\sym)
.endm
#endif

.macro TG_SEQ sym, family, name, role, part, variant, copies
TG_SEQUENCE \sym
SYM_FUNC_START(\sym)
	push	%rbp			/* caller's frame */
	mov	%rsp, %rbp
	push	%rbx			/* callee-saved, -8(%rbp) */
	push	%r12			/* -16(%rbp) */
	push	%r13			/* -24(%rbp) */
	push	%r14			/* -32(%rbp) */
	push	%r15			/* -40(%rbp) */
	mov	%rdi, %rbx
	mov	TG_ARG_LOOPS(%rbx), %r12
	mov	TG_ARG_BASE(%rbx), %r15
	PROLOGUE_\family \name, \role
#ifdef TG_COUNTED
	call	tg_count_before
#endif
	lfence
	rdtsc
	lfence
	mov	%eax, %r13d
	mov	%edx, %r14d
	SETUP_\family
	.balign	16
.Lagain\@:
	BLOCK_\family\()_\name \copies, \part, \variant
	dec	%r12
	jnz	.Lagain\@
	rdtscp
	lfence
#ifdef TG_COUNTED
	call	tg_count_after
#endif
	shl	$32, %rdx
	or	%rdx, %rax
	shl	$32, %r14
	or	%r14, %r13
	sub	%r13, %rax
	EPILOGUE_\family \name, \role
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET
SYM_FUNC_END(\sym)
.endm

/*
 * The body of a FENCED row, kept apart from its preparation; in the preparation
 * alone an IMUL stands in its place, which the reader adds again.
 */
.macro TG_FENCED part, insn:vararg
	lfence
	.ifc \part, full
	\insn
	.else
	imul	%ecx, %ecx
	.endif
	lfence
.endm

/*
 * Throws bytes, a positive multiple of 64, out of every cache of the coherence
 * domain; MFENCE orders that before what follows (SDM vol. 2, CLFLUSH). Clobbers
 * rax.
 */
.macro TG_FLUSH from, bytes
	mov	\bytes, %rax
.Lflush\@:
	clflush	-64(\from, %rax)
	sub	$64, %rax
	ja	.Lflush\@
	mfence
.endm

/* The order is enum tg_role's (sample.h). */
.macro TG_VARIANT family, name, method, v, lo, hi
	.ifc \method, SHOT
	TG_SEQ tg_\family\()_\name\()_\v\()_hi, \family, \name, hi, full, \v, 1
	TG_SEQ tg_\family\()_\name\()_\v\()_lo, \family, \name, lo, prep, \v, 1
	.else
	TG_SEQ tg_\family\()_\name\()_\v\()_hi, \family, \name, hi, full, \v, \hi
	TG_SEQ tg_\family\()_\name\()_\v\()_lo, \family, \name, lo, full, \v, \lo
	.endif
	.pushsection .rodata, "a"
	.quad	tg_\family\()_\name\()_\v\()_hi, tg_\family\()_\name\()_\v\()_lo
	.popsection
	.ifc \method, REARM
	TG_SEQ tg_\family\()_\name\()_\v\()_prep_hi, \family, \name, prep_hi, prep, \v, \hi
	TG_SEQ tg_\family\()_\name\()_\v\()_prep_lo, \family, \name, prep_lo, prep, \v, \lo
	.pushsection .rodata, "a"
	.quad	tg_\family\()_\name\()_\v\()_prep_hi, tg_\family\()_\name\()_\v\()_prep_lo
	.popsection
	.else
	.pushsection .rodata, "a"
	.quad	0, 0
	.popsection
	.endif
	.ifc \method, PAIR
	TG_SEQ tg_\family\()_\name\()_\v\()_first, \family, \name, first, full, \v, TG_FIRST
	.pushsection .rodata, "a"
	.quad	tg_\family\()_\name\()_\v\()_first, tg_\family\()_\name\()_\v\()_first
	.popsection
	.else
	.pushsection .rodata, "a"
	.quad	0, 0
	.popsection
	.endif
.endm

/*
 * One row of experiments.def: its sequences, and their table for C. variants:
 * of the family, most: of a row with such axes. Those of STEPS are in C.
 */
.macro TG_ROW table, family, name, rings, method, variants, most, lo, hi
	.if (\rings) & TG_RING_BIT
	.ifc \name, rehearsal
	TG_REHEARSALS \table
	.else
	.ifnc \method, STEPS
	.pushsection .rodata, "a"
	.balign	8
	.globl	\table
\table:
	.popsection
	.ifc \method, SHOT
	.set	TG_NR_VARIANTS, TG_VARIANTS_SHOT
	.else
	.set	TG_NR_VARIANTS, \variants
	.endif
	.ifc \name, atomic
	.set	TG_NR_VARIANTS, TG_VARIANTS_atomic
	.endif
	.ifc \name, ctxsw
	.set	TG_NR_VARIANTS, TG_VARIANTS_ctxsw
	.endif
	.irp	v, 0, 1, 2, 3, 4, 5, 6, 7
	.if	\v < TG_NR_VARIANTS && \v < (\most)
	TG_VARIANT \family, \name, \method, \v, \lo, \hi
	.endif
	.endr
	.endif
	.endif
	.endif
.endm

#endif /* __ASSEMBLER__ */
#endif
