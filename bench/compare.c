/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The comparison itself. Two passes: the first finds every row's change and its
 * p-value, the second corrects for the number of rows and asks of each change
 * whether it exceeds what two runs of the same thing differ by.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "compare_sample.h"
#include "core_state.h"
#include "significance.h"
#include "stats.h"

const char *const tg_verdict_names[TG_NR_VERDICTS] = {
	"~", "faster", "slower", "=", "fewer", "more", "uneven",
};

/* With the boot as the sample: of any two boots of one side so many differ by less. */
#define SPREAD_QUANTILE 0.75

/* What the second pass needs of the first, beside the row itself. */
struct draft {
	double effect;		/* the smaller of median change and change of the figure, or 0 */
	double spread;		/* what boots differ by, or a boot's rounds reach over; in unit */
	double scale;		/* |A's value|, what shares are taken of */
	size_t least;		/* values of the smaller side */
	size_t most;
	double welch;
};

bool tg_states_differ(const struct tg_comparison *c)
{
	return fabs(c->state[1] / c->state[0] - 1) > 2 * TG_WIDTH_CORE;
}

static double floor_of(const struct tg_comparison *c, const struct tg_change *row)
{
	if (row->disturbed)
		return TG_FLOOR_DISTURBED;
	if (tg_states_differ(c) && strncmp(row->name, "insn/", 5) && strncmp(row->name, "gs/", 3))
		return TG_FLOOR_STATES;
	return row->by_boots ? TG_FLOOR_BOOTS : TG_FLOOR_ROUNDS;
}

/* One side's row with the round as the sample; more than half of them with the boot. */
static bool disturbed(const struct tg_sample *s, bool by_boots)
{
	return by_boots ? s->disturbed * 2 > s->nr_reports : s->disturbed;
}

double tg_relative(const struct tg_change *c)
{
	double least = c->unit == TG_UNIT_INSNS ? 0 : TG_FLOOR_UNIT;

	return fabs(c->a) > least ? c->change / fabs(c->a) : NAN;
}

/* Both sides' medians must move, and the same way: by how much at least. */
static double effect(double shift, double figures)
{
	if (shift * figures <= 0)
		return 0;
	return copysign(fmin(fabs(shift), fabs(figures)), shift);
}

static int compare_row(struct tg_change *row, struct draft *d, const struct tg_sample *a,
		       const struct tg_sample *b)
{
	const double *x = a->rounds, *y = b->rounds;
	size_t n = a->nr_rounds, m = b->nr_rounds;
	struct tg_shift s;

	row->quick = a->quick || b->quick;
	row->by_boots = a->nr_boots >= TG_BOOTS_TO_TEST && b->nr_boots >= TG_BOOTS_TO_TEST;
	row->disturbed = disturbed(a, row->by_boots) || disturbed(b, row->by_boots);
	row->a = tg_quantile(a->boots, a->nr_boots, 0.5);
	row->b = tg_quantile(b->boots, b->nr_boots, 0.5);
	if (row->by_boots) {
		x = a->boots;
		y = b->boots;
		n = a->nr_boots;
		m = b->nr_boots;
		d->welch = tg_welch(x, n, y, m);
		d->spread = tg_pair_spread(a, b, SPREAD_QUANTILE);
	} else {
		d->spread = fmax(fmax(a->reach, b->reach), tg_pair_spread(a, b, 1));
	}
	s = tg_shift(x, n, y, m);
	row->change = s.shift;
	row->low = s.low;
	row->high = s.high;
	row->p = tg_mann_whitney(x, n, y, m);
	d->effect = effect(row->change, row->b - row->a);
	d->scale = fabs(row->a);
	d->least = n < m ? n : m;
	d->most = n < m ? m : n;
	return isnan(row->change) || isnan(row->p) || isnan(d->spread) ? -1 : 0;
}

static bool all_equal(const struct tg_sample *s)
{
	for (size_t i = 1; i < s->nr_boots; i++)
		if (s->boots[i] != s->boots[0])
			return false;
	return true;
}

/* Instructions are counted, not sampled: equal or not. */
static void compare_counts(struct tg_change *row, const struct tg_sample *a,
			   const struct tg_sample *b)
{
	row->a = tg_quantile(a->boots, a->nr_boots, 0.5);
	row->b = tg_quantile(b->boots, b->nr_boots, 0.5);
	row->change = row->b - row->a;
	row->low = row->high = row->p = row->yardstick = NAN;
	if (!all_equal(a) || !all_equal(b))
		row->verdict = TG_UNEVEN;
	else
		row->verdict = row->b > row->a ? TG_MORE : row->b < row->a ? TG_FEWER : TG_EQUAL;
}

/*
 * Mann-Whitney's p-values, adjusted. A few boots cannot tell many rows apart by
 * rank alone: of five against five the smallest p-value is 1/126, which no
 * correction for dozens of rows lets pass. Such rows take Welch's instead, where
 * the ranks agree that there is a difference.
 */
