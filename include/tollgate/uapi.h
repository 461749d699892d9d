/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What module and harness say to each other through debugfs.
 *
 * run: write one command, `name key=value...`, then read the answer:
 * key=value lines, then one line a series, `role ticks ticks ...`, and behind it
 * one line an event, `role.N count count ...` with N its place in events=. After
 * a command that failed the answer is the single line `error=...`.
 */
#ifndef TOLLGATE_UAPI_H
#define TOLLGATE_UAPI_H

#define TG_VERSION		"0.1"
#define TG_DEBUGFS_NAME		"tollgate"	/* below the debugfs mount */

/* A command, without its terminating NUL, in bytes. */
#define TG_COMMAND_MAX		512

/*
 * cpu=: default the CPU of the writer.
 *
 * node=: a node with memory, of what the body works on; default auto, what axis
 * mem says: the nearest to the CPU or the farthest other one. The answer tells
 * the node that it lies on, or none.
 */
/* samples=: readings kept of each series. */
#define TG_SAMPLES_MIN		1
#define TG_SAMPLES_MAX		65536
#define TG_SAMPLES_DEFAULT	1000
/*
 * unroll=: copies by which the long sequence exceeds the short one, a positive
 * multiple of the row's block (see experiments). At most so many blocks: the
 * longest sequence is what a batch may overrun its time by.
 */
#define TG_LOOPS_MAX		64
/* batch=: passes over all series between two breaths with interrupts in. */
#define TG_BATCH_MIN		1
#define TG_BATCH_MAX		1024
#define TG_BATCH_DEFAULT	16
/*
 * A batch also ends at the end of the sample in which it has lasted this long,
 * in microseconds. The longest sample, of the dearest fpu row at TG_LOOPS_MAX,
 * takes some 0.6 million cycles; by default none takes more than 20 000.
 */
#define TG_BATCH_USEC		200

/*
 * events=: what counters count around each sample, `TYPE:CONFIG,...` as in struct
 * perf_event_attr, with :CONFIG1 and :CONFIG2 behind it where an event has them;
 * numbers as in C. At most so many.
 */
#define TG_EVENTS_MAX		8
#define TG_EVENT_WORDS		4	/* type and three words of configuration */

/* quiet=: what keeps interrupts out of a batch. */
enum tg_quiet {
	TG_QUIET_TPR,	/* CR8 = 15: IF stays 1, no maskable interrupt arrives */
	TG_QUIET_CLI,	/* IF = 0 */
	TG_QUIET_NONE,	/* interrupts come; samples they hit are discarded */
	TG_NR_QUIET,
};
#define TG_QUIET_NAMES		{ "tpr", "cli", "none" }

#endif
