/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's stubs once more, for their table of windows: tollgate list --windows.
 * Data, not code: nothing here can run in ring 3.
 */
#define TG_RING	0
#define TG_INTRA_CALL

#include <tollgate/frame_blocks.h>

.macro TG_ENTRY stub:req, bits:req, quiet:req
	TG_STUB \stub, \bits, \quiet
.endm

	.section .rodata.tg_stubs, "a"
	TG_STUBS

	/* what they refer to; elsewhere, or jumps there would be short ones */
	.section .rodata.tg_beyond, "a"
__SCT__tg_to_kernel:
tg_user_rsp:
tg_stack_top:
tg_calm:
tg_words:
tg_verw_selector:
	.quad	0, 0, 0, 0, 0, 0, 0

	.section .note.GNU-stack, "", @progbits
