// SPDX-License-Identifier: GPL-2.0
/*
 * The census: how controllers learn that tasks are born, and are reaped.
 *
 * One that has to know at once is asked and told of each: &rc_subsys.can_fork,
 * &rc_subsys.release. One for which later will do is told of several together, and
 * until then the home of the tasks notes how many have come and gone. Fork and exit write
 * to the home anyway, so that a note costs no cache line that others write to, and the
 * same at any depth. Which it is to be, the controller says for each group, and may
 * say otherwise later: &rc_subsys.census, rc_census_changed().
 *
 * What is noted is told when the first task is reaped after a tick, if some home has got
 * more tasks since the last time; when so many homes have notes that to tell would take long, when
 * a home ends, and when a controller wants to know. It is all told before a controller draws
 * conclusions: a part could be more than there has been.
 *
 * All of it happens under tasklist_lock, held for writing, as births and ends do. So how a
 * controller learns of things changes between two of them, with nothing noted. Who only
 * looks adds up what a controller was told and what it was not: under that lock, or, for
 * a number of some moment of late, without one: rc_census_peek().
 */

#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/pid_namespace.h>
#include <linux/rculist.h>
#include <linux/sched/task.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>

#include "errors.h"
#include "internal.h"

/* To tell of so many takes no long. */
#define RC_CENSUS_MAX	64

/* How often who takes no lock looks at them, if others are telling. */
#define RC_CENSUS_LOOKS	4

/* All that follows is protected by tasklist_lock. A new home has seen no epoch. */
unsigned long rc_census_epoch = 1;
/* When all was told last, in jiffies. */
unsigned long rc_census_tick;
/* Some home has, or had since, more births noted than ends. */
bool rc_census_risen;
/* Homes with notes, and some whose tasks have come and gone since that. */
static HLIST_HEAD(rc_census_homes);
static unsigned int rc_census_nr;
/* Changes when what was noted is told, for who takes no lock. */
static seqcount_rwlock_t rc_census_told =
	SEQCNT_RWLOCK_ZERO(rc_census_told, &tasklist_lock);

/**
 * rc_census_look - find out how controllers learn of births and ends in a home
 * @home: the home
 *
 * Context: tasklist_lock held for writing, nothing is noted in @home.
 */
void rc_census_look(struct rc_home *home)
{
	unsigned long mask = home->ns.rc.subsys &
			     (rc_hooks.can_fork | rc_hooks.release);
	unsigned long each = 0, lump = 0;
	struct rc_subsys *ss;
	unsigned int id;

	for_each_rc_subsys_in(ss, id, &mask) {
		unsigned int how = RC_CENSUS_EACH;

		if (ss->census)
			how = ss->census(home->ns.rc.state[id]);
		if (how & RC_CENSUS_EACH)
			each |= BIT(id);
		if (how & RC_CENSUS_LUMP)
			lump |= BIT(id);
	}
	home->asked = each & rc_hooks.can_fork;
	home->told = each & rc_hooks.release;
	home->lump = lump;
	home->epoch = rc_census_epoch;
}

/* The first in @left does not agree; those before it have, in vain. */
static noinline int rc_census_refuse(struct rc_home *home, struct task_struct *child,
				     unsigned long left, u64 since, int err)
{
	unsigned int id = __ffs(left);

	rc_errors_end(err, since, READ_ONCE(home->ns.rc.state[id]->group),
		      task_active_pid_ns(current), "fork", NULL);
	while (id--) {
		struct rc_subsys *ss = rc_subsys_by_id(id);

		if ((home->asked & BIT(id)) && ss->cancel_fork)
			ss->cancel_fork(home->ns.rc.state[id], child);
	}
	return err;
}

/**
 * rc_census_ask - ask the controllers that want to be asked
 * @home: where a child is to be, with at least one of them
 * @child: the child
 *
 * Context: as rc_census_birth().
 * Return: 0 or what a controller says.
 */
int rc_census_ask(struct rc_home *home, struct task_struct *child)
{
	unsigned long left = home->asked;
	u64 since = rc_errors_begin();

	do {
		unsigned long id = __ffs(left);
		int err;

		err = rc_subsys_by_id(id)->can_fork(home->ns.rc.state[id], child);
		if (unlikely(err))
			return rc_census_refuse(home, child, left, since, err);
		left &= left - 1;
	} while (left);
	return 0;
}

/**
 * rc_census_release - tell the controllers that are told of each end
 * @home: the home that a task has left; there is one
 * @tsk: the task
 *
 * Context: as rc_census_end().
 */
void rc_census_release(struct rc_home *home, struct task_struct *tsk)
{
	unsigned long left = home->told;

	do {
		unsigned long id = __ffs(left);

		left &= left - 1;
		rc_subsys_by_id(id)->release(home->ns.rc.state[id], tsk);
	} while (left);
}

/**
 * rc_census_enter - let a home's notes be found
 * @home: the home, which is not in the list
 *
 * Context: tasklist_lock held for writing.
 */
void rc_census_enter(struct rc_home *home)
{
	if (rc_census_nr == RC_CENSUS_MAX)
		rc_census_tell();
	hlist_add_head_rcu(&home->noted, &rc_census_homes);
	rc_census_nr++;
}

