// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that fork, run and exit are moved between groups of the cpu controller, which
 * come and go, are throttled and given other weights, while the tasks get other
 * policies and CPUs go off line. No task is scheduled in a group that has gone: the
 * kernel notices that itself, and in the end each group is empty and can be removed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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
#include "cpu_util.h"
#include "rc_util.h"

#define GROUPS 4
#define FORKERS 3
#define HOGS 2

struct shared {
	const char *hier;
	/* Two with one below each. */
	const char *grp[GROUPS];
	/* Who can be moved: forkers, then hogs. */
	pid_t task[FORKERS + HOGS];
	long stop;
	long forks;
	long moves;
	long writes;
	long made;
	long policies;
	long hotplugs;
	long looks;
};

static void *run_in_thread(void *arg)
{
	sched_yield();
	return arg;
}

/* A child that runs for a moment, as a process and as a thread, and is not waited for. */
static int fork_on(void *arg)
{
	struct shared *shared = arg;

	signal(SIGCHLD, SIG_IGN);
	while (!rc_get(&shared->stop)) {
		pthread_t thread;
		pid_t pid = syscall(SYS_clone, shared->forks % 2 ? CLONE_NEWUTS | SIGCHLD :
				    SIGCHLD, NULL, NULL, NULL, NULL);

		if (!pid)
			_exit(0);
		if (pid < 0)
			return -errno;
		if (!pthread_create(&thread, NULL, run_in_thread, NULL))
			pthread_join(thread, NULL);
		rc_inc(&shared->forks);
	}
	return 0;
}

static int move_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int seed = getpid();

	while (!rc_get(&shared->stop)) {
		int where = rand_r(&seed) % (GROUPS + 1);
		pid_t pid = shared->task[rand_r(&seed) % ARRAY_SIZE(shared->task)];
		const char *to = where < GROUPS ? shared->grp[where] : shared->hier;
		int ret = rc_write(rc_fmt("%s/procs", to), rc_fmt("%d", pid));

		/* In the end they end. */
		if (ret && !(ret == -ESRCH && rc_get(&shared->stop)))
			return ret;
		rc_inc(&shared->moves);
	}
	return 0;
}

/* Each is written to a group that is picked at random. */
static const struct {
	const char *file;
	const char *text;
} settings[] = {
	{ "cpu.max", "1000 5000" },
	{ "cpu.max", "max" },
	{ "cpu.max", "2000 100000" },
	{ "cpu.weight", "1" },
	{ "cpu.weight", "10000" },
	{ "cpu.max", "max 20000" },
	{ "cpu.idle", "1" },
	{ "cpu.idle", "0" },
};

static int write_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int seed = 7;

	while (!rc_get(&shared->stop)) {
		int i = rand_r(&seed) % ARRAY_SIZE(settings);
		const char *grp = shared->grp[rand_r(&seed) % GROUPS];
		int ret = cpu_write(grp, settings[i].file, settings[i].text);

		/* A group that is idle has no weight. */
		if (ret && !(ret == -EINVAL && !strcmp(settings[i].file, "cpu.weight")))
			return ret;
		rc_inc(&shared->writes);
		rc_nap();
	}
	return 0;
}

/* A group whose last task has just ended, or left it when it was out of quota. */
static int make_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int seed = 3;

	while (!rc_get(&shared->stop)) {
		const char *parent = shared->grp[rand_r(&seed) % GROUPS];
		const char *grp = rc_group_new(parent);
		bool die = rand_r(&seed) % 2;
		pid_t pid;
		int ret;

		if (!grp)
			return -errno;
		pid = rc_spinner();
		if (pid < 0)
			return -errno;
		ret = cpu_write(grp, "cpu.max", "1000 5000") ?: rc_attach(grp, pid);
		if (ret)
			return ret;
		while (!rc_field(rc_fmt("%s/cpu.stat", grp), "nr_throttled") &&
		       !rc_get(&shared->stop))
			sched_yield();
		if (die)
			ret = rc_kill(pid);
		else
			ret = rc_attach(shared->hier, pid);
		ret = ret ?: rc_rmdir(grp);
		if (!die)
			ret = ret ?: rc_kill(pid);
		if (ret)
			return ret;
		free((void *)grp);
		rc_inc(&shared->made);
	}
	return 0;
}

