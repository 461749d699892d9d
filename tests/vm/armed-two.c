// SPDX-License-Identifier: GPL-2.0
/* An armed task on one of two CPUs: moved to and fro, and shot at by the other. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "armed.h"

bool pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

static volatile bool stop;

/* Shoots down the armed task's TLB from the other CPU, which must answer. */
static void *shoot(void *rounds)
{
	long *n = rounds;

	pin(0);
	while (!stop) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		memset(p, 1, 65536);
		munmap(p, 65536);
		++*n;
	}
	return NULL;
}

void check_two_cpus(const char *point)
{
	long i, here = 0, there = 0, rounds = 0, wrong = 0;
	struct tg_arm rq;
	pthread_t other;
	int fd, k;

	if (!pin(1))
		return;
	fd = arm(point, TG_ARM_QUIET, &rq);
	for (i = 0; i < 2000; i++) {
		pin(i % 2);
		for (k = 0; k < 20; k++)
			*(armed() ? &here : &there) += 1;
		if (i % 2)
			wrong += !armed();
		else
			wrong += armed();
	}
	ok(fd >= 0 && here && there && !wrong,
	   "%s: moved 2000 times: %ld calls on the armed CPU, %ld elsewhere, %ld wrong", point,
	   here, there, wrong);
	pin(1);
	stop = false;
	pthread_create(&other, NULL, shoot, &rounds);
	for (i = 0; i < 3000; i++) {
		volatile char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		quiet();
		for (k = 0; k < 200; k++)
			armed();
		*p = 1;
		munmap((void *)p, 4096);
	}
	stop = true;
	pthread_join(other, NULL);
	ok(rounds > 0, "%s: %ld shootdowns against quiet stretches", point, rounds);
	if (fd >= 0)
		close(fd);
}
