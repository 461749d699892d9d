/* SPDX-License-Identifier: GPL-2.0 */
/* The sequences of ring 0 with counters read around their brackets: blocks.h. */
#define TG_COUNTED	1
#include "bodies.S"
