/* SPDX-License-Identifier: GPL-2.0 */
/* From counts to the events of a figure, and core cycles by a counter. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <tollgate/counting.h>

#include "counted.h"

#define ROUNDS 20

/* Two counters beside three and two samples: each gets its own, in their order. */
static void split(void **state)
{
	__u64 hi[] = { 10, 100, 11, 101, 12, 102 }, lo[] = { 1, 7, 2, 8 };
	struct tg_counting c = { .n = 2, .out = { hi, lo } };
	uint64_t ticks[5];
	struct tg_samples of_ticks = {
		.ticks = { ticks, ticks + 3 }, .n = { 3, 2 }, .copies = 64, .cal_copies = 2048,
		.discarded = 9, .fenced = true,
	};
	struct tg_samples out[2];

	(void)state;
	assert_int_equal(tg_counting_split(&c, &of_ticks, out), 0);
	for (int k = 0; k < 2; k++) {
		assert_int_equal(out[k].n[0], 3);
		assert_int_equal(out[k].n[1], 2);
		assert_null(out[k].ticks[2]);
		assert_int_equal(out[k].copies, 64);
		assert_int_equal(out[k].cal_copies, 2048);
		assert_true(out[k].fenced);
	}
	assert_int_equal(out[0].ticks[0][2], 12);
	assert_int_equal(out[0].ticks[1][1], 2);
	assert_int_equal(out[1].ticks[0][0], 100);
	assert_int_equal(out[1].ticks[0][2], 102);
	assert_int_equal(out[1].ticks[1][0], 7);
	tg_samples_free(&out[0]);
	tg_samples_free(&out[1]);
}

static void lines_of_events(void **state)
{
	static const struct tg_event e = {
		.name = "cpu_core/event=0xd1,umask=8/u", .type = 4294967295U,
		.config = { UINT64_MAX, 7, 1ULL << 63 }, .user = true, .split = true, .core = true,
	};
	struct tg_events s = { .n = 0 };
	char line[256] = "";
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_true(tg_event_say(pipes[1], &e) > 0);
	assert_true(read(pipes[0], line, sizeof(line) - 1) > 0);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(tg_event_hear(line, &s), 1);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.event[0].name, e.name);
	assert_true(tg_event_same(&s.event[0], &e));
	assert_true(s.event[0].split && s.event[0].core);
	assert_int_equal(tg_event_hear("3 0 0 insn/nop@r3\n", &s), 0);
	assert_int_equal(tg_event_hear("event 1 2 3\n", &s), -1);
	s.n = TG_EVENTS_MAX;
	assert_int_equal(tg_event_hear(line, &s), -1);
}

static void lines_of_counts(void **state)
{
	struct tg_counted_event c;
	size_t n, event;

	(void)state;
	assert_int_equal(tg_counted_hear("count 3 1 1.5 1.25 nan 1.5 3 1 40 7 kernel mode alone", &n,
					 &event, &c), 1);
	assert_int_equal(n, 3);
	assert_int_equal(event, 1);
	assert_true(c.counted.value == 1.5 && c.counted.median == 1.25);
	assert_true(isnan(c.counted.user) && c.counted.kernel == 1.5);
	assert_true(c.counted.imul == 3 && c.counted.add == 1);
	assert_true(c.counted.kept == 40 && c.counted.discarded == 7);
	assert_string_equal(c.why, "kernel mode alone");
	assert_int_equal(tg_counted_hear("count 0 0 nan nan nan nan nan nan 0 0 ", &n, &event, &c), 1);
	assert_true(isnan(c.counted.value));
	assert_string_equal(c.why, "");
	assert_int_equal(tg_counted_hear("begin 3", &n, &event, &c), 0);
	assert_int_equal(tg_counted_hear("count 3 1 1.5", &n, &event, &c), -1);
	assert_int_equal(tg_counted_hear("count", &n, &event, &c), 0);
}

