// SPDX-License-Identifier: GPL-2.0
/*
 * Resource control in /proc: the directories and files of /proc/rc, and
 * /proc/PID/rc.
 *
 * A group's directory and its files are entries of procfs, but of a kind that is
 * never waited for: stock procfs removes an entry when no file operation on it
 * is under way, and a user can stall a read or a write in a page fault at will.
 * Here removal only marks the entry dead (in_use below 0). Each entry holds a
 * reference to its group, and so does each open file; each operation looks at
 * the mark, those that change something under rc_mutex.
 *
 * Each mount of proc has its own dentries and inodes for one tree of entries.
 * What was done through another mount shows when a dentry is looked at again:
 * it is dropped if its entry is dead, and the inode takes mode and owner from
 * the entry before they are used. A dentry for a name that is not there exists
 * only while that name is being made.
 */

#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/rc.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uaccess.h>

#include "../../kernel/rc/internal.h"
#include "internal.h"

/*
 * Positions in a directory, after "." and "..": files of the core, files of each
 * controller, then groups by serial, which no other group gets again.
 */
#define RC_POS_FILES	2
#define RC_POS_SUBSYS	32
#define RC_FILES_MAX	32
#define RC_POS_GROUPS	(RC_POS_SUBSYS + CONFIG_RC_MAX_SUBSYS * RC_FILES_MAX)

/**
 * struct rc_open - an open file
 * @grp: its group, with a reference
 * @file: what the file is
 * @pids: ids, if it lists tasks; belongs to the reader, under the seq_file's
 *	lock
 */
struct rc_open {
	struct rc_group *grp;
	const struct rc_file *file;
	struct rc_pids pids;
};

static const struct inode_operations rc_dir_iops;
static const struct inode_operations rc_file_iops;
static const struct file_operations rc_dir_fops;
static const struct file_operations rc_show_fops;
static const struct file_operations rc_tasks_fops;
static const struct file_operations rc_subsystems_fops;
static const struct dentry_operations rc_dops;

static struct rc_file rc_top_files[] = {
	{ .name = "subsystems", .mode = 0444, .fops = &rc_subsystems_fops },
	{ }
};

/* Those that only a root has come first. */
static struct rc_file rc_root_files[] = {
	{ .name = "subsystems", .mode = 0444, .fops = &rc_subsystems_fops },
	{ .name = "tasks", .mode = 0644, .fops = &rc_tasks_fops },
	{ }
};

static struct rc_file * const rc_group_files = rc_root_files + 1;

static struct rc_file *rc_core_files(const struct rc_group *grp)
{
	if (grp == &rc_top)
		return rc_top_files;
	return rc_is_root(grp) ? rc_root_files : rc_group_files;
}

static bool rc_pde_dead(const struct proc_dir_entry *de)
{
	return atomic_read(&de->in_use) < 0;
}

/*
 * Entries
 */

/* Makes an entry that no one sees, with a reference to @grp. */
static struct proc_dir_entry *rc_pde_alloc(struct rc_group *grp,
					   const char *name, umode_t mode)
{
	struct proc_dir_entry *de;

	de = kmem_cache_zalloc(proc_dir_entry_cache, GFP_KERNEL_ACCOUNT);
	if (!de)
		return NULL;
	de->namelen = strlen(name);
	de->name = de->inline_name;
	if (de->namelen >= SIZEOF_PDE_INLINE_NAME)
		de->name = kmalloc(de->namelen + 1, GFP_KERNEL_ACCOUNT);
	if (!de->name || proc_alloc_inum(&de->low_ino)) {
		pde_free(de);
		return NULL;
	}
	strscpy(de->name, name, de->namelen + 1);
	de->mode = mode;
	de->nlink = S_ISDIR(mode) ? 2 : 1;
	de->subdir = RB_ROOT;
	RB_CLEAR_NODE(&de->subdir_node);
	refcount_set(&de->refcnt, 1);
	spin_lock_init(&de->pde_unload_lock);
	INIT_LIST_HEAD(&de->pde_openers);
	de->uid = current_fsuid();
	de->gid = current_fsgid();
	de->proc_dops = &rc_dops;
	de->flags = PROC_ENTRY_RC;
	de->data = rc_group_get(grp);
	return de;
}

