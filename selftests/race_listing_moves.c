// SPDX-License-Identifier: GPL-2.0
/*
 * Who stays in a group is in each list of it, once, whatever happens to him in other
 * hierarchies meanwhile and whoever is born, ends, executes programs, comes and goes
 * beside him. There are so many in the group that no list is made in one piece, and
 * they have several proxies.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define CROWDS 4
#define THREADS 300
#define STAYERS (CROWDS * THREADS)
/* In the root. */
#define ROOT_THREADS 300
#define HIERS 2
#define GROUPS 3
#define FORKERS 2
#define EXECUTES "RC_TEST_EXECUTES"

struct shared {
	const char *grp;
	const char *other;
	const char *hier;
	const char *elsewhere[HIERS][GROUPS];
	long stop;
	long births;
	long moves;
	long lists;
	long malformed;
	long missed;
	pid_t executes;
	pid_t executes_in_root;
	pid_t stayers[STAYERS];
	pid_t in_root[ROOT_THREADS];
};

struct reader {
	struct shared *shared;
	const char *file;
	/* Every so manieth of those is to be there. */
	const pid_t *ids;
	int nr;
	int step;
	/* And this one, unless it is 0. */
	pid_t also;
};

FIXTURE(race)
{
	struct shared *shared;
};

static void *execute(void *arg)
{
	execl("/proc/self/exe", "race_listing_moves", NULL);
	_exit(errno);
}

/* The program once more, executed by a thread that is not its first, for ever. */
static __attribute__((constructor)) void executes(void)
{
	pthread_t thread;

	if (!getenv(EXECUTES))
		return;
	if (pthread_create(&thread, NULL, execute, NULL))
		_exit(EAGAIN);
	while (pause())
		;
}

static int start_executing(void *arg)
{
	if (rc_attach(arg, 0) || setenv(EXECUTES, "1", 1))
		return -EIO;
	execute(NULL);
	return 0;
}

FIXTURE_SETUP(race)
{
	struct shared *shared;
	const char *hier;
	int i, j;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	shared = self->shared;
	ASSERT_TRUE(!!shared);
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	shared->hier = hier;
	shared->grp = rc_group_new(hier);
	shared->other = rc_group_new(hier);
	ASSERT_TRUE(shared->grp && shared->other);
	for (i = 0; i < HIERS; i++) {
		hier = rc_hier_new();
		ASSERT_TRUE(!!hier);
		for (j = 0; j < GROUPS; j++) {
			shared->elsewhere[i][j] = rc_group_new(hier);
			ASSERT_TRUE(!!shared->elsewhere[i][j]);
		}
	}
	/* Namespaces of its own give each crowd another proxy. */
	for (i = 0; i < CROWDS; i++) {
		ASSERT_EQ(0, unshare(CLONE_NEWUTS));
		ASSERT_LT(0, rc_crowd(shared->grp, THREADS,
				      shared->stayers + i * THREADS));
	}
	ASSERT_LT(0, rc_crowd(NULL, ROOT_THREADS, shared->in_root));
	shared->executes = rc_spawn(start_executing, (void *)shared->grp);
	ASSERT_TRUE(RC_WAIT(rc_listed(rc_fmt("%s/procs", shared->grp),
				      shared->executes)));
	shared->executes_in_root = rc_spawn(start_executing, (void *)shared->hier);
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
	}
	return 0;
}

/* Those who stay are moved in other hierarchies, as processes and as threads. */
static int move_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int seed = 1;

	while (!rc_get(&shared->stop)) {
		int i = rand_r(&seed) % STAYERS, j = rand_r(&seed) % GROUPS;
		pid_t id = shared->stayers[i];
		int ret;

		if (i % 8 == 0) {
			id = shared->stayers[i / THREADS * THREADS];
			ret = rc_write(rc_fmt("%s/procs", shared->elsewhere[0][j]),
				       rc_fmt("%d", id));
		} else {
			if (i % 2)
				id = shared->in_root[i % ROOT_THREADS];
			ret = rc_attach(shared->elsewhere[i / 2 % HIERS][j], id);
		}
		if (ret)
			return ret;
		rc_inc(&shared->moves);
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

static bool has(const pid_t *ids, int nr, pid_t id)
{
	return bsearch(&id, ids, nr, sizeof(id), compare);
}

static int read_on(void *arg)
{
	const struct reader *reader = arg;
	struct shared *shared = reader->shared;

	while (!rc_get(&shared->stop)) {
		int missed = 0, i;
		pid_t *ids;
		int nr = rc_list(reader->file, &ids);

		if (nr == -EBADMSG)
			rc_inc(&shared->malformed);
		else if (nr < 0)
			return nr;
		for (i = 0; nr >= 0 && i < reader->nr; i += reader->step)
			missed += !has(ids, nr, reader->ids[i]);
		if (nr >= 0 && reader->also)
			missed += !has(ids, nr, reader->also);
		if (missed)
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
	const struct reader readers[] = {
		{ shared, strdup(rc_fmt("%s/tasks", shared->grp)),
		  shared->stayers, STAYERS, 1, 0 },
		{ shared, strdup(rc_fmt("%s/procs", shared->grp)),
		  shared->stayers, STAYERS, THREADS, shared->executes },
		{ shared, strdup(rc_fmt("%s/tasks", shared->hier)),
		  shared->in_root, ROOT_THREADS, 1, 0 },
		{ shared, strdup(rc_fmt("%s/procs", shared->hier)),
		  shared->in_root, ROOT_THREADS, ROOT_THREADS, shared->executes_in_root },
	};
	double until = rc_now() + rc_race_seconds();
	pid_t pids[FORKERS + 1 + ARRAY_SIZE(readers)];
	size_t nr = 0, i;

	for (i = 0; i < FORKERS; i++)
		pids[nr++] = rc_spawn(fork_on, shared);
	pids[nr++] = rc_spawn(move_on, shared);
	for (i = 0; i < ARRAY_SIZE(readers); i++)
		pids[nr++] = rc_spawn(read_on, (void *)&readers[i]);
	while (rc_now() < until)
		rc_nap();
	/* On a busy host all of it takes its time to happen. */
	EXPECT_TRUE(RC_WAIT(rc_get(&shared->lists) > 20 &&
			    rc_get(&shared->births) > 20 &&
			    rc_get(&shared->moves) > 20));
	rc_set(&shared->stop, 1);
	while (nr--)
		EXPECT_EQ(0, rc_reap(pids[nr]));
	TH_LOG("%ld lists, %ld births, %ld moves", shared->lists,
	       shared->births, shared->moves);
	EXPECT_EQ(0, shared->malformed);
	EXPECT_EQ(0, shared->missed);
	EXPECT_EQ(CROWDS + 1, rc_count(rc_fmt("%s/procs", shared->grp)));
	EXPECT_EQ(0, rc_count(rc_fmt("%s/procs", shared->other)));
}

TEST_HARNESS_MAIN
