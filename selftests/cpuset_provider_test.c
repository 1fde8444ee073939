// SPDX-License-Identifier: GPL-2.0
/*
 * Cpusets of groups beside those of cgroup v2: one of the two has the controller, the
 * other comes when the first has none but the top.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"
#include "provider_util.h"
#include "rc_util.h"
#include "start_util.h"

#define HIER RC_ROOT "/cpuset"

/*
 * @cgroups: where cgroup v2 is mounted
 * @cgrp: a cgroup that a test can make
 */
FIXTURE(provider)
{
	const char *cgroups;
	const char *cgrp;
};

FIXTURE_SETUP(provider)
{
	if (pr_lacks())
		SKIP(return, "%s", pr_lacks());
	if (cs_nr_cpus() < 4)
		SKIP(return, "it takes four CPUs");
	ASSERT_EQ(0, cs_setup_unbound());
	self->cgroups = pr_mount();
	ASSERT_TRUE(!!self->cgroups);
	self->cgrp = strdup(rc_fmt("%s/provider", self->cgroups));
	ASSERT_TRUE(pr_offers(self->cgroups));
}

FIXTURE_TEARDOWN(provider)
{
	EXPECT_EQ(0, rc_end_children());
	if (!access(HIER, F_OK)) {
		rc_rmdir(HIER "/a");
		EXPECT_EQ(0, rc_rmdir(HIER));
	}
	if (!access(self->cgrp, F_OK))
		EXPECT_TRUE(RC_WAIT(rc_rmdir(self->cgrp) != -EBUSY));
	if (pr_offers(self->cgroups))
		EXPECT_EQ(0, pr_enable(self->cgroups, false));
	EXPECT_EQ(0, pr_umount(self->cgroups));
	EXPECT_EQ(0, cs_teardown());
}

/* Cgroup has a set, which is no root. */
static int make_cgroup(const char *root, const char *cgrp, const char *cpus)
{
	int ret = pr_enable(root, true);

	ret = ret ?: rc_mkdir(cgrp);
	return ret ?: rc_write(rc_fmt("%s/cpuset.cpus", cgrp), cpus);
}

static int enter(const char *cgrp, pid_t pid)
{
	return rc_write(rc_fmt("%s/cgroup.procs", cgrp), rc_fmt("%d", pid));
}

static bool log_says(const char *text)
{
	int size = klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
	char *log = calloc(1, size + 1);
	bool ret = log && klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, size) > 0 &&
		   strstr(log, text);

	free(log);
	return ret;
}

/* A hierarchy takes the controller from cgroup, and gives it back when it ends. */
TEST_F(provider, taken_and_given_back)
{
	int round;

	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, rc_mkdir(HIER));
		EXPECT_FALSE(pr_offers(self->cgroups));
		EXPECT_EQ(-EINVAL, pr_enable(self->cgroups, true));
		EXPECT_TRUE(pr_enabled());
		ASSERT_EQ(0, rc_rmdir(HIER));
		EXPECT_TRUE(pr_offers(self->cgroups));
		ASSERT_EQ(0, make_cgroup(self->cgroups, self->cgrp, "1"));
		EXPECT_FALSE(pr_enabled());
		ASSERT_TRUE(RC_WAIT(rc_rmdir(self->cgrp) != -EBUSY));
		ASSERT_EQ(0, pr_enable(self->cgroups, false));
		EXPECT_TRUE(pr_enabled());
	}
}

/* So does one that is given it, and gives it up, by its file; failing changes nothing. */
TEST_F(provider, by_rebinding)
{
	const char *hier = rc_hier_new(), *file;

	ASSERT_TRUE(!!hier);
	file = strdup(rc_fmt("%s/subsystems", hier));
	ASSERT_EQ(0, rc_write(file, "cpuset"));
	EXPECT_FALSE(pr_offers(self->cgroups));
	/* Again, and with another; then it is not bound to a second one. */
	ASSERT_EQ(0, rc_write(file, "cpuset"));
	ASSERT_EQ(0, rc_write(file, "cpuacct,cpuset"));
	EXPECT_EQ(-EBUSY, rc_mkdir(HIER));
	ASSERT_EQ(-ENOENT, rc_write(file, "cpuset,nobody"));
	EXPECT_FALSE(pr_offers(self->cgroups));
	ASSERT_EQ(0, rc_write(file, "cpuacct"));
	EXPECT_TRUE(pr_offers(self->cgroups));

	ASSERT_EQ(0, make_cgroup(self->cgroups, self->cgrp, "1"));
	EXPECT_EQ(-EBUSY, rc_write(file, "cpuset,cpuacct"));
	EXPECT_STREQ("cpuacct\n", rc_text(file));
	EXPECT_EQ(0, access(rc_fmt("%s/cpuacct.usage", hier), F_OK));
	EXPECT_NE(0, access(rc_fmt("%s/cpus", hier), F_OK));
}

