// SPDX-License-Identifier: GPL-2.0
/*
 * The cpu controller: how CPU time is divided among groups of tasks.
 *
 *   cpu.weight  1 to 10000: the group's share is its weight's among its siblings'
 *   cpu.idle    1: it runs when nobody else beside it wants to
 *   cpu.max     microseconds that it may run on all CPUs together, or "max", and
 *               the period that this is for
 *   cpu.stat    how many periods there were, in how many of them the group had to
 *               wait, and for how long
 *
 * Each group has a task group of the scheduler's, as a cgroup would, and its tasks
 * are scheduled there, whatever their cgroups and autogroups: the scheduler asks
 * __rc_task_group() each time it is told to put a task into its task group. Who changes
 * what that answers tells it to: an attach under rc_mutex. A newborn is put there before
 * anybody can see it.
 *
 * A task that exits stays where it is: what it has left to do is its group's, and to take
 * it off the runqueues would cost as much as all the rest of its exit. So the group can be
 * removed while the last of its tasks are still scheduled in its task group. That goes when
 * nobody needs it any more, not with the group. References to it are held by the group, by
 * each task that is in it, from sched_change_group() to sched_change_group() or to the
 * switch away from the dead, and by the task groups below, which take their load from
 * its runqueues. A zombie holds none, or some zombies could keep any number of groups.
 */

#include <linux/err.h>
#include <linux/jump_label.h>
#include <linux/mmu_context.h>
#include <linux/rc.h>
#include <linux/rc_errors.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../sched/sched.h"
#include "internal.h"

DEFINE_STATIC_KEY_FALSE(rc_cpu_key);

/**
 * struct rc_cpu - a group's task group
 * @st: for the core; kept by the task group
 * @tg: the task group; NULL when nobody needs it any more
 * @ref: one for the group until it is removed, one for each task in the task group and
 *	for each task group below
 * @release: ends the task group, an RCU grace period after the last of them; before that,
 *	puts the last one for who cannot
 */
struct rc_cpu {
	struct rc_state st;
	struct task_group __rcu *tg;
	refcount_t ref;
	struct rcu_work release;
};

static struct rc_cpu rc_cpu_top = {
	.tg	= RCU_INITIALIZER(&root_task_group),
	.ref	= REFCOUNT_INIT(1),
};

static struct rc_subsys rc_cpu_subsys;

static struct rc_cpu *to_rc_cpu(struct rc_state *st)
{
	return container_of(st, struct rc_cpu, st);
}

/* Of a group that is in the tree, for its writer and for those of its tasks. */
static struct task_group *rc_cpu_tg(struct rc_state *st)
{
	return rcu_dereference_protected(to_rc_cpu(st)->tg, true);
}

/* The life of a task group */

static void rc_cpu_put(struct rc_cpu *cpu)
{
	if (!refcount_dec_and_test(&cpu->ref))
		return;
	sched_release_group(rc_cpu_tg(&cpu->st));
	queue_rcu_work(system_wq, &cpu->release);
}

static void rc_cpu_end(struct rc_cpu *cpu)
{
	struct task_group *tg = rc_cpu_tg(&cpu->st);

	RCU_INIT_POINTER(cpu->tg, NULL);
	/* Is freed when nobody reads it any more. */
	sched_unregister_group(tg);
	static_branch_dec(&rc_cpu_key);
}

/* From where no lock may be taken that can sleep on a real-time kernel. */
static void rc_cpu_put_atomic(struct rc_cpu *cpu)
{
	if (!refcount_dec_not_one(&cpu->ref))
		queue_work(system_wq, &cpu->release.work);
}

static void rc_cpu_release(struct work_struct *work)
{
	struct rc_cpu *cpu = container_of(to_rcu_work(work), struct rc_cpu, release);
	struct rc_cpu *parent = to_rc_cpu(cpu->st.parent);

	if (refcount_read(&cpu->ref)) {
		rc_cpu_put(cpu);
		return;
	}
	rc_cpu_end(cpu);
	rc_state_put(&cpu->st);
	rc_cpu_put(parent);
}

static struct rc_state *rc_cpu_create(struct rc_state *parent)
{
	struct rc_cpu *cpu = kzalloc(sizeof(*cpu), GFP_KERNEL_ACCOUNT);
	struct task_group *tg;

