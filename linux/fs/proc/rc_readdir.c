// SPDX-License-Identifier: GPL-2.0
/*
 * Listing the directories of groups.
 */

#include <linux/err.h>
#include <linux/fs.h>
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

/* The file at a position, if the directory has one there. */
static const struct rc_file *rc_file_at(struct rc_group *grp, loff_t pos)
{
	const struct rc_file *file;

	if (pos < RC_POS_SUBSYS) {
		file = grp == &rc_top ? rc_top_files : rc_core_files;
		pos -= RC_POS_FILES;
	} else {
		unsigned int id = (pos - RC_POS_SUBSYS) / RC_FILES_MAX;

		if (grp == &rc_top || id >= rc_nr_subsys ||
		    !(READ_ONCE(grp->hier->subsys_mask) & BIT(id)))
			return NULL;
		file = rc_subsys_by_id(id)->files;
		pos = (pos - RC_POS_SUBSYS) % RC_FILES_MAX;
	}
	for (; file && file->name; file++)
		if (!pos--)
			return rc_has_file(grp, file) ? file : NULL;
	return NULL;
}

/* Returns -ENOBUFS when the reader's buffer is full. */
static int rc_emit_file(struct dir_context *ctx, struct proc_dir_entry *dir,
			const struct rc_file *file)
{
	struct proc_dir_entry *de;
	bool room;

	de = rc_find_entry(dir, file->name, strlen(file->name));
	if (IS_ERR(de))
		return de == ERR_PTR(-ENOENT) ? 0 : PTR_ERR(de);
	room = dir_emit(ctx, de->name, de->namelen, de->low_ino, DT_REG);
	pde_put(de);
	return room ? 0 : -ENOBUFS;
}

/* A group in a directory, as readdir(2) tells of it. */
struct rc_dirent {
	char name[NAME_MAX + 1];
	unsigned int ino;
	u64 serial;
};

/* The oldest group in @parent whose serial is @serial or more. */
static bool rc_next_dirent(struct rc_group *parent, u64 serial,
			   struct rc_dirent *next)
{
	struct rc_group *grp;

	/* RCU keeps the name, and the entry of a group that was in the tree. */
	rcu_read_lock();
	grp = rc_group_next(parent, serial);
	if (grp) {
		strscpy(next->name, rcu_dereference(grp->name),
			sizeof(next->name));
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
	struct rc_group *parent = dir->data;
	struct rc_dirent next;

	if (rc_pde_dead(dir))
		return -ENOENT;
	if (!dir_emit_dots(file, ctx))
		return 0;
	for (; ctx->pos < RC_POS_GROUPS; ctx->pos++) {
		const struct rc_file *rf = rc_file_at(parent, ctx->pos);
		int err = rf ? rc_emit_file(ctx, dir, rf) : 0;

		if (err)
			return err == -ENOBUFS ? 0 : err;
	}
	/* The reader can stall dir_emit(), so without a lock. */
	while (rc_next_dirent(parent, ctx->pos - RC_POS_GROUPS, &next)) {
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
