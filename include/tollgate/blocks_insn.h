/* SPDX-License-Identifier: GPL-2.0 */
/*
 * insn/: single instructions, the same in both rings.
 *
 *	base	offset from the GS base of a zeroed u64[8] of our own
 *	a0	its address
 *
 *	r15	base	r8	a0	r9, r10	FS and GS base (fs/gs base rows alone)
 *	r9d	PKRU (wrpkru alone)
 *	rcx	0 when the block begins: index of the gs rows
 */

.macro PROLOGUE_insn name, role
	mov	TG_ARG_A0(%rbx), %r8
	.ifc \name, load_cold
	TG_FLUSH %r8, $64
	.endif
	.ifc \name, lock_xadd_cold
	TG_FLUSH %r8, $64
	.endif
	.ifc \name, wrfsbase
	rdfsbase %r9
	.endif
	.ifc \name, wrgsbase
	rdgsbase %r10
	.endif
	.ifc \name, wrpkru
	xor	%ecx, %ecx
	rdpkru
	mov	%eax, %r9d
	.endif
.endm

.macro SETUP_insn
	xor	%eax, %eax
	xor	%ecx, %ecx
.endm

.macro EPILOGUE_insn name, role
.endm

.macro BLOCK_insn_empty n, part, variant
.endm

.macro BLOCK_insn_nop n, part, variant
	.rept	\n
	nop
	.endr
.endm

.macro BLOCK_insn_add n, part, variant
	.rept	\n
	add	%ecx, %ecx
	.endr
.endm

.macro BLOCK_insn_add_x4 n, part, variant
	.rept	\n
	add	%eax, %eax
	add	%ecx, %ecx
	add	%edx, %edx
	add	%esi, %esi
	.endr
.endm

.macro BLOCK_insn_imul n, part, variant
	.rept	\n
	imul	%ecx, %ecx
	.endr
.endm

.macro BLOCK_insn_imul_x4 n, part, variant
	BLOCK_insn_imul (\n)*4, \part, \variant
.endm

.macro BLOCK_insn_imul_x16 n, part, variant
	BLOCK_insn_imul (\n)*16, \part, \variant
.endm

.macro BLOCK_insn_lock_xadd n, part, variant
	.rept	\n
	lock xadd %rax, 8(%r8)
	.endr
.endm

.macro BLOCK_insn_lock_btr n, part, variant
	.rept	\n
	lock btrq $3, 16(%r8)
	.endr
.endm

.macro BLOCK_insn_mfence n, part, variant
	.rept	\n
	mfence
	.endr
.endm

.macro BLOCK_insn_lfence n, part, variant
	.rept	\n
	lfence
	.endr
.endm

.macro BLOCK_insn_rdtsc n, part, variant
	.rept	\n
	rdtsc
	.endr
.endm

.macro BLOCK_insn_rdtscp n, part, variant
	.rept	\n
	rdtscp
	.endr
.endm

/* Single shots: the line has gone before the bracket opens. */
.macro BLOCK_insn_load_cold n, part, variant
	.rept	\n
	TG_FENCED \part, mov (%r8), %rax
	.endr
.endm

.macro BLOCK_insn_lock_xadd_cold n, part, variant
	.rept	\n
	TG_FENCED \part, lock xadd %rax, (%r8)
	.endr
.endm

/*
 * Indexed: with a plain base and displacement some CPUs rename the memory
 * operand and the access disappears. What is loaded is 0, the next index.
 */
.macro BLOCK_insn_gs_load n, part, variant
	.rept	\n
	mov	%gs:(%r15, %rcx, 8), %rcx
	.endr
.endm

.macro BLOCK_insn_gs_store n, part, variant
	.rept	\n
	mov	%rax, %gs:(%r15, %rcx, 8)
	.endr
.endm

.macro BLOCK_insn_gs_store_load n, part, variant
	.rept	\n
	mov	%rcx, %gs:(%r15, %rcx, 8)
	mov	%gs:(%r15, %rcx, 8), %rcx
	.endr
.endm

.macro BLOCK_insn_rdfsbase n, part, variant
	.rept	\n
	rdfsbase %rax
	.endr
.endm

.macro BLOCK_insn_wrfsbase n, part, variant
	.rept	\n
	wrfsbase %r9
	.endr
.endm

.macro BLOCK_insn_rdgsbase n, part, variant
	.rept	\n
	rdgsbase %rax
	.endr
.endm

.macro BLOCK_insn_wrgsbase n, part, variant
	.rept	\n
	wrgsbase %r10
	.endr
.endm

/* ECX must be 0 for both, EDX for WRPKRU (SDM vol. 2). */
.macro BLOCK_insn_rdpkru n, part, variant
	.rept	\n
	rdpkru
	.endr
.endm

.macro BLOCK_insn_wrpkru n, part, variant
	mov	%r9d, %eax
	xor	%edx, %edx
	.rept	\n
	wrpkru
	.endr
.endm
