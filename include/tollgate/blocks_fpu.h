/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fpu/: the XSAVE family over buffers of our own.
 *
 *	base	the buffer, 64-byte aligned: XRSTOR reads it, XSAVE writes it
 *	a0	RFBM
 *
 *	r15	base	edx:eax	RFBM
 *
 * The body stands between two LFENCEs, so that the preparation does not run
 * into it. In the preparation alone one IMUL stands in its place: two fences
 * with nothing between them cost some cycles less than two fences do around
 * work (3 on one EPYC). The reader adds the IMUL again, at what the calibrating
 * chain says it costs (bench/reading.c). The variant
 * says how deep the registers are dirtied after XRSTOR, one register of each
 * component: 0 not at all, 1 x87, 2 and SSE, 3 and AVX, 4 and AVX-512 (k,
 * ZMM_Hi256, Hi16_ZMM), 5 AMX tile data alone (ring 3). In assembly, since
 * whatever a C library does to the registers would be measured too.
 */

.macro PROLOGUE_fpu name, role
	mov	TG_ARG_A0(%rbx), %r8
	mov	TG_ARG_A0 + 4(%rbx), %r9d
.endm

.macro SETUP_fpu
	mov	%r8d, %eax
	mov	%r9d, %edx
.endm

.macro EPILOGUE_fpu name, role
.endm

.macro TG_DIRTY variant
	.if (\variant) >= 1 && (\variant) <= 4
	fincstp
	.endif
	.if (\variant) == 2
	paddd	%xmm0, %xmm1
	.endif
	.if (\variant) == 3
	vpaddd	%ymm0, %ymm1, %ymm1
	.endif
	.if (\variant) == 4
	vpaddd	%zmm0, %zmm1, %zmm1
	vpaddd	%zmm16, %zmm17, %zmm17
	knotw	%k1, %k1
	.endif
#if TG_RING == 3
	.if (\variant) == 5
	tilezero %tmm0
	.endif
#endif
.endm

.macro TG_SAVE n, part, variant, insn
	.rept	\n
	xrstor64 (%r15)
	TG_DIRTY \variant
	lfence
	.ifc \part, full
	\insn	(%r15)
	.else
	imul	%ecx, %ecx
	.endif
	lfence
	.endr
.endm

.macro BLOCK_fpu_xsave n, part, variant
	TG_SAVE \n, \part, \variant, xsave64
.endm

.macro BLOCK_fpu_xsaveopt n, part, variant
	TG_SAVE \n, \part, \variant, xsaveopt64
.endm

.macro BLOCK_fpu_xrstor n, part, variant
	.rept	\n
	TG_DIRTY \variant
	lfence
	.ifc \part, full
	xrstor64 (%r15)
	.else
	imul	%ecx, %ecx
	.endif
	lfence
	.endr
.endm
