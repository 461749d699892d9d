/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A report: what one run measured, of one lane on one kernel. In memory, as
 * JSON (results/schema.json describes it) and as text for a mail.
 */
#ifndef TOLLGATE_REPORT_H
#define TOLLGATE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Version of the report format. A newer one is refused by name. */
#define TG_SCHEMA 1

/* Fewer rounds than this mark a report "quick"; claims does not use those. */
#define TG_FULL_ROUNDS 12

enum tg_unit { TG_UNIT_CYCLES, TG_UNIT_TSC, TG_UNIT_INSNS, TG_NR_UNITS };
enum tg_lane { TG_LANE_USER, TG_LANE_HOST, TG_LANE_VM, TG_NR_LANES };
enum tg_status {
	TG_OK,
	TG_NOT_RESOLVABLE,	/* |value| < error */
	TG_SKIPPED,		/* this CPU or kernel lacks what it needs */
	TG_REFUSED,		/* privilege, lockdown, safety */
	TG_FAILED,		/* it should have run and did not */
	TG_NR_STATUS,
};
extern const char *const tg_unit_names[TG_NR_UNITS];	 /* "cycles" "tsc" "insns" */
extern const char *const tg_lane_names[TG_NR_LANES];	 /* "user" "host" "vm" */
extern const char *const tg_status_names[TG_NR_STATUS];
	/* "ok" "not-resolvable" "skipped" "refused" "failed" */

struct tg_round {
	int boot;		/* 0 .. boots-1 */
	double value, median;	/* in the figure's unit, per body */
};

/* What a counter counted of a figure's body: `run -e`. */
struct tg_event_figure {
	char *name;		/* the event, as it was asked for */
	double value, error;	/* per body, in the modes asked for; NaN: not counted */
	double user, kernel;	/* of value; NaN: not told apart, or not counted */
	char *reason;		/* why it, or a mode, was not counted; else NULL */
};

struct tg_figure {
	char *name;		/* full name with ring: irq/cli@r0 */
	char *method;		/* SLOPE REARM PAIR SHOT STEPS LOOP EVENT */
	enum tg_unit unit;
	double value, error;	/* NaN when nothing was measured (JSON null) */
	double ns;		/* NaN (JSON null) where time has no meaning */
	struct tg_round *rounds;
	size_t nr_rounds;
	long samples;		/* kept, in all rounds, per sequence; counts: at most 2^53 */
	long discarded;		/* thrown away because something interrupted */
	long disturbed;		/* rounds kept for want of better: see run.h */
	char **left_out;	/* rehearsals: instructions left out */
	size_t nr_left_out;
	struct tg_event_figure *events;
	size_t nr_events;
	bool exits;		/* a hypervisor traps this body */
	bool quick;		/* fewer than TG_FULL_ROUNDS rounds, unit not insns */
	enum tg_status status;
	char *reason;		/* NULL unless skipped, refused or failed */
};

/* Whether most of a figure's rounds were disturbed. */
static inline bool tg_is_disturbed(const struct tg_figure *f)
{
	return f->disturbed * 2 > (long)f->nr_rounds;
}

struct tg_pair {		/* one mitigation: file name and text */
	char *key, *value;
};

struct tg_environment {
	char *date;		/* UTC, 2026-01-31T12:00:00Z */
	char *cpu;		/* model name */
	char *vendor;
	int family, model, stepping;
	char *core_type;	/* of the CPU pinned to: core, atom (hybrid CPUs), one kind */
	char *microcode;	/* 0x... or "unknown" */
	char *kernel;		/* release */
	char *kernel_build;	/* version: #1 SMP ... */
	char *cmdline;		/* without what only locates or names a machine */
	struct tg_pair *mitigations;
	size_t nr_mitigations;
	char *hypervisor;	/* CPUID signature or "none" */
	int cpus;		/* online */
	int cpu_pinned;		/* the CPU measured on */
	int cpu_second;		/* rounds in turn on this one too; -1: on one alone */
	int nodes;		/* online; 0: not known */
	/*
	 * Of the CPU measured on, of what was measured there, and the one that
	 * mem=remote meant: -1 where there is none or it is not known. Distances from
	 * the first, as ACPI's SLIT has them: 10 to itself, 0 not known.
	 */
	int cpu_node, mem_node, remote_node;
	int mem_distance, remote_distance;
	char *governor;		/* cpufreq governor or "none" */
	char *smt;		/* on, off, forceoff, notsupported, notimplemented, unknown */
	double tsc_mhz;
	char *qemu;		/* QEMU's version or NULL */
	char *qemu_cpu;		/* -cpu or NULL */
	char *accel;		/* "tcg,icount" "tcg" "kvm" or NULL */
	char *append;		/* words the user added to the guest's command line, or NULL */
	char *counters;		/* what there is to count with, or why not; NULL: an old report */
	char *kvm;		/* what vm/kvm-probe.sh said, if it was asked, or NULL */
};

