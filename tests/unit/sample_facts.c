/* SPDX-License-Identifier: GPL-2.0 */
#include <math.h>

#include "sample_facts.h"
#include "stats.h"

struct tg_facts good_facts(void)
{
	return (struct tg_facts){
		.cpu = "Some CPU", .kernel = "6.12.0", .cmdline = "quiet", .cpus = 8,
		.cpu_pinned = 7, .core_type = "one kind", .hypervisor = "none",
		.amx = TG_NO, .mitigations = "spectre_v1", .rows = 200, .rows_here = 200,
		.rdtscp = true, .tsc_invariant = true, .tsc_mhz = 3000, .tsc_step = 1,
		.clocksource = "tsc", .counters = true, .counter_line = "8 counters",
		.unit = TG_UNIT_CYCLES, .cycles_per_tick = 1.25, .note = "they agree",
		.known = 12.001, .error = 0.2, .readings = 24, .state = NAN, .entry = NAN,
		.witness = true, .driver = "intel_pstate", .governor = "performance",
		.turbo = TG_NO, .smt = "off", .siblings = "7", .isolated = "7", .nohz_full = "",
		.host = { .root = true, .modules = true, .lockdown = "none",
			  .secure_boot = TG_NO, .sig_enforce = TG_NO,
			  .debugfs = TG_DEBUGFS_MOUNTED },
		.built = "6.12.0", .host_missing = "", .home = true, .qemu = "7.2.0",
		.vm_missing = "", .vm_kernel = "6.12.1-cloud", .apt = true,
		.kvm = "native: cli takes 3 cycles", .memory = 8000,
	};
}

#define CASE(name_) static void name_(struct tg_facts *f)

