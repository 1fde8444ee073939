// SPDX-License-Identifier: GPL-2.0
/*
 * Freezing all tasks of a group and of those below it, and telling when they have
 * stopped.
 *
 * A task is to be frozen if one of its groups is, or one above that, in any hierarchy.
 * It has JOBCTL_TRAP_FREEZE_RC then, which sends it to do_freezer_trap() on its way to
 * user mode; cgroup has a bit of its own there. The bit follows the group: it is set and
 * cleared when that changes, when the task is moved, both under rc_mutex, and at its
 * birth. A child is born with it under tasklist_lock, held to write, and who freezes or
 * thaws a group looks at its tasks with that lock, after the group says so.
 *
 * What "events" says of a group is found by a look at its tasks, in a work item: queued
 * when one of them stops, leaves or comes, by those alone who are to be frozen. A look
 * that meets some who have not stopped picks one, and until he has, who else stops has
 * nothing to do: of many tasks the number of looks is about its logarithm. A task that
 * has the bit and has stopped does not return to user mode, so only thawing, and who
 * comes from outside, make a frozen group one that is not.
 */

#include <linux/poll.h>
#include <linux/rc_freeze.h>
#include <linux/rculist.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/wait.h>

#include "internal.h"

/* How many groups there are whose own "freeze" is 1. Written under rc_mutex. */
unsigned int rc_nr_freezing;

/**
 * rc_home_freezes - are tasks of this home to be frozen?
 * @home: the home
 *
 * Context: under RCU, or with the home held.
 * Return: true if a group of theirs, or one above, freezes.
 */
bool rc_home_freezes(const struct nsproxy *home)
{
	unsigned int slot;

	for_each_rc_slot(slot, home)
		if (READ_ONCE(home->rc.group[slot]->freezers))
			return true;
	return false;
}

/*
 * Tasks
 */

/*
 * A parent waits for its child in vfork(2), from where it goes to the trap. What it waits
 * for is on its stack; not so if the child is one of CLONE_PARENT and of somebody else.
 */
static bool rc_waits_for_child(struct task_struct *tsk)
{
	unsigned long stack = (unsigned long)task_stack_page(tsk);
	struct task_struct *child;

	lockdep_assert_held(&tasklist_lock);
	list_for_each_entry(child, &tsk->children, sibling)
		if ((unsigned long)READ_ONCE(child->vfork_done) - stack < THREAD_SIZE)
			return true;
	return false;
}

/* Does a task stay out of user mode, for as long as it is to be frozen? */
static bool rc_task_stopped(struct task_struct *tsk)
{
	return (tsk->flags & PF_KTHREAD) ||
	       (READ_ONCE(tsk->jobctl) &
		(JOBCTL_FROZEN | JOBCTL_STOPPED | JOBCTL_TRACED));
}

/*
 * Gives a task what its groups have. They are looked at under siglock, so that of two who
 * do this, the last one has seen what the other saw, or more. Under RCU.
 */
static void rc_freeze_task(struct task_struct *tsk, void *arg)
{
	struct nsproxy *home;
	unsigned long flags;

	if ((tsk->flags & PF_KTHREAD) || !lock_task_sighand(tsk, &flags))
		return;
	home = rc_task_home(tsk);
	if (!home || !rc_home_freezes(home)) {
		if (tsk->jobctl & JOBCTL_TRAP_FREEZE_RC) {
			tsk->jobctl &= ~JOBCTL_TRAP_FREEZE_RC;
			wake_up_state(tsk, TASK_INTERRUPTIBLE);
		}
	} else if (!(tsk->jobctl & JOBCTL_TRAP_FREEZE_RC) &&
		   !(tsk->flags & (PF_EXITING | PF_DUMPCORE))) {
		/* Who is on its way out, or dumps core, is not held up. */
		tsk->jobctl |= JOBCTL_TRAP_FREEZE_RC;
		signal_wake_up(tsk, false);
	}
	unlock_task_sighand(tsk, &flags);
}

/**
 * rc_freeze_newborn - give a newborn what its groups have
 * @child: the child, which has not run yet
 *
 * Context: as rc_post_fork().
 */
void rc_freeze_newborn(struct task_struct *child)
{
	if (likely(!READ_ONCE(rc_nr_freezing)))
		return;
	rcu_read_lock();
	rc_freeze_task(child, NULL);
	rcu_read_unlock();
}

/*
 * Groups
 */

/* Has a task not stopped, nor does it wait for a child that has? */
static bool rc_task_runs(struct task_struct *tsk)
{
	bool waits;

	if (rc_task_stopped(tsk))
		return false;
	/* Without the lock: a child that comes from here on tells when it stops. */
	if (list_empty(&tsk->children))
		return true;
	read_lock(&tasklist_lock);
	waits = rc_waits_for_child(tsk);
	read_unlock(&tasklist_lock);
	return !waits;
}

/* @running: tasks that have not stopped; @awaited: the id of one of them */
struct rc_look {
	unsigned int running;
	pid_t awaited;
};

