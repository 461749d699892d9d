/* SPDX-License-Identifier: GPL-2.0 */
/* Reports in memory, as JSON and back. */
#include <errno.h>
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
#include "stats.h"

static void same_text(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_true(!a && !b);
}

static void same_number(double a, double b)
{
	assert_true(a == b || (isnan(a) && isnan(b)));
}

static void same_environment(const struct tg_environment *a, const struct tg_environment *b)
{
	same_text(a->date, b->date);
	same_text(a->cpu, b->cpu);
	same_text(a->vendor, b->vendor);
	assert_int_equal(a->family, b->family);
	assert_int_equal(a->model, b->model);
	assert_int_equal(a->stepping, b->stepping);
	same_text(a->core_type, b->core_type);
	same_text(a->microcode, b->microcode);
	same_text(a->kernel, b->kernel);
	same_text(a->kernel_build, b->kernel_build);
	same_text(a->cmdline, b->cmdline);
	assert_int_equal(a->nr_mitigations, b->nr_mitigations);
	for (size_t i = 0; i < a->nr_mitigations; i++) {
		same_text(a->mitigations[i].key, b->mitigations[i].key);
		same_text(a->mitigations[i].value, b->mitigations[i].value);
	}
	same_text(a->hypervisor, b->hypervisor);
	assert_int_equal(a->cpus, b->cpus);
	assert_int_equal(a->cpu_pinned, b->cpu_pinned);
	assert_int_equal(a->cpu_second, b->cpu_second);
	assert_int_equal(a->nodes, b->nodes);
	assert_int_equal(a->cpu_node, b->cpu_node);
	assert_int_equal(a->mem_node, b->mem_node);
	assert_int_equal(a->mem_distance, b->mem_distance);
	assert_int_equal(a->remote_node, b->remote_node);
	assert_int_equal(a->remote_distance, b->remote_distance);
	same_text(a->governor, b->governor);
	same_text(a->smt, b->smt);
	same_number(a->tsc_mhz, b->tsc_mhz);
	same_text(a->qemu, b->qemu);
	same_text(a->qemu_cpu, b->qemu_cpu);
	same_text(a->accel, b->accel);
	same_text(a->append, b->append);
	same_text(a->counters, b->counters);
	same_text(a->kvm, b->kvm);
}

static void same_figure(const struct tg_figure *a, const struct tg_figure *b)
{
	same_text(a->name, b->name);
	same_text(a->method, b->method);
	assert_int_equal(a->unit, b->unit);
	same_number(a->value, b->value);
	same_number(a->error, b->error);
	same_number(a->ns, b->ns);
	assert_int_equal(a->nr_rounds, b->nr_rounds);
	for (size_t i = 0; i < a->nr_rounds; i++) {
		assert_int_equal(a->rounds[i].boot, b->rounds[i].boot);
		same_number(a->rounds[i].value, b->rounds[i].value);
		same_number(a->rounds[i].median, b->rounds[i].median);
	}
	assert_int_equal(a->samples, b->samples);
	assert_int_equal(a->discarded, b->discarded);
	assert_int_equal(a->disturbed, b->disturbed);
	assert_int_equal(a->nr_left_out, b->nr_left_out);
	for (size_t i = 0; i < a->nr_left_out; i++)
		same_text(a->left_out[i], b->left_out[i]);
	assert_int_equal(a->nr_events, b->nr_events);
	for (size_t i = 0; i < a->nr_events; i++) {
		same_text(a->events[i].name, b->events[i].name);
		same_number(a->events[i].value, b->events[i].value);
		same_number(a->events[i].error, b->events[i].error);
		same_number(a->events[i].user, b->events[i].user);
		same_number(a->events[i].kernel, b->events[i].kernel);
		same_text(a->events[i].reason, b->events[i].reason);
	}
	assert_int_equal(a->exits, b->exits);
	assert_int_equal(a->quick, b->quick);
	assert_int_equal(a->status, b->status);
	same_text(a->reason, b->reason);
}

static void same_events(const struct tg_report *a, const struct tg_report *b)
{
	assert_int_equal(a->nr_counts, b->nr_counts);
	for (size_t i = 0; i < a->nr_counts; i++) {
		same_text(a->counts[i].name, b->counts[i].name);
		same_number(a->counts[i].value, b->counts[i].value);
		same_text(a->counts[i].reason, b->counts[i].reason);
	}
	assert_int_equal(a->nr_histograms, b->nr_histograms);
	for (size_t i = 0; i < a->nr_histograms; i++) {
		const struct tg_histogram *x = &a->histograms[i], *y = &b->histograms[i];

		same_text(x->name, y->name);
		same_text(x->reason, y->reason);
		assert_int_equal(x->nr_bins, y->nr_bins);
		for (size_t k = 0; k < x->nr_bins; k++) {
			same_number(x->bins[k].value, y->bins[k].value);
			assert_int_equal(x->bins[k].count, y->bins[k].count);
		}
	}
	assert_int_equal(a->nr_proofs, b->nr_proofs);
	for (size_t i = 0; i < a->nr_proofs; i++) {
		same_text(a->proofs[i].name, b->proofs[i].name);
		assert_int_equal(a->proofs[i].result, b->proofs[i].result);
		same_text(a->proofs[i].bound, b->proofs[i].bound);
		assert_int_equal(a->proofs[i].states, b->proofs[i].states);
		same_text(a->proofs[i].limits, b->proofs[i].limits);
		same_text(a->proofs[i].reason, b->proofs[i].reason);
	}
}

