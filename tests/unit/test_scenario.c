// SPDX-License-Identifier: GPL-2.0
/*
 * fpu/scenario: what each strategy does in each scenario, counted by hand; contexts
 * that keep their registers; and faults planted in mod/fpu_state.c, which must be found.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tollgate/claims_fpu.h>
#include <tollgate/fpu_image.h>

#include "scenario.h"

int planted = TGF_NR_GUARDS;
extern tg_seq_fn *const tgs_planted[];

static struct tgs_stage *stage;	/* NULL: this CPU lacks XSAVEOPT or AVX */

/* Saves, restores, skips. */
struct did {
	int saves, restores, skips;
};

#define ALL(...)	{ __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, \
			  __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__ }
#define ONE		{ 1, 1, 0 }	/* saved, and loaded again */
#define SKIP		{ 1, 0, 1 }	/* saved, and still loaded */
#define NO		{ 0, 0, 0 }

/*
 * In so many steps, by strategy: eager, eager_skip; lazy_ts, lazy_ts_mirror, lazy_counter,
 * whose users trap or are still loaded; deferred, refresh, deferred_skip,
 * deferred_skip_owner.
 */
static const struct {
	const char *scene;
	int steps;
	struct did by[TGF_NR_STRATEGIES];
} table[] = {
	/* two users by turns: each is saved as it goes and loaded as it comes */
	{ "pingpong", 1, ALL(ONE) },
	/* nobody took the registers meanwhile: who asks for the owner loads nothing */
	{ "kthread", 1, { ONE, SKIP, SKIP, SKIP, SKIP, ONE, ONE, SKIP, SKIP } },
	{ "idle", 1, { ONE, SKIP, SKIP, SKIP, SKIP, ONE, ONE, SKIP, SKIP } },
	/* deferred: saved once, long ago, and loaded when it leaves the kernel at last */
	{ "spin", 1, { ONE, ONE, NO, NO, NO, NO, NO, NO, NO } },
	{ "enter", 1, ALL(NO) },
	/* eager: each section saves and loads; others: the first saves, the way out loads */
	{ "kernel1", 1, ALL(ONE) },
	{ "kernel2", 1, { { 2, 2, 0 }, { 2, 2, 0 }, ONE, ONE, ONE, ONE,
			    ONE, ONE, ONE } },
	{ "kernel8", 1, { { 8, 8, 0 }, { 8, 8, 0 }, ONE, ONE, ONE, ONE,
			    ONE, ONE, ONE } },
	{ "kernel64", 1, { { 64, 64, 0 }, { 64, 64, 0 }, ONE, ONE, ONE, ONE,
			    ONE, ONE, ONE } },
	/* eager loads the task after each exit, and saves it before each entry */
	{ "guest", 1, { { 2, 2, 0 }, { 2, 2, 0 }, ONE, ONE, ONE, ONE, ONE, ONE, SKIP } },
	/* guest and the other task; eager: and the vCPU's task, twice */
	{ "guest_other", 2, { { 4, 4, 0 }, { 4, 4, 0 }, { 2, 2, 0 }, { 2, 2, 0 }, { 2, 2, 0 },
			      { 2, 2, 0 }, { 2, 2, 0 }, { 2, 2, 0 }, { 2, 2, 0 } } },
	/* the frame; the handler's initial configuration, and the frame again */
	{ "signal", 2, ALL({ 1, 2, 0 }) },
	/* twice, of registers that count; refresh: then they do not, and are loaded again */
	{ "read", 1, { { 2, 0, 0 }, { 2, 0, 0 }, { 2, 0, 0 }, { 2, 0, 0 }, { 2, 0, 0 },
		       { 2, 0, 0 }, ONE, { 2, 0, 0 }, { 2, 0, 0 } } },
};

static void point(struct tg_point *p, const char *name)
{
	char err[256];

	if (tg_point_parse(name, p, err, sizeof(err)))
		fail_msg("%s", err);
}

static const char *scene_name(int scene)
{
	return tg_axes[TG_AXIS_scene].values[scene].name;
}

/* Sets a scenario up and runs it; planted: with the guard taken out. */
static void rehearse(const struct tg_point *p, int guard)
{
	struct tg_args args = { .base = (unsigned long)stage, .a0 = 64 };

	tgs_prepare(stage, p, (tg_fpu_image_size() + 63) & ~63U);
	planted = guard;
	if (guard == TGF_NR_GUARDS)
		tgs_rehearse(stage, p);
	else
		tgs_planted[TGS_VARIANT(p->value[0], p->value[1])](&args);
	/* back to registers that the C library can live with */
	asm volatile("fninit\n\tvzeroall" : : : "memory");
}

static bool can_run(const struct tg_point *p)
{
	__u64 rfbm = tg_point_axis(p, TG_AXIS_width, 0);

	return (tg_xcr0() & rfbm) == rfbm;
}

static void is_did(const char *name, struct did want, int steps)
{
	const struct tg_tally *t = &stage->tally;

	if (t->saves * steps != want.saves * t->steps ||
	    t->restores * steps != want.restores * t->steps ||
	    t->skips * steps != want.skips * t->steps)
		fail_msg("%s: %llu saves, %llu restores, %llu skips in %llu steps; expected in %d: %d, %d, %d",
			 name, t->saves, t->restores, t->skips, t->steps, steps, want.saves,
			 want.restores, want.skips);
}

