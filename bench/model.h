/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The checker of FPU switching: an abstract machine of tasks and CPUs whose
 * registers hold symbolic values, every event it can meet, and an exhaustive
 * breadth-first search. What switches is a variant: one of the strategies of
 * mod/fpu_state.c, or the patches of 2016 as they were posted (model_posted.c).
 *
 * A value is a version of some context's registers. For each context the machine
 * knows the newest one; everything else is judged against that.
 */
#ifndef TOLLGATE_MODEL_H
#define TOLLGATE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TGM_TASKS	4	/* at most; the guest comes after them */
#define TGM_CPUS	3
#define TGM_GUEST	TGM_TASKS
#define TGM_CONTEXTS	(TGM_TASKS + 1)
#define TGM_KERNEL	TGM_CONTEXTS	/* whose values are a kernel section's */

struct tgm_value {
	unsigned char who;	/* context, or TGM_KERNEL */
	unsigned char version;	/* 0: an older one, no matter which */
	unsigned char pkru;	/* 0 or 1; goes along where the registers hold PKRU */
};

typedef struct tgm_value tgf_area_t, tgf_regs_t, tgf_frame_t;
typedef unsigned char tgf_pkru_t;

/* Of the posted patches: two uses, so that the counter stays small. */
#define TGF_HOT_USES	1
#include <tollgate/fpu_state.h>

/*
 * What a task is about. TGM_LEAVING: its system call is done, only signals and the
 * way out are left. It keeps its place in an operation only across a reschedule.
 */
enum tgm_op { TGM_USER, TGM_IN_KERNEL, TGM_LEAVING, TGM_EXITING, TGM_SAVING, TGM_RESTORING,
	      TGM_FORKING, TGM_CLEARING, TGM_READING, TGM_WRITING, TGM_DYING, TGM_NR_OPS };

struct tgm_task {
	struct tgm_value newest;	/* what it must see; .pkru what applies to it */
	struct tgm_value frame;		/* its signal frame; only PKRU is kept */
	signed char cpu;		/* where it runs; -1 */
	signed char child;		/* being forked */
	unsigned char alive, framed;
	unsigned char op, pc;
	unsigned char dead;		/* its registers are about to be replaced */
	unsigned char early;		/* an owner read too early: it was this task */
	unsigned char versions;		/* given out so far */
	unsigned char moved;		/* as posted: a reschedule inside of op changed its books */
	unsigned short blame;		/* as posted: who broke the books, see struct tgm_fault */
};

struct tgm_world {
	struct tgf_fpu fpu[TGM_CONTEXTS];
	struct tgf_cpu cpu[TGM_CPUS];
	struct tgm_task task[TGM_CONTEXTS];	/* the guest has newest and versions */
	signed char cur[TGM_CPUS];		/* -1: a kernel thread, or idle */
	signed char guest_on;			/* CPU that the guest is loaded on; -1 */
	unsigned char ts[TGM_CPUS];		/* CR0.TS itself */
};

enum tgm_invariant {
	TGM_SEES,	/* who runs sees its own last-written registers */
	TGM_SAVES,	/* no save stores another's registers, or older ones */
	TGM_VALID,	/* memory is not written while a CPU's copy counts as valid */
	TGM_PKRU,	/* the PKRU in force at a user access is the one that applies */
	TGM_TRAP,	/* no register instruction in the kernel meets CR0.TS: see tgm_strict */
	TGM_BUSY,	/* in user mode the kernel is done with the registers */
	TGM_NR_INVARIANTS
};
extern const char *const tgm_invariants[TGM_NR_INVARIANTS];	/* one line each */
extern const char *const tgm_invariant_names[TGM_NR_INVARIANTS];

