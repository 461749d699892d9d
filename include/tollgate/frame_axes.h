/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The axes of frame/point, for C (exp.h) and for the stubs' assembly (frame_blocks.h).
 *
 * The number of a value is bits of its own, which no other axis has: those of a point
 * together are what its stub is built by and named after.
 */
#ifndef TOLLGATE_FRAME_AXES_H
#define TOLLGATE_FRAME_AXES_H

/* What a stub builds before it goes back: nothing, or a struct pt_regs (frame_blocks.h) */
#define TG_VALUES_frame(V, x)	V(x, bare, 0) V(x, full, 0x1)
/* By which instruction it goes back */
#define TG_VALUES_exit(V, x)	V(x, sysret, 0) V(x, iret, 0x200)

/* In the order in which names have them. */
#define TG_DESIGN_frame(A)	A(frame) A(exit)

#endif
