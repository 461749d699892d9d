/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's stubs once more, for their table of windows: tollgate list --windows.
 * Data, not code: nothing here can run in ring 3.
 */
#include <tollgate/frame_blocks.h>

#define TG_ONE(number, frame, exit, quiet) TG_STUB number, frame, exit, quiet;

	.section .rodata.tg_stubs, "a"
	TG_WINDOW_TABLE tg_windows
	TG_STUBS(TG_ONE)
	TG_WINDOW_TABLE tg_windows_end

	/* what they refer to; elsewhere, or jumps there would be short ones */
	.section .rodata.tg_beyond, "a"
__SCT__tg_to_kernel:
tg_user_rsp:
tg_stack_top:
tg_calm:
	.quad	0, 0

	.section .note.GNU-stack, "", @progbits
