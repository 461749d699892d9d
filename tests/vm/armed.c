// SPDX-License-Identifier: GPL-2.0
/*
 * What an armed task must be able to do, checked in a guest: registers through the
 * stub and through forwarded calls, faults at CR8 = 15. Prints TAP without numbers.
 * armed-calls.c has what forwarded calls do, armed-cost.c what calls take,
 * armed-two.c migration, armed-deaths.c the ways in which it ends.
 *
 *	armed check [points|cpus|calls|refusals|deaths]...	those parts, or all
 *	armed hold POINT [CPU]	arms itself there and sleeps
 *	armed try POINT [FLAGS [CPU]]	arms itself; prints "armed", or why not
 *	armed loop SECONDS	registers through every stub, each so long
 *	armed linear POINT	what a call takes, whatever their number; for sh
 *	armed cost		what forwarding adds, in ticks; for sh
 *	armed answers[-later]	whether the stub answers this program, started by another
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "armed.h"

#define DIR "/sys/kernel/debug/tollgate/"

static const char *const points[] = {
	"frame/point@cross", "frame/point:full@cross", "frame/point:full:iret@cross"
};

void ok(bool good, const char *what, ...)
{
	va_list args;

	va_start(args, what);
	printf("%sok - ", good ? "" : "not ");
	vprintf(what, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

const char *fact(const char *key)
{
	static char line[512];
	size_t n = strlen(key);
	FILE *f = fopen(DIR "status", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, n) || line[n] != '=')
			continue;
		line[strcspn(line, "\n")] = 0;
		fclose(f);
		return line + n + 1;
	}
	if (f)
		fclose(f);
	return "";
}

int arm(const char *point, unsigned int flags, struct tg_arm *rq)
{
	int fd = open(DIR "arm", O_RDONLY | O_CLOEXEC), error;

	memset(rq, 0, sizeof(*rq));
	snprintf(rq->name, sizeof(rq->name), "%s", point);
	rq->flags = flags;
	if (fd < 0 || !ioctl(fd, TG_ARM, rq))
		return fd < 0 ? -errno : fd;
	error = errno;
	close(fd);
	return -error;
}

bool armed_avx;

static void fill(struct state *s, uint64_t flags, long number)
{
	uint64_t *word = &s->rax;
	int i, k;

	for (i = 0; i < 15; i++)
		word[i] = 0x1111111111111111ull * (i + 1) + 7;
	s->rax = number | 0xabcdef0100000000ull;
	s->flags = flags;
	for (i = 0; i < 16; i++)
		for (k = 0; k < 32; k++)
			s->ymm[i][k] = i * 16 + k + 1;
}

/* One call; names what is not as it was, or as SYSCALL and SYSRET leave it. */
const char *differs(long number, uint64_t flags, bool rax_same)
{
	struct state in, out;
	static const char *const names[] = {
		"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11",
		"r12", "r13", "r14", "r15"
	};
	static char wrong[256];
	uint16_t segments[6];
	int i;

	*wrong = 0;
	fill(&in, flags, number);
	memset(&out, 0, sizeof(out));
	asm volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3; mov %%ss, %4; mov %%cs, %5"
		     : "=r" (segments[0]), "=r" (segments[1]), "=r" (segments[2]),
		       "=r" (segments[3]), "=r" (segments[4]), "=r" (segments[5]));
	cross(&in, &out);
	in.rcx = (uint64_t)cross_return;
	in.r11 = flags;
	if (!rax_same)
		in.rax = out.rax;
	for (i = 0; i < 15; i++)
		if ((&in.rax)[i] != (&out.rax)[i])
			snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong),
				 " %s=%llx not %llx", names[i], (unsigned long long)(&out.rax)[i],
				 (unsigned long long)(&in.rax)[i]);
	if (out.flags != flags)
		snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " flags=%llx",
			 (unsigned long long)out.flags);
	if (out.rsp)
		snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " rsp by %lld",
			 (long long)out.rsp);
	if (memcmp(segments, out.segments, sizeof(segments)))
		snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " a segment");
	for (i = 0; i < 16; i++)
		if (memcmp(in.ymm[i], out.ymm[i], armed_avx ? 32 : 16))
			snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " xmm%d", i);
	return wrong;
}