/* The last that is done to it: see rc_census_leave(). */
static void rc_census_unlist(struct rc_home *home)
{
	hlist_del_init_rcu(&home->noted);
}

static void rc_census_tally(struct rc_home *home)
{
	unsigned long left;

	for (left = home->lump; left; left &= left - 1) {
		unsigned int id = __ffs(left);

		rc_subsys_by_id(id)->tally(home->ns.rc.state[id], home->untold);
	}
}

static void rc_census_tallied(struct rc_home *home)
{
	unsigned long left;

	for (left = home->lump; left; left &= left - 1) {
		unsigned int id = __ffs(left);

		rc_subsys_by_id(id)->tallied(home->ns.rc.state[id]);
	}
}

/**
 * rc_census_tell - tell the controllers all that was noted
 *
 * Context: tasklist_lock held for writing.
 */
void rc_census_tell(void)
{
	struct hlist_node *next;
	struct rc_home *home;

	lockdep_assert_held_write(&tasklist_lock);
	write_seqcount_begin(&rc_census_told);
	hlist_for_each_entry_safe(home, next, &rc_census_homes, noted) {
		if (home->untold)
			rc_census_tally(home);
		else
			rc_census_unlist(home);
	}
	hlist_for_each_entry_safe(home, next, &rc_census_homes, noted) {
		rc_census_tallied(home);
		home->untold = 0;
		rc_census_unlist(home);
	}
	write_seqcount_end(&rc_census_told);
	rc_census_nr = 0;
	rc_census_risen = false;
	rc_census_tick = jiffies;
}

/**
 * __rc_census_leave - the slow half of rc_census_leave()
 *
 * Context: as there.
 */
void __rc_census_leave(void)
{
	write_lock_irq(&tasklist_lock);
	rc_census_tell();
	write_unlock_irq(&tasklist_lock);
}

/**
 * rc_census_changed - a controller is about to say otherwise in &rc_subsys.census
 *
 * All is told, and all are asked again.
 *
 * Context: tasklist_lock held for writing.
 */
void rc_census_changed(void)
{
	rc_census_tell();
	rc_census_epoch++;
}

/**
 * rc_census_untold - what a controller was not told yet
 * @ss: the controller
 * @in: one of its states
 * @counts: do births and ends that &rc_subsys.tally tells of @of concern @in?
 *
 * Context: tasklist_lock held.
 * Return: births less ends.
 */
long rc_census_untold(const struct rc_subsys *ss, const struct rc_state *in,
		      bool (*counts)(const struct rc_state *of,
				     const struct rc_state *in))
{
	const struct rc_home *home;
	long sum = 0;

	lockdep_assert_held(&tasklist_lock);
	hlist_for_each_entry(home, &rc_census_homes, noted)
		if (home->untold && (home->lump & BIT(ss->id)) &&
		    counts(home->ns.rc.state[ss->id], in))
			sum += home->untold;
	return sum;
}

/* False if some of it was told meanwhile: then @sum is nothing. */
static bool rc_census_look_once(const struct rc_subsys *ss, const struct rc_state *in,
				bool (*counts)(const struct rc_state *of,
					       const struct rc_state *in),
				const long *told, long *sum)
{
	unsigned int seq = raw_seqcount_begin(&rc_census_told);
	unsigned int left = RC_CENSUS_MAX;
	const struct rc_home *home;

	/* Each number is of some moment since @seq, if it is of any use. */
	*sum = data_race(READ_ONCE(*told));
	hlist_for_each_entry_rcu(home, &rc_census_homes, noted) {
		/* As above. */
		long untold = data_race(READ_ONCE(home->untold));
		const struct rc_state *of;

		/* One that was taken out can have come in again, at the beginning. */
		if (!left--)
			return false;
		/* Does not change while it is in the list. */
		if (!untold || !(data_race(home->lump) & BIT(ss->id)))
			continue;
		of = READ_ONCE(home->ns.rc.state[ss->id]);
		/* As long as it is in the list it holds its groups, so that RCU does now. */
		if (read_seqcount_retry(&rc_census_told, seq))
			return false;
		if (counts(of, in))
			*sum += untold;
	}
	return !read_seqcount_retry(&rc_census_told, seq);
}

/**
 * rc_census_peek - what a controller was told, and what it was not told yet
 * @ss: the controller
 * @in: one of its states
 * @counts: do births and ends that &rc_subsys.tally tells of @of concern @in? Called
 *	under RCU alone; what it looks at is set before the first is noted
 * @told: the number that &rc_subsys.tally changes
 *
 * What comes and goes meanwhile is in it or not, and each is in it at most once. Who finds
 * others telling, time and again, gets what was told alone.
 *
 * Context: any. Takes no lock, and waits for nobody.
 * Return: the sum; exact if nothing happens.
 */
long rc_census_peek(const struct rc_subsys *ss, const struct rc_state *in,
		    bool (*counts)(const struct rc_state *of,
				   const struct rc_state *in),
		    const long *told)
{
	unsigned int looks = RC_CENSUS_LOOKS;
	long sum;

	guard(rcu)();
	while (looks--)
		if (rc_census_look_once(ss, in, counts, told, &sum))
			return sum;
	/* Of the last moments, any. */
	return data_race(READ_ONCE(*told));
}
