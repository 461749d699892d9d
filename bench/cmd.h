/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands. Each takes argv[0] = "tollgate NAME" and returns an exit code
 * (exit.h).
 */
#ifndef TOLLGATE_CMD_H
#define TOLLGATE_CMD_H

int tg_cmd_list(int argc, char **argv);
int tg_cmd_run(int argc, char **argv);
int tg_cmd_report(int argc, char **argv);
int tg_cmd_compare(int argc, char **argv);
int tg_cmd_model(int argc, char **argv);
int tg_cmd_doctor(int argc, char **argv);
int tg_cmd_claims(int argc, char **argv);
int tg_cmd_round(int argc, char **argv);	/* hidden: see round.c */

#endif
