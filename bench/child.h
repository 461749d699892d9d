/* SPDX-License-Identifier: GPL-2.0 */
/* The process of a round, seen from its parent. */
#ifndef TOLLGATE_CHILD_H
#define TOLLGATE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A round that says nothing for so long is ended. One experiment takes
 * milliseconds, under an instruction counter a second. */
#define TG_SILENCE_MS	60000

struct tg_child {
	pid_t pid;
	int out;		/* the parent's end of its standard output */
	char buf[4096];
	size_t len;
};

/*
 * tg_child_start - starts `tollgate round` with the file in as its standard
 * input; it dies with its parent. 0, or -1 with errno.
 */
int tg_child_start(struct tg_child *c, int in);

/*
 * tg_child_line - the next line of the child, without its newline. 1; 0 at the
 * end, or of a line too long; -1 when interrupted; -2 after TG_SILENCE_MS of silence.
 */
int tg_child_line(struct tg_child *c, char *line, size_t size);

/*
 * tg_child_end - waits for the child, ends it before where end_it, and says in
 * why how it ended; true if by itself and well. code: its exit code, or 0.
 */
bool tg_child_end(struct tg_child *c, bool end_it, char *why, size_t len, int *code);

#endif
