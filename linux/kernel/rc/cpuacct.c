// SPDX-License-Identifier: GPL-2.0
/*
 * The cpuacct controller: how much CPU time a group of tasks has used.
 *
 *   cpuacct.usage  milliseconds, of the group and all groups below it
 *   cpuacct.load   percent of one CPU over the last whole interval of 10 s
 *   cpuacct.stat   usage_usec, user_usec, system_usec
 *
 * The scheduler charges the runtime that it has measured to the per-CPU counter
 * of the one group that the task is in; no lock, no walk up the tree. A reader
 * adds up CPUs and groups below. A removed group leaves its sums to its parent
 * when the last reader under RCU has gone, and counts where it is until then,
 * so that no sum ever goes down.
 */

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rc.h>
#include <linux/sched/cputime.h>
#include <linux/seq_file.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/u64_stats_sync.h>

#define RC_LOAD_SECONDS	10
#define RC_LOAD_JIFFIES	(RC_LOAD_SECONDS * HZ)

DEFINE_STATIC_KEY_FALSE(rc_cpuacct_key);

/**
 * struct cpuacct_sum - CPU time, in nanoseconds
 * @usage: runtime as the scheduler measured it
 * @user: what was sampled as user time
 * @system: what was sampled as system time
 * @start: @usage when the current interval began
 * @last: runtime in the interval before
 */
struct cpuacct_sum {
	u64 usage;
	u64 user;
	u64 system;
	u64 start;
	u64 last;
};

/**
 * struct cpuacct_cpu - a group's time on one CPU
 * @sum: the counters. @usage, @start and @last are written under the lock of the
 *	CPU's runqueue, @user and @system by the CPU with interrupts off.
 * @end: when the current interval ends, in jiffies; as @usage
 * @roll: odd while an interval is being closed, so that readers see all of
 *	@start, @last and @end from before or from after
 * @sync: for readers of @usage where 64 bits are not read at once
 * @sample: the same for @user and @system
 */
struct cpuacct_cpu {
	struct cpuacct_sum sum;
	unsigned long end;
	seqcount_t roll;
	struct u64_stats_sync sync;
	struct u64_stats_sync sample;
};

/**
 * struct cpuacct - a group's time
 * @st: for the core
 * @cpu: counters of the group alone
 * @gone: what removed groups below have used; cpuacct_mutex
 * @gone_end: end of @gone's current interval, in jiffies; cpuacct_mutex
 * @children: groups below, with those that are removed but not yet freed;
 *	cpuacct_mutex
 * @node: in the parent's @children; cpuacct_mutex
 * @prev: keeps user and system time from going down; has its own lock
 */
struct cpuacct {
	struct rc_state st;
	struct cpuacct_cpu __percpu *cpu;
	struct cpuacct_sum gone;
	unsigned long gone_end;
	struct list_head children;
	struct list_head node;
	struct prev_cputime prev;
};

static DEFINE_PER_CPU(struct cpuacct_cpu, cpuacct_top_cpu);

static struct cpuacct cpuacct_top = {
	.cpu		= &cpuacct_top_cpu,
	.children	= LIST_HEAD_INIT(cpuacct_top.children),
	.prev.lock	= __RAW_SPIN_LOCK_UNLOCKED(cpuacct_top.prev.lock),
};

/* Orders readers and changes of the tree of struct cpuacct. */
static DEFINE_MUTEX(cpuacct_mutex);

static struct rc_subsys cpuacct_subsys;

static struct cpuacct *to_cpuacct(struct rc_state *st)
{
	return container_of(st, struct cpuacct, st);
}

/* All CPUs and groups have the same intervals. */
static unsigned long cpuacct_interval_end(unsigned long now)
{
	return now - (now - INITIAL_JIFFIES) % RC_LOAD_JIFFIES + RC_LOAD_JIFFIES;
}

/* Begins a new interval, @now being past the end of the current one. */
static void cpuacct_roll(struct cpuacct_sum *sum, unsigned long *end,
			 unsigned long now)
{
	bool previous = time_before(now, *end + RC_LOAD_JIFFIES);

	sum->last = previous ? sum->usage - sum->start : 0;
	sum->start = sum->usage;
	*end = cpuacct_interval_end(now);
}

