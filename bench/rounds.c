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

#include "child.h"
#include "counted.h"
#include "run.h"
#include "stats.h"
#include "stir.h"

/*
 * Rounds over again may take such a share of the time that the rounds took, or
 * go on until so many seconds are over: a run of a few experiments is short
 * enough to wait for a neighbour.
 */
#define TG_AGAIN_SHARE	0.15
#define TG_AGAIN_UNTIL	5.0
/* So many rounds more may skip an experiment than can run it. */
#define TG_SKIPS_MOST	3
/*
 * Where the number of rounds is the default, none begins after so many seconds
 * for each experiment, once half of them are done: CORE within 20 s, even
 * beside a busy neighbour.
 */
#define TG_ROW_SECONDS	0.1
/* Then, too, what repeats well (tg_steady()) is measured in one of so many rounds. */
#define TG_STEADY_TURN	3
/* With so many times the time that rounds need at their fastest, they hurry. */
#define TG_LATE		1.2

/* What every round of a run shares. */
struct run {
	const struct tg_options *o;
	struct tg_track *t;
	size_t n;
	const int *cpus;	/* taken in turn */
	int nr_cpus, turn;
	int rounds;		/* begun, but for those over again */
	bool hurry;		/* a busy neighbour has cost too much already */
	struct tg_clock *clock;
	size_t *order;
	uint64_t seed;
	struct tg_stir stir;
	struct tg_reading *few;	/* room for the good readings of one point */
	size_t done, total;	/* readings, for the progress shown */
	char *err;
	size_t errlen;
};

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
	memcpy(t->readings[t->nr_readings].counted, t->counted, sizeof(t->counted));
	t->boots[t->nr_readings++] = boot;
	return 0;
}

/* What came of an event or a scenario in this round: 1, 0 for another answer, -1 for nonsense. */
static int answer_count(const char *line, struct tg_track *t, size_t n)
{
	struct tg_counted_event c;
	struct tg_tally tally;
	size_t i, event;
	int rc = tg_counted_hear(line, &i, &event, &c);

	if (tg_tally_hear(line, &i, &tally))
		return i < n && tg_tally_join(&t[i].tally, &tally) ? 1 : -1;
	if (rc <= 0)
		return rc;
	if (i >= n || event >= TG_EVENTS_MAX)
		return -1;
	t[i].counted[event] = c.counted;
	if (*c.why) {
		free(t[i].uncounted[event]);
		t[i].uncounted[event] = strdup(c.why);
	}
	return 1;
}

/*
 * Understands one answer. Sets *running to the point now under way. 1 where it
 * is the last of a point, 0 of another one, -1 where it makes no sense.
 */
static int answer(char *line, struct tg_track *t, size_t n, struct tg_clock *clock,
		  size_t *running)
{
	struct tg_reading r = {
		.level = clock->canary, .span = clock->spans.n - 1,
	};
	unsigned long long ticks;
	struct tg_state s;
	size_t i;
	int at = 0, st, witness;

	if (sscanf(line, "step %llu %d %lf %n", &ticks, &witness, &clock->canary, &at) == 3) {
		clock->step = ticks;
		clock->witness = witness;
		snprintf(clock->core, sizeof(clock->core), "%s", line + at);
		return 0;
	}
	if (sscanf(line, "state %d %lf %lf", &st, &s.probe[0], &s.probe[1]) == 3) {
		if (!st)
			return tg_span_begin(&clock->spans, &s);
		tg_span_end(&clock->spans, &s);
		return 0;
	}
	if (sscanf(line, "begin %zu", &i) == 1 && i < n) {
		*running = i;
		return 0;
	}
	st = answer_count(line, t, n);
	if (st)
		return st < 0 ? -1 : 0;
	if (sscanf(line, "%*s %zu %n", &i, &at) != 1 || i >= n)
		return -1;
	*running = n;
	for (st = TG_SKIPPED; st < TG_NR_STATUS; st++) {
		if (!strncmp(line, tg_status_names[st], strcspn(line, " "))) {
			give_up(&t[i], st, line + at);
			/* what other rounds can, and this one could not, is a reading less */
			if (st == TG_SKIPPED && ++t[i].skips < TG_SKIPS_MOST + t[i].nr_readings)
				t[i].status = TG_OK;
			return 1;
		}
	}
	if (!clock->spans.n || sscanf(line, "ok %zu %lf %u %lf %lf %lf %lf %lf %lf %ld %ld %ld", &i, &t[i].pass,
		   &t[i].samples, &r.value, &r.median, &r.imul, &r.add, &r.canary, &r.bracket,
		   &r.kept, &r.discarded, &r.beside) != 12)
		return -1;
	return keep(&t[i], &r, 0) ? -1 : 1;
}

/*
 * What a round's process is told, rewound: a line about all and one for each
 * point (round.c). -1 if there can be no such file.
 */
