/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a stub is made of: SYSCALL's own way in, a frame, and the way back. The
 * module runs these (mod/stubs.S); the harness assembles them for the table of
 * `tollgate list --windows` alone (bench/body/windows.S).
 *
 * Stubs hold no return and no indirect branch, and run with IF = 0, as
 * SYSCALL leaves it: no interrupt, no reschedule, no exit work can come up between
 * entry and exit. What work is pending came with an interrupt that waits, and is
 * taken as soon as IF is 1 again. NMI, #DB and #MC have stacks of their own.
 *
 * Those that run with IF = 1 (STI, or SYSCALL_MASK without IF) are there in a quiet
 * stretch alone: at CR8 = 15 the same holds for them. Elsewhere LSTAR points to a door
 * that answers nothing, and SYSCALL_MASK is the kernel's.
 *
 * A window is a stretch of instructions in which something is not as either mode
 * expects it; TG_WINDOW begins one beside the code, and the table knows them
 * all, in order. A handler that interrupts a stub learns from the class what it has
 * to undo:
 *
 *	A	GS and RSP are the user's; to undo: RIP = RCX - 2
 *	B1	SWAPGS done, RSP still the user's: SWAPGS, then as A
 *	B2	RSP switched, the user's in tg_user_rsp: RSP from there, then as B1
 *	K	a frame on the task's stack: a body of the kernel's
 *	X	registers restored, IRET frame at RSP, GS still the kernel's
 *	E	the same, GS the user's
 *	D1	SYSRET: RSP the user's again, GS still the kernel's: RIP = RCX
 *	D2	the same, GS the user's
 *	Q	RAX, RCX and RDX may be neither the caller's nor what it gets, and the
 *		stretch half begun or ended: let it go on
 *
 * RAX is the caller's until B2 is over.
 */
#ifndef TOLLGATE_FRAME_BLOCKS_H
#define TOLLGATE_FRAME_BLOCKS_H

/* Offsets in struct pt_regs (asm/ptrace.h); mod/switch.c asserts them. */
#define TG_PT_R11	48
#define TG_PT_R10	56
#define TG_PT_R9	64
#define TG_PT_R8	72
#define TG_PT_AX	80
#define TG_PT_CX	88
#define TG_PT_DX	96
#define TG_PT_SI	104
#define TG_PT_DI	112
#define TG_PT_ORIG_AX	120
#define TG_PT_IP	128
#define TG_PT_CS	136
#define TG_PT_FLAGS	144
#define TG_PT_SP	152
#define TG_PT_SS	160
#define TG_PT_SIZE	168

/* Offsets in struct tg_calm (mod/entry.h), and what CR8 is in a quiet stretch. */
#define TG_CALM_RAX	0
#define TG_CALM_CR8	8
#define TG_CALM_BELOW	16
#define TG_CALM_IS_OPEN	20
#define TG_CALM_RCX	24
#define TG_CALM_RDX	32
#define TG_CALM_CLOSED	40
#define TG_CALM_OPEN	48
#define TG_CALM_DOOR	56
#define TG_CALM_INSIDE	64
#define TG_CALM_SPEC_CTRL	72
#define TG_CALM_KEEPS	80
#define TG_CALM_CALLS	84
#define TG_MSR_LSTAR		0xc0000082
#define TG_MSR_SYSCALL_MASK	0xc0000084
#define TG_MSR_SPEC_CTRL	0x48
#define TG_MSR_PRED_CMD		0x49
#define TG_CR8_QUIET	15

/* Selectors that SYSCALL and SYSRET imply (asm/segment.h); asserted likewise. */
#define TG_USER_DS	0x2b
#define TG_USER_CS	0x33

/* The classes' names by their numbers in the table; the number behind them closes a stub. */
#define TG_CLASS_NAMES	{ "A", "B1", "B2", "K", "X", "E", "D1", "D2", "Q" }
#define TG_NR_CLASSES	9

/* Two for most points of frame.def, plain and quiet; the build fails above. */
#define TG_MAX_STUBS	512

#ifdef __ASSEMBLER__
#include <tollgate/arm.h>
#include <tollgate/frame_axes.h>
#include <tollgate/left_out.h>

/* Bits of axes' values, and of whole axes, as exp.h has them. */
#define TG_V(x, n, v)	.set TG_ON_##x##_##n, v;
#define TG_A(axis)	TG_VALUES_##axis(TG_V, axis)
	TG_DESIGN_any(TG_A)
#undef TG_A
#undef TG_V
#define TG_V(x, n, v)	| (v)
#define TG_A(axis)	.set TG_MASK_##axis, 0 TG_VALUES_##axis(TG_V, axis);
	TG_DESIGN_any(TG_A)
