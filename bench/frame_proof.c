// SPDX-License-Identifier: GPL-2.0
/* The proof of frame.enough: runs one system call, and says what was not as it must be. */
#include <asm/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tollgate/blocks_rehearsal.h>
#include <tollgate/exp.h>

#include "frame_proof.h"

#define NOWHERE	0x6e6f776800000246	/* what nobody wrote; of flags, none that traps */

/* Big enough for C, sanitisers included. */
#define STACK_BYTES	(64 << 10)
static struct stack {
	unsigned char room[STACK_BYTES];
} stacks[1 + TGP_STEPS] __attribute__((aligned(64)));

static struct tg_rehearsed_cpu cpu __attribute__((aligned(64)));
static unsigned long gs_before;
static sigset_t signals_before;

/* The call that runs, as it is and as it must be. */
static struct {
	const struct tgp_case *c;
	struct tgp_seen *seen;
	struct tgp_task is, must;
	tg_regs_t expected;
	int step;
} now;

/* With the user's RSP no signal can be delivered, which takes a stack. */
static void no_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &signals_before);
}

int tgp_begin(void)
{
	if (syscall(SYS_arch_prctl, ARCH_GET_GS, &gs_before) ||
	    syscall(SYS_arch_prctl, ARCH_SET_GS, &cpu))
		return -1;
	no_signals();
	return 0;
}

void tgp_let_signals_in(void)
{
	sigprocmask(SIG_SETMASK, &signals_before, NULL);
	no_signals();
}

void tgp_end(void)
{
	sigprocmask(SIG_SETMASK, &signals_before, NULL);
	syscall(SYS_arch_prctl, ARCH_SET_GS, gs_before);
}

static bool has(__u64 part)
{
	const __u64 bits = now.c->code->bits;

	return bits & (part - TG_ON(frame, partial));
}

static __u64 *top_of(int stack)
{
	return (__u64 *)(stacks[stack].room + STACK_BYTES - TG_PT_SIZE);
}

/* The first register that differs: those first that others follow from. */
static bool differs(const __u64 *is, const __u64 *must, int at)
{
	static const int first[] = { TG_REG(SP), TG_REG(FLAGS) };

	for (int i = -2; i < TG_NR_REGS; i++) {
		const int reg = i < 0 ? first[i + 2] : i;

		if (is[reg] == must[reg])
			continue;
		now.seen->reg = reg;
		now.seen->at = at;
		now.seen->is = is[reg];
		now.seen->must = must[reg];
		return true;
	}
	return false;
}

/* What the fix-up gives where SYSCALL left nothing: R11 is RFLAGS, RCX is not known. */
static void fix_up(__u64 *regs)
{
	regs[TG_REG(R11)] = regs[TG_REG(FLAGS)];
	if (!has(TG_ON(frame, rest))) {
		regs[TG_REG(CX)] = -1ULL;
		regs[TG_REG(CS)] = TG_USER_CS;
		regs[TG_REG(SS)] = TG_USER_DS;
	}
}

/* current_user_stack_pointer(): of 3.19 the slot, with (a) pt_regs. */
void tgp_in_call(__u64 *regs)
{
	now.seen->user_sp = now.is.lacks_rsp ? cpu.user_rsp : regs[TG_REG(SP)];
	now.is.regs = regs;
	tgp_call(&now.is, now.c->call);
	tgp_call(&now.must, now.c->call);
}

struct tgp_next tgp_in_slow_path(__u64 *regs)
{
	const struct tgp_case *c = now.c;
	const int step = now.step++;
	const struct tgp_slow_path *path = &tgp_slow_paths[c->path[step]];

	if (c->then[step] == TG_THEN_ANEW) {
		fix_up(now.must.regs);
		if (c->forgets >= 0)
			regs[c->forgets] = NOWHERE;
	}
	memcpy(now.seen->path[step], regs, sizeof(tg_regs_t));
	if (differs(regs, now.must.regs, step))
		return (struct tgp_next){ TG_THEN_STOP, regs };
	now.is.regs = regs;
	now.is.step = now.must.step = step;
	path->run(&now.is, path->arg);
	path->run(&now.must, path->arg);
	return (struct tgp_next){
		now.step == c->steps ? TG_THEN_BACK : (__u64)c->then[now.step], now.is.regs
	};
}

