// SPDX-License-Identifier: GPL-2.0
/*
 * Telling user space that a group has got its first or lost its last task:
 * "events", and the program that is run for released groups.
 *
 * A group is populated while it, or a group below it, has tasks. That changes
 * under rc_proxy_lock, where no one can be woken and nothing can be run, so work
 * items do that, and only if somebody wants to know.
 */

#include <linux/kmod.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/umh.h>

#include "internal.h"
#include "trace.h"

/* How many agents a hierarchy can run at a time, however many groups are released. */
#define RC_MAX_AGENTS	4

/* The work item holds a reference to the group while it is queued or runs. */
static void rc_group_queue(struct rc_group *grp, struct workqueue_struct *wq,
			   struct work_struct *work)
{
	rc_group_get(grp);
	if (!queue_work(wq, work))
		rc_group_put(grp);
}

static void rc_events_work(struct work_struct *work)
{
	struct rc_group *grp = container_of(work, struct rc_group, events_work);

	wake_up_interruptible_poll(&grp->wait, EPOLLPRI | EPOLLERR);
	rc_update_frozen(grp);
	rc_group_put(grp);
}

/**
 * rc_state_changed - wake who waits in poll(2) for a file to change
 * @st: a state of its group, after &rc_file.changes has grown
 *
 * Context: any in which a task of the group is, or is born; also with interrupts
 * off. Whoever else holds the group may call it as well.
 */
void rc_state_changed(struct rc_state *st)
{
	struct rc_group *grp = READ_ONCE(st->group);

	/* Has a barrier, which pairs with the one in rc_poll(). */
	if (grp && wq_has_sleeper(&grp->wait))
		rc_group_queue(grp, system_unbound_wq, &grp->events_work);
}

/* Without locks: it may be used again as soon as this was asked, anyway. */
static bool rc_group_releasable(const struct rc_group *grp)
{
	return !READ_ONCE(grp->dead) && READ_ONCE(grp->notify_on_release) &&
	       RB_EMPTY_ROOT(&grp->children) && !rc_group_populated(grp);
}

/**
 * struct rc_agent_call - what an agent is run with
 * @agent: the program's path
 * @hier: the hierarchy's name
 * @path: the group's path, as in /proc/PID/rc
 */
struct rc_agent_call {
	char agent[PATH_MAX];
	char hier[NAME_MAX + 1];
	char path[RC_MAX_DEPTH * (NAME_MAX + 1) + 1];
};

/* False if the hierarchy has no agent. */
static bool rc_agent_fill(struct rc_agent_call *call, struct rc_group *grp)
{
	const char *name[RC_MAX_DEPTH];
	struct rc_agent *agent;
	char *p = call->path;
	unsigned int n;

	guard(rcu)();
	agent = rcu_dereference(grp->hier->agent);
	if (!agent)
		return false;
	strscpy(call->agent, agent->path);
	strscpy(call->hier, rcu_dereference(grp->hier->root.name));
	for (n = rc_group_path(grp, name); n--; )
		p += sprintf(p, "/%s", name[n]);
	return true;
}

static void rc_run_agent(struct rc_agent_call *call)
{
	char *argv[4] = { call->agent, call->path, call->hier };
	char *envp[3] = { "HOME=/", "PATH=/sbin:/bin:/usr/sbin:/usr/bin" };

	/*
	 * Waiting for its end is what bounds their number; killable, since it
	 * may take as long as it likes.
	 */
	call_usermodehelper(call->agent, argv, envp,
			    UMH_WAIT_PROC | UMH_KILLABLE);
}

static void rc_agent_work(struct work_struct *work)
{
	struct rc_group *grp = container_of(work, struct rc_group, agent_work);
	struct rc_agent_call *call = NULL;

	if (rc_group_releasable(grp))
		call = kvzalloc(sizeof(*call), GFP_KERNEL);
	if (call && rc_agent_fill(call, grp))
		rc_run_agent(call);
	kvfree(call);
	rc_group_put(grp);
}

/**
 * rc_group_release_check - run the agent for a group if it is not used any more
 * @grp: a group that has lost its tasks or a child
 *
 * Context: any; whether it is really unused is looked at later.
 */
void rc_group_release_check(struct rc_group *grp)
{
	struct workqueue_struct *wq;

	if (!READ_ONCE(grp->notify_on_release) || rc_group_populated(grp))
		return;
	/* Pairs with the release in rc_set_agent(). Without, there was no agent. */
	wq = smp_load_acquire(&grp->hier->agent_wq);
	if (!wq)
		return;
	rc_trace_released(grp);
	rc_group_queue(grp, wq, &grp->agent_work);
}

