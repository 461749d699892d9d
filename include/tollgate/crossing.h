/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The board of a crossing row: what its sequences, signal handlers and partner
 * (assembly) and its set-up (bench/crossing.c) share. A page of memory shared
 * with the partner's process. Ring 3 alone.
 */
#ifndef TOLLGATE_CROSSING_H
#define TOLLGATE_CROSSING_H

/* Offsets in struct tg_board, asserted below. */
#define TG_BOARD_A0		0	/* arguments of the row, see its block */
#define TG_BOARD_A1		8
#define TG_BOARD_A2		16
#define TG_BOARD_IMAGE		24
#define TG_BOARD_RFBM		32
#define TG_BOARD_ES		40
#define TG_BOARD_COUNTER	48
#define TG_BOARD_START		56
#define TG_BOARD_USE_USAGE	64
#define TG_BOARD_AT_LEAST	72
#define TG_BOARD_CALLS		80
#define TG_BOARD_WRONG		88
#define TG_BOARD_HAPPENED	96
#define TG_BOARD_EXPECTED	104
#define TG_BOARD_HANDLED	112
#define TG_BOARD_PARTNER	120
#define TG_BOARD_SLOT		128
#define TG_BOARD_GO		144
#define TG_BOARD_BACK		148
#define TG_BOARD_DEAD		152
#define TG_BOARD_READ_FD	156
#define TG_BOARD_WRITE_FD	160
#define TG_BOARD_FLUSH		164
#define TG_BOARD_TILE_ROW	192
#define TG_BOARD_USAGE		256

/* The kernel's numbers that C headers keep from assembly; crossing.c asserts them. */
#define TG_RUSAGE_THREAD	1
#define TG_MADV_DONTNEED	4
#define TG_SIGUSR1		10
#define TG_ENOSYS		38
#define TG_FUTEX_WAIT		0	/* not private: the partner is a process */
#define TG_FUTEX_WAKE		1
#define TG_CLOCK_MONOTONIC	1
#define TG_SIGINFO_ADDR		16	/* offset of si_addr in siginfo_t */
#define TG_UCONTEXT_RIP		168	/* offset of RIP in ucontext_t */

#define TG_NR_INVALID		4095	/* beyond every system call there is */
#define TG_NR_GETPID_32		20	/* getpid among int 0x80's numbers */
#define TG_PAGE_SIZE		4096

#ifndef __ASSEMBLER__
#include <linux/types.h>
#include <stddef.h>

/*
 * The event of a row is counted twice over: COUNTER's change during a call
 * plus what the block itself counts in r9. args.a0 holds how many one call
 * must show.
 */
struct tg_board {
	__u64 a0, a1, a2;
	__u64 image, rfbm;	/* XRSTOR from here before every call; image 0: no XSAVE */
	__u64 es;		/* selector in ES during a call, see TG_F_IRET */
	__u64 counter;		/* address of a __u64 that events count up */
	__u64 start;		/* its value when the call began */
	__u64 use_usage;	/* refresh usage before counter is read */
	__u64 at_least;		/* more events than expected are no mistake */
	__u64 calls, wrong;	/* sequences run, of these with a wrong number of events */
	__u64 happened, expected;	/* events of the first wrong one */
	__u64 handled;		/* signals that a handler saw */
	__u64 partner;		/* turns that the partner took */
	__u64 slot[2];		/* where system calls write */
	__u32 go, back;		/* futexes: the partner's turn, ours */
	__u32 dead;		/* 1: the partner is gone, wait for it no more */
	__u32 read_fd, write_fd;	/* the partner's ends of its pipes */
	__u32 flush;		/* 1: pages leave the caches before they are given back */
	__u8 tile_row[64] __attribute__((aligned(64)));	/* not zero: AMX dirt */
	__u64 usage[18];	/* struct rusage of this thread */
};

#define TG_BOARD_AT(field, offset)						\
	_Static_assert(offsetof(struct tg_board, field) == (offset), #offset)
TG_BOARD_AT(a0, TG_BOARD_A0);
TG_BOARD_AT(a1, TG_BOARD_A1);
TG_BOARD_AT(a2, TG_BOARD_A2);
TG_BOARD_AT(image, TG_BOARD_IMAGE);
TG_BOARD_AT(rfbm, TG_BOARD_RFBM);
TG_BOARD_AT(es, TG_BOARD_ES);
TG_BOARD_AT(counter, TG_BOARD_COUNTER);
TG_BOARD_AT(start, TG_BOARD_START);
TG_BOARD_AT(use_usage, TG_BOARD_USE_USAGE);
TG_BOARD_AT(at_least, TG_BOARD_AT_LEAST);
TG_BOARD_AT(calls, TG_BOARD_CALLS);
TG_BOARD_AT(wrong, TG_BOARD_WRONG);
TG_BOARD_AT(happened, TG_BOARD_HAPPENED);
TG_BOARD_AT(expected, TG_BOARD_EXPECTED);
TG_BOARD_AT(handled, TG_BOARD_HANDLED);
TG_BOARD_AT(partner, TG_BOARD_PARTNER);
TG_BOARD_AT(slot, TG_BOARD_SLOT);
TG_BOARD_AT(go, TG_BOARD_GO);
TG_BOARD_AT(back, TG_BOARD_BACK);
TG_BOARD_AT(dead, TG_BOARD_DEAD);
TG_BOARD_AT(read_fd, TG_BOARD_READ_FD);
TG_BOARD_AT(write_fd, TG_BOARD_WRITE_FD);
TG_BOARD_AT(flush, TG_BOARD_FLUSH);
TG_BOARD_AT(tile_row, TG_BOARD_TILE_ROW);
TG_BOARD_AT(usage, TG_BOARD_USAGE);
#undef TG_BOARD_AT
#endif
#endif
