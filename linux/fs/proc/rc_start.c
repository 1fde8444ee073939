// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of directories of groups, in clone3(2) with CLONE_INTO_CGROUP: see
 * kernel/rc/start.c.
 */

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/rc_start.h>
#include <linux/sched/task.h>

#include "../../kernel/rc/errors.h"
#include "rc_internal.h"

/* Of a hierarchy's root, too. One that is opened with O_PATH has no operations. */
static bool rc_is_group_dir(const struct file *dir)
{
	const struct inode *inode = file_inode(dir);

	return inode->i_fop == &rc_dir_fops && PDE(inode)->data != &rc_top;
}

/*
 * The descriptor gives no right, whoever has opened it: the file is opened by who calls, and
 * through the mount that the descriptor leads to.
 */
static int rc_start_open(struct rc_start *start, struct file *dir, const char *name)
{
	struct inode *inode = file_inode(dir);
	struct file *file;
	int err;

	file = file_open_root(&dir->f_path, name, O_WRONLY, 0);
	if (rc_pde_dead(PDE(inode)))
		err = rc_told(-ENODEV, start->since, inode, "clone3", NULL);
	else
		err = PTR_ERR_OR_ZERO(file);
	/* Something else can be mounted on it. */
	if (!err && file->f_op != &rc_tasks_fops)
		err = -EBADF;
	if (!err) {
		start->grp = rc_group_get(rc_opened(file)->grp);
		start->view = get_pid_ns(rc_view(file_inode(file)->i_sb));
	}
	if (!IS_ERR(file))
		fput(file);
	return err;
}

/**
 * rc_clone_into - clone3(2) with CLONE_INTO_CGROUP
 * @args: its arguments
 *
 * A descriptor that is none of ours is cgroup's to judge, if there are cgroups.
 *
 * Context: process context, may sleep.
 * Return: as kernel_clone(); -EBADF no such descriptor, or none of a group; -ENODEV the
 * group was removed; what open(2) says of "procs" or "tasks" in it; what rc_attach() says of
 * moving the child there.
 */
pid_t rc_clone_into(struct kernel_clone_args *args)
{
	const char *name = args->flags & CLONE_THREAD ? "tasks" : "procs";
	struct rc_start start = { .since = rc_errors_begin() };
	struct file *dir = fget_raw(args->cgroup);
	bool ours = dir && rc_is_group_dir(dir);
	pid_t ret = -EBADF;

	if (ours)
		ret = rc_start_open(&start, dir, name);
	if (dir)
		fput(dir);
	if (!ours)
		return IS_ENABLED(CONFIG_CGROUPS) ? kernel_clone(args) : -EBADF;
	if (ret)
		return ret;
	args->flags &= ~CLONE_INTO_CGROUP;
	args->rc_start = 1;
	args->fn_arg = &start;
	ret = kernel_clone(args);
	put_pid_ns(start.view);
	rc_group_put(start.grp);
	return ret;
}
