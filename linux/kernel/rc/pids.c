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
 * In a group without a limit, each CPU has a count of its own, so that nobody else's
 * cache line is written to; their sum is the number. Where there is a limit it has to
 * be known at each birth, so there is one count. Who sets a limit, or takes
 * it away, exchanges the one for the other.
 *
 * Where there is no limit up to the root, a CPU need not go all the way for each birth
 * and death either: it notes the difference for the group that it was about last, and
 * passes that on when it comes to another one, or when it would be missed. Mostly there
 * is none left by then.
 *
 * The peak of what is one number is exact. Of what is a sum it would take the sum at each
 * birth; it is taken at the first birth or death after each tick, before a death, so
 * that no number is missed that there was for a tick, and at each move.
 */

#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
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

static struct pids *pids_parent(struct pids *pids)
{
	return to_pids(pids->st.parent);
}

static bool pids_limited(const struct pids *pids)
{
	return pids->limit != PIDS_NO_LIMIT;
}

/**
 * struct pids_note - what a CPU has not passed on yet
 * @pids: the group that it was about last, or NULL; no limit is in the way
 * @nr: how many are to be added to it and to all above it
 *
 * Protected by tasklist_lock.
 */
struct pids_note {
	struct pids *pids;
	long nr;
};

static DEFINE_PER_CPU(struct pids_note, pids_notes);

/* From a group up to where @end is, which is left out. */
#define for_each_pids(pos, pids, end)					\
	for ((pos) = (pids); (pos) != (end); (pos) = pids_parent(pos))

static bool pids_within(const struct pids *pids, const struct pids *top)
{
	while (pids->depth > top->depth)
		pids = container_of(pids->st.parent, struct pids, st);
	return pids == top;
}

VISIBLE_IF_KUNIT long pids_sum(const struct pids *pids)
{
	long sum = pids->count;
	int cpu;

	lockdep_assert_held(&tasklist_lock);
	if (pids_limited(pids))
		return sum;
	for_each_possible_cpu(cpu) {
		const struct pids_note *note = per_cpu_ptr(&pids_notes, cpu);

		sum += per_cpu(*pids->cpu, cpu);
		if (note->nr && pids_within(note->pids, pids))
			sum += note->nr;
	}
	return sum;
}

VISIBLE_IF_KUNIT long pids_peak(const struct pids *pids)
{
	return max(pids->peak, pids_sum(pids));
}

/* Notes the numbers of these groups if they are peaks; of each once a tick. */
static noinline void pids_see(struct pids *pids)
{
	unsigned long now = jiffies;
	struct pids *pos;

	for_each_pids(pos, pids, &pids_top) {
		if (!pids_limited(pos) && pos->seen == now)
			continue;
		pos->seen = now;
		pos->peak = pids_peak(pos);
	}
}

static void pids_add(struct pids *pids, long nr)
{
	if (unlikely(pids_limited(pids)))
		pids->count += nr;
	else
		__this_cpu_add(*pids->cpu, nr);
}

/* It does not matter which CPU's, as it is only their sum that does. */
static void pids_pass_on(struct pids_note *note)
{
	struct pids *pos;

	if (note->nr)
		for_each_pids(pos, note->pids, &pids_top)
			pids_add(pos, note->nr);
	note->nr = 0;
	note->pids = NULL;
}

/* Of all CPUs what is about @top or a group below it. */
static void pids_pass_all_on(struct pids *top)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct pids_note *note = per_cpu_ptr(&pids_notes, cpu);

		if (note->pids && pids_within(note->pids, top))
			pids_pass_on(note);
	}
}

/* From now on, that is what this CPU is about. */
static void pids_begin_note(struct pids *pids)
{
	struct pids_note *note = this_cpu_ptr(&pids_notes);

	pids_pass_on(note);
	note->pids = pids;
}

/* Is it enough to note it? */
static bool pids_noted(struct pids *pids, long nr)
{
	struct pids_note *note = this_cpu_ptr(&pids_notes);

	if (note->pids != pids)
		return false;
	note->nr += nr;
	return true;
}

static void pids_refuse(struct pids *pids, struct pids *full)
{
	struct pids *pos;

	for_each_pids(pos, pids, full)
		pids_add(pos, -1);
	WRITE_ONCE(pids->refused, pids->refused + 1);
	rc_state_changed(&pids->st);
}

static noinline int pids_try_charge_path(struct pids *pids)
{
	bool limited = false, see = false;
	struct pids *pos;

	for_each_pids(pos, pids, &pids_top) {
		if (!pids_limited(pos)) {
			__this_cpu_inc(*pos->cpu);
			continue;
		}
		if (pos->count >= pos->limit) {
			pids_refuse(pids, pos);
			return -EAGAIN;
		}
		see |= pos->count++ == pos->peak;
		limited = true;
	}
	if (unlikely(see))
		pids_see(pids);
	if (!limited)
		pids_begin_note(pids);
	return 0;
}

static noinline void pids_uncharge_path(struct pids *pids)
{
	bool limited = false;
	struct pids *pos;

	for_each_pids(pos, pids, &pids_top) {
		limited |= pids_limited(pos);
		pids_add(pos, -1);
	}
	if (!limited)
		pids_begin_note(pids);
}

/* One more in a group and all above it, or none: then it is -EAGAIN. */
VISIBLE_IF_KUNIT int pids_try_charge(struct pids *pids)
{
	unsigned long now = jiffies;
	int err = 0;

	if (!pids_noted(pids, 1))
		err = pids_try_charge_path(pids);
	if (unlikely(pids->seen != now) && !err)
		pids_see(pids);
	return err;
}

/* One less. */
VISIBLE_IF_KUNIT void pids_uncharge(struct pids *pids)
{
	unsigned long now = jiffies;

	if (unlikely(pids->seen != now))
		pids_see(pids);
	if (!pids_noted(pids, -1))
		pids_uncharge_path(pids);
}

VISIBLE_IF_KUNIT void pids_set_limit(struct pids *pids, int limit)
{
	int cpu;

	if (!pids_limited(pids)) {
		pids_pass_all_on(pids);
		pids->count = pids_sum(pids);
		pids->peak = max(pids->peak, pids->count);
		for_each_possible_cpu(cpu)
			per_cpu(*pids->cpu, cpu) = 0;
	}
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
		pids_add(pos, nr);
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
	for_each_pids(pos, a, end)
		pos->peak = pids_peak(pos);
	for_each_pids(pos, b, end) {
		pos->peak = pids_peak(pos);
		pids_add(pos, -1);
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
	pids->cpu = alloc_percpu_gfp(long, GFP_KERNEL_ACCOUNT);
	if (!pids->cpu) {
		kfree(pids);
		return ERR_PTR(-ENOMEM);
	}
	pids->depth = to_pids(parent)->depth + 1;
	pids->limit = PIDS_NO_LIMIT;
	return &pids->st;
}

static void pids_destroy(struct rc_state *st)
{
	struct pids *pids = to_pids(st);

	write_lock_irq(&tasklist_lock);
	pids_pass_all_on(pids);
	WARN_ON_ONCE(pids_sum(pids));
	write_unlock_irq(&tasklist_lock);
	free_percpu(pids->cpu);
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

static s64 pids_current_read(struct rc_state *st, const struct rc_file *file)
{
	guard(read_lock)(&tasklist_lock);
	return pids_sum(to_pids(st));
}

static s64 pids_peak_read(struct rc_state *st, const struct rc_file *file)
{
	guard(read_lock)(&tasklist_lock);
	return pids_peak(to_pids(st));
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
