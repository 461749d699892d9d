// SPDX-License-Identifier: GPL-2.0
/*
 * The rounds of a run: each a fresh process over all experiments, in an order
 * of its own. A disturbance on a shared machine comes in epochs, a process
 * has its own luck with pages and alignment; interleaved rounds in fresh
 * processes spread both over all figures.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "stats.h"

/* A round that says nothing for so long is ended. One experiment takes
 * milliseconds, under an instruction counter a second. */
#define TG_SILENCE_MS	60000

/* Rounds over again may take such a share of the time that the rounds took. */
#define TG_AGAIN_SHARE	0.15
/* With so many times the time that rounds need at their fastest, they hurry. */
#define TG_LATE		1.2

struct child {
	pid_t pid;
	int out;		/* the parent's end of its stdout */
	char buf[4096];
	size_t len;
};

/* Starts a round whose orders are in the file in. */
static int start(struct child *c, const struct tg_options *o, int cpu, double canary,
		 bool hurry, int in)
{
	int out[2];
	char cpu_text[16], samples[24], level[32];
	pid_t parent = getpid();

	snprintf(cpu_text, sizeof(cpu_text), "%d", cpu);
	snprintf(samples, sizeof(samples), "%ld", o->samples);
	/* an instruction counter counts one thread alone */
	snprintf(level, sizeof(level), "%.17g", o->icount ? -1 : canary);
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
				       (char *)(o->quiet ? o->quiet : ""), level,
				       hurry ? "1" : "0", NULL };

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
	struct tg_reading r = {
		.level = clock->canary, .round = clock->round,
	};
	unsigned long long ticks;
	double state;
	size_t i;
	int at = 0, st, witness;

	if (sscanf(line, "step %llu %d %lf %n", &ticks, &witness, &clock->canary, &at) == 3) {
		clock->step = ticks;
		clock->witness = witness;
		snprintf(clock->core, sizeof(clock->core), "%s", line + at);
		return 0;
	}
	if (sscanf(line, "state %d %lf", &st, &state) == 2 && (st == 0 || st == 1)) {
		clock->probes[2 * clock->round + st] = state;
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
	if (sscanf(line, "ok %zu %u %u %lf %lf %lf %lf %lf %lf %ld %ld %ld", &i, &t[i].loops,
		   &t[i].samples, &r.value, &r.median, &r.imul, &r.add, &r.canary, &r.bracket,
		   &r.kept, &r.discarded, &r.beside) != 12)
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

/* What every round of a run shares. */
struct run {
	const struct tg_options *o;
	struct tg_track *t;
	size_t n;
	const int *cpus;	/* taken in turn */
	int nr_cpus, turn;
	bool hurry;		/* a busy neighbour has cost too much already */
	struct tg_clock *clock;
	size_t *order;
	uint64_t seed;
	size_t done, total;	/* readings, for the progress shown */
	char *err;
	size_t errlen;
};

/*
 * One process over the points order[0..n-1]. Sets *culprit to the point that
 * ended it, or to r->n: then all were reached.
 */
static int one_process(struct run *r, const size_t *order, size_t n, const char *what,
		       size_t *culprit)
{
	struct child c;
	char line[512], why[128];
	size_t running = r->n;
	int rc, code, in = orders(r->t, order, n);

	rc = in < 0 ? -1 : start(&c, r->o, r->cpus[r->turn % r->nr_cpus], r->clock->canary,
				  r->hurry, in);
	if (rc)
		snprintf(r->err, r->errlen, "cannot start a round: %s", strerror(errno));
	if (in >= 0)
		close(in);
	if (rc)
		return TG_EXIT_IO;
	while ((rc = next_line(&c, line, sizeof(line))) == 1) {
		if (answer(line, r->t, r->n, r->clock, &running)) {
			rc = -3;
			break;
		}
		if (running == r->n && strncmp(line, "step ", 5))
			tg_progress(what, ++r->done, r->total);
	}
	*culprit = r->n;
	if (!finish(&c, rc < 0, why, sizeof(why), &code) || rc < 0) {
		if (rc == -1)
			return TG_EXIT_INTERRUPTED;
		if (rc == -2)
			snprintf(why, sizeof(why), "no answer for %d s", TG_SILENCE_MS / 1000);
		if (running == r->n) {
			snprintf(r->err, r->errlen, "a round failed before any experiment: %s",
				 why);
			return code ? code : TG_EXIT_FAILED;
		}
		give_up(&r->t[running], TG_FAILED, why);
		*culprit = running;
	}
	return TG_EXIT_OK;
}

/* Every point that wanted() once, in a random order. */
static int one_round(struct run *r, bool (*wanted)(const struct run *r, const struct tg_track *t),
		     const char *what)
{
	size_t i, m = 0, left, culprit;
	int rc = TG_EXIT_OK;

	for (i = 0; i < r->n; i++)
		if (r->t[i].status == TG_OK && wanted(r, &r->t[i]))
			r->order[m++] = i;
	tg_shuffle(r->order, m, &r->seed);
	for (left = m; left && rc == TG_EXIT_OK; ) {
		size_t *from = r->order + (m - left);

		rc = one_process(r, from, left, what, &culprit);
		if (culprit == r->n)
			break;
		for (i = 0; i < left && from[i] != culprit; i++)
			;
		left -= i + 1;
	}
	r->turn++;
	r->clock->round++;
	return tg_interrupted ? TG_EXIT_INTERRUPTED : rc;
}

/*
 * Whether a reading was taken while another thread ran on the core: beside slow
 * canaries, more than one sample in twenty of its longest series, or with a
 * canary whose level no quiet moment had set yet.
 */
static bool shared(const struct run *r, const struct tg_reading *reading)
{
	return reading->beside * 20 > reading->kept ||
	       reading->level > r->clock->canary * 1.1;
}

/* Taken in a round of another state of the core, or of more than one. */
static bool wrong_state(const struct run *r, const struct tg_reading *reading)
{
	double state = tg_round_state(r->clock->probes + 2 * reading->round);

	return r->clock->state && fabs(state / r->clock->state - 1) > TG_STATE_WIDTH;
}

static size_t good(const struct run *r, const struct tg_track *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nr_readings; i++)
		n += !shared(r, &t->readings[i]) && !wrong_state(r, &t->readings[i]);
	return n;
}

