// SPDX-License-Identifier: GPL-2.0
/* What this machine is and has. Reads, asks, and changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tollgate/fpu_image.h>
#include <tollgate/uapi.h>

#include "counters.h"
#include "doctor.h"
#include "engine.h"
#include "exit.h"
#include "home.h"
#include "script.h"
#include "select.h"
#include "sysfile.h"

/* asm/prctl.h of kernels from 5.16 */
#define TG_ARCH_GET_XCOMP_SUPP	0x1021

/* What vm/kvm-probe.sh may take at most, should its own limit fail, seconds. */
#define TG_PROBE_SECONDS	"60"
#define TG_TIMED_OUT		124	/* timeout(1) */
/* The kernel that lane vm takes by default, as vm/fetch.sh calls it. */
#define TG_VM_KERNEL		"6.12-cloud"

/* A word of /proc/cpuinfo's flags. */
static bool flag(const char *name)
{
	return tg_file_word("/proc/cpuinfo", "flags", name);
}

/* A bit of CPUID; false where the CPU has no such leaf. */
static bool cpuid_bit(__u32 leaf, __u32 sub, int reg, int bit)
{
	__u32 r[4];

	tg_cpuid(leaf & 0x80000000, 0, r);
	if (r[0] < leaf)
		return false;
	tg_cpuid(leaf, sub, r);
	return r[reg] >> bit & 1;
}

/* The first line of a file, or NULL where there is none. */
static char *line_or_null(const char *path)
{
	char *line = tg_first_line(path, "");

	if (line && *line)
		return line;
	free(line);
	return NULL;
}

/* CPUID.(EAX=7,ECX=0):EDX[24] AMX-TILE; whether the kernel grants it, arch_prctl(2). */
static enum tg_known amx(void)
{
	__u64 granted = 0;

	if (!cpuid_bit(7, 0, 3, 24))
		return TG_NO;
	if (syscall(SYS_arch_prctl, TG_ARCH_GET_XCOMP_SUPP, &granted) ||
	    (granted & TG_XFEATURE_AMX) != TG_XFEATURE_AMX)
		return TG_UNKNOWN;
	return TG_YES;
}

/* How many points of ring 3 run here, and what the first of the others lacks. */
static void count_rows(struct tg_facts *f)
{
	struct tg_selection s;
	char why[256], lacks[256] = "", err[256];
	size_t i, n;

	if (tg_select(NULL, 0, true, R3, &s, err, sizeof(err)))
		return;
	f->rows = s.n;
	for (i = 0; i < s.n; i++) {
		const char *what;

		if (tg_ring3_available(&s.points[i], why, sizeof(why))) {
			f->rows_here++;
			continue;
		}
		what = strstr(why, "lacks ");
		what = what ? what + 6 : why;
		n = strlen(lacks);
		if (!strstr(lacks, what) && n + strlen(what) + 3 < sizeof(lacks))
			snprintf(lacks + n, sizeof(lacks) - n, "%s%s", n ? "; " : "", what);
	}
	f->lacking = *lacks ? strdup(lacks) : NULL;
	tg_selection_free(&s);
}

/* intel_pstate's switch is the other way round. */
static enum tg_known turbo(void)
{
	char *no = line_or_null("/sys/devices/system/cpu/intel_pstate/no_turbo");
	char *boost = line_or_null("/sys/devices/system/cpu/cpufreq/boost");
	enum tg_known is = TG_UNKNOWN;

	if (no)
		is = strcmp(no, "0") ? TG_NO : TG_YES;
	else if (boost)
		is = strcmp(boost, "0") ? TG_YES : TG_NO;
	free(no);
	free(boost);
	return is;
}

static void gather_cpu(struct tg_facts *f)
{
	char path[128], line[256];

	f->pti = flag("pti");
	f->fred = flag("fred");
	f->fred_cpu = cpuid_bit(7, 1, 0, 17);
	f->amx = amx();
	f->tsc_invariant = cpuid_bit(0x80000007, 0, 3, 8);
	f->clocksource = line_or_null(
		"/sys/devices/system/clocksource/clocksource0/current_clocksource");
	f->xen = line_or_null("/sys/hypervisor/guest_type");
	f->counters = !tg_counters_describe(line, sizeof(line));
	f->counter_line = strdup(line);
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_driver",
		 f->cpu_pinned);
	f->driver = line_or_null(path);
	f->turbo = turbo();
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
		 f->cpu_pinned);
	f->siblings = line_or_null(path);
	f->isolated = tg_first_line("/sys/devices/system/cpu/isolated", "");
	f->nohz_full = tg_first_line("/sys/devices/system/cpu/nohz_full", "");
	if (f->nohz_full && !strcmp(f->nohz_full, "(null)"))
		*f->nohz_full = 0;
	count_rows(f);
}

/* The module's own word, once it is loaded: "refused=no", or the reason. */
static char *refused_by_module(void)
{
	char line[256], *why = NULL;
	FILE *s = fopen("/sys/kernel/debug/" TG_DEBUGFS_NAME "/status", "r");

	while (s && !why && fgets(line, sizeof(line), s)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "refused=", 8) && strcmp(line, "refused=no"))
			why = strdup(line + 8);
	}
	if (s)
		fclose(s);
	return why;
}

