// SPDX-License-Identifier: GPL-2.0
/*
 * What a quiet stretch holds back, and that every way to the kernel ends it: each
 * gate by itself, since no other is taken until the alarm has come.
 */
#include <asm/ldt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "armed.h"

#define FLAGS_TF	(1ul << 8)
#define FLAGS_AC	(1ul << 18)
#define USER_CS		0x33
#define MOST		50000000	/* loops until an alarm, which comes every millisecond */

static volatile long alarms;
static volatile int raised;	/* the signal that an exception became */
static volatile bool came;	/* an alarm, in its handler */
static long before;		/* alarms when the stretch began */
uint64_t armed_resume;
volatile struct where fault_at;

static void on_alarm(int sig)
{
	alarms += sig == SIGALRM;
}

/* Without a call or a fault: nothing else lowers CR8. */
static bool alarm_comes(void)
{
	long i;

	for (i = 0; i < MOST && alarms == before; i++)
		asm volatile("" : : : "memory");
	return alarms != before;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	/* a handler is entered with AC as it was */
	asm volatile("sub $128, %%rsp; pushf; andq %0, (%%rsp); popf; add $128, %%rsp"
		     : : "i" ((int)~FLAGS_AC) : "cc", "memory");
	(void)info;
	raised = sig;
	came = alarm_comes();
	fault_at.rip = regs[REG_RIP];
	fault_at.rax = regs[REG_RAX];
	fault_at.cs = regs[REG_CSGSFS];
	regs[REG_EFL] &= ~(FLAGS_AC | FLAGS_TF);
	regs[REG_RIP] = armed_resume;
	regs[REG_CSGSFS] = (regs[REG_CSGSFS] & ~0xffffl) | USER_CS;
}

static void de(void)
{
	asm volatile(RESUME "xor %%ecx, %%ecx; xor %%edx, %%edx; div %%ecx; 9:"
		     : : : "rax", "rcx", "rdx", "cc", "memory");
}

static void db(void)
{
	asm volatile(RESUME "sub $128, %%rsp; pushf; orq %0, (%%rsp); popf; nop; nop;"
		     "9: add $128, %%rsp" : : "i" (FLAGS_TF) : "rax", "cc", "memory");
}

static void int1(void)
{
	asm volatile(RESUME ".byte 0xf1; 9:" : : : "rax", "memory");
}

static void bp(void)
{
	asm volatile(RESUME "int3; 9:" : : : "rax", "memory");
}

static void ud(void)
{
	asm volatile(RESUME "ud2; 9:" : : : "rax", "memory");
}

static void gp(void)
{
	asm volatile(RESUME "hlt; 9:" : : : "rax", "memory");
}

static void sysenter(void)
{
	asm volatile(RESUME "sysenter; 9:" : : : "rax", "rcx", "rdx", "memory");
}

/* A selector of the LDT that is not present: see make_absent(). */
static void np(void)
{
	asm volatile(RESUME "mov $7, %%eax; mov %%eax, %%es; 9:" : : : "rax", "memory");
}

/* What RBP is the base of is in SS; this address is none. */
static void ss(void)
{
	asm volatile(RESUME "push %%rbp; mov $1, %%ebp; shl $60, %%rbp; mov (%%rbp), %%rax;"
		     "9: pop %%rbp" : : : "rax", "cc", "memory");
}

static void mf(void)
{
	static const uint16_t all_but_zero_divide = 0x37b;

	asm volatile(RESUME "fninit; fldcw %0; fld1; fldz; fdivrp; fwait; 9: fnclex; fninit"
		     : : "m" (all_but_zero_divide) : "rax", "memory");
}

static void ac(void)
{
	asm volatile(RESUME "sub $128, %%rsp; pushf; orq %0, (%%rsp); popf;"
		     "mov -15(%%rsp), %%rax; 9: pushf; andq %1, (%%rsp); popf; add $128, %%rsp"
		     : : "i" (FLAGS_AC), "i" ((int)~FLAGS_AC) : "rax", "cc", "memory");
}

static void xm(void)
{
	static const uint32_t all_but_zero_divide = 0x1d80, all = 0x1f80;

	asm volatile(RESUME "ldmxcsr %0; pcmpeqd %%xmm0, %%xmm0; pslld $25, %%xmm0;"
		     "psrld $2, %%xmm0; pxor %%xmm1, %%xmm1; divss %%xmm1, %%xmm0; 9: ldmxcsr %1"
		     : : "m" (all_but_zero_divide), "m" (all) : "rax", "xmm0", "xmm1", "memory");
}

/* getpid(2) of 32-bit code; -1 if it was an exception, as where there is no such ABI. */
static int pid80;

static void int80(void)
{
	asm volatile(RESUME "mov $-1, %%ecx; mov $20, %%eax; int $0x80; mov %%eax, %%ecx;"
		     "9: mov %%ecx, %0"
		     : "=m" (pid80) : : "rax", "rcx", "r8", "r9", "r10", "r11", "memory");
}

