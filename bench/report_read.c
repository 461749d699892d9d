/* SPDX-License-Identifier: GPL-2.0 */
/* From a JSON tree to a report, every field checked: results/schema.json in C. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_fields.h"

static int get_object(const struct tg_reading *in, const json_t *root, const char *key,
		      const struct tg_table *table, void *base)
{
	json_t *object = tg_field_of_type(in, root, "", key, JSON_OBJECT);
	char place[64];

	if (!object)
		return -1;
	snprintf(place, sizeof(place), "%s.", key);
	return tg_fields_get(in, object, place, table, base);
}

static int get_mitigations(const struct tg_reading *in, const json_t *root,
			   struct tg_environment *env)
{
	json_t *object, *value;
	const char *key;

	object = tg_field_of_type(in, json_object_get(root, "environment"), "environment.",
				  "mitigations", JSON_OBJECT);
	if (!object)
		return -1;
	env->mitigations = calloc(json_object_size(object) + 1, sizeof(*env->mitigations));
	if (!env->mitigations)
		return tg_reading_fault(in, "out of memory");

	json_object_foreach(object, key, value) {
		struct tg_pair *pair = &env->mitigations[env->nr_mitigations];

		if (!*key)
			return tg_field_fault(in, "environment.", "mitigations",
					      "a key must not be empty");
		if (!tg_field_of_type(in, object, "environment.mitigations.", key, JSON_STRING))
			return -1;
		env->nr_mitigations++;
		pair->key = strdup(key);
		pair->value = strdup(json_string_value(value));
		if (!pair->key || !pair->value)
			return tg_reading_fault(in, "out of memory");
	}
	return 0;
}

static int get_rounds(const struct tg_reading *in, const json_t *object, const char *place,
		      int boots, struct tg_figure *f)
{
	json_t *array = tg_field_of_type(in, object, place, "rounds", JSON_ARRAY);
	char at[96];

	if (!array)
		return -1;
	f->rounds = calloc(json_array_size(array) + 1, sizeof(*f->rounds));
	if (!f->rounds)
		return tg_reading_fault(in, "out of memory");

	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *round = json_array_get(array, i);

		snprintf(at, sizeof(at), "%srounds[%zu]", place, i);
		if (!json_is_object(round))
			return tg_field_fault(in, at, "", "must be an object");
		strcat(at, ".");
		if (tg_fields_get(in, round, at, &tg_round_table, &f->rounds[i]))
			return -1;
		if (f->rounds[i].boot >= boots)
			return tg_field_fault(in, at, "boot",
					      "must be below plan.boots, %d, not %d", boots,
					      f->rounds[i].boot);
		f->nr_rounds++;
	}
	return 0;
}

static int get_left_out(const struct tg_reading *in, const json_t *object, const char *place,
			struct tg_figure *f)
{
	json_t *array = tg_field_of_type(in, object, place, "left_out", JSON_ARRAY);
	char at[96];

	if (!array)
		return -1;
	f->left_out = calloc(json_array_size(array) + 1, sizeof(*f->left_out));
	if (!f->left_out)
		return tg_reading_fault(in, "out of memory");

	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *s = json_string_value(json_array_get(array, i));

		snprintf(at, sizeof(at), "%sleft_out[%zu]", place, i);
		if (!s || !*s)
			return tg_field_fault(in, at, "", "must be a string that is not empty");
		f->left_out[i] = strdup(s);
		if (!f->left_out[i])
			return tg_reading_fault(in, "out of memory");
		f->nr_left_out++;
	}
	return 0;
}

/* Reports in which nothing was counted have none. */
static int get_events(const struct tg_reading *in, const json_t *object, const char *place,
		      struct tg_figure *f)
{
	json_t *array = json_object_get(object, "events");
	char at[96];

	if (!array)
		return 0;
	if (!tg_field_of_type(in, object, place, "events", JSON_ARRAY))
		return -1;
	f->events = calloc(json_array_size(array) + 1, sizeof(*f->events));
	if (!f->events)
		return tg_reading_fault(in, "out of memory");

	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *event = json_array_get(array, i);
		struct tg_event_figure *c = &f->events[i];

