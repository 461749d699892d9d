/* SPDX-License-Identifier: GPL-2.0 */
/* Parts of the text report. */
#ifndef TOLLGATE_REPORT_HEAD_H
#define TOLLGATE_REPORT_HEAD_H

#include <stdio.h>

#include "report.h"

/* printf() whose result is made ASCII and wrapped: see tg_wrap(). */
void tg_say(FILE *out, const char *label, int indent, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Everything above the table of figures. */
void tg_report_head(const struct tg_report *r, FILE *out);

/* What counters counted: a table for each event, and what was not counted. */
void tg_report_events(const struct tg_report *r, FILE *out);

#endif
