// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>

#include "reading.h"
#include "stats.h"

#include <tollgate/seq.h>

_Static_assert(TG_NR_ROLES == TG_ENGINE_ROLES && TG_NR_SEQS == TG_OWN_ROLES,
	       "engine.h mirrors enum tg_role");

typedef double tg_location(const uint64_t *t, size_t n, uint64_t step);

/* Ticks per copy of one slope: (long - short) / copies. NaN if either is missing. */
static double slope(const struct tg_samples *s, int hi, int lo, uint32_t copies,
		    tg_location *at, uint64_t step)
{
	if (!s->n[hi] || !s->n[lo])
		return NAN;
	return (at(s->ticks[hi], s->n[hi], step) - at(s->ticks[lo], s->n[lo], step)) / copies;
}

/* The figure by its method, which shows in the series that are there. */
static double figure(const struct tg_samples *s, tg_location *at, uint64_t step)
{
	double v = slope(s, TG_HI, TG_LO, s->copies, at, step);

	if (s->ticks[TG_PREP_HI])
		v -= slope(s, TG_PREP_HI, TG_PREP_LO, s->copies, at, step);
	if (s->fenced)
		v += slope(s, TG_IMUL_HI, TG_IMUL_LO, s->cal_copies, at, step);
	if (s->ticks[TG_FIRST_NEW])
		v += slope(s, TG_FIRST_NEW, TG_FIRST_OLD, 1, at, step);
	return v;
}

/*
 * hi - lo, or hi - lo - (prep_hi - prep_lo), sample for sample, in ticks per
 * copy. Samples of one number were taken within some passes of each other, so
 * a clock frequency that wanders, or a sequence that runs as a whole a per mille
 * slower than a moment ago, is the same in all of them and falls out. Where the
 * preparation is dear, the difference of two means is several times as rough.
 */
static double apart(const struct tg_samples *s, int hi, int prep, uint32_t copies, uint64_t step)
{
	size_t n = s->n[hi] < s->n[hi + 1] ? s->n[hi] : s->n[hi + 1];
	double *d, v;

	if (prep && s->n[prep] < n)
		n = s->n[prep];
	if (prep && s->n[prep + 1] < n)
		n = s->n[prep + 1];
	d = calloc(n ? n : 1, sizeof(*d));
	if (!d)
		return NAN;
	for (size_t i = 0; i < n; i++) {
		d[i] = (double)s->ticks[hi][i] - (double)s->ticks[hi + 1][i];
		if (prep)
			d[i] -= (double)s->ticks[prep][i] - (double)s->ticks[prep + 1][i];
	}
	v = tg_middle(d, n, step) / copies;
	free(d);
	return v;
}

_Static_assert(TG_LO == TG_HI + 1 && TG_PREP_LO == TG_PREP_HI + 1 &&
	       TG_FIRST_OLD == TG_FIRST_NEW + 1 && TG_IMUL_LO == TG_IMUL_HI + 1 &&
	       TG_ADD_LO == TG_ADD_HI + 1 && TG_CANARY_LO == TG_CANARY_HI + 1,
	       "a series' partner follows it");

/* The least: of an instruction counter, what is more is foreign. */
static double least(const uint64_t *t, size_t n, uint64_t step)
{
	uint64_t found = t[0];

	(void)step;
	for (size_t i = 1; i < n; i++)
		found = t[i] < found ? t[i] : found;
	return found;
}

/* One tick per instruction of both chains, by the least of their samples. */
static bool counts_instructions(const struct tg_samples *s, uint64_t step)
{
	return slope(s, TG_IMUL_HI, TG_IMUL_LO, s->cal_copies, least, step) == 1.0 &&
	       slope(s, TG_ADD_HI, TG_ADD_LO, s->cal_copies, least, step) == 1.0;
}

