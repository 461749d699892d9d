/* SPDX-License-Identifier: GPL-2.0 */
/* What may happen next on a CPU. */
#ifndef TOLLGATE_MODEL_TODO_H
#define TOLLGATE_MODEL_TODO_H

#include "model.h"

enum { TGM_DO_WRITE, TGM_DO_PKRU, TGM_DO_ENTER, TGM_DO_INTERRUPT, TGM_DO_LEAVE, TGM_DO_SWITCH,
       TGM_DO_SECTION, TGM_DO_LOAD, TGM_DO_NEW, TGM_DO_GUEST, TGM_DO_PUT, TGM_DO_SAVE,
       TGM_DO_RESTORE, TGM_DO_FORK, TGM_DO_CLEAR, TGM_DO_EXIT, TGM_DO_READ, TGM_DO_POKE,
       TGM_DO_ACCESS, TGM_DO_REMOTE, TGM_DO_READ_OWN, TGM_DO_WRITE_OWN, TGM_DO_CONTINUE };

struct tgm_todo {
	int what, whom;
};

#define TGM_MAX_TODO	(24 + 3 * TGM_TASKS)

/* Lists it for the task t that runs on CPU c, or -1; the number. */
int tgm_todo(struct tgm_todo *list, int c, int t);
/* Whether a task could be switched to. */
bool tgm_is_ready(int t);

#endif
