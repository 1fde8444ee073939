// SPDX-License-Identifier: GPL-2.0
/*
 * Resource control for task groups: hierarchies and groups.
 *
 * Model
 * =====
 *
 *   task -> nsproxy -> namespaces
 *              |-----> rc.state[controller]   what hot paths read
 *              '-----> rc.group[hierarchy]    NULL: the hierarchy's root
 *
 *   rc_top -> root group of a hierarchy -> group -> group ...
 *
 * A proxy stands for a combination of namespaces and groups; tasks with the
 * same combination share it. Its home, which is itself or another proxy with the
 * same groups, lists its tasks and pins the groups that it names; a group pins its
 * parent, its states and, through the root, its hierarchy, but no namespace.
 * Roots are not named: each task that is in no other group of a hierarchy is in
 * its root, and charged to the top state of the controllers bound there. So a
 * hierarchy comes and goes, and controllers are bound to it, without touching a
 * task. A hierarchy without groups below its root may be given other controllers.
 *
 * Life of a group
 * ===============
 *
 * rc_group_create() makes it with its states, rc_group_publish() lets it be
 * found, when nothing can fail any more and all of it is set. It is empty while
 * it has no child and no proxy with tasks in it; rc_group_remove() takes it out
 * of the tree then. release.c tells those who wait for that.
 *
 * An RCU grace period later, when nobody charges its states any more, a work item
 * lets go of it: controllers take leave of the states, and the directory is
 * forgotten in all mounts. The group stays for whoever holds a reference, an
 * open file for one, where it is in nobody's way. The last one frees it and its
 * states. If a controller counts zombies, they hold the home that they had, and
 * with that its groups, until they are reaped.
 *
 * Locks
 * =====
 *
 * From the outermost to the innermost:
 *
 *   inode->i_rwsem          directory operations of one mount of proc
 *   rc_mutex                the tree, binding, every move of a task by another; held from
 *                           rc_can_fork() to the end of fork for one that is started
 *   cgroup_threadgroup_rwsem  fork, to read; only where rc_can_fork() has taken rc_mutex
 *   cpu_hotplug_lock        static keys, taken in rc_subsys.bind and rc_subsys.create
 *   rc_tree_lock            children of groups, for who cannot wait for rc_mutex; held
 *                           for one step of a walk
 *   dentry->d_lock          a dentry's name, compared with its entry's (fs/proc)
 *   proc_subdir_lock        names of directory entries (fs/proc)
 *   tasklist_lock           a child becomes visible (write), see __rc_fork(); tasks
 *                           are moved (read), see rc_attach()
 *   task->alloc_lock        task->nsproxy; not inside tasklist_lock held to write,
 *                           nor inside siglock
 *   nsproxy->rc.lock        tasks in a home. Interrupts off, since it is taken
 *                           under tasklist_lock, which interrupts read-lock. Two
 *                           at once in an attach: the one that a task leaves, then
 *                           the one it enters.
 *   rc_proxy_lock           hash of proxies, lists of proxies in groups, whether
 *                           a group is populated. Interrupts off.
 *   rc_name_lock, rc_errors_lock, rc_trace_lock
 *                           names along a path; what was refused; a path for
 *                           tracepoints, with the first inside it. Interrupts off:
 *                           fork refuses, and tells of groups, with siglock held.
 *
 * The counts of pids change under tasklist_lock, held for writing.
 *
 * rc_view_lock, for what pid namespaces were given, is taken inside rc_mutex or alone,
 * and none inside it.
 *
 * Who only reads takes none of them but spinlocks, for a bounded number of steps:
 * a reader can be made as slow as his CPU is busy.
 *
 * A reference to a proxy is not dropped under any of them: it may be the last
 * one of a namespace, whose end sleeps for as long as a file system likes.
 */

#include <linux/ctype.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/seq_file.h>
#include <linux/seqlock.h>
#include <linux/string.h>

#include "errors.h"
#include "internal.h"
#include "trace.h"

/* Protects the tree of groups, binding, and moves of tasks by other tasks. */
DEFINE_MUTEX(rc_mutex);
/* Protects the children of groups beside it; see above. */
DEFINE_SPINLOCK(rc_tree_lock);
LIST_HEAD(rc_hierarchies);

/* Stands for /proc/rc itself; its children are the roots of hierarchies. */
struct rc_group rc_top = {
	.ref		= REFCOUNT_INIT(1),
	.children	= RB_ROOT,
};

/* Slots in use. Changed under rc_mutex. */
static DECLARE_BITMAP(rc_slots, CONFIG_RC_MAX_HIERARCHIES);

