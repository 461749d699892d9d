/* SPDX-License-Identifier: GPL-2.0 */
/* The folder that a report goes to. */
#ifndef TOLLGATE_OUTPUT_H
#define TOLLGATE_OUTPUT_H

#include <stddef.h>

/*
 * tg_check_output - whether report.json and report.txt can go into dir, before
 * anybody waits for them: into the folder, or the nearest one above it that is
 * there, where another can be made. Nothing of it is left: the run may still be
 * refused.
 *
 * TG_EXIT_OK, or TG_EXIT_IO with err one line.
 */
int tg_check_output(const char *dir, char *err, size_t errlen);

/* mkdir -p; 0, or -1 with err one line. What was made is left: the report goes there. */
int tg_make_dirs(const char *path, char *err, size_t errlen);

#endif
