/* SPDX-License-Identifier: GPL-2.0 */
/* Which state the core was in while a reading was taken. Pure functions. */
#ifndef TOLLGATE_CORE_STATE_H
#define TOLLGATE_CORE_STATE_H

#include <stddef.h>

/*
 * On one EPYC a virtual CPU is in one of two states for seconds at a time. In
 * the second whatever runs microcode takes some three cycles more (FXRSTOR 188.5
 * for 184.8, MFENCE 79.1 for 76.2, XRSTOR 368.3 for 365.2) or four less (XSAVEC
 * 109.3 for 113.2), an invalid system call 269.6 for 262, a signal 2 % more;
 * chains, loads, locked instructions take the same. It is where the host lets the
 * CPU run, it seems: two CPUs change independently of each other and of what
 * they do. Figures of one state repeat to a per mille, mixtures of both do not.
 *
 * So a round measures an FXRSTOR, the probe, as it begins, every TG_SPAN_MS and
 * as it ends. The readings between two probes are a span.
 */
struct tg_span {
	double before, after;	/* probes, cycles; 0: none was measured */
};

/* All spans of a run, in order. */
struct tg_spans {
	struct tg_span *span;
	size_t n, room;
};

#define TG_SPAN_MS	30

/*
 * tg_span_begin - a span from a probe on. 0, or -1 when memory is short.
 * tg_span_end - the same probe ends the span before it, if there is one.
 */
int tg_span_begin(struct tg_spans *s, double probe);
void tg_span_end(struct tg_spans *s, double probe);

/*
 * tg_span_state - the state of a span, in cycles: the mean of its probes where
 * they agree within twice TG_STATE_WIDTH, else, and where one is missing, 0.
 */
#define TG_STATE_WIDTH	0.005
double tg_span_state(const struct tg_span *span);

/*
 * tg_core_state - the state that a run's figures are to be of.
 *
 * The lowest band of states, TG_STATE_WIDTH to either side of its middle, that
 * holds a fifth of all spans: returned is its middle, in cycles. 0 where no band
 * does, or none was measured: this CPU shows no such states.
 */
#define TG_STATE_SHARE	0.2
double tg_core_state(const struct tg_spans *s);

#endif
