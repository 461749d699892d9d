/* SPDX-License-Identifier: GPL-2.0 */
/* A ledger as Markdown: a table for each thread, then what its verdicts stand on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tollgate/exp.h>

#include "claims_evidence.h"
#include "claims_say.h"
#include "wrap.h"

/* Text as a table's cell may hold it: ASCII, without what ends the cell or marks up. */
static void put_cell(FILE *out, const char *text)
{
	char *ascii = tg_ascii(text);

	for (const char *c = ascii; c && *c; c++)
		fprintf(out, "%s%c", strchr("|\\*<`", *c) ? "\\" : "", *c);
	free(ascii);
}

static void put_and_free(FILE *out, char *text)
{
	put_cell(out, text ? text : "?");
	free(text);
}

static void put_columns(const struct tg_ledger *l, FILE *out)
{
	char letter[TG_CELL];

	for (size_t c = 0; c < l->nr_columns; c++) {
		tg_put_letter(letter, c);
		fprintf(out, "- **%s**: ", letter);
		put_and_free(out, tg_say_machine(l->columns[c].reports[0]));
		for (size_t i = 0; i < l->columns[c].nr; i++) {
			fputs("; ", out);
			put_and_free(out, tg_say_report(&l->columns[c], i));
		}
		fputc('\n', out);
	}
}

static void put_heading(const struct tg_ledger *l, const struct tg_thread_info *t, FILE *out)
{
	char letter[TG_CELL];

	fprintf(out, "\n## %s (%s)\n\n| claim | it says | holds when |", t->what, t->when);
	for (size_t c = 0; c < l->nr_columns; c++) {
		tg_put_letter(letter, c);
		fprintf(out, " %s |", letter);
	}
	fputs("\n|---|---|---|", out);
	for (size_t c = 0; c < l->nr_columns; c++)
		fputs("---|", out);
	fputc('\n', out);
}

static void put_row(const struct tg_ledger *l, size_t at, FILE *out)
{
	const struct tg_claim *claim = l->claims[at];

	fprintf(out, "| `%s` | ", claim->id);
	put_cell(out, claim->text);
	fputs(" | ", out);
	put_cell(out, claim->holds_when);
	fputs(" |", out);
	for (size_t c = 0; c < l->nr_columns; c++) {
		const struct tg_ruling *r = tg_ruling_at(l, at, c);

		fprintf(out, tg_is_settled(r) ? " **%s**" : " %s", tg_say_answer(r, false));
		if (tg_is_settled(r) && r->by->way->by != TG_BY_REHEARSAL)
			fprintf(out, ", by %s", tg_by_names[r->by->way->by]);
		if (r->by->why) {
			fputs(": ", out);
			put_cell(out, r->by->why);
		}
		fputs(" |", out);
	}
	fputc('\n', out);
}

/* A finding's exhibits by what their names say. */
struct points {
	const struct tg_finding *finding;
	struct tg_point *point;		/* exp TG_NR_EXPS: no such point any more */
};

/* The exhibit of this instruction and these values; NULL: the list has no such point. */
static const struct tg_exhibit *at_point(const struct points *all, enum tg_exp_id exp, int comp,
					 int state, int buf)
{
	for (size_t i = 0; i < all->finding->nr_exhibits; i++) {
		const struct tg_point *p = &all->point[i];
		int axis;

		if (p->exp != exp || !tg_point_is(p, TG_AXIS_state, state) ||
		    !tg_point_is(p, TG_AXIS_buf, buf))
			continue;
		axis = tg_exp_axis(exp, TG_AXIS_comp);
		/* FXSAVE and FXRSTOR know x87 and SSE alone */
		if ((axis < 0 ? TG_AT_comp_sse : p->value[axis]) == comp)
			return &all->finding->exhibits[i];
	}
	return NULL;
}

static void put_figure(const struct tg_exhibit *e, FILE *out)
{
	char value[TG_CELL], error[TG_CELL];

	if (!e || e->state != TG_TOLD) {
		fprintf(out, " %s |", e ? "-" : "");
		return;
	}
	tg_put_value(value, e->value, e->error);
	tg_put_value(error, e->error, e->error);
	fprintf(out, " %s +- %s%s |", value, error, e->disturbed ? " (disturbed)" : "");
}

