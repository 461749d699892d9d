/* SPDX-License-Identifier: GPL-2.0 */
/* One part of a claim against a column: see claims_find.h. */
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tollgate/exp.h>

#include "claims_evidence.h"
#include "claims_find.h"
#include "claims_rules.h"

bool tg_is_worse(enum tg_result a, bool a_empty, enum tg_result b, bool b_empty)
{
	static const int order[] = { [TG_YES] = 0, [TG_TOLD] = 0, [TG_OPEN] = 1, [TG_MISSING] = 2,
				     [TG_CANNOT] = 3, [TG_NO] = 5 };
	int x = a == TG_MISSING && a_empty ? 4 : order[a];
	int y = b == TG_MISSING && b_empty ? 4 : order[b];

	return x > y;
}

void tg_put_value(char *cell, double value, double error)
{
	int decimals = 0;

	if (error > 0 && isfinite(error))
		decimals = 1 - (int)floor(log10(error));
	decimals = decimals < 0 ? 0 : decimals > 4 ? 4 : decimals;
	if (!isfinite(value))
		snprintf(cell, TG_CELL, "?");
	else if (fabs(value) >= 1e9 || error == 0)
		snprintf(cell, TG_CELL, "%.6g", value);
	else
		snprintf(cell, TG_CELL, "%.*f", decimals,
			 fabs(value) < 0.5 * pow(10, -decimals) ? 0 : value);
}

void tg_put_finding(char *cell, const struct tg_finding *f)
{
	/* a sum's unit stands in what it is called */
	const char *unit = f->part->rule == TG_RULE_RATIO ? "x" : "";
	double half = (f->high - f->low) / 2;
	char value[TG_CELL], low[TG_CELL], high[TG_CELL];

	tg_put_value(value, f->value, isnan(half) ? 0 : half);
	tg_put_value(low, f->low, half);
	tg_put_value(high, f->high, half);
	if (isnan(half))
		snprintf(cell, TG_CELL, "%.24s%s", value, unit);
	else
		snprintf(cell, TG_CELL, "%.24s%s (%.24s..%.24s)", value, unit, low, high);
}

void tg_put_bounds(char *cell, const struct tg_bounds *b)
{
	*cell = '\0';
	if (isfinite(b->least) && isfinite(b->most))
		snprintf(cell, TG_CELL, "%g to %g", b->least, b->most);
	else if (isfinite(b->least))
		snprintf(cell, TG_CELL, "%s%g", b->above ? ">" : ">=", b->least);
	else if (isfinite(b->most))
		snprintf(cell, TG_CELL, "<=%g", b->most);
}

static struct tg_exhibit *add_exhibit(struct tg_finding *f)
{
	struct tg_exhibit *more = reallocarray(f->exhibits, f->nr_exhibits + 1, sizeof(*more));

	if (!more)
		return NULL;
	f->exhibits = more;
	memset(&more[f->nr_exhibits], 0, sizeof(*more));
	return &more[f->nr_exhibits++];
}

/* The finding's own word on why, unless it has one. */
static int say_why(struct tg_finding *f, enum tg_result result, char *why)
{
	free(f->why);
	f->why = why;
	f->result = result;
	return why ? 0 : -1;
}

static int take_inputs(const struct tg_column *c, const struct tg_way *way, struct tg_finding *f)
{
	f->result = TG_TOLD;
	for (size_t i = 0; i < f->part->nr_inputs; i++) {
		const struct tg_input *in = &f->part->inputs[i];
		struct tg_exhibit *e = add_exhibit(f);

		if (!e || tg_exhibit_take(c, way, in->name, in->later, e))
			return -1;
		e->input = in;
		if (!tg_is_worse(e->state, e->empty, f->result, f->empty))
			continue;
		f->empty = e->empty;
		if (say_why(f, e->state, tg_text("%s: %s", e->name, e->why)))
			return -1;
	}
	return 0;
}

/* The exhibits of a number as its rule takes them; NULL when memory is short. */
static struct tg_share *shares_of(const struct tg_finding *f)
{
	struct tg_share *s = calloc(f->nr_exhibits, sizeof(*s));

	for (size_t i = 0; s && i < f->nr_exhibits; i++)
		s[i] = (struct tg_share){ f->exhibits[i].name, f->part->inputs[i].times,
					  f->part->inputs[i].under, f->exhibits[i].value,
					  f->exhibits[i].error, f->part->inputs[i].floor };
	return s;
}

char *tg_say_floor(const struct tg_finding *f)
{
	struct tg_share *s = shares_of(f);
	char *text = NULL;
	double floor;
	size_t at;

	if (!s)
		return NULL;
	floor = tg_floor(s, f->nr_exhibits, &at);
	if (at == f->nr_exhibits || !(floor > 0))
		text = strdup("");
	else if (tg_floor_has_two(s, f->nr_exhibits, at))
		text = tg_text(" with a floor of %.1f (%s and %s differ)", floor, s[at].name,
			       s[at + 1].name);
	else
		text = tg_text(" with a floor of %.1f (%s)", floor, s[at].name);
	free(s);
	return text;
}

