/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel's command line as a report may carry it. A pure function. */
#ifndef TOLLGATE_CMDLINE_H
#define TOLLGATE_CMDLINE_H

/*
 * tg_command_line - the line without what locates or names a machine.
 *
 * Words are split as the kernel splits them (lib/cmdline.c, next_arg(): blanks
 * inside double quotes do not part). Left out are: what follows "--", which is
 * init's; parameters that only say where the system lies or what it is called
 * (root=, ip=, systemd.hostname=, rd.luks.uuid=, ...); and words without a value
 * that hold a '/', ':' or '@'. Of any other parameter whose value looks like a
 * path, an address, a UUID, a machine id or a host name, or holds nodename as a
 * word of its own, the value becomes '~' and 16 bits of its hash: so equal lines
 * stay equal, different ones differ, and nothing can be read from it. Values that are
 * lists of numbers (1-3,8:2/4) or belong to parameters known to change costs
 * (isolcpus=, trace_event=, numa=, ...) stay as they are.
 *
 * nodename: uname(2)'s, or NULL. malloc()ed; NULL when memory is short.
 */
char *tg_command_line(const char *line, const char *nodename);

#endif
