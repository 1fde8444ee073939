// SPDX-License-Identifier: GPL-2.0
/*
 * "mount -t cpuset" for programs that are older than /proc/rc: the directory of the
 * hierarchy with the cpuset controller, as a file system of its own. It is part of
 * one of proc, so what is done here shows there, and the other way round.
 */

#include <linux/bitops.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/init.h>
#include <linux/mount.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "rc_internal.h"

static struct rc_subsys *rc_cpuset(void)
{
	unsigned long mask;

	if (!rc_parse_subsys_list("cpuset", false, &mask))
		return NULL;
	return rc_subsys_by_id(__ffs(mask));
}

/* Where it is below the root of proc; makes it if it is not there. */
static char *rc_cpuset_path(struct rc_subsys *ss)
{
	char *path;
	int err = 0;

	mutex_lock(&rc_mutex);
	if (!ss->hier)
		err = rc_make_hierarchy(ss->name);
	if (!err && !ss->hier)
		err = -EBUSY;
	path = err ? ERR_PTR(err) :
		     kasprintf(GFP_KERNEL, "rc/%s",
			       rc_group_name(&ss->hier->root));
	mutex_unlock(&rc_mutex);
	return path ?: ERR_PTR(-ENOMEM);
}

static struct vfsmount *rc_mount_proc(void)
{
	struct file_system_type *type = get_fs_type("proc");
	struct fs_context *fc;
	struct vfsmount *mnt;

	if (!type)
		return ERR_PTR(-ENODEV);
	fc = fs_context_for_mount(type, 0);
	put_filesystem(type);
	if (IS_ERR(fc))
		return ERR_CAST(fc);
	mnt = fc_mount(fc);
	put_fs_context(fc);
	return mnt;
}

/* The path was another hierarchy's by then, if somebody has renamed them. */
static bool rc_is_cpuset(struct rc_subsys *ss, struct dentry *root)
{
	struct proc_dir_entry *de = PDE(d_inode(root));
	bool ret;

	mutex_lock(&rc_mutex);
	ret = ss->hier && de->data == &ss->hier->root && !rc_pde_dead(de);
	mutex_unlock(&rc_mutex);
	return ret;
}

/* The root of a superblock with the hierarchy at @path, whose s_umount is held. */
static struct dentry *rc_cpuset_root(struct rc_subsys *ss, const char *path)
{
	struct vfsmount *mnt = rc_mount_proc();
	struct super_block *sb;
	struct dentry *root;

	root = IS_ERR(mnt) ? ERR_CAST(mnt) : mount_subtree(mnt, path);
	if (IS_ERR(root) || rc_is_cpuset(ss, root))
		return root;
	sb = root->d_sb;
	dput(root);
	deactivate_locked_super(sb);
	return ERR_PTR(-ENOENT);
}

/*
 * The superblock is one of proc's, of which there is a new one for each mount.
 * Its subtype shows in /proc/mounts, for who looks there for "cpuset".
 */
static int rc_cpuset_get_tree(struct fs_context *fc)
{
	struct rc_subsys *ss = rc_cpuset();
	struct dentry *root;
	char *path, *subtype;

	if (!ss)
		return -ENODEV;
	subtype = kstrdup(fc->fs_type->name, GFP_KERNEL);
	if (!subtype)
		return -ENOMEM;
	/* Again, if it was renamed between. */
	do {
		path = rc_cpuset_path(ss);
		if (IS_ERR(path)) {
			root = ERR_CAST(path);
			break;
		}
		root = rc_cpuset_root(ss, path);
		kfree(path);
	} while (root == ERR_PTR(-ENOENT) && !fatal_signal_pending(current));
	if (IS_ERR(root)) {
		kfree(subtype);
		return PTR_ERR(root);
	}
	/* s_umount is held. */
	root->d_sb->s_subtype = subtype;
	fc->root = root;
	return 0;
}

static const struct fs_context_operations rc_cpuset_context_ops = {
	.get_tree	= rc_cpuset_get_tree,
};

static int rc_cpuset_init_context(struct fs_context *fc)
{
	fc->ops = &rc_cpuset_context_ops;
	return 0;
}

/* No FS_USERNS_MOUNT: it can make a hierarchy, which needs CAP_SYS_ADMIN. */
static struct file_system_type rc_cpuset_fs_type = {
	.name			= "cpuset",
	.init_fs_context	= rc_cpuset_init_context,
	.kill_sb		= kill_anon_super,
};

static int __init rc_cpuset_fs_init(void)
{
	return register_filesystem(&rc_cpuset_fs_type);
}
fs_initcall(rc_cpuset_fs_init);
