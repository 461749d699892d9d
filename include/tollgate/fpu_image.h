/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XSAVE areas built by hand, in the standard format (SDM vol. 1, 13.4) and in
 * the compacted one (13.4.3), and the CPUID and XGETBV reads that takes.
 * Compiled by module and harness.
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
#define TG_XFEATURE_SSE		(1ULL << 1)
#define TG_XFEATURE_AVX		(1ULL << 2)
#define TG_XFEATURE_OPMASK	(1ULL << 5)
#define TG_XFEATURE_AVX512	(7ULL << 5)	/* opmask, ZMM_Hi256, Hi16_ZMM */
#define TG_XFEATURE_PKRU	(1ULL << 9)
#define TG_XFEATURE_TILECFG	(1ULL << 17)
#define TG_XFEATURE_TILEDATA	(1ULL << 18)
#define TG_XFEATURE_AMX		(TG_XFEATURE_TILECFG | TG_XFEATURE_TILEDATA)

/* What FXSAVE knows of: an area's first 512 bytes, without an XSAVE header. */
#define TG_XFEATURE_LEGACY	(TG_XFEATURE_X87 | TG_XFEATURE_SSE)

/* XCOMP_BV: the area is compacted (SDM vol. 1, 13.4.2) */
#define TG_XCOMP_COMPACTED	(1ULL << 63)

/* Bytes of the legacy region and the header, behind which components stand. */
#define TG_FPU_HEADER_END	576

/* The numbers of experiments.def's axis state */
enum tg_fpu_state { TG_FPU_INIT, TG_FPU_DIRTY, TG_FPU_UNMODIFIED };

enum tg_fpu_format {
	TG_FPU_STANDARD,	/* of FXSAVE (its part), XSAVE, XSAVEOPT */
	TG_FPU_COMPACTED,	/* of XSAVEC */
	TG_NR_FPU_FORMATS
};

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

/* Where one component stands in an area, from 576 on; bytes is 0 if it has no place. */
struct tg_fpu_place {
	__u32 offset, bytes;
};

/*
 * tg_fpu_component - the place of component i, 2 to 62, in an area of exactly
 * the components in rfbm. CPUID.(0xD,i): EAX bytes; EBX the standard offset, 0
 * for supervisor components; ECX[1] whether compacting aligns it to 64 bytes.
 */
static inline struct tg_fpu_place tg_fpu_component(int i, __u64 rfbm, enum tg_fpu_format format)
{
	struct tg_fpu_place place = { TG_FPU_HEADER_END, 0 };
	__u32 r[4];
	int j;

	for (j = format == TG_FPU_STANDARD ? i : 2; j <= i; j++) {
		if (!(rfbm & (1ULL << j)))
			continue;
		tg_cpuid(0xd, j, r);
		if (format == TG_FPU_STANDARD)
			place.offset = r[1];
		else
			place.offset += place.bytes;
		if (format == TG_FPU_COMPACTED && (r[2] & 2))
			place.offset = (place.offset + 63) & ~63U;
		place.bytes = r[0];
	}
	if (!(rfbm & (1ULL << i)) || place.offset < TG_FPU_HEADER_END)
		place.bytes = 0;
	return place;
}

/*
 * Bytes of an area for all that XCR0 enables, in either format. Only where
 * CPUID.1:ECX.OSXSAVE is set.
 */
static inline __u32 tg_fpu_image_size(void)
{
	struct tg_fpu_place last;
	__u64 xcr0 = tg_xcr0();
	__u32 r[4], end;
	int i;

	tg_cpuid(0xd, 0, r);	/* ECX: the same for all that XCR0 may enable */
	for (i = 62; i > 2 && !(xcr0 & (1ULL << i)); i--)
		;
	last = tg_fpu_component(i, xcr0, TG_FPU_COMPACTED);
	end = last.offset + last.bytes;
	return end > r[2] ? end : r[2];
}

/*
 * tg_fpu_fill - an image of exactly the components in rfbm.
 *
 * init: XSTATE_BV = 0, all of them in their initial configuration. Otherwise
 * every component is marked present and those with register data of our
 * choice hold nonzero values. image: 64-byte aligned, size bytes, at least
 * TG_FPU_HEADER_END, and where there is XSAVE tg_fpu_image_size(). XCOMP_BV is
 * zero in the standard format, the reserved header bytes in both, or XRSTOR
 * would fault. Its first 512 bytes are also an image for FXRSTOR.
 */
static inline void tg_fpu_fill(void *image, size_t size, __u64 rfbm, enum tg_fpu_state state,
			       enum tg_fpu_format format)
{
	enum { FCW = 0, FTW = 4, MXCSR = 24, ST0 = 32, XMM0 = 160, XMM_END = 416,
	       XSTATE_BV = 512, XCOMP_BV = 520 };
	static const __u8 one[10] = { [7] = 0x80, [8] = 0xff, [9] = 0x3f };	/* 1.0 */
	const __u64 compacted = TG_XCOMP_COMPACTED | rfbm;
	__u8 *b = image;
	int i;

	memset(b, 0, size);
	b[FCW] = 0x7f;			/* FCW = 0x037f: all exceptions masked */
	b[FCW + 1] = 0x03;
	b[MXCSR] = 0x80;		/* MXCSR = 0x1f80: the same */
	b[MXCSR + 1] = 0x1f;
	if (format == TG_FPU_COMPACTED)
		memcpy(b + XCOMP_BV, &compacted, sizeof(compacted));
	if (state == TG_FPU_INIT)
		return;
	memcpy(b + XSTATE_BV, &rfbm, sizeof(rfbm));
	if (rfbm & TG_XFEATURE_X87) {
		b[FTW] = 0xff;		/* all eight registers valid */
		for (i = 0; i < 8; i++)
			memcpy(b + ST0 + 16 * i, one, sizeof(one));
	}
	memset(b + XMM0, 0x11, XMM_END - XMM0);
	if (!(rfbm & ~TG_XFEATURE_LEGACY))
		return;			/* nor need there be a CPUID leaf 0xD */
	for (i = 2; i < 63; i++) {
		struct tg_fpu_place at = tg_fpu_component(i, rfbm, format);

		if (!at.bytes || at.offset + at.bytes > size)
			continue;
		/* any bits are valid */
		if ((1ULL << i) & (TG_XFEATURE_AVX | TG_XFEATURE_AVX512 | TG_XFEATURE_TILEDATA))
			memset(b + at.offset, 0x5a, at.bytes);
		if ((1ULL << i) == TG_XFEATURE_TILECFG) {
			int t;

			/* palette 1: eight tiles of 16 rows of 64 bytes */
			b[at.offset] = 1;
			for (t = 0; t < 8; t++) {
				b[at.offset + 16 + 2 * t] = 64;
				b[at.offset + 48 + t] = 16;
			}
		}
	}
}

#endif
