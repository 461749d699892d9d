/* SPDX-License-Identifier: GPL-2.0 */
/* What the doctor says of machines that this one is not (bench/doctor*.c, host_faults.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exit.h"
#include "sample_facts.h"

#define RANDOM_MACHINES	20000

static const struct tg_finding *find(const struct tg_diagnosis *d, const char *topic)
{
	for (size_t i = 0; i < d->nr; i++)
		if (!strcmp(d->finding[i].topic, topic))
			return &d->finding[i];
	return NULL;
}

static void assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' does not hold '%s'", text, part);
}

/* What is true of every diagnosis. */
static void assert_sound(const struct tg_diagnosis *d)
{
	bool any = false;

	assert_true(d->nr > 0 && d->nr < TG_FINDINGS_MAX);
	for (size_t i = 0; i < d->nr; i++) {
		const struct tg_finding *f = &d->finding[i];

		assert_ptr_equal(find(d, f->topic), f);
		assert_true(f->lanes && !(f->lanes & ~TG_ALL_LANES));
		assert_true(*f->fact && *f->means && *f->todo);
		/* one line each, whatever is in them */
		assert_true(strlen(f->means) <= TG_DOCTOR_LINE);
		assert_true(strlen(f->todo) <= TG_DOCTOR_LINE);
	}
	for (int lane = 0; lane < TG_NR_LANES; lane++) {
		const struct tg_verdict *v = &d->lane[lane];
		bool stopped = false;

		for (size_t i = 0; i < d->nr; i++)
			stopped |= d->finding[i].level == TG_STOP &&
				   d->finding[i].lanes >> lane & 1;
		assert_int_equal(v->usable, !stopped);
		assert_int_equal(strncmp(v->text, v->usable ? "yes, " : "no: ", v->usable ? 5 : 4), 0);
		any |= v->usable;
	}
	assert_int_equal(tg_doctor_exit(d), any ? TG_EXIT_OK : TG_EXIT_NOTHING);
}

