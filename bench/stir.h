/* SPDX-License-Identifier: GPL-2.0 */
/* Other kernel memory for every round. */
#ifndef TOLLGATE_STIR_H
#define TOLLGATE_STIR_H

#include <stdint.h>
#include <sys/types.h>

/*
 * What a kernel path costs depends on where the task's kernel stack and its
 * other objects lie: on one EPYC a null system call takes 366 to 381 cycles,
 * steadily so within a process. Processes one after the other get the same few
 * places in turn (what was freed last is taken first), so each run drew a few
 * of them, and runs differed by a per cent. So a run keeps a pool of idle
 * processes and, before each round, ends some of them at random: the round's own
 * process takes one of their places, the pool new ones.
 */
#define TG_STIR_POOL	48
#define TG_STIR_TURN	6

struct tg_stir {
	pid_t pids[TG_STIR_POOL];
	int n;
};

/*
 * tg_stir - fills the pool, as far as the system allows, and ends TG_STIR_TURN of
 * it: so many processes can be made afterwards. random: the state of tg_random().
 * tg_stir_end ends all.
 */
void tg_stir(struct tg_stir *s, uint64_t *random);
void tg_stir_end(struct tg_stir *s);

#endif
