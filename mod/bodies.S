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
#define CROSS		4

#define TG_RFLAGS_IF_BIT	9	/* X86_EFLAGS_IF_BIT, which takes C's syntax */
#define TG_RFLAGS_IF		(1 << TG_RFLAGS_IF_BIT)

/*
 * The sequences are called through a table, so they need ENDBR on a kernel
 * with IBT. The kernel's own SYM_FUNC_START brought one until 6.14 and brings
 * none since; this one does on all, and aligns as ring 3 does. C knows them by
 * their table, so their symbols are local.
 */
#undef SYM_FUNC_START
#define SYM_FUNC_START(sym)	.balign 64; SYM_START(sym, SYM_L_LOCAL, SYM_A_NONE) ENDBR

#include <tollgate/blocks.h>
#include <tollgate/blocks_irq.h>
#include <tollgate/blocks_insn.h>
#include <tollgate/blocks_fpu.h>

	.text
#ifdef TG_COUNTED
#define TG_TABLE(family, name)	tg_counted_##family##_##name
	TG_READ_COUNTERS tg_count_before, tg_counting_before
	TG_READ_COUNTERS tg_count_after, tg_counting_after
#else
#define TG_TABLE(family, name)	tg_seqs_##family##_##name
#endif

#define EXP(family, name, rings, method, axes, ...) \
	TG_ROW TG_TABLE(family, name), family, name, rings, method, TG_VARIANTS_##family, \
	       TG_VARIANTS_OF_##axes, TG_LO_##family, TG_HI_##family
#include <tollgate/experiments.def>
