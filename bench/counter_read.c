// SPDX-License-Identifier: GPL-2.0
/*
 * Reads counters from inside a sequence. Built to use general registers alone,
 * without a stack protector: extended registers are the body's, and FS may be
 * another base than the C library's.
 */
#include <sys/syscall.h>

#include <tollgate/counting.h>

#include "counters.h"

_Static_assert(TG_COUNTERS_MOST == TG_COUNTERS_MAX, "counters.h mirrors counting.h");

static struct tg_counting *now;

static inline uint64_t rdpmc(uint32_t number)
{
	uint32_t low, high;

	__asm__ volatile("rdpmc" : "=a" (low), "=d" (high) : "c" (number));
	return low | (uint64_t)high << 32;
}

/* read(2) of PERF_FORMAT_TOTAL_TIME_*; a pinned event without a counter gives no byte. */
static inline enum tg_page_state read_file(int fd, uint64_t *count)
{
	uint64_t v[3];
	long rc = SYS_read;

	__asm__ volatile("syscall" : "+a" (rc) : "D" ((long)fd), "S" (v), "d" (sizeof(v))
			 : "rcx", "r11", "memory");
	if (rc != sizeof(v))
		return TG_PAGE_NO_COUNTER;
	if (v[1] != v[2])
		return TG_PAGE_SHARED;
	*count = v[0];
	return TG_PAGE_OK;
}

bool tg_counters_read(struct tg_counter_set *s, uint64_t *values)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct tg_counter *c = &s->counter[i];
		enum tg_page_state state = c->page ? tg_page_read(c->page, rdpmc, &values[i]) :
						     read_file(c->fd, &values[i]);

		if (state != TG_PAGE_OK) {
			s->fault = state;
			s->faulty = i;
			return false;
		}
	}
	return true;
}

void tg_counters_aim(struct tg_counting *c, struct tg_counter_set *s)
{
	c->counters = s;
	c->n = s->n;
	c->lost = false;
	now = c;
}

/* What the sequences of body/bodies_counted.S call. RDPMC waits for nobody: LFENCE does. */
void tg_counting_before(void);
void tg_counting_after(void);

void tg_counting_before(void)
{
	__asm__ volatile("lfence" : : : "memory");
	now->lost |= !tg_counters_read(now->counters, (uint64_t *)now->before);
}

void tg_counting_after(void)
{
	now->lost |= !tg_counters_read(now->counters, (uint64_t *)now->after);
	__asm__ volatile("lfence" : : : "memory");
}