	if (!cpu)
		return ERR_PTR(-ENOMEM);
	tg = sched_create_group(rc_cpu_tg(parent));
	if (IS_ERR(tg)) {
		kfree(cpu);
		return ERR_CAST(tg);
	}
	/* As long as there is a task group, so that each reference is put. */
	static_branch_inc(&rc_cpu_key);
	RCU_INIT_POINTER(cpu->tg, tg);
	refcount_set(&cpu->ref, 1);
	INIT_RCU_WORK(&cpu->release, rc_cpu_release);
	refcount_inc(&to_rc_cpu(parent)->ref);
	return &cpu->st;
}

static void rc_cpu_online(struct rc_state *st)
{
	struct task_group *tg = rc_cpu_tg(st);

	rc_state_get(st);
	tg->rc = st;
	sched_online_group(tg, rc_cpu_tg(st->parent));
}

static void rc_cpu_offline(struct rc_state *st)
{
	rc_cpu_put(to_rc_cpu(st));
}

static void rc_cpu_destroy(struct rc_state *st)
{
	struct rc_cpu *cpu = to_rc_cpu(st);

	/* It was never online. */
	if (rcu_access_pointer(cpu->tg)) {
		rc_cpu_end(cpu);
		rc_cpu_put(to_rc_cpu(st->parent));
	}
	kfree(cpu);
}

/* Where tasks are */

struct task_group *__rc_task_group(struct task_struct *tsk, struct task_group *tg)
{
	struct rc_state *st = rc_task_state(tsk, &rc_cpu_subsys);

	/* Interrupts are off, so the state stays. Without a reference, it was left just now. */
	if (st->parent && refcount_inc_not_zero(&to_rc_cpu(st)->ref))
		return rc_cpu_tg(st);
	return tg;
}

struct task_group *__rc_left_task_group(struct task_group *tg)
{
	return tg->rc ? tg : NULL;
}

/**
 * rc_put_task_group - a task is not in a task group any more
 * @tg: the task group, from rc_left_task_group(); the task's reference is put
 *
 * Context: no runqueue's lock held.
 */
void rc_put_task_group(struct task_group *tg)
{
	rc_cpu_put(to_rc_cpu(tg->rc));
}

/* Where a zombie is, which needs no runqueue, but has to have one. */
static struct task_group *rc_cpu_cgroup(struct task_struct *tsk)
{
#ifdef CONFIG_CGROUP_SCHED
	return css_tg(task_css_check(tsk, cpu_cgrp_id, true));
#else
	return &root_task_group;
#endif
}

static struct task_group *rc_cpu_bury(struct task_struct *tsk)
{
	struct task_group *left;

	guard(task_rq_lock)(tsk);
	left = tsk->sched_task_group;
	if (left->rc) {
		tsk->sched_task_group = rc_cpu_cgroup(tsk);
		set_task_rq(tsk, task_cpu(tsk));
#ifdef CONFIG_SMP
		/* Its load has gone with task_dead(), and none goes to another group. */
		tsk->se.avg.last_update_time = 0;
#endif
	}
	return left;
}

void __rc_task_dead(struct task_struct *tsk)
{
	struct task_group *left;

	/* Without the lock: preemption is off, so the memory stays. */
	if (!READ_ONCE(tsk->sched_task_group)->rc)
		return;
	left = rc_cpu_bury(tsk);
	if (left->rc)
		rc_cpu_put_atomic(to_rc_cpu(left->rc));
}

/* Takes a task to where it is to be. */
static void rc_cpu_move(struct task_struct *tsk)
{
	struct rc_state *st;
	bool move;

	rcu_read_lock();
	st = rc_task_state(tsk, &rc_cpu_subsys);
	move = READ_ONCE(tsk->sched_task_group)->rc != (st->parent ? st : NULL);
	rcu_read_unlock();
	if (move)
		sched_move_task(tsk, true);
}

static void rc_cpu_attach(struct rc_state *to, struct rc_state *from,
			  struct task_struct *tsk)
{
	rc_cpu_move(tsk);
}

/*
 * Where the scheduler has put it, it is not known to be: nobody finds it yet, so this needs
 * no lock.
 */
static void rc_cpu_place(struct task_struct *child, struct task_group *tg)
{
	child->sched_task_group = tg;
	set_task_rq(child, task_cpu(child));
}

static int rc_cpu_can_fork(struct rc_state *st, struct task_struct *child)
{
	/* Its parent is there, and is not moved now; or the group is not removed. */
	refcount_inc(&to_rc_cpu(st)->ref);
	rc_cpu_place(child, rc_cpu_tg(st));
	return 0;
}

static void rc_cpu_cancel_fork(struct rc_state *st, struct task_struct *child)
{
	rc_cpu_place(child, &root_task_group);
	rc_cpu_put(to_rc_cpu(st));
}

