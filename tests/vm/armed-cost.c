// SPDX-License-Identifier: GPL-2.0
/* What calls take, in ticks of a TSC that counts instructions. */
#include <stdio.h>
#include <unistd.h>

#include "armed.h"

/* Instructions of a getpid(2), where the TSC counts them: the least of many. */
static unsigned long getpid_cost(bool in_stretch)
{
	unsigned long least = -1ul, start, took;
	int i;

	for (i = 0; i < 1000; i++) {
		if (in_stretch)
			quiet();
		start = __builtin_ia32_rdtsc();
		call(39);
		took = __builtin_ia32_rdtsc() - start;
		least = took < least ? took : least;
	}
	return least;
}

/* What n calls of the stub take in a quiet stretch; two instructions of the loop each. */
static __attribute__((noipa)) unsigned long calls(unsigned long n)
{
	unsigned long start, eax = TG_SYSCALL_STUB;

	quiet();
	start = __builtin_ia32_rdtsc();
	asm volatile("1: syscall; dec %1; jnz 1b" : "+a" (eax), "+r" (n) : : "rcx", "r11", "memory");
	start = __builtin_ia32_rdtsc() - start;
	call(NO_CALL);
	return eax == TG_SYSCALL_STUB ? start : 0;
}

bool call_steps(const char *point, unsigned long *steps)
{
	struct tg_arm rq;
	int fd = arm(point, TG_ARM_QUIET, &rq);

	if (fd < 0)
		return false;
	calls(10);
	*steps = calls(STEPS + 1) - calls(1);
	close(fd);
	return true;
}

int call_cost(const char *point)
{
	static const unsigned long ns[] = { 2, 10, 100, 1000, 10000, 100000 };
	unsigned long base, step;
	struct tg_arm rq;
	unsigned int i;

	if (arm(point, TG_ARM_QUIET, &rq) < 0)
		return 1;
	calls(10);
	base = calls(1);
	step = calls(2) - base;
	for (i = 0; i < NR(ns); i++)
		if (calls(ns[i]) != base + (ns[i] - 1) * step)
			printf("%lu calls take not %lu each: ", ns[i], step);
	printf("%lu\n", step);
	return 0;
}

int forward_cost(void)
{
	unsigned long was = getpid_cost(false);
	struct tg_arm rq;
	int fd = arm("frame/point:full@cross", 0, &rq);

	if (fd < 0)
		return 1;
	printf("plain=%ld ", (long)(getpid_cost(false) - was));
	close(fd);
	fd = arm("frame/point:full@cross", TG_ARM_QUIET, &rq);
	if (fd < 0)
		return 1;
	printf("outside=%ld ", (long)(getpid_cost(false) - was));
	printf("inside=%ld\n", (long)(getpid_cost(true) - was));
	close(fd);
	return 0;
}
