// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "home.h"

static bool is_home(const char *dir)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/vm/boot.sh", dir);
	return !access(path, R_OK);
}

/* The directory above the one that holds this program. */
static int above_program(char *dir, size_t len)
{
	ssize_t n = readlink("/proc/self/exe", dir, len - 1);
	int i;

	if (n < 0)
		return -1;
	dir[n] = 0;
	for (i = 0; i < 2; i++) {
		char *slash = strrchr(dir, '/');

		if (!slash)
			return -1;
		*slash = 0;
	}
	return 0;
}

const char *tg_home(void)
{
	static char home[PATH_MAX + 32];
	char dir[PATH_MAX];
	const char *given = getenv("TOLLGATE_HOME");

	if (given) {
		snprintf(home, sizeof(home), "%s", given);
		if (is_home(home))
			return home;
	} else if (!above_program(dir, sizeof(dir))) {
		snprintf(home, sizeof(home), "%s", dir);
		if (is_home(home))
			return home;
		snprintf(home, sizeof(home), "%s/share/tollgate", dir);
		if (is_home(home))
			return home;
	}
	errno = ENOENT;
	return NULL;
}

const char *tg_results_local(void)
{
	static char path[PATH_MAX + 64];
	char dir[PATH_MAX];

	if (!above_program(dir, sizeof(dir)) && is_home(dir))
		snprintf(path, sizeof(path), "%s/results/local", dir);
	else
		snprintf(path, sizeof(path), "results/local");
	return path;
}
