/* SPDX-License-Identifier: GPL-2.0 */
/* tollgate claims REPORT...: what the claims of the mailing lists come to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "claims.h"
#include "cmd.h"
#include "exit.h"

enum { OPT_MARKDOWN = 256, OPT_JSON, OPT_EXPLAIN };

typedef int (*writer_fn)(const struct tg_ledger *l, FILE *out);

static const struct argp_option options[] = {
	{ "claim", 'c', "PATTERN", 0,
	  "These claims alone (repeatable): an id, as gs.user, or a glob, as 'fpu.*'", 0 },
	{ "explain", OPT_EXPLAIN, "ID", 0,
	  "All there is to say of this claim (repeatable): threshold, what settles it, figures, "
	  "arithmetic, and what to run; with no REPORT the claim alone", 0 },
	{ "markdown", OPT_MARKDOWN, NULL, 0, "Tables in Markdown", 0 },
	{ "json", OPT_JSON, NULL, 0, "JSON (results/claims.schema.json)", 0 },
	{ 0 }
};

struct arguments {
	bool chosen[TG_NR_CLAIMS];
	bool any;		/* some were chosen */
	writer_fn write;
	char **files;
	int nr_files;
};

/* One column: the files of an argument, and of later ones that belong to it. */
struct column {
	const struct tg_report **reports;
	char **names;
	size_t nr;
	bool lanes[TG_NR_LANES];
};

static void choose_format(struct argp_state *state, writer_fn write)
{
	struct arguments *arguments = state->input;

	if (arguments->write && arguments->write != write)
		tg_bad_usage(state, "one of --explain, --markdown and --json at most");
	arguments->write = write;
}

static void choose_claims(struct argp_state *state, const char *pattern)
{
	struct arguments *arguments = state->input;
	char err[512];

	if (tg_claims_match(pattern, arguments->chosen, err, sizeof(err)))
		tg_bad_usage(state, "%s", err);
	arguments->any = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'c':
		choose_claims(state, arg);
		return 0;
	case OPT_EXPLAIN:
		choose_format(state, tg_claims_explain);
		choose_claims(state, arg);
		return 0;
	case OPT_MARKDOWN:
		choose_format(state, tg_claims_markdown);
		return 0;
	case OPT_JSON:
		choose_format(state, tg_claims_json);
		return 0;
	case ARGP_KEY_ARGS:
		arguments->files = state->argv + state->next;
		arguments->nr_files = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->nr_files && arguments->write != tg_claims_explain)
			tg_bad_usage(state, "no report given");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "REPORT...",
	.doc = "What the claims of the mailing-list threads come to by these reports "
	       "(report.json): a column each. Those of one machine and kernel in other lanes share "
	       "a column, and so do those joined by commas."
	       "\vExit status: 0; 2 when a report cannot be understood or a claim is unknown; 4 when "
	       "reports joined by commas are of different machines or kernels; 6 when one cannot be "
	       "read, or the output not written.",
};

static int complain(int rc, const char *what)
{
	fprintf(stderr, "tollgate: claims: %s\n", what);
	return rc;
}

static int add_report(struct column *c, const struct tg_report *r, const char *name)
{
	const struct tg_report **reports;
	char **names;

	reports = reallocarray(c->reports, c->nr + 1, sizeof(*reports));
	c->reports = reports ? reports : c->reports;
	names = reallocarray(c->names, c->nr + 1, sizeof(*names));
	c->names = names ? names : c->names;
	if (!reports || !names)
		return complain(TG_EXIT_IO, "out of memory");
	c->names[c->nr] = strdup(name);
	if (!c->names[c->nr])
		return complain(TG_EXIT_IO, "out of memory");
	c->reports[c->nr++] = r;
	c->lanes[r->lane] = true;
	return TG_EXIT_OK;
}

/* Loads one file into a column that it must belong to, or that is empty. */
static int load(struct column *c, const char *path)
{
	char err[1024], why[512], what[2048];
	struct tg_report *r = tg_report_load(path, err, sizeof(err));
	int rc;

	if (!r)
		return complain(errno == EBADMSG ? TG_EXIT_INPUT : TG_EXIT_IO, err);
	if (c->nr && !tg_same_column(c->reports[0], r, why, sizeof(why))) {
		snprintf(what, sizeof(what), "%.500s and %.500s are not of one machine and kernel: %s",
			 c->names[0], path, why);
		tg_report_free(r);
		return complain(TG_EXIT_REFUSED, what);
	}
	rc = add_report(c, r, path);
	if (rc)
		tg_report_free(r);
	return rc;
}

