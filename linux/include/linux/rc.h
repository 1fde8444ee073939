/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resource control for groups of tasks: what the hooks in fork, exit, the
 * scheduler and procfs call, and what a controller needs.
 */
#ifndef _LINUX_RC_H
#define _LINUX_RC_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/jump_label.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/types.h>

struct kernel_clone_args;
struct kmem_cache;
struct nsproxy;
struct pid;
struct pid_namespace;
struct rc_core_file;
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
 * between &rc_subsys.create and &rc_subsys.online, before anybody can find it,
 * and frees it through &rc_subsys.destroy, an RCU grace period after the last
 * task has left the group and the group was removed.
 */
struct rc_state {
	struct rc_group *group;
	struct rc_state *parent;
};

/**
 * struct rc_file - a file that a controller has in each of its groups
 * @name: file name, unique in the directory, by custom "controller.what"
 * @mode: permission bits at creation
 * @flags: RC_FILE_ROOT_ONLY: only in the root; RC_FILE_NOT_ROOT: in all groups
 *	but the root; RC_FILE_OLD: only as mount -t cpuset shows them
 * @max: the longest text that can be written, in bytes; 0 stands for a page.
 *	More is -E2BIG.
 * @private: for the controller, when files share their functions
 * @changes: gives a number that grows when what the file shows changes, for who
 *	waits for that in poll(2); a controller that has it calls
 *	rc_state_changed() then. Any context in which RCU can be read; any moment
 * @column: prints what the file shows into a table of groups, if that costs no more than
 *	to read: without a newline, and as of the last time that somebody had it
 *	settled or summed. The file's name heads the column. Called as @show
 * @show: prints the file
 * @read_u64: gives the number that the file shows, in place of @show
 * @read_s64: the same for a number with a sign
 * @write: takes a text that was written: it ends with a NUL, has none before,
 *	and no white space around it. May change @buf.
 * @write_u64: takes a decimal number that was written, in place of @write
 * @write_s64: the same for a number with a sign
 * @fops: set by the core's own files alone
 * @core: the same
 * @ss: the file's controller; the core sets it at boot
 *
 * Tables end with an entry whose @name is NULL.
 *
 * Reading functions are called in process context with no lock of rc held, and
 * may sleep. The state stays allocated; its group may be removed meanwhile.
 * @show returns 0 or a negative errno for the reader.
 *
 * Writing functions are called in process context under rc_mutex, and may
 * sleep. The group is not removed and the controller is bound. They return 0 or
 * a negative errno for the writer, and have changed nothing in that case. Text
 * that is no number of the wanted type is -EINVAL before they are called.
 */
struct rc_file {
	const char *name;
	umode_t mode;
	unsigned int flags;
	size_t max;
	unsigned long private;
	unsigned int (*changes)(struct rc_state *st);
	void (*column)(struct seq_file *m, struct rc_state *st);
	int (*show)(struct seq_file *m, struct rc_state *st,
		    const struct rc_file *file);
	u64 (*read_u64)(struct rc_state *st, const struct rc_file *file);
	s64 (*read_s64)(struct rc_state *st, const struct rc_file *file);
	int (*write)(struct rc_state *st, const struct rc_file *file, char *buf);
	int (*write_u64)(struct rc_state *st, const struct rc_file *file,
			 u64 val);
	int (*write_s64)(struct rc_state *st, const struct rc_file *file,
			 s64 val);
	const struct file_operations *fops;
	const struct rc_core_file *core;
	struct rc_subsys *ss;
};

