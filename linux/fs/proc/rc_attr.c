// SPDX-License-Identifier: GPL-2.0
/*
 * Name, mode and owner of the directories and files of groups. Directory entries have
 * them, which all mounts of proc share; dentries and inodes have copies.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mnt_idmapping.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "../../kernel/rc/errors.h"
#include "rc_internal.h"

/* The entry is the truth, which all mounts share; an inode is a copy. */
static void rc_copy_attr(struct inode *inode, struct proc_dir_entry *de)
{
	lockdep_assert_held(&de->pde_unload_lock);
	/* The owner first: who gives a file away does that before he opens it up. */
	WRITE_ONCE(inode->i_uid, de->uid);
	WRITE_ONCE(inode->i_gid, de->gid);
	WRITE_ONCE(inode->i_mode, de->mode);
}

/**
 * rc_refresh_inode - take mode and owner from the entry
 * @inode: of a directory or a file of a group
 *
 * Mostly they are the same, which is seen without the lock: what changes meanwhile
 * may as well have changed later.
 *
 * Context: any that may spin.
 */
void rc_refresh_inode(struct inode *inode)
{
	struct proc_dir_entry *de = PDE(inode);

	if (READ_ONCE(inode->i_mode) == READ_ONCE(de->mode) &&
	    uid_eq(READ_ONCE(inode->i_uid), READ_ONCE(de->uid)) &&
	    gid_eq(READ_ONCE(inode->i_gid), READ_ONCE(de->gid)))
		return;
	spin_lock(&de->pde_unload_lock);
	rc_copy_attr(inode, de);
	spin_unlock(&de->pde_unload_lock);
}

/*
 * d_time is as of which of its entry's renamings a dentry is known to have the right
 * name. It is ahead of the entry while this mount renames it: nobody is to find
 * the old name wrong before d_move() has changed it, and drop what is mounted below.
 */
static bool rc_name_known(struct dentry *dentry, struct proc_dir_entry *de)
{
	return (long)(READ_ONCE(dentry->d_time) - READ_ONCE(de->renames)) >= 0;
}

/**
 * rc_check_name - has a dentry the name of its entry?
 * @dentry: the dentry
 * @de: the entry
 * @rcu: only if that is seen without a lock
 *
 * Context: any that may spin; under RCU, or with a reference to @dentry.
 * Return: 1 if it has, 0 if not, -ECHILD if it takes a lock to tell and @rcu.
 */
int rc_check_name(struct dentry *dentry, struct proc_dir_entry *de, bool rcu)
{
	unsigned long renames;
	bool ret;

	if (rc_name_known(dentry, de))
		return 1;
	if (rcu)
		return -ECHILD;
	/* Not younger than the name that is looked at. */
	renames = READ_ONCE(de->renames);
	/* The lock keeps the dentry's name, and d_time. */
	spin_lock(&dentry->d_lock);
	ret = rc_name_known(dentry, de);
	if (!ret && pde_is_named(de, dentry->d_name.name, dentry->d_name.len)) {
		WRITE_ONCE(dentry->d_time, renames);
		ret = true;
	}
	spin_unlock(&dentry->d_lock);
	return ret;
}

static void rc_set_renames(struct dentry *dentry, unsigned long renames)
{
	lockdep_assert_held(&rc_mutex);
	spin_lock(&dentry->d_lock);
	WRITE_ONCE(dentry->d_time, renames);
	spin_unlock(&dentry->d_lock);
}

static int rc_dir_rename(struct proc_dir_entry *de, const char *name)
{
	struct rc_group *grp = de->data;
	const char *copy;
	int err;

	copy = rc_group_new_name(grp, name);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	err = pde_rename(de, name);
	if (err) {
		kfree(copy);
		return err;
	}
	rc_group_set_name(grp, copy);
	return 0;
}

