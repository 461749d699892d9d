// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's honesty: built for ring 3, the source that also runs in ring 0
 * must recover known bodies within 0.2 cycle on real silicon, by each method.
 * k dependent IMULs take 3k cycles.
 *
 * The machine may be shared: the median of ATTEMPTS attempts counts, if they
 * agree.
 */
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../bench/ring3.c"
#include "reading.h"

#define ROUNDS		20
#define SAMPLES		1000
#define ATTEMPTS	5
#define WITHIN		0.2
/*
 * Right after a VM exit the bracket's code is fetched and decoded anew: one
 * IMUL and k of them differ by that as well, by up to 0.9 cycle on one EPYC.
 */
#define WITHIN_COLD	1.0
#define LOOPS		16

#define KNOWN(k)								\
	extern tg_seq_fn known_chain_hi_##k, known_chain_lo_##k, known_armed_hi_##k,	\
		known_armed_lo_##k, known_armed_prep_hi_##k, known_armed_prep_lo_##k,	\
		known_first_new_##k, known_shot_hi_##k, known_exit_hi_##k;
KNOWN(1) KNOWN(4) KNOWN(16)
extern tg_seq_fn known_first_old, known_shot_lo, known_exit_lo;

struct known {
	int k;
	tg_seq_fn *hi, *lo, *prep_hi, *prep_lo, *first_new;
	int block;
	bool shot;
};

/* One figure of a known body, in cycles: the way a run makes it. */
static double recover(const struct known *b)
{
	struct tg_point p = { .exp = TG_EXP_insn_imul, .ring = 3 };
	struct tg_reading r[ROUNDS];
	struct tg_figure f = { 0 };
	struct tg_calibration cal = { 0 };
	static double level;
	uint64_t step = tg_ring3_tsc_step();
	int boots[ROUNDS] = { 0 }, i;
	char why[256];
	double v;

	host_init();
	assert_int_equal(use_node(-1, why, sizeof(why)), 0);
	for (i = 0; i < ROUNDS; i++) {
		struct tg_sampler s = { .random = TG_BOOTSTRAP_SEED };
		struct tg_samples out = { 0 };
		struct tg_args once = { .loops = 1 };

		tg_prepare(&s, &p, &host, SAMPLES, LOOPS, TG_CAL_LOOPS);
		s.series[TG_HI].fn = b->hi;
		s.series[TG_LO].fn = b->lo;
		if (b->shot) {
			tg_add_series(&s, TG_HI, b->hi, &once, TG_FIRST_SHARE * SAMPLES);
			tg_add_series(&s, TG_LO, b->lo, &once, TG_FIRST_SHARE * SAMPLES);
		}
		if (b->prep_hi) {
			tg_add_series(&s, TG_PREP_HI, b->prep_hi, &s.series[TG_HI].args, SAMPLES);
			tg_add_series(&s, TG_PREP_LO, b->prep_lo, &s.series[TG_HI].args, SAMPLES);
		}
		if (b->first_new) {
			/* single shots need the samples that loops would save */
			tg_add_series(&s, TG_FIRST_NEW, b->first_new, &once,
				      TG_FIRST_SHARE * SAMPLES);
			tg_add_series(&s, TG_FIRST_OLD, known_first_old, &once,
				      TG_FIRST_SHARE * SAMPLES);
		}
		if (!level)
			level = tg_canary_level(step);
		tg_canary_arm(&s.canary, level, step, false);
		if (!take_samples(&s, NULL, &out, why, sizeof(why)))
			fail_msg("%s", why);
		out.copies = b->shot ? 1 : LOOPS * b->block;
		out.fenced = b->prep_hi || b->shot;
		out.cal_copies = TG_CAL_LOOPS * tg_block(TG_FAMILY_insn);
		assert_int_equal(tg_reduce(&out, step, &r[i]), 0);
		tg_samples_free(&out);
	}
	tg_calibrate(r, ROUNDS, step, &cal);
	assert_int_equal(tg_fill_figure(&f, r, boots, ROUNDS, TG_UNIT_CYCLES, 1000), 0);
	v = f.value;
	free(f.rounds);
	free(cal.note);
	return v;
}

