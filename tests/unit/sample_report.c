/* SPDX-License-Identifier: GPL-2.0 */
/* Reports made in memory, for tests. Memory that runs short ends the test. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sample_report.h"
#include "stats.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

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

/* The nearest number that JSON keeps: of ten digits. */
static double ten_digits(double v)
{
	char digits[40];

	snprintf(digits, sizeof(digits), "%.10g", v);
	return strtod(digits, NULL);
}

static void mitigation(struct tg_report *r, const char *key, const char *value)
{
	struct tg_environment *env = &r->env;

	env->mitigations = must(reallocarray(env->mitigations, env->nr_mitigations + 1,
					     sizeof(*env->mitigations)));
	env->mitigations[env->nr_mitigations].key = text(key);
	env->mitigations[env->nr_mitigations++].value = text(value);
}

static void left_out(struct tg_figure *f, const char *what)
{
	f->left_out = must(reallocarray(f->left_out, f->nr_left_out + 1, sizeof(*f->left_out)));
	f->left_out[f->nr_left_out++] = text(what);
}

static void counted(struct tg_figure *f, const char *name, double user, double kernel,
		    const char *reason)
{
	struct tg_event_figure *c;

	f->events = must(reallocarray(f->events, f->nr_events + 1, sizeof(*f->events)));
	c = &f->events[f->nr_events++];
	*c = (struct tg_event_figure){
		.name = text(name), .value = ten_digits(user + kernel), .user = user,
		.kernel = kernel, .error = isnan(user + kernel) ? NAN : 0.25,
		.reason = reason ? text(reason) : NULL,
	};
}

static struct tg_figure *measured(struct tg_report *r, const char *name, const char *method,
				  double value, double error)
{
	struct tg_figure *f = must(tg_report_add(r));

	f->name = text(name);
	f->method = text(method);
	f->unit = r->cal.unit;
	f->value = value;
	f->error = error;
	f->ns = f->unit == TG_UNIT_INSNS ? NAN : ten_digits(value * 0.277);
	f->status = fabs(value) < error ? TG_NOT_RESOLVABLE : TG_OK;
	f->nr_rounds = (size_t)r->plan.rounds;
	f->rounds = must(calloc(f->nr_rounds, sizeof(*f->rounds)));
	for (size_t i = 0; i < f->nr_rounds; i++) {
		f->rounds[i].value = ten_digits(value + error * (double)(i % 5) / 4);
		f->rounds[i].median = ten_digits(value + error);
	}
	f->samples = (long)f->nr_rounds * r->plan.samples;
	return f;
}

static void unmeasured(struct tg_report *r, const char *name, enum tg_status status,
		       const char *reason)
{
	struct tg_figure *f = must(tg_report_add(r));

	f->name = text(name);
	f->method = text("REARM");
	f->unit = r->cal.unit;
	f->status = status;
	f->reason = text(reason);
}

static struct tg_report *sample_head(void)
{
	struct tg_report *r = must(tg_report_new());

	r->tollgate = text("0.1");
	r->env.date = text("2026-01-31T12:00:00Z");
	r->env.cpu = text("Example(R) Processor 8400 CPU @ 2.60GHz");
	r->env.vendor = text("GenuineIntel");
	r->env.family = 6;
	r->env.model = 143;
	r->env.stepping = 8;
	r->env.core_type = text("one kind");
	r->env.microcode = text("0x2b000590");
	r->env.kernel = text("6.1.0-30-amd64");
	r->env.kernel_build = text("#1 SMP PREEMPT_DYNAMIC Debian 6.1.124-1 (2025-01-12)");
	r->env.cmdline = text("console=ttyS0 quiet mitigations=auto isolcpus=3");
	mitigation(r, "itlb_multihit", "KVM: Mitigation: VMX disabled");
	mitigation(r, "l1tf", "Not affected");
	mitigation(r, "meltdown", "Not affected");
	mitigation(r, "mmio_stale_data", "Vulnerable: Clear CPU buffers attempted, no microcode");
	mitigation(r, "spec_store_bypass", "Vulnerable");
	mitigation(r, "spectre_v1",
		   "Mitigation: usercopy/swapgs barriers and __user pointer sanitization");
	mitigation(r, "spectre_v2", "Mitigation: Enhanced / Automatic IBRS; IBPB: conditional");
	r->env.hypervisor = text("KVMKVMKVM");
	r->env.cpus = 4;
	r->env.cpu_pinned = 3;
	r->env.cpu_second = 2;
	r->env.nodes = 2;
	r->env.cpu_node = 1;
	r->env.mem_node = 1;
	r->env.mem_distance = 10;
	r->env.remote_node = 0;
	r->env.remote_distance = 21;
	r->env.governor = text("none");
	r->env.smt = text("notsupported");
	r->env.tsc_mhz = 2600;
	r->plan.boots = 1;
	r->plan.rounds = 20;
	r->plan.samples = 1000;
	r->plan.tier = text("core");
	return r;
}

