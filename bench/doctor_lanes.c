// SPDX-License-Identifier: GPL-2.0
/* From facts to findings: what lane host needs of the kernel, lane vm of the machine. Pure. */
#include <string.h>

#include "doctor_findings.h"

static bool locked_down(const struct tg_facts *f)
{
	return f->host.lockdown && strcmp(f->host.lockdown, "none");
}

static void find_lockdown(const struct tg_facts *f, struct tg_diagnosis *d)
{
	static const char *const out[] = {
		"boot without lockdown= and without Secure Boot",
		"switch Secure Boot off in the firmware's setup",
	};

	if (locked_down(f))
		tg_finding_add(d, "lockdown", HOST, TG_STOP,
			       "unsigned modules and debugfs files are refused: no ring 0",
			       out[f->host.secure_boot == TG_YES], "%s", f->host.lockdown);
	else if (!f->host.lockdown)
		tg_finding_add(d, "lockdown", HOST, TG_NOTE,
			       "if it is on, the module will not load",
			       "mount -t securityfs securityfs /sys/kernel/security",
			       "cannot be seen: securityfs is not mounted");
	else
		tg_finding_add(d, "lockdown", HOST, TG_FINE, "none of it is in the way", NOTHING,
			       "none");
	if (f->host.secure_boot == TG_YES)
		tg_finding_add(d, "secure boot", HOST, locked_down(f) ? TG_STOP : TG_NOTE,
			       locked_down(f) ? "it is what locks this kernel down" :
						"this kernel is not locked down for it",
			       locked_down(f) ? out[1] : NOTHING, "on");
	else if (f->host.secure_boot == TG_UNKNOWN)
		tg_finding_add(d, "secure boot", HOST, TG_NOTE, "see lockdown, which is what counts",
			       "mount -t efivarfs efivarfs /sys/firmware/efi/efivars",
			       "cannot be seen: efivarfs is not mounted");
	else
		tg_finding_add(d, "secure boot", HOST, TG_FINE, "none of it is in the way",
			       NOTHING, "off");
}

static void find_modules(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (!f->host.modules) {
		tg_finding_add(d, "modules", HOST, TG_STOP, "no ring 0 in this kernel",
			       "a distribution's kernel, or lane vm", "built without");
		return;
	}
	if (f->host.modules_disabled && !f->host.loaded)
		tg_finding_add(d, "modules", HOST, TG_STOP, "no ring 0 until the next boot",
			       "reboot without it", "kernel.modules_disabled=1");
	else
		tg_finding_add(d, "modules", HOST, TG_FINE, "the kernel takes modules", NOTHING, "%s",
			       f->host.loaded ? "tollgate is loaded" : "can be loaded");
	if (f->host.sig_enforce == TG_YES)
		tg_finding_add(d, "signatures", HOST, f->host.loaded ? TG_NOTE : TG_STOP,
			       "an unsigned module is refused",
			       "sign tollgate.ko with a trusted key, or boot without it",
			       "module.sig_enforce=1");
	else
		tg_finding_add(d, "signatures", HOST, TG_FINE,
			       "an unsigned module taints the kernel, no more", NOTHING,
			       "not enforced");
	if (f->host.loaded && f->module_refused)
		tg_finding_add(d, "module", HOST, TG_STOP, "no ring 0 in this kernel",
			       "see the reason", "%s", f->module_refused);
}

static void find_debugfs(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (f->host.debugfs == TG_DEBUGFS_OFF)
		tg_finding_add(d, "debugfs", HOST, TG_STOP, "the module's files have no place",
			       "boot with debugfs=on", "off (debugfs=off, no-mount or not built in)");
	else if (f->host.debugfs == TG_DEBUGFS_MOUNTED)
		tg_finding_add(d, "debugfs", HOST, TG_FINE, "the module's files have a place",
			       NOTHING, "mounted");
	else
		tg_finding_add(d, "debugfs", HOST, f->host.loaded ? TG_STOP : TG_FINE,
			       "make bench LANE=host mounts it while it runs",
			       f->host.loaded ? "mount -t debugfs debugfs /sys/kernel/debug" : NOTHING,
			       "not mounted");
}

