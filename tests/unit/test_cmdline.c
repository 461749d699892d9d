/* SPDX-License-Identifier: GPL-2.0 */
/* What a report keeps of a kernel's command line (bench/cmdline.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdline.h"
#include "stats.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static void assert_keeps(const char *line, const char *kept)
{
	char *got = tg_command_line(line, "zebra");

	assert_non_null(got);
	assert_string_equal(got, kept);
	free(got);
}

/* Changes the value, keeps the name: ~ and four digits. */
static void assert_hides(const char *word)
{
	size_t name = strcspn(word, "=");
	char *got = tg_command_line(word, "zebra");

	assert_non_null(got);
	if (strlen(got) != name + 6 || strncmp(got, word, name + 1) || got[name + 1] != '~' ||
	    strspn(got + name + 2, "0123456789abcdef") != 4)
		fail_msg("'%s' became '%s'", word, got);
	free(got);
}

static void what_changes_costs_is_kept(void **state)
{
	static const char *const lines[] = {
		"quiet", "mitigations=auto,nosmt", "nohz_full=1-3,8-31:1/2", "isolcpus=managed_irq,domain,1-3",
		"nopti", "spectre_v2=retpoline,generic", "tsc=reliable", "idle=poll", "intel_pstate=disable",
		"processor.max_cstate=1", "trace_event=sched:sched_switch", "numa=fake=2:1", "fred=on",
		"console=ttyS0,115200n8", "mem=4G", "memmap=0x10000$0x18690000", "hugepages=0:512,1:512",
		"preempt=full", "threadirqs", "kvm.nx_huge_pages=never", "x=", "=x", "lockdown=integrity",
		"module.sig_enforce=1", "rcu-nocbs=1-3", "cpus=1,4-7", "a=zebras", "b=quagga-zebra",
		"slub_debug=FZ,kmalloc-64", "crashkernel=1G-4G:192M", "quiet splash preempt=none",
	};

	(void)state;
	for (size_t i = 0; i < NR(lines); i++)
		assert_keeps(lines[i], lines[i]);
	assert_keeps("", "");
	assert_keeps("  a\tb\n", "a b");
}

static void what_names_a_machine_is_not(void **state)
{
	static const char *const dropped[] = {
		"root=UUID=01234567-89ab-cdef-0123-456789abcdef", "root=/dev/sda1", "root=LABEL=zebra",
		"ip=10.1.2.3::10.1.2.1:255.255.255.0:zebra:eth0:off", "ip=dhcp", "BOOTIF=01-52-54-00-aa-bb-cc",
		"BOOT_IMAGE=/boot/vmlinuz-6.12", "resume=UUID=x", "systemd.hostname=quagga",
		"systemd.machine-id=0123456789abcdef0123456789abcdef", "rd.luks.uuid=luks-0123",
		"nfsroot=10.0.0.1:/srv", "init=/sbin/init", "/dev/sda1", "user@quagga", "10.0.0.1:/srv",
		"hostname=quagga", "netconsole=@10.0.0.2/,@10.0.0.1/", "initrd=/boot/initrd",
		"luks.name=x=y", "cloud-config-url=quagga", "-- --addr 1.2.3.4 quagga",
	};
	static const char *const hidden[] = {
		"a.id=01234567-89ab-cdef-0123-456789abcdef", "foo=10.2.3.4", "foo=x,10.2.3.4", "foo=fe80::1",
		"mac=52:54:00:12:34:56", "mac=52-54-00-12-34-56", "path=/srv/quagga", "who=quagga@host",
		"server=quagga.example.org", "server=quagga.local", "serial=1234567890", "wwn=5000c500a1b2c3d4",
		"id=0123456789abcdef0123456789abcdef", "name=zebra", "name=a,zebra,b", "foo=LABEL=x",
		"isolcpus=zebra",
	};

	(void)state;
	for (size_t i = 0; i < NR(dropped); i++)
		assert_keeps(dropped[i], "");
	for (size_t i = 0; i < NR(hidden); i++)
		assert_hides(hidden[i]);
	assert_keeps("quiet root=UUID=x ro", "quiet ro");
	assert_keeps("ro -- quiet", "ro");
	/* blanks inside of quotes do not part words */
	assert_keeps("root=\"LABEL=my disk\" ro", "ro");
	assert_hides("dyndbg=\"file /x.c +p\"");
}

/* Equal lines stay equal, lines that differ in what may matter differ. */
static void equal_stays_equal(void **state)
{
	char *a = tg_command_line("ro foo=/x/1 bar=1", "zebra");
	char *b = tg_command_line("ro foo=/x/1 bar=1 root=/dev/sdb", "quagga");
	char *c = tg_command_line("ro foo=/x/2 bar=1", "zebra");
	char *none = tg_command_line("name=zebra", NULL);

	(void)state;
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_string_equal(none, "name=zebra");
	free(a);
	free(b);
	free(c);
	free(none);
}

/* Any bytes: no read or write beyond the end (the sanitisers see them). */
static void any_line(void **state)
{
	static const char letters[] = "ab=/:@-.,~\"\t 0123456789fUID";
	uint64_t seed = 77;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t n = tg_random_below(&seed, 60);
		char *line = malloc(n + 1), *got;

		for (size_t j = 0; j < n; j++)
			line[j] = letters[tg_random_below(&seed, sizeof(letters) - 1)];
		line[n] = 0;
		got = tg_command_line(line, i % 3 ? "ab" : NULL);
		assert_non_null(got);
		free(got);
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes_costs_is_kept),
		cmocka_unit_test(what_names_a_machine_is_not),
		cmocka_unit_test(equal_stays_equal),
		cmocka_unit_test(any_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL) ? 1 : 0;
}
