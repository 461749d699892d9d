/* SPDX-License-Identifier: GPL-2.0 */
/*
 * crossing/: through the kernel's own paths, from ring 3 alone. Here: what all
 * rows share, and system calls. Faults, signals and task switches are in
 * blocks_events.h.
 *
 *	base	the board (crossing.h), which bench/crossing.c fills for the row
 *	a0	events that this call must show
 *
 *	r15	board
 *	rdi, rsi, r8	the board's a0, a1, a2
 *	r9	events counted by the block, 0 when it begins
 *
 * The variant is the value of axis touch: which registers every copy of the
 * body makes dirty first. They are in their initial configuration when a
 * sequence begins.
 *
 * SYSCALL changes rax, rcx and r11; the kernel keeps the rest.
 */

/* XRSTOR of the board's image. Clobbers rax, rcx, rdx. */
.macro TG_INIT_STATE
	mov	TG_BOARD_IMAGE(%r15), %rcx
	mov	TG_BOARD_RFBM(%r15), %eax
	mov	TG_BOARD_RFBM + 4(%r15), %edx
	test	%rcx, %rcx
	jz	.Lnone\@
	xrstor64 (%rcx)
.Lnone\@:
.endm

/*
 * Makes registers dirty with values that are not zero: 1 AVX-512 (k,
 * ZMM_Hi256, Hi16_ZMM and with them AVX and SSE), 2 AMX (tile data; the
 * board's image configures a tile). Clobbers rcx.
 */
.macro TG_TOUCH variant
	.if (\variant) == 1
	vpternlogd $0xff, %zmm1, %zmm1, %zmm1
	vpternlogd $0xff, %zmm17, %zmm17, %zmm17
	kxnorw	%k1, %k1, %k1
	.endif
	.if (\variant) == 2
	xor	%ecx, %ecx		/* stride: every row of the tile is the same line */
	tileloadd TG_BOARD_TILE_ROW(%r15, %rcx), %tmm0
	.endif
.endm

/* getrusage(RUSAGE_THREAD) onto the board, if the row counts by it. */
.macro TG_READ_USAGE
	cmpq	$0, TG_BOARD_USE_USAGE(%r15)
	je	.Lnot\@
	mov	$__NR_getrusage, %eax
	mov	$TG_RUSAGE_THREAD, %edi
	lea	TG_BOARD_USAGE(%r15), %rsi
	syscall
.Lnot\@:
.endm

/* One event more if rax, or eax, is zero: what the block made of a result. */
.macro TG_COUNT_ZERO reg=%rax, events=%r9
	cmp	$1, \reg		/* carry: it is below 1 */
	adc	$0, \events
.endm

.macro PROLOGUE_crossing name, role
	sub	$8, %rsp		/* alignment, for the block that calls */
	.ifc \name, fault_zero
	TG_DROP_PAGES
	.endif
	.ifc \name, fault_anon
	TG_DROP_PAGES
	.endif
	.ifc \name, switch_yield
	TG_SETTLE
	.endif
	TG_READ_USAGE
	mov	TG_BOARD_COUNTER(%r15), %rax
	mov	(%rax), %rax
	mov	%rax, TG_BOARD_START(%r15)
	mov	TG_BOARD_A0(%r15), %rdi
	mov	TG_BOARD_A1(%r15), %rsi
	mov	TG_BOARD_A2(%r15), %r8
	xor	%r9d, %r9d
	TG_INIT_STATE
	mov	TG_BOARD_ES(%r15), %es
.endm

.macro SETUP_crossing
.endm

/* Whether the call had its events. Keeps rax. */
.macro EPILOGUE_crossing name, role
	mov	%rax, %r8
	TG_READ_USAGE
	mov	TG_BOARD_COUNTER(%r15), %rcx
	add	(%rcx), %r9
	sub	TG_BOARD_START(%r15), %r9
	mov	TG_ARG_A0(%rbx), %rcx
	incq	TG_BOARD_CALLS(%r15)
	cmp	%rcx, %r9
	je	.Lright\@
	jb	.Lwrong\@
	cmpq	$0, TG_BOARD_AT_LEAST(%r15)
	jne	.Lright\@