CASE(no_rdtscp) { f->rdtscp = false; f->trial_fault = "this CPU lacks RDTSCP"; }
CASE(no_invariant_tsc) { f->tsc_invariant = false; }
CASE(stepping_tsc) { f->tsc_step = 26; }
CASE(other_clocksource) { f->clocksource = "hpet"; }
CASE(no_clocksource) { f->clocksource = NULL; }
CASE(no_pmu) { f->counters = false; f->counter_line = "no PMU"; }
CASE(paranoid)
{
	f->counters = false;
	f->counter_line = "refused: kernel.perf_event_paranoid=3";
}
CASE(chains_disagree)
{
	f->unit = TG_UNIT_TSC;
	f->note = "refused: IMUL takes 4.000 times an ADD, not 3";
}
CASE(counts_insns) { f->unit = TG_UNIT_INSNS; f->error = 0; f->known = 4; }
CASE(trial_failed) { f->trial_fault = "the process running it ended by signal 11"; }
CASE(rough) { f->error = 3.5; }
CASE(off) { f->known = 12.4; }
CASE(no_error) { f->error = NAN; }
CASE(some_neighbour) { f->left_out = 5; }
CASE(busy_neighbour) { f->left_out = 100; }
CASE(two_states) { f->state = 184.8; f->entry = 410; }
CASE(fred) { f->fred = f->fred_cpu = true; f->witness = false; }
CASE(fred_off) { f->fred_cpu = true; }
CASE(no_witness) { f->witness = false; }
CASE(pti) { f->pti = true; }
CASE(kvm_guest) { f->hypervisor = "KVMKVMKVM"; }
CASE(emulator) { f->hypervisor = "TCGTCGTCGTCG"; }
CASE(xen_pv) { f->hypervisor = "XenVMMXenVMM"; f->xen = "PV"; }
CASE(xen_hvm) { f->hypervisor = "XenVMMXenVMM"; f->xen = "HVM"; }
CASE(schedutil) { f->governor = "schedutil"; }
CASE(turbo) { f->turbo = TG_YES; }
CASE(amd_turbo) { f->turbo = TG_YES; f->driver = "acpi-cpufreq"; }
CASE(no_cpufreq) { f->governor = f->driver = NULL; f->turbo = TG_UNKNOWN; }
CASE(smt_on) { f->smt = "on"; f->siblings = "3,7"; }
CASE(smt_range) { f->smt = "on"; f->siblings = "6-7"; }
CASE(smt_hidden) { f->hypervisor = "KVMKVMKVM"; f->smt = "notsupported"; }
CASE(nohz_full) { f->nohz_full = "1-7"; }
CASE(other_isolated) { f->isolated = "2,4-6"; }
CASE(none_isolated) { f->isolated = ""; }
CASE(fast_core) { f->core_type = "core"; }
CASE(small_core) { f->core_type = "atom"; }
CASE(some_rows) { f->rows_here = 180; f->lacking = "PKU"; }
CASE(amx) { f->amx = TG_YES; }
CASE(amx_refused) { f->amx = TG_UNKNOWN; }
CASE(lockdown) { f->host.lockdown = "integrity"; }
CASE(confidentiality) { f->host.lockdown = "confidentiality"; }
CASE(no_securityfs) { f->host.lockdown = NULL; }
CASE(secure_boot) { f->host.lockdown = "integrity"; f->host.secure_boot = TG_YES; }
CASE(secure_boot_alone) { f->host.secure_boot = TG_YES; }
CASE(no_efivarfs) { f->host.secure_boot = TG_UNKNOWN; }
CASE(no_modules) { f->host.modules = false; f->built = NULL; f->host_missing = "kmod"; }
CASE(modules_disabled) { f->host.modules_disabled = true; }
CASE(disabled_but_loaded) { f->host.modules_disabled = f->host.loaded = true; }
CASE(signed_only) { f->host.sig_enforce = TG_YES; }
CASE(signed_loaded) { f->host.sig_enforce = TG_YES; f->host.loaded = true; }
CASE(debugfs_off) { f->host.debugfs = TG_DEBUGFS_OFF; }
CASE(debugfs_unmounted) { f->host.debugfs = TG_DEBUGFS_UNMOUNTED; }
CASE(debugfs_unmounted_loaded)
{
	f->host.debugfs = TG_DEBUGFS_UNMOUNTED;
	f->host.loaded = true;
}
CASE(not_root) { f->host.root = false; }
CASE(loaded) { f->host.loaded = true; }
CASE(module_refuses)
{
	f->host.loaded = true;
	f->module_refused = "the kernel checks indirect calls (CONFIG_CFI): boot one without";
}
CASE(other_kernels_module) { f->built = "6.1.0"; f->host_missing = "linux-headers-6.12.0"; }
CASE(no_headers) { f->built = NULL; f->host_missing = "linux-headers-6.12.0"; }
CASE(to_be_built) { f->built = NULL; }
CASE(no_home) { f->home = false; f->kvm = f->vm_missing = f->host_missing = NULL; }
CASE(no_qemu) { f->qemu = NULL; }
CASE(no_busybox) { f->vm_missing = "busybox-static cpio"; }
CASE(no_kernel) { f->vm_kernel = NULL; }
CASE(no_apt) { f->vm_kernel = NULL; f->apt = false; }
CASE(little_memory) { f->memory = 300; }
CASE(memory_unknown) { f->memory = -1; }
CASE(no_probe) { f->kvm = NULL; }
CASE(kvm_denied) { f->kvm = "denied: /dev/kvm: Permission denied"; }
CASE(kvm_absent) { f->kvm = "absent: /dev/kvm: No such file or directory"; }
CASE(kvm_emulated) { f->kvm = "emulated cli takes 2100 cycles"; }
CASE(kvm_numbers)
{
	f->kvm = "emulated cli=2545 sti=2597 swapgs=3133 cr2=3021 (beyond the limit: cli sti)";
}
CASE(kvm_slow) { f->kvm = "slow: no answer"; }