static int rc_cpu_bind(struct rc_hierarchy *hier)
{
	/* So that the first group costs no more than others. */
	if (hier)
		static_branch_inc(&rc_cpu_key);
	else
		static_branch_dec(&rc_cpu_key);
	return 0;
}

/**
 * rc_sched_path - name a task group in what the scheduler prints
 * @tg: any task group
 * @buf: where to
 * @len: room there
 *
 * Context: any, under RCU. In an interrupt, which can be one of who renames a group,
 * names are not to be had.
 * Return: 0 if @tg is none of ours, or its group has no name or was removed.
 */
int rc_sched_path(struct task_group *tg, char *buf, int len)
{
	struct rc_state *st = tg->rc;
	const char *name[RC_MAX_DEPTH];
	unsigned int n;
	int done;

	if (!st || !in_task() || READ_ONCE(st->group->dead))
		return 0;
	n = rc_group_path(st->group, name);
	done = scnprintf(buf, len, "/proc/rc/%s",
			 rcu_dereference(st->group->hier->root.name));
	while (n--)
		done += scnprintf(buf + done, len - done, "/%s", name[n]);
	return done;
}

/*
 * Files. Who reads one holds the state, but not the task group, which was given back
 * if the group is no more.
 */

static int rc_cpu_show_long(struct seq_file *m, struct rc_state *st,
			    unsigned long (*read)(struct task_group *tg))
{
	unsigned long val = 0;
	struct task_group *tg;

	rcu_read_lock();
	tg = rcu_dereference(to_rc_cpu(st)->tg);
	if (tg)
		val = read(tg);
	rcu_read_unlock();
	if (!tg)
		return -ENODEV;
	seq_printf(m, "%lu\n", val);
	return 0;
}

static unsigned long rc_cpu_weight(struct task_group *tg)
{
	return sched_weight_to_cgroup(scale_load_down(READ_ONCE(tg->shares)));
}

static int rc_cpu_weight_show(struct seq_file *m, struct rc_state *st,
			      const struct rc_file *file)
{
	return rc_cpu_show_long(m, st, rc_cpu_weight);
}

static unsigned long rc_cpu_idle(struct task_group *tg)
{
	return READ_ONCE(tg->idle);
}

static int rc_cpu_weight_write(struct rc_state *st, const struct rc_file *file,
			       u64 weight)
{
	if (weight < CGROUP_WEIGHT_MIN || weight > CGROUP_WEIGHT_MAX)
		return rc_refuse(-ERANGE, NULL, "not from %d to %d",
				 CGROUP_WEIGHT_MIN, CGROUP_WEIGHT_MAX);
	if (rc_cpu_idle(rc_cpu_tg(st)))
		return rc_refuse(-EINVAL, NULL, "an idle group has no weight");
	return sched_group_set_shares(rc_cpu_tg(st),
				      scale_load(sched_weight_from_cgroup(weight)));
}

static int rc_cpu_idle_show(struct seq_file *m, struct rc_state *st,
			    const struct rc_file *file)
{
	return rc_cpu_show_long(m, st, rc_cpu_idle);
}

static int rc_cpu_idle_write(struct rc_state *st, const struct rc_file *file,
			     u64 idle)
{
	return idle > 1 ? -EINVAL : sched_group_set_idle(rc_cpu_tg(st), idle);
}

/* A group's quota, in nanoseconds, and what came of it. */
struct rc_cpu_quota {
	u64 quota;
	u64 period;
	u64 throttled_time;
	int nr_periods;
	int nr_throttled;
};

static bool rc_cpu_get_quota(struct rc_state *st, struct rc_cpu_quota *to)
{
	struct task_group *tg;

	rcu_read_lock();
	tg = rcu_dereference(to_rc_cpu(st)->tg);
	if (tg) {
		struct cfs_bandwidth *from = &tg->cfs_bandwidth;

		raw_spin_lock_irq(&from->lock);
		to->quota = from->quota;
		to->period = ktime_to_ns(from->period);
		to->nr_periods = from->nr_periods;
		to->nr_throttled = from->nr_throttled;
		to->throttled_time = from->throttled_time;
		raw_spin_unlock_irq(&from->lock);
	}
	rcu_read_unlock();
	return tg;
}

