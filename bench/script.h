/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOLLGATE_SCRIPT_H
#define TOLLGATE_SCRIPT_H

#include <stddef.h>

/*
 * tg_script - runs a program and waits for it.
 *
 * argv[0] with a slash is relative to tg_home(), which is also its working
 * directory; without one it is looked up in PATH. what: shown as progress on
 * a terminal, with the seconds; NULL: nothing. out: receives its standard
 * output, cut to outlen - 1 bytes; NULL: passed through to standard error.
 * Its standard error is held back and its last line, which says why it
 * failed, ends up in err.
 *
 * Returns its exit code (exit.h), TG_EXIT_INTERRUPTED after a signal to this
 * process (passed on, and waited for), TG_EXIT_IO if it cannot be started.
 */
int tg_script(char *const *argv, const char *what, char *out, size_t outlen, char *err,
	      size_t errlen);

#endif
