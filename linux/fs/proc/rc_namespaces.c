// SPDX-License-Identifier: GPL-2.0
/*
 * The file "namespaces": in which namespaces the tasks of a group are. A header, then a
 * line for each combination that there is, those with the lowest ids first:
 *
 *   number of tasks, lowest id of them, inode number of each namespace
 *
 * as in /proc/PID/ns, 0 for one that a task on its way out has let go of. It tells of
 * those tasks alone of which the reader can see that there as well.
 */

#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/proc_ns.h>
#include <linux/ptrace.h>
#include <linux/rbtree.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "rc_internal.h"

/* Those of /proc/PID/ns, in its order. */
static const struct proc_ns_operations *const rc_ns_ops[] = {
#ifdef CONFIG_NET_NS
	&netns_operations,
#endif
#ifdef CONFIG_UTS_NS
	&utsns_operations,
#endif
#ifdef CONFIG_IPC_NS
	&ipcns_operations,
#endif
#ifdef CONFIG_PID_NS
	&pidns_operations,
	&pidns_for_children_operations,
#endif
#ifdef CONFIG_USER_NS
	&userns_operations,
#endif
	&mntns_operations,
#ifdef CONFIG_CGROUPS
	&cgroupns_operations,
#endif
#ifdef CONFIG_TIME_NS
	&timens_operations,
	&timens_for_children_operations,
#endif
};

#define RC_NR_NS	ARRAY_SIZE(rc_ns_ops)

/**
 * struct rc_ns_set - a combination of namespaces
 * @node: in rc_ns_walk.sets
 * @ino: their inode numbers
 * @first: the lowest id of a task that has it
 * @tasks: how many there are
 */
struct rc_ns_set {
	struct rb_node node;
	unsigned int ino[RC_NR_NS];
	pid_t first;
	unsigned int tasks;
};

/* A task, and what it has. */
struct rc_ns_task {
	pid_t pid;
	struct rc_ns_set *set;
};

/**
 * struct rc_ns_walk - what is found in a group
 * @view: the pid namespace whose ids are wanted
 * @sets: combinations, by their numbers
 * @task: tasks, from kvmalloc(); some twice
 * @nr: how many
 * @max: room in @task
 * @err: an errno that has ended it
 */
struct rc_ns_walk {
	struct pid_namespace *view;
	struct rb_root sets;
	struct rc_ns_task *task;
	size_t nr;
	size_t max;
	int err;
};

static int rc_ns_cmp(const struct rc_ns_set *a, const struct rb_node *b)
{
	return memcmp(a->ino, rb_entry(b, struct rc_ns_set, node)->ino,
		      sizeof(a->ino));
}

static int rc_ns_cmp_node(struct rb_node *a, const struct rb_node *b)
{
	return rc_ns_cmp(rb_entry(a, struct rc_ns_set, node), b);
}

/* False if it has let go of all. */
static bool rc_ns_read(struct task_struct *tsk, struct rc_ns_set *set)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < RC_NR_NS; i++) {
		struct ns_common *ns = rc_ns_ops[i]->get(tsk);

		set->ino[i] = ns ? ns->inum : 0;
		if (!ns)
			continue;
		/* The user namespace stays to the end. */
		any = any || rc_ns_ops[i] == &mntns_operations;
		rc_ns_ops[i]->put(ns);
	}
	return any;
}

static int rc_ns_reserve(struct rc_ns_walk *walk)
{
	size_t max = walk->max ? 2 * walk->max : 64;
	struct rc_ns_task *task;

	if (walk->nr < walk->max)
		return 0;
	task = kvrealloc(walk->task, max * sizeof(*task), GFP_KERNEL_ACCOUNT);
	if (!task)
		return -ENOMEM;
	walk->task = task;
	walk->max = max;
	return 0;
}

/* The set in the tree that is like @set, a copy of it if there is none. */
static struct rc_ns_set *rc_ns_intern(struct rc_ns_walk *walk,
				      const struct rc_ns_set *set)
{
	struct rb_node *node = walk->sets.rb_node;
	struct rc_ns_set *copy;

	while (node) {
		int cmp = rc_ns_cmp(set, node);

		if (!cmp)
			return rb_entry(node, struct rc_ns_set, node);
		node = cmp < 0 ? node->rb_left : node->rb_right;
	}
	copy = kmemdup(set, sizeof(*set), GFP_KERNEL_ACCOUNT);
	if (copy)
		rb_find_add(&copy->node, &walk->sets, rc_ns_cmp_node);
	return copy;
}

static bool rc_ns_note(struct task_struct *tsk, void *arg)
{
	struct rc_ns_walk *walk = arg;
	pid_t pid = task_pid_nr_ns(tsk, walk->view);
	struct rc_ns_set set = { }, *found;

	if (!pid || !ptrace_may_access(tsk, PTRACE_MODE_READ_FSCREDS |
					    PTRACE_MODE_NOAUDIT) ||
	    !rc_ns_read(tsk, &set))
		return true;
	walk->err = fatal_signal_pending(current) ? -EINTR : rc_ns_reserve(walk);
	if (walk->err)
		return false;
	found = rc_ns_intern(walk, &set);
	if (!found) {
		walk->err = -ENOMEM;
		return false;
	}
	walk->task[walk->nr++] = (struct rc_ns_task) { pid, found };
	return true;
}

static int rc_ns_cmp_task(const void *a, const void *b)
{
	return ((const struct rc_ns_task *)a)->pid -
	       ((const struct rc_ns_task *)b)->pid;
}

/* Each task once; prints combinations in the order in which ids come to them. */
static void rc_ns_print(struct seq_file *m, struct rc_ns_walk *walk)
{
	unsigned int i;
	size_t t;

	seq_puts(m, "tasks\tid");
	for (i = 0; i < RC_NR_NS; i++)
		seq_printf(m, "\t%s", rc_ns_ops[i]->name);
	seq_putc(m, '\n');

	sort(walk->task, walk->nr, sizeof(*walk->task), rc_ns_cmp_task, NULL);
	for (t = 0; t < walk->nr; t++) {
		struct rc_ns_set *set = walk->task[t].set;

		if (t && walk->task[t].pid == walk->task[t - 1].pid)
			continue;
		if (!set->tasks++)
			set->first = walk->task[t].pid;
	}
	for (t = 0; t < walk->nr; t++) {
		struct rc_ns_set *set = walk->task[t].set;

		if (!set->tasks || set->first != walk->task[t].pid)
			continue;
		seq_printf(m, "%u\t%d", set->tasks, set->first);
		for (i = 0; i < RC_NR_NS; i++)
			seq_printf(m, "\t%u", set->ino[i]);
		seq_putc(m, '\n');
		set->tasks = 0;
	}
}

static int rc_namespaces_show(struct seq_file *m, struct rc_group *grp)
{
	struct rc_ns_walk walk = {
		.view = rc_view(file_inode(m->file)->i_sb),
	};
	struct rc_ns_set *set, *next;

	rc_walk_for_each(grp, rc_ns_note, &walk);
	if (!walk.err)
		rc_ns_print(m, &walk);
	rbtree_postorder_for_each_entry_safe(set, next, &walk.sets, node)
		kfree(set);
	kvfree(walk.task);
	return walk.err;
}

const struct rc_core_file rc_namespaces = {
	.show = rc_namespaces_show,
};
