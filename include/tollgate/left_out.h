/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a rehearsal leaves out. PRIV() stands for an instruction of ring 0: ring 0 runs
 * it, ring 3 runs nothing and notes it with the sequence that it belongs to; a report's
 * left_out comes from there and from nowhere else.
 *
 * A note is a pair of addresses in section tg_left_out: of where the sequence's address
 * stands, label 770 before it in the file, and of a string. Not in .rodata, where a table
 * of sequences grows entry by entry as they are assembled.
 */
#ifndef TOLLGATE_LEFT_OUT_H
#define TOLLGATE_LEFT_OUT_H

#ifdef __ASSEMBLER__
#if TG_RING == 3
.macro TG_SEQUENCE sym
	.pushsection .rodata.tg_left_out, "a"
	.balign	8
770:	.quad	\sym
	.popsection
.endm
.macro PRIV insn:vararg
	.pushsection tg_left_out, "a"
	.balign	8
	.quad	770b, 771f
	.popsection
	.pushsection .rodata.tg_left_out, "a"
771:	.asciz	"\insn"
	.popsection
.endm
#else
.macro TG_SEQUENCE sym
.endm
.macro PRIV insn:vararg
	\insn
.endm
#endif
#else
/* The same in C of ring 3. TG_SEQUENCE() comes first in a function. */
#define TG_SEQUENCE(function)							\
	asm volatile(".pushsection .rodata.tg_left_out, \"a\"\n\t.balign 8\n"		\
		     "770:\t.quad %c0\n\t.popsection" : : "i" (function))
#define PRIV(insn)								\
	asm volatile(".pushsection tg_left_out, \"a\"\n\t.balign 8\n\t"		\
		     ".quad 770b, 771f\n\t.popsection\n\t"			\
		     ".pushsection .rodata.tg_left_out, \"a\"\n"			\
		     "771:\t.asciz \"" insn "\"\n\t.popsection")

struct tg_left_out {
	const void *const *sequence;
	const char *insn;
};
#endif
#endif
