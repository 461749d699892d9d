// SPDX-License-Identifier: GPL-2.0
/*
 * The events. A step picks a CPU and one thing that may happen there. An operation
 * runs through in one step unless it is preempted at one of its points; that loses
 * nothing: what it touches belongs to its task or its CPU, so steps of other CPUs
 * in between could as well come before or after it.
 */
#include <string.h>

#include "model_todo.h"

void tgm_start(void)
{
	memset(&tgm, 0, sizeof(tgm));
	tgm.guest_on = -1;
	for (int c = 0; c < TGM_CPUS; c++) {
		tgm.cpu[c].id = c;
		tgm.cur[c] = -1;
		tgm.ts[c] = tgm_ops->lazy;
		tgm.cpu[c].mirror = tgm_ops->lazy;
	}
	for (int t = 0; t < TGM_CONTEXTS; t++) {
		tgm.task[t].newest.who = t;
		tgm.task[t].newest.version = tgm.task[t].versions = 1;
		tgm.task[t].cpu = tgm.task[t].child = -1;
		tgm.task[t].alive = t < tgm_bound.tasks;
		tgm.task[t].op = TGM_IN_KERNEL;
		tgm.fpu[t].area = tgm.task[t].newest;
		tgm.fpu[t].last_cpu = TGF_NOWHERE;
		tgm.fpu[t].used = t < tgm_bound.tasks;
	}
	tgm_cite = 0;
}

static void check_sees(int c, int t)
{
	if (t != TGM_GUEST && tgm.cpu[c].busy)
		tgm_violate(TGM_BUSY, t);
	if (tgm_ops->lazy && tgm.ts[c] && t != TGM_GUEST)
		return;		/* a #NM comes first; a guest has a CR0 of its own */
	if (!tgm_is_newest(tgm.cpu[c].regs, t))
		tgm_violate(TGM_SEES, t);
}

/* Ours may do more than one system call a stay: more than tasks can, and cheaper. */
static enum tgm_op after_call(void)
{
	return tgm_ops->books ? TGM_LEAVING : TGM_IN_KERNEL;
}

/* schedule(): away from what runs, to another ready task or to the idle one. */
static void schedule(int c, bool last)
{
	int prev = tgm.cur[c], ready[TGM_TASKS + 1] = { -1 }, n = 0, next;

	if (prev >= 0)
		ready[n++] = -1;
	for (int t = 0; t < tgm_bound.tasks; t++)
		if (tgm_is_ready(t))
			ready[n++] = t;
	next = ready[tgm_choose(n)];
	tgm_tell("CPU %d switches from %s to %s%s", c, tgm_task_name(prev), tgm_task_name(next),
		 last ? ", for the last time" : "");
	if (prev >= 0 && tgm.guest_on == c) {
		tgm_ops->guest_put(c, prev);
		tgm.guest_on = -1;
		tgm_check_books();
		if (tgm_violated >= 0)
			return;
	}
	tgm_ops->switch_out(c, prev);
	if (prev >= 0)
		tgm.task[prev].cpu = -1;
	tgm.cur[c] = next;
	if (next >= 0)
		tgm.task[next].cpu = c;
	if (tgm_violated >= 0)
		return;
	tgm_ops->switch_in(c, next);
	tgm_check_books();
}

/* The last switch away from a task that has exited; then its memory is free. */
static void bury(int c, int t)
{
	struct tgm_task *task = &tgm.task[t];

	schedule(c, true);
	task->alive = 0;
	task->pc = task->dead = task->blame = task->moved = 0;
	task->op = TGM_IN_KERNEL;
	tgm.fpu[t].active = tgm.fpu[t].reload = tgm.fpu[t].uses = tgm.fpu[t].used = 0;
	tgm.fpu[t].area.version = 0;
}

static void run_op(int c, int t, enum tgm_op op)
{
	struct tgm_task *task = &tgm.task[t];
	int child = task->child;
	enum tgf_run run = TGF_DONE;

	task->op = op;
	tgm_how = task->moved ? TGM_RESCHED : 0;
	switch (op) {
	case TGM_EXITING:
		run = tgm_ops->exit_user(c, t);
		break;
	case TGM_SAVING:
		run = tgm_ops->save(c, t);
		break;
	case TGM_RESTORING:
		task->dead = !task->pc || task->dead;
		run = tgm_ops->restore(c, t);
		break;
	case TGM_FORKING:
		run = tgm_ops->fork(c, t, child);
		break;
	case TGM_CLEARING:
		run = tgm_ops->clear(c, t);
		break;
	case TGM_READING:
		run = tgm_ops->read(c, t);
		break;
	case TGM_WRITING:
		run = tgm_ops->write(c, t);
		break;
	case TGM_DYING:
		bury(c, t);
		return;
	default:
		break;
	}
	if (tgm_violated >= 0)
		return;
	tgm_check_books();
	if (run == TGF_PREEMPTED) {
		schedule(c, false);
		return;
	}
	task->pc = 0;
	task->early = task->dead = task->moved = 0;
	task->op = after_call();
	if (op == TGM_EXITING) {
		task->op = TGM_USER;
		check_sees(c, t);
	}
	if (op == TGM_FORKING) {
		tgm.task[child].alive = 1;
		tgm.task[child].op = after_call();
		tgm.task[child].cpu = -1;
		task->child = -1;
	}
	tgm_check_books();
}

