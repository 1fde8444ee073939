// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of processes in cpusets: when a process is to have other nodes, the
 * policies of its memory areas are bound to those, and its pages move there if
 * the set has memory_migrate.
 *
 * That takes the process's mmap_lock, the locks of its VMAs and of its pages. Its
 * user can hold up each of them for as long as he likes in a page fault. So nobody
 * sleeps in one, nor while he keeps the memory from ending with its process: who
 * has given a process its nodes tries, with no lock of ours held, and again after a
 * pause. A write to a file does so until all is done or the writer is killed, a
 * move and a fork for a moment. One work item goes on with what is left.
 *
 * Two that give a process different nodes one after the other may come here the
 * other way round. Each looks at the end what the process is to have by now, and
 * tries again if that is not what it has just been given.
 */

#include <linux/hashtable.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cpuset.h"

/* Tasks of all sets are about to be given nodes by hotplug. */
atomic_t cpuset_rebinding;

/* How often, a tick apart, a move tries again. */
#define CPUSET_MM_TRIES		5

/* How often pages that cannot be moved at the moment are tried, by anybody. */
#define CPUSET_MM_MOVES		8

/* Longest pause of a writer; shortest and longest one of the work item. */
#define CPUSET_MM_PAUSE		(HZ / 10)
#define CPUSET_MM_LATER_MIN	(HZ / 20)
#define CPUSET_MM_LATER_MAX	HZ

/**
 * struct cpuset_mm - what is to be done to the memory of a process
 * @node: in a list of its maker's, or in cpuset_mm_left
 * @hash: in cpuset_mm_hash while in cpuset_mm_left
 * @cs: the set, with a cpuset_get(); counted in its @rebinding
 * @tsk: the task that was given other nodes, with a reference
 * @mm: its memory, with an mmgrab(), which does not keep what is mapped
 * @from: nodes that pages can be on still
 * @to: nodes that it is to be on
 * @moves: how often some of its pages could not be moved
 */
struct cpuset_mm {
	struct list_head node;
	struct hlist_node hash;
	struct cpuset *cs;
	struct task_struct *tsk;
	struct mm_struct *mm;
	nodemask_t from;
	nodemask_t to;
	unsigned int moves;
};

/*
 * What was left by those who could not go on trying: one record a process, so that
 * nobody can have more of them than processes. Both under the lock.
 */
static LIST_HEAD(cpuset_mm_left);
static DEFINE_HASHTABLE(cpuset_mm_hash, 10);
static DEFINE_SPINLOCK(cpuset_mm_lock);

static void cpuset_mm_workfn(struct work_struct *work);
static DECLARE_DELAYED_WORK(cpuset_mm_work, cpuset_mm_workfn);

static void cpuset_mm_set_task(struct cpuset_mm *cm, struct cpuset *cs,
			       struct task_struct *tsk)
{
	cm->cs = cpuset_get(cs);
	atomic_inc(&cs->rebinding);
	cm->tsk = get_task_struct(tsk);
}

static void cpuset_mm_put_task(struct cpuset_mm *cm)
{
	atomic_dec(&cm->cs->rebinding);
	cpuset_put(cm->cs);
	put_task_struct(cm->tsk);
}

static void cpuset_mm_free(struct cpuset_mm *cm)
{
	cpuset_mm_put_task(cm);
	mmdrop(cm->mm);
	kfree(cm);
}

static struct mm_struct *cpuset_mm_grab(struct task_struct *tsk)
{
	struct mm_struct *mm = NULL;

	task_lock(tsk);
	if (!(tsk->flags & PF_KTHREAD))
		mm = tsk->mm;
	if (mm)
		mmgrab(mm);
	task_unlock(tsk);
	return mm;
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
	struct mm_struct *mm = cpuset_mm_grab(tsk);
	struct cpuset_mm *cm;

