// SPDX-License-Identifier: GPL-2.0
/*
 * One round: a fresh process that measures every experiment once, in the order
 * it is given, and prints a line each. Its parent is rounds.c.
 *
 *	in	a line about the round: CPU to begin on, another one or -1, samples
 *		at most, level of the canary if known (below 0: no canary), both
 *		values of the core's state if known, share for tg_loops(), 1 to
 *		wait less, what keeps interrupts out of ring 0 or "-", nodes of memory
 *		near and remote or -1
 *		a line an event to count, if any (counted.h)
 *		a line a point: number, ticks a pass (0: find out), samples (0:
 *		likewise), full name
 *	out	step TICKS WITNESS CANARY CORE, first of all: the clock, whether
 *		interrupts show in ring 3, the canary's level, the kind of core
 *		state 0 CORE ENTRY	the probes (core_state.h) as a span begins
 *		state 1 CORE ENTRY	and as it ends
 *		begin N
 *		count N EVENT ...	what came of an event (counted.h), before its ok
 *		ok N pass samples value median imul add canary bracket kept discarded beside
 *		skipped|refused|failed N reason
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "counted.h"
#include "place.h"
#include "run.h"
#include "stats.h"

#define TG_PROBE_SAMPLES	400
#define TG_ENTRY_SAMPLES	100
#define TG_PILOT	24
#define TG_STACK_GROWN	131072
#define TG_PASS_LEAST	0.01

/*
 * The samples of a figure may take so long in a round, some 3 ms: a dear body
 * needs fewer, since nothing of the clock's granularity is left to average out.
 */
#define TG_ROUND_TICKS	8000000
#define TG_SAMPLES_FEW	60

static enum tg_status measure(const struct tg_request *q, struct tg_samples *s, char *why,
			      size_t len)
{
	return q->point.ring ? tg_ring3_measure(q, s, why, len) :
			       tg_module_measure(q, s, why, len);
}

/* Samples of every series that fit into a round, of at most most. */
static uint32_t fit_samples(const struct tg_samples *s, uint32_t loops, uint32_t most,
			    uint64_t step)
{
	double pass = 0, fit;
	int r;

	/* the figure's own series; the chains beside it are short */
	for (r = 0; r < TG_OWN_ROLES; r++)
		if (s->n[r])
			pass += tg_low_ticks(s->ticks[r], s->n[r], step) * loops;
	fit = TG_ROUND_TICKS / pass;
	if (fit < TG_SAMPLES_FEW)
		fit = TG_SAMPLES_FEW;
	return fit < most ? fit : most;
}

/*
 * A short run with one loop says how long a pass is, and how many samples fit,
 * where samples is 0; most: at most. Sets *pass, and samples and loops of q.
 */
static enum tg_status pilot(struct tg_request *q, double *pass, double share, uint32_t most,
			    char *why, size_t len)
{
	struct tg_request small = *q;
	struct tg_samples s;
	struct tg_reading r;
	enum tg_status st;

	if (tg_exps[q->point.exp].method == TG_SHOT) {
		/* its preparation is not in the loop, nor in what is timed */
		*pass = INFINITY;
		if (!q->samples)
			q->samples = most;
		return TG_OK;
	}
	small.loops = 1;
	small.samples = most < TG_PILOT ? most : TG_PILOT;
	st = measure(&small, &s, why, len);
	if (st != TG_OK)
		return st;
	*pass = tg_low_ticks(s.ticks[0], s.n[0], q->step) -
		tg_low_ticks(s.ticks[1], s.n[1], q->step);
	/* an instruction counter has nothing to average out */
	if (tg_reduce(&s, q->step, &r) || (r.imul == 1.0 && r.add == 1.0))
		*pass = INFINITY;
	/* 0 is not known: what takes no time takes the most passes */
	else if (!(*pass > TG_PASS_LEAST))
		*pass = TG_PASS_LEAST;
	if (!q->samples)
		q->samples = fit_samples(&s, tg_loops(*pass, q->step, share), most, q->step);
	tg_samples_free(&s);
	return TG_OK;
}

