/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resource control for groups of tasks: what the hooks in fork, exit, the
 * scheduler and procfs call, and what a controller needs.
 */
#ifndef _LINUX_RC_H
#define _LINUX_RC_H

#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/types.h>

struct kmem_cache;
struct nsproxy;
struct pid;
struct pid_namespace;
struct rc_group;
struct rc_hierarchy;
struct rc_subsys;
struct seq_file;
struct task_struct;

#ifdef CONFIG_RC_GROUPS

/**
 * struct rc_state - what one controller keeps for one group
 * @group: the group; NULL for the top state of a controller that is unbound.
 *	Written under rc_mutex, does not change while the state can be found.
 * @parent: the same controller's state in the parent group, NULL at the top.
 *	Never changes; the core keeps the parent alive as long as this state.
 *
 * A controller embeds this in a structure of its own. The core fills it in
 * after &rc_subsys.create and frees through &rc_subsys.destroy, an RCU grace
 * period after the last task has left the group and the group was removed.
 */
struct rc_state {
	struct rc_group *group;
	struct rc_state *parent;
};

/**
 * struct rc_file - a file that a controller has in each of its groups
 * @name: file name, unique in the directory, by custom "controller.what"
 * @mode: permission bits at creation
 * @show: prints the file. Called in process context with no lock of rc held,
 *	may sleep. The state stays allocated, its group may be removed
 *	meanwhile. Returns 0 or a negative errno for the reader.
 * @fops: set by the core's own files alone, in place of @show
 * @ss: the file's controller; the core sets it at boot
 *
 * Tables end with an entry whose @name is NULL.
 */
struct rc_file {
	const char *name;
	umode_t mode;
	int (*show)(struct seq_file *m, struct rc_state *st);
	const struct file_operations *fops;
	struct rc_subsys *ss;
};

/**
 * struct rc_subsys - a controller
 * @name: its name, as it stands in names of hierarchies
 * @id: index of its states in a task's proxy and in a group; assigned at boot
 *	in link order, constant then
 * @top: state of every task that is in no group but a root, from boot on;
 *	static, as tasks can be charged before anything can be allocated
 * @files: its files, or NULL
 * @hier: the hierarchy it is bound to or NULL; written under rc_mutex
 * @create: makes the state for a new group below @parent's. Called under
 *	rc_mutex, may sleep. The state is not visible yet. Returns the new state
 *	or ERR_PTR().
 * @destroy: frees a state. Process context, may sleep; rc_mutex is held if the
 *	state was never visible, and not held otherwise. No reader is left.
 * @bind: called under rc_mutex with the hierarchy that the controller has just
 *	been bound to, or with NULL when it is let go. May sleep, cannot fail.
 *	Optional.
 */
struct rc_subsys {
	const char *name;
	unsigned int id;
	struct rc_state *top;
	struct rc_file *files;
	struct rc_hierarchy *hier;

	struct rc_state *(*create)(struct rc_state *parent);
	void (*destroy)(struct rc_state *st);
	void (*bind)(struct rc_hierarchy *hier);
};

/**
 * RC_SUBSYS - declare a controller
 * @_ss: a &struct rc_subsys of static storage
 *
 * Enters the controller in the table that the core reads at boot.
 */
#define RC_SUBSYS(_ss)							\
	static struct rc_subsys * const __rc_subsys_##_ss		\
	__used __section("__rc_subsys") = &(_ss)

/**
 * rc_task_state - the state that a task is charged to
 * @tsk: any task
 * @ss: the controller
 *
 * Context: an RCU read-side section of any flavour, or interrupts off. The
 * state may be used until that section ends. Needs no lock of @tsk.
 * Return: the state; the top state for a task that has let go of its groups on
 * its way out. Never NULL.
 */
static inline struct rc_state *rc_task_state(struct task_struct *tsk,
					     const struct rc_subsys *ss)
{
	struct nsproxy *ns = READ_ONCE(tsk->nsproxy);
	struct rc_state *st;

	/*
	 * A proxy that holds no groups goes back to its typesafe cache at
	 * once, so another one can stand at the same address by now. Then the
	 * task has a different proxy, which the second look shows.
	 */
	for (;;) {
		struct nsproxy *again;

		if (unlikely(!ns))
			return ss->top;
		st = READ_ONCE(ns->rc.state[ss->id]);
		/* Orders the two looks at the pointer around the field. */
		smp_rmb();
		again = READ_ONCE(tsk->nsproxy);
		if (likely(again == ns))
			return st;
		ns = again;
	}
}

