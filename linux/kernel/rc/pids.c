// SPDX-License-Identifier: GPL-2.0
/*
 * The pids controller: how many tasks a group and the groups below it have, and how
 * many they may have.
 *
 *   pids.max      fork(2) and clone(2) fail with EAGAIN beyond it: a number, or
 *                 "max". It may be less than there are; moves are never refused.
 *   pids.current  tasks, threads counted, from their birth until they are reaped
 *   pids.peak     the most that there have been
 *   pids.events   "max N": how often a fork by one of the group's own tasks has
 *                 failed, at this or a higher limit
 *
 * No root has them: its tasks cost nothing. A task counts in its group and in all
 * above it but the root. What a removed group has left, which is zombies, counts in
 * those above it until it is reaped.
 *
 * Counts change under tasklist_lock, held for writing: where tasks are born and
 * reaped it is held anyway, and a move takes it. So a count is exact at any moment,
 * and never less than there are: a task that moves counts where it goes to before it
 * ceases to where it comes from, and not twice in the groups above both.
 *
 * Where there is a limit, in the group or above it, the count has to be known at each
 * birth, and is changed by each, up to the last limit. Above it, and where there is none up
 * to the root, the core notes what comes and goes, and tells of it once a tick, when it
 * gets much, and when a count is to be exact: see census.c.
 *
 * Where each birth is counted the peak is exact. Elsewhere it is that of the counts when
 * pids is told, which is before the first end after each tick: no number is
 * missed that there was from one tick to the next, or that somebody has read in
 * pids.current. What a table of groups shows is put together without a lock, and may be
 * more than there was at any one moment.
 */

#include <linux/atomic.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/rc_errors.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "pids.h"

static struct pids pids_top;
VISIBLE_IF_KUNIT struct rc_subsys pids_subsys;

static struct pids *to_pids(struct rc_state *st)
{
	return container_of(st, struct pids, st);
}

static struct pids *pids_parent(const struct pids *pids)
{
	return to_pids(pids->st.parent);
}

static bool pids_limited(const struct pids *pids)
{
	return pids->limit != PIDS_NO_LIMIT;
}

/* From a group up to where @end is, which is left out. */
#define for_each_pids(pos, pids, end)					\
	for ((pos) = (pids); (pos) != (end); (pos) = pids_parent(pos))

/*
 * Counts. All are protected by tasklist_lock.
 */

static bool pids_within(const struct pids *pids, const struct pids *top)
{
	while (pids->depth > top->depth)
		pids = pids_parent(pids);
	return pids == top;
}

static bool pids_concerns(const struct rc_state *of, const struct rc_state *in)
{
	const struct pids *pids = container_of(of, struct pids, st);

	return pids_within(READ_ONCE(pids->end), container_of(in, struct pids, st));
}

VISIBLE_IF_KUNIT long pids_sum(const struct pids *pids)
{
	return pids->count + rc_census_untold(&pids_subsys, &pids->st,
					      pids_concerns);
}

VISIBLE_IF_KUNIT long pids_peak(const struct pids *pids)
{
	return max(READ_ONCE(pids->peak), pids_sum(pids));
}

/* Where pids was told all. */
static void pids_see(struct pids *pids)
{
	if (unlikely(pids->count > pids->peak))
		pids->peak = pids->count;
}

/* Each is told of up to the last limit on the way up, and together from there on. */
static unsigned int pids_census(struct rc_state *st)
{
	struct pids *pids = to_pids(st), *end = pids, *pos;
	unsigned int how = 0;

	for_each_pids(pos, pids, &pids_top) {
		if (pids_limited(pos))
			end = pids_parent(pos);
		/* It can have been counted up to now, and together from here on. */
		pids_see(pos);
	}
	if (end != pids)
		how |= RC_CENSUS_EACH;
	if (end != &pids_top)
		how |= RC_CENSUS_LUMP;
	/* Another home of the group can have notes: then it is what it was. */
	WRITE_ONCE(pids->end, end);
	return how;
}

VISIBLE_IF_KUNIT void pids_set_limit(struct pids *pids, int limit)
{
	bool limited = limit != PIDS_NO_LIMIT;

	if (limited != pids_limited(pids))
		rc_census_changed();
	WRITE_ONCE(pids->limit, limit);
}

