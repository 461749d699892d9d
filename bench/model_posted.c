// SPDX-License-Identifier: GPL-2.0
/*
 * The patches of 2016 as posted: switching, kernel sections, guests. fpregs_active
 * is tgf_fpu.active, fpstate_active .used, TIF_LOAD_FPU .reload, counter .uses;
 * fpu_fpregs_owner_ctx is tgf_cpu.owner, in_kernel_fpu .busy, fpu_active !.mirror.
 */
#include "model_posted.h"

struct tgm_posted tgm_posted;

const char *const tgm_cite_where[TGM_NR_CITES] = {
	"",
#define CITE(id, where, what)	where,
#include "model_posted.def"
#undef CITE
};
const char *const tgm_cite_what[TGM_NR_CITES] = {
	"",
#define CITE(id, where, what)	what,
#include "model_posted.def"
#undef CITE
};

void tgm_cited(enum tgm_citation id)
{
	bool again = tgm_cite == (int)id;

	tgm_cite = id;
	if (!again)
		tgm_tell("[%s: %s]", tgm_cite_where[id], tgm_cite_what[id]);
}

static bool cured(enum tgm_cure cure)
{
	return tgm_posted.cures & cure;
}

/* __fpregs_activate_hw() and __fpregs_deactivate_hw(): nothing when eager. */
static void write_ts(int c, int ts)
{
	if (!tgm_posted.lazy)
		return;
	tgm.ts[c] = ts;
	tgm_tell("CR0.TS is %s", ts ? "set" : "cleared");
	if (cured(TGM_CURE_MIRROR))
		tgm.cpu[c].mirror = ts;
}

/* What patch 1 does around its mirror. */
static void mirrored_ts(int c, int ts)
{
	if (tgm.cpu[c].mirror == ts)
		return;
	tgm.cpu[c].mirror = ts;
	write_ts(c, ts);
}

static bool hot(int t)
{
	return tgm.fpu[t].used && (!tgm_posted.lazy || tgm.fpu[t].uses > TGF_HOT_USES);
}

static void count_use(int t)
{
	if (tgm_posted.lazy && tgm.fpu[t].uses <= TGF_HOT_USES)
		tgm.fpu[t].uses++;
}

/* __fpregs_activate(): the software's side. */
void tgm_posted_activate(int c, int t)
{
	tgm.fpu[t].active = 1;
	tgm.cpu[c].owner = &tgm.fpu[t];
}

static bool still_loaded(int c, int t)
{
	const struct tgf_fpu *fpu = &tgm.fpu[t];
	bool used = t == TGM_GUEST ? tgm_posted.guest_used : fpu->used;

	return used && fpu->last_cpu == c && tgm.cpu[c].owner == fpu;
}

bool tgm_posted_skip(int c, int t)
{
	tgm_cited(TGM_CITE_SKIP);
	tgm.fpu[t].active = still_loaded(c, t);
	tgm_tell("%s", tgm.fpu[t].active ? "still loaded" : "not loaded");
	return tgm.fpu[t].active;
}

void tgm_posted_activate_curr(int t)
{
	if (tgm.fpu[t].used)
		return;
	tgm_area_init(t);
	tgm.fpu[t].used = 1;
	if (tgm_posted.level >= 5) {
		tgm_cited(TGM_CITE_ACTIVATE5);
		tgm.fpu[t].last_cpu = TGF_NOWHERE;
	}
}

void tgm_posted_nm(int c, int t)
{
	tgm_cited(TGM_CITE_NM);
	if (t < 0) {
		write_ts(c, 0);
		tgm.cpu[c].owner = NULL;
		tgm.cpu[c].regs.version = 0;
		return;
	}
	tgm_posted_activate_curr(t);
	write_ts(c, 0);
	tgm_posted_activate(c, t);
	tgm_xrstor(c, t);
	count_use(t);
}

void tgm_posted_drop(int c, int t)
{
	tgm_cited(TGM_CITE_DROP);
	tgm.fpu[t].uses = 0;
	if (tgm.fpu[t].active) {
		tgm.fpu[t].active = 0;
		tgm.cpu[c].owner = NULL;
		write_ts(c, 1);
	}
	tgm.fpu[t].used = 0;
}

static int previous[TGM_CPUS];

static void switch_out(int c, int t)
{
	previous[c] = t;
}

