/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gs/: the FS and GS base as a program changes them, where insn/ writes the
 * value that is there already. Ring 3 alone: in ring 0 an NMI would find the
 * kernel's per-CPU data elsewhere. No sequence touches thread-local storage.
 *
 *	a0	address of a zeroed u64[8] of our own
 *
 *	r8	the base as found, restored by the epilogue
 *	r9, r10	two bases; at each of them stands the address of the other
 *	rcx	r9 when the bracket opens
 *
 * The variant is the axis use: 0 the instruction alone, 1 with a load that
 * needs what it wrote or read.
 */

.macro PROLOGUE_gs name, role
	mov	TG_ARG_A0(%rbx), %r9
	lea	32(%r9), %r10
	mov	%r10, (%r9)
	mov	%r9, (%r10)
	TG_BASE \name, rdfsbase, rdgsbase, %r8
.endm

.macro SETUP_gs
	mov	%r9, %rcx
.endm

.macro EPILOGUE_gs name, role
	TG_BASE \name, wrfsbase, wrgsbase, %r8
	movq	$0, (%r9)
	movq	$0, (%r10)
.endm

/* The instruction of the segment that the row is about. */
.macro TG_BASE name, fs, gs, reg
	.ifc \name, rdfsbase
	\fs	\reg
	.endif
	.ifc \name, wrfsbase
	\fs	\reg
	.endif
	.ifc \name, rdgsbase
	\gs	\reg
	.endif
	.ifc \name, wrgsbase
	\gs	\reg
	.endif
.endm

/* Even counts only: the bases alternate. With a load: a chain from one to the other. */
.macro TG_WRITE_BASE n, variant, seg, write
	.if (\variant) == 0
	.rept	(\n)/2
	\write	%r9
	\write	%r10
	.endr
	.else
	.rept	\n
	\write	%rcx
	mov	%\seg:0, %rcx
	.endr
	.endif
.endm

/* Between fences like the fpu rows, see blocks_fpu.h; the preparation writes a base. */
.macro TG_READ_BASE part, variant, read
	lfence
	.ifc \part, full
	\read	%rcx
	.if (\variant) == 1
	mov	(%rcx), %rcx
	.endif
	.else
	imul	%ecx, %ecx
	.endif
	lfence
.endm

.macro BLOCK_gs_wrfsbase n, part, variant
	TG_WRITE_BASE \n, \variant, fs, wrfsbase
.endm

.macro BLOCK_gs_wrgsbase n, part, variant
	TG_WRITE_BASE \n, \variant, gs, wrgsbase
.endm

.macro BLOCK_gs_rdfsbase n, part, variant
	.rept	(\n)/2
	wrfsbase %r9
	TG_READ_BASE \part, \variant, rdfsbase
	wrfsbase %r10
	TG_READ_BASE \part, \variant, rdfsbase
	.endr
.endm

.macro BLOCK_gs_rdgsbase n, part, variant
	.rept	(\n)/2
	wrgsbase %r9
	TG_READ_BASE \part, \variant, rdgsbase
	wrgsbase %r10
	TG_READ_BASE \part, \variant, rdgsbase
	.endr
.endm
