// SPDX-License-Identifier: GPL-2.0
/*
 * The sequences of fpu/scenario: mod/fpu_state.c over this CPU's registers, one
 * function per strategy and scenario. Built to use general registers alone: the
 * extended ones are the contexts'.
 *
 * Built three times: timed; with counters around the bracket (TG_COUNTED); and with
 * counts and a check after every step (TGS_CHECKED), untimed.
 *
 * PKRU is left out, for not every CPU has it: insn/rdpkru and insn/wrpkru tell its cost.
 */
#include <tollgate/left_out.h>

#include "../scenario.h"

#ifdef TGS_CHECKED
#define TALLY(what)	(st_of(cpu)->tally.what++)
#define CHECKED		1
#else
#define TALLY(what)	((void)0)
#define CHECKED		0
#endif

#define st_of(cpu)	((struct tgs_stage *)(cpu))	/* cpu is its first member */
_Static_assert(!offsetof(struct tgs_stage, cpu), "st_of()");

#define XINSN(insn, area, cpu)	asm volatile(insn " %0" : "+m" (area)			\
					     : "a" ((cpu)->regs.low), "d" ((cpu)->regs.high) \
					     : "memory")
#define TGF_XSAVE(cpu, fpu)	(TALLY(saves), ({ XINSN("xsaveopt64", (fpu)->area, cpu); }))
#define TGF_XSAVE_AS(cpu, from, to)						\
	(TALLY(saves), ({ XINSN("xsave64", (to)->area, cpu); }))
#define TGF_XRSTOR(cpu, fpu)	(TALLY(restores), ({ XINSN("xrstor64", (fpu)->area, cpu); }))
#define TGF_XINIT(cpu, fpu)							\
	(TALLY(restores), ({ XINSN("xrstor64", *(cpu)->regs.init, cpu); }))
#define TGF_FRAME_SAVE(cpu, fpu)						\
	(TALLY(saves), ({ XINSN("xsave64", *(cpu)->regs.frame, cpu); }), TGF_COPIED)
#define TGF_FRAME_RESTORE(cpu, fpu)						\
	(TALLY(restores), ({ XINSN("xrstor64", *(cpu)->regs.frame, cpu); }), TGF_COPIED)
/* XSTATE_BV = 0: the initial configuration */
#define TGF_AREA_INIT(fpu)	(*(__u64 *)((fpu)->area.image + 512) = 0)
#define TGF_AREA_WRITE(fpu)	TGF_AREA_INIT(fpu)
#define TGF_AREA_COPY(from, to)	((to)->area = (from)->area)
#define TGF_CLTS(cpu)		PRIV("clts")
#define TGF_STTS(cpu)		PRIV("mov cr0")
/* frames are in this process: no page of one is ever absent */
#define TGF_FAULT_IN(fpu)	((void)(fpu))
/* where get_xsave_addr() begins: XSTATE_BV */
#define TGF_AREA_READ(fpu)	((void)*(const volatile __u64 *)((fpu)->area.image + 512))
/* what preempt_disable() and preempt_enable() do; both are in functions that know cpu */
#define TGF_LOCK()		(st_of(cpu)->preempt++)
#define TGF_UNLOCK()		(st_of(cpu)->preempt--)
#define TGF_PKRU_INIT		0
#define TGF_RDPKRU(cpu)		({ PRIV("rdpkru"); 0; })
#define TGF_WRPKRU(cpu, value)	({ PRIV("wrpkru"); (void)(value); })

#include <tollgate/fpu_plain.h>

#include "../../mod/fpu_state.c"

/* Between functions that a kernel calls one by one: the next knows nothing of the last. */
#define BARRIER()	asm volatile("" : : : "memory")

/* In the checked build: a context that comes to count as loaded without XRSTOR is a skip. */
#define EVENT(st, whose, call) do {						\
	unsigned char was_ = (whose)->active;					\
	__u64 restores_ = (st)->tally.restores;					\
										\
	call;									\
	BARRIER();								\
	if (CHECKED && !was_ && (whose)->active && (st)->tally.restores == restores_)	\
		(st)->tally.skips++;						\
} while (0)

static const float ones[16] __attribute__((aligned(64))) = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

/*
 * Who runs writes a register of each component. Branches within, so that the compiler makes
 * the same of it with a strategy and without.
 */
TGF_INLINE void touch(struct tgs_stage *st, struct tgs_context *c)
{
	asm volatile("cmpl $3, %[depth]\n\tjb 3f\n\tja 2f\n\t"
		     "vaddps %[ones], %%ymm1, %%ymm1\n\tjmp 1f\n"
		     "2:\tvaddps %[ones], %%zmm1, %%zmm1\n\t"
		     "vaddps %[ones], %%zmm17, %%zmm17\n\tknotw %%k1, %%k1\n"
		     "1:\tfincstp\n\tincl %[touches]\n3:"
		     : [touches] "+m" (c->is.touches)
		     : [depth] "m" (st->depth), [ones] "m" (ones) : "cc", "memory");
}