#define NO_DO "nothing"
#define INSNS "yes, insns (KVM "
const struct sample_case sample_cases[] = {
	{ "no_rdtscp", no_rdtscp, "tsc", TG_STOP, "no RDTSCP", "another CPU",
	  { "no: this CPU lacks RDTSCP", "no: this CPU lacks RDTSCP", NULL } },
	{ "no_invariant_tsc", no_invariant_tsc, "tsc", TG_WARN, "not invariant",
	  "governor performance", { NULL } },
	{ "stepping_tsc", stepping_tsc, "tsc", TG_NOTE, "steps of 26 ticks", NO_DO, { NULL } },
	{ "other_clocksource", other_clocksource, "clocksource", TG_NOTE, "hpet", "dmesg", { NULL } },
	{ "no_clocksource", no_clocksource, "clocksource", TG_NOTE, "unknown", "dmesg", { NULL } },
	{ "no_pmu", no_pmu, "counters", TG_NOTE, "no PMU", "VM with a PMU", { NULL } },
	{ "paranoid", paranoid, "counters", TG_NOTE, "paranoid=3", "perf_event_paranoid", { NULL } },
	{ "chains_disagree", chains_disagree, "calibration", TG_WARN, "4.000 times an ADD",
	  "--rounds", { "yes, TSC ticks only: the chains do not agree, error ~0.2 %",
			"yes, TSC ticks, error", NULL } },
	{ "counts_insns", counts_insns, "calibration", TG_NOTE, "they agree", "outside",
	  { "yes, insns: the clock counts instructions", "yes, insns; sudo", NULL } },
	{ "trial_failed", trial_failed, "calibration", TG_STOP, "signal 11", "--cpu",
	  { "no: the process running it ended by signal 11",
	    "no: ring 3 cannot be measured either", NULL } },
	{ "rough", rough, "accuracy", TG_WARN, "3.5 %", "--rounds",
	  { "error ~3.5 %", "error ~3.5 %", NULL } },
	{ "off", off, "accuracy", TG_WARN, "12.40", "--rounds", { NULL } },
	{ "no_error", no_error, "accuracy", TG_WARN, "nan", "--rounds",
	  { "yes, cycles by calibrated chains", "yes, cycles; sudo", NULL } },
	{ "some_neighbour", some_neighbour, "neighbour", TG_NOTE, "5 of 29", "sibling", { NULL } },
	{ "busy_neighbour", busy_neighbour, "neighbour", TG_WARN, "100 of 124", "sibling", { NULL } },
	{ "two_states", two_states, "core state", TG_NOTE, "FXRSTOR takes 184.8", "one state",
	  { NULL } },
	{ "fred", fred, "fred", TG_NOTE, "enters by FRED", "fred=off", { NULL } },
	{ "fred: witness", fred, "witness", TG_WARN, "do not show", "fred=off", { NULL } },
	{ "fred_off", fred_off, "fred", TG_NOTE, "the kernel does not", "fred=on", { NULL } },
	{ "no_witness", no_witness, "witness", TG_WARN, "do not show", "isolcpus", { NULL } },
	{ "pti", pti, "pti", TG_NOTE, "on", "pti=off", { NULL } },
	{ "kvm_guest", kvm_guest, "ring 0", TG_NOTE, "KVMKVMKVM); not known to be native",
	  "bare metal", { NULL, "a virtual machine (KVMKVMKVM), whose ring 0 may not be", NULL } },
	{ "emulator", emulator, "ring 0", TG_WARN, "an emulator", "outside",
	  { NULL, "a virtual machine (TCG", NULL } },
	{ "xen_pv", xen_pv, "ring 0", TG_STOP, "Xen PV", "HVM or PVH",
	  { NULL, "no: Xen PV: ring 0 is the hypervisor's", NULL } },
	{ "xen_hvm", xen_hvm, "ring 0", TG_NOTE, "Xen HVM", "bare metal",
	  { NULL, "a virtual machine (XenVMMXenVMM)", NULL } },
	{ "schedutil", schedutil, "frequency", TG_WARN, "governor schedutil", "cpupower", { NULL } },
	{ "turbo", turbo, "frequency", TG_NOTE, "turbo yes", "intel_pstate/no_turbo", { NULL } },
	{ "amd_turbo", amd_turbo, "frequency", TG_NOTE, "turbo yes", "cpufreq/boost", { NULL } },
	{ "no_cpufreq", no_cpufreq, "frequency", TG_NOTE, "not shown here", NO_DO, { NULL } },
	{ "smt_on", smt_on, "smt", TG_WARN, "CPUs 3,7 are one core", "smt/control", { NULL } },
	{ "smt_range", smt_range, "smt", TG_WARN, "CPUs 6-7 are one core", "smt/control", { NULL } },
	{ "smt_hidden", smt_hidden, "smt", TG_NOTE, "does not show the host's", NO_DO,
	  { NULL, "a virtual machine", NULL } },
	{ "nohz_full", nohz_full, "isolation", TG_WARN, "CPU 7 is in nohz_full=1-7",
	  "outside of nohz_full=", { NULL } },
	{ "other_isolated", other_isolated, "isolation", TG_NOTE, "CPU 7 is not isolated",
	  "taskset -c, with a CPU of 2,4-6", { NULL } },
	{ "none_isolated", none_isolated, "isolation", TG_NOTE, "CPU 7 is not isolated",
	  "isolcpus=7", { NULL } },
	{ "fast_core", fast_core, "cores", TG_NOTE, "CPU 7 of 8 is of kind core", "--cpu", { NULL } },
	{ "small_core", small_core, "cores", TG_NOTE, "of kind atom", "--cpu", { NULL } },
	{ "some_rows", some_rows, "experiments", TG_NOTE, "180 of 200 of ring 3; here is no PKU",
	  "another CPU", { NULL } },
	{ "amx", amx, "amx", TG_FINE, "tiles may be used", NO_DO, { NULL } },
	{ "amx_refused", amx_refused, "amx", TG_NOTE, "the kernel refuses", "5.16", { NULL } },
	{ "lockdown", lockdown, "lockdown", TG_STOP, "integrity", "without lockdown=",
	  { NULL, "no: locked down, lockdown=integrity", NULL } },
	{ "confidentiality", confidentiality, "lockdown", TG_STOP, "confidentiality",
	  "without lockdown=", { NULL, "no: locked down, lockdown=confidentiality", NULL } },
	{ "no_securityfs", no_securityfs, "lockdown", TG_NOTE, "cannot be seen",
	  "mount -t securityfs", { NULL } },
	{ "secure_boot", secure_boot, "secure boot", TG_STOP, "on", "firmware",
	  { NULL, "no: Secure Boot, lockdown=integrity", NULL } },
	{ "secure_boot_alone", secure_boot_alone, "secure boot", TG_NOTE, "on", NO_DO, { NULL } },
	{ "no_efivarfs", no_efivarfs, "secure boot", TG_NOTE, "cannot be seen", "efivarfs", { NULL } },
	{ "no_modules", no_modules, "modules", TG_STOP, "built without", "lane vm",
	  { NULL, "no: this kernel loads no modules", NULL } },
	{ "modules_disabled", modules_disabled, "modules", TG_STOP, "modules_disabled=1", "reboot",
	  { NULL, "no: kernel.modules_disabled=1", NULL } },
	{ "disabled_but_loaded", disabled_but_loaded, "modules", TG_FINE, "tollgate is loaded", NO_DO,
	  { NULL, "yes, cycles, error ~0.2 %; the module is loaded", NULL } },
	{ "signed_only", signed_only, "signatures", TG_STOP, "sig_enforce=1", "sign tollgate.ko",
	  { NULL, "no: only signed modules", NULL } },
	{ "signed_loaded", signed_loaded, "signatures", TG_NOTE, "sig_enforce=1", "sign tollgate.ko",
	  { NULL, "the module is loaded", NULL } },
	{ "debugfs_off", debugfs_off, "debugfs", TG_STOP, "off", "debugfs=on",
	  { NULL, "no: debugfs is off", NULL } },
	{ "debugfs_unmounted", debugfs_unmounted, "debugfs", TG_FINE, "not mounted", NO_DO, { NULL } },
	{ "debugfs_unmounted_loaded", debugfs_unmounted_loaded, "debugfs", TG_STOP, "not mounted",
	  "mount -t debugfs", { NULL, "no: debugfs is not mounted", NULL } },
	{ "not_root", not_root, "privilege", TG_STOP, "not root", "sudo",
	  { NULL, "no: not root", NULL } },
	{ "loaded", loaded, "tollgate.ko", TG_FINE, "loaded", NO_DO,
	  { NULL, "the module is loaded", NULL } },
	{ "module_refuses", module_refuses, "module", TG_STOP, "CONFIG_CFI", "reason",
	  { NULL, "no: the kernel checks indirect calls (CONFIG_CFI)", NULL } },
	{ "other_kernels_module", other_kernels_module, "tollgate.ko", TG_STOP,
	  "missing: linux-headers-6.12.0", "vm/setup.sh", { NULL, "no: missing: linux-headers", NULL } },
	{ "no_headers", no_headers, "tollgate.ko", TG_STOP, "missing: linux-headers-6.12.0",
	  "vm/setup.sh", { NULL, "no: missing: linux-headers-6.12.0", NULL } },
	{ "to_be_built", to_be_built, "tollgate.ko", TG_FINE, "not built yet", NO_DO, { NULL } },
	{ "no_home", no_home, "tree", TG_STOP, "not found", "TOLLGATE_HOME",
	  { NULL, NULL, "no: Tollgate's vm/ directory is not found" } },
	{ "no_qemu", no_qemu, "qemu", TG_STOP, "not there", "vm/setup.sh vm",
	  { NULL, NULL, "no: QEMU is not there" } },
	{ "no_busybox", no_busybox, "packages", TG_STOP, "missing: busybox-static cpio",
	  "vm/setup.sh", { NULL, NULL, "no: missing: busybox-static cpio" } },
	{ "no_kernel", no_kernel, "kernel", TG_FINE, "apt will fetch it", NO_DO, { NULL } },
	{ "no_apt", no_apt, "kernel", TG_STOP, "no apt", "vm/fetch.sh",
	  { NULL, NULL, "no: no kernel is fetched" } },
	{ "little_memory", little_memory, "memory", TG_STOP, "300 MiB", "end something",
	  { NULL, NULL, "no: 300 MiB of memory are free" } },
	{ "memory_unknown", memory_unknown, "memory", TG_FINE, "unknown", NO_DO, { NULL } },
	{ "no_probe", no_probe, "kvm", TG_NOTE, "not probed", "vm/",
	  { NULL, NULL, INSNS "not probed" } },
	{ "kvm_denied", kvm_denied, "kvm", TG_WARN, "Permission denied", "usermod -aG kvm",
	  { NULL, NULL, INSNS "denied" } },
	{ "kvm_absent", kvm_absent, "kvm", TG_NOTE, "absent", "bare metal",
	  { NULL, NULL, INSNS "absent" } },
	{ "kvm_emulated", kvm_emulated, "kvm", TG_NOTE, "2100 cycles", "bare metal",
	  { NULL, NULL, INSNS "emulated cli takes 2100 cycles)" } },
	{ "kvm_numbers", kvm_numbers, "kvm", TG_NOTE, "swapgs=3133", "bare metal",
	  { NULL, NULL, INSNS "emulated)" } },
	{ "kvm_slow", kvm_slow, "kvm", TG_NOTE, "slow", "bare metal", { NULL, NULL, INSNS "slow" } },
};
const size_t nr_sample_cases = sizeof(sample_cases) / sizeof(sample_cases[0]);