#define RC_FILE_ROOT_ONLY	BIT(0)
#define RC_FILE_NOT_ROOT	BIT(1)
#define RC_FILE_OLD		BIT(2)

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
 *	rc_mutex, may sleep. The core fills in the &struct rc_state afterwards, so
 *	nobody may find the state yet: it goes into no list here. Returns the new
 *	state or ERR_PTR().
 * @online: the state is whole, its group is about to be seen, and nothing can
 *	fail any more. A controller that keeps lists of its states enters it
 *	here. Called under rc_mutex, may sleep.
 * @offline: the group of @st was removed: it has no tasks and no groups below it,
 *	and will have none. Called under rc_mutex, may sleep; once for each state
 *	that was online.
 * @drained: an RCU grace period after @offline: no task is charged to @st any
 *	more. It does not wait for who remembers the group, such as open files,
 *	as @destroy does. Process context, may sleep, no lock of rc held.
 * @destroy: frees a state that was never online, or is offline and drained.
 *	Process context, may sleep; rc_mutex is held if the state was never
 *	online, and not held otherwise. No reader is left.
 * @bind: called under rc_mutex with the hierarchy that the controller is about
 *	to be bound to, or with NULL when it has been let go. No task is in a
 *	group of its own then: all are at @top. May sleep. Returns 0 or a
 *	negative errno, which makes the binding fail; must not fail for NULL.
 * @claim: keep the controller for hierarchies, if others than they can use it.
 *	Called before it may be bound, once more for each that tries; returns 0,
 *	or a negative errno, which makes the binding fail. Process context, may
 *	sleep, no lock of rc held; waits for others only killably.
 * @unclaim: undo one @claim, as what was to be bound is not, or was let go of
 *	again. Context as @claim, but not to be interrupted.
 * @available: would @claim succeed? Any context, may be outdated at once.
 * @can_attach: may @tsk move from @from to @to? Called for each thread that is
 *	to move, before any of them does. Returns 0, after which either
 *	@cancel_attach or @attach follows, or a negative errno: then no thread
 *	moves.
 * @cancel_attach: @tsk does not move after all: it has exited, or may not for
 *	another controller, or another thread of its process may not. In reverse
 *	order of @can_attach.
 * @attach: @tsk has moved. It can have exited since. Does nothing that waits
 *	for a task, or for what a user can hold up.
 * @settle_task: gives @tsk, which has moved, what its group has at this moment;
 *	it can have been moved again. Called after @attach for each thread that
 *	has moved, current last, with no lock of rc held. May sleep; waits for
 *	others only killably.
 * @settle: gives tasks of the group of @st, and of groups below, what they are to
 *	have after a write to a file of @st, whether it has failed or not. Context
 *	as @settle_task; the caller holds the group.
 * @can_start: may @child be born in the group of @to, though its parent is elsewhere? That
 *	is what clone3(2) asks for. In place of @can_attach, which would be for a move
 *	there, and before @can_fork, which follows as for every birth. Called under
 *	rc_mutex, may sleep; nobody can find @child yet. Returns 0 or a negative errno,
 *	and changes nothing: nothing takes it back.
 * @can_fork: may there be a new task @child in @st's group? Atomic: called with
 *	tasklist_lock held for writing, the parent's siglock, and interrupts off,
 *	at the last point at which fork can fail. Returns 0, or a negative errno for the caller of
 *	fork(2).
 * @cancel_fork: there will be no @child after all, since another controller has
 *	refused; context as @can_fork
 * @fork: @child is there and has not run yet. Process context, may sleep, no
 *	lock of rc held. By now it can have been moved: look with
 *	rc_task_state(). Called in the root too, if what @child has copied from
 *	its parent can be outdated: see rc_births_begin().
 * @exit: @tsk, which is current, has let go of @st on its way out and is charged
 *	to @top from here on. The group stays until this has returned. Process
 *	context, may sleep, no lock of rc held.
 * @release: @tsk, which has left @st in @exit, is reaped: it was a zombie until
 *	now. Atomic: called with tasklist_lock held for writing and interrupts
 *	off. The state stays allocated until this has returned, but its group can
 *	have been removed, and the controller let go of by its hierarchy, and bound
 *	to another, since.
 * @census: how to learn of births and ends of tasks charged to @st: RC_CENSUS_EACH, by
 *	@can_fork and @release, which is so without this; RC_CENSUS_LUMP, by @tally,
 *	which costs them next to nothing; both, or neither. Asked before the first and,
 *	after rc_census_changed(), before the next. Context as @release.
 * @tally: @nr tasks more were born than reaped since the last time, or fewer: then it
 *	is negative. Context as @release.
 * @tallied: all that there was to tell by @tally was told, of all groups. Follows on
 *	@tally for each state.
 *
 * @create, @destroy and @top are needed, all else is optional. @can_attach,
 * @cancel_attach and @attach are called under rc_mutex and may sleep; both
 * states stay allocated, and @tsk may be any task, also in kernel mode on another
 * CPU. They are called for moves from and to the root too, where the state is
 * @top. @can_fork, @cancel_fork, @exit and @release are not called for tasks in
 * the root: those cost nothing. Each task that @can_fork has let in, and each that
 * has moved in, leaves through @attach with its state as @from, or through @exit,
 * whereupon @release follows.
 */
