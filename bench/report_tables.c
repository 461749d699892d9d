/* SPDX-License-Identifier: GPL-2.0 */
/* The plain fields of each part of a report and what they may hold. */
#include <limits.h>

#include "report.h"
#include "report_fields.h"

static const char *const methods[] = { "SLOPE", "REARM", "PAIR", "SHOT", "STEPS", "LOOP", "EVENT" };
static const char *const tiers[] = { "core", "full", "patterns" };

/* Beyond 2^53 not every reader of JSON keeps a whole number exact. */
#define MOST (1L << 53)

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* Each macro wants STRUCT, the struct that the table describes; keys are its members' names. */
#define FIELD(type, member) \
	{ .key = #member, .kind = TG_FIELD_##type, .at = offsetof(STRUCT, member) }
#define WHOLE(type, member, low, high) \
	{ .key = #member, .kind = TG_FIELD_##type, .at = offsetof(STRUCT, member), \
	  .least = (low), .most = (high) }
/* A whole number that reports before it came lack; tg_report_new() sets what stands for that. */
#define LATER(type, member, low, high) \
	{ .key = #member, .kind = TG_FIELD_##type, .at = offsetof(STRUCT, member), \
	  .least = (low), .most = (high), .later = true }
#define CHOICE(type, member, list, count) \
	{ .key = #member, .kind = TG_FIELD_##type, .at = offsetof(STRUCT, member), \
	  .words = (list), .nr_words = (count) }

#define STRUCT struct tg_report
static const struct tg_field report_fields[] = {
	WHOLE(INT, schema, TG_SCHEMA, TG_SCHEMA),
	FIELD(TEXT, tollgate),
	CHOICE(ENUM, lane, tg_lane_names, TG_NR_LANES),
};
const struct tg_table tg_report_table = { report_fields, NR(report_fields) };
#undef STRUCT

#define STRUCT struct tg_environment
static const struct tg_field environment_fields[] = {
	FIELD(DATE, date),
	FIELD(TEXT, cpu),
	FIELD(TEXT, vendor),
	WHOLE(INT, family, 0, INT_MAX),
	WHOLE(INT, model, 0, INT_MAX),
	WHOLE(INT, stepping, 0, INT_MAX),
	FIELD(TEXT, core_type),
	FIELD(TEXT, microcode),
	FIELD(TEXT, kernel),
	FIELD(TEXT, kernel_build),
	FIELD(LINE, cmdline),
	FIELD(TEXT, hypervisor),
	WHOLE(INT, cpus, 1, INT_MAX),
	WHOLE(INT, cpu_pinned, 0, INT_MAX),
	WHOLE(INT, cpu_second, -1, INT_MAX),
	LATER(INT, nodes, 0, INT_MAX),
	LATER(INT, cpu_node, -1, INT_MAX),
	LATER(INT, mem_node, -1, INT_MAX),
	LATER(INT, mem_distance, 0, INT_MAX),
	LATER(INT, remote_node, -1, INT_MAX),
	LATER(INT, remote_distance, 0, INT_MAX),
	FIELD(TEXT, governor),
	FIELD(TEXT, smt),
	FIELD(MAYBE_SIZE, tsc_mhz),
	FIELD(OPTIONAL, qemu),
	FIELD(OPTIONAL, qemu_cpu),
	FIELD(OPTIONAL, accel),
	FIELD(OPTIONAL, append),
	FIELD(LATER, counters),
	FIELD(LATER, kvm),
};
const struct tg_table tg_environment_table = { environment_fields, NR(environment_fields) };
#undef STRUCT

#define STRUCT struct tg_plan_info
static const struct tg_field plan_fields[] = {
	WHOLE(INT, boots, 1, INT_MAX),
	WHOLE(INT, rounds, 1, INT_MAX),
	WHOLE(LONG, samples, 1, MOST),
	CHOICE(WORD, tier, tiers, NR(tiers)),
	FIELD(OPTIONAL, quiet),
};
const struct tg_table tg_plan_table = { plan_fields, NR(plan_fields) };
#undef STRUCT

#define STRUCT struct tg_calibration
static const struct tg_field calibration_fields[] = {
	CHOICE(ENUM, unit, tg_unit_names, TG_NR_UNITS),
	FIELD(MAYBE_SIZE, cycles_per_tick),
	FIELD(MAYBE_SIZE, error),
	FIELD(MAYBE, imul),
	FIELD(MAYBE, add),
	FIELD(MAYBE, canary),
	FIELD(MAYBE, bracket),
	FIELD(MAYBE, state),
	FIELD(MAYBE, entry),
	WHOLE(LONG, left_out, 0, MOST),
	WHOLE(LONG, tsc_step, 0, MOST),
	FIELD(LATER, counter),
	FIELD(BOOL, witness),
	FIELD(LINE, note),
};
const struct tg_table tg_calibration_table = { calibration_fields, NR(calibration_fields) };
#undef STRUCT

#define STRUCT struct tg_figure
static const struct tg_field figure_fields[] = {
	FIELD(NAME, name),
	CHOICE(WORD, method, methods, NR(methods)),
	CHOICE(ENUM, unit, tg_unit_names, TG_NR_UNITS),
	FIELD(MAYBE, value),
	FIELD(MAYBE_SIZE, error),
	FIELD(MAYBE, ns),
	WHOLE(LONG, samples, 0, MOST),
	WHOLE(LONG, discarded, 0, MOST),
	WHOLE(LONG, disturbed, 0, MOST),
	FIELD(BOOL, exits),
	FIELD(BOOL, quick),
	CHOICE(ENUM, status, tg_status_names, TG_NR_STATUS),
	FIELD(OPTIONAL, reason),
};
const struct tg_table tg_figure_table = { figure_fields, NR(figure_fields) };
#undef STRUCT

#define STRUCT struct tg_round
static const struct tg_field round_fields[] = {
	WHOLE(INT, boot, 0, INT_MAX),
	FIELD(REAL, value),
	FIELD(REAL, median),
};
const struct tg_table tg_round_table = { round_fields, NR(round_fields) };
#undef STRUCT

#define STRUCT struct tg_event_figure
static const struct tg_field event_fields[] = {
	FIELD(TEXT, name),
	FIELD(MAYBE, value),
	FIELD(MAYBE_SIZE, error),
	FIELD(MAYBE, user),
	FIELD(MAYBE, kernel),
	FIELD(OPTIONAL, reason),
};
const struct tg_table tg_event_figure_table = { event_fields, NR(event_fields) };
#undef STRUCT

#define STRUCT struct tg_count
static const struct tg_field count_fields[] = {
	FIELD(TEXT, name),
	FIELD(MAYBE_SIZE, value),
	FIELD(OPTIONAL, reason),
};
const struct tg_table tg_count_table = { count_fields, NR(count_fields) };
#undef STRUCT

#define STRUCT struct tg_histogram
static const struct tg_field histogram_fields[] = {
	FIELD(TEXT, name),
	FIELD(OPTIONAL, reason),
};
const struct tg_table tg_histogram_table = { histogram_fields, NR(histogram_fields) };
#undef STRUCT

#define STRUCT struct tg_bin
static const struct tg_field bin_fields[] = {
	FIELD(REAL, value),
	WHOLE(LONG, count, 0, MOST),
};
const struct tg_table tg_bin_table = { bin_fields, NR(bin_fields) };
#undef STRUCT

#define STRUCT struct tg_proof
static const struct tg_field proof_fields[] = {
	FIELD(TEXT, name),
	CHOICE(ENUM, result, tg_proof_names, TG_NR_PROOF_RESULTS),
	FIELD(LINE, bound),
	WHOLE(LONG, states, 0, MOST),
	FIELD(LINE, limits),
	FIELD(OPTIONAL, reason),
};
const struct tg_table tg_proof_table = { proof_fields, NR(proof_fields) };
#undef STRUCT
