// SPDX-License-Identifier: GPL-2.0
/* Groups are entered, removed and made again under the same names. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define GROUPS 3
#define ENTERERS 3
#define MAKERS 2

enum { DONE, REFUSED, ODD };

struct shared {
	const char *hier;
	const char *grp[GROUPS];
	long stop;
	long enter[3];
	long mkdir[3];
	long rmdir[3];
	/* A member whose group was gone, not there, or could be removed. */
	long broken;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	int i;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->hier = rc_hier_new();
	ASSERT_TRUE(!!self->shared->hier);
	for (i = 0; i < GROUPS; i++) {
		self->shared->grp[i] = rc_group_new(self->shared->hier);
		ASSERT_TRUE(!!self->shared->grp[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static void note(long *counts, int ret, int refusal, int other)
{
	if (!ret)
		rc_inc(&counts[DONE]);
	else if (ret == refusal || ret == other)
		rc_inc(&counts[REFUSED]);
	else
		rc_inc(&counts[ODD]);
}

static int enter_on(void *arg)
{
	struct shared *shared = arg;
	pid_t pid = getpid();
	unsigned int turn;

	for (turn = pid; !rc_get(&shared->stop); turn++) {
		const char *grp = shared->grp[turn % GROUPS];
		int ret = rc_attach(grp, pid);

		note(shared->enter, ret, -ENOENT, -ENODEV);
		if (ret)
			continue;
		/* Who is in keeps the group from being removed. */
		if (rc_rmdir(grp) != -EBUSY ||
		    strcmp(grp + strlen(shared->hier),
			   rc_where(pid, shared->hier)) ||
		    !rc_listed(rc_fmt("%s/tasks", grp), pid))
			rc_inc(&shared->broken);
		ret = rc_attach(shared->hier, pid);
		if (ret)
			return ret;
	}
	return 0;
}

static int remake_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int turn;

	for (turn = getpid(); !rc_get(&shared->stop); turn++) {
		const char *grp = shared->grp[turn % GROUPS];

		note(shared->rmdir, rc_rmdir(grp), -EBUSY, -ENOENT);
		note(shared->mkdir, rc_mkdir(grp), -EEXIST, -EEXIST);
	}
	return 0;
}

/* Members are never without their group, and errors are the promised ones. */
TEST_F_TIMEOUT(race, same_names, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[ENTERERS + MAKERS];
	int i;

	for (i = 0; i < ENTERERS; i++)
		pids[i] = rc_spawn(enter_on, shared);
	for (i = ENTERERS; i < ENTERERS + MAKERS; i++)
		pids[i] = rc_spawn(remake_on, shared);
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < ENTERERS + MAKERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("done/refused: %ld/%ld attaches, %ld/%ld mkdirs, %ld/%ld rmdirs",
	       shared->enter[DONE], shared->enter[REFUSED],
	       shared->mkdir[DONE], shared->mkdir[REFUSED],
	       shared->rmdir[DONE], shared->rmdir[REFUSED]);
	EXPECT_LT(0, shared->enter[DONE]);
	EXPECT_LT(0, shared->mkdir[DONE]);
	EXPECT_LT(0, shared->rmdir[DONE]);
	EXPECT_EQ(0, shared->enter[ODD]);
	EXPECT_EQ(0, shared->mkdir[ODD]);
	EXPECT_EQ(0, shared->rmdir[ODD]);
	EXPECT_EQ(0, shared->broken);
	for (i = 0; i < GROUPS; i++) {
		int ret = rc_rmdir(shared->grp[i]);

		EXPECT_TRUE(!ret || ret == -ENOENT);
	}
}

TEST_HARNESS_MAIN
