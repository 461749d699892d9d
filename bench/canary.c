// SPDX-License-Identifier: GPL-2.0
/*
 * The canary's level: what it takes on a core of its own (canary.h). As a share
 * of what a chain of IMULs takes, which no other thread slows: so it holds at
 * every clock frequency.
 */
#include <stdlib.h>

#include "engine.h"
#include "stats.h"
#define TG_RING 3
#include <tollgate/canary.h>

#define TG_CANARY_LOOPS	86	/* 8256 NOPs: 1400 to 2100 cycles */
#define TG_CHAIN_LOOPS	10	/* 960 IMULs: 2880 cycles */
/*
 * So much more than its level is a core shared: on one EPYC alone gives 0.97
 * to 1.05, shared 1.35 to 2.
 */
#define TG_CANARY_LIMIT	1.2
/*
 * So many ticks may be lost before anything was kept, about a millisecond, and
 * half of what the kept samples take; in a hurry a tenth of either.
 */
#define TG_PATIENCE	2000000
#define TG_THRIFT	2
#define TG_HURRY	10

extern tg_seq_table tg_seqs_insn_nop[], tg_seqs_insn_imul[];

static uint64_t canary(void)
{
	struct tg_args args = { .loops = TG_CANARY_LOOPS };

	return tg_seqs_insn_nop[0][TG_HI](&args);
}

static uint64_t chain(void)
{
	struct tg_args args = { .loops = TG_CHAIN_LOOPS };

	return tg_seqs_insn_imul[0][TG_HI](&args);
}

double tg_canary_level(uint64_t step)
{
	enum { N = 1000, M = 100 };
	static uint64_t nops[N], imuls[M];
	bool exact = true;
	int i;

	for (i = 0; i < N; i++) {
		nops[i] = canary();
		exact = exact && nops[i] == nops[0];
		if (i % (N / M) == 0)
			imuls[i / (N / M)] = chain();
	}
	return exact ? 0 : tg_low_ticks(nops, N, step) / tg_low_ticks(imuls, M, step);
}

uint64_t tg_canary_limit(double level, uint64_t step)
{
	enum { N = 24 };
	uint64_t imuls[N];
	int i;

	for (i = 0; i < N; i++)
		imuls[i] = chain();
	return TG_CANARY_LIMIT * level * tg_low_ticks(imuls, N, step);
}

void tg_canary_arm(struct tg_canary *c, double level, uint64_t step, bool hurry)
{
	if (!level)
		return;
	c->fn = tg_seqs_insn_nop[0][TG_HI];
	c->args.loops = TG_CANARY_LOOPS;
	c->most = tg_canary_limit(level, step);
	c->patience = hurry ? TG_PATIENCE / TG_HURRY : TG_PATIENCE;
	c->thrift = hurry ? TG_THRIFT * TG_HURRY : TG_THRIFT;
}
