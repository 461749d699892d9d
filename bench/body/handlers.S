/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other ends of crossings: signal handlers and the partner's loops. In
 * assembly, since they are part of what is measured.
 */
#include <asm/unistd.h>
#include <tollgate/crossing.h>
#include <tollgate/blocks_crossing.h>
#include <tollgate/blocks_events.h>

/* Handlers: rdi signal, rsi siginfo_t, rdx ucontext_t (SA_SIGINFO). */
.macro HANDLER sym
	.globl	\sym
	.type	\sym, @function
	.balign	64
\sym:
	mov	tg_board(%rip), %rax
.endm

	.text
/* void tg_on_signal(int, siginfo_t *, void *): SIGUSR1, and int3's SIGTRAP */
HANDLER tg_on_signal
	incq	TG_BOARD_HANDLED(%rax)
	ret

/*
 * void tg_on_segv(int, siginfo_t *, void *): skips the row's own load, which
 * faults at the board's a0. Another fault is a bug: one more while SIGSEGV is
 * blocked ends the process, as if there were no handler.
 */
HANDLER tg_on_segv
	mov	TG_SIGINFO_ADDR(%rsi), %rcx
	cmp	%rcx, TG_BOARD_A0(%rax)
	jne	.Lforeign_fault
	addq	$TG_FAULTING_LOAD_SIZE, TG_UCONTEXT_RIP(%rdx)
	incq	TG_BOARD_HANDLED(%rax)
	ret
.Lforeign_fault:
	mov	(%rcx), %eax
	hlt

/* void tg_on_ill(int, siginfo_t *, void *): skips UD2, and nothing else likewise */
HANDLER tg_on_ill
	mov	TG_UCONTEXT_RIP(%rdx), %rcx
	cmpw	$0x0b0f, (%rcx)		/* UD2's bytes 0f 0b */
	jne	.Lforeign_opcode
	addq	$TG_UD2_SIZE, TG_UCONTEXT_RIP(%rdx)
	incq	TG_BOARD_HANDLED(%rax)
	ret
.Lforeign_opcode:
	ud2

/*
 * void partner(struct tg_board *): takes turns until it is killed or, with
 * pipes, until the other end is closed. Same register contract as the blocks.
 */
.macro PARTNER kind, variant
	.balign	64
.Lpartner_\kind\()_\variant:
	push	%r15			/* never popped: the loop ends the process */
	mov	%rdi, %r15
	TG_INIT_STATE
	xor	%eax, %eax
	mov	%eax, %es
.Lturn_\kind\()_\variant:
	TURN_\kind \variant
	jmp	.Lturn_\kind\()_\variant
.endm

.macro TURN_pipe variant
	mov	$__NR_read, %eax
	mov	TG_BOARD_READ_FD(%r15), %edi
	lea	TG_BOARD_SLOT + 8(%r15), %rsi
	mov	$1, %edx
	syscall
	cmp	$1, %rax
	jne	.Lgone
	TG_TOUCH \variant
	incq	TG_BOARD_PARTNER(%r15)
	mov	$__NR_write, %eax
	mov	TG_BOARD_WRITE_FD(%r15), %edi
	syscall
.endm

.macro TURN_futex variant
	TG_FUTEX_AWAIT TG_BOARD_GO
	movl	$0, TG_BOARD_GO(%r15)
	TG_TOUCH \variant
	incq	TG_BOARD_PARTNER(%r15)
	TG_FUTEX_PASS TG_BOARD_BACK
.endm

.macro TURN_yield variant
	TG_TOUCH \variant
	incq	TG_BOARD_PARTNER(%r15)
	mov	$__NR_sched_yield, %eax
	syscall
.endm

	.irp	kind, pipe, futex, yield
	.irp	v, 0, 1, 2
	PARTNER \kind, \v
	.endr
	.endr

.Lgone:
	mov	$__NR_exit_group, %eax
	xor	%edi, %edi
	syscall
	hlt

/* tg_partners[kind][touch]; the order is enum tg_partner_kind's (bench/crossing.h) */
	.section .rodata, "a"
	.balign	8
	.globl	tg_partners
tg_partners:
	.irp	kind, pipe, futex, yield
	.irp	v, 0, 1, 2
	.quad	.Lpartner_\kind\()_\v
	.endr
	.endr

	.section .note.GNU-stack, "", @progbits
