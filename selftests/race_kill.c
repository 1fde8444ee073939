// SPDX-License-Identifier: GPL-2.0
/*
 * One write to kill is enough: for processes and threads that fork as fast as they
 * can, and for whoever is moved from one of the groups to another meanwhile. And who
 * writes there without end keeps nobody from forking who is not his.
 *
 * The first two are tried some times; RACE=100 has them tried a hundred times.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

/* How many tasks a bomb is made of at most, and how many have been born when it is hit. */
#define SIZE (rc_debug_kernel() ? 30 : 120)
#define BORN (rc_debug_kernel() ? 60 : 1000)
/* Who sleeps beside them. */
#define CROWD (rc_debug_kernel() ? 20 : 300)
/* Enough to see it work, where nobody has asked for more. */
#define TRIES (rc_race_seconds() >= 60 ? rc_race_seconds() : rc_debug_kernel() ? 2 : 4)
/* Seconds in which who is killed has come to an end. */
#define END RC_PATIENCE

struct shared {
	const char *hier;
	/* @sub is below @grp; @beside is not. */
	const char *grp;
	const char *sub[2];
	const char *beside;
	long size;
	long sleepers;
	long stop;
	/* For those who kill: others are there as long as they do. */
	long enough;
	long born;
	long moves;
	long kills;
	long forks;
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
	shared->hier = rc_hier_new();
	ASSERT_TRUE(!!shared->hier);
	shared->grp = rc_group_new(shared->hier);
	shared->beside = rc_group_new(shared->hier);
	ASSERT_TRUE(shared->grp && shared->beside);
	for (i = 0; i < 2; i++) {
		shared->sub[i] = rc_group_new(shared->grp);
		ASSERT_TRUE(!!shared->sub[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	rc_set(&self->shared->stop, 1);
	EXPECT_EQ(0, rc_teardown());
}

static bool is_empty(const char *grp)
{
	return !rc_field(rc_fmt("%s/events", grp), "populated");
}

static int kill_group(const char *grp)
{
	return rc_write(rc_fmt("%s/kill", grp), "1");
}

/*
 * Bombs
 */

static void *thread_forks(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		pid_t pid = fork();

		if (!pid)
			break;
		if (pid > 0)
			rc_inc(&shared->born);
		else if (waitpid(-1, NULL, WNOHANG) <= 0)
			sched_yield();
	}
	return NULL;
}

/* Children go on as their parents; some end, so that there is room for others. */
static void fork_on(struct shared *shared, unsigned int turn)
{
	pid_t first = getpid();

	for (; !rc_get(&shared->stop); turn++) {
		pid_t pid = turn % 3 ? fork() : vfork();

		if (!pid && !(turn % 3))
			_exit(0);
		if (pid > 0)
			rc_inc(&shared->born);
		else if (!pid)
			turn *= 7;
		else if (turn % 5 == 1 && getpid() != first)
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static int bomb(void *arg)
{
	struct shared *shared = arg;
	struct rlimit limit = { shared->size, shared->size };
	pthread_t thread;
	int i;

	setpriority(PRIO_PROCESS, 0, 0);
	for (i = 0; i < 4; i++)
		if (pthread_create(&thread, NULL, thread_forks, shared))
			return -EAGAIN;
	/* Not before: what the first threads bear would leave no room for the last. */
	if (setrlimit(RLIMIT_NPROC, &limit))
		return -errno;
	fork_on(shared, getpid());
	return 0;
}

/* They stand in the group's list between who forks and the newborn, and make it long. */
static int sleep_on(void *arg)
{
	struct shared *shared = arg;
	long i;

	setpriority(PRIO_PROCESS, 0, 0);
	for (i = 0; i < CROWD; i++) {
		pid_t pid = fork();

		if (!pid)
			break;
		if (pid > 0)
			rc_inc(&shared->sleepers);
	}
	for (;;)
		pause();
}

/* Who has lost his parent is ours to reap, and counts for the limit until then. */
static bool reap(int flags)
{
	while (waitpid(-1, NULL, flags) > 0)
		;
	return true;
}

/* All of it is gone after the first write, each time. */
TEST_F_TIMEOUT(race, bombs, RC_RACE_TIMEOUT * 4)
{
	struct shared *shared = self->shared;
	long born = 0, enough = BORN;
	int i, tries = TRIES;

	shared->size = SIZE;
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	/* Not one of so many, who all want the CPU. */
	setpriority(PRIO_PROCESS, 0, -10);
	for (i = 0; i < tries; i++) {
		const char *grp = shared->sub[i % 2];

		rc_set(&shared->born, 0);
		rc_set(&shared->sleepers, 0);
		ASSERT_EQ(0, rc_attach(grp, 0));
		ASSERT_LT(0, rc_spawn_as(RC_USER, bomb, shared));
		ASSERT_TRUE(RC_WAIT(reap(WNOHANG) &&
				    rc_get(&shared->born) > enough)) {
			TH_LOG("at try %d, %ld born, %d tasks", i,
			       rc_get(&shared->born),
			       rc_count(rc_fmt("%s/tasks", grp)));
		}
		ASSERT_EQ(0, rc_attach(shared->hier, 0));
		ASSERT_EQ(0, kill_group(shared->grp));
		ASSERT_TRUE(RC_WAIT_FOR(END, is_empty(shared->grp))) {
			TH_LOG("at try %d, %d tasks are left", i,
			       rc_count(rc_fmt("%s/tasks", grp)));
		}
		reap(0);
		born += rc_get(&shared->born);
	}
	TH_LOG("%d bombs of %ld tasks, %ld births", tries, shared->size, born);
}

/* Always has some children, and bears others. */
static int bear_on(void *arg)
{
	struct shared *shared = arg;
	pid_t pids[8] = {};
	unsigned int i;

	setpriority(PRIO_PROCESS, 0, 0);
	for (i = 0;; i = (i + 1) % ARRAY_SIZE(pids)) {
		if (pids[i] > 0) {
			kill(pids[i], SIGKILL);
			waitpid(pids[i], NULL, 0);
		}
		pids[i] = fork();
		if (!pids[i])
			for (;;)
				pause();
		rc_inc(&shared->born);
	}
}

/* Nobody is born to one who comes late in the list. */
TEST_F_TIMEOUT(race, newborn, RC_RACE_TIMEOUT * 4)
{
	struct shared *shared = self->shared;
	int i, t, tries = TRIES;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	setpriority(PRIO_PROCESS, 0, -10);
	for (t = 0; t < tries; t++) {
		rc_set(&shared->born, 0);
		rc_set(&shared->sleepers, 0);
		ASSERT_EQ(0, rc_attach(shared->grp, 0));
		for (i = 0; i < 4; i++)
			ASSERT_LT(0, rc_spawn(bear_on, shared));
		ASSERT_LT(0, rc_spawn(sleep_on, shared));
		ASSERT_EQ(0, rc_attach(shared->hier, 0));
		ASSERT_TRUE(RC_WAIT(rc_get(&shared->sleepers) == CROWD));
		ASSERT_EQ(0, kill_group(shared->grp));
		ASSERT_TRUE(RC_WAIT_FOR(END, is_empty(shared->grp))) {
			TH_LOG("at try %d, %d tasks are left", t,
			       rc_count(rc_fmt("%s/tasks", shared->grp)));
			kill_group(shared->grp);
		}
		reap(0);
	}
	TH_LOG("%d times, %ld births in the last", tries, shared->born);
}

/*
 * Moves
 */

/* From one of the groups below to the other, and, with threads, all over. */
static int move_on(void *arg)
{
	struct shared *shared = arg;
	pid_t *ids;
	int turn, i, nr;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		nr = rc_list(rc_fmt("%s/tasks", shared->sub[turn % 2]), &ids);
		for (i = 0; i < nr; i++) {
			bool process = i % 2;

			if (!rc_write(rc_fmt("%s/%s", shared->sub[!(turn % 2)],
					     process ? "procs" : "tasks"),
				      rc_fmt("%d", ids[i])))
				rc_inc(&shared->moves);
		}
		if (nr >= 0)
			free(ids);
	}
	return 0;
}

/* Who is moved from one of the groups to another is not missed. */
TEST_F_TIMEOUT(race, moved, RC_RACE_TIMEOUT * 4)
{
	struct shared *shared = self->shared;
	int i, t, tries = TRIES, movers[2];

	for (i = 0; i < 2; i++)
		movers[i] = rc_spawn(move_on, shared);
	for (t = 0; t < tries; t++) {
		long moves = rc_get(&shared->moves);
		pid_t pids[6];

		for (i = 0; i < 6; i++) {
			pids[i] = i % 2 ? rc_sleeper() : rc_sleeping_threads(4);
			ASSERT_LT(0, pids[i]);
			ASSERT_EQ(0, rc_write(rc_fmt("%s/procs",
						     shared->sub[i % 2]),
					      rc_fmt("%d", pids[i])));
		}
		ASSERT_TRUE(RC_WAIT(rc_get(&shared->moves) > moves + 20));
		ASSERT_EQ(0, kill_group(shared->grp));
		for (i = 0; i < 6; i++)
			ASSERT_EQ(-1000 - SIGKILL, rc_reap(pids[i]));
	}
	rc_set(&shared->stop, 1);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, rc_reap(movers[i]));
	TH_LOG("%d times, %ld moves", tries, shared->moves);
}

/*
 * A delegate
 */

static int kill_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->enough)) {
		int ret = kill_group(shared->grp);

		if (ret != -EACCES)
			return ret ?: -ECHILD;
		rc_inc(&shared->kills);
	}
	return 0;
}

