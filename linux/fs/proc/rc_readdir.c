// SPDX-License-Identifier: GPL-2.0
/*
 * Listing the directories of groups.
 */

#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "rc_internal.h"

/*
 * Positions in a directory, after "." and "..": files of the core, files of each
 * controller, then groups by serial, which no other group gets again.
 */
#define RC_POS_FILES	2
#define RC_POS_SUBSYS	32
#define RC_FILES_MAX	32
#define RC_POS_GROUPS	(RC_POS_SUBSYS + CONFIG_RC_MAX_SUBSYS * RC_FILES_MAX)

/* The position of a table of files. */
static loff_t rc_table_pos(const struct rc_subsys *ss)
{
	return ss ? RC_POS_SUBSYS + (loff_t)ss->id * RC_FILES_MAX : RC_POS_FILES;
}

/*
 * Files need no inode numbers of their own, and so no entries while nobody uses
 * them: a directory's number, and the position in it, make one. It is in a range that
 * procfs does not use, and no two are the same while there are fewer than some
 * hundred thousand entries in all of it.
 */
#define RC_INO_FIRST	0xD0000000U
#define RC_INO_MASK	0x0FFFFFFFU

static unsigned int rc_pos_ino(const struct proc_dir_entry *dir, loff_t pos)
{
	unsigned int ino = dir->low_ino * roundup_pow_of_two(RC_POS_GROUPS) +
			   (unsigned int)pos;

	return RC_INO_FIRST | (ino & RC_INO_MASK);
}

/**
 * rc_file_ino - the inode number of a file
 * @dir: its directory
 * @file: the file
 *
 * Return: the number, below those of procfs's other entries.
 */
unsigned int rc_file_ino(const struct proc_dir_entry *dir,
			 const struct rc_file *file)
{
	const struct rc_file *table = dir->data == &rc_top ? rc_top_files :
							     rc_core_files;

	if (file->ss)
		table = file->ss->files;
	return rc_pos_ino(dir, rc_table_pos(file->ss) + (file - table));
}

/* Those files of a table that a mount shows; false when the reader's buffer is full. */
static bool rc_emit_files(struct file *reader, struct dir_context *ctx,
			  const struct rc_file *file, loff_t pos)
{
	const struct super_block *sb = file_inode(reader)->i_sb;
	struct proc_dir_entry *dir = PDE(file_inode(reader));

	for (; file && file->name; file++, pos++) {
		if (pos < ctx->pos || !rc_has_file(dir->data, file) ||
		    !rc_shows_file(sb, file))
			continue;
		ctx->pos = pos;
		if (!dir_emit(ctx, file->name, strlen(file->name),
			      rc_pos_ino(dir, pos), DT_REG))
			return false;
		ctx->pos++;
	}
	return true;
}

static bool rc_emit_all_files(struct file *reader, struct dir_context *ctx,
			      const struct rc_group *grp)
{
	const struct rc_file *file = grp == &rc_top ? rc_top_files : rc_core_files;
	struct rc_subsys *ss;
	unsigned long mask;
	unsigned int id;

	if (!rc_emit_files(reader, ctx, file, RC_POS_FILES))
		return false;
	mask = grp == &rc_top ? 0 : READ_ONCE(grp->hier->subsys_mask);
	for_each_rc_subsys_in(ss, id, &mask)
		if (!rc_emit_files(reader, ctx, ss->files, rc_table_pos(ss)))
			return false;
	return true;
}

/* A group in a directory, as readdir(2) tells of it. */
struct rc_dirent {
	char name[NAME_MAX + 1];
	unsigned int ino;
	u64 serial;
};

/* The oldest group in @parent whose serial is @serial or more, as @view shows it. */
static bool rc_next_dirent(struct pid_namespace *view, struct rc_group *parent,
			   u64 serial, struct rc_dirent *next)
{
	struct rc_group *grp;

	/* RCU keeps the name, and the entry of a group that was in the tree. */
	rcu_read_lock();
	grp = rc_group_next(parent, serial);
	if (grp) {
		strscpy(next->name, rcu_dereference(grp->name),
			sizeof(next->name));
		if (parent == &rc_top)
			next->ino = rc_view_shown(view, grp)->pde->low_ino;
		else
			next->ino = grp->pde->low_ino;
		next->serial = grp->serial;
	}
	rcu_read_unlock();
	if (!grp)
		return false;
	rc_group_put(grp);
	return true;
}

static int rc_readdir(struct file *file, struct dir_context *ctx)
{
	struct proc_dir_entry *dir = PDE(file_inode(file));
	struct pid_namespace *view = rc_view(file_inode(file)->i_sb);
	struct rc_group *parent = dir->data;
	struct rc_dirent next;

	if (rc_pde_dead(dir))
		return -ENOENT;
	if (!dir_emit_dots(file, ctx))
		return 0;
	if (ctx->pos < RC_POS_GROUPS) {
		if (!rc_emit_all_files(file, ctx, parent))
			return 0;
		ctx->pos = RC_POS_GROUPS;
	}
	/* A view has a root where it sees no groups. */
	if (view != &init_pid_ns && parent != &rc_top && rc_is_root(parent))
		return 0;
	/* The reader can stall dir_emit(), so without a lock. */
	while (rc_next_dirent(view, parent, ctx->pos - RC_POS_GROUPS, &next)) {
		ctx->pos = RC_POS_GROUPS + next.serial;
		if (!dir_emit(ctx, next.name, strlen(next.name), next.ino,
			      DT_DIR))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static loff_t rc_dir_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, LLONG_MAX, 0);
}

const struct file_operations rc_dir_fops = {
	.llseek		= rc_dir_llseek,
	.read		= generic_read_dir,
	.iterate_shared	= rc_readdir,
};
