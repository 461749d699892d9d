/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What real entries do besides building their frame, each a choice of frame_axes.h.
 * Assembly alone, included by frame_blocks.h.
 *
 * All of them run in window K: GS and RSP are the kernel's, the user's registers are
 * saved. They may change rax, rcx, rdx and RFLAGS, offset rbx as well. Words that the
 * kernel keeps in the task are the stubs' own here (struct tg_words, per CPU): no flag of
 * the kernel's is read or written.
 */
#ifndef TOLLGATE_FRAME_PIECES_H
#define TOLLGATE_FRAME_PIECES_H

/* Offsets in struct tg_words (mod/entry.h), and flags in it. */
#define TG_WORD_PREEMPT	0
#define TG_WORD_CONTEXT	4
#define TG_WORD_FLAGS	8
#define TG_WORD_STATUS	12
#define TG_WORD_RANDOM	16
#define TG_FLAG_BIT	11
#define TG_FLAGS_OTHER	0x3f

#define TG_WORD(word)	TG_GS(tg_words + TG_WORD_##word)

#define TG_CR3_NOFLUSH_BIT	63

/* How far the stack moves at most, as the kernel has it on x86 (10 bits). */
#define TG_STACK_OFFSET_MASK	0x3ff

/* Entries of a return stack: 16 or 32 (Linux fills 32). */
#define TG_RSB_ENTRIES	32

/* Steps of a compare chain to one of some 450 calls: log2 of that, rounded up. */
#define TG_COMPARE_STEPS	9

#ifdef __ASSEMBLER__
/* Which of four calls takes the slow path of pace in4; QUIET sets it to 0. */
#if TG_RING == 0
#define TG_CALLS	tg_calm + TG_CALM_CALLS(%rip)
#else
#define TG_CALLS	TG_WORD(CALLS)
#define TG_WORD_CALLS	20
#endif

/*
 * CR3 written with what it holds; NOFLUSH, where CR4.PCIDE is 1: what the TLB has of
 * this PCID stays (SDM vol. 3, 4.10.4.1).
 */
.macro TG_WRITE_CR3
	.if	!IS(cr3, nocr3)
	PRIV	mov %cr3, %rax
	.if	IS(cr3, noflush)
	bts	$TG_CR3_NOFLUSH_BIT, %rax
	.endif
	PRIV	mov %rax, %cr3
	.endif
.endm

/* The call found by comparing its number, which the frame has at orig_ax, directly. */
.macro TG_DISPATCH stub:req, orig_ax:vararg
	.if	IS(dispatch, compare)
	mov	\orig_ax, %eax
	.set	TG_STEP, 0
	.rept	TG_COMPARE_STEPS
	cmp	$TG_SYSCALL_STUB - (0x100 << TG_STEP), %eax
	jb	.Lfound_\stub
	.set	TG_STEP, TG_STEP + 1
	.endr
.Lfound_\stub:
	.endif
#if TG_RING == 3
	.if	IS(dispatch, indirect) || IS(dispatch, retpoline) || IS(dispatch, lfence_call)
	mov	\orig_ax, %eax
	and	$TG_REHEARSED_CALLS - 1, %eax
	.if	IS(dispatch, indirect)
	call	*tg_rehearsed_calls(, %rax, 8)
	.else
	mov	tg_rehearsed_calls(, %rax, 8), %rax
	.if	IS(dispatch, retpoline)
	call	tg_retpoline
	.else
	call	tg_lfence_jump
	.endif
	.endif
	.endif
#endif
.endm

/*
 * What keeps predictors from being led by the user, right behind the frame. The return
 * stack is filled by calls whose returns nobody takes: behind each waits INT3.
 */
.macro TG_GUARD_IN
	.if	IS(guard, rsb)
	.rept	TG_RSB_ENTRIES
	TG_INTRA_CALL
	call	1f
	int3
1:
	.endr
	add	$TG_RSB_ENTRIES * 8, %rsp
	lfence
	.endif
	.if	IS(guard, spec_ctrl)
	TG_WRITE_SPEC_CTRL
	.endif
	.if	IS(guard, ibpb)
	mov	$TG_MSR_PRED_CMD, %ecx
	mov	$1, %eax			/* IBPB */
	xor	%edx, %edx
	PRIV	wrmsr
	.endif
