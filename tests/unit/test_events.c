/* SPDX-License-Identifier: GPL-2.0 */
/* Names of events: libpfm4's for several CPUs, and PMUs of a sysfs made by hand. */
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "events.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static char sources[] = "/tmp/tollgate-events.XXXXXX";

static void put(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", sources, path);
	for (slash = strchr(full + strlen(sources) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(full, 0777);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_sources(void **state)
{
	(void)state;
	if (!mkdtemp(sources))
		return -1;
	put("cpu_core/type", "4\n");
	put("cpu_core/format/event", "config:0-7\n");
	put("cpu_core/format/umask", "config:8-15\n");
	put("cpu_core/format/cmask", "config:24-31\n");
	put("cpu_core/format/wide", "config:0-7,32-35\n");
	put("cpu_core/format/offcore_rsp", "config1:0-63\n");
	put("cpu_core/format/deep", "config2:4-5\n");
	put("cpu_core/format/odd", "config9:0-3\n");
	put("cpu_core/events/cpu-cycles", "event=0x3c\n");
	put("cpu_core/events/misses", "event=0xd1,umask=0x08,cmask=2\n");
	put("cpu_atom/type", "10\n");
	put("cpu_atom/format/event", "config:0-7\n");
	put("msr/type", "11\n");
	put("msr/format/event", "config:0-63\n");
	put("msr/events/tsc", "event=0x00\n");
	put("msr/events/aperf", "event=0x01\n");
	put("msr/events/aperf.scale", "1\n");
	put("bad/type", "eleven\n");
	return 0;
}

static int remove_sources(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", sources);
	return system(command);
}

static void sysfs(void **state)
{
	static const struct {
		const char *name;
		uint32_t type;
		uint64_t config[3];
		bool user, kernel, core;
	} cases[] = {
		{ "cpu_core/cpu-cycles/", 4, { 0x3c }, true, true, true },
		{ "cpu_core/event=0x3c/", 4, { 0x3c }, true, true, true },
		{ "cpu_core/event=60,umask=1/", 4, { 0x13c }, true, true, true },
		{ "cpu_core/misses/u", 4, { 0x20008d1 }, true, false, true },
		{ "cpu_core/misses,umask=0x10/k", 4, { 0x20010d1 }, false, true, true },
		{ "cpu_core/misses,cmask/uk", 4, { 0x10008d1 }, true, true, true },
		{ "cpu_core/wide=0x28f/", 4, { 0x20000008f }, true, true, true },
		{ "cpu_core/event=1,offcore_rsp=0xffffffffffffffff/", 4,
		  { 1, 0xffffffffffffffff }, true, true, true },
		{ "cpu_core/config=0x1ff,config1=7,deep=3/", 4, { 0x1ff, 7, 0x30 }, true, true,
		  true },
		{ "cpu_atom/event=0xc0/", 10, { 0xc0 }, true, true, true },
		{ "msr/tsc/", 11, { 0 }, true, true, false },
		{ "msr/aperf/", 11, { 1 }, true, true, false },
		{ "msr/event=4/", 11, { 4 }, true, true, false },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		struct tg_event e;
		char err[256];

		if (tg_event_from_sysfs(sources, cases[i].name, &e, err, sizeof(err)))
			fail_msg("%s: %s", cases[i].name, err);
		assert_string_equal(e.name, cases[i].name);
		assert_int_equal(e.type, cases[i].type);
		for (int k = 0; k < 3; k++)
			if (e.config[k] != cases[i].config[k])
				fail_msg("%s: config%d %#llx", e.name, k,
					 (unsigned long long)e.config[k]);
		assert_int_equal(e.user, cases[i].user);
		assert_int_equal(e.kernel, cases[i].kernel);
		assert_int_equal(e.core, cases[i].core);
		assert_int_equal(e.split, cases[i].core);
	}
}

/* Refused with a line that holds part; nothing is written. */
static void refuse(const char *list, const char *part)
{
	struct tg_events s, same;
	char err[512] = "";

	memset(&s, 0x5a, sizeof(s));
	same = s;
	assert_int_equal(tg_events_parse(sources, list, &s, err, sizeof(err)), -1);
	if (!strstr(err, part))
		fail_msg("'%s': \"%s\" lacks \"%s\"", list, err, part);
	assert_null(strchr(err, '\n'));
	assert_memory_equal(&s, &same, sizeof(s));
}

static void bad_sysfs(void **state)
{
	(void)state;
	refuse("nope/tsc/", "'nope/tsc/': this machine has no PMU called nope (");
	refuse("bad/x/", "has no PMU called bad");
	refuse("../msr/x/", "is not PMU/terms/");
	refuse("msr/tsc", "'msr/tsc' is not PMU/terms/, as in msr/tsc/");
	refuse("/tsc/", "is not PMU/terms/");
	refuse("msr//", "is not PMU/terms/");
	refuse("msr/nope/", "'nope' of msr/nope/: no such event or term");
	refuse("msr/tsc/u", "msr/tsc/u cannot be counted in one mode alone");
	refuse("msr/tsc/x", "'x' behind msr/tsc/x; allowed: u, k or nothing");
	refuse("cpu_core/event=0x100/", "does not fit; it has the bits config:0-7");
	refuse("cpu_core/event=zero/", "'event=zero' of cpu_core/event=zero/ is no number");
	refuse("cpu_core/event=-1/", "is no number");
	refuse("cpu_core/odd=1/", "does not fit");
	refuse("cpu_core/../events/misses/", "'..' of cpu_core/../events/misses/: no such event");
}

/* In a process of its own, with the CPU that libpfm4 is to believe in. */
static void on_cpu(const char *model, void (*check)(const void *arg), const void *arg)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		setenv("LIBPFM_FORCE_PMU", model, 1);
		check(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The child's failures: cmocka's would jump into the parent's frames. */
#define CHECK(condition, ...) do {					\
	if (!(condition)) {						\
		fprintf(stderr, __VA_ARGS__);				\
		fputc('\n', stderr);					\
		_exit(1);						\
	}								\
} while (0)

struct encoding {
	const char *model, *name;
	uint64_t config, config1;
	bool user, kernel;
};

static void encode(const void *arg)
{
	const struct encoding *c = arg;
	struct tg_events s;
	char err[512];

	CHECK(!tg_events_parse(sources, c->name, &s, err, sizeof(err)), "%s: %s", c->model, err);
	CHECK(s.n == 1 && !strcmp(s.event[0].name, c->name), "%s: %zu events", c->name, s.n);
	CHECK(s.event[0].type == PERF_TYPE_RAW, "%s: type %u", c->name, s.event[0].type);
	CHECK(s.event[0].config[0] == c->config && s.event[0].config[1] == c->config1,
	      "%s %s: %#llx %#llx", c->model, c->name, (unsigned long long)s.event[0].config[0],
	      (unsigned long long)s.event[0].config[1]);
	CHECK(s.event[0].core && s.event[0].split, "%s: not of the core", c->name);
	CHECK(s.event[0].user == c->user && s.event[0].kernel == c->kernel, "%s: modes", c->name);
}

/* Codes and masks as the SDM's lists of events and AMD's PPRs give them. */
static void models(void **state)
{
	static const struct encoding cases[] = {
		{ "bdw", "UNHALTED_CORE_CYCLES", 0x3c, 0, true, true },
		{ "bdw", "BR_MISP_RETIRED:ALL_BRANCHES", 0xc5, 0, true, true },
		{ "skl", "INST_RETIRED:ANY_P", 0xc0, 0, true, true },
		{ "skl", "INST_RETIRED:ANY_P:u", 0xc0, 0, true, false },
		{ "skl", "skl::UNHALTED_CORE_CYCLES:k", 0x3c, 0, false, true },
		{ "skl", "mem_load_retired:l1_miss", 0x8d1, 0, true, true },
		/* a counter mask that the event brings, and one that is given */
		{ "skl", "CYCLE_ACTIVITY:STALLS_TOTAL", 0x40004a3, 0, true, true },
		{ "skl", "UOPS_ISSUED:ANY:c=1:i=1", 0x180010e, 0, true, true },
		/* the second word goes to MSR_OFFCORE_RSP_0 */
		{ "skl", "OFFCORE_RESPONSE_0:DMND_DATA_RD:ANY_RESPONSE", 0x1b7, 0x10001, true,
		  true },
		{ "icl", "UOPS_ISSUED:ANY:c=1:i=1", 0x180010e, 0, true, true },
		{ "spr", "UOPS_ISSUED:ANY:c=1:i=1", 0x18001ae, 0, true, true },
		{ "spr", "OCR:DEMAND_DATA_RD_ANY_RESPONSE", 0x12a, 0x10001, true, true },
		{ "spr", "INST_RETIRED:ANY_P", 0xc0, 0, true, true },
		{ "amd64_fam17h_zen2", "CYCLES_NOT_IN_HALT", 0x76, 0, true, true },
		/* codes of twelve bits: the upper four are bits 35 to 32 */
		{ "amd64_fam17h_zen2", "RETIRED_FUSED_INSTRUCTIONS", 0x1000000d0, 0, true, true },
		{ "amd64_fam19h_zen3", "RETIRED_INSTRUCTIONS:k", 0xc0, 0, false, true },
		{ "amd64_fam19h_zen4", "RETIRED_INSTRUCTIONS", 0xc0, 0, true, true },
		{ "amd64_fam19h_zen4", "IC_TAG_HIT_MISS:IC_MISS", 0x10000188e, 0, true, true },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++)
		on_cpu(cases[i].model, encode, &cases[i]);
}

static void near_ones(const void *arg)
{
	struct tg_events s;
	char err[512];

	(void)arg;
	CHECK(tg_events_parse(sources, "UNHALTED_COR_CYCLES", &s, err, sizeof(err)), "taken");
	CHECK(strstr(err, "'UNHALTED_COR_CYCLES' is no event here: ") &&
	      strstr(err, "near it: UNHALTED_CORE_CYCLES") &&
	      strstr(err, "'tollgate list --events' shows all"), "%s", err);
	CHECK(tg_events_parse(sources, "INST_RETIRED:NOPE", &s, err, sizeof(err)), "taken");
	CHECK(strstr(err, "near it: INST_RETIRED:"), "%s", err);
	/* another CPU's */
	CHECK(tg_events_parse(sources, "CYCLES_NOT_IN_HALT", &s, err, sizeof(err)), "taken");
	CHECK(tg_events_parse(sources, "qqqqqqqqqqqqqq", &s, err, sizeof(err)), "taken");
	CHECK(!strstr(err, "near it"), "%s", err);
}

static void unknown_names(void **state)
{
	(void)state;
	on_cpu("skl", near_ones, NULL);
}

/* Whatever CPU this is: what the kernel names for all. */
static void generic(void **state)
{
	static const struct {
		const char *name;
		uint32_t type;
		uint64_t config;
		bool core, split;
	} cases[] = {
		{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, true, true },
		{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, true, true },
		{ "branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, true, true },
		{ "page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, false, true },
		{ "context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, false,
		  true },
		/* the kernel counts its clocks in both modes whatever is asked for */
		{ "cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, false, false },
		{ "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, false, false },
		{ "r01c2", PERF_TYPE_RAW, 0x1c2, true, true },
	};
	struct tg_events s;
	struct tg_event cycles;
	char err[512];

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		if (tg_events_parse(sources, cases[i].name, &s, err, sizeof(err)))
			fail_msg("%s", err);
		assert_int_equal(s.event[0].type, cases[i].type);
		assert_int_equal(s.event[0].config[0], cases[i].config);
		assert_int_equal(s.event[0].core, cases[i].core);
		assert_int_equal(s.event[0].split, cases[i].split);
		assert_true(s.event[0].user && s.event[0].kernel);
	}
	assert_int_equal(tg_events_parse(sources, "instructions,cycles", &s, err, sizeof(err)), 0);
	tg_event_cycles(&cycles);
	assert_true(tg_event_same(&s.event[1], &cycles));
	assert_false(tg_event_same(&s.event[0], &cycles));
	refuse("cpu-clock:u", "cpu-clock:u cannot be counted in one mode alone");
}

static void lists(void **state)
{
	struct tg_events s;
	char err[512];

	(void)state;
	assert_int_equal(tg_events_parse(sources, "cpu_core/event=1,umask=2/,page-faults,msr/tsc/,page-faults:u",
					 &s, err, sizeof(err)), 0);
	assert_int_equal(s.n, 4);
	assert_string_equal(s.event[0].name, "cpu_core/event=1,umask=2/");
	assert_string_equal(s.event[1].name, "page-faults");
	assert_string_equal(s.event[2].name, "msr/tsc/");
	assert_true(s.event[3].user && !s.event[3].kernel);
	refuse("", "a name of 0 bytes; allowed: 1 to 95");
	refuse("page-faults,", "a name of 0 bytes");
	refuse(",page-faults", "a name of 0 bytes");
	refuse("page-faults,,msr/tsc/", "a name of 0 bytes");
	refuse("page faults", "byte 0x20 in a name; allowed: printable ASCII, no blanks");
	refuse("page-faults\n", "byte 0x0a in a name");
	refuse("caf\xc3\xa9", "byte 0xc3 in a name");
	refuse("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
	       "a name of 100 bytes; allowed: 1 to 95");
	refuse("page-faults,faults", "'faults' is page-faults again; allowed: each once");
	refuse("msr/event=0/,msr/event=1/,msr/event=2/,msr/event=3/,msr/event=4/,msr/event=5/,msr/event=6/,msr/event=7/,msr/event=8/",
	       "'msr/event=8/' is one too many; allowed: 8 events");
	refuse("msr/tsc/,cyles", "'cyles' is no event here");
}

static void note(const char *name, const char *what, void *arg)
{
	int *seen = arg;

	seen[0] += !strcmp(name, "msr/tsc/") && !strcmp(what, "event=0x00");
	seen[1] += !strcmp(name, "cpu_core/misses/");
	seen[2] += strstr(name, "scale") != NULL;
	seen[3] += !strcmp(name, "perf::PERF_COUNT_HW_CPU_CYCLES");
}

static void listing(void **state)
{
	int seen[4] = { 0 };
	char err[256];

	(void)state;
	assert_int_equal(tg_events_each(sources, note, seen, err, sizeof(err)), 0);
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 1);
	assert_int_equal(seen[2], 0);
	assert_int_equal(seen[3], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* before libpfm4 is started here: a child's takes its own environment */
		cmocka_unit_test(models),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(sysfs),
		cmocka_unit_test(bad_sysfs),
		cmocka_unit_test(generic),
		cmocka_unit_test(lists),
		cmocka_unit_test(listing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("events", tests, make_sources, remove_sources) ? 1 : 0;
}