static void assert_printable(const struct tg_diagnosis *d)
{
	char *text = NULL;
	size_t len, column = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(tg_doctor_text(d, out), 0);
	fclose(out);
	for (size_t i = 0; i < len; i++) {
		assert_true(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
		column = text[i] == '\n' ? 0 : column + 1;
		assert_true(column <= 80);
	}
	free(text);
}

static void a_good_machine(void **state)
{
	struct tg_facts f = good_facts();
	struct tg_diagnosis d;

	(void)state;
	tg_diagnose(&f, &d);
	assert_sound(&d);
	assert_string_equal(d.lane[TG_LANE_USER].text,
			    "yes, cycles by calibrated chains, error ~0.2 %");
	assert_string_equal(d.lane[TG_LANE_HOST].text, "yes, cycles, error ~0.2 %; "
			    "sudo make bench LANE=host loads the module");
	assert_string_equal(d.lane[TG_LANE_VM].text,
			    "yes, cycles (KVM native: cli takes 3 cycles)");
	/* mitigations are always worth a note */
	for (size_t i = 0; i < d.nr; i++)
		if (strcmp(d.finding[i].topic, "mitigations"))
			assert_int_equal(d.finding[i].level, TG_FINE);
}

static void one_thing_at_a_time(void **state)
{
	struct tg_facts good = good_facts(), f;
	struct tg_diagnosis before, d;

	(void)state;
	tg_diagnose(&good, &before);
	for (size_t i = 0; i < nr_sample_cases; i++) {
		const struct sample_case *c = &sample_cases[i];
		const struct tg_finding *found;

		print_message("# %s\n", c->name);
		f = good;
		c->change(&f);
		tg_diagnose(&f, &d);
		assert_sound(&d);
		assert_printable(&d);
		found = find(&d, c->topic);
		assert_non_null(found);
		assert_int_equal(found->level, c->level);
		assert_holds(found->fact, c->fact);
		assert_holds(found->todo, c->todo);
		for (int lane = 0; lane < TG_NR_LANES; lane++) {
			if (c->verdict[lane])
				assert_holds(d.lane[lane].text, c->verdict[lane]);
			else
				assert_string_equal(d.lane[lane].text, before.lane[lane].text);
		}
		/* what closes a lane is told by its verdict */
		if (found->level == TG_STOP)
			assert_true(c->verdict[0] || c->verdict[1] || c->verdict[2]);
	}
}

static void all_reasons_at_once(void **state)
{
	struct tg_facts f = good_facts();
	struct tg_diagnosis d;

	(void)state;
	f.host = (struct tg_host_facts){ .lockdown = "integrity", .debugfs = TG_DEBUGFS_OFF,
					 .modules = true, .sig_enforce = TG_YES };
	tg_diagnose(&f, &d);
	assert_string_equal(d.lane[TG_LANE_HOST].text,
			    "no: not root; locked down, lockdown=integrity; only signed modules; "
			    "debugfs is off");
	f.rdtscp = false;
	f.trial_fault = "no RDTSCP";
	f.qemu = NULL;
	tg_diagnose(&f, &d);
	assert_sound(&d);
	assert_int_equal(tg_doctor_exit(&d), TG_EXIT_NOTHING);
}

static void any_machine(void **state)
{
	uint64_t seed = 20260131;
	struct tg_diagnosis d;
	size_t verdicts[TG_NR_LANES][2] = { { 0 } };

	(void)state;
	for (int i = 0; i < RANDOM_MACHINES; i++) {
		struct tg_facts f = random_facts(&seed);

		tg_diagnose(&f, &d);
		assert_sound(&d);
		if (i % 20 == 0)
			assert_printable(&d);
		for (int lane = 0; lane < TG_NR_LANES; lane++)
			verdicts[lane][d.lane[lane].usable]++;
	}
	for (int lane = 0; lane < TG_NR_LANES; lane++)
		assert_true(verdicts[lane][0] && verdicts[lane][1]);
}

static void lists_of_cpus(void **state)
{
	(void)state;
	assert_true(tg_in_cpu_list("3", 3));
	assert_true(tg_in_cpu_list("0-2,7", 7));
	assert_true(tg_in_cpu_list("0-2,7", 1));
	assert_true(tg_in_cpu_list("1,3-5,9-12", 12));
	assert_false(tg_in_cpu_list("0-2,7", 3));
	assert_false(tg_in_cpu_list("13", 3));
	assert_false(tg_in_cpu_list("", 0));
	assert_false(tg_in_cpu_list(NULL, 0));
	assert_false(tg_in_cpu_list("none", 0));
	assert_false(tg_in_cpu_list(" ", 0));
}

static void words_of_kvm(void **state)
{
	struct tg_facts f = { .kvm = "native: 3 cycles" };

	(void)state;
	assert_true(tg_kvm_is(&f, "native"));
	assert_false(tg_kvm_is(&f, "nat"));
	f.kvm = "native";
	assert_true(tg_kvm_is(&f, "native"));
	f.kvm = "nativeless 3";
	assert_false(tg_kvm_is(&f, "native"));
	f.kvm = NULL;
	assert_false(tg_kvm_is(&f, "native"));
}

/* Each fault: its line has a way out, and it comes before the less fundamental. */
static void faults_of_a_host(void **state)
{
	struct tg_host_facts good = good_facts().host, h = good;

	(void)state;
	assert_int_equal(tg_host_faults(&good), 0);
	h.lockdown = NULL;
	assert_int_equal(tg_host_faults(&h), 0);
	h = good;
	h.modules = false;
	assert_int_equal(tg_host_faults(&h), 1 << TG_FAULT_MODULES);
	h = good;
	h.lockdown = "confidentiality";
	assert_int_equal(tg_host_faults(&h), 1 << TG_FAULT_LOCKDOWN);
	h.secure_boot = TG_YES;
	assert_int_equal(tg_host_faults(&h), 1 << TG_FAULT_SECURE_BOOT);
	h = good;
	h.root = false;
	assert_int_equal(tg_host_faults(&h), 1 << TG_FAULT_ROOT);
	h = good;
	h.sig_enforce = TG_YES;
	h.modules_disabled = true;
	assert_int_equal(tg_host_faults(&h), 1 << TG_FAULT_SIGNATURE | 1 << TG_FAULT_DISABLED);
	h.loaded = true;
	assert_int_equal(tg_host_faults(&h), 0);
	h.debugfs = TG_DEBUGFS_UNMOUNTED;
	assert_int_equal(tg_host_faults(&h), 1 << TG_FAULT_UNMOUNTED);
	h.loaded = false;
	h.sig_enforce = TG_NO;
	h.modules_disabled = false;
	assert_int_equal(tg_host_faults(&h), 0);
	h.debugfs = TG_DEBUGFS_OFF;
	assert_int_equal(tg_host_faults(&h), 1 << TG_FAULT_DEBUGFS);
	for (int i = 0; i < TG_NR_FAULTS; i++) {
		assert_true(tg_host_fault_texts[i].brief && tg_host_fault_texts[i].line);
		assert_null(strchr(tg_host_fault_texts[i].line, '\n'));
		assert_non_null(strchr(tg_host_fault_texts[i].line, ':'));
		assert_true(tg_host_fault_texts[i].code == TG_EXIT_NOTHING ||
			    tg_host_fault_texts[i].code == TG_EXIT_REFUSED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_machine),
		cmocka_unit_test(one_thing_at_a_time),
		cmocka_unit_test(all_reasons_at_once),
		cmocka_unit_test(any_machine),
		cmocka_unit_test(lists_of_cpus),
		cmocka_unit_test(words_of_kvm),
		cmocka_unit_test(faults_of_a_host),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL) ? 1 : 0;
}
