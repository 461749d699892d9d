// SPDX-License-Identifier: GPL-2.0
/* How an arming ends, and what is not armed at all. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "armed.h"

#define POINT	"frame/point:full@cross"

/* Nothing is armed, soon: what the last close leaves is done by the dying task. */
static bool free_again(void)
{
	int i;

	for (i = 0; i < 500; i++) {
		if (!strcmp(fact("armed"), "none"))
			return true;
		usleep(2000);
	}
	return false;
}

/* It can be armed again, and answers. */
static void rearms(const char *after)
{
	bool was = free_again();
	struct tg_arm rq;
	int fd = arm(POINT, TG_ARM_QUIET, &rq);

	ok(was && fd >= 0 && armed(), "after %s: nothing armed, and armed again%s%s", after,
	   *rq.error ? ": " : "", rq.error);
	if (fd >= 0)
		close(fd);
	ok(!armed(), "after %s: the close disarms", after);
}

enum death { EXIT, EXIT_GROUP_THREAD, KILL, SEGV, ABORT, EXEC, EXEC_KEPT, STOPPED_KILL,
	     LOOP_KILL, OTHERS_EXIT, SECCOMP, NR_DEATHS };
static const char *const deaths[] = {
	"exit", "the end of a thread", "kill -9", "a segfault", "abort", "exec",
	"exec with the file kept open", "kill -9 while stopped", "kill -9 amid calls",
	"another thread's exit", "a seccomp filter"
};

/* Stretch after stretch, for ever. */
static void cross_for_ever(void)
{
	for (;;) {
		quiet();
		for (int i = 0; i < 100; i++)
			armed();
		call(NO_CALL);
	}
}

/* The process ends with whoever is in the middle of it. */
static void *end_all(void *unused)
{
	usleep(5000);
	_exit(0);
	return unused;
}

static void no_more_calls(void)
{
	struct sock_filter kill = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	struct sock_fprog all = { 1, &kill };

	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all);
	call(39);
}

static void *armed_thread(void *result)
{
	struct tg_arm rq;

	*(bool *)result = arm(POINT, 0, &rq) >= 0 && armed();
	return NULL;
}

static void die(enum death how, int pipe)
{
	struct tg_arm rq;
	pthread_t t;
	bool was = false;
	int fd;

	if (how == EXIT_GROUP_THREAD) {
		pthread_create(&t, NULL, armed_thread, &was);
		pthread_join(t, NULL);
		write(pipe, was ? "y" : "n", 1);
		/* the thread's file is still open here, and nobody is armed */
		was = free_again();
		_exit(was ? 0 : 1);
	}
	fd = arm(POINT, TG_ARM_QUIET, &rq);
	write(pipe, fd >= 0 && armed() ? "y" : "n", 1);
	switch (how) {
	case KILL:
		raise(SIGKILL);
		break;
	case SEGV:
		call(TG_SYSCALL_QUIET);
		asm volatile("movl $1, 8");
		break;
	case ABORT:
		raise(SIGABRT);
		break;
	case EXEC_KEPT:
		fcntl(fd, F_SETFD, 0);
		/* fall through */
	case EXEC:
		execl("/proc/self/exe", "armed", how == EXEC ? "answers" : "answers-later", NULL);
		break;
	case STOPPED_KILL:
		raise(SIGSTOP);
		break;
	case OTHERS_EXIT:
		pthread_create(&t, NULL, end_all, NULL);
		/* fall through */
	case LOOP_KILL:
		cross_for_ever();
		break;
	case SECCOMP:
		no_more_calls();
		break;
	default:
		break;
	}
	_exit(0);
}

