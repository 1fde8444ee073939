// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUs of tasks in cpusets: a task is given those of its set, without waiting
 * for it. cpuset_tasks.c says when.
 */

#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cpuset.h"

/* How often a set may change while one task is fitted, before that is put off. */
#define CPUSET_FIT_TRIES	100

/**
 * cpuset_fits_cpus - has a task CPUs, or those of them that it has asked for?
 * @tsk: the task
 * @cpus: the CPUs
 *
 * Context: any.
 * Return: true if it has.
 */
bool cpuset_fits_cpus(struct task_struct *tsk, const struct cpumask *cpus)
{
	const struct cpumask *has = &tsk->cpus_mask, *user;
	unsigned long flags;
	bool ret;

	/* Somebody else may be setting its affinity already. */
	raw_spin_lock_irqsave(&tsk->pi_lock, flags);
	user = tsk->user_cpus_ptr;
	if (!user || !cpumask_intersects(user, cpus))
		ret = cpumask_equal(has, cpus);
	else
		ret = cpumask_subset(has, cpus) &&
		      cpumask_subset(has, user) &&
		      cpumask_weight(has) == cpumask_weight_and(user, cpus);
	raw_spin_unlock_irqrestore(&tsk->pi_lock, flags);
	return ret;
}

/*
 * The CPUs of a task's set at this moment. A task of the root is not touched when a
 * CPU goes or comes, so it may have those that are offline. Returns whether the
 * task is in a set below the root.
 */
static bool cpuset_task_cpus(struct task_struct *tsk, struct cpumask *cpus)
{
	struct cpuset *cs;

	rcu_read_lock();
	cs = task_cpuset(tsk);
	cpumask_copy(cpus, task_cpu_possible_mask(tsk));
	if (cs == &top_cpuset) {
		rcu_read_unlock();
		return false;
	}
	spin_lock_irq(&cpuset_masks_lock);
	/* On machines whose CPUs differ, a set may have none that will do. */
	while (!cpumask_intersects(cpus, cs->effective_cpus))
		cs = cpuset_parent(cs);
	cpumask_and(cpus, cpus, cs->effective_cpus);
	spin_unlock_irq(&cpuset_masks_lock);
	rcu_read_unlock();
	return true;
}

/**
 * cpuset_give_cpus - set a task's CPUs, but do not wait for others than current
 * @tsk: the task
 * @cpus: the CPUs
 *
 * Who waits for a task waits for who keeps it from running, too.
 *
 * Return: 0; -EINVAL none of @cpus is active; -EAGAIN it cannot be migrated now.
 */
int cpuset_give_cpus(struct task_struct *tsk, const struct cpumask *cpus)
{
	/* Narrower, if the task has asked for that and if it fits. */
	if (tsk == current)
		return set_cpus_allowed_ptr(tsk, cpus);
	return set_cpus_allowed_nowait(tsk, cpus);
}

/*
 * Hotplug's lock, which can be held for long, is taken where bandwidth is concerned
 * only.
 */
static int cpuset_set_cpus(struct task_struct *tsk, const struct cpumask *cpus,
			   bool hotplug, bool concerned)
{
	int err;

	if (concerned) {
		if (!hotplug)
			cpus_read_lock();
		err = cpuset_dl_set_cpus(tsk, cpus);
		if (!hotplug)
			cpus_read_unlock();
		if (err <= 0)
			return err;
	}
	err = cpuset_give_cpus(tsk, cpus);
	if (likely(err || !cpuset_dl_accounted(tsk)))
		return err;
	if (!hotplug)
		cpus_read_lock();
	cpuset_dl_recount();
	if (!hotplug)
		cpus_read_unlock();
	return 0;
}

/*
 * A task that has come to the root, and had asked for CPUs that are all offline: it
 * has the others, and still has asked for those.
 */
static int cpuset_set_others(struct task_struct *tsk, struct cpumask *cpus)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&tsk->pi_lock, flags);
	if (tsk->user_cpus_ptr)
		cpumask_andnot(cpus, cpus, tsk->user_cpus_ptr);
	raw_spin_unlock_irqrestore(&tsk->pi_lock, flags);
	return cpuset_give_cpus(tsk, cpus);
}

/*
 * Cgroup has got the controller back while a task was given CPUs, and can have given
 * it others before that.
 */
static void cpuset_fit_cgroups(struct task_struct *tsk, struct cpumask *cpus)
{
	unsigned int tries = 0;

	do {
		cpuset_cpus_allowed(tsk, cpus);
	} while (!cpuset_fits_cpus(tsk, cpus) && tries++ < CPUSET_FIT_TRIES &&
		 !cpuset_give_cpus(tsk, cpus));
}

static void cpuset_put_off(struct task_struct *tsk, bool root_cpus);

