// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks are counted while they fork without end, are moved, leave zombies in groups
 * that are removed, and limits come and go: never less than there are, and never more
 * than a limit. In the end the count of each group is right.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pids_util.h"

#define GROUPS 3
#define RESIDENTS 6
#define FORKERS 3
#define CHURNERS 2
#define BOMBS 2
#define LIMIT 7
#define BATCH 4

struct shared {
	const char *hier;
	/* Groups in @above, which has no limit but for moments. */
	const char *above;
	const char *grp[GROUPS];
	/* Has a limit all the time, and nobody is moved there but its bombs. */
	const char *box;
	pid_t residents[RESIDENTS];
	long stop;
	long forks;
	long refused;
	long moves;
	long removed;
	long limits;
	long looks;
	long full;
	long rebound;
};

/* Some children at a time, each with a thread, which are reaped in the end. */
static int fork_batch(struct shared *shared)
{
	pid_t pids[BATCH];
	int i, ret = 0;

	for (i = 0; i < BATCH; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			pids_thread();
			_exit(0);
		}
		if (pids[i] < 0 && errno != EAGAIN)
			ret = -errno;
		rc_inc(pids[i] < 0 ? &shared->refused : &shared->forks);
	}
	for (i = 0; i < BATCH; i++)
		if (pids[i] > 0)
			waitpid(pids[i], NULL, 0);
	return ret;
}

static int fork_on(void *arg)
{
	struct shared *shared = arg;
	int ret = 0;

	while (!ret && !rc_get(&shared->stop))
		ret = fork_batch(shared);
	return ret;
}

/* A thread of the process calls exec, when it is executed anew. */
static void *exec_anew(void *arg)
{
	execl("/proc/self/exe", "race_pids", "--end", NULL);
	return arg;
}

static int exec_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		pid_t pid = fork();
		pthread_t thread;

		if (!pid) {
			if (pthread_create(&thread, NULL, exec_anew, NULL))
				_exit(0);
			pause();
		}
		if (pid < 0 && errno != EAGAIN)
			return -errno;
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return 0;
}

/* Sends whole processes, those that fork as well, from group to group. */
static int move_on(void *arg)
{
	struct shared *shared = arg;
	int from = 0;

	while (!rc_get(&shared->stop)) {
		const char *to = shared->grp[(from + 1) % GROUPS];
		pid_t *ids;
		int nr, i, ret;

		nr = rc_list(rc_fmt("%s/procs", shared->grp[from]), &ids);
		for (i = 0; i < nr; i++) {
			ret = rc_write(rc_fmt("%s/procs", to),
				       rc_fmt("%d", ids[i]));
			if (ret && ret != -ESRCH)
				return ret;
			rc_inc(&shared->moves);
		}
		free(ids);
		from = (from + 1) % GROUPS;
	}
	return 0;
}

/* Leaves zombies in groups, removes those, and reaps the zombies then. */
static int churn_on(void *arg)
{
	struct shared *shared = arg;
	int i, ret = 0;

	while (!ret && !rc_get(&shared->stop)) {
		const char *leaf = rc_fmt("%s/%d", shared->grp[0], getpid());
		pid_t pids[BATCH];

		ret = rc_mkdir(leaf) ?: rc_attach(leaf, 0);
		for (i = 0; !ret && i < BATCH; i++) {
			pids[i] = fork();
			if (!pids[i])
				_exit(0);
		}
		ret = ret ?: rc_attach(shared->hier, 0);
		for (i = 0; !ret && i < BATCH; i++)
			if (pids[i] > 0)
				ret = rc_wait_zombie(pids[i]);
		ret = ret ?: rc_rmdir(leaf);
		for (i = 0; !ret && i < BATCH; i++)
			if (pids[i] > 0)
				waitpid(pids[i], NULL, 0);
		rc_inc(&shared->removed);
	}
	return ret;
}

static int limit_on(void *arg)
{
	static const char * const limits[] = { "max", "1000", "0", "max", "12" };
	struct shared *shared = arg;
	unsigned int i = 0;
	int ret = 0;

	while (!ret && !rc_get(&shared->stop)) {
		ret = pids_limit(i % 2 ? shared->above : shared->grp[1],
				 limits[i % ARRAY_SIZE(limits)]);
		i++;
		rc_inc(&shared->limits);
		sched_yield();
	}
	return ret ?: pids_limit(shared->above, "max") ?:
	       pids_limit(shared->grp[1], "max");
}

/* The residents are there all the time, in one group or another. */
static int watch_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		long nr = pids_current(shared->above);

		if (nr < RESIDENTS || pids_peak(shared->above) < nr)
			return -ERANGE;
		nr = pids_current(shared->box);
		if (nr > LIMIT || pids_peak(shared->box) > LIMIT ||
		    rc_count(rc_fmt("%s/tasks", shared->box)) > LIMIT)
			return -EOVERFLOW;
		rc_inc(&shared->looks);
		if (nr == LIMIT)
			rc_inc(&shared->full);
	}
	return 0;
}

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	struct shared *shared = rc_shared(sizeof(*shared));
	int i;

	if (!rc_has_subsys("pids"))
		SKIP(return, "kernel without CONFIG_RC_PIDS");
	ASSERT_EQ(0, rc_setup());
	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->hier = rc_bound_new("pids");
	ASSERT_TRUE(!!shared->hier);
	shared->above = rc_group_new(shared->hier);
	shared->box = rc_group_new(shared->hier);
	ASSERT_TRUE(shared->above && shared->box);
	for (i = 0; i < GROUPS; i++) {
		shared->grp[i] = rc_group_new(shared->above);
		ASSERT_TRUE(!!shared->grp[i]);
	}
	ASSERT_EQ(0, pids_limit(shared->box, rc_fmt("%d", LIMIT)));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static bool progress(struct shared *shared)
{
	return rc_get(&shared->forks) && rc_get(&shared->refused) &&
	       rc_get(&shared->moves) && rc_get(&shared->removed) &&
	       rc_get(&shared->limits) && rc_get(&shared->looks) &&
	       rc_get(&shared->full);
}

