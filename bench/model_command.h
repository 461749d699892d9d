/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of `tollgate model` share. */
#ifndef TOLLGATE_MODEL_COMMAND_H
#define TOLLGATE_MODEL_COMMAND_H

#include <time.h>

#include "model_runs.h"

struct tgm_options {
	bool list, traces, cures;
	int depth, tasks, cpus;
	long memory;
	const char *variants[64], *output;
	size_t nr_variants;
	struct tg_report *report;
	int planted, planted_found, historic, historic_found;
	size_t planted_states, historic_states;
	clock_t ours;		/* processor time of the searches of ours, as clock() */
	bool failed;
	int unreached, unjudged;	/* searches that ended as TGM_BOUNDED: no fault, some */
	bool partial;		/* asked for less than all, or another bound: no proof */
};

/* What a proof says; reason: of one that failed. */
struct tgm_proof {
	const char *name;
	bool passed;
	bool partial;		/* not all of it was searched: it is skipped, unless it failed */
	size_t states;
	const char *bound, *limits, *reason;
};

enum tgm_end {
	TGM_AS_EXPECTED,	/* exactly what must be found was, or none where none may be */
	TGM_UNEXPECTED,		/* not so */
	TGM_BOUNDED,		/* another bound than its own: not found, or not judged */
};

/*
 * How a search within tgm_bound ended; why says it unless it is as expected. Names of
 * faults hold for the run's own tasks and CPUs, and its own depth at most.
 */
enum tgm_end tgm_judge(const struct tgm_run *run, const struct tgm_result *r, char *why,
		       size_t len);

/* An empty report of this machine, for proofs; NULL: no memory. */
struct tg_report *tgm_new_report(void);
/* Adds a proof to o->report, if there is one. -1: no memory. */
int tgm_add_proof(struct tgm_options *o, const char *name, bool passed, size_t states,
		  const char *bound, const char *reason);
int tgm_add_any_proof(struct tgm_options *o, const struct tgm_proof *proof);
/* The proofs that one search gives, under the names that claims look for. */
int tgm_add_proofs(struct tgm_options *o, const struct tgm_run *run, const struct tgm_result *r,
		   bool passed, const char *why);
/* Whether the search found the fault of that name, whatever its mechanism. */
bool tgm_found(const struct tgm_run *run, const struct tgm_result *r, const char *name);
/* Whether --variant asks for it. */
bool tgm_is_chosen(const struct tgm_options *o, const char *name);

/*
 * The proof of frame.enough, frame_proof.h: those searches of it that are chosen, told and
 * added to the report; o->failed where one does not end as it must. An exit code.
 */
int tgm_search_frames(struct tgm_options *o, char *err, size_t errlen);

/* report.json and report.txt into o->output, which is made; an exit code. */
int tgm_save_report(struct tgm_options *o, char *err, size_t errlen);

/* A text in lines of at most 75 columns. */
void tgm_print_wrapped(const char *indent, const char *text);
void tgm_tell_fault(const struct tgm_run *run, const struct tgm_fault *f, bool traces);
/* Searches again with each cure (each) and with all; 1: cured, 0: not, -1: as tgm_search(). */
int tgm_cure_all(const struct tgm_run *run, const struct tgm_result *r, bool each, char *err,
		 size_t errlen);

#endif
