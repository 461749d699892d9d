// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "home.h"
#include "run.h"

/* mkdir -p; what was made is left: it is where the report goes. */
static int make_dirs(const char *path, char *err, size_t errlen)
{
	char part[4096];
	size_t i;

	if (strlen(path) >= sizeof(part)) {
		snprintf(err, errlen, "directory name of %zu bytes; allowed: at most %zu",
			 strlen(path), sizeof(part) - 1);
		return -1;
	}
	for (i = 1; i <= strlen(path); i++) {
		if (path[i] && path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0777) && errno != EEXIST) {
			snprintf(err, errlen, "cannot make directory %s: %s", part,
				 strerror(errno));
			return -1;
		}
	}
	return 0;
}

/*
 * Where reports go unless -o says: results/local/<UTC>-<lane>-<kernel>, made
 * here; of two runs in one second the later gets -2 behind it.
 */
static int default_dir(const struct tg_report *r, char *dir, size_t len, char *err, size_t errlen)
{
	char date[32];
	size_t i, n = 0, end;

	for (i = 0; r->env.date[i] && n < sizeof(date) - 1; i++)
		if (!strchr("-:", r->env.date[i]))
			date[n++] = r->env.date[i];
	date[n] = 0;
	if (make_dirs(tg_results_local(), err, errlen))
		return -1;
	end = snprintf(dir, len, "%s/%s-%s-%s", tg_results_local(), date,
		       tg_lane_names[r->lane], r->env.kernel);
	for (i = 2; mkdir(dir, 0777); i++) {
		if (errno != EEXIST || i > 1000 || end + 8 > len) {
			snprintf(err, errlen, "cannot make directory %s: %s", dir,
				 strerror(errno));
			return -1;
		}
		snprintf(dir + end, len - end, "-%zu", i);
	}
	return 0;
}

/* nearest: the folder that refuses, said where it is another than the one asked for. */
static int cannot_write(const char *dir, const char *nearest, const char *why, char *err,
			size_t errlen)
{
	bool other = strcmp(dir, nearest);

	snprintf(err, errlen, "cannot write in %s: %s%s%s", dir, other ? nearest : "",
		 other ? ": " : "", why);
	return TG_EXIT_IO;
}

/*
 * Whether the report can go where it shall, before anybody waits for figures:
 * in the folder, or the nearest one above it that is there, another can be made.
 * Permission bits alone do not tell: root may write in /proc, which takes nothing.
 * Nothing of it is left: the run may still be refused.
 */
static int check_output(const struct tg_options *o, char *err, size_t errlen)
{
	const char *dir = o->output ? o->output : tg_results_local();
	char part[4096], probe[sizeof(part) + 24], *slash;
	struct stat st;

	if (o->json)
		return TG_EXIT_OK;
	snprintf(part, sizeof(part), "%s", dir);
	while (stat(part, &st) && errno == ENOENT) {
		slash = strrchr(part, '/');
		if (slash > part)
			*slash = 0;
		else
			snprintf(part, sizeof(part), "%s", slash ? "/" : ".");
	}
	if (stat(part, &st) || access(part, W_OK | X_OK))
		return cannot_write(dir, part, strerror(errno), err, errlen);
	if (!S_ISDIR(st.st_mode))
		return cannot_write(dir, part, strerror(ENOTDIR), err, errlen);
	snprintf(probe, sizeof(probe), "%s/.tollgate-XXXXXX", part);
	/* the folder was there just now: it is the new one in it that cannot be */
	if (!mkdtemp(probe) || rmdir(probe))
		return cannot_write(dir, part, errno == ENOENT ? "nothing can be made there" :
				    strerror(errno), err, errlen);
	return TG_EXIT_OK;
}

static int save(const struct tg_report *r, const char *dir, char *err, size_t errlen)
{
	char path[4096];

	if (make_dirs(dir, err, errlen))
		return TG_EXIT_IO;
	snprintf(path, sizeof(path), "%s/report.json", dir);
	if (tg_report_save(r, path, err, errlen))
		return TG_EXIT_IO;
	snprintf(path, sizeof(path), "%s/report.txt", dir);
	return tg_report_save_text(r, path, err, errlen) ? TG_EXIT_IO : TG_EXIT_OK;
}

/* Saves and prints; what cannot be saved is printed all the same. */
static int write_report(const struct tg_options *o, const struct tg_report *r, char *err,
			size_t errlen)
{
	char dir[2048];
	int rc;

	if (o->json)
		return tg_report_save(r, o->json, err, errlen) ? TG_EXIT_IO : TG_EXIT_OK;
	if (o->output)
		snprintf(dir, sizeof(dir), "%s", o->output);
	if (!o->output && default_dir(r, dir, sizeof(dir), err, errlen))
		rc = TG_EXIT_IO;
	else
		rc = save(r, dir, err, errlen);
	if (tg_report_text(r, stdout) || fflush(stdout)) {
		snprintf(err, errlen, "cannot write to standard output");
		return TG_EXIT_IO;
	}
	if (!rc)
		fprintf(stderr, "Written: %s/report.json and report.txt\n", dir);
	return rc;
}

/* What the figures say of the run: all failed is a failure, none measured too. */
static int verdict(const struct tg_report *r, char *err, size_t errlen)
{
	size_t i, failed = 0, measured = 0;
	const char *first = NULL;

	for (i = 0; i < r->nr_figures; i++) {
		if (r->figures[i].status == TG_FAILED && !failed++)
			first = r->figures[i].name;
		measured += r->figures[i].status == TG_OK ||
			    r->figures[i].status == TG_NOT_RESOLVABLE;
	}
	if (failed) {
		snprintf(err, errlen, "%zu of %zu experiments failed, the first: %s (its reason is in the report)",
			 failed, r->nr_figures, first);
		return TG_EXIT_FAILED;
	}
	if (!measured) {
		snprintf(err, errlen, "nothing of this can be measured here: %s",
			 r->nr_figures && r->figures[0].reason ? r->figures[0].reason : "no figure");
		return TG_EXIT_NOTHING;
	}
	return TG_EXIT_OK;
}

int tg_cmd_run(int argc, char **argv)
{
	struct tg_options o;
	struct tg_report *r = NULL;
	char err[1024] = "";
	int rc;

	tg_run_options(argc, argv, &o);
	tg_catch_signals();
	rc = TG_EXIT_OK;
	if (o.lane == TG_LANE_HOST)
		tg_module_dir(err, sizeof(err), &rc);
	if (rc == TG_EXIT_OK)
		rc = check_output(&o, err, sizeof(err));
	if (rc == TG_EXIT_OK)
		rc = o.lane == TG_LANE_VM && !o.json ?
		     tg_run_vm(&o, &r, err, sizeof(err)) :
		     tg_run_here(&o, &r, err, sizeof(err));
	if (rc == TG_EXIT_OK) {
		rc = write_report(&o, r, err, sizeof(err));
		if (rc == TG_EXIT_OK)
			rc = verdict(r, err, sizeof(err));
	}
	if (rc && *err)
		fprintf(stderr, "tollgate: run: %s\n", err);
	tg_report_free(r);
	return rc;
}
