/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From raw samples to a round's reading, from readings to a figure. Pure
 * functions.
 */
#ifndef TOLLGATE_READING_H
#define TOLLGATE_READING_H

#include "engine.h"
#include "report.h"

/* What a counter counted, per copy of the body. */
struct tg_counted {
	double value, median;	/* in the modes asked for; NaN: not counted */
	double user, kernel;	/* of value; NaN where not told apart, or not asked for */
	double imul, add;	/* per instruction of the chains */
};

/* One experiment in one round, in TSC ticks. */
struct tg_reading {
	double value, median;	/* per copy of the body */
	double imul, add;	/* per instruction of the chains taken beside it */
	double canary;		/* per NOP */
	double bracket;		/* the bracket around nothing */
	long kept, discarded;	/* kept: of each series of the figure */
	long beside;		/* samples kept beside a slow canary */
	double level;		/* that of the canary, 0: none */
	size_t span;		/* which of the run's (core_state.h), from 0 */
	struct tg_counted counted[TG_EVENTS_MAX];
	bool by_counter;	/* counted[cycles] is the figure, in core cycles */
	size_t cycles;
};

/*
 * tg_reduce - a round's reading from its samples. step: granularity of the
 * clock in ticks. -1 if a series that the figure needs is missing. What samples do
 * not tell is 0.
 */
int tg_reduce(const struct tg_samples *s, uint64_t step, struct tg_reading *out);

/*
 * tg_loops - passes over the unrolled block that make a sample long enough, a
 * power of two up to TG_LOOPS_MOST, for a body of pass ticks a pass.
 *
 * Long enough is where the clock's granularity and the bracket's jitter are
 * small against it: TG_LONG_STEPS steps of the clock and TG_LONG_TICKS, times
 * two to the power of share, 0 to 1. A figure may depend on the number by a per
 * cent or two (FXSAVE: 81.3 cycles with one pass, 79.5 with two); where pass is
 * just at the limit, runs would take the one or the other. With a share of its
 * own for each round (tg_share()) every run takes the same mixture.
 */
#define TG_LONG_STEPS	64
#define TG_LONG_TICKS	1000
#define TG_LOOPS_MOST	32
uint32_t tg_loops(double pass, uint64_t step, double share);

/* The n-th of numbers that fill 0 to 1 evenly: its bits behind the point, mirrored. */
double tg_share(uint32_t n);

/*
 * What the calibrating chains say about the clock. A dependent IMUL r32 takes
 * 3 core cycles and a dependent ADD r,r one on every CPU this runs on but some
 * small cores; where their ratio is off by more than TG_CHAIN_TOLERANCE the
 * calibration is refused and figures stay in ticks. What is in question is the
 * CPU, not its neighbour: a busy SMT sibling slows the ADDs by a per cent or two
 * and leaves the IMULs alone, so the ratio is that of the quietest tenth of all
 * batches. Where both chains take exactly one tick an instruction,
 * in every round, the clock counts instructions.
 */
#define TG_CHAIN_TOLERANCE	0.01
#define TG_CHAIN_QUANTILE	0.1
#define TG_IMUL_CYCLES		3.0

/*
 * tg_calibrate - fills cal from n readings: unit, cycles per tick with its
 * error, chains, canary, bracket, and a note saying why the unit is what it is.
 */
void tg_calibrate(const struct tg_reading *r, size_t n, uint64_t step,
		  struct tg_calibration *cal);

/*
 * tg_steady - whether n readings repeat so well that few of them do: at least
 * TG_FULL_ROUNDS, and their middle half lies within TG_STEADY_SHARE of the median
 * or TG_STEADY_CYCLES, whichever is more.
 */
#define TG_STEADY_SHARE		0.005
#define TG_STEADY_CYCLES	0.25
bool tg_steady(const struct tg_reading *r, size_t n);

/*
 * tg_calibrate_counter - whether event number cycles of the readings counts core
 * cycles: the chains must take 3 and 1 of them, within TG_CHAIN_TOLERANCE in the
 * middle one of the readings that have it. Then cal, as tg_calibrate() leaves it,
 * gets its name and what it says of the clock, and true is returned; else its note says why
 * not, if any reading has it. Not where the clock counts instructions.
 */
bool tg_calibrate_counter(const struct tg_reading *r, size_t n, size_t cycles, const char *name,
			  struct tg_calibration *cal);

/*
 * tg_fill_events - the events of a figure from its readings; those in which an
 * event was not counted are left out. why: for each event why it, or one of its
 * modes, was not counted in a round, or NULL. 0, or -1 when memory is short.
 */
int tg_fill_events(struct tg_figure *f, const struct tg_reading *r, size_t n,
		   const struct tg_events *events, char *const *why);

/*
 * tg_fill_figure - rounds, value, error, ns and status of a figure from its
 * readings. Each round is converted by the chain that ran beside it, or was
 * counted in core cycles where it says so.
 * boots: the boot of each reading. tsc_mhz: for ns. Where a reading is NaN, or
 * there is none, the figure is TG_FAILED with a reason and no rounds. 0, or -1
 * when memory is short.
 */
int tg_fill_figure(struct tg_figure *f, const struct tg_reading *r, const int *boots, size_t n,
		   enum tg_unit unit, double tsc_mhz);

#endif
