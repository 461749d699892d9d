/* SPDX-License-Identifier: GPL-2.0 */
/* What reports have of a claim's inputs, and what of it counts. Inside claims alone. */
#ifndef TOLLGATE_CLAIMS_EVIDENCE_H
#define TOLLGATE_CLAIMS_EVIDENCE_H

#include "claims.h"

/*
 * Ring 0 below a hypervisor is believed to be native where CLI and STI take no
 * longer than this, in cycles: emulated ones take thousands.
 */
#define TG_NATIVE_MOST 200

/*
 * A figure most of whose rounds were disturbed is off by up to so much of its
 * value (compare.h: what such rows must change by).
 */
#define TG_DISTURBED_ERROR 0.25

/* printf() into malloc()ed memory; NULL when it is short. */
char *tg_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Whether an input's name is that of a figure: it has a ring. */
bool tg_is_figure(const char *name);

/* Whether it is measured in ring 0: @r0 and @cross. */
bool tg_is_ring0(const char *name);

/*
 * tg_exhibit_take - one figure or count, of all the column's reports that have
 * it and can be used: undisturbed before disturbed ones, those of one lane. Of
 * several the mean; its error is that of the worst, or half their range if that
 * is more. 0, or -1 when memory is short; tg_exhibit_free() in either case.
 */
int tg_exhibit_take(const struct tg_column *c, const struct tg_way *way, const char *name,
		    bool later, struct tg_exhibit *e);
void tg_exhibit_free(struct tg_exhibit *e);

/*
 * tg_unused_add - appends what the column has under this name and cannot use:
 * measured figures only, each report's once. 0, or -1 when memory is short.
 */
int tg_unused_add(struct tg_ruling *v, const struct tg_column *c, const struct tg_way *way,
		  const char *name);

/* Whether a proof's or histogram's name is that of an input, or one below it. */
bool tg_name_below(const char *name, const char *input);

#endif
