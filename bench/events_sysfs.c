// SPDX-License-Identifier: GPL-2.0
/* Events as sysfs describes them, PMU/terms/, and what takes no name at all. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

/* PMUs of the cores: of one kind, and of either kind of a hybrid CPU. */
static const char *const core_pmus[] = { "cpu", "cpu_core", "cpu_atom" };

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* The first line of sources/pmu/dir/name; false if there is none. */
static bool read_line(const char *sources, const char *pmu, const char *name, char *line,
		      size_t len)
{
	char path[512];
	bool got;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", sources, pmu, name);
	f = fopen(path, "re");
	got = f && fgets(line, len, f);
	if (f)
		fclose(f);
	if (got)
		line[strcspn(line, "\n")] = 0;
	return got;
}

static bool is_number(const char *text, uint64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*v = strtoull(text, &end, 0);
	return !errno && !*end;
}

long tg_pmu_type(const char *sources, const char *pmu)
{
	char line[32];
	uint64_t type;

	if (!read_line(sources, pmu, "type", line, sizeof(line)) || !is_number(line, &type) ||
	    type > UINT32_MAX)
		return -1;
	return type;
}

bool tg_is_core_type(const char *sources, uint32_t type)
{
	if (type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE || type == PERF_TYPE_RAW)
		return true;
	for (size_t i = 0; i < NR(core_pmus); i++)
		if (tg_pmu_type(sources, core_pmus[i]) == (long)type)
			return true;
	return false;
}

void tg_event_cycles(struct tg_event *e)
{
	*e = (struct tg_event){
		.name = "cycles", .type = PERF_TYPE_HARDWARE,
		.config = { PERF_COUNT_HW_CPU_CYCLES },
		.user = true, .kernel = true, .split = true, .core = true,
	};
}

bool tg_event_same(const struct tg_event *a, const struct tg_event *b)
{
	return a->type == b->type && !memcmp(a->config, b->config, sizeof(a->config)) &&
	       a->user == b->user && a->kernel == b->kernel;
}

/* Puts v into the bits of a format, "config:0-7,32-35"; false if it does not fit. */
static bool put_bits(const char *format, uint64_t v, uint64_t config[3])
{
	const char *bits = strchr(format, ':');
	size_t len = bits ? (size_t)(bits - format) : 0;
	uint64_t *to;

	if (len == 6 && !strncmp(format, "config", 6))
		to = &config[0];
	else if (len == 7 && !strncmp(format, "config", 6) && strchr("12", format[6]))
		to = &config[format[6] - '0'];
	else
		return false;
	do {
		char *end;
		unsigned long low = strtoul(bits + 1, &end, 10), high = low;

		if (*end == '-')
			high = strtoul(end + 1, &end, 10);
		if (low > high || high > 63)
			return false;
		for (; low <= high; low++, v >>= 1) {
			*to &= ~(1ULL << low);
			*to |= (v & 1) << low;
		}
		bits = end;
	} while (*bits == ',');
	return !v;
}

/* One term, name[=number]: one of config words, or of the PMU's format/. */
static int put_term(const char *sources, const char *pmu, char *term, struct tg_event *e, char *err,
		    size_t len)
{
	char *value = strchr(term, '='), path[192], format[128];
	uint64_t v = 1;

	if (value)
		*value++ = 0;
	if (value && !is_number(value, &v)) {
		snprintf(err, len, "'%s=%s' of %s is no number", term, value, e->name);
		return -1;
	}
	if (!strcmp(term, "config") || !strcmp(term, "config1") || !strcmp(term, "config2")) {
		e->config[term[6] ? term[6] - '0' : 0] = v;
		return 0;
	}
	snprintf(path, sizeof(path), "format/%s", term);
	if (strchr(term, '/') || !read_line(sources, pmu, path, format, sizeof(format))) {
		snprintf(err, len,
			 "'%s' of %s: no such event or term; %s/%s/events and format have them",
			 term, e->name, sources, pmu);
		return -1;
	}
	if (!put_bits(format, v, e->config)) {
		snprintf(err, len, "'%s=%#llx' of %s does not fit; it has the bits %s", term,
			 (unsigned long long)v, e->name, format);
		return -1;
	}
	return 0;
}

