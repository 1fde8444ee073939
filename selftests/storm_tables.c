// SPDX-License-Identifier: GPL-2.0
/*
 * What the storm does, and what it writes: files are not named here but where a value
 * is unlikely to be guessed. A new controller adds a row for each such file of its own.
 */
#include "storm.h"

#define OUTER	STORM_WORKERS
#define INNER	STORM_SUBJECT
#define NO_BOX	(STORM_ROOT | STORM_OWNER | STORM_STRANGER)
#define MAKERS	(STORM_ROOT | STORM_OWNER | STORM_BOX)

#define OP(_name, _who, _weight) \
	{ #_name, storm_op_##_name, (_who), (_weight), false }
#define BUSY(_name, _who, _weight) \
	{ #_name, storm_op_##_name, (_who), (_weight), true }

const struct storm_op storm_ops[] = {
	OP(mkdir, OUTER, 12),
	OP(rmdir, OUTER, 10),
	OP(make_again, OUTER, 3),
	OP(rename, OUTER, 6),
	OP(keep, MAKERS, 6),
	OP(chmod, MAKERS, 8),
	OP(chown, STORM_ROOT, 4),
	OP(hierarchy, STORM_ROOT | STORM_BOX, 2),
	OP(rebind, STORM_ROOT | STORM_BOX, 2),
	OP(rebind_as_user, STORM_ROOT, 1),
	OP(remember, STORM_STRANGER | STORM_ROOT, 1),
	OP(look_around, OUTER, 4),
	OP(cpu, STORM_ROOT, 2),
	OP(node, STORM_ROOT, 1),
	OP(workers, STORM_ROOT, 1),
	OP(read, OUTER, 12),
	OP(read_odd, OUTER, 8),
	OP(read_all, OUTER, 2),
	OP(read_again, OUTER, 4),
	OP(poll, OUTER, 5),
	OP(watch, OUTER, 4),
	OP(await_end, MAKERS, 3),
	OP(forget, STORM_ROOT, 1),
	OP(write, OUTER, 16),
	OP(write_odd, OUTER, 4),
	OP(hold, OUTER, 5),
	OP(list, OUTER, 4),
	OP(move, OUTER, 20),
	OP(move_to_and_fro, OUTER, 4),
	OP(evacuate, MAKERS, 4),
	OP(catch, STORM_ROOT, 2),
	OP(kill, OUTER, 2),
	OP(kill_worker, STORM_ROOT, 1),
	OP(stop, OUTER, 2),
	OP(policy, OUTER, 4),
	OP(affinity, OUTER, 4),
	OP(trace, OUTER, 2),
	OP(pidfd, OUTER, 3),
	OP(threads, INNER, 8),
	OP(fork, INNER, 10),
	OP(vfork, INNER, 4),
	OP(start, INNER, 6),
	OP(exec, INNER, 2),
	OP(exec_by_thread, INNER, 2),
	OP(unshare, INNER, 5),
	OP(setns, INNER, 3),
	OP(core, INNER, 1),
	OP(uring, INNER, 2),
	OP(memory, INNER, 4),
	OP(move_self, INNER, 8),
	OP(ask, INNER, 3),
	OP(nap, INNER, 30),
	OP(end, INNER, 1),
	BUSY(stall_read, NO_BOX, 1),
	BUSY(stall_write, NO_BOX, 2),
	BUSY(stall_list, STORM_ROOT, 1),
	BUSY(stall_fork, NO_BOX, 1),
	BUSY(stall_memory, STORM_ROOT, 1),
	BUSY(hog, STORM_ROOT, 1),
	BUSY(idle_reader, NO_BOX, 1),
	BUSY(agents_hang, STORM_ROOT, 1),
};

const int storm_nr_ops = ARRAY_SIZE(storm_ops);

static const char * const cpus[] = {
	"0-7", "0-3", "4-7", "0-1", "1", "3", "2,5", "1-6", "0-7:1/2", "all", "", NULL
};

static const char * const mems[] = { "0", "1", "0-1", "0-1", "0-2", "", NULL };

static const char * const levels[] = { "-1", "0", "1", "2", "5", NULL };

static const char * const weights[] = { "1", "50", "100", "10000", NULL };

/* Not so little that who holds a lock is kept from going on for long. */
static const char * const quotas[] = {
	"max", "max", "20000 100000", "50000", "150000 50000", "max 10000", NULL
};

/* Now and then something fails that mostly does not. */
static const char * const failures[] = {
	"none", "none", "none", "create 1 12", "bind 1 12", "can_attach 1 12",
	"can_attach 3 11", "can_start 1 11", "can_fork 1 11", "can_fork 5 12", NULL
};

/* How many tasks may be born, or be there; past it no container begins, and no subject. */
static const char * const births[] = {
	"0", "1", "10", "100", "100", "9223372036854775807", NULL
};

static const char * const tasks[] = { "0", "1", "10", "100", "100", "max", NULL };

/* Whoever is there, workers too: mostly not. */
static const char * const kills[] = { "0", "1", "x", "", "1\n1", "2", NULL };

/* Workers, too, till somebody thaws them. */
static const char * const freezes[] = { "0", "0", "0", "1", NULL };

/* storm_test itself: see storm_agent(). */
static const char * const agents[] = { "/stress/storm_test", "", NULL };

const struct storm_values storm_values[] = {
	{ "cpus", cpus, NULL },
	{ "mems", mems, NULL },
	{ "sched_relax_domain_level", levels, NULL },
	{ "births.max", births, "9223372036854775807" },
	{ "pids.max", tasks, "max" },
	{ "cpu.weight", weights, NULL },
	{ "cpu.max", quotas, "max" },
	{ "debug.fail", failures, NULL },
	{ "debug2.fail", failures, NULL },
	{ "release_agent", agents, NULL },
	{ "kill", kills, NULL },
	{ "freeze", freezes, "0" },
};

const int storm_nr_values = ARRAY_SIZE(storm_values);

const char * const storm_claims[STORM_NR_CLAIMS] = {
	[STORM_IN_ONE_GROUP]	= "each task is in one group of each hierarchy",
	[STORM_LISTS_AGREE]	= "tasks, procs and groups agree with /proc/PID/rc",
	[STORM_POPULATED]	= "populated says whether there is a task",
	[STORM_CPUS]		= "tasks have the CPUs of their set",
	[STORM_MEMS]		= "tasks have the memory nodes of their set",
	[STORM_OWNERS]		= "modes and owners are what was set last",
	[STORM_NAMES]		= "what only its maker removes stays",
	[STORM_ERRORS]		= "errors and texts are such as can be",
	[STORM_TOLD]		= "who watches or awaits a group is told",
	[STORM_WAITS]		= "nobody waits longer than the bound",
	[STORM_AGENTS]		= "release agents wait for no other hierarchy",
	[STORM_THREADS_BOUND]	= "no kernel thread bound to its CPU is in a group",
	[STORM_GONE_GROUPS]	= "removed groups are freed while the storm lasts",
	[STORM_GONE_PROXIES]	= "proxies are freed",
	[STORM_REMOVABLE]	= "each group can be removed in the end",
	[STORM_BANDWIDTH]	= "all deadline bandwidth is given back",
	[STORM_MEMORY]		= "memory is back where it was",
};
