// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>

#include "core_state.h"

int tg_span_begin(struct tg_spans *s, double probe)
{
	struct tg_span *more;

	if (s->n == s->room) {
		more = realloc(s->span, (2 * s->room + 64) * sizeof(*more));
		if (!more)
			return -1;
		s->span = more;
		s->room = 2 * s->room + 64;
	}
	s->span[s->n++] = (struct tg_span){ .before = probe };
	return 0;
}

void tg_span_end(struct tg_spans *s, double probe)
{
	if (s->n)
		s->span[s->n - 1].after = probe;
}

double tg_span_state(const struct tg_span *span)
{
	double mean = (span->before + span->after) / 2;

	if (!(span->before > 0 && span->after > 0))
		return 0;
	return fabs(span->before - span->after) <= 2 * TG_STATE_WIDTH * mean ? mean : 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double tg_core_state(const struct tg_spans *s)
{
	double *v = calloc(s->n ? s->n : 1, sizeof(*v)), found = 0, last = INFINITY;
	size_t i, end, n = 0, best = 0;

	if (!v)
		return 0;
	for (i = 0; i < s->n; i++) {
		v[n] = tg_span_state(&s->span[i]);
		n += v[n] > 0;
	}
	qsort(v, n, sizeof(*v), by_value);
	/* the fullest of the bands that overlap the first that suffices */
	for (i = end = 0; i < n && v[i] <= last; i++) {
		while (end < n && v[end] <= v[i] * (1 + 2 * TG_STATE_WIDTH))
			end++;
		if (end - i <= best || end - i < TG_STATE_SHARE * s->n)
			continue;
		if (!best)
			last = v[end - 1];
		best = end - i;
		found = (v[i] + v[end - 1]) / 2;
	}
	free(v);
	return found;
}
