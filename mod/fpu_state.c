// SPDX-License-Identifier: GPL-2.0
/*
 * FPU switching as strategies. Included by whoever defines the operations on
 * registers first: see <tollgate/fpu_state.h>, also for what callers must keep to.
 */
#include <tollgate/fpu_state.h>

#if !defined(TGF_XSAVE) || !defined(TGF_GUARD) || !defined(TGF_POINT)
#error "define the operations on registers before mod/fpu_state.c is included"
#endif

#define TGF_INLINE	static inline __attribute__((always_inline, unused))

TGF_INLINE int tgf_is_eager(enum tgf_strategy s)
{
	return s == TGF_EAGER || s == TGF_EAGER_SKIP;
}

TGF_INLINE int tgf_is_lazy(enum tgf_strategy s)
{
	return s == TGF_LAZY_TS || s == TGF_LAZY_TS_MIRROR || s == TGF_LAZY_COUNTER;
}

TGF_INLINE int tgf_is_deferred(enum tgf_strategy s)
{
	return s >= TGF_DEFERRED;
}

/* Whether a load is left out when the registers still hold the context. */
TGF_INLINE int tgf_skips(enum tgf_strategy s)
{
	return s == TGF_EAGER_SKIP || tgf_is_lazy(s) || s == TGF_DEFERRED_SKIP ||
	       s == TGF_DEFERRED_SKIP_OWNER;
}

/* State 1 or 2a: this CPU's registers hold the context as it was last saved or loaded. */
TGF_INLINE int tgf_loaded(const struct tgf_cpu *cpu, const struct tgf_fpu *fpu)
{
	return (!TGF_GUARD(SKIP_OWNER) || TGF_OWNER_IS(cpu, fpu)) &&
	       (!TGF_GUARD(SKIP_CPU) || fpu->last_cpu == cpu->id);
}

/* CR0.TS; a mirror avoids writing what it holds already. */
TGF_INLINE void tgf_set_ts(enum tgf_strategy s, struct tgf_cpu *cpu, int ts)
{
	if (!tgf_is_lazy(s))
		return;
	if (s != TGF_LAZY_TS) {
		if (cpu->mirror == ts)
			return;
		if (!ts || TGF_GUARD(MIRROR_SET))
			cpu->mirror = ts;
	}
	if (ts)
		TGF_STTS(cpu);
	else
		TGF_CLTS(cpu);
}

/*
 * One more use in a row, at a trap or a preload (Linux 4.8: fpu__restore(),
 * switch_fpu_prepare()). Eight bits: the 256th makes 0 of it, and traps begin anew.
 */
TGF_INLINE void tgf_count_use(enum tgf_strategy s, struct tgf_fpu *fpu)
{
	if (s == TGF_LAZY_COUNTER)
		fpu->uses++;
}

/* Notes whose registers the CPU holds; only who skips loads asks for it. */
TGF_INLINE void tgf_own(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *fpu)
{
	if (!tgf_skips(s))
		return;
	cpu->owner = fpu;
	if (fpu)
		fpu->last_cpu = cpu->id;
}

/* The registers are fpu's from here on, and it may write them: state 1. */
TGF_INLINE void tgf_activate(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *fpu)
{
	tgf_own(s, cpu, fpu);
	fpu->active = 1;
	fpu->reload = 0;
}

/* Memory becomes valid: state 2a or 2b after it. */
TGF_INLINE void tgf_copy_to_memory(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *fpu)
{
	if (fpu->active)
		TGF_XSAVE(cpu, fpu);
	fpu->active = 0;
	if (s == TGF_REFRESH)
		fpu->reload = 1;
}

/* Memory becomes valid and may be written; the CPU's copy is dropped first: state 2b. */
TGF_INLINE void tgf_move_to_memory(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *fpu)
{
	tgf_copy_to_memory(s, cpu, fpu);
	fpu->last_cpu = TGF_NOWHERE;
}

/* The registers become valid: state 1, or 2a, in which nobody may write them. */
TGF_INLINE void tgf_copy_to_cpu(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *fpu)
{
	if (fpu->active || (tgf_skips(s) && tgf_loaded(cpu, fpu)))
		return;
	TGF_XRSTOR(cpu, fpu);
	tgf_own(s, cpu, fpu);
}

/* The registers become valid and may be written: state 1. */
TGF_INLINE void tgf_move_to_cpu(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *fpu)
{
	tgf_copy_to_cpu(s, cpu, fpu);
	tgf_activate(s, cpu, fpu);
}

