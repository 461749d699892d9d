// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tollgate/fpu_image.h>

#include "exit.h"
#include "memory.h"
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

/* libnuma complains on standard error of what it cannot read; -1 and 0 say as much. */
void numa_warn(int number, char *where, ...)
{
	(void)number;
	(void)where;
}

void numa_error(char *where)
{
	(void)where;
}

/*
 * libnuma's own knows the names of disks and network cards, which nobody asks for
 * here, and with it getaddrinfo(3), which a static program had better not hold.
 */
int resolve_affinity(const char *id, struct bitmask *mask);
int resolve_affinity(const char *id, struct bitmask *mask)
{
	(void)id;
	(void)mask;
	return -1;
}

/* Adds bit to the entries of one of sysfs's lists; -1 where there is no such list. */
static int system_list(const char *name, unsigned char *entries, int n, unsigned char bit)
{
	char path[64], text[8192] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/%s", name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (!fgets(text, sizeof(text), f))
		*text = 0;
	fclose(f);
	return tg_parse_list(text, entries, n, bit);
}

static void read_nodes(struct tg_topology *t)
{
	struct bitmask *mems = t->closed ? NULL : numa_get_mems_allowed();
	int a, b;

	for (a = 0; a < t->nr_cpus; a++)
		if (t->cpus[a] & TG_CPU_ONLINE)
			t->cpu_nodes[a] = numa_node_of_cpu(a);
	for (a = 0; a < t->nr_nodes; a++) {
		long long bytes = numa_node_size64(a, NULL);

		t->nodes[a].there = numa_bitmask_isbitset(numa_nodes_ptr, a);
		t->nodes[a].bytes = bytes > 0 ? bytes : 0;
		t->nodes[a].allowed = mems && numa_bitmask_isbitset(mems, a);
	}
	for (a = 0; a < t->nr_nodes; a++)
		for (b = 0; b < t->nr_nodes; b++)
			if (t->nodes[a].there && t->nodes[b].there)
				t->distances[a * t->nr_nodes + b] = numa_distance(a, b);
	if (mems)
		numa_bitmask_free(mems);
}

/* What sysfs tells of nodes where libnuma tells nothing. */
static void closed_nodes(struct tg_topology *t)
{
	unsigned char *there = calloc(t->nr_nodes, 1);
	int i;

	if (there)
		system_list("node/online", there, t->nr_nodes, 1);
	for (i = 0; i < t->nr_nodes && there; i++)
		t->nodes[i].there = there[i];
	free(there);
}

/* A kernel without NUMA: all CPUs and all memory are node 0's. */
static void one_node(struct tg_topology *t)
{
	int i;

	t->nodes[0].there = true;
	t->nodes[0].allowed = true;
	t->nodes[0].bytes = sysconf(_SC_PHYS_PAGES) * (long long)sysconf(_SC_PAGESIZE);
	for (i = 0; i < t->nr_cpus; i++)
		t->cpu_nodes[i] = 0;
}

struct tg_topology *tg_topology_read(char *err, size_t errlen)
{
	/* a filter may refuse these calls in ways that libnuma takes for NUMA or for none */
	bool numa = numa_available() >= 0, open = numa && !get_mempolicy(NULL, NULL, 0, NULL, 0);
	int i, nr_cpus, present, nr_nodes;
	struct tg_topology *t;
	size_t size;
	cpu_set_t *set = allowed_cpus(&size);

	if (!set) {
		snprintf(err, errlen, "sched_getaffinity: %s", strerror(errno));
		return NULL;
	}
	present = system_list("cpu/present", NULL, 0, 0);
	nr_cpus = present > (int)size * 8 ? present : (int)size * 8;
	nr_nodes = numa ? numa_max_node() + 1 : system_list("node/online", NULL, 0, 0);
	t = tg_topology_new(nr_cpus, nr_nodes < 1 ? 1 : nr_nodes);
	if (!t) {
		snprintf(err, errlen, "no memory");
		goto out;
	}
	for (i = 0; i < (int)size * 8; i++)
		if (CPU_ISSET_S(i, size, set))
			t->cpus[i] = TG_CPU_PRESENT | TG_CPU_ONLINE | TG_CPU_ALLOWED;
	/* without sysfs what is allowed is all that is known */
	system_list("cpu/present", t->cpus, nr_cpus, TG_CPU_PRESENT);
	system_list("cpu/online", t->cpus, nr_cpus, TG_CPU_ONLINE);
	t->closed = !open && nr_nodes > 1;
	if (nr_nodes < 2 && !open)
		one_node(t);
	else if (numa)
		read_nodes(t);
	else
		closed_nodes(t);
out:
	CPU_FREE(set);
	return t;
}