static int say_open(struct tg_finding *f)
{
	char value[TG_CELL], bounds[TG_CELL], *floor, *why = NULL;

	tg_put_finding(value, f);
	tg_put_bounds(bounds, f->part->bounds);
	if (isnan(f->value))
		return say_why(f, TG_OPEN, tg_text("%s: what it is divided by is not told from 0",
						   f->part->what));
	floor = tg_say_floor(f);
	if (floor)
		why = tg_text("%s: %s%s, too wide to tell%s%s", f->part->what, value, floor,
			      *bounds ? " whether " : " from 0", bounds);
	free(floor);
	return say_why(f, TG_OPEN, why);
}

/* SUM, RATIO, ADD_UP */
static int find_number(const struct tg_column *c, const struct tg_way *way, struct tg_finding *f)
{
	static struct tg_outcome (*const rules[])(const struct tg_share *s, size_t nr,
						  const struct tg_bounds *b) = {
		[TG_RULE_SUM] = tg_rule_sum,
		[TG_RULE_RATIO] = tg_rule_ratio,
		[TG_RULE_ADD_UP] = tg_rule_add_up,
	};
	struct tg_outcome o;
	struct tg_share *s;

	if (take_inputs(c, way, f))
		return -1;
	if (f->result != TG_TOLD)
		return 0;
	s = shares_of(f);
	if (!s)
		return -1;
	o = rules[f->part->rule](s, f->nr_exhibits, f->part->bounds);
	free(s);
	f->result = o.result;
	f->value = o.value;
	f->low = o.low;
	f->high = o.high;
	return o.result == TG_OPEN ? say_open(f) : 0;
}

static int find_counted(const struct tg_column *c, const struct tg_way *way, struct tg_finding *f)
{
	if (take_inputs(c, way, f))
		return -1;
	if (f->result != TG_TOLD)
		return 0;
	f->value = f->exhibits[0].value;
	if (f->nr_exhibits > 1 && !(f->exhibits[1].value > 0))
		return say_why(f, TG_OPEN, tg_text("%s counted nothing: the counter may not work",
						   f->exhibits[1].name));
	f->result = f->value > 0 ? TG_YES : TG_NO;
	return 0;
}

static int nothing_of(struct tg_finding *f, const struct tg_column *c, const char *what)
{
	const struct tg_input *in = &f->part->inputs[0];

	f->empty = in->later;
	return say_why(f, TG_MISSING,
		       in->later ? tg_text("nothing makes this yet: %s", in->name) :
		       tg_text("%s: no such %s in the report%s", in->name, what,
			       c->nr == 1 ? "" : "s"));
}

static bool is_new(const struct tg_finding *f, const char *name)
{
	for (size_t i = 0; i + 1 < f->nr_exhibits; i++)
		if (f->exhibits[i].state == TG_TOLD && !strcmp(f->exhibits[i].name, name))
			return false;
	return true;
}

static int take_proof(struct tg_finding *f, const struct tg_report *r, const struct tg_proof *p)
{
	struct tg_exhibit *e = add_exhibit(f);

	if (!e)
		return -1;
	e->name = strdup(p->name);
	e->report = r;
	e->proof = p;
	e->value = (double)p->states;
	e->input = &f->part->inputs[0];
	e->state = p->result == TG_PROOF_SKIPPED ? TG_CANNOT : TG_TOLD;
	if (e->state == TG_CANNOT)
		e->why = tg_text("skipped: %s", p->reason ? p->reason : "no reason given");
	return e->name && (e->why || e->state == TG_TOLD) ? 0 : -1;
}

/* Whether a proof that was skipped somewhere was made elsewhere. */
static bool is_made(const struct tg_finding *f, const char *name)
{
	for (size_t i = 0; i < f->nr_exhibits; i++)
		if (f->exhibits[i].state == TG_TOLD && !strcmp(f->exhibits[i].name, name))
			return true;
	return false;
}

static int find_proofs(const struct tg_column *c, struct tg_finding *f)
{
	const struct tg_proof *failed = NULL;
	size_t passed = 0;

	for (size_t i = 0; i < c->nr; i++) {
		for (size_t k = 0; k < c->reports[i]->nr_proofs; k++) {
			const struct tg_proof *p = &c->reports[i]->proofs[k];

			if (!tg_name_below(p->name, f->part->inputs[0].name))
				continue;
			if (take_proof(f, c->reports[i], p))
				return -1;
			passed += p->result == TG_PROOF_PASSED && is_new(f, p->name);
			if (p->result == TG_PROOF_FAILED)
				failed = p;
		}
	}
	f->value = (double)passed;
	if (failed)
		return say_why(f, TG_NO, tg_text("%s failed: %s", failed->name,
						 failed->reason ? failed->reason : "no reason given"));
	for (size_t i = 0; i < f->nr_exhibits; i++)
		if (f->exhibits[i].state == TG_CANNOT && !is_made(f, f->exhibits[i].name))
			return say_why(f, TG_CANNOT, tg_text("%s %s", f->exhibits[i].name,
							     f->exhibits[i].why));
	if (!passed)
		return nothing_of(f, c, "proof");
	if ((double)passed < f->part->bounds->least)
		return say_why(f, TG_MISSING, tg_text("%s: %zu of at least %g proofs are there",
						      f->part->inputs[0].name, passed,
						      f->part->bounds->least));
	f->result = TG_YES;
	return 0;
}

