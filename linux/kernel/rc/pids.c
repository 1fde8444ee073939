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
 * birth, and is changed by each. Where there is none up to the root, nobody else's cache
 * line is written to: a CPU notes what comes and goes in the groups that it was about
 * last. What all have noted is added to the counts, and to those above, once a tick, when it
 * gets much, when there is no more room for notes, and when a count is to be exact.
 * Mostly there is nothing left to add by then.
 *
 * Where each birth is counted the peak is exact. Elsewhere it is that of the counts when
 * notes are added to them, which is before the first birth or death after each tick: no
 * number is missed that there was from one tick to the next, or that somebody has read.
 */

#include <linux/atomic.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "pids.h"

static struct pids pids_top;

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
 * Counts and notes
 */

/**
 * struct pids_note - what has come and gone in a group, and is not counted yet
 * @pids: the group; there is no limit on its way up. It is there as long as @nr is not 0
 * @epoch: pids_epoch when that was found out; by another one it may not hold any more
 * @nr: how many are to be added to it and to all above it
 * @node: in pids_noted, if @nr was not 0 at any time since that was empty
 */
struct pids_note {
	struct pids *pids;
	unsigned long epoch;
	long nr;
	struct hlist_node node;
};

/* Each CPU has so many notes. All together have so few in use that adding takes no long. */
#define PIDS_NOTE_BITS	2
#define PIDS_MAX_NOTED	64

/* All that follows is protected by tasklist_lock. */
static DEFINE_PER_CPU(struct pids_note[1 << PIDS_NOTE_BITS], pids_notes);
static HLIST_HEAD(pids_noted);
static unsigned int pids_nr_noted;
static unsigned long pids_epoch;
/* In jiffies. */
static unsigned long pids_last_added;

static bool pids_within(const struct pids *pids, const struct pids *top)
{
	while (pids->depth > top->depth)
		pids = pids_parent(pids);
	return pids == top;
}

VISIBLE_IF_KUNIT long pids_sum(const struct pids *pids)
{
	const struct pids_note *note;
	long sum = pids->count;

	lockdep_assert_held(&tasklist_lock);
	hlist_for_each_entry(note, &pids_noted, node)
		if (note->nr && pids_within(note->pids, pids))
			sum += note->nr;
	return sum;
}

VISIBLE_IF_KUNIT long pids_peak(const struct pids *pids)
{
	return max(READ_ONCE(pids->peak), pids_sum(pids));
}

/* Where nothing is noted. */
static void pids_see(struct pids *pids)
{
	pids->peak = max(pids->peak, pids->count);
}

/*
 * Adds what was noted to the counts, all of it before one of them is looked at: a part
 * could be more than there has been.
 */
static noinline void pids_add_noted(void)
{
	struct pids_note *note;
	struct hlist_node *next;
	struct pids *pos;

	hlist_for_each_entry(note, &pids_noted, node)
		if (note->nr)
			for_each_pids(pos, note->pids, &pids_top)
				pos->count += note->nr;
	hlist_for_each_entry_safe(note, next, &pids_noted, node) {
		if (note->nr)
			for_each_pids(pos, note->pids, &pids_top)
				pids_see(pos);
		note->nr = 0;
		hlist_del_init(&note->node);
	}
	pids_nr_noted = 0;
	pids_last_added = jiffies;
}

static struct pids_note *pids_note_of(const struct pids *pids)
{
	return this_cpu_ptr(&pids_notes[hash_ptr(pids, PIDS_NOTE_BITS)]);
}

static void pids_note(struct pids_note *note, long nr)
{
	if (unlikely(pids_last_added != jiffies))
		pids_add_noted();
	note->nr += nr;
	if (hlist_unhashed(&note->node)) {
		hlist_add_head(&note->node, &pids_noted);
		if (++pids_nr_noted == PIDS_MAX_NOTED)
			pids_add_noted();
	}
}

