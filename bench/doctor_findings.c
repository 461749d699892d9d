// SPDX-License-Identifier: GPL-2.0
/* From facts to findings: the clock, the core and who shares it, the kernel's entry. Pure. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "doctor_findings.h"

/* A known body off by more, or a crossing rougher, is worth a warning, in percent. */
#define TG_KNOWN_OFF	0.5
#define TG_ERROR_POOR	1.0
/* So many readings left out are a neighbour that rarely rests. */
#define TG_LEFT_OUT	0.5

void tg_finding_add(struct tg_diagnosis *d, const char *topic, unsigned int lanes,
		    enum tg_level level, const char *means, const char *todo,
		    const char *fmt, ...)
{
	struct tg_finding *f;
	va_list args;

	if (d->nr == TG_FINDINGS_MAX)
		return;
	f = &d->finding[d->nr++];
	f->topic = topic;
	f->lanes = lanes;
	f->level = level;
	snprintf(f->means, sizeof(f->means), "%s", means);
	snprintf(f->todo, sizeof(f->todo), "%s", todo);
	va_start(args, fmt);
	vsnprintf(f->fact, sizeof(f->fact), fmt, args);
	va_end(args);
}

static const char *known(const char *s)
{
	return s && *s ? s : "unknown";
}

static bool is(const char *s, const char *word)
{
	return s && !strcmp(s, word);
}

static void find_counters(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (f->counters)
		tg_finding_add(d, "counters", USER | HOST, TG_FINE,
			       "core cycles and events can be counted beside the TSC", NOTHING,
			       "%s", known(f->counter_line));
	else
		tg_finding_add(d, "counters", USER | HOST, TG_NOTE,
			       "core cycles come from the TSC and calibrated chains instead",
			       "bare metal, or a VM with a PMU; perf_event_paranoid at most 1",
			       "%s", known(f->counter_line));
}

static void find_tsc(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (!f->rdtscp)
		tg_finding_add(d, "tsc", USER | HOST, TG_STOP, "nothing can be timed",
			       "another CPU", "no RDTSCP (CPUID 80000001H:EDX[27])");
	else if (!f->tsc_invariant)
		tg_finding_add(d, "tsc", USER | HOST, TG_WARN,
			       "a tick may change its worth while the clock frequency moves",
			       "fix the frequency (governor performance), keep runs short",
			       "not invariant (CPUID 80000007H:EDX[8]), %.0f MHz", f->tsc_mhz);
	else if (f->tsc_step > 1)
		tg_finding_add(d, "tsc", USER | HOST, TG_NOTE,
			       "one reading is so rough, means of many are far finer",
			       NOTHING, "invariant, %.0f MHz, in steps of %ld ticks", f->tsc_mhz,
			       f->tsc_step);
	else
		tg_finding_add(d, "tsc", USER | HOST, TG_FINE,
			       "a tick is worth the same at all times", NOTHING,
			       "invariant, %.0f MHz, in steps of one tick", f->tsc_mhz);
	if (is(f->clocksource, "tsc"))
		tg_finding_add(d, "clocksource", USER | HOST, TG_FINE,
			       "the kernel trusts this TSC", NOTHING, "tsc");
	else
		tg_finding_add(d, "clocksource", USER | HOST, TG_NOTE,
			       "vDSO clocks cost otherwise; the TSC may have been unstable",
			       "dmesg says why; tsc=reliable if you know better", "%s",
			       known(f->clocksource));
}

static void find_calibration(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (f->trial_fault) {
		tg_finding_add(d, "calibration", USER | HOST, TG_STOP,
			       "no figure can be made here", "see the reason; --cpu for another CPU",
			       "the trial run failed: %s", f->trial_fault);
		return;
	}
	if (f->unit == TG_UNIT_CYCLES)
		tg_finding_add(d, "calibration", USER | HOST, TG_FINE,
			       "figures are core cycles, by the chains beside each of them",
			       NOTHING, "%.4g cycles per tick, %.4g GHz; %s", f->cycles_per_tick,
			       f->cycles_per_tick * f->tsc_mhz / 1000, known(f->note));
	else if (f->unit == TG_UNIT_INSNS)
		tg_finding_add(d, "calibration", USER | HOST, TG_NOTE,
			       "figures are counts of instructions, never costs",
			       "lane user or host outside of the emulator", "%s", known(f->note));
	else
		tg_finding_add(d, "calibration", USER | HOST, TG_WARN,
			       "figures stay in TSC ticks",
			       "a quieter moment, more --rounds, or --cpu for another core", "%s",
			       known(f->note));
}

static void find_accuracy(const struct tg_facts *f, struct tg_diagnosis *d)
{
	double off = 100 * fabs(f->known / TG_KNOWN_CYCLES - 1);
	bool poor = !(f->error <= TG_ERROR_POOR) || !(off <= TG_KNOWN_OFF);

	if (f->trial_fault || f->unit != TG_UNIT_CYCLES)
		return;
	tg_finding_add(d, "accuracy", USER | HOST, poor ? TG_WARN : TG_FINE,
		       "smaller differences are noise; two runs may differ by more",
		       poor ? "more --rounds, a quieter moment, an idle sibling" :
			      "several runs a side for small changes (compare)",
		       "a null system call +- %.2g %%; a body of 12 cycles: %.2f", f->error,
		       f->known);
}

