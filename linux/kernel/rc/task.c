// SPDX-License-Identifier: GPL-2.0
/*
 * What a task does to its own proxy: it is born with one, gets others by
 * unshare(2) and the like, and lets go of it when it exits.
 *
 * A task that exits lets go of its namespaces before the last of its work is done,
 * and that is to be charged to its groups. So it stays in its home's list, with
 * a reference in rc_home, and leaves in rc_exit(). It is not moved any more. If a
 * controller wants to know when it is reaped, it keeps that reference until then, marked
 * as RC_HOME_LEFT: without being in the list, so that the groups can be removed.
 */

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/rc_start.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"

atomic64_t rc_births_all = ATOMIC64_INIT(0);

/*
 * Takes the proxy away from current, which exits and stays in its groups until
 * rc_exit(), or a child whose fork has failed.
 */
static struct nsproxy *rc_drop_proxy(struct task_struct *tsk)
{
	struct nsproxy *old;

	task_lock(tsk);
	old = tsk->nsproxy;
	/* Else it is outside of groups, or a child that has not joined. */
	if (!hlist_unhashed(&tsk->rc_node)) {
		refcount_inc(&old->rc.home->rc.users);
		WRITE_ONCE(tsk->rc_home, old->rc.home);
		/* Pairs with the barrier in rc_exiting_home(). */
		smp_wmb();
	}
	WRITE_ONCE(tsk->nsproxy, NULL);
	task_unlock(tsk);
	return old;
}

/**
 * rc_task_home - where a task is listed
 * @tsk: any task
 *
 * Context: under RCU, to whose end the home's memory stays.
 * Return: the home, or NULL if the task is in no group but roots. It is that of
 * some moment; it stays where the home's lock is held and the task listed.
 */
struct nsproxy *rc_task_home(struct task_struct *tsk)
{
	struct nsproxy *ns = READ_ONCE(tsk->nsproxy), *home, *again;

	for (;;) {
		if (!ns)
			return rc_exiting_home(tsk);
		home = READ_ONCE(ns->rc.home);
		/* As in rc_task_state(). */
		smp_rmb();
		again = READ_ONCE(tsk->nsproxy);
		if (again == ns)
			return home;
		ns = again;
	}
}

/**
 * __rc_exit - the slow half of rc_exit()
 * @tsk: current
 *
 * Context: as rc_exit().
 */
void __rc_exit(struct task_struct *tsk)
{
	struct nsproxy *home = tsk->rc_home;
	unsigned long left = home->rc.subsys & rc_hooks.exit;

	WRITE_ONCE(tsk->rc_home, NULL);
	/* As long as it is in the list, the groups are not removed. */
	for (; left; left &= left - 1) {
		unsigned int id = __ffs(left);

		rc_subsys_by_id(id)->exit(home->rc.state[id], tsk);
	}
	spin_lock_irq(&home->rc.lock);
	rc_home_leave(home, tsk);
	spin_unlock_irq(&home->rc.lock);
	rc_exit_frozen(home);
	/* A controller waits for those who were in these groups to be reaped. */
	if (static_branch_unlikely(&rc_census_key) &&
	    (home->rc.subsys & rc_hooks.release))
		WRITE_ONCE(tsk->rc_home, (void *)((unsigned long)home | RC_HOME_LEFT));
	else
		rc_home_put(home);
}

/* The home of a task that was kept, which nobody changes any more. */
static struct nsproxy *rc_kept_home(const struct task_struct *tsk)
{
	return (void *)((unsigned long)tsk->rc_home & ~RC_HOME_LEFT);
}

/**
 * __rc_release - the slow half of rc_release()
 * @tsk: a task that is reaped
 *
 * Context: as rc_release().
 */
void __rc_release(struct task_struct *tsk)
{
	rc_census_end(rc_home_of(rc_kept_home(tsk)), tsk);
}

/**
 * __rc_post_release - the slow half of rc_post_release()
 * @tsk: the task
 *
 * Context: as rc_post_release().
 */
void __rc_post_release(struct task_struct *tsk)
{
	rc_home_put(rc_kept_home(tsk));
}

static bool rc_is_moving(struct task_struct *tsk)
{
	return unlikely(READ_ONCE(rc_moving) == tsk->signal);
}

