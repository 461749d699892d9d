/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the module say to each other. main.c wires; refuse.c
 * knows what cannot run here; command.c turns words into requests; measure.c
 * runs them, counter.c counts beside it; run.c, knobs.c and debugfs.c are the
 * files below debugfs.
 */
#ifndef TG_TOLLGATE_H
#define TG_TOLLGATE_H

#include <linux/fs.h>
#include <linux/types.h>

#include "compat.h"

#define TG_RING		0

/* sample.h: what a sample remembers, and whether something interrupted it. */
typedef u64 tg_mark_t;

static __always_inline void tg_mark(tg_mark_t *m)
{
	*m = tg_interrupt_count();
}

static __always_inline bool tg_broken(const tg_mark_t *m)
{
	return *m != tg_interrupt_count();
}

#include <tollgate/prepare.h>
#include <tollgate/uapi.h>

struct perf_event;
struct seq_file;

/* Room for one line that says what went wrong, with its NUL. */
#define TG_ERROR_MAX	512

/* cpu of a request: the one that the caller is on */
#define TG_CPU_CALLER	(-1)

/* node of a request: what axis mem says, seen from the CPU */
#define TG_NODE_AUTO	(-1)

/* The keys of a command, which are also knobs. */
enum tg_key { TG_KEY_CPU, TG_KEY_NODE, TG_KEY_SAMPLES, TG_KEY_UNROLL, TG_KEY_BATCH,
	      TG_KEY_QUIET, TG_KEY_EVENTS, TG_NR_KEYS };
extern const char *const tg_key_names[TG_NR_KEYS];
extern const char *const tg_quiet_names[TG_NR_QUIET];

/**
 * struct tg_event - what to count, as in struct perf_event_attr
 * @words: type (32 bits), config, config1, config2
 */
struct tg_event {
	u64 words[TG_EVENT_WORDS];
};

/* Room for an event as text, and for all of a request. */
#define TG_EVENT_TEXT	80
#define TG_EVENTS_TEXT	(TG_EVENTS_MAX * TG_EVENT_TEXT)

/**
 * struct tg_request - what to measure and how
 * @point: a point of ring 0
 * @cpu: an online CPU, or TG_CPU_CALLER until tg_request_check()
 * @node: a node with memory, of what the point's body works on, or TG_NODE_AUTO
 *	until tg_request_check()
 * @samples: readings of each series, TG_SAMPLES_MIN to TG_SAMPLES_MAX
 * @unroll: copies by which the long sequence exceeds the short one, a positive
 *	multiple of the family's block, up to TG_LOOPS_MAX of it; 0 until
 *	tg_request_check(): one block
 * @batch: passes between two breaths, TG_BATCH_MIN to TG_BATCH_MAX
 * @quiet: what keeps interrupts out of a batch
 * @nr_events: how many of @events there are
 * @events: what to count around each sample
 */
struct tg_request {
	struct tg_point point;
	int cpu, node;
	u32 samples, unroll, batch;
	enum tg_quiet quiet;
	u32 nr_events;
	struct tg_event events[TG_EVENTS_MAX];
};

/**
 * struct tg_result - what came of a request
 * @sampler: the series, with their samples until tg_result_free()
 * @counting: what the events counted, likewise
 * @counters: the events, while they exist
 * @memory: what the body works on, or NULL: none, or the CPU's own
 * @memory_size: bytes of it
 * @node: that it lies on; NUMA_NO_NODE: the body works on no memory of ours
 * @loops: passes over the unrolled block: unroll / block
 * @batches: quiet stretches that it took
 * @interrupts: interrupts during them, of whatever kind
 * @nmis: NMIs during them
 * @smis: SMIs during them, where the CPU counts them
 * @smi_known: it does
 * @cr8_before: CR8 before the first batch
 * @cr8_after: CR8 after the last
 * @error: after a failure one line that says why
 */
struct tg_result {
	struct tg_sampler sampler;
	struct tg_counting counting;
	struct perf_event *counters[TG_EVENTS_MAX];
	void *memory;
	size_t memory_size;
	int node;
	u32 loops;
	u64 batches, interrupts, nmis, smis;
	bool smi_known;
	unsigned long cr8_before, cr8_after;
	char error[TG_ERROR_MAX];
};

/* What this machine has; image and scratch differ from run to run. */
extern struct tg_host tg_host;

/**
 * tg_refuse_init() - find out what this machine can run
 *
 * Touches nothing that a machine on which everything is refused might lack.
 */
void tg_refuse_init(void);

