/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A counter read without a system call: the page that perf_event_open(2) maps,
 * struct perf_event_mmap_page, says which counter it is and what to add to it
 * (include/uapi/linux/perf_event.h tells the protocol).
 */
#ifndef TOLLGATE_COUNTER_PAGE_H
#define TOLLGATE_COUNTER_PAGE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

enum tg_page_state {
	TG_PAGE_OK,
	TG_PAGE_FORBIDDEN,	/* the kernel lets no RDPMC read this event here */
	TG_PAGE_NO_COUNTER,	/* index 0: on no counter now */
	TG_PAGE_SHARED,		/* ran for a part of its time: its count is of a part */
	TG_PAGE_WIDTH,		/* a width that no counter has */
	TG_PAGE_BUSY,		/* the kernel was writing each time */
	TG_NR_PAGE_STATES
};

/* RDPMC of counter number (SDM vol. 2): what the page's index less 1 stands for. */
typedef uint64_t tg_rdpmc_fn(uint32_t number);

/* So often is a page read that changes meanwhile; the kernel writes it for some 100 ns. */
#define TG_PAGE_TRIES	100

/*
 * tg_page_read - the count of an event from its mapped page.
 *
 * lock is odd or changes while the kernel writes: then all is read again. The
 * counter is pmc_width bits wide, its top bit the sign: the kernel starts it at
 * a negative number to have it overflow in time, and keeps in offset what makes
 * the sum right. *count is written on TG_PAGE_OK alone. rdpmc is known where
 * this is inlined, so that no call stands between the reads.
 */
static inline __attribute__((always_inline)) enum tg_page_state
tg_page_read(const volatile struct perf_event_mmap_page *page, tg_rdpmc_fn *rdpmc,
	     uint64_t *count)
{
	uint32_t lock, index, width;
	uint64_t offset, counter, enabled, running;
	bool allowed;
	int i;

	for (i = 0; i < TG_PAGE_TRIES; i++) {
		lock = page->lock;
		__asm__ volatile("" : : : "memory");
		/* bit 0 tells kernels before 3.12, whose capabilities overlapped */
		allowed = page->cap_bit0_is_deprecated && page->cap_user_rdpmc;
		index = page->index;
		offset = page->offset;
		width = page->pmc_width;
		enabled = page->time_enabled;
		running = page->time_running;
		counter = 0;
		if (!(lock & 1) && allowed && index && width && width <= 64)
			counter = rdpmc(index - 1);
		__asm__ volatile("" : : : "memory");
		if (!(lock & 1) && page->lock == lock)
			break;
	}
	if (i == TG_PAGE_TRIES)
		return TG_PAGE_BUSY;
	if (!allowed)
		return TG_PAGE_FORBIDDEN;
	if (!index)
		return TG_PAGE_NO_COUNTER;
	if (!width || width > 64)
		return TG_PAGE_WIDTH;
	if (enabled != running)
		return TG_PAGE_SHARED;
	counter <<= 64 - width;
	*count = offset + (uint64_t)((int64_t)counter >> (64 - width));
	return TG_PAGE_OK;
}

#endif
