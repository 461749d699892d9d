// SPDX-License-Identifier: GPL-2.0
/*
 * Where stubs and gates go on when a call or an exception is not theirs: direct
 * jumps that static calls patch to the kernel's own entries. No register is
 * touched, and there is no indirect branch to train.
 *
 * The jumps stand in stubs.S and gates.S. Where objtool sees each file by itself, it
 * leaves them as they are, to the trampolines, which are patched likewise; and GS may
 * be the user's there, so nobody is to probe those either.
 */
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/static_call.h>
#include <asm/desc.h>
#include <asm/msr.h>

#include "entry.h"
#include "gates.h"

/* The target of a jump that is not aimed yet: nothing that reaches it is loaded. */
void tg_forward_nowhere(void);
void tg_forward_nowhere(void)
{
}

#define TG_FORWARD(call)						\
	DEFINE_STATIC_CALL(call, tg_forward_nowhere);			\
	NOKPROBE_SYMBOL(STATIC_CALL_TRAMP(call))

TG_FORWARD(tg_to_kernel);
TG_FORWARD(tg_to_compat);

#define TG_ONE(name, vector, error)					\
	TG_FORWARD(tg_to_##name);					\
	extern const char tg_gate_##name[];
TG_GATES(TG_ONE)
#undef TG_ONE

#define TG_ONE(name, number, error)	{ .vector = number, .entry = tg_gate_##name },
static const struct tg_gate tg_gates[] = { TG_GATES(TG_ONE) };
#undef TG_ONE

static DEFINE_MUTEX(tg_aim_lock);
static unsigned long tg_aimed;		/* LSTAR that all jumps were aimed beside */

unsigned long tg_forward_entry(void)
{
	return READ_ONCE(tg_aimed);
}

const struct tg_gate *tg_quiet_gates(int *nr)
{
	*nr = ARRAY_SIZE(tg_gates);
	return tg_gates;
}

/* Of the kernel's image: a module may take its entry away, and jumps reach no further. */
static bool tg_kernels(unsigned long address)
{
	return address >= __START_KERNEL_map && address < MODULES_VADDR;
}

bool tg_has_cstar(void)
{
	return boot_cpu_data.x86_vendor != X86_VENDOR_INTEL;
}

/* All that is forwarded to; a vector that is not there needs nothing. */
static bool tg_all_kernels(unsigned long lstar, unsigned long cstar)
{
	unsigned long to;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tg_gates); i++) {
		to = tg_idt_kernel(tg_gates[i].vector);
		if (to && !tg_kernels(to))
			return false;
	}
	return tg_kernels(lstar) && (!tg_has_cstar() || tg_kernels(cstar));
}

/* A function in name alone: what the jump is patched to. */
typedef void tg_target(void);

static void tg_aim(unsigned long lstar, unsigned long cstar)
{
	unsigned long to;

	static_call_update(tg_to_kernel, (tg_target *)lstar);
	if (tg_has_cstar())
		static_call_update(tg_to_compat, (tg_target *)cstar);
#define TG_ONE(name, vector, error)					\
	to = tg_idt_kernel(vector);					\
	if (to)								\
		static_call_update(tg_to_##name, (tg_target *)to);
	TG_GATES(TG_ONE)
#undef TG_ONE
}

int tg_forward_aim(char *err)
{
	unsigned long lstar, cstar;

	if (tg_forward_entry())
		return 0;
	mutex_lock(&tg_aim_lock);
	lstar = tg_read_msr(MSR_LSTAR);
	cstar = tg_read_msr(MSR_CSTAR);
	if (!tg_all_kernels(lstar, cstar)) {
		mutex_unlock(&tg_aim_lock);
		snprintf(err, TG_ERROR_MAX,
			 "LSTAR, CSTAR or an IDT gate is not the kernel's: another module has it; unload that");
		return -EOPNOTSUPP;
	}
	if (!tg_forward_entry()) {
		tg_aim(lstar, cstar);
		WRITE_ONCE(tg_aimed, lstar);
	}
	mutex_unlock(&tg_aim_lock);
	return 0;
}
