// SPDX-License-Identifier: GPL-2.0
/*
 * The directory of a family: one knob for the row, one for each axis that a
 * row of the family has, one for each key of a command, and run. All of them
 * come from experiments.def. A family of @cross has no keys, and its run arms.
 *
 * Reading a knob shows what it may be, the present value in brackets. Writing
 * sets it; a bad value changes nothing, gets EINVAL, and the reason stands in
 * status. Knobs are set one by one, so whether they fit together shows when
 * run is written.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "entry.h"
#include "tollgate.h"

enum tg_knob_kind { TG_KNOB_ROW, TG_KNOB_AXIS, TG_KNOB_KEY };

/* A file: which knob of which family. */
struct tg_knob {
	struct tg_family_dir *dir;
	enum tg_knob_kind kind;
	int index;			/* enum tg_axis_id or enum tg_key */
};

/* lock: rq and value. */
struct tg_family_dir {
	struct mutex lock;
	struct tg_request rq;		/* its point's exp is the row */
	int value[TG_NR_AXES];
	struct tg_knob row, axes[TG_NR_AXES], keys[TG_NR_KEYS];
};

static struct tg_family_dir tg_dirs[TG_NR_FAMILIES];

static bool tg_in_dir(const struct tg_family_dir *dir, enum tg_exp_id exp)
{
	return tg_exps[exp].family_id == dir - tg_dirs && (tg_exps[exp].rings & (R0 | CROSS));
}

static bool tg_row_has_axis(enum tg_exp_id exp, enum tg_axis_id axis)
{
	return tg_exp_axis(exp, axis) >= 0;
}

int tg_family_request(struct tg_family_dir *dir, struct tg_request *rq, char *err)
{
	const struct tg_exp *e;
	int i, ret = 0;

	mutex_lock(&dir->lock);
	*rq = dir->rq;
	e = &tg_exps[rq->point.exp];
	for (i = 0; i < e->nr_axes; i++)
		rq->point.value[i] = dir->value[e->axes[i]];
	for (i = 0; i < TG_NR_AXES && !ret; i++) {
		const struct tg_value *v = tg_axes[i].values;

		if (!dir->value[i] || tg_row_has_axis(rq->point.exp, i))
			continue;
		snprintf(err, TG_ERROR_MAX, "%s=%s, but %s/%s has no such axis; allowed: %s",
			 tg_axes[i].name, v[dir->value[i]].name, e->family, e->name, v[0].name);
		ret = -EINVAL;
	}
	if (!ret && tg_point_refuse_senseless(&rq->point, err, TG_ERROR_MAX))
		ret = -EINVAL;
	mutex_unlock(&dir->lock);
	return ret;
}

static void tg_show_choice(struct seq_file *m, const char *name, bool chosen)
{
	seq_printf(m, chosen ? "%s[%s]" : "%s%s", m->count ? " " : "", name);
}

static void tg_show_events(struct seq_file *m, const struct tg_request *rq)
{
	char *text = kmalloc(TG_EVENTS_TEXT, GFP_KERNEL);

	if (!text)
		return;
	tg_events_text(rq, text, TG_EVENTS_TEXT);
	seq_printf(m, rq->nr_events ? "none [%s]" : "[%s]", text);
	seq_printf(m, " (TYPE:CONFIG[:CONFIG1[:CONFIG2]],... of at most %d)", TG_EVENTS_MAX);
	kfree(text);
}

static void tg_show_key(struct seq_file *m, const struct tg_request *rq, enum tg_key key)
{
	enum tg_exp_id exp = rq->point.exp;
	int i;

	switch (key) {
	case TG_KEY_CPU:
		if (rq->cpu == TG_CPU_CALLER)
			seq_puts(m, "[caller]");
		else
			seq_printf(m, "caller [%d]", rq->cpu);
		seq_printf(m, " (online: %*pbl)", cpumask_pr_args(cpu_online_mask));
		break;
	case TG_KEY_NODE:
		if (rq->node == TG_NODE_AUTO)
			seq_puts(m, "[auto]");
		else
			seq_printf(m, "auto [%d]", rq->node);
		seq_printf(m, " (with memory: %*pbl)", nodemask_pr_args(&node_states[N_MEMORY]));
		break;
	case TG_KEY_SAMPLES:
		seq_printf(m, "[%u] (%u to %u)", rq->samples, TG_SAMPLES_MIN, TG_SAMPLES_MAX);
		break;
	case TG_KEY_UNROLL:
		seq_printf(m, "[%u] (multiples of %u up to %u)", rq->unroll ?: tg_exp_block(exp),
			   tg_exp_block(exp), tg_exp_unroll_max(exp));
		break;
	case TG_KEY_BATCH:
		seq_printf(m, "[%u] (%u to %u)", rq->batch, TG_BATCH_MIN, TG_BATCH_MAX);
		break;
	case TG_KEY_QUIET:
		for (i = 0; i < TG_NR_QUIET; i++)
			tg_show_choice(m, tg_quiet_names[i], i == rq->quiet);
		break;
	case TG_KEY_EVENTS:
		tg_show_events(m, rq);
		break;
	default:
		break;
	}
}

static int tg_knob_show(struct seq_file *m, void *unused)
{
	const struct tg_knob *k = m->private;
	struct tg_family_dir *dir = k->dir;
	const struct tg_axis *a;
	int i;

	mutex_lock(&dir->lock);
	switch (k->kind) {
	case TG_KNOB_ROW:
		for (i = 0; i < TG_NR_EXPS; i++)
			if (tg_in_dir(dir, i))
				tg_show_choice(m, tg_exps[i].name, i == dir->rq.point.exp);
		break;
	case TG_KNOB_AXIS:
		a = &tg_axes[k->index];
		for (i = 0; i < a->nr_values; i++)
			tg_show_choice(m, a->values[i].name, i == dir->value[k->index]);
		break;
	case TG_KNOB_KEY:
		tg_show_key(m, &dir->rq, k->index);
		break;
	}
	mutex_unlock(&dir->lock);
	seq_putc(m, '\n');
	return 0;
}