struct tg_report *sample_user(void)
{
	static const char no_module[] = "needs the module: ring 0";
	struct tg_report *r = sample_head();
	struct tg_figure *f;

	r->cal.unit = TG_UNIT_CYCLES;
	r->cal.cycles_per_tick = 1.38498;
	r->cal.error = 0.00031;
	r->cal.imul = 2.1661;
	r->cal.add = 0.72203;
	r->cal.canary = 0.181;
	r->cal.bracket = 44;
	r->cal.state = 184.75;
	r->cal.entry = 410.5;
	r->cal.left_out = 17;
	r->cal.tsc_step = 2;
	r->cal.witness = true;
	r->cal.note = text("no performance counters here: cycles by the imul chain");
	r->cal.counter = text("cycles");
	r->env.counters = text("cpu: 8 general and 4 fixed, 48 bits; rdpmc 1, perf_event_paranoid 2");

	f = measured(r, "insn/mfence@r3", "SLOPE", 38.12, 0.07);
	f->discarded = 12;
	counted(f, "cycles", 38.25, 0, NULL);
	counted(f, "instructions", 1, 0.5, NULL);
	measured(r, "insn/lfence@r3", "SLOPE", 12.06, 0.013);
	measured(r, "insn/nop@r3", "SLOPE", 0.01, 0.04);
	measured(r, "insn/cpuid@r3", "SLOPE", 71234.5, 812)->exits = true;
	f = measured(r, "crossing/syscall@r3", "LOOP", 291.3, 0.52);
	f->discarded = 1234;
	counted(f, "cycles", 20.5, 271, NULL);
	counted(f, "instructions", 12, NAN, "kernel mode needs root");
	measured(r, "crossing/fault:zero@r3", "EVENT", 3006.1, 41)->samples = 2000;
	r->figures[r->nr_figures - 1].disturbed = 99;
	measured(r, "fpu/xsavec@r3", "REARM", 75.25, 0.3);
	measured(r, "fpu/xsaveopt:avx512:unmodified@r3", "REARM", 119.02, 0.44);
	measured(r, "fpu/xsavec:avx512:unmodified:misaligned@r3", "REARM", 169.5, 1.2);
	f = measured(r, "irq/cli@r3", "SLOPE", 0.251, 0.002);
	left_out(f, "cli");
	f = measured(r, "frame/point:full:sti:iret@r3", "LOOP", 31.5, 0.25);
	left_out(f, "sti");
	left_out(f, "iretq");
	unmeasured(r, "irq/cli@r0", TG_SKIPPED, no_module);
	unmeasured(r, "irq/popf:flip@r0", TG_SKIPPED, no_module);
	unmeasured(r, "insn/mov_cr2@r0", TG_SKIPPED, no_module);
	unmeasured(r, "frame/point:full:sti:iret@cross", TG_SKIPPED, no_module);
	unmeasured(r, "fpu/xsaveopt:avx512:unmodified@r0", TG_SKIPPED, no_module);
	unmeasured(r, "fpu/xsave:amx:dirty@r3", TG_REFUSED,
		   "the kernel did not permit AMX to this task (arch_prctl, ARCH_REQ_XCOMP_PERM): Operation not permitted");
	unmeasured(r, "crossing/signal@r3", TG_FAILED, "3 of 1000 handlers did not run");
	sample_count(r, "ctx.hole", 17, NULL);
	sample_count(r, "ctx.hole/control", NAN, "no tracked CPU");
	sample_histogram(r, "ctx.once", (struct tg_bin[]){ { 1, 1000 }, { 2.5, 3 } }, 2, NULL);
	sample_histogram(r, "ctx.twice", NULL, 0, "no tracked CPU");
	sample_proof(r, "fpu.states", TG_PROOF_PASSED, NULL);
	sample_proof(r, "fpu.gup", TG_PROOF_FAILED, "task 1 reads with the PKRU of task 2");
	sample_proof(r, "fpu.test", TG_PROOF_SKIPPED, "no second CPU");
	return r;
}

