/* SPDX-License-Identifier: GPL-2.0 */
/* Which CPU to measure on, and getting there. */
#ifndef TOLLGATE_PLACE_H
#define TOLLGATE_PLACE_H

#include <stddef.h>

/*
 * tg_choose_cpu - the CPU to measure on.
 *
 * wanted: a CPU number, or -1 for the highest that this process may use, which
 * takes fewer interrupts than CPU 0 on most machines; on a hybrid CPU the
 * highest of the fast kind (CPUID.1AH:EAX[31:24] = 40h). Tries it out, and
 * leaves the affinity as it was. The number, or -1 with an exit code and one
 * line: not online or not allowed (TG_EXIT_INPUT), refused (TG_EXIT_REFUSED).
 */
int tg_choose_cpu(int wanted, int *code, char *err, size_t errlen);

/*
 * tg_second_cpu - another CPU of the same kind, the highest there is, or -1 for
 * none. Leaves the affinity as it was.
 */
int tg_second_cpu(int cpu);

/* Pins this process to one CPU; 0 or -errno. */
int tg_pin(int cpu);

/* "core", "atom" or "one kind": the CPU this process is on. */
const char *tg_core_type(void);

#endif