struct tg_calibration {
	enum tg_unit unit;	/* what figures of this report are in */
	double cycles_per_tick;	/* core cycles per TSC tick; NaN unless unit is cycles */
	double error;		/* half-width, same unit; NaN where unknown */
	double imul, add;	/* ticks per dependent imul r32 / add r,r */
	double canary;		/* ticks per NOP */
	double bracket;		/* ticks of the empty bracket (p5) */
	/* cycles of an FXRSTOR and an ARCH_GET_GS in the core's state (core_state.h); NaN: none */
	double state, entry;
	long left_out;		/* readings of a shared core or of another state */
	long tsc_step;		/* granularity of RDTSC, ticks */
	char *counter;		/* event that core cycles come from; NULL: the chains */
	bool witness;		/* interrupts show in ring 3; else discarded counts none there */
	char *note;		/* why the unit is what it is; one line */
};

struct tg_plan_info {		/* what was asked for */
	int boots, rounds;
	long samples;		/* per round and sequence */
	char *tier;		/* "core" "full" "patterns" */
	char *quiet;		/* ring 0: tpr, cli or none; NULL in lane user */
};

/*
 * What a run counted or proved. Names are the ids of the claims they feed, with
 * a word behind a slash where a claim takes several: ctx.hole, ctx.hole/control.
 */
struct tg_count {
	char *name;		/* unique among counts */
	double value;		/* whole, at most 2^53; NaN (JSON null): not counted */
	char *reason;		/* why not; NULL where it was counted */
};

struct tg_bin {
	double value;		/* what was seen, in what the name says */
	long count;		/* how often; at most 2^53 */
};

struct tg_histogram {
	char *name;		/* unique among histograms */
	char *reason;		/* why there are no bins; NULL where it was taken */
	struct tg_bin *bins;
	size_t nr_bins;
};

enum tg_proof_result { TG_PROOF_PASSED, TG_PROOF_FAILED, TG_PROOF_SKIPPED, TG_NR_PROOF_RESULTS };
extern const char *const tg_proof_names[TG_NR_PROOF_RESULTS];	/* "passed" "failed" "skipped" */

struct tg_proof {
	char *name;		/* unique among proofs */
	enum tg_proof_result result;	/* passed: what it set out to show is shown */
	char *bound;		/* how far was searched: "depth 40"; may be "" */
	long states;		/* that the search visited; at most 2^53 */
	char *limits;		/* what is outside of the model; may be "" */
	char *reason;		/* failed: the counterexample; skipped: why; else NULL */
};

struct tg_report {
	int schema;
	char *tollgate;		/* version that wrote it */
	enum tg_lane lane;
	struct tg_environment env;
	struct tg_calibration cal;
	struct tg_plan_info plan;
	struct tg_figure *figures;
	size_t nr_figures;
	struct tg_count *counts;
	size_t nr_counts;
	struct tg_histogram *histograms;
	size_t nr_histograms;
	struct tg_proof *proofs;
	size_t nr_proofs;
};

struct tg_report *tg_report_new(void);	/* all fields empty, schema TG_SCHEMA */
void tg_report_free(struct tg_report *r);

/*
 * Appends an empty figure (status TG_FAILED, value NaN); NULL when memory is
 * short. The pointer is good until the next call: figures move as they grow.
 * Every string and array of a report is malloc()ed and belongs to it.
 */
struct tg_figure *tg_report_add(struct tg_report *r);
const struct tg_figure *tg_report_find(const struct tg_report *r, const char *name);

/*
 * tg_report_load - reads and fully validates a report.
 *
 * On failure NULL, and err holds one line naming the file, the place and what
 * is allowed: unreadable, truncated, not JSON, not a Tollgate report (foreign),
 * of a newer schema, a missing or wrong-typed field, a duplicate figure name.
 * Unknown extra keys are accepted (older readers, newer minor fields).
 *
 * errno tells a caller which exit code fits: EBADMSG for any fault of the
 * contents (TG_EXIT_INPUT), else what open, read or malloc said (TG_EXIT_IO).
 */
struct tg_report *tg_report_load(const char *path, char *err, size_t errlen);
/* The same from memory; name is used in messages. */
struct tg_report *tg_report_parse(const char *buf, size_t len, const char *name,
				  char *err, size_t errlen);

/*
 * tg_report_dump - the JSON text, malloc()ed, *len bytes and a final newline.
 *
 * What the reader would refuse is not written: NULL with errno EINVAL and err
 * naming the field (a NULL string that is not optional, a round's p5 of NaN).
 * NaN becomes null. Numbers keep 10 significant digits, far below any error;
 * so a loaded report dumps to the same bytes. A string that is not UTF-8 (a
 * command line may hold any byte) gets '?' for every byte beyond ASCII.
 */
char *tg_report_dump(const struct tg_report *r, size_t *len, char *err, size_t errlen);

/*
 * tg_report_save - writes JSON aside (path + ".tmp.<pid>"), fsyncs and renames,
 * so that path is either the old file or the whole new one. 0, or -errno with
 * err filled and nothing left behind. A symbolic link is followed; anything
 * but a regular file is refused, since a rename would replace a device node.
 * The caller ignores SIGXFSZ if a file size limit is to be an error.
 */
int tg_report_save(const struct tg_report *r, const char *path, char *err, size_t errlen);

/*
 * tg_report_text - the text report: pure ASCII, no line longer than 75 columns.
 *
 * Names and reasons are wrapped, never cut; the one line of mitigations and
 * the kernel's command line are cut and say so. 0 or -errno (short write).
 */
int tg_report_text(const struct tg_report *r, FILE *out);
/* As tg_report_save(), for the text. */
int tg_report_save_text(const struct tg_report *r, const char *path, char *err, size_t errlen);

#endif