/**
 * cpuset_fit_cpus - give a task the CPUs of its set
 * @tsk: the task, held by the caller
 * @root_cpus: also if it is in the root; else it keeps what it has there, which
 *	kernel threads may have set themselves
 * @hotplug: CPU hotplug is going on or held off, by the caller
 *
 * Nobody but current is waited for, for its turn on one of the CPUs, and current
 * not with @hotplug.
 *
 * Context: process context, no lock of rc held; may sleep.
 */
void cpuset_fit_cpus(struct task_struct *tsk, bool root_cpus, bool hotplug)
{
	bool below, concerned, fits, given = false;
	unsigned int tries = 0;
	cpumask_var_t cpus;
	int err;

	/* Small where it is allocated at all, and there is no way back from here. */
	alloc_cpumask_var(&cpus, GFP_KERNEL | __GFP_NOFAIL);
	while (!cpuset_is_cgroups() &&
	       ((below = cpuset_task_cpus(tsk, cpus)) || root_cpus)) {
		concerned = cpuset_dl_concerned(tsk);
		fits = cpuset_fits_cpus(tsk, cpus);
		if (fits && !concerned)
			break;
		/* Not with hotplug's locks held, behind who keeps it from running. */
		if (tsk == current && hotplug) {
			cpuset_stray(tsk);
			break;
		}
		err = -EAGAIN;
		given = true;
		if (fits || tries++ < CPUSET_FIT_TRIES)
			err = cpuset_set_cpus(tsk, cpus, hotplug, concerned);
		/* Who exits is given none where bandwidth is concerned. */
		if (!err && !fits && !(READ_ONCE(tsk->flags) & PF_EXITING))
			continue;
		/* They have gone. Hotplug, if it is not us, comes. */
		if (err == -EINVAL && !below)
			err = cpuset_set_others(tsk, cpus);
		else if (err == -EINVAL && !hotplug)
			cpuset_stray(tsk);
		if (err == -EAGAIN)
			cpuset_put_off(tsk, root_cpus);
		break;
	}
	if (given) {
		/* Given before the look. Cgroup gives others after it has the controller. */
		smp_mb();
		if (cpuset_is_cgroups())
			cpuset_fit_cgroups(tsk, cpus);
	}
	free_cpumask_var(cpus);
}

/*
 * Tasks that are not to be migrated at the moment. They can be kept from running,
 * and so from going on, by others; one work item looks after all of them.
 */

/**
 * struct cpuset_waiting - a task that could not be given CPUs
 * @node: in cpuset_waiting
 * @tsk: the task, with a reference
 * @root_cpus: as for cpuset_fit_cpus(); its newborns are told of until it is done
 */
struct cpuset_waiting {
	struct list_head node;
	struct task_struct *tsk;
	bool root_cpus;
};

static LIST_HEAD(cpuset_waiting);
static DEFINE_SPINLOCK(cpuset_waiting_lock);

static void cpuset_waiting_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(cpuset_waiting_work, cpuset_waiting_fn);

/* Adds @new unless the task is there. */
static struct cpuset_waiting *cpuset_waits(struct cpuset_waiting *new)
{
	struct cpuset_waiting *cw;

	lockdep_assert_held(&cpuset_waiting_lock);
	list_for_each_entry(cw, &cpuset_waiting, node)
		if (cw->tsk == new->tsk)
			return cw;
	get_task_struct(new->tsk);
	list_add_tail(&new->node, &cpuset_waiting);
	return new;
}

static void cpuset_put_off(struct task_struct *tsk, bool root_cpus)
{
	struct cpuset_waiting *new, *cw;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	new->tsk = tsk;
	spin_lock(&cpuset_waiting_lock);
	cw = cpuset_waits(new);
	if (root_cpus && !cw->root_cpus) {
		cw->root_cpus = true;
		/* They copy what it has still. */
		rc_births_begin(tsk);
	}
	spin_unlock(&cpuset_waiting_lock);
	if (cw != new)
		kfree(new);
	queue_delayed_work(system_unbound_wq, &cpuset_waiting_work, HZ / 20);
}

static void cpuset_waiting_fn(struct work_struct *work)
{
	struct cpuset_waiting *cw, *next;
	LIST_HEAD(list);

	spin_lock(&cpuset_waiting_lock);
	list_splice_init(&cpuset_waiting, &list);
	spin_unlock(&cpuset_waiting_lock);
	list_for_each_entry_safe(cw, next, &list, node) {
		/* Goes back to the list if need be. */
		if (READ_ONCE(cw->tsk->flags) & PF_EXITING)
			cpuset_dl_forget(cw->tsk);
		else
			cpuset_fit_cpus(cw->tsk, cw->root_cpus, false);
		if (cw->root_cpus)
			rc_births_end(cw->tsk);
		put_task_struct(cw->tsk);
		kfree(cw);
	}
}