struct rc_subsys {
	const char *name;
	unsigned int id;
	struct rc_state *top;
	struct rc_file *files;
	struct rc_hierarchy *hier;

	struct rc_state *(*create)(struct rc_state *parent);
	void (*online)(struct rc_state *st);
	void (*offline)(struct rc_state *st);
	void (*drained)(struct rc_state *st);
	void (*destroy)(struct rc_state *st);
	int (*bind)(struct rc_hierarchy *hier);
	int (*claim)(void);
	void (*unclaim)(void);
	bool (*available)(void);

	int (*can_attach)(struct rc_state *to, struct rc_state *from,
			  struct task_struct *tsk);
	void (*cancel_attach)(struct rc_state *to, struct rc_state *from,
			      struct task_struct *tsk);
	void (*attach)(struct rc_state *to, struct rc_state *from,
		       struct task_struct *tsk);
	void (*settle_task)(struct task_struct *tsk);
	void (*settle)(struct rc_state *st);

	int (*can_start)(struct rc_state *to, struct task_struct *child);
	int (*can_fork)(struct rc_state *st, struct task_struct *child);
	void (*cancel_fork)(struct rc_state *st, struct task_struct *child);
	void (*fork)(struct task_struct *child);
	void (*exit)(struct rc_state *st, struct task_struct *tsk);
	void (*release)(struct rc_state *st, struct task_struct *tsk);
	unsigned int (*census)(struct rc_state *st);
	void (*tally)(struct rc_state *st, long nr);
	void (*tallied)(struct rc_state *st);
};

#define RC_CENSUS_EACH	BIT(0)
#define RC_CENSUS_LUMP	BIT(1)

/**
 * RC_SUBSYS - declare a controller
 * @_ss: a &struct rc_subsys of static storage
 *
 * Enters the controller in the table that the core reads at boot.
 */
#define RC_SUBSYS(_ss)							\
	static struct rc_subsys * const __rc_subsys_##_ss		\
	__used __section("__rc_subsys") = &(_ss)

/*
 * In &task_struct.rc_home of a task that has left this home, which it keeps until it is
 * reaped.
 */
#define RC_HOME_LEFT	1UL

/* Under RCU, of a task that has no proxy any more: NULL if it has left. */
static inline struct nsproxy *rc_exiting_home(struct task_struct *tsk)
{
	struct nsproxy *home;

	/* After the look at the proxy. Pairs with the barrier in rc_drop_proxy(). */
	smp_rmb();
	home = READ_ONCE(tsk->rc_home);
	return (unsigned long)home & RC_HOME_LEFT ? NULL : home;
}

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

		if (unlikely(!ns)) {
			ns = rc_exiting_home(tsk);
			return ns ? READ_ONCE(ns->rc.state[ss->id]) : ss->top;
		}
		st = READ_ONCE(ns->rc.state[ss->id]);
		/* Orders the two looks at the pointer around the field. */
		smp_rmb();
		again = READ_ONCE(tsk->nsproxy);
		if (likely(again == ns))
			return st;
		ns = again;
	}
}

/* For controllers. */
bool rc_state_has_tasks(const struct rc_state *st);
void rc_state_get(struct rc_state *st);
void rc_state_put(struct rc_state *st);
const char *rc_state_name(const struct rc_state *st);
void rc_state_changed(struct rc_state *st);
void rc_show_path(struct seq_file *m, struct pid_namespace *ns,
		  const struct rc_state *st);
void rc_for_each_state(const struct rc_subsys *ss, struct rc_state *top,
		       void (*fn)(struct rc_state *st, void *arg), void *arg);
void rc_for_each_task(struct rc_state *st,
		      bool (*fn)(struct task_struct *tsk, void *arg), void *arg);
void rc_for_all_tasks(bool (*fn)(struct task_struct *tsk, void *arg), void *arg);
void rc_births_begin(struct task_struct *tsk);
void rc_births_end(struct task_struct *tsk);
void rc_census_tell(void);
void rc_census_changed(void);
long rc_census_untold(const struct rc_subsys *ss, const struct rc_state *in,
		      bool (*counts)(const struct rc_state *of,
				     const struct rc_state *in));
long rc_census_peek(const struct rc_subsys *ss, const struct rc_state *in,
		    bool (*counts)(const struct rc_state *of,
				   const struct rc_state *in),
		    const long *told);

