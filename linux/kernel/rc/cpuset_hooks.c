// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel asks of cpusets, include/linux/cpuset.h: boot, hotplug, the
 * scheduler, the page allocator, and procfs.
 */

#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#define CPUSET_PROVIDER_NAME	rc
#include "cpuset.h"

/* One for both, if cgroup has cpusets too. */
#ifndef CONFIG_CPUSETS_CGROUP
DEFINE_STATIC_KEY_FALSE(cpusets_pre_enable_key);
DEFINE_STATIC_KEY_FALSE(cpusets_enabled_key);
DEFINE_STATIC_KEY_FALSE(cpusets_insane_config_key);
#endif

/*
 * Whether the page allocator asks: the static keys
 */

/* Sets that have nodes, but not all of them. Protected by cpuset_mutex. */
static unsigned int cpuset_nr_restricting;

/**
 * cpuset_note_mems - note whether a set has some nodes only
 * @cs: the set, whose nodes have changed, or those of the top; or that has gone
 *
 * Sets without nodes have no tasks.
 *
 * Context: cpuset_mutex held; cpuset_update_keys() has to follow.
 */
void cpuset_note_mems(struct cpuset *cs)
{
	bool restricts = !list_empty(&cs->node) &&
			 !nodes_empty(cs->effective_mems) &&
			 !nodes_subset(top_cpuset.effective_mems,
				       cs->effective_mems);

	lockdep_assert_held(&cpuset_mutex);
	cpuset_nr_restricting += restricts - cs->restricts;
	cs->restricts = restricts;
}

bool cpuset_node_coming;

static bool cpuset_restricts_memory(void)
{
	return cpuset_nr_restricting ||
	       (cpuset_node_coming && !list_empty(&top_cpuset.children));
}

/*
 * What asks about memory nodes is patched into the page allocator when some set
 * has less than all of them, and out of it a while after the last of those, which
 * costs ten times as much as a set: some make and remove one after the other.
 */
static bool cpuset_keys_on;

static void cpuset_keys_off(struct work_struct *work)
{
	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	if (cpuset_keys_on && !cpuset_restricts_memory()) {
		cpuset_keys_on = false;
		cpuset_dec();
	}
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
}

static DECLARE_DELAYED_WORK(cpuset_keys_work, cpuset_keys_off);

/**
 * cpuset_update_keys - have the page allocator ask about nodes if a set demands it
 *
 * Context: cpuset_mutex and cpus_read_lock() held; after cpuset_refresh(), and
 * before tasks are given what they are to have.
 */
void cpuset_update_keys(void)
{
	bool on;

	lockdep_assert_held(&cpuset_mutex);
	on = cpuset_restricts_memory();
	if (on && !cpuset_keys_on) {
		cpuset_keys_on = true;
		cpuset_inc();
	} else if (!on && cpuset_keys_on) {
		queue_delayed_work(system_wq, &cpuset_keys_work, HZ);
	}
}

/*
 * memory_pressure: a rate that halves in 10 seconds without events
 */

#ifndef CONFIG_CPUSETS_V1
int cpuset_memory_pressure_enabled __read_mostly;
#endif

/* What is left of a rate after a second, in 1/1000: 0.933^10 = 1/2. */
#define CPUSET_METER_DECAY	933
/* After so many seconds nothing is left of any. */
#define CPUSET_METER_SECONDS	99
/* More events than anybody would tell apart. */
#define CPUSET_METER_EVENTS	1000

/**
 * cpuset_meter_init - prepare a meter
 * @meter: the meter, all zero
 */
void cpuset_meter_init(struct cpuset_meter *meter)
{
	spin_lock_init(&meter->lock);
}

static void cpuset_meter_update(struct cpuset_meter *meter)
{
	time64_t now = ktime_get_seconds();
	unsigned int i, seconds;

	lockdep_assert_held(&meter->lock);
	seconds = min_t(time64_t, now - meter->time, CPUSET_METER_SECONDS);
	if (!seconds)
		return;
	for (i = 0; i < seconds; i++)
		meter->rate = meter->rate * CPUSET_METER_DECAY / 1000;
	meter->rate += meter->count * (1000 - CPUSET_METER_DECAY);
	meter->count = 0;
	meter->time = now;
}

/**
 * cpuset_meter_rate - how often events come
 * @meter: the meter
 *
 * Context: process context.
 * Return: events per second, times 1000.
 */
