// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program that asks to be armed, without a C library (gcc -m32 -nostdlib).
 * Prints why it was refused; exits with 0 if it was, with EOPNOTSUPP.
 */
#include <asm/unistd.h>
#include <stddef.h>

#include <tollgate/arm.h>

static long call3(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret) : "0" (nr), "b" (a), "c" (b), "d" (c) : "memory");
	return ret;
}

void _start(void)
{
	static struct tg_arm rq = { .name = "frame/point:full@cross" };
	long fd = call3(__NR_open, (long)"/sys/kernel/debug/tollgate/arm", 0, 0), ret;
	size_t n = 0;

	ret = call3(__NR_ioctl, fd, (long)TG_ARM, (long)&rq);
	while (n < sizeof(rq.error) && rq.error[n])
		n++;
	call3(__NR_write, 1, (long)rq.error, n);
	call3(__NR_write, 1, (long)"\n", 1);
	call3(__NR_exit, ret == -95 ? 0 : 1, 0, 0);
	__builtin_unreachable();
}
