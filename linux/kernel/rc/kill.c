// SPDX-License-Identifier: GPL-2.0
/*
 * Killing all tasks of a group and of those below it.
 *
 * Nobody escapes by forking: copy_process() looks under tasklist_lock, held to
 * write, whether its caller is about to die, and fails then. So who is listed while
 * tasklist_lock is held to read is all that there is, and all that there will be,
 * as a child is born into the groups of its parent, and only a move, or one that is
 * started there, both under rc_mutex, bring somebody from outside. That holds for each
 * home of its own, so the lock need not be held for longer than a group's own tasks take.
 *
 * A signal goes to a process, and what is sent is what the opener of the file could
 * have sent from the pid namespace in which he was, and from that of the mount of
 * proc in which he has opened it. Nobody else is touched, nor kept from forking.
 */

#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>

#include "errors.h"
#include "internal.h"

/**
 * struct rc_kill - who is to be killed, and how it goes
 * @cred: credentials that decide
 * @ns: the pid namespaces from which the signal comes, see rc_kill_tasks()
 * @sent: somebody was killed
 * @spared: somebody was not
 */
struct rc_kill {
	const struct cred *cred;
	struct pid_namespace *ns[2];
	bool sent;
	bool spared;
};

/* As kill(2): an init is safe from all that is in its namespace. */
static bool rc_kill_reaches(const struct rc_kill *kill, struct task_struct *tsk)
{
	bool init = READ_ONCE(tsk->signal->flags) & SIGNAL_UNKILLABLE;
	const struct pid_namespace *own = task_active_pid_ns(tsk);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kill->ns); i++)
		if (!task_pid_nr_ns(tsk, kill->ns[i]) ||
		    (init && own == kill->ns[i]))
			return false;
	return true;
}

/* As kill_ok_by_cred(), which judges by current. Under RCU. */
static bool rc_kill_permitted(const struct cred *cred, struct task_struct *tsk)
{
	const struct cred *tcred = __task_cred(tsk);

	return uid_eq(cred->euid, tcred->suid) ||
	       uid_eq(cred->euid, tcred->uid) ||
	       uid_eq(cred->uid, tcred->suid) ||
	       uid_eq(cred->uid, tcred->uid) ||
	       !security_capable(cred, tcred->user_ns, CAP_KILL, CAP_OPT_NONE);
}

static bool rc_kill_may(const struct rc_kill *kill, struct task_struct *tsk)
{
	return rc_kill_reaches(kill, tsk) &&
	       rc_kill_permitted(kill->cred, tsk) &&
	       !audit_signal_info(SIGKILL, tsk) &&
	       !security_task_kill(tsk, SEND_SIG_NOINFO, SIGKILL, kill->cred);
}

static void rc_kill_task(struct task_struct *tsk, void *arg)
{
	struct rc_kill *kill = arg;

	/* Kernel threads take no signals, and who exits is as good as gone. */
	if (tsk->flags & (PF_KTHREAD | PF_EXITING))
		return;
	if (!rc_kill_may(kill, tsk)) {
		kill->spared = true;
		return;
	}
	/* From the kernel: it was decided whether an init is to die. */
	if (!do_send_sig_info(SIGKILL, SEND_SIG_PRIV, tsk, PIDTYPE_TGID))
		kill->sent = true;
}

/**
 * rc_for_own_tasks - do something to all tasks of a group at once
 * @grp: the group, not a root
 * @fn: is called for each that is in it, not below it, with tasklist_lock and RCU
 * @arg: for @fn
 *
 * No list gets an entry meanwhile, and none that has lost one is used anew: moves wait
 * for rc_mutex and births for tasklist_lock.
 *
 * Context: rc_mutex held.
 */
void rc_for_own_tasks(struct rc_group *grp,
		      void (*fn)(struct task_struct *tsk, void *arg), void *arg)
{
	struct list_head *head = &grp->proxies, *pos;
	unsigned int slot = grp->hier->id;
	struct task_struct *tsk;

	lockdep_assert_held(&rc_mutex);
	rcu_read_lock();
	read_lock(&tasklist_lock);
	for (pos = rcu_dereference(list_next_rcu(head)); pos != head;
	     pos = rcu_dereference(list_next_rcu(pos))) {
		struct nsproxy *home = list_entry(pos - slot, struct nsproxy,
						  rc.link[0]);

		hlist_for_each_entry_rcu(tsk, &home->rc.tasks, rc_node)
			fn(tsk, arg);
	}
	read_unlock(&tasklist_lock);
	rcu_read_unlock();
}

/* One of a list of siblings, or NULL. Those without tasks have none before a move. */
static struct rc_group *rc_next_sibling(struct rb_node *node, bool populated)
{
	for (; node; node = rb_next(node)) {
		struct rc_group *grp = rb_entry(node, struct rc_group, node);

		if (!populated || rc_group_populated(grp))
			return grp;
	}
	return NULL;
}

/**
 * rc_tree_walk - step through groups, parents first
 * @pos: the group before
 * @top: the group at which the walk has begun
 * @populated: only to those that have tasks, or groups with tasks below them
 *
 * Context: rc_mutex held.
 * Return: the next group in @top; NULL if there is none.
 */
struct rc_group *rc_tree_walk(struct rc_group *pos, struct rc_group *top,
			      bool populated)
{
	struct rc_group *next;

	lockdep_assert_held(&rc_mutex);
	next = rc_next_sibling(rb_first(&pos->children), populated);
	for (; !next && pos != top; pos = pos->parent)
		next = rc_next_sibling(rb_next(&pos->node), populated);
	return next;
}

/**
 * rc_kill_tasks - kill all tasks of a group and of those below it
 * @grp: the group, not dead and no root
 * @cred: credentials that decide, those with which the file was opened
 * @opener: the pid namespace of who has opened it
 * @view: that of the mount of proc in which it was opened
 *
 * Of a task that shares its process with others, all of that goes. Current can be among
 * them: nothing here waits in a way that ends early for who is being killed.
 *
 * Context: rc_mutex held; may sleep.
 * Return: 0, also if there is nobody; -EACCES if there are tasks, and none may be
 * signalled.
 */
int rc_kill_tasks(struct rc_group *grp, const struct cred *cred,
		  struct pid_namespace *opener, struct pid_namespace *view)
{
	struct rc_kill kill = { .cred = cred, .ns = { opener, view } };
	struct rc_group *pos;

	lockdep_assert_held(&rc_mutex);
	for (pos = grp; pos; pos = rc_tree_walk(pos, grp, true)) {
		rc_for_own_tasks(pos, rc_kill_task, &kill);
		cond_resched();
	}
	if (kill.spared && !kill.sent)
		return rc_refuse_group(-EACCES, NULL, "none of its tasks may be signalled");
	return 0;
}
