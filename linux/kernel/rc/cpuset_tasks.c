// SPDX-License-Identifier: GPL-2.0
/*
 * The tasks of cpusets: how they get the CPUs and memory nodes of their set,
 * when they enter it, when it changes, when they are born in it, and how they
 * leave a set that has lost all of them.
 *
 * Who changes a set writes its masks first and looks for its tasks then, all
 * under cpuset_mutex. None is left with the old ones:
 *
 *   - A task that is being moved in is told by cpuset_attach(), under the mutex
 *     too: before, and the look finds it in the set, or after, and it gets the
 *     new masks.
 *   - A newborn has its parent's. If it became visible too late to be found,
 *     cpuset_fork() sees that they are not those of the set any more.
 *
 * What has to be done to a process's memory areas and pages takes their lock,
 * which a user can hold up for long in a page fault, so it is done by work items,
 * in the order in which they were asked for. A write or a move waits for them
 * when it has released rc_mutex, see cpuset_settle().
 */

#include <linux/cpu.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/sched/deadline.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "cpuset.h"

/*
 * Memory areas and pages
 */

/**
 * struct cpuset_mm_work - what is to be done to the memory of a process
 * @work: in cpuset_mm_wq
 * @cs: the set, with a reference
 * @mm: the memory, with a reference
 * @from: nodes that it was to be on
 * @to: nodes that it is to be on
 * @migrate: move the pages
 */
struct cpuset_mm_work {
	struct work_struct work;
	struct cpuset *cs;
	struct mm_struct *mm;
	nodemask_t from;
	nodemask_t to;
	bool migrate;
};

static struct workqueue_struct *cpuset_mm_wq;
static atomic_t cpuset_mm_pending;

static void cpuset_mm_workfn(struct work_struct *work)
{
	struct cpuset_mm_work *mw = container_of(work, struct cpuset_mm_work,
						 work);

	mpol_rebind_mm(mw->mm, &mw->to);
	/* From here on who forks copies policies that are right. */
	atomic_dec(&mw->cs->rebinding);
	if (mw->migrate)
		do_migrate_pages(mw->mm, &mw->from, &mw->to, MPOL_MF_MOVE_ALL);
	mmput(mw->mm);
	rc_state_put(&mw->cs->st);
	kfree(mw);
	atomic_dec(&cpuset_mm_pending);
}

/* The set's tasks have their new nodes; now for what @tsk has mapped. */
static void cpuset_queue_mm(struct cpuset *cs, struct task_struct *tsk,
			    const nodemask_t *from, const nodemask_t *to)
{
	struct mm_struct *mm = get_task_mm(tsk);
	struct cpuset_mm_work *mw;

	if (!mm)
		return;
	/* Small, and there is no way back from here. */
	mw = kmalloc(sizeof(*mw), GFP_KERNEL | __GFP_NOFAIL);
	INIT_WORK(&mw->work, cpuset_mm_workfn);
	mw->cs = cs;
	mw->mm = mm;
	mw->to = *to;
	/* Where no page can be need not be searched for pages. */
	nodes_and(mw->from, *from, node_states[N_MEMORY]);
	mw->migrate = cpuset_is(cs, CS_MEMORY_MIGRATE) &&
		      !nodes_equal(mw->from, *to);
	rc_state_get(&cs->st);
	atomic_inc(&cs->rebinding);
	atomic_inc(&cpuset_mm_pending);
	queue_work(cpuset_mm_wq, &mw->work);
}

/**
 * cpuset_settle - wait until pages have moved
 *
 * Context: process context, no lock of rc held.
 */
void cpuset_settle_task(struct task_struct *tsk)
{
	cpuset_settle(NULL);
}

void cpuset_settle(struct rc_state *st)
{
	if (atomic_read(&cpuset_mm_pending))
		flush_workqueue(cpuset_mm_wq);
}

/*
 * One task
 */

/*
 * The CPUs for a task of a set. A task of the top is not touched when a CPU goes
 * or comes, so it may have those that are offline.
 */
