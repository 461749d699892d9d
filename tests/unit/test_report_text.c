/* SPDX-License-Identifier: GPL-2.0 */
/* Reports as text. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sample_report.h"
#include "stats.h"

static char *text_of(const struct tg_report *r)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(tg_report_text(r, f), 0);
	fclose(f);
	return text;
}

/* Every line ASCII and within 75 columns; no space at a line's end. */
static void check_lines(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > 75)
			fail_msg("%zu columns: %.*s", len, (int)len, text);
		for (size_t i = 0; i < len; i++)
			if (text[i] < ' ' || text[i] > '~')
				fail_msg("byte %d in: %.*s", text[i], (int)len, text);
		if (len && text[len - 1] == ' ')
			fail_msg("blank at the end: %.*s", (int)len, text);
		assert_int_equal(text[len], '\n');
		text += len + 1;
	}
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void text_width(void **state)
{
	uint64_t seed = 75;

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct tg_report *r = sample_random(&seed);
		char *text = text_of(r);

		check_lines(text);
		free(text);
		tg_report_free(r);
	}
}

/* Also a report that nobody filled in must not fault: text is for looking into trouble. */
static void text_of_nothing(void **state)
{
	struct tg_report *r = tg_report_new();
	char *text;

	(void)state;
	tg_report_add(r);
	text = text_of(r);
	check_lines(text);
	free(text);
	tg_report_free(r);
}

static void text_of_user(void **state)
{
	struct tg_report *r = sample_user();
	char *text;

	(void)state;
	text = text_of(r);
	check_lines(text);
	expect(text, "Tollgate 0.1 report, lane user, 2026-01-31T12:00:00Z\n");
	expect(text, "(GenuineIntel 6/143/8)\n");
	expect(text, "\nmemory:      node 1, distance 10, from the CPU's node 1 of 2; remote: node\n"
		     "             0, distance 21\n");
	expect(text, "\nmitigations: itlb mmio=vuln ssb=vuln spectre_v1 spectre_v2=eIBRS\n");
	expect(text, "1.385 +- 0.00031 cycles per TSC tick, 3.601 GHz\n");
	expect(text, "imul 3.000, add 1.000, canary 0.251 cycles each\n");
	expect(text, "\ncounters:    cpu: 8 general and 4 fixed, 48 bits; rdpmc 1,\n             perf_event_paranoid 2\n");
	expect(text, "\nevent cycles                        per body +- err         user     kernel\n"
	       "insn/mfence@r3                         38.25 +- 0.25       38.25       0.00\n"
	       "crossing/syscall@r3                   291.50 +- 0.25       20.50     271.00\n"
	       "\nevent instructions ");
	/* half an event is shown, and never as a whole */
	expect(text, "\ncrossing/syscall@r3                        -              12.000          -\n");
	expect(text, "\ninstructions not counted, or not whole: 1 figure: kernel mode needs root\n  crossing/syscall@r3\n");
	expect(text, "\ncrossing/syscall@r3            ");
	expect(text, " 291.30 +- 0.52 cycles   80.7 20x1000 1234\n");
	expect(text, " not resolvable (< 0.050) cycles      - 20x1000    0\n");
	expect(text, "\nskipped: 5 figures: needs the module: ring 0\n  irq/cli@r0 irq/popf:flip@r0 ");
	expect(text, "\nfailed: 1 figure: 3 of 1000 handlers did not run\n  crossing/signal@r3\n");
	expect(text, "\nrehearsal, not measured: sti, iretq\n  frame/point:full:sti:iret@r3\n");
	expect(text, "\na hypervisor may trap these, and its exit then counts in:\n"
	       "  insn/cpuid@r3\n");
	assert_null(strstr(text, "QUICK"));
	free(text);

	r->env.mem_node = 0;
	r->env.mem_distance = 21;
	r->env.remote_node = -1;
	text = text_of(r);
	expect(text, "\nmemory:      node 0, distance 21, from the CPU's node 1 of 2\n");
	free(text);
	r->env.mem_node = -1;
	text = text_of(r);
	expect(text, "\nmemory:      unknown node, from the CPU's node 1 of 2\n");
	free(text);
	r->env.cpu_node = -1;
	text = text_of(r);
	expect(text, "\nmemory:      of 2 nodes; which, this process may not know\n");
	free(text);

	r->figures[0].quick = true;
	text = text_of(r);
	expect(text, "\nQUICK:       fewer than 12 rounds behind 1 figure: only a first look\n");
	expect(text, "\nquick, too few rounds for claims:\n  insn/mfence@r3\n");
	free(text);
	tg_report_free(r);
}

static void text_of_vm(void **state)
{
	struct tg_report *r = sample_vm();
	char *text;

	(void)state;
	text = text_of(r);
	check_lines(text);
	expect(text, "\ninsns:       instructions under QEMU -icount: exact counts, never cycles\n");
	expect(text, "\nguest:       QEMU 7.2.15, -cpu max, tcg,icount, appended: nopti");
	expect(text, " 187 +- 0    insns       -    2x10    0\n");
	expect(text, " 62.33 +- 0.00 insns       -    2x10    0\n");
	assert_null(strstr(text, "\nmemory:"));
	free(text);

	r->env.cpus = 4;
	text = text_of(r);
	check_lines(text);
	expect(text, "\ninsns:       instructions under QEMU -icount, on one counter for all 4\n"
		     "             CPUs: exact where the error is 0, never cycles\n");
	free(text);
	tg_report_free(r);
}

static void decimals(void **state)
{
	static const struct {
		double value, error;
		const char *text;
	} cases[] = {
		{ 0.125, 0.004, " 0.125 +- 0.004 " }, { 1234.5, 1.2, " 1234.5 +- 1.2  " },
		{ 1234.5, 120, " 1234 +- 120 " }, { 5.6789, 0.0001, " 5.679 +- 0.000 " },
		{ -3.21, 0.5, " -3.21 +- 0.50 " }, { 291.3, NAN, " 291.30 +- ?    " },
		{ 1234.56, NAN, " 1234.6 +- ?    " }, { 4e12, 1e3, " 4e+12 +- 1000 " },
		{ 1.5, 0, " 1.500 +- 0.000 " }, { 1e300, 1e250, " 1e+300 +- 1e+250 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_report *r = sample_user();
		char *text;

		r->figures[0].value = cases[i].value;
		r->figures[0].error = cases[i].error;
		text = text_of(r);
		expect(text, cases[i].text);
		free(text);
		tg_report_free(r);
	}
}

static void text_to_full_disk(void **state)
{
	struct tg_report *r = sample_user();
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(tg_report_text(r, full), -ENOSPC);
	fclose(full);
	tg_report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_width),
		cmocka_unit_test(text_of_nothing),
		cmocka_unit_test(text_of_user),
		cmocka_unit_test(text_of_vm),
		cmocka_unit_test(decimals),
		cmocka_unit_test(text_to_full_disk),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("report", tests, NULL, NULL) ? 1 : 0;
}
