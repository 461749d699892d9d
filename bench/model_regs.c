// SPDX-License-Identifier: GPL-2.0
/* Operations on symbolic registers, each with the invariants it can break. */
#include <stdarg.h>

#include "model.h"

struct tgm_world tgm;
const struct tgm_ops *tgm_ops;
struct tgm_bound tgm_bound;
FILE *tgm_story;
int tgm_violated = -1, tgm_blamed, tgm_cite;
unsigned int tgm_ignored;
bool tgm_absent, tgm_strict;
int tgm_actor, tgm_how;

const char *const tgm_invariants[TGM_NR_INVARIANTS] = {
	"who runs sees its own last-written registers",
	"no save stores another's registers, nor older ones",
	"memory is not written while a CPU's copy counts as valid",
	"the PKRU in force at a user access is the one that applies",
	"no register instruction in the kernel meets CR0.TS",
	"in user mode the kernel is done with the registers",
};
const char *const tgm_invariant_names[TGM_NR_INVARIANTS] = {
	"sees", "saves", "valid", "pkru", "trap", "busy",
};

void tgm_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("      ", tgm_story);
	vfprintf(tgm_story, fmt, args);
	fputc('\n', tgm_story);
	va_end(args);
}

const char *tgm_task_name(int t)
{
	static const char *const names[] = { "A", "B", "C", "D", "guest", "kernel" };

	return t < 0 ? "idle" : names[t];
}

/* "A#3"; versions count up, so that a story tells old from new. */
const char *tgm_value_name(struct tgm_value v)
{
	static char text[4][24];
	static int k;

	k = (k + 1) % 4;
	if (v.version)
		snprintf(text[k], sizeof(text[k]), "%s#%d", tgm_task_name(v.who), v.version);
	else
		snprintf(text[k], sizeof(text[k]), "of nobody");
	return text[k];
}

static bool same(struct tgm_value a, struct tgm_value b)
{
	return a.who == b.who && a.version == b.version && a.version;
}

bool tgm_is_newest(struct tgm_value v, int t)
{
	return same(v, tgm.task[t].newest);
}

static bool has_pkru(void)
{
	return tgm_ops->in_xstate;
}

/* From one value to another; PKRU goes along only where it is saved with the rest. */
static void copy(struct tgm_value *to, struct tgm_value from)
{
	if (!has_pkru())
		from.pkru = to->pkru;
	*to = from;
}

static struct tgm_value new_version(int t)
{
	struct tgm_value v = { t, ++tgm.task[t].versions, tgm.task[t].newest.pkru };

	return v;
}

void tgm_violate(enum tgm_invariant invariant, int t)
{
	if (tgm_violated >= 0 || tgm_ignored >> invariant & 1)
		return;
	tgm_violated = invariant;
	/* the rule about memory is broken by itself, whatever came before */
	tgm_blamed = t >= 0 && tgm.task[t].blame ? tgm.task[t].blame :
		     tgm_cite | (invariant == TGM_VALID ? 0 : tgm_how);
	if (tgm_story)
		fprintf(tgm_story, "   BROKEN: %s\n", tgm_invariants[invariant]);
}

/*
 * A register instruction of the kernel. With CR0.TS set it traps: which ours never
 * may (tgm_strict). In v4.8, and to see what a guard of ours keeps from going wrong
 * besides, #NM's handler, which does not ask where it came from, loads the current
 * task's registers; then the instruction runs. Nothing ends a trap inside of the handler.
 */
void tgm_touch(int c)
{
	static bool handler;

	if (!tgm_ops->lazy || !tgm.ts[c])
		return;
	if (handler || tgm_strict) {
		tgm_violate(TGM_TRAP, tgm.cur[c]);
		return;
	}
	tgm_tell("CPU %d: #NM in the kernel", c);
	handler = true;
	tgm_ops->nm(c, tgm.cur[c]);
	handler = false;
}

/* Memory of t is written by something else than a save of its registers. */
static void write_area(int t)
{
	for (int c = 0; c < tgm_bound.cpus; c++) {
		if (!tgm.task[t].dead && tgm_ops->counts(c, t)) {
			tgm_tell("CPU %d's registers still count as %s's", c, tgm_task_name(t));
			tgm_violate(TGM_VALID, t);
		}
	}
}

void tgm_xsave(int c, int t)
{
	tgm_touch(c);
	tgm_tell("registers (%s) -> memory of %s", tgm_value_name(tgm.cpu[c].regs), tgm_task_name(t));
	if (!tgm.task[t].dead && !tgm_is_newest(tgm.cpu[c].regs, t))
		tgm_violate(TGM_SAVES, t);
	copy(&tgm.fpu[t].area, tgm.cpu[c].regs);
}

void tgm_xrstor(int c, int t)
{
	tgm_touch(c);
	tgm_tell("memory of %s (%s) -> registers", tgm_task_name(t), tgm_value_name(tgm.fpu[t].area));
	copy(&tgm.cpu[c].regs, tgm.fpu[t].area);
}

