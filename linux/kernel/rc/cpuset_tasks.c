// SPDX-License-Identifier: GPL-2.0
/*
 * The tasks of cpusets: how they get the CPUs and memory nodes of their set, when
 * they enter it, when it changes, and when they are born in it.
 *
 * Giving a task CPUs can take as long as it takes the task to get its turn on one
 * of them, and for its memory as long as its user likes. So it is done with no lock
 * held: who has changed a set, or moved a task, fits tasks afterwards. To fit a
 * task means to read what its set has at this moment, give it that, and look
 * again. So it does not matter who comes last, and none is left with the old:
 *
 *   - Who changes a set writes its masks first and looks for its tasks then.
 *   - A task that is being moved in is in the set before its mover fits it. If he
 *     has read the old masks, the look comes later and finds the task.
 *   - A newborn has its parent's. If it became visible too late to be found,
 *     cpuset_fork() sees that they are not those of the set any more.
 *   - Who changes which CPUs are active fits all tasks afterwards.
 *
 * Who changes a set always looks at its tasks himself, also if somebody else is
 * about to, who may be slow. If he is killed a work item finishes for him.
 */

#include <linux/cpu.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cpuset.h"

/**
 * struct cpuset_pass - tasks being fitted one after the other
 * @mms: what is to be done to their memory
 * @hotplug: CPU hotplug is going on or held off, by the caller
 * @root_cpus: also tasks of the root get CPUs; the others keep theirs, which
 *	kernel threads may have set themselves
 * @killable: ends when current is killed
 * @killed: it was
 * @self: current is one of them, and is to get its CPUs last
 */
struct cpuset_pass {
	struct list_head mms;
	bool hotplug;
	bool root_cpus;
	bool killable;
	bool killed;
	bool self;
};

#define CPUSET_PASS(_name, ...)						\
	struct cpuset_pass _name = {					\
		.mms = LIST_HEAD_INIT(_name.mms), __VA_ARGS__ }

/*
 * Nodes and flags of a task
 */

/* Returns the nodes that the task had. */
static nodemask_t cpuset_set_mems(struct task_struct *tsk, nodemask_t *mems)
{
	nodemask_t old;

	task_lock(tsk);
	local_irq_disable();
	write_seqcount_begin(&tsk->mems_allowed_seq);
	old = tsk->mems_allowed;
	/* Who allocates meanwhile sees the old ones or the new ones too many. */
	nodes_or(tsk->mems_allowed, old, *mems);
	mpol_rebind_task(tsk, mems);
	tsk->mems_allowed = *mems;
	write_seqcount_end(&tsk->mems_allowed_seq);
	local_irq_enable();
	task_unlock(tsk);
	return old;
}

/* The leader stands for its process, or each thread when that goes. */
static bool cpuset_stands_for_mm(struct task_struct *tsk)
{
	bool ret;

	rcu_read_lock();
	ret = thread_group_leader(tsk) ||
	      (READ_ONCE(READ_ONCE(tsk->group_leader)->flags) & PF_EXITING);
	rcu_read_unlock();
	return ret;
}

/* The task's set, for cpuset_put(), and its nodes: those that cgroup says, if that has it. */
static struct cpuset *cpuset_task_mems(struct task_struct *tsk,
				       nodemask_t *mems)
{
	struct cpuset *cs;

	rcu_read_lock();
	cs = cpuset_get(task_cpuset(tsk));
	spin_lock_irq(&cpuset_masks_lock);
	*mems = cs->effective_mems;
	spin_unlock_irq(&cpuset_masks_lock);
	rcu_read_unlock();
	if (cpuset_is_cgroups())
		*mems = cpuset_mems_allowed(tsk);
	return cs;
}

static void cpuset_fit_mems(struct task_struct *tsk, struct cpuset_pass *pass)
{
	nodemask_t mems, old;
	struct cpuset *cs;

	for (;;) {
		cs = cpuset_task_mems(tsk, &mems);
		if (nodes_equal(tsk->mems_allowed, mems))
			break;
		/* A set without nodes has no tasks: this one has been moved. */
		if (!nodes_empty(mems)) {
			/* Who forks with the new ones copies no old policies. */
			atomic_inc(&cs->rebinding);
			old = cpuset_set_mems(tsk, &mems);
			if (cpuset_stands_for_mm(tsk))
				cpuset_mm_note(cs, tsk, &old, &mems,
					       &pass->mms);
			atomic_dec(&cs->rebinding);
		}
		cpuset_put(cs);
	}
	cpuset_put(cs);
}