static void one_death(enum death how)
{
	int pipes[2], status = -1, pid;
	char was = 'n';

	if (pipe(pipes))
		return;
	pid = fork();
	if (!pid)
		die(how, pipes[1]);
	read(pipes[0], &was, 1);
	if (how == STOPPED_KILL) {
		waitpid(pid, &status, WUNTRACED);
		kill(pid, SIGKILL);
	}
	if (how == LOOP_KILL) {
		usleep(20000);
		kill(pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	close(pipes[0]);
	close(pipes[1]);
	ok(was == 'y', "%s: was armed", deaths[how]);
	if (how == EXEC || how == EXEC_KEPT)
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 1,
		   "%s: the new program is not armed (status 0x%x)", deaths[how], status);
	if (how == EXIT_GROUP_THREAD)
		ok(WIFEXITED(status) && !WEXITSTATUS(status),
		   "%s: with its file open, nobody is armed", deaths[how]);
	rearms(deaths[how]);
}

struct shared { int fd; volatile int stage; bool before, after; };

static void *owner(void *arg)
{
	struct shared *s = arg;
	struct tg_arm rq = { .name = POINT };

	s->before = !ioctl(s->fd, TG_ARM, &rq) && armed();
	s->stage = 1;
	while (s->stage == 1)
		usleep(100);
	s->after = armed();
	return NULL;
}

/* Files that others hold: none of them keeps, or is kept, armed. */
static void shared_files(void)
{
	struct shared s = { .stage = 0 };
	struct tg_arm rq;
	char was = 'n', go = 1;
	int pid, a[2], b[2], fd, status;
	pthread_t t;

	/* another thread closes the last one: the owner is disarmed from outside */
	s.fd = open("/sys/kernel/debug/tollgate/arm", O_RDONLY | O_CLOEXEC);
	pthread_create(&t, NULL, owner, &s);
	while (!s.stage)
		usleep(100);
	close(s.fd);
	ok(s.before && strcmp(fact("armed_state"), "armed"), "another task's last close: %s",
	   fact("armed_state"));
	s.stage = 2;
	pthread_join(t, NULL);
	ok(!s.after, "another task's last close: the stub is gone");
	rearms("another task's last close");

	/* a child inherits the file; its parent's close disarms the parent all the same */
	if (pipe(a) || pipe(b))
		return;
	fd = arm(POINT, TG_ARM_QUIET, &rq);
	pid = fork();
	if (!pid) {
		was = armed() ? 'y' : 'n';
		write(a[1], &was, 1);
		read(b[0], &go, 1);
		_exit(0);
	}
	read(a[0], &was, 1);
	ok(fd >= 0 && was == 'n' && armed(), "a child that inherits the file is not armed");
	close(dup(fd));
	ok(armed(), "closing one of two descriptors does not disarm");
	close(fd);
	ok(!armed() && free_again(), "the owner's close disarms, whoever else has the file");
	rearms("a file that a child still has");
	write(b[1], &go, 1);
	waitpid(pid, &status, 0);

	/* the other way: who arms by an inherited file and ends does not stay armed */
	fd = open("/sys/kernel/debug/tollgate/arm", O_RDONLY | O_CLOEXEC);
	pid = fork();
	if (!pid) {
		struct tg_arm one = { .name = POINT };

		was = !ioctl(fd, TG_ARM, &one) && armed() ? 'y' : 'n';
		write(a[1], &was, 1);
		_exit(0);
	}
	read(a[0], &was, 1);
	waitpid(pid, &status, 0);
	ok(was == 'y' && free_again(), "armed by a file of its parent's: ends with the child");
	close(fd);
	rearms("a passed file");
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

void check_deaths(void)
{
	int how;

	for (how = 0; how < NR_DEATHS; how++)
		one_death(how);
	shared_files();
}

/* Arming fails with this errno and a line with these words; nothing is armed. */
static void refused(const char *what, const char *point, unsigned int flags, int error,
		    const char *words)
{
	struct tg_arm rq;
	int fd = arm(point, flags, &rq);

	ok(fd == -error && strstr(rq.error, words) && !armed() &&
	   !strcmp(fact("armed"), "none"), "refused: %s (%d: %s)", what, fd, rq.error);
	if (fd >= 0)
		close(fd);
}

static void in_child(const char *what, void (*before)(void), const char *words)
{
	int pid = fork(), status;

	if (!pid) {
		before();
		refused(what, POINT, 0, EOPNOTSUPP, words);
		_exit(0);
	}
	/* a traced child stops for each signal; it gets none */
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "refused: %s: told", what);
}

static void be_traced(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void be_filtered(void)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog all = { 1, &pass };

	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all);
}

/* Who attaches to an armed task sees its system calls, but for the stub's. */
static void traced_later(void)
{
	int pipes[2], pid, status, stops = 0, others = 0, i;
	struct user_regs_struct regs;
	struct tg_arm rq;
	char was = 'n';

	if (pipe(pipes))
		return;
	pid = fork();
	if (!pid) {
		pin(0);	/* not armed elsewhere */
		was = arm(POINT, TG_ARM_QUIET, &rq) >= 0 && armed() ? 'y' : 'n';
		write(pipes[1], &was, 1);
		for (i = 0; i < 1000000 && armed(); i++)
			call(39);
		_exit(!armed());
	}
	read(pipes[0], &was, 1);
	ptrace(PTRACE_SEIZE, pid, NULL, NULL);
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	for (i = 0; i < 200; i++) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		ptrace(PTRACE_GETREGS, pid, NULL, &regs);
		*(regs.orig_rax == 39 ? &stops : &others) += 1;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(was == 'y' && stops >= 190 && others <= 2,
	   "ptrace of an armed task: %d stops at getpid, %d elsewhere", stops, others);
	close(pipes[0]);
	close(pipes[1]);
}

void check_refusals(void)
{
	struct tg_arm rq;
	int fd, second, pid, status;

	traced_later();
	ok(free_again(), "killed under ptrace: nothing is armed");
	refused("no such row", "frame/nope@cross", 0, EINVAL, "is no experiment");
	refused("a point of ring 0", "irq/cli@r0", 0, EINVAL, "arms nothing; allowed: points with @cross");
	refused("no ring", "frame/point", 0, EINVAL, "allowed: @cross");
	refused("what means nothing", "frame/point:iret@cross", 0, EINVAL, "IRET takes a frame");
	refused("flags", POINT, 6, EINVAL, "flags 0x6");
	in_child("ptrace", be_traced, "detach first");
	in_child("seccomp", be_filtered, "seccomp filter");
	fd = arm(POINT, 0, &rq);
	second = arm(POINT, 0, &rq);
	ok(fd >= 0 && second == -EBUSY && strstr(rq.error, "armed already") && armed(),
	   "refused: a second arming of the same task (%s)", rq.error);
	pid = fork();
	if (!pid) {
		second = arm(POINT, 0, &rq);
		_exit(!(second == -EBUSY && strstr(rq.error, "one at a time") && !armed()));
	}
	waitpid(pid, &status, 0);
	ok(!status && armed(), "refused: a second task");
	close(fd);
}