static int rc_add_file(struct proc_dir_entry *dir, struct rc_group *grp,
		       const struct rc_file *file)
{
	struct proc_dir_entry *de;
	int err;

	de = rc_pde_alloc(grp, file->name, S_IFREG | file->mode);
	if (!de)
		return -ENOMEM;
	de->proc_iops = &rc_file_iops;
	de->rc_file = file;
	err = pde_link(dir, de);
	if (err)
		pde_put(de);
	return err;
}

static int rc_add_files(struct proc_dir_entry *dir, struct rc_group *grp,
			const struct rc_file *file)
{
	int err = 0;

	for (; !err && file && file->name; file++)
		err = rc_add_file(dir, grp, file);
	return err;
}

/*
 * Takes a directory and its files out of the tree and marks them dead, waiting
 * for no one. It has no directories in it. Works on one that was not linked.
 */
static void rc_kill_dir(struct proc_dir_entry *dir)
{
	struct proc_dir_entry *de;

	while ((de = pde_unlink_first(dir)))
		pde_put(de);
	pde_unlink(dir);
	pde_put(dir);
}

/* Makes the directory of a new group, not in the tree yet. */
static struct proc_dir_entry *rc_make_dir(struct rc_group *grp, umode_t mode)
{
	struct proc_dir_entry *dir;
	struct rc_subsys *ss;
	unsigned int id;
	int err;

	dir = rc_pde_alloc(grp, grp->name, S_IFDIR | mode);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->proc_iops = &rc_dir_iops;
	dir->proc_dir_ops = &rc_dir_fops;

	err = rc_add_files(dir, grp, rc_core_files(grp));
	for_each_rc_subsys_in(ss, id, &grp->hier->subsys_mask)
		if (!err)
			err = rc_add_files(dir, grp, ss->files);
	if (err) {
		rc_kill_dir(dir);
		return ERR_PTR(err);
	}
	return dir;
}

/*
 * Inodes and dentries
 */

/* Takes mode and owner from the entry, which all mounts share. */
static void rc_refresh_inode(struct inode *inode)
{
	struct proc_dir_entry *de = PDE(inode);

	inode->i_mode = READ_ONCE(de->mode);
	inode->i_uid = READ_ONCE(de->uid);
	inode->i_gid = READ_ONCE(de->gid);
}

/* Takes over the caller's reference to @de, also on failure. */
static struct inode *rc_get_inode(struct super_block *sb,
				  struct proc_dir_entry *de)
{
	struct inode *inode = proc_get_inode(sb, de);

	if (inode && S_ISREG(inode->i_mode))
		inode->i_fop = de->rc_file->fops ?: &rc_show_fops;
	return inode;
}

static struct dentry *rc_lookup(struct inode *dir, struct dentry *dentry,
				unsigned int flags)
{
	struct proc_dir_entry *de;
	struct inode *inode;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	de = pde_lookup(PDE(dir), dentry->d_name.name, dentry->d_name.len);
	if (!de) {
		if (!(flags & (LOOKUP_CREATE | LOOKUP_RENAME_TARGET)) ||
		    rc_pde_dead(PDE(dir)))
			return ERR_PTR(-ENOENT);
		inode = NULL;
	} else {
		inode = rc_get_inode(dir->i_sb, de);
		if (!inode)
			return ERR_PTR(-ENOMEM);
	}
	d_set_d_op(dentry, &rc_dops);
	return d_splice_alias(inode, dentry);
}

static int rc_d_revalidate(struct dentry *dentry, unsigned int flags)
{
	struct proc_dir_entry *de;
	struct inode *inode;

	if (flags & LOOKUP_RCU)
		return -ECHILD;
	inode = d_inode(dentry);
	if (!inode)
		return 0;
	de = PDE(inode);
	if (rc_pde_dead(de))
		return 0;
	rc_refresh_inode(inode);
	return 1;
}

static int rc_d_delete(const struct dentry *dentry)
{
	return d_really_is_negative(dentry) ||
	       rc_pde_dead(PDE(d_inode(dentry)));
}

static const struct dentry_operations rc_dops = {
	.d_revalidate	= rc_d_revalidate,
	.d_delete	= rc_d_delete,
};

static int rc_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	if (mask & MAY_NOT_BLOCK)
		return -ECHILD;
	rc_refresh_inode(inode);
	return generic_permission(&nop_mnt_idmap, inode, mask);
}

static int rc_getattr(struct mnt_idmap *idmap, const struct path *path,
		      struct kstat *stat, u32 request_mask,
		      unsigned int query_flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct proc_dir_entry *de = PDE(inode);

	rc_refresh_inode(inode);
	generic_fillattr(&nop_mnt_idmap, request_mask, inode, stat);
	stat->nlink = rc_pde_dead(de) ? 0 : READ_ONCE(de->nlink);
	return 0;
}

