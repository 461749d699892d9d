/* SPDX-License-Identifier: GPL-2.0 */
/* What reports have of a claim's inputs, and what of it counts: see claims_evidence.h. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "claims_evidence.h"
#include "compare.h"

/* Counts of chance events: 95 % of the time within so many square roots of the count. */
#define COUNT_ERROR 1.96

char *tg_text(const char *fmt, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	return len < 0 ? NULL : text;
}

bool tg_same_column(const struct tg_report *a, const struct tg_report *b, char *why, size_t len)
{
	char unused[512];
	unsigned int across = 1u << TG_KEY_LANE | 1u << TG_KEY_UNIT | 1u << TG_KEY_COUNTER;

	return tg_unlike(a, b, across, why ? why : unused, why ? len : sizeof(unused)) < 0;
}

bool tg_is_figure(const char *name)
{
	return strchr(name, '@');
}

bool tg_is_ring0(const char *name)
{
	const char *ring = strchr(name, '@');

	return ring && strcmp(ring, "@r3");
}

bool tg_name_below(const char *name, const char *input)
{
	size_t len = strlen(input);

	return !strncmp(name, input, len) && (!name[len] || name[len] == '/');
}

static bool has_hypervisor(const struct tg_report *r)
{
	return r->lane == TG_LANE_VM || (r->env.hypervisor && strcmp(r->env.hypervisor, "none"));
}

static bool is_emulated(const struct tg_report *r)
{
	return (r->env.hypervisor && !strncmp(r->env.hypervisor, "TCGTCG", 6)) ||
	       (r->env.accel && !strncmp(r->env.accel, "tcg", 3));
}

/* Why figures of ring 0 in this report are not believed, malloc()ed; where they are, !*refused. */
static char *why_not_native(const struct tg_report *r, bool *refused)
{
	static const char *const probes[] = { "irq/cli@r0", "irq/sti@r0" };

	*refused = false;
	if (!has_hypervisor(r))
		return NULL;
	if (r->env.kvm && strncmp(r->env.kvm, "native", strlen("native"))) {
		*refused = true;
		return tg_text("ring 0 is not native below this hypervisor, by its probe: %s",
			       r->env.kvm);
	}
	for (size_t i = 0; i < 2; i++) {
		const struct tg_figure *f = tg_report_find(r, probes[i]);
		bool measured = f && (f->status == TG_OK || f->status == TG_NOT_RESOLVABLE) &&
				f->unit == TG_UNIT_CYCLES;

		if (measured && f->value <= TG_NATIVE_MOST)
			continue;
		*refused = true;
		if (measured)
			return tg_text("ring 0 is not native below this hypervisor: %s takes %.0f "
				       "cycles, more than %d", probes[i], f->value,
				       TG_NATIVE_MOST);
		return tg_text("below a hypervisor, and no %s beside it shows that ring 0 is native",
			       probes[i]);
	}
	return NULL;
}

static char *why_skipped(const struct tg_figure *f)
{
	return tg_text("%s: %s", tg_status_names[f->status], f->reason ? f->reason : "no reason given");
}

static char *list_left_out(const struct tg_figure *f)
{
	char *text = strdup("a rehearsal, which leaves out:"), *longer;

	for (size_t i = 0; text && i < f->nr_left_out; i++) {
		longer = tg_text("%s%s %s", text, i ? "," : "", f->left_out[i]);
		free(text);
		text = longer;
	}
	return text;
}