static int rc_rename_in(struct inode *old_dir, struct dentry *old_dentry,
			struct inode *new_dir, struct dentry *new_dentry,
			unsigned int flags)
{
	struct proc_dir_entry *de = PDE(d_inode(old_dentry));
	int err;

	if (flags & ~RENAME_NOREPLACE)
		return rc_refuse_group(-EINVAL, NULL, "names are not exchanged");
	if (!S_ISDIR(de->mode))
		return rc_refuse_group(-EPERM, NULL, "a file has its name for good");
	/* With EXDEV, mv(1) would make a copy. */
	if (old_dir != new_dir)
		return rc_refuse_group(-EPERM, NULL, "not within its directory");
	if (d_really_is_positive(new_dentry))
		return -EEXIST;

	guard(mutex)(&rc_mutex);
	err = rc_may_change(de, old_dir, old_dentry);
	if (err)
		return err;
	/* Before the entry's; pde_rename() has a lock between. */
	rc_set_renames(old_dentry, de->renames + 1);
	err = rc_dir_rename(de, new_dentry->d_name.name);
	/* While no other mount can rename it; see FS_RENAME_DOES_D_MOVE. */
	if (!err)
		d_move(old_dentry, new_dentry);
	else
		rc_set_renames(old_dentry, de->renames);
	return err;
}

int rc_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old_dentry,
	      struct inode *new_dir, struct dentry *new_dentry, unsigned int flags)
{
	u64 since = rc_errors_begin();
	int err = rc_rename_in(old_dir, old_dentry, new_dir, new_dentry, flags);

	return rc_told(err, since, d_inode(old_dentry), "rename",
		       new_dentry->d_name.name);
}

/* Who asks with access(2) is told by that. */
static int rc_permission_refused(struct inode *inode, int mask, int err)
{
	u64 since = rc_errors_begin();

	if (!(mask & MAY_WRITE) || (mask & (MAY_ACCESS | MAY_NOT_BLOCK)))
		return err;
	rc_refuse_group(err, NULL, err == -EPERM ? RC_NOT_IN_VIEW :
						   "no permission to write");
	return rc_told(err, since, inode, S_ISDIR(inode->i_mode) ?
		       "directory" : PDE(inode)->rc_file->name, NULL);
}

int rc_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	int err = 0;

	if ((mask & MAY_WRITE) && rc_is_view(inode->i_sb) &&
	    !rc_view_may_write(inode))
		err = -EPERM;
	rc_refresh_inode(inode);
	err = err ?: generic_permission(&nop_mnt_idmap, inode, mask);
	return err ? rc_permission_refused(inode, mask, err) : 0;
}

int rc_getattr(struct mnt_idmap *idmap, const struct path *path,
	       struct kstat *stat, u32 request_mask, unsigned int query_flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct proc_dir_entry *de = PDE(inode);

	rc_refresh_inode(inode);
	generic_fillattr(&nop_mnt_idmap, request_mask, inode, stat);
	stat->nlink = rc_pde_dead(de) ? 0 : READ_ONCE(de->nlink);
	/* How many groups there are, where none is seen. */
	if (rc_is_view(inode->i_sb) && stat->nlink > 2 &&
	    de->data != &rc_top && rc_is_root(de->data))
		stat->nlink = 2;
	return 0;
}

static void rc_set_entry(struct proc_dir_entry *de, struct inode *inode,
			 const struct iattr *attr)
{
	struct user_namespace *user_ns = i_user_ns(inode);
	unsigned int valid = attr->ia_valid;
	umode_t mode = de->mode;

	/* These come without a mode, but for what the VFS has made of the inode's. */
	if (valid & (ATTR_KILL_SUID | ATTR_KILL_SGID)) {
		if (valid & ATTR_KILL_SUID)
			mode &= ~S_ISUID;
		if (valid & ATTR_KILL_SGID)
			mode &= ~S_ISGID;
	} else if (valid & ATTR_MODE) {
		mode = attr->ia_mode;
	}

	spin_lock(&de->pde_unload_lock);
	if (valid & ATTR_UID)
		WRITE_ONCE(de->uid, from_vfsuid(&nop_mnt_idmap, user_ns,
						attr->ia_vfsuid));
	if (valid & ATTR_GID)
		WRITE_ONCE(de->gid, from_vfsgid(&nop_mnt_idmap, user_ns,
						attr->ia_vfsgid));
	WRITE_ONCE(de->mode, mode);
	rc_copy_attr(inode, de);
	spin_unlock(&de->pde_unload_lock);
}