static bool anyone(const struct run *r, const struct tg_track *t)
{
	(void)r;
	(void)t;
	return true;
}

static bool lacking(const struct run *r, const struct tg_track *t)
{
	return good(r, t) * 2 < (size_t)r->o->rounds;
}

/* Leaves the good readings, if they are a quarter of the rounds asked for. */
static void settle(const struct run *r, struct tg_track *t)
{
	size_t n = good(r, t), i, to = 0;

	t->nr_poor = t->nr_readings - n;
	if (n * 4 < (size_t)r->o->rounds || n == t->nr_readings)
		return;
	for (i = 0; i < t->nr_readings; i++) {
		if (shared(r, &t->readings[i]) || wrong_state(r, &t->readings[i]))
			continue;
		t->boots[to] = t->boots[i];
		t->readings[to++] = t->readings[i];
	}
	r->clock->left_out += t->nr_poor;
	t->nr_readings = n;
	t->nr_poor = 0;
}

/* Room for the probes of so many rounds. */
static int make_probes(struct tg_clock *clock, size_t rounds)
{
	clock->probes = calloc(2 * rounds, sizeof(*clock->probes));
	return clock->probes ? 0 : -1;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/*
 * Once more for the points that lack good readings, for TG_AGAIN_SHARE of the
 * time that the rounds took.
 */
static int once_more(struct run *r, double took)
{
	double start = seconds();
	size_t i, missing;
	char what[64];
	int rc = TG_EXIT_OK, round;

	for (round = 0; round < r->o->rounds && rc == TG_EXIT_OK; round++) {
		r->clock->state = tg_core_state(r->clock->probes, r->clock->round);
		for (i = missing = 0; i < r->n; i++)
			missing += r->t[i].status == TG_OK && lacking(r, &r->t[i]);
		if (!missing || seconds() - start + took / r->o->rounds > took * TG_AGAIN_SHARE)
			break;
		snprintf(what, sizeof(what), "%zu taken again", missing);
		r->total += missing;
		rc = one_round(r, lacking, what);
	}
	r->clock->state = tg_core_state(r->clock->probes, r->clock->round);
	return rc;
}

int tg_rounds(const struct tg_options *o, struct tg_track *t, size_t n, const int *cpus,
	      int nr_cpus, struct tg_clock *clock, char *err, size_t errlen)
{
	struct run r = {
		.o = o, .t = t, .n = n, .cpus = cpus, .nr_cpus = nr_cpus, .clock = clock,
		.seed = TG_BOOTSTRAP_SEED, .order = calloc(n, sizeof(*r.order)),
		.total = n * o->rounds, .err = err, .errlen = errlen,
	};
	double start = seconds(), fastest = INFINITY;
	int round, rc = TG_EXIT_OK;
	char what[64];
	size_t i;

	if (!r.order || make_probes(clock, 2 * o->rounds)) {
		snprintf(err, errlen, "no memory");
		free(r.order);
		return TG_EXIT_IO;
	}
	for (round = 0; round < o->rounds && rc == TG_EXIT_OK; round++) {
		double before = seconds();

		snprintf(what, sizeof(what), "round %d of %d", round + 1, o->rounds);
		r.hurry = before - start > TG_LATE * round * fastest;
		rc = one_round(&r, anyone, what);
		fastest = fmin(fastest, seconds() - before);
	}
	if (rc == TG_EXIT_OK)
		rc = once_more(&r, seconds() - start);
	tg_progress_end();
	for (i = 0; i < n && rc == TG_EXIT_OK; i++)
		settle(&r, &t[i]);
	if (rc == TG_EXIT_INTERRUPTED)
		snprintf(err, errlen, "interrupted");
	free(r.order);
	return rc;
}