static int set_policies(void *arg)
{
	static const int policies[] = { SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_RR };
	struct shared *shared = arg;
	unsigned int seed = 5;

	while (!rc_get(&shared->stop)) {
		int policy = policies[rand_r(&seed) % ARRAY_SIZE(policies)];
		struct sched_param param = { .sched_priority = policy == SCHED_RR };
		/* No more than one is real-time, which leaves something to others. */
		int nr = policy == SCHED_RR ? 0 : rand_r(&seed) % FORKERS;

		if (sched_setscheduler(shared->task[nr], policy, &param))
			return -errno;
		rc_inc(&shared->policies);
		rc_nap();
	}
	return 0;
}

static int plug_cpus(void *arg)
{
	struct shared *shared = arg;
	const char *file = "/sys/devices/system/cpu/cpu1/online";
	int online = 1, ret;

	if (access(file, F_OK)) {
		rc_inc(&shared->hotplugs);
		return 0;
	}
	do {
		online = !online || rc_get(&shared->stop);
		ret = rc_write(file, online ? "1" : "0");
		if (ret && ret != -EBUSY)
			return ret;
		rc_inc(&shared->hotplugs);
		rc_nap();
	} while (!rc_get(&shared->stop) || !online);
	return 0;
}

/* Whoever asks where everybody is changes nothing about it. */
static int look_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		cpu_place(getpid());
		rc_inc(&shared->looks);
	}
	return 0;
}

static bool progress(const struct shared *shared)
{
	return rc_get(&shared->forks) > 20 && rc_get(&shared->moves) > 20 &&
	       rc_get(&shared->writes) > 20 && rc_get(&shared->made) > 3 &&
	       rc_get(&shared->policies) > 5 && rc_get(&shared->hotplugs) &&
	       rc_get(&shared->looks);
}

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	struct shared *shared;

	if (!rc_has_subsys("cpu"))
		SKIP(return, "kernel without CONFIG_RC_CPU");
	ASSERT_EQ(0, rc_setup());
	shared = rc_shared(sizeof(*shared));
	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->hier = rc_bound_new("cpu");
	ASSERT_TRUE(!!shared->hier);
	for (int i = 0; i < GROUPS; i++) {
		shared->grp[i] = rc_group_new(i < 2 ? shared->hier : shared->grp[i - 2]);
		ASSERT_TRUE(!!shared->grp[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* All of it at once. */
TEST_F_TIMEOUT(race, all, RC_RACE_TIMEOUT)
{
	static int (* const parts[])(void *arg) = {
		move_on, move_on, write_on, make_on, set_policies, plug_cpus, look_on,
	};
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[ARRAY_SIZE(parts)];

	for (size_t i = 0; i < ARRAY_SIZE(shared->task); i++) {
		shared->task[i] = i < FORKERS ? rc_spawn(fork_on, shared) : rc_spinner();
		ASSERT_LT(0, shared->task[i]);
		ASSERT_EQ(0, rc_attach(shared->grp[i % GROUPS], shared->task[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		pids[i] = rc_spawn(parts[i], shared);
	while (rc_now() < until)
		rc_nap();
	EXPECT_TRUE(RC_WAIT(progress(shared)));
	rc_set(&shared->stop, 1);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		EXPECT_EQ(0, rc_reap(pids[i])) {
			TH_LOG("part %zu", i);
		}
	}
	for (int i = 0; i < FORKERS; i++)
		EXPECT_EQ(0, rc_reap(shared->task[i]));
	for (int i = FORKERS; i < FORKERS + HOGS; i++)
		EXPECT_EQ(0, rc_kill(shared->task[i]));
	TH_LOG("%ld forks, %ld moves, %ld writes, %ld groups, %ld policies, %ld plugs, %ld looks",
	       shared->forks, shared->moves, shared->writes, shared->made,
	       shared->policies, shared->hotplugs, shared->looks);
	/* The children of forkers were not waited for. */
	for (int i = GROUPS; i--;) {
		const char *grp = shared->grp[i];

		EXPECT_TRUE(RC_WAIT(rc_rmdir(grp) != -EBUSY));
	}
}

TEST_HARNESS_MAIN
