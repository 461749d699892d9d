// SPDX-License-Identifier: GPL-2.0
/*
 * The engine in ring 3: the same sampling source as mod/measure.c, with the
 * selector in ES as its witness of interrupts.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cross.h"
#include "crossing.h"
#include "engine.h"
#include "memory.h"
#include "scenario.h"
#include "stats.h"

/*
 * A null selector with RPL 3 survives everything a process does, but IRET to
 * ring 3 replaces it by 0 (SDM vol. 2, IRET; APM vol. 3, IRET). So ES = 3
 * before a sample and 0 after says that something interrupted it.
 */
#define TG_WITNESS 3

/* What the board of a crossing said before a sample. */
typedef struct { __u64 calls, wrong; } tg_mark_t;

static inline void tg_mark(tg_mark_t *m)
{
	m->calls = tg_board ? tg_board->calls : 0;
	m->wrong = tg_board ? tg_board->wrong : 0;
	asm volatile("mov %0, %%es" : : "r" (TG_WITNESS));
}

/*
 * A crossing whose own path changes ES has no witness (TG_F_IRET); the chains
 * beside it, which no board counts, have. A call without its events is never
 * a sample.
 */
static inline bool tg_broken(const tg_mark_t *m)
{
	unsigned int es;

	asm volatile("mov %%es, %0" : "=r" (es));
	if (tg_board && tg_board->calls != m->calls)
		return tg_board->wrong != m->wrong ||
		       (tg_board->es == TG_WITNESS && es != TG_WITNESS);
	return es != TG_WITNESS;
}

#define TG_RING 3
#include <tollgate/prepare.h>

#ifndef ARCH_REQ_XCOMP_PERM
#define ARCH_REQ_XCOMP_PERM	0x1023	/* asm/prctl.h since Linux 5.16 */
#endif
#define XFEATURE_XTILE_DATA	18
#define HWCAP2_FSGSBASE_BIT	2	/* asm/hwcap2.h */
/* The series of a figure may take so long: about ten seconds. */
#define TG_SERIES_TICKS		30000000000ULL

/* Registers that a restore changes under the compiler's hands. */
#define TG_FPU_REGISTERS							\
	"st", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",	\
	"xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

static struct tg_host host;
static struct tg_arena *arena;		/* in use */

#define TG_STACK_BYTES	16384	/* of the stack, which signals write their frames to */

bool tg_ring3_usable(char *why, size_t len)
{
	__u32 r[4];

	tg_cpuid(0x80000000, 0, r);
	if (r[0] >= 0x80000001) {
		tg_cpuid(0x80000001, 0, r);
		if (r[3] & (1U << 27))
			return true;
	}
	snprintf(why, len, "this CPU lacks RDTSCP (CPUID.80000001H:EDX[27])");
	return false;
}

/* Behind the areas of an arena: a stage of fpu/scenario, or what others are rehearsed on. */
union room {
	struct tgs_stage stage;
	struct tg_atomic_room threads;
	struct tg_rehearsal_room cpus;
};

/* Takes the arena of a node, and its GS base for the gs rows. 0, or -1 with why. */
static int use_node(int node, char *why, size_t len)
{
	size_t areas = 2 * TG_NR_FPU_FORMATS * host.image_size;
	struct tg_arena *a = tg_arena_use(node, areas + sizeof(union room), why, len);

	if (!a)
		return -1;
	arena = a;
	host.stage = host.room = (unsigned long)(a->areas + areas);
	if (host.scratch == (unsigned long)a->scratch)
		return 0;
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, a->scratch)) {
		snprintf(why, len, "arch_prctl(ARCH_SET_GS): %s", strerror(errno));
		return -1;
	}
	host.scratch_base = 0;
	host.scratch = (unsigned long)a->scratch;
	return 0;
}

/* Whether all that a figure was measured on lies on its node. 0, or -1 with why. */
static int check_node(const struct tg_request *q, char *why, size_t len)
{
	const char *here = __builtin_frame_address(0);

	if (q->node < 0)
		return 0;
	if (tg_arena_check(arena, why, len) || (tg_board && tg_crossing_where(q->node, why, len)))
		return -1;
	return tg_point_remote(&q->point) ? 0 :
	       tg_memory_check(here - TG_STACK_BYTES, TG_STACK_BYTES, q->node, "the stack", why,
			       len);
}

/* Fills host once: features and the size of XSAVE images. */
static void host_init(void)
{
	static bool done;

	if (done)
		return;
	host.features = tg_cpu_features();
	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT))
		host.features &= ~TG_NEED_FSGSBASE;
	host.image_size = tg_fpu_area_size(host.features);
	if (host.features & TG_NEED_XSAVE) {
		host.xcr0 = tg_xcr0();
		host.amx = (host.xcr0 & TG_XFEATURE_AMX) == TG_XFEATURE_AMX &&
			   !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA);
	}
	done = true;
}

/*
 * The first write to a fresh page faults, and the fault returns by whatever
 * instruction interrupts return by: the selector must not survive it.
 */
