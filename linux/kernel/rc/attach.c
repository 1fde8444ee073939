// SPDX-License-Identifier: GPL-2.0
/*
 * Moving tasks between groups: who may, whom, and the move itself, of one thread
 * or of all threads of a process.
 *
 * A move has two halves. The first can fail: a proxy is found or made for each
 * thread, and the controllers are asked. The second cannot: it gives all threads
 * their proxies under tasklist_lock, when no thread is there that the first half
 * has not seen. No thread is born meanwhile, as a birth takes that lock to
 * write, and rc_moving keeps threads from taking other proxies by unshare(2) and
 * the like, so that only exit can make a difference to what was prepared.
 */

#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "errors.h"
#include "internal.h"

/*
 * The process that is being moved, whole or a thread of it. Written under
 * rc_mutex. A thread that is about to replace its proxy looks at it under its
 * task_lock, which rc_move_prepare() takes after it was set. One that is
 * about to make a thread looks at it as well, with no lock: see rc_fork_pin().
 */
struct signal_struct *rc_moving;

/**
 * struct rc_move - a thread on its way
 * @tsk: the thread, with a reference
 * @from: the proxy that it had when it was prepared, with a reference, unless
 *	the thread before it in rc_moves.move has the same
 * @to: the proxy that it is to have, with a reference until it has got it
 * @asked: how many controllers, by id, have been asked
 * @moved: it has got @to
 * @heir: @to does not hold its namespaces itself yet, @from does
 */
struct rc_move {
	struct task_struct *tsk;
	struct nsproxy *from;
	struct nsproxy *to;
	unsigned int asked;
	bool moved;
	bool heir;
};

/**
 * struct rc_moves - what is to move
 * @grp: where to
 * @target: the same as it stands in a proxy, NULL for a root
 * @cred: credentials that decide
 * @view: the pid namespace of the mount of proc in which the file was opened
 * @left: a group that tasks may leave by them; looked at one by one, under rc_mutex,
 *	or NULL
 * @ask: ids of the controllers that want to be asked, or told of a refusal
 * @tell: ids of those that want to be told of a thread that has moved
 * @settle: ids of those that have more to do for it, when locks are released
 * @move: the threads, in the order of the process's list
 * @nr: how many they are
 * @max: room in @move
 * @full: there was not enough
 * @alive: not all threads are exiting
 * @single: room for one
 */
struct rc_moves {
	struct rc_group *grp;
	struct rc_group *target;
	const struct cred *cred;
	struct pid_namespace *view;
	struct rc_group *left;
	unsigned long ask;
	unsigned long tell;
	unsigned long settle;
	struct rc_move *move;
	unsigned int nr;
	unsigned int max;
	bool full;
	bool alive;
	struct rc_move single;
};

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

/**
 * rc_move_check - may a task be moved, wherever it is?
 * @tsk: the task, or one that is about to be born elsewhere than its parent is
 * @cred: credentials that decide
 *
 * Context: rc_mutex or the task's lock held, or nobody can find it.
 * Return: 0; -EACCES @cred may not; -EINVAL it is one of those that stay.
 */
int rc_move_check(struct task_struct *tsk, const struct cred *cred)
{
	if (!rc_may_move(tsk, cred))
		return rc_refuse_group(-EACCES, NULL, "a task of another user");
	/*
	 * kthreadd, into whose groups all kernel threads are born, and those that
	 * their makers have not released: they can still be bound to a CPU.
	 */
	if (tsk->rc_immovable || (tsk->flags & PF_NO_SETAFFINITY))
		return rc_refuse_group(-EINVAL, NULL,
				       "a kernel thread that is bound to its CPU, or kthreadd");
	return 0;
}

/*
 * The first half
 */

/* Asks the controllers in order of their ids; rc_move_cancel() undoes it. */
static int rc_move_ask(struct rc_moves *mvs, struct rc_move *mv)
{
	struct rc_group *grp = mvs->grp;
	struct rc_subsys *ss;
	unsigned int id;
	int err;

	for_each_rc_subsys_in(ss, id, &mvs->ask) {
		if (ss->can_attach) {
			err = ss->can_attach(rc_group_state(grp, ss),
					     mv->from->rc.state[id], mv->tsk);
			if (err)
				return err;
		}
		mv->asked = id + 1;
	}
	return 0;
}

