// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs and nodes that go, and come back, under groups of cpuset.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define IS(grp, file, text) (!strcmp(cs_read(grp, file), text))
#define RUNS_ON(pid, text) (!strcmp(cs_cpus_allowed(pid), text))
#define USES(pid, text) (!strcmp(cs_mems_allowed(pid), text))
/* Is the task in the group (of a hierarchy that is part of its path)? */
#define IN(pid, grp) (!strcmp(cs_path(pid), (grp) + strlen(CS_ROOT)))

FIXTURE(hotplug)
{
	const char *root;
	int node;
};

FIXTURE_SETUP(hotplug)
{
	self->root = CS_SETUP_NUMA();
	self->node = cs_removable_node();
	ASSERT_EQ(2, self->node);
}

FIXTURE_TEARDOWN(hotplug)
{
	EXPECT_EQ(0, cs_teardown());
}

/* The root has what is on line, at any time. */
TEST_F(hotplug, root_cpus)
{
	EXPECT_STREQ("0-7", cs_read(self->root, "cpus"));
	EXPECT_STREQ("0-7", cs_read(self->root, "effective_cpus"));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_TRUE(RC_WAIT(IS(self->root, "cpus", "0-2,4-7")));
	EXPECT_TRUE(RC_WAIT(IS(self->root, "effective_cpus", "0-2,4-7")));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(IS(self->root, "cpus", "0-7")));
	EXPECT_TRUE(RC_WAIT(IS(self->root, "effective_cpus", "0-7")));
}

/* A group that loses some of its CPUs has the others, until they return. */
TEST_F(hotplug, some_cpus)
{
	const char *grp = cs_new(self->root, "1-2", "0");
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, pid));
	ASSERT_EQ(0, cs_online_cpu(2, false));
	EXPECT_TRUE(RC_WAIT(IS(grp, "effective_cpus", "1")));
	EXPECT_STREQ("1-2", cs_read(grp, "cpus"));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "1")));
	ASSERT_EQ(0, cs_online_cpu(2, true));
	EXPECT_TRUE(RC_WAIT(IS(grp, "effective_cpus", "1-2")));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "1-2")));
}

/*
 * A group that loses its last CPU falls back to its parent's.  It keeps its
 * tasks, and they have its own again when that is back.
 */
TEST_F(hotplug, all_cpus)
{
	const char *parent = cs_new(self->root, "1-3", "0");
	const char *grp = parent ? cs_new(parent, "3", "0") : NULL;
	pid_t pid = rc_spinner(), other = rc_sleeper();

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, pid));
	ASSERT_EQ(0, cs_attach(grp, other));
	ASSERT_EQ(3, cs_cpu_of(pid));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_TRUE(RC_WAIT(IS(grp, "effective_cpus", "1-2")));
	EXPECT_STREQ("3", cs_read(grp, "cpus"));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "1-2") && RUNS_ON(other, "1-2")));
	EXPECT_TRUE(cs_stays_on(pid, "1-2", 50));
	EXPECT_TRUE(IN(pid, grp) && IN(other, grp));
	EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", parent)));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(IS(grp, "effective_cpus", "3")));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "3") && RUNS_ON(other, "3")));
	EXPECT_TRUE(IN(pid, grp) && IN(other, grp));
	EXPECT_EQ(3, cs_cpu_of(pid));
}

