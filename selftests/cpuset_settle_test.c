// SPDX-License-Identifier: GPL-2.0
/*
 * A task that is to leave its CPU waits for its turn on another one, behind
 * whoever is more urgent there. Nobody else waits for that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

/* Seconds that others may take, and after which the hog is ended anyhow. */
#define AT_ONCE 20.0

struct shared {
	const char *hier;
	const char *grp;
	const char *other;
	const char *text;
	pid_t sleeper;
	long hogging;
	long back;
	long done;
};

FIXTURE(settle)
{
	struct shared *shared;
	pid_t hog;
};

static int be_fifo(int priority, const char *cpus)
{
	struct sched_param param = { .sched_priority = priority };

	return cs_set_affinity(0, cpus) ?:
	       sched_setscheduler(0, SCHED_FIFO, &param) ? -errno : 0;
}

static int hog(void *arg)
{
	struct shared *shared = arg;
	int ret = be_fifo(50, "3");

	if (ret)
		return ret;
	rc_set(&shared->hogging, 1);
	for (;;)
		;
}

/* Moves into the group, or narrows the one that it is in. */
static int move_or_write(void *arg)
{
	struct shared *shared = arg;
	int ret = be_fifo(10, "2") ?: cs_set_affinity(0, "0-3");

	if (!ret && shared->text)
		ret = cs_write(shared->grp, "cpus", shared->text);
	else if (!ret)
		ret = cs_attach(shared->grp, 0);
	rc_set(&shared->back, 1);
	return ret;
}

/* What others do in the tree meanwhile. */
static int others(void *arg)
{
	struct shared *shared = arg;
	const char *grp = rc_fmt("%s/meanwhile", shared->hier);
	int ret = rc_mkdir(grp) ?: cs_write(grp, "cpus", "0-1") ?:
		  cs_write(grp, "mems", "0") ?:
		  cs_attach(grp, shared->sleeper) ?:
		  cs_write(grp, "cpus", "1") ?:
		  cs_attach(shared->hier, shared->sleeper) ?: rc_rmdir(grp);

	if (!ret && rc_count(rc_fmt("%s/tasks", shared->grp)) < 0)
		ret = -EIO;
	rc_set(&shared->done, 1);
	return ret;
}

FIXTURE_SETUP(settle)
{
	struct shared *shared = rc_shared(sizeof(*shared));

	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->hier = CS_SETUP(return);
	shared->sleeper = rc_sleeper();
	ASSERT_LT(0, shared->sleeper);
	self->hog = rc_spawn(hog, shared);
	ASSERT_LT(0, self->hog);
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->hogging)));
}

FIXTURE_TEARDOWN(settle)
{
	rc_kill(self->hog);
	EXPECT_EQ(0, cs_teardown());
}

static bool done_at_once(const long *done)
{
	double until = rc_now() + AT_ONCE;

	while (!rc_get(done) && rc_now() < until)
		rc_nap();
	return rc_get(done);
}

static void nobody_waits(struct __test_metadata *_metadata,
			 struct shared *shared, pid_t hog, pid_t waiter)
{
	pid_t pid;

	/* By then, it has nowhere to go on. */
	EXPECT_TRUE(RC_WAIT(!strcmp(cs_cpus_allowed(waiter), "3")));
	pid = rc_spawn(others, shared);
	EXPECT_TRUE(done_at_once(&shared->done));
	EXPECT_EQ(0, rc_get(&shared->back));
	ASSERT_EQ(0, rc_kill(hog));
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_EQ(0, rc_reap(waiter));
	EXPECT_EQ(1, rc_get(&shared->back));
}

/* A task that moves itself to a CPU where it does not get its turn. */
TEST_F(settle, move)
{
	struct shared *shared = self->shared;

	shared->grp = cs_new(shared->hier, "3", "0");
	ASSERT_TRUE(!!shared->grp);
	nobody_waits(_metadata, shared, self->hog,
		     rc_spawn(move_or_write, shared));
}

/* A task that takes from its own group all CPUs but that one. */
TEST_F(settle, write)
{
	struct shared *shared = self->shared;
	pid_t writer;

	shared->grp = cs_new(shared->hier, "2-3", "0");
	shared->text = "3";
	ASSERT_TRUE(!!shared->grp);
	ASSERT_EQ(0, cs_attach(shared->grp, 0));
	writer = rc_spawn(move_or_write, shared);
	ASSERT_EQ(0, cs_attach(shared->hier, 0));
	ASSERT_LT(0, writer);
	nobody_waits(_metadata, shared, self->hog,
		     writer);
}

TEST_HARNESS_MAIN
