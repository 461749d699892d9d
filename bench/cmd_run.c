// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "home.h"
#include "run.h"

enum { OPT_LANE = 256, OPT_ROUNDS, OPT_SAMPLES, OPT_CPU, OPT_MEM_NODE, OPT_SMP, OPT_NUMA,
       OPT_KERNEL, OPT_BOOTS, OPT_FULL, OPT_QUICK, OPT_QUIET, OPT_JSON, OPT_QEMU,
       OPT_QEMU_CPU, OPT_ACCEL, OPT_APPEND, OPT_ICOUNT };

#define TEXT(macro)	#macro
#define NUMBER(macro)	TEXT(macro)

static const struct argp_option options[] = {
	{ "lane", OPT_LANE, "LANE", 0,
	  "user: ring 3 on this machine (default); vm: boot a kernel with the module under "
	  "QEMU; host: ring 0 and ring 3 here, module loaded", 0 },
	{ "rounds", OPT_ROUNDS, "N", 0,
	  "Rounds, each a fresh process (default " NUMBER(TG_ROUNDS_DEFAULT) "; lane vm "
	  NUMBER(TG_ROUNDS_ICOUNT) ")", 0 },
	{ "samples", OPT_SAMPLES, "N", 0,
	  "Samples of each series a round (default " NUMBER(TG_SAMPLES_ROUND) ", fewer where they "
	  "are dear; lane vm " NUMBER(TG_SAMPLES_ICOUNT) ")", 0 },
	{ "cpu", OPT_CPU, "N", 0,
	  "CPU to measure on, or nodeN: one of that node's (default: the highest allowed, and "
	  "another one of its node in turn)", 0 },
	{ "mem-node", OPT_MEM_NODE, "N", 0,
	  "Node on which all memory that is measured lies, checked afterwards (default: the "
	  "CPU's, or the nearest with memory; the farthest other one for mem=remote)", 0 },
	{ "kernel", OPT_KERNEL, "K", 0, "Lane vm: 6.1 or 6.12 (default 6.12)", 0 },
	{ "boots", OPT_BOOTS, "N", 0, "Lane vm: boots, each with all its rounds (default 1)", 0 },
	{ "smp", OPT_SMP, "N", 0, "Lane vm: CPUs of the guest (default 1)", 0 },
	{ "numa", OPT_NUMA, "N", 0,
	  "Lane vm: nodes of the guest, which share its CPUs and memory evenly (default 1)", 0 },
	{ "full", OPT_FULL, NULL, 0, "All experiments, not the CORE tier alone", 0 },
	{ "quick", OPT_QUICK, NULL, 0,
	  NUMBER(TG_ROUNDS_QUICK) " rounds of " NUMBER(TG_SAMPLES_QUICK) " samples, marked quick "
	  "(lane vm is quick as it is)", 0 },
	{ "quiet", OPT_QUIET, "MODE", 0,
	  "Ring 0: what keeps interrupts out: tpr, cli or none", 0 },
	{ "output", 'o', "DIR", 0,
	  "Directory for report.json and report.txt, which are replaced (default: a new one "
	  "in results/local)", 0 },
	{ "json", OPT_JSON, "FILE", OPTION_HIDDEN, NULL, 0 },
	{ "icount", OPT_ICOUNT, NULL, OPTION_HIDDEN, NULL, 0 },
	{ "env-qemu", OPT_QEMU, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-qemu-cpu", OPT_QEMU_CPU, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-accel", OPT_ACCEL, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-append", OPT_APPEND, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ 0 }
};

/* A whole number within limits, or the end with a line that names them. */
static long number(struct argp_state *state, const char *name, const char *text, long min,
		   long max)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max)
		tg_bad_usage(state,
			     "--%s '%s' is not allowed; allowed: a whole number from %ld to %ld",
			     name, text, min, max);
	return v;
}

