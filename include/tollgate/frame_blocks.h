/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a stub is made of: SYSCALL's own way in, a frame, and the way back. The
 * module runs these (mod/stubs.S); the harness assembles them for the table of
 * `tollgate list --windows` alone (bench/body/windows.S).
 *
 * Stubs hold no return and no indirect branch, and run with IF = 0, as
 * SYSCALL leaves it: no interrupt, no reschedule, no exit work can come up between
 * entry and exit. What work is pending came with an interrupt that waits, and is
 * taken as soon as IF is 1 again. NMI, #DB and #MC have stacks of their own.
 *
 * A window is a stretch of instructions in which something is not as either mode
 * expects it; TG_WINDOW begins one beside the code, and the table knows them
 * all, in order. A handler that interrupts a stub learns from the class what it has
 * to undo:
 *
 *	A	GS and RSP are the user's; to undo: RIP = RCX - 2
 *	B1	SWAPGS done, RSP still the user's: SWAPGS, then as A
 *	B2	RSP switched, the user's in tg_user_rsp: RSP from there, then as B1
 *	K	a frame on the task's stack: a body of the kernel's
 *	X	registers restored, IRET frame at RSP, GS still the kernel's
 *	E	the same, GS the user's
 *	D1	SYSRET: RSP the user's again, GS still the kernel's: RIP = RCX
 *	D2	the same, GS the user's
 *	Q	RAX is not the caller's, and not yet what it gets: let it go on
 *
 * RAX is the caller's until B2 is over.
 */
#ifndef TOLLGATE_FRAME_BLOCKS_H
#define TOLLGATE_FRAME_BLOCKS_H

/* Offsets in struct pt_regs (asm/ptrace.h); mod/switch.c asserts them. */
#define TG_PT_ORIG_AX	120
#define TG_PT_IP	128
#define TG_PT_SP	152
#define TG_PT_SIZE	168

/* Offsets in struct tg_calm (mod/entry.h), and what CR8 is in a quiet stretch. */
#define TG_CALM_RAX	0
#define TG_CALM_CR8	8
#define TG_CALM_BELOW	16
#define TG_CR8_QUIET	15

/* Selectors that SYSCALL and SYSRET imply (asm/segment.h); asserted likewise. */
#define TG_USER_DS	0x2b
#define TG_USER_CS	0x33

/* The classes' names by their numbers in the table; the number behind them closes a stub. */
#define TG_CLASS_NAMES	{ "A", "B1", "B2", "K", "X", "E", "D1", "D2", "Q" }
#define TG_NR_CLASSES	9

/* Stubs, in the order of mod/stubs.S: STUB(number, frame, exit, quiet) */
#define TG_STUBS(STUB)			\
	STUB(0, bare, sysret, 0)	\
	STUB(1, bare, sysret, 1)	\
	STUB(2, full, sysret, 0)	\
	STUB(3, full, sysret, 1)	\
	STUB(4, full, iret, 0)		\
	STUB(5, full, iret, 1)
#define TG_NR_STUBS	6

#ifdef __ASSEMBLER__
#include <tollgate/arm.h>

	.set	TG_CLASS_A, 0
	.set	TG_CLASS_B1, 1
	.set	TG_CLASS_B2, 2
	.set	TG_CLASS_K, 3
	.set	TG_CLASS_X, 4
	.set	TG_CLASS_E, 5
	.set	TG_CLASS_D1, 6
	.set	TG_CLASS_D2, 7
	.set	TG_CLASS_Q, 8
	.set	TG_CLASS_END, TG_NR_CLASSES

/* Per-CPU memory through GS: RIP-relative on every kernel, so that lengths agree. */
#define TG_GS(slot)	%gs:slot(%rip)

/*
 * Begins a window, which ends where the next begins: a row of the table, of
 * number and class and the offset from TG_ORIGIN. Numbers, not addresses: nothing
 * is relocated.
 */
.macro TG_WINDOW stub:req, class:req
.Lwindow\@:
	.pushsection .rodata.tg_windows, "a"
	.short	\stub, TG_CLASS_\class
	.long	.Lwindow\@ - .Lorigin\stub
	.popsection
.endm

/*
 * A stub: what LSTAR points to, behind the ENDBR that some kernels need.
 *
 *	in	rax	the number	rcx	user RIP	r11	user RFLAGS
 *		rsp, GS	the user's	IF = 0, TF = 0, DF = 0, AC = 0
 *	out	all as they came, but RFLAGS, which SYSRET or IRET restores
 *
 * What is not TG_SYSCALL_STUB goes to the kernel's own entry, every register as it
 * came: a static call, which the module patches to a direct jump (mod/forward.c).
 */
.macro TG_STUB number:req, frame:req, exit:req, quiet:req
.Lorigin\number:
	TG_WINDOW \number, A
	cmp	$TG_SYSCALL_STUB, %eax
	jne	.Lother\number
	TG_FRAME_\frame \number, \exit
.Lother\number:
	TG_WINDOW \number, A
	.if	\quiet
	cmp	tg_calm + TG_CALM_BELOW(%rip), %eax
	jae	.Lquiet\number
	.endif
	jmp	__SCT__tg_to_kernel
	.if	\quiet
.Lquiet\number:
	TG_QUIET \number
	.endif
	TG_WINDOW \number, END
.endm

