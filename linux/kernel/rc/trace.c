// SPDX-License-Identifier: GPL-2.0
/*
 * What tracepoints tell of groups: include/trace/events/rc.h. A path is put together in one buffer
 * for all, as it is too long for a stack; that costs those who trace alone.
 */

#include <linux/rc_errors.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Inside all other locks of ours; protects the buffer. */
static DEFINE_RAW_SPINLOCK(rc_trace_lock);
static char rc_trace_buf[RC_MAX_DEPTH * (NAME_MAX + 1) + 2];

/* With the buffer for the event's path. */
#define rc_trace_event(event) do {				\
	unsigned long flags;					\
								\
	rcu_read_lock();					\
	raw_spin_lock_irqsave(&rc_trace_lock, flags);		\
	event;							\
	raw_spin_unlock_irqrestore(&rc_trace_lock, flags);	\
	rcu_read_unlock();					\
} while (0)

static const char *rc_trace_path(struct rc_group *grp)
{
	const char *name[RC_MAX_DEPTH];
	char *p = rc_trace_buf, *end = p + sizeof(rc_trace_buf);
	unsigned int n;

	if (grp == &rc_top)
		return "";
	n = rc_group_path(grp, name);
	if (!n)
		return "/";
	while (n--)
		p += scnprintf(p, end - p, "/%s", name[n]);
	return rc_trace_buf;
}

static const char *rc_trace_hier(const struct rc_group *grp)
{
	return grp == &rc_top ? "" : rcu_dereference(grp->hier->root.name);
}

void __rc_trace_made(struct rc_group *grp)
{
	rc_trace_event(trace_rc_group_made(rc_trace_hier(grp), grp->serial,
					   rc_trace_path(grp)));
}

void __rc_trace_removed(struct rc_group *grp)
{
	rc_trace_event(trace_rc_group_removed(rc_trace_hier(grp), grp->serial,
					      rc_trace_path(grp)));
}

void __rc_trace_renamed(struct rc_group *grp)
{
	rc_trace_event(trace_rc_group_renamed(rc_trace_hier(grp), grp->serial,
					      rc_trace_path(grp)));
}

void __rc_trace_released(struct rc_group *grp)
{
	rc_trace_event(trace_rc_group_released(rc_trace_hier(grp), grp->serial,
					       rc_trace_path(grp)));
}

void __rc_trace_populated(struct rc_group *grp, bool yes)
{
	rc_trace_event(trace_rc_group_populated(rc_trace_hier(grp), grp->serial,
						rc_trace_path(grp), yes));
}

static struct rc_group *rc_trace_group(const struct nsproxy *home, unsigned int slot)
{
	return home ? home->rc.group[slot] : NULL;
}

void __rc_trace_moved(struct task_struct *tsk, struct nsproxy *leave,
		      struct nsproxy *join)
{
	unsigned int slot;

	for (slot = 0; slot < CONFIG_RC_MAX_HIERARCHIES; slot++) {
		struct rc_group *from = rc_trace_group(leave, slot);
		struct rc_group *to = rc_trace_group(join, slot);

		if (from == to)
			continue;
		/* A root is not named in a home. */
		if (!from)
			from = &to->hier->root;
		if (!to)
			to = &from->hier->root;
		rc_trace_event(trace_rc_task_moved(tsk, rc_trace_hier(to), from->serial,
						   to->serial, rc_trace_path(to)));
	}
}

void __rc_trace_refused(const struct rc_group *grp, int err, const char *what,
			const char *rule)
{
	struct rc_group *of = (struct rc_group *)grp;

	rc_trace_event(trace_rc_refused(rc_trace_hier(of), of->serial,
					rc_trace_path(of), err, what, rule));
}

/**
 * rc_limit_hit - what somebody asked for would be more than a group may have
 * @st: the state of the group, which the caller holds
 * @file: the file that has the limit
 * @limit: the limit
 *
 * For tracepoints.
 *
 * Context: any.
 */
void rc_limit_hit(const struct rc_state *st, const char *file, s64 limit)
{
	struct rc_group *grp = READ_ONCE(st->group);

	if (!grp || !trace_rc_limit_hit_enabled())
		return;
	rc_trace_event(trace_rc_limit_hit(rc_trace_hier(grp), grp->serial,
					  rc_trace_path(grp), file, limit));
}