/* Written under rc_mutex; a reader without it only bounds a walk with it. */
static u64 rc_last_serial;

/* A path through several groups is read from before or after a renaming. */
static DEFINE_SEQLOCK(rc_name_lock);

/**
 * rc_name_valid - may a group or hierarchy be called so?
 * @name: the name, of 1 to NAME_MAX bytes
 * @hierarchy: it is for a hierarchy, whose name stands before a colon in
 *	/proc/PID/rc and in blank separated lists
 *
 * Return: true if it may.
 */
bool rc_name_valid(const char *name, bool hierarchy)
{
	for (; *name; name++) {
		if (isascii(*name) && iscntrl(*name))
			return false;
		if (hierarchy && (*name == ':' || *name == ' '))
			return false;
	}
	return true;
}

static int rc_name_refuse(bool hierarchy)
{
	return rc_refuse_group(-EINVAL, NULL, hierarchy ?
			       "a hierarchy's name has no control characters, blanks and colons" :
			       "a name has no control characters");
}

static void rc_group_destroy_states(struct rc_group *grp, unsigned int nr)
{
	while (nr--)
		if (grp->state[nr])
			rc_subsys_by_id(nr)->destroy(grp->state[nr]);
}

static void rc_group_online_states(struct rc_group *grp)
{
	unsigned int id;

	for (id = 0; id < rc_nr_subsys; id++) {
		struct rc_subsys *ss = rc_subsys_by_id(id);

		if (grp->state[id] && ss->online)
			ss->online(grp->state[id]);
	}
}

static void rc_group_offline_states(struct rc_group *grp)
{
	unsigned int id = rc_nr_subsys;

	while (id--) {
		struct rc_subsys *ss = rc_subsys_by_id(id);

		if (grp->state[id] && ss->offline)
			ss->offline(grp->state[id]);
	}
}

static void rc_group_drain_states(struct rc_group *grp)
{
	unsigned int id = rc_nr_subsys;

	while (id--) {
		struct rc_subsys *ss = rc_subsys_by_id(id);

		if (grp->state[id] && ss->drained)
			ss->drained(grp->state[id]);
	}
}

/* Not the last reference: that can be somebody else's, who may keep it. */
static void rc_group_uncharge(struct rc_group *grp)
{
	if (grp->ucounts)
		dec_ucount(grp->ucounts, UCOUNT_RC_GROUPS);
	grp->ucounts = NULL;
}

static void rc_group_free(struct rc_group *grp)
{
	struct rc_group *parent = grp->parent;

	rc_group_uncharge(grp);

	kfree(rcu_dereference_protected(grp->name, true));
	if (rc_is_root(grp)) {
		rc_free_agent(grp->hier);
		if (grp->hier->census)
			static_branch_dec(&rc_census_key);
		kfree(grp->hier);
	} else {
		kfree(grp);
	}
	rc_debug_add(-1, &rc_debug_counts.groups);
	rc_group_put(parent);
}

static void rc_group_release(struct work_struct *work)
{
	struct rc_group *grp = container_of(to_rcu_work(work), struct rc_group,
					    release);

	rc_group_destroy_states(grp, rc_nr_subsys);
	rc_group_free(grp);
}

/**
 * rc_group_put - drop a reference to a group
 * @grp: the group; the last reference frees it after an RCU grace period
 *
 * Context: any.
 */
void rc_group_put(struct rc_group *grp)
{
	if (refcount_dec_and_test(&grp->ref)) {
		INIT_RCU_WORK(&grp->release, rc_group_release);
		queue_rcu_work(system_unbound_wq, &grp->release);
	}
}

/* Groups that were removed, and those of them that are on nobody's account any more. */
static atomic_long_t rc_removals;
static atomic_long_t rc_drains;
static DECLARE_WAIT_QUEUE_HEAD(rc_drain_wait);

/* A grace period after the group was removed, with the tree's reference. */
static void rc_group_drain(struct work_struct *work)
{
	struct rc_group *grp = container_of(to_rcu_work(work), struct rc_group,
					    release);

	rc_dir_forget(grp);
	rc_group_drain_states(grp);
	rc_group_uncharge(grp);
	atomic_long_inc(&rc_drains);
	/* Has a barrier, which pairs with the one in wait_event_killable(). */
	if (wq_has_sleeper(&rc_drain_wait))
		wake_up_all(&rc_drain_wait);
	/* Mostly the last one, and nobody is left who looks under RCU. */
	if (READ_ONCE(grp->was_top))
		rc_group_put(grp);
	else if (refcount_dec_and_test(&grp->ref))
		rc_group_release(work);
}