/* It is the nearest ancestor with CPUs, which changes as CPUs go and come. */
TEST_F(hotplug, nearest_ancestor)
{
	const char *a = cs_new(self->root, "1-3", "0");
	const char *b = a ? cs_new(a, "2-3", "0") : NULL;
	const char *c = b ? cs_new(b, "3", "0") : NULL;
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!c);
	ASSERT_EQ(0, cs_attach(c, pid));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_TRUE(RC_WAIT(IS(c, "effective_cpus", "2")));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "2")));
	ASSERT_EQ(0, cs_online_cpu(2, false));
	EXPECT_TRUE(RC_WAIT(IS(b, "effective_cpus", "1")));
	EXPECT_TRUE(RC_WAIT(IS(c, "effective_cpus", "1")));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "1")));
	ASSERT_EQ(0, cs_online_cpu(1, false));
	EXPECT_TRUE(RC_WAIT(IS(a, "effective_cpus", "0,4-7")));
	EXPECT_TRUE(RC_WAIT(IS(b, "effective_cpus", "0,4-7")));
	EXPECT_TRUE(RC_WAIT(IS(c, "effective_cpus", "0,4-7")));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "0,4-7")));
	ASSERT_EQ(0, cs_online_cpu(2, true));
	EXPECT_TRUE(RC_WAIT(IS(a, "effective_cpus", "2")));
	EXPECT_TRUE(RC_WAIT(IS(c, "effective_cpus", "2")));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "2")));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(IS(b, "effective_cpus", "2-3")));
	EXPECT_TRUE(RC_WAIT(IS(c, "effective_cpus", "3")));
	ASSERT_EQ(0, cs_online_cpu(1, true));
	EXPECT_TRUE(RC_WAIT(IS(a, "effective_cpus", "1-3")));
	EXPECT_STREQ("1-3", cs_read(a, "cpus"));
	EXPECT_STREQ("2-3", cs_read(b, "cpus"));
	EXPECT_STREQ("3", cs_read(c, "cpus"));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "3")));
	EXPECT_TRUE(IN(pid, c));
}

/* Nobody is moved to another group, and only who has lost all has others' CPUs. */
TEST_F(hotplug, others_stay)
{
	const char *a = cs_new(self->root, "1-3", "0");
	const char *b = a ? cs_new(a, "2-3", "0") : NULL;
	const char *c = a ? cs_new(a, "3", "0") : NULL;
	pid_t in_a = rc_sleeper(), in_b = rc_sleeper(), in_c = rc_sleeper();

	ASSERT_TRUE(b && c);
	ASSERT_EQ(0, cs_attach(a, in_a));
	ASSERT_EQ(0, cs_attach(b, in_b));
	ASSERT_EQ(0, cs_attach(c, in_c));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(in_c, "1-2")));
	EXPECT_TRUE(RUNS_ON(in_a, "1-2") && RUNS_ON(in_b, "2"));
	EXPECT_TRUE(IN(in_a, a) && IN(in_b, b) && IN(in_c, c));
}

/* An affinity that was asked for within lost CPUs is back with them. */
TEST_F(hotplug, affinity_returns)
{
	const char *grp = cs_new(self->root, "2-3", "0");
	pid_t pid = rc_sleeper(), running = rc_spinner();

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, pid));
	ASSERT_EQ(0, cs_attach(grp, running));
	ASSERT_EQ(0, cs_set_affinity(pid, "3"));
	ASSERT_EQ(0, cs_set_affinity(running, "3"));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "2") && RUNS_ON(running, "2")));
	ASSERT_EQ(0, cs_online_cpu(2, false));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "0-1,4-7") &&
			    RUNS_ON(running, "0-1,4-7")));
	ASSERT_EQ(0, cs_online_cpu(2, true));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "2")));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "3") && RUNS_ON(running, "3")));
}

/* The same of a CPU without which the group has others. */
TEST_F(hotplug, affinity_within)
{
	const char *grp = cs_new(self->root, "1-3", "0");
	pid_t pid = rc_sleeper(), running = rc_spinner();

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, pid));
	ASSERT_EQ(0, cs_attach(grp, running));
	ASSERT_EQ(0, cs_set_affinity(pid, "3"));
	ASSERT_EQ(0, cs_set_affinity(running, "3"));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "1-2") && RUNS_ON(running, "1-2")));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "3") && RUNS_ON(running, "3")));
}

/*
 * Suspend puts all CPUs but one off line, in order, and resume puts them back: then
 * all is as it was, groups, CPUs, and what was asked for.
 */
