/* SPDX-License-Identifier: GPL-2.0 */
/* Names of points (include/tollgate/exp.h) and patterns over them (bench/select.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "select.h"
#include "stats.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

#define ERR_ROOM 512	/* more than any message needs */

/* Every point in the order of lists; made once by collect(). */
static struct tg_point *points;
static size_t nr_points;

static int collect(void **state)
{
	struct tg_point p;

	(void)state;
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		for (int ring = 0; ring <= 3; ring += 3) {
			if (!tg_point_first(&p, exp, ring))
				continue;
			do {
				points = realloc(points, (nr_points + 1) * sizeof(*points));
				if (!points)
					return -1;
				points[nr_points++] = p;
			} while (tg_point_next(&p));
		}
	}
	return 0;
}

static int drop(void **state)
{
	(void)state;
	free(points);
	return 0;
}

static bool same(const struct tg_point *a, const struct tg_point *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static const struct tg_axis *axis_of(const struct tg_exp *e, int i)
{
	return &tg_axes[e->axes[i]];
}

/*
 * Parses a copy of exactly the name's size, so that the sanitiser sees a read
 * beyond it. Checks what holds for every name: *out is written on success
 * alone, and an error is one printable line.
 */
static int parse(const char *name, struct tg_point *out, char err[ERR_ROOM])
{
	struct tg_point before;
	char *copy = strdup(name);
	int rc;

	assert_non_null(copy);
	memset(out, 0xa5, sizeof(*out));
	before = *out;
	memset(err, 0, ERR_ROOM);
	rc = tg_point_parse(copy, out, err, ERR_ROOM);
	free(copy);
	if (!rc) {
		assert_string_equal(err, "");
		return rc;
	}
	assert_int_equal(rc, -1);
	assert_true(same(out, &before));
	assert_true(*err && strlen(err) < ERR_ROOM - 1);
	for (const char *c = err; *c; c++)
		if (*c < ' ' || *c > '~')
			fail_msg("byte 0x%02x in '%s'", (unsigned char)*c, err);
	return rc;
}

static void assert_parses(const char *name, const struct tg_point *expected)
{
	struct tg_point p;
	char err[ERR_ROOM];

	if (parse(name, &p, err))
		fail_msg("%s: %s", name, err);
	if (!same(&p, expected))
		fail_msg("%s is another point", name);
}

/* The name is refused and the message holds every one of the texts, up to NULL. */
static void assert_refused(const char *name, ...)
{
	struct tg_point p;
	char err[ERR_ROOM];
	const char *text;
	va_list texts;

	if (!parse(name, &p, err))
		fail_msg("'%s' was taken", name);
	va_start(texts, name);
	while ((text = va_arg(texts, const char *)))
		if (!strstr(err, text))
			fail_msg("'%s': no \"%s\" in \"%s\"", name, text, err);
	va_end(texts);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void every_point_round_trips(void **state)
{
	char (*names)[TG_NAME_MAX] = calloc(nr_points, sizeof(*names));
	size_t expected = 0;

	(void)state;
	assert_non_null(names);
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		const struct tg_exp *e = &tg_exps[exp];
		size_t all = 1;

		for (int i = 0; i < e->nr_axes; i++)
			all *= axis_of(e, i)->nr_values;
		expected += all * (!!(e->rings & R0) + !!(e->rings & R3));
	}
	assert_int_equal(nr_points, expected);
	for (size_t n = 0; n < nr_points; n++) {
		const struct tg_point *p = &points[n];
		const struct tg_exp *e = &tg_exps[p->exp];
		char plain[1024];
		size_t len = snprintf(plain, sizeof(plain), "%s/%s", e->family, e->name);

		for (int i = 0; i < e->nr_axes; i++)
			if (p->value[i])
				len += snprintf(plain + len, sizeof(plain) - len, ":%s",
						axis_of(e, i)->values[p->value[i]].name);
		len += snprintf(plain + len, sizeof(plain) - len, "@r%d", p->ring);
		assert_in_range(len, 1, TG_NAME_MAX - 1);
		tg_point_name(p, names[n]);
		assert_string_equal(names[n], plain);
		assert_parses(names[n], p);
	}
	qsort(names, nr_points, sizeof(*names), by_text);
	for (size_t n = 1; n < nr_points; n++)
		assert_string_not_equal(names[n - 1], names[n]);
	free(names);
}

/* The k-th order of 0 .. n-1. */
static void nth_order(int *order, int n, int k)
{
	for (int i = 0; i < n; i++)
		order[i] = i;
	for (int i = n; i > 1; i--) {
		int other = k % i, kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
		k /= i;
	}
}

static void any_order_and_spelled_defaults(void **state)
{
	(void)state;
	for (size_t n = 0; n < nr_points; n++) {
		const struct tg_point *p = &points[n];
		const struct tg_exp *e = &tg_exps[p->exp];
		int orders = 1, order[TG_MAX_AXES];

		for (int i = 2; i <= e->nr_axes; i++)
			orders *= i;
		/* spelled: a bit for each axis whose default stands in the name */
		for (int spelled = 0; spelled < 1 << e->nr_axes; spelled++) {
			for (int k = 0; k < orders; k++) {
				char name[1024];
				size_t len = snprintf(name, sizeof(name), "%s/%s", e->family,
						      e->name);

				nth_order(order, e->nr_axes, k);
				for (int i = 0; i < e->nr_axes; i++) {
					int a = order[i], v = p->value[a];

					if (v || spelled & 1 << a)
						len += snprintf(name + len, sizeof(name) - len,
								":%s",
								axis_of(e, a)->values[v].name);
				}
				snprintf(name + len, sizeof(name) - len, "@r%d", p->ring);
				assert_parses(name, p);
			}
		}
	}
}

/* A word of a name: nothing that separates words, makes a glob or splits a line. */
static void assert_word(const char *s)
{
	if (!*s || strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(s))
		fail_msg("'%s' cannot stand in a name", s);
}

static void rows_are_sound(void **state)
{
	(void)state;
	for (int a = 0; a < TG_NR_AXES; a++)
		assert_in_range(tg_axes[a].nr_values, 2, 64);
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		const struct tg_exp *e = &tg_exps[exp];
		const char *seen[256];
		size_t nr_seen = 0;

		assert_word(e->family);
		assert_word(e->name);
		assert_true(*e->what && !strpbrk(e->what, "\n|"));
		assert_in_range(e->nr_axes, 0, TG_MAX_AXES);
		assert_in_range(e->rings, R0, R0 | R3);
		assert_int_equal(e->needs & ~((1 << TG_NR_NEEDS) - 1), 0);
		for (int other = 0; other < exp; other++)
			assert_false(!strcmp(e->family, tg_exps[other].family) &&
				     !strcmp(e->name, tg_exps[other].name));
		for (int i = 0; i < e->nr_axes; i++) {
			for (int v = 0; v < axis_of(e, i)->nr_values; v++) {
				const char *word = axis_of(e, i)->values[v].name;

				assert_word(word);
				for (size_t s = 0; s < nr_seen; s++)
					if (!strcmp(seen[s], word))
						fail_msg("%s/%s has '%s' twice", e->family,
							 e->name, word);
				assert_true(nr_seen < NR(seen));
				seen[nr_seen++] = word;
			}
		}
	}
}

