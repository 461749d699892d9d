/* SPDX-License-Identifier: GPL-2.0 */
/* From a full name to its point. Included by exp.h. */
#ifndef TOLLGATE_EXP_NAMES_H
#define TOLLGATE_EXP_NAMES_H

/* Whether the word of length len is s. */
static inline bool tg_word_is(const char *word, size_t len, const char *s)
{
	return strlen(s) == len && !strncmp(word, s, len);
}

/* Appends "a b c" of an axis's values to buf; returns the new length. */
static inline size_t tg_axis_text(const struct tg_axis *a, char *buf, size_t n, size_t len)
{
	int v;

	for (v = 0; v < a->nr_values && n < len; v++)
		n += snprintf(buf + n, len - n, "%s%s", v ? " " : "", a->values[v].name);
	return n < len ? n : len;
}

/* Sets the axis value that a word of a name gives; -1 with err if none does. */
static inline int tg_point_value(struct tg_point *p, unsigned int *given, const char *word,
				 size_t len, char *err, size_t errlen)
{
	const struct tg_exp *e = &tg_exps[p->exp];
	size_t n;
	int i, v;

	for (i = 0; i < e->nr_axes; i++) {
		const struct tg_axis *a = &tg_axes[e->axes[i]];

		for (v = 0; v < a->nr_values; v++) {
			if (!tg_word_is(word, len, a->values[v].name))
				continue;
			if (*given & (1U << i)) {
				n = snprintf(err, errlen, "'%.*s': a second value of axis %s (",
					     (int)len, word, a->name);
				if (n < errlen)
					n = tg_axis_text(a, err, n, errlen);
				if (n < errlen)
					snprintf(err + n, errlen - n, "): one at most");
				return -1;
			}
			*given |= 1U << i;
			p->value[i] = v;
			return 0;
		}
	}
	n = snprintf(err, errlen, "'%.*s' is no value of %s/%s; allowed:%s",
		     (int)len, word, e->family, e->name, e->nr_axes ? "" : " none");
	for (i = 0; i < e->nr_axes && n < errlen; i++) {
		n += snprintf(err + n, errlen - n, "%s ", i ? ";" : "");
		if (n < errlen)
			n = tg_axis_text(&tg_axes[e->axes[i]], err, n, errlen);
	}
	return -1;
}

/* -1 with one line in err if a point's values mean nothing together, or are not built; else 0. */
static inline int tg_point_refuse_senseless(const struct tg_point *p, char *err, size_t errlen)
{
	const char *why = tg_point_senseless(p);
	char name[TG_NAME_MAX];

	if (!why && (!tg_exp_designed(p->exp) || tg_point_product(p) >= 0))
		return 0;
	tg_point_name(p, name);
	if (why)
		snprintf(err, errlen, "%s means nothing: %s", name, why);
	else
		snprintf(err, errlen, "%s is not built; tollgate list, or the file experiments, shows what is",
			 name);
	return -1;
}

/* Words that stand for all values of a point: COMPOSITE() of frame.def. */
struct tg_composite {
	enum tg_exp_id exp;
	const char *word;
	__u64 bits;
	const char *has, *lacks;
};

static const struct tg_composite tg_composites[] = {
#define COMPOSITE(fam, nam, word, bits, has, lacks) \
	{ TG_EXP_##fam##_##nam, word, bits, has, lacks },
#include <tollgate/experiments.def>
#undef COMPOSITE
};
#define TG_NR_COMPOSITES	((int)(sizeof(tg_composites) / sizeof(tg_composites[0])))

/* Sets all values if a word says so; 1 if it does, 0 if not, -1 with err if others were given. */
static inline int tg_point_composed(struct tg_point *p, unsigned int *given, const char *word,
				    size_t len, char *err, size_t errlen)
{
	const struct tg_composite *c;

	for (c = tg_composites; c < tg_composites + TG_NR_COMPOSITES; c++) {
		if (c->exp != p->exp || !tg_word_is(word, len, c->word))
			continue;
		if (*given) {
			snprintf(err, errlen, "'%s' stands for the values of all axes: none beside it",
				 c->word);
			return -1;
		}
		*given = ~0U;
		return tg_point_of_bits(p, c->exp, p->ring, c->bits);
	}
	return 0;
}

/*
 * tg_point_parse - a full name, family/name[:value]...@ring, to its point.
 *
 * Values may come in any order and defaults may be spelled out; each axis at
 * most once, and together they must mean something. One word may stand for all of them:
 * tg_composites. 0, or -1 with one line in
 * err that names the wrong part and what is allowed; *out is written on success
 * alone.
 */
static inline int tg_point_parse(const char *name, struct tg_point *out, char *err,
				 size_t errlen)
{
	size_t len = strlen(name), head, at, value, word;
	struct tg_point p = { .exp = TG_NR_EXPS };
	unsigned int given = 0;
	int i;

	if (len >= TG_NAME_MAX) {
		snprintf(err, errlen, "name of %zu bytes; allowed: at most %d", len,
			 TG_NAME_MAX - 1);
		return -1;
	}
	for (at = 0; at < len; at++) {
		if (name[at] >= ' ' && name[at] <= '~')
			continue;
		snprintf(err, errlen, "byte 0x%02x in a name; allowed: printable ASCII",
			 (unsigned char)name[at]);
		return -1;
	}
	at = strcspn(name, "@");
	head = strcspn(name, ":@");
	for (i = 0; i < TG_NR_EXPS; i++) {
		size_t f = strlen(tg_exps[i].family);

		if (head > f && !strncmp(name, tg_exps[i].family, f) && name[f] == '/' &&
		    tg_word_is(name + f + 1, head - f - 1, tg_exps[i].name))
			p.exp = i;
	}
	if (p.exp == TG_NR_EXPS) {
		snprintf(err, errlen, "'%.*s' is no experiment (tollgate list, or the file experiments, shows all)",
			 (int)head, name);
		return -1;
	}
	/* values before the ring, which tg_select() may have added */
	for (value = head; value < at; value += word + 1) {
		int composed;

		word = strcspn(name + value + 1, ":@");
		composed = tg_point_composed(&p, &given, name + value + 1, word, err, errlen);
		if (composed < 0)
			return -1;
		if (!composed &&
		    tg_point_value(&p, &given, name + value + 1, word, err, errlen))
			return -1;
	}
	p.ring = tg_ring_parse(name + at);
	if (p.ring < 0 || !(tg_exps[p.exp].rings & tg_ring_bit(p.ring))) {
		size_t n = snprintf(err, errlen, name[at] ? "'%s' of %.*s; allowed:" :
				    "no ring%s in '%.*s'; allowed:", name + at, (int)head, name);

		for (i = 0; i < TG_NR_RINGS && n < errlen; i++)
			if (tg_exps[p.exp].rings & tg_rings[i].bit)
				n += snprintf(err + n, errlen - n, " %s", tg_rings[i].name);
		return -1;
	}
	if (tg_point_refuse_senseless(&p, err, errlen))
		return -1;
	*out = p;
	return 0;
}

#endif