static void find_neighbour(const struct tg_facts *f, struct tg_diagnosis *d)
{
	bool often = f->left_out > TG_LEFT_OUT * (f->readings + f->left_out);

	if (f->trial_fault || f->unit == TG_UNIT_INSNS)
		return;
	if (!f->left_out)
		tg_finding_add(d, "neighbour", USER | HOST, TG_FINE, "this core was ours alone",
			       NOTHING, "none seen in %ld readings", f->readings);
	else
		tg_finding_add(d, "neighbour", USER | HOST, often ? TG_WARN : TG_NOTE,
			       "what throughput binds slows beside one; runs leave that out",
			       "keep the sibling thread and the host idle",
			       "%ld of %ld readings beside one, or in another state", f->left_out,
			       f->readings + f->left_out);
	if (!isnan(f->state) || !isnan(f->entry))
		tg_finding_add(d, "core state", USER | HOST, TG_NOTE,
			       "in another state some instructions take cycles more",
			       "compare reports of one state (their line core:)",
			       "FXRSTOR takes %.4g cycles, ARCH_GET_GS %.4g", f->state, f->entry);
	else
		tg_finding_add(d, "core state", USER | HOST, TG_FINE,
			       "figures are of all states that came", NOTHING, "none found");
	if (f->witness)
		tg_finding_add(d, "witness", USER, TG_FINE,
			       "samples that an interrupt hit are thrown away", NOTHING,
			       "interrupts show in ring 3 (IRET zeroes ES)");
	else
		tg_finding_add(d, "witness", USER, TG_WARN,
			       "samples that an interrupt hit stay in, as strays",
			       f->fred ? "fred=off on the kernel's command line" :
					 "an isolated CPU (isolcpus=), --cpu for it",
			       "interrupts do not show in ring 3 on this CPU");
}

static void find_hypervisor(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (is(f->xen, "PV")) {
		tg_finding_add(d, "ring 0", HOST, TG_STOP,
			       "what the kernel runs is not ring 0: nothing of it can be told",
			       "an HVM or PVH guest, or bare metal", "Xen PV");
	} else if (is(f->hypervisor, "none")) {
		tg_finding_add(d, "ring 0", HOST, TG_FINE, "ring 0 is the CPU's own", NOTHING,
			       "native: no hypervisor");
	} else if (f->hypervisor && !strncmp(f->hypervisor, "TCG", 3)) {
		tg_finding_add(d, "ring 0", USER | HOST, TG_WARN,
			       "instructions are emulated: counts hold, costs do not",
			       "lane user or host outside of the emulator", "an emulator (%s)",
			       f->hypervisor);
	} else {
		tg_finding_add(d, "ring 0", USER | HOST, TG_NOTE,
			       "exits and neighbours are unseen; rows that exit are marked",
			       "bare metal for costs in ring 0, and for small differences",
			       "in a virtual machine (%s%s%s); not known to be native",
			       known(f->hypervisor), f->xen ? ", Xen " : "", f->xen ? f->xen : "");
	}
}

static void find_frequency(const struct tg_facts *f, struct tg_diagnosis *d)
{
	char text[80];

	if (!f->governor) {
		tg_finding_add(d, "frequency", USER | HOST, TG_NOTE,
			       "the clock may move unseen; every reading has its own chain",
			       NOTHING, "not shown here (no cpufreq)");
		return;
	}
	snprintf(text, sizeof(text), "driver %s, governor %s, turbo %s", known(f->driver),
		 f->governor, tg_known_names[f->turbo]);
	if (strcmp(f->governor, "performance"))
		tg_finding_add(d, "frequency", USER | HOST, TG_WARN,
			       "the clock follows the load: figures in ns move, cycles little",
			       "cpupower frequency-set -g performance", "%s", text);
	else if (f->turbo == TG_YES)
		tg_finding_add(d, "frequency", USER | HOST, TG_NOTE,
			       "the clock depends on heat and on busy neighbours",
			       is(f->driver, "intel_pstate") ?
			       "echo 1 >/sys/devices/system/cpu/intel_pstate/no_turbo" :
			       "echo 0 >/sys/devices/system/cpu/cpufreq/boost", "%s", text);
	else
		tg_finding_add(d, "frequency", USER | HOST, TG_FINE, "the clock stands still",
			       NOTHING, "%s", text);
}

static void find_smt(const struct tg_facts *f, struct tg_diagnosis *d)
{
	bool virtual = !is(f->hypervisor, "none");

	if (f->siblings && strpbrk(f->siblings, ",-"))
		tg_finding_add(d, "smt", USER | HOST, TG_WARN,
			       "a busy sibling slows what throughput binds, by 15 % and more",
			       "keep it idle, or echo off >/sys/devices/system/cpu/smt/control",
			       "%s: CPUs %s are one core", known(f->smt), f->siblings);
	else if (virtual)
		tg_finding_add(d, "smt", USER | HOST, TG_NOTE,
			       "the core's other thread may be somebody else's", NOTHING,
			       "%s; a virtual machine does not show the host's", known(f->smt));
	else
		tg_finding_add(d, "smt", USER | HOST, TG_FINE, "the core has one thread in use",
			       NOTHING, "%s", known(f->smt));
}

