// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "model_runs.h"

#define REGS	(TGM_EV_ALL & ~TGM_EV_PKRU & ~TGM_EV_REMOTE)
#define PKRU	(TGM_EV_PKRU | TGM_EV_REMOTE | TGM_EV_EXEC | TGM_EV_FORK)

static const struct tgm_scope regs = { "regs", REGS, 3, 2, 0 };
static const struct tgm_scope pkru = { "pkru", PKRU, 3, 2, 0 };
static const struct tgm_scope frames = { "pkru-frames", PKRU | TGM_EV_SIGNAL, 2, 2, 0 };
static const struct tgm_scope small = { "regs-small", REGS, 2, 2, 0 };
static const struct tgm_scope wide = { "regs-wide", REGS, 3, 2, 10 };
static const struct tgm_scope one = { "regs-one", REGS, 2, 1, 0 };

/* Each guard out of each strategy that it guards, and what that must break. */
static const struct {
	enum tgf_strategy strategy;
	enum tgf_guard guard;
	const char *expected;
	bool pkru;
} mutants[] = {
#define M(s, g, e)	{ TGF_##s, TGF_GUARD_##g, e, false }
	M(EAGER, SWITCH_SAVE, "sees"), M(LAZY_TS, SWITCH_SAVE, "sees"),
	M(DEFERRED, SWITCH_SAVE, "sees"), M(SKIP, SWITCH_SAVE, "sees"),
	M(DEFERRED, SWITCH_RELOAD, "sees"), M(SKIP, SWITCH_RELOAD, "sees"),
	M(EAGER, EAGER_LOAD, "sees"),
	M(LAZY_TS, TS_SET, "sees"), M(LAZY_COUNTER, TS_SET, "sees"),
	M(LAZY_MIRROR, MIRROR_SET, "trap"), M(LAZY_COUNTER, MIRROR_SET, "trap"),
	M(LAZY_TS, SKIP_OWNER, "saves"), M(SKIP, SKIP_OWNER, "saves"),
	M(SKIP_OWNER, SKIP_OWNER, "saves"),
	M(LAZY_TS, SKIP_CPU, "sees"), M(SKIP, SKIP_CPU, "sees"),
	M(SKIP_OWNER, SKIP_CPU, "sees"),
	M(DEFERRED, EXIT_IRQS, "sees"), M(SKIP, EXIT_IRQS, "sees"),
	M(SKIP, OWNER_FRESH, "sees"),
	M(EAGER, KERNEL_SAVE, "saves"), M(LAZY_TS, KERNEL_SAVE, "saves"),
	M(DEFERRED, KERNEL_SAVE, "saves"), M(SKIP, KERNEL_SAVE, "saves"),
	M(LAZY_TS, KERNEL_OWNER, "saves"), M(SKIP, KERNEL_OWNER, "saves"),
	M(DEFERRED, KERNEL_RELOAD, "sees"), M(EAGER, KERNEL_RELOAD, "sees"),
	M(EAGER, KERNEL_BUSY, "sees"), M(SKIP, KERNEL_BUSY, "sees"),
	M(EAGER, GUEST_SAVE, "saves"), M(SKIP, GUEST_SAVE, "sees"),
	M(LAZY_TS, GUEST_OWNER, "saves"), M(SKIP, GUEST_OWNER, "sees"),
	M(SKIP_OWNER, GUEST_OWNER, "sees"),
	M(EAGER, GUEST_KEEP, "sees"), M(SKIP_OWNER, GUEST_KEEP, "sees"),
	M(DEFERRED, GUEST_BUSY, "sees"), M(SKIP_OWNER, GUEST_BUSY, "sees"),
	M(SKIP_OWNER, GUEST_NEW, "valid"),
	M(LAZY_TS, SIGNAL_LOAD, "trap"), M(DEFERRED, SIGNAL_LOAD, "saves"),
	M(SKIP, SIGNAL_LOAD, "saves"),
	M(LAZY_TS, SIGNAL_LOCK, "trap"), M(DEFERRED, SIGNAL_LOCK, "saves"),
	M(LAZY_TS, RESTORE_OWNER, "saves"), M(SKIP, RESTORE_OWNER, "saves"),
	M(EAGER, RESTORE_LOCK, "sees"), M(DEFERRED, RESTORE_LOCK, "sees"),
	M(EAGER, RESTORE_CLEAR, "sees"), M(DEFERRED, RESTORE_CLEAR, "sees"),
	M(LAZY_TS, CLEAR_OWNER, "saves"), M(SKIP, CLEAR_OWNER, "saves"),
	M(DEFERRED, CLEAR_LOCK, "sees"),
	M(LAZY_TS, FORK_SOURCE, "trap"), M(DEFERRED, FORK_SOURCE, "saves"),
	M(LAZY_TS, FORK_LOCK, "trap"), M(DEFERRED, FORK_LOCK, "saves"),
	M(LAZY_TS, FORK_CPU, "sees"), M(SKIP, FORK_CPU, "sees"),
	M(LAZY_TS, PTRACE_CPU, "valid"), M(SKIP, PTRACE_CPU, "valid"),
#undef M
#define M(s, g, e)	{ TGF_##s, TGF_GUARD_##g, e, true }
	M(EAGER, PKRU_KEEP, "pkru"), M(DEFERRED, PKRU_KEEP, "pkru"),
	M(EAGER, PKRU_LOAD, "pkru"), M(DEFERRED, PKRU_LOAD, "pkru"),
#undef M
};

