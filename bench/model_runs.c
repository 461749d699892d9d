// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "model_runs.h"

#define REGS	(TGM_EV_ALL & ~TGM_EV_PKRU & ~TGM_EV_REMOTE)
/* v4.8 writes a task's own memory only where there are protection keys: see writes */
#define POSTED	(REGS & ~TGM_EV_WRITE)
#define WRITES	(TGM_EV_SECTION | TGM_EV_PREEMPT | TGM_EV_WRITE)
#define PKRU	(TGM_EV_PKRU | TGM_EV_REMOTE | TGM_EV_EXEC | TGM_EV_FORK)
#define KEYS	(PKRU | TGM_EV_PTRACE | TGM_EV_WRITE | TGM_EV_PREEMPT | TGM_EV_SECTION)

static const struct tgm_scope regs = { "regs", REGS, 3, 2, 0 };
static const struct tgm_scope pkru = { "pkru", PKRU, 3, 2, 0 };
static const struct tgm_scope frames = { "pkru-frames", PKRU | TGM_EV_SIGNAL, 2, 2, 0 };
/* PKRU as a tracer or the kernel writes it with the rest */
static const struct tgm_scope writers = { "pkru-writes", KEYS, 2, 2, 0 };
static const struct tgm_scope all = { "all", TGM_EV_ALL, 2, 2, 0 };
static const struct tgm_scope small = { "regs-small", REGS, 2, 2, 0 };
static const struct tgm_scope posted_small = { "regs-small", POSTED, 2, 2, 0 };
static const struct tgm_scope wide = { "regs-wide", POSTED, 3, 2, 10 };
static const struct tgm_scope one = { "regs-one", POSTED, 2, 1, 0 };
/* all; but v4.8 asks no PKRU of another's memory, by design, and what a guest's is is KVM's */
#define CURED	((REGS | TGM_EV_PKRU) & ~TGM_EV_GUEST)
static const struct tgm_scope cured_one = { "pkru-one", CURED, 2, 1, 0 };
static const struct tgm_scope cured_small = { "pkru-small", CURED, 2, 2, 0 };
static const struct tgm_scope writes = { "own-write", WRITES, 2, 2, 0 };

/*
 * What breaks first when a guard is taken out, for each strategy in the order of
 * TGF_STRATEGIES: s sees, a saves, v valid, p pkru, b busy, by #NM's handler where it
 * may heal; t trap, where it heals all else; -: the strategy does without that guard,
 * and no fault may be found.
 */
static const char mutants[TGF_NR_GUARDS][TGF_NR_STRATEGIES + 1] = {
#define R(guard, row)	[TGF_GUARD_##guard] = row,
	R(SWITCH_SAVE,	"sssssssss")
	R(SWITCH_RELOAD,	"-----ssss")
	R(EAGER_LOAD,		"ss-------")
	R(TS_SET,		"--sss----")
	R(MIRROR_SET,		"---tt----")
	R(SKIP_OWNER,		"-aaaa--aa")
	R(SKIP_CPU,		"-saaa--ss")
	R(EXIT_IRQS,		"-----ssss")
	R(OWNER_FRESH,	"-ssss--ss")
	R(KERNEL_SAVE,	"aaaaaaaaa")
	R(KERNEL_OWNER,	"-aaaa--aa")
	R(KERNEL_RELOAD,	"ss---s-ss")
	R(KERNEL_BUSY,	"sssssssss")
	R(GUEST_SAVE,		"aasssssss")
	R(GUEST_OWNER,	"-aaaa--ss")
	R(GUEST_KEEP,		"sssssssss")
	R(GUEST_BUSY,		"sssssssss")
	R(KERNEL_TS,		"--aaa----")
	R(KERNEL_DONE,	"bbbbbbbbb")
	R(KERNEL_TRAP,	"--sss----")
	R(GUEST_RELOAD,	"-----s-ss")
	R(GUEST_TS,		"--aaa----")
	R(GUEST_DONE,		"bbbbbbbbb")
	R(GUEST_TRAP,		"--sss----")
	R(GUEST_NEW,		"--------v")
	R(SIGNAL_LOAD,	"--tttaaaa")
	R(SIGNAL_LOCK,	"--tttaaaa")
	R(RESTORE_INACTIVE,	"--ttt----")
	R(RESTORE_OWNER,	"--aaa--aa")
	R(RESTORE_LOCK,	"ssaaassss")
	R(RESTORE_CLEAR,	"sssssssss")
	R(CLEAR_OWNER,	"--aaa--aa")
	R(CLEAR_LOCK,		"--aaassss")
	R(FORK_SOURCE,	"--tttaaaa")
	R(FORK_LOCK,		"--tttaaaa")
	R(FORK_CPU,		"-vvvv--vv")
	R(READ_SAVE,		"sssssssss")
	R(READ_LOCK,		"--tttaaaa")
	R(WRITE_DROP,		"vvvvvvvvv")
	R(WRITE_RELOAD,	"ssssss-ss")
	R(WRITE_LOCK,		"vv--v----")
	R(PTRACE_CPU,		"-vvvv--vv")
	R(CLEAR_PKRU,		"ppppppppp")
	R(SIGNAL_PKRU,	"ppppppppp")
	R(RESTORE_PKRU,	"ppppppppp")
	R(FORK_PKRU,		"ppppppppp")
	R(WRITE_PKRU,		"ppppppppp")
	R(PTRACE_PKRU,	"ppppppppp")
	R(PKRU_KEEP,		"ppppppppp")
	R(PKRU_LOAD,		"ppppppppp")
#undef R
};