/* Whether a figure counts, TG_TOLD, and if not why: *why is NULL then only when memory is short. */
static enum tg_result usable(const struct tg_report *r, const struct tg_figure *f,
			     const struct tg_way *way, char **why)
{
	bool refused = true;

	*why = NULL;
	if (f->status == TG_SKIPPED || f->status == TG_REFUSED)
		*why = why_skipped(f);
	else if (f->status == TG_FAILED)
		refused = false;
	else if (f->unit == TG_UNIT_INSNS)
		*why = tg_text("instructions of lane %s, which never settle a claim about cycles",
			       tg_lane_names[r->lane]);
	else if (is_emulated(r))
		*why = strdup("from an emulator, which has no cycles");
	else if (f->exits && has_hypervisor(r))
		*why = strdup("trapped by the hypervisor, so the exit counts in");
	else if (way->demands & TG_DEMAND_GUEST && !has_hypervisor(r))
		*why = strdup("no hypervisor, so no boundary between guest and host");
	else if (f->nr_left_out && way->by != TG_BY_REHEARSAL)
		*why = list_left_out(f);
	else if (f->unit == TG_UNIT_TSC)
		refused = false;
	else if (tg_is_ring0(f->name))
		*why = why_not_native(r, &refused);
	else if (!strncmp(f->name, "crossing/", strlen("crossing/")) && has_hypervisor(r) &&
		 r->cal.entry > TG_ENTRY_MOST)
		*why = tg_text("the kernel's half is not native below this hypervisor: ARCH_GET_GS "
			       "takes %.0f cycles, more than %d", r->cal.entry, TG_ENTRY_MOST);
	else
		refused = false;
	if (refused)
		return TG_CANNOT;
	if (f->status == TG_FAILED)
		*why = why_skipped(f);
	else if (f->quick || f->nr_rounds < TG_FULL_ROUNDS)
		*why = tg_text("quick: from %zu rounds, fewer than %d (--rounds N, or less "
			       "other work beside it)", f->nr_rounds,
			       TG_FULL_ROUNDS);
	else if (f->unit == TG_UNIT_TSC)
		*why = strdup("ticks of the TSC, which are no core cycles: its calibration was "
			      "refused, perhaps beside too much other work");
	else if (!isfinite(f->value) || !isfinite(f->error))
		*why = strdup("its error is not known");
	else
		return TG_TOLD;
	return TG_MISSING;
}

/* The least disturbed goes first, then the lane with the least beneath it. */
static int rank(const struct tg_report *r, const struct tg_figure *f)
{
	return 8 * tg_is_disturbed(f) + (r->lane == TG_LANE_USER ? 0 : r->lane == TG_LANE_HOST ?
					 1 : 2);
}

static void pool(const struct tg_column *c, const struct tg_way *way, const char *name, int best,
		 struct tg_exhibit *e)
{
	double low = INFINITY, high = -INFINITY, sum = 0;

	for (size_t i = 0; i < c->nr; i++) {
		const struct tg_figure *f = tg_report_find(c->reports[i], name);
		double error;
		char *why;

		if (!f)
			continue;
		if (usable(c->reports[i], f, way, &why) != TG_TOLD ||
		    rank(c->reports[i], f) != best) {
			free(why);
			continue;
		}
		error = f->error;
		if (tg_is_disturbed(f))
			error = fmax(error, TG_DISTURBED_ERROR * fabs(f->value));
		if (!e->nr++) {
			e->report = c->reports[i];
			e->figure = f;
			e->disturbed = tg_is_disturbed(f);
		}
		e->error = fmax(e->error, error);
		sum += f->value;
		low = fmin(low, f->value);
		high = fmax(high, f->value);
	}
	e->value = sum / (double)e->nr;
	e->error = fmax(e->error, (high - low) / 2);
}

/* What is missing rather than refused can be measured after all, so it goes first. */
static void keep_worst(struct tg_exhibit *e, enum tg_result state, char *why)
{
	if (!e->why || (e->state == TG_CANNOT && state == TG_MISSING)) {
		free(e->why);
		e->state = state;
		e->why = why;
	} else {
		free(why);
	}
}

static bool none_has_hypervisor(const struct tg_column *c)
{
	for (size_t i = 0; i < c->nr; i++)
		if (has_hypervisor(c->reports[i]))
			return false;
	return true;
}

static int find_nothing(const struct tg_column *c, const struct tg_way *way, bool later,
			struct tg_exhibit *e)
{
	e->state = TG_MISSING;
	e->empty = later;
	if (later) {
		e->why = strdup("nothing makes this yet");
	} else if (way->demands & TG_DEMAND_GUEST && none_has_hypervisor(c)) {
		e->state = TG_CANNOT;
		e->why = strdup("no hypervisor, so no boundary between guest and host");
	} else {
		e->why = tg_text("not in the report%s", c->nr == 1 ? "" : "s");
	}
	return e->why ? 0 : -1;
}

