/* SPDX-License-Identifier: GPL-2.0 */
/* Whole files, read at once or replaced at once. */
#ifndef TOLLGATE_REPORT_FILE_H
#define TOLLGATE_REPORT_FILE_H

#include <stddef.h>

/*
 * tg_file_read - the bytes of a file, malloc()ed, *len of them and a 0 after.
 * NULL with errno: what open or read said, EFBIG beyond max bytes.
 */
char *tg_file_read(const char *path, size_t max, size_t *len);

/*
 * tg_file_replace - writes the bytes aside (path + ".tmp.<pid>"), fsyncs and
 * renames. 0, or -errno with err one line and nothing left behind; path is
 * then as it was.
 */
int tg_file_replace(const char *path, const char *buf, size_t len, char *err, size_t errlen);

#endif
