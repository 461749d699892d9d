/* SPDX-License-Identifier: GPL-2.0 */
/* Which points a run is about: patterns and tiers against experiments.def. */
#ifndef TOLLGATE_SELECT_H
#define TOLLGATE_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include <tollgate/exp.h>

struct tg_selection {
	struct tg_point *points;
	size_t n;
};

/*
 * tg_select - the points that patterns name, in the order of the list.
 *
 * patterns: full names, or globs (fnmatch) over full names; one without '@'
 * matches every ring. None: the CORE tier, or all with full. rings: R0, R3 or
 * both, what the lane can run; a pattern that matches points of other rings
 * alone is an error that says so. 0, or -1 with one line in err.
 */
int tg_select(char *const *patterns, size_t n, bool full, int rings,
	      struct tg_selection *out, char *err, size_t errlen);

void tg_selection_free(struct tg_selection *s);

#endif
