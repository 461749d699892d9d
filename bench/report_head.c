/* SPDX-License-Identifier: GPL-2.0 */
/* The head of the text report: what was measured, where and how. */
#define _GNU_SOURCE	/* vasprintf() */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report_head.h"
#include "wrap.h"

/* Texts of the head start in this column. */
#define INDENT 13

static const char *known(const char *s)
{
	return s && *s ? s : "unknown";
}

void tg_say(FILE *out, const char *label, int indent, const char *fmt, ...)
{
	char *text, *ascii;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		return;
	ascii = tg_ascii(text);
	if (ascii)
		tg_wrap(out, label, indent, ascii);
	free(ascii);
	free(text);
}

/*
 * As tg_say(), but one line whatever comes: a mail quotes it, a script greps it.
 * What does not fit is counted; the JSON holds it all.
 */
static void say_line(FILE *out, const char *label, const char *fmt, ...)
{
	char *text, *ascii;
	size_t room = TG_COLUMNS - INDENT, len;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	ascii = tg_ascii(text);
	free(text);
	if (!ascii)
		return;
	len = strlen(ascii);
	while (len && ascii[len - 1] == ' ')
		ascii[--len] = 0;
	if (len <= room) {
		fprintf(out, "%-*s%s\n", INDENT, label, len ? ascii : "-");
	} else {
		room -= snprintf(NULL, 0, " ... (+%zu)", len);
		fprintf(out, "%-*s%.*s ... (+%zu)\n", INDENT, label, (int)room, ascii, len - room);
	}
	free(ascii);
}

static void say_quick(const struct tg_report *r, FILE *out)
{
	size_t quick = 0;

	for (size_t i = 0; i < r->nr_figures; i++)
		quick += r->figures[i].quick;
	if (quick)
		tg_say(out, "QUICK:", INDENT,
		       "fewer than %d rounds behind %zu figure%s: only a first look; more with --rounds N, or beside less other work",
		       TG_FULL_ROUNDS, quick, quick == 1 ? "" : "s");
}

static const char *after(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) ? s : s + len;
}

