/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XSAVE areas built by hand, in the standard format (SDM vol. 1, 13.4), and
 * the CPUID and XGETBV reads that takes. Compiled by module and harness.
 */
#ifndef TOLLGATE_FPU_IMAGE_H
#define TOLLGATE_FPU_IMAGE_H

#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/types.h>
#else
#include <linux/types.h>
#include <string.h>
#endif

/* State components (SDM vol. 1, 13.1) by their bit in XCR0 */
#define TG_XFEATURE_X87		(1ULL << 0)
#define TG_XFEATURE_OPMASK	(1ULL << 5)
#define TG_XFEATURE_PKRU	(1ULL << 9)
#define TG_XFEATURE_TILECFG	(1ULL << 17)
#define TG_XFEATURE_TILEDATA	(1ULL << 18)
#define TG_XFEATURE_AMX		(TG_XFEATURE_TILECFG | TG_XFEATURE_TILEDATA)

/* The numbers of experiments.def's axis state */
enum tg_fpu_state { TG_FPU_INIT, TG_FPU_DIRTY, TG_FPU_UNMODIFIED };

/* r: eax, ebx, ecx, edx */
static inline void tg_cpuid(__u32 leaf, __u32 sub, __u32 r[4])
{
	asm volatile("cpuid" : "=a" (r[0]), "=b" (r[1]), "=c" (r[2]), "=d" (r[3])
			     : "a" (leaf), "c" (sub));
}

/* XCR0; only where CPUID.1:ECX.OSXSAVE is set. */
static inline __u64 tg_xcr0(void)
{
	__u32 lo, hi;

	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return lo | (__u64)hi << 32;
}

/* Bytes of the XSAVE area for all that XCR0 may enable (CPUID.(0xD,0):ECX). */
static inline __u32 tg_fpu_image_size(void)
{
	__u32 r[4];

	tg_cpuid(0xd, 0, r);
	return r[2];
}

/*
 * tg_fpu_fill - an image of exactly the components in rfbm.
 *
 * init: XSTATE_BV = 0, all of them in their initial configuration. Otherwise
 * every component is marked present and those with register data of our
 * choice hold nonzero values. image: 64-byte aligned, size bytes, at least
 * tg_fpu_image_size(). XCOMP_BV and the reserved header bytes are zero, or
 * XRSTOR would fault.
 */
static inline void tg_fpu_fill(void *image, size_t size, __u64 rfbm, enum tg_fpu_state state)
{
	enum { FCW = 0, FTW = 4, MXCSR = 24, ST0 = 32, XMM0 = 160, XMM_END = 416,
	       XSTATE_BV = 512, HEADER_END = 576 };
	static const __u8 one[10] = { [7] = 0x80, [8] = 0xff, [9] = 0x3f };	/* 1.0 */
	__u8 *b = image;
	__u32 r[4];
	int i;

	memset(b, 0, size);
	b[FCW] = 0x7f;			/* FCW = 0x037f: all exceptions masked */
	b[FCW + 1] = 0x03;
	b[MXCSR] = 0x80;		/* MXCSR = 0x1f80: the same */
	b[MXCSR + 1] = 0x1f;
	if (state == TG_FPU_INIT)
		return;
	memcpy(b + XSTATE_BV, &rfbm, sizeof(rfbm));
	if (rfbm & TG_XFEATURE_X87) {
		b[FTW] = 0xff;		/* all eight registers valid */
		for (i = 0; i < 8; i++)
			memcpy(b + ST0 + 16 * i, one, sizeof(one));
	}
	memset(b + XMM0, 0x11, XMM_END - XMM0);
	for (i = 2; i < 63; i++) {
		if (!(rfbm & (1ULL << i)))
			continue;
		tg_cpuid(0xd, i, r);	/* eax bytes at offset ebx */
		if (r[1] < HEADER_END || r[1] + r[0] > size)
			continue;
		/* AVX, opmask, ZMM_Hi256, Hi16_ZMM, tile data: any bits are valid */
		if ((1ULL << i) & (0x4 | 0xe0 | TG_XFEATURE_TILEDATA))
			memset(b + r[1], 0x5a, r[0]);
		if ((1ULL << i) == TG_XFEATURE_TILECFG) {
			int t;

			b[r[1]] = 1;	/* palette 1: eight tiles of 16 rows of 64 bytes */
			for (t = 0; t < 8; t++) {
				b[r[1] + 16 + 2 * t] = 64;
				b[r[1] + 48 + t] = 16;
			}
		}
	}
}

#endif
