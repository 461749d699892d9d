/* SPDX-License-Identifier: GPL-2.0 */
/* Words that text, Markdown and JSON of claims share: see claims_say.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims_evidence.h"
#include "claims_say.h"

void tg_put_letter(char *cell, size_t column)
{
	if (column < 26)
		snprintf(cell, TG_CELL, "%c", (char)('A' + column));
	else
		snprintf(cell, TG_CELL, "%zu", column + 1);
}

bool tg_is_settled(const struct tg_ruling *r)
{
	return r->by->answer <= TG_ANSWERED;
}

const char *tg_say_answer(const struct tg_ruling *r, bool brief)
{
	static const char *const short_names[TG_NR_ANSWERS] = {
		"holds", "does not hold", "depends", "answered", "not resolved", "cannot here",
		"not yet",
	};
	static const char *const rehearsed[] = {
		"holds in rehearsal", "does not hold in rehearsal", "depends in rehearsal",
		"answered in rehearsal",
	};
	static const char *const short_rehearsed[] = {
		"holds (reh)", "not hold (reh)", "depends (reh)", "answered (reh)",
	};
	enum tg_answer answer = r->by->answer;

	if (tg_is_settled(r) && r->by->way->by == TG_BY_REHEARSAL)
		return brief ? short_rehearsed[answer] : rehearsed[answer];
	return brief ? short_names[answer] : tg_answer_names[answer];
}

const char *tg_say_result(const struct tg_finding *f)
{
	static const char *const names[] = {
		[TG_YES] = "holds", [TG_NO] = "does not hold", [TG_OPEN] = "not resolved",
		[TG_TOLD] = "answered", [TG_MISSING] = "not measured yet",
		[TG_CANNOT] = "cannot be measured here",
	};

	return names[f->result];
}

char *tg_say_machine(const struct tg_report *r)
{
	const struct tg_environment *env = &r->env;

	return tg_text("%s (%s %d/%d/%d), microcode %s, hypervisor %s, kernel %s %s", env->cpu,
		       env->vendor, env->family, env->model, env->stepping, env->microcode,
		       env->hypervisor, env->kernel, env->kernel_build);
}

char *tg_say_report(const struct tg_column *c, size_t i)
{
	const struct tg_report *r = c->reports[i];

	return tg_text("lane %s, %s, %s, %s", tg_lane_names[r->lane], tg_unit_names[r->cal.unit],
		       r->env.date, c->names[i]);
}

static char *say_figure(const struct tg_exhibit *e)
{
	const struct tg_figure *f = e->figure;
	char value[TG_CELL], error[TG_CELL], of[TG_CELL] = "";

	tg_put_value(value, e->value, e->error);
	tg_put_value(error, e->error, e->error);
	if (e->nr > 1)
		snprintf(of, sizeof(of), ", mean of %zu reports", e->nr);
	return tg_text("%s %.24s +- %.24s cycles, lane %s, %zux%ld%s%s", e->name, value, error,
		       tg_lane_names[e->report->lane], f->nr_rounds,
		       f->nr_rounds ? f->samples / (long)f->nr_rounds : 0, of,
		       e->disturbed ? ", disturbed" : "");
}

char *tg_say_exhibit(const struct tg_exhibit *e)
{
	if (e->why)
		return tg_text("%s: %s", e->name, e->why);
	if (e->figure)
		return say_figure(e);
	if (e->proof)
		return tg_text("%s: proof %s, %.0f states%s%s%s%s, lane %s", e->name,
			       tg_proof_names[e->proof->result], e->value,
			       *e->proof->bound ? ", " : "", e->proof->bound,
			       *e->proof->limits ? ", outside of it: " : "", e->proof->limits,
			       tg_lane_names[e->report->lane]);
	return tg_text("%s %.0f %s, lane %s", e->name, e->value,
		       e->histogram ? "in the histogram" : "counted",
		       tg_lane_names[e->report->lane]);
}

static char *say_table(const struct tg_finding *f)
{
	size_t lacking = 0;

	for (size_t i = 0; i < f->nr_exhibits; i++)
		lacking += f->exhibits[i].skipped && f->exhibits[i].state == TG_CANNOT;
	return tg_text("%zu rows: %.0f measured, %zu skipped (this CPU, kernel or placement lacks them)",
		       f->nr_exhibits, f->value, lacking);
}

static char *say_value(const struct tg_finding *f)
{
	char value[TG_CELL], bounds[TG_CELL], *floor, *text = NULL;

	switch (f->part->rule) {
	case TG_RULE_TABLE:
		return say_table(f);
	case TG_RULE_PROOFS:
		return tg_text("%s: %.0f passed", f->part->what, f->value);
	case TG_RULE_COUNTED:
		return tg_text("%s: %.0f counted", f->part->what, f->value);
	case TG_RULE_ONES:
		return tg_text("%s: %.0f not at 1", f->part->what, f->value);
	default:
		tg_put_finding(value, f);
		tg_put_bounds(bounds, f->part->bounds);
		floor = tg_say_floor(f);
		if (floor)
			text = tg_text("%s%s%s: %s%s%s%s", f->part->kase,
				       *f->part->kase ? ": " : "", f->part->what, value, floor,
				       *bounds ? ", " : "", bounds);
		free(floor);
		return text;
	}
}

char *tg_say_finding(const struct tg_finding *f)
{
	char *value, *text;

	if (f->result == TG_MISSING || f->result == TG_CANNOT)
		return tg_text("%s%s%s: %s: %s", f->part->kase, *f->part->kase ? ": " : "",
			       f->part->what, tg_say_result(f), f->why);
	value = say_value(f);
	if (f->result == TG_TOLD || !value)
		return value;
	text = tg_text("%s: %s", value, f->part->role == TG_ROLE_CHECK && f->result == TG_YES ?
		       "the control holds" : tg_say_result(f));
	free(value);
	return text;
}

/* "355.32 - 3 x 4.9977", of what is above or below the line. */
static char *say_side(const struct tg_finding *f, bool under)
{
	char *text = strdup(""), *longer, value[TG_CELL], times[TG_CELL];

	for (size_t i = 0; text && i < f->nr_exhibits; i++) {
		const struct tg_input *in = f->exhibits[i].input;

		if (in->under != under || in->floor)
			continue;
		tg_put_value(value, f->exhibits[i].value, f->exhibits[i].error);
		snprintf(times, sizeof(times), fabs(in->times) == 1 ? "" : "%g x ", fabs(in->times));
		longer = tg_text("%s%s%s%s", text, *text ? in->times < 0 ? " - " : " + " :
				 in->times < 0 ? "-" : "", times, value);
		free(text);
		text = longer;
	}
	return text;
}

