// SPDX-License-Identifier: GPL-2.0
/*
 * Lane vm: the scripts in vm/ fetch a kernel, build the module for it and boot
 * it; inside, this same program runs lane host's rounds. Here the reports of
 * the boots come together.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "home.h"
#include "script.h"
#include "stats.h"

/* Seconds more that a boot may take for each CPU. */
#define TG_BOOT_CPU	10

static int build(const struct tg_guest *g, char *err, size_t errlen)
{
	char ko[PATH_MAX + 16];
	char *const argv[] = { "vm/module.sh", (char *)g->build, ko, NULL };

	snprintf(ko, sizeof(ko), "%s/tollgate.ko", g->dir);
	return tg_script(argv, "building the module", NULL, 0, err, errlen);
}

/* A word for the guest's shell. */
static void quoted(FILE *f, const char *word)
{
	fputs(" '", f);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", f);
		else
			fputc(*word, f);
	}
	fputc('\'', f);
}

/* The guest's job: the script of `make bench LANE=host`, with this run's options. */
static int write_job(const struct tg_options *o, const struct tg_guest *g, char *err, size_t errlen)
{
	char path[PATH_MAX + 16];
	size_t i;
	FILE *f;

	snprintf(path, sizeof(path), "%s/job", g->dir);
	f = fopen(path, "w");
	if (!f)
		goto fail;
	fprintf(f, "sh /host-run.sh /tollgate.ko /tollgate --lane vm --json /out/report.json");
	fprintf(f, " --env-qemu");
	quoted(f, g->qemu);
	fprintf(f, " --env-qemu-cpu");
	quoted(f, g->cpu_model);
	fprintf(f, " --env-accel");
	quoted(f, tg_guest_accel(g));
	if (o->vm_append) {
		fprintf(f, " --env-append");
		quoted(f, o->vm_append);
	}
	if (*g->probe) {
		fprintf(f, " --env-kvm");
		quoted(f, g->probe);
	}
	if (g->icount)
		fprintf(f, " --icount");
	if (o->rounds)
		fprintf(f, " --rounds %d", o->rounds);
	if (o->samples)
		fprintf(f, " --samples %ld", o->samples);
	if (o->cpu >= 0)
		fprintf(f, " --cpu %d", o->cpu);
	if (o->cpu_node >= 0)
		fprintf(f, " --cpu node%d", o->cpu_node);
	if (o->mem_node >= 0)
		fprintf(f, " --mem-node %d", o->mem_node);
	if (o->full)
		fprintf(f, " --full");
	if (o->quick)
		fprintf(f, " --quick");
	if (o->quiet)
		fprintf(f, " --quiet %s", o->quiet);
	if (o->events) {
		fprintf(f, " --events");
		quoted(f, o->events);
	}
	fprintf(f, " --");
	for (i = 0; i < o->nr_patterns; i++)
		quoted(f, o->patterns[i]);
	fprintf(f, " 2>/out/stderr.txt\n");
	if (ferror(f) | fclose(f))
		goto fail;
	return TG_EXIT_OK;
fail:
	snprintf(err, errlen, "cannot write %s: %s", path, strerror(errno));
	return TG_EXIT_IO;
}

/* What the program in the guest said last, if it said anything. */
static void guest_said(const char *dir, char *err, size_t errlen)
{
	char path[PATH_MAX + 32], line[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/stderr.txt", dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "tollgate: run: ", 15))
			snprintf(err, errlen, "in the guest: %s", line + 15);
		else if (!strncmp(line, "tollgate: ", 10))
			snprintf(err, errlen, "in the guest: %s", line + 10);
	}
	if (f)
		fclose(f);
}

static int boot(const struct tg_guest *g, int n, int of, long left, struct tg_report **out,
		char *err, size_t errlen)
{
	char job[PATH_MAX + 16], ko[PATH_MAX + 32], dir[PATH_MAX + 16], what[96];
	char self[PATH_MAX + 16], path[PATH_MAX + 32], exe[PATH_MAX], limit[16];
	char *argv[13 + TG_GUEST_ARGS] = {
		"vm/boot.sh", "--image", (char *)g->image, "--job", job, "--out", dir,
		"--file", ko, "--file", self, "--timeout", limit
	};
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int rc;

	if (len < 0) {
		snprintf(err, errlen, "cannot find this program: %s", strerror(errno));
		return TG_EXIT_IO;
	}
	exe[len] = 0;
	memcpy(argv + 13, g->args, sizeof(g->args));
	snprintf(limit, sizeof(limit), "%ld", g->limit);
	snprintf(job, sizeof(job), "%s/job", g->dir);
	snprintf(ko, sizeof(ko), "%s/tollgate.ko:/tollgate.ko", g->dir);
	snprintf(self, sizeof(self), "%s:/tollgate", exe);
	snprintf(dir, sizeof(dir), "%s/boot%d", g->dir, n);
	rc = snprintf(what, sizeof(what), "Linux %.24s in QEMU, boot %d of %d", g->release, n + 1, of);
	if (left)
		snprintf(what + rc, sizeof(what) - rc, ", %ld s left", left);
	rc = tg_script(argv, what, NULL, 0, err, errlen);
	if (rc)
		guest_said(dir, err, errlen);
	/* a failed experiment is in the report: the run's own verdict will say so */
	if (rc && rc != TG_EXIT_FAILED)
		return rc;
	snprintf(path, sizeof(path), "%s/report.json", dir);
	*out = tg_report_load(path, err, errlen);
	return *out ? TG_EXIT_OK : rc ? rc : TG_EXIT_GUEST;
}

