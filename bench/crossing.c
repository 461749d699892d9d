// SPDX-License-Identifier: GPL-2.0
/*
 * Set-up, check and teardown of crossing rows. The sequences are in
 * blocks_crossing.h and blocks_events.h, the other ends in body/handlers.S.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <tollgate/fpu_image.h>

#include "crossing.h"
#include "memory.h"

_Static_assert(TG_RUSAGE_THREAD == RUSAGE_THREAD, "");
_Static_assert(TG_MADV_DONTNEED == MADV_DONTNEED, "");
_Static_assert(TG_SIGUSR1 == SIGUSR1, "");
_Static_assert(TG_ENOSYS == ENOSYS, "");
_Static_assert(TG_FUTEX_WAIT == FUTEX_WAIT && TG_FUTEX_WAKE == FUTEX_WAKE, "");
_Static_assert(TG_CLOCK_MONOTONIC == CLOCK_MONOTONIC, "");
_Static_assert(TG_SIGINFO_ADDR == offsetof(siginfo_t, si_addr), "");
_Static_assert(TG_UCONTEXT_RIP == offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP]), "");
_Static_assert(sizeof(struct rusage) == sizeof(((struct tg_board *)0)->usage), "");
_Static_assert(sizeof(struct tg_board) <= TG_PAGE_SIZE, "");

/* One field of the board's struct rusage. */
#define TG_USAGE(field) (&tg_board->usage[offsetof(struct rusage, field) / sizeof(__u64)])

/* What a page table maps. */
#define TG_TABLE_BYTES	(2UL << 20)

/* Yields tried before they are timed, and how long that may take. */
#define TG_YIELD_TRIES	1000
#define TG_YIELD_ATTEMPTS 4
#define TG_YIELD_MS	200
/* One yield in so many need not switch: what sched_yield() does is the scheduler's choice. */
#define TG_YIELD_SHORT	100
/* The same while they are timed, when somebody else may want the CPU for once. */
#define TG_YIELD_SHORT_TIMED 10
#define TG_YIELD_FEW	4	/* as much in a pilot's few calls */

struct tg_board *tg_board;

static struct {
	int fd;				/* eventfd, 0: none */
	void *pages;
	size_t bytes;
	struct { int sig; struct sigaction old; } caught[2];
	int nr_caught;
	sigset_t mask;			/* as found, where nr_caught */
} row;

typedef void tg_handler(int sig, siginfo_t *info, void *context);
extern tg_handler tg_on_signal, tg_on_segv, tg_on_ill;

static enum tg_status fail(char *why, size_t len, const char *what)
{
	snprintf(why, len, "%s: %s", what, strerror(errno));
	return TG_FAILED;
}

/* handler NULL: ignore. The signal is let through, whatever mask was inherited. */
static enum tg_status catch_signal(int sig, tg_handler *handler, int flags, char *why, size_t len)
{
	struct sigaction sa = { .sa_flags = flags };
	sigset_t one, before;

	if (handler) {
		sa.sa_sigaction = handler;
		sa.sa_flags |= SA_SIGINFO;
	} else {
		sa.sa_handler = SIG_IGN;
	}
	sigemptyset(&one);
	sigaddset(&one, sig);
	if (sigaction(sig, &sa, &row.caught[row.nr_caught].old) ||
	    sigprocmask(SIG_UNBLOCK, &one, &before))
		return fail(why, len, "a signal cannot be caught");
	if (!row.nr_caught)
		row.mask = before;
	row.caught[row.nr_caught++].sig = sig;
	return TG_OK;
}

static enum tg_status map_pages(size_t bytes, int prot, char *why, size_t len)
{
	row.pages = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (row.pages == MAP_FAILED) {
		row.pages = NULL;
		return fail(why, len, "no pages to fault on");
	}
	row.bytes = bytes;
	return TG_OK;
}

/*
 * Pages below one page table, whose first page stays: the table is there
 * before the first fault and no call of madvise() frees it.
 */
static enum tg_status start_fault(bool cold, uint32_t events, char *why, size_t len)
{
	enum tg_status st;
	uintptr_t table;

