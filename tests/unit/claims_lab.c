/* SPDX-License-Identifier: GPL-2.0 */
/* Claims fed with figures made to measure: see claims_lab.h. */
#include <fnmatch.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tollgate/exp.h>

#include "claims_evidence.h"
#include "claims_lab.h"
#include "sample_report.h"
#include "sample_runs.h"
#include "wrap.h"

/* Writing takes longer than judging. A prime, so that no pattern of trials escapes it. */
#define WRITE_ONE_IN	7

static void *must(void *p)
{
	assert_non_null(p);
	return p;
}

bool lab_is_numeric(const struct tg_part *part)
{
	return part->rule == TG_RULE_SUM || part->rule == TG_RULE_RATIO ||
	       part->rule == TG_RULE_ADD_UP;
}

bool lab_is_settled(enum tg_answer answer)
{
	return answer == TG_HOLDS || answer == TG_HOLDS_NOT || answer == TG_DEPENDS ||
	       answer == TG_ANSWERED;
}

#define FLOOR_APART	"floor/"

/* "made/p3i1@r0": unique within its way; counts of a COUNT way have no ring. */
static char *made_name(const struct tg_way *way, size_t part, size_t input)
{
	static const char *const rings[] = { [TG_BY_RING0] = "@r0", [TG_BY_COUNT] = "" };
	char name[64];

	snprintf(name, sizeof(name), "made/p%zui%zu%s", part, input,
		 way->by == TG_BY_RING0 || way->by == TG_BY_COUNT ? rings[way->by] : "@r3");
	return must(strdup(name));
}

/* floors_apart: they are figures of their own, not the inputs of other parts, which move. */
static void feed(const struct tg_way *way, struct tg_part *part, size_t at, bool floors_apart)
{
	bool empty = tg_part_is_empty(part);
	size_t nr = !empty ? part->nr_inputs : part->rule == TG_RULE_RATIO ? 2 :
		    part->rule == TG_RULE_ADD_UP ? 3 : 1;
	struct tg_input *inputs = must(calloc(nr, sizeof(*inputs)));

	for (size_t i = 0; i < nr; i++) {
		if (!empty)
			inputs[i] = part->inputs[i];
		else
			inputs[i] = (struct tg_input){
				part->rule == TG_RULE_ADD_UP && i ? -1 : 1, NULL,
				part->rule == TG_RULE_RATIO && i, false, false };
		inputs[i].name = empty ? made_name(way, at, i) :
				 floors_apart && inputs[i].floor ?
				 must(tg_text(FLOOR_APART "%s", inputs[i].name)) :
				 must(strdup(inputs[i].name));
		inputs[i].later = false;
	}
	part->inputs = inputs;
	part->nr_inputs = nr;
}

static void open_way(struct lab *l, const struct tg_claim *claim, size_t way, bool floors_apart)
{
	struct tg_part *parts;

	l->claim = *claim;
	l->way = claim->ways[way];
	parts = must(calloc(l->way.nr_parts, sizeof(*parts)));
	memcpy(parts, l->way.parts, l->way.nr_parts * sizeof(*parts));
	for (size_t i = 0; i < l->way.nr_parts; i++)
		feed(&l->way, &parts[i], i, floors_apart);
	l->way.parts = parts;
	l->claim.ways = &l->way;
	l->claim.nr_ways = 1;
	l->report = bare_report();
	while (l->report->nr_counts)
		lab_drop(l->report, l->report->counts[0].name);
	while (l->report->nr_histograms)
		lab_drop(l->report, l->report->histograms[0].name);
	while (l->report->nr_proofs)
		lab_drop(l->report, l->report->proofs[0].name);
	/* where ring 0 is native for sure, or where it is believed */
	if (l->way.demands & TG_DEMAND_GUEST) {
		lab_set(l->report, "irq/cli@r0", 3, LAB_ERROR);
		lab_set(l->report, "irq/sti@r0", 3, LAB_ERROR);
	} else {
		replace_text(&l->report->env.hypervisor, "none");
	}
	lab_all_good(l);
}

void lab_open(struct lab *l, const struct tg_claim *claim, size_t way)
{
	open_way(l, claim, way, true);
}

void lab_close(struct lab *l)
{
	for (size_t i = 0; i < l->way.nr_parts; i++) {
		for (size_t k = 0; k < l->way.parts[i].nr_inputs; k++)
			free((char *)l->way.parts[i].inputs[k].name);
		free((struct tg_input *)l->way.parts[i].inputs);
	}
	free((struct tg_part *)l->way.parts);
	tg_report_free(l->report);
}

struct tg_figure *lab_figure(struct tg_report *r, const char *name)
{
	struct tg_figure *f = (struct tg_figure *)tg_report_find(r, name);

