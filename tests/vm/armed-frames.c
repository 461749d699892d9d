// SPDX-License-Identifier: GPL-2.0
/*
 * Every stub there is: registers through each, plain and quiet, and what each takes. Where
 * the TSC counts instructions, what two choices take together is what they take one by one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <tollgate/frame_blocks.h>

#include "armed.h"

#define MOST	1024	/* points; there are fewer stubs */
#define ROUNDS	20

/* What no stub answers: numbers that the kernel knows, or that nobody does. */
static const long others[] = { NO_CALL, 39, -1, 0xffffffff };
static const uint64_t flags[] = { 0x202, 0x246, 0xad7, 0x602, 0x40202, 0x200202 };

/* The stub, calls of the kernel's, and the stub again: what is wrong, "" if nothing. */
static const char *through(bool in_stretch)
{
	/* a page that is not there yet would end a stretch */
	const char *wrong = differs(NO_CALL, 0x202, false);
	unsigned int f;
	int i;

	for (i = 0; i < ROUNDS && !*wrong; i++) {
		for (f = 0; f < NR(flags) && !*wrong; f++) {
			if (in_stretch && !quiet())
				return " no stretch";
			wrong = differs(TG_SYSCALL_STUB, flags[f], true);
			if (!*wrong)
				wrong = differs(TG_SYSCALL_STUB, flags[f], true);
			if (!*wrong)
				wrong = differs(others[(i + f) % NR(others)], flags[f], false);
		}
	}
	return wrong;
}

/* Arms a point: a file, or what to say of it. */
static int arm_point(const struct tg_point *p, unsigned int fl, char *name, char *said, size_t len)
{
	struct tg_arm rq;
	int fd;

	tg_point_name(p, name);
	fd = arm(name, fl, &rq);
	snprintf(said, len, "%s", rq.error);
	return fd;
}

/* What this CPU lacks for some stubs: skipped, a line a feature. */
static void lacks(const char *feature)
{
	static char said[8][TG_ARM_ERROR];
	unsigned int i;

	for (i = 0; i < NR(said) && *said[i]; i++)
		if (!strcmp(said[i], feature))
			return;
	if (i < NR(said))
		snprintf(said[i], sizeof(said[i]), "%s", feature);
	ok(true, "stubs that need %.*s # SKIP this CPU or kernel lacks %s",
	   (int)strcspn(feature, " "), feature, feature);
}

static void check_stub(const struct tg_point *p, unsigned int fl)
{
	bool sets_if = tg_point_bits(p) & (TG_ON(sti, sti) | TG_ON(mask, unmasked));
	char name[TG_NAME_MAX], said[TG_ARM_ERROR], wrong[512];
	int fd = arm_point(p, fl, name, said, sizeof(said));
	unsigned long gs;

	if (fd == -EOPNOTSUPP && strstr(said, "lacks ")) {
		lacks(strstr(said, "lacks ") + 6);
		return;
	}
	if (sets_if && !fl) {
		ok(fd == -EINVAL && strstr(said, "for quiet stretches alone") && !armed(),
		   "%s is refused to who wants no quiet stretch: %s", name, said);
		return;
	}
	if (fd < 0) {
		ok(false, "%s, flags %u: armed %s", name, fl, said);
		return;
	}
	snprintf(wrong, sizeof(wrong), "%s", armed() == !sets_if ? "" : " outside a stretch");
	gs = swap_gs_base(true);
	if (!*wrong)
		snprintf(wrong, sizeof(wrong), "%s", through(fl));
	/* with STI in it, it answers nobody outside a stretch: the kernel does */
	if (!*wrong && armed() == sets_if)
		strcat(wrong, " behind a stretch");
	if (!restore_gs_base(gs))
		strcat(wrong, " GS base");
	if (!ioctl(fd, TG_DISARM) && armed())
		strcat(wrong, " disarming");
	close(fd);
	ok(!*wrong, "%s, flags %u: registers%s", name, fl, wrong);
}

/* Where SYSCALL does not clear IF, every way to the kernel must see to it again. */
static void check_unmasked(const char *point)
{
	struct tg_arm rq;
	int fd = arm(point, TG_ARM_QUIET, &rq);

	ok(fd >= 0, "%s: armed %s", point, rq.error);
	if (fd < 0)
		return;
	check_quiet();
	close(fd);
}

