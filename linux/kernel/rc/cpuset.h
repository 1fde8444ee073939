/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the cpuset controller share. */
#ifndef _RC_CPUSET_H
#define _RC_CPUSET_H

#include <linux/cpumask.h>
#include <linux/cpuset.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/nodemask.h>
#include <linux/rc.h>
#include <linux/spinlock.h>
#include <linux/union_find.h>
#include <linux/workqueue.h>

/* Bits of &cpuset_conf.flags */
enum {
	CS_CPU_EXCLUSIVE,
	CS_MEM_EXCLUSIVE,
	CS_MEM_HARDWALL,
	CS_SCHED_LOAD_BALANCE,
	CS_MEMORY_MIGRATE,
	CS_SPREAD_PAGE,
	CS_SPREAD_SLAB,
};

/* Bits of &cpuset.stale: what the tasks of a set have not been given yet. */
#define CS_STALE_CPUS	BIT(0)
#define CS_STALE_MEMS	BIT(1)
#define CS_STALE_SPREAD	BIT(2)

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
 * @stale: CS_STALE_*: what cpuset_update_tasks() has to pass on; cpuset_mutex, but
 *	may be read under RCU
 * @lost: its CPUs or nodes had gone before the hotplug that is going on
 * @strayed: a task has been given other CPUs, see cpuset_cpus_allowed_fallback();
 *	written without locks
 * @rebinding: work items under way that rebind the policies of memory areas
 * @children: sets below
 * @node: in the parent's @children; empty when the group has been removed
 * @uf: for cpuset_rebuild_domains()
 * @meter: for memory_pressure
 * @evacuate: moves tasks away after the set has lost its CPUs or nodes
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
	unsigned int stale;
	bool lost;
	bool strayed;
	atomic_t rebinding;
	struct list_head children;
	struct list_head node;
	struct uf_node uf;
	struct cpuset_meter meter;
	struct work_struct evacuate;
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

static inline bool cpuset_lost(const struct cpuset *cs)
{
	return cpuset_lost_cpus(cs) || cpuset_lost_mems(cs);
}

/* cpuset.c */
/* A node is about to get memory; cpuset_mutex. */
extern bool cpuset_node_coming;
int cpuset_check(const struct cpuset *cs, const struct cpuset_conf *trial,
		 bool has_tasks);
struct cpuset *cpuset_next(struct cpuset *pos, struct cpuset *top, bool skip);
void cpuset_mark(struct cpuset *cs, unsigned int what);
void cpuset_refresh(struct cpuset *top);
void cpuset_update_keys(void);
void cpuset_set_conf(struct cpuset *cs, const struct cpuset_conf *trial);

/* All sets below the top one, and itself, parents first. */
#define for_each_cpuset(cs, top)					\
	for ((cs) = (top); (cs); (cs) = cpuset_next(cs, top, false))

/* cpuset_tasks.c */
void cpuset_update_tasks(void);
int cpuset_can_attach(struct rc_state *to, struct rc_state *from,
		      struct task_struct *tsk);
void cpuset_cancel_attach(struct rc_state *to, struct rc_state *from,
			  struct task_struct *tsk);
void cpuset_attach(struct rc_state *to, struct rc_state *from,
		   struct task_struct *tsk);
void cpuset_fork(struct task_struct *child);
void cpuset_settle_task(struct task_struct *tsk);
void cpuset_settle(struct rc_state *st);
void cpuset_queue_evacuation(struct cpuset *cs);
void cpuset_tasks_init(struct cpuset *cs);
void cpuset_init_wq(void);

/* cpuset_domains.c */
extern bool cpuset_domains_stale;
void cpuset_rebuild_domains(void);
bool cpuset_same_domain(int cpu, const struct cpumask *cpus);

/* cpuset_hooks.c */
void cpuset_meter_init(struct cpuset_meter *meter);
unsigned int cpuset_meter_rate(struct cpuset_meter *meter);

#endif /* _RC_CPUSET_H */
