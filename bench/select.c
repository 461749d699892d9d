// SPDX-License-Identifier: GPL-2.0
#include <fnmatch.h>
#include <stdlib.h>

#include "select.h"

/* Calls visit for every point there is, in list order, a row's rings as in tg_rings. */
static void each_point(void (*visit)(const struct tg_point *p, void *arg), void *arg)
{
	struct tg_point p;
	int exp, i;

	for (exp = 0; exp < TG_NR_EXPS; exp++) {
		for (i = 0; i < TG_NR_RINGS; i++) {
			if (!tg_point_first(&p, exp, tg_rings[i].ring))
				continue;
			do {
				visit(&p, arg);
			} while (tg_point_next(&p));
		}
	}
}

struct context {
	char *const *patterns;
	size_t nr_patterns;
	bool full;
	int rings;
	size_t *hits;		/* per pattern, in rings the lane can run */
	size_t *elsewhere;	/* per pattern, the other rings' bits */
	struct tg_selection *out;
	bool no_memory;
};

static bool is_glob(const char *s)
{
	return strpbrk(s, "*?[");
}

/* Whether a pattern names the point called name. */
static bool matches(const char *pattern, const struct tg_point *p, const char *name)
{
	char full[TG_NAME_MAX], err[8];
	struct tg_point one;

	if (strchr(pattern, '@')) {
		if (is_glob(pattern))
			return !fnmatch(pattern, name, 0);
		return !tg_point_parse(pattern, &one, err, sizeof(err)) &&
		       !memcmp(&one, p, sizeof(one));
	}
	snprintf(full, sizeof(full), "%.*s", (int)strcspn(name, "@"), name);
	if (is_glob(pattern))
		return !fnmatch(pattern, full, 0);
	snprintf(full, sizeof(full), "%.100s%s", pattern, tg_ring_name(p->ring));
	return !tg_point_parse(full, &one, err, sizeof(err)) && !memcmp(&one, p, sizeof(one));
}

static void consider(const struct tg_point *p, void *arg)
{
	struct context *c = arg;
	bool here = c->rings & tg_ring_bit(p->ring), wanted = false;
	char name[TG_NAME_MAX];
	struct tg_point *grown;
	size_t i;

	tg_point_name(p, name);
	for (i = 0; i < c->nr_patterns; i++) {
		if (!matches(c->patterns[i], p, name))
			continue;
		wanted = true;
		c->hits[i] += here;
		c->elsewhere[i] |= here ? 0 : tg_ring_bit(p->ring);
	}
	if (!c->nr_patterns)
		wanted = c->full || tg_point_tier(p) == TG_TIER_CORE;
	if (!wanted || !here)
		return;
	grown = realloc(c->out->points, (c->out->n + 1) * sizeof(*grown));
	if (!grown) {
		c->no_memory = true;
		return;
	}
	c->out->points = grown;
	grown[c->out->n++] = *p;
}

/* One line on why a pattern names nothing: its own fault, or the lane's. */
static void explain(const char *pattern, size_t elsewhere, char *err, size_t errlen)
{
	char reason[256] = "", full[TG_NAME_MAX];
	bool named = strchr(pattern, '@');
	struct tg_point p;
	int i;

	if (elsewhere)
		snprintf(err, errlen, "'%s' runs in %s only: use --lane vm, or --lane host with the module loaded",
			 pattern, elsewhere == R0 ? "ring 0" : elsewhere == CROSS ?
			 "an armed task" : "ring 0 or an armed task");
	else if (is_glob(pattern))
		snprintf(err, errlen, "no experiment matches '%s'; 'tollgate list' shows all",
			 pattern);
	else {
		/* in the ring that the row has, so that the ring is not to blame */
		for (i = TG_NR_RINGS - 1; i >= 0; i--) {
			snprintf(full, sizeof(full), "%.100s%s", pattern,
				 named ? "" : tg_rings[i].name);
			if (!tg_point_parse(full, &p, reason, sizeof(reason)))
				snprintf(reason, sizeof(reason), "no such point");
			if (named || strncmp(reason, "'@", 2))
				break;
		}
		snprintf(err, errlen, "%s", reason);
	}
}

int tg_select(char *const *patterns, size_t n, bool full, int rings,
	      struct tg_selection *out, char *err, size_t errlen)
{
	struct context c = { .patterns = patterns, .nr_patterns = n, .full = full,
			     .rings = rings, .out = out };
	int rc = -1;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < n; i++) {
		const char *p = patterns[i];

		/* or a message that quotes it would not be one line */
		while (*p >= ' ' && *p <= '~')
			p++;
		if (*p) {
			snprintf(err, errlen, "byte 0x%02x in a pattern; allowed: printable ASCII",
				 (unsigned char)*p);
			return -1;
		}
	}
	c.hits = calloc(2 * n + 1, sizeof(*c.hits));
	if (!c.hits) {
		snprintf(err, errlen, "no memory");
		return -1;
	}
	c.elsewhere = c.hits + n;
	each_point(consider, &c);
	for (i = 0; i < n; i++) {
		if (!c.hits[i]) {
			explain(patterns[i], c.elsewhere[i], err, errlen);
			goto out;
		}
	}
	if (c.no_memory || !out->n) {
		snprintf(err, errlen, c.no_memory ? "no memory" : "no experiment for this lane");
		goto out;
	}
	rc = 0;
out:
	if (rc)
		tg_selection_free(out);
	free(c.hits);
	return rc;
}

void tg_selection_free(struct tg_selection *s)
{
	free(s->points);
	memset(s, 0, sizeof(*s));
}