/* schedule(), the task that goes; prev == NULL: a kernel thread. */
TGF_INLINE void tgf_switch_out(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *prev)
{
	if (!prev)
		return;
	if (s == TGF_LAZY_COUNTER && !prev->active)
		prev->uses = 0;
	if (TGF_GUARD(SWITCH_SAVE))
		tgf_copy_to_memory(s, cpu, prev);
	prev->active = 0;
	if (TGF_GUARD(PKRU_KEEP))
		prev->pkru = TGF_RDPKRU(cpu);
}

/* schedule(), the task that comes; next == NULL: a kernel thread. */
TGF_INLINE void tgf_switch_in(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *next)
{
	if (!next) {
		if (TGF_GUARD(TS_SET))
			tgf_set_ts(s, cpu, 1);
		return;
	}
	/* eagerly: user mode changes PKRU without asking, and the kernel's accesses obey it */
	if (TGF_GUARD(PKRU_LOAD))
		TGF_WRPKRU(cpu, next->pkru);
	if (tgf_is_deferred(s)) {
		if (TGF_GUARD(SWITCH_RELOAD))
			next->reload = 1;
	} else if (tgf_is_eager(s)) {
		if (TGF_GUARD(EAGER_LOAD))
			tgf_move_to_cpu(s, cpu, next);
	} else if (s == TGF_LAZY_COUNTER ? TGF_IS_HOT(next) : tgf_loaded(cpu, next)) {
		tgf_set_ts(s, cpu, 0);
		tgf_move_to_cpu(s, cpu, next);
		tgf_count_use(s, next);
	} else if (TGF_GUARD(TS_SET)) {
		tgf_set_ts(s, cpu, 1);
	}
}

/* On the way to user mode, after the last reschedule. */
TGF_INLINE enum tgf_run tgf_exit_user(enum tgf_strategy s, struct tgf_cpu *cpu,
				      struct tgf_fpu *cur)
{
	TGF_BEGIN
	TGF_OWNER_READ(cpu, cur);
	TGF_POINT(1, TGF_GUARD(OWNER_FRESH))
	if (tgf_is_deferred(s) && cur->reload) {
		cur->reload = 0;
		tgf_move_to_cpu(s, cpu, cur);
	}
	TGF_POINT(2, TGF_GUARD(EXIT_IRQS))
	TGF_END
}

/* #NM in user mode or in a kernel function below: the lazy kinds load. */
TGF_INLINE void tgf_nm(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *cur)
{
	tgf_set_ts(s, cpu, 0);
	tgf_move_to_cpu(s, cpu, cur);
	tgf_count_use(s, cur);
}

/* Whether a kernel section may begin here; an interrupt asks. */
TGF_INLINE int tgf_kernel_usable(const struct tgf_cpu *cpu)
{
	return !cpu->busy;
}

/* The kernel takes the registers. */
TGF_INLINE void tgf_kernel_begin(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *cur)
{
	if (TGF_GUARD(KERNEL_BUSY))
		cpu->busy = 1;
	if (cur) {
		if (TGF_GUARD(KERNEL_SAVE))
			tgf_copy_to_memory(s, cpu, cur);
		cur->active = 0;
		if (tgf_is_deferred(s) && TGF_GUARD(KERNEL_RELOAD))
			cur->reload = 1;
	}
	if (TGF_GUARD(KERNEL_OWNER))
		tgf_own(s, cpu, 0);
	if (TGF_GUARD(KERNEL_TS))
		tgf_set_ts(s, cpu, 0);
}

/* The kernel is done with the registers. */
TGF_INLINE void tgf_kernel_end(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *cur)
{
	if (tgf_is_eager(s) && cur && TGF_GUARD(KERNEL_RELOAD))
		tgf_move_to_cpu(s, cpu, cur);
	if (TGF_GUARD(KERNEL_TRAP))
		tgf_set_ts(s, cpu, 1);
	if (TGF_GUARD(KERNEL_DONE))
		cpu->busy = 0;
}

/* A new guest, perhaps where an old one's memory was. */
TGF_INLINE void tgf_guest_new(struct tgf_fpu *guest)
{
	guest->active = 0;
	guest->reload = 0;
	if (TGF_GUARD(GUEST_NEW))
		guest->last_cpu = TGF_NOWHERE;
	TGF_AREA_INIT(guest);
}