	if (f)
		return f;
	f = add_figure(r, name, LAB_ROUNDS);
	f->method = must(strdup("SLOPE"));
	/* what is taken off a figure below a line is smaller than it, and a floor is none */
	f->value = strstr(name, ":enter:deferred") ? 3 :
		   strstr(name, ":enter") || !strncmp(name, FLOOR_APART, strlen(FLOOR_APART)) ?
		   0 : 100;
	f->error = LAB_ERROR;
	f->samples = 100 * LAB_ROUNDS;
	return f;
}

void lab_set(struct tg_report *r, const char *name, double value, double error)
{
	struct tg_figure *f = lab_figure(r, name);

	f->value = value;
	f->error = error;
}

void lab_drop(struct tg_report *r, const char *name)
{
	for (size_t i = 0; i < r->nr_figures; i++) {
		struct tg_figure *f = &r->figures[i];

		if (strcmp(f->name, name))
			continue;
		free(f->name);
		free(f->method);
		free(f->rounds);
		free(f->reason);
		*f = r->figures[--r->nr_figures];
		return;
	}
	for (size_t i = 0; i < r->nr_counts; i++) {
		if (strcmp(r->counts[i].name, name))
			continue;
		free(r->counts[i].name);
		free(r->counts[i].reason);
		r->counts[i] = r->counts[--r->nr_counts];
		return;
	}
	for (size_t i = 0; i < r->nr_histograms; i++) {
		if (strcmp(r->histograms[i].name, name))
			continue;
		free(r->histograms[i].name);
		free(r->histograms[i].reason);
		free(r->histograms[i].bins);
		r->histograms[i] = r->histograms[--r->nr_histograms];
		return;
	}
	for (size_t i = 0; i < r->nr_proofs; i++) {
		struct tg_proof *p = &r->proofs[i];

		if (strcmp(p->name, name))
			continue;
		free(p->name);
		free(p->bound);
		free(p->limits);
		free(p->reason);
		*p = r->proofs[--r->nr_proofs];
		return;
	}
	fail_msg("nothing is called %s", name);
}

static double count_of(struct tg_report *r, const char *name)
{
	for (size_t i = 0; i < r->nr_counts; i++)
		if (!strcmp(r->counts[i].name, name))
			return r->counts[i].value;
	/* so many that its error is a per mille */
	sample_count(r, name, 1e7, NULL);
	return 1e7;
}

static double value_of(struct tg_report *r, const char *name)
{
	return strchr(name, '@') ? lab_figure(r, name)->value : count_of(r, name);
}

static void aim_number(struct lab *l, const struct tg_part *part, double target, double error)
{
	const struct tg_input *first = &part->inputs[0];
	double over = 0, under = 0, value;

	for (size_t i = 1; i < part->nr_inputs; i++)
		*(part->inputs[i].under ? &under : &over) +=
			(part->inputs[i].floor ? 0 : part->inputs[i].times) *
			value_of(l->report, part->inputs[i].name);
	value = ((part->rule == TG_RULE_RATIO ? target * under : target) - over) / first->times;
	if (strchr(first->name, '@')) {
		lab_set(l->report, first->name, value, error);
		return;
	}
	count_of(l->report, first->name);
	lab_drop(l->report, first->name);
	sample_count(l->report, first->name, round(value), NULL);
}

static void aim_proofs(struct lab *l, const struct tg_part *part, bool good)
{
	char name[80];

	for (double i = 0; i < part->bounds->least; i++) {
		snprintf(name, sizeof(name), "%s/%g", part->inputs[0].name, i);
		for (size_t k = 0; k < l->report->nr_proofs; k++)
			if (!strcmp(l->report->proofs[k].name, name))
				lab_drop(l->report, name);
		sample_proof(l->report, name, good || i ? TG_PROOF_PASSED : TG_PROOF_FAILED,
			     good || i ? NULL : "task 2 sees the registers of task 1");
	}
}

static void aim_ones(struct lab *l, const struct tg_part *part, bool good)
{
	const struct tg_bin bins[] = { { 1, 1000 }, { 2, good ? 0 : 1 } };

	for (size_t k = 0; k < l->report->nr_histograms; k++)
		if (!strcmp(l->report->histograms[k].name, part->inputs[0].name))
			lab_drop(l->report, part->inputs[0].name);
	sample_histogram(l->report, part->inputs[0].name, bins, 2, NULL);
}

static void aim_table(struct lab *l, const struct tg_part *part)
{
	char name[TG_NAME_MAX];
	struct tg_point p;

	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		if (!tg_point_first(&p, (enum tg_exp_id)exp, l->way.by == TG_BY_RING0 ? 0 : 3))
			continue;
		do {
			tg_point_name(&p, name);
			for (size_t i = 0; i < part->nr_inputs; i++)
				if (!fnmatch(part->inputs[i].name, name, 0))
					lab_figure(l->report, name);
		} while (tg_point_next(&p));
	}
}

