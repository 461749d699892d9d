/* SPDX-License-Identifier: GPL-2.0 */
/* Points of @cross: this process armed, its memory locked. */
#ifndef TOLLGATE_CROSS_H
#define TOLLGATE_CROSS_H

#include <tollgate/exp.h>

#include "report.h"

struct tg_counter_set;

/*
 * tg_cross_start - locks all memory, which also faults it in, and arms this process.
 * board: gets what its sequences work on. TG_OK, after which tg_cross_end() is
 * due; TG_SKIPPED, TG_REFUSED or TG_FAILED with one line in why, and nothing done.
 */
enum tg_status tg_cross_start(const struct tg_point *p, __u64 *board, char *why, size_t len);

/* Whether counters can be read beside a sequence without a system call; else why. */
bool tg_cross_counts(const struct tg_counter_set *set, char *why, size_t len);

/* Whether all sequences went through the stub, in quiet stretches; else why. */
enum tg_status tg_cross_check(char *why, size_t len);

/* Undoes tg_cross_start(); harmless without it. */
void tg_cross_end(void);

#endif