/* The part that saves; whether the old task's registers were active. */
static bool save_old(int c, int old)
{
	bool active = old >= 0 && tgm.fpu[old].active;

	if (active) {
		tgm_xsave(c, old);
		tgm.fpu[old].last_cpu = c;
		tgm.fpu[old].active = 0;
	} else if (old >= 0) {
		tgm.fpu[old].uses = 0;
		tgm.fpu[old].last_cpu = TGF_NOWHERE;
	}
	return active;
}

static void switch_v48(int c, int old, int next)
{
	bool load = next >= 0 && hot(next), active;

	tgm_cited(TGM_CITE_PREPARE0);
	active = save_old(c, old);
	if (load) {
		count_use(next);
		if (!active) {
			write_ts(c, 0);
			if (tgm.cpu[c].owner == &tgm.fpu[next] && tgm.fpu[next].last_cpu == c)
				load = false;
		}
		tgm_posted_activate(c, next);
	} else if (active) {
		write_ts(c, 1);
	}
	tgm_cited(TGM_CITE_FINISH0);
	if (load)
		tgm_xrstor(c, next);
}

/* Patch 1's switch_fpu_finish(), which patch 2 makes switch_fpu_return(). */
static void load_new(int c, int t)
{
	if (t >= 0 && hot(t)) {
		if (tgm_posted.level >= 4) {
			tgm_cited(TGM_CITE_RETURN4);
			if (tgm_posted_skip(c, t))
				return;
		}
		count_use(t);
		tgm_posted_activate(c, t);
		mirrored_ts(c, 0);
		tgm_xrstor(c, t);
	} else {
		mirrored_ts(c, 1);
	}
}

static void switch_in(int c, int next)
{
	if (!tgm_posted.level) {
		switch_v48(c, previous[c], next);
		return;
	}
	tgm_cited(TGM_CITE_PREPARE);
	if (cured(TGM_CURE_PKRU) && previous[c] >= 0)
		tgm.fpu[previous[c]].area.pkru = tgm.cpu[c].regs.pkru;
	save_old(c, previous[c]);
	if (tgm_violated >= 0)
		return;
	if (tgm_posted.level == 1) {
		tgm_cited(TGM_CITE_FINISH1);
		load_new(c, next);
		return;
	}
	tgm_cited(TGM_CITE_FINISH2);
	if (next < 0)
		return;
	tgm.fpu[next].reload = 1;
	if (cured(TGM_CURE_PKRU))
		tgm.cpu[c].regs.pkru = tgm.fpu[next].area.pkru;
}

static enum tgf_run exit_user(int c, int t)
{
	if (tgm_posted.level >= 2)
		tgm_cited(TGM_CITE_EXIT);
	if (tgm_posted.level >= 2 && tgm.fpu[t].reload) {
		tgm.fpu[t].reload = 0;
		tgm_cited(TGM_CITE_RETURN);
		load_new(c, t);
	}
	return TGF_DONE;
}

/* irq_fpu_usable() in an interrupt of kernel mode: interrupted_kernel_fpu_idle(). */
static bool usable(int c, int t)
{
	if (tgm.cpu[c].busy)
		return false;
	return !tgm_posted.lazy || (!(t >= 0 && tgm.fpu[t].active) && tgm.ts[c]);
}

static void begin_for(int c, int t, struct tgf_fpu *whom)
{
	bool active = t >= 0 && tgm.fpu[t].active;

	tgm.cpu[c].busy = 1;
	if (tgm_posted.level < 2) {
		tgm_cited(TGM_CITE_BEGIN0);
		if (active) {
			tgm_xsave(c, t);
		} else {
			tgm.cpu[c].owner = NULL;
			write_ts(c, 0);
		}
		return;
	}
	tgm_cited(tgm_posted.level >= 3 ? TGM_CITE_BEGIN3 : TGM_CITE_BEGIN2);
	if (tgm_posted.level < 3)
		whom = NULL;
	if (!cured(TGM_CURE_OWNER) || !whom)
		tgm.cpu[c].owner = whom;
	if (active)
		tgm_xsave(c, t);
	else
		mirrored_ts(c, 0);
}

static void begin(int c, int t)
{
	begin_for(c, t, NULL);
}

static void end(int c, int t)
{
	bool active = t >= 0 && tgm.fpu[t].active;

	if (tgm_posted.level < 2) {
		tgm_cited(TGM_CITE_END0);
		if (active)
			tgm_xrstor(c, t);
		else
			write_ts(c, 1);
	} else {
		tgm_cited(TGM_CITE_END2);
		if (active) {
			tgm.fpu[t].reload = 1;
			tgm.fpu[t].active = 0;
		}
	}
	tgm.cpu[c].busy = 0;
}

