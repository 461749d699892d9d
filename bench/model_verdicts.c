// SPDX-License-Identifier: GPL-2.0
/* Why each fault of the patches as posted is one in the code, and what cures it. */
#include "model_runs.h"

#define C(id)	TGM_CITE_##id

static const char save_cure[] =
	"load the task's own registers, and copy them, with preemption and soft interrupts off";
static const char ask_cure[] =
	"do not ask at all while fpregs_active is set; load, and copy, with preemption off";
static const char own_cure[] = "make the task the owner of what is loaded for it";
static const char clear_cure[] =
	"make the task owner of the cleared registers, set fpregs_active, clear TIF_LOAD_FPU";
static const char restore_cure[] =
	"with preemption and soft interrupts off: load, own, clear TIF_LOAD_FPU";
static const char fork_cure[] =
	"copy memory where fpregs_active is 0; else save, with soft interrupts off";

static const struct tgm_verdict verdicts[] = {
	{ C(SAVE), 0, TGM_CURE_SAVE,
	  "With XSAVES live registers are copied even while fpregs_active is 0. v4.8 may do so, "
	  "because a switch loads them before the task goes on. With patch 2 they are another's "
	  "until the way to user mode, and signals are delivered before that, in "
	  "exit_to_usermode_loop().", save_cure },
	{ C(SAVE), TGM_SOFT, TGM_CURE_SAVE,
	  "A soft interrupt that uses the registers comes before the copy to the frame, after it "
	  "was asked, or by patch 5 seen to, that they are the task's. In v4.8 it puts them back; "
	  "with patch 2 it leaves its own, and the frame gets these.", save_cure },
	{ C(SAVE), TGM_RESCHED, TGM_CURE_SAVE,
	  "A reschedule comes before the copy to the frame, after it was asked, or by patch 5 seen "
	  "to, that the registers are the task's. In v4.8 the switch back loads them; with patch 2 "
	  "it only sets TIF_LOAD_FPU, and the frame gets what others left.", save_cure },
	{ C(SAVE5), 0, TGM_CURE_SAVE,
	  "fpu_lazy_skip_restore() trusts last_cpu, but a load does not set it: of a task that "
	  "came from another CPU, is new, or was switched out with fpregs_active clear, it says "
	  "'not loaded', and it writes that into fpregs_active. TIF_LOAD_FPU is clear too, so "
	  "from then on nothing saves the registers that patch 5 then loads: a soft interrupt "
	  "overwrites them, and the frame gets what it left.", ask_cure },
	{ C(SAVE5), TGM_LOST, TGM_CURE_SAVE,
	  "fpu_lazy_skip_restore() says 'not loaded' of a running task, as last_cpu is not set by a "
	  "load. Memory is older than the registers if the task has written them since: patch 5 "
	  "loads it over them, and the frame gets the older ones. The newer are nowhere any more.",
	  ask_cure },
	{ C(SAVE5), TGM_KEYS, TGM_CURE_SAVE,
	  "On CPUs with protection keys only: what patch 5 loads from memory that is not up to date "
	  "holds an older PKRU, and the copy to the frame obeys it.", ask_cure },
	{ C(SAVE5), TGM_OTHER, TGM_CURE_OWN5,
	  "With XSAVES patch 5 loads the registers of a task that came in with fpregs_active clear, "
	  "without making it their owner. Who is still the owner comes back, finds last_cpu and "
	  "owner right, skips the load, and runs on registers of the task that got the signal.",
	  own_cure },
	{ C(SAVE5), TGM_OTHER | TGM_RESCHED, TGM_CURE_OWN5,
	  "Rescheduled between the question of fpregs_active and patch 5's load, the task has its "
	  "registers loaded while the one that ran meanwhile is their owner. That one comes back, "
	  "finds last_cpu and owner right, skips the load, and runs on another's registers.",
	  own_cure },
	{ C(CLEAR), 0, TGM_CURE_CLEAR,
	  "fpu__clear() puts initial state into the registers only. TIF_LOAD_FPU is set, from the "
	  "switch to the task, and the way to user mode loads the old state over it: a signal "
	  "handler, or a program after exec, begins with the registers of what ran before.",
	  clear_cure },
	{ C(CLEAR), TGM_SOFT, TGM_CURE_CLEAR,
	  "A soft interrupt uses the registers during signal delivery, before fpu__clear(), and sets "
	  "TIF_LOAD_FPU. fpu__clear() leaves that set, so the handler begins with the registers of "
	  "what it interrupted.", clear_cure },
	{ C(CLEAR), TGM_RESCHED, TGM_CURE_CLEAR,
	  "A reschedule during signal delivery, before fpu__clear(), sets TIF_LOAD_FPU. "
	  "fpu__clear() leaves that set, so the handler begins with the registers of what it "
	  "interrupted.", clear_cure },
	{ C(CLEAR), TGM_OTHER, TGM_CURE_CLEAR,
	  "fpu__clear() writes registers that patch 4 counts on: they still are the previous "
	  "task's, by owner and last_cpu. If it comes back before anybody loads, it skips the load "
	  "and runs on initial state.", clear_cure },
	{ C(CLEAR), TGM_OTHER | TGM_RESCHED, TGM_CURE_CLEAR,
	  "The same after a reschedule during signal delivery: fpu__clear() then writes registers of "
	  "the task that ran meanwhile. It comes back, skips its load, and runs on initial state.",
	  clear_cure },
	{ C(RESTORE), 0, TGM_CURE_RESTORE,
	  "The frame is loaded into the registers while TIF_LOAD_FPU is set, from a reschedule "
	  "earlier in the system call. The way to user mode loads memory over it; what the handler "
	  "returned to is lost.", restore_cure },
	{ C(RESTORE), TGM_SOFT, TGM_CURE_RESTORE,
	  "Between user_fpu_begin() and XRSTOR, or while a page of the frame is fetched, a soft "
	  "interrupt uses the registers and sets TIF_LOAD_FPU. The way to user mode loads memory "
	  "over the frame's registers.", restore_cure },
	{ C(RESTORE), TGM_RESCHED, TGM_CURE_RESTORE,
	  "A reschedule between user_fpu_begin() and XRSTOR, or for a page of the frame, sets "
	  "TIF_LOAD_FPU. Memory, which has what was there before the frame, is loaded over it by "
	  "the next that loads: patch 5 at another signal, or the way to user mode.",
	  restore_cure },
	{ C(RESTORE), TGM_OTHER | TGM_RESCHED, TGM_CURE_RESTORE,
	  "Rescheduled between user_fpu_begin() and XRSTOR, the task writes "
	  "registers whose owner is the one that ran meanwhile, and may be rescheduled again before "
	  "it leaves: that one skips its load and runs on registers of another's signal frame. v5.x "
	  "had the same (bbc55341b9c6, d8778e393afa).",
	  "with preemption and soft interrupts off, and the owner dropped before XRSTOR" },
	{ C(FORK), 0, TGM_CURE_FORK,
	  "fpu__copy() saves live registers as the child's. With TIF_LOAD_FPU set, from the switch to "
	  "the parent, they are another task's, or nobody's.", fork_cure },
	{ C(FORK), TGM_SOFT, TGM_CURE_FORK,
	  "A soft interrupt in fork, before fpu__copy(), leaves its own registers and TIF_LOAD_FPU; "
	  "fpu__copy() asks neither and saves them as the child's.", fork_cure },
	{ C(FORK), TGM_RESCHED, TGM_CURE_FORK,
	  "After a reschedule in fork, before fpu__copy(), the registers are those of who ran "
	  "meanwhile; fpu__copy() does not ask and saves them as the child's.", fork_cure },
	{ C(FPU_SAVE), TGM_SOFT, TGM_CURE_OWN,
	  "fpu__save() asks fpregs_active, then saves, with preemption off but soft interrupts on. In "
	  "v4.8 one that comes between puts the registers back; with patch 2 it leaves its own, and "
	  "they are saved as the task's. get_xsave_field_ptr() reads them: the reader of current's "
	  "state that the discussion of patch 2 was worried about.",
	  "turn soft interrupts off from the question to the save" },
	{ C(OWN_WRITE), 0, TGM_CURE_OWN,
	  "On CPUs with protection keys only, in v4.8 too. Memory is written while fpregs_active says "
	  "that the registers count, so a soft interrupt before the load saves the old registers over "
	  "it and what was written is lost. This is the case asked for in the discussion of patch 2: "
	  "why the CPU's copy must be dropped before memory is written, not after.",
	  "turn soft interrupts off, and clear fpregs_active before the write" },
	{ C(FINISH2), 0, TGM_CURE_PKRU,
	  "On CPUs with protection keys only: PKRU is loaded with the rest, on the way to user mode, but "
	  "the kernel's own accesses for the task obey it before.",
	  "keep and load PKRU at the switch, by RDPKRU and WRPKRU, and load it where the kernel "
	  "writes the task's own in memory" },
	{ C(REMOTE), 0, 0,
	  "On CPUs with protection keys only, in v4.8 too and by design: get_user_pages() of another's "
	  "memory asks no PKRU.",
	  "none in the series; a PKRU kept at the switch can be asked for (ours)" },
	{ C(SKIP), 0, TGM_CURE_OWNER | TGM_CURE_CLEAR | TGM_CURE_RESTORE,
	  "Not as posted: v4.8 never sets a guest's fpstate_active, so patch 4 never skips its load. "
	  "Were it set: patch 3 makes the guest the owner before the question whether it is.",
	  "ask first, then make the guest the owner; and cure fpu__clear() and __fpu__restore_sig(), of "
	  "which a guest would be a bystander as well" },
	{ C(GUEST_NEW), 0, TGM_CURE_OWNER,
	  "Not as posted: v4.8 never sets a guest's fpstate_active. Were it set: a new guest is zeroed "
	  "memory, last_cpu 0 counts as CPU 0, and owner compares addresses.",
	  "set last_cpu to -1 where a guest is made" },
};

const struct tgm_verdict *tgm_verdict_of(const struct tgm_fault *f)
{
	const int cite = f->blame & (TGM_OTHER - 1), how = f->blame & ~(TGM_OTHER - 1);
	const struct tgm_verdict *found = NULL;

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		const struct tgm_verdict *v = &verdicts[i];

		if ((int)v->cite != cite)
			continue;
		if (f->invariant == TGM_PKRU && v->how == (how | TGM_KEYS))
			return v;
		if (v->how == how)
			found = v;
	}
	return found;
}