/* Terms with commas between them; a word that is an event's name stands for its terms. */
static int put_terms(const char *sources, const char *pmu, char *terms, bool inside,
		     struct tg_event *e, char *err, size_t len)
{
	char *save = NULL, *term, path[192], line[256];

	for (term = strtok_r(terms, ",", &save); term; term = strtok_r(NULL, ",", &save)) {
		snprintf(path, sizeof(path), "events/%s", term);
		if (!inside && !strchr(term, '=') &&
		    read_line(sources, pmu, path, line, sizeof(line))) {
			if (put_terms(sources, pmu, line, true, e, err, len))
				return -1;
		} else if (put_term(sources, pmu, term, e, err, len)) {
			return -1;
		}
	}
	return 0;
}

/* What stands behind the last slash. */
static int put_modes(const char *modes, struct tg_event *e, char *err, size_t len)
{
	e->user = !*modes || strchr(modes, 'u');
	e->kernel = !*modes || strchr(modes, 'k');
	if (modes[strspn(modes, "uk")]) {
		snprintf(err, len, "'%s' behind %s; allowed: u, k or nothing", modes, e->name);
		return -1;
	}
	if (*modes && !e->split) {
		snprintf(err, len, "%s cannot be counted in one mode alone: its PMU does not tell them apart",
			 e->name);
		return -1;
	}
	return 0;
}

int tg_event_from_sysfs(const char *sources, const char *name, struct tg_event *out, char *err,
			size_t len)
{
	struct tg_event e = { .user = true };
	char pmu[TG_EVENT_NAME_MAX], *terms, *modes;
	long type;

	snprintf(e.name, sizeof(e.name), "%s", name);
	snprintf(pmu, sizeof(pmu), "%s", name);
	terms = strchr(pmu, '/');
	modes = terms ? strchr(terms + 1, '/') : NULL;
	if (!modes || terms == pmu || modes == terms + 1 || pmu[0] == '.') {
		snprintf(err, len, "'%s' is not PMU/terms/, as in msr/tsc/", name);
		return -1;
	}
	*terms++ = 0;
	*modes++ = 0;
	type = tg_pmu_type(sources, pmu);
	if (type < 0) {
		snprintf(err, len, "'%s': this machine has no PMU called %s (%s has them all)", name,
			 pmu, sources);
		return -1;
	}
	e.type = type;
	e.core = e.split = tg_is_core_type(sources, type);
	if (put_terms(sources, pmu, terms, false, &e, err, len) ||
	    put_modes(modes, &e, err, len))
		return -1;
	*out = e;
	return 0;
}

/* Files of events/ that are no events: how perf(1) scales and names one. */
static bool is_about_event(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] == '.' || (dot && (!strcmp(dot, ".scale") || !strcmp(dot, ".unit") ||
					  !strcmp(dot, ".per-pkg") || !strcmp(dot, ".snapshot")));
}

void tg_sysfs_events_each(const char *sources, tg_event_visit *visit, void *arg)
{
	struct dirent **pmus = NULL, **events;
	int nr = scandir(sources, &pmus, NULL, alphasort), n, i, k;
	char path[512], name[600], line[256];

	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s/events", sources, pmus[i]->d_name);
		events = NULL;
		n = pmus[i]->d_name[0] == '.' ? 0 : scandir(path, &events, NULL, alphasort);
		for (k = 0; k < n; k++) {
			if (!is_about_event(events[k]->d_name)) {
				snprintf(name, sizeof(name), "events/%s", events[k]->d_name);
				if (!read_line(sources, pmus[i]->d_name, name, line, sizeof(line)))
					line[0] = 0;
				snprintf(name, sizeof(name), "%s/%s/", pmus[i]->d_name,
					 events[k]->d_name);
				visit(name, line, arg);
			}
			free(events[k]);
		}
		free(events);
		free(pmus[i]);
	}
	free(pmus);
}
