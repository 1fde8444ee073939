// SPDX-License-Identifier: GPL-2.0
/*
 * The file "groups": a table of a group and of all below it, a line each, parents
 * first and siblings in order of their birth:
 *
 *   #path TAB tasks TAB populated TAB columns of controllers
 *
 * Blanks and backslashes in a path are octal, as in /proc/mounts. "-" stands for
 * what a group has not: roots do not count their tasks, and some files are not in them.
 *
 * It is not a snapshot, which would take the memory or the locks for one. The reader
 * holds the group where it is, and goes on from there, so that a group that stays is
 * met once whatever happens around it. A controller gives the columns that cost no
 * more than to read, see &rc_file.column.
 *
 * Who has opened the file sees no name of a group whose directory he could not search,
 * nor of those below. That is looked at for each group when its turn comes, and for
 * those above it at the beginning of each piece.
 */

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "rc_internal.h"

/* More than the files of all controllers together. */
#define RC_MAX_COLUMNS	32

/**
 * struct rc_groups - an open table
 * @grp: the group whose file this is, with a reference
 * @view: the pid namespace from whose top paths start
 * @pos: the group whose line comes next, with a reference; NULL at the beginning, and
 *	behind the last
 * @newest: the youngest group when the header was printed; younger ones are left out
 * @nr: how many columns of controllers the header has
 * @column: the files whose columns they are
 * @seen: @grp was within what @view shows when this piece began
 * @creds: the reader's own, while the opener's are in use
 *
 * All but the first two belong to the reader, under the seq_file's lock.
 */
struct rc_groups {
	struct rc_group *grp;
	struct pid_namespace *view;
	struct rc_group *pos;
	u64 newest;
	unsigned int nr;
	const struct rc_file *column[RC_MAX_COLUMNS];
	bool seen;
	const struct cred *creds;
};

static void rc_groups_end(struct rc_groups *groups)
{
	if (groups->pos)
		rc_group_put(groups->pos);
	groups->pos = NULL;
}

/* Is this one to be seen, if those above it are? */
static bool rc_groups_shows(const struct rc_groups *groups)
{
	guard(rcu)();
	return rc_dir_may_search(groups->pos);
}

/* Goes on to the next that is to be seen, from @pos on. */
static struct rc_group *rc_groups_settle(struct rc_groups *groups)
{
	/* Where nothing was given, a root has one line. */
	if (!groups->seen &&
	    (groups->pos != groups->grp || !rc_is_root(groups->grp)))
		rc_groups_end(groups);
	while (groups->pos && !rc_groups_shows(groups)) {
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		cond_resched();
		groups->pos = rc_group_walk(groups->pos, groups->grp,
					    groups->newest, false);
	}
	return groups->pos;
}

/* The group on the way from the top to @pos that hides those below it, or NULL. */
static struct rc_group *rc_groups_hidden(const struct rc_groups *groups)
{
	struct rc_group *grp = groups->pos, *hidden = NULL, *top;

	guard(rcu)();
	top = rc_view_top(groups->view, grp->hier);
	for (;; grp = grp->parent) {
		if (!rc_dir_may_search(grp))
			hidden = grp;
		if (grp == top || rc_is_root(grp))
			return hidden;
	}
}

/* The beginning of a piece: others can have changed what is seen since the last. */
static struct rc_group *rc_groups_resume(struct rc_groups *groups)
{
	struct rc_group *hidden;

	if (!groups->pos)
		return NULL;
	hidden = rc_groups_hidden(groups);
	if (hidden && hidden->depth < groups->grp->depth) {
		rc_groups_end(groups);
	} else if (hidden) {
		rc_group_get(hidden);
		rc_group_put(groups->pos);
		groups->pos = rc_group_walk(hidden, groups->grp,
					    groups->newest, false);
	}
	return rc_groups_settle(groups);
}

/* Those of the controllers that are bound at this moment. */
static void rc_groups_columns(struct rc_groups *groups)
{
	unsigned long mask = READ_ONCE(groups->grp->hier->subsys_mask);
	const struct rc_file *file;
	struct rc_subsys *ss;
	unsigned int id;

	groups->nr = 0;
	for_each_rc_subsys_in(ss, id, &mask)
		for (file = ss->files; file && file->name; file++)
			if (file->column && groups->nr < RC_MAX_COLUMNS)
				groups->column[groups->nr++] = file;
}

