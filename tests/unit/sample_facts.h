/* SPDX-License-Identifier: GPL-2.0 */
/* Machines for the tests of the doctor: one without a fault, and what others lack. */
#ifndef TOLLGATE_SAMPLE_FACTS_H
#define TOLLGATE_SAMPLE_FACTS_H

#include <stdint.h>

#include "doctor.h"

/* Bare metal, quiet, native KVM, everything there: no string of it is to be freed. */
struct tg_facts good_facts(void);

/* Any facts at all; the same for the same seed, which is moved on. */
struct tg_facts random_facts(uint64_t *seed);

struct sample_case {
	const char *name;
	void (*change)(struct tg_facts *f);	/* of the machine without a fault */
	const char *topic;		/* the finding that tells it */
	enum tg_level level;
	const char *fact, *todo;	/* parts of its texts */
	/* parts of the verdicts of user, host, vm; NULL: as of the good machine */
	const char *verdict[TG_NR_LANES];
};
extern const struct sample_case sample_cases[];
extern const size_t nr_sample_cases;

#endif