/**
 * tg_refused() - why no experiment at all runs on this machine
 *
 * Return: one line, or NULL if some run.
 */
const char *tg_refused(void);

/**
 * tg_point_refused() - whether a point of ring 0 cannot run on this machine
 * @p: the point
 * @why: gets one line that says why
 * @len: room in @why, TG_ERROR_MAX will do
 */
bool tg_point_refused(const struct tg_point *p, char *why, size_t len);

/**
 * tg_per_cpu_row() - whether a row works on memory of the CPU's own, through GS
 * @exp: the row
 */
bool tg_per_cpu_row(enum tg_exp_id exp);

/**
 * tg_per_cpu_node() - the node on which the kernel put such memory
 * @cpu: a possible CPU
 */
int tg_per_cpu_node(int cpu);

/**
 * tg_node_has_memory() - whether there is such a node, with memory
 * @node: any number
 */
bool tg_node_has_memory(int node);

/**
 * tg_near_node() - what mem=local means: the nearest node with memory
 * @cpu: seen from this one
 *
 * Return: the CPU's own where it has memory; of several the lowest.
 */
int tg_near_node(int cpu);

/**
 * tg_far_node() - what mem=remote means: the farthest other node with memory
 * @cpu: seen from this one
 *
 * Return: of several the lowest; NUMA_NO_NODE if there is none.
 */
int tg_far_node(int cpu);

/**
 * tg_node_alloc() - zeroed pages of one node and no other
 * @size: bytes, at most what the page allocator gives in one piece
 * @node: a node with memory
 *
 * Sleeps.
 *
 * Return: the pages, to be freed by tg_node_free(), or NULL.
 */
void *tg_node_alloc(size_t size, int node);

/**
 * tg_node_free() - free what tg_node_alloc() gave
 * @p: the pages, or NULL
 * @size: as they were asked for
 */
void tg_node_free(void *p, size_t size);

/**
 * tg_node_of() - the node that memory of the kernel's lies on
 * @p: its address, of the linear map or vmalloc()ed
 */
int tg_node_of(const void *p);

/**
 * tg_has_xcr0() - whether XCR0 exists and is enabled
 */
bool tg_has_xcr0(void);

/**
 * tg_smi_known() - whether the CPU counts SMIs
 */
bool tg_smi_known(void);

/**
 * tg_read_cr8() - the task priority of this CPU (SDM vol. 2, MOV CR8), 0 to 15
 *
 * The kernel has no accessor left. Not on Xen PV, where it faults.
 */
static __always_inline unsigned long tg_read_cr8(void)
{
	unsigned long cr8;

	asm volatile("mov %%cr8, %0" : "=r" (cr8));
	return cr8;
}

/**
 * tg_write_cr8() - set the task priority of this CPU
 * @cr8: 0 to 15; vectors below 16 * (cr8 + 1) then wait
 */
static __always_inline void tg_write_cr8(unsigned long cr8)
{
	asm volatile("mov %0, %%cr8" : : "r" (cr8) : "memory");
}

/**
 * tg_request_init() - the request of a command without keys
 * @rq: the request; its point is left alone
 */
void tg_request_init(struct tg_request *rq);

/**
 * tg_request_set() - give one key a value
 * @rq: changed on success alone; its point must be set
 * @key: the key
 * @value: what was written for it, printable ASCII
 * @err: gets one line on failure, TG_ERROR_MAX bytes
 *
 * Return: 0, or -EINVAL.
 */
int tg_request_set(struct tg_request *rq, enum tg_key key, const char *value, char *err);

/**
 * tg_request_check() - fill in what was left open and see whether it can run
 * @rq: the request
 * @err: gets one line on failure, TG_ERROR_MAX bytes
 *
 * Return: 0; -EINVAL for a combination that means nothing or a CPU that is
 * not online; -EOPNOTSUPP if this machine cannot run the point.
 */
int tg_request_check(struct tg_request *rq, char *err);

/**
 * tg_line() - take one line as written to a file of ours
 * @text: the line, NUL-terminated; loses one trailing newline
 * @len: its bytes without the NUL, of which some may be NUL
 * @err: gets one line on failure, TG_ERROR_MAX bytes
 *
 * Return: 0, or -EINVAL if it holds anything but printable ASCII.
 */
int tg_line(char *text, size_t len, char *err);

/**
 * tg_command_parse() - a command, `name key=value...`, to a request
 * @text: the command, as tg_line() leaves it; overwritten
 * @rq: the request; half-filled on failure
 * @err: gets one line on failure, TG_ERROR_MAX bytes
 *
 * Return: 0, or -EINVAL.
 */
