/* SPDX-License-Identifier: GPL-2.0 */
/* tollgate compare A B [C...]: configurations against the first. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "compare.h"
#include "compare_sample.h"
#include "exit.h"

enum { OPT_ACROSS = 256, OPT_FAIL_ABOVE, OPT_MARKDOWN };

static const struct argp_option options[] = {
	{ "across", OPT_ACROSS, "KEY", 0,
	  "Compare reports although they differ in KEY (repeatable): schema, unit, lane, cpu, "
	  "microcode, kernel, append, qemu-cpu, mitigations, topology or counter", 0 },
	{ "fail-above", OPT_FAIL_ABOVE, "PERCENT", 0,
	  "Exit with status 1 if an experiment is slower by more than so much, as 5%", 0 },
	{ "markdown", OPT_MARKDOWN, NULL, 0, "Tables in Markdown", 0 },
	{ 0 }
};

struct arguments {
	unsigned int across;	/* bits 1 << enum tg_key */
	double fail_above;	/* share; NaN: not asked for */
	bool markdown;
	char **sides;
	int nr_sides;
};

static unsigned int key_of(struct argp_state *state, const char *text)
{
	char allowed[128] = "";

	for (int i = 0; i < TG_NR_KEYS; i++) {
		if (!strcmp(text, tg_key_names[i]))
			return 1u << i;
		strcat(strcat(allowed, " "), tg_key_names[i]);
	}
	tg_bad_usage(state, "--across '%s' is not allowed; allowed:%s", text, allowed);
}

/* "5%" or "5" as a share. */
static double share_of(struct argp_state *state, const char *text)
{
	char *end;
	double v;

	errno = 0;
	v = strtod(text, &end);
	if (errno || end == text || strcmp(end, *end == '%' ? "%" : "") ||
	    strspn(text, "0123456789.") != (size_t)(end - text) || !(v >= 0 && v <= 1e6))
		tg_bad_usage(state, "--fail-above '%s' is not allowed; allowed: a percentage "
			     "from 0 to 1000000, as 5%% or 2.5%%", text);
	return v / 100;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPT_ACROSS:
		arguments->across |= key_of(state, arg);
		return 0;
	case OPT_FAIL_ABOVE:
		arguments->fail_above = share_of(state, arg);
		return 0;
	case OPT_MARKDOWN:
		arguments->markdown = true;
		return 0;
	case ARGP_KEY_ARGS:
		arguments->sides = state->argv + state->next;
		arguments->nr_sides = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (arguments->nr_sides < 2)
			tg_bad_usage(state, "at least two configurations are needed: A B, each "
				     "a report.json or several joined by commas");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "A B [C...]",
	.doc = "Compare reports, each configuration against the first: report.json files, those "
	       "of one configuration joined by commas."
	       "\vExit status: 0; 1 when --fail-above is passed; 2 when a report cannot be "
	       "understood, or none of A's experiments is in B; 4 when reports are unlike; 6 when "
	       "one cannot be read, or the output not written.",
};

static int complain(int rc, const char *what)
{
	fprintf(stderr, "tollgate: compare: %s\n", what);
	return rc;
}

/* Loads what the commas of one argument join. */
static int load(struct tg_side *side, const char *argument)
{
	const struct tg_report **reports = calloc(strlen(argument) + 1, sizeof(*reports));
	char *list = strdup(argument), *rest = list, *path, err[1024];
	int rc = TG_EXIT_OK;

	side->name = argument;
	side->reports = reports;
	if (!reports || !list)
		rc = complain(TG_EXIT_IO, "out of memory");
	while (!rc && (path = strsep(&rest, ","))) {
		if (!*path) {
			snprintf(err, sizeof(err), "'%s': a report's name is empty", argument);
			rc = complain(TG_EXIT_INPUT, err);
			break;
		}
		reports[side->nr] = tg_report_load(path, err, sizeof(err));
		if (reports[side->nr])
			side->nr++;
		else
			rc = complain(errno == EBADMSG ? TG_EXIT_INPUT : TG_EXIT_IO, err);
	}
	free(list);
	return rc;
}

static void unload(struct tg_side *side)
{
	for (size_t i = 0; i < side->nr; i++)
		tg_report_free((struct tg_report *)side->reports[i]);
	free((void *)side->reports);
}

/* The name of the i-th of the reports that the commas join. */
static void name_of(const struct tg_side *side, size_t i, char *name, size_t len)
{
	const char *at = side->name;

	while (i--)
		at = strchr(at, ',') + 1;
	snprintf(name, len, "%.*s", (int)strcspn(at, ","), at);
}

