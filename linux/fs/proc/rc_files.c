// SPDX-License-Identifier: GPL-2.0
/*
 * The files of /proc/rc, those of the core and those of controllers, and
 * /proc/PID/rc.
 *
 * An open file holds its group. Each operation looks whether the file is still
 * there, those that change something under rc_mutex, when what was written has
 * been copied already: who stalls in a page fault stalls nobody else.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../../kernel/rc/errors.h"
#include "rc_internal.h"

/*
 * Opening and reading
 */

/* How often what it shows has changed: the group's state, if it does not say. */
static unsigned int rc_changes(const struct rc_open *of)
{
	return of->file->changes ?
	       of->file->changes(rc_group_state(of->grp, of->file->ss)) :
	       READ_ONCE(of->grp->changes);
}

static int rc_open(struct inode *inode, struct file *file,
		   const struct seq_operations *ops)
{
	struct proc_dir_entry *de = PDE(inode);
	struct rc_open *of;

	if (rc_pde_dead(de))
		return -ENODEV;
	of = __seq_open_private(file, ops, sizeof(*of));
	if (!of)
		return -ENOMEM;
	of->grp = rc_group_get(de->data);
	of->file = de->rc_file;
	of->changes = rc_changes(of);
	/* seq_open() takes it away; here the offset of a write means nothing. */
	if (file->f_mode & FMODE_WRITE)
		file->f_mode |= FMODE_PWRITE;
	return 0;
}

/*
 * Most files are written once, to configure a new group, and are not worth an inode
 * for as long as the group is there. But who watches the inode relies on it.
 */
static void rc_written(struct inode *inode)
{
	struct proc_dir_entry *de = PDE(inode);

	if (READ_ONCE(de->written))
		return;
	WRITE_ONCE(de->written, true);
	if (atomic_read(&inode->i_count) == 1)
		d_mark_dontcache(inode);
}

int rc_file_release(struct inode *inode, struct file *file)
{
	struct rc_open *of = rc_opened(file);

	if (file->f_mode & FMODE_WRITE)
		rc_written(inode);
	rc_pids_free(&of->pids);
	if (of->ucounts)
		dec_ucount(of->ucounts, UCOUNT_RC_LISTS);
	rc_group_put(of->grp);
	return seq_release_private(inode, file);
}

static ssize_t rc_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	const struct file *file = iocb->ki_filp;

	if (rc_pde_dead(PDE(file_inode(file))))
		return rc_told(-ENODEV, rc_errors_begin(), file_inode(file),
			       rc_opened(file)->file->name, NULL);
	return seq_read_iter(iocb, iter);
}

static void *rc_single_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? NULL : m->private;
}

static void *rc_single_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void rc_stop(struct seq_file *m, void *v)
{
}

static int rc_show(struct seq_file *m, void *v)
{
	struct rc_open *of = m->private;
	const struct rc_file *file = of->file;
	struct rc_state *st;

	WRITE_ONCE(of->changes, rc_changes(of));
	/* Lest a change be slept through. Pairs with that in rc_group_populate(). */
	smp_rmb();
	if (file->core)
		return file->core->show(m, of->grp);
	st = rc_group_state(of->grp, file->ss);
	if (file->show)
		return file->show(m, st, file);
	if (file->read_u64)
		seq_printf(m, "%llu\n", file->read_u64(st, file));
	else if (file->read_s64)
		seq_printf(m, "%lld\n", file->read_s64(st, file));
	else
		return -EINVAL;
	return 0;
}

static const struct seq_operations rc_show_ops = {
	.start	= rc_single_start,
	.next	= rc_single_next,
	.stop	= rc_stop,
	.show	= rc_show,
};

int rc_show_open(struct inode *inode, struct file *file)
{
	return rc_open(inode, file, &rc_show_ops);
}

/*
 * Writing
 */

