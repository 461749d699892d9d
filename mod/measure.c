// SPDX-License-Identifier: GPL-2.0
/*
 * The engine of ring 0. A run is cut into slices, each a work item on the
 * chosen CPU, so that the writer sees its signals, CPUs can go offline and
 * the workqueue is not hogged. A slice is a row of batches, each quiet; a
 * batch is a row of passes (sample.h).
 */
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/topology.h>
#include <linux/workqueue.h>
#include <asm/fpu/api.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>
#include <asm/tsc.h>

#include "tollgate.h"

/* Microseconds: below the 10 ms after which a work item counts as a hog. */
#define TG_SLICE_USEC	2000

/* The highest task priority: no maskable interrupt is above it. */
#define TG_CR8_QUIET	15

/* Of RFLAGS what a body might leave behind; the rest is arithmetic. */
#define TG_RFLAGS_KEPT	(X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_DF | \
			 X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_AC)

/* A cache line of zeros for the insn rows, reached through GS as well. */
static DEFINE_PER_CPU_ALIGNED(u64 [8], tg_scratch);

/* What must be the same after a batch as before. */
enum tg_kept { TG_KEPT_CR0_TS, TG_KEPT_CR8, TG_KEPT_RFLAGS, TG_KEPT_XCR0,
	       TG_KEPT_PKRU, TG_KEPT_FS_BASE, TG_KEPT_GS_BASE, TG_NR_KEPT };
static const char *const tg_kept_names[] = {
	"CR0.TS", "CR8", "RFLAGS", "XCR0", "PKRU", "FS base", "GS base"
};

struct tg_state {
	u64 kept[TG_NR_KEPT];
};

/* One run, as its slices see it. */
struct tg_run {
	const struct tg_request *rq;
	struct tg_result *res;
	bool fpu;
	u64 rfbm;
	void *init_image;	/* the same components, initial configuration */
};

static u64 tg_ticks(u32 usec)
{
	return (u64)usec * (tsc_khz ?: 1000000) / 1000;
}

/* RDPKRU: ECX = 0, and EDX is lost (SDM vol. 2). The kernel's own is inlined. */
static u32 tg_read_pkru(void)
{
	u32 pkru, edx;

	asm volatile("rdpkru" : "=a" (pkru), "=d" (edx) : "c" (0));
	return pkru;
}

static bool tg_has_pkru(void)
{
	return tg_host.features & TG_NEED_OSPKE;
}

static void tg_state_read(struct tg_state *s)
{
	s->kept[TG_KEPT_CR0_TS] = native_read_cr0() & X86_CR0_TS;
	s->kept[TG_KEPT_CR8] = tg_read_cr8();
	s->kept[TG_KEPT_RFLAGS] = native_save_fl() & TG_RFLAGS_KEPT;
	s->kept[TG_KEPT_XCR0] = tg_has_xcr0() ? tg_xcr0() : 0;
	s->kept[TG_KEPT_PKRU] = tg_has_pkru() ? tg_read_pkru() : 0;
	s->kept[TG_KEPT_FS_BASE] = tg_read_msr(MSR_FS_BASE);
	s->kept[TG_KEPT_GS_BASE] = tg_read_msr(MSR_GS_BASE);
}

/* Puts it all back, but for the GS base: with a wrong one we were not here. */
static void tg_state_restore(const struct tg_state *s)
{
	u64 xcr0 = s->kept[TG_KEPT_XCR0], fs = s->kept[TG_KEPT_FS_BASE];

	if (s->kept[TG_KEPT_CR0_TS])
		native_write_cr0(native_read_cr0() | X86_CR0_TS);
	else
		asm volatile("clts" : : : "memory");
	tg_write_cr8(s->kept[TG_KEPT_CR8]);
	if (tg_has_xcr0())
		asm volatile("xsetbv" : : "c" (0), "a" ((u32)xcr0), "d" ((u32)(xcr0 >> 32)));
	if (tg_has_pkru())
		asm volatile("wrpkru" : : "a" ((u32)s->kept[TG_KEPT_PKRU]), "c" (0), "d" (0));
	wrmsr(MSR_FS_BASE, (u32)fs, (u32)(fs >> 32));
	asm volatile("push %0; popfq" : : "r" (s->kept[TG_KEPT_RFLAGS]) : "memory", "cc");
}

