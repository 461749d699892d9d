// SPDX-License-Identifier: GPL-2.0
/* An armed task on one of two CPUs: moved to and fro, and shot at by the other. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "armed.h"

#define LIMIT	60	/* seconds for each of these; they take few */
#define STRETCHES	2000
#define SHOTS	100
#define MOVES	300

static bool move(int task, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(task, sizeof(set), &set);
}

bool pin(int cpu)
{
	return move(0, cpu);
}

static volatile bool stop;
static const char *doing;

/* A CPU that answers no more would hold everything up for ever. */
static void too_long(int sig)
{
	(void)sig;
	ok(false, "%s: done within %d s", doing, LIMIT);
	_exit(1);
}

static void within_limit(const char *what)
{
	doing = what;
	signal(SIGALRM, too_long);
	alarm(LIMIT);
}

static void in_time(void)
{
	alarm(0);
	signal(SIGALRM, SIG_DFL);
}

/* TLB shootdowns that a CPU has answered, of /proc/interrupts; -1 if it does not say. */
static long shot_down(int cpu)
{
	FILE *f = fopen("/proc/interrupts", "r");
	long n[2] = { -1, -1 };
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " TLB: %ld %ld", &n[0], &n[1]) == 2)
			break;
	if (f)
		fclose(f);
	return n[cpu];
}

/* Shoots down the armed task's TLB from the other CPU, which must answer. */
static void *shoot(void *rounds)
{
	long *n = rounds;

	if (!pin(0))
		return NULL;
	while (!stop) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		memset(p, 1, 65536);
		munmap(p, 65536);
		++*n;
	}
	return NULL;
}

static void shootdowns(const char *point)
{
	long i, rounds = 0, loud = 0, missed = 0, answered = 0, first = shot_down(1);
	volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t other;
	int k;

	within_limit("shootdowns");
	stop = false;
	pthread_create(&other, NULL, shoot, &rounds);
	for (i = 0; i < STRETCHES || answered < SHOTS; i++) {
		loud += !quiet();
		for (k = 0; k < 200; k++)
			missed += !armed();
		/* ends by a fault or a call; seldom by what waits for the other's lock */
		if (i % 8 == 0) {
			*page = 1;
			madvise((void *)page, 4096, MADV_DONTNEED);
		} else {
			call(NO_CALL);
		}
		if (i % 128 == 127)
			answered = shot_down(1) - first;
	}
	stop = true;
	pthread_join(other, NULL);
	in_time();
	munmap((void *)page, 4096);
	ok(!loud && !missed && first >= 0 && rounds >= SHOTS,
	   "%s: %ld rounds of a shooter against %ld stretches, %ld answered; "
	   "%ld were not quiet, %ld calls missed the stub", point, rounds, i, answered, loud, missed);
}

struct moved { int task; long moves, failed; };

/* Somebody moves the armed task to and fro, whatever it does. */
static void *move_about(void *arg)
{
	struct moved *m = arg;

	if (!pin(0))
		return NULL;
	while (!stop) {
		m->failed += !move(m->task, m->moves % 2);
		m->moves++;
		usleep(500);
	}
	return NULL;
}

/* Where it is when it calls nobody knows: the stub answers, or the kernel. */
static void forced(const char *point)
{
	long here = 0, there = 0, quiets = 0, louds = 0, odd = 0, k;
	struct moved m = { .task = gettid() };
	const char *wrong = "";
	pthread_t other;

	within_limit("forced moves");
	stop = false;
	pthread_create(&other, NULL, move_about, &m);
	while (!*wrong && !odd &&
	       (m.moves < MOVES || here < 100 || there < 100 || !quiets || !louds)) {
		long q = call(TG_SYSCALL_QUIET);

		*(q ? &louds : &quiets) += 1;
		odd += q && q != -ENOSYS;
		for (k = 0; k < 20 && !*wrong; k++) {
			struct state s;
			uint64_t rax = 0;

			fill(&s, 0x246, TG_SYSCALL_STUB);
			/* as it came from the stub, upper half and all */
			wrong = differs_from(&s, false, &rax);
			if (rax == (TG_SYSCALL_STUB | 0xabcdef0100000000ull))
				here++;
			else if (rax == (uint64_t)-ENOSYS)
				there++;
			else
				odd++;
		}
		call(NO_CALL);
	}
	stop = true;
	pthread_join(other, NULL);
	in_time();
	ok(!*wrong && !odd && !m.failed && here && there && quiets && louds,
	   "%s: moved %ld times by another (%ld failed): stub %ld, kernel %ld, "
	   "quiet %ld, not %ld, neither %ld%s", point, m.moves, m.failed, here, there, quiets,
	   louds, odd, wrong);
	ok(pin(1) && armed(), "%s: armed where it was armed, still", point);
}

/* It moves itself. */
static void moves(const char *point)
{
	long i, here = 0, there = 0, wrong = 0;
	int k;

	for (i = 0; i < 2000; i++) {
		wrong += !pin(i % 2);
		for (k = 0; k < 20; k++)
			*(armed() ? &here : &there) += 1;
		if (i % 2)
			wrong += !armed();
		else
			wrong += armed();
	}
	ok(here && there && !wrong,
	   "%s: moved 2000 times: %ld calls on the armed CPU, %ld elsewhere, %ld wrong", point,
	   here, there, wrong);
}

void check_two_cpus(const char *point)
{
	bool moved = pin(1);
	struct tg_arm rq;
	int fd;

	ok(moved, "%s: there is a second CPU", point);
	fd = arm(point, TG_ARM_QUIET, &rq);
	ok(fd >= 0 && armed(), "%s: armed there %s", point, rq.error);
	if (!moved || fd < 0)
		return;
	moves(point);
	ok(pin(1) && armed(), "%s: back, and armed", point);
	shootdowns(point);
	forced(point);
	close(fd);
}
