/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gates of the shadow IDT: they lower CR8 and go on to the kernel's own handler,
 * a static call that mod/forward.c aims. An exception that comes at CR8 = 15 may sleep,
 * wait for other CPUs, end the task.
 *
 *	in	the frame as the CPU left it at RSP, with an error code or without,
 *		on the stack that the kernel's gate chose; every register the
 *		interrupted code's
 *	out	the same, SYSCALL_MASK the kernel's; 8 bytes below RSP are written
 *
 * From the kernel itself they come as well while an armed task is in it: CR8 is low
 * there already. But not amid a stub with STI, which must not go on at a low CR8: NMI, #DB
 * and #MC come back to it, and so does what their handlers raise. Those neither sleep nor
 * wait, so what comes from CPL 0 goes straight on.
 * Whoever puts a watchpoint on tg_calm gets #DB out of #DB's gate.
 */
#include <linux/linkage.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

#define TG_RING	0
#include <tollgate/frame_blocks.h>
#include "gates.h"

.macro TG_GATE name:req, vector:req, error:req
	.balign	32
SYM_CODE_START(tg_gate_\name)
	UNWIND_HINT_IRET_REGS offset=(\error)*8
	ENDBR
	testb	$3, ((\error) + 1) * 8(%rsp)	/* CS */
	jz	.Lkernel_\name
	movl	$TG_SYSCALL_STUB, tg_calm + TG_CALM_BELOW(%rip)
	push	%rax				/* the interrupted code's */
	TG_CLOSE
	mov	tg_calm + TG_CALM_CR8(%rip), %rax
	mov	%rax, %cr8
	pop	%rax
.Lkernel_\name:
	jmp	__SCT__tg_to_\name
SYM_CODE_END(tg_gate_\name)
	TG_STATIC_CALL \name
.endm

	.section .noinstr.text, "ax"
#define TG_ONE(name, vector, error) TG_GATE name, vector, error;
	TG_GATES(TG_ONE)