/*
 * What controllers may ask about the group of a state
 */

/**
 * rc_state_has_tasks - has a group tasks of its own?
 * @st: the state of a group; not the top state
 *
 * Context: any. If the answer is no, only an attach, which runs under rc_mutex and
 * tells the controller, makes it yes.
 * Return: true if it has.
 */
bool rc_state_has_tasks(const struct rc_state *st)
{
	const struct rc_group *grp = READ_ONCE(st->group);

	return grp && !list_empty(&grp->proxies);
}

/**
 * rc_state_get - take a reference that keeps a state
 * @st: the state; nothing is taken for a top state, which stays anyway
 *
 * Context: any, the group being in the tree or held by the caller.
 */
void rc_state_get(struct rc_state *st)
{
	if (st->parent)
		rc_group_get(st->group);
}

/**
 * rc_state_put - drop a reference to a state
 * @st: the state, from rc_state_get()
 *
 * Context: any.
 */
void rc_state_put(struct rc_state *st)
{
	if (st->parent)
		rc_group_put(st->group);
}

/**
 * rc_state_name - the name of a state's group
 * @st: the state
 *
 * Context: under RCU.
 * Return: the name, "/" for a root; valid while RCU is held.
 */
const char *rc_state_name(const struct rc_state *st)
{
	return st->parent ? rcu_dereference(st->group->name) : "/";
}

/**
 * rc_state_group - the group of a state, whoever else changes binding
 * @st: the state; a top state, or one whose group the caller holds
 *
 * Context: any.
 * Return: the group, for rc_group_put(); NULL for the top state of a controller
 * that is unbound.
 */
struct rc_group *rc_state_group(const struct rc_state *st)
{
	struct rc_group *grp;

	/* A hierarchy that ends is unbound before its grace period. */
	rcu_read_lock();
	grp = READ_ONCE(st->group);
	if (grp && !refcount_inc_not_zero(&grp->ref))
		grp = NULL;
	rcu_read_unlock();
	return grp;
}

/**
 * rc_charge_user - count one more of what a user may have so many of
 * @ns: the user's namespace
 * @uid: the user
 * @type: of what
 *
 * Context: process context; may sleep.
 * Return: for dec_ucount(); or ERR_PTR(): -ENOSPC the user has as many as he may, -ENOMEM.
 */
struct ucounts *rc_charge_user(struct user_namespace *ns, kuid_t uid,
			       enum ucount_type type)
{
	struct ucounts *ucounts, *there;

	/* inc_ucount() does not tell whether it finds no room or no memory. */
	there = alloc_ucounts(ns, uid);
	if (!there)
		return ERR_PTR(-ENOMEM);
	ucounts = inc_ucount(ns, uid, type);
	put_ucounts(there);
	if (ucounts)
		return ucounts;
	return ERR_PTR(rc_refuse_group(-ENOSPC, NULL,
				       "more than the user may have (/proc/sys/user/max_rc_%s)",
				       type == UCOUNT_RC_GROUPS ? "groups" : "lists"));
}

static int rc_group_init(struct rc_group *grp, struct rc_group *parent,
			 struct rc_hierarchy *hier, const char *name)
{
	struct ucounts *ucounts;
	const char *copy;

	ucounts = rc_charge_user(current_user_ns(), current_euid(),
				 UCOUNT_RC_GROUPS);
	if (IS_ERR(ucounts))
		return PTR_ERR(ucounts);
	copy = kstrdup(name, GFP_KERNEL_ACCOUNT);
	if (!copy) {
		dec_ucount(ucounts, UCOUNT_RC_GROUPS);
		return -ENOMEM;
	}
	grp->ucounts = ucounts;
	RCU_INIT_POINTER(grp->name, copy);
	grp->hier = hier;
	grp->parent = rc_group_get(parent);
	grp->children = RB_ROOT;
	INIT_LIST_HEAD(&grp->proxies);
	rc_group_init_release(grp, parent);
	refcount_set(&grp->ref, 1);
	rc_debug_add(1, &rc_debug_counts.groups);
	return 0;
}

/*
 * The tree
 */

static struct rc_group *rc_hierarchy_create(const char *name)
{
	struct rc_hierarchy *hier;
	int slot, err;

	slot = find_first_zero_bit(rc_slots, CONFIG_RC_MAX_HIERARCHIES);
	if (slot == CONFIG_RC_MAX_HIERARCHIES)
		return ERR_PTR(rc_refuse_group(-ENOSPC, NULL,
					       "there are %d hierarchies already",
					       CONFIG_RC_MAX_HIERARCHIES));

