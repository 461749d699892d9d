// SPDX-License-Identifier: GPL-2.0
/*
 * The partner of a switch: a process that runs one of handlers.S's loops on
 * the CPU of its parent, whose affinity it inherits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crossing.h"

typedef void tg_partner_fn(struct tg_board *board);

#define TG_TOUCHES 3
extern tg_partner_fn *const tg_partners[TG_NR_PARTNERS][TG_TOUCHES];

static pid_t pid;
static int ours[2] = { -1, -1 };	/* our ends of the pipes */

static void close_pair(int fd[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

/* In the child; does not come back. */
static void run(enum tg_partner_kind kind, int touch, pid_t parent)
{
	/* else it keeps the round's output open for as long as it lives */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		tg_partners[kind][touch](tg_board);
	_exit(0);
}

int tg_partner_start(enum tg_partner_kind kind, int touch, char *why, size_t len)
{
	int there[2] = { -1, -1 }, back[2] = { -1, -1 }, theirs[2];
	pid_t parent = getpid();

	if (kind == TG_PARTNER_PIPE && (pipe2(there, O_CLOEXEC) || pipe2(back, O_CLOEXEC))) {
		snprintf(why, len, "no pipe for the partner: %s", strerror(errno));
		close_pair(there);
		return -1;
	}
	ours[0] = there[1];
	ours[1] = back[0];
	theirs[0] = there[0];
	theirs[1] = back[1];
	tg_board->a0 = ours[0];
	tg_board->a2 = ours[1];
	tg_board->read_fd = theirs[0];
	tg_board->write_fd = theirs[1];
	pid = fork();
	if (!pid) {
		close_pair(ours);
		run(kind, touch, parent);
	}
	/* so that a partner's death is the end of the file, not silence */
	close_pair(theirs);
	if (pid > 0)
		return 0;
	snprintf(why, len, "no partner: fork: %s", strerror(errno));
	pid = 0;
	close_pair(ours);
	return -1;
}

void tg_partner_end(void)
{
	if (pid) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	pid = 0;
	close_pair(ours);
}

pid_t tg_partner_pid(void)
{
	return pid;
}
