// SPDX-License-Identifier: GPL-2.0
/*
 * What an armed task must be able to do, checked in a guest: registers through the
 * stub and through forwarded calls. Prints TAP without numbers. armed-*.c have: bases,
 * FS and GS base; breaks, #DB at every instruction of the stubs; calls, what forwarded
 * calls do; cost, what calls take; deaths and files, how arming ends; flags, RFLAGS
 * through both; frames, every stub; low, 32-bit code; quiet, faults at CR8 = 15; refusals;
 * traps, other debug traps; two, a second CPU; unusual, frames that no sane program has.
 *
 *	armed check [points|stubs|cpus|calls|refusals|deaths|breaks|unusual]...	those parts, or all
 *	armed hold POINT [CPU]	arms itself there and sleeps
 *	armed try POINT [FLAGS [CPU]]	arms itself; prints "armed", or why not
 *	armed loop SECONDS	registers through every stub, each so long
 *	armed linear POINT	what a call takes, whatever their number; for sh
 *	armed sums		what the stubs take adds up
 *	armed cost		what forwarding adds, in ticks; for sh
 *	armed by FD POINT	arms itself by an open file; prints "armed", or why not
 *	armed lstar BYTES	moves LSTAR of CPU 0
 *	armed rules		why combinations of a frame's choices mean nothing
 *	armed answers[-later]	started by an armed program: 0 the stub answers, 1 not, 2 nor can
 *				anybody else be armed
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <tollgate/frame_blocks.h>

#include "armed.h"

#define DIR "/sys/kernel/debug/tollgate/"

const char *const points[NR_POINTS] = {
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

void same_after_all(const char *when)
{
	static const char *const keys[] = {
		"lstar", "cstar", "syscall_mask", "sysenter_cs", "cr8", "idtr", "gs_base",
		"words"
	};
	char key[64], wrong[256] = "";
	unsigned int i;

	for (i = 0; i < NR(keys); i++) {
		snprintf(key, sizeof(key), "restored_%s", keys[i]);
		if (strcmp(fact(key), "same"))
			snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " %s", key);
	}
	if (strcmp(fact("mask_fixups"), "0"))
		strcat(wrong, " SYSCALL_MASK had to be");
	ok(!*wrong && !strcmp(fact("cr8_fixups"), "0"),
	   "%s: the CPU is always put back as it was, CR8 never had to be%s", when, wrong);
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
unsigned int fill_salt;

void fill(struct state *s, uint64_t flags, long number)
{
	uint64_t *word = &s->rax;
	int i, k;

	for (i = 0; i < 15; i++)
		word[i] = 0x1111111111111111ull * (i + 1) + 16 * fill_salt + 7;
	s->rax = number | 0xabcdef0100000000ull;
	s->flags = flags;
	for (i = 0; i < 16; i++)
		for (k = 0; k < 32; k++)
			s->ymm[i][k] = i * 16 + k + 1;
}

/* One call; names what is not as it was, or as SYSCALL and SYSRET leave it. */
const char *differs_from(struct state *in, bool rax_same, uint64_t *rax)
{
	struct state out;
	static const char *const names[] = {
		"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11",
		"r12", "r13", "r14", "r15"
	};
	static char wrong[256];
	uint16_t segments[6];
	int i;

	*wrong = 0;
	memset(&out, 0, sizeof(out));
	asm volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3; mov %%ss, %4; mov %%cs, %5"
		     : "=r" (segments[0]), "=r" (segments[1]), "=r" (segments[2]),
		       "=r" (segments[3]), "=r" (segments[4]), "=r" (segments[5]));
	segments[0] = segments[1] = TG_USER_DS;
	cross(in, &out);
	in->rcx = (uint64_t)(cross_moves_ss ? cross_ss_return : cross_return);
	in->r11 = in->flags;
	if (rax)
		*rax = out.rax;
	if (!rax_same)
		in->rax = out.rax;
	for (i = 0; i < 15; i++)
		if ((&in->rax)[i] != (&out.rax)[i])
			snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong),
				 " %s=%llx not %llx", names[i], (unsigned long long)(&out.rax)[i],
				 (unsigned long long)(&in->rax)[i]);
	if (out.flags != in->flags)
		snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " flags=%llx",
			 (unsigned long long)out.flags);
	if (out.rsp)
		snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " rsp by %lld",
			 (long long)out.rsp);
	if (memcmp(segments, out.segments, sizeof(segments)))
		snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " a segment");
	for (i = 0; i < 16; i++)
		if (memcmp(in->ymm[i], out.ymm[i], armed_avx ? 32 : 16))
			snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " xmm%d", i);
	return wrong;
}

