/* SPDX-License-Identifier: GPL-2.0 */
/* tollgate report FILE...: the text of each report. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "exit.h"
#include "report.h"

struct arguments {
	char **files;
	int nr_files;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARGS:
		arguments->files = state->argv + state->next;
		arguments->nr_files = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		tg_bad_usage(state, "no report given");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Print reports (report.json) as text for a mail."
	       "\vExit status: 0; 2 when a FILE is no report this program can read; "
	       "6 when it cannot be read at all, or the output not written.",
};

static int complain(const char *what)
{
	fprintf(stderr, "tollgate: report: %s\n", what);
	return TG_EXIT_IO;
}

static int print_report(const char *path, bool first)
{
	struct tg_report *r;
	char err[1024];
	int rc;

	r = tg_report_load(path, err, sizeof(err));
	if (!r) {
		bool contents = errno == EBADMSG;

		complain(err);
		return contents ? TG_EXIT_INPUT : TG_EXIT_IO;
	}
	if (!first)
		putchar('\n');
	rc = tg_report_text(r, stdout);
	tg_report_free(r);
	if (rc) {
		snprintf(err, sizeof(err), "cannot write: %s", strerror(-rc));
		return complain(err);
	}
	return TG_EXIT_OK;
}

int tg_cmd_report(int argc, char **argv);

int tg_cmd_report(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	static char name[] = "tollgate report";
	int worst = TG_EXIT_OK;

	/* What argp calls the program in its messages, and its exit status after one. */
	if (argc > 0)
		argv[0] = name;
	argp_err_exit_status = TG_EXIT_INPUT;
	if (tg_arguments(&argp, argc, argv, &arguments))
		return complain("out of memory");

	/* One bad file does not hide the others; the first fault gives the exit status. */
	for (int i = 0; i < arguments.nr_files; i++) {
		int rc = print_report(arguments.files[i], i == 0);

		if (worst == TG_EXIT_OK)
			worst = rc;
	}
	return worst;
}
