/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: nothing but a jump that is not taken where nobody listens, and nothing at
 * all without CONFIG_TRACEPOINTS, as trace_*_enabled() is false then.
 */
#ifndef _RC_TRACE_H
#define _RC_TRACE_H

#include <trace/events/rc.h>

#include "internal.h"

void __rc_trace_made(struct rc_group *grp);
void __rc_trace_removed(struct rc_group *grp);
void __rc_trace_renamed(struct rc_group *grp);
void __rc_trace_released(struct rc_group *grp);
void __rc_trace_populated(struct rc_group *grp, bool yes);
void __rc_trace_moved(struct task_struct *tsk, struct nsproxy *leave,
		      struct nsproxy *join);
void __rc_trace_refused(const struct rc_group *grp, int err, const char *what,
			const char *rule);

static inline void rc_trace_made(struct rc_group *grp)
{
	if (trace_rc_group_made_enabled())
		__rc_trace_made(grp);
}

static inline void rc_trace_removed(struct rc_group *grp)
{
	if (trace_rc_group_removed_enabled())
		__rc_trace_removed(grp);
}

static inline void rc_trace_renamed(struct rc_group *grp)
{
	if (trace_rc_group_renamed_enabled())
		__rc_trace_renamed(grp);
}

static inline void rc_trace_released(struct rc_group *grp)
{
	if (trace_rc_group_released_enabled())
		__rc_trace_released(grp);
}

static inline void rc_trace_populated(struct rc_group *grp, bool yes)
{
	if (trace_rc_group_populated_enabled())
		__rc_trace_populated(grp, yes);
}

/* A task goes from one home to another; NULL: that of who is in roots alone. */
static __always_inline void
rc_trace_moved(struct task_struct *tsk, struct nsproxy *leave,
	       struct nsproxy *join)
{
	if (trace_rc_task_moved_enabled())
		__rc_trace_moved(tsk, leave, join);
}

static inline void rc_trace_refused(const struct rc_group *grp, int err,
				    const char *what, const char *rule)
{
	if (trace_rc_refused_enabled())
		__rc_trace_refused(grp, err, what, rule);
}

#endif /* _RC_TRACE_H */
