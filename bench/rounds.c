// SPDX-License-Identifier: GPL-2.0
/*
 * The rounds of a run: each a fresh process over all experiments, in an order
 * of its own. A disturbance on a shared machine comes in epochs, a process
 * has its own luck with pages and alignment; interleaved rounds in fresh
 * processes spread both over all figures.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "stats.h"

/* A round that says nothing for so long is ended. One experiment takes
 * milliseconds, under an instruction counter a second. */
#define TG_SILENCE_MS	60000

struct child {
	pid_t pid;
	int out;		/* the parent's end of its stdout */
	char buf[4096];
	size_t len;
};

/* Starts a round whose orders are in the file in. */
static int start(struct child *c, const struct tg_options *o, int cpu, int in)
{
	int out[2];
	char cpu_text[16], samples[24];
	pid_t parent = getpid();

	snprintf(cpu_text, sizeof(cpu_text), "%d", cpu);
	snprintf(samples, sizeof(samples), "%ld", o->samples);
	if (pipe(out))
		return -1;
	c->pid = fork();
	if (c->pid < 0) {
		close(out[0]);
		close(out[1]);
		return -1;
	}
	if (!c->pid) {
		char *const argv[] = { "tollgate", "round", cpu_text, samples,
				       (char *)(o->quiet ? o->quiet : ""), NULL };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(TG_EXIT_IO);
		dup2(in, 0);
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execv("/proc/self/exe", argv);
		_exit(TG_EXIT_IO);
	}
	close(out[1]);
	c->out = out[0];
	c->len = 0;
	return 0;
}

