// SPDX-License-Identifier: GPL-2.0
/*
 * What this machine cannot run, and why, in one line that names the thing
 * that is missing.
 */
#include <linux/cpufeature.h>
#include <linux/nodemask.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include "tollgate.h"

struct tg_host tg_host;

static const char *tg_reason;
static bool tg_smi;

const char *tg_refused(void)
{
	return tg_reason;
}

bool tg_has_xcr0(void)
{
	return tg_host.features & TG_NEED_XSAVE;
}

bool tg_smi_known(void)
{
	return tg_smi;
}

void tg_refuse_init(void)
{
	u32 smis;

	if (TG_KERNEL_CFI) {
		tg_reason = "the kernel checks indirect calls (CONFIG_CFI): boot one without";
		return;
	}
	if (boot_cpu_has(X86_FEATURE_XENPV)) {
		tg_reason = "Xen PV: ring 0 is the hypervisor's; use an HVM or PVH guest";
		return;
	}
	if (!boot_cpu_has(X86_FEATURE_RDTSCP)) {
		tg_reason = "this CPU lacks RDTSCP (CPUID.0x80000001:EDX[27]), needed to time";
		return;
	}

	tg_host.features = tg_cpu_features();
	/* noxsave: OSXSAVE stays clear, and with it CPUID's bit and XCR0 */
	if (!(native_read_cr4() & X86_CR4_OSXSAVE))
		tg_host.features &= ~(TG_NEED_XSAVE | TG_NEED_XSAVEOPT | TG_NEED_XSAVEC);
	/* nofsgsbase: the CPU knows the instructions, but they are undefined */
	if (!(native_read_cr4() & X86_CR4_FSGSBASE))
		tg_host.features &= ~TG_NEED_FSGSBASE;
	if (tg_has_xcr0())
		tg_host.xcr0 = tg_xcr0();
	tg_host.image_size = tg_fpu_area_size(tg_host.features);
	tg_smi = tg_smi_count(&smis);
}

bool tg_point_refused(const struct tg_point *p, char *why, size_t len)
{
	if (tg_reason) {
		snprintf(why, len, "%s", tg_reason);
		return true;
	}
	if (tg_point_remote(p) && num_node_state(N_MEMORY) < 2) {
		snprintf(why, len, "no memory is remote: one node here has any");
		return true;
	}
	return tg_unavailable(p, &tg_host, why, len);
}
