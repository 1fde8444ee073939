// SPDX-License-Identifier: GPL-2.0
/*
 * Who is in a group, and what groups a task is in.
 */

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/sort.h>

#include "internal.h"

/* Under RCU. False for a task that has let go of its groups, too. */
static bool rc_task_in(struct task_struct *tsk, unsigned int slot,
		       const struct rc_group *grp)
{
	struct nsproxy *ns = READ_ONCE(tsk->nsproxy), *again;
	bool ret;

	for (;;) {
		if (!ns)
			return false;
		ret = READ_ONCE(ns->rc.group[slot]) == grp;
		/* As in rc_task_state(). */
		smp_rmb();
		again = READ_ONCE(tsk->nsproxy);
		if (again == ns)
			return ret;
		ns = again;
	}
}

/**
 * struct rc_walk - a walk over the tasks of a group
 * @ns: the pid namespace whose ids are wanted
 * @processes: ids of processes, else of threads
 * @pids: where to
 * @max: room in @pids, which counts on when it is full
 */
struct rc_walk {
	struct pid_namespace *ns;
	bool processes;
	struct rc_pids *pids;
	size_t max;
};

/* Inline, as the call would cost a listing a tenth. */
static __always_inline void
rc_walk_add(struct rc_walk *walk, struct task_struct *tsk)
{
	struct rc_pids *pids = walk->pids;
	pid_t nr;

	/* Then it does not matter if some have no id there. */
	if (pids->nr >= walk->max) {
		pids->nr++;
		return;
	}
	nr = walk->processes ? task_tgid_nr_ns(tsk, walk->ns) :
			       task_pid_nr_ns(tsk, walk->ns);
	if (nr)
		pids->pid[pids->nr++] = nr;
}

static void rc_walk_root(struct rc_walk *walk, struct rc_group *grp)
{
	struct task_struct *process, *tsk;

	for_each_process_thread(process, tsk)
		if (rc_task_in(tsk, grp->hier->id, NULL))
			rc_walk_add(walk, tsk);
}

/*
 * Costs what the group holds. Tasks are only born into the lists and leave them as
 * they end, as moves are shut out by rc_mutex.
 */
static void rc_walk_group(struct rc_walk *walk, struct rc_group *grp)
{
	unsigned int slot = grp->hier->id;
	struct task_struct *tsk;
	struct list_head *pos;

	for (pos = rcu_dereference(list_next_rcu(&grp->proxies));
	     pos != &grp->proxies; pos = rcu_dereference(list_next_rcu(pos))) {
		struct nsproxy *proxy = list_entry(pos - slot, struct nsproxy,
						   rc.link[0]);

		hlist_for_each_entry_rcu(tsk, &proxy->rc.tasks, rc_node)
			rc_walk_add(walk, tsk);
	}
}

static int rc_pid_cmp(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/**
 * rc_pids_sort - put ids in ascending order, each once
 * @pid: the ids, all positive
 * @nr: how many
 *
 * Context: may sleep.
 * Return: how many are left.
 */
size_t rc_pids_sort(pid_t *pid, size_t nr)
{
	pid_t min = INT_MAX, max = 0;
	unsigned long *seen = NULL;
	size_t i, bit, out = 0;

	if (!nr)
		return 0;
	for (i = 0; i < nr; i++) {
		min = min(min, pid[i]);
		max = max(max, pid[i]);
	}
	/* Ids of a group mostly lie close together: then a bitmap sorts them. */
	if (nr > 8 && (max - min) / 256 <= nr)
		seen = kvcalloc(BITS_TO_LONGS(max - min + 1), sizeof(*seen),
				GFP_KERNEL);
	if (seen) {
		for (i = 0; i < nr; i++)
			__set_bit(pid[i] - min, seen);
		for_each_set_bit(bit, seen, max - min + 1)
			pid[out++] = min + bit;
		kvfree(seen);
		return out;
	}
	sort(pid, nr, sizeof(*pid), rc_pid_cmp, NULL);
	for (i = 0; i < nr; i++)
		if (!out || pid[out - 1] != pid[i])
			pid[out++] = pid[i];
	return out;
}

/**
 * rc_pids_collect - the ids of a group's tasks
 * @grp: the group
 * @ns: the pid namespace whose ids are wanted; tasks without one there are left
 *	out
 * @processes: ids of processes with a thread in the group, else of threads
 * @pids: filled in on success; the caller frees @pids->pid with kvfree()
 *
 * Context: rc_mutex held; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rc_pids_collect(struct rc_group *grp, struct pid_namespace *ns,
		    bool processes, struct rc_pids *pids)
{
	struct rc_walk walk = {
		.ns = ns, .processes = processes, .pids = pids, .max = 32,
	};

	lockdep_assert_held(&rc_mutex);
	for (;;) {
		pids->nr = 0;
		pids->pid = kvmalloc_array(walk.max, sizeof(pid_t), GFP_KERNEL);
		if (!pids->pid)
			return -ENOMEM;
		rcu_read_lock();
		if (rc_is_root(grp))
			rc_walk_root(&walk, grp);
		else
			rc_walk_group(&walk, grp);
		rcu_read_unlock();
		if (pids->nr <= walk.max)
			break;
		/* Some room for those who are born meanwhile. */
		walk.max = pids->nr + pids->nr / 8;
		kvfree(pids->pid);
	}
	pids->nr = rc_pids_sort(pids->pid, pids->nr);
	return 0;
}

static void rc_show_group_path(struct seq_file *m, struct rc_group *grp)
{
	const char *name[RC_MAX_DEPTH];
	unsigned int n = grp ? rc_group_path(grp, name) : 0;

	if (!n)
		seq_putc(m, '/');
	while (n--) {
		seq_putc(m, '/');
		seq_puts(m, name[n]);
	}
}

/**
 * rc_show_path - print the path of a state's group
 * @m: where to
 * @st: the state
 *
 * Context: under RCU.
 */
void rc_show_path(struct seq_file *m, const struct rc_state *st)
{
	rc_show_group_path(m, st->parent ? st->group : NULL);
}

/**
 * rc_show_membership - print the groups that a task is in
 * @m: where to
 * @tsk: the task
 *
 * One line for each hierarchy, oldest first; nothing for a task that has let go
 * of its groups.
 *
 * Context: may be called without locks.
 * Return: 0.
 */
int rc_show_membership(struct seq_file *m, struct task_struct *tsk)
{
	u64 newest = rc_newest_serial();
	struct rc_hierarchy *hier;
	struct nsproxy *ns;

	/* The task's lock keeps its groups, RCU the hierarchies and names. */
	rcu_read_lock();
	task_lock(tsk);
	ns = tsk->nsproxy;
	if (!ns)
		goto out;
	list_for_each_entry_rcu(hier, &rc_hierarchies, node) {
		struct rc_group *grp = ns->rc.group[hier->id];

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
		rc_show_group_path(m, grp);
		seq_putc(m, '\n');
	}
out:
	task_unlock(tsk);
	rcu_read_unlock();
	return 0;
}