static int adjust(struct tg_change *rows, const struct draft *d, size_t n)
{
	double *p = calloc(n ? n : 1, sizeof(*p));
	size_t tested = 0;
	int rc;

	if (!p)
		return -1;
	for (size_t i = 0; i < n; i++)
		tested += rows[i].unit != TG_UNIT_INSNS;
	for (size_t i = 0; i < n; i++) {
		p[i] = rows[i].p;
		if (rows[i].by_boots && p[i] < TG_ALPHA &&
		    tg_mann_whitney_least(d[i].least, d[i].most) * (double)tested > TG_ALPHA)
			p[i] = d[i].welch;
	}
	rc = tg_benjamini_hochberg(p, n);
	for (size_t i = 0; i < n; i++)
		rows[i].p = p[i];
	free(p);
	return rc;
}

/* How much of two names is the same thing: 2 the experiment and ring, 1 family and ring. */
static int kinship(const char *a, const char *b)
{
	size_t family = strcspn(a, "/"), name = strcspn(a, ":@");
	const char *ring_a = strrchr(a, '@'), *ring_b = strrchr(b, '@');

	if (!ring_a || !ring_b || strcmp(ring_a, ring_b) || family != strcspn(b, "/") ||
	    strncmp(a, b, family))
		return 0;
	return name == strcspn(b, ":@") && !strncmp(a, b, name) ? 2 : 1;
}

/*
 * The upper quartile of the relative changes of a row's kin: of the same
 * experiment if there are enough, else of the family, else of all rows. -1 if
 * even those are too few. v: room for all rows.
 */
static double kin_spread(const struct tg_change *rows, const struct draft *d, size_t n, size_t at,
			 double *v)
{
	for (int least = 2; least >= 0; least--) {
		size_t nr = 0;

		for (size_t i = 0; i < n; i++) {
			if (i == at || rows[i].unit == TG_UNIT_INSNS ||
			    kinship(rows[at].name, rows[i].name) < least)
				continue;
			/* a share of next to nothing says nothing */
			if (d[i].scale * TG_FLOOR_ROUNDS > TG_FLOOR_UNIT / 2)
				v[nr++] = fabs(d[i].effect) / d[i].scale;
		}
		if (nr >= TG_KIN_LEAST)
			return tg_quantile(v, nr, TG_KIN_QUANTILE);
	}
	return -1;
}

/*
 * How far the two sides' clocks themselves may be apart, as a share: in cycles
 * by how much the chains' ratio differs, in ticks by how much a chain does.
 */
static double clock_gap(const struct tg_comparison *c, enum tg_unit unit)
{
	double least[2] = { INFINITY, INFINITY }, most[2] = { 0, 0 };
	const struct tg_side *sides[2] = { c->a, c->b };

	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < sides[s]->nr; i++) {
			const struct tg_calibration *cal = &sides[s]->reports[i]->cal;
			double v = unit == TG_UNIT_TSC ? cal->imul : cal->add / cal->imul;

			if (!(v > 0) || !isfinite(v))
				return 0;
			least[s] = fmin(least[s], v);
			most[s] = fmax(most[s], v);
		}
	}
	return fmax(most[0], most[1]) / fmin(least[0], least[1]) - 1;
}

static int judge(struct tg_comparison *c, const struct draft *d)
{
	double *v = calloc(c->nr_rows ? c->nr_rows : 1, sizeof(*v));
	double gaps[TG_NR_UNITS];

	if (!v)
		return -1;
	for (int unit = 0; unit < TG_NR_UNITS; unit++)
		gaps[unit] = clock_gap(c, (enum tg_unit)unit);
	for (size_t i = 0; i < c->nr_rows; i++) {
		struct tg_change *row = &c->rows[i];
		double share = fmax(floor_of(c, row), gaps[row->unit]), kin;

		if (row->unit == TG_UNIT_INSNS)
			continue;
		c->disturbed += row->disturbed;
		if (!row->by_boots) {
			kin = kin_spread(c->rows, d, c->nr_rows, i, v);
			c->without_kin += kin < 0;
			share = fmax(share, fmin(TG_KIN_FACTOR * kin, TG_KIN_CAP));
		}
		row->yardstick = fmax(fmax(share * d[i].scale, TG_FLOOR_UNIT), d[i].spread);
		if (row->p < TG_ALPHA && fabs(d[i].effect) > row->yardstick)
			row->verdict = d[i].effect > 0 ? TG_SLOWER : TG_FASTER;
	}
	free(v);
	return 0;
}

static int add_absent(struct tg_comparison *c, const char *name, size_t side, size_t report,
		      const struct tg_figure *f)
{
	struct tg_absent *more = reallocarray(c->absent, c->nr_absent + 1, sizeof(*more));

	if (!more)
		return -1;
	c->absent = more;
	c->absent[c->nr_absent++] = (struct tg_absent){
		.name = name, .side = side, .report = report, .missing = !f,
		.status = f ? f->status : TG_OK, .reason = f ? f->reason : NULL,
	};
	return 0;
}

