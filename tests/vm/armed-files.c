// SPDX-License-Identifier: GPL-2.0
/* Files that arm and that others hold: none of them keeps, or is kept, armed. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "armed.h"

#define POINT	"frame/point:full@cross"

struct shared { int fd; volatile int stage; bool before, after; };

static int open_arm(void)
{
	return open("/sys/kernel/debug/tollgate/arm", O_RDONLY | O_CLOEXEC);
}

static bool arm_by(int fd)
{
	struct tg_arm rq = { .name = POINT, .flags = TG_ARM_QUIET };

	return !ioctl(fd, TG_ARM, &rq);
}

static void *owner(void *arg)
{
	struct shared *s = arg;

	s->before = arm_by(s->fd) && armed();
	s->stage = 1;
	while (s->stage == 1)
		usleep(100);
	s->after = armed();
	return NULL;
}

/* Another thread closes the last one: the owner is disarmed from outside. */
static void closed_by_another(void)
{
	struct shared s = { .stage = 0 };
	pthread_t t;

	s.fd = open_arm();
	pthread_create(&t, NULL, owner, &s);
	while (!s.stage)
		usleep(100);
	close(s.fd);
	ok(s.before && strcmp(fact("armed_state"), "armed"), "another task's last close: %s",
	   fact("armed_state"));
	ended("another task's last close", "the last close, by another task");
	s.stage = 2;
	pthread_join(t, NULL);
	ok(!s.after, "another task's last close: the stub is gone");
	rearms("another task's last close");
}

/* A child inherits the file; its parent's close disarms the parent all the same. */
static void inherited(void)
{
	char was = 'n', go = 1;
	int pid, a[2], b[2], fd, status;
	struct tg_arm rq;

	if (pipe(a) || pipe(b))
		return;
	fd = arm(POINT, TG_ARM_QUIET, &rq);
	pid = fork();
	if (!pid) {
		was = armed() ? 'y' : 'n';
		write(a[1], &was, 1);
		was = read(b[0], &go, 1) != 1;
		_exit(was);
	}
	ok(read(a[0], &was, 1) == 1 && fd >= 0 && was == 'n' && armed(),
	   "a child that inherits the file is not armed");
	close(dup(fd));
	ok(armed(), "closing one of two descriptors does not disarm");
	close(fd);
	ok(!armed() && free_again(), "the owner's close disarms, whoever else has the file");
	ended("the owner's close", BY_OWN);
	rearms("a file that a child still has");
	write(b[1], &go, 1);
	waitpid(pid, &status, 0);

	/* the other way: who arms by an inherited file and ends does not stay armed */
	fd = open_arm();
	pid = fork();
	if (!pid) {
		was = arm_by(fd) && armed() ? 'y' : 'n';
		write(a[1], &was, 1);
		_exit(0);
	}
	was = 'n';
	read(a[0], &was, 1);
	waitpid(pid, &status, 0);
	ok(was == 'y' && free_again(), "armed by a file of its parent's: ends with the child");
	ended("a file of its parent's", BY_EITHER);
	close(fd);
	rearms("a passed file");
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

/* One byte and a file (SCM_RIGHTS), into a socket or out of it; the file, or -1. */
static int pass(int socket, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = "" };
	char byte = 'f';
	struct iovec one = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &one, .msg_iovlen = 1, .msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (fd >= 0) {
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		return sendmsg(socket, &m, 0) == 1 ? fd : -1;
	}
	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* Passed to a child that did not inherit it, whose own it is then, or not alone. */
static void passed(bool kept)
{
	const char *what = kept ? "a file passed and kept" : "a file passed away";
	char was = 'n', go = 1, still = 'n';
	int s[2], pid, fd, status = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return;
	pid = fork();
	if (!pid) {
		close(s[0]);
		fd = pass(s[1], -1);
		was = fd >= 0 && arm_by(fd) && armed() ? 'y' : 'n';
		write(s[1], &was, 1);
		read(s[1], &go, 1);
		was = armed() ? 'y' : 'n';
		write(s[1], &was, 1);
		_exit(7);
	}
	close(s[1]);
	fd = open_arm();
	pass(s[0], fd);
	if (!kept)
		close(fd);
	read(s[0], &was, 1);
	ok(was == 'y' && !strcmp(fact("armed_state"), "armed") && !armed(),
	   "%s: arms who got it, and nobody else", what);
	if (kept)
		close(dup(fd));
	write(s[0], &go, 1);
	read(s[0], &still, 1);
	waitpid(pid, &status, 0);
	ok(still == 'y' && status == 7 << 8 && free_again(), "%s: ends with the task (0x%x)", what,
	   status);
	ended(what, BY_EITHER);
	if (kept)
		close(fd);
	close(s[0]);
	rearms(what);
}

/* Nobody has it but a socket's queue: its owner has closed its last. */
static void in_flight(void)
{
	int s[2], fd, back;
	struct tg_arm rq;
	bool was;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return;
	fd = arm(POINT, TG_ARM_QUIET, &rq);
	was = fd >= 0 && pass(s[0], fd) == fd && armed();
	close(fd);
	ok(was && !armed() && free_again(), "a file in flight alone keeps nobody armed");
	ended("a file in flight", BY_OWN);
	back = was ? pass(s[1], -1) : -1;	/* or it would wait for ever */
	ok(back >= 0 && !armed() && arm_by(back) && armed(), "it arms again once it has come");
	close(back);
	ok(!armed(), "and disarms as any");
	close(s[0]);
	close(s[1]);
	rearms("a file in flight");
}

void check_files(void)
{
	closed_by_another();
	inherited();
	passed(false);
	passed(true);
	in_flight();
}
