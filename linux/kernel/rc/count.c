// SPDX-License-Identifier: GPL-2.0
/*
 * How many tasks a group has. Each home knows how many it lists; the sum costs a step a
 * home, of which a group has as many as there are combinations of groups that its tasks
 * are in.
 *
 * Between two pieces the walk holds the home at which it is, which then keeps its groups,
 * but not its place in the list: it leaves that with its last task, and may come back at the
 * end. That is seen by its being empty, or by the group's shifts.
 */

#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "internal.h"

/* How often the homes are looked at before all tasks are. */
#define RC_LOOKS	8

/**
 * struct rc_sum - a walk over the homes of a group
 * @grp: the group
 * @shifts: the group's, when the walk began
 * @nr: tasks of those homes that it is through with
 * @seen: how many it has seen in this piece
 */
struct rc_sum {
	struct rc_group *grp;
	unsigned long shifts;
	unsigned long nr;
	unsigned int seen;
};

static bool rc_sum_shifted(const struct rc_sum *sum)
{
	return READ_ONCE(sum->grp->shifts) != sum->shifts;
}

/*
 * Lets others have their turn, at a home that is in the list, under its lock and RCU,
 * and returns so; false, if the home has lost its place, without them.
 */
static bool rc_sum_rest(struct rc_sum *sum, struct nsproxy *home)
{
	bool stays;

	sum->seen = 0;
	refcount_inc(&home->rc.users);
	spin_unlock_irq(&home->rc.lock);
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	spin_lock_irq(&home->rc.lock);
	/* It comes back under its lock, after having shifted the group. */
	stays = !hlist_empty(&home->rc.tasks) && !rc_sum_shifted(sum);
	if (!stays) {
		spin_unlock_irq(&home->rc.lock);
		rcu_read_unlock();
		rc_home_put(home);
		return false;
	}
	/* Its tasks use it, so this is not the last. */
	refcount_dec(&home->rc.users);
	return true;
}

/* One walk over all; false if a task may have been missed, or seen twice. */
static bool rc_sum_homes(struct rc_sum *sum)
{
	struct list_head *head = &sum->grp->proxies, *pos;
	unsigned int slot = sum->grp->hier->id;

	/* As in rc_walk_group(). */
	sum->shifts = smp_load_acquire(&sum->grp->shifts);
	sum->nr = 0;
	rcu_read_lock();
	pos = rcu_dereference(list_next_rcu(head));
	while (pos != head) {
		struct nsproxy *home = list_entry(pos - slot, struct nsproxy,
						  rc.link[0]);

		/* That it has tasks, and stays in the list, is for its lock to say. */
		spin_lock_irq(&home->rc.lock);
		sum->nr += home->rc.nr;
		if (++sum->seen >= RC_PIECE && !hlist_empty(&home->rc.tasks) &&
		    !rc_sum_rest(sum, home))
			return false;
		pos = rcu_dereference(list_next_rcu(pos));
		spin_unlock_irq(&home->rc.lock);
	}
	rcu_read_unlock();
	/* As there. */
	smp_rmb();
	return !rc_sum_shifted(sum);
}

/**
 * rc_group_nr_tasks - how many tasks are in a group, not below it
 * @grp: the group, no root
 *
 * If tasks of the group are moved in other hierarchies, time and again, it costs what
 * a listing of them does.
 *
 * Context: process context, may sleep. Takes no lock that others wait for.
 * Return: the number; for one who is being killed, or for want of memory, what there was of
 * it at the last attempt.
 */
unsigned long rc_group_nr_tasks(struct rc_group *grp)
{
	struct rc_sum sum = { .grp = grp };
	unsigned int looks = RC_LOOKS;
	struct rc_pids pids;

	while (looks--)
		if (rc_sum_homes(&sum))
			return sum.nr;
	if (rc_pids_collect(grp, &init_pid_ns, false, &pids))
		return sum.nr;
	sum.nr = pids.nr;
	rc_pids_free(&pids);
	return sum.nr;
}
