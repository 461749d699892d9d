// SPDX-License-Identifier: GPL-2.0
/*
 * From words to a request, and from a result to words.
 */
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/tsc.h>

#include "tollgate.h"

const char *const tg_key_names[TG_NR_KEYS] = {
	[TG_KEY_CPU] = "cpu",
	[TG_KEY_NODE] = "node",
	[TG_KEY_SAMPLES] = "samples",
	[TG_KEY_UNROLL] = "unroll",
	[TG_KEY_BATCH] = "batch",
	[TG_KEY_QUIET] = "quiet",
	[TG_KEY_EVENTS] = "events",
};

const char *const tg_quiet_names[TG_NR_QUIET] = TG_QUIET_NAMES;

static const char *const tg_method_names[] = TG_METHOD_NAMES;
static const char *const tg_role_names[TG_NR_ROLES] = TG_ROLE_NAMES;

/* Appends what is allowed to the n bytes of err: every name, with an ending. */
static void tg_allowed(char *err, size_t n, const char *const *names, int nr, const char *ending)
{
	int i;

	n += scnprintf(err + n, TG_ERROR_MAX - n, "; allowed:");
	for (i = 0; i < nr; i++)
		n += scnprintf(err + n, TG_ERROR_MAX - n, " %s%s", names[i], ending);
}

static u32 tg_request_block(const struct tg_request *rq)
{
	return tg_exp_block(rq->point.exp);
}

void tg_request_init(struct tg_request *rq)
{
	rq->cpu = TG_CPU_CALLER;
	rq->node = TG_NODE_AUTO;
	rq->samples = TG_SAMPLES_DEFAULT;
	rq->unroll = 0;
	rq->batch = TG_BATCH_DEFAULT;
	rq->quiet = TG_QUIET_TPR;
	rq->nr_events = 0;
}

/* Digits alone: kstrtouint() takes a sign and a newline as well. */
static int tg_number(enum tg_key key, const char *value, u32 min, u32 max, u32 *out, char *err)
{
	u32 n;

	if (!isdigit(value[0]) || kstrtouint(value, 10, &n) || n < min || n > max) {
		snprintf(err, TG_ERROR_MAX, "%s=%.64s; allowed: a whole number from %u to %u",
			 tg_key_names[key], value, min, max);
		return -EINVAL;
	}
	*out = n;
	return 0;
}

static int tg_set_cpu(struct tg_request *rq, const char *value, char *err)
{
	u32 cpu;

	if (!strcmp(value, "caller")) {
		rq->cpu = TG_CPU_CALLER;
		return 0;
	}
	if (!isdigit(value[0]) || kstrtouint(value, 10, &cpu) || cpu >= nr_cpu_ids ||
	    !cpu_online(cpu)) {
		snprintf(err, TG_ERROR_MAX,
			 "cpu=%.64s; allowed: caller, or an online CPU of %*pbl",
			 value, cpumask_pr_args(cpu_online_mask));
		return -EINVAL;
	}
	rq->cpu = cpu;
	return 0;
}

static int tg_set_node(struct tg_request *rq, const char *value, char *err)
{
	u32 node;

	if (!strcmp(value, "auto")) {
		rq->node = TG_NODE_AUTO;
		return 0;
	}
	if (!isdigit(value[0]) || kstrtouint(value, 10, &node) || node > INT_MAX ||
	    !tg_node_has_memory(node)) {
		snprintf(err, TG_ERROR_MAX,
			 "node=%.64s; allowed: auto, or a node with memory of %*pbl", value,
			 nodemask_pr_args(&node_states[N_MEMORY]));
		return -EINVAL;
	}
	rq->node = node;
	return 0;
}

/*
 * The node of a request whose CPU is known: what the point's axis says, or the
 * one asked for, if the point can have its memory there.
 */