	if (!mm)
		return;
	/* Without their leader, all threads of a process come, in a row. */
	cm = list_empty(list) ? NULL :
				list_last_entry(list, struct cpuset_mm, node);
	if (cm && cm->mm == mm) {
		mmdrop(mm);
		cpuset_mm_put_task(cm);
	} else {
		/* There is no way back from here. */
		cm = kzalloc(sizeof(*cm), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
		cm->mm = mm;
		list_add_tail(&cm->node, list);
	}
	cpuset_mm_set_task(cm, cs, tsk);
	nodes_or(cm->from, cm->from, *from);
	cm->to = *to;
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
	/* It can have got the controller back meanwhile. */
	if (cpuset_is_cgroups()) {
		cm->to = cpuset_mems_allowed(cm->tsk);
		migrate = false;
	}
	return migrate;
}

static int cpuset_mm_migrate(struct cpuset_mm *cm)
{
	nodemask_t from;
	int err = 0;

	/* Where no page can be need not be searched for pages. */
	nodes_and(from, cm->from, node_states[N_MEMORY]);
	if (!nodes_equal(from, cm->to))
		err = do_migrate_pages(cm->mm, &from, &cm->to,
				       MPOL_MF_MOVE_ALL | MPOL_MF_TRYLOCK);
	if (err == -EAGAIN)
		return err;
	/* Locked, being written, or pinned for good: not for ever. */
	if ((err > 0 || err == -ENOMEM) && ++cm->moves < CPUSET_MM_MOVES)
		return -EAGAIN;
	cm->from = cm->to;
	return 0;
}

/*
 * Waits for nothing that a user can hold up. Returns 0, or -EAGAIN if something is
 * left to do.
 */
static int cpuset_mm_try(struct cpuset_mm *cm)
{
	nodemask_t to;
	bool migrate;
	int err;

	/* Otherwise it has ended. */
	if (!mmget_not_zero(cm->mm))
		return 0;
	migrate = cpuset_mm_target(cm);
	to = cm->to;
	err = mpol_try_rebind_mm(cm->mm, &to);
	if (!err && migrate)
		err = cpuset_mm_migrate(cm);
	cpuset_mm_target(cm);
	/* If it is the last, what ends with it can be its user's to end. */
	mmput_async(cm->mm);
	return err ?: nodes_equal(to, cm->to) ? 0 : -EAGAIN;
}

/* Returns true if nothing is left. */
static bool cpuset_mm_try_all(struct list_head *list)
{
	struct cpuset_mm *cm, *next;

	list_for_each_entry_safe(cm, next, list, node) {
		if (fatal_signal_pending(current))
			break;
		if (!cpuset_mm_try(cm)) {
			list_del(&cm->node);
			cpuset_mm_free(cm);
		}
		cond_resched();
	}
	return list_empty(list);
}

/*
 * Leaves it to the work item, together with what has been left of the same process
 * before, or, unless it is @newest, since.
 */
static void cpuset_mm_leave(struct cpuset_mm *cm, bool newest)
{
	struct cpuset_mm *other;

	spin_lock(&cpuset_mm_lock);
	hash_for_each_possible(cpuset_mm_hash, other, hash,
			       (unsigned long)cm->mm)
		if (other->mm == cm->mm)
			break;
	if (other) {
		hash_del(&other->hash);
		list_del(&other->node);
		if (!newest)
			swap(cm, other);
		nodes_or(cm->from, cm->from, other->from);
	}
	hash_add(cpuset_mm_hash, &cm->hash, (unsigned long)cm->mm);
	list_add_tail(&cm->node, &cpuset_mm_left);
	spin_unlock(&cpuset_mm_lock);
	if (other)
		cpuset_mm_free(other);
}

/**
 * cpuset_mm_run_all - do what has been noted
 * @list: from cpuset_mm_note(); is empty afterwards
 * @wait: how long to wait for processes that hold their locks
 *
 * Context: process context; may sleep, holding no lock.
 */
void cpuset_mm_run_all(struct list_head *list, enum cpuset_wait wait)
{
	struct cpuset_mm *cm, *next;
	unsigned int tries = 0;
	long pause = 1;

	while (!cpuset_mm_try_all(list)) {
		if (wait == CS_WAIT_NOT ||
		    (wait == CS_WAIT_BRIEFLY && tries++ == CPUSET_MM_TRIES))
			break;
		schedule_timeout_killable(pause);
		if (fatal_signal_pending(current))
			break;
		if (wait == CS_WAIT)
			pause = min(2 * pause, (long)CPUSET_MM_PAUSE);
	}
	if (list_empty(list))
		return;
	list_for_each_entry_safe(cm, next, list, node) {
		list_del(&cm->node);
		cpuset_mm_leave(cm, true);
	}
	queue_delayed_work(system_unbound_wq, &cpuset_mm_work,
			   CPUSET_MM_LATER_MIN);
}

static void cpuset_mm_workfn(struct work_struct *work)
{
	static unsigned long pause = CPUSET_MM_LATER_MIN;
	struct cpuset_mm *cm, *next;
	LIST_HEAD(list);
	bool left;

	spin_lock(&cpuset_mm_lock);
	list_splice_init(&cpuset_mm_left, &list);
	hash_init(cpuset_mm_hash);
	spin_unlock(&cpuset_mm_lock);

	pause = min(2 * pause, (unsigned long)CPUSET_MM_LATER_MAX);
	list_for_each_entry_safe(cm, next, &list, node) {
		list_del(&cm->node);
		if (cpuset_mm_try(cm)) {
			cpuset_mm_leave(cm, false);
		} else {
			cpuset_mm_free(cm);
			pause = CPUSET_MM_LATER_MIN;
		}
		cond_resched();
	}

	spin_lock(&cpuset_mm_lock);
	left = !list_empty(&cpuset_mm_left);
	spin_unlock(&cpuset_mm_lock);
	if (left)
		queue_delayed_work(system_unbound_wq, &cpuset_mm_work, pause);
}

/**
 * cpuset_mm_defer - have done what has been noted
 * @list: from cpuset_mm_note(); is empty afterwards
 *
 * Hotplug cannot have its CPUs or memory looked at by itself.
 *
 * Context: process context.
 */
void cpuset_mm_defer(struct list_head *list)
{
	struct cpuset_mm *cm, *next;

	if (list_empty(list))
		return;
	list_for_each_entry_safe(cm, next, list, node) {
		list_del(&cm->node);
		cpuset_mm_leave(cm, true);
	}
	mod_delayed_work(system_unbound_wq, &cpuset_mm_work, 0);
}