/**
 * rc_group_populated - has a group, or a group below it, tasks?
 * @grp: the group
 *
 * Context: any; it may change at any time.
 * Return: true if it has. A root has them always: kthreadd does not move.
 */
bool rc_group_populated(const struct rc_group *grp)
{
	return rc_is_root(grp) || READ_ONCE(grp->nr_populated);
}

/**
 * rc_group_populate - note that a group has got its first or lost its last proxy
 * @grp: the group
 * @yes: it has got one
 *
 * Context: rc_proxy_lock held, interrupts off.
 */
void rc_group_populate(struct rc_group *grp, bool yes)
{
	for (; !rc_is_root(grp); grp = grp->parent) {
		unsigned int was = grp->nr_populated;

		WRITE_ONCE(grp->nr_populated, yes ? was + 1 : was - 1);
		if (was && grp->nr_populated)
			return;

		/* Pairs with the barrier in rc_show(). */
		smp_wmb();
		WRITE_ONCE(grp->changes, grp->changes + 1);
		rc_trace_populated(grp, yes);
		/* Has a barrier, which pairs with the one in rc_poll(). */
		if (wq_has_sleeper(&grp->wait))
			rc_group_queue(grp, system_unbound_wq,
				       &grp->events_work);
		if (!yes)
			rc_group_release_check(grp);
	}
}

/**
 * rc_group_init_release - prepare a new group's part of this file
 * @grp: the group
 * @parent: the group above
 */
void rc_group_init_release(struct rc_group *grp, const struct rc_group *parent)
{
	init_waitqueue_head(&grp->wait);
	INIT_WORK(&grp->events_work, rc_events_work);
	INIT_WORK(&grp->agent_work, rc_agent_work);
	grp->notify_on_release = READ_ONCE(parent->notify_on_release);
	rc_init_frozen(grp, parent);
}

/**
 * rc_group_end_release - note that a group was removed
 * @grp: the group, out of the tree
 *
 * Context: rc_mutex held.
 */
void rc_group_end_release(struct rc_group *grp)
{
	lockdep_assert_held(&rc_mutex);
	/* Groups that wait for an agent do not pile up when they have gone. */
	if (cancel_work(&grp->agent_work))
		rc_group_put(grp);
	rc_end_frozen(grp);
	if (!rc_is_root(grp))
		rc_group_release_check(grp->parent);
}

/**
 * rc_group_wake_removed - tell who waits for a group that it was removed
 * @grp: the group, whose files say so by now, or who is woken looks too early
 *	and sleeps on
 */
void rc_group_wake_removed(struct rc_group *grp)
{
	wake_up_interruptible_poll(&grp->wait, EPOLLPRI | EPOLLERR);
}

/*
 * A workqueue of its own, so that an agent which does not end holds up those of no
 * other hierarchy.
 */
static int rc_make_agent_wq(struct rc_hierarchy *hier)
{
	struct workqueue_struct *wq;

	if (hier->agent_wq)
		return 0;
	wq = alloc_workqueue("rc_agent/%u", WQ_UNBOUND, RC_MAX_AGENTS,
			     hier->id);
	if (!wq)
		return -ENOMEM;
	/* The bound is for all nodes of the machine together. */
	workqueue_set_min_active(wq, 1);
	/* Pairs with the acquire in rc_group_release_check(). */
	smp_store_release(&hier->agent_wq, wq);
	return 0;
}

/**
 * rc_set_agent - set the program that is run for released groups
 * @hier: the hierarchy
 * @path: the program's path, shorter than PATH_MAX; empty for none
 *
 * Context: rc_mutex held; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rc_set_agent(struct rc_hierarchy *hier, const char *path)
{
	size_t len = strlen(path);
	struct rc_agent *agent = NULL, *old;

	lockdep_assert_held(&rc_mutex);
	if (len) {
		agent = kmalloc(struct_size(agent, path, len + 1),
				GFP_KERNEL_ACCOUNT);
		if (!agent)
			return -ENOMEM;
		if (rc_make_agent_wq(hier)) {
			kfree(agent);
			return -ENOMEM;
		}
		memcpy(agent->path, path, len + 1);
	}
	old = rcu_replace_pointer(hier->agent, agent,
				  lockdep_is_held(&rc_mutex));
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/**
 * rc_free_agent - free what rc_set_agent() has made
 * @hier: the hierarchy, which nobody can find any more
 *
 * Context: process context, but not a work item of the hierarchy's own; may sleep.
 */
void rc_free_agent(struct rc_hierarchy *hier)
{
	kfree(rcu_dereference_protected(hier->agent, true));
	/* Empty, as an item holds a group; the last one may be about to return. */
	if (hier->agent_wq)
		destroy_workqueue(hier->agent_wq);
}
