/* SPDX-License-Identifier: GPL-2.0 */
/* Rounds and boots of one experiment on one side. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare_sample.h"
#include "stats.h"

static int add_boot(struct tg_sample *s, size_t from)
{
	const double *v = s->rounds + from;
	size_t n = s->nr_rounds - from;
	double *more = reallocarray(s->boots, s->nr_boots + 1, sizeof(*more));

	if (!more)
		return -1;
	s->boots = more;
	s->boots[s->nr_boots] = tg_lower_mean(v, n);
	if (isnan(s->boots[s->nr_boots++]))
		return -1;
	s->reach = fmax(s->reach, tg_quantile(v, n, TG_REACH_HIGH) -
				  tg_quantile(v, n, TG_REACH_LOW));
	return 0;
}

/* All rounds of one boot, wherever they stand in the figure, then the next boot. */
static int add_figure(struct tg_sample *s, const struct tg_figure *f)
{
	double *more = reallocarray(s->rounds, s->nr_rounds + f->nr_rounds, sizeof(*more));
	int boot, next = 0;

	if (!more)
		return -1;
	s->rounds = more;
	s->quick |= f->quick;
	s->mixed |= s->nr_rounds && s->unit != f->unit;
	s->unit = f->unit;
	for (boot = -1;; boot = next) {
		size_t from = s->nr_rounds;
		bool found = false;

		for (size_t i = 0; i < f->nr_rounds; i++) {
			if (f->rounds[i].boot > boot && (!found || f->rounds[i].boot < next))
				next = f->rounds[i].boot;
			found |= f->rounds[i].boot > boot;
		}
		if (!found)
			return 0;
		for (size_t i = 0; i < f->nr_rounds; i++)
			if (f->rounds[i].boot == next)
				s->rounds[s->nr_rounds++] = f->rounds[i].value;
		if (add_boot(s, from))
			return -1;
	}
}

int tg_sample_take(const struct tg_side *side, const char *name, struct tg_sample *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < side->nr; i++) {
		const struct tg_figure *f = tg_report_find(side->reports[i], name);

		if (!tg_is_measured(f))
			continue;
		if (add_figure(s, f))
			return -1;
		s->nr_reports++;
		s->disturbed += tg_is_disturbed(f);
	}
	return 0;
}

void tg_sample_free(struct tg_sample *s)
{
	free(s->rounds);
	free(s->boots);
	memset(s, 0, sizeof(*s));
}

double tg_side_state(const struct tg_side *side)
{
	double *v = calloc(side->nr, sizeof(*v)), state = NAN;
	size_t n = 0;

	for (size_t i = 0; v && i < side->nr; i++)
		if (isfinite(side->reports[i]->cal.state))
			v[n++] = side->reports[i]->cal.state;
	if (n)
		state = tg_quantile(v, n, 0.5);
	free(v);
	return state;
}

bool tg_same_report(const struct tg_report *a, const struct tg_report *b)
{
	if (strcmp(a->env.date ? a->env.date : "", b->env.date ? b->env.date : "") ||
	    a->nr_figures != b->nr_figures)
		return false;
	for (size_t i = 0; i < a->nr_figures; i++) {
		const struct tg_figure *x = &a->figures[i], *y = &b->figures[i];

		if (strcmp(x->name, y->name) || x->nr_rounds != y->nr_rounds)
			return false;
		for (size_t k = 0; k < x->nr_rounds; k++)
			if (x->rounds[k].value != y->rounds[k].value)
				return false;
	}
	return true;
}

static size_t put_differences(double *to, const struct tg_sample *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nr_boots; i++)
		for (size_t k = 0; k < i; k++)
			to[n++] = fabs(s->boots[i] - s->boots[k]);
	return n;
}

double tg_pair_spread(const struct tg_sample *a, const struct tg_sample *b, double q)
{
	size_t n = a->nr_boots, m = b->nr_boots, nr;
	double *v = calloc(n * n + m * m + 1, sizeof(*v)), spread = 0;

	if (!v)
		return NAN;
	nr = put_differences(v, a);
	nr += put_differences(v + nr, b);
	if (nr)
		spread = tg_quantile(v, nr, q);
	free(v);
	return spread;
}
