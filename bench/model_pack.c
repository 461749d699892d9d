// SPDX-License-Identifier: GPL-2.0
/*
 * A state in two words. Values become what they are equal to: the newest version
 * of a context, or nothing that counts. States that differ only in
 * the names of CPUs, or of tasks other than A (which has the guest), are one: no
 * event treats them differently, so what one can do the other can do renamed. The
 * least of the renamings stands for all.
 */
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* Where an operation can be taken up: op and point as one number. */
static const unsigned char place_base[TGM_NR_OPS + 1] = {
	0, 1, 2, 3, 6, 11, 15, 18, 21, 23, 25, 26
};

enum { JUNK = 7 };

struct renaming {
	signed char cpu[TGM_CPUS], task[TGM_CONTEXTS];	/* new name -> old one */
	signed char new_cpu[TGM_CPUS], new_task[TGM_CONTEXTS];
};

static struct renaming renamings[2 * 3 * 6];
static int nr_renamings, made_tasks, made_cpus;

static void finish(struct renaming *r)
{
	r->task[TGM_GUEST] = TGM_GUEST;
	for (int i = 0; i < TGM_CPUS; i++)
		r->new_cpu[r->cpu[i]] = i;
	for (int i = 0; i < TGM_CONTEXTS; i++)
		r->new_task[r->task[i]] = i;
}

/* All orders of the CPUs in use, and of the tasks in use after the first. */
static void make_renamings(void)
{
	int n[2] = { tgm_bound.cpus, tgm_bound.tasks - 1 };
	int orders[2][6][3], nr[2] = { 0, 0 };

	for (int k = 0; k < 2; k++)
		for (int a = 0; a < 3; a++)
			for (int b = 0; b < 3; b++)
				for (int c = 0; c < 3; c++) {
					int o[3] = { a, b, c };

					if (a == b || b == c || a == c || (n[k] < 3 && c != 2) ||
					    (n[k] < 2 && b != 1))
						continue;
					memcpy(orders[k][nr[k]++], o, sizeof(o));
				}
	nr_renamings = 0;
	for (int i = 0; i < nr[0]; i++) {
		for (int j = 0; j < nr[1]; j++) {
			struct renaming *r = &renamings[nr_renamings++];

			r->task[0] = 0;
			for (int k = 0; k < 3; k++) {
				r->cpu[k] = orders[0][i][k];
				r->task[k + 1] = 1 + orders[1][j][k];
			}
			finish(r);
		}
	}
	made_tasks = tgm_bound.tasks;
	made_cpus = tgm_bound.cpus;
}

/* Blames by number, in the order they were met: few are, of all there could be. */
static unsigned short blames[1 << 6];
static unsigned int nr_blames;

void tgm_forget_blames(void)
{
	nr_blames = 0;
}

static unsigned int blame_number(unsigned short blame)
{
	unsigned int i = 0;

	if (!blame)
		return 0;
	while (i < nr_blames && blames[i] != blame)
		i++;
	if (i + 1 == sizeof(blames) / sizeof(*blames))
		abort();
	if (i == nr_blames)
		blames[nr_blames++] = blame;
	return i + 1;
}

static struct tgm_packed out;
static int bits;
static unsigned long long field;	/* of one task or CPU, gathered */
static int field_bits;

static inline void put(unsigned long long value, int n)
{
	field |= value << field_bits;
	field_bits += n;
}

static inline void put_field(void)
{
	int at = bits & 63;

	if (bits + field_bits <= 128) {
		out.word[bits >> 6] |= field << at;
		if (at + field_bits > 64)
			out.word[1] |= field >> (64 - at);
	}
	bits += field_bits;
	field = field_bits = 0;
}

static inline unsigned int get(const struct tgm_packed *p, int n)
{
	unsigned long long v = p->word[bits >> 6] >> (bits & 63);

	if ((bits & 63) + n > 64 && bits < 64)
		v |= p->word[1] << (64 - (bits & 63));
	bits += n;
	return v & ((1u << n) - 1);
}

/* What a value is equal to, by the new names. */
static unsigned int token(struct tgm_value v, const struct renaming *r)
{
	if (!v.version || v.who >= TGM_CONTEXTS)
		return JUNK;
	if (tgm.task[v.who].alive || v.who == TGM_GUEST) {
		if (tgm_is_newest(v, v.who))
			return r->new_task[v.who];
	}
	return JUNK;
}

static struct tgm_value untoken(unsigned int k)
{
	struct tgm_value none = { 0, 0, 0 };

