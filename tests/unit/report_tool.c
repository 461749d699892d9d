/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports for the scripts: "report_tool write DIR N" saves the samples and N
 * random reports there; "report_tool load FILE..." says what the loader says
 * of each file, one line each; other words go to tollgate report.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_report.h"

int tg_cmd_report(int argc, char **argv);

static int write_one(struct tg_report *r, const char *dir, const char *name)
{
	char path[512], err[640];
	int rc;

	snprintf(path, sizeof(path), "%s/%s.json", dir, name);
	rc = tg_report_save(r, path, err, sizeof(err));
	if (rc)
		fprintf(stderr, "%s\n", err);
	tg_report_free(r);
	return rc;
}

static int write_reports(const char *dir, int nr)
{
	uint64_t seed = 4242;
	char name[32];
	int failed = write_one(sample_user(), dir, "user") || write_one(sample_vm(), dir, "vm");

	for (int i = 0; i < nr && !failed; i++) {
		snprintf(name, sizeof(name), "random%d", i);
		failed = write_one(sample_random(&seed), dir, name);
	}
	return failed ? 1 : 0;
}

static int load(int nr, char **files)
{
	for (int i = 0; i < nr; i++) {
		char err[1024];
		struct tg_report *r = tg_report_load(files[i], err, sizeof(err));

		puts(r ? "ok" : err);
		tg_report_free(r);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "write"))
		return write_reports(argv[2], atoi(argv[3]));
	if (argc > 2 && !strcmp(argv[1], "load"))
		return load(argc - 2, argv + 2);
	return tg_cmd_report(argc, argv);
}
