/* SPDX-License-Identifier: GPL-2.0 */
/* What armed-unusual.c and armed-flags.c share: what came of something, and before. */
#ifndef ARMED_UNUSUAL_H
#define ARMED_UNUSUAL_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#define FLAGS_TF	(1ul << 8)

/* The latest signal, and where a task was with what when it came. */
struct seen {
	int sig, code, count;
	uint64_t address;
	greg_t regs[NGREG];
};
extern struct seen now;

/* Where on_end() goes on, while goes says so; whether the stretch began that was wanted. */
extern sigjmp_buf behind;
extern bool goes, began;

/* Of the line that is being checked: how much is not as it was. */
extern int wrong;

/* Handlers, on a stack of their own: note() for now, on_end() to behind as well. */
void handle(int sig, void (*handler)(int, siginfo_t *, void *));
void note(int sig, siginfo_t *info, void *context);
void on_end(int sig, siginfo_t *info, void *context);

/* Says what differs between now and what was. */
void compare(const char *what, const char *name, const struct seen *was);

/* armed-flags.c: while nothing is armed, and as it is then. */
void flags_before(void);
void compare_flags(const char *point, bool in_stretch, bool stub_answers);

/* What C code expects. */
static inline void plain_flags(void)
{
	asm volatile("sub $128, %%rsp; pushq $0x202; popfq; add $128, %%rsp" : : : "cc", "memory");
}
#endif
