/* SPDX-License-Identifier: GPL-2.0 */
/* A report in memory: made, grown, searched, freed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_fields.h"

const char *const tg_unit_names[TG_NR_UNITS] = {
	[TG_UNIT_CYCLES] = "cycles",
	[TG_UNIT_TSC] = "tsc",
	[TG_UNIT_INSNS] = "insns",
};

const char *const tg_lane_names[TG_NR_LANES] = {
	[TG_LANE_USER] = "user",
	[TG_LANE_HOST] = "host",
	[TG_LANE_VM] = "vm",
};

const char *const tg_status_names[TG_NR_STATUS] = {
	[TG_OK] = "ok",
	[TG_NOT_RESOLVABLE] = "not-resolvable",
	[TG_SKIPPED] = "skipped",
	[TG_REFUSED] = "refused",
	[TG_FAILED] = "failed",
};

struct tg_report *tg_report_new(void)
{
	struct tg_report *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->schema = TG_SCHEMA;
	r->env.tsc_mhz = NAN;
	r->cal.cycles_per_tick = NAN;
	r->cal.error = NAN;
	r->cal.imul = NAN;
	r->cal.add = NAN;
	r->cal.canary = NAN;
	r->cal.state = NAN;
	r->cal.entry = NAN;
	r->env.cpu_second = -1;
	r->env.cpu_node = -1;
	r->env.mem_node = -1;
	r->env.remote_node = -1;
	r->cal.bracket = NAN;
	return r;
}

static void free_figure(struct tg_figure *f)
{
	for (size_t i = 0; i < f->nr_left_out; i++)
		free(f->left_out[i]);
	free(f->left_out);
	for (size_t i = 0; i < f->nr_events; i++) {
		free(f->events[i].name);
		free(f->events[i].reason);
	}
	free(f->events);
	free(f->rounds);
	free(f->name);
	free(f->method);
	free(f->reason);
}

static void free_environment(struct tg_environment *env)
{
	for (size_t i = 0; i < env->nr_mitigations; i++) {
		free(env->mitigations[i].key);
		free(env->mitigations[i].value);
	}
	free(env->mitigations);
	free(env->date);
	free(env->cpu);
	free(env->vendor);
	free(env->core_type);
	free(env->microcode);
	free(env->kernel);
	free(env->kernel_build);
	free(env->cmdline);
	free(env->hypervisor);
	free(env->governor);
	free(env->smt);
	free(env->qemu);
	free(env->qemu_cpu);
	free(env->accel);
	free(env->append);
	free(env->counters);
	free(env->kvm);
}

void tg_report_free(struct tg_report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nr_figures; i++)
		free_figure(&r->figures[i]);
	free(r->figures);
	tg_events_free(r);
	free_environment(&r->env);
	free(r->cal.note);
	free(r->cal.counter);
	free(r->plan.tier);
	free(r->plan.quiet);
	free(r->tollgate);
	free(r);
}

struct tg_figure *tg_report_add(struct tg_report *r)
{
	size_t n = r->nr_figures;
	struct tg_figure *f;

	/*
	 * There is room for the next power of two, so the array is full, and
	 * doubled, exactly when the count is one.
	 */
	if (!(n & (n - 1))) {
		f = reallocarray(r->figures, n ? 2 * n : 1, sizeof(*f));
		if (!f)
			return NULL;
		r->figures = f;
	}

	f = &r->figures[n];
	memset(f, 0, sizeof(*f));
	f->status = TG_FAILED;
	f->value = NAN;
	f->error = NAN;
	f->ns = NAN;
	r->nr_figures = n + 1;
	return f;
}

const struct tg_figure *tg_report_find(const struct tg_report *r, const char *name)
{
	for (size_t i = 0; i < r->nr_figures; i++)
		if (r->figures[i].name && !strcmp(r->figures[i].name, name))
			return &r->figures[i];
	return NULL;
}
