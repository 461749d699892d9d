// SPDX-License-Identifier: GPL-2.0
/*
 * What this machine, this CPU and this task cannot run: the facts of
 * refusals.h, which says why and what helps; and features that rows lack.
 */
#include <linux/cc_platform.h>
#include <linux/compat.h>
#include <linux/cpufeature.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/security.h>
#include <linux/tick.h>
#include <asm/apic.h>
#include <asm/hypervisor.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include <tollgate/refusals.h>

#include "arm.h"
#include "tollgate.h"

/* CR4.FRED (SDM vol. 3, 2.5), newer than some headers */
#define TG_CR4_FRED	(1UL << 32)

struct tg_host tg_host;

static u32 tg_machine;		/* enum tg_facts of this boot */
static bool tg_smi;

const char *tg_refused(void)
{
	return tg_refusal(tg_machine, TG_USE_BODY);
}

bool tg_has_xcr0(void)
{
	return tg_host.features & TG_NEED_XSAVE;
}

bool tg_smi_known(void)
{
	return tg_smi;
}

/* Facts that hold from boot to shutdown. */
static u32 tg_machine_facts(void)
{
	u32 facts = 0;

	if (TG_KERNEL_CFI)
		facts |= TG_FACT_CFI;
	if (boot_cpu_has(X86_FEATURE_XENPV))
		return facts | TG_FACT_XENPV;	/* and CR4 is not to be read */
	if (!boot_cpu_has(X86_FEATURE_RDTSCP))
		facts |= TG_FACT_NO_RDTSCP;
	if (!IS_ENABLED(CONFIG_PREEMPT_NOTIFIERS))
		facts |= TG_FACT_NO_NOTIFIERS;
	if (cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT))
		facts |= TG_FACT_SEV_ES;
	if (boot_cpu_has(X86_FEATURE_TDX_GUEST))
		facts |= TG_FACT_TDX;
	if (boot_cpu_has(X86_FEATURE_PTI))
		facts |= TG_FACT_PTI;
	if (native_read_cr4() & TG_CR4_FRED)
		facts |= TG_FACT_FRED;
	if (!boot_cpu_has(X86_FEATURE_APIC))
		facts |= TG_FACT_NO_APIC;
	if (hypervisor_is_type(X86_HYPER_XEN_HVM))
		facts |= TG_FACT_XEN_HVM;
	return facts;
}

void tg_refuse_init(void)
{
	u32 smis;

	tg_machine = tg_machine_facts();
	if (tg_refused())
		return;
	tg_host.features = tg_cpu_features();
	/* noxsave: OSXSAVE stays clear, and with it CPUID's bit and XCR0 */
	if (!(native_read_cr4() & X86_CR4_OSXSAVE))
		tg_host.features &= ~(TG_NEED_XSAVE | TG_NEED_XSAVEOPT | TG_NEED_XSAVEC);
	/* nofsgsbase: the CPU knows the instructions, but they are undefined */
	if (!(native_read_cr4() & X86_CR4_FSGSBASE))
		tg_host.features &= ~TG_NEED_FSGSBASE;
	/* nopcid: the CPU has them, but bit 63 of CR3 is reserved */
	if (!(native_read_cr4() & X86_CR4_PCIDE))
		tg_host.features &= ~TG_NEED_PCID;
	/* nor what the kernel found broken, as with old microcode */
	if (!boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL))
		tg_host.features &= ~TG_NEED_SPEC_CTRL;
	if (!boot_cpu_has(X86_FEATURE_IBPB))
		tg_host.features &= ~TG_NEED_IBPB;
	if (tg_has_xcr0())
		tg_host.xcr0 = tg_xcr0();
	tg_host.image_size = tg_fpu_area_size(tg_host.features);
	tg_smi = tg_smi_count(&smis);
}

/*
 * KVM reads LSTAR on every CPU when it is first used, at its load in newer
 * kernels. Its being loaded is enough; where it is built in, that it could be used.
 */
