// SPDX-License-Identifier: GPL-2.0
/*
 * mod/fpu_state.c without the checker, as ring 3 and ring 0 use it: the registers
 * are a number, and every operation is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
	int value;
} tgf_area_t, tgf_regs_t, tgf_frame_t;
typedef unsigned char tgf_pkru_t;

#include <tollgate/fpu_plain.h>
#include <tollgate/fpu_state.h>

static struct {
	int saves, loads, ts, set_ts, faulted_in;
	enum tgf_copy save[2];		/* what the next attempts give */
	unsigned char pkru;
} did;
static tgf_frame_t frame;

static enum tgf_copy next_copy(void)
{
	enum tgf_copy copied = did.save[0];

	did.save[0] = did.save[1];
	return copied;
}

static enum tgf_copy frame_save(const struct tgf_cpu *cpu)
{
	enum tgf_copy copied = next_copy();

	if (copied == TGF_COPIED)
		frame.value = cpu->regs.value;
	return copied;
}

static enum tgf_copy frame_restore(struct tgf_cpu *cpu)
{
	enum tgf_copy copied = next_copy();

	cpu->regs.value = copied == TGF_COPIED ? frame.value : -1;
	return copied;
}

#define TGF_XSAVE(cpu, fpu)		((fpu)->area.value = (cpu)->regs.value, did.saves++)
#define TGF_XSAVE_AS(cpu, from, to)	((void)(from), TGF_XSAVE(cpu, to))
#define TGF_XRSTOR(cpu, fpu)		((cpu)->regs.value = (fpu)->area.value, did.loads++)
#define TGF_XINIT(cpu, fpu)		((void)(fpu), (cpu)->regs.value = 0)
#define TGF_AREA_INIT(fpu)		((fpu)->area.value = 0)
#define TGF_AREA_COPY(from, to)		((to)->area = (from)->area)
#define TGF_AREA_READ(fpu)		(frame = (tgf_frame_t){ (fpu)->area.value })
#define TGF_AREA_WRITE(fpu)		((fpu)->area.value = 77)
#define TGF_FRAME_SAVE(cpu, fpu)	frame_save(cpu)
#define TGF_FRAME_RESTORE(cpu, fpu)	frame_restore(cpu)
#define TGF_FAULT_IN(fpu)		(did.faulted_in++)
#define TGF_CLTS(cpu)			((void)(cpu), did.ts = 0, did.set_ts++)
#define TGF_STTS(cpu)			((void)(cpu), did.ts = 1, did.set_ts++)
#define TGF_RDPKRU(cpu)			((void)(cpu), did.pkru)
#define TGF_WRPKRU(cpu, value)		((void)(cpu), did.pkru = (value))
#define TGF_PKRU_INIT			0
#define TGF_LOCK()			do { } while (0)
#define TGF_UNLOCK()			do { } while (0)

#include "../../mod/fpu_state.c"

static struct tgf_cpu cpu;
static struct tgf_fpu a, b, guest;

static int set_up(void **state)
{
	(void)state;
	memset(&did, 0, sizeof(did));
	cpu = (struct tgf_cpu){ .mirror = 1 };
	did.ts = 1;
	a = (struct tgf_fpu){ .area = { 1 }, .last_cpu = TGF_NOWHERE };
	b = (struct tgf_fpu){ .area = { 2 }, .last_cpu = TGF_NOWHERE };
	guest = (struct tgf_fpu){ .area = { 3 }, .last_cpu = TGF_NOWHERE };
	return 0;
}

