// SPDX-License-Identifier: GPL-2.0
/*
 * Arming: one task, on one CPU, enters the kernel through a stub of ours.
 *
 * A preempt notifier loads LSTAR (and the shadow IDT) when the task gets the CPU
 * and puts back what was there when it leaves it, so no other task ever runs
 * with them. A task's notifier list has no lock: only the task itself unregisters.
 * Whoever else wants it disarmed restores the CPU by an IPI and marks the notifier
 * inert, which then does nothing; the task takes it off when it next leaves the
 * kernel (task work), or dies with it. Where modules cannot have task work (only
 * some distributions export it) the task does so when it next arms or closes.
 *
 * A task whose system calls stop for somebody (ptrace, seccomp, audit, tracepoints)
 * since it was armed is not given its stub: see tg_sched_in().
 *
 * What is armed holds a file of its own (pin), and that the module: so rmmod is
 * refused, and the module's last reference is dropped by the kernel's code, never by
 * ours, which would return into text that may be gone.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/workqueue.h>

#include <tollgate/arm.h>

#include "arm.h"
#include "entry.h"

/**
 * struct tg_armed - an armed task
 * @notifier: on the task's list
 * @work: takes the notifier off, queued by others
 * @refs: one for the notifier, one for queued work
 * @task: armed
 * @mm: its memory when it was: another says that it called exec
 * @file: that armed it, to compare alone
 * @pin: keeps the module
 * @cpu: the one it is armed on
 * @entry: what goes onto it; of @cpu alone, IRQs off
 * @inert: the notifier does nothing any more; why
 * @dead: the task has left its last CPU
 * @queued: @work is
 * @name: of the point
 */
struct tg_armed {
	struct preempt_notifier notifier;
	struct callback_head work;
	refcount_t refs;
	struct task_struct *task;
	struct mm_struct *mm;
	const struct file *file;
	struct file *pin;
	int cpu;
	struct tg_entry entry;
	const char *inert;
	bool dead, queued;
	char name[TG_NAME_MAX];
};

extern typeof(task_work_add) task_work_add __weak;

/* Held by whoever arms or disarms. Takes no lock of CPU hotplug's. */
static DEFINE_MUTEX(tg_arm_lock);
/* tg_armed, written below both. */
static DEFINE_RAW_SPINLOCK(tg_armed_lock);
static struct tg_armed *tg_armed;

static bool tg_asleep;		/* the machine sleeps, or is about to; below tg_arm_lock */
static u64 tg_armings;
static const char *tg_last;	/* why the last one ended */

static void tg_make_inert(struct tg_armed *a, const char *why)
{
	if (a->inert)
		return;
	WRITE_ONCE(a->inert, why);
	tg_last = why;
}

/* Another memory is another program; none, the end. */
static void tg_check_mm(struct tg_armed *a)
{
	if (current->mm != a->mm)
		tg_make_inert(a, current->mm ? "exec" : "the task's end");
}

/* The task is to take the notifier off when it next leaves the kernel. tg_armed_lock is held. */
static void tg_queue(struct tg_armed *a)
{
	if (a->queued || a->dead || !task_work_add)
		return;
	refcount_inc(&a->refs);
	a->queued = true;
	if (task_work_add(a->task, &a->work, TWA_RESUME)) {
		/* beyond the last task work: it will be dead soon */
		a->queued = false;
		refcount_dec(&a->refs);
	}
}

/*
 * The CPU is the task's from now on. Preemption is off, IRQs may be on. A tracer stops it
 * first; a filter or a tracepoint that comes later counts from its next turn on.
 */
static void tg_sched_in(struct preempt_notifier *n, int cpu)
{
	struct tg_armed *a = container_of(n, struct tg_armed, notifier);
	unsigned long flags;

	local_irq_save(flags);
	tg_check_mm(a);
	if (cpu == a->cpu && !a->inert && !tg_task_observed(current) && !tg_entry_load(&a->entry))
		tg_make_inert(a, "LSTAR was not the kernel's");
	if (a->inert) {
		raw_spin_lock(&tg_armed_lock);
		tg_queue(a);
		raw_spin_unlock(&tg_armed_lock);
	}
	local_irq_restore(flags);
}

static void tg_reap(struct work_struct *work);
static DECLARE_WORK(tg_reap_work, tg_reap);

static void tg_died(struct irq_work *work)
{
	schedule_work(&tg_reap_work);
}
static DEFINE_IRQ_WORK(tg_dead_work, tg_died);

/* Not any more. The runqueue's lock is held, IRQs are off. */
static void tg_sched_out(struct preempt_notifier *n, struct task_struct *next)
{
	struct tg_armed *a = container_of(n, struct tg_armed, notifier);

	tg_entry_restore(&a->entry);
	tg_check_mm(a);
	if (READ_ONCE(current->__state) & TASK_DEAD) {
		/* the list is still being walked: an interrupt or (RT) a thread frees it */
		tg_make_inert(a, "the task's end");
		a->dead = true;
		irq_work_queue(&tg_dead_work);
	}
}

