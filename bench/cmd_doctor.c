// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "args.h"
#include "cmd.h"
#include "doctor.h"
#include "run.h"

struct doctor_options {
	bool json;
	int cpu;
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "JSON instead of text (results/doctor.schema.json)", 0 },
	{ "cpu", 'c', "N", 0, "CPU to look at (default: as for run)", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct doctor_options *o = state->input;
	char *end;
	long v;

	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case 'c':
		errno = 0;
		v = strtol(arg, &end, 10);
		if (errno || end == arg || *end || v < 0 || v > 65535)
			tg_bad_usage(state, "--cpu '%s' is not allowed; allowed: a whole number from 0 to 65535",
				     arg);
		o->cpu = v;
		return 0;
	case ARGP_KEY_ARG:
		tg_bad_usage(state, "'%s' is not allowed; allowed: options alone", arg);
	}
	return ARGP_ERR_UNKNOWN;
}

static int print(const struct doctor_options *o, const struct tg_facts *f,
		 const struct tg_diagnosis *d)
{
	char *text;

	if (!o->json)
		return tg_doctor_text(d, stdout);
	text = tg_doctor_dump(f, d);
	if (!text)
		return -ENOMEM;
	fputs(text, stdout);
	free(text);
	return fflush(stdout) || ferror(stdout) ? -EIO : 0;
}

int tg_cmd_doctor(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "",
		"Tells what can be measured here and how well, for each lane, what that means for "
		"figures and what to do about it. Changes nothing; takes some seconds.\v"
		"Exit code 0 if a lane can measure something, 3 if none can.",
		NULL, NULL, NULL
	};
	struct doctor_options o = { .cpu = -1 };
	struct tg_facts facts = { .memory = -1 };
	static struct tg_diagnosis d;
	char err[1024] = "";
	int rc;

	tg_arguments(&argp, argc, argv, &o);
	tg_catch_signals();
	rc = tg_facts_trial(&facts, o.cpu, err, sizeof(err));
	if (rc == TG_EXIT_OK)
		tg_facts_gather(&facts);
	if (rc == TG_EXIT_OK && tg_interrupted) {
		rc = TG_EXIT_INTERRUPTED;
		snprintf(err, sizeof(err), "interrupted");
	}
	if (rc == TG_EXIT_OK) {
		tg_diagnose(&facts, &d);
		rc = tg_doctor_exit(&d);
		if (print(&o, &facts, &d)) {
			rc = TG_EXIT_IO;
			snprintf(err, sizeof(err), "cannot write to standard output");
		}
	}
	if (rc && rc != TG_EXIT_NOTHING)
		fprintf(stderr, "tollgate: doctor: %s\n", err);
	tg_facts_free(&facts);
	return rc;
}
