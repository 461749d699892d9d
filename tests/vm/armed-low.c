// SPDX-License-Identifier: GPL-2.0
/*
 * 32-bit code of an armed 64-bit task: SYSCALL there goes through CSTAR, and there
 * are INTO and BOUND.
 *
 * Linux returns from such a call not behind it, but to where a 32-bit program's vDSO
 * would have it (arch/x86/entry/common.c, landing_pad), of which this task has none:
 * the address is learnt by the fault that comes of it, and a page put there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "armed.h"

#define STACK		65536
#define USER32_CS	0x23
#define NR32_GETPID	20
#define NR32_POLL	168

/* Offsets in the page of code, and in the one that the kernel returns to. */
#define AT_SYSCALL	0
#define AT_INTO		64
#define AT_BOUND	128
#define AT_BACK		192

static char *low, *landing;
static long answer;

/* ljmp $0x33, $AT_BACK of the page of code */
static void put_jump(void *at)
{
	uint8_t code[] = { 0xea, 0, 0, 0, 0, 0x33, 0 };
	uint32_t to = (uint32_t)(uintptr_t)(low + AT_BACK);

	memcpy(code + 1, &to, sizeof(to));
	memcpy(at, code, sizeof(code));
}

static bool make_low(void)
{
	/* movabs $low_back, %rcx; jmp *%rcx */
	uint8_t back[] = { 0x48, 0xb9, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe1 };
	const char *to = low_back;

	if (low)
		return true;
	low = mmap(NULL, 4096 + STACK, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_POPULATE, -1, 0);
	if (low == MAP_FAILED) {
		low = NULL;
		return false;
	}
	memcpy(back + 2, &to, sizeof(to));
	memcpy(low + AT_BACK, back, sizeof(back));
	/* syscall; mov $0x7f, %al; add $1, %al; into; bound %eax, (%esp) */
	memcpy(low + AT_SYSCALL, "\x0f\x05", 2);
	put_jump(low + AT_SYSCALL + 2);
	memcpy(low + AT_INTO, "\xb0\x7f\x04\x01\xce", 5);
	put_jump(low + AT_INTO + 5);
	memcpy(low + AT_BOUND, "\x62\x04\x24", 3);
	put_jump(low + AT_BOUND + 3);
	low_stack = (uint64_t)low + 4096 + STACK - 256;
	low_far.selector = USER32_CS;
	return true;
}

static long call_low(int at, long number, long arg2)
{
	low_far.offset = (uint32_t)(uintptr_t)low + at;
	armed_resume = (uint64_t)low_back;
	return low_call(number, 0, arg2, 5);
}

static void compat(void)
{
	answer = call_low(AT_SYSCALL, NR32_GETPID, 0);
}

static void into(void)
{
	call_low(AT_INTO, 0, 0);
}

/* The bounds are 0 and 0. */
static void bound(void)
{
	call_low(AT_BOUND, 5, 0);
}

/* A page where the kernel returned to, beyond which is nothing to learn; NULL if it cannot be. */
static char *make_landing(uint64_t at)
{
	char *page = (char *)(at & ~4095ul);

	if (at >> 32 || (at & 4095) > 4096 - 7)
		return NULL;
	if (mmap(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS |
		 MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0) != page)
		return NULL;
	put_jump((char *)at);
	return page;
}

/* SYSCALL by CSTAR: its answer, the alarm behind it, and that it may sleep. */
static void compat_entry(void)
{
	/* an alarm that comes amid the call spoils where it returns to, which faults */
	struct way way = { "SYSCALL of 32-bit code", compat, 0, SIGSEGV, false };
	bool began;
	long slept;

	/* #UD there; what an emulator does with a CSTAR that nobody set is not asked */
	if (__builtin_cpu_is("intel")) {
		printf("no SYSCALL in 32-bit code on this CPU\n");
		return;
	}
	alarm_every(0);
	fault_at.rip = 0;
	compat();
	alarm_every(1000);
	if (fault_at.rip == (uint64_t)low + AT_SYSCALL) {
		printf("this CPU has no SYSCALL in 32-bit code\n");
		return;
	}
	if (fault_at.rip && !landing)
		landing = make_landing(fault_at.rip);
	if (fault_at.rip && !landing)
		printf("no page for where it returns to: 0x%llx\n",
		       (unsigned long long)fault_at.rip);
	check_way(&way);
	ok(answer == getpid() || answer == -ENOSYS, "its answer is %s: %ld",
	   answer == -ENOSYS ? "-ENOSYS, since there is no 32-bit ABI" : "the pid", answer);
	alarm_every(0);
	began = quiet();
	slept = call_low(AT_SYSCALL, NR32_POLL, 0);
	ok(began && slept == (answer == -ENOSYS ? -ENOSYS : 0) &&
	   !strcmp(fact("cr8_fixups"), "0"), "and one that sleeps: %ld", slept);
	alarm_every(1000);
}

void check_low(void)
{
	static const struct way of = { "#OF", into, SIGSEGV, 0, false };
	static const struct way br = { "#BR", bound, SIGSEGV, 0, false };

	if (!make_low()) {
		ok(false, "memory below 4 GiB");
		return;
	}
	compat_entry();
	check_way(&of);
	check_way(&br);
}
