// SPDX-License-Identifier: GPL-2.0
/* The proof of frame.enough: every case, and what must be lost where. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <tollgate/exp.h>

#include "frame_proof.h"
#include "run.h"

#define LET_IN	4096		/* calls between two looks for a signal; a power of two */

#define A_B	(TG_ON(frame, rsp_flags))
#define KEPT	TGP_WITH, false, 2, -1, 0
#define ALONE(losses)	TGP_WITHOUT, false, 2, -1, losses
#define FORGETS(reg)	A_B, TGP_WITHOUT, false, 2, TG_REG(reg), TG_LOST(reg)

const struct tgp_search tgp_searches[] = {
	{ "frame/enough/rsp_flags", "(a) and (b), with RESTORE_TOP_OF_STACK and without",
	  A_B, TGP_BOTH, true, TGP_STEPS, -1, 0 },
	{ "frame/enough/rsp_flags_rest", "(a), (b) and (c), with it and without",
	  TG_ON(frame, rsp_flags_rest), TGP_BOTH, true, TGP_STEPS, -1, 0 },
	/* what must be is what 3.19 did */
	{ "frame/restored/partial", "as in 3.19, with it", TG_ON(frame, partial), KEPT },
	{ "frame/restored/rsp", "(a) alone, with it", TG_ON(frame, rsp), KEPT },
	{ "frame/restored/flags", "(b) alone, with it", TG_ON(frame, flags), KEPT },
	{ "frame/restored/rest", "(c) alone, with it", TG_ON(frame, rest), KEPT },
	{ "frame/restored/rsp_rest", "(a) and (c), with it", TG_ON(frame, rsp_rest), KEPT },
	{ "frame/restored/flags_rest", "(b) and (c), with it", TG_ON(frame, flags_rest), KEPT },
	/* controls: it must find these */
	{ "frame/control/partial", "neither, without it",
	  TG_ON(frame, partial), ALONE(TG_LOST(SP) | TG_LOST(FLAGS)) },
	{ "frame/control/rsp", "(a) alone, without it",
	  TG_ON(frame, rsp), ALONE(TG_LOST(FLAGS)) },
	{ "frame/control/flags", "(b) alone, without it",
	  TG_ON(frame, flags), ALONE(TG_LOST(SP)) },
	{ "frame/control/rest", "(c) alone, without it",
	  TG_ON(frame, rest), ALONE(TG_LOST(SP) | TG_LOST(FLAGS)) },
	{ "frame/control/rsp_rest", "(a) and (c), without it",
	  TG_ON(frame, rsp_rest), ALONE(TG_LOST(FLAGS)) },
	{ "frame/control/flags_rest", "(b) and (c), without it",
	  TG_ON(frame, flags_rest), ALONE(TG_LOST(SP)) },
	{ "frame/control/slot", "(a) and (b), without it, but SYSRET with RSP from the slot",
	  A_B | TG_ON(reload, slot), ALONE(TG_LOST(SP)) },
	{ "frame/control/switch", "as in 3.19, with it, but usersp dropped from the switch",
	  TG_ON(frame, partial), TGP_WITH, true, 2, -1, TG_LOST(SP) },
	{ "frame/planted/cx", "(a) and (b), and a fix-up that forgets RCX", FORGETS(CX) },
	{ "frame/planted/r11", "(a) and (b), and a fix-up that forgets R11", FORGETS(R11) },
	{ "frame/planted/cs", "(a) and (b), and a fix-up that forgets CS", FORGETS(CS) },
	{ "frame/planted/ss", "(a) and (b), and a fix-up that forgets SS", FORGETS(SS) },
};
const int tgp_nr_searches = sizeof(tgp_searches) / sizeof(*tgp_searches);

/* NULL: there is none. */
static const struct tgp_code *find(__u64 bits, bool restores)
{
	const struct tgp_code *code;

	bits |= TG_ON(dispatch, indirect);
	for (code = tgp_codes; code < tgp_codes_end; code++)
		if (code->bits == bits && code->restores == restores)
			return code;
	return NULL;
}

