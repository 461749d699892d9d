// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "home.h"
#include "run.h"
#include "script.h"

/* How often progress is shown and a signal is looked for. */
#define TG_TICK_MS	250

/* What the child says, its end kept: the last line says why it failed. */
struct capture {
	int fd;
	char *buf;
	size_t size, n;
	bool keep_end;
};

/* Reads what is there; false at the end. */
static bool take(struct capture *c)
{
	char piece[4096];
	ssize_t got = read(c->fd, piece, sizeof(piece)), room;

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	if (!got)
		return false;
	room = c->size - 1 - c->n;
	if (got > room && c->keep_end) {
		size_t drop = (size_t)got - room;

		if (drop > c->n)
			drop = c->n;
		memmove(c->buf, c->buf + drop, c->n - drop);
		c->n -= drop;
		room = c->size - 1 - c->n;
	}
	if (got > room)
		got = room;
	memcpy(c->buf + c->n, piece, got);
	c->n += got;
	c->buf[c->n] = 0;
	return true;
}

static pid_t start(char *const *argv, int out, int err)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(err, 2);
	if (strchr(argv[0], '/') && (!tg_home() || chdir(tg_home())))
		_exit(TG_EXIT_IO);
	execvp(argv[0], argv);
	fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(TG_EXIT_IO);
}

/* The last line of a text, without what scripts put before their messages. */
static void last_line(char *text, const char *fallback, char *err, size_t errlen)
{
	char *line;
	size_t n = strlen(text);

	while (n && text[n - 1] == '\n')
		text[--n] = 0;
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (!strncmp(line, "tollgate: ", 10))
		line += 10;
	snprintf(err, errlen, "%s", *line ? line : fallback);
}

static void show(const char *what, const struct timespec *since)
{
	struct timespec now;

	if (!what || !isatty(STDERR_FILENO))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	fprintf(stderr, "\r\033[K%s, %ld s", what, (long)(now.tv_sec - since->tv_sec));
	fflush(stderr);
}

int tg_script(char *const *argv, const char *what, char *out, size_t outlen, char *err,
	      size_t errlen)
{
	static char errors[8192], unused[4096];
	int o[2], e[2], status, i;
	struct capture c[2];
	struct timespec since;
	bool told = false;
	char fallback[128];
	pid_t pid;

	if (pipe2(o, O_CLOEXEC))
		goto fail;
	if (pipe2(e, O_CLOEXEC)) {
		close(o[0]);
		close(o[1]);
		goto fail;
	}
	pid = start(argv, o[1], e[1]);
	close(o[1]);
	close(e[1]);
	if (pid < 0) {
		close(o[0]);
		close(e[0]);
		goto fail;
	}
	c[0] = (struct capture){ o[0], out ? out : unused, out ? outlen : sizeof(unused), 0, !out };
	c[1] = (struct capture){ e[0], errors, sizeof(errors), 0, true };
	c[0].buf[0] = c[1].buf[0] = 0;
	clock_gettime(CLOCK_MONOTONIC, &since);
	while (c[0].fd >= 0 || c[1].fd >= 0) {
		struct pollfd p[2] = { { c[0].fd, POLLIN, 0 }, { c[1].fd, POLLIN, 0 } };

		poll(p, 2, TG_TICK_MS);
		for (i = 0; i < 2; i++) {
			if (p[i].revents && !take(&c[i])) {
				close(c[i].fd);
				c[i].fd = -1;
			}
		}
		if (tg_interrupted && !told) {
			kill(pid, SIGTERM);
			told = true;
		}
		show(what, &since);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (what)
		tg_progress_end();
	if (tg_interrupted) {
		snprintf(err, errlen, "interrupted");
		return TG_EXIT_INTERRUPTED;
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return TG_EXIT_OK;
	snprintf(fallback, sizeof(fallback), "%s ended with %s %d", argv[0],
		 WIFEXITED(status) ? "code" : "signal",
		 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	last_line(errors, fallback, err, errlen);
	return WIFEXITED(status) ? WEXITSTATUS(status) : TG_EXIT_IO;
fail:
	snprintf(err, errlen, "cannot run %s: %s", argv[0], strerror(errno));
	return TG_EXIT_IO;
}