static const char *mutant_fault(char code)
{
	for (int i = 0; i < TGM_NR_INVARIANTS; i++)
		if (code == (i == TGM_SAVES ? 'a' : tgm_invariant_names[i][0]))
			return tgm_invariant_names[i];
	return NULL;
}

/*
 * Patches 2 and 3; what patch 4 adds; what patch 5 adds. X: what XSAVES adds, without
 * which one fault of patch 5 needs a reschedule. Where two things can break first
 * after the same number of events, the order of the events decides which does.
 */
#define BASE2	"sees:CLEAR sees:CLEAR/soft sees:CLEAR/resched " \
		"saves:FORK saves:FORK/soft saves:FORK/resched saves:FPU_SAVE/soft " \
		"saves:SAVE/soft saves:SAVE/resched sees:RESTORE sees:RESTORE/soft "
#define RESCHED	"sees:RESTORE/resched"
#define BASE4	BASE2 "sees:CLEAR+ sees:CLEAR/resched+ sees:RESTORE/resched+ "
#define BASE5	BASE4 "saves:SAVE5 saves:SAVE5/lost sees:SAVE5/resched+ "
/* the same, seen by a save first */
#define RESCHED_X	"saves:RESTORE/resched"

static const struct {
	int level;
	bool lazy, xsaves, guest_used;
	const char *suffix;
	const struct tgm_scope *scope;
	const char *expected;
	unsigned int cures;
} posted[] = {
	{ 0, 0, 0, 0, "", &posted_small, NULL, 0 },
	{ 0, 0, 1, 0, ":xsaves", &one, NULL, 0 },
	{ 0, 1, 0, 0, ":eagerfpu=off", &one, NULL, 0 },
	{ 0, 0, 0, 0, "", &frames, "pkru:REMOTE", 0 },
	{ 0, 0, 0, 0, "", &writes, "valid:OWN_WRITE", 0 },
	{ 1, 0, 0, 0, "", &posted_small, NULL, 0 },
	{ 1, 1, 0, 0, ":eagerfpu=off", &one, "+sees saves", 0 },
	{ 2, 0, 0, 0, "", &posted_small, BASE2 RESCHED, 0 },
	{ 2, 0, 0, 0, "", &wide, "+" BASE2 RESCHED, 0 },
	{ 2, 0, 1, 0, ":xsaves", &one, "saves:SAVE " BASE2 RESCHED, 0 },
	{ 2, 0, 0, 0, "", &frames, "pkru:REMOTE pkru:FINISH2 sees:CLEAR saves:FORK sees:RESTORE", 0 },
	{ 2, 0, 0, 0, "", &writes, "valid:OWN_WRITE", 0 },
	{ 3, 0, 0, 0, "", &posted_small, BASE2 RESCHED, 0 },
	{ 3, 0, 1, 0, ":xsaves", &one, "saves:SAVE " BASE2 RESCHED, 0 },
	{ 4, 0, 0, 0, "", &posted_small, BASE4 RESCHED, 0 },
	{ 4, 0, 0, 0, "", &wide, "+" BASE4 RESCHED, 0 },
	{ 4, 0, 1, 0, ":xsaves", &one, "saves:SAVE " BASE4 RESCHED_X, 0 },
	{ 4, 0, 0, 1, ":guest-state-used", &one,
	  BASE4 RESCHED_X " sees:SKIP valid:GUEST_NEW", 0 },
	{ 5, 0, 0, 0, "", &posted_small, BASE5 RESCHED, 0 },
	{ 5, 0, 0, 0, "", &wide, "+" BASE5 RESCHED, 0 },
	{ 5, 0, 1, 0, ":xsaves", &one, BASE5 RESCHED_X " sees:SAVE5+", 0 },
	{ 5, 0, 0, 0, "", &frames,
	  "pkru:REMOTE pkru:FINISH2 sees:CLEAR saves:FORK sees:CLEAR+ saves:SAVE5/lost "
	  "pkru:SAVE5 sees:RESTORE", 0 },
	{ 5, 0, 0, 0, ":cured", &wide, NULL, TGM_CURES },
	{ 5, 0, 0, 0, ":cured", &cured_small, NULL, TGM_CURES | TGM_CURE_PKRU },
	{ 5, 0, 1, 0, ":cured-xsaves", &cured_one, NULL, TGM_CURES | TGM_CURE_PKRU },
};

