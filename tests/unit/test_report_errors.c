/* SPDX-License-Identifier: GPL-2.0 */
/* What the loader and the writer refuse, and what they say. */
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
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "sample_report.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static char *sample_text(size_t *len)
{
	struct tg_report *r = sample_user();
	char err[256], *text = tg_report_dump(r, len, err, sizeof(err));

	assert_non_null(text);
	tg_report_free(r);
	return text;
}

/* The text must be refused as bad contents, with exactly this message. */
static void refuse(const char *text, size_t len, const char *message)
{
	char err[512] = "";

	errno = 0;
	assert_null(tg_report_parse(text, len, "x.json", err, sizeof(err)));
	assert_int_equal(errno, EBADMSG);
	assert_string_equal(err, message);
}

/* Steps along "figures.3.value" to the object or array that holds the last part. */
static json_t *holder_of(json_t *root, const char *path, const char **last)
{
	const char *dot;

	while ((dot = strchr(path, '.'))) {
		char *part = strndup(path, (size_t)(dot - path));

		if (json_is_array(root))
			root = json_array_get(root, (size_t)atoi(part));
		else
			root = json_object_get(root, part);
		assert_non_null(root);
		free(part);
		path = dot + 1;
	}
	*last = path;
	return root;
}

/* The sample with one value replaced, or removed if json is NULL. */
static char *changed(const char *path, const char *json, size_t *len)
{
	char *text = sample_text(len), *result;
	json_t *root = json_loadb(text, *len, 0, NULL);
	const char *last;
	json_t *holder = holder_of(root, path, &last);
	json_t *value = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;

	assert_true(!json || value);
	if (!json)
		assert_int_equal(json_object_del(holder, last), 0);
	else if (json_is_array(holder) && (size_t)atoi(last) == json_array_size(holder))
		json_array_append_new(holder, value);
	else if (json_is_array(holder))
		json_array_set_new(holder, (size_t)atoi(last), value);
	else
		json_object_set_new(holder, last, value);
	result = json_dumps(root, 0);
	*len = strlen(result);
	json_decref(root);
	free(text);
	return result;
}

