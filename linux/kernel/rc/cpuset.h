/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the cpuset controller share. */
#ifndef _RC_CPUSET_H
#define _RC_CPUSET_H

#include <linux/cpumask.h>
#include <linux/cpuset.h>
#include <linux/cpuset_provider.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/nodemask.h>
#include <linux/rc.h>
#include <linux/rc_errors.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/union_find.h>

/* Bits of &cpuset_conf.flags */
enum {
	CS_CPU_EXCLUSIVE,
	CS_MEM_EXCLUSIVE,
	CS_MEM_HARDWALL,
	CS_SCHED_LOAD_BALANCE,
	CS_MEMORY_MIGRATE,
	CS_SPREAD_PAGE,
	CS_SPREAD_SLAB,
	CS_CLONE_CHILDREN,
};

#define CPUSET_EXCLUSIVE	(BIT(CS_CPU_EXCLUSIVE) | BIT(CS_MEM_EXCLUSIVE))

/**
 * enum cpuset_wait - how long to wait for processes that hold their mmap_lock
 * @CS_WAIT_NOT: not at all
 * @CS_WAIT_BRIEFLY: some ticks
 * @CS_WAIT: until the waiting task is killed
 */
enum cpuset_wait {
	CS_WAIT_NOT,
	CS_WAIT_BRIEFLY,
	CS_WAIT,
};

/**
 * struct cpuset_conf - what users have asked of a set
 * @flags: bits CS_*
 * @cpus: CPUs, also those that are offline now
 * @mems: memory nodes, likewise
 */
struct cpuset_conf {
	unsigned long flags;
	cpumask_var_t cpus;
	nodemask_t mems;
};

/**
 * struct cpuset_meter - how often tasks of a set had to reclaim memory
 * @lock: protects the rest; taken with interrupts on, and inside no other
 * @count: events since @time
 * @rate: events per second, times 1000, as of @time
 * @time: second in which @rate was brought up to date
 */
struct cpuset_meter {
	spinlock_t lock;
	unsigned int count;
	unsigned int rate;
	time64_t time;
};

/**
 * struct cpuset - CPUs and memory nodes of a group
 * @st: for the core
 * @conf: what was configured; a root's @cpus and @mems hold all there can be
 * @effective_cpus: CPUs that tasks of the set run on: those of @conf that are
 *	active, or the parent's, if none is; empty if none is configured
 * @effective_mems: the same of memory nodes
 * @relax_domain_level: for scheduling domains of which the set is a part, or -1
 * @gen: number of the last change of what its tasks are to have
 * @settled: as of which change all its tasks have it
 * @strayed: a task has been given other CPUs, see cpuset_cpus_allowed_fallback();
 *	written without locks
 * @rebinding: how many are about to rebind policies of memory areas of its tasks
 * @restricts: it has nodes, but not all of them, see cpuset_note_mems()
 * @nr_exclusive: how many of @children are exclusive
 * @children: sets below
 * @node: in the parent's @children; empty when the group has been removed
 * @uf: for cpuset_rebuild_domains()
 * @meter: for memory_pressure
 * @ref: references to the memory alone: one of the group, one of each record
 *
 * @conf, @effective_cpus and @effective_mems are written under cpuset_mutex and
 * cpuset_lock both, read under either; single bits of @conf.flags and
 * @effective_mems under RCU as well. All else is protected by cpuset_mutex.
 */
struct cpuset {
	struct rc_state st;
	struct cpuset_conf conf;
	cpumask_var_t effective_cpus;
	nodemask_t effective_mems;
	int relax_domain_level;
	u64 gen;
	u64 settled;
	bool strayed;
	bool restricts;
	atomic_t rebinding;
	unsigned int nr_exclusive;
	struct list_head children;
	struct list_head node;
	struct uf_node uf;
	struct cpuset_meter meter;
	refcount_t ref;
};

extern struct cpuset top_cpuset;
extern struct rc_subsys cpuset_subsys;
extern struct mutex cpuset_mutex;
extern spinlock_t cpuset_masks_lock;

static inline struct cpuset *to_cpuset(struct rc_state *st)
{
	return container_of(st, struct cpuset, st);
}

/* NULL for the top. */
static inline struct cpuset *cpuset_parent(const struct cpuset *cs)
{
	return cs->st.parent ? to_cpuset(cs->st.parent) : NULL;
}

/* The task's set, which stays while RCU is held. */
static inline struct cpuset *task_cpuset(struct task_struct *tsk)
{
	return to_cpuset(rc_task_state(tsk, &cpuset_subsys));
}

static inline bool cpuset_is(const struct cpuset *cs, unsigned int flag)
{
	return test_bit(flag, &cs->conf.flags);
}

static inline bool cpuset_is_exclusive(const struct cpuset_conf *conf)
{
	return conf->flags & CPUSET_EXCLUSIVE;
}