/* The mean of two, weighted; of one that is not there neither. */
static double mean(double a, double b, double share)
{
	return a * (1 - share) + b * share;
}

/* Adds another boot's counts, which make a share of all rounds. -1 if they are others. */
static int add_events(struct tg_figure *f, const struct tg_figure *more, double share)
{
	size_t i;

	/* a first boot without rounds has failed: so has the figure */
	if (!f->nr_rounds)
		return 0;
	if (f->nr_events != more->nr_events)
		return -1;
	for (i = 0; i < f->nr_events; i++) {
		struct tg_event_figure *c = &f->events[i];
		const struct tg_event_figure *m = &more->events[i];

		c->value = mean(c->value, m->value, share);
		c->user = mean(c->user, m->user, share);
		c->kernel = mean(c->kernel, m->kernel, share);
		c->error = hypot(c->error * (1 - share), m->error * share);
		if (!c->reason && m->reason)
			c->reason = strdup(m->reason);
	}
	return 0;
}

/* Adds the rounds of another boot's figure; its value is made anew. */
static int add_boot(struct tg_figure *f, const struct tg_figure *more, int boot)
{
	struct tg_round *rounds;
	struct tg_estimate e;
	double *v, ns_per_unit = f->ns / f->value;
	size_t i;

	if (more->status != f->status && more->status > TG_NOT_RESOLVABLE) {
		f->status = more->status;
		free(f->reason);
		f->reason = more->reason ? strdup(more->reason) : NULL;
	}
	if (!more->nr_rounds)
		return 0;
	if (add_events(f, more, (double)more->nr_rounds / (f->nr_rounds + more->nr_rounds)))
		return -1;
	rounds = realloc(f->rounds, (f->nr_rounds + more->nr_rounds) * sizeof(*rounds));
	if (!rounds)
		return -1;
	f->rounds = rounds;
	for (i = 0; i < more->nr_rounds; i++) {
		rounds[f->nr_rounds] = more->rounds[i];
		rounds[f->nr_rounds++].boot = boot;
	}
	v = calloc(f->nr_rounds, sizeof(*v));
	if (!v)
		return -1;
	for (i = 0; i < f->nr_rounds; i++)
		v[i] = rounds[i].value;
	e = tg_estimate_rounds(v, f->nr_rounds);
	free(v);
	f->value = e.value;
	f->error = e.error;
	f->ns = isnan(f->ns) ? f->ns : ns_per_unit * e.value;
	f->samples += more->samples;
	f->discarded += more->discarded;
	f->disturbed += more->disturbed;
	f->quick = f->unit != TG_UNIT_INSNS && f->nr_rounds < TG_FULL_ROUNDS;
	if (f->status <= TG_NOT_RESOLVABLE)
		f->status = fabs(f->value) < f->error ? TG_NOT_RESOLVABLE : TG_OK;
	return 0;
}

/* Joins a boot's report into the first's; the guest was the same machine. */
static int join(struct tg_report *r, const struct tg_report *more, int boot, char *err,
		size_t errlen)
{
	size_t i;

	r->cal.left_out += more->cal.left_out;
	if (more->cal.unit != r->cal.unit) {
		snprintf(err, errlen, "boot %d measured in %s, the first in %s", boot + 1,
			 tg_unit_names[more->cal.unit], tg_unit_names[r->cal.unit]);
		return TG_EXIT_GUEST;
	}
	r->plan.boots = boot + 1;
	for (i = 0; i < r->nr_figures; i++) {
		const struct tg_figure *f = tg_report_find(more, r->figures[i].name);

		if (!f || add_boot(&r->figures[i], f, boot)) {
			snprintf(err, errlen, "boot %d lacks %s", boot + 1, r->figures[i].name);
			return TG_EXIT_GUEST;
		}
	}
	return TG_EXIT_OK;
}

/* What the guest's clock cannot know. */
static int stamp(struct tg_report *r)
{
	char text[32];
	time_t t = time(NULL);
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	free(r->env.date);
	r->env.date = strdup(text);
	return r->env.date ? 0 : -1;
}

static int all_boots(const struct tg_options *o, struct tg_guest *g, struct tg_report **out,
		     char *err, size_t errlen)
{
	struct tg_report *first = NULL, *more = NULL;
	int n, rc = TG_EXIT_OK;
	time_t start = time(NULL);

	for (n = 0; n < o->boots && !rc; n++) {
		rc = boot(g, n, o->boots, n ? (time(NULL) - start) * (o->boots - n) / n : 0,
			  n ? &more : &first, err, errlen);
		if (!rc && n)
			rc = join(first, more, n, err, errlen);
		tg_report_free(more);
		more = NULL;
	}
	if (!rc && stamp(first)) {
		snprintf(err, errlen, "no memory");
		rc = TG_EXIT_IO;
	}
	if (rc)
		tg_report_free(first);
	else
		*out = first;
	return rc;
}