/* To a task's user mode, where it finds was in the registers and leaves is. */
#define RUN(p, fpu, was, is)								\
	do {										\
		tgf_##p##_switch_in(&cpu, fpu);						\
		assert_int_equal(tgf_##p##_exit_user(&cpu, fpu), TGF_DONE);		\
		if (TGF_IS_LAZY_##p && did.ts)						\
			tgf_##p##_nm(&cpu, fpu);					\
		assert_int_equal(cpu.regs.value, was);					\
		cpu.regs.value = (is);							\
	} while (0)

enum {
	TGF_IS_LAZY_eager = 0, TGF_IS_LAZY_eager_skip = 0, TGF_IS_LAZY_deferred = 0,
	TGF_IS_LAZY_refresh = 0, TGF_IS_LAZY_deferred_skip = 0,
	TGF_IS_LAZY_deferred_skip_owner = 0, TGF_IS_LAZY_lazy_ts = 1,
	TGF_IS_LAZY_lazy_ts_mirror = 1, TGF_IS_LAZY_lazy_counter = 1
};

/* Two users in turn, a kernel thread, a section, a guest, a signal, fork, a tracer. */
#define TEST(id, p, what)								\
static void p##_keeps_registers(void **state)						\
{											\
	(void)state;									\
	RUN(p, &a, 1, 11);								\
	tgf_##p##_switch_out(&cpu, &a);							\
	RUN(p, &b, 2, 22);								\
	tgf_##p##_switch_out(&cpu, &b);							\
	RUN(p, &a, 11, 12);								\
	tgf_##p##_switch_out(&cpu, &a);							\
	tgf_##p##_switch_in(&cpu, NULL);						\
	tgf_##p##_kernel_begin(&cpu, NULL);						\
	assert_false(tgf_kernel_usable(&cpu));						\
	cpu.regs.value = 99;								\
	tgf_##p##_kernel_end(&cpu, NULL);						\
	RUN(p, &a, 12, 13);								\
	tgf_##p##_kernel_begin(&cpu, &a);						\
	cpu.regs.value = 99;								\
	tgf_##p##_kernel_end(&cpu, &a);							\
	tgf_##p##_guest_load(&cpu, &a, &guest);						\
	assert_int_equal(cpu.regs.value, 3);						\
	cpu.regs.value = 33;								\
	tgf_##p##_guest_put(&cpu, &a, &guest);						\
	assert_int_equal(guest.area.value, 33);						\
	did.save[0] = TGF_ABSENT;							\
	assert_int_equal(tgf_##p##_signal_save(&cpu, &a), TGF_DONE);			\
	assert_int_equal(did.faulted_in, 1);						\
	assert_int_equal(frame.value, 13);						\
	tgf_##p##_switch_out(&cpu, &a);							\
	RUN(p, &a, 0, 14);								\
	did.save[0] = TGF_ABSENT;							\
	assert_int_equal(tgf_##p##_signal_restore(&cpu, &a), TGF_DONE);			\
	assert_int_equal(did.faulted_in, 2);						\
	tgf_##p##_switch_out(&cpu, &a);							\
	RUN(p, &a, 13, 15);								\
	assert_int_equal(tgf_##p##_read_own(&cpu, &a), TGF_DONE);			\
	assert_int_equal(frame.value, 15);						\
	assert_int_equal(tgf_##p##_fork(&cpu, &a, &b), TGF_DONE);			\
	assert_int_equal(tgf_##p##_write_own(&cpu, &a), TGF_DONE);			\
	tgf_##p##_switch_out(&cpu, &a);							\
	RUN(p, &b, 15, 25);								\
	tgf_##p##_switch_out(&cpu, &b);							\
	RUN(p, &a, 77, 16);								\
	did.save[0] = TGF_BAD;								\
	assert_int_equal(tgf_##p##_signal_save(&cpu, &a), TGF_DONE);			\
	tgf_##p##_switch_out(&cpu, &a);							\
	assert_int_equal(a.area.value, 16);						\
	tgf_##p##_ptrace_write(&a);							\
	RUN(p, &a, 77, 17);								\
	assert_int_equal(tgf_##p##_clear(&cpu, &a), TGF_DONE);				\
	tgf_##p##_switch_out(&cpu, &a);							\
	assert_int_equal(a.area.value, 0);						\
	RUN(p, &a, 0, 18);								\
	tgf_##p##_exit(&cpu, &a);							\
	tgf_##p##_switch_out(&cpu, &a);							\
	RUN(p, &b, 25, 26);								\
}
TGF_STRATEGIES(TEST)

/* What each is for: a kernel thread between two runs of one user. */
#define LOADS(p)									\
	({										\
		set_up(NULL);								\
		RUN(p, &a, 1, 11);							\
		did.loads = 0;								\
		tgf_##p##_switch_out(&cpu, &a);						\
		tgf_##p##_switch_in(&cpu, NULL);					\
		RUN(p, &a, 11, 12);							\
		did.loads;								\
	})

static void loads_are_skipped_where_they_can_be(void **state)
{
	(void)state;
	assert_int_equal(LOADS(eager), 1);
	assert_int_equal(LOADS(eager_skip), 0);
	assert_int_equal(LOADS(deferred), 1);
	assert_int_equal(LOADS(refresh), 1);
	assert_int_equal(LOADS(deferred_skip), 0);
	assert_int_equal(LOADS(deferred_skip_owner), 0);
	assert_int_equal(LOADS(lazy_ts), 0);
}

/* A tracer's stop, a core dump: the registers are read, and the task goes on. */
static void refresh_loads_after_a_read(void **state)
{
	(void)state;
	RUN(deferred, &a, 1, 11);
	did.loads = 0;
	tgf_deferred_read_own(&cpu, &a);
	tgf_deferred_exit_user(&cpu, &a);
	assert_int_equal(did.loads, 0);
	tgf_refresh_read_own(&cpu, &a);
	tgf_refresh_exit_user(&cpu, &a);
	assert_int_equal(did.loads, 1);
}

/* A guest re-entered with nobody else's registers in between is not loaded again. */
static void only_an_owner_spares_the_guest(void **state)
{
	(void)state;
	tgf_deferred_skip_owner_switch_in(&cpu, &a);
	for (int i = 0; i < 3; i++) {
		tgf_deferred_skip_owner_guest_load(&cpu, &a, &guest);
		tgf_deferred_skip_owner_guest_put(&cpu, &a, &guest);
	}
	assert_int_equal(did.loads, 1);
	set_up(NULL);
	tgf_deferred_skip_switch_in(&cpu, &a);
	for (int i = 0; i < 3; i++) {
		tgf_deferred_skip_guest_load(&cpu, &a, &guest);
		tgf_deferred_skip_guest_put(&cpu, &a, &guest);
	}
	assert_int_equal(did.loads, 3);
}

/* Tasks that never use the registers: each switch sets CR0.TS, the mirror once. */
static void the_mirror_spares_writes(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		tgf_lazy_ts_switch_in(&cpu, i & 1 ? &a : &b);
		tgf_lazy_ts_switch_out(&cpu, i & 1 ? &a : &b);
	}
	assert_int_equal(did.set_ts, 4);
	set_up(NULL);
	for (int i = 0; i < 4; i++) {
		tgf_lazy_ts_mirror_switch_in(&cpu, i & 1 ? &a : &b);
		tgf_lazy_ts_mirror_switch_out(&cpu, i & 1 ? &a : &b);
	}
	assert_int_equal(did.set_ts, 0);
}

/* After TGF_HOT_USES uses in a row no #NM comes any more. */
static void the_counter_loads_at_the_switch(void **state)
{
	int traps = 0, first = 0;

	(void)state;
	for (int i = 1; i <= 10; i++) {
		tgf_lazy_counter_switch_in(&cpu, &a);
		if (did.ts) {
			traps++;
			tgf_lazy_counter_nm(&cpu, &a);
		} else if (!first) {
			first = i;
		}
		tgf_lazy_counter_switch_out(&cpu, &a);
		tgf_lazy_counter_switch_in(&cpu, &b);
		tgf_lazy_counter_nm(&cpu, &b);
		b.uses = 0;
		tgf_lazy_counter_switch_out(&cpu, &b);
	}
	assert_int_equal(traps, TGF_HOT_USES + 1);
	assert_int_equal(first, TGF_HOT_USES + 2);
	/* nor for 256 in all; then as in the beginning, over and over */
	for (int i = 11; i <= 3 * 256; i++) {
		tgf_lazy_counter_switch_in(&cpu, &a);
		if (did.ts) {
			traps++;
			tgf_lazy_counter_nm(&cpu, &a);
		}
		tgf_lazy_counter_switch_out(&cpu, &a);
		if (i == 256)
			assert_int_equal(traps, TGF_HOT_USES + 1);
		tgf_lazy_counter_switch_in(&cpu, NULL);
	}
	assert_int_equal(traps, 3 * (TGF_HOT_USES + 1));
	/* once without */
	tgf_lazy_counter_switch_in(&cpu, &a);
	a.active = 0;
	tgf_lazy_counter_switch_out(&cpu, &a);
	assert_int_equal(a.uses, 0);
}

int main(void)
{
#define ROW(id, p, what)	cmocka_unit_test_setup(p##_keeps_registers, set_up),
	const struct CMUnitTest tests[] = {
		TGF_STRATEGIES(ROW)
		cmocka_unit_test_setup(loads_are_skipped_where_they_can_be, set_up),
		cmocka_unit_test_setup(refresh_loads_after_a_read, set_up),
		cmocka_unit_test_setup(only_an_owner_spares_the_guest, set_up),
		cmocka_unit_test_setup(the_mirror_spares_writes, set_up),
		cmocka_unit_test_setup(the_counter_loads_at_the_switch, set_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
