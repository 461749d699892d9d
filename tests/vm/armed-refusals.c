// SPDX-License-Identifier: GPL-2.0
/* What is not armed: tasks and requests that are refused; and who is traced later on. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "armed.h"

#define ARM	"/sys/kernel/debug/tollgate/arm"
#define POINT	"frame/point:full@cross"

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

static void in_child(const char *what, bool (*before)(void), const char *words)
{
	int pid = fork(), status;

	if (!pid) {
		if (!before())
			_exit(1);
		refused(what, POINT, 0, EOPNOTSUPP, words);
		_exit(0);
	}
	/* a traced child stops for each signal; it gets none */
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "refused: %s: told", what);
}

static bool be_traced(void)
{
	return !ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static bool be_filtered(void)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog all = { 1, &pass };

	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all);
}

/* Who attaches to an armed task sees all its system calls; it has its stub back afterwards. */
static void traced_later(void)
{
	int pipes[2], pid, status, stubs = 0, stops = 0, others = 0, i;
	struct user_regs_struct regs;
	struct tg_arm rq;
	char was = 'n';

	if (pipe(pipes))
		return;
	pid = fork();
	if (!pid) {
		bool off = false, on = true;

		pin(0);	/* not armed elsewhere */
		was = arm(POINT, TG_ARM_QUIET, &rq) >= 0 && armed() ? 'y' : 'n';
		write(pipes[1], &was, 1);
		for (i = 0; i < 10000000 && !(off && on); i++) {
			on = armed();
			off |= !on;
			call(39);
		}
		_exit(!(off && on));
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
		*(regs.orig_rax == 39 ? &stops : regs.orig_rax == TG_SYSCALL_STUB ? &stubs :
		  &others) += 1;
	}
	ok(was == 'y' && stops >= 95 && stubs >= 95 && others <= 2,
	   "ptrace of an armed task: %d stops at getpid, %d at the stub's number, %d elsewhere",
	   stops, stubs, others);
	status = -1;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status),
	   "detached: it has its stub again (0x%x)", status);
	close(pipes[0]);
	close(pipes[1]);
}

/* A request as it is, by a file of its own: errno, 0 if it armed; which is undone. */
static int asked(unsigned long cmd, void *rq)
{
	int fd = open(ARM, O_RDONLY | O_CLOEXEC), ret;

	errno = 0;
	ret = ioctl(fd, cmd, rq) ? errno : 0;
	if (armed() || strcmp(fact("armed"), "none"))
		ret = -1;
	close(fd);
	return ret;
}

/* Requests that tell a driver from one that was only tried with good ones. */
static void odd_requests(void)
{
	struct tg_arm rq = { .name = POINT, .spare = 1 }, *page;
	int ret = asked(TG_ARM, &rq);

	ok(ret == EINVAL && strstr(rq.error, "spare 0x1"), "refused: spare (%d: %s)", ret, rq.error);
	rq.spare = 0;
	memset(rq.name, 'a', sizeof(rq.name));
	ret = asked(TG_ARM, &rq);
	ok(ret == EINVAL && strstr(rq.error, "a name without its NUL"),
	   "refused: a name of 128 bytes (%d: %s)", ret, rq.error);
	ok(asked(TG_ARM, NULL) == EFAULT, "refused: no request at all");
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	snprintf(page->name, sizeof(page->name), POINT);
	page->flags = TG_ARM_QUIET;
	ok(!mprotect(page, 4096, PROT_READ) && asked(TG_ARM, page) == EFAULT,
	   "refused: where it cannot say why; what it armed is disarmed");
	ok(!strcmp(fact("disarmed_by"), "an answer that could not be written"), "indeed");
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
	memcpy((char *)page + 4096 - sizeof(*page) + 8, page, 136);
	ok(!mprotect((char *)page + 4096, 4096, PROT_NONE) &&
	   asked(TG_ARM, (char *)page + 4096 - sizeof(*page) + 8) == EFAULT,
	   "refused: half a request");
	munmap(page, 8192);
	ok(asked(_IO('T', 99), NULL) == ENOTTY && asked(_IO('T', 1), &rq) == ENOTTY,
	   "refused: requests that there are not");
	ok(asked(TG_DISARM, NULL) == EINVAL, "refused: TG_DISARM where nothing is armed");
}

static void by_another_file(void)
{
	int other = open(ARM, O_RDONLY | O_CLOEXEC);
	struct tg_arm rq;
	int fd = arm(POINT, TG_ARM_QUIET, &rq);

	ok(fd >= 0 && ioctl(other, TG_DISARM) && errno == EINVAL && armed() && quiet() && armed(),
	   "refused: TG_DISARM by another file; armed still");
	close(other);
	ok(armed(), "nor does another file's close disarm");
	close(fd);
}

void check_refusals(void)
{
	struct tg_arm rq;
	int fd, second, pid, status;

	traced_later();
	ok(free_again(), "a task that was traced ends: nothing is armed");
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
	odd_requests();
	by_another_file();
}