/* Before entering a guest: its registers come in and stay until guest_put. */
TGF_INLINE void tgf_guest_load(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *cur,
			       struct tgf_fpu *guest)
{
	if (TGF_GUARD(GUEST_BUSY))
		cpu->busy = 1;
	if (TGF_GUARD(GUEST_SAVE))
		tgf_copy_to_memory(s, cpu, cur);
	cur->active = 0;
	if (tgf_is_deferred(s) && TGF_GUARD(GUEST_RELOAD))
		cur->reload = 1;
	if (TGF_GUARD(GUEST_TS))
		tgf_set_ts(s, cpu, 0);
	if (s != TGF_DEFERRED_SKIP_OWNER || !tgf_loaded(cpu, guest))
		TGF_XRSTOR(cpu, guest);
	if (TGF_GUARD(GUEST_OWNER))
		tgf_own(s, cpu, s == TGF_DEFERRED_SKIP_OWNER ? guest : 0);
	guest->active = 1;
}

/* Before the task leaves the guest for good or is switched out. */
TGF_INLINE void tgf_guest_put(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *cur,
			      struct tgf_fpu *guest)
{
	if (TGF_GUARD(GUEST_KEEP))
		TGF_XSAVE(cpu, guest);
	guest->active = 0;
	if (tgf_is_eager(s))
		tgf_move_to_cpu(s, cpu, cur);
	if (TGF_GUARD(GUEST_TRAP))
		tgf_set_ts(s, cpu, 1);
	if (TGF_GUARD(GUEST_DONE))
		cpu->busy = 0;
}

/* exec: initial state; also what a signal handler begins with. */
TGF_INLINE enum tgf_run tgf_clear(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *cur)
{
	TGF_BEGIN
	TGF_LOCK();
	TGF_POINT(1, TGF_GUARD(CLEAR_LOCK))
	tgf_set_ts(s, cpu, 0);
	TGF_XINIT(cpu, cur);
	if (TGF_GUARD(CLEAR_PKRU))
		TGF_WRPKRU(cpu, TGF_PKRU_INIT);
	TGF_POINT(2, TGF_GUARD(CLEAR_LOCK))
	if (TGF_GUARD(CLEAR_OWNER)) {
		tgf_activate(s, cpu, cur);
	} else {
		cur->active = 1;
		cur->reload = 0;
	}
	TGF_UNLOCK();
	TGF_END
}

/*
 * Signal delivery: registers into the frame, then initial state for the handler. A
 * frame that cannot be written changes nothing; the caller sends SIGSEGV.
 */
TGF_INLINE enum tgf_run tgf_signal_save(enum tgf_strategy s, struct tgf_cpu *cpu,
					struct tgf_fpu *cur)
{
	enum tgf_copy copied;

	TGF_BEGIN
	TGF_LABEL(1)
	TGF_LOCK();
	if (TGF_GUARD(SIGNAL_LOAD)) {
		tgf_set_ts(s, cpu, 0);
		tgf_move_to_cpu(s, cpu, cur);
	}
	TGF_POINT(2, TGF_GUARD(SIGNAL_LOCK))
	copied = TGF_FRAME_SAVE(cpu, cur);
	if (copied != TGF_COPIED)
		TGF_UNLOCK();
	if (copied == TGF_ABSENT) {
		TGF_AGAIN(1, cur)
	}
	if (copied == TGF_BAD)
		return TGF_DONE;
	TGF_POINT(3, TGF_GUARD(CLEAR_LOCK))
	tgf_set_ts(s, cpu, 0);
	TGF_XINIT(cpu, cur);
	if (TGF_GUARD(SIGNAL_PKRU))
		TGF_WRPKRU(cpu, TGF_PKRU_INIT);
	TGF_POINT(4, TGF_GUARD(CLEAR_LOCK))
	if (TGF_GUARD(CLEAR_OWNER)) {
		tgf_activate(s, cpu, cur);
	} else {
		cur->active = 1;
		cur->reload = 0;
	}
	TGF_UNLOCK();
	TGF_END
}

/*
 * Signal return: the frame into the registers. What the task had is dead from the
 * first line on; what another task left in the registers may be destroyed even
 * where the copy fails, so it loses them first.
 */
TGF_INLINE enum tgf_run tgf_signal_restore(enum tgf_strategy s, struct tgf_cpu *cpu,
					   struct tgf_fpu *cur)
{
	enum tgf_copy copied;

