// SPDX-License-Identifier: GPL-2.0
/* Groups of the cpu controller beside cgroups and autogroups. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpu_util.h"
#include "rc_util.h"

/*
 * @mnt: where cgroups are
 * @cgrp: two of them
 */
FIXTURE(cgroup)
{
	const char *hier;
	const char *grp;
	char mnt[32];
	const char *cgrp[2];
};

FIXTURE_VARIANT(cgroup)
{
	const char *type;
	const char *options;
};

/* In this order: a hierarchy of v1 keeps its controllers for as long as it is remembered. */
FIXTURE_VARIANT_ADD(cgroup, v2) { "cgroup2", "" };
FIXTURE_VARIANT_ADD(cgroup, v1) { "cgroup", "cpu" };

FIXTURE_SETUP(cgroup)
{
	if (!rc_has_subsys("cpu"))
		SKIP(return, "kernel without CONFIG_RC_CPU");
	if (access("/proc/cgroups", F_OK))
		SKIP(return, "kernel without cgroups");
	ASSERT_TRUE(cpu_can_tell());
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_bound_new("cpu");
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	snprintf(self->mnt, sizeof(self->mnt), "/tmp/cpu_cgroup_XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->mnt));
	/* EBUSY until v2 has let go of those of the test before. */
	ASSERT_TRUE(RC_WAIT(!mount("cgroup", self->mnt, variant->type, 0, variant->options) ||
			    errno != EBUSY));
	if (!*variant->options)
		ASSERT_EQ(0, rc_write(rc_fmt("%s/cgroup.subtree_control", self->mnt),
				      "+cpu"));
	for (int i = 0; i < 2; i++) {
		self->cgrp[i] = strdup(rc_fmt("%s/cpu_cgroup_%d", self->mnt, i));
		ASSERT_EQ(0, rc_mkdir(self->cgrp[i]));
	}
}

/* The cgroups' tasks have ended by then; that they have is known a moment later. */
FIXTURE_TEARDOWN(cgroup)
{
	EXPECT_EQ(0, rc_end_children());
	for (int i = 0; i < 2; i++)
		EXPECT_TRUE(RC_WAIT(rc_rmdir(self->cgrp[i]) != -EBUSY));
	if (!*variant->options)
		EXPECT_EQ(0, rc_write(rc_fmt("%s/cgroup.subtree_control", self->mnt),
				      "-cpu"));
	EXPECT_EQ(0, umount(self->mnt));
	EXPECT_EQ(0, rmdir(self->mnt));
	EXPECT_EQ(0, rc_teardown());
}

static int enter(const char *cgrp, pid_t pid)
{
	return rc_write(rc_fmt("%s/cgroup.procs", cgrp), rc_fmt("%d", pid));
}

/* As the scheduler has it. */
static const char *name_of(const char *cgrp)
{
	return strrchr(cgrp, '/');
}

/* In a group a task is scheduled there, whatever its cgroup; in the root, as without. */
TEST_F(cgroup, instead_of_cgroup)
{
	pid_t pid = rc_sleeper();

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, enter(self->cgrp[0], pid));
	EXPECT_STREQ(name_of(self->cgrp[0]), cpu_place(pid));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_STREQ(self->grp, cpu_place(pid));
	ASSERT_EQ(0, enter(self->cgrp[1], pid));
	EXPECT_STREQ(self->grp, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_STREQ(name_of(self->cgrp[1]), cpu_place(pid));
}

static int limit(const char *cgrp, const char *type)
{
	if (strcmp(type, "cgroup2"))
		return cpu_write(cgrp, "cpu.cfs_period_us", "1000000") ?:
		       cpu_write(cgrp, "cpu.cfs_quota_us", "1000");
	return cpu_write(cgrp, "cpu.max", "1000 1000000");
}

static bool throttled(const char *cgrp)
{
	return rc_field(rc_fmt("%s/cpu.stat", cgrp), "nr_throttled") >= 1;
}

/* The cgroup's limit holds no more, and holds again for who has come back. */
TEST_F(cgroup, out_of_its_limit)
{
	long long used;
	pid_t pid;

	ASSERT_EQ(0, limit(self->cgrp[0], variant->type));
	pid = cpu_hog(self->hier, -1);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, enter(self->cgrp[0], pid));
	ASSERT_TRUE(RC_WAIT(throttled(self->cgrp[0])));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	used = cpu_time(pid);
	EXPECT_TRUE(RC_WAIT(cpu_time(pid) > used + 300000));

	ASSERT_EQ(0, rc_attach(self->hier, pid));
	ASSERT_EQ(0, enter(self->mnt, pid));
	ASSERT_EQ(0, limit(self->cgrp[1], variant->type));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	ASSERT_EQ(0, enter(self->cgrp[1], pid));
	EXPECT_FALSE(throttled(self->cgrp[1]));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_TRUE(RC_WAIT(throttled(self->cgrp[1])));
}

