// SPDX-License-Identifier: GPL-2.0
/*
 * Deadline tasks in cpusets: their bandwidth is accounted in the root domain that
 * they are in, and has to go where they go.
 *
 * A move reserves it in the domain of the set that a task is to enter, and takes it
 * along when the task is given its CPUs. In between the task may cease to be a
 * deadline task, become one, or ask for more; so the reservation is dropped then,
 * and what the task has is allocated, under cpuset_mutex: who becomes a deadline
 * task, or ceases to be one, waits for that, see cpuset_lock(). A task that has
 * ceased to be one is accounted for until its 0-lag time, by a timer; it is let
 * expire when the task changes its domain.
 */

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/sched/deadline.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "cpuset.h"

/**
 * struct cpuset_dl_move - bandwidth of a deadline task that is being moved
 * @node: in cpuset_dl_moves
 * @tsk: the task, with a reference
 * @cs: the set that it is to enter, with a cpuset_get()
 * @cpu: a CPU of the root domain in which it was reserved
 * @bw: the bandwidth
 * @committed: the task has moved
 */
struct cpuset_dl_move {
	struct list_head node;
	struct task_struct *tsk;
	struct cpuset *cs;
	int cpu;
	u64 bw;
	bool committed;
};

/* Protected by cpuset_mutex; looked at without for being empty. */
static LIST_HEAD(cpuset_dl_moves);

/* Of those that a task is to have. Protected by cpuset_mutex. */
static struct cpumask cpuset_dl_cpus;

/*
 * There may be deadline tasks, or such as have been some and are accounted for.
 * Cleared under cpuset_mutex, by who has looked at all tasks and found none.
 */
static bool cpuset_dl_any;

/**
 * cpuset_dl_seen - a task becomes a deadline task, for others to find
 *
 * Context: any; cpuset_mutex held unless it is one by priority inheritance alone,
 * and so has no bandwidth.
 */
void cpuset_dl_seen(void)
{
	/* The task before this. Pairs with the barrier in cpuset_dl_add_all(). */
	smp_mb();
	if (!READ_ONCE(cpuset_dl_any))
		WRITE_ONCE(cpuset_dl_any, true);
}

/* By policy: what another task has lent by priority inheritance is not its own. */
static bool cpuset_dl_policy(const struct task_struct *tsk)
{
	return READ_ONCE(tsk->policy) == SCHED_DEADLINE;
}

/* In cpuset_dl_cpus, what the scheduler will give the task that can be used. */
static void cpuset_dl_narrow(struct task_struct *tsk, const struct cpumask *cpus)
{
	unsigned long flags;

	lockdep_assert_held(&cpuset_mutex);
	cpumask_copy(&cpuset_dl_cpus, cpus);
	raw_spin_lock_irqsave(&tsk->pi_lock, flags);
	if (tsk->user_cpus_ptr && cpumask_intersects(cpus, tsk->user_cpus_ptr))
		cpumask_and(&cpuset_dl_cpus, cpus, tsk->user_cpus_ptr);
	raw_spin_unlock_irqrestore(&tsk->pi_lock, flags);
	if (cpumask_intersects(&cpuset_dl_cpus, cpu_active_mask))
		cpumask_and(&cpuset_dl_cpus, &cpuset_dl_cpus, cpu_active_mask);
}

/*
 * A task that sleeps is given CPUs elsewhere, where it goes when it wakes up. Its
 * bandwidth is accounted for there already, though the scheduler, which looks at the
 * CPU that it ran on last, does not know that.
 */
static bool cpuset_dl_away(struct task_struct *tsk)
{
	return cpuset_dl_policy(tsk) &&
	       !cpumask_test_cpu(task_cpu(tsk), &tsk->cpus_mask);
}

/**
 * cpuset_dl_reserve - reserve what a task needs in another root domain
 * @cs: the set that it is to enter
 * @tsk: the task
 *
 * Context: cpuset_mutex and cpus_read_lock() held; may sleep.
 * Return: 0, also if there is nothing to reserve; -EBUSY no room; -ENOMEM.
 */
