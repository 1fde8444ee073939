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
#include <linux/sched/deadline.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cpuset.h"

/* How often a set may change while one task is fitted, before that is put off. */
#define CPUSET_FIT_TRIES	100

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
 * CPUs of a task
 */

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

/*
 * Hotplug's lock, which can be held for long, is taken where bandwidth is concerned
 * only.
 */
static int cpuset_set_cpus(struct task_struct *tsk, const struct cpumask *cpus,
			   bool hotplug, bool concerned)
{
	int err = 0;

	/* Narrower, if the task has asked for that and if it fits. */
	if (!concerned)
		err = set_cpus_allowed_ptr(tsk, cpus);
	if (likely(!concerned && !cpuset_dl_accounted(tsk)))
		return err;
	if (!hotplug)
		cpus_read_lock();
	if (concerned)
		err = cpuset_dl_set_cpus(tsk, cpus);
	else
		cpuset_dl_recount();
	if (!hotplug)
		cpus_read_unlock();
	return err;
}

/*
 * A task that has come to the root, and had asked for CPUs that are all offline: it
 * has the others, and still has asked for those.
 */
static void cpuset_set_others(struct task_struct *tsk, struct cpumask *cpus)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&tsk->pi_lock, flags);
	if (tsk->user_cpus_ptr)
		cpumask_andnot(cpus, cpus, tsk->user_cpus_ptr);
	raw_spin_unlock_irqrestore(&tsk->pi_lock, flags);
	set_cpus_allowed_ptr(tsk, cpus);
}

/* Has its set fitted again when hotplug is over. */
static void cpuset_stray(struct task_struct *tsk)
{
	rcu_read_lock();
	WRITE_ONCE(task_cpuset(tsk)->strayed, true);
	rcu_read_unlock();
	cpuset_settle_later();
}

static void cpuset_put_off(struct task_struct *tsk, bool root_cpus);

static void cpuset_fit_cpus(struct task_struct *tsk, struct cpuset_pass *pass)
{
	bool below, concerned, fits, held;
	unsigned int tries = 0;
	cpumask_var_t cpus;

	/* Small where it is allocated at all, and there is no way back from here. */
	alloc_cpumask_var(&cpus, GFP_KERNEL | __GFP_NOFAIL);
	while ((below = cpuset_task_cpus(tsk, cpus)) || pass->root_cpus) {
		concerned = cpuset_dl_concerned(tsk);
		fits = cpuset_fits_cpus(tsk, cpus);
		if (fits && !concerned)
			break;
		/* Who waits for it waits for who keeps it from running, too. */
		held = tsk != current && READ_ONCE(tsk->migration_disabled);
		if (!fits && (held || tries++ == CPUSET_FIT_TRIES)) {
			cpuset_put_off(tsk, pass->root_cpus);
			break;
		}
		if (cpuset_set_cpus(tsk, cpus, pass->hotplug, concerned)) {
			/* They have gone. Hotplug, if it is not us, comes. */
			if (!below)
				cpuset_set_others(tsk, cpus);
			else if (!pass->hotplug)
				cpuset_stray(tsk);
			break;
		}
		if (fits)
			break;
	}
	free_cpumask_var(cpus);
}

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

/* The task's set, for cpuset_put(), and its nodes. */
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
	while (cs = task_cpuset(tsk), !cpuset_fits_spread(cs, tsk)) {
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
		cpuset_fit_cpus(tsk, pass);
}

/* Nothing but current can be waiting now, for its turn on one of its CPUs. */
static void cpuset_pass_end(struct cpuset_pass *pass, enum cpuset_wait wait)
{
	if (pass->hotplug)
		cpuset_mm_defer(&pass->mms);
	else
		cpuset_mm_run_all(&pass->mms, wait);
	if (pass->self)
		cpuset_fit_cpus(current, pass);
}

/*
 * Tasks that are not to be migrated at the moment. They can be kept from running,
 * and so from going on, by others; one work item looks after all of them.
 */