static const struct {
	const char *name;
	enum tgf_strategy strategy;
	int guard;			/* -1: the planted header, or ops */
	const struct tgm_ops *ops;
	const char *expected, *story;
	const struct tgm_scope *scope;	/* NULL: the small one */
} history[] = {
	{ "owner-cached-2019", TGF_DEFERRED_SKIP, TGF_GUARD_OWNER_FRESH, NULL, "sees",
	  "59c4bd853abc, v5.5-rc1 and 5.4.2: the compiler kept this CPU's owner from before a reschedule "
	  "(this_cpu_read_stable), so a task took another's registers for its own", NULL },
	{ "kvm-mended-2020", TGF_DEFERRED, -1, &tgm_swapped_ops[TGM_SWAPPED], NULL,
	  "v5.6: KVM keeps a guest's registers as the running task's and asks the load flag where "
	  "it enters the guest and where it puts it; the next two leave out one of these", NULL },
	{ "kvm-entry-2019", TGF_DEFERRED, -1, &tgm_swapped_ops[TGM_SWAPPED_ENTER], "sees",
	  "e751732486eb (2019) took the question out of vcpu_enter_guest(), 2620fe268e80 (2020) put "
	  "it back: with the load flag set, by a softirq's use of the registers, KVM entered the "
	  "guest with registers that were not its own", NULL },
	{ "kvm-put-2020", TGF_DEFERRED, -1, &tgm_swapped_ops[TGM_SWAPPED_PUT], "saves",
	  "c9aef3b85f42, v5.6: with the load flag set, kvm_put_guest_fpu() saved registers that were "
	  "not the guest's as the guest's", NULL },
	{ "failed-restore-2020", TGF_DEFERRED_SKIP, TGF_GUARD_RESTORE_OWNER, NULL, "saves",
	  "bbc55341b9c6 (2020), d8778e393afa (2021): XRSTOR from a signal frame failed after it "
	  "had changed registers that still counted as another task's", NULL },
	{ "fsave-header-2019", TGF_DEFERRED, -1, NULL, "saves",
	  "aab8445c4e1c, v5.2: the old-style header of a 32-bit signal frame was made from memory "
	  "that had not been brought up to date", NULL },
	{ "ptrace-pkru-2021", TGF_DEFERRED_SKIP, TGF_GUARD_PTRACE_PKRU, NULL, "pkru",
	  "e84ba47e313d, v5.14, mended by 4a804c4f8356, v6.2: PKRU had moved out of the state in "
	  "memory, but PTRACE_SETREGSET wrote it there only, so what a tracer wrote was lost",
	  &writers },
};

static struct tgm_run runs[TGM_MAX_RUNS];
static size_t nr_runs;

#define TGM_SCOPES_OF_OURS	6
_Static_assert((TGM_SCOPES_OF_OURS + TGF_NR_GUARDS) * TGF_NR_STRATEGIES +
	       sizeof(posted) / sizeof(*posted) + sizeof(history) / sizeof(*history) <=
	       TGM_MAX_RUNS, "a place for each run");

static struct tgm_run *new_run(enum tgm_kind kind, enum tgf_strategy strategy,
			       const struct tgm_scope *scope)
{
	struct tgm_run *r = &runs[nr_runs++];

	r->kind = kind;
	r->strategy = strategy;
	r->scope = *scope;
	return r;
}

static void add_ours(void)
{
	static const struct tgm_scope *const scopes[TGM_SCOPES_OF_OURS] = {
		&regs, &pkru, &frames, &writers, &all, &small
	};

	for (int s = 0; s < TGF_NR_STRATEGIES; s++) {
		/* the last one stands beside the mutants */
		for (size_t k = 0; k < sizeof(scopes) / sizeof(*scopes); k++) {
			struct tgm_run *r = new_run(TGM_OURS, s, scopes[k]);

			r->strict = true;
			snprintf(r->name, sizeof(r->name), "ours/%s/%s", tgm_strategy_names[s],
				 scopes[k]->name);
		}
	}
}

static void add_posted(void)
{
	for (size_t i = 0; i < sizeof(posted) / sizeof(*posted); i++) {
		struct tgm_run *r = new_run(TGM_POSTED, 0, posted[i].scope);
		char level[8] = "v4.8";

		if (posted[i].level)
			snprintf(level, sizeof(level), "1-%d", posted[i].level);
		snprintf(r->name, sizeof(r->name), "posted/%s%s/%s", level, posted[i].suffix,
			 posted[i].scope->name);
		r->posted.level = posted[i].level;
		r->posted.cures = posted[i].cures;
		r->posted.lazy = posted[i].lazy;
		r->posted.xsaves = posted[i].xsaves;
		r->posted.guest_used = posted[i].guest_used;
		r->expected = posted[i].expected;
	}
}