static void find_build(const struct tg_facts *f, struct tg_diagnosis *d)
{
	bool fits = f->built && f->kernel && !strcmp(f->built, f->kernel);

	if (f->host.root)
		tg_finding_add(d, "privilege", HOST, TG_FINE, "modules may be loaded", NOTHING,
			       "root");
	else
		tg_finding_add(d, "privilege", HOST, TG_STOP, "lane host takes root",
			       "sudo make bench LANE=host", "not root, or without CAP_SYS_MODULE");
	if (f->host.loaded || fits)
		tg_finding_add(d, "tollgate.ko", HOST, TG_FINE, "ring 0 can be measured with it",
			       NOTHING, "%s", f->host.loaded ? "loaded" : "built for this kernel");
	else if (f->host_missing && *f->host_missing)
		tg_finding_add(d, "tollgate.ko", HOST, f->host.modules ? TG_STOP : TG_NOTE,
			       "there is nothing to load",
			       "vm/setup.sh module host, where packages are to be had",
			       "not built for this kernel; missing: %s", f->host_missing);
	else
		tg_finding_add(d, "tollgate.ko", HOST, TG_FINE, "make bench LANE=host builds it",
			       NOTHING, "%s%s", f->built ? "built for another kernel: " :
						  "not built yet", f->built ? f->built : "");
}

static void find_guest(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (!f->home)
		tg_finding_add(d, "tree", VM, TG_STOP, "no guest can be made",
			       "a source tree, make install, or TOLLGATE_HOME",
			       "Tollgate's vm/ directory is not found");
	if (!f->qemu)
		tg_finding_add(d, "qemu", VM, TG_STOP, "no guest can be run", "vm/setup.sh vm",
			       "not there");
	else
		tg_finding_add(d, "qemu", VM, TG_FINE, "guests run, in TCG at least", NOTHING,
			       "%s", f->qemu);
	if (f->vm_missing && *f->vm_missing)
		tg_finding_add(d, "packages", VM, TG_STOP, "no guest can be made",
			       "vm/setup.sh module vm", "missing: %s", f->vm_missing);
	if (f->vm_kernel)
		tg_finding_add(d, "kernel", VM, TG_FINE, "nothing is left to be fetched", NOTHING,
			       "%s", f->vm_kernel);
	else
		tg_finding_add(d, "kernel", VM, f->apt ? TG_FINE : TG_STOP,
			       "the first run takes longer",
			       f->apt ? NOTHING : "vm/fetch.sh on a Debian system",
			       f->apt ? "apt will fetch it" : "none fetched, and no apt");
	if (f->memory >= 0 && f->memory < TG_GUEST_MIB)
		tg_finding_add(d, "memory", VM, TG_STOP, "a guest takes more",
			       "end something, or take another machine", "%ld MiB free", f->memory);
	else if (f->memory >= 0)
		tg_finding_add(d, "memory", VM, TG_FINE, "enough for a guest", NOTHING, "%ld MiB free",
			       f->memory);
	else
		tg_finding_add(d, "memory", VM, TG_FINE, "a guest takes 512 MiB", NOTHING, "unknown");
}

static void find_kvm(const struct tg_facts *f, struct tg_diagnosis *d)
{
	if (!f->kvm)
		tg_finding_add(d, "kvm", VM, TG_NOTE, "lane vm counts instructions (TCG)",
			       "take all of Tollgate's vm/", "not probed: vm/kvm-probe.sh is missing");
	else if (tg_kvm_is(f, "native"))
		tg_finding_add(d, "kvm", VM, TG_FINE, "lane vm measures true cycles of ring 0",
			       NOTHING, "%s", f->kvm);
	else if (tg_kvm_is(f, "denied"))
		tg_finding_add(d, "kvm", VM, TG_WARN, "lane vm counts instructions (TCG)",
			       "join the group kvm: usermod -aG kvm USER, log in again", "%s", f->kvm);
	else
		tg_finding_add(d, "kvm", VM, TG_NOTE, "lane vm counts instructions (TCG)",
			       "bare metal, or a host that nests for cycles", "%s", f->kvm);
}

void tg_find_lanes(const struct tg_facts *f, struct tg_diagnosis *d)
{
	find_lockdown(f, d);
	find_modules(f, d);
	find_debugfs(f, d);
	find_build(f, d);
	find_guest(f, d);
	find_kvm(f, d);
}