static void rc_wait_for_move(void)
{
	mutex_lock(&rc_mutex);
	mutex_unlock(&rc_mutex);
}

/**
 * rc_replace_proxy - give current, or a child whose fork has failed, another proxy
 * @tsk: the task
 * @new: the proxy, which was never installed: it gets the groups that @tsk has now,
 *	so that a move since @new was made is not undone; or NULL for none, when
 *	@tsk exits
 *
 * Context: process context, may sleep.
 * Return: the old proxy, for the caller to drop.
 */
struct nsproxy *rc_replace_proxy(struct task_struct *tsk, struct nsproxy *new)
{
	struct nsproxy *old;

	if (!new)
		return rc_drop_proxy(tsk);

	task_lock(tsk);
	/*
	 * Who moves this process has prepared for the proxy that is there. The
	 * lock before the look; pairs with the barrier in rc_moves_alike().
	 */
	smp_mb__after_spinlock();
	while (rc_is_moving(tsk)) {
		task_unlock(tsk);
		rc_wait_for_move();
		task_lock(tsk);
		smp_mb__after_spinlock();
	}
	old = tsk->nsproxy;
	rc_proxy_fill(new, old);
	/* As in rc_switch_proxy(). The task stays in the list where it is. */
	smp_store_release(&tsk->nsproxy, new);
	task_unlock(tsk);
	return old;
}

/*
 * Fork
 */

/**
 * rc_fork_pin - get the proxy that a child is to start from
 * @child: the child; what it has in ->nsproxy was copied without a reference
 *
 * Context: process context, may sleep. Current is the parent.
 * Return: the parent's proxy of this moment, with a reference, in @child as
 * well.
 */
struct nsproxy *rc_fork_pin(struct task_struct *child)
{
	struct nsproxy *ns;

	/*
	 * Else a process that makes threads fast enough would never be moved.
	 * Who does not see it yet is one of the threads that are there.
	 */
	if (rc_is_moving(child))
		rc_wait_for_move();

	/*
	 * A count of 0 means that someone has just moved current. The memory is
	 * safe, as current does not sleep here.
	 */
	do {
		ns = READ_ONCE(current->nsproxy);
	} while (unlikely(!refcount_inc_not_zero(&ns->count)));

	child->rc_node.pprev = NULL;
	child->nsproxy = ns;
	return ns;
}

/* What of &task_struct.rc_tell, of a newborn: whom to tell, if anybody. */
enum {
	RC_TELL_BIRTH = 1,	/* controllers in whose groups it is */
	RC_TELL_OUTDATED,	/* all, since what it has copied can be outdated */
};

static bool rc_fork_told(const struct nsproxy *cur)
{
	return cur->rc.subsys & rc_hooks.fork;
}

/*
 * Gives a child what its parent has now, if it has another proxy: one of its own without
 * groups yet, so that nothing need be allocated, or one that its parent had before.
 * Returns that. What else it has copied can be of before as well.
 */
static noinline struct nsproxy *
rc_fork_adopt(struct task_struct *child, struct nsproxy *cur, bool outdated)
{
	struct nsproxy *ns = child->nsproxy, *stale = NULL;

	if (ns != cur && ns->rc.installed) {
		get_nsproxy(cur);
		child->nsproxy = cur;
		stale = ns;
	} else if (ns != cur) {
		rc_proxy_fill(ns, cur);
	}
	if (outdated || stale) {
		/* A copy of what is going on about its parent. */
		atomic64_set(&child->rc_births, 0);
		child->rc_tell = RC_TELL_OUTDATED;
	} else if (rc_fork_told(cur)) {
		child->rc_tell = RC_TELL_BIRTH;
	}
	return stale;
}

/*
 * Puts a child in the list of its home, after giving it the groups of @cur. Compiled for each
 * way into it, as most have nothing that is outdated.
 */
