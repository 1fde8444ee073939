// SPDX-License-Identifier: GPL-2.0
/* Tasks are moved while they fork, start threads and exit. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define GROUPS 3
#define MOVERS 4
#define FORKERS 4

struct shared {
	const char *hier;
	const char *grp[GROUPS];
	/* Odd while the group has been seen empty and nobody is moved there. */
	long closed[GROUPS];
	/* Newborns that found themselves in such a group. */
	long lost;
	long stop;
	long forks;
	long threads;
	long moves;
	long missed;
	/* Anything that must not happen, and the first errno of it. */
	long wrong;
	long error;
};

FIXTURE(race)
{
	struct shared *shared;
	const char *hier;
};

FIXTURE_SETUP(race)
{
	int i;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->shared->hier = self->hier;
	for (i = 0; i < GROUPS; i++) {
		self->shared->grp[i] = rc_group_new(self->hier);
		ASSERT_TRUE(!!self->shared->grp[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static void *end_thread(void *arg)
{
	return arg;
}

/* Is the caller, just born, in a group that was empty and gets no one? */
static void look_around(struct shared *shared)
{
	long before[GROUPS];
	const char *path;
	int i;

	for (i = 0; i < GROUPS; i++)
		before[i] = rc_get(&shared->closed[i]);
	path = rc_where(getpid(), shared->hier);
	for (i = 0; i < GROUPS; i++) {
		if (strcmp(path, shared->grp[i] + strlen(shared->hier)))
			continue;
		if (before[i] % 2 && rc_get(&shared->closed[i]) == before[i])
			rc_inc(&shared->lost);
	}
}

/* Children that end at once, children of children, and threads. */
static int fork_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		pthread_t thread;
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (!pid) {
			pid_t second = fork();

			look_around(shared);
			if (!second)
				_exit(0);
			if (second > 0)
				waitpid(second, NULL, 0);
			if (pthread_create(&thread, NULL, end_thread, shared))
				_exit(EXIT_FAILURE);
			rc_inc(&shared->threads);
			/* Now and then it exits before its thread does. */
			if (second % 2)
				pthread_join(thread, NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		rc_inc(&shared->forks);
	}
	return 0;
}

/* Whatever is in one group goes to the next one. */
static int shuffle(struct shared *shared, int from)
{
	const char *to = shared->grp[(from + 1) % GROUPS];
	pid_t *ids;
	int nr = rc_list(rc_fmt("%s/tasks", shared->grp[from]), &ids), i;

	for (i = 0; i < nr; i++) {
		int ret = rc_attach(to, ids[i]);

		if (!ret)
			rc_inc(&shared->moves);
		else if (ret == -ESRCH)
			rc_inc(&shared->missed);
		else
			nr = ret;
	}
	free(ids);
	return nr;
}

static int move_on(void *arg)
{
	struct shared *shared = arg;
	int from = 0;

	while (!rc_get(&shared->stop)) {
		int ret = shuffle(shared, from);

		if (ret < 0) {
			rc_inc(&shared->wrong);
			rc_set(&shared->error, ret);
		}
		from = (from + 1) % GROUPS;
	}
	return 0;
}

/* Movers and forkers for as long as asked; then all groups are empty. */
TEST_F_TIMEOUT(race, shuffled, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[MOVERS + FORKERS];
	int i;

	for (i = 0; i < FORKERS; i++) {
		pids[i] = rc_spawn(fork_on, shared);
		ASSERT_EQ(0, rc_attach(shared->grp[i % GROUPS], pids[i]));
	}
	for (i = FORKERS; i < FORKERS + MOVERS; i++)
		pids[i] = rc_spawn(move_on, shared);
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < FORKERS + MOVERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld moves, %ld too late, %ld forks, %ld threads",
	       shared->moves, shared->missed, shared->forks, shared->threads);
	EXPECT_LT(0, shared->moves);
	EXPECT_LT(0, shared->forks);
	EXPECT_LT(0, shared->threads);
	EXPECT_EQ(0, shared->wrong) {
		TH_LOG("last error %ld", shared->error);
	}
	for (i = 0; i < GROUPS; i++) {
		EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", shared->grp[i])));
		EXPECT_EQ(0, rc_rmdir(shared->grp[i]));
	}
}

/*
 * Moving all that a group lists until it lists none loses no newborn: while
 * the forkers go on, no child finds itself in the group that they have left.
 */
TEST_F_TIMEOUT(race, newborns, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	long rounds = 0, forks = 0;
	pid_t pids[FORKERS];
	int i, from = 0;

	for (i = 0; i < FORKERS; i++) {
		pids[i] = rc_spawn(fork_on, shared);
		ASSERT_EQ(0, rc_attach(shared->grp[0], pids[i]));
	}
	/* Enough of them on a machine that has other things to do, too. */
	while (rc_now() < until || rounds < 3) {
		const char *left = shared->grp[from];
		int nr, to = (from + 1) % GROUPS;

		if (shared->closed[to] % 2)
			rc_inc(&shared->closed[to]);
		do {
			nr = shuffle(shared, from);
			ASSERT_LE(0, nr);
		} while (nr);
		rc_inc(&shared->closed[from]);
		forks = rc_get(&shared->forks);
		ASSERT_TRUE(RC_WAIT(rc_get(&shared->forks) > forks + 8));
		ASSERT_EQ(0, rc_count(rc_fmt("%s/tasks", left)));
		/* A fork that began before the move may hold it a moment. */
		ASSERT_TRUE(RC_WAIT(rc_rmdir(left) == 0));
		ASSERT_EQ(0, rc_mkdir(left));
		from = to;
		rounds++;
	}
	rc_set(&shared->stop, 1);
	for (i = 0; i < FORKERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld rounds, %ld moves, %ld too late, %ld forks", rounds,
	       shared->moves, shared->missed, shared->forks);
	EXPECT_EQ(0, shared->lost);
}

TEST_HARNESS_MAIN
