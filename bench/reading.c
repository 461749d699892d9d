// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>

#include "reading.h"
#include "stats.h"

/* sample.h names the roles but brings the engine along; define what it asks for. */
typedef int tg_mark_t;
static inline void tg_mark(tg_mark_t *m) { *m = 0; }
static inline bool tg_broken(const tg_mark_t *m) { return *m; }
#include <tollgate/sample.h>

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
 * A single shot cannot be made long against the clock's steps: its readings
 * lie on two or three of them, and where p5 falls on one that is rare, or just
 * misses it, the mean above p5 jumps by cycles. The mean around the median has
 * next to nothing at its edges, so of SHOT rows it is taken for both, and for
 * the chains beside them, so that shots and cycles are of the same moments.
 */
int tg_reduce(const struct tg_samples *s, uint64_t step, struct tg_reading *out)
{
	tg_location *low = s->shot ? tg_mid_ticks : tg_low_ticks;

	out->p5 = figure(s, low, step);
	out->median = figure(s, tg_mid_ticks, step);
	out->imul = slope(s, TG_IMUL_HI, TG_IMUL_LO, s->cal_copies, low, step);
	out->add = slope(s, TG_ADD_HI, TG_ADD_LO, s->cal_copies, low, step);
	/* one copy of the canary holds four ADDs */
	out->canary = slope(s, TG_CANARY_HI, TG_CANARY_LO, s->cal_copies * 4, low, step);
	out->bracket = s->n[TG_EMPTY] ? low(s->ticks[TG_EMPTY], s->n[TG_EMPTY], step) : NAN;
	out->kept = s->n[TG_HI];
	out->discarded = s->discarded;
	return isnan(out->p5) || isnan(out->median) || isnan(out->imul) || isnan(out->add) ?
	       -1 : 0;
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

int tg_fill_figure(struct tg_figure *f, const struct tg_reading *r, const int *boots, size_t n,
		   enum tg_unit unit, double tsc_mhz)
{
	double *p5 = calloc(n, sizeof(*p5)), *ticks = calloc(n, sizeof(*ticks));
	struct tg_estimate e;
	size_t i;

	f->rounds = calloc(n, sizeof(*f->rounds));
	if (!p5 || !ticks || !f->rounds) {
		free(p5);
		free(ticks);
		return -1;
	}
	f->unit = unit;
	f->nr_rounds = n;
	for (i = 0; i < n; i++) {
		double rate = unit == TG_UNIT_CYCLES ? TG_IMUL_CYCLES / r[i].imul : 1.0;

		f->rounds[i].boot = boots[i];
		f->rounds[i].p5 = p5[i] = r[i].p5 * rate;
		f->rounds[i].median = r[i].median * rate;
		ticks[i] = r[i].p5;
		f->samples += r[i].kept;
		f->discarded += r[i].discarded;
	}
	e = tg_estimate_rounds(p5, n);
	f->value = e.value;
	f->error = e.error;
	f->ns = unit == TG_UNIT_INSNS ? NAN : tg_quantile(ticks, n, 0.25) * 1000 / tsc_mhz;
	f->quick = unit != TG_UNIT_INSNS && n < TG_FULL_ROUNDS;
	f->status = fabs(f->value) < f->error ? TG_NOT_RESOLVABLE : TG_OK;
	free(p5);
	free(ticks);
	if (isnan(f->value)) {
		f->status = TG_FAILED;
		f->nr_rounds = 0;	/* a report holds no round without a number */
		f->reason = strdup("its rounds give no number");
		return f->reason ? 0 : -1;
	}
	return 0;
}
