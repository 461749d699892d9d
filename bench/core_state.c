// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>

#include "core_state.h"

int tg_span_begin(struct tg_spans *s, const struct tg_state *probes)
{
	struct tg_span *more;

	if (s->n == s->room) {
		more = realloc(s->span, (2 * s->room + 64) * sizeof(*more));
		if (!more)
			return -1;
		s->span = more;
		s->room = 2 * s->room + 64;
	}
	s->span[s->n++] = (struct tg_span){ .before = *probes };
	return 0;
}

void tg_span_end(struct tg_spans *s, const struct tg_state *probes)
{
	if (s->n)
		s->span[s->n - 1].after = *probes;
}

double tg_state_width(enum tg_probe p)
{
	return p == TG_PROBE_CORE ? TG_WIDTH_CORE : TG_WIDTH_ENTRY;
}

struct tg_state tg_span_state(const struct tg_span *span)
{
	struct tg_state s = { { 0 } };

	for (int p = 0; p < TG_NR_PROBES; p++) {
		double before = span->before.probe[p], after = span->after.probe[p];
		double mean = (before + after) / 2;

		if (before > 0 && after > 0 &&
		    fabs(before - after) <= 2 * tg_state_width(p) * mean)
			s.probe[p] = mean;
	}
	return s;
}

bool tg_in_state(const struct tg_state *s, const struct tg_state *wanted)
{
	for (int p = 0; p < TG_NR_PROBES; p++)
		if (wanted->probe[p] &&
		    fabs(s->probe[p] / wanted->probe[p] - 1) > tg_state_width(p))
			return false;
	return true;
}

int tg_state_order(const struct tg_state *a, const struct tg_state *b)
{
	for (int p = 0; p < TG_NR_PROBES; p++) {
		double x = a->probe[p], y = b->probe[p];

		if (x && y && fabs(x / y - 1) > 2 * tg_state_width(p))
			return x < y ? -1 : 1;
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The lowest band of the n sorted values, width to either side of its middle,
 * that holds least of them: the fullest of those that overlap the first. 0: none.
 */
static double lowest_band(const double *v, size_t n, double width, double least)
{
	double found = 0, last = INFINITY;
	size_t i, end, best = 0;

	for (i = end = 0; i < n && v[i] <= last; i++) {
		while (end < n && v[end] <= v[i] * (1 + 2 * width))
			end++;
		if (end - i <= best || end - i < least)
			continue;
		if (!best)
			last = v[end - 1];
		best = end - i;
		found = (v[i] + v[end - 1]) / 2;
	}
	return found;
}

struct tg_state tg_core_state(const struct tg_spans *s)
{
	double *v = calloc(s->n ? s->n : 1, sizeof(*v));
	struct tg_state found = { { 0 } };

	for (int p = 0; v && p < TG_NR_PROBES; p++) {
		size_t n = 0;

		for (size_t i = 0; i < s->n; i++) {
			struct tg_state one = tg_span_state(&s->span[i]);

			v[n] = one.probe[p];
			n += v[n] > 0 && tg_in_state(&one, &found);
		}
		qsort(v, n, sizeof(*v), by_value);
		found.probe[p] = lowest_band(v, n, tg_state_width(p), TG_STATE_SHARE * s->n);
	}
	free(v);
	return found;
}