static void no_such_experiment(void **state)
{
	static const char *const names[] = {
		"", "@r0", ":", ":if0@r0", "/", "irq", "irq@r0", "irq/", "irq/@r0", "/cli@r0",
		"irq/clii@r0", "irq/cl@r0", "irq//cli@r0", " irq/cli@r0", "irq/cli @r0",
		"IRQ/CLI@r0", "irq/CLI@r0", "irqcli@r0", "insn/cli@r3", "irq/cli/if0@r0",
		"irq/*@r0", "x/y:z@r9",
	};

	(void)state;
	for (size_t i = 0; i < NR(names); i++) {
		char part[TG_NAME_MAX];

		snprintf(part, sizeof(part), "'%.*s' is no experiment",
			 (int)strcspn(names[i], ":@"), names[i]);
		assert_refused(names[i], part, "see the list", NULL);
	}
}

static void wrong_ring(void **state)
{
	static const char *const rings[] = {
		"@", "@r", "@r1", "@r2", "@r33", "@r03", "@R0", "@R3", "@0", "@cross", "@r0 ",
		"@r0@r0", "@@r0", "@r3@", "@r0:", "@r3:if0", "@r-3",
	};

	(void)state;
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		const struct tg_exp *e = &tg_exps[exp];
		const char *allowed = e->rings == R0 ? "; allowed: @r0" :
				      e->rings == R3 ? "; allowed: @r3" : "; allowed: @r0 @r3";
		char head[TG_NAME_MAX], name[TG_NAME_MAX], part[TG_NAME_MAX];

		snprintf(head, sizeof(head), "%s/%s", e->family, e->name);
		assert_refused(head, "no ring", head, allowed, NULL);
		for (size_t i = 0; i < NR(rings); i++) {
			snprintf(name, sizeof(name), "%s%s", head, rings[i]);
			snprintf(part, sizeof(part), "'%s' of %s; allowed: ", rings[i], head);
			assert_refused(name, part, allowed, NULL);
		}
		for (int ring = 0; ring <= 3; ring += 3) {
			if (e->rings & (ring ? R3 : R0))
				continue;
			snprintf(name, sizeof(name), "%s@r%d", head, ring);
			snprintf(part, sizeof(part), "'@r%d' of %s; allowed: ", ring, head);
			assert_refused(name, part, allowed, NULL);
		}
	}
}

