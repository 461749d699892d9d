// SPDX-License-Identifier: GPL-2.0
/*
 * What ends an arming from outside: its CPU goes offline, the machine suspends or
 * hibernates, KVM is loaded, which keeps LSTAR and IDTR as it finds them.
 */
#include <linux/cpuhotplug.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "arm.h"
#include "entry.h"

static int tg_cpuhp_state;

/* On the CPU itself, in a kernel thread: the armed task is not current. */
static int tg_cpu_offline(unsigned int cpu)
{
	tg_disarm_cpu(cpu, "its CPU went offline");
	return 0;
}

static int tg_on_suspend(struct notifier_block *nb, unsigned long event, void *unused)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		tg_arm_sleep(true);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		tg_arm_sleep(false);
		break;
	}
	return NOTIFY_DONE;
}
static struct notifier_block tg_suspend_nb = { .notifier_call = tg_on_suspend };

/* Before the module's init, which may read LSTAR on every CPU. */
static int tg_on_module(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct module *mod = data;

	if (event == MODULE_STATE_COMING && str_has_prefix(mod->name, "kvm"))
		tg_disarm_all("KVM is being loaded");
	return NOTIFY_DONE;
}
static struct notifier_block tg_module_nb = { .notifier_call = tg_on_module };

int tg_arm_init(void)
{
	int ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "tollgate:online", NULL,
					    tg_cpu_offline);

	if (ret < 0)
		return ret;
	tg_cpuhp_state = ret;
	ret = register_pm_notifier(&tg_suspend_nb);
	if (ret)
		goto err_suspend;
	ret = register_module_notifier(&tg_module_nb);
	if (ret)
		goto err_module;
	return 0;

err_module:
	unregister_pm_notifier(&tg_suspend_nb);
err_suspend:
	cpuhp_remove_state_nocalls(tg_cpuhp_state);
	return ret;
}

void tg_arm_exit(void)
{
	unregister_module_notifier(&tg_module_nb);
	unregister_pm_notifier(&tg_suspend_nb);
	cpuhp_remove_state_nocalls(tg_cpuhp_state);
	tg_arm_flush();
	tg_idt_exit();
}
