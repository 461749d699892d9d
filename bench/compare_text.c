/* SPDX-License-Identifier: GPL-2.0 */
/* A comparison as text for a mail, or with its tables in Markdown. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "report_head.h"
#include "wrap.h"

/* Texts of the head start in this column; lists of names are set in by two. */
#define INDENT 13
#define LIST_INDENT 2

/* Of a line of the table the name takes so much, the cells the rest. */
#define NAME_WIDTH 24

struct cells {
	char a[24], b[24], change[24], interval[48], absolute[24], yardstick[24];
	const char *verdict;
};

/* Decimals that keep a thousandth of a cycle or four digits. */
static int decimals_of(double v)
{
	v = fabs(v);
	return v >= 1000 ? 0 : v >= 100 ? 1 : v >= 10 ? 2 : 3;
}

static void put_number(char *cell, size_t len, double v, int decimals, const char *sign)
{
	char format[16];

	/* nothing that rounds to zero keeps its sign */
	if (fabs(v) < 0.5 * pow(10, -decimals))
		v = 0;
	snprintf(format, sizeof(format), "%%%s.*%s", sign, fabs(v) < 1e7 ? "f" : "e");
	if (!isfinite(v))
		snprintf(cell, len, "-");
	else
		snprintf(cell, len, format, fabs(v) < 1e7 ? decimals : 2, v);
}

/* A share of A's value in percent; "-" where there is no such share. */
static void put_share(char *cell, size_t len, const struct tg_change *c, double v,
		      const char *sign)
{
	double percent = isnan(tg_relative(c)) ? NAN : 100 * v / fabs(c->a);

	put_number(cell, len, percent, fabs(percent) >= 99.95 ? 0 : fabs(percent) >= 9.995 ? 1 : 2,
		   sign);
}

static void fill_cells(struct cells *k, const struct tg_change *c)
{
	bool whole = c->unit == TG_UNIT_INSNS && c->a == floor(c->a) && c->b == floor(c->b);
	int decimals = whole ? 0 : decimals_of(c->a);
	char low[20], high[20];

	put_number(k->a, sizeof(k->a), c->a, decimals, "");
	put_number(k->b, sizeof(k->b), c->b, whole ? 0 : decimals_of(c->b), "");
	put_share(k->change, sizeof(k->change), c, c->change, "+");
	put_share(k->yardstick, sizeof(k->yardstick), c, c->yardstick, "");
	if (strcmp(k->change, "-"))
		strcat(k->change, "%");
	if (strcmp(k->yardstick, "-"))
		strcat(k->yardstick, "%");
	put_share(low, sizeof(low), c, c->low, "+");
	put_share(high, sizeof(high), c, c->high, "+");
	if (isnan(c->low) || isnan(tg_relative(c)))
		strcpy(k->interval, "-");
	else
		snprintf(k->interval, sizeof(k->interval), "%s..%s", low, high);
	put_number(k->absolute, sizeof(k->absolute), c->change, decimals, "+");
	k->verdict = tg_verdict_names[c->verdict];
}

/* The one layout of a line of the table: the name has a line of its own where it must. */
static void put_line(FILE *out, const char *name, const struct cells *k)
{
	char cells[256];
	int len = snprintf(cells, sizeof(cells), "%7s %7s %7s %12s %7s %-6s", k->a, k->b,
			   k->change, k->interval, k->absolute, k->verdict);
	char *ascii = tg_ascii(name);

	if (!ascii)
		return;
	while (cells[len - 1] == ' ')
		cells[--len] = '\0';
	if (strlen(ascii) < NAME_WIDTH + (cells[0] == ' ') &&
	    len <= TG_COLUMNS - NAME_WIDTH) {
		fprintf(out, "%-*s%s\n", NAME_WIDTH, ascii, cells);
	} else {
		tg_wrap(out, "", 0, ascii);
		if (len <= TG_COLUMNS - NAME_WIDTH)
			fprintf(out, "%*s%s\n", NAME_WIDTH, "", cells);
		else
			tg_wrap(out, "", LIST_INDENT, cells);
	}
	free(ascii);
}

static void put_markdown_line(FILE *out, const char *name, const struct cells *k)
{
	char *ascii = tg_ascii(name);

	if (!ascii)
		return;
	fputs("| ", out);
	for (const char *c = ascii; *c; c++)
		fprintf(out, "%s%c", *c == '|' || *c == '\\' ? "\\" : "", *c);
	fprintf(out, " | %s | %s | %s | %s | %s | %s | %s |\n", k->a, k->b, k->change, k->interval,
		k->absolute, k->yardstick, k->verdict);
	free(ascii);
}

