/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a quiet stretch begins and ends: CR8, and for stubs that are there in a stretch
 * alone SYSCALL_MASK and LSTAR. Assembly alone, included by frame_blocks.h.
 */
#ifndef TOLLGATE_FRAME_QUIET_H
#define TOLLGATE_FRAME_QUIET_H

/*
 * SYSCALL_MASK and LSTAR as tg_calm has them: closed, the kernel's and the door, or open,
 * the point's. At CR8 = 15 or IF = 0 alone: with IF not masked an interrupt may come to
 * the user's GS and RSP.
 *
 *	in	rax	saved by the caller
 *	out	rax	changed; no RFLAGS
 */
.macro TG_SET_ENTRY mask:req, entry:req
	mov	%rcx, tg_calm + TG_CALM_RCX(%rip)
	mov	%rdx, tg_calm + TG_CALM_RDX(%rip)
	mov	$TG_MSR_SYSCALL_MASK, %ecx
	mov	tg_calm + \mask(%rip), %eax
	mov	$0, %edx
	wrmsr
	mov	$TG_MSR_LSTAR, %ecx
	mov	tg_calm + \entry(%rip), %eax
	mov	tg_calm + \entry + 4(%rip), %edx
	wrmsr
	mov	tg_calm + TG_CALM_RCX(%rip), %rcx
	mov	tg_calm + TG_CALM_RDX(%rip), %rdx
.endm

/* The same where a stretch ends: closed if it is open. */
.macro TG_CLOSE
	cmpl	$0, tg_calm + TG_CALM_IS_OPEN(%rip)
	je	.Lclosed\@
	movl	$0, tg_calm + TG_CALM_IS_OPEN(%rip)
	TG_SET_ENTRY TG_CALM_CLOSED, TG_CALM_DOOR
.Lclosed\@:
.endm

/* SPEC_CTRL as it is, for stubs that write it; registers as TG_SET_ENTRY. */
.macro TG_KEEP_SPEC_CTRL
	mov	%rcx, tg_calm + TG_CALM_RCX(%rip)
	mov	%rdx, tg_calm + TG_CALM_RDX(%rip)
	mov	$TG_MSR_SPEC_CTRL, %ecx
	rdmsr
	mov	%eax, tg_calm + TG_CALM_SPEC_CTRL(%rip)
	mov	%edx, tg_calm + TG_CALM_SPEC_CTRL + 4(%rip)
	mov	tg_calm + TG_CALM_RCX(%rip), %rcx
	mov	tg_calm + TG_CALM_RDX(%rip), %rdx
.endm

/*
 * Of a task that may be quiet: begins a stretch, or ends one.
 *
 *	in	as TG_STUB's; eax is not below tg_calm.below, which is TG_SYSCALL_STUB
 *		outside a stretch and 0 in one
 *	out	rax 0, or 1 where a stretch was on and goes on, by SYSRET, at
 *		CR8 = 15; or all as they came, at the kernel's own CR8, to its entry
 *
 * tg_calm is the armed CPU's alone: one task is armed, on one CPU, and nothing comes
 * between, for IF = 0 or CR8 = 15. Kernel code must not run at CR8 = 15, or this CPU
 * would not answer the others.
 */
.macro TG_QUIET stub:req
	TG_WINDOW \stub, A
	cmp	$TG_SYSCALL_QUIET, %eax
	jne	.Llower\@
	TG_WINDOW \stub, Q
	mov	%cr8, %rax
	cmp	$TG_CR8_QUIET, %eax
	sete	%al
	movzbl	%al, %eax
	mov	%rax, tg_calm + TG_CALM_RAX(%rip)
	mov	$TG_CR8_QUIET, %eax
	mov	%rax, %cr8
	.if	TG_QUIET_ALONE
	cmpl	$0, tg_calm + TG_CALM_KEEPS(%rip)
	je	.Lkeeps_none\@
	TG_KEEP_SPEC_CTRL
.Lkeeps_none\@:
	movl	$1, tg_calm + TG_CALM_IS_OPEN(%rip)
	TG_SET_ENTRY TG_CALM_OPEN, TG_CALM_INSIDE
	.endif
	.if	IS(pace, in4)
	movl	$0, tg_calm + TG_CALM_CALLS(%rip)
	.endif
	movl	$0, tg_calm + TG_CALM_BELOW(%rip)	/* not before CR8: a gate may come */
	mov	tg_calm + TG_CALM_RAX(%rip), %rax
	TG_WINDOW \stub, D2
	sysretq
.Llower\@:
	TG_WINDOW \stub, A
	.if	IS(mask, unmasked)
	cli
	.endif
	TG_WINDOW \stub, Q
	movl	$TG_SYSCALL_STUB, tg_calm + TG_CALM_BELOW(%rip)
	mov	%rax, tg_calm + TG_CALM_RAX(%rip)
	.if	TG_QUIET_ALONE
	TG_CLOSE
	.endif
	mov	tg_calm + TG_CALM_CR8(%rip), %rax
	mov	%rax, %cr8
	mov	tg_calm + TG_CALM_RAX(%rip), %rax
	TG_WINDOW \stub, A
	jmp	__SCT__tg_to_kernel
.endm

/*
 * What LSTAR points to outside a stretch for stubs that are there in one alone: begins
 * one, or passes on. IF = 0 throughout.
 *
 *	in, out	as TG_STUB's; what TG_SYSCALL_STUB gets is the kernel's answer
 */
.macro TG_DOOR
	.set	TG_NOW, TG_NOW_DOOR
	cmp	$TG_SYSCALL_QUIET, %eax
	je	.Lquiet_door
	jmp	__SCT__tg_to_kernel
.Lquiet_door:
	TG_QUIET door
.endm

#endif
