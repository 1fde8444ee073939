// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of processes in cpusets: when a process is to have other nodes, the
 * policies of its memory areas are bound to those, and its pages move there if
 * the set has memory_migrate.
 *
 * That takes the process's mmap_lock, which its user can hold up for as long as he
 * likes in a page fault. So it is done with no lock of ours held by whoever has
 * given the process its nodes, and first for all processes whose lock is free. A
 * write to a file waits for the others, killably. A move and a fork do so for a
 * moment; what is left then, or when the writer is killed, the process does
 * itself before it returns to user mode. No kernel thread ever waits.
 *
 * Two that give a process different nodes one after the other may come here the
 * other way round. Each looks at the end what the process is to have by now, and
 * begins again if that is not what it has just been given.
 */

#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/workqueue.h>

#include "cpuset.h"

/* Tasks of all sets are about to be given nodes by hotplug. */
atomic_t cpuset_rebinding;

/* How often, a tick apart, a move looks whether a process's lock is free. */
#define CPUSET_MM_TRIES		5

/**
 * struct cpuset_mm - what is to be done to the memory of a process
 * @node: in a list of its maker's
 * @work: for the process itself
 * @cs: the set, with a cpuset_get(); counted in its @rebinding
 * @tsk: the task that was given other nodes, with a reference
 * @mm: its memory, with a reference, until it is left to the process
 * @from: nodes that pages can be on still
 * @to: nodes that it is to be on
 */
struct cpuset_mm {
	struct list_head node;
	struct callback_head work;
	struct cpuset *cs;
	struct task_struct *tsk;
	struct mm_struct *mm;
	nodemask_t from;
	nodemask_t to;
};

static void cpuset_mm_free(struct cpuset_mm *cm)
{
	atomic_dec(&cm->cs->rebinding);
	cpuset_put(cm->cs);
	if (cm->mm)
		mmput(cm->mm);
	put_task_struct(cm->tsk);
	kfree(cm);
}

/**
 * cpuset_mm_note - a task has been given other nodes; now for what it has mapped
 * @cs: its set, held by the caller
 * @tsk: the task, held likewise
 * @from: nodes that it had
 * @to: nodes that it has
 * @list: where what is to be done is noted, for cpuset_mm_run_all()
 *
 * Context: process context; may sleep, holding no lock. The caller keeps the
 * set's policies from being copied, see &cpuset.rebinding.
 */
void cpuset_mm_note(struct cpuset *cs, struct task_struct *tsk,
		    const nodemask_t *from, const nodemask_t *to,
		    struct list_head *list)
{
	struct mm_struct *mm = get_task_mm(tsk);
	struct cpuset_mm *cm;