/* All values of all axes stand in the message, each axis's together. */
static void wrong_value(void **state)
{
	(void)state;
	for (size_t n = 0; n < nr_points; n++) {
		const struct tg_exp *e = &tg_exps[points[n].exp];
		static const char *const words[] = { "", "bad", "i", "if", "if00", "IF0", " if0",
						     "if0 ", "x87,sse", "*" };
		char name[1024], part[1024], allowed[1024];

		for (size_t w = 0; w < NR(words); w++) {
			snprintf(name, sizeof(name), "%s/%s:%s@r%d", e->family, e->name, words[w],
				 points[n].ring);
			snprintf(part, sizeof(part), "'%s' is no value of %s/%s; allowed: ",
				 words[w], e->family, e->name);
			assert_refused(name, part, e->nr_axes ? "; allowed: " : "allowed: none",
				       NULL);
			for (int i = 0; i < e->nr_axes; i++) {
				size_t len = 0;

				for (int v = 0; v < axis_of(e, i)->nr_values; v++)
					len += snprintf(allowed + len, sizeof(allowed) - len,
							" %s", axis_of(e, i)->values[v].name);
				assert_refused(name, allowed, NULL);
			}
		}
	}
	/* the value is at fault, whatever the ring */
	assert_refused("irq/cli:bad@r3", "'bad' is no value of irq/cli; allowed: if1 if0", NULL);
	assert_refused("irq/cli:bad", "'bad' is no value of irq/cli; allowed: if1 if0", NULL);
	assert_refused("irq/cli:if0:", "'' is no value of irq/cli; allowed: if1 if0", NULL);
	assert_refused("fpu/xsave::dirty@r3", "'' is no value of fpu/xsave; allowed: ",
		       "amx; init dirty unmodified", NULL);
}

static void second_value(void **state)
{
	(void)state;
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		const struct tg_exp *e = &tg_exps[exp];

		for (int i = 0; i < e->nr_axes; i++) {
			const struct tg_axis *a = axis_of(e, i);

			for (int v = 0; v < a->nr_values * a->nr_values; v++) {
				const char *one = a->values[v / a->nr_values].name;
				const char *two = a->values[v % a->nr_values].name;
				char name[1024], part[1024], all[1024] = "(";
				size_t len = 1;

				snprintf(name, sizeof(name), "%s/%s:%s:%s@r%d", e->family, e->name,
					 one, two, e->rings & R0 ? 0 : 3);
				snprintf(part, sizeof(part), "'%s': a second value of axis %s (",
					 two, a->name);
				for (int w = 0; w < a->nr_values; w++)
					len += snprintf(all + len, sizeof(all) - len, "%s%s",
							w ? " " : "", a->values[w].name);
				snprintf(all + len, sizeof(all) - len, "): one at most");
				assert_refused(name, part, all, NULL);
			}
		}
	}
}

