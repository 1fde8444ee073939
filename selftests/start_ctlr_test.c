// SPDX-License-Identifier: GPL-2.0
/*
 * A task is started in a group: what controllers, and freeze, have to say to that, and that
 * nothing is left of it if they refuse.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "cpu_util.h"
#include "cpuset_util.h"
#include "pids_util.h"
#include "start_util.h"

/* One that nothing in the kernel says of its own accord here. */
#define REFUSED EDOM

FIXTURE(into)
{
};

FIXTURE_SETUP(into)
{
	ASSERT_EQ(0, rc_setup());
}

FIXTURE_TEARDOWN(into)
{
	EXPECT_EQ(0, rc_teardown());
}

/* It is the limit of the group that counts, and not that of the parent's. */
TEST_F(into, pids)
{
	const char *hier = rc_bound_new("pids"), *grp, *full;
	pid_t pid;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	full = rc_group_new(hier);
	ASSERT_TRUE(grp && full);
	ASSERT_EQ(0, pids_limit(grp, "1"));
	ASSERT_EQ(0, pids_limit(full, "1"));
	ASSERT_EQ(0, rc_attach(full, getpid()));
	ASSERT_EQ(-EAGAIN, pids_fork());
	pid = start_sleeper(grp, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_EQ(1, pids_current(grp));
	EXPECT_EQ(1, pids_current(full));
	EXPECT_EQ(-EAGAIN, start_once((void *)grp));
	EXPECT_EQ(1, pids_refused(grp));
	EXPECT_EQ(1, pids_refused(full));
	EXPECT_EQ(1, pids_current(grp));
	EXPECT_EQ(1, pids_peak(grp));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, pids_current(grp));
	EXPECT_EQ(0, start_once((void *)grp));
	EXPECT_EQ(1, pids_refused(grp));
	/* And from there to where nobody counts. */
	ASSERT_EQ(0, start_once((void *)hier));
	EXPECT_EQ(1, pids_current(full));
}

