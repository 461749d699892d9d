// SPDX-License-Identifier: GPL-2.0
/*
 * Debug traps that meet the stub: single steps, a watchpoint that MOV SS puts off until
 * the CPU is in the kernel, and one on what forwarding stores.
 */
#include <linux/hw_breakpoint.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <tollgate/frame_blocks.h>

#include "armed.h"

static volatile long steps, before, behind;
extern const char step_return[];

static void on_step(int sig, siginfo_t *info, void *context)
{
	greg_t rip = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	(void)info;
	steps++;
	before += rip == (greg_t)step_return - 2;
	behind += rip == (greg_t)step_return;
}

/*
 * Through the stub by TF: a trap before SYSCALL, which clears TF, none within.
 * SYSRET looks at the TF that it loads, as if SYSCALL had just ended; IRET at what it
 * was, so that the first trap comes behind the next instruction (SDM vol. 2, SYSRET,
 * and vol. 3, 18.3.1.4). Then two NOPs, PUSHF, AND and POPF, which clears it.
 */
static void stepped(const char *point, bool begin_quiet)
{
	struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	unsigned long rax = TG_SYSCALL_STUB;
	bool iret = strstr(point, ":iret"), began = true;

	sigaction(SIGTRAP, &sa, NULL);
	steps = before = behind = 0;
	if (begin_quiet)
		began = quiet();
	asm volatile("sub $128, %%rsp\n"
		     "pushf\n"
		     "orq $0x100, (%%rsp)\n"
		     "popf\n"
		     "nop\n"
		     "syscall\n"
		     ".globl step_return\n"
		     "step_return: nop\n"
		     "nop\n"
		     "pushf\n"
		     "andq $~0x100, (%%rsp)\n"
		     "popf\n"
		     "add $128, %%rsp" : "+a" (rax) : : "rcx", "r11", "cc", "memory");
	signal(SIGTRAP, SIG_DFL);
	ok(began && rax == TG_SYSCALL_STUB && before == 1 && behind == !iret &&
	   steps == 7 - iret,
	   "%s: single steps through the stub%s: %ld, %ld before SYSCALL, %ld right behind",
	   point, begin_quiet ? ", quiet before" : "", steps, before, behind);
}

static uint64_t traps_of(int fd)
{
	uint64_t traps = 0;

	if (read(fd, &traps, sizeof(traps)) != sizeof(traps))
		traps = 0;
	close(fd);
	return traps;
}

/* What a call that ends a stretch stores the caller's RAX in, before it lowers CR8. */
static void watched(const char *point)
{
	int fd = watch(symbol("tg_calm"), HW_BREAKPOINT_W, HW_BREAKPOINT_LEN_8), i;
	const char *wrong = "";
	uint64_t traps;

	for (i = 0; i < 300 && !*wrong; i++) {
		if (!quiet())
			wrong = " no stretch";
		if (!*wrong)
			wrong = differs(39, 0x202, false);
	}
	traps = traps_of(fd);
	ok(traps >= 300 && !*wrong, "%s: %llu watchpoints amid forwarding%s", point,
	   (unsigned long long)traps, wrong);
}

/*
 * MOV SS holds traps back until behind the next instruction, its own as well: a CPU
 * delivers this one in the stub, on the user's GS and RSP (SDM vol. 3, 6.8.3). An
 * emulator may deliver it before SYSCALL.
 */
static void moved_ss(const char *point, unsigned int flags)
{
	const char *wrong = "";
	uint64_t traps;
	int fd, i;

	cross_ss = TG_USER_DS;
	cross_moves_ss = true;
	fd = watch((unsigned long)&cross_ss, HW_BREAKPOINT_RW, HW_BREAKPOINT_LEN_2);
	for (i = 0; i < 300 && !*wrong; i++) {
		if (flags && i % 2 && !quiet())
			wrong = " no stretch";
		if (!*wrong)
			wrong = i % 3 ? differs(TG_SYSCALL_STUB, 0x202, true) :
				differs(39, 0x246, false);
	}
	traps = traps_of(fd);
	cross_moves_ss = false;
	ok(traps == 300 && !*wrong, "%s, flags %u: MOV SS under a watchpoint, then SYSCALL: %llu traps%s",
	   point, flags, (unsigned long long)traps, wrong);
}

void check_traps(const char *point, unsigned int flags)
{
	stepped(point, false);
	if (flags)
		stepped(point, true);
	moved_ss(point, flags);
	if (flags)
		watched(point);
}
