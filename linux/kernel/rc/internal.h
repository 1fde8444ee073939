/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the core and its face in procfs share. */
#ifndef _RC_INTERNAL_H
#define _RC_INTERNAL_H

#include <linux/bitmap.h>
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pid_namespace.h>
#include <linux/rbtree.h>
#include <linux/rc.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/uidgid_types.h>
#include <linux/user_namespace.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct cred;
struct proc_dir_entry;

#define RC_MAX_DEPTH	32

/* How many tasks, or homes, are looked at before others have their turn. */
#define RC_PIECE	64

/**
 * struct rc_group - a group of tasks, a directory in procfs
 * @hier: its hierarchy; never changes
 * @parent: the group above, &rc_top for the root of a hierarchy; never changes
 * @depth: 0 for the root of a hierarchy; never changes
 * @serial: grows with each group that is made, so that the order of children
 *	is that of their birth; never changes
 * @name: name in @parent; changed under rc_mutex, read under RCU
 * @ref: references: one of the tree until removal, one of each home, child,
 *	directory entry and open file
 * @state: state of each controller bound to @hier, but not in a root, see
 *	rc_group_state(); does not change, as controllers are bound to, and let
 *	go of, a lone root
 * @children: groups below, by serial; changed under rc_mutex and rc_tree_lock,
 *	read under either
 * @node: in @parent's @children; as that
 * @proxies: homes with tasks in them, unless this is a root. Changed under
 *	rc_proxy_lock, walked under RCU. Only an attach, or a task that is started
 *	there, both under rc_mutex, makes it non-empty.
 * @shifts: how often a task of the group was given another home in it, or a home
 *	got its first task; written under rc_mutex, read without
 * @nr_populated: children that are populated, and 1 if @proxies is not empty;
 *	not kept for a root; rc_proxy_lock, may be read without
 * @changes: how often @nr_populated became or ceased to be 0; as that
 * @wait: readers of "events" in poll(2)
 * @events_work: wakes them, and looks whether the group is frozen
 * @freezers: groups whose @freeze is 1, of this one and those above it; written under
 *	rc_mutex, may be read without
 * @stirs: how often somebody came who has not stopped, or @freezers became 0;
 *	rc_proxy_lock, may be read without
 * @awaited: the id of a task that the last look has found not to have stopped, or 0;
 *	written by looks, may be read without
 * @freeze: what its file of this name says; as @freezers
 * @frozen: there are @freezers, and all tasks in it and below it have stopped, as far as
 *	is known; as @stirs
 * @notify_on_release: run the hierarchy's agent when the group is not used any
 *	more; written under rc_mutex, may be read without
 * @agent_work: runs the agent
 * @dead: removed; written under rc_mutex, may be read without
 * @was_top: some pid namespace has, or had, it as its top, so that it can be found
 *	under RCU after its removal; set while it is not removed
 * @pde: directory in procfs, for fs/proc/rc.c alone; set before anyone sees the
 *	group, valid while the group is not dead
 * @uid: its maker, who owns its files until they are given away; as @pde
 * @gid: likewise
 * @ucounts: on whose account it is; NULL a grace period after its removal
 * @release: lets go of a removed group after an RCU grace period, and frees it
 */
struct rc_group {
	struct rc_hierarchy *hier;
	struct rc_group *parent;
	unsigned int depth;
	u64 serial;
	const char __rcu *name;
	refcount_t ref;
	struct rc_state *state[CONFIG_RC_MAX_SUBSYS];
	struct rb_root children;
	struct rb_node node;
	struct list_head proxies;
	unsigned long shifts;
	unsigned int nr_populated;
	unsigned int changes;
	wait_queue_head_t wait;
	struct work_struct events_work;
	unsigned int freezers;
	unsigned int stirs;
	pid_t awaited;
	bool freeze;
	bool frozen;
	bool notify_on_release;
	struct work_struct agent_work;
	bool dead;
	bool was_top;
	struct proc_dir_entry *pde;
	kuid_t uid;
	kgid_t gid;
	struct ucounts *ucounts;
	struct rcu_work release;
};

