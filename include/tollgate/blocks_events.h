/* SPDX-License-Identifier: GPL-2.0 */
/*
 * crossing/: page faults, signals and task switches. Registers and variants as
 * in blocks_crossing.h. What is at the other end, handlers and the partner's
 * loops, is in bench/body/handlers.S.
 */

/*
 * madvise: the pages that this call will touch are there no more. Flushed before,
 * if the board says so: the allocator gives out first what it got back last.
 */
.macro TG_DROP_PAGES
	mov	TG_BOARD_A0(%r15), %rdi
	mov	TG_ARG_A0(%rbx), %rsi
	imul	$TG_PAGE_SIZE, %rsi, %rsi
	cmpl	$0, TG_BOARD_FLUSH(%r15)
	je	.Lwarm\@
	TG_FLUSH %rdi, %rsi
.Lwarm\@:
	mov	$__NR_madvise, %eax
	mov	$TG_MADV_DONTNEED, %edx
	syscall
.endm

/*
 * Some yields before those that count. One after anything else, a tick for
 * instance, may return at once: a fair scheduler lets the task that got less
 * run on. From then on the two take turns.
 */
.macro TG_SETTLE
	.rept	4
	mov	$__NR_sched_yield, %eax
	syscall
	.endr
.endm

/* rdi: page after page */
.macro BLOCK_crossing_fault_zero n, part, variant
	.rept	\n
	movzbl	(%rdi), %eax
	add	$TG_PAGE_SIZE, %rdi
	.endr
.endm

.macro BLOCK_crossing_fault_anon n, part, variant
	.rept	\n
	movb	$1, (%rdi)
	add	$TG_PAGE_SIZE, %rdi
	.endr
.endm

/* rdi: the process id, rsi: the thread id */
.macro BLOCK_crossing_signal_usr1 n, part, variant
	mov	$TG_SIGUSR1, %edx
	.rept	\n
	TG_TOUCH \variant
	mov	$__NR_tgkill, %eax
	syscall
	.endr
.endm

/* rdi: an address that faults. The handler skips the load. */
.macro BLOCK_crossing_signal_segv n, part, variant
	.rept	\n
	TG_TOUCH \variant
	TG_FAULTING_LOAD
	.endr
.endm

#define TG_FAULTING_LOAD_SIZE 2
.macro TG_FAULTING_LOAD
771:	mov	(%rdi), %eax
	.if	. - 771b != TG_FAULTING_LOAD_SIZE
	.error	"the handler skips TG_FAULTING_LOAD_SIZE bytes"
	.endif
.endm

.macro BLOCK_crossing_int3 n, part, variant
	.rept	\n
	int3
	.endr
.endm

/* The handler skips it: two bytes (SDM vol. 2, UD) */
#define TG_UD2_SIZE 2
.macro BLOCK_crossing_ud2 n, part, variant
	.rept	\n
	ud2
	.endr
.endm

/*
 * a0, a2: our ends of the pipes, for writing and for reading. Where the
 * partner is gone neither blocks (EPIPE, end of file).
 */
.macro BLOCK_crossing_switch_pipe n, part, variant
	mov	$1, %edx
	.rept	\n
	TG_TOUCH \variant
	mov	$__NR_write, %eax
	mov	TG_BOARD_A0(%r15), %edi
	syscall
	mov	$__NR_read, %eax
	mov	TG_BOARD_A2(%r15), %edi
	syscall
	.endr
.endm

/* Waits until the futex at the given offset is not 0. */
.macro TG_FUTEX_AWAIT offset
	lea	\offset(%r15), %rdi
	mov	$TG_FUTEX_WAIT, %esi
	xor	%edx, %edx		/* while it is 0 */
	xor	%r10d, %r10d		/* no time-out */
1:	mov	$__NR_futex, %eax
	syscall
	cmpl	$0, (%rdi)
	je	1b
.endm

.macro TG_FUTEX_PASS offset
	lea	\offset(%r15), %rdi
	movl	$1, (%rdi)
	mov	$TG_FUTEX_WAKE, %esi
	mov	$1, %edx		/* one waiter */
	mov	$__NR_futex, %eax
	syscall
.endm

/*
 * What the handler of the partner's death sets is never lost: it sets dead
 * before back, so clearing back in this order leaves it set.
 */
.macro BLOCK_crossing_switch_futex n, part, variant
	.rept	\n
	TG_TOUCH \variant
	TG_FUTEX_PASS TG_BOARD_GO
	TG_FUTEX_AWAIT TG_BOARD_BACK
	movl	$0, TG_BOARD_BACK(%r15)
	mov	TG_BOARD_DEAD(%r15), %eax
	or	%eax, TG_BOARD_BACK(%r15)
	.endr
.endm

.macro BLOCK_crossing_switch_yield n, part, variant
	.rept	\n
	TG_TOUCH \variant
	mov	$__NR_sched_yield, %eax
	syscall
	.endr
.endm