/* An unnamed file with a line for each point, rewound; or -1. */
static int orders(const struct tg_track *t, const size_t *order, size_t n)
{
	int fd = memfd_create("tollgate-round", MFD_CLOEXEC);
	size_t i;

	/* some sandboxes refuse the call */
	if (fd < 0)
		fd = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	for (i = 0; fd >= 0 && i < n; i++) {
		if (dprintf(fd, "%zu %u %u %s\n", order[i], t[order[i]].loops,
			    t[order[i]].samples, t[order[i]].name) < 0) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/*
 * The next line of the child, without its newline. 1; 0 at the end; -1 when
 * interrupted; -2 after TG_SILENCE_MS of silence.
 */
static int next_line(struct child *c, char *line, size_t size)
{
	struct pollfd p = { .fd = c->out, .events = POLLIN };
	char *end;
	ssize_t got;
	int rc;

	while (!(end = memchr(c->buf, '\n', c->len))) {
		if (tg_interrupted)
			return -1;
		if (c->len == sizeof(c->buf))
			return 0;
		rc = poll(&p, 1, TG_SILENCE_MS);
		if (!rc)
			return -2;
		if (rc < 0)
			continue;
		got = read(c->out, c->buf + c->len, sizeof(c->buf) - c->len);
		if (got <= 0)
			return 0;
		c->len += got;
	}
	snprintf(line, size, "%.*s", (int)(end - c->buf), c->buf);
	c->len -= end + 1 - c->buf;
	memmove(c->buf, end + 1, c->len);
	return 1;
}

static void give_up(struct tg_track *t, enum tg_status st, const char *why)
{
	t->status = st;
	free(t->reason);
	t->reason = strdup(why);
}

static int keep(struct tg_track *t, const struct tg_reading *r, int boot)
{
	struct tg_reading *more = realloc(t->readings, (t->nr_readings + 1) * sizeof(*more));
	int *boots = realloc(t->boots, (t->nr_readings + 1) * sizeof(*boots));

	if (more)
		t->readings = more;
	if (boots)
		t->boots = boots;
	if (!more || !boots)
		return -1;
	t->readings[t->nr_readings] = *r;
	t->boots[t->nr_readings++] = boot;
	return 0;
}

/* Understands one answer. Sets *running to the point now under way. */
static int answer(char *line, struct tg_track *t, size_t n, struct tg_clock *clock,
		  size_t *running)
{
	struct tg_reading r;
	unsigned long long ticks;
	size_t i;
	int at = 0, st, witness;

	if (sscanf(line, "step %llu %d %n", &ticks, &witness, &at) == 2) {
		clock->step = ticks;
		clock->witness = witness;
		snprintf(clock->core, sizeof(clock->core), "%s", line + at);
		return 0;
	}
	if (sscanf(line, "begin %zu", &i) == 1 && i < n) {
		*running = i;
		return 0;
	}
	if (sscanf(line, "%*s %zu %n", &i, &at) != 1 || i >= n)
		return -1;
	*running = n;
	for (st = TG_SKIPPED; st < TG_NR_STATUS; st++) {
		if (!strncmp(line, tg_status_names[st], strcspn(line, " "))) {
			give_up(&t[i], st, line + at);
			return 0;
		}
	}
	if (sscanf(line, "ok %zu %u %u %lf %lf %lf %lf %lf %lf %ld %ld", &i, &t[i].loops,
		   &t[i].samples, &r.p5, &r.median, &r.imul, &r.add, &r.canary, &r.bracket,
		   &r.kept, &r.discarded) != 11)
		return -1;
	return keep(&t[i], &r, 0);
}

/* Ends the child and says in why how it ended; true if by itself and well. */
static bool finish(struct child *c, bool end_it, char *why, size_t len, int *code)
{
	int status = 0;

	close(c->out);
	if (end_it)
		kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	*code = 0;
	if (WIFSIGNALED(status)) {
		snprintf(why, len, "the process running it ended by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
		return false;
	}
	*code = WEXITSTATUS(status);
	snprintf(why, len, "the process running it exited with code %d", *code);
	return *code == 0;
}

/*
 * One process over the points order[0..n-1] that still run. The points it did
 * not reach because one of them ended it are in order[0..return-1] again.
 */
static int one_process(const struct tg_options *o, struct tg_track *t, size_t nr, int cpu,
		       const size_t *order, size_t n, struct tg_clock *clock, const char *what,
		       size_t *done, size_t total, size_t *culprit, char *err, size_t errlen)
{
	struct child c;
	char line[512], why[128];
	size_t running = nr;
	int rc, code, in = orders(t, order, n);

	rc = in < 0 ? -1 : start(&c, o, cpu, in);
	if (rc)
		snprintf(err, errlen, "cannot start a round: %s", strerror(errno));
	if (in >= 0)
		close(in);
	if (rc)
		return TG_EXIT_IO;
	while ((rc = next_line(&c, line, sizeof(line))) == 1) {
		if (answer(line, t, nr, clock, &running)) {
			rc = -3;
			break;
		}
		if (running == nr && strncmp(line, "step ", 5))
			tg_progress(what, ++*done, total);
	}
	*culprit = nr;
	if (!finish(&c, rc < 0, why, sizeof(why), &code) || rc < 0) {
		if (rc == -1)
			return TG_EXIT_INTERRUPTED;
		if (rc == -2)
			snprintf(why, sizeof(why), "no answer for %d s", TG_SILENCE_MS / 1000);
		if (running == nr) {
			snprintf(err, errlen, "a round failed before any experiment: %s", why);
			return code ? code : TG_EXIT_FAILED;
		}
		give_up(&t[running], TG_FAILED, why);
		*culprit = running;
	}
	return TG_EXIT_OK;
}

int tg_rounds(const struct tg_options *o, struct tg_track *t, size_t n, int cpu,
	      struct tg_clock *clock, char *err, size_t errlen)
{
	uint64_t seed = TG_BOOTSTRAP_SEED;
	size_t *order = calloc(n, sizeof(*order)), i, m, left, culprit, done = 0;
	int round, rc = TG_EXIT_OK;
	char what[64];

	if (!order) {
		snprintf(err, errlen, "no memory");
		return TG_EXIT_IO;
	}
	for (round = 0; round < o->rounds && rc == TG_EXIT_OK; round++) {
		snprintf(what, sizeof(what), "round %d of %d", round + 1, o->rounds);
		for (i = m = 0; i < n; i++)
			if (t[i].status == TG_OK)
				order[m++] = i;
		tg_shuffle(order, m, &seed);
		for (left = m; left && rc == TG_EXIT_OK; ) {
			size_t *from = order + (m - left);

			rc = one_process(o, t, n, cpu, from, left, clock, what, &done,
					 n * o->rounds, &culprit, err, errlen);
			if (culprit == n)
				break;
			for (i = 0; i < left && from[i] != culprit; i++)
				;
			left -= i + 1;
		}
		if (tg_interrupted)
			rc = TG_EXIT_INTERRUPTED;
	}
	tg_progress_end();
	if (rc == TG_EXIT_INTERRUPTED)
		snprintf(err, errlen, "interrupted");
	free(order);
	return rc;
}