/* Rounds in which 3 cycles by counter are 2 ticks and an event is told apart by mode. */
static void make_rounds(struct tg_reading *r, double imul, double add)
{

	for (int i = 0; i < ROUNDS; i++) {
		r[i] = (struct tg_reading){ .value = 100 + i, .median = 101 + i, .imul = 2,
					    .add = 2 / 3.0, .canary = 0.1, .bracket = 50,
					    .kept = 100 };
		r[i].counted[1] = (struct tg_counted){ .value = 150 + 2 * i, .median = 170,
						       .user = 20 + i, .kernel = 130 + i,
						       .imul = imul, .add = add, .kept = 30,
						       .discarded = 2 };
		r[i].counted[0] = (struct tg_counted){ .value = NAN, .user = NAN, .kernel = NAN };
	}
}

/* Core cycles count alone: another event would make a figure dearer. */
static void groups(void **state)
{
	struct tg_events all = { .n = 3, .event = { { .name = "a", .type = PERF_TYPE_SOFTWARE },
						    { .name = "b" },
						    { .name = "c", .type = PERF_TYPE_SOFTWARE,
						      .config = { 3 } } } };
	struct tg_events part;
	size_t index[TG_EVENTS_MAX] = { 9, 9 };

	(void)state;
	tg_event_cycles(&all.event[1]);
	assert_int_equal(tg_count_group(&all, 0, &part, index), 1);
	assert_int_equal(part.n, 1);
	assert_int_equal(index[0], 1);
	assert_true(tg_event_same(&part.event[0], &all.event[1]));
	assert_int_equal(tg_count_group(&all, 1, &part, index), 2);
	assert_true(index[0] == 0 && index[1] == 2);
	assert_string_equal(part.event[1].name, "c");
	all.n = 1;
	assert_int_equal(tg_count_group(&all, 0, &part, index), 0);
	assert_int_equal(part.n, 0);
}

static void cycles_by_counter(void **state)
{
	struct tg_reading r[ROUNDS];
	struct tg_calibration cal = { .unit = TG_UNIT_TSC };

	(void)state;
	make_rounds(r, 3.01, 1.002);
	tg_calibrate(r, ROUNDS, 1, &cal);
	assert_int_equal(cal.unit, TG_UNIT_CYCLES);
	assert_true(fabs(cal.cycles_per_tick - 1.5) < 1e-9);
	/* an event that no reading has decides nothing */
	assert_false(tg_calibrate_counter(r, ROUNDS, 0, "cycles", &cal));
	assert_null(cal.counter);
	assert_null(strstr(cal.note, "counter"));
	assert_true(tg_calibrate_counter(r, ROUNDS, 1, "cycles", &cal));
	assert_string_equal(cal.counter, "cycles");
	assert_int_equal(cal.unit, TG_UNIT_CYCLES);
	assert_true(fabs(cal.cycles_per_tick - 1.505) < 1e-9);
	assert_string_equal(cal.note, "core cycles by counter cycles, in 20 of 20 batches; IMUL takes 3.010 of them, ADD 1.002");
	free(cal.note);
	free(cal.counter);
}

/* The chains check it: what does not take 3 and 1 is no core cycle. */
static void chains_refuse(void **state)
{
	static const double wrong[][2] = {
		{ 2, 2 / 3.0 }, { 3.04, 1 }, { 3, 1.02 }, { 0, 0 }, { 1, 1 }, { NAN, NAN },
	};
	struct tg_reading r[ROUNDS];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct tg_calibration cal = { .unit = TG_UNIT_TSC };

		make_rounds(r, wrong[i][0], wrong[i][1]);
		tg_calibrate(r, ROUNDS, 1, &cal);
		assert_false(tg_calibrate_counter(r, ROUNDS, 1, "cycles", &cal));
		assert_null(cal.counter);
		assert_int_equal(cal.unit, TG_UNIT_CYCLES);
		assert_true(fabs(cal.cycles_per_tick - 1.5) < 1e-9);
		assert_non_null(strstr(cal.note, "counter cycles refused: IMUL takes "));
		assert_non_null(strstr(cal.note, "IMUL and ADD agree"));
		free(cal.note);
	}
}

static void not_of_instructions(void **state)
{
	struct tg_calibration cal = { .unit = TG_UNIT_INSNS };
	struct tg_reading r[ROUNDS];

	(void)state;
	make_rounds(r, 3, 1);
	assert_false(tg_calibrate_counter(r, ROUNDS, 1, "cycles", &cal));
	assert_null(cal.counter);
	assert_null(cal.note);
}

