/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What keeps the module from running something: a pure function of facts, so that
 * machines nobody here has can be tried in a table. mod/refuse.c finds the facts.
 */
#ifndef TOLLGATE_REFUSALS_H
#define TOLLGATE_REFUSALS_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <linux/types.h>
#include <stddef.h>
#endif

/*
 * What a point does: BODY is called in ring 0 (irq, insn, fpu); STUB replaces
 * the system call entry of an armed task; QUIET holds interrupts back by CR8 while
 * that task is in ring 3.
 */
enum tg_use { TG_USE_BODY = 1, TG_USE_STUB = 2, TG_USE_QUIET = 4 };

/*
 * REFUSAL(fact, what it keeps from running, one line that names the way out)
 *
 * The first that holds is told: those that no boot parameter helps against come
 * first, then the machine's, the CPU's, the task's.
 */
#define TG_REFUSALS(REFUSAL)								\
	REFUSAL(CFI, TG_USE_BODY | TG_USE_STUB,						\
		"the kernel checks indirect calls (CONFIG_CFI): boot one without")	\
	REFUSAL(XENPV, TG_USE_BODY | TG_USE_STUB,					\
		"Xen PV: ring 0 is the hypervisor's; use an HVM or PVH guest")		\
	REFUSAL(NO_RDTSCP, TG_USE_BODY | TG_USE_STUB,					\
		"this CPU lacks RDTSCP (CPUID.0x80000001:EDX[27]), needed to time")	\
	REFUSAL(NO_NOTIFIERS, TG_USE_STUB,						\
		"this kernel has no CONFIG_PREEMPT_NOTIFIERS: boot one with KVM built in or as a module") \
	REFUSAL(SEV_ES, TG_USE_STUB,							\
		"SEV-ES or SNP: #VC may come where a stub has no stack; use a guest whose registers are not encrypted") \
	REFUSAL(TDX, TG_USE_STUB,							\
		"TDX: #VE may come where a stub has no stack; use a guest that is no trust domain") \
	REFUSAL(LOCKDOWN, TG_USE_STUB,							\
		"kernel lockdown: boot without lockdown= and without Secure Boot")	\
	REFUSAL(PTI, TG_USE_STUB,							\
		"page table isolation: the user's page tables lack this module; boot with pti=off") \
	REFUSAL(FRED, TG_USE_STUB,							\
		"FRED: SYSCALL does not go through LSTAR; boot with fred=off")		\
	REFUSAL(KVM, TG_USE_STUB,							\
		"KVM or another hypervisor keeps LSTAR and IDTR for itself: rmmod kvm_intel kvm_amd kvm") \
	REFUSAL(NOHZ_FULL, TG_USE_STUB,							\
		"this CPU is nohz_full, whose entries must tell the kernel: choose another CPU") \
	REFUSAL(EXTINT, TG_USE_QUIET,							\
		"this CPU takes interrupts of the 8259 (ExtINT), which CR8 does not hold: boot without noapic, or choose another CPU") \
	REFUSAL(XEN_HVM, TG_USE_QUIET,							\
		"Xen sends its events past CR8, which does not hold them: use another hypervisor, or none") \
	REFUSAL(NO_APIC, TG_USE_QUIET,							\
		"no local APIC, CR8 holds nothing back: boot without nolapic")		\
	REFUSAL(TASK32, TG_USE_STUB,							\
		"a 32-bit task: SYSCALL_MASK is for CSTAR, too; arm a 64-bit program")	\
	REFUSAL(PTRACE, TG_USE_STUB,							\
		"the task is traced (ptrace), and a stub shows its tracer nothing: detach first") \
	REFUSAL(SECCOMP, TG_USE_STUB,							\
		"the task has a seccomp filter, which a stub would pass by: arm one without") \
	REFUSAL(AUDIT, TG_USE_STUB,							\
		"the task's system calls are audited, and a stub's are not: auditctl -e 0, or boot with audit=0") \
	REFUSAL(SYSCALL_WORK, TG_USE_STUB,						\
		"the task's system calls are traced or redirected (tracepoints, user dispatch): end that first")

enum tg_fact_bit {
#define TG_FACT_BIT(fact, uses, text) TG_FACT_BIT_##fact,
	TG_REFUSALS(TG_FACT_BIT)
#undef TG_FACT_BIT
	TG_NR_FACTS
};

enum tg_facts {
#define TG_FACT(fact, uses, text) TG_FACT_##fact = 1 << TG_FACT_BIT_##fact,
	TG_REFUSALS(TG_FACT)
#undef TG_FACT
};

/*
 * tg_refusal - why something cannot run, or NULL if it can.
 *
 * facts: enum tg_facts bits that hold; uses: enum tg_use bits of what is to run.
 */
static inline const char *tg_refusal(__u32 facts, int uses)
{
#define TG_REFUSE(fact, kept, text) \
	if ((facts & TG_FACT_##fact) && (uses & (kept))) \
		return text;
	TG_REFUSALS(TG_REFUSE)
#undef TG_REFUSE
	return NULL;
}
#endif