bool tg_ring3_witness(void)
{
	size_t size = sysconf(_SC_PAGESIZE);
	volatile char *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tg_mark_t mark;
	bool quiet, broken;

	if (page == MAP_FAILED)
		return false;
	/* an interrupt in between would make a dead witness look alive: once more */
	do {
		tg_mark(&mark);
		quiet = !tg_broken(&mark);
	} while (!quiet);
	tg_mark(&mark);
	*page = 1;
	broken = tg_broken(&mark);
	munmap((void *)page, size);
	return broken;
}

bool tg_ring3_available(const struct tg_point *p, char *why, size_t len)
{
	host_init();
	return tg_ring3_usable(why, len) && !tg_unavailable(p, &host, why, len) &&
	       tg_crossing_available(p->exp, why, len);
}

uint32_t tg_ring3_block(enum tg_exp_id exp)
{
	return tg_exp_block(exp);
}

size_t tg_ring3_left_out(const struct tg_point *p, const char **insns, size_t most)
{
	tg_seq_fn *fn = tg_tables[p->exp] ? tg_tables[p->exp][tg_point_variant(p)][TG_HI] : NULL;

	return tg_left_out((const void *)fn, insns, most);
}

/* Room for every series, one allocation. */
static int make_room(struct tg_sampler *s, struct tg_samples *out)
{
	size_t total = 0, at = 0;
	int r;

	for (r = 0; r < TG_NR_ROLES; r++)
		total += s->series[r].fn ? s->series[r].want : 0;
	out->room = calloc(total ? total : 1, sizeof(*out->room));
	if (!out->room)
		return -1;
	for (r = 0; r < TG_NR_ROLES; r++) {
		if (!s->series[r].fn)
			continue;
		out->ticks[r] = out->room + at;
		s->series[r].out = (__u64 *)(out->room + at);
		at += s->series[r].want;
	}
	return 0;
}

/* What a figure's end puts into its initial configuration: not PKRU, whose is not 0. */
static __u64 rested(void)
{
	return host.xcr0 & ~(TG_XFEATURE_PKRU | (host.amx ? 0 : TG_XFEATURE_AMX));
}

static void choose_areas(enum tg_fpu_format format)
{
	host.image = arena->areas + 2 * format * host.image_size;
	host.other = (char *)host.image + host.image_size;
}

/* Leaves the extended registers as a fresh process has them. */
static void rest_fpu(__u64 rfbm)
{
	choose_areas(TG_FPU_STANDARD);
	tg_fpu_fill(host.image, host.image_size, rfbm, TG_FPU_INIT, TG_FPU_STANDARD);
	if (host.features & TG_NEED_XSAVE)
		asm volatile("xrstor64 (%0)"
			     : : "r" (host.image), "a" ((__u32)rfbm), "d" ((__u32)(rfbm >> 32))
			     : "memory", TG_FPU_REGISTERS);
	else
		asm volatile("fxrstor64 (%0)" : : "r" (host.image)
			     : "memory", TG_FPU_REGISTERS);
}

/* Room for what the counters count, one allocation, which the first series points to. */
static int make_counting_room(const struct tg_sampler *s, struct tg_counting *c)
{
	size_t total = 0;
	__u64 *room;
	int r;

	for (r = 0; r < TG_NR_ROLES; r++)
		total += s->series[r].fn ? s->series[r].want * c->n : 0;
	room = calloc(total ? total : 1, sizeof(*room));
	if (!room)
		return -1;
	for (r = 0; r < TG_NR_ROLES; r++) {
		c->out[r] = room;
		room += s->series[r].fn ? s->series[r].want * c->n : 0;
	}
	return 0;
}

/*
 * Takes every series' samples, with counters if c is not NULL. False with why, and
 * nothing kept, where memory is short, something interrupts too often, or a
 * counter is lost.
 */
static bool take_samples(struct tg_sampler *s, struct tg_counting *c, struct tg_samples *out,
			 char *why, size_t len)
{
	uint32_t passes = tg_sampler_passes(s);
	uint64_t start;
	int r;

	if (make_room(s, out) || (c && make_counting_room(s, c))) {
		snprintf(why, len, "no memory for samples");
		tg_samples_free(out);
		return false;
	}
	s->limit = 4 * passes + 1000;
	start = __builtin_ia32_rdtsc();
	while (!tg_sampler_done(s)) {
		if (!c) {
			tg_sampler_pass(s, passes);
		} else if (!tg_counted_pass(s, passes, c)) {
			snprintf(why, len, "a counter was lost");
			tg_samples_free(out);
			return false;
		}
		if (__builtin_ia32_rdtsc() - start > TG_SERIES_TICKS) {
			snprintf(why, len, "%u of %u passes took %llu ticks: this CPU is too busy",
				 s->pass, passes, TG_SERIES_TICKS);
			tg_samples_free(out);
			return false;
		}
		if (s->discarded > s->limit) {
			snprintf(why, len, "interrupted in %u of %u samples: this CPU is too busy",
				 s->discarded, s->discarded + s->series[TG_HI].kept);
			tg_samples_free(out);
			return false;
		}
	}
	for (r = 0; r < TG_NR_ROLES; r++)
		out->n[r] = s->series[r].fn ? s->series[r].kept : 0;
	out->discarded = s->discarded;
	out->beside = s->beside;
	return true;
}