static void clear(struct tg_figure *f)
{
	for (size_t i = 0; i < f->nr_events; i++) {
		free(f->events[i].name);
		free(f->events[i].reason);
	}
	free(f->events);
	free(f->rounds);
	free(f->reason);
	memset(f, 0, sizeof(*f));
}

static void figure_by_counter(void **state)
{
	struct tg_reading r[ROUNDS];
	struct tg_figure f = { .value = NAN };
	int boots[ROUNDS] = { 0 };

	(void)state;
	make_rounds(r, 3, 1);
	assert_int_equal(tg_fill_figure(&f, r, boots, ROUNDS, TG_UNIT_CYCLES, 2000), 0);
	/* of the chains: the lower half of 150, 151.5, ... */
	assert_true(fabs(f.value - 156.75) < 1e-9);
	assert_int_equal(f.samples, 100 * ROUNDS);
	clear(&f);
	for (int i = 0; i < ROUNDS; i++) {
		r[i].by_counter = true;
		r[i].cycles = 1;
	}
	assert_int_equal(tg_fill_figure(&f, r, boots, ROUNDS, TG_UNIT_CYCLES, 2000), 0);
	assert_true(fabs(f.value - 159) < 1e-9);
	/* the samples of the pass that it comes from */
	assert_int_equal(f.samples, 30 * ROUNDS);
	assert_int_equal(f.discarded, 2 * ROUNDS);
	assert_true(f.rounds[0].value == 150 && f.rounds[0].median == 170);
	/* time is the clock's all the same */
	assert_true(fabs(f.ns - 104.5 / 2) < 1e-9);
	clear(&f);
}

static void events_of_figure(void **state)
{
	struct tg_events events = { .n = 3, .event = { { .name = "a" }, { .name = "b" },
						       { .name = "c" } } };
	char why[] = "kernel mode needs root";
	char *const reasons[] = { NULL, NULL, why };
	struct tg_reading r[ROUNDS];
	struct tg_figure f = { .value = NAN };

	(void)state;
	make_rounds(r, 3, 1);
	/* a round without it is left out; the lowest of 20 here */
	r[0].counted[1] = r[0].counted[0];
	for (int i = 0; i < ROUNDS; i++)
		r[i].counted[2] = (struct tg_counted){ .value = NAN, .user = 5, .kernel = NAN };
	assert_int_equal(tg_fill_events(&f, r, ROUNDS, &events, reasons), 0);
	assert_int_equal(f.nr_events, 3);
	/* never 0 where nothing was counted */
	assert_true(isnan(f.events[0].value) && isnan(f.events[0].error));
	assert_true(isnan(f.events[0].user) && isnan(f.events[0].kernel));
	assert_string_equal(f.events[0].reason, "it was counted in no round");
	assert_string_equal(f.events[1].name, "b");
	/* the lower ten of 152, 154, ... */
	assert_true(fabs(f.events[1].value - 161) < 1e-9);
	assert_true(f.events[1].error > 0);
	assert_true(fabs(f.events[1].user - 25.5) < 1e-9);
	assert_true(fabs(f.events[1].kernel - 135.5) < 1e-9);
	assert_null(f.events[1].reason);
	/* half of an event: its share, and no whole */
	assert_true(isnan(f.events[2].value));
	assert_true(f.events[2].user == 5 && isnan(f.events[2].kernel));
	assert_string_equal(f.events[2].reason, why);
	clear(&f);
	events.n = 0;
	assert_int_equal(tg_fill_events(&f, r, ROUNDS, &events, reasons), 0);
	assert_null(f.events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split),
		cmocka_unit_test(lines_of_events),
		cmocka_unit_test(lines_of_counts),
		cmocka_unit_test(groups),
		cmocka_unit_test(cycles_by_counter),
		cmocka_unit_test(chains_refuse),
		cmocka_unit_test(not_of_instructions),
		cmocka_unit_test(figure_by_counter),
		cmocka_unit_test(events_of_figure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("counted", tests, NULL, NULL) ? 1 : 0;
}