/* Were CPUs configured, and have all of them gone? */
static inline bool cpuset_lost_cpus(const struct cpuset *cs)
{
	return !cpumask_empty(cs->conf.cpus) &&
	       !cpumask_intersects(cs->conf.cpus, top_cpuset.effective_cpus);
}

static inline bool cpuset_lost_mems(const struct cpuset *cs)
{
	return !nodes_empty(cs->conf.mems) &&
	       !nodes_intersects(cs->conf.mems, top_cpuset.effective_mems);
}

/*
 * Keeps the memory of a set, not its group. The caller holds the group, or has
 * found the set under RCU.
 */
static inline struct cpuset *cpuset_get(struct cpuset *cs)
{
	refcount_inc(&cs->ref);
	return cs;
}

/* cpuset.c */
int cpuset_check(const struct cpuset *cs, const struct cpuset_conf *trial,
		 bool has_tasks);
struct cpuset *cpuset_next(struct cpuset *pos, struct cpuset *top, bool skip);
void cpuset_mark(struct cpuset *cs);
void cpuset_put(struct cpuset *cs);
void cpuset_refresh(struct cpuset *top);
void cpuset_set_conf(struct cpuset *cs, const struct cpuset_conf *trial);

/* All sets below the top one, and itself, parents first. */
#define for_each_cpuset(cs, top)					\
	for ((cs) = (top); (cs); (cs) = cpuset_next(cs, top, false))

/* Number of the last change; cpuset_mutex. */
extern u64 cpuset_gen;

/* cpuset_cpus.c */
bool cpuset_fits_cpus(struct task_struct *tsk, const struct cpumask *cpus);
int cpuset_give_cpus(struct task_struct *tsk, const struct cpumask *cpus);
void cpuset_fit_cpus(struct task_struct *tsk, bool root_cpus, bool hotplug);

/* cpuset_tasks.c */
int cpuset_can_attach(struct rc_state *to, struct rc_state *from,
		      struct task_struct *tsk);
void cpuset_cancel_attach(struct rc_state *to, struct rc_state *from,
			  struct task_struct *tsk);
void cpuset_attach(struct rc_state *to, struct rc_state *from,
		   struct task_struct *tsk);
int cpuset_can_start(struct rc_state *to, struct task_struct *child);
void cpuset_fork(struct task_struct *child);
void cpuset_settle_task(struct task_struct *tsk);
void cpuset_settle(struct rc_state *st);
void cpuset_settle_hotplug(void);
void cpuset_settle_later(void);
void cpuset_settle_finish(void);
void cpuset_settle_cancel(void);
void cpuset_stray(struct task_struct *tsk);

/* cpuset_mm.c */
extern atomic_t cpuset_rebinding;
void cpuset_mm_note(struct cpuset *cs, struct task_struct *tsk,
		    const nodemask_t *from, const nodemask_t *to,
		    struct list_head *list);
void cpuset_mm_run_all(struct list_head *list, enum cpuset_wait wait);
void cpuset_mm_defer(struct list_head *list);

/* cpuset_deadline.c */
int cpuset_dl_reserve(struct cpuset *cs, struct task_struct *tsk);
void cpuset_dl_cancel(struct task_struct *tsk);
void cpuset_dl_commit(struct task_struct *tsk);
bool cpuset_dl_accounted(struct task_struct *tsk);
bool cpuset_dl_concerned(struct task_struct *tsk);
int cpuset_dl_set_cpus(struct task_struct *tsk, const struct cpumask *cpus);
void cpuset_dl_seen(void);
bool cpuset_dl_can_shrink(const struct cpumask *cpus,
			  const struct cpumask *trial);
void cpuset_dl_recount(void);
void cpuset_dl_lend(struct task_struct *tsk);
bool cpuset_dl_was_lent(void);
void cpuset_dl_forget(struct task_struct *tsk);
void cpuset_dl_account(void);
void cpuset_dl_expire_all(void);

/* cpuset_domains.c */
extern bool cpuset_domains_stale;
void cpuset_domains_init(void);
bool cpuset_is_balanced(const struct cpuset *cs);
bool cpuset_shapes_domains(const struct cpuset *cs);
void cpuset_rebuild_domains(void);
bool cpuset_same_domain(int cpu, const struct cpumask *cpus);

/* cpuset_hooks.c */
/* A node is about to get memory; cpuset_mutex. */
extern bool cpuset_node_coming;
void cpuset_note_mems(struct cpuset *cs);
void cpuset_update_keys(void);
void cpuset_meter_init(struct cpuset_meter *meter);
unsigned int cpuset_meter_rate(struct cpuset_meter *meter);

/* cpuset_provider.c */
#ifdef CONFIG_CPUSETS_CGROUP
int cpuset_claim(void);
void cpuset_unclaim(void);
bool cpuset_available(void);
#else
#define cpuset_claim		NULL
#define cpuset_unclaim		NULL
#define cpuset_available	NULL
#endif

#endif /* _RC_CPUSET_H */
