/* SPDX-License-Identifier: GPL-2.0 */
/* A ledger as text for a mail, and all there is to say of a claim. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "claims_evidence.h"
#include "claims_say.h"
#include "report_head.h"
#include "wrap.h"

#define ID_WIDTH	15	/* claims' texts start in this column */
#define INDENT		4
#define MATRIX_WIDTH	15	/* of a column of the matrix */
#define MATRIX_MOST	((TG_COLUMNS - ID_WIDTH) / MATRIX_WIDTH)
#define NAMED_MOST	4	/* names in a line of what was not used */

/* As tg_say() with text that is freed; nothing where memory was short for it. */
static void say_and_free(FILE *out, const char *label, int indent, char *text)
{
	if (text)
		tg_say(out, label, indent, "%s", text);
	free(text);
}

static void put_columns(const struct tg_ledger *l, FILE *out)
{
	char letter[TG_CELL], label[TG_CELL + 2];

	for (size_t c = 0; c < l->nr_columns; c++) {
		const struct tg_column *column = &l->columns[c];

		tg_put_letter(letter, c);
		snprintf(label, sizeof(label), "%.8s:", letter);
		say_and_free(out, label, INDENT, tg_say_machine(column->reports[0]));
		for (size_t i = 0; i < column->nr; i++)
			say_and_free(out, "", INDENT, tg_say_report(column, i));
	}
}

static void put_matrix(const struct tg_ledger *l, FILE *out)
{
	char letter[TG_CELL];

	for (size_t from = 0; from < l->nr_columns; from += MATRIX_MOST) {
		size_t to = from + MATRIX_MOST < l->nr_columns ? from + MATRIX_MOST : l->nr_columns;

		fprintf(out, "\n%-*s", ID_WIDTH, "claim");
		for (size_t c = from; c < to; c++) {
			tg_put_letter(letter, c);
			fprintf(out, c + 1 < to ? "%-*s" : "%.*s", MATRIX_WIDTH, letter);
		}
		fputc('\n', out);
		for (size_t i = 0; i < l->nr_claims; i++) {
			fprintf(out, "%-*s", ID_WIDTH, l->claims[i]->id);
			for (size_t c = from; c < to; c++)
				fprintf(out, c + 1 < to ? "%-*s" : "%.*s", MATRIX_WIDTH,
					tg_say_answer(tg_ruling_at(l, i, c), true));
			fputc('\n', out);
		}
	}
}

/* What cannot be used, a line for each reason. */
static void put_unused(const struct tg_ruling *r, FILE *out)
{
	for (size_t i = 0; i < r->nr_unused; i++) {
		const struct tg_unused *u = &r->unused[i];
		char *names = NULL, *longer;
		size_t nr = 0;

		for (size_t k = 0; k < r->nr_unused; k++) {
			const struct tg_unused *other = &r->unused[k];

			if (other->report != u->report || strcmp(other->why, u->why))
				continue;
			if (k < i || (r->by->why && strstr(r->by->why, u->why)))
				break;	/* said already */
			if (nr++ >= NAMED_MOST)
				continue;
			longer = tg_text("%s%s%s", names ? names : "", names ? " " : "", other->name);
			free(names);
			names = longer;
		}
		if (nr && names)
			tg_say(out, "", INDENT, nr > NAMED_MOST ?
			       "not used: lane %s, %s: %s and %zu more" : "not used: lane %s, %s: %s",
			       tg_lane_names[u->report->lane], u->why, names, nr - NAMED_MOST);
		free(names);
	}
}

/* Figures behind a verdict: in full also what is missing, and of a table those there are. */
static bool is_shown(const struct tg_finding *f, const struct tg_exhibit *e, bool full)
{
	bool table = f->part->rule == TG_RULE_TABLE, told = e->state == TG_TOLD;

	return full ? told || !table : told && !table;
}

static void put_exhibits(const struct tg_judgement *j, bool full, FILE *out)
{
	for (size_t i = 0; i < j->nr_findings; i++) {
		const struct tg_finding *f = &j->findings[i];

		for (size_t k = 0; k < f->nr_exhibits; k++)
			if (is_shown(f, &f->exhibits[k], full) && tg_is_first_exhibit(j, i, k))
				say_and_free(out, "", INDENT + 2,
					     tg_say_exhibit(&f->exhibits[k]));
	}
}

static void put_findings(const struct tg_judgement *j, bool full, FILE *out)
{
	for (size_t i = 0; i < j->nr_findings; i++) {
		char *sum = full ? tg_say_sum(&j->findings[i]) : NULL;

		say_and_free(out, "", INDENT, tg_say_finding(&j->findings[i]));
		if (sum && *sum)
			tg_say(out, "", INDENT + 2, "%s", sum);
		free(sum);
	}
	put_exhibits(j, full, out);
}

/* The verdict of a column, with what it stands on. */
static void put_ruling(const struct tg_ruling *r, const char *letter, FILE *out)
{
	const struct tg_judgement *j = r->by;
	bool rehearsed = j->way->by == TG_BY_REHEARSAL;
	char *left_out = NULL;

	if (tg_is_settled(r) && rehearsed)
		left_out = tg_say_left_out(j);
	if (!tg_is_settled(r))
		tg_say(out, letter, 2, "%s: %s", tg_say_answer(r, false), j->why ? j->why : "?");
	else
		tg_say(out, letter, 2, "%s%s%s%s%s%s%s", tg_say_answer(r, false),
		       rehearsed ? "" : ", by ", rehearsed ? "" : tg_by_names[j->way->by],
		       j->why ? ": " : "", j->why ? j->why : "", left_out ? "; left out: " : "",
		       left_out ? left_out : "");
	free(left_out);
	if (tg_is_settled(r) || j->answer == TG_NOT_RESOLVED)
		put_findings(j, false, out);
	put_unused(r, out);
}

