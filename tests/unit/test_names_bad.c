/* SPDX-License-Identifier: GPL-2.0 */
/* Bad names of points (include/tollgate/exp.h): each is refused with a message that helps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"
#include "testing.h"

/* The name is refused and the message holds every one of the texts, up to NULL. */
static void assert_refused(const char *name, ...)
{
	struct tg_point p;
	char err[ERR_ROOM];
	const char *text;
	va_list texts;

	if (!parse_name(name, &p, err))
		fail_msg("'%s' was taken", name);
	va_start(texts, name);
	while ((text = va_arg(texts, const char *)))
		if (!strstr(err, text))
			fail_msg("'%s': no \"%s\" in \"%s\"", name, text, err);
	va_end(texts);
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
		assert_refused(names[i], part, "is no experiment", NULL);
	}
}

static void wrong_ring(void **state)
{
	static const char *const rings[] = {
		"@", "@r", "@r1", "@r2", "@r33", "@r03", "@R0", "@R3", "@0", "@cros", "@r0 ",
		"@r0@r0", "@@r0", "@r3@", "@r0:", "@r3:if0", "@r-3",
	};

	(void)state;
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		const struct tg_exp *e = &tg_exps[exp];
		const char *allowed = e->rings == R0 ? "; allowed: @r0" :
				      e->rings == R3 ? "; allowed: @r3" :
				      e->rings == CROSS ? "; allowed: @cross" : "; allowed: @r0 @r3";
		char head[TG_NAME_MAX], name[TG_NAME_MAX], part[TG_NAME_MAX];

		snprintf(head, sizeof(head), "%s/%s", e->family, e->name);
		assert_refused(head, "no ring", head, allowed, NULL);
		for (size_t i = 0; i < NR(rings); i++) {
			snprintf(name, sizeof(name), "%s%s", head, rings[i]);
			snprintf(part, sizeof(part), "'%s' of %s; allowed: ", rings[i], head);
			assert_refused(name, part, allowed, NULL);
		}
		for (int r = 0; r < TG_NR_RINGS; r++) {
			const char *ring = tg_rings[r].name;

			if (e->rings & tg_rings[r].bit)
				continue;
			snprintf(name, sizeof(name), "%s%s", head, ring);
			snprintf(part, sizeof(part), "'%s' of %s; allowed: ", ring, head);
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
			snprintf(name, sizeof(name), "%s/%s:%s%s", e->family, e->name, words[w],
				 tg_ring_name(points[n].ring));
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

				snprintf(name, sizeof(name), "%s/%s:%s:%s%s", e->family, e->name,
					 one, two, e->rings & R0 ? "@r0" : "@r3");
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
	"irq/cli:if0:if0@r0", "irq/cli\n@r0", "fpu/xrstor:unmodified:other@r3",
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

		assert_int_equal(parse_name(faulty[i], &p, whole), -1);
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
	assert_string_equal(rest, tg_ring_name(p->ring));
	assert_true(e->rings & tg_ring_bit(p->ring));
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
		if (parse_name(name, &p, err))
			continue;
		good++;
		assert_says(name, &p);
		tg_point_name(&p, canonical);
		assert_parses(canonical, &p);
	}
	/* both outcomes were seen often */
	assert_in_range(good, MUTANTS / 50, MUTANTS - MUTANTS / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_such_experiment),
		cmocka_unit_test(wrong_ring),
		cmocka_unit_test(wrong_value),
		cmocka_unit_test(second_value),
		cmocka_unit_test(bytes_that_no_name_has),
		cmocka_unit_test(too_long),
		cmocka_unit_test(small_room_for_the_error),
		cmocka_unit_test(mutations),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bad names", tests, collect_points, drop_points) ? 1 : 0;
}