static void bytes_that_no_name_has(void **state)
{
	static const char bytes[] = "\n\r\t\033\177\200\377";

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		char part[32];

		snprintf(part, sizeof(part), "byte 0x%02x", (unsigned char)bytes[i]);
		for (size_t at = 0; at <= strlen("irq/cli:if0@r0"); at++) {
			char name[32] = "";

			snprintf(name, sizeof(name), "%.*s%c%s", (int)at, "irq/cli:if0@r0",
				 bytes[i], &"irq/cli:if0@r0"[at]);
			assert_refused(name, part, "allowed: printable ASCII", NULL);
		}
	}
}

static void too_long(void **state)
{
	static const size_t lengths[] = { TG_NAME_MAX, TG_NAME_MAX + 1, 4096, 1 << 20 };
	char *name = malloc((1 << 20) + 1), part[64];

	(void)state;
	assert_non_null(name);
	for (size_t i = 0; i < NR(lengths); i++) {
		memset(name, 'x', lengths[i]);
		memcpy(name, "irq/cli:", 8);
		name[lengths[i]] = 0;
		snprintf(part, sizeof(part), "name of %zu bytes; allowed: at most %d", lengths[i],
			 TG_NAME_MAX - 1);
		assert_refused(name, part, NULL);
	}
	name[TG_NAME_MAX - 1] = 0;
	assert_refused(name, "is no value of irq/cli; allowed: if1 if0", NULL);
	free(name);
}

static const char *const faulty[] = {
	"", "irq/clii@r0", "irq/cli", "irq/cli@r3", "insn/nop@r7", "irq/cli:bad@r0",
	"insn/nop:fast@r3", "fpu/xsave:sze@r3", "fpu/xsave:sse:avx@r3", "fpu/xrstor:dirty:init@r0",
	"irq/cli:if0:if0@r0", "irq/cli\n@r0",
	"irq/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@r0",
	"fpu/xsave:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@r0",
	"irq/cli@xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
};

/* In little room the message is cut, ends in NUL, and nothing behind it is written. */
static void small_room_for_the_error(void **state)
{
	enum { CANARY = 0x5c };

	(void)state;
	for (size_t i = 0; i < NR(faulty); i++) {
		char whole[ERR_ROOM], room[ERR_ROOM];
		struct tg_point p;

		assert_int_equal(parse(faulty[i], &p, whole), -1);
		for (size_t len = 0; len <= strlen(whole) + 2; len++) {
			char *exact = malloc(len ? len : 1);
			size_t kept = len ? strnlen(whole, len - 1) : 0;

			assert_non_null(exact);
			memset(room, CANARY, sizeof(room));
			assert_int_equal(tg_point_parse(faulty[i], &p, room, len), -1);
			assert_memory_equal(room, whole, kept);
			if (len)
				assert_int_equal(room[kept], 0);
			for (size_t at = len; at < sizeof(room); at++)
				assert_int_equal(room[at], CANARY);
			/* the same where the sanitiser watches both ends */
			assert_int_equal(tg_point_parse(faulty[i], &p, exact, len), -1);
			if (len)
				assert_string_equal(exact, room);
			free(exact);
		}
	}
}

