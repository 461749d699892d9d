// SPDX-License-Identifier: GPL-2.0
/* tollgate model: the searches of frame.enough, told, and their proof. */
#include <errno.h>
#include <string.h>

#include "engine.h"
#include "exit.h"
#include "frame_proof.h"
#include "model_command.h"

#define MOST_LEFT_OUT	8

static const char lacks[] =
	"context switches and other tasks for real, TF, AC, NT and RF, addresses that are not "
	"canonical, 32-bit tasks, interrupts of the entry itself";

/* What the assembler left out of any of the entries, each once. */
static void say_left_out(char *buf, size_t len)
{
	const char *insns[MOST_LEFT_OUT];
	const struct tgp_code *code;
	size_t n = 0, at = 0;

	for (code = tgp_codes; code < tgp_codes_end; code++) {
		const char *of_code[MOST_LEFT_OUT];
		size_t nr = tg_left_out(code->code, of_code, MOST_LEFT_OUT), i;

		for (size_t k = 0; k < nr; k++) {
			for (i = 0; i < n && strcmp(insns[i], of_code[k]); i++)
				;
			if (i == n && n < MOST_LEFT_OUT)
				insns[n++] = of_code[k];
		}
	}
	*buf = '\0';
	for (size_t i = 0; i < n && at < len; i++)
		at += snprintf(buf + at, len - at, "%s%s", i ? ", " : "", insns[i]);
}

static void tell(const struct tgp_search *s, const struct tgp_result *r, bool passed)
{
	printf("%s: %s, %zu calls, %zu slow paths, %.1f s\n", s->name,
	       !passed ? "NOT AS EXPECTED" : r->lost ? "faults as expected" : "no fault",
	       r->calls, r->seen, r->seconds);
	printf("  %s\n", s->what);
	for (int i = 0; i < TG_NR_REGS; i++) {
		const struct tgp_fault *f = &r->fault[i];

		if (!f->times)
			continue;
		printf("  fault %s, %s in %zu calls:\n", tg_reg_names[i],
		       f->differs ? "not the same (is) as with RESTORE (must)" : "lost", f->times);
		tgp_tell(stdout, "    ", &f->shortest, &f->seen);
	}
	for (int i = 0; i < TG_NR_REGS && !passed; i++)
		if (s->lost & ~r->lost & (1U << i))
			printf("  %s is not lost, and must be\n", tg_reg_names[i]);
}

int tgm_search_frames(struct tgm_options *o, char *err, size_t errlen)
{
	static struct tgp_result r;
	char left_out[128], limits[512], bound[160], failed[128] = "";
	size_t calls = 0;
	int steps = TGP_STEPS, chosen = 0;
	bool passed;

	if (o->depth && o->depth < steps)
		steps = o->depth;
	for (int i = 0; i < tgp_nr_searches; i++) {
		const struct tgp_search *s = &tgp_searches[i];

		if (!tgm_is_chosen(o, s->name))
			continue;
		if (tgp_search(s, steps, &r)) {
			if (errno == EINTR)
				return TG_EXIT_INTERRUPTED;
			snprintf(err, errlen, "frame: arch_prctl(): %s", strerror(errno));
			return TG_EXIT_FAILED;
		}
		passed = tgp_as_expected(s, &r);
		tell(s, &r, passed);
		if (!passed && !*failed)
			snprintf(failed, sizeof(failed), "%s did not end as it must", s->name);
		chosen++;
		calls += r.calls;
	}
	if (!chosen)
		return TG_EXIT_OK;
	say_left_out(left_out, sizeof(left_out));
	snprintf(limits, sizeof(limits), "ring 3 without %s; %s", left_out, lacks);
	printf("frame.enough: %s, %zu calls; left out:\n",
	       *failed ? "FAILED" : chosen < tgp_nr_searches || steps < TGP_STEPS ?
	       "a part was searched, which proves nothing" : "proved", calls);
	tgm_print_wrapped("  ", limits);
	snprintf(bound, sizeof(bound), "every sequence of at most %d of %d slow paths in one call, "
		 "%d users, SYSRET and IRET", steps, tgp_nr_slow_paths, TGP_USERS);
	o->failed |= *failed != '\0';
	const struct tgm_proof proof = {
		"frame.enough", !*failed, chosen < tgp_nr_searches || steps < TGP_STEPS,
		calls, bound, limits, failed
	};
	if (!tgm_add_any_proof(o, &proof))
		return TG_EXIT_OK;
	snprintf(err, errlen, "out of memory");
	return TG_EXIT_IO;
}