/* Is it enough to note it, as was found out before? */
static bool pids_noted_before(struct pids *pids, long nr)
{
	struct pids_note *note = pids_note_of(pids);

	if (note->pids != pids || note->epoch != pids_epoch)
		return false;
	pids_note(note, nr);
	return true;
}

/* There is no limit from here on. */
static void pids_note_above(struct pids *pids, long nr)
{
	struct pids_note *note = pids_note_of(pids);

	if (pids == &pids_top)
		return;
	if (note->nr && note->pids != pids)
		pids_add_noted();
	note->pids = pids;
	note->epoch = pids_epoch;
	pids_note(note, nr);
}

static noinline int pids_try_charge_path(struct pids *pids)
{
	struct pids *end = pids, *pos;

	for_each_pids(pos, pids, &pids_top) {
		if (!pids_limited(pos))
			continue;
		if (pos->count >= pos->limit) {
			WRITE_ONCE(pids->refused, pids->refused + 1);
			rc_state_changed(&pids->st);
			return -EAGAIN;
		}
		end = pids_parent(pos);
	}
	for_each_pids(pos, pids, end) {
		pos->count++;
		pids_see(pos);
	}
	pids_note_above(end, 1);
	return 0;
}

static noinline void pids_uncharge_path(struct pids *pids)
{
	struct pids *end = pids, *pos;

	for_each_pids(pos, pids, &pids_top)
		if (pids_limited(pos))
			end = pids_parent(pos);
	for_each_pids(pos, pids, end)
		pos->count--;
	pids_note_above(end, -1);
}

/* One more in a group and all above it, or none: then it is -EAGAIN. */
VISIBLE_IF_KUNIT int pids_try_charge(struct pids *pids)
{
	return pids_noted_before(pids, 1) ? 0 : pids_try_charge_path(pids);
}

/* One less. */
VISIBLE_IF_KUNIT void pids_uncharge(struct pids *pids)
{
	if (!pids_noted_before(pids, -1))
		pids_uncharge_path(pids);
}

/* Nothing is noted in a group with a limit, or below it. */
VISIBLE_IF_KUNIT void pids_set_limit(struct pids *pids, int limit)
{
	pids_add_noted();
	pids_epoch++;
	WRITE_ONCE(pids->limit, limit);
}

/*
 * Births and deaths
 */

static int pids_can_fork(struct rc_state *st, struct task_struct *child)
{
	return pids_try_charge(to_pids(st));
}

static void pids_cancel_fork(struct rc_state *st, struct task_struct *child)
{
	pids_uncharge(to_pids(st));
}

static void pids_release(struct rc_state *st, struct task_struct *tsk)
{
	pids_uncharge(to_pids(st));
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
	pids_add_noted();
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

	write_lock_irq(&tasklist_lock);
	pids_add_noted();
	/* Another one may come to be in its place. */
	pids_epoch++;
	WARN_ON_ONCE(pids->count);
	write_unlock_irq(&tasklist_lock);
	kfree(pids);
}

/*
 * Files
 */

static int pids_max_show(struct seq_file *m, struct rc_state *st,
			 const struct rc_file *file)
{
	int limit = READ_ONCE(to_pids(st)->limit);

	if (limit == PIDS_NO_LIMIT)
		seq_puts(m, "max\n");
	else
		seq_printf(m, "%d\n", limit);
	return 0;
}

static int pids_max_write(struct rc_state *st, const struct rc_file *file,
			  char *buf)
{
	unsigned int limit = PIDS_NO_LIMIT;

	if (strcmp(buf, "max") &&
	    (!isdigit(*buf) || kstrtouint(buf, 10, &limit) ||
	     limit > PID_MAX_LIMIT))
		return -EINVAL;
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
		.show		= pids_max_show,
		.write		= pids_max_write,
	},
	{
		.name		= "pids.current",
		.mode		= 0444,
		.flags		= RC_FILE_NOT_ROOT,
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
};

RC_SUBSYS(pids_subsys);