static bool cpuset_fits_spread(const struct cpuset *cs, struct task_struct *tsk)
{
	return task_spread_page(tsk) == cpuset_is(cs, CS_SPREAD_PAGE) &&
	       task_spread_slab(tsk) == cpuset_is(cs, CS_SPREAD_SLAB);
}

static void cpuset_fit_spread(struct task_struct *tsk)
{
	struct cpuset *cs;

	rcu_read_lock();
	while (cs = task_cpuset(tsk), !cpuset_is_cgroups() && !cpuset_fits_spread(cs, tsk)) {
		if (cpuset_is(cs, CS_SPREAD_PAGE))
			task_set_spread_page(tsk);
		else
			task_clear_spread_page(tsk);
		if (cpuset_is(cs, CS_SPREAD_SLAB))
			task_set_spread_slab(tsk);
		else
			task_clear_spread_slab(tsk);
	}
	rcu_read_unlock();
}

/* Gives a task what its set has, but its memory, which is noted. */
static void cpuset_fit(struct task_struct *tsk, struct cpuset_pass *pass)
{
	cpuset_fit_mems(tsk, pass);
	cpuset_fit_spread(tsk);
	if (tsk == current)
		pass->self = true;
	else
		cpuset_fit_cpus(tsk, pass->root_cpus, pass->hotplug);
}

/* Nothing but current can be waiting now, for its turn on one of its CPUs. */
static void cpuset_pass_end(struct cpuset_pass *pass, enum cpuset_wait wait)
{
	if (pass->hotplug)
		cpuset_mm_defer(&pass->mms);
	else
		cpuset_mm_run_all(&pass->mms, wait);
	if (pass->self)
		cpuset_fit_cpus(current, pass->root_cpus, pass->hotplug);
}

/*
 * All tasks of sets that have changed
 */

static bool cpuset_fit_next(struct task_struct *tsk, void *arg)
{
	struct cpuset_pass *pass = arg;

	if (pass->killable && fatal_signal_pending(current)) {
		pass->killed = true;
		return false;
	}
	cpuset_fit(tsk, pass);
	return true;
}

/* Newborns of the root are not told of otherwise. */
static void cpuset_fit_root(struct cpuset_pass *pass)
{
	rc_births_begin(NULL);
	rc_for_each_task(&top_cpuset.st, cpuset_fit_next, pass);
	rc_births_end(NULL);
}

static void cpuset_fit_set(struct cpuset *cs, struct cpuset_pass *pass)
{
	/*
	 * While threads of a process get new nodes one after the other, none of
	 * them forks a copy of policies that are still to be rebound.
	 */
	atomic_inc(&cs->rebinding);
	/* The masks before the look. Pairs with the same in cpuset_fork(). */
	smp_mb();
	if (cs == &top_cpuset)
		cpuset_fit_root(pass);
	else
		rc_for_each_task(&cs->st, cpuset_fit_next, pass);
	atomic_dec(&cs->rebinding);
}

/**
 * cpuset_unsettled - the next set of a subtree whose tasks are to be fitted
 * @top: its top, held by the caller
 * @pos: where the walk is, from here, or NULL to begin
 * @always: begin with @top even if its tasks have what they are to have
 * @up_to: changes after this one are not the caller's
 * @gen: filled in: the change that its tasks are going to be fitted for
 *
 * Return: the set, with a reference to its group; that to @pos is dropped.
 */
static struct cpuset *cpuset_unsettled(struct cpuset *top, struct cpuset *pos,
				       bool always, u64 up_to, u64 *gen)
{
	struct cpuset *cs = NULL;

	mutex_lock(&cpuset_mutex);
	if (top == &top_cpuset || !list_empty(&top->node)) {
		/* From the start if that one has been removed meanwhile. */
		cs = pos && (pos == top || !list_empty(&pos->node)) ? pos : top;
		while (cs && !(always && !pos) &&
		       !(cs->settled < cs->gen && cs->settled < up_to))
			cs = cpuset_next(cs, top, false);
	}
	if (cs) {
		rc_state_get(&cs->st);
		*gen = cs->gen;
	}
	mutex_unlock(&cpuset_mutex);
	if (pos)
		rc_state_put(&pos->st);
	return cs;
}

static void cpuset_settled(struct cpuset *cs, u64 gen)
{
	mutex_lock(&cpuset_mutex);
	cs->settled = max(cs->settled, gen);
	mutex_unlock(&cpuset_mutex);
}

