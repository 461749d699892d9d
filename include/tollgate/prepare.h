/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a point to its series: which sequences, with which arguments, and
 * whether this CPU can run them. Compiled by module and harness, each with
 * TG_RING and its own table of sequences.
 */
#ifndef TOLLGATE_PREPARE_H
#define TOLLGATE_PREPARE_H

#include <tollgate/fpu_image.h>
#include <tollgate/sample.h>
#include <tollgate/uapi.h>

/*
 * Single shots, PAIR's and SHOT's, cannot be made longer to hide the clock's
 * granularity: so many times the samples instead. On a clock with steps of 26
 * ticks 16000 of them give a round's difference to 0.15 tick.
 */
#define TG_FIRST_SHARE	16

/* Loops of the calibrating chains: 6144 dependent cycles of IMUL. */
#define TG_CAL_LOOPS	32
/* Calibration needs fewer samples than a figure: one to so many. */
#define TG_CAL_SHARE	8
#define TG_CAL_MIN	24

/* What bodies get from their surroundings. */
struct tg_host {
	unsigned int features;	/* enum tg_needs bits present */
	__u64 xcr0;		/* 0 without XSAVE */
	bool amx;		/* AMX tile data may be used here */
	__u64 scratch_base;	/* offset from GS base of a zeroed, aligned u64[8] */
	__u64 scratch;		/* its address */
	/*
	 * Two areas for FPU state in the point's format, 64-byte aligned; only
	 * fpu rows need them.
	 */
	void *image, *other;
	size_t image_size;	/* bytes of each */
	/* crossing rows: their board's address (crossing.h); frame rows: blocks_frame.h */
	__u64 board;
	__u64 stage;		/* STEPS rows: their stage's (bench/scenario.h) */
	__u64 room;		/* fpu/atomic, frame/rehearsal and frame/ctxsw: theirs */
};

#if TG_RING == 0
#define TG_THIS_RING	R0
#else
#define TG_THIS_RING	(R3 | CROSS)	/* no row has both */
#endif

#define EXP(fam, nam, ...) extern tg_seq_table tg_seqs_##fam##_##nam[];
#include <tollgate/experiments.def>
#undef EXP