static const struct {
	const char *path, *json, *message;
} faults[] = {
	{ "schema", "2",
	  "schema: 2 is newer than this tollgate, which reads 1; use a newer tollgate" },
	{ "schema", "1.5",
	  "schema: 1.5 is newer than this tollgate, which reads 1; use a newer tollgate" },
	{ "schema", "0", "schema: must be 1, not 0" },
	{ "schema", "\"1\"", "schema: must be 1, not \"1\"" },
	{ "tollgate", "\"\"", "tollgate: must be a string that is not empty, not \"\"" },
	{ "lane", "\"moon\"", "lane: must be one of \"user\", \"host\", \"vm\", not \"moon\"" },
	{ "lane", NULL, "lane: missing; must be one of \"user\", \"host\", \"vm\"" },
	{ "environment", NULL, "environment: missing; must be an object" },
	{ "environment", "[]", "environment: must be an object, not an array" },
	{ "environment.date", "\"yesterday\"",
	  "environment.date: must be a UTC date like \"2026-01-31T12:00:00Z\", not \"yesterday\"" },
	{ "environment.cpu", "null",
	  "environment.cpu: must be a string that is not empty, not null" },
	{ "environment.cmdline", "7", "environment.cmdline: must be a string, not 7" },
	{ "environment.qemu", "true",
	  "environment.qemu: must be a string or null, not true or false" },
	{ "environment.cpus", "0",
	  "environment.cpus: must be a whole number from 1 to 2147483647, not 0" },
	{ "environment.cpus", "1.5",
	  "environment.cpus: must be a whole number from 1 to 2147483647, not 1.5" },
	{ "environment.family", "2147483648",
	  "environment.family: must be a whole number from 0 to 2147483647, not 2147483648" },
	{ "environment.tsc_mhz", "-1",
	  "environment.tsc_mhz: must be a number of 0 or more, or null, not -1" },
	{ "environment.mitigations", "null",
	  "environment.mitigations: must be an object, not null" },
	{ "environment.mitigations.l1tf", "1",
	  "environment.mitigations.l1tf: must be a string, not 1" },
	{ "environment.mitigations", "{\"\": \"x\"}",
	  "environment.mitigations: a key must not be empty" },
	{ "plan", NULL, "plan: missing; must be an object" },
	{ "plan.samples", "1e300",
	  "plan.samples: must be a whole number from 1 to 9007199254740992, not 1e+300" },
	{ "plan.tier", "\"best\"",
	  "plan.tier: must be one of \"core\", \"full\", \"patterns\", not \"best\"" },
	{ "calibration", "1", "calibration: must be an object, not 1" },
	{ "calibration.unit", "\"ns\"",
	  "calibration.unit: must be one of \"cycles\", \"tsc\", \"insns\", not \"ns\"" },
	{ "calibration.imul", "\"3\"", "calibration.imul: must be a number or null, not \"3\"" },
	{ "figures", "{}", "figures: must be an array, not an object" },
	{ "figures.2", "7", "figures[2]: must be an object" },
	{ "figures.3.name", "\"irq\"",
	  "figures[3].name: must be a name like \"irq/cli@r0\" (ring: r0, r3 or cross), not \"irq\"" },
	{ "figures.3.name", "\"irq/c li@r0\"",
	  "figures[3].name: must be a name like \"irq/cli@r0\" (ring: r0, r3 or cross), not \"irq/c li@r0\"" },
	{ "figures.3.name", "\"insn/mfence@r3\"",
	  "figures[3].name: a second \"insn/mfence@r3\"; names are unique" },
	{ "figures.3.method", "\"GUESS\"",
	  "figures[3].method: must be one of \"SLOPE\", \"REARM\", \"PAIR\", \"SHOT\", \"STEPS\", \"LOOP\", \"EVENT\", not \"GUESS\"" },
	{ "figures.3.value", "null",
	  "figures[3].value: must be a number when status is \"ok\"" },
	{ "figures.3.value", "\"a long string of more than forty characters is shown in part\"",
	  "figures[3].value: must be a number or null, not \"a long string of more than forty charact\"" },
	{ "figures.2.value", "null",
	  "figures[2].value: must be a number when status is \"not-resolvable\"" },
	{ "figures.2.error", "null",
	  "figures[2].error: must be a number when status is \"not-resolvable\"" },
	{ "figures.3.error", "-0.1",
	  "figures[3].error: must be a number of 0 or more, or null, not -0.1" },
	{ "figures.3.reason", "\"because\"",
	  "figures[3].reason: must be null when status is \"ok\"" },
	{ "figures.12.reason", "null", "figures[12].reason: must say why when status is \"skipped\"" },
	{ "figures.16.reason", "\"\"", "figures[16].reason: must say why when status is \"refused\"" },
	{ "figures.17.reason", "null", "figures[17].reason: must say why when status is \"failed\"" },
	{ "figures.3.status", "\"fine\"",
	  "figures[3].status: must be one of \"ok\", \"not-resolvable\", \"skipped\", \"refused\", \"failed\", not \"fine\"" },
	{ "figures.3.exits", "0", "figures[3].exits: must be true or false, not 0" },
	{ "figures.3.samples", "-1",
	  "figures[3].samples: must be a whole number from 0 to 9007199254740992, not -1" },
	{ "figures.3.rounds", "null", "figures[3].rounds: must be an array, not null" },
	{ "figures.3.rounds.1", "3", "figures[3].rounds[1]: must be an object" },
	{ "figures.3.rounds.1.value", "null",
	  "figures[3].rounds[1].value: must be a number, not null" },
	{ "figures.3.rounds.1.boot", "1",
	  "figures[3].rounds[1].boot: must be below plan.boots, 1, not 1" },
	{ "figures.0.events", "null", "figures[0].events: must be an array, not null" },
	{ "figures.0.events.1", "7", "figures[0].events[1]: must be an object" },
	{ "figures.0.events.0.name", "\"\"",
	  "figures[0].events[0].name: must be a string that is not empty, not \"\"" },
	{ "figures.0.events.0.value", "null",
	  "figures[0].events[0].reason: must say why when value is null" },
	{ "figures.4.events.1.reason", "\"\"",
	  "figures[4].events[1].reason: must say why when value is null" },
	{ "figures.0.events.0.error", "-1",
	  "figures[0].events[0].error: must be a number of 0 or more, or null, not -1" },
	{ "figures.0.events.0.user", NULL,
	  "figures[0].events[0].user: missing; must be a number or null" },
	{ "environment.counters", "7", "environment.counters: must be a string or null, not 7" },
	{ "figures.3.left_out", "\"cli\"", "figures[3].left_out: must be an array, not \"cli\"" },
	{ "figures.9.left_out.0", "\"\"",
	  "figures[9].left_out[0]: must be a string that is not empty" },
	{ "counts", NULL, "counts: missing; must be an array" },
	{ "histograms.0", "1", "histograms[0]: must be an object" },
	{ "proofs", "false", "proofs: must be an array, not true or false" },
	{ "counts.0", "{}", "counts[0].name: missing; must be a string that is not empty" },
	{ "counts.0.value", "-1",
	  "counts[0].value: must be a number of 0 or more, or null, not -1" },
	{ "counts.0.value", "1.5",
	  "counts[0].value: must be a whole number, at most 9007199254740992, or null" },
	{ "counts.0.value", "null", "counts[0].reason: must say why when value is null" },
	{ "counts.0.reason", "\"x\"", "counts[0].reason: must be null when there is a value" },
	{ "counts.1.name", "\"ctx.hole\"",
	  "counts[1].name: a second \"ctx.hole\"; names are unique" },
	{ "histograms.0.bins", NULL, "histograms[0].bins: missing; must be an array" },
	{ "histograms.0.bins.1", "1", "histograms[0].bins[1]: must be an object" },
	{ "histograms.0.bins.1.count", "1.5",
	  "histograms[0].bins[1].count: must be a whole number from 0 to 9007199254740992, not 1.5" },
	{ "histograms.0.reason", "\"x\"",
	  "histograms[0].reason: must be null when there are bins" },
	{ "histograms.1.reason", "\"\"", "histograms[1].reason: must say why, or be null" },
	{ "proofs.0.result", "\"ok\"",
	  "proofs[0].result: must be one of \"passed\", \"failed\", \"skipped\", not \"ok\"" },
	{ "proofs.0.reason", "\"x\"",
	  "proofs[0].reason: must be null when result is \"passed\"" },
	{ "proofs.1.reason", "null", "proofs[1].reason: must say why when result is \"failed\"" },
	{ "proofs.2.name", "\"fpu.gup\"",
	  "proofs[2].name: a second \"fpu.gup\"; names are unique" },
};

