// SPDX-License-Identifier: GPL-2.0
/* chmod and chown while others look, in two mounts of proc: nothing is lost. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define MOUNTS 2
#define SETTERS 2
#define LOOKERS 4

struct shared {
	/* The same group, as each mount calls it. */
	const char *grp[MOUNTS];
	long stop;
	long set;
	long looks;
	long lost;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	const char *hier, *grp;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	self->shared->grp[0] = grp;
	self->shared->grp[1] = rc_in_new_mount(grp);
	ASSERT_TRUE(!!self->shared->grp[1]);
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* A file for each setter, and the directory for the last one. */
static const char *object(struct shared *shared, unsigned int turn, int setter)
{
	static const char * const names[SETTERS + 1] = {
		"/tasks", "/notify_on_release", "",
	};

	return rc_fmt("%s%s", shared->grp[turn % MOUNTS], names[setter]);
}

static bool holds(struct shared *shared, unsigned int turn, int setter,
		  mode_t mode, uid_t uid)
{
	struct stat st;

	return !stat(object(shared, turn, setter), &st) &&
	       (st.st_mode & 07777) == mode && st.st_uid == uid &&
	       st.st_gid == uid + 1;
}

/* What it has set stays, since nobody else sets it. */
static int set_on(struct shared *shared, int setter)
{
	unsigned int turn;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		mode_t mode = turn % 0777 | 0400;
		uid_t uid = RC_USER + turn % 7;
		int i;

		if (chown(object(shared, turn, setter), uid, uid + 1) ||
		    chmod(object(shared, turn / 2, setter), mode))
			return -errno;
		for (i = 0; i < 2 * MOUNTS; i++)
			if (!holds(shared, i, setter, mode, uid)) {
				rc_inc(&shared->lost);
				break;
			}
		rc_inc(&shared->set);
	}
	return 0;
}

static int look_on(struct shared *shared)
{
	unsigned int turn;
	struct stat st;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		if (stat(object(shared, turn, turn / 2 % (SETTERS + 1)), &st))
			return -errno;
		rc_inc(&shared->looks);
	}
	return 0;
}

/* Mode and owner are what was set last, whoever looks meanwhile. */
TEST_F_TIMEOUT(race, nothing_lost, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[SETTERS + 1 + LOOKERS];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = rc_fork();
		if (!pids[i])
			_exit(-(i <= SETTERS ? set_on(shared, i) :
					       look_on(shared)));
	}
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld set, %ld looks, %ld lost", shared->set, shared->looks,
	       shared->lost);
	EXPECT_LT(0, shared->set);
	EXPECT_LT(0, shared->looks);
	EXPECT_EQ(0, shared->lost);
}

TEST_HARNESS_MAIN
