// SPDX-License-Identifier: GPL-2.0
/* Whether a search ended as it must, its own bound's or another. */
#include "model_command.h"

/* Another bound finds other faults, or the same first seen by another invariant. */
enum tgm_end tgm_judge(const struct tgm_run *run, const struct tgm_result *r, char *why,
		       size_t len)
{
	const struct tgm_scope *own = &run->scope;
	const bool same = tgm_bound.tasks == own->tasks && tgm_bound.cpus == own->cpus;
	const bool all = r->complete && !own->depth;
	const bool deeper = own->depth && tgm_bound.depth > own->depth;
	const char *expected = run->expected ? run->expected : "";

	if (same && (tgm_bound.depth == own->depth || all))
		return tgm_as_expected(run, r, true, why, len) ? TGM_AS_EXPECTED : TGM_UNEXPECTED;
	/* where none may be, none may be in any bound; a shorter way is one of the own bound's */
	if ((!*expected || (same && !deeper)) && !tgm_as_expected(run, r, false, why, len))
		return TGM_UNEXPECTED;
	if (!*expected || (r->nr_faults && same && run->kind >= TGM_MUTANT))
		return TGM_AS_EXPECTED;
	if (r->nr_faults) {
		snprintf(why, len, same && !deeper ? "faults as expected, as far as the depth goes" :
			 "faults found, another bound: not judged by their names");
		return TGM_BOUNDED;
	}
	if (r->complete)
		snprintf(why, len, "not reached with %d tasks and %d CPUs", tgm_bound.tasks,
			 tgm_bound.cpus);
	else
		snprintf(why, len, "not reached within depth %d", r->depth);
	return TGM_BOUNDED;
}
