// SPDX-License-Identifier: GPL-2.0
/*
 * The patches of 2016 as posted: signal frames, fork and exec, which are v4.8's own
 * but for patch 5. All of it runs preemptible and with soft interrupts on, unless
 * said otherwise. A page fault inside of an instruction that copies to or from a
 * frame is a reschedule before it; it starts over.
 */
#include "model_posted.h"

/* As in mod/fpu_state.c: pc is where to take up. */
#define BEGIN		switch (tgm.task[t].pc) { case 0:
#define POINT(n)							\
	if (tgm_point(c, t, tgm.task[t].op, n))				\
		return TGF_PREEMPTED;					\
	__attribute__((fallthrough));					\
	case n:
#define END		} return TGF_DONE;

static bool cured(enum tgm_cure cure)
{
	return tgm_posted.cures & cure;
}

/* An instruction on registers meets CR0.TS: #NM in the kernel loads them. */
static void trap(int c, int t)
{
	if (tgm_posted.lazy && tgm.ts[c])
		tgm_posted_nm(c, t);
}

/* Preemption is off, soft interrupts are not. */
static void soft_point(int c, int t)
{
	if ((tgm_bound.events & TGM_EV_SECTION) && tgm_ops->usable(c, t) && tgm_choose(2))
		tgm_soft_interrupt(c, t);
}

/* A cure: the registers become the task's, under a lock, before they are used. */
static void load_first(int c, int t)
{
	if (tgm.fpu[t].active)
		return;
	tgm_tell("cure: loads the task's own registers first, with preemption off");
	trap(c, t);
	if (tgm.fpu[t].active)
		return;
	tgm_posted_activate(c, t);
	tgm.fpu[t].reload = 0;
	tgm_xrstor(c, t);
}

static void clear(int c, int t)
{
	tgm_cited(TGM_CITE_CLEAR);
	if (tgm_posted.lazy) {
		tgm_posted_drop(c, t);
		tgm_forget(t);
		return;
	}
	tgm_xinit(c, t);
	if (cured(TGM_CURE_CLEAR)) {
		tgm_tell("cure: makes the task their owner and clears TIF_LOAD_FPU");
		tgm_posted_activate(c, t);
		tgm.fpu[t].reload = 0;
	}
}

enum tgf_run tgm_posted_clear(int c, int t)
{
	clear(c, t);
	return TGF_DONE;
}

enum tgf_run tgm_posted_save(int c, int t)
{
	enum tgf_copy copied = TGF_COPIED;

	if (!tgm.fpu[t].used)
		return TGF_DONE;	/* get_sigframe(): no frame without fpstate_active */
	BEGIN
	tgm_cited(TGM_CITE_SAVE);
	tgm_absent = true;
	if (cured(TGM_CURE_SAVE)) {
		if (tgm.fpu[t].used || tgm_posted.xsaves)
			load_first(c, t);
		copied = tgm_frame_save(c, t);
	} else if (tgm.fpu[t].active || tgm_posted.xsaves) {
		POINT(1)
		if (tgm_posted.level >= 5) {
			tgm_cited(TGM_CITE_SAVE5);
			if (!tgm_posted_skip(c, t)) {
				tgm_cited(TGM_CITE_SAVE5);
				trap(c, t);
				tgm_xrstor(c, t);
				if (cured(TGM_CURE_OWN5)) {
					tgm_tell("cure: makes the task the owner of what it loaded");
					tgm.cpu[c].owner = &tgm.fpu[t];
				}
			}
			tgm_check_books();
			POINT(2)
		}
		tgm_cited(TGM_CITE_SAVE);
		trap(c, t);
		tgm_absent = true;
		copied = tgm_frame_save(c, t);
	} else {
		POINT(3)
		copied = tgm_frame_save_area(c, t);
	}
	/* setup_rt_frame() fails: no handler, SIGSEGV */
	if (tgm_violated >= 0 || copied == TGF_BAD)
		return TGF_DONE;
	POINT(4)
	if (tgm.fpu[t].used)
		clear(c, t);
	END
}

enum tgf_run tgm_posted_restore(int c, int t)
{
	enum tgf_copy copied;