/* Every word that the name holds is what the point says, no axis twice. */
static void assert_says(const char *name, const struct tg_point *p)
{
	const struct tg_exp *e = &tg_exps[p->exp];
	char copy[TG_NAME_MAX], head[TG_NAME_MAX], *rest, *word;
	bool given[TG_MAX_AXES] = { false };

	snprintf(copy, sizeof(copy), "%s", name);
	rest = strchr(copy, '@');
	assert_non_null(rest);
	assert_string_equal(rest, p->ring ? "@r3" : "@r0");
	assert_true(e->rings & (p->ring ? R3 : R0));
	*rest = 0;
	rest = copy;
	snprintf(head, sizeof(head), "%s/%s", e->family, e->name);
	assert_string_equal(strsep(&rest, ":"), head);
	while ((word = strsep(&rest, ":"))) {
		int i;

		for (i = 0; i < e->nr_axes; i++)
			if (!strcmp(word, axis_of(e, i)->values[p->value[i]].name))
				break;
		assert_true(i < e->nr_axes && !given[i]);
		given[i] = true;
	}
	for (int i = 0; i < e->nr_axes; i++)
		assert_true(given[i] || !p->value[i]);
}

#define MUTANT_ROOM 8192

/* One change somewhere in s; the result is shorter than MUTANT_ROOM. */
static void mutate(char *s, uint64_t *seed)
{
	static const char alphabet[] = ":@/_ r03if1sedityxv*?[";
	size_t len = strlen(s), at = tg_random_below(seed, len + 1), from, n, i;
	char other[TG_NAME_MAX];

	switch (tg_random_below(seed, 8)) {
	case 0:	/* a bit of a byte */
		if (at < len)
			s[at] ^= 1 << tg_random_below(seed, 8);
		break;
	case 1:	/* any byte */
		if (at < len)
			s[at] = tg_random_below(seed, 256);
		break;
	case 2:
		s[at] = 0;
		break;
	case 3:	/* a byte less */
		if (at < len)
			memmove(s + at, s + at + 1, len - at);
		break;
	case 4:	/* a byte more */
		if (len + 2 > MUTANT_ROOM)
			break;
		memmove(s + at + 1, s + at, len - at + 1);
		s[at] = alphabet[tg_random_below(seed, sizeof(alphabet) - 1)];
		break;
	case 5:	/* a part again */
		from = tg_random_below(seed, len + 1);
		n = tg_random_below(seed, len - from + 1);
		if (len + n + 1 > MUTANT_ROOM)
			break;
		memmove(s + from + n, s + from, len - from + 1);
		break;
	case 6:	/* the end of another name */
		tg_point_name(&points[tg_random_below(seed, nr_points)], other);
		snprintf(s + at, MUTANT_ROOM - at, "%s",
			 other + tg_random_below(seed, strlen(other) + 1));
		break;
	case 7:	/* very long, rarely */
		if (tg_random_below(seed, 16))
			break;
		for (i = 0; len && len + i + 1 < MUTANT_ROOM; i++)
			s[len + i] = s[i];
		s[len + i] = 0;
		break;
	}
}

static void mutations(void **state)
{
	enum { MUTANTS = 40000 };
	static char name[MUTANT_ROOM];
	uint64_t seed = 0x6e616d6573;
	size_t good = 0;

	(void)state;
	for (int i = 0; i < MUTANTS; i++) {
		char err[ERR_ROOM], canonical[TG_NAME_MAX];
		struct tg_point p;

		tg_point_name(&points[tg_random_below(&seed, nr_points)], name);
		for (int changes = 1 + tg_random_below(&seed, 4); changes; changes--)
			mutate(name, &seed);
		if (parse(name, &p, err))
			continue;
		good++;
		assert_says(name, &p);
		tg_point_name(&p, canonical);
		assert_parses(canonical, &p);
	}
	/* both outcomes were seen often */
	assert_in_range(good, MUTANTS / 50, MUTANTS - MUTANTS / 50);
}

/* tg_select() with patterns up to NULL. */
#define select_from(rings, full, out, err, ...)						\
	({										\
		char *const pats[] = { __VA_ARGS__, NULL };				\
		size_t nr_pats = 0;							\
											\
		while (pats[nr_pats])							\
			nr_pats++;							\
		tg_select(pats, nr_pats, full, rings, out, err, sizeof(err));		\
	})