/**
 * struct rc_hierarchy - a tree of groups
 * @root: the group at its top, where all tasks are that are in no other
 * @id: its slot: index of its group in a proxy
 * @subsys_mask: ids of the controllers bound to it; rc_mutex, read under RCU
 * @nr_groups: groups in it, the root counted; written under rc_mutex, may be
 *	read without
 * @agent: the program to run for released groups, or NULL; changed under rc_mutex,
 *	read under RCU
 * @agent_wq: where its runs wait for each other; NULL until there was an agent,
 *	does not change then
 * @census: it has had a controller that is told of births or deaths, and counts in
 *	rc_census_key for as long as there is anything left of it; rc_mutex
 * @node: in rc_hierarchies, in order of creation; changed under rc_mutex, walked
 *	under RCU
 */
struct rc_hierarchy {
	struct rc_group root;
	unsigned int id;
	unsigned long subsys_mask;
	unsigned int nr_groups;
	struct rc_agent __rcu *agent;
	struct workqueue_struct *agent_wq;
	bool census;
	struct list_head node;
};

/**
 * struct rc_agent - the program that is run for released groups
 * @rcu: frees it
 * @path: its path; never changes
 */
struct rc_agent {
	struct rcu_head rcu;
	char path[];
};

/**
 * struct rc_pids - ids of tasks, in ascending order, each once
 * @nr: how many
 * @bits: how many bits are in @map; 0 if the ids are in @pid
 * @first: the id that the first bit of @map stands for
 * @map: a bit for each id; ids of a group mostly lie close together, and this is
 *	smaller then
 * @pid: the ids
 *
 * Both are from kvmalloc(), on the reader's account. All zero: no ids.
 */
struct rc_pids {
	size_t nr;
	size_t bits;
	pid_t first;
	union {
		unsigned long *map;
		pid_t *pid;
	};
};

/**
 * struct rc_debug_counts - what the core has, for CONFIG_RC_DEBUG alone
 * @groups: groups, to the end of their memory
 * @proxies: proxies, likewise
 * @proxies_dead: those of them that can be revived
 */
struct rc_debug_counts {
	atomic_t groups;
	atomic_t proxies;
	atomic_t proxies_dead;
};

extern struct mutex rc_mutex;
extern spinlock_t rc_tree_lock;
extern struct rc_group rc_top;
extern struct list_head rc_hierarchies;
/* The table that RC_SUBSYS() fills, put together by the linker. */
extern struct rc_subsys * const __start___rc_subsys[];
extern struct rc_subsys * const __stop___rc_subsys[];

static inline bool rc_is_root(const struct rc_group *grp)
{
	return grp->parent == &rc_top;
}

/* The name, for one who holds rc_mutex. */
static inline const char *rc_group_name(const struct rc_group *grp)
{
	return rcu_dereference_protected(grp->name,
					 lockdep_is_held(&rc_mutex));
}

/* A controller's state in a group of the hierarchy that it is bound to. */
static inline struct rc_state *rc_group_state(const struct rc_group *grp,
					      const struct rc_subsys *ss)
{
	return rc_is_root(grp) ? ss->top : grp->state[ss->id];
}

static inline struct rc_group *rc_group_get(struct rc_group *grp)
{
	refcount_inc(&grp->ref);
	return grp;
}

/* Is it @top, or below it? In one hierarchy. */
static inline bool rc_group_within(const struct rc_group *grp,
				   const struct rc_group *top)
{
	while (grp->depth > top->depth)
		grp = grp->parent;
	return grp == top;
}

/* debug.c */
extern struct rc_debug_counts rc_debug_counts;

static inline void rc_debug_add(int nr, atomic_t *count)
{
	if (IS_ENABLED(CONFIG_RC_DEBUG))
		atomic_add(nr, count);
}

/* subsys.c */
extern unsigned int rc_nr_subsys;

static inline struct rc_subsys *rc_subsys_by_id(unsigned long id)
{
	return __start___rc_subsys[id];
}

#define for_each_rc_subsys(ss, id)					\
	for ((id) = 0; (id) < rc_nr_subsys &&				\
	     ((ss) = rc_subsys_by_id(id)); (id)++)

/* Those whose bit is set in @mask. */
#define for_each_rc_subsys_in(ss, id, mask)				\
	for ((id) = find_first_bit(mask, CONFIG_RC_MAX_SUBSYS);		\
	     (id) < CONFIG_RC_MAX_SUBSYS && ((ss) = rc_subsys_by_id(id)); \
	     (id) = find_next_bit(mask, CONFIG_RC_MAX_SUBSYS, (id) + 1))