/* What counts has not been reaped, and what is listed counts. */
static bool right(const char *grp)
{
	return pids_current(grp) == rc_count(rc_fmt("%s/tasks", grp));
}

TEST_F_TIMEOUT(race, counts, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[FORKERS + CHURNERS + BOMBS + 5];
	int nr = 0, i;

	for (i = 0; i < RESIDENTS; i++) {
		shared->residents[i] = rc_sleeper();
		ASSERT_LT(0, shared->residents[i]);
		ASSERT_EQ(0, rc_attach(shared->grp[i % GROUPS],
				       shared->residents[i]));
	}
	for (i = 0; i < FORKERS; i++) {
		pids[nr] = rc_spawn(i ? fork_on : exec_on, shared);
		ASSERT_EQ(0, rc_attach(shared->grp[i], pids[nr++]));
	}
	for (i = 0; i < BOMBS; i++) {
		pids[nr] = rc_spawn(fork_on, shared);
		ASSERT_EQ(0, rc_attach(shared->box, pids[nr++]));
	}
	for (i = 0; i < CHURNERS; i++)
		pids[nr++] = rc_spawn(churn_on, shared);
	pids[nr++] = rc_spawn(move_on, shared);
	pids[nr++] = rc_spawn(limit_on, shared);
	pids[nr++] = rc_spawn(watch_on, shared);
	while (rc_now() < until)
		rc_nap();
	EXPECT_TRUE(RC_WAIT(progress(shared)));
	rc_set(&shared->stop, 1);
	while (nr--)
		EXPECT_EQ(0, rc_reap(pids[nr]));
	TH_LOG("%ld forks, %ld refused, %ld moves, %ld groups removed, %ld limits",
	       shared->forks, shared->refused, shared->moves, shared->removed,
	       shared->limits);
	TH_LOG("%ld looks, %ld at the limit", shared->looks, shared->full);
	for (i = 0; i < GROUPS; i++)
		EXPECT_TRUE(RC_WAIT(right(shared->grp[i])));
	EXPECT_EQ(RESIDENTS, pids_current(shared->above));
	EXPECT_TRUE(RC_WAIT(!pids_current(shared->box)));
	EXPECT_EQ(LIMIT, pids_peak(shared->box));
	for (i = 0; i < RESIDENTS; i++)
		EXPECT_EQ(0, rc_kill(shared->residents[i]));
	EXPECT_EQ(0, pids_current(shared->above));
}

/* Binds it here and there, with a group that holds zombies when it goes. */
static int rebind_on(void *arg)
{
	struct shared *shared = arg;
	char *files[2];
	pid_t zombies[2] = {};
	int turn = 0, ret = 0;

	files[0] = strdup(rc_fmt("%s/subsystems", shared->hier));
	files[1] = strdup(rc_fmt("%s/subsystems", shared->above));
	while (!ret && !rc_get(&shared->stop)) {
		const char *hier = turn ? shared->above : shared->hier;
		const char *grp = rc_fmt("%s/x", hier);

		ret = rc_write(files[turn], "pids") ?: rc_mkdir(grp) ?:
		      rc_attach(grp, 0);
		if (ret)
			break;
		zombies[turn] = fork();
		if (!zombies[turn])
			_exit(0);
		if (zombies[turn] < 0)
			return -errno;
		ret = rc_wait_zombie(zombies[turn]) ?:
		      rc_attach(hier, 0);
		if (!ret && pids_current(grp) != 1)
			ret = -ERANGE;
		ret = ret ?: rc_rmdir(grp) ?: rc_write(files[turn], "\n");
		turn = !turn;
		/* The one that is from the other hierarchy. */
		if (zombies[turn])
			waitpid(zombies[turn], NULL, 0);
		rc_inc(&shared->rebound);
	}
	if (zombies[!turn])
		waitpid(zombies[!turn], NULL, 0);
	return ret;
}

/* The controller goes from one hierarchy to another, while others fork there. */
TEST_F_TIMEOUT(race, rebinding, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds() / 2;
	pid_t pids[FORKERS + 1];
	int nr = 0, i;

	for (i = 0; i < GROUPS; i++)
		ASSERT_EQ(0, rc_rmdir(shared->grp[i]));
	ASSERT_EQ(0, rc_rmdir(shared->above));
	ASSERT_EQ(0, rc_rmdir(shared->box));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/subsystems", shared->hier), "\n"));
	shared->above = rc_hier_new();
	ASSERT_TRUE(!!shared->above);
	for (i = 0; i < FORKERS; i++)
		pids[nr++] = rc_spawn(fork_on, shared);
	pids[nr++] = rc_spawn(rebind_on, shared);
	while (rc_now() < until)
		rc_nap();
	EXPECT_TRUE(RC_WAIT(rc_get(&shared->rebound) > 2 &&
			    rc_get(&shared->forks)));
	rc_set(&shared->stop, 1);
	while (nr--)
		EXPECT_EQ(0, rc_reap(pids[nr]));
	TH_LOG("bound %ld times, %ld forks", shared->rebound, shared->forks);
}

/* What this program executes itself for. */
static void __attribute__((constructor)) run(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--end"))
		_exit(0);
}

TEST_HARNESS_MAIN
