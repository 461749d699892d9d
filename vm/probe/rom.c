// SPDX-License-Identifier: GPL-2.0
/*
 * The ROM's ring 0 in 64-bit mode: times the bodies of chains.S and prints a line
 * each, name, ticks, copies, to the debug console; "end" says that all are there.
 * No static data that is written: the ROM is read-only.
 */
#include <stddef.h>

#include "probe.h"

#define DEBUG_CONSOLE	0xe9	/* QEMU's -debugcon */

static void put(char c)
{
	asm volatile("outb %0, %1" : : "a"(c), "Nd"(DEBUG_CONSOLE));
}

static void put_text(const char *s)
{
	while (*s)
		put(*s++);
}

static void put_number(uint64_t n)
{
	if (n >= 10)
		put_number(n / 10);
	put('0' + n % 10);
}

/* Called by rom.S, once; interrupts are off and masked. */
void tg_probe_main(void)
{
	static const struct {
		const char *name;
		uint64_t (*body)(void);
	} bodies[] = {
		{ "imul", tg_probe_imul },
		{ "ret", tg_probe_ret },
		{ "jump", tg_probe_jump },
		{ "cli", tg_probe_cli },
		{ "sti", tg_probe_sti },
		{ "swapgs", tg_probe_swapgs },
		{ "cr2", tg_probe_cr2 },
		{ "cr8", tg_probe_cr8 },
		{ "iretq", tg_probe_iretq },
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		put_text(bodies[i].name);
		put(' ');
		put_number(tg_probe_least(bodies[i].body));
		put(' ');
		put_number(TG_PROBE_COPIES);
		put('\n');
	}
	put_text("end\n");
}
