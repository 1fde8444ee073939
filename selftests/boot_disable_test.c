// SPDX-License-Identifier: GPL-2.0
/*
 * A controller that is disabled at boot is none.
 *
 * Boot parameters: rc_disable=cpuacct,pids
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define CPUACCT RC_ROOT "/cpuacct"

FIXTURE(boot_disable)
{
	const char *hier;
};

FIXTURE_SETUP(boot_disable)
{
	if (!rc_booted_with("rc_disable=cpuacct,pids"))
		SKIP(return, "kernel booted without rc_disable=cpuacct,pids");
	ASSERT_EQ(0, rc_setup());
	/* Other names make hierarchies as ever. */
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
}

FIXTURE_TEARDOWN(boot_disable)
{
	EXPECT_EQ(0, rc_teardown());
}

/* It is shown, bound to nothing and not enabled. */
TEST_F(boot_disable, shown)
{
	char *text = rc_text(RC_ROOT "/subsystems");

	ASSERT_TRUE(!!text);
	EXPECT_TRUE(strstr(text, "\ncpuacct\t-\t0\t0\n") &&
		    strstr(text, "\npids\t-\t0\t0\n")) {
		TH_LOG("%s", text);
	}
	free(text);
}

/* Its name makes no hierarchy, not even one without controllers. */
TEST_F(boot_disable, mkdir)
{
	char *before = rc_snapshot(RC_ROOT), *after;

	EXPECT_EQ(-ENOENT, rc_mkdir(CPUACCT));
	EXPECT_EQ(-1, access(CPUACCT, F_OK));
	EXPECT_EQ(ENOENT, errno);
	after = rc_snapshot(RC_ROOT);
	EXPECT_STREQ(before, after);
	free(before);
	free(after);
}

/* It cannot be bound to a hierarchy that is there. */
TEST_F(boot_disable, bind)
{
	const char *file = rc_fmt("%s/subsystems", self->hier);
	char *before = rc_snapshot(RC_ROOT), *after, *text;

	EXPECT_EQ(-ENOENT, rc_write(file, "cpuacct"));
	EXPECT_EQ(-ENOENT, rc_write(file, "pids"));
	after = rc_snapshot(RC_ROOT);
	EXPECT_STREQ(before, after);
	text = rc_text(file);
	ASSERT_TRUE(!!text);
	EXPECT_STREQ("\n", text);
	free(text);
	free(before);
	free(after);
}

/* A hierarchy made meanwhile works: it has groups, and tasks in them. */
TEST_F(boot_disable, others)
{
	const char *grp = rc_group_new(self->hier);
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!grp);
	EXPECT_EQ(0, rc_attach(grp, pid));
	EXPECT_STREQ(strrchr(grp, '/'), rc_where(pid, self->hier));
}

TEST_HARNESS_MAIN
