/* SPDX-License-Identifier: GPL-2.0 */
/* Counts, histograms and proofs for reports made in memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sample_report.h"

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static char *text(const char *s)
{
	return must(strdup(s));
}

static void *grown(void *array, size_t nr, size_t size)
{
	void *more = must(reallocarray(array, nr + 1, size));

	memset((char *)more + nr * size, 0, size);
	return more;
}

void sample_count(struct tg_report *r, const char *name, double value, const char *reason)
{
	struct tg_count *c;

	r->counts = grown(r->counts, r->nr_counts, sizeof(*c));
	c = &r->counts[r->nr_counts++];
	c->name = text(name);
	c->value = value;
	c->reason = reason ? text(reason) : NULL;
}

void sample_histogram(struct tg_report *r, const char *name, const struct tg_bin *bins, size_t nr,
		      const char *reason)
{
	struct tg_histogram *h;

	r->histograms = grown(r->histograms, r->nr_histograms, sizeof(*h));
	h = &r->histograms[r->nr_histograms++];
	h->name = text(name);
	h->reason = reason ? text(reason) : NULL;
	h->bins = must(calloc(nr + 1, sizeof(*bins)));
	if (nr)
		memcpy(h->bins, bins, nr * sizeof(*bins));
	h->nr_bins = nr;
}

void sample_proof(struct tg_report *r, const char *name, enum tg_proof_result result,
		  const char *reason)
{
	struct tg_proof *p;

	r->proofs = grown(r->proofs, r->nr_proofs, sizeof(*p));
	p = &r->proofs[r->nr_proofs++];
	p->name = text(name);
	p->result = result;
	p->bound = text("depth 40, 3 tasks, 2 CPUs");
	p->states = 1234567;
	p->limits = text("one guest");
	p->reason = reason ? text(reason) : NULL;
}
