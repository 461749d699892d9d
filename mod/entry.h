/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of arming say to each other: arm.c arms and disarms, idt.c owns
 * the shadow IDT, forward.c aims the jumps to the kernel's own entries, arm_file.c
 * is the file below debugfs.
 */
#ifndef TG_ENTRY_H
#define TG_ENTRY_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "tollgate.h"

struct file;
struct seq_file;
struct tg_family_dir;

/*
 * Where stubs and gates of a quiet task find what they need, on the armed CPU
 * alone. Offsets are TG_CALM_* in frame_blocks.h.
 */
struct tg_calm {
	u64 rax;		/* the caller's, while CR8 is lowered */
	u64 cr8;		/* as the kernel has it */
	u32 below;		/* numbers below it go straight to the kernel */
	u32 is_open;		/* SYSCALL_MASK and LSTAR are as the point has them in a stretch */
	u64 rcx, rdx;		/* the interrupted code's, while MSRs are written */
	u64 closed, open;	/* SYSCALL_MASK as the kernel has it, and as the point has it */
	u64 door, inside;	/* LSTAR outside a stretch, and in one */
	u64 spec_ctrl;		/* of a stub that writes it: as it was when the stretch began */
	u32 keeps;		/* whether it does */
	u32 calls;		/* of a stub that takes its slow path in every fourth */
};
extern struct tg_calm tg_calm;

/* Words of the pieces (frame_pieces.h), which stand for the kernel's; all of them 0. */
struct tg_words {
	u32 preempt, context, flags, status;
	u32 random;		/* but this, which changes */
};

/* What stubs find through GS: room for the user's RSP, and the task's stack. */
DECLARE_PER_CPU(struct tg_words, tg_words);
DECLARE_PER_CPU(unsigned long, tg_user_rsp);
DECLARE_PER_CPU(unsigned long, tg_stack_top);

/**
 * struct tg_gate - an entry of the shadow IDT that differs from the kernel's
 * @vector: 0 to 255
 * @entry: where it goes, an ENDBR on kernels with IBT
 * @own_stack: on the shadow's own IST stack; otherwise as the kernel's gate, which
 *	also gives type and DPL
 */
struct tg_gate {
	u8 vector;
	bool own_stack;
	const void *entry;
};

/**
 * tg_idt_prepare() - make the shadow IDT of a CPU: the kernel's, with other gates
 * @cpu: a possible CPU, on which no shadow is loaded
 * @gates: what differs; a vector that the kernel's IDT lacks is left out
 * @nr: how many
 *
 * Sleeps. One at a time.
 *
 * Return: 0, or -ENOMEM.
 */
int tg_idt_prepare(int cpu, const struct tg_gate *gates, int nr);

/**
 * tg_idt_load() - use this CPU's shadow; IRQs are off
 */
void tg_idt_load(void);

/**
 * tg_idt_unload() - use the IDT that was before; IRQs are off
 *
 * Return: true if IDTR and the TSS's slot are as they were before tg_idt_load().
 */
bool tg_idt_unload(void);

/**
 * tg_idt_kernel() - the kernel's own gate
 * @vector: 0 to 255
 *
 * Only where no shadow is loaded on this CPU.
 *
 * Return: its handler's address, or 0 if it is not present.
 */
unsigned long tg_idt_kernel(int vector);

/**
 * tg_idt_exit() - free all shadows; none is loaded
 */
void tg_idt_exit(void);

/**
 * tg_forward_aim() - aim the jumps behind stubs and gates at the kernel's entries
 * @err: gets one line on failure, TG_ERROR_MAX bytes
 *
 * Sleeps. Not while anything is armed.
 *
 * Return: 0; -EOPNOTSUPP if LSTAR, CSTAR or a gate is not the kernel's own.
 */
int tg_forward_aim(char *err);

/**
 * tg_forward_entry() - where the stubs' jump goes: what LSTAR must be before them
 */
unsigned long tg_forward_entry(void);

/**
 * tg_has_cstar() - whether SYSCALL of 32-bit code goes by CSTAR
 *
 * On Intel's CPUs it is #UD there (SDM vol. 2, SYSCALL), and Linux leaves CSTAR alone.
 */
bool tg_has_cstar(void);

/**
 * tg_quiet_gates() - the gates of a task that may be quiet
 * @nr: gets how many
 */
const struct tg_gate *tg_quiet_gates(int *nr);

/**
 * tg_arm() - arm the calling task
 * @file: the open file that arms it
 * @p: a point of TG_RING_CROSS
 * @flags: TG_ARM_* of arm.h
 * @err: gets one line on failure, TG_ERROR_MAX bytes
 *
 * Sleeps.
 *
 * Return: 0; -EBUSY, -EOPNOTSUPP, -ENOMEM or what anon_inode_getfile() said.
 */
int tg_arm(struct file *file, const struct tg_point *p, u32 flags, char *err);

/**
 * tg_disarm() - disarm the calling task
 * @file: only if this one armed it, or it is inert; NULL: whichever did
 * @why: for the file status; stays
 *
 * Return: true if it was armed.
 */
bool tg_disarm(const struct file *file, const char *why);

/**
 * tg_arm_released() - the last reference to a file is gone
 * @file: it
 */
void tg_arm_released(const struct file *file);

#ifdef CONFIG_PREEMPT_NOTIFIERS
/**
 * tg_arm_status() - lines of the file status
 * @m: the file
 */
void tg_arm_status(struct seq_file *m);

/**
 * tg_arm_init() - be told of CPUs that go offline, of suspend and of KVM
 *
 * Return: 0, or a negative error; tg_arm_exit() is due after 0 alone.
 */
int tg_arm_init(void);

/**
 * tg_arm_exit() - undo tg_arm_init(); nothing is armed, or the module had not gone
 */
void tg_arm_exit(void);

/**
 * tg_arm_create() - the file arm
 * @parent: tollgate's directory
 */
void tg_arm_create(struct dentry *parent);

/**
 * tg_arm_create_run() - the file run of a family of @cross
 * @parent: the family's directory
 * @dir: its knobs
 */
void tg_arm_create_run(struct dentry *parent, struct tg_family_dir *dir);
#else
static inline void tg_arm_status(struct seq_file *m)
{
}

static inline int tg_arm_init(void)
{
	return 0;
}

static inline void tg_arm_exit(void)
{
}

static inline void tg_arm_create(struct dentry *parent)
{
}

static inline void tg_arm_create_run(struct dentry *parent, struct tg_family_dir *dir)
{
}
#endif

#endif