bool rc_subsys_enabled(const struct rc_subsys *ss);
bool rc_subsys_available(const struct rc_subsys *ss);
int rc_claim(unsigned long mask);
void rc_unclaim(unsigned long mask);
bool rc_parse_subsys_list(const char *list, bool blanks, unsigned long *mask);
void rc_show_subsys_list(struct seq_file *m, unsigned long mask, char sep);
int rc_group_bind(struct rc_group *grp);
void rc_group_unbind(struct rc_group *grp);
int rc_rebind_begin(struct rc_hierarchy *hier, unsigned long mask);
void rc_rebind_abort(struct rc_hierarchy *hier, unsigned long mask);
void rc_rebind_commit(struct rc_hierarchy *hier, unsigned long mask);

/* core.c */
bool rc_name_valid(const char *name, bool hierarchy);
struct ucounts *rc_charge_user(struct user_namespace *ns, kuid_t uid,
			       enum ucount_type type);
struct rc_group *rc_group_create(struct rc_group *parent, const char *name);
void rc_group_publish(struct rc_group *grp);
int rc_group_remove(struct rc_group *grp);
void rc_group_removed(struct rc_group *grp);
bool rc_await_drained(void);
const char *rc_group_new_name(struct rc_group *grp, const char *name);
void rc_group_set_name(struct rc_group *grp, const char *name);
u64 rc_newest_serial(void);
struct rc_group *rc_state_group(const struct rc_state *st);
unsigned int rc_group_path(struct rc_group *grp, const char **name);

/* walk.c */
struct rc_group *rc_group_next(struct rc_group *parent, u64 serial);
struct rc_group *rc_group_walk(struct rc_group *pos, struct rc_group *top,
			       u64 newest, bool below);

/* proxy.c */
extern spinlock_t rc_proxy_lock;

#define for_each_rc_slot(slot, ns)					\
	for_each_set_bit(slot, &(ns)->rc.mask, CONFIG_RC_MAX_HIERARCHIES)

void rc_proxy_init_boot(void);
void rc_proxies_wait(void);
void rc_proxy_discard(struct nsproxy *ns);
struct nsproxy *rc_proxy_get(struct nsproxy *old, struct rc_hierarchy *hier,
			     struct rc_group *grp, struct nsproxy *fresh,
			     bool move, bool *heir);
void rc_proxy_inherit(struct nsproxy *heir, struct nsproxy *from);
void rc_home_put(struct nsproxy *home);

/* home.c */
void rc_proxy_fill(struct nsproxy *ns, struct nsproxy *from);
void rc_switch_proxy(struct task_struct *tsk, struct nsproxy *new);
unsigned int rc_switch_threads(struct signal_struct *sig, struct nsproxy *old,
			       struct nsproxy *new);
void rc_home_activate(struct nsproxy *home);
void rc_home_deactivate(struct nsproxy *home);

/* Where its tasks are listed. NULL for one that names no group. */
static inline struct nsproxy *rc_proxy_home(struct nsproxy *ns)
{
	return ns->rc.home;
}

static __always_inline void
rc_home_leave(struct nsproxy *home, struct task_struct *tsk)
{
	lockdep_assert_held(&home->rc.lock);
	hlist_del_init_rcu(&tsk->rc_node);
	home->rc.nr--;
	if (hlist_empty(&home->rc.tasks))
		rc_home_deactivate(home);
}

/* census.c */

/**
 * struct rc_home - a proxy, with what it has as a home that only the census looks at
 * @ns: the proxy
 * @epoch: when @asked to @lump were found out; other than rc_census_epoch if it is time
 *	to do that again
 * @asked: controllers that are asked of each birth
 * @told: controllers that are told of each end
 * @lump: controllers that are told of births and ends together
 * @untold: what those are to be told: births less ends
 * @noted: in rc_census_homes, as long as @untold is not 0
 *
 * All that come from the cache of proxies are of this kind. All but the first is protected by
 * tasklist_lock.
 */
struct rc_home {
	struct nsproxy ns;
	unsigned long epoch;
	unsigned long asked;
	unsigned long told;
	unsigned long lump;
	long untold;
	struct hlist_node noted;
};

extern unsigned long rc_census_epoch;
extern unsigned long rc_census_tick;
extern bool rc_census_risen;
void rc_census_look(struct rc_home *home);
int rc_census_ask(struct rc_home *home, struct task_struct *child);
void rc_census_release(struct rc_home *home, struct task_struct *tsk);
void rc_census_enter(struct rc_home *home);
void __rc_census_leave(void);

/* Of one that is, or is to be, some task's home. */
static inline struct rc_home *rc_home_of(struct nsproxy *home)
{
	return container_of(home, struct rc_home, ns);
}

