// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfile.h"

char *tg_first_line(const char *path, const char *text)
{
	char line[4096] = "";
	FILE *f = fopen(path, "r");

	if (!f || !fgets(line, sizeof(line), f))
		snprintf(line, sizeof(line), "%s", text);
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = 0;
	return strdup(line);
}

static bool holds(const char *line, const char *word)
{
	static const char blanks[] = " \t\n";
	size_t len = strlen(word), n;

	for (; *line; line += n) {
		line += strspn(line, blanks);
		n = strcspn(line, blanks);
		if (n == len && !strncmp(line, word, n))
			return true;
	}
	return false;
}

bool tg_file_word(const char *path, const char *key, const char *word)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (f && !found && getline(&line, &room, f) > 0)
		found = !strncmp(line, key, strlen(key)) && holds(line, word);
	free(line);
	if (f)
		fclose(f);
	return found;
}