static bool rc_look_if_stopped(struct task_struct *tsk, void *arg)
{
	struct rc_look *look = arg;

	/* In whatever order they stop, about half of them have when this one has. */
	if (rc_task_runs(tsk) && is_power_of_2(++look->running))
		look->awaited = task_pid_nr(tsk);
	return true;
}

/*
 * One of those in a group and below it that have not stopped, of whom the group is to
 * hear again; 0 if all have.
 */
static pid_t rc_find_running(struct rc_group *grp)
{
	struct rc_group *pos = rc_group_get(grp);
	u64 newest = rc_newest_serial();
	struct rc_look look = { };

	while (pos) {
		rc_walk_for_each(pos, rc_look_if_stopped, &look);
		cond_resched();
		pos = rc_group_walk(pos, grp, newest, true);
	}
	return look.awaited;
}

static struct task_struct *rc_awaited(const struct rc_group *grp)
{
	pid_t nr = READ_ONCE(grp->awaited);

	return nr ? find_task_by_pid_ns(nr, &init_pid_ns) : NULL;
}

/*
 * Is there still somebody to stop who was picked by the last look? He queues the next
 * one then, and others need not. Ids are used again: by one outside, it says nothing.
 * His children are not looked at, as this is asked by each who stops: the one that he
 * waits for in vfork(2) queues a look itself.
 */
static bool rc_awaits(const struct rc_group *grp)
{
	const struct rc_group *pos = NULL;
	struct task_struct *tsk;
	struct nsproxy *home;

	guard(rcu)();
	tsk = rc_awaited(grp);
	if (!tsk || tsk == current || rc_task_stopped(tsk))
		return false;
	home = rc_task_home(tsk);
	if (home)
		pos = home->rc.group[grp->hier->id];
	while (pos && pos != grp)
		pos = rc_is_root(pos) ? NULL : pos->parent;
	return pos;
}

/* Has he stopped before he could see that he is awaited? Who leaves queues a look anyway. */
static bool rc_awaits_in_vain(const struct rc_group *grp)
{
	struct task_struct *tsk;

	guard(rcu)();
	tsk = rc_awaited(grp);
	return !tsk || !rc_task_runs(tsk);
}

/* Takes note of what "events" is to say; has it changed? */
static bool rc_set_frozen(struct rc_group *grp, bool frozen)
{
	lockdep_assert_held(&rc_proxy_lock);
	if (grp->frozen == frozen)
		return false;
	WRITE_ONCE(grp->frozen, frozen);
	/* Pairs with the barrier in rc_show(). */
	smp_wmb();
	WRITE_ONCE(grp->changes, grp->changes + 1);
	return true;
}

/* One without references is not looked at by anybody any more. */
static void rc_queue_look(struct rc_group *grp)
{
	if (refcount_inc_not_zero(&grp->ref) &&
	    !queue_work(system_unbound_wq, &grp->events_work))
		rc_group_put(grp);
}

/**
 * rc_update_frozen - look whether a group is frozen by now, and tell who waits
 * @grp: the group
 *
 * That it is not any more, rc_stir() notes.
 *
 * Context: process context, may sleep.
 */
void rc_update_frozen(struct rc_group *grp)
{
	unsigned int stirs = READ_ONCE(grp->stirs);
	pid_t awaited;
	bool changed;

	/* Before the look. Pairs with the barrier in rc_stir(). */
	smp_rmb();
	if (!READ_ONCE(grp->freezers) || READ_ONCE(grp->frozen))
		return;
	/* Whoever has asked for the look: who is awaited asks for another. */
	if (rc_awaits(grp) && !rc_awaits_in_vain(grp))
		return;
	awaited = rc_find_running(grp);
	WRITE_ONCE(grp->awaited, awaited);
	if (awaited) {
		/* Pairs with the barrier in rc_home_look_again(). */
		smp_mb();
		if (rc_awaits_in_vain(grp))
			rc_queue_look(grp);
		return;
	}
	spin_lock_irq(&rc_proxy_lock);
	changed = stirs == grp->stirs && rc_set_frozen(grp, true);
	spin_unlock_irq(&rc_proxy_lock);
	if (changed)
		wake_up_interruptible_poll(&grp->wait, EPOLLPRI | EPOLLERR);
}

/*
 * A group that is to be frozen, and those above it that are, may be so by now. Under RCU,
 * or with the group held.
 */
static void rc_look_again(struct rc_group *grp)
{
	for (; READ_ONCE(grp->freezers); grp = grp->parent)
		rc_queue_look(grp);
}

/* It is not, or not any more. */
static void rc_stir(struct rc_group *grp)
{
	bool changed;

	/* After what was done to tasks and groups. Pairs with that in rc_update_frozen(). */
	smp_wmb();
	spin_lock_irq(&rc_proxy_lock);
	WRITE_ONCE(grp->stirs, grp->stirs + 1);
	changed = rc_set_frozen(grp, false);
	spin_unlock_irq(&rc_proxy_lock);
	if (changed)
		wake_up_interruptible_poll(&grp->wait, EPOLLPRI | EPOLLERR);
}

/**
 * rc_home_look_again - have groups look whether all of their tasks have stopped
 * @home: a home in which a task stops, or that it has left
 * @always: even if they await others
 *
 * Context: any; under RCU, or with the home held.
 */