TEST_F(hotplug, suspend)
{
	const char *machine = cs_new(self->root, "2-7", "0-1");
	const char *one = machine ? cs_new(machine, "3", "0") : NULL;
	const char *two = machine ? cs_new(machine, "4-5", "0-1") : NULL;
	pid_t in_one = rc_spinner(), in_two = rc_spinner();
	pid_t above = rc_sleeper(), asleep = rc_sleeper();
	int cpu;

	ASSERT_TRUE(one && two);
	ASSERT_EQ(0, cs_attach(one, in_one));
	ASSERT_EQ(0, cs_attach(two, in_two));
	ASSERT_EQ(0, cs_attach(two, asleep));
	ASSERT_EQ(0, cs_attach(machine, above));
	ASSERT_EQ(0, cs_set_affinity(in_two, "5"));
	ASSERT_EQ(0, cs_set_affinity(asleep, "4"));
	ASSERT_EQ(0, cs_set_affinity(above, "6-7"));
	for (cpu = 1; cpu < 8; cpu++)
		ASSERT_EQ(0, cs_online_cpu(cpu, false));
	EXPECT_STREQ("0", cs_read(one, "effective_cpus"));
	EXPECT_STREQ("0", cs_read(machine, "effective_cpus"));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(in_one, "0") && RUNS_ON(in_two, "0") &&
			    RUNS_ON(above, "0") && RUNS_ON(asleep, "0")));
	for (cpu = 1; cpu < 8; cpu++)
		ASSERT_EQ(0, cs_online_cpu(cpu, true));
	EXPECT_STREQ("2-7", cs_read(machine, "effective_cpus"));
	EXPECT_TRUE(IS(one, "cpus", "3") && IS(one, "effective_cpus", "3"));
	EXPECT_TRUE(IS(two, "cpus", "4-5") && IS(two, "effective_cpus", "4-5"));
	EXPECT_TRUE(IN(in_one, one) && IN(above, machine));
	EXPECT_TRUE(IN(in_two, two) && IN(asleep, two));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(in_one, "3") && RUNS_ON(in_two, "5")));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(above, "6-7") && RUNS_ON(asleep, "4")));
	EXPECT_EQ(3, cs_cpu_of(in_one));
	EXPECT_EQ(5, cs_cpu_of(in_two));
}

/* Who comes to the root meanwhile has all others, and still has asked for those. */
TEST_F(hotplug, affinity_in_root)
{
	const char *grp = cs_new(self->root, "3", "0");
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, pid));
	ASSERT_EQ(0, cs_set_affinity(pid, "3"));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	ASSERT_EQ(0, cs_attach(self->root, pid));
	EXPECT_STREQ("0-2,4-7", cs_cpus_allowed(pid));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	ASSERT_EQ(0, cs_attach(grp, pid));
	ASSERT_EQ(0, cs_attach(self->root, pid));
	EXPECT_STREQ("3", cs_cpus_allowed(pid));
}

/* A group whose CPUs are all off line takes tasks, and they have children. */
TEST_F(hotplug, attach_meanwhile)
{
	const char *grp = cs_new(self->root, "3", "0");
	struct cs_worker *worker = cs_worker_new();

	ASSERT_TRUE(grp && worker);
	ASSERT_EQ(0, cs_online_cpu(3, false));
	ASSERT_EQ(0, cs_attach(grp, worker->pid));
	EXPECT_STREQ("0-2,4-7", cs_cpus_allowed(worker->pid));
	ASSERT_EQ(0, cs_attach(grp, getpid()));
	worker = cs_worker_new();
	EXPECT_EQ(0, cs_attach(self->root, getpid()));
	ASSERT_TRUE(!!worker);
	EXPECT_STREQ(grp + strlen(self->root), cs_path(worker->pid));
	EXPECT_STREQ("0-2,4-7", cs_cpus_allowed(worker->pid));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(worker->pid, "3")));
}