/* "mount -t cpuset" takes it too, and leaves it to the hierarchy that it made. */
TEST_F(provider, by_mount)
{
	char dir[] = "/tmp/provider_fs_XXXXXX", more[] = "/tmp/provider_fs_XXXXXX";

	ASSERT_TRUE(mkdtemp(dir) && mkdtemp(more));
	ASSERT_EQ(0, make_cgroup(self->cgroups, self->cgrp, "1"));
	EXPECT_NE(0, mount("cpuset", dir, "cpuset", 0, NULL));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_NE(0, access(HIER, F_OK));
	ASSERT_TRUE(RC_WAIT(rc_rmdir(self->cgrp) != -EBUSY));
	ASSERT_EQ(0, pr_enable(self->cgroups, false));
	ASSERT_EQ(0, mount("cpuset", dir, "cpuset", 0, NULL));
	EXPECT_FALSE(pr_offers(self->cgroups));
	/* One mount more has no claim of its own. */
	ASSERT_EQ(0, mount("cpuset", more, "cpuset", 0, NULL));
	ASSERT_EQ(0, umount(more));
	ASSERT_EQ(0, umount(dir));
	EXPECT_FALSE(pr_offers(self->cgroups));
	ASSERT_EQ(0, rc_rmdir(HIER));
	EXPECT_TRUE(pr_offers(self->cgroups));
	EXPECT_EQ(0, rmdir(dir) ?: rmdir(more));
}

/* While a cgroup has a set it is busy; who asks for it is told which cgroup that is. */
TEST_F(provider, busy_with_a_name)
{
	ASSERT_EQ(0, make_cgroup(self->cgroups, self->cgrp, "1-2"));
	EXPECT_EQ(-EBUSY, rc_mkdir(HIER));
	EXPECT_NE(0, access(HIER, F_OK));
	EXPECT_TRUE(log_says("rc: cpuset: cgroup has it: /provider"));
	EXPECT_TRUE(!!strstr(rc_text(RC_ROOT "/errors"),
			     "\tmkdir cpuset: cgroup has cpuset: /provider\n"));
	EXPECT_STREQ("1-2\n", rc_text(rc_fmt("%s/cpuset.cpus", self->cgrp)));
	/* Other hierarchies are as ever. */
	ASSERT_TRUE(!!rc_hier_new());
}

/* A cgroup without a set is none that has it, and gets none while groups have them. */
TEST_F(provider, cgroups_without_sets)
{
	ASSERT_EQ(0, rc_mkdir(self->cgrp));
	ASSERT_EQ(0, rc_mkdir(HIER));
	EXPECT_NE(0, access(rc_fmt("%s/cpuset.cpus", self->cgrp), F_OK));
	EXPECT_EQ(-EINVAL, pr_enable(self->cgroups, true));
	ASSERT_TRUE(RC_WAIT(rc_rmdir(self->cgrp) != -EBUSY));
	/* One that is made now neither, though it was enabled before, for nobody. */
	ASSERT_EQ(0, rc_rmdir(HIER));
	ASSERT_EQ(0, pr_enable(self->cgroups, true));
	ASSERT_EQ(0, rc_mkdir(HIER));
	ASSERT_EQ(0, rc_mkdir(self->cgrp));
	EXPECT_NE(0, access(rc_fmt("%s/cpuset.cpus", self->cgrp), F_OK));
}

static bool to_be_had(const char *root)
{
	return !!strstr(rc_text(rc_fmt("%s/cgroup.subtree_control", root)), "cpuset");
}

/* Cgroups that were to have it have it again, also where groups were refused it. */
TEST_F(provider, enabled_as_before)
{
	const char *hier = rc_hier_new();

	ASSERT_TRUE(hier && rc_group_new(hier));
	ASSERT_EQ(0, pr_enable(self->cgroups, true));
	/* It has groups. */
	EXPECT_EQ(-EBUSY, rc_write(rc_fmt("%s/subsystems", hier), "cpuset"));
	EXPECT_TRUE(to_be_had(self->cgroups));
	ASSERT_EQ(0, rc_mkdir(HIER));
	EXPECT_FALSE(to_be_had(self->cgroups));
	ASSERT_EQ(0, rc_mkdir(self->cgrp));
	ASSERT_EQ(0, rc_rmdir(HIER));
	EXPECT_TRUE(to_be_had(self->cgroups));
	EXPECT_EQ(0, rc_write(rc_fmt("%s/cpuset.cpus", self->cgrp), "1"));
}

