// SPDX-License-Identifier: GPL-2.0
/*
 * A task that is frozen by its group, by its cgroup, or by both: it goes on when both have
 * let go, and each says what is its own.
 *
 * Kernel: CGROUPS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

FIXTURE(both)
{
	const char *grp;
	char *mount;
	char *cgroup;
	long *count;
	pid_t pid;
};

static int count_on(void *arg)
{
	for (;;)
		rc_inc(arg);
	return 0;
}

FIXTURE_SETUP(both)
{
	char dir[] = "/tmp/freeze-XXXXXX";
	const char *hier;

	ASSERT_EQ(0, rc_setup());
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	self->grp = rc_group_new(hier);
	self->count = rc_shared(sizeof(*self->count));
	ASSERT_TRUE(self->grp && self->count);
	self->mount = strdup(mkdtemp(dir));
	ASSERT_EQ(0, mount("none", self->mount, "cgroup2", 0, NULL));
	self->cgroup = strdup(rc_fmt("%s/frozen", self->mount));
	ASSERT_EQ(0, mkdir(self->cgroup, 0755));
	self->pid = rc_spawn(count_on, self->count);
	ASSERT_EQ(0, rc_attach(self->grp, self->pid));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/cgroup.procs", self->cgroup),
			      rc_fmt("%d", self->pid)));
}

FIXTURE_TEARDOWN(both)
{
	EXPECT_EQ(0, rc_teardown());
	EXPECT_TRUE(RC_WAIT(!rmdir(self->cgroup)));
	EXPECT_EQ(0, umount(self->mount));
	rmdir(self->mount);
}

static int freeze_group(const char *grp, const char *text)
{
	return rc_write(rc_fmt("%s/freeze", grp), text);
}

static int freeze_cgroup(const char *cgroup, const char *text)
{
	return rc_write(rc_fmt("%s/cgroup.freeze", cgroup), text);
}

static bool group_comes_to(const char *grp, unsigned long long value)
{
	return RC_WAIT(rc_field(rc_fmt("%s/events", grp), "frozen") == value);
}

static bool cgroup_comes_to(const char *cgroup, unsigned long long value)
{
	return RC_WAIT(rc_field(rc_fmt("%s/cgroup.events", cgroup), "frozen") == value);
}

static bool runs(const long *count)
{
	long was = rc_get(count);

	return RC_WAIT(rc_get(count) != was);
}

static bool stands(const long *count)
{
	long was = rc_get(count);
	int i;

	for (i = 0; i < 20; i++)
		rc_nap();
	return rc_get(count) == was;
}

/* The group first, and first to let go. */
TEST_F(both, group_first)
{
	ASSERT_EQ(0, freeze_group(self->grp, "1"));
	ASSERT_TRUE(group_comes_to(self->grp, 1));
	EXPECT_TRUE(cgroup_comes_to(self->cgroup, 0));
	ASSERT_EQ(0, freeze_cgroup(self->cgroup, "1"));
	EXPECT_TRUE(cgroup_comes_to(self->cgroup, 1));
	ASSERT_EQ(0, freeze_group(self->grp, "0"));
	EXPECT_TRUE(group_comes_to(self->grp, 0));
	EXPECT_TRUE(stands(self->count));
	EXPECT_TRUE(cgroup_comes_to(self->cgroup, 1));
	ASSERT_EQ(0, freeze_cgroup(self->cgroup, "0"));
	EXPECT_TRUE(runs(self->count));
}

/* The cgroup first, and first to let go. */
TEST_F(both, cgroup_first)
{
	ASSERT_EQ(0, freeze_cgroup(self->cgroup, "1"));
	ASSERT_TRUE(cgroup_comes_to(self->cgroup, 1));
	ASSERT_EQ(0, freeze_group(self->grp, "1"));
	EXPECT_TRUE(group_comes_to(self->grp, 1));
	ASSERT_EQ(0, freeze_cgroup(self->cgroup, "0"));
	EXPECT_TRUE(cgroup_comes_to(self->cgroup, 0));
	EXPECT_TRUE(stands(self->count));
	EXPECT_TRUE(group_comes_to(self->grp, 1));
	ASSERT_EQ(0, freeze_group(self->grp, "0"));
	EXPECT_TRUE(runs(self->count));
}

/* To and fro, and at the end it runs, or dies. */
TEST_F(both, to_and_fro)
{
	int i;

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, freeze_group(self->grp, i & 1 ? "1" : "0"));
		ASSERT_EQ(0, freeze_cgroup(self->cgroup, i & 2 ? "1" : "0"));
	}
	ASSERT_EQ(0, freeze_group(self->grp, "1"));
	ASSERT_EQ(0, freeze_cgroup(self->cgroup, "1"));
	ASSERT_TRUE(group_comes_to(self->grp, 1));
	ASSERT_TRUE(cgroup_comes_to(self->cgroup, 1));
	ASSERT_EQ(0, freeze_group(self->grp, "0"));
	ASSERT_EQ(0, freeze_cgroup(self->cgroup, "0"));
	EXPECT_TRUE(runs(self->count));
	ASSERT_EQ(0, freeze_group(self->grp, "1"));
	ASSERT_EQ(0, freeze_cgroup(self->cgroup, "1"));
	ASSERT_TRUE(group_comes_to(self->grp, 1));
	EXPECT_EQ(0, rc_write(rc_fmt("%s/kill", self->grp), "1"));
	EXPECT_EQ(-1000 - SIGKILL, rc_reap(self->pid));
	ASSERT_EQ(0, freeze_group(self->grp, "0"));
	ASSERT_EQ(0, freeze_cgroup(self->cgroup, "0"));
}

TEST_HARNESS_MAIN
