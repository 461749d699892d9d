/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plain fields of a report as a table: one list serves the reader, the writer
 * and every message, so the three cannot disagree. results/schema.json says
 * the same to other programs; tests/unit/test_schema.py compares both.
 */
#ifndef TOLLGATE_REPORT_FIELDS_H
#define TOLLGATE_REPORT_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum tg_field_kind {		/* type of the member */
	TG_FIELD_TEXT,		/* char *, not empty */
	TG_FIELD_LINE,		/* char *, may be empty */
	TG_FIELD_OPTIONAL,	/* char *, NULL is null */
	TG_FIELD_LATER,		/* the same; missing in reports from before it was there */
	TG_FIELD_DATE,		/* char *, 2026-01-31T12:00:00Z */
	TG_FIELD_NAME,		/* char *, family/name...@r0 */
	TG_FIELD_WORD,		/* char *, one of words */
	TG_FIELD_ENUM,		/* enum, one of words */
	TG_FIELD_BOOL,		/* bool */
	TG_FIELD_INT,		/* int, from least to most */
	TG_FIELD_LONG,		/* long, from least to most */
	TG_FIELD_REAL,		/* double, a number */
	TG_FIELD_MAYBE,		/* double, NaN is null */
	TG_FIELD_MAYBE_SIZE,	/* double, 0 or more, NaN is null */
};

struct tg_field {
	const char *key;
	enum tg_field_kind kind;
	size_t at;			/* offset in the struct */
	long least, most;		/* INT, LONG */
	bool later;			/* older reports lack it: then it stays as it was */
	const char *const *words;	/* WORD, ENUM */
	size_t nr_words;
};

struct tg_report;

struct tg_table {
	const struct tg_field *fields;
	size_t nr;
};
extern const struct tg_table tg_report_table, tg_environment_table, tg_plan_table,
	tg_calibration_table, tg_figure_table, tg_round_table, tg_event_figure_table,
	tg_count_table, tg_histogram_table, tg_bin_table, tg_proof_table;

/* Where messages of one reading go, and what they start with. */
struct tg_reading {
	const char *file;
	char *err;
	size_t errlen;
};

/*
 * tg_field_fault - "file: place+key: must be ..." into the reading's error,
 * as one line of printable characters whatever the arguments hold. Sets errno
 * to EBADMSG and returns -1. place and key may be "".
 */
int tg_field_fault(const struct tg_reading *in, const char *place, const char *key,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* As above without a place: "file: ...". Leaves errno alone. */
int tg_reading_fault(const struct tg_reading *in, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Member key of object of this type, or NULL with the fault told. */
json_t *tg_field_of_type(const struct tg_reading *in, const json_t *object, const char *place,
			 const char *key, json_type type);

/*
 * tg_fields_get - fills the struct at base from object. base starts zeroed but
 * for what stands for "not there" in members that older reports lack;
 * strings set before a fault stay set, for the owner of the struct to free.
 * 0, or -1 with the fault told.
 */
int tg_fields_get(const struct tg_reading *in, const json_t *object, const char *place,
		  const struct tg_table *table, void *base);

/* tg_fields_put - sets the members of object. 0, or -1 when memory is short. */
int tg_fields_put(json_t *object, const struct tg_table *table, const void *base);

/*
 * tg_events_get - the members counts, histograms and proofs of root into r, which
 * has none yet; what was read before a fault stays, for tg_events_free(). 0, or
 * -1 with the fault told. tg_events_put - sets the three members. 0, or -1 when
 * memory is short.
 */
int tg_events_get(const struct tg_reading *in, const json_t *root, struct tg_report *r);
int tg_events_put(json_t *root, const struct tg_report *r);
void tg_events_free(struct tg_report *r);

/* The report a JSON tree describes, or NULL with the fault told. */
struct tg_report *tg_report_from_json(const struct tg_reading *in, const json_t *root);

/* A JSON string; bytes that are not UTF-8 become '?'. NULL gives null. */
json_t *tg_json_text(const char *s);

#endif
