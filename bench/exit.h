/* SPDX-License-Identifier: GPL-2.0 */
/* Exit codes of every command. The README documents them. */
#ifndef TOLLGATE_EXIT_H
#define TOLLGATE_EXIT_H

enum tg_exit {
	TG_EXIT_OK = 0,
	TG_EXIT_FAILED = 1,		/* threshold passed, or a test failed */
	TG_EXIT_INPUT = 2,		/* bad input */
	TG_EXIT_NOTHING = 3,		/* nothing measurable here */
	TG_EXIT_REFUSED = 4,		/* privilege, lockdown, pti, ... */
	TG_EXIT_GUEST = 5,		/* guest failed */
	TG_EXIT_IO = 6,			/* I/O */
	TG_EXIT_INTERRUPTED = 130,
};

#endif
