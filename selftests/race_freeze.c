// SPDX-License-Identifier: GPL-2.0
/*
 * Groups are frozen and thawed while their tasks fork, exec, are moved, stopped, traced
 * and killed. Who says that all have stopped is right, and in the end all go on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define LIVES 4
/* Seconds in which a group that is to be frozen is. */
#define SOON RC_PATIENCE

struct shared {
	const char *hier;
	/* In @above; the last one is in another hierarchy. */
	const char *above;
	const char *grp[2];
	const char *other;
	pid_t lives[LIVES];
	/* What each has done. */
	long done[LIVES];
	long stop;
	long moves;
	long stops;
	long traces;
	long kills;
	long freezes;
	long frozen;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	struct shared *shared = rc_shared(sizeof(*shared));
	const char *other;
	int i;

	ASSERT_EQ(0, rc_setup());
	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->hier = rc_hier_new();
	other = rc_hier_new();
	ASSERT_TRUE(shared->hier && other);
	shared->above = rc_group_new(shared->hier);
	shared->other = rc_group_new(other);
	ASSERT_TRUE(shared->above && shared->other);
	for (i = 0; i < 2; i++) {
		shared->grp[i] = rc_group_new(shared->above);
		ASSERT_TRUE(!!shared->grp[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static int set_freeze(const char *grp, int value)
{
	return rc_write(rc_fmt("%s/freeze", grp), value ? "1" : "0");
}

static bool is_frozen(const char *grp)
{
	return rc_field(rc_fmt("%s/events", grp), "frozen") == 1;
}

/* Counts up, with children by fork and vfork that do so, too, and by exec. */
static int live_on(struct shared *shared, int nr)
{
	long turn;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		pid_t pid = turn % 2 ? vfork() : fork();

		if (!pid && turn % 4 == 2)
			execl("/proc/self/exe", "race_freeze", "--end", NULL);
		if (!pid) {
			rc_inc(&shared->done[nr]);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return -errno;
		rc_inc(&shared->done[nr]);
	}
	return 0;
}

static int live(void *arg)
{
	struct shared *shared = arg;
	int nr = 0;

	/* Whose number is still free. */
	while (!__sync_bool_compare_and_swap(&shared->lives[nr], 0, getpid()))
		nr++;
	return live_on(shared, nr);
}

static int move_on(void *arg)
{
	struct shared *shared = arg;
	int turn;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		const char *id = rc_fmt("%d", shared->lives[turn % LIVES]);
		int to = turn / LIVES % 3;
		const char *grp = to == 2 ? shared->above : shared->grp[to];

		if (!rc_write(rc_fmt("%s/procs", grp), id))
			rc_inc(&shared->moves);
	}
	return 0;
}

static int stop_on(void *arg)
{
	struct shared *shared = arg;
	int turn;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		kill(shared->lives[turn % 2], turn & 2 ? SIGSTOP : SIGCONT);
		rc_inc(&shared->stops);
		sched_yield();
	}
	kill(shared->lives[0], SIGCONT);
	kill(shared->lives[1], SIGCONT);
	return 0;
}

/* Not those that are stopped: it would be who reports on them. */
static int trace_on(void *arg)
{
	struct shared *shared = arg;
	int turn, status;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		pid_t pid = shared->lives[2 + turn % 2];

		if (ptrace(turn & 2 ? PTRACE_ATTACH : PTRACE_SEIZE, pid, 0, 0))
			continue;
		if (!(turn & 2) && ptrace(PTRACE_INTERRUPT, pid, 0, 0))
			return -errno;
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return -ECHILD;
		if (ptrace(PTRACE_DETACH, pid, 0, 0))
			return -errno;
		rc_inc(&shared->traces);
	}
	return 0;
}

/* Some in a group die while it is frozen. */
static int kill_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		pid_t pid = fork();

		if (!pid) {
			rc_attach(shared->grp[0], 0);
			for (;;)
				pause();
		}
		if (pid < 0)
			return -errno;
		sched_yield();
		kill(pid, SIGKILL);
		if (waitpid(pid, NULL, 0) != pid)
			return -ECHILD;
		rc_inc(&shared->kills);
	}
	return 0;
}

/* By others, for no longer than a moment; nobody waits for what comes of it. */
static int freeze_on(void *arg)
{
	struct shared *shared = arg;
	int turn, ret = 0;

	for (turn = 0; !ret && !rc_get(&shared->stop); turn++) {
		const char *grp = turn % 2 ? shared->other : shared->grp[turn / 2 % 2];

		ret = set_freeze(grp, 1) ?: set_freeze(grp, 0);
		rc_inc(&shared->freezes);
	}
	return ret;
}

static long all_done(const struct shared *shared)
{
	long sum = 0;
	int i;

	for (i = 0; i < LIVES; i++)
		sum += rc_get(&shared->done[i]);
	return sum;
}

TEST_F_TIMEOUT(race, freeze, RC_RACE_TIMEOUT * 2)
{
	int (*others[])(void *arg) = { move_on, stop_on, trace_on, kill_on, freeze_on };
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[LIVES + ARRAY_SIZE(others)];
	unsigned int nr = 0, i;

	for (i = 0; i < LIVES; i++) {
		pids[nr] = rc_spawn(live, shared);
		ASSERT_EQ(0, rc_attach(shared->grp[i % 2], pids[nr]));
		ASSERT_EQ(0, rc_attach(shared->other, pids[nr++]));
	}
	for (i = 0; i < LIVES; i++)
		ASSERT_TRUE(RC_WAIT(rc_get(&shared->done[i])));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		pids[nr++] = rc_spawn(others[i], shared);
	while (rc_now() < until) {
		long was;

		ASSERT_EQ(0, set_freeze(shared->above, 1));
		ASSERT_TRUE(RC_WAIT_FOR(SOON, is_frozen(shared->above)));
		/* Those who fork are all in there, and none has more than what it had begun. */
		was = all_done(shared);
		for (i = 0; i < 5; i++)
			rc_nap();
		EXPECT_EQ(was, all_done(shared));
		rc_inc(&shared->frozen);
		ASSERT_EQ(0, set_freeze(shared->above, 0));
		ASSERT_TRUE(RC_WAIT_FOR(SOON, all_done(shared) != was));
	}
	EXPECT_TRUE(RC_WAIT(rc_get(&shared->moves) && rc_get(&shared->traces) &&
			    rc_get(&shared->kills) && rc_get(&shared->stops)));
	rc_set(&shared->stop, 1);
	while (nr--)
		EXPECT_EQ(0, rc_reap(pids[nr]));
	TH_LOG("%ld times frozen, %ld by others, %ld moves, %ld stops",
	       shared->frozen, shared->freezes, shared->moves, shared->stops);
	TH_LOG("%ld traces, %ld kills, %ld done", shared->traces, shared->kills,
	       all_done(shared));
}

/* What this program executes itself for. */
static void __attribute__((constructor)) run(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--end"))
		_exit(0);
}

TEST_HARNESS_MAIN