/* The highest CPU of the fast kind, or of all where there is one kind only. */
static int highest(const struct tg_topology *t, int node)
{
	int i, last = -1;

	for (i = t->nr_cpus - 1; i >= 0; i--) {
		if (!tg_cpu_usable(t, i) || (node >= 0 && t->cpu_nodes[i] != node))
			continue;
		last = last < 0 ? i : last;
		if (tg_pin(i) || core_kind() != TG_CORE_ATOM)
			break;
	}
	return i >= 0 ? i : last;
}

int tg_second_cpu(const struct tg_topology *t, int cpu)
{
	size_t size;
	cpu_set_t *set = allowed_cpus(&size);
	int kind, i;

	if (!set || tg_pin(cpu)) {
		CPU_FREE(set);
		return -1;
	}
	kind = core_kind();
	for (i = t->nr_cpus - 1; i >= 0; i--)
		if (i != cpu && tg_cpu_usable(t, i) && t->cpu_nodes[i] == t->cpu_nodes[cpu] &&
		    !tg_pin(i) && core_kind() == kind)
			break;
	sched_setaffinity(0, size, set);
	CPU_FREE(set);
	return i;
}

int tg_choose_cpu(const struct tg_topology *t, int wanted, int node, int *code, char *err,
		  size_t errlen)
{
	size_t size;
	cpu_set_t *set;
	int cpu, rc;

	*code = node >= 0 && t->closed ? TG_EXIT_REFUSED : TG_EXIT_INPUT;
	if ((wanted >= 0 && tg_check_cpu(t, wanted, err, errlen)) ||
	    (node >= 0 && tg_check_cpu_node(t, node, err, errlen)))
		return -1;
	*code = TG_EXIT_REFUSED;
	set = allowed_cpus(&size);
	if (!set) {
		snprintf(err, errlen, "sched_getaffinity: %s", strerror(errno));
		return -1;
	}
	cpu = wanted < 0 ? highest(t, node) : wanted;
	rc = tg_pin(cpu);
	if (rc) {
		snprintf(err, errlen, "cannot move to CPU %d (sched_setaffinity): %s", cpu,
			 strerror(-rc));
		cpu = -1;
	}
	sched_setaffinity(0, size, set);
	CPU_FREE(set);
	return cpu;
}

/* Puts memory onto a node from now on, and a page to see. 0, or -1 with why. */
static int place_on(int node, char *why, size_t len)
{
	size_t bytes = sysconf(_SC_PAGESIZE);
	int rc = tg_memory_prefer(node);
	void *page;

	if (rc) {
		snprintf(why, len, "cannot put memory onto node %d (set_mempolicy): %s", node,
			 strerror(-rc));
		return -1;
	}
	page = tg_memory_get(bytes, node, why, len);
	if (!page)
		return -1;
	rc = tg_memory_check(page, bytes, node, "a page put there", why, len);
	tg_memory_free(page, bytes);
	return rc;
}

int tg_choose_memory(const struct tg_topology *t, int cpu, int wanted, struct tg_place *p,
		     char *err, size_t errlen)
{
	char why[sizeof(p->no_remote)];

	if (wanted >= 0 && tg_check_memory_node(t, wanted, err, errlen))
		return t->closed ? TG_EXIT_REFUSED : TG_EXIT_INPUT;
	memset(p, 0, sizeof(*p));
	p->nodes = tg_nodes_there(t);
	p->cpu_node = t->cpu_nodes[cpu];
	p->node = wanted < 0 ? tg_local_node(t, cpu) : wanted;
	p->remote = tg_remote_node(t, cpu, p->no_remote, sizeof(p->no_remote));
	if (p->remote >= 0 && wanted >= 0) {
		p->remote = -1;
		snprintf(p->no_remote, sizeof(p->no_remote),
			 "--mem-node %d puts all memory there: mem=remote asks for another node",
			 wanted);
	}
	if (p->nodes > 1 && p->node >= 0) {
		p->placed = !place_on(p->node, why, sizeof(why));
		if (!p->placed && wanted >= 0) {
			snprintf(err, errlen, "--mem-node %d: %s", wanted, why);
			return TG_EXIT_REFUSED;
		}
		if (!p->placed) {
			p->node = p->remote = -1;
			snprintf(p->no_remote, sizeof(p->no_remote), "%s", why);
		}
	}
	p->distance = tg_distance(t, p->cpu_node, p->node);
	p->remote_distance = tg_distance(t, p->cpu_node, p->remote);
	return TG_EXIT_OK;
}