static void cpuset_task_cpus(struct cpuset *cs, struct task_struct *tsk,
			     struct cpumask *cpus)
{
	cpumask_copy(cpus, task_cpu_possible_mask(tsk));
	if (cs == &top_cpuset)
		return;
	/* On machines whose CPUs differ, a set may have none that will do. */
	while (!cpumask_intersects(cpus, cs->effective_cpus))
		cs = cpuset_parent(cs);
	cpumask_and(cpus, cpus, cs->effective_cpus);
}

static void cpuset_set_cpus(struct cpuset *cs, struct task_struct *tsk)
{
	/* Too large for the stack; cpuset_mutex protects it. */
	static cpumask_t cpus;

	cpuset_task_cpus(cs, tsk, &cpus);
	/* Narrower, if the task has asked for that and if it fits. */
	WARN_ON_ONCE(set_cpus_allowed_ptr(tsk, &cpus));
}

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

static void cpuset_set_spread(struct cpuset *cs, struct task_struct *tsk)
{
	if (cpuset_is(cs, CS_SPREAD_PAGE))
		task_set_spread_page(tsk);
	else
		task_clear_spread_page(tsk);
	if (cpuset_is(cs, CS_SPREAD_SLAB))
		task_set_spread_slab(tsk);
	else
		task_clear_spread_slab(tsk);
}

/* The leader stands for its process, or each thread when that has gone. */
static bool cpuset_stands_for_mm(struct task_struct *tsk)
{
	bool ret;

	rcu_read_lock();
	ret = thread_group_leader(tsk) ||
	      READ_ONCE(READ_ONCE(tsk->group_leader)->exit_state);
	rcu_read_unlock();
	return ret;
}

/* Gives a task what its set has. */
static void cpuset_apply(struct cpuset *cs, struct task_struct *tsk,
			 unsigned int what)
{
	lockdep_assert_cpus_held();
	lockdep_assert_held(&cpuset_mutex);
	if (what & CS_STALE_CPUS)
		cpuset_set_cpus(cs, tsk);
	if (what & CS_STALE_MEMS) {
		nodemask_t old;

		/* Who forks with the new nodes must not copy old policies. */
		atomic_inc(&cs->rebinding);
		old = cpuset_set_mems(tsk, &cs->effective_mems);
		if (cpuset_stands_for_mm(tsk))
			cpuset_queue_mm(cs, tsk, &old, &cs->effective_mems);
		atomic_dec(&cs->rebinding);
	}
	if (what & CS_STALE_SPREAD)
		cpuset_set_spread(cs, tsk);
}

/* What a task has, but for CPUs, that is not what its set has. */
static unsigned int cpuset_misfit(const struct cpuset *cs,
				  struct task_struct *tsk)
{
	unsigned int what = 0;

	if (!nodes_equal(tsk->mems_allowed, cs->effective_mems))
		what |= CS_STALE_MEMS;
	if (task_spread_page(tsk) != cpuset_is(cs, CS_SPREAD_PAGE) ||
	    task_spread_slab(tsk) != cpuset_is(cs, CS_SPREAD_SLAB))
		what |= CS_STALE_SPREAD;
	return what;
}

/*
 * All tasks of the sets that have changed
 */

/**
 * struct cpuset_tasks - tasks with a reference
 * @nr: how many
 * @max: room in @tsk, from kvmalloc()
 * @tsk: the tasks
 */
struct cpuset_tasks {
	size_t nr;
	size_t max;
	struct task_struct **tsk;
};

static void cpuset_tasks_free(struct cpuset_tasks *tasks)
{
	size_t i;

	for (i = 0; i < min(tasks->nr, tasks->max); i++)
		put_task_struct(tasks->tsk[i]);
	kvfree(tasks->tsk);
}

/*
 * Collects those whose set is stale. A look at all threads: the lists of groups
 * are not to be walked by hotplug, which cannot have rc_mutex.
 */