static int tg_check_node(struct tg_request *rq, char *err)
{
	const struct tg_exp *e = &tg_exps[rq->point.exp];
	bool remote = tg_point_remote(&rq->point);
	int near = tg_near_node(rq->cpu), own;

	if (rq->node != TG_NODE_AUTO && !tg_node_has_memory(rq->node)) {
		snprintf(err, TG_ERROR_MAX, "node=%d has no memory any more; allowed: %*pbl",
			 rq->node, nodemask_pr_args(&node_states[N_MEMORY]));
		return -EINVAL;
	}
	if (remote && rq->node == near) {
		snprintf(err, TG_ERROR_MAX,
			 "node=%d is CPU %d's, and mem=remote asks for another; allowed: auto, or another node of %*pbl",
			 near, rq->cpu, nodemask_pr_args(&node_states[N_MEMORY]));
		return -EINVAL;
	}
	if (tg_per_cpu_row(rq->point.exp)) {
		own = tg_per_cpu_node(rq->cpu);
		if (rq->node != TG_NODE_AUTO && rq->node != own) {
			snprintf(err, TG_ERROR_MAX,
				 "node=%d: %s/%s works on per-CPU memory, which is on node %d; allowed: auto %d",
				 rq->node, e->family, e->name, own, own);
			return -EINVAL;
		}
		rq->node = own;
	}
	if (rq->node == TG_NODE_AUTO)
		rq->node = remote ? tg_far_node(rq->cpu) : near;
	return 0;
}

static bool tg_unroll_fits(const struct tg_request *rq, u32 n)
{
	return n && n % tg_request_block(rq) == 0 && n <= tg_exp_unroll_max(rq->point.exp);
}

static void tg_refuse_unroll(const struct tg_request *rq, const char *value, char *err)
{
	snprintf(err, TG_ERROR_MAX, "unroll=%.64s; allowed: multiples of %u up to %u", value,
		 tg_request_block(rq), tg_exp_unroll_max(rq->point.exp));
}

static int tg_set_unroll(struct tg_request *rq, const char *value, char *err)
{
	u32 n;

	if (tg_number(TG_KEY_UNROLL, value, 0, U32_MAX, &n, err) || !tg_unroll_fits(rq, n)) {
		tg_refuse_unroll(rq, value, err);
		return -EINVAL;
	}
	rq->unroll = n;
	return 0;
}

static int tg_set_quiet(struct tg_request *rq, const char *value, char *err)
{
	int i = match_string(tg_quiet_names, TG_NR_QUIET, value);

	if (i < 0) {
		tg_allowed(err, scnprintf(err, TG_ERROR_MAX, "quiet=%.64s", value),
			   tg_quiet_names, TG_NR_QUIET, "");
		return -EINVAL;
	}
	rq->quiet = i;
	return 0;
}

int tg_request_set(struct tg_request *rq, enum tg_key key, const char *value, char *err)
{
	switch (key) {
	case TG_KEY_CPU:
		return tg_set_cpu(rq, value, err);
	case TG_KEY_NODE:
		return tg_set_node(rq, value, err);
	case TG_KEY_SAMPLES:
		return tg_number(key, value, TG_SAMPLES_MIN, TG_SAMPLES_MAX, &rq->samples, err);
	case TG_KEY_UNROLL:
		return tg_set_unroll(rq, value, err);
	case TG_KEY_BATCH:
		return tg_number(key, value, TG_BATCH_MIN, TG_BATCH_MAX, &rq->batch, err);
	case TG_KEY_QUIET:
		return tg_set_quiet(rq, value, err);
	case TG_KEY_EVENTS:
		return tg_events_parse(rq, value, err);
	default:
		return -EINVAL;
	}
}

