// SPDX-License-Identifier: GPL-2.0
/*
 * Resource control in /proc: the directories of /proc/rc, and which files they
 * have. What the files do is in rc_files.c.
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
 * it is dropped if its entry is dead or has another name, and the inode takes mode
 * and owner from the entry before they are used. A dentry for a name that is not
 * there exists only while that name is being made. So that nobody who does not look
 * again keeps a removed group, an entry lists its directory's inodes in all mounts.
 *
 * An entry's pde_unload_lock, which is free as nobody waits for its users, protects
 * that list, and mode and owner. These change under rc_mutex, too, and can be read
 * under either.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/namei.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../../kernel/rc/errors.h"
#include "rc_internal.h"

static const struct inode_operations rc_dir_iops;
static const struct inode_operations rc_file_iops;
static const struct dentry_operations rc_dops;

/**
 * rc_has_file - does a group's directory have a file?
 * @grp: the group, or &rc_top
 * @file: the file, of the core or of a controller bound to the hierarchy
 *
 * Return: true if it does.
 */
bool rc_has_file(const struct rc_group *grp, const struct rc_file *file)
{
	if (grp == &rc_top)
		return true;
	return !(file->flags & (rc_is_root(grp) ? RC_FILE_NOT_ROOT :
						  RC_FILE_ROOT_ONLY));
}

/*
 * Entries
 */

/*
 * Makes an entry that no one sees, with a reference to @grp. @ino is its number, or 0
 * for one of its own.
 */
static struct proc_dir_entry *rc_pde_alloc(struct rc_group *grp,
					   const char *name, umode_t mode,
					   unsigned int ino)
{
	struct proc_dir_entry *de;

	de = kmem_cache_zalloc(proc_dir_entry_cache, GFP_KERNEL_ACCOUNT);
	if (!de)
		return NULL;
	de->namelen = strlen(name);
	de->name = de->inline_name;
	if (de->namelen >= SIZEOF_PDE_INLINE_NAME)
		de->name = kmalloc(de->namelen + 1, GFP_KERNEL_ACCOUNT);
	de->low_ino = ino;
	if (!de->name || (!ino && proc_alloc_inum(&de->low_ino))) {
		pde_free(de);
		return NULL;
	}
	memcpy(de->name, name, de->namelen + 1);
	de->mode = mode;
	de->nlink = S_ISDIR(mode) ? 2 : 1;
	de->subdir = RB_ROOT;
	RB_CLEAR_NODE(&de->subdir_node);
	refcount_set(&de->refcnt, 1);
	spin_lock_init(&de->pde_unload_lock);
	INIT_HLIST_HEAD(&de->inodes);
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

	de = rc_pde_alloc(grp, file->name, S_IFREG | file->mode,
			  rc_file_ino(dir, file));
	if (!de)
		return -ENOMEM;
	de->proc_iops = &rc_file_iops;
	de->rc_file = file;
	/* Whoever it is that asks for it first, or binds the controller. */
	de->uid = grp->uid;
	de->gid = grp->gid;
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
		if (rc_has_file(grp, file))
			err = rc_add_file(dir, grp, file);
	return err;
}

/**
 * rc_add_subsys_files - add the files of controllers to a group's directory
 * @dir: the directory
 * @grp: the group
 * @mask: ids of the controllers
 *
 * Context: rc_mutex held, may sleep.
 * Return: 0, or a negative errno; then some may have been added.
 */
int rc_add_subsys_files(struct proc_dir_entry *dir, struct rc_group *grp,
			unsigned long mask)
{
	struct rc_subsys *ss;
	unsigned int id;
	int err = 0;

	for_each_rc_subsys_in(ss, id, &mask)
		if (!err)
			err = rc_add_files(dir, grp, ss->files);
	return err;
}

/**
 * rc_kill_subsys_files - remove files of controllers from a directory
 * @dir: the directory
 * @mask: ids of the controllers; those that are not there are no matter
 *
 * Context: rc_mutex held.
 */
void rc_kill_subsys_files(struct proc_dir_entry *dir, unsigned long mask)
{
	const struct rc_file *file;
	struct rc_subsys *ss;
	unsigned int id;

	for_each_rc_subsys_in(ss, id, &mask) {
		for (file = ss->files; file && file->name; file++) {
			struct proc_dir_entry *de;

			de = pde_lookup(dir, file->name, strlen(file->name));
			if (!de)
				continue;
			pde_unlink(de);
			/* The directory's reference and that of the lookup. */
			pde_put(de);
			pde_put(de);
		}
	}
}

