/* SPDX-License-Identifier: GPL-2.0 */
/* tg_calibrate() and tg_fill_figure() of bench/reading.c on readings made from a known truth. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"
#include "stats.h"
#include "testing.h"

/* Readings of a machine with so many core cycles a tick, each 0.1 % off at most. */
static void steady(struct tg_reading *r, size_t n, double rate, double imul_cycles,
		   uint64_t *seed)
{
	for (size_t i = 0; i < n; i++) {
		double jitter = 1 + 0.001 * (2 * uniform(seed) - 1);

		r[i] = (struct tg_reading){
			.value = 100 / rate, .median = 104 / rate,
			.imul = imul_cycles / rate * jitter, .add = 1 / rate * jitter,
			.canary = 0.25 / rate, .bracket = 36 + i,
			.kept = 1000, .discarded = i,
		};
	}
}

#define ROUNDS 20

static void calibrates_cycles(void **state)
{
	static const double rates[] = { 0.4, 1, 1.3, 2.7 };
	struct tg_calibration cal = { .note = NULL };
	uint64_t seed = 11;

	(void)state;
	for (size_t i = 0; i < NR(rates); i++) {
		struct tg_reading r[ROUNDS];
		double rate[ROUNDS], imul[ROUNDS];

		steady(r, ROUNDS, rates[i], 3, &seed);
		for (int k = 0; k < ROUNDS; k++) {
			imul[k] = r[k].imul;
			rate[k] = 3 / r[k].imul;
		}
		tg_calibrate(r, ROUNDS, 26, &cal);
		assert_int_equal(cal.unit, TG_UNIT_CYCLES);
		assert_int_equal(cal.tsc_step, 26);
		assert_within("rate", cal.cycles_per_tick, rates[i], 0.001 * rates[i]);
		assert_true(cal.cycles_per_tick == tg_quantile(rate, ROUNDS, 0.5));
		assert_within("error", cal.error, (tg_quantile(rate, ROUNDS, 0.75) -
						   tg_quantile(rate, ROUNDS, 0.25)) / 2, 1e-15);
		assert_true(cal.error > 0);
		assert_true(cal.imul == tg_quantile(imul, ROUNDS, 0.5));
		assert_within("add", cal.add, 1 / rates[i], 0.001 / rates[i]);
		assert_within("canary", cal.canary, 0.25 / rates[i], 1e-12);
		assert_within("bracket", cal.bracket, 36 + (ROUNDS - 1) / 2.0, 1e-12);
		assert_non_null(strstr(cal.note, "agree within 0.00 %"));
		assert_non_null(strstr(cal.note, "apart beside 0 of 20"));
	}
	free(cal.note);
}

/* Chains that do not tell the clock: figures stay in ticks and the note says why. */
static void refused(const struct tg_reading *r, size_t n, const char *note)
{
	struct tg_calibration cal = { .note = NULL };

	tg_calibrate(r, n, 2, &cal);
	assert_int_equal(cal.unit, TG_UNIT_TSC);
	assert_true(isnan(cal.cycles_per_tick) && isnan(cal.error));
	assert_int_equal(cal.tsc_step, 2);
	if (!strstr(cal.note, note) || strchr(cal.note, '\n'))
		fail_msg("no \"%s\" in \"%s\"", note, cal.note);
	free(cal.note);
}

static void refuses_other_chains(void **state)
{
	struct tg_reading r[ROUNDS];
	uint64_t seed = 12;

	(void)state;
	steady(r, ROUNDS, 1.3, 4, &seed);
	refused(r, ROUNDS, "refused: IMUL takes 4.000 times an ADD, not 3");
	steady(r, ROUNDS, 1.3, 2, &seed);
	refused(r, ROUNDS, "refused: IMUL takes 2.000 times an ADD, not 3");
	/* just outside of the tolerance, on either side; and one round alone */
	steady(r, ROUNDS, 1.3, 3.05, &seed);
	refused(r, ROUNDS, "refused: IMUL takes 3.050 times an ADD, not 3");
	steady(r, ROUNDS, 1.3, 2.96, &seed);
	refused(r, ROUNDS, "refused: IMUL takes 2.960 times an ADD, not 3");
	steady(r, 1, 1.3, 4, &seed);
	refused(r, 1, "refused: IMUL takes 4.000 times an ADD, not 3");
	/* a reading without a number says nothing about the clock */
	steady(r, ROUNDS, 1.3, 3, &seed);
	r[7].imul = NAN;
	refused(r, ROUNDS, "refused: ");
	steady(r, ROUNDS, 1.3, 3, &seed);
	r[7].imul = r[7].add = 0;
	refused(r, ROUNDS, "refused: ");
}

