// SPDX-License-Identifier: GPL-2.0
/* Cgroups and groups want cpusets at the same time: never have both. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"
#include "provider_util.h"
#include "rc_util.h"

#define HIER RC_ROOT "/cpuset"

/*
 * @groups, @cgroups: how often each had sets, and how often it was refused
 * @has: those that have sets at the moment; 1 groups, 2 cgroups
 */
struct shared {
	const char *root;
	const char *cgrp;
	long stop;
	long groups;
	long groups_busy;
	long cgroups;
	long cgroups_busy;
	long has;
	long both;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	if (pr_lacks())
		SKIP(return, "%s", pr_lacks());
	ASSERT_EQ(0, cs_setup_unbound());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->root = pr_mount();
	ASSERT_TRUE(!!self->shared->root);
	self->shared->cgrp = strdup(rc_fmt("%s/race", self->shared->root));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, pr_umount(self->shared->root));
	EXPECT_EQ(0, cs_teardown());
}

static void enter(struct shared *shared, long who)
{
	if (__atomic_fetch_or(&shared->has, who, __ATOMIC_SEQ_CST) & ~who)
		rc_inc(&shared->both);
}

static void leave(struct shared *shared, long who)
{
	__atomic_fetch_and(&shared->has, ~who, __ATOMIC_SEQ_CST);
}

static int groups(void *arg)
{
	struct shared *shared = arg;
	int ret;

	while (!rc_get(&shared->stop)) {
		ret = rc_mkdir(HIER);
		if (ret == -EBUSY) {
			rc_inc(&shared->groups_busy);
			continue;
		}
		if (ret)
			return 1;
		enter(shared, 1);
		ret = rc_mkdir(HIER "/a") ?: cs_write(HIER "/a", "cpus", "0");
		if (ret || rc_rmdir(HIER "/a"))
			return 2;
		leave(shared, 1);
		if (rc_rmdir(HIER))
			return 3;
		rc_inc(&shared->groups);
	}
	return 0;
}

/* Alternately with its child, as the controller counts as had only with one. */
static int cgroups(void *arg)
{
	struct shared *shared = arg;
	int ret;

	while (!rc_get(&shared->stop)) {
		ret = pr_enable(shared->root, true);
		if (ret == -EINVAL) {
			rc_inc(&shared->cgroups_busy);
			continue;
		}
		if (ret || rc_mkdir(shared->cgrp))
			return 1;
		/* Groups can have taken it between these two. */
		if (!rc_write(rc_fmt("%s/cpuset.cpus", shared->cgrp), "0")) {
			enter(shared, 2);
			rc_inc(&shared->cgroups);
			leave(shared, 2);
		}
		if (rc_rmdir(shared->cgrp))
			return 2;
		ret = pr_enable(shared->root, false);
		if (ret && ret != -EINVAL)
			return 3;
	}
	return 0;
}

/* A CPU goes and comes, of which who has the controller is told. */
static int hotplug(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		if (cs_online_cpu(1, false) || cs_online_cpu(1, true))
			return 1;
	}
	return 0;
}

/* What either has he has alone, while CPUs come and go; both have their turns. */
TEST_F(race, one_at_a_time)
{
	struct shared *shared = self->shared;
	pid_t pids[3];
	double until;
	int i;

	pids[0] = rc_spawn(groups, shared);
	pids[1] = rc_spawn(cgroups, shared);
	pids[2] = rc_spawn(hotplug, shared);
	for (i = 0; i < 3; i++)
		ASSERT_LT(0, pids[i]);
	until = rc_now() + rc_race_seconds();
	EXPECT_TRUE(RC_WAIT(rc_now() > until && rc_get(&shared->groups) &&
			    rc_get(&shared->cgroups)));
	rc_set(&shared->stop, 1);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	EXPECT_EQ(0, shared->both);
	EXPECT_LT(0, shared->groups);
	EXPECT_LT(0, shared->cgroups);
	EXPECT_TRUE(pr_offers(shared->root));
	TH_LOG("groups %ld (%ld busy), cgroups %ld (%ld refused)", shared->groups,
	       shared->groups_busy, shared->cgroups, shared->cgroups_busy);
}

TEST_HARNESS_MAIN