static const struct rc_file *rc_file_named(const struct rc_group *grp,
					   const struct rc_file *file,
					   const char *name, unsigned int len)
{
	for (; file && file->name; file++)
		if (!strncmp(file->name, name, len) && !file->name[len] &&
		    rc_has_file(grp, file))
			return file;
	return NULL;
}

/*
 * A file that the directory of @grp has, though there may be no entry for it: below
 * a root, files are entered when somebody asks for them. Most never are, and the
 * controllers of a hierarchy with groups do not change.
 */
static const struct rc_file *rc_later_file(const struct rc_group *grp,
					   const char *name, unsigned int len)
{
	const struct rc_file *file;
	struct rc_subsys *ss;
	unsigned long mask;
	unsigned int id;

	if (grp == &rc_top || rc_is_root(grp))
		return NULL;
	file = rc_file_named(grp, rc_core_files, name, len);
	if (file)
		return file;
	/* They can if the group is dead; then pde_link() refuses the file. */
	mask = READ_ONCE(grp->hier->subsys_mask);
	for_each_rc_subsys_in(ss, id, &mask) {
		file = rc_file_named(grp, ss->files, name, len);
		if (file)
			return file;
	}
	return NULL;
}

/*
 * Finds an entry, or makes that of a file which has none yet. Returns the entry, for
 * pde_put(); ERR_PTR(-ENOENT) if there is none, -ENOMEM.
 */
static struct proc_dir_entry *rc_find_entry(struct proc_dir_entry *dir,
					    const char *name, unsigned int len)
{
	struct proc_dir_entry *de;

	while (!(de = pde_lookup(dir, name, len))) {
		const struct rc_file *file = rc_later_file(dir->data, name, len);
		int err;

		if (!file)
			return ERR_PTR(-ENOENT);
		err = rc_add_file(dir, dir->data, file);
		/* Through another mount, somebody can have been faster. */
		if (err && err != -EEXIST)
			return ERR_PTR(err);
	}
	return de;
}

/*
 * Takes a directory and its files out of the tree and marks them dead, waiting
 * for no one. It has no directories in it. Works on one that was not linked.
 */
static void rc_kill_dir(struct proc_dir_entry *dir)
{
	struct proc_dir_entry *de;

	/* First, so that no file is entered any more. */
	pde_unlink(dir);
	while ((de = pde_unlink_first(dir)))
		pde_put(de);
	pde_put(dir);
}

/*
 * Makes the directory of a new group, not in the tree yet. A root has all its files
 * from the beginning, as they change with the controllers.
 */
static struct proc_dir_entry *rc_make_dir(struct rc_group *grp, umode_t mode)
{
	struct proc_dir_entry *dir;
	int err;

	dir = rc_pde_alloc(grp, rc_group_name(grp), S_IFDIR | mode, 0);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->proc_iops = &rc_dir_iops;
	dir->proc_dir_ops = &rc_dir_fops;
	grp->uid = dir->uid;
	grp->gid = dir->gid;
	if (!rc_is_root(grp))
		return dir;

	err = rc_add_files(dir, grp, rc_core_files);
	if (!err)
		err = rc_add_subsys_files(dir, grp, grp->hier->subsys_mask);
	if (err) {
		rc_kill_dir(dir);
		return ERR_PTR(err);
	}
	return dir;
}

/*
 * Inodes and dentries
 */

/**
 * rc_get_inode - the inode of an entry in a mount
 * @sb: the mount's superblock
 * @de: the entry; takes over the caller's reference, also on failure
 *
 * Context: may sleep.
 * Return: the inode, NULL if there is no memory.
 */
struct inode *rc_get_inode(struct super_block *sb, struct proc_dir_entry *de)
{
	struct inode *inode = proc_get_inode(sb, de);

	if (!inode)
		return NULL;
	rc_refresh_inode(inode);
	if (S_ISREG(inode->i_mode)) {
		inode->i_fop = de->rc_file->changes ? &rc_poll_fops :
			       de->rc_file->fops ?: &rc_show_fops;
		return inode;
	}
	/*
	 * For rc_dir_forget(). If that was faster, the dentry goes when it is let
	 * go, as the entry is dead. One that was kept is listed already.
	 */
	spin_lock(&de->pde_unload_lock);
	if (hlist_unhashed(&PROC_I(inode)->sibling_inodes))
		hlist_add_head_rcu(&PROC_I(inode)->sibling_inodes, &de->inodes);
	spin_unlock(&de->pde_unload_lock);
	return inode;
}

