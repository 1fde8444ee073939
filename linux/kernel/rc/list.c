// SPDX-License-Identifier: GPL-2.0
/*
 * Who is in a group, and what groups a task is in.
 *
 * Nobody who walks over tasks takes rc_mutex: the walk goes in pieces of a bounded
 * number of tasks, with a lock, and RCU, held for one piece. Between two of them
 * others can move tasks. So the walk along the lists of a group, which costs what
 * the group holds, notes whether one that it is to find may have slipped past;
 * then all tasks of the machine are looked at in order of their ids, where
 * none can. That cannot be disturbed, and costs nobody but the walker.
 */

#include <linux/bitmap.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/radix-tree.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "internal.h"

/**
 * struct rc_walk - a walk over the tasks of a group
 * @grp: the group, or NULL for all tasks of the machine
 * @ns: the pid namespace whose ids are wanted; in a walk for tasks, init's
 * @processes: ids of processes, else of threads
 * @left: how many tasks may still be looked at in this piece
 * @pieces: how many pieces may still be gone along lists
 * @shifts: the group's, when the walk began
 * @pid: ids that were found, with room for another piece; from kvmalloc(), or @few
 * @nr: how many
 * @max: room in @pid
 * @few: room for one piece
 * @tsk: tasks that were found in this piece, with references
 * @fn: takes each of them
 * @arg: for @fn
 */
struct rc_walk {
	struct rc_group *grp;
	struct pid_namespace *ns;
	bool processes;
	unsigned int left;
	unsigned int pieces;
	unsigned long shifts;
	pid_t *pid;
	size_t nr;
	size_t max;
	pid_t *few;
	struct task_struct **tsk;
	bool (*fn)(struct task_struct *tsk, void *arg);
	void *arg;
};

/*
 * What becomes of a task that was found, in a piece, and of what was found, before
 * the next one: 0, or an errno that ends the walk. Both kinds of walk are made of the
 * same code, inline, as calls would cost a listing a tenth.
 */
struct rc_walk_ops {
	void (*found)(struct rc_walk *walk, struct task_struct *tsk);
	int (*piece)(struct rc_walk *walk);
};

static __always_inline void
rc_walk_pid(struct rc_walk *walk, struct task_struct *tsk)
{
	pid_t nr;

	/* The same without a call, for the most usual namespace. */
	if (likely(walk->ns == &init_pid_ns))
		nr = walk->processes ? task_tgid_nr(tsk) : task_pid_nr(tsk);
	else
		nr = walk->processes ? task_tgid_nr_ns(tsk, walk->ns) :
				       task_pid_nr_ns(tsk, walk->ns);
	/* Some have none there. */
	if (nr)
		walk->pid[walk->nr++] = nr;
}

/* Makes room for the next piece. */
static int rc_walk_pids(struct rc_walk *walk)
{
	size_t max = 2 * walk->max;
	pid_t *pid;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (walk->max - walk->nr >= RC_PIECE)
		return 0;
	pid = kvmalloc_array(max, sizeof(*pid), GFP_KERNEL_ACCOUNT);
	if (!pid)
		return -ENOMEM;
	memcpy(pid, walk->pid, walk->nr * sizeof(*pid));
	if (walk->pid != walk->few)
		kvfree(walk->pid);
	walk->pid = pid;
	walk->max = max;
	return 0;
}

static const struct rc_walk_ops rc_walk_for_pids = {
	.found = rc_walk_pid, .piece = rc_walk_pids,
};

static __always_inline void
rc_walk_task(struct rc_walk *walk, struct task_struct *tsk)
{
	walk->tsk[walk->nr++] = get_task_struct(tsk);
}

static int rc_walk_tasks(struct rc_walk *walk)
{
	bool more = true;
	size_t i;

	for (i = 0; i < walk->nr; i++) {
		more = more && walk->fn(walk->tsk[i], walk->arg);
		put_task_struct(walk->tsk[i]);
	}
	walk->nr = 0;
	return more ? 0 : -ECANCELED;
}