/* QEMU's TCG has no cycles to recover; whatever else runs this must. */
static bool emulated(void)
{
	__u32 r[4];

	tg_cpuid(1, 0, r);
	if (!(r[2] & (1U << 31)))
		return false;
	tg_cpuid(0x40000000, 0, r);
	return !memcmp(&r[1], "TCGTCGTCGTCG", 12);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The body must come out at want cycles: the median of five attempts. Attempts
 * that differ among themselves by more than what they are to show have met a
 * busy neighbour: no verdict. An engine that is wrong is so every time.
 */
static void check(const struct known *b, double want, double within)
{
	double v[ATTEMPTS];
	int i;

	if (emulated()) {
		print_message("# QEMU TCG: no cycles\n");
		skip();
	}
	for (i = 0; i < ATTEMPTS; i++) {
		v[i] = recover(b);
		print_message("# k = %d: %.3f cycles, %.0f expected\n", b->k, v[i], want);
		usleep(20000);
	}
	qsort(v, ATTEMPTS, sizeof(*v), ascending);
	if (fabs(v[ATTEMPTS / 2] - want) <= within)
		return;
	if (v[ATTEMPTS - 2] - v[1] > WITHIN) {
		print_message("# a busy neighbour: the middle three of %d are %.3f apart\n",
			      ATTEMPTS, v[ATTEMPTS - 2] - v[1]);
		skip();
	}
	fail_msg("k = %d: median %.3f cycles, expected %.0f +- %.1f", b->k, v[ATTEMPTS / 2], want,
		 within);
}

#define ALL_K(X) X(1) X(4) X(16)

#define SLOPE_TEST(k)								\
static void slope_##k(void **state)						\
{										\
	struct known b = { k, known_chain_hi_##k, known_chain_lo_##k, .block = 64 };	\
										\
	(void)state;								\
	check(&b, 3 * k, WITHIN);							\
}
ALL_K(SLOPE_TEST)

/* The body between fences, less an IMUL between the same fences, plus an IMUL. */
#define REARM_TEST(k)								\
static void rearm_##k(void **state)						\
{										\
	struct known b = { k, known_armed_hi_##k, known_armed_lo_##k,		\
			   known_armed_prep_hi_##k, known_armed_prep_lo_##k, .block = 8 };	\
										\
	(void)state;								\
	check(&b, 3 * k, WITHIN);							\
}
ALL_K(REARM_TEST)

/*
 * PAIR: the slope of one IMUL, 3, and the difference of two single shots, 3k. On
 * a coarse clock single shots tell of the core's middle speed, while the p5 of
 * the long chains that calibrate picks its faster moments, up to 0.5 %: PAIR is
 * for differences of a few cycles, where that is nothing.
 */
#define PAIR_TEST(k)								\
static void pair_##k(void **state)						\
{										\
	struct known b = { k, known_chain_hi_1, known_chain_lo_1,		\
			   .first_new = known_first_new_##k, .block = 64 };	\
										\
	(void)state;								\
	check(&b, 3 + 3 * k, WITHIN + 0.005 * 3 * k);				\
}
ALL_K(PAIR_TEST)

/* SHOT: one shot of the body, less one of an IMUL between the same fences, plus an IMUL. */
#define SHOT_TEST(k)								\
static void shot_##k(void **state)						\
{										\
	struct known b = { k, known_shot_hi_##k, known_shot_lo, .shot = true };	\
										\
	(void)state;								\
	check(&b, 3 * k, WITHIN);						\
}
ALL_K(SHOT_TEST)

/* The same where the hypervisor was in just before. */
#define EXIT_TEST(k)								\
static void exit_##k(void **state)						\
{										\
	struct known b = { k, known_exit_hi_##k, known_exit_lo, .shot = true };	\
										\
	(void)state;								\
	check(&b, 3 * k, WITHIN_COLD);						\
}
ALL_K(EXIT_TEST)

/* A histogram with clusters from at[i] to at[i] + width. */
static uint64_t step_of(const int *at, size_t n, int width)
{
	uint32_t seen[512] = { 0 };
	size_t i;
	int w;

	for (i = 0; i < n; i++)
		for (w = 0; w <= width; w++)
			seen[at[i] + w] = 100;
	return tg_tsc_step(seen, 512, 32);
}

#define STEP_OF(width, ...) \
	step_of((const int[]){ __VA_ARGS__ }, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int), width)

/* Only a comb is a clock's step; modes of a bracket, or any one cluster, are not. */
static void tsc_step(void **state)
{
	(void)state;
	assert_int_equal(STEP_OF(0, 26, 52, 78, 104, 130), 26);
	assert_int_equal(STEP_OF(0, 10, 12, 14, 16, 18, 20), 2);
	assert_int_equal(STEP_OF(1, 25, 51, 77, 103), 27);	/* scaled: 25 or 26 */
	assert_int_equal(STEP_OF(0, 24, 49, 73, 98), 25);	/* 24.5 */
	assert_int_equal(STEP_OF(3, 40, 90), 1);		/* two modes */
	assert_int_equal(STEP_OF(2, 40, 90, 110, 200), 1);	/* four, unequal */
	assert_int_equal(STEP_OF(200, 10), 1);			/* a fine clock */
	assert_int_equal(STEP_OF(0, 52), 1);
	assert_int_equal(step_of(NULL, 0, 0), 1);
}

/* Here and now: the witness works on every CPU this was written for. */
static void witness(void **state)
{
	(void)state;
	assert_true(tg_ring3_witness());
	assert_true(tg_ring3_tsc_step() >= 1);
	assert_int_equal(tg_ring3_tsc_step(), tg_ring3_tsc_step());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tsc_step), cmocka_unit_test(witness),
		cmocka_unit_test(slope_1), cmocka_unit_test(slope_4), cmocka_unit_test(slope_16),
		cmocka_unit_test(rearm_1), cmocka_unit_test(rearm_4), cmocka_unit_test(rearm_16),
		cmocka_unit_test(pair_1), cmocka_unit_test(pair_4), cmocka_unit_test(pair_16),
		cmocka_unit_test(shot_1), cmocka_unit_test(shot_4), cmocka_unit_test(shot_16),
		cmocka_unit_test(exit_1), cmocka_unit_test(exit_4), cmocka_unit_test(exit_16),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
