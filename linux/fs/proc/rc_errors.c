// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/rc/errors: why the last operations were refused, a line each, oldest first:
 *
 *   SECONDS TAB PID TAB COMM TAB HIERARCHY:PATH TAB WHAT VALUE: RULE
 *
 * Those of the effective user who has opened it; those of all, if that one has
 * CAP_SYS_ADMIN in the initial user namespace. Through a view, only what was done through
 * it. "?" stands for a group that was removed, or that the opener may not see. What
 * users have chosen has control characters, backslashes, and, but in the text, blanks
 * in octal.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/splice.h>

#include "../../kernel/rc/errors.h"
#include "rc_internal.h"

/* All of ASCII that does not print, and the backslash. */
#define RC_CONTROLS	"\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017" \
			"\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037" \
			"\177\\"

/**
 * struct rc_errors_reader - who has opened it
 * @view: the pid namespace of the mount
 * @uid: whose are shown
 * @all: those of all are
 * @last: the youngest when reading began
 * @creds: the reader's own, while the opener's are in use
 */
struct rc_errors_reader {
	struct pid_namespace *view;
	kuid_t uid;
	bool all;
	u64 last;
	const struct cred *creds;
};

static bool rc_errors_shows(const struct rc_errors_reader *reader,
			    const struct rc_error *rec)
{
	if (rec->seq > reader->last)
		return false;
	if (reader->view != &init_pid_ns && rec->view != READ_ONCE(reader->view->rc_id))
		return false;
	return reader->all || uid_eq(rec->uid, reader->uid);
}

/* Under RCU. The number of the record is its place. */
static void *rc_errors_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	struct rc_errors_reader *reader = m->private;
	struct rc_error *rec;

	reader->creds = override_creds(m->file->f_cred);
	if (!*pos)
		reader->last = rc_errors_begin();
	rcu_read_lock();
	list_for_each_entry_rcu(rec, &rc_errors, node) {
		if (rec->seq >= *pos && rc_errors_shows(reader, rec)) {
			*pos = rec->seq;
			return rec;
		}
	}
	return NULL;
}

static void *rc_errors_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct rc_errors_reader *reader = m->private;
	struct rc_error *rec = v;

	list_for_each_entry_continue_rcu(rec, &rc_errors, node) {
		if (rc_errors_shows(reader, rec)) {
			*pos = rec->seq;
			return rec;
		}
	}
	*pos = reader->last + 1;
	return NULL;
}

static void rc_errors_stop(struct seq_file *m, void *v)
	__releases(RCU)
{
	struct rc_errors_reader *reader = m->private;

	rcu_read_unlock();
	revert_creds(reader->creds);
}

/* The group whose serials these are, if current may see it; for rc_group_put(). */
static struct rc_group *rc_errors_group(struct pid_namespace *view, const u64 *serial,
					unsigned int nr)
{
	struct rc_group *grp = NULL, *next;
	bool seen = true;

	while (nr-- && seen) {
		next = rc_group_next(grp ?: &rc_top, serial[nr]);
		if (grp)
			rc_group_put(grp);
		grp = next;
		/* What is above the top of a view is neither seen nor asked. */
		seen = grp && grp->serial == serial[nr] &&
		       (!rc_view_has(view, grp, false) || rc_dir_may_search(grp));
	}
	if (grp && !(seen && (rc_view_has(view, grp, false) || rc_is_root(grp)))) {
		rc_group_put(grp);
		grp = NULL;
	}
	return grp;
}

static void rc_errors_show_group(struct seq_file *m, struct rc_group *grp,
				 struct pid_namespace *view)
{
	seq_escape(m, rcu_dereference(grp->hier->root.name), " \\");
	seq_putc(m, ':');
	rc_show_group_path(m, view, grp->hier, rc_is_root(grp) ? NULL : grp, true);
}

static int rc_errors_show(struct seq_file *m, void *v)
{
	struct rc_errors_reader *reader = m->private;
	struct pid_namespace *view = reader->view;
	struct rc_error *rec = v;
	struct rc_group *grp;

	seq_printf(m, "%lld\t%d\t", rec->time,
		   view == &init_pid_ns ? rec->pid : rec->view_pid);
	seq_escape(m, rec->comm, RC_CONTROLS " ");
	seq_putc(m, '\t');
	grp = rc_errors_group(view, rec->serial, rec->nr);
	if (grp) {
		rc_errors_show_group(m, grp, view);
		rc_group_put(grp);
	} else {
		seq_putc(m, rec->nr ? '?' : '-');
	}
	seq_putc(m, '\t');
	seq_escape(m, rec->text, RC_CONTROLS);
	grp = rc_errors_group(view, rec->serial + rec->nr, rec->nr_other);
	if (grp) {
		seq_putc(m, ' ');
		rc_errors_show_group(m, grp, view);
		rc_group_put(grp);
	} else if (rec->nr_other) {
		seq_puts(m, " ?");
	}
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations rc_errors_ops = {
	.start	= rc_errors_start,
	.next	= rc_errors_next,
	.stop	= rc_errors_stop,
	.show	= rc_errors_show,
};

static int rc_errors_open(struct inode *inode, struct file *file)
{
	struct rc_errors_reader *reader;

	reader = __seq_open_private(file, &rc_errors_ops, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->view = rc_view(inode->i_sb);
	reader->uid = file->f_cred->euid;
	reader->all = file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN);
	return 0;
}

const struct file_operations rc_errors_fops = {
	.open		= rc_errors_open,
	.read_iter	= seq_read_iter,
	.splice_read	= copy_splice_read,
	.llseek		= rc_llseek,
	.release	= seq_release_private,
};

/**
 * rc_file_admin - may who has opened a file change hierarchies?
 * @file: the file
 *
 * Not who was made to write to what he was given.
 *
 * Return: 0 or -EPERM.
 */
int rc_file_admin(const struct file *file)
{
	if (file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN))
		return 0;
	return rc_refuse_group(-EPERM, NULL, RC_NEEDS_ADMIN);
}

/**
 * rc_told - an operation on a directory or a file has ended
 * @err: as for rc_errors_end()
 * @since: as there
 * @inode: the directory or the file
 * @what: as there
 * @value: as there
 *
 * Context: process context; the inode is held.
 * Return: @err.
 */
int rc_told(int err, u64 since, const struct inode *inode, const char *what,
	    const char *value)
{
	if (likely(err >= 0))
		return err;
	return rc_errors_end(err, since, PDE(inode)->data, rc_view(inode->i_sb), what,
			     value);
}

/**
 * rc_name_refused - a name cannot be had
 * @dir: the directory
 * @dentry: has the name
 * @flags: of the lookup; if it is not to make something, nothing is noted
 * @err: -EEXIST or -ENAMETOOLONG: the VFS does not come to mkdir, and some renamings, then
 *
 * Context: process context, @dir locked.
 * Return: @err.
 */
int rc_name_refused(const struct inode *dir, const struct dentry *dentry,
		    unsigned int flags, int err)
{
	if (!(flags & (LOOKUP_EXCL | LOOKUP_CREATE | LOOKUP_RENAME_TARGET)))
		return err;
	return rc_told(err, rc_errors_begin(), dir, "make", dentry->d_name.name);
}
