// SPDX-License-Identifier: GPL-2.0
/*
 * What is on the CPU while an armed task runs, and was before: MSRs, CR8, IDTR. Put
 * back, and compared, whenever the task leaves.
 */
#include <linux/irqflags.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <asm/segment.h>

#include <tollgate/arm.h>
#include <tollgate/frame_blocks.h>

#include "arm.h"
#include "entry.h"

struct tg_calm tg_calm;
DEFINE_PER_CPU(struct tg_words, tg_words);
DEFINE_PER_CPU(unsigned long, tg_user_rsp);
DEFINE_PER_CPU(unsigned long, tg_stack_top);

/* A stub, by its offset from tg_stub_compat. */
struct tg_stub {
	u32 bits, quiet, offset;
};
extern const struct tg_stub tg_stubs[], tg_stubs_end[];
extern const char tg_stub_compat[], tg_stub_door[];

/* What must be the same when a task leaves the CPU as when it came. */
enum tg_same { TG_SAME_LSTAR, TG_SAME_CSTAR, TG_SAME_MASK, TG_SAME_SYSENTER, TG_SAME_CR8,
	       TG_SAME_IDTR, TG_SAME_GS_BASE, TG_SAME_WORDS, TG_NR_SAME };
static const char *const tg_same_names[] = {
	"lstar", "cstar", "syscall_mask", "sysenter_cs", "cr8", "idtr", "gs_base", "words"
};

static struct {
	u64 loads, restores, fixups, mask_fixups, lstar_fixups, differed[TG_NR_SAME];
} tg_count;
static struct tg_cpu_state tg_found;	/* by the latest load */

const void *tg_stub_of(const struct tg_point *p, bool quiet)
{
	u32 bits = tg_point_bits(p);
	const struct tg_stub *s;

	for (s = tg_stubs; s < tg_stubs_end; s++)
		if (s->bits == bits && s->quiet == quiet)
			return tg_stub_compat + s->offset;
	return NULL;
}

void tg_entry_of(struct tg_entry *e, const struct tg_point *p, bool quiet)
{
	e->quiet = quiet;
	e->stub = tg_stub_of(p, quiet);
	e->door = tg_stub_of(p, false) ? e->stub : tg_stub_door;
	e->unmasked = tg_point_axis(p, TG_AXIS_mask, 0) ? X86_EFLAGS_IF : 0;
	e->keeps = tg_point_axis(p, TG_AXIS_guard, 0) == TG_ON(guard, spec_ctrl);
}

static void tg_cpu_state(struct tg_cpu_state *s)
{
	s->lstar = tg_read_msr(MSR_LSTAR);
	s->cstar = tg_read_msr(MSR_CSTAR);
	s->mask = tg_read_msr(MSR_SYSCALL_MASK);
	s->sysenter = tg_read_msr(MSR_IA32_SYSENTER_CS);
	s->gs_base = tg_read_msr(MSR_GS_BASE);
	s->cr8 = tg_read_cr8();
}

static void tg_set_msr(u32 msr, u64 value)
{
	wrmsr(msr, (u32)value, (u32)(value >> 32));
}

/* What the stubs take for granted. */
static_assert(offsetof(struct tg_calm, rax) == TG_CALM_RAX);
static_assert(offsetof(struct tg_calm, cr8) == TG_CALM_CR8);
static_assert(offsetof(struct tg_calm, below) == TG_CALM_BELOW);
static_assert(offsetof(struct tg_calm, is_open) == TG_CALM_IS_OPEN);
static_assert(offsetof(struct tg_calm, rcx) == TG_CALM_RCX);
static_assert(offsetof(struct tg_calm, rdx) == TG_CALM_RDX);
static_assert(offsetof(struct tg_calm, closed) == TG_CALM_CLOSED);
static_assert(offsetof(struct tg_calm, open) == TG_CALM_OPEN);
static_assert(offsetof(struct tg_calm, door) == TG_CALM_DOOR);
static_assert(offsetof(struct tg_calm, inside) == TG_CALM_INSIDE);
static_assert(offsetof(struct tg_calm, keeps) == TG_CALM_KEEPS);
static_assert(offsetof(struct tg_calm, calls) == TG_CALM_CALLS);
static_assert(offsetof(struct tg_calm, spec_ctrl) == TG_CALM_SPEC_CTRL);
static_assert(TG_MSR_SPEC_CTRL == MSR_IA32_SPEC_CTRL);
static_assert(TG_MSR_PRED_CMD == MSR_IA32_PRED_CMD);
static_assert(TG_MSR_LSTAR == MSR_LSTAR);
static_assert(TG_MSR_SYSCALL_MASK == MSR_SYSCALL_MASK);
static_assert(offsetof(struct tg_words, preempt) == TG_WORD_PREEMPT);
static_assert(offsetof(struct tg_words, context) == TG_WORD_CONTEXT);
static_assert(offsetof(struct tg_words, flags) == TG_WORD_FLAGS);
static_assert(offsetof(struct tg_words, status) == TG_WORD_STATUS);
static_assert(offsetof(struct tg_words, random) == TG_WORD_RANDOM);
static_assert(offsetof(struct pt_regs, r11) == TG_PT_R11);
static_assert(offsetof(struct pt_regs, r10) == TG_PT_R10);
static_assert(offsetof(struct pt_regs, r9) == TG_PT_R9);
static_assert(offsetof(struct pt_regs, r8) == TG_PT_R8);
static_assert(offsetof(struct pt_regs, ax) == TG_PT_AX);
static_assert(offsetof(struct pt_regs, cx) == TG_PT_CX);
static_assert(offsetof(struct pt_regs, dx) == TG_PT_DX);
static_assert(offsetof(struct pt_regs, si) == TG_PT_SI);
static_assert(offsetof(struct pt_regs, di) == TG_PT_DI);
static_assert(offsetof(struct pt_regs, orig_ax) == TG_PT_ORIG_AX);
static_assert(offsetof(struct pt_regs, ip) == TG_PT_IP);
static_assert(offsetof(struct pt_regs, cs) == TG_PT_CS);
static_assert(offsetof(struct pt_regs, flags) == TG_PT_FLAGS);
static_assert(offsetof(struct pt_regs, sp) == TG_PT_SP);
static_assert(offsetof(struct pt_regs, ss) == TG_PT_SS);
static_assert(sizeof(struct pt_regs) == TG_PT_SIZE);
static_assert(__USER_DS == TG_USER_DS && __USER_CS == TG_USER_CS);
static_assert(sizeof(struct tg_window) == 12 && sizeof(struct tg_stub) == 12);

