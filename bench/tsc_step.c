// SPDX-License-Identifier: GPL-2.0
/* How coarse RDTSC is on this CPU. */
#include <string.h>

#include <tollgate/seq.h>

#include "engine.h"
#include "stats.h"

extern tg_seq_table tg_seqs_insn_empty[];

uint64_t tg_tsc_step(const uint32_t *seen, size_t span, uint32_t rare)
{
	uint64_t from[TG_STEP_CLUSTERS], to[TG_STEP_CLUSTERS], gap, first = 0, reach = 0;
	size_t i, n = 0;

	for (i = 0; i < span && n < TG_STEP_CLUSTERS; i++) {
		if (seen[i] < rare)
			continue;
		from[n] = i;
		while (i + 1 < span && seen[i + 1] >= rare)
			i++;
		to[n++] = i;
	}
	if (n < TG_STEP_CLUSTERS)
		return 1;
	for (i = 1; i < n; i++) {
		gap = from[i] + to[i] - from[i - 1] - to[i - 1];	/* twice the distance */
		if (i == 1)
			first = gap;
		/* a scaled TSC is off by a tick now and then: two in twice the distance */
		if (gap > first + 2 || first > gap + 2)
			return 1;
		if (to[i] - from[i - 1] > reach)
			reach = to[i] - from[i - 1];
	}
	return reach;
}

/*
 * Time between two reads around delays of every length from 1 to 382 cycles: a
 * clock that moves every tick shows nearly every value, a coarse one a comb.
 * A single value of the empty bracket is an instruction counter's, or a clock
 * so fine that its step does not matter.
 */
uint64_t tg_ring3_tsc_step(void)
{
	enum { N = 16384, RARE = N / 512, SPAN = 512 };
	static uint32_t seen[SPAN];
	__u64 random = TG_BOOTSTRAP_SEED;
	struct tg_args args = { .loops = 1 };
	uint64_t ticks, least = UINT64_MAX, most = 0;
	int i;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i < N; i++) {
		tg_dither(&random);
		ticks = tg_seqs_insn_empty[0][TG_LO](&args);
		least = ticks < least ? ticks : least;
		most = ticks > most ? ticks : most;
		ticks = tg_now();
		tg_dither(&random);
		ticks = tg_now() - ticks;
		if (ticks < SPAN)
			seen[ticks]++;
	}
	return least == most ? 1 : tg_tsc_step(seen, SPAN, RARE);
}