static void put_heading(FILE *out, const struct tg_change *c, bool markdown)
{
	struct cells k = { .a = "A", .b = "B", .change = "change", .interval = "95 % within",
			   .yardstick = "counts above", .verdict = markdown ? "verdict" : "" };
	char family[TG_COLUMNS / 2];

	snprintf(family, sizeof(family), "%.*s", (int)strcspn(c->name, "/"), c->name);
	if (c->unit == TG_UNIT_INSNS)
		strcpy(k.interval, "exact");
	else if (c->by_boots)
		strcpy(k.interval, "95 %");
	snprintf(k.absolute, sizeof(k.absolute), "%s", tg_unit_names[c->unit]);
	fputc('\n', out);
	if (!markdown) {
		put_line(out, family, &k);
		return;
	}
	put_markdown_line(out, "experiment", &k);
	fputs("|---|--:|--:|--:|--:|--:|--:|---|\n", out);
}

static bool same_table(const struct tg_change *a, const struct tg_change *b)
{
	size_t family = strcspn(a->name, "/");

	return a->unit == b->unit && a->by_boots == b->by_boots &&
	       family == strcspn(b->name, "/") && !strncmp(a->name, b->name, family);
}

static void put_tables(const struct tg_comparison *c, bool markdown, FILE *out)
{
	for (size_t i = 0; i < c->nr_rows; i++) {
		size_t first = 0;

		while (!same_table(&c->rows[first], &c->rows[i]))
			first++;
		if (first < i)
			continue;
		put_heading(out, &c->rows[i], markdown);
		for (size_t k = i; k < c->nr_rows; k++) {
			struct cells cells;

			if (!same_table(&c->rows[i], &c->rows[k]))
				continue;
			fill_cells(&cells, &c->rows[k]);
			(markdown ? put_markdown_line : put_line)(out, c->rows[k].name, &cells);
		}
	}
}

static bool same_list(const struct tg_absent *a, const struct tg_absent *b)
{
	return a->side == b->side && a->both == b->both && tg_absent_alike(a, b);
}

static void put_absent_heading(const struct tg_comparison *c, const struct tg_absent *a, size_t nr,
			       FILE *out)
{
	const struct tg_side *side = a->side ? c->b : c->a, *other = a->side ? c->a : c->b;
	const char *who = a->both ? "A and B" : a->side ? "B" : "A";
	char report[48] = "";

	if (side->nr > 1)
		snprintf(report, sizeof(report), ", report %zu of %zu", a->report + 1, side->nr);
	fputc('\n', out);
	if (a->missing && side->nr == 1 && other->nr == 1)
		tg_say(out, "", 0, "only in %s: %zu", a->side ? "A" : "B", nr);
	else if (a->missing)
		tg_say(out, "", 0, "not in %s%s: %zu", who, report, nr);
	else if (a->status == TG_OK || a->status == TG_NOT_RESOLVABLE)
		tg_say(out, "", 0, "measured in different units, so not compared: %zu", nr);
	else
		tg_say(out, "", 0, "%s in %s%s: %zu: %s", tg_status_names[a->status], who, report,
		       nr, a->reason ? a->reason : "no reason given");
}

static void put_absent(const struct tg_comparison *c, FILE *out)
{
	for (size_t i = 0; i < c->nr_absent; i++) {
		const struct tg_absent *a = &c->absent[i];
		char *names = NULL;
		size_t len, nr = 0, first = 0;
		FILE *list;

		while (!same_list(&c->absent[first], a))
			first++;
		/* what both sides lack stands in A's list */
		if (first < i || (a->side && a->both))
			continue;
		list = open_memstream(&names, &len);
		if (!list)
			return;
		for (size_t k = i; k < c->nr_absent; k++) {
			if (!same_list(a, &c->absent[k]))
				continue;
			fprintf(list, "%s ", c->absent[k].name);
			nr++;
		}
		if (!fclose(list)) {
			put_absent_heading(c, a, nr, out);
			tg_say(out, "", LIST_INDENT, "%s", names);
		}
		free(names);
	}
}

static void put_side(FILE *out, const char *label, const struct tg_side *side, size_t boots,
		     size_t rounds)
{
	const struct tg_environment *env = &side->reports[0]->env;
	char *names = strdup(side->name);

	/* a word each, so that lines break between them */
	for (char *c = names; c && *c; c++)
		if (*c == ',')
			*c = ' ';
	tg_say(out, label, INDENT, "%s", names ? names : side->name);
	free(names);
	tg_say(out, "", INDENT, "%s, %s, %zu report%s, %zu boot%s x %zu round%s", env->kernel,
	       env->date, side->nr, side->nr == 1 ? "" : "s", boots, boots == 1 ? "" : "s", rounds,
	       rounds == 1 ? "" : "s");
}

