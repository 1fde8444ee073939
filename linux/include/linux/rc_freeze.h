/* SPDX-License-Identifier: GPL-2.0 */
/* What kernel/signal.c tells groups that freeze tasks. */
#ifndef _LINUX_RC_FREEZE_H
#define _LINUX_RC_FREEZE_H

#include <linux/sched.h>
#include <linux/sched/jobctl.h>

#ifdef CONFIG_RC_GROUPS

void __rc_task_stops(void);

/**
 * rc_task_stops - a task that may be one to be frozen is about to stop
 *
 * Context: current, with no spinlock held but before it sleeps: its state says that
 * it does, and nothing here changes that.
 */
static inline void rc_task_stops(void)
{
	if (unlikely(READ_ONCE(current->jobctl) & JOBCTL_TRAP_FREEZE_RC))
		__rc_task_stops();
}

#else

static inline void rc_task_stops(void) { }

#endif /* CONFIG_RC_GROUPS */

#endif /* _LINUX_RC_FREEZE_H */
