// SPDX-License-Identifier: GPL-2.0
/*
 * The controllers debug and debug2: they limit nothing, refuse what they are told
 * to refuse, and tell what they were asked. They are for tests of the core, above
 * all of how it takes back what one controller has agreed to when the next one,
 * or the next thread, fails. The files of debug are these; debug2 has the same
 * under its own name.
 *
 *   debug.fail    root only. "CALLBACK N ERRNO" makes the Nth call from now fail
 *                 once with that number; CALLBACK is create, bind, can_attach,
 *                 can_start or can_fork. An empty line or "none" takes it back. What is set
 *                 outlives the hierarchy, as bind is called without one.
 *   debug.charge  all but the root. The number of tasks, known from callbacks
 *                 alone: it differs from what "tasks" lists only while a task is
 *                 on its way.
 *   debug.zombies all but the root. How many of them have exited and are not reaped;
 *                 debug.charge does not count those.
 *   debug.calls   "CALLBACK COUNT" for each: how often it was called for this
 *                 group. Making and freeing a group counts for the one above.
 *                 "leave" is attach as seen from the group that was left, and
 *                 "unbind" is bind without a hierarchy.
 *   debug.trace   root only. The last calls of both controllers, oldest first,
 *                 "CONTROLLER CALLBACK TID"; a write empties it.
 *   debug.counts  root only. What there is of this controller's states, and of
 *                 the core's groups and proxies.
 */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "internal.h"

#define DEBUG_TRACE	128

enum debug_op {
	DEBUG_CREATE,
	DEBUG_BIND,
	DEBUG_CAN_ATTACH,
	DEBUG_CAN_START,
	DEBUG_CAN_FORK,
	DEBUG_MAY_FAIL,
	DEBUG_DESTROY = DEBUG_MAY_FAIL,
	DEBUG_ONLINE,
	DEBUG_OFFLINE,
	DEBUG_DRAINED,
	DEBUG_UNBIND,
	DEBUG_CANCEL_ATTACH,
	DEBUG_ATTACH,
	DEBUG_LEAVE,
	DEBUG_CANCEL_FORK,
	DEBUG_FORK,
	DEBUG_EXIT,
	DEBUG_RELEASE,
	DEBUG_NR,
};

static const char * const debug_names[] = {
	[DEBUG_CREATE]		= "create",
	[DEBUG_BIND]		= "bind",
	[DEBUG_CAN_ATTACH]	= "can_attach",
	[DEBUG_CAN_START]	= "can_start",
	[DEBUG_CAN_FORK]	= "can_fork",
	[DEBUG_DESTROY]		= "destroy",
	[DEBUG_ONLINE]		= "online",
	[DEBUG_OFFLINE]		= "offline",
	[DEBUG_DRAINED]		= "drained",
	[DEBUG_UNBIND]		= "unbind",
	[DEBUG_CANCEL_ATTACH]	= "cancel_attach",
	[DEBUG_ATTACH]		= "attach",
	[DEBUG_LEAVE]		= "leave",
	[DEBUG_CANCEL_FORK]	= "cancel_fork",
	[DEBUG_FORK]		= "fork",
	[DEBUG_EXIT]		= "exit",
	[DEBUG_RELEASE]		= "release",
};

/* What a call adds to the charge of its group. */
static const int debug_charge[DEBUG_NR] = {
	[DEBUG_CAN_ATTACH]	= 1,
	[DEBUG_CANCEL_ATTACH]	= -1,
	[DEBUG_LEAVE]		= -1,
	[DEBUG_CAN_FORK]	= 1,
	[DEBUG_CANCEL_FORK]	= -1,
	[DEBUG_EXIT]		= -1,
};

/* What it adds to the number of those who have left it and are not reaped. */
static const int debug_zombies[DEBUG_NR] = {
	[DEBUG_EXIT]		= 1,
	[DEBUG_RELEASE]		= -1,
};

/**
 * struct debug_ctlr - one of the two controllers
 * @name: its name
 * @states: states that exist, the static one left out; debug_lock
 * @op: which callback is to fail; debug_lock
 * @nth: at which call from now, 0 for none; debug_lock
 * @err: with which errno; debug_lock
 */
struct debug_ctlr {
	const char *name;
	unsigned int states;
	enum debug_op op;
	unsigned int nth;
	int err;
};

/**
 * struct debug - what a controller keeps for a group
 * @st: for the core
 * @ctlr: the controller; never changes
 * @charge: tasks in the group, of no meaning in a root; debug_lock
 * @zombies: tasks that have left it by their exit and are not reaped; debug_lock
 * @calls: how often each callback was called; debug_lock
 */