int rc_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
	       struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct proc_dir_entry *de = PDE(inode);
	u64 since = rc_errors_begin();
	int err;

	/* The mutex orders changes through different mounts. */
	mutex_lock(&rc_mutex);
	rc_refresh_inode(inode);
	err = setattr_prepare(&nop_mnt_idmap, dentry, attr);
	if (!err && rc_pde_dead(de))
		err = -ENODEV;
	/* A length, as open(2) sets it, means nothing, nor what comes with it. */
	if (!err && !(attr->ia_valid & ATTR_SIZE)) {
		if (rc_view_has(rc_view(inode->i_sb), de->data, true))
			rc_set_entry(de, inode, attr);
		else
			err = rc_refuse_group(-EPERM, NULL, RC_NOT_IN_VIEW);
	}
	mutex_unlock(&rc_mutex);
	if (err)
		return rc_told(err, since, inode, "chmod or chown", NULL);
	if (attr->ia_valid & ATTR_SIZE)
		return 0;
	/* The times are the inode's own. */
	attr->ia_valid &= ~(ATTR_MODE | ATTR_UID | ATTR_GID);
	setattr_copy(&nop_mnt_idmap, inode, attr);
	return 0;
}

/* As generic_permission() would judge by current's credentials. */
static bool rc_may(kuid_t uid, kgid_t gid, umode_t mode, int mask)
{
	struct user_namespace *user_ns = current_user_ns();

	if (uid_eq(current_fsuid(), uid))
		mode >>= 6;
	else if (in_group_p(gid))
		mode >>= 3;
	if (mode & mask)
		return true;
	if (!kuid_has_mapping(user_ns, uid) || !kgid_has_mapping(user_ns, gid))
		return false;
	if (mask == MAY_EXEC && ns_capable(user_ns, CAP_DAC_READ_SEARCH))
		return true;
	return ns_capable(user_ns, CAP_DAC_OVERRIDE);
}

/**
 * rc_dir_may_search - may current search a group's directory?
 * @grp: the group
 *
 * Context: under RCU.
 * Return: true if it may; false for a group that was removed.
 */
bool rc_dir_may_search(const struct rc_group *grp)
{
	const struct proc_dir_entry *de;
	umode_t mode;

	/* The entry stays for a grace period. */
	if (READ_ONCE(grp->dead))
		return false;
	de = READ_ONCE(grp->pde);
	mode = READ_ONCE(de->mode);
	if (likely((mode & 0111) == 0111))
		return true;
	return rc_may(READ_ONCE(de->uid), READ_ONCE(de->gid), mode, MAY_EXEC);
}

/**
 * rc_dir_may_leave - may somebody take tasks out of a group?
 * @grp: the group, which is not dead
 * @cred: by whose credentials
 *
 * Context: rc_mutex held.
 * Return: true if they have write permission on its "tasks".
 */
bool rc_dir_may_leave(const struct rc_group *grp, const struct cred *cred)
{
	struct proc_dir_entry *de = pde_lookup(grp->pde, "tasks",
					       strlen("tasks"));
	const struct cred *old;
	bool ret;

	lockdep_assert_held(&rc_mutex);
	old = override_creds(cred);
	/* If nobody has looked for the file, nobody has changed it. */
	ret = de ? rc_may(de->uid, de->gid, de->mode, MAY_WRITE) :
		   rc_may(grp->uid, grp->gid, 0644, MAY_WRITE);
	revert_creds(old);
	if (de)
		pde_put(de);
	return ret;
}
