/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Arming: the file arm, and the system call numbers of an armed task. Shared by
 * module, harness and their assembly.
 *
 *	sched_setaffinity(0, ...);		to one CPU: elsewhere the number is -ENOSYS
 *	fd = open("/sys/kernel/debug/tollgate/arm", O_RDONLY | O_CLOEXEC);
 *	ioctl(fd, TG_ARM, &(struct tg_arm){ .name = "frame/point:full@cross" });
 *	syscall(TG_SYSCALL_STUB);		through the stub, as often as you like
 *	close(fd);
 *
 * From TG_ARM on the calling task enters the kernel through that point's stub
 * wherever it runs on the CPU it was armed on; every other task and CPU never see it.
 * While its system calls stop for somebody (ptrace, seccomp, audit, tracepoints) it
 * gets the kernel's own entry, too. The armed task's last close of the file, its exec
 * (of a file kept open: when it next gets the CPU), its end, the last close by anyone,
 * TG_DISARM, suspend, KVM's being loaded, and the CPU's going offline disarm. Who is
 * armed must do so before it arms itself anew: EBUSY.
 */
#ifndef TOLLGATE_ARM_H
#define TOLLGATE_ARM_H

/*
 * Handled wholly in the stub: EAX still holds it afterwards. Where nothing is armed
 * the kernel answers -ENOSYS. No kernel has such numbers; bit 30, which would make
 * it one of the x32 ABI, is clear.
 */
#define TG_SYSCALL_STUB	0x2e746701
/*
 * With TG_ARM_QUIET: CR8 = 15, until the next system call but TG_SYSCALL_STUB, or
 * exception. Until then no maskable interrupt comes, and nothing bounds it but the task
 * itself: the CPU answers nobody, not even SIGKILL. Do few thousand things that neither
 * fault nor wait. RAX: 0, a stretch begins; 1, one was on and goes on. Elsewhere -ENOSYS.
 */
#define TG_SYSCALL_QUIET	0x2e746702

#ifndef __ASSEMBLER__
#include <linux/ioctl.h>
#include <linux/types.h>

#define TG_ARM_NAME	128
#define TG_ARM_ERROR	256

/* flags: understand TG_SYSCALL_QUIET, which takes a shadow IDT and a dearer way to the kernel */
#define TG_ARM_QUIET	1
#define TG_ARM_FLAGS	TG_ARM_QUIET

/*
 * ioctl(TG_ARM): 0; EINVAL a name or flags that mean nothing; EBUSY somebody is
 * armed; EOPNOTSUPP refused on this machine or for this task; EFAULT, ENOMEM.
 * error: why, one line, but for EFAULT. After a failure nothing is armed that was
 * not before.
 */
struct tg_arm {
	char name[TG_ARM_NAME];		/* in: NUL-terminated */
	__u32 flags;			/* in: TG_ARM_* */
	__u32 spare;			/* in: 0 */
	char error[TG_ARM_ERROR];	/* out */
};

#define TG_ARM		_IOWR('T', 1, struct tg_arm)
/* 0, or EINVAL if the calling task is not armed by this file. */
#define TG_DISARM	_IO('T', 2)
#endif
#endif
