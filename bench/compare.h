/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two configurations against each other, each one report or several. Pure
 * functions of reports. The method: README, "Comparing".
 */
#ifndef TOLLGATE_COMPARE_H
#define TOLLGATE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report.h"

/* So many boots on either side make the boot the sample; below, it is the round. */
#define TG_BOOTS_TO_TEST 5

/* A row is significant where its adjusted p-value is below this. */
#define TG_ALPHA 0.05

/*
 * What no change may be smaller than, as a share of A's value: over 40 runs of
 * one thing (tests/compare-aa.sh) 95 % of differences between two runs are below
 * 0.3 % for the steadiest bodies and below 1 % for most. With the boot as the
 * sample single boots are outvoted.
 */
#define TG_FLOOR_ROUNDS 0.0125
#define TG_FLOOR_BOOTS	0.005
/* The same in cycles or ticks, for bodies of less than a few: NOP's 0.15 moves by 0.014. */
#define TG_FLOOR_UNIT	0.02

/*
 * The same where a side's row was disturbed for the most part: by another thread
 * on the core (what throughput binds is slower by up to a quarter), or by changing
 * states; with the boot as the sample in
 * most of its reports; and for what is not a mere instruction where the sides'
 * cores were in different states (core_state.h; up to 4 %).
 */
#define TG_FLOOR_DISTURBED	0.25
#define TG_FLOOR_STATES		0.04

/*
 * The rounds of one run visit several states of the machine (a busy neighbour,
 * another kernel stack), and a whole run may stay in one of them; so with the
 * round as the sample a change must exceed what the rounds of either run reach
 * over, from this quantile to that. Rounds above are disturbed, not states.
 */
#define TG_REACH_LOW	0.05
#define TG_REACH_HIGH	0.75

/*
 * Rows that most likely have not changed show how far apart the two runs'
 * machines are: twice the upper quartile of the relative changes of at least so
 * many others, but at most the cap, so that a kernel that changes them all still
 * shows what changes more.
 */
#define TG_KIN_LEAST	8
#define TG_KIN_QUANTILE 0.75
#define TG_KIN_FACTOR	2.0
#define TG_KIN_CAP	0.05

/* One configuration: its reports, not owned, and what to call it. */
struct tg_side {
	const struct tg_report *const *reports;
	size_t nr;
	const char *name;
};

/* What a comparison of unlike reports may be allowed across, by --across KEY. */
enum tg_key { TG_KEY_SCHEMA, TG_KEY_UNIT, TG_KEY_LANE, TG_KEY_CPU, TG_KEY_MICROCODE,
	      TG_KEY_KERNEL, TG_KEY_APPEND, TG_KEY_QEMU_CPU, TG_KEY_MITIGATIONS, TG_KEY_TOPOLOGY,
	      TG_NR_KEYS };
extern const char *const tg_key_names[TG_NR_KEYS];

/*
 * tg_unlike - the first key, in order, in which b differs from a and which is
 * not in across (bits 1 << tg_key); -1 if there is none. Then why holds one line
 * with the key and both values, no longer than len.
 */
int tg_unlike(const struct tg_report *a, const struct tg_report *b, unsigned int across,
	      char *why, size_t len);

enum tg_verdict {
	TG_SAME,	/* no change that counts */
	TG_FASTER,
	TG_SLOWER,
	TG_EQUAL,	/* insns: the very same */
	TG_FEWER,
	TG_MORE,
	TG_UNEVEN,	/* insns: one side's reports disagree among themselves */
	TG_NR_VERDICTS,
};
/* "~" "faster" "slower" "=" "fewer" "more" "uneven" */
extern const char *const tg_verdict_names[TG_NR_VERDICTS];

struct tg_change {
	const char *name;	/* belongs to a report */
	enum tg_unit unit;
	double a, b;		/* the figure; by boots: its median over boots */
	double change;		/* median change (Hodges-Lehmann), in unit; insns: b - a */
	double low, high;	/* its 95 % interval; NaN where there is none */
	double p;		/* adjusted for all rows; NaN for insns */
	double yardstick;	/* what a change must exceed, in unit; NaN for insns */
	bool by_boots;		/* a boot was the sample, not a round */
	bool disturbed;		/* a side was: tg_is_disturbed() */
	bool quick;		/* either side has too few rounds for claims */
	enum tg_verdict verdict;
};

/* A row that one side lacks, or both. */
struct tg_absent {
	const char *name;
	size_t side;		/* 0: A, 1: B */
	size_t report;		/* which of the side's */
	bool missing;		/* not in the report at all; else status and reason tell */
	enum tg_status status;
	const char *reason;
	bool both;		/* the other side lacks it too, for the same reason */
};

/* The same report of a side, and the same status and reason. */
bool tg_absent_alike(const struct tg_absent *a, const struct tg_absent *b);

struct tg_comparison {
	const struct tg_side *a, *b;
	struct tg_change *rows;
	size_t nr_rows;
	struct tg_absent *absent;
	size_t nr_absent;
	size_t boots[2];	/* of each side, as most rows have them */
	size_t rounds[2];	/* of each boot, likewise */
	double state[2];	/* of each side's core, tg_side_state() */
	size_t disturbed;	/* rows that were */
	size_t without_kin;	/* rows whose yardstick no other rows could inform */
};

/*
 * tg_compare - matches rows by name, in A's order, then what B adds. Rows of
 * different units (--across unit) are not compared: they are absent from B with
 * no reason and status TG_OK. NULL when memory is short.
 */
struct tg_comparison *tg_compare(const struct tg_side *a, const struct tg_side *b);
void tg_comparison_free(struct tg_comparison *c);

/* Whether the two sides' cores were in different states. */
bool tg_states_differ(const struct tg_comparison *c);

/* The change as a share of A's value; NaN where A's value is 0 or below its floor. */
double tg_relative(const struct tg_change *c);

/* How many rows became slower (insns: more) by more than this share of A's value. */
size_t tg_slower_than(const struct tg_comparison *c, double share);

/*
 * tg_compare_text - the comparison for a mail: ASCII, at most 75 columns; or a
 * Markdown table. 0 or -errno.
 */
int tg_compare_text(const struct tg_comparison *c, bool markdown, FILE *out);

#endif
