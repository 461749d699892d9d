/* SPDX-License-Identifier: GPL-2.0 */
/* Names of points (include/tollgate/exp.h): each is written and read back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* How many points the products of a design have, each once. */
static size_t count_of_design(int exp)
{
	static __u64 seen[4096];
	size_t n = 0;

	for (int i = 0; i < TG_NR_PRODUCTS; i++) {
		const struct tg_product *t = &tg_products[i];

		for (__u64 some = t->free;; some = (some - 1) & t->free) {
			__u64 bits = t->base | some;
			struct tg_point p;
			size_t k;

			for (k = 0; k < n && seen[k] != bits; k++)
				;
			if (t->exp == (enum tg_exp_id)exp && k == n && n < NR(seen) &&
			    tg_point_of_bits(&p, exp, TG_RING_CROSS, bits) &&
			    !tg_point_senseless(&p))
				seen[n++] = bits;
			if (!some)
				break;
		}
	}
	return n;
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
		/* a rule forbids unmodified:other, once a value of the other axes */
		if (exp == TG_EXP_fpu_xrstor)
			all -= tg_axes[TG_AXIS_comp].nr_values;
		if (exp == TG_EXP_fpu_fxrstor)
			all--;
		/* spin:dirty; touched and lazily loaded registers that are not dirty */
		if (exp == TG_EXP_fpu_scenario)
			all -= 9 * 2 + 5 * 9 * 2 * 2 + 13 * 3 * 2 * 2;
		/* and another hot:remote */
		if (exp == TG_EXP_crossing_fault_anon)
			all--;
		/* a design holds what its products say, which tests of its own are about */
		if (tg_exp_designed(exp))
			all = count_of_design(exp);
		expected += all * __builtin_popcount(e->rings);
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
		len += snprintf(plain + len, sizeof(plain) - len, "@%s",
				p->ring == 0 ? "r0" : p->ring == 3 ? "r3" : "cross");
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

/* Words for all values: a point of the list each, and nothing beside them. */
static void composites(void **state)
{
	(void)state;
	for (int i = 0; i < TG_NR_COMPOSITES; i++) {
		const struct tg_composite *c = &tg_composites[i];
		const struct tg_exp *e = &tg_exps[c->exp];
		char name[TG_NAME_MAX], err[ERR_ROOM];
		struct tg_point p, q;
		bool listed = false;

		assert_true(*c->has && *c->lacks);
		snprintf(name, sizeof(name), "%s/%s:%s@cross", e->family, e->name, c->word);
		assert_int_equal(parse_name(name, &p, err), 0);
		assert_int_equal(tg_point_bits(&p), c->bits);
		for (size_t n = 0; n < nr_points; n++)
			listed |= same_point(&p, &points[n]);
		assert_true(listed);
		/* its own name has no such word */
		tg_point_name(&p, name);
		assert_null(strstr(name, c->word));
		assert_parses(name, &p);
		snprintf(name, sizeof(name), "%s/%s:%s:sysret@cross", e->family, e->name, c->word);
		assert_int_equal(parse_name(name, &q, err), -1);
		assert_non_null(strstr(err, "'sysret': a second value of axis exit"));
		snprintf(name, sizeof(name), "%s/%s:sysret:%s@cross", e->family, e->name, c->word);
		assert_int_equal(parse_name(name, &q, err), -1);
		assert_non_null(strstr(err, "stands for the values of all axes: none beside it"));
	}
	assert_true(TG_NR_COMPOSITES >= 3);
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

/* A design's points, found without the walk: every number that may be a point's bits. */
static void designs_hold(void **state)
{
	size_t n = 0, senseless = 0;

	(void)state;
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		__u64 most = 0;

		if (!tg_exp_designed(exp))
			continue;
		n = 0;
		for (int i = 0; i < TG_NR_PRODUCTS; i++) {
			const struct tg_product *t = &tg_products[i];
			struct tg_point p;

			if (t->exp != (enum tg_exp_id)exp)
				continue;
			assert_int_equal(t->base & t->free, 0);
			/* whatever is left out, it is not for bits of no value */
			for (__u64 some = t->free;; some = (some - 1) & t->free) {
				assert_true(tg_point_of_bits(&p, exp, TG_RING_CROSS,
							     t->base | some));
				assert_int_equal(tg_point_bits(&p), t->base | some);
				if (!some)
					break;
			}
		}
		for (int i = 0; i < tg_exps[exp].nr_axes; i++) {
			const struct tg_axis *a = axis_of(&tg_exps[exp], i);
			__u64 mask = 0;

			assert_int_equal(a->values[0].number, 0);
			for (int v = 1; v < a->nr_values; v++) {
				assert_true(a->values[v].number);
				mask |= a->values[v].number;
			}
			/* no bit of another axis's */
			assert_int_equal(most & mask, 0);
			most |= mask;
		}
		for (size_t k = 0; k < nr_points; k++)
			n += points[k].exp == (enum tg_exp_id)exp;
		assert_int_equal(n, count_of_design(exp));
		/* any values: a point of the list, or refused with the reason why not */
		srand(1);
		for (int round = 0; round < 20000; round++) {
			struct tg_point p = { .exp = exp }, parsed;
			char name[TG_NAME_MAX], err[ERR_ROOM], start[2 * TG_NAME_MAX];
			bool listed = false;

			p.ring = tg_exps[exp].rings & CROSS ? TG_RING_CROSS : 3;
			for (int i = 0; i < tg_exps[exp].nr_axes; i++)
				if (rand() % 6 == 0)
					p.value[i] = rand() % axis_of(&tg_exps[exp], i)->nr_values;
			tg_point_name(&p, name);
			for (size_t k = 0; k < nr_points; k++)
				listed |= same_point(&p, &points[k]);
			assert_int_equal(!parse_name(name, &parsed, err), listed);
			if (listed)
				continue;
			senseless += !!tg_point_senseless(&p);
			snprintf(start, sizeof(start), "%s %s", name, tg_point_senseless(&p) ?
				 "means nothing: " : "is not built; tollgate list");
			assert_memory_equal(err, start, strlen(start));
		}
	}
	assert_true(n && senseless);
}

static void any_order_and_spelled_defaults(void **state)
{
	(void)state;
	for (size_t n = 0; n < nr_points; n++) {
		const struct tg_point *p = &points[n];
		const struct tg_exp *e = &tg_exps[p->exp];
		int orders = 1, order[TG_MAX_AXES];
		/* of many axes: each default by itself, and all of them */
		bool many = e->nr_axes > 4;

		for (int i = 2; i <= e->nr_axes && !many; i++)
			orders *= i;
		/* spelled: a bit for each axis whose default stands in the name */
		for (int s = 0; s < (many ? e->nr_axes + 2 : 1 << e->nr_axes); s++) {
			int spelled = !many ? s : s <= e->nr_axes ? 1 << s : -1;

			for (int k = 0; k < (many ? 7 : orders); k++) {
				char name[1024];
				size_t len = snprintf(name, sizeof(name), "%s/%s", e->family,
						      e->name);

				nth_order(order, e->nr_axes, many ? k * 104729 : k);
				for (int i = 0; i < e->nr_axes; i++) {
					int a = order[i], v = p->value[a];

					if (v || spelled & 1 << a)
						len += snprintf(name + len, sizeof(name) - len,
								":%s",
								axis_of(e, a)->values[v].name);
				}
				snprintf(name + len, sizeof(name) - len, "%s",
					 tg_ring_name(p->ring));
				/* a longer one is refused whatever it holds */
				if (strlen(name) < TG_NAME_MAX)
					assert_parses(name, p);
				else
					assert_true(many && spelled == -1);
			}
		}
	}
}

/* Every combination of values of every row: a point, or refused with the rule's reason. */
static void rules_hold(void **state)
{
	size_t n = 0, forbidden = 0;

	(void)state;
	for (int exp = 0; exp < TG_NR_EXPS; exp++) {
		for (int r = 0; r < TG_NR_RINGS; r++) {
			int ring = tg_rings[r].ring;
			struct tg_point p, parsed;
			char name[TG_NAME_MAX], err[ERR_ROOM], start[2 * TG_NAME_MAX];
			const char *why;

			if (!tg_point_first(&p, exp, ring))
				continue;
			/* a name without values is of defaults alone */
			assert_null(tg_point_senseless(&p));
			if (tg_exp_designed(exp)) {
				n += count_of_design(exp);
				continue;
			}
			do {
				tg_point_name(&p, name);
				why = tg_point_senseless(&p);
				if (!why) {
					assert_true(n < nr_points && same_point(&p, &points[n]));
					n++;
					assert_parses(name, &p);
					continue;
				}
				forbidden++;
				assert_int_equal(parse_name(name, &parsed, err), -1);
				snprintf(start, sizeof(start), "%s means nothing: ", name);
				assert_memory_equal(err, start, strlen(start));
				assert_string_equal(err + strlen(start), why);
			} while (tg_point_step(&p));
		}
	}
	assert_int_equal(n, nr_points);
	assert_true(forbidden > 0);
}

static enum tg_tier tier_of(const char *name)
{
	struct tg_point p;
	char err[ERR_ROOM];

	assert_int_equal(parse_name(name, &p, err), 0);
	return tg_point_tier(&p);
}

static void tiers_of_points(void **state)
{
	(void)state;
	assert_int_equal(tier_of("fpu/xsave@r3"), TG_TIER_CORE);
	assert_int_equal(tier_of("fpu/xsave:avx:dirty@r0"), TG_TIER_CORE);
	assert_int_equal(tier_of("fpu/xsave:other@r3"), TG_TIER_FULL);
	assert_int_equal(tier_of("fpu/xrstor:avx:dirty:other@r3"), TG_TIER_FULL);
	assert_int_equal(tier_of("fpu/boundary@r3"), TG_TIER_FULL);
	assert_int_equal(tier_of("insn/nop@r3"), TG_TIER_CORE);
	/* a rule makes points dearer, never a whole row */
	for (size_t n = 0; n < nr_points; n++) {
		struct tg_point first;

		tg_point_first(&first, points[n].exp, points[n].ring);
		assert_int_equal(tg_point_tier(&first), tg_exps[points[n].exp].tier);
		assert_true(tg_point_tier(&points[n]) >= tg_exps[points[n].exp].tier);
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
		assert_in_range(e->rings, R0, R0 | R3 | CROSS);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_round_trips),
		cmocka_unit_test(designs_hold),
		cmocka_unit_test(composites),
		cmocka_unit_test(any_order_and_spelled_defaults),
		cmocka_unit_test(rules_hold),
		cmocka_unit_test(tiers_of_points),
		cmocka_unit_test(rows_are_sound),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("names", tests, collect_points, drop_points) ? 1 : 0;
}
