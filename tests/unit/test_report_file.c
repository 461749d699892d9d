/* SPDX-License-Identifier: GPL-2.0 */
/* Reports on disk: replaced whole or not at all; tollgate report and its exit codes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "exit.h"
#include "report_file.h"
#include "sample_report.h"

/* Tests run in a directory of their own. */
static char directory[] = "/tmp/tollgate-test-XXXXXX";

/* Beside this program; it hands what it is given to tollgate report. */
static char tool[4096];

static int enter(void **state)
{
	(void)state;
	ssize_t len = readlink("/proc/self/exe", tool, sizeof(tool) - 32);

	if (len < 0)
		return -1;
	tool[len] = '\0';
	strcpy(strrchr(tool, '/'), "/report_tool");
	/* A server's umask must not hide the file's mode. */
	umask(022);
	return mkdtemp(directory) && !chdir(directory) ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	return chdir("/") || rmdir(directory) ? -1 : 0;
}

static size_t count_files(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void expect_contents(const char *path, const char *contents)
{
	size_t len;
	char *got = tg_file_read(path, 1 << 20, &len);

	assert_non_null(got);
	assert_int_equal(len, strlen(contents));
	assert_memory_equal(got, contents, len);
	free(got);
}

static void put(const char *path, const char *contents)
{
	char err[256];

	assert_int_equal(tg_file_replace(path, contents, strlen(contents), err, sizeof(err)), 0);
}

static void saved_and_loaded(void **state)
{
	struct tg_report *r = sample_user(), *back;
	char err[256];
	struct stat st;

	(void)state;
	put("r.json", "old");
	assert_int_equal(tg_report_save(r, "r.json", err, sizeof(err)), 0);
	back = tg_report_load("r.json", err, sizeof(err));
	assert_non_null(back);
	assert_int_equal(back->nr_figures, r->nr_figures);
	assert_int_equal(tg_report_save_text(r, "r.txt", err, sizeof(err)), 0);
	assert_int_equal(stat("r.txt", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(count_files("."), 2);
	assert_int_equal(unlink("r.json"), 0);
	assert_int_equal(unlink("r.txt"), 0);
	tg_report_free(back);
	tg_report_free(r);
}

/* In a child, since the limit cannot be lifted again without privilege. */
static int save_with_limit(rlim_t bytes, bool as_text)
{
	struct rlimit limit = { bytes, bytes };
	struct tg_report *r = sample_user();
	char err[256] = "";
	int status, rc;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (!child) {
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		rc = as_text ? tg_report_save_text(r, "r.json", err, sizeof(err)) :
			       tg_report_save(r, "r.json", err, sizeof(err));
		_exit(rc == -EFBIG && !strcmp(err, "r.json: cannot write: File too large") ? 0 : 1);
	}
	tg_report_free(r);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void full_disk(void **state)
{
	(void)state;
	put("r.json", "old");
	assert_int_equal(save_with_limit(0, false), 0);
	assert_int_equal(save_with_limit(1000, false), 0);
	assert_int_equal(save_with_limit(1000, true), 0);
	expect_contents("r.json", "old");
	assert_int_equal(count_files("."), 1);
	assert_int_equal(unlink("r.json"), 0);
}

static void unwritable_places(void **state)
{
	struct tg_report *r = sample_user();
	char err[256];

	(void)state;
	assert_int_equal(tg_report_save(r, "none/r.json", err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "none/r.json: cannot write: No such file or directory");
	assert_int_equal(tg_report_save_text(r, "none/r.txt", err, sizeof(err)), -ENOENT);
	assert_int_equal(tg_report_save(r, "/dev/null", err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "/dev/null: cannot write: not a regular file");
	assert_int_equal(tg_report_save(r, "/tmp", err, sizeof(err)), -EISDIR);

	/* Root may write anywhere: be nobody, in a directory that is not nobody's. */
	assert_int_equal(mkdir("closed", 0555), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(tg_report_save(r, "closed/r.json", err, sizeof(err)), -EACCES);
	assert_string_equal(err, "closed/r.json: cannot write: Permission denied");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(count_files("closed"), 0);
	assert_int_equal(rmdir("closed"), 0);
	tg_report_free(r);
}

static void links(void **state)
{
	char err[256], aside[64];
	struct stat st;

	(void)state;
	put("target", "old");
	assert_int_equal(symlink("target", "link"), 0);
	put("link", "new");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_contents("target", "new");

	/* A link in the place of the file aside is not written through. */
	snprintf(aside, sizeof(aside), "fresh.tmp.%ld", (long)getpid());
	assert_int_equal(symlink("target", aside), 0);
	assert_int_equal(tg_file_replace("fresh", "other", 5, err, sizeof(err)), 0);
	expect_contents("target", "new");
	expect_contents("fresh", "other");
	assert_int_equal(count_files("."), 3);
	assert_int_equal(unlink("link"), 0);
	assert_int_equal(unlink("target"), 0);
	assert_int_equal(unlink("fresh"), 0);
}

/* Runs tollgate report with up to two arguments, its output in files out and err. */
static int run(const char *out, char *first, char *second)
{
	char *argv[] = { "report", first, second, NULL };
	pid_t child;
	int status;

	/* Else the child would print the tests' results so far once more. */
	fflush(NULL);
	child = fork();
	if (!child) {
		if (!freopen(out, "w", stdout) || !freopen("err", "w", stderr))
			_exit(99);
		execv(tool, argv);
		_exit(99);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void command(void **state)
{
	struct tg_report *r = sample_user();
	char err[256], *text;
	size_t len;

	(void)state;
	assert_int_equal(tg_report_save(r, "r.json", err, sizeof(err)), 0);
	assert_int_equal(tg_report_save_text(r, "r.txt", err, sizeof(err)), 0);
	put("cut.json", "{ \"schema\": 1,");
	put("new.json", "{ \"schema\": 2, \"tollgate\": \"9\" }");

	assert_int_equal(run("out", "r.json", NULL), TG_EXIT_OK);
	text = tg_file_read("r.txt", 1 << 20, &len);
	expect_contents("out", text);
	expect_contents("err", "");
	free(text);

	assert_int_equal(run("out", "r.json", "cut.json"), TG_EXIT_INPUT);
	expect_contents("err", "tollgate: report: cut.json: truncated: the JSON ends early, in line 1\n");
	assert_int_equal(run("out", "new.json", NULL), TG_EXIT_INPUT);
	expect_contents("err", "tollgate: report: new.json: schema: 2 is newer than this tollgate, "
			"which reads 1; use a newer tollgate\n");
	expect_contents("out", "");
	assert_int_equal(run("out", "gone.json", "r.json"), TG_EXIT_IO);
	expect_contents("err", "tollgate: report: gone.json: cannot read: No such file or directory\n");
	assert_int_equal(run("/dev/full", "r.json", NULL), TG_EXIT_IO);
	expect_contents("err", "tollgate: report: cannot write: No space left on device\n");

	assert_int_equal(run("out", NULL, NULL), TG_EXIT_INPUT);
	text = tg_file_read("err", 1 << 20, &len);
	assert_string_equal(text, "tollgate: report: no report given\n");
	free(text);
	assert_int_equal(run("out", "--nonsense", NULL), TG_EXIT_INPUT);
	expect_contents("out", "");

	assert_int_equal(unlink("r.json") | unlink("r.txt") | unlink("cut.json") |
			 unlink("new.json") | unlink("out") | unlink("err"), 0);
	tg_report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saved_and_loaded),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(unwritable_places),
		cmocka_unit_test(links),
		cmocka_unit_test(command),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("report files", tests, enter, leave) ? 1 : 0;
}