	if (k == JUNK)
		return none;
	return tgm.task[k].newest;
}

static void pack_task(int t, const struct renaming *r)
{
	const struct tgm_task *k = &tgm.task[t];
	const struct tgf_fpu *f = &tgm.fpu[t];

	put(k->alive, 2);
	put(place_base[k->op] + k->pc, 5);
	put(k->cpu < 0 ? 3 : r->new_cpu[k->cpu], 2);
	put(k->framed, 1);
	put(k->alive == 1 && tgm_is_newest(f->area, t), 1);
	put(f->last_cpu < 0 ? 3 : r->new_cpu[f->last_cpu], 2);
	put(f->active, 1);
	put(f->reload, 1);
	put(k->dead, 1);
	put(k->child < 0 ? 0 : r->new_task[k->child], 2);
	if (!tgm_ops->books)
		put(k->early, 1);
	else
		put(k->moved, 1);
	if (tgm_ops->lazy && tgm_ops->books) {
		put(f->uses, 2);
		put(f->used, 1);
	}
	if (tgm_ops->books)
		put(blame_number(k->blame), 6);
	if (tgm_bound.events & TGM_EV_PKRU) {
		put(k->newest.pkru, 1);
		put(k->framed ? k->frame.pkru : 0, 1);
		put(k->alive ? (tgm_ops->in_xstate ? f->area.pkru : f->pkru) : 0, 1);
	}
	put_field();
}

static void pack_cpu(int c, const struct renaming *r)
{
	const struct tgf_cpu *p = &tgm.cpu[c];

	put(p->owner ? (unsigned int)r->new_task[p->owner - tgm.fpu] : 7, 3);
	put(token(p->regs, r), 3);
	put(p->busy, 1);
	if (tgm_ops->lazy) {
		put(p->mirror, 1);
		put(tgm.ts[c], 1);
	}
	if (tgm_bound.events & TGM_EV_PKRU)
		put(p->regs.pkru, 1);
	put_field();
}

static void pack_guest(const struct renaming *r)
{
	const struct tgf_fpu *f = &tgm.fpu[TGM_GUEST];

	if (!(tgm_bound.events & TGM_EV_GUEST))
		return;
	put(tgm_is_newest(f->area, TGM_GUEST), 1);
	put(f->last_cpu < 0 ? 3 : r->new_cpu[f->last_cpu], 2);
	put(f->active, 1);
	put(f->reload, 1);
	put(tgm.guest_on < 0 ? 3 : r->new_cpu[tgm.guest_on], 2);
	put_field();
}

static bool less(const struct tgm_packed *a, const struct tgm_packed *b)
{
	return a->word[0] != b->word[0] ? a->word[0] < b->word[0] : a->word[1] < b->word[1];
}

/*
 * A number that no renaming changes, for each thing renamed. Only orders in which
 * these ascend are tried: mostly one.
 */
static unsigned int task_key(int t)
{
	const struct tgm_task *k = &tgm.task[t];
	const struct tgf_fpu *f = &tgm.fpu[t];

	return (place_base[k->op] + k->pc) << 9 | k->alive << 7 | (k->cpu < 0) << 6 |
	       (f->last_cpu < 0) << 5 | k->framed << 4 | f->active << 3 | f->reload << 2 |
	       tgm_is_newest(f->area, t) << 1 | k->dead;
}

static unsigned int cpu_key(int c)
{
	const struct tgf_cpu *p = &tgm.cpu[c];
	int cur = tgm.cur[c], owner = p->owner ? (int)(p->owner - tgm.fpu) : -1;
	unsigned int n = cur < 0 ? 0 : cur == 0 ? 1 : 2 + (tgm.task[cur].op == TGM_USER);

	n = n * 4 + (owner < 0 ? 0 : owner == 0 ? 1 : owner == TGM_GUEST ? 2 : 3);
	return n * 4 + p->busy * 2 + (p->regs.who == 0 && tgm_is_newest(p->regs, 0));
}

static bool ascends(const struct renaming *r, const unsigned int *tasks, const unsigned int *cpus)
{
	for (int t = 2; t < tgm_bound.tasks; t++)
		if (tasks[r->task[t - 1]] > tasks[r->task[t]])
			return false;
	for (int c = 1; c < tgm_bound.cpus; c++)
		if (cpus[r->cpu[c - 1]] > cpus[r->cpu[c]])
			return false;
	return true;
}

struct tgm_packed tgm_pack(void)
{
	unsigned int tasks[TGM_TASKS], cpus[TGM_CPUS];
	struct tgm_packed least = { { ~0ULL, ~0ULL } };

