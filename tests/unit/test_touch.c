// SPDX-License-Identifier: GPL-2.0
/* Crossings begin with the extended registers that their axis touch claims. */
#include "crossing_testing.h"

/* XINUSE: components that are not in their initial configuration (XGETBV, ECX = 1). */
static __u64 in_use(void)
{
	__u32 lo, hi;

	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (1));
	return lo | (__u64)hi << 32;
}

static void dirty_avx512(void)
{
	asm volatile("vpternlogd $0xff, %%zmm1, %%zmm1, %%zmm1\n\t"
		     "vpternlogd $0xff, %%zmm17, %%zmm17, %%zmm17\n\t"
		     "kxnorw %%k1, %%k1, %%k1" : : : "xmm1");
}

#define YMM_AND_ABOVE	0xe4ULL		/* AVX, opmask, ZMM_Hi256, Hi16_ZMM */

/* Whether a call of a row leaves the components in use that its name says. */
static void touches(const char *name, __u64 mask, __u64 want)
{
	struct tg_sampler s;
	__u64 used;
	__u32 r[4];

	tg_cpuid(0xd, 1, r);
	if (!(tg_cpu_features() & TG_NEED_XSAVE) || !(r[0] & (1 << 2)))
		skip();
	begin_or_skip(name, &s);
	if ((host.xcr0 & YMM_AND_ABOVE) == YMM_AND_ABOVE) {
		dirty_avx512();
		assert_int_equal(in_use() & YMM_AND_ABOVE, YMM_AND_ABOVE);
	}
	call(&s, TG_HI);
	used = in_use();
	tg_crossing_end();
	rest_fpu(rested());
	if ((used & mask) != want)
		fail_msg("%s: XINUSE = 0x%llx", name, (unsigned long long)used);
}

#define TOUCH_TESTS(row)							\
static void row##_init(void **state)						\
{										\
	(void)state;								\
	touches("crossing/" #row "@r3", YMM_AND_ABOVE | TG_XFEATURE_AMX, 0);	\
}										\
static void row##_avx512(void **state)						\
{										\
	(void)state;								\
	touches("crossing/" #row ":avx512@r3", YMM_AND_ABOVE | TG_XFEATURE_AMX,	\
		YMM_AND_ABOVE);							\
}										\
static void row##_amx(void **state)						\
{										\
	(void)state;								\
	touches("crossing/" #row ":amx@r3", YMM_AND_ABOVE | TG_XFEATURE_AMX,	\
		TG_XFEATURE_AMX);						\
}
TOUCH_TESTS(syscall_null)
TOUCH_TESTS(signal_usr1)
TOUCH_TESTS(switch_pipe)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syscall_null_init), cmocka_unit_test(syscall_null_avx512),
		cmocka_unit_test(syscall_null_amx),
		cmocka_unit_test(signal_usr1_init), cmocka_unit_test(signal_usr1_avx512),
		cmocka_unit_test(signal_usr1_amx),
		cmocka_unit_test(switch_pipe_init), cmocka_unit_test(switch_pipe_avx512),
		cmocka_unit_test(switch_pipe_amx),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, pin, NULL);
}
