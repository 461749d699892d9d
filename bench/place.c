// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <tollgate/fpu_image.h>

#include "exit.h"
#include "place.h"

/* More CPUs than any kernel is built for (CONFIG_NR_CPUS: 8192). */
#define TG_CPUS_MAX	65536

#define TG_CORE_ATOM	0x20	/* CPUID.1AH:EAX[31:24], SDM vol. 2, CPUID */
#define TG_CORE_CORE	0x40

/* The CPUs this process may use; free with CPU_FREE(). NULL with errno. */
static cpu_set_t *allowed_cpus(size_t *size)
{
	int n;

	/* the kernel refuses a mask that is shorter than its own */
	for (n = 1024; n <= TG_CPUS_MAX; n *= 2) {
		cpu_set_t *set = CPU_ALLOC(n);

		*size = CPU_ALLOC_SIZE(n);
		if (!set)
			return NULL;
		CPU_ZERO_S(*size, set);
		if (!sched_getaffinity(0, *size, set))
			return set;
		CPU_FREE(set);
		if (errno != EINVAL)
			return NULL;
	}
	return NULL;
}

int tg_pin(int cpu)
{
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	int rc;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	rc = sched_setaffinity(0, size, set) ? -errno : 0;
	CPU_FREE(set);
	return rc;
}

static int core_kind(void)
{
	__u32 r[4];

	tg_cpuid(0, 0, r);
	if (r[0] < 0x1a)
		return 0;
	tg_cpuid(7, 0, r);
	if (!(r[3] & (1U << 15)))	/* hybrid */
		return 0;
	tg_cpuid(0x1a, 0, r);
	return r[0] >> 24;
}

const char *tg_core_type(void)
{
	switch (core_kind()) {
	case TG_CORE_ATOM:
		return "atom";
	case TG_CORE_CORE:
		return "core";
	}
	return "one kind";
}

/* "0-3 7" */
static void cpu_list(const cpu_set_t *set, size_t size, char *text, size_t len)
{
	int i, first = -1, end = size * 8;
	size_t n = 0;

	*text = 0;
	for (i = 0; i <= end && n < len; i++) {
		if (i < end && CPU_ISSET_S(i, size, set)) {
			first = first < 0 ? i : first;
		} else if (first >= 0) {
			n += snprintf(text + n, len - n, first == i - 1 ? " %d" : " %d-%d", first,
				      i - 1);
			first = -1;
		}
	}
}

/* The highest CPU of the fast kind, or of all where there is one kind only. */
static int highest(const cpu_set_t *set, size_t size)
{
	int i, last = -1;

	for (i = size * 8 - 1; i >= 0; i--) {
		if (!CPU_ISSET_S(i, size, set))
			continue;
		last = last < 0 ? i : last;
		if (tg_pin(i) || core_kind() != TG_CORE_ATOM)
			break;
	}
	return i >= 0 ? i : last;
}

int tg_second_cpu(int cpu)
{
	size_t size;
	cpu_set_t *set = allowed_cpus(&size);
	int kind, i;

	if (!set || tg_pin(cpu)) {
		CPU_FREE(set);
		return -1;
	}
	kind = core_kind();
	for (i = size * 8 - 1; i >= 0; i--)
		if (i != cpu && CPU_ISSET_S(i, size, set) && !tg_pin(i) && core_kind() == kind)
			break;
	sched_setaffinity(0, size, set);
	CPU_FREE(set);
	return i;
}

int tg_choose_cpu(int wanted, int *code, char *err, size_t errlen)
{
	char list[256];
	size_t size;
	cpu_set_t *set = allowed_cpus(&size);
	int cpu = wanted, rc;

	*code = TG_EXIT_INPUT;
	if (!set) {
		*code = TG_EXIT_REFUSED;
		snprintf(err, errlen, "sched_getaffinity: %s", strerror(errno));
		return -1;
	}
	if (wanted < 0) {
		cpu = highest(set, size);
	} else if ((size_t)wanted >= size * 8 || !CPU_ISSET_S(wanted, size, set)) {
		cpu_list(set, size, list, sizeof(list));
		snprintf(err, errlen, "--cpu %d is not online or not allowed; allowed:%s", wanted,
			 list);
		cpu = -1;
	}
	rc = cpu < 0 ? 0 : tg_pin(cpu);
	if (rc) {
		*code = TG_EXIT_REFUSED;
		snprintf(err, errlen, "cannot move to CPU %d (sched_setaffinity): %s", cpu,
			 strerror(-rc));
		cpu = -1;
	}
	sched_setaffinity(0, size, set);
	CPU_FREE(set);
	return cpu;
}
