/* SPDX-License-Identifier: GPL-2.0 */
/* What `tollgate model` searches, and what it must find. */
#ifndef TOLLGATE_MODEL_RUNS_H
#define TOLLGATE_MODEL_RUNS_H

#include "model_posted.h"
#include "report.h"

/* TGM_SPARED: a guard out of a strategy that does not need it */
enum tgm_kind { TGM_OURS, TGM_POSTED, TGM_SPARED, TGM_MUTANT, TGM_HISTORY };

/* One search: a variant within a scope. */
struct tgm_scope {
	const char *name;
	unsigned int events;
	int tasks, cpus, depth;
};

struct tgm_run {
	char name[72];
	enum tgm_kind kind;
	enum tgf_strategy strategy;
	unsigned long long removed;	/* guards */
	bool strict;			/* see tgm_strict */
	bool planted;			/* a part of the frame from memory */
	const struct tgm_ops *ops;	/* NULL: the strategy's */
	struct tgm_posted posted;
	struct tgm_scope scope;
	/*
	 * "invariant:citation" words; NULL: none. Behind, how it goes wrong, where not by
	 * that function alone: /soft, /resched, /lost (see struct tgm_fault); a +: another
	 * task suffers
	 */
	const char *expected;
	const char *story;		/* history: what happened, and where */
};

#define TGM_MAX_RUNS	640

/* All runs, in order; *n of them. */
const struct tgm_run *tgm_runs(size_t *n);

/* Why the fault is one, and what one change cures it; NULL: not known. */
struct tgm_verdict {
	enum tgm_citation cite;
	int how;		/* TGM_OTHER, TGM_SOFT, TGM_RESCHED, TGM_LOST, TGM_KEYS */
#define TGM_KEYS	1024	/* it is TGM_PKRU that is broken */
	enum tgm_cure cure;
	const char *why, *change;
};
const struct tgm_verdict *tgm_verdict_of(const struct tgm_fault *f);

/* Sets tgm_ops and everything a run needs but tgm_bound. */
void tgm_set_up(const struct tgm_run *run);

/* "sees:CLEAR/resched+" */
void tgm_fault_name(const struct tgm_run *run, const struct tgm_fault *f, char *buf, size_t len);
/* Whether exactly the expected faults were found; what differs, else. */
bool tgm_as_expected(const struct tgm_run *run, const struct tgm_result *r, bool whole,
		     char *why, size_t len);

#endif