static void field_faults(void **state)
{
	char message[512];

	(void)state;
	for (size_t i = 0; i < NR(faults); i++) {
		size_t len;
		char *text = changed(faults[i].path, faults[i].json, &len);

		snprintf(message, sizeof(message), "x.json: %s", faults[i].message);
		refuse(text, len, message);
		free(text);
	}
}

static const struct {
	const char *path, *json;
} accepted[] = {
	{ "news", "{\"any\": [1]}" }, { "environment.news", "1" }, { "figures.3.news", "null" },
	{ "figures.3.rounds.0.news", "[]" }, { "counts", "[]" },
	{ "histograms", "[]" }, { "proofs", "[]" }, { "proofs.0.news", "4" },
	{ "counts.0.value", "3.0" }, { "histograms.1.reason", "null" },
	{ "figures.3.ns", "null" }, { "figures.3.error", "null" }, { "figures.3.value", "-1e9" },
	{ "environment.cpus", "4.0" }, { "figures.3.rounds", "[]" }, { "figures", "[]" },
	{ "environment.mitigations", "{}" }, { "calibration.note", "\"\"" },
	{ "figures.12.value", "3" }, { "plan.samples", "9007199254740992" },
	/* what reports of before do not have */
	{ "environment.counters", NULL }, { "environment.counters", "null" },
	{ "calibration.counter", NULL }, { "figures.0.events", NULL },
	{ "figures.0.events", "[]" }, { "figures.4.events.0.reason", "\"why\"" },
};