int tg_reduce(const struct tg_samples *s, uint64_t step, struct tg_reading *out)
{
	memset(out, 0, sizeof(*out));
	out->imul = apart(s, TG_IMUL_HI, 0, s->cal_copies, step);
	out->add = apart(s, TG_ADD_HI, 0, s->cal_copies, step);
	out->canary = apart(s, TG_CANARY_HI, 0, s->cal_copies, step);
	out->bracket = s->n[TG_EMPTY] ? tg_low_ticks(s->ticks[TG_EMPTY], s->n[TG_EMPTY], step) :
					NAN;
	out->value = apart(s, TG_HI, s->ticks[TG_PREP_HI] ? TG_PREP_HI : 0, s->copies, step);
	if (s->fenced)
		out->value += out->imul;
	if (s->ticks[TG_FIRST_NEW])
		out->value += apart(s, TG_FIRST_NEW, 0, 1, step);
	/*
	 * An instruction counter has no middle: all CPUs of an emulator share it, so what
	 * another ran meanwhile counts as well.
	 */
	if (counts_instructions(s, step)) {
		out->imul = out->add = 1.0;
		out->value = figure(s, least, step);
	}
	out->median = figure(s, tg_mid_ticks, step);
	out->kept = s->n[TG_HI];
	out->discarded = s->discarded;
	out->beside = s->beside;
	return isnan(out->value) || isnan(out->median) || isnan(out->imul) || isnan(out->add) ?
	       -1 : 0;
}

uint32_t tg_loops(double pass, uint64_t step, double share)
{
	double want = step * TG_LONG_STEPS;
	uint32_t loops = 1;

	if (want < TG_LONG_TICKS)
		want = TG_LONG_TICKS;
	want *= exp2(share);
	while (loops < TG_LOOPS_MOST && pass * loops < want)
		loops *= 2;
	return loops;
}

double tg_share(uint32_t n)
{
	double share = 0, bit = 0.5;

	for (; n; n >>= 1, bit /= 2)
		share += n & 1 ? bit : 0;
	return share;
}

static double reading_imul(const struct tg_reading *r) { return r->imul; }
static double reading_add(const struct tg_reading *r) { return r->add; }
static double reading_canary(const struct tg_reading *r) { return r->canary; }
static double reading_bracket(const struct tg_reading *r) { return r->bracket; }
static double reading_rate(const struct tg_reading *r) { return TG_IMUL_CYCLES / r->imul; }
/* 1 where the chains agree; above where a busy sibling holds up the ADDs */
static double reading_ratio(const struct tg_reading *r)
{
	return r->add * TG_IMUL_CYCLES / r->imul;
}

static double quantile_of(const struct tg_reading *r, size_t n, double q,
			  double (*get)(const struct tg_reading *))
{
	double *v = calloc(n ? n : 1, sizeof(*v)), found;
	size_t i;

	if (!v)
		return NAN;
	for (i = 0; i < n; i++)
		v[i] = get(&r[i]);
	found = tg_quantile(v, n, q);
	free(v);
	return found;
}

static void set_note(struct tg_calibration *cal, const char *note)
{
	free(cal->note);
	cal->note = strdup(note);
}

void tg_calibrate(const struct tg_reading *r, size_t n, uint64_t step,
		  struct tg_calibration *cal)
{
	char note[200];
	size_t i, exact = 0, busy = 0;
	double ratio;

	cal->tsc_step = step;
	cal->cycles_per_tick = NAN;
	cal->error = NAN;
	cal->unit = TG_UNIT_TSC;
	cal->imul = quantile_of(r, n, 0.5, reading_imul);
	cal->add = quantile_of(r, n, 0.5, reading_add);
	cal->canary = quantile_of(r, n, 0.5, reading_canary);
	cal->bracket = quantile_of(r, n, 0.5, reading_bracket);
	if (!n) {
		set_note(cal, "nothing ran, so nothing was calibrated");
		return;
	}
	for (i = 0; i < n; i++)
		exact += r[i].imul == 1.0 && r[i].add == 1.0;
	if (exact == n) {
		cal->unit = TG_UNIT_INSNS;
		set_note(cal, "one tick per instruction of both chains: an instruction counter");
		return;
	}
	ratio = quantile_of(r, n, TG_CHAIN_QUANTILE, reading_ratio);
	for (i = 0; i < n; i++)
		busy += fabs(reading_ratio(&r[i]) - 1.0) > TG_CHAIN_TOLERANCE;
	if (!(fabs(ratio - 1.0) <= TG_CHAIN_TOLERANCE)) {
		snprintf(note, sizeof(note),
			 "refused: IMUL takes %.3f times an ADD, not 3; figures in TSC ticks (a busy neighbour? more --rounds, or a quieter moment)",
			 TG_IMUL_CYCLES / ratio);
		set_note(cal, note);
		return;
	}
	cal->unit = TG_UNIT_CYCLES;
	cal->cycles_per_tick = quantile_of(r, n, 0.5, reading_rate);
	cal->error = (quantile_of(r, n, 0.75, reading_rate) -
		      quantile_of(r, n, 0.25, reading_rate)) / 2;
	snprintf(note, sizeof(note),
		 "in the quietest tenth of batches IMUL and ADD agree within %.2f %%; more than %.0f %% apart beside %zu of %zu",
		 fabs(ratio - 1.0) * 100, TG_CHAIN_TOLERANCE * 100, busy, n);
	set_note(cal, note);
}

