// SPDX-License-Identifier: GPL-2.0
/*
 * "mount -t cpuset" for programs that are older than /proc/rc: the directory of the
 * hierarchy with the cpuset controller, as a file system of its own. Its entries are
 * those of /proc/rc, so what is done here shows there, and the other way round.
 * Beside them it has the files that such programs expect, those with RC_FILE_OLD.
 */

#include <linux/bitops.h>
#include <linux/capability.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/init.h>
#include <linux/magic.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../kernel/rc/errors.h"
#include "rc_internal.h"

/* What runs in a hierarchy that is made here, unless another one is asked for. */
#define RC_CPUSET_AGENT		"/sbin/cpuset_release_agent"

/**
 * struct rc_cpuset_sb - what the superblock has
 * @proc: as in one of proc, where proc_sb_info() finds it
 * @root: the hierarchy's entry, which the inode of the root keeps
 */
struct rc_cpuset_sb {
	struct proc_fs_info proc;
	struct proc_dir_entry *root;
};

static struct file_system_type rc_cpuset_fs_type;

/**
 * rc_shows_file - is a file seen in a mount?
 * @sb: the mount's superblock
 * @file: a file that the directory has
 *
 * Return: true if it is.
 */
bool rc_shows_file(const struct super_block *sb, const struct rc_file *file)
{
	return !(file->flags & RC_FILE_OLD) || sb->s_type == &rc_cpuset_fs_type;
}

static struct rc_subsys *rc_cpuset(void)
{
	unsigned long mask;

	if (!rc_parse_subsys_list("cpuset", false, &mask))
		return NULL;
	return rc_subsys_by_id(__ffs(mask));
}

/*
 * The entry of the hierarchy's root, for pde_put(); makes the hierarchy if it is
 * not there, with @agent as its release agent.
 */
static struct proc_dir_entry *rc_cpuset_dir(const char *agent, bool *made)
{
	struct proc_dir_entry *de = NULL;
	struct rc_subsys *ss = rc_cpuset();
	int err = 0;

	if (!ss)
		return ERR_PTR(-ENODEV);
	err = rc_claim(BIT(ss->id));
	if (err)
		return ERR_PTR(err);
	mutex_lock(&rc_mutex);
	*made = !ss->hier;
	if (*made)
		err = rc_make_hierarchy(ss->name, agent);
	if (!err && !ss->hier)
		err = -EBUSY;
	if (!err) {
		de = ss->hier->root.pde;
		pde_get(de);
	}
	mutex_unlock(&rc_mutex);
	if (err || !*made)
		rc_unclaim(BIT(ss->id));
	return de ?: ERR_PTR(err);
}

/* Unless it has groups by now, or somebody has removed it. */
static void rc_cpuset_undo(struct proc_dir_entry *de)
{
	struct rc_group *root = de->data;
	unsigned long bound;
	int err;

	mutex_lock(&rc_mutex);
	bound = root->hier->subsys_mask;
	err = rc_remove_dir(de);
	mutex_unlock(&rc_mutex);
	if (!err)
		rc_unclaim(bound);
}

static int rc_cpuset_fill_super(struct super_block *sb)
{
	struct rc_cpuset_sb *info = sb->s_fs_info;
	struct inode *inode;

	sb->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	sb->s_flags |= SB_NODIRATIME | SB_NOSUID | SB_NOEXEC;
	sb->s_blocksize = 1024;
	sb->s_blocksize_bits = 10;
	/* What statfs(2) has always said of cpusets. */
	sb->s_magic = CGROUP_SUPER_MAGIC;
	sb->s_op = &proc_sops;
	sb->s_time_gran = 1;
	/* As in proc: no stacking, and nothing to be read in to make it anew. */
	sb->s_stack_depth = FILESYSTEM_MAX_STACK_DEPTH;
	sb->s_shrink->seeks = 0;

	pde_get(info->root);
	inode = rc_get_inode(sb, info->root);
	if (!inode)
		return -ENOMEM;
	sb->s_root = d_make_root(inode);
	if (!sb->s_root)
		return -ENOMEM;
	sb->s_flags |= SB_ACTIVE;
	return 0;
}

static int rc_cpuset_same(struct super_block *sb, struct fs_context *fc)
{
	struct rc_cpuset_sb *a = sb->s_fs_info, *b = fc->s_fs_info;

	return a->root == b->root && a->proc.pid_ns == b->proc.pid_ns;
}

static void rc_cpuset_free_info(struct rc_cpuset_sb *info)
{
	put_pid_ns(info->proc.pid_ns);
	kfree_rcu(info, proc.rcu);
}

/*
 * All mounts in a pid namespace are one, so that none is made twice in a place. @fresh
 * says whether this is the first.
 */
