// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks are started in groups that are removed and made again, killed, frozen and thawed
 * meanwhile, by processes that are moved: each child is where it was to be, or is not there
 * at all, and controllers have nothing left of any.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "start_util.h"

#define STARTERS 3
#define TARGETS 2

struct shared {
	const char *hier;
	/* Where tasks are started. */
	char target[TARGETS][256];
	/* Where who starts them is moved; [0] are the roots. */
	const char *from[3];
	const char *other[3];
	long stop;
	long born;
	long missed;
	long killed;
	long removed;
	long wrong;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	struct shared *shared = rc_shared(sizeof(*shared));
	int i;

	ASSERT_EQ(0, rc_setup());
	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->hier = rc_bound_new("debug,debug2");
	shared->other[0] = rc_hier_new();
	ASSERT_TRUE(shared->hier && shared->other[0]);
	ASSERT_EQ(0, rc_disarm(shared->hier));
	shared->from[0] = shared->hier;
	for (i = 1; i < 3; i++) {
		shared->from[i] = rc_group_new(shared->hier);
		shared->other[i] = rc_group_new(shared->other[0]);
		ASSERT_TRUE(shared->from[i] && shared->other[i]);
	}
	for (i = 0; i < TARGETS; i++) {
		snprintf(shared->target[i], sizeof(shared->target[i]), "%s/target%d",
			 shared->hier, i);
		ASSERT_EQ(0, rc_mkdir(shared->target[i]));
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* For a child, which nobody moves: is it where it was started? */
static void look_and_end(const struct shared *shared, const char *target)
{
	const char *name = strrchr(target, '/');

	_exit(strcmp(rc_where(getpid(), shared->hier), name) ? EBADMSG : 0);
}

static void start_one(struct shared *shared, const char *target, unsigned int turn)
{
	static const unsigned long long flags[] = { 0, CLONE_NEWUTS, CLONE_VFORK, 0 };
	int fd = start_open(target, O_RDONLY), status;
	pid_t pid;

	if (fd < 0) {
		rc_inc(fd == -ENOENT ? &shared->missed : &shared->wrong);
		return;
	}
	pid = start_at(fd, flags[turn % ARRAY_SIZE(flags)]);
	if (!pid)
		look_and_end(shared, target);
	close(fd);
	if (pid < 0) {
		rc_inc(pid == -ENODEV ? &shared->missed : &shared->wrong);
		return;
	}
	if (waitpid(pid, &status, 0) != pid)
		rc_inc(&shared->wrong);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		rc_inc(&shared->killed);
	else if (status)
		rc_inc(&shared->wrong);
	else
		rc_inc(&shared->born);
}

static int start_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int turn;

	for (turn = getpid(); !rc_get(&shared->stop); turn++)
		start_one(shared, shared->target[turn / 3 % TARGETS], turn);
	return 0;
}

static int remove_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int turn;
	int err = 0;

	for (turn = 0; !err && !rc_get(&shared->stop); turn++) {
		const char *target = shared->target[turn % TARGETS];

		err = rc_rmdir(target);
		if (!err) {
			rc_inc(&shared->removed);
			err = rc_mkdir(target);
		} else if (err == -EBUSY) {
			err = 0;
		}
		rc_nap();
	}
	return err;
}

/* A file of a group that can have been removed. */
static int tell(const char *grp, const char *file, const char *text)
{
	int err = rc_write(rc_fmt("%s/%s", grp, file), text);

	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

static int kill_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int turn;
	int err = 0;

	for (turn = 0; !err && !rc_get(&shared->stop); turn++) {
		err = tell(shared->target[turn % TARGETS], "kill", "1");
		rc_nap();
	}
	return err;
}

static int freeze_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int turn;
	int err = 0, i;

	for (turn = 0; !err && !rc_get(&shared->stop); turn++) {
		err = tell(shared->target[turn % TARGETS], "freeze", turn / 2 % 2 ? "0" : "1");
		rc_nap();
	}
	for (i = 0; i < TARGETS && !err; i++)
		err = tell(shared->target[i], "freeze", "0");
	return err;
}

static long sum(const char *grp)
{
	static const char * const file[] = {
		"debug.charge", "debug2.charge", "debug.zombies", "debug2.zombies",
	};
	long ret = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(file); i++)
		ret += rc_number(rc_fmt("%s/%s", grp, file[i]));
	return ret;
}

TEST_F_TIMEOUT(race, start, RC_RACE_TIMEOUT)
{
	static int (*const others[])(void *) = { remove_on, kill_on, freeze_on };
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pid[STARTERS], other[ARRAY_SIZE(others)];
	unsigned int i, turn;
	long proxies;

	proxies = rc_field(rc_fmt("%s/debug.counts", shared->hier), "proxies");
	for (i = 0; i < STARTERS; i++) {
		pid[i] = rc_spawn(start_on, shared);
		ASSERT_LT(0, pid[i]);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		other[i] = rc_spawn(others[i], shared);
		ASSERT_LT(0, other[i]);
	}
	for (turn = 0; rc_now() < until || !rc_get(&shared->born) ||
	     !rc_get(&shared->removed); turn++) {
		const char *const *to = turn % 2 ? shared->from : shared->other;

		ASSERT_EQ(0, rc_attach(to[turn / 2 % 3], pid[turn % STARTERS]));
	}
	rc_set(&shared->stop, 1);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_EQ(0, rc_reap(other[i]));
	for (i = 0; i < TARGETS; i++)
		EXPECT_EQ(0, tell(shared->target[i], "freeze", "0"));
	for (i = 0; i < STARTERS; i++)
		EXPECT_EQ(0, rc_reap(pid[i]));
	EXPECT_EQ(0, rc_get(&shared->wrong));
	TH_LOG("%ld born, %ld of them killed, %ld too late, %ld removals",
	       rc_get(&shared->born), rc_get(&shared->killed), rc_get(&shared->missed),
	       rc_get(&shared->removed));
	EXPECT_LT(0, rc_get(&shared->born));
	EXPECT_LT(0, rc_get(&shared->removed));
	for (i = 0; i < TARGETS; i++) {
		EXPECT_EQ(0, sum(shared->target[i]));
		EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", shared->target[i])));
		EXPECT_EQ(0, rc_rmdir(shared->target[i]));
	}
	EXPECT_TRUE(RC_WAIT((long)rc_field(rc_fmt("%s/debug.counts", shared->hier),
					   "proxies") <= proxies));
}

TEST_HARNESS_MAIN