void __rc_cpuacct_charge(struct task_struct *tsk, u64 delta)
{
	struct cpuacct *ca = to_cpuacct(rc_task_state(tsk, &cpuacct_subsys));
	struct cpuacct_cpu *cpu = per_cpu_ptr(ca->cpu, task_cpu(tsk));
	unsigned long now = jiffies;

	if (unlikely(time_after_eq(now, cpu->end))) {
		raw_write_seqcount_begin(&cpu->roll);
		cpuacct_roll(&cpu->sum, &cpu->end, now);
		raw_write_seqcount_end(&cpu->roll);
	}
	u64_stats_update_begin(&cpu->sync);
	cpu->sum.usage += delta;
	u64_stats_update_end(&cpu->sync);
}

void __rc_cpuacct_account(struct task_struct *tsk, int index, u64 delta)
{
	struct cpuacct *ca = to_cpuacct(rc_task_state(tsk, &cpuacct_subsys));
	struct cpuacct_cpu *cpu = this_cpu_ptr(ca->cpu);

	u64_stats_update_begin(&cpu->sample);
	if (index == CPUTIME_USER || index == CPUTIME_NICE)
		cpu->sum.user += delta;
	else
		cpu->sum.system += delta;
	u64_stats_update_end(&cpu->sample);
}

/* Adds the counters of @from, whose interval ends at @end, as of @now. */
static void cpuacct_add(struct cpuacct_sum *to, struct cpuacct_sum *from,
			unsigned long end, unsigned long now)
{
	if (time_after_eq(now, end))
		cpuacct_roll(from, &end, now);
	to->usage += from->usage;
	to->user += from->user;
	to->system += from->system;
	to->start += from->start;
	to->last += from->last;
}

/* What a group alone has used, without groups below. */
static void cpuacct_add_own(struct cpuacct_sum *to, struct cpuacct *ca,
			    unsigned long now)
{
	int i;

	for_each_possible_cpu(i) {
		struct cpuacct_cpu *cpu = per_cpu_ptr(ca->cpu, i);
		struct cpuacct_sum sum;
		unsigned int roll, seq, sample;
		unsigned long end;

		do {
			roll = read_seqcount_begin(&cpu->roll);
			seq = u64_stats_fetch_begin(&cpu->sync);
			sample = u64_stats_fetch_begin(&cpu->sample);
			/* Usage may grow meanwhile; the rest is retried. */
			sum = data_race(cpu->sum);
			end = cpu->end;
		} while (u64_stats_fetch_retry(&cpu->sample, sample) ||
			 u64_stats_fetch_retry(&cpu->sync, seq) ||
			 read_seqcount_retry(&cpu->roll, roll));
		cpuacct_add(to, &sum, end, now);
	}
}

static struct cpuacct *cpuacct_first(struct cpuacct *ca)
{
	while (!list_empty(&ca->children))
		ca = list_first_entry(&ca->children, struct cpuacct, node);
	return ca;
}

/* The group after @ca when children come before their parent. */
static struct cpuacct *cpuacct_next(struct cpuacct *ca)
{
	struct cpuacct *parent = to_cpuacct(ca->st.parent);

	if (list_is_last(&ca->node, &parent->children))
		return parent;
	return cpuacct_first(list_next_entry(ca, node));
}

static void cpuacct_read(struct cpuacct *top, struct cpuacct_sum *sum)
{
	unsigned long now = jiffies;
	struct cpuacct *ca;

	memset(sum, 0, sizeof(*sum));
	mutex_lock(&cpuacct_mutex);
	for (ca = cpuacct_first(top);; ca = cpuacct_next(ca)) {
		struct cpuacct_sum gone = ca->gone;

		cpuacct_add_own(sum, ca, now);
		cpuacct_add(sum, &gone, ca->gone_end, now);
		if (ca == top)
			break;
	}
	mutex_unlock(&cpuacct_mutex);
}

static u64 cpuacct_usage_read(struct rc_state *st, const struct rc_file *file)
{
	struct cpuacct_sum sum;

	cpuacct_read(to_cpuacct(st), &sum);
	return div_u64(sum.usage, NSEC_PER_MSEC);
}

static u64 cpuacct_load_read(struct rc_state *st, const struct rc_file *file)
{
	struct cpuacct_sum sum;

	cpuacct_read(to_cpuacct(st), &sum);
	/* To the nearest percent. */
	return div64_u64(sum.last * 100 + RC_LOAD_SECONDS * NSEC_PER_SEC / 2,
			 (u64)RC_LOAD_SECONDS * NSEC_PER_SEC);
}

