// SPDX-License-Identifier: GPL-2.0
/* Counters of this task or CPU: opened, tried out, described. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tollgate/fpu_image.h>

#include "counters.h"
#include "exit.h"

#define PARANOID	"/proc/sys/kernel/perf_event_paranoid"

static const char *const mode_names[] = { "user mode", "kernel mode", "any mode" };

/* The number in a file; fallback where there is none. */
static int number_in(const char *path, int fallback)
{
	FILE *f = fopen(path, "re");
	int v;

	if (!f || fscanf(f, "%d", &v) != 1)
		v = fallback;
	if (f)
		fclose(f);
	return v;
}

static int open_event(const struct tg_event *e, enum tg_mode mode, int cpu)
{
	struct perf_event_attr attr = {
		.type = e->type, .size = sizeof(attr),
		.config = e->config[0], .config1 = e->config[1], .config2 = e->config[2],
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.pinned = 1,
		.exclude_user = mode == TG_MODE_KERNEL,
		.exclude_kernel = mode == TG_MODE_USER,
	};

	return syscall(SYS_perf_event_open, &attr, cpu < 0 ? 0 : -1, cpu, -1,
		       PERF_FLAG_FD_CLOEXEC);
}

/* What errno says of an event that the kernel did not open. */
static void open_error(const struct tg_event *e, enum tg_mode mode, int cpu, int error,
		       char *why, size_t len)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case EOPNOTSUPP:
		snprintf(why, len, e->core ?
			 "no PMU here counts it (a virtual machine often has none); without it cycles come from the TSC and calibrated chains" :
			 "this kernel or machine does not count it");
		break;
	case EACCES:
	case EPERM:
		snprintf(why, len, "%s needs root, CAP_PERFMON, or sysctl kernel.perf_event_paranoid=%d, which is %d",
			 cpu >= 0 ? "counting all tasks of a CPU" : mode == TG_MODE_USER ?
			 "user mode" : mode == TG_MODE_KERNEL ? "kernel mode" :
			 "kernel mode, which its PMU cannot leave out,",
			 cpu >= 0 ? 0 : mode == TG_MODE_USER ? 2 : 1, number_in(PARANOID, -1));
		break;
	case ENOSYS:
		snprintf(why, len, "this kernel has no perf_event_open(2)");
		break;
	default:
		snprintf(why, len, "perf_event_open(2) in %s: %s", mode_names[mode],
			 strerror(error));
	}
}

static void open_counter(struct tg_counter_set *s, const struct tg_event *e, size_t event,
			 enum tg_mode mode, int cpu)
{
	struct tg_counter *c = &s->counter[s->n];
	int error;

	c->page = NULL;
	c->event = event;
	c->mode = mode;
	c->fd = open_event(e, mode, cpu);
	if (c->fd < 0) {
		error = errno;
		/* a mode may be refused before anybody looks whether there is such an event */
		if (*s->absent[event])
			return;
		open_error(e, mode, cpu, error, s->absent[event], sizeof(s->absent[event]));
		s->refused[event] = error == EACCES || error == EPERM;
		return;
	}
	if (e->core) {
		c->page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, c->fd, 0);
		if (c->page == MAP_FAILED) {
			/* counted against RLIMIT_MEMLOCK */
			s->refused[event] = errno == EPERM;
			snprintf(s->absent[event], sizeof(s->absent[event]),
				 "cannot map its page: %s", strerror(errno));
			close(c->fd);
			return;
		}
	}
	s->n++;
}

void tg_counters_open(struct tg_counter_set *s, const struct tg_events *events, int cpu)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < events->n; i++) {
		const struct tg_event *e = &events->event[i];

		if (e->split && e->user)
			open_counter(s, e, i, TG_MODE_USER, cpu);
		if (e->split && e->kernel)
			open_counter(s, e, i, TG_MODE_KERNEL, cpu);
		if (!e->split)
			open_counter(s, e, i, TG_MODE_BOTH, cpu);
	}
}

void tg_counters_close(struct tg_counter_set *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->counter[i].page)
			munmap((void *)s->counter[i].page, sysconf(_SC_PAGESIZE));
		close(s->counter[i].fd);
	}
	s->n = 0;
}

