/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of a machine: what CPUID says of them, whether events fit, and the way
 * from perf_event_open(2) to a count, with events that every kernel has.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <cmocka.h>

#include "counters.h"
#include "exit.h"

#include <tollgate/counting.h>

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static void leaves(void **state)
{
	static const struct {
		const char *what;
		struct tg_pmu_leaves leaves;
		int general, fixed, width;
	} cases[] = {
		{ "nothing", { .amd = false }, -1, -1, -1 },
		/* version 1 has no fixed ones, whatever EDX holds */
		{ "Core", { .intel = { 0x07280201, 0, 0, 3 } }, 2, 0, 40 },
		{ "Skylake with HT", { .intel = { 0x07300404, 0, 0, 0x603 } }, 4, 3, 48 },
		{ "Sapphire Rapids", { .intel = { 0x07300805, 0, 7, 0x8604 } }, 8, 4, 48 },
		{ "K8", { .amd = true }, 4, 0, 48 },
		{ "Zen 2", { .amd = true, .extended = { 0, 0, 1 << 23 } }, 6, 0, 48 },
		{ "Zen 4", { .amd = true, .extended = { 0, 0, 1 << 23 },
			     .perfmon2 = { 1, 0x10406 } }, 6, 0, 48 },
		{ "more", { .amd = true, .perfmon2 = { 1, 0x1040c } }, 12, 0, 48 },
		{ "no version 2", { .amd = true, .perfmon2 = { 2, 0x1040c } }, 4, 0, 48 },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		struct tg_pmu pmu = { .general = 77 };

		tg_pmu_decode(&cases[i].leaves, &pmu);
		if (pmu.general != cases[i].general || pmu.fixed != cases[i].fixed ||
		    pmu.width != cases[i].width)
			fail_msg("%s: %d %d %d", cases[i].what, pmu.general, pmu.fixed,
				 pmu.width);
	}
}

static void say(const struct tg_pmu *pmu, const char *wanted)
{
	char line[256];

	tg_pmu_describe(pmu, line, sizeof(line));
	assert_string_equal(line, wanted);
}

static void descriptions(void **state)
{
	struct tg_pmu pmu = {
		.name = "cpu", .general = 8, .fixed = 4, .width = 48, .rdpmc = 1, .paranoid = 2,
	};

	(void)state;
	say(&pmu, "cpu: 8 general and 4 fixed, 48 bits; rdpmc 1, perf_event_paranoid 2");
	pmu.watchdog = true;
	pmu.rdpmc = 0;
	say(&pmu, "cpu: 8 general and 4 fixed, 48 bits, one is the NMI watchdog's; rdpmc 0, perf_event_paranoid 2");
	pmu.general = pmu.rdpmc = -1;
	say(&pmu, "cpu: counters unknown; rdpmc unknown, perf_event_paranoid 2");
	pmu.name[0] = 0;
	say(&pmu, "none: no PMU is shown here; cycles from the TSC and calibrated chains, perf_event_paranoid 2");
	pmu.paranoid = -1;
	say(&pmu, "none: this kernel has no perf events; cycles from the TSC and calibrated chains");
}

/* n events of the core, in both modes or in one, and one of the kernel's own. */
static struct tg_events some(size_t n, bool both)
{
	struct tg_events s = { .n = n + 1 };

	for (size_t i = 0; i < n; i++)
		s.event[i] = (struct tg_event){ .type = PERF_TYPE_RAW, .config = { i },
						.user = true, .kernel = both, .split = true,
						.core = true };
	s.event[n] = (struct tg_event){ .type = PERF_TYPE_SOFTWARE, .user = true, .kernel = true };
	return s;
}

static void fits(const struct tg_pmu *pmu, size_t n, bool both, const char *refusal)
{
	struct tg_events s = some(n, both);
	char err[256] = "";
	int rc = tg_counters_fit(pmu, &s, err, sizeof(err));

	assert_int_equal(rc, refusal ? -1 : 0);
	assert_string_equal(err, refusal ? refusal : "");
}

