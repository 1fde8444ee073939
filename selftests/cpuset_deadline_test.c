// SPDX-License-Identifier: GPL-2.0
/*
 * The bandwidth of deadline tasks in groups that are scheduling domains of
 * their own.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched/types.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define MS 1000000ULL
#define SCHED_DEADLINE 6

FIXTURE(deadline)
{
	const char *root;
	const char *a;
	const char *b;
};

/* Each group has two CPUs, of which there is room for two tasks, not three. */
FIXTURE_SETUP(deadline)
{
	ASSERT_EQ(8, cs_nr_cpus());
	self->root = cs_setup();
	ASSERT_TRUE(!!self->root);
	self->a = cs_new(self->root, "0-1", "0");
	self->b = cs_new(self->root, "4-5", "0");
	ASSERT_TRUE(self->a && self->b);
	ASSERT_EQ(0, cs_write(self->a, "cpu_exclusive", "1"));
	ASSERT_EQ(0, cs_write(self->b, "cpu_exclusive", "1"));
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
}

FIXTURE_TEARDOWN(deadline)
{
	EXPECT_EQ(0, cs_teardown());
}

/* Both in milliseconds. */
static int set_deadline(pid_t pid, int runtime, int period)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = SCHED_DEADLINE,
		.sched_runtime = runtime * MS,
		.sched_deadline = period * MS,
		.sched_period = period * MS,
	};

	return syscall(SYS_sched_setattr, pid, &attr, 0) ? -errno : 0;
}

/* For cs_do(): 70 % of a CPU for the worker. */
static int become_deadline(struct cs_worker *worker)
{
	return set_deadline(0, 70, 100);
}

/* For cs_do(): 80 %, so that there is no room for the servers of some CPUs beside. */
static int become_large(struct cs_worker *worker)
{
	return set_deadline(0, 80, 100);
}

/* For cs_do(): 35 % of a CPU, of a period that is as long as can be. */
static int become_slow(struct cs_worker *worker)
{
	return set_deadline(0, 1400, 4000);
}

/* A task in a group that has called a function, or -errno. */
static pid_t task_that(const char *grp, int (*fn)(struct cs_worker *worker))
{
	struct cs_worker *worker = cs_worker_new();
	int ret;

	if (!worker)
		return -ENOMEM;
	ret = cs_attach(grp, worker->pid) ?: cs_do(worker, fn);
	if (!ret)
		return worker->pid;
	rc_kill(worker->pid);
	return ret;
}

/*
 * A deadline task in a group, or -errno.  It mostly sleeps, but has its
 * bandwidth.  It asks for that itself: what counts is the domain where a task
 * has run last, and one that only sleeps has not run in its group.
 */
static pid_t deadline_task(const char *grp)
{
	return task_that(grp, become_deadline);
}

/* A task needs a whole domain: a group that is part of a larger one is none. */
TEST_F(deadline, domain)
{
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "1"));
	EXPECT_EQ(-EPERM, deadline_task(self->a));
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	EXPECT_LT(0, deadline_task(self->a));
}

/* A group has the bandwidth of its CPUs, and not of others. */
TEST_F(deadline, admission)
{
	pid_t pid = deadline_task(self->a);

	ASSERT_LT(0, pid);
	EXPECT_LT(0, deadline_task(self->a));
	EXPECT_EQ(-EBUSY, deadline_task(self->a));
	EXPECT_LT(0, deadline_task(self->b));
	/* What a task had is free a little after it has ended. */
	ASSERT_EQ(0, rc_kill(pid));
	EXPECT_TRUE(RC_WAIT(deadline_task(self->a) > 0));
	EXPECT_EQ(-EBUSY, deadline_task(self->a));
}

/* A task that does not fit stays where it is, with all that it has. */
TEST_F(deadline, attach)
{
	pid_t pid = deadline_task(self->a), there = deadline_task(self->b);

	ASSERT_LT(0, pid);
	ASSERT_LT(0, there);
	ASSERT_LT(0, deadline_task(self->b));
	EXPECT_EQ(-EBUSY, cs_attach(self->b, pid));
	EXPECT_STREQ(self->a + strlen(self->root), cs_path(pid));
	EXPECT_STREQ("0-1", cs_cpus_allowed(pid));
	/* The refusal has cost nothing, here or there. */
	EXPECT_EQ(-EBUSY, cs_attach(self->b, pid));
	ASSERT_EQ(0, rc_kill(there));
	EXPECT_TRUE(RC_WAIT(!cs_attach(self->b, pid)));
	EXPECT_STREQ("4-5", cs_cpus_allowed(pid));
	EXPECT_EQ(-EBUSY, deadline_task(self->b));
	/* It has taken its bandwidth along. */
	EXPECT_LT(0, deadline_task(self->a));
	EXPECT_LT(0, deadline_task(self->a));
	EXPECT_EQ(-EBUSY, deadline_task(self->a));
}