/* What the user has behind SYSRET or IRET, by what they are documented to load. */
static void go_back(__u64 *regs, bool iret)
{
	if (!iret) {
		regs[TG_REG(CX)] = regs[TG_REG(IP)];
		regs[TG_REG(R11)] = regs[TG_REG(FLAGS)];
		regs[TG_REG(CS)] = TG_USER_CS;
		regs[TG_REG(SS)] = TG_USER_DS;
	}
	regs[TG_REG(ORIG_AX)] = 0;
}

void tgp_run(const struct tgp_case *c, struct tgp_seen *seen)
{
	const bool iret = (c->code->bits & TG_ON(exit, iret)) != 0;
	tg_regs_t user;

	memset(seen, 0, sizeof(*seen));
	memset(&now.is, 0, sizeof(now.is));
	memset(&now.must, 0, sizeof(now.must));
	seen->reg = -1;
	now.c = c;
	now.seen = seen;
	now.step = 0;
	now.is.cpu = &cpu;
	now.is.lacks_rsp = now.must.lacks_rsp = !has(TG_ON(frame, rsp));
	now.must.regs = now.expected;
	for (int i = 0; i < TGP_STEPS; i++)
		now.is.child[i] = top_of(1 + i);
	for (int i = 0; i < TG_NR_REGS; i++)
		top_of(0)[i] = NOWHERE;
	cpu.user_rsp = NOWHERE;
	cpu.stack_top = (unsigned long)(top_of(0) + TG_NR_REGS);
	tgp_user_regs(c->user, user);
	memcpy(now.expected, user, sizeof(user));
	memset(tgp_user, 0, sizeof(tgp_user));

	tgp_enter(user, c->code->code);

	if (seen->reg >= 0)
		return;
	memcpy(seen->user, tgp_user, sizeof(seen->user));
	go_back(now.must.regs, iret);
	if (seen->user_sp != user[TG_REG(SP)]) {
		seen->reg = TG_REG(SP);
		seen->at = TG_AT_CALL;
		seen->is = seen->user_sp;
		seen->must = user[TG_REG(SP)];
		return;
	}
	/* RFLAGS itself, as far as ring 3 loads it; of the rest what it was loaded from */
	seen->user[TG_REG(FLAGS)] &= TG_FLAGS_LOADED;
	seen->user[TG_REG(FLAGS)] |= tgp_flags & ~(__u64)TG_FLAGS_LOADED;
	differs(seen->user, now.must.regs, TG_AT_USER);
}

void tgp_tell(FILE *out, const char *indent, const struct tgp_case *c,
		   const struct tgp_seen *seen)
{
	fprintf(out, "%suser %d; %s", indent, c->user, tgp_calls[c->call]);
	for (int i = 0; i < c->steps; i++)
		fprintf(out, "; %s%s", !i ? "fix-up, " : c->then[i] == TG_THEN_MORE ? "" :
			c->code->restores ? "RESTORE, fix-up, " : "no RESTORE, fix-up, ",
			tgp_slow_paths[c->path[i]].name);
	fprintf(out, "; %s%s\n", c->code->bits & TG_ON(exit, iret) ? "" :
		!c->steps ? "" : c->code->restores ? "RESTORE, " : "no RESTORE, ",
		c->code->bits & TG_ON(exit, iret) ? "IRET" : "SYSRET");
	if (seen->reg < 0)
		return;
	fprintf(out, "%s%s is %#llx, and must be %#llx, ", indent, tg_reg_names[seen->reg],
		(unsigned long long)seen->is, (unsigned long long)seen->must);
	if (seen->at == TG_AT_USER)
		fprintf(out, "as the user gets it\n");
	else if (seen->at == TG_AT_CALL)
		fprintf(out, "as the call asks for it\n");
	else
		fprintf(out, "as slow path %d sees it\n", seen->at + 1);
}
