// SPDX-License-Identifier: GPL-2.0
/* tollgate model: searches the strategies of FPU switching for faults. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tollgate/uapi.h>

#include "args.h"
#include "cmd.h"
#include "exit.h"
#include "model_runs.h"
#include "run.h"

enum { OPT_DEPTH = 256, OPT_TASKS, OPT_CPUS, OPT_MEMORY, OPT_VARIANT, OPT_LIST, OPT_TRACES,
       OPT_CURES };

#define MEMORY_MIB	2048

static const struct argp_option options[] = {
	{ "list", OPT_LIST, NULL, 0, "The searches there are", 0 },
	{ "variant", OPT_VARIANT, "NAME", 0,
	  "Only these searches: a name, a glob, or a part before a '/'; may be repeated", 0 },
	{ "depth", OPT_DEPTH, "N", 0, "Follow at most N events (default: all there are)", 0 },
	{ "tasks", OPT_TASKS, "N", 0, "Tasks, 2 to 4 (default: each search's own)", 0 },
	{ "cpus", OPT_CPUS, "N", 0, "CPUs, 1 to 3 (default: each search's own)", 0 },
	{ "memory", OPT_MEMORY, "MIB", 0, "Memory for states (default 2048)", 0 },
	{ "traces", OPT_TRACES, NULL, 0, "Tell the shortest way to every fault", 0 },
	{ "cures", OPT_CURES, NULL, 0,
	  "For every fault of the posted patches: search again with what cures it", 0 },
	{ "output", 'o', "DIR", 0, "Directory for report.json and report.txt with the proofs", 0 },
	{ 0 }
};

struct model_options {
	bool list, traces, cures;
	int depth, tasks, cpus;
	long memory;
	const char *variants[64], *output;
	size_t nr_variants;
	struct tg_report *report;
	int planted, planted_found, historic, historic_found;
	size_t planted_states, historic_states;
	bool failed;
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

static bool is_chosen(const struct model_options *o, const char *name)
{
	for (size_t i = 0; i < o->nr_variants; i++)
		if (matches(o->variants[i], name))
			return true;
	return !o->nr_variants;
}

static void add_variant(struct argp_state *state, struct model_options *o, const char *arg)
{
	size_t n;
	const struct tgm_run *runs = tgm_runs(&n);

	for (size_t i = 0; i < n; i++) {
		if (!matches(arg, runs[i].name))
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
	struct model_options *o = state->input;

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
	}
	return ARGP_ERR_UNKNOWN;
}

void tgm_progress_states(const char *what, size_t i, size_t n)
{
	tg_progress(what, i + 1, n);
}

static void set_bound(const struct model_options *o, const struct tgm_run *run)
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

static bool is_own_bound(const struct model_options *o)
{
	return !o->tasks && !o->cpus && !o->depth;
}

static const char limits[] =
	"registers as whole versions: no contents, no XSAVE formats; no #MF, no 32-bit frames, no "
	"nested signals, no CPU hotplug, no EFI; a guest's own PKRU is not modelled";

static int add_proof(struct model_options *o, const char *name, bool passed, size_t states,
		     const char *bound, const char *reason)
{
	struct tg_report *r = o->report;
	struct tg_proof *p;

	if (!r)
		return 0;
	p = realloc(r->proofs, (r->nr_proofs + 1) * sizeof(*p));
	if (!p)
		return -1;
	r->proofs = p;
	p += r->nr_proofs++;
	p->name = strdup(name);
	p->result = passed ? TG_PROOF_PASSED : TG_PROOF_FAILED;
	p->bound = strdup(bound);
	p->states = states;
	p->limits = strdup(limits);
	p->reason = passed ? NULL : strdup(reason);
	return p->name && p->bound && p->limits && (passed || p->reason) ? 0 : -1;
}

static bool found(const struct tgm_run *run, const struct tgm_result *r, const char *name)
{
	char word[48];

	for (int i = 0; i < r->nr_faults; i++) {
		tgm_fault_name(run, &r->faults[i], word, sizeof(word));
		if (!strcmp(word, name))
			return true;
	}
	return false;
}

static int add_proofs(struct model_options *o, const struct tgm_run *run,
		      const struct tgm_result *r, bool passed, const char *why)
{
	char name[96], bound[96];
	int rc = 0;

	snprintf(bound, sizeof(bound), "%d tasks, %d CPUs, %s%d", tgm_bound.tasks, tgm_bound.cpus,
		 r->complete ? "all states, depth " : "depth ", r->depth);
	if (run->kind == TGM_OURS) {
		snprintf(name, sizeof(name), "fpu.states/%s", run->name + strlen("ours/"));
		rc |= add_proof(o, name, passed, r->states, bound, why);
		if (!strcmp(run->name, "ours/deferred-skip-owner/regs"))
			rc |= add_proof(o, "fpu.guest/deferred-skip-owner", passed, r->states,
					bound, why);
		if (!strcmp(run->name, "ours/deferred-skip/regs"))
			rc |= add_proof(o, "fpu.signal/ours", passed, r->states, bound, why);
	}
	if (run->kind == TGM_POSTED) {
		snprintf(name, sizeof(name), "%s/%s",
			 run->posted.level >= 4 ? "fpu.broken" : "fpu.posted",
			 run->name + strlen("posted/"));
		rc |= add_proof(o, name, passed, r->states, bound, why);
		if (!strcmp(run->name, "posted/1-2/pkru-frames"))
			rc |= add_proof(o, "fpu.pkru/deferred-by-1-2",
					found(run, r, "pkru:FINISH2"), r->states, bound, why);
		if (!strcmp(run->name, "posted/v4.8/pkru-frames"))
			rc |= add_proof(o, "fpu.gup/v4.8", found(run, r, "pkru:REMOTE"), r->states,
					bound, why);
		if (!strcmp(run->name, "posted/1-4/regs-small"))
			rc |= add_proof(o, "fpu.signal/posted", found(run, r, "saves:SAVE"),
					r->states, bound, why);
	}
	return rc;
}

/* Searches again with the cure of one fault, or of all. */
static int try_cure(const struct tgm_run *run, unsigned int cures, const struct tgm_fault *fault,
		    char *err, size_t errlen)
{
	struct tgm_posted posted = run->posted;
	struct tgm_result r;
	bool gone = true;

	posted.cures = cures;
	tgm_use_posted(posted);
	if (tgm_search(run->name, &r, err, errlen))
		return -1;
	for (int i = 0; i < r.nr_faults; i++)
		if (!fault || (r.faults[i].blame == fault->blame &&
			       r.faults[i].invariant == fault->invariant))
			gone = false;
	printf("    %s: %s, %zu states, %d other faults\n",
	       fault ? "searched again with that change" : "searched again with every cure",
	       gone ? "not found" : "STILL FOUND", r.states, fault ? r.nr_faults : 0);
	return gone;
}

