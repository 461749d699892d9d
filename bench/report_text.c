/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text report: the head, a table for each family, then what the table has
 * no column for, grouped so that a common reason is said once.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_file.h"
#include "report_head.h"
#include "wrap.h"

/* Longer numbers than this are printed in powers of ten. */
#define MOST_SHOWN 1e9

/* Texts below the table are set in by this. */
#define INDENT 2

typedef bool (*same_fn)(const struct tg_figure *a, const struct tg_figure *b);

static bool is_measured(const struct tg_figure *f)
{
	return f->status == TG_OK || f->status == TG_NOT_RESOLVABLE;
}

static const char *name_of(const struct tg_figure *f)
{
	return f->name ? f->name : "?";
}

/*
 * Decimals of a figure: as many as show two significant digits of its error,
 * at most 3. Without an error (exact counts, a single round) by size.
 */
static int decimals_of(const struct tg_figure *f)
{
	double size = fabs(f->value);
	int decimals;

	if (f->error > 0 && isfinite(f->error)) {
		decimals = 1 - (int)floor(log10(f->error));
		return decimals < 0 ? 0 : decimals > 3 ? 3 : decimals;
	}
	if (f->unit == TG_UNIT_INSNS && f->value == floor(f->value))
		return 0;
	return size >= 1000 ? 1 : size >= 10 ? 2 : 3;
}

static void put_number(char *cell, size_t len, double v, int decimals)
{
	if (!isfinite(v))
		snprintf(cell, len, "?");
	else if (fabs(v) >= MOST_SHOWN)
		snprintf(cell, len, "%.4g", v);
	else
		/* nothing that rounds to zero keeps its sign */
		snprintf(cell, len, "%.*f", decimals,
			 fabs(v) < 0.5 * pow(10, -decimals) ? 0 : v);
}

static void put_ns(char *cell, size_t len, const struct tg_figure *f)
{
	double size = fabs(f->ns);

	if (f->status == TG_OK && isfinite(f->ns))
		put_number(cell, len, f->ns, size < 10 ? 2 : size < 1000 ? 1 : 0);
	else
		snprintf(cell, len, "-");
}

/* At most five characters: 12345, 123k, 12M. */
static void put_count(char *cell, size_t len, long n)
{
	const char *power = "kMGTPE";

	if (n < 100000) {
		snprintf(cell, len, "%ld", n);
		return;
	}
	for (n /= 1000; n >= 1000; power++)
		n /= 1000;
	snprintf(cell, len, "%ld%c", n, *power);
}

/* The one layout of a line of the table: name at the left, cells at the right edge. */
static void put_row(FILE *out, const char *name, const char *value, const char *unit,
		    const char *ns, const char *rounds, const char *discarded)
{
	char cells[160];

	snprintf(cells, sizeof(cells), "%s %-6s %6s %7s %4s", value, unit, ns, rounds, discarded);
	tg_row(out, name, cells);
}

static void put_figure(FILE *out, const struct tg_figure *f)
{
	char value[32], error[32], both[80], ns[32], rounds[24], per_round[12], discarded[12];
	int decimals = decimals_of(f);
	long nr = (long)f->nr_rounds;

	if (f->status == TG_NOT_RESOLVABLE) {
		put_number(value, sizeof(value), fabs(f->value) + f->error, decimals);
		snprintf(both, sizeof(both), "not resolvable (< %s)", value);
	} else {
		put_number(value, sizeof(value), f->value, decimals);
		put_number(error, sizeof(error), f->error, decimals);
		snprintf(both, sizeof(both), "%s +- %-4s", value, error);
	}
	put_ns(ns, sizeof(ns), f);
	put_count(rounds, sizeof(rounds), nr);
	put_count(per_round, sizeof(per_round),
		  nr ? f->samples / nr + (f->samples % nr >= nr - nr / 2) : 0);
	strcat(rounds, "x");
	strcat(rounds, per_round);
	put_count(discarded, sizeof(discarded), f->discarded);
	put_row(out, name_of(f), both, tg_unit_names[f->unit], ns, rounds, discarded);
}

static bool same_family(const struct tg_figure *a, const struct tg_figure *b)
{
	size_t len = strcspn(name_of(a), "/");

	return is_measured(a) && is_measured(b) && len == strcspn(name_of(b), "/") &&
	       !strncmp(name_of(a), name_of(b), len);
}

static bool same_reason(const struct tg_figure *a, const struct tg_figure *b)
{
	return !is_measured(a) && a->status == b->status &&
	       !strcmp(a->reason ? a->reason : "", b->reason ? b->reason : "");
}

static bool same_left_out(const struct tg_figure *a, const struct tg_figure *b)
{
	if (!is_measured(a) || !is_measured(b) || !a->nr_left_out ||
	    a->nr_left_out != b->nr_left_out)
		return false;
	for (size_t i = 0; i < a->nr_left_out; i++)
		if (strcmp(a->left_out[i], b->left_out[i]))
			return false;
	return true;
}

static bool both_exit(const struct tg_figure *a, const struct tg_figure *b)
{
	return is_measured(a) && is_measured(b) && a->exits && b->exits;
}

static bool both_quick(const struct tg_figure *a, const struct tg_figure *b)
{
	return is_measured(a) && is_measured(b) && a->quick && b->quick;
}

static bool is_disturbed(const struct tg_figure *f)
{
	return is_measured(f) && tg_is_disturbed(f);
}

static bool both_disturbed(const struct tg_figure *a, const struct tg_figure *b)
{
	return is_disturbed(a) && is_disturbed(b);
}

