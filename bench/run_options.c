// SPDX-License-Identifier: GPL-2.0
/* What `tollgate run` takes, and what it refuses before anything is looked at. */
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "run.h"

enum { OPT_LANE = 256, OPT_ROUNDS, OPT_SAMPLES, OPT_CPU, OPT_MEM_NODE, OPT_KERNEL, OPT_BOOTS,
       OPT_FULL, OPT_QUICK, OPT_QUIET, OPT_JSON, OPT_BUILD, OPT_ACCEL, OPT_QEMU_CPU, OPT_APPEND,
       OPT_NO_ICOUNT, OPT_ICOUNT, OPT_ENV_QEMU, OPT_ENV_QEMU_CPU, OPT_ENV_ACCEL, OPT_ENV_APPEND,
       OPT_ENV_KVM, OPT_MEM, OPT_SMP, OPT_NUMA };

#define APPEND_MAX	1024	/* bytes; the kernel's own words need room, too */

#define TEXT(macro)	#macro
#define NUMBER(macro)	TEXT(macro)

static const struct argp_option options[] = {
	{ "lane", OPT_LANE, "LANE", 0,
	  "user: ring 3 on this machine (default); vm: boot a kernel with the module under "
	  "QEMU; host: ring 0 and ring 3 here, module loaded", 0 },
	{ "rounds", OPT_ROUNDS, "N", 0,
	  "Rounds, each a fresh process (default " NUMBER(TG_ROUNDS_DEFAULT) ", what repeats well in "
	  "every third; lane vm with tcg " NUMBER(TG_ROUNDS_ICOUNT) ")", 0 },
	{ "samples", OPT_SAMPLES, "N", 0,
	  "Samples of each series a round (default " NUMBER(TG_SAMPLES_ROUND) ", fewer where they "
	  "are dear; lane vm with tcg " NUMBER(TG_SAMPLES_ICOUNT) ")", 0 },
	{ "cpu", OPT_CPU, "N", 0,
	  "CPU to measure on, or nodeN: one of that node's (default: the highest allowed, and "
	  "another one of its node in turn)", 0 },
	{ "mem-node", OPT_MEM_NODE, "N", 0,
	  "Node on which all memory that is measured lies, checked afterwards (default: the "
	  "CPU's, or the nearest with memory; the farthest other one for mem=remote)", 0 },
	{ "kernel", OPT_KERNEL, "K", 0,
	  "Lane vm: 6.1, 6.12 (default), 7.3, ... with -cloud (default), -amd64 or -rt; a release "
	  "as of uname -r; or the path of a bzImage (with a slash)", 0 },
	{ "build", OPT_BUILD, "TREE", 0,
	  "Lane vm: what modules for that bzImage are built against: its built source tree (default: "
	  "the one it lies in), or its headers", 0 },
	{ "accel", OPT_ACCEL, "A", 0,
	  "Lane vm: tcg counts instructions; kvm measures cycles, where a probe finds its ring 0 "
	  "native; auto (default) is kvm there and tcg elsewhere", 0 },
	{ "qemu-cpu", OPT_QEMU_CPU, "MODEL", 0,
	  "Lane vm: CPU model and flags, MODEL[,+flag][,-flag] (default: all there is)", 0 },
	{ "append", OPT_APPEND, "WORDS", 0, "Lane vm: more words for the kernel's command line", 0 },
	{ "boots", OPT_BOOTS, "N", 0, "Lane vm: boots, each with all its rounds (default 1)", 0 },
	{ "mem", OPT_MEM, "MIB", 0, "Lane vm: memory of the guest (default 512, or 256 a node)", 0 },
	{ "smp", OPT_SMP, "N", 0, "Lane vm: CPUs of the guest (default 1)", 0 },
	{ "numa", OPT_NUMA, "N", 0,
	  "Lane vm: nodes of the guest, which share its CPUs and memory evenly (default 1)", 0 },
	{ "full", OPT_FULL, NULL, 0, "All experiments, not the CORE tier alone", 0 },
	{ "quick", OPT_QUICK, NULL, 0,
	  NUMBER(TG_ROUNDS_QUICK) " rounds of " NUMBER(TG_SAMPLES_QUICK) " samples, marked quick "
	  "(lane vm with tcg is quick as it is)", 0 },
	{ "quiet", OPT_QUIET, "MODE", 0,
	  "Ring 0: what keeps interrupts out: tpr, cli or none", 0 },
	{ "events", 'e', "LIST", 0,
	  "Count these events too, NAME,NAME...: of libpfm4 (list --events), or PMU/terms/ as "
	  "in msr/tsc/; :u or :k behind a name: in user or kernel mode alone; none: not even "
	  "core cycles, which are counted wherever that is possible", 0 },
	{ "output", 'o', "DIR", 0,
	  "Directory for report.json and report.txt, which are replaced (default: a new one "
	  "in results/local)", 0 },
	{ "json", OPT_JSON, "FILE", OPTION_HIDDEN, NULL, 0 },
	{ "no-icount", OPT_NO_ICOUNT, NULL, OPTION_HIDDEN, NULL, 0 },
	{ "icount", OPT_ICOUNT, NULL, OPTION_HIDDEN, NULL, 0 },
	{ "env-qemu", OPT_ENV_QEMU, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-qemu-cpu", OPT_ENV_QEMU_CPU, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-accel", OPT_ENV_ACCEL, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-append", OPT_ENV_APPEND, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ "env-kvm", OPT_ENV_KVM, "TEXT", OPTION_HIDDEN, NULL, 0 },
	{ 0 }
};

/* A whole number within limits, or the end with a line that names them. */
static long number(struct argp_state *state, const char *name, const char *text, long min,
		   long max)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max)
		tg_bad_usage(state,
			     "--%s '%s' is not allowed; allowed: a whole number from %ld to %ld",
			     name, text, min, max);
	return v;
}

