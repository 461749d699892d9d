// SPDX-License-Identifier: GPL-2.0
/* Lanes user and host: run the rounds on this machine, make the report. */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>

#include "cmdline.h"
#include "counted.h"
#include "counters.h"
#include "place.h"
#include "run.h"

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

/* Words added to a guest's command line, as a report may carry them; NULL: none. */
static char *appended(const char *words)
{
	char *kept = words ? tg_command_line(words, NULL) : NULL;

	if (kept && !*kept) {
		free(kept);
		kept = NULL;
	}
	return kept;
}

/* Tracks of the selected points; what cannot run here says so at once. */
static struct tg_track *make_tracks(const struct tg_selection *sel, const struct tg_options *o)
{
	struct tg_track *t = calloc(sel->n, sizeof(*t));
	char why[256];
	size_t i;

	for (i = 0; t && i < sel->n; i++) {
		int bit = tg_ring_bit(sel->points[i].ring);

		t[i].point = sel->points[i];
		tg_point_name(&sel->points[i], t[i].name);
		t[i].status = TG_OK;
		t[i].samples = o->fit ? 0 : o->samples;
		if (tg_point_remote(&t[i].point) && o->place->remote < 0) {
			t[i].status = TG_SKIPPED;
			t[i].reason = strdup(o->place->no_remote);
			continue;
		}
		if ((bit == R3 || tg_module_available(&sel->points[i], why, sizeof(why))) &&
		    (bit == R0 || tg_ring3_available(&sel->points[i], why, sizeof(why))))
			continue;
		t[i].status = TG_SKIPPED;
		t[i].reason = strdup(why);
	}
	return t;
}

static void free_tracks(struct tg_track *t, size_t n)
{
	size_t i;

	for (i = 0; t && i < n; i++) {
		for (int e = 0; e < TG_EVENTS_MAX; e++)
			free(t[i].uncounted[e]);
		free(t[i].reason);
		free(t[i].readings);
		free(t[i].boots);
	}
	free(t);
}

/* In how many readings of a figure core cycles were counted, in both modes. */
static size_t nr_counted(const struct tg_track *t, size_t cycles)
{
	size_t i, n = 0;

	for (i = 0; i < t->nr_readings; i++)
		n += !isnan(t->readings[i].counted[cycles].value);
	return n;
}

/*
 * Where core cycles were counted, in half of the rounds at least, figures are what
 * was counted, and rounds without it are left out. Not where the hypervisor may
 * take over: a guest's counter stands still meanwhile.
 */
static void use_counter(struct tg_track *t, size_t n, size_t cycles)
{
	size_t i, k, kept;

	for (i = 0; i < n; i++) {
		if (tg_exps[t[i].point.exp].flags & TG_F_EXITS ||
		    2 * nr_counted(&t[i], cycles) < t[i].nr_readings)
			continue;
		for (k = kept = 0; k < t[i].nr_readings; k++) {
			if (isnan(t[i].readings[k].counted[cycles].value))
				continue;
			t[i].boots[kept] = t[i].boots[k];
			t[i].readings[kept] = t[i].readings[k];
			t[i].readings[kept].by_counter = true;
			t[i].readings[kept++].cycles = cycles;
		}
		t[i].nr_readings = kept;
	}
}

/*
 * The calibration of a report: all readings of all experiments together. chains: the
 * unit of figures that no counter makes.
 */
static int calibrate(const struct tg_options *o, struct tg_track *t, size_t n, uint64_t step,
		     struct tg_calibration *cal, enum tg_unit *chains)
{
	struct tg_reading *all;
	size_t i, total = 0;

	for (i = 0; i < n; i++)
		total += t[i].nr_readings;
	all = calloc(total ? total : 1, sizeof(*all));
	if (!all)
		return -1;
	for (i = total = 0; i < n; i++) {
		memcpy(all + total, t[i].readings, t[i].nr_readings * sizeof(*all));
		total += t[i].nr_readings;
	}
	tg_calibrate(all, total, step, cal);
	*chains = cal->unit;
	if (o->cycles >= 0 &&
	    tg_calibrate_counter(all, total, o->cycles, o->counted.event[o->cycles].name, cal))
		use_counter(t, n, o->cycles);
	free(all);
	return 0;
}

static int add_tally(struct tg_figure *f, const struct tg_tally *tally)
{
	const struct { const char *name; unsigned long long nr; } counts[] = {
		{ "fpu-saves", tally->saves }, { "fpu-restores", tally->restores },
		{ "fpu-skips", tally->skips },
	};
	struct tg_event_figure *more;

	for (size_t i = 0; tally->steps && i < 3; i++) {
		more = reallocarray(f->events, f->nr_events + 1, sizeof(*more));
		if (!more)
			return -1;
		f->events = more;
		more[f->nr_events] = (struct tg_event_figure){
			.name = strdup(counts[i].name), .user = NAN, .kernel = NAN,
			.value = (double)counts[i].nr / (double)tally->steps,
		};
		if (!more[f->nr_events++].name)
			return -1;
	}
	return 0;
}