/* A row's sequences in this ring; NULL where it has none. */
static tg_seq_table *const tg_tables[TG_NR_EXPS] = {
#define EXP(fam, nam, rings, ...) \
	[TG_EXP_##fam##_##nam] = ((rings) & TG_THIS_RING) ? tg_seqs_##fam##_##nam : NULL,
#include <tollgate/experiments.def>
#undef EXP
};

/* The same with counters read around the brackets (blocks.h). */
#define EXP(fam, nam, ...) extern tg_seq_table tg_counted_##fam##_##nam[];
#include <tollgate/experiments.def>
#undef EXP
static tg_seq_table *const tg_counted_tables[TG_NR_EXPS] = {
#define EXP(fam, nam, rings, ...) \
	[TG_EXP_##fam##_##nam] = ((rings) & TG_THIS_RING) ? tg_counted_##fam##_##nam : NULL,
#include <tollgate/experiments.def>
#undef EXP
};

/* Copies by which hi exceeds lo in one pass of the loop. */
static inline __u32 tg_block(enum tg_family f)
{
	static const __u32 block[TG_NR_FAMILIES] = {
		[TG_FAMILY_irq] = TG_HI_irq - TG_LO_irq,
		[TG_FAMILY_insn] = TG_HI_insn - TG_LO_insn,
		[TG_FAMILY_crossing] = TG_HI_crossing - TG_LO_crossing,
		[TG_FAMILY_frame] = TG_HI_frame - TG_LO_frame,
		[TG_FAMILY_gs] = TG_HI_gs - TG_LO_gs,
		[TG_FAMILY_fpu] = TG_HI_fpu - TG_LO_fpu,
	};

	return block[f];
}

/* Passes of the long and the short sequence of STEPS, times loops. */
#define TG_STEPS_HI	3
#define TG_STEPS_LO	1

/* The same of a row: a single shot is one; of STEPS it is passes. */
static inline __u32 tg_exp_block(enum tg_exp_id exp)
{
	if (tg_exps[exp].method == TG_STEPS)
		return TG_STEPS_HI - TG_STEPS_LO;
	return tg_exps[exp].method == TG_SHOT ? 1 : tg_block(tg_exps[exp].family_id);
}

/* By how many copies at most hi may exceed lo. */
static inline __u32 tg_exp_unroll_max(enum tg_exp_id exp)
{
	return tg_exps[exp].method == TG_SHOT ? 1 : tg_exp_block(exp) * TG_LOOPS_MAX;
}

/* Whether CPUID shows a bit of a register: 0 eax to 3 edx. */
static inline bool tg_cpu_shows(__u32 leaf, __u32 sub, int reg, int bit)
{
	__u32 r[4];

	tg_cpuid(leaf & 0x80000000, 0, r);
	if (r[0] < leaf)
		return false;
	tg_cpuid(leaf, sub, r);
	return r[reg] & (1U << bit);
}

/* The features of experiments.def's NEED rows that CPUID shows, there or where else they may be. */
static inline unsigned int tg_cpu_features(void)
{
	unsigned int found = 0;

#define NEED(id, text, leaf, sub, reg, bit) \
	found |= tg_cpu_shows(leaf, sub, reg, bit) ? TG_NEED_##id : 0;
#define NEED_ALSO(id, leaf, sub, reg, bit) \
	found |= tg_cpu_shows(leaf, sub, reg, bit) ? TG_NEED_##id : 0;
#include <tollgate/experiments.def>
#undef NEED
#undef NEED_ALSO
	return found;
}

/* The components that an fpu row is about; AMX is never among "all". */
static inline __u64 tg_fpu_rfbm(const struct tg_point *p, const struct tg_host *h)
{
	__u64 rfbm;

	if (!(tg_exps[p->exp].needs & TG_NEED_XSAVE))
		return TG_XFEATURE_LEGACY;
	rfbm = tg_point_axis(p, TG_AXIS_comp, tg_point_axis(p, TG_AXIS_width, TG_RFBM_ALL));
	return rfbm == TG_RFBM_ALL ? h->xcr0 & ~(TG_XFEATURE_PKRU | TG_XFEATURE_AMX) : rfbm;
}

/* The state components that a point takes XSAVE for. */
static inline __u64 tg_point_rfbm(const struct tg_point *p, const struct tg_host *h)
{
	if (tg_exps[p->exp].needs & TG_NEED_XSAVE)
		return tg_fpu_rfbm(p, h);
	return tg_point_axis(p, TG_AXIS_touch, 0);
}

/* The format that an fpu row's areas have, one and the same for the whole figure. */
static inline enum tg_fpu_format tg_fpu_point_format(const struct tg_point *p)
{
	return p->exp == TG_EXP_fpu_xsavec ? TG_FPU_COMPACTED : TG_FPU_STANDARD;
}

/* Bytes of an fpu row's area on this CPU: without XSAVE, FXSAVE's and a header's. */
static inline size_t tg_fpu_area_size(unsigned int features)
{
	return features & TG_NEED_XSAVE ? (tg_fpu_image_size() + 63) & ~63U : TG_FPU_HEADER_END;
}

/*
 * tg_unavailable - why a point cannot run here, in one line, or false.
 * The reason names the feature that is missing.
 */
static inline bool tg_unavailable(const struct tg_point *p, const struct tg_host *h,
				  char *why, size_t len)
{
	int needs = tg_point_needs(p);
	__u64 rfbm;
	int i;

	if (tg_point_axis(p, TG_AXIS_cache, 0))
		needs |= TG_NEED_CLFSH;
	for (i = 0; i < TG_NR_NEEDS; i++) {
		if ((needs & (1 << i)) && !(h->features & (1U << i))) {
			snprintf(why, len, "this CPU or kernel lacks %s", tg_need_names[i]);
			return true;
		}
	}
	rfbm = tg_point_rfbm(p, h);
	if (rfbm & ~h->xcr0) {
		snprintf(why, len, "XCR0 lacks state components 0x%llx",
			 (unsigned long long)(rfbm & ~h->xcr0));
		return true;
	}
	if ((rfbm & TG_XFEATURE_AMX) && !h->amx) {
		snprintf(why, len, TG_RING == 0 ?
			 "AMX state in ring 0 takes IA32_XFD, which is the kernel's" :
			 "no permission for AMX tile data (arch_prctl ARCH_REQ_XCOMP_PERM)");
		return true;
	}
	return false;
}

/* How deep TG_DIRTY of blocks_fpu.h goes to reach all of rfbm. */
static inline int tg_fpu_depth(__u64 rfbm)
{
	if (rfbm & TG_XFEATURE_AMX)
		return 5;
	if (rfbm & TG_XFEATURE_AVX512)
		return 4;
	if (rfbm & TG_XFEATURE_AVX)
		return 3;
	return rfbm & TG_XFEATURE_SSE ? 2 : 1;
}

/*
 * The arguments of an fpu row's sequences, its areas filled to match. Returns
 * the code variant, see blocks_fpu.h.
 */
static inline int tg_fpu_prepare(struct tg_args *args, const struct tg_point *p,
				 const struct tg_host *h)
{
	bool boundary = p->exp == TG_EXP_fpu_boundary, cold = p->exp == TG_EXP_fpu_xrstor_cold;
	bool prefetch = p->exp == TG_EXP_fpu_prefetch;
	bool restore = p->exp == TG_EXP_fpu_xrstor || p->exp == TG_EXP_fpu_fxrstor;
	bool other = tg_point_axis(p, TG_AXIS_buf, 0);
	bool dirty = tg_point_axis(p, TG_AXIS_since, 0);
	enum tg_fpu_state state = dirty ? TG_FPU_DIRTY : TG_FPU_UNMODIFIED;
	enum tg_fpu_format format = tg_fpu_point_format(p);
	__u64 rfbm = tg_fpu_rfbm(p, h);
	int depth = tg_fpu_depth(rfbm);

	state = tg_point_axis(p, TG_AXIS_state, state);
	/* what a restore to the initial configuration starts from is dirty */
	if (state == TG_FPU_UNMODIFIED || (state == TG_FPU_INIT && !restore))
		depth = 0;
	args->base = (unsigned long)h->image;
	args->a0 = rfbm;
	args->a1 = (unsigned long)(other ? h->other : h->image);
	args->a2 = cold ? h->image_size : (__u64)depth;
	args->a3 = tg_point_axis(p, TG_AXIS_between, 0);
	tg_fpu_fill(h->image, h->image_size, rfbm, state, format);
	tg_fpu_fill(h->other, h->image_size, rfbm, state, format);
	if (boundary)
		return tg_point_axis(p, TG_AXIS_save, 0);
	if (prefetch) {
		args->a2 = tg_point_axis(p, TG_AXIS_cache, 0) ? h->image_size : 0;
		return tg_point_axis(p, TG_AXIS_lead, 0);
	}
	return cold ? 0 : depth;
}

/* The code variant of a row whose axes alone choose it, in ring 3; 0 of any other. */
static inline int tg_point_variant(const struct tg_point *p)
{
	if (p->exp == TG_EXP_fpu_atomic)
		return tg_point_axis(p, TG_AXIS_form, 0) +
		       4 * !!tg_point_axis(p, TG_AXIS_serial, 0);
	if (p->exp == TG_EXP_frame_ctxsw)
		return tg_point_axis(p, TG_AXIS_usersp, 0) +
		       2 * !!tg_point_axis(p, TG_AXIS_serial, 0) +
		       4 * !!tg_point_axis(p, TG_AXIS_cache, 0);
	if (p->exp == TG_EXP_frame_rehearsal) {
		struct tg_point q;
		int n = 0;

		/* one after the other, as they are assembled */
		for (tg_point_first(&q, p->exp, p->ring); memcmp(&q, p, sizeof(q)); n++)
			tg_point_next(&q);
		return n;
	}
	if (tg_exps[p->exp].method == TG_STEPS)
		return tg_point_axis(p, TG_AXIS_scene, 0) *
		       (__u64)tg_axes[TG_AXIS_strategy].nr_values +
		       tg_point_axis(p, TG_AXIS_strategy, 0);
	return 0;
}

#if TG_RING == 3
#include <tollgate/prepare_rehearsed.h>
#endif

static inline void tg_add_series(struct tg_sampler *s, enum tg_role role, tg_seq_fn *fn,
				 const struct tg_args *args, __u32 want)
{
	s->series[role].fn = fn;
	s->series[role].args = *args;
	s->series[role].want = want;
}

/*
 * tg_prepare - the series of a point.
 *
 * h: this CPU; on fpu rows its areas are filled for the point. samples: of
 * every series of the figure. loops: passes over the unrolled block, 1 for SHOT.
 * cal_loops: the same for the calibrating chains. The caller has zeroed *s, and afterwards
 * gives every series with a function room for its samples.
 *
 * tg_prepare_counted - the same for tg_counted_pass().
 */
static inline void tg_prepare_from(tg_seq_table *const *tables, struct tg_sampler *s,
				   const struct tg_point *p, const struct tg_host *h,
				   __u32 samples, __u32 loops, __u32 cal_loops)
{
	const tg_seq_table *imul = tables[TG_EXP_insn_imul], *add = tables[TG_EXP_insn_add];
	const tg_seq_table *nop = tables[TG_EXP_insn_nop], *empty = tables[TG_EXP_insn_empty];
	const struct tg_exp *e = &tg_exps[p->exp];
	struct tg_args args = { .loops = loops }, cal = { .loops = cal_loops }, one;
	__u32 shots = samples < TG_SAMPLES_MAX / TG_FIRST_SHARE ? samples * TG_FIRST_SHARE :
								  TG_SAMPLES_MAX;
	__u32 share = samples / TG_CAL_SHARE > TG_CAL_MIN ? samples / TG_CAL_SHARE : TG_CAL_MIN;
	int variant = 0, r;

	if (share > samples)
		share = samples;
	cal.base = h->scratch_base;
	cal.a0 = h->scratch;
	switch (e->family_id) {
	case TG_FAMILY_irq:
		args.a0 = e->nr_axes ? tg_point_number(p, 0) : 0;
		break;
	case TG_FAMILY_insn:
		args = cal;
		args.loops = loops;
		break;
	case TG_FAMILY_gs:
		args.a0 = h->scratch;
		variant = tg_point_axis(p, TG_AXIS_use, 0);
		break;
	case TG_FAMILY_fpu:
		if (e->method == TG_STEPS) {
			args.base = h->stage;
			variant = tg_point_variant(p);
#if TG_RING == 3
		} else if (p->exp == TG_EXP_fpu_atomic) {
			variant = tg_atomic_prepare(&args, p, h);
#endif
		} else {
			variant = tg_fpu_prepare(&args, p, h);
		}
		break;
	case TG_FAMILY_frame:
		args.base = h->board;
#if TG_RING == 3
		if (p->ring != TG_RING_CROSS)
			variant = tg_rehearsal_prepare(&args, p, h);
#endif
		break;
	case TG_FAMILY_crossing:
		args.base = h->board;
		variant = tg_point_touch(p);
		break;
	default:
		break;
	}
	for (r = 0; r < TG_NR_SEQS; r++)
		tg_add_series(s, r, tables[p->exp][variant][r], &args,
			      e->method == TG_SHOT ? shots : samples);
	if (e->family_id == TG_FAMILY_crossing) {
		/* events: one a copy */
		s->series[TG_HI].args.a0 = loops * TG_HI_crossing;
		s->series[TG_LO].args.a0 = loops * TG_LO_crossing;
	}
	if (e->method == TG_STEPS) {
		s->series[TG_HI].args.a0 = s->series[TG_PREP_HI].args.a0 = loops * TG_STEPS_HI;
		s->series[TG_LO].args.a0 = s->series[TG_PREP_LO].args.a0 = loops * TG_STEPS_LO;
	}
	if (e->method == TG_PAIR) {
		for (r = TG_FIRST_NEW; r <= TG_FIRST_OLD; r++) {
			s->series[r].args.loops = 1;
			s->series[r].want = shots;
		}
		/* the state that the body itself leaves behind */
		s->series[TG_FIRST_OLD].args.a0 = p->exp == TG_EXP_irq_sti;
	}
	tg_add_series(s, TG_IMUL_HI, imul[0][TG_HI], &cal, share);
	tg_add_series(s, TG_IMUL_LO, imul[0][TG_LO], &cal, share);
	tg_add_series(s, TG_ADD_HI, add[0][TG_HI], &cal, share);
	tg_add_series(s, TG_ADD_LO, add[0][TG_LO], &cal, share);
	tg_add_series(s, TG_CANARY_HI, nop[0][TG_HI], &cal, share);
	tg_add_series(s, TG_CANARY_LO, nop[0][TG_LO], &cal, share);
	one = cal;
	one.loops = 1;
	tg_add_series(s, TG_EMPTY, empty[0][TG_LO], &one, share);
}

static inline void tg_prepare(struct tg_sampler *s, const struct tg_point *p,
			      const struct tg_host *h, __u32 samples, __u32 loops,
			      __u32 cal_loops)
{
	tg_prepare_from(tg_tables, s, p, h, samples, loops, cal_loops);
}

static inline void tg_prepare_counted(struct tg_sampler *s, const struct tg_point *p,
				      const struct tg_host *h, __u32 samples, __u32 loops,
				      __u32 cal_loops)
{
	tg_prepare_from(tg_counted_tables, s, p, h, samples, loops, cal_loops);
}

#endif
