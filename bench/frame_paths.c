// SPDX-License-Identifier: GPL-2.0
/*
 * The slow paths of the proof of frame.enough: what each of Linux 3.19 reads of struct
 * pt_regs and writes there. Sources: arch/x86/kernel/signal.c, ptrace.c, process_64.c and
 * ioport.c, kernel/entry_64.S. Whether a path sees what it must is the search's business,
 * which compares all of struct pt_regs before each.
 */
#include <string.h>

#include <tollgate/arm.h>
#include <tollgate/blocks_rehearsal.h>

#include "frame_proof.h"

#define CF	0x1
#define ZF	0x40
#define TF	0x100
#define IF	0x200
#define DF	0x400
#define OF	0x800
#define IOPL	0x3000
#define RF	0x10000
#define ID	0x200000
#define FIXED	0x2

/* What sigreturn may change (FIX_EFLAGS), and a tracer (FLAG_MASK). */
#define FLAGS_OF_FRAME	0x50dd5
#define FLAGS_OF_TRACER	0x54dd5

#define PID		4321
#define RESULT		77		/* of the call */
#define RESTART_SYSCALL	219		/* __NR_restart_syscall */
#define REDZONE		128
#define FRAME		0x2b8		/* about what a signal's takes, aligned */
#define SOME_STACK	0x7f0000000000

/* Places where the user goes on: its own, and of each step four. */
enum { TO_HANDLER, TO_RETURNED, TO_TRACED, TO_EXECED };

const char *const tg_reg_names[TG_NR_REGS] = {
	"r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx",
	"si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss"
};

static __u64 place(int step, int to)
{
	return (unsigned long)tgp_places[1 + 4 * step + to];
}

/* Flags that no two numbers below 16 have in common. */
static __u64 flags(int n)
{
	return FIXED | IF | (n & 1 ? CF : 0) | (n & 2 ? ZF : 0) | (n & 4 ? DF : 0) |
	       (n & 8 ? OF : 0);
}

/* Registers of a kind of their own; no two kinds and steps share one. */
static void fill(__u64 *regs, unsigned int kind, int step)
{
	for (int i = 0; i < TG_NR_REGS; i++)
		regs[i] = (__u64)kind << 32 | (unsigned int)(step + 1) << 16 | (i + 1);
	regs[TG_REG(SP)] = SOME_STACK + ((__u64)kind << 28) + ((step + 1) << 20);
	regs[TG_REG(CS)] = TG_USER_CS;
	regs[TG_REG(SS)] = TG_USER_DS;
}

void tgp_user_regs(int user, __u64 *regs)
{
	fill(regs, 1, user);
	regs[TG_REG(ORIG_AX)] = TG_SYSCALL_STUB;
	regs[TG_REG(AX)] = TG_SYSCALL_STUB;
	regs[TG_REG(IP)] = (unsigned long)tgp_places[0];
	regs[TG_REG(FLAGS)] = flags(user + 1) | (user == 1 ? ID : 0);
	regs[TG_REG(CX)] = regs[TG_REG(IP)];
	regs[TG_REG(R11)] = regs[TG_REG(FLAGS)];
}

static void look(struct tgp_task *t, int arg)
{
	(void)t;
	(void)arg;
}

/* __setup_rt_frame(), handle_signal() */
static void signal(struct tgp_task *t, int arg)
{
	__u64 *regs = t->regs;
	__u64 frame = (regs[TG_REG(SP)] - REDZONE - FRAME) & -16ULL;

	memcpy(t->saved, regs, sizeof(t->saved));
	t->framed = true;
	regs[TG_REG(SP)] = frame - 8;
	regs[TG_REG(IP)] = place(t->step, TO_HANDLER);
	regs[TG_REG(DI)] = arg;
	regs[TG_REG(SI)] = frame + 0x130;
	regs[TG_REG(DX)] = frame;
	regs[TG_REG(AX)] = 0;
	regs[TG_REG(CS)] = TG_USER_CS;
	regs[TG_REG(FLAGS)] &= ~(__u64)(DF | RF | TF);
}

/* restore_sigcontext(), from the frame of the last signal or one that the user wrote */
static void sigreturn(struct tgp_task *t, int arg)
{
	__u64 *regs = t->regs;
	__u64 before = regs[TG_REG(FLAGS)], ss = regs[TG_REG(SS)];

	(void)arg;
	if (t->framed) {
		memcpy(regs, t->saved, sizeof(t->saved));
		t->framed = false;
	} else {
		fill(regs, 2, t->step);
		regs[TG_REG(IP)] = place(t->step, TO_RETURNED);
		regs[TG_REG(FLAGS)] = flags(4 + t->step);
	}
	regs[TG_REG(FLAGS)] = (before & ~(__u64)FLAGS_OF_FRAME) |
			      (regs[TG_REG(FLAGS)] & FLAGS_OF_FRAME);
	regs[TG_REG(SS)] = ss;
	regs[TG_REG(ORIG_AX)] = -1ULL;
}