static int add_left_out(struct tg_figure *f, const struct tg_point *p)
{
	const char *insns[TG_LEFT_OUT_MOST];
	size_t n = p->ring ? tg_ring3_left_out(p, insns, TG_LEFT_OUT_MOST) : 0;

	f->left_out = n ? calloc(n, sizeof(*f->left_out)) : NULL;
	while (f->left_out && f->nr_left_out < n) {
		f->left_out[f->nr_left_out] = strdup(insns[f->nr_left_out]);
		if (!f->left_out[f->nr_left_out++])
			return -1;
	}
	return f->nr_left_out == n ? 0 : -1;
}

static int fill(struct tg_report *r, const struct tg_options *o, const struct tg_track *t, size_t n,
		enum tg_unit chains)
{
	static const char *const methods[] = TG_METHOD_NAMES;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct tg_exp *e = &tg_exps[t[i].point.exp];
		struct tg_figure *f = tg_report_add(r);

		if (!f)
			return -1;
		f->name = strdup(t[i].name);
		f->method = strdup(methods[e->method]);
		f->unit = t[i].nr_readings && t[i].readings[0].by_counter ? r->cal.unit : chains;
		f->exits = e->flags & TG_F_EXITS;
		f->status = t[i].status;
		f->reason = copy(t[i].reason);
		f->disturbed = t[i].status == TG_OK ? (long)t[i].nr_poor : 0;
		if (t[i].status == TG_OK &&
		    tg_fill_figure(f, t[i].readings, t[i].boots, t[i].nr_readings, f->unit,
				   r->env.tsc_mhz))
			return -1;
		if (t[i].status == TG_OK &&
		    tg_fill_events(f, t[i].readings, t[i].nr_readings, &o->counted,
				   t[i].uncounted))
			return -1;
		if (t[i].status == TG_OK &&
		    (add_tally(f, &t[i].tally) || add_left_out(f, &t[i].point)))
			return -1;
	}
	return 0;
}

static void describe(struct tg_report *r, const struct tg_options *o, int cpu)
{
	static const char *const quiets[] = TG_QUIET_NAMES;	/* the first is the default */

	r->tollgate = strdup(TG_VERSION);
	r->lane = o->lane;
	tg_sysinfo(&r->env, cpu);
	r->env.qemu = copy(o->qemu);
	r->env.qemu_cpu = copy(o->qemu_cpu);
	r->env.accel = copy(o->accel);
	r->env.append = appended(o->append);
	r->env.kvm = copy(o->kvm);
	r->env.nodes = o->place->nodes;
	r->env.cpu_node = o->place->cpu_node;
	r->env.mem_node = o->place->node;
	r->env.mem_distance = o->place->distance;
	r->env.remote_node = o->place->remote;
	r->env.remote_distance = o->place->remote_distance;
	r->plan.boots = 1;
	r->plan.rounds = o->rounds;
	r->plan.samples = o->samples;
	r->plan.tier = strdup(o->nr_patterns ? "patterns" : o->full ? "full" : "core");
	r->plan.quiet = o->lane == TG_LANE_USER ? NULL : strdup(o->quiet ? o->quiet : quiets[0]);
}

/* A probe of the state that was found; NaN: none was. */
static double found(double cycles)
{
	return cycles > 0 ? cycles : NAN;
}

/* The place of an event that counts the same, -1 if there is none. */
static int find_event(const struct tg_events *events, const struct tg_event *like)
{
	size_t i;

	for (i = 0; i < events->n; i++)
		if (tg_event_same(&events->event[i], like))
			return i;
	return -1;
}

/*
 * What to count: what was asked for and, unless that is none, core cycles where
 * they can be counted whole. 0, or an exit code with err. line: gets what there is
 * to count with.
 */
