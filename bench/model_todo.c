// SPDX-License-Identifier: GPL-2.0
#include "model_todo.h"

bool tgm_is_ready(int t)
{
	return tgm.task[t].alive == 1 && tgm.task[t].cpu < 0;
}

static int user_events(struct tgm_todo *list)
{
	int n = 0;

	list[n++].what = TGM_DO_WRITE;
	list[n++].what = TGM_DO_ENTER;
	if (tgm_bound.events & TGM_EV_PKRU)
		list[n++].what = TGM_DO_PKRU;
	if (tgm_ops->lazy && (tgm_bound.events & TGM_EV_SECTION))
		list[n++].what = TGM_DO_INTERRUPT;
	return n;
}

static int guest_events(struct tgm_todo *list, int c, int t)
{
	int n = 0;

	list[n++].what = TGM_DO_GUEST;
	list[n++].what = TGM_DO_PUT;
	list[n++].what = TGM_DO_SWITCH;
	if (tgm_bound.events & TGM_EV_PKRU)
		list[n++].what = TGM_DO_ACCESS;
	if ((tgm_bound.events & TGM_EV_SECTION) && tgm_ops->usable(c, t))
		list[n++].what = TGM_DO_SECTION;
	return n;
}

/* The system calls and what a tracer does; then the task is leaving. */
static int call_events(struct tgm_todo *list, int t)
{
	unsigned int ev = tgm_bound.events;
	int n = 0;

	if ((ev & TGM_EV_GUEST) && t == 0 && tgm.guest_on < 0) {
		list[n++].what = TGM_DO_LOAD;
		list[n++].what = TGM_DO_NEW;
	}
	if ((ev & TGM_EV_SIGNAL) && tgm.task[t].framed)
		list[n++].what = TGM_DO_RESTORE;
	if (ev & TGM_EV_EXEC)
		list[n++].what = TGM_DO_CLEAR;
	if (ev & TGM_EV_READ)
		list[n++].what = TGM_DO_READ_OWN;
	if (ev & TGM_EV_WRITE)
		list[n++].what = TGM_DO_WRITE_OWN;
	if (ev & TGM_EV_FORK) {
		list[n++].what = TGM_DO_EXIT;
		for (int u = 0; u < tgm_bound.tasks; u++)
			if (!tgm.task[u].alive)
				list[n++] = (struct tgm_todo){ TGM_DO_FORK, u };
	}
	for (int u = 0; u < tgm_bound.tasks; u++) {
		if (!tgm_is_ready(u) || (tgm.task[u].op != TGM_IN_KERNEL &&
				     tgm.task[u].op != TGM_LEAVING))
			continue;
		if (ev & TGM_EV_PTRACE) {
			list[n++] = (struct tgm_todo){ TGM_DO_READ, u };
			list[n++] = (struct tgm_todo){ TGM_DO_POKE, u };
		}
		if (ev & TGM_EV_REMOTE)
			list[n++] = (struct tgm_todo){ TGM_DO_REMOTE, u };
	}
	return n;
}

static int kernel_events(struct tgm_todo *list, int t)
{
	unsigned int ev = tgm_bound.events;
	int n = 0;

	list[n++].what = TGM_DO_LEAVE;
	list[n++].what = TGM_DO_SWITCH;
	if (ev & TGM_EV_SECTION)
		list[n++].what = TGM_DO_SECTION;
	if ((ev & TGM_EV_SIGNAL) && !tgm.task[t].framed)
		list[n++].what = TGM_DO_SAVE;
	if (ev & TGM_EV_PKRU)
		list[n++].what = TGM_DO_ACCESS;
	if (tgm.task[t].op == TGM_IN_KERNEL)
		n += call_events(list + n, t);
	return n;
}

static int idle_events(struct tgm_todo *list)
{
	int n = 0;

	if (tgm_bound.events & TGM_EV_SECTION)
		list[n++].what = TGM_DO_SECTION;
	for (int t = 0; t < tgm_bound.tasks; t++) {
		if (tgm_is_ready(t)) {
			list[n++].what = TGM_DO_SWITCH;
			break;
		}
	}
	return n;
}

static int continue_events(struct tgm_todo *list, int c, int t)
{
	int n = 0;

	list[n++].what = TGM_DO_CONTINUE;
	list[n++].what = TGM_DO_SWITCH;
	if ((tgm_bound.events & TGM_EV_SECTION) && tgm_ops->usable(c, t))
		list[n++].what = TGM_DO_SECTION;
	return n;
}

int tgm_todo(struct tgm_todo *list, int c, int t)
{
	if (t < 0)
		return idle_events(list);
	if (tgm.task[t].op == TGM_USER)
		return user_events(list);
	if (tgm.guest_on == c)
		return guest_events(list, c, t);
	if (tgm.task[t].op > TGM_LEAVING)
		return continue_events(list, c, t);
	return kernel_events(list, t);
}
