/* SPDX-License-Identifier: GPL-2.0 */
/* Claims fed with figures made to measure, for the tests of claims. */
#ifndef TOLLGATE_CLAIMS_LAB_H
#define TOLLGATE_CLAIMS_LAB_H

#include "claims.h"

/* Rounds of a made figure, and its error where nothing else is said. */
#define LAB_ROUNDS	20
#define LAB_ERROR	1e-6

/*
 * A claim reduced to one of its ways, every part of which has inputs: those of the
 * list, or made-up names where nothing measures it yet; none is marked later. Floors
 * have made-up names too, of lab_open(), for they are inputs of other parts.
 */
struct lab {
	struct tg_claim claim;
	struct tg_way way;
	struct tg_report *report;
};

void lab_open(struct lab *l, const struct tg_claim *claim, size_t way);
void lab_close(struct lab *l);

/* The figure of this name; made of 100 cycles where there is none. */
struct tg_figure *lab_figure(struct tg_report *r, const char *name);
void lab_set(struct tg_report *r, const char *name, double value, double error);
void lab_drop(struct tg_report *r, const char *name);	/* a figure, count, histogram or proof */

/*
 * Gives the first input of a part such a value that the part's rule makes target
 * of it; the other inputs stay as they are. Proofs, histograms and counters: target
 * 1 is good, 0 is bad. error: of that first input.
 */
void lab_aim(struct lab *l, size_t part, double target, double error);

/* A target well within a part's bounds, or out of them. */
double lab_good(const struct tg_part *part);
double lab_bad(const struct tg_part *part);

/* All parts good, last to first, as claims.def says of first inputs. */
void lab_all_good(struct lab *l);

/* The verdict, for tg_ruling_free(). One in some is also written, in every format. */
struct tg_ruling *lab_judge(const struct tg_claim *claim, const struct tg_report *const *reports,
			    size_t nr);

/* The verdict alone, of the lab's one report. */
enum tg_answer lab_answer(const struct lab *l);

/* A row by its id; what must become of it; what its ruling must say. */
void lab_row(struct lab *l, enum tg_claim_id id, size_t way);
void lab_expect(const struct lab *l, enum tg_answer answer);
struct tg_ruling *lab_ruling(const struct lab *l);
void lab_says(const char *text, const char *part);

bool lab_is_numeric(const struct tg_part *part);	/* SUM, RATIO, ADD_UP */
/* Whether conditions have cases but for this one, so that they may disagree. */
bool lab_has_cases(const struct lab *l, const char *not_this);
bool lab_is_question(const struct lab *l);
bool lab_is_settled(enum tg_answer answer);

#endif