struct debug {
	struct rc_state st;
	struct debug_ctlr *ctlr;
	int charge;
	int zombies;
	unsigned long calls[DEBUG_NR];
};

struct debug_event {
	const struct debug_ctlr *ctlr;
	enum debug_op op;
	pid_t tid;
};

/* The first task's proxy is there before any other, and for good. */
struct rc_debug_counts rc_debug_counts = {
	.proxies = ATOMIC_INIT(1),
};

/* Innermost; can_fork takes it with interrupts off. */
static DEFINE_SPINLOCK(debug_lock);

/* A ring; debug_lock. */
static struct debug_event debug_trace[DEBUG_TRACE];
static unsigned int debug_traced;

static struct debug *to_debug(struct rc_state *st)
{
	return container_of(st, struct debug, st);
}

/* What rc.h promises about the context of each callback. */
static void debug_check_context(enum debug_op op)
{
	switch (op) {
	case DEBUG_CAN_FORK:
	case DEBUG_CANCEL_FORK:
	case DEBUG_RELEASE:
		lockdep_assert_held_write(&tasklist_lock);
		lockdep_assert_irqs_disabled();
		break;
	case DEBUG_DESTROY:
		might_sleep();
		break;
	case DEBUG_FORK:
	case DEBUG_EXIT:
	case DEBUG_DRAINED:
		might_sleep();
		lockdep_assert_not_held(&rc_mutex);
		break;
	default:
		might_sleep();
		lockdep_assert_held(&rc_mutex);
	}
}

/* Counts a call, and returns what it is to return: 0 or a negative errno. */
static int debug_call(struct rc_state *st, enum debug_op op,
		      struct task_struct *tsk)
{
	struct debug *dbg = to_debug(st);
	struct debug_ctlr *ctlr = dbg->ctlr;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&debug_lock, flags);
	dbg->calls[op]++;
	debug_trace[debug_traced++ % DEBUG_TRACE] = (struct debug_event) {
		.ctlr	= ctlr,
		.op	= op,
		.tid	= tsk ? task_pid_nr(tsk) : 0,
	};
	if (ctlr->nth && ctlr->op == op && !--ctlr->nth)
		err = -ctlr->err;
	else
		dbg->charge += debug_charge[op];
	dbg->zombies += debug_zombies[op];
	WARN_ON_ONCE(st->parent && (dbg->charge < 0 || dbg->zombies < 0));
	spin_unlock_irqrestore(&debug_lock, flags);
	return err;
}

static struct rc_state *debug_create(struct rc_state *parent)
{
	struct debug *dbg;
	int err;

	debug_check_context(DEBUG_CREATE);
	dbg = kzalloc(sizeof(*dbg), GFP_KERNEL_ACCOUNT);
	if (!dbg)
		return ERR_PTR(-ENOMEM);
	dbg->ctlr = to_debug(parent)->ctlr;
	err = debug_call(parent, DEBUG_CREATE, NULL);
	if (err) {
		kfree(dbg);
		return ERR_PTR(err);
	}
	spin_lock_irq(&debug_lock);
	dbg->ctlr->states++;
	spin_unlock_irq(&debug_lock);
	return &dbg->st;
}

static void debug_destroy(struct rc_state *st)
{
	struct debug *dbg = to_debug(st);

	debug_check_context(DEBUG_DESTROY);
	debug_call(st->parent, DEBUG_DESTROY, NULL);
	spin_lock_irq(&debug_lock);
	WARN_ON_ONCE(dbg->charge || dbg->zombies);
	dbg->ctlr->states--;
	spin_unlock_irq(&debug_lock);
	kfree(dbg);
}

/* What is about to be found is whole. */
static void debug_online(struct rc_state *st)
{
	debug_check_context(DEBUG_ONLINE);
	WARN_ON_ONCE(!st->group || !st->parent || rc_state_has_tasks(st));
	debug_call(st->parent, DEBUG_ONLINE, NULL);
}

/* Counted above, as the count of a removed group is seen by nobody. */
static void debug_offline(struct rc_state *st)
{
	debug_check_context(DEBUG_OFFLINE);
	WARN_ON_ONCE(rc_state_has_tasks(st));
	debug_call(st->parent, DEBUG_OFFLINE, NULL);
}

static void debug_drained(struct rc_state *st)
{
	debug_check_context(DEBUG_DRAINED);
	debug_call(st->parent, DEBUG_DRAINED, NULL);
}

static int debug_bind_at(struct rc_state *top, struct rc_hierarchy *hier)
{
	enum debug_op op = hier ? DEBUG_BIND : DEBUG_UNBIND;

	debug_check_context(op);
	return debug_call(top, op, NULL);
}

