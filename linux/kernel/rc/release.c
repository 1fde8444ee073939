// SPDX-License-Identifier: GPL-2.0
/*
 * Telling user space that a group has got its first or lost its last task:
 * "events", and the program that is run for released groups.
 *
 * A group is populated while it, or a group below it, has tasks. That changes
 * under rc_proxy_lock, where no one can be woken and nothing can be run, so work
 * items do that, and only if somebody wants to know.
 */

#include <linux/init.h>
#include <linux/kmod.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/umh.h>

#include "internal.h"

/* How many agents can run at a time, however many groups are released. */
#define RC_MAX_AGENTS	4

static struct workqueue_struct *rc_agent_wq __ro_after_init;

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
	rc_group_put(grp);
}

static bool rc_group_releasable(const struct rc_group *grp)
{
	lockdep_assert_held(&rc_mutex);
	return !grp->dead && grp->notify_on_release &&
	       RB_EMPTY_ROOT(&grp->children) && !rc_group_populated(grp);
}

/* A path as in /proc/PID/rc, or NULL. */
static char *rc_group_path_string(struct rc_group *grp)
{
	const char *name[RC_MAX_DEPTH];
	size_t size = 1;
	char *path, *p;
	unsigned int i, n;

	lockdep_assert_held(&rc_mutex);
	rcu_read_lock();
	n = rc_group_path(grp, name);
	rcu_read_unlock();
	for (i = 0; i < n; i++)
		size += 1 + strlen(name[i]);
	path = kmalloc(size, GFP_KERNEL);
	if (!path)
		return NULL;
	for (p = path; n--; )
		p += sprintf(p, "/%s", name[n]);
	return path;
}

static void rc_run_agent(char *agent, char *path, char *hier)
{
	char *argv[4] = { agent, path, hier };
	char *envp[3] = { "HOME=/", "PATH=/sbin:/bin:/usr/sbin:/usr/bin" };

	/*
	 * Waiting for its end is what bounds their number; killable, since it
	 * may take as long as it likes.
	 */
	call_usermodehelper(agent, argv, envp, UMH_WAIT_PROC | UMH_KILLABLE);
}

static void rc_agent_work(struct work_struct *work)
{
	struct rc_group *grp = container_of(work, struct rc_group, agent_work);
	char *agent = NULL, *path = NULL, *hier = NULL;

	mutex_lock(&rc_mutex);
	if (rc_group_releasable(grp) && grp->hier->agent) {
		agent = kstrdup(grp->hier->agent, GFP_KERNEL);
		hier = kstrdup(rc_group_name(&grp->hier->root), GFP_KERNEL);
		path = rc_group_path_string(grp);
	}
	mutex_unlock(&rc_mutex);

	if (agent && path && hier)
		rc_run_agent(agent, path, hier);
	kfree(agent);
	kfree(path);
	kfree(hier);
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
	if (READ_ONCE(grp->notify_on_release) && !rc_group_populated(grp))
		rc_group_queue(grp, rc_agent_wq, &grp->agent_work);
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

		/* Pairs with the barrier in rc_events_show(). */
		smp_wmb();
		WRITE_ONCE(grp->changes, grp->changes + 1);
		/* Has a barrier, which pairs with the one in rc_events_poll(). */
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
	grp->notify_on_release = parent->notify_on_release;
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

/**
 * rc_set_agent - set the program that is run for released groups
 * @hier: the hierarchy
 * @path: the program's path; empty for none
 *
 * Context: rc_mutex held; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rc_set_agent(struct rc_hierarchy *hier, const char *path)
{
	char *agent = NULL;

	lockdep_assert_held(&rc_mutex);
	if (*path) {
		agent = kstrdup(path, GFP_KERNEL_ACCOUNT);
		if (!agent)
			return -ENOMEM;
	}
	kfree(hier->agent);
	hier->agent = agent;
	return 0;
}

static int __init rc_release_init(void)
{
	rc_agent_wq = alloc_workqueue("rc_agent", WQ_UNBOUND, RC_MAX_AGENTS);
	if (!rc_agent_wq)
		panic("rc: no memory for a workqueue\n");
	/* The bound is for all nodes of the machine together. */
	workqueue_set_min_active(rc_agent_wq, 1);
	return 0;
}
core_initcall(rc_release_init);