static int choose_events(struct tg_options *o, int cpu, char *line, size_t linelen, char *err,
			 size_t len)
{
	bool none = o->events && !strcmp(o->events, "none"), cycles;
	char what[512];
	struct tg_event core;
	struct tg_pmu pmu;
	cpu_set_t *was;
	struct tg_events part;
	size_t size, index[TG_EVENTS_MAX];
	int rc = 0, group;

	o->cycles = -1;
	o->counted.n = 0;
	was = tg_allowed_cpus(&size);
	if (!was) {
		snprintf(err, len, "sched_getaffinity: %s", strerror(errno));
		return TG_EXIT_REFUSED;
	}
	tg_pin(cpu);	/* a hybrid CPU has two PMUs */
	cycles = tg_counters_describe(line, linelen) == 0;
	if (o->events && !none &&
	    tg_events_parse(TG_EVENT_SOURCES, o->events, &o->counted, what, sizeof(what)))
		rc = TG_EXIT_INPUT;
	tg_event_cycles(&core);
	if (!rc && !none && !o->icount && cycles) {
		o->cycles = find_event(&o->counted, &core);
		if (o->cycles < 0 && o->counted.n < TG_EVENTS_MAX) {
			memmove(&o->counted.event[1], &o->counted.event[0],
				o->counted.n++ * sizeof(core));
			o->counted.event[0] = core;
			o->cycles = 0;
		}
	}
	tg_pmu_find(&pmu);
	for (group = 0; group < TG_NR_COUNT_GROUPS && !rc; group++) {
		tg_count_group(&o->counted, group, &part, index);
		if (tg_counters_fit(&pmu, &part, what, sizeof(what)))
			rc = TG_EXIT_INPUT;
		if (!rc)
			rc = tg_counters_probe(&part, what, sizeof(what));
	}
	sched_setaffinity(0, size, was);
	CPU_FREE(was);
	if (rc)
		snprintf(err, len, "-e: %s", what);
	return rc;
}

int tg_run_here(const struct tg_options *opts, struct tg_report **out, char *err, size_t errlen)
{
	struct tg_options o = *opts;
	struct tg_selection sel;
	struct tg_track *t = NULL;
	struct tg_report *r = NULL;
	struct tg_topology *topology = NULL;
	struct tg_clock clock = { .step = 1 };
	enum tg_unit chains;
	char counters[512];
	struct tg_place place;
	int rc, cpu, cpus[2];

	o.brief = !o.rounds && !o.quick && !o.icount;
	if (!o.rounds)
		o.rounds = o.icount ? TG_ROUNDS_ICOUNT :
			   o.quick ? TG_ROUNDS_QUICK : TG_ROUNDS_DEFAULT;
	o.fit = !o.samples;
	if (!o.samples)
		o.samples = o.icount ? TG_SAMPLES_ICOUNT :
			    o.quick ? TG_SAMPLES_QUICK : TG_SAMPLES_ROUND;
	if (tg_select(o.patterns, o.nr_patterns, o.full,
		      o.lane == TG_LANE_USER ? R3 : R0 | R3 | CROSS,
		      &sel, err, errlen))
		return TG_EXIT_INPUT;
	rc = TG_EXIT_REFUSED;
	topology = tg_topology_read(err, errlen);
	if (!topology)
		goto out;
	cpu = tg_choose_cpu(topology, o.cpu, o.cpu_node, &rc, err, errlen);
	if (cpu < 0)
		goto out;
	rc = tg_choose_memory(topology, cpu, o.mem_node, &place, err, errlen);
	if (rc)
		goto out;
	o.place = &place;
	rc = TG_EXIT_NOTHING;
	if (!tg_ring3_usable(err, errlen))
		goto out;
	if (o.lane != TG_LANE_USER && !tg_module_dir(err, errlen, &rc))
		goto out;
	rc = choose_events(&o, cpu, counters, sizeof(counters), err, errlen);
	if (rc)
		goto out;
	rc = TG_EXIT_IO;
	snprintf(err, errlen, "no memory");
	t = make_tracks(&sel, &o);
	r = tg_report_new();
	if (!t || !r)
		goto out;
	cpus[0] = cpu;
	cpus[1] = o.cpu < 0 && !o.icount ? tg_second_cpu(topology, cpu) : -1;
	rc = tg_rounds(&o, t, sel.n, cpus, cpus[1] < 0 ? 1 : 2, &clock, err, errlen);
	if (rc)
		goto out;
	describe(r, &o, cpu);
	r->cal.witness = clock.witness;
	r->cal.state = found(clock.state.probe[TG_PROBE_CORE]);
	r->cal.entry = found(clock.state.probe[TG_PROBE_ENTRY]);
	r->cal.left_out = clock.left_out;
	r->env.cpu_second = cpus[1];
	r->env.core_type = strdup(*clock.core ? clock.core : tg_core_type());
	r->env.counters = strdup(counters);
	if (calibrate(&o, t, sel.n, clock.step, &r->cal, &chains) ||
	    fill(r, &o, t, sel.n, chains)) {
		snprintf(err, errlen, "no memory");
		rc = TG_EXIT_IO;
		goto out;
	}
	*out = r;
	r = NULL;
out:
	tg_report_free(r);
	free_tracks(t, sel.n);
	free(clock.spans.span);
	tg_topology_free(topology);
	tg_selection_free(&sel);
	return rc;
}
