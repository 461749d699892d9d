/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A report's JSON text: read, made and written. The writer runs the reader's
 * check over the tree it made, so whatever was written can be read.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_fields.h"
#include "report_file.h"

/* Far above any report: keeps a wrong file name from filling memory. */
#define MAX_BYTES (64u << 20)

/* Significant digits of a number; see tg_report_dump(). */
#define DIGITS 10

/* The first character that is no white space; 0: there is none. */
static char first_of(const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", buf[i]))
			return buf[i];
	return 0;
}

struct tg_report *tg_report_parse(const char *buf, size_t len, const char *name, char *err,
				  size_t errlen)
{
	struct tg_reading in = { name, err, errlen };
	struct tg_report *r;
	json_error_t fault;
	json_t *root;

	if (!len) {
		tg_field_fault(&in, "", "", "truncated: the file is empty");
		return NULL;
	}
	root = json_loadb(buf, len, JSON_REJECT_DUPLICATES, &fault);
	if (!root) {
		/* A fault at the very end, as in half a word, is a cut too. */
		if (json_error_code(&fault) == json_error_end_of_input_expected)
			tg_field_fault(&in, "", "", "not JSON: something follows its end, in line %d",
				       fault.line);
		else if (json_error_code(&fault) == json_error_premature_end_of_input ||
			 ((size_t)fault.position >= len && first_of(buf, len) == '{'))
			tg_field_fault(&in, "", "", "truncated: the JSON ends early, in line %d",
				       fault.line);
		else
			tg_field_fault(&in, "", "", "not JSON: line %d, column %d: %s",
				       fault.line, fault.column, fault.text);
		return NULL;
	}
	r = tg_report_from_json(&in, root);
	json_decref(root);
	return r;
}

struct tg_report *tg_report_load(const char *path, char *err, size_t errlen)
{
	struct tg_reading in = { path, err, errlen };
	struct tg_report *r;
	size_t len;
	char *buf;

	buf = tg_file_read(path, MAX_BYTES, &len);
	if (!buf) {
		if (errno == EFBIG)
			tg_field_fault(&in, "", "", "not a Tollgate report: larger than %u MiB",
				       MAX_BYTES >> 20);
		else
			tg_reading_fault(&in, "cannot read: %s", strerror(errno));
		return NULL;
	}
	r = tg_report_parse(buf, len, path, err, errlen);
	free(buf);
	return r;
}

/* Sets a member and gives away the value; a NULL value means short memory, as elsewhere. */
static json_t *add_object(json_t *root, const char *key)
{
	json_t *object = json_object();

	return json_object_set_new(root, key, object) ? NULL : object;
}

static json_t *add_array(json_t *root, const char *key)
{
	json_t *array = json_array();

	return json_object_set_new(root, key, array) ? NULL : array;
}

static json_t *append_object(json_t *array)
{
	json_t *object = json_object();

	return json_array_append_new(array, object) ? NULL : object;
}

static int put_object(json_t *root, const char *key, const struct tg_table *table,
		      const void *base)
{
	json_t *object = add_object(root, key);

	return object ? tg_fields_put(object, table, base) : -1;
}

static int put_mitigations(json_t *root, const struct tg_environment *env)
{
	json_t *object = add_object(json_object_get(root, "environment"), "mitigations");

	if (!object)
		return -1;
	for (size_t i = 0; i < env->nr_mitigations; i++) {
		const struct tg_pair *pair = &env->mitigations[i];

		/* Keys are file names of the kernel's: plain ASCII. */
		if (json_object_set_new(object, pair->key, tg_json_text(pair->value)))
			return -1;
	}
	return 0;
}

static int put_figure(json_t *array, const struct tg_figure *f)
{
	json_t *object = append_object(array), *rounds, *left_out;

	if (!object || tg_fields_put(object, &tg_figure_table, f))
		return -1;
	rounds = add_array(object, "rounds");
	left_out = add_array(object, "left_out");
	if (!rounds || !left_out)
		return -1;
	for (size_t i = 0; i < f->nr_rounds; i++) {
		json_t *round = append_object(rounds);

		if (!round || tg_fields_put(round, &tg_round_table, &f->rounds[i]))
			return -1;
	}
	for (size_t i = 0; i < f->nr_events; i++) {
		json_t *event = i ? append_object(json_object_get(object, "events")) :
				    append_object(add_array(object, "events"));

		if (!event || tg_fields_put(event, &tg_event_figure_table, &f->events[i]))
			return -1;
	}
	for (size_t i = 0; i < f->nr_left_out; i++)
		if (json_array_append_new(left_out, tg_json_text(f->left_out[i])))
			return -1;
	return 0;
}

static int put_report(json_t *root, const struct tg_report *r)
{
	json_t *figures;

	if (tg_fields_put(root, &tg_report_table, r) ||
	    put_object(root, "environment", &tg_environment_table, &r->env) ||
	    put_mitigations(root, &r->env) ||
	    put_object(root, "plan", &tg_plan_table, &r->plan) ||
	    put_object(root, "calibration", &tg_calibration_table, &r->cal))
		return -1;
	figures = add_array(root, "figures");
	if (!figures)
		return -1;
	for (size_t i = 0; i < r->nr_figures; i++)
		if (put_figure(figures, &r->figures[i]))
			return -1;
	return tg_events_put(root, r);
}

/* As tg_report_dump(), naming the report in messages. */
static char *dump(const struct tg_report *r, const char *name, size_t *len, char *err,
		  size_t errlen)
{
	struct tg_reading in = { name, err, errlen };
	struct tg_report *check;
	json_t *root = json_object();
	char *text = NULL, *line;

	if (!root || put_report(root, r)) {
		errno = ENOMEM;
		tg_reading_fault(&in, "out of memory");
		goto out;
	}
	check = tg_report_from_json(&in, root);
	if (!check) {
		if (errno == EBADMSG)
			errno = EINVAL;
		goto out;
	}
	tg_report_free(check);

	text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS));
	if (text) {
		*len = strlen(text);
		line = realloc(text, *len + 2);
		if (line) {
			line[(*len)++] = '\n';
			line[*len] = '\0';
			text = line;
		} else {
			free(text);
			text = NULL;
		}
	}
	if (!text) {
		errno = ENOMEM;
		tg_reading_fault(&in, "out of memory");
	}
out:
	json_decref(root);
	return text;
}

char *tg_report_dump(const struct tg_report *r, size_t *len, char *err, size_t errlen)
{
	return dump(r, "report", len, err, errlen);
}

int tg_report_save(const struct tg_report *r, const char *path, char *err, size_t errlen)
{
	size_t len;
	char *text = dump(r, path, &len, err, errlen);
	int rc;

	if (!text)
		return -errno;
	rc = tg_file_replace(path, text, len, err, errlen);
	free(text);
	return rc;
}
