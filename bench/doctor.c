// SPDX-License-Identifier: GPL-2.0
/* From facts to a verdict for each lane. Pure. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "exit.h"

const char *const tg_level_names[TG_NR_LEVELS] = { "ok", "note", "warn", "stop" };

static void say(struct tg_verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct tg_verdict *v, const char *fmt, ...)
{
	size_t n = strlen(v->text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(v->text + n, sizeof(v->text) - n, fmt, args);
	va_end(args);
}

/* A longer line about KVM is told by its finding; here its first word does. */
#define TG_KVM_BRIEF	50

/* The first reason begins the verdict, more follow it. */
static void no(struct tg_verdict *v, const char *why)
{
	say(v, "%s%s", *v->text ? "; " : "no: ", why);
}

static void say_error(struct tg_verdict *v, double error)
{
	v->error = error;
	if (!isnan(error))
		say(v, ", error ~%.2g %%", error);
}

static void user(const struct tg_facts *f, struct tg_verdict *v)
{
	static const char *const how[TG_NR_UNITS] = {
		[TG_UNIT_CYCLES] = "yes, cycles by calibrated chains",
		[TG_UNIT_TSC] = "yes, TSC ticks only: the chains do not agree",
		[TG_UNIT_INSNS] = "yes, insns: the clock counts instructions (QEMU -icount)",
	};

	if (!f->rdtscp)
		no(v, "this CPU lacks RDTSCP (CPUID 80000001H:EDX[27])");
	else if (f->trial_fault)
		no(v, f->trial_fault);
	if (*v->text)
		return;
	v->usable = true;
	v->unit = f->unit;
	say(v, "%s", how[f->unit]);
	if (f->unit != TG_UNIT_INSNS)
		say_error(v, f->error);
}

static void host(const struct tg_facts *f, const struct tg_verdict *ring3, struct tg_verdict *v)
{
	unsigned int faults = tg_host_faults(&f->host);
	bool built = f->built && f->kernel && !strcmp(f->built, f->kernel);
	char why[160];

	for (int i = 0; i < TG_NR_FAULTS; i++) {
		if (!(faults & 1u << i))
			continue;
		snprintf(why, sizeof(why), "%s", tg_host_fault_texts[i].brief);
		if (i == TG_FAULT_LOCKDOWN || i == TG_FAULT_SECURE_BOOT)
			snprintf(why, sizeof(why), "%s, lockdown=%s",
				 i == TG_FAULT_SECURE_BOOT ? "Secure Boot" : "locked down",
				 f->host.lockdown);
		no(v, why);
	}
	if (f->xen && !strcmp(f->xen, "PV"))
		no(v, "Xen PV: ring 0 is the hypervisor's");
	if (!f->rdtscp)
		no(v, "this CPU lacks RDTSCP");
	else if (f->host.loaded && f->module_refused)
		no(v, f->module_refused);
	if (f->host.modules && !f->host.loaded && !built && f->host_missing && *f->host_missing) {
		snprintf(why, sizeof(why), "missing: %s", f->host_missing);
		no(v, why);
	}
	if (!*v->text && !ring3->usable)
		no(v, "ring 3 cannot be measured either");
	if (*v->text)
		return;
	v->usable = true;
	v->unit = f->unit;
	say(v, "yes, %s", f->unit == TG_UNIT_TSC ? "TSC ticks" : tg_unit_names[f->unit]);
	if (f->unit != TG_UNIT_INSNS)
		say_error(v, f->error);
	if (f->hypervisor && strcmp(f->hypervisor, "none"))
		say(v, "; a virtual machine (%s), whose ring 0 may not be native", f->hypervisor);
	say(v, "; %s", f->host.loaded ? "the module is loaded" :
					"sudo make bench LANE=host loads the module");
}

static void vm(const struct tg_facts *f, struct tg_verdict *v)
{
	const char *kvm = f->kvm ? f->kvm : "not probed: vm/kvm-probe.sh is not here";
	int len = strlen(kvm) > TG_KVM_BRIEF ? strcspn(kvm, " :") : strlen(kvm);
	char why[200];

	if (!f->home) {
		no(v, "Tollgate's vm/ directory is not found (make install, or TOLLGATE_HOME)");
		return;
	}
	if (!f->qemu)
		no(v, "QEMU is not there (vm/setup.sh vm installs it)");
	if (f->vm_missing && *f->vm_missing) {
		snprintf(why, sizeof(why), "missing: %s (vm/setup.sh module vm installs them)",
			 f->vm_missing);
		no(v, why);
	}
	if (!f->vm_kernel && !f->apt)
		no(v, "no kernel is fetched, and there is no apt to fetch one");
	if (f->memory >= 0 && f->memory < TG_GUEST_MIB) {
		snprintf(why, sizeof(why), "%ld MiB of memory are free, a guest takes %d", f->memory,
			 TG_GUEST_MIB);
		no(v, why);
	}
	if (*v->text)
		return;
	v->usable = true;
	v->unit = tg_kvm_is(f, "native") ? TG_UNIT_CYCLES : TG_UNIT_INSNS;
	say(v, "yes, %s (KVM %.*s)", tg_unit_names[v->unit], len, kvm);
}

bool tg_kvm_is(const struct tg_facts *f, const char *word)
{
	size_t len = strlen(word);

	return f->kvm && !strncmp(f->kvm, word, len) && strchr(" :", f->kvm[len]);
}

bool tg_in_cpu_list(const char *list, int cpu)
{
	while (list && *list) {
		char *end;
		long first = strtol(list, &end, 10), last = first;

		if (end == list)
			return false;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (cpu >= first && cpu <= last)
			return true;
		list = end + (*end == ',');
	}
	return false;
}

void tg_diagnose(const struct tg_facts *f, struct tg_diagnosis *d)
{
	memset(d, 0, sizeof(*d));
	for (int lane = 0; lane < TG_NR_LANES; lane++)
		d->lane[lane].error = NAN;
	user(f, &d->lane[TG_LANE_USER]);
	host(f, &d->lane[TG_LANE_USER], &d->lane[TG_LANE_HOST]);
	vm(f, &d->lane[TG_LANE_VM]);
	tg_doctor_find(f, d);
}

int tg_doctor_exit(const struct tg_diagnosis *d)
{
	for (int lane = 0; lane < TG_NR_LANES; lane++)
		if (d->lane[lane].usable)
			return TG_EXIT_OK;
	return TG_EXIT_NOTHING;
}