/* A writer is one who can be killed: his own set he looks at in any case. */
static void cpuset_settle_tree(struct cpuset *top, struct cpuset_pass *pass)
{
	const bool always = pass->killable;
	struct cpuset *cs = NULL;
	u64 up_to, gen;

	mutex_lock(&cpuset_mutex);
	up_to = cpuset_gen;
	mutex_unlock(&cpuset_mutex);
	while ((cs = cpuset_unsettled(top, cs, always, up_to, &gen))) {
		cpuset_fit_set(cs, pass);
		if (pass->killed) {
			rc_state_put(&cs->st);
			cpuset_settle_later();
			break;
		}
		cpuset_settled(cs, gen);
	}
}

/**
 * cpuset_settle - give the tasks of a set, and of those below, what has changed
 * @st: the set, whose group the caller holds
 *
 * Context: process context, no lock of rc held.
 */
void cpuset_settle(struct rc_state *st)
{
	CPUSET_PASS(pass, .killable = true);

	cpuset_settle_tree(to_cpuset(st), &pass);
	cpuset_pass_end(&pass, CS_WAIT);
}

/* For who could not: he was killed, or hotplug was going on. */
static void cpuset_later_fn(struct work_struct *work)
{
	CPUSET_PASS(pass);
	struct cpuset *cs;
	bool lent;

	/* Hotplug is over, one way or the other. */
	cpus_read_lock();
	lent = cpuset_dl_was_lent();
	mutex_lock(&cpuset_mutex);
	for_each_cpuset(cs, &top_cpuset)
		if (xchg(&cs->strayed, false))
			cpuset_mark(cs);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();

	cpuset_settle_tree(&top_cpuset, &pass);
	if (lent) {
		cpus_read_lock();
		cpuset_dl_recount();
		cpus_read_unlock();
	}
	cpuset_pass_end(&pass, CS_WAIT_NOT);
}

static DECLARE_DELAYED_WORK(cpuset_later_work, cpuset_later_fn);

/**
 * cpuset_settle_later - have the tasks of all sets given what has changed
 *
 * Context: any but NMI.
 */
void cpuset_settle_later(void)
{
	mod_delayed_work(system_unbound_wq, &cpuset_later_work, 0);
}

/**
 * cpuset_settle_finish - wait for what cpuset_settle_later() has begun
 *
 * Context: process context, no locks held; may sleep.
 */
void cpuset_settle_finish(void)
{
	flush_delayed_work(&cpuset_later_work);
}

/**
 * cpuset_settle_cancel - have nothing done any more for cpuset_settle_later()
 *
 * Context: as cpuset_settle_finish(); nobody has sets.
 */
void cpuset_settle_cancel(void)
{
	cancel_delayed_work_sync(&cpuset_later_work);
}

/**
 * cpuset_stray - have a task's set fitted again when hotplug is over
 * @tsk: the task
 *
 * Hotplug may be on its way still when the work item looks, which is not to try all
 * the time.
 */
void cpuset_stray(struct task_struct *tsk)
{
	rcu_read_lock();
	WRITE_ONCE(task_cpuset(tsk)->strayed, true);
	rcu_read_unlock();
	queue_delayed_work(system_unbound_wq, &cpuset_later_work, HZ / 20);
}

/**
 * cpuset_settle_hotplug - give all tasks what has changed
 *
 * Context: CPU hotplug going on, or held off; cpuset_mutex not held; may sleep.
 */
void cpuset_settle_hotplug(void)
{
	CPUSET_PASS(pass, .hotplug = true);
	bool stale = false, root;
	struct cpuset *cs;
	u64 up_to;

	mutex_lock(&cpuset_mutex);
	up_to = cpuset_gen;
	root = top_cpuset.settled < top_cpuset.gen;
	for_each_cpuset(cs, &top_cpuset)
		stale |= cs->settled < cs->gen;
	mutex_unlock(&cpuset_mutex);
	if (!stale)
		return;

	atomic_inc(&cpuset_rebinding);
	/* The masks before the look. Pairs with the same in cpuset_fork(). */
	smp_mb();
	if (root)
		cpuset_fit_root(&pass);
	rc_for_all_tasks(cpuset_fit_next, &pass);
	atomic_dec(&cpuset_rebinding);
	cpuset_pass_end(&pass, CS_WAIT_NOT);

	mutex_lock(&cpuset_mutex);
	for_each_cpuset(cs, &top_cpuset)
		if (cs->gen <= up_to)
			cs->settled = cs->gen;
	mutex_unlock(&cpuset_mutex);
}

