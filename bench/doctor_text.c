// SPDX-License-Identifier: GPL-2.0
/* A diagnosis as text. */
#include <errno.h>
#include <stdlib.h>

#include "doctor.h"
#include "report_head.h"
#include "wrap.h"

/* Where a verdict and a fact go on in the next line. */
#define INDENT	6

static void line(FILE *out, const char *label, const char *text)
{
	char *ascii = tg_ascii(text);

	if (ascii)
		fprintf(out, "     %-6s %s\n", label, ascii);
	free(ascii);
}

int tg_doctor_text(const struct tg_diagnosis *d, FILE *out)
{
	static const char *const labels[TG_NR_LANES] = { "user:", "host:", "vm:" };
	char label[64];

	for (int lane = 0; lane < TG_NR_LANES; lane++)
		tg_say(out, labels[lane], INDENT, "%s", d->lane[lane].text);
	fputc('\n', out);
	for (size_t i = 0; i < d->nr; i++) {
		const struct tg_finding *f = &d->finding[i];

		snprintf(label, sizeof(label), "%-4s %s:", tg_level_names[f->level], f->topic);
		tg_say(out, label, INDENT, "%s", f->fact);
		line(out, "means:", f->means);
		line(out, "do:", f->todo);
	}
	return fflush(out) || ferror(out) ? -EIO : 0;
}
