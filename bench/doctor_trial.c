// SPDX-License-Identifier: GPL-2.0
/* A short run of lane user: does the clock calibrate, how rough is a figure, who is beside us. */
#include <math.h>
#include <stdlib.h>

#include "doctor.h"
#include "engine.h"
#include "run.h"

#define TG_TRIAL_ROUNDS		TG_FULL_ROUNDS
#define TG_TRIAL_SAMPLES	100
#define TG_TRIAL_CROSSING	"crossing/syscall_null@r3"

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

/* The mitigations in one line: "spectre_v1 spectre_v2=Retpolines". */
static char *mitigations(const struct tg_environment *env)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool any = false;

	if (!out)
		return NULL;
	for (size_t i = 0; i < env->nr_mitigations; i++) {
		const struct tg_pair *m = &env->mitigations[i];

		if (!strncmp(m->value, "Not affected", 12))
			continue;
		fprintf(out, "%s%s%s", any ? " " : "", m->key,
			strncmp(m->value, "Mitigation", 10) ? "=vulnerable" : "");
		any = true;
	}
	if (!any)
		fputs(env->nr_mitigations ? "none needed" : "not reported", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void take_environment(struct tg_facts *f, const struct tg_environment *env)
{
	f->cpu = copy(env->cpu);
	f->kernel = copy(env->kernel);
	f->cmdline = copy(env->cmdline);
	f->cpus = env->cpus;
	f->cpu_pinned = env->cpu_pinned;
	f->core_type = copy(env->core_type);
	f->hypervisor = copy(env->hypervisor);
	f->mitigations = mitigations(env);
	f->smt = copy(env->smt);
	if (env->governor && strcmp(env->governor, "none"))
		f->governor = copy(env->governor);
	f->tsc_mhz = env->tsc_mhz;
}

static void take_figures(struct tg_facts *f, const struct tg_report *r)
{
	const struct tg_figure *known = tg_report_find(r, TG_KNOWN_BODY);
	const struct tg_figure *crossing = tg_report_find(r, TG_TRIAL_CROSSING);

	f->unit = r->cal.unit;
	f->cycles_per_tick = r->cal.cycles_per_tick;
	f->note = copy(r->cal.note);
	f->tsc_step = r->cal.tsc_step;
	f->witness = r->cal.witness;
	f->state = r->cal.state;
	f->entry = r->cal.entry;
	f->left_out = r->cal.left_out;
	if (known && known->status == TG_OK)
		f->known = known->value;
	if (crossing && crossing->status == TG_OK)
		f->error = 100 * crossing->error / crossing->value;
	for (size_t i = 0; i < r->nr_figures; i++) {
		const struct tg_figure *g = &r->figures[i];

		f->readings += g->nr_rounds;
		/* kept for want of better: they were beside somebody too */
		f->readings -= g->disturbed;
		f->left_out += g->disturbed;
		if (!f->trial_fault && g->status == TG_FAILED)
			f->trial_fault = copy(g->reason ? g->reason : "a figure failed");
	}
}

int tg_facts_trial(struct tg_facts *f, int cpu, char *err, size_t errlen)
{
	static char *const patterns[] = { (char *)TG_KNOWN_BODY, (char *)TG_TRIAL_CROSSING };
	struct tg_options o = {
		.lane = TG_LANE_USER, .cpu = cpu, .boots = 1,
		.rounds = TG_TRIAL_ROUNDS, .samples = TG_TRIAL_SAMPLES,
		.patterns = (char **)patterns, .nr_patterns = 2,
	};
	struct tg_environment env = { 0 };
	struct tg_report *r = NULL;
	char why[256];
	int rc;

	f->tsc_mhz = f->cycles_per_tick = f->known = f->error = f->state = f->entry = NAN;
	f->rdtscp = tg_ring3_usable(why, sizeof(why));
	rc = tg_run_here(&o, &r, err, errlen);
	if (rc == TG_EXIT_INPUT || rc == TG_EXIT_INTERRUPTED)
		return rc;
	if (!rc) {
		take_environment(f, &r->env);
		take_figures(f, r);
	} else {
		/* what a report would have told of the machine */
		f->trial_fault = copy(err);
		tg_sysinfo(&env, cpu < 0 ? 0 : cpu);
		take_environment(f, &env);
		r = tg_report_new();
		if (r)
			r->env = env;
	}
	tg_report_free(r);
	return TG_EXIT_OK;
}