/* A group cannot lose CPUs that its tasks were promised. */
TEST_F(deadline, shrink)
{
	pid_t pid = deadline_task(self->a);

	ASSERT_LT(0, pid);
	ASSERT_LT(0, deadline_task(self->a));
	EXPECT_EQ(-EBUSY, cs_write(self->a, "cpus", "0"));
	EXPECT_STREQ("0-1", cs_read(self->a, "cpus"));
	EXPECT_STREQ("0-1", cs_cpus_allowed(pid));
	ASSERT_EQ(0, rc_kill(pid));
	EXPECT_TRUE(RC_WAIT(!cs_write(self->a, "cpus", "0")));
}

/* The scheduler's own servers on CPUs that it loses need no room on the others. */
TEST_F(deadline, shrink_without_servers)
{
	ASSERT_EQ(0, cs_write(self->a, "cpus", "0-3"));
	ASSERT_LT(0, task_that(self->a, become_large));
	EXPECT_EQ(0, cs_write(self->a, "cpus", "0"));
	EXPECT_EQ(-EBUSY, deadline_task(self->a));
}

/* The last CPU of a domain can go off line if no deadline task is there. */
TEST_F(deadline, last_cpu)
{
	const char *c = cs_new(self->root, "6", "0");
	pid_t pid;

	ASSERT_TRUE(!!c);
	EXPECT_EQ(0, cs_online_cpu(6, false));
	EXPECT_STREQ("0-5,7", cs_read(c, "effective_cpus"));
	EXPECT_EQ(0, cs_online_cpu(6, true));
	pid = deadline_task(c);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-EBUSY, cs_online_cpu(6, false));
	ASSERT_EQ(0, rc_kill(pid));
	EXPECT_TRUE(RC_WAIT(!cs_online_cpu(6, false)));
	EXPECT_EQ(0, cs_online_cpu(6, true));
}

/*
 * A task that ends while hotplug has taken its CPU, and will not have it after all,
 * takes its bandwidth along.
 */
TEST_F(deadline, ends_elsewhere)
{
	const char *c = cs_new(self->root, "6", "0");
	int round;

	ASSERT_TRUE(!!c);
	for (round = 0; round < 15; round++) {
		pid_t pid = deadline_task(c);

		ASSERT_LT(0, pid);
		EXPECT_EQ(-EBUSY, cs_online_cpu(6, false));
		ASSERT_EQ(0, rc_kill(pid));
		ASSERT_TRUE(RC_WAIT(!cs_online_cpu(6, false)));
		ASSERT_EQ(0, cs_online_cpu(6, true));
	}
}

/* Nor can it lose them by hotplug. */
TEST_F(deadline, hotplug)
{
	pid_t pid = deadline_task(self->b);

	ASSERT_LT(0, pid);
	ASSERT_LT(0, deadline_task(self->b));
	EXPECT_EQ(-EBUSY, cs_online_cpu(5, false));
	EXPECT_STREQ("0-7", cs_online_cpus());
	EXPECT_STREQ("4-5", cs_read(self->b, "effective_cpus"));
	ASSERT_EQ(0, rc_kill(pid));
	EXPECT_TRUE(RC_WAIT(!cs_online_cpu(5, false)));
	EXPECT_EQ(-EBUSY, deadline_task(self->b));
	ASSERT_EQ(0, cs_online_cpu(5, true));
	EXPECT_LT(0, deadline_task(self->b));
}

/*
 * Hotplug that finds so late that it may not has sent the tasks away already.
 * They have their CPU again.
 */