	hier = kzalloc(sizeof(*hier), GFP_KERNEL_ACCOUNT);
	if (!hier)
		return ERR_PTR(-ENOMEM);
	err = rc_group_init(&hier->root, &rc_top, hier, name);
	if (err) {
		kfree(hier);
		return ERR_PTR(err);
	}
	hier->id = slot;
	if (!rc_parse_subsys_list(name, false, &hier->subsys_mask))
		hier->subsys_mask = 0;
	return &hier->root;
}

/**
 * rc_group_create - make a group or a hierarchy that no one sees yet
 * @parent: the group to be above it, &rc_top for a hierarchy; not dead
 * @name: its name, of 1 to NAME_MAX bytes. The caller sees to it that @parent
 *	has no child of that name.
 *
 * Context: rc_mutex held; may sleep.
 * Return: the group, for rc_group_bind() or rc_group_put(), or ERR_PTR(): -EINVAL
 * the name is bad, -ENOSPC too deep, no slot for a hierarchy, or current's user
 * has as many groups as he may, -ENOMEM, or what a controller says.
 */
struct rc_group *rc_group_create(struct rc_group *parent, const char *name)
{
	struct rc_hierarchy *hier = parent->hier;
	struct rc_group *grp;
	struct rc_subsys *ss;
	unsigned int id;
	int err;

	lockdep_assert_held(&rc_mutex);
	if (!rc_name_valid(name, !hier))
		return ERR_PTR(rc_name_refuse(!hier));
	if (!hier)
		return rc_hierarchy_create(name);
	if (parent->depth == RC_MAX_DEPTH)
		return ERR_PTR(rc_refuse_group(-ENOSPC, NULL, "deeper than %d",
					       RC_MAX_DEPTH));

	grp = kzalloc(sizeof(*grp), GFP_KERNEL_ACCOUNT);
	if (!grp)
		return ERR_PTR(-ENOMEM);
	err = rc_group_init(grp, parent, hier, name);
	if (err) {
		kfree(grp);
		return ERR_PTR(err);
	}
	grp->depth = parent->depth + 1;
	for_each_rc_subsys_in(ss, id, &hier->subsys_mask) {
		struct rc_state *above = rc_group_state(parent, ss);
		struct rc_state *st = ss->create(above);

		if (IS_ERR(st)) {
			rc_group_destroy_states(grp, id);
			rc_group_free(grp);
			return ERR_CAST(st);
		}
		st->group = grp;
		st->parent = above;
		grp->state[id] = st;
	}
	return grp;
}

static bool rc_serial_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct rc_group, node)->serial <
	       rb_entry(b, struct rc_group, node)->serial;
}

/**
 * rc_group_publish - enter a new group in the tree
 * @grp: after rc_group_bind(); its directory can be found already
 *
 * rc_group_remove() is what undoes it.
 *
 * Context: rc_mutex held; may sleep.
 */
void rc_group_publish(struct rc_group *grp)
{
	struct rc_hierarchy *hier = grp->hier;

	lockdep_assert_held(&rc_mutex);
	grp->serial = rc_last_serial + 1;
	rc_group_online_states(grp);
	if (rc_is_root(grp)) {
		__set_bit(hier->id, rc_slots);
		list_add_tail_rcu(&hier->node, &rc_hierarchies);
	}
	WRITE_ONCE(rc_last_serial, grp->serial);
	WRITE_ONCE(hier->nr_groups, hier->nr_groups + 1);
	spin_lock(&rc_tree_lock);
	rb_add(&grp->node, &grp->parent->children, rc_serial_less);
	spin_unlock(&rc_tree_lock);
	rc_trace_made(grp);
}

/**
 * rc_group_remove - take an empty group, or a hierarchy, out of the tree
 * @grp: the group
 *
 * A root may hold tasks: all that are in no other group of the hierarchy.
 *
 * Context: rc_mutex held; may sleep.
 * Return: 0, after which the caller removes the directory and goes on with
 * rc_group_removed(); -ENOENT if that has happened already; -EBUSY if the group has
 * children or tasks.
 */