/* --cpu: a CPU's number, or the word node and a node's. */
static void parse_cpu(struct argp_state *state, const char *text, struct tg_options *o)
{
	bool node = !strncmp(text, "node", 4);
	const char *digits = node ? text + 4 : text;
	char *end;
	long n = strtol(digits, &end, 10);

	if (!isdigit((unsigned char)*digits) || *end || n > TG_CPU_MAX)
		tg_bad_usage(state, "--cpu '%s' is not allowed; allowed: a CPU's number or nodeN, up to %d",
			     text, TG_CPU_MAX);
	o->cpu = node ? -1 : n;
	o->cpu_node = node ? n : -1;
}

/* Lane vm: what the guest will not have, named before it boots. */
static void check_guest(struct argp_state *state, const struct tg_options *o)
{
	int smp = o->smp ? o->smp : 1, numa = o->numa ? o->numa : 1;

	if (smp % numa)
		tg_bad_usage(state, "--smp %d does not split evenly into --numa %d; allowed: a multiple of %d",
			     smp, numa, numa);
	if (o->cpu >= smp)
		tg_bad_usage(state, "--cpu %d: the guest has --smp %d; allowed: 0 to %d", o->cpu,
			     smp, smp - 1);
	if (o->cpu_node >= numa)
		tg_bad_usage(state, "--cpu node%d: the guest has --numa %d; allowed: node0 to node%d",
			     o->cpu_node, numa, numa - 1);
	if (o->mem_node >= numa)
		tg_bad_usage(state, "--mem-node %d: the guest has --numa %d; allowed: 0 to %d",
			     o->mem_node, numa, numa - 1);
}

/* The index of text in a list of words, or the end with the list. */
static int word(struct argp_state *state, const char *name, const char *text,
		const char *const *words, int n)
{
	char allowed[128] = "";
	int i;

	for (i = 0; i < n; i++) {
		if (!strcmp(text, words[i]))
			return i;
		snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), " %s",
			 words[i]);
	}
	tg_bad_usage(state, "--%s '%s' is not allowed; allowed:%s", name, text,
		     allowed);
	return -1;
}

/* What a guest gets of --append: one line of text, and not all of the kernel's. */
static const char *kernel_words(struct argp_state *state, const char *text)
{
	size_t i, len = strlen(text);

	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			tg_bad_usage(state, "--append: byte 0x%02x at position %zu is not allowed; allowed: printable ASCII",
				     (unsigned char)text[i], i);
	if (!len || len > APPEND_MAX)
		tg_bad_usage(state, "--append of %zu bytes is not allowed; allowed: 1 to " NUMBER(APPEND_MAX),
			     len);
	return text;
}