char *tg_say_sum(const struct tg_finding *f)
{
	char *over, *under, *text = NULL;

	if (isnan(f->value) || (f->part->rule != TG_RULE_SUM && f->part->rule != TG_RULE_RATIO &&
				f->part->rule != TG_RULE_ADD_UP))
		return strdup("");
	over = say_side(f, false);
	under = say_side(f, true);
	if (over && under)
		text = tg_text(*under ? strpbrk(over, "+-") || strpbrk(under, "+-") ?
			       "= (%s) / (%s)" : "= %s / %s" : "= %s%s", over, under);
	free(over);
	free(under);
	return text;
}

bool tg_is_first_exhibit(const struct tg_judgement *j, size_t finding, size_t exhibit)
{
	const struct tg_exhibit *e = &j->findings[finding].exhibits[exhibit];

	for (size_t i = 0; i <= finding; i++) {
		size_t nr = i < finding ? j->findings[i].nr_exhibits : exhibit;

		for (size_t k = 0; k < nr; k++)
			if (!strcmp(j->findings[i].exhibits[k].name, e->name) &&
			    j->findings[i].exhibits[k].report == e->report)
				return false;
	}
	return true;
}

static bool is_in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at++)
		if ((at == list || at[-1] == ' ') && (!at[len] || strchr(", ", at[len])))
			return true;
	return false;
}

char *tg_say_left_out(const struct tg_judgement *j)
{
	char *list = strdup(""), *longer;

	for (size_t i = 0; list && i < j->nr_findings; i++) {
		for (size_t k = 0; list && k < j->findings[i].nr_exhibits; k++) {
			const struct tg_figure *f = j->findings[i].exhibits[k].figure;

			for (size_t n = 0; list && f && n < f->nr_left_out; n++) {
				if (is_in_list(list, f->left_out[n]))
					continue;
				longer = tg_text("%s%s%s", list, *list ? ", " : "", f->left_out[n]);
				free(list);
				list = longer;
			}
		}
	}
	if (list && !*list) {
		free(list);
		list = strdup("nothing");
	}
	return list;
}

/* "name name ..." of a way's figures of one ring that can be measured today. */
static char *list_inputs(const struct tg_way *way, bool ring0)
{
	char *list = strdup(""), *longer;

	for (size_t i = 0; list && i < way->nr_parts; i++) {
		for (size_t k = 0; list && k < way->parts[i].nr_inputs; k++) {
			const struct tg_input *in = &way->parts[i].inputs[k];
			const char *quote;

			if (!in->name || in->later || !tg_is_figure(in->name) ||
			    tg_is_ring0(in->name) != ring0 || is_in_list(list, in->name))
				continue;
			quote = strchr(in->name, '*') ? "'" : "";
			longer = tg_text("%s%s%s%s%s", list, *list ? " " : "", quote, in->name,
					 quote);
			free(list);
			list = longer;
		}
	}
	return list;
}

static bool is_partly_to_come(const struct tg_way *way)
{
	for (size_t i = 0; i < way->nr_parts; i++)
		for (size_t k = 0; k < way->parts[i].nr_inputs; k++)
			if (way->parts[i].inputs[k].later)
				return true;
	return false;
}

char *tg_say_settle(const struct tg_way *way)
{
	char *ring0 = list_inputs(way, true), *ring3 = list_inputs(way, false), *text = NULL;
	const char *later = is_partly_to_come(way) ? "nothing measures or makes all of its inputs "
						     "yet" : "";

	if (ring0 && ring3)
		text = tg_text("%s%s%s%s%s%s%s%s", later,
			       *later && (*ring0 || *ring3) ? "; what there is: " : "",
			       *ring0 ? "on a test machine with native ring 0, sudo make bench "
					"LANE=host, for " : "", ring0,
			       *ring0 && *ring3 ? "; and " : "",
			       *ring3 ? "tollgate run " : "", ring3,
			       way->demands & TG_DEMAND_GUEST ? " (in a virtual machine)" : "");
	free(ring0);
	free(ring3);
	return text;
}

int tg_flush_text(int rc, char *text, size_t len, FILE *out)
{
	errno = 0;
	if (!rc && (fwrite(text, 1, len, out) != len || fflush(out)))
		rc = errno ? -errno : -EIO;
	free(text);
	return rc;
}
