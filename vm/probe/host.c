// SPDX-License-Identifier: GPL-2.0
/*
 * Ring 3 of this machine: the chains that the ROM times in ring 0, which native
 * ring 0 runs at this speed. A line each: name, ticks, copies.
 */
#include <inttypes.h>
#include <stdio.h>

#include "probe.h"

int main(void)
{
	static const struct {
		const char *name;
		uint64_t (*body)(void);
	} chains[] = {
		{ "imul3", tg_probe_imul },
		{ "ret3", tg_probe_ret },
		{ "jump3", tg_probe_jump },
	};

	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		printf("%s %" PRIu64 " %d\n", chains[i].name, tg_probe_least(chains[i].body),
		       TG_PROBE_COPIES);
	return fflush(stdout) ? 1 : 0;
}
