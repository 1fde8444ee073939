// SPDX-License-Identifier: GPL-2.0
/*
 * A user moves his task to and fro between many combinations of groups, while busy
 * loops put off the end of the proxies that he leaves behind: they stay few, and
 * who waits for that is he.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define HIERS 3
#define GROUPS 10
#define LOOPS 20
#define MAX_PROXIES "/proc/sys/user/max_rc_proxies"
/* His limit here, and what may be dead besides: root's, and those on their way. */
#define LIMIT 64
#define OTHERS 40
/* Seconds. */
#define AT_ONCE (rc_debug_kernel() ? 10.0 : 2.0)

struct shared {
	const char *hier[HIERS];
	const char *grp[HIERS][GROUPS];
	long stop;
	long moves;
	long lost;
};

FIXTURE(race)
{
	struct shared *shared;
	const char *debug;
	char *max_proxies;
	pid_t loops[LOOPS];
};

FIXTURE_SETUP(race)
{
	int i, j;

	if (!rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_setup());
	self->max_proxies = rc_text(MAX_PROXIES);
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->debug = rc_bound_new("debug");
	ASSERT_TRUE(!!self->debug);
	for (i = 0; i < HIERS; i++) {
		const char *hier = rc_hier_new();

		ASSERT_TRUE(!!hier);
		self->shared->hier[i] = hier;
		for (j = 0; j < GROUPS; j++) {
			const char *grp = rc_group_new(hier);

			ASSERT_TRUE(!!grp);
			ASSERT_EQ(0, chown(rc_fmt("%s/tasks", grp), RC_USER, -1));
			self->shared->grp[i][j] = grp;
		}
	}
	for (i = 0; i < LOOPS; i++)
		self->loops[i] = rc_syscaller();
}

FIXTURE_TEARDOWN(race)
{
	if (self->max_proxies)
		EXPECT_EQ(0, rc_write(MAX_PROXIES, self->max_proxies));
	EXPECT_EQ(0, rc_teardown());
}

static int wander_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int seed = 1;

	while (!rc_get(&shared->stop)) {
		int i = rand_r(&seed) % HIERS, j = rand_r(&seed) % GROUPS;
		const char *grp = shared->grp[i][j];
		int ret = rc_attach(grp, 0);

		if (ret)
			return ret;
		rc_inc(&shared->moves);
		if (strcmp(rc_where(getpid(), shared->hier[i]),
			   grp + strlen(shared->hier[i])))
			rc_inc(&shared->lost);
	}
	return 0;
}

static long dead(const char *debug)
{
	return rc_field(rc_fmt("%s/debug.counts", debug), "proxies_dead");
}

/* His dead proxies are bounded, his moves are not lost, root's take no time. */
TEST_F_TIMEOUT(race, bounded, RC_RACE_TIMEOUT)
{
	double until = rc_now() + rc_race_seconds() / 2.0, longest = 0;
	struct shared *shared = self->shared;
	pid_t sleeper = rc_sleeper(), mover;
	long most = 0, root = 0;

	/* If it cannot be set, the count is to say what comes of that. */
	EXPECT_EQ(0, rc_write(MAX_PROXIES, rc_fmt("%d", LIMIT)));
	mover = rc_spawn_as(RC_USER, wander_on, shared);
	while (rc_now() < until) {
		double start = rc_now();
		long now;

		ASSERT_EQ(0, rc_attach(shared->grp[0][root++ % 2], sleeper));
		start = rc_now() - start;
		longest = start > longest ? start : longest;
		now = dead(self->debug);
		most = now > most ? now : most;
		rc_nap();
	}
	/* On a busy host all of it takes its time to happen. */
	EXPECT_TRUE(RC_WAIT(rc_get(&shared->moves) > 2 * LIMIT));
	rc_set(&shared->stop, 1);
	EXPECT_EQ(0, rc_reap(mover));
	TH_LOG("%ld moves, at most %ld dead; %ld moves of root's, longest %.3f s",
	       shared->moves, most, root, longest);
	EXPECT_GE(LIMIT + OTHERS, most);
	EXPECT_EQ(0, shared->lost);
	EXPECT_GT(AT_ONCE, longest);
}

/* Whether he waits or not, he can be killed. */
TEST_F_TIMEOUT(race, killed, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double longest = 0;
	int i;

	EXPECT_EQ(0, rc_write(MAX_PROXIES, rc_fmt("%d", LIMIT)));
	for (i = 0; i < 5; i++) {
		pid_t mover = rc_spawn_as(RC_USER, wander_on, shared);
		long enough = rc_get(&shared->moves) + 2 * LIMIT;
		double start;

		ASSERT_TRUE(RC_WAIT(rc_get(&shared->moves) > enough));
		start = rc_now();
		ASSERT_EQ(0, rc_kill(mover));
		start = rc_now() - start;
		longest = start > longest ? start : longest;
	}
	TH_LOG("%ld moves, longest way to die %.3f s", shared->moves, longest);
	EXPECT_GT(AT_ONCE, longest);
}

TEST_HARNESS_MAIN
