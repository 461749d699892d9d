/* SPDX-License-Identifier: GPL-2.0 */
/*
 * experiments.def as C: rows, axes, names. Compiled by module and harness.
 */
#ifndef TOLLGATE_EXP_H
#define TOLLGATE_EXP_H

#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#endif

#define TG_NAME_MAX	128	/* a full name with its NUL */
#define TG_MAX_AXES	20

/* RFBM that stands for "what XCR0 enables", resolved on the running CPU. */
#define TG_RFBM_ALL	(1ULL << 62)

#include <tollgate/rings.h>

enum tg_method { TG_SLOPE, TG_REARM, TG_PAIR, TG_SHOT, TG_STEPS };
#define TG_METHOD_NAMES	{ "SLOPE", "REARM", "PAIR", "SHOT", "STEPS" }

enum tg_flags { TG_F_STI = 1, TG_F_FPU = 2, TG_F_EXITS = 4, TG_F_FENCED = 8, TG_F_IRET = 16 };
enum tg_tier { TG_TIER_CORE, TG_TIER_FULL };

enum tg_need_bit {
#define NEED(id, text, leaf, sub, reg, bit) TG_NEED_BIT_##id,
#include <tollgate/experiments.def>
#undef NEED
	TG_NR_NEEDS
};

enum tg_needs {
#define NEED(id, text, leaf, sub, reg, bit) TG_NEED_##id = 1 << TG_NEED_BIT_##id,
#include <tollgate/experiments.def>
#undef NEED
};

/* What messages call them; where CPUID shows them is tg_cpu_features()'s. */
static const char *const tg_need_names[TG_NR_NEEDS] = {
#define NEED(id, text, leaf, sub, reg, bit) text,
#include <tollgate/experiments.def>
#undef NEED
};

struct tg_value {
	const char *name;
	__u64 number;
};

struct tg_axis {
	const char *name;
	const struct tg_value *values;
	int nr_values;
};

enum tg_axis_id {
#define AXIS(name) TG_AXIS_##name,
#include <tollgate/experiments.def>
#undef AXIS
	TG_NR_AXES
};

#define TG_V(x, n, v) { .name = #n, .number = v },
#define AXIS(name) \
	static const struct tg_value tg_values_##name[] = { TG_VALUES_##name(TG_V, ) };
#include <tollgate/experiments.def>
#undef AXIS
#undef TG_V

/* Bits of a value of a design's axis, TG_ON_axis_value, and of all values of the axis. */
#define TG_ON(axis, value)	TG_ON_##axis##_##value
#define TG_V(x, n, v) TG_ON_##x##_##n = v,
#define TG_A(axis) TG_VALUES_##axis(TG_V, axis)
enum tg_design_bit { TG_DESIGN_any(TG_A) };
#undef TG_A
#undef TG_V

/* A value's place in its axis, TG_AT_axis_value, for the rules beside the rows. */
#define TG_V(x, n, v) TG_AT_##x##_##n,
#define AXIS(name) enum { TG_VALUES_##name(TG_V, name) };
#include <tollgate/experiments.def>
#undef AXIS
#undef TG_V

