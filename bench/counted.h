/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counting pass of a round: a figure's sequences once more, with counters,
 * behind those that are timed, so that the time stamps know nothing of it.
 */
#ifndef TOLLGATE_COUNTED_H
#define TOLLGATE_COUNTED_H

#include "engine.h"
#include "reading.h"

/* What came of an event in a round. */
struct tg_counted_event {
	struct tg_counted counted;	/* value NaN: not counted */
	char why[256];			/* then, or where a mode is missing */
};

/*
 * tg_count_group - the events that count at the same time: group 0 is core cycles,
 * which a figure may be taken from and which no other event shall make dearer,
 * group 1 all others. index: their places in all. How many there are.
 */
#define TG_NR_COUNT_GROUPS	2
size_t tg_count_group(const struct tg_events *all, int group, struct tg_events *part,
		      size_t *index);

/*
 * tg_count_point - the counting passes, one a group. q: as it was measured, with
 * the timing pass's samples; cycles take as many, other events, which move in
 * steps of one, a quarter. out: one for each event.
 */
void tg_count_point(const struct tg_request *q, const struct tg_events *events,
		    struct tg_counted_event *out);

/*
 * Between a run and the process of a round (round.c), a line each, which begins
 * with a word of its own: an event as it is ordered, the outcome of one for point
 * n. The hear functions are 1 for a line of theirs, 0 for another one, -1 for
 * one that makes no sense.
 */
int tg_event_say(int fd, const struct tg_event *e);
int tg_event_hear(const char *line, struct tg_events *events);
void tg_counted_say(size_t n, size_t event, const struct tg_counted_event *c);
int tg_counted_hear(const char *line, size_t *n, size_t *event, struct tg_counted_event *c);

/* The same of what a scenario did: say, and hear, 1 or 0. */
void tg_tally_say(size_t n, const struct tg_tally *t);
int tg_tally_hear(const char *line, size_t *n, struct tg_tally *t);

/* Takes a round's word on what another has told, or is the first to tell; false if they differ. */
bool tg_tally_join(struct tg_tally *known, const struct tg_tally *now);

#endif
