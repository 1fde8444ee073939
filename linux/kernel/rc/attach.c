// SPDX-License-Identifier: GPL-2.0
/*
 * Moving tasks between groups: who may, whom, and the move itself.
 */

#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/nsproxy.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "internal.h"

/*
 * Gives @tsk the proxy that has @grp, and sets @drop to the old one, if that has
 * changed; the caller drops it outside of rc_mutex.
 */
static int rc_move_task(struct rc_group *grp, struct task_struct *tsk,
			struct nsproxy **drop)
{
	struct rc_group *target = rc_is_root(grp) ? NULL : grp;
	struct nsproxy *fresh = NULL, *old, *new;
	unsigned int slot = grp->hier->id;
	int ret = 0;

	for (;;) {
		task_lock(tsk);
		old = tsk->nsproxy;
		if (!old) {
			ret = -ESRCH;
			break;
		}
		if (old->rc.group[slot] == target)
			break;
		new = rc_proxy_get(old, grp->hier, target, fresh);
		if (new) {
			if (new == fresh)
				fresh = NULL;
			rc_switch_proxy(tsk, new);
			*drop = old;
			break;
		}
		task_unlock(tsk);

		fresh = kmem_cache_alloc(nsproxy_cachep, GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		rc_proxy_init(fresh);
	}
	task_unlock(tsk);

	if (fresh)
		kmem_cache_free(nsproxy_cachep, fresh);
	if (*drop && !old->rc.mask)
		rc_wait_for_newborns();
	return ret;
}

/* Who has opened the file with @cred may move his own tasks; root, any. */
static bool rc_may_move(struct task_struct *tsk, const struct cred *cred)
{
	const struct cred *tcred;
	bool ret;

	rcu_read_lock();
	tcred = __task_cred(tsk);
	ret = uid_eq(cred->euid, GLOBAL_ROOT_UID) ||
	      uid_eq(cred->euid, tcred->uid) ||
	      uid_eq(cred->euid, tcred->suid);
	rcu_read_unlock();
	return ret;
}

static struct task_struct *rc_find_task(pid_t nr)
{
	struct task_struct *tsk;

	rcu_read_lock();
	tsk = nr ? find_task_by_vpid(nr) : current;
	if (tsk)
		get_task_struct(tsk);
	rcu_read_unlock();
	return tsk;
}

/**
 * rc_attach_pid - move one thread to a group
 * @grp: the group
 * @nr: the thread's id in the caller's pid namespace; 0 for the caller
 * @cred: credentials that decide, those with which the file was opened
 *
 * Context: process context, takes rc_mutex, may sleep.
 * Return: 0, also if it is there already; -ENODEV the group was removed; -ESRCH
 * there is no such thread or it is exiting; -EACCES @cred may not; -EINVAL a
 * kernel thread that is bound to its CPU, or kthreadd, whose children are born
 * into its groups; -ENOMEM.
 */
int rc_attach_pid(struct rc_group *grp, pid_t nr, const struct cred *cred)
{
	struct nsproxy *drop = NULL;
	struct task_struct *tsk;
	int ret;

	tsk = rc_find_task(nr);
	if (!tsk)
		return READ_ONCE(grp->dead) ? -ENODEV : -ESRCH;

	mutex_lock(&rc_mutex);
	if (grp->dead)
		ret = -ENODEV;
	else if (tsk->flags & PF_EXITING)
		ret = -ESRCH;
	else if (!rc_may_move(tsk, cred))
		ret = -EACCES;
	else if (tsk == kthreadd_task || (tsk->flags & PF_NO_SETAFFINITY))
		ret = -EINVAL;
	else
		ret = rc_move_task(grp, tsk, &drop);
	mutex_unlock(&rc_mutex);

	if (drop)
		put_nsproxy(drop);
	put_task_struct(tsk);
	return ret;
}
