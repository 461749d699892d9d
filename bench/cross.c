// SPDX-License-Identifier: GPL-2.0
/*
 * The engine of @cross: ring 3's own (ring3.c), in a process that the module has
 * armed. At CR8 = 15 this CPU answers no other: memory is locked and there, so that
 * nothing faults, and a sequence, which is a quiet stretch, has a bounded length.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tollgate/arm.h>
#include <tollgate/blocks_frame.h>
#include <tollgate/uapi.h>

#include "cross.h"
#include "counters.h"

#define TG_ARM_FILE	"/sys/kernel/debug/" TG_DEBUGFS_NAME "/arm"

static struct tg_cross_board board;
static int arm = -1;
static bool locked;

static enum tg_status arm_it(const struct tg_point *p, char *why, size_t len)
{
	struct tg_arm rq = { .flags = TG_ARM_QUIET };
	int error;

	arm = open(TG_ARM_FILE, O_RDONLY | O_CLOEXEC);
	if (arm < 0) {
		snprintf(why, len, TG_ARM_FILE ": %s", strerror(errno));
		return errno == ENOENT ? TG_SKIPPED : TG_REFUSED;
	}
	tg_point_name(p, rq.name);
	if (!ioctl(arm, TG_ARM, &rq))
		return TG_OK;
	error = errno;
	snprintf(why, len, "%s", *rq.error ? rq.error : strerror(error));
	return error == EOPNOTSUPP ? TG_SKIPPED : TG_FAILED;
}

bool tg_cross_counts(const struct tg_counter_set *set, char *why, size_t len)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->counter[i].page)
			continue;
		snprintf(why, len, "to read a counter that RDPMC does not reach takes a system call, which ends the quiet stretch; only events of the core work");
		return false;
	}
	return true;
}

enum tg_status tg_cross_start(const struct tg_point *p, __u64 *at, char *why, size_t len)
{
	enum tg_status st;

	memset(&board, 0, sizeof(board));
	board.iret = tg_point_axis(p, TG_AXIS_exit, 0);
	if (mlockall(MCL_CURRENT | MCL_FUTURE)) {
		snprintf(why, len, "memory cannot be locked: %s", strerror(errno));
		return TG_REFUSED;
	}
	locked = true;
	st = arm_it(p, why, len);
	if (st != TG_OK)
		tg_cross_end();
	*at = (unsigned long)&board;
	return st;
}

enum tg_status tg_cross_check(char *why, size_t len)
{
	if (board.calls && !board.loud && !board.astray)
		return TG_OK;
	snprintf(why, len, "of %llu calls %llu were not quiet and %llu missed the stub: did it move to another CPU?",
		 (unsigned long long)board.calls, (unsigned long long)board.loud,
		 (unsigned long long)board.astray);
	return TG_FAILED;
}

void tg_cross_end(void)
{
	if (arm >= 0)
		close(arm);
	arm = -1;
	if (locked)
		munlockall();
	locked = false;
}
