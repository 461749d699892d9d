/* SPDX-License-Identifier: GPL-2.0 */
/* What vm/probe's ROM and its ring-3 twin share. */
#ifndef TOLLGATE_PROBE_H
#define TOLLGATE_PROBE_H

/* Copies of a body between two clock readings; even, for SWAPGS and CR8. */
#define TG_PROBE_COPIES	128

/* The least of so many passes counts; the first ones warm the caches. */
#define TG_PROBE_PASSES	40

#ifndef __ASSEMBLER__
#include <stdint.h>

/* chains.S: ticks of TG_PROBE_COPIES bodies with the bracket. */
uint64_t tg_probe_empty(void);
uint64_t tg_probe_imul(void);
uint64_t tg_probe_ret(void);
uint64_t tg_probe_jump(void);
uint64_t tg_probe_cli(void);
uint64_t tg_probe_sti(void);
uint64_t tg_probe_swapgs(void);
uint64_t tg_probe_cr2(void);
uint64_t tg_probe_cr8(void);
uint64_t tg_probe_iretq(void);

/*
 * Ticks of TG_PROBE_COPIES bodies without the bracket, the least of
 * TG_PROBE_PASSES passes; at least 0.
 */
static inline uint64_t tg_probe_least(uint64_t (*body)(void))
{
	uint64_t least = UINT64_MAX, bracket = UINT64_MAX, t;

	for (int i = 0; i < TG_PROBE_PASSES; i++) {
		t = tg_probe_empty();
		bracket = t < bracket ? t : bracket;
		t = body();
		least = t < least ? t : least;
	}
	return least > bracket ? least - bracket : 0;
}
#endif

#endif