/* What holds for the whole round. */
struct orders {
	uint32_t samples;	/* at most */
	double canary, share;
	char quiet[16];
	struct tg_events events;
	int node, remote;	/* of memory; -1: wherever the kernel puts it, none */
};

/* Where this process is, and what it found there. */
struct place {
	int cpu, other;		/* other: -1 if there is none */
	struct tg_state best;	/* the state wanted, as far as it is known */
	double since;		/* when the span began, ms */
	long kept, beside;	/* of the span */
};

/* The counting pass, behind the one that was timed. */
static void count(size_t n, const struct tg_request *q, const struct tg_events *events)
{
	struct tg_counted_event counted[TG_EVENTS_MAX];
	size_t i;

	if (!events->n)
		return;
	tg_count_point(q, events, counted);
	for (i = 0; i < events->n; i++)
		tg_counted_say(n, i, &counted[i]);
}

static void one(size_t n, struct tg_request *q, double pass, const struct orders *o,
		struct place *p)
{
	struct tg_samples s;
	struct tg_reading r;
	char why[256] = "";
	enum tg_status st = TG_OK;

	printf("begin %zu\n", n);
	fflush(stdout);
	if (!pass)
		st = pilot(q, &pass, o->share, o->samples, why, sizeof(why));
	q->loops = tg_loops(pass, q->step, o->share);
	if (st == TG_OK)
		st = measure(q, &s, why, sizeof(why));
	if (st == TG_OK && tg_reduce(&s, q->step, &r)) {
		tg_samples_free(&s);
		snprintf(why, sizeof(why), "samples are missing");
		st = TG_FAILED;
	}
	if (st != TG_OK) {
		printf("%s %zu %s\n", tg_status_names[st], n, why);
	} else {
		count(n, q, &o->events);
		if (s.tally.steps)
			tg_tally_say(n, &s.tally);
		printf("ok %zu %.17g %u %.17g %.17g %.17g %.17g %.17g %.17g %ld %ld %ld\n", n, pass,
		       q->samples, r.value, r.median, r.imul, r.add, r.canary, r.bracket, r.kept,
		       r.discarded, r.beside);
		p->kept += r.kept;
		p->beside += r.beside;
		tg_samples_free(&s);
	}
	fflush(stdout);
}

/* One probe of the core's state, in cycles, as the point measures it; 0 where that fails. */
static double probe_one(const struct tg_request *like, const char *point, uint32_t samples)
{
	struct tg_request q = *like;
	struct tg_reading r = { .value = 0, .imul = 1 };
	struct tg_samples s;
	char why[256];

	q.loops = 1;
	q.samples = samples;
	if (q.canary && !tg_point_parse(point, &q.point, why, sizeof(why)) &&
	    tg_ring3_measure(&q, &s, why, sizeof(why)) == TG_OK) {
		if (tg_reduce(&s, q.step, &r))
			r.value = 0;
		tg_samples_free(&s);
	}
	return r.imul > 0 ? r.value * TG_IMUL_CYCLES / r.imul : 0;
}

/* Both probes: within 0.2 % and 0.3 %, some 3 ms. */
static struct tg_state probe(const struct tg_request *like)
{
	struct tg_state s;

	s.probe[TG_PROBE_CORE] = probe_one(like, "fpu/fxrstor:dirty@r3", TG_PROBE_SAMPLES);
	s.probe[TG_PROBE_ENTRY] = probe_one(like, "crossing/arch_get_gs@r3", TG_ENTRY_SAMPLES);
	return s;
}

