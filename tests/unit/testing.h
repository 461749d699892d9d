/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of names, selection, readings and figures share. */
#ifndef TOLLGATE_TESTING_H
#define TOLLGATE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tollgate/exp.h>

#define NR(array) (sizeof(array) / sizeof((array)[0]))

#define ERR_ROOM 512	/* more than any message needs */

/* Every point in the order of lists; a group's setup makes it, its teardown frees it. */
extern struct tg_point *points;
extern size_t nr_points;

int collect_points(void **state);
int drop_points(void **state);

bool same_point(const struct tg_point *a, const struct tg_point *b);

const struct tg_axis *axis_of(const struct tg_exp *e, int i);

/*
 * Parses a copy of exactly the name's size, so that the sanitiser sees a read
 * beyond it. Checks what holds for every name: *out is written on success
 * alone, and an error is one printable line.
 */
int parse_name(const char *name, struct tg_point *out, char err[ERR_ROOM]);

void assert_parses(const char *name, const struct tg_point *expected);

void assert_within(const char *what, double got, double expected, double allowed);

/* From 0 up to 1, without 1. */
double uniform(uint64_t *seed);

#endif