bool tg_steady(const struct tg_reading *r, size_t n)
{
	double *v = calloc(n ? n : 1, sizeof(*v)), spread = INFINITY, most = 0;

	for (size_t i = 0; v && i < n; i++)
		v[i] = r[i].value * TG_IMUL_CYCLES / r[i].imul;
	if (v && n >= TG_FULL_ROUNDS) {
		spread = tg_quantile(v, n, 0.75) - tg_quantile(v, n, 0.25);
		most = fmax(TG_STEADY_SHARE * fabs(tg_quantile(v, n, 0.5)), TG_STEADY_CYCLES);
	}
	free(v);
	return spread <= most;
}

/*
 * The readings in which an event was counted; unless whole, also those in which one
 * of its modes was. NULL when memory is short.
 */
static struct tg_reading *counted_readings(const struct tg_reading *r, size_t n, size_t event,
					   bool whole, size_t *kept)
{
	struct tg_reading *some = calloc(n ? n : 1, sizeof(*some));
	size_t i;

	*kept = 0;
	for (i = 0; some && i < n; i++) {
		const struct tg_counted *c = &r[i].counted[event];

		if (isnan(c->value) && (whole || (isnan(c->user) && isnan(c->kernel))))
			continue;
		some[*kept] = r[i];
		some[(*kept)++].cycles = event;
	}
	return some;
}

static double counted_imul(const struct tg_reading *r) { return r->counted[r->cycles].imul; }
static double counted_add(const struct tg_reading *r) { return r->counted[r->cycles].add; }
static double counted_rate(const struct tg_reading *r)
{
	return r->counted[r->cycles].imul / r->imul;
}

bool tg_calibrate_counter(const struct tg_reading *r, size_t n, size_t cycles, const char *name,
			  struct tg_calibration *cal)
{
	struct tg_reading *some;
	double imul, add;
	char note[512];
	size_t kept;
	bool good;

	if (cal->unit == TG_UNIT_INSNS)
		return false;
	some = counted_readings(r, n, cycles, true, &kept);
	if (!some || !kept) {
		free(some);
		return false;
	}
	imul = quantile_of(some, kept, 0.5, counted_imul);
	add = quantile_of(some, kept, 0.5, counted_add);
	good = fabs(imul / TG_IMUL_CYCLES - 1) <= TG_CHAIN_TOLERANCE &&
	       fabs(add - 1) <= TG_CHAIN_TOLERANCE;
	if (good) {
		cal->unit = TG_UNIT_CYCLES;
		cal->cycles_per_tick = quantile_of(some, kept, 0.5, counted_rate);
		cal->error = (quantile_of(some, kept, 0.75, counted_rate) -
			      quantile_of(some, kept, 0.25, counted_rate)) / 2;
		free(cal->counter);
		cal->counter = strdup(name);
		snprintf(note, sizeof(note), "core cycles by counter %s, in %zu of %zu batches; IMUL takes %.3f of them, ADD %.3f",
			 name, kept, n, imul, add);
	} else {
		snprintf(note, sizeof(note), "counter %s refused: IMUL takes %.3f of it, not 3, ADD %.3f, not 1; %s",
			 name, imul, add, cal->note ? cal->note : "");
	}
	set_note(cal, note);
	free(some);
	return good && cal->counter;
}

