// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "exit.h"

/* "tollgate run" is how argv[0] comes; messages say "tollgate: run: ". */
static const char *command(const char *name)
{
	const char *space = strchr(name, ' ');

	return space ? space + 1 : name;
}

void tg_bad_usage(const struct argp_state *state, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "tollgate: %s: ", command(state->argv[0]));
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(TG_EXIT_INPUT);
}

static bool asks_for_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-?") ||
		    !strcmp(argv[i], "--usage"))
			return true;
	return false;
}

/* Whether argp would take the word as one of its options; long ones may be cut short. */
static bool known(const struct argp *argp, const char *word)
{
	const struct argp_option *o;

	for (o = argp->options; o && (o->name || o->key); o++) {
		if (word[1] != '-' && o->key == word[1])
			return true;
		if (word[1] == '-' && o->name &&
		    !strncmp(o->name, word + 2, strcspn(word + 2, "=")))
			return true;
	}
	return false;
}

int tg_arguments(const struct argp *argp, int argc, char **argv, void *input)
{
	/* argp's own complaints take two lines; silenced, it does not print help either */
	unsigned int flags = asks_for_help(argc, argv) ? 0 : ARGP_NO_ERRS;
	const char *option = argv[argc - 1];
	int i;

	if (!argp_parse(argp, argc, argv, flags, NULL, input))
		return 0;
	for (i = argc - 1; i > 0; i--)
		if (argv[i][0] == '-' && argv[i][1] && !known(argp, argv[i]))
			option = argv[i];
	fprintf(stderr, "tollgate: %s: option '%s' is unknown, or lacks or does not take a value; "
			"'%s --help' lists them\n", command(argv[0]), option, argv[0]);
	exit(TG_EXIT_INPUT);
}