TEST_F(deadline, hotplug_refused)
{
	const char *c = cs_new(self->b, "5", "0");
	pid_t pid = rc_spinner();
	int i;

	ASSERT_TRUE(!!c);
	ASSERT_EQ(0, cs_attach(c, pid));
	ASSERT_LT(0, deadline_task(self->b));
	ASSERT_LT(0, deadline_task(self->b));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(-EBUSY, cs_online_cpu(5, false));
		EXPECT_STREQ("5", cs_read(c, "effective_cpus"));
		EXPECT_TRUE(RC_WAIT(!strcmp("5", cs_cpus_allowed(pid)) &&
				    cs_cpu_of(pid) == 5));
	}
}

/* For cs_do(): runs, wherever it is to. */
static int run_briefly(struct cs_worker *worker)
{
	return 0;
}

/* Its bandwidth goes along, though it sleeps, and no other CPU was with it. */
TEST_F(deadline, hotplug_sleeping)
{
	const char *c = cs_new(self->root, "6-7", "0");
	struct cs_worker *worker = cs_worker_new();

	ASSERT_TRUE(c && worker);
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "1"));
	ASSERT_EQ(0, cs_set_affinity(worker->pid, "7"));
	ASSERT_EQ(0, cs_do(worker, run_briefly));
	ASSERT_EQ(0, cs_set_affinity(worker->pid, "0-7"));
	ASSERT_EQ(0, set_deadline(worker->pid, 10, 100));
	ASSERT_EQ(0, cs_attach(c, worker->pid));
	ASSERT_EQ(7, cs_cpu_of(worker->pid));
	EXPECT_EQ(0, cs_online_cpu(7, false));
	EXPECT_STREQ("6", cs_cpus_allowed(worker->pid));
	/* Again, while it is elsewhere already. */
	EXPECT_EQ(0, cs_online_cpu(5, false));
	EXPECT_EQ(0, cs_online_cpu(5, true));
	EXPECT_EQ(0, cs_online_cpu(7, true));
	EXPECT_STREQ("6-7", cs_cpus_allowed(worker->pid));
	EXPECT_EQ(0, cs_do(worker, run_briefly));
}

/* New domains know what the tasks of old ones were promised, exactly. */
TEST_F(deadline, rebuild)
{
	const char *c = cs_new(self->root, "6", "0");
	pid_t pid = deadline_task(self->a);
	int i;

	ASSERT_TRUE(!!c);
	ASSERT_LT(0, pid);
	ASSERT_LT(0, deadline_task(self->a));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, cs_write(c, "cpus", i % 2 ? "6" : "6-7"));
		ASSERT_EQ(0, cs_write(self->a, "cpus", i % 2 ? "0-1" : "0-2"));
	}
	EXPECT_EQ(-EBUSY, deadline_task(self->a));
	ASSERT_EQ(0, rc_kill(pid));
	EXPECT_TRUE(RC_WAIT(deadline_task(self->a) > 0));
	EXPECT_EQ(-EBUSY, deadline_task(self->a));
}

/* A task that becomes a deadline task, and ceases to be one, all the time. */
static int on_and_off(void *arg)
{
	struct sched_param none = { };
	long *stop = arg;

	while (!rc_get(stop)) {
		/* EBUSY or EPERM while it is between domains. */
		set_deadline(0, 10, 100);
		if (sched_setscheduler(0, SCHED_OTHER, &none))
			return -errno;
	}
	return 0;
}

/* Wherever it is moved meanwhile, nothing is left of it in either domain. */
TEST_F_TIMEOUT(deadline, balance, RC_RACE_TIMEOUT)
{
	double until = rc_now() + rc_race_seconds();
	long *stop = rc_shared(sizeof(*stop)), moves = 0;
	pid_t pid[2];
	int i;

	ASSERT_TRUE(!!stop);
	for (i = 0; i < 2; i++) {
		pid[i] = rc_spawn(on_and_off, stop);
		ASSERT_LT(0, pid[i]);
	}
	while (rc_now() < until) {
		int err = cs_attach(moves % 2 ? self->a : self->b,
				    pid[moves / 2 % 2]);

		ASSERT_TRUE(!err || err == -EBUSY);
		moves++;
	}
	rc_set(stop, 1);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, rc_reap(pid[i]));
	TH_LOG("%ld moves", moves);
	/* Both have room for two tasks, and for no third one. */
	EXPECT_TRUE(RC_WAIT(deadline_task(self->a) > 0));
	EXPECT_TRUE(RC_WAIT(deadline_task(self->a) > 0));
	EXPECT_EQ(-EBUSY, deadline_task(self->a));
	EXPECT_TRUE(RC_WAIT(deadline_task(self->b) > 0));
	EXPECT_TRUE(RC_WAIT(deadline_task(self->b) > 0));
	EXPECT_EQ(-EBUSY, deadline_task(self->b));
}

