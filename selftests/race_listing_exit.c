// SPDX-License-Identifier: GPL-2.0
/*
 * A group is listed while tasks come into it, leave it, end in it and change
 * their namespaces in it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define STAYERS 50
#define FORKERS 3
#define READERS 3
#define UNSHARERS 3

struct shared {
	const char *grp;
	const char *other;
	long stop;
	long births;
	long visits;
	long lists;
	long malformed;
	long missed;
	pid_t stayers[STAYERS];
};

FIXTURE(race)
{
	struct shared *shared;
};

/* Bytes a reader takes at a time. */
FIXTURE_VARIANT(race)
{
	size_t piece;
};

FIXTURE_VARIANT_ADD(race, whole) { 1 << 16 };
FIXTURE_VARIANT_ADD(race, pieces) { 16 };

FIXTURE_SETUP(race)
{
	const char *hier;
	int i;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	self->shared->grp = rc_group_new(hier);
	self->shared->other = rc_group_new(hier);
	ASSERT_TRUE(self->shared->grp && self->shared->other);
	for (i = 0; i < STAYERS; i++) {
		self->shared->stayers[i] = rc_sleeper();
		ASSERT_EQ(0, rc_attach(self->shared->grp,
				       self->shared->stayers[i]));
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static int fork_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		int ret = rc_bear_in(shared->grp, shared->other, &shared->births);

		if (ret)
			return ret;
		rc_inc(&shared->visits);
	}
	return 0;
}

static int read_on(struct shared *shared, size_t piece)
{
	const char *tasks = rc_fmt("%s/tasks", shared->grp);
	char buf[1 << 14];

	while (!rc_get(&shared->stop)) {
		int fd = rc_open(tasks, O_RDONLY), nr, i, found = 0;
		int len = rc_read_fd(fd, buf, sizeof(buf), piece);
		pid_t *ids;

		close(fd);
		if (len < 0)
			return len;
		nr = rc_parse_list(buf, &ids);
		if (nr < 0)
			rc_inc(&shared->malformed);
		for (i = 0; i < nr; i++) {
			int j;

			for (j = 0; j < STAYERS; j++)
				found += ids[i] == shared->stayers[j];
		}
		if (nr >= 0 && found != STAYERS)
			rc_inc(&shared->missed);
		free(ids);
		rc_inc(&shared->lists);
	}
	return 0;
}

/* Every list is ascending, each id once, and has all that stayed. */
TEST_F_TIMEOUT(race, lists, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds() / 2.0;
	pid_t pids[FORKERS + READERS];
	int i;

	for (i = 0; i < FORKERS; i++)
		pids[i] = rc_spawn(fork_on, shared);
	for (i = FORKERS; i < FORKERS + READERS; i++) {
		pids[i] = rc_fork();
		if (!pids[i])
			_exit(-read_on(shared, variant->piece));
	}
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < FORKERS + READERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld lists, %ld births, %ld visits", shared->lists,
	       shared->births, shared->visits);
	EXPECT_LT(0, shared->lists);
	EXPECT_LT(0, shared->births);
	EXPECT_LT(0, shared->visits);
	EXPECT_EQ(0, shared->malformed);
	EXPECT_EQ(0, shared->missed);
	EXPECT_EQ(STAYERS, rc_count(rc_fmt("%s/tasks", shared->grp)));
	EXPECT_EQ(0, rc_rmdir(shared->other));
}

FIXTURE(restless)
{
	struct shared *shared;
};

FIXTURE_SETUP(restless)
{
	const char *hier;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	self->shared->grp = rc_group_new(hier);
	ASSERT_TRUE(!!self->shared->grp);
}

FIXTURE_TEARDOWN(restless)
{
	EXPECT_EQ(0, rc_teardown());
}

static int unshare_on(void *arg)
{
	struct shared *shared = arg;

	while (!unshare(CLONE_NEWUTS))
		rc_inc(&shared->visits);
	return -errno;
}

static int find_on(void *arg)
{
	struct shared *shared = arg;
	int fd = rc_open(rc_fmt("%s/tasks", shared->grp), O_RDONLY);

	if (fd < 0)
		return fd;
	while (!rc_get(&shared->stop)) {
		char buf[1 << 10];
		ssize_t len = pread(fd, buf, sizeof(buf) - 1, 0);
		int i, nr, found = 0;
		pid_t *ids;

		if (len < 0)
			return -errno;
		buf[len] = '\0';
		nr = rc_parse_list(buf, &ids);
		if (nr < 0)
			rc_inc(&shared->malformed);
		for (i = 0; i < nr; i++) {
			int j;

			for (j = 0; j < UNSHARERS; j++)
				found += ids[i] == shared->stayers[j];
		}
		if (nr >= 0 && found != UNSHARERS)
			rc_inc(&shared->missed);
		free(ids);
		rc_inc(&shared->lists);
	}
	return 0;
}

/* Who gets another proxy all the time, in the same group, is in every list. */
TEST_F_TIMEOUT(restless, lists, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t readers[READERS];
	int i;

	for (i = 0; i < UNSHARERS; i++) {
		shared->stayers[i] = rc_spawn(unshare_on, shared);
		ASSERT_EQ(0, rc_attach(shared->grp, shared->stayers[i]));
	}
	for (i = 0; i < READERS; i++)
		readers[i] = rc_spawn(find_on, shared);
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < READERS; i++)
		EXPECT_EQ(0, rc_reap(readers[i]));
	for (i = 0; i < UNSHARERS; i++)
		EXPECT_EQ(0, rc_kill(shared->stayers[i]));
	TH_LOG("%ld lists, %ld missed one, %ld unshares", shared->lists,
	       shared->missed, shared->visits);
	EXPECT_LT(0, shared->lists);
	EXPECT_LT(0, shared->visits);
	EXPECT_EQ(0, shared->malformed);
	EXPECT_EQ(0, shared->missed);
	EXPECT_EQ(0, rc_rmdir(shared->grp));
}

TEST_HARNESS_MAIN