unsigned int cpuset_meter_rate(struct cpuset_meter *meter)
{
	unsigned int rate;

	spin_lock(&meter->lock);
	cpuset_meter_update(meter);
	rate = meter->rate;
	spin_unlock(&meter->lock);
	return rate;
}

/**
 * __cpuset_memory_pressure_bump - current had to reclaim memory itself
 *
 * Context: process context.
 */
void __cpuset_memory_pressure_bump(void)
{
	struct cpuset_meter *meter;

	rcu_read_lock();
	meter = &task_cpuset(current)->meter;
	spin_lock(&meter->lock);
	cpuset_meter_update(meter);
	meter->count = min(meter->count + 1, CPUSET_METER_EVENTS);
	spin_unlock(&meter->lock);
	rcu_read_unlock();
}

/*
 * Boot and hotplug
 */

/**
 * cpuset_init - prepare the top set
 *
 * Until cpuset_init_smp() knows better, it has all that there can be.
 *
 * Context: boot, one task.
 * Return: 0.
 */
int __init cpuset_init(void)
{
	if (!alloc_cpumask_var(&top_cpuset.conf.cpus, GFP_KERNEL) ||
	    !alloc_cpumask_var(&top_cpuset.effective_cpus, GFP_KERNEL))
		panic("rc: no memory for the top cpuset\n");
	cpumask_setall(top_cpuset.conf.cpus);
	cpumask_setall(top_cpuset.effective_cpus);
	nodes_setall(top_cpuset.conf.mems);
	nodes_setall(top_cpuset.effective_mems);
	cpuset_meter_init(&top_cpuset.meter);
	return 0;
}

/*
 * CPUs or nodes have come or gone: sets keep what was configured, and have of it
 * what there is. Or a node is coming, whose memory can be had before it is said to
 * be there. Called with CPU hotplug going on, or held off.
 */
static void cpuset_handle_hotplug(bool coming)
{
	lockdep_assert_cpus_held();
	mutex_lock(&cpuset_mutex);
	/* Cgroup's sets are told then. */
	if (cpuset_is_cgroups()) {
		mutex_unlock(&cpuset_mutex);
		return;
	}
	cpuset_node_coming = coming;
	if (!cpumask_equal(top_cpuset.effective_cpus, cpu_active_mask))
		cpuset_domains_stale = true;
	if (!nodes_equal(top_cpuset.effective_mems, node_states[N_MEMORY]))
		cpuset_mark(&top_cpuset);
	spin_lock_irq(&cpuset_masks_lock);
	cpumask_copy(top_cpuset.effective_cpus, cpu_active_mask);
	top_cpuset.effective_mems = node_states[N_MEMORY];
	spin_unlock_irq(&cpuset_masks_lock);

	cpuset_refresh(&top_cpuset);
	cpuset_update_keys();
	if (cpuset_domains_stale)
		cpuset_rebuild_domains();
	mutex_unlock(&cpuset_mutex);
	cpuset_settle_hotplug();
}

/**
 * cpuset_update_active_cpus - cpu_active_mask has changed
 *
 * Context: CPU hotplug.
 */
void cpuset_update_active_cpus(void)
{
	cpuset_handle_hotplug(false);
}

static int cpuset_memory_callback(struct notifier_block *self,
				  unsigned long action, void *arg)
{
	const struct memory_notify *notify = arg;

	cpuset_handle_hotplug(action == MEM_GOING_ONLINE &&
			      notify->status_change_nid != NUMA_NO_NODE);
	return NOTIFY_OK;
}

/**
 * cpuset_init_smp - give the top set what there is, once that is known
 *
 * Context: boot, all CPUs are up.
 */
void __init cpuset_init_smp(void)
{
	cpumask_copy(top_cpuset.effective_cpus, cpu_active_mask);
	top_cpuset.effective_mems = node_states[N_MEMORY];
	cpuset_domains_init();
	hotplug_memory_notifier(cpuset_memory_callback, CPUSET_CALLBACK_PRI);
}

/*
 * The scheduler
 */

/* Held by the scheduler while a task becomes, or ceases to be, a deadline task. */
void cpuset_lock(void)
{
	mutex_lock(&cpuset_mutex);
}

void cpuset_unlock(void)
{
	mutex_unlock(&cpuset_mutex);
}

/*
 * Deadline tasks are not counted by set: cpuset_rebuild_domains(), which is rare,
 * looks at all tasks, if there are any of that kind.
 */
void inc_dl_tasks_cs(struct task_struct *task)
{
	cpuset_dl_seen();
}

