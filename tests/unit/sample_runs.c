/* SPDX-License-Identifier: GPL-2.0 */
/* Runs made in memory and compared: see sample_runs.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sample_report.h"
#include "sample_runs.h"
#include "stats.h"
#include "wrap.h"

double run_noise(uint64_t *seed)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += (double)(tg_random(seed) >> 11) * 0x1p-53;
	return sum;
}

void replace_text(char **text, const char *by)
{
	free(*text);
	*text = by ? strdup(by) : NULL;
}

struct tg_figure *add_figure(struct tg_report *r, const char *name, size_t nr)
{
	struct tg_figure *f = tg_report_add(r);

	assert_non_null(f);
	f->name = strdup(name);
	f->unit = r->cal.unit;
	f->status = TG_OK;
	f->rounds = calloc(nr, sizeof(*f->rounds));
	f->nr_rounds = nr;
	return f;
}

struct tg_report *bare_report(void)
{
	struct tg_report *r = sample_user();

	while (r->nr_figures) {
		struct tg_figure *f = &r->figures[--r->nr_figures];

		for (size_t i = 0; i < f->nr_left_out; i++)
			free(f->left_out[i]);
		free(f->left_out);
		for (size_t i = 0; i < f->nr_events; i++) {
			free(f->events[i].name);
			free(f->events[i].reason);
		}
		free(f->events);
		free(f->name);
		free(f->method);
		free(f->reason);
		free(f->rounds);
	}
	return r;
}

struct tg_report *a_run(uint64_t *seed)
{
	struct tg_report *r = bare_report();
	char name[32];

	for (int i = 0; i < BODIES + VARIANTS; i++) {
		bool body = i < BODIES;
		double value = body ? 3 * (i + 1) : 200;
		struct tg_figure *f;

		snprintf(name, sizeof(name), body ? "insn/b%d@r3" : "fpu/save:v%d@r3",
			 body ? i : i - BODIES);
		f = add_figure(r, name, ROUNDS);
		value *= 1 + 0.001 * run_noise(seed);
		for (size_t k = 0; k < ROUNDS; k++)
			f->rounds[k].value = value * (1 + 0.001 * run_noise(seed));
	}
	return r;
}

void scale_figures(struct tg_report *r, const char *start, double factor)
{
	size_t done = 0;

	for (size_t i = 0; i < r->nr_figures; i++) {
		struct tg_figure *f = &r->figures[i];

		if (strncmp(f->name, start, strlen(start)))
			continue;
		for (size_t k = 0; k < f->nr_rounds; k++)
			f->rounds[k].value *= factor;
		done++;
	}
	assert_true(done > 0);
}

static struct tg_side side_of(const struct tg_report *const *reports, size_t nr)
{
	return (struct tg_side){ .reports = reports, .nr = nr, .name = "x.json,y.json" };
}

size_t count_verdicts(const struct tg_comparison *c, enum tg_verdict v,
		      const struct tg_change **which)
{
	size_t nr = 0;

	for (size_t i = 0; i < c->nr_rows; i++) {
		if (c->rows[i].verdict != v)
			continue;
		if (which)
			*which = &c->rows[i];
		nr++;
	}
	return nr;
}

struct tg_comparison *compare_reports(struct tg_report **a, size_t n, struct tg_report **b,
				      size_t m, struct tg_side sides[2])
{
	struct tg_comparison *c;

	sides[0] = side_of((const struct tg_report *const *)a, n);
	sides[1] = side_of((const struct tg_report *const *)b, m);
	c = tg_compare(&sides[0], &sides[1]);
	assert_non_null(c);
	return c;
}

void check_text(const struct tg_comparison *c)
{
	for (int markdown = 0; markdown < 2; markdown++) {
		char *text;
		size_t len, column = 0;
		FILE *out = open_memstream(&text, &len);

		assert_int_equal(tg_compare_text(c, markdown, out), 0);
		fclose(out);
		assert_true(len && text[len - 1] == '\n');
		for (size_t i = 0; i < len; i++) {
			column = text[i] == '\n' ? 0 : column + 1;
			if (column > TG_COLUMNS && !markdown)
				fail_msg("a line is too long:\n%.*s", (int)i, text);
			if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
				fail_msg("byte %#x", (unsigned char)text[i]);
		}
		free(text);
	}
}