static const struct rc_walk_ops rc_walk_for_tasks = {
	.found = rc_walk_task, .piece = rc_walk_tasks,
};

/* Under RCU. */
static bool rc_walk_wants(const struct rc_walk *walk, struct task_struct *tsk)
{
	struct rc_group *grp = walk->grp;
	struct nsproxy *home;

	if (!grp)
		return true;
	home = rc_task_home(tsk);
	if (rc_is_root(grp)) {
		bool other = home && READ_ONCE(home->rc.group[grp->hier->id]);

		/* The slot of a hierarchy that has ended can be another one's. */
		smp_rmb();
		if (READ_ONCE(grp->dead))
			other = false;
		return home ? !other : !!READ_ONCE(tsk->nsproxy);
	}
	return home && READ_ONCE(home->rc.group[grp->hier->id]) == grp;
}

/* One look at all tasks in order of their ids. */
static __always_inline int
rc_walk_ids(struct rc_walk *walk, const struct rc_walk_ops *ops)
{
	struct radix_tree_iter iter;
	unsigned long next = 0;
	void __rcu **slot;
	bool more;
	int err;

	do {
		err = ops->piece(walk);
		if (err)
			return err;
		walk->left = RC_PIECE;
		more = false;
		rcu_read_lock();
		radix_tree_for_each_slot(slot, &walk->ns->idr.idr_rt, &iter, next) {
			struct pid *pid = rcu_dereference_raw(*slot);
			struct task_struct *tsk;

			if (unlikely(xa_is_internal(pid))) {
				slot = radix_tree_iter_retry(&iter);
				continue;
			}
			if (!walk->left--) {
				next = iter.index;
				more = true;
				break;
			}
			tsk = pid_task(pid, PIDTYPE_PID);
			if (tsk && rc_walk_wants(walk, tsk))
				ops->found(walk, tsk);
		}
		rcu_read_unlock();
		cond_resched();
	} while (more);
	return 0;
}

/* Who is about to take his leader's id has done so. */
static void rc_wait_for_exchanges(void)
{
	read_lock(&tasklist_lock);
	read_unlock(&tasklist_lock);
}

/*
 * Who is in the group all the time is found, whatever else happens. A task has
 * the same id as long as it lives, but for a thread that calls exec: it takes its
 * leader's, once, and can thus be missed. A second look finds it, if it does not
 * begin in the middle.
 */
static __always_inline int
rc_walk_all(struct rc_walk *walk, const struct rc_walk_ops *ops)
{
	unsigned long exchanged = READ_ONCE(rc_tids_exchanged);
	int err;

	/* Before the look. Pairs with the first in rc_exchange_tids(). */
	smp_rmb();
	err = rc_walk_ids(walk, ops);
	/* After it. Pairs with both there. */
	smp_rmb();
	if (!err && ((exchanged & 1) ||
		     READ_ONCE(rc_tids_exchanged) != exchanged)) {
		rc_wait_for_exchanges();
		err = rc_walk_ids(walk, ops);
	}
	return err;
}

/*
 * Between two pieces: goes on behind @tsk, which is the last that was looked at, in
 * the list of @home. False if it is not there any more. Returns with RCU, and in
 * the good case with @home's lock.
 */
static bool rc_walk_resume(struct rc_walk *walk, struct nsproxy *home,
			   struct task_struct *tsk)
{
	unsigned int slot = walk->grp->hier->id;

	rcu_read_lock();
	/* That it is the task's says that the memory is there. */
	if (rc_task_home(tsk) != home)
		return false;
	spin_lock_irq(&home->rc.lock);
	/* It can be another home at the same address. */
	if (!hlist_unhashed(&tsk->rc_node) && rc_task_home(tsk) == home &&
	    home->rc.group[slot] == walk->grp)
		return true;
	spin_unlock_irq(&home->rc.lock);
	return false;
}

/*
 * The tasks of a home, whose lock is held, and is held at the end unless the walk
 * ends. -EAGAIN: the place in the list was lost, or it takes longer than all tasks
 * would, as some come and go.
 */