static int rc_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		      struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct proc_dir_entry *de = PDE(inode);
	int err;

	/* The mutex orders changes through different mounts. */
	mutex_lock(&rc_mutex);
	rc_refresh_inode(inode);
	err = setattr_prepare(&nop_mnt_idmap, dentry, attr);
	if (!err && rc_pde_dead(de))
		err = -ENODEV;
	if (!err) {
		setattr_copy(&nop_mnt_idmap, inode, attr);
		WRITE_ONCE(de->mode, inode->i_mode);
		WRITE_ONCE(de->uid, inode->i_uid);
		WRITE_ONCE(de->gid, inode->i_gid);
	}
	mutex_unlock(&rc_mutex);
	return err;
}

/*
 * mkdir, rmdir, readdir
 */

static int rc_mkdir(struct mnt_idmap *idmap, struct inode *dir,
		    struct dentry *dentry, umode_t mode)
{
	struct proc_dir_entry *parent_de = PDE(dir), *de;
	struct rc_group *parent = parent_de->data, *grp;
	struct inode *inode;
	int err;

	if (parent == &rc_top && !capable(CAP_SYS_ADMIN))
		return -EPERM;

	mutex_lock(&rc_mutex);
	err = -ENOENT;
	if (rc_pde_dead(parent_de))
		goto out_unlock;
	/*
	 * Another mount can have been faster: EEXIST, before a bound controller
	 * makes it EBUSY.
	 */
	de = pde_lookup(parent_de, dentry->d_name.name, dentry->d_name.len);
	if (de) {
		pde_put(de);
		err = -EEXIST;
		goto out_unlock;
	}
	grp = rc_group_create(parent, dentry->d_name.name);
	err = PTR_ERR_OR_ZERO(grp);
	if (err)
		goto out_unlock;
	de = rc_make_dir(grp, mode & 01777);
	err = PTR_ERR_OR_ZERO(de);
	if (err)
		goto out_put_group;
	pde_get(de);
	inode = rc_get_inode(dir->i_sb, de);
	err = -ENOMEM;
	if (!inode)
		goto out_kill_dir;

	grp->pde = de;
	err = pde_link(parent_de, de);
	if (err)
		goto out_put_inode;
	rc_group_publish(grp);
	mutex_unlock(&rc_mutex);
	d_instantiate(dentry, inode);
	return 0;

out_put_inode:
	iput(inode);
out_kill_dir:
	rc_kill_dir(de);
out_put_group:
	rc_group_put(grp);
out_unlock:
	mutex_unlock(&rc_mutex);
	return err;
}

static int rc_rmdir(struct inode *dir, struct dentry *dentry)
{
	struct proc_dir_entry *de = PDE(d_inode(dentry));
	struct rc_group *grp = de->data;
	int err;

	if (rc_is_root(grp) && !capable(CAP_SYS_ADMIN))
		return -EPERM;

	mutex_lock(&rc_mutex);
	err = rc_group_remove(grp);
	if (!err)
		rc_kill_dir(de);
	mutex_unlock(&rc_mutex);
	return err;
}

/* The file at a position, if the directory can have one there. */
static const struct rc_file *rc_file_at(struct rc_group *grp, loff_t pos)
{
	const struct rc_file *file;
	struct rc_subsys *ss;

	if (pos < RC_POS_SUBSYS) {
		file = rc_core_files(grp);
		pos -= RC_POS_FILES;
	} else {
		unsigned int id = (pos - RC_POS_SUBSYS) / RC_FILES_MAX;

		if (grp == &rc_top || id >= rc_nr_subsys)
			return NULL;
		ss = rc_subsys_by_id(id);
		if (!test_bit(id, &grp->hier->subsys_mask) || !ss->files)
			return NULL;
		file = ss->files;
		pos = (pos - RC_POS_SUBSYS) % RC_FILES_MAX;
	}
	for (; file->name; file++)
		if (!pos--)
			return file;
	return NULL;
}

static bool rc_emit_file(struct dir_context *ctx, struct proc_dir_entry *dir,
			 const struct rc_file *file)
{
	struct proc_dir_entry *de;
	bool ret;

	de = pde_lookup(dir, file->name, strlen(file->name));
	if (!de)
		return true;
	ret = dir_emit(ctx, de->name, de->namelen, de->low_ino, DT_REG);
	pde_put(de);
	return ret;
}

