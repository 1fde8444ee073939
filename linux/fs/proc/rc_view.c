// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/rc in a mount of proc that belongs to a pid namespace of its own: the
 * directory of a hierarchy is that of the namespace's top, see kernel/rc/view.c, and
 * what stands above or beside is not there. Where the namespace was given nothing, it
 * is that of the root, which has files to read and no groups.
 *
 * What was open when the top has changed stays what it was, and can be read. Each
 * change, through an open descriptor too, asks under rc_mutex whether the group is
 * seen at that moment.
 */

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "rc_internal.h"

/**
 * rc_view_shown - the group whose directory a name in /proc/rc leads to
 * @view: the pid namespace of the mount
 * @root: the root of a hierarchy
 *
 * Context: under RCU, which keeps the group, and its entry if @root was in the tree.
 * Return: the group.
 */
struct rc_group *rc_view_shown(struct pid_namespace *view, struct rc_group *root)
{
	return rc_view_top(view, root->hier) ?: root;
}

/**
 * rc_view_entry - the entry that a view has in place of one
 * @view: the pid namespace of the mount, not the initial one
 * @de: an entry that was found; the reference is taken over
 *
 * Context: any that may spin.
 * Return: the entry, with a reference, or ERR_PTR(-ENOENT) for one that is not seen.
 */
struct proc_dir_entry *rc_view_entry(struct pid_namespace *view,
				     struct proc_dir_entry *de)
{
	struct proc_dir_entry *shown = ERR_PTR(-ENOENT);
	struct rc_group *grp = de->data, *top;

	if (!S_ISDIR(de->mode) || grp->depth > 1)
		return de;
	/* Of what is below a root, only the top is seen, which is not found there. */
	if (rc_is_root(grp)) {
		rcu_read_lock();
		top = rc_view_top(view, grp->hier);
		shown = top ? top->pde : de;
		pde_get(shown);
		rcu_read_unlock();
	}
	pde_put(de);
	return shown;
}

/**
 * rc_view_still_shown - is a dentry in /proc/rc what the view has there?
 * @dentry: the dentry
 * @grp: the group whose directory it is
 *
 * Return: false if the top is another one by now, or the hierarchy has another name.
 */
bool rc_view_still_shown(struct dentry *dentry, struct rc_group *grp)
{
	struct rc_group *root = &grp->hier->root;
	const char *name;
	bool ret;

	guard(rcu)();
	if (rc_view_shown(rc_view(dentry->d_sb), root) != grp)
		return false;
	name = rcu_dereference(root->name);
	spin_lock(&dentry->d_lock);
	ret = strlen(name) == dentry->d_name.len &&
	      !memcmp(name, dentry->d_name.name, dentry->d_name.len);
	spin_unlock(&dentry->d_lock);
	return ret;
}

/**
 * rc_view_may_write - may somebody who has come through this mount change this?
 * @inode: a directory, in which groups are to be made, or a file to be written
 *
 * The directory of the top is the container's to divide, and "tasks" and "procs" there
 * let tasks come back up; the other files are those of who has given it.
 *
 * Context: any that may spin; under rc_mutex, if it is to stay so.
 * Return: false if the group is not seen, or the file is the top's.
 */
bool rc_view_may_write(const struct inode *inode)
{
	const struct proc_dir_entry *de = PDE(inode);
	bool below = S_ISREG(de->mode) && de->rc_file->fops != &rc_tasks_fops;

	return rc_view_has(rc_view(inode->i_sb), de->data, below);
}

static void rc_count_state(struct rc_state *st, void *arg)
{
	++*(unsigned int *)arg;
}

/**
 * rc_view_nr_groups - how many groups of a controller's hierarchy are seen
 * @view: the pid namespace of the mount, not the initial one
 * @ss: the controller
 *
 * Context: process context, may sleep.
 * Return: how many, with the top; 1 where nothing was given.
 */
unsigned int rc_view_nr_groups(struct pid_namespace *view, struct rc_subsys *ss)
{
	struct rc_hierarchy *hier;
	struct rc_group *top;
	unsigned int nr = 0;

	rcu_read_lock();
	hier = READ_ONCE(ss->hier);
	top = hier ? rc_view_top(view, hier) : NULL;
	if (top && !refcount_inc_not_zero(&top->ref))
		top = NULL;
	rcu_read_unlock();
	if (!top)
		return 1;
	if (top->state[ss->id])
		rc_for_each_state(ss, top->state[ss->id], rc_count_state, &nr);
	rc_group_put(top);
	return nr;
}
