/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM rc

#if !defined(_TRACE_RC_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_RC_H

#include <linux/sched.h>
#include <linux/tracepoint.h>

/* A group: its hierarchy, a number that no other group has, its path in the hierarchy. */
DECLARE_EVENT_CLASS(rc_group,

	TP_PROTO(const char *hier, u64 id, const char *path),

	TP_ARGS(hier, id, path),

	TP_STRUCT__entry(
		__field(u64, id)
		__string(hier, hier)
		__string(path, path)
	),

	TP_fast_assign(
		__entry->id = id;
		__assign_str(hier);
		__assign_str(path);
	),

	TP_printk("hier=%s id=%llu path=%s",
		  __get_str(hier), __entry->id, __get_str(path))
);

DEFINE_EVENT(rc_group, rc_group_made,
	TP_PROTO(const char *hier, u64 id, const char *path),
	TP_ARGS(hier, id, path)
);

DEFINE_EVENT(rc_group, rc_group_removed,
	TP_PROTO(const char *hier, u64 id, const char *path),
	TP_ARGS(hier, id, path)
);

/* With its new name. */
DEFINE_EVENT(rc_group, rc_group_renamed,
	TP_PROTO(const char *hier, u64 id, const char *path),
	TP_ARGS(hier, id, path)
);

/* It has nothing any more, and there is an agent to be told. */
DEFINE_EVENT(rc_group, rc_group_released,
	TP_PROTO(const char *hier, u64 id, const char *path),
	TP_ARGS(hier, id, path)
);

TRACE_EVENT(rc_group_populated,

	TP_PROTO(const char *hier, u64 id, const char *path, int val),

	TP_ARGS(hier, id, path, val),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(int, val)
		__string(hier, hier)
		__string(path, path)
	),

	TP_fast_assign(
		__entry->id = id;
		__entry->val = val;
		__assign_str(hier);
		__assign_str(path);
	),

	TP_printk("hier=%s id=%llu path=%s val=%d",
		  __get_str(hier), __entry->id, __get_str(path), __entry->val)
);

/* A thread, with the groups' ids, and the path of the one that it has come to. */
TRACE_EVENT(rc_task_moved,

	TP_PROTO(struct task_struct *tsk, const char *hier, u64 from, u64 to,
		 const char *path),

	TP_ARGS(tsk, hier, from, to, path),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(u64, from)
		__field(u64, to)
		__array(char, comm, TASK_COMM_LEN)
		__string(hier, hier)
		__string(path, path)
	),

	TP_fast_assign(
		__entry->pid = tsk->pid;
		__entry->from = from;
		__entry->to = to;
		memcpy(__entry->comm, tsk->comm, TASK_COMM_LEN);
		__assign_str(hier);
		__assign_str(path);
	),

	TP_printk("hier=%s from=%llu to=%llu path=%s pid=%d comm=%s",
		  __get_str(hier), __entry->from, __entry->to, __get_str(path),
		  __entry->pid, __entry->comm)
);

/* Something was refused: see /proc/rc/errors, which has more of it. */
TRACE_EVENT(rc_refused,

	TP_PROTO(const char *hier, u64 id, const char *path, int err,
		 const char *what, const char *rule),

	TP_ARGS(hier, id, path, err, what, rule),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(int, err)
		__string(hier, hier)
		__string(path, path)
		__string(what, what)
		__string(rule, rule)
	),

	TP_fast_assign(
		__entry->id = id;
		__entry->err = err;
		__assign_str(hier);
		__assign_str(path);
		__assign_str(what);
		__assign_str(rule);
	),

	TP_printk("hier=%s id=%llu path=%s err=%d what=%s rule=%s",
		  __get_str(hier), __entry->id, __get_str(path), __entry->err,
		  __get_str(what), __get_str(rule))
);

/* What somebody asked for would have been more than a group may have. */
TRACE_EVENT(rc_limit_hit,

	TP_PROTO(const char *hier, u64 id, const char *path, const char *file,
		 s64 limit),

	TP_ARGS(hier, id, path, file, limit),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(s64, limit)
		__string(hier, hier)
		__string(path, path)
		__string(file, file)
	),

	TP_fast_assign(
		__entry->id = id;
		__entry->limit = limit;
		__assign_str(hier);
		__assign_str(path);
		__assign_str(file);
	),

	TP_printk("hier=%s id=%llu path=%s file=%s limit=%lld",
		  __get_str(hier), __entry->id, __get_str(path),
		  __get_str(file), __entry->limit)
);

#endif /* _TRACE_RC_H */

/* This part must be outside protection. */
#include <trace/define_trace.h>
