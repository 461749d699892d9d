/* SPDX-License-Identifier: GPL-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"
#include "testing.h"

struct tg_point *points;
size_t nr_points;

int collect_points(void **state)
{
	struct tg_point p;

	(void)state;
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		for (int i = 0; i < TG_NR_RINGS; i++) {
			if (!tg_point_first(&p, exp, tg_rings[i].ring))
				continue;
			do {
				points = realloc(points, (nr_points + 1) * sizeof(*points));
				if (!points)
					return -1;
				points[nr_points++] = p;
			} while (tg_point_next(&p));
		}
	}
	return 0;
}

int drop_points(void **state)
{
	(void)state;
	free(points);
	return 0;
}

bool same_point(const struct tg_point *a, const struct tg_point *b)
{
	return !memcmp(a, b, sizeof(*a));
}

const struct tg_axis *axis_of(const struct tg_exp *e, int i)
{
	return &tg_axes[e->axes[i]];
}

int parse_name(const char *name, struct tg_point *out, char err[ERR_ROOM])
{
	struct tg_point before;
	char *copy = strdup(name);
	int rc;

	assert_non_null(copy);
	memset(out, 0xa5, sizeof(*out));
	before = *out;
	memset(err, 0, ERR_ROOM);
	rc = tg_point_parse(copy, out, err, ERR_ROOM);
	free(copy);
	if (!rc) {
		assert_string_equal(err, "");
		return rc;
	}
	assert_int_equal(rc, -1);
	assert_true(same_point(out, &before));
	assert_true(*err && strlen(err) < ERR_ROOM - 1);
	for (const char *c = err; *c; c++)
		if (*c < ' ' || *c > '~')
			fail_msg("byte 0x%02x in '%s'", (unsigned char)*c, err);
	return rc;
}

void assert_parses(const char *name, const struct tg_point *expected)
{
	struct tg_point p;
	char err[ERR_ROOM];

	if (parse_name(name, &p, err))
		fail_msg("%s: %s", name, err);
	if (!same_point(&p, expected))
		fail_msg("%s is another point", name);
}

void assert_within(const char *what, double got, double expected, double allowed)
{
	if (!(fabs(got - expected) <= allowed))
		fail_msg("%s: %.9g is not %.9g +- %.3g", what, got, expected, allowed);
}

double uniform(uint64_t *seed)
{
	return (double)(tg_random(seed) >> 11) * 0x1p-53;
}