#define BASE2	"sees:CLEAR saves:FORK saves:SAVE sees:RESTORE saves:RESTORE"

static const struct {
	int level;
	bool lazy, xsaves, guest_used;
	const char *suffix;
	const struct tgm_scope *scope;
	const char *expected;
} posted[] = {
	{ 0, 0, 0, 0, "", &small, NULL },
	{ 0, 0, 1, 0, ":xsaves", &small, NULL },
	{ 0, 0, 0, 0, "", &frames, "pkru:REMOTE" },
	{ 1, 0, 0, 0, "", &small, NULL },
	{ 1, 1, 0, 0, ":eagerfpu=off", &one, "*" },
	{ 2, 0, 0, 0, "", &small, BASE2 },
	{ 2, 0, 0, 0, "", &wide, "+" BASE2 },
	{ 2, 0, 1, 0, ":xsaves", &small, BASE2 " saves:CLEAR" },
	{ 2, 0, 0, 0, "", &frames,
	  "pkru:REMOTE pkru:FINISH2 sees:CLEAR saves:FORK sees:RESTORE" },
	{ 3, 0, 0, 0, "", &small, BASE2 },
	{ 3, 0, 1, 0, ":xsaves", &small, BASE2 " saves:CLEAR" },
	{ 4, 0, 0, 0, "", &small, BASE2 " saves:CLEAR sees:CLEAR+ sees:RESTORE+" },
	{ 4, 0, 0, 0, "", &wide, "+" BASE2 " saves:CLEAR sees:CLEAR+" },
	{ 4, 0, 1, 0, ":xsaves", &small,
	  BASE2 " saves:CLEAR sees:CLEAR+ saves:CLEAR+ sees:RESTORE+ saves:RESTORE+" },
	{ 4, 0, 0, 1, ":guest-state-used", &small,
	  BASE2 " saves:CLEAR sees:CLEAR+ sees:RESTORE+ sees:SKIP valid:GUEST_NEW" },
	{ 5, 0, 0, 0, "", &small,
	  BASE2 " saves:CLEAR saves:SAVE5 sees:SAVE5+ sees:CLEAR+ sees:RESTORE+" },
	{ 5, 0, 0, 0, "", &wide, "+" BASE2 " saves:CLEAR saves:SAVE5 sees:SAVE5+ sees:CLEAR+" },
	{ 5, 0, 1, 0, ":xsaves", &small,
	  BASE2 " saves:CLEAR saves:SAVE5 sees:SAVE5+ saves:SAVE5+ sees:CLEAR+ saves:CLEAR+ "
	  "sees:RESTORE+ saves:RESTORE+" },
	{ 5, 0, 0, 0, "", &frames,
	  "pkru:REMOTE pkru:FINISH2 sees:CLEAR saves:FORK saves:CLEAR sees:CLEAR+ saves:SAVE5 "
	  "sees:RESTORE saves:RESTORE" },
};