/* The kernel's parsers take a plus sign, too. */
static bool rc_is_decimal(const char *buf, bool sign)
{
	return isdigit(buf[sign && *buf == '-']);
}

int rc_parse_u64(const char *buf, u64 *val)
{
	return rc_is_decimal(buf, false) && !kstrtou64(buf, 10, val) ? 0 : -EINVAL;
}

static int rc_parse_s64(const char *buf, s64 *val)
{
	return rc_is_decimal(buf, true) && !kstrtos64(buf, 10, val) ? 0 : -EINVAL;
}

static int rc_write_state(struct rc_state *st, const struct rc_file *file,
			  char *buf)
{
	int err;
	u64 u;
	s64 s;

	if (file->write) {
		err = file->write(st, file, buf);
	} else if (file->write_u64) {
		err = rc_parse_u64(buf, &u);
		if (!err)
			err = file->write_u64(st, file, u);
	} else if (file->write_s64) {
		err = rc_parse_s64(buf, &s);
		if (!err)
			err = file->write_s64(st, file, s);
	} else {
		err = rc_refuse_group(-EINVAL, NULL, RC_READ_ONLY);
	}
	return err;
}

/**
 * rc_lock_live - lock what is to be changed through a file
 * @file: the file; stays what it is under rc_mutex, and is seen by who opened it
 *
 * Return: 0 with rc_mutex held; -ENODEV its group was removed, -EPERM nothing may be
 * written from where it was opened.
 */
int rc_lock_live(const struct file *file)
{
	struct inode *inode = file_inode(file);
	int err = 0;

	mutex_lock(&rc_mutex);
	if (rc_pde_dead(PDE(inode)))
		err = -ENODEV;
	else if (!rc_view_may_write(inode))
		err = rc_refuse_group(-EPERM, NULL, RC_NOT_IN_VIEW);
	if (err)
		mutex_unlock(&rc_mutex);
	return err;
}

static int rc_write_buf(struct file *file, char *buf)
{
	struct rc_open *of = rc_opened(file);
	const struct rc_file *rf = of->file;
	int err;

	if (rf->core)
		return rf->core->write ? rf->core->write(file, of->grp, buf) :
					 rc_refuse_group(-EINVAL, NULL, RC_READ_ONLY);
	err = rc_lock_live(file);
	if (err)
		return err;
	err = rc_write_state(rc_group_state(of->grp, rf->ss), rf, buf);
	mutex_unlock(&rc_mutex);
	if (rf->ss->settle)
		rf->ss->settle(rc_group_state(of->grp, rf->ss));
	return err;
}

/* isspace() would take the last byte of some letters in UTF-8 for a blank. */
static bool rc_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What is in @buf without white space around it. */
static char *rc_strip(char *buf, size_t len)
{
	while (len && rc_is_blank(buf[len - 1]))
		len--;
	buf[len] = '\0';
	while (rc_is_blank(*buf))
		buf++;
	return buf;
}

ssize_t rc_write(struct file *file, const char __user *ubuf, size_t count,
		 loff_t *ppos)
{
	/* Enough for a number, and most of what is written is one. */
	char few[32], *buf = few;
	const struct rc_file *rf = rc_opened(file)->file;
	u64 since = rc_errors_begin();
	int err;

	if (count > (rf->max ?: PAGE_SIZE))
		return rc_told(-E2BIG, since, file_inode(file), rf->name, NULL);
	if (count < sizeof(few)) {
		if (copy_from_user(few, ubuf, count))
			return -EFAULT;
		few[count] = '\0';
	} else {
		buf = memdup_user_nul(ubuf, count);
		if (IS_ERR(buf))
			return PTR_ERR(buf);
	}
	if (strlen(buf) == count)
		err = rc_write_buf(file, rc_strip(buf, count));
	else
		err = rc_refuse_group(-EINVAL, NULL, "there is a NUL in it");
	rc_told(err, since, file_inode(file), rf->name, skip_spaces(buf));
	if (buf != few)
		kfree(buf);
	return err ?: count;
}