/*
 * Births and ends
 */

/* A birth that was counted up to @end does not happen, and makes no peak. */
static void pids_uncount(struct pids *pids, struct pids *end)
{
	struct pids *pos;

	for_each_pids(pos, pids, end)
		pos->count--;
}

static noinline int pids_refuse(struct pids *pids, struct pids *full)
{
	pids_uncount(pids, full);
	WRITE_ONCE(pids->refused, pids->refused + 1);
	rc_state_changed(&pids->st);
	rc_limit_hit(&full->st, "pids.max", full->limit);
	return rc_refuse(-EAGAIN, &full->st, "pids.max %ld of", full->limit);
}

/*
 * One more in a group and those above it, or none. It makes a peak when the count falls
 * again, or is looked at. Who is told of each has one to count in, see pids_census().
 */
static int pids_can_fork(struct rc_state *st, struct task_struct *child)
{
	struct pids *pids = to_pids(st), *end = pids->end, *pos = pids;

	do {
		if (unlikely(pos->count >= pos->limit))
			return pids_refuse(pids, pos);
		pos->count++;
		pos = pids_parent(pos);
	} while (pos != end);
	return 0;
}

static void pids_cancel_fork(struct rc_state *st, struct task_struct *child)
{
	pids_uncount(to_pids(st), to_pids(st)->end);
}

static void pids_release(struct rc_state *st, struct task_struct *tsk)
{
	struct pids *end = to_pids(st)->end, *pos = to_pids(st);

	do {
		pids_see(pos);
		pos->count--;
		pos = pids_parent(pos);
	} while (pos != end);
}

static void pids_tally(struct rc_state *st, long nr)
{
	struct pids *pos;

	for_each_pids(pos, to_pids(st)->end, &pids_top)
		pos->count += nr;
}

static void pids_tallied(struct rc_state *st)
{
	struct pids *pos;

	for_each_pids(pos, to_pids(st)->end, &pids_top)
		pids_see(pos);
}

/*
 * Moves
 */

/* The group above both, or one of them, or the top. */
static struct pids *pids_common(struct pids *a, struct pids *b)
{
	while (a != b) {
		if (a->depth >= b->depth)
			a = pids_parent(a);
		else
			b = pids_parent(b);
	}
	return a;
}

/* Some more in @in and above it, up to what is above @out as well. */
static void pids_shift(struct rc_state *in, struct rc_state *out, long nr)
{
	struct pids *pids = to_pids(in), *pos;
	struct pids *end = pids_common(pids, to_pids(out));

	write_lock_irq(&tasklist_lock);
	/* Else what has come would be seen without what has gone. */
	rc_census_tell();
	for_each_pids(pos, pids, end)
		pos->count += nr;
	write_unlock_irq(&tasklist_lock);
}

static int pids_can_attach(struct rc_state *to, struct rc_state *from,
			   struct task_struct *tsk)
{
	pids_shift(to, from, 1);
	return 0;
}

static void pids_cancel_attach(struct rc_state *to, struct rc_state *from,
			       struct task_struct *tsk)
{
	pids_shift(to, from, -1);
}

/* What was shifted in advance can make a peak from now on. */
static void pids_attach(struct rc_state *to, struct rc_state *from,
			struct task_struct *tsk)
{
	struct pids *a = to_pids(to), *b = to_pids(from), *pos;
	struct pids *end = pids_common(a, b);

	write_lock_irq(&tasklist_lock);
	rc_census_tell();
	for_each_pids(pos, a, end)
		pids_see(pos);
	for_each_pids(pos, b, end) {
		pids_see(pos);
		pos->count--;
	}
	write_unlock_irq(&tasklist_lock);
}

/*
 * States
 */

static struct rc_state *pids_create(struct rc_state *parent)
{
	struct pids *pids;

	pids = kzalloc(sizeof(*pids), GFP_KERNEL_ACCOUNT);
	if (!pids)
		return ERR_PTR(-ENOMEM);
	pids->depth = to_pids(parent)->depth + 1;
	pids->limit = PIDS_NO_LIMIT;
	return &pids->st;
}