static void cpuset_tasks_collect(struct cpuset_tasks *tasks)
{
	struct task_struct *process, *tsk;

	tasks->max = 64;
	for (;;) {
		tasks->nr = 0;
		/* Hotplug cannot fail, and masks have changed already. */
		tasks->tsk = kvmalloc_array(tasks->max, sizeof(*tasks->tsk),
					    GFP_KERNEL | __GFP_NOFAIL);
		rcu_read_lock();
		for_each_process_thread(process, tsk) {
			if (!READ_ONCE(task_cpuset(tsk)->stale))
				continue;
			if (tasks->nr < tasks->max)
				tasks->tsk[tasks->nr] = get_task_struct(tsk);
			tasks->nr++;
		}
		rcu_read_unlock();
		if (tasks->nr <= tasks->max)
			return;
		cpuset_tasks_free(tasks);
		/* Some room for those who are born meanwhile. */
		tasks->max = tasks->nr + tasks->nr / 8;
	}
}

/*
 * While threads of a process get new nodes one after the other, none of them
 * forks a copy of policies that are still to be rebound.
 */
static void cpuset_rebinding(int add)
{
	struct cpuset *cs;

	for_each_cpuset(cs, &top_cpuset)
		if (cs->stale & CS_STALE_MEMS)
			atomic_add(add, &cs->rebinding);
}

/**
 * cpuset_update_tasks - pass on what has changed in sets to their tasks
 *
 * Context: cpuset_mutex and cpus_read_lock() held, after cpuset_refresh(); may
 * sleep.
 */
void cpuset_update_tasks(void)
{
	struct cpuset_tasks tasks;
	struct cpuset *cs;
	bool stale = false;
	size_t i;

	lockdep_assert_held(&cpuset_mutex);
	for_each_cpuset(cs, &top_cpuset)
		stale |= cs->stale;
	if (!stale)
		return;

	cpuset_rebinding(1);
	/* The masks before the look. Pairs with the same in cpuset_fork(). */
	smp_mb();
	cpuset_tasks_collect(&tasks);
	for (i = 0; i < tasks.nr; i++) {
		/* Its set is freed under the mutex, after a grace period. */
		rcu_read_lock();
		cs = task_cpuset(tasks.tsk[i]);
		rcu_read_unlock();
		cpuset_apply(cs, tasks.tsk[i], cs->stale);
	}
	cpuset_tasks_free(&tasks);
	cpuset_rebinding(-1);

	for_each_cpuset(cs, &top_cpuset)
		WRITE_ONCE(cs->stale, 0);
}

/*
 * Moves
 */

/**
 * struct cpuset_dl_move - bandwidth of a deadline task that is being moved
 * @node: in cpuset_dl_moves
 * @tsk: the task, valid while it is on its way
 * @cpu: a CPU of the root domain in which it was reserved
 * @bw: the bandwidth
 */
struct cpuset_dl_move {
	struct list_head node;
	struct task_struct *tsk;
	int cpu;
	u64 bw;
};

/* Protected by rc_mutex, under which tasks move. */
static LIST_HEAD(cpuset_dl_moves);

/* In another root domain; its own accounts for the task already. */
static int cpuset_dl_reserve(struct cpuset *cs, struct task_struct *tsk)
{
	struct cpuset_dl_move *move;
	int err;

	if (!dl_task(tsk) ||
	    cpuset_same_domain(task_cpu(tsk), cs->effective_cpus))
		return 0;
	move = kmalloc(sizeof(*move), GFP_KERNEL);
	if (!move)
		return -ENOMEM;
	move->tsk = tsk;
	move->cpu = cpumask_any(cs->effective_cpus);
	move->bw = tsk->dl.dl_bw;
	err = dl_bw_alloc(move->cpu, move->bw);
	if (err) {
		kfree(move);
		return err;
	}
	list_add(&move->node, &cpuset_dl_moves);
	return 0;
}

static void cpuset_dl_release(struct task_struct *tsk, bool moved)
{
	struct cpuset_dl_move *move;

	list_for_each_entry(move, &cpuset_dl_moves, node) {
		if (move->tsk != tsk)
			continue;
		/* With the task, the scheduler takes away what it left. */
		if (!moved)
			dl_bw_free(move->cpu, move->bw);
		list_del(&move->node);
		kfree(move);
		return;
	}
}

/* Hotplug's own moves are not the user's, who need not have a say in them. */
static int cpuset_may_move(struct task_struct *tsk)
{
	if (current->flags & PF_KTHREAD)
		return 0;
	return security_task_setscheduler(tsk);
}

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
		err = cpuset_may_move(tsk) ?: cpuset_dl_reserve(cs, tsk);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	return err;
}