static void instruction_counter(void **state)
{
	struct tg_calibration cal = { .note = NULL };
	struct tg_reading r[ROUNDS];

	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		r[i] = (struct tg_reading){ .imul = 1, .add = 1, .canary = 1, .bracket = 3 };
	tg_calibrate(r, ROUNDS, 1, &cal);
	assert_int_equal(cal.unit, TG_UNIT_INSNS);
	assert_true(isnan(cal.cycles_per_tick) && isnan(cal.error));
	assert_true(cal.imul == 1 && cal.add == 1 && cal.canary == 1 && cal.bracket == 3);
	assert_non_null(strstr(cal.note, "instruction counter"));
	free(cal.note);
	tg_calibrate(r, 1, 1, (cal.note = NULL, &cal));
	assert_int_equal(cal.unit, TG_UNIT_INSNS);
	free(cal.note);
	/* exact in every round, or it is none */
	r[3].imul += 1e-9;
	refused(r, ROUNDS, "refused: IMUL takes 1.000 times an ADD, not 3");
	r[3].imul = 1;
	r[19].add = 1.0 - 1e-9;
	refused(r, ROUNDS, "refused: IMUL takes 1.000 times an ADD, not 3");
}

/* A busy sibling slows the ADDs of some batches, not the IMULs. */
static void busy_sibling(void **state)
{
	static const size_t busy[] = { 0, 1, 5, 8, 10, 14 };
	struct tg_calibration cal = { .note = NULL };
	struct tg_reading r[ROUNDS];
	uint64_t seed = 13;
	char text[64];
	size_t order[ROUNDS];

	(void)state;
	for (size_t i = 0; i < ROUNDS; i++)
		order[i] = i;
	for (size_t b = 0; b < NR(busy); b++) {
		steady(r, ROUNDS, 1.3, 3, &seed);
		tg_shuffle(order, ROUNDS, &seed);
		for (size_t i = 0; i < busy[b]; i++) {
			r[order[i]].add *= 1.2 + uniform(&seed);
			r[order[i]].canary *= 2;
		}
		tg_calibrate(r, ROUNDS, 1, &cal);
		assert_int_equal(cal.unit, TG_UNIT_CYCLES);
		assert_within("rate", cal.cycles_per_tick, 1.3, 0.0014);
		snprintf(text, sizeof(text), "apart beside %zu of 20", busy[b]);
		assert_non_null(strstr(cal.note, text));
	}
	free(cal.note);
	steady(r, ROUNDS, 1.3, 3, &seed);
	for (size_t i = 0; i < ROUNDS; i++)
		r[i].add *= 1.5;
	refused(r, ROUNDS, "refused: IMUL takes 2.000 times an ADD, not 3");
	/* one quiet batch is an accident, not the quietest tenth */
	r[0].add /= 1.5;
	refused(r, ROUNDS, "refused: ");
}

static void nothing_to_calibrate(void **state)
{
	struct tg_calibration cal = { .note = strdup("from before") };

	(void)state;
	tg_calibrate(NULL, 0, 26, &cal);
	assert_int_equal(cal.unit, TG_UNIT_TSC);
	assert_int_equal(cal.tsc_step, 26);
	assert_true(isnan(cal.cycles_per_tick) && isnan(cal.error) && isnan(cal.imul) &&
		    isnan(cal.add) && isnan(cal.canary) && isnan(cal.bracket));
	assert_string_equal(cal.note, "nothing ran, so nothing was calibrated");
	free(cal.note);
}

#define TSC_MHZ 2500.0

static struct tg_figure filled(const struct tg_reading *r, size_t n, enum tg_unit unit)
{
	struct tg_figure f = { .value = 12345, .error = 12345, .ns = 12345 };
	int boots[64];

	assert_in_range(n, 0, NR(boots));
	for (size_t i = 0; i < n; i++)
		boots[i] = i % 3;
	assert_int_equal(tg_fill_figure(&f, r, boots, n, unit, TSC_MHZ), 0);
	return f;
}

static void unfill(struct tg_figure *f)
{
	free(f->rounds);
	free(f->reason);
}