static void rc_move_cancel(struct rc_moves *mvs, struct rc_move *mv)
{
	struct rc_group *grp = mvs->grp;

	while (mv->asked) {
		unsigned int id = --mv->asked;
		struct rc_subsys *ss = rc_subsys_by_id(id);

		if (test_bit(id, &mvs->ask) && ss->cancel_attach)
			ss->cancel_attach(rc_group_state(grp, ss),
					  mv->from->rc.state[id], mv->tsk);
	}
}

/* Are the tasks of a proxy not there yet? */
static bool rc_move_concerns(const struct rc_moves *mvs,
			     const struct nsproxy *ns)
{
	return ns->rc.group[mvs->grp->hier->id] != mvs->target;
}

/*
 * Who is not root needs write permission on "tasks" of the group that a task comes
 * from, so that what root has put into a group stays there. So does, whoever takes it,
 * what was put from outside into a group that is not seen. With the task's lock, which
 * is let go of where permissions have to be looked at: -EAGAIN then.
 */
static int rc_move_may_leave(struct rc_moves *mvs, struct task_struct *tsk,
			     struct nsproxy *old)
{
	struct rc_group *from = old->rc.group[mvs->grp->hier->id];

	if (!from || from == mvs->left)
		return 0;
	if (!rc_view_has(mvs->view, from, false))
		return rc_refuse_group(-EACCES, NULL, RC_PUT_FROM_OUTSIDE);
	if (uid_eq(mvs->cred->euid, GLOBAL_ROOT_UID))
		return 0;
	task_unlock(tsk);
	/* It may be empty by now, but is not removed without rc_mutex. */
	if (rc_dir_may_leave(from, mvs->cred))
		mvs->left = from;
	task_lock(tsk);
	if (mvs->left == from)
		return -EAGAIN;
	return rc_refuse_group(-EACCES, from, RC_MAY_NOT_LEAVE);
}

/* Has the thread before it left a proxy that this one leaves, too? */
static bool rc_move_follows(const struct rc_moves *mvs, const struct rc_move *mv,
			    const struct nsproxy *from)
{
	return mv > mvs->move && mv[-1].from == from;
}

