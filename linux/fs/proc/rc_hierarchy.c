// SPDX-License-Identifier: GPL-2.0
/*
 * Hierarchies: which controllers one gets, when it is made, at boot too, and when
 * it is given others; and the files "subsystems", which say and change that.
 *
 * Controllers that others than hierarchies can use are claimed before rc_mutex is
 * taken: nobody waits under it for those others.
 */

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "../../kernel/rc/errors.h"
#include "rc_internal.h"

/**
 * rc_name_subsys - which controllers does a hierarchy get for its name?
 * @name: the name
 *
 * Return: their ids.
 */
unsigned long rc_name_subsys(const char *name)
{
	unsigned long mask;

	return rc_parse_subsys_list(name, false, &mask) ? mask : 0;
}

/**
 * rc_make_hierarchy - make a hierarchy for the kernel's own reasons
 * @name: its name, of 1 to NAME_MAX bytes
 * @agent: its release agent, or NULL
 *
 * Context: rc_mutex held, may sleep; what rc_name_subsys() says is claimed.
 * Return: 0, or a negative errno as for mkdir(2).
 */
int rc_make_hierarchy(const char *name, const char *agent)
{
	return PTR_ERR_OR_ZERO(rc_make_group(rc_top.pde, name, 0755, NULL,
					     agent));
}

/* Gives the hierarchy other controllers, with their files. */
static int rc_dir_rebind(struct rc_group *root, unsigned long mask)
{
	struct rc_hierarchy *hier = root->hier;
	unsigned long old = hier->subsys_mask;
	int err;

	lockdep_assert_held(&rc_mutex);
	err = rc_rebind_begin(hier, mask);
	if (err)
		return err;
	err = rc_add_subsys_files(root->pde, root, mask & ~old);
	if (err) {
		rc_kill_subsys_files(root->pde, mask & ~old);
		rc_rebind_abort(hier, mask);
		return err;
	}
	rc_kill_subsys_files(root->pde, old & ~mask);
	rc_rebind_commit(hier, mask);
	return 0;
}

/*
 * Files
 */

static int rc_top_subsystems_show(struct seq_file *m, struct rc_group *grp)
{
	struct super_block *sb = file_inode(m->file)->i_sb;
	struct rc_subsys *ss;
	unsigned int id;

	seq_puts(m, "#subsys_name\thierarchy\tnum_groups\tenabled\n");
	for_each_rc_subsys(ss, id) {
		unsigned int nr = 0;
		struct rc_hierarchy *hier;

		if (rc_is_view(sb))
			nr = rc_view_nr_groups(rc_view(sb), ss);
		/* Keeps a hierarchy that has been seen, and its name. */
		rcu_read_lock();
		hier = READ_ONCE(ss->hier);
		if (hier && !rc_is_view(sb))
			nr = READ_ONCE(hier->nr_groups);
		seq_printf(m, "%s\t%s\t%u\t%d\n", ss->name,
			   hier ? rcu_dereference(hier->root.name) : "-",
			   hier ? nr : 0, rc_subsys_available(ss));
		rcu_read_unlock();
	}
	/* Then not all were counted. */
	return fatal_signal_pending(current) ? -EINTR : 0;
}

const struct rc_core_file rc_top_subsystems = {
	.show = rc_top_subsystems_show,
};

static int rc_subsystems_show(struct seq_file *m, struct rc_group *grp)
{
	rc_show_subsys_list(m, READ_ONCE(grp->hier->subsys_mask), ' ');
	seq_putc(m, '\n');
	return 0;
}

/* With the claims of what the hierarchy is to have; leaves those that are too many. */
static int rc_subsystems_set(struct file *file, struct rc_group *root,
			     unsigned long mask, unsigned long *unclaim)
{
	unsigned long old;
	int err;

	*unclaim = mask;
	err = rc_lock_live(file);
	if (err)
		return err;
	old = root->hier->subsys_mask;
	err = rc_dir_rebind(root, mask);
	if (!err)
		*unclaim = old;
	mutex_unlock(&rc_mutex);
	return err;
}

static int rc_subsystems_write(struct file *file, struct rc_group *grp,
			       char *buf)
{
	unsigned long mask, unclaim;
	int err;

	err = rc_file_admin(file);
	if (err)
		return err;
	if (!rc_parse_subsys_list(buf, true, &mask)) {
		err = rc_lock_live(file);
		if (err)
			return err;
		mutex_unlock(&rc_mutex);
		return rc_refuse_group(-ENOENT, NULL, "not all are controllers");
	}
	err = rc_claim(mask);
	if (err)
		return err;
	err = rc_subsystems_set(file, grp, mask, &unclaim);
	rc_unclaim(unclaim);
	return err;
}

const struct rc_core_file rc_subsystems = {
	.show = rc_subsystems_show, .write = rc_subsystems_write,
};

/*
 * Boot
 */

/* What rc= on the kernel's command line asks for. */
static char *rc_boot_list __initdata;

static int __init rc_boot_setup(char *list)
{
	rc_boot_list = list;
	return 1;
}
__setup("rc=", rc_boot_setup);

static int __init rc_boot_hierarchy(const char *name)
{
	unsigned long mask = rc_name_subsys(name);
	int err;

	if (!*name || strlen(name) > NAME_MAX || strchr(name, '/') ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	err = rc_claim(mask);
	if (err)
		return err;
	mutex_lock(&rc_mutex);
	err = rc_make_hierarchy(name, NULL);
	mutex_unlock(&rc_mutex);
	if (err)
		rc_unclaim(mask);
	return err;
}

static int __init rc_boot_hierarchies(void)
{
	char *name;

	while ((name = strsep(&rc_boot_list, ";"))) {
		int err = rc_boot_hierarchy(name);

		if (err)
			pr_warn("rc: cannot make hierarchy \"%s\": %pe\n",
				name, ERR_PTR(err));
	}
	return 0;
}
fs_initcall(rc_boot_hierarchies);
