/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether two reports may be compared: what must be alike, key by key. A key's
 * text is what it compares; differing texts are shown from where they part.
 */
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "wrap.h"

const char *const tg_key_names[TG_NR_KEYS] = {
	"schema", "unit", "lane", "cpu", "microcode", "kernel", "append", "qemu-cpu", "mitigations",
	"topology",
};

/* Of a value that is too long for its line, so much before the first difference is shown. */
#define LEAD 12

static const char *or_none(const char *s)
{
	return s && *s ? s : "none";
}

static int by_key(const void *a, const void *b)
{
	const struct tg_pair *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Sorted, so that the order in which the kernel lists them does not matter. */
static void put_mitigations(const struct tg_environment *env, FILE *out)
{
	struct tg_pair *sorted = calloc(env->nr_mitigations + 1, sizeof(*sorted));

	if (!sorted)
		return;
	if (env->nr_mitigations)
		memcpy(sorted, env->mitigations, env->nr_mitigations * sizeof(*sorted));
	qsort(sorted, env->nr_mitigations, sizeof(*sorted), by_key);
	for (size_t i = 0; i < env->nr_mitigations; i++)
		fprintf(out, "%s%s=%s", i ? "; " : "", sorted[i].key, sorted[i].value);
	if (!env->nr_mitigations)
		fputs("none", out);
	free(sorted);
}

/*
 * How many CPUs a guest has (its kernel takes other paths with one), how many nodes
 * there are and how far from the CPU the memory was: not which numbers they bear.
 * Reports from before it was told had one node, or did not choose.
 */
static void put_topology(const struct tg_environment *env, FILE *out)
{
	int nodes = env->nodes ? env->nodes : 1;
	int distance = env->nodes ? env->mem_distance : 10;

	if (env->qemu)
		fprintf(out, "guest of %d CPU%s, ", env->cpus, env->cpus == 1 ? "" : "s");
	fprintf(out, "%d node%s, ", nodes, nodes == 1 ? "" : "s");
	if (distance)
		fprintf(out, "memory at distance %d", distance);
	else
		fprintf(out, "memory at an unknown distance");
}

/* What the key compares, malloc()ed, one line of ASCII; NULL when memory is short. */
static char *text_of(const struct tg_report *r, enum tg_key key)
{
	const struct tg_environment *env = &r->env;
	char *text = NULL, *ascii;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	switch (key) {
	case TG_KEY_SCHEMA:
		fprintf(out, "%d", r->schema);
		break;
	case TG_KEY_UNIT:
		fputs(tg_unit_names[r->cal.unit], out);
		break;
	case TG_KEY_LANE:
		fputs(tg_lane_names[r->lane], out);
		break;
	case TG_KEY_CPU:
		fprintf(out, "%s (%s %d/%d/%d, core type %s)", or_none(env->cpu),
			or_none(env->vendor), env->family, env->model, env->stepping,
			or_none(env->core_type));
		break;
	case TG_KEY_MICROCODE:
		fputs(or_none(env->microcode), out);
		break;
	case TG_KEY_KERNEL:
		fprintf(out, "%s %s", or_none(env->kernel), or_none(env->kernel_build));
		break;
	case TG_KEY_APPEND:
		fprintf(out, "%s; cmdline %s", or_none(env->append), or_none(env->cmdline));
		break;
	case TG_KEY_QEMU_CPU:
		fprintf(out, "%s, accelerator %s", or_none(env->qemu_cpu), or_none(env->accel));
		break;
	case TG_KEY_MITIGATIONS:
		put_mitigations(env, out);
		break;
	case TG_KEY_TOPOLOGY:
		put_topology(env, out);
		break;
	case TG_NR_KEYS:
		break;
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	ascii = tg_ascii(text);
	free(text);
	return ascii;
}

/* The part of a long text around where it differs from the other. */
static void shorten(char *part, size_t room, const char *text, size_t same)
{
	size_t from = same > LEAD && strlen(text) >= room ? same - LEAD : 0;

	if ((size_t)snprintf(part, room, "%s%s", from ? "..." : "", text + from) >= room)
		memcpy(part + room - 4, "...", 4);
}

int tg_unlike(const struct tg_report *a, const struct tg_report *b, unsigned int across,
	      char *why, size_t len)
{
	for (int key = 0; key < TG_NR_KEYS; key++) {
		char *x = text_of(a, (enum tg_key)key), *y = text_of(b, (enum tg_key)key);
		bool differ = !x || !y || strcmp(x, y);
		char in_a[160], in_b[160];
		size_t same = 0;

		if (differ && x && y && !(across & 1u << key)) {
			while (x[same] && x[same] == y[same])
				same++;
			shorten(in_a, sizeof(in_a), x, same);
			shorten(in_b, sizeof(in_b), y, same);
			snprintf(why, len, "%s differs: '%s' and '%s'", tg_key_names[key], in_a,
				 in_b);
		} else if (differ && !(across & 1u << key)) {
			snprintf(why, len, "%s cannot be compared: no memory", tg_key_names[key]);
		} else {
			differ = false;
		}
		free(x);
		free(y);
		if (differ)
			return key;
	}
	return -1;
}