/* What is selected is what keep() says of every point, in the order of the list. */
static void assert_selected(struct tg_selection *s, bool (*keep)(const struct tg_point *))
{
	size_t n = 0;

	for (size_t i = 0; i < nr_points; i++) {
		if (!keep(&points[i]))
			continue;
		assert_true(n < s->n);
		assert_true(same(&s->points[n], &points[i]));
		n++;
	}
	assert_true(n > 0);
	assert_int_equal(s->n, n);
	tg_selection_free(s);
	assert_null(s->points);
	assert_int_equal(s->n, 0);
}

static void assert_names(struct tg_selection *s, const char *names)
{
	char all[4096] = "", name[TG_NAME_MAX];

	for (size_t i = 0; i < s->n; i++) {
		tg_point_name(&s->points[i], name);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "", name);
	}
	assert_string_equal(all, names);
	tg_selection_free(s);
}

static bool core(const struct tg_point *p) { return tg_exps[p->exp].tier == TG_TIER_CORE; }
static bool core_r3(const struct tg_point *p) { return core(p) && p->ring == 3; }
static bool any(const struct tg_point *p) { return p->exp < TG_NR_EXPS; }
static bool any_r0(const struct tg_point *p) { return p->ring == 0; }
static bool any_r3(const struct tg_point *p) { return p->ring == 3; }

static void tiers_and_rings(void **state)
{
	struct tg_selection s;
	char err[ERR_ROOM] = "";

	(void)state;
	assert_int_equal(tg_select(NULL, 0, false, R0 | R3, &s, err, sizeof(err)), 0);
	assert_selected(&s, core);
	assert_int_equal(tg_select(NULL, 0, false, R3, &s, err, sizeof(err)), 0);
	assert_selected(&s, core_r3);
	assert_int_equal(tg_select(NULL, 0, true, R0 | R3, &s, err, sizeof(err)), 0);
	assert_selected(&s, any);
	assert_int_equal(tg_select(NULL, 0, true, R3, &s, err, sizeof(err)), 0);
	assert_selected(&s, any_r3);
	assert_int_equal(tg_select(NULL, 0, true, R0, &s, err, sizeof(err)), 0);
	assert_selected(&s, any_r0);
	assert_string_equal(err, "");
	/* a pattern names points of either tier */
	assert_int_equal(select_from(R0 | R3, false, &s, err, "*"), 0);
	assert_selected(&s, any);
	assert_int_equal(select_from(R0 | R3, false, &s, err, "*@r3"), 0);
	assert_selected(&s, any_r3);
	assert_int_equal(select_from(R3, false, &s, err, "*"), 0);
	assert_selected(&s, any_r3);
}

/* Every point is selected by its own name, and by its name without a ring in each ring. */
static void every_name_selects_its_point(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_points; i++) {
		const struct tg_exp *e = &tg_exps[points[i].exp];
		char name[TG_NAME_MAX], err[ERR_ROOM];
		struct tg_selection s;

		tg_point_name(&points[i], name);
		assert_int_equal(select_from(R0 | R3, false, &s, err, name), 0);
		assert_int_equal(s.n, 1);
		assert_true(same(&s.points[0], &points[i]));
		tg_selection_free(&s);

		*strchr(name, '@') = 0;
		assert_int_equal(select_from(R0 | R3, false, &s, err, name), 0);
		assert_int_equal(s.n, e->rings == (R0 | R3) ? 2 : 1);
		for (size_t k = 0; k < s.n; k++) {
			struct tg_point other = points[i];

			other.ring = s.points[k].ring;
			assert_true(same(&s.points[k], &other));
		}
		/* ring 0 first */
		if (s.n == 2)
			assert_true(s.points[0].ring == 0 && s.points[1].ring == 3);
		tg_selection_free(&s);
	}
}