static int rc_cpuset_get_super(struct fs_context *fc, struct proc_dir_entry *de,
			       bool *fresh)
{
	struct rc_cpuset_sb *info = kzalloc(sizeof(*info), GFP_KERNEL);
	struct super_block *sb;
	int err = 0;

	if (!info)
		return -ENOMEM;
	info->root = de;
	info->proc.pid_ns = get_pid_ns(task_active_pid_ns(current));
	fc->s_fs_info = info;
	sb = sget_fc(fc, rc_cpuset_same, set_anon_super_fc);
	/* It is there already, or there is none. */
	if (fc->s_fs_info) {
		fc->s_fs_info = NULL;
		rc_cpuset_free_info(info);
	}
	if (IS_ERR(sb))
		return PTR_ERR(sb);
	*fresh = !sb->s_root;
	if (*fresh)
		err = rc_cpuset_fill_super(sb);
	if (err) {
		deactivate_locked_super(sb);
		return err;
	}
	fc->root = dget(sb->s_root);
	return 0;
}

/* Gives the hierarchy the agent that was asked for, if one was. */
static int rc_cpuset_reconfigure(struct fs_context *fc)
{
	struct proc_dir_entry *de = PDE(d_inode(fc->root));
	struct rc_group *grp = de->data;
	int err = -ENODEV;

	if (!fc->fs_private)
		return 0;
	/* The VFS asks who has opened the context, which others may have got. */
	if (!capable(CAP_SYS_ADMIN))
		return rc_refuse_group(-EPERM, NULL, RC_NEEDS_ADMIN);
	mutex_lock(&rc_mutex);
	if (!rc_pde_dead(de))
		err = rc_set_agent(grp->hier, fc->fs_private);
	mutex_unlock(&rc_mutex);
	return err;
}

static void rc_cpuset_put_super(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;

	dput(fc->root);
	fc->root = NULL;
	deactivate_locked_super(sb);
}

static int rc_cpuset_mount(struct fs_context *fc)
{
	struct proc_dir_entry *de;
	bool made, fresh;
	int err;

	/* Hierarchies are seen from the initial one alone. */
	if (!task_is_in_init_pid_ns(current))
		return rc_refuse_group(-EPERM, NULL, RC_NOT_IN_VIEW);
	de = rc_cpuset_dir(fc->fs_private ?: RC_CPUSET_AGENT, &made);
	if (IS_ERR(de))
		return PTR_ERR(de);
	err = rc_cpuset_get_super(fc, de, &fresh);
	/* One more mount can still be refused, where there is one. */
	if (!err && !made && fresh) {
		err = rc_cpuset_reconfigure(fc);
		if (err)
			rc_cpuset_put_super(fc);
	}
	if (err && made)
		rc_cpuset_undo(de);
	pde_put(de);
	return err;
}

static int rc_cpuset_get_tree(struct fs_context *fc)
{
	u64 since = rc_errors_begin();

	return rc_errors_end(rc_cpuset_mount(fc), since, &rc_top,
			     task_active_pid_ns(current), "mount", "cpuset");
}

static void rc_cpuset_kill_sb(struct super_block *sb)
{
	struct rc_cpuset_sb *info = sb->s_fs_info;

	kill_anon_super(sb);
	rc_cpuset_free_info(info);
}

enum rc_cpuset_param { RC_OPT_AGENT, RC_OPT_NONE };

static const struct fs_parameter_spec rc_cpuset_params[] = {
	/* Names have no prefix, and masks are kept, in any case. */
	fsparam_flag("noprefix", RC_OPT_NONE),
	fsparam_flag("cpuset_v2_mode", RC_OPT_NONE),
	fsparam_string("release_agent", RC_OPT_AGENT),
	{}
};

static int rc_cpuset_parse_param(struct fs_context *fc,
				 struct fs_parameter *param)
{
	struct fs_parse_result result;
	int opt = fs_parse(fc, rc_cpuset_params, param, &result);

	if (opt == RC_OPT_AGENT) {
		if (strlen(param->string) >= PATH_MAX)
			return -E2BIG;
		kfree(fc->fs_private);
		fc->fs_private = param->string;
		param->string = NULL;
	}
	return min(opt, 0);
}

static void rc_cpuset_free_context(struct fs_context *fc)
{
	kfree(fc->fs_private);
}

static const struct fs_context_operations rc_cpuset_context_ops = {
	.free		= rc_cpuset_free_context,
	.parse_param	= rc_cpuset_parse_param,
	.get_tree	= rc_cpuset_get_tree,
	.reconfigure	= rc_cpuset_reconfigure,
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
	.parameters		= rc_cpuset_params,
	.kill_sb		= rc_cpuset_kill_sb,
	.fs_flags		= FS_DISALLOW_NOTIFY_PERM | FS_RENAME_DOES_D_MOVE,
};

static int __init rc_cpuset_fs_init(void)
{
	/* Cgroup has the name where it has cpusets of version 1. */
	if (IS_ENABLED(CONFIG_CPUSETS_V1))
		return 0;
	return register_filesystem(&rc_cpuset_fs_type);
}
fs_initcall(rc_cpuset_fs_init);