static __always_inline int
rc_walk_home(struct rc_walk *walk, struct nsproxy *home,
	     const struct rc_walk_ops *ops)
{
	struct task_struct *tsk;
	int err;

	hlist_for_each_entry(tsk, &home->rc.tasks, rc_node) {
		bool found;

		ops->found(walk, tsk);
		if (likely(--walk->left))
			continue;
		get_task_struct(tsk);
		spin_unlock_irq(&home->rc.lock);
		rcu_read_unlock();
		cond_resched();
		err = ops->piece(walk);
		if (!err && (!walk->pieces-- ||
			     READ_ONCE(walk->grp->shifts) != walk->shifts))
			err = -EAGAIN;
		walk->left = RC_PIECE;
		found = rc_walk_resume(walk, home, tsk);
		put_task_struct(tsk);
		if (err || !found) {
			if (found)
				spin_unlock_irq(&home->rc.lock);
			return err ?: -EAGAIN;
		}
	}
	return 0;
}

/*
 * Costs what the group holds. A home is in the group's list as long as it has tasks;
 * its lock keeps it so.
 *
 * Return: 0; -EAGAIN a task that is in the group may have been missed.
 */
static __always_inline int
rc_walk_group(struct rc_walk *walk, const struct rc_walk_ops *ops)
{
	struct list_head *head = &walk->grp->proxies, *pos;
	unsigned int slot = walk->grp->hier->id;
	int err = 0;

	/* Before the lists. Pairs with the release in rc_group_shift(). */
	walk->shifts = smp_load_acquire(&walk->grp->shifts);
	/* A bound, for which any number of the last moments will do. */
	walk->pieces = data_race(nr_threads) / RC_PIECE + 1;
	walk->left = RC_PIECE;
	rcu_read_lock();
	pos = rcu_dereference(list_next_rcu(head));
	while (pos != head && !err) {
		struct nsproxy *home = list_entry(pos - slot, struct nsproxy,
						  rc.link[0]);

		spin_lock_irq(&home->rc.lock);
		err = rc_walk_home(walk, home, ops);
		if (!err) {
			pos = rcu_dereference(list_next_rcu(pos));
			spin_unlock_irq(&home->rc.lock);
		}
	}
	rcu_read_unlock();
	/* What was seen of a move includes this. Pairs with that in rc_group_shift(). */
	smp_rmb();
	if (!err && READ_ONCE(walk->grp->shifts) != walk->shifts)
		err = -EAGAIN;
	return err;
}

static __always_inline int
rc_walk(struct rc_walk *walk, const struct rc_walk_ops *ops)
{
	int err = -EAGAIN;

	if (walk->grp && !rc_is_root(walk->grp))
		err = rc_walk_group(walk, ops);
	return err == -EAGAIN ? rc_walk_all(walk, ops) : err;
}

/* As rc_for_each_task(), of a group; NULL stands for all tasks. */
void rc_walk_for_each(struct rc_group *grp,
		      bool (*fn)(struct task_struct *tsk, void *arg), void *arg)
{
	struct task_struct *tsk[RC_PIECE];
	struct rc_walk walk = {
		.grp = grp, .ns = &init_pid_ns, .tsk = tsk, .fn = fn, .arg = arg,
	};

	/* Those of the last piece come now; none, if @fn has ended the walk. */
	rc_walk(&walk, &rc_walk_for_tasks);
	rc_walk_tasks(&walk);
}

/**
 * rc_for_each_task - visit the tasks of a group
 * @st: a state of the group, which the caller holds; if it is the top state, tasks of
 *	the root are visited
 * @fn: is called for each task that is in the group, not below it, from beginning
 *	to end, and perhaps for some that come or go, and for some more than
 *	once; with a reference to the task and no lock held. May sleep. The walk
 *	ends when it returns false.
 * @arg: for @fn
 *
 * Context: process context, may sleep. Takes no lock that others wait for.
 */
