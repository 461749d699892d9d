/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sampling engine. mod/measure.c runs it in ring 0, bench/ring3.c in ring
 * 3; the second is where known bodies show that it is honest.
 *
 * A series is one timed sequence with its arguments. A pass takes one sample
 * of every series, in an order that rotates, each at a random phase of the
 * clock. Whoever includes this defines first
 *
 *	tg_mark_t		what is remembered before a sample
 *	tg_mark(&m)		remembers it
 *	tg_broken(&m)		true if something interrupted since
 */
#ifndef TOLLGATE_SAMPLE_H
#define TOLLGATE_SAMPLE_H

#include <tollgate/canary.h>
#include <tollgate/counting.h>

struct tg_series {
	tg_seq_fn *fn;		/* NULL: this figure has no such series */
	struct tg_args args;
	__u64 *out;		/* room for want samples */
	__u32 want, kept;
};

struct tg_sampler {
	struct tg_series series[TG_NR_ROLES];
	__u64 random;		/* xorshift64, never 0 */
	__u32 pass;		/* rotates the order */
	__u32 at;		/* where in it the pass goes on */
	__u64 deadline;		/* TSC: a pass pauses at the sample that reaches it; 0: none */
	__u32 discarded;	/* samples that something interrupted */
	__u32 limit;		/* give up at so many discarded */
	__u32 beside;		/* samples kept beside a slow canary */
	struct tg_canary canary;
};

/* Passes that warm caches and predictors and are not kept. */
#define TG_WARM_PASSES	4

static inline bool tg_sampler_done(const struct tg_sampler *s)
{
	int r;

	for (r = 0; r < TG_NR_ROLES; r++)
		if (s->series[r].fn && s->series[r].kept < s->series[r].want)
			return false;
	return true;
}

/* The passes planned: as many as the series with most samples wants. */
static inline __u32 tg_sampler_passes(const struct tg_sampler *s)
{
	__u32 most = 0;
	int r;

	for (r = 0; r < TG_NR_ROLES; r++)
		if (s->series[r].fn && s->series[r].want > most)
			most = s->series[r].want;
	return most;
}

/*
 * Calibration rides along at its own, lower count: a series is due in a pass
 * when it lags behind its share of the passes.
 */
static inline bool tg_series_due(const struct tg_series *r, __u32 pass, __u32 passes)
{
	return r->fn && r->kept < r->want &&
	       (__u64)r->kept * passes <= (__u64)r->want * pass;
}

/*
 * tg_sampler_pass - one sample of every series that is due.
 *
 * passes: tg_sampler_passes(). A disturbed sample is counted in discarded and
 * taken again in a later pass; so is one beside a slow canary, uncounted. Nothing
 * is dispatched, allocated or printed between two time stamps: that window lies
 * wholly inside the sequence.
 *
 * False when the deadline was reached: called again, with a later one, it goes
 * on where it stopped.
 *
 * tg_counted_pass - the same with series of the counted tables, keeping what
 * the counters counted. False also when one of them is lost. The compiler makes
 * two functions of this one; the one without counters holds nothing of them.
 */
static __always_inline bool tg_sampler_step(struct tg_sampler *s, __u32 passes,
					    struct tg_counting *c)
{
	for (; s->at < TG_NR_ROLES; s->at++) {
		struct tg_series *one = &s->series[(s->at + s->pass) % TG_NR_ROLES];
		tg_mark_t mark;
		__u64 ticks, start;
		bool quiet;

		if (!tg_series_due(one, s->pass, passes))
			continue;
		quiet = tg_canary_wait(&s->canary, s->deadline);
		start = tg_now();
		if (s->deadline && (__s64)(start - s->deadline) >= 0)
			return false;
		tg_dither(&s->random);
		tg_mark(&mark);
		ticks = one->fn(&one->args);
		if (c && c->lost)
			return false;
		if (tg_broken(&mark)) {
			s->discarded++;
			s->canary.quiet = false;
			continue;
		}
		if (s->pass < TG_WARM_PASSES)
			continue;
		quiet = tg_canary_quiet(&s->canary) && quiet;
		if (!quiet && tg_canary_lose(&s->canary, tg_now() - start))
			continue;
		s->beside += !quiet;
		if (s->canary.fn)
			s->canary.patience += ticks / s->canary.thrift;
		if (c)
			tg_counting_keep(c, one - s->series, one->kept);
		one->out[one->kept++] = ticks;
	}
	s->at = 0;
	s->pass++;
	return true;
}

static inline bool tg_sampler_pass(struct tg_sampler *s, __u32 passes)
{
	return tg_sampler_step(s, passes, NULL);
}

static inline bool tg_counted_pass(struct tg_sampler *s, __u32 passes, struct tg_counting *c)
{
	return tg_sampler_step(s, passes, c);
}

#endif
