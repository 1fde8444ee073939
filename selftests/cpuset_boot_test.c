// SPDX-License-Identifier: GPL-2.0
/*
 * A hierarchy of cpuset that the kernel makes at boot is one that mkdir makes.
 *
 * Boot parameters: rc=cpuset
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

FIXTURE(boot)
{
	char *before;
};

/* Not rc_setup(): the hierarchy is to stay. */
FIXTURE_SETUP(boot)
{
	if (!rc_booted_with("rc=cpuset"))
		SKIP(return, "kernel booted without rc=cpuset");
	ASSERT_EQ(0, access(CS_ROOT, F_OK));
	self->before = cs_snapshot(CS_ROOT);
}

FIXTURE_TEARDOWN(boot)
{
	char *after;

	EXPECT_EQ(0, rc_end_children());
	after = cs_snapshot(CS_ROOT);
	EXPECT_STREQ(self->before, after);
	free(after);
	free(self->before);
}

/* The root has all that came up after it was made. */
TEST_F(boot, root)
{
	EXPECT_STREQ(cs_online_cpus(), cs_read(CS_ROOT, "cpus"));
	EXPECT_STREQ(cs_online_mems(), cs_read(CS_ROOT, "mems"));
	EXPECT_STREQ(cs_online_cpus(), cs_read(CS_ROOT, "effective_cpus"));
	EXPECT_STREQ(cs_online_mems(), cs_read(CS_ROOT, "effective_mems"));
	EXPECT_STREQ("/", cs_path(1));
	EXPECT_STREQ("/", cs_path(2));
}

/* Tasks older than user space are in it, and move. */
TEST_F(boot, tasks)
{
	pid_t pid = rc_sleeper(), kthread = rc_kthread(false);
	const char *all = strdup(cs_affinity(kthread));
	const char *grp = cs_new(CS_ROOT, "0", "0");

	ASSERT_TRUE(!!grp);
	ASSERT_LT(0, kthread);
	EXPECT_TRUE(rc_listed(CS_ROOT "/tasks", 1));
	EXPECT_TRUE(rc_listed(CS_ROOT "/tasks", kthread));
	EXPECT_EQ(0, cs_attach(grp, pid));
	EXPECT_EQ(0, cs_attach(grp, kthread));
	EXPECT_STREQ("0", cs_affinity(pid));
	EXPECT_STREQ("0", cs_affinity(kthread));
	EXPECT_EQ(0, cs_attach(CS_ROOT, kthread));
	EXPECT_EQ(0, cs_attach(CS_ROOT, pid));
	EXPECT_STREQ(all, cs_affinity(kthread));
	EXPECT_EQ(0, rc_rmdir(grp));
}

/* It can be removed; what mkdir puts in its place differs in nothing. */
TEST_F(boot, removed_and_made)
{
	char *after;

	EXPECT_EQ(-EEXIST, rc_mkdir(CS_ROOT));
	ASSERT_EQ(0, rc_rmdir(CS_ROOT));
	EXPECT_STREQ("/", cs_path(1));
	ASSERT_EQ(0, rc_mkdir(CS_ROOT));
	after = cs_snapshot(CS_ROOT);
	EXPECT_STREQ(self->before, after);
	free(after);
}

TEST_HARNESS_MAIN
