// SPDX-License-Identifier: GPL-2.0
/* The strategies of mod/fpu_state.c over symbolic registers, with guards that come out. */
#include "model.h"

unsigned long long tgm_removed;
bool tgm_early_header;

#define CPU_OF(p)	((int)((p) - tgm.cpu))
#define TASK_OF(p)	((int)((p) - tgm.fpu))
#define CURRENT(p)	(&tgm.task[tgm.cur[CPU_OF(p)]])

#define TGF_GUARD(name)			(!(tgm_removed >> TGF_GUARD_##name & 1))
#define TGF_XSAVE(cpu, fpu)		tgm_xsave(CPU_OF(cpu), TASK_OF(fpu))
#define TGF_XSAVE_AS(cpu, from, to)	tgm_xsave_as(CPU_OF(cpu), TASK_OF(from), TASK_OF(to))
#define TGF_XRSTOR(cpu, fpu)		tgm_xrstor(CPU_OF(cpu), TASK_OF(fpu))
#define TGF_XINIT(cpu, fpu)		tgm_xinit(CPU_OF(cpu), TASK_OF(fpu))
#define TGF_AREA_INIT(fpu)		tgm_area_init(TASK_OF(fpu))
#define TGF_AREA_COPY(from, to)		tgm_area_copy(TASK_OF(from), TASK_OF(to))
#define TGF_AREA_READ(fpu)		tgm_area_read(TASK_OF(fpu))
#define TGF_AREA_WRITE(fpu)		tgm_area_write(TASK_OF(fpu))
#define TGF_FRAME_SAVE(cpu, fpu)	frame_save(CPU_OF(cpu), TASK_OF(fpu))
#define TGF_FRAME_RESTORE(cpu, fpu)	frame_restore(CPU_OF(cpu), TASK_OF(fpu))
#define TGF_CLTS(cpu)			write_ts(CPU_OF(cpu), 0)
#define TGF_STTS(cpu)			write_ts(CPU_OF(cpu), 1)
#define TGF_WRITTEN_PKRU(fpu, old)	((void)(old), tgm.task[TASK_OF(fpu)].newest.pkru)
#define TGF_RDPKRU(cpu)			((cpu)->regs.pkru)
#define TGF_WRPKRU(cpu, value)		((cpu)->regs.pkru = (value))
#define TGF_PKRU_INIT			0
/* Either answer, whatever the count: that covers every threshold. */
#define TGF_IS_HOT(fpu)			tgm_choose(2)
#define TGF_LOCK()			do { } while (0)
#define TGF_UNLOCK()			do { } while (0)
#define TGF_OWNER_READ(cpu, fpu)						\
	do {									\
		if (!TGF_GUARD(OWNER_FRESH) && !CURRENT(cpu)->pc)		\
			CURRENT(cpu)->early = (cpu)->owner == (fpu);		\
	} while (0)
#define TGF_OWNER_IS(cpu, fpu)							\
	(!TGF_GUARD(OWNER_FRESH) && tgm.cur[CPU_OF(cpu)] >= 0 &&		\
	 CURRENT(cpu)->op == TGM_EXITING ? CURRENT(cpu)->early : (cpu)->owner == (fpu))

/* Points number the places at which a function can be taken up again. */
#define TGF_BEGIN	switch (CURRENT(cpu)->pc) { case 0:
#define TGF_POINT(n, closed)							\
	if (!(closed) && here(CPU_OF(cpu), n))					\
		return TGF_PREEMPTED;						\
	__attribute__((fallthrough));						\
	case n:
#define TGF_LABEL(n)	__attribute__((fallthrough)); case n: again_##n:
#define TGF_AGAIN(n, fpu)							\
	if (here(CPU_OF(cpu), n))						\
		return TGF_PREEMPTED;						\
	goto again_##n;
#define TGF_END		} return TGF_DONE;

static bool here(int c, int pc)
{
	int t = tgm.cur[c];

	return tgm_point(c, t, tgm.task[t].op, pc);
}

static void write_ts(int c, int ts)
{
	tgm.ts[c] = ts;
	tgm_tell("CR0.TS is %s", ts ? "set" : "cleared");
}

