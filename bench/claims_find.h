/* SPDX-License-Identifier: GPL-2.0 */
/* One part of a claim against a column, and how numbers are told. Inside claims alone. */
#ifndef TOLLGATE_CLAIMS_FIND_H
#define TOLLGATE_CLAIMS_FIND_H

#include "claims.h"

/* tg_find - what the column has for a part. 0, or -1 when memory is short. */
int tg_find(const struct tg_column *c, const struct tg_way *way, const struct tg_part *part,
	    struct tg_finding *f);
void tg_finding_free(struct tg_finding *f);

/* Which of two results of parts that must all hold decides: the worse. empty: as of findings. */
bool tg_is_worse(enum tg_result a, bool a_empty, enum tg_result b, bool b_empty);

/* What a cell of text takes. */
#define TG_CELL 96

/* A value with as many decimals as show two digits of its error; at most four. */
void tg_put_value(char *cell, double value, double error);

/* "16.01x (15.98..16.04)", "14.21 (14.18..14.24)": with its 95 % interval, where it has one. */
void tg_put_finding(char *cell, const struct tg_finding *f);

/*
 * " with a floor of 4.1 (fpu/scenario:enter:dirty@r3)": what the inputs marked FLOOR() add to
 * its error, and which; "" where none do. malloc()ed; NULL when memory is short.
 */
char *tg_say_floor(const struct tg_finding *f);

/* ">=5", "<=0.5", "5 to 20", one word where a line could break; "" without bounds. */
void tg_put_bounds(char *cell, const struct tg_bounds *b);

#endif