static bool tg_kvm_loaded(void)
{
	if (IS_BUILTIN(CONFIG_KVM))
		return boot_cpu_has(X86_FEATURE_VMX) || boot_cpu_has(X86_FEATURE_SVM);
	if (!IS_ENABLED(CONFIG_KVM) || !__symbol_get("kvm_put_kvm"))
		return false;
	__symbol_put("kvm_put_kvm");
	return true;
}

/* Facts that come and go, but not with the CPU or the task. */
static u32 tg_present_facts(void)
{
	u32 facts = 0;

	if (tg_kvm_loaded())
		facts |= TG_FACT_KVM;
	if (security_locked_down(LOCKDOWN_MSR))
		facts |= TG_FACT_LOCKDOWN;
	return facts;
}

/* This CPU's; preemption is off. */
static u32 tg_cpu_facts(void)
{
	u32 facts = 0, low = 0, high, lvt;

	if (native_read_cr4() & X86_CR4_VMXE)
		facts |= TG_FACT_KVM;
	if (boot_cpu_has(X86_FEATURE_SVM) && !rdmsr_safe(MSR_EFER, &low, &high) &&
	    low & EFER_SVME)
		facts |= TG_FACT_KVM;
	if (tick_nohz_full_cpu(smp_processor_id()))
		facts |= TG_FACT_NOHZ_FULL;
	if (boot_cpu_has(X86_FEATURE_APIC)) {
		lvt = apic->read(APIC_LVT0);
		if (!(lvt & APIC_LVT_MASKED) && (lvt & APIC_MODE_MASK) == APIC_DM_EXTINT)
			facts |= TG_FACT_EXTINT;
	}
	return facts;
}

/* The calling task's: anything its system calls stop for is not for a stub to skip. */
static u32 tg_task_facts(void)
{
	unsigned long work = READ_ONCE(current_thread_info()->syscall_work);
	u32 facts = 0;

	if (in_compat_syscall())
		facts |= TG_FACT_TASK32;
	if (current->ptrace || work & (SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU))
		facts |= TG_FACT_PTRACE;
	if (work & SYSCALL_WORK_SECCOMP)
		facts |= TG_FACT_SECCOMP;
	if (work & SYSCALL_WORK_SYSCALL_AUDIT)
		facts |= TG_FACT_AUDIT;
	if (work & ~(SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU |
		     SYSCALL_WORK_SECCOMP | SYSCALL_WORK_SYSCALL_AUDIT))
		facts |= TG_FACT_SYSCALL_WORK;
	return facts;
}

bool tg_task_observed(struct task_struct *task)
{
	return READ_ONCE(task_thread_info(task)->syscall_work);
}

bool tg_stub_refused(char *err)
{
	const char *why = tg_refusal(tg_machine | tg_present_facts(), TG_USE_STUB);

	if (why)
		strscpy(err, why, TG_ERROR_MAX);
	return why;
}

int tg_entry_refused(bool quiet, char *err)
{
	int uses = TG_USE_STUB | (quiet ? TG_USE_QUIET : 0);
	const char *why = tg_refusal(tg_machine | tg_cpu_facts() | tg_task_facts(), uses);

	if (!why)
		return 0;
	strscpy(err, why, TG_ERROR_MAX);
	return -EOPNOTSUPP;
}

bool tg_point_refused(const struct tg_point *p, char *why, size_t len)
{
	int use = p->ring == TG_RING_CROSS ? TG_USE_STUB : TG_USE_BODY;
	u32 facts = tg_machine;
	const char *reason;

	if (use == TG_USE_STUB)
		facts |= tg_present_facts();
	reason = tg_refusal(facts, use);
	if (reason) {
		snprintf(why, len, "%s", reason);
		return true;
	}
	if (tg_point_remote(p) && num_node_state(N_MEMORY) < 2) {
		snprintf(why, len, "no memory is remote: one node here has any");
		return true;
	}
	return tg_unavailable(p, &tg_host, why, len);
}
