// SPDX-License-Identifier: GPL-2.0
/*
 * Cpusets of cgroups and of groups in one kernel: who has the controller, and asks
 * him what the kernel asks of cpusets.
 *
 * A controller belongs to one at a time, and changes hands while nobody has a set
 * but the top one, as between cgroup's own hierarchies. Then all tasks are in the
 * tops of both, which give them the same; so who asks while it changes hands may
 * ask either. Cgroup has it as long as nobody else wants it.
 *
 * Both keep what is where no set is needed for it: each task's set, which is the
 * top one, and how many deadline tasks there are. Masks of the top are brought up
 * to date when the controller comes.
 */

#include <linux/cgroup.h>
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cpuset.h"

/* Written with the locks of both, and with no CPU coming or going. */
static bool cpuset_is_rcs __read_mostly;

bool cpuset_is_cgroups(void)
{
	return !READ_ONCE(cpuset_is_rcs);
}

/*
 * Changing hands
 */

/* Who has it for good, as the kernel's command line says. */
static enum { CPUSET_ANYBODYS, CPUSET_RCS, CPUSET_CGROUPS } cpuset_boot;

/* Protects the number of claims, and what follows from it; cgroup_mutex is inside. */
static DEFINE_MUTEX(cpuset_claim_mutex);
static unsigned int cpuset_claims;

static void cpuset_give(bool to_rc)
{
	cpus_read_lock();
	cpuset_lock();
	WRITE_ONCE(cpuset_is_rcs, to_rc);
	cpuset_unlock();
	/* What has come or gone while another had it. */
	cpuset_update_active_cpus();
	cpus_read_unlock();
}

static int cpuset_take(void)
{
	char *user = kmalloc(PATH_MAX, GFP_KERNEL);
	int err;

	if (!user)
		return -ENOMEM;
	err = cgroup_lend_subsys(&cpuset_cgrp_subsys, user, PATH_MAX);
	if (err == -EBUSY) {
		pr_info("rc: cpuset: cgroup has it: %s\n", user);
		rc_refuse(err, NULL, "cgroup has cpuset: %s", user);
	}
	if (!err)
		cpuset_give(true);
	kfree(user);
	return err;
}

/* Tasks have been given what the top has, and nothing is to follow. */
static void cpuset_return(void)
{
	cpuset_settle_finish();
	cpuset_give(false);
	cpuset_settle_cancel();
	cgroup_return_subsys(&cpuset_cgrp_subsys);
}

/**
 * cpuset_claim - have the controller for hierarchies, as long as one wants it
 *
 * Context: process context, no locks held; sleeps, killably.
 * Return: 0; -EBUSY cgroup has sets, or is to have them for good; -EINTR; -ENOMEM.
 */
int cpuset_claim(void)
{
	int err = 0;

	if (cpuset_boot == CPUSET_CGROUPS)
		return rc_refuse(-EBUSY, NULL, "cgroup has cpuset for good, by cpuset=cgroup");
	if (mutex_lock_killable(&cpuset_claim_mutex))
		return -EINTR;
	if (!cpuset_claims)
		err = cpuset_take();
	if (!err)
		cpuset_claims++;
	mutex_unlock(&cpuset_claim_mutex);
	return err;
}

/**
 * cpuset_unclaim - undo one cpuset_claim(), and give it back after the last
 *
 * Context: process context, no locks held; may sleep.
 */
void cpuset_unclaim(void)
{
	mutex_lock(&cpuset_claim_mutex);
	if (!--cpuset_claims)
		cpuset_return();
	mutex_unlock(&cpuset_claim_mutex);
}

/**
 * cpuset_available - could hierarchies have the controller?
 *
 * Context: any. The answer may be outdated at once.
 * Return: true if they have it, or nobody has a set.
 */
bool cpuset_available(void)
{
	return !cpuset_is_cgroups() ||
	       (cpuset_boot != CPUSET_CGROUPS &&
		!cgroup_subsys_in_use(&cpuset_cgrp_subsys));
}

static int __init cpuset_setup(char *who)
{
	if (!strcmp(who, "rc"))
		cpuset_boot = CPUSET_RCS;
	else if (!strcmp(who, "cgroup"))
		cpuset_boot = CPUSET_CGROUPS;
	else
		pr_warn("rc: cpuset=%s: neither rc nor cgroup\n", who);
	return 1;
}
__setup("cpuset=", cpuset_setup);

