// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "home.h"
#include "run.h"

enum { OPT_LANE = 256, OPT_ROUNDS, OPT_SAMPLES, OPT_CPU, OPT_KERNEL, OPT_BOOTS, OPT_FULL,
       OPT_QUICK, OPT_QUIET, OPT_JSON, OPT_BUILD, OPT_ACCEL, OPT_QEMU_CPU, OPT_APPEND,
       OPT_NO_ICOUNT, OPT_ICOUNT, OPT_ENV_QEMU, OPT_ENV_QEMU_CPU, OPT_ENV_ACCEL, OPT_ENV_APPEND,
       OPT_ENV_KVM, OPT_MEM };

#define APPEND_MAX	1024	/* bytes; the kernel's own words need room, too */

#define TEXT(macro)	#macro
#define NUMBER(macro)	TEXT(macro)

static const struct argp_option options[] = {
	{ "lane", OPT_LANE, "LANE", 0,
	  "user: ring 3 on this machine (default); vm: boot a kernel with the module under "
	  "QEMU; host: ring 0 and ring 3 here, module loaded", 0 },
	{ "rounds", OPT_ROUNDS, "N", 0,
	  "Rounds, each a fresh process (default " NUMBER(TG_ROUNDS_DEFAULT) ", what repeats well in "
	  "every third; lane vm with tcg " NUMBER(TG_ROUNDS_ICOUNT) ")", 0 },
	{ "samples", OPT_SAMPLES, "N", 0,
	  "Samples of each series a round (default " NUMBER(TG_SAMPLES_ROUND) ", fewer where they "
	  "are dear; lane vm with tcg " NUMBER(TG_SAMPLES_ICOUNT) ")", 0 },
	{ "cpu", OPT_CPU, "N", 0, "CPU to measure on (default: the highest allowed, and another one in turn)", 0 },
	{ "kernel", OPT_KERNEL, "K", 0,
	  "Lane vm: 6.1, 6.12 (default), 7.3, ... with -cloud (default), -amd64 or -rt; a release "
	  "as of uname -r; or the path of a bzImage (with a slash)", 0 },
	{ "build", OPT_BUILD, "TREE", 0,
	  "Lane vm: what modules for that bzImage are built against: its built source tree (default: "
	  "the one it lies in), or its headers", 0 },
	{ "accel", OPT_ACCEL, "A", 0,
	  "Lane vm: tcg counts instructions; kvm measures cycles, where a probe finds its ring 0 "
	  "native; auto (default) is kvm there and tcg elsewhere", 0 },
	{ "qemu-cpu", OPT_QEMU_CPU, "MODEL", 0,
	  "Lane vm: CPU model and flags, MODEL[,+flag][,-flag] (default: all there is)", 0 },
	{ "append", OPT_APPEND, "WORDS", 0, "Lane vm: more words for the kernel's command line", 0 },
	{ "boots", OPT_BOOTS, "N", 0, "Lane vm: boots, each with all its rounds (default 1)", 0 },
	{ "mem", OPT_MEM, "MIB", 0, "Lane vm: memory of the guest (default 512)", 0 },
	{ "full", OPT_FULL, NULL, 0, "All experiments, not the CORE tier alone", 0 },
	{ "quick", OPT_QUICK, NULL, 0,
	  NUMBER(TG_ROUNDS_QUICK) " rounds of " NUMBER(TG_SAMPLES_QUICK) " samples, marked quick "
	  "(lane vm with tcg is quick as it is)", 0 },
	{ "quiet", OPT_QUIET, "MODE", 0,
	  "Ring 0: what keeps interrupts out: tpr, cli or none", 0 },
	{ "events", 'e', "LIST", 0,
	  "Count these events too, NAME,NAME...: of libpfm4 (list --events), or PMU/terms/ as "
	  "in msr/tsc/; :u or :k behind a name: in user or kernel mode alone; none: not even "
	  "core cycles, which are counted wherever that is possible", 0 },
	{ "output", 'o', "DIR", 0,
	  "Directory for report.json and report.txt, which are replaced (default: a new one "
	  "in results/local)", 0 },
	{ "json", OPT_JSON, "FILE", OPTION_HIDDEN, NULL, 0 },
	{ "no-icount", OPT_NO_ICOUNT, NULL, OPTION_HIDDEN, NULL, 0 },
	{ "icount", OPT_ICOUNT, NULL, OPTION_HIDDEN, NULL, 0 },
	{ "env-qemu", OPT_ENV_QEMU, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-qemu-cpu", OPT_ENV_QEMU_CPU, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-accel", OPT_ENV_ACCEL, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-append", OPT_ENV_APPEND, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-kvm", OPT_ENV_KVM, "TEXT", OPTION_HIDDEN, NULL, 0 },
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

/* What a guest gets of --append: one line of text, and not all of the kernel's. */
static const char *kernel_words(struct argp_state *state, const char *text)
{
	size_t i, len = strlen(text);

	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			tg_bad_usage(state, "--append: byte 0x%02x at position %zu is not allowed; allowed: printable ASCII",
				     (unsigned char)text[i], i);
	if (!len || len > APPEND_MAX)
		tg_bad_usage(state, "--append of %zu bytes is not allowed; allowed: 1 to " NUMBER(APPEND_MAX),
			     len);
	return text;
}

/* The first option given that is about lane vm's machine; NULL: none. */
static const char *vm_option(const struct tg_options *o)
{
	return o->kernel ? "kernel" : o->boots ? "boots" : o->build ? "build" :
	       o->vm_accel >= 0 ? "accel" : o->vm_cpu ? "qemu-cpu" :
	       o->vm_append ? "append" : o->mem ? "mem" : NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const accels[] = { "auto", "kvm", "tcg" };
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
		o->cpu = number(state, "cpu", arg, 0, 65535);
		return 0;
	case OPT_KERNEL:
		o->kernel = arg;
		return 0;
	case OPT_BOOTS:
		o->boots = number(state, "boots", arg, 1, TG_BOOTS_MAX);
		return 0;
	case OPT_MEM:
		o->mem = number(state, "mem", arg, 1, 9999999);
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
	case 'e':
		if (!*arg)
			tg_bad_usage(state, "-e '' is not allowed; allowed: NAME,NAME... (tollgate list --events), or none");
		o->events = arg;
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
	case OPT_BUILD:
		if (!*arg)
			tg_bad_usage(state, "--build '' is not allowed; allowed: a directory");
		o->build = arg;
		return 0;
	case OPT_ACCEL:
		o->vm_accel = word(state, "accel", arg, accels, TG_NR_ACCELS);
		return 0;
	case OPT_QEMU_CPU:
		if (!*arg)
			tg_bad_usage(state, "--qemu-cpu '' is not allowed; allowed: MODEL[,+flag][,-flag]");
		o->vm_cpu = arg;
		return 0;
	case OPT_APPEND:
		o->vm_append = kernel_words(state, arg);
		return 0;
	case OPT_NO_ICOUNT:
		o->vm_no_icount = true;
		return 0;
	case OPT_ENV_QEMU:
		o->qemu = arg;
		return 0;
	case OPT_ENV_QEMU_CPU:
		o->qemu_cpu = arg;
		return 0;
	case OPT_ENV_ACCEL:
		o->accel = arg;
		return 0;
	case OPT_ENV_APPEND:
		o->append = arg;
		return 0;
	case OPT_ENV_KVM:
		o->kvm = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->patterns = state->argv + state->next;
		o->nr_patterns = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->lane != TG_LANE_VM && vm_option(o))
			tg_bad_usage(state, "--%s needs --lane vm", vm_option(o));
		if (o->build && (!o->kernel || !strchr(o->kernel, '/')))
			tg_bad_usage(state, "--build needs --kernel path/to/bzImage (a name with a slash), whose tree it is");
		if (o->lane == TG_LANE_USER && o->quiet)
			tg_bad_usage(state,
				     "--quiet is about ring 0: it needs --lane vm or host");
		if (!o->kernel)
			o->kernel = "6.12";
		if (!o->boots)
			o->boots = 1;
		if (o->vm_accel < 0)
			o->vm_accel = TG_ACCEL_AUTO;
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
	struct tg_options o = { .cpu = -1, .vm_accel = -1 };
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