/* Events a search may use. */
enum tgm_event {
	TGM_EV_SECTION	= 1 << 0,	/* kernel_fpu_begin() .. end(), soft interrupts' too */
	TGM_EV_GUEST	= 1 << 1,
	TGM_EV_SIGNAL	= 1 << 2,
	TGM_EV_PTRACE	= 1 << 3,
	TGM_EV_FORK	= 1 << 4,	/* fork, exit: memory reused at the same address */
	TGM_EV_EXEC	= 1 << 5,
	TGM_EV_PKRU	= 1 << 6,
	TGM_EV_PREEMPT	= 1 << 7,	/* inside operations */
	TGM_EV_REMOTE	= 1 << 8,	/* access to another task's user memory obeys its PKRU */
	TGM_EV_READ	= 1 << 9,	/* the kernel reads the task's own registers in memory */
	TGM_EV_WRITE	= 1 << 10,	/* and writes them there */
	TGM_EV_ALL	= 0x7ff,
};

/* What a variant does at each event. c: CPU; t: task, -1 for a kernel thread. */
struct tgm_ops {
	void (*switch_out)(int c, int t);
	void (*switch_in)(int c, int t);
	enum tgf_run (*exit_user)(int c, int t);
	void (*nm)(int c, int t);		/* t -1: a kernel thread's section */
	bool (*usable)(int c, int t);		/* may an interrupt begin a section here */
	void (*begin)(int c, int t);
	void (*end)(int c, int t);
	void (*guest_new)(void);
	void (*guest_load)(int c, int t);
	void (*guest_put)(int c, int t);
	enum tgf_run (*save)(int c, int t);
	enum tgf_run (*restore)(int c, int t);
	enum tgf_run (*fork)(int c, int t, int child);
	enum tgf_run (*clear)(int c, int t);
	enum tgf_run (*read)(int c, int t);	/* its own registers, in memory */
	enum tgf_run (*write)(int c, int t);
	void (*exit)(int c, int t);
	void (*guest_enter)(int c);		/* NULL: the guest just runs */
	void (*ptrace_read)(int t);
	void (*ptrace_write)(int t);
	bool (*counts)(int c, int t);		/* CPU c's registers count as t's */
	bool (*books)(int t);		/* what the books say of t is true; NULL: no books */
	bool in_xstate;				/* PKRU is saved and loaded with the registers */
	bool lazy;				/* CR0.TS is used */
	bool remote;			/* an access to another's memory asks for its PKRU */
	int cite_access, cite_remote;		/* what an access that breaks TGM_PKRU cites */
};

#define TGM_MAX_FAULTS	32

struct tgm_fault {
	enum tgm_invariant invariant;
	int blame;		/* citation (model_posted.def), 0: none kept, or'ed with */
#define TGM_OTHER	64	/* executed by another task than the one that suffers */
#define TGM_SOFT	128	/* after a soft interrupt inside of the same operation */
#define TGM_RESCHED	256	/* after a reschedule there, which may be a page fault's */
#define TGM_LOST	512	/* and no copy of the registers is left: the rest could be mended */
	unsigned int state;	/* index of the state the fault came from */
	int depth;		/* events to it, the faulty one included */
};

struct tgm_bound {
	int tasks, cpus, depth;		/* depth 0: no limit */
	unsigned int events;
	size_t memory;			/* bytes */
	bool first;			/* stop at the first fault */
};

struct tgm_result {
	size_t states, transitions;
	int depth;
	bool complete;			/* the whole space; else depth was reached */
	double seconds;
	struct tgm_fault faults[TGM_MAX_FAULTS];
	int nr_faults;
};

/* The machine. There is one: pointers inside point into it. */
extern struct tgm_world tgm;
extern const struct tgm_ops *tgm_ops;
extern struct tgm_bound tgm_bound;
extern FILE *tgm_story;		/* where events tell what they do; NULL: nowhere */

void tgm_start(void);				/* tgm := the initial state */
void tgm_step(void);				/* one event, chosen by tgm_choose() */
int tgm_choose(int n);				/* 0 .. n-1; the search tries all */
void tgm_random_step(unsigned int *seed);	/* one step by chance, for tests */
void tgm_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Its arguments are not even made where nobody listens. */
#define tgm_tell(...)	do { if (tgm_story) tgm_say(__VA_ARGS__); } while (0)