/* A kernel section's work: registers that are nobody's. */
TGF_INLINE void clobber(const struct tgs_stage *st)
{
	asm volatile("cmpl $3, %[depth]\n\tja 2f\n\t"
		     "vcmptrueps %%ymm1, %%ymm1, %%ymm1\n\tjmp 3f\n"
		     "2:\tvpternlogd $0xff, %%zmm1, %%zmm1, %%zmm1\n\t"
		     "vpternlogd $0xff, %%zmm17, %%zmm17, %%zmm17\n\tkxnorw %%k1, %%k1, %%k1\n3:"
		     : : [depth] "m" (st->clobber) : "cc", "memory");
}

/*
 * Into the kernel, and out of it; without a strategy the IMUL of a FENCED preparation.
 * Where the strategy does nothing at all it is the same IMUL: tgs_is_nothing().
 */
TGF_INLINE void enter(int s, int scene)
{
	asm volatile("lfence" : : : "memory");
	if (s == TGS_NONE || tgs_is_nothing(scene, s))
		asm volatile("imul %%ecx, %%ecx" : : : "ecx", "cc");
	if (s == TGS_NONE)
		return;
	PRIV("syscall");
	PRIV("swapgs");
}

TGF_INLINE void leave(int s)
{
	if (s != TGS_NONE) {
		PRIV("cli");
		PRIV("sysretq");
	}
	asm volatile("lfence" : : : "memory");
}

/*
 * A task's turn in user mode: where it uses registers that are not loaded, #NM comes first.
 * The question, two instructions, is the CPU's own, of CR0.TS.
 */
TGF_INLINE void user(int s, struct tgs_stage *st, struct tgs_context *c)
{
	if (s != TGS_NONE && tgf_is_lazy(s) && !c->fpu.active) {
		asm volatile("lfence" : : : "memory");
		PRIV("#NM");
		st->traps += CHECKED;
		EVENT(st, &c->fpu, tgf_nm(s, &st->cpu, &c->fpu));
		PRIV("iretq");
		asm volatile("lfence" : : : "memory");
	}
	touch(st, c);
}

TGF_INLINE void go(int s, struct tgs_stage *st, struct tgs_context *to)
{
	EVENT(st, &to->fpu, tgf_switch_in(s, &st->cpu, &to->fpu));
}

TGF_INLINE void back(int s, struct tgs_stage *st, struct tgs_context *to)
{
	EVENT(st, &to->fpu, tgf_exit_user(s, &st->cpu, &to->fpu));
}

TGF_INLINE void sections(int s, struct tgs_stage *st, struct tgs_context *a, int nr)
{
	asm("" : "+r" (nr));	/* one loop, whatever the number */
	for (; nr; nr--) {
		if (s != TGS_NONE)
			tgf_kernel_begin(s, &st->cpu, &a->fpu);
		clobber(st);	/* a barrier, too */
		if (s != TGS_NONE)
			EVENT(st, &a->fpu, tgf_kernel_end(s, &st->cpu, &a->fpu));
	}
}

TGF_INLINE void load_guest(int s, struct tgs_stage *st, struct tgs_context *a,
			   struct tgs_context *g)
{
	EVENT(st, &g->fpu, tgf_guest_load(s, &st->cpu, &a->fpu, &g->fpu));
}

TGF_INLINE void put_guest(int s, struct tgs_stage *st, struct tgs_context *a,
			  struct tgs_context *g)
{
	EVENT(st, &a->fpu, tgf_guest_put(s, &st->cpu, &a->fpu, &g->fpu));
}

TGF_INLINE int is_use(int scene)
{
	return scene >= TG_AT_scene_use1;
}

/* Who is on the CPU, and who is next; who runs in user or guest mode after a step. */
struct players {
	struct tgs_context *now, *next, *runs;
};

TGF_INLINE void swap(struct players *p)
{
	struct tgs_context *now = p->now;

	p->now = p->next;
	p->next = now;
	p->runs = p->now;
}

TGF_INLINE void step_switch(int s, int scene, struct tgs_stage *st, struct players *p)
{
	if (scene != TG_AT_scene_spin &&
	    (!is_use(scene) || tgs_uses(st, st->visit++)))
		user(s, st, p->now);
	enter(s, scene);
	if (s != TGS_NONE) {
		tgf_switch_out(s, &st->cpu, &p->now->fpu);
		go(s, st, p->next);
		if (scene != TG_AT_scene_spin)
			back(s, st, p->next);
	}
	swap(p);
	leave(s);
}

