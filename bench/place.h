/* SPDX-License-Identifier: GPL-2.0 */
/* Where to measure on this machine, CPU and memory, and getting there. */
#ifndef TOLLGATE_PLACE_H
#define TOLLGATE_PLACE_H

#include <stddef.h>

#include "topology.h"

/*
 * tg_topology_read - this machine's CPUs and nodes (libnuma, sysfs); NULL with
 * one line when memory is short or sched_getaffinity(2) fails. A kernel without
 * NUMA has one node, 0.
 */
struct tg_topology *tg_topology_read(char *err, size_t errlen);

/*
 * tg_choose_cpu - the CPU to measure on.
 *
 * wanted: a CPU number, or -1 for the highest that this process may use, which
 * takes fewer interrupts than CPU 0 on most machines; on a hybrid CPU the
 * highest of the fast kind (CPUID.1AH:EAX[31:24] = 40h). node: the highest of
 * that node instead; -1 for any. Tries it out, and leaves the affinity as it
 * was. The number, or -1 with an exit code and one line: tg_check_cpu()'s or
 * tg_check_cpu_node()'s (TG_EXIT_INPUT), or refused (TG_EXIT_REFUSED).
 */
int tg_choose_cpu(const struct tg_topology *t, int wanted, int node, int *code, char *err,
		  size_t errlen);

/*
 * tg_second_cpu - another CPU of the same kind and on the same node, the highest
 * there is, or -1 for none. Leaves the affinity as it was.
 */
int tg_second_cpu(const struct tg_topology *t, int cpu);

/* Where memory lies, seen from the CPU measured on. Distances: tg_distance(). */
struct tg_place {
	int nodes;		/* there are */
	int cpu_node;		/* -1: not known */
	/*
	 * Memory is put onto node and checked to lie there. Not where there is one
	 * node alone, or the kernel lets nobody see or choose.
	 */
	bool placed;
	int node, distance;	/* of memory; node -1: not known */
	int remote;		/* the node that axis mem's remote means; -1: none */
	int remote_distance;
	char no_remote[256];	/* why there is none */
};

/*
 * tg_choose_memory - where the memory that is measured goes: onto the node
 * wanted, or onto tg_local_node() for -1. From then on this process and those it
 * starts get their memory there first of all.
 *
 * TG_EXIT_OK, or an exit code and one line: tg_check_memory_node()'s
 * (TG_EXIT_INPUT); the kernel refuses to place memory, or to tell where it lies,
 * and a node was asked for (TG_EXIT_REFUSED).
 */
int tg_choose_memory(const struct tg_topology *t, int cpu, int wanted, struct tg_place *p,
		     char *err, size_t errlen);

/* Pins this process to one CPU; 0 or -errno. */
int tg_pin(int cpu);

/* "core", "atom" or "one kind": the CPU this process is on. */
const char *tg_core_type(void);

#endif
