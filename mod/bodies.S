/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sequences of ring 0: every row of experiments.def with R0. The same
 * macros as bench/body/bodies.S; only what stands above the includes differs.
 */
#include <linux/linkage.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>

#define TG_RING		0
#define TG_RING_BIT	1	/* R0 */
#define R0		1
#define R3		2

#define TG_RFLAGS_IF_BIT	9	/* X86_EFLAGS_IF_BIT, which takes C's syntax */
#define TG_RFLAGS_IF		(1 << TG_RFLAGS_IF_BIT)

/*
 * The sequences are called through a table, so they need ENDBR on a kernel
 * with IBT. The kernel's own SYM_FUNC_START brought one until 6.14 and brings
 * none since; this one does on all, and aligns as ring 3 does.
 */
#undef SYM_FUNC_START
#define SYM_FUNC_START(sym)	.balign 64; SYM_START(sym, SYM_L_GLOBAL, SYM_A_NONE) ENDBR

#include <tollgate/blocks.h>
#include <tollgate/blocks_irq.h>
#include <tollgate/blocks_insn.h>
#include <tollgate/blocks_fpu.h>

	.text
#define EXP(family, name, rings, method, axes, ...) \
	TG_ROW family, name, rings, method, TG_VARIANTS_##family, TG_VARIANTS_OF_##axes, \
	       TG_LO_##family, TG_HI_##family
#include <tollgate/experiments.def>