static int take_figure(const struct tg_column *c, const struct tg_way *way, bool later,
		       struct tg_exhibit *e)
{
	int best = -1;

	for (size_t i = 0; i < c->nr; i++) {
		const struct tg_figure *f = tg_report_find(c->reports[i], e->name);
		enum tg_result state;
		char *why;

		if (!f)
			continue;
		state = usable(c->reports[i], f, way, &why);
		if (state == TG_TOLD) {
			if (best < 0 || rank(c->reports[i], f) < best)
				best = rank(c->reports[i], f);
			continue;
		}
		if (!why)
			return -1;
		e->skipped |= f->status == TG_SKIPPED || f->status == TG_REFUSED;
		keep_worst(e, state, why);
	}
	if (best >= 0) {
		free(e->why);
		e->why = NULL;
		e->state = TG_TOLD;
		pool(c, way, e->name, best, e);
		return 0;
	}
	return e->why ? 0 : find_nothing(c, way, later, e);
}

static int take_count(const struct tg_column *c, const struct tg_way *way, bool later,
		      struct tg_exhibit *e)
{
	for (size_t i = 0; i < c->nr; i++) {
		const struct tg_report *r = c->reports[i];

		for (size_t k = 0; k < r->nr_counts; k++) {
			const struct tg_count *count = &r->counts[k];
			char *why = NULL;

			if (strcmp(count->name, e->name))
				continue;
			if (isfinite(count->value) &&
			    !(way->demands & TG_DEMAND_SILICON && is_emulated(r))) {
				e->value = (e->nr++ ? e->value : 0) + count->value;
				e->report = e->report ? e->report : r;
				continue;
			}
			if (isfinite(count->value))
				why = strdup("counted in an emulator, not on real silicon");
			else
				why = tg_text("not counted: %s", count->reason ? count->reason : "?");
			if (!why)
				return -1;
			keep_worst(e, TG_CANNOT, why);
		}
	}
	if (!e->nr)
		return e->why ? 0 : find_nothing(c, way, later, e);
	free(e->why);
	e->why = NULL;
	e->state = TG_TOLD;
	e->error = COUNT_ERROR * sqrt(e->value);
	return 0;
}

int tg_exhibit_take(const struct tg_column *c, const struct tg_way *way, const char *name,
		    bool later, struct tg_exhibit *e)
{
	memset(e, 0, sizeof(*e));
	e->value = NAN;
	e->state = TG_MISSING;
	e->name = strdup(name);
	if (!e->name)
		return -1;
	return tg_is_figure(name) ? take_figure(c, way, later, e) : take_count(c, way, later, e);
}

void tg_exhibit_free(struct tg_exhibit *e)
{
	free(e->name);
	free(e->why);
}

static bool is_listed(const struct tg_ruling *v, const struct tg_report *r, const char *name)
{
	for (size_t i = 0; i < v->nr_unused; i++)
		if (v->unused[i].report == r && !strcmp(v->unused[i].name, name))
			return true;
	return false;
}

int tg_unused_add(struct tg_ruling *v, const struct tg_column *c, const struct tg_way *way,
		  const char *name)
{
	for (size_t i = 0; i < c->nr; i++) {
		const struct tg_figure *f = tg_report_find(c->reports[i], name);
		struct tg_unused *more;
		char *why;

		if (!f || (f->status != TG_OK && f->status != TG_NOT_RESOLVABLE) ||
		    usable(c->reports[i], f, way, &why) == TG_TOLD)
			continue;
		if (!why)
			return -1;
		if (is_listed(v, c->reports[i], name)) {
			free(why);
			continue;
		}
		more = reallocarray(v->unused, v->nr_unused + 1, sizeof(*more));
		if (!more) {
			free(why);
			return -1;
		}
		v->unused = more;
		more[v->nr_unused].report = c->reports[i];
		more[v->nr_unused].why = why;
		more[v->nr_unused].name = strdup(name);
		if (!more[v->nr_unused++].name)
			return -1;
	}
	return 0;
}
