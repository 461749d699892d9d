// SPDX-License-Identifier: GPL-2.0
/*
 * #DB amid the stubs: at every instruction of each, with IF = 0 and, where the window
 * says so, the user's GS and RSP. The kernel refuses breakpoints in what a module has
 * in .noinstr.text, but knows of none before it is loaded: so tasks set theirs while
 * the module is out, and it comes back to where it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tollgate/frame_blocks.h>

#include "armed.h"

#define ROUNDS	3	/* of all that a stub can be asked */
#define SLOTS	4	/* DR0 to DR3 */
#define ENDBR	4	/* its length */
#define LONGEST	512	/* stubs are shorter */
#define TASKS	((int)NR(stubs) * (LONGEST / SLOTS))

/*
 * Not every stub, for each takes a hundred tasks: one at least with each block that
 * moves GS or RSP.
 */
#define PLAIN(point)	{ point, point "\tplain", 0 }
#define QUIET(point)	{ point, point "\tquiet", TG_ARM_QUIET }
#define BOTH(point)	PLAIN(point), QUIET(point)
static const struct stub {
	const char *point, *name;	/* as arming and the table of windows know it */
	unsigned int flags;
} stubs[] = {
	BOTH("frame/point@cross"), BOTH("frame/point:full@cross"),
	BOTH("frame/point:full:iret@cross"),
	PLAIN("frame/point:partial@cross"), PLAIN("frame/point:rsp:slow:iret@cross"),
	PLAIN("frame/point:stack@cross"), QUIET("frame/point:sti:swapgs@cross"),
	QUIET("frame/point:full:unmasked:sti:cli@cross"),
};

/* Where the kernel or a module has a symbol; 0 if it does not say. */
unsigned long symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long at = 0, found = 0;
	char line[256], one[128];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx %*c %127s", &at, one) == 2 && !strcmp(one, name))
			found = at;
	if (f)
		fclose(f);
	return found;
}

static unsigned long stub_at(unsigned int stub)
{
	char name[TG_STUB_NAME_MAX], err[TG_ARM_ERROR];
	struct tg_point p;

	if (tg_point_parse(stubs[stub].point, &p, err, sizeof(err)))
		return 0;
	tg_stub_name(tg_point_bits(&p), stubs[stub].flags, name);
	return symbol(name);
}

int watch(unsigned long address, int type, int len)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr), .bp_type = type,
		.bp_addr = address, .bp_len = len,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static int breakpoint(unsigned long address)
{
	return watch(address, HW_BREAKPOINT_X, sizeof(long));
}

/* A task with its breakpoints, and what it has to say once it was armed. */
struct breaker {
	int pid, go, answer;
	unsigned int stub, from;
};
struct answer {
	uint64_t hits[SLOTS];
	char wrong[256];
};

/* Everything that leads through the stub, in quiet stretches and not. */
static void all_ways(const struct stub *s, char *wrong, size_t len)
{
	struct tg_arm rq;
	const char *one = "";
	int fd = arm(s->point, s->flags, &rq), i, k;

	if (fd < 0) {
		snprintf(wrong, len, " not armed: %.200s", rq.error);
		return;
	}
	/* a page that is not there yet would end a stretch */
	one = differs(NO_CALL, 0x202, false);
	for (i = 0; i < ROUNDS && !*one; i++) {
		if (s->flags && !quiet())
			one = " no stretch";
		if (!*one)
			one = differs(TG_SYSCALL_STUB, 0x202, true);
		if (!*one)
			one = differs(39, 0x246, false);
		/* once more in a stretch, where it is not the door that begins it */
		for (k = 0; k < 2 && s->flags && !*one; k++) {
			call(TG_SYSCALL_QUIET);
			call(TG_SYSCALL_QUIET);
			one = differs(TG_SYSCALL_STUB, 0x202, true);
		}
		/* with STI in it, it answers in a stretch alone */
		if (s->flags && !*one && !armed() && !quiet())
			one = " no second stretch";
		if (!*one)
			one = differs(TG_SYSCALL_STUB, 0x202, true);
		if (!*one)
			one = differs(NO_CALL, 0xad7, false);
		/* ends a stretch, whether or not a #DB has done so */
		if (!*one)
			one = differs(TG_SYSCALL_QUIET + 1, 0x202, false);
	}
	snprintf(wrong, len, "%s", one);
	close(fd);
}

static void be_breaker(const struct breaker *b, unsigned long address, int go, int answer)
{
	struct answer a = { .wrong = "" };
	unsigned long gs = 0;
	int fds[SLOTS], i;
	char byte = 'y';

	for (i = 0; i < SLOTS; i++) {
		fds[i] = breakpoint(address + i);
		if (fds[i] < 0)
			byte = 'n';
	}
	write(answer, &byte, 1);
	if (read(go, &byte, 1) != 1)
		_exit(1);
	gs = swap_gs_base(b->from / SLOTS % 2);
	all_ways(&stubs[b->stub], a.wrong, sizeof(a.wrong));
	if (!restore_gs_base(gs))
		strcat(a.wrong, " GS base");
	for (i = 0; i < SLOTS; i++)
		read(fds[i], &a.hits[i], sizeof(a.hits[i]));
	write(answer, &a, sizeof(a));
	_exit(0);
}

/* A task with breakpoints from this byte of a stub on; they are refused if not wanted. */
static bool set(struct breaker *b, unsigned int stub, unsigned long at, unsigned int from)
{
	int to[2], back[2];
	char byte = 'n';

	b->stub = stub;
	b->from = from;
	if (pipe(to) || pipe(back))
		return false;
	b->pid = fork();
	if (!b->pid) {
		close(to[1]);
		close(back[0]);
		be_breaker(b, at + from, to[0], back[1]);
	}
	close(to[0]);
	close(back[1]);
	b->go = to[1];
	b->answer = back[0];
	return read(b->answer, &byte, 1) == 1 && byte == 'y';
}

