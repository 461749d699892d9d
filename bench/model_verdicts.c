// SPDX-License-Identifier: GPL-2.0
/* Why each fault of the patches as posted is one in the code, and what cures it. */
#include "model_runs.h"

#define C(id)	TGM_CITE_##id

static const struct tgm_verdict verdicts[] = {
	{ C(SAVE), false, TGM_CURE_SAVE,
	  "v4.8 may copy live registers at any time, because a switch loads them before the task "
	  "goes on. With patch 2 they are another's, or a soft interrupt's, until the way to user "
	  "mode, and signals are delivered before that: in exit_to_usermode_loop(). With XSAVES "
	  "the registers are copied even while fpregs_active is 0; without, a reschedule or a soft "
	  "interrupt between the question and the copy is enough.",
	  "load the task's own registers, and copy them, with preemption and soft interrupts off" },
	{ C(SAVE5), false, TGM_CURE_SAVE,
	  "fpu_lazy_skip_restore() trusts last_cpu, but a load does not set it: a task that "
	  "came from another CPU, is new, or was switched out with fpregs_active clear, has live "
	  "registers and a last_cpu that says no. Patch 5 then writes the stale memory over them, and the function has "
	  "cleared fpregs_active besides, so that nothing saves them from then on.",
	  "do not ask at all while fpregs_active is set; load, and copy, with preemption off" },
	{ C(SAVE5), true, TGM_CURE_OWN5,
	  "Patch 5 loads a task's registers without making it their owner. Who is still the "
	  "owner comes back, finds last_cpu and owner right, skips the load, and runs on registers "
	  "of the task that got the signal.",
	  "make the task the owner of what is loaded for it" },
	{ C(CLEAR), false, TGM_CURE_CLEAR,
	  "fpu__clear() puts initial state into the registers only. Where TIF_LOAD_FPU is set, the way "
	  "to user mode loads the old state over it: a signal handler, or a program after exec, "
	  "begins with the registers of what ran before.",
	  "make the task owner of the cleared registers, set fpregs_active, clear TIF_LOAD_FPU" },
	{ C(CLEAR), true, TGM_CURE_CLEAR,
	  "fpu__clear() writes registers that patch 4 counts on: they still are the previous "
	  "task's, by owner and last_cpu. If it comes back before anybody loads, it skips the load "
	  "and runs on initial state.",
	  "make the task owner of the cleared registers, set fpregs_active, clear TIF_LOAD_FPU" },
	{ C(RESTORE), false, TGM_CURE_RESTORE,
	  "The frame is loaded into the registers while TIF_LOAD_FPU may be set, from a reschedule "
	  "in the system call, or comes to be set between user_fpu_begin() and XRSTOR, by a "
	  "reschedule, a page fault on the frame or a soft interrupt. The way to user mode then "
	  "loads memory over it; what the handler returned to is lost.",
	  "with preemption and soft interrupts off: load, own, clear TIF_LOAD_FPU" },
	{ C(RESTORE), true, TGM_CURE_RESTORE,
	  "Rescheduled between user_fpu_begin() and XRSTOR, the task writes registers whose owner is "
	  "the one that ran meanwhile, and may be rescheduled again before it leaves: that one skips "
	  "its load and runs on registers of another's signal frame. v5.x had the same "
	  "(bbc55341b9c6, d8778e393afa).",
	  "with preemption and soft interrupts off, and the owner dropped before XRSTOR" },
	{ C(FORK), false, TGM_CURE_FORK,
	  "fpu__copy() saves live registers as the child's. With TIF_LOAD_FPU set they are another "
	  "task's, or a kernel section's.",
	  "copy memory where fpregs_active is 0; else save, with soft interrupts off" },
	{ C(FPU_SAVE), false, TGM_CURE_OWN,
	  "fpu__save() asks fpregs_active, then saves, with preemption off but soft interrupts on. In "
	  "v4.8 one that comes between puts the registers back; with patch 2 it leaves its own, and "
	  "they are saved as the task's. get_xsave_field_ptr() reads them: the reader of current's "
	  "state that the discussion of patch 2 was worried about.",
	  "turn soft interrupts off from the question to the save" },
	{ C(OWN_WRITE), false, TGM_CURE_OWN,
	  "On CPUs with protection keys only, in v4.8 too. Memory is written while fpregs_active says "
	  "that the registers count, so a soft interrupt before the load saves the old registers over "
	  "it and what was written is lost. This is the case asked for in the discussion of patch 2: "
	  "why the CPU's copy must be dropped before memory is written, not after.",
	  "turn soft interrupts off, and clear fpregs_active before the write" },
	{ C(FINISH2), false, TGM_CURE_PKRU,
	  "On CPUs with protection keys only: PKRU is loaded with the rest, on the way to user mode, but "
	  "the kernel's own accesses for the task obey it before.",
	  "load PKRU at the switch, by WRPKRU" },
	{ C(REMOTE), false, 0,
	  "On CPUs with protection keys only, in v4.8 too and by design: get_user_pages() of another's "
	  "memory asks no PKRU.",
	  "none in the series; a PKRU kept at the switch can be asked for (ours)" },
	{ C(SKIP), false, TGM_CURE_OWNER | TGM_CURE_CLEAR | TGM_CURE_RESTORE,
	  "Not as posted: v4.8 never sets a guest's fpstate_active, so patch 4 never skips its load. "
	  "Were it set: patch 3 makes the guest the owner before the question whether it is.",
	  "ask first, then make the guest the owner; and cure fpu__clear() and __fpu__restore_sig(), of "
	  "which a guest would be a bystander as well" },
	{ C(GUEST_NEW), false, TGM_CURE_OWNER,
	  "Not as posted: v4.8 never sets a guest's fpstate_active. Were it set: a new guest is zeroed "
	  "memory, last_cpu 0 counts as CPU 0, and owner compares addresses.",
	  "set last_cpu to -1 where a guest is made" },
};

const struct tgm_verdict *tgm_verdict_of(int blame)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if ((int)verdicts[i].cite == (blame & (TGM_OTHER - 1)) &&
		    verdicts[i].other == !!(blame & TGM_OTHER))
			return &verdicts[i];
	return NULL;
}
