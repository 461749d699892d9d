/* SPDX-License-Identifier: GPL-2.0 */
/* Rows that are rehearsed on many threads or CPUs: their room. A part of prepare.h, of ring 3. */
#ifndef TOLLGATE_PREPARE_REHEARSED_H
#define TOLLGATE_PREPARE_REHEARSED_H

#include <tollgate/blocks_rehearsal.h>

_Static_assert(TG_LOOPS_MAX * TG_HI_frame <= TG_CPUS, "a cold call to each CPU");

/*
 * The room of what is rehearsed: threads or CPUs, all of them zeros before each figure,
 * and addresses in the order in which a sequence goes from one to the next.
 */
struct tg_atomic_room {
	__u8 of[TG_ATOMIC_ROOM];
	__u64 order[TG_ATOMIC_THREADS];
};

struct tg_rehearsal_room {
	struct tg_rehearsed_cpu of[TG_CPUS];
	__u64 order[TG_CPUS];
};

/* The i-th: cold, each once, in no steady stride (triangular numbers modulo a power of two). */
static inline __u32 tg_stroll(bool cold, __u32 i, __u32 n, __u32 hot)
{
	return cold ? i * (i + 1) / 2 % n : hot;
}

/* The arguments of fpu/atomic. Returns the variant. */
static inline int tg_atomic_prepare(struct tg_args *args, const struct tg_point *p,
				    const struct tg_host *h)
{
	struct tg_atomic_room *room = (void *)(unsigned long)h->room;
	bool cold = tg_point_axis(p, TG_AXIS_cache, 0);
	__u32 i;

	memset(room, 0, sizeof(*room));
	for (i = 0; i < TG_ATOMIC_THREADS; i++)
		room->order[i] = (unsigned long)&room->of[tg_stroll(cold, i, TG_ATOMIC_THREADS, 0) *
							  TG_ATOMIC_STRIDE];
	args->base = h->room;
	args->a0 = (unsigned long)room->order;
	args->a2 = cold ? TG_ATOMIC_ROOM : 0;
	return tg_point_variant(p);
}

/* The arguments of frame/rehearsal and frame/ctxsw. Returns the variant. */
static inline int tg_rehearsal_prepare(struct tg_args *args, const struct tg_point *p,
				       const struct tg_host *h)
{
	struct tg_rehearsal_room *room = (void *)(unsigned long)h->room;
	bool cold = tg_point_axis(p, TG_AXIS_cache, 0);
	__u32 i;

	memset(room, 0, sizeof(*room));
	for (i = 0; i < TG_CPUS; i++) {
		room->of[i].stack_top = (unsigned long)&room->of[i + 1];
		room->order[i] = (unsigned long)&room->of[tg_stroll(cold, i, TG_CPUS, TG_CPU_HOT)];
		/* two tasks, in turn */
		if (p->exp == TG_EXP_frame_ctxsw && !cold)
			room->order[i] += i % 2 * TG_CPU_BYTES;
	}
	if (!cold)
		room->of[TG_CPU_HOT].stack_top = (unsigned long)&room->of[2 * TG_CPU_HOT];
	args->base = room->order[0];
	args->a0 = (unsigned long)room->order;
	args->a1 = h->scratch - h->scratch_base;
	args->a2 = cold ? args->loops * TG_HI_frame : 0;
	return tg_point_variant(p);
}

#endif