/*
 * Of a task that may be quiet: begins a stretch, or ends one.
 *
 *	in	as TG_STUB's; eax is not below tg_calm.below, which is TG_SYSCALL_STUB
 *		outside a stretch and 0 in one
 *	out	rax 0, or 1 where a stretch was on and goes on, by SYSRET, at
 *		CR8 = 15; or all as they came, at the kernel's own CR8, to its entry
 *
 * tg_calm is the armed CPU's alone: one task is armed, on one CPU, with IF = 0.
 * Kernel code must not run at CR8 = 15, or this CPU would not answer the others.
 */
.macro TG_QUIET number:req
	TG_WINDOW \number, A
	cmp	$TG_SYSCALL_QUIET, %eax
	jne	.Llower\@
	TG_WINDOW \number, Q
	mov	%cr8, %rax
	cmp	$TG_CR8_QUIET, %eax
	sete	%al
	movzbl	%al, %eax
	mov	%rax, tg_calm + TG_CALM_RAX(%rip)
	mov	$TG_CR8_QUIET, %eax
	mov	%rax, %cr8
	movl	$0, tg_calm + TG_CALM_BELOW(%rip)	/* not before CR8: a gate may come */
	mov	tg_calm + TG_CALM_RAX(%rip), %rax
	TG_WINDOW \number, D2
	sysretq
.Llower\@:
	TG_WINDOW \number, A
	movl	$TG_SYSCALL_STUB, tg_calm + TG_CALM_BELOW(%rip)
	mov	%rax, tg_calm + TG_CALM_RAX(%rip)
	TG_WINDOW \number, Q
	mov	tg_calm + TG_CALM_CR8(%rip), %rax
	mov	%rax, %cr8
	mov	tg_calm + TG_CALM_RAX(%rip), %rax
	TG_WINDOW \number, A
	jmp	__SCT__tg_to_kernel
.endm

/*
 * Nothing at all: to SYSRET at once, on the user's stack.
 *
 *	in, out	as TG_STUB's
 */
.macro TG_FRAME_bare number:req, exit:req
	.ifnc \exit, sysret
	.error "IRET takes a frame"
	.endif
	TG_WINDOW \number, D2
	sysretq
.endm

/*
 * struct pt_regs on the task's own stack, as the kernel's entry builds it, and
 * the registers cleared; no body, no exit work.
 *
 *	in, out	as TG_STUB's; between K and X: GS the kernel's, rsp on the task's stack,
 *		all else cleared, but rax and rdi, then from the frame
 */
.macro TG_FRAME_full number:req, exit:req
	swapgs
	TG_WINDOW \number, B1
	mov	%rsp, TG_GS(tg_user_rsp)
	mov	TG_GS(tg_stack_top), %rsp
	TG_WINDOW \number, B2
	pushq	$TG_USER_DS		/* pt_regs->ss */
	pushq	TG_GS(tg_user_rsp)	/* pt_regs->sp */
	TG_WINDOW \number, K
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
	.ifc \exit, iret
	add	$TG_PT_IP - TG_PT_ORIG_AX, %rsp
	TG_WINDOW \number, X
	swapgs
	TG_WINDOW \number, E
	iretq
	.else
	mov	TG_PT_SP - TG_PT_ORIG_AX(%rsp), %rsp
	TG_WINDOW \number, D1
	swapgs
	TG_WINDOW \number, D2
	sysretq
	.endif
.endm

/* Around all stubs of a build: where their windows' table begins and ends. */
.macro TG_WINDOW_TABLE edge:req
	.pushsection .rodata.tg_windows, "a"
	.balign	8
	.globl	\edge
\edge:
	.popsection
.endm
#else /* __ASSEMBLER__ */
#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/kernel.h>
#else
#include <stddef.h>
#include <stdio.h>
#endif

/* One row of the table; offsets count from behind a stub's ENDBR, in bytes. */
struct tg_window {
	__u16 stub, class;
	__u32 from;
};

extern const struct tg_window tg_windows[], tg_windows_end[];

/* What stands in such a line; what the classes are stands at this file's top. */
#define TG_WINDOW_HEAD	"# point\tstub\tclass\tfrom\tto: bytes behind its ENDBR, if it has one"

/*
 * tg_window_line - the next window of the table as a line, without its newline:
 * point, quiet or plain, class, first byte and the byte behind the last. w: where to
 * go on, which is moved to the next. False at the table's end.
 */
static inline _Bool tg_window_line(const struct tg_window **w, char *buf, size_t len)
{
#define TG_STUB_NAME(n, frame, exit, quiet)	{ #frame, #exit, quiet },
	static const struct { const char *frame, *exit; int quiet; } stubs[] = {
		TG_STUBS(TG_STUB_NAME)
	};
#undef TG_STUB_NAME
	static const char *const classes[] = TG_CLASS_NAMES;
	const struct tg_window *one;

	while (*w < tg_windows_end && (*w)->class >= TG_NR_CLASSES)
		++*w;
	one = *w;
	if (one + 1 >= tg_windows_end || one->stub >= TG_NR_STUBS)
		return 0;
	snprintf(buf, len, "%s:%s\t%s\t%s\t%u\t%u", stubs[one->stub].frame,
		 stubs[one->stub].exit, stubs[one->stub].quiet ? "quiet" : "plain",
		 classes[one->class], one->from, one[1].from);
	++*w;
	return 1;
}
#endif /* __ASSEMBLER__ */
#endif