static int debug_can_attach(struct rc_state *to, struct rc_state *from,
			    struct task_struct *tsk)
{
	debug_check_context(DEBUG_CAN_ATTACH);
	return debug_call(to, DEBUG_CAN_ATTACH, tsk);
}

static void debug_cancel_attach(struct rc_state *to, struct rc_state *from,
				struct task_struct *tsk)
{
	debug_check_context(DEBUG_CANCEL_ATTACH);
	debug_call(to, DEBUG_CANCEL_ATTACH, tsk);
}

static void debug_attach(struct rc_state *to, struct rc_state *from,
			 struct task_struct *tsk)
{
	debug_check_context(DEBUG_ATTACH);
	debug_call(to, DEBUG_ATTACH, tsk);
	debug_call(from, DEBUG_LEAVE, tsk);
}

/* Not counted: both look at what there is, whoever has changed it. */
static void debug_settle_task(struct task_struct *tsk)
{
	might_sleep();
	lockdep_assert_not_held(&rc_mutex);
	WARN_ON_ONCE(!(atomic64_read(&tsk->rc_births) & RC_BIRTHS_OPEN));
}

static void debug_settle(struct rc_state *st)
{
	might_sleep();
	lockdep_assert_not_held(&rc_mutex);
}

static int debug_can_start(struct rc_state *to, struct task_struct *child)
{
	debug_check_context(DEBUG_CAN_START);
	return debug_call(to, DEBUG_CAN_START, child);
}

static int debug_can_fork(struct rc_state *st, struct task_struct *child)
{
	debug_check_context(DEBUG_CAN_FORK);
	WARN_ON_ONCE(!st->parent);
	return debug_call(st, DEBUG_CAN_FORK, child);
}

static void debug_cancel_fork(struct rc_state *st, struct task_struct *child)
{
	debug_check_context(DEBUG_CANCEL_FORK);
	debug_call(st, DEBUG_CANCEL_FORK, child);
}

static void debug_forked(struct rc_subsys *ss, struct task_struct *child)
{
	debug_check_context(DEBUG_FORK);
	rcu_read_lock();
	debug_call(rc_task_state(child, ss), DEBUG_FORK, child);
	rcu_read_unlock();
}

static void debug_exit(struct rc_state *st, struct task_struct *tsk)
{
	debug_check_context(DEBUG_EXIT);
	WARN_ON_ONCE(tsk != current || !st->parent);
	debug_call(st, DEBUG_EXIT, tsk);
}

static void debug_release(struct rc_state *st, struct task_struct *tsk)
{
	debug_check_context(DEBUG_RELEASE);
	WARN_ON_ONCE(!st->parent || !tsk->exit_state);
	debug_call(st, DEBUG_RELEASE, tsk);
}

static int debug_fail_show(struct seq_file *m, struct rc_state *st,
			   const struct rc_file *file)
{
	struct debug_ctlr *ctlr = to_debug(st)->ctlr;

	spin_lock_irq(&debug_lock);
	if (ctlr->nth)
		seq_printf(m, "%s %u %d\n", debug_names[ctlr->op], ctlr->nth,
			   ctlr->err);
	else
		seq_puts(m, "none\n");
	spin_unlock_irq(&debug_lock);
	return 0;
}

static int debug_fail_write(struct rc_state *st, const struct rc_file *file,
			    char *buf)
{
	struct debug_ctlr *ctlr = to_debug(st)->ctlr;
	unsigned int nth = 0, err = 0;
	int op = 0;

	if (*buf && strcmp(buf, "none")) {
		char *name = strsep(&buf, " "), *count = strsep(&buf, " ");

		op = match_string(debug_names, DEBUG_MAY_FAIL, name);
		if (op < 0 || !buf || kstrtouint(count, 10, &nth) || !nth ||
		    kstrtouint(buf, 10, &err) || !err || err > MAX_ERRNO)
			return -EINVAL;
	}
	spin_lock_irq(&debug_lock);
	ctlr->op = op;
	ctlr->nth = nth;
	ctlr->err = err;
	spin_unlock_irq(&debug_lock);
	return 0;
}

static s64 debug_charge_read(struct rc_state *st, const struct rc_file *file)
{
	int charge;

	spin_lock_irq(&debug_lock);
	charge = to_debug(st)->charge;
	spin_unlock_irq(&debug_lock);
	return charge;
}

static s64 debug_zombies_read(struct rc_state *st, const struct rc_file *file)
{
	int zombies;

	spin_lock_irq(&debug_lock);
	zombies = to_debug(st)->zombies;
	spin_unlock_irq(&debug_lock);
	return zombies;
}

