/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From raw samples to a round's reading, from readings to a figure. Pure
 * functions.
 */
#ifndef TOLLGATE_READING_H
#define TOLLGATE_READING_H

#include "engine.h"
#include "report.h"

/* One experiment in one round, in TSC ticks. */
struct tg_reading {
	double value, median;	/* per copy of the body */
	double imul, add;	/* per instruction of the chains taken beside it */
	double canary;		/* per NOP */
	double bracket;		/* the bracket around nothing */
	long kept, discarded;	/* kept: of each series of the figure */
	long beside;		/* samples kept beside a slow canary */
	double level;		/* that of the canary, 0: none */
	size_t round;		/* which of the run, from 0 */
};

/*
 * tg_reduce - a round's reading from its samples. step: granularity of the
 * clock in ticks. -1 if a series that the figure needs is missing.
 */
int tg_reduce(const struct tg_samples *s, uint64_t step, struct tg_reading *out);

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
 * tg_core_state - which state of the core a run's figures are to be of.
 *
 * On one EPYC a virtual CPU is in one of two states for seconds at a time. In
 * the second whatever runs microcode takes some three cycles more (FXRSTOR 188.5
 * for 184.8, MFENCE 79.1 for 76.2, XRSTOR 368.3 for 365.2) or four less (XSAVEC
 * 109.3 for 113.2), an invalid system call 269.6 for 262, a signal 2 % more;
 * chains, loads, locked instructions take the same. It is where the host lets the
 * CPU run, it seems: two CPUs change independently of each other and of what
 * they do. Figures of one state repeat to a per mille, mixtures of both do not.
 *
 * Each round measures an FXRSTOR as it begins and as it ends; where the two agree
 * within twice TG_STATE_WIDTH the round was of one state, their mean. The state that
 * counts is the lowest band of those means, TG_STATE_WIDTH to either side of its
 * middle, that holds a fifth of all rounds: returned is its middle, in cycles. 0
 * where no band does, or none was measured: this CPU shows no such states.
 *
 * probes: cycles, two a round, 2 n of them, not changed.
 */
#define TG_STATE_WIDTH	0.006
#define TG_STATE_SHARE	0.2
double tg_core_state(const double *probes, size_t n);

/* The state of a round from its two probes, or 0 where they disagree or there is none. */
double tg_round_state(const double *probes);

/*
 * tg_fill_figure - rounds, value, error, ns and status of a figure from its
 * readings. Each round is converted by the chain that ran beside it.
 * boots: the boot of each reading. tsc_mhz: for ns. Where a reading is NaN, or
 * there is none, the figure is TG_FAILED with a reason and no rounds. 0, or -1
 * when memory is short.
 */
int tg_fill_figure(struct tg_figure *f, const struct tg_reading *r, const int *boots, size_t n,
		   enum tg_unit unit, double tsc_mhz);

#endif