/* Gets a thread the proxy that it needs, and the controllers' consent. */
static int rc_move_prepare(struct rc_moves *mvs, struct rc_move *mv)
{
	struct rc_group *grp = mvs->grp;
	struct task_struct *tsk = mv->tsk;
	struct nsproxy *fresh = NULL, *old, *new = NULL;
	int err = 0;

	for (;;) {
		task_lock(tsk);
		old = tsk->nsproxy;
		if (!old || !rc_move_concerns(mvs, old))
			break;
		err = rc_move_check(tsk, mvs->cred) ?:
		      rc_move_may_leave(mvs, tsk, old);
		if (err == -EAGAIN) {
			task_unlock(tsk);
			err = 0;
			continue;
		}
		if (err)
			break;
		/* Threads of a process mostly share one. */
		if (rc_move_follows(mvs, mv, old)) {
			new = mv[-1].to;
			get_nsproxy(new);
			break;
		}
		new = rc_proxy_get(old, grp->hier, mvs->target, fresh, true,
				   &mv->heir);
		if (new) {
			get_nsproxy(old);
			break;
		}
		task_unlock(tsk);

		fresh = kmem_cache_alloc(nsproxy_cachep, GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		rc_proxy_init(fresh);
	}
	task_unlock(tsk);

	if (fresh && new != fresh)
		rc_proxy_discard(fresh);
	if (!new)
		return err;
	mv->from = old;
	mv->to = new;
	return rc_move_ask(mvs, mv);
}

/* The next thread that was noted by an earlier scan; those that went leave gaps. */
static bool rc_moves_has(struct rc_moves *mvs, struct task_struct *tsk,
			 unsigned int *next)
{
	unsigned int i;

	for (i = *next; i < mvs->nr; i++) {
		if (mvs->move[i].tsk == tsk) {
			*next = i + 1;
			return true;
		}
	}
	return false;
}

/*
 * Notes a thread if it has not been noted before; whether it has to move is
 * looked at when it is prepared. One that is exiting moves along as long as it
 * has groups, so that a process that has moved is in its old group no more.
 */
static noinline void rc_moves_note(struct rc_moves *mvs,
				   struct task_struct *tsk, unsigned int *next)
{
	if (!READ_ONCE(tsk->nsproxy) || rc_moves_has(mvs, tsk, next))
		return;
	if (mvs->nr == mvs->max) {
		mvs->full = true;
		return;
	}
	mvs->move[mvs->nr] = (struct rc_move) { .tsk = get_task_struct(tsk) };
	*next = ++mvs->nr;
}

static void rc_moves_see(struct rc_moves *mvs, struct task_struct *tsk,
			 unsigned int *next)
{
	if (!(tsk->flags & PF_EXITING))
		mvs->alive = true;
	/* Threads come at the end of the list, so this is the rule. */
	if (*next < mvs->nr && mvs->move[*next].tsk == tsk)
		++*next;
	else
		rc_moves_note(mvs, tsk, next);
}

/* The lock serves as RCU's, too. */
static void rc_moves_scan(struct rc_moves *mvs, struct task_struct *tsk,
			  bool process)
{
	struct task_struct *thread;
	unsigned int next = 0;

	lockdep_assert_held(&tasklist_lock);
	mvs->full = false;
	mvs->alive = false;
	if (process) {
		__for_each_thread(tsk->signal, thread)
			rc_moves_see(mvs, thread, &next);
	} else {
		rc_moves_see(mvs, tsk, &next);
	}
}

static int rc_moves_reserve(struct rc_moves *mvs, unsigned int max)
{
	struct rc_move *move;

	if (max <= mvs->max)
		return 0;
	move = kvmalloc_array(max, sizeof(*move), GFP_KERNEL_ACCOUNT);
	if (!move)
		return -ENOMEM;
	memcpy(move, mvs->move, mvs->nr * sizeof(*move));
	if (mvs->move != &mvs->single)
		kvfree(mvs->move);
	mvs->move = move;
	mvs->max = max;
	return 0;
}

/*
 * The second half
 */

static void rc_move_commit(struct rc_moves *mvs, struct rc_move *mv)
{
	task_lock(mv->tsk);
	mv->moved = mv->to && mv->tsk->nsproxy;
	if (mv->moved) {
		/* Until it has what its new group has. */
		if (mvs->settle)
			rc_births_begin(mv->tsk);
		rc_switch_proxy(mv->tsk, mv->to);
		/* The thread's reference; not the last one. */
		refcount_dec(&mv->from->count);
	}
	task_unlock(mv->tsk);
}

/* Tells the controllers who has moved and who has not. */
static void rc_moves_finish(struct rc_moves *mvs)
{
	struct rc_subsys *ss;
	unsigned int i, id;

	for (i = mvs->nr; i--;) {
		struct rc_move *mv = &mvs->move[i];

		if (mv->from && !mv->moved)
			rc_move_cancel(mvs, mv);
	}
	for_each_rc_subsys_in(ss, id, &mvs->tell) {
		for (i = 0; i < mvs->nr; i++) {
			struct rc_move *mv = &mvs->move[i];

			if (mv->moved)
				ss->attach(rc_group_state(mvs->grp, ss),
					   mv->from->rc.state[id], mv->tsk);
		}
	}
}

static void rc_move_settle(struct rc_moves *mvs, struct rc_move *mv)
{
	struct rc_subsys *ss;
	unsigned int id;

	for_each_rc_subsys_in(ss, id, &mvs->settle)
		ss->settle_task(mv->tsk);
	rc_births_end(mv->tsk);
}

/*
 * What controllers do for the threads when no lock is held any more: that may
 * take as long as it likes. Current comes last, as it can be the one that has to
 * wait, for its turn on another CPU for one.
 */
static void rc_moves_settle(struct rc_moves *mvs)
{
	struct rc_move *self = NULL;
	unsigned int i;

	if (!mvs->settle)
		return;
	for (i = 0; i < mvs->nr; i++) {
		struct rc_move *mv = &mvs->move[i];

		if (!mv->moved)
			continue;
		if (mv->tsk == current)
			self = mv;
		else
			rc_move_settle(mvs, mv);
	}
	if (self)
		rc_move_settle(mvs, self);
}

/* Groups that are to be frozen may have lost the last one who was not. */
static void rc_moves_left(struct rc_moves *mvs)
{
	unsigned int i;

	for (i = 0; i < mvs->nr; i++)
		if (mvs->move[i].from)
			rc_left_frozen(mvs->move[i].from->rc.group[mvs->grp->hier->id]);
}

static void rc_moves_drop(struct rc_moves *mvs)
{
	unsigned int i;

	for (i = 0; i < mvs->nr; i++) {
		struct rc_move *mv = &mvs->move[i];

		if (mv->from) {
			if (!mv->moved)
				put_nsproxy(mv->to);
			if (mv->heir)
				rc_proxy_inherit(mv->to, mv->from);
			else if (!rc_move_follows(mvs, mv, mv->from))
				put_nsproxy(mv->from);
		}
		put_task_struct(mv->tsk);
	}
	if (mvs->move != &mvs->single)
		kvfree(mvs->move);
}

/* The same for all threads of a process at once, as rc_moves_alike() has found them. */
static void rc_moves_commit_alike(struct rc_move *mv, unsigned int nr)
{
	unsigned int moved;

	refcount_add(nr, &mv->to->count);
	moved = rc_switch_threads(mv->tsk->signal, mv->from, mv->to);
	/*
	 * What nobody took because threads have exited since, and what the
	 * others had. @mv has one of each, so these are not the last ones.
	 */
	if (moved < nr)
		WARN_ON_ONCE(refcount_sub_and_test(nr - moved, &mv->to->count));
	if (moved)
		WARN_ON_ONCE(refcount_sub_and_test(moved, &mv->from->count));
}

/* Nobody replaces it from here on, but for NULL: who begins to sees rc_moving. */
static struct nsproxy *rc_thread_proxy(struct task_struct *tsk)
{
	if (unlikely(spin_is_locked(&tsk->alloc_lock))) {
		task_lock(tsk);
		task_unlock(tsk);
	} else {
		/* What was done under the lock. Pairs with its release. */
		smp_acquire__after_ctrl_dep();
	}
	return READ_ONCE(tsk->nsproxy);
}

/*
 * Mostly, all threads of a process have the same proxy and the same credentials,
 * and no controller wants to hear of each of them. What was found to be right for
 * its leader, @mv, is right for all then, and none need be noted.
 *
 * Return: how many threads have groups; 0 if some have to be looked at one by one.
 */
static unsigned int rc_moves_alike(struct rc_move *mv)
{
	const struct cred *cred = rcu_access_pointer(mv->tsk->real_cred);
	const struct signal_struct *sig = mv->tsk->signal;
	const struct nsproxy *from = mv->from;
	unsigned int nr = 0, alive = 0;
	struct task_struct *thread;

	lockdep_assert_held(&tasklist_lock);
	/* rc_moving before the looks at locks. Pairs with that in rc_replace_proxy(). */
	smp_mb();
	__for_each_thread(sig, thread) {
		struct nsproxy *ns = rc_thread_proxy(thread);
		unsigned int flags = thread->flags;

		if (!ns)
			continue;
		if (ns != from || (flags & PF_NO_SETAFFINITY) ||
		    rcu_access_pointer(thread->real_cred) != cred)
			return 0;
		alive |= ~flags;
		nr++;
	}
	return alive & PF_EXITING ? nr : 0;
}

/* Moves a process in one go, if its threads are alike: sets @done. */
static int rc_moves_run_alike(struct rc_moves *mvs, struct task_struct *tsk,
			      bool *done)
{
	struct rc_move *mv = mvs->move;
	unsigned int nr;
	int err;

	/* The first in the list of threads. One that was unhashed points nowhere. */
	read_lock(&tasklist_lock);
	if (pid_alive(tsk))
		mvs->move[mvs->nr++] = (struct rc_move) {
			.tsk = get_task_struct(tsk->group_leader)
		};
	read_unlock(&tasklist_lock);
	if (!mvs->nr)
		return 0;
	err = rc_move_prepare(mvs, mv);
	if (err || !mv->to)
		return err;

	read_lock(&tasklist_lock);
	nr = rc_moves_alike(mv);
	if (nr) {
		rc_coming_frozen(tsk, true, mvs->grp);
		rc_moves_commit_alike(mv, nr);
	}
	read_unlock(&tasklist_lock);
	*done = nr;
	return 0;
}

/* Moves threads one by one, all or none; what is in @mvs is prepared already. */
static int rc_moves_run_each(struct rc_moves *mvs, struct task_struct *tsk,
			     bool process)
{
	unsigned int i, prepared = mvs->nr;
	int err = 0;

	if (process)
		err = rc_moves_reserve(mvs, get_nr_threads(tsk));
	else
		mvs->move[mvs->nr++] = (struct rc_move) {
			.tsk = get_task_struct(tsk)
		};
	for (;;) {
		while (!err && prepared < mvs->nr)
			err = rc_move_prepare(mvs, &mvs->move[prepared++]);
		if (err)
			return err;
		read_lock(&tasklist_lock);
		rc_moves_scan(mvs, tsk, process);
		if (!mvs->alive || (!mvs->full && prepared == mvs->nr))
			break;
		read_unlock(&tasklist_lock);
		if (mvs->full)
			err = rc_moves_reserve(mvs,
					       mvs->nr + get_nr_threads(tsk));
	}
	if (mvs->alive)
		rc_coming_frozen(tsk, process, mvs->grp);
	for (i = 0; mvs->alive && i < mvs->nr; i++)
		rc_move_commit(mvs, &mvs->move[i]);
	read_unlock(&tasklist_lock);
	return mvs->alive ? 0 : -ESRCH;
}

static int rc_moves_run(struct rc_moves *mvs, struct task_struct *tsk,
			bool process)
{
	bool done = false;
	int err;

	err = rc_move_check(tsk, mvs->cred);
	if (err)
		return err;
	if (!process && (tsk->flags & PF_EXITING))
		return -ESRCH;

	mvs->ask = mvs->grp->hier->subsys_mask & rc_hooks.ask;
	mvs->tell = mvs->grp->hier->subsys_mask & rc_hooks.tell;
	mvs->settle = mvs->grp->hier->subsys_mask & rc_hooks.settle;
	WRITE_ONCE(rc_moving, tsk->signal);
	if (process && !mvs->ask && !mvs->tell && !mvs->settle)
		err = rc_moves_run_alike(mvs, tsk, &done);
	if (!err && !done)
		err = rc_moves_run_each(mvs, tsk, process);
	WRITE_ONCE(rc_moving, NULL);
	rc_moves_finish(mvs);
	return err;
}

/*
 * Under tasklist_lock, so that it has its groups: see rc_fork(). Nobody is found
 * who has no id in @view.
 */
static struct task_struct *rc_find_task(pid_t nr, struct pid_namespace *view)
{
	struct task_struct *tsk;

	rcu_read_lock();
	read_lock(&tasklist_lock);
	tsk = nr ? find_task_by_vpid(nr) : current;
	if (tsk && view != &init_pid_ns && !task_pid_nr_ns(tsk, view))
		tsk = NULL;
	if (tsk)
		get_task_struct(tsk);
	read_unlock(&tasklist_lock);
	rcu_read_unlock();
	return tsk;
}

/**
 * rc_attach - move a thread, or all threads of its process, to a group
 * @grp: the group
 * @nr: a thread's id in the caller's pid namespace; 0 for the caller
 * @process: all threads or none; one that has let go of its namespaces on its way
 *	out stays where it is until it has ended
 * @cred: credentials that decide, those with which the file was opened
 * @view: the pid namespace of the mount of proc in which it was opened
 *
 * Context: process context, takes rc_mutex, may sleep.
 * Return: 0, also if they are there already; -ENODEV the group was removed;
 * -ESRCH there is no such thread, in @view too, or it is exiting; -EPERM the group
 * is not seen from @view; -EACCES @cred may not;
 * -EINVAL a kernel thread that is bound to its CPU or can still be, or kthreadd,
 * whose children are born into its groups; -ENOMEM; or what a controller says.
 * Nothing has changed on failure.
 */
int rc_attach(struct rc_group *grp, pid_t nr, bool process,
	      const struct cred *cred, struct pid_namespace *view)
{
	struct rc_moves mvs = {
		.grp = grp, .target = rc_is_root(grp) ? NULL : grp,
		.cred = cred, .view = view, .move = &mvs.single, .max = 1,
	};
	struct task_struct *tsk;
	int ret;

	tsk = rc_find_task(nr, view);
	if (!tsk)
		return READ_ONCE(grp->dead) ? -ENODEV : -ESRCH;

	mutex_lock(&rc_mutex);
	if (grp->dead)
		ret = -ENODEV;
	else if (!rc_view_has(view, grp, false))
		ret = rc_refuse_group(-EPERM, NULL, RC_OUT_OF_VIEW);
	else
		ret = rc_moves_run(&mvs, tsk, process);
	if (!ret) {
		rc_view_moved(tsk, process, grp, view);
		rc_moved_frozen(tsk, process, grp);
		rc_moves_left(&mvs);
	}
	mutex_unlock(&rc_mutex);

	rc_moves_settle(&mvs);
	rc_moves_drop(&mvs);
	put_task_struct(tsk);
	rc_proxies_wait();
	return ret;
}