const struct file_operations rc_show_fops = {
	.open		= rc_show_open,
	.read_iter	= rc_read_iter,
	.write		= rc_write,
	.splice_read	= copy_splice_read,
	.llseek		= rc_llseek,
	.release	= rc_file_release,
};

/* Of files that tell of changes, "events" for one. */
static __poll_t rc_poll(struct file *file, poll_table *wait)
{
	struct rc_open *of = rc_opened(file);
	__poll_t ready = EPOLLIN | EPOLLRDNORM;

	poll_wait(file, &of->grp->wait, wait);
	/* Pairs with wq_has_sleeper()'s in rc_group_populate() and rc_state_changed(). */
	smp_mb();
	if (READ_ONCE(of->changes) != rc_changes(of) ||
	    rc_pde_dead(PDE(file_inode(file))))
		ready |= EPOLLERR | EPOLLPRI;
	return ready;
}

const struct file_operations rc_poll_fops = {
	.open		= rc_show_open,
	.read_iter	= rc_read_iter,
	.write		= rc_write,
	.poll		= rc_poll,
	.splice_read	= copy_splice_read,
	.llseek		= rc_llseek,
	.release	= rc_file_release,
};

/*
 * release_agent, notify_on_release
 */

static int rc_agent_show(struct seq_file *m, struct rc_group *grp)
{
	const struct rc_agent *agent;

	rcu_read_lock();
	agent = rcu_dereference(grp->hier->agent);
	seq_printf(m, "%s\n", agent ? agent->path : "");
	rcu_read_unlock();
	return 0;
}

static int rc_agent_write(struct file *file, struct rc_group *grp, char *buf)
{
	int err;

	err = rc_file_admin(file);
	if (!err && strlen(buf) >= PATH_MAX)
		err = -E2BIG;
	err = err ?: rc_lock_live(file);
	if (err)
		return err;
	err = rc_set_agent(grp->hier, buf);
	mutex_unlock(&rc_mutex);
	return err;
}

static const struct rc_core_file rc_agent = {
	.show = rc_agent_show, .write = rc_agent_write,
};

static int rc_notify_show(struct seq_file *m, struct rc_group *grp)
{
	seq_printf(m, "%d\n", READ_ONCE(grp->notify_on_release));
	return 0;
}

static int rc_notify_write(struct file *file, struct rc_group *grp, char *buf)
{
	u64 val;
	int err;

	err = rc_parse_u64(buf, &val);
	if (err || val > 1)
		return -EINVAL;
	err = rc_lock_live(file);
	if (err)
		return err;
	WRITE_ONCE(grp->notify_on_release, val);
	mutex_unlock(&rc_mutex);
	return 0;
}

static const struct rc_core_file rc_notify = {
	.show = rc_notify_show, .write = rc_notify_write,
};

/*
 * events
 */

static int rc_events_show(struct seq_file *m, struct rc_group *grp)
{
	seq_printf(m, "populated %d\n", rc_group_populated(grp));
	if (!rc_is_root(grp))
		seq_printf(m, "frozen %d\n", READ_ONCE(grp->frozen));
	return 0;
}

static const struct rc_core_file rc_events = {
	.show = rc_events_show,
};

/*
 * tasks and procs
 */

static bool rc_pid_visible(pid_t nr, void *arg)
{
	struct proc_fs_info *fs_info = arg;
	struct task_struct *tsk;
	bool ret;

	rcu_read_lock();
	tsk = find_task_by_pid_ns(nr, fs_info->pid_ns);
	ret = tsk && proc_task_visible(fs_info, tsk);
	rcu_read_unlock();
	return ret;
}

/* These files have ids of processes in place of threads. */
static bool rc_is_procs(const struct rc_open *of)
{
	return of->file->private;
}

/* How many ids are printed at a time, and the longest of them with its newline. */
#define RC_IDS		16
#define RC_ID_SIZE	sizeof("2147483647\n")