void rc_for_each_task(struct rc_state *st,
		      bool (*fn)(struct task_struct *tsk, void *arg),
		      void *arg)
{
	struct rc_group *grp = rc_state_group(st);

	/* All are at the top of a controller that is unbound. */
	rc_walk_for_each(grp, fn, arg);
	if (grp)
		rc_group_put(grp);
}

/**
 * rc_for_all_tasks - visit all tasks of the machine
 * @fn: as in rc_for_each_task()
 * @arg: for @fn
 *
 * Context: as there.
 */
void rc_for_all_tasks(bool (*fn)(struct task_struct *tsk, void *arg), void *arg)
{
	rc_walk_for_each(NULL, fn, arg);
}

/*
 * Ids
 */

static int rc_pid_cmp(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/**
 * rc_pids_pack - put ids in ascending order, each once, in little room
 * @pids: filled in on success, for rc_pids_free()
 * @pid: the ids, all positive; the order changes
 * @nr: how many
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int rc_pids_pack(struct rc_pids *pids, pid_t *pid, size_t nr)
{
	pid_t min = INT_MAX, max = 0;
	size_t i, range, out = 0;

	*pids = (struct rc_pids) { };
	if (!nr)
		return 0;
	for (i = 0; i < nr; i++) {
		min = min(min, pid[i]);
		max = max(max, pid[i]);
	}
	/* Where a bitmap is smaller than what it stands for, it also sorts. */
	range = max - min;
	if (nr > 8 && nr > range / BITS_PER_TYPE(pid_t)) {
		pids->bits = range + 1;
		pids->first = min;
		pids->map = kvcalloc(BITS_TO_LONGS(pids->bits),
				     sizeof(*pids->map), GFP_KERNEL_ACCOUNT);
		if (!pids->map)
			return -ENOMEM;
		for (i = 0; i < nr; i++)
			out += !__test_and_set_bit(pid[i] - min, pids->map);
		pids->nr = out;
		return 0;
	}
	sort(pid, nr, sizeof(*pid), rc_pid_cmp, NULL);
	for (i = 0; i < nr; i++)
		if (!out || pid[out - 1] != pid[i])
			pid[out++] = pid[i];
	pids->pid = kvmalloc_array(out, sizeof(*pid), GFP_KERNEL_ACCOUNT);
	if (!pids->pid)
		return -ENOMEM;
	memcpy(pids->pid, pid, out * sizeof(*pid));
	pids->nr = out;
	return 0;
}

/**
 * rc_pids_free - free ids
 * @pids: the ids, which are none then
 */
void rc_pids_free(struct rc_pids *pids)
{
	kvfree(pids->map);
	*pids = (struct rc_pids) { };
}

/**
 * rc_pids_filter - leave out some ids
 * @pids: the ids
 * @keep: says which to keep
 * @arg: for @keep
 *
 * Context: may sleep.
 * Return: 0, or -EINTR for one who is being killed.
 */
