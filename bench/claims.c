/* SPDX-License-Identifier: GPL-2.0 */
/* claims.def as C: the list, its names, and how a claim is found by name. */
#include <ctype.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"

const char *const tg_by_names[TG_NR_BYS] = {
	"ring 0", "ring 3", "rehearsal", "count", "proof",
};

const char *const tg_answer_names[TG_NR_ANSWERS] = {
	"holds", "does not hold", "depends", "answered", "not resolved", "cannot be measured here",
	"not measured yet",
};

const struct tg_thread_info tg_threads[TG_NR_THREADS] = {
#define THREAD(name, what, when) { #name, what, when },
#include <tollgate/claims.def>
#undef THREAD
};

/* A list of structs as the two members that hold where it is and how long. */
#define LIST(type, ...)								\
	(const type[]){ __VA_ARGS__ }, sizeof((const type[]){ __VA_ARGS__ }) / sizeof(type)

#define CLAIM(thread, name, text, when, by, ...)				\
	{ #thread "." #name, TG_THREAD_##thread, text, when, by, LIST(struct tg_way, __VA_ARGS__) },
#define WAY(by, demands, ...)							\
	{ TG_BY_##by, demands, LIST(struct tg_part, __VA_ARGS__) }
#define SILICON TG_DEMAND_SILICON
#define GUEST	TG_DEMAND_GUEST

#define PART(role, rule, kase, what, bounds, ...)				\
	{ role, rule, kase, what, bounds, LIST(struct tg_input, __VA_ARGS__) }
#define HOLDS(rule, ...) PART(TG_ROLE_HOLDS, TG_RULE_##rule, __VA_ARGS__)
#define CHECK(rule, ...) PART(TG_ROLE_CHECK, TG_RULE_##rule, __VA_ARGS__)
#define TELL(rule, ...) PART(TG_ROLE_TELL, TG_RULE_##rule, __VA_ARGS__)
#define COST(rule, ...) PART(TG_ROLE_COST, TG_RULE_##rule, __VA_ARGS__)

/* In parentheses, so that the commas pass through other macros. */
#define BOUNDS(...)	(&(const struct tg_bounds){ __VA_ARGS__ })
#define AT_LEAST(x)	BOUNDS(x, INFINITY, false)
#define ABOVE(x)	BOUNDS(x, INFINITY, true)
#define AT_MOST(x)	BOUNDS(-INFINITY, x, false)
#define WITHIN(x, y)	BOUNDS(x, y, false)
#define ANY		BOUNDS(-INFINITY, INFINITY, false)

#define IN(times, name)		{ times, name, false, false, false }
#define PER(times, name)	{ times, name, true, false, false }
#define FLOOR(times, name)	{ times, name, false, false, true }
#define IN_LATER(times, name)	{ times, name, false, true, false }
#define PER_LATER(times, name)	{ times, name, true, true, false }
#define NOTHING			{ 0, NULL, false, true, false }

const struct tg_claim tg_claims[TG_NR_CLAIMS] = {
#include <tollgate/claims.def>
};

bool tg_is_question(const struct tg_claim *claim)
{
	for (size_t w = 0; w < claim->nr_ways; w++)
		for (size_t p = 0; p < claim->ways[w].nr_parts; p++)
			if (claim->ways[w].parts[p].role == TG_ROLE_HOLDS)
				return false;
	return true;
}

bool tg_part_is_empty(const struct tg_part *part)
{
	return !part->nr_inputs || !part->inputs[0].name;
}

#define MOST_NEAR	6	/* as many as a line of a message takes */
#define LONGEST_ID	63

/* How many letters must be put in, taken out or changed to make b of a. */
static size_t distance(const char *a, const char *b)
{
	size_t m = strnlen(b, LONGEST_ID), row[LONGEST_ID + 1];

	for (size_t k = 0; k <= m; k++)
		row[k] = k;
	for (size_t i = 0; i < LONGEST_ID && a[i]; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t k = 0; k < m; k++) {
			size_t change = corner + (tolower((unsigned char)a[i]) != b[k]);
			size_t edit = (row[k] < row[k + 1] ? row[k] : row[k + 1]) + 1;

			corner = row[k + 1];
			row[k + 1] = change < edit ? change : edit;
		}
	}
	return row[m];
}

/* Near: few letters off, of the whole id or of the part behind its thread; or begun so. */
static size_t nearness(const char *pattern, const char *id)
{
	const char *name = strchr(id, '.') + 1;
	size_t whole = distance(pattern, id), part = distance(pattern, name);

	if (!strncasecmp(pattern, id, strlen(pattern)) && strlen(pattern) > 1)
		return 0;
	return whole < part ? whole : part;
}

static void tell_near(const char *pattern, char *err, size_t errlen)
{
	size_t nr = 0, n;

	n = (size_t)snprintf(err, errlen, "no claim '%.80s'; ", pattern);
	for (size_t far = 0; far < 4; far++) {
		for (int i = 0; i < TG_NR_CLAIMS && n < errlen && nr < MOST_NEAR; i++) {
			if (nearness(pattern, tg_claims[i].id) != far)
				continue;
			n += (size_t)snprintf(err + n, errlen - n, "%s %s", nr++ ? "" : "near:",
					      tg_claims[i].id);
		}
	}
	if (!nr && n < errlen) {
		n += (size_t)snprintf(err + n, errlen - n, "allowed: patterns for");
		for (int t = 0; t < TG_NR_THREADS && n < errlen; t++)
			n += (size_t)snprintf(err + n, errlen - n, " %s.*", tg_threads[t].name);
	}
	for (char *c = err; *c; c++)
		if (iscntrl((unsigned char)*c) || (unsigned char)*c >= 0x7f)
			*c = '?';
}

int tg_claims_match(const char *pattern, bool *chosen, char *err, size_t errlen)
{
	bool found = false;

	for (int i = 0; i < TG_NR_CLAIMS; i++) {
		if (fnmatch(pattern, tg_claims[i].id, 0))
			continue;
		chosen[i] = true;
		found = true;
	}
	if (found)
		return 0;
	tell_near(pattern, err, errlen);
	return -1;
}
