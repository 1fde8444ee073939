// SPDX-License-Identifier: GPL-2.0
/*
 * Sets are written from several sides at once: what the rules forbid is never
 * there, and what is read was written like that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define WRITERS 3

struct shared {
	const char *hier;
	const char *grp[WRITERS];
	long stop;
	/* How many have the CPU that only one may have. */
	long holders;
	long done;
	long refused;
	long reads;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->hier = CS_SETUP(return);
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, cs_teardown());
}

struct job {
	struct shared *shared;
	int nr;
};

static pid_t start(int (*fn)(void *arg), struct shared *shared, int nr)
{
	struct job *job = malloc(sizeof(*job));

	*job = (struct job) { shared, nr };
	return rc_spawn(fn, job);
}

/* Starts all, lets them race, and gives the first error. */
static int race(struct shared *shared, int (*writer)(void *arg), int writers,
		int (*reader)(void *arg))
{
	pid_t pid[WRITERS + 1];
	double until = rc_now() + rc_race_seconds();
	int nr = 0, ret = 0, i;

	for (i = 0; i < writers; i++)
		pid[nr++] = start(writer, shared, i);
	if (reader)
		pid[nr++] = start(reader, shared, 0);
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	while (nr) {
		int err = rc_reap(pid[--nr]);

		ret = ret ?: err;
	}
	return ret;
}

/* Takes the CPU and gives it back; what another has is refused. */
static int take_cpu(void *arg)
{
	const struct job *job = arg;
	struct shared *shared = job->shared;
	const char *file = strdup(rc_fmt("%s/cpus", shared->grp[job->nr]));

	while (!rc_get(&shared->stop)) {
		int ret = rc_write(file, "1");

		if (ret == -EINVAL) {
			rc_inc(&shared->refused);
			continue;
		}
		if (ret)
			return ret;
		if (__atomic_add_fetch(&shared->holders, 1, __ATOMIC_SEQ_CST) != 1)
			return -EUCLEAN;
		rc_inc(&shared->done);
		__atomic_sub_fetch(&shared->holders, 1, __ATOMIC_SEQ_CST);
		ret = rc_write(file, "");
		if (ret)
			return ret;
	}
	return 0;
}

/* A CPU in an exclusive set is in no other at the same time. */
TEST_F_TIMEOUT(race, exclusive, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	int i;

	for (i = 0; i < WRITERS; i++) {
		shared->grp[i] = cs_new(shared->hier, NULL, NULL);
		ASSERT_TRUE(!!shared->grp[i]);
		ASSERT_EQ(0, cs_write(shared->grp[i], "cpu_exclusive", "1"));
	}
	EXPECT_EQ(0, race(shared, take_cpu, WRITERS, NULL));
	EXPECT_LT(0, shared->done);
	EXPECT_LT(0, shared->refused);
	TH_LOG("%ld had it, %ld did not get it", shared->done, shared->refused);
}

/* Even writers write to the parent, odd ones to the child in it. */
static int write_family(void *arg)
{
	static const char * const lists[] = { "1-2", "1", "0-3", "2", "" };
	const struct job *job = arg;
	struct shared *shared = job->shared;
	const char *file = strdup(rc_fmt("%s/cpus", shared->grp[job->nr]));
	int turn;

	for (turn = job->nr; !rc_get(&shared->stop); turn++) {
		int ret = rc_write(file, lists[turn % ARRAY_SIZE(lists)]);

		if (!ret)
			rc_inc(&shared->done);
		else if (ret == (job->nr ? -EACCES : -EBUSY))
			rc_inc(&shared->refused);
		else
			return ret;
	}
	return 0;
}

static bool is_known(const char *list)
{
	return !strcmp(list, "1-2") || !strcmp(list, "1") ||
	       !strcmp(list, "0-3") || !strcmp(list, "2") || !*list;
}

static int read_family(void *arg)
{
	const struct job *job = arg;
	struct shared *shared = job->shared;

	while (!rc_get(&shared->stop)) {
		if (!is_known(cs_read(shared->grp[0], "cpus")) ||
		    !is_known(cs_read(shared->grp[1], "effective_cpus")))
			return -EBADMSG;
		rc_inc(&shared->reads);
	}
	return 0;
}