#undef TG_A
#undef TG_V
#define TG_ON(axis, value)	TG_ON_##axis##_##value

/* Whether the stub that is being assembled, of bits TG_NOW, has a value. */
#define IS(axis, value)	((TG_NOW & TG_MASK_##axis) == TG_ON_##axis##_##value)

/* TG_NOW of the door, which is of no point: it has what one with STI has. */
	.set	TG_NOW_DOOR, TG_ON(sti, sti) | (1 << 63)

	.set	TG_CLASS_A, 0
	.set	TG_CLASS_B1, 1
	.set	TG_CLASS_B2, 2
	.set	TG_CLASS_K, 3
	.set	TG_CLASS_X, 4
	.set	TG_CLASS_E, 5
	.set	TG_CLASS_D1, 6
	.set	TG_CLASS_D2, 7
	.set	TG_CLASS_Q, 8
	.set	TG_CLASS_END, TG_NR_CLASSES

/*
 * Whether it is there in quiet stretches alone: IF may be 1 in it, or SPEC_CTRL must not
 * change meanwhile.
 */
#define TG_QUIET_ALONE	(IS(sti, sti) || IS(mask, unmasked) || IS(guard, spec_ctrl))

#if TG_RING == 0
/* A stub has no body. */
.macro TG_BODY
.endm

/* Per-CPU memory through GS: RIP-relative on every kernel, so that lengths agree. */
#define TG_GS(slot)	%gs:slot(%rip)
#else
/* A CPU of a rehearsal's: blocks_rehearsal.h. */
#define TG_GS(slot)	%gs:TG_CPU_##slot
#endif

#include <tollgate/frame_pieces.h>
#include <tollgate/frame_kinds.h>
#include <tollgate/frame_quiet.h>

/*
 * Begins a window, which ends where the next begins: a row of the table, of the
 * stub's bits, class and the offset from its origin. Numbers, not addresses: nothing
 * is relocated.
 */
.macro TG_WINDOW stub:req, class:req
#if TG_RING == 0
	.if	TG_NOW != TG_NOW_DOOR		/* nothing comes there */
.Lwindow\@:
	.pushsection .rodata.tg_windows, "a"
	.long	TG_NOW
	.short	TG_CLASS_\class, TG_NOW_QUIET
	.long	.Lwindow\@ - .Lorigin_\stub
	.popsection
	.endif
#endif
.endm

/*
 * A stub, called stub: what LSTAR points to, behind the ENDBR that some kernels need.
 *
 *	in	rax	the number	rcx	user RIP	r11	user RFLAGS
 *		rsp, GS	the user's	IF = 0, TF = 0, DF = 0, AC = 0
 *	out	all as they came, but RFLAGS, which SYSRET or IRET restores
 *
 * What is not TG_SYSCALL_STUB goes to the kernel's own entry, every register as it
 * came: a static call, which the module patches to a direct jump (mod/forward.c).
 */
.macro TG_STUB stub:req, bits:req, quiet:req
	.set	TG_NOW, \bits
	.set	TG_NOW_QUIET, \quiet
.Lorigin_\stub:
	TG_WINDOW \stub, A
	cmp	$TG_SYSCALL_STUB, %eax
	jne	.Lother_\stub
	TG_FRAME \stub
	TG_WINDOW \stub, K
	TG_PIECES_COLD \stub
	TG_SLOW_COLD \stub
.Lother_\stub:
	TG_WINDOW \stub, A
	.if	\quiet
	cmp	tg_calm + TG_CALM_BELOW(%rip), %eax
	jae	.Lquiet_\stub
	.endif
	jmp	__SCT__tg_to_kernel
	.if	\quiet
.Lquiet_\stub:
	TG_QUIET \stub
	.endif
	TG_WINDOW \stub, END
.endm

/*
 * Around all stubs of a build: where a table of theirs, tg_windows or tg_stubs, begins
 * and ends.
 */
.macro TG_TABLE_EDGE table:req, edge:req
	.pushsection .rodata.\table, "a"
	.balign	4
	.globl	\edge
\edge:
	.popsection
.endm

/*
 * A stub by its name, as tg_stub_name() has it: TG_ENTRY is what the file makes of it.
 * The first takes an expression for its value; operators in it would not be such.
 */
.macro TG_NAMED bits:req
	.noaltmacro
	TG_ONCE	\bits
.endm

#if TG_RING == 0
.macro TG_ONCE bits:req
	.ifndef	.Lbuilt_\bits
	.set	.Lbuilt_\bits, 1
	.if	!TG_QUIET_ALONE
	TG_ENTRY tg_stub_\bits, \bits, 0
	.set	TG_NR_STUBS, TG_NR_STUBS + 1
	.endif
	TG_ENTRY tg_stub_\bits\()_quiet, \bits, 1
	.set	TG_NR_STUBS, TG_NR_STUBS + 1
	.endif
