// SPDX-License-Identifier: GPL-2.0
/* What rehearsals leave out, as the assembler noted it: left_out.h. */
#include <string.h>

#include <tollgate/left_out.h>

#include "engine.h"

/* The linker's bounds of section tg_left_out. */
extern const struct tg_left_out __start_tg_left_out[], __stop_tg_left_out[];

size_t tg_left_out(const void *sequence, const char **insns, size_t most)
{
	const struct tg_left_out *note;
	size_t n = 0, i;

	for (note = __start_tg_left_out; note < __stop_tg_left_out && sequence; note++) {
		if (*note->sequence != sequence)
			continue;
		for (i = 0; i < n && strcmp(insns[i], note->insn); i++)
			;
		if (i == n && n < most)
			insns[n++] = note->insn;
	}
	return n;
}