/* What a use row does in TGS_VISITS visits. */
struct used {
	int saves, restores, skips, traps;
};

/*
 * The same two tasks by turns, replayed without registers, from what the lazy strategies
 * are: a task whose registers are not loaded traps when it uses them, and they are
 * loaded if the CPU holds another's. Who is switched in with registers that the CPU still
 * holds has them at once (lazy_ts), or who has used them more than five times in a row does
 * (lazy_counter), which counts as a use; a turn without any ends the row, and the count has
 * eight bits. Once over the whole pattern, then again for what is counted.
 */
static struct used replay(bool counter)
{
	int holder = 0, row[2] = { 0, 0 };
	bool loaded = false;
	struct used n = { 0 };

	for (int visit = 0; visit < 2 * TGS_VISITS; visit++) {
		int who = visit % 2, next = !who;

		if (visit == TGS_VISITS)
			n = (struct used){ 0 };
		if (!loaded && tgs_uses(stage, visit)) {
			n.traps++;
			*(holder == who ? &n.skips : &n.restores) += 1;
			holder = who;
			loaded = true;
			row[who] = (row[who] + 1) % 256;
		}
		if (loaded)
			n.saves++;
		else
			row[who] = 0;
		loaded = counter ? row[next] > 5 : holder == next;
		if (!loaded)
			continue;
		*(holder == next ? &n.skips : &n.restores) += 1;
		holder = next;
		row[next] = (row[next] + 1) % 256;
	}
	return n;
}

/* What claims_fpu.h says that lazy_counter does. */
static const struct {
	int m, restores, traps, spared;
} counted[] = {
#define RATE(m, restores, traps, spared)	{ m, restores, traps, spared }
	TG_COUNTER_RATES(RATE)
};

static void is_used(const char *name, int strategy, int scene)
{
	const int at = scene - TG_AT_scene_use1, m = 1 << at;
	bool lazy = strategy >= TGF_LAZY_TS && strategy <= TGF_LAZY_COUNTER;
	bool counter = strategy == TGF_LAZY_COUNTER;
	/* eager and deferred load at every switch, whoever uses what */
	struct used n = { TGS_VISITS, TGS_VISITS, 0, 0 };

	if (lazy)
		n = replay(counter);
	is_did(name, (struct did){ n.saves, n.restores, n.skips }, TGS_VISITS);
	if (stage->traps != (__u64)n.traps)
		fail_msg("%s: %llu traps, not %d", name, stage->traps, n.traps);
	/*
	 * a restore is for who uses registers that another used last: of visits in a random
	 * order 1 / m, times 1 / (2 - 1 / m). Whole periods mix a little less than chance does
	 */
	if (lazy && !counter && m > 1)
		assert_true(fabs(n.restores * m * (2 - 1.0 / m) / TGS_VISITS - 1) < 0.06);
	/* what fpu.counter tells beside the cycles */
	if (!counter)
		return;
	assert_int_equal(counted[at].m, m);
	assert_int_equal(counted[at].restores, n.restores);
	assert_int_equal(counted[at].traps, n.traps);
	assert_int_equal(counted[at].spared, TGS_VISITS / m - n.traps);
}

/* Every point: contexts keep their registers, and counts are those of the table. */
static void every_point(void **state)
{
	char name[TG_NAME_MAX], why[256];
	size_t checked = 0, counted = 0;
	struct tg_point p;

	(void)state;
	if (!stage)
		skip();
	assert_true(tg_point_first(&p, TG_EXP_fpu_scenario, 3));
	do {
		int scene = p.value[0], strategy = p.value[1];

		if (!can_run(&p))
			continue;
		tg_point_name(&p, name);
		rehearse(&p, TGF_NR_GUARDS);
		if (!tgs_is_right(stage, why, sizeof(why)))
			fail_msg("%s: %s", name, why);
		assert_true(stage->checks > 64 && stage->tally.steps >= 64);
		checked++;
		for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
			if (strcmp(table[i].scene, scene_name(scene)))
				continue;
			is_did(name, table[i].by[strategy], table[i].steps);
			counted++;
		}
		if (scene >= TG_AT_scene_use1) {
			is_used(name, strategy, scene);
			assert_int_equal(stage->checks, TGS_CHECKED_VISITS + 1);
			counted++;
		}
	} while (tg_point_next(&p));
	assert_true(checked >= 200);
	assert_int_equal(checked, counted);
	assert_int_equal(TG_COUNTER_VISITS, TGS_VISITS);
}