static __always_inline void rc_census_note(struct rc_home *home, long nr)
{
	home->untold += nr;
	if (unlikely(hlist_unhashed(&home->noted)))
		rc_census_enter(home);
}

/**
 * rc_census_birth - a task is to be born
 * @home: the home of its parent
 * @child: the task
 *
 * Context: tasklist_lock held for writing. It is not released before @child is in
 * @home if this succeeds.
 * Return: 0 or what a controller says.
 */
static __always_inline int rc_census_birth(struct rc_home *home,
					   struct task_struct *child)
{
	int err;

	if (unlikely(home->epoch != rc_census_epoch))
		rc_census_look(home);
	if (home->asked) {
		err = rc_census_ask(home, child);
		if (err)
			return err;
	}
	if (home->lump) {
		rc_census_note(home, 1);
		/* Written once after all was told, not each time. */
		if (home->untold > 0 && !rc_census_risen)
			rc_census_risen = true;
	}
	return 0;
}

/**
 * rc_census_end - a task is reaped
 * @home: the home that it has left
 * @tsk: the task
 *
 * Context: tasklist_lock held for writing.
 */
static __always_inline void rc_census_end(struct rc_home *home,
					  struct task_struct *tsk)
{
	if (unlikely(home->epoch != rc_census_epoch))
		rc_census_look(home);
	if (home->lump) {
		/*
		 * Before there are fewer: who keeps the highest number sees it. If no
		 * home has risen, none has had more than what was told.
		 */
		if (unlikely(rc_census_risen) && rc_census_tick != jiffies)
			rc_census_tell();
		rc_census_note(home, -1);
	}
	if (home->told)
		rc_census_release(home, tsk);
}

/**
 * rc_census_leave - a home ends
 * @home: the home, which nobody uses any more, but still holds its groups
 *
 * Context: process context, tasklist_lock not held.
 */
static inline void rc_census_leave(struct rc_home *home)
{
	/*
	 * It does not enter the list any more. Who has just taken it out of there is
	 * through with it: see rc_census_unlist().
	 */
	if (unlikely(!hlist_unhashed_lockless(&home->noted)))
		__rc_census_leave();
}

/* task.c */
struct nsproxy *rc_task_home(struct task_struct *tsk);

/* attach.c */
extern struct signal_struct *rc_moving;
int rc_move_check(struct task_struct *tsk, const struct cred *cred);
int rc_attach(struct rc_group *grp, pid_t nr, bool process,
	      const struct cred *cred, struct pid_namespace *view);

/* start.c */

/**
 * struct rc_start - a task that is to be started in a group
 * @grp: the group, with a reference
 * @view: the pid namespace of the mount of proc of the descriptor, with a reference
 * @since: from rc_errors_begin()
 * @stale: a proxy to drop when rc_mutex is released
 */
struct rc_start {
	struct rc_group *grp;
	struct pid_namespace *view;
	u64 since;
	struct nsproxy *stale;
};

void rc_start_done(struct task_struct *child, struct rc_start *start);

/* kill.c */
void rc_for_own_tasks(struct rc_group *grp,
		      void (*fn)(struct task_struct *tsk, void *arg), void *arg);
struct rc_group *rc_tree_walk(struct rc_group *pos, struct rc_group *top,
			      bool populated);
int rc_kill_tasks(struct rc_group *grp, const struct cred *cred,
		  struct pid_namespace *opener, struct pid_namespace *view);

/* freeze.c */
void rc_set_freeze(struct rc_group *grp, bool freeze);
void rc_update_frozen(struct rc_group *grp);
void rc_init_frozen(struct rc_group *grp, const struct rc_group *parent);
void rc_end_frozen(struct rc_group *grp);
void __rc_coming_frozen(struct task_struct *tsk, bool process, struct rc_group *grp);
void rc_moved_frozen(struct task_struct *tsk, bool process, struct rc_group *grp);
void rc_left_frozen(struct rc_group *grp);
extern unsigned int rc_nr_freezing;
bool rc_home_freezes(const struct nsproxy *home);
void rc_home_look_again(const struct nsproxy *home, bool always);
void rc_freeze_newborn(struct task_struct *child);

/**
 * rc_coming_frozen - a task is about to come to a group, which is not frozen then
 * @tsk: the task
 * @process: its whole process comes
 * @grp: the group
 *
 * Context: rc_mutex held, tasklist_lock held to read.
 */