static int rc_readdir(struct file *file, struct dir_context *ctx)
{
	struct proc_dir_entry *dir = PDE(file_inode(file));
	struct rc_group *parent = dir->data, *grp;

	if (rc_pde_dead(dir))
		return -ENOENT;
	if (!dir_emit_dots(file, ctx))
		return 0;
	for (; ctx->pos < RC_POS_GROUPS; ctx->pos++) {
		const struct rc_file *rf = rc_file_at(parent, ctx->pos);

		if (rf && !rc_emit_file(ctx, dir, rf))
			return 0;
	}
	for (;;) {
		char name[NAME_MAX + 1];
		unsigned int ino;
		u64 serial;

		/* The reader can stall dir_emit(), so not under the mutex. */
		mutex_lock(&rc_mutex);
		grp = rc_group_next(parent, ctx->pos - RC_POS_GROUPS);
		if (grp) {
			strscpy(name, grp->name, sizeof(name));
			ino = grp->pde->low_ino;
			serial = grp->serial;
		}
		mutex_unlock(&rc_mutex);
		if (!grp)
			return 0;
		ctx->pos = RC_POS_GROUPS + serial;
		if (!dir_emit(ctx, name, strlen(name), ino, DT_DIR))
			return 0;
		ctx->pos++;
	}
}

static loff_t rc_dir_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, LLONG_MAX, 0);
}

static const struct inode_operations rc_dir_iops = {
	.lookup		= rc_lookup,
	.mkdir		= rc_mkdir,
	.rmdir		= rc_rmdir,
	.permission	= rc_permission,
	.getattr	= rc_getattr,
	.setattr	= rc_setattr,
};

static const struct inode_operations rc_file_iops = {
	.permission	= rc_permission,
	.getattr	= rc_getattr,
	.setattr	= rc_setattr,
};

static const struct file_operations rc_dir_fops = {
	.llseek		= rc_dir_llseek,
	.read		= generic_read_dir,
	.iterate_shared	= rc_readdir,
};

/*
 * Files
 */

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
	/* seq_open() takes it away; here the offset of a write means nothing. */
	if (file->f_mode & FMODE_WRITE)
		file->f_mode |= FMODE_PWRITE;
	return 0;
}

static int rc_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct rc_open *of = m->private;

	kvfree(of->pids.pid);
	rc_group_put(of->grp);
	return seq_release_private(inode, file);
}

static ssize_t rc_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	if (rc_pde_dead(PDE(file_inode(iocb->ki_filp))))
		return -ENODEV;
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

	return of->file->show(m, of->grp->state[of->file->ss->id]);
}

static const struct seq_operations rc_show_ops = {
	.start	= rc_single_start,
	.next	= rc_single_next,
	.stop	= rc_stop,
	.show	= rc_show,
};

static int rc_show_open(struct inode *inode, struct file *file)
{
	return rc_open(inode, file, &rc_show_ops);
}

static const struct file_operations rc_show_fops = {
	.open		= rc_show_open,
	.read_iter	= rc_read_iter,
	.splice_read	= copy_splice_read,
	.llseek		= seq_lseek,
	.release	= rc_release,
};

static int rc_subsystems_show(struct seq_file *m, void *v)
{
	struct rc_open *of = m->private;
	struct rc_subsys *ss;
	unsigned int id;

	mutex_lock(&rc_mutex);
	if (of->grp != &rc_top) {
		rc_show_subsys_list(m, of->grp->hier->subsys_mask, ' ');
		seq_putc(m, '\n');
	} else {
		seq_puts(m, "#subsys_name\thierarchy\tnum_groups\tenabled\n");
		for_each_rc_subsys(ss, id)
			seq_printf(m, "%s\t%s\t%u\t%d\n", ss->name,
				   ss->hier ? ss->hier->root.name : "-",
				   ss->hier ? ss->hier->nr_groups : 0, 1);
	}
	mutex_unlock(&rc_mutex);
	return 0;
}

static const struct seq_operations rc_subsystems_ops = {
	.start	= rc_single_start,
	.next	= rc_single_next,
	.stop	= rc_stop,
	.show	= rc_subsystems_show,
};

static int rc_subsystems_open(struct inode *inode, struct file *file)
{
	return rc_open(inode, file, &rc_subsystems_ops);
}

