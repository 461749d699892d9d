/* SPDX-License-Identifier: GPL-2.0 */
/* From the parts of a way to its verdict, and from the ways of a claim to its ruling. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims_evidence.h"
#include "claims_find.h"

/* What some parts come to together: the worst of them. */
struct sum {
	enum tg_result result;
	bool empty;
	const struct tg_finding *by;	/* NULL: nothing spoke against it */
};

static void add(struct sum *s, enum tg_result result, bool empty, const struct tg_finding *by)
{
	if (!tg_is_worse(result, empty, s->result, s->empty))
		return;
	s->result = result;
	s->empty = empty;
	s->by = by;
}

static bool is_of_case(const struct tg_finding *f, const char *kase)
{
	return !*f->part->kase || !strcmp(f->part->kase, kase);
}

/* All conditions of one case, with those that all cases share; "": those alone. */
static struct sum sum_case(const struct tg_judgement *j, const char *kase)
{
	struct sum s = { TG_YES, false, NULL };

	for (size_t i = 0; i < j->nr_findings; i++) {
		const struct tg_finding *f = &j->findings[i];

		if (f->part->role == TG_ROLE_HOLDS && is_of_case(f, kase))
			add(&s, f->result, f->empty, f);
	}
	return s;
}

/* The next case of the conditions behind `after` (NULL: the first); NULL: no more. */
static const char *next_case(const struct tg_judgement *j, const char *after)
{
	bool passed = !after;

	for (size_t i = 0; i < j->nr_findings; i++) {
		const struct tg_part *part = j->findings[i].part;
		size_t first = 0;

		if (part->role != TG_ROLE_HOLDS || !*part->kase)
			continue;
		while (j->findings[first].part->role != TG_ROLE_HOLDS ||
		       strcmp(j->findings[first].part->kase, part->kase))
			first++;
		if (first != i)
			continue;
		if (passed)
			return part->kase;
		passed = !strcmp(part->kase, after);
	}
	return NULL;
}

/* Appends to a list of names; *list NULL starts one. -1 when memory is short. */
static int append(char **list, const char *separator, const char *name)
{
	char *longer = *list ? tg_text("%s%s%s", *list, separator, name) : strdup(name);

	free(*list);
	*list = longer;
	return longer ? 0 : -1;
}

static int list_cases(const struct tg_judgement *j, enum tg_result result, char **list)
{
	for (const char *c = next_case(j, NULL); c; c = next_case(j, c))
		if (sum_case(j, c).result == result && append(list, ", ", c))
			return -1;
	return 0;
}

/* What is asked for is asked for in every case. */
static struct sum sum_told(const struct tg_judgement *j)
{
	struct sum s = { TG_YES, false, NULL };

	for (size_t i = 0; i < j->nr_findings; i++)
		if (j->findings[i].part->role == TG_ROLE_TELL)
			add(&s, j->findings[i].result, j->findings[i].empty, &j->findings[i]);
	return s;
}

/*
 * Over the cases of the conditions: those that this machine does not give are left out
 * while others are there. Two that are certain and disagree outweigh what is
 * missing: then *depends.
 */
static struct sum sum_cases(const struct tg_judgement *j, bool *depends)
{
	struct sum all = { TG_YES, false, NULL }, none = { TG_YES, false, NULL };
	bool yes = false, no = false, other = false;

	*depends = false;
	if (!next_case(j, NULL))
		return sum_case(j, "");
	for (const char *c = next_case(j, NULL); c; c = next_case(j, c)) {
		struct sum s = sum_case(j, c);

		yes |= s.result == TG_YES;
		no |= s.result == TG_NO;
		if (s.result == TG_CANNOT) {
			add(&none, s.result, s.empty, s.by);
			continue;
		}
		other = true;
		/* of some that hold and one that is not certain, the latter; no one case decides */
		if (s.result != TG_NO)
			add(&all, s.result, s.empty, s.by);
	}
	*depends = yes && no;
	if (!other)
		return none;
	if (no && all.result == TG_YES)
		all.result = TG_NO;
	return all;
}

static enum tg_answer answer_of(enum tg_result result)
{
	static const enum tg_answer answers[] = {
		[TG_YES] = TG_HOLDS, [TG_NO] = TG_HOLDS_NOT, [TG_OPEN] = TG_NOT_RESOLVED,
		[TG_TOLD] = TG_ANSWERED, [TG_MISSING] = TG_NOT_YET, [TG_CANNOT] = TG_CANNOT_HERE,
	};

	return answers[result];
}

/* A check that does not hold leaves all open; what else is wrong with it counts as with any. */
static struct sum sum_checks(const struct tg_judgement *j)
{
	struct sum s = { TG_YES, false, NULL };