/* Children and threads are born each time that they are asked for. */
static int be_born(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return -errno;
		rc_inc(&shared->forks);
	}
	return 0;
}

/* Who is spared forks on, inside and outside of the group. */
TEST_F_TIMEOUT(race, spared, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	char *file = strdup(rc_fmt("%s/kill", shared->grp));
	pid_t pids[4];
	int i;

	ASSERT_EQ(0, chown(file, RC_USER, RC_USER));
	for (i = 0; i < 2; i++) {
		pids[i] = rc_spawn(be_born, shared);
		ASSERT_EQ(0, rc_attach(i ? shared->sub[0] : shared->beside, pids[i]));
	}
	for (; i < 4; i++)
		pids[i] = rc_spawn_as(RC_USER, kill_on, shared);
	while (rc_now() < until)
		rc_nap();
	EXPECT_TRUE(RC_WAIT(rc_get(&shared->kills) && rc_get(&shared->forks)));
	rc_set(&shared->enough, 1);
	for (i = 4; i--;) {
		EXPECT_EQ(0, rc_reap(pids[i]));
		/* The last two are those who kill. */
		if (i == 2)
			rc_set(&shared->stop, 1);
	}
	TH_LOG("%ld kills, %ld forks", shared->kills, shared->forks);
	free(file);
}

TEST_HARNESS_MAIN
