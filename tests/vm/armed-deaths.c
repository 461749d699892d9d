// SPDX-License-Identifier: GPL-2.0
/* How an arming ends: by every death of its task, and with every last file. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "armed.h"

#define POINT	"frame/point:full@cross"

bool free_again(void)
{
	static int patience = 15000;	/* ms; what never comes is waited for once */
	int ms;

	for (ms = 0; ms < patience; ms++) {
		if (!strcmp(fact("armed"), "none"))
			return true;
		usleep(1000);
	}
	patience = 20;
	return false;
}

void rearms(const char *after)
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

void ended(const char *what, const char *words)
{
	const char *by = fact("disarmed_by"), *at = strstr(words, by);
	size_t n = strlen(by);

	ok(n && at && (!at[n] || at[n] == '|') && (at == words || at[-1] == '|'),
	   "%s: disarmed by: %s", what, by);
}

enum death { EXIT, EXIT_GROUP_THREAD, KILL, SEGV, ABORT, EXEC, EXEC_KEPT, STOPPED_KILL,
	     LOOP_KILL, OTHERS_EXIT, SECCOMP, NR_DEATHS };
#define EXITS(code)	((code) << 8)

static const struct {
	const char *name;
	int status;			/* as wait(2) has it, but for a core's bit */
	const char *by;
} deaths[] = {
	[EXIT] = { "exit", EXITS(0), BY_END },
	[EXIT_GROUP_THREAD] = { "the end of a thread", EXITS(0), BY_END },
	[KILL] = { "kill -9", SIGKILL, BY_END },
	[SEGV] = { "a segfault", SIGSEGV, BY_END },
	[ABORT] = { "abort", SIGABRT, BY_END },
	[EXEC] = { "exec", EXITS(1), "exec|" BY_OWN },
	[EXEC_KEPT] = { "exec with the file kept open", EXITS(1), "exec" },
	[STOPPED_KILL] = { "kill -9 while stopped", SIGKILL, BY_END },
	[LOOP_KILL] = { "kill -9 amid calls", SIGKILL, BY_END },
	[OTHERS_EXIT] = { "another thread's exit", EXITS(0), BY_END },
	[SECCOMP] = { "a seccomp filter", SIGSYS, BY_END },
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

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all))
		_exit(3);
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
		ok(WIFSTOPPED(status), "%s: it is", deaths[how].name);
		kill(pid, SIGKILL);
	}
	if (how == LOOP_KILL) {
		usleep(20000);
		kill(pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	close(pipes[0]);
	close(pipes[1]);
	ok(was == 'y', "%s: was armed", deaths[how].name);
	if (how == EXEC || how == EXEC_KEPT)
		ok(status == deaths[how].status, "%s: the new program is not armed (status 0x%x)",
		   deaths[how].name, status);
	else
		ok((status & ~0x80) == deaths[how].status, "%s: so it ended (status 0x%x)",
		   deaths[how].name, status);
	if (!free_again())
		ok(false, "%s: nothing is armed", deaths[how].name);
	ended(deaths[how].name, deaths[how].by);
	rearms(deaths[how].name);
}

void check_deaths(void)
{
	int how;

	for (how = 0; how < NR_DEATHS; how++)
		one_death(how);
	check_files();
}
