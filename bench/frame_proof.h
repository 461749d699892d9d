/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The proof of frame.enough: the partial frames of frame_kinds.h themselves, in ring 3, around
 * slow paths in C that do to struct pt_regs what those of Linux 3.19 did. Every sequence of
 * slow paths is run with RESTORE_TOP_OF_STACK and without it, by SYSRET and by IRET, and
 * compared: what each slow path sees, and every register that the user gets.
 */
#ifndef TOLLGATE_FRAME_PROOF_H
#define TOLLGATE_FRAME_PROOF_H

/* Offsets that frame_blocks.h has not: what C keeps. */
#define TG_PT_R15	0
#define TG_PT_R14	8
#define TG_PT_R13	16
#define TG_PT_R12	24
#define TG_PT_BP	32
#define TG_PT_BX	40

/* What comes after a slow path: the way back; another in the same stay, or in its own; none */
#define TG_THEN_BACK	0
#define TG_THEN_MORE	1
#define TG_THEN_ANEW	2
#define TG_THEN_STOP	3

#define TGP_STEPS	3	/* slow paths of one system call, at most */
#define TGP_IPS	4	/* addresses of a place where the user goes on: restarts go back */
#define TGP_PLACES	(1 + 4 * TGP_STEPS)

#ifndef __ASSEMBLER__
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <tollgate/frame_blocks.h>

#define TG_NR_REGS	(TG_PT_SIZE / 8)

/* struct pt_regs, by TG_REG(). */
typedef __u64 tg_regs_t[TG_NR_REGS];
#define TG_REG(name)	(TG_PT_##name / 8)

/* What frame_proven.S assembled: bits as a point's, and whether RESTORE is in it. */
struct tgp_code {
	const void *code;
	__u64 bits, restores;
};
extern const struct tgp_code tgp_codes[], tgp_codes_end[];
/* Where the user goes on: the last of TGP_IPS addresses, two bytes apart. */
extern const void *const tgp_places[TGP_PLACES];

/* Runs code for a user of regs in, whose registers then are in tgp_user. */
void tgp_enter(const __u64 *in, const void *code);
extern __u64 tgp_user[TG_NR_REGS];
extern __u64 tgp_flags;		/* what SYSRET or IRET loaded RFLAGS from */

/* Called from there: the call itself, and a slow path. */
struct tgp_next {
	__u64 then;
	__u64 *regs;			/* with which stack it goes on */
};
void tgp_in_call(__u64 *regs);
struct tgp_next tgp_in_slow_path(__u64 *regs);

/* A task as slow paths know it, or as it must be; then without cpu and child[]. */
struct tgp_task {
	__u64 *regs;
	tg_regs_t saved;		/* in its signal frame, if there is one */
	bool framed;
	int step;			/* values that are written differ by step */
	bool lacks_rsp;			/* its RSP is in the per-CPU slot: without (a) */
	struct tg_rehearsed_cpu *cpu;
	__u64 *child[TGP_STEPS];	/* where a child's struct pt_regs is to be */
};

/* A slow path (frame_paths.c). dropped: usersp is, from the context switch and from fork. */
struct tgp_slow_path {
	const char *name;
	void (*run)(struct tgp_task *t, int arg);
	int arg;
	bool dropped;
};
extern const struct tgp_slow_path tgp_slow_paths[];
extern const int tgp_nr_slow_paths;
/* What the call itself does: nothing, or it sleeps; of those the last drops usersp. */
#define TGP_CALLS	3
#define TGP_CALL_DROPS	2
extern const char *const tgp_calls[TGP_CALLS];
void tgp_call(struct tgp_task *t, int call);
/* Users who differ in every register. Their flags too, but for what nobody can have here. */
#define TGP_USERS	3
void tgp_user_regs(int user, __u64 *regs);
/* What of RFLAGS ring 3 loads: CF, PF, AF, ZF, SF, DF, OF, ID. */
#define TG_FLAGS_LOADED	0x200cd5
extern const char *const tg_reg_names[TG_NR_REGS];

/* One system call. */
struct tgp_case {
	const struct tgp_code *code;
	int user, call, steps;
	int path[TGP_STEPS], then[TGP_STEPS];	/* then[i]: what comes before path i */
	int forgets;			/* planted: a register that the fix-up forgets; -1 */
};

/* What was observed, and the first that is not as it must be. */
struct tgp_seen {
	tg_regs_t path[TGP_STEPS], user;
	__u64 user_sp;			/* as the call asks for it */
	int reg, at;			/* reg -1: none; at: step, TG_AT_CALL, TG_AT_USER */
	__u64 is, must;
};
#define TG_AT_CALL	-1
#define TG_AT_USER	TGP_STEPS

/*
 * Around runs: GS base is the proof's own CPU, and signals wait, for which there is a
 * place between two runs. tgp_begin(): 0, or -1 with errno of arch_prctl().
 */
int tgp_begin(void);
void tgp_let_signals_in(void);
void tgp_end(void);
/* One run, which ends at the first fault that a slow path sees. */
void tgp_run(const struct tgp_case *c, struct tgp_seen *seen);
/* Tells a case, and its fault if it has one, in lines that begin with indent. */
void tgp_tell(FILE *out, const char *indent, const struct tgp_case *c,
		   const struct tgp_seen *seen);

/*
 * A search (frame_search.c): every sequence of slow paths through an entry. TGP_BOTH:
 * with RESTORE and without, which must not differ either.
 */
enum tgp_kind { TGP_BOTH, TGP_WITH, TGP_WITHOUT };
struct tgp_search {
	const char *name, *what;
	__u64 frame;			/* bits */
	enum tgp_kind kind;
	bool dropped;			/* context switches may drop usersp */
	int steps;			/* slow paths of a call, at most */
	int forgets;			/* as a case's */
	unsigned int lost;		/* TG_LOST(): what must be lost, that and nothing else */
};
extern const struct tgp_search tgp_searches[];
extern const int tgp_nr_searches;

#define TG_LOST(name)	(1U << TG_REG(name))

struct tgp_fault {
	size_t times;
	bool differs;			/* with RESTORE from without; is, must: these */
	struct tgp_case shortest;	/* of the shortest, the first */
	struct tgp_seen seen;
};

struct tgp_result {
	size_t calls, seen;		/* system calls run, and slow paths in them */
	unsigned int lost;		/* TG_LOST() */
	double seconds;			/* of processor time */
	struct tgp_fault fault[TG_NR_REGS];
};

/* 0; -1 with errno: EINTR where tg_interrupted is set, or arch_prctl()'s. steps: at most. */
int tgp_search(const struct tgp_search *s, int steps, struct tgp_result *r);
/* Whether exactly what must be lost was, and RESTORE made no difference. */
bool tgp_as_expected(const struct tgp_search *s, const struct tgp_result *r);

#endif
#endif