const char *differs(long number, uint64_t flags, bool rax_same)
{
	struct state in;

	/* or what an earlier call left on the kernel's stack would do */
	fill_salt = (fill_salt + 1) % 4096;
	fill(&in, flags, number);
	return differs_from(&in, rax_same, NULL);
}

static void registers(const char *what, long number, uint64_t flags, bool rax_same)
{
	const char *wrong = differs(number, flags, rax_same);

	ok(!*wrong, "%s, RFLAGS 0x%llx: registers%s", what, (unsigned long long)flags, wrong);
}

bool quiet(void)
{
	return call(TG_SYSCALL_QUIET) == 0;
}

static void check_point(const char *point, unsigned int fl)
{
	static const uint64_t flags[] = {
		0x202, 0x246, 0xad7, 0x602, 0x40202, 0x4202, 0x200202
	};
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
	check_bases();
	check_storm(fl);
	if (fl & TG_ARM_QUIET)
		check_quiet();
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
	for (p = 0; p < NR_POINTS; p++) {
		check_point(points[p], 0);
		check_point(points[p], TG_ARM_QUIET);
	}
}

static void check_cpus(void)
{
	unsigned int p;

	for (p = 0; p < NR_POINTS; p++)
		check_two_cpus(points[p]);
}

/* The parts of `armed check`, all of them by default. */
static int check(int nr, char **names)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "points", check_points }, { "stubs", check_stubs }, { "cpus", check_cpus },
		{ "calls", check_calls },
		{ "refusals", check_refusals }, { "deaths", check_deaths },
		{ "breaks", check_breaks }, { "unusual", check_unusual },
	};
	unsigned int i;
	int k, found = 0;

	for (i = 0; i < NR(parts); i++) {
		for (k = 0; k < nr && strcmp(names[k], parts[i].name); k++)
			;
		if (nr && k == nr)
			continue;
		pin(0);
		parts[i].run();
		found++;
	}
	ok(!strcmp(fact("armed"), "none"), "nothing is armed");
	return nr && found != nr;
}

/* Through stubs of all kinds for so long, while somebody injects what he likes. */
static int loop(int seconds)
{
	static const struct {
		const char *name;
		bool sets_if;		/* and so is quiet alone */
	} through[] = {
		{ "frame/point@cross", false }, { "frame/point:full@cross", false },
		{ "frame/point:full:iret@cross", false },
		{ "frame/point:rsp:slow:iret@cross", false },
		{ "frame/point:sti@cross", true }, { "frame/point:full:sti:cli@cross", true },
		{ "frame/point:unmasked@cross", true },
	};
	struct tg_arm rq;
	unsigned int p, fl;
	int fd;

	for (p = 0; p < NR(through); p++) {
		for (fl = through[p].sets_if; fl <= TG_ARM_QUIET; fl++) {
			time_t end = time(NULL) + seconds;
			const char *wrong = "";
			long n = 0, tries = 0, begun = 0;

			fd = arm(through[p].name, fl, &rq);
			/* a page that is not there yet would end a stretch */
			wrong = differs(NO_CALL, 0x202, false);
			while (fd >= 0 && !*wrong && time(NULL) < end) {
				int i;

				tries++;
				begun += quiet();
				for (i = 0; i < 1000 && !*wrong; i++, n++)
					wrong = differs(TG_SYSCALL_STUB, 0x202, true);
				/* or time() would stand still */
				call(NO_CALL);
			}
			ok(n && !*wrong && tries && begun == (fl ? tries : 0),
			   "%s, flags %u: %ld calls, %ld stretches%s", through[p].name, fl, n,
			   begun, wrong);
			close(fd);
		}
	}
	return 0;
}

/* The reasons of frame.def's rules for stubs, one a line. */
static int rules(void)
{
#define VALID(family, name, rule, why)	TG_SAY_##name(why)
#define TG_SAY_point(why)	puts(why);
#define TG_SAY_rehearsal(why)
#include <tollgate/frame.def>
#undef VALID
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
	if (argc >= 4 && !strcmp(argv[1], "by"))
		return arm_by_file(atoi(argv[2]), argv[3]);
	if (argc >= 3 && !strcmp(argv[1], "lstar"))
		return move_lstar(atol(argv[2]));
	if (argc >= 2 && !strcmp(argv[1], "sums"))
		return call_sums();
	if (argc >= 2 && !strcmp(argv[1], "rules"))
		return rules();
	if (argc >= 2 && !strcmp(argv[1], "cost"))
		return forward_cost();
	if (argc >= 2 && !strncmp(argv[1], "answers", 7)) {
		/* with the file kept open, exec shows when the task next gets the CPU */
		if (argv[1][7])
			usleep(10000);
		return armed() ? 0 : strcmp(fact("armed"), "none") ? 2 : 1;
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
	fprintf(stderr, "armed: check, loop, linear, sums, cost, rules, hold, try, by, lstar or"
		" answers\n");
	return 2;
}
