// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include <tollgate/uapi.h>

#include "cmd.h"
#include "exit.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "list", "the experiments there are", tg_cmd_list },
	{ "run", "measure, write a report and print it", tg_cmd_run },
	{ "report", "print reports as text", tg_cmd_report },
	{ "compare", "reports against reports: what changed", tg_cmd_compare },
	{ "model", "FPU switching, searched for faults", tg_cmd_model },
	{ "doctor", "what can be measured here, and how well", tg_cmd_doctor },
	{ "claims", "what reports say of the claims of the mailing lists", tg_cmd_claims },
	{ "round", NULL, tg_cmd_round },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	size_t i;

	fprintf(out, "Usage: tollgate COMMAND [OPTION...]\n"
		     "What it costs, in cycles, to cross the kernel boundary.\n\n");
	for (i = 0; i < NR_COMMANDS; i++)
		if (commands[i].what)
			fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
	fprintf(out, "\n'tollgate COMMAND --help' tells a command's options.\n"
		     "Exit codes: 0 ok, 1 failed, 2 bad input, 3 nothing measurable here,\n"
		     "4 refused (privilege, lockdown), 5 guest failed, 6 I/O, 130 interrupted.\n");
}

int main(int argc, char **argv)
{
	char name[64];
	size_t i;

	argp_err_exit_status = TG_EXIT_INPUT;
	if (argc < 2) {
		usage(stderr);
		return TG_EXIT_INPUT;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return TG_EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("tollgate %s\n", TG_VERSION);
		return TG_EXIT_OK;
	}
	for (i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "tollgate %s", argv[1]);
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr,
		"tollgate: no command '%s'; allowed: "
		"list run report compare model claims doctor\n", argv[1]);
	return TG_EXIT_INPUT;
}
