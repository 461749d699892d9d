/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system call stubs: TG_STUB of frame_blocks.h, for every point of frame.def.
 * LSTAR points to them while their task runs.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>
#include <asm/unwind_hints.h>

#define TG_RING	0
#define TG_INTRA_CALL	ANNOTATE_INTRA_FUNCTION_CALL

#include <tollgate/frame_blocks.h>
#include "gates.h"

/*
 * One of them, and its row in the table for tg_stub_of(). Offsets, not addresses, for
 * objtool wants of these that they be ENDBRs' and seen to be. UNWIND_HINT_ENTRY: there
 * is no frame to unwind from the user's stack.
 */
.macro TG_ENTRY stub:req, bits:req, quiet:req
	.balign	64
SYM_CODE_START(\stub)
	UNWIND_HINT_ENTRY
	ENDBR
	TG_STUB \stub, \bits, \quiet
SYM_CODE_END(\stub)
	.pushsection .rodata.tg_stubs, "a"
	.long	\bits, \quiet, \stub - tg_stub_compat
	.popsection
.endm

/*
 * SYSCALL of 32-bit code, in a task that may be quiet: for CSTAR.
 *
 *	in, out	as TG_STUB's, all of them on to the kernel's own entry
 */
.macro TG_ENTRY32
	.balign	64
SYM_CODE_START(tg_stub_compat)
	UNWIND_HINT_ENTRY
	ENDBR
	cli
	movl	$TG_SYSCALL_STUB, tg_calm + TG_CALM_BELOW(%rip)
	mov	%rax, tg_calm + TG_CALM_RAX(%rip)
	TG_CLOSE
	mov	tg_calm + TG_CALM_CR8(%rip), %rax
	mov	%rax, %cr8
	mov	tg_calm + TG_CALM_RAX(%rip), %rax
	jmp	__SCT__tg_to_compat
SYM_CODE_END(tg_stub_compat)
.endm

	.section .rodata
	.balign	2
tg_verw_selector:
	.short	__KERNEL_DS

	TG_STATIC_CALL kernel
	TG_STATIC_CALL compat
	.section .noinstr.text, "ax"
	TG_ENTRY32
	.balign	64
SYM_CODE_START(tg_stub_door)
	UNWIND_HINT_ENTRY
	ENDBR
	TG_DOOR
SYM_CODE_END(tg_stub_door)
	TG_TABLE_EDGE tg_stubs, tg_stubs
	TG_STUBS
	TG_TABLE_EDGE tg_stubs, tg_stubs_end
