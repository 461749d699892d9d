/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the probe times. Every function here is
 *
 *	uint64_t tg_probe_NAME(void);	TSC ticks of TG_PROBE_COPIES copies, and of the
 *					bracket around them
 *
 * with lfence; rdtsc; lfence before and after. Clobbers RAX, RCX, RDX, RSI, RDI,
 * R8 to R11 and flags, no memory but its own stack; works at any stack alignment.
 * Assembled for ring 3 (host.c) without TG_PROBE_RING0, for the ROM with it.
 */
#include "probe.h"

.macro BRACKET name:req
	.p2align 6
	.globl	tg_probe_\name
	.type	tg_probe_\name, @function
tg_probe_\name:
	lfence
	rdtsc
	lfence
	shl	$32, %rdx
	lea	(%rax, %rdx), %r8
.endm

.macro UNBRACKET name:req
	lfence
	rdtsc
	lfence
	shl	$32, %rdx
	add	%rdx, %rax
	sub	%r8, %rax
	ret
	.size	tg_probe_\name, . - tg_probe_\name
.endm

	.text

BRACKET empty
UNBRACKET empty

/* Three cycles each (the calibration), whoever runs them: no privilege in it. */
BRACKET imul
	mov	$3, %eax
	.rept TG_PROBE_COPIES
	imul	%eax, %eax
	.endr
UNBRACKET imul

/* What a translator of ring-0 code cannot do natively: where to go is data. */
	.p2align 4
leaf:	ret

BRACKET ret
	.rept TG_PROBE_COPIES
	call	leaf
	.endr
UNBRACKET ret

BRACKET jump
	.rept TG_PROBE_COPIES
	lea	1f(%rip), %rsi
	jmp	*%rsi
1:
	.endr
UNBRACKET jump

#ifdef TG_PROBE_RING0
BRACKET cli
	.rept TG_PROBE_COPIES
	cli
	.endr
UNBRACKET cli

/* Nothing can come: the ROM has masked both interrupt controllers. */
BRACKET sti
	.rept TG_PROBE_COPIES
	sti
	.endr
	cli
UNBRACKET sti

/* An even number: the bases end up where they were. */
BRACKET swapgs
	.rept TG_PROBE_COPIES
	swapgs
	.endr
UNBRACKET swapgs

BRACKET cr2
	mov	$0x1000, %esi
	.rept TG_PROBE_COPIES
	mov	%rsi, %cr2
	.endr
UNBRACKET cr2

/* Up and down in turn, as a quiet batch does it. */
BRACKET cr8
	mov	$15, %esi
	xor	%edi, %edi
	.rept TG_PROBE_COPIES / 2
	mov	%rsi, %cr8
	mov	%rdi, %cr8
	.endr
UNBRACKET cr8

/* To the next instruction, same ring: SS, RSP, RFLAGS, CS, RIP (SDM vol. 3, 6.14.3). */
BRACKET iretq
	mov	%ss, %r9d
	mov	%cs, %r10d
	mov	%rsp, %r11
	.rept TG_PROBE_COPIES
	push	%r9
	push	%r11
	pushfq
	push	%r10
	lea	1f(%rip), %rsi
	push	%rsi
	iretq
1:
	.endr
UNBRACKET iretq
#endif

	.section .note.GNU-stack, "", @progbits
