// SPDX-License-Identifier: GPL-2.0
/* Lane vm: from options to the machine and the kernel that vm/boot.sh gets. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest.h"
#include "home.h"
#include "script.h"

static void add_arg(struct tg_guest *g, const char *word)
{
	/* the last stays NULL; there are fewer options than places */
	if (g->nr_args < TG_GUEST_ARGS - 1)
		g->args[g->nr_args++] = word;
}

static int qemu_version(struct tg_guest *g, char *err, size_t errlen)
{
	char *const argv[] = { "qemu-system-x86_64", "--version", NULL };
	char text[512], *word;

	if (tg_script(argv, NULL, text, sizeof(text), err, errlen)) {
		snprintf(err, errlen, "qemu-system-x86_64 is not there: install package qemu-system-x86, or run vm/setup.sh vm");
		return TG_EXIT_NOTHING;
	}
	word = strstr(text, "version ");
	snprintf(g->qemu, sizeof(g->qemu), "%.*s", word ? (int)strcspn(word + 8, " (\n") : 7,
		 word ? word + 8 : "unknown");
	return TG_EXIT_OK;
}

/* What /dev/kvm is worth here, into g->probe: a word and what it rests on. */
static int probe(struct tg_guest *g, char *err, size_t errlen)
{
	char *const argv[] = { "vm/kvm-probe.sh", NULL };
	int rc = tg_script(argv, "asking whether KVM runs ring 0 natively", g->probe,
			   sizeof(g->probe), err, errlen);

	if (rc)
		return rc;
	g->probe[strcspn(g->probe, "\n")] = 0;
	g->kvm = !strncmp(g->probe, "native", strlen("native"));
	return TG_EXIT_OK;
}

static int choose_accel(const struct tg_options *o, struct tg_guest *g, char *err, size_t errlen)
{
	int rc;

	if (o->vm_accel == TG_ACCEL_TCG)
		return TG_EXIT_OK;
	rc = probe(g, err, errlen);
	if (rc || o->vm_accel == TG_ACCEL_AUTO || g->kvm)
		return rc;
	snprintf(err, errlen, "--accel kvm: ring 0 under KVM is not native here, vm/kvm-probe.sh says: %.400s",
		 g->probe);
	return strncmp(g->probe, "absent", strlen("absent")) ? TG_EXIT_REFUSED : TG_EXIT_NOTHING;
}

int tg_guest_machine(const struct tg_options *o, struct tg_guest *g, char *err, size_t errlen)
{
	char *argv[TG_GUEST_ARGS + 3] = { "vm/boot.sh", "--try" };
	int rc;

	rc = qemu_version(g, err, errlen);
	if (!rc)
		rc = choose_accel(o, g, err, errlen);
	if (rc)
		return rc;
	g->icount = !g->kvm && !o->vm_no_icount;
	g->cpu_model = o->vm_cpu ? o->vm_cpu : g->kvm ? "host" : "max";
	add_arg(g, "--accel");
	add_arg(g, g->kvm ? "kvm" : "tcg");
	if (!g->icount && !g->kvm)
		add_arg(g, "--no-icount");
	add_arg(g, "--qemu-cpu");
	add_arg(g, g->cpu_model);
	if (o->vm_append) {
		add_arg(g, "--append");
		add_arg(g, o->vm_append);
	}
	if (o->mem) {
		snprintf(g->mem, sizeof(g->mem), "%d", o->mem);
		add_arg(g, "--mem");
		add_arg(g, g->mem);
	}
	if (o->smp) {
		snprintf(g->smp, sizeof(g->smp), "%d", o->smp);
		add_arg(g, "--smp");
		add_arg(g, g->smp);
	}
	if (o->numa) {
		snprintf(g->numa, sizeof(g->numa), "%d", o->numa);
		add_arg(g, "--numa");
		add_arg(g, g->numa);
	}
	memcpy(argv + 2, g->args, sizeof(g->args));
	return tg_script(argv, NULL, NULL, 0, err, errlen);
}

const char *tg_guest_accel(const struct tg_guest *g)
{
	return g->kvm ? "kvm" : g->icount ? "tcg,icount" : "tcg";
}

/* A key=value line of a script's output. */
static int value_of(const char *text, const char *key, char *buf, size_t len)
{
	size_t n = strlen(key);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, key, n) && text[n] == '=') {
			snprintf(buf, len, "%.*s", (int)strcspn(text + n + 1, "\n"), text + n + 1);
			return 0;
		}
	}
	return -1;
}

/* Scripts run in another directory: absolute, or the end with what is wrong with it. */
static int absolute(const char *name, char *path, char *err, size_t errlen)
{
	if (realpath(name, path))
		return TG_EXIT_OK;
	snprintf(err, errlen, "%s: %s", name, strerror(errno));
	return errno == EACCES ? TG_EXIT_REFUSED : TG_EXIT_INPUT;
}

int tg_guest_kernel(const struct tg_options *o, struct tg_guest *g, char *err, size_t errlen)
{
	char image[PATH_MAX], build[PATH_MAX], out[3 * PATH_MAX];
	char *argv[] = { "vm/kernel.sh", (char *)o->kernel, NULL, NULL, NULL };
	int rc;

	if (strchr(o->kernel, '/')) {
		rc = absolute(o->kernel, image, err, errlen);
		if (rc)
			return rc;
		argv[1] = image;
	}
	if (o->build) {
		rc = absolute(o->build, build, err, errlen);
		if (rc)
			return rc;
		argv[2] = "--build";
		argv[3] = build;
	}
	rc = tg_script(argv, "fetching the kernel", out, sizeof(out), err, errlen);
	if (rc)
		return rc;
	if (value_of(out, "release", g->release, sizeof(g->release)) ||
	    value_of(out, "image", g->image, sizeof(g->image)) ||
	    value_of(out, "build", g->build, sizeof(g->build))) {
		snprintf(err, errlen, "vm/kernel.sh %s did not say where the kernel is", o->kernel);
		return TG_EXIT_IO;
	}
	return TG_EXIT_OK;
}
