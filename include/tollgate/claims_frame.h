/* SPDX-License-Identifier: GPL-2.0 */
/* What feeds the claims of the frame, and of IF: macros of claims.def alone. */
#ifndef TOLLGATE_CLAIMS_FRAME_H
#define TOLLGATE_CLAIMS_FRAME_H

/*
 * The rehearsal of a short frame has four cases, for without SYSCALL's serialisation its
 * iterations overlap. inputs: a macro of the row, and of what ends the names of a case.
 */
#define REHEARSED(role, rule, what, bounds, inputs)				\
	role(rule, "hot", what, bounds, inputs("rehearsal", "@r3")),		\
	role(rule, "hot with LFENCE", what, bounds, inputs("rehearsal", ":lfence@r3")), \
	role(rule, "cold", what, bounds, inputs("rehearsal", ":cold@r3")),	\
	role(rule, "cold with LFENCE", what, bounds, inputs("rehearsal", ":lfence:cold@r3"))
#define ARMED(role, rule, what, bounds, inputs)					\
	role(rule, "", what, bounds, inputs("point", "@cross"))

#define FRAME(times, row, values, where)	IN(times, "frame/" row values where)
#define FRAME_PER(times, row, values, where)	PER(times, "frame/" row values where)

/* frame.rsp: RSP in its place, and still reloaded from its slot, is what entry does alone */
#define RSP_ENTRY(row, where)							\
	FRAME(-1, row, ":partial", where), FRAME(1, row, ":rsp:slot", where)
#define RSP_EXIT(row, where)							\
	FRAME(1, row, ":rsp", where), FRAME(-1, row, ":rsp:slot", where)

/* frame.flags */
#define FLAGS_SLOW(row, where)							\
	FRAME(-1, row, ":flags:slow", where), FRAME(1, row, ":partial:slow", where)
#define FLAGS_FAST(row, where)							\
	FRAME(1, row, ":flags", where), FRAME(-1, row, ":partial", where)

/* frame.full: of what it costs a fast path and what it saves a slow one, the rate to break even */
#define REST_FAST(row, where)							\
	FRAME(1, row, ":rest", where), FRAME(-1, row, ":partial", where)
#define REST_SLOW(row, where)							\
	FRAME(1, row, ":partial:slow", where), FRAME(-1, row, ":rest:slow", where)
#define REST_EVEN(row, where)							\
	FRAME(-1, row, ":partial", where), FRAME(1, row, ":rest", where),	\
	FRAME_PER(1, row, ":rest", where), FRAME_PER(-1, row, ":partial", where), \
	FRAME_PER(1, row, ":partial:slow", where), FRAME_PER(-1, row, ":rest:slow", where)

/* frame.fixup */
#define FIXUP(row, where)							\
	FRAME(-1, row, ":partial", where), FRAME(1, row, ":partial:fixup", where)
#define RESTORE(row, where)							\
	FRAME(1, row, ":partial:slow", where), FRAME(-1, row, ":partial:fixup", where)

/* frame.split: three parts in place, and each by itself, on the frame that lacks them */
#define SPLIT(row, where)							\
	FRAME(1, row, ":rsp_flags_rest", where), FRAME(2, row, ":partial", where), \
	FRAME(-1, row, ":rsp", where), FRAME(-1, row, ":flags", where),		\
	FRAME(-1, row, ":rest", where)

/* frame.ctxsw */
#define CTXSW(kase, where)							\
	TELL(SUM, kase, "cycles saved", ANY, IN(1, "frame/ctxsw" where "@r3"),	\
	     IN(-1, "frame/ctxsw:dropped" where "@r3"))

/*
 * IF changes at four places of an entry: at SYSCALL by SYSCALL_MASK (m), by STI (s), by
 * CLI (c), and at SYSRET by R11 (r). Of points of frame full, none of them is in
 * unmasked, m + r in the plain one, c + r in unmasked:cli, all in sti:cli (where CLI
 * comes right behind STI, for there is no body). With CLI by itself, measured elsewhere,
 * each is known. An STI or CLI that changes nothing is in none of these.
 */
#define IF_AT_SYSCALL								\
	IN(1, "frame/point:full@cross"), IN(-1, "frame/point:full:unmasked:cli@cross"), \
	IN(1, "irq/cli@r0")
#define IF_AT_SYSRET								\
	IN(1, "frame/point:full:unmasked:cli@cross"),				\
	IN(-1, "frame/point:full:unmasked@cross"), IN(-1, "irq/cli@r0")

#endif
