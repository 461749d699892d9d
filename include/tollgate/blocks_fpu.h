/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fpu/: FXSAVE and the XSAVE family over buffers of our own.
 *
 *	base	a buffer, 64-byte aligned: the state is restored from it
 *	a0	RFBM
 *	a1	the buffer of the save, and of every second restore: base itself, or
 *		another with the same contents
 *	a2	boundary: how deep to dirty, as the variants of the other rows say;
 *		xrstor_cold, prefetch: bytes of the buffer, a multiple of 64, or 0
 *	a3	boundary: 1 if a CPUID is to come in between
 *
 *	r15	base	r10	a1	r8d	a0, low	r9d	a0, high	edx:eax	a0
 *	rsi	bytes between the rows of a tile
 *
 * The body stands between two LFENCEs, so that the preparation does not run
 * into it. In the preparation alone one IMUL stands in its place: two fences
 * with nothing between them cost some cycles less than two fences do around
 * work (3 on one EPYC). The reader adds the IMUL again, at what the calibrating
 * chain says it costs (bench/reading.c).
 *
 * The variant says how deep the registers are dirtied, one register of each
 * component: 0 not at all, 1 x87, 2 and SSE, 3 and AVX, 4 and AVX-512 (k,
 * ZMM_Hi256, Hi16_ZMM), 5 AMX alone (ring 3). In assembly, since whatever a C
 * library does to the registers would be measured too. Boundary has its depth
 * in a2; its variant is the instruction: 0 XSAVEOPT, 1 XSAVE.
 */

#if TG_RING == 3
/* LDTILECFG (SDM vol. 2): palette 1, eight tiles of 16 rows of 64 bytes */
	.pushsection .rodata, "a"
	.balign	64
tg_tilecfg:
	.byte	1
	.skip	15
	.rept	8
	.short	64
	.endr
	.skip	16
	.skip	8, 16
	.skip	8
	.popsection
#endif

/* XRSTOR and what happens since, all of it before the bracket opens. */
.macro TG_ARM
	mov	%r8d, %eax
	mov	%r9d, %edx
	xrstor64 (%r15)
	mov	TG_ARG_A2(%rbx), %ecx
	cmp	$1, %ecx
	jb	.Lclean\@
	TG_DIRTY 2
	cmp	$3, %ecx
	jb	.Lclean\@
	TG_DIRTY 3
	cmp	$4, %ecx
	jb	.Lclean\@
	TG_DIRTY 4
.Lclean\@:
	cmpl	$0, TG_ARG_A3(%rbx)
	je	.Lstay\@
	mov	%rbx, %r11
	xor	%eax, %eax		/* leaf 0; subleaf whatever */
	cpuid
	mov	%r11, %rbx
.Lstay\@:
.endm

.macro PROLOGUE_fpu name, role
	mov	TG_ARG_A0(%rbx), %r8d
	mov	TG_ARG_A0 + 4(%rbx), %r9d
	mov	TG_ARG_A1(%rbx), %r10
	mov	$64, %esi
	.ifc \name, boundary
	TG_ARM
	.endif
	.ifc \name, xrstor_cold
	TG_FLUSH %r15, TG_ARG_A2(%rbx)
	.endif
	.ifc \name, prefetch
	cmpl	$0, TG_ARG_A2(%rbx)
	je	.Lhot\@
	TG_FLUSH %r15, TG_ARG_A2(%rbx)
.Lhot\@:
	.endif
	.ifc \name, atomic
	ATOMIC_PROLOGUE
	.endif
.endm

.macro SETUP_fpu
	mov	%r8d, %eax
	mov	%r9d, %edx
.endm

.macro EPILOGUE_fpu name, role
.endm

/* Never to zeros, which some CPUs know for the initial configuration. */
.macro TG_DIRTY variant
	.if (\variant) >= 1 && (\variant) <= 4
	fincstp
	.endif
	.if (\variant) == 2
	pcmpeqd	%xmm1, %xmm1
	.endif
	.if (\variant) == 3
	vcmptrueps %ymm1, %ymm1, %ymm1	/* integers take AVX2 */
	.endif
	.if (\variant) == 4
	vpternlogd $0xff, %zmm1, %zmm1, %zmm1
	vpternlogd $0xff, %zmm17, %zmm17, %zmm17
	kxnorw	%k1, %k1, %k1
	.endif
#if TG_RING == 3
	.if (\variant) == 5
	ldtilecfg tg_tilecfg(%rip)	/* XRSTOR of the initial configuration took it */
	tileloadd (%r15, %rsi), %tmm0	/* of the image, whatever is in it */
	.endif
#endif
.endm

.macro TG_SAVE n, part, variant, restore, save
	.rept	\n
	\restore (%r15)
	TG_DIRTY \variant
	TG_FENCED \part, \save (%r10)
	.endr