static const struct {
	const char *name;
	enum tgf_strategy strategy;
	int guard;			/* -1: the planted header */
	const char *expected, *story;
} history[] = {
	{ "owner-cached-2019", TGF_SKIP, TGF_GUARD_OWNER_FRESH, "sees",
	  "59c4bd853abc, v5.4: the compiler kept this CPU's owner from before a reschedule "
	  "(this_cpu_read_stable), so a task took another's registers for its own" },
	{ "kvm-load-flag-2020", TGF_DEFERRED, TGF_GUARD_GUEST_BUSY, "sees",
	  "e751732486eb (2019), 2620fe268e80 (2020): with the load flag set, by a softirq's use of "
	  "the registers, KVM saved and entered registers that were not the guest's" },
	{ "failed-restore-2020", TGF_SKIP, TGF_GUARD_RESTORE_OWNER, "saves",
	  "bbc55341b9c6 (2020), d8778e393afa (2021): XRSTOR from a signal frame failed after it "
	  "had changed registers that still counted as another task's" },
	{ "fsave-header-2019", TGF_DEFERRED, -1, "saves",
	  "aab8445c4e1c, v5.2: the old-style header of a 32-bit signal frame was made from memory "
	  "that had not been brought up to date" },
};

static struct tgm_run runs[TGM_MAX_RUNS];
static size_t nr_runs;

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
	static const struct tgm_scope *const scopes[] = { &regs, &pkru, &frames,
							   &small };

	for (int s = 0; s < TGF_NR_STRATEGIES; s++) {
		/* the last one stands beside the mutants */
		for (int k = 0; k < 4; k++) {
			struct tgm_run *r = new_run(TGM_OURS, s, scopes[k]);

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
		r->posted.lazy = posted[i].lazy;
		r->posted.xsaves = posted[i].xsaves;
		r->posted.guest_used = posted[i].guest_used;
		r->expected = posted[i].expected;
	}
}

static void add_mutants(void)
{
	for (size_t i = 0; i < sizeof(mutants) / sizeof(*mutants); i++) {
		struct tgm_run *r = new_run(TGM_MUTANT, mutants[i].strategy,
					    mutants[i].pkru ? &frames : &small);

		snprintf(r->name, sizeof(r->name), "mutant/%s/%s",
			 tgm_strategy_names[r->strategy], tgm_guard_names[mutants[i].guard]);
		r->removed = 1ULL << mutants[i].guard;
		r->expected = mutants[i].expected;
	}
}

const struct tgm_run *tgm_runs(size_t *n)
{
	if (!nr_runs) {
		add_ours();
		add_posted();
		add_mutants();
		for (size_t i = 0; i < sizeof(history) / sizeof(*history); i++) {
			struct tgm_run *r = new_run(TGM_HISTORY, history[i].strategy, &small);

			snprintf(r->name, sizeof(r->name), "history/%s", history[i].name);
			r->planted = history[i].guard < 0;
			r->removed = r->planted ? 0 : 1ULL << history[i].guard;
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
	if (run->kind == TGM_POSTED)
		tgm_use_posted(run->posted);
	else
		tgm_ops = &tgm_ours[run->strategy];
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
		snprintf(buf, len, "%s:%s%s", tgm_invariant_names[f->invariant],
			 cite_names[cite], f->blame & TGM_OTHER ? "+" : "");
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

	/* "*": some; the guilty one is told by its cure alone */
	if (!strcmp(expected, "*")) {
		snprintf(why, len, "no fault found; some expected");
		return r->nr_faults || !whole;
	}
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
	/* "+" in front: these at most, within a bound that not all reach */
	snprintf(why, len, "found %d of the %d expected: %s", found, words, expected);
	return *expected == '+' ? found : found == words;
}
