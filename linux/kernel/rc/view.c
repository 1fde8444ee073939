// SPDX-License-Identifier: GPL-2.0
/*
 * What is seen from a pid namespace: in each hierarchy the group that its init was
 * given, the top, and what is below.
 *
 * The top is where init was born, until somebody moves init through a mount of proc
 * that belongs to a namespace further out. What is done through the namespace's own
 * mounts goes to groups below the top, and does not change it. So init is at its top
 * or below as long as it lives, and the top cannot be removed; where threads of init
 * were moved one by one it can, and then nothing is seen. NULL stands for a root:
 * nothing was given. A namespace sees its top if all those around it do.
 *
 * Namespaces hold their tops, which are found under RCU, until their inits have
 * ended.
 */

#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "internal.h"

/* Protects tops of all namespaces whose inits can be found. */
static DEFINE_SPINLOCK(rc_view_lock);

/**
 * rc_view_begin - note what the init of a new pid namespace is given
 * @ns: the namespace
 * @init: its first task, which nobody can find yet and which has its groups
 *
 * Context: tasklist_lock held for writing, interrupts off.
 */
void rc_view_begin(struct pid_namespace *ns, struct task_struct *init)
{
	struct nsproxy *proxy = init->nsproxy;
	unsigned int slot;

	if (ns == &init_pid_ns)
		return;
	for_each_set_bit(slot, &proxy->rc.mask, CONFIG_RC_MAX_HIERARCHIES) {
		struct rc_group *grp = rc_group_get(proxy->rc.group[slot]);

		WRITE_ONCE(grp->was_top, true);
		rcu_assign_pointer(ns->rc_tops[slot], grp);
	}
}

/* Returns what was there. */
static struct rc_group *rc_view_exchange(struct pid_namespace *ns,
					 unsigned int slot, struct rc_group *grp)
{
	return rcu_replace_pointer(ns->rc_tops[slot], grp,
				   lockdep_is_held(&rc_view_lock));
}

/**
 * rc_view_end - let go of what the init of a pid namespace was given
 * @ns: the namespace, in which no process can be born any more
 *
 * Context: process context.
 */
void rc_view_end(struct pid_namespace *ns)
{
	unsigned int slot;

	for (slot = 0; slot < CONFIG_RC_MAX_HIERARCHIES; slot++) {
		struct rc_group *old;

		spin_lock(&rc_view_lock);
		old = rc_view_exchange(ns, slot, NULL);
		spin_unlock(&rc_view_lock);
		if (old)
			rc_group_put(old);
	}
}

static void rc_view_set(struct pid_namespace *ns, struct rc_hierarchy *hier,
			struct rc_group *grp)
{
	struct rc_group *old;

	if (grp) {
		WRITE_ONCE(grp->was_top, true);
		rc_group_get(grp);
	}
	spin_lock(&rc_view_lock);
	/* Not after rc_view_end(), which has the lock after this was taken away. */
	if (READ_ONCE(ns->pid_allocated) & PIDNS_ADDING)
		old = rc_view_exchange(ns, hier->id, grp);
	else
		old = grp;
	spin_unlock(&rc_view_lock);
	if (old)
		rc_group_put(old);
}

/**
 * rc_view_moved - a task was moved: if it is the init of a pid namespace, that was
 *	given another group
 * @tsk: the task
 * @process: its whole process was moved
 * @grp: where to, a root too
 * @view: the namespace through whose mount it was moved; the task has an id there
 *
 * Context: rc_mutex held.
 */
void rc_view_moved(struct task_struct *tsk, bool process, struct rc_group *grp,
		   struct pid_namespace *view)
{
	struct pid_namespace *ns;
	struct pid *pid;

	lockdep_assert_held(&rc_mutex);
	rcu_read_lock();
	/* By its id: SIGNAL_UNKILLABLE is lost by an init that is sent a fault. */
	pid = task_tgid(tsk);
	ns = pid && is_child_reaper(pid) ? ns_of_pid(pid) : NULL;
	if (unlikely(ns && ns != view &&
		     (process || READ_ONCE(ns->child_reaper) == tsk)))
		rc_view_set(ns, grp->hier, rc_is_root(grp) ? NULL : grp);
	rcu_read_unlock();
}

/**
 * rc_view_top - the group that a pid namespace sees in place of a root
 * @ns: the namespace
 * @hier: the hierarchy
 *
 * Context: under RCU, to whose end the group and its directory entry stay.
 * Return: the group; NULL if the namespace was given none, and for the initial one.
 */
struct rc_group *rc_view_top(struct pid_namespace *ns,
			     const struct rc_hierarchy *hier)
{
	struct rc_group *top = NULL;

	for (; ns != &init_pid_ns; ns = ns->parent) {
		struct rc_group *grp = rcu_dereference(ns->rc_tops[hier->id]);

		/* The slot can have been that of a hierarchy which has ended. */
		if (!grp || grp->hier != hier || READ_ONCE(grp->dead))
			return NULL;
		if (!top)
			top = grp;
		else if (!rc_group_within(top, grp))
			return NULL;
	}
	return top;
}

/**
 * rc_view_shows - the slow half of rc_view_has()
 * @ns: not the initial namespace
 * @grp: as there
 * @below: as there
 *
 * Context: as there.
 * Return: as there.
 */
bool rc_view_shows(struct pid_namespace *ns, const struct rc_group *grp, bool below)
{
	struct rc_group *top;

	if (grp == &rc_top)
		return false;
	guard(rcu)();
	top = rc_view_top(ns, grp->hier);
	return top && rc_group_within(grp, top) && !(below && grp == top);
}

/**
 * rc_view_path - how a group is reached from the top of a pid namespace
 * @ns: the namespace, not the initial one
 * @grp: the group, a root too
 * @up: set to how many steps up from the top lead to a group above both. Where
 *	nothing was given it is 1 for each group but the root.
 *
 * Context: under RCU.
 * Return: how many names of the end of the path lead down to @grp, if @up is 0.
 */
unsigned int rc_view_path(struct pid_namespace *ns, const struct rc_group *grp,
			  unsigned int *up)
{
	const struct rc_group *top = rc_view_top(ns, grp->hier), *pos;

	if (!top) {
		*up = !rc_is_root(grp);
		return 0;
	}
	for (pos = top; !rc_group_within(grp, pos); pos = pos->parent)
		;
	*up = top->depth - pos->depth;
	return grp->depth - pos->depth;
}
