// SPDX-License-Identifier: GPL-2.0
/*
 * RFLAGS with all that ring 3 can set, through the stub and through forwarded calls: they
 * come back as they did before the task was armed, with every other register.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "armed.h"
#include "armed-unusual.h"

/* RFLAGS at SYSCALL: whatever POPF takes of it. */
static const uint64_t flags[] = {
	0x202, 0x4202, 0x40202, 0x200202, 0x602, 0x3202, 0x23202, 0xad7, 0x1f7ed7, 0x264ed7,
	FLAGS_TF | 0x202, FLAGS_TF | 0x4202, FLAGS_TF | 0x246ed7,
};
static const long numbers[] = { TG_SYSCALL_STUB, NO_CALL, SYS_getppid };

/* What that was when nothing was armed. */
static struct { struct state out; struct seen seen; } crossed[NR(numbers)][NR(flags)];

/* One step: goes on without TF. */
static void on_step(int sig, siginfo_t *info, void *context)
{
	note(sig, info, context);
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~FLAGS_TF;
}

/* cross(), with a step at most behind SYSCALL. RSP counts from here. */
static __attribute__((noinline)) void go_cross(long number, uint64_t with, bool in_stretch,
					       struct state *out)
{
	static struct state in, got;

	memset(&now, 0, sizeof(now));
	memset(&got, 0, sizeof(got));
	fill_salt = 0;
	fill(&in, with, number);
	handle(SIGTRAP, on_step);
	began = !in_stretch;
	goes = true;
	if (!sigsetjmp(behind, 1)) {
		if (in_stretch)
			began = quiet();
		cross(&in, &got);
	}
	plain_flags();
	goes = false;
	if (now.count)
		now.regs[REG_RSP] -= (greg_t)__builtin_frame_address(0);
	handle(SIGTRAP, on_end);
	*out = got;
}

void flags_before(void)
{
	unsigned int k, i;

	for (k = 0; k < NR(numbers); k++) {
		for (i = 0; i < NR(flags); i++) {
			go_cross(numbers[k], flags[i], false, &crossed[k][i].out);
			crossed[k][i].seen = now;
		}
	}
}

/* All flags, by the stub and by calls that are forwarded, as they were unarmed. */
void compare_flags(const char *point, bool in_stretch, bool stub_answers)
{
	bool sysret = !strstr(point, ":iret");
	unsigned int k, i;

	for (k = 0; k < NR(numbers); k++) {
		bool stub = numbers[k] == TG_SYSCALL_STUB && stub_answers;

		for (i = 0; i < NR(flags); i++) {
			struct state out, was = crossed[k][i].out;
			struct seen seen = crossed[k][i].seen;
			char name[64];

			go_cross(numbers[k], flags[i], in_stretch, &out);
			if (stub)
				was.rax = numbers[k] | 0xabcdef0100000000ul;
			/*
			 * SYSRET looks at the TF that it loads, and so traps at once; the
			 * kernel goes back by IRET where it is set: see armed-traps.c.
			 */
			if (stub && seen.count)
				seen.regs[REG_RAX] = was.rax;
			if (stub && seen.count && sysret) {
				seen.regs[REG_RIP] = (greg_t)cross_return;
				seen.address = (uint64_t)cross_return;
			}
			snprintf(name, sizeof(name), "RFLAGS 0x%llx", (unsigned long long)flags[i]);
			compare(stub ? "stub" : "call", name, &seen);
			if (memcmp(&out, &was, sizeof(out)) && ++wrong)
				printf("# %s, %s: flags 0x%llx not 0x%llx, or registers\n",
				       stub ? "stub" : "call", name, (unsigned long long)out.flags,
				       (unsigned long long)was.flags);
		}
	}
}