static bool tell(struct breaker *b, struct answer *a)
{
	bool good = write(b->go, "g", 1) == 1 && read(b->answer, a, sizeof(*a)) == sizeof(*a);

	close(b->go);
	close(b->answer);
	waitpid(b->pid, NULL, 0);
	return good;
}

static bool unload(void)
{
	int i;

	/* what was armed last may still be on its way out */
	for (i = 0; i < 600 && syscall(SYS_delete_module, "tollgate", O_NONBLOCK); i++)
		usleep(100000);
	return !stub_at(0);
}

static bool load(void)
{
	const char *ko = getenv("KO");
	int fd = open(ko ? ko : "/tollgate.ko", O_RDONLY | O_CLOEXEC), ret;

	ret = syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return !ret;
}

/* The first and the last byte but one of each stub's windows. */
static struct window {
	unsigned int stub, from, to;
	char class[8];
} windows[8192];
static int nr_windows;

static void read_windows(void)
{
	FILE *f = fopen("/sys/kernel/debug/tollgate/windows", "r");
	char line[128];

	nr_windows = 0;
	while (f && fgets(line, sizeof(line), f) && nr_windows < (int)NR(windows)) {
		struct window *w = &windows[nr_windows];

		for (w->stub = 0; w->stub < NR(stubs); w->stub++) {
			size_t n = strlen(stubs[w->stub].name);

			if (!strncmp(line, stubs[w->stub].name, n) &&
			    sscanf(line + n, " %7s %u %u", w->class, &w->from, &w->to) == 3)
				break;
		}
		nr_windows += w->stub < NR(stubs) && w->from < w->to;
	}
	if (f)
		fclose(f);
}

static unsigned int length(unsigned int stub)
{
	unsigned int len = 0;
	int i;

	for (i = 0; i < nr_windows; i++)
		if (windows[i].stub == stub && windows[i].to > len)
			len = windows[i].to;
	return len;
}

/* With the module out: breakpoints where it will be. How many tasks have them. */
static int set_all(struct breaker *b, const unsigned long *at, bool *all)
{
	unsigned int stub, from;
	int n = 0;

	for (stub = 0; stub < NR(stubs); stub++)
		for (from = 0; from < length(stub) + ENDBR && n < TASKS; from += SLOTS)
			*all &= set(&b[n++], stub, at[stub], from);
	return n;
}

/* What was hit, a line a stub, by its windows. */
static void report(unsigned int stub, const uint64_t hits[LONGEST], const char *wrong)
{
	unsigned int endbr = hits[0] && hits[ENDBR] ? ENDBR : 0, i, instructions = 0;
	char seen[256] = "", missed[256] = "";
	int k, total = 0;

	/* ENDBR is one if what stands 4 bytes behind the entry is an instruction, too */
	for (i = 0; i < LONGEST; i++)
		instructions += hits[i] != 0;
	for (k = 0; k < nr_windows; k++) {
		const struct window *w = &windows[k];

		if (w->stub != stub)
			continue;
		total++;
		strcat(hits[w->from + endbr] ? seen : missed, " ");
		strcat(hits[w->from + endbr] ? seen : missed, w->class);
	}
	ok(total && instructions >= 3 && !*missed && !*wrong,
	   "#DB at %u instructions of %s, flags %u, windows%s%s%s%s", instructions,
	   stubs[stub].point, stubs[stub].flags, seen, *missed ? ", but none in" : "", missed,
	   wrong);
}

void check_breaks(void)
{
	static struct breaker tasks[TASKS];
	static uint64_t hits[NR(stubs)][LONGEST];
	static char wrong[NR(stubs)][256];
	unsigned long at[NR(stubs)];
	struct rlimit files;
	unsigned int stub, i;
	bool same = true, all = true, told = true;
	int n, k, refusals = 0;

	/* two descriptors a task */
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	read_windows();
	for (stub = 0; stub < NR(stubs); stub++) {
		int fd;

		at[stub] = stub_at(stub);
		fd = breakpoint(at[stub]);
		refusals += fd == -1 && errno == EINVAL;
		if (length(stub) + 2 * ENDBR > LONGEST)
			all = false;
	}
	ok(refusals == NR(stubs), "the kernel refuses breakpoints in stubs: %d", refusals);
	same_after_all("before the module is reloaded");
	if (!unload()) {
		ok(false, "the module goes, to come back");
		return;
	}
	n = set_all(tasks, at, &all);
	ok(load() && all, "breakpoints of %d tasks are set where the module comes back to", n);
	for (stub = 0; stub < NR(stubs); stub++)
		same &= at[stub] && stub_at(stub) == at[stub];
	ok(same, "it is where it was");
	for (k = 0; k < n; k++) {
		struct breaker *b = &tasks[k];
		struct answer a = { .wrong = "" };

		told &= tell(b, &a);
		for (i = 0; i < SLOTS; i++)
			hits[b->stub][b->from + i] = a.hits[i];
		if (!*wrong[b->stub] && *a.wrong)
			snprintf(wrong[b->stub], sizeof(wrong[b->stub]), ", from byte %u:%.200s",
				 b->from, a.wrong);
	}
	ok(told, "all tasks lived to tell");
	for (stub = 0; stub < NR(stubs); stub++)
		report(stub, hits[stub], wrong[stub]);
	same_after_all("after breakpoints");
}
