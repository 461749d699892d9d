/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a point runs: in ring 0, in ring 3, or across both, which is a loop in ring
 * 3 while the module has armed the task. Included by exp.h.
 */
#ifndef TOLLGATE_RINGS_H
#define TOLLGATE_RINGS_H

/* Bits, for rows; and what a point holds, which asm files are built for. */
enum { R0 = 1, R3 = 2, CROSS = 4 };
#define TG_RING_CROSS	30

struct tg_ring {
	int ring, bit;
	const char *name;
};

/* In the order in which lists print them. */
#define TG_NR_RINGS	3
static const struct tg_ring tg_rings[TG_NR_RINGS] = {
	{ 0, R0, "@r0" }, { 3, R3, "@r3" }, { TG_RING_CROSS, CROSS, "@cross" }
};

static inline int tg_ring_bit(int ring)
{
	return ring == 0 ? R0 : ring == 3 ? R3 : CROSS;
}

static inline const char *tg_ring_name(int ring)
{
	return tg_rings[ring == 0 ? 0 : ring == 3 ? 1 : 2].name;
}

/* The ring of a name's end, "@r0"; -1 if it is none. */
static inline int tg_ring_parse(const char *text)
{
	int i;

	for (i = 0; i < TG_NR_RINGS; i++)
		if (!strcmp(text, tg_rings[i].name))
			return tg_rings[i].ring;
	return -1;
}
#endif
