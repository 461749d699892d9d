/* SPDX-License-Identifier: GPL-2.0 */
/* Text for mails: see wrap.h. */
#include <stdlib.h>
#include <string.h>

#include "wrap.h"

char *tg_ascii(const char *s)
{
	char *copy = strdup(s ? s : "");

	if (!copy)
		return NULL;
	for (char *c = copy; *c; c++) {
		if ((unsigned char)*c >= 0x7f)
			*c = '?';
		else if (*c < ' ')
			*c = ' ';
	}
	return copy;
}

void tg_wrap(FILE *out, const char *label, int indent, const char *text)
{
	int column = fprintf(out, "%s", label);
	int start = column < indent ? indent : column ? column + 1 : 0;
	int empty = 1;		/* no word in this line yet */

	while (*(text += strspn(text, " "))) {
		int len = (int)strcspn(text, " ");
		int from = empty ? start : column + 1;
		int room = TG_COLUMNS - from;

		/* A word moves to the next line if that helps, and is broken if it must be. */
		if (len > room && !empty) {
			fputc('\n', out);
			column = 0;
			start = indent;
			empty = 1;
			continue;
		}
		if (len > room)
			len = room;
		fprintf(out, "%*s%.*s", from - column, "", len, text);
		column = from + len;
		text += len;
		empty = 0;
	}
	fputc('\n', out);
}

void tg_row(FILE *out, const char *name, const char *cells)
{
	char *ascii = tg_ascii(name);
	int len = (int)strlen(cells);

	if (!ascii)
		return;
	if ((int)strlen(ascii) + 1 + len <= TG_COLUMNS) {
		fprintf(out, "%-*s%s\n", TG_COLUMNS - len, ascii, cells);
	} else {
		tg_wrap(out, "", 0, ascii);
		fprintf(out, "%*s\n", TG_COLUMNS, cells);
	}
	free(ascii);
}