	for (size_t i = 0; i < j->nr_findings; i++) {
		const struct tg_finding *f = &j->findings[i];

		if (f->part->role == TG_ROLE_CHECK)
			add(&s, f->result == TG_NO ? TG_OPEN : f->result, f->empty, f);
	}
	return s;
}

/* What this CPU lacks has no cost, and a cost too small to tell is told as such. */
static struct sum sum_costs(const struct tg_judgement *j)
{
	struct sum s = { TG_YES, false, NULL };

	for (size_t i = 0; i < j->nr_findings; i++) {
		const struct tg_finding *f = &j->findings[i];
		bool lacking = f->result == TG_CANNOT;

		if (f->part->role != TG_ROLE_COST)
			continue;
		for (size_t k = 0; lacking && k < f->nr_exhibits; k++)
			lacking = f->exhibits[k].state != TG_CANNOT || f->exhibits[k].skipped;
		if (!lacking && f->result != TG_OPEN)
			add(&s, f->result, f->empty, f);
	}
	return s;
}

static char *why_check_failed(const struct tg_finding *f)
{
	char value[TG_CELL], bounds[TG_CELL];

	tg_put_finding(value, f);
	tg_put_bounds(bounds, f->part->bounds);
	if (f->why)
		return tg_text("a control fails: %s", f->why);
	return tg_text("a control fails: %s: %s, not %s", f->part->what, value, bounds);
}

/* Inputs that are missing for the one reason, or refused for it, in a line: "why: a, b". */
static char *why_of_inputs(const struct tg_judgement *j, const struct tg_finding *first)
{
	const struct tg_exhibit *of = NULL;
	char *list = NULL, *text;
	size_t nr = 0;

	for (size_t k = 0; k < first->nr_exhibits && !of; k++)
		if (first->exhibits[k].state == first->result && first->exhibits[k].why &&
		    first->exhibits[k].empty == first->empty)
			of = &first->exhibits[k];
	if (!of || !first->why || !strstr(first->why, of->why))
		return strdup(first->why ? first->why : "?");
	for (size_t i = 0; i < j->nr_findings; i++) {
		const struct tg_finding *f = &j->findings[i];

		for (size_t k = 0; k < f->nr_exhibits; k++) {
			const struct tg_exhibit *e = &f->exhibits[k];

			if (e->state != of->state || !e->why || strcmp(e->why, of->why) ||
			    (list && strstr(list, e->name)))
				continue;
			if (nr++ < 4 && append(&list, ", ", e->name))
				return NULL;
		}
	}
	if (nr > 4)
		text = tg_text("%s: %s and %zu more", of->why, list, nr - 4);
	else
		text = tg_text("%s: %s", of->why, list ? list : first->exhibits[0].name);
	free(list);
	return text;
}

static char *why_depends(const struct tg_judgement *j)
{
	char *yes = NULL, *no = NULL, *text = NULL;

	if (!list_cases(j, TG_YES, &yes) && !list_cases(j, TG_NO, &no) && yes && no)
		text = tg_text("holds for %s; does not hold for %s", yes, no);
	free(yes);
	free(no);
	return text;
}

/* By how many times a value keeps its nearer bound; INFINITY where that is no number. */
static double margin_of(const struct tg_finding *f)
{
	const struct tg_bounds *b = f->part->bounds;
	double margin = INFINITY;

	if (!(f->value > 0))
		return INFINITY;
	if (b->least > 0)
		margin = f->value / b->least;
	if (b->most > 0 && b->most / f->value < margin)
		margin = b->most / f->value;
	return margin;
}

/* Of several conditions how many come out so, and which is the nearest, or the furthest off. */
static int say_conditions(struct tg_judgement *j, enum tg_result result)
{
	const struct tg_finding *worst = NULL;
	size_t all = 0, such = 0;
	char value[TG_CELL];

	for (size_t i = 0; i < j->nr_findings; i++) {
		const struct tg_finding *f = &j->findings[i];

		if (f->part->role != TG_ROLE_HOLDS)
			continue;
		all++;
		if (f->result != result)
			continue;
		such++;
		if (isfinite(margin_of(f)) && (!worst || margin_of(f) < margin_of(worst)))
			worst = f;
	}
	if (all < 2)
		return 0;
	if (worst)
		tg_put_finding(value, worst);
	j->why = tg_text("%zu of %zu conditions %s%s%s%s%s%s%s", such, all,
			 result == TG_YES ? "hold" : such == 1 ? "does not" : "do not",
			 worst ? result == TG_YES ? "; the closest: " : "; the furthest off: " : "",
			 worst ? worst->part->kase : "", worst && *worst->part->kase ? ": " : "",
			 worst ? worst->part->what : "", worst ? ": " : "", worst ? value : "");
	return j->why ? 0 : -1;
}