/* One task alone; between: a kernel thread, or the idle one, has the CPU for a while. */
TGF_INLINE void step_alone(int s, int scene, struct tgs_stage *st, struct players *p)
{
	int between = scene == TG_AT_scene_kthread || scene == TG_AT_scene_idle;

	user(s, st, p->now);
	enter(s, scene);
	if (between && s != TGS_NONE) {
		tgf_switch_out(s, &st->cpu, &p->now->fpu);
		tgf_switch_in(s, &st->cpu, NULL);
		BARRIER();
		if (scene == TG_AT_scene_idle)
			PRIV("hlt");
		tgf_switch_out(s, &st->cpu, NULL);
		go(s, st, p->now);
	}
	if (scene == TG_AT_scene_read && s != TGS_NONE) {
		/* BNDCSR for what happened, BNDREGS for the signal's address */
		tgf_read_own(s, &st->cpu, &p->now->fpu);
		BARRIER();
		tgf_read_own(s, &st->cpu, &p->now->fpu);
		BARRIER();
	}
	if (!between && scene != TG_AT_scene_enter && scene != TG_AT_scene_read)
		sections(s, st, p->now, scene == TG_AT_scene_kernel1 ? 1 :
					scene == TG_AT_scene_kernel2 ? 2 :
					scene == TG_AT_scene_kernel8 ? 8 : 64);
	if (s != TGS_NONE)
		back(s, st, p->now);
	leave(s);
}

/* From a VM exit to the next VM entry; other: another task runs in between, half 0 and 1. */
TGF_INLINE void step_guest(int s, int other, int half, struct tgs_stage *st, struct players *p)
{
	struct tgs_context *g = &st->context[TGS_GUEST], *a = p->now, *b = p->next;

	if (half)
		user(s, st, b);
	else
		touch(st, g);
	enter(s, TG_AT_scene_guest);
	if (s != TGS_NONE && !half)
		put_guest(s, st, a, g);
	if (s != TGS_NONE && other && !half) {
		tgf_switch_out(s, &st->cpu, &a->fpu);
		go(s, st, b);
		back(s, st, b);
	}
	if (s != TGS_NONE && half) {
		tgf_switch_out(s, &st->cpu, &b->fpu);
		go(s, st, a);
	}
	if (s != TGS_NONE && (!other || half)) {
		load_guest(s, st, a, g);
		PRIV("vmresume");
	}
	p->runs = other && !half ? b : g;
	leave(s);
}

/* Half 0 delivers a signal, half 1 returns from its handler. */
TGF_INLINE void step_signal(int s, int half, struct tgs_stage *st, struct players *p)
{
	struct tgs_context *a = p->now;

	user(s, st, a);
	enter(s, TG_AT_scene_signal);
	if (s != TGS_NONE && !half)
		tgf_signal_save(s, &st->cpu, &a->fpu);
	if (s != TGS_NONE && half)
		EVENT(st, &a->fpu, tgf_signal_restore(s, &st->cpu, &a->fpu));
	if (s != TGS_NONE)
		back(s, st, a);
	leave(s);
	if (half) {
		a->is = st->interrupted;
	} else {
		st->interrupted = a->is;
		a->is = (struct tgs_content){ 0, 0 };
	}
}

TGF_INLINE void step(int s, int scene, int half, struct tgs_stage *st, struct players *p)
{
	if (scene == TG_AT_scene_pingpong || scene == TG_AT_scene_spin || is_use(scene))
		step_switch(s, scene, st, p);
	else if (scene == TG_AT_scene_guest || scene == TG_AT_scene_guest_other)
		step_guest(s, scene == TG_AT_scene_guest_other, half, st, p);
	else if (scene == TG_AT_scene_signal)
		step_signal(s, half, st, p);
	else
		step_alone(s, scene, st, p);
}

/* What runs has its registers, but for a lazy strategy's task that has not used them. */
TGF_INLINE void check(int s, int scene, struct tgs_stage *st, const struct players *p)
{
	int lazily = tgf_is_lazy(s) && p->runs != &st->context[TGS_GUEST];

	if (s == TGS_NONE)
		return;
	tgs_check(st, p->runs - st->context,
		  p->runs->fpu.active || !(lazily || scene == TG_AT_scene_spin));
}

/*
 * A sequence begins with task A in user mode, or with the guest running. A function of
 * its own: what it leaves out nobody times. Returns how many passes go by before the bracket.
 */