struct tg_report *sample_claims(void)
{
	static const char *const cheap[] = {
		"gs/rdfsbase@r3", "gs/wrfsbase@r3", "gs/rdgsbase@r3", "gs/wrgsbase@r3",
		"irq/cli@r0", "irq/sti@r0", "insn/gs_load@r3", "insn/rdpkru@r3", "insn/wrpkru@r3",
	};
	static const char *const dear[] = {
		"crossing/arch_get_fs@r3", "crossing/arch_set_fs@r3", "crossing/arch_get_gs@r3",
		"crossing/arch_set_gs@r3", "crossing/signal_usr1@r3",
		"crossing/signal_usr1:avx512@r3", "fpu/boundary:cpuid@r3",
		"fpu/boundary:dirty:cpuid@r3", "fpu/boundary:dirty@r3", "fpu/boundary:xsave@r3",
		"fpu/boundary:xsave:cpuid@r3", "fpu/xrstor:unmodified@r3",
		"fpu/xrstor:sse:unmodified@r3", "fpu/xrstor:avx:unmodified@r3",
	};
	static const char *const kinds[] = { "syscall", "fault", "interrupt", "switch" };
	struct tg_report *r = sample_head();
	char name[40];

	r->lane = TG_LANE_HOST;
	r->cal.unit = TG_UNIT_CYCLES;
	r->cal.cycles_per_tick = 1.38498;
	r->cal.note = text("");
	r->plan.quiet = text("tpr");
	for (size_t i = 0; i < NR(cheap); i++)
		measured(r, cheap[i], "SLOPE", 12.5, 0.1);
	for (size_t i = 0; i < NR(dear); i++)
		measured(r, dear[i], "SHOT", 300, 1);
	measured(r, "fpu/boundary@r3", "SHOT", 100, 1);
	left_out(measured(r, "insn/gs_store_load@r3", "SLOPE", 12, 1), "cli");
	for (size_t i = 0; i < NR(kinds); i++) {
		snprintf(name, sizeof(name), "irq.hierarchy/%s", kinds[i]);
		sample_count(r, name, i ? 1000 : 10000, NULL);
	}
	sample_histogram(r, "ctx.once", (struct tg_bin[]){ { 1, 10 }, { 2, 1 } }, 2, NULL);
	sample_proof(r, "fpu.states", TG_PROOF_PASSED, NULL);
	sample_proof(r, "fpu.pkru", TG_PROOF_PASSED, NULL);
	sample_proof(r, "frame.enough", TG_PROOF_FAILED, "sigreturn loses RCX");
	return r;
}

struct tg_report *sample_vm(void)
{
	struct tg_report *r = sample_head();

	r->lane = TG_LANE_VM;
	free(r->env.hypervisor);
	r->env.hypervisor = text("TCGTCGTCGTCG");
	r->env.qemu = text("7.2.15");
	r->env.qemu_cpu = text("max");
	r->env.accel = text("tcg,icount");
	r->env.cpus = 1;
	r->env.nodes = 1;
	r->env.cpu_node = 0;
	r->env.mem_node = 0;
	r->env.remote_node = -1;
	r->env.remote_distance = 0;
	r->env.append = text("nopti mitigations=off");
	r->env.kvm = text("emulated cli=2640 ret=2548x (beyond the limit: cli ret)");
	r->plan.boots = 2;
	r->plan.rounds = 2;
	r->plan.samples = 10;
	free(r->plan.tier);
	r->plan.tier = text("patterns");
	r->plan.quiet = text("tpr");
	r->cal.unit = TG_UNIT_INSNS;
	r->cal.note = text("native ring 0 did not pass the probe: mov_cr2 took 1841 cycles");

	measured(r, "irq/cli@r0", "SLOPE", 1, 0)->rounds[1].boot = 1;
	measured(r, "crossing/syscall@cross", "LOOP", 187, 0);
	measured(r, "gate/shadow:third@cross", "LOOP", 62.33333333, 0);
	return r;
}

static double random_number(uint64_t *seed, bool positive)
{
	double share = (double)tg_random_below(seed, 1000000000) / 1e9;
	char digits[40];

	snprintf(digits, sizeof(digits), "%.9ge%d", (share + 0.1) * (positive ? 1 : 2 * share - 1),
		 tg_random_below(seed, 4) ? (int)tg_random_below(seed, 9) - 3 :
		 (int)tg_random_below(seed, 500) - 250);
	return strtod(digits, NULL);
}

static char *random_text(uint64_t *seed, size_t least)
{
	static const char *const pieces[] = { " ", " ", "a", "B", "7", ";", ",", "%s", "\"", "\\",
					      "\t", "\n", "\x01", "\xc3\xa9", "word", "=", "/",
					      "0123456789012345678901234567890123456789" };
	size_t nr = least + tg_random_below(seed, tg_random_below(seed, 5) ? 12 : 120);
	char *s = must(calloc(nr + 1, 48));

	for (size_t i = 0; i < nr; i++)
		strcat(s, pieces[tg_random_below(seed, NR(pieces))]);
	return s;
}

static char *random_optional(uint64_t *seed)
{
	return tg_random_below(seed, 2) ? random_text(seed, 0) : NULL;
}