int tg_command_parse(char *text, struct tg_request *rq, char *err);

/**
 * tg_answer() - the text of a result
 * @rq: the request as run
 * @res: its result
 * @len: gets the bytes of the text
 *
 * Return: the text, to be freed by kvfree(), or NULL for want of memory.
 */
char *tg_answer(const struct tg_request *rq, const struct tg_result *res, size_t *len);

/**
 * tg_measure() - run a request
 * @rq: as tg_request_check() leaves it
 * @res: zeroed; on success tg_result_free() is due
 *
 * Sleeps. The caller holds off every other run.
 *
 * Return: 0; -EINTR if the caller got a signal; -EBUSY if too many samples
 * were interrupted, or there is no counter for an event or no longer; -ENXIO if
 * the CPU went offline; -EIO if the CPU's state was not the same after as before
 * (it has been put back); -ENOMEM; what perf said of an event that this machine
 * does not count, -ENOENT, -EOPNOTSUPP, -EINVAL and so on. After a failure
 * @res->error says more.
 */
int tg_measure(const struct tg_request *rq, struct tg_result *res);

/**
 * tg_result_free() - free what tg_measure() left in a result
 * @res: the result
 */
void tg_result_free(struct tg_result *res);

/**
 * tg_events_parse() - the value of events=
 * @rq: changed on success alone
 * @value: none, or TYPE:CONFIG[:CONFIG1[:CONFIG2]],...
 * @err: gets one line on failure, TG_ERROR_MAX bytes
 *
 * Return: 0, or -EINVAL.
 */
int tg_events_parse(struct tg_request *rq, const char *value, char *err);

/**
 * tg_event_text() - an event as events= takes it
 * @e: the event
 * @buf: gets the text
 * @len: room in @buf, TG_EVENT_TEXT will do
 *
 * Return: bytes of the text, without its NUL.
 */
size_t tg_event_text(const struct tg_event *e, char *buf, size_t len);

/**
 * tg_events_text() - all events of a request, or none, as events= takes them
 * @rq: the request
 * @buf: gets the text
 * @len: room in @buf, TG_EVENTS_TEXT will do
 */
void tg_events_text(const struct tg_request *rq, char *buf, size_t len);

/**
 * tg_counters_create() - make the counters of a request, counting
 * @rq: as tg_request_check() leaves it
 * @res: gets them; tg_counters_release() is due on failure as well
 *
 * Sleeps.
 *
 * Return: 0; -EBUSY if an event found no counter; else what perf said. After a
 * failure @res->error says more.
 */
int tg_counters_create(const struct tg_request *rq, struct tg_result *res);

/**
 * tg_counters_release() - take down what tg_counters_create() made
 * @res: the result; its counts stay
 */
void tg_counters_release(struct tg_result *res);

/**
 * tg_counting_before() - read the counters of the run under way
 *
 * Both are called by the sequences of mod/bodies_counted.S alone: preemption is off,
 * IF may be either, and the kernel's FPU state is the body's.
 */
asmlinkage void tg_counting_before(void);

/**
 * tg_counting_after() - likewise, as the bracket closes
 */
asmlinkage void tg_counting_after(void);

/**
 * tg_counters_live() - counters that exist now
 */
int tg_counters_live(void);

/**
 * tg_note_refusal() - remember an error for the file status
 * @err: one line
 */
void tg_note_refusal(const char *err);

/**
 * tg_run_status() - the runs so far, as lines of the file status
 * @m: the file
 */
void tg_run_status(struct seq_file *m);

/* The directory of a family with its knobs: knobs.c. */
struct tg_family_dir;

/**
 * tg_family_request() - what the knobs of a family say
 * @dir: the family
 * @rq: gets the request, not yet checked
 * @err: gets one line on failure, TG_ERROR_MAX bytes
 *
 * Return: 0, or -EINVAL if the knobs contradict each other.
 */
int tg_family_request(struct tg_family_dir *dir, struct tg_request *rq, char *err);

/**
 * tg_knobs_create() - a directory for each family that has a row in ring 0
 * @parent: tollgate's own
 */
void tg_knobs_create(struct dentry *parent);

/* run: i_private is NULL for the top one, else the struct tg_family_dir. */
extern const struct file_operations tg_run_fops;

/**
 * tg_debugfs_init() - create the files
 *
 * Return: 0, or what debugfs said: -EPERM if it is off (debugfs=off),
 * -EEXIST, -ENOMEM.
 */
int tg_debugfs_init(void);

/**
 * tg_debugfs_exit() - remove them
 */
void tg_debugfs_exit(void);

#endif