/* Whole periods: in every 16 visits 16/m touches, and not always the same. */
static void patterns(void **state)
{
	char name[TG_NAME_MAX];
	struct tg_point p;

	(void)state;
	if (!stage)
		skip();
	for (int m = 1; m <= 16; m *= 2) {
		bool same = true;

		snprintf(name, sizeof(name), "fpu/scenario:use%d:dirty@r3", m);
		point(&p, name);
		tgs_prepare(stage, &p, (tg_fpu_image_size() + 63) & ~63U);
		for (int i = 0; i < TGS_VISITS; i += 16) {
			int nr = 0;

			for (int k = 0; k < 16; k++)
				nr += tgs_uses(stage, i + k);
			assert_int_equal(nr, 16 / m);
			same &= stage->use[0] == stage->use[i / 16];
		}
		assert_true(same == (m == 1));
	}
}

/* A guard taken out, a scenario that shows it, and how. */
static const struct {
	enum tgf_guard guard;
	const char *name;
	enum tgs_fault fault;
} plants[] = {
	{ TGF_GUARD_SWITCH_SAVE, "fpu/scenario:dirty@r3", TGS_WRONG_MEMORY },
	{ TGF_GUARD_SWITCH_SAVE, "fpu/scenario:deferred_skip:dirty@r3", TGS_WRONG_MEMORY },
	{ TGF_GUARD_SWITCH_RELOAD, "fpu/scenario:deferred:dirty@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_EAGER_LOAD, "fpu/scenario:unmodified@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_SKIP_OWNER, "fpu/scenario:deferred_skip:unmodified@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_SKIP_OWNER, "fpu/scenario:use4:lazy_ts:dirty@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_KERNEL_SAVE, "fpu/scenario:kernel1:deferred:dirty@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_KERNEL_RELOAD, "fpu/scenario:kernel8:deferred@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_KERNEL_RELOAD, "fpu/scenario:kernel1:unmodified@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_KERNEL_OWNER, "fpu/scenario:kernel1:deferred_skip@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_GUEST_OWNER, "fpu/scenario:guest_other:deferred_skip:dirty@r3", TGS_WRONG_REGISTERS },
	{ TGF_GUARD_GUEST_KEEP, "fpu/scenario:guest:deferred:dirty@r3", TGS_WRONG_REGISTERS },
};

static void planted_faults(void **state)
{
	char why[256];
	struct tg_point p;

	(void)state;
	if (!stage)
		skip();
	for (size_t i = 0; i < sizeof(plants) / sizeof(*plants); i++) {
		point(&p, plants[i].name);
		/* beside it with every guard, through the same source */
		rehearse(&p, TGF_NR_GUARDS + 1);
		if (!tgs_is_right(stage, why, sizeof(why)))
			fail_msg("%s: %s", plants[i].name, why);
		rehearse(&p, plants[i].guard);
		if (stage->fault != plants[i].fault)
			fail_msg("%s without guard %d: fault %d, not %d", plants[i].name,
				 plants[i].guard, stage->fault, plants[i].fault);
		assert_false(tgs_is_right(stage, why, sizeof(why)));
		assert_true(strlen(why) > 20);
	}
}

static bool leaves_out(const char *name, const char *insn)
{
	const char *insns[TG_LEFT_OUT_MOST];
	struct tg_point p;
	size_t n;

	point(&p, name);
	n = tg_left_out((const void *)tgs_checked[TGS_VARIANT(p.value[0], p.value[1])], insns,
			TG_LEFT_OUT_MOST);
	assert_true(n > 2 && n < TG_LEFT_OUT_MOST);
	while (n--)
		if (!strcmp(insns[n], insn))
			return true;
	return false;
}

/* What the assembler noted belongs to the sequence it stands in. */
static void left_out(void **state)
{
	(void)state;
	assert_true(leaves_out("fpu/scenario@r3", "sysretq"));
	assert_true(leaves_out("fpu/scenario@r3", "wrpkru"));
	assert_false(leaves_out("fpu/scenario@r3", "hlt"));
	assert_false(leaves_out("fpu/scenario:kthread@r3", "hlt"));
	assert_true(leaves_out("fpu/scenario:idle:deferred@r3", "hlt"));
	assert_true(leaves_out("fpu/scenario:lazy_ts:dirty@r3", "#NM"));
	assert_true(leaves_out("fpu/scenario:lazy_ts:dirty@r3", "mov cr0"));
	assert_false(leaves_out("fpu/scenario:deferred:dirty@r3", "#NM"));
	assert_false(leaves_out("fpu/scenario:deferred_skip:dirty@r3", "clts"));
	assert_true(leaves_out("fpu/scenario:guest@r3", "vmresume"));
	assert_false(leaves_out("fpu/scenario:kernel1@r3", "wrpkru"));
}

static int open_stage(void **state)
{
	__u32 r[4];

	(void)state;
	tg_cpuid(1, 0, r);
	if (!(r[2] & (1U << 27)))
		return 0;
	tg_cpuid(0xd, 1, r);
	if (!(r[0] & 1) || !(tg_xcr0() & TG_XFEATURE_AVX))
		return 0;
	stage = aligned_alloc(64, sizeof(*stage));
	return stage ? 0 : -1;
}

static int close_stage(void **state)
{
	(void)state;
	free(stage);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point),
		cmocka_unit_test(patterns),
		cmocka_unit_test(planted_faults),
		cmocka_unit_test(left_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("scenarios", tests, open_stage, close_stage) ? 1 : 0;
}