int cpuset_dl_reserve(struct cpuset *cs, struct task_struct *tsk)
{
	struct cpuset_dl_move *move;
	int err;

	lockdep_assert_held(&cpuset_mutex);
	if (!cpuset_dl_policy(tsk))
		return 0;
	cpuset_dl_narrow(tsk, cs->effective_cpus);
	if (!cpuset_dl_away(tsk) &&
	    cpuset_same_domain(task_cpu(tsk), &cpuset_dl_cpus))
		return 0;
	move = kzalloc(sizeof(*move), GFP_KERNEL_ACCOUNT);
	if (!move)
		return -ENOMEM;
	move->cpu = cpumask_any(&cpuset_dl_cpus);
	move->bw = tsk->dl.dl_bw;
	err = dl_bw_alloc(move->cpu, move->bw);
	if (err) {
		kfree(move);
		return err;
	}
	move->tsk = get_task_struct(tsk);
	move->cs = cpuset_get(cs);
	list_add(&move->node, &cpuset_dl_moves);
	return 0;
}

static void cpuset_dl_drop(struct cpuset_dl_move *move)
{
	dl_bw_free(move->cpu, move->bw);
	list_del(&move->node);
	put_task_struct(move->tsk);
	cpuset_put(move->cs);
	kfree(move);
}

/**
 * cpuset_dl_cancel - a task for which something was reserved does not move
 * @tsk: the task
 */
void cpuset_dl_cancel(struct task_struct *tsk)
{
	struct cpuset_dl_move *move;

	if (list_empty(&cpuset_dl_moves))
		return;
	mutex_lock(&cpuset_mutex);
	list_for_each_entry(move, &cpuset_dl_moves, node) {
		if (move->tsk == tsk && !move->committed) {
			cpuset_dl_drop(move);
			break;
		}
	}
	mutex_unlock(&cpuset_mutex);
}

/**
 * cpuset_dl_commit - a task for which something was reserved has moved
 * @tsk: the task
 */
void cpuset_dl_commit(struct task_struct *tsk)
{
	struct cpuset_dl_move *move;

	if (list_empty(&cpuset_dl_moves))
		return;
	mutex_lock(&cpuset_mutex);
	list_for_each_entry(move, &cpuset_dl_moves, node)
		if (move->tsk == tsk)
			move->committed = true;
	mutex_unlock(&cpuset_mutex);
}

static bool cpuset_dl_reserved(struct task_struct *tsk)
{
	struct cpuset_dl_move *move;

	list_for_each_entry(move, &cpuset_dl_moves, node)
		if (move->tsk == tsk && move->committed)
			return true;
	return false;
}

/**
 * cpuset_dl_accounted - is a task accounted for as a deadline task?
 * @tsk: the task
 *
 * Context: any.
 * Return: true if it is, though it may be one no more.
 */
bool cpuset_dl_accounted(struct task_struct *tsk)
{
	return cpuset_dl_policy(tsk) || hrtimer_active(&tsk->dl.inactive_timer);
}

/**
 * cpuset_dl_concerned - has a task bandwidth, here or where it is to go?
 * @tsk: the task
 *
 * Context: process context, takes cpuset_mutex if some deadline task is moving.
 * Return: true if it has: cpuset_dl_set_cpus() is to be used.
 */
bool cpuset_dl_concerned(struct task_struct *tsk)
{
	bool ret = cpuset_dl_accounted(tsk);

	if (!ret && !list_empty(&cpuset_dl_moves)) {
		mutex_lock(&cpuset_mutex);
		ret = cpuset_dl_reserved(tsk);
		mutex_unlock(&cpuset_mutex);
	}
	return ret;
}

