/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kinds of frames, axis frame of frame_axes.h: from SYSCALL to SYSRET or IRET. Assembly
 * alone, included by frame_blocks.h.
 */
#ifndef TOLLGATE_FRAME_KINDS_H
#define TOLLGATE_FRAME_KINDS_H

/*
 * No frame: to SYSRET at once, on the user's stack; or by way of the kernel's GS; or of
 * the task's stack, too.
 *
 *	in, out	as TG_STUB's
 */
.macro TG_FRAME_bare stub:req
	TG_BODY
	.if	!IS(switch, noswitch)
	TG_TO_KERNEL \stub
	.endif
	.if	IS(sti, sti)
	PRIV	sti
	.endif
	.if	IS(cli, cli)
	PRIV	cli
	.endif
	.if	IS(switch, stack)
	mov	TG_GS(tg_user_rsp), %rsp
	.endif
	.if	!IS(switch, noswitch)
	TG_WINDOW \stub, D1
	PRIV	swapgs
	.endif
	TG_WINDOW \stub, D2
	.if	!IS(switch, noswitch)
	TG_VERW
	.endif
	TG_SYSRET \stub
.endm

/*
 * To the kernel's GS, and the task's stack but where the point has SWAPGS alone.
 *
 *	in	as TG_STUB's
 *	out	the same, rsp at the end of the task's stack, the user's in tg_user_rsp
 */
.macro TG_TO_KERNEL stub:req
	PRIV	swapgs
	TG_WINDOW \stub, B1
	.if	IS(fence, fence)
	lfence
	.endif
	.if	!IS(switch, swapgs)
	mov	%rsp, TG_GS(tg_user_rsp)
	mov	TG_GS(tg_stack_top), %rsp
	TG_WINDOW \stub, B2
	.endif
.endm

/*
 * Back to the user: by SYSRET, whose caller has loaded RSP, or IRET from rsp.
 */
.macro TG_TO_USER stub:req
	.if	IS(exit, iret)
	TG_WINDOW \stub, X
	PRIV	swapgs
	TG_WINDOW \stub, E
	TG_VERW
	iretq
	.else
	TG_WINDOW \stub, D1
	PRIV	swapgs
	TG_WINDOW \stub, D2
	TG_VERW
	TG_SYSRET \stub
	.endif
.endm

/* SYSRET; in rehearsal a jump to behind what stands for SYSCALL (blocks_rehearsal.h). */
.macro TG_SYSRET stub:req
	PRIV	sysretq
#if TG_RING == 3
	jmp	.Lback_\stub
#endif
.endm

/* The frame that a point has. */
.macro TG_FRAME stub:req
	.if	IS(frame, bare)
	TG_FRAME_bare \stub
	.elseif	IS(frame, full)
	TG_FRAME_full \stub
	.else
	TG_FRAME_partial \stub
	.endif
.endm

#define TG_FRAME_HAS(part)	(TG_NOW & (TG_ON(frame, part) - TG_ON(frame, partial)))
#define TG_PART(field)		TG_PT_##field - TG_PT_R11(%rsp)

/*
 * The two hooks that the proof of frame.enough fills (bench/body/frame_proven.S): the body of
 * a slow path, with rsp at pt_regs->r11; and what IRET has beyond what SYSCALL left, which no
 * stub's body changes. Empty, and no instruction, in all that is measured.
 */
#ifndef TG_PROOF
.macro TG_SLOW_BODY
.endm
.macro TG_BEFORE_IRET
.endm
#endif