	if (!mm)
		return;
	/* One a process, and there is no way back from here. */
	cm = kzalloc(sizeof(*cm), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	cm->cs = cpuset_get(cs);
	atomic_inc(&cs->rebinding);
	cm->tsk = get_task_struct(tsk);
	cm->mm = mm;
	cm->from = *from;
	cm->to = *to;
	list_add_tail(&cm->node, list);
}

/*
 * What the process is to have at this moment; one that is exiting, what it was to
 * have. Returns whether its pages are to move.
 */
static bool cpuset_mm_target(struct cpuset_mm *cm)
{
	bool migrate = cpuset_is(cm->cs, CS_MEMORY_MIGRATE);
	struct cpuset *cs;

	if (READ_ONCE(cm->tsk->flags) & PF_EXITING)
		return migrate;
	rcu_read_lock();
	cs = task_cpuset(cm->tsk);
	spin_lock_irq(&cpuset_masks_lock);
	if (!nodes_empty(cs->effective_mems)) {
		cm->to = cs->effective_mems;
		migrate = cpuset_is(cs, CS_MEMORY_MIGRATE);
	}
	spin_unlock_irq(&cpuset_masks_lock);
	rcu_read_unlock();
	return migrate;
}

static int cpuset_mm_migrate(struct cpuset_mm *cm, struct mm_struct *mm,
			     bool wait)
{
	const int flags = MPOL_MF_MOVE_ALL | (wait ? 0 : MPOL_MF_TRYLOCK);
	nodemask_t from;
	int err = 0;

	/* Where no page can be need not be searched for pages. */
	nodes_and(from, cm->from, node_states[N_MEMORY]);
	if (!nodes_equal(from, cm->to))
		err = do_migrate_pages(mm, &from, &cm->to, flags);
	if (err == -EINTR || (err == -EAGAIN && !wait))
		return err;
	cm->from = cm->to;
	return 0;
}

/* Returns 0, -EAGAIN if it would have to wait, or -EINTR if it was killed. */
static int cpuset_mm_run(struct cpuset_mm *cm, struct mm_struct *mm, bool wait)
{
	bool migrate = cpuset_mm_target(cm);
	nodemask_t to;
	int err;

	do {
		to = cm->to;
		err = mpol_rebind_mm_killable(mm, &to, !wait);
		if (!err && migrate)
			err = cpuset_mm_migrate(cm, mm, wait);
		if (err)
			return err;
		migrate = cpuset_mm_target(cm);
	} while (!nodes_equal(to, cm->to));
	return 0;
}

/* The process itself, on its way to user mode. */
static void cpuset_mm_self(struct callback_head *work)
{
	struct cpuset_mm *cm = container_of(work, struct cpuset_mm, work);

	/* None: it is exiting, and so are its pages. */
	cm->mm = get_task_mm(current);
	if (cm->mm)
		cpuset_mm_run(cm, cm->mm, true);
	cpuset_mm_free(cm);
}

static void cpuset_mm_leave(struct cpuset_mm *cm)
{
	struct task_struct *leader = cm->tsk, *thread;
	bool left = false;

	mmput_async(cm->mm);
	cm->mm = NULL;
	init_task_work(&cm->work, cpuset_mm_self);
	if (!task_work_add(leader, &cm->work, TWA_RESUME))
		return;
	/* That thread is exiting; others need not. */
	rcu_read_lock();
	for_each_thread(leader, thread) {
		left = !task_work_add(thread, &cm->work, TWA_RESUME);
		if (left)
			break;
	}
	rcu_read_unlock();
	if (!left)
		cpuset_mm_free(cm);
}

/* Returns true if nothing is left. */
static bool cpuset_mm_try_all(struct list_head *list)
{
	struct cpuset_mm *cm, *next;

	list_for_each_entry_safe(cm, next, list, node) {
		if (cpuset_mm_run(cm, cm->mm, false))
			continue;
		list_del(&cm->node);
		cpuset_mm_free(cm);
	}
	return list_empty(list);
}

/**
 * cpuset_mm_run_all - do what has been noted
 * @list: from cpuset_mm_note(); is empty afterwards
 * @wait: how long to wait for processes that hold their lock
 *
 * Context: process context; may sleep, holding no lock.
 */
void cpuset_mm_run_all(struct list_head *list, enum cpuset_wait wait)
{
	struct cpuset_mm *cm, *next;
	unsigned int i;

	if (cpuset_mm_try_all(list))
		return;
	for (i = 0; wait == CS_WAIT_BRIEFLY && i < CPUSET_MM_TRIES; i++) {
		if (schedule_timeout_killable(1) && fatal_signal_pending(current))
			break;
		if (cpuset_mm_try_all(list))
			return;
	}
	list_for_each_entry_safe(cm, next, list, node) {
		list_del(&cm->node);
		if (wait == CS_WAIT && !fatal_signal_pending(current) &&
		    !cpuset_mm_run(cm, cm->mm, true))
			cpuset_mm_free(cm);
		else
			cpuset_mm_leave(cm);
	}
}

/*
 * Hotplug cannot have its CPUs or memory looked at by itself: one work item tries,
 * and leaves to the processes what it would have to wait for.
 */
static LIST_HEAD(cpuset_mm_later);
static DEFINE_SPINLOCK(cpuset_mm_later_lock);

static void cpuset_mm_workfn(struct work_struct *work)
{
	LIST_HEAD(list);

	spin_lock(&cpuset_mm_later_lock);
	list_splice_init(&cpuset_mm_later, &list);
	spin_unlock(&cpuset_mm_later_lock);
	cpuset_mm_run_all(&list, CS_WAIT_NOT);
}

static DECLARE_WORK(cpuset_mm_work, cpuset_mm_workfn);

/**
 * cpuset_mm_defer - have done what has been noted
 * @list: from cpuset_mm_note(); is empty afterwards
 *
 * Context: process context.
 */
void cpuset_mm_defer(struct list_head *list)
{
	if (list_empty(list))
		return;
	spin_lock(&cpuset_mm_later_lock);
	list_splice_tail_init(list, &cpuset_mm_later);
	spin_unlock(&cpuset_mm_later_lock);
	queue_work(system_unbound_wq, &cpuset_mm_work);
}
