/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Damaged reports: each either loads, and then saves and prints, or gives one
 * line that says why not. Built with the address and undefined-behaviour
 * sanitisers, which end the program at a fault. Seeded, so a run repeats;
 * "fuzz_report SEED COUNT" looks elsewhere.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claims.h"
#include "sample_report.h"
#include "stats.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* Room beside the valid report for what a mutation adds. */
#define SPARE (1 << 16)

#define MUTATIONS 6000

struct text {
	char *s;
	size_t len, room;
};

static uint64_t seed = 20260131;

static size_t below(size_t n)
{
	return n ? tg_random_below(&seed, n) : 0;
}

/* Replaces cut bytes at a place by others, as far as there is room. */
static void splice(struct text *t, size_t at, size_t cut, const char *with, size_t len)
{
	if (t->len - cut + len > t->room)
		return;
	memmove(t->s + at + len, t->s + at + cut, t->len - at - cut);
	memcpy(t->s + at, with, len);
	t->len = t->len - cut + len;
}

static void flip_bits(struct text *t)
{
	for (size_t i = 1 + below(4); i; i--)
		t->s[below(t->len)] ^= (char)(1 << below(8));
}

static void truncate_text(struct text *t)
{
	t->len = below(t->len);
}

static void delete_slice(struct text *t)
{
	size_t at = below(t->len), cut = below(2) ? 1 + below(20) : below(t->len);

	if (cut > t->len - at)
		cut = t->len - at;
	splice(t, at, cut, "", 0);
}

static void duplicate_slice(struct text *t)
{
	size_t at = below(t->len), len = below(below(2) ? 40 : 4000);
	char *slice;

	if (len > t->len - at)
		len = t->len - at;
	slice = strndup(t->s + at, len);
	splice(t, below(2) ? at : below(t->len), 0, slice, strlen(slice));
	free(slice);
}

/* A random place right behind a colon that a member's name ends, and the length of its value. */
static size_t find_value(const struct text *t, size_t *len)
{
	size_t at = below(t->len), depth = 0;

	for (size_t i = 0; i < t->len; i++, at = (at + 1) % t->len) {
		if (t->s[at] != ':' || !at || t->s[at - 1] != '"')
			continue;
		at++;
		*len = 0;
		for (size_t k = at; k < t->len; k++, ++*len) {
			char c = t->s[k];

			if (!depth && (c == ',' || c == '}' || c == ']'))
				break;
			depth += c == '{' || c == '[';
			depth -= c == '}' || c == ']';
		}
		return at;
	}
	*len = 0;
	return 0;
}

static void nest(struct text *t, size_t at, size_t cut)
{
	static char brackets[2 * 20000];
	size_t depth = 1 + below(below(2) ? 60 : NR(brackets) / 2);

	memset(brackets, '[', depth);
	memset(brackets + depth, ']', depth);
	splice(t, at, cut, brackets, 2 * depth);
}

static void replace_value(struct text *t)
{
	static const char *const values[] = {
		"null", "true", "false", "0", "-0.0", "-1", "1", "2", "1e308", "-1e308", "1e309", "1e-320",
		"9223372036854775807", "-9223372036854775808", "9223372036854775808",
		"9007199254740992", "9007199254740993", "2147483647", "2147483648", "-2147483649",
		"4294967296", "0.1", "1.5", "1e18", "NaN", "Infinity", "0x10", "01", "\"\"",
		"\"\\u0000\"", "\"\\ud800\"", "\"\\n\\r\\u001b[31m\"", "\"\xff\xfe\"", "\"%s%n%d\"",
		"\"ok\"", "\"skipped\"", "\"not-resolvable\"", "\"insns\"", "\"vm\"", "\"a/b@r0\"",
		"\"insn/mfence@r3\"", "\"2026-01-31T12:00:00Z\"", "[]", "{}", "[[]]", "[{}]",
		"[null,1,\"x\"]", "{\"\": null}", "{\"boot\": 0, \"value\": 1, \"median\": 1}",
	};
	static char longest[30000];
	size_t len, at = find_value(t, &len), which = below(NR(values) + 4);

	if (which < NR(values)) {
		splice(t, at, len, values[which], strlen(values[which]));
	} else if (which & 1) {
		nest(t, at, len);
	} else {
		memset(longest, which & 2 ? 'x' : ' ', sizeof(longest));
		longest[0] = longest[sizeof(longest) - 1] = '"';
		splice(t, at, len, longest, sizeof(longest));
	}
}

/* Several values at once: deeper than the first check that fails. */
static void replace_values(struct text *t)
{
	for (size_t i = 2 + below(4); i; i--)
		replace_value(t);
}

static void replace_numbers(struct text *t)
{
	static const char *const numbers[] = { "0", "1", "1e300", "1e-300", "0.5", "999999999",
					       "123456789012", "12.5" };

	for (size_t i = 1 + below(8); i; i--) {
		size_t len, at = find_value(t, &len);
		const char *number = numbers[below(NR(numbers))];

		if (strspn(t->s + at, " -0123456789.e") == len)
			splice(t, at, len, number, strlen(number));
	}
}