static struct dentry *rc_lookup(struct inode *dir, struct dentry *dentry,
				unsigned int flags)
{
	bool make = flags & (LOOKUP_CREATE | LOOKUP_RENAME_TARGET);
	struct proc_dir_entry *de;
	struct inode *inode;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(rc_name_refused(dir, dentry, flags, -ENAMETOOLONG));
	de = rc_find_entry(PDE(dir), dentry->d_name.name, dentry->d_name.len);
	if (!IS_ERR(de) && S_ISREG(de->mode) &&
	    !rc_shows_file(dir->i_sb, de->rc_file)) {
		pde_put(de);
		return ERR_PTR(make ? rc_name_refused(dir, dentry, flags, -EEXIST) : -ENOENT);
	}
	if (rc_is_view(dir->i_sb) && !IS_ERR(de))
		de = rc_view_entry(rc_view(dir->i_sb), de);
	if (IS_ERR(de)) {
		if (PTR_ERR(de) != -ENOENT || rc_pde_dead(PDE(dir)) || !make)
			return ERR_CAST(de);
		inode = NULL;
	} else {
		rc_name_refused(dir, dentry, flags & LOOKUP_EXCL, -EEXIST);
		inode = rc_get_inode(dir->i_sb, de);
		if (!inode)
			return ERR_PTR(-ENOMEM);
	}
	d_set_d_op(dentry, &rc_dops);
	/* An entry that has been renamed by now has its name looked at once more. */
	dentry->d_time = 0;
	return d_splice_alias(inode, dentry);
}

/* Is it a hierarchy's directory in a view, where that can be another group's? */
static bool rc_is_viewed(struct dentry *dentry, const struct proc_dir_entry *de)
{
	struct inode *dir;

	if (!rc_is_view(dentry->d_sb) || !S_ISDIR(de->mode))
		return false;
	dir = d_inode_rcu(READ_ONCE(dentry->d_parent));
	/* In an RCU walk it can have gone; then so has what was found. */
	return dir && PDE(dir) == rc_top.pde;
}

/* Also in RCU walks, where the inode keeps the entry for a grace period. */
static int rc_d_revalidate(struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = d_inode_rcu(dentry);
	struct proc_dir_entry *de;
	int named;

	if (!inode)
		return 0;
	de = PDE(inode);
	if (rc_pde_dead(de))
		return 0;
	if (rc_is_viewed(dentry, de))
		named = rc_view_still_shown(dentry, de->data);
	else
		named = rc_check_name(dentry, de, flags & LOOKUP_RCU);
	if (named <= 0)
		return named;
	rc_refresh_inode(inode);
	/* Whose directory is locked then. */
	if ((flags & (LOOKUP_EXCL | LOOKUP_RCU)) == LOOKUP_EXCL)
		rc_name_refused(d_inode(dentry->d_parent), dentry, flags, -EEXIST);
	return 1;
}

/* Nobody finds one in a directory that was dropped for its old name; see rc_dir_forget(). */
static int rc_d_delete(const struct dentry *dentry)
{
	return d_really_is_negative(dentry) || rc_pde_dead(PDE(d_inode(dentry))) ||
	       (!IS_ROOT(dentry->d_parent) && d_unhashed(dentry->d_parent));
}

/* Whoever watches what was removed is told by the VFS, which looks at the links. */
static void rc_d_prune(struct dentry *dentry)
{
	if (d_really_is_positive(dentry) && rc_pde_dead(PDE(d_inode(dentry))))
		clear_nlink(d_inode(dentry));
}

/*
 * Whoever has an inode that loses its dentry goes on with it: proc_get_inode() finds it.
 * Until then it has one dentry, so nobody else is about to hash it.
 */
static void rc_d_iput(struct dentry *dentry, struct inode *inode)
{
	if (atomic_read(&inode->i_count) > 1 && inode_unhashed(inode))
		__insert_inode_hash(inode, (unsigned long)PDE(inode));
	iput(inode);
}

static const struct dentry_operations rc_dops = {
	.d_revalidate	= rc_d_revalidate,
	.d_delete	= rc_d_delete,
	.d_prune	= rc_d_prune,
	.d_iput		= rc_d_iput,
};