/* FIXUP_TOP_OF_STACK: what lacks of the top of a partial frame filled in. Changes rcx. */
.macro TG_FIX_UP
	.if	!TG_FRAME_HAS(rsp)
	mov	TG_GS(tg_user_rsp), %rcx
	mov	%rcx, TG_PART(SP)
	.endif
	.if	!TG_FRAME_HAS(rest)
	movq	$-1, TG_PART(CX)	/* RIP was there, and is not to be believed */
	movq	$TG_USER_CS, TG_PART(CS)
	movq	$TG_USER_DS, TG_PART(SS)
	.endif
	.if	TG_FRAME_HAS(flags)
	mov	TG_PART(FLAGS), %rcx
	mov	%rcx, TG_PART(R11)
	.else
	mov	TG_PART(R11), %rcx
	mov	%rcx, TG_PART(FLAGS)
	.endif
.endm

/*
 * RESTORE_TOP_OF_STACK: what the body may have changed of it taken to where the way back
 * has it from; all: as 3.19 did, whatever the frame has. Changes rcx.
 */
.macro TG_TAKE_BACK all=0
	.if	\all || !TG_FRAME_HAS(rsp)
	mov	TG_PART(SP), %rcx
	mov	%rcx, TG_GS(tg_user_rsp)
	.endif
	.if	\all || !TG_FRAME_HAS(flags)
	mov	TG_PART(FLAGS), %rcx
	mov	%rcx, TG_PART(R11)
	.endif
.endm

.macro TG_SLOW_PATH
	TG_FIX_UP
	TG_SLOW_BODY
	.if	!IS(pace, in4)
	TG_BODY
	.endif
	.if	!IS(pace, fixup)
	TG_TAKE_BACK
	.endif
.endm

/* Out of line. */
.macro TG_SLOW_COLD stub:req
	.if	IS(pace, in4)
.Lslow_\stub:
	TG_SLOW_PATH
	jmp	.Lfast_\stub
	.endif
.endm

/*
 * struct pt_regs without the registers that C keeps, and without what SYSCALL itself
 * does not need to come back: user RSP stays in the per-CPU slot, RFLAGS goes to R11's
 * place, CS, SS and RCX are not written. With rsp, flags, rest they are in their
 * places at once. pace fixup, slow and in4: the fix-up of the top of the stack before a
 * body that reads all of it, and, but for fixup, what it may have changed taken back
 * behind it; a real slow path saves the other registers as well, which is left out.
 *
 *	in, out	as TG_STUB's; between K and X: rsp at pt_regs->r11
 */
.macro TG_FRAME_partial stub:req
	TG_TO_KERNEL \stub
	.if	IS(sti, sti)
	PRIV	sti			/* before the frame, where these kernels had it */
	.endif
	sub	$TG_PT_SIZE - TG_PT_R11, %rsp
	mov	%rdi, TG_PART(DI)
	mov	%rsi, TG_PART(SI)
	mov	%rdx, TG_PART(DX)
	mov	%rax, TG_PART(AX)	/* what comes back */
	mov	%r8, TG_PART(R8)
	mov	%r9, TG_PART(R9)
	mov	%r10, TG_PART(R10)
	mov	%rax, TG_PART(ORIG_AX)
	mov	%rcx, TG_PART(IP)
	.if	TG_FRAME_HAS(flags)
	mov	%r11, TG_PART(FLAGS)
	.else
	mov	%r11, TG_PART(R11)	/* RFLAGS, as SYSCALL left them there */
	.endif
	.if	TG_FRAME_HAS(rest)
	mov	%rcx, TG_PART(CX)
	movq	$TG_USER_CS, TG_PART(CS)
	movq	$TG_USER_DS, TG_PART(SS)
	.endif
	TG_WINDOW \stub, K
	.if	TG_FRAME_HAS(rsp)
	mov	TG_GS(tg_user_rsp), %rcx
	mov	%rcx, TG_PART(SP)
	.endif
	TG_WRITE_CR3
	TG_GUARD_IN
	TG_PIECES_IN \stub
	TG_DISPATCH \stub, TG_PART(ORIG_AX)
	.if	IS(pace, in4)
	incl	TG_CALLS
	testl	$3, TG_CALLS
	jz	.Lslow_\stub