/* A text in lines of at most 75 columns. */
static void print_wrapped(const char *indent, const char *text)
{
	int col = 0;

	for (const char *p = text; *p;) {
		int len = strcspn(p, " ");

		if (col && col + 1 + len > 75) {
			putchar('\n');
			col = 0;
		}
		col += printf("%s%.*s", col ? " " : indent, len, p);
		p += len;
		p += strspn(p, " ");
	}
	putchar('\n');
}

static void tell_fault(const struct tgm_run *run, const struct tgm_fault *f, bool traces)
{
	const struct tgm_verdict *v = run->kind == TGM_POSTED && !run->posted.lazy ?
				      tgm_verdict_of(f->blame) : NULL;
	char name[48];

	tgm_fault_name(run, f, name, sizeof(name));
	printf("  fault %s, after %d events: %s, broken\n", name, f->depth,
	       tgm_invariants[f->invariant]);
	if (run->kind == TGM_POSTED && f->blame && !run->posted.lazy)
		printf("    at %s\n", tgm_cite_where[f->blame & (TGM_OTHER - 1)]);
	if (v) {
		print_wrapped("    ", v->why);
		printf("    cure:\n");
		print_wrapped("    ", v->change);
	}
	if (traces)
		tgm_tell_trace(f, stdout);
}

/* The cures of all that was found; patch 1's mirror is what lazy mode breaks by. */
static unsigned int cures_of(const struct tgm_run *run, const struct tgm_result *r)
{
	unsigned int cures = run->posted.lazy ? TGM_CURE_MIRROR : 0;

	for (int i = 0; i < r->nr_faults; i++) {
		const struct tgm_verdict *v = tgm_verdict_of(r->faults[i].blame);

		if (v && !run->posted.lazy)
			cures |= v->cure;
	}
	return cures;
}

static int cure_all(const struct tgm_run *run, const struct tgm_result *r, bool each, char *err,
		    size_t errlen)
{
	bool cured = true;
	int rc;

	for (int i = 0; each && i < r->nr_faults; i++) {
		const struct tgm_verdict *v = tgm_verdict_of(r->faults[i].blame);
		char name[48];

		if (!v || !v->cure || run->posted.lazy)
			continue;
		tgm_fault_name(run, &r->faults[i], name, sizeof(name));
		printf("  %s: %s\n", name, v->change);
		rc = try_cure(run, v->cure, &r->faults[i], err, errlen);
		if (rc < 0)
			return -1;
		cured &= rc;
	}
	/* what v4.8 has by design stays */
	if (found(run, r, "pkru:REMOTE"))
		return cured;
	rc = try_cure(run, cures_of(run, r), NULL, err, errlen);
	return rc < 0 ? rc : cured && rc;
}

