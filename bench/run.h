/* SPDX-License-Identifier: GPL-2.0 */
/* What `tollgate run` passes between its parts. */
#ifndef TOLLGATE_RUN_H
#define TOLLGATE_RUN_H

#include <signal.h>
#include <stdbool.h>

#include "core_state.h"
#include "exit.h"
#include "place.h"
#include "reading.h"
#include "report.h"
#include "select.h"

#define TG_ROUNDS_DEFAULT	90
#define TG_ROUNDS_QUICK		3
#define TG_SAMPLES_ROUND	200
#define TG_ROUNDS_MAX		1000
#define TG_SAMPLES_QUICK	200
/* Under an instruction counter every sample is the same. */
#define TG_ROUNDS_ICOUNT	2
#define TG_SAMPLES_ICOUNT	8
/* Figures of fewer good rounds than a tenth of all take the others too. */
#define TG_GOOD_SHARE		10
#define TG_BOOTS_MAX		100
/* Beyond any kernel's numbers (CONFIG_NR_CPUS: 8192), so that its own word is heard. */
#define TG_CPU_MAX		65535
/* Of a guest: what one emulating thread has the patience for. */
#define TG_SMP_MAX		64
#define TG_NUMA_MAX		8

enum tg_accel { TG_ACCEL_AUTO, TG_ACCEL_KVM, TG_ACCEL_TCG, TG_NR_ACCELS };

struct tg_options {
	enum tg_lane lane;
	int rounds;		/* 0: by default of the lane */
	long samples;		/* 0: likewise */
	bool brief;		/* rounds is a default: fewer where they take long */
	bool fit;		/* samples is a default: fewer where they are dear */
	int cpu;		/* -1: the highest CPU this process may use, and a second */
	int cpu_node;		/* -1: of any node, else of this one */
	int mem_node;		/* -1: the CPU's */
	const struct tg_place *place;	/* what tg_run_here() made of these */
	int smp, numa;		/* lane vm: CPUs and nodes of the guest; 0: one */
	int boots;
	int mem;		/* of a guest, MiB; 0: vm/boot.sh's default */
	bool full, quick;
	bool icount;		/* defaults for an instruction counter */
	const char *quiet;	/* NULL: the module's default */
	const char *events;	/* a list, or none; NULL: core cycles, where they can be counted */
	struct tg_events counted;	/* what that comes to here */
	int cycles;		/* the event of these that counts core cycles, -1: none */
	const char *kernel;	/* lane vm: a name for vm/kernel.sh */
	const char *build;	/* NULL: kernel names its own tree */
	int vm_accel;		/* enum tg_accel; -1 while parsing: not given */
	bool vm_no_icount;	/* TCG without the instruction counter (tests) */
	const char *vm_cpu;	/* QEMU's -cpu; NULL: all that the accelerator has */
	const char *vm_append;	/* words for the guest's command line; NULL: none */
	const char *output;	/* directory; NULL: results/local/<UTC>-<lane>-<kernel> */
	const char *json;	/* file for the JSON alone (the guest's job) */
	/* what a guest is told of the machine it runs on; NULL elsewhere */
	const char *qemu, *qemu_cpu, *accel, *append, *kvm;
	char **patterns;
	size_t nr_patterns;
};

/* Set by SIGINT, SIGTERM and SIGHUP; long work looks at it. */
extern volatile sig_atomic_t tg_interrupted;
void tg_catch_signals(void);

/* One experiment's life over all rounds. */
struct tg_track {
	struct tg_point point;
	char name[TG_NAME_MAX];
	double pass;		/* ticks by which one pass's hi exceeds lo */
	uint32_t samples;	/* both 0 until the first round's pilot */
	enum tg_status status;		/* TG_OK while it runs */
	char *reason;
	struct tg_reading *readings;	/* one a round */
	int *boots;
	size_t nr_readings;
	size_t turns;		/* rounds whose turn it was in, but for those over again */
	struct tg_counted counted[TG_EVENTS_MAX];	/* of the round under way */
	char *uncounted[TG_EVENTS_MAX];		/* why an event was not, or not whole, in a round */
	size_t skips;		/* rounds that could not measure it */
	struct tg_tally tally;	/* of fpu/scenario */
	/*
	 * Of these taken beside another thread on the core, or in another state of
	 * it (core_state.h): kept where fewer than one in TG_GOOD_SHARE of all rounds
	 * were better.
	 */
	size_t nr_poor;
};

/* What the rounds' processes found out about the clock they measured with. */
struct tg_clock {
	uint64_t step;		/* granularity of RDTSC, ticks */
	bool witness;		/* interrupts show in ring 3 */
	double canary;		/* its level (canary.h); 0: none */
	size_t left_out;		/* readings left out: a shared core, or in another state */
	struct tg_spans spans;
	struct tg_state state;	/* tg_core_state() of them */
	char core[16];		/* tg_core_type() */
};

/*
 * tg_rounds - runs all rounds, each in a fresh process, and appends readings
 * to the tracks. Returns an exit code; err holds one line unless it is 0.
 */
int tg_rounds(const struct tg_options *o, struct tg_track *t, size_t n, const int *cpus,
	      int nr_cpus, struct tg_clock *clock, char *err, size_t errlen);

/* Reads the options of `tollgate run`; bad ones end the program, as argp's do. */
void tg_run_options(int argc, char **argv, struct tg_options *o);

/* The hidden command a round runs in: see round.c. */
int tg_cmd_round(int argc, char **argv);

/* Fills env of the running machine; cpu is the one pinned to. */
void tg_sysinfo(struct tg_environment *env, int cpu);

/* Runs lane user or host here; the report is the caller's to free. */
int tg_run_here(const struct tg_options *o, struct tg_report **out, char *err, size_t errlen);

/* Runs lane vm: boots a kernel and brings its report back. */
int tg_run_vm(const struct tg_options *o, struct tg_report **out, char *err, size_t errlen);

/*
 * Progress on standard error, on a terminal alone: what, n of m, time left.
 * tg_progress_count: without the time left, where m grows. tg_progress_end wipes
 * the line.
 */
void tg_progress(const char *what, size_t n, size_t m);
void tg_progress_count(const char *what, size_t n, size_t m);
void tg_progress_end(void);

#endif
