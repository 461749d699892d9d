/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The claims of claims.def against reports: verdicts. Pure functions of
 * reports. README, "Claims"; the words of the list are explained in claims.def.
 */
#ifndef TOLLGATE_CLAIMS_H
#define TOLLGATE_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report.h"

enum tg_thread {
#define THREAD(name, what, when) TG_THREAD_##name,
#include <tollgate/claims.def>
#undef THREAD
	TG_NR_THREADS
};

enum tg_claim_id {
#define CLAIM(thread, name, ...) TG_CLAIM_##thread##_##name,
#include <tollgate/claims.def>
#undef CLAIM
	TG_NR_CLAIMS
};

enum tg_by { TG_BY_RING0, TG_BY_RING3, TG_BY_REHEARSAL, TG_BY_COUNT, TG_BY_PROOF, TG_NR_BYS };
extern const char *const tg_by_names[TG_NR_BYS];	/* "ring 0" "ring 3" "rehearsal" ... */

enum tg_demand { TG_DEMAND_SILICON = 1, TG_DEMAND_GUEST = 2 };

enum tg_role { TG_ROLE_HOLDS, TG_ROLE_CHECK, TG_ROLE_TELL, TG_ROLE_COST };

enum tg_rule { TG_RULE_SUM, TG_RULE_RATIO, TG_RULE_ADD_UP, TG_RULE_TABLE, TG_RULE_PROOFS,
	       TG_RULE_COUNTED, TG_RULE_ONES };

/* From least to most; above: more than least. Infinite where there is none. */
struct tg_bounds {
	double least, most;
	bool above;
};

struct tg_input {
	double times;		/* factor */
	const char *name;	/* NULL: nothing measures this yet */
	bool under;		/* below the line of a RATIO */
	bool later;		/* its maker is yet to come */
	bool floor;		/* what the method reads where there is nothing: see FLOOR() */
};

struct tg_part {
	enum tg_role role;
	enum tg_rule rule;
	const char *kase;	/* "" where all cases share it */
	const char *what;
	const struct tg_bounds *bounds;
	const struct tg_input *inputs;
	size_t nr_inputs;
};

struct tg_way {
	enum tg_by by;
	unsigned int demands;	/* enum tg_demand bits */
	const struct tg_part *parts;
	size_t nr_parts;
};

struct tg_claim {
	const char *id;		/* "gs.user" */
	enum tg_thread thread;
	const char *text, *holds_when, *settled_by;
	const struct tg_way *ways;	/* the strongest first */
	size_t nr_ways;
};

struct tg_thread_info {
	const char *name, *what, *when;
};

extern const struct tg_claim tg_claims[TG_NR_CLAIMS];
extern const struct tg_thread_info tg_threads[TG_NR_THREADS];

/* Whether a claim is a question: no part of any way is a condition. */
bool tg_is_question(const struct tg_claim *claim);

/* Whether a part's rule has nothing to feed it yet. */
bool tg_part_is_empty(const struct tg_part *part);

/*
 * tg_claims_match - marks the claims whose ids a pattern (fnmatch) has, in
 * chosen[TG_NR_CLAIMS]. 0, or -1 with one line in err that names those with ids
 * near the pattern.
 */
int tg_claims_match(const char *pattern, bool *chosen, char *err, size_t errlen);

/* Reports of one machine and kernel, taken together: one column. Not owned. */
struct tg_column {
	const struct tg_report *const *reports;
	const char *const *names;	/* of the files, for people */
	size_t nr;
};

/*
 * tg_same_column - whether two reports are of one machine and kernel: alike but
 * for lane and unit. Else why, unless NULL, holds one line of what differs.
 */
bool tg_same_column(const struct tg_report *a, const struct tg_report *b, char *why, size_t len);

/* Whether something can be used, and what a part or a way comes to. */
enum tg_result {
	TG_YES,			/* the condition holds */
	TG_NO,
	TG_OPEN,		/* the error is too large to tell */
	TG_TOLD,		/* a figure, resolved; an input that can be used */
	TG_MISSING,		/* nobody measured it; what did is yet to come, or too short */
	TG_CANNOT,		/* this machine, or this lane, does not give it */
};

