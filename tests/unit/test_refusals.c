/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What refuses what (refusals.h), machine by machine: those that no emulator here
 * can be stand beside those that guests try (tests/vm/armed.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <tollgate/refusals.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))

/* Words of the one line, or NULL: it runs. */
static const struct {
	const char *machine;
	__u32 facts;
	const char *body, *stub, *quiet;
} machines[] = {
	{ "a plain one", 0, NULL, NULL, NULL },
	{ "pti=on", TG_FACT_PTI, NULL, "pti=off", "pti=off" },
	{ "FRED", TG_FACT_FRED, NULL, "fred=off", "fred=off" },
	{ "Xen PV", TG_FACT_XENPV, "HVM or PVH", "HVM or PVH", "HVM or PVH" },
	{ "SEV-ES", TG_FACT_SEV_ES, NULL, "#VC", "#VC" },
	{ "TDX", TG_FACT_TDX, NULL, "#VE", "#VE" },
	{ "kCFI", TG_FACT_CFI, "CONFIG_CFI", "CONFIG_CFI", "CONFIG_CFI" },
	{ "no RDTSCP", TG_FACT_NO_RDTSCP, "RDTSCP", "RDTSCP", "RDTSCP" },
	{ "KVM", TG_FACT_KVM, NULL, "rmmod kvm_intel", "rmmod kvm_intel" },
	{ "lockdown", TG_FACT_LOCKDOWN, NULL, "lockdown=", "lockdown=" },
	{ "no notifiers", TG_FACT_NO_NOTIFIERS, NULL, "CONFIG_PREEMPT_NOTIFIERS",
	  "CONFIG_PREEMPT_NOTIFIERS" },
	{ "nohz_full", TG_FACT_NOHZ_FULL, NULL, "another CPU", "another CPU" },
	{ "an 8259", TG_FACT_EXTINT, NULL, NULL, "ExtINT" },
	{ "Xen HVM, PVH", TG_FACT_XEN_HVM, NULL, NULL, "past CR8" },
	{ "no APIC", TG_FACT_NO_APIC, NULL, NULL, "nolapic" },
	{ "a 32-bit task", TG_FACT_TASK32, NULL, "64-bit program", "64-bit program" },
	{ "ptrace", TG_FACT_PTRACE, NULL, "ptrace", "ptrace" },
	{ "seccomp", TG_FACT_SECCOMP, NULL, "seccomp", "seccomp" },
	{ "audit", TG_FACT_AUDIT, NULL, "audit=0", "audit=0" },
	{ "other system call work", TG_FACT_SYSCALL_WORK, NULL, "tracepoints", "tracepoints" },
	/* several: what no boot parameter helps against, then the machine, then the task */
	{ "FRED in TDX", TG_FACT_FRED | TG_FACT_TDX, NULL, "#VE", "#VE" },
	{ "Xen PV with PTI", TG_FACT_XENPV | TG_FACT_PTI, "HVM", "HVM", "HVM" },
	{ "PTI, traced", TG_FACT_PTI | TG_FACT_PTRACE, NULL, "pti=off", "pti=off" },
	{ "KVM, ExtINT", TG_FACT_KVM | TG_FACT_EXTINT, NULL, "rmmod", "rmmod" },
	{ "seccomp, ExtINT", TG_FACT_SECCOMP | TG_FACT_EXTINT, NULL, "seccomp", "ExtINT" },
};

static void assert_told(const char *machine, const char *what, const char *said, const char *words)
{
	if (!said != !words || (said && !strstr(said, words)))
		fail_msg("%s: %s: '%s', wanted '%s'", machine, what, said ? said : "runs",
			 words ? words : "runs");
}

static void every_machine(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(machines); i++) {
		const char *machine = machines[i].machine;
		__u32 facts = machines[i].facts;

		assert_told(machine, "body", tg_refusal(facts, TG_USE_BODY), machines[i].body);
		assert_told(machine, "stub", tg_refusal(facts, TG_USE_STUB), machines[i].stub);
		assert_told(machine, "quiet", tg_refusal(facts, TG_USE_STUB | TG_USE_QUIET),
			    machines[i].quiet);
	}
}

/* Every fact is in the table, says one line, and keeps something from running. */
static void every_fact(void **state)
{
	(void)state;
	for (int bit = 0; bit < TG_NR_FACTS; bit++) {
		const char *why = tg_refusal(1u << bit, TG_USE_BODY | TG_USE_STUB | TG_USE_QUIET);
		int seen = 0;

		assert_non_null(why);
		assert_in_range(strlen(why), 10, 200);
		assert_null(strpbrk(why, "\n\t"));
		for (size_t i = 0; i < NR(machines); i++)
			seen += machines[i].facts == 1u << bit;
		if (seen != 1)
			fail_msg("%s: in the table %d times", why, seen);
		/* what keeps bodies away keeps stubs away */
		assert_true(!tg_refusal(1u << bit, TG_USE_BODY) ||
			    tg_refusal(1u << bit, TG_USE_STUB));
	}
	assert_null(tg_refusal(~0u, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_machine),
		cmocka_unit_test(every_fact),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL) ? 1 : 0;
}
