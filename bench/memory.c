// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

/* Pages asked about in one call. */
#define TG_PAGES_AT_ONCE	64

/* The policy of a range, or of the whole process for NULL. 0 or -errno. */
static int prefer(int node, void *p, size_t bytes)
{
	struct bitmask *mask;
	int rc;

	if (numa_available() < 0)
		return -ENOSYS;
	mask = numa_allocate_nodemask();
	if (!mask)
		return -ENOMEM;
	numa_bitmask_setbit(mask, node);
	/* the kernel takes one bit less than it is told of */
	rc = p ? mbind(p, bytes, MPOL_PREFERRED, mask->maskp, mask->size + 1, 0) :
		 set_mempolicy(MPOL_PREFERRED, mask->maskp, mask->size + 1);
	rc = rc ? -errno : 0;
	numa_bitmask_free(mask);
	return rc;
}

int tg_memory_prefer(int node)
{
	return prefer(node, NULL, 0);
}

void *tg_memory_get(size_t bytes, int node, char *why, size_t len)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (p == MAP_FAILED) {
		snprintf(why, len, "no memory for %zu bytes", bytes);
		return NULL;
	}
	rc = node < 0 ? 0 : prefer(node, p, bytes);
	if (rc) {
		snprintf(why, len, "cannot put memory onto node %d (mbind): %s", node,
			 strerror(-rc));
		munmap(p, bytes);
		return NULL;
	}
	memset(p, 0, bytes);
	return p;
}

void tg_memory_free(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}

int tg_memory_check(const void *p, size_t bytes, int node, const char *what, char *why,
		    size_t len)
{
	uintptr_t size = sysconf(_SC_PAGESIZE), at = (uintptr_t)p & ~(size - 1);
	uintptr_t end = (uintptr_t)p + bytes;
	void *pages[TG_PAGES_AT_ONCE];
	int status[TG_PAGES_AT_ONCE];
	size_t there = 0, wrong = 0, n, i;
	int elsewhere = -1, rc;

	while (at < end) {
		for (n = 0; n < TG_PAGES_AT_ONCE && at < end; n++, at += size)
			pages[n] = (void *)at;
		rc = numa_move_pages(0, n, pages, NULL, status, 0) ? errno : 0;
		for (i = 0; i < n && !rc; i++) {
			/* not there, or the page of zeros that all share */
			if (status[i] == -ENOENT || status[i] == -EFAULT)
				continue;
			rc = status[i] < 0 ? -status[i] : 0;
			there++;
			if (status[i] != node) {
				wrong++;
				elsewhere = status[i];
			}
		}
		if (rc) {
			snprintf(why, len, "cannot tell where %s lies (move_pages): %s", what,
				 strerror(rc));
			return -1;
		}
	}
	if (there && !wrong)
		return 0;
	if (!there)
		snprintf(why, len, "no page of %s is there", what);
	else
		snprintf(why, len, "%zu of %zu pages of %s lie on node %d, not on node %d", wrong,
			 there, what, elsewhere, node);
	return -1;
}

#define TG_SCRATCH_BYTES	4096	/* a page */

/* By the linker: the first byte of the program, and the one behind its code. */
extern const char __executable_start[], etext[];

void tg_memory_touch_code(void)
{
	for (const volatile char *p = __executable_start; p < etext; p += TG_SCRATCH_BYTES)
		(void)*p;
}

struct tg_arena *tg_arena_use(int node, size_t bytes, char *why, size_t len)
{
	static struct tg_arena arenas[2];
	struct tg_arena *a = &arenas[arenas[0].scratch && arenas[0].node != node];
	int rc = node < 0 ? 0 : tg_memory_prefer(node);

	if (rc) {
		snprintf(why, len, "cannot put memory onto node %d (set_mempolicy): %s", node,
			 strerror(-rc));
		return NULL;
	}
	if (a->scratch && a->node == node && a->bytes >= bytes)
		return a;
	tg_memory_free(a->scratch, TG_SCRATCH_BYTES);
	tg_memory_free(a->areas, a->bytes);
	a->node = node;
	a->bytes = bytes;
	a->scratch = tg_memory_get(TG_SCRATCH_BYTES, node, why, len);
	a->areas = a->scratch ? tg_memory_get(bytes, node, why, len) : NULL;
	if (a->areas)
		return a;
	tg_memory_free(a->scratch, TG_SCRATCH_BYTES);
	a->scratch = NULL;
	return NULL;
}

int tg_arena_check(const struct tg_arena *a, char *why, size_t len)
{
	if (tg_memory_check(a->scratch, TG_SCRATCH_BYTES, a->node, "the scratch page", why, len))
		return -1;
	return tg_memory_check(a->areas, a->bytes, a->node, "the XSAVE areas", why, len);
}