void rc_init_early(void);

extern struct kmem_cache *nsproxy_cachep;

/* The life of a proxy: called by kernel/nsproxy.c and kernel/fork.c. */
void rc_proxy_ctor(void *mem);
void rc_proxy_init(struct nsproxy *ns);
void rc_proxy_free(struct nsproxy *ns);
void rc_switch_proxy(struct task_struct *tsk, struct nsproxy *new);
struct nsproxy *rc_fork_pin(struct task_struct *child);
struct nsproxy *__rc_fork(struct task_struct *child);

static inline void rc_fork_share(struct nsproxy *ns) { }

static inline void rc_fork_unpin(struct nsproxy *ns)
{
	put_nsproxy(ns);
}

/**
 * rc_fork - give a newborn the groups that its parent has now
 * @child: the new task, about to become visible; current is its parent
 *
 * The parent may have been moved since the child took its proxy.
 *
 * Context: tasklist_lock held for writing, interrupts off.
 * Return: a proxy to drop with rc_fork_done() when the locks are released, or
 * NULL.
 */
static inline struct nsproxy *rc_fork(struct task_struct *child)
{
	struct nsproxy *ns = READ_ONCE(current->nsproxy);

	/*
	 * Without groups there is no list to join. A move of the parent that
	 * is under way waits for this section, see rc_wait_for_newborns().
	 */
	if (likely(child->nsproxy == ns && !ns->rc.mask))
		return NULL;
	return __rc_fork(child);
}

static inline void rc_fork_done(struct nsproxy *ns)
{
	if (ns)
		put_nsproxy(ns);
}

int rc_show_membership(struct seq_file *m, struct task_struct *tsk);
int proc_rc_membership(struct seq_file *m, struct pid_namespace *ns,
		       struct pid *pid, struct task_struct *tsk);
void proc_rc_init(void);
void rc_group_put(struct rc_group *grp);

#else /* !CONFIG_RC_GROUPS */

static inline void rc_init_early(void) { }
static inline void proc_rc_init(void) { }
static inline void rc_group_put(struct rc_group *grp) { }

static inline void rc_proxy_init(struct nsproxy *ns) { }

static inline void rc_switch_proxy(struct task_struct *tsk, struct nsproxy *new)
{
	tsk->nsproxy = new;
}

static inline struct nsproxy *rc_fork_pin(struct task_struct *child)
{
	return child->nsproxy;
}

static inline void rc_fork_share(struct nsproxy *ns)
{
	get_nsproxy(ns);
}

static inline void rc_fork_unpin(struct nsproxy *ns) { }
static inline struct nsproxy *rc_fork(struct task_struct *child) { return NULL; }
static inline void rc_fork_done(struct nsproxy *ns) { }

#endif /* CONFIG_RC_GROUPS */

#ifdef CONFIG_RC_CPUACCT

#include <linux/jump_label.h>

DECLARE_STATIC_KEY_FALSE(rc_cpuacct_key);

void __rc_cpuacct_charge(struct task_struct *tsk, u64 delta);
void __rc_cpuacct_account(struct task_struct *tsk, int index, u64 delta);

/**
 * rc_cpuacct_charge - charge a task's group with time that the task has run
 * @tsk: the task, current of its runqueue
 * @delta: nanoseconds, by the clock of the runqueue
 *
 * Context: runqueue lock held, interrupts off; any CPU.
 */
static inline void rc_cpuacct_charge(struct task_struct *tsk, u64 delta)
{
	if (static_branch_unlikely(&rc_cpuacct_key))
		__rc_cpuacct_charge(tsk, delta);
}

/**
 * rc_cpuacct_account - tell a task's group how its time divides
 * @tsk: the task that a tick or a context switch has sampled
 * @index: what the time was spent on, an &enum cpu_usage_stat
 * @delta: nanoseconds
 *
 * Context: interrupts off.
 */
static inline void rc_cpuacct_account(struct task_struct *tsk, int index,
				      u64 delta)
{
	if (static_branch_unlikely(&rc_cpuacct_key))
		__rc_cpuacct_account(tsk, index, delta);
}

#else

static inline void rc_cpuacct_charge(struct task_struct *tsk, u64 delta) { }
static inline void rc_cpuacct_account(struct task_struct *tsk, int index,
				      u64 delta) { }

#endif /* CONFIG_RC_CPUACCT */

#endif /* _LINUX_RC_H */
