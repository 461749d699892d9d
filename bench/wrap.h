/* SPDX-License-Identifier: GPL-2.0 */
/* Text for mails: printable ASCII in lines of bounded length. */
#ifndef TOLLGATE_WRAP_H
#define TOLLGATE_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* A line that survives being quoted in a mail once or twice. */
#define TG_COLUMNS 75

/*
 * tg_ascii - a malloc()ed copy, NULL when memory is short: control characters
 * become spaces, bytes beyond ASCII '?'. NULL counts as "".
 */
char *tg_ascii(const char *s);

/*
 * tg_wrap - label, then the words of text in lines of at most TG_COLUMNS.
 *
 * Text starts in column indent, or one space after a label that reaches it;
 * following lines start in column indent. Words longer than a line are broken;
 * the text is never cut. indent: below TG_COLUMNS / 2; label: shorter than
 * TG_COLUMNS / 2; both strings ASCII.
 */
void tg_wrap(FILE *out, const char *label, int indent, const char *text);

/*
 * tg_row - a line of a table: name, made ASCII, at the left edge, cells at the right.
 * Where both do not fit the name is wrapped above. cells: ASCII.
 */
void tg_row(FILE *out, const char *name, const char *cells);

#endif
