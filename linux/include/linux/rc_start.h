/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that are started in a group: what clone3(2) and fork call. */
#ifndef _LINUX_RC_START_H
#define _LINUX_RC_START_H

#include <linux/compiler.h>
#include <linux/sched/task.h>
#include <linux/types.h>

struct rc_start;

#ifdef CONFIG_RC_GROUPS

pid_t rc_clone_into(struct kernel_clone_args *args);
int __rc_can_fork(struct task_struct *child, struct rc_start *start);
void __rc_cancel_fork(struct rc_start *start);

/**
 * rc_start_of - what clone3(2) asks of groups
 * @args: of kernel_clone()
 *
 * What a function is called with is of no use in a system call, which has none: there it
 * is this.
 *
 * Return: NULL if nothing is asked.
 */
static inline struct rc_start *rc_start_of(const struct kernel_clone_args *args)
{
	return unlikely(args->rc_start) ? args->fn_arg : NULL;
}

/**
 * rc_can_fork - may a newborn be in the group that clone3(2) names?
 * @child: the new task, which has its namespaces; current is its parent
 * @args: what is asked for
 *
 * Nothing that a user can hold up may follow, until rc_post_fork() or rc_cancel_fork().
 *
 * Context: process context, may sleep; no lock held that is taken under rc_mutex.
 * Return: 0, also if it names none; or a negative errno.
 */
static inline int rc_can_fork(struct task_struct *child,
			      const struct kernel_clone_args *args)
{
	struct rc_start *start = rc_start_of(args);

	return start ? __rc_can_fork(child, start) : 0;
}

/**
 * rc_cancel_fork - there will be no child after all
 * @args: as rc_can_fork() has had them, which has succeeded
 *
 * Context: process context, may sleep.
 */
static inline void rc_cancel_fork(const struct kernel_clone_args *args)
{
	struct rc_start *start = rc_start_of(args);

	if (start)
		__rc_cancel_fork(start);
}

#else /* !CONFIG_RC_GROUPS */

static inline pid_t rc_clone_into(struct kernel_clone_args *args)
{
	return kernel_clone(args);
}

static inline int rc_can_fork(struct task_struct *child,
			      const struct kernel_clone_args *args)
{
	return 0;
}

static inline void rc_cancel_fork(const struct kernel_clone_args *args) { }

#endif /* CONFIG_RC_GROUPS */

#endif /* _LINUX_RC_START_H */