static enum tgf_copy frame_save(int c, int t)
{
	/* a planted fault: a part of the frame comes from memory that is not up to date */
	if (tgm_early_header) {
		tgm_tell("the frame's old-style header comes from memory");
		return tgm_frame_save_area(c, t);
	}
	return tgm_frame_save(c, t);
}

static enum tgf_copy frame_restore(int c, int t)
{
	enum tgf_copy copied = tgm_frame_restore(c, t);

	if (copied == TGF_COPIED)
		tgm.cpu[c].regs.pkru = tgm.task[t].newest.pkru;
	return copied;
}

#include "../mod/fpu_state.c"

static struct tgf_fpu *fpu_of(int t)
{
	return t < 0 ? NULL : &tgm.fpu[t];
}

static bool usable(int c, int t)
{
	(void)t;
	return tgf_kernel_usable(&tgm.cpu[c]);
}

static void guest_new(void)
{
	tgf_guest_new(&tgm.fpu[TGM_GUEST]);
}

static void ptrace_read(int t)
{
	(void)t;		/* memory counts whenever a task runs nowhere */
}

/* State 1, or state 2a where the strategy makes use of it. */
static bool counts(enum tgf_strategy s, int c, int t)
{
	const struct tgf_fpu *fpu = &tgm.fpu[t];
	const struct tgf_cpu *cpu = &tgm.cpu[c];

	if (t == TGM_GUEST && s != TGF_DEFERRED_SKIP_OWNER)
		return false;
	return fpu->active || (tgf_skips(s) && cpu->owner == fpu && fpu->last_cpu == cpu->id);
}

/* #NM in a kernel thread: it gets state of its own, which is nobody's here. */
static void thread_nm(enum tgf_strategy s, int c)
{
	static const struct tgm_value nobodys = { 0, 0, 0 };

	tgf_set_ts(s, &tgm.cpu[c], 0);
	tgf_own(s, &tgm.cpu[c], NULL);
	tgm.cpu[c].regs = nobodys;
}

