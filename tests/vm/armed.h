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

/* TAP without numbers: the guest's script counts. */
void ok(bool good, const char *what, ...) __attribute__((format(printf, 2, 3)));

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

/* SIGALRM in this interval of microseconds; 0: no more. */
void alarm_every(long usec);

/*
 * Prints what a call of the stub takes, if any number of them takes exactly so many
 * times that; what forwarding adds to getpid(2), plain and where a stretch may be
 * quiet, as assignments for sh. 0, or 1 if it was not armed.
 */
int call_cost(const char *point);
int forward_cost(void);

/* An armed task under signals, beside one that dirties vector registers. */
void check_storm(void);
void check_calls(void);
void check_two_cpus(const char *point);
void check_deaths(void);
void check_refusals(void);
#endif
#endif