/* Takes it off the account of the domain it is in, as its 0-lag time would. */
static void cpuset_dl_expire(struct task_struct *tsk)
{
	struct hrtimer *timer = &tsk->dl.inactive_timer;

	if (dl_task(tsk) || !hrtimer_active(timer))
		return;
	/* The reference that the timer has stays with it. */
	if (hrtimer_try_to_cancel(timer) == 1)
		hrtimer_start(timer, 0, HRTIMER_MODE_REL_HARD);
	while (hrtimer_active(timer))
		cpu_relax();
}

/* The mover has taken the task along, and what was reserved is not needed any more. */
static void cpuset_dl_drop_committed(struct task_struct *tsk)
{
	struct cpuset_dl_move *move, *next;

	lockdep_assert_held(&cpuset_mutex);
	list_for_each_entry_safe(move, next, &cpuset_dl_moves, node)
		if (move->tsk == tsk && move->committed)
			cpuset_dl_drop(move);
}

/**
 * cpuset_dl_forget - a task that has moved is not to be given CPUs, as it exits
 * @tsk: the task
 *
 * Context: process context, takes cpuset_mutex if some deadline task is moving.
 */
void cpuset_dl_forget(struct task_struct *tsk)
{
	if (list_empty(&cpuset_dl_moves))
		return;
	mutex_lock(&cpuset_mutex);
	cpuset_dl_drop_committed(tsk);
	mutex_unlock(&cpuset_mutex);
}

/**
 * cpuset_dl_set_cpus - give a deadline task its CPUs, and its bandwidth a domain
 * @tsk: the task
 * @cpus: CPUs of its set
 *
 * Of a task that is one no more, takes off the account of its domain what is left.
 * It may then have to wait for its turn behind any other, which is not to be done
 * with locks held. A deadline task waits for others of its kind only, and for no
 * more than it is promised.
 *
 * Context: cpus_read_lock() held, or CPU hotplug; takes cpuset_mutex.
 * Return: 0 if there is nothing left to do; 1 if @tsk is no deadline task, and is
 * to be given its CPUs without locks; -EINVAL none of @cpus is active; -EAGAIN it
 * cannot be migrated now.
 */
int cpuset_dl_set_cpus(struct task_struct *tsk, const struct cpumask *cpus)
{
	bool recount = false;
	int err = 0;

	lockdep_assert_cpus_held();
	mutex_lock(&cpuset_mutex);
	cpuset_dl_drop_committed(tsk);
	if ((READ_ONCE(tsk->flags) & PF_EXITING) || cpuset_fits_cpus(tsk, cpus))
		goto out;
	if (!cpuset_dl_policy(tsk)) {
		cpuset_dl_expire(tsk);
		err = 1;
		goto out;
	}
	cpuset_dl_narrow(tsk, cpus);
	if (cpuset_dl_away(tsk))
		recount = true;
	/* Nobody else can have taken what was reserved, but more is needed. */
	else if (!cpuset_same_domain(task_cpu(tsk), &cpuset_dl_cpus) &&
		 dl_bw_alloc(cpumask_any(&cpuset_dl_cpus), tsk->dl.dl_bw))
		recount = true;
	err = cpuset_give_cpus(tsk, cpus);
	if (err || recount)
		cpuset_rebuild_domains();
out:
	mutex_unlock(&cpuset_mutex);
	return err;
}

/**
 * cpuset_dl_recount - a task has become a deadline task while it was given CPUs
 *
 * Context: cpus_read_lock() held, or CPU hotplug; takes cpuset_mutex.
 */
void cpuset_dl_recount(void)
{
	mutex_lock(&cpuset_mutex);
	cpuset_rebuild_domains();
	mutex_unlock(&cpuset_mutex);
}

/*
 * A deadline task that is lent CPUs is still accounted for where it was. If it ends while
 * it has them it is taken off where it is, so accounts have to be made anew afterwards.
 */
static bool cpuset_dl_lent;

/**
 * cpuset_dl_lend - a task is given CPUs for as long as hotplug has its own
 * @tsk: the task
 *
 * Context: @tsk's pi_lock held; cpuset_settle_later() has to follow.
 */