void lab_aim(struct lab *l, size_t at, double target, double error)
{
	const struct tg_part *part = &l->way.parts[at];

	switch (part->rule) {
	case TG_RULE_SUM:
	case TG_RULE_RATIO:
	case TG_RULE_ADD_UP:
		aim_number(l, part, target, error);
		break;
	case TG_RULE_TABLE:
		aim_table(l, part);
		break;
	case TG_RULE_PROOFS:
		aim_proofs(l, part, target > 0);
		break;
	case TG_RULE_COUNTED:
		for (size_t i = 0; i < part->nr_inputs; i++) {
			count_of(l->report, part->inputs[i].name);
			lab_drop(l->report, part->inputs[i].name);
			sample_count(l->report, part->inputs[i].name, i ? 5 : target, NULL);
		}
		break;
	case TG_RULE_ONES:
		aim_ones(l, part, target > 0);
		break;
	}
}

double lab_good(const struct tg_part *part)
{
	const struct tg_bounds *b = part->bounds;

	if (!lab_is_numeric(part))
		return 1;
	if (isfinite(b->least) && isfinite(b->most))
		return (b->least + b->most) / 2;
	if (isfinite(b->least))
		return b->least > 0 ? 1.2 * b->least : 10;
	return isfinite(b->most) ? 0.5 * b->most : 7;
}

double lab_bad(const struct tg_part *part)
{
	const struct tg_bounds *b = part->bounds;

	if (!lab_is_numeric(part))
		return 0;
	if (part->rule == TG_RULE_ADD_UP)
		return 50;	/* of a whole of 250 */
	if (isfinite(b->most))
		return 1.2 * b->most;
	return b->least > 0 ? 0.8 * b->least : -10;
}

void lab_all_good(struct lab *l)
{
	for (size_t i = l->way.nr_parts; i-- > 0;)
		lab_aim(l, i, lab_good(&l->way.parts[i]), LAB_ERROR);
}

/* In text no line is too long, nowhere is a byte beyond ASCII. */
static void check_written(int (*write)(const struct tg_ledger *l, FILE *out),
			  const struct tg_ledger *l, size_t most)
{
	char *text;
	size_t len, column = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(write(l, out), 0);
	fclose(out);
	assert_true(len && text[len - 1] == '\n');
	for (size_t i = 0; i < len; i++) {
		column = text[i] == '\n' ? 0 : column + 1;
		if (column > most)
			fail_msg("a line is too long:\n%.*s", (int)i, text);
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			fail_msg("byte %#x", (unsigned char)text[i]);
	}
	free(text);
}

struct tg_ruling *lab_judge(const struct tg_claim *claim, const struct tg_report *const *reports,
			    size_t nr)
{
	const char *names[8] = { "a.json", "b.json", "c.json", "d.json", "e.json", "f.json",
				 "g.json", "h.json" };
	struct tg_column column = { reports, names, nr };
	struct tg_ruling *r = tg_judge(claim, &column);
	struct tg_ledger l = { &column, 1, &claim, 1, &r };
	static unsigned int judged;

	assert_non_null(r);
	assert_true(r->nr_ways == claim->nr_ways && r->by >= r->ways &&
		    r->by < r->ways + r->nr_ways);
	/* what is no verdict has a reason; a reason is never empty */
	assert_true(lab_is_settled(r->by->answer) || (r->by->why && *r->by->why));
	assert_true(r->by->answer != TG_DEPENDS || r->by->why);
	if (judged++ % WRITE_ONE_IN)
		return r;
	check_written(tg_claims_text, &l, TG_COLUMNS);
	check_written(tg_claims_explain, &l, TG_COLUMNS);
	check_written(tg_claims_markdown, &l, SIZE_MAX);
	check_written(tg_claims_json, &l, SIZE_MAX);
	return r;
}

enum tg_answer lab_answer(const struct lab *l)
{
	const struct tg_report *report = l->report;
	struct tg_ruling *r = lab_judge(&l->claim, &report, 1);
	enum tg_answer answer = r->by->answer;

	tg_ruling_free(r);
	return answer;
}

void lab_row(struct lab *l, enum tg_claim_id id, size_t way)
{
	open_way(l, &tg_claims[id], way, false);
}

void lab_expect(const struct lab *l, enum tg_answer answer)
{
	enum tg_answer got = lab_answer(l);

	if (got != answer)
		fail_msg("%s: '%s', not '%s'", l->claim.id, tg_answer_names[got],
			 tg_answer_names[answer]);
}

struct tg_ruling *lab_ruling(const struct lab *l)
{
	const struct tg_report *report = l->report;

	return lab_judge(&l->claim, &report, 1);
}

void lab_says(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("'%s' has no '%s'", text ? text : "", part);
}

bool lab_has_cases(const struct lab *l, const char *not_this)
{
	for (size_t i = 0; i < l->way.nr_parts; i++)
		if (l->way.parts[i].role == TG_ROLE_HOLDS && *l->way.parts[i].kase &&
		    strcmp(l->way.parts[i].kase, not_this))
			return true;
	return false;
}

bool lab_is_question(const struct lab *l)
{
	for (size_t i = 0; i < l->way.nr_parts; i++)
		if (l->way.parts[i].role == TG_ROLE_HOLDS)
			return false;
	return true;
}
