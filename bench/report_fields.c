/* SPDX-License-Identifier: GPL-2.0 */
/* Reads and writes the plain fields of a report: see report_fields.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_fields.h"

/* File names and JSON excerpts may hold line ends or escapes; an error is one line. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			*s = '?';
}

static void tell(const struct tg_reading *in, const char *place, const char *key, const char *fmt,
		 va_list args)
{
	char what[512];

	if (!in->err || !in->errlen)
		return;
	vsnprintf(what, sizeof(what), fmt, args);
	if (*place || *key)
		snprintf(in->err, in->errlen, "%s: %s%s: %s", in->file, place, key, what);
	else
		snprintf(in->err, in->errlen, "%s: %s", in->file, what);
	make_printable(in->err);
}

int tg_field_fault(const struct tg_reading *in, const char *place, const char *key,
		   const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell(in, place, key, fmt, args);
	va_end(args);
	errno = EBADMSG;
	return -1;
}

int tg_reading_fault(const struct tg_reading *in, const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, fmt);
	tell(in, "", "", fmt, args);
	va_end(args);
	errno = saved;
	return -1;
}

static const char *type_name(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		break;
	}
	return "null";
}

/* What a message says was found: short values themselves, else their type. */
static const char *found(const json_t *value, char *text, size_t len)
{
	if (!value)
		return "missing";
	if (json_is_string(value))
		snprintf(text, len, "\"%.40s\"", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(text, len, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, len, "%.10g", json_real_value(value));
	else
		snprintf(text, len, "%s", type_name(json_typeof(value)));
	return text;
}

static int wrong(const struct tg_reading *in, const char *place, const char *key,
		 const char *allowed, const json_t *value)
{
	char text[64];

	if (!value)
		return tg_field_fault(in, place, key, "missing; must be %s", allowed);
	return tg_field_fault(in, place, key, "must be %s, not %s", allowed,
			      found(value, text, sizeof(text)));
}

json_t *tg_field_of_type(const struct tg_reading *in, const json_t *object, const char *place,
			 const char *key, json_type type)
{
	json_t *value = json_object_get(object, key);

	if (value && json_typeof(value) == type)
		return value;
	wrong(in, place, key, type_name(type), value);
	return NULL;
}

static bool is_date(const char *s)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";

	if (strlen(s) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != shape[i])
			return false;
	}
	return true;
}