int rc_pids_filter(struct rc_pids *pids, bool (*keep)(pid_t pid, void *arg),
		   void *arg)
{
	size_t pos, out = 0;

	for (pos = 0; (pos = rc_pids_next(pids, pos)) < rc_pids_end(pids); pos++) {
		pid_t pid = rc_pids_at(pids, pos);
		bool kept = keep(pid, arg);

		if (!pids->bits && kept)
			pids->pid[out] = pid;
		else if (pids->bits && !kept)
			__clear_bit(pos, pids->map);
		out += kept;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	pids->nr = out;
	return 0;
}

/**
 * rc_pids_collect - the ids of a group's tasks
 * @grp: the group
 * @ns: the pid namespace whose ids are wanted; tasks without one there are left
 *	out
 * @processes: ids of processes with a thread in the group, else of threads
 * @pids: filled in on success, for rc_pids_free()
 *
 * Each task that is in the group from beginning to end is there.
 *
 * Context: process context, may sleep. Takes no lock that others wait for.
 * Return: 0, -ENOMEM, or -EINTR for one who is being killed.
 */
int rc_pids_collect(struct rc_group *grp, struct pid_namespace *ns,
		    bool processes, struct rc_pids *pids)
{
	pid_t few[RC_PIECE];
	struct rc_walk walk = {
		.grp = grp, .ns = ns, .processes = processes,
		.pid = few, .few = few, .max = ARRAY_SIZE(few),
	};
	int err;

	err = rc_walk(&walk, &rc_walk_for_pids);
	if (!err)
		err = rc_pids_pack(pids, walk.pid, walk.nr);
	if (walk.pid != few)
		kvfree(walk.pid);
	return err;
}

/* Few names have a blank; other white space is in none, nor are control characters. */
static bool rc_name_plain(const char *name)
{
	for (; *name; name++)
		if (*name == ' ' || *name == '\\')
			return false;
	return true;
}

static void rc_show_name(struct seq_file *m, const char *name, bool escaped)
{
	if (escaped && !rc_name_plain(name))
		seq_escape(m, name, " \\");
	else
		seq_puts(m, name);
}

/**
 * rc_show_group_path - print the path of a group
 * @m: where to
 * @ns: the pid namespace from whose top it starts
 * @hier: the hierarchy
 * @grp: the group; may be NULL for the root
 * @escaped: with blanks and backslashes in octal
 *
 * Context: under RCU.
 */
void rc_show_group_path(struct seq_file *m, struct pid_namespace *ns,
			struct rc_hierarchy *hier, struct rc_group *grp,
			bool escaped)
{
	const char *name[RC_MAX_DEPTH];
	unsigned int n = grp ? rc_group_path(grp, name) : 0, up = 0;

	if (ns != &init_pid_ns)
		n = rc_view_path(ns, grp ?: &hier->root, &up);
	if (!n && !up)
		seq_putc(m, '/');
	/* Names of groups that are not seen are nobody's business. */
	if (up)
		n = 0;
	while (up--)
		seq_puts(m, "/..");
	while (n--) {
		seq_putc(m, '/');
		rc_show_name(m, name[n], escaped);
	}
}

/**
 * rc_show_path - print the path of a state's group
 * @m: where to
 * @ns: the pid namespace from whose top it starts
 * @st: the state
 *
 * Context: under RCU.
 */
void rc_show_path(struct seq_file *m, struct pid_namespace *ns,
		  const struct rc_state *st)
{
	struct rc_group *grp = READ_ONCE(st->group);

	if (grp)
		rc_show_group_path(m, ns, grp->hier, st->parent ? grp : NULL,
				   false);
	else
		seq_putc(m, '/');
}

/**
 * rc_show_membership - print the groups that a task is in
 * @m: where to
 * @ns: the pid namespace from whose tops paths start
 * @tsk: the task
 *
 * One line for each hierarchy, oldest first; nothing for a task that has let go
 * of its groups.
 *
 * Context: may be called without locks.
 * Return: 0.
 */
int rc_show_membership(struct seq_file *m, struct pid_namespace *ns,
		       struct task_struct *tsk)
{
	u64 newest = rc_newest_serial();
	struct rc_hierarchy *hier;
	struct nsproxy *home;

	/* The task's lock keeps its groups, RCU the hierarchies and names. */
	rcu_read_lock();
	task_lock(tsk);
	home = rc_task_home(tsk);
	if (!home && !tsk->nsproxy)
		goto out;
	list_for_each_entry_rcu(hier, &rc_hierarchies, node) {
		struct rc_group *grp = home ? home->rc.group[hier->id] : NULL;

		/* Else who makes and removes them keeps this going for ever. */
		if (hier->root.serial > newest)
			break;
		/* The slot can have gone to a younger hierarchy by now. */
		if (grp && grp->hier != hier)
			grp = NULL;
		seq_puts(m, rcu_dereference(hier->root.name));
		seq_putc(m, ':');
		rc_show_subsys_list(m, READ_ONCE(hier->subsys_mask), ',');
		seq_putc(m, ':');
		rc_show_group_path(m, ns, hier, grp, false);
		seq_putc(m, '\n');
	}
out:
	task_unlock(tsk);
	rcu_read_unlock();
	return 0;
}
