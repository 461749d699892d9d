/* SPDX-License-Identifier: GPL-2.0 */
/* Memory on a node of one's choice, and proof that it lies there. */
#ifndef TOLLGATE_MEMORY_H
#define TOLLGATE_MEMORY_H

#include <stddef.h>

/*
 * tg_memory_prefer - makes this process, and those it starts from then on, get
 * memory from a node first (set_mempolicy(2), MPOL_PREFERRED: the allocator's
 * way is the same as without a policy, and no balancing moves the pages). 0 or
 * -errno.
 */
int tg_memory_prefer(int node);

/*
 * tg_memory_get - zeroed memory of so many bytes, whole pages, all there; from a
 * node first, or -1 for wherever the kernel puts it. NULL with why.
 */
void *tg_memory_get(size_t bytes, int node, char *why, size_t len);
void tg_memory_free(void *p, size_t bytes);

/*
 * tg_memory_check - whether every page of a range that is there lies on the node,
 * as move_pages(2) says, and at least one is there. 0; -1 with why, "3 of 5 pages of
 * WHAT lie on node 0, not on node 1" or what the kernel said.
 */
int tg_memory_check(const void *p, size_t bytes, int node, const char *what, char *why,
		    size_t len);

/*
 * tg_memory_touch_code - has every page of this program's code mapped. A block that
 * reaches a page for the first time takes a page fault, which is an event of the row.
 */
void tg_memory_touch_code(void);

/* What bodies work on, all of it on one node. */
struct tg_arena {
	int node;		/* -1: wherever the kernel puts it */
	void *scratch;		/* a page of zeros; NULL: no arena */
	char *areas;		/* for FPU state */
	size_t bytes;		/* of areas */
};

/*
 * tg_arena_use - the arena of a node, made where there is none. Whatever else
 * this process touches first from then on comes from the node too:
 * tg_memory_prefer(). Arenas of two nodes are kept, of the CPU's and of a remote
 * one. NULL with why.
 */
struct tg_arena *tg_arena_use(int node, size_t bytes, char *why, size_t len);

/* tg_memory_check() of all of an arena. */
int tg_arena_check(const struct tg_arena *a, char *why, size_t len);

#endif
