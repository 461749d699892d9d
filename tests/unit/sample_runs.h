/* SPDX-License-Identifier: GPL-2.0 */
/* Runs made in memory and compared, for the tests of compare. */
#ifndef TOLLGATE_SAMPLE_RUNS_H
#define TOLLGATE_SAMPLE_RUNS_H

#include <stdint.h>

#include "compare.h"

/* What a_run() measures: BODIES rows insn/bN@r3, VARIANTS rows fpu/save:vN@r3. */
enum { BODIES = 24, VARIANTS = 12, ROUNDS = 20 };

/* About normal: mean 0, standard deviation 1, at most 6. */
double run_noise(uint64_t *seed);

void replace_text(char **text, const char *by);
struct tg_figure *add_figure(struct tg_report *r, const char *name, size_t nr);

/* The head of sample_user(), no figures. */
struct tg_report *bare_report(void);

/*
 * A run: bodies of 3, 6, ... cycles and variants of one experiment of 200, whose
 * rounds vary by 0.1 % and whose runs by 0.1 %.
 */
struct tg_report *a_run(uint64_t *seed);

/* All rounds of the figures whose names begin so. */
void scale_figures(struct tg_report *r, const char *start, double factor);

/* n reports against m; sides must live as long as the result. */
struct tg_comparison *compare_reports(struct tg_report **a, size_t n, struct tg_report **b,
				      size_t m, struct tg_side sides[2]);

/* How many rows have this verdict; which, unless NULL: the last of them. */
size_t count_verdicts(const struct tg_comparison *c, enum tg_verdict v,
		      const struct tg_change **which);

/* ASCII in lines of at most 75 columns; Markdown's tables may be wider. */
void check_text(const struct tg_comparison *c);

#endif
