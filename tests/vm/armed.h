/* SPDX-License-Identifier: GPL-2.0 */
/* Between armed*.c and armed-cross.S: the registers of one SYSCALL. */
#ifndef ARMED_H
#define ARMED_H

#define STATE_RAX	0
#define STATE_RBX	8
#define STATE_RCX	16
#define STATE_RDX	24
#define STATE_RSI	32
#define STATE_RDI	40
#define STATE_RBP	48
#define STATE_R8	56
#define STATE_R9	64
#define STATE_R10	72
#define STATE_R11	80
#define STATE_R12	88
#define STATE_R13	96
#define STATE_R14	104
#define STATE_R15	112
#define STATE_FLAGS	120
#define STATE_RSP	128
#define STATE_SEGMENTS	136
#define STATE_YMM	152

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

#include <tollgate/arm.h>

#define NR(a)	(sizeof(a) / sizeof((a)[0]))

/* A number that no kernel knows: to the kernel's own entry and back. */
#define NO_CALL	4095

struct state {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t flags;
	uint64_t rsp;			/* out: by how much it moved */
	uint16_t segments[8];		/* out: ds es fs gs ss cs */
	unsigned char ymm[16][32];
};

void cross(struct state *in, struct state *out);
extern const char cross_return[];

/* Right before SYSCALL cross() loads SS as it is, from a place that may be watched. */
extern bool cross_moves_ss;
extern uint16_t cross_ss;
extern const char cross_ss_return[];

/* TAP without numbers: the guest's script counts. */
void ok(bool good, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* armed-outside.c: what sh asks for; an exit status. */
int move_lstar(long by);
int arm_by_file(int fd, const char *point);

/* A SYSCALL by its number, without arguments. */
static inline long call(long number)
{
	long ret;

	asm volatile("syscall" : "=a" (ret) : "0" (number) : "rcx", "r11", "memory");
	return ret;
}

/* Opens arm and arms the caller: the file, or -errno with rq->error. */
int arm(const char *point, unsigned int flags, struct tg_arm *rq);

/* Whether the caller is armed: its stub answers. */
static inline bool armed(void)
{
	return call(TG_SYSCALL_STUB) == TG_SYSCALL_STUB;
}

/* A key of the module's status, "" if it is not there. */
const char *fact(const char *key);

/* A line: status says that the CPU's state was always the same after as before. */
void same_after_all(const char *when);

/* Nothing is armed, soon: what the last close leaves is done by the dying task. */
bool free_again(void);

/* Lines: it can be armed again, and answers; status says that the latest ended so, or so. */
void rearms(const char *after);
void ended(const char *what, const char *words_with_bars);
#define BY_OWN	"a close"
#define BY_END	"the task's end"
/* Its last close comes with its end, the memory may be gone before. */
#define BY_EITHER	BY_OWN "|" BY_END

/* Begins a quiet stretch; false if the caller is not armed, or not for that. */
bool quiet(void);

/* Moves the caller to a CPU; false if there is none. */
bool pin(int cpu);

/* The YMM registers are there, not XMM alone. */
extern bool armed_avx;

/*
 * One call with all registers set, RFLAGS as said, RAX the same afterwards or not:
 * names what is not as it was, or as SYSCALL and SYSRET leave it. "" if nothing.
 */
const char *differs(long number, uint64_t flags, bool rax_same);

/* What registers are filled with depends on it; differs() changes it. */
extern unsigned int fill_salt;

/* The same in two steps, for a call with arguments. out gets RAX, if it is not NULL. */
void fill(struct state *s, uint64_t flags, long number);
const char *differs_from(struct state *in, bool rax_same, uint64_t *out);

/* The points that there are, to be armed one by one. */
extern const char *const points[];
#define NR_POINTS	3

/*
 * Sets a user's GS base that is not 0, of the kernel's half if asked and FSGSBASE lets
 * it: what it is. Whether it still is; it is 0 afterwards.
 */
unsigned long swap_gs_base(bool kernels);
bool restore_gs_base(unsigned long wanted);

/* Where the kernel or a module has a symbol; 0 if it does not say. */
unsigned long symbol(const char *name);

/*
 * A breakpoint of the caller's: HW_BREAKPOINT_* and a length in bytes. A file that
 * reads as the number of traps, or -1 and errno.
 */
int watch(unsigned long address, int type, int len);

/*
 * Of armed-quiet.c. One way to the kernel: go() leads there, once, and comes back; a
 * signal that it raises, or another that an emulator has for it, or none. Where it may
 * lack, that is said. Prints whether it ended a quiet stretch by itself.
 */
struct way {
	const char *name;
	void (*go)(void);
	int signal, other;
	bool may_lack;
};
void check_way(const struct way *way);

/* In go(): where the handler goes on, in 64-bit code. */
extern uint64_t armed_resume;
#define RESUME	"lea 9f(%%rip), %%rax\n mov %%rax, armed_resume(%%rip)\n"

/* SYSCALL of 32-bit code: registers and stack of its own, below 4 GiB (armed-cross.S). */
long low_call(long number, long arg1, long arg2, long arg3);
extern const char low_back[];
extern uint64_t low_stack;
extern struct far { uint32_t offset; uint16_t selector; } __attribute__((packed)) low_far;
void check_low(void);

/* Where the latest exception was: its RIP, its CS, and RAX there. */
struct where { uint64_t rip, rax; uint16_t cs; };
extern volatile struct where fault_at;

/* SIGALRM in this interval of microseconds; 0: no more. */
void alarm_every(long usec);

/*
 * Prints what a call of the stub takes, if any number of them takes exactly so many
 * times that; what forwarding adds to getpid(2), plain and where a stretch may be
 * quiet, as assignments for sh. 0, or 1 if it was not armed.
 */
int call_cost(const char *point);
/*
 * What STEPS calls of a point's stub take in a quiet stretch, without what one alone does;
 * a multiple of the calls in which pace in4 goes round. False if it cannot be armed.
 */
#define STEPS	200
bool call_steps(const char *point, unsigned long *steps);
int forward_cost(void);

/* An armed task under signals, beside one that dirties vector registers. */
void check_storm(unsigned int flags);
/* armed-frames.c: registers through every stub; what they take, and that it adds up. */
void check_stubs(void);
int call_sums(void);
void check_quiet(void);
void check_calls(void);
void check_traps(const char *point, unsigned int flags);
void check_bases(void);
void check_breaks(void);
void check_unusual(void);
void check_two_cpus(const char *point);
void check_deaths(void);
void check_files(void);
void check_refusals(void);
#endif
#endif