static void exit_task(int c, int t)
{
	struct tgm_task *task = &tgm.task[t];

	tgm_tell("%s exits; its memory may be used again", tgm_task_name(t));
	tgm_ops->exit(c, t);
	tgm_check_books();
	task->dead = 1;
	if (tgm_violated >= 0)
		return;
	/* whatever holds its registers holds nothing that counts */
	task->framed = 0;
	task->newest.version = ++task->versions;
	task->newest.pkru = 0;
	/* the rest of do_exit() can be preempted */
	if ((tgm_bound.events & TGM_EV_PREEMPT) && tgm_choose(2)) {
		task->op = TGM_DYING;
		schedule(c, false);
		return;
	}
	bury(c, t);
}

/* Registers written in user mode, or by a guest: its newest version. */
static void write_regs(int c, int t)
{
	struct tgm_task *task = &tgm.task[t];

	task->newest.version = ++task->versions;
	tgm.cpu[c].regs.who = t;
	tgm.cpu[c].regs.version = task->newest.version;
	tgm_tell("%s writes the registers: %s#%d", tgm_task_name(t), tgm_task_name(t),
		 task->versions);
}

/* A tracer reads u's memory; what it sees must be u's newest registers. */
static void read_area(int t, int u)
{
	tgm_tell("%s reads the registers of %s (ptrace)", tgm_task_name(t), tgm_task_name(u));
	tgm.task[t].op = after_call();
	tgm_ops->ptrace_read(u);
	if (!tgm_is_newest(tgm.fpu[u].area, u))
		tgm_violate(TGM_SEES, u);
}

/* The kernel reads or writes user memory of t, which runs here, or of u. */
static void access_user(int c, int t, int u)
{
	tgm_tell("the kernel accesses user memory of %s for %s", tgm_task_name(u),
		 tgm_task_name(t));
	if (u == t) {
		tgm_access_user(c, t);
		return;
	}
	/* 1 stands for a PKRU that forbids */
	if (!tgm_ops->remote) {
		tgm_tell("no PKRU is asked for");
		tgm_cite = tgm_ops->cite_remote;
		if (tgm.task[u].newest.pkru)
			tgm_violate(TGM_PKRU, -1);
	} else if (tgm.fpu[u].pkru != tgm.task[u].newest.pkru) {
		tgm_violate(TGM_PKRU, u);
	}
}

static void guest_runs(int c)
{
	tgm_tell("the guest is entered");
	if (tgm_ops->guest_enter)
		tgm_ops->guest_enter(c);
	check_sees(c, TGM_GUEST);
	if (tgm_violated < 0)
		write_regs(c, TGM_GUEST);
}

static void fork_task(int c, int t, int child)
{
	struct tgm_task *to = &tgm.task[child];

	tgm_tell("%s forks: the child is %s", tgm_task_name(t), tgm_task_name(child));
	to->alive = 2;
	to->versions = 1;
	to->blame = 0;
	tgm.task[t].child = child;
	run_op(c, t, TGM_FORKING);
}

static void user_step(int c, int t, int what)
{
	struct tgm_task *task = &tgm.task[t];

	switch (what) {
	case TGM_DO_WRITE:
		if (tgm_ops->lazy && tgm.ts[c]) {
			tgm_tell("%s uses the registers: #NM", tgm_task_name(t));
			tgm_ops->nm(c, t);
			tgm_check_books();
		}
		check_sees(c, t);
		if (tgm_violated >= 0)
			return;
		write_regs(c, t);
		tgm_check_books();
		break;
	case TGM_DO_PKRU:
		task->newest.pkru ^= 1;
		tgm.cpu[c].regs.pkru = task->newest.pkru;
		tgm_tell("%s sets its PKRU to %d", tgm_task_name(t), task->newest.pkru);
		break;
	case TGM_DO_INTERRUPT:
		tgm_section(c, t, "an interrupt from user mode uses the registers");
		if (tgm_violated < 0)
			run_op(c, t, TGM_EXITING);
		break;
	default:
		tgm_tell("%s enters the kernel", tgm_task_name(t));
		task->op = TGM_IN_KERNEL;
	}
}