/* Of /proc/rc, which is there for good. */
static const struct dentry_operations rc_top_dops = {
	.d_iput		= rc_d_iput,
};

/*
 * mkdir, rmdir, rename
 */

/**
 * rc_may_change - may a group be removed or renamed?
 * @de: its entry
 * @dir: the directory through which that is done
 * @dentry: the name
 *
 * Through another mount it can have been already, and another one can have its name.
 *
 * Context: rc_mutex and @dir locked.
 * Return: 0, -ENOENT if it is not there, -EPERM.
 */
int rc_may_change(struct proc_dir_entry *de, struct inode *dir,
		  const struct dentry *dentry)
{
	lockdep_assert_held(&rc_mutex);
	if (rc_is_root(de->data) && !capable(CAP_SYS_ADMIN))
		return rc_refuse_group(-EPERM, NULL, RC_NEEDS_ADMIN);
	if (!rc_view_has(rc_view(dir->i_sb), de->data, true))
		return rc_refuse_group(-EPERM, NULL, RC_NOT_IN_VIEW);
	if (rc_pde_dead(de) || de->parent != PDE(dir) ||
	    !pde_is_named(de, dentry->d_name.name, dentry->d_name.len))
		return -ENOENT;
	return 0;
}

/**
 * rc_make_group - make a group or a hierarchy with its directory
 * @parent_de: the directory above
 * @name: its name, of 1 to NAME_MAX bytes
 * @mode: permissions of the directory
 * @sb: where the caller wants its inode, or NULL
 * @agent: release agent of a hierarchy, or NULL
 *
 * It is whole before it can be looked up, and can be looked up before it is listed.
 *
 * Context: rc_mutex held, may sleep. The controllers that a new hierarchy will be
 * bound to are claimed; the claims are taken over on success.
 * Return: the inode, NULL without @sb, or ERR_PTR() with an errno as for mkdir(2).
 */
struct inode *rc_make_group(struct proc_dir_entry *parent_de,
			    const char *name, umode_t mode,
			    struct super_block *sb, const char *agent)
{
	struct inode *inode = NULL;
	struct proc_dir_entry *de;
	struct rc_group *grp;
	int err;

	lockdep_assert_held(&rc_mutex);
	if (rc_pde_dead(parent_de))
		return ERR_PTR(-ENOENT);
	/* Another mount can have been faster. */
	de = pde_lookup(parent_de, name, strlen(name));
	if (de) {
		pde_put(de);
		return ERR_PTR(-EEXIST);
	}
	grp = rc_group_create(parent_de->data, name);
	if (IS_ERR(grp))
		return ERR_CAST(grp);
	err = agent ? rc_set_agent(grp->hier, agent) : 0;
	if (err)
		goto out_put_group;
	de = rc_make_dir(grp, mode);
	if (IS_ERR(de)) {
		err = PTR_ERR(de);
		goto out_put_group;
	}
	if (sb) {
		pde_get(de);
		inode = rc_get_inode(sb, de);
		err = -ENOMEM;
		if (!inode)
			goto out_kill_dir;
	}
	grp->pde = de;
	err = rc_group_bind(grp);
	if (err)
		goto out_put_inode;
	err = pde_link(parent_de, de);
	if (err)
		goto out_unbind;
	rc_group_publish(grp);
	return inode;

out_unbind:
	rc_group_unbind(grp);
out_put_inode:
	iput(inode);
out_kill_dir:
	rc_kill_dir(de);
out_put_group:
	rc_group_put(grp);
	return ERR_PTR(err);
}

static struct inode *rc_mkdir_locked(struct inode *dir, const char *name, umode_t mode)
{
	guard(mutex)(&rc_mutex);
	if (!rc_view_may_write(dir))
		return ERR_PTR(rc_refuse_group(-EPERM, NULL, RC_NOT_IN_VIEW));
	return rc_make_group(PDE(dir), name, mode & 01777, dir->i_sb, NULL);
}

static struct inode *rc_mkdir_in(struct inode *dir, const char *name, umode_t mode)
{
	unsigned long claimed = 0;
	struct inode *inode;
	int err;

