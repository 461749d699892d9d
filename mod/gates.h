/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What can come while ring 3 runs at CR8 = 15, with its vector and whether it pushes an
 * error code (SDM vol. 3, 6.3 and 6.15): exceptions that ring 3 raises, #MC, and the
 * local APIC's spurious interrupt, which it sends when CR8 rises above an interrupt
 * that it has already announced (SDM vol. 3, "Spurious Interrupt"; Linux has it at 0xff).
 * NMI is not among them: its handler neither sleeps nor waits, and keeps its own stack's
 * layout; #DF does not come back. CR8 holds back all other interrupts, and where some come
 * past it (ExtINT, Xen's events) refusals.h refuses. #VC and #VE are refused there, too.
 */
#ifndef TG_GATES_H
#define TG_GATES_H

#define TG_GATES(GATE)		\
	GATE(de, 0, 0)		\
	GATE(db, 1, 0)		\
	GATE(bp, 3, 0)		\
	GATE(of, 4, 0)		\
	GATE(br, 5, 0)		\
	GATE(ud, 6, 0)		\
	GATE(nm, 7, 0)		\
	GATE(ts, 10, 1)		\
	GATE(np, 11, 1)		\
	GATE(ss, 12, 1)		\
	GATE(gp, 13, 1)		\
	GATE(pf, 14, 1)		\
	GATE(mf, 16, 0)		\
	GATE(ac, 17, 1)		\
	GATE(mc, 18, 0)		\
	GATE(xm, 19, 0)		\
	GATE(cp, 21, 1)		\
	GATE(int80, 128, 0)	\
	GATE(spurious, 255, 0)

#ifdef __ASSEMBLER__
/*
 * Names the key of a static call of mod/forward.c, as __ADDRESSABLE() does in C: objtool
 * looks for it beside a jump to the trampoline.
 */
.macro TG_STATIC_CALL name:req
	.pushsection .discard.addressable, "aw"
	.balign	8
	.quad	__SCK__tg_to_\name
	.popsection
.endm
#endif
#endif