/* On the account of who has opened the file, not of who was handed it to read. */
static int rc_tasks_charge(struct rc_open *of, const struct file *file)
{
	const struct cred *cred = file->f_cred;
	u64 since = rc_errors_begin();
	struct ucounts *ucounts;

	if (of->ucounts)
		return 0;
	ucounts = rc_charge_user(cred->user_ns, cred->euid, UCOUNT_RC_LISTS);
	if (IS_ERR(ucounts))
		return rc_told(PTR_ERR(ucounts), since, file_inode(file),
			       of->file->name, NULL);
	of->ucounts = ucounts;
	return 0;
}

/* Collects the ids, in place of those that were there. */
static int rc_tasks_collect(struct seq_file *m, struct rc_open *of)
{
	struct proc_fs_info *fs_info = proc_sb_info(file_inode(m->file)->i_sb);
	struct rc_pids pids;
	int err;

	err = rc_tasks_charge(of, m->file);
	if (!err)
		err = rc_pids_collect(of->grp, fs_info->pid_ns,
				      rc_is_procs(of), &pids);
	if (err)
		return err;
	/* The group can have been removed meanwhile, and its tasks with it. */
	if (rc_pde_dead(PDE(file_inode(m->file)))) {
		rc_pids_free(&pids);
		return -ENODEV;
	}
	if (fs_info->hide_pid >= HIDEPID_INVISIBLE)
		err = rc_pids_filter(&pids, rc_pid_visible, fs_info);
	if (err) {
		rc_pids_free(&pids);
		return err;
	}
	rc_pids_free(&of->pids);
	of->pids = pids;
	return 0;
}

/* The position in the list that a piece begins with is that in the file. */
static void *rc_tasks_at(struct rc_open *of, loff_t pos)
{
	return pos < rc_pids_end(&of->pids) ? of : NULL;
}

/*
 * A reader that is at the beginning gets a snapshot, and the rest of it as it
 * reads on or seeks, so that each id comes once and none that stays is missed.
 */
static void *rc_tasks_start(struct seq_file *m, loff_t *pos)
{
	struct rc_open *of = m->private;
	int err;

	if (!of->ucounts || READ_ONCE(of->again)) {
		WRITE_ONCE(of->again, false);
		err = rc_tasks_collect(m, of);
		if (err)
			return ERR_PTR(err);
	}
	return rc_tasks_at(of, *pos);
}

/* Behind what was shown last. */
static void *rc_tasks_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct rc_open *of = v;

	*pos = of->next;
	return rc_tasks_at(of, *pos);
}

/*
 * The text of @id and a newline to @buf, where the @len characters before it are
 * those of the id before, @id - @delta. Mostly these differ in the last digit alone,
 * and that is much less work.
 */
static __always_inline size_t
rc_id_text(char *buf, size_t len, pid_t id, pid_t delta)
{
	if (len && delta < 10 && buf[-2] + delta <= '9') {
		memcpy(buf, buf - len, RC_ID_SIZE - 1);
		buf[len - 2] += delta;
		return len;
	}
	len = num_to_str(buf, RC_ID_SIZE, id, 0);
	buf[len] = '\n';
	return len + 1;
}

/* Most of what a long listing costs: so no call of seq_file for each. */
static int rc_tasks_show(struct seq_file *m, void *v)
{
	char buf[RC_IDS * RC_ID_SIZE];
	struct rc_open *of = v;
	size_t pos = m->index, end = rc_pids_end(&of->pids), len = 0, one = 0;
	pid_t id, last = 0;
	unsigned int i;

	for (i = 0; i < RC_IDS; i++, pos++) {
		pos = rc_pids_next(&of->pids, pos);
		if (pos == end)
			break;
		id = rc_pids_at(&of->pids, pos);
		one = rc_id_text(buf + len, one, id, id - last);
		len += one;
		last = id;
	}
	of->next = pos;
	seq_write(m, buf, len);
	return 0;
}

