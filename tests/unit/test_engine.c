// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's honesty: built for ring 3, the source that also runs in ring 0
 * must recover known bodies within 0.2 cycle on real silicon, by each method.
 * k dependent IMULs take 3k cycles.
 *
 * The machine may be shared: a whole attempt is repeated up to ATTEMPTS times.
 * An engine that is wrong stays wrong.
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
#define LOOPS		16

#define KNOWN(k)								\
	extern tg_seq_fn known_chain_hi_##k, known_chain_lo_##k, known_armed_hi_##k,	\
		known_armed_lo_##k, known_armed_prep_hi_##k, known_armed_prep_lo_##k,	\
		known_first_new_##k;
KNOWN(1) KNOWN(4) KNOWN(16)
extern tg_seq_fn known_first_old;

struct known {
	int k;
	tg_seq_fn *hi, *lo, *prep_hi, *prep_lo, *first_new;
	int block;
};

/* One figure of a known body, in cycles: the way a run makes it. */
static double recover(const struct known *b, double *ratio)
{
	struct tg_point p = { .exp = TG_EXP_insn_imul, .ring = 3 };
	struct tg_reading r[ROUNDS];
	struct tg_figure f = { 0 };
	struct tg_calibration cal = { 0 };
	uint64_t step = tg_ring3_tsc_step();
	int boots[ROUNDS] = { 0 }, i;
	char why[256];
	double v;

	assert_int_equal(host_init(why, sizeof(why)), 0);
	for (i = 0; i < ROUNDS; i++) {
		struct tg_sampler s = { .random = TG_BOOTSTRAP_SEED };
		struct tg_samples out = { 0 };
		struct tg_args once = { .loops = 1 };

		tg_prepare(&s, &p, &host, SAMPLES, LOOPS, TG_CAL_LOOPS);
		s.series[TG_HI].fn = b->hi;
		s.series[TG_LO].fn = b->lo;
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
		if (!take_samples(&s, &out, why, sizeof(why)))
			fail_msg("%s", why);
		out.copies = LOOPS * b->block;
		out.fenced = b->prep_hi;
		out.cal_copies = TG_CAL_LOOPS * tg_block(TG_FAMILY_insn);
		assert_int_equal(tg_reduce(&out, step, &r[i]), 0);
		tg_samples_free(&out);
	}
	tg_calibrate(r, ROUNDS, step, &cal);
	*ratio = cal.imul / cal.add;
	assert_int_equal(tg_fill_figure(&f, r, boots, ROUNDS, TG_UNIT_CYCLES, 1000), 0);
	v = f.value;
	free(f.rounds);
	free(cal.note);
	return v;
}

/* The body must come out at want cycles. */
static void check(const struct known *b, double want)
{
	double v = 0, ratio;
	int i;

	for (i = 0; i < ATTEMPTS; i++) {
		v = recover(b, &ratio);
		print_message("# k = %d: %.3f cycles, %.0f expected\n", b->k, v, want);
		/* where an IMUL does not take three ADDs, an emulator has no cycles to recover */
		if (fabs(ratio / TG_IMUL_CYCLES - 1) > 0.2)
			skip();
		if (fabs(v - want) <= WITHIN)
			return;
		usleep(500000);	/* the neighbour's burst may be over then */
	}
	fail_msg("k = %d: %.3f cycles, expected %.0f +- %.1f", b->k, v, want, WITHIN);
}

#define ALL_K(X) X(1) X(4) X(16)

#define SLOPE_TEST(k)								\
static void slope_##k(void **state)						\
{										\
	struct known b = { k, known_chain_hi_##k, known_chain_lo_##k, .block = 64 };	\
										\
	(void)state;								\
	check(&b, 3 * k);							\
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
	check(&b, 3 * k);							\
}
ALL_K(REARM_TEST)

/* PAIR: the slope of one IMUL, 3, and the difference of two single shots, 3k. */
#define PAIR_TEST(k)								\
static void pair_##k(void **state)						\
{										\
	struct known b = { k, known_chain_hi_1, known_chain_lo_1,		\
			   .first_new = known_first_new_##k, .block = 64 };	\
										\
	(void)state;								\
	check(&b, 3 + 3 * k);							\
}
ALL_K(PAIR_TEST)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slope_1), cmocka_unit_test(slope_4), cmocka_unit_test(slope_16),
		cmocka_unit_test(rearm_1), cmocka_unit_test(rearm_4), cmocka_unit_test(rearm_16),
		cmocka_unit_test(pair_1), cmocka_unit_test(pair_4), cmocka_unit_test(pair_16),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