/*
 * Sets up a crossing: its sequences begin with registers in their initial
 * configuration, but for a tile's when it is the tiles that are made dirty.
 */
static enum tg_status start_crossing(const struct tg_request *q, char *why, size_t len)
{
	__u64 touch = tg_point_rfbm(&q->point, &host) & TG_XFEATURE_TILECFG;
	struct tg_crossing_env env = {
		.rfbm = rested(),
		.es = TG_WITNESS,
		.events = q->loops * TG_HI_crossing,
	};
	enum tg_status st;

	tg_memory_touch_code();
	choose_areas(TG_FPU_STANDARD);
	if (host.features & TG_NEED_XSAVE) {
		env.image = host.image;
		tg_fpu_fill(host.image, host.image_size, touch,
			    touch ? TG_FPU_DIRTY : TG_FPU_INIT, TG_FPU_STANDARD);
	}
	st = tg_crossing_start(&q->point, &env, why, len);
	host.board = (unsigned long)tg_board;
	return st;
}

static struct tgs_stage *stage(void)
{
	return (struct tgs_stage *)host.stage;
}

/* Whether the contexts of a scenario had their own registers throughout; counts into out. */
static enum tg_status check_scenario(const struct tg_request *q, struct tg_samples *out, char *why,
				     size_t len)
{
	if (tgs_is_right(stage(), why, len))
		tgs_rehearse(stage(), &q->point);
	out->tally = stage()->tally;
	return tgs_is_right(stage(), why, len) ? TG_OK : TG_FAILED;
}

/* The one way through the engine, with counters if c is not NULL. */
static enum tg_status run(const struct tg_request *q, struct tg_counting *c,
			  struct tg_samples *out, char *why, size_t len)
{
	struct tg_sampler s = { .random = TG_BOOTSTRAP_SEED };
	bool crossing = tg_exps[q->point.exp].family_id == TG_FAMILY_crossing;
	bool cross = q->point.ring == TG_RING_CROSS;
	bool steps = tg_exps[q->point.exp].method == TG_STEPS;
	enum tg_status st;

	memset(out, 0, sizeof(*out));
	host_init();
	if (tg_unavailable(&q->point, &host, why, len))
		return TG_SKIPPED;
	if (use_node(q->node, why, len))
		return TG_FAILED;
	if (crossing || cross) {
		st = cross ? tg_cross_start(&q->point, &host.board, why, len) :
			     start_crossing(q, why, len);
		if (st != TG_OK)
			return st;
	} else {
		choose_areas(tg_fpu_point_format(&q->point));
	}
	if (steps)
		tgs_prepare(stage(), &q->point, host.image_size);
	(c ? tg_prepare_counted : tg_prepare)(&s, &q->point, &host, q->samples, q->loops,
					      TG_CAL_LOOPS);
	tg_canary_arm(&s.canary, q->canary, q->step, q->hurry);
	st = take_samples(&s, c, out, why, len) ? TG_OK : TG_FAILED;
	if (st == TG_OK) {
		if (crossing || cross)
			st = (cross ? tg_cross_check : tg_crossing_check)(why, len);
		if (steps)
			st = check_scenario(q, out, why, len);
		if (st == TG_OK && check_node(q, why, len))
			st = TG_FAILED;
		if (st != TG_OK)
			tg_samples_free(out);
	}
	tg_crossing_end();
	tg_cross_end();
	if (crossing || tg_exps[q->point.exp].flags & TG_F_FPU)
		rest_fpu(rested());
	out->copies = q->loops * tg_ring3_block(q->point.exp);
	out->cal_copies = TG_CAL_LOOPS * tg_block(TG_FAMILY_insn);
	out->fenced = tg_exps[q->point.exp].flags & TG_F_FENCED;
	if (steps) {
		int scene = tg_point_axis(&q->point, TG_AXIS_scene, 0);

		out->copies *= TGS_PERIOD(scene);
		out->fenced = !tgs_is_nothing(scene, tg_point_axis(&q->point, TG_AXIS_strategy, 0));
	}
	return st;
}

enum tg_status tg_ring3_measure(const struct tg_request *q, struct tg_samples *out,
				char *why, size_t len)
{
	return run(q, NULL, out, why, len);
}

enum tg_status tg_ring3_count(const struct tg_request *q, struct tg_counter_set *set,
			      const struct tg_events *events, struct tg_samples *out,
			      char *why, size_t len)
{
	struct tg_counting c = { .n = 0 };
	struct tg_samples ticks;
	enum tg_status st;

	if (q->point.ring == TG_RING_CROSS && !tg_cross_counts(set, why, len))
		return TG_SKIPPED;
	tg_counters_aim(&c, set);
	st = run(q, &c, &ticks, why, len);
	if (c.lost)
		tg_counters_fault(set, events, why, len);
	if (st == TG_OK) {
		if (tg_counting_split(&c, &ticks, out)) {
			snprintf(why, len, "no memory for counts");
			st = TG_FAILED;
		}
		tg_samples_free(&ticks);
	}
	free(c.out[0]);
	return st;
}