static void registers(const char *what, long number, uint64_t flags, bool rax_same)
{
	const char *wrong = differs(number, flags, rax_same);

	ok(!*wrong, "%s, RFLAGS 0x%llx: registers%s", what, (unsigned long long)flags, wrong);
}

/* FS and GS base are the user's in ring 3, and what they were. */
static void bases(void)
{
	unsigned long fs = 0, gs = 0, fs_now = 1, gs_now = 1, wanted = 0x12345678000;
	int i;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &gs);
	syscall(SYS_arch_prctl, ARCH_SET_GS, wanted);
	for (i = 0; i < 1000; i++)
		armed();
	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_now);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &gs_now);
	syscall(SYS_arch_prctl, ARCH_SET_GS, gs);
	ok(fs == fs_now && gs_now == wanted, "FS and GS base are the same after as before");
}

static volatile long alarms, faults;

static void on_alarm(int sig)
{
	alarms += sig == SIGALRM;
}

/* SIGILL and SIGSEGV: over an instruction of 2 bytes (ud2, sysenter), of 1 (hlt). */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)info;
	faults++;
	if (sig == SIGILL || sig == SIGSEGV)
		*rip += *(const uint8_t *)*rip == 0x0f ? 2 : 1;
}

bool quiet(void)
{
	return call(TG_SYSCALL_QUIET) == 0;
}

/* What a quiet stretch holds back, and that everything but the stub ends it. */
static void quiet_stretches(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	volatile char *page;
	struct timespec t;
	long before, i;
	bool began;

	signal(SIGALRM, on_alarm);
	alarm_every(1000);
	began = quiet();
	before = alarms;
	for (i = 0; i < 2000000; i++)
		asm volatile("" : : : "memory");
	ok(began && alarms == before && armed(), "quiet: no signal for two million loops");
	for (i = 0; i < 50000000 && alarms == before; i++)
		asm volatile("" : : : "memory");
	ok(alarms != before, "quiet: over with the next system call");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	quiet();
	before = alarms;
	*page = 1;
	for (i = 0; i < 50000000 && alarms == before; i++)
		asm volatile("" : : : "memory");
	ok(alarms != before, "quiet: a fault ends it");
	alarm_every(0);
	page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < 256; i++) {
		quiet();
		page[i * 4096] = 1;
	}
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	faults = 0;
	quiet();
	asm volatile("ud2");
	quiet();
	asm volatile("hlt");
	quiet();
	asm volatile("int3");
	quiet();
	asm volatile("sysenter" : : : "rcx", "rdx", "memory");
	quiet();
	asm volatile("int $0x80" : "=a" (i) : "0" (20) : "r8", "r9", "r10", "r11", "memory");
	ok(faults == 4, "quiet: #UD, #GP, #BP and SYSENTER are signals: %ld of 4", faults);
	quiet();
	t = (struct timespec){ 0, 5000000 };
	ok(!nanosleep(&t, NULL), "quiet: sleeping ends it");
	ok(!strcmp(fact("cr8_fixups"), "0"), "quiet: every way to the kernel lowered CR8");
	signal(SIGILL, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

static void check_point(const char *point, unsigned int fl)
{
	static const uint64_t flags[] = { 0x202, 0x246, 0xad7, 0x40202, 0x4202, 0x200202 };
	struct tg_arm rq;
	int fd = arm(point, fl, &rq);
	unsigned int f;

	ok(fd >= 0 && armed(), "%s, flags %u: armed %s", point, fl, rq.error);
	if (fd < 0)
		return;
	ok(!strcmp(fact("armed"), point), "status knows it");
	for (f = 0; f < NR(flags); f++) {
		registers("stub", TG_SYSCALL_STUB, flags[f], true);
		registers("getpid", 39, flags[f], false);
	}
	bases();
	check_storm();
	if (fl & TG_ARM_QUIET)
		quiet_stretches();
	else
		ok(!quiet(), "not asked for: no quiet stretch");
	ok(!ioctl(fd, TG_DISARM) && !armed(), "TG_DISARM disarms");
	ok(ioctl(fd, TG_DISARM) && errno == EINVAL, "once");
	close(fd);
}

static void check_points(void)
{
	unsigned int p;

	ok(!armed(), "not armed: the kernel does not know the number");
	for (p = 0; p < NR(points); p++) {
		check_point(points[p], 0);
		check_point(points[p], TG_ARM_QUIET);
	}
}

static void check_cpus(void)
{
	unsigned int p;

	for (p = 0; p < NR(points); p++)
		check_two_cpus(points[p]);
}

/* The parts of `armed check`, all of them by default. */
static int check(int nr, char **names)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "points", check_points }, { "cpus", check_cpus }, { "calls", check_calls },
		{ "refusals", check_refusals }, { "deaths", check_deaths },
	};
	unsigned int i;
	int k, found = 0;

	for (i = 0; i < NR(parts); i++) {
		for (k = 0; k < nr && strcmp(names[k], parts[i].name); k++)
			;
		if (nr && k == nr)
			continue;
		parts[i].run();
		found++;
	}
	ok(!strcmp(fact("armed"), "none"), "nothing is armed");
	return nr && found != nr;
}

