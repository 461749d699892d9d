// SPDX-License-Identifier: GPL-2.0
/*
 * The file arm, and run of families that arm. Not behind debugfs's proxy, which
 * forwards neither flush nor compat_ioctl: an open file holds the module, so what it
 * protects from cannot come.
 */
#include <linux/compat.h>
#include <linux/debugfs.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <tollgate/arm.h>

#include "arm.h"
#include "entry.h"

/* Arms the caller if the point can be armed so, and here. */
static int tg_arm_point(struct file *file, const struct tg_point *p, u32 flags, char *err)
{
	size_t n;

	if (tg_point_refused(p, err, TG_ERROR_MAX))
		return -EOPNOTSUPP;
	if (tg_stub_of(p, flags & TG_ARM_QUIET))
		return tg_arm(file, p, flags, err);
	tg_point_name(p, err);
	n = strlen(err);
	snprintf(err + n, TG_ERROR_MAX - n,
		 " is for quiet stretches alone: arm it with TG_ARM_QUIET (frame/run: quiet)");
	return -EINVAL;
}

/* A request as copied in, to what it arms: 0, or an error with a line in err. */
static int tg_arm_request(struct file *file, struct tg_arm *rq, char *err)
{
	struct tg_point p;

	if (strnlen(rq->name, sizeof(rq->name)) == sizeof(rq->name)) {
		snprintf(err, TG_ERROR_MAX, "a name without its NUL; allowed: at most %zu bytes",
			 sizeof(rq->name) - 1);
		return -EINVAL;
	}
	if (rq->flags & ~TG_ARM_FLAGS || rq->spare) {
		snprintf(err, TG_ERROR_MAX, "flags 0x%x, spare 0x%x; allowed: 0 or 0x%x, and 0",
			 rq->flags, rq->spare, TG_ARM_FLAGS);
		return -EINVAL;
	}
	if (tg_point_parse(rq->name, &p, err, TG_ERROR_MAX))
		return -EINVAL;
	if (p.ring != TG_RING_CROSS) {
		snprintf(err, TG_ERROR_MAX, "%s arms nothing; allowed: points with @cross",
			 rq->name);
		return -EINVAL;
	}
	return tg_arm_point(file, &p, rq->flags, err);
}

static long tg_arm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct tg_arm __user *user = (struct tg_arm __user *)arg;
	struct tg_arm *rq;
	char *err;
	int ret;

	if (cmd == TG_DISARM)
		return tg_disarm(file, "TG_DISARM") ? 0 : -EINVAL;
	if (cmd != TG_ARM)
		return -ENOTTY;
	rq = memdup_user(user, sizeof(*rq));
	if (IS_ERR(rq))
		return PTR_ERR(rq);
	err = kzalloc(TG_ERROR_MAX, GFP_KERNEL);
	ret = err ? tg_arm_request(file, rq, err) : -ENOMEM;
	if (err && ret)
		tg_note_refusal(err);
	memset(rq->error, 0, sizeof(rq->error));
	if (err)
		strscpy(rq->error, err, sizeof(rq->error));
	if (copy_to_user(user->error, rq->error, sizeof(rq->error))) {
		if (!ret)
			tg_disarm(file, "an answer that could not be written");
		ret = -EFAULT;
	}
	kfree(err);
	kfree(rq);
	return ret;
}

#ifdef CONFIG_COMPAT
/* The answer that a 64-bit task would get of TASK32; struct tg_arm is the same. */
static long tg_arm_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return tg_arm_ioctl(file, cmd, (unsigned long)compat_ptr(arg));
}
#endif

static int tg_same_file(const void *wanted, struct file *file, unsigned int fd)
{
	return file == wanted;
}

/*
 * Every close, by whichever task, the descriptor already gone: the armed one's last
 * disarms it, whoever else has the file. A shell closes duplicates of its own.
 */
static int tg_arm_flush_file(struct file *file, fl_owner_t id)
{
	if (!iterate_fd(current->files, 0, tg_same_file, file))
		tg_disarm(file, current->flags & PF_EXITING ? "the task's end" : "a close");
	return 0;
}

static int tg_arm_release(struct inode *inode, struct file *file)
{
	tg_arm_released(file);
	return 0;
}

/* What the knobs of a family say, armed by writing 1, an empty line or quiet to its run. */
static int tg_arm_knobs(struct file *file, char *text, size_t len, struct tg_request *rq,
			char *err)
{
	int ret = tg_line(text, len, err);

	if (ret)
		return ret;
	if (text[0] && strcmp(text, "1") && strcmp(text, "quiet")) {
		snprintf(err, TG_ERROR_MAX, "'%.64s'; allowed: 1, quiet or an empty line", text);
		return -EINVAL;
	}
	if (tg_family_request(file_inode(file)->i_private, rq, err))
		return -EINVAL;
	return tg_arm_point(file, &rq->point, strcmp(text, "quiet") ? 0 : TG_ARM_QUIET, err);
}

static ssize_t tg_arm_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct tg_request *rq;
	char *text, *err;
	int ret = -ENOMEM;

	if (count > TG_COMMAND_MAX)
		return -EINVAL;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = kzalloc(TG_ERROR_MAX, GFP_KERNEL);
	rq = kzalloc(sizeof(*rq), GFP_KERNEL);
	if (err && rq)
		ret = tg_arm_knobs(file, text, count, rq, err);
	if (err && ret)
		tg_note_refusal(err);
	kfree(rq);
	kfree(err);
	kfree(text);
	return ret ?: (ssize_t)count;
}

/* What writing 1 arms. */
static ssize_t tg_arm_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct tg_request *rq;
	char *text;
	ssize_t ret = -ENOMEM;
	size_t n;

	rq = kzalloc(sizeof(*rq), GFP_KERNEL);
	text = kzalloc(TG_ERROR_MAX + TG_NAME_MAX, GFP_KERNEL);
	if (!rq || !text)
		goto out;
	if (!tg_family_request(file_inode(file)->i_private, rq, text))
		tg_point_name(&rq->point, text);
	n = strlen(text);
	scnprintf(text + n, TG_ERROR_MAX + TG_NAME_MAX - n,
		  "\n# 1 arms the writer with it, for as long as it keeps this file open\n");
	ret = simple_read_from_buffer(buf, count, ppos, text, strlen(text));
out:
	kfree(text);
	kfree(rq);
	return ret;
}

static const struct file_operations tg_arm_run_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = tg_arm_read,
	.write = tg_arm_write,
	.unlocked_ioctl = tg_arm_ioctl,
	.flush = tg_arm_flush_file,
	.release = tg_arm_release,
};

static const struct file_operations tg_arm_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = tg_arm_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = tg_arm_compat_ioctl,
#endif
	.flush = tg_arm_flush_file,
	.release = tg_arm_release,
};

void tg_arm_create(struct dentry *parent)
{
	debugfs_create_file_unsafe("arm", 0600, parent, NULL, &tg_arm_fops);
}

void tg_arm_create_run(struct dentry *parent, struct tg_family_dir *dir)
{
	debugfs_create_file_unsafe("run", 0600, parent, dir, &tg_arm_run_fops);
}