static void put_method(const struct tg_comparison *c, FILE *out)
{
	size_t sampled = 0, by_boots = 0, quick = 0, boots = c->boots[0] + c->boots[1];

	for (size_t i = 0; i < c->nr_rows; i++) {
		sampled += c->rows[i].unit != TG_UNIT_INSNS;
		by_boots += c->rows[i].by_boots;
		quick += c->rows[i].quick;
	}
	if (quick)
		tg_say(out, "QUICK:", INDENT, "%zu of %zu rows come from fewer than %d rounds: more with --rounds N, or beside less other work",
		       quick, c->nr_rows, TG_FULL_ROUNDS);
	if (sampled < c->nr_rows)
		tg_say(out, "insns:", INDENT,
		       "exact counts, never cycles: any difference is a change");
	if (!sampled)
		return;
	if (by_boots)
		tg_say(out, "sample:", INDENT, "a boot's figure, %zu against %zu", c->boots[0],
		       c->boots[1]);
	if (by_boots < sampled && boots <= 2)
		tg_say(out, "sample:", INDENT,
		       "a round: holds within this boot only; from %d boots or reports a side "
		       "(A1,A2,... B1,B2,...) the boot is the sample", TG_BOOTS_TO_TEST);
	else if (by_boots < sampled)
		tg_say(out, "sample:", INDENT,
		       "a round: holds within these boots only, %zu against %zu; from %d each the "
		       "boot is the sample", c->boots[0], c->boots[1], TG_BOOTS_TO_TEST);
	tg_say(out, "counts:", INDENT,
	       "what is significant among %zu rows (q < %.2f) and more than two runs of one thing "
	       "differ by, %.3g %% or more", sampled, TG_ALPHA,
	       100 * (by_boots ? TG_FLOOR_BOOTS : TG_FLOOR_ROUNDS));
	if (tg_states_differ(c))
		tg_say(out, "core:", INDENT,
		       "FXRSTOR takes %.4g cycles in A, %.4g in B: another state of the core; rows "
		       "but insn and gs count from %.3g %% on", c->state[0], c->state[1],
		       100 * TG_FLOOR_STATES);
	if (c->disturbed)
		tg_say(out, "disturbed:", INDENT,
		       "%zu row%s taken beside another thread on the core, or in changing states of "
		       "it: %s from %.3g %% on",
		       c->disturbed, c->disturbed == 1 ? "" : "s",
		       c->disturbed == 1 ? "counts" : "count", 100 * TG_FLOOR_DISTURBED);
	if (c->without_kin)
		tg_say(out, "", INDENT,
		       "too few other rows to tell by how far the machine was the same: %zu row%s "
		       "judged by %s own rounds alone", c->without_kin,
		       c->without_kin == 1 ? "" : "s", c->without_kin == 1 ? "its" : "their");
}

static void put_sum(const struct tg_comparison *c, FILE *out)
{
	size_t counts[TG_NR_VERDICTS] = { 0 };

	for (size_t i = 0; i < c->nr_rows; i++)
		counts[c->rows[i].verdict]++;
	fprintf(out, "\n%zu compared:", c->nr_rows);
	for (int v = 0, first = 1; v < TG_NR_VERDICTS; v++) {
		if (!counts[v])
			continue;
		fprintf(out, "%s %zu %s", first ? "" : ",", counts[v], tg_verdict_names[v]);
		first = 0;
	}
	fputc('\n', out);
}

int tg_compare_text(const struct tg_comparison *c, bool markdown, FILE *out)
{
	const struct tg_report *r = c->a->reports[0];
	char *text = NULL;
	size_t len;
	FILE *whole = open_memstream(&text, &len);
	int rc = 0;

	/* In memory first, as a report: nothing is half written. */
	if (!whole)
		return -ENOMEM;
	fprintf(whole, "Tollgate comparison, lane %s, %s\n", tg_lane_names[r->lane],
		tg_unit_names[r->cal.unit]);
	if (markdown)
		fputs("\n```\n", whole);
	put_side(whole, "A:", c->a, c->boots[0], c->rounds[0]);
	put_side(whole, "B:", c->b, c->boots[1], c->rounds[1]);
	put_method(c, whole);
	if (markdown)
		fputs("```\n", whole);
	put_tables(c, markdown, whole);
	if (markdown && c->nr_absent)
		fputs("\n```", whole);
	put_absent(c, whole);
	if (markdown && c->nr_absent)
		fputs("```\n", whole);
	put_sum(c, whole);
	if (ferror(whole))
		rc = -ENOMEM;
	if (fclose(whole))
		rc = -ENOMEM;
	errno = 0;
	if (!rc && (fwrite(text, 1, len, out) != len || fflush(out)))
		rc = errno ? -errno : -EIO;
	free(text);
	return rc;
}