/* What a group has may be off line; what it does not have may not. */
TEST_F(hotplug, write_meanwhile)
{
	const char *grp = cs_new(self->root, "2-3", "0");
	const char *other = cs_new(self->root, "1", "0");

	ASSERT_TRUE(grp && other);
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_EQ(-EINVAL, cs_write(other, "cpus", "1,3"));
	EXPECT_EQ(-EINVAL, cs_write(other, "cpus", "3"));
	EXPECT_STREQ("1", cs_read(other, "cpus"));
	EXPECT_EQ(0, cs_write(grp, "cpus", "3-4"));
	EXPECT_STREQ("3-4", cs_read(grp, "cpus"));
	EXPECT_STREQ("4", cs_read(grp, "effective_cpus"));
	EXPECT_EQ(0, cs_write(grp, "cpus", "3"));
	EXPECT_STREQ("0-2,4-7", cs_read(grp, "effective_cpus"));
	EXPECT_EQ(0, cs_write(grp, "cpus", "4"));
	EXPECT_EQ(-EINVAL, cs_write(grp, "cpus", "3"));
	EXPECT_STREQ("4", cs_read(grp, "cpus"));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_STREQ("4", cs_read(grp, "effective_cpus"));
	EXPECT_EQ(0, cs_write(other, "cpus", "1,3"));
}

/* The affinity that a task has asked for holds whenever it can. */
TEST_F(hotplug, own_affinity)
{
	const char *grp = cs_new(self->root, "1-3", "0");
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, pid));
	ASSERT_EQ(0, cs_set_affinity(pid, "2-3"));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "2")));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "2-3")));
	ASSERT_EQ(0, cs_online_cpu(2, false));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "3")));
	ASSERT_EQ(0, cs_online_cpu(2, true));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "2-3")));
}

/* Meanwhile a task can have what its group has in effect, and no more. */
TEST_F(hotplug, set_affinity_meanwhile)
{
	const char *parent = cs_new(self->root, "1-3", "0");
	const char *grp = parent ? cs_new(parent, "3", "0") : NULL;
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_online_cpu(3, false));
	ASSERT_EQ(0, cs_attach(grp, pid));
	EXPECT_EQ(0, cs_set_affinity(pid, "1"));
	EXPECT_STREQ("1", cs_cpus_allowed(pid));
	EXPECT_EQ(-EINVAL, cs_set_affinity(pid, "4"));
	EXPECT_STREQ("1", cs_cpus_allowed(pid));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(RUNS_ON(pid, "3")));
	EXPECT_EQ(-EINVAL, cs_set_affinity(pid, "1"));
}

/* A group that is empty has no CPUs in effect, whatever comes or goes. */
TEST_F(hotplug, empty_group)
{
	const char *grp = cs_new(self->root, NULL, "0");

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_STREQ("", cs_read(grp, "effective_cpus"));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_STREQ("", cs_read(grp, "effective_cpus"));
	EXPECT_EQ(-ENOSPC, cs_attach(grp, getpid()));
}

/* A node is the root's as soon as it has memory, and only then. */
TEST_F(hotplug, root_mems)
{
	EXPECT_STREQ("0-1", cs_read(self->root, "mems"));
	ASSERT_EQ(0, cs_online_node(self->node, true));
	EXPECT_TRUE(RC_WAIT(IS(self->root, "mems", "0-2")));
	EXPECT_TRUE(RC_WAIT(IS(self->root, "effective_mems", "0-2")));
	EXPECT_TRUE(RC_WAIT(USES(getpid(), "0-2")));
	ASSERT_EQ(0, cs_online_node(self->node, false));
	EXPECT_TRUE(RC_WAIT(IS(self->root, "mems", "0-1")));
	EXPECT_TRUE(RC_WAIT(IS(self->root, "effective_mems", "0-1")));
	EXPECT_TRUE(RC_WAIT(USES(getpid(), "0-1")));
}