/* Events are never multiplexed: more than there are counters is an error with the limit. */
static void limits(void **state)
{
	struct tg_pmu pmu = { .name = "cpu", .general = 4, .fixed = 3 };

	(void)state;
	fits(&pmu, 0, true, NULL);
	fits(&pmu, 3, true, NULL);
	fits(&pmu, 4, true, "4 events in user and kernel mode take 8 counters at a time, this CPU has 7 (4 general, 3 fixed): give fewer, or count in one mode, NAME:u or NAME:k");
	fits(&pmu, 7, false, NULL);
	pmu.watchdog = true;
	fits(&pmu, 7, false, "7 events take 7 counters at a time, this CPU has 6 (4 general, 3 fixed, less one of the NMI watchdog's): give fewer");
	pmu = (struct tg_pmu){ .name = "cpu", .general = 6 };
	fits(&pmu, 3, true, NULL);
	fits(&pmu, 4, true, "4 events in user and kernel mode take 8 counters at a time, this CPU has 6 (6 general, 0 fixed): give fewer, or count in one mode, NAME:u or NAME:k");
	/* nothing is known: the kernel has the word */
	pmu.general = -1;
	fits(&pmu, 7, true, NULL);
	/* no PMU: another error says so */
	pmu = (struct tg_pmu){ .general = 1 };
	fits(&pmu, 7, true, NULL);
}

static const struct tg_event page_faults = {
	.name = "page-faults", .type = PERF_TYPE_SOFTWARE, .config = { PERF_COUNT_SW_PAGE_FAULTS },
	.user = true, .kernel = true, .split = true,
};
static const struct tg_event switches = {
	.name = "context-switches", .type = PERF_TYPE_SOFTWARE,
	.config = { PERF_COUNT_SW_CONTEXT_SWITCHES }, .user = true, .kernel = true, .split = true,
};
static const struct tg_event task_clock = {
	.name = "task-clock", .type = PERF_TYPE_SOFTWARE, .config = { PERF_COUNT_SW_TASK_CLOCK },
	.user = true, .kernel = true,
};

/* Whether this process may count in kernel mode; else the test is skipped. */
static void need_kernel_mode(void)
{
	struct tg_pmu pmu;

	tg_pmu_find(&pmu);
	if (geteuid() && pmu.paranoid > 1)
		skip();
}

