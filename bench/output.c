// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit.h"
#include "output.h"

int tg_make_dirs(const char *path, char *err, size_t errlen)
{
	char part[4096];
	size_t i;

	if (strlen(path) >= sizeof(part)) {
		snprintf(err, errlen, "directory name of %zu bytes; allowed: at most %zu",
			 strlen(path), sizeof(part) - 1);
		return -1;
	}
	for (i = 1; i <= strlen(path); i++) {
		if (path[i] && path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0777) && errno != EEXIST) {
			snprintf(err, errlen, "cannot make directory %s: %s", part,
				 strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* A folder where the report's files go is not replaced. */
static int check_files(const char *dir, char *err, size_t errlen)
{
	static const char *const files[] = { "report.json", "report.txt" };
	char path[4096 + 16];
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
			snprintf(err, errlen, "cannot write %s: %s", path, strerror(EISDIR));
			return TG_EXIT_IO;
		}
	}
	return TG_EXIT_OK;
}

/* nearest: the folder that refuses, said where it is another than the one asked for. */
static int cannot_write(const char *dir, const char *nearest, const char *why, char *err,
			size_t errlen)
{
	bool other = strcmp(dir, nearest);

	snprintf(err, errlen, "cannot write in %s: %s%s%s", dir, other ? nearest : "",
		 other ? ": " : "", why);
	return TG_EXIT_IO;
}

/* Permission bits alone do not tell: root may write in /proc, which takes nothing. */
int tg_check_output(const char *dir, char *err, size_t errlen)
{
	char part[4096], probe[sizeof(part) + 24], *slash;
	struct stat st;

	/* room for what is written aside, report.json.tmp.<pid> */
	if (strlen(dir) > sizeof(part) - 64) {
		snprintf(err, errlen, "cannot write in a directory whose name has %zu bytes; allowed: "
			 "at most %zu", strlen(dir), sizeof(part) - 64);
		return TG_EXIT_IO;
	}
	snprintf(part, sizeof(part), "%s", dir);
	while (stat(part, &st) && errno == ENOENT) {
		slash = strrchr(part, '/');
		if (slash > part)
			*slash = 0;
		else
			snprintf(part, sizeof(part), "%s", slash ? "/" : ".");
	}
	if (!stat(part, &st) && !S_ISDIR(st.st_mode))
		return cannot_write(dir, part, strerror(ENOTDIR), err, errlen);
	if (access(part, W_OK | X_OK))
		return cannot_write(dir, part, strerror(errno), err, errlen);
	snprintf(probe, sizeof(probe), "%s/.tollgate-XXXXXX", part);
	/* the folder was there just now: it is the new one in it that cannot be */
	if (!mkdtemp(probe) || rmdir(probe))
		return cannot_write(dir, part, errno == ENOENT ? "nothing can be made there" :
				    strerror(errno), err, errlen);
	return check_files(dir, err, errlen);
}
