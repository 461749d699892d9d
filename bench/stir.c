// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stats.h"
#include "stir.h"

static pid_t idle(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

static void end_one(struct tg_stir *s, int i)
{
	kill(s->pids[i], SIGKILL);
	while (waitpid(s->pids[i], NULL, 0) < 0 && errno == EINTR)
		;
	s->pids[i] = s->pids[--s->n];
}

void tg_stir(struct tg_stir *s, uint64_t *random)
{
	int i;

	while (s->n < TG_STIR_POOL) {
		s->pids[s->n] = idle();
		if (s->pids[s->n] < 0)
			break;
		s->n++;
	}
	for (i = 0; i < TG_STIR_TURN && s->n; i++)
		end_one(s, tg_random_below(random, s->n));
}

void tg_stir_end(struct tg_stir *s)
{
	while (s->n)
		end_one(s, s->n - 1);
}