	if ((events + 1) * (size_t)TG_PAGE_SIZE > TG_TABLE_BYTES) {
		snprintf(why, len, "%u pages are more than one page table maps", events);
		return TG_FAILED;
	}
	tg_board->flush = cold;
	st = map_pages(2 * TG_TABLE_BYTES, PROT_READ | PROT_WRITE, why, len);
	if (st != TG_OK)
		return st;
	/* a kernel without huge pages knows no such advice */
	madvise(row.pages, row.bytes, MADV_NOHUGEPAGE);
	table = ((uintptr_t)row.pages + TG_TABLE_BYTES - 1) & ~(TG_TABLE_BYTES - 1);
	*(volatile char *)table = 1;
	tg_board->a0 = table + TG_PAGE_SIZE;
	tg_board->use_usage = true;
	tg_board->counter = (uintptr_t)TG_USAGE(ru_minflt);
	return TG_OK;
}

static enum tg_status start_segv(char *why, size_t len)
{
	enum tg_status st = map_pages(TG_PAGE_SIZE, PROT_NONE, why, len);

	if (st != TG_OK)
		return st;
	tg_board->a0 = (uintptr_t)row.pages;
	return catch_signal(SIGSEGV, tg_on_segv, 0, why, len);
}

static enum tg_status start_eventfd(char *why, size_t len)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return fail(why, len, "no eventfd");
	row.fd = fd;
	tg_board->a0 = fd;
	tg_board->a1 = (uintptr_t)tg_board->slot;
	tg_board->slot[0] = 1;
	return TG_OK;
}

/* A partner that died would leave us waiting for its futex. */
static void on_death(int sig, siginfo_t *info, void *context)
{
	volatile struct tg_board *b = tg_board;

	(void)sig;
	(void)info;
	(void)context;
	b->dead = 1;
	b->back = 1;
}

static bool pinned(void)
{
	cpu_set_t set;

	return !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) == 1;
}

/* A yielding task goes on running, so its switches count as involuntary. */
static long switches(void)
{
	struct rusage u;

	return getrusage(RUSAGE_THREAD, &u) ? -1 : u.ru_nivcsw;
}

static long milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Whether a yield switches on this kernel, and to the partner: where a third
 * task is runnable beside it in the same scheduling group, that one gets a
 * time slice for every yield, and thousands of yields would take minutes.
 */
static enum tg_status try_yield(char *why, size_t len)
{
	volatile __u64 *turns = &tg_board->partner;
	long i, n, before, switched = 0, end = milliseconds() + TG_YIELD_MS;

	/* on some kernels a new task has to wait for its turn, and then to catch up */
	while (!*turns && milliseconds() < end)
		sched_yield();
	for (n = 0; n < TG_YIELD_ATTEMPTS; n++) {
		before = switches();
		for (i = 0; i < TG_YIELD_TRIES && milliseconds() < end; i++)
			sched_yield();
		if (i < TG_YIELD_TRIES) {
			snprintf(why, len, "%ld yields took more than %d ms: another task wants this CPU",
				 n * TG_YIELD_TRIES + i, TG_YIELD_MS);
			return TG_SKIPPED;
		}
		switched = switches() - before;
		if (switched >= TG_YIELD_TRIES - TG_YIELD_TRIES / TG_YIELD_SHORT)
			return TG_OK;
	}
	snprintf(why, len, "sched_yield(2) switched in %ld of %d calls: this kernel's scheduler keeps the CPU",
		 switched, TG_YIELD_TRIES);
	return TG_SKIPPED;
}

bool tg_crossing_switches(enum tg_exp_id exp)
{
	return exp == TG_EXP_crossing_switch_pipe || exp == TG_EXP_crossing_switch_futex ||
	       exp == TG_EXP_crossing_switch_yield;
}

static enum tg_status start_switch(enum tg_partner_kind kind, int touch, char *why, size_t len)
{
	enum tg_status st = TG_OK;