#if TG_RING == 3
	.if	IS(guard, bhb)
	call	tg_clear_bhb
	.endif
	.if	IS(guard, untrain)
	call	tg_untrain_return
	.endif
#endif
.endm

/* The way out writes SPEC_CTRL, too, and nothing else. */
.macro TG_GUARD_OUT
	.if	IS(guard, spec_ctrl)
	TG_WRITE_SPEC_CTRL
	.endif
.endm

/* SPEC_CTRL written with what it holds since the stretch began. */
.macro TG_WRITE_SPEC_CTRL
	mov	$TG_MSR_SPEC_CTRL, %ecx
	mov	tg_calm + TG_CALM_SPEC_CTRL(%rip), %eax
	mov	tg_calm + TG_CALM_SPEC_CTRL + 4(%rip), %edx
	PRIV	wrmsr
.endm

/* Behind the frame. rbx: RSP as it was, where the stack moves. */
.macro TG_PIECES_IN stub:req
	.if	IS(offset, offset)
	mov	TG_WORD(RANDOM), %eax
	and	$TG_STACK_OFFSET_MASK, %eax
	mov	%rsp, %rbx
	sub	%rax, %rsp
	and	$-16, %rsp
	.endif
	.if	IS(sti, sti) && IS(frame, full)
	PRIV	sti
	.endif
	.if	IS(context, context)
	testl	$1, TG_WORD(CONTEXT)
	jnz	.Lcontext_\stub
.Lno_context_\stub:
	.endif
	.if	IS(preempt, preempt)
	incl	TG_WORD(PREEMPT)
	.endif
	.if	IS(smap, stac)
	PRIV	stac
	PRIV	clac
	.endif
.endm

/* Before the registers are restored. */
.macro TG_PIECES_OUT stub:req
	.if	IS(preempt, preempt)
	decl	TG_WORD(PREEMPT)
	js	.Lwork_\stub
	.endif
.Lno_work_\stub:
	.if	IS(cli, cli)
	PRIV	cli
	.endif
	.if	!IS(check, nocheck)
	mov	TG_WORD(FLAGS), %edx
	test	$TG_FLAGS_OTHER, %edx
	jnz	.Lwork_\stub
	.if	IS(check, read)
	test	$(1 << TG_FLAG_BIT), %edx
	jnz	.Lwork_\stub
	.endif
	.if	IS(check, locked)
	lock btrl $TG_FLAG_BIT, TG_WORD(FLAGS)
	jc	.Lwork_\stub
	.endif
	.if	IS(check, tested)
	testl	$(1 << TG_FLAG_BIT), TG_WORD(FLAGS)
	jnz	.Lwork_\stub
	.endif
	.if	IS(check, status)
	testl	$(1 << TG_FLAG_BIT), TG_WORD(STATUS)
	jnz	.Lwork_\stub
	.endif
	.endif
	.if	IS(offset, offset)
	rdtsc
	mov	TG_WORD(RANDOM), %ecx
	ror	$5, %ecx
	xor	%eax, %ecx
	mov	%ecx, TG_WORD(RANDOM)
	mov	%rbx, %rsp
	.endif
.endm

/* Out of line: nobody sets these words, and who finds them set clears them. */
.macro TG_PIECES_COLD stub:req
	.if	IS(context, context)
.Lcontext_\stub:
	movl	$0, TG_WORD(CONTEXT)
	jmp	.Lno_context_\stub
	.endif
	.if	!IS(check, nocheck) || IS(preempt, preempt)
.Lwork_\stub:
	movl	$0, TG_WORD(FLAGS)
	movl	$0, TG_WORD(STATUS)
	movl	$0, TG_WORD(PREEMPT)
	jmp	.Lno_work_\stub
	.endif
.endm

/* Last of all, with the user's registers: CPU buffers are overwritten. Changes ZF. */
.macro TG_VERW
	.if	IS(verw, verw)
	verw	tg_verw_selector(%rip)
	.endif
.endm
#endif
#endif
