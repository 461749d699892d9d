/* SPDX-License-Identifier: GPL-2.0 */
/* RDPMC by the mapped page of an event, on pages made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "counter_page.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* What the CPU would say, and which counter it was asked for. */
static uint64_t counter;
static uint32_t asked;
static int asks;
/* Changes the page meanwhile, as the kernel does when it moves the event. */
static struct perf_event_mmap_page *moving;
static int moves;

static uint64_t rdpmc(uint32_t number)
{
	asked = number;
	asks++;
	if (moves > 0) {
		moves--;
		moving->lock += 2;
		moving->index++;
		moving->offset += 1000;
	}
	return counter;
}

/* An event on counter 3, 48 bits wide, running all its time. */
static struct perf_event_mmap_page page(void)
{
	struct perf_event_mmap_page p;

	memset(&p, 0, sizeof(p));
	p.cap_bit0_is_deprecated = 1;
	p.cap_user_rdpmc = 1;
	p.lock = 8;
	p.index = 4;
	p.pmc_width = 48;
	p.time_enabled = p.time_running = 123456;
	counter = 0;
	asks = moves = 0;
	asked = UINT32_MAX;
	return p;
}

static void widths(void **state)
{
	static const struct {
		uint16_t width;
		uint64_t counter;
		int64_t offset;
		uint64_t count;
	} cases[] = {
		{ 48, 0, 0, 0 },
		{ 48, 5, 0, 5 },
		{ 48, 5, 1000000, 1000005 },
		/* the top bit is the sign: a period counts up from below zero */
		{ 48, 0xffffffffffffULL, 0, (uint64_t)-1 },
		{ 48, 0x800000000000ULL, 0x800000000000LL, 0 },
		{ 48, 0x800000000000ULL + 17, 0x800000000000LL, 17 },
		{ 48, 0x7fffffffffffULL, 0, 0x7fffffffffffULL },
		/* what lies above the width is nothing */
		{ 48, 0xabcd000000000007ULL, 0, 7 },
		{ 32, 0x80000000, 0x80000000LL, 0 },
		{ 32, 0xffffffff, 10, 9 },
		{ 32, 0x7fffffff, 0, 0x7fffffff },
		{ 40, 0x8000000000ULL, 0x8000000000LL, 0 },
		{ 1, 1, 0, (uint64_t)-1 },
		{ 64, 0xfedcba9876543210ULL, 0, 0xfedcba9876543210ULL },
		{ 64, (uint64_t)-5, 5, 0 },
		{ 48, 3, -10, (uint64_t)-7 },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		struct perf_event_mmap_page p = page();
		uint64_t count = 99;

		p.pmc_width = cases[i].width;
		p.offset = cases[i].offset;
		counter = cases[i].counter;
		assert_int_equal(tg_page_read(&p, rdpmc, &count), TG_PAGE_OK);
		if (count != cases[i].count)
			fail_msg("case %zu: %#llx, not %#llx", i, (unsigned long long)count,
				 (unsigned long long)cases[i].count);
		assert_int_equal(asked, 3);
		assert_int_equal(asks, 1);
	}
}

/* Bit 30 says fixed (SDM vol. 2, RDPMC), and comes in the index. */
static void fixed_counters(void **state)
{
	struct perf_event_mmap_page p = page();
	uint64_t count;

	(void)state;
	p.index = (1U << 30) + 1 + 1;
	assert_int_equal(tg_page_read(&p, rdpmc, &count), TG_PAGE_OK);
	assert_int_equal(asked, (1U << 30) + 1);
}

/* Refused without asking the CPU, which would fault, and without a count. */
static void refuses(struct perf_event_mmap_page *p, enum tg_page_state wanted)
{
	uint64_t count = 99;

	assert_int_equal(tg_page_read(p, rdpmc, &count), wanted);
	assert_int_equal(count, 99);
	assert_int_equal(asks, 0);
}

static void no_counter(void **state)
{
	struct perf_event_mmap_page p = page();

	(void)state;
	p.index = 0;
	refuses(&p, TG_PAGE_NO_COUNTER);
	/* an event that never ran: no time, no count */
	p.time_enabled = p.time_running = 0;
	refuses(&p, TG_PAGE_NO_COUNTER);
}

static void forbidden(void **state)
{
	struct perf_event_mmap_page p = page();

	(void)state;
	p.cap_user_rdpmc = 0;
	refuses(&p, TG_PAGE_FORBIDDEN);
	/* before 3.12 the bits said something else */
	p = page();
	p.cap_bit0_is_deprecated = 0;
	refuses(&p, TG_PAGE_FORBIDDEN);
	p.cap_bit0 = 1;
	refuses(&p, TG_PAGE_FORBIDDEN);
}

static void bad_width(void **state)
{
	struct perf_event_mmap_page p = page();

	(void)state;
	p.pmc_width = 0;
	refuses(&p, TG_PAGE_WIDTH);
	p.pmc_width = 65;
	refuses(&p, TG_PAGE_WIDTH);
}

/* Multiplexed: whatever it counted is a part. */
static void shared(void **state)
{
	struct perf_event_mmap_page p = page();
	uint64_t count = 99;

	(void)state;
	p.time_running--;
	assert_int_equal(tg_page_read(&p, rdpmc, &count), TG_PAGE_SHARED);
	assert_int_equal(count, 99);
	p = page();
	p.time_enabled = p.time_running + (1ULL << 40);
	assert_int_equal(tg_page_read(&p, rdpmc, &count), TG_PAGE_SHARED);
	assert_int_equal(count, 99);
}

static void locked(void **state)
{
	struct perf_event_mmap_page p = page();

	(void)state;
	p.lock = 7;
	refuses(&p, TG_PAGE_BUSY);
}

/* What was read while the page changed is read again, all of it. */
static void changing(void **state)
{
	struct perf_event_mmap_page p = page();
	uint64_t count = 99;

	(void)state;
	counter = 5;
	moving = &p;
	moves = 3;
	assert_int_equal(tg_page_read(&p, rdpmc, &count), TG_PAGE_OK);
	assert_int_equal(asks, 4);
	assert_int_equal(asked, 6);
	assert_int_equal(count, 3005);

	p = page();
	moving = &p;
	moves = TG_PAGE_TRIES;
	count = 99;
	assert_int_equal(tg_page_read(&p, rdpmc, &count), TG_PAGE_BUSY);
	assert_int_equal(count, 99);
	assert_int_equal(asks, TG_PAGE_TRIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths),
		cmocka_unit_test(fixed_counters),
		cmocka_unit_test(no_counter),
		cmocka_unit_test(forbidden),
		cmocka_unit_test(bad_width),
		cmocka_unit_test(shared),
		cmocka_unit_test(locked),
		cmocka_unit_test(changing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("counter_page", tests, NULL, NULL) ? 1 : 0;
}
