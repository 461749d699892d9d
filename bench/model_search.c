// SPDX-License-Identifier: GPL-2.0
/*
 * Breadth-first search. States lie in the order they were found, so the first way
 * found to a fault is a shortest one. A step is tried once for every series of
 * answers that tgm_choose() can give. A state whose step breaks an invariant is not
 * followed there: what comes after a fault tells nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"
#include "run.h"

#define CHOICES	48

static struct {
	struct tgm_packed *packed;
	uint32_t *parent;
	uint32_t *table;		/* index + 1, 0: empty */
	size_t n, room, slots;
} states;

static struct {
	int answer[CHOICES], of[CHOICES];
	int n, at;
} script;

int tgm_choose(int n)
{
	if (n <= 1)
		return 0;
	if (script.at == script.n) {
		if (script.n == CHOICES)
			abort();
		script.answer[script.n] = 0;
		script.of[script.n++] = n;
	}
	return script.answer[script.at++];
}

/* The next series of answers; false when all were tried. */
static bool next_script(void)
{
	script.n = script.at;
	while (script.n && script.answer[script.n - 1] + 1 == script.of[script.n - 1])
		script.n--;
	if (!script.n)
		return false;
	script.answer[script.n - 1]++;
	return true;
}

void tgm_random_step(unsigned int *seed)
{
	static struct tgm_world base, kept;
	int steps = 0;

	base = tgm;
	script.n = 0;
	do {
		tgm = base;
		script.at = 0;
		tgm_step();
		*seed = *seed * 1103515245 + 12345;
		/* of all there are, any one as likely as the last */
		if (!((*seed >> 16) % ++steps))
			kept = tgm;
	} while (next_script());
	tgm = kept;
}

static size_t hash(struct tgm_packed p)
{
	uint64_t h = p.word[0] * 0x9e3779b97f4a7c15ULL;

	h = (h ^ h >> 29 ^ p.word[1]) * 0xbf58476d1ce4e5b9ULL;
	return h ^ h >> 32;
}

void tgm_free(void)
{
	free(states.packed);
	free(states.parent);
	free(states.table);
	memset(&states, 0, sizeof(states));
}

static size_t bytes_for(size_t room, size_t slots)
{
	return room * (sizeof(*states.packed) + sizeof(*states.parent)) +
	       slots * sizeof(*states.table);
}

static int rehash(size_t slots)
{
	uint32_t *table = calloc(slots, sizeof(*table));

	if (!table)
		return -1;
	for (size_t i = 0; i < states.n; i++) {
		size_t k = hash(states.packed[i]) & (slots - 1);

		while (table[k])
			k = (k + 1) & (slots - 1);
		table[k] = i + 1;
	}
	free(states.table);
	states.table = table;
	states.slots = slots;
	return 0;
}

static int make_room(void)
{
	size_t room = states.room ? states.room * 2 : 4096;
	size_t slots = states.slots ? states.slots * 2 : 8192;
	void *p;

	/* the old table is still there while the new one is filled */
	if (bytes_for(room, slots + states.slots) > tgm_bound.memory || room > UINT32_MAX / 2)
		return -1;
	p = realloc(states.packed, room * sizeof(*states.packed));
	if (!p)
		return -1;
	states.packed = p;
	p = realloc(states.parent, room * sizeof(*states.parent));
	if (!p)
		return -1;
	states.parent = p;
	states.room = room;
	return rehash(slots);
}

static int add_state(struct tgm_packed p, uint32_t parent)
{
	size_t k;

	if (states.n == states.room && make_room())
		return -1;
	for (k = hash(p) & (states.slots - 1); states.table[k]; k = (k + 1) & (states.slots - 1)) {
		const struct tgm_packed *q = &states.packed[states.table[k] - 1];

		if (q->word[0] == p.word[0] && q->word[1] == p.word[1])
			return 0;
	}
	states.packed[states.n] = p;
	states.parent[states.n] = parent;
	states.table[k] = ++states.n;
	return 0;
}

/* As posted, a fault is known by who broke the books, and how; else by what is broken. */
static void add_fault(struct tgm_result *r, size_t state, int depth)
{
	for (int i = 0; i < r->nr_faults; i++)
		if (r->faults[i].blame == tgm_blamed &&
		    (tgm_blamed || (int)r->faults[i].invariant == tgm_violated))
			return;
	if (r->nr_faults < TGM_MAX_FAULTS)
		r->faults[r->nr_faults++] = (struct tgm_fault){
			tgm_violated, tgm_blamed, state, depth };
}

/*
 * As posted: whether the books were broken, and only by what is known to be at
 * fault. What else such a state leads to is not followed: after a fault anything
 * may come. So a trace is the shortest of those that go wrong at one place alone;
 * what hides behind another fault is found where that one is cured (model_cure.c).
 */
static bool known_guilty(const struct tgm_result *r)
{
	bool guilty = false;

	for (int t = 0; tgm_ops->books && t < tgm_bound.tasks; t++) {
		bool known = false;

		if (!tgm.task[t].blame)
			continue;
		for (int i = 0; i < r->nr_faults; i++)
			known |= r->faults[i].blame == tgm.task[t].blame;
		if (!known)
			return false;
		guilty = true;
	}
	return guilty;
}

/*
 * States reached from one state are looked up together: where one lies in the table is
 * asked for while the others are made, for most of the time went to waiting for memory.
 */
static struct {
	struct tgm_packed packed[64];
	size_t n, parent;
} reached;

