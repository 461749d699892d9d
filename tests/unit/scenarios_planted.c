// SPDX-License-Identifier: GPL-2.0
/* The checked sequences of fpu/scenario once more, with a guard that can be taken out. */
extern int planted;	/* enum tgf_guard; another number: none */

#define TGS_CHECKED	1
#define TGF_GUARD(name)	(planted != TGF_GUARD_##name)
#define tgs_checked	tgs_planted
#include "../../bench/body/scenarios.c"
