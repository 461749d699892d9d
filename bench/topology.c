// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology.h"

/* From a node to itself (ACPI specification, SLIT). */
#define TG_DISTANCE_SELF	10

/* Digits alone, up to max: strtol() takes signs and blanks as well. NULL: no number. */
static const char *parse_number(const char *s, int max, int *out)
{
	long v = 0;

	if (!isdigit((unsigned char)*s))
		return NULL;
	for (; isdigit((unsigned char)*s); s++) {
		v = 10 * v + (*s - '0');
		if (v > max)
			return NULL;
	}
	*out = v;
	return s;
}

int tg_parse_list(const char *s, unsigned char *entries, int n, unsigned char bit)
{
	int first, last, i, end = 0;

	if (!*s || !strcmp(s, "\n"))
		return 0;
	for (;; s++) {
		s = parse_number(s, INT_MAX - 1, &first);
		last = first;
		if (s && *s == '-')
			s = parse_number(s + 1, INT_MAX - 1, &last);
		if (!s || last < first)
			return -1;
		for (i = first; i <= last && i < n; i++)
			entries[i] |= bit;
		end = last + 1 > end ? last + 1 : end;
		if (*s != ',')
			break;
	}
	return !*s || (*s == '\n' && !s[1]) ? end : -1;
}

struct tg_topology *tg_topology_new(int nr_cpus, int nr_nodes)
{
	struct tg_topology *t = calloc(1, sizeof(*t));
	int i;

	if (!t)
		return NULL;
	t->nr_cpus = nr_cpus;
	t->nr_nodes = nr_nodes;
	t->cpus = calloc(nr_cpus, sizeof(*t->cpus));
	t->cpu_nodes = calloc(nr_cpus, sizeof(*t->cpu_nodes));
	t->nodes = calloc(nr_nodes, sizeof(*t->nodes));
	t->distances = calloc((size_t)nr_nodes * nr_nodes, sizeof(*t->distances));
	if (!t->cpus || !t->cpu_nodes || !t->nodes || !t->distances) {
		tg_topology_free(t);
		return NULL;
	}
	for (i = 0; i < nr_cpus; i++)
		t->cpu_nodes[i] = -1;
	return t;
}

void tg_topology_free(struct tg_topology *t)
{
	if (!t)
		return;
	free(t->cpus);
	free(t->cpu_nodes);
	free(t->nodes);
	free(t->distances);
	free(t);
}

static bool cpu_has(const struct tg_topology *t, int cpu, int bits)
{
	return cpu >= 0 && cpu < t->nr_cpus && (t->cpus[cpu] & bits) == bits;
}

bool tg_cpu_usable(const struct tg_topology *t, int cpu)
{
	return cpu_has(t, cpu, TG_CPU_ONLINE | TG_CPU_ALLOWED);
}

static bool cpu_present(const struct tg_topology *t, int cpu)
{
	return cpu_has(t, cpu, TG_CPU_PRESENT);
}

static bool node_there(const struct tg_topology *t, int node)
{
	return node >= 0 && node < t->nr_nodes && t->nodes[node].there;
}

static bool has_memory(const struct tg_topology *t, int node)
{
	return node_there(t, node) && t->nodes[node].bytes > 0;
}

static bool memory_usable(const struct tg_topology *t, int node)
{
	return has_memory(t, node) && t->nodes[node].allowed;
}

/* Whether a node has a CPU that is online; usable: one that can be measured on. */
static bool has_cpu(const struct tg_topology *t, int node, bool usable)
{
	int i;

	for (i = 0; i < t->nr_cpus; i++)
		if (t->cpu_nodes[i] == node && cpu_has(t, i, TG_CPU_ONLINE) &&
		    (!usable || tg_cpu_usable(t, i)))
			return true;
	return false;
}

static bool has_usable_cpu(const struct tg_topology *t, int node)
{
	return node_there(t, node) && has_cpu(t, node, true);
}

/* " 0-3 7": the numbers below n that are; " none" without any. */
static const char *list(const struct tg_topology *t, int n,
			bool (*is)(const struct tg_topology *t, int i), char *text, size_t len)
{
	int i, first = -1;
	size_t at = 0;

	snprintf(text, len, " none");
	for (i = 0; i <= n && at < len; i++) {
		if (i < n && is(t, i)) {
			first = first < 0 ? i : first;
		} else if (first >= 0) {
			at += snprintf(text + at, len - at, first == i - 1 ? " %d" : " %d-%d",
				       first, i - 1);
			first = -1;
		}
	}
	return text;
}

int tg_nodes_there(const struct tg_topology *t)
{
	int i, n = 0;

	for (i = 0; i < t->nr_nodes; i++)
		n += t->nodes[i].there;
	return n;
}

