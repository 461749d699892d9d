/* SPDX-License-Identifier: GPL-2.0 */
/* The counts, histograms and proofs of a report: from JSON, to JSON, and freed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_fields.h"

const char *const tg_proof_names[TG_NR_PROOF_RESULTS] = { "passed", "failed", "skipped" };

#define PLACE 96

/* What differs between the three arrays. */
struct kind {
	const char *key;
	const struct tg_table *table;
	size_t size;
	int (*check)(const struct tg_reading *in, const json_t *object, const char *place,
		     void *item);
};

static int check_count(const struct tg_reading *in, const json_t *object, const char *place,
		       void *item)
{
	const struct tg_count *c = item;
	bool why = c->reason && *c->reason;

	(void)object;
	if (!isnan(c->value) && (c->value != floor(c->value) || c->value > 0x1p53))
		return tg_field_fault(in, place, "value",
				      "must be a whole number, at most 9007199254740992, or null");
	if (isnan(c->value) && !why)
		return tg_field_fault(in, place, "reason", "must say why when value is null");
	if (!isnan(c->value) && c->reason)
		return tg_field_fault(in, place, "reason", "must be null when there is a value");
	return 0;
}

static int check_histogram(const struct tg_reading *in, const json_t *object, const char *place,
			   void *item)
{
	struct tg_histogram *h = item;
	json_t *array = tg_field_of_type(in, object, place, "bins", JSON_ARRAY);
	char at[PLACE + 32];

	if (!array)
		return -1;
	h->bins = calloc(json_array_size(array) + 1, sizeof(*h->bins));
	if (!h->bins)
		return tg_reading_fault(in, "out of memory");
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *bin = json_array_get(array, i);

		snprintf(at, sizeof(at), "%sbins[%zu]", place, i);
		if (!json_is_object(bin))
			return tg_field_fault(in, at, "", "must be an object");
		strcat(at, ".");
		if (tg_fields_get(in, bin, at, &tg_bin_table, &h->bins[i]))
			return -1;
		h->nr_bins++;
	}
	if (h->reason && !*h->reason)
		return tg_field_fault(in, place, "reason", "must say why, or be null");
	if (h->reason && h->nr_bins)
		return tg_field_fault(in, place, "reason", "must be null when there are bins");
	return 0;
}

static int check_proof(const struct tg_reading *in, const json_t *object, const char *place,
		       void *item)
{
	const struct tg_proof *p = item;

	(void)object;
	if (p->result == TG_PROOF_PASSED && p->reason)
		return tg_field_fault(in, place, "reason", "must be null when result is \"passed\"");
	if (p->result != TG_PROOF_PASSED && (!p->reason || !*p->reason))
		return tg_field_fault(in, place, "reason", "must say why when result is \"%s\"",
				      tg_proof_names[p->result]);
	return 0;
}

static const struct kind counts = { "counts", &tg_count_table, sizeof(struct tg_count),
				    check_count };
static const struct kind histograms = { "histograms", &tg_histogram_table,
					sizeof(struct tg_histogram), check_histogram };
static const struct kind proofs = { "proofs", &tg_proof_table, sizeof(struct tg_proof),
				    check_proof };

/* Every kind of item begins with its name. */
static const char *name_of(const void *item)
{
	return *(char *const *)item;
}

static int get_item(const struct tg_reading *in, const struct kind *kind, const json_t *object,
		    size_t i, json_t *seen, void *item)
{
	char place[PLACE];

	snprintf(place, sizeof(place), "%s[%zu]", kind->key, i);
	if (!json_is_object(object))
		return tg_field_fault(in, place, "", "must be an object");
	strcat(place, ".");
	if (tg_fields_get(in, object, place, kind->table, item) ||
	    kind->check(in, object, place, item))
		return -1;
	if (json_object_get(seen, name_of(item)))
		return tg_field_fault(in, place, "name", "a second \"%.80s\"; names are unique",
				      name_of(item));
	if (json_object_set_new(seen, name_of(item), json_true()))
		return tg_reading_fault(in, "out of memory");
	return 0;
}

static int get_array(const struct tg_reading *in, const struct kind *kind, const json_t *root,
		     void **items, size_t *nr)
{
	json_t *array = tg_field_of_type(in, root, "", kind->key, JSON_ARRAY), *seen;
	size_t all = json_array_size(array);
	int rc = 0;

	if (!array)
		return -1;
	if (!all)
		return 0;
	*items = calloc(all, kind->size);
	seen = json_object();
	if (!*items || !seen)
		rc = tg_reading_fault(in, "out of memory");
	/* an item that is half read belongs to the report too */
	while (!rc && *nr < all) {
		size_t i = (*nr)++;

		rc = get_item(in, kind, json_array_get(array, i), i, seen,
			      (char *)*items + i * kind->size);
	}
	json_decref(seen);
	return rc;
}

int tg_events_get(const struct tg_reading *in, const json_t *root, struct tg_report *r)
{
	if (get_array(in, &counts, root, (void **)&r->counts, &r->nr_counts) ||
	    get_array(in, &histograms, root, (void **)&r->histograms, &r->nr_histograms) ||
	    get_array(in, &proofs, root, (void **)&r->proofs, &r->nr_proofs))
		return -1;
	return 0;
}

static json_t *put_item(json_t *array, const struct tg_table *table, const void *item)
{
	json_t *object = json_object();

	if (json_array_append_new(array, object) || tg_fields_put(object, table, item))
		return NULL;
	return object;
}

static int put_bins(json_t *object, const struct tg_histogram *h)
{
	json_t *bins = json_array();

	if (!object || json_object_set_new(object, "bins", bins))
		return -1;
	for (size_t i = 0; i < h->nr_bins; i++)
		if (!put_item(bins, &tg_bin_table, &h->bins[i]))
			return -1;
	return 0;
}

int tg_events_put(json_t *root, const struct tg_report *r)
{
	json_t *array = json_array();

	if (json_object_set_new(root, counts.key, array))
		return -1;
	for (size_t i = 0; i < r->nr_counts; i++)
		if (!put_item(array, counts.table, &r->counts[i]))
			return -1;
	array = json_array();
	if (json_object_set_new(root, histograms.key, array))
		return -1;
	for (size_t i = 0; i < r->nr_histograms; i++)
		if (put_bins(put_item(array, histograms.table, &r->histograms[i]),
			     &r->histograms[i]))
			return -1;
	array = json_array();
	if (json_object_set_new(root, proofs.key, array))
		return -1;
	for (size_t i = 0; i < r->nr_proofs; i++)
		if (!put_item(array, proofs.table, &r->proofs[i]))
			return -1;
	return 0;
}

void tg_events_free(struct tg_report *r)
{
	for (size_t i = 0; i < r->nr_counts; i++) {
		free(r->counts[i].name);
		free(r->counts[i].reason);
	}
	for (size_t i = 0; i < r->nr_histograms; i++) {
		free(r->histograms[i].name);
		free(r->histograms[i].reason);
		free(r->histograms[i].bins);
	}
	for (size_t i = 0; i < r->nr_proofs; i++) {
		free(r->proofs[i].name);
		free(r->proofs[i].bound);
		free(r->proofs[i].limits);
		free(r->proofs[i].reason);
	}
	free(r->counts);
	free(r->histograms);
	free(r->proofs);
}