void cpuset_cancel_attach(struct rc_state *to, struct rc_state *from,
			  struct task_struct *tsk)
{
	cpuset_dl_release(tsk, false);
}

void cpuset_attach(struct rc_state *to, struct rc_state *from,
		   struct task_struct *tsk)
{
	struct cpuset *cs = to_cpuset(to);

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	cpuset_apply(cs, tsk, CS_STALE_CPUS | cpuset_misfit(cs, tsk));
	cpuset_dl_release(tsk, true);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
}

/*
 * Fork
 */

/* Has the task the CPUs of its set, or those of them that it has asked for? */
static bool cpuset_fits_cpus(const struct cpuset *cs, struct task_struct *tsk)
{
	const struct cpumask *cpus = &tsk->cpus_mask, *user;
	unsigned long flags;
	bool ret;

	/* Somebody else may be setting its affinity already. */
	raw_spin_lock_irqsave(&tsk->pi_lock, flags);
	user = tsk->user_cpus_ptr;
	if (!user || !cpumask_intersects(user, cs->effective_cpus))
		ret = cpumask_equal(cpus, cs->effective_cpus);
	else
		ret = cpumask_subset(cpus, cs->effective_cpus) &&
		      cpumask_subset(cpus, user) &&
		      cpumask_weight(cpus) ==
		      cpumask_weight_and(user, cs->effective_cpus);
	raw_spin_unlock_irqrestore(&tsk->pi_lock, flags);
	return ret;
}

/*
 * The child has what its parent had when it was copied. Lockless, as long as that
 * is what the set has: masks that change while they are read belong to somebody
 * who has not looked for tasks yet, and will find the child.
 */
void cpuset_fork(struct task_struct *child)
{
	struct cpuset *cs;
	bool fits;

	/* Visible before the look. Pairs with that in cpuset_update_tasks(). */
	smp_mb();
	rcu_read_lock();
	cs = task_cpuset(child);
	fits = cs == &top_cpuset ||
	       (!cpuset_misfit(cs, child) && cpuset_fits_cpus(cs, child));
	rcu_read_unlock();
	if (likely(fits))
		return;

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	rcu_read_lock();
	cs = task_cpuset(child);
	rcu_read_unlock();
	cpuset_apply(cs, child, CS_STALE_CPUS | cpuset_misfit(cs, child));
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
}

/*
 * Sets that have lost their CPUs or nodes
 */

static void cpuset_evacuate(struct work_struct *work)
{
	struct cpuset *cs = container_of(work, struct cpuset, evacuate);
	struct cpuset *to;
	int err = 0;

	mutex_lock(&cpuset_mutex);
	for (to = cs; cpuset_lost(to); to = cpuset_parent(to))
		;
	mutex_unlock(&cpuset_mutex);
	if (to != cs)
		err = 0;
	if (err)
		pr_err("rc: cannot move tasks out of a cpuset without CPUs or memory: %pe\n",
		       ERR_PTR(err));
	rc_state_put(&cs->st);
}

/**
 * cpuset_queue_evacuation - have the tasks of a set moved away
 * @cs: the set, which has lost its CPUs or nodes
 *
 * They are given what the nearest ancestor has already, and are to be its tasks.
 *
 * Context: cpuset_mutex held.
 */
void cpuset_queue_evacuation(struct cpuset *cs)
{
	lockdep_assert_held(&cpuset_mutex);
	if (!rc_state_has_tasks(&cs->st))
		return;
	rc_state_get(&cs->st);
	if (!queue_work(system_unbound_wq, &cs->evacuate))
		rc_state_put(&cs->st);
}

/**
 * cpuset_tasks_init - prepare a new set
 * @cs: the set
 */
void cpuset_tasks_init(struct cpuset *cs)
{
	INIT_WORK(&cs->evacuate, cpuset_evacuate);
}

/**
 * cpuset_init_wq - make what works on memory
 *
 * Context: boot.
 */
void __init cpuset_init_wq(void)
{
	cpuset_mm_wq = alloc_ordered_workqueue("rc_cpuset_mm", 0);
	if (!cpuset_mm_wq)
		panic("rc: no memory for the workqueue of cpusets\n");
}
