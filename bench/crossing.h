/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a crossing row needs around its series: file descriptors, handlers,
 * pages, a partner process. One row at a time:
 *
 *	tg_crossing_start()	before the series
 *	tg_crossing_check()	after them: whether every call had its events
 *	tg_crossing_end()	on every way out
 */
#ifndef TOLLGATE_CROSSING_H_BENCH
#define TOLLGATE_CROSSING_H_BENCH

#include <stdint.h>
#include <sys/types.h>

#include <tollgate/crossing.h>
#include <tollgate/exp.h>

#include "report.h"

/* What the engine gives. */
struct tg_crossing_env {
	const void *image;	/* XRSTOR of it begins every call; NULL without XSAVE */
	uint64_t rfbm;		/* its components */
	unsigned int es;	/* the witness in ES, for rows that have one */
	uint32_t events;	/* the most that one call has */
};

/* The board of the row that is set up, NULL between rows. */
extern struct tg_board *tg_board;

/* False with why where this kernel has no such crossing. May fork a child to find out. */
bool tg_crossing_available(enum tg_exp_id exp, char *why, size_t len);

/*
 * tg_crossing_start - sets up a row. The caller is pinned to one CPU.
 *
 * TG_OK, or TG_SKIPPED or TG_FAILED with one line in why and nothing left
 * behind. env: image and what it points to stay until tg_crossing_end().
 */
enum tg_status tg_crossing_start(const struct tg_point *p, const struct tg_crossing_env *env,
				 char *why, size_t len);

/*
 * TG_FAILED with why, "N of M events happened in a call; ...", if a call had a
 * wrong number, or there was none. TG_SKIPPED likewise where the number is the
 * scheduler's choice and too many calls fell short of it, but not all. Else TG_OK.
 */
enum tg_status tg_crossing_check(char *why, size_t len);

/* Whether a row switches to a partner, which is half of what happens. */
bool tg_crossing_switches(enum tg_exp_id exp);

/*
 * Whether the board, and the pages that a row faults on and that are there now,
 * lie on a node: tg_memory_check(). 0, or -1 with why.
 */
int tg_crossing_where(int node, char *why, size_t len);

/* Takes down what is set up, if anything. */
void tg_crossing_end(void);

/* partner.c: a process on this CPU, to which tasks are switched. */
enum tg_partner_kind { TG_PARTNER_PIPE, TG_PARTNER_FUTEX, TG_PARTNER_YIELD, TG_NR_PARTNERS };

/*
 * tg_partner_start - starts the partner of the board; -1 with why if it cannot.
 *
 * It is killed by tg_partner_end() and, should this process end before, by the
 * kernel. touch: index of the axis value. For pipes the board's a0 and a2
 * become our ends.
 */
int tg_partner_start(enum tg_partner_kind kind, int touch, char *why, size_t len);
void tg_partner_end(void);

/* The partner's process, 0 without one. */
pid_t tg_partner_pid(void);

/* vdso.c: address of one of the vDSO's functions, NULL if there is none. */
void *tg_vdso_function(const char *name);

#endif