static const struct file_operations rc_subsystems_fops = {
	.open		= rc_subsystems_open,
	.read_iter	= rc_read_iter,
	.splice_read	= copy_splice_read,
	.llseek		= seq_lseek,
	.release	= rc_release,
};

/* Leaves out what the mount's hidepid option hides from the reader. */
static void rc_pids_hide(struct proc_fs_info *fs_info, struct rc_pids *pids)
{
	size_t i, out = 0;

	if (fs_info->hide_pid < HIDEPID_INVISIBLE)
		return;
	for (i = 0; i < pids->nr; i++) {
		struct task_struct *tsk;

		rcu_read_lock();
		tsk = find_task_by_pid_ns(pids->pid[i], fs_info->pid_ns);
		if (tsk && proc_task_visible(fs_info, tsk))
			pids->pid[out++] = pids->pid[i];
		rcu_read_unlock();
	}
	pids->nr = out;
}

/*
 * A reader that starts gets a snapshot, and the rest of it as it reads on, so
 * that each id comes once and none that stays is missed.
 */
static void *rc_tasks_start(struct seq_file *m, loff_t *pos)
{
	struct proc_fs_info *fs_info = proc_sb_info(file_inode(m->file)->i_sb);
	struct rc_open *of = m->private;
	struct rc_pids pids;
	int err;

	if (!*pos || !of->pids.pid) {
		mutex_lock(&rc_mutex);
		err = of->grp->dead ? -ENODEV :
		      rc_pids_collect(of->grp, fs_info->pid_ns, &pids);
		mutex_unlock(&rc_mutex);
		if (err)
			return ERR_PTR(err);
		rc_pids_hide(fs_info, &pids);
		kvfree(of->pids.pid);
		of->pids = pids;
	}
	return *pos < of->pids.nr ? &of->pids.pid[*pos] : NULL;
}

static void *rc_tasks_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct rc_open *of = m->private;

	++*pos;
	return *pos < of->pids.nr ? &of->pids.pid[*pos] : NULL;
}

static int rc_tasks_show(struct seq_file *m, void *v)
{
	seq_put_decimal_ull(m, "", *(pid_t *)v);
	seq_putc(m, '\n');
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

/* Reads a decimal id, with or without a newline, and nothing else. */
static int rc_parse_id(const char *buf, size_t len, pid_t *nr)
{
	if (strlen(buf) != len || !isdigit(*buf) || kstrtoint(buf, 10, nr))
		return -EINVAL;
	return 0;
}

static ssize_t rc_tasks_write(struct file *file, const char __user *ubuf,
			      size_t count, loff_t *ppos)
{
	struct rc_open *of = ((struct seq_file *)file->private_data)->private;
	char *buf;
	pid_t nr;
	int err;

	if (count > PAGE_SIZE)
		return -E2BIG;
	buf = memdup_user_nul(ubuf, count);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	err = rc_parse_id(buf, count, &nr);
	kfree(buf);
	if (!err)
		err = rc_attach_pid(of->grp, nr, file->f_cred);
	return err ?: count;
}

static const struct file_operations rc_tasks_fops = {
	.open		= rc_tasks_open,
	.read_iter	= rc_read_iter,
	.write		= rc_tasks_write,
	.splice_read	= copy_splice_read,
	.llseek		= seq_lseek,
	.release	= rc_release,
};

/*
 * /proc/PID/rc and /proc/PID/task/TID/rc: one line for each hierarchy, oldest
 * first,
 *
 *   HIERARCHY:CONTROLLER,CONTROLLER...:PATH
 *
 * where there may be no controller, and PATH, which starts with a slash, may
 * hold colons. Empty for a task that has let go of its groups on its way out.
 */
int proc_rc_membership(struct seq_file *m, struct pid_namespace *ns,
		       struct pid *pid, struct task_struct *tsk)
{
	return rc_show_membership(m, tsk);
}

/**
 * proc_rc_init - make /proc/rc
 *
 * Context: boot, before proc is mounted.
 */
void __init proc_rc_init(void)
{
	struct proc_dir_entry *de;

	de = rc_pde_alloc(&rc_top, "rc", S_IFDIR | 0755);
	if (!de)
		goto fail;
	de->proc_iops = &rc_dir_iops;
	de->proc_dir_ops = &rc_dir_fops;
	rc_top.pde = de;
	if (rc_add_files(de, &rc_top, rc_top_files) || pde_link(&proc_root, de))
		goto fail;
	return;
fail:
	pr_err("rc: no memory for /proc/rc\n");
}