static void find_isolation(const struct tg_facts *f, struct tg_diagnosis *d)
{
	char todo[80];

	if (tg_in_cpu_list(f->nohz_full, f->cpu_pinned)) {
		tg_finding_add(d, "isolation", USER | HOST, TG_WARN,
			       "each crossing also pays for context tracking",
			       "--cpu outside of nohz_full= for what other CPUs pay",
			       "CPU %d is in nohz_full=%s", f->cpu_pinned, f->nohz_full);
		return;
	}
	if (tg_in_cpu_list(f->isolated, f->cpu_pinned)) {
		tg_finding_add(d, "isolation", USER | HOST, TG_FINE, "few others come to this CPU",
			       NOTHING, "CPU %d is in isolcpus=%s", f->cpu_pinned, f->isolated);
		return;
	}
	snprintf(todo, sizeof(todo), "boot with isolcpus=%d for long runs", f->cpu_pinned);
	if (f->isolated && *f->isolated)
		snprintf(todo, sizeof(todo), "run it under taskset -c, with a CPU of %.20s", f->isolated);
	tg_finding_add(d, "isolation", USER | HOST, TG_NOTE,
		       "others are scheduled here; what they hit is thrown away", todo,
		       "CPU %d is not isolated", f->cpu_pinned);
}

static void find_entry(const struct tg_facts *f, struct tg_diagnosis *d)
{
	tg_finding_add(d, "mitigations", USER | HOST, TG_NOTE,
		       "part of every crossing; compare refuses to mix them",
		       "mitigations=off on a test machine shows their price", "%s",
		       known(f->mitigations));
	if (f->pti)
		tg_finding_add(d, "pti", USER | HOST, TG_NOTE,
			       "each crossing writes CR3 twice", "pti=off shows the entry without",
			       "on");
	else
		tg_finding_add(d, "pti", USER | HOST, TG_FINE, "crossings leave CR3 alone",
			       NOTHING, "off");
	if (f->fred)
		tg_finding_add(d, "fred", USER | HOST, TG_NOTE,
			       "entry figures are FRED's: no IDT, no SYSRET, no IRET",
			       "fred=off for the other entry", "the kernel enters by FRED");
	else if (f->fred_cpu)
		tg_finding_add(d, "fred", USER | HOST, TG_NOTE,
			       "the kernel enters by SYSCALL and IDT all the same",
			       "fred=on, where the kernel has it", "the CPU has it, the kernel does not");
	else
		tg_finding_add(d, "fred", USER | HOST, TG_FINE,
			       "the kernel enters by SYSCALL and IDT", NOTHING, "not there");
}

static void find_cpu(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (is(f->core_type, "core") || is(f->core_type, "atom"))
		tg_finding_add(d, "cores", USER | HOST, TG_NOTE,
			       "figures are of this kind of core alone",
			       "--cpu for one of the other kind; do not compare the two",
			       "hybrid: CPU %d of %d is of kind %s", f->cpu_pinned, f->cpus,
			       f->core_type);
	else
		tg_finding_add(d, "cores", USER | HOST, TG_FINE, "figures hold for all of them",
			       NOTHING, "%s, %d CPUs of one kind", known(f->cpu), f->cpus);
	if (f->rows_here < f->rows)
		tg_finding_add(d, "experiments", USER | HOST, TG_NOTE,
			       "the others are skips with a reason in the report",
			       "another CPU or kernel for those",
			       "%d of %d of ring 3; here is no %s", f->rows_here, f->rows,
			       known(f->lacking));
	else
		tg_finding_add(d, "experiments", USER | HOST, TG_FINE, "none is skipped", NOTHING,
			       "all %d of ring 3", f->rows);
	if (f->amx == TG_YES)
		tg_finding_add(d, "amx", USER | HOST, TG_FINE,
			       "rows with :amx run; each process asks for it first", NOTHING,
			       "tiles may be used");
	else if (f->amx == TG_UNKNOWN)
		tg_finding_add(d, "amx", USER | HOST, TG_NOTE, "rows with :amx are skipped",
			       "a kernel from 5.16, without clearcpuid=", "the kernel refuses its tiles");
	else
		tg_finding_add(d, "amx", USER | HOST, TG_FINE, "rows with :amx are skipped",
			       NOTHING, "not there");
}

void tg_doctor_find(const struct tg_facts *f, struct tg_diagnosis *d)
{
	find_counters(f, d);
	find_tsc(f, d);
	find_calibration(f, d);
	find_accuracy(f, d);
	find_neighbour(f, d);
	find_frequency(f, d);
	find_smt(f, d);
	find_isolation(f, d);
	find_cpu(f, d);
	find_hypervisor(f, d);
	find_entry(f, d);
	tg_find_lanes(f, d);
}