/**
 * struct rc_hooks - controllers, by id, that are asked and told
 * @can_fork: those with &rc_subsys.can_fork
 * @fork: those with &rc_subsys.fork
 * @exit: those with &rc_subsys.exit
 * @release: those with &rc_subsys.release or &rc_subsys.tally
 * @ask: those with &rc_subsys.can_attach or &rc_subsys.cancel_attach
 * @tell: those with &rc_subsys.attach
 * @settle: those with &rc_subsys.settle_task
 * @start: those with &rc_subsys.can_start
 *
 * Set at boot, so that fork, exit and moves ask nobody who has nothing to say.
 */
struct rc_hooks {
	unsigned long can_fork;
	unsigned long fork;
	unsigned long exit;
	unsigned long release;
	unsigned long ask;
	unsigned long tell;
	unsigned long settle;
	unsigned long start;
};

extern struct rc_hooks rc_hooks;

/*
 * There is a hierarchy, or what is left of one that has ended, that has had a
 * controller with &rc_subsys.can_fork or &rc_subsys.release.
 */
DECLARE_STATIC_KEY_FALSE(rc_census_key);

/* As &task_struct.rc_births, for all tasks at once. */
extern atomic64_t rc_births_all;

/* How many have begun and not ended; the bits above count those that have. */
#define RC_BIRTHS_OPEN	(BIT_ULL(24) - 1)

void rc_init_early(void);

extern struct kmem_cache *nsproxy_cachep;
extern const unsigned int rc_proxy_size;

/* The life of a proxy: called by kernel/nsproxy.c and kernel/fork.c. */
void rc_proxy_ctor(void *mem);
void rc_proxy_init(struct nsproxy *ns);
void rc_proxy_free(struct nsproxy *ns);
struct nsproxy *rc_replace_proxy(struct task_struct *tsk, struct nsproxy *new);
void __rc_exit(struct task_struct *tsk);
void __rc_release(struct task_struct *tsk);
void __rc_post_release(struct task_struct *tsk);
struct nsproxy *rc_fork_pin(struct task_struct *child);
struct nsproxy *__rc_fork(struct task_struct *child, bool outdated,
			  const struct kernel_clone_args *args);
void __rc_post_fork(struct task_struct *child, struct nsproxy *stale,
		    const struct kernel_clone_args *args);

static inline void rc_fork_share(struct nsproxy *ns) { }

static inline void rc_fork_unpin(struct nsproxy *ns)
{
	put_nsproxy(ns);
}

/**
 * rc_exit - let a task that exits leave its groups
 * @tsk: the task, which is current and has let go of its namespaces
 *
 * What it has done by now is charged to them.
 *
 * Context: process context, may sleep.
 */
static inline void rc_exit(struct task_struct *tsk)
{
	if (unlikely(tsk->rc_home))
		__rc_exit(tsk);
}

/**
 * rc_release - tell the controllers that a task is reaped
 * @tsk: the task, which has no id any more
 *
 * Context: tasklist_lock held for writing, interrupts off.
 */
static inline void rc_release(struct task_struct *tsk)
{
	if (static_branch_unlikely(&rc_census_key) && tsk->rc_home)
		__rc_release(tsk);
}

/**
 * rc_post_release - let go of what a task that was reaped has kept
 * @tsk: the task, after rc_release()
 *
 * Context: process context, no locks held, may sleep.
 */
static inline void rc_post_release(struct task_struct *tsk)
{
	if (static_branch_unlikely(&rc_census_key) && tsk->rc_home)
		__rc_post_release(tsk);
}

extern unsigned long rc_tids_exchanged;

/**
 * rc_exchange_tids - a thread that calls exec takes its leader's id
 *
 * Before and after. Who looks at tasks in order of their ids looks again then.
 *
 * Context: tasklist_lock held for writing.
 */
static inline void rc_exchange_tids(void)
{
	/* After what was done to ids. Pairs with the second in rc_walk_all(). */
	smp_wmb();
	WRITE_ONCE(rc_tids_exchanged, rc_tids_exchanged + 1);
	/* Before what is done to them. Pairs with the same. */
	smp_wmb();
}

/**
 * rc_fork_begin - note what a newborn is about to copy
 *
 * Context: process context, before current's task_struct is copied.
 * Return: a token for rc_fork().
 */