static void put_claim(const struct tg_ledger *l, size_t at, FILE *out)
{
	char letter[TG_CELL];

	fputc('\n', out);
	tg_say(out, l->claims[at]->id, ID_WIDTH, "%s", l->claims[at]->text);
	for (size_t c = 0; c < l->nr_columns; c++) {
		tg_put_letter(letter, c);
		put_ruling(tg_ruling_at(l, at, c), l->nr_columns > 1 ? letter : "", out);
	}
}

static void put_sum(const struct tg_ledger *l, FILE *out)
{
	char letter[TG_CELL];

	fputc('\n', out);
	for (size_t c = 0; c < l->nr_columns; c++) {
		size_t counts[TG_NR_ANSWERS] = { 0 };
		char *list = NULL, *longer;

		for (size_t i = 0; i < l->nr_claims; i++)
			counts[tg_ruling_at(l, i, c)->by->answer]++;
		for (int a = 0; a < TG_NR_ANSWERS; a++) {
			if (!counts[a])
				continue;
			longer = tg_text("%s%s%s %zu", list ? list : "", list ? ", " : "",
					 tg_answer_names[a], counts[a]);
			free(list);
			list = longer;
		}
		tg_put_letter(letter, c);
		tg_say(out, l->nr_columns > 1 ? letter : "", l->nr_columns > 1 ? 2 : 0,
		       "%zu claim%s: %s", l->nr_claims, l->nr_claims == 1 ? "" : "s",
		       list ? list : "");
		free(list);
	}
}

/* In memory first: there a fault can only be short memory, and nothing is half written. */
static int write_all(const struct tg_ledger *l, void (*put)(const struct tg_ledger *l, FILE *out),
		     FILE *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *whole = open_memstream(&text, &len);
	int rc = 0;

	if (!whole)
		return -ENOMEM;
	put(l, whole);
	if (ferror(whole))
		rc = -ENOMEM;
	if (fclose(whole))
		rc = -ENOMEM;
	return tg_flush_text(rc, text, len, out);
}

static void put_ledger(const struct tg_ledger *l, FILE *out)
{
	int thread = -1;

	fprintf(out, "Tollgate claims (95 %% intervals in parentheses)\n");
	put_columns(l, out);
	if (l->nr_columns > 1)
		put_matrix(l, out);
	for (size_t i = 0; i < l->nr_claims; i++) {
		const struct tg_thread_info *t = &tg_threads[l->claims[i]->thread];

		if ((int)l->claims[i]->thread != thread) {
			fputc('\n', out);
			tg_say(out, "", 0, "%s (%s)", t->what, t->when);
		}
		thread = (int)l->claims[i]->thread;
		put_claim(l, i, out);
	}
	put_sum(l, out);
}

int tg_claims_text(const struct tg_ledger *l, FILE *out)
{
	return write_all(l, put_ledger, out);
}

static void explain_way(const struct tg_judgement *j, bool decides, FILE *out)
{
	fputc('\n', out);
	tg_say(out, "", 2, "by %s: %s%s%s%s", tg_by_names[j->way->by], tg_answer_names[j->answer],
	       j->why ? ": " : "", j->why ? j->why : "", decides ? "  <- the verdict" : "");
	put_findings(j, true, out);
}

static void explain_claim(const struct tg_ledger *l, size_t at, FILE *out)
{
	const struct tg_claim *claim = l->claims[at];
	const struct tg_thread_info *t = &tg_threads[claim->thread];
	char letter[TG_CELL];

	if (at)
		fputc('\n', out);
	tg_say(out, claim->id, ID_WIDTH, "%s", claim->text);
	tg_say(out, "thread:", ID_WIDTH, "%s (%s)", t->what, t->when);
	tg_say(out, tg_is_question(claim) ? "asked:" : "holds when:", ID_WIDTH, "%s",
	       claim->holds_when);
	tg_say(out, "settled by:", ID_WIDTH, "%s", claim->settled_by);
	for (size_t w = 0; w < claim->nr_ways; w++) {
		char label[TG_CELL];

		snprintf(label, sizeof(label), "%s:", tg_by_names[claim->ways[w].by]);
		say_and_free(out, label, ID_WIDTH, tg_say_settle(&claim->ways[w]));
	}
	for (size_t c = 0; c < l->nr_columns; c++) {
		const struct tg_ruling *r = tg_ruling_at(l, at, c);

		tg_put_letter(letter, c);
		fputc('\n', out);
		say_and_free(out, letter, 2, tg_say_machine(l->columns[c].reports[0]));
		for (size_t i = 0; i < l->columns[c].nr; i++)
			say_and_free(out, "", 2, tg_say_report(&l->columns[c], i));
		tg_say(out, "", 2, "%s", tg_say_answer(r, false));
		for (size_t w = 0; w < r->nr_ways; w++)
			explain_way(&r->ways[w], &r->ways[w] == r->by, out);
		put_unused(r, out);
	}
}

static void explain(const struct tg_ledger *l, FILE *out)
{
	for (size_t i = 0; i < l->nr_claims; i++)
		explain_claim(l, i, out);
}

int tg_claims_explain(const struct tg_ledger *l, FILE *out)
{
	return write_all(l, explain, out);
}
