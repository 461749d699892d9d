// SPDX-License-Identifier: GPL-2.0
/* frame/rehearsal and frame/ctxsw: what each point's sequences leave behind in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../bench/ring3.c"
#include <tollgate/arm.h>
#include <tollgate/frame_blocks.h>

#define LOOPS	2

/* A frame, by its offsets: TG_PT_* of frame_blocks.h. */
static __u64 field(const struct tg_rehearsed_cpu *cpu, int offset)
{
	return ((const __u64 *)(cpu->stack_top - TG_PT_SIZE))[offset / 8];
}

static struct tg_rehearsal_room *room(void)
{
	return (struct tg_rehearsal_room *)host.room;
}

static bool in_text(__u64 address)
{
	extern const char __executable_start[], etext[];

	return address >= (unsigned long)__executable_start && address < (unsigned long)etext;
}

static enum tg_status measure(const struct tg_point *p, struct tg_samples *s, char *why, size_t len)
{
	struct tg_request q = { .node = -1, .samples = 8, .loops = LOOPS, .step = 1, .point = *p };

	return tg_ring3_measure(&q, s, why, len);
}

/* What a partial frame holds where each of its parts should be, or nothing. */
static void check_partial(const struct tg_point *p, const struct tg_rehearsed_cpu *cpu)
{
	__u64 bits = tg_point_bits(p);
	__u64 pace = tg_point_axis(p, TG_AXIS_pace, 0);
	bool has_rsp = bits & (TG_ON(frame, rsp) - TG_ON(frame, partial));
	bool has_flags = bits & (TG_ON(frame, flags) - TG_ON(frame, partial));
	bool has_rest = bits & (TG_ON(frame, rest) - TG_ON(frame, partial));

	assert_int_equal(field(cpu, TG_PT_SP), has_rsp || pace ? cpu->user_rsp : 0);
	assert_int_equal(!!field(cpu, TG_PT_FLAGS), has_flags || pace);
	assert_int_equal(!!field(cpu, TG_PT_R11), !has_flags || pace);
	assert_int_equal(field(cpu, TG_PT_CS), has_rest || pace ? TG_USER_CS : 0);
	assert_int_equal(field(cpu, TG_PT_SS), has_rest || pace ? TG_USER_DS : 0);
	assert_int_equal(field(cpu, TG_PT_CX), has_rest ? field(cpu, TG_PT_IP) : pace ? -1ULL : 0);
}

static void check_frame(const struct tg_point *p, const struct tg_rehearsed_cpu *cpu)
{
	const char *here = __builtin_frame_address(0);

	/* the sequence's own stack, below ours, is what the user's RSP was */
	assert_true(cpu->user_rsp < (unsigned long)here &&
		    cpu->user_rsp > (unsigned long)here - 65536);
	assert_true(in_text(field(cpu, TG_PT_IP)));
	assert_int_equal(field(cpu, TG_PT_ORIG_AX), TG_SYSCALL_STUB);
	assert_int_equal(field(cpu, TG_PT_AX), TG_SYSCALL_STUB);
	assert_int_equal(cpu->words[TG_WORD_PREEMPT / 4], 0);
	if (tg_point_axis(p, TG_AXIS_frame, 0) != TG_ON(frame, full)) {
		check_partial(p, cpu);
		return;
	}
	assert_int_equal(field(cpu, TG_PT_SS), TG_USER_DS);
	assert_int_equal(field(cpu, TG_PT_SP), cpu->user_rsp);
	assert_int_equal(field(cpu, TG_PT_CS), TG_USER_CS);
	assert_int_equal(field(cpu, TG_PT_CX), field(cpu, TG_PT_IP));
	assert_int_equal(field(cpu, TG_PT_FLAGS), field(cpu, TG_PT_R11));
	assert_true(field(cpu, TG_PT_FLAGS) & 2);
}

/* Which CPUs somebody was on. */
static int used(const struct tg_rehearsed_cpu **one)
{
	int n = 0;

	for (int i = 0; i < TG_CPUS; i++) {
		if (!room()->of[i].user_rsp)
			continue;
		*one = &room()->of[i];
		n++;
	}
	return n;
}

static void every_point(void **state)
{
	const struct tg_rehearsed_cpu *cpu = NULL;
	int measured = 0, skipped = 0;
	struct tg_point p;

	(void)state;
	tg_point_first(&p, TG_EXP_frame_rehearsal, 3);
	do {
		bool cold = tg_point_axis(&p, TG_AXIS_cache, 0);
		bool bare = !tg_point_axis(&p, TG_AXIS_frame, 0);
		char why[256] = "", name[TG_NAME_MAX];
		const char *out[TG_LEFT_OUT_MOST];
		struct tg_samples s;
		__u64 gs = 0;
		size_t n;

		tg_point_name(&p, name);
		switch (measure(&p, &s, why, sizeof(why))) {
		case TG_OK:
			break;
		case TG_SKIPPED:
			skipped++;
			continue;
		default:
			fail_msg("%s: %s", name, why);
		}
		measured++;
		assert_int_equal(s.copies, LOOPS * (TG_HI_frame - TG_LO_frame));
		tg_samples_free(&s);
		assert_int_equal(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs), 0);
		assert_int_equal(gs, host.scratch - host.scratch_base);
		/* hot all on one, cold each on another */
		n = used(&cpu);
		if (n != (bare ? 0 : cold ? LOOPS * TG_HI_frame : 1))
			fail_msg("%s: on %zu CPUs", name, n);
		if (n)
			check_frame(&p, cpu);
		n = tg_ring3_left_out(&p, out, TG_LEFT_OUT_MOST);
		assert_int_equal(n, (bare ? 2 : 3) + 2 * !!tg_point_axis(&p, TG_AXIS_sti, 0));
		assert_string_equal(out[0], "syscall");
		assert_string_equal(out[n - 1], "sysretq");
	} while (tg_point_next(&p));
	assert_true(measured >= 40 && measured + skipped >= 120);
}

/* A switch moves the tasks' stacks about, and the user's RSP if it is kept. */
static void every_switch(void **state)
{
	struct tg_point p;

	(void)state;
	tg_point_first(&p, TG_EXP_frame_ctxsw, 3);
	do {
		bool cold = tg_point_axis(&p, TG_AXIS_cache, 0);
		struct tg_samples s;
		char why[256] = "";
		int stacks = 0;

		if (measure(&p, &s, why, sizeof(why)) != TG_OK)
			fail_msg("%s", why);
		tg_samples_free(&s);
		for (int i = 0; i < TG_CPUS; i++)
			stacks += !!room()->of[i].thread[(TG_THREAD_SP - TG_CPU_THREAD) / 8];
		/* hot, two in turn; cold, the last has not gone again, who was before all has */
		assert_int_equal(stacks, cold ? LOOPS * TG_HI_frame - 1 : 2);
	} while (tg_point_next(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point),
		cmocka_unit_test(every_switch),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rehearsed frames", tests, NULL, NULL) ? 1 : 0;
}