int rc_group_remove(struct rc_group *grp)
{
	lockdep_assert_held(&rc_mutex);
	if (grp->dead)
		return -ENOENT;
	/*
	 * Lockless look at the proxies: none can be added but under rc_mutex or
	 * by a task that is in one of them.
	 */
	if (!RB_EMPTY_ROOT(&grp->children))
		return rc_refuse_group(-EBUSY, NULL, "there are groups below it");
	if (!list_empty(&grp->proxies))
		return rc_refuse_group(-EBUSY, NULL, "there are tasks in it");

	WRITE_ONCE(grp->dead, true);
	spin_lock(&rc_tree_lock);
	rb_erase(&grp->node, &grp->parent->children);
	spin_unlock(&rc_tree_lock);
	WRITE_ONCE(grp->hier->nr_groups, grp->hier->nr_groups - 1);
	rc_group_offline_states(grp);
	if (rc_is_root(grp)) {
		rc_group_unbind(grp);
		list_del_rcu(&grp->hier->node);
		__clear_bit(grp->hier->id, rc_slots);
	}
	rc_trace_removed(grp);
	rc_group_end_release(grp);
	return 0;
}

/**
 * rc_group_removed - let go of a removed group whose directory has gone
 * @grp: the group; takes over the tree's reference
 *
 * Context: may sleep.
 */
void rc_group_removed(struct rc_group *grp)
{
	atomic_long_inc(&rc_removals);
	rc_group_wake_removed(grp);
	INIT_RCU_WORK(&grp->release, rc_group_drain);
	queue_rcu_work(system_unbound_wq, &grp->release);
}

/**
 * rc_await_drained - wait until as many as are removed now are on nobody's account
 *
 * That takes an RCU grace period, whoever makes and removes others meanwhile.
 *
 * Context: process context, no lock of rc held; sleeps, killably.
 * Return: true if that was waited for; false if there was none, or current is killed.
 */
bool rc_await_drained(void)
{
	long removals = atomic_long_read(&rc_removals);

	if (atomic_long_read(&rc_drains) - removals >= 0)
		return false;
	return !wait_event_killable(rc_drain_wait,
				    atomic_long_read(&rc_drains) - removals >= 0);
}

/**
 * rc_group_new_name - make a copy of a name for rc_group_set_name()
 * @grp: the group to be renamed
 * @name: the name, of 1 to NAME_MAX bytes
 *
 * Context: may sleep.
 * Return: the copy, for kfree() if it is not used, or ERR_PTR(): -EINVAL the name
 * is bad, -ENOMEM.
 */
const char *rc_group_new_name(struct rc_group *grp, const char *name)
{
	if (!rc_name_valid(name, rc_is_root(grp)))
		return ERR_PTR(rc_name_refuse(rc_is_root(grp)));
	return kstrdup(name, GFP_KERNEL_ACCOUNT) ?: ERR_PTR(-ENOMEM);
}

/**
 * rc_group_set_name - rename a group
 * @grp: the group
 * @name: from rc_group_new_name()
 *
 * Context: rc_mutex held; may sleep.
 */
void rc_group_set_name(struct rc_group *grp, const char *name)
{
	const char *old = rc_group_name(grp);

	/* See the order of locks. */
	write_seqlock_irq(&rc_name_lock);
	rcu_assign_pointer(grp->name, name);
	write_sequnlock_irq(&rc_name_lock);
	rc_trace_renamed(grp);
	kfree_rcu_mightsleep(old);
}

/**
 * rc_group_path - the names from below the root of the hierarchy to a group
 * @grp: the group
 * @name: room for RC_MAX_DEPTH names; the last one on the path comes first
 *
 * Context: under RCU, until the names have been used.
 * Return: how many they are, 0 for a root.
 */
unsigned int rc_group_path(struct rc_group *grp, const char **name)
{
	struct rc_group *pos;
	unsigned int n, seq;

	do {
		seq = read_seqbegin(&rc_name_lock);
		n = 0;
		for (pos = grp; !rc_is_root(pos); pos = pos->parent)
			name[n++] = rcu_dereference(pos->name);
	} while (read_seqretry(&rc_name_lock, seq));
	return n;
}

/**
 * rc_newest_serial - where a walk over groups may stop
 *
 * Context: any.
 * Return: the serial of the youngest group. Those that are made from here on have
 * a higher one.
 */
u64 rc_newest_serial(void)
{
	return READ_ONCE(rc_last_serial);
}

/* What a user may have; a limit of root's own is set by sysctl. */
#define RC_MAX_GROUPS		65536
#define RC_MAX_LISTS		16384
#define RC_MAX_PROXIES		1024

static int __init rc_limits_init(void)
{
	init_user_ns.ucount_max[UCOUNT_RC_GROUPS] = RC_MAX_GROUPS;
	init_user_ns.ucount_max[UCOUNT_RC_LISTS] = RC_MAX_LISTS;
	init_user_ns.ucount_max[UCOUNT_RC_PROXIES] = RC_MAX_PROXIES;
	return 0;
}
core_initcall(rc_limits_init);
