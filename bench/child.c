// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "run.h"

int tg_child_start(struct tg_child *c, int in)
{
	pid_t parent = getpid();
	int out[2];

	if (pipe(out))
		return -1;
	c->pid = fork();
	if (c->pid < 0) {
		close(out[0]);
		close(out[1]);
		return -1;
	}
	if (!c->pid) {
		char *const argv[] = { "tollgate", "round", NULL };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(TG_EXIT_IO);
		dup2(in, 0);
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execv("/proc/self/exe", argv);
		_exit(TG_EXIT_IO);
	}
	close(out[1]);
	c->out = out[0];
	c->len = 0;
	return 0;
}

int tg_child_line(struct tg_child *c, char *line, size_t size)
{
	struct pollfd p = { .fd = c->out, .events = POLLIN };
	char *end;
	ssize_t got;
	int rc;

	while (!(end = memchr(c->buf, '\n', c->len))) {
		if (tg_interrupted)
			return -1;
		if (c->len == sizeof(c->buf))
			return 0;
		rc = poll(&p, 1, TG_SILENCE_MS);
		if (!rc)
			return -2;
		if (rc < 0)
			continue;
		got = read(c->out, c->buf + c->len, sizeof(c->buf) - c->len);
		if (got <= 0)
			return 0;
		c->len += got;
	}
	snprintf(line, size, "%.*s", (int)(end - c->buf), c->buf);
	c->len -= end + 1 - c->buf;
	memmove(c->buf, end + 1, c->len);
	return 1;
}

bool tg_child_end(struct tg_child *c, bool end_it, char *why, size_t len, int *code)
{
	int status = 0;

	close(c->out);
	if (end_it)
		kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	*code = 0;
	if (WIFSIGNALED(status)) {
		snprintf(why, len, "the process running it ended by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
		return false;
	}
	*code = WEXITSTATUS(status);
	snprintf(why, len, "the process running it exited with code %d", *code);
	return *code == 0;
}