int tg_request_check(struct tg_request *rq, char *err)
{
	const struct tg_exp *e = &tg_exps[rq->point.exp];

	if (rq->point.ring) {
		snprintf(err, TG_ERROR_MAX, "%s/%s%s runs %s; allowed here:%s", e->family, e->name,
			 tg_ring_name(rq->point.ring), rq->point.ring == TG_RING_CROSS ?
			 "in a task that the file arm arms" : "without this module",
			 e->rings & R0 ? " @r0" : " none");
		return -EINVAL;
	}
	if (rq->quiet == TG_QUIET_CLI && (e->flags & TG_F_STI)) {
		snprintf(err, TG_ERROR_MAX,
			 "quiet=cli: %s/%s may set the interrupt flag; allowed: tpr none",
			 e->family, e->name);
		return -EINVAL;
	}
	if (rq->quiet == TG_QUIET_NONE && rq->nr_events) {
		snprintf(err, TG_ERROR_MAX,
			 "quiet=none with events=: counters are read while interrupts are held off; allowed: tpr cli");
		return -EINVAL;
	}
	if (rq->cpu == TG_CPU_CALLER)
		rq->cpu = raw_smp_processor_id();
	if (!cpu_online(rq->cpu)) {
		snprintf(err, TG_ERROR_MAX, "cpu=%d is offline; allowed: an online CPU of %*pbl",
			 rq->cpu, cpumask_pr_args(cpu_online_mask));
		return -EINVAL;
	}
	if (!rq->unroll)
		rq->unroll = tg_request_block(rq);
	if (!tg_unroll_fits(rq, rq->unroll)) {
		/* a knob that was set for another row */
		char value[16];

		snprintf(value, sizeof(value), "%u", rq->unroll);
		tg_refuse_unroll(rq, value, err);
		return -EINVAL;
	}
	if (tg_point_refused(&rq->point, err, TG_ERROR_MAX))
		return -EOPNOTSUPP;
	if (tg_check_node(rq, err))
		return -EINVAL;
	if (rq->quiet == TG_QUIET_TPR && !boot_cpu_has(X86_FEATURE_APIC)) {
		snprintf(err, TG_ERROR_MAX,
			 "quiet=tpr: no local APIC, CR8 holds nothing back; allowed: cli none");
		return -EOPNOTSUPP;
	}
	return 0;
}

int tg_line(char *text, size_t len, char *err)
{
	size_t i;

	if (len && text[len - 1] == '\n')
		text[--len] = '\0';
	for (i = 0; i < len; i++) {
		if (isascii(text[i]) && isprint(text[i]))
			continue;
		snprintf(err, TG_ERROR_MAX, "byte 0x%02x at position %zu; allowed: printable ASCII",
			 (u8)text[i], i);
		return -EINVAL;
	}
	return 0;
}

/* One `key=value`; given: bits of the keys seen before. */
static int tg_word(struct tg_request *rq, char *word, unsigned int *given, char *err)
{
	char *value = strchr(word, '=');
	int key;

	if (value)
		*value++ = '\0';
	key = match_string(tg_key_names, TG_NR_KEYS, word);
	if (!value || key < 0) {
		tg_allowed(err, scnprintf(err, TG_ERROR_MAX, "'%.64s%s'", word, value ? "=" : ""),
			   tg_key_names, TG_NR_KEYS, "=");
		return -EINVAL;
	}
	if (*given & (1U << key)) {
		snprintf(err, TG_ERROR_MAX, "'%s=%.64s': a second %s; allowed: one at most", word,
			 value, word);
		return -EINVAL;
	}
	*given |= 1U << key;
	return tg_request_set(rq, key, value, err);
}

int tg_command_parse(char *text, struct tg_request *rq, char *err)
{
	unsigned int given = 0;
	bool named = false;
	char *word;

	tg_request_init(rq);
	while ((word = strsep(&text, " "))) {
		if (!*word)
			continue;
		if (named && tg_word(rq, word, &given, err))
			return -EINVAL;
		if (!named && tg_point_parse(word, &rq->point, err, TG_ERROR_MAX))
			return -EINVAL;
		named = true;
	}
	if (named)
		return 0;
	snprintf(err, TG_ERROR_MAX, "no command; allowed: NAME [key=value...], see experiments");
	return -EINVAL;
}

/* Text under way: room bytes at buf, len of them used. */
struct tg_text {
	char *buf;
	size_t len, room;
};

static __printf(2, 3) void tg_put(struct tg_text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += vscnprintf(t->buf + t->len, t->room - t->len, format, args);
	va_end(args);
}

static bool tg_in_figure(const struct tg_series *one)
{
	return one->fn;
}