static void put_states(const struct points *all, enum tg_exp_id exp, FILE *out)
{
	const struct tg_axis *states = &tg_axes[TG_AXIS_state], *bufs = &tg_axes[TG_AXIS_buf];
	int nr_comps = tg_axes[TG_AXIS_comp].nr_values;

	for (int buf = 0; buf < bufs->nr_values; buf++) {
		for (int state = 0; state < states->nr_values; state++) {
			bool any = false;

			for (int comp = 0; comp < nr_comps; comp++)
				any |= at_point(all, exp, comp, state, buf) != NULL;
			if (!any)
				continue;
			fprintf(out, "| %s | %s | %s |", tg_exps[exp].name,
				states->values[state].name, bufs->values[buf].name);
			for (int comp = 0; comp < nr_comps; comp++)
				put_figure(at_point(all, exp, comp, state, buf), out);
			fputc('\n', out);
		}
	}
}

static void put_parts(const struct tg_finding *f, FILE *out)
{
	struct points all = { f, calloc(f->nr_exhibits + 1, sizeof(*all.point)) };
	const struct tg_axis *comps = &tg_axes[TG_AXIS_comp];
	char err[128];

	for (size_t i = 0; all.point && i < f->nr_exhibits; i++)
		if (tg_point_parse(f->exhibits[i].name, &all.point[i], err, sizeof(err)))
			all.point[i].exp = TG_NR_EXPS;
	if (!all.point)
		return;
	fputs("\nCycles, by state components; -: this CPU or kernel lacks it.\n\n"
	      "| instruction | state | buffer |", out);
	for (int i = 0; i < comps->nr_values; i++)
		fprintf(out, " %s |", comps->values[i].name);
	fputs("\n|---|---|---|", out);
	for (int i = 0; i < comps->nr_values; i++)
		fputs("--:|", out);
	fputc('\n', out);
	for (int exp = 0; exp < TG_NR_EXPS; exp++)
		put_states(&all, (enum tg_exp_id)exp, out);
	free(all.point);
}

static void put_exhibits(const struct tg_judgement *j, FILE *out)
{
	for (size_t i = 0; i < j->nr_findings; i++) {
		const struct tg_finding *f = &j->findings[i];

		for (size_t k = 0; k < f->nr_exhibits; k++) {
			if (f->part->rule == TG_RULE_TABLE || f->exhibits[k].state != TG_TOLD ||
			    !tg_is_first_exhibit(j, i, k))
				continue;
			fputs("  - ", out);
			put_and_free(out, tg_say_exhibit(&f->exhibits[k]));
			fputc('\n', out);
		}
	}
}

/* What a verdict stands on: each part, then the figures, each once. */
static void put_grounds(const struct tg_ruling *r, const char *letter, FILE *out)
{
	const struct tg_judgement *j = r->by;

	fprintf(out, "\n`%s`, %s: %s\n\n", r->claim->id, letter, tg_say_answer(r, false));
	for (size_t i = 0; i < j->nr_findings; i++) {
		fputs("- ", out);
		put_and_free(out, tg_say_finding(&j->findings[i]));
		fputc('\n', out);
	}
	if (tg_is_settled(r) && j->way->by == TG_BY_REHEARSAL) {
		fputs("- left out of the rehearsal: ", out);
		put_and_free(out, tg_say_left_out(j));
		fputc('\n', out);
	}
	put_exhibits(j, out);
	for (size_t i = 0; i < j->nr_findings; i++)
		if (j->findings[i].part->rule == TG_RULE_TABLE)
			put_parts(&j->findings[i], out);
}

static void put_all_grounds(const struct tg_ledger *l, size_t at, FILE *out)
{
	char letter[TG_CELL];

	for (size_t c = 0; c < l->nr_columns; c++) {
		const struct tg_ruling *r = tg_ruling_at(l, at, c);

		tg_put_letter(letter, c);
		if (tg_is_settled(r) || r->by->answer == TG_NOT_RESOLVED)
			put_grounds(r, letter, out);
	}
}

static void put_ledger(const struct tg_ledger *l, FILE *out)
{
	put_columns(l, out);
	fputs("\n95 % intervals in parentheses.\n", out);
	for (int t = 0; t < TG_NR_THREADS; t++) {
		size_t nr = 0;

		for (size_t i = 0; i < l->nr_claims; i++) {
			if ((int)l->claims[i]->thread != t)
				continue;
			if (!nr++)
				put_heading(l, &tg_threads[t], out);
			put_row(l, i, out);
		}
		for (size_t i = 0; i < l->nr_claims; i++)
			if ((int)l->claims[i]->thread == t)
				put_all_grounds(l, i, out);
	}
}

int tg_claims_markdown(const struct tg_ledger *l, FILE *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *whole = open_memstream(&text, &len);
	int rc = 0;

	if (!whole)
		return -ENOMEM;
	put_ledger(l, whole);
	if (ferror(whole))
		rc = -ENOMEM;
	if (fclose(whole))
		rc = -ENOMEM;
	return tg_flush_text(rc, text, len, out);
}
