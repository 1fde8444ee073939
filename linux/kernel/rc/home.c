// SPDX-License-Identifier: GPL-2.0
/*
 * Homes: where tasks are listed, and how a task gets another proxy.
 *
 * A task that makes a proxy for itself, by unshare(2) or the like, has other
 * namespaces then and the same groups. The new proxy shares what the old one holds
 * of those: its home, which has the references to the groups, is in their lists,
 * and lists the tasks. So a task changes lists only when it is moved, under
 * rc_mutex. The home's memory stays until the last that shares it has gone; its
 * namespaces do not wait for that.
 */

#include <linux/nsproxy.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"
#include "trace.h"

/* Who walks over the group's tasks may miss one, or have missed one. */
static void rc_group_shift(struct rc_group *grp)
{
	/* After what was done to lists. Pairs with the acquire in rc_walk_group(). */
	smp_store_release(&grp->shifts, grp->shifts + 1);
	/* Before what is done to them. Pairs with the barrier there. */
	smp_wmb();
}

/* @home is about to get a task: if it is the first, groups list it now. */
void rc_home_activate(struct nsproxy *home)
{
	unsigned int slot;

	lockdep_assert_held(&home->rc.lock);
	if (!hlist_empty(&home->rc.tasks))
		return;
	spin_lock(&rc_proxy_lock);
	for_each_rc_slot(slot, home) {
		struct rc_group *grp = home->rc.group[slot];

		if (list_empty(&grp->proxies))
			rc_group_populate(grp, true);
		/* A home that has been here before may stand elsewhere now. */
		rc_group_shift(grp);
		list_add_tail_rcu(&home->rc.link[slot], &grp->proxies);
	}
	spin_unlock(&rc_proxy_lock);
}

/* @home has lost its last task. Holds its lock. */
void rc_home_deactivate(struct nsproxy *home)
{
	unsigned int slot;

	spin_lock(&rc_proxy_lock);
	for_each_rc_slot(slot, home) {
		struct rc_group *grp = home->rc.group[slot];

		list_del_rcu(&home->rc.link[slot]);
		if (list_empty(&grp->proxies))
			rc_group_populate(grp, false);
	}
	spin_unlock(&rc_proxy_lock);
}

/* Gives a proxy that no one sees yet the groups of @from, which is held. */
void rc_proxy_fill(struct nsproxy *ns, struct nsproxy *from)
{
	ns->rc.installed = true;
	if (!from->rc.mask)
		return;
	memcpy(ns->rc.state, from->rc.state, sizeof(ns->rc.state));
	memcpy(ns->rc.group, from->rc.group, sizeof(ns->rc.group));
	ns->rc.mask = from->rc.mask;
	ns->rc.subsys = from->rc.subsys;
	WRITE_ONCE(ns->rc.home, from->rc.home);
	refcount_inc(&ns->rc.home->rc.users);
}

/*
 * Tasks are about to go from one home to the other: notes that in groups in which
 * they stay. Once for all of them, as long as both locks are held.
 */
static __always_inline void
rc_home_shift(struct nsproxy *leave, struct nsproxy *join)
{
	unsigned long mask;
	unsigned int slot;

	if (!leave || !join)
		return;
	mask = leave->rc.mask & join->rc.mask;
	for_each_set_bit(slot, &mask, CONFIG_RC_MAX_HIERARCHIES)
		if (leave->rc.group[slot] == join->rc.group[slot])
			rc_group_shift(join->rc.group[slot]);
}

/*
 * Both locks are held, so that a fork by the task sees whether it is too late for
 * the old one. No lock is needed for a proxy that names no group, as it has no
 * list.
 */
static void rc_home_lock_pair(struct nsproxy *old, struct nsproxy *new)
{
	if (old)
		spin_lock_irq(&old->rc.lock);
	if (old && new)
		spin_lock_nested(&new->rc.lock, SINGLE_DEPTH_NESTING);
	else if (new)
		spin_lock_irq(&new->rc.lock);
}

