// SPDX-License-Identifier: GPL-2.0
/*
 * Registers that no sane program has: RIP, RSP, CS, SS, RFLAGS that rt_sigreturn(2), JMP or
 * IRET cannot or should not go to; armed-flags.c has RFLAGS at SYSCALL itself. What an
 * armed task gets of it, by signal, si_code and every register, is what it got before it
 * was armed: little else is expected here.
 */
#include <asm/ldt.h>
#include <cpuid.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tollgate/frame_blocks.h>

#include "armed.h"
#include "armed-unusual.h"

#define USER_CS	0x33
#define USER32_CS 0x23
#define PAGE	4096ul
#define TOP(bits) (1ul << (bits))
/* "TCGTCGTCGTCG", where CPUID names a hypervisor */
#define TCG_EBX	0x54474354
#define TCG_ECX	0x43544743
#define TCG_EDX	0x47435447

/* Of armed-returns.S: struct frame is what IRET takes. */
struct frame { uint64_t rip, cs, flags, rsp, ss; };
extern struct frame returns_frame;
extern uint64_t returns_pid, returns_number;
extern const char returns_on[];
void return_by_signal(void);
void return_by_jump(void);
void return_by_iret(void);
void return_by_call(void);
void return_from_32(void);

struct seen now;
sigjmp_buf behind;
bool goes, began;
int wrong;
static bool wants_stretch;

void note(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	plain_flags();
	now.sig = sig;
	now.code = info->si_code;
	now.address = (uint64_t)info->si_addr;
	now.count++;
	memcpy(now.regs, regs, sizeof(now.regs));
	now.regs[REG_OLDMASK] = 0;
	/* of an earlier fault, elsewhere */
	if (regs[REG_TRAPNO] != 14)
		now.regs[REG_CR2] = 0;
}

void on_end(int sig, siginfo_t *info, void *context)
{
	note(sig, info, context);
	if (goes)
		siglongjmp(behind, 1);
	signal(sig, SIG_DFL);
}

/* What a task gets back to: the frame that its signal left, with other values. */
static void on_return(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	regs[REG_RIP] = returns_frame.rip;
	regs[REG_RSP] = returns_frame.rsp;
	regs[REG_EFL] = returns_frame.flags;
	regs[REG_CSGSFS] = (regs[REG_CSGSFS] & 0xffffffff0000) | (returns_frame.cs & 0xffff) |
			   returns_frame.ss << 48;
	if (wants_stretch)
		began = quiet();
}

void handle(int sig, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaction(sig, &sa, NULL);
}

static const int ends[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };

static void handle_all(bool on)
{
	static char other[65536] __attribute__((aligned(64)));
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };
	unsigned int i;

	sigaltstack(&stack, NULL);
	for (i = 0; i < NR(ends); i++)
		on ? handle(ends[i], on_end) : (void)signal(ends[i], SIG_DFL);
	handle(SIGUSR1, on_return);
}

/*
 * Ways to come back, and what with. 0 in a frame: as it should be; NONE: 0 itself.
 */
