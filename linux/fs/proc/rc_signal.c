// SPDX-License-Identifier: GPL-2.0
/*
 * Files of /proc/rc that do something to all tasks of a group at once: kill, freeze.
 */

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../../kernel/rc/errors.h"
#include "rc_internal.h"

/* What a signal may reach is decided by who opens the file, not by who writes. */
static int rc_kill_open(struct inode *inode, struct file *file)
{
	int err = rc_show_open(inode, file);

	if (!err)
		rc_opened(file)->opener =
			get_pid_ns(task_active_pid_ns(current));
	return err;
}

static int rc_kill_release(struct inode *inode, struct file *file)
{
	put_pid_ns(rc_opened(file)->opener);
	return rc_file_release(inode, file);
}

static int rc_kill_write(struct file *file, struct rc_group *grp, char *buf)
{
	int err;

	if (strcmp(buf, "1"))
		return rc_refuse_group(-EINVAL, NULL, "it takes 1 alone");
	err = rc_lock_live(file);
	if (err)
		return err;
	err = rc_kill_tasks(grp, file->f_cred, rc_opened(file)->opener,
			    rc_view(file_inode(file)->i_sb));
	mutex_unlock(&rc_mutex);
	return err;
}

const struct rc_core_file rc_kill = {
	.write = rc_kill_write,
};

/* It cannot be read, whatever the mode says; seq_lseek() would, up to the place. */
const struct file_operations rc_kill_fops = {
	.open		= rc_kill_open,
	.write		= rc_write,
	.llseek		= noop_llseek,
	.release	= rc_kill_release,
};

static int rc_freeze_show(struct seq_file *m, struct rc_group *grp)
{
	seq_printf(m, "%d\n", READ_ONCE(grp->freeze));
	return 0;
}

/* What is there already: that which has stopped anyway, and empty groups. */
static void rc_freeze_settle(struct rc_group *top)
{
	struct rc_group *grp = rc_group_get(top);
	u64 newest = rc_newest_serial();

	while (grp) {
		rc_update_frozen(grp);
		grp = rc_group_walk(grp, top, newest, true);
	}
}

static int rc_freeze_write(struct file *file, struct rc_group *grp, char *buf)
{
	u64 val;
	int err;

	err = rc_parse_u64(buf, &val);
	if (err || val > 1)
		return rc_refuse_group(-EINVAL, NULL, "it takes 0 or 1");
	err = rc_lock_live(file);
	if (err)
		return err;
	rc_set_freeze(grp, val);
	mutex_unlock(&rc_mutex);
	if (val)
		rc_freeze_settle(grp);
	return 0;
}

const struct rc_core_file rc_freeze = {
	.show = rc_freeze_show, .write = rc_freeze_write,
};
