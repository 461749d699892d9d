// SPDX-License-Identifier: GPL-2.0
/*
 * The files run: write what to measure, read the answer on the same open
 * file. The top one takes a command (uapi.h). A family's runs what its knobs
 * say when 1 or an empty line is written; read before that it shows the
 * command that would run. Answers belong to the open file, so that two users
 * do not read each other's. Only one run is under way at a time: measuring
 * two CPUs at once would disturb both.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "tollgate.h"

/*
 * One open file. lock: text and len; held while a run for this file is under
 * way, so that its readers wait for the answer.
 */
struct tg_file {
	struct mutex lock;
	struct tg_family_dir *dir;	/* NULL: the top run */
	char *text;			/* the answer; kvfree() */
	size_t len;
	bool answered;			/* something has been written */
};

/* Held by the run under way. */
static DEFINE_MUTEX(tg_running);
static bool tg_is_running;		/* the same, for status to glance at */

/* For the file status. */
static DEFINE_MUTEX(tg_history_lock);
static u64 tg_runs, tg_refusals, tg_discarded;
static char tg_last_error[TG_ERROR_MAX];

void tg_note_refusal(const char *err)
{
	mutex_lock(&tg_history_lock);
	tg_refusals++;
	strscpy(tg_last_error, err, sizeof(tg_last_error));
	mutex_unlock(&tg_history_lock);
}

void tg_run_status(struct seq_file *m)
{
	seq_printf(m, "running=%d\n", READ_ONCE(tg_is_running));
	mutex_lock(&tg_history_lock);
	seq_printf(m, "runs=%llu\ndiscarded=%llu\nrefusals=%llu\nlast_error=%s\n", tg_runs,
		   tg_discarded, tg_refusals, tg_last_error[0] ? tg_last_error : "none");
	mutex_unlock(&tg_history_lock);
}

static void tg_file_text(struct tg_file *f, char *text, size_t len)
{
	kvfree(f->text);
	f->text = text;
	f->len = text ? len : 0;
	f->answered = true;
}

/* The answer to what failed. Without memory for it there is none. */
static void tg_file_error(struct tg_file *f, const char *err)
{
	char *text = kasprintf(GFP_KERNEL, "error=%s\n", err);

	tg_file_text(f, text, text ? strlen(text) : 0);
	tg_note_refusal(err);
}

/* Runs a checked request; the answer or err is the outcome. */
static int tg_run_request(struct tg_file *f, const struct tg_request *rq, char *err)
{
	struct tg_result *res;
	size_t len = 0;
	char *text;
	int ret;

	res = kzalloc(sizeof(*res), GFP_KERNEL);
	if (!res) {
		strscpy(err, "no memory", TG_ERROR_MAX);
		return -ENOMEM;
	}
	ret = tg_measure(rq, res);
	if (ret) {
		strscpy(err, res->error, TG_ERROR_MAX);
		goto out;
	}
	text = tg_answer(rq, res, &len);
	if (text) {
		tg_file_text(f, text, len);
		mutex_lock(&tg_history_lock);
		tg_runs++;
		tg_discarded += res->sampler.discarded;
		mutex_unlock(&tg_history_lock);
	} else {
		strscpy(err, "no memory for the answer", TG_ERROR_MAX);
		ret = -ENOMEM;
	}
	tg_result_free(res);
out:
	kfree(res);
	return ret;
}

/* What was written, to a request: 0 or a negative error with err. */
static int tg_file_request(struct tg_file *f, char *text, size_t len, struct tg_request *rq,
			   char *err)
{
	int ret = tg_line(text, len, err);

	if (ret)
		return ret;
	if (!f->dir) {
		ret = tg_command_parse(text, rq, err);
	} else if (text[0] && strcmp(text, "1")) {
		snprintf(err, TG_ERROR_MAX, "'%.64s'; allowed: 1 or an empty line", text);
		ret = -EINVAL;
	} else {
		ret = tg_family_request(f->dir, rq, err);
	}
	return ret ?: tg_request_check(rq, err);
}

static int tg_file_run(struct tg_file *f, char *text, size_t len, char *err)
{
	struct tg_request rq = { };
	int ret = tg_file_request(f, text, len, &rq, err);

	if (ret)
		return ret;
	if (!mutex_trylock(&tg_running)) {
		strscpy(err, "another run is under way; try again when it has ended", TG_ERROR_MAX);
		return -EBUSY;
	}
	WRITE_ONCE(tg_is_running, true);
	ret = tg_run_request(f, &rq, err);
	WRITE_ONCE(tg_is_running, false);
	mutex_unlock(&tg_running);
	return ret;
}