/* Writes to n fresh pages, without an instruction of a sanitizer's. */
static void touch(size_t n)
{
	size_t size = sysconf(_SC_PAGESIZE), i;
	char *pages = mmap(NULL, n * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	assert_true(pages != MAP_FAILED);
	madvise(pages, n * size, MADV_NOHUGEPAGE);
	for (i = 0; i < n; i++)
		__asm__ volatile("movb $1, (%0)" : : "r" (pages + i * size) : "memory");
	munmap(pages, n * size);
}

static void counts(void **state)
{
	struct tg_events events = { .n = 3, .event = { page_faults, switches, task_clock } };
	struct timespec ms = { .tv_nsec = 1000000 };
	uint64_t before[TG_COUNTERS_MOST], after[TG_COUNTERS_MOST], tsc;
	struct tg_counter_set s;

	(void)state;
	need_kernel_mode();
	tg_counters_open(&s, &events, -1);
	assert_int_equal(s.n, 5);
	assert_true(!*s.absent[0] && !*s.absent[1] && !*s.absent[2]);
	assert_int_equal(s.counter[0].mode, TG_MODE_USER);
	assert_int_equal(s.counter[1].mode, TG_MODE_KERNEL);
	assert_int_equal(s.counter[4].mode, TG_MODE_BOTH);
	assert_int_equal(s.counter[4].event, 2);
	touch(1);
	assert_true(tg_counters_read(&s, before));
	assert_true(tg_counters_read(&s, before));
	touch(100);
	assert_true(tg_counters_read(&s, after));
	/* a fault of the program's own next to them is conceivable */
	assert_in_range(after[0] - before[0], 100, 102);
	assert_in_range(after[1] - before[1], 0, 2);

	assert_true(tg_counters_read(&s, before));
	nanosleep(&ms, NULL);
	assert_true(tg_counters_read(&s, after));
	assert_int_equal(after[2], before[2]);
	assert_in_range(after[3] - before[3], 1, 100);

	assert_true(tg_counters_read(&s, before));
	for (tsc = __rdtsc(); __rdtsc() - tsc < 1000000; )
		;
	assert_true(tg_counters_read(&s, after));
	/* a clock below 10 GHz, and one that has not stopped */
	assert_true(after[4] - before[4] > 100000);
	tg_counters_close(&s);
	assert_int_equal(s.n, 0);
}

/* The functions that sequences call, as far as C goes. */
void tg_counting_before(void);
void tg_counting_after(void);

static void aimed(void **state)
{
	struct tg_events events = { .n = 1, .event = { page_faults } };
	struct tg_counting c = { .n = 77, .lost = true };
	struct tg_counter_set s;

	(void)state;
	events.event[0].kernel = false;
	tg_counters_open(&s, &events, -1);
	if (!s.n)
		skip();
	tg_counters_aim(&c, &s);
	assert_int_equal(c.n, 1);
	assert_false(c.lost);
	tg_counting_before();
	touch(10);
	tg_counting_after();
	assert_false(c.lost);
	assert_in_range(c.after[0] - c.before[0], 10, 12);
	/* a counter that goes is noticed at either end, and stays noticed */
	assert_int_equal(dup2(open("/dev/null", O_RDONLY), s.counter[0].fd), s.counter[0].fd);
	tg_counting_after();
	assert_true(c.lost);
	c.lost = false;
	tg_counting_before();
	assert_true(c.lost);
	tg_counters_close(&s);
}

/* A read that fails says of which event and why; a page of ours stands for the kernel's. */
static void faults(void **state)
{
	static const struct {
		uint32_t index;
		bool allowed;
		uint64_t running;
		const char *part;
	} cases[] = {
		{ 0, true, 5, "cycles: the kernel found no counter for it in kernel mode beside 1 others; give fewer events" },
		{ 0, false, 5, "cycles: RDPMC is not permitted: echo 1 >/sys/devices/cpu/rdpmc as root" },
	};
	struct tg_events events = { .n = 2, .event = { page_faults } };
	uint64_t values[TG_COUNTERS_MOST];
	struct perf_event_mmap_page page;
	struct tg_counter_set s;
	char why[256];

	(void)state;
	events.event[0].kernel = false;
	tg_event_cycles(&events.event[1]);
	for (size_t i = 0; i < NR(cases); i++) {
		memset(&page, 0, sizeof(page));
		page.cap_bit0_is_deprecated = 1;
		page.cap_user_rdpmc = cases[i].allowed;
		page.index = cases[i].index;
		page.pmc_width = 48;
		page.time_enabled = 5;
		page.time_running = cases[i].running;
		tg_counters_open(&s, &(struct tg_events){ .n = 1, .event = { events.event[0] } },
				 -1);
		if (!s.n)
			skip();
		s.counter[1] = (struct tg_counter){ .fd = -1, .page = &page, .event = 1,
						    .mode = TG_MODE_KERNEL };
		s.n = 2;
		assert_false(tg_counters_read(&s, values));
		assert_int_equal(s.faulty, 1);
		tg_counters_fault(&s, &events, why, sizeof(why));
		if (strncmp(why, cases[i].part, strlen(cases[i].part)))
			fail_msg("%s", why);
		s.n = 1;
		tg_counters_close(&s);
	}
}

/* What cannot be had is an absence with a reason, and never a count. */
static void absent(void **state)
{
	struct tg_events events = { .n = 2, .event = { page_faults } };
	struct tg_counter_set s;
	char err[256] = "";
	int rc;

	(void)state;
	events.event[0].kernel = false;
	events.event[1] = (struct tg_event){ .name = "nothing", .type = PERF_TYPE_SOFTWARE,
					     .config = { 9999 }, .user = true, .split = true };
	tg_counters_open(&s, &events, -1);
	if (!s.n)
		skip();
	assert_int_equal(s.n, 1);
	assert_string_equal(s.absent[0], "");
	assert_string_equal(s.absent[1], "this kernel or machine does not count it");
	assert_false(s.refused[1]);
	tg_counters_close(&s);
	rc = tg_counters_probe(&events, err, sizeof(err));
	assert_int_equal(rc, TG_EXIT_NOTHING);
	assert_string_equal(err, "nothing: this kernel or machine does not count it");
	events.n = 1;
	assert_int_equal(tg_counters_probe(&events, err, sizeof(err)), TG_EXIT_OK);
}

static void no_pmu(void **state)
{
	struct tg_events events = { .n = 1 };
	char err[256] = "", line[512];
	struct tg_pmu pmu;

	(void)state;
	tg_pmu_find(&pmu);
	if (*pmu.name)
		skip();
	tg_event_cycles(&events.event[0]);
	assert_int_equal(tg_counters_probe(&events, err, sizeof(err)), TG_EXIT_NOTHING);
	assert_non_null(strstr(err, "cycles: no PMU here counts it"));
	assert_int_equal(tg_counters_describe(line, sizeof(line)), TG_EXIT_NOTHING);
	assert_non_null(strstr(line, "none: no PMU is shown here; cycles from the TSC"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves),
		cmocka_unit_test(descriptions),
		cmocka_unit_test(limits),
		cmocka_unit_test(counts),
		cmocka_unit_test(aimed),
		cmocka_unit_test(faults),
		cmocka_unit_test(absent),
		cmocka_unit_test(no_pmu),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("counters", tests, NULL, NULL) ? 1 : 0;
}