.Lwrong\@:
	incq	TG_BOARD_WRONG(%r15)
	cmpq	$1, TG_BOARD_WRONG(%r15)
	jne	.Lright\@
	mov	%r9, TG_BOARD_HAPPENED(%r15)
	mov	%rcx, TG_BOARD_EXPECTED(%r15)
.Lright\@:
	mov	%r8, %rax
	lea	-40(%rbp), %rsp
.endm

/* r8: the process id, which must come back */
.macro BLOCK_crossing_syscall_null n, part, variant
	.rept	\n
	TG_TOUCH \variant
	mov	$__NR_getpid, %eax
	syscall
	sub	%r8, %rax
	TG_COUNT_ZERO
	.endr
.endm

.macro BLOCK_crossing_syscall_invalid n, part, variant
	.rept	\n
	mov	$TG_NR_INVALID, %eax
	syscall
	add	$TG_ENOSYS, %rax
	TG_COUNT_ZERO
	.endr
.endm

/*
 * rsi: the process id. Kernels before 4.17 zero r8 to r11 here, so the count
 * is kept in memory.
 */
.macro BLOCK_crossing_int80 n, part, variant
	.rept	\n
	mov	$TG_NR_GETPID_32, %eax
	int	$0x80
	sub	%esi, %eax
	cmp	$1, %eax
	adcq	$0, TG_BOARD_HANDLED(%r15)
	.endr
.endm

/* A function of C's convention: r8 to r11, rdi and rsi are lost. a0: its address. */
.macro BLOCK_crossing_vdso_clock n, part, variant
	.rept	\n
	mov	$TG_CLOCK_MONOTONIC, %edi
	lea	TG_BOARD_SLOT(%r15), %rsi
	call	*TG_BOARD_A0(%r15)
	cmp	$1, %eax
	adcq	$0, TG_BOARD_HANDLED(%r15)
	.endr
	xor	%r9d, %r9d
.endm

/* rdi: the code, rsi: a base, or where one is written */
.macro TG_ARCH_PRCTL n
	.rept	\n
	mov	$__NR_arch_prctl, %eax
	syscall
	TG_COUNT_ZERO
	.endr
.endm

.macro BLOCK_crossing_arch_get_fs n, part, variant
	TG_ARCH_PRCTL \n
.endm

.macro BLOCK_crossing_arch_set_fs n, part, variant
	TG_ARCH_PRCTL \n
.endm

.macro BLOCK_crossing_arch_get_gs n, part, variant
	TG_ARCH_PRCTL \n
.endm

.macro BLOCK_crossing_arch_set_gs n, part, variant
	TG_ARCH_PRCTL \n
.endm

/* rdi: an eventfd, rsi: 8 bytes that hold 1; an event is a pair */
.macro BLOCK_crossing_eventfd n, part, variant
	mov	$8, %edx
	.rept	\n
	mov	$__NR_write, %eax
	syscall
	mov	%rax, %r10
	mov	$__NR_read, %eax
	syscall
	lea	-16(%rax, %r10), %rax
	TG_COUNT_ZERO
	.endr
.endm

/* rdi: the process id, rsi: the thread id */
.macro BLOCK_crossing_tgkill n, part, variant
	xor	%edx, %edx		/* signal 0: look, send nothing */
	.rept	\n
	mov	$__NR_tgkill, %eax
	syscall
	TG_COUNT_ZERO
	.endr
.endm

/* rbx is saved in r10; r8d: what leaf 0 gives, its highest leaf */
.macro BLOCK_crossing_cpuid n, part, variant
	mov	%rbx, %r10
	.rept	\n
	xor	%eax, %eax
	cpuid
	sub	%r8d, %eax
	TG_COUNT_ZERO %eax
	.endr
	mov	%r10, %rbx
.endm