void cpuset_dl_lend(struct task_struct *tsk)
{
	if (cpuset_dl_accounted(tsk))
		WRITE_ONCE(cpuset_dl_lent, true);
}

/**
 * cpuset_dl_was_lent - is cpuset_dl_recount() needed for tasks with lent CPUs?
 *
 * Return: true if it is, once.
 */
bool cpuset_dl_was_lent(void)
{
	return xchg(&cpuset_dl_lent, false);
}

/*
 * Where it is to run, see cpuset_dl_away(). What a task has that has exited is added
 * where it was: the scheduler takes it off there, or has, and then it has none.
 */
static void cpuset_dl_add(struct task_struct *tsk)
{
	unsigned int cpu;

	dl_add_task_root_domain(tsk);
	cpu = cpumask_any_and(&tsk->cpus_mask, cpu_active_mask);
	if (READ_ONCE(tsk->exit_state) || !cpuset_dl_away(tsk) || cpu >= nr_cpu_ids ||
	    cpuset_same_domain(task_cpu(tsk), &tsk->cpus_mask))
		return;
	if (!dl_bw_alloc(cpu, tsk->dl.dl_bw))
		dl_bw_free(task_cpu(tsk), tsk->dl.dl_bw);
}

static void cpuset_dl_add_all(void)
{
	struct task_struct *process, *tsk;

	/* Who becomes one by inheritance meanwhile sets it again. */
	WRITE_ONCE(cpuset_dl_any, false);
	/* Before the look at tasks. Pairs with the barrier in cpuset_dl_seen(). */
	smp_mb();
	rcu_read_lock();
	for_each_process_thread(process, tsk) {
		if (dl_task(tsk)) {
			cpuset_dl_add(tsk);
			cpuset_dl_seen();
		}
	}
	rcu_read_unlock();
}

/**
 * cpuset_dl_account - account for all deadline tasks anew
 *
 * New root domains know nothing of the bandwidth that deadline tasks have.
 *
 * Context: cpuset_mutex, cpus_read_lock() and sched_domains_mutex held.
 */
void cpuset_dl_account(void)
{
	struct cpuset_dl_move *move;
	unsigned int cpu;

	lockdep_assert_held(&cpuset_mutex);
	dl_clear_root_domain(&def_root_domain);
	if (READ_ONCE(cpuset_dl_any))
		cpuset_dl_add_all();
	list_for_each_entry(move, &cpuset_dl_moves, node) {
		/* That may have gone, or be in another domain. */
		cpuset_dl_narrow(move->tsk, move->cs->effective_cpus);
		cpu = cpumask_any_and(&cpuset_dl_cpus, cpu_active_mask);
		if (cpu < nr_cpu_ids)
			move->cpu = cpu;
		if (dl_bw_alloc(move->cpu, move->bw))
			move->bw = 0;
	}
}

/**
 * cpuset_dl_can_shrink - is it enough for deadline tasks if a set has fewer CPUs?
 * @cpus: those that it has
 * @trial: those that it is to have
 *
 * Context: cpuset_mutex held.
 * Return: true if it is.
 */
bool cpuset_dl_can_shrink(const struct cpumask *cpus,
			  const struct cpumask *trial)
{
	lockdep_assert_held(&cpuset_mutex);
	return !READ_ONCE(cpuset_dl_any) ||
	       cpuset_cpumask_can_shrink(cpus, trial);
}

/**
 * cpuset_dl_expire_all - let go of what tasks have that are deadline tasks no more
 *
 * Before all are accounted for anew: those are not among them, and their timers
 * would take away from the new account what is not in it.
 *
 * Context: cpuset_mutex held.
 */
void cpuset_dl_expire_all(void)
{
	struct task_struct *process, *tsk;

	lockdep_assert_held(&cpuset_mutex);
	if (!READ_ONCE(cpuset_dl_any))
		return;
	rcu_read_lock();
	for_each_process_thread(process, tsk)
		cpuset_dl_expire(tsk);
	rcu_read_unlock();
}
