/* SPDX-License-Identifier: GPL-2.0 */
/* A ledger as JSON: results/claims.schema.json describes it. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tollgate/uapi.h>

#include "claims_evidence.h"
#include "claims_say.h"
#include "report_fields.h"

/* Version of the format. */
#define CLAIMS_SCHEMA	1

#define DIGITS	10	/* significant, as in reports */

/* Gives away value; a NULL value means short memory, as elsewhere. */
static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static int put_text(json_t *object, const char *key, const char *s)
{
	return put(object, key, tg_json_text(s));
}

static int put_and_free(json_t *object, const char *key, char *s)
{
	int rc = s ? put_text(object, key, s) : -1;

	free(s);
	return rc;
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *append(json_t *array)
{
	json_t *object = json_object();

	return json_array_append_new(array, object) ? NULL : object;
}

/* Which of the column's reports, from 0; null where there is none. */
static int put_place(json_t *object, const struct tg_column *c, const struct tg_report *r)
{
	for (size_t i = 0; i < c->nr; i++)
		if (c->reports[i] == r)
			return put(object, "report", json_integer((json_int_t)i)) ||
			       put_text(object, "lane", tg_lane_names[r->lane]);
	return put(object, "report", json_null()) || put(object, "lane", json_null());
}

static const char *unit_of(const struct tg_exhibit *e)
{
	if (e->figure)
		return tg_unit_names[TG_UNIT_CYCLES];
	return e->proof ? "states" : "events";
}

static int put_exhibit(json_t *array, const struct tg_column *c, const struct tg_exhibit *e)
{
	json_t *o = append(array);
	bool told = e->state == TG_TOLD;

	if (!o || put_text(o, "name", e->name) || put(o, "used", json_boolean(told)) ||
	    put(o, "value", number(told ? e->value : NAN)) ||
	    put(o, "error", number(told ? e->error : NAN)) ||
	    put_text(o, "unit", told ? unit_of(e) : NULL) || put_place(o, c, e->report) ||
	    put(o, "reports", json_integer(e->figure ? (json_int_t)e->nr : told)) ||
	    put(o, "rounds", json_integer(e->figure ? (json_int_t)e->figure->nr_rounds : 0)) ||
	    put(o, "samples", json_integer(e->figure ? e->figure->samples : 0)) ||
	    put(o, "disturbed", json_boolean(e->disturbed)))
		return -1;
	return put_text(o, "reason", e->why);
}

static int put_bounds(json_t *o, const struct tg_bounds *b)
{
	return put(o, "at_least", number(b->least)) || put(o, "at_most", number(b->most));
}

static int put_finding(json_t *array, const struct tg_column *c, const struct tg_finding *f)
{
	static const char *const roles[] = { "condition", "control", "figure", "cost" };
	static const char *const rules[] = { "sum", "ratio", "add-up", "table", "proofs", "counted",
					     "ones" };
	json_t *o = append(array), *inputs = json_array();

	if (!o || put_text(o, "what", f->part->what) ||
	    put_text(o, "case", f->part->kase) || put_text(o, "role", roles[f->part->role]) ||
	    put_text(o, "rule", rules[f->part->rule]) || put_bounds(o, f->part->bounds) ||
	    put_text(o, "result", tg_say_result(f)) || put(o, "value", number(f->value)) ||
	    put(o, "low", number(f->low)) || put(o, "high", number(f->high)) ||
	    put_text(o, "reason", f->why) || put(o, "inputs", inputs))
		return -1;
	for (size_t i = 0; i < f->nr_exhibits; i++)
		if (put_exhibit(inputs, c, &f->exhibits[i]))
			return -1;
	return 0;
}

static int put_way(json_t *array, const struct tg_column *c, const struct tg_judgement *j)
{
	json_t *o = append(array), *parts = json_array();

	if (!o || put_text(o, "by", tg_by_names[j->way->by]) ||
	    put_text(o, "verdict", tg_answer_names[j->answer]) || put_text(o, "reason", j->why) ||
	    put_and_free(o, "to_settle", tg_say_settle(j->way)) || put(o, "parts", parts))
		return -1;
	for (size_t i = 0; i < j->nr_findings; i++)
		if (put_finding(parts, c, &j->findings[i]))
			return -1;
	return 0;
}

static int put_unused(json_t *o, const struct tg_column *c, const struct tg_ruling *r)
{
	json_t *array = json_array();

	if (put(o, "not_used", array))
		return -1;
	for (size_t i = 0; i < r->nr_unused; i++) {
		json_t *u = append(array);

		if (!u || put_text(u, "name", r->unused[i].name) ||
		    put_place(u, c, r->unused[i].report) ||
		    put_text(u, "reason", r->unused[i].why))
			return -1;
	}
	return 0;
}

static int put_ruling(json_t *array, const struct tg_column *c, const struct tg_ruling *r)
{
	bool settled = tg_is_settled(r), rehearsed = r->by->way->by == TG_BY_REHEARSAL;
	json_t *o = append(array), *ways = json_array();

	if (!o || put_text(o, "verdict", tg_answer_names[r->by->answer]) ||
	    put_text(o, "reason", r->by->why) ||
	    put_text(o, "by", settled ? tg_by_names[r->by->way->by] : NULL) ||
	    put(o, "in_rehearsal", json_boolean(settled && rehearsed)) || put_unused(o, c, r))
		return -1;
	if (settled && rehearsed ? put_and_free(o, "left_out", tg_say_left_out(r->by)) :
				   put(o, "left_out", json_null()))
		return -1;
	if (put(o, "ways", ways))
		return -1;
	for (size_t i = 0; i < r->nr_ways; i++)
		if (put_way(ways, c, &r->ways[i]))
			return -1;
	return 0;
}

static int put_claim(json_t *array, const struct tg_ledger *l, size_t at)
{
	const struct tg_claim *claim = l->claims[at];
	json_t *o = append(array), *columns = json_array();

	if (!o || put_text(o, "id", claim->id) ||
	    put_text(o, "thread", tg_threads[claim->thread].what) ||
	    put_text(o, "claim", claim->text) || put_text(o, "holds_when", claim->holds_when) ||
	    put_text(o, "settled_by", claim->settled_by) ||
	    put(o, "question", json_boolean(tg_is_question(claim))) || put(o, "columns", columns))
		return -1;
	for (size_t c = 0; c < l->nr_columns; c++)
		if (put_ruling(columns, &l->columns[c], tg_ruling_at(l, at, c)))
			return -1;
	return 0;
}

static int put_report(json_t *array, const struct tg_column *c, size_t i)
{
	const struct tg_report *r = c->reports[i];
	json_t *o = append(array);

	return !o || put_text(o, "file", c->names[i]) ||
	       put_text(o, "lane", tg_lane_names[r->lane]) ||
	       put_text(o, "unit", tg_unit_names[r->cal.unit]) || put_text(o, "date", r->env.date) ?
	       -1 : 0;
}

static int put_column(json_t *array, const struct tg_column *c)
{
	json_t *o = append(array), *reports = json_array();

	if (!o || put_and_free(o, "machine", tg_say_machine(c->reports[0])) ||
	    put(o, "reports", reports))
		return -1;
	for (size_t i = 0; i < c->nr; i++)
		if (put_report(reports, c, i))
			return -1;
	return 0;
}

static int put_ledger(json_t *root, const struct tg_ledger *l)
{
	json_t *columns = json_array(), *claims = json_array();

	if (put(root, "schema", json_integer(CLAIMS_SCHEMA)) ||
	    put_text(root, "tollgate", TG_VERSION) || put(root, "columns", columns) ||
	    put(root, "claims", claims))
		return -1;
	for (size_t c = 0; c < l->nr_columns; c++)
		if (put_column(columns, &l->columns[c]))
			return -1;
	for (size_t i = 0; i < l->nr_claims; i++)
		if (put_claim(claims, l, i))
			return -1;
	return 0;
}

int tg_claims_json(const struct tg_ledger *l, FILE *out)
{
	json_t *root = json_object();
	char *text = NULL;
	int rc = -ENOMEM;

	if (root && !put_ledger(root, l))
		text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS));
	json_decref(root);
	if (!text)
		return rc;
	rc = fputs(text, out) == EOF || fputc('\n', out) == EOF || fflush(out) ? -EIO : 0;
	free(text);
	return rc;
}