#define NONE	(1ul << 63)
#define LDT(n)	((n) << 3 | 7)
enum { ABSENT, SIXTEEN };
static const struct unusual {
	const char *name;
	struct frame frame;
	bool raises;			/* it can by no means be gone back to */
} unusual[] = {
	{ "nothing", { 0 }, false },
	{ "RIP of 48 bits", { .rip = TOP(47) }, true },
	{ "RIP of 57 bits", { .rip = TOP(56) }, true },
	{ "RIP amid the hole", { .rip = 0x5ead000000000000 }, true },
	{ "RIP of the kernel's", { .rip = 0xffffffff81000000 }, true },
	{ "RIP at the end", { .rip = -1ul }, true },
	{ "RSP of 57 bits", { .rsp = TOP(56) }, true },
	{ "RSP of the kernel's", { .rsp = 0xffffffff81000000 }, true },
	{ "CS 0", { .cs = NONE }, true },
	{ "CS 3", { .cs = 3 }, true },
	{ "CS of the kernel's", { .cs = 0x10 }, true },
	{ "CS of the kernel's, RPL 3", { .cs = 0x13 }, true },
	{ "CS of data", { .cs = TG_USER_DS }, true },
	{ "CS behind the GDT", { .cs = 0xfffb }, true },
	{ "CS not present", { .cs = LDT(ABSENT) }, true },
	{ "CS of 32 bits", { .cs = USER32_CS }, false },
	{ "SS 0", { .ss = NONE }, true },
	{ "SS 3", { .ss = 3 }, true },
	{ "SS of the kernel's", { .ss = 0x18 }, true },
	{ "SS of the kernel's, RPL 3", { .ss = 0x1b }, true },
	{ "SS of code", { .ss = USER_CS }, true },
	{ "SS behind the GDT", { .ss = 0xfffb }, true },
	{ "SS not present", { .ss = LDT(ABSENT) }, true },
	{ "SS of 16 bits", { .ss = LDT(SIXTEEN) }, false },
	{ "TF", { .flags = 0x302 }, false },
	{ "NT", { .flags = 0x4202 }, false },
	{ "NT, TF", { .flags = 0x4302 }, false },
	{ "AC", { .flags = 0x40202 }, false },
	{ "IOPL, VM, ID, DF, no IF", { .flags = 0x223402 }, false },
	{ "all flags but TF", { .flags = ~FLAGS_TF }, false },
	{ "TF, and a RIP amid the hole", { .rip = 0x5ead000000000000, .flags = 0x302 }, false },
	{ "NT, and CS 0", { .cs = NONE, .flags = 0x4202 }, true },
	{ "NT, and SS not present", { .ss = LDT(ABSENT), .flags = 0x4202 }, true },
};

static void make_ldt(void)
{
	struct user_desc one = {
		.entry_number = ABSENT, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1,
		.seg_not_present = 1,
	};

	ok(!syscall(SYS_modify_ldt, 0x11, &one, sizeof(one)), "a segment that is not present");
	one.entry_number = SIXTEEN;
	one.limit = 0xffff;
	one.seg_32bit = one.limit_in_pages = one.seg_not_present = 0;
	if (syscall(SYS_modify_ldt, 0x11, &one, sizeof(one)))
		printf("no segments of 16 bits in this kernel\n");
}

/* Goes there, and is back with what came of it; in a stretch if that is wanted. */
static void go(void (*way)(void), bool in_stretch)
{
	memset(&now, 0, sizeof(now));
	wants_stretch = in_stretch && way == return_by_signal;
	began = !in_stretch;
	goes = true;
	if (!sigsetjmp(behind, 1)) {
		if (in_stretch && !wants_stretch)
			began = quiet();
		way();
	}
	asm volatile("mov %0, %%ss" : : "r" (TG_USER_DS));
	wants_stretch = goes = false;
}

static void go_back(const struct unusual *u, void (*way)(void), bool in_stretch)
{
	static char stack[PAGE] __attribute__((aligned(64)));
	const struct frame *f = &u->frame;

	returns_pid = getpid();
	stack[0] = 1; /* there, or it would end a stretch */
	returns_frame.rip = f->rip ? f->rip : (uint64_t)returns_on;
	returns_frame.rsp = f->rsp ? f->rsp : (uint64_t)stack + sizeof(stack);
	returns_frame.flags = f->flags ? f->flags : 0x202;
	returns_frame.cs = f->cs == NONE ? 0 : f->cs ? f->cs : USER_CS;
	returns_frame.ss = f->ss == NONE ? 0 : f->ss ? f->ss : TG_USER_DS;
	go(way, in_stretch);
}

static const struct {
	const char *name;
	void (*go)(void);
} ways[] = {
	{ "rt_sigreturn", return_by_signal }, { "JMP", return_by_jump }, { "IRET", return_by_iret },
};

/*
 * QEMU's TCG up to 9.0 reads the frame of ring 3's IRET as if the kernel did, which
 * SMAP forbids: the guest's kernel dies of that fault.
 */