void tgm_xinit(int c, int t)
{
	struct tgm_value v;

	tgm_touch(c);
	tgm.task[t].newest.pkru = 0;
	v = new_version(t);
	tgm.task[t].newest = v;
	tgm.task[t].dead = 0;
	copy(&tgm.cpu[c].regs, v);
	tgm_tell("initial state (%s) -> registers", tgm_value_name(v));
}

void tgm_forget(int t)
{
	tgm.task[t].newest.pkru = 0;
	tgm.task[t].newest = new_version(t);
	tgm.task[t].dead = 0;
}

void tgm_area_init(int t)
{
	struct tgm_value v;

	write_area(t);
	tgm.task[t].newest.pkru = 0;
	v = new_version(t);
	tgm.task[t].newest = v;
	tgm.task[t].dead = 0;
	copy(&tgm.fpu[t].area, v);
	tgm_tell("initial state (%s) -> memory of %s", tgm_value_name(v), tgm_task_name(t));
}

void tgm_area_read(int t)
{
	tgm_tell("the kernel reads memory of %s (%s)", tgm_task_name(t),
		 tgm_value_name(tgm.fpu[t].area));
	if (!tgm_is_newest(tgm.fpu[t].area, t))
		tgm_violate(TGM_SEES, t);
}

void tgm_area_write(int t)
{
	struct tgm_value v;

	write_area(t);
	/* the xstate that a tracer or the kernel writes holds a PKRU: the same or another */
	if ((tgm_bound.events & TGM_EV_PKRU) && tgm_choose(2))
		tgm.task[t].newest.pkru ^= 1;
	v = new_version(t);
	tgm.task[t].newest = v;
	copy(&tgm.fpu[t].area, v);
	tgm_tell("new registers (%s) -> memory of %s", tgm_value_name(v), tgm_task_name(t));
	if (tgm_bound.events & TGM_EV_PKRU)
		tgm_tell("with them a PKRU of %d", v.pkru);
}

/* A child's registers are a version of its own, though equal to its parent's. */
static void give(int from, int to, struct tgm_value v)
{
	if (!tgm_is_newest(v, from))
		tgm_violate(TGM_SAVES, from);
	write_area(to);
	tgm.task[to].newest.pkru = tgm.task[from].newest.pkru;
	tgm.task[to].newest = new_version(to);
	tgm.fpu[to].area = tgm.task[to].newest;
	if (has_pkru())
		tgm.fpu[to].area.pkru = v.pkru;
}

void tgm_area_copy(int from, int to)
{
	tgm_tell("memory of %s (%s) -> memory of %s, its child", tgm_task_name(from),
		 tgm_value_name(tgm.fpu[from].area), tgm_task_name(to));
	give(from, to, tgm.fpu[from].area);
}

void tgm_xsave_as(int c, int from, int to)
{
	tgm_touch(c);
	tgm_tell("registers (%s) -> memory of %s, %s's child", tgm_value_name(tgm.cpu[c].regs),
		 tgm_task_name(to), tgm_task_name(from));
	give(from, to, tgm.cpu[c].regs);
}

static void fill_frame(int t, struct tgm_value v)
{
	if (!tgm_is_newest(v, t))
		tgm_violate(TGM_SAVES, t);
	tgm.task[t].frame.pkru = has_pkru() ? v.pkru : tgm.task[t].newest.pkru;
	tgm.task[t].framed = 1;
}

void tgm_access_user(int c, int t)
{
	if (!(tgm_bound.events & TGM_EV_PKRU) || tgm.cpu[c].regs.pkru == tgm.task[t].newest.pkru)
		return;
	tgm_tell("PKRU is %d; %s's is %d", tgm.cpu[c].regs.pkru, tgm_task_name(t),
		 tgm.task[t].newest.pkru);
	tgm_cite = tgm_ops->cite_access;
	tgm_violate(TGM_PKRU, t);
}

/* A function that starts over does so only once a step. */
static bool may_be_absent(void)
{
	return (tgm_bound.events & TGM_EV_PREEMPT) && !tgm_absent;
}

/* Half of the frame may be written before it turns out that the rest cannot be. */
static enum tgf_copy write_frame(int c, int t)
{
	int n;

	tgm_access_user(c, t);
	n = tgm_choose(may_be_absent() ? 3 : 2);
	if (!n)
		return TGF_COPIED;
	tgm_absent |= n == 2;
	tgm_tell("the frame's page %s: half of it is written", n == 2 ? "is absent" :
		 "cannot be written");
	return n == 2 ? TGF_ABSENT : TGF_BAD;
}

enum tgf_copy tgm_frame_save(int c, int t)
{
	enum tgf_copy copied;

	tgm_touch(c);
	copied = write_frame(c, t);
	if (copied != TGF_COPIED)
		return copied;
	tgm_tell("registers (%s) -> signal frame of %s", tgm_value_name(tgm.cpu[c].regs),
		 tgm_task_name(t));
	fill_frame(t, tgm.cpu[c].regs);
	return TGF_COPIED;
}