/* The kernel that a module was built for: the "vermagic=RELEASE " among its strings. */
static char *vermagic(const char *path)
{
	static const char key[] = "vermagic=";
	char found[128] = "";
	size_t matched = 0, n = 0;
	FILE *ko = fopen(path, "r");
	int c;

	while (ko && matched < sizeof(key) - 1 && (c = getc(ko)) != EOF)
		matched = c == key[matched] ? matched + 1 : c == key[0];
	while (ko && matched == sizeof(key) - 1 && n < sizeof(found) - 1 &&
	       (c = getc(ko)) != EOF && c > ' ')
		found[n++] = c;
	if (ko)
		fclose(ko);
	return n ? strdup(found) : NULL;
}

/* The lines of a text as one, for a message. */
static char *one_line(char *text)
{
	size_t n = strlen(text);

	while (n && text[n - 1] == '\n')
		text[--n] = 0;
	for (n = 0; text[n]; n++)
		if (text[n] == '\n')
			text[n] = ' ';
	return strdup(text);
}

/* Standard output of a script in a line; NULL where it fails. */
static char *output_of(char *const *argv)
{
	char out[2048], err[256];

	return tg_script(argv, NULL, out, sizeof(out), err, sizeof(err)) ? NULL : one_line(out);
}

static void gather_host(struct tg_facts *f)
{
	char *const missing[] = { "vm/setup.sh", "--missing", "module", "host", NULL };
	char path[PATH_MAX + 32];

	tg_host_facts_get(&f->host);
	if (f->host.loaded)
		f->module_refused = refused_by_module();
	if (!tg_home())
		return;
	snprintf(path, sizeof(path), "%s/tollgate.ko", tg_home());
	f->built = vermagic(path);
	f->host_missing = output_of(missing);
}

/*
 * /dev/kvm may be opened by anybody who has the right to; that alone changes
 * nothing. What its guests are good for vm/kvm-probe.sh says, within its time limit;
 * it shall not keep its answer in a file.
 */
static char *kvm(bool home)
{
	char probe[PATH_MAX + 32], out[512] = "", err[256];
	char *const argv[] = { "timeout", "-k", "5", TG_PROBE_SECONDS, probe, "--no-keep", NULL };
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), rc;

	if (fd < 0) {
		snprintf(out, sizeof(out), "%s: /dev/kvm: %s",
			 errno == EACCES || errno == EPERM ? "denied" : "absent", strerror(errno));
		return strdup(out);
	}
	close(fd);
	snprintf(probe, sizeof(probe), "%s/vm/kvm-probe.sh", home ? tg_home() : "");
	if (!home || access(probe, X_OK))
		return NULL;
	rc = tg_script(argv, "probing KVM", out, sizeof(out), err, sizeof(err));
	if (!*out)
		snprintf(out, sizeof(out), rc == TG_TIMED_OUT ?
			 "slow: no answer from vm/kvm-probe.sh in " TG_PROBE_SECONDS " s" :
			 "absent: vm/kvm-probe.sh: %s", err);
	return one_line(out);
}

/* MemAvailable of /proc/meminfo in MiB; -1 where there is none. */
static long memory(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "MemAvailable: %ld kB", &kib);
	if (f)
		fclose(f);
	return kib < 0 ? -1 : kib / 1024;
}

static void gather_vm(struct tg_facts *f)
{
	char *const version[] = { "qemu-system-x86_64", "--version", NULL };
	char *const missing[] = { "vm/setup.sh", "--missing", "module", "vm", NULL };
	char *const fetched[] = { "/bin/bash", "-c",
		". vm/lib.sh && cat \"$cache/kernels/" TG_VM_KERNEL ".resolved\"", NULL };
	char *const apt[] = { "apt-get", "--version", NULL };
	char *said;

	f->memory = memory();
	f->home = tg_home();
	f->kvm = kvm(f->home);
	said = output_of(version);
	if (said && strstr(said, "version ")) {
		f->qemu = strdup(strstr(said, "version ") + 8);
		f->qemu[strcspn(f->qemu, " (")] = 0;
	}
	free(said);
	said = output_of(apt);
	f->apt = said;
	free(said);
	if (!f->home)
		return;
	f->vm_missing = output_of(missing);
	f->vm_kernel = output_of(fetched);
}

void tg_facts_gather(struct tg_facts *f)
{
	gather_cpu(f);
	gather_host(f);
	gather_vm(f);
}

void tg_facts_free(struct tg_facts *f)
{
	char *const strings[] = {
		f->cpu, f->kernel, f->cmdline, f->core_type, f->hypervisor, f->xen, f->mitigations,
		f->lacking, f->clocksource, f->counter_line, f->trial_fault, f->note, f->driver,
		f->governor, f->smt, f->siblings, f->isolated, f->nohz_full, f->module_refused,
		f->built, f->host_missing, f->qemu, f->vm_missing, f->vm_kernel, f->kvm,
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		free(strings[i]);
	tg_host_facts_free(&f->host);
	memset(f, 0, sizeof(*f));
}
