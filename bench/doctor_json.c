// SPDX-License-Identifier: GPL-2.0
/* A diagnosis as JSON, its facts with it: results/doctor.schema.json describes it. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tollgate/uapi.h>

#include "doctor.h"
#include "report_fields.h"

#define MOST (1L << 53)
#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define AT(kind_, key_, member) \
	{ .key = (key_), .kind = TG_FIELD_##kind_, .at = offsetof(struct tg_facts, member) }
#define FACT(kind, member)	AT(kind, #member, member)
#define WORDS(key_, member, list, count) \
	{ .key = (key_), .kind = TG_FIELD_ENUM, .at = offsetof(struct tg_facts, member), \
	  .words = (list), .nr_words = (count) }

static const struct tg_field facts[] = {
	FACT(OPTIONAL, cpu),
	FACT(OPTIONAL, kernel),
	FACT(OPTIONAL, cmdline),
	FACT(INT, cpus),
	FACT(INT, cpu_pinned),
	FACT(OPTIONAL, core_type),
	FACT(OPTIONAL, hypervisor),
	FACT(OPTIONAL, xen),
	FACT(BOOL, pti),
	FACT(BOOL, fred),
	FACT(BOOL, fred_cpu),
	WORDS("amx", amx, tg_known_names, TG_NR_KNOWN),
	FACT(OPTIONAL, mitigations),
	FACT(INT, rows),
	FACT(INT, rows_here),
	FACT(OPTIONAL, lacking),
	FACT(BOOL, rdtscp),
	FACT(BOOL, tsc_invariant),
	FACT(MAYBE, tsc_mhz),
	FACT(LONG, tsc_step),
	FACT(OPTIONAL, clocksource),
	FACT(BOOL, counters),
	FACT(OPTIONAL, counter_line),
	FACT(OPTIONAL, trial_fault),
	FACT(MAYBE, cycles_per_tick),
	FACT(OPTIONAL, note),
	FACT(MAYBE, known),
	FACT(MAYBE, error),
	FACT(LONG, readings),
	FACT(LONG, left_out),
	FACT(MAYBE, state),
	FACT(MAYBE, entry),
	FACT(BOOL, witness),
	FACT(OPTIONAL, driver),
	FACT(OPTIONAL, governor),
	WORDS("turbo", turbo, tg_known_names, TG_NR_KNOWN),
	FACT(OPTIONAL, smt),
	FACT(OPTIONAL, siblings),
	FACT(OPTIONAL, isolated),
	FACT(OPTIONAL, nohz_full),
	AT(BOOL, "root", host.root),
	AT(BOOL, "modules", host.modules),
	AT(BOOL, "modules_disabled", host.modules_disabled),
	AT(OPTIONAL, "lockdown", host.lockdown),
	WORDS("secure_boot", host.secure_boot, tg_known_names, TG_NR_KNOWN),
	WORDS("sig_enforce", host.sig_enforce, tg_known_names, TG_NR_KNOWN),
	WORDS("debugfs", host.debugfs, tg_debugfs_names, TG_NR_DEBUGFS),
	AT(BOOL, "loaded", host.loaded),
	FACT(OPTIONAL, module_refused),
	FACT(OPTIONAL, built),
	FACT(OPTIONAL, host_missing),
	FACT(BOOL, home),
	FACT(OPTIONAL, qemu),
	FACT(OPTIONAL, vm_missing),
	FACT(OPTIONAL, vm_kernel),
	FACT(BOOL, apt),
	FACT(OPTIONAL, kvm),
	FACT(LONG, memory),
};

static json_t *number(double v)
{
	return isnan(v) ? json_null() : json_real(v);
}

static json_t *lane_names(unsigned int lanes)
{
	json_t *list = json_array();

	for (int lane = 0; lane < TG_NR_LANES; lane++)
		if (lanes & 1u << lane)
			json_array_append_new(list, json_string(tg_lane_names[lane]));
	return list;
}

static json_t *lanes(const struct tg_diagnosis *d)
{
	json_t *object = json_object();

	for (int lane = 0; lane < TG_NR_LANES; lane++) {
		const struct tg_verdict *v = &d->lane[lane];
		json_t *one = json_object();

		json_object_set_new(one, "usable", json_boolean(v->usable));
		json_object_set_new(one, "unit", v->usable ? json_string(tg_unit_names[v->unit]) :
							     json_null());
		json_object_set_new(one, "error_percent", number(v->error));
		json_object_set_new(one, "verdict", tg_json_text(v->text));
		json_object_set_new(object, tg_lane_names[lane], one);
	}
	return object;
}

static json_t *findings(const struct tg_diagnosis *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->nr; i++) {
		const struct tg_finding *f = &d->finding[i];
		json_t *one = json_object();

		json_object_set_new(one, "topic", json_string(f->topic));
		json_object_set_new(one, "lanes", lane_names(f->lanes));
		json_object_set_new(one, "level", json_string(tg_level_names[f->level]));
		json_object_set_new(one, "fact", tg_json_text(f->fact));
		json_object_set_new(one, "means", tg_json_text(f->means));
		json_object_set_new(one, "do", tg_json_text(f->todo));
		json_array_append_new(list, one);
	}
	return list;
}

char *tg_doctor_dump(const struct tg_facts *f, const struct tg_diagnosis *d)
{
	static const struct tg_table table = { facts, NR(facts) };
	json_t *root = json_object(), *object = json_object();
	char *text = NULL, *line;
	size_t len;

	json_object_set_new(root, "doctor", json_integer(TG_DOCTOR_SCHEMA));
	json_object_set_new(root, "tollgate", json_string(TG_VERSION));
	json_object_set_new(root, "lanes", lanes(d));
	json_object_set_new(root, "findings", findings(d));
	if (!tg_fields_put(object, &table, f))
		json_object_set(root, "facts", object);
	json_decref(object);
	/* what memory did not suffice for is missing */
	if (json_object_size(root) == 5)
		text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	json_decref(root);
	if (!text)
		return NULL;
	len = strlen(text);
	line = realloc(text, len + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	strcpy(line + len, "\n");
	return line;
}
