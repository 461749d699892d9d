// SPDX-License-Identifier: GPL-2.0
/* The sequences of fpu/scenario with counts and a check after every step. */
#define TGS_CHECKED	1
#include "scenarios.c"