.Lfast_\stub:
	TG_BODY
	.elseif	!IS(pace, fast)
	TG_SLOW_PATH
	.else
	TG_BODY
	.endif
	TG_PIECES_OUT \stub
	TG_GUARD_OUT
	TG_WRITE_CR3
	.if	TG_FRAME_HAS(flags)
	mov	TG_PART(FLAGS), %r11
	.else
	mov	TG_PART(R11), %r11
	.endif
	mov	TG_PART(R10), %r10
	mov	TG_PART(R9), %r9
	mov	TG_PART(R8), %r8
	mov	TG_PART(AX), %rax
	mov	TG_PART(DX), %rdx
	mov	TG_PART(SI), %rsi
	mov	TG_PART(DI), %rdi
	mov	TG_PART(IP), %rcx
	.if	IS(exit, iret)
	TG_BEFORE_IRET
	add	$TG_PT_IP - TG_PT_R11, %rsp
	.elseif	TG_FRAME_HAS(rsp) && IS(reload, inplace)
	mov	TG_PART(SP), %rsp
	.else
	mov	TG_GS(tg_user_rsp), %rsp
	.endif
	TG_TO_USER \stub
.endm

/*
 * struct pt_regs on the task's own stack, as the kernel's entry builds it, and
 * the registers cleared; no body.
 *
 *	in, out	as TG_STUB's; between K and X: GS the kernel's, rsp on the task's stack,
 *		all else cleared, but rax and rdi, then from the frame
 */
.macro TG_FRAME_full stub:req
	TG_TO_KERNEL \stub
	pushq	$TG_USER_DS		/* pt_regs->ss */
	pushq	TG_GS(tg_user_rsp)	/* pt_regs->sp */
	TG_WINDOW \stub, K
	pushq	%r11			/* pt_regs->flags */
	pushq	$TG_USER_CS		/* pt_regs->cs */
	pushq	%rcx			/* pt_regs->ip */
	pushq	%rax			/* pt_regs->orig_ax */
	pushq	%rdi			/* pt_regs->di */
	pushq	%rsi			/* pt_regs->si */
	pushq	%rdx			/* pt_regs->dx */
	pushq	%rcx			/* pt_regs->cx */
	pushq	%rax			/* pt_regs->ax: what comes back */
	pushq	%r8			/* pt_regs->r8 */
	pushq	%r9			/* pt_regs->r9 */
	pushq	%r10			/* pt_regs->r10 */
	pushq	%r11			/* pt_regs->r11 */
	pushq	%rbx			/* pt_regs->bx */
	pushq	%rbp			/* pt_regs->bp */
	pushq	%r12			/* pt_regs->r12 */
	pushq	%r13			/* pt_regs->r13 */
	pushq	%r14			/* pt_regs->r14 */
	pushq	%r15			/* pt_regs->r15 */
	xorl	%esi, %esi		/* nothing of the user's to speculate with */
	xorl	%edx, %edx
	xorl	%ecx, %ecx
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	TG_WRITE_CR3
	TG_GUARD_IN
	TG_PIECES_IN \stub
	.if	IS(offset, offset)
	TG_DISPATCH \stub, TG_PT_ORIG_AX(%rbx)
	.else
	TG_DISPATCH \stub, TG_PT_ORIG_AX(%rsp)
	.endif
	TG_BODY
	TG_PIECES_OUT \stub
	TG_GUARD_OUT
	TG_WRITE_CR3
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi			/* RSP: pt_regs->orig_ax */
	.if	TG_PT_SIZE - TG_PT_ORIG_AX != 6 * 8
	.error "what is pushed is not struct pt_regs"
	.endif
	.if	IS(exit, iret)
	add	$TG_PT_IP - TG_PT_ORIG_AX, %rsp
	.elseif	IS(reload, slot)
	mov	TG_GS(tg_user_rsp), %rsp
	.else
	mov	TG_PT_SP - TG_PT_ORIG_AX(%rsp), %rsp
	.endif
	TG_TO_USER \stub
.endm

#endif