static __u64 __attribute__((noinline, noclone)) begin(int s, int scene, struct tgs_stage *st,
						      struct players *p)
{
	__u64 warm = CHECKED ? TGS_WARM_CHECKED(scene) :
			       TGS_WARM(scene) + tgs_random(st) % TGS_GAP(scene, s);
	int guest = scene == TG_AT_scene_guest || scene == TG_AT_scene_guest_other;

	TG_SEQUENCE(begin);
	tgs_reset(st, s);
	p->now = &st->context[TGS_A];
	p->next = &st->context[TGS_B];
	p->runs = guest ? &st->context[TGS_GUEST] : p->now;
	XINSN("xrstor64", p->runs->fpu.area, &st->cpu);
	if (s == TGS_NONE)
		return warm;
	tgf_switch_in(s, &st->cpu, &p->now->fpu);
	if (scene != TG_AT_scene_spin)
		tgf_exit_user(s, &st->cpu, &p->now->fpu);
	if (guest)
		tgf_guest_load(s, &st->cpu, &p->now->fpu, &p->runs->fpu);
	return warm;
}

#ifdef TG_COUNTED
void tg_counting_before(void);
void tg_counting_after(void);
#else
TGF_INLINE void tg_counting_before(void) { }
TGF_INLINE void tg_counting_after(void) { }
#endif

/* One pass over the scenario: its period. */
TGF_INLINE void checked_step(int s, int scene, int half, struct tgs_stage *st, struct players *p)
{
	step(s, scene, half, st, p);
	if (CHECKED) {
		st->tally.steps++;
		check(s, scene, st, p);
	}
}

TGF_INLINE void pass(int s, int scene, struct tgs_stage *st, struct players *p)
{
	checked_step(s, scene, 0, st, p);
	if (TGS_PERIOD(scene) == 2)
		checked_step(s, scene, 1, st, p);
	else
		for (int i = 1; i < TGS_PERIOD(scene); i++)
			checked_step(s, scene, 0, st, p);
}

TGF_INLINE __u64 run(int s, int scene, struct tg_args *args)
{
	struct tgs_stage *st = (struct tgs_stage *)args->base;
	__u32 low = 0, high = 0, end_low, end_high;
	struct players p;
	__u64 left;

	for (left = args->a0 + begin(s, scene, st, &p); left; left--) {
		if (left == args->a0) {
			st->tally = (struct tg_tally){ 0 };
			st->traps = 0;
			tg_counting_before();
			asm volatile("lfence\n\trdtsc\n\tlfence" : "=a" (low), "=d" (high)
				     : : "memory");
		}
		pass(s, scene, st, &p);
	}
	asm volatile("rdtscp\n\tlfence" : "=a" (end_low), "=d" (end_high) : : "ecx", "memory");
	tg_counting_after();
	check(s, scene, st, &p);
	return (end_low | (__u64)end_high << 32) - (low | (__u64)high << 32);
}

/* For every scenario one function of every strategy and one without. */
#define FUNCTION(scene, strategy, s)						\
static __u64 __attribute__((unused)) scene##_##strategy(struct tg_args *args)	\
{										\
	TG_SEQUENCE(scene##_##strategy);					\
	return run(s, TG_AT_scene_##scene, args);				\
}
#define FUNCTIONS(x, scene, n)							\
	TG_VALUES_strategy(FUNCTION, scene) FUNCTION(scene, none, TGS_NONE)
TG_VALUES_scene(FUNCTIONS, )

/* values of axis strategy are those of enum tgf_strategy */
#define IN_ORDER(id, name, what)						\
	_Static_assert(TG_AT_strategy_##name == (int)TGF_##id, #name);
TGF_STRATEGIES(IN_ORDER)

#ifdef TGS_CHECKED
#define ENTRY(scene, strategy, s)						\
	[TGS_VARIANT(TG_AT_scene_##scene, s)] = scene##_##strategy,
#define ENTRIES(x, scene, n)	TG_VALUES_strategy(ENTRY, scene)
tg_seq_fn *const tgs_checked[] = { TG_VALUES_scene(ENTRIES, ) };
#else
#ifdef TG_COUNTED
#define TABLE	tg_counted_fpu_scenario
#else
#define TABLE	tg_seqs_fpu_scenario
#endif
extern tg_seq_table TABLE[];
#define ENTRY(scene, strategy, s)						\
	[TGS_VARIANT(TG_AT_scene_##scene, s)] = {				\
		[TG_HI] = scene##_##strategy, [TG_LO] = scene##_##strategy,	\
		[TG_PREP_HI] = scene##_none, [TG_PREP_LO] = scene##_none },
#define ENTRIES(x, scene, n)	TG_VALUES_strategy(ENTRY, scene)
tg_seq_table TABLE[] = { TG_VALUES_scene(ENTRIES, ) };
#endif
