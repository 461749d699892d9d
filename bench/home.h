/* SPDX-License-Identifier: GPL-2.0 */
/* Where the program's other files are: its source tree or what was installed. */
#ifndef TOLLGATE_HOME_H
#define TOLLGATE_HOME_H

/*
 * The directory that holds vm/, mod/, include/ and Kbuild: TOLLGATE_HOME, else
 * the parent of the directory the program is in (a source tree), else
 * ../share/tollgate from there (installed). NULL with errno ENOENT if none.
 */
const char *tg_home(void);

/* results/local in the source tree, or ./results/local when installed. */
const char *tg_results_local(void);

#endif