static void patterns(void **state)
{
	static const struct {
		char *pattern;
		int rings;
		const char *names;
	} cases[] = {
		{ "irq/cli", R0 | R3, "irq/cli@r0" },
		{ "irq/cli:if1", R0 | R3, "irq/cli@r0" },
		{ "irq/cli*", R0 | R3, "irq/cli@r0 irq/cli:if0@r0 irq/cli_sti@r0" },
		{ "irq/cli*@r0", R0 | R3, "irq/cli@r0 irq/cli:if0@r0 irq/cli_sti@r0" },
		{ "irq/cli:*", R0 | R3, "irq/cli:if0@r0" },
		{ "insn/nop", R0 | R3, "insn/nop@r0 insn/nop@r3" },
		{ "insn/nop", R3, "insn/nop@r3" },
		{ "insn/nop", R0, "insn/nop@r0" },
		{ "insn/nop@*", R0 | R3, "insn/nop@r0 insn/nop@r3" },
		{ "insn/nop@r[3]", R0 | R3, "insn/nop@r3" },
		{ "insn/imul_x?", R3, "insn/imul_x4@r3" },
		{ "insn/imul_x[0-9]*@r3", R0 | R3, "insn/imul_x4@r3 insn/imul_x16@r3" },
		{ "insn/imul*", R3, "insn/imul@r3 insn/imul_x4@r3 insn/imul_x16@r3" },
		{ "*/empty", R0 | R3, "irq/empty@r0 insn/empty@r0 insn/empty@r3" },
		{ "fpu/xsave", R0 | R3, "fpu/xsave@r0 fpu/xsave@r3" },
		{ "fpu/xsave:dirty:avx", R3, "fpu/xsave:avx:dirty@r3" },
		{ "fpu/xsave:init:x87@r0", R0 | R3, "fpu/xsave@r0" },
		{ "fpu/xsave:avx512*@r3", R0 | R3, "fpu/xsave:avx512@r3 fpu/xsave:avx512:dirty@r3 "
		  "fpu/xsave:avx512:unmodified@r3" },
		{ "fpu/*:avx:dirty", R3, "fpu/xsave:avx:dirty@r3 fpu/xsaveopt:avx:dirty@r3 "
		  "fpu/xrstor:avx:dirty@r3" },
	};
	struct tg_selection s;
	char err[ERR_ROOM];

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		if (select_from(cases[i].rings, false, &s, err, cases[i].pattern))
			fail_msg("%s: %s", cases[i].pattern, err);
		assert_names(&s, cases[i].names);
	}
	/* several: in the order of the list, a point once */
	assert_int_equal(select_from(R0 | R3, false, &s, err, "insn/nop@r3", "irq/cli", "insn/n*",
				     "insn/nop"), 0);
	assert_names(&s, "irq/cli@r0 insn/nop@r0 insn/nop@r3");
}

