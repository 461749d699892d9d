/* SPDX-License-Identifier: GPL-2.0 */
/* What the two files of findings share. */
#ifndef TOLLGATE_DOCTOR_FINDINGS_H
#define TOLLGATE_DOCTOR_FINDINGS_H

#include "doctor.h"

#define USER	TG_LANE_BIT(USER)
#define HOST	TG_LANE_BIT(HOST)
#define VM	TG_LANE_BIT(VM)

/* One more finding; means and todo take one line of the text each: TG_DOCTOR_LINE columns. */
#define NOTHING		"nothing"
void tg_finding_add(struct tg_diagnosis *d, const char *topic, unsigned int lanes,
		    enum tg_level level, const char *means, const char *todo,
		    const char *fmt, ...) __attribute__((format(printf, 7, 8)));

/* The findings about the kernel that lane host uses, and about what lane vm needs. */
void tg_find_lanes(const struct tg_facts *f, struct tg_diagnosis *d);

#endif