/* What kernel parameters and documentation call these files, where the line is short of room. */
static const char *brief_key(const char *key)
{
	static const char *const names[][2] = {
		{ "gather_data_sampling", "gds" },
		{ "indirect_target_selection", "its" },
		{ "itlb_multihit", "itlb" },
		{ "mmio_stale_data", "mmio" },
		{ "reg_file_data_sampling", "rfds" },
		{ "spec_rstack_overflow", "srso" },
		{ "spec_store_bypass", "ssb" },
		{ "tsx_async_abort", "taa" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(key, names[i][0]))
			return names[i][1];
	return key;
}

/*
 * One mitigation in a word: the file's name, then what the kernel does if one
 * word says it; "spectre_v1" alone is mitigated in a way that takes a sentence.
 * NULL when the CPU is not affected (or memory is short).
 */
static char *mitigation_word(const struct tg_pair *pair, bool brief)
{
	const char *key = brief ? brief_key(known(pair->key)) : known(pair->key);
	static const struct {
		const char *starts, *means;
	} known_texts[] = {
		{ "Enhanced", "eIBRS" },	/* "Enhanced / Automatic IBRS" */
		{ "Unknown", "Unknown" },
		{ "Vulnerable", "Vulnerable" },
		{ "Processor vulnerable", "Vulnerable" },
	};
	const char *text = pair->value ? pair->value : "";
	const char *means = NULL;
	size_t len;
	char *word;

	if (!strncmp(text, "Not affected", strlen("Not affected")))
		return NULL;
	text = after(after(text, "KVM: "), "Mitigation: ");
	len = strcspn(text, ";,");
	for (size_t i = 0; i < sizeof(known_texts) / sizeof(known_texts[0]); i++) {
		if (after(text, known_texts[i].starts) != text)
			means = known_texts[i].means;
	}
	if (means && brief && !strcmp(means, "Vulnerable"))
		means = "vuln";
	if (means) {
		text = means;
		len = strlen(means);
	}
	if (!len || memchr(text, ' ', len))
		len = 0;
	if (asprintf(&word, "%s%s%.*s", key, len ? "=" : "", (int)len, text) < 0)
		return NULL;
	return word;
}

/* The words of all mitigations; returns the columns that they take. */
static size_t list_mitigations(const struct tg_environment *env, bool brief, char **words,
			       size_t *nr)
{
	size_t columns = 0;

	*nr = 0;
	for (size_t i = 0; i < env->nr_mitigations; i++) {
		char *word = mitigation_word(&env->mitigations[i], brief);
		char *ascii = word ? tg_ascii(word) : NULL;

		free(word);
		if (!ascii)
			continue;
		columns += 1 + strlen(ascii);
		words[(*nr)++] = ascii;
	}
	return columns;
}

/* One line always: short names if the long do not fit, and what still does not is counted. */
static void say_mitigations(const struct tg_environment *env, FILE *out)
{
	int column = fprintf(out, "%-*s", INDENT - 1, "mitigations:");
	char **words = calloc(env->nr_mitigations + 1, sizeof(*words));
	size_t nr = 0, i;

	if (words && list_mitigations(env, false, words, &nr) > TG_COLUMNS - (INDENT - 1)) {
		for (i = 0; i < nr; i++)
			free(words[i]);
		list_mitigations(env, true, words, &nr);
	}
	for (i = 0; i < nr; i++) {
		int room = TG_COLUMNS - column - 1;

		/* Unless this is the last word, room must remain to count the rest. */
		if (i + 1 < nr)
			room -= snprintf(NULL, 0, " ... (+%zu)", nr - i - 1);
		if (room < 0 || strlen(words[i]) > (size_t)room)
			break;
		column += fprintf(out, " %s", words[i]);
	}
	if (i < nr)
		fprintf(out, " ... (+%zu)", nr - i);
	else if (!nr)
		fprintf(out, " %s", env->nr_mitigations ? "none needed" : "not reported");
	fputc('\n', out);

	for (i = 0; i < nr; i++)
		free(words[i]);
	free(words);
}

static void say_lane(const struct tg_report *r, FILE *out)
{
	const struct tg_environment *env = &r->env;
	char cpus[48];

	snprintf(cpus, sizeof(cpus), env->cpu_second < 0 ? "CPU %d" : "CPUs %d and %d",
		 env->cpu_pinned, env->cpu_second);
	say_line(out, "lane:", "%s, %s of %d, SMT %s, governor %s, %s",
		 tg_lane_names[r->lane], cpus, env->cpus, known(env->smt),
		 known(env->governor),
		 env->hypervisor && strcmp(env->hypervisor, "none") ? env->hypervisor :
		 "no hypervisor");
	if (env->qemu || env->qemu_cpu || env->accel || env->append)
		say_line(out, "guest:", "QEMU %s, -cpu %s, %s", known(env->qemu),
			 known(env->qemu_cpu), known(env->accel));
	if (env->append)
		tg_say(out, "append:", INDENT, "%s", env->append);
	if (env->kvm)
		say_line(out, "kvm:", "%s", env->kvm);
}

/* Reports from before there were counters say nothing of them. */
static void say_counters(const struct tg_report *r, FILE *out)
{
	if (r->env.counters)
		tg_say(out, "counters:", INDENT, "%s", r->env.counters);
}

/* "node 1, distance 20" */
static void node_text(char *text, size_t len, int node, int distance)
{
	if (node < 0)
		snprintf(text, len, "unknown node");
	else if (!distance)
		snprintf(text, len, "node %d, distance unknown", node);
	else
		snprintf(text, len, "node %d, distance %d", node, distance);
}

/* Where there is a choice: where the memory was, and the one that mem=remote meant. */
static void say_memory(const struct tg_environment *env, FILE *out)
{
	char here[48], far[48];

	if (env->nodes < 2)
		return;
	if (env->cpu_node < 0) {
		tg_say(out, "memory:", INDENT, "of %d nodes; which, this process may not know",
		       env->nodes);
		return;
	}
	node_text(here, sizeof(here), env->mem_node, env->mem_distance);
	node_text(far, sizeof(far), env->remote_node, env->remote_distance);
	tg_say(out, "memory:", INDENT, "%s, from the CPU's node %d of %d%s%s", here,
	       env->cpu_node, env->nodes, env->remote_node < 0 ? "" : "; remote: ",
	       env->remote_node < 0 ? "" : far);
}

static void say_plan(const struct tg_plan_info *plan, FILE *out)
{
	tg_say(out, "plan:", INDENT, "%d boot%s x %d round%s x %ld samples, %s%s%s%s", plan->boots,
	       plan->boots == 1 ? "" : "s", plan->rounds, plan->rounds == 1 ? "" : "s",
	       plan->samples, plan->tier && !strcmp(plan->tier, "patterns") ? "" : "tier ",
	       known(plan->tier), plan->quiet ? ", quiet mode " : "",
	       plan->quiet ? plan->quiet : "");
}

/* "imul 3.000, " or nothing where it was not measured. */
static void list_chain(FILE *list, const char *name, double ticks, double scale)
{
	if (isfinite(ticks))
		fprintf(list, "%s %.3f, ", name, ticks * scale);
}

/* The chains that calibrate, in the figures' unit where there is one. */
static void say_chains(const struct tg_calibration *cal, double scale, FILE *out)
{
	char *chains = NULL;
	size_t len;
	FILE *list = open_memstream(&chains, &len);

	if (!list)
		return;
	list_chain(list, "imul", cal->imul, scale);
	list_chain(list, "add", cal->add, scale);
	list_chain(list, "canary", cal->canary, scale);
	if (fclose(list))
		return;
	if (len)
		say_line(out, "chains:", "%.*s %s each", (int)len - 2, chains,
			 isfinite(cal->cycles_per_tick) ? "cycles" : "ticks");
	free(chains);
}

/* Which state of the core the figures are of, and what was left out for it. */
static void say_core(const struct tg_calibration *cal, FILE *out)
{
	char state[64] = "no state of its own";

	if (isfinite(cal->state))
		snprintf(state, sizeof(state), "FXRSTOR takes %.4g cycles", cal->state);
	say_line(out, "core:", "%s; %ld readings left out", state, cal->left_out);
}

static void say_calibration(const struct tg_report *r, FILE *out)
{
	const struct tg_calibration *cal = &r->cal;
	bool cycles = isfinite(cal->cycles_per_tick);
	double scale = cycles ? cal->cycles_per_tick : 1;
	char bracket[48] = "", clock[48] = "", error[32] = "unknown";

	if (isfinite(cal->error))
		snprintf(error, sizeof(error), "%.2g", cal->error);
	if (isfinite(r->env.tsc_mhz))
		snprintf(clock, sizeof(clock), ", %.4g GHz", scale * r->env.tsc_mhz / 1000);
	if (cycles)
		say_line(out, "calibration:", "%.5g +- %s cycles per TSC tick%s", scale, error,
			 clock);
	else
		say_line(out, "calibration:", "figures in %s",
			 cal->unit == TG_UNIT_INSNS ? "instructions" :
			 cal->unit == TG_UNIT_TSC ? "TSC ticks" : "core cycles");
	say_chains(cal, scale, out);
	if (isfinite(cal->bracket) || cal->tsc_step) {
		if (isfinite(cal->bracket))
			snprintf(bracket, sizeof(bracket), ", empty bracket %.4g ticks",
				 cal->bracket);
		say_line(out, "clock:", "TSC %.4g MHz in steps of %ld%s",
			 isfinite(r->env.tsc_mhz) ? r->env.tsc_mhz : 0, cal->tsc_step, bracket);
	}
	if (isfinite(cal->state) || cal->left_out)
		say_core(cal, out);
	if (cal->note && *cal->note)
		tg_say(out, "note:", INDENT, "%s", cal->note);
	if (!cal->witness)
		tg_say(out, "note:", INDENT, "interrupts do not show in ring 3 on this CPU: "
		       "@r3 figures may hold some, and none is counted as discarded");
}

/* What the column says and what it does not. */
static void say_errors(const struct tg_report *r, FILE *out)
{
	if (r->cal.unit != TG_UNIT_INSNS)
		say_line(out, "errors:", "95 %%, over this run's rounds; two runs may differ by more");
}

static void say_insns(const struct tg_report *r, FILE *out)
{
	for (size_t i = 0; i < r->nr_figures; i++) {
		if (r->figures[i].unit != TG_UNIT_INSNS)
			continue;
		if (r->env.cpus > 1)
			tg_say(out, "insns:", INDENT,
			       "instructions under QEMU -icount, on one counter for all %d CPUs: "
			       "exact where the error is 0, never cycles", r->env.cpus);
		else
			tg_say(out, "insns:", INDENT,
			       "instructions under QEMU -icount: exact counts, never cycles");
		return;
	}
}

/* Proofs come from no clock, rounds or plan: nothing was measured. */
static bool has_proofs_alone(const struct tg_report *r)
{
	return r->nr_proofs && !r->nr_figures;
}

static void say_proofs(const struct tg_report *r, FILE *out)
{
	size_t nr[3] = { 0 };

	for (size_t i = 0; i < r->nr_proofs; i++)
		nr[r->proofs[i].result]++;
	say_line(out, "proofs:", "%zu passed, %zu failed, %zu skipped", nr[TG_PROOF_PASSED],
		 nr[TG_PROOF_FAILED], nr[TG_PROOF_SKIPPED]);
}

void tg_report_head(const struct tg_report *r, FILE *out)
{
	const struct tg_environment *env = &r->env;

	tg_say(out, "", 0, "Tollgate %s report, lane %s, %s", known(r->tollgate),
	       tg_lane_names[r->lane], known(env->date));
	say_quick(r, out);
	say_line(out, "CPU:", "%s (%s %d/%d/%d)%s%s", known(env->cpu), known(env->vendor),
		 env->family, env->model, env->stepping,
		 strcmp(known(env->core_type), "one kind") ? ", kind of core: " : "",
		 strcmp(known(env->core_type), "one kind") ? known(env->core_type) : "");
	say_line(out, "microcode:", "%s", known(env->microcode));
	say_line(out, "kernel:", "%s %s", known(env->kernel), known(env->kernel_build));
	say_line(out, "cmdline:", "%s", env->cmdline ? env->cmdline : "unknown");
	say_mitigations(env, out);
	say_lane(r, out);
	say_counters(r, out);
	say_memory(env, out);
	if (has_proofs_alone(r)) {
		if (r->cal.note && *r->cal.note)
			tg_say(out, "note:", INDENT, "%s", r->cal.note);
		say_proofs(r, out);
		return;
	}
	say_plan(&r->plan, out);
	say_calibration(r, out);
	say_errors(r, out);
	say_insns(r, out);
}