static void patterns_that_name_nothing(void **state)
{
	static const struct {
		char *pattern;
		int rings;
		const char *text;
	} cases[] = {
		{ "", R0 | R3, "'' is no experiment" },
		{ "irq/clii", R0 | R3, "'irq/clii' is no experiment" },
		{ "irq", R0 | R3, "'irq' is no experiment" },
		{ "x/y@r3", R3, "'x/y' is no experiment" },
		{ "irq/clii:if0@r0", R3, "'irq/clii' is no experiment" },
		{ "irq/cli:bad", R0 | R3, "'bad' is no value of irq/cli; allowed: if1 if0" },
		{ "irq/cli:bad", R3, "'bad' is no value of irq/cli; allowed: if1 if0" },
		{ "irq/cli:bad@r0", R3, "'bad' is no value of irq/cli; allowed: if1 if0" },
		{ "irq/cli:if0:if1", R0 | R3, "'if1': a second value of axis ifwas (if1 if0)" },
		{ "insn/nop:fast", R3, "'fast' is no value of insn/nop; allowed: none" },
		{ "insn/nop@r7", R0 | R3, "'@r7' of insn/nop; allowed: @r0 @r3" },
		{ "irq/cli@r3", R0 | R3, "'@r3' of irq/cli; allowed: @r0" },
		{ "crossing/syscall_null@r0", R0 | R3, "allowed: @r3" },
		{ "nope*", R0 | R3, "no experiment matches 'nope*'" },
		{ "*@r1", R0 | R3, "no experiment matches '*@r1'" },
		{ "irq/*@r3", R0 | R3, "no experiment matches 'irq/*@r3'" },
		{ "insn/no?", R0 | R3, NULL },
		{ "insn/nop*[", R0 | R3, "no experiment matches" },
		{ "irq/cli", R3, "'irq/cli' runs in ring 0 only: use --lane vm" },
		{ "irq/cli@r0", R3, "'irq/cli@r0' runs in ring 0 only" },
		{ "insn/nop@r0", R3, "ring 0 only" },
		{ "irq/*", R3, "'irq/*' runs in ring 0 only" },
	};
	struct tg_selection s;
	char err[ERR_ROOM], small[64];

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		int rc = select_from(cases[i].rings, false, &s, err, cases[i].pattern);

		if (!cases[i].text) {
			assert_int_equal(rc, 0);
			tg_selection_free(&s);
			continue;
		}
		assert_int_equal(rc, -1);
		assert_null(s.points);
		assert_int_equal(s.n, 0);
		if (!strstr(err, cases[i].text) || strchr(err, '\n'))
			fail_msg("'%s': no \"%s\" in \"%s\"", cases[i].pattern, cases[i].text, err);
		/* one that names nothing spoils those that do */
		assert_int_equal(select_from(R0 | R3, true, &s, err, "insn/nop", "nope*",
					     cases[i].pattern), -1);
		assert_null(s.points);
		assert_non_null(strstr(err, "'nope*'"));
		for (size_t len = 1; len < sizeof(small); len++) {
			char *const pattern[] = { cases[i].pattern };
			char *exact = malloc(len);

			assert_non_null(exact);
			assert_int_equal(tg_select(pattern, 1, false, cases[i].rings, &s, exact,
						   len), -1);
			assert_in_range(strnlen(exact, len), 0, len - 1);
			free(exact);
		}
	}
	assert_int_equal(tg_select(NULL, 0, true, 0, &s, err, sizeof(err)), -1);
	assert_string_equal(err, "no experiment for this lane");
	assert_null(s.points);
}

/* Longer than any name: no match, a message, no overflow, with ring and without. */
static void very_long_patterns(void **state)
{
	static const char *const heads[] = { "", "irq/cli:", "irq/cli:if0@", "insn/", "fpu/xsave:dirty:" };
	static const size_t lengths[] = { 90, 99, 100, 101, 120, 127, 128, 129, 1000, 100000 };
	char *pattern = malloc(200000), err[ERR_ROOM];
	struct tg_selection s;

	(void)state;
	assert_non_null(pattern);
	for (size_t h = 0; h < NR(heads); h++) {
		for (size_t l = 0; l < NR(lengths); l++) {
			for (int tail = 0; tail < 3; tail++) {
				size_t len = strlen(heads[h]) + lengths[l];

				memset(pattern, 'x', len);
				memcpy(pattern, heads[h], strlen(heads[h]));
				strcpy(pattern + len, tail == 0 ? "" : tail == 1 ? "@r0" : "*");
				assert_int_equal(select_from(R0 | R3, true, &s, err, pattern), -1);
				assert_true(*err && !strchr(err, '\n'));
			}
		}
	}
	free(pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_round_trips),
		cmocka_unit_test(any_order_and_spelled_defaults),
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(no_such_experiment),
		cmocka_unit_test(wrong_ring),
		cmocka_unit_test(wrong_value),
		cmocka_unit_test(second_value),
		cmocka_unit_test(bytes_that_no_name_has),
		cmocka_unit_test(too_long),
		cmocka_unit_test(small_room_for_the_error),
		cmocka_unit_test(mutations),
		cmocka_unit_test(tiers_and_rings),
		cmocka_unit_test(every_name_selects_its_point),
		cmocka_unit_test(patterns),
		cmocka_unit_test(patterns_that_name_nothing),
		cmocka_unit_test(very_long_patterns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("names", tests, collect, drop) ? 1 : 0;
}