/* A group that loses some of its nodes has the others, until they return. */
TEST_F(hotplug, some_mems)
{
	pid_t pid = rc_sleeper();
	const char *grp;

	ASSERT_EQ(0, cs_online_node(self->node, true));
	grp = cs_new(self->root, "0-7", "1-2");
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, pid));
	EXPECT_STREQ("1-2", cs_mems_allowed(pid));
	ASSERT_EQ(0, cs_online_node(self->node, false));
	EXPECT_TRUE(RC_WAIT(IS(grp, "effective_mems", "1")));
	EXPECT_STREQ("1-2", cs_read(grp, "mems"));
	EXPECT_TRUE(RC_WAIT(USES(pid, "1")));
	ASSERT_EQ(0, cs_online_node(self->node, true));
	EXPECT_TRUE(RC_WAIT(IS(grp, "effective_mems", "1-2")));
	EXPECT_TRUE(RC_WAIT(USES(pid, "1-2")));
}

/*
 * A group that loses its last node falls back to its nearest ancestor's, keeps
 * its tasks, and has its own back when that returns.
 */
TEST_F(hotplug, all_mems)
{
	struct cs_worker *worker = cs_worker_new(), *late = cs_worker_new();
	const char *a, *b, *c;

	ASSERT_TRUE(worker && late);
	ASSERT_EQ(0, cs_online_node(self->node, true));
	a = cs_new(self->root, "0-7", "1-2");
	b = a ? cs_new(a, "0-7", "2") : NULL;
	c = b ? cs_new(b, "0-7", "2") : NULL;
	ASSERT_TRUE(!!c);
	ASSERT_EQ(0, cs_attach(c, worker->pid));
	EXPECT_STREQ("2", cs_mems_allowed(worker->pid));
	ASSERT_EQ(0, cs_online_node(self->node, false));
	EXPECT_TRUE(RC_WAIT(IS(b, "effective_mems", "1")));
	EXPECT_TRUE(RC_WAIT(IS(c, "effective_mems", "1")));
	EXPECT_STREQ("2", cs_read(c, "mems"));
	EXPECT_TRUE(RC_WAIT(USES(worker->pid, "1")));
	EXPECT_TRUE(IN(worker->pid, c));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
	/* Who comes now has what it has in effect, and its own afterwards. */
	ASSERT_EQ(0, cs_attach(c, late->pid));
	ASSERT_EQ(0, cs_do(late, cs_map));
	EXPECT_EQ(late->nr_pages, cs_pages_on(late, 1));
	ASSERT_EQ(0, cs_online_node(self->node, true));
	EXPECT_TRUE(RC_WAIT(IS(c, "effective_mems", "2")));
	EXPECT_TRUE(RC_WAIT(USES(late->pid, "2")));
	EXPECT_TRUE(RC_WAIT(USES(worker->pid, "2")));
	EXPECT_TRUE(IN(worker->pid, c));
	ASSERT_EQ(0, cs_do(late, cs_map));
	EXPECT_EQ(late->nr_pages, cs_pages_on(late, 2));
}

/* A node without memory is no node that a group can have; a lost one is. */
TEST_F(hotplug, mems_meanwhile)
{
	pid_t pid = rc_sleeper();
	const char *grp, *other = cs_new(self->root, "0-7", "1");

	ASSERT_TRUE(!!other);
	EXPECT_EQ(-EINVAL, cs_write(other, "mems", "1-2"));
	EXPECT_STREQ("1", cs_read(other, "mems"));
	ASSERT_EQ(0, cs_online_node(self->node, true));
	grp = cs_new(self->root, "0-7", "2");
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_online_node(self->node, false));
	ASSERT_TRUE(RC_WAIT(IS(grp, "effective_mems", "0-1")));
	EXPECT_EQ(0, cs_attach(grp, pid));
	EXPECT_STREQ("0-1", cs_mems_allowed(pid));
	EXPECT_EQ(-EINVAL, cs_write(other, "mems", "2"));
	EXPECT_EQ(0, cs_write(grp, "mems", "1-2"));
	EXPECT_STREQ("1", cs_mems_allowed(pid));
	EXPECT_EQ(0, cs_write(grp, "mems", "1"));
	EXPECT_EQ(-EINVAL, cs_write(grp, "mems", "2"));
	EXPECT_STREQ("1", cs_read(grp, "mems"));
}

TEST_HARNESS_MAIN
