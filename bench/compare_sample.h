/* SPDX-License-Identifier: GPL-2.0 */
/* What the reports of one side say of one experiment. Inside compare alone. */
#ifndef TOLLGATE_COMPARE_SAMPLE_H
#define TOLLGATE_COMPARE_SAMPLE_H

#include "compare.h"

struct tg_sample {
	double *rounds;		/* value of every round, in unit, boot after boot */
	size_t nr_rounds;
	double *boots;		/* each boot's figure: the lower quartile of its rounds */
	size_t nr_boots;
	double reach;		/* of a boot's rounds, TG_REACH_LOW to _HIGH; the widest, in unit */
	size_t nr_reports;	/* that measured it */
	size_t disturbed;	/* of these: tg_is_disturbed() */
	bool quick;
	bool mixed;		/* reports in different units (--across unit) */
	enum tg_unit unit;
};

/*
 * tg_sample_take - collects name from all reports of a side that measured it. A
 * boot is a boot of one report. 0, or -1 when memory is short; nr_rounds is 0 if
 * none measured it. tg_sample_free() in either case.
 */
int tg_sample_take(const struct tg_side *side, const char *name, struct tg_sample *s);
void tg_sample_free(struct tg_sample *s);

/* The middle one of the states of the core (core_state.h) of a side's reports; NaN: none. */
double tg_side_state(const struct tg_side *side);

/*
 * Whether two reports are of one run: of one second, with the very same rounds
 * in every figure. Instruction counts may well repeat, but not within a second.
 */
bool tg_same_report(const struct tg_report *a, const struct tg_report *b);

static inline bool tg_is_measured(const struct tg_figure *f)
{
	return f && (f->status == TG_OK || f->status == TG_NOT_RESOLVABLE) && f->nr_rounds;
}

/*
 * tg_pair_spread - the q-quantile of the differences between any two boots of
 * one side, both sides' pooled; 0 where no side has two. NaN: memory is short.
 */
double tg_pair_spread(const struct tg_sample *a, const struct tg_sample *b, double q);

#endif
