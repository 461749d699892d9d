/* SPDX-License-Identifier: GPL-2.0 */
/* Whole files, read at once or replaced at once: see report_file.h. */
#define _GNU_SOURCE	/* asprintf() */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report_file.h"

char *tg_file_read(const char *path, size_t max, size_t *len)
{
	size_t room = 1 << 16, filled = 0;
	char *buf = NULL, *grown;
	ssize_t got;
	int fd, saved;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	/* Pipes tell no size and files may grow: read until the end says so. */
	do {
		if (!buf || filled + 1 == room) {
			room *= 2;
			grown = realloc(buf, room);
			if (!grown)
				goto fail;
			buf = grown;
		}
		got = read(fd, buf + filled, room - filled - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			goto fail;
		filled += (size_t)got;
		if (filled > max) {
			errno = EFBIG;
			goto fail;
		}
	} while (got);

	close(fd);
	buf[filled] = '\0';
	*len = filled;
	return buf;
fail:
	saved = errno;
	free(buf);
	close(fd);
	errno = saved;
	return NULL;
}

static int write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t put = write(fd, buf, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		buf += put;
		len -= (size_t)put;
	}
	return 0;
}

/* Makes the rename itself last. Not every file system can: then the file is whole all the same. */
static void sync_directory_of(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (!copy)
		return;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

/* Writes aside; on failure -1 with errno, the file aside gone. */
static int write_aside(const char *aside, const char *buf, size_t len)
{
	int fd, saved;

	/* Exclusive: never through a link that somebody laid in a shared directory. */
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST && !unlink(aside))
		/* Left by a crashed process that had our id. */
		fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	if (write_all(fd, buf, len) || fsync(fd)) {
		saved = errno;
		close(fd);
		goto fail;
	}
	if (close(fd)) {
		saved = errno;
		goto fail;
	}
	return 0;
fail:
	unlink(aside);
	errno = saved;
	return -1;
}

static int replace(const char *path, const char *buf, size_t len)
{
	struct stat st;
	char *aside;
	int rc = -1, saved;

	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	if (asprintf(&aside, "%s.tmp.%ld", path, (long)getpid()) < 0) {
		errno = ENOMEM;
		return -1;
	}
	if (!write_aside(aside, buf, len)) {
		rc = rename(aside, path);
		if (rc) {
			saved = errno;
			unlink(aside);
			errno = saved;
		} else {
			sync_directory_of(path);
		}
	}
	saved = errno;
	free(aside);
	errno = saved;
	return rc;
}

int tg_file_replace(const char *path, const char *buf, size_t len, char *err, size_t errlen)
{
	/* The target of a link, so that the rename does not replace the link itself. */
	char *target = realpath(path, NULL);
	int rc = 0;

	if (replace(target ? target : path, buf, len)) {
		rc = -errno;
		if (err && errlen)
			snprintf(err, errlen, "%s: cannot write: %s", path,
				 rc == -EINVAL ? "not a regular file" : strerror(-rc));
	}
	free(target);
	return rc;
}