/* "'text' of what; allowed: " begins an error, the choices follow. */
static size_t tg_refuse_choice(char *err, const char *text, const char *what)
{
	return scnprintf(err, TG_ERROR_MAX, "%s=%.64s; allowed:", what, text);
}

static int tg_set_row(struct tg_family_dir *dir, const char *text, char *err)
{
	size_t n;
	int i;

	for (i = 0; i < TG_NR_EXPS; i++) {
		if (tg_in_dir(dir, i) && !strcmp(text, tg_exps[i].name)) {
			dir->rq.point.exp = i;
			return 0;
		}
	}
	n = tg_refuse_choice(err, text, "name");
	for (i = 0; i < TG_NR_EXPS; i++)
		if (tg_in_dir(dir, i))
			n += scnprintf(err + n, TG_ERROR_MAX - n, " %s", tg_exps[i].name);
	return -EINVAL;
}

static int tg_set_axis(struct tg_family_dir *dir, enum tg_axis_id axis, const char *text,
		       char *err)
{
	const struct tg_axis *a = &tg_axes[axis];
	size_t n;
	int i;

	for (i = 0; i < a->nr_values; i++) {
		if (!strcmp(text, a->values[i].name)) {
			dir->value[axis] = i;
			return 0;
		}
	}
	n = tg_refuse_choice(err, text, a->name);
	for (i = 0; i < a->nr_values; i++)
		n += scnprintf(err + n, TG_ERROR_MAX - n, " %s", a->values[i].name);
	return -EINVAL;
}

static int tg_knob_set(const struct tg_knob *k, char *text, size_t len, char *err)
{
	struct tg_family_dir *dir = k->dir;
	int ret = tg_line(text, len, err);

	if (ret)
		return ret;
	mutex_lock(&dir->lock);
	switch (k->kind) {
	case TG_KNOB_ROW:
		ret = tg_set_row(dir, text, err);
		break;
	case TG_KNOB_AXIS:
		ret = tg_set_axis(dir, k->index, text, err);
		break;
	case TG_KNOB_KEY:
		ret = tg_request_set(&dir->rq, k->index, text, err);
		break;
	}
	mutex_unlock(&dir->lock);
	return ret;
}

static ssize_t tg_knob_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	const struct tg_knob *k = file_inode(file)->i_private;
	char *text, *err;
	int ret = -ENOMEM;

	err = kzalloc(TG_ERROR_MAX, GFP_KERNEL);
	if (!err)
		return ret;
	if (count > TG_COMMAND_MAX) {
		snprintf(err, TG_ERROR_MAX, "value of %zu bytes; allowed: at most %d", count,
			 TG_COMMAND_MAX);
		ret = -EINVAL;
		tg_note_refusal(err);
		goto out;
	}
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text)) {
		ret = PTR_ERR(text);
		goto out;
	}
	ret = tg_knob_set(k, text, count, err);
	if (ret)
		tg_note_refusal(err);
	kfree(text);
out:
	kfree(err);
	return ret ?: (ssize_t)count;
}

static int tg_knob_open(struct inode *inode, struct file *file)
{
	return single_open(file, tg_knob_show, inode->i_private);
}

static const struct file_operations tg_knob_fops = {
	.owner = THIS_MODULE,
	.open = tg_knob_open,
	.read = seq_read,
	.write = tg_knob_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static void tg_knob_create(struct tg_knob *k, struct tg_family_dir *dir, enum tg_knob_kind kind,
			   int index, const char *name, struct dentry *parent)
{
	k->dir = dir;
	k->kind = kind;
	k->index = index;
	debugfs_create_file(name, 0600, parent, k, &tg_knob_fops);
}

static void tg_dir_create(struct tg_family_dir *dir, enum tg_exp_id first, struct dentry *parent)
{
	struct dentry *d = debugfs_create_dir(tg_exps[first].family, parent);
	bool cross = tg_exps[first].rings & CROSS;
	int i, exp;

	mutex_init(&dir->lock);
	dir->rq.point.exp = first;
	dir->rq.point.ring = cross ? TG_RING_CROSS : 0;
	tg_request_init(&dir->rq);
	tg_knob_create(&dir->row, dir, TG_KNOB_ROW, 0, "name", d);
	for (i = 0; i < TG_NR_AXES; i++) {
		for (exp = 0; exp < TG_NR_EXPS; exp++)
			if (tg_in_dir(dir, exp) && tg_row_has_axis(exp, i))
				break;
		if (exp < TG_NR_EXPS)
			tg_knob_create(&dir->axes[i], dir, TG_KNOB_AXIS, i, tg_axes[i].name, d);
	}
	if (cross) {
		tg_arm_create_run(d, dir);
		return;
	}
	for (i = 0; i < TG_NR_KEYS; i++)
		tg_knob_create(&dir->keys[i], dir, TG_KNOB_KEY, i, tg_key_names[i], d);
	debugfs_create_file("run", 0600, d, dir, &tg_run_fops);
}

void tg_knobs_create(struct dentry *parent)
{
	int f, exp;

	for (f = 0; f < TG_NR_FAMILIES; f++) {
		for (exp = 0; exp < TG_NR_EXPS; exp++)
			if (tg_in_dir(&tg_dirs[f], exp))
				break;
		if (exp < TG_NR_EXPS)
			tg_dir_create(&tg_dirs[f], exp, parent);
	}
}