static void random_environment(struct tg_report *r, uint64_t *seed)
{
	char **const texts[] = { &r->env.cpu, &r->env.vendor, &r->env.core_type,
				 &r->env.microcode, &r->env.kernel,
				 &r->env.kernel_build, &r->env.cmdline, &r->env.hypervisor,
				 &r->env.governor, &r->env.smt, &r->tollgate };
	char key[160];

	for (size_t i = 0; i < NR(texts); i++) {
		free(*texts[i]);
		*texts[i] = random_text(seed, 1);
	}
	r->env.qemu = random_optional(seed);
	r->env.qemu_cpu = random_optional(seed);
	r->env.accel = random_optional(seed);
	r->env.append = random_optional(seed);
	r->env.counters = random_optional(seed);
	r->cal.counter = random_optional(seed);
	r->env.kvm = random_optional(seed);
	r->plan.quiet = random_optional(seed);
	r->cal.note = random_text(seed, 0);
	for (uint32_t i = tg_random_below(seed, 20); i; i--) {
		char *value = random_text(seed, 0);

		snprintf(key, sizeof(key), "m%u%.*s", i, (int)tg_random_below(seed, 120),
			 "_______________________________________________________________________"
			 "__________________________________________________");
		mitigation(r, key, value);
		free(value);
	}
}

static void random_events(struct tg_report *r, uint64_t *seed)
{
	char name[40], *reason;

	for (uint32_t i = tg_random_below(seed, 4); i; i--) {
		struct tg_bin bin = { random_number(seed, false), (long)tg_random_below(seed, 99) };
		bool none = tg_random_below(seed, 3) == 0;

		reason = random_text(seed, 1);
		snprintf(name, sizeof(name), "claim%u", i);
		sample_count(r, name, none ? NAN : (double)tg_random_below(seed, 1u << 30),
			     none ? reason : NULL);
		sample_histogram(r, name, &bin, none ? 0 : 1, none ? reason : NULL);
		sample_proof(r, name, none ? TG_PROOF_FAILED : TG_PROOF_PASSED,
			     none ? reason : NULL);
		free(reason);
	}
}

struct tg_report *sample_random(uint64_t *seed)
{
	static const char *const rings[] = { "r0", "r3", "cross" };
	struct tg_report *r = sample_head();
	char name[160], *reason, tail[121];

	random_environment(r, seed);
	r->lane = (enum tg_lane)tg_random_below(seed, TG_NR_LANES);
	r->cal.unit = (enum tg_unit)tg_random_below(seed, TG_NR_UNITS);
	if (r->cal.unit == TG_UNIT_CYCLES)
		r->cal.cycles_per_tick = random_number(seed, true);
	r->plan.rounds = 1 + (int)tg_random_below(seed, 30);
	r->plan.samples = 1 + tg_random_below(seed, 1u << tg_random_below(seed, 32));

	for (uint32_t i = tg_random_below(seed, 40); i; i--) {
		enum tg_status status = (enum tg_status)tg_random_below(seed, TG_NR_STATUS);
		struct tg_figure *f;

		memset(tail, 'x', sizeof(tail));
		tail[tg_random_below(seed, sizeof(tail))] = '\0';
		tail[sizeof(tail) - 1] = '\0';
		snprintf(name, sizeof(name), "fam%u/e%u:%s@%s", i % 3, i, tail,
			 rings[tg_random_below(seed, 3)]);
		if (status == TG_OK || status == TG_NOT_RESOLVABLE) {
			f = measured(r, name, "SLOPE", random_number(seed, false),
				     random_number(seed, true));
			f->status = status;
			f->ns = random_number(seed, false);
			for (size_t k = 0; k < f->nr_rounds; k++) {
				f->rounds[k].value = random_number(seed, false);
				f->rounds[k].median = random_number(seed, false);
			}
			f->discarded = (long)(tg_random(seed) >> 11 >> tg_random_below(seed, 52));
			f->disturbed = (long)tg_random_below(seed, 40);
			f->exits = tg_random_below(seed, 2);
			f->quick = tg_random_below(seed, 2);
			while (tg_random_below(seed, 3) == 0) {
				reason = random_text(seed, 1);
				left_out(f, reason);
				free(reason);
			}
			while (tg_random_below(seed, 3) == 0) {
				reason = random_text(seed, 1);
				counted(f, reason, random_number(seed, false),
					tg_random_below(seed, 2) ? NAN : random_number(seed, false),
					reason);
				free(reason);
			}
		} else {
			reason = random_text(seed, 1);
			unmeasured(r, name, status, reason);
			free(reason);
		}
	}
	random_events(r, seed);
	return r;
}
