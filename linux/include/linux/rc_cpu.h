/* SPDX-License-Identifier: GPL-2.0 */
/* What the scheduler asks of groups: where a task is scheduled. Comes with rc.h. */
#ifndef _LINUX_RC_CPU_H
#define _LINUX_RC_CPU_H

#include <linux/cleanup.h>
#include <linux/jump_label.h>

struct task_struct;
struct task_group;

#ifdef CONFIG_RC_CPU

DECLARE_STATIC_KEY_FALSE(rc_cpu_key);

struct task_group *__rc_task_group(struct task_struct *tsk,
				   struct task_group *tg);
struct task_group *__rc_left_task_group(struct task_group *tg);
void __rc_task_dead(struct task_struct *tsk);
int rc_sched_path(struct task_group *tg, char *buf, int len);

/**
 * rc_task_group - where a task is scheduled
 * @tsk: the task
 * @tg: its task group as far as others know
 *
 * Context: the task's pi_lock and its runqueue's lock held.
 * Return: the task group of its group, if that is below a root to which cpu is bound,
 * with a reference for rc_put_task_group(); else @tg.
 */
static inline struct task_group *rc_task_group(struct task_struct *tsk,
					       struct task_group *tg)
{
	if (static_branch_unlikely(&rc_cpu_key))
		return __rc_task_group(tsk, tg);
	return tg;
}

/**
 * rc_left_task_group - what to let go of, as a task leaves a task group
 * @tg: the task group
 *
 * Of others' task groups nothing keeps @tg when the lock has been released.
 *
 * Context: the task's pi_lock and its runqueue's lock held.
 * Return: @tg, if it is a group's, for rc_put_task_group(); else NULL.
 */
static inline struct task_group *rc_left_task_group(struct task_group *tg)
{
	if (static_branch_unlikely(&rc_cpu_key))
		return __rc_left_task_group(tg);
	return NULL;
}

void rc_put_task_group(struct task_group *tg);

/**
 * rc_task_dead - a task has been switched away from for the last time
 * @tsk: the task
 *
 * Context: preemption off, no lock held.
 */
static inline void rc_task_dead(struct task_struct *tsk)
{
	if (static_branch_unlikely(&rc_cpu_key))
		__rc_task_dead(tsk);
}

#else

static inline struct task_group *rc_task_group(struct task_struct *tsk,
					       struct task_group *tg)
{
	return tg;
}

static inline struct task_group *rc_left_task_group(struct task_group *tg)
{
	return NULL;
}

static inline void rc_put_task_group(struct task_group *tg) { }
static inline void rc_task_dead(struct task_struct *tsk) { }

static inline int rc_sched_path(struct task_group *tg, char *buf, int len)
{
	return 0;
}

#endif /* CONFIG_RC_CPU */

DEFINE_FREE(rc_put_task_group, struct task_group *, if (_T) rc_put_task_group(_T))

#endif /* _LINUX_RC_CPU_H */
