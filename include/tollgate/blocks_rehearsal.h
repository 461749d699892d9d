/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frame/rehearsal: the frames, checks and pieces of frame_kinds.h and frame_pieces.h in
 * ring 3, each copy in line, its entry at a line's beginning. For SYSCALL stands a jump and
 * a LEA of what it leaves in RCX, for SYSRET a jump back, which no predictor can miss; what
 * is privileged is left out. serial lfence: one in place of SYSCALL, one where the body
 * would be, so that what entry stores need not wait for itself at the exit. cold: MFENCE
 * before each, so that no store waits in a buffer; which of a task's lines are cold is
 * below. The preparation has all of these, and the jumps.
 *
 *	base	CPUs of the rehearsal's, struct tg_rehearsed_cpu
 *	a0	as many addresses of these, each iteration's (cold)
 *	a1	the GS base that is put back
 *	a2	how many of them leave the caches first, or 0
 *
 *	r10	the next address (cold), a register of the user's for what is measured
 *	GS base	this iteration's CPU
 *
 * frame/ctxsw: the same room for the tasks, in the order of their turns, and one CPU,
 * whose word for the user's RSP each entry has just stored. cold: the tasks are.
 */
#ifndef TOLLGATE_BLOCKS_REHEARSAL_H
#define TOLLGATE_BLOCKS_REHEARSAL_H

/*
 * A CPU, and the stack of the task on it, whose end is the CPU's. Lines that an entry
 * reaches: per-CPU words, the thread's, and three of the frame's; the former 128 bytes
 * apart, or a neighbour comes along with a prefetched pair.
 */
#define TG_CPU_BYTES		1024
#define TG_CPUS			1024	/* a power of two, and one for each call of a sequence */
#define TG_CPU_tg_user_rsp	0
#define TG_CPU_tg_stack_top	8
#define TG_CPU_tg_words		128
/* ctxsw: more of the per-CPU words, and the task's struct thread */
#define TG_CPU_SP0		256
#define TG_CPU_STACK		264
#define TG_CPU_THREAD		384
#define TG_THREAD_SP0		(TG_CPU_THREAD + 24)
#define TG_THREAD_SP		(TG_CPU_THREAD + 32)
#define TG_THREAD_USERSP	(TG_CPU_THREAD + 40)
/* Hot iterations take one CPU, whose stack ends as many further up: room for what moves it. */
#define TG_CPU_HOT		8

/* Calls of the rehearsal's table, a power of two. */
#define TG_REHEARSED_CALLS	8

#ifdef __ASSEMBLER__
#include <asm/prctl.h>
#include <tollgate/frame_blocks.h>

/* Keeps what a sequence needs: rbx, rbp, r12 to r15. */
.macro TG_SET_GS base
	mov	$__NR_arch_prctl, %eax
	mov	$ARCH_SET_GS, %edi
	mov	\base, %rsi
	syscall
.endm

.macro PROLOGUE_rehearsal
	TG_SET_GS %r15
	mov	TG_ARG_A0(%rbx), %r10
	lea	TG_CPU_BYTES(%r15), %rsi	/* ctxsw: somebody else's turn before the first */
	mov	TG_ARG_A2(%rbx), %rdi
	test	%rdi, %rdi
	jz	.Lhot\@
.Lflush\@:
	mov	-8(%r10, %rdi, 8), %rax
	clflush	TG_CPU_tg_user_rsp(%rax)
	clflush	TG_CPU_tg_words(%rax)
	clflush	TG_CPU_SP0(%rax)
	clflush	TG_CPU_THREAD(%rax)
	clflush	TG_CPU_BYTES - 192(%rax)
	clflush	TG_CPU_BYTES - 128(%rax)
	clflush	TG_CPU_BYTES - 64(%rax)
	dec	%rdi
	jnz	.Lflush\@
	mfence
.Lhot\@:
.endm

/* Keeps rax, the ticks. */
.macro EPILOGUE_rehearsal
	mov	%rax, %r8
	TG_SET_GS TG_ARG_A1(%rbx)
	mov	%r8, %rax
.endm

/* bits: of the point's values, as tg_point_bits() has them. */
.macro BLOCK_frame_rehearsal n, part, bits
	.set	TG_NOW, \bits
	.rept	\n
	TG_REHEARSE_ONE \part
	.endr
.endm

.macro TG_REHEARSE_ONE part
	.if	IS(cache, cold)
	mfence
	.endif
	.if	IS(serial, lfence)
	lfence
	.endif
	.if	IS(cache, cold)
	mov	(%r10), %rax
	add	$8, %r10
	wrgsbase %rax
	mov	$TG_SYSCALL_STUB, %eax
	.endif
	PRIV	syscall
	lea	.Lback_\@(%rip), %rcx
	jmp	.Lentry_\@
	.balign	64
