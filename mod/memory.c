// SPDX-License-Identifier: GPL-2.0
/*
 * Memory on a node of one's choice. Pages of the linear map, as the kernel's own
 * FPU areas and locks have; they do not move.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/topology.h>

#include "tollgate.h"

bool tg_node_has_memory(int node)
{
	return node >= 0 && node < MAX_NUMNODES && node_state(node, N_MEMORY);
}

int tg_near_node(int cpu)
{
	int own = cpu_to_node(cpu), node, best = NUMA_NO_NODE;

	for_each_node_state(node, N_MEMORY)
		if (best == NUMA_NO_NODE || node_distance(own, node) < node_distance(own, best))
			best = node;
	return best;
}

int tg_far_node(int cpu)
{
	int own = cpu_to_node(cpu), near = tg_near_node(cpu), node, best = NUMA_NO_NODE;

	for_each_node_state(node, N_MEMORY)
		if (node != near && (best == NUMA_NO_NODE ||
				     node_distance(own, node) > node_distance(own, best)))
			best = node;
	return best;
}

void *tg_node_alloc(size_t size, int node)
{
	gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_THISNODE | __GFP_NOWARN;
	struct page *page = alloc_pages_node(node, gfp, get_order(size));

	return page ? page_address(page) : NULL;
}

void tg_node_free(void *p, size_t size)
{
	if (p)
		free_pages((unsigned long)p, get_order(size));
}

int tg_node_of(const void *p)
{
	return page_to_nid(is_vmalloc_addr(p) ? vmalloc_to_page(p) : virt_to_page(p));
}