static int start_from(void *arg)
{
	const char **where = arg;
	int i, ret = enter(where[0], 0);

	for (i = 0; i < 20 && !ret; i++) {
		pid_t pid = start_sleeper(where[1], O_RDONLY, 0);

		if (pid < 0)
			return pid;
		ret = strcmp(cs_cpus_allowed(pid), "1") ? -EPROTO : 0;
		ret = rc_kill(pid) ?: ret;
	}
	return ret;
}

/* A birth that groups are told of leaves the child what its cgroup has. */
TEST_F(provider, births)
{
	const char *hier = rc_hier_new(), *where[2] = { self->cgrp };

	ASSERT_TRUE(!!hier);
	where[1] = rc_group_new(hier);
	ASSERT_TRUE(!!where[1]);
	ASSERT_EQ(0, make_cgroup(self->cgroups, self->cgrp, "1"));
	EXPECT_EQ(0, rc_run(start_from, where));
}

/* What programs look for in /proc is what it is without groups. */
TEST_F(provider, nothing_else_shows_it)
{
	char *line = strdup(pr_line("/proc/cgroups"));
	char *mine = rc_text("/proc/self/cgroup");

	ASSERT_TRUE(line && mine);
	ASSERT_EQ(0, rc_mkdir(HIER));
	EXPECT_STREQ(line, pr_line("/proc/cgroups"));
	EXPECT_STREQ(mine, rc_text("/proc/self/cgroup"));
}

/* Each binds tasks while it has the controller, and lets go of them with it. */
TEST_F(provider, each_binds)
{
	pid_t pid = rc_spinner();
	char *all;

	ASSERT_LT(0, pid);
	all = strdup(cs_cpus_allowed(pid));
	ASSERT_EQ(0, rc_mkdir(HIER));
	ASSERT_EQ(0, rc_mkdir(HIER "/a"));
	ASSERT_EQ(0, cs_write(HIER "/a", "cpus", "2"));
	ASSERT_EQ(0, cs_write(HIER "/a", "mems", "0"));
	ASSERT_EQ(0, rc_attach(HIER "/a", pid));
	EXPECT_STREQ("2", cs_cpus_allowed(pid));
	EXPECT_TRUE(cs_stays_on(pid, "2", 20));
	EXPECT_STREQ("/a", cs_path(pid));
	ASSERT_EQ(0, rc_attach(HIER, pid));
	EXPECT_STREQ(all, cs_cpus_allowed(pid));
	ASSERT_EQ(0, rc_rmdir(HIER "/a"));
	ASSERT_EQ(0, rc_rmdir(HIER));

	ASSERT_EQ(0, make_cgroup(self->cgroups, self->cgrp, "1"));
	ASSERT_EQ(0, enter(self->cgrp, pid));
	EXPECT_STREQ("1", cs_cpus_allowed(pid));
	EXPECT_TRUE(cs_stays_on(pid, "1", 20));
	EXPECT_STREQ("/provider", cs_path(pid));
	ASSERT_EQ(0, enter(self->cgroups, pid));
	EXPECT_STREQ(all, cs_cpus_allowed(pid));
	EXPECT_STREQ("/", cs_path(pid));
}

/* A CPU that goes while one has the controller is gone for the other too, and back. */
TEST_F(provider, hotplug_between)
{
	char *file = strdup(rc_fmt("%s/cpuset.cpus.effective", self->cgroups));
	char *all = rc_text(file);
	char *before;

	ASSERT_TRUE(!!all);
	ASSERT_EQ(0, rc_mkdir(HIER));
	before = strdup(cs_read(HIER, "cpus"));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_FALSE(cs_has(cs_read(HIER, "cpus"), 3));
	ASSERT_EQ(0, rc_rmdir(HIER));
	EXPECT_FALSE(cs_has(rc_text(file), 3));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_STREQ(all, rc_text(file));
	ASSERT_EQ(0, rc_mkdir(HIER));
	EXPECT_STREQ(before, cs_read(HIER, "cpus"));
}

/* The scheduler's domains are those of who has it: split by groups, whole again. */
TEST_F(provider, domains)
{
	char *whole, *split;

	ASSERT_EQ(0, cs_show_domains(true));
	whole = strdup(cs_domains());
	ASSERT_EQ(0, rc_mkdir(HIER));
	EXPECT_STREQ(whole, cs_domains());
	ASSERT_EQ(0, rc_mkdir(HIER "/a"));
	ASSERT_EQ(0, cs_write(HIER "/a", "cpus", "0-1"));
	ASSERT_EQ(0, cs_write(HIER, "sched_load_balance", "0"));
	split = strdup(cs_domains());
	EXPECT_STRNE(whole, split);
	ASSERT_EQ(0, rc_rmdir(HIER "/a"));
	ASSERT_EQ(0, rc_rmdir(HIER));
	EXPECT_STREQ(whole, cs_domains());
	EXPECT_EQ(0, cs_show_domains(false));
}

TEST_HARNESS_MAIN
