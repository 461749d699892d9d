/* SPDX-License-Identifier: GPL-2.0 */
/* Two samples against each other: see significance.h for what each promises. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "significance.h"

/* Of the standard normal distribution: 2.5 % lie above. */
#define Z_95 1.959963984540054

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A sorted copy of n and m values together, to be freed; NULL for a NaN or short memory. */
static double *sorted_copy(const double *a, size_t n, const double *b, size_t m)
{
	double *copy = calloc(n + m ? n + m : 1, sizeof(*copy));

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, a, n * sizeof(*a));
	if (m)
		memcpy(copy + n, b, m * sizeof(*b));
	for (size_t i = 0; i < n + m; i++) {
		if (isnan(copy[i])) {
			free(copy);
			return NULL;
		}
	}
	qsort(copy, n + m, sizeof(*copy), by_value);
	return copy;
}

/*
 * The null distribution of U for n and m distinct values: share[u], u from 0 to
 * n m, to be freed; NULL when memory is short. The recurrence is Mann and
 * Whitney's: the largest value belongs to one side or to the other, and if it
 * is one of b it lies above all of a. In probabilities, so nothing overflows.
 */
static double *u_shares(size_t n, size_t m)
{
	size_t width = n * m + 1;
	double *now = calloc((n + 1) * width, sizeof(*now));
	double *next = calloc((n + 1) * width, sizeof(*next));

	if (!now || !next)
		goto out;
	/* row i: i values of a against k of b; none of b to begin with */
	for (size_t i = 0; i <= n; i++)
		now[i * width] = 1;
	for (size_t k = 1; k <= m; k++) {
		double *last = now;

		for (size_t i = 0; i <= n; i++) {
			double of_b = (double)k / (double)(i + k);

			for (size_t u = 0; u <= i * k; u++) {
				double p = u >= i ? of_b * last[i * width + u - i] : 0;

				if (i)
					p += (1 - of_b) * next[(i - 1) * width + u];
				next[i * width + u] = p;
			}
		}
		now = next;
		next = last;
	}
	/* the caller gets the last row alone */
	memmove(now, now + n * width, width * sizeof(*now));
out:
	free(next);
	return now;
}

/* Twice the U of a (the number of pairs with a above b; equal ones count half), and the ties. */
static double doubled_u(const double *all, size_t total, const double *a, size_t n, double *ties)
{
	double rank_sum = 0;

	*ties = 0;
	for (size_t i = 0, end; i < total; i = end) {
		size_t of_a = 0;
		double t;

		for (end = i; end < total && all[end] == all[i]; end++)
			;
		for (size_t k = 0; k < n; k++)
			of_a += a[k] == all[i];
		t = (double)(end - i);
		*ties += t * t * t - t;
		rank_sum += (double)of_a * (double)(i + 1 + end);
	}
	return rank_sum - (double)n * (double)(n + 1);
}

double tg_mann_whitney(const double *a, size_t n, const double *b, size_t m)
{
	double pairs = (double)n * (double)m, total = (double)(n + m);
	double *all = n && m ? sorted_copy(a, n, b, m) : NULL;
	double ties, u, variance, p = 0;

	if (!all)
		return NAN;
	u = doubled_u(all, n + m, a, n, &ties) / 2;
	free(all);
	u = fmin(u, pairs - u);
	if (n <= TG_EXACT_MOST && m <= TG_EXACT_MOST && ties == 0) {
		double *share = u_shares(n, m);

		if (!share)
			return NAN;
		for (size_t i = 0; i <= (size_t)u; i++)
			p += share[i];
		free(share);
		return fmin(1, 2 * p);
	}
	variance = pairs / 12 * (total + 1 - ties / (total * (total - 1)));
	if (!(variance > 0))
		return 1;
	return fmin(1, erfc(fmax(0, pairs / 2 - u - 0.5) / sqrt(2 * variance)));
}

double tg_mann_whitney_least(size_t n, size_t m)
{
	if (!n || !m)
		return 1;
	/* two of all the ways to tell n values of n + m apart from the others */
	return fmin(1, 2 * exp(lgamma((double)n + 1) + lgamma((double)m + 1) -
			       lgamma((double)(n + m) + 1)));
}

/*
 * The regularised incomplete beta function I_x(a, b), by its continued fraction
 * in Lentz's form (DLMF 8.17.22). x below (a + 1) / (a + b + 2), where it
 * converges fast; a, b > 0.
 */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), f = d;
	double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a;

	for (int k = 1; k < 500; k++) {
		double before = f;
		double even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
		double odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));

		d = 1 / fmax(fabs(1 + even * d), tiny);
		c = 1 + even / c;
		f *= c * d;
		d = 1 / fmax(fabs(1 + odd * d), tiny);
		c = 1 + odd / c;
		f *= c * d;
		if (fabs(f - before) <= 1e-15 * fabs(f))
			break;
	}
	return front * f;
}

