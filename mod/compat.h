/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels: the one place for version checks and for
 * probes of what a kernel has. Written against 6.1, 6.12 and 7.3; stubs need what came
 * with 5.19 (asm/ibt.h, X86_FEATURE_TDX_GUEST).
 */
#ifndef TG_COMPAT_H
#define TG_COMPAT_H

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/kernel_stat.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/workqueue.h>
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

/*
 * The counters of irq_stat: fields of their own up to 7.0, with __nmi_count the
 * first (what stands before are flags); an array in kernels (seen: 7.2, 7.3) that
 * count perf interrupts through this macro.
 */
#ifdef inc_perf_irq_stat
#define TG_IRQ_STAT_FIRST	counts
#define TG_IRQ_STAT_NMI		counts[IRQ_COUNT_NMI]
#else
#define TG_IRQ_STAT_FIRST	__nmi_count
#define TG_IRQ_STAT_NMI		__nmi_count
#endif

/**
 * tg_interrupt_count() - interrupts and NMIs that this CPU has taken
 *
 * Sum of the counters in irq_stat and of the device interrupts. Only differences
 * mean anything. Machine checks and SMIs are not in it. Preemption is off.
 *
 * Return: the count, modulo 2^64.
 */
static __always_inline u64 tg_interrupt_count(void)
{
	const size_t first = offsetof(irq_cpustat_t, TG_IRQ_STAT_FIRST) / sizeof(u32);
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
	return __this_cpu_read(irq_stat.TG_IRQ_STAT_NMI);
}

/**
 * tg_read_msr() - an MSR that this CPU has
 * @msr: its number; one that it lacks is #GP, which the kernel reports
 *
 * rdmsr() is a macro of two halves on every kernel; its 64-bit sisters were renamed in 6.16.
 */
static inline u64 tg_read_msr(u32 msr)
{
	u32 low, high;

	rdmsr(msr, low, high);
	return low | (u64)high << 32;
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

/**
 * tg_work_on_cpu() - run fn(arg) in a kernel worker on a CPU and wait for it
 * @cpu: 0 to nr_cpu_ids - 1, online or not; it stays online meanwhile
 * @fn: may sleep
 * @arg: passed on
 *
 * As work_on_cpu_safe(), which is gone in 7.3.
 *
 * Return: what fn returned, or -ENODEV if the CPU is offline.
 */
static inline long tg_work_on_cpu(int cpu, long (*fn)(void *), void *arg)
{
#if defined(CONFIG_SMP) && !defined(work_on_cpu_safe)
	long ret = -ENODEV;

	cpus_read_lock();
	if (cpu_online(cpu))
		ret = work_on_cpu(cpu, fn, arg);
	cpus_read_unlock();
	return ret;
#else
	return work_on_cpu_safe(cpu, fn, arg);
#endif
}

#endif