/* family/name[:value]...@ring, of printable ASCII without a space. */
static bool is_figure_name(const char *s)
{
	const char *slash = strchr(s, '/'), *at = strchr(s, '@');

	for (const char *c = s; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	if (!slash || !at || slash == s || at <= slash + 1 || strchr(slash + 1, '/'))
		return false;
	return !strcmp(at, "@r0") || !strcmp(at, "@r3") || !strcmp(at, "@cross");
}

static bool find_word(const struct tg_field *f, const char *s, size_t *index)
{
	for (*index = 0; *index < f->nr_words; ++*index)
		if (!strcmp(s, f->words[*index]))
			return true;
	return false;
}

static int get_word(const struct tg_reading *in, const char *place, const struct tg_field *f,
		    const json_t *value, size_t *index)
{
	char allowed[160] = "one of";
	size_t len = strlen(allowed);

	if (json_is_string(value) && find_word(f, json_string_value(value), index))
		return 0;
	for (size_t i = 0; i < f->nr_words && len < sizeof(allowed); i++)
		len += (size_t)snprintf(allowed + len, sizeof(allowed) - len, "%s \"%s\"",
					i ? "," : "", f->words[i]);
	return wrong(in, place, f->key, allowed, value);
}

static int get_string(const struct tg_reading *in, const char *place, const struct tg_field *f,
		      const json_t *value, char **to)
{
	const char *s = json_string_value(value);
	size_t index;

	switch (f->kind) {
	case TG_FIELD_TEXT:
		if (!s || !*s)
			return wrong(in, place, f->key, "a string that is not empty", value);
		break;
	case TG_FIELD_DATE:
		if (!s || !is_date(s))
			return wrong(in, place, f->key,
				     "a UTC date like \"2026-01-31T12:00:00Z\"", value);
		break;
	case TG_FIELD_NAME:
		if (!s || !is_figure_name(s))
			return wrong(in, place, f->key,
				     "a name like \"irq/cli@r0\" (ring: r0, r3 or cross)", value);
		break;
	case TG_FIELD_WORD:
		if (get_word(in, place, f, value, &index))
			return -1;
		break;
	case TG_FIELD_LATER:
	case TG_FIELD_OPTIONAL:
		if (json_is_null(value) || (!value && f->kind == TG_FIELD_LATER)) {
			*to = NULL;
			return 0;
		}
		if (!s)
			return wrong(in, place, f->key, "a string or null", value);
		break;
	default:
		if (!s)
			return wrong(in, place, f->key, "a string", value);
	}

	*to = strdup(s);
	if (!*to)
		return tg_reading_fault(in, "out of memory");
	return 0;
}

/* JSON knows no integers: 20.0 is 20, here as in JSON Schema. */
static int get_whole(const struct tg_reading *in, const char *place, const struct tg_field *f,
		     const json_t *value, long *to)
{
	double real = json_number_value(value);
	char allowed[96];

	if (json_is_integer(value) && json_integer_value(value) >= f->least &&
	    json_integer_value(value) <= f->most) {
		*to = (long)json_integer_value(value);
		return 0;
	}
	if (json_is_real(value) && real == floor(real) && real >= (double)f->least &&
	    real <= (double)f->most) {
		*to = (long)real;
		return 0;
	}
	if (f->least == f->most)
		snprintf(allowed, sizeof(allowed), "%ld", f->least);
	else
		snprintf(allowed, sizeof(allowed), "a whole number from %ld to %ld", f->least,
			 f->most);
	return wrong(in, place, f->key, allowed, value);
}

static int get_real(const struct tg_reading *in, const char *place, const struct tg_field *f,
		    const json_t *value, double *to)
{
	if (json_is_null(value) && f->kind != TG_FIELD_REAL) {
		*to = NAN;
		return 0;
	}
	if (json_is_number(value) &&
	    (f->kind != TG_FIELD_MAYBE_SIZE || json_number_value(value) >= 0)) {
		*to = json_number_value(value);
		return 0;
	}
	return wrong(in, place, f->key,
		     f->kind == TG_FIELD_REAL ? "a number" :
		     f->kind == TG_FIELD_MAYBE ? "a number or null" :
		     "a number of 0 or more, or null", value);
}

static int get_field(const struct tg_reading *in, const json_t *value, const char *place,
		     const struct tg_field *f, void *to)
{
	size_t index;
	long whole;

	switch (f->kind) {
	case TG_FIELD_ENUM:
		if (get_word(in, place, f, value, &index))
			return -1;
		*(unsigned int *)to = (unsigned int)index;
		return 0;
	case TG_FIELD_BOOL:
		if (!json_is_boolean(value))
			return wrong(in, place, f->key, "true or false", value);
		*(bool *)to = json_is_true(value);
		return 0;
	case TG_FIELD_INT:
		if (get_whole(in, place, f, value, &whole))
			return -1;
		*(int *)to = (int)whole;
		return 0;
	case TG_FIELD_LONG:
		return get_whole(in, place, f, value, to);
	case TG_FIELD_REAL:
	case TG_FIELD_MAYBE:
	case TG_FIELD_MAYBE_SIZE:
		return get_real(in, place, f, value, to);
	default:
		return get_string(in, place, f, value, to);
	}
}

int tg_fields_get(const struct tg_reading *in, const json_t *object, const char *place,
		  const struct tg_table *table, void *base)
{
	for (size_t i = 0; i < table->nr; i++) {
		const struct tg_field *f = &table->fields[i];
		const json_t *value = json_object_get(object, f->key);

		if (!value && f->later)
			continue;
		if (get_field(in, value, place, f, (char *)base + f->at))
			return -1;
	}
	return 0;
}

json_t *tg_json_text(const char *s)
{
	json_t *text;
	char *clean;

	if (!s)
		return json_null();
	text = json_string(s);
	if (text)
		return text;

	clean = strdup(s);
	if (!clean)
		return NULL;
	for (char *c = clean; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	text = json_string(clean);
	free(clean);
	return text;
}

static json_t *field_value(const struct tg_field *f, const void *from)
{
	double real;

	switch (f->kind) {
	case TG_FIELD_ENUM:
		/* An enum out of range becomes null, which the reader's check then refuses. */
		if (*(const unsigned int *)from >= f->nr_words)
			return json_null();
		return json_string(f->words[*(const unsigned int *)from]);
	case TG_FIELD_BOOL:
		return json_boolean(*(const bool *)from);
	case TG_FIELD_INT:
		return json_integer(*(const int *)from);
	case TG_FIELD_LONG:
		return json_integer(*(const long *)from);
	case TG_FIELD_REAL:
	case TG_FIELD_MAYBE:
	case TG_FIELD_MAYBE_SIZE:
		real = *(const double *)from;
		/* ten digits would round it, past its limit perhaps */
		if (fabs(real) >= 1e10 && fabs(real) <= 0x1p53 && real == floor(real))
			return json_integer((json_int_t)real);
		return isfinite(real) ? json_real(real) : json_null();
	default:
		return tg_json_text(*(char *const *)from);
	}
}

int tg_fields_put(json_t *object, const struct tg_table *table, const void *base)
{
	for (size_t i = 0; i < table->nr; i++) {
		const struct tg_field *f = &table->fields[i];

		if (json_object_set_new(object, f->key,
					field_value(f, (const char *)base + f->at)))
			return -1;
	}
	return 0;
}