/* Where the consoles of a failed guest are kept: the private directory stays. */
static void tidy(const struct tg_guest *g, int rc, char *err, size_t errlen)
{
	char *const argv[] = { "rm", "-rf", "--", (char *)g->dir, NULL };
	size_t n = strlen(err);
	char ignored[256];

	if (rc == TG_EXIT_GUEST)
		snprintf(err + n, errlen - n, " (console and files kept in %s)", g->dir);
	else
		tg_script(argv, NULL, NULL, 0, ignored, sizeof(ignored));
}

/*
 * Seconds that a boot may take with this many figures. With an instruction counter
 * some 3 ms of emulation a round and sample for all experiments (two slow cores):
 * three times that, and room for the boot itself. Without it no default run lasts
 * as long as this (rounds.c ends it before); it is for rounds that were asked for.
 */
static long boot_limit(const struct tg_options *o, const struct tg_guest *g, size_t figures)
{
	double rounds = o->rounds ? o->rounds : g->icount ? TG_ROUNDS_ICOUNT : TG_ROUNDS_DEFAULT;
	double samples = o->samples ? o->samples : g->icount ? TG_SAMPLES_ICOUNT : TG_SAMPLES_ROUND;

	if (g->icount)
		return 120 + TG_BOOT_CPU * o->smp + 0.01 * rounds * samples;
	return 300 + figures * rounds * (0.01 + 0.0001 * samples);
}

/*
 * QEMU before 8.1 gives the first CPU of a guest under -icount the time up to the
 * next timer, and the others none of it unless the first one pauses or halts.
 * Kernels before 6.5 wait for the CPUs that they start in a loop that does
 * neither, and so for ever.
 */
static bool starves(const struct tg_options *o, const struct tg_guest *g, char *err, size_t errlen)
{
	int kernel[2] = { 0 }, qemu[2] = { 0 };

	if (o->smp < 2 || !g->icount ||
	    sscanf(g->release, "%d.%d", &kernel[0], &kernel[1]) != 2 ||
	    sscanf(g->qemu, "%d.%d", &qemu[0], &qemu[1]) != 2)
		return false;
	if (kernel[0] * 1000 + kernel[1] >= 6005 || qemu[0] * 1000 + qemu[1] >= 8001)
		return false;
	snprintf(err, errlen, "--smp %d: kernel %s never gets its second CPU to run under -icount of QEMU %s; allowed: --smp 1, a kernel from 6.5, or QEMU from 8.1",
		 o->smp, g->release, g->qemu);
	return true;
}

int tg_run_vm(const struct tg_options *o, struct tg_report **out, char *err, size_t errlen)
{
	struct tg_guest g = { 0 };
	struct tg_selection sel;
	char path[PATH_MAX];
	const char *tmp;
	size_t figures;
	int rc;

	if (tg_select(o->patterns, o->nr_patterns, o->full, R0 | R3 | CROSS, &sel, err, errlen))
		return TG_EXIT_INPUT;
	figures = sel.n;
	tg_selection_free(&sel);
	if (!tg_home()) {
		snprintf(err, errlen, "lane vm needs Tollgate's vm/ directory: run from a source tree, 'make install', or set TOLLGATE_HOME");
		return TG_EXIT_NOTHING;
	}
	tmp = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	/* the scripts run elsewhere, and put these paths into words with separators */
	if (!realpath(tmp, path)) {
		snprintf(err, errlen, "TMPDIR %s: %s", tmp, strerror(errno));
		return TG_EXIT_INPUT;
	}
	if (strpbrk(path, ":, ")) {
		snprintf(err, errlen, "TMPDIR %s: a folder without ':', ',' and blanks is needed",
			 tmp);
		return TG_EXIT_INPUT;
	}
	setenv("TMPDIR", path, 1);
	if (strchr(tg_home(), ':')) {
		snprintf(err, errlen, "lane vm needs a tree without ':' in its path, which %s has",
			 tg_home());
		return TG_EXIT_INPUT;
	}
	snprintf(g.dir, sizeof(g.dir), "%.4000s/tollgate-vm.XXXXXX", path);
	rc = tg_guest_machine(o, &g, err, errlen);
	if (!rc)
		rc = tg_guest_kernel(o, &g, err, errlen);
	if (rc)
		return rc;
	if (starves(o, &g, err, errlen))
		return TG_EXIT_NOTHING;
	g.limit = boot_limit(o, &g, figures);
	if (!mkdtemp(g.dir)) {
		snprintf(err, errlen, "cannot make %s: %s", g.dir, strerror(errno));
		return TG_EXIT_IO;
	}
	rc = build(&g, err, errlen);
	if (!rc)
		rc = write_job(o, &g, err, errlen);
	if (!rc)
		rc = all_boots(o, &g, out, err, errlen);
	tidy(&g, rc, err, errlen);
	return rc;
}
