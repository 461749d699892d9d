/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels: the one place for version checks and for
 * probes of what a kernel has. Written against 6.1 and 6.12.
 */
#ifndef TG_COMPAT_H
#define TG_COMPAT_H

#include <linux/interrupt.h>
#include <linux/kernel_stat.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/hardirq.h>
#include <asm/msr.h>

/*
 * A kernel that checks the type of indirect calls (kCFI, FineIBT; the symbol
 * lost its CLANG in 6.18) traps on a call to the assembled sequences.
 */
#if defined(CONFIG_CFI_CLANG) || defined(CONFIG_CFI)
#define TG_KERNEL_CFI	1
#else
#define TG_KERNEL_CFI	0
#endif

/**
 * tg_interrupt_count() - interrupts and NMIs that this CPU has taken
 *
 * Sum of the counters in irq_stat, which begin at __nmi_count (what stands
 * before are flags), and of the device interrupts. Only differences mean
 * anything. Machine checks and SMIs are not in it. Preemption is off.
 *
 * Return: the count, modulo 2^64.
 */
static __always_inline u64 tg_interrupt_count(void)
{
	const size_t first = offsetof(irq_cpustat_t, __nmi_count) / sizeof(u32);
	const u32 *word = (const u32 *)this_cpu_ptr(&irq_stat);
	u64 sum = __this_cpu_read(kstat.irqs_sum);
	size_t i;

	for (i = first; i < sizeof(irq_cpustat_t) / sizeof(u32); i++)
		sum += word[i];
	return sum;
}

/**
 * tg_nmi_count() - NMIs that this CPU has taken, modulo 2^32
 *
 * Preemption is off.
 */
static __always_inline u32 tg_nmi_count(void)
{
	return __this_cpu_read(irq_stat.__nmi_count);
}

/**
 * tg_smi_count() - SMIs since reset (MSR_SMI_COUNT, SDM vol. 4)
 * @count: the count, on success
 *
 * Only Intel CPUs have it, and few virtual machines show it. Slow: once a
 * batch, not once a sample. rdmsr_safe() is a macro under the same name on
 * every kernel; its 64-bit sisters were renamed in 6.16.
 *
 * Return: true if the CPU has the counter.
 */
static inline bool tg_smi_count(u32 *count)
{
	u32 high;

	return boot_cpu_data.x86_vendor == X86_VENDOR_INTEL &&
	       !rdmsr_safe(MSR_SMI_COUNT, count, &high);
}

#endif