/* Compares, restores on a difference. 0, or -EIO with a line in res->error. */
static int tg_state_check(const struct tg_state *was, const char *when, struct tg_result *res)
{
	struct tg_state is;
	int i;

	tg_state_read(&is);
	for (i = 0; i < TG_NR_KEPT; i++) {
		if (is.kept[i] == was->kept[i])
			continue;
		/* reports carry this line, and no address */
		if (strstr(tg_kept_names[i], "base"))
			snprintf(res->error, sizeof(res->error), "%s changed %s; put back",
				 tg_kept_names[i], when);
		else
			snprintf(res->error, sizeof(res->error),
				 "%s changed from 0x%llx to 0x%llx %s; put back",
				 tg_kept_names[i], was->kept[i], is.kept[i], when);
		tg_state_restore(was);
		return -EIO;
	}
	return 0;
}

/* From an image in the standard format; without XSAVE, of what FXSAVE knows. */
static void tg_restore(const void *image, u64 rfbm)
{
	if (!tg_has_xcr0()) {
		asm volatile("fxrstor64 (%0)" : : "r" (image) : "memory");
		return;
	}
	asm volatile("xrstor64 (%0)" : : "r" (image), "a" ((u32)rfbm),
		     "d" ((u32)(rfbm >> 32)) : "memory");
}

/* The passes of a batch, with interrupts kept away as the request says. */
static int tg_quiet_passes(struct tg_run *run)
{
	const struct tg_request *rq = run->rq;
	struct tg_sampler *s = &run->res->sampler;
	u32 passes = tg_sampler_passes(s);
	unsigned long flags = 0, cr8 = 0;
	struct tg_state quiet;
	u64 interrupts;
	u32 n, nmis;
	int ret;

	if (rq->quiet == TG_QUIET_TPR) {
		cr8 = tg_read_cr8();
		tg_write_cr8(TG_CR8_QUIET);
	} else if (rq->quiet == TG_QUIET_CLI) {
		local_irq_save(flags);
	}
	tg_state_read(&quiet);
	nmis = tg_nmi_count();
	interrupts = tg_interrupt_count();

	s->deadline = rdtsc() + tg_ticks(TG_BATCH_USEC);
	for (n = 0; n < rq->batch && !tg_sampler_done(s); n++)
		if (!(rq->nr_events ? tg_counted_pass(s, passes, &run->res->counting) :
				      tg_sampler_pass(s, passes)))
			break;

	/* before the end of the quiet lets in those that waited */
	run->res->interrupts += tg_interrupt_count() - interrupts;
	run->res->nmis += (u32)(tg_nmi_count() - nmis);
	ret = tg_state_check(&quiet, "while sampling", run->res);
	if (rq->quiet == TG_QUIET_TPR)
		tg_write_cr8(cr8);
	else if (rq->quiet == TG_QUIET_CLI)
		local_irq_restore(flags);
	return ret;
}

/*
 * An SMI leaves no trace but in its counter, too slow to be read around each
 * sample: what the batch kept is dropped as a whole.
 */
static void tg_drop_batch(struct tg_sampler *s, const u32 *kept)
{
	int r;

	for (r = 0; r < TG_NR_ROLES; r++) {
		s->discarded += s->series[r].kept - kept[r];
		s->series[r].kept = kept[r];
	}
}