/* Through every stub for so long, while somebody injects what he likes. */
static int loop(int seconds)
{
	struct tg_arm rq;
	unsigned int p, fl;
	int fd;

	for (p = 0; p < NR(points); p++) {
		for (fl = 0; fl <= TG_ARM_QUIET; fl++) {
			time_t end = time(NULL) + seconds;
			const char *wrong = "";
			long n = 0;

			fd = arm(points[p], fl, &rq);
			while (fd >= 0 && !*wrong && time(NULL) < end) {
				int i;

				if (fl)
					quiet();
				for (i = 0; i < 1000 && !*wrong; i++, n++)
					wrong = differs(TG_SYSCALL_STUB, 0x202, true);
				/* or time() would stand still */
				call(NO_CALL);
			}
			ok(n && !*wrong, "%s, flags %u: %ld calls%s", points[p], fl, n, wrong);
			close(fd);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct tg_arm rq;
	int fd;

	armed_avx = __builtin_cpu_supports("avx");
	if (argc >= 2 && !strcmp(argv[1], "check"))
		return check(argc - 2, argv + 2);
	if (argc >= 3 && !strcmp(argv[1], "loop"))
		return loop(atoi(argv[2]));
	if (argc >= 3 && !strcmp(argv[1], "linear"))
		return call_cost(argv[2]);
	if (argc >= 2 && !strcmp(argv[1], "cost"))
		return forward_cost();
	if (argc >= 2 && !strncmp(argv[1], "answers", 7)) {
		/* with the file kept open, exec shows when the task next gets the CPU */
		if (argv[1][7])
			usleep(10000);
		return armed() ? 0 : 1;
	}
	if (argc >= 3 && (!strcmp(argv[1], "hold") || !strcmp(argv[1], "try"))) {
		bool hold = argv[1][0] == 'h';

		if (argc > 4 - hold)
			pin(atoi(argv[4 - hold]));
		fd = arm(argv[2], hold ? TG_ARM_QUIET : argc > 3 ? strtoul(argv[3], NULL, 0) : 0,
			 &rq);
		printf("%s\n", fd >= 0 ? "armed" : *rq.error ? rq.error : strerror(-fd));
		fflush(stdout);
		while (fd >= 0 && hold)
			usleep(1000);
		return fd < 0;
	}
	fprintf(stderr, "armed: check, loop, linear, cost, hold, try or answers\n");
	return 2;
}
