// SPDX-License-Identifier: GPL-2.0
/*
 * Walking over groups without rc_mutex. rc_tree_lock is held for one step; where the
 * walk is it holds a group, which keeps its place among its siblings, and those above
 * it, for as long as that.
 */

#include <linux/rbtree.h>
#include <linux/rc.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "internal.h"

/* The oldest child whose serial is @serial or more. Holds rc_tree_lock. */
static struct rc_group *rc_group_find(struct rc_group *parent, u64 serial)
{
	struct rb_node *node = parent->children.rb_node;
	struct rc_group *best = NULL;

	while (node) {
		struct rc_group *grp = rb_entry(node, struct rc_group, node);

		if (grp->serial >= serial) {
			best = grp;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/**
 * rc_group_next - step through the children of a group
 * @parent: the group
 * @serial: where to start
 *
 * Context: any that may spin.
 * Return: the oldest child whose serial is @serial or more, for rc_group_put(), or
 * NULL.
 */
struct rc_group *rc_group_next(struct rc_group *parent, u64 serial)
{
	struct rc_group *grp;

	spin_lock(&rc_tree_lock);
	grp = rc_group_find(parent, serial);
	if (grp)
		rc_group_get(grp);
	spin_unlock(&rc_tree_lock);
	return grp;
}

/* The one after @grp among its siblings, if it is not younger than @newest. */
static struct rc_group *rc_group_sibling(struct rc_group *grp, u64 newest)
{
	struct rc_group *next = NULL;
	struct rb_node *node;

	spin_lock(&rc_tree_lock);
	/* One that was removed meanwhile still has its place, but is not in the tree. */
	if (likely(!READ_ONCE(grp->dead))) {
		node = rb_next(&grp->node);
		next = node ? rb_entry(node, struct rc_group, node) : NULL;
	} else {
		next = rc_group_find(grp->parent, grp->serial + 1);
	}
	if (next && next->serial > newest)
		next = NULL;
	if (next)
		rc_group_get(next);
	spin_unlock(&rc_tree_lock);
	return next;
}

/* The oldest child, if it is not younger than @newest. */
static struct rc_group *rc_group_child(struct rc_group *grp, u64 newest)
{
	struct rc_group *next;

	/* Most have none; one that is made meanwhile is too young. */
	if (RB_EMPTY_ROOT(&grp->children))
		return NULL;
	next = rc_group_next(grp, 0);
	if (next && next->serial > newest) {
		rc_group_put(next);
		next = NULL;
	}
	return next;
}

/**
 * rc_group_walk - step through a group and all below it, parents first
 * @pos: where the walk is; takes over the reference
 * @top: where it began
 * @newest: from rc_newest_serial() at that time. Who makes groups faster than they
 *	are walked over does not keep the walk going.
 * @below: go on with what is below @pos; else leave that out
 *
 * Siblings come in order of their birth. Each group that is there from beginning to end
 * is met once. @pos may have been removed meanwhile.
 *
 * Context: any that may spin.
 * Return: the group after @pos, for rc_group_put() or the next step; NULL at the end.
 */
struct rc_group *rc_group_walk(struct rc_group *pos, struct rc_group *top,
			       u64 newest, bool below)
{
	struct rc_group *next = NULL, *up;

	if (below)
		next = rc_group_child(pos, newest);
	for (up = pos; !next && up != top; up = up->parent)
		next = rc_group_sibling(up, newest);
	rc_group_put(pos);
	return next;
}

/**
 * rc_for_each_state - visit the states of a group and of all below it
 * @ss: the controller
 * @top: the state of the group, which the caller holds
 * @fn: is called for each that is there from beginning to end, parents first,
 *	once, and perhaps for some that come or go meanwhile; may sleep
 * @arg: for @fn
 *
 * Ends early for one who is being killed.
 *
 * Context: process context, may sleep. Takes no lock that others wait for.
 */
void rc_for_each_state(const struct rc_subsys *ss, struct rc_state *top,
		       void (*fn)(struct rc_state *st, void *arg),
		       void *arg)
{
	struct rc_group *first = rc_state_group(top), *grp;
	u64 newest = rc_newest_serial();

	if (!first) {
		fn(top, arg);
		return;
	}
	grp = rc_group_get(first);
	while (grp && !fatal_signal_pending(current)) {
		struct rc_state *st = rc_group_state(grp, ss);

		/* The hierarchy can have got other controllers by now. */
		if (st)
			fn(st, arg);
		cond_resched();
		grp = rc_group_walk(grp, first, newest, true);
	}
	if (grp)
		rc_group_put(grp);
	rc_group_put(first);
}
