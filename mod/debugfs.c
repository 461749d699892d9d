// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tollgate: the directory, experiments and status. Root
 * alone: what is measured here takes a CPU away from everyone else.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <asm/cpufeature.h>
#include <asm/tsc.h>

#include <tollgate/frame_blocks.h>

#include "entry.h"
#include "tollgate.h"

static struct dentry *tg_dir;

/*
 * A line a point of ring 0, or of an armed task: name, `available` or `unavailable`, what it takes,
 * and for an unavailable one the reason. Separated by tabs.
 */
static int experiments_show(struct seq_file *m, void *unused)
{
	static const char *const methods[] = TG_METHOD_NAMES;
	char name[TG_NAME_MAX], why[TG_ERROR_MAX];
	struct tg_point p;
	int i;

	for (i = 0; i < 2 * TG_NR_EXPS; i++) {
		const struct tg_exp *e = &tg_exps[i / 2];
		bool more;

		for (more = tg_point_first(&p, i / 2, i % 2 ? TG_RING_CROSS : 0); more;
		     more = tg_point_next(&p)) {
			bool refused = tg_point_refused(&p, why, sizeof(why));

			tg_point_name(&p, name);
			seq_printf(m, "%s\t%s\tblock=%u method=%s", name,
				   refused ? "unavailable" : "available", tg_exp_block(i / 2),
				   methods[e->method]);
			if (refused)
				seq_printf(m, "\t%s", why);
			seq_putc(m, '\n');
		}
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(experiments);

#ifdef CONFIG_PREEMPT_NOTIFIERS
/* As tollgate list --windows prints them. */
static int windows_show(struct seq_file *m, void *unused)
{
	const struct tg_window *w = tg_windows;
	char line[TG_WINDOW_LINE];

	seq_puts(m, TG_WINDOW_HEAD "\n");
	while (tg_window_line(&w, line, sizeof(line)))
		seq_printf(m, "%s\n", line);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(windows);
#endif

static void tg_show_machine(struct seq_file *m)
{
	unsigned long cr8;
	int i, cpu;

	for (i = 0; i < TG_NR_NEEDS; i++)
		seq_printf(m, "feature=%s: %s\n", tg_need_names[i],
			   tg_host.features & (1U << i) ? "yes" : "no");
	seq_printf(m, "xcr0=0x%llx\n", tg_host.xcr0);
	seq_printf(m, "smi_counter=%s\n", tg_smi_known() ? "yes" : "no");
	preempt_disable();
	cpu = smp_processor_id();
	cr8 = tg_read_cr8();
	preempt_enable();
	seq_printf(m, "cpu=%d\ncr8=%lu\n", cpu, cr8);
}

/* One fact a line, key=value. */
static int status_show(struct seq_file *m, void *unused)
{
	bool invariant = boot_cpu_has(X86_FEATURE_CONSTANT_TSC) &&
			 boot_cpu_has(X86_FEATURE_NONSTOP_TSC);

	seq_printf(m, "version=%s\n", TG_VERSION);
	seq_printf(m, "refused=%s\n", tg_refused() ?: "no");
	seq_printf(m, "quiet_default=%s\n", tg_quiet_names[TG_QUIET_TPR]);
	seq_printf(m, "tsc_khz=%u\n", tsc_khz);
	seq_printf(m, "tsc_invariant=%s\n",
		   invariant ? "yes" : "no: ticks may not be worth the same at all times");
	if (!tg_refused())
		tg_show_machine(m);
	seq_printf(m, "counters=%d\n", tg_counters_live());
	tg_run_status(m);
	tg_arm_status(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(status);

int tg_debugfs_init(void)
{
	tg_dir = debugfs_create_dir(TG_DEBUGFS_NAME, NULL);
	if (IS_ERR(tg_dir))
		return PTR_ERR(tg_dir);
	/* debugfs itself may have been mounted for everyone to look at */
	d_inode(tg_dir)->i_mode = S_IFDIR | 0700;
	debugfs_create_file("experiments", 0600, tg_dir, NULL, &experiments_fops);
	debugfs_create_file("status", 0600, tg_dir, NULL, &status_fops);
	debugfs_create_file("run", 0600, tg_dir, NULL, &tg_run_fops);
	tg_knobs_create(tg_dir);
	tg_arm_create(tg_dir);
#ifdef CONFIG_PREEMPT_NOTIFIERS
	debugfs_create_file("windows", 0600, tg_dir, NULL, &windows_fops);
#endif
	return 0;
}

void tg_debugfs_exit(void)
{
	debugfs_remove(tg_dir);
}