static int rc_cpu_max_show(struct seq_file *m, struct rc_state *st,
			   const struct rc_file *file)
{
	struct rc_cpu_quota q;

	if (!rc_cpu_get_quota(st, &q))
		return -ENODEV;
	if (q.quota == RUNTIME_INF)
		seq_puts(m, "max");
	else
		seq_printf(m, "%llu", div_u64(q.quota, NSEC_PER_USEC));
	seq_printf(m, " %llu\n", div_u64(q.period, NSEC_PER_USEC));
	return 0;
}

static int rc_cpu_parse_usec(const char *text, u64 *ns)
{
	u64 usec;

	if (kstrtou64(text, 10, &usec) || usec > U64_MAX / NSEC_PER_USEC)
		return -EINVAL;
	*ns = usec * NSEC_PER_USEC;
	return 0;
}

/**
 * rc_cpu_parse_max - read what was written to cpu.max
 * @buf: "$MAX", or "$MAX $PERIOD", in microseconds; is as it was
 * @quota: set to nanoseconds; U64_MAX for "max"
 * @period: the same, if there is one
 *
 * Return: 0, or -EINVAL it is something else.
 */
int rc_cpu_parse_max(char *buf, u64 *quota, u64 *period)
{
	size_t len = strcspn(buf, " \t");
	u64 q = RUNTIME_INF, p = *period;
	char end = buf[len];
	int err = 0;

	buf[len] = '\0';
	if (strcmp(buf, "max"))
		err = rc_cpu_parse_usec(buf, &q);
	buf[len] = end;
	if (!err && end)
		err = rc_cpu_parse_usec(skip_spaces(buf + len), &p);
	if (err)
		return err;
	*quota = q;
	*period = p;
	return 0;
}

/* The scheduler's own bounds, which it keeps to itself. */
static int rc_cpu_max_refuse(u64 quota, u64 period)
{
	if (period < NSEC_PER_MSEC || period > NSEC_PER_SEC)
		return rc_refuse(-EINVAL, NULL, "a period is 1000 to 1000000");
	if (quota < NSEC_PER_MSEC)
		return rc_refuse(-EINVAL, NULL, "not less than 1000");
	return rc_refuse(-EINVAL, NULL, "more than there is time");
}

static int rc_cpu_max_write(struct rc_state *st, const struct rc_file *file,
			    char *buf)
{
	struct task_group *tg = rc_cpu_tg(st);
	u64 quota, period = ktime_to_ns(tg->cfs_bandwidth.period);
	int err;

	if (rc_cpu_parse_max(buf, &quota, &period))
		return rc_refuse(-EINVAL, NULL, "not \"$MAX\" or \"$MAX $PERIOD\" in microseconds");
	err = tg_set_cfs_bandwidth(tg, period, quota, 0);
	return err == -EINVAL ? rc_cpu_max_refuse(quota, period) : err;
}

static int rc_cpu_stat_show(struct seq_file *m, struct rc_state *st,
			    const struct rc_file *file)
{
	struct rc_cpu_quota q;

	if (!rc_cpu_get_quota(st, &q))
		return -ENODEV;
	seq_printf(m, "nr_periods %d\nnr_throttled %d\nthrottled_usec %llu\n",
		   q.nr_periods, q.nr_throttled,
		   div_u64(q.throttled_time, NSEC_PER_USEC));
	return 0;
}

static struct rc_file rc_cpu_files[] = {
	{
		.name = "cpu.weight", .mode = 0644, .flags = RC_FILE_NOT_ROOT,
		.show = rc_cpu_weight_show, .write_u64 = rc_cpu_weight_write,
	},
	{
		.name = "cpu.idle", .mode = 0644, .flags = RC_FILE_NOT_ROOT,
		.show = rc_cpu_idle_show, .write_u64 = rc_cpu_idle_write,
	},
	{
		.name = "cpu.max", .mode = 0644, .flags = RC_FILE_NOT_ROOT,
		.show = rc_cpu_max_show, .write = rc_cpu_max_write,
	},
	{
		.name = "cpu.stat", .mode = 0444, .flags = RC_FILE_NOT_ROOT,
		.show = rc_cpu_stat_show,
	},
	{ }
};

static struct rc_subsys rc_cpu_subsys = {
	.name		= "cpu",
	.top		= &rc_cpu_top.st,
	.files		= rc_cpu_files,
	.create		= rc_cpu_create,
	.online		= rc_cpu_online,
	.offline	= rc_cpu_offline,
	.destroy	= rc_cpu_destroy,
	.bind		= rc_cpu_bind,
	.attach		= rc_cpu_attach,
	.can_fork	= rc_cpu_can_fork,
	.cancel_fork	= rc_cpu_cancel_fork,
};

RC_SUBSYS(rc_cpu_subsys);
