// SPDX-License-Identifier: GPL-2.0
#include <math.h>

#include "counted.h"
#include "crossing.h"
#include "place.h"

/* One in so many of the samples that are timed, and at least so many. */
#define TG_COUNT_SHARE	4
#define TG_COUNT_LEAST	24

/* Adds what a counter of one mode, or of both, counted. */
static void add(struct tg_counted *c, enum tg_mode mode, const struct tg_reading *r)
{
	if (mode == TG_MODE_USER)
		c->user = r->value;
	if (mode == TG_MODE_KERNEL)
		c->kernel = r->value;
	c->value += r->value;
	c->median += r->median;
	c->imul += r->imul;
	c->add += r->add;
}

/* Counts are whole: steps of one. */
static bool reduce(const struct tg_samples *s, struct tg_reading *r)
{
	return !tg_reduce(s, 1, r);
}

static void refuse(struct tg_counted_event *c, const char *why)
{
	c->counted.value = NAN;
	snprintf(c->why, sizeof(c->why), "%s", why);
}

static void count_user(const struct tg_request *q, const struct tg_events *events,
		       struct tg_counted_event *out)
{
	struct tg_samples samples[TG_COUNTERS_MOST];
	struct tg_counter_set set;
	struct tg_reading r;
	char why[256] = "";
	enum tg_status st;
	size_t k, i;

	/* a counter of this task would miss the partner's half */
	tg_counters_open(&set, events, tg_crossing_switches(q->point.exp) ? q->cpu : -1);
	st = set.n ? tg_ring3_count(q, &set, events, samples, why, sizeof(why)) : TG_OK;
	for (k = 0; k < set.n; k++) {
		struct tg_counted_event *c = &out[set.counter[k].event];

		if (st == TG_OK && reduce(&samples[k], &r))
			add(&c->counted, set.counter[k].mode, &r);
		else
			refuse(c, st == TG_OK ? "samples are missing" : why);
		if (st == TG_OK)
			tg_samples_free(&samples[k]);
	}
	/* half of an event is no whole, but what it is */
	for (i = 0; i < events->n; i++)
		if (*set.absent[i])
			refuse(&out[i], set.absent[i]);
	tg_counters_close(&set);
}

static void count_kernel(const struct tg_request *q, const struct tg_events *events,
			 struct tg_counted_event *out)
{
	struct tg_samples samples[TG_EVENTS_MAX];
	struct tg_reading r;
	char why[256] = "";
	enum tg_status st = tg_module_count(q, events, samples, why, sizeof(why));
	size_t i;

	for (i = 0; i < events->n; i++) {
		const struct tg_event *e = &events->event[i];

		if (e->split && !e->kernel)
			refuse(&out[i], "ring 0 runs in kernel mode alone");
		else if (st == TG_OK && reduce(&samples[i], &r))
			add(&out[i].counted, e->split ? TG_MODE_KERNEL : TG_MODE_BOTH, &r);
		else
			refuse(&out[i], st == TG_OK ? "samples are missing" : why);
		if (st == TG_OK)
			tg_samples_free(&samples[i]);
	}
}

void tg_count_point(const struct tg_request *q, const struct tg_events *events,
		    struct tg_counted_event *out)
{
	struct tg_request fewer = *q;
	struct tg_events here = *events;
	size_t i;

	for (i = 0; i < events->n; i++)
		out[i] = (struct tg_counted_event){ .counted = { .user = NAN, .kernel = NAN } };
	tg_counters_on_core(&here, tg_core_type());
	fewer.samples /= TG_COUNT_SHARE;
	if (fewer.samples < TG_COUNT_LEAST)
		fewer.samples = q->samples < TG_COUNT_LEAST ? q->samples : TG_COUNT_LEAST;
	if (q->point.ring)
		count_user(&fewer, &here, out);
	else
		count_kernel(&fewer, &here, out);
}