static struct preempt_ops tg_preempt_ops = {
	.sched_in = tg_sched_in,
	.sched_out = tg_sched_out,
};

static const struct file_operations tg_pin_fops = {
	.owner = THIS_MODULE,
};

/* Drops a reference; not below the locks, since static branches take CPU hotplug's. */
static void tg_put(struct tg_armed *a)
{
	if (!a || !refcount_dec_and_test(&a->refs))
		return;
	preempt_notifier_dec();
	mmdrop(a->mm);
	put_task_struct(a->task);
	fput(a->pin);
	kfree(a);
}

/* The notifier is off its list, or its task is dead. tg_arm_lock is held. */
static struct tg_armed *tg_forget(struct tg_armed *a)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&tg_armed_lock, flags);
	tg_armed = NULL;
	raw_spin_unlock_irqrestore(&tg_armed_lock, flags);
	return a;
}

/* The calling task disarms itself; a reference to put. tg_arm_lock is held. */
static struct tg_armed *tg_take_off(struct tg_armed *a, const char *why)
{
	unsigned long flags;

	preempt_disable();
	local_irq_save(flags);
	tg_entry_restore(&a->entry);
	tg_make_inert(a, why);
	local_irq_restore(flags);
	preempt_notifier_unregister(&a->notifier);
	preempt_enable();
	return tg_forget(a);
}

/* In the task itself, as it leaves the kernel or the world. */
static void tg_consume(struct callback_head *work)
{
	struct tg_armed *a = container_of(work, struct tg_armed, work);
	struct tg_armed *off = NULL;

	mutex_lock(&tg_arm_lock);
	if (tg_armed == a)
		off = tg_take_off(a, "task work");
	mutex_unlock(&tg_arm_lock);
	tg_put(off);
	tg_put(a);
}

/* What died without closing its file, since others share it. */
static void tg_reap(struct work_struct *work)
{
	struct tg_armed *off = NULL;

	mutex_lock(&tg_arm_lock);
	if (tg_armed && tg_armed->dead)
		off = tg_forget(tg_armed);
	mutex_unlock(&tg_arm_lock);
	tg_put(off);
}

struct tg_order {
	struct tg_armed *a;
	const char *why;
};

/* On the armed CPU, IRQs off. */
static void tg_disarm_here(void *data)
{
	struct tg_order *o = data;

	tg_entry_restore(&o->a->entry);
	tg_make_inert(o->a, o->why);
}

/* Disarms whoever is armed. tg_arm_lock is held; the caller may be any task. */
static void tg_disarm_remote(const char *why)
{
	struct tg_armed *a = tg_armed;
	struct tg_order o = { .a = a, .why = why };
	unsigned long flags;

	/* an offline CPU runs nobody: there is nothing to restore */
	if (smp_call_function_single(a->cpu, tg_disarm_here, &o, 1))
		tg_make_inert(a, why);
	raw_spin_lock_irqsave(&tg_armed_lock, flags);
	tg_queue(a);
	raw_spin_unlock_irqrestore(&tg_armed_lock, flags);
}

void tg_disarm_all(const char *why)
{
	mutex_lock(&tg_arm_lock);
	if (tg_armed)
		tg_disarm_remote(why);
	mutex_unlock(&tg_arm_lock);
}

void tg_arm_sleep(bool asleep)
{
	mutex_lock(&tg_arm_lock);
	tg_asleep = asleep;
	if (tg_armed && asleep)
		tg_disarm_remote("suspend");
	mutex_unlock(&tg_arm_lock);
}

void tg_disarm_cpu(int cpu, const char *why)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&tg_armed_lock, flags);
	if (tg_armed && tg_armed->cpu == cpu) {
		tg_entry_restore(&tg_armed->entry);
		tg_make_inert(tg_armed, why);
		tg_queue(tg_armed);
	}
	raw_spin_unlock_irqrestore(&tg_armed_lock, flags);
}

bool tg_disarm(const struct file *file, const char *why)
{
	struct tg_armed *off = NULL, *a;

	mutex_lock(&tg_arm_lock);
	a = tg_armed;
	if (a && a->task == current && (!file || a->file == file || a->inert))
		off = tg_take_off(a, why);
	mutex_unlock(&tg_arm_lock);
	tg_put(off);
	return off;
}

void tg_arm_released(const struct file *file)
{
	if (tg_disarm(file, "the last close"))
		return;
	mutex_lock(&tg_arm_lock);
	if (tg_armed && tg_armed->file == file)
		tg_disarm_remote("the last close, by another task");
	mutex_unlock(&tg_arm_lock);
}