.endm

/* Even counts only: the buffers alternate. */
.macro TG_RESTORE n, part, variant, restore
	.rept	(\n)/2
	TG_DIRTY \variant
	TG_FENCED \part, \restore (%r10)
	TG_DIRTY \variant
	TG_FENCED \part, \restore (%r15)
	.endr
.endm

.macro BLOCK_fpu_fxsave n, part, variant
	TG_SAVE \n, \part, \variant, fxrstor64, fxsave64
.endm

.macro BLOCK_fpu_xsave n, part, variant
	TG_SAVE \n, \part, \variant, xrstor64, xsave64
.endm

.macro BLOCK_fpu_xsaveopt n, part, variant
	TG_SAVE \n, \part, \variant, xrstor64, xsaveopt64
.endm

.macro BLOCK_fpu_xsavec n, part, variant
	TG_SAVE \n, \part, \variant, xrstor64, xsavec64
.endm

.macro BLOCK_fpu_fxrstor n, part, variant
	TG_RESTORE \n, \part, \variant, fxrstor64
.endm

.macro BLOCK_fpu_xrstor n, part, variant
	TG_RESTORE \n, \part, \variant, xrstor64
.endm

/* A single shot: the area has gone from the caches before the bracket opens. */
.macro BLOCK_fpu_xrstor_cold n, part, variant
	.rept	\n
	TG_FENCED \part, xrstor64 (%r15)
	.endr
.endm

/*
 * A single shot: PREFETCHT0 of the first line, so many dependent IMULs of 3 cycles, and
 * the restore waits for them, but not for the prefetch (SDM vol. 2, LFENCE).
 */
.macro BLOCK_fpu_prefetch n, part, variant
	.rept	\n
	.if (\variant) >= 1
	prefetcht0 (%r15)
	.endif
	.if (\variant) == 2
	.rept	32
	imul	%ecx, %ecx
	.endr
	.endif
	.if (\variant) == 3
	.rept	128
	imul	%ecx, %ecx
	.endr
	.endif
	.if (\variant) == 4
	.rept	512
	imul	%ecx, %ecx
	.endr
	.endif
	TG_FENCED \part, xrstor64 (%r15)
	.endr
.endm

/* A single shot: TG_ARM has prepared it. */
.macro BLOCK_fpu_boundary n, part, variant
	.rept	\n
	.if (\variant) == 0
	TG_FENCED \part, xsaveopt64 (%r10)
	.else
	TG_FENCED \part, xsave64 (%r10)
	.endif
	.endr
.endm

#if TG_RING == 3
/*
 * atomic: the way out to user mode asks whether registers must be loaded; they need not.
 *
 *	base	room for TG_ATOMIC_THREADS lines of flags, each 128 bytes from the next,
 *		and at TG_ATOMIC_STATUS from each the word that only its thread writes;
 *		all of it zeros
 *	a0	as many addresses of these lines, each iteration's
 *	a2	bytes of the room, a multiple of 64, where it leaves the caches first, or 0
 *
 *	r10	the next address	rdi	this iteration's	edx	its flags
 *
 * The variant is the form, and 4 more with an LFENCE in each iteration.
 */
.macro ATOMIC_PROLOGUE
	mov	TG_ARG_A0(%rbx), %r10
	cmpl	$0, TG_ARG_A2(%rbx)
	je	.Lhot\@
	TG_FLUSH %r15, TG_ARG_A2(%rbx)
.Lhot\@:
.endm

.macro BLOCK_fpu_atomic n, part, variant
	.rept	\n
	.if (\variant) & 4
	lfence
	.endif
	PRIV	cli
	mov	(%r10), %rdi
	add	$8, %r10
	mov	(%rdi), %edx
	test	$TG_ATOMIC_WORK, %edx
	jnz	.Lwork\@
	.ifc \part, full
	.if ((\variant) & 3) == 0
	lock btrl $TG_ATOMIC_BIT, (%rdi)
	jc	.Lwork\@
	.endif
	.if ((\variant) & 3) == 1
	testl	$(1 << TG_ATOMIC_BIT), (%rdi)
	jnz	.Lwork\@
	.endif
	.if ((\variant) & 3) == 2
	test	$(1 << TG_ATOMIC_BIT), %edx
	jnz	.Lwork\@
	.endif
	.if ((\variant) & 3) == 3
	testl	$(1 << TG_ATOMIC_BIT), TG_ATOMIC_STATUS(%rdi)
	jnz	.Lwork\@
	.endif
	.endif
	PRIV	swapgs
	PRIV	sysretq
	.endr
	jmp	.Lout\@
.Lwork\@:
	ud2				/* no flag is ever set */
.Lout\@:
.endm
#endif