bool tg_entry_load(struct tg_entry *e)
{
	if (e->loaded)
		return true;
	tg_cpu_state(&e->was);
	if (e->was.lstar != tg_forward_entry())
		return false;
	this_cpu_write(tg_stack_top, (unsigned long)(task_pt_regs(current) + 1));
	if (e->quiet) {
		tg_calm.cr8 = e->was.cr8;
		tg_calm.below = TG_SYSCALL_STUB;
		tg_calm.is_open = 0;
		tg_calm.closed = e->was.mask;
		tg_calm.open = e->was.mask & ~e->unmasked;
		tg_calm.door = (unsigned long)e->door;
		tg_calm.inside = (unsigned long)e->stub;
		tg_calm.keeps = e->keeps;
		tg_idt_load();
		/* the other ways in; SYSENTER, which leaves TF set, becomes #GP */
		if (tg_has_cstar())
			tg_set_msr(MSR_CSTAR, (unsigned long)tg_stub_compat);
		tg_set_msr(MSR_IA32_SYSENTER_CS, 0);
	}
	e->loaded = true;
	tg_found = e->was;
	tg_count.loads++;
	tg_set_msr(MSR_LSTAR, (unsigned long)e->door);
	return true;
}

/* What counts and flags the pieces have are as they found them: 0. */
static bool tg_words_clear(void)
{
	return !memchr_inv(this_cpu_ptr(&tg_words), 0, offsetof(struct tg_words, random));
}

void tg_entry_restore(struct tg_entry *e)
{
	struct tg_cpu_state is;
	bool same[TG_NR_SAME];
	int i;

	if (!e->loaded)
		return;
	e->loaded = false;
	tg_count.lstar_fixups += tg_read_msr(MSR_LSTAR) != (unsigned long)e->door;
	tg_set_msr(MSR_LSTAR, e->was.lstar);
	if (e->quiet) {
		if (tg_has_cstar())
			tg_set_msr(MSR_CSTAR, e->was.cstar);
		tg_set_msr(MSR_IA32_SYSENTER_CS, e->was.sysenter);
	}
	if (tg_read_cr8() != e->was.cr8) {
		/* forwarding and gates lower it: a hole in them */
		tg_write_cr8(e->was.cr8);
		tg_count.fixups++;
	}
	if (tg_read_msr(MSR_SYSCALL_MASK) != e->was.mask) {
		tg_set_msr(MSR_SYSCALL_MASK, e->was.mask);
		tg_count.mask_fixups++;
	}
	same[TG_SAME_IDTR] = !e->quiet || tg_idt_unload();
	tg_cpu_state(&is);
	same[TG_SAME_LSTAR] = is.lstar == e->was.lstar;
	same[TG_SAME_CSTAR] = is.cstar == e->was.cstar;
	same[TG_SAME_SYSENTER] = is.sysenter == e->was.sysenter;
	same[TG_SAME_MASK] = is.mask == e->was.mask;
	same[TG_SAME_CR8] = is.cr8 == e->was.cr8;
	same[TG_SAME_GS_BASE] = is.gs_base == e->was.gs_base;
	same[TG_SAME_WORDS] = tg_words_clear();
	for (i = 0; i < TG_NR_SAME; i++)
		tg_count.differed[i] += !same[i];
	tg_count.restores++;
}

void tg_entry_status(struct seq_file *m)
{
	int i;

	seq_printf(m, "loads=%llu\nrestores=%llu\ncr8_fixups=%llu\nmask_fixups=%llu\n"
		   "lstar_fixups=%llu\n", tg_count.loads, tg_count.restores, tg_count.fixups,
		   tg_count.mask_fixups, tg_count.lstar_fixups);
	if (tg_count.loads)
		seq_printf(m, "found_lstar=0x%llx\nfound_cstar=0x%llx\nfound_syscall_mask=0x%llx\n"
			   "found_sysenter_cs=0x%llx\nfound_gs_base=0x%llx\nfound_cr8=%llu\n",
			   tg_found.lstar, tg_found.cstar, tg_found.mask, tg_found.sysenter,
			   tg_found.gs_base, tg_found.cr8);
	for (i = 0; i < TG_NR_SAME; i++)
		seq_printf(m, "restored_%s=%s\n", tg_same_names[i],
			   tg_count.differed[i] ? "differs" : "same");
}