/* putreg() of one register, or of all */
static void trace(struct tgp_task *t, int arg)
{
	__u64 *regs = t->regs;
	tg_regs_t to;

	fill(to, 3, t->step);
	to[TG_REG(IP)] = place(t->step, TO_TRACED);
	to[TG_REG(FLAGS)] = (regs[TG_REG(FLAGS)] & ~(__u64)FLAGS_OF_TRACER) |
			    (flags(8 + t->step) & FLAGS_OF_TRACER);
	for (int i = 0; i < TG_NR_REGS; i++)
		if (arg == TG_NR_REGS || arg == i)
			regs[i] = to[i];
}

/* sys_iopl() */
static void iopl(struct tgp_task *t, int arg)
{
	t->regs[TG_REG(FLAGS)] = (t->regs[TG_REG(FLAGS)] & ~(__u64)IOPL) | IOPL;
	t->regs[TG_REG(AX)] = arg;
}

/* Another task ran and left its own user RSP in the slot: __switch_to(). */
static void others(struct tgp_task *t, int dropped)
{
	__u64 usersp;

	if (!t->cpu)
		return;
	usersp = t->cpu->user_rsp;
	t->cpu->user_rsp = SOME_STACK + 0x1230;
	if (!dropped)
		t->cpu->user_rsp = usersp;
}

/* copy_thread() of the child, to which this CPU switches at once: ret_from_fork() */
enum { PARENT, CHILD, CHILD_WITH_STACK };
static void child(struct tgp_task *t, int stack, int dropped)
{
	if (t->cpu) {
		memcpy(t->child[t->step], t->regs, sizeof(tg_regs_t));
		t->regs = t->child[t->step];
		others(t, dropped);	/* kept: it inherits the parent's */
	}
	t->regs[TG_REG(AX)] = 0;
	if (stack)
		t->regs[TG_REG(SP)] = SOME_STACK + ((t->step + 16) << 20);
}

static void forks(struct tgp_task *t, int arg)
{
	if (arg == PARENT)
		t->regs[TG_REG(AX)] = PID;
	else
		child(t, arg == CHILD_WITH_STACK, false);
}

static void forks_dropped(struct tgp_task *t, int arg)
{
	child(t, arg == CHILD_WITH_STACK, true);
}

/* start_thread_common(), ELF_PLAT_INIT() */
static void exec(struct tgp_task *t, int arg)
{
	__u64 *regs = t->regs;

	(void)arg;
	for (int i = 0; i < TG_NR_REGS; i++)
		if (i != TG_REG(ORIG_AX))
			regs[i] = 0;
	regs[TG_REG(IP)] = place(t->step, TO_EXECED);
	regs[TG_REG(SP)] = SOME_STACK + ((t->step + 32) << 20);
	regs[TG_REG(CS)] = TG_USER_CS;
	regs[TG_REG(SS)] = TG_USER_DS;
	regs[TG_REG(FLAGS)] = IF;
	if (t->cpu && t->lacks_rsp)
		t->cpu->user_rsp = regs[TG_REG(SP)];
	t->framed = false;
}

/* do_signal() without a handler: -ERESTARTSYS, or -ERESTART_RESTARTBLOCK */
static void restart(struct tgp_task *t, int block)
{
	if ((long long)t->regs[TG_REG(ORIG_AX)] < 0)
		return;
	t->regs[TG_REG(AX)] = block ? RESTART_SYSCALL : t->regs[TG_REG(ORIG_AX)];
	t->regs[TG_REG(IP)] -= 2;
}

#define TRACE(name, reg)	{ "a tracer writes " name, trace, TG_REG(reg), false }
const struct tgp_slow_path tgp_slow_paths[] = {
	{ "a look at all registers", look, 0, false },
	{ "a signal", signal, 10, false },
	{ "sigreturn", sigreturn, 0, false },
	TRACE("sp", SP), TRACE("flags", FLAGS), TRACE("ip", IP), TRACE("ax", AX),
	TRACE("cx", CX), TRACE("r11", R11), TRACE("dx", DX), TRACE("si", SI), TRACE("di", DI),
	TRACE("r8", R8), TRACE("r9", R9), TRACE("r10", R10), TRACE("bx", BX), TRACE("bp", BP),
	TRACE("r12", R12), TRACE("r13", R13), TRACE("r14", R14), TRACE("r15", R15),
	TRACE("orig_ax", ORIG_AX),
	{ "a tracer writes all registers", trace, TG_NR_REGS, false },
	{ "iopl", iopl, 0, false },
	{ "fork, the parent", forks, PARENT, false },
	{ "fork, the child", forks, CHILD, false },
	{ "clone with a stack, the child", forks, CHILD_WITH_STACK, false },
	{ "exec", exec, 0, false },
	{ "a restart", restart, 0, false },
	{ "a restart by restart_syscall", restart, 1, false },
	{ "a context switch", others, 0, false },
	{ "a context switch without usersp", others, 1, true },
	{ "fork without usersp, the child", forks_dropped, CHILD, true },
	{ "clone with a stack without usersp, the child", forks_dropped, CHILD_WITH_STACK, true },
};
const int tgp_nr_slow_paths = sizeof(tgp_slow_paths) / sizeof(*tgp_slow_paths);

const char *const tgp_calls[TGP_CALLS] = {
	"a call", "a call that sleeps", "a call that sleeps without usersp"
};

void tgp_call(struct tgp_task *t, int call)
{
	if (call)
		others(t, call == TGP_CALL_DROPS);
	t->regs[TG_REG(AX)] = RESULT;
}