/* The number of figures like this one, 0 when an earlier one has been counted with them. */
static size_t group_of(const struct tg_report *r, size_t at, same_fn same)
{
	size_t count = 0;

	for (size_t i = 0; i < r->nr_figures; i++) {
		if (!same(&r->figures[at], &r->figures[i]))
			continue;
		if (i < at)
			return 0;
		count++;
	}
	return count;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void list_names(const struct tg_report *r, size_t at, same_fn same, size_t most, FILE *out)
{
	char *names = NULL;
	size_t len;
	FILE *list = open_memstream(&names, &len);

	if (!list)
		return;
	for (size_t i = at; i < r->nr_figures && most; i++)
		if (same(&r->figures[at], &r->figures[i]) && most--)
			fprintf(list, "%s ", name_of(&r->figures[i]));
	if (!fclose(list))
		tg_say(out, "", INDENT, "%s", names);
	free(names);
}

static void put_tables(const struct tg_report *r, FILE *out)
{
	char heading[32];

	snprintf(heading, sizeof(heading), "%s +- %-4s", "value", "err");
	for (size_t i = 0; i < r->nr_figures; i++) {
		const struct tg_figure *first = &r->figures[i];
		char *family;

		if (!group_of(r, i, same_family))
			continue;
		family = strndup(name_of(first), strcspn(name_of(first), "/"));
		fputc('\n', out);
		put_row(out, family ? family : "", heading, "unit", "ns", "rounds", "disc");
		free(family);
		for (size_t k = i; k < r->nr_figures; k++)
			if (same_family(first, &r->figures[k]))
				put_figure(out, &r->figures[k]);
	}
}

static void put_reasons(const struct tg_report *r, FILE *out)
{
	for (size_t i = 0; i < r->nr_figures; i++) {
		const struct tg_figure *first = &r->figures[i];
		size_t nr = group_of(r, i, same_reason);

		if (!nr)
			continue;
		fputc('\n', out);
		tg_say(out, "", 0, "%s: %zu figure%s: %s", tg_status_names[first->status], nr,
		       plural(nr), first->reason ? first->reason : "no reason given");
		list_names(r, i, same_reason, SIZE_MAX, out);
	}
}

static void put_rehearsals(const struct tg_report *r, FILE *out)
{
	for (size_t i = 0; i < r->nr_figures; i++) {
		const struct tg_figure *first = &r->figures[i];
		size_t nr = group_of(r, i, same_left_out), len;
		char *left_out = NULL;
		FILE *list;

		if (!nr)
			continue;
		list = open_memstream(&left_out, &len);
		if (!list)
			return;
		for (size_t k = 0; k < first->nr_left_out; k++)
			fprintf(list, "%s%s", k ? ", " : "", first->left_out[k]);
		if (!fclose(list)) {
			fputc('\n', out);
			tg_say(out, "", 0, "rehearsal%s, not measured: %s", plural(nr), left_out);
			list_names(r, i, same_left_out, SIZE_MAX, out);
		}
		free(left_out);
	}
}

/* So many names are listed; of more the number is told, and these first. */
#define NAMES_MOST 16

/* A list of the figures that are like one another, below its heading. */
static void put_mark(const struct tg_report *r, same_fn same, const char *heading, FILE *out)
{
	for (size_t i = 0; i < r->nr_figures; i++) {
		size_t nr = group_of(r, i, same);

		if (!nr)
			continue;
		fputc('\n', out);
		if (nr > NAMES_MOST)
			tg_say(out, "", 0, "%s %zu figures, the first:", heading, nr);
		else
			tg_say(out, "", 0, "%s", heading);
		list_names(r, i, same, NAMES_MOST, out);
	}
}

static void put_marks(const struct tg_report *r, FILE *out)
{
	size_t measured = 0, quick = 0;

	for (size_t i = 0; i < r->nr_figures; i++) {
		measured += is_measured(&r->figures[i]);
		quick += both_quick(&r->figures[i], &r->figures[i]);
	}
	/* When all are, the head has said it. */
	if (quick < measured)
		put_mark(r, both_quick, "quick, too few rounds for claims:", out);
	put_mark(r, both_disturbed,
		 "beside another thread on the core, or in another state of it, so off by up to a quarter:",
		 out);
	if (r->env.hypervisor && strcmp(r->env.hypervisor, "none") && r->cal.unit != TG_UNIT_INSNS)
		put_mark(r, both_exit, "a hypervisor may trap these, and its exit then counts in:",
			 out);
}

int tg_report_text(const struct tg_report *r, FILE *out)
{
	char *text;
	size_t len;
	FILE *whole;
	int rc = 0;

	/* In memory first: there a fault can only be short memory, and nothing is half written. */
	whole = open_memstream(&text, &len);
	if (!whole)
		return -ENOMEM;
	tg_report_head(r, whole);
	put_tables(r, whole);
	tg_report_events(r, whole);
	put_reasons(r, whole);
	put_rehearsals(r, whole);
	put_marks(r, whole);
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

int tg_report_save_text(const struct tg_report *r, const char *path, char *err, size_t errlen)
{
	char *text = NULL;
	size_t len;
	FILE *whole = open_memstream(&text, &len);
	int rc = -ENOMEM;

	if (whole) {
		rc = tg_report_text(r, whole);
		if (fclose(whole) && !rc)
			rc = -ENOMEM;
	}
	if (rc)
		snprintf(err, errlen, "%s: cannot write: %s", path, strerror(-rc));
	else
		rc = tg_file_replace(path, text, len, err, errlen);
	free(text);
	return rc;
}
