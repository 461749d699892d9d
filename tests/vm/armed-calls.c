// SPDX-License-Identifier: GPL-2.0
/*
 * An armed task's calls to the kernel do what they did before: they restart, they
 * make children who are not armed, signals and single steps come as ever, also
 * beside a task that leaves other values in every vector register.
 */
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
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

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
	dirty_vectors();
	if (alarm_pipe)
		write(alarm_pipe, "a", 1);
}

static void handle_alarm(int flags)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };

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

void check_storm(void)
{
	int sibling = dirty_sibling();
	const char *wrong = "";
	long i, quiets = 0;

	alarms = 0;
	handle_alarm(SA_RESTART);
	alarm_every(1000);
	for (i = 0; alarms < 60 && !*wrong; i++) {
		/* a few calls of a quiet stretch, its end, some without */
		if (i % 16 == 0)
			quiets += quiet();
		else if (i % 16 == 8)
			call(NO_CALL);
		wrong = differs(TG_SYSCALL_STUB, 0x202, true);
	}
	alarm_every(0);
	kill(sibling, SIGKILL);
	waitpid(sibling, NULL, 0);
	ok(!*wrong, "a signal every millisecond, another dirties vectors: %ld calls, %ld stretches%s",
	   i, quiets, wrong);
}

/* A read that an alarm interrupts: 1 if it went on, -errno if it ended. */
static int interrupted_read(int flags)
{
	int a[2], ret;
	char byte;

	if (pipe(a))
		return 0;
	alarm_pipe = a[1];
	handle_alarm(flags);
	quiet();
	alarm_every(5000);
	ret = read(a[0], &byte, 1);
	ret = ret < 0 ? -errno : ret;
	alarm_every(0);
	alarm_pipe = 0;
	close(a[0]);
	close(a[1]);
	return ret;
}

/* restart_syscall(2) takes the place of what a stop interrupted. */
static void stopped_sleep(void)
{
	struct timespec t = { 0, 50000000 };
	int pid = fork(), status = -1;

	if (!pid) {
		struct tg_arm rq;
		bool began = arm("frame/point:full@cross", TG_ARM_QUIET, &rq) >= 0 && quiet();

		_exit(began && !nanosleep(&t, NULL) && armed() ? 0 : 1);
	}
	usleep(20000);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "a stopped sleep goes on (0x%x)", status);
}

/* The child's word, and that its parent is what it was. */
static void child_said(const char *how, int pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	ok(pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7 && armed(),
	   "%s: a child that is not armed, of a parent that is (0x%x)", how, status);
}

static void children(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int pid;

	quiet();
	pid = fork();
	if (!pid)
		_exit(armed() ? 0 : 7);
	child_said("fork", pid);
	quiet();
	pid = vfork();
	if (!pid)
		_exit(armed() ? 0 : 7);
	child_said("vfork", pid);
	quiet();
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(armed() ? 0 : 7);
	child_said("clone3", pid);
}

static volatile long steps, behind;
extern const char step_return[];

static void on_step(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	steps++;
	if (((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] == (greg_t)step_return)
		behind++;
}

/* Through the stub by TF: a trap before SYSCALL, none within, one behind it or next. */
static void stepped(bool begin_quiet)
{
	struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	unsigned long rax = TG_SYSCALL_STUB;

	sigaction(SIGTRAP, &sa, NULL);
	steps = behind = 0;
	if (begin_quiet)
		quiet();
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
	ok(rax == TG_SYSCALL_STUB && steps >= 5 && steps <= 8,
	   "single steps through the stub%s: %ld, %ld right behind SYSCALL",
	   begin_quiet ? ", quiet before" : "", steps, behind);
}

/* Where the kernel or a module has a symbol; 0 if it does not say. */
static unsigned long symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long at = 0, found = 0;
	char line[256], one[128];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx %*c %127s", &at, one) == 2 && !strcmp(one, name))
			found = at;
	if (f)
		fclose(f);
	return found;
}

/*
 * #DB amid a stub, where GS and RSP are the user's: a watchpoint on what forwarding
 * stores the caller's RAX in, before it lowers CR8.
 */
static void watched(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr), .bp_type = HW_BREAKPOINT_W,
		.bp_addr = symbol("tg_calm"), .bp_len = HW_BREAKPOINT_LEN_8,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), i;
	uint64_t traps = 0;
	const char *wrong = "";

	for (i = 0; i < 1000 && !*wrong; i++) {
		if (i % 2)
			quiet();
		wrong = differs(39, 0x202, false);
	}
	read(fd, &traps, sizeof(traps));
	close(fd);
	ok(traps >= 1000 && !*wrong, "%llu watchpoints amid a stub%s",
	   (unsigned long long)traps, wrong);
}

void check_calls(void)
{
	struct tg_arm rq;
	int fd = arm("frame/point:full@cross", TG_ARM_QUIET, &rq), ret;

	ok(fd >= 0, "armed, to call the kernel %s", rq.error);
	if (fd < 0)
		return;
	stepped(false);
	stepped(true);
	watched();
	children();
	ret = interrupted_read(SA_RESTART);
	ok(ret == 1, "a read that a signal interrupts is restarted (%d)", ret);
	ret = interrupted_read(0);
	ok(ret == -EINTR && armed(), "or ends with EINTR, as its handler says (%d)", ret);
	close(fd);
	stopped_sleep();
	signal(SIGALRM, SIG_DFL);
}
