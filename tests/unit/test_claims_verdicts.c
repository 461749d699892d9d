/* SPDX-License-Identifier: GPL-2.0 */
/* Every verdict that each row of claims.def can have, from figures made for it, and no other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "claims_lab.h"
#include "sample_report.h"
#include "sample_runs.h"

static void note(bool *seen, const struct lab *l)
{
	seen[lab_answer(l)] = true;
}

/* Verdicts from made-up reports, as many as there are. */
static void collect(struct lab *l, bool *seen)
{
	note(seen, l);
	for (size_t i = 0; i < l->way.nr_parts; i++) {
		const struct tg_part *part = &l->way.parts[i];

		if (part->role == TG_ROLE_COST)
			continue;
		lab_aim(l, i, lab_bad(part), LAB_ERROR);
		note(seen, l);
		lab_all_good(l);
		if (lab_is_numeric(part) && strchr(part->inputs[0].name, '@')) {
			lab_aim(l, i, lab_good(part), 1e6);
			note(seen, l);
			lab_all_good(l);
		}
		if (part->rule == TG_RULE_TABLE) {
			l->report->figures[0].error = 1e6;
			note(seen, l);
			l->report->figures[0].error = LAB_ERROR;
		}
	}
	for (size_t i = 0; i < l->way.nr_parts; i++)
		if (l->way.parts[i].role == TG_ROLE_HOLDS)
			lab_aim(l, i, lab_bad(&l->way.parts[i]), LAB_ERROR);
	note(seen, l);
	lab_all_good(l);
	for (size_t i = 0; i < l->report->nr_counts; i++) {
		double value = l->report->counts[i].value;

		l->report->counts[i].value = strstr(l->report->counts[i].name, "control") ? 0 : 2;
		note(seen, l);
		l->report->counts[i].value = NAN;
		replace_text(&l->report->counts[i].reason, "no tracked CPU");
		note(seen, l);
		l->report->counts[i].value = value;
		replace_text(&l->report->counts[i].reason, NULL);
	}
	for (size_t i = 0; i < l->report->nr_histograms; i++) {
		l->report->histograms[i].nr_bins = 0;
		note(seen, l);
		replace_text(&l->report->histograms[i].reason, "no tracked CPU");
		note(seen, l);
	}
	for (size_t i = 0; i < l->report->nr_proofs; i++) {
		l->report->proofs[i].result = TG_PROOF_SKIPPED;
		replace_text(&l->report->proofs[i].reason, "no second CPU");
	}
	note(seen, l);
	for (size_t i = 0; i < l->report->nr_figures; i++)
		l->report->figures[i].unit = TG_UNIT_INSNS;
	note(seen, l);
	while (l->report->nr_counts)
		lab_drop(l->report, l->report->counts[0].name);
	while (l->report->nr_histograms)
		lab_drop(l->report, l->report->histograms[0].name);
	while (l->report->nr_proofs)
		lab_drop(l->report, l->report->proofs[0].name);
	while (l->report->nr_figures)
		lab_drop(l->report, l->report->figures[0].name);
	note(seen, l);
}

static void check_verdicts(const struct lab *l, const bool *seen)
{
	bool open = false, question = lab_is_question(l);

	/* a proof passes or fails; what is counted or measured may also not be resolved */
	for (size_t i = 0; i < l->way.nr_parts; i++)
		open |= l->way.parts[i].rule != TG_RULE_PROOFS &&
			l->way.parts[i].role != TG_ROLE_COST;
	for (int a = 0; a < TG_NR_ANSWERS; a++) {
		bool wanted = a == TG_HOLDS || a == TG_HOLDS_NOT ? !question :
			      a == TG_DEPENDS ? lab_has_cases(l, "") : a == TG_ANSWERED ? question :
			      a == TG_NOT_RESOLVED ? open : true;

		if (seen[a] != wanted)
			fail_msg("%s by way %d: '%s' %s", l->claim.id, l->way.by,
				 tg_answer_names[a], wanted ? "never came" : "came");
	}
}

static void every_verdict_of_every_row(void **state)
{
	(void)state;
	for (int i = 0; i < TG_NR_CLAIMS; i++) {
		for (size_t w = 0; w < tg_claims[i].nr_ways; w++) {
			bool seen[TG_NR_ANSWERS] = { false };
			struct lab l;

			lab_open(&l, &tg_claims[i], w);
			collect(&l, seen);
			check_verdicts(&l, seen);
			lab_close(&l);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verdict_of_every_row),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("verdicts of claims", tests, NULL, NULL) ? 1 : 0;
}
