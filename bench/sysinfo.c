// SPDX-License-Identifier: GPL-2.0
/* What a reader must know of the machine to compare figures. Reads only. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <tollgate/fpu_image.h>

#include "cmdline.h"
#include "run.h"
#include "sysfile.h"

/* A field of the first processor in /proc/cpuinfo. */
static char *cpuinfo(const char *field)
{
	char line[4096], *value = NULL;
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && !value && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');
		size_t len = strlen(field);

		if (!colon || strncmp(line, field, len) || !strchr("\t :", line[len]))
			continue;
		line[strcspn(line, "\n")] = 0;
		value = strdup(colon + 1 + (colon[1] == ' '));
	}
	if (f)
		fclose(f);
	return value ? value : strdup("unknown");
}

static int cpuinfo_int(const char *field)
{
	char *s = cpuinfo(field);
	int v = atoi(s);

	free(s);
	return v;
}

static char *command_line(const char *nodename)
{
	char *line = tg_first_line("/proc/cmdline", ""), *kept;

	kept = line ? tg_command_line(line, nodename) : NULL;
	free(line);
	return kept;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct tg_pair *)a)->key, ((const struct tg_pair *)b)->key);
}

static void mitigations(struct tg_environment *env)
{
	static const char dir[] = "/sys/devices/system/cpu/vulnerabilities";
	struct tg_pair *more;
	struct dirent *e;
	char path[512];
	DIR *d = opendir(dir);

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		more = realloc(env->mitigations, (env->nr_mitigations + 1) * sizeof(*more));
		if (!more)
			break;
		env->mitigations = more;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		more[env->nr_mitigations].key = strdup(e->d_name);
		more[env->nr_mitigations++].value = tg_first_line(path, "unknown");
	}
	if (d)
		closedir(d);
	if (env->nr_mitigations)
		qsort(env->mitigations, env->nr_mitigations, sizeof(*env->mitigations), by_key);
}

/* CPUID's hypervisor signature (leaf 0x40000000), or "none". */
static char *hypervisor(void)
{
	char name[13] = "none";
	__u32 r[4];
	int i;

	tg_cpuid(1, 0, r);
	if (r[2] & (1U << 31)) {
		tg_cpuid(0x40000000, 0, r);
		memcpy(name, &r[1], 12);
		name[12] = 0;
		for (i = 0; i < 12; i++)
			if (name[i] && (name[i] < ' ' || name[i] > '~'))
				name[i] = '?';
		if (!*name)
			snprintf(name, sizeof(name), "unnamed");
	}
	return strdup(name);
}

/* TSC ticks a microsecond, against CLOCK_MONOTONIC_RAW over 20 ms. */
static double tsc_mhz(void)
{
	struct timespec a, b;
	uint64_t t0, t1;
	double us;

	clock_gettime(CLOCK_MONOTONIC_RAW, &a);
	t0 = __rdtsc();
	do {
		clock_gettime(CLOCK_MONOTONIC_RAW, &b);
		t1 = __rdtsc();
		us = (b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3;
	} while (us < 20000);
	return (t1 - t0) / us;
}

static char *now_utc(void)
{
	char text[32];
	time_t t = time(NULL);
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	return strdup(text);
}

void tg_sysinfo(struct tg_environment *env, int cpu)
{
	char path[128];
	struct utsname u;

	uname(&u);
	env->date = now_utc();
	env->cpu = cpuinfo("model name");
	env->vendor = cpuinfo("vendor_id");
	env->family = cpuinfo_int("cpu family");
	env->model = cpuinfo_int("model");
	env->stepping = cpuinfo_int("stepping");
	env->microcode = cpuinfo("microcode");
	env->kernel = strdup(u.release);
	env->kernel_build = strdup(u.version);
	env->cmdline = command_line(u.nodename);
	mitigations(env);
	env->hypervisor = hypervisor();
	env->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	env->cpu_pinned = cpu;
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu);
	env->governor = tg_first_line(path, "none");
	env->smt = tg_first_line("/sys/devices/system/cpu/smt/control", "unknown");
	env->tsc_mhz = tsc_mhz();
}