/* Half of the rounds ran at 1.2, half at 2.4 cycles a tick: the same cycles. */
static void figure_in_cycles(void **state)
{
	struct tg_reading r[ROUNDS];
	double v[ROUNDS], ticks[ROUNDS];
	struct tg_estimate e;
	struct tg_figure f;
	uint64_t seed = 21;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		double rate = i % 2 ? 1.2 : 2.4;

		v[i] = 80 + uniform(&seed);
		r[i] = (struct tg_reading){
			.value = ticks[i] = v[i] / rate, .median = (v[i] + 5) / rate,
			.imul = 3 / rate, .add = 1 / rate, .kept = 1000 + i, .discarded = i,
		};
	}
	f = filled(r, ROUNDS, TG_UNIT_CYCLES);
	e = tg_estimate_rounds(v, ROUNDS);
	assert_int_equal(f.unit, TG_UNIT_CYCLES);
	assert_int_equal(f.nr_rounds, ROUNDS);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(f.rounds[i].boot, i % 3);
		assert_within("value", f.rounds[i].value, v[i], 1e-10);
		assert_within("median", f.rounds[i].median, v[i] + 5, 1e-10);
	}
	assert_within("value", f.value, e.value, 1e-10);
	assert_within("error", f.error, e.error, 1e-10);
	/* time is what the clock said */
	assert_within("ns", f.ns, tg_lower_mean(ticks, ROUNDS) / (TSC_MHZ / 1000), 1e-10);
	assert_int_equal(f.samples, 20 * 1000 + 190);
	assert_int_equal(f.discarded, 190);
	assert_int_equal(f.status, TG_OK);
	assert_false(f.quick);
	assert_null(f.reason);
	unfill(&f);
	/* in ticks the chains have no say */
	f = filled(r, ROUNDS, TG_UNIT_TSC);
	e = tg_estimate_rounds(ticks, ROUNDS);
	assert_int_equal(f.unit, TG_UNIT_TSC);
	assert_true(f.value == e.value && f.error == e.error);
	assert_within("ns", f.ns, f.value * 1000 / TSC_MHZ, 1e-10);
	assert_true(f.rounds[3].value == r[3].value && f.rounds[3].median == r[3].median);
	unfill(&f);
}

static void figure_in_insns(void **state)
{
	struct tg_reading r[3];
	struct tg_figure f;

	(void)state;
	for (size_t i = 0; i < NR(r); i++)
		r[i] = (struct tg_reading){ .value = 17, .median = 17, .imul = 1, .add = 1,
					    .kept = 10 };
	f = filled(r, NR(r), TG_UNIT_INSNS);
	assert_int_equal(f.unit, TG_UNIT_INSNS);
	assert_true(f.value == 17 && f.error == 0 && isnan(f.ns));
	assert_false(f.quick);
	assert_int_equal(f.status, TG_OK);
	unfill(&f);
	f = filled(r, 1, TG_UNIT_INSNS);
	assert_true(f.value == 17 && isnan(f.error) && isnan(f.ns));
	assert_false(f.quick);
	assert_int_equal(f.status, TG_OK);
	unfill(&f);
}

static void quick_figures(void **state)
{
	struct tg_reading r[64];
	uint64_t seed = 22;

	(void)state;
	steady(r, NR(r), 1.3, 3, &seed);
	for (size_t n = 1; n <= NR(r); n++) {
		struct tg_figure f = filled(r, n, TG_UNIT_CYCLES);

		assert_int_equal(f.quick, n < TG_FULL_ROUNDS);
		/* one round does not know its error: the figure stands, without */
		assert_int_equal(isnan(f.error), n == 1);
		assert_int_equal(f.status, TG_OK);
		unfill(&f);
		f = filled(r, n, TG_UNIT_TSC);
		assert_int_equal(f.quick, n < TG_FULL_ROUNDS);
		unfill(&f);
	}
}

