/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What can be measured here, and how well: facts, gathered (doctor_facts.c,
 * doctor_trial.c), and what follows from them (doctor.c, doctor_findings.c), which
 * is a pure function.
 */
#ifndef TOLLGATE_DOCTOR_H
#define TOLLGATE_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "host_facts.h"
#include "report.h"

/* Version of the JSON that tg_doctor_dump() writes: results/doctor.schema.json. */
#define TG_DOCTOR_SCHEMA	1

/* A chain of four IMULs, each waiting for the one before: so many core cycles. */
#define TG_KNOWN_BODY		"insn/imul_x4@r3"
#define TG_KNOWN_CYCLES		12.0

/* What a guest of vm/boot.sh takes, QEMU included, MiB. */
#define TG_GUEST_MIB	700

/*
 * Everything that the findings follow from. Strings are malloc()ed when gathered,
 * NULL is not known or not there, as each says; doubles are NaN where unknown.
 */
struct tg_facts {
	/* the machine */
	char *cpu, *kernel;
	char *cmdline;			/* as in a report */
	int cpus, cpu_pinned;
	char *core_type;		/* "one kind" "core" "atom" */
	char *hypervisor;		/* CPUID signature or "none" */
	char *xen;			/* /sys/hypervisor/guest_type: PV PVH HVM; NULL: no Xen */
	bool pti, fred;			/* in use, as the flags of /proc/cpuinfo say */
	bool fred_cpu;			/* the CPU could */
	enum tg_known amx;		/* tiles may be used; unknown: the kernel refuses them */
	char *mitigations;		/* in a line, as in a report */
	int rows, rows_here;		/* points of ring 3: all, and those that can run */
	char *lacking;			/* what the others lack; NULL: nothing */

	/* the clock and the counters */
	bool rdtscp, tsc_invariant;
	double tsc_mhz;
	long tsc_step;			/* ticks */
	char *clocksource;		/* the kernel's; NULL: unknown */
	bool counters;			/* core cycles can be counted */
	char *counter_line;		/* what is there, or why not */

	/* a short run of known bodies */
	char *trial_fault;		/* NULL, or why it failed */
	enum tg_unit unit;
	double cycles_per_tick;
	char *note;			/* of the calibration */
	double known;			/* what TG_KNOWN_BODY came out as */
	double error;			/* of a null system call, percent of it; NaN: none */
	long readings, left_out;	/* left_out: beside a busy thread, or in another state */
	double state, entry;		/* of the core (core_state.h), cycles; NaN: none */
	bool witness;			/* interrupts show in ring 3 */

	/* what moves the clock, and who shares the core */
	char *driver, *governor;	/* cpufreq; NULL: none */
	enum tg_known turbo;
	char *smt;			/* as in a report */
	char *siblings;			/* of the CPU measured on, a list; NULL: unknown */
	char *isolated, *nohz_full;	/* lists, "" for none */

	/* lane host */
	struct tg_host_facts host;
	char *module_refused;		/* module loaded: why it runs nothing; NULL: it does */
	char *built;			/* kernel that tollgate.ko of the tree is for; NULL: none */
	char *host_missing;		/* packages; "" none, NULL: unknown */

	/* lane vm */
	bool home;			/* vm/ is there */
	char *qemu;			/* version; NULL: not there */
	char *vm_missing;		/* packages; "" none, NULL: unknown */
	char *vm_kernel;		/* fetched already; NULL: not yet */
	bool apt;			/* it can be */
	char *kvm;			/* a word and why, see tg_kvm_is(); NULL: not probed */
	long memory;			/* MiB available; -1: unknown */
};

/* How much a finding matters. */
enum tg_level {
	TG_FINE,	/* nothing to do */
	TG_NOTE,	/* changes how figures are to be read */
	TG_WARN,	/* costs accuracy, or some figures */
	TG_STOP,	/* closes a lane */
	TG_NR_LEVELS
};
extern const char *const tg_level_names[TG_NR_LEVELS];	/* "ok" "note" "warn" "stop" */

#define TG_LANE_BIT(lane)	(1u << TG_LANE_##lane)
#define TG_ALL_LANES		(TG_LANE_BIT(USER) | TG_LANE_BIT(HOST) | TG_LANE_BIT(VM))

struct tg_finding {
	const char *topic;
	unsigned int lanes;	/* TG_LANE_BIT()s it is about */
	enum tg_level level;
	char fact[256];
	char means[80];		/* for the figures; a line of text */
	char todo[80];		/* a line; "nothing" */
};

struct tg_verdict {
	bool usable;
	enum tg_unit unit;
	double error;		/* percent of a null system call; NaN: none, or not known */
	char text[512];		/* "yes, ..." or "no: ..." */
};

/* Columns that means and todo have: with what stands before them, a line has 75. */
#define TG_DOCTOR_LINE	62

#define TG_FINDINGS_MAX	40

struct tg_diagnosis {
	struct tg_verdict lane[TG_NR_LANES];
	struct tg_finding finding[TG_FINDINGS_MAX];
	size_t nr;
};

/*
 * tg_facts_trial - a short run of lane user on this CPU (-1: any), into the zeroed
 * facts, with what a report says of the machine. TG_EXIT_OK, and trial_fault holds
 * what was wrong; but for bad input and an interrupt: their exit codes, with err.
 *
 * tg_facts_gather - the rest of them. The trial comes first. Neither changes
 * anything: no file, no setting, no process is left.
 */
int tg_facts_trial(struct tg_facts *f, int cpu, char *err, size_t errlen);
void tg_facts_gather(struct tg_facts *f);
void tg_facts_free(struct tg_facts *f);

/* tg_diagnose - what follows from the facts. Pure; cannot fail. */
void tg_diagnose(const struct tg_facts *f, struct tg_diagnosis *d);

/* The findings alone; d is otherwise left as it is. */
void tg_doctor_find(const struct tg_facts *f, struct tg_diagnosis *d);

/* TG_EXIT_OK if a lane is usable, else TG_EXIT_NOTHING. */
int tg_doctor_exit(const struct tg_diagnosis *d);

/* Whether a list of CPUs as the kernel prints them ("0-3,8") holds a CPU. NULL: no. */
bool tg_in_cpu_list(const char *list, int cpu);

/* Whether the line about KVM begins with this word: native emulated absent denied slow. */
bool tg_kvm_is(const struct tg_facts *f, const char *word);

/* tg_doctor_text - verdicts, then findings: ASCII, at most 80 columns. 0 or -errno. */
int tg_doctor_text(const struct tg_diagnosis *d, FILE *out);

/*
 * tg_doctor_dump - the JSON text, malloc()ed, with a final newline; NULL when
 * memory is short.
 */
char *tg_doctor_dump(const struct tg_facts *f, const struct tg_diagnosis *d);

#endif
