/* SPDX-License-Identifier: GPL-2.0 */
/* Lane vm's machine: which accelerator, CPU and kernel. */
#ifndef TOLLGATE_GUEST_H
#define TOLLGATE_GUEST_H

#include <limits.h>

#include "run.h"

#define TG_GUEST_ARGS	32

struct tg_guest {
	char release[128], image[PATH_MAX], build[PATH_MAX];
	char qemu[64];			/* version */
	char dir[PATH_MAX];		/* private: module, job, what came out */
	bool kvm, icount;
	const char *cpu_model;
	char probe[512];		/* what vm/kvm-probe.sh said; empty: not asked */
	const char *args[TG_GUEST_ARGS];	/* vm/boot.sh's options for this machine */
	size_t nr_args;
	char mem[16];			/* MiB; empty: vm/boot.sh's default */
	char smp[16], numa[16];		/* CPUs and nodes, likewise */
	long limit;			/* seconds a boot may take */
};

/*
 * tg_guest_machine - chooses accelerator and CPU model and has QEMU try what was
 * asked for (vm/boot.sh --try), before anything is fetched or booted.
 *
 * --accel auto is KVM if vm/kvm-probe.sh finds its ring 0 native, else TCG; with
 * --accel kvm anything but native is an error. Needs tg_home() and QEMU. Returns
 * an exit code; err holds one line unless it is 0.
 */
int tg_guest_machine(const struct tg_options *o, struct tg_guest *g, char *err, size_t errlen);

/*
 * tg_guest_kernel - finds or fetches the kernel (vm/kernel.sh) and fills release,
 * image and build. Names with a slash are relative to the working directory.
 * Returns as above.
 */
int tg_guest_kernel(const struct tg_options *o, struct tg_guest *g, char *err, size_t errlen);

/* The report's word for the accelerator: "kvm", "tcg,icount" or "tcg". */
const char *tg_guest_accel(const struct tg_guest *g);

#endif