/* Twelve rounds whose middle half lies within 0.5 %, or a quarter of a cycle. */
static void steady_rows(void **state)
{
	static const struct {
		double centre, step;	/* cycles; of 16 readings this far apart */
		bool steady;
	} cases[] = {
		{ 1000, 0.6, true }, { 1000, 0.7, false },
		{ 100, 0.06, true }, { 100, 0.07, false },
		{ 3, 0.03, true }, { 3, 0.04, false }, { -1000, 0.6, true }, { 0, 0.03, true },
		{ 0, 0.04, false },
	};
	struct tg_reading r[16] = { { 0 } };

	(void)state;
	for (size_t c = 0; c < NR(cases); c++) {
		for (size_t i = 0; i < NR(r); i++) {
			/* the clock's rate is each reading's own */
			r[i].imul = i % 2 ? 2.0 : 1.5;
			r[i].value = (cases[c].centre + cases[c].step * (i * 7 % 16 - 7.5)) *
				     r[i].imul / TG_IMUL_CYCLES;
		}
		if (tg_steady(r, NR(r)) != cases[c].steady)
			fail_msg("case %zu", c);
	}
	for (size_t i = 0; i < NR(r); i++)
		r[i].value = r[i].imul;
	for (size_t n = 0; n <= NR(r); n++)
		assert_int_equal(tg_steady(r, n), n >= TG_FULL_ROUNDS);
	/* outliers do not count, what is no number is not steady */
	r[0].value = r[1].value = 100;
	assert_true(tg_steady(r, NR(r)));
	r[0].value = NAN;
	assert_false(tg_steady(r, NR(r)));
}

/* A figure below its error is not resolvable, also a negative one; never clamped. */
static void not_resolvable(void **state)
{
	static const double centres[] = { -40, -3, -0.2, 0, 0.2, 3, 40 };
	struct tg_reading r[ROUNDS];
	bool seen[2] = { false, false };
	uint64_t seed = 23;

	(void)state;
	for (size_t c = 0; c < NR(centres); c++) {
		for (int k = 0; k < 20; k++) {
			struct tg_figure f;
			bool lost;

			steady(r, ROUNDS, 1, 3, &seed);
			for (int i = 0; i < ROUNDS; i++)
				r[i].value = centres[c] + 4 * (uniform(&seed) - 0.25);
			f = filled(r, ROUNDS, TG_UNIT_TSC);
			lost = fabs(f.value) < f.error;
			assert_int_equal(f.status, lost ? TG_NOT_RESOLVABLE : TG_OK);
			assert_within("value", f.value, centres[c], 2);
			assert_null(f.reason);
			assert_int_equal(f.nr_rounds, ROUNDS);
			if (fabs(centres[c]) == 40)
				assert_false(lost);
			seen[lost] = true;
			unfill(&f);
		}
	}
	assert_true(seen[0] && seen[1]);
	/* nothing, and surely so: 0 +- 0 is resolved */
	steady(r, ROUNDS, 1, 3, &seed);
	for (int i = 0; i < ROUNDS; i++)
		r[i].value = 0;
	struct tg_figure f = filled(r, ROUNDS, TG_UNIT_TSC);

	assert_true(f.value == 0 && f.error == 0);
	assert_int_equal(f.status, TG_OK);
	unfill(&f);
}

/* No number: a figure that failed and says so, with nothing a report would refuse. */
static void assert_failed(struct tg_figure *f)
{
	assert_int_equal(f->status, TG_FAILED);
	assert_true(isnan(f->value) && isnan(f->error) && isnan(f->ns));
	assert_int_equal(f->nr_rounds, 0);
	assert_true(f->reason && *f->reason && !strchr(f->reason, '\n'));
	unfill(f);
}

static void readings_without_a_number(void **state)
{
	struct tg_reading r[ROUNDS];
	struct tg_figure f;
	uint64_t seed = 24;

	(void)state;
	for (int at = 0; at < ROUNDS; at += ROUNDS - 1) {
		steady(r, ROUNDS, 1.3, 3, &seed);
		r[at].value = NAN;
		for (int unit = 0; unit < TG_NR_UNITS; unit++) {
			f = filled(r, ROUNDS, unit);
			assert_failed(&f);
		}
	}
	f = filled(NULL, 0, TG_UNIT_CYCLES);
	assert_failed(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calibrates_cycles),
		cmocka_unit_test(refuses_other_chains),
		cmocka_unit_test(instruction_counter),
		cmocka_unit_test(busy_sibling),
		cmocka_unit_test(nothing_to_calibrate),
		cmocka_unit_test(figure_in_cycles),
		cmocka_unit_test(figure_in_insns),
		cmocka_unit_test(quick_figures),
		cmocka_unit_test(steady_rows),
		cmocka_unit_test(not_resolvable),
		cmocka_unit_test(readings_without_a_number),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("figure", tests, NULL, NULL) ? 1 : 0;
}