/* Bytes that the series take: each sample as wide as a u64 can be. */
static size_t tg_series_room(const struct tg_result *res)
{
	const size_t name = 32, sample = sizeof("18446744073709551615");
	size_t room = 0;
	int r;

	for (r = 0; r < TG_NR_ROLES; r++)
		if (tg_in_figure(&res->sampler.series[r]))
			room += (2 + res->counting.n) * name +
				(1 + res->counting.n) * sample * res->sampler.series[r].kept;
	return room;
}

/* What the events counted in a series: a line each. */
static void tg_put_counts(struct tg_text *t, const struct tg_result *res, int role)
{
	const struct tg_counting *c = &res->counting;
	u32 e, i;

	for (e = 0; e < c->n; e++) {
		tg_put(t, "%s.%u", tg_role_names[role], e);
		for (i = 0; i < res->sampler.series[role].kept; i++)
			tg_put(t, " %llu", c->out[role][i * c->n + e]);
		tg_put(t, "\n");
	}
}

static void tg_put_events(struct tg_text *t, const struct tg_request *rq)
{
	char text[TG_EVENT_TEXT];
	u32 i;

	for (i = 0; i < rq->nr_events; i++) {
		tg_event_text(&rq->events[i], text, sizeof(text));
		tg_put(t, "%s%s", i ? "," : "events=", text);
	}
	tg_put(t, rq->nr_events ? "\n" : "");
}

static void tg_put_series(struct tg_text *t, const struct tg_result *res)
{
	const char *comma = "";
	u32 i;
	int r;

	tg_put(t, "series=");
	for (r = 0; r < TG_NR_ROLES; r++) {
		if (!tg_in_figure(&res->sampler.series[r]))
			continue;
		tg_put(t, "%s%s", comma, tg_role_names[r]);
		comma = ",";
	}
	tg_put(t, "\n");
	for (r = 0; r < TG_NR_ROLES; r++) {
		const struct tg_series *one = &res->sampler.series[r];

		if (!tg_in_figure(one))
			continue;
		tg_put(t, "%s", tg_role_names[r]);
		for (i = 0; i < one->kept; i++)
			tg_put(t, " %llu", one->out[i]);
		tg_put(t, "\n");
		tg_put_counts(t, res, r);
	}
}

char *tg_answer(const struct tg_request *rq, const struct tg_result *res, size_t *len)
{
	const struct tg_exp *e = &tg_exps[rq->point.exp];
	struct tg_text t = { .room = 1024 + TG_EVENTS_TEXT + tg_series_room(res) };
	char name[TG_NAME_MAX], node[16] = "none";

	if (res->node != NUMA_NO_NODE)
		snprintf(node, sizeof(node), "%d", res->node);
	t.buf = kvmalloc(t.room, GFP_KERNEL);
	if (!t.buf)
		return NULL;
	tg_point_name(&rq->point, name);
	tg_put(&t, "name=%s\nmethod=%s\ncpu=%d\nnode=%s\nsamples=%u\n", name,
	       tg_method_names[e->method], rq->cpu, node, rq->samples);
	tg_put(&t, "unroll=%u\nblock=%u\nloops=%u\nbatch=%u\nquiet=%s\n", rq->unroll,
	       tg_request_block(rq), res->loops, rq->batch, tg_quiet_names[rq->quiet]);
	/* of the calibrating chains, which the reader divides by */
	tg_put(&t, "cal_unroll=%u\n", TG_CAL_LOOPS * tg_block(TG_FAMILY_insn));
	tg_put(&t, "batches=%llu\ndiscarded=%u\ninterrupts=%llu\nnmi=%llu\n", res->batches,
	       res->sampler.discarded, res->interrupts - res->nmis, res->nmis);
	if (res->smi_known)
		tg_put(&t, "smi=%llu\n", res->smis);
	else
		tg_put(&t, "smi=unknown\n");
	tg_put(&t, "cr8=%lu/%lu\ntsc_khz=%u\n", res->cr8_before, res->cr8_after, tsc_khz);
	tg_put_events(&t, rq);
	tg_put_series(&t, res);
	*len = t.len;
	return t.buf;
}