static void say(int end, const struct tg_state *s)
{
	printf("state %d %.17g %.17g\n", end, s->probe[TG_PROBE_CORE], s->probe[TG_PROBE_ENTRY]);
	fflush(stdout);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* The stack that rows may need is there before one of them prefers another node. */
static void grow_stack(void)
{
	volatile char stack[TG_STACK_GROWN];
	size_t i;

	for (i = 0; i < sizeof(stack); i += 4096)
		stack[i] = 0;
}

static bool move(struct place *p, struct tg_request *q)
{
	int cpu = p->cpu;

	if (tg_pin(p->other))
		return false;
	q->cpu = p->cpu = p->other;
	p->other = cpu;
	return true;
}

/*
 * Begins a span, on the other CPU where the state of this one is worse, or
 * where a neighbour shares its core.
 */
static void begin(struct place *p, struct tg_request *q, struct tg_state here)
{
	bool known = here.probe[TG_PROBE_CORE] > 0, wanted = p->best.probe[TG_PROBE_CORE] > 0;
	bool shared = p->beside * 20 > p->kept;
	struct tg_state there;

	if (p->other >= 0 && known &&
	    (shared || !wanted || tg_state_order(&here, &p->best) > 0) && move(p, q)) {
		there = probe(q);
		/* the same state is good enough to leave a neighbour */
		if (tg_state_order(&there, &here) <= 0 || !move(p, q))
			here = there;
	}
	if (known && (!wanted || tg_state_order(&here, &p->best) < 0))
		p->best = here;
	say(0, &here);
	p->since = now_ms();
	p->kept = p->beside = 0;
}

static struct tg_state end(const struct tg_request *q)
{
	struct tg_state here = probe(q);

	say(1, &here);
	return here;
}

/* The first line of orders; false if it makes no sense. */
static bool read_orders(struct orders *o, struct place *p, struct tg_request *q)
{
	char line[256];
	int hurry;

	if (!fgets(line, sizeof(line), stdin) ||
	    sscanf(line, "%d %d %u %lf %lf %lf %lf %d %15s %d %d", &p->cpu, &p->other,
		   &o->samples, &o->canary, &p->best.probe[0], &p->best.probe[1], &o->share,
		   &hurry, o->quiet, &o->node, &o->remote) != 11)
		return false;
	q->cpu = p->cpu;
	q->node = o->node;
	q->hurry = hurry;
	q->quiet = strcmp(o->quiet, "-") ? o->quiet : NULL;
	return true;
}

int tg_cmd_round(int argc, char **argv)
{
	struct tg_request q = { .cpu = -1 };
	struct place p = { .other = -1 };
	struct orders o = { .samples = 0 };
	char line[TG_NAME_MAX + 192], name[TG_NAME_MAX], err[256];
	double pass;
	size_t n;
	int rc;

	(void)argv;
	if (argc != 1 || !read_orders(&o, &p, &q))
		return TG_EXIT_INPUT;
	rc = tg_pin(q.cpu);
	if (rc) {
		fprintf(stderr, "tollgate: cannot move to CPU %d: %s\n", q.cpu, strerror(-rc));
		return TG_EXIT_REFUSED;
	}
	grow_stack();
	if (!tg_ring3_usable(err, sizeof(err))) {
		fprintf(stderr, "tollgate: %s\n", err);
		return TG_EXIT_NOTHING;
	}
	q.step = tg_ring3_tsc_step();
	q.canary = o.canary < 0 ? 0 : tg_canary_level(q.step);
	if (o.canary > 0 && o.canary < q.canary)
		q.canary = o.canary;
	printf("step %llu %d %.17g %s\n", (unsigned long long)q.step, tg_ring3_witness(),
	       q.canary, tg_core_type());
	begin(&p, &q, probe(&q));
	while (fgets(line, sizeof(line), stdin)) {
		rc = tg_event_hear(line, &o.events);
		if (rc < 0)
			return TG_EXIT_INPUT;
		if (rc)
			continue;
		if (sscanf(line, "%zu %lf %u %127s", &n, &pass, &q.samples, name) != 4 ||
		    tg_point_parse(name, &q.point, err, sizeof(err)))
			return TG_EXIT_INPUT;
		q.node = o.node;
		if (q.canary && now_ms() - p.since > TG_SPAN_MS)
			begin(&p, &q, end(&q));
		q.node = tg_point_remote(&q.point) ? o.remote : o.node;
		one(n, &q, pass, &o, &p);
	}
	q.node = o.node;
	end(&q);
	return TG_EXIT_OK;
}
