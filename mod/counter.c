// SPDX-License-Identifier: GPL-2.0
/*
 * Counters around the samples of ring 0: perf events of the kernel's own, made
 * for one run, pinned on its CPU and released with it, however it ends.
 *
 * They are read as perf_event_read_local() reads them, which no module can
 * call: the event's PMU brings its count up to date, by RDPMC where it is the
 * core's, on the event's CPU, and while no interrupt can come: IF = 0 or CR8 = 15.
 */
#include <linux/atomic.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/perf_event.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "tollgate.h"

/* Events that exist now: 0 unless a run is under way. */
static atomic_t tg_live = ATOMIC_INIT(0);

/* The run's; one at a time. */
static struct tg_counting *tg_counting_now;

int tg_counters_live(void)
{
	return atomic_read(&tg_live);
}

/* One number as in C; where the text goes on behind it, or NULL. */
static const char *tg_event_number(const char *text, u64 *out)
{
	char digits[sizeof("18446744073709551615")];
	size_t len = strspn(text, "0123456789abcdefABCDEFxX");

	if (!isdigit(text[0]) || len >= sizeof(digits))
		return NULL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return kstrtoull(digits, 0, out) ? NULL : text + len;
}

/* TYPE:CONFIG[:CONFIG1[:CONFIG2]]; where the text goes on behind it, or NULL. */
static const char *tg_event_parse(const char *text, struct tg_event *e)
{
	u64 *words = e->words;
	int n = 0;

	while ((text = tg_event_number(text, &words[n++])) && *text == ':') {
		if (n == TG_EVENT_WORDS)
			return NULL;
		text++;
	}
	return n < 2 || words[0] > U32_MAX ? NULL : text;
}

int tg_events_parse(struct tg_request *rq, const char *value, char *err)
{
	struct tg_event events[TG_EVENTS_MAX] = { };
	const char *text = value;
	u32 n = 0;

	if (!strcmp(value, "none")) {
		rq->nr_events = 0;
		return 0;
	}
	do {
		if (n == TG_EVENTS_MAX) {
			text = NULL;
			break;
		}
		text = tg_event_parse(text, &events[n++]);
	} while (text && *text++ == ',');
	if (!text || text[-1]) {
		snprintf(err, TG_ERROR_MAX,
			 "events=%.64s; allowed: none, or TYPE:CONFIG[:CONFIG1[:CONFIG2]],... of at most %d",
			 value, TG_EVENTS_MAX);
		return -EINVAL;
	}
	memcpy(rq->events, events, sizeof(rq->events));
	rq->nr_events = n;
	return 0;
}

size_t tg_event_text(const struct tg_event *e, char *buf, size_t len)
{
	const u64 *w = e->words;
	size_t n = scnprintf(buf, len, "%llu:0x%llx", w[0], w[1]);

	if (w[2] || w[3])
		n += scnprintf(buf + n, len - n, ":0x%llx", w[2]);
	if (w[3])
		n += scnprintf(buf + n, len - n, ":0x%llx", w[3]);
	return n;
}

void tg_events_text(const struct tg_request *rq, char *buf, size_t len)
{
	size_t n = 0;
	u32 i;

	scnprintf(buf, len, "none");
	for (i = 0; i < rq->nr_events; i++) {
		n += scnprintf(buf + n, len - n, "%s", i ? "," : "");
		n += tg_event_text(&rq->events[i], buf + n, len - n);
	}
}

static const char *tg_event_error(int error)
{
	switch (error) {
	case -ENOENT:
		return "ENOENT: no PMU of this machine has it (a virtual machine often has none)";
	case -EOPNOTSUPP:
		return "EOPNOTSUPP: this PMU does not count it so";
	case -EINVAL:
		return "EINVAL: the PMU of this type has no such configuration";
	case -ENODEV:
		return "ENODEV: not on this CPU";
	case -ENOSPC:
		return "ENOSPC: no counter is left";
	}
	return NULL;
}

static int tg_counter_create(const struct tg_request *rq, struct tg_result *res, u32 i)
{
	const u64 *w = rq->events[i].words;
	struct perf_event_attr attr = {
		.type = w[0],
		.size = sizeof(attr),
		.config = w[1],
		.config1 = w[2],
		.config2 = w[3],
		.pinned = 1,
	};
	struct perf_event *event;
	char text[TG_EVENT_TEXT];
	int ret;

	tg_event_text(&rq->events[i], text, sizeof(text));
	event = perf_event_create_kernel_counter(&attr, rq->cpu, NULL, NULL, NULL);
	if (IS_ERR(event)) {
		ret = PTR_ERR(event);
		if (tg_event_error(ret))
			snprintf(res->error, sizeof(res->error), "event %s: %s", text,
				 tg_event_error(ret));
		else
			snprintf(res->error, sizeof(res->error), "event %s: error %d", text, ret);
		return ret;
	}
	atomic_inc(&tg_live);
	res->counters[i] = event;
	if (READ_ONCE(event->state) == PERF_EVENT_STATE_ACTIVE)
		return 0;
	snprintf(res->error, sizeof(res->error),
		 "event %s, number %u of %u: the kernel found no counter for it; give fewer events (the NMI watchdog may have one: kernel.nmi_watchdog=0)",
		 text, i + 1, rq->nr_events);
	return -EBUSY;
}

int tg_counters_create(const struct tg_request *rq, struct tg_result *res)
{
	int ret = 0;
	u32 i;

	res->counting.counters = res->counters;
	res->counting.n = rq->nr_events;
	tg_counting_now = &res->counting;
	for (i = 0; i < rq->nr_events && !ret; i++)
		ret = tg_counter_create(rq, res, i);
	return ret;
}

void tg_counters_release(struct tg_result *res)
{
	u32 i;

	for (i = 0; i < TG_EVENTS_MAX; i++) {
		if (!res->counters[i])
			continue;
		perf_event_release_kernel(res->counters[i]);
		res->counters[i] = NULL;
		atomic_dec(&tg_live);
	}
}

/*
 * IF is left alone, for it is what some bodies are about: a POPF that sets it takes
 * longer than one that does not. Interrupts wait all the same (tg_request_check()).
 */
static notrace void tg_counting_read(struct tg_counting *c, u64 *values)
{
	struct perf_event *const *events = c->counters;
	u32 i;

	for (i = 0; i < c->n; i++) {
		struct perf_event *e = events[i];

		/* taken off its counter, or moved by CPU hotplug */
		if (READ_ONCE(e->state) != PERF_EVENT_STATE_ACTIVE ||
		    READ_ONCE(e->oncpu) != smp_processor_id()) {
			c->lost = true;
			break;
		}
		e->pmu->read(e);
		values[i] = local64_read(&e->count);
	}
}

/* What the sequences of mod/bodies_counted.S call. */
asmlinkage notrace void tg_counting_before(void)
{
	tg_counting_read(tg_counting_now, tg_counting_now->before);
}

asmlinkage notrace void tg_counting_after(void)
{
	tg_counting_read(tg_counting_now, tg_counting_now->after);
}
