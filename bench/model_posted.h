/* SPDX-License-Identifier: GPL-2.0 */
/* The patches of 2016 as posted, on v4.8; see model_posted.def. */
#ifndef TOLLGATE_MODEL_POSTED_H
#define TOLLGATE_MODEL_POSTED_H

#include "model.h"

enum tgm_citation {
	TGM_CITE_NONE,
#define CITE(id, where, what)	TGM_CITE_##id,
#include "model_posted.def"
#undef CITE
	TGM_NR_CITES
};
_Static_assert((int)TGM_NR_CITES <= (int)TGM_OTHER, "citations share a word with a flag");

/* Changes that cure; each for itself. */
enum tgm_cure {
	TGM_CURE_SAVE	 = 1 << 0,
	TGM_CURE_CLEAR	 = 1 << 1,
	TGM_CURE_RESTORE = 1 << 2,
	TGM_CURE_FORK	 = 1 << 3,
	TGM_CURE_PKRU	 = 1 << 4,
	TGM_CURE_MIRROR	 = 1 << 5,	/* every write of CR0.TS keeps the mirror */
	TGM_CURE_OWNER	 = 1 << 6,	/* the owner changes after the guest is asked for */
	TGM_CURE_OWN	 = 1 << 7,	/* soft interrupts are off at reads, writes of memory */
	TGM_CURE_OWN5	 = 1 << 8,	/* what patch 5 loads has its owner */
	TGM_CURES	 = TGM_CURE_SAVE | TGM_CURE_CLEAR | TGM_CURE_RESTORE | TGM_CURE_FORK |
			   TGM_CURE_OWN,
};

struct tgm_posted {
	int level;		/* patches 1 to level; 0: v4.8 */
	bool lazy;		/* eagerfpu=off */
	bool xsaves;		/* compacted format in memory */
	bool guest_used;	/* what if a guest's fpstate_active were set */
	unsigned int cures;
};

extern struct tgm_posted tgm_posted;
extern struct tgm_ops tgm_posted_ops;
/* Takes over tgm_posted: sets tgm_ops. */
void tgm_use_posted(struct tgm_posted posted);

extern const char *const tgm_cite_where[TGM_NR_CITES], *const tgm_cite_what[TGM_NR_CITES];
void tgm_cited(enum tgm_citation id);

/* Between the two files of the model. */
bool tgm_posted_skip(int c, int t);
void tgm_posted_activate(int c, int t);
void tgm_posted_nm(int c, int t);
void tgm_posted_drop(int c, int t);
void tgm_posted_activate_curr(int t);
enum tgf_run tgm_posted_save(int c, int t);
enum tgf_run tgm_posted_restore(int c, int t);
enum tgf_run tgm_posted_fork(int c, int t, int child);
enum tgf_run tgm_posted_clear(int c, int t);
enum tgf_run tgm_posted_read(int c, int t);
enum tgf_run tgm_posted_write(int c, int t);

#endif
