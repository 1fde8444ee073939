// SPDX-License-Identifier: GPL-2.0
/*
 * A task is started in a group: clone3(2) with CLONE_INTO_CGROUP and a descriptor of the
 * group's directory.
 *
 * It comes to what opening "procs" there, or "tasks" for a thread, and writing the child's
 * id to it would come to, at this moment. The file is opened before the fork, by
 * fs/proc/rc_start.c; the move is judged here, when all that a user can hold up is done. But
 * the child is born where it is to be: nobody is asked, or told, of it in the group of its
 * parent.
 *
 * rc_mutex is held from there until the child is visible, as by a move. So nobody moves its
 * parent, whose groups it has in all other hierarchies; the group is not removed; and who
 * kills or freezes the group sees the child, or comes before it.
 */

#include <linux/cred.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/rc_start.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "errors.h"
#include "internal.h"
#include "trace.h"

/* Is the child to have an id in the view? It has none that can be looked for yet. */
static bool rc_start_seen(const struct rc_start *start,
			  const struct task_struct *child)
{
	struct pid_namespace *ns = child->nsproxy->pid_ns_for_children;

	while (ns && ns != start->view)
		ns = ns->parent;
	return ns;
}

/* As rc_attach() judges the move of a task that comes from @from. */
static int rc_start_check(const struct rc_start *start, struct task_struct *child,
			  const struct rc_group *from)
{
	const struct cred *cred = current_cred();
	int err;

	if (start->grp->dead)
		return -ENODEV;
	if (!rc_start_seen(start, child))
		return rc_refuse_group(-ESRCH, NULL, "a task without an id in this view");
	if (!rc_view_has(start->view, start->grp, false))
		return rc_refuse_group(-EPERM, NULL, RC_OUT_OF_VIEW);
	err = rc_move_check(child, cred);
	if (err || !from || from == start->grp)
		return err;
	if (!rc_view_has(start->view, from, false))
		return rc_refuse_group(-EACCES, NULL, RC_PUT_FROM_OUTSIDE);
	if (uid_eq(cred->euid, GLOBAL_ROOT_UID) || rc_dir_may_leave(from, cred))
		return 0;
	return rc_refuse_group(-EACCES, from, RC_MAY_NOT_LEAVE);
}

/* They have nothing to take back. */
static int rc_start_ask(const struct rc_start *start, struct task_struct *child)
{
	unsigned long mask = start->grp->hier->subsys_mask & rc_hooks.start;
	struct rc_subsys *ss;
	unsigned int id;
	int err;

	for_each_rc_subsys_in(ss, id, &mask) {
		err = ss->can_start(rc_group_state(start->grp, ss), child);
		if (err)
			return err;
	}
	return 0;
}

/* Current's proxy but for the group; with a reference, or NULL. */
static struct nsproxy *rc_start_proxy(const struct rc_start *start)
{
	struct rc_hierarchy *hier = start->grp->hier;
	struct rc_group *target = rc_is_root(start->grp) ? NULL : start->grp;
	struct nsproxy *fresh = NULL, *cur, *to;
	bool heir = false;

	for (;;) {
		task_lock(current);
		cur = current->nsproxy;
		to = rc_proxy_get(cur, hier, target, fresh, false, &heir);
		task_unlock(current);
		if (to || fresh)
			break;
		fresh = kmem_cache_alloc(nsproxy_cachep, GFP_KERNEL);
		if (!fresh)
			return NULL;
		rc_proxy_init(fresh);
	}
	if (fresh && to != fresh)
		rc_proxy_discard(fresh);
	/* Neither of what this lets go of is the last reference. */
	if (heir) {
		get_nsproxy(cur);
		rc_proxy_inherit(to, cur);
	}
	return to;
}

/* A child that has namespaces of its own has its own proxy for them, without groups. */
static int rc_start_prepare(struct rc_start *start, struct task_struct *child)
{
	const struct rc_group *from = current->nsproxy->rc.group[start->grp->hier->id];
	struct nsproxy *to;
	int err;

	err = rc_start_check(start, child, from);
	if (!err && (from ?: &start->grp->hier->root) != start->grp)
		err = rc_start_ask(start, child);
	if (err)
		return err;
	to = rc_start_proxy(start);
	if (!to)
		return -ENOMEM;
	if (child->nsproxy->rc.installed) {
		start->stale = child->nsproxy;
		child->nsproxy = to;
	} else {
		rc_proxy_fill(child->nsproxy, to);
		start->stale = to;
	}
	return 0;
}

/**
 * __rc_can_fork - the slow half of rc_can_fork()
 * @child: the new task
 * @start: where it is to be
 *
 * Context: as there. Takes rc_mutex, if it succeeds for __rc_post_fork() or
 * __rc_cancel_fork() to release.
 * Return: as there.
 */
int __rc_can_fork(struct task_struct *child, struct rc_start *start)
{
	int err;

	mutex_lock(&rc_mutex);
	err = rc_start_prepare(start, child);
	if (!err) {
		/* What the child has copied is its parent's, and not what it is to have. */
		rc_births_begin(current);
		return 0;
	}
	mutex_unlock(&rc_mutex);
	return rc_errors_end(err, start->since, start->grp, start->view, "clone3", NULL);
}

/**
 * __rc_cancel_fork - the slow half of rc_cancel_fork()
 * @start: as __rc_can_fork() has had it
 *
 * Context: as there.
 */
void __rc_cancel_fork(struct rc_start *start)
{
	rc_births_end(current);
	mutex_unlock(&rc_mutex);
	put_nsproxy(start->stale);
}

/**
 * rc_start_done - a child is where it was to be started
 * @child: the child, which is visible and has not run yet
 * @start: as __rc_can_fork() has had it
 *
 * Context: process context. Releases rc_mutex.
 */
void rc_start_done(struct task_struct *child, struct rc_start *start)
{
	lockdep_assert_held(&rc_mutex);
	rc_trace_moved(child, rc_proxy_home(current->nsproxy),
		       rc_proxy_home(child->nsproxy));
	rc_moved_frozen(child, false, start->grp);
	__rc_cancel_fork(start);
}