static unsigned int ways_here(void)
{
	unsigned int a, b, c, d;
	char line[4096];
	bool smap = false;
	FILE *f;

	__cpuid(0x40000000, a, b, c, d);
	f = fopen("/proc/cpuinfo", "r");
	while (f && fgets(line, sizeof(line), f))
		smap |= strstr(line, " smap") != NULL;
	if (f)
		fclose(f);
	if (!smap || b != TCG_EBX || c != TCG_ECX || d != TCG_EDX)
		return NR(ways);
	printf("no IRET of ring 3: an emulator dies of it under SMAP\n");
	return NR(ways) - 1;
}

static unsigned int nr_ways;

/* What all that was when nothing was armed. */
static struct seen unarmed[NR(ways)][NR(unusual)];
static struct seen at_top, from_32;
static char *last_page;			/* that there can be, if there is; SYSCALL ends it */

static bool same(const struct seen *a, const struct seen *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* A line of what differs, or of what it was. */
static void tell(const char *what, const char *name, const struct seen *is, const struct seen *was)
{
	static const char *const names[NGREG] = {
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx",
		"rdx", "rax", "rcx", "rsp", "rip", "flags", "selectors", "error", "vector", "mask",
		"cr2"
	};
	int i;

	printf("# %s, %s: signal %d, code %d, %d of them, at 0x%llx", what, name, is->sig, is->code,
	       is->count, (unsigned long long)is->regs[REG_RIP]);
	if (was) {
		printf(", not %d, %d, %d", was->sig, was->code, was->count);
		for (i = 0; i < NGREG; i++)
			if (is->regs[i] != was->regs[i])
				printf(", %s %llx not %llx", names[i],
				       (unsigned long long)is->regs[i],
				       (unsigned long long)was->regs[i]);
	}
	putchar('\n');
}

/* The last page of the user's half, whose last instruction SYSCALL cannot be behind. */
static void find_top(void)
{
	const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE;
	const int all = PROT_READ | PROT_WRITE | PROT_EXEC;
	int bits = 47;
	char *page = mmap((void *)TOP(47), PAGE, all, how, -1, 0);

	if (page == (void *)TOP(47)) {
		bits = 56;
		munmap(page, PAGE);
	}
	page = mmap((void *)(TOP(bits) - PAGE), PAGE, all, how, -1, 0);
	ok(page == MAP_FAILED && errno == ENOMEM,
	   "no page ends where what is not canonical begins, 0x%lx", TOP(bits));
	page = mmap((void *)(TOP(bits) - 3 * PAGE), 3 * PAGE, all, how, -1, 0);
	ok(page == MAP_FAILED && errno == ENOMEM, "nor do some: RCX is canonical behind SYSCALL");
	last_page = mmap((void *)(TOP(bits) - 2 * PAGE), PAGE, all, how, -1, 0);
	ok(last_page == (void *)(TOP(bits) - 2 * PAGE), "the last there can be: %p", last_page);
	memcpy(last_page + PAGE - 2, "\x0f\x05", 2);
}

static void go_top(long number, bool in_stretch)
{
	returns_number = number;
	returns_frame.rip = (uint64_t)last_page + PAGE - 2;
	go(return_by_call, in_stretch);
	now.regs[REG_RAX] = 0;		/* which the kernel's own entry answers otherwise */
}

static void go_from_32(long number)
{
	returns_number = number;
	go(return_from_32, false);
	now.regs[REG_RAX] = 0;
}

static void before_arming(void)
{
	unsigned int w, i, quiet_ones = 0;

	for (w = 0; w < nr_ways; w++) {
		for (i = 0; i < NR(unusual); i++) {
			go_back(&unusual[i], ways[w].go, false);
			unarmed[w][i] = now;
			tell(ways[w].name, unusual[i].name, &now, NULL);
			quiet_ones += now.count != 1 || (unusual[i].raises && now.sig != SIGSEGV &&
							 now.sig != SIGBUS);
		}
	}
	ok(!quiet_ones, "what nobody can go back to is a SIGSEGV or a SIGBUS: but %u", quiet_ones);
	flags_before();
	go_top(NO_CALL, false);
	at_top = now;
	tell("SYSCALL", "the last instruction there can be", &now, NULL);
	go_from_32(NO_CALL);
	from_32 = now;
	tell("SYSCALL", "behind 32-bit code's", &now, NULL);
	ok(at_top.sig == SIGSEGV && at_top.regs[REG_RIP] == (greg_t)last_page + (greg_t)PAGE,
	   "and behind its last instruction is a SIGSEGV");
}

void compare(const char *what, const char *name, const struct seen *was)
{
	if (same(&now, was) && began)
		return;
	wrong++;
	tell(what, began ? name : "no stretch", &now, was);
}

/* It is armed as before, and in no stretch any more. */
static void still_armed(const char *behind_what, bool sets_if)
{
	bool answers = armed() == !sets_if;

	if (sets_if)
		answers &= quiet() && armed() && (call(NO_CALL), !armed());
	if (answers)
		return;
	printf("# %s: the stub answers no more, or always\n", behind_what);
	wrong++;
}

static void check_one(const char *point, unsigned int fl, bool in_stretch)
{
	bool sets_if = strstr(point, "sti") || strstr(point, "unmasked");
	unsigned int w, i;

	handle_all(true);
	wrong = 0;
	compare_flags(point, in_stretch, !sets_if || in_stretch);
	ok(!wrong, "%s, flags %u%s: RFLAGS through stub and calls as unarmed: %d not", point, fl,
	   in_stretch ? ", in a stretch" : "", wrong);
	if (wrong)
		return;
	for (w = 0; w < nr_ways; w++) {
		wrong = 0;
		for (i = 0; i < NR(unusual); i++) {
			go_back(&unusual[i], ways[w].go, in_stretch);
			compare(ways[w].name, unusual[i].name, &unarmed[w][i]);
			still_armed(unusual[i].name, sets_if);
		}
		ok(!wrong, "%s, flags %u%s: what %s cannot go to as unarmed: %d not", point, fl,
		   in_stretch ? ", in a stretch" : "", ways[w].name, wrong);
	}
	wrong = 0;
	go_top(NO_CALL, in_stretch);
	compare("SYSCALL", "at the end", &at_top);
	go_top(TG_SYSCALL_STUB, in_stretch);
	compare("stub", "at the end", &at_top);
	go_from_32(NO_CALL);
	compare("SYSCALL", "behind 32-bit code's", &from_32);
	go_from_32(TG_SYSCALL_STUB);
	compare("stub", "behind 32-bit code's", &from_32);
	ok(!wrong, "%s, flags %u%s: SYSCALL at the end, or behind 32-bit code's: %d not", point,
	   fl, in_stretch ? ", in a stretch" : "", wrong);
	handle_all(false);
}

void check_unusual(void)
{
	static const char *const stubs[] = {
		"frame/point@cross", "frame/point:full@cross", "frame/point:full:iret@cross",
		"frame/point:partial:slow:iret@cross", "frame/point:sti@cross",
		"frame/point:full:unmasked@cross",
	};
	struct tg_arm rq;
	unsigned int p, fl;
	int fd;

	nr_ways = ways_here();
	make_ldt();
	handle_all(true);
	find_top();
	before_arming();
	handle_all(false);
	for (p = 0; p < NR(stubs); p++) {
		bool sets_if = strstr(stubs[p], "sti") || strstr(stubs[p], "unmasked");

		for (fl = sets_if; fl <= TG_ARM_QUIET; fl++) {
			fd = arm(stubs[p], fl, &rq);
			ok(fd >= 0, "%s, flags %u: armed %s", stubs[p], fl, rq.error);
			if (fd < 0)
				continue;
			check_one(stubs[p], fl, false);
			if (fl)
				check_one(stubs[p], fl, true);
			close(fd);
			same_after_all(stubs[p]);
		}
	}
	if (last_page != MAP_FAILED)
		munmap(last_page, PAGE);
	signal(SIGUSR1, SIG_DFL);
}
