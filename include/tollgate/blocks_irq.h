/* SPDX-License-Identifier: GPL-2.0 */
/*
 * irq/: the interrupt flag. Ring 0 only. Callers come with IF = 1 and keep
 * interrupts away by CR8 (quiet=tpr) or accept them (quiet=none); bodies
 * without STI, POPF or the like run with IF = 0 as well (quiet=cli).
 *
 *	a0	IF before the first instruction, or for popf: 1 flips, 0 keeps
 *
 *	r8	RFLAGS on entry, restored by the epilogue
 *	r9, r10	popf: the flag words pushed, last popped first
 */

.macro PROLOGUE_irq name, role
	pushfq				/* RFLAGS as found */
	pop	%r8
	.ifc \name, popf
	mov	%r8, %r9
	mov	%r8, %r10
	cmpq	$0, TG_ARG_A0(%rbx)
	je	.Lsame\@
	btr	$TG_RFLAGS_IF_BIT, %r10
.Lsame\@:
	.endif
	.ifc \name, local_irq_save_restore
	TG_SET_IF
	.endif
	.ifc \name, cli
	.ifc \role, first
	TG_SET_IF
	.else
	cli
	.endif
	.endif
	.ifc \name, sti
	.ifc \role, first
	TG_SET_IF
	.else
	sti
	.endif
	.endif
.endm

/* IF = a0, without a trace of the instruction measured next. */
.macro TG_SET_IF
	mov	%r8, %r9
	btr	$TG_RFLAGS_IF_BIT, %r9
	cmpq	$0, TG_ARG_A0(%rbx)
	je	.Lclear\@
	bts	$TG_RFLAGS_IF_BIT, %r9
.Lclear\@:
	push	%r9			/* RFLAGS wanted */
	popfq
.endm

.macro SETUP_irq
.endm

.macro EPILOGUE_irq name, role
	push	%r8			/* RFLAGS as found */
	popfq
.endm

.macro BLOCK_irq_empty n, part, variant
.endm

.macro BLOCK_irq_cli n, part, variant
	.rept	\n
	cli
	.endr
.endm

.macro BLOCK_irq_sti n, part, variant
	.rept	\n
	sti
	.endr
.endm

.macro BLOCK_irq_cli_sti n, part, variant
	.rept	\n
	cli
	sti
	.endr
.endm

.macro BLOCK_irq_pushf n, part, variant
	.rept	\n
	pushfq				/* consumed by the lea below */
	.endr
	lea	-40(%rbp), %rsp
.endm

/*
 * Even counts only: the flag words alternate. In the full sequence the next
 * pass's pushes may run beside the last POPFs, in the preparation alone they
 * have nothing to hide behind: the figure may be low by a part of a cycle.
 */
.macro BLOCK_irq_popf n, part, variant
	.rept	(\n)/2
	push	%r9			/* IF as found */
	push	%r10			/* IF clear when flipping */
	.endr
	.ifc \part, full
	.rept	\n
	popfq
	.endr
	.else
	lea	-40(%rbp), %rsp
	.endif
.endm

/*
 * arch_local_irq_save() and arch_local_irq_restore() as a native kernel runs
 * them (arch/x86/include/asm/irqflags.h): flags by PUSHF and POP, CLI always,
 * STI only where IF was set.
 */
.macro BLOCK_irq_local_irq_save_restore n, part, variant
	.rept	\n
	pushfq				/* flags */
	pop	%rax
	cli
	test	$TG_RFLAGS_IF, %eax
	jz	.+3			/* over the one-byte sti */
	sti
	.endr
.endm

.macro BLOCK_irq_local_irq_disable_enable n, part, variant
	BLOCK_irq_cli_sti \n, \part, \variant
.endm