static void syscall_64(void)
{
	call(NO_CALL);
}

/* The first entry of the LDT, for np(). */
static bool make_absent(void)
{
	struct user_desc one = {
		.entry_number = 0, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1,
		.seg_not_present = 1,
	};

	return !syscall(SYS_modify_ldt, 0x11, &one, sizeof(one));
}

static long minor_faults(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_minflt;
}

void check_way(const struct way *way)
{
	long faults;
	bool began;

	/*
	 * What all that touches, the alarm's frame upon the other, is there the second
	 * time, or a fault of memory would end the stretch.
	 */
	raised = 0;
	before = alarms;
	way->go();
	if (!raised)
		alarm_comes();
	if (way->may_lack && raised != way->signal) {
		printf("no %s on this machine: signal %d\n", way->name, raised);
		return;
	}
	faults = minor_faults();
	raised = 0;
	came = false;
	began = quiet();
	before = alarms;
	way->go();
	if (!raised)
		came = alarm_comes();
	faults = minor_faults() - faults;
	ok(began && came && !faults &&
	   (raised == way->signal || (way->other && raised == way->other)),
	   "quiet: %s ends it by itself: signal %d, %s alarm behind it%s", way->name, raised,
	   came ? "an" : "no", faults ? ", but there were other faults" : "");
}

static void ways(void)
{
	static const struct way all[] = {
		{ "a forwarded call", syscall_64, 0, 0, false },
		{ "#DE", de, SIGFPE, 0, false },
		{ "#DB", db, SIGTRAP, 0, false },
		{ "#BP", bp, SIGTRAP, 0, false },
		{ "#UD", ud, SIGILL, 0, false },
		{ "#GP", gp, SIGSEGV, 0, false },
		{ "SYSENTER", sysenter, SIGSEGV, SIGILL, false },
		/* an emulator may have #GP for what is not canonical in SS */
		{ "#SS", ss, SIGBUS, SIGSEGV, false },
		{ "#MF", mf, SIGFPE, 0, false },
		/* which QEMU's TCG raises not at all, or not in all versions */
		{ "#DB by INT1", int1, SIGTRAP, 0, true },
		{ "#AC", ac, SIGBUS, 0, true },
		{ "#XM", xm, SIGFPE, 0, true },
		/* or #GP, where there is no 32-bit ABI */
		{ "INT 0x80", int80, 0, SIGSEGV, false },
	};
	static const struct way absent = { "#NP", np, SIGBUS, 0, false };
	unsigned int i;

	for (i = 0; i < NR(all); i++)
		check_way(&all[i]);
	ok(pid80 == (raised ? -1 : getpid()), "INT 0x80 gives the pid: %d", pid80);
	if (make_absent())
		check_way(&absent);
	check_low();
}

/* So many loops are some alarms; in a stretch none, until a call or a fault. */
static void held_back(void)
{
	volatile char *page;
	long loops = 1000000, seen, i;
	bool began;

	do {
		loops *= 2;
		before = alarms;
		for (i = 0; i < loops; i++)
			asm volatile("" : : : "memory");
		seen = alarms - before;
	} while (seen < 3 && loops < 1l << 34);
	began = quiet();
	before = alarms;
	for (i = 0; i < loops; i++)
		asm volatile("" : : : "memory");
	ok(seen >= 3 && began && alarms == before && armed(),
	   "quiet: no signal for %ld loops, of %ld otherwise", loops, seen);
	call(NO_CALL);
	ok(alarm_comes(), "quiet: over with the next system call");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	began = quiet();
	before = alarms;
	*page = 1;
	ok(began && alarm_comes(), "quiet: a fault ends it");
	munmap((void *)page, 4096);
}

/* Faults that are resolved, sleep: at CR8 = 15 none would come back. */
static void sleeps(void)
{
	volatile char *page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct timespec t = { 0, 5000000 };
	int i, loud = 0;

	for (i = 0; i < 256; i++) {
		loud += !quiet();
		page[i * 4096] = 1;
	}
	munmap((void *)page, 1 << 20);
	loud += !quiet();
	ok(!nanosleep(&t, NULL) && !loud, "quiet: sleeping ends it");
}

void check_quiet(void)
{
	static const int sigs[] = { SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGTRAP };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	unsigned int i;

	signal(SIGALRM, on_alarm);
	for (i = 0; i < NR(sigs); i++)
		sigaction(sigs[i], &sa, NULL);
	alarm_every(1000);
	held_back();
	ways();
	alarm_every(0);
	sleeps();
	ok(!strcmp(fact("cr8_fixups"), "0") && !strcmp(fact("mask_fixups"), "0"),
	   "quiet: every way to the kernel lowered CR8, and put IF back into SYSCALL_MASK");
	for (i = 0; i < NR(sigs); i++)
		signal(sigs[i], SIG_DFL);
}