	BEGIN
	tgm_posted_activate_curr(t);
	tgm.task[t].dead = 1;
	if (!cured(TGM_CURE_RESTORE)) {
		tgm_cited(TGM_CITE_USER_BEGIN);
		if (!tgm.fpu[t].active) {
			if (tgm_posted.lazy) {
				tgm.ts[c] = 0;
				if (cured(TGM_CURE_MIRROR))
					tgm.cpu[c].mirror = 0;
			}
			tgm_posted_activate(c, t);
		}
		POINT(1)
	}
again:
	if (cured(TGM_CURE_RESTORE)) {
		tgm_tell("cure: with preemption and soft interrupts off; drops what the CPU holds");
		tgm.cpu[c].owner = NULL;
	}
	tgm_cited(TGM_CITE_RESTORE);
	trap(c, t);
	copied = tgm_frame_restore(c, t);
	if (copied == TGF_ABSENT) {
		if (cured(TGM_CURE_RESTORE)) {
			tgm.fpu[t].active = 0;
			tgm.fpu[t].reload = 1;
			tgm.fpu[t].last_cpu = TGF_NOWHERE;
		}
		POINT(2)
		goto again;
	}
	if (copied == TGF_BAD) {
		if (!cured(TGM_CURE_RESTORE)) {
			POINT(3)
		}
		clear(c, t);
	}
	if (cured(TGM_CURE_RESTORE)) {
		tgm_posted_activate(c, t);
		tgm.fpu[t].reload = 0;
	}
	END
}

enum tgf_run tgm_posted_fork(int c, int t, int child)
{
	struct tgf_fpu *to = &tgm.fpu[child];

	BEGIN
	tgm_cited(TGM_CITE_FORK);
	to->active = to->uses = 0;
	to->last_cpu = TGF_NOWHERE;
	to->used = tgm.fpu[t].used;
	to->reload = tgm.fpu[t].reload;
	POINT(1)
	tgm_cited(TGM_CITE_FORK);
	if (!tgm.fpu[t].used) {
		to->used = 0;
		tgm_forget(child);
		return TGF_DONE;
	}
	to->used = 1;
	if (cured(TGM_CURE_FORK)) {
		if (!tgm.fpu[t].active) {
			tgm_tell("cure: copies memory where the registers are not the task's");
			tgm_area_copy(t, child);
		} else {
			tgm_xsave_as(c, t, child);
		}
		return TGF_DONE;
	}
	soft_point(c, t);
	tgm_cited(TGM_CITE_FORK);
	trap(c, t);
	tgm_xsave_as(c, t, child);
	END
}

/* get_xsave_field_ptr() and what calls fpu__save() to read a task's own memory. */
enum tgf_run tgm_posted_read(int c, int t)
{
	BEGIN
	tgm_cited(TGM_CITE_FPU_SAVE);
	if (!tgm.fpu[t].used)
		return TGF_DONE;
	if (tgm.fpu[t].active) {
		if (!cured(TGM_CURE_OWN))
			soft_point(c, t);
		tgm_cited(TGM_CITE_FPU_SAVE);
		tgm_xsave(c, t);
	}
	POINT(1)
	tgm_area_read(t);
	END
}

/* arch_set_user_pkey_access(), by fpu__xfeature_set_state(). */
enum tgf_run tgm_posted_write(int c, int t)
{
	struct tgf_fpu *fpu = &tgm.fpu[t];

	tgm_posted_activate_curr(t);
	tgm_cited(TGM_CITE_OWN_WRITE);
	if (fpu->active)
		tgm_xsave(c, t);
	fpu->last_cpu = TGF_NOWHERE;
	if (cured(TGM_CURE_OWN) && fpu->active) {
		tgm_tell("cure: soft interrupts are off, and the CPU's copy is dropped first");
		fpu->active = 0;
		tgm_area_write(t);
		tgm_posted_activate(c, t);
		tgm_xrstor(c, t);
		return TGF_DONE;
	}
	soft_point(c, t);
	tgm_cited(TGM_CITE_OWN_WRITE);
	tgm_area_write(t);
	if (cured(TGM_CURE_PKRU) && !fpu->active) {
		tgm_tell("cure: puts the PKRU that was written in force at once");
		tgm.cpu[c].regs.pkru = fpu->area.pkru;
	}
	soft_point(c, t);
	tgm_cited(TGM_CITE_OWN_WRITE);
	if (fpu->active)
		tgm_xrstor(c, t);
	return TGF_DONE;
}