static const struct tg_axis tg_axes[TG_NR_AXES] = {
#define AXIS(n) [TG_AXIS_##n] = { #n, tg_values_##n, \
				  sizeof(tg_values_##n) / sizeof(tg_values_##n[0]) },
#include <tollgate/experiments.def>
#undef AXIS
};

enum tg_exp_id {
#define EXP(family, name, ...) TG_EXP_##family##_##name,
#include <tollgate/experiments.def>
#undef EXP
	TG_NR_EXPS
};

enum tg_family {
	TG_FAMILY_irq, TG_FAMILY_insn, TG_FAMILY_crossing, TG_FAMILY_frame, TG_FAMILY_gs,
	TG_FAMILY_fpu,
	TG_NR_FAMILIES
};

struct tg_exp {
	const char *family, *name, *what;
	enum tg_family family_id;
	int rings;
	enum tg_method method;
	int nr_axes;
	enum tg_axis_id axes[TG_MAX_AXES];
	int needs;		/* enum tg_needs bits */
	int flags;		/* enum tg_flags bits */
	enum tg_tier tier;
};

#define TG_FLAGS_0	0
#define TG_FLAGS_STI	TG_F_STI
#define TG_FLAGS_FPU	(TG_F_FPU | TG_F_FENCED)
#define TG_FLAGS_FENCED	TG_F_FENCED
#define TG_FLAGS_EXITS	TG_F_EXITS
#define TG_FLAGS_IRET	TG_F_IRET
#define TG_FLAGS_EXITS_IRET (TG_F_EXITS | TG_F_IRET)

static const struct tg_exp tg_exps[TG_NR_EXPS] = {
#define AXES0		0, { 0 }
#define AXES1(a)	1, { TG_AXIS_##a }
#define AXES2(a, b)	2, { TG_AXIS_##a, TG_AXIS_##b }
#define AXES3(a, b, c)	3, { TG_AXIS_##a, TG_AXIS_##b, TG_AXIS_##c }
#define AXES4(a, b, c, d)	4, { TG_AXIS_##a, TG_AXIS_##b, TG_AXIS_##c, TG_AXIS_##d }
#define TG_A_ONE(axis)	+ 1
#define TG_A_ID(axis)	TG_AXIS_##axis,
#define DESIGN_AXES(list)	0 TG_DESIGN_##list(TG_A_ONE), { TG_DESIGN_##list(TG_A_ID) }
#define EXP(fam, nam, rng, meth, axes, need, flag, tier, text)			\
	{ #fam, #nam, text, TG_FAMILY_##fam, rng, TG_##meth, axes, need,	\
	  TG_FLAGS_##flag, TG_TIER_##tier },
#include <tollgate/experiments.def>
#undef EXP
#undef AXES0
#undef AXES1
#undef AXES2
#undef AXES3
#undef AXES4
#undef DESIGN_AXES
};

/*
 * Axis values must be unique within a row: names hold values without their
 * axis. A repeated one is a redeclared enumerator here.
 */
#define TG_V(x, n, v) TG_UNIQUE_##n,
#define AXES0
#define AXES1(a)	TG_VALUES_##a(TG_V, )
#define AXES2(a, b)	TG_VALUES_##a(TG_V, ) TG_VALUES_##b(TG_V, )
#define AXES3(a, b, c)	TG_VALUES_##a(TG_V, ) TG_VALUES_##b(TG_V, ) TG_VALUES_##c(TG_V, )
#define AXES4(a, b, c, d)	AXES3(a, b, c) TG_VALUES_##d(TG_V, )
#define TG_A(axis)	TG_VALUES_##axis(TG_V, )
#define DESIGN_AXES(list)	TG_DESIGN_##list(TG_A)
#define EXP(fam, nam, rng, meth, axes, ...)					\
	static inline void tg_unique_##fam##_##nam(void)			\
	{									\
		enum { axes TG_UNIQUE_ };					\
	}
#include <tollgate/experiments.def>
#undef EXP
#undef AXES0
#undef AXES1
#undef AXES2
#undef AXES3
#undef AXES4
#undef DESIGN_AXES
#undef TG_A
#undef TG_V

/* One experiment with its axis values and its ring: what a full name says. */
struct tg_point {
	enum tg_exp_id exp;
	int ring;			/* of tg_rings */
	int value[TG_MAX_AXES];		/* index into the axis's values */
};

static inline __u64 tg_point_number(const struct tg_point *p, int axis)
{
	const struct tg_exp *e = &tg_exps[p->exp];

	return tg_axes[e->axes[axis]].values[p->value[axis]].number;
}

/* The place of an axis in a row; -1 if the row has no such axis. */
static inline int tg_exp_axis(enum tg_exp_id exp, enum tg_axis_id axis)
{
	int i;

	for (i = 0; i < tg_exps[exp].nr_axes; i++)
		if (tg_exps[exp].axes[i] == axis)
			return i;
	return -1;
}

/* The number of a point's value on an axis; fallback where its row has no such axis. */
static inline __u64 tg_point_axis(const struct tg_point *p, enum tg_axis_id axis, __u64 fallback)
{
	int i = tg_exp_axis(p->exp, axis);

	return i < 0 ? fallback : tg_point_number(p, i);
}

/* Whether a point's value on an axis is the one at that place. */
static inline bool tg_point_is(const struct tg_point *p, enum tg_axis_id axis, int at)
{
	int i = tg_exp_axis(p->exp, axis);

	return i >= 0 && p->value[i] == at;
}

/* Whether a point's memory lies on another node than the CPU's. */
static inline bool tg_point_remote(const struct tg_point *p)
{
	return tg_point_axis(p, TG_AXIS_mem, 0);
}

/* The place of a crossing's value on axis touch, which is its code variant. */
static inline int tg_point_touch(const struct tg_point *p)
{
	int i = tg_exp_axis(p->exp, TG_AXIS_touch);

	return i < 0 ? 0 : p->value[i];
}

/* In the rules of experiments.def: whether the point p has this value. */
#define IS(axis, name)	tg_point_is(p, TG_AXIS_##axis, TG_AT_##axis##_##name)

/*
 * tg_point_senseless - why a combination of axis values means nothing, or
 * NULL if it means something: the VALID() rules of experiments.def.
 */
static inline const char *tg_point_senseless(const struct tg_point *p)
{
#define VALID(fam, nam, rule, why) \
	if (p->exp == TG_EXP_##fam##_##nam && !(rule)) \
		return why;
#include <tollgate/experiments.def>
#undef VALID
	return NULL;
}

/* What a point needs: its row's features, and those of NEED_IF() rules. */
static inline int tg_point_needs(const struct tg_point *p)
{
	int needs = tg_exps[p->exp].needs;

#define NEED_IF(fam, nam, rule, feature) \
	if (p->exp == TG_EXP_##fam##_##nam && (rule)) \
		needs |= TG_NEED_##feature;
#include <tollgate/experiments.def>
#undef NEED_IF
	return needs;
}

/* Points of a design: the bits of base, with every combination of those of free. */
struct tg_product {
	enum tg_exp_id exp;
	enum tg_tier tier;
	__u64 base, free;
};

static const struct tg_product tg_products[] = {
#define DESIGN(fam, nam, tier, base, free) \
	{ TG_EXP_##fam##_##nam, TG_TIER_##tier, base, free },
#include <tollgate/experiments.def>
#undef DESIGN
};
#define TG_NR_PRODUCTS	((int)(sizeof(tg_products) / sizeof(tg_products[0])))

/* Whether a row's points are those of a design alone. */
static inline bool tg_exp_designed(enum tg_exp_id exp)
{
	int i;

	for (i = 0; i < TG_NR_PRODUCTS; i++)
		if (tg_products[i].exp == exp)
			return true;
	return false;
}

/*
 * tg_point_bits - what the stub of a point of a design is built by and named after:
 * the numbers of its values together.
 */
static inline __u64 tg_point_bits(const struct tg_point *p)
{
	__u64 bits = 0;
	int i;

	for (i = 0; i < tg_exps[p->exp].nr_axes; i++)
		bits |= tg_point_number(p, i);
	return bits;
}

/* The other way round; false, and *p is not to be used, if no values have these bits. */
static inline bool tg_point_of_bits(struct tg_point *p, enum tg_exp_id exp, int ring, __u64 bits)
{
	const struct tg_exp *e = &tg_exps[exp];
	int i, v;

	memset(p, 0, sizeof(*p));
	p->exp = exp;
	p->ring = ring;
	for (i = 0; i < e->nr_axes; i++) {
		const struct tg_axis *a = &tg_axes[e->axes[i]];
		__u64 mask = 0;

		for (v = 0; v < a->nr_values; v++)
			mask |= a->values[v].number;
		for (v = 0; v < a->nr_values && a->values[v].number != (bits & mask); v++)
			;
		if (v == a->nr_values)
			return false;
		p->value[i] = v;
	}
	return tg_point_bits(p) == bits;
}

/* The place of the product that holds a point of a design; -1 if none does. */
static inline int tg_point_product(const struct tg_point *p)
{
	__u64 bits = tg_point_bits(p);
	int i;

	for (i = 0; i < TG_NR_PRODUCTS; i++)
		if (tg_products[i].exp == p->exp &&
		    (bits & ~tg_products[i].free) == tg_products[i].base)
			return i;
	return -1;
}

/*
 * The tier of a point: its product's in a design; its row's, or FULL where a FULL_IF()
 * rule says so.
 */
static inline enum tg_tier tg_point_tier(const struct tg_point *p)
{
	if (tg_exp_designed(p->exp))
		return tg_products[tg_point_product(p)].tier;
#define FULL_IF(fam, nam, rule) \
	if (p->exp == TG_EXP_##fam##_##nam && (rule)) \
		return TG_TIER_FULL;
#include <tollgate/experiments.def>
#undef FULL_IF
	return tg_exps[p->exp].tier;
}
#undef IS

/*
 * tg_point_name - the full name, family/name[:value]...@ring, into buf.
 * Default values are left out. buf: TG_NAME_MAX bytes.
 */
static inline void tg_point_name(const struct tg_point *p, char *buf)
{
	const struct tg_exp *e = &tg_exps[p->exp];
	size_t n = snprintf(buf, TG_NAME_MAX, "%s/%s", e->family, e->name);
	int i;

	for (i = 0; i < e->nr_axes; i++)
		if (p->value[i])
			n += snprintf(buf + n, TG_NAME_MAX - n, ":%s",
				      tg_axes[e->axes[i]].values[p->value[i]].name);
	snprintf(buf + n, TG_NAME_MAX - n, "%s", tg_ring_name(p->ring));
}

/* The next point of a design, of the same row and ring. */
static inline bool tg_design_next(struct tg_point *p)
{
	int i = tg_point_product(p);
	__u64 bits = tg_point_bits(p) & tg_products[i].free;
	struct tg_point next;

	do {
		/* the bits of free, counted up by themselves */
		bits = (bits - tg_products[i].free) & tg_products[i].free;
		if (!bits)
			do {
				i++;
			} while (i < TG_NR_PRODUCTS && tg_products[i].exp != p->exp);
		if (i == TG_NR_PRODUCTS)
			return false;
	} while (!tg_point_of_bits(&next, p->exp, p->ring, tg_products[i].base | bits) ||
		 tg_point_senseless(&next) || tg_point_product(&next) != i);
	*p = next;
	return true;
}

/* The next combination of values, whether or not it means anything. */
static inline bool tg_point_step(struct tg_point *p)
{
	const struct tg_exp *e = &tg_exps[p->exp];
	int i;

	for (i = e->nr_axes - 1; i >= 0; i--) {
		if (++p->value[i] < tg_axes[e->axes[i]].nr_values)
			return true;
		p->value[i] = 0;
	}
	return false;
}

/*
 * tg_point_first, tg_point_next - walk every point of row exp in a ring, in
 * the order in which lists print them; combinations that mean nothing are left
 * out. The first is the one of all defaults, which no rule may forbid. first:
 * false if the row has no such ring. next: false after the last.
 */
static inline bool tg_point_first(struct tg_point *p, enum tg_exp_id exp, int ring)
{
	memset(p, 0, sizeof(*p));
	p->exp = exp;
	p->ring = ring;
	return tg_exps[exp].rings & tg_ring_bit(ring);
}

static inline bool tg_point_next(struct tg_point *p)
{
	if (tg_exp_designed(p->exp))
		return tg_design_next(p);
	while (tg_point_step(p))
		if (!tg_point_senseless(p))
			return true;
	return false;
}

#include <tollgate/exp_names.h>
#endif
