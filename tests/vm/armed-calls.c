// SPDX-License-Identifier: GPL-2.0
/*
 * An armed task's calls to the kernel do what they did before: they restart, they
 * make children who are not armed, signals and single steps come as ever, also
 * beside a task that leaves other values in every vector register.
 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "armed.h"

static volatile long alarms;
static int alarm_pipe;

static void dirty_vectors(void)
{
	asm volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
		     "pcmpeqd %%xmm\\n, %%xmm\\n\n"
		     ".endr" : : : "memory");
}

/* Writes to the pipe only amid cross()'s call: to read it again, or right behind it. */
static void on_alarm(int sig, siginfo_t *info, void *context)
{
	uint64_t rip = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	uint64_t end = (uint64_t)cross_return;

	(void)sig;
	(void)info;
	alarms++;
	dirty_vectors();
	if (alarm_pipe && (rip == end - 2 || rip == end))
		write(alarm_pipe, "a", 1);
}

static void handle_alarm(int flags)
{
	struct sigaction sa = { .sa_sigaction = on_alarm, .sa_flags = flags | SA_SIGINFO };

	sigaction(SIGALRM, &sa, NULL);
}

void alarm_every(long usec)
{
	struct itimerval t = { { 0, usec }, { 0, usec } };

	setitimer(ITIMER_REAL, &t, NULL);
}

/* Somebody on the same CPU who has other values in all vector registers. */
static int dirty_sibling(void)
{
	int pid = fork();

	while (!pid)
		dirty_vectors();
	return pid;
}

void check_storm(unsigned int flags)
{
	int sibling = dirty_sibling();
	const char *wrong = "";
	long i, begun = 0, tries = 0;

	alarms = 0;
	handle_alarm(SA_RESTART);
	alarm_every(1000);
	for (i = 0; alarms < 60 && !*wrong; i++) {
		/* a few calls of a quiet stretch, its end, some without */
		if (i % 16 == 0) {
			tries++;
			begun += quiet();
		}
		if (i % 16 == 8)
			call(NO_CALL);
		wrong = differs(TG_SYSCALL_STUB, 0x202, true);
	}
	alarm_every(0);
	kill(sibling, SIGKILL);
	waitpid(sibling, NULL, 0);
	ok(!*wrong && tries && begun == (flags & TG_ARM_QUIET ? tries : 0),
	   "a signal every millisecond, another dirties vectors: %ld calls, %ld stretches%s",
	   i, begun, wrong);
}

/* A read that an alarm interrupts: what it returns, with every register as it was. */
static const char *interrupted_read(int flags, bool begin_quiet, int *ret)
{
	uint64_t rax = -EPIPE;
	struct state s;
	const char *wrong;
	char byte;
	int a[2];

	*ret = -EPIPE;
	if (pipe(a))
		return " no pipe";
	alarm_pipe = a[1];
	handle_alarm(flags);
	alarm_every(5000);
	fill(&s, 0x202, 0);
	s.rdi = a[0];
	s.rsi = (uint64_t)&byte;
	s.rdx = 1;
	if (begin_quiet && !quiet())
		return " no stretch";
	wrong = differs_from(&s, false, &rax);
	*ret = rax;
	alarm_every(0);
	alarm_pipe = 0;
	close(a[0]);
	close(a[1]);
	return wrong;
}

/* One state or another of /proc/PID/stat, soon. */
static bool in_state(int pid, char wanted)
{
	char path[64], line[256], state;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (i = 0; i < 60000; i++) {
		FILE *f = fopen(path, "r");
		bool got = f && fgets(line, sizeof(line), f) &&
			   sscanf(line, "%*d (%*[^)]) %c", &state) == 1;

		if (f)
			fclose(f);
		if (got && state == wanted)
			return true;
		usleep(1000);
	}
	return false;
}

