/* SPDX-License-Identifier: GPL-2.0 */
/* What the directories and the files of /proc/rc share. */
#ifndef _PROC_RC_INTERNAL_H
#define _PROC_RC_INTERNAL_H

#include <linux/capability.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/rc.h>
#include <linux/seq_file.h>

#include "../../kernel/rc/internal.h"
#include "internal.h"

/**
 * struct rc_core_file - what a file of the core does, in place of a controller's
 * @show: prints the file. Called with no lock of rc held.
 * @write: takes a text that was written, as &rc_file.write, but called with no
 *	lock of rc held; @file tells who has opened it. Returns 0 or a negative
 *	errno.
 */
struct rc_core_file {
	int (*show)(struct seq_file *m, struct rc_group *grp);
	int (*write)(struct file *file, struct rc_group *grp, char *buf);
};

/**
 * struct rc_open - an open file
 * @grp: its group, with a reference
 * @file: what the file is
 * @pids: ids, if it lists tasks and @ucounts is set; belongs to the reader, under
 *	the seq_file's lock
 * @ucounts: on whose account @pids are; likewise
 * @next: position in @pids behind what was shown last; likewise
 * @again: a reader is at the beginning, where ids are collected anew
 * @changes: rc_changes() when its reader last looked; may be read without a lock
 * @opener: the pid namespace of who has opened it, with a reference, if the file
 *	asks; does not change
 */
struct rc_open {
	struct rc_group *grp;
	const struct rc_file *file;
	struct rc_pids pids;
	struct ucounts *ucounts;
	size_t next;
	bool again;
	unsigned int changes;
	struct pid_namespace *opener;
};

static inline struct rc_open *rc_opened(const struct file *file)
{
	return ((struct seq_file *)file->private_data)->private;
}

/* In reading and writing, a removed entry is not there any more. */
static inline bool rc_pde_dead(const struct proc_dir_entry *de)
{
	return atomic_read(&de->in_use) < 0;
}

/* The pid namespace that a mount of proc belongs to, and sees groups from. */
static inline struct pid_namespace *rc_view(struct super_block *sb)
{
	return proc_pid_ns(sb);
}

static inline bool rc_is_view(struct super_block *sb)
{
	return unlikely(rc_view(sb) != &init_pid_ns);
}

/* The end is where the beginning is, for who opens a file to append to it. */
static inline loff_t rc_llseek(struct file *file, loff_t offset, int whence)
{
	return seq_lseek(file, offset, whence == SEEK_END ? SEEK_SET : whence);
}

/* rc.c */
int rc_add_subsys_files(struct proc_dir_entry *dir, struct rc_group *grp,
			unsigned long mask);
void rc_kill_subsys_files(struct proc_dir_entry *dir, unsigned long mask);
struct inode *rc_make_group(struct proc_dir_entry *parent_de,
			    const char *name, umode_t mode,
			    struct super_block *sb, const char *agent);
int rc_remove_dir(struct proc_dir_entry *de);

bool rc_has_file(const struct rc_group *grp, const struct rc_file *file);
struct inode *rc_get_inode(struct super_block *sb, struct proc_dir_entry *de);

/* rc_attr.c */
void rc_refresh_inode(struct inode *inode);
int rc_check_name(struct dentry *dentry, struct proc_dir_entry *de, bool rcu);
int rc_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old_dentry,
	      struct inode *new_dir, struct dentry *new_dentry, unsigned int flags);
int rc_may_change(struct proc_dir_entry *de, struct inode *dir,
		  const struct dentry *dentry);
bool rc_dir_may_search(const struct rc_group *grp);
int rc_permission(struct mnt_idmap *idmap, struct inode *inode, int mask);
int rc_getattr(struct mnt_idmap *idmap, const struct path *path,
	       struct kstat *stat, u32 request_mask, unsigned int query_flags);
int rc_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
	       struct iattr *attr);

/* rc_mount.c */
#ifdef CONFIG_RC_CPUSET
bool rc_shows_file(const struct super_block *sb, const struct rc_file *file);
#else
static inline bool rc_shows_file(const struct super_block *sb,
				 const struct rc_file *file)
{
	return !(file->flags & RC_FILE_OLD);
}
#endif

/* rc_readdir.c */
extern const struct file_operations rc_dir_fops;
unsigned int rc_file_ino(const struct proc_dir_entry *dir,
			 const struct rc_file *file);

/* rc_view.c */
struct rc_group *rc_view_shown(struct pid_namespace *view,
			       struct rc_group *root);
struct proc_dir_entry *rc_view_entry(struct pid_namespace *view,
				     struct proc_dir_entry *de);
bool rc_view_still_shown(struct dentry *dentry, struct rc_group *grp);
bool rc_view_may_write(const struct inode *inode);
unsigned int rc_view_nr_groups(struct pid_namespace *view,
			       struct rc_subsys *ss);

/* rc_hierarchy.c */
extern const struct rc_core_file rc_top_subsystems;
extern const struct rc_core_file rc_subsystems;
unsigned long rc_name_subsys(const char *name);
int rc_make_hierarchy(const char *name, const char *agent);

/* rc_errors.c */
#define RC_NEEDS_ADMIN	"only for CAP_SYS_ADMIN in the initial user namespace"
#define RC_READ_ONLY	"it cannot be written"
#define RC_NOT_IN_VIEW	"not to be changed through this view"

int rc_file_admin(const struct file *file);
int rc_told(int err, u64 since, const struct inode *inode, const char *what,
	    const char *value);
int rc_name_refused(const struct inode *dir, const struct dentry *dentry,
		    unsigned int flags, int err);
extern const struct file_operations rc_errors_fops;

/* rc_files.c */
extern const struct rc_file rc_top_files[];
extern const struct rc_file rc_core_files[];
extern const struct file_operations rc_show_fops;
extern const struct file_operations rc_poll_fops;
extern const struct file_operations rc_tasks_fops;

int rc_show_open(struct inode *inode, struct file *file);
int rc_file_release(struct inode *inode, struct file *file);
int rc_parse_u64(const char *buf, u64 *val);
int rc_lock_live(const struct file *file);
ssize_t rc_write(struct file *file, const char __user *ubuf, size_t count,
		 loff_t *ppos);

/* rc_namespaces.c */
extern const struct rc_core_file rc_namespaces;

/* rc_signal.c */
extern const struct rc_core_file rc_kill;
extern const struct file_operations rc_kill_fops;
extern const struct rc_core_file rc_freeze;

/* rc_groups.c */
extern const struct file_operations rc_groups_fops;

#endif /* _PROC_RC_INTERNAL_H */