static inline void rc_coming_frozen(struct task_struct *tsk, bool process,
				    struct rc_group *grp)
{
	if (unlikely(grp->freezers))
		__rc_coming_frozen(tsk, process, grp);
}

/**
 * rc_born_frozen - is a newborn to be frozen?
 * @home: its home
 *
 * Context: as rc_fork(), when it is listed. Who changes the answer sees the child
 * afterwards.
 * Return: true if rc_freeze_newborn() is to be called.
 */
static inline bool rc_born_frozen(const struct nsproxy *home)
{
	return unlikely(READ_ONCE(rc_nr_freezing)) && rc_home_freezes(home);
}

/**
 * rc_exit_frozen - a task has left its groups
 * @home: its home, which is held
 *
 * Context: any.
 */
static inline void rc_exit_frozen(const struct nsproxy *home)
{
	/* It is not listed. Pairs with the locks between rc_set_freeze() and its look. */
	smp_mb();
	if (unlikely(READ_ONCE(rc_nr_freezing)))
		rc_home_look_again(home, false);
}

/* view.c */
void rc_view_moved(struct task_struct *tsk, bool process, struct rc_group *grp,
		   struct pid_namespace *view);
struct rc_group *rc_view_top(struct pid_namespace *ns,
			     const struct rc_hierarchy *hier);
bool rc_view_shows(struct pid_namespace *ns, const struct rc_group *grp,
		   bool below);
unsigned int rc_view_path(struct pid_namespace *ns, const struct rc_group *grp,
			  unsigned int *up);

/**
 * rc_view_has - is a group seen from a pid namespace?
 * @ns: the namespace
 * @grp: the group, or &rc_top
 * @below: only if it is below the top, not the top itself
 *
 * Context: any. Under rc_mutex the answer stays right, unless init ends.
 * Return: true if it is; always for the initial namespace.
 */
static inline bool rc_view_has(struct pid_namespace *ns,
			       const struct rc_group *grp, bool below)
{
	return likely(ns == &init_pid_ns) || rc_view_shows(ns, grp, below);
}

/* release.c */
void rc_group_populate(struct rc_group *grp, bool yes);
bool rc_group_populated(const struct rc_group *grp);
void rc_group_init_release(struct rc_group *grp, const struct rc_group *parent);
void rc_group_release_check(struct rc_group *grp);
void rc_group_end_release(struct rc_group *grp);
void rc_group_wake_removed(struct rc_group *grp);
int rc_set_agent(struct rc_hierarchy *hier, const char *path);
void rc_free_agent(struct rc_hierarchy *hier);

/* list.c */
void rc_walk_for_each(struct rc_group *grp,
		      bool (*fn)(struct task_struct *tsk, void *arg), void *arg);
void rc_show_group_path(struct seq_file *m, struct pid_namespace *ns,
			struct rc_hierarchy *hier, struct rc_group *grp,
			bool escaped);
int rc_pids_collect(struct rc_group *grp, struct pid_namespace *ns,
		    bool processes, struct rc_pids *pids);
int rc_pids_pack(struct rc_pids *pids, pid_t *pid, size_t nr);
void rc_pids_free(struct rc_pids *pids);
int rc_pids_filter(struct rc_pids *pids, bool (*keep)(pid_t pid, void *arg),
		   void *arg);

/* The position behind the last id. */
static inline size_t rc_pids_end(const struct rc_pids *pids)
{
	return pids->bits ?: pids->nr;
}

/* The first position from @pos on that has an id, or the end. */
static inline size_t rc_pids_next(const struct rc_pids *pids, size_t pos)
{
	return pids->bits ? find_next_bit(pids->map, pids->bits, pos) :
			    min(pos, pids->nr);
}

/* The id at a position from rc_pids_next(). */
static inline pid_t rc_pids_at(const struct rc_pids *pids, size_t pos)
{
	return pids->bits ? pids->first + pos : pids->pid[pos];
}

/* count.c */
unsigned long rc_group_nr_tasks(struct rc_group *grp);

/* fs/proc/rc.c */
void rc_dir_forget(struct rc_group *grp);

/* fs/proc/rc_attr.c */
bool rc_dir_may_leave(const struct rc_group *grp, const struct cred *cred);

#ifdef CONFIG_RC_CPU
int rc_cpu_parse_max(char *buf, u64 *quota, u64 *period);
#endif

#endif /* _RC_INTERNAL_H */
