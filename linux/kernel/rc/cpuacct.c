// SPDX-License-Identifier: GPL-2.0
/*
 * The cpuacct controller: how much CPU time a group of tasks has used.
 *
 *   cpuacct.usage  milliseconds, of the group and all groups below it
 *   cpuacct.load   percent of one CPU over the last whole interval of 10 s
 *   cpuacct.stat   usage_usec, user_usec, system_usec
 *
 * The scheduler charges the runtime that it has measured to the per-CPU counter
 * of the one group that the task is in; no lock, no walk up the tree. Whoever
 * reads brings forward what has come since, group by group, to the sums of that
 * group and of those above it, which never go down. So does a group that is
 * removed, when nobody charges it any more.
 */

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/rc.h>
#include <linux/sched/cputime.h>
#include <linux/seq_file.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
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
 * @seen: what of them is in @sum here and above
 * @seen_end: end of @seen's current interval, in jiffies
 * @sum: the time of the group and of all that are, or were, below it
 * @sum_end: end of @sum's current interval, in jiffies
 * @prev: keeps user and system time from going down; has its own lock
 *
 * @seen and @sum, with their intervals, are protected by cpuacct_lock.
 */
struct cpuacct {
	struct rc_state st;
	struct cpuacct_cpu __percpu *cpu;
	struct cpuacct_sum seen;
	unsigned long seen_end;
	struct cpuacct_sum sum;
	unsigned long sum_end;
	struct prev_cputime prev;
};

static DEFINE_PER_CPU(struct cpuacct_cpu, cpuacct_top_cpu);

static struct cpuacct cpuacct_top = {
	.cpu		= &cpuacct_top_cpu,
	.prev.lock	= __RAW_SPIN_LOCK_UNLOCKED(cpuacct_top.prev.lock),
};

/* Protects what was brought forward; held for one group at a time. */
static DEFINE_SPINLOCK(cpuacct_lock);

static struct rc_subsys cpuacct_subsys;

static struct cpuacct *to_cpuacct(struct rc_state *st)
{
	return container_of(st, struct cpuacct, st);
}

/* NULL for the top. */
static struct cpuacct *cpuacct_parent(struct cpuacct *ca)
{
	return ca->st.parent ? to_cpuacct(ca->st.parent) : NULL;
}

/* All CPUs and groups have the same intervals. */
static unsigned long cpuacct_interval_end(unsigned long now)
{
	return now - (now - INITIAL_JIFFIES) % RC_LOAD_JIFFIES + RC_LOAD_JIFFIES;
}

/*
 * Begins a new interval, @now being past the end of the current one. What holds of
 * parts holds of their sum, whether they are rolled before or after it is made.
 */
static void cpuacct_roll(struct cpuacct_sum *sum, unsigned long *end,
			 unsigned long now)
{
	bool previous = time_before(now, *end + RC_LOAD_JIFFIES);

	sum->last = previous ? sum->usage - sum->start : 0;
	sum->start = sum->usage;
	*end = cpuacct_interval_end(now);
}

static void cpuacct_advance(struct cpuacct_sum *sum, unsigned long *end,
			    unsigned long now)
{
	if (time_after_eq(now, *end))
		cpuacct_roll(sum, end, now);
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
	cpuacct_advance(from, &end, now);
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

/* Adds what @to has and @from has not to @sum. */
static void cpuacct_add_change(struct cpuacct_sum *sum,
			       const struct cpuacct_sum *from,
			       const struct cpuacct_sum *to)
{
	sum->usage += to->usage - from->usage;
	sum->user += to->user - from->user;
	sum->system += to->system - from->system;
	sum->start += to->start - from->start;
	sum->last += to->last - from->last;
}

/* Brings forward what a group alone has used since that was done last. */
static void cpuacct_flush(struct rc_state *st, void *arg)
{
	struct cpuacct *ca = to_cpuacct(st), *pos;
	struct cpuacct_sum own = { };
	unsigned long now;

	spin_lock(&cpuacct_lock);
	now = jiffies;
	cpuacct_add_own(&own, ca, now);
	cpuacct_advance(&ca->seen, &ca->seen_end, now);
	if (memcmp(&own, &ca->seen, sizeof(own))) {
		for (pos = ca; pos; pos = cpuacct_parent(pos)) {
			cpuacct_advance(&pos->sum, &pos->sum_end, now);
			cpuacct_add_change(&pos->sum, &ca->seen, &own);
		}
		ca->seen = own;
	}
	spin_unlock(&cpuacct_lock);
}

static void cpuacct_read(struct cpuacct *ca, struct cpuacct_sum *sum)
{
	rc_for_each_state(&cpuacct_subsys, &ca->st, cpuacct_flush, NULL);
	spin_lock(&cpuacct_lock);
	cpuacct_advance(&ca->sum, &ca->sum_end, jiffies);
	*sum = ca->sum;
	spin_unlock(&cpuacct_lock);
}

static u64 cpuacct_usage_read(struct rc_state *st, const struct rc_file *file)
{
	struct cpuacct_sum sum;

	cpuacct_read(to_cpuacct(st), &sum);
	return div_u64(sum.usage, NSEC_PER_MSEC);
}

/* What the last reader of a file here or above has brought forward. */
static void cpuacct_usage_column(struct seq_file *m, struct rc_state *st)
{
	u64 usage;

	spin_lock(&cpuacct_lock);
	usage = to_cpuacct(st)->sum.usage;
	spin_unlock(&cpuacct_lock);
	seq_put_decimal_ull(m, "", div_u64(usage, NSEC_PER_MSEC));
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
	ca->seen_end = cpuacct_interval_end(now);
	ca->sum_end = ca->seen_end;
	prev_cputime_init(&ca->prev);
	return &ca->st;
}

/* Those above have all of it as long as nobody is in the middle of a charge. */
static void cpuacct_offline(struct rc_state *st)
{
	cpuacct_flush(st, NULL);
}

static void cpuacct_drained(struct rc_state *st)
{
	cpuacct_flush(st, NULL);
}

static void cpuacct_destroy(struct rc_state *st)
{
	struct cpuacct *ca = to_cpuacct(st);

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
	cpuacct_top.seen_end = cpuacct_interval_end(now);
	cpuacct_top.sum_end = cpuacct_top.seen_end;
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
	{ .name = "cpuacct.usage", .mode = 0444, .read_u64 = cpuacct_usage_read,
	  .column = cpuacct_usage_column },
	{ .name = "cpuacct.load", .mode = 0444, .read_u64 = cpuacct_load_read },
	{ .name = "cpuacct.stat", .mode = 0444, .show = cpuacct_stat_show },
	{ }
};

static struct rc_subsys cpuacct_subsys = {
	.name		= "cpuacct",
	.top		= &cpuacct_top.st,
	.files		= cpuacct_files,
	.create		= cpuacct_create,
	.offline	= cpuacct_offline,
	.drained	= cpuacct_drained,
	.destroy	= cpuacct_destroy,
	.bind		= cpuacct_bind,
};

RC_SUBSYS(cpuacct_subsys);