/* The two-sided p-value of Student's t with df > 0 degrees of freedom (DLMF 8.17.6 ff). */
static double student(double t, double df)
{
	double x = df / (df + t * t);

	if (!(t > 0))
		return 1;
	if (x <= 0)
		return 0;
	if (x < (df / 2 + 1) / (df / 2 + 2.5))
		return beta_fraction(df / 2, 0.5, x);
	return 1 - beta_fraction(0.5, df / 2, 1 - x);
}

/* Mean, and the square of its standard error. */
static void moments(const double *v, size_t n, double *mean, double *square)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	*mean = sum / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (v[i] - *mean) * (v[i] - *mean);
	*square = squares / (double)(n - 1) / (double)n;
}

double tg_welch(const double *a, size_t n, const double *b, size_t m)
{
	double mean_a, mean_b, va, vb, v;

	if (n < 2 || m < 2)
		return NAN;
	moments(a, n, &mean_a, &va);
	moments(b, m, &mean_b, &vb);
	v = va + vb;
	if (isnan(v))
		return NAN;
	if (v == 0)
		return mean_a == mean_b ? 1 : 0;
	return student(fabs(mean_b - mean_a) / sqrt(v),
		       v * v / (va * va / (double)(n - 1) + vb * vb / (double)(m - 1)));
}

int tg_benjamini_hochberg(double *p, size_t n)
{
	double *sorted = calloc(n ? n : 1, sizeof(*sorted)), least = 1;
	size_t counted = 0;

	if (!sorted)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!isnan(p[i]))
			sorted[counted++] = p[i];
	qsort(sorted, counted, sizeof(*sorted), by_value);
	/* From the largest: its own p times counted / rank, never above that of a larger one. */
	for (size_t rank = counted; rank; rank--) {
		double raw = sorted[rank - 1];

		least = fmin(least, raw * (double)counted / (double)rank);
		for (size_t i = 0; i < n; i++)
			if (p[i] == raw && (rank == counted || sorted[rank] != raw))
				p[i] = -1 - least;	/* done: out of the way of equals below */
	}
	for (size_t i = 0; i < n; i++)
		if (p[i] <= -1)
			p[i] = -1 - p[i];
	free(sorted);
	return 0;
}

/* How many differences b - a are at most d; a and b sorted. */
static size_t differences_up_to(const double *a, size_t n, const double *b, size_t m, double d)
{
	size_t count = 0, k = 0;

	for (size_t i = 0; i < n; i++) {
		while (k < m && b[k] - a[i] <= d)
			k++;
		count += k;
	}
	return count;
}

/*
 * The difference of this rank (from 1) among all b - a: a limit is narrowed by
 * halving until the difference sought is the smallest above it. a, b sorted, so
 * this takes no memory and n + m steps a halving.
 */
static double difference_of_rank(const double *a, size_t n, const double *b, size_t m, size_t rank)
{
	double low = b[0] - a[n - 1], high = b[m - 1] - a[0], found = high;

	if (differences_up_to(a, n, b, m, low) >= rank)
		return low;
	for (int i = 0; i < 2000; i++) {
		double middle = low + (high - low) / 2;

		if (!(middle > low && middle < high))
			break;
		if (differences_up_to(a, n, b, m, middle) >= rank)
			high = middle;
		else
			low = middle;
	}
	for (size_t i = 0, k = 0; i < n; i++) {
		while (k < m && b[k] - a[i] <= low)
			k++;
		if (k < m)
			found = fmin(found, b[k] - a[i]);
	}
	return found;
}

/*
 * The rank of the interval's lower end among n m differences, from 1; 0 when no
 * rank covers 95 %. As R: the smallest u of which P(U <= u) reaches 2.5 %.
 */
static size_t interval_rank(size_t n, size_t m)
{
	double pairs = (double)n * (double)m, sum = 0, rank;
	double *share;
	size_t u;

	if (n > TG_EXACT_MOST || m > TG_EXACT_MOST) {
		rank = pairs / 2 - Z_95 * sqrt(pairs * (double)(n + m + 1) / 12);
		return rank < 1 ? 0 : (size_t)rank;
	}
	share = u_shares(n, m);
	if (!share || share[0] > 0.025) {
		free(share);
		return 0;
	}
	for (u = 0; sum + share[u] < 0.025; u++)
		sum += share[u];
	free(share);
	return u ? u : 1;
}

struct tg_shift tg_shift(const double *a, size_t n, const double *b, size_t m)
{
	struct tg_shift s = { NAN, NAN, NAN };
	double *x = sorted_copy(a, n, NULL, 0), *y = sorted_copy(b, m, NULL, 0);
	size_t pairs = n * m, rank;

	if (n && m && x && y) {
		s.shift = difference_of_rank(x, n, y, m, (pairs + 1) / 2);
		if (pairs % 2 == 0) {
			double above = difference_of_rank(x, n, y, m, pairs / 2 + 1);

			s.shift += (above - s.shift) / 2;
		}
		rank = interval_rank(n, m);
		if (rank) {
			s.low = difference_of_rank(x, n, y, m, rank);
			s.high = difference_of_rank(x, n, y, m, pairs + 1 - rank);
		}
	}
	free(x);
	free(y);
	return s;
}
