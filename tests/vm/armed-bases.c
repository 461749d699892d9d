// SPDX-License-Identifier: GPL-2.0
/* FS and GS base: what they are in ring 3, and stay, by every way to see them. */
#include <asm/prctl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "armed.h"

/* An address that no user has: with FSGSBASE ring 3 may set it all the same. */
#define OF_THE_KERNEL	0xffffc90012345000ul
#define OF_NOBODY	0x12345678000ul

/* RDGSBASE and WRGSBASE work in ring 3 (arch/x86/include/uapi/asm/hwcap2.h). */
static bool fsgsbase(void)
{
	return getauxval(AT_HWCAP2) & 2;
}

static unsigned long rdgsbase(void)
{
	unsigned long base;

	asm volatile("rdgsbase %0" : "=r" (base) : : "memory");
	return base;
}

static void wrgsbase(unsigned long base)
{
	asm volatile("wrgsbase %0" : : "r" (base) : "memory");
}

unsigned long swap_gs_base(bool kernels)
{
	unsigned long base = kernels ? OF_THE_KERNEL : OF_NOBODY;

	if (fsgsbase()) {
		wrgsbase(base);
		return base;
	}
	syscall(SYS_arch_prctl, ARCH_SET_GS, OF_NOBODY);
	return OF_NOBODY;
}

bool restore_gs_base(unsigned long wanted)
{
	unsigned long is = 0;

	if (fsgsbase())
		is = rdgsbase();
	else
		syscall(SYS_arch_prctl, ARCH_GET_GS, &is);
	syscall(SYS_arch_prctl, ARCH_SET_GS, 0);
	return is == wanted;
}

/* By arch_prctl(2), the kernel's knowledge. */
static void by_prctl(void)
{
	unsigned long fs = 0, fs_now = 1, gs_now = 1;
	int i;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs);
	syscall(SYS_arch_prctl, ARCH_SET_GS, OF_NOBODY);
	for (i = 0; i < 1000; i++)
		armed();
	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_now);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &gs_now);
	ok(fs && fs == fs_now && gs_now == OF_NOBODY, "FS and GS base are the same after as before");
}

/* By what is there: right behind the stub, and behind a call that was forwarded. */
static void by_load(void)
{
	unsigned long *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
	unsigned long eax, read, wrong = 0;
	int i;

	page[1] = 0x5a5a12345678a5a5;
	syscall(SYS_arch_prctl, ARCH_SET_GS, page);
	for (i = 0; i < 1000; i++) {
		eax = i % 10 ? TG_SYSCALL_STUB : NO_CALL;
		read = 0;
		asm volatile("syscall\n"
			     "mov %%gs:8, %1"
			     : "+a" (eax), "=r" (read) : : "rcx", "r11", "memory");
		wrong += read != page[1];
	}
	syscall(SYS_arch_prctl, ARCH_SET_GS, 0);
	munmap(page, 4096);
	ok(!wrong, "GS base by a load right behind the call: %lu of 1000 wrong", wrong);
}

static void by_instruction(void)
{
	static const unsigned long bases[] = { 0, OF_NOBODY, OF_THE_KERNEL };
	unsigned long wrong = 0, k;
	int i;

	for (k = 0; k < NR(bases); k++) {
		wrgsbase(bases[k]);
		for (i = 0; i < 300; i++) {
			call(i % 10 ? TG_SYSCALL_STUB : NO_CALL);
			wrong += rdgsbase() != bases[k];
		}
	}
	wrgsbase(0);
	ok(!wrong, "GS base by RDGSBASE, a kernel's address, too: %lu of 900 wrong", wrong);
}

void check_bases(void)
{
	by_prctl();
	by_load();
	if (fsgsbase())
		by_instruction();
}