int tg_distance(const struct tg_topology *t, int a, int b)
{
	if (!node_there(t, a) || !node_there(t, b))
		return 0;
	if (a == b)
		return TG_DISTANCE_SELF;
	return t->distances[a * t->nr_nodes + b];
}

int tg_check_cpu(const struct tg_topology *t, int cpu, char *err, size_t errlen)
{
	char usable[256], present[256];

	if (tg_cpu_usable(t, cpu))
		return 0;
	list(t, t->nr_cpus, tg_cpu_usable, usable, sizeof(usable));
	if (!cpu_present(t, cpu))
		snprintf(err, errlen, "--cpu %d: this machine has CPU%s; allowed:%s", cpu,
			 list(t, t->nr_cpus, cpu_present, present, sizeof(present)), usable);
	else if (!cpu_has(t, cpu, TG_CPU_ONLINE))
		snprintf(err, errlen, "--cpu %d is offline; allowed:%s", cpu, usable);
	else
		snprintf(err, errlen, "--cpu %d is not among the CPUs that this process may use (its affinity or cgroup); allowed:%s",
			 cpu, usable);
	return -1;
}

static const char closed[] =
	"the kernel lets this process choose no node (set_mempolicy(2) and its kin refused: a container?)";

int tg_check_cpu_node(const struct tg_topology *t, int node, char *err, size_t errlen)
{
	char usable[256], there[256];

	if (has_usable_cpu(t, node))
		return 0;
	if (t->closed) {
		snprintf(err, errlen, "--cpu node%d: %s; allowed: a CPU's number", node, closed);
		return -1;
	}
	list(t, t->nr_nodes, has_usable_cpu, usable, sizeof(usable));
	if (!node_there(t, node))
		snprintf(err, errlen, "--cpu node%d: this machine has node%s; allowed, since with a CPU:%s",
			 node, list(t, t->nr_nodes, node_there, there, sizeof(there)), usable);
	else
		snprintf(err, errlen, "--cpu node%d: %s; allowed: node%s", node,
			 has_cpu(t, node, false) ?
			 "none of that node's CPUs is among those that this process may use (its affinity or cgroup)" :
			 "that node has no CPU online", usable);
	return -1;
}

int tg_check_memory_node(const struct tg_topology *t, int node, char *err, size_t errlen)
{
	char usable[256], there[256];

	if (memory_usable(t, node))
		return 0;
	if (t->closed) {
		snprintf(err, errlen, "--mem-node %d: %s; allowed: no --mem-node", node, closed);
		return -1;
	}
	list(t, t->nr_nodes, memory_usable, usable, sizeof(usable));
	if (!node_there(t, node))
		snprintf(err, errlen, "--mem-node %d: this machine has node%s; allowed, since with memory:%s",
			 node, list(t, t->nr_nodes, node_there, there, sizeof(there)), usable);
	else
		snprintf(err, errlen, "--mem-node %d: %s; allowed:%s", node,
			 has_memory(t, node) ?
			 "that node's memory is not among what this process may use (its cpuset)" :
			 "that node has no memory", usable);
	return -1;
}

int tg_local_node(const struct tg_topology *t, int cpu)
{
	int own = cpu >= 0 && cpu < t->nr_cpus ? t->cpu_nodes[cpu] : -1;
	int i, here, best = -1, least = INT_MAX;

	for (i = 0; i < t->nr_nodes; i++) {
		if (!memory_usable(t, i))
			continue;
		here = tg_distance(t, own, i);
		here = here ? here : INT_MAX - 1;
		if (here < least) {
			least = here;
			best = i;
		}
	}
	return best;
}

int tg_remote_node(const struct tg_topology *t, int cpu, char *why, size_t len)
{
	int own = cpu >= 0 && cpu < t->nr_cpus ? t->cpu_nodes[cpu] : -1;
	int local = tg_local_node(t, cpu), i, best = -1;
	char there[256];

	for (i = 0; i < t->nr_nodes && own >= 0; i++)
		if (i != local && memory_usable(t, i) &&
		    (best < 0 || tg_distance(t, own, i) > tg_distance(t, own, best)))
			best = i;
	if (best >= 0)
		return best;
	if (t->closed)
		snprintf(why, len, "no memory is remote: %s", closed);
	else if (tg_nodes_there(t) < 2)
		snprintf(why, len, "this machine has one node: no memory is remote");
	else if (own < 0)
		snprintf(why, len, "no memory is remote: CPU %d's node is not known", cpu);
	else
		snprintf(why, len, "no memory is remote: of nodes%s only %d has any that may be used",
			 list(t, t->nr_nodes, node_there, there, sizeof(there)), local);
	return -1;
}