void check_stubs(void)
{
	struct tg_point p;

	check_unmasked("frame/point:unmasked@cross");
	check_unmasked("frame/point:full:unmasked@cross");

	tg_point_first(&p, TG_EXP_frame_point, TG_RING_CROSS);
	do {
		check_stub(&p, 0);
		check_stub(&p, TG_ARM_QUIET);
	} while (tg_point_next(&p));
	same_after_all("after every stub");
}

/* What a choice is: an axis of frame_axes.h, or a part of a frame. */
struct choice {
	const char *name;
	uint32_t mask;
};

static int choices(struct choice *c)
{
	int n = 0;

	/* fix-up is for what lacks: pace and parts are one choice, see pair_says() */
	c[n++] = (struct choice){ "rsp", TG_ON(frame, rsp) - TG_ON(frame, partial) };
	c[n++] = (struct choice){ "flags", TG_ON(frame, flags) - TG_ON(frame, partial) };
	c[n++] = (struct choice){ "rest", TG_ON(frame, rest) - TG_ON(frame, partial) };
	for (int i = 0; i < tg_exps[TG_EXP_frame_point].nr_axes; i++) {
		enum tg_axis_id id = tg_exps[TG_EXP_frame_point].axes[i];
		const struct tg_axis *a = &tg_axes[id];

		if (id == TG_AXIS_frame)
			continue;
		c[n] = (struct choice){ a->name, 0 };
		for (int v = 0; v < a->nr_values; v++)
			c[n].mask |= a->values[v].number;
		n++;
	}
	return n;
}

static struct { uint32_t bits; unsigned long count; } counts[MOST];
static int nr_counts;

static unsigned long count_of(uint32_t bits)
{
	int i;

	for (i = 0; i < nr_counts; i++)
		if (counts[i].bits == bits)
			return counts[i].count;
	return 0;
}

/* Two choices of one point, and the points without either: what they take together. */
static bool pair_adds_up(uint32_t bits, const struct choice *a, const struct choice *b, int *pairs)
{
	unsigned long both = count_of(bits), one = count_of(bits & ~a->mask);
	unsigned long other = count_of(bits & ~b->mask);
	unsigned long none = count_of(bits & ~(a->mask | b->mask));
	long more = 0;

	if (!(bits & a->mask) || !(bits & b->mask) || !one || !other || !none)
		return true;
	/*
	 * A part that is in its place is not filled in: SP and its per-CPU slot, two moves
	 * there and two back; CX, CS and SS. RFLAGS take two moves there, to R11 or from
	 * there, and none back. pace in4 does so in every fourth call.
	 */
	if (!strcmp(b->name, "pace"))
		more = (!strcmp(a->name, "rsp") ? -4 : !strcmp(a->name, "rest") ? -3 :
			!strcmp(a->name, "flags") ? -2 : 0) *
		       ((bits & b->mask) == TG_ON(pace, in4) ? STEPS / 4 : STEPS);
	++*pairs;
	if ((long)(both + none) == (long)(one + other) + more)
		return true;
	printf("# bits 0x%x, %s and %s: %lu together, %lu and %lu alone, %lu without, wanted %+ld\n",
	       bits, a->name, b->name, both, one, other, none, more);
	return false;
}

int call_sums(void)
{
	struct choice c[TG_MAX_AXES + 4];
	int n = choices(c), pairs = 0, wrong = 0, i, k, j;
	struct tg_point p;

	tg_point_first(&p, TG_EXP_frame_point, TG_RING_CROSS);
	do {
		char name[TG_NAME_MAX];
		unsigned long steps;

		tg_point_name(&p, name);
		if (nr_counts == MOST || !call_steps(name, &steps))
			continue;
		printf("# %s\t%g\n", name, (double)steps / STEPS);
		counts[nr_counts].bits = tg_point_bits(&p);
		counts[nr_counts++].count = steps;
	} while (tg_point_next(&p));
	for (i = 0; i < nr_counts; i++)
		for (k = 0; k < n; k++)
			for (j = k + 1; j < n; j++)
				wrong += !pair_adds_up(counts[i].bits, &c[k], &c[j], &pairs);
	ok(!wrong && pairs > 50, "instructions of %d points: %d pairs of choices add up, %d do not",
	   nr_counts, pairs - wrong, wrong);
	return 0;
}