static inline u64 rc_fork_begin(void)
{
	u64 births = atomic64_read(&current->rc_births) +
		     atomic64_read(&rc_births_all);

	/* Before the copy. Pairs with the barrier in rc_births_end(). */
	smp_rmb();
	return births;
}

/**
 * rc_fork - give a newborn the groups that its parent has now, if controllers agree
 * @child: the new task, about to become visible; current is its parent
 * @births: from rc_fork_begin()
 * @args: as rc_can_fork() has had them
 *
 * The parent may have been moved since the child took its proxy. Nobody can find
 * the child yet, so that its proxy is its parent's business alone.
 *
 * Context: tasklist_lock held for writing, interrupts off.
 * Return: a proxy for rc_post_fork(), or NULL; or ERR_PTR() of what a controller
 * says, and nothing has changed.
 */
static inline struct nsproxy *rc_fork(struct task_struct *child, u64 births,
				      const struct kernel_clone_args *args)
{
	struct nsproxy *ns = current->nsproxy;
	u64 now = atomic64_read(&current->rc_births) +
		  atomic64_read(&rc_births_all);
	bool outdated = now != births || (now & RC_BIRTHS_OPEN);

	/* Without groups there is no list to join. */
	if (likely(child->nsproxy == ns && !ns->rc.mask && !outdated))
		return NULL;
	return __rc_fork(child, outdated, args);
}

/**
 * rc_post_fork - tell the controllers of a new task
 * @child: the task, which is visible and has not run yet
 * @stale: from rc_fork()
 * @args: as rc_can_fork() has had them
 *
 * Context: process context, no locks held.
 */
static inline void rc_post_fork(struct task_struct *child,
				struct nsproxy *stale,
				const struct kernel_clone_args *args)
{
	if (unlikely(child->rc_tell))
		__rc_post_fork(child, stale, args);
}

/**
 * rc_init_kthreadd - have kernel threads stay in the root until they are ready
 *
 * Context: kthreadd, before it has children, which inherit this.
 */
static inline void rc_init_kthreadd(void)
{
	current->rc_immovable = 1;
}

/**
 * rc_kthread_ready - let a kernel thread be moved
 *
 * Context: the thread, when its maker has bound it to its CPUs, or not.
 */
static inline void rc_kthread_ready(void)
{
	current->rc_immovable = 0;
}

void rc_view_begin(struct pid_namespace *ns, struct task_struct *init);
void rc_view_end(struct pid_namespace *ns);

int rc_show_membership(struct seq_file *m, struct pid_namespace *ns,
		       struct task_struct *tsk);
int proc_rc_membership(struct seq_file *m, struct pid_namespace *ns,
		       struct pid *pid, struct task_struct *tsk);
void proc_rc_init(void);
void rc_group_put(struct rc_group *grp);

#else /* !CONFIG_RC_GROUPS */

static inline void rc_init_early(void) { }
static inline void proc_rc_init(void) { }
static inline void rc_group_put(struct rc_group *grp) { }

static inline void rc_proxy_init(struct nsproxy *ns) { }

static inline struct nsproxy *rc_replace_proxy(struct task_struct *tsk,
					       struct nsproxy *new)
{
	struct nsproxy *old;

	task_lock(tsk);
	old = tsk->nsproxy;
	tsk->nsproxy = new;
	task_unlock(tsk);
	return old;
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
static inline void rc_exit(struct task_struct *tsk) { }
static inline void rc_release(struct task_struct *tsk) { }
static inline void rc_post_release(struct task_struct *tsk) { }
static inline void rc_exchange_tids(void) { }
static inline u64 rc_fork_begin(void) { return 0; }

static inline struct nsproxy *rc_fork(struct task_struct *child, u64 births,
				      const struct kernel_clone_args *args)
{
	return NULL;
}

static inline void rc_post_fork(struct task_struct *child,
				struct nsproxy *stale,
				const struct kernel_clone_args *args) { }
static inline void rc_init_kthreadd(void) { }
static inline void rc_kthread_ready(void) { }

static inline void rc_view_begin(struct pid_namespace *ns,
				 struct task_struct *init) { }
static inline void rc_view_end(struct pid_namespace *ns) { }

#endif /* CONFIG_RC_GROUPS */

#ifdef CONFIG_RC_CPUACCT

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

#include <linux/rc_cpu.h>

#endif /* _LINUX_RC_H */