/* Arms the calling task on the CPU it is on. tg_arm_lock is held. */
static int tg_put_on(struct tg_armed *a, char *err)
{
	const struct tg_gate *gates;
	unsigned long flags;
	int nr, ret;

	/* below the lock, so that KVM's load comes wholly before or after */
	if (tg_stub_refused(err))
		return -EOPNOTSUPP;
	if (tg_asleep) {
		strscpy(err, "the machine is about to sleep: arm when it is awake", TG_ERROR_MAX);
		return -EBUSY;
	}
	gates = tg_quiet_gates(&nr);
again:
	a->cpu = raw_smp_processor_id();
	if (a->entry.quiet && tg_idt_prepare(a->cpu, gates, nr)) {
		strscpy(err, "no memory for a shadow IDT", TG_ERROR_MAX);
		return -ENOMEM;
	}
	preempt_disable();
	if (a->cpu != smp_processor_id()) {
		preempt_enable();
		goto again;
	}
	ret = tg_entry_refused(a->entry.quiet, err);
	if (ret)
		goto out;
	raw_spin_lock_irqsave(&tg_armed_lock, flags);
	if (tg_entry_load(&a->entry)) {
		tg_armed = a;
		tg_armings++;
	} else {
		ret = -EOPNOTSUPP;
	}
	raw_spin_unlock_irqrestore(&tg_armed_lock, flags);
	if (!ret)
		preempt_notifier_register(&a->notifier);
	else
		strscpy(err, "LSTAR is not the kernel's any more: another module has it; unload that",
			TG_ERROR_MAX);
out:
	preempt_enable();
	return ret;
}

/* Whether somebody is armed already; what is inert and the caller's own is let go. */
static int tg_make_room(struct tg_armed **off, char *err)
{
	struct tg_armed *a = tg_armed;

	if (!a)
		return 0;
	if (a->task == current && a->inert) {
		*off = tg_take_off(a, "another arming");
		return 0;
	}
	if (a->task == current)
		snprintf(err, TG_ERROR_MAX, "this task is armed already, with %s; TG_DISARM first",
			 a->name);
	else
		snprintf(err, TG_ERROR_MAX, "task %d is armed%s; one at a time: end it or wait",
			 task_pid_nr(a->task), a->inert ? ", though disarmed from outside" : "");
	return -EBUSY;
}

int tg_arm(struct file *file, const struct tg_point *p, u32 flags, char *err)
{
	struct tg_armed *off = NULL, *a;
	int ret;

	/* with KVM in use LSTAR may be a guest's */
	if (tg_stub_refused(err))
		return -EOPNOTSUPP;
	ret = tg_forward_aim(err);
	if (ret)
		return ret;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a) {
		strscpy(err, "no memory", TG_ERROR_MAX);
		return -ENOMEM;
	}
	a->pin = anon_inode_getfile("[tollgate]", &tg_pin_fops, NULL, O_RDONLY);
	if (IS_ERR(a->pin)) {
		ret = PTR_ERR(a->pin);
		snprintf(err, TG_ERROR_MAX, "no file to hold the module by (error %d)", ret);
		kfree(a);
		return ret;
	}
	refcount_set(&a->refs, 1);
	preempt_notifier_init(&a->notifier, &tg_preempt_ops);
	init_task_work(&a->work, tg_consume);
	a->task = get_task_struct(current);
	a->mm = current->mm;
	mmgrab(a->mm);
	a->file = file;
	tg_entry_of(&a->entry, p, flags & TG_ARM_QUIET);
	tg_point_name(p, a->name);
	preempt_notifier_inc();

	mutex_lock(&tg_arm_lock);
	ret = tg_make_room(&off, err);
	if (!ret)
		ret = tg_put_on(a, err);
	mutex_unlock(&tg_arm_lock);
	tg_put(off);
	if (ret)
		tg_put(a);
	return ret;
}

void tg_arm_status(struct seq_file *m)
{
	const struct tg_armed *a;

	mutex_lock(&tg_arm_lock);
	a = tg_armed;
	if (a)
		seq_printf(m, "armed=%s\narmed_task=%d\narmed_cpu=%d\narmed_state=%s\n", a->name,
			   task_pid_nr(a->task), a->cpu, READ_ONCE(a->inert) ?:
			   tg_task_observed(a->task) ? "withheld: " TG_OBSERVED : "armed");
	else
		seq_puts(m, "armed=none\n");
	seq_printf(m, "armings=%llu\ndisarmed_by=%s\n", tg_armings, tg_last ?: "nobody yet");
	tg_entry_status(m);
	mutex_unlock(&tg_arm_lock);
}

void tg_arm_flush(void)
{
	irq_work_sync(&tg_dead_work);
	flush_work(&tg_reap_work);
}
