// SPDX-License-Identifier: GPL-2.0
/* Set-up of fpu/scenario: contexts, their registers, and who touches them when. */
#include <string.h>

#include <tollgate/fpu_image.h>

#include "scenario.h"

/* What tasks and guest hold, all of it different. */
static const __u32 bases[TGS_CONTEXTS] = { 0x1001, 0x2002, 0x4004 };

#define SEED	0x2016100120311ULL
#define PERIOD	16

/* Every lane of every register is a number: see struct tgs_content. */
static void fill(const struct tgs_stage *st, __u8 *image, __u64 rfbm, __u32 base)
{
	enum { ST0 = 32, XMM0 = 160 };
	float lane = base;
	__u64 mantissa = 1ULL << 63 | base, mask = base;
	size_t i;

	tg_fpu_fill(image, st->image_size, rfbm, base ? TG_FPU_DIRTY : TG_FPU_INIT,
		    TG_FPU_STANDARD);
	for (i = 0; base && i < 8; i++) {
		memcpy(image + ST0 + 16 * i, &mantissa, sizeof(mantissa));
		if (st->opmask.bytes)
			memcpy(image + st->opmask.offset + 8 * i, &mask, sizeof(mask));
	}
	for (i = 0; base && i < 256; i += sizeof(lane)) {
		memcpy(image + XMM0 + i, &lane, sizeof(lane));
		memcpy(image + st->ymm.offset + i, &lane, sizeof(lane));
	}
	for (i = 0; base && i < st->zmm.bytes; i += sizeof(lane))
		memcpy(image + st->zmm.offset + i, &lane, sizeof(lane));
	for (i = 0; base && i < st->zmm16.bytes; i += sizeof(lane))
		memcpy(image + st->zmm16.offset + i, &lane, sizeof(lane));
}

/* In every period as many turns with a touch as 1 in m is, in an order of its own. */
static void lay_down(struct tgs_stage *st, int m)
{
	for (size_t period = 0; period < TGS_VISITS / PERIOD; period++)
		while (__builtin_popcount(st->use[period]) < PERIOD / m)
			st->use[period] |= 1 << tgs_random(st) % PERIOD;
}

static void prepare(struct tgs_stage *st, const struct tg_point *p, size_t image_size,
		    enum tg_fpu_state state)
{
	__u64 rfbm = tg_point_axis(p, TG_AXIS_width, 0);
	int scene = tg_point_axis(p, TG_AXIS_scene, 0);
	struct tg_fpu_place place;
	int i;

	memset(st, 0, sizeof(*st));
	st->image_size = image_size;
	st->random = SEED;
	st->cpu.regs.low = rfbm;
	st->cpu.regs.high = rfbm >> 32;
	st->cpu.regs.frame = &st->frame;
	st->cpu.regs.init = &st->init;
#define PLACE(name, number)							\
	place = tg_fpu_component(number, rfbm, TG_FPU_STANDARD);		\
	st->name.offset = place.offset;						\
	st->name.bytes = place.bytes;
	PLACE(ymm, 2)
	PLACE(opmask, 5)
	PLACE(zmm, 6)
	PLACE(zmm16, 7)
#undef PLACE
	st->clobber = rfbm & TG_XFEATURE_AVX512 ? 4 : 3;
	st->depth = state == TG_FPU_DIRTY ? st->clobber : 0;
	for (i = 0; i < TGS_CONTEXTS; i++) {
		st->context[i].is.base = state == TG_FPU_INIT ? 0 : bases[i];
		fill(st, st->first[i].image, rfbm, st->context[i].is.base);
	}
	fill(st, st->frame.image, rfbm, 0);
	fill(st, st->init.image, rfbm, 0);
	if (scene >= TG_AT_scene_use1)
		lay_down(st, 1 << (scene - TG_AT_scene_use1));
}

void tgs_prepare(struct tgs_stage *st, const struct tg_point *p, size_t image_size)
{
	prepare(st, p, image_size, tg_point_axis(p, TG_AXIS_state, 0));
}

/* The passes that count go over all that is laid down, from its beginning. */
static void rehearse(struct tgs_stage *st, const struct tg_point *p)
{
	int scene = tg_point_axis(p, TG_AXIS_scene, 0);
	bool uses = scene >= TG_AT_scene_use1;
	struct tg_args args = {
		.base = (unsigned long)st, .a0 = uses ? TGS_VISITS / PERIOD : 64,
	};

	/* the same counts whatever was timed before: rounds are held against each other */
	for (size_t i = 0; i < TGS_CONTEXTS; i++)
		st->context[i].fpu.uses = 0;
	st->visit = 0;
	st->blind = uses ? 2 * TGS_VISITS - TGS_CHECKED_VISITS : 0;
	tgs_checked[TGS_VARIANT(scene, tg_point_axis(p, TG_AXIS_strategy, 0))](&args);
}

void tgs_rehearse(struct tgs_stage *st, const struct tg_point *p)
{
	struct tg_tally tally;

	if (tg_point_axis(p, TG_AXIS_state, 0) != TG_FPU_INIT) {
		rehearse(st, p);
		return;
	}
	/* contexts in their initial state are alike: first the same with registers that differ */
	prepare(st, p, st->image_size, TG_FPU_DIRTY);
	rehearse(st, p);
	if (st->fault)
		return;
	tally = st->tally;
	tgs_prepare(st, p, st->image_size);
	rehearse(st, p);
	if (!st->fault && memcmp(&tally, &st->tally, sizeof(tally)))
		st->fault = TGS_OTHER_COUNTS;
}

bool tgs_is_right(const struct tgs_stage *st, char *why, size_t len)
{
	static const char *const whose[] = { "task A", "task B", "the guest" };
	static const char *const what[] = {
		[TGS_WRONG_REGISTERS] = "runs with registers that are not its own",
		[TGS_WRONG_MEMORY] = "has registers in memory that are not its own",
		[TGS_NOT_LOADED] = "runs, and its registers do not count as loaded",
		[TGS_STILL_ACTIVE] = "counts as loaded, and another one runs",
		[TGS_OTHER_COUNTS] = "is saved and loaded less or more often than with registers "
				     "that differ from another's",
	};

	if (!st->fault)
		return true;
	snprintf(why, len, "%s %s (check %llu)", whose[st->whose], what[st->fault],
		 (unsigned long long)st->at);
	return false;
}
