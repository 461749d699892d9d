// SPDX-License-Identifier: GPL-2.0
/* Which events count together; events and counts as lines between a run and a round. */
#include <string.h>

#include "counted.h"

size_t tg_count_group(const struct tg_events *all, int group, struct tg_events *part,
		      size_t *index)
{
	struct tg_event core;
	size_t i;

	tg_event_cycles(&core);
	part->n = 0;
	for (i = 0; i < all->n; i++) {
		if (tg_event_same(&all->event[i], &core) != (group == 0))
			continue;
		index[part->n] = i;
		part->event[part->n++] = all->event[i];
	}
	return part->n;
}

int tg_event_say(int fd, const struct tg_event *e)
{
	return dprintf(fd, "event %u %llu %llu %llu %d %d %d %d %s\n", e->type,
		       (unsigned long long)e->config[0], (unsigned long long)e->config[1],
		       (unsigned long long)e->config[2], e->user, e->kernel, e->split, e->core,
		       e->name);
}

int tg_event_hear(const char *line, struct tg_events *events)
{
	struct tg_event e = { .type = 0 };
	unsigned long long config[3];
	int user, kernel, split, core, i;

	if (strncmp(line, "event ", 6))
		return 0;
	if (events->n == TG_EVENTS_MAX ||
	    sscanf(line, "event %u %llu %llu %llu %d %d %d %d %95s", &e.type, &config[0],
		   &config[1], &config[2], &user, &kernel, &split, &core, e.name) != 9)
		return -1;
	for (i = 0; i < 3; i++)
		e.config[i] = config[i];
	e.user = user;
	e.kernel = kernel;
	e.split = split;
	e.core = core;
	events->event[events->n++] = e;
	return 1;
}

void tg_counted_say(size_t n, size_t event, const struct tg_counted_event *c)
{
	const struct tg_counted *v = &c->counted;

	printf("count %zu %zu %.17g %.17g %.17g %.17g %.17g %.17g %ld %ld %s\n", n, event,
	       v->value, v->median, v->user, v->kernel, v->imul, v->add, v->kept, v->discarded,
	       c->why);
}

int tg_counted_hear(const char *line, size_t *n, size_t *event, struct tg_counted_event *c)
{
	struct tg_counted *v = &c->counted;
	int at = 0;

	if (strncmp(line, "count ", 6))
		return 0;
	if (sscanf(line, "count %zu %zu %lf %lf %lf %lf %lf %lf %ld %ld %n", n, event, &v->value,
		   &v->median, &v->user, &v->kernel, &v->imul, &v->add, &v->kept, &v->discarded,
		   &at) != 10 || !at)
		return -1;
	snprintf(c->why, sizeof(c->why), "%s", line + at);
	return 1;
}

void tg_tally_say(size_t n, const struct tg_tally *t)
{
	printf("tally %zu %llu %llu %llu %llu\n", n, t->steps, t->saves, t->restores, t->skips);
}

int tg_tally_hear(const char *line, size_t *n, struct tg_tally *t)
{
	return sscanf(line, "tally %zu %llu %llu %llu %llu", n, &t->steps, &t->saves,
		      &t->restores, &t->skips) == 5;
}

bool tg_tally_join(struct tg_tally *known, const struct tg_tally *now)
{
	if (!known->steps)
		*known = *now;
	return !memcmp(known, now, sizeof(*now));
}