/* Nor of one that others make cease to be one while it sleeps, long after it has run. */
TEST_F(deadline, leave_asleep)
{
	struct cs_worker *worker = cs_worker_new();
	struct sched_param none = { };
	int i, status;

	ASSERT_TRUE(!!worker);
	ASSERT_EQ(0, cs_attach(self->a, worker->pid));
	ASSERT_EQ(0, cs_do(worker, run_briefly));
	ASSERT_EQ(0, kill(worker->pid, SIGSTOP));
	ASSERT_EQ(worker->pid, waitpid(worker->pid, &status, WUNTRACED));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, set_deadline(worker->pid, 70, 100));
		ASSERT_EQ(0, sched_setscheduler(worker->pid, SCHED_OTHER, &none));
	}
	EXPECT_LT(0, deadline_task(self->a));
	EXPECT_LT(0, deadline_task(self->a));
	EXPECT_EQ(-EBUSY, deadline_task(self->a));
}

static int count_on(void *arg)
{
	while (true)
		rc_inc((long *)arg);
	return 0;
}

/* A task that has nothing left to run with when its CPU goes off line is not lost. */
TEST_F(deadline, throttled_offline)
{
	struct sched_param none = { };
	long *count = rc_shared(sizeof(*count)), before;
	pid_t pid;
	int i;

	ASSERT_TRUE(!!count);
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "1"));
	pid = rc_spawn(count_on, count);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, cs_set_affinity(pid, "7"));
	ASSERT_TRUE(RC_WAIT(cs_cpu_of(pid) == 7));
	ASSERT_EQ(0, cs_set_affinity(pid, "0-7"));
	ASSERT_EQ(0, set_deadline(pid, 200, 4000));
	/* It has used that up soon, and waits for long. */
	do {
		before = rc_get(count);
		for (i = 0; i < 20; i++)
			rc_nap();
	} while (rc_get(count) != before);
	ASSERT_NE(0, cs_cpu_of(pid));
	ASSERT_EQ(0, cs_online_cpu(cs_cpu_of(pid), false));
	ASSERT_EQ(0, sched_setscheduler(pid, SCHED_OTHER, &none));
	before = rc_get(count);
	EXPECT_TRUE(RC_WAIT(rc_get(count) != before));
}

/* For cs_do(): uses half a second of that, ahead of its time. */
static int burn(struct cs_worker *worker)
{
	double until = rc_now() + 0.5;

	while (rc_now() < until)
		;
	return 0;
}

/*
 * What a task had that has just ended is there a little longer. Domains that are
 * rebuilt meanwhile do not lose it twice. Returns "", or what was wrong.
 */
static const char *ended_once(const char *root, const char *grp, bool reaped)
{
	struct cs_worker *worker = cs_worker_new();
	const char *c = cs_new(root, "6", "0");
	double until;
	siginfo_t si;

	if (!worker || !c || deadline_task(grp) < 0 || deadline_task(grp) < 0)
		return "no group, or no deadline tasks";
	if (cs_attach(grp, worker->pid) || cs_do(worker, become_slow) ||
	    cs_do(worker, burn))
		return "no third task";
	if (reaped ? rc_kill(worker->pid) :
		     kill(worker->pid, SIGKILL) ||
		     waitid(P_PID, worker->pid, &si, WEXITED | WNOWAIT))
		return "it does not end";
	if (cs_write(c, "cpus", "6-7") || cs_write(c, "cpus", "6"))
		return "domains are not rebuilt";
	/* There is room for one as it was, now or soon. Never for two. */
	if (!RC_WAIT(task_that(grp, become_slow) > 0))
		return "there is no room when it has ended";
	for (until = rc_now() + 2; rc_now() < until;)
		if (task_that(grp, become_slow) != -EBUSY)
			return "there is more room than before";
	return "";
}

TEST_F(deadline, rebuild_zombie)
{
	EXPECT_STREQ("", ended_once(self->root, self->a, false));
}

TEST_F(deadline, rebuild_reaped)
{
	EXPECT_STREQ("", ended_once(self->root, self->a, true));
}

TEST_HARNESS_MAIN