static int tg_batch(struct tg_run *run)
{
	struct tg_result *res = run->res;
	u32 kept[TG_NR_ROLES], smi = 0, smi_end = 0;
	struct tg_state before;
	int r, ret;

	for (r = 0; r < TG_NR_ROLES; r++)
		kept[r] = res->sampler.series[r].kept;

	preempt_disable();
	/*
	 * KFPU_387, or what the interrupted task left in the x87 status word
	 * stays: with an exception pending in it, which anybody can arrange, the
	 * first waiting instruction of a body would raise #MF here.
	 */
	if (run->fpu)
		kernel_fpu_begin_mask(KFPU_387 | KFPU_MXCSR);
	tg_state_read(&before);
	if (res->smi_known)
		tg_smi_count(&smi);

	ret = tg_quiet_passes(run);

	if (res->smi_known)
		tg_smi_count(&smi_end);
	if (!ret)
		ret = tg_state_check(&before, "in a batch", res);
	if (run->fpu) {
		tg_restore(run->init_image, run->rfbm);
		kernel_fpu_end();
	}
	if (!res->batches++)
		res->cr8_before = before.kept[TG_KEPT_CR8];
	res->cr8_after = tg_read_cr8();
	preempt_enable();

	if (smi != smi_end) {
		res->smis += smi_end - smi;
		tg_drop_batch(&res->sampler, kept);
	}
	return ret;
}

/* Whether a run has come to its end, good or bad. */
static bool tg_run_over(const struct tg_result *res)
{
	const struct tg_sampler *s = &res->sampler;

	return tg_sampler_done(s) || s->discarded > s->limit || res->counting.lost;
}

/* On the CPU of the run, in a kernel worker bound to it. */
static long tg_slice(void *data)
{
	struct tg_run *run = data;
	u64 end = rdtsc() + tg_ticks(TG_SLICE_USEC);
	int ret;

	do {
		ret = tg_batch(run);
		if (ret)
			return 0;	/* res->error tells */
		cond_resched();
	} while (!tg_run_over(run->res) && rdtsc() < end);
	return 0;
}

static int tg_slices(struct tg_run *run)
{
	const struct tg_request *rq = run->rq;
	struct tg_result *res = run->res;
	struct tg_sampler *s = &res->sampler;

	while (!tg_run_over(res)) {
		if (signal_pending(current)) {
			snprintf(res->error, sizeof(res->error), "interrupted by a signal");
			return -EINTR;
		}
		if (tg_work_on_cpu(rq->cpu, tg_slice, run)) {
			snprintf(res->error, sizeof(res->error), "CPU %d went offline", rq->cpu);
			return -ENXIO;
		}
		if (res->error[0])
			return -EIO;
	}
	if (res->counting.lost) {
		snprintf(res->error, sizeof(res->error),
			 "a counter was taken away during the run: is another profiler at work?");
		return -EBUSY;
	}
	if (tg_sampler_done(s))
		return 0;
	snprintf(res->error, sizeof(res->error),
		 "%u samples were interrupted, more than %u: quiet=%s does not keep this CPU quiet",
		 s->discarded, s->limit, tg_quiet_names[rq->quiet]);
	return -EBUSY;
}

bool tg_per_cpu_row(enum tg_exp_id exp)
{
	return exp == TG_EXP_insn_gs_load || exp == TG_EXP_insn_gs_store ||
	       exp == TG_EXP_insn_gs_store_load;
}

int tg_per_cpu_node(int cpu)
{
	return tg_node_of(per_cpu_ptr(&tg_scratch, cpu));
}

/*
 * What the body works on, on the request's node: a line of zeros for an insn row
 * that does not want the CPU's own; for an FPU row three areas behind each
 * other, the two that bodies work on, in the point's format, and the initial
 * configuration with which to leave.
 */