/* --cpu: a CPU's number, or the word node and a node's. */
static void parse_cpu(struct argp_state *state, const char *text, struct tg_options *o)
{
	bool node = !strncmp(text, "node", 4);
	const char *digits = node ? text + 4 : text;
	char *end;
	long n = strtol(digits, &end, 10);

	if (!isdigit((unsigned char)*digits) || *end || n > TG_CPU_MAX)
		tg_bad_usage(state, "--cpu '%s' is not allowed; allowed: a CPU's number or nodeN, up to %d",
			     text, TG_CPU_MAX);
	o->cpu = node ? -1 : n;
	o->cpu_node = node ? n : -1;
}

/* Lane vm: what the guest will not have, named before it boots. */
static void check_guest(struct argp_state *state, const struct tg_options *o)
{
	int smp = o->smp ? o->smp : 1, numa = o->numa ? o->numa : 1;

	if (smp % numa)
		tg_bad_usage(state, "--smp %d does not split evenly into --numa %d; allowed: a multiple of %d",
			     smp, numa, numa);
	if (o->cpu >= smp)
		tg_bad_usage(state, "--cpu %d: the guest has --smp %d; allowed: 0 to %d", o->cpu,
			     smp, smp - 1);
	if (o->cpu_node >= numa)
		tg_bad_usage(state, "--cpu node%d: the guest has --numa %d; allowed: node0 to node%d",
			     o->cpu_node, numa, numa - 1);
	if (o->mem_node >= numa)
		tg_bad_usage(state, "--mem-node %d: the guest has --numa %d; allowed: 0 to %d",
			     o->mem_node, numa, numa - 1);
}

/* The index of text in a list of words, or the end with the list. */
static int word(struct argp_state *state, const char *name, const char *text,
		const char *const *words, int n)
{
	char allowed[128] = "";
	int i;

	for (i = 0; i < n; i++) {
		if (!strcmp(text, words[i]))
			return i;
		snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), " %s",
			 words[i]);
	}
	tg_bad_usage(state, "--%s '%s' is not allowed; allowed:%s", name, text,
		     allowed);
	return -1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const quiets[] = TG_QUIET_NAMES;
	struct tg_options *o = state->input;

	switch (key) {
	case OPT_LANE:
		o->lane = word(state, "lane", arg, tg_lane_names, TG_NR_LANES);
		return 0;
	case OPT_ROUNDS:
		o->rounds = number(state, "rounds", arg, 1, TG_ROUNDS_MAX);
		return 0;
	case OPT_SAMPLES:
		o->samples = number(state, "samples", arg, TG_SAMPLES_MIN, TG_SAMPLES_MAX);
		return 0;
	case OPT_CPU:
		parse_cpu(state, arg, o);
		return 0;
	case OPT_MEM_NODE:
		o->mem_node = number(state, "mem-node", arg, 0, TG_CPU_MAX);
		return 0;
	case OPT_SMP:
		o->smp = number(state, "smp", arg, 1, TG_SMP_MAX);
		return 0;
	case OPT_NUMA:
		o->numa = number(state, "numa", arg, 1, TG_NUMA_MAX);
		return 0;
	case OPT_KERNEL:
		o->kernel = arg;
		return 0;
	case OPT_BOOTS:
		o->boots = number(state, "boots", arg, 1, TG_BOOTS_MAX);
		return 0;
	case OPT_FULL:
		o->full = true;
		return 0;
	case OPT_QUICK:
		o->quick = true;
		return 0;
	case OPT_QUIET:
		o->quiet = quiets[word(state, "quiet", arg, quiets, TG_NR_QUIET)];
		return 0;
	case 'o':
		if (!*arg)
			tg_bad_usage(state, "-o '' is not allowed; allowed: a directory");
		o->output = arg;
		return 0;
	case OPT_JSON:
		o->json = arg;
		return 0;
	case OPT_ICOUNT:
		o->icount = true;
		return 0;
	case OPT_QEMU:
		o->qemu = arg;
		return 0;
	case OPT_QEMU_CPU:
		o->qemu_cpu = arg;
		return 0;
	case OPT_ACCEL:
		o->accel = arg;
		return 0;
	case OPT_APPEND:
		o->append = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->patterns = state->argv + state->next;
		o->nr_patterns = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->lane != TG_LANE_VM && (o->kernel || o->boots || o->smp || o->numa))
			tg_bad_usage(state, "--%s needs --lane vm",
				     o->kernel ? "kernel" : o->boots ? "boots" :
				     o->smp ? "smp" : "numa");
		/* in the guest, which has a report to write, these say what there is */
		if (o->lane == TG_LANE_VM && !o->json)
			check_guest(state, o);
		if (o->lane == TG_LANE_USER && o->quiet)
			tg_bad_usage(state,
				     "--quiet is about ring 0: it needs --lane vm or host");
		if (!o->kernel)
			o->kernel = "6.12";
		if (!o->boots)
			o->boots = 1;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* mkdir -p; what was made is left: it is where the report goes. */
