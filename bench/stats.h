/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Statistics over samples and rounds. Pure functions: nothing here touches
 * the system, so the unit tests cover all of it. Protocol: README, "How a
 * figure is made".
 */
#ifndef TOLLGATE_STATS_H
#define TOLLGATE_STATS_H

#include <stddef.h>
#include <stdint.h>

/*
 * tg_quantile - the q-quantile of n values, linear interpolation between
 * order statistics (Hyndman and Fan's type 7, the default of R and numpy).
 *
 * v: values, any order, not changed; n: at least 1; q: 0 <= q <= 1.
 * Returns NaN when n is 0, q is out of range, a value is NaN, or memory is
 * short.
 */
double tg_quantile(const double *v, size_t n, double q);

/* As tg_quantile(), over values already sorted in ascending order. */
double tg_quantile_sorted(const double *v, size_t n, double q);

/*
 * tg_low_ticks - the 5 % quantile of a sample of tick counts, freed of the
 * clock's granularity.
 *
 * On many CPUs RDTSC advances in steps (2 ticks on one Xeon, 26 on one EPYC
 * whose counter follows a 100 MHz reference), so a quantile of raw readings
 * can only land on multiples of the step. Every sample starts at a random
 * phase (see sample.h); a duration of k + f steps then reads k steps with
 * probability 1-f and k+1 with probability f, so the mean of all samples
 * from p5 up to and including p5 + step estimates it without that bias.
 *
 * p5 here is a real reading, the order statistic floor((n-1) / 20), never
 * interpolated: a limit between two steps would drop all samples of the lower
 * one. The upper limit has half a step (step / 2, integer division) of slack,
 * because a step need not be a whole number of ticks: 24.5 reads as 24 or 25.
 * Where readings are multiples of step nothing lies in the slack. With
 * f > 0.95 too few samples read k, p5 is k+1 and so is the estimate: a bias of
 * 1-f, below 0.05 step.
 *
 * t: ticks, any order, not changed; n >= 1; step: ticks, >= 1.
 * Returns ticks, NaN when n is 0 or memory is short.
 */
double tg_low_ticks(const uint64_t *t, size_t n, uint64_t step);

/*
 * The median of a sample of tick counts, freed of granularity in the same way:
 * the mean of the samples within one step of the median, on either side and
 * with the same slack. The median is the order statistic floor((n-1) / 2).
 */
double tg_mid_ticks(const uint64_t *t, size_t n, uint64_t step);

/*
 * tg_middle - the mean of n differences of readings without the strays: those
 * within three steps of the clock and four and a half times its length of the
 * middle of the shortest interval that holds a quarter of them (of several such
 * the middle one). Of normal ones that is three standard deviations; and where a
 * neighbour spoils half of the samples, theirs is the broader, thinner half.
 *
 * A difference of two durations taken at random phases is off by up to a step
 * either way, the difference of two such by two steps, and off by nothing in
 * the mean: so a mean it must be, of all whom the clock alone may have moved.
 * A quantile, or a mean of the middle half, would lean towards the multiples of
 * the step. What took much longer, in one sequence or in another, is left out.
 *
 * d: ticks, any order, not changed; step: ticks, >= 1. Returns ticks, NaN when
 * n is 0 or memory is short.
 */
double tg_middle(const double *d, size_t n, uint64_t step);

/*
 * tg_lower_mean - the mean of the lower half of n values, the middle one included
 * where n is odd. Disturbances make a round slower, never faster, so the upper
 * half is left to them; of the lower half a mean uses all, where a quantile would
 * jump between two states of a machine.
 *
 * v: any order, not changed; the other takes them sorted. NaN when n is 0, a
 * value is NaN, or memory is short.
 */
double tg_lower_mean(const double *v, size_t n);
double tg_lower_mean_sorted(const double *v, size_t n);

/* What a figure reports of its rounds. */
struct tg_estimate {
	double value;	/* lower mean over rounds */
	double error;	/* half-width of the 95 % bootstrap interval of value */
};

/* Fixed, so that the same rounds always give the same error. */
#define TG_BOOTSTRAP_SEED 0x746f6c6c67617465ULL
#define TG_BOOTSTRAP_RESAMPLES 2000

/*
 * tg_estimate_rounds - lower mean of v[0..n-1] and the half-width of its
 * 95 % percentile bootstrap interval (TG_BOOTSTRAP_RESAMPLES resamples,
 * seeded with TG_BOOTSTRAP_SEED; deterministic). Half-width: half the distance
 * between the 2.5 % and 97.5 % quantiles of the resampled means.
 * n == 1 gives error NaN (unknown); n == 0, a NaN among the values or short
 * memory give NaN for both.
 *
 * The resampling, so that it can be reproduced: v is sorted ascending first,
 * so that the order of rounds does not matter. One generator, tg_random() from
 * the seed, serves all resamples in turn. Each resample draws n ranks, each by
 * tg_random_below(&state, n), and takes the lower mean of the values of
 * those ranks. All quantiles are of type 7.
 */
struct tg_estimate tg_estimate_rounds(const double *v, size_t n);

/*
 * tg_random - xorshift64*, the one generator of the harness.
 *
 * The state x becomes x ^= x >> 12, x ^= x << 25, x ^= x >> 27; the result is
 * x * 0x2545f4914f6cdd1d mod 2^64. *state must not be 0.
 */
uint64_t tg_random(uint64_t *state);

/*
 * tg_random_below - 0 .. n-1, n at most 2^32: the upper 32 bits of one
 * tg_random(), times n, shifted right by 32. Its unevenness is below n / 2^32.
 */
uint32_t tg_random_below(uint64_t *state, uint64_t n);

/*
 * Fisher-Yates shuffle of idx[0..n-1], n at most 2^32: for i from n-1 down to
 * 1, idx[i] changes place with idx[tg_random_below(state, i + 1)].
 */
void tg_shuffle(size_t *idx, size_t n, uint64_t *state);

#endif
