// SPDX-License-Identifier: GPL-2.0
/* From counts as they were taken, sample by sample, to samples of each counter. */
#include <stdlib.h>

#include <tollgate/counting.h>

#include "engine.h"

void tg_samples_free(struct tg_samples *s)
{
	free(s->room);
	memset(s, 0, sizeof(*s));
}

/* The counts of counter k alone. -1 when memory is short. */
static int pick(const struct tg_counting *c, size_t k, const struct tg_samples *ticks,
		struct tg_samples *out)
{
	size_t total = 0, at = 0, i;
	int r;

	*out = *ticks;
	for (r = 0; r < TG_NR_ROLES; r++)
		total += ticks->n[r];
	out->room = calloc(total ? total : 1, sizeof(*out->room));
	if (!out->room)
		return -1;
	for (r = 0; r < TG_NR_ROLES; r++) {
		if (!ticks->ticks[r])
			continue;
		out->ticks[r] = out->room + at;
		for (i = 0; i < ticks->n[r]; i++)
			out->room[at++] = c->out[r][i * c->n + k];
	}
	return 0;
}

int tg_counting_split(const struct tg_counting *c, const struct tg_samples *ticks,
		     struct tg_samples *out)
{
	size_t k;

	for (k = 0; k < c->n; k++) {
		if (!pick(c, k, ticks, &out[k]))
			continue;
		while (k--)
			tg_samples_free(&out[k]);
		return -1;
	}
	return 0;
}