#define DEFINE(id, p, what)							\
static void p##_switch_out(int c, int t) { tgf_##p##_switch_out(&tgm.cpu[c], fpu_of(t)); }	\
static void p##_switch_in(int c, int t) { tgf_##p##_switch_in(&tgm.cpu[c], fpu_of(t)); }	\
static enum tgf_run p##_exit_user(int c, int t)						\
{ return tgf_##p##_exit_user(&tgm.cpu[c], &tgm.fpu[t]); }				\
static void p##_nm(int c, int t)							\
{											\
	if (t < 0)									\
		thread_nm(TGF_##id, c);							\
	else										\
		tgf_##p##_nm(&tgm.cpu[c], &tgm.fpu[t]);					\
}											\
static void p##_begin(int c, int t) { tgf_##p##_kernel_begin(&tgm.cpu[c], fpu_of(t)); }	\
static void p##_end(int c, int t) { tgf_##p##_kernel_end(&tgm.cpu[c], fpu_of(t)); }	\
static void p##_guest_load(int c, int t)						\
{ tgf_##p##_guest_load(&tgm.cpu[c], &tgm.fpu[t], &tgm.fpu[TGM_GUEST]); }		\
static void p##_guest_put(int c, int t)							\
{ tgf_##p##_guest_put(&tgm.cpu[c], &tgm.fpu[t], &tgm.fpu[TGM_GUEST]); }			\
static enum tgf_run p##_save(int c, int t)						\
{ return tgf_##p##_signal_save(&tgm.cpu[c], &tgm.fpu[t]); }				\
static enum tgf_run p##_restore(int c, int t)						\
{ return tgf_##p##_signal_restore(&tgm.cpu[c], &tgm.fpu[t]); }				\
static enum tgf_run p##_fork(int c, int t, int child)					\
{ return tgf_##p##_fork(&tgm.cpu[c], &tgm.fpu[t], &tgm.fpu[child]); }			\
static enum tgf_run p##_clear(int c, int t)						\
{ return tgf_##p##_clear(&tgm.cpu[c], &tgm.fpu[t]); }					\
static enum tgf_run p##_read(int c, int t)						\
{ return tgf_##p##_read_own(&tgm.cpu[c], &tgm.fpu[t]); }				\
static enum tgf_run p##_write(int c, int t)						\
{ return tgf_##p##_write_own(&tgm.cpu[c], &tgm.fpu[t]); }				\
static void p##_exit(int c, int t) { tgf_##p##_exit(&tgm.cpu[c], &tgm.fpu[t]); }	\
static void p##_ptrace_write(int t) { tgf_##p##_ptrace_write(&tgm.fpu[t]); }		\
static bool p##_counts(int c, int t) { return counts(TGF_##id, c, t); }
TGF_STRATEGIES(DEFINE)

#define ROW(id, p, what)									\
	[TGF_##id] = { p##_switch_out, p##_switch_in, p##_exit_user, p##_nm, usable, p##_begin,	\
		       p##_end, guest_new, p##_guest_load, p##_guest_put, p##_save, p##_restore, \
		       p##_fork, p##_clear, p##_read, p##_write, p##_exit, NULL, ptrace_read,	\
		       p##_ptrace_write, p##_counts,						\
		       .lazy = TGF_##id >= TGF_LAZY_TS && TGF_##id <= TGF_LAZY_COUNTER,		\
		       .remote = true },
const struct tgm_ops tgm_ours[TGF_NR_STRATEGIES] = {
	TGF_STRATEGIES(ROW)
};

/*
 * What KVM did from v5.2 on: a loaded guest's registers are the running task's for
 * all that is in between, a soft interrupt saves them and sets the guest's flag; so
 * who enters or puts the guest asks it. A reschedule puts the guest, as elsewhere.
 */
static struct tgf_fpu *swapped(int c, int t)
{
	return tgm.guest_on == c ? &tgm.fpu[TGM_GUEST] : fpu_of(t);
}

static void swapped_begin(int c, int t)
{
	tgf_deferred_kernel_begin(&tgm.cpu[c], swapped(c, t));
}

static void swapped_end(int c, int t)
{
	tgf_deferred_kernel_end(&tgm.cpu[c], swapped(c, t));
}

static void swapped_load(int c, int t)
{
	tgf_copy_to_memory(TGF_DEFERRED, &tgm.cpu[c], &tgm.fpu[t]);
	tgm.fpu[t].reload = 1;
	tgf_move_to_cpu(TGF_DEFERRED, &tgm.cpu[c], &tgm.fpu[TGM_GUEST]);
}

static void ask_and_load(int c)
{
	if (tgm.fpu[TGM_GUEST].reload)
		tgf_move_to_cpu(TGF_DEFERRED, &tgm.cpu[c], &tgm.fpu[TGM_GUEST]);
}

static void no_question(int c)
{
	tgm_tell("CPU %d: nobody asks the load flag", c);
}

static void swapped_put(int c, int t)
{
	(void)t;
	tgf_copy_to_memory(TGF_DEFERRED, &tgm.cpu[c], &tgm.fpu[TGM_GUEST]);
	tgm.fpu[TGM_GUEST].reload = 0;
}

static void swapped_put_unasked(int c, int t)
{
	no_question(c);
	tgm_xsave(c, TGM_GUEST);
	tgm.fpu[TGM_GUEST].active = 0;
	swapped_put(c, t);
}

#define SWAPPED(enter, put)								\
	{ deferred_switch_out, deferred_switch_in, deferred_exit_user, deferred_nm, usable,	\
	  swapped_begin, swapped_end, guest_new, swapped_load, put, deferred_save,		\
	  deferred_restore, deferred_fork, deferred_clear, deferred_read, deferred_write,	\
	  deferred_exit, enter, ptrace_read, deferred_ptrace_write, deferred_counts,		\
	  .remote = true }
const struct tgm_ops tgm_swapped_ops[TGM_NR_SWAPPED] = {
	[TGM_SWAPPED] = SWAPPED(ask_and_load, swapped_put),
	[TGM_SWAPPED_ENTER] = SWAPPED(no_question, swapped_put),
	[TGM_SWAPPED_PUT] = SWAPPED(ask_and_load, swapped_put_unasked),
};

#define NAME(id, p, what)	#p,
const char *const tgm_strategy_names[TGF_NR_STRATEGIES] = {
	TGF_STRATEGIES(NAME)
};

#define GUARD(name, what)	#name,
const char *const tgm_guard_names[TGF_NR_GUARDS] = {
#include <tollgate/fpu_guards.def>
};
#undef GUARD
