/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of claims.def. Pure functions of numbers. Inside claims alone. */
#ifndef TOLLGATE_CLAIMS_RULES_H
#define TOLLGATE_CLAIMS_RULES_H

#include "claims.h"

/* One input's share in a rule. Inputs of one name are one and the same quantity. */
struct tg_share {
	const char *name;
	double times;
	bool under;		/* RATIO: below the line */
	double value, error;	/* half-width of the 95 % interval */
	bool floor;		/* of a SUM: no share, see tg_floor() */
};

/* What a rule makes of them. */
struct tg_outcome {
	enum tg_result result;	/* TG_YES, TG_NO, TG_OPEN; without bounds TG_TOLD or TG_OPEN */
	double value;
	double low, high;	/* its 95 % interval; NaN where there is none */
};

/*
 * tg_within - whether a value keeps the bounds: TG_YES where all of value +-
 * error does, TG_NO where none of it does, else TG_OPEN; TG_OPEN too where
 * either is not finite.
 */
enum tg_result tg_within(double value, double error, const struct tg_bounds *b);

/*
 * tg_floor - the largest of the floors among the shares, and in *at where it begins (nr:
 * there is none). A floor is a value and its error, whatever its sign; or by how much
 * two differ, where the second, right behind the first, has a factor below 0.
 */
double tg_floor(const struct tg_share *s, size_t nr, size_t *at);
static inline bool tg_floor_has_two(const struct tg_share *s, size_t nr, size_t at)
{
	return at + 1 < nr && s[at + 1].floor && s[at + 1].times < 0;
}

/*
 * tg_rule_sum - the sum of value times factor. Errors of different names are
 * independent and add in squares; of one name the factors are added first, so
 * that what is common to two shares falls out. tg_floor() is added to that. Without
 * bounds: TG_TOLD where the sum is not smaller than its error.
 */
struct tg_outcome tg_rule_sum(const struct tg_share *s, size_t nr, const struct tg_bounds *b);

/*
 * tg_rule_ratio - the sum of what is above the line over that below it.
 *
 * Whether it keeps a bound t is whether N - t D is of the right sign, a sum as
 * above: exact for any error of D, and for quantities on both sides of the line
 * (Fieller, Supplement to JRSS 7, 1940). The interval is that of all t that
 * cannot be told from the ratio; there is none, and the result is TG_OPEN, where
 * D is not positive beyond its error.
 */
struct tg_outcome tg_rule_ratio(const struct tg_share *s, size_t nr, const struct tg_bounds *b);

/*
 * tg_rule_add_up - a sum as above, of a whole, the first share, and its parts
 * with negative factors: TG_YES where it is at most max(b->most, 2 % of the whole)
 * from 0, TG_NO where it is more, TG_OPEN where the error straddles that or is
 * itself more than b->most.
 */
struct tg_outcome tg_rule_add_up(const struct tg_share *s, size_t nr, const struct tg_bounds *b);
#define TG_ADD_UP_SHARE 0.02

#endif