static int add_reached(void)
{
	size_t n = reached.n;

	reached.n = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t k = states.table[hash(reached.packed[i]) & (states.slots - 1)];

		if (k)
			__builtin_prefetch(&states.packed[k - 1]);
	}
	for (size_t i = 0; i < n; i++)
		if (add_state(reached.packed[i], reached.parent))
			return -1;
	return 0;
}

static int reach(struct tgm_packed p, size_t parent)
{
	__builtin_prefetch(&states.table[hash(p) & (states.slots - 1)]);
	reached.parent = parent;
	reached.packed[reached.n++] = p;
	return reached.n == sizeof(reached.packed) / sizeof(*reached.packed) ? add_reached() : 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* All steps from one state. */
static int expand(size_t i, struct tgm_result *r, int depth)
{
	static struct tgm_world base;

	tgm_unpack(states.packed[i]);
	if (known_guilty(r))
		return 0;
	base = tgm;
	script.n = 0;
	do {
		tgm = base;
		script.at = 0;
		tgm_step();
		r->transitions++;
		if (tgm_violated >= 0)
			add_fault(r, i, depth);
		else if (!known_guilty(r) && reach(tgm_pack(), i))
			return -1;
	} while (next_script());
	return add_reached();
}

int tgm_search(const char *what, struct tgm_result *r, char *err, size_t errlen)
{
	size_t i, level;
	double start = now();

	memset(r, 0, sizeof(*r));
	tgm_free();
	tgm_forget_blames();
	tgm_story = NULL;
	if (tgm_width() > 128) {
		snprintf(err, errlen, "%s: a state of %d tasks and %d CPUs takes %d bits; allowed: "
			 "128, so fewer --tasks or --cpus", what, tgm_bound.tasks, tgm_bound.cpus,
			 tgm_width());
		errno = EINVAL;
		return -1;
	}
	tgm_start();
	reached.n = 0;
	if (add_state(tgm_pack(), 0))
		goto no_memory;
	for (i = 0, level = 1; i < states.n; i++) {
		if (i == level || !i) {
			if (tgm_bound.depth && r->depth == tgm_bound.depth)
				break;
			level = states.n;
			r->depth++;
		}
		if (!(i & 0x3fff)) {
			tgm_progress_states(what, i, states.n);
			if (tg_interrupted) {
				tg_progress_end();
				snprintf(err, errlen, "interrupted");
				errno = EINTR;
				return -1;
			}
		}
		if (expand(i, r, r->depth))
			goto no_memory;
		if (tgm_bound.first && r->nr_faults)
			break;
	}
	r->states = states.n;
	r->complete = i == states.n;
	r->seconds = now() - start;
	tg_progress_end();
	return 0;
no_memory:
	tg_progress_end();
	snprintf(err, errlen, "%s: more than %zu states do not fit into %zu MiB; allowed: "
		 "--memory MIB, or a smaller bound by --depth, --tasks, --cpus", what, states.n,
		 tgm_bound.memory >> 20);
	errno = ENOMEM;
	return -1;
}

static void tell_state(void)
{
	for (int c = 0; c < tgm_bound.cpus; c++) {
		const struct tgf_cpu *p = &tgm.cpu[c];

		fprintf(tgm_story, "    = CPU %d: %s runs, registers %s, owner %s", c,
			tgm_task_name(tgm.cur[c]), tgm_value_name(p->regs),
			p->owner ? tgm_task_name(p->owner - tgm.fpu) : "none");
		if (tgm_ops->lazy)
			fprintf(tgm_story, ", CR0.TS %d", tgm.ts[c]);
		fputc('\n', tgm_story);
	}
	for (int t = 0; t < tgm_bound.tasks; t++) {
		const struct tgf_fpu *f = &tgm.fpu[t];

		if (!tgm.task[t].alive)
			continue;
		fprintf(tgm_story, "    = %s: newest #%d, memory %s%s%s, last CPU %d\n",
			tgm_task_name(t), tgm.task[t].newest.version,
			tgm_value_name(f->area),
			f->active ? ", active" : "", f->reload ? ", reload" : "", f->last_cpu);
	}
}

static bool same_state(struct tgm_packed a, struct tgm_packed b)
{
	return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}

/*
 * Takes the step of the trace from the state tgm holds: to the state next, or, if
 * next is NULL, into the fault. Tried without telling first, then told.
 */
static void retrace(const struct tgm_packed *next, const struct tgm_fault *fault)
{
	static struct tgm_world base;
	FILE *out = tgm_story;
	bool found = false;

	base = tgm;
	script.n = 0;
	tgm_story = NULL;
	do {
		tgm = base;
		script.at = 0;
		tgm_step();
		if (next)
			found = tgm_violated < 0 && same_state(tgm_pack(), *next);
		else
			found = tgm_violated == (int)fault->invariant &&
				tgm_blamed == fault->blame;
		if (found)
			break;
	} while (next_script());
	if (!found)
		abort();	/* what the search found cannot be done */
	tgm = base;
	script.at = 0;
	tgm_story = out;
	tgm_step();
}

void tgm_tell_trace(const struct tgm_fault *fault, FILE *out)
{
	uint32_t *way = malloc(fault->depth * sizeof(*way)), at = fault->state;
	int n = 0;

	if (!way) {
		fprintf(out, "  no memory for its trace\n");
		return;
	}
	while (at) {
		way[n++] = at;
		at = states.parent[at];
	}
	tgm_start();
	tgm_story = out;
	for (int i = n - 1; i >= 0; i--) {
		fprintf(out, "  %d.\n", n - i);
		retrace(&states.packed[way[i]], NULL);
		tell_state();
	}
	fprintf(out, "  %d.\n", n + 1);
	retrace(NULL, fault);
	tell_state();
	tgm_story = NULL;
	free(way);
}