		snprintf(at, sizeof(at), "%sevents[%zu]", place, i);
		if (!json_is_object(event))
			return tg_field_fault(in, at, "", "must be an object");
		strcat(at, ".");
		f->nr_events++;
		if (tg_fields_get(in, event, at, &tg_event_figure_table, c))
			return -1;
		if (isnan(c->value) && (!c->reason || !*c->reason))
			return tg_field_fault(in, at, "reason",
					      "must say why when value is null");
	}
	return 0;
}

/* A status promises certain fields: the if/then part of results/schema.json. */
static int check_status(const struct tg_reading *in, const char *place, const struct tg_figure *f)
{
	const char *status = tg_status_names[f->status];

	if (f->status == TG_OK || f->status == TG_NOT_RESOLVABLE) {
		if (isnan(f->value))
			return tg_field_fault(in, place, "value",
					      "must be a number when status is \"%s\"", status);
		if (f->status == TG_NOT_RESOLVABLE && isnan(f->error))
			return tg_field_fault(in, place, "error",
					      "must be a number when status is \"%s\"", status);
		if (f->reason)
			return tg_field_fault(in, place, "reason",
					      "must be null when status is \"%s\"", status);
	} else if (!f->reason || !*f->reason) {
		return tg_field_fault(in, place, "reason", "must say why when status is \"%s\"",
				      status);
	}
	return 0;
}

static int get_figure(const struct tg_reading *in, const json_t *object, const char *place,
		      int boots, struct tg_figure *f)
{
	if (tg_fields_get(in, object, place, &tg_figure_table, f) ||
	    get_rounds(in, object, place, boots, f) || get_left_out(in, object, place, f) ||
	    get_events(in, object, place, f))
		return -1;
	return check_status(in, place, f);
}

static int get_figures(const struct tg_reading *in, const json_t *root, struct tg_report *r)
{
	json_t *array = tg_field_of_type(in, root, "", "figures", JSON_ARRAY);
	json_t *seen = json_object();
	char place[64];
	int rc = -1;

	if (!array)
		goto out;
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *object = json_array_get(array, i);
		struct tg_figure *f = tg_report_add(r);

		if (!f || !seen) {
			tg_reading_fault(in, "out of memory");
			goto out;
		}
		snprintf(place, sizeof(place), "figures[%zu]", i);
		if (!json_is_object(object)) {
			tg_field_fault(in, place, "", "must be an object");
			goto out;
		}
		strcat(place, ".");
		if (get_figure(in, object, place, r->plan.boots, f))
			goto out;
		if (json_object_get(seen, f->name)) {
			tg_field_fault(in, place, "name", "a second \"%.80s\"; names are unique",
				       f->name);
			goto out;
		}
		if (json_object_set_new(seen, f->name, json_true())) {
			tg_reading_fault(in, "out of memory");
			goto out;
		}
	}
	rc = 0;
out:
	json_decref(seen);
	return rc;
}

/* Told before anything else: a newer report may differ in every other field. */
static int check_version(const struct tg_reading *in, const json_t *root)
{
	const json_t *schema = json_object_get(root, "schema");

	if (!json_is_object(root) || !schema || !json_object_get(root, "tollgate"))
		return tg_field_fault(in, "", "",
				      "not a Tollgate report: it must be an object with \"schema\" and \"tollgate\"");
	if (json_is_number(schema) && json_number_value(schema) > TG_SCHEMA)
		return tg_field_fault(in, "", "schema",
				      "%.10g is newer than this tollgate, which reads %d; use a newer tollgate",
				      json_number_value(schema), TG_SCHEMA);
	return 0;
}

struct tg_report *tg_report_from_json(const struct tg_reading *in, const json_t *root)
{
	struct tg_report *r;

	if (check_version(in, root))
		return NULL;
	r = tg_report_new();
	if (!r) {
		tg_reading_fault(in, "out of memory");
		return NULL;
	}
	if (tg_fields_get(in, root, "", &tg_report_table, r) ||
	    get_object(in, root, "environment", &tg_environment_table,
		       &r->env) ||
	    get_mitigations(in, root, &r->env) ||
	    get_object(in, root, "plan", &tg_plan_table, &r->plan) ||
	    get_object(in, root, "calibration", &tg_calibration_table,
		       &r->cal) ||
	    get_figures(in, root, r) || tg_events_get(in, root, r)) {
		int saved = errno;

		tg_report_free(r);
		errno = saved;
		return NULL;
	}
	return r;
}
