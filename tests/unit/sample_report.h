/* SPDX-License-Identifier: GPL-2.0 */
/* Reports made in memory, for tests. */
#ifndef TOLLGATE_SAMPLE_REPORT_H
#define TOLLGATE_SAMPLE_REPORT_H

#include <stdint.h>

#include "report.h"

/* A plausible user-lane report with figures of every status. */
struct tg_report *sample_user(void);

/* The same from a guest under QEMU -icount. */
struct tg_report *sample_vm(void);

/* One that settles gs.user, fpu.boundary and irq.sti, and some of the claims that others feed. */
struct tg_report *sample_claims(void);

/*
 * A valid report of random contents: strings of any length and any characters,
 * names up to 120 characters, numbers of any size with 10 significant digits.
 */
struct tg_report *sample_random(uint64_t *seed);

/* Append to a report; names must be new. reason: NULL where it was counted, taken, passed. */
void sample_count(struct tg_report *r, const char *name, double value, const char *reason);
void sample_histogram(struct tg_report *r, const char *name, const struct tg_bin *bins, size_t nr,
		      const char *reason);
void sample_proof(struct tg_report *r, const char *name, enum tg_proof_result result,
		  const char *reason);

#endif