static const struct seq_operations rc_tasks_ops = {
	.start	= rc_tasks_start,
	.next	= rc_tasks_next,
	.stop	= rc_stop,
	.show	= rc_tasks_show,
};

static int rc_tasks_open(struct inode *inode, struct file *file)
{
	return rc_open(inode, file, &rc_tasks_ops);
}

static int rc_tasks_write(struct file *file, struct rc_group *grp, char *buf)
{
	pid_t nr;

	if (!rc_is_decimal(buf, false) || kstrtoint(buf, 10, &nr))
		return -EINVAL;
	return rc_attach(grp, nr, rc_is_procs(rc_opened(file)), file->f_cred,
			 rc_view(file_inode(file)->i_sb));
}

/*
 * Also for who seeks back to the beginning and reads. Readers that share a
 * descriptor have one list, whichever of them has begun anew.
 */
static ssize_t rc_tasks_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct rc_open *of = rc_opened(iocb->ki_filp);

	if (!iocb->ki_pos)
		WRITE_ONCE(of->again, true);
	return rc_read_iter(iocb, iter);
}

static const struct rc_core_file rc_tasks = {
	.write = rc_tasks_write,
};

const struct file_operations rc_tasks_fops = {
	.open		= rc_tasks_open,
	.read_iter	= rc_tasks_read_iter,
	.write		= rc_write,
	.splice_read	= copy_splice_read,
	.llseek		= rc_llseek,
	.release	= rc_file_release,
};

const struct rc_file rc_top_files[] = {
	{ .name = "subsystems", .mode = 0444, .core = &rc_top_subsystems },
	{ .name = "errors", .mode = 0444, .fops = &rc_errors_fops },
	{ }
};

const struct rc_file rc_core_files[] = {
	{ .name = "subsystems", .mode = 0644, .core = &rc_subsystems,
	  .flags = RC_FILE_ROOT_ONLY },
	{ .name = "release_agent", .mode = 0644, .core = &rc_agent,
	  .max = PATH_MAX, .flags = RC_FILE_ROOT_ONLY },
	{ .name = "tasks", .mode = 0644, .core = &rc_tasks,
	  .fops = &rc_tasks_fops },
	{ .name = "procs", .mode = 0644, .core = &rc_tasks,
	  .fops = &rc_tasks_fops, .private = true },
	{ .name = "events", .mode = 0444, .core = &rc_events,
	  .fops = &rc_poll_fops },
	{ .name = "notify_on_release", .mode = 0644, .core = &rc_notify },
	{ .name = "kill", .mode = 0200, .core = &rc_kill,
	  .fops = &rc_kill_fops, .flags = RC_FILE_NOT_ROOT },
	{ .name = "freeze", .mode = 0644, .core = &rc_freeze,
	  .flags = RC_FILE_NOT_ROOT },
	{ .name = "namespaces", .mode = 0444, .core = &rc_namespaces },
	{ .name = "groups", .mode = 0444, .fops = &rc_groups_fops },
	{ .name = "cgroup.procs", .mode = 0644, .core = &rc_tasks,
	  .fops = &rc_tasks_fops, .private = true, .flags = RC_FILE_OLD },
	{ }
};

/*
 * /proc/PID/rc and /proc/PID/task/TID/rc: one line for each hierarchy, oldest
 * first,
 *
 *   HIERARCHY:CONTROLLER,CONTROLLER...:PATH
 *
 * where there may be no controller, and PATH, which starts with a slash, may
 * hold colons. It starts from what the mount of proc shows. Empty for a task that
 * has let go of its groups on its way out.
 */
int proc_rc_membership(struct seq_file *m, struct pid_namespace *ns,
		       struct pid *pid, struct task_struct *tsk)
{
	return rc_show_membership(m, ns, tsk);
}