static void guest_new(void)
{
	tgm_cited(TGM_CITE_GUEST_NEW);
	tgm.fpu[TGM_GUEST].active = 0;
	tgm.fpu[TGM_GUEST].last_cpu = TGF_NOWHERE;
	/* which of them is CPU 0 is a matter of names */
	if (!cured(TGM_CURE_OWNER))
		tgm.fpu[TGM_GUEST].last_cpu = tgm_choose(tgm_bound.cpus);
	tgm_area_init(TGM_GUEST);
}

static void guest_load(int c, int t)
{
	struct tgf_fpu *guest = &tgm.fpu[TGM_GUEST];

	if (tgm_posted.level >= 3)
		tgm_cited(TGM_CITE_GUEST_LOAD3);
	begin_for(c, t, guest);
	if (tgm_posted.level < 4) {
		tgm_cited(tgm_posted.level == 3 ? TGM_CITE_GUEST_LOAD3 : TGM_CITE_GUEST_LOAD);
		tgm_xrstor(c, TGM_GUEST);
		return;
	}
	tgm_cited(TGM_CITE_GUEST_LOAD4);
	if (!tgm_posted_skip(c, TGM_GUEST)) {
		guest->last_cpu = c;
		tgm_xrstor(c, TGM_GUEST);
		tgm.cpu[c].owner = guest;
	}
}

static void guest_put(int c, int t)
{
	tgm_cited(TGM_CITE_GUEST_PUT);
	if (tgm_posted.level >= 4) {
		tgm_cited(TGM_CITE_GUEST_PUT4);
		tgm.fpu[TGM_GUEST].active = 0;
	}
	tgm_xsave(c, TGM_GUEST);
	end(c, t);
}

static void ptrace_read(int t)
{
	tgm_posted_activate_curr(t);
}

static void ptrace_write(int t)
{
	tgm_cited(TGM_CITE_PTRACE);
	if (tgm.fpu[t].used)
		tgm.fpu[t].last_cpu = TGF_NOWHERE;
	else
		tgm_posted_activate_curr(t);
	tgm_area_write(t);
}

static bool skips(void)
{
	return !tgm_posted.level || tgm_posted.level >= 4;
}

static bool counts(int c, int t)
{
	return (t != TGM_GUEST && tgm.fpu[t].active) || (skips() && still_loaded(c, t));
}

/*
 * Whether fpregs_active, TIF_LOAD_FPU, owner, last_cpu and CR0.TS tell the truth
 * about t. The step after which they first do not is to blame for what follows.
 */
static bool books(int t)
{
	const struct tgf_fpu *fpu = &tgm.fpu[t];
	int c = tgm.task[t].cpu;
	bool saved = tgm_is_newest(fpu->area, t), user = tgm.task[t].op == TGM_USER;

	if (fpu->active) {
		if (c < 0)
			return false;
		/* a kernel section, or a guest: saved, but fpregs_active stays */
		if (tgm.cpu[c].busy)
			return saved;
		/* memory will be loaded over the registers */
		if (tgm_posted.level >= 2 && fpu->reload && !saved &&
		    !(tgm_posted.level >= 4 && still_loaded(c, t)))
			return false;
		return tgm_is_newest(tgm.cpu[c].regs, t);
	}
	if (fpu->used && !saved)
		return false;
	/* switching out rewrites last_cpu, so of a running task only this CPU counts */
	for (int k = 0; skips() && k < tgm_bound.cpus; k++)
		if ((c < 0 || k == c) && still_loaded(k, t) && !tgm.cpu[k].busy &&
		    !tgm_is_newest(tgm.cpu[k].regs, t))
			return false;
	if (c < 0)
		return true;
	if (tgm_posted.lazy)
		return !user || tgm.cpu[c].busy || tgm.ts[c];
	return fpu->reload && !user;
}

struct tgm_ops tgm_posted_ops = {
	switch_out, switch_in, exit_user, tgm_posted_nm, usable, begin, end, guest_new,
	guest_load, guest_put, tgm_posted_save, tgm_posted_restore, tgm_posted_fork,
	tgm_posted_clear, tgm_posted_read, tgm_posted_write, tgm_posted_drop, NULL, ptrace_read,
	ptrace_write, counts, books,
	.in_xstate = true, .cite_access = TGM_CITE_FINISH2, .cite_remote = TGM_CITE_REMOTE,
};

void tgm_use_posted(struct tgm_posted posted)
{
	tgm_posted = posted;
	tgm_posted_ops.lazy = posted.lazy;
	tgm_ops = &tgm_posted_ops;
}
