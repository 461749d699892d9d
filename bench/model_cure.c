// SPDX-License-Identifier: GPL-2.0
/* Telling what was found in the posted patches, and searching again with cures. */
#include <string.h>

#include "model_command.h"

static bool was_found(const struct tgm_result *r, int blame)
{
	for (int i = 0; i < r->nr_faults; i++)
		if (r->faults[i].blame == blame)
			return true;
	return false;
}

/* What a search with these cures finds. Faults of one function share a cure: once is enough. */
static int search_cured(const struct tgm_run *run, unsigned int cures, struct tgm_result *r,
			char *err, size_t errlen)
{
	static struct {
		const struct tgm_run *run;
		struct tgm_bound bound;
		unsigned int cures;
		struct tgm_result result;
	} last[8];
	static int next;
	struct tgm_posted posted = run->posted;

	for (int i = 0; i < 8; i++) {
		if (last[i].run == run && last[i].cures == cures &&
		    !memcmp(&last[i].bound, &tgm_bound, sizeof(tgm_bound))) {
			*r = last[i].result;
			return 0;
		}
	}
	posted.cures = cures;
	tgm_use_posted(posted);
	if (tgm_search(run->name, r, err, errlen))
		return -1;
	last[next].run = run;
	last[next].bound = tgm_bound;
	last[next].cures = cures;
	last[next].result = *r;
	next = (next + 1) % 8;
	return 0;
}

/*
 * Searches again with the cure of one fault, or of all. A fault that is found only
 * now was hidden: what is known to be at fault is not followed.
 */
static int try_cure(const struct tgm_run *run, const struct tgm_result *before,
		    unsigned int cures, const struct tgm_fault *fault, char *err, size_t errlen)
{
	struct tgm_result r;
	bool gone = true, hidden = false;

	if (search_cured(run, cures, &r, err, errlen))
		return -1;
	for (int i = 0; i < r.nr_faults; i++)
		if (!fault || r.faults[i].blame == fault->blame)
			gone = false;
	printf("    %s: %s, %zu states, %d other faults\n",
	       fault ? "searched again with that change" : "searched again with every cure",
	       gone ? "not found" : "STILL FOUND", r.states, fault ? r.nr_faults : 0);
	for (int i = 0; i < r.nr_faults; i++) {
		char name[48];

		if (was_found(before, r.faults[i].blame))
			continue;
		tgm_fault_name(run, &r.faults[i], name, sizeof(name));
		printf("    AND %s, which was hidden behind it\n", name);
		hidden = true;
	}
	return gone && !hidden;
}

/* A text in lines of at most 75 columns. */
void tgm_print_wrapped(const char *indent, const char *text)
{
	int col = 0;

	for (const char *p = text; *p;) {
		int len = strcspn(p, " ");

		if (col && col + 1 + len > 75) {
			putchar('\n');
			col = 0;
		}
		col += printf("%s%.*s", col ? " " : indent, len, p);
		p += len;
		p += strspn(p, " ");
	}
	putchar('\n');
}

void tgm_tell_fault(const struct tgm_run *run, const struct tgm_fault *f, bool traces)
{
	const struct tgm_verdict *v = run->kind == TGM_POSTED && !run->posted.lazy ?
				      tgm_verdict_of(f) : NULL;
	char name[48];

	tgm_fault_name(run, f, name, sizeof(name));
	printf("  fault %s, after %d events: %s, broken\n", name, f->depth,
	       tgm_invariants[f->invariant]);
	if (run->kind == TGM_POSTED && f->blame && !run->posted.lazy)
		printf("    at %s\n", tgm_cite_where[f->blame & (TGM_OTHER - 1)]);
	if (v) {
		tgm_print_wrapped("    ", v->why);
		printf("    cure:\n");
		tgm_print_wrapped("    ", v->change);
	}
	if (traces)
		tgm_tell_trace(f, stdout);
}

/* The cures of all that was found; patch 1's mirror is what lazy mode breaks by. */
static unsigned int cures_of(const struct tgm_run *run, const struct tgm_result *r)
{
	unsigned int cures = run->posted.lazy ? TGM_CURE_MIRROR : 0;

	for (int i = 0; i < r->nr_faults; i++) {
		const struct tgm_verdict *v = tgm_verdict_of(&r->faults[i]);

		if (v && !run->posted.lazy)
			cures |= v->cure;
	}
	return cures;
}

int tgm_cure_all(const struct tgm_run *run, const struct tgm_result *r, bool each, char *err,
		    size_t errlen)
{
	bool cured = true;
	int rc;

	for (int i = 0; each && i < r->nr_faults; i++) {
		const struct tgm_verdict *v = tgm_verdict_of(&r->faults[i]);
		char name[48];

		if (!v || !v->cure || run->posted.lazy)
			continue;
		tgm_fault_name(run, &r->faults[i], name, sizeof(name));
		printf("  %s: %s\n", name, v->change);
		rc = try_cure(run, r, v->cure, &r->faults[i], err, errlen);
		if (rc < 0)
			return -1;
		cured &= rc;
	}
	/* what v4.8 has by design stays */
	if (tgm_found(run, r, "pkru:REMOTE")) {
		printf("    all cures, PKRU's among them, without accesses to another's memory: "
		       "posted/1-5:cured/pkru-small\n");
		return cured;
	}
	rc = try_cure(run, r, cures_of(run, r), NULL, err, errlen);
	return rc < 0 ? rc : cured && rc;
}