/* A parent that shrinks and a child that grows: the one or the other. */
TEST_F_TIMEOUT(race, subset, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	cpu_set_t parent, child, both;

	shared->grp[0] = cs_new(shared->hier, "0-3", NULL);
	ASSERT_TRUE(!!shared->grp[0]);
	shared->grp[1] = cs_new(shared->grp[0], NULL, NULL);
	ASSERT_TRUE(!!shared->grp[1]);
	EXPECT_EQ(0, race(shared, write_family, 2, read_family));
	ASSERT_EQ(0, cs_parse(cs_read(shared->grp[0], "cpus"), &parent));
	ASSERT_EQ(0, cs_parse(cs_read(shared->grp[1], "cpus"), &child));
	CPU_AND(&both, &parent, &child);
	EXPECT_TRUE(CPU_EQUAL(&both, &child));
	EXPECT_LT(0, shared->done);
	EXPECT_LT(0, shared->refused);
	EXPECT_LT(0, shared->reads);
	TH_LOG("%ld written, %ld refused, %ld read", shared->done,
	       shared->refused, shared->reads);
}

/* Writer 0 empties and fills the set; the others go in and out. */
static int empty_and_enter(void *arg)
{
	const struct job *job = arg;
	struct shared *shared = job->shared;
	const char *grp = shared->grp[0];

	while (!rc_get(&shared->stop)) {
		const char *list;
		int ret;

		if (!job->nr) {
			ret = cs_write(grp, "cpus", "");
			if (ret && ret != -ENOSPC)
				return ret;
			rc_inc(ret ? &shared->refused : &shared->done);
			ret = cs_write(grp, "cpus", "3");
			if (ret)
				return ret;
			continue;
		}
		ret = cs_attach(grp, 0);
		if (ret == -ENOSPC) {
			rc_inc(&shared->refused);
			continue;
		}
		if (ret)
			return ret;
		list = cs_affinity(0);
		if (strcmp(list, "3") || sched_getcpu() != 3 ||
		    strcmp(cs_read(grp, "cpus"), "3"))
			return -EUCLEAN;
		rc_inc(&shared->done);
		ret = cs_attach(shared->hier, 0);
		if (ret)
			return ret;
	}
	return 0;
}

/* No task is ever in a set that has no CPU. */
TEST_F_TIMEOUT(race, emptied, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;

	shared->grp[0] = cs_new(shared->hier, "3", "0");
	ASSERT_TRUE(!!shared->grp[0]);
	EXPECT_EQ(0, race(shared, empty_and_enter, WRITERS, NULL));
	EXPECT_LT(0, shared->done);
	EXPECT_LT(0, shared->refused);
	TH_LOG("%ld done, %ld refused", shared->done, shared->refused);
}

static int churn(void *arg)
{
	const struct job *job = arg;
	struct shared *shared = job->shared;
	int turn;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		const char *list = rc_fmt("%d", (turn + job->nr) % 4);
		int ret = cs_write(shared->grp[0], "cpus", list);

		if (ret)
			return ret;
		rc_inc(&shared->done);
	}
	return 0;
}

/* A task that is moved from several sides ends where its set is. */
TEST_F_TIMEOUT(race, last_writer, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	pid_t pid = rc_spinner();
	const char *list;

	shared->grp[0] = cs_new(shared->hier, "3", "0");
	ASSERT_TRUE(!!shared->grp[0]);
	ASSERT_EQ(0, cs_attach(shared->grp[0], pid));
	EXPECT_EQ(0, race(shared, churn, WRITERS, NULL));
	list = cs_read(shared->grp[0], "cpus");
	EXPECT_STREQ(list, cs_affinity(pid));
	EXPECT_STREQ(list, cs_read(shared->grp[0], "effective_cpus"));
	EXPECT_TRUE(cs_stays_on(pid, list, 20));
	EXPECT_LT(0, shared->done);
	TH_LOG("%ld written", shared->done);
}

TEST_HARNESS_MAIN
