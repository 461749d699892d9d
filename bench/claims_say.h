/* SPDX-License-Identifier: GPL-2.0 */
/* Words that text, Markdown and JSON of claims share. Inside claims alone. */
#ifndef TOLLGATE_CLAIMS_SAY_H
#define TOLLGATE_CLAIMS_SAY_H

#include "claims.h"
#include "claims_find.h"

/* "A" ... "Z", then numbers: what a column is called. TG_CELL bytes. */
void tg_put_letter(char *cell, size_t column);

/* "holds", "holds in rehearsal"; brief: in at most 14 columns. */
const char *tg_say_answer(const struct tg_ruling *r, bool brief);

/* Whether there is a verdict, of a kind that figures stand behind. */
bool tg_is_settled(const struct tg_ruling *r);

/* What a result is called: "holds", "does not hold", "answered" ... */
const char *tg_say_result(const struct tg_finding *f);

/*
 * Each returns malloc()ed text of any characters the report holds, NULL when memory
 * is short.
 *
 * tg_say_machine - CPU, microcode, hypervisor and kernel of a column
 * tg_say_report - lane, unit, date and name of one of its reports
 * tg_say_exhibit - an input as it was found: its figure with unit, error, lane,
 *	rounds x samples, or why there is none
 * tg_say_finding - what came of a part, with its bounds
 * tg_say_sum - the arithmetic of a part, in the values of its inputs; "" where
 *	there is none
 * tg_say_left_out - what the figures of a ruling in rehearsal leave out, "nothing" or a
 *	list
 * tg_say_settle - what to run to settle the way
 */
char *tg_say_machine(const struct tg_report *r);
char *tg_say_report(const struct tg_column *c, size_t i);
char *tg_say_exhibit(const struct tg_exhibit *e);
char *tg_say_finding(const struct tg_finding *f);
char *tg_say_sum(const struct tg_finding *f);
char *tg_say_left_out(const struct tg_judgement *j);
char *tg_say_settle(const struct tg_way *way);

/* Whether this exhibit's name has not come up in an earlier one of the judgement. */
bool tg_is_first_exhibit(const struct tg_judgement *j, size_t finding, size_t exhibit);

/* Writes what a stream in memory holds to out and frees it. 0 or -errno; rc passes through. */
int tg_flush_text(int rc, char *text, size_t len, FILE *out);

#endif