static int search_one(struct model_options *o, const struct tgm_run *run, char *err,
		      size_t errlen)
{
	struct tgm_result r;
	char why[512] = "";
	bool passed;
	int rc;

	set_bound(o, run);
	tgm_set_up(run);
	if (tgm_search(run->name, &r, err, errlen))
		return errno == EINTR ? TG_EXIT_INTERRUPTED : TG_EXIT_FAILED;
	passed = tgm_as_expected(run, &r, is_own_bound(o), why, sizeof(why));
	printf("%s: %s, %zu states, %zu transitions, depth %d%s, %d tasks, %d CPUs, %.1f s\n",
	       run->name, passed ? r.nr_faults ? "faults as expected" : "no fault" :
	       "NOT AS EXPECTED", r.states, r.transitions, r.depth,
	       r.complete ? "" : " (no further)", tgm_bound.tasks, tgm_bound.cpus, r.seconds);
	if (!passed)
		printf("  %s\n", why);
	if (run->story)
		print_wrapped("  ", run->story);
	for (int i = 0; i < r.nr_faults; i++)
		if (run->kind != TGM_MUTANT || o->traces || !passed)
			tell_fault(run, &r.faults[i], o->traces);
	if (run->kind == TGM_POSTED && r.nr_faults && r.complete) {
		rc = cure_all(run, &r, o->cures, err, errlen);
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
	if (add_proofs(o, run, &r, passed, why)) {
		snprintf(err, errlen, "out of memory");
		return TG_EXIT_IO;
	}
	return TG_EXIT_OK;
}

static int save_report(struct model_options *o, char *err, size_t errlen)
{
	char path[4096];

	if (mkdir(o->output, 0777) && errno != EEXIST) {
		snprintf(err, errlen, "cannot make directory %s: %s", o->output, strerror(errno));
		return TG_EXIT_IO;
	}
	snprintf(path, sizeof(path), "%s/report.json", o->output);
	if (tg_report_save(o->report, path, err, errlen))
		return TG_EXIT_IO;
	snprintf(path, sizeof(path), "%s/report.txt", o->output);
	return tg_report_save_text(o->report, path, err, errlen) ? TG_EXIT_IO : TG_EXIT_OK;
}

static struct tg_report *new_report(void)
{
	struct tg_report *r = tg_report_new();

	if (!r)
		return NULL;
	free(r->tollgate);
	r->tollgate = strdup(TG_VERSION);
	tg_sysinfo(&r->env, 0);
	r->lane = TG_LANE_USER;
	r->cal.unit = TG_UNIT_TSC;
	r->cal.tsc_step = 1;
	free(r->cal.note);
	r->cal.note = strdup("nothing was measured: proofs alone");
	free(r->plan.tier);
	r->plan.tier = strdup("patterns");
	return r;
}

static int search_all(struct model_options *o, char *err, size_t errlen)
{
	const char *mutants = "2 tasks, 2 CPUs, all states";
	size_t n;
	const struct tgm_run *runs = tgm_runs(&n);
	int rc = TG_EXIT_OK;

	if (o->output) {
		o->report = new_report();
		if (!o->report) {
			snprintf(err, errlen, "out of memory");
			return TG_EXIT_IO;
		}
	}
	for (size_t i = 0; i < n && rc == TG_EXIT_OK; i++)
		if (is_chosen(o, runs[i].name))
			rc = search_one(o, &runs[i], err, errlen);
	if (rc == TG_EXIT_OK && o->planted &&
	    add_proof(o, "fpu.test/planted", o->planted == o->planted_found, o->planted_states,
		      mutants, "a planted fault was not found, or another than expected"))
		rc = TG_EXIT_IO;
	if (rc == TG_EXIT_OK && o->historic &&
	    add_proof(o, "fpu.test/historic", o->historic == o->historic_found,
		      o->historic_states, mutants, "a historic fault was not found"))
		rc = TG_EXIT_IO;
	if (rc == TG_EXIT_OK && o->historic)
		printf("out of scope: 484cea4f362e (2021), a buffer of invalid contents from a frame: "
		       "the model\n  knows whose registers are where, not what is in them\n");
	if (rc == TG_EXIT_OK && o->report)
		rc = save_report(o, err, errlen);
	tg_report_free(o->report);
	tgm_free();
	if (rc == TG_EXIT_OK && o->failed) {
		snprintf(err, errlen, "a search did not end as it must (see above)");
		rc = TG_EXIT_FAILED;
	}
	return rc;
}

int tg_cmd_model(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, NULL,
		"Searches FPU switching for faults: the strategies of this tool, the patches of "
		"2016 as posted, planted faults and historic ones.\vEvery state within the bound is "
		"visited. Exit status: 0 when each search ends as it must; 1 when not, or when "
		"memory does not suffice.", NULL, NULL, NULL
	};
	struct model_options o = { .memory = MEMORY_MIB };
	char err[1024] = "";
	size_t n;
	const struct tgm_run *runs = tgm_runs(&n);
	int rc;

	tg_arguments(&argp, argc, argv, &o);
	tg_catch_signals();
	if (o.list) {
		for (size_t i = 0; i < n; i++)
			if (is_chosen(&o, runs[i].name))
				puts(runs[i].name);
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