static int tg_memory(struct tg_run *run, struct tg_host *host)
{
	const struct tg_request *rq = run->rq;
	const struct tg_exp *e = &tg_exps[rq->point.exp];
	struct tg_result *res = run->res;
	bool fpu = e->flags & TG_F_FPU;

	host->scratch_base = (__force unsigned long)&tg_scratch;
	host->scratch = (unsigned long)per_cpu_ptr(&tg_scratch, rq->cpu);
	memset(per_cpu_ptr(&tg_scratch, rq->cpu), 0, sizeof(tg_scratch));
	res->node = tg_per_cpu_row(rq->point.exp) ? rq->node : NUMA_NO_NODE;
	if (!fpu && (e->family_id != TG_FAMILY_insn || res->node != NUMA_NO_NODE))
		return 0;

	res->memory_size = fpu ? 3 * host->image_size : sizeof(tg_scratch);
	res->memory = tg_node_alloc(res->memory_size, rq->node);
	if (!res->memory) {
		snprintf(res->error, sizeof(res->error), "no %zu bytes of memory on node %d",
			 res->memory_size, rq->node);
		return -ENOMEM;
	}
	res->node = tg_node_of(res->memory);
	if (!fpu) {
		host->scratch = (unsigned long)res->memory;
		return 0;
	}
	host->image = res->memory;
	host->other = host->image + host->image_size;
	run->fpu = true;
	run->rfbm = tg_fpu_rfbm(&rq->point, host);
	run->init_image = host->other + host->image_size;
	tg_fpu_fill(run->init_image, host->image_size, run->rfbm, TG_FPU_INIT, TG_FPU_STANDARD);
	return 0;
}

/* Series, buffers, arguments. An error leaves what tg_result_free() frees. */
static int tg_set_up(struct tg_run *run)
{
	const struct tg_request *rq = run->rq;
	struct tg_result *res = run->res;
	struct tg_host host = tg_host;
	int r, ret = tg_memory(run, &host);

	if (ret)
		return ret;
	res->loops = rq->unroll / tg_exp_block(rq->point.exp);
	res->smi_known = tg_smi_known();
	(rq->nr_events ? tg_prepare_counted : tg_prepare)(&res->sampler, &rq->point, &host,
							  rq->samples, res->loops, TG_CAL_LOOPS);
	res->sampler.random = get_random_u64() | 1;
	res->sampler.limit = 4 * tg_sampler_passes(&res->sampler) + 1000;
	for (r = 0; r < TG_NR_ROLES; r++) {
		struct tg_series *one = &res->sampler.series[r];

		if (!one->fn)
			continue;
		one->out = kvcalloc(one->want, sizeof(*one->out), GFP_KERNEL);
		if (!one->out) {
			snprintf(res->error, sizeof(res->error),
				 "no memory for %u samples a series", rq->samples);
			return -ENOMEM;
		}
		if (!rq->nr_events)
			continue;
		res->counting.out[r] = kvcalloc((size_t)one->want * rq->nr_events,
						sizeof(*one->out), GFP_KERNEL);
		if (!res->counting.out[r]) {
			snprintf(res->error, sizeof(res->error),
				 "no memory for %u counts of %u events a series", rq->samples,
				 rq->nr_events);
			return -ENOMEM;
		}
	}
	return 0;
}

void tg_result_free(struct tg_result *res)
{
	int r;

	for (r = 0; r < TG_NR_ROLES; r++) {
		kvfree(res->sampler.series[r].out);
		res->sampler.series[r].out = NULL;
		kvfree(res->counting.out[r]);
		res->counting.out[r] = NULL;
	}
	tg_node_free(res->memory, res->memory_size);
	res->memory = NULL;
}

int tg_measure(const struct tg_request *rq, struct tg_result *res)
{
	struct tg_run run = { .rq = rq, .res = res };
	int ret;

	ret = tg_set_up(&run);
	if (ret)
		goto err_set_up;
	ret = tg_counters_create(rq, res);
	if (!ret)
		ret = tg_slices(&run);
	tg_counters_release(res);
	if (ret)
		goto err_slices;
	return 0;

err_slices:
err_set_up:
	tg_result_free(res);
	return ret;
}