	if (!pinned()) {
		snprintf(why, len, "not pinned to one CPU, so nothing need switch");
		return TG_FAILED;
	}
	tg_board->counter = (uintptr_t)&tg_board->partner;
	tg_board->a1 = (uintptr_t)tg_board->slot;
	if (kind == TG_PARTNER_PIPE)
		st = catch_signal(SIGPIPE, NULL, 0, why, len);
	if (st == TG_OK)
		st = catch_signal(SIGCHLD, on_death, SA_NOCLDSTOP | SA_RESTART, why, len);
	if (st == TG_OK && tg_partner_start(kind, touch, why, len))
		st = TG_FAILED;
	if (st != TG_OK || kind != TG_PARTNER_YIELD)
		return st;
	/*
	 * Any switch is the event, for a third task may be due; and one that
	 * the clock forces comes on top of the yields.
	 */
	tg_board->use_usage = true;
	tg_board->counter = (uintptr_t)TG_USAGE(ru_nivcsw);
	tg_board->at_least = true;
	return try_yield(why, len);
}

/* The base that one of the segment registers has. */
static enum tg_status start_base(int get, int code, char *why, size_t len)
{
	if (syscall(SYS_arch_prctl, get, tg_board->slot))
		return fail(why, len, "arch_prctl");
	tg_board->a0 = code;
	tg_board->a1 = code == get ? (uintptr_t)tg_board->slot : tg_board->slot[0];
	return TG_OK;
}

static enum tg_status start_row(const struct tg_point *p, uint32_t events, char *why, size_t len)
{
	int touch = tg_point_touch(p);
	__u32 leaf[4];

	switch (p->exp) {
	case TG_EXP_crossing_syscall_null:
		tg_board->a2 = getpid();
		return TG_OK;
	case TG_EXP_crossing_syscall_invalid:
		return TG_OK;
	case TG_EXP_crossing_int80:
		tg_board->a1 = getpid();
		return TG_OK;
	case TG_EXP_crossing_vdso_clock:
		tg_board->a0 = (uintptr_t)tg_vdso_function("__vdso_clock_gettime");
		return TG_OK;
	case TG_EXP_crossing_arch_get_fs:
		return start_base(ARCH_GET_FS, ARCH_GET_FS, why, len);
	case TG_EXP_crossing_arch_set_fs:
		return start_base(ARCH_GET_FS, ARCH_SET_FS, why, len);
	case TG_EXP_crossing_arch_get_gs:
		return start_base(ARCH_GET_GS, ARCH_GET_GS, why, len);
	case TG_EXP_crossing_arch_set_gs:
		return start_base(ARCH_GET_GS, ARCH_SET_GS, why, len);
	case TG_EXP_crossing_eventfd:
		return start_eventfd(why, len);
	case TG_EXP_crossing_tgkill:
	case TG_EXP_crossing_signal_usr1:
		tg_board->a0 = getpid();
		tg_board->a1 = syscall(SYS_gettid);
		return p->exp == TG_EXP_crossing_tgkill ? TG_OK :
		       catch_signal(SIGUSR1, tg_on_signal, 0, why, len);
	case TG_EXP_crossing_fault_zero:
	case TG_EXP_crossing_fault_anon:
		return start_fault(tg_point_axis(p, TG_AXIS_cache, 0), events, why, len);
	case TG_EXP_crossing_signal_segv:
		return start_segv(why, len);
	case TG_EXP_crossing_int3:
		return catch_signal(SIGTRAP, tg_on_signal, 0, why, len);
	case TG_EXP_crossing_ud2:
		return catch_signal(SIGILL, tg_on_ill, 0, why, len);
	case TG_EXP_crossing_switch_pipe:
		return start_switch(TG_PARTNER_PIPE, touch, why, len);
	case TG_EXP_crossing_switch_futex:
		return start_switch(TG_PARTNER_FUTEX, touch, why, len);
	case TG_EXP_crossing_switch_yield:
		return start_switch(TG_PARTNER_YIELD, touch, why, len);
	case TG_EXP_crossing_cpuid:
		tg_cpuid(0, 0, leaf);
		tg_board->a2 = leaf[0];
		return TG_OK;
	default:
		snprintf(why, len, "no set-up for this crossing in bench/crossing.c");
		return TG_FAILED;
	}
}