/* A state packed; equal for states that differ only by names. */
struct tgm_packed {
	unsigned long long word[2];
};
struct tgm_packed tgm_pack(void);
void tgm_unpack(struct tgm_packed p);
void tgm_forget_blames(void);	/* packed states number those they met; none are left */
int tgm_width(void);		/* bits that tgm_ops and tgm_bound need; at most 128 */

/* A violation met by the current step; the first one of a step counts. */
void tgm_violate(enum tgm_invariant invariant, int t);
extern int tgm_violated;			/* -1: none; else the invariant */
extern unsigned int tgm_ignored;		/* invariants that nobody asks about, for tests */
/* CR0.TS in the kernel is a fault itself; else #NM's handler heals it, if it can. */
extern bool tgm_strict;
extern int tgm_blamed;				/* with it: the citation, or 0 */

/* Operations on registers, for every variant (model_regs.c). */
bool tgm_is_newest(struct tgm_value v, int t);
void tgm_touch(int c);				/* what uses CPU c's registers meets CR0.TS */
void tgm_xsave(int c, int t);			/* registers into t's area */
void tgm_xrstor(int c, int t);
void tgm_xinit(int c, int t);
void tgm_forget(int t);				/* initial state, which is nowhere yet */
void tgm_area_init(int t);
void tgm_area_copy(int from, int to);
void tgm_area_read(int t);
void tgm_area_write(int t);
void tgm_xsave_as(int c, int from, int to);
enum tgf_copy tgm_frame_save(int c, int t);
enum tgf_copy tgm_frame_save_area(int c, int t);
enum tgf_copy tgm_frame_restore(int c, int t);
bool tgm_point(int c, int t, int op, int pc);	/* true: preempted there */
void tgm_section(int c, int t, const char *what);
/* User memory is read or written for t, which runs on CPU c: is its PKRU in force. */
void tgm_access_user(int c, int t);
void tgm_check_books(void);
/* What a soft interrupt or a reschedule can take from t, which runs on CPU c. */
int tgm_at_stake(int c, int t);
void tgm_soft_interrupt(int c, int t);	/* inside of an operation */
extern int tgm_cite;				/* the citation being executed */
extern int tgm_actor;				/* the task that executes it, or -1 */
extern int tgm_how;				/* TGM_SOFT, TGM_RESCHED; 0: neither */
extern bool tgm_absent;			/* a frame's page was absent in this step */

const char *tgm_task_name(int t);
const char *tgm_value_name(struct tgm_value v);

/*
 * tgm_search - the whole space of tgm_ops within tgm_bound, breadth first.
 *
 * 0; -1 with err: memory is short, or interrupted (errno EINTR). Progress goes
 * to standard error under the name what. The states stay for tgm_tell_trace()
 * until the next search or tgm_free().
 */
int tgm_search(const char *what, struct tgm_result *result, char *err, size_t errlen);
/* The shortest way to a fault, as a story. */
void tgm_tell_trace(const struct tgm_fault *fault, FILE *out);
void tgm_free(void);
/* Progress on standard error: i of the n states known so far were followed. */
void tgm_progress_states(const char *what, size_t i, size_t n);

/* Ours (model_ours.c). Guards taken out are bits of tgm_removed. */
extern const struct tgm_ops tgm_ours[TGF_NR_STRATEGIES];
extern const char *const tgm_strategy_names[TGF_NR_STRATEGIES];
extern const char *const tgm_guard_names[TGF_NR_GUARDS];
extern unsigned long long tgm_removed;
extern bool tgm_early_header;		/* a planted fault: see model_runs.c */
/* KVM's way of v5.2 and later, as in v5.8, and without each of its two questions. */
enum tgm_swapped { TGM_SWAPPED, TGM_SWAPPED_ENTER, TGM_SWAPPED_PUT, TGM_NR_SWAPPED };
extern const struct tgm_ops tgm_swapped_ops[TGM_NR_SWAPPED];

#endif
