// SPDX-License-Identifier: GPL-2.0
/*
 * Children that are born while their parent is moved between a set and the root
 * have what their group has, and so have their own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

struct shared {
	const char *hier;
	const char *grp;
	char cpus[64];
	char mems[64];
	long stop;
	long births;
	long in_root;
	long wrong;
};

FIXTURE(births)
{
	struct shared *shared;
};

FIXTURE_SETUP(births)
{
	struct shared *shared = rc_shared(sizeof(*shared));

	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->hier = CS_SETUP(return);
	shared->grp = cs_new(shared->hier, "1", "0");
	ASSERT_TRUE(!!shared->grp);
	/* What a task has that was moved to the root. */
	ASSERT_EQ(0, cs_attach(shared->grp, 0));
	ASSERT_EQ(0, cs_attach(shared->hier, 0));
	snprintf(shared->cpus, sizeof(shared->cpus), "%s",
		 cs_cpus_allowed(getpid()));
	snprintf(shared->mems, sizeof(shared->mems), "%s",
		 cs_mems_allowed(getpid()));
	ASSERT_STRNE("1", shared->cpus);
}

FIXTURE_TEARDOWN(births)
{
	EXPECT_EQ(0, cs_teardown());
}

/* Nobody moves the child itself: it has what its group has from the start. */
static void child(struct shared *shared)
{
	bool root = !strcmp(cs_path(getpid()), "/");
	const char *cpus = root ? shared->cpus : "1";
	const char *mems = root ? shared->mems : "0";

	rc_inc(&shared->births);
	if (root)
		rc_inc(&shared->in_root);
	if (strcmp(cs_cpus_allowed(getpid()), cpus) ||
	    strcmp(cs_mems_allowed(getpid()), mems))
		rc_inc(&shared->wrong);
	_exit(0);
}

static int parent(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		pid_t pid = fork();

		if (!pid)
			child(shared);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return -errno;
	}
	return 0;
}

TEST_F_TIMEOUT(births, to_and_fro, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pid = rc_spawn(parent, shared);
	long moves = 0;

	ASSERT_LT(0, pid);
	while (rc_now() < until) {
		ASSERT_EQ(0, cs_attach(shared->grp, pid));
		ASSERT_EQ(0, cs_attach(shared->hier, pid));
		moves += 2;
	}
	rc_set(&shared->stop, 1);
	EXPECT_EQ(0, rc_reap(pid));
	TH_LOG("%ld moves, %ld births, %ld of them in the root", moves,
	       shared->births, shared->in_root);
	EXPECT_LT(0, shared->in_root);
	EXPECT_EQ(0, shared->wrong);
}

TEST_HARNESS_MAIN