/* The first option given that is about lane vm's machine; NULL: none. */
static const char *vm_option(const struct tg_options *o)
{
	return o->kernel ? "kernel" : o->boots ? "boots" : o->build ? "build" :
	       o->vm_accel >= 0 ? "accel" : o->vm_cpu ? "qemu-cpu" :
	       o->vm_append ? "append" : o->mem ? "mem" :
	       o->smp ? "smp" : o->numa ? "numa" : NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const accels[] = { "auto", "kvm", "tcg" };
	static const char *const quiets[] = TG_QUIET_NAMES;
	struct tg_options *o = state->input;

	switch (key) {
	case OPT_LANE:
		o->lane = word(state, "lane", arg, tg_lane_names, TG_NR_LANES);
		return 0;
	case OPT_ROUNDS:
		o->rounds = number(state, "rounds", arg, 1, TG_ROUNDS_MAX);
		return 0;
	case OPT_SAMPLES:
		o->samples = number(state, "samples", arg, TG_SAMPLES_MIN, TG_SAMPLES_MAX);
		return 0;
	case OPT_CPU:
		parse_cpu(state, arg, o);
		return 0;
	case OPT_MEM_NODE:
		o->mem_node = number(state, "mem-node", arg, 0, TG_CPU_MAX);
		return 0;
	case OPT_SMP:
		o->smp = number(state, "smp", arg, 1, TG_SMP_MAX);
		return 0;
	case OPT_NUMA:
		o->numa = number(state, "numa", arg, 1, TG_NUMA_MAX);
		return 0;
	case OPT_KERNEL:
		o->kernel = arg;
		return 0;
	case OPT_BOOTS:
		o->boots = number(state, "boots", arg, 1, TG_BOOTS_MAX);
		return 0;
	case OPT_MEM:
		o->mem = number(state, "mem", arg, 1, 9999999);
		return 0;
	case OPT_FULL:
		o->full = true;
		return 0;
	case OPT_QUICK:
		o->quick = true;
		return 0;
	case OPT_QUIET:
		o->quiet = quiets[word(state, "quiet", arg, quiets, TG_NR_QUIET)];
		return 0;
	case 'e':
		if (!*arg)
			tg_bad_usage(state, "-e '' is not allowed; allowed: NAME,NAME... (tollgate list --events), or none");
		o->events = arg;
		return 0;
	case 'o':
		if (!*arg)
			tg_bad_usage(state, "-o '' is not allowed; allowed: a directory");
		o->output = arg;
		return 0;
	case OPT_JSON:
		o->json = arg;
		return 0;
	case OPT_ICOUNT:
		o->icount = true;
		return 0;
	case OPT_BUILD:
		if (!*arg)
			tg_bad_usage(state, "--build '' is not allowed; allowed: a directory");
		o->build = arg;
		return 0;
	case OPT_ACCEL:
		o->vm_accel = word(state, "accel", arg, accels, TG_NR_ACCELS);
		return 0;
	case OPT_QEMU_CPU:
		if (!*arg)
			tg_bad_usage(state, "--qemu-cpu '' is not allowed; allowed: MODEL[,+flag][,-flag]");
		o->vm_cpu = arg;
		return 0;
	case OPT_APPEND:
		o->vm_append = kernel_words(state, arg);
		return 0;
	case OPT_NO_ICOUNT:
		o->vm_no_icount = true;
		return 0;
	case OPT_ENV_QEMU:
		o->qemu = arg;
		return 0;
	case OPT_ENV_QEMU_CPU:
		o->qemu_cpu = arg;
		return 0;
	case OPT_ENV_ACCEL:
		o->accel = arg;
		return 0;
	case OPT_ENV_APPEND:
		o->append = arg;
		return 0;
	case OPT_ENV_KVM:
		o->kvm = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->patterns = state->argv + state->next;
		o->nr_patterns = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->lane != TG_LANE_VM && vm_option(o))
			tg_bad_usage(state, "--%s needs --lane vm", vm_option(o));
		if (o->build && (!o->kernel || !strchr(o->kernel, '/')))
			tg_bad_usage(state, "--build needs --kernel path/to/bzImage (a name with a slash), whose tree it is");
		/* in the guest, which has a report to write, these say what there is */
		if (o->lane == TG_LANE_VM && !o->json)
			check_guest(state, o);
		if (o->lane == TG_LANE_USER && o->quiet)
			tg_bad_usage(state,
				     "--quiet is about ring 0: it needs --lane vm or host");
		if (!o->kernel)
			o->kernel = "6.12";
		if (!o->boots)
			o->boots = 1;
		if (o->vm_accel < 0)
			o->vm_accel = TG_ACCEL_AUTO;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

void tg_run_options(int argc, char **argv, struct tg_options *o)
{
	static const struct argp argp = {
		options, parse, "[PATTERN...]",
		"Measures and writes a report.\vA PATTERN is a full name or a glob over names; "
		"without '@' it matches every ring of the lane. Without any, the CORE tier runs.",
		NULL, NULL, NULL
	};

	*o = (struct tg_options){ .cpu = -1, .cpu_node = -1, .mem_node = -1, .vm_accel = -1 };
	tg_arguments(&argp, argc, argv, o);
}
