/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frame/point: through the entry of an armed task. Ring 3's side of @cross: the stub
 * that the module armed (frame_blocks.h) is what differs between points.
 *
 *	base	struct tg_cross_board
 *
 *	r9d	EAX as the last SYSCALL left it
 *
 * Each call of a sequence is one quiet stretch (arm.h), which its length bounds:
 * prologue and epilogue stand outside the bracket. A SYSCALL that does not go
 * through the stub gets -ENOSYS, and so does every one behind it: EAX at the end
 * speaks for all.
 *
 * A sample that something came into is broken: an exception, which ends the stretch, or
 * an NMI, which replaces the selector in ES, ring 3's witness, where it meets ring 3. IRET
 * replaces that, too: of points with it NMIs go unseen. The selector is 0 behind the
 * sequence if the sample is broken, and what it was before if not; the call that ends
 * the stretch may replace it in either case.
 */
#ifndef TOLLGATE_BLOCKS_FRAME_H
#define TOLLGATE_BLOCKS_FRAME_H

/* Offsets in struct tg_cross_board, asserted below. */
#define TG_CROSS_CALLS	0
#define TG_CROSS_LOUD	8
#define TG_CROSS_ASTRAY	16
#define TG_CROSS_ES	24
#define TG_CROSS_IRET	32

#include <tollgate/blocks_rehearsal.h>

#ifdef __ASSEMBLER__
#include <tollgate/arm.h>

.macro PROLOGUE_frame name, role
	.ifc \name, point
	PROLOGUE_point
	.else
	PROLOGUE_rehearsal
	.endif
.endm

.macro EPILOGUE_frame name, role
	.ifc \name, point
	EPILOGUE_point
	.else
	EPILOGUE_rehearsal
	.endif
.endm

.macro PROLOGUE_point
	mov	%es, TG_CROSS_ES(%r15)
	incq	TG_CROSS_CALLS(%r15)
	mov	$TG_SYSCALL_QUIET, %eax
	syscall
	test	%eax, %eax
	jz	.Lquiet\@
	incq	TG_CROSS_LOUD(%r15)
.Lquiet\@:
.endm

.macro SETUP_frame
	mov	$TG_SYSCALL_STUB, %eax
.endm

/* Keeps rax, the ticks: r8 and r10 are not among what a system call changes. */
.macro EPILOGUE_point
	mov	%rax, %r8
	mov	%es, %r10d
	cmpl	$0, TG_CROSS_IRET(%r15)
	je	.Lwitness\@
	mov	TG_CROSS_ES(%r15), %r10d
.Lwitness\@:
	mov	$TG_SYSCALL_QUIET, %eax
	syscall
	cmp	$1, %eax
	je	.Lstill\@
	xor	%r10d, %r10d
.Lstill\@:
	mov	$TG_NR_INVALID, %eax	/* the kernel's own: CR8 is low again */
	syscall
	mov	%r10d, %es
	cmp	$TG_SYSCALL_STUB, %r9d
	je	.Lright\@
	incq	TG_CROSS_ASTRAY(%r15)
.Lright\@:
	mov	%r8, %rax
.endm

.macro BLOCK_frame_point n, part, variant
	.rept	\n
	syscall
	.endr
	mov	%eax, %r9d
.endm
#else
#include <linux/types.h>
#include <stddef.h>

struct tg_cross_board {
	__u64 calls;	/* sequences run */
	__u64 loud;	/* of these with interrupts */
	__u64 astray;	/* of these with a system call that missed the stub */
	__u64 es;	/* the selector, while a sequence runs */
	__u64 iret;	/* 1: the stub goes back by IRET */
};

_Static_assert(offsetof(struct tg_cross_board, calls) == TG_CROSS_CALLS, "");
_Static_assert(offsetof(struct tg_cross_board, loud) == TG_CROSS_LOUD, "");
_Static_assert(offsetof(struct tg_cross_board, astray) == TG_CROSS_ASTRAY, "");
_Static_assert(offsetof(struct tg_cross_board, es) == TG_CROSS_ES, "");
_Static_assert(offsetof(struct tg_cross_board, iret) == TG_CROSS_IRET, "");
#endif
#endif