static int make_dirs(const char *path, char *err, size_t errlen)
{
	char part[4096];
	size_t i;

	if (strlen(path) >= sizeof(part)) {
		snprintf(err, errlen, "directory name of %zu bytes; allowed: at most %zu",
			 strlen(path), sizeof(part) - 1);
		return -1;
	}
	for (i = 1; i <= strlen(path); i++) {
		if (path[i] && path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0777) && errno != EEXIST) {
			snprintf(err, errlen, "cannot make directory %s: %s", part,
				 strerror(errno));
			return -1;
		}
	}
	return 0;
}

/*
 * Where reports go unless -o says: results/local/<UTC>-<lane>-<kernel>, made
 * here; of two runs in one second the later gets -2 behind it.
 */
static int default_dir(const struct tg_report *r, char *dir, size_t len, char *err, size_t errlen)
{
	char date[32];
	size_t i, n = 0, end;

	for (i = 0; r->env.date[i] && n < sizeof(date) - 1; i++)
		if (!strchr("-:", r->env.date[i]))
			date[n++] = r->env.date[i];
	date[n] = 0;
	if (make_dirs(tg_results_local(), err, errlen))
		return -1;
	end = snprintf(dir, len, "%s/%s-%s-%s", tg_results_local(), date,
		       tg_lane_names[r->lane], r->env.kernel);
	for (i = 2; mkdir(dir, 0777); i++) {
		if (errno != EEXIST || i > 1000 || end + 8 > len) {
			snprintf(err, errlen, "cannot make directory %s: %s", dir,
				 strerror(errno));
			return -1;
		}
		snprintf(dir + end, len - end, "-%zu", i);
	}
	return 0;
}

/*
 * Whether the report can go where it shall, before anybody waits for figures:
 * the folder, or the nearest one above it that is there, may be written in.
 * Makes nothing: the run may still be refused.
 */
static int check_output(const struct tg_options *o, char *err, size_t errlen)
{
	const char *dir = o->output ? o->output : tg_results_local();
	char part[4096], *slash;
	struct stat st;

	if (o->json)
		return TG_EXIT_OK;
	snprintf(part, sizeof(part), "%s", dir);
	while (stat(part, &st) && errno == ENOENT) {
		slash = strrchr(part, '/');
		if (slash > part)
			*slash = 0;
		else
			snprintf(part, sizeof(part), "%s", slash ? "/" : ".");
	}
	if (stat(part, &st) || access(part, W_OK | X_OK)) {
		snprintf(err, errlen, "cannot write in %s: %s", dir, strerror(errno));
		return TG_EXIT_IO;
	}
	if (!S_ISDIR(st.st_mode)) {
		snprintf(err, errlen, "cannot write in %s: %s: %s", dir, part, strerror(ENOTDIR));
		return TG_EXIT_IO;
	}
	return TG_EXIT_OK;
}