/* Where it is not 0, @index is where the last piece ended: that is @pos. */
static void *rc_groups_start(struct seq_file *m, loff_t *index)
{
	struct rc_groups *groups = m->private;

	groups->creds = override_creds(m->file->f_cred);
	groups->seen = rc_view_has(groups->view, groups->grp, false);
	if (*index)
		return rc_groups_resume(groups);
	rc_groups_end(groups);
	groups->newest = rc_newest_serial();
	rc_groups_columns(groups);
	return SEQ_START_TOKEN;
}

static void *rc_groups_next(struct seq_file *m, void *v, loff_t *index)
{
	struct rc_groups *groups = m->private;

	++*index;
	if (v == SEQ_START_TOKEN) {
		groups->pos = rc_group_get(groups->grp);
		return rc_groups_resume(groups);
	}
	groups->pos = rc_group_walk(groups->pos, groups->grp, groups->newest, true);
	return rc_groups_settle(groups);
}

static void rc_groups_stop(struct seq_file *m, void *v)
{
	struct rc_groups *groups = m->private;

	revert_creds(groups->creds);
}

static void rc_groups_header(struct seq_file *m, const struct rc_groups *groups)
{
	unsigned int i;

	seq_puts(m, "#path\ttasks\tpopulated");
	for (i = 0; i < groups->nr; i++) {
		seq_putc(m, '\t');
		seq_puts(m, groups->column[i]->name);
	}
	seq_putc(m, '\n');
}

/* Its state, if it has the file; a root can have other controllers by now. */
static struct rc_state *rc_groups_state(struct rc_group *grp,
					const struct rc_file *file)
{
	if (!rc_has_file(grp, file) ||
	    !(READ_ONCE(grp->hier->subsys_mask) & BIT(file->ss->id)))
		return NULL;
	return rc_group_state(grp, file->ss);
}

static int rc_groups_show(struct seq_file *m, void *v)
{
	struct rc_groups *groups = m->private;
	struct rc_group *grp = groups->pos;
	unsigned long nr = 0;
	unsigned int i;

	if (v == SEQ_START_TOKEN) {
		rc_groups_header(m, groups);
		return 0;
	}
	rcu_read_lock();
	rc_show_group_path(m, groups->view, grp->hier,
			   rc_is_root(grp) ? NULL : grp, true);
	rcu_read_unlock();
	if (rc_is_root(grp)) {
		seq_puts(m, "\t-");
	} else {
		nr = rc_group_nr_tasks(grp);
		seq_put_decimal_ull(m, "\t", nr);
	}
	/* It may have lost them since. */
	seq_put_decimal_ull(m, "\t", nr || rc_group_populated(grp));
	for (i = 0; i < groups->nr; i++) {
		const struct rc_file *file = groups->column[i];
		struct rc_state *st = rc_groups_state(grp, file);

		seq_putc(m, '\t');
		if (st)
			file->column(m, st);
		else
			seq_putc(m, '-');
	}
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations rc_groups_ops = {
	.start	= rc_groups_start,
	.next	= rc_groups_next,
	.stop	= rc_groups_stop,
	.show	= rc_groups_show,
};

static int rc_groups_open(struct inode *inode, struct file *file)
{
	struct proc_dir_entry *de = PDE(inode);
	struct rc_groups *groups;

	if (rc_pde_dead(de))
		return -ENODEV;
	groups = __seq_open_private(file, &rc_groups_ops, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	groups->grp = rc_group_get(de->data);
	groups->view = rc_view(inode->i_sb);
	return 0;
}

static int rc_groups_release(struct inode *inode, struct file *file)
{
	struct rc_groups *groups = ((struct seq_file *)file->private_data)->private;

	rc_groups_end(groups);
	rc_group_put(groups->grp);
	return seq_release_private(inode, file);
}

/* As much as there is room for: a seq_file alone would end at a page. */
static ssize_t rc_groups_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct proc_dir_entry *de = PDE(file_inode(iocb->ki_filp));
	ssize_t len = -ENODEV, done = 0;

	while (!rc_pde_dead(de)) {
		len = seq_read_iter(iocb, iter);
		if (len <= 0)
			break;
		done += len;
		if (!iov_iter_count(iter) || signal_pending(current))
			break;
		cond_resched();
	}
	return done ?: len;
}

const struct file_operations rc_groups_fops = {
	.open		= rc_groups_open,
	.read_iter	= rc_groups_read_iter,
	.splice_read	= copy_splice_read,
	.llseek		= rc_llseek,
	.release	= rc_groups_release,
};