	if (PDE(dir)->data == &rc_top) {
		if (rc_is_view(dir->i_sb))
			return ERR_PTR(rc_refuse_group(-EPERM, NULL, RC_NOT_IN_VIEW));
		if (!capable(CAP_SYS_ADMIN))
			return ERR_PTR(rc_refuse_group(-EPERM, NULL, RC_NEEDS_ADMIN));
		claimed = rc_name_subsys(name);
	}
	err = rc_claim(claimed);
	if (err)
		return ERR_PTR(err);

	inode = rc_mkdir_locked(dir, name, mode);
	/* Removed groups are on their maker's account for a moment. */
	if (inode == ERR_PTR(-ENOSPC) && rc_await_drained())
		inode = rc_mkdir_locked(dir, name, mode);
	if (IS_ERR(inode))
		rc_unclaim(claimed);
	return inode;
}

static int rc_mkdir(struct mnt_idmap *idmap, struct inode *dir,
		    struct dentry *dentry, umode_t mode)
{
	const char *name = dentry->d_name.name;
	u64 since = rc_errors_begin();
	struct inode *inode;

	inode = rc_mkdir_in(dir, name, mode);
	if (IS_ERR(inode))
		return rc_told(PTR_ERR(inode), since, dir, "mkdir", name);
	d_instantiate(dentry, inode);
	return 0;
}

/**
 * rc_remove_dir - remove a group or a hierarchy that nobody uses, and its directory
 * @de: the directory
 *
 * Context: rc_mutex held, may sleep. The claims of a hierarchy's controllers are
 * left to the caller.
 * Return: 0, or what rc_group_remove() says.
 */
int rc_remove_dir(struct proc_dir_entry *de)
{
	int err = rc_group_remove(de->data);

	if (err)
		return err;
	/* For rc_dir_forget(). */
	pde_get(de);
	rc_kill_dir(de);
	rc_group_removed(de->data);
	return 0;
}

static int rc_rmdir(struct inode *dir, struct dentry *dentry)
{
	struct proc_dir_entry *de = PDE(d_inode(dentry));
	struct rc_group *grp = de->data;
	u64 since = rc_errors_begin();
	unsigned long bound = 0;
	int err;

	mutex_lock(&rc_mutex);
	err = rc_may_change(de, dir, dentry);
	if (!err) {
		if (rc_is_root(grp))
			bound = grp->hier->subsys_mask;
		err = rc_remove_dir(de);
	}
	mutex_unlock(&rc_mutex);
	if (!err) {
		rc_unclaim(bound);
		/* As in rc_d_prune(), which is not called for this dentry. */
		clear_nlink(d_inode(dentry));
	}
	return rc_told(err, since, d_inode(dentry), "rmdir", NULL);
}

/**
 * rc_dir_forget - let all mounts of proc forget the directory of a removed group
 * @grp: the group, removed an RCU grace period ago
 *
 * Else the dentries that somebody has looked at once keep it, and the group, for as
 * long as nobody looks again. Those that are in use, as open files, stay until
 * they are let go.
 *
 * Context: process context, no locks held; called once.
 */
void rc_dir_forget(struct rc_group *grp)
{
	struct proc_dir_entry *de = grp->pde;

	/* Tests make groups without one. */
	if (!de)
		return;
	proc_invalidate_siblings_dcache(&de->inodes, &de->pde_unload_lock);
	grp->pde = NULL;
	pde_put(de);
}

static const struct inode_operations rc_dir_iops = {
	.lookup		= rc_lookup,
	.mkdir		= rc_mkdir,
	.rmdir		= rc_rmdir,
	.rename		= rc_rename,
	.permission	= rc_permission,
	.getattr	= rc_getattr,
	.setattr	= rc_setattr,
};

static const struct inode_operations rc_file_iops = {
	.permission	= rc_permission,
	.getattr	= rc_getattr,
	.setattr	= rc_setattr,
};

/**
 * proc_rc_init - make /proc/rc
 *
 * Context: boot, before proc is mounted.
 */
void __init proc_rc_init(void)
{
	struct proc_dir_entry *de;

	de = rc_pde_alloc(&rc_top, "rc", S_IFDIR | 0755, 0);
	if (!de)
		goto fail;
	de->proc_iops = &rc_dir_iops;
	de->proc_dir_ops = &rc_dir_fops;
	de->proc_dops = &rc_top_dops;
	rc_top.pde = de;
	if (rc_add_files(de, &rc_top, rc_top_files) || pde_link(&proc_root, de))
		goto fail;
	return;
fail:
	pr_err("rc: no memory for /proc/rc\n");
}