/* A child is born where its parent is scheduled, and in its parent's cgroup. */
TEST_F(cgroup, born)
{
	pid_t pid;

	ASSERT_EQ(0, enter(self->cgrp[0], getpid()));
	ASSERT_EQ(0, rc_attach(self->grp, 0));
	pid = rc_sleeper();
	ASSERT_LT(0, pid);
	EXPECT_STREQ(self->grp, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	ASSERT_EQ(0, enter(self->mnt, getpid()));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_STREQ(name_of(self->cgrp[0]), cpu_place(pid));
}

/* Groups and cgroups that are top ones share by weight. */
TEST_F(cgroup, beside_cgroups)
{
	struct cpu_part parts[] = {
		{ self->grp, 100.0 * 20 / 120 }, { self->hier, 100.0 * 100 / 120 },
	};

	ASSERT_EQ(0, cpu_write(self->grp, "cpu.weight", "20"));
	ASSERT_EQ(0, cpu_hog_parts(parts, 2));
	ASSERT_EQ(0, enter(self->cgrp[0], parts[1].pid));
	cpu_start_parts(parts, 2);
	CPU_EXPECT_PARTS(parts);
}

/* Quotas of groups need not fit, those of cgroup v1 have to, and neither minds the other. */
TEST_F(cgroup, larger_quota_below)
{
	const char *sub = rc_group_new(self->grp);
	bool v1 = !strcmp(variant->type, "cgroup");

	ASSERT_TRUE(!!sub);
	EXPECT_EQ(0, cpu_write(self->grp, "cpu.max", "10000 100000"));
	EXPECT_EQ(0, cpu_write(sub, "cpu.max", "80000 100000"));
	if (v1) {
		char *below = strdup(rc_fmt("%s/sub", self->cgrp[0]));

		ASSERT_EQ(0, rc_mkdir(below));
		EXPECT_EQ(0, cpu_write(self->cgrp[0], "cpu.cfs_quota_us", "10000"));
		EXPECT_EQ(-EINVAL, cpu_write(below, "cpu.cfs_quota_us", "80000"));
		EXPECT_EQ(0, cpu_write(below, "cpu.cfs_quota_us", "5000"));
		EXPECT_EQ(0, rc_rmdir(below));
	}
}

static int lead_a_session(void *arg)
{
	if (setsid() < 0)
		return -errno;
	rc_set(arg, 1);
	while (pause())
		;
	return 0;
}

/* The same for the autogroup of a session. */
TEST(autogroup)
{
	const char *hier, *grp, *before;
	long *ready;
	pid_t pid;

	if (!rc_has_subsys("cpu"))
		SKIP(return, "kernel without CONFIG_RC_CPU");
	if (access("/proc/sys/kernel/sched_autogroup_enabled", F_OK))
		SKIP(return, "kernel without CONFIG_SCHED_AUTOGROUP");
	ASSERT_EQ(0, rc_setup());
	hier = rc_bound_new("cpu");
	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ready = rc_shared(sizeof(*ready));
	ASSERT_TRUE(grp && ready);
	pid = rc_spawn(lead_a_session, ready);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(RC_WAIT(rc_get(ready)));
	before = strdup(cpu_place(pid));
	EXPECT_EQ(0, strncmp("/autogroup-", before, 11)) {
		TH_LOG("%s", before);
	}
	ASSERT_EQ(0, rc_attach(grp, pid));
	EXPECT_STREQ(grp, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(hier, pid));
	EXPECT_STREQ(before, cpu_place(pid));
	EXPECT_EQ(0, rc_teardown());
}

TEST_HARNESS_MAIN