/* Steps its paths, and what comes before each, to the next; false behind the last. */
static bool next_paths(const struct tgp_search *s, struct tgp_case *c)
{
	for (int i = c->steps; i-- > 0; ) {
		if (i && c->then[i] == TG_THEN_MORE) {
			c->then[i] = TG_THEN_ANEW;
			return true;
		}
		c->then[i] = i ? TG_THEN_MORE : TG_THEN_ANEW;
		while (++c->path[i] < tgp_nr_slow_paths)
			if (s->dropped || !tgp_slow_paths[c->path[i]].dropped)
				return true;
		c->path[i] = 0;
	}
	return false;
}

static void note(struct tgp_result *r, const struct tgp_case *c,
		 const struct tgp_seen *seen, bool differs)
{
	struct tgp_fault *f = &r->fault[seen->reg];

	r->lost |= 1U << seen->reg;
	if (f->times++)
		return;
	f->differs = differs;
	f->shortest = *c;
	f->seen = *seen;
}

/* The first that differs of what two runs showed; false: nothing. */
static bool compare(const struct tgp_case *c, const struct tgp_seen *without,
		    const struct tgp_seen *with, struct tgp_seen *seen)
{
	*seen = *without;
	for (int at = 0; at <= TG_AT_USER; at++) {
		const __u64 *a = at == TG_AT_USER ? without->user : without->path[at];
		const __u64 *b = at == TG_AT_USER ? with->user : with->path[at];

		for (int i = 0; i < TG_NR_REGS && (at < c->steps || at == TG_AT_USER); i++) {
			if (a[i] == b[i])
				continue;
			seen->reg = i;
			seen->at = at;
			seen->is = a[i];
			seen->must = b[i];
			return true;
		}
	}
	seen->reg = TG_REG(SP);
	seen->at = TG_AT_CALL;
	seen->is = without->user_sp;
	seen->must = with->user_sp;
	return seen->is != seen->must;
}

static void run(const struct tgp_search *s, struct tgp_case *c, __u64 exit,
		struct tgp_result *r)
{
	const __u64 bits = s->frame | exit | (c->steps ? TG_ON(pace, fixup) : 0);
	struct tgp_seen seen[2], apart;

	for (int with = 0; with < 2; with++) {
		/* without a slow path there is no RESTORE either */
		if (s->kind == (with ? TGP_WITHOUT : TGP_WITH) && c->steps)
			continue;
		if (with && !c->steps)
			return;
		c->code = find(bits, with);
		tgp_run(c, &seen[with]);
		r->calls++;
		r->seen += c->steps;
		if (seen[with].reg >= 0)
			note(r, c, &seen[with], false);
	}
	if (s->kind == TGP_BOTH && seen[0].reg < 0 && seen[1].reg < 0 &&
	    compare(c, &seen[0], &seen[1], &apart))
		note(r, c, &apart, true);
}

static bool every_case(const struct tgp_search *s, int steps, struct tgp_result *r)
{
	struct tgp_case c = { .forgets = s->forgets };
	size_t n = 0;

	for (c.steps = 0; c.steps <= s->steps && c.steps <= steps; c.steps++) {
		memset(c.path, 0, sizeof(c.path));
		for (int i = 0; i < TGP_STEPS; i++)
			c.then[i] = i ? TG_THEN_MORE : TG_THEN_ANEW;
		do {
			for (int i = 0; i < TGP_CALLS * TGP_USERS; i++) {
				c.call = i / TGP_USERS;
				c.user = i % TGP_USERS;
				if (c.call == TGP_CALL_DROPS && !s->dropped)
					continue;
				run(s, &c, 0, r);
				if (c.steps)
					run(s, &c, TG_ON(exit, iret), r);
				if (n++ % LET_IN)
					continue;
				tgp_let_signals_in();
				if (tg_interrupted)
					return false;
			}
		} while (next_paths(s, &c));
	}
	return true;
}

int tgp_search(const struct tgp_search *s, int steps, struct tgp_result *r)
{
	const clock_t start = clock();
	bool done;

	memset(r, 0, sizeof(*r));
	if (tgp_begin())
		return -1;
	done = every_case(s, steps, r);
	tgp_end();
	r->seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	if (!done)
		errno = EINTR;
	return done ? 0 : -1;
}

bool tgp_as_expected(const struct tgp_search *s, const struct tgp_result *r)
{
	return r->lost == s->lost;
}
