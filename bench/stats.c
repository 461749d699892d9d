/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Statistics over samples and rounds: see stats.h for what each function
 * promises. Everything here is deterministic.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int by_ticks(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* A sorted copy, to be freed; NULL for no values, for a NaN (it has no rank) or short memory. */
static double *sorted_copy(const double *v, size_t n)
{
	double *copy;

	if (!n)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (isnan(v[i]))
			return NULL;

	copy = calloc(n, sizeof(*copy));
	if (!copy)
		return NULL;
	memcpy(copy, v, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_value);
	return copy;
}

double tg_quantile_sorted(const double *v, size_t n, double q)
{
	double place, share;
	size_t below;

	if (!n || !(q >= 0 && q <= 1))
		return NAN;

	place = (double)(n - 1) * q;
	below = (size_t)place;
	share = place - (double)below;
	/* Nothing lies above the last value, nor is it asked for when the place is exact. */
	if (below + 1 >= n || share == 0)
		return v[below];
	return v[below] + share * (v[below + 1] - v[below]);
}

double tg_quantile(const double *v, size_t n, double q)
{
	double *sorted = sorted_copy(v, n);
	double result;

	if (!sorted)
		return NAN;
	result = tg_quantile_sorted(sorted, n, q);
	free(sorted);
	return result;
}

/*
 * The mean of the readings from `below` under the reading of this rank up to
 * `above` over it. Distances are taken from that reading, so that large counts
 * lose no digits in the sum.
 */
static double mean_near_rank(const uint64_t *t, size_t n, size_t rank, uint64_t below,
			     uint64_t above)
{
	uint64_t *sorted, centre;
	double sum = 0, result;
	size_t count = 0;

	sorted = calloc(n, sizeof(*sorted));
	if (!sorted)
		return NAN;
	memcpy(sorted, t, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_ticks);

	centre = sorted[rank];
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < centre && centre - sorted[i] > below)
			continue;
		if (sorted[i] > centre && sorted[i] - centre > above)
			break;
		if (sorted[i] < centre)
			sum -= (double)(centre - sorted[i]);
		else
			sum += (double)(sorted[i] - centre);
		count++;
	}
	result = (double)centre + sum / (double)count;
	free(sorted);
	return result;
}

/* How far beside a reading its neighbour on the clock may lie: a step and the slack. */
static uint64_t reach(uint64_t step)
{
	return step + step / 2;
}

double tg_low_ticks(const uint64_t *t, size_t n, uint64_t step)
{
	if (!n)
		return NAN;
	return mean_near_rank(t, n, (n - 1) / 20, 0, reach(step));
}

double tg_mid_ticks(const uint64_t *t, size_t n, uint64_t step)
{
	if (!n)
		return NAN;
	return mean_near_rank(t, n, (n - 1) / 2, reach(step), reach(step));
}

/*
 * The middle of the shortest interval that holds a quarter of sorted values, the
 * middle one of several; *width: its length.
 */
static double densest(const double *v, size_t n, double *width)
{
	size_t held = (n + 3) / 4, ties = 0, i;

	*width = INFINITY;
	for (i = 0; i + held <= n; i++) {
		double w = v[i + held - 1] - v[i];

		if (w < *width) {
			*width = w;
			ties = 0;
		}
		ties += w == *width;
	}
	if (!ties)
		return NAN;
	/* one of them, not what lies between: values of two modes may tie */
	for (i = 0, ties = (ties + 1) / 2; ties; i++)
		ties -= v[i + held - 1] - v[i] == *width;
	return (v[i - 1] + v[i + held - 2]) / 2;
}

double tg_middle(const double *d, size_t n, uint64_t step)
{
	double *v = sorted_copy(d, n), centre, within, sum = 0;
	size_t count = 0;

	if (!v)
		return NAN;
	centre = densest(v, n, &within);
	within = 3.0 * (double)step + 4.5 * within;
	for (size_t i = 0; i < n; i++) {
		if (fabs(v[i] - centre) > within)
			continue;
		sum += v[i] - centre;
		count++;
	}
	free(v);
	return count ? centre + sum / (double)count : NAN;
}

double tg_lower_mean_sorted(const double *v, size_t n)
{
	size_t half = (n + 1) / 2;
	double sum = 0;

	if (!n)
		return NAN;
	for (size_t i = 0; i < half; i++)
		sum += v[i] - v[0];
	return v[0] + sum / (double)half;
}

double tg_lower_mean(const double *v, size_t n)
{
	double *sorted = sorted_copy(v, n);
	double result;

	if (!sorted)
		return NAN;
	result = tg_lower_mean_sorted(sorted, n);
	free(sorted);
	return result;
}

/*
 * The lower mean of one resample. The values are sorted already, so the
 * resample is sorted by counting how often each rank was drawn.
 */
static double resampled_mean(const double *sorted, size_t n, uint64_t *state, double *resample,
				 size_t *drawn)
{
	size_t filled = 0;

	memset(drawn, 0, n * sizeof(*drawn));
	for (size_t i = 0; i < n; i++)
		drawn[tg_random_below(state, n)]++;
	for (size_t rank = 0; rank < n; rank++)
		for (size_t i = 0; i < drawn[rank]; i++)
			resample[filled++] = sorted[rank];
	return tg_lower_mean_sorted(resample, n);
}

struct tg_estimate tg_estimate_rounds(const double *v, size_t n)
{
	struct tg_estimate estimate = { NAN, NAN };
	double *sorted, *resample, *means;
	uint64_t state = TG_BOOTSTRAP_SEED;
	size_t *drawn;

	sorted = sorted_copy(v, n);
	if (!sorted)
		return estimate;
	resample = calloc(n, sizeof(*resample));
	drawn = calloc(n, sizeof(*drawn));
	means = calloc(TG_BOOTSTRAP_RESAMPLES, sizeof(*means));
	if (!resample || !drawn || !means)
		goto out;

	estimate.value = tg_lower_mean_sorted(sorted, n);
	if (n == 1)
		goto out;
	for (size_t i = 0; i < TG_BOOTSTRAP_RESAMPLES; i++)
		means[i] = resampled_mean(sorted, n, &state, resample, drawn);
	qsort(means, TG_BOOTSTRAP_RESAMPLES, sizeof(*means), by_value);
	estimate.error = (tg_quantile_sorted(means, TG_BOOTSTRAP_RESAMPLES, 0.975) -
			  tg_quantile_sorted(means, TG_BOOTSTRAP_RESAMPLES, 0.025)) / 2;
out:
	free(means);
	free(drawn);
	free(resample);
	free(sorted);
	return estimate;
}

uint64_t tg_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

uint32_t tg_random_below(uint64_t *state, uint64_t n)
{
	return (uint32_t)(((tg_random(state) >> 32) * n) >> 32);
}

void tg_shuffle(size_t *idx, size_t n, uint64_t *state)
{
	for (size_t i = n; i > 1; i--) {
		size_t other = tg_random_below(state, i);
		size_t kept = idx[i - 1];

		idx[i - 1] = idx[other];
		idx[other] = kept;
	}
}
