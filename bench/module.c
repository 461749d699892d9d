// SPDX-License-Identifier: GPL-2.0
/*
 * The engine in ring 0, through the module's debugfs files: one command in,
 * key=value lines and series out (include/tollgate/uapi.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine.h"
#include "exit.h"
#include "host_facts.h"

static const char dir[] = "/sys/kernel/debug/" TG_DEBUGFS_NAME;
static const char *const roles[TG_ENGINE_ROLES] = {
	"hi", "lo", "prep_hi", "prep_lo", "first_new", "first_old", "imul_hi", "imul_lo",
	"add_hi", "add_lo", "canary_hi", "canary_lo", "empty"
};

const char *tg_module_dir(char *why, size_t len, int *code)
{
	struct tg_host_facts host;
	unsigned int faults;
	int i;

	tg_host_facts_get(&host);
	faults = tg_host_faults(&host);
	tg_host_facts_free(&host);
	for (i = 0; i < TG_NR_FAULTS; i++) {
		if (!(faults & 1u << i))
			continue;
		*code = tg_host_fault_texts[i].code;
		snprintf(why, len, "%s", tg_host_fault_texts[i].line);
		return NULL;
	}
	if (!host.loaded) {
		*code = TG_EXIT_NOTHING;
		snprintf(why, len, "module tollgate is not loaded; 'make bench LANE=host' loads it, runs and unloads it");
		return NULL;
	}
	if (access("/sys/kernel/debug/" TG_DEBUGFS_NAME "/run", R_OK | W_OK)) {
		*code = TG_EXIT_REFUSED;
		snprintf(why, len, "%s/run: %s", dir, strerror(errno));
		return NULL;
	}
	return dir;
}

/* A whole file of debugfs, NUL-terminated; NULL with errno. */
static char *read_all(int fd, size_t *size)
{
	size_t room = 1 << 16, n = 0;
	char *buf = malloc(room), *more;
	ssize_t got;

	while (buf && (got = read(fd, buf + n, room - n - 1)) != 0) {
		if (got < 0) {
			if (errno == EINTR)
				continue;
			free(buf);
			return NULL;
		}
		n += got;
		if (room - n < 4096) {
			more = realloc(buf, room *= 2);
			if (!more)
				free(buf);
			buf = more;
		}
	}
	if (buf)
		buf[n] = 0;
	*size = n;
	return buf;
}

bool tg_module_available(const struct tg_point *p, char *why, size_t len)
{
	static char *list;
	char name[TG_NAME_MAX + 2], *line, *tab;
	size_t size;
	int fd;

	if (!list) {
		fd = open("/sys/kernel/debug/" TG_DEBUGFS_NAME "/experiments", O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			list = read_all(fd, &size);
			close(fd);
		}
		if (!list) {
			snprintf(why, len, "%s/experiments: %s", dir, strerror(errno));
			return false;
		}
	}
	tg_point_name(p, name);
	strcat(name, "\t");
	for (line = list; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, strlen(name)))
			continue;
		line += strlen(name);
		if (!strncmp(line, "available", 9))
			return true;
		tab = line;
		while (tab[strcspn(tab, "\t\n")] == '\t')
			tab += strcspn(tab, "\t\n") + 1;
		snprintf(why, len, "%.*s", (int)strcspn(tab, "\n"), tab);
		return false;
	}
	snprintf(why, len, "the loaded module does not know it (another version?)");
	return false;
}

/* The value of key in the answer as a number; -1 if it is not there, or none. */
static long answer_number(const char *answer, const char *key)
{
	const char *line = answer;
	size_t len = strlen(key);
	char *end;
	long v;

	while (line) {
		if (!strncmp(line, key, len) && line[len] == '=') {
			v = strtol(line + len + 1, &end, 10);
			return end == line + len + 1 ? -1 : v;
		}
		line = strchr(line, '\n');
		line += line ? 1 : 0;
	}
	return -1;
}

/*
 * Samples of every series line, "role ticks ticks ..."; event 0 or more: of the
 * lines of that event, "role.0 count count ...".
 */
static int parse_series(const char *answer, size_t size, int event, struct tg_samples *out)
{
	char suffix[16] = "", word[32];
	const char *line;
	size_t at = 0;
	int r;

	if (event >= 0)
		snprintf(suffix, sizeof(suffix), ".%d", event);
	/* two characters a number at least: room for all there can be */
	out->room = calloc(size / 2 + 1, sizeof(*out->room));
	if (!out->room)
		return -1;
	for (line = answer; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *p = line + strcspn(line, " =\n");
		char *end;

		for (r = 0; r < TG_ENGINE_ROLES && *p == ' '; r++) {
			snprintf(word, sizeof(word), "%s%s", roles[r], suffix);
			if (tg_word_is(line, p - line, word))
				break;
		}
		if (*p != ' ' || r == TG_ENGINE_ROLES)
			continue;
		out->ticks[r] = out->room + at;
		for (; *p == ' '; p = end) {
			uint64_t v = strtoull(p, &end, 10);

			if (end == p)
				break;
			out->room[at++] = v;
			out->n[r]++;
		}
	}
	return 0;
}

