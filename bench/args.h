/* SPDX-License-Identifier: GPL-2.0 */
/* argp, with every refusal in one line: "tollgate: run: ..." and exit code 2. */
#ifndef TOLLGATE_ARGS_H
#define TOLLGATE_ARGS_H

#include <argp.h>

/*
 * tg_arguments - parses the command line into input.
 *
 * --help, -? and --usage print and exit with 0. An unknown option, or one that
 * lacks its value, ends the program with TG_EXIT_INPUT and one line naming it.
 * Returns 0.
 */
int tg_arguments(const struct argp *argp, int argc, char **argv, void *input);

/* Ends the program with TG_EXIT_INPUT; the line begins with the command's name. */
void tg_bad_usage(const struct argp_state *state, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#endif
