// SPDX-License-Identifier: GPL-2.0
/*
 * What a context's registers and memory hold, against what they should. Built to use
 * general registers alone, and no function of the C library: it runs while the
 * extended registers are those of a scenario's contexts.
 */
#include <tollgate/fpu_image.h>

#include "scenario.h"

#define XSTATE_BV	512
#define ST0		32
#define XMM0		160
#define FSW		2
#define TOP_SHIFT	11

static void copy(void *to, const void *from, size_t n)
{
	asm volatile("rep movsb" : "+D" (to), "+S" (from), "+c" (n) : : "memory");
}

void tgs_reset(struct tgs_stage *st, enum tgf_strategy s)
{
	for (int i = 0; i < TGS_CONTEXTS; i++) {
		struct tgs_context *c = &st->context[i];

		copy(c->fpu.area.image, st->first[i].image, st->image_size);
		c->fpu.pkru = 0;
		c->fpu.last_cpu = TGF_NOWHERE;
		c->fpu.active = 0;
		c->fpu.reload = s >= TGF_DEFERRED && s != TGS_NONE;
		c->is.touches = 0;
	}
	st->cpu.owner = NULL;
	st->cpu.busy = 0;
	st->cpu.mirror = 0;
	st->preempt = 0;
}

static __u64 load64(const __u8 *p)
{
	return *(const __u64 *)p;
}

/* The bits of a whole number below 2^24 as a float. */
static __u32 float_bits(__u32 n)
{
	int e = 31;

	if (!n)
		return 0;
	while (!(n >> e))
		e--;
	return (__u32)(127 + e) << 23 | ((n << (23 - e)) & 0x7fffff);
}

/* Registers of so many bytes, one touched: whether each lane is what it should be. */
static bool lanes_hold(const __u8 *p, bool present, int nr, int bytes, int touched,
		       struct tgs_content is)
{
	__u32 plain = float_bits(is.base), other = float_bits(is.base + is.touches);

	for (int r = 0; r < nr; r++)
		for (int i = 0; i < bytes; i += 4)
			if ((present ? *(const __u32 *)(p + r * bytes + i) : 0) !=
			    (r == touched ? other : plain))
				return false;
	return true;
}

static bool x87_holds(const __u8 *image, bool present, struct tgs_content is)
{
	__u64 mantissa = is.base ? 1ULL << 63 | is.base : 0;

	if (((present ? *(const __u16 *)(image + FSW) >> TOP_SHIFT : 0) & 7) != (is.touches & 7))
		return false;
	for (int i = 0; i < 8; i++)
		if ((present ? load64(image + ST0 + 16 * i) : 0) != mantissa)
			return false;
	return true;
}

static bool opmasks_hold(const __u8 *p, bool present, struct tgs_content is)
{
	for (int i = 0; i < 8; i++)
		if ((present ? load64(p + 8 * i) : 0) !=
		    (is.base ^ (i == 1 && (is.touches & 1) ? 0xffff : 0)))
			return false;
	return true;
}

static bool holds(const struct tgs_stage *st, const __u8 *image, struct tgs_content is)
{
	__u64 bv = load64(image + XSTATE_BV);

	if (!x87_holds(image, bv & TG_XFEATURE_X87, is) ||
	    !lanes_hold(image + XMM0, bv & TG_XFEATURE_SSE, 16, 16, 1, is) ||
	    !lanes_hold(image + st->ymm.offset, bv & TG_XFEATURE_AVX, 16, 16, 1, is))
		return false;
	return !st->zmm.bytes ||
	       (opmasks_hold(image + st->opmask.offset, bv & TG_XFEATURE_OPMASK, is) &&
		lanes_hold(image + st->zmm.offset, bv & 1 << 6, 16, 32, 1, is) &&
		lanes_hold(image + st->zmm16.offset, bv & 1 << 7, 16, 64, 1, is));
}

static void find_fault(struct tgs_stage *st, enum tgs_fault fault, int whose)
{
	if (st->fault)
		return;
	st->fault = fault;
	st->whose = whose;
	st->at = st->checks;
}

void tgs_check(struct tgs_stage *st, enum tgs_who running, bool registers)
{
	if (st->blind) {
		st->blind--;
		return;
	}
	st->checks++;
	if (registers) {
		asm volatile("xsave64 %0" : "+m" (st->scratch)
			     : "a" (st->cpu.regs.low), "d" (st->cpu.regs.high) : "memory");
		if (!holds(st, st->scratch.image, st->context[running].is))
			find_fault(st, TGS_WRONG_REGISTERS, running);
		if (!st->context[running].fpu.active)
			find_fault(st, TGS_NOT_LOADED, running);
	}
	for (int i = 0; i < TGS_CONTEXTS; i++) {
		const struct tgs_context *c = &st->context[i];

		if (c->fpu.active && i != (int)running)
			find_fault(st, TGS_STILL_ACTIVE, i);
		if (!c->fpu.active && !holds(st, c->fpu.area.image, c->is))
			find_fault(st, TGS_WRONG_MEMORY, i);
	}
}