static ssize_t tg_run_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct tg_file *f = file->private_data;
	char *text, *err;
	int ret;

	/* a run for this very file: its answer is still to come */
	if (!mutex_trylock(&f->lock))
		return -EBUSY;
	/*
	 * The answer is read from its beginning. *ppos alone would not do: the
	 * kernel forgets it when a write fails, and then error= went unread.
	 */
	file->f_pos = 0;
	*ppos = 0;
	ret = -ENOMEM;
	err = kzalloc(TG_ERROR_MAX, GFP_KERNEL);
	if (!err)
		goto out_unlock;
	if (count > TG_COMMAND_MAX) {
		snprintf(err, TG_ERROR_MAX, "command of %zu bytes; allowed: at most %d", count,
			 TG_COMMAND_MAX);
		ret = -EINVAL;
		goto out_error;
	}
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text)) {
		ret = PTR_ERR(text);
		goto out_err;
	}
	ret = tg_file_run(f, text, count, err);
	kfree(text);
out_error:
	if (ret)
		tg_file_error(f, err);
out_err:
	kfree(err);
out_unlock:
	mutex_unlock(&f->lock);
	return ret ?: (ssize_t)count;
}

/* The command that a write to a family's run would stand for. */
static int tg_file_preview(struct tg_file *f)
{
	struct tg_request rq = { };
	char *err, *text, *events, name[TG_NAME_MAX], cpu[16] = "caller", node[16] = "auto";

	err = kzalloc(TG_ERROR_MAX + TG_EVENTS_TEXT, GFP_KERNEL);
	if (!err)
		return -ENOMEM;
	events = err + TG_ERROR_MAX;
	if (tg_family_request(f->dir, &rq, err)) {
		text = kasprintf(GFP_KERNEL, "error=%s\n", err);
	} else {
		tg_point_name(&rq.point, name);
		if (rq.cpu != TG_CPU_CALLER)
			snprintf(cpu, sizeof(cpu), "%d", rq.cpu);
		if (rq.node != TG_NODE_AUTO)
			snprintf(node, sizeof(node), "%d", rq.node);
		tg_events_text(&rq, events, TG_EVENTS_TEXT);
		text = kasprintf(GFP_KERNEL,
				 "%s cpu=%s node=%s samples=%u unroll=%u batch=%u quiet=%s events=%s\n",
				 name, cpu, node, rq.samples,
				 rq.unroll ?: tg_exp_block(rq.point.exp), rq.batch,
				 tg_quiet_names[rq.quiet], events);
	}
	kfree(err);
	if (!text)
		return -ENOMEM;
	tg_file_text(f, text, strlen(text));
	f->answered = false;
	return 0;
}

static ssize_t tg_run_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct tg_file *f = file->private_data;
	ssize_t ret;

	ret = mutex_lock_interruptible(&f->lock);
	if (ret)
		return ret;
	if (f->dir && !f->answered && !*ppos)
		ret = tg_file_preview(f);
	if (!ret)
		ret = simple_read_from_buffer(buf, count, ppos, f->text, f->len);
	mutex_unlock(&f->lock);
	return ret;
}

static loff_t tg_run_llseek(struct file *file, loff_t offset, int whence)
{
	struct tg_file *f = file->private_data;
	loff_t ret;

	ret = mutex_lock_interruptible(&f->lock);
	if (ret)
		return ret;
	ret = fixed_size_llseek(file, offset, whence, f->len);
	mutex_unlock(&f->lock);
	return ret;
}

static int tg_run_open(struct inode *inode, struct file *file)
{
	struct tg_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	mutex_init(&f->lock);
	f->dir = inode->i_private;
	file->private_data = f;
	return 0;
}

static int tg_run_release(struct inode *inode, struct file *file)
{
	struct tg_file *f = file->private_data;

	kvfree(f->text);
	mutex_destroy(&f->lock);
	kfree(f);
	return 0;
}

const struct file_operations tg_run_fops = {
	.owner = THIS_MODULE,
	.open = tg_run_open,
	.release = tg_run_release,
	.read = tg_run_read,
	.write = tg_run_write,
	.llseek = tg_run_llseek,
};
