// SPDX-License-Identifier: GPL-2.0
/*
 * Threads and processes are moved while they fork, unshare and exit, and now and
 * then a controller refuses. In the end each controller has charged each group
 * with the tasks that are in it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define GROUPS 3
#define FORKERS 4
#define MOVERS 3
#define UNSHARERS 2
#define THREADS 4

/* Those who stay: a process of THREADS and a sleeper for each group. */
#define RESIDENTS (GROUPS * (THREADS + 1))

static const char * const ctlrs[] = { "debug", "debug2" };

struct shared {
	const char *hier;
	const char *grp[GROUPS];
	long stop;
	long forks;
	long threads;
	long unshares;
	long moved_threads;
	long moved_processes;
	/* Moves and births that a controller has refused. */
	long refused_moves;
	long refused_births;
	/* Moves of what has exited. */
	long missed;
};

static long charge_of(const char *grp, const char *ctlr)
{
	return rc_number(rc_fmt("%s/%s.charge", grp, ctlr));
}

static void *end_thread(void *arg)
{
	return arg;
}

/* Whether a birth has failed for a reason that is none of ours. */
static bool odd(struct shared *shared, int err)
{
	if (err != EAGAIN)
		return true;
	rc_inc(&shared->refused_births);
	return false;
}

/* Namespaces, a child and a thread, whose end it does not always wait for. */
static int live(struct shared *shared)
{
	pthread_t thread;
	pid_t pid;
	int err;

	if (unshare(CLONE_NEWUTS))
		return errno;
	rc_inc(&shared->unshares);
	pid = syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid)
		_exit(0);
	if (pid < 0 && odd(shared, errno))
		return errno;
	err = pthread_create(&thread, NULL, end_thread, NULL);
	if (!err)
		rc_inc(&shared->threads);
	else if (odd(shared, err))
		return err;
	if (pid > 0 && waitpid(pid, NULL, 0) != pid)
		return errno;
	if (!err && pid % 2)
		pthread_join(thread, NULL);
	return 0;
}

static int fork_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		pid_t pid = fork();
		int ret;

		if (!pid)
			_exit(live(shared));
		if (pid < 0) {
			if (odd(shared, errno))
				return -errno;
			continue;
		}
		ret = rc_reap(pid);
		if (ret)
			return ret;
		rc_inc(&shared->forks);
	}
	return 0;
}

static void *unshare_in_thread(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		if (unshare(CLONE_NEWUTS))
			_exit(errno);
		rc_inc(&shared->unshares);
	}
	return NULL;
}