/* A report counts once: copies of one would pass for boots that agree. */
static int check_copies(const struct tg_side *side)
{
	char what[2048], a[512], b[512];

	for (size_t i = 0; i < side->nr; i++) {
		for (size_t k = 0; k < i; k++) {
			if (!tg_same_report(side->reports[k], side->reports[i]))
				continue;
			name_of(side, k, a, sizeof(a));
			name_of(side, i, b, sizeof(b));
			snprintf(what, sizeof(what), "%s and %s are the same report: it counts once", a, b);
			return complain(TG_EXIT_INPUT, what);
		}
	}
	return TG_EXIT_OK;
}

/* Whether the two measured any experiment in one unit. */
static bool share_a_row(const struct tg_report *a, const struct tg_report *b)
{
	for (size_t i = 0; i < a->nr_figures; i++) {
		const struct tg_figure *f = &a->figures[i], *g = tg_report_find(b, f->name);

		if (g && f->status == TG_OK && g->status == TG_OK && f->unit == g->unit)
			return true;
	}
	return false;
}

static int check_alike(const struct tg_side *first, const struct tg_side *side,
		       unsigned int across)
{
	char why[512], what[4096], a[512], b[512];
	bool unit = false;
	int n;

	for (size_t i = 0; i < side->nr; i++) {
		int key = tg_unlike(first->reports[0], side->reports[i], across, why, sizeof(why));

		if (key < 0)
			continue;
		name_of(first, 0, a, sizeof(a));
		name_of(side, i, b, sizeof(b));
		if (!share_a_row(first->reports[0], side->reports[i])) {
			snprintf(what, sizeof(what),
				 "%s and %s are unlike: %s; and they have no experiment in common that both measured in one unit",
				 a, b, why);
			return complain(TG_EXIT_REFUSED, what);
		}
		n = snprintf(what, sizeof(what), "%s and %s are unlike: %s; --across %s", a, b, why,
			     tg_key_names[key]);
		/* the other keys that differ, by name: one answer for all */
		while (key >= 0 && (size_t)n < sizeof(what)) {
			unit |= key == TG_KEY_UNIT;
			across |= 1u << key;
			key = tg_unlike(first->reports[0], side->reports[i], across, why,
					sizeof(why));
			if (key >= 0)
				n += snprintf(what + n, sizeof(what) - n, " --across %s",
					      tg_key_names[key]);
		}
		if ((size_t)n < sizeof(what))
			snprintf(what + n, sizeof(what) - n, " compares them%s",
				 unit ? ", rows of one unit only" : "");
		return complain(TG_EXIT_REFUSED, what);
	}
	return TG_EXIT_OK;
}

static int compare(const struct arguments *arguments, const struct tg_side *a,
		   const struct tg_side *b, bool *passed)
{
	struct tg_comparison *c = tg_compare(a, b);
	char what[512];
	int rc;

	if (!c)
		return complain(TG_EXIT_IO, "out of memory");
	if (!c->nr_rows) {
		snprintf(what, sizeof(what),
			 "%.200s and %.200s have no experiment in common that both measured in one unit", a->name,
			 b->name);
		rc = complain(TG_EXIT_INPUT, what);
	} else {
		rc = tg_compare_text(c, arguments->markdown, stdout);
		if (rc) {
			snprintf(what, sizeof(what), "cannot write: %s", strerror(-rc));
			rc = complain(TG_EXIT_IO, what);
		}
		*passed |= !isnan(arguments->fail_above) &&
			   tg_slower_than(c, arguments->fail_above);
	}
	tg_comparison_free(c);
	return rc;
}

int tg_cmd_compare(int argc, char **argv)
{
	struct arguments arguments = { .fail_above = NAN };
	static char name[] = "tollgate compare";
	struct tg_side *sides;
	bool passed = false;
	int rc = TG_EXIT_OK;

	if (argc > 0)
		argv[0] = name;
	tg_arguments(&argp, argc, argv, &arguments);
	sides = calloc((size_t)arguments.nr_sides, sizeof(*sides));
	if (!sides)
		return complain(TG_EXIT_IO, "out of memory");

	/* All are looked at before anything is printed. */
	for (int i = 0; i < arguments.nr_sides && !rc; i++)
		rc = load(&sides[i], arguments.sides[i]);
	for (int i = 0; i < arguments.nr_sides && !rc; i++)
		rc = check_alike(&sides[0], &sides[i], arguments.across);
	for (int i = 0; i < arguments.nr_sides && !rc; i++)
		rc = check_copies(&sides[i]);
	for (int i = 1; i < arguments.nr_sides && !rc; i++) {
		if (i > 1)
			putchar('\n');
		rc = compare(&arguments, &sides[0], &sides[i], &passed);
	}
	for (int i = 0; i < arguments.nr_sides; i++)
		unload(&sides[i]);
	free(sides);
	return rc ? rc : passed ? TG_EXIT_FAILED : TG_EXIT_OK;
}