/* Nothing measures a part of what there is, or nothing at all. */
static char *why_empty(const struct tg_judgement *j, const struct tg_finding *by)
{
	for (size_t i = 0; i < j->nr_findings; i++)
		if (!tg_part_is_empty(j->findings[i].part))
			return tg_text("%s: %s", by->why ? by->why : "?", by->part->what);
	return strdup(by->why ? by->why : "?");
}

/* A sum that is told at the worst, with the reason if there is none. */
static int conclude(struct tg_judgement *j, const struct sum *all, bool question)
{
	if (all->result == TG_YES || all->result == TG_TOLD || !all->by) {
		j->answer = question ? TG_ANSWERED : TG_HOLDS;
		return say_conditions(j, TG_YES);
	}
	j->answer = answer_of(all->result);
	j->empty = all->result == TG_MISSING && all->empty;
	if (all->by->part->role == TG_ROLE_CHECK && all->by->result == TG_NO)
		j->why = why_check_failed(all->by);
	else if (all->result == TG_OPEN)
		j->why = strdup(all->by->why ? all->by->why : "?");
	else if (tg_part_is_empty(all->by->part))
		j->why = why_empty(j, all->by);
	else
		j->why = why_of_inputs(j, all->by);
	return j->why ? 0 : -1;
}

/* Conditions and controls first: where they decide, figures asked for beside them do not matter. */
static int weigh(struct tg_judgement *j)
{
	bool depends, question = true;
	struct sum holds = sum_cases(j, &depends), all = sum_checks(j);
	struct sum tell = sum_told(j), costs = sum_costs(j);

	for (size_t i = 0; i < j->nr_findings; i++)
		question &= j->findings[i].part->role != TG_ROLE_HOLDS;
	if (depends && all.result == TG_YES) {
		j->answer = TG_DEPENDS;
		j->why = why_depends(j);
		return j->why ? 0 : -1;
	}
	if (holds.result == TG_NO && all.result == TG_YES) {
		j->answer = TG_HOLDS_NOT;
		return say_conditions(j, TG_NO);
	}
	if (holds.result != TG_NO)
		add(&all, holds.result, holds.empty, holds.by);
	add(&all, tell.result, tell.empty, tell.by);
	add(&all, costs.result, costs.empty, costs.by);
	return conclude(j, &all, question);
}

static int judge_way(const struct tg_column *c, const struct tg_way *way, struct tg_ruling *r,
		     struct tg_judgement *j)
{
	j->way = way;
	j->findings = calloc(way->nr_parts, sizeof(*j->findings));
	if (!j->findings)
		return -1;
	for (size_t i = 0; i < way->nr_parts; i++) {
		j->nr_findings++;
		if (tg_find(c, way, &way->parts[i], &j->findings[i]))
			return -1;
		for (size_t k = 0; k < j->findings[i].nr_exhibits; k++)
			if (tg_unused_add(r, c, way, j->findings[i].exhibits[k].name))
				return -1;
	}
	return weigh(j);
}

static size_t told(const struct tg_judgement *j)
{
	size_t nr = 0;

	for (size_t i = 0; i < j->nr_findings; i++)
		for (size_t k = 0; k < j->findings[i].nr_exhibits; k++)
			nr += j->findings[i].exhibits[k].state == TG_TOLD;
	return nr;
}

/* How well a way settles the claim: the least first. */
static int order_of(const struct tg_judgement *j)
{
	switch (j->answer) {
	case TG_CANNOT_HERE:
		return 1;
	case TG_NOT_YET:
		return j->empty ? 3 : 2;
	default:
		return 0;
	}
}

/* Of equals the stronger way, but while none decides the one that more is there for. */
static bool goes_before(const struct tg_judgement *a, const struct tg_judgement *b)
{
	if (order_of(a) != order_of(b))
		return order_of(a) < order_of(b);
	return order_of(a) && told(a) > told(b);
}

struct tg_ruling *tg_judge(const struct tg_claim *claim, const struct tg_column *column)
{
	struct tg_ruling *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->claim = claim;
	r->ways = calloc(claim->nr_ways, sizeof(*r->ways));
	if (!r->ways)
		goto fail;
	for (size_t i = 0; i < claim->nr_ways; i++) {
		r->nr_ways++;
		if (judge_way(column, &claim->ways[i], r, &r->ways[i]))
			goto fail;
		if (!r->by || goes_before(&r->ways[i], r->by))
			r->by = &r->ways[i];
	}
	return r;
fail:
	tg_ruling_free(r);
	return NULL;
}

void tg_ruling_free(struct tg_ruling *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nr_ways; i++) {
		for (size_t k = 0; k < r->ways[i].nr_findings; k++)
			tg_finding_free(&r->ways[i].findings[k]);
		free(r->ways[i].findings);
		free(r->ways[i].why);
	}
	for (size_t i = 0; i < r->nr_unused; i++) {
		free(r->unused[i].name);
		free(r->unused[i].why);
	}
	free(r->unused);
	free(r->ways);
	free(r);
}