/* One of the words, or NULL. */
static char *any_of(uint64_t *seed, const char *a, const char *b)
{
	const char *const words[] = { a, b, NULL, "none", "a very long text that goes on "
		"and on, as a list of packages or a note about chains may, and then some more, "
		"far beyond the end of any line, or of two, or of three: 0123456789 0123456789" };

	return (char *)words[tg_random_below(seed, sizeof(words) / sizeof(words[0]))];
}

static char *any_list(uint64_t *seed, const char *a, const char *b)
{
	char *list = any_of(seed, a, b);

	return tg_random_below(seed, 2) ? list : (char *)"";
}

static bool coin(uint64_t *seed)
{
	return tg_random_below(seed, 2);
}

static double any_number(uint64_t *seed)
{
	static const double numbers[] = { 0, 0.1, 1, 12, 1e9, -1, 1e-12 };
	size_t i = tg_random_below(seed, 8);

	return i == 7 ? (double)NAN : numbers[i];
}

struct tg_facts random_facts(uint64_t *seed)
{
	struct tg_facts f = {
		.cpu = any_of(seed, "x", "y"), .kernel = any_of(seed, "6.1", "6.12"),
		.cpus = tg_random_below(seed, 9), .cpu_pinned = tg_random_below(seed, 9),
		.core_type = any_of(seed, "core", "one kind"),
		.hypervisor = any_of(seed, "TCGTCG", "KVMKVM"), .xen = any_of(seed, "PV", "HVM"),
		.pti = coin(seed), .fred = coin(seed), .fred_cpu = coin(seed),
		.amx = tg_random_below(seed, TG_NR_KNOWN), .mitigations = any_of(seed, "a", "b"),
		.rows = tg_random_below(seed, 9), .rows_here = tg_random_below(seed, 9),
		.lacking = any_of(seed, "a", "b"), .rdtscp = coin(seed),
		.tsc_invariant = coin(seed), .tsc_mhz = fabs(any_number(seed)),
		.tsc_step = tg_random_below(seed, 50), .clocksource = any_of(seed, "tsc", "hpet"),
		.counters = coin(seed), .counter_line = any_of(seed, "a", "b"),
		.trial_fault = coin(seed) ? NULL : "it failed",
		.unit = tg_random_below(seed, TG_NR_UNITS),
		.cycles_per_tick = fabs(any_number(seed)),
		.note = any_of(seed, "a", "b"), .known = any_number(seed),
		.error = fabs(any_number(seed)), .readings = tg_random_below(seed, 99),
		.left_out = tg_random_below(seed, 99), .state = any_number(seed),
		.entry = any_number(seed), .witness = coin(seed), .driver = any_of(seed, "a", "b"),
		.governor = any_of(seed, "performance", "powersave"),
		.turbo = tg_random_below(seed, TG_NR_KNOWN), .smt = any_of(seed, "on", "off"),
		.siblings = any_of(seed, "1,2", "3"), .isolated = any_list(seed, "1-3", "5"),
		.nohz_full = any_list(seed, "1-3", "8"),
		.host = { .root = coin(seed), .modules = coin(seed),
			  .modules_disabled = coin(seed),
			  .lockdown = any_of(seed, "none", "integrity"),
			  .secure_boot = tg_random_below(seed, TG_NR_KNOWN),
			  .sig_enforce = tg_random_below(seed, TG_NR_KNOWN),
			  .debugfs = tg_random_below(seed, TG_NR_DEBUGFS), .loaded = coin(seed) },
		.module_refused = coin(seed) ? NULL : "no", .built = any_of(seed, "6.1", "6.12"),
		.host_missing = any_list(seed, "kmod", "make"), .home = coin(seed),
		.qemu = any_of(seed, "7", "8"), .vm_missing = any_list(seed, "cpio", "gzip"),
		.vm_kernel = any_of(seed, "6.1", "6.12"), .apt = coin(seed),
		.kvm = any_of(seed, "native 3", "denied"), .memory = (long)tg_random_below(seed, 3000) - 1,
	};

	if (!f.rdtscp && !f.trial_fault)
		f.trial_fault = "no RDTSCP";
	return f;
}