void tg_counters_fault(const struct tg_counter_set *s, const struct tg_events *events, char *why,
		       size_t len)
{
	const struct tg_counter *c = &s->counter[s->faulty];
	const char *name = events->event[c->event].name;

	switch (s->fault) {
	case TG_PAGE_FORBIDDEN:
		snprintf(why, len, "%s: RDPMC is not permitted: echo 1 >/sys/devices/cpu/rdpmc as root",
			 name);
		break;
	case TG_PAGE_NO_COUNTER:
		snprintf(why, len, "%s: the kernel found no counter for it in %s beside %zu others; give fewer events (the NMI watchdog may have one: sysctl kernel.nmi_watchdog=0)",
			 name, mode_names[c->mode], s->n - 1);
		break;
	case TG_PAGE_SHARED:
		snprintf(why, len, "%s: its counter was shared with another event for a while: is another profiler at work?",
			 name);
		break;
	case TG_PAGE_WIDTH:
		snprintf(why, len, "%s: the kernel does not say how wide its counter is", name);
		break;
	default:
		snprintf(why, len, "%s: its page was being written all the time", name);
	}
}

int tg_counters_probe(const struct tg_events *events, char *err, size_t len)
{
	uint64_t values[TG_COUNTERS_MOST];
	struct tg_counter_set s;
	int rc = TG_EXIT_OK;
	size_t i, k;

	tg_counters_open(&s, events, -1);
	for (i = 0; i < events->n && rc == TG_EXIT_OK; i++) {
		for (k = 0; k < s.n && s.counter[k].event != i; k++)
			;
		if (k < s.n)
			continue;
		snprintf(err, len, "%s: %s", events->event[i].name, s.absent[i]);
		rc = s.refused[i] ? TG_EXIT_REFUSED : TG_EXIT_NOTHING;
	}
	if (rc == TG_EXIT_OK && !tg_counters_read(&s, values)) {
		tg_counters_fault(&s, events, err, len);
		rc = s.fault == TG_PAGE_FORBIDDEN ? TG_EXIT_REFUSED : TG_EXIT_NOTHING;
	}
	tg_counters_close(&s);
	return rc;
}

void tg_counters_on_core(struct tg_events *events, const char *kind)
{
	long type = -1;
	size_t i;

	if (!strcmp(kind, "core"))
		type = tg_pmu_type(TG_EVENT_SOURCES, "cpu_core");
	else if (!strcmp(kind, "atom"))
		type = tg_pmu_type(TG_EVENT_SOURCES, "cpu_atom");
	for (i = 0; i < events->n && type > 0; i++) {
		struct tg_event *e = &events->event[i];

		/* PERF_PMU_TYPE_SHIFT of linux/perf_event.h, since Linux 5.13 */
		if ((e->type == PERF_TYPE_HARDWARE || e->type == PERF_TYPE_HW_CACHE) &&
		    !(e->config[0] >> 32))
			e->config[0] |= (uint64_t)type << 32;
	}
}

void tg_pmu_decode(const struct tg_pmu_leaves *l, struct tg_pmu *pmu)
{
	pmu->general = pmu->fixed = pmu->width = -1;
	if (l->amd) {
		pmu->general = l->perfmon2[0] & 1 ? l->perfmon2[1] & 15 :
			       l->extended[2] >> 23 & 1 ? 6 : 4;
		pmu->fixed = 0;
		pmu->width = 48;
	} else if (l->intel[0] & 0xff) {
		pmu->general = l->intel[0] >> 8 & 0xff;
		pmu->width = l->intel[0] >> 16 & 0xff;
		/* version 1 has none */
		pmu->fixed = (l->intel[0] & 0xff) > 1 ? l->intel[3] & 31 : 0;
	}
}

static void read_leaves(struct tg_pmu_leaves *l)
{
	__u32 r[4];

	memset(l, 0, sizeof(*l));
	tg_cpuid(0, 0, r);
	l->amd = r[2] == 0x444d4163 || r[2] == 0x656e6975;	/* "cAMD", "uine" */
	if (r[0] >= 0xa)
		tg_cpuid(0xa, 0, l->intel);
	tg_cpuid(0x80000000, 0, r);
	if (r[0] >= 0x80000001)
		tg_cpuid(0x80000001, 0, l->extended);
	if (r[0] >= 0x80000022)
		tg_cpuid(0x80000022, 0, l->perfmon2);
}

