/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of claims.def: see claims_rules.h. */
#include <math.h>
#include <string.h>

#include "claims_rules.h"

enum tg_result tg_within(double value, double error, const struct tg_bounds *b)
{
	double low = value - error, high = value + error;

	if (!isfinite(low) || !isfinite(high))
		return TG_OPEN;
	if (high < b->least || (b->above && high <= b->least) || low > b->most)
		return TG_NO;
	if (low < b->least || (b->above && low <= b->least) || high > b->most)
		return TG_OPEN;
	return TG_YES;
}

static bool has_bounds(const struct tg_bounds *b)
{
	return isfinite(b->least) || isfinite(b->most);
}

/* How often a share counts in the sum of N() - t D(). */
static double weight(const struct tg_share *s, double t)
{
	return s->under ? -t * s->times : s->times;
}

static bool is_first(const struct tg_share *s, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!s[i].floor && !strcmp(s[i].name, s[at].name))
			return false;
	return true;
}

double tg_floor(const struct tg_share *s, size_t nr, size_t *at)
{
	double most = 0;

	*at = nr;
	for (size_t i = 0; i < nr; i++) {
		double value = s[i].times * s[i].value, error = fabs(s[i].times) * s[i].error;

		if (!s[i].floor)
			continue;
		if (tg_floor_has_two(s, nr, i)) {
			value += s[i + 1].times * s[i + 1].value;
			error = hypot(error, s[i + 1].times * s[i + 1].error);
		}
		value = fabs(value) + error;
		if (*at == nr || value > most || isnan(value)) {
			most = value;
			*at = i;
		}
		i += tg_floor_has_two(s, nr, i);
	}
	return most;
}

/* N - t D and its error; without shares below the line t does not matter. */
static double sum_of(const struct tg_share *s, size_t nr, double t, double *error)
{
	double sum = 0, squares = 0;
	size_t at;

	for (size_t i = 0; i < nr; i++) {
		double times = 0;

		if (s[i].floor)
			continue;
		sum += weight(&s[i], t) * s[i].value;
		if (!is_first(s, i))
			continue;
		for (size_t k = i; k < nr; k++)
			if (!s[k].floor && !strcmp(s[k].name, s[i].name))
				times += weight(&s[k], t);
		squares += times * times * s[i].error * s[i].error;
	}
	*error = sqrt(squares) + tg_floor(s, nr, &at);
	return sum;
}

struct tg_outcome tg_rule_sum(const struct tg_share *s, size_t nr, const struct tg_bounds *b)
{
	struct tg_outcome o;
	double error;

	o.value = sum_of(s, nr, 0, &error);
	o.low = o.value - error;
	o.high = o.value + error;
	if (has_bounds(b))
		o.result = tg_within(o.value, error, b);
	else
		o.result = isfinite(o.low) && isfinite(o.high) && fabs(o.value) >= error ? TG_TOLD :
			   TG_OPEN;
	return o;
}

/* Whether N/D is above t for sure (TG_YES), below (TG_NO) or neither; equality at no error: yes. */
static enum tg_result side_of(const struct tg_share *s, size_t nr, double t)
{
	static const struct tg_bounds positive = { 0, INFINITY, false };
	double error, gap = sum_of(s, nr, t, &error);

	return tg_within(gap, error, &positive);
}

static enum tg_result ratio_within(const struct tg_share *s, size_t nr, const struct tg_bounds *b)
{
	enum tg_result least = TG_YES, most = TG_YES;
	double error, gap;

	if (isfinite(b->least)) {
		least = side_of(s, nr, b->least);
		gap = sum_of(s, nr, b->least, &error);
		if (b->above && least == TG_YES && gap <= error)
			least = gap + error <= 0 ? TG_NO : TG_OPEN;
	}
	if (isfinite(b->most)) {
		static const struct tg_bounds negative = { -INFINITY, 0, false };

		gap = sum_of(s, nr, b->most, &error);
		most = tg_within(gap, error, &negative);
	}
	if (least == TG_NO || most == TG_NO)
		return TG_NO;
	return least == TG_YES ? most : least;
}

/* The covariance of what is above the line or below it with what is. */
static double covariance(const struct tg_share *s, size_t nr, bool under, bool with)
{
	double sum = 0;

	for (size_t i = 0; i < nr; i++) {
		double a = 0, b = 0;

		if (!is_first(s, i))
			continue;
		for (size_t k = i; k < nr; k++) {
			if (strcmp(s[k].name, s[i].name))
				continue;
			a += s[k].under == under ? s[k].times : 0;
			b += s[k].under == with ? s[k].times : 0;
		}
		sum += a * b * s[i].error * s[i].error;
	}
	return sum;
}

struct tg_outcome tg_rule_ratio(const struct tg_share *s, size_t nr, const struct tg_bounds *b)
{
	double var_n = covariance(s, nr, false, false), var_d = covariance(s, nr, true, true);
	struct tg_outcome o = { TG_OPEN, NAN, NAN, NAN };
	double n, d, error, half, root;

	n = sum_of(s, nr, 0, &error);
	d = n - sum_of(s, nr, 1, &error);
	if (!isfinite(n) || !isfinite(d) || !(d > sqrt(var_d)))
		return o;
	o.value = n / d;
	/* n - t d is as large as its error: the roots of a square equation in t */
	half = n * d - covariance(s, nr, false, true);
	root = sqrt(fmax(half * half - (d * d - var_d) * (n * n - var_n), 0));
	o.low = (half - root) / (d * d - var_d);
	o.high = (half + root) / (d * d - var_d);
	if (!isfinite(o.low) || !isfinite(o.high))
		return o;
	if (has_bounds(b))
		o.result = ratio_within(s, nr, b);
	else
		o.result = fabs(n) >= sqrt(var_n) ? TG_TOLD : TG_OPEN;
	return o;
}

struct tg_outcome tg_rule_add_up(const struct tg_share *s, size_t nr, const struct tg_bounds *b)
{
	struct tg_bounds allowed = { 0, 0, false };
	struct tg_outcome o;
	double error;

	allowed.most = fmax(b->most, TG_ADD_UP_SHARE * fabs(s[0].value));
	allowed.least = -allowed.most;
	o.value = sum_of(s, nr, 0, &error);
	o.low = o.value - error;
	o.high = o.value + error;
	o.result = error > b->most ? TG_OPEN : tg_within(o.value, error, &allowed);
	return o;
}
