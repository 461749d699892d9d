// SPDX-License-Identifier: GPL-2.0
/* The sequences of fpu/scenario with counters read around their brackets. */
#define TG_COUNTED	1
#include "scenarios.c"