/* Before anybody can make a cgroup, so that it cannot fail but for memory. */
static int __init cpuset_claim_for_good(void)
{
	int err = cpuset_boot == CPUSET_RCS ? cpuset_claim() : 0;

	if (err)
		pr_warn("rc: cpuset=rc: %pe\n", ERR_PTR(err));
	return err;
}
subsys_initcall(cpuset_claim_for_good);

/*
 * What linux/cpuset.h declares
 */

int __init cpuset_init(void)
{
	return cgroup_cpuset_init() ?: rc_cpuset_init();
}

void __init cpuset_init_smp(void)
{
	cgroup_cpuset_init_smp();
	rc_cpuset_init_smp();
}

void cpuset_force_rebuild(void)
{
	if (cpuset_is_cgroups())
		cgroup_cpuset_force_rebuild();
	else
		rc_cpuset_force_rebuild();
}

void cpuset_update_active_cpus(void)
{
	if (cpuset_is_cgroups())
		cgroup_cpuset_update_active_cpus();
	else
		rc_cpuset_update_active_cpus();
}

void rebuild_sched_domains(void)
{
	if (cpuset_is_cgroups())
		cgroup_rebuild_sched_domains();
	else
		rc_rebuild_sched_domains();
}

void inc_dl_tasks_cs(struct task_struct *tsk)
{
	cgroup_inc_dl_tasks_cs(tsk);
	rc_inc_dl_tasks_cs(tsk);
}

void dec_dl_tasks_cs(struct task_struct *tsk)
{
	cgroup_dec_dl_tasks_cs(tsk);
	rc_dec_dl_tasks_cs(tsk);
}

/* Both, as the controller can change hands before cpuset_unlock(). Cgroup's is outside. */
void cpuset_lock(void)
{
	cgroup_cpuset_lock();
	rc_cpuset_lock();
}

void cpuset_unlock(void)
{
	rc_cpuset_unlock();
	cgroup_cpuset_unlock();
}

void cpuset_cpus_allowed(struct task_struct *tsk, struct cpumask *mask)
{
	if (cpuset_is_cgroups())
		cgroup_cpuset_cpus_allowed(tsk, mask);
	else
		rc_cpuset_cpus_allowed(tsk, mask);
}

bool cpuset_cpus_allowed_fallback(struct task_struct *tsk)
{
	return cpuset_is_cgroups() ? cgroup_cpuset_cpus_allowed_fallback(tsk) :
				     rc_cpuset_cpus_allowed_fallback(tsk);
}

bool cpuset_cpu_is_isolated(int cpu)
{
	return cpuset_is_cgroups() && cgroup_cpuset_cpu_is_isolated(cpu);
}
EXPORT_SYMBOL_GPL(cpuset_cpu_is_isolated);

nodemask_t cpuset_mems_allowed(struct task_struct *tsk)
{
	return cpuset_is_cgroups() ? cgroup_cpuset_mems_allowed(tsk) :
				     rc_cpuset_mems_allowed(tsk);
}

bool cpuset_node_allowed(int node, gfp_t gfp_mask)
{
	return cpuset_is_cgroups() ? cgroup_cpuset_node_allowed(node, gfp_mask) :
				     rc_cpuset_node_allowed(node, gfp_mask);
}

bool current_cpuset_is_being_rebound(void)
{
	return cpuset_is_cgroups() ? cgroup_current_cpuset_is_being_rebound() :
				     rc_current_cpuset_is_being_rebound();
}

int cpuset_mem_spread_node(void)
{
	return cpuset_is_cgroups() ? cgroup_cpuset_mem_spread_node() :
				     rc_cpuset_mem_spread_node();
}

void __cpuset_memory_pressure_bump(void)
{
	if (!cpuset_is_cgroups())
		rc_cpuset_memory_pressure_bump();
	else if (IS_ENABLED(CONFIG_CPUSETS_V1))
		cgroup_cpuset_memory_pressure_bump();
}

void cpuset_print_current_mems_allowed(void)
{
	if (cpuset_is_cgroups())
		cgroup_cpuset_print_current_mems_allowed();
	else
		rc_cpuset_print_current_mems_allowed();
}

#ifdef CONFIG_PROC_PID_CPUSET
int proc_cpuset_show(struct seq_file *m, struct pid_namespace *ns,
		     struct pid *pid, struct task_struct *tsk)
{
	return cpuset_is_cgroups() ? cgroup_proc_cpuset_show(m, ns, pid, tsk) :
				     rc_proc_cpuset_show(m, ns, pid, tsk);
}
#endif
