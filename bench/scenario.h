/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fpu/scenario: the strategies of mod/fpu_state.c over this CPU's registers, in ring 3.
 * Shared by the sequences (body/scenarios.c, which may use general registers alone),
 * the check of what the registers hold (scenario_check.c, likewise) and the set-up.
 *
 * A step is one stay in the kernel: a task touches its registers, enters the kernel,
 * something happens there, and somebody runs again. LFENCE stands for what a real
 * entry and a real exit serialise.
 */
#ifndef TOLLGATE_SCENARIO_H
#define TOLLGATE_SCENARIO_H

#include <tollgate/seq.h>

#include "engine.h"

/* Room for a context's registers: the standard format of all that x86-64 has, AMX too. */
#define TGS_AREA	12288

typedef struct { __u8 image[TGS_AREA] __attribute__((aligned(64))); } tgf_area_t;
typedef __u32 tgf_pkru_t;
/* The registers are real; this is what instructions on them take. */
typedef struct {
	__u32 low, high;	/* RFBM */
	tgf_area_t *frame, *init;	/* signal frame; initial configuration */
} tgf_regs_t;

#include <tollgate/fpu_state.h>

/* Strategy of the sequence that is subtracted: whatever its users do, and no kernel. */
#define TGS_NONE	TGF_NR_STRATEGIES

enum tgs_who { TGS_A, TGS_B, TGS_GUEST, TGS_CONTEXTS };

/*
 * What a context's registers hold: every lane of every register is the number base, and
 * where one was touched base and how often. Base 0: the initial configuration.
 */
struct tgs_content {
	__u32 base, touches;
};

struct tgs_context {
	struct tgf_fpu fpu;
	struct tgs_content is;
};

/*
 * Visits whose pattern of touches is laid down: use rows go round in it, period by period.
 * So many, for lazy_counter goes round by itself in some 750.
 */
#define TGS_VISITS	16384
/* Those of them that are checked: enough of each kind. All are counted. */
#define TGS_CHECKED_VISITS	1024

enum tgs_fault { TGS_RIGHT, TGS_WRONG_REGISTERS, TGS_WRONG_MEMORY, TGS_NOT_LOADED,
		 TGS_STILL_ACTIVE, TGS_OTHER_COUNTS };

struct tgs_stage {
	struct tgf_cpu cpu;
	__u32 depth;		/* of a touch: 0 none, 3 AVX, 4 AVX-512 (blocks_fpu.h) */
	__u32 clobber;		/* the same of what a kernel section does */
	__u32 visit;		/* next place in use[] */
	__u64 random;		/* for the pattern, and for where a sample begins */
	__u32 preempt;		/* as the kernel counts */
	struct tg_tally tally;
	__u64 traps;		/* #NM, in what the tally is of */
	__u32 blind;		/* visits yet to come that are not checked */
	enum tgs_fault fault;	/* the first, with whose it was */
	enum tgs_who whose;
	__u64 at;		/* and in which check, from 1 */
	__u64 checks;
	struct tgs_content interrupted;	/* by a signal's handler */
	size_t image_size;
	/* places of the components beyond SSE (fpu_image.h); bytes 0: not in RFBM */
	struct { __u32 offset, bytes; } ymm, opmask, zmm, zmm16;
	__u16 use[TGS_VISITS / 16];	/* a bit a visit of a period */
	struct tgs_context context[TGS_CONTEXTS];
	tgf_area_t frame, init, scratch;
	tgf_area_t first[TGS_CONTEXTS];	/* images to begin with */
};

/*
 * Whether a stay in the kernel is nothing at all: in and out, and no flag to ask for. Fences
 * around nothing cost less than fences around work, so it is measured with an IMUL on both
 * sides, and none is added again.
 */
static inline bool tgs_is_nothing(int scene, int strategy)
{
	return scene == TG_AT_scene_enter && strategy < (int)TGF_DEFERRED;
}

/* Whether a task uses its registers in this visit. */
static inline bool tgs_uses(const struct tgs_stage *st, __u32 visit)
{
	return st->use[visit / 16 % (TGS_VISITS / 16)] >> visit % 16 & 1;
}

static inline __u64 tgs_random(struct tgs_stage *st)
{
	return tg_xorshift(&st->random) >> 11;
}

/*
 * Puts the stage's contexts back to where every sequence begins, but for their counts of
 * uses in a row, which go on from sample to sample. Touches no register.
 */
void tgs_reset(struct tgs_stage *st, enum tgf_strategy s);

/*
 * tgs_check - whether who runs has its own registers, and every context that does not run
 * its own memory. running: TGS_CONTEXTS where nobody is in user mode. registers: what
 * the CPU holds counts as the running one's. The registers are left as they are.
 */
void tgs_check(struct tgs_stage *st, enum tgs_who running, bool registers);

/* Steps in a pass over a scenario: its period. */
#define TGS_PERIOD(scene)							\
	((scene) >= TG_AT_scene_use1 ? 16 :					\
	 (scene) == TG_AT_scene_guest_other || (scene) == TG_AT_scene_signal ? 2 : 1)
/*
 * Passes before those that count. A timed sample of what depends on uses in a row lets up to
 * 15 more go by, so that samples begin anywhere in the counter's round; where counts are
 * taken the whole pattern goes by once.
 */
#define TGS_WARM(scene)								\
	((scene) >= TG_AT_scene_use1 ? 2 : (scene) == TG_AT_scene_kernel64 ? 8 : 16)
#define TGS_GAP(scene, strategy)						\
	((scene) >= TG_AT_scene_use1 || ((strategy) == TGF_LAZY_COUNTER &&	\
					 (scene) <= TG_AT_scene_idle) ? 16 : 1)
#define TGS_WARM_CHECKED(scene)							\
	((scene) >= TG_AT_scene_use1 ? TGS_VISITS / 16 : TGS_WARM(scene))

/* By TGS_VARIANT(): the sequences once more, with counts and a check after every step. */
extern tg_seq_fn *const tgs_checked[];
#define TGS_VARIANT(scene, strategy)	((scene) * TGF_NR_STRATEGIES + (strategy))

/*
 * tgs_prepare - a stage for a point of fpu/scenario; image_size: bytes of an XSAVE area,
 * at most TGS_AREA. The stage is 64-byte aligned and zeroed or used before.
 */
void tgs_prepare(struct tgs_stage *st, const struct tg_point *p, size_t image_size);

/*
 * tgs_rehearse - runs the checked sequence of a point; the stage's tally and fault say what
 * came of it. A point of contexts in their initial state, which are all alike, must have
 * done the same with contexts that differ.
 */
void tgs_rehearse(struct tgs_stage *st, const struct tg_point *p);

/* False with why where a check found a fault, naming it. */
bool tgs_is_right(const struct tgs_stage *st, char *why, size_t len);

#endif