	TGF_BEGIN
	TGF_LABEL(1)
	TGF_LOCK();
	if (TGF_GUARD(RESTORE_INACTIVE))
		cur->active = 0;
	if (TGF_GUARD(RESTORE_OWNER))
		tgf_own(s, cpu, 0);
	tgf_set_ts(s, cpu, 0);
	TGF_POINT(2, TGF_GUARD(RESTORE_LOCK))
	copied = TGF_FRAME_RESTORE(cpu, cur);
	if (copied == TGF_ABSENT) {
		tgf_set_ts(s, cpu, 1);
		TGF_UNLOCK();
		TGF_AGAIN(1, cur)
	}
	if (copied == TGF_BAD && TGF_GUARD(RESTORE_CLEAR)) {
		TGF_XINIT(cpu, cur);
		if (TGF_GUARD(RESTORE_PKRU))
			TGF_WRPKRU(cpu, TGF_PKRU_INIT);
	}
	TGF_POINT(3, TGF_GUARD(RESTORE_LOCK))
	tgf_activate(s, cpu, cur);
	TGF_UNLOCK();
	TGF_END
}

/* fork: the child gets the parent's state, in memory. */
TGF_INLINE enum tgf_run tgf_fork(enum tgf_strategy s, struct tgf_cpu *cpu,
				 struct tgf_fpu *parent, struct tgf_fpu *child)
{
	(void)s;
	TGF_BEGIN
	TGF_LOCK();
	child->active = 0;
	child->uses = 0;
	child->reload = 0;	/* switching in sets it */
	if (TGF_GUARD(FORK_CPU))
		child->last_cpu = TGF_NOWHERE;
	if (TGF_GUARD(FORK_PKRU))
		child->pkru = TGF_RDPKRU(cpu);
	TGF_POINT(1, TGF_GUARD(FORK_LOCK))
	if (parent->active || !TGF_GUARD(FORK_SOURCE)) {
		TGF_POINT(2, TGF_GUARD(FORK_LOCK))
		TGF_XSAVE_AS(cpu, parent, child);
	} else {
		TGF_AREA_COPY(parent, child);
	}
	TGF_UNLOCK();
	TGF_END
}

/* exit: nothing is saved for it any more. Pointers to it may stay: compare the CPU too. */
TGF_INLINE void tgf_exit(enum tgf_strategy s, struct tgf_cpu *cpu, struct tgf_fpu *cur)
{
	cur->active = 0;
	tgf_set_ts(s, cpu, 1);
}

/* The kernel reads the running task's registers in memory: a core dump, for example. */
TGF_INLINE enum tgf_run tgf_read_own(enum tgf_strategy s, struct tgf_cpu *cpu,
				     struct tgf_fpu *cur)
{
	TGF_BEGIN
	TGF_LOCK();
	if (cur->active && TGF_GUARD(READ_SAVE)) {
		TGF_POINT(1, TGF_GUARD(READ_LOCK))
		TGF_XSAVE(cpu, cur);
	}
	if (s == TGF_REFRESH) {
		cur->active = 0;
		cur->reload = 1;
	}
	TGF_UNLOCK();
	/* and valid memory stays until user mode, whatever comes before */
	TGF_AREA_READ(cur);
	TGF_END
}

/* The kernel writes the running task's registers, in memory: state 2b before that. */
TGF_INLINE enum tgf_run tgf_write_own(enum tgf_strategy s, struct tgf_cpu *cpu,
				      struct tgf_fpu *cur)
{
	TGF_BEGIN
	TGF_LOCK();
	if (TGF_GUARD(WRITE_DROP))
		tgf_move_to_memory(s, cpu, cur);
	if (tgf_is_deferred(s) && TGF_GUARD(WRITE_RELOAD))
		cur->reload = 1;
	if (TGF_GUARD(WRITE_RELOAD))
		tgf_set_ts(s, cpu, 1);
	TGF_POINT(1, TGF_GUARD(WRITE_LOCK))
	TGF_AREA_WRITE(cur);
	if (TGF_GUARD(WRITE_PKRU))
		TGF_WRPKRU(cpu, TGF_WRITTEN_PKRU(cur, TGF_RDPKRU(cpu)));
	if (tgf_is_eager(s) && TGF_GUARD(WRITE_RELOAD))
		tgf_move_to_cpu(s, cpu, cur);
	TGF_UNLOCK();
	TGF_END
}

/* A tracer writes the state of a stopped task; what a CPU still holds is dropped first. */
TGF_INLINE void tgf_ptrace_write(enum tgf_strategy s, struct tgf_fpu *fpu)
{
	(void)s;
	if (TGF_GUARD(PTRACE_CPU))
		fpu->last_cpu = TGF_NOWHERE;
	TGF_AREA_WRITE(fpu);
	if (TGF_GUARD(PTRACE_PKRU))
		fpu->pkru = TGF_WRITTEN_PKRU(fpu, fpu->pkru);
}

#include <tollgate/fpu_functions.h>