void rc_home_look_again(const struct nsproxy *home, bool always)
{
	struct rc_group *grp;
	unsigned int slot;

	/* It has stopped, or is not listed. Pairs with the barrier in rc_update_frozen(). */
	smp_mb();
	for_each_rc_slot(slot, home)
		for (grp = home->rc.group[slot]; READ_ONCE(grp->freezers); grp = grp->parent)
			if (always || !rc_awaits(grp))
				rc_queue_look(grp);
}

/**
 * __rc_task_stops - the slow half of rc_task_stops()
 *
 * Context: as there.
 */
void __rc_task_stops(void)
{
	struct nsproxy *home;

	guard(rcu)();
	home = rc_task_home(current);
	if (home)
		rc_home_look_again(home, false);
	/* The parent waits, and can be in other groups. */
	if (unlikely(READ_ONCE(current->vfork_done))) {
		home = rc_task_home(rcu_dereference(current->real_parent));
		if (home)
			rc_home_look_again(home, true);
	}
}

static bool rc_threads_run(struct task_struct *tsk, bool process)
{
	struct task_struct *thread;
	bool runs = false;

	lockdep_assert_held(&tasklist_lock);
	rcu_read_lock();
	for_each_thread(tsk, thread)
		if (process || thread == tsk)
			runs = runs || !(rc_task_stopped(thread) ||
					 rc_waits_for_child(thread));
	rcu_read_unlock();
	return runs;
}

/**
 * __rc_coming_frozen - the slow half of rc_coming_frozen()
 * @tsk: the task
 * @process: its whole process comes
 * @grp: the group
 *
 * Context: as there.
 */
void __rc_coming_frozen(struct task_struct *tsk, bool process, struct rc_group *grp)
{
	if (!rc_threads_run(tsk, process))
		return;
	for (; grp->freezers; grp = grp->parent)
		rc_stir(grp);
}

/**
 * rc_moved_frozen - a task has come to a group: give it what it is to have there
 * @tsk: the task
 * @process: its whole process was moved
 * @grp: where to
 *
 * Context: rc_mutex held.
 */
void rc_moved_frozen(struct task_struct *tsk, bool process, struct rc_group *grp)
{
	struct task_struct *thread;

	lockdep_assert_held(&rc_mutex);
	if (likely(!rc_nr_freezing))
		return;
	rcu_read_lock();
	read_lock(&tasklist_lock);
	for_each_thread(tsk, thread)
		if (process || thread == tsk)
			rc_freeze_task(thread, NULL);
	/* It can have been continued since it was about to come. */
	rc_coming_frozen(tsk, process, grp);
	read_unlock(&tasklist_lock);
	rcu_read_unlock();
	rc_look_again(grp);
}

/**
 * rc_left_frozen - tasks have gone from a group to another
 * @grp: the group that they have left, or NULL for a root
 *
 * Context: rc_mutex held.
 */
void rc_left_frozen(struct rc_group *grp)
{
	if (unlikely(rc_nr_freezing) && grp)
		rc_look_again(grp);
}

/**
 * rc_init_frozen - prepare a new group's part of this file
 * @grp: the group
 * @parent: the group above
 *
 * Context: rc_mutex held.
 */
void rc_init_frozen(struct rc_group *grp, const struct rc_group *parent)
{
	grp->freezers = parent->freezers;
	/* As long as it is empty. */
	grp->frozen = grp->freezers;
}

/**
 * rc_end_frozen - a group was removed
 * @grp: the group
 *
 * Context: rc_mutex held.
 */
void rc_end_frozen(struct rc_group *grp)
{
	lockdep_assert_held(&rc_mutex);
	/* It has no tasks, who would have to be thawed. */
	if (grp->freeze)
		WRITE_ONCE(rc_nr_freezing, rc_nr_freezing - 1);
}

/**
 * rc_set_freeze - freeze or thaw a group and those below it
 * @grp: the group, not dead and no root
 * @freeze: what its file is to say
 *
 * Context: rc_mutex held, may sleep. When it was released, rc_update_frozen() follows
 * for the group and those below it.
 */
void rc_set_freeze(struct rc_group *grp, bool freeze)
{
	struct rc_group *pos;

	lockdep_assert_held(&rc_mutex);
	if (grp->freeze == freeze)
		return;
	WRITE_ONCE(grp->freeze, freeze);
	/* Before tasks are given it, so that newborns look; and after it was taken away. */
	if (freeze)
		WRITE_ONCE(rc_nr_freezing, rc_nr_freezing + 1);
	for (pos = grp; pos; pos = rc_tree_walk(pos, grp, false)) {
		WRITE_ONCE(pos->freezers, pos->freezers + (freeze ? 1 : -1));
		if (pos->freezers == freeze) {
			/* Before the first of them goes on. */
			if (!freeze)
				rc_stir(pos);
			rc_for_own_tasks(pos, rc_freeze_task, NULL);
		}
		cond_resched();
	}
	if (!freeze)
		WRITE_ONCE(rc_nr_freezing, rc_nr_freezing - 1);
}