static void pids_destroy(struct rc_state *st)
{
	struct pids *pids = to_pids(st);

	WARN_ON_ONCE(pids->count);
	kfree(pids);
}

/*
 * Files
 */

static void pids_max_column(struct seq_file *m, struct rc_state *st)
{
	long limit = READ_ONCE(to_pids(st)->limit);

	if (limit == PIDS_NO_LIMIT)
		seq_puts(m, "max");
	else
		seq_put_decimal_ull(m, "", limit);
}

static int pids_max_show(struct seq_file *m, struct rc_state *st,
			 const struct rc_file *file)
{
	pids_max_column(m, st);
	seq_putc(m, '\n');
	return 0;
}

/* Without the lock that is held where tasks are born. It makes no peak. */
static void pids_current_column(struct seq_file *m, struct rc_state *st)
{
	seq_put_decimal_ull(m, "", rc_census_peek(&pids_subsys, st, pids_concerns,
						  &to_pids(st)->count));
}

static int pids_max_write(struct rc_state *st, const struct rc_file *file,
			  char *buf)
{
	unsigned int limit = PIDS_NO_LIMIT;

	if (strcmp(buf, "max") &&
	    (!isdigit(*buf) || kstrtouint(buf, 10, &limit) ||
	     limit > PID_MAX_LIMIT))
		return rc_refuse(-EINVAL, NULL, "no number up to %lu, nor \"max\"",
				 (unsigned long)PID_MAX_LIMIT);
	write_lock_irq(&tasklist_lock);
	pids_set_limit(to_pids(st), limit);
	write_unlock_irq(&tasklist_lock);
	return 0;
}

/* What somebody has seen is in the peak, whatever happens until the next tick. */
static s64 pids_current_read(struct rc_state *st, const struct rc_file *file)
{
	struct pids *pids = to_pids(st);
	long sum, peak;

	read_lock(&tasklist_lock);
	sum = pids_sum(pids);
	/* Others can be reading as well. */
	peak = READ_ONCE(pids->peak);
	while (sum > peak && !try_cmpxchg(&pids->peak, &peak, sum))
		;
	read_unlock(&tasklist_lock);
	return sum;
}

static s64 pids_peak_read(struct rc_state *st, const struct rc_file *file)
{
	long peak;

	read_lock(&tasklist_lock);
	peak = pids_peak(to_pids(st));
	read_unlock(&tasklist_lock);
	return peak;
}

static unsigned int pids_events_changes(struct rc_state *st)
{
	return READ_ONCE(to_pids(st)->refused);
}

static int pids_events_show(struct seq_file *m, struct rc_state *st,
			    const struct rc_file *file)
{
	seq_printf(m, "max %lu\n", READ_ONCE(to_pids(st)->refused));
	return 0;
}

static struct rc_file pids_files[] = {
	{
		.name		= "pids.max",
		.mode		= 0644,
		.flags		= RC_FILE_NOT_ROOT,
		.column		= pids_max_column,
		.show		= pids_max_show,
		.write		= pids_max_write,
	},
	{
		.name		= "pids.current",
		.mode		= 0444,
		.flags		= RC_FILE_NOT_ROOT,
		.column		= pids_current_column,
		.read_s64	= pids_current_read,
	},
	{
		.name		= "pids.peak",
		.mode		= 0444,
		.flags		= RC_FILE_NOT_ROOT,
		.read_s64	= pids_peak_read,
	},
	{
		.name		= "pids.events",
		.mode		= 0444,
		.flags		= RC_FILE_NOT_ROOT,
		.changes	= pids_events_changes,
		.show		= pids_events_show,
	},
	{ }
};

VISIBLE_IF_KUNIT struct rc_subsys pids_subsys = {
	.name		= "pids",
	.top		= &pids_top.st,
	.files		= pids_files,
	.create		= pids_create,
	.destroy	= pids_destroy,
	.can_attach	= pids_can_attach,
	.cancel_attach	= pids_cancel_attach,
	.attach		= pids_attach,
	.can_fork	= pids_can_fork,
	.cancel_fork	= pids_cancel_fork,
	.release	= pids_release,
	.census		= pids_census,
	.tally		= pids_tally,
	.tallied	= pids_tallied,
};

RC_SUBSYS(pids_subsys);