static void guest_step(int c, int t, int what)
{
	switch (what) {
	case TGM_DO_LOAD:
		tgm_tell("%s loads its guest", tgm_task_name(t));
		tgm_ops->guest_load(c, t);
		tgm.guest_on = c;
		check_sees(c, TGM_GUEST);
		break;
	case TGM_DO_NEW:
		tgm_tell("the guest ends; a new one is where it was");
		tgm_ops->guest_new();
		break;
	case TGM_DO_GUEST:
		guest_runs(c);
		return;
	default:
		tgm_tell("%s puts its guest", tgm_task_name(t));
		tgm_ops->guest_put(c, t);
		tgm.guest_on = -1;
		tgm.task[t].op = after_call();
	}
	tgm_check_books();
}

static void do_event(int c, int t, struct tgm_todo todo)
{
	static const unsigned char ops[] = { [TGM_DO_LEAVE] = TGM_EXITING,
					     [TGM_DO_SAVE] = TGM_SAVING,
					     [TGM_DO_RESTORE] = TGM_RESTORING,
					     [TGM_DO_CLEAR] = TGM_CLEARING,
					     [TGM_DO_READ_OWN] = TGM_READING,
					     [TGM_DO_WRITE_OWN] = TGM_WRITING };
	static const char *const words[] = { [TGM_DO_LEAVE] = "leaves the kernel",
					     [TGM_DO_SAVE] = "gets a signal",
					     [TGM_DO_RESTORE] = "returns from its signal handler",
					     [TGM_DO_CLEAR] = "executes another program",
					     [TGM_DO_READ_OWN] = "has its registers read",
					     [TGM_DO_WRITE_OWN] = "has its registers written" };

	switch (todo.what) {
	case TGM_DO_WRITE:
	case TGM_DO_PKRU:
	case TGM_DO_ENTER:
	case TGM_DO_INTERRUPT:
		user_step(c, t, todo.what);
		break;
	case TGM_DO_LOAD:
	case TGM_DO_NEW:
	case TGM_DO_GUEST:
	case TGM_DO_PUT:
		guest_step(c, t, todo.what);
		break;
	case TGM_DO_CLEAR:
		tgm.task[t].framed = 0;		/* with the old memory */
		/* fall through */
	case TGM_DO_LEAVE:
	case TGM_DO_SAVE:
	case TGM_DO_RESTORE:
	case TGM_DO_READ_OWN:
	case TGM_DO_WRITE_OWN:
		tgm_tell("%s %s", tgm_task_name(t), words[todo.what]);
		run_op(c, t, ops[todo.what]);
		break;
	case TGM_DO_SWITCH:
		schedule(c, false);
		break;
	case TGM_DO_SECTION:
		tgm_section(c, t, "a kernel section uses the registers");
		break;
	case TGM_DO_FORK:
		fork_task(c, t, todo.whom);
		break;
	case TGM_DO_EXIT:
		exit_task(c, t);
		break;
	case TGM_DO_READ:
		read_area(t, todo.whom);
		break;
	case TGM_DO_POKE:
		tgm_tell("%s writes the registers of %s (ptrace)", tgm_task_name(t),
			 tgm_task_name(todo.whom));
		tgm_ops->ptrace_write(todo.whom);
		tgm.task[t].op = after_call();
		tgm_check_books();
		break;
	case TGM_DO_ACCESS:
		access_user(c, t, t);
		break;
	case TGM_DO_REMOTE:
		access_user(c, t, todo.whom);
		break;
	default:
		tgm_tell("%s goes on where it was preempted", tgm_task_name(t));
		run_op(c, t, tgm.task[t].op);
	}
}

void tgm_step(void)
{
	int c = tgm_choose(tgm_bound.cpus), t = tgm.cur[c], n;
	struct tgm_todo list[TGM_MAX_TODO];

	tgm_violated = -1;
	tgm_blamed = 0;
	tgm_cite = tgm_how = 0;
	tgm_absent = false;
	tgm_actor = t;
	n = tgm_todo(list, c, t);
	if (!n)
		return;		/* nothing is ready: the state stays as it is */
	if (tgm_story)
		fprintf(tgm_story, "    CPU %d, %s%s:\n", c, tgm_task_name(t),
			t < 0 ? "" : tgm.task[t].op == TGM_USER ? " in user mode" :
			" in the kernel");
	do_event(c, t, list[tgm_choose(n)]);
}
