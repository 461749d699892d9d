// SPDX-License-Identifier: GPL-2.0
/* tollgate model: searches FPU switching, and frames of system calls, for faults. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "exit.h"
#include "frame_proof.h"
#include "model_command.h"
#include "output.h"
#include "run.h"

enum { OPT_DEPTH = 256, OPT_TASKS, OPT_CPUS, OPT_MEMORY, OPT_VARIANT, OPT_LIST, OPT_TRACES,
       OPT_CURES };

#define MEMORY_MIB	2048
#define LOG_SECONDS	10	/* between lines of progress that no terminal takes */

static const struct argp_option options[] = {
	{ "list", OPT_LIST, NULL, 0, "The searches there are", 0 },
	{ "variant", OPT_VARIANT, "NAME", 0,
	  "Only these searches: a name, a glob, or a part before a '/'; may be repeated", 0 },
	{ "depth", OPT_DEPTH, "N", 0, "Follow at most N events (default: all there are)", 0 },
	{ "tasks", OPT_TASKS, "N", 0, "Tasks, 2 to 4 (default: each search's own)", 0 },
	{ "cpus", OPT_CPUS, "N", 0, "CPUs, 1 to 3 (default: each search's own)", 0 },
	{ "memory", OPT_MEMORY, "MIB", 0, "Memory for states (default 2048)", 0 },
	{ "traces", OPT_TRACES, NULL, 0,
	  "Tell the shortest way to every fault; to those of mutants with --variant alone", 0 },
	{ "cures", OPT_CURES, NULL, 0,
	  "For every fault of the posted patches: search again with what cures it", 0 },
	{ "output", 'o', "DIR", 0, "Directory for report.json and report.txt with the proofs", 0 },
	{ 0 }
};

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

static bool matches(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	return !fnmatch(pattern, name, 0) || (!strncmp(pattern, name, len) && name[len] == '/');
}

bool tgm_is_chosen(const struct tgm_options *o, const char *name)
{
	for (size_t i = 0; i < o->nr_variants; i++)
		if (matches(o->variants[i], name))
			return true;
	return !o->nr_variants;
}

/* The names of all searches, in order; NULL behind the last. */
static const char *name_of(size_t i)
{
	size_t n;
	const struct tgm_run *runs = tgm_runs(&n);

	if (i < n)
		return runs[i].name;
	i -= n;
	return i < (size_t)tgp_nr_searches ? tgp_searches[i].name : NULL;
}