void tg_pmu_find(struct tg_pmu *pmu)
{
	static const char *const names[] = { "cpu", "cpu_core", "cpu_atom" };
	struct tg_pmu_leaves leaves;
	char path[128];
	size_t i;

	memset(pmu, 0, sizeof(*pmu));
	pmu->rdpmc = -1;
	read_leaves(&leaves);
	tg_pmu_decode(&leaves, pmu);
	pmu->paranoid = number_in(PARANOID, -1);
	pmu->watchdog = number_in("/proc/sys/kernel/nmi_watchdog", 0) > 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !*pmu->name; i++) {
		if (tg_pmu_type(TG_EVENT_SOURCES, names[i]) < 0)
			continue;
		snprintf(pmu->name, sizeof(pmu->name), "%s", names[i]);
		snprintf(path, sizeof(path), "/sys/devices/%s/rdpmc", names[i]);
		pmu->rdpmc = number_in(path, -1);
	}
}

void tg_pmu_describe(const struct tg_pmu *pmu, char *line, size_t len)
{
	char counters[96] = "counters unknown", rdpmc[16] = "unknown";

	if (pmu->paranoid == -1) {
		snprintf(line, len, "none: this kernel has no perf events; cycles from the TSC and calibrated chains");
		return;
	}
	if (!*pmu->name) {
		snprintf(line, len, "none: no PMU is shown here; cycles from the TSC and calibrated chains, perf_event_paranoid %d",
			 pmu->paranoid);
		return;
	}
	if (pmu->general >= 0)
		snprintf(counters, sizeof(counters), "%d general and %d fixed, %d bits%s",
			 pmu->general, pmu->fixed, pmu->width,
			 pmu->watchdog ? ", one is the NMI watchdog's" : "");
	if (pmu->rdpmc >= 0)
		snprintf(rdpmc, sizeof(rdpmc), "%d", pmu->rdpmc);
	snprintf(line, len, "%s: %s; rdpmc %s, perf_event_paranoid %d", pmu->name, counters,
		 rdpmc, pmu->paranoid);
}

int tg_counters_describe(char *line, size_t len)
{
	struct tg_events cycles = { .n = 1 };
	struct tg_counter_set s;
	struct tg_pmu pmu;
	char why[512];
	size_t n;
	int rc;

	tg_pmu_find(&pmu);
	tg_pmu_describe(&pmu, line, len);
	if (!*pmu.name)
		return TG_EXIT_NOTHING;
	tg_event_cycles(&cycles.event[0]);
	rc = tg_counters_probe(&cycles, why, sizeof(why));
	if (rc == TG_EXIT_OK) {
		tg_counters_open(&s, &cycles, -1);
		if (*s.absent[0]) {
			snprintf(why, sizeof(why), "cycles: %s", s.absent[0]);
			rc = s.refused[0] ? TG_EXIT_REFUSED : TG_EXIT_NOTHING;
		}
		tg_counters_close(&s);
	}
	n = strlen(line);
	if (rc != TG_EXIT_OK && n < len)
		snprintf(line + n, len - n, "; not used: %s", why);
	return rc;
}

int tg_counters_fit(const struct tg_pmu *pmu, const struct tg_events *events, char *err,
		    size_t len)
{
	int need = 0, have, each = 0;
	size_t i, n = 0;

	for (i = 0; i < events->n; i++) {
		const struct tg_event *e = &events->event[i];

		n += e->core;
		need += e->core ? e->user + e->kernel : 0;
		each |= e->core ? e->user + e->kernel : 0;
	}
	if (!*pmu->name || pmu->general < 0)
		return 0;
	have = pmu->general + pmu->fixed - pmu->watchdog;
	if (need <= have)
		return 0;
	snprintf(err, len, "%zu events%s take %d counters at a time, this CPU has %d (%d general, %d fixed%s): give fewer%s",
		 n, each > 1 ? " in user and kernel mode" : "", need, have, pmu->general,
		 pmu->fixed, pmu->watchdog ? ", less one of the NMI watchdog's" : "",
		 each > 1 ? ", or count in one mode, NAME:u or NAME:k" : "");
	return -1;
}
