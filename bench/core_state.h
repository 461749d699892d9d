/* SPDX-License-Identifier: GPL-2.0 */
/* Which state the core was in while a reading was taken. Pure functions. */
#ifndef TOLLGATE_CORE_STATE_H
#define TOLLGATE_CORE_STATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * On one EPYC a virtual CPU is in one of two states for seconds at a time. In
 * the second whatever runs microcode takes some three cycles more (FXRSTOR 188.5
 * for 184.8, MFENCE 79.1 for 76.2, XRSTOR 368.3 for 365.2) or four less (XSAVEC
 * 109.3 for 113.2), an invalid system call 269.6 for 262, a signal 2 % more;
 * chains, loads, locked instructions take the same. It is where the host lets the
 * CPU run, it seems: two CPUs change independently of each other and of what
 * they do. Independent of that, the way through the kernel is in one of two
 * states on both CPUs at once, for a second to minutes: arch_prctl(ARCH_GET_GS)
 * takes 410 cycles or 425, a null system call 370 or 380, an invalid one the
 * same in both. Figures of one state repeat to a per mille, mixtures do not.
 *
 * So a round measures both probes, an FXRSTOR and an ARCH_GET_GS, as it begins,
 * every TG_SPAN_MS and as it ends. The readings between two are a span.
 */
enum tg_probe {
	TG_PROBE_CORE,		/* fpu/fxrstor:dirty@r3 */
	TG_PROBE_ENTRY,		/* crossing/arch_get_gs@r3 */
	TG_NR_PROBES
};

struct tg_state {
	double probe[TG_NR_PROBES];	/* cycles; 0: none was measured, or found */
};

struct tg_span {
	struct tg_state before, after;
};

/* All spans of a run, in order. */
struct tg_spans {
	struct tg_span *span;
	size_t n, room;
};

#define TG_SPAN_MS	30

/*
 * tg_span_begin - a span from these probes on. 0, or -1 when memory is short.
 * tg_span_end - the same probes end the span before it, if there is one.
 */
int tg_span_begin(struct tg_spans *s, const struct tg_state *probes);
void tg_span_end(struct tg_spans *s, const struct tg_state *probes);

/*
 * By what share of its middle a state of one probe reaches to either side.
 * tg_state_width - that of probe p.
 */
#define TG_WIDTH_CORE	0.005
#define TG_WIDTH_ENTRY	0.01
double tg_state_width(enum tg_probe p);

/*
 * tg_span_state - the state of a span: for each probe the mean of its two values
 * where they agree within twice the width, else, and where one is missing, 0.
 */
struct tg_state tg_span_state(const struct tg_span *span);

/* tg_in_state - whether s is, in all probes that define it, of the state wanted. */
bool tg_in_state(const struct tg_state *s, const struct tg_state *wanted);

/*
 * tg_state_order - below 0 where a is the better state of two, above 0 where b
 * is, 0 where they are the same within twice the width: by the first probe that
 * tells them apart, of those that both have.
 */
int tg_state_order(const struct tg_state *a, const struct tg_state *b);

/*
 * tg_core_state - the state that a run's figures are to be of.
 *
 * For one probe after the other: of the spans that are in the state found so
 * far, the lowest band of values, the width to either side of its middle, that
 * holds a fifth of all spans; returned is its middle. 0 where no band does, or
 * none was measured: this CPU shows no such states.
 */
#define TG_STATE_SHARE	0.2
struct tg_state tg_core_state(const struct tg_spans *s);

#endif
