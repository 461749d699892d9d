/* SPDX-License-Identifier: GPL-2.0 */
/* The text report's tables of events. */
#define _GNU_SOURCE	/* asprintf() */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report_head.h"
#include "wrap.h"

/* Names below a reason are set in by this. */
#define INDENT 2

static const char *text_of(const char *s)
{
	return s ? s : "";
}

/* Event number at of a figure is called the same, and is the first so called. */
static const struct tg_event_figure *find(const struct tg_figure *f, const char *name)
{
	for (size_t i = 0; i < f->nr_events; i++)
		if (!strcmp(text_of(f->events[i].name), name))
			return &f->events[i];
	return NULL;
}

/* Two significant digits of the error, at most three decimals; whole numbers without. */
static int decimals_of(const struct tg_event_figure *c)
{
	int decimals;

	if (c->error > 0 && isfinite(c->error)) {
		decimals = 1 - (int)floor(log10(c->error));
		return decimals < 0 ? 0 : decimals > 3 ? 3 : decimals;
	}
	return isfinite(c->value) && c->value == floor(c->value) ? 0 : 3;
}

static void put_number(char *cell, size_t len, double v, int decimals)
{
	if (!isfinite(v))
		snprintf(cell, len, "-");
	else if (fabs(v) >= 1e9)
		snprintf(cell, len, "%.4g", v);
	else
		/* nothing that rounds to zero keeps its sign */
		snprintf(cell, len, "%.*f", decimals,
			 fabs(v) < 0.5 * pow(10, -decimals) ? 0 : v);
}

static void put_event(FILE *out, const struct tg_figure *f, const struct tg_event_figure *c)
{
	char value[32], error[32], both[80], user[32], kernel[32], cells[160];
	int decimals = decimals_of(c);

	put_number(value, sizeof(value), c->value, decimals);
	put_number(error, sizeof(error), c->error, decimals);
	put_number(user, sizeof(user), c->user, decimals);
	put_number(kernel, sizeof(kernel), c->kernel, decimals);
	snprintf(both, sizeof(both), isfinite(c->value) ? "%s +- %-5s" : "-         ", value, error);
	snprintf(cells, sizeof(cells), "%s %10s %10s", both, user, kernel);
	tg_row(out, text_of(f->name), cells);
}

static bool has_numbers(const struct tg_event_figure *c)
{
	return c && (isfinite(c->value) || isfinite(c->user) || isfinite(c->kernel));
}

/* The names of figures whose event was not counted for this reason. */
static void put_reason(const struct tg_report *r, size_t first, const char *name, FILE *out)
{
	const char *reason = find(&r->figures[first], name)->reason;
	char *names = NULL;
	size_t len, nr = 0;
	FILE *list;

	for (size_t i = 0; i < first; i++) {
		const struct tg_event_figure *c = find(&r->figures[i], name);

		if (c && c->reason && !strcmp(c->reason, reason))
			return;
	}
	list = open_memstream(&names, &len);
	if (!list)
		return;
	for (size_t i = first; i < r->nr_figures; i++) {
		const struct tg_event_figure *c = find(&r->figures[i], name);

		if (!c || !c->reason || strcmp(c->reason, reason))
			continue;
		nr++;
		fprintf(list, "%s ", text_of(r->figures[i].name));
	}
	if (!fclose(list)) {
		tg_say(out, "", 0, "%s not counted, or not whole: %zu figure%s: %s", name, nr,
		       nr == 1 ? "" : "s", reason);
		tg_say(out, "", INDENT, "%s", names);
	}
	free(names);
}

static void put_table(const struct tg_report *r, const char *name, FILE *out)
{
	bool headed = false;
	char *label = NULL;

	if (asprintf(&label, "event %s", name) < 0)
		return;
	fputc('\n', out);
	for (size_t i = 0; i < r->nr_figures; i++) {
		const struct tg_event_figure *c = find(&r->figures[i], name);

		if (!has_numbers(c))
			continue;
		if (!headed)
			tg_row(out, label, "per body +- err         user     kernel");
		headed = true;
		put_event(out, &r->figures[i], c);
	}
	free(label);
	for (size_t i = 0; i < r->nr_figures; i++) {
		const struct tg_event_figure *c = find(&r->figures[i], name);

		if (c && c->reason)
			put_reason(r, i, name, out);
	}
}

void tg_report_events(const struct tg_report *r, FILE *out)
{
	for (size_t i = 0; i < r->nr_figures; i++) {
		const struct tg_figure *f = &r->figures[i];

		for (size_t k = 0; k < f->nr_events; k++) {
			const char *name = text_of(f->events[k].name);
			bool seen = find(f, name) != &f->events[k];

			for (size_t j = 0; j < i && !seen; j++)
				seen = find(&r->figures[j], name);
			if (!seen)
				put_table(r, name, out);
		}
	}
}