/* Threads that may be anywhere in unshare(2) while their process is moved. */
static int unshare_on(void *arg)
{
	pthread_t threads[UNSHARERS];
	int i, err;

	for (i = 0; i < UNSHARERS; i++) {
		do
			err = pthread_create(&threads[i], NULL,
					     unshare_in_thread, arg);
		while (err && !odd(arg, err));
		if (err)
			return -err;
	}
	for (i = 0; i < UNSHARERS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* What @file lists in a group goes to another one. */
static int shuffle(struct shared *shared, int from, const char *file,
		   long *moved)
{
	const char *to = rc_fmt("%s/%s", shared->grp[(from + 1) % GROUPS], file);
	pid_t *ids;
	int nr = rc_list(rc_fmt("%s/%s", shared->grp[from], file), &ids), i;
	int ret = nr < 0 ? nr : 0;

	for (i = 0; i < nr && !ret; i++) {
		ret = rc_write(to, rc_fmt("%d", ids[i]));
		if (!ret)
			rc_inc(moved);
		else if (ret == -ESRCH)
			rc_inc(&shared->missed);
		else if (ret == -EAGAIN)
			rc_inc(&shared->refused_moves);
		else
			break;
		ret = 0;
	}
	free(ids);
	return ret;
}

static int move_on(void *arg)
{
	struct shared *shared = arg;
	int i = 0, ret = 0;

	while (!ret && !rc_get(&shared->stop)) {
		if (i % 2)
			ret = shuffle(shared, i % GROUPS, "tasks",
				      &shared->moved_threads);
		else
			ret = shuffle(shared, i % GROUPS, "procs",
				      &shared->moved_processes);
		i++;
	}
	return ret;
}

/* Orders refusals; the moment at which they come is anybody's guess. */
static int refuse_on(void *arg)
{
	struct shared *shared = arg;
	int i = 0, ret = 0;

	while (!ret && !rc_get(&shared->stop)) {
		ret = rc_write(rc_fmt("%s/%s.fail", shared->hier, ctlrs[i % 2]),
			       rc_fmt("%s %d %d", i % 4 < 2 ? "can_attach" :
				      "can_fork", 1 + i % 7, EAGAIN));
		i++;
		rc_nap();
	}
	return ret ?: rc_disarm(shared->hier);
}

/* Whether each thing that is to race has happened. */
static bool progress(const struct shared *shared)
{
	return rc_get(&shared->forks) && rc_get(&shared->threads) &&
	       rc_get(&shared->unshares) && rc_get(&shared->moved_threads) &&
	       rc_get(&shared->moved_processes) &&
	       rc_get(&shared->refused_births) &&
	       rc_get(&shared->refused_moves);
}

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	int i;

	if (!rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->hier = rc_bound_new(rc_has_subsys("pids") ?
					  "pids,debug,debug2" : "debug,debug2");
	ASSERT_TRUE(!!self->shared->hier);
	ASSERT_EQ(0, rc_disarm(self->shared->hier));
	for (i = 0; i < GROUPS; i++) {
		self->shared->grp[i] = rc_group_new(self->shared->hier);
		ASSERT_TRUE(!!self->shared->grp[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_disarm(self->shared->hier));
	EXPECT_EQ(0, rc_teardown());
}

/* The charge is the number of tasks, in each group and for each controller. */
TEST_F_TIMEOUT(race, charge, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[FORKERS + MOVERS + 2], residents[2 * GROUPS];
	int nr = 0, total = 0, i, j;

	for (i = 0; i < GROUPS; i++) {
		residents[2 * i] = rc_sleeping_threads(THREADS);
		residents[2 * i + 1] = rc_sleeper();
		for (j = 2 * i; j < 2 * i + 2; j++) {
			ASSERT_LT(0, residents[j]);
			ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", shared->grp[i]),
					      rc_fmt("%d", residents[j])));
		}
	}
	for (i = 0; i < FORKERS; i++) {
		pids[nr] = rc_spawn(fork_on, shared);
		ASSERT_EQ(0, rc_attach(shared->grp[i % GROUPS], pids[nr++]));
	}
	pids[nr] = rc_spawn(unshare_on, shared);
	ASSERT_EQ(0, rc_attach(shared->grp[0], pids[nr++]));
	for (i = 0; i < MOVERS; i++)
		pids[nr++] = rc_spawn(move_on, shared);
	pids[nr++] = rc_spawn(refuse_on, shared);
	while (rc_now() < until)
		rc_nap();
	/* On a busy host all of it takes its time to happen. */
	EXPECT_TRUE(RC_WAIT(progress(shared)));
	rc_set(&shared->stop, 1);
	while (nr--)
		EXPECT_EQ(0, rc_reap(pids[nr]));
	TH_LOG("%ld forks, %ld threads, %ld unshares", shared->forks,
	       shared->threads, shared->unshares);
	TH_LOG("%ld threads and %ld processes moved, %ld too late",
	       shared->moved_threads, shared->moved_processes, shared->missed);
	TH_LOG("%ld births and %ld moves refused", shared->refused_births,
	       shared->refused_moves);

	for (i = 0; i < GROUPS; i++) {
		int tasks = rc_count(rc_fmt("%s/tasks", shared->grp[i]));

		for (j = 0; j < 2; j++)
			EXPECT_EQ(tasks, charge_of(shared->grp[i], ctlrs[j]));
		total += tasks;
	}
	EXPECT_EQ(RESIDENTS, total);
	for (i = 0; i < 2 * GROUPS; i++)
		EXPECT_EQ(0, rc_kill(residents[i]));
	for (i = 0; i < GROUPS; i++) {
		for (j = 0; j < 2; j++)
			EXPECT_EQ(0, charge_of(shared->grp[i], ctlrs[j]));
		EXPECT_EQ(0, rc_rmdir(shared->grp[i]));
	}
}

TEST_HARNESS_MAIN
