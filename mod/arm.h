/* SPDX-License-Identifier: GPL-2.0 */
/* Between arm.c, switch.c, and what watches the machine: watch.c, refuse.c. */
#ifndef TG_ARM_INTERNAL_H
#define TG_ARM_INTERNAL_H

#include <linux/types.h>

struct seq_file;
struct task_struct;
struct tg_point;

/* MSRs and CR8 of a CPU. */
struct tg_cpu_state {
	u64 lstar, cstar, mask, sysenter, gs_base, cr8;
};

/**
 * struct tg_entry - an entry to the kernel for one CPU
 * @stub: for LSTAR, of a point that is there in quiet stretches alone within these
 * @door: for LSTAR elsewhere; the stub itself of all other points
 * @quiet: the shadow IDT goes with it, and stubs for the other ways in
 * @unmasked: what SYSCALL_MASK lacks in a stretch: X86_EFLAGS_IF or nothing
 * @keeps: the stub writes SPEC_CTRL with what it had when the stretch began
 * @loaded: it is on the CPU
 * @was: what was there before
 */
struct tg_entry {
	const void *stub, *door;
	bool quiet, keeps, loaded;
	u64 unmasked;
	struct tg_cpu_state was;
};

/**
 * tg_entry_of() - the entry of a point
 * @e: zeros; gets what the point has
 * @p: a point of TG_RING_CROSS
 * @quiet: as of tg_stub_of(), which does not return NULL for it
 */
void tg_entry_of(struct tg_entry *e, const struct tg_point *p, bool quiet);

/**
 * tg_entry_load() - onto this CPU, if it is not there
 * @e: the entry; its shadow IDT is prepared
 *
 * IRQs are off; the armed task is current.
 *
 * Return: false if LSTAR is not what the kernel has there, and nothing was done.
 */
bool tg_entry_load(struct tg_entry *e);

/**
 * tg_entry_restore() - what was on this CPU before tg_entry_load(), and compare
 * @e: the entry; if it is not loaded, nothing is done
 *
 * IRQs are off.
 */
void tg_entry_restore(struct tg_entry *e);

/**
 * tg_entry_status() - lines of the file status
 * @m: the file
 */
void tg_entry_status(struct seq_file *m);

/**
 * tg_stub_of() - the stub of a point
 * @p: a point of TG_RING_CROSS
 * @quiet: the one that understands TG_SYSCALL_QUIET
 *
 * Return: NULL if the point is for quiet stretches alone, and so has no plain one.
 */
const void *tg_stub_of(const struct tg_point *p, bool quiet);

/**
 * tg_disarm_all() - disarm whoever is armed
 * @why: for the file status; stays
 *
 * Sleeps. Any task may call it; the CPU is restored when it returns.
 */
void tg_disarm_all(const char *why);

/**
 * tg_arm_sleep() - disarm whoever is armed, and let nobody arm until it is over
 * @asleep: the machine sleeps, or is about to
 *
 * Sleeps. Any task may call it.
 */
void tg_arm_sleep(bool asleep);

/**
 * tg_disarm_cpu() - the same, if it is on this very CPU
 * @cpu: the caller's, on which no armed task is current
 * @why: for the file status; stays
 *
 * Takes no sleeping lock: for CPU hotplug, below whose lock nothing here may sleep.
 */
void tg_disarm_cpu(int cpu, const char *why);

/**
 * tg_arm_flush() - wait for what a dead task left to be done
 */
void tg_arm_flush(void);

/**
 * tg_stub_refused() - whether no task at all can be armed now
 * @err: gets one line if so, TG_ERROR_MAX bytes
 */
bool tg_stub_refused(char *err);

/**
 * tg_task_observed() - whether something stops for a task's system calls
 * @task: it, which does not go away
 *
 * When it was armed nothing did: a tracer, a filter, audit, a tracepoint.
 */
bool tg_task_observed(struct task_struct *task);
#define TG_OBSERVED	"its system calls are traced, filtered or audited"

/**
 * tg_entry_refused() - whether the caller cannot be armed on its CPU
 * @quiet: with TG_ARM_QUIET
 * @err: gets one line if so, TG_ERROR_MAX bytes
 *
 * Preemption is off.
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int tg_entry_refused(bool quiet, char *err);

#endif