static __always_inline struct nsproxy *
rc_fork_into(struct task_struct *child, struct nsproxy *cur, bool outdated)
{
	struct nsproxy *home = rc_proxy_home(cur), *stale = NULL;

	if (static_branch_unlikely(&rc_census_key) && home) {
		int err = rc_census_birth(rc_home_of(home), child);

		if (unlikely(err))
			return ERR_PTR(err);
	}
	if (unlikely(outdated || child->nsproxy != cur))
		stale = rc_fork_adopt(child, cur, outdated);
	else if (unlikely(rc_fork_told(cur)))
		child->rc_tell = RC_TELL_BIRTH;
	if (home) {
		spin_lock(&home->rc.lock);
		if (unlikely(!home->rc.nr))
			rc_home_activate(home);
		home->rc.nr++;
		hlist_add_head_rcu(&child->rc_node, &home->rc.tasks);
		spin_unlock(&home->rc.lock);
		/* It is listed: see there. */
		if (rc_born_frozen(home) && !child->rc_tell)
			child->rc_tell = RC_TELL_BIRTH;
	}
	return stale;
}

/* Who starts a child elsewhere has made sure that what it has copied counts as outdated. */
static noinline struct nsproxy *
rc_fork_outdated(struct task_struct *child, const struct kernel_clone_args *args)
{
	return rc_fork_into(child, rc_start_of(args) ? child->nsproxy : current->nsproxy,
			    true);
}

/**
 * __rc_fork - the slow half of rc_fork()
 * @child: the new task
 * @outdated: what it has copied may not be what its parent has now
 * @args: as rc_can_fork() has had them
 *
 * Puts the child in the list of its home, after giving it the groups that the
 * parent has now, unless it was given others already.
 *
 * Context: as rc_fork(). Tasks are moved under tasklist_lock, so that the
 * parent's proxy stays, and who moves a whole process sees the child or has
 * moved the parent before.
 * Return: the proxy that the child had, if it is not the one it has now; or ERR_PTR()
 * of what a controller says.
 */
struct nsproxy *__rc_fork(struct task_struct *child, bool outdated,
			  const struct kernel_clone_args *args)
{
	if (unlikely(outdated))
		return rc_fork_outdated(child, args);
	return rc_fork_into(child, current->nsproxy, false);
}

/**
 * __rc_post_fork - the slow half of rc_post_fork()
 * @child: the new task
 * @stale: a proxy to drop, or NULL
 * @args: as rc_can_fork() has had them
 *
 * If somebody moves the child from here on, the controllers learn of it by that.
 */
void __rc_post_fork(struct task_struct *child, struct nsproxy *stale,
		    const struct kernel_clone_args *args)
{
	/* The proxy stays until current sleeps, if somebody moves the child now. */
	unsigned long births = READ_ONCE(child->nsproxy)->rc.subsys & rc_hooks.fork;
	struct rc_start *start = rc_start_of(args);
	struct rc_subsys *ss;
	unsigned int id;

	if (child->rc_tell == RC_TELL_OUTDATED)
		births = rc_hooks.fork;
	child->rc_tell = 0;
	if (start)
		rc_start_done(child, start);
	if (stale)
		put_nsproxy(stale);
	rc_freeze_newborn(child);
	for_each_rc_subsys_in(ss, id, &births)
		ss->fork(child);
}

/**
 * rc_births_begin - what newborns copy from a task is about to change
 * @tsk: the task, or NULL for all tasks, of the root above all
 *
 * A task that is born meanwhile, or is being born at the end, has copied what its
 * parent had before, or after, or both; controllers are told of it by
 * &rc_subsys.fork. A newborn of a group of theirs is told of in any case; this is
 * for births in the root. Of newborns that nobody is told of, a look at all tasks
 * that follows on this call finds each.
 *
 * Context: any; for all tasks, any in which a lock may be taken that interrupts
 * take for reading.
 */
void rc_births_begin(struct task_struct *tsk)
{
	atomic64_inc(tsk ? &tsk->rc_births : &rc_births_all);
	/* Before the change. Pairs with the barrier in rc_fork_begin(). */
	smp_mb__after_atomic();
	if (!tsk) {
		/* Who has not seen it in rc_fork() becomes visible before this. */
		read_lock(&tasklist_lock);
		read_unlock(&tasklist_lock);
	}
}

/**
 * rc_births_end - it has changed
 * @tsk: as in rc_births_begin()
 *
 * Context: any.
 */
void rc_births_end(struct task_struct *tsk)
{
	/* After the change. Pairs with the barrier in rc_fork_begin(). */
	smp_mb__before_atomic();
	atomic64_add(RC_BIRTHS_OPEN, tsk ? &tsk->rc_births : &rc_births_all);
}

/* How often threads began to take, or have taken, their leaders' ids: odd between. */
unsigned long rc_tids_exchanged;