static void (*const mutations[])(struct text *t) = {
	flip_bits, truncate_text, delete_slice, duplicate_slice, replace_value, replace_values,
	replace_numbers, replace_numbers,
};

static int fault(const char *what)
{
	printf("# %s\n", what);
	return -1;
}

/* Every claim has a verdict, in every format, whatever the report holds. */
static int judge(const struct tg_report *r, FILE *sink)
{
	static int (*const writers[])(const struct tg_ledger *l, FILE *out) = {
		tg_claims_text, tg_claims_explain, tg_claims_markdown, tg_claims_json,
	};
	static const char *const name = "fuzz";
	const struct tg_column column = { &r, &name, 1 };
	int rc = 0;

	for (int i = 0; i < TG_NR_CLAIMS && !rc; i++) {
		const struct tg_claim *claim = &tg_claims[i];
		struct tg_ruling *ruling = tg_judge(claim, &column);
		const struct tg_ledger l = { &column, 1, &claim, 1, &ruling };

		if (!ruling || ruling->by->answer >= TG_NR_ANSWERS)
			rc = fault("claims");
		for (size_t w = 0; w < NR(writers) && !rc; w++)
			if (!below(24) && writers[w](&l, sink))
				rc = fault("claims' text");
		tg_ruling_free(ruling);
	}
	return rc;
}

/* Whatever loads can be dumped, loaded again, saved, printed and judged. */
static int use(const struct tg_report *r, const char *path, FILE *sink)
{
	char err[512] = "", *text;
	struct tg_report *again;
	size_t len;

	text = tg_report_dump(r, &len, err, sizeof(err));
	if (!text)
		return fault(err);
	again = tg_report_parse(text, len, "again", err, sizeof(err));
	free(text);
	if (!again)
		return fault(err);
	tg_report_free(again);
	if (tg_report_text(r, sink))
		return fault("text");
	/* every claim by every way takes its time: one in three is enough */
	if (!below(3) && judge(r, sink))
		return -1;
	/* Each save waits for the disk: one in sixteen is enough. */
	if (!below(16) && tg_report_save(r, path, err, sizeof(err)))
		return fault(err);
	return 0;
}

/* 1 when it loads, 0 when it is refused with a good message, -1 on a fault. */
static int try_one(const struct text *t, const char *path, FILE *sink)
{
	/* A copy of exactly this size, so that reading beyond it is noticed. */
	char *exact = malloc(t->len ? t->len : 1);
	char err[512] = "";
	struct tg_report *r;
	int rc = 0;

	memcpy(exact, t->s, t->len);
	r = tg_report_parse(exact, t->len, "fuzz", err, sizeof(err));
	free(exact);
	if (r) {
		rc = use(r, path, sink) ? -1 : 1;
	} else if (errno != EBADMSG || strncmp(err, "fuzz: ", 6) || strlen(err) < 10) {
		rc = fault("no good message");
	} else {
		for (const char *c = err; *c; c++)
			if ((unsigned char)*c < ' ')
				rc = fault("a message of several lines");
	}
	tg_report_free(r);
	return rc;
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/tollgate-fuzz-XXXXXX";
	long nr = argc > 2 ? atol(argv[2]) : MUTATIONS, loaded = 0, refused = 0, faults = 0;
	FILE *sink = fopen("/dev/null", "w");
	struct text valid[3], t;
	char err[256];
	int fd;

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0) | 1;
	fd = mkstemp(path);
	if (fd < 0 || !sink)
		return 1;
	close(fd);
	for (size_t i = 0; i < NR(valid); i++) {
		struct tg_report *r = i ? i > 1 ? sample_claims() : sample_vm() : sample_user();

		valid[i].s = tg_report_dump(r, &valid[i].len, err, sizeof(err));
		tg_report_free(r);
		if (!valid[i].s)
			return 1;
	}

	t.room = SPARE;
	for (size_t i = 0; i < NR(valid); i++)
		t.room = valid[i].len + SPARE > t.room ? valid[i].len + SPARE : t.room;
	t.s = malloc(t.room);
	for (long i = 0; i < nr; i++) {
		const struct text *from = &valid[below(NR(valid))];
		uint64_t before = seed;

		t.len = from->len;
		memcpy(t.s, from->s, t.len);
		mutations[below(NR(mutations))](&t);
		switch (try_one(&t, path, sink)) {
		case 1:
			loaded++;
			break;
		case 0:
			refused++;
			break;
		default:
			faults++;
			printf("# mutation %ld, seed %#llx\n", i, (unsigned long long)before);
		}
	}
	printf("1..2\n");
	printf("%s 1 - %ld damaged reports, %ld refused\n", faults ? "not ok" : "ok", nr, refused);
	printf("%s 2 - some of them load: %ld\n", loaded > nr / 50 ? "ok" : "not ok", loaded);

	unlink(path);
	fclose(sink);
	for (size_t i = 0; i < NR(valid); i++)
		free(valid[i].s);
	free(t.s);
	return faults || loaded <= nr / 50;
}