.Lentry_\@:
	.ifc \part, full
	TG_FRAME \@
	TG_PIECES_COLD \@
	TG_SLOW_COLD \@
	.else
	TG_BODY
	jmp	.Lback_\@
	.endif
.Lback_\@:
.endm

/* Where the kernel's function would be. */
.macro TG_BODY
	.if	IS(serial, lfence)
	lfence
	.endif
.endm

/*
 * A switch from rsi's task to rdi's: what __switch_to() of 3.19 moves between the tasks'
 * struct thread and the per-CPU words, FPU, selectors and bases aside.
 */
.macro BLOCK_frame_ctxsw n, part, variant
	.rept	\n
	.if	(\variant) & 4
	mfence
	.endif
	.if	(\variant) & 2
	lfence
	.endif
	mov	(%r10), %rdi
	add	$8, %r10
	mov	%rsp, TG_GS(tg_user_rsp)	/* as SYSCALL's entry does */
	.ifc \part, full
	PRIV	wrmsr
	mov	%rsp, TG_THREAD_SP(%rsi)
	mov	TG_THREAD_SP(%rdi), %rax
	mov	TG_THREAD_SP0(%rdi), %rcx
	mov	%rcx, %gs:TG_CPU_SP0
	.if	!((\variant) & 1)
	mov	TG_GS(tg_user_rsp), %rdx
	mov	%rdx, TG_THREAD_USERSP(%rsi)
	mov	TG_THREAD_USERSP(%rdi), %rdx
	mov	%rdx, TG_GS(tg_user_rsp)
	.endif
	mov	%rax, %gs:TG_CPU_STACK
	.endif
	mov	%rdi, %rsi
	.endr
.endm

/*
 * A point of frame/rehearsal by its bits: its sequences and their row in the table, in
 * the order of tg_point_next().
 */
.macro TG_ONCE bits:req
	.ifndef	.Lrehearsed_\bits
	.set	.Lrehearsed_\bits, 1
	TG_VARIANT frame, rehearsal, REARM, \bits, TG_LO_frame, TG_HI_frame
	.endif
.endm

.macro TG_REHEARSALS table
	.pushsection .rodata, "a"
	.balign	8
	.globl	\table
\table:
	.popsection
	TG_PRODUCTS
.endm

/* What is called. */
.macro TG_REHEARSED_CODE
	.pushsection .rodata, "a"
	.balign	8
tg_rehearsed_calls:
	.rept	TG_REHEARSED_CALLS
	.quad	tg_rehearsed_call
	.endr
tg_verw_selector:
	.short	TG_USER_DS
	.popsection

	.balign	64
tg_rehearsed_call:
	ret

/* To rax, by a return whose prediction waits in a loop: a retpoline. */
	.balign	64
tg_retpoline:
	call	2f
1:	pause
	lfence
	jmp	1b
2:	mov	%rax, (%rsp)
	ret

	.balign	64
tg_lfence_jump:
	lfence
	jmp	*%rax

/*
 * Branch history overwritten by two loops of five, calls and jumps taken, as Intel's
 * paper on branch history injection asks for. Changes eax, ecx.
 */
	.balign	64
tg_clear_bhb:
	mov	$5, %ecx
	call	1f
	lfence
	ret
	.balign	64
1:	call	2f
	ret
	.balign	64
2:	mov	$5, %eax
3:	jmp	4f
	nop
4:	sub	$1, %eax
	jnz	3b
	sub	$1, %ecx
	jnz	1b
	ret

/*
 * For Zen 1 and 2: the RET of the thunk is the second byte of a TEST, so that on the way
 * over it what was predicted at its place is no return's any more; then that RET itself.
 */
	.balign	64
	.skip	63
tg_untrain_return:
	.byte	0xf6			/* TEST $0xcc, %bl up to and with the INT3 */
tg_return_thunk:
	ret
	int3
	lfence
	jmp	tg_return_thunk
	int3
.endm
#else
#include <linux/types.h>
#include <stddef.h>

struct tg_rehearsed_cpu {
	__u64 user_rsp, stack_top;
	__u64 pad1[14];
	__u32 words[32];
	__u64 sp0, stack;
	__u64 pad2[14];
	__u64 thread[16];
	__u8 room[TG_CPU_BYTES - 512];	/* the stack, downwards */
};

_Static_assert(offsetof(struct tg_rehearsed_cpu, user_rsp) == TG_CPU_tg_user_rsp, "");
_Static_assert(offsetof(struct tg_rehearsed_cpu, stack_top) == TG_CPU_tg_stack_top, "");
_Static_assert(offsetof(struct tg_rehearsed_cpu, words) == TG_CPU_tg_words, "");
_Static_assert(offsetof(struct tg_rehearsed_cpu, sp0) == TG_CPU_SP0, "");
_Static_assert(offsetof(struct tg_rehearsed_cpu, thread) == TG_CPU_THREAD, "");
_Static_assert(sizeof(struct tg_rehearsed_cpu) == TG_CPU_BYTES, "");
#endif
#endif
