/* SPDX-License-Identifier: GPL-2.0 */
/* What was refused, for those who note it and those who show it. */
#ifndef _RC_ERRORS_H
#define _RC_ERRORS_H

#include <linux/rc_errors.h>

#include "internal.h"

/* Of a rule, and of what was written, in bytes. */
#define RC_REASON_TEXT	160
#define RC_ERROR_VALUE	80

/**
 * struct rc_errors_path - where a group is, without names
 * @nr: how many groups there are on the way, itself and the root counted
 * @serial: their serials, the group's first
 */
struct rc_errors_path {
	unsigned int nr;
	u64 serial[RC_MAX_DEPTH + 1];
};

/**
 * struct rc_error - what was refused
 * @node: in rc_errors
 * @own: among those of the user
 * @rcu: frees it
 * @seq: grows with each of them
 * @uid: the user
 * @time: seconds since 1970
 * @view: id of the pid namespace through whose mount it was done
 * @pid: the process, in the initial pid namespace
 * @view_pid: in @view
 * @comm: the name of the thread
 * @text: the operation, the value and the rule
 * @nr: how many of @serial belong to the group that was asked
 * @nr_other: how many of them, behind those, belong to the one that is in the way
 * @serial: as in &struct rc_errors_path
 *
 * Nothing changes.
 */
struct rc_error {
	struct list_head node;
	struct list_head own;
	struct rcu_head rcu;
	u64 seq;
	kuid_t uid;
	time64_t time;
	u64 view;
	pid_t pid;
	pid_t view_pid;
	char comm[TASK_COMM_LEN];
	char *text;
	unsigned int nr;
	unsigned int nr_other;
	u64 serial[];
};

/* Of moves, and of tasks that are started in a group. */
#define RC_OUT_OF_VIEW		"not within this view"
#define RC_PUT_FROM_OUTSIDE	"was put where it is from outside of this view"
#define RC_MAY_NOT_LEAVE	"no permission to write to tasks of"

extern struct list_head rc_errors;
extern u64 rc_errors_seq;

/**
 * rc_errors_begin - note what comes before an operation
 *
 * Context: any.
 * Return: for rc_errors_end().
 */
static inline u64 rc_errors_begin(void)
{
	return READ_ONCE(rc_errors_seq);
}

int rc_errors_end(int err, u64 since, const struct rc_group *grp,
		  struct pid_namespace *view, const char *what, const char *value);
int rc_refuse_group(int err, const struct rc_group *other, const char *fmt, ...)
	__printf(3, 4);

#endif /* _RC_ERRORS_H */