enum tgf_copy tgm_frame_save_area(int c, int t)
{
	enum tgf_copy copied = write_frame(c, t);

	if (copied != TGF_COPIED)
		return copied;
	tgm_tell("memory of %s (%s) -> its signal frame", tgm_task_name(t),
		 tgm_value_name(tgm.fpu[t].area));
	fill_frame(t, tgm.fpu[t].area);
	return TGF_COPIED;
}

enum tgf_copy tgm_frame_restore(int c, int t)
{
	struct tgm_task *task = &tgm.task[t];
	int n;

	tgm_touch(c);
	tgm_access_user(c, t);
	n = tgm_choose(may_be_absent() ? 3 : 2);
	if (n == 2) {
		tgm_absent = true;
		tgm.cpu[c].regs.version = 0;
		tgm_tell("the frame's page is absent: half of the registers are loaded");
		return TGF_ABSENT;
	}
	if (n == 1) {
		/* neither what it was nor what it shall be: initial state is due */
		task->newest = new_version(t);
		tgm.cpu[c].regs.version = 0;
		task->framed = 0;
		tgm_tell("the frame is bad: half of the registers are loaded");
		return TGF_BAD;
	}
	/* a version of its own: the handler may have changed the frame */
	task->newest.pkru = task->frame.pkru;
	task->newest = new_version(t);
	copy(&tgm.cpu[c].regs, task->newest);
	tgm_tell("signal frame of %s -> registers (%s)", tgm_task_name(t),
		 tgm_value_name(task->newest));
	task->framed = 0;
	task->dead = 0;
	return TGF_COPIED;
}

void tgm_section(int c, int t, const char *what)
{
	static int inside;
	struct tgm_value kernel = { TGM_KERNEL, ++inside, 0 };

	tgm_tell("%s", what);
	tgm_ops->begin(c, t);
	if (tgm_violated < 0)
		tgm_touch(c);
	kernel.pkru = tgm.cpu[c].regs.pkru;	/* a section does not write PKRU */
	if (tgm_violated < 0) {
		tgm.cpu[c].regs = kernel;
		tgm_tell("the kernel writes the registers: %s", tgm_value_name(kernel));
		/* one that begins inside is enough */
		if (inside < 2 && tgm_ops->usable(c, t) && tgm_choose(2))
			tgm_section(c, t, "a soft interrupt comes inside of the section");
	}
	if (tgm_violated < 0 && !same(tgm.cpu[c].regs, kernel)) {
		tgm_tell("the section finds %s in the registers", tgm_value_name(tgm.cpu[c].regs));
		tgm_violate(TGM_SEES, -1);
	}
	if (tgm_violated < 0) {
		tgm_ops->end(c, t);
		tgm_check_books();
	}
	inside--;
}

/* The newest registers of t are nowhere any more. */
static bool is_lost(int t)
{
	if (tgm_is_newest(tgm.fpu[t].area, t))
		return false;
	for (int c = 0; c < tgm_bound.cpus; c++)
		if (tgm_is_newest(tgm.cpu[c].regs, t))
			return false;
	return true;
}

void tgm_check_books(void)
{
	if (!tgm_ops->books)
		return;
	for (int t = 0; t < tgm_bound.tasks; t++) {
		struct tgm_task *task = &tgm.task[t];

		if (task->alive != 1 || task->dead)
			continue;
		if (tgm_ops->books(t))
			task->blame = 0;
		else if (!task->blame)
			task->blame = tgm_cite | tgm_how | (t == tgm_actor ? 0 : TGM_OTHER) |
				      (is_lost(t) ? TGM_LOST : 0);
	}
}

int tgm_at_stake(int c, int t)
{
	return tgm_is_newest(tgm.cpu[c].regs, t) | tgm.fpu[t].active << 1 |
	       !tgm.fpu[t].reload << 2;
}

void tgm_soft_interrupt(int c, int t)
{
	int before = tgm_at_stake(c, t), how = tgm_how;

	tgm_how = TGM_SOFT;
	tgm_section(c, t, "a soft interrupt comes here and uses the registers");
	if (tgm_at_stake(c, t) == before)
		tgm_how = how;
}

bool tgm_point(int c, int t, int op, int pc)
{
	bool section = (tgm_bound.events & TGM_EV_SECTION) && tgm_ops->usable(c, t);
	bool preempt = tgm_bound.events & TGM_EV_PREEMPT;
	int n = tgm_choose(1 + section + preempt);

	if (!n)
		return false;
	tgm_check_books();
	if (section && n == 1) {
		tgm_soft_interrupt(c, t);
		return false;
	}
	tgm.task[t].op = op;
	tgm.task[t].pc = pc;
	tgm.task[t].moved |= tgm_ops->books && (tgm_how || tgm_at_stake(c, t));
	tgm_tell("%s is preempted here", tgm_task_name(t));
	return true;
}