static void accepted_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(accepted); i++) {
		size_t len;
		char err[512], *text = changed(accepted[i].path, accepted[i].json, &len);
		struct tg_report *r = tg_report_parse(text, len, "x.json", err, sizeof(err));

		if (!r)
			fail_msg("%s = %s: %s", accepted[i].path, accepted[i].json, err);
		tg_report_free(r);
		free(text);
	}
}

/* Every cut is told as such; only the last newline may go. */
static void truncated(void **state)
{
	size_t len;
	char *text = sample_text(&len), err[512];

	(void)state;
	for (size_t cut = 0; cut + 1 < len; cut += cut < 200 || cut + 200 > len ? 1 : 97) {
		assert_null(tg_report_parse(text, cut, "x.json", err, sizeof(err)));
		if (strncmp(err, "x.json: truncated: ", 19))
			fail_msg("cut at %zu: %s", cut, err);
	}
	refuse("", 0, "x.json: truncated: the file is empty");
	refuse("{\n\"schema\": 1,\n", 15, "x.json: truncated: the JSON ends early, in line 3");
	free(text);
}

static void foreign(void **state)
{
	static const char not_ours[] =
		"x.json: not a Tollgate report: it must be an object with \"schema\" and \"tollgate\"";
	char err[512];

	(void)state;
	refuse("[]", 2, not_ours);
	refuse("{}", 2, not_ours);
	refuse("{\"schema\": 1}", 13, not_ours);
	refuse("{\"schema\": 99, \"name\": \"x\"}", 27, not_ours);
	refuse("{\"a\": 1, \"a\": 2}", 16,
	       "x.json: not JSON: line 1, column 12: duplicate object key near '\"a\"'");

	assert_null(tg_report_parse("\x7f" "ELF\n\x02 ", 7, "a\nb", err, sizeof(err)));
	assert_memory_equal(err, "a?b: not JSON: line 1, column 1: ", 33);
	assert_null(strchr(err, '\n'));
}

static void unreadable(void **state)
{
	char err[512];

	(void)state;
	assert_null(tg_report_load("/nonexistent/r.json", err, sizeof(err)));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(err, "/nonexistent/r.json: cannot read: No such file or directory");
	assert_null(tg_report_load("/", err, sizeof(err)));
	assert_int_equal(errno, EISDIR);
	assert_string_equal(err, "/: cannot read: Is a directory");
	assert_null(tg_report_load("/dev/zero", err, sizeof(err)));
	assert_int_equal(errno, EBADMSG);
	assert_string_equal(err, "/dev/zero: not a Tollgate report: larger than 64 MiB");
	assert_null(tg_report_load("/dev/null", err, sizeof(err)));
	assert_string_equal(err, "/dev/null: truncated: the file is empty");
}

/* What the reader would refuse is not written. */
static void unwritable_reports(void **state)
{
	struct tg_report *r = sample_user();
	char err[512];
	size_t len;

	(void)state;
	r->figures[1].rounds[2].value = NAN;
	errno = 0;
	assert_null(tg_report_dump(r, &len, err, sizeof(err)));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(err, "report: figures[1].rounds[2].value: must be a number, not null");
	assert_int_equal(tg_report_save(r, "/nonexistent/r.json", err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "/nonexistent/r.json: figures[1].rounds[2].value: must be a number, not null");
	r->figures[1].rounds[2].value = 1;

	free(r->env.governor);
	r->env.governor = NULL;
	assert_null(tg_report_dump(r, &len, err, sizeof(err)));
	assert_string_equal(err,
			    "report: environment.governor: must be a string that is not empty, not null");
	tg_report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(field_faults),
		cmocka_unit_test(accepted_changes),
		cmocka_unit_test(truncated),
		cmocka_unit_test(foreign),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(unwritable_reports),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("report errors", tests, NULL, NULL) ? 1 : 0;
}