/* The status that an errno of the module's write stands for. */
static enum tg_status status_of(int error)
{
	if (error == EOPNOTSUPP || error == ENODEV || error == ENOENT)
		return TG_SKIPPED;
	/* EINVAL: a combination that the module does not allow, quiet=cli with STI */
	return error == EPERM || error == EACCES || error == EINVAL ? TG_REFUSED : TG_FAILED;
}

/* What events= takes; the bytes of it, or of as much as there is room for. */
static int events_text(const struct tg_events *events, char *buf, int len)
{
	int n = 0, i, words;

	for (size_t e = 0; e < events->n && n < len; e++) {
		const struct tg_event *event = &events->event[e];

		n += snprintf(buf + n, len - n, "%s%u", e ? "," : " events=", event->type);
		words = event->config[2] ? 3 : event->config[1] ? 2 : 1;
		for (i = 0; i < words && n < len; i++)
			n += snprintf(buf + n, len - n, ":%#llx",
				      (unsigned long long)event->config[i]);
	}
	return n;
}

/* One command; with events, out is one for each of them, else the ticks. */
static enum tg_status run(const struct tg_request *q, const struct tg_events *events,
			  struct tg_samples *out, char *why, size_t len)
{
	/* an event of all words takes 73 bytes: more than a command are refused there */
	char command[2 * TG_COMMAND_MAX], name[TG_NAME_MAX], node[24] = "", *answer = NULL;
	uint32_t block = tg_ring3_block(q->point.exp);
	size_t size = 0, i, nr = events->n ? events->n : 1;
	enum tg_status st = TG_FAILED;
	int fd, n, error = 0;
	long where;

	memset(out, 0, nr * sizeof(*out));
	tg_point_name(&q->point, name);
	if (q->node >= 0)
		snprintf(node, sizeof(node), " node=%d", q->node);
	n = snprintf(command, sizeof(command), "%s cpu=%d samples=%u unroll=%u%s%s%s", name, q->cpu,
		     q->samples, q->loops * block, q->quiet ? " quiet=" : "",
		     q->quiet ? q->quiet : "", node);
	n += events_text(events, command + n, sizeof(command) - n);
	fd = open("/sys/kernel/debug/" TG_DEBUGFS_NAME "/run", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		snprintf(why, len, "%s/run: %s", dir, strerror(errno));
		return status_of(errno);
	}
	if (write(fd, command, n) != n)
		error = errno ? errno : EIO;
	lseek(fd, 0, SEEK_SET);
	answer = read_all(fd, &size);
	if (error) {
		/* the module says in its answer what it did not like */
		if (answer && !strncmp(answer, "error=", 6))
			snprintf(why, len, "%.*s", (int)strcspn(answer + 6, "\n"), answer + 6);
		else
			snprintf(why, len, "the module: %s", strerror(error));
		st = status_of(error);
		goto out;
	}
	if (!answer) {
		snprintf(why, len, "%s/run: %s", dir, strerror(errno));
		goto out;
	}
	where = answer_number(answer, "node");
	if (q->node >= 0 && where >= 0 && where != q->node) {
		snprintf(why, len, "the module's memory lies on node %ld, not on node %d", where,
			 q->node);
		goto out;
	}
	st = TG_OK;
	for (i = 0; i < nr; i++) {
		out[i].discarded = answer_number(answer, "discarded");
		out[i].copies = answer_number(answer, "unroll");
		out[i].fenced = tg_exps[q->point.exp].flags & TG_F_FENCED;
		out[i].cal_copies = answer_number(answer, "cal_unroll");
		if (!parse_series(answer, size, events->n ? (int)i : -1, &out[i]) &&
		    out[i].n[0] && out[i].copies == q->loops * block &&
		    (int)out[i].cal_copies > 0)
			continue;
		snprintf(why, len, "the module's answer is incomplete (another version?)");
		st = TG_FAILED;
	}
	for (i = 0; i < nr && st != TG_OK; i++)
		tg_samples_free(&out[i]);
out:
	free(answer);
	close(fd);
	return st;
}

enum tg_status tg_module_measure(const struct tg_request *q, struct tg_samples *out,
				 char *why, size_t len)
{
	static const struct tg_events none;

	return run(q, &none, out, why, len);
}

enum tg_status tg_module_count(const struct tg_request *q, const struct tg_events *events,
			       struct tg_samples *out, char *why, size_t len)
{
	return run(q, events, out, why, len);
}