/**
 * struct cpuset_waiting - a task that could not be given CPUs
 * @node: in cpuset_waiting
 * @tsk: the task, with a reference
 * @root_cpus: as of &struct cpuset_pass
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

static bool cpuset_waits(const struct task_struct *tsk)
{
	struct cpuset_waiting *cw;

	list_for_each_entry(cw, &cpuset_waiting, node)
		if (cw->tsk == tsk)
			return true;
	return false;
}

static void cpuset_put_off(struct task_struct *tsk, bool root_cpus)
{
	struct cpuset_waiting *cw;

	cw = kmalloc(sizeof(*cw), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	cw->tsk = tsk;
	cw->root_cpus = root_cpus;
	spin_lock(&cpuset_waiting_lock);
	if (!cpuset_waits(tsk)) {
		get_task_struct(tsk);
		list_add_tail(&cw->node, &cpuset_waiting);
		cw = NULL;
	}
	spin_unlock(&cpuset_waiting_lock);
	kfree(cw);
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
		CPUSET_PASS(pass, .root_cpus = cw->root_cpus);

		/* Goes back to the list if need be. */
		if (!(READ_ONCE(cw->tsk->flags) & PF_EXITING))
			cpuset_fit_cpus(cw->tsk, &pass);
		put_task_struct(cw->tsk);
		kfree(cw);
	}
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
	rc_for_each_task(&cpuset_subsys, &top_cpuset.st, cpuset_fit_next, pass);
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
		rc_for_each_task(&cpuset_subsys, &cs->st, cpuset_fit_next, pass);
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

	/* Hotplug is over, one way or the other. */
	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	for_each_cpuset(cs, &top_cpuset)
		if (xchg(&cs->strayed, false))
			cpuset_mark(cs);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();

	cpuset_settle_tree(&top_cpuset, &pass);
	cpuset_pass_end(&pass, CS_WAIT_NOT);
}

static DECLARE_WORK(cpuset_later_work, cpuset_later_fn);

/**
 * cpuset_settle_later - have the tasks of all sets given what has changed
 *
 * Context: any but NMI.
 */
void cpuset_settle_later(void)
{
	queue_work(system_unbound_wq, &cpuset_later_work);
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

/*
 * Tasks that have been let in and not been fitted yet, and those that have. While
 * either changes, a newborn of the root cannot go by what its parent has.
 */
static atomic_t cpuset_moves;
static atomic_t cpuset_moves_done;

int cpuset_can_attach(struct rc_state *to, struct rc_state *from,
		      struct task_struct *tsk)
{
	struct cpuset *cs = to_cpuset(to);
	int err;

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	/* It stays so: only hotplug changes sets without rc_mutex. */
	if (cpumask_empty(cs->effective_cpus) ||
	    nodes_empty(cs->effective_mems))
		err = -ENOSPC;
	else
		err = security_task_setscheduler(tsk) ?:
		      cpuset_dl_reserve(cs, tsk);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	if (!err) {
		atomic_inc(&cpuset_moves);
		/* Before the task moves; pairs as in cpuset_settle_task(). */
		smp_mb__after_atomic();
	}
	return err;
}

void cpuset_cancel_attach(struct rc_state *to, struct rc_state *from,
			  struct task_struct *tsk)
{
	cpuset_dl_cancel(tsk);
	atomic_dec(&cpuset_moves);
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
	/* What it has now comes first. Pairs with cpuset_fork_alike(). */
	smp_mb__before_atomic();
	atomic_inc(&cpuset_moves_done);
	smp_mb__after_atomic();
	atomic_dec(&cpuset_moves);
}

/*
 * Fork
 */

/*
 * Has a newborn of the root the CPUs of its parent, which is there as well, and has
 * not been elsewhere during the look?
 */
static bool cpuset_fork_alike(struct task_struct *child)
{
	int done = atomic_read(&cpuset_moves_done);
	bool ret;

	/* All pair with the barriers in cpuset_settle_task(). */
	smp_rmb();
	if (atomic_read(&cpuset_moves))
		return false;
	smp_rmb();
	ret = task_cpuset(current) == &top_cpuset &&
	      cpumask_equal(&child->cpus_mask, &current->cpus_mask);
	smp_rmb();
	return ret && !atomic_read(&cpuset_moves) &&
	       atomic_read(&cpuset_moves_done) == done;
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