/* Loads what the commas of an argument join. */
static int load_argument(struct column *c, const char *argument)
{
	char *list = strdup(argument), *rest = list, *path, what[600];
	int rc = list ? TG_EXIT_OK : complain(TG_EXIT_IO, "out of memory");

	while (!rc && (path = strsep(&rest, ","))) {
		if (*path) {
			rc = load(c, path);
			continue;
		}
		snprintf(what, sizeof(what), "'%.500s': a report's name is empty", argument);
		rc = complain(TG_EXIT_INPUT, what);
	}
	free(list);
	return rc;
}

/*
 * The column of an earlier argument that a new one completes: of the same machine
 * and kernel, with none of its lanes. Two runs in one lane are two columns.
 */
static struct column *partner_of(struct column *columns, size_t nr, const struct column *new)
{
	for (size_t i = 0; i < nr; i++) {
		bool common = false;

		for (int lane = 0; lane < TG_NR_LANES; lane++)
			common |= columns[i].lanes[lane] && new->lanes[lane];
		if (!common && tg_same_column(columns[i].reports[0], new->reports[0], NULL, 0))
			return &columns[i];
	}
	return NULL;
}

static void empty_column(struct column *c)
{
	for (size_t i = 0; i < c->nr; i++)
		free(c->names[i]);
	free(c->names);
	free(c->reports);
	memset(c, 0, sizeof(*c));
}

/* All are looked at before anything is printed. */
static int load_all(const struct arguments *arguments, struct column *columns, size_t *nr)
{
	for (int i = 0; i < arguments->nr_files; i++) {
		struct column *new = &columns[*nr], *partner;
		int rc = load_argument(new, arguments->files[i]);

		if (rc) {
			(*nr)++;
			return rc;
		}
		partner = partner_of(columns, *nr, new);
		if (!partner) {
			(*nr)++;
			continue;
		}
		for (size_t k = 0; k < new->nr; k++) {
			rc = add_report(partner, new->reports[k], new->names[k]);
			if (rc)
				return rc;
		}
		empty_column(new);
	}
	return TG_EXIT_OK;
}

static int write_ledger(const struct arguments *arguments, const struct tg_ledger *l)
{
	int rc = (arguments->write ? arguments->write : tg_claims_text)(l, stdout);
	char what[256];

	if (!rc)
		return TG_EXIT_OK;
	snprintf(what, sizeof(what), "cannot write: %s", strerror(-rc));
	return complain(TG_EXIT_IO, what);
}

static int judge_all(const struct arguments *arguments, const struct tg_column *columns, size_t nr)
{
	const struct tg_claim *claims[TG_NR_CLAIMS];
	struct tg_ledger l = { .columns = columns, .nr_columns = nr, .claims = claims };
	struct tg_ruling **rulings = calloc(TG_NR_CLAIMS * nr + 1, sizeof(*rulings));
	int rc = rulings ? TG_EXIT_OK : complain(TG_EXIT_IO, "out of memory");
	size_t done = 0;

	for (int i = 0; i < TG_NR_CLAIMS && !rc; i++) {
		if (arguments->any && !arguments->chosen[i])
			continue;
		claims[l.nr_claims++] = &tg_claims[i];
		for (size_t c = 0; c < nr && !rc; c++) {
			rulings[done] = tg_judge(&tg_claims[i], &columns[c]);
			if (!rulings[done++])
				rc = complain(TG_EXIT_IO, "out of memory");
		}
	}
	l.rulings = rulings;
	if (!rc)
		rc = write_ledger(arguments, &l);
	while (done)
		tg_ruling_free(rulings[--done]);
	free(rulings);
	return rc;
}

int tg_cmd_claims(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	static char name[] = "tollgate claims";
	struct tg_column *views;
	struct column *columns;
	size_t nr = 0;
	int rc;

	if (argc > 0)
		argv[0] = name;
	tg_arguments(&argp, argc, argv, &arguments);
	columns = calloc((size_t)arguments.nr_files + 1, sizeof(*columns));
	views = calloc((size_t)arguments.nr_files + 1, sizeof(*views));
	if (!columns || !views)
		return complain(TG_EXIT_IO, "out of memory");

	rc = load_all(&arguments, columns, &nr);
	for (size_t i = 0; i < nr; i++)
		views[i] = (struct tg_column){ columns[i].reports,
					       (const char *const *)columns[i].names,
					       columns[i].nr };
	if (!rc)
		rc = judge_all(&arguments, views, nr);
	for (size_t i = 0; i < nr; i++) {
		for (size_t k = 0; k < columns[i].nr; k++)
			tg_report_free((struct tg_report *)columns[i].reports[k]);
		empty_column(&columns[i]);
	}
	free(columns);
	free(views);
	return rc;
}