static int cpuacct_stat_show(struct seq_file *m, struct rc_state *st,
			     const struct rc_file *file)
{
	struct cpuacct *ca = to_cpuacct(st);
	struct task_cputime time;
	struct cpuacct_sum sum;
	u64 user, system;

	cpuacct_read(ca, &sum);
	time.sum_exec_runtime = sum.usage;
	time.utime = sum.user;
	time.stime = sum.system;
	cputime_adjust(&time, &ca->prev, &user, &system);
	seq_printf(m, "usage_usec %llu\nuser_usec %llu\nsystem_usec %llu\n",
		   div_u64(sum.usage, NSEC_PER_USEC),
		   div_u64(user, NSEC_PER_USEC),
		   div_u64(system, NSEC_PER_USEC));
	return 0;
}

static void cpuacct_init_cpu(struct cpuacct_cpu *cpu, unsigned long now)
{
	seqcount_init(&cpu->roll);
	u64_stats_init(&cpu->sync);
	u64_stats_init(&cpu->sample);
	cpu->end = cpuacct_interval_end(now);
}

static struct rc_state *cpuacct_create(struct rc_state *parent)
{
	unsigned long now = jiffies;
	struct cpuacct *ca;
	int i;

	ca = kzalloc(sizeof(*ca), GFP_KERNEL_ACCOUNT);
	if (!ca)
		return ERR_PTR(-ENOMEM);
	ca->cpu = alloc_percpu_gfp(struct cpuacct_cpu, GFP_KERNEL_ACCOUNT);
	if (!ca->cpu) {
		kfree(ca);
		return ERR_PTR(-ENOMEM);
	}
	for_each_possible_cpu(i)
		cpuacct_init_cpu(per_cpu_ptr(ca->cpu, i), now);
	ca->gone_end = cpuacct_interval_end(now);
	INIT_LIST_HEAD(&ca->children);
	prev_cputime_init(&ca->prev);

	mutex_lock(&cpuacct_mutex);
	list_add_tail(&ca->node, &to_cpuacct(parent)->children);
	mutex_unlock(&cpuacct_mutex);
	return &ca->st;
}

static void cpuacct_destroy(struct rc_state *st)
{
	struct cpuacct *ca = to_cpuacct(st), *parent = to_cpuacct(st->parent);
	unsigned long now = jiffies;

	mutex_lock(&cpuacct_mutex);
	if (time_after_eq(now, parent->gone_end))
		cpuacct_roll(&parent->gone, &parent->gone_end, now);
	cpuacct_add_own(&parent->gone, ca, now);
	cpuacct_add(&parent->gone, &ca->gone, ca->gone_end, now);
	list_del(&ca->node);
	mutex_unlock(&cpuacct_mutex);

	free_percpu(ca->cpu);
	kfree(ca);
}

/* Before anything is charged. */
static int __init cpuacct_init(void)
{
	unsigned long now = jiffies;
	int i;

	for_each_possible_cpu(i)
		cpuacct_init_cpu(per_cpu_ptr(&cpuacct_top_cpu, i), now);
	cpuacct_top.gone_end = cpuacct_interval_end(now);
	return 0;
}
early_initcall(cpuacct_init);

static int cpuacct_bind(struct rc_hierarchy *hier)
{
	if (hier)
		static_branch_enable(&rc_cpuacct_key);
	else
		static_branch_disable(&rc_cpuacct_key);
	return 0;
}

static struct rc_file cpuacct_files[] = {
	{ .name = "cpuacct.usage", .mode = 0444, .read_u64 = cpuacct_usage_read },
	{ .name = "cpuacct.load", .mode = 0444, .read_u64 = cpuacct_load_read },
	{ .name = "cpuacct.stat", .mode = 0444, .show = cpuacct_stat_show },
	{ }
};

static struct rc_subsys cpuacct_subsys = {
	.name		= "cpuacct",
	.top		= &cpuacct_top.st,
	.files		= cpuacct_files,
	.create		= cpuacct_create,
	.destroy	= cpuacct_destroy,
	.bind		= cpuacct_bind,
};

RC_SUBSYS(cpuacct_subsys);
