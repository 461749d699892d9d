/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUs and memory nodes of a machine, and which of them to measure on. Pure
 * functions of a topology; place.c reads the machine's.
 */
#ifndef TOLLGATE_TOPOLOGY_H
#define TOLLGATE_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

/* What holds of a CPU: it is there, it is online, this process may use it. */
enum { TG_CPU_PRESENT = 1, TG_CPU_ONLINE = 2, TG_CPU_ALLOWED = 4 };

struct tg_node {
	bool there;		/* online */
	long long bytes;	/* of memory, 0 for none */
	bool allowed;		/* this process may use its memory */
};

struct tg_topology {
	int nr_cpus, nr_nodes;	/* numbers are below these */
	unsigned char *cpus;	/* TG_CPU_* of each */
	int *cpu_nodes;		/* the node of each; -1: not known, as of one offline */
	struct tg_node *nodes;
	int *distances;		/* [a * nr_nodes + b], as ACPI's SLIT; 0: not known */
	/*
	 * There are several nodes, but the kernel lets this process neither choose one
	 * for memory nor see where that lies (a container's seccomp filter).
	 */
	bool closed;
};

/*
 * tg_parse_list - a list as the kernel writes it, "0-3,7\n".
 *
 * Adds bit to the entries named, of those below n. The highest number in the
 * list plus one, 0 for an empty list, or -1 where it is no such list.
 */
int tg_parse_list(const char *text, unsigned char *entries, int n, unsigned char bit);

/*
 * tg_topology_new - room for so many CPUs and nodes: none there, no distance
 * known, every CPU's node -1. NULL when memory is short.
 */
struct tg_topology *tg_topology_new(int nr_cpus, int nr_nodes);
void tg_topology_free(struct tg_topology *t);

/* Whether a CPU can be measured on: online and allowed. */
bool tg_cpu_usable(const struct tg_topology *t, int cpu);

/* Nodes that are there. */
int tg_nodes_there(const struct tg_topology *t);

/* The distance between two nodes, 10 from one to itself (ACPI, SLIT); 0 if not known. */
int tg_distance(const struct tg_topology *t, int a, int b);

/*
 * tg_check_cpu, tg_check_cpu_node, tg_check_memory_node - what --cpu N, --cpu
 * nodeN and --mem-node N ask for. 0, or -1 with one line that names the option,
 * what is wrong with it (not there, offline, not allowed, no CPU, no memory, a
 * kernel that lets nobody choose) and what is allowed.
 */
int tg_check_cpu(const struct tg_topology *t, int cpu, char *err, size_t errlen);
int tg_check_cpu_node(const struct tg_topology *t, int node, char *err, size_t errlen);
int tg_check_memory_node(const struct tg_topology *t, int node, char *err, size_t errlen);

/*
 * tg_local_node - the node with usable memory that is nearest to a CPU: its own
 * where that has any. Of several at one distance the lowest; where nothing is
 * known of the CPU's node, the lowest of all. -1: there is none.
 */
int tg_local_node(const struct tg_topology *t, int cpu);

/*
 * tg_remote_node - what axis mem's "remote" stands for: of the other nodes with
 * usable memory the farthest from the CPU, so the most that a misplaced line can
 * cost; of several the lowest. -1 where there is none, with why.
 */
int tg_remote_node(const struct tg_topology *t, int cpu, char *why, size_t len);

#endif