static const struct tgm_scope *mutant_scope(int guard)
{
	switch (guard) {
	case TGF_GUARD_WRITE_PKRU:
	case TGF_GUARD_PTRACE_PKRU:
		return &writers;
	case TGF_GUARD_CLEAR_PKRU:
	case TGF_GUARD_SIGNAL_PKRU:
	case TGF_GUARD_RESTORE_PKRU:
	case TGF_GUARD_FORK_PKRU:
	case TGF_GUARD_PKRU_KEEP:
	case TGF_GUARD_PKRU_LOAD:
		return &frames;
	default:
		return &small;
	}
}

static void add_mutants(void)
{
	for (int strategy = 0; strategy < TGF_NR_STRATEGIES; strategy++) {
		for (int guard = 0; guard < TGF_NR_GUARDS; guard++) {
			const char *fault = mutant_fault(mutants[guard][strategy]);
			struct tgm_run *r = new_run(fault ? TGM_MUTANT : TGM_SPARED, strategy,
						    mutant_scope(guard));

			snprintf(r->name, sizeof(r->name), "%s/%s/%s", fault ? "mutant" : "spared",
				 tgm_strategy_names[strategy], tgm_guard_names[guard]);
			r->strict = !fault || mutants[guard][strategy] == 't';
			r->removed = 1ULL << guard;
			r->expected = fault;
		}
	}
}

const struct tgm_run *tgm_runs(size_t *n)
{
	if (!nr_runs) {
		add_ours();
		add_posted();
		add_mutants();
		for (size_t i = 0; i < sizeof(history) / sizeof(*history); i++) {
			struct tgm_run *r = new_run(TGM_HISTORY, history[i].strategy,
						    history[i].scope ? history[i].scope : &small);

			snprintf(r->name, sizeof(r->name), "history/%s", history[i].name);
			r->ops = history[i].ops;
			r->planted = history[i].guard < 0 && !r->ops;
			r->removed = history[i].guard < 0 ? 0 : 1ULL << history[i].guard;
			r->expected = history[i].expected;
			r->story = history[i].story;
		}
	}
	*n = nr_runs;
	return runs;
}

void tgm_set_up(const struct tgm_run *run)
{
	tgm_removed = run->removed;
	tgm_early_header = run->planted;
	tgm_strict = run->strict;
	if (run->kind == TGM_POSTED)
		tgm_use_posted(run->posted);
	else
		tgm_ops = run->ops ? run->ops : &tgm_ours[run->strategy];
}

static const char *const cite_names[TGM_NR_CITES] = {
	"?",
#define CITE(id, where, what)	#id,
#include "model_posted.def"
#undef CITE
};

void tgm_fault_name(const struct tgm_run *run, const struct tgm_fault *f, char *buf, size_t len)
{
	int cite = f->blame & (TGM_OTHER - 1);

	if (run->kind != TGM_POSTED || run->posted.lazy)
		snprintf(buf, len, "%s", tgm_invariant_names[f->invariant]);
	else
		snprintf(buf, len, "%s:%s%s%s%s", tgm_invariant_names[f->invariant],
			 cite_names[cite], f->blame & TGM_SOFT ? "/soft" :
			 f->blame & TGM_RESCHED ? "/resched" : "",
			 f->blame & TGM_LOST ? "/lost" : "",
			 f->blame & TGM_OTHER ? "+" : "");
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; p && (p = strstr(p, word)); p++)
		if ((p == words || p[-1] == ' ' || p[-1] == '+') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

bool tgm_as_expected(const struct tgm_run *run, const struct tgm_result *r, bool whole,
		     char *why, size_t len)
{
	const char *expected = run->expected ? run->expected : "";
	int words = 0, found = 0;

	/* the search ends where it finds the first */
	for (int i = 0; i < (run->kind >= TGM_MUTANT && r->nr_faults ? 1 : r->nr_faults); i++) {
		char name[48];

		tgm_fault_name(run, &r->faults[i], name, sizeof(name));
		if (!has_word(expected, name)) {
			snprintf(why, len, "found %s, which is not expected", name);
			return false;
		}
		found++;
	}
	if (!whole)
		return true;
	for (const char *p = expected; *p; p++)
		words += *p != ' ' && (p == expected || p[-1] == ' ');
	/*
	 * "+" in front: these at most, within a bound that not all reach, or some of each
	 * where a name stands for several: the guilty one is told by its cure alone
	 */
	snprintf(why, len, "found %d of the %d expected: %s", found, words, expected);
	return *expected == '+' ? found : found == words;
}