static int debug_calls_show(struct seq_file *m, struct rc_state *st,
			    const struct rc_file *file)
{
	struct debug *dbg = to_debug(st);
	enum debug_op op;

	spin_lock_irq(&debug_lock);
	for (op = 0; op < DEBUG_NR; op++)
		seq_printf(m, "%s %lu\n", debug_names[op], dbg->calls[op]);
	spin_unlock_irq(&debug_lock);
	return 0;
}

static int debug_trace_show(struct seq_file *m, struct rc_state *st,
			    const struct rc_file *file)
{
	unsigned int i;

	spin_lock_irq(&debug_lock);
	i = debug_traced > DEBUG_TRACE ? debug_traced - DEBUG_TRACE : 0;
	for (; i < debug_traced; i++) {
		const struct debug_event *event = &debug_trace[i % DEBUG_TRACE];

		seq_printf(m, "%s %s %d\n", event->ctlr->name,
			   debug_names[event->op], event->tid);
	}
	spin_unlock_irq(&debug_lock);
	return 0;
}

static int debug_trace_write(struct rc_state *st, const struct rc_file *file,
			     char *buf)
{
	spin_lock_irq(&debug_lock);
	debug_traced = 0;
	spin_unlock_irq(&debug_lock);
	return 0;
}

static int debug_counts_show(struct seq_file *m, struct rc_state *st,
			     const struct rc_file *file)
{
	unsigned int states;

	spin_lock_irq(&debug_lock);
	states = to_debug(st)->ctlr->states;
	spin_unlock_irq(&debug_lock);
	seq_printf(m, "states %u\ngroups %d\nproxies %d\nproxies_dead %d\n",
		   states, atomic_read(&rc_debug_counts.groups),
		   atomic_read(&rc_debug_counts.proxies),
		   atomic_read(&rc_debug_counts.proxies_dead));
	return 0;
}

#define DEBUG_FILE(_name, _mode, _flags, ...)				\
	{ .name = (_name), .mode = (_mode), .flags = (_flags), __VA_ARGS__ }

/* Neither bind nor fork says which controller is meant. */
#define DEBUG_CTLR(_ctlr)						\
static struct debug_ctlr _ctlr = { .name = #_ctlr };			\
static struct debug _ctlr##_top = { .ctlr = &_ctlr };			\
static struct rc_subsys _ctlr##_subsys;					\
									\
static int _ctlr##_bind(struct rc_hierarchy *hier)			\
{									\
	return debug_bind_at(&_ctlr##_top.st, hier);			\
}									\
									\
static void _ctlr##_fork(struct task_struct *child)			\
{									\
	debug_forked(&_ctlr##_subsys, child);				\
}									\
									\
static struct rc_file _ctlr##_files[] = {				\
	DEBUG_FILE(#_ctlr ".fail", 0644, RC_FILE_ROOT_ONLY,		\
		   .show = debug_fail_show, .write = debug_fail_write),	\
	DEBUG_FILE(#_ctlr ".charge", 0444, RC_FILE_NOT_ROOT,		\
		   .read_s64 = debug_charge_read),			\
	DEBUG_FILE(#_ctlr ".zombies", 0444, RC_FILE_NOT_ROOT,		\
		   .read_s64 = debug_zombies_read),			\
	DEBUG_FILE(#_ctlr ".calls", 0444, 0, .show = debug_calls_show),	\
	DEBUG_FILE(#_ctlr ".trace", 0644, RC_FILE_ROOT_ONLY,		\
		   .show = debug_trace_show, .write = debug_trace_write), \
	DEBUG_FILE(#_ctlr ".counts", 0444, RC_FILE_ROOT_ONLY,		\
		   .show = debug_counts_show),				\
	{ }								\
};									\
									\
static struct rc_subsys _ctlr##_subsys = {				\
	.name		= #_ctlr,					\
	.top		= &_ctlr##_top.st,				\
	.files		= _ctlr##_files,				\
	.create		= debug_create,					\
	.online		= debug_online,					\
	.offline	= debug_offline,				\
	.drained	= debug_drained,				\
	.destroy	= debug_destroy,				\
	.bind		= _ctlr##_bind,					\
	.can_attach	= debug_can_attach,				\
	.cancel_attach	= debug_cancel_attach,				\
	.attach		= debug_attach,					\
	.can_start	= debug_can_start,				\
	.can_fork	= debug_can_fork,				\
	.cancel_fork	= debug_cancel_fork,				\
	.settle_task	= debug_settle_task,				\
	.settle		= debug_settle,					\
	.fork		= _ctlr##_fork,					\
	.exit		= debug_exit,					\
	.release	= debug_release,				\
};									\
									\
RC_SUBSYS(_ctlr##_subsys)

DEBUG_CTLR(debug);
DEBUG_CTLR(debug2);
