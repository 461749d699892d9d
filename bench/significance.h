/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether two samples differ, by how much, and how far chance among many
 * questions explains it. Pure functions; no values are changed, and any order
 * of values gives the same answer.
 */
#ifndef TOLLGATE_SIGNIFICANCE_H
#define TOLLGATE_SIGNIFICANCE_H

#include <stddef.h>

/* Up to this many values a side, and without ties, p-values are exact. */
#define TG_EXACT_MOST 25

/*
 * tg_mann_whitney - two-sided p-value of the Mann-Whitney U test (Mann and
 * Whitney, Annals of Mathematical Statistics 18, 1947).
 *
 * a, b: n and m values. Exact where n and m are at most TG_EXACT_MOST and no
 * value occurs twice; else the normal approximation with correction for ties
 * and for continuity, as in R's wilcox.test(). All values equal: 1. Returns
 * 0 < p <= 1 (0 where it underflows); NaN when n or m is 0, a value is NaN or
 * memory is short.
 */
double tg_mann_whitney(const double *a, size_t n, const double *b, size_t m);

/* The smallest p-value that tg_mann_whitney() can give without ties; 1 if n or m is 0. */
double tg_mann_whitney_least(size_t n, size_t m);

/*
 * tg_welch - two-sided p-value of Welch's t-test of equal means, n and m at
 * least 2 (Welch, Biometrika 34, 1947; degrees of freedom by Satterthwaite).
 *
 * No spread on either side: 1 where the means are equal, else 0. NaN as above
 * and when n or m is below 2.
 */
double tg_welch(const double *a, size_t n, const double *b, size_t m);

/*
 * tg_benjamini_hochberg - turns n p-values into adjusted ones, in place: of the
 * rows at or below q, at most the share q is expected to be false (Benjamini
 * and Hochberg, JRSS B 57, 1995). A NaN is left alone and not counted.
 * 0, or -1 when memory is short.
 */
int tg_benjamini_hochberg(double *p, size_t n);

/* How far b lies above a. */
struct tg_shift {
	double shift;		/* median of all differences b - a (Hodges-Lehmann) */
	double low, high;	/* its 95 % interval, distribution-free; NaN where the
				 * samples are too small for one (3 against 3) */
};

/*
 * tg_shift - Hodges and Lehmann's estimate with the interval that inverts the
 * Mann-Whitney test: exact order statistics of the differences up to
 * TG_EXACT_MOST values a side, else by the normal approximation. All NaN when n
 * or m is 0, a value is NaN or memory is short.
 */
struct tg_shift tg_shift(const double *a, size_t n, const double *b, size_t m);

#endif