static void same_report(const struct tg_report *a, const struct tg_report *b)
{
	assert_int_equal(a->schema, b->schema);
	same_text(a->tollgate, b->tollgate);
	assert_int_equal(a->lane, b->lane);
	same_environment(&a->env, &b->env);
	assert_int_equal(a->plan.boots, b->plan.boots);
	assert_int_equal(a->plan.rounds, b->plan.rounds);
	assert_int_equal(a->plan.samples, b->plan.samples);
	same_text(a->plan.tier, b->plan.tier);
	same_text(a->plan.quiet, b->plan.quiet);
	assert_int_equal(a->cal.unit, b->cal.unit);
	same_number(a->cal.cycles_per_tick, b->cal.cycles_per_tick);
	same_number(a->cal.error, b->cal.error);
	same_number(a->cal.imul, b->cal.imul);
	same_number(a->cal.add, b->cal.add);
	same_number(a->cal.canary, b->cal.canary);
	same_number(a->cal.state, b->cal.state);
	same_number(a->cal.entry, b->cal.entry);
	assert_int_equal(a->cal.left_out, b->cal.left_out);
	same_number(a->cal.bracket, b->cal.bracket);
	assert_int_equal(a->cal.tsc_step, b->cal.tsc_step);
	same_text(a->cal.counter, b->cal.counter);
	same_text(a->cal.note, b->cal.note);
	assert_int_equal(a->nr_figures, b->nr_figures);
	for (size_t i = 0; i < a->nr_figures; i++)
		same_figure(&a->figures[i], &b->figures[i]);
	same_events(a, b);
}

/* Out and in again; frees the report. */
static void round_trip(struct tg_report *r)
{
	char err[512] = "", *first, *second;
	size_t len, again;
	struct tg_report *back;

	first = tg_report_dump(r, &len, err, sizeof(err));
	if (!first)
		fail_msg("dump: %s", err);
	assert_int_equal(first[len - 1], '\n');
	back = tg_report_parse(first, len, "test", err, sizeof(err));
	if (!back)
		fail_msg("parse: %s", err);
	same_report(r, back);
	second = tg_report_dump(back, &again, err, sizeof(err));
	assert_string_equal(first, second);
	tg_report_free(back);
	tg_report_free(r);
	free(first);
	free(second);
}

static void round_trips(void **state)
{
	uint64_t seed = 2026;

	(void)state;
	round_trip(sample_user());
	round_trip(sample_vm());
	for (int i = 0; i < 300; i++)
		round_trip(sample_random(&seed));
}

/* Beyond ten digits a number is rounded once, and stays as it then is. */
static void ten_digits(void **state)
{
	struct tg_report *r = sample_user(), *back;
	char err[512], *text;
	size_t len;

	(void)state;
	r->figures[0].value = 1.0 / 3;
	r->figures[0].rounds[0].value = 210.05300000000001;
	text = tg_report_dump(r, &len, err, sizeof(err));
	assert_non_null(text);
	assert_non_null(strstr(text, "\"value\": 0.3333333333,"));
	assert_non_null(strstr(text, "\"value\": 210.053,"));
	back = tg_report_parse(text, len, "test", err, sizeof(err));
	assert_true(back->figures[0].value == 0.3333333333);
	free(text);
	tg_report_free(r);
	round_trip(back);
}

static void not_utf8(void **state)
{
	struct tg_report *r = sample_user();
	struct tg_report *back;
	char err[512], *text;
	size_t len;

	(void)state;
	free(r->env.cmdline);
	r->env.cmdline = strdup("root=\xff\xfe quiet");
	text = tg_report_dump(r, &len, err, sizeof(err));
	assert_non_null(text);
	back = tg_report_parse(text, len, "test", err, sizeof(err));
	assert_string_equal(back->env.cmdline, "root=?? quiet");
	free(text);
	tg_report_free(r);
	tg_report_free(back);
}

static void memory(void **state)
{
	struct tg_report *r = tg_report_new();
	struct tg_figure *f;
	char name[32];

	(void)state;
	assert_int_equal(r->schema, TG_SCHEMA);
	assert_true(isnan(r->cal.cycles_per_tick) && isnan(r->env.tsc_mhz));
	assert_null(tg_report_find(r, "irq/cli@r0"));
	for (int i = 0; i < 100; i++) {
		f = tg_report_add(r);
		assert_int_equal(f->status, TG_FAILED);
		assert_true(isnan(f->value) && isnan(f->error) && isnan(f->ns) && !f->name);
		snprintf(name, sizeof(name), "irq/e%d@r0", i);
		f->name = strdup(name);
	}
	assert_null(tg_report_find(r, "irq/e100@r0"));
	assert_ptr_equal(tg_report_find(r, "irq/e99@r0"), &r->figures[99]);
	assert_ptr_equal(tg_report_find(r, "irq/e0@r0"), &r->figures[0]);
	tg_report_free(r);
	tg_report_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(ten_digits),
		cmocka_unit_test(not_utf8),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("report", tests, NULL, NULL) ? 1 : 0;
}