static int find_ones(const struct tg_column *c, struct tg_finding *f)
{
	double all = 0, others = 0;
	const char *why = NULL;

	for (size_t i = 0; i < c->nr; i++) {
		for (size_t k = 0; k < c->reports[i]->nr_histograms; k++) {
			const struct tg_histogram *h = &c->reports[i]->histograms[k];
			struct tg_exhibit *e;

			if (strcmp(h->name, f->part->inputs[0].name))
				continue;
			e = add_exhibit(f);
			if (!e)
				return -1;
			*e = (struct tg_exhibit){ .input = &f->part->inputs[0], .state = TG_TOLD,
						  .name = strdup(h->name), .histogram = h,
						  .report = c->reports[i] };
			if (!e->name)
				return -1;
			why = h->reason ? h->reason : why;
			for (size_t b = 0; b < h->nr_bins; b++) {
				e->value += (double)h->bins[b].count;
				others += h->bins[b].value != 1 ? (double)h->bins[b].count : 0;
			}
			all += e->value;
		}
	}
	f->value = others;
	if (!f->nr_exhibits)
		return nothing_of(f, c, "histogram");
	if (!(all > 0))
		return why ? say_why(f, TG_CANNOT, tg_text("%s: %s", f->part->inputs[0].name, why)) :
			     say_why(f, TG_OPEN, tg_text("%s: nothing was counted",
							 f->part->inputs[0].name));
	if (!(others > 0)) {
		f->result = TG_YES;
		return 0;
	}
	return say_why(f, TG_NO, tg_text("%.0f of %.0f are not at 1", others, all));
}

static bool is_asked_for(const struct tg_part *part, const char *name)
{
	for (size_t i = 0; i < part->nr_inputs; i++)
		if (!fnmatch(part->inputs[i].name, name, 0))
			return true;
	return false;
}

static int take_points(const struct tg_column *c, const struct tg_way *way, struct tg_finding *f)
{
	char name[TG_NAME_MAX];
	struct tg_point p;

	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		for (int i = 0; i < TG_NR_RINGS; i++) {
			if (!tg_point_first(&p, (enum tg_exp_id)exp, tg_rings[i].ring))
				continue;
			do {
				struct tg_exhibit *e;

				tg_point_name(&p, name);
				if (!is_asked_for(f->part, name))
					continue;
				e = add_exhibit(f);
				if (!e || tg_exhibit_take(c, way, name, false, e))
					return -1;
			} while (tg_point_next(&p));
		}
	}
	return 0;
}

static int find_table(const struct tg_column *c, const struct tg_way *way, struct tg_finding *f)
{
	enum tg_result worst = TG_TOLD;
	size_t told = 0;

	if (take_points(c, way, f))
		return -1;
	for (size_t i = 0; i < f->nr_exhibits; i++) {
		const struct tg_exhibit *e = &f->exhibits[i];
		enum tg_result state = e->state;

		told += state == TG_TOLD;
		if (state == TG_TOLD && fabs(e->value) < e->error)
			state = TG_OPEN;
		/* a row that this CPU or kernel lacks belongs to the table, unless all are such */
		if ((e->skipped && state == TG_CANNOT) || !tg_is_worse(state, false, worst, false))
			continue;
		worst = state;
		if (say_why(f, state, tg_text("%s: %s", e->name,
					      e->why ? e->why : "smaller than its error")))
			return -1;
	}
	f->value = (double)told;
	f->result = worst;
	if (worst == TG_TOLD && !told)
		return f->nr_exhibits ? say_why(f, TG_CANNOT, tg_text("%s: %s", f->exhibits[0].name,
								     f->exhibits[0].why)) :
					nothing_of(f, c, "point");
	return 0;
}

int tg_find(const struct tg_column *c, const struct tg_way *way, const struct tg_part *part,
	    struct tg_finding *f)
{
	memset(f, 0, sizeof(*f));
	f->part = part;
	f->value = f->low = f->high = NAN;
	if (tg_part_is_empty(part)) {
		f->empty = true;
		return say_why(f, TG_MISSING, strdup("nothing measures this yet"));
	}
	switch (part->rule) {
	case TG_RULE_SUM:
	case TG_RULE_RATIO:
	case TG_RULE_ADD_UP:
		return find_number(c, way, f);
	case TG_RULE_TABLE:
		return find_table(c, way, f);
	case TG_RULE_PROOFS:
		return find_proofs(c, f);
	case TG_RULE_COUNTED:
		return find_counted(c, way, f);
	case TG_RULE_ONES:
		return find_ones(c, f);
	}
	return -1;
}

void tg_finding_free(struct tg_finding *f)
{
	for (size_t i = 0; i < f->nr_exhibits; i++)
		tg_exhibit_free(&f->exhibits[i]);
	free(f->exhibits);
	free(f->why);
}