/*
 * Moves
 */

/* What is right stays so: only hotplug changes sets without rc_mutex. */
static int cpuset_may_enter(struct cpuset *cs, struct task_struct *tsk)
{
	lockdep_assert_held(&cpuset_mutex);
	if (cpumask_empty(cs->effective_cpus) ||
	    nodes_empty(cs->effective_mems))
		return rc_refuse(-ENOSPC, NULL, "the set has no %s",
				 cpumask_empty(cs->effective_cpus) ? "CPU" :
								     "memory node");
	return security_task_setscheduler(tsk);
}

int cpuset_can_attach(struct rc_state *to, struct rc_state *from,
		      struct task_struct *tsk)
{
	struct cpuset *cs = to_cpuset(to);
	int err;

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	err = cpuset_may_enter(cs, tsk) ?: cpuset_dl_reserve(cs, tsk);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	return err;
}

void cpuset_cancel_attach(struct rc_state *to, struct rc_state *from,
			  struct task_struct *tsk)
{
	cpuset_dl_cancel(tsk);
}

/* All else waits for cpuset_settle_task(), which can wait. */
void cpuset_attach(struct rc_state *to, struct rc_state *from,
		   struct task_struct *tsk)
{
	cpuset_dl_commit(tsk);
}

/**
 * cpuset_settle_task - give a task that has moved what its set has
 * @tsk: the task
 *
 * Its memory is waited for briefly: threads that move with it are not to be left
 * where they were by one that holds its mmap_lock.
 *
 * Context: process context, no lock of rc held.
 */
void cpuset_settle_task(struct task_struct *tsk)
{
	CPUSET_PASS(pass, .root_cpus = true);

	cpuset_fit(tsk, &pass);
	cpuset_pass_end(&pass, CS_WAIT_BRIEFLY);
}

/*
 * Fork
 */

/* A deadline task has no children that are one. */
int cpuset_can_start(struct rc_state *to, struct task_struct *child)
{
	int err;

	mutex_lock(&cpuset_mutex);
	err = cpuset_may_enter(to_cpuset(to), child);
	mutex_unlock(&cpuset_mutex);
	return err;
}

/*
 * Has a newborn of the root the CPUs of its parent, which is there as well, and has
 * not been moved, or given what it gets for a move, during the look? Both count as
 * births: the core's from before a move to its end, ours in cpuset_put_off().
 */
static bool cpuset_fork_alike(struct task_struct *child)
{
	u64 births = atomic64_read(&current->rc_births);
	bool ret;

	if (births & RC_BIRTHS_OPEN)
		return false;
	/* Pairs with the barriers in rc_births_begin() and rc_births_end(). */
	smp_rmb();
	ret = task_cpuset(current) == &top_cpuset &&
	      cpumask_equal(&child->cpus_mask, &current->cpus_mask);
	/* As above. */
	smp_rmb();
	return ret && atomic64_read(&current->rc_births) == births;
}

/*
 * Lockless: masks that change while they are read belong to somebody who has not
 * looked for tasks yet, and will find the child.
 */
static bool cpuset_fork_fits(const struct cpuset *cs, struct task_struct *child)
{
	if (!nodes_equal(child->mems_allowed, cs->effective_mems) ||
	    !cpuset_fits_spread(cs, child))
		return false;
	if (cs != &top_cpuset)
		return cpuset_fits_cpus(child, cs->effective_cpus);
	/* A task of the root may have any; its children have the same. */
	return (child->flags & PF_KTHREAD) || cpuset_fork_alike(child);
}

/*
 * The child has what its parent had when it was copied, as long as that is what the
 * set has. In the root, only those are told whose parent has been moved, or may
 * have been given something else, meanwhile.
 */
void cpuset_fork(struct task_struct *child)
{
	bool fits;

	/* Cgroup gives newborns what they are to have. */
	if (cpuset_is_cgroups())
		return;
	/* Visible before the look. Pairs with that in cpuset_fit_set(). */
	smp_mb();
	rcu_read_lock();
	fits = cpuset_fork_fits(task_cpuset(child), child);
	rcu_read_unlock();
	if (unlikely(!fits)) {
		CPUSET_PASS(pass, .root_cpus = !(child->flags & PF_KTHREAD));

		cpuset_fit(child, &pass);
		cpuset_pass_end(&pass, CS_WAIT_BRIEFLY);
	}
}
