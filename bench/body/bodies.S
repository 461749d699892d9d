/* SPDX-License-Identifier: GPL-2.0 */
/* The sequences of ring 3: every row of experiments.def with R3 or CROSS. */
#define TG_RING		3
#define TG_INTRA_CALL
#define TG_RING_BIT	6	/* R3 | CROSS */
#define R0		1
#define R3		2
#define CROSS		4

#define TG_RFLAGS_IF_BIT	9
#define TG_RFLAGS_IF		(1 << TG_RFLAGS_IF_BIT)

/* C knows the sequences by their table. */
#define SYM_FUNC_START(sym)	.type sym, @function; .balign 64; sym:
#define SYM_FUNC_END(sym)	.size sym, . - sym
#define RET			ret

#include <asm/unistd.h>
#include <tollgate/crossing.h>
#include <tollgate/blocks.h>
#include <tollgate/blocks_irq.h>
#include <tollgate/blocks_insn.h>
#include <tollgate/blocks_crossing.h>
#include <tollgate/blocks_events.h>
#include <tollgate/blocks_frame.h>
#include <tollgate/blocks_gs.h>
#include <tollgate/blocks_fpu.h>

	.text
#ifdef TG_COUNTED
#define TG_TABLE(family, name)	tg_counted_##family##_##name
	TG_READ_COUNTERS tg_count_before, tg_counting_before
	TG_READ_COUNTERS tg_count_after, tg_counting_after
#else
#define TG_TABLE(family, name)	tg_seqs_##family##_##name
#endif

	TG_REHEARSED_CODE
#define EXP(family, name, rings, method, axes, ...) \
	TG_ROW TG_TABLE(family, name), family, name, rings, method, TG_VARIANTS_##family, \
	       TG_VARIANTS_OF_##axes, TG_LO_##family, TG_HI_##family
#include <tollgate/experiments.def>

	.section .note.GNU-stack, "", @progbits
