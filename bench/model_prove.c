// SPDX-License-Identifier: GPL-2.0
/* The proofs of `tollgate model`, and the report that holds them. */
#include <stdlib.h>
#include <string.h>

#include <tollgate/uapi.h>

#include "exit.h"
#include "model_command.h"
#include "output.h"
#include "place.h"
#include "run.h"

static const char limits[] =
	"contents of registers, XSAVE formats, #MF, 32-bit frames, nested signals, CPU hotplug, "
	"a guest's own PKRU, memory of a task that runs elsewhere";

static const char partial[] =
	"a part was searched; a proof takes all, without --variant, --depth, --tasks and --cpus";

int tgm_add_any_proof(struct tgm_options *o, const struct tgm_proof *proof)
{
	struct tg_report *r = o->report;
	struct tg_proof *p;

	if (!r)
		return 0;
	p = realloc(r->proofs, (r->nr_proofs + 1) * sizeof(*p));
	if (!p)
		return -1;
	r->proofs = p;
	p += r->nr_proofs++;
	p->name = strdup(proof->name);
	p->result = !proof->passed ? TG_PROOF_FAILED :
		    proof->partial ? TG_PROOF_SKIPPED : TG_PROOF_PASSED;
	p->bound = strdup(proof->bound);
	p->states = proof->states;
	p->limits = strdup(proof->limits);
	if (p->result != TG_PROOF_PASSED)
		p->reason = strdup(proof->passed ? partial : proof->reason);
	else
		p->reason = NULL;
	return p->name && p->bound && p->limits &&
	       (p->result == TG_PROOF_PASSED || p->reason) ? 0 : -1;
}

int tgm_add_proof(struct tgm_options *o, const char *name, bool passed, size_t states,
		     const char *bound, const char *reason)
{
	const struct tgm_proof proof = { name, passed, o->partial, states, bound, limits, reason };

	return tgm_add_any_proof(o, &proof);
}

bool tgm_found(const struct tgm_run *run, const struct tgm_result *r, const char *name)
{
	const size_t len = strlen(name);
	char word[48];

	for (int i = 0; i < r->nr_faults; i++) {
		tgm_fault_name(run, &r->faults[i], word, sizeof(word));
		if (!strncmp(word, name, len) && (!word[len] || word[len] == '/'))
			return true;
	}
	return false;
}

/* A proof that this fault is found; of a part, bounded, it is skipped whether it was or not. */
static int add_found(struct tgm_options *o, const struct tgm_run *run, const struct tgm_result *r,
		     const char *name, const char *fault, const char *bound)
{
	char reason[96];

	snprintf(reason, sizeof(reason), "%s was not found in %s", fault, run->name);
	return tgm_add_proof(o, name, o->partial || tgm_found(run, r, fault), r->states, bound,
			     reason);
}

int tgm_add_proofs(struct tgm_options *o, const struct tgm_run *run,
		      const struct tgm_result *r, bool passed, const char *why)
{
	char name[96], bound[96];
	int rc = 0;

	snprintf(bound, sizeof(bound), "%d tasks, %d CPUs, %s%d", tgm_bound.tasks, tgm_bound.cpus,
		 r->complete ? "all states, depth " : "depth ", r->depth);
	if (run->kind == TGM_OURS) {
		snprintf(name, sizeof(name), "fpu.states/%s", run->name + strlen("ours/"));
		rc |= tgm_add_proof(o, name, passed, r->states, bound, why);
		if (!strcmp(run->name, "ours/deferred_skip_owner/regs"))
			rc |= tgm_add_proof(o, "fpu.guest/deferred_skip_owner", passed, r->states,
					bound, why);
		if (!strcmp(run->name, "ours/deferred_skip/regs"))
			rc |= tgm_add_proof(o, "fpu.signal/ours", passed, r->states, bound, why);
	}
	if (run->kind == TGM_POSTED) {
		snprintf(name, sizeof(name), "%s/%s",
			 run->posted.level >= 4 ? "fpu.broken" : "fpu.posted",
			 run->name + strlen("posted/"));
		rc |= tgm_add_proof(o, name, passed, r->states, bound, why);
		if (!strcmp(run->name, "posted/1-2/pkru-frames"))
			rc |= add_found(o, run, r, "fpu.pkru/deferred-by-1-2", "pkru:FINISH2",
					bound);
		if (!strcmp(run->name, "posted/v4.8/pkru-frames"))
			rc |= add_found(o, run, r, "fpu.gup/v4.8", "pkru:REMOTE", bound);
		if (!strcmp(run->name, "posted/1-4/regs-small"))
			rc |= add_found(o, run, r, "fpu.signal/posted", "saves:SAVE", bound);
	}
	return rc;
}

int tgm_save_report(struct tgm_options *o, char *err, size_t errlen)
{
	char path[4096];

	if (tg_make_dirs(o->output, err, errlen))
		return TG_EXIT_IO;
	snprintf(path, sizeof(path), "%s/report.json", o->output);
	if (tg_report_save(o->report, path, err, errlen))
		return TG_EXIT_IO;
	snprintf(path, sizeof(path), "%s/report.txt", o->output);
	return tg_report_save_text(o->report, path, err, errlen) ? TG_EXIT_IO : TG_EXIT_OK;
}

struct tg_report *tgm_new_report(void)
{
	struct tg_report *r = tg_report_new();

	if (!r)
		return NULL;
	free(r->tollgate);
	r->tollgate = strdup(TG_VERSION);
	tg_sysinfo(&r->env, 0);
	free(r->env.core_type);
	r->env.core_type = strdup(tg_core_type());
	r->lane = TG_LANE_USER;
	r->cal.unit = TG_UNIT_TSC;
	r->cal.tsc_step = 1;
	free(r->cal.note);
	r->cal.note = strdup("nothing was measured: proofs alone");
	free(r->plan.tier);
	r->plan.tier = strdup("patterns");
	r->plan.boots = r->plan.rounds = 1;
	r->plan.samples = 1;
	return r;
}