.endm
#endif

/*
 * The points of a product of frame.def, but those that are there or that a rule forbids.
 */
.macro TG_PRODUCT base:req, free:req
	.set	TG_SOME, 0
	.set	TG_MORE, 1
	.rept	256
	.if	TG_MORE
	.set	TG_NOW, (\base) | TG_SOME
	.set	TG_VALID, 1
	TG_RULES
	.if	TG_VALID
	.altmacro
	TG_NAMED %(TG_NOW)
	.endif
	.set	TG_SOME, (TG_SOME - (\free)) & (\free)
	.set	TG_MORE, TG_SOME
	.endif
	.endr
	.if	TG_MORE
	.error	"a product of more than 256 stubs"
	.endif
.endm

.macro TG_RULE_point rule:vararg
#if TG_RING == 0
	.if	!(\rule)
	.set	TG_VALID, 0
	.endif
#endif
.endm

.macro TG_RULE_rehearsal rule:vararg
#if TG_RING == 3
	.if	!(\rule)
	.set	TG_VALID, 0
	.endif
#endif
.endm

#define VALID(family, name, rule, why)	TG_RULE_##name rule;
.macro TG_RULES
#include <tollgate/frame.def>
.endm
#undef VALID

.macro TG_PRODUCT_point product:vararg
#if TG_RING == 0
	TG_PRODUCT \product
#endif
.endm

.macro TG_PRODUCT_rehearsal product:vararg
#if TG_RING == 3
	TG_PRODUCT \product
#endif
.endm

/* What this ring has of frame.def: all stubs, or all rehearsals. */
#define DESIGN(family, name, tier, base, free)	TG_PRODUCT_##name base, free;
.macro TG_PRODUCTS
#include <tollgate/frame.def>
.endm
#undef DESIGN

/* Every stub there is. */
.macro TG_STUBS
	.set	TG_NR_STUBS, 0
	TG_TABLE_EDGE tg_windows, tg_windows
	TG_PRODUCTS
	TG_TABLE_EDGE tg_windows, tg_windows_end
	.if	TG_NR_STUBS > TG_MAX_STUBS
	.error	"more than TG_MAX_STUBS stubs"
	.endif
.endm
#else /* __ASSEMBLER__ */
#include <tollgate/exp.h>
#include <tollgate/frame_pieces.h>

/* One row of the table; offsets count from behind a stub's ENDBR, in bytes. */
struct tg_window {
	__u32 bits;		/* the stub's: tg_point_bits() */
	__u16 class, quiet;
	__u32 from;
};

extern const struct tg_window tg_windows[], tg_windows_end[];

#define TG_STUB_NAME_MAX	32

/* tg_stub_name - the symbol of a stub: of a point by its bits, plain or quiet. */
static inline void tg_stub_name(__u32 bits, bool quiet, char buf[TG_STUB_NAME_MAX])
{
	snprintf(buf, TG_STUB_NAME_MAX, "tg_stub_%u%s", bits, quiet ? "_quiet" : "");
}

/* What stands in such a line; what the classes are stands at this file's top. */
#define TG_WINDOW_HEAD	"# point\tstub\tclass\tfrom\tto: bytes behind its ENDBR, if it has one"

/*
 * tg_window_line - the next window of the table as a line, without its newline:
 * point, quiet or plain, class, first byte and the byte behind the last. w: where to
 * go on, which is moved to the next. False at the table's end. buf: TG_WINDOW_LINE.
 */
#define TG_WINDOW_LINE	(TG_NAME_MAX + 64)
static inline bool tg_window_line(const struct tg_window **w, char *buf, size_t len)
{
	static const char *const classes[] = TG_CLASS_NAMES;
	const struct tg_window *one;
	struct tg_point p;
	char name[TG_NAME_MAX];

	/* past what closes a stub, and windows without an instruction */
	while (*w < tg_windows_end && ((*w)->class >= TG_NR_CLASSES ||
				       (*w + 1 < tg_windows_end && (*w)->from == (*w)[1].from)))
		++*w;
	one = *w;
	if (one + 1 >= tg_windows_end ||
	    !tg_point_of_bits(&p, TG_EXP_frame_point, TG_RING_CROSS, one->bits))
		return false;
	tg_point_name(&p, name);
	snprintf(buf, len, "%s\t%s\t%s\t%u\t%u", name, one->quiet ? "quiet" : "plain",
		 classes[one->class], one->from, one[1].from);
	++*w;
	return true;
}
#endif /* __ASSEMBLER__ */
#endif
