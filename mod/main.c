// SPDX-License-Identifier: GPL-2.0
/*
 * Tollgate: what it costs to cross the kernel boundary. Wiring only.
 *
 * Under lockdown the module has no signature to be loaded with, and debugfs
 * itself refuses files that can be written with EPERM.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>

#include "entry.h"
#include "tollgate.h"

static int __init tg_init(void)
{
	int ret;

	tg_refuse_init();
	if (tg_refused())
		pr_warn("nothing can be measured here: %s\n", tg_refused());

	ret = tg_arm_init();
	if (ret)
		goto err_arm;
	ret = tg_debugfs_init();
	if (ret)
		goto err_debugfs;
	return 0;

err_arm:
	pr_err("no notice of CPUs going offline or of suspend (error %d)\n", ret);
	return ret;
err_debugfs:
	tg_arm_exit();
	pr_err("debugfs gives no files (error %d): boot with debugfs=on\n", ret);
	/* its own EPERM and ENOENT make insmod speak of rights and of symbols */
	return -EOPNOTSUPP;
}

static void __exit tg_exit(void)
{
	tg_debugfs_exit();
	tg_arm_exit();
}

module_init(tg_init);
module_exit(tg_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("What it costs, in cycles, to cross the kernel boundary");
MODULE_VERSION(TG_VERSION);