bool tg_absent_alike(const struct tg_absent *a, const struct tg_absent *b)
{
	return a->report == b->report && a->missing == b->missing && a->status == b->status &&
	       !strcmp(a->reason ? a->reason : "", b->reason ? b->reason : "");
}

/* Of the rows noted since `from`, all of one name. */
static void pair_absent(struct tg_comparison *c, size_t from)
{
	for (size_t i = from; i < c->nr_absent; i++)
		for (size_t k = from; k < c->nr_absent; k++)
			c->absent[i].both |= c->absent[i].side != c->absent[k].side &&
					     tg_absent_alike(&c->absent[i], &c->absent[k]);
}

static int note_absent(struct tg_comparison *c, const char *name)
{
	const struct tg_side *sides[2] = { c->a, c->b };
	size_t from = c->nr_absent;

	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < sides[s]->nr; i++) {
			const struct tg_figure *f = tg_report_find(sides[s]->reports[i], name);

			if (!tg_is_measured(f) && add_absent(c, name, s, i, f))
				return -1;
		}
	}
	pair_absent(c, from);
	return 0;
}

static int add_row(struct tg_comparison *c, struct draft *d, const char *name)
{
	struct tg_change *row = &c->rows[c->nr_rows];
	struct tg_sample a, b;
	int rc;

	memset(row, 0, sizeof(*row));
	rc = tg_sample_take(c->a, name, &a);
	if (tg_sample_take(c->b, name, &b))
		rc = -1;
	if (!rc)
		rc = note_absent(c, name);
	if (!rc && a.nr_rounds && b.nr_rounds && (a.unit != b.unit || a.mixed || b.mixed)) {
		rc = add_absent(c, name, 1, 0, NULL);
		if (!rc)
			c->absent[c->nr_absent - 1].missing = false;
	} else if (!rc && a.nr_rounds && b.nr_rounds) {
		row->name = name;
		row->unit = a.unit;
		if (a.unit == TG_UNIT_INSNS)
			compare_counts(row, &a, &b);
		else
			rc = compare_row(row, &d[c->nr_rows], &a, &b);
		if (!c->nr_rows++) {
			c->boots[0] = a.nr_boots;
			c->boots[1] = b.nr_boots;
			c->rounds[0] = a.nr_rounds / a.nr_boots;
			c->rounds[1] = b.nr_rounds / b.nr_boots;
		}
	}
	tg_sample_free(&a);
	tg_sample_free(&b);
	return rc;
}

/* Whether an earlier report of either side, or of this one, has the name already. */
static bool seen(const struct tg_comparison *c, size_t side, size_t report, const char *name)
{
	const struct tg_side *sides[2] = { c->a, c->b };

	for (size_t s = 0; s <= side; s++)
		for (size_t i = 0; i < (s < side ? sides[s]->nr : report); i++)
			if (tg_report_find(sides[s]->reports[i], name))
				return true;
	return false;
}

static int add_rows(struct tg_comparison *c, struct draft *d)
{
	const struct tg_side *sides[2] = { c->a, c->b };

	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < sides[s]->nr; i++) {
			const struct tg_report *r = sides[s]->reports[i];

			for (size_t k = 0; k < r->nr_figures; k++)
				if (!seen(c, s, i, r->figures[k].name) &&
				    add_row(c, d, r->figures[k].name))
					return -1;
		}
	}
	return 0;
}

struct tg_comparison *tg_compare(const struct tg_side *a, const struct tg_side *b)
{
	struct tg_comparison *c = calloc(1, sizeof(*c));
	struct draft *d = NULL;
	size_t most = 1;
	int rc = -1;

	if (!c)
		return NULL;
	c->a = a;
	c->b = b;
	c->state[0] = tg_side_state(a);
	c->state[1] = tg_side_state(b);
	for (size_t i = 0; i < a->nr; i++)
		most += a->reports[i]->nr_figures;
	for (size_t i = 0; i < b->nr; i++)
		most += b->reports[i]->nr_figures;
	c->rows = calloc(most, sizeof(*c->rows));
	d = calloc(most, sizeof(*d));
	if (c->rows && d)
		rc = add_rows(c, d);
	if (!rc)
		rc = adjust(c->rows, d, c->nr_rows);
	if (!rc)
		rc = judge(c, d);
	free(d);
	if (!rc)
		return c;
	tg_comparison_free(c);
	return NULL;
}

void tg_comparison_free(struct tg_comparison *c)
{
	if (!c)
		return;
	free(c->rows);
	free(c->absent);
	free(c);
}

size_t tg_slower_than(const struct tg_comparison *c, double share)
{
	size_t count = 0;

	for (size_t i = 0; i < c->nr_rows; i++) {
		const struct tg_change *row = &c->rows[i];

		/* of next to nothing any cost is more than any share */
		if ((row->verdict == TG_SLOWER || row->verdict == TG_MORE) &&
		    !(tg_relative(row) <= share))
			count++;
	}
	return count;
}
