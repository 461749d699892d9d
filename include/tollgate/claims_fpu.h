/* SPDX-License-Identifier: GPL-2.0 */
/* Parts of claims.def's rows about FPU switching that several of their cases share. */
#ifndef TOLLGATE_CLAIMS_FPU_H
#define TOLLGATE_CLAIMS_FPU_H

/*
 * What the method itself is off by, of one width: what it reads of a stay in which a strategy
 * does nothing; and by how much a stay with a kernel thread between and one with the idle
 * task differ, which are one path, in the two strategies compared. The largest counts.
 */
#define NOTHING_DONE(strategy, width)							\
	FLOOR(1, "fpu/scenario:enter" strategy width ":dirty@r3")
#define ONE_PATH(strategy, width, state)						\
	FLOOR(1, "fpu/scenario:idle" strategy width state "@r3"),			\
	FLOOR(-1, "fpu/scenario:kthread" strategy width state "@r3")
#define STAY_FLOOR(strategy, other, width, state)					\
	NOTHING_DONE("", width), NOTHING_DONE(":eager_skip", width),			\
	NOTHING_DONE(":lazy_ts", width), NOTHING_DONE(":lazy_ts_mirror", width),	\
	NOTHING_DONE(":lazy_counter", width),						\
	ONE_PATH(strategy, width, state), ONE_PATH(other, width, state)

/*
 * fpu.deferred, against v4.8, which is eager_skip: patches 1 and 2, and with skip 4 too.
 * The first input is what no other case has.
 */
#define LATER(scene, strategy, width, state)					\
	IN(-1, "fpu/scenario" scene strategy width state "@r3"),			\
	IN(1, "fpu/scenario" scene ":eager_skip" width state "@r3"),			\
	STAY_FLOOR(strategy, ":eager_skip", width, state)
#define LOST(scene, strategy, width)						\
	IN(1, "fpu/scenario" scene strategy width ":dirty@r3"),				\
	IN(-1, "fpu/scenario" scene ":eager_skip" width ":dirty@r3"),			\
	STAY_FLOOR(strategy, ":eager_skip", width, ":dirty")
#define DEFERRED(kase, strategy, width)							\
	HOLDS(SUM, kase, "cycles saved by a kernel thread between", ABOVE(0),		\
	      LATER(":kthread", strategy, width, ":dirty")),			\
	HOLDS(SUM, kase, "cycles saved by idling between", ABOVE(0),			\
	      LATER(":idle", strategy, width, ":dirty")),				\
	HOLDS(SUM, kase, "cycles saved by staying in the kernel", ABOVE(0),		\
	      LATER(":spin", strategy, width, ":unmodified")),			\
	HOLDS(SUM, kase, "cycles lost where a switch leads to another user", AT_MOST(5), \
	      LOST("", strategy, width))
/* Patch 1 by itself loads at every switch: one restore more than v4.8 where nobody used any. */
#define PATCH1(scene, what)								\
	TELL(SUM, "", "cycles that patch 1 costs v4.8 after " what, ANY,		\
	     IN(1, "fpu/scenario" scene ":dirty@r3"),				\
	     IN(-1, "fpu/scenario" scene ":eager_skip:dirty@r3"),			\
	     STAY_FLOOR("", ":eager_skip", "", ":dirty"))
/* Where nothing is switched the way out asks for a flag: a short frame, so four ways. */
#define ASKING(how, where)								\
	HOLDS(SUM, "", "cycles lost where nothing is switched, " how, AT_MOST(5),	\
	      IN(1, "fpu/atomic:read" where "@r3"))

/* fpu.skip: a whole stay with a kernel thread between, whose contexts nobody touches */
#define SKIP_STAY(kase, width)								\
	HOLDS(SUM, kase, "cycles saved in a whole stay", AT_LEAST(10),			\
	      IN(1, "fpu/scenario:kthread:deferred" width ":unmodified@r3"),		\
	      IN(-1, "fpu/scenario:kthread:deferred_skip" width ":unmodified@r3"),	\
	      STAY_FLOOR(":deferred", ":deferred_skip", width, ":unmodified"))

/* fpu.atomic */
#define LOCKED(kase, what, form, where)							\
	HOLDS(SUM, kase, "cycles dearer than " what, AT_LEAST(5),			\
	      IN(-1, "fpu/atomic:" form where "@r3"), IN(1, "fpu/atomic" where "@r3"))
#define ATOMIC(kase, where)								\
	LOCKED(kase, "testing first", "test", where),					\
	LOCKED(kase, "flags already read", "read", where),				\
	LOCKED(kase, "a flag in status", "status", where)

/*
 * fpu.counter: what lazy_counter does of TG_COUNTER_VISITS, by the rate of uses, in the order
 * that the rehearsal's seed gives: restores; uses that trap; uses that preloading spares
 * the trap. tests/unit/test_scenario.c holds them against a replay and the rehearsal.
 */
#define TG_COUNTER_VISITS	16384
#define TG_COUNTER_RATES(X)							\
	X(1, 16384, 384, 16000), X(2, 9192, 4195, 3997), X(4, 2244, 4096, 0),	\
	X(8, 1070, 2048, 0), X(16, 504, 1024, 0)
#define PRELOADING(m, restores, traps, spared)					\
	TELL(SUM, "", "cycles of a stay, two fences in place of each trap, 1 use in " #m " (of "	\
	     "16384 stays " #restores " restore and " #traps " trap; " #spared " are spared the trap)", \
	     ANY, IN(1, "fpu/scenario:use" #m ":lazy_counter:dirty@r3"))

/* fpu.prefetch */
#define PREFETCH(kase, cache)								\
	TELL(SUM, kase, "cycles of a restore without prefetch", ANY,			\
	     IN(1, "fpu/prefetch" cache "@r3")),					\
	TELL(SUM, kase, "cycles of a restore right after its prefetch", ANY,		\
	     IN(1, "fpu/prefetch:lead0" cache "@r3")),				\
	TELL(SUM, kase, "cycles of a restore 96 cycles after it", ANY,			\
	     IN(1, "fpu/prefetch:lead96" cache "@r3")),				\
	TELL(SUM, kase, "cycles of a restore 1536 cycles after it", ANY,		\
	     IN(1, "fpu/prefetch:lead1536" cache "@r3"))

#endif