/* An input as the column has it, all reports that can be used taken together. */
struct tg_exhibit {
	const struct tg_input *input;	/* NULL for a TABLE's rows */
	char *name;
	enum tg_result state;	/* TG_TOLD, TG_MISSING or TG_CANNOT */
	char *why;		/* unless TG_TOLD */
	bool empty;		/* TG_MISSING: nothing measures or makes this yet */
	bool skipped;		/* TG_CANNOT: a report says why it was not measured */
	double value;		/* figures: cycles; counts: events; proofs: states */
	double error;		/* half-width of its 95 % interval; 0 where exact */
	size_t nr;		/* reports taken together */
	const struct tg_report *report;		/* the first of these */
	const struct tg_figure *figure;		/* of that report, or NULL: no figure */
	const struct tg_histogram *histogram;
	const struct tg_proof *proof;
	bool disturbed;		/* tg_is_disturbed(): error is at least a quarter of value */
};

/* What was found of a part. */
struct tg_finding {
	const struct tg_part *part;
	enum tg_result result;
	double value, low, high;	/* what the rule makes of its inputs; NaN: nothing */
	char *why;		/* TG_OPEN, TG_MISSING, TG_CANNOT, and TG_NO of proofs: one line */
	bool empty;		/* TG_MISSING: as of an exhibit */
	struct tg_exhibit *exhibits;
	size_t nr_exhibits;
};

/* Evidence that is there and settles nothing. */
struct tg_unused {
	char *name;
	const struct tg_report *report;
	char *why;
};

enum tg_answer {
	TG_HOLDS,
	TG_HOLDS_NOT,
	TG_DEPENDS,
	TG_ANSWERED,
	TG_NOT_RESOLVED,
	TG_CANNOT_HERE,
	TG_NOT_YET,
	TG_NR_ANSWERS
};
extern const char *const tg_answer_names[TG_NR_ANSWERS];	/* "holds" "does not hold" ... */

/* What one way comes to. */
struct tg_judgement {
	const struct tg_way *way;
	enum tg_answer answer;
	char *why;		/* the condition of "depends", or why there is no verdict */
	bool empty;		/* TG_NOT_YET: nothing measures this yet, wherever it is run */
	struct tg_finding *findings;	/* one a part */
	size_t nr_findings;
};

struct tg_ruling {
	const struct tg_claim *claim;
	struct tg_judgement *ways;	/* one a way */
	size_t nr_ways;
	const struct tg_judgement *by;	/* the one that counts */
	struct tg_unused *unused;
	size_t nr_unused;
};

/*
 * tg_judge - one claim against one column. The strongest way whose inputs are
 * all there decides, whatever weaker ones say; where none is, one that more
 * measuring can settle goes before one that this machine cannot. NULL when
 * memory is short.
 */
struct tg_ruling *tg_judge(const struct tg_claim *claim, const struct tg_column *column);
void tg_ruling_free(struct tg_ruling *v);

/* Several columns and the claims chosen of them. */
struct tg_ledger {
	const struct tg_column *columns;
	size_t nr_columns;
	const struct tg_claim *const *claims;
	size_t nr_claims;
	struct tg_ruling *const *rulings;	/* claim after claim, a column each */
};

static inline const struct tg_ruling *tg_ruling_at(const struct tg_ledger *l, size_t claim,
						     size_t column)
{
	return l->rulings[claim * l->nr_columns + column];
}

/*
 * Each writes a ledger: text of at most TG_COLUMNS columns in ASCII, Markdown,
 * JSON (results/claims.schema.json), and all there is to say of its claims. 0,
 * or -errno.
 */
int tg_claims_text(const struct tg_ledger *l, FILE *out);
int tg_claims_explain(const struct tg_ledger *l, FILE *out);
int tg_claims_markdown(const struct tg_ledger *l, FILE *out);
int tg_claims_json(const struct tg_ledger *l, FILE *out);

#endif