static void add_variant(struct argp_state *state, struct tgm_options *o, const char *arg)
{
	const char *name;

	for (size_t i = 0; (name = name_of(i)); i++) {
		if (!matches(arg, name))
			continue;
		if (o->nr_variants == sizeof(o->variants) / sizeof(*o->variants))
			tg_bad_usage(state, "more than %zu variants", o->nr_variants);
		o->variants[o->nr_variants++] = arg;
		return;
	}
	tg_bad_usage(state, "no variant '%s'; 'tollgate model --list' tells which there are", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct tgm_options *o = state->input;

	switch (key) {
	case OPT_LIST:
		o->list = true;
		return 0;
	case OPT_VARIANT:
		add_variant(state, o, arg);
		return 0;
	case OPT_DEPTH:
		o->depth = number(state, "depth", arg, 1, 1000);
		return 0;
	case OPT_TASKS:
		o->tasks = number(state, "tasks", arg, 2, TGM_TASKS);
		return 0;
	case OPT_CPUS:
		o->cpus = number(state, "cpus", arg, 1, TGM_CPUS);
		return 0;
	case OPT_MEMORY:
		o->memory = number(state, "memory", arg, 1, 1 << 20);
		return 0;
	case OPT_TRACES:
		o->traces = true;
		return 0;
	case OPT_CURES:
		o->cures = true;
		return 0;
	case 'o':
		if (!*arg)
			tg_bad_usage(state, "-o '' is not allowed; allowed: a directory");
		o->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		tg_bad_usage(state, "unexpected '%s'; a search is named by --variant", arg);
		return 0;
	case ARGP_KEY_END:
		if (o->list && (o->depth || o->tasks || o->cpus || o->memory != MEMORY_MIB ||
				o->traces || o->cures || o->output))
			tg_bad_usage(state, "--list searches nothing; allowed with it: --variant");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* What is left is not known: states are found while others are followed. */
void tgm_progress_states(const char *what, size_t i, size_t n)
{
	static time_t last;
	const time_t now = time(NULL);

	if (isatty(STDERR_FILENO)) {
		tg_progress_count(what, i, n);
		return;
	}
	if (!i || !last)
		last = now;
	if (now - last < LOG_SECONDS)
		return;
	last = now;
	fprintf(stderr, "%s: %zu of %zu states found so far were followed\n", what, i, n);
}

static void set_bound(const struct tgm_options *o, const struct tgm_run *run)
{
	tgm_bound = (struct tgm_bound){
		.tasks = o->tasks ? o->tasks : run->scope.tasks,
		.cpus = o->cpus ? o->cpus : run->scope.cpus,
		.depth = o->depth ? o->depth : run->scope.depth,
		.events = run->scope.events,
		.memory = (size_t)o->memory << 20,
		/* a planted fault is judged by the shortest way to any */
		.first = run->kind == TGM_MUTANT || run->kind == TGM_HISTORY,
	};
}

static bool is_own_bound(const struct tgm_options *o)
{
	return !o->tasks && !o->cpus && !o->depth;
}

static int search_one(struct tgm_options *o, const struct tgm_run *run, char *err,
		      size_t errlen)
{
	struct tgm_result r;
	char why[512] = "";
	clock_t start;
	enum tgm_end end;
	bool passed;
	int rc;

	set_bound(o, run);
	tgm_set_up(run);
	start = clock();
	if (tgm_search(run->name, &r, err, errlen))
		return errno == EINTR ? TG_EXIT_INTERRUPTED :
		       errno == EINVAL ? TG_EXIT_INPUT : TG_EXIT_FAILED;
	if (run->kind == TGM_OURS)
		o->ours += clock() - start;
	end = tgm_judge(run, &r, why, sizeof(why));
	passed = end != TGM_UNEXPECTED;
	printf("%s: %s, %zu states, %zu transitions, depth %d%s, %d tasks, %d CPUs, %.1f s\n",
	       run->name, end == TGM_BOUNDED ? why : !passed ? "NOT AS EXPECTED" :
	       r.nr_faults ? "faults as expected" :
	       run->kind == TGM_HISTORY ? "no fault (a control)" : "no fault", r.states, r.transitions, r.depth,
	       r.complete ? "" : " (no further)", tgm_bound.tasks, tgm_bound.cpus, r.seconds);
	if (!passed)
		printf("  %s\n", why);
	if (run->story)
		tgm_print_wrapped("  ", run->story);
	/* where no citation is kept, the shortest of each kind */
	for (int i = 1; run->posted.lazy && i < r.nr_faults; i++) {
		for (int k = 0; k < i; k++) {
			if (r.faults[k].invariant == r.faults[i].invariant) {
				r.faults[i--] = r.faults[--r.nr_faults];
				break;
			}
		}
	}
	for (int i = 0; i < r.nr_faults; i++)
		if (run->kind != TGM_MUTANT || (o->traces && o->nr_variants) || !passed)
			tgm_tell_fault(run, &r.faults[i], o->traces);
	if (run->kind == TGM_POSTED && r.nr_faults && r.complete) {
		rc = tgm_cure_all(run, &r, o->cures, err, errlen);
		if (rc < 0)
			return errno == EINTR ? TG_EXIT_INTERRUPTED : TG_EXIT_FAILED;
		if (!rc)
			snprintf(why, sizeof(why), "a cure does not cure");
		passed &= rc;
	}
	o->planted += run->kind == TGM_MUTANT;
	o->planted_found += run->kind == TGM_MUTANT && passed;
	o->planted_states += run->kind == TGM_MUTANT ? r.states : 0;
	o->historic += run->kind == TGM_HISTORY;
	o->historic_found += run->kind == TGM_HISTORY && passed;
	o->historic_states += run->kind == TGM_HISTORY ? r.states : 0;
	o->failed |= !passed;
	o->unreached += end == TGM_BOUNDED && !r.nr_faults;
	o->unjudged += end == TGM_BOUNDED && r.nr_faults;
	if (tgm_add_proofs(o, run, &r, passed, why)) {
		snprintf(err, errlen, "out of memory");
		return TG_EXIT_IO;
	}
	return TG_EXIT_OK;
}

static int search_all(struct tgm_options *o, char *err, size_t errlen)
{
	static const char to_first[] = "2 tasks, 2 CPUs, each search to its first fault";
	size_t n;
	const struct tgm_run *runs = tgm_runs(&n);
	int rc = TG_EXIT_OK;

	o->partial = o->nr_variants || !is_own_bound(o);
	if (o->output) {
		rc = tg_check_output(o->output, err, errlen);
		if (rc)
			return rc;
		o->report = tgm_new_report();
		if (!o->report) {
			snprintf(err, errlen, "out of memory");
			return TG_EXIT_IO;
		}
	}
	for (size_t i = 0; i < n && rc == TG_EXIT_OK; i++)
		if (tgm_is_chosen(o, runs[i].name))
			rc = search_one(o, &runs[i], err, errlen);
	if (rc == TG_EXIT_OK)
		rc = tgm_search_frames(o, err, errlen);
	if (rc == TG_EXIT_OK && o->planted &&
	    tgm_add_proof(o, "fpu.test/planted", o->planted == o->planted_found, o->planted_states,
		      to_first, "a planted fault was not found, or another than expected"))
		rc = TG_EXIT_IO;
	if (rc == TG_EXIT_OK && o->historic &&
	    tgm_add_proof(o, "fpu.test/historic", o->historic == o->historic_found,
		      o->historic_states, to_first, "a historic fault was not found"))
		rc = TG_EXIT_IO;
	if (rc == TG_EXIT_OK && o->historic)
		printf("out of scope: 484cea4f362e (2021), a buffer of invalid contents from a frame: "
		       "the model\n  knows whose registers are where, not what is in them\n");
	if (rc == TG_EXIT_OK && o->unreached + o->unjudged)
		printf("bounded by --depth, --tasks or --cpus: %d did not reach what must be found, "
		       "%d found\n  faults that only their own bound can judge; neither proves "
		       "anything, nor fails\n", o->unreached, o->unjudged);
	if (rc == TG_EXIT_OK && !o->partial)
		printf("base bound: ours took %.1f s of 60 s of processor time\n",
		       (double)o->ours / CLOCKS_PER_SEC);
	if (rc == TG_EXIT_OK && o->report)
		rc = tgm_save_report(o, err, errlen);
	tg_report_free(o->report);
	tgm_free();
	if (rc == TG_EXIT_OK && o->failed) {
		snprintf(err, errlen, "a search did not end as it must (see above)");
		rc = TG_EXIT_FAILED;
	}
	return rc;
}

static const char doc[] =
	"Searches FPU switching for faults: the strategies of this tool, the patches of 2016 as "
	"posted, planted faults and historic ones. And frames of system calls, as the stubs have "
	"them: whether slow paths get on without RESTORE_TOP_OF_STACK.\v"
	"Every state within the bound is visited. Exit status: 0 when each search ends as it must, "
	"or as far as --depth, --tasks and --cpus let it: 'not reached' is told and counted at the "
	"end, but fails nothing; 1 when a fault is found where none may be, or one is not found "
	"in its own bound, or when memory does not suffice.\n\n"
	"What --list names:\n"
	"  ours/WAY/SEARCH          the ways of mod/fpu_state.c: no fault may be found\n"
	"  posted/1-4:WITH/SEARCH   v4.8 with patches 1 to 4; :cured, with every cure\n"
	"  mutant/WAY/GUARD         a planted fault, one guard taken out: must be found\n"
	"  spared/WAY/GUARD         a guard that this way can do without: none may be\n"
	"  history/NAME             a fault of later kernels: must be found; but\n"
	"                           kvm-mended-2020, a control: none may be\n"
	"  frame/enough/FRAME       user RSP and RFLAGS in their places, (a) and (b): with\n"
	"                           RESTORE_TOP_OF_STACK and without slow paths and the user\n"
	"                           must see the same. --depth bounds slow paths, at most 3\n"
	"  frame/restored/FRAME     the others with it: nothing may be lost\n"
	"  frame/control/NAME       without it, and others: what is lost must be found\n"
	"  frame/planted/REGISTER   a fix-up that forgets it: must be found\n"
	"SEARCH, which events meet:\n"
	"  regs, regs-wide          all but PKRU, three tasks (-wide: ten events)\n"
	"  regs-small, regs-one     the same, two tasks (-one: on one CPU)\n"
	"  pkru                     PKRU with fork and exec, three tasks\n"
	"  pkru-frames              PKRU with fork, exec and signals, two tasks\n"
	"  pkru-writes              PKRU with ptrace, sections, preemption and the\n"
	"                           kernel's own writes of registers in memory\n"
	"  pkru-small, pkru-one     all but a guest and others' memory, two tasks\n"
	"  own-write                the kernel's own writes, sections, preemption\n"
	"  all                      everything, two tasks";

int tg_cmd_model(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, NULL, doc, NULL, NULL, NULL
	};
	struct tgm_options o = { .memory = MEMORY_MIB };
	char err[1024] = "";
	const char *name;
	int rc;

	tg_arguments(&argp, argc, argv, &o);
	tg_catch_signals();
	/* a log too has each search when it ends */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (o.list) {
		for (size_t i = 0; (name = name_of(i)); i++)
			if (tgm_is_chosen(&o, name))
				puts(name);
		rc = TG_EXIT_OK;
	} else {
		rc = search_all(&o, err, sizeof(err));
	}
	if (*err)
		fprintf(stderr, "tollgate: model: %s\n", err);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "tollgate: model: cannot write to standard output\n");
		return TG_EXIT_IO;
	}
	return rc;
}