void dec_dl_tasks_cs(struct task_struct *task)
{
}

/**
 * cpuset_cpus_allowed - CPUs that a task may ask for
 * @tsk: the task
 * @mask: filled in: those of its set that are online, or those of the nearest
 *	set above that has any; all possible ones for a task of the top, which keeps
 *	the offline ones
 *
 * Context: any but NMI.
 */
void cpuset_cpus_allowed(struct task_struct *tsk, struct cpumask *mask)
{
	const struct cpumask *possible = task_cpu_possible_mask(tsk);
	unsigned long flags;
	struct cpuset *cs;

	spin_lock_irqsave(&cpuset_masks_lock, flags);
	rcu_read_lock();
	cpumask_and(mask, possible, cpu_online_mask);
	cs = task_cpuset(tsk);
	while (cs != &top_cpuset &&
	       !cpumask_intersects(mask, cs->effective_cpus))
		cs = cpuset_parent(cs);
	if (cs == &top_cpuset)
		cpumask_copy(mask, possible);
	else
		cpumask_and(mask, mask, cs->effective_cpus);
	rcu_read_unlock();
	spin_unlock_irqrestore(&cpuset_masks_lock, flags);
}

static void cpuset_strayed_fn(struct irq_work *work)
{
	cpuset_settle_later();
}

static DEFINE_IRQ_WORK(cpuset_strayed_irq_work, cpuset_strayed_fn);

/* The task has what it had asked for again when its CPUs are back. */
static void cpuset_lend_cpus(struct task_struct *tsk,
			     const struct cpumask *cpus)
{
	cpumask_t *user = tsk->user_cpus_ptr;

	lockdep_assert_held(&tsk->pi_lock);
	/* Or it would be forgotten here. */
	tsk->user_cpus_ptr = NULL;
	do_set_cpus_allowed(tsk, cpus);
	tsk->user_cpus_ptr = user;
}

/**
 * cpuset_cpus_allowed_fallback - a task's CPUs have all gone
 * @tsk: the task
 *
 * Until hotplug comes to it, it has the CPUs of the nearest set that has any,
 * instead of all that there are. If the last of its CPUs does not go after all,
 * since deadline tasks need it, hotplug says nothing of that; so a work item looks
 * after it.
 *
 * Context: @tsk's pi_lock held. Masks are read without their lock: whoever
 * changes them sets the task's right afterwards.
 * Return: true if @tsk has other CPUs now.
 */
bool cpuset_cpus_allowed_fallback(struct task_struct *tsk)
{
	const struct cpumask *possible = task_cpu_possible_mask(tsk);
	const struct cpumask *cpus = possible;
	struct cpuset *cs;
	bool below;

	rcu_read_lock();
	cs = task_cpuset(tsk);
	below = cs != &top_cpuset;
	for (; cs != &top_cpuset; cs = cpuset_parent(cs)) {
		if (cpumask_intersects(cs->effective_cpus, cpu_active_mask) &&
		    cpumask_subset(cs->effective_cpus, possible)) {
			cpus = cs->effective_cpus;
			break;
		}
	}
	if (below) {
		/* Before the task's lock, which the work item needs, is released. */
		WRITE_ONCE(task_cpuset(tsk)->strayed, true);
		cpuset_dl_lend(tsk);
		irq_work_queue(&cpuset_strayed_irq_work);
		cpuset_lend_cpus(tsk, cpus);
	}
	rcu_read_unlock();
	return below;
}

/**
 * cpuset_cpu_is_isolated - is a CPU isolated by cpusets?
 * @cpu: the CPU
 *
 * Return: false. A set can take a CPU out of all scheduling domains, but only
 * isolcpus= says that a CPU is isolated.
 */
bool cpuset_cpu_is_isolated(int cpu)
{
	return false;
}

#ifndef CONFIG_CPUSETS_CGROUP
EXPORT_SYMBOL_GPL(cpuset_cpu_is_isolated);
#endif

/*
 * Memory
 */

/**
 * cpuset_mems_allowed - memory nodes of a task's set
 * @tsk: the task
 *
 * Context: any but NMI.
 * Return: the nodes, of which at least one has memory.
 */