static int save(const struct tg_report *r, const char *dir, char *err, size_t errlen)
{
	char path[4096];

	if (make_dirs(dir, err, errlen))
		return TG_EXIT_IO;
	snprintf(path, sizeof(path), "%s/report.json", dir);
	if (tg_report_save(r, path, err, errlen))
		return TG_EXIT_IO;
	snprintf(path, sizeof(path), "%s/report.txt", dir);
	return tg_report_save_text(r, path, err, errlen) ? TG_EXIT_IO : TG_EXIT_OK;
}

/* Saves and prints; what cannot be saved is printed all the same. */
static int write_report(const struct tg_options *o, const struct tg_report *r, char *err,
			size_t errlen)
{
	char dir[2048];
	int rc;

	if (o->json)
		return tg_report_save(r, o->json, err, errlen) ? TG_EXIT_IO : TG_EXIT_OK;
	if (o->output)
		snprintf(dir, sizeof(dir), "%s", o->output);
	if (!o->output && default_dir(r, dir, sizeof(dir), err, errlen))
		rc = TG_EXIT_IO;
	else
		rc = save(r, dir, err, errlen);
	if (tg_report_text(r, stdout) || fflush(stdout)) {
		snprintf(err, errlen, "cannot write to standard output");
		return TG_EXIT_IO;
	}
	if (!rc)
		fprintf(stderr, "Written: %s/report.json and report.txt\n", dir);
	return rc;
}

/* What the figures say of the run: all failed is a failure, none measured too. */
static int verdict(const struct tg_report *r, char *err, size_t errlen)
{
	size_t i, failed = 0, measured = 0;
	const char *first = NULL;

	for (i = 0; i < r->nr_figures; i++) {
		if (r->figures[i].status == TG_FAILED && !failed++)
			first = r->figures[i].name;
		measured += r->figures[i].status == TG_OK ||
			    r->figures[i].status == TG_NOT_RESOLVABLE;
	}
	if (failed) {
		snprintf(err, errlen, "%zu of %zu experiments failed, the first: %s (its reason is in the report)",
			 failed, r->nr_figures, first);
		return TG_EXIT_FAILED;
	}
	if (!measured) {
		snprintf(err, errlen, "nothing of this can be measured here: %s",
			 r->nr_figures && r->figures[0].reason ? r->figures[0].reason : "no figure");
		return TG_EXIT_NOTHING;
	}
	return TG_EXIT_OK;
}

int tg_cmd_run(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "[PATTERN...]",
		"Measures and writes a report.\vA PATTERN is a full name or a glob over names; "
		"without '@' it matches every ring of the lane. Without any, the CORE tier runs.",
		NULL, NULL, NULL
	};
	struct tg_options o = { .cpu = -1, .cpu_node = -1, .mem_node = -1 };
	struct tg_report *r = NULL;
	char err[1024] = "";
	int rc;

	tg_arguments(&argp, argc, argv, &o);
	tg_catch_signals();
	rc = TG_EXIT_OK;
	if (o.lane == TG_LANE_HOST)
		tg_module_dir(err, sizeof(err), &rc);
	if (rc == TG_EXIT_OK)
		rc = check_output(&o, err, sizeof(err));
	if (rc == TG_EXIT_OK)
		rc = o.lane == TG_LANE_VM && !o.json ?
		     tg_run_vm(&o, &r, err, sizeof(err)) :
		     tg_run_here(&o, &r, err, sizeof(err));
	if (rc == TG_EXIT_OK) {
		rc = write_report(&o, r, err, sizeof(err));
		if (rc == TG_EXIT_OK)
			rc = verdict(r, err, sizeof(err));
	}
	if (rc && *err)
		fprintf(stderr, "tollgate: run: %s\n", err);
	tg_report_free(r);
	return rc;
}
