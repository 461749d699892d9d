/* SPDX-License-Identifier: GPL-2.0 */
/* Small files of /proc and /sys. Reads only. */
#ifndef TOLLGATE_SYSFILE_H
#define TOLLGATE_SYSFILE_H

#include <stdbool.h>

/*
 * tg_first_line - the first line of a file without its newline, malloc()ed; a
 * copy of text where there is no such file, it may not be read or is empty.
 */
char *tg_first_line(const char *path, const char *text);

/*
 * tg_file_word - whether the file has a line that holds the word, between blanks,
 * as a line of /proc/mounts, /proc/filesystems or the flags of /proc/cpuinfo do.
 * key: only lines that begin with it count; "" for all.
 */
bool tg_file_word(const char *path, const char *key, const char *word);

#endif
