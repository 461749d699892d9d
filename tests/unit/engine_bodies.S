/* SPDX-License-Identifier: GPL-2.0 */
/* Known bodies for test_engine.c: k dependent IMULs, 3 cycles each. */
#define TG_RING		3
#define SYM_FUNC_START(sym)	.globl sym; .type sym, @function; .balign 64; sym:
#define SYM_FUNC_END(sym)	.size sym, . - sym
#define RET			ret
#include <tollgate/blocks.h>

/* exit: a VM exit before the bracket, where there is a hypervisor */
.macro PROLOGUE_known name, role
	.ifc \name, exit
	mov	%rbx, %r11
	xor	%eax, %eax
	cpuid
	mov	%r11, %rbx
	.endif
.endm
.macro SETUP_known
.endm
.macro EPILOGUE_known name, role
.endm

/* variant is k; the chain runs on through all copies */
.macro BLOCK_known_chain n, part, variant
	.rept	(\n)*(\variant)
	imul	%ecx, %ecx
	.endr
.endm

/* a preparation of seven IMULs, then k more, fenced like the fpu rows */
.macro BLOCK_known_armed n, part, variant
	.rept	\n
	.rept	7
	imul	%ecx, %ecx
	.endr
	lfence
	.ifc \part, full
	.rept	\variant
	imul	%ecx, %ecx
	.endr
	.else
	imul	%eax, %eax
	.endif
	lfence
	.endr
.endm

/* k IMULs or one, once, fenced like fpu/boundary */
.macro BLOCK_known_shot n, part, variant
	lfence
	.ifc \part, full
	.rept	\variant
	imul	%ecx, %ecx
	.endr
	.else
	imul	%ecx, %ecx
	.endif
	lfence
.endm

.macro BLOCK_known_exit n, part, variant
	BLOCK_known_shot \n, \part, \variant
.endm

	.text
	.irp	k, 1, 4, 16
	TG_SEQ known_chain_hi_\k, known, chain, hi, full, \k, 96
	TG_SEQ known_chain_lo_\k, known, chain, lo, full, \k, 32
	TG_SEQ known_armed_hi_\k, known, armed, hi, full, \k, 10
	TG_SEQ known_armed_lo_\k, known, armed, lo, full, \k, 2
	TG_SEQ known_armed_prep_hi_\k, known, armed, prep_hi, prep, \k, 10
	TG_SEQ known_armed_prep_lo_\k, known, armed, prep_lo, prep, \k, 2
	TG_SEQ known_first_new_\k, known, chain, first, full, 1, (16+\k)
	TG_SEQ known_shot_hi_\k, known, shot, hi, full, \k, 1
	TG_SEQ known_exit_hi_\k, known, exit, hi, full, \k, 1
	.endr
	TG_SEQ known_first_old, known, chain, first, full, 1, 16
	TG_SEQ known_shot_lo, known, shot, lo, prep, 1, 1
	TG_SEQ known_exit_lo, known, exit, lo, prep, 1, 1

	.section .note.GNU-stack, "", @progbits