enum tg_status tg_crossing_start(const struct tg_point *p, const struct tg_crossing_env *env,
				 char *why, size_t len)
{
	enum tg_status st;
	void *page;

	if (!tg_crossing_available(p->exp, why, len))
		return TG_SKIPPED;
	page = mmap(NULL, TG_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return fail(why, len, "no page to share");
	tg_board = page;
	tg_board->image = (uintptr_t)env->image;
	tg_board->rfbm = env->rfbm;
	tg_board->es = tg_exps[p->exp].flags & TG_F_IRET ? 0 : env->es;
	tg_board->counter = (uintptr_t)&tg_board->handled;
	memset(tg_board->tile_row, 0x5a, sizeof(tg_board->tile_row));
	st = start_row(p, env->events, why, len);
	if (st != TG_OK)
		tg_crossing_end();
	return st;
}

enum tg_status tg_crossing_check(char *why, size_t len)
{
	const struct tg_board *b = tg_board;

	if (!b->calls) {
		snprintf(why, len, "no call was made, so no event happened");
		return TG_FAILED;
	}
	/* such samples were dropped; a yield that switches nothing now and then is no fault */
	if (!b->wrong ||
	    (b->at_least && b->wrong <= TG_YIELD_FEW + b->calls / TG_YIELD_SHORT_TIMED))
		return TG_OK;
	snprintf(why, len, "%llu of %llu events happened in a call; %llu of %llu calls were wrong",
		 (unsigned long long)b->happened, (unsigned long long)b->expected,
		 (unsigned long long)b->wrong, (unsigned long long)b->calls);
	return b->at_least && b->wrong < b->calls ? TG_SKIPPED : TG_FAILED;
}

int tg_crossing_where(int node, char *why, size_t len)
{
	if (tg_memory_check(tg_board, TG_PAGE_SIZE, node, "the board", why, len))
		return -1;
	/* pages that fault and are there now; SIGSEGV's never is */
	return row.pages && tg_board->use_usage ?
	       tg_memory_check(row.pages, row.bytes, node, "the pages that faulted", why, len) : 0;
}

void tg_crossing_end(void)
{
	if (!tg_board)
		return;
	tg_partner_end();
	while (row.nr_caught) {
		row.nr_caught--;
		sigaction(row.caught[row.nr_caught].sig, &row.caught[row.nr_caught].old, NULL);
		if (!row.nr_caught)
			sigprocmask(SIG_SETMASK, &row.mask, NULL);
	}
	if (row.fd)
		close(row.fd);
	if (row.pages)
		munmap(row.pages, row.bytes);
	memset(&row, 0, sizeof(row));
	munmap(tg_board, TG_PAGE_SIZE);
	tg_board = NULL;
}

/* INT 0x80 in a child: without IA32 emulation it is a #GP there. */
static bool int80_works(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL }, old;
	int status = -1, pid;

	sigaction(SIGCHLD, &sa, &old);
	pid = fork();
	if (!pid) {
		int got;

		sigaction(SIGSEGV, &sa, NULL);
		asm volatile("int $0x80" : "=a" (got) : "0" (TG_NR_GETPID_32)
					 : "r8", "r9", "r10", "r11", "memory");
		_exit(got == getpid() ? 0 : 1);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGCHLD, &old, NULL);
	return pid > 0 && !status;
}

bool tg_crossing_available(enum tg_exp_id exp, char *why, size_t len)
{
	static int int80;	/* 0: not tried, 1: works, 2: does not */

	if (exp == TG_EXP_crossing_int80) {
		if (!int80)
			int80 = int80_works() ? 1 : 2;
		if (int80 == 2)
			snprintf(why, len, "this kernel lacks INT 0x80 (CONFIG_IA32_EMULATION, ia32_emulation=)");
		return int80 == 1;
	}
	if (exp == TG_EXP_crossing_vdso_clock && !tg_vdso_function("__vdso_clock_gettime")) {
		snprintf(why, len, "this kernel gives no vDSO with __vdso_clock_gettime");
		return false;
	}
	return true;
}