nodemask_t cpuset_mems_allowed(struct task_struct *tsk)
{
	unsigned long flags;
	struct cpuset *cs;
	nodemask_t mask;

	spin_lock_irqsave(&cpuset_masks_lock, flags);
	rcu_read_lock();
	/* Hotplug tells the sets after the fact. */
	for (cs = task_cpuset(tsk); cs != &top_cpuset; cs = cpuset_parent(cs))
		if (nodes_intersects(cs->effective_mems, node_states[N_MEMORY]))
			break;
	nodes_and(mask, cs->effective_mems, node_states[N_MEMORY]);
	rcu_read_unlock();
	spin_unlock_irqrestore(&cpuset_masks_lock, flags);
	return mask;
}

/* Of the nearest set that kernel memory may not leave, or of the top. */
static bool cpuset_hardwall_allows(int node)
{
	struct cpuset *cs;
	bool ret;

	rcu_read_lock();
	cs = task_cpuset(current);
	while (cs != &top_cpuset && !cpuset_is(cs, CS_MEM_EXCLUSIVE) &&
	       !cpuset_is(cs, CS_MEM_HARDWALL))
		cs = cpuset_parent(cs);
	ret = node_isset(node, cs->effective_mems);
	rcu_read_unlock();
	return ret;
}

/**
 * cpuset_node_allowed - may current allocate on a memory node?
 * @node: the node
 * @gfp_mask: of the allocation
 *
 * Its own nodes always. Others only if it is in interrupt, dying, or allocates
 * memory for the kernel (no __GFP_HARDWALL) and no set with mem_exclusive or
 * mem_hardwall at or above its own leaves the node out.
 *
 * Context: any.
 * Return: true if it may.
 */
bool cpuset_node_allowed(int node, gfp_t gfp_mask)
{
	if (in_interrupt() || node_isset(node, current->mems_allowed))
		return true;
	if (unlikely(tsk_is_oom_victim(current)))
		return true;
	if (gfp_mask & __GFP_HARDWALL)
		return false;
	if (current->flags & PF_EXITING)
		return true;
	return cpuset_hardwall_allows(node);
}

/**
 * cpuset_mem_spread_node - on which node to look for a page of a file first
 *
 * Return: current's nodes, one after the other.
 */
int cpuset_mem_spread_node(void)
{
	int *rotor = &current->cpuset_mem_spread_rotor;

	if (*rotor == NUMA_NO_NODE)
		*rotor = node_random(&current->mems_allowed);
	*rotor = next_node_in(*rotor, current->mems_allowed);
	return *rotor;
}

/**
 * current_cpuset_is_being_rebound - have policies of memory areas to be rebound?
 *
 * Return: true while those in current's set are.
 */
bool current_cpuset_is_being_rebound(void)
{
	bool ret;

	rcu_read_lock();
	ret = atomic_read(&cpuset_rebinding) ||
	      atomic_read(&task_cpuset(current)->rebinding);
	rcu_read_unlock();
	return ret;
}

/*
 * Showing
 */

/**
 * cpuset_print_current_mems_allowed - say to the log where current may allocate
 */
void cpuset_print_current_mems_allowed(void)
{
	rcu_read_lock();
	pr_cont(",cpuset=%s,mems_allowed=%*pbl",
		rc_state_name(&task_cpuset(current)->st),
		nodemask_pr_args(&current->mems_allowed));
	rcu_read_unlock();
}

#ifdef CONFIG_PROC_PID_CPUSET
/* /proc/PID/cpuset: the path in the hierarchy that has the controller, or "/". */
int proc_cpuset_show(struct seq_file *m, struct pid_namespace *ns,
		     struct pid *pid, struct task_struct *tsk)
{
	rcu_read_lock();
	rc_show_path(m, ns, rc_task_state(tsk, &cpuset_subsys));
	rcu_read_unlock();
	seq_putc(m, '\n');
	return 0;
}
#endif

/*
 * What looks at the task alone, and is the same whoever provides cpusets
 */
#ifndef CONFIG_CPUSETS_CGROUP
void __init cpuset_init_current_mems_allowed(void)
{
	nodes_setall(current->mems_allowed);
}

int cpuset_mems_allowed_intersects(const struct task_struct *tsk1,
				   const struct task_struct *tsk2)
{
	return nodes_intersects(tsk1->mems_allowed, tsk2->mems_allowed);
}

/* In /proc/PID/status. */
void cpuset_task_status_allowed(struct seq_file *m, struct task_struct *task)
{
	seq_printf(m, "Mems_allowed:\t%*pb\n",
		   nodemask_pr_args(&task->mems_allowed));
	seq_printf(m, "Mems_allowed_list:\t%*pbl\n",
		   nodemask_pr_args(&task->mems_allowed));
}
#endif
