// SPDX-License-Identifier: GPL-2.0
#include <argp.h>
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>

#include <tollgate/frame_blocks.h>

#include "args.h"
#include "cmd.h"
#include "engine.h"
#include "events.h"
#include "exit.h"
#include "select.h"

struct list_options {
	bool core, names, markdown, events, windows;
	char **patterns;
	size_t nr_patterns;
};

static const struct argp_option options[] = {
	{ "core", 'c', NULL, 0, "Of the CORE tier alone: what a run without patterns measures", 0 },
	{ "names", 'n', NULL, 0, "Every full name, one a line", 0 },
	{ "markdown", 'm', NULL, 0, "The table of the README", 0 },
	{ "events", 'e', NULL, 0,
	  "The events that 'run -e' can count, with what they count; a PATTERN is a glob over "
	  "their names", 0 },
	{ "windows", 'w', NULL, 0,
	  "The stubs of @cross points, and what holds where in them, in bytes from behind their "
	  "ENDBR", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct list_options *o = state->input;

	(void)arg;
	switch (key) {
	case 'c':
		o->core = true;
		return 0;
	case 'n':
		o->names = true;
		return 0;
	case 'm':
		o->markdown = true;
		return 0;
	case 'e':
		o->events = true;
		return 0;
	case 'w':
		o->windows = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->patterns = state->argv + state->next;
		o->nr_patterns = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->names && o->markdown)
			tg_bad_usage(state, "--names is a list, --markdown a table: one of them");
		if (o->core && o->nr_patterns)
			tg_bad_usage(state, "--core is a selection of its own: no pattern beside it");
		if (o->events && (o->names || o->markdown))
			tg_bad_usage(state, "--events goes without --%s",
				     o->names ? "names" : "markdown");
		if (o->windows && (o->names || o->markdown || o->events || o->core ||
				   o->nr_patterns))
			tg_bad_usage(state, "--windows is a table of its own: no pattern or option beside it");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* "[:x87|sse] [:init|dirty]"; empty without axes. */
static void axes_text(const struct tg_exp *e, char *buf, size_t len)
{
	size_t n = 0;
	int i, v;

	*buf = 0;
	for (i = 0; i < e->nr_axes; i++) {
		const struct tg_axis *a = &tg_axes[e->axes[i]];

		n += snprintf(buf + n, len - n, "[");
		for (v = 0; v < a->nr_values; v++)
			n += snprintf(buf + n, len - n, "%s%s", v ? "|:" : ":",
				      a->values[v].name);
		n += snprintf(buf + n, len - n, "]");
	}
}

static const char *rings_text(int rings)
{
	return rings == R0 ? "@r0" : rings == R3 ? "@r3" : rings == CROSS ? "@cross" : "@r0 @r3";
}

/* The words that stand for a kernel's way, below their row: what of it is there. */
static void print_composites(enum tg_exp_id exp)
{
	const struct tg_composite *c;
	char name[TG_NAME_MAX];
	struct tg_point p;

	for (c = tg_composites; c < tg_composites + TG_NR_COMPOSITES; c++) {
		if (c->exp != exp || !tg_point_of_bits(&p, exp, TG_RING_CROSS, c->bits))
			continue;
		tg_point_name(&p, name);
		printf("    :%s is %s\n\thas: %s\n\tlacks: %s\n", c->word, name, c->has, c->lacks);
	}
}

static void print_rows(const struct tg_selection *s, bool markdown)
{
	static const char *const methods[] = TG_METHOD_NAMES;
	char axes[1024];
	enum tg_exp_id last = TG_NR_EXPS;
	size_t i;

	if (markdown)
		printf("| experiment | values, default first | rings | method | what |\n"
		       "|---|---|---|---|---|\n");
	for (i = 0; i < s->n; i++) {
		const struct tg_exp *e = &tg_exps[s->points[i].exp];

		if (s->points[i].exp == last)
			continue;
		last = s->points[i].exp;
		axes_text(e, axes, sizeof(axes));
		if (markdown) {
			char *p;

			/* a bar would end the cell */
			for (p = axes; *p; p++)
				if (*p == '|')
					*p = ' ';
			printf("| `%s/%s` | %s%s%s | %s | %s%s | %s |\n", e->family, e->name,
			       *axes ? "`" : "", axes, *axes ? "`" : "", rings_text(e->rings),
			       methods[e->method], e->flags & TG_F_EXITS ? ", exits" : "",
			       e->what);
			continue;
		}
		printf("%s/%s%s  %s  %s%s\n    %s\n", e->family, e->name, axes,
		       rings_text(e->rings), methods[e->method],
		       e->tier == TG_TIER_FULL ? "  full" : "", e->what);
		print_composites(s->points[i].exp);
	}
}

struct event_list {
	const struct list_options *o;
	size_t n;
};

/* A line an event: its name, and behind it in one line what it counts. */
static void print_event(const char *name, const char *what, void *arg)
{
	struct event_list *l = arg;
	const char *c;
	size_t i;

	for (i = 0; i < l->o->nr_patterns; i++)
		if (!fnmatch(l->o->patterns[i], name, FNM_CASEFOLD))
			break;
	if (l->o->nr_patterns && i == l->o->nr_patterns)
		return;
	l->n++;
	printf("%s\t", name);
	for (c = what; *c; c++)
		putchar(isprint((unsigned char)*c) ? *c : ' ');
	putchar('\n');
}

static int list_events(const struct list_options *o)
{
	struct event_list l = { .o = o };
	char err[256];

	if (tg_events_each(TG_EVENT_SOURCES, print_event, &l, err, sizeof(err))) {
		fprintf(stderr, "tollgate: list: %s\n", err);
		return TG_EXIT_NOTHING;
	}
	if (l.n)
		return TG_EXIT_OK;
	if (o->nr_patterns)
		fprintf(stderr, "tollgate: list: no event matches '%s'%s; allowed: globs over what 'list --events' prints\n",
			o->patterns[0], o->nr_patterns > 1 ? " or the other patterns" : "");
	else
		fprintf(stderr, "tollgate: list: libpfm4 and sysfs know no event here\n");
	return o->nr_patterns ? TG_EXIT_INPUT : TG_EXIT_NOTHING;
}

static int list_rows(const struct list_options *o)
{
	char err[512], name[TG_NAME_MAX];
	struct tg_selection s;
	size_t i;

	if (tg_select(o->patterns, o->nr_patterns, !o->core, R0 | R3 | CROSS, &s, err,
		      sizeof(err))) {
		fprintf(stderr, "tollgate: list: %s\n", err);
		return TG_EXIT_INPUT;
	}
	if (o->names) {
		for (i = 0; i < s.n; i++) {
			tg_point_name(&s.points[i], name);
			puts(name);
		}
	} else {
		print_rows(&s, o->markdown);
	}
	tg_selection_free(&s);
	return TG_EXIT_OK;
}

static int list_windows(void)
{
	const struct tg_window *w = tg_windows;
	char line[TG_WINDOW_LINE];

	puts(TG_WINDOW_HEAD);
	while (tg_window_line(&w, line, sizeof(line)))
		puts(line);
	return TG_EXIT_OK;
}

int tg_cmd_list(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "[PATTERN...]",
		"Lists the experiments: names, axis values (the first is the default and is "
		"left out of a name), rings and method.", NULL, NULL, NULL
	};
	struct list_options o = { 0 };
	int rc;

	tg_arguments(&argp, argc, argv, &o);
	rc = o.windows ? list_windows() : o.events ? list_events(&o) : list_rows(&o);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "tollgate: list: cannot write to standard output\n");
		return TG_EXIT_IO;
	}
	return rc;
}