static void rc_home_unlock_pair(struct nsproxy *old, struct nsproxy *new)
{
	if (old && new)
		spin_unlock(&new->rc.lock);
	else if (new)
		spin_unlock_irq(&new->rc.lock);
	if (old)
		spin_unlock_irq(&old->rc.lock);
}

static void rc_homes_open(struct nsproxy *leave, struct nsproxy *join)
{
	rc_home_lock_pair(leave, join);
	rc_home_shift(leave, join);
}

/* @nr tasks have gone from one to the other since. */
static void rc_homes_close(struct nsproxy *leave, struct nsproxy *join,
			   unsigned int nr)
{
	if (nr && join)
		join->rc.nr += nr;
	if (nr && leave) {
		leave->rc.nr -= nr;
		if (!leave->rc.nr)
			rc_home_deactivate(leave);
	}
	rc_home_unlock_pair(leave, join);
}

static __always_inline void
rc_home_pass(struct task_struct *tsk, struct nsproxy *leave, struct nsproxy *join)
{
	rc_trace_moved(tsk, leave, join);
	if (!leave) {
		if (join)
			hlist_add_head(&tsk->rc_node, &join->rc.tasks);
	} else if (join) {
		__hlist_del(&tsk->rc_node);
		hlist_add_head(&tsk->rc_node, &join->rc.tasks);
	} else {
		hlist_del_init(&tsk->rc_node);
	}
}

/**
 * rc_switch_proxy - give a task a proxy with other groups
 * @tsk: the task
 * @new: the proxy, whose reference goes to @tsk
 *
 * Context: rc_mutex, tasklist_lock and task_lock(@tsk) held, interrupts on. The
 * caller drops the reference to the old proxy when it has released its locks.
 */
void rc_switch_proxy(struct task_struct *tsk, struct nsproxy *new)
{
	struct nsproxy *leave = rc_proxy_home(tsk->nsproxy);
	struct nsproxy *join = rc_proxy_home(new);

	rc_homes_open(leave, join);
	/* The new one first, so that a group above both is not empty between. */
	if (join)
		rc_home_activate(join);
	/* What is in the proxy comes before the pointer to it. */
	smp_store_release(&tsk->nsproxy, new);
	rc_home_pass(tsk, leave, join);
	rc_homes_close(leave, join, 1);
}

/**
 * rc_switch_threads - give threads of a process that share a proxy another one
 * @sig: the process
 * @old: the proxy that they have; others are left alone
 * @new: the proxy, with a reference for each of them
 *
 * What rc_switch_proxy() does for each of them, but takes the proxies' locks once
 * for many.
 *
 * Context: rc_mutex and tasklist_lock held, interrupts on. As there.
 * Return: how many threads have got @new.
 */
unsigned int rc_switch_threads(struct signal_struct *sig, struct nsproxy *old,
			       struct nsproxy *new)
{
	struct nsproxy *leave = rc_proxy_home(old), *join = rc_proxy_home(new);
	unsigned int seen = 0, part = 0, nr = 0;
	struct task_struct *tsk;

	rc_homes_open(leave, join);
	__for_each_thread(sig, tsk) {
		bool locked = spin_trylock(&tsk->alloc_lock);

		/*
		 * Interrupts wait for as long as these locks are held. A task's
		 * lock goes outside of proxies' ones.
		 */
		if (unlikely(!locked || !(++seen % 64))) {
			rc_homes_close(leave, join, part);
			if (!locked)
				task_lock(tsk);
			rc_homes_open(leave, join);
			nr += part;
			part = 0;
		}
		if (likely(tsk->nsproxy == old)) {
			/* The new one first: see rc_switch_proxy(). */
			if (!part++ && join)
				rc_home_activate(join);
			/* What is in the proxy comes before the pointer. */
			smp_store_release(&tsk->nsproxy, new);
			rc_home_pass(tsk, leave, join);
		}
		task_unlock(tsk);
	}
	rc_homes_close(leave, join, part);
	return nr + part;
}