static int orders(const struct run *r, const size_t *order, size_t n)
{
	const struct tg_options *o = r->o;
	const struct tg_state *state = &r->clock->state;
	int fd = memfd_create("tollgate-round", MFD_CLOEXEC), rc;
	size_t i;

	/* some sandboxes refuse the call */
	if (fd < 0)
		fd = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	/* an instruction counter counts one thread alone */
	rc = dprintf(fd, "%d %d %ld %.17g %.17g %.17g %.17g %d %s %d %d\n",
		     r->cpus[r->turn % r->nr_cpus],
		     r->nr_cpus > 1 ? r->cpus[(r->turn + 1) % r->nr_cpus] : -1, o->samples,
		     o->icount ? -1 : r->clock->canary, state->probe[0], state->probe[1],
		     tg_share(r->turn / r->nr_cpus), r->hurry, o->quiet ? o->quiet : "-",
		     o->place->placed ? o->place->node : -1, o->place->remote);
	for (i = 0; rc >= 0 && i < o->counted.n; i++)
		rc = tg_event_say(fd, &o->counted.event[i]);
	for (i = 0; rc >= 0 && i < n; i++)
		rc = dprintf(fd, "%zu %.17g %u %s\n", order[i], r->t[order[i]].pass,
			     r->t[order[i]].samples, r->t[order[i]].name);
	if (rc < 0) {
		close(fd);
		return -1;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/*
 * One process over the points order[0..n-1]. Sets *culprit to the point that
 * ended it, or to r->n: then all were reached.
 */
static int one_process(struct run *r, const size_t *order, size_t n, const char *what,
		       size_t *culprit)
{
	struct tg_child c;
	char line[512], why[128];
	size_t running = r->n, answers = 0;
	int rc, code, in;

	*culprit = r->n;
	if (!r->o->icount)
		tg_stir(&r->stir, &r->seed);
	in = orders(r, order, n);
	rc = in < 0 ? -1 : tg_child_start(&c, in);
	if (rc)
		snprintf(r->err, r->errlen, "cannot start a round: %s", strerror(errno));
	if (in >= 0)
		close(in);
	if (rc)
		return TG_EXIT_IO;
	while ((rc = tg_child_line(&c, line, sizeof(line))) == 1) {
		rc = answer(line, r->t, r->n, r->clock, &running);
		if (rc > 0) {
			answers++;
			tg_progress(what, ++r->done, r->total);
		}
		if (rc < 0) {
			rc = -3;
			break;
		}
	}
	if (!tg_child_end(&c, rc < 0, why, sizeof(why), &code) || rc < 0) {
		if (rc == -1)
			return TG_EXIT_INTERRUPTED;
		if (rc == -2)
			snprintf(why, sizeof(why), "no answer for %d s", TG_SILENCE_MS / 1000);
		if (rc == -3)
			snprintf(why, sizeof(why), "no memory, or an answer that makes no sense");
		/* between two experiments: what it answered counts */
		if (running == r->n && answers && rc != -3)
			return TG_EXIT_OK;
		if (running == r->n || rc == -3) {
			snprintf(r->err, r->errlen, "a round failed %s: %s",
				 answers ? "between experiments" : "before any experiment", why);
			return code ? code : TG_EXIT_FAILED;
		}
		give_up(&r->t[running], TG_FAILED, why);
		*culprit = running;
	}
	return TG_EXIT_OK;
}

/*
 * Whether a reading was taken while another thread ran on the core: of all its
 * samples, the chains' too, more were beside slow canaries than a twentieth of
 * one series; or with a canary whose level no quiet moment had set yet.
 */
static bool shared(const struct run *r, const struct tg_reading *reading)
{
	return reading->beside * 20 > reading->kept ||
	       reading->level > r->clock->canary * 1.1;
}

/* Taken in another state of the core, or in more than one. */
static bool wrong_state(const struct run *r, const struct tg_reading *reading)
{
	struct tg_state state = tg_span_state(&r->clock->spans.span[reading->span]);

	return !tg_in_state(&state, &r->clock->state);
}

static bool is_good(const struct run *r, const struct tg_reading *reading)
{
	return !shared(r, reading) && !wrong_state(r, reading);
}

static size_t good(const struct run *r, const struct tg_track *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nr_readings; i++)
		n += is_good(r, &t->readings[i]);
	return n;
}

/*
 * Whether the point is measured in this round. Half the points repeat within a
 * per mille from the start: their time goes to those that do not.
 */
static bool due(const struct run *r, const struct tg_track *t)
{
	size_t n = 0;

	if (!r->o->brief || (t - r->t + r->turn) % TG_STEADY_TURN == 0)
		return true;
	for (size_t i = 0; i < t->nr_readings; i++)
		if (is_good(r, &t->readings[i]))
			r->few[n++] = t->readings[i];
	return !tg_steady(r->few, n);
}

static bool lacking(const struct run *r, const struct tg_track *t)
{
	size_t n = good(r, t);

	return n * 2 < t->turns || (n < TG_FULL_ROUNDS && t->turns >= TG_FULL_ROUNDS);
}

/* Every point that is due, or lacks good readings, once, in a random order. */
static int one_round(struct run *r, bool again, const char *what)
{
	size_t i, m = 0, left, culprit;
	int rc = TG_EXIT_OK;

	for (i = 0; i < r->n; i++) {
		if (r->t[i].status != TG_OK || !(again ? lacking : due)(r, &r->t[i])) {
			r->total -= !again;
			continue;
		}
		r->order[m++] = i;
		r->t[i].turns += !again;
	}
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
	return tg_interrupted ? TG_EXIT_INTERRUPTED : rc;
}

/* Leaves the good readings, if they are enough. */
static void settle(const struct run *r, struct tg_track *t)
{
	size_t n = good(r, t), i, to = 0;

	if (t->status != TG_OK)
		return;
	if (!t->nr_readings) {
		t->status = t->reason ? TG_SKIPPED : TG_OK;
		return;
	}
	free(t->reason);
	t->reason = NULL;
	t->nr_poor = t->nr_readings - n;
	if (n * TG_GOOD_SHARE < (size_t)r->rounds || n == t->nr_readings)
		return;
	for (i = 0; i < t->nr_readings; i++) {
		if (!is_good(r, &t->readings[i]))
			continue;
		t->boots[to] = t->boots[i];
		t->readings[to++] = t->readings[i];
	}
	r->clock->left_out += t->nr_poor;
	t->nr_readings = n;
	t->nr_poor = 0;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Once more for the points that lack good readings, as long as it may take. */
static int once_more(struct run *r, double took, int rounds)
{
	double start = seconds(), most = took * TG_AGAIN_SHARE;
	size_t i, missing;
	char what[64];
	int rc = TG_EXIT_OK, round;

	if (most < TG_AGAIN_UNTIL - took && !r->o->quick)
		most = TG_AGAIN_UNTIL - took;
	for (round = 0; rc == TG_EXIT_OK; round++) {
		r->clock->state = tg_core_state(&r->clock->spans);
		for (i = missing = 0; i < r->n; i++)
			missing += r->t[i].status == TG_OK && lacking(r, &r->t[i]);
		if (!missing || seconds() - start + took / rounds > most)
			break;
		snprintf(what, sizeof(what), "%zu taken again", missing);
		r->total += missing;
		rc = one_round(r, true, what);
	}
	r->clock->state = tg_core_state(&r->clock->spans);
	return rc;
}

int tg_rounds(const struct tg_options *o, struct tg_track *t, size_t n, const int *cpus,
	      int nr_cpus, struct tg_clock *clock, char *err, size_t errlen)
{
	struct run r = {
		.o = o, .t = t, .n = n, .cpus = cpus, .nr_cpus = nr_cpus, .clock = clock,
		.seed = TG_BOOTSTRAP_SEED, .order = calloc(n, sizeof(*r.order)),
		.few = calloc(o->rounds, sizeof(*r.few)), .total = n * o->rounds, .err = err,
		.errlen = errlen,
	};
	double start = seconds(), fastest = INFINITY;
	double enough = fmax(n * TG_ROW_SECONDS, TG_AGAIN_UNTIL);
	int round, rc = TG_EXIT_OK;
	char what[64];
	bool nobody;
	size_t i;

	for (i = 0; i < n && t[i].status != TG_OK; i++)
		;
	nobody = i == n;
	if (!r.order || !r.few) {
		snprintf(err, errlen, "no memory");
		free(r.few);
		free(r.order);
		return TG_EXIT_IO;
	}
	/* the clock, and what else a round finds out, is in the report all the same */
	if (nobody)
		rc = one_process(&r, NULL, 0, "", &i);
	for (round = 0; !nobody && round < o->rounds && rc == TG_EXIT_OK; round++) {
		double before = seconds();

		if (o->brief && 2 * round >= o->rounds && before - start > enough)
			break;
		snprintf(what, sizeof(what), "round %d of %d", round + 1, o->rounds);
		r.hurry = before - start > TG_LATE * round * fastest;
		clock->state = tg_core_state(&clock->spans);
		r.rounds++;
		rc = one_round(&r, false, what);
		fastest = fmin(fastest, seconds() - before);
	}
	if (rc == TG_EXIT_OK && !nobody)
		rc = once_more(&r, seconds() - start, round);
	tg_stir_end(&r.stir);
	tg_progress_end();
	for (i = 0; i < n && rc == TG_EXIT_OK; i++)
		settle(&r, &t[i]);
	if (rc == TG_EXIT_INTERRUPTED)
		snprintf(err, errlen, "interrupted");
	free(r.few);
	free(r.order);
	return rc;
}