	if (made_tasks != tgm_bound.tasks || made_cpus != tgm_bound.cpus)
		make_renamings();
	for (int t = 0; t < tgm_bound.tasks; t++)
		tasks[t] = task_key(t);
	for (int c = 0; c < tgm_bound.cpus; c++)
		cpus[c] = cpu_key(c);
	for (int i = 0; i < nr_renamings; i++) {
		const struct renaming *r = &renamings[i];

		if (!ascends(r, tasks, cpus))
			continue;
		memset(&out, 0, sizeof(out));
		bits = 0;
		for (int t = 0; t < tgm_bound.tasks; t++)
			pack_task(r->task[t], r);
		for (int c = 0; c < tgm_bound.cpus; c++)
			pack_cpu(r->cpu[c], r);
		pack_guest(r);
		if (less(&out, &least))
			least = out;
	}
	return least;
}

int tgm_width(void)
{
	tgm_start();
	tgm_pack();
	return bits;
}

static int somewhere(unsigned int n)
{
	return n == 3 ? -1 : (int)n;
}

static void unpack_task(const struct tgm_packed *p, int t)
{
	struct tgm_task *k = &tgm.task[t];
	struct tgf_fpu *f = &tgm.fpu[t];
	unsigned int n;

	k->newest = (struct tgm_value){ t, 2, 0 };
	k->versions = 2;
	k->alive = get(p, 2);
	n = get(p, 5);
	for (k->op = 0; place_base[k->op + 1] <= n; k->op++)
		;
	k->pc = n - place_base[k->op];
	k->cpu = somewhere(get(p, 2));
	k->framed = get(p, 1);
	k->frame = (struct tgm_value){ 0, 0, 0 };
	f->area = get(p, 1) ? k->newest : k->frame;
	f->last_cpu = somewhere(get(p, 2));
	f->active = get(p, 1);
	f->reload = get(p, 1);
	k->dead = get(p, 1);
	n = get(p, 2);
	k->child = k->op == TGM_FORKING ? (int)n : -1;
	k->early = k->moved = 0;
	*(tgm_ops->books ? &k->moved : &k->early) = get(p, 1);
	f->uses = tgm_ops->lazy && tgm_ops->books ? get(p, 2) : 0;
	f->used = tgm_ops->lazy && tgm_ops->books ? get(p, 1) : 1;
	n = tgm_ops->books ? get(p, 6) : 0;
	k->blame = n ? blames[n - 1] : 0;
	if (tgm_bound.events & TGM_EV_PKRU) {
		k->newest.pkru = get(p, 1);
		k->frame.pkru = get(p, 1);
		n = get(p, 1);
		if (tgm_ops->in_xstate)
			f->area.pkru = n;
		else
			f->pkru = n;
	}
}

void tgm_unpack(struct tgm_packed p)
{
	bits = 0;
	for (int t = 0; t < tgm_bound.tasks; t++)
		unpack_task(&p, t);
	tgm.task[TGM_GUEST].newest = (struct tgm_value){ TGM_GUEST, 2, 0 };
	tgm.task[TGM_GUEST].versions = 2;
	for (int c = 0; c < tgm_bound.cpus; c++) {
		struct tgf_cpu *q = &tgm.cpu[c];
		unsigned int n = get(&p, 3);

		q->id = c;
		q->owner = n == 7 ? NULL : &tgm.fpu[n];
		q->regs = untoken(get(&p, 3));
		q->busy = get(&p, 1);
		q->mirror = tgm_ops->lazy ? get(&p, 1) : 0;
		tgm.ts[c] = tgm_ops->lazy ? get(&p, 1) : 0;
		q->regs.pkru = tgm_bound.events & TGM_EV_PKRU ? get(&p, 1) : 0;
		tgm.cur[c] = -1;
		for (int t = 0; t < tgm_bound.tasks; t++)
			if (tgm.task[t].cpu == c)
				tgm.cur[c] = t;
	}
	tgm.guest_on = -1;
	if (tgm_bound.events & TGM_EV_GUEST) {
		struct tgf_fpu *f = &tgm.fpu[TGM_GUEST];

		f->area = (struct tgm_value){ 0, 0, 0 };
		if (get(&p, 1))
			f->area = tgm.task[TGM_GUEST].newest;
		f->last_cpu = somewhere(get(&p, 2));
		f->active = get(&p, 1);
		f->reload = get(&p, 1);
		tgm.guest_on = somewhere(get(&p, 2));
	}
}
