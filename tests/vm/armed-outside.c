// SPDX-License-Identifier: GPL-2.0
/* What others do to the entry, or to the machine, while a file is open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "armed.h"

#define MSR_LSTAR 0xc0000082

/* LSTAR of CPU 0 by so much further, by the device of msr.ko. */
int move_lstar(long by)
{
	int fd = open("/dev/cpu/0/msr", O_RDWR);
	uint64_t lstar = 0;

	if (fd < 0 || pread(fd, &lstar, 8, MSR_LSTAR) != 8 || !lstar) {
		printf("LSTAR cannot be read: %s\n", strerror(errno));
		return 1;
	}
	lstar += by;
	if (pwrite(fd, &lstar, 8, MSR_LSTAR) != 8) {
		printf("LSTAR cannot be written: %s\n", strerror(errno));
		return 1;
	}
	close(fd);
	return 0;
}

/* Arms itself by a file that somebody opened before. */
int arm_by_file(int fd, const char *point)
{
	struct tg_arm rq = { .flags = 0 };

	snprintf(rq.name, sizeof(rq.name), "%s", point);
	if (!ioctl(fd, TG_ARM, &rq))
		printf("armed\n");
	else
		printf("%s\n", *rq.error ? rq.error : strerror(errno));
	return 0;
}