/* A set without CPUs takes nobody, as in a move. Else the child has the set's. */
TEST_F(into, cpuset)
{
	const char *hier, *grp, *last;
	pid_t pid;

	if (cs_lacks())
		SKIP(return, "%s", cs_lacks());
	hier = rc_bound_new("cpuset");
	last = strdup(rc_fmt("%d", cs_nr_cpus() - 1));
	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	EXPECT_EQ(-ENOSPC, start_once((void *)grp));
	ASSERT_EQ(0, cs_write(grp, "mems", "0"));
	EXPECT_EQ(-ENOSPC, start_once((void *)grp));
	ASSERT_EQ(0, cs_write(grp, "cpus", last));
	pid = start_sleeper(grp, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_STREQ(last, cs_cpus_allowed(pid));
	EXPECT_STREQ("0", cs_mems_allowed(pid));
	/* And back. */
	ASSERT_EQ(0, rc_attach(grp, getpid()));
	pid = start_sleeper(hier, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_STRNE(last, cs_cpus_allowed(pid));
}

/* It is scheduled there from its birth. */
TEST_F(into, cpu)
{
	const char *hier = rc_bound_new("cpu"), *grp;
	pid_t pid;

	ASSERT_TRUE(!!hier);
	if (!cpu_can_tell())
		SKIP(return, "the kernel does not tell where a task is scheduled");
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	pid = start_sleeper(grp, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_STREQ(grp, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(grp, getpid()));
	pid = start_sleeper(hier, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_STRNE(grp, cpu_place(pid));
}

static long states(const char *hier, const char *what)
{
	return rc_field(rc_fmt("%s/debug.counts", hier), what);
}

static long calls_of(const char *grp, const char *ctlr, const char *op)
{
	return rc_field(rc_fmt("%s/%s.calls", grp, ctlr), op);
}

/* Whoever refuses, and however late: all is taken back, and nobody else was told. */
TEST_F(into, refused)
{
	static const struct {
		const char *ctlr;
		const char *op;
	} at[] = {
		{ "debug", "can_start" }, { "debug2", "can_start" },
		{ "debug", "can_fork" }, { "debug2", "can_fork" },
	};
	const char *hier = rc_bound_new("debug,debug2"), *grp, *from;
	long proxies, granted = 0, cancelled = 0;
	unsigned int i;
	char *before;

	ASSERT_TRUE(!!hier);
	ASSERT_EQ(0, rc_disarm(hier));
	grp = rc_group_new(hier);
	from = rc_group_new(hier);
	ASSERT_TRUE(grp && from);
	ASSERT_EQ(0, rc_attach(from, getpid()));
	before = rc_snapshot(RC_ROOT);
	proxies = states(hier, "proxies");
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		ASSERT_EQ(0, rc_write(rc_fmt("%s/%s.fail", hier, at[i].ctlr),
				      rc_fmt("%s 1 %d", at[i].op, REFUSED)));
		EXPECT_EQ(-REFUSED, start_once((void *)grp)) {
			TH_LOG("%s %s", at[i].ctlr, at[i].op);
		}
		EXPECT_EQ(0, (int)rc_number(rc_fmt("%s/debug.charge", grp)));
		EXPECT_EQ(0, (int)rc_number(rc_fmt("%s/debug2.charge", grp)));
		EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	}
	EXPECT_TRUE(RC_WAIT(states(hier, "proxies") <= proxies));
	granted = calls_of(grp, "debug", "can_fork") + calls_of(grp, "debug2", "can_fork");
	cancelled = calls_of(grp, "debug", "cancel_fork") + calls_of(grp, "debug2", "cancel_fork");
	/* Two refused, and one of them when the other had agreed. */
	EXPECT_EQ(3, granted);
	EXPECT_EQ(1, cancelled);
	EXPECT_EQ(0, calls_of(grp, "debug", "fork"));
	/* Nothing is asked where the parent is, nor of a move. */
	EXPECT_EQ(0, calls_of(from, "debug", "can_fork") + calls_of(from, "debug", "leave"));
	EXPECT_EQ(0, calls_of(grp, "debug", "can_attach"));

	EXPECT_EQ(0, start_once((void *)grp));
	EXPECT_EQ(1, calls_of(grp, "debug", "fork"));
	EXPECT_EQ(1, calls_of(grp, "debug", "exit"));
	EXPECT_EQ(1, calls_of(grp, "debug", "release"));
	EXPECT_EQ(0, (int)rc_number(rc_fmt("%s/debug.zombies", grp)));
	EXPECT_EQ(0, rc_rmdir(grp));
	EXPECT_EQ(0, rc_attach(hier, getpid()));
}

struct frozen {
	long ran;
};

static long frozen_of(const char *grp)
{
	return rc_field(rc_fmt("%s/events", grp), "frozen");
}

/* Who is born in a frozen group does not run before it is thawed, vfork or not. */
TEST_F(into, freeze)
{
	struct frozen *frozen = rc_shared(sizeof(*frozen));
	const char *hier = rc_hier_new(), *grp;
	pid_t pid;
	int fd;

	ASSERT_TRUE(hier && frozen);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/freeze", grp), "1"));
	fd = start_open(grp, O_RDONLY);
	ASSERT_LE(0, fd);
	pid = start_at(fd, 0);
	if (!pid) {
		rc_set(&frozen->ran, 1);
		_exit(0);
	}
	ASSERT_LT(0, pid);
	rc_track_child(pid);
	EXPECT_TRUE(RC_WAIT(frozen_of(grp) == 1));
	EXPECT_EQ(0, rc_get(&frozen->ran));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/freeze", grp), "0"));
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_EQ(1, rc_get(&frozen->ran));
	close(fd);
}

/* Who is killed with its group is so wherever it was born. */
TEST_F(into, kill)
{
	const char *hier = rc_hier_new(), *grp;
	pid_t pid;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	pid = start_sleeper(grp, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/kill", grp), "1"));
	EXPECT_EQ(-1000 - SIGKILL, rc_reap(pid));
}

TEST_HARNESS_MAIN