static double lower_mean_of(const struct tg_reading *r, size_t n,
			    double (*get)(const struct tg_reading *))
{
	double *v = calloc(n ? n : 1, sizeof(*v)), found;
	size_t i, kept = 0;

	if (!v)
		return NAN;
	for (i = 0; i < n; i++)
		if (!isnan(get(&r[i])))
			v[kept++] = get(&r[i]);
	found = tg_lower_mean(v, kept);
	free(v);
	return found;
}

static double counted_user(const struct tg_reading *r) { return r->counted[r->cycles].user; }
static double counted_kernel(const struct tg_reading *r) { return r->counted[r->cycles].kernel; }

static int fill_event(struct tg_event_figure *c, const struct tg_reading *r, size_t n,
		      const struct tg_event *e, size_t event, const char *why)
{
	struct tg_reading *some = counted_readings(r, n, event, false, &n);
	double *v = calloc(n ? n : 1, sizeof(*v));
	struct tg_estimate found;
	size_t i;

	for (i = 0; some && v && i < n; i++)
		v[i] = some[i].counted[event].value;
	if (some && v) {
		found = tg_estimate_rounds(v, n);
		c->name = strdup(e->name);
		c->value = found.value;
		c->error = found.error;
		c->user = lower_mean_of(some, n, counted_user);
		c->kernel = lower_mean_of(some, n, counted_kernel);
		c->reason = why ? strdup(why) : NULL;
		if (isnan(c->value) && !why)
			c->reason = strdup("it was counted in no round");
	}
	free(some);
	free(v);
	return c->name && (c->reason || !(why || isnan(c->value))) ? 0 : -1;
}

int tg_fill_events(struct tg_figure *f, const struct tg_reading *r, size_t n,
		   const struct tg_events *events, char *const *why)
{
	size_t i;

	if (!events->n)
		return 0;
	f->events = calloc(events->n, sizeof(*f->events));
	if (!f->events)
		return -1;
	for (i = 0; i < events->n; i++) {
		f->nr_events++;
		if (fill_event(&f->events[i], r, n, &events->event[i], i, why[i]))
			return -1;
	}
	return 0;
}

int tg_fill_figure(struct tg_figure *f, const struct tg_reading *r, const int *boots, size_t n,
		   enum tg_unit unit, double tsc_mhz)
{
	double *v = calloc(n, sizeof(*v)), *ticks = calloc(n, sizeof(*ticks));
	struct tg_estimate e;
	size_t i;

	f->rounds = calloc(n, sizeof(*f->rounds));
	if (!v || !ticks || !f->rounds) {
		free(v);
		free(ticks);
		return -1;
	}
	f->unit = unit;
	f->nr_rounds = n;
	for (i = 0; i < n; i++) {
		double rate = unit == TG_UNIT_CYCLES ? TG_IMUL_CYCLES / r[i].imul : 1.0;

		f->rounds[i].boot = boots[i];
		v[i] = r[i].value * rate;
		f->rounds[i].median = r[i].median * rate;
		f->samples += r[i].by_counter ? r[i].counted[r[i].cycles].kept : r[i].kept;
		f->discarded += r[i].by_counter ? r[i].counted[r[i].cycles].discarded :
						  r[i].discarded;
		if (r[i].by_counter) {
			v[i] = r[i].counted[r[i].cycles].value;
			f->rounds[i].median = r[i].counted[r[i].cycles].median;
		}
		f->rounds[i].value = v[i];
		ticks[i] = r[i].value;
	}
	e = tg_estimate_rounds(v, n);
	f->value = e.value;
	f->error = e.error;
	f->ns = unit == TG_UNIT_INSNS ? NAN : tg_lower_mean(ticks, n) * 1000 / tsc_mhz;
	f->quick = unit != TG_UNIT_INSNS && n < TG_FULL_ROUNDS;
	f->status = fabs(f->value) < f->error ? TG_NOT_RESOLVABLE : TG_OK;
	free(v);
	free(ticks);
	if (isnan(f->value)) {
		f->status = TG_FAILED;
		f->nr_rounds = 0;	/* a report holds no round without a number */
		f->reason = strdup("its rounds give no number");
		return f->reason ? 0 : -1;
	}
	return 0;
}