/* restart_syscall(2) takes the place of what a stop interrupted. */
static void stopped_sleep(const char *point)
{
	struct timespec t = { 0, 500000000 };
	int pid = fork(), stop = -1, status = -1;
	bool slept, stopped;

	if (!pid) {
		struct tg_arm rq;
		bool began = arm(point, TG_ARM_QUIET, &rq) >= 0 && quiet();

		_exit(began && !nanosleep(&t, NULL) && armed() ? 7 : 1);
	}
	slept = in_state(pid, 'S');
	kill(pid, SIGSTOP);
	stopped = waitpid(pid, &stop, WUNTRACED) == pid && WIFSTOPPED(stop) &&
		  WSTOPSIG(stop) == SIGSTOP;
	kill(pid, SIGCONT);
	if (stopped)
		waitpid(pid, &status, 0);
	ok(slept && stopped && WIFEXITED(status) && WEXITSTATUS(status) == 7,
	   "%s: a sleep that is stopped (0x%x) goes on (0x%x)", point, stop, status);
}

/* The child's word, and that its parent is what it was. */
static void child_said(const char *how, int pid, const char *wrong)
{
	int status = -1;

	waitpid(pid, &status, 0);
	ok(pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7 && armed() && !*wrong,
	   "%s: a child that is not armed, of a parent that is (0x%x)%s", how, status, wrong);
}

/* Where both return from the same call: every register is checked in both. */
static void forked(bool begin_quiet)
{
	const char *wrong = "";
	uint64_t pid = -1;
	struct state s;

	fill(&s, 0x246, SYS_fork);
	if (begin_quiet && !quiet())
		wrong = " no stretch";
	if (!*wrong)
		wrong = differs_from(&s, false, &pid);
	if (!pid) {
		if (*wrong)
			ok(false, "fork: the child's registers%s", wrong);
		_exit(armed() || *wrong ? 0 : 7);
	}
	child_said("fork, all registers", pid, wrong);
}

static void children(bool begin_quiet)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	const char *wrong;
	int pid;

	forked(begin_quiet);
	wrong = begin_quiet && !quiet() ? " no stretch" : "";
	pid = vfork();
	if (!pid)
		_exit(armed() ? 0 : 7);
	child_said("vfork", pid, wrong);
	wrong = begin_quiet && !quiet() ? " no stretch" : "";
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(armed() ? 0 : 7);
	child_said("clone3", pid, wrong);
}

/* Calls that the kernel answers at once, in stretches and not. */
static void short_calls(bool begin_quiet)
{
	static const long numbers[] = { NO_CALL, SYS_getpid };
	unsigned int i;

	for (i = 0; i < NR(numbers); i++) {
		uint64_t rax = 0, wanted = numbers[i] == NO_CALL ? -ENOSYS : getpid();
		const char *wrong = "";
		struct state s;

		fill(&s, 0xad7, numbers[i]);
		if (begin_quiet && !quiet())
			wrong = " no stretch";
		if (!*wrong)
			wrong = differs_from(&s, false, &rax);
		ok(!*wrong && rax == wanted, "call %ld%s: %ld%s", numbers[i],
		   begin_quiet ? " ends a stretch" : "", (long)rax, wrong);
	}
}

static void check_calls_of(const char *point, unsigned int flags)
{
	struct tg_arm rq;
	int fd = arm(point, flags, &rq), ret;
	const char *wrong;

	ok(fd >= 0 && armed(), "%s, flags %u: armed, to call the kernel %s", point, flags, rq.error);
	if (fd < 0)
		return;
	check_traps(point, flags);
	short_calls(flags);
	children(flags);
	wrong = interrupted_read(SA_RESTART, flags, &ret);
	ok(ret == 1 && !*wrong, "a read that a signal interrupts is restarted (%d)%s", ret, wrong);
	wrong = interrupted_read(0, flags, &ret);
	ok(ret == -EINTR && !*wrong && armed(), "or ends with EINTR, as its handler says (%d)%s",
	   ret, wrong);
	close(fd);
}

void check_calls(void)
{
	unsigned int p, fl;

	for (p = 0; p < NR_POINTS; p++) {
		for (fl = 0; fl <= TG_ARM_QUIET; fl++)
			check_calls_of(points[p], fl);
		stopped_sleep(points[p]);
	}
	signal(SIGALRM, SIG_DFL);
}
