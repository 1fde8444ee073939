// SPDX-License-Identifier: GPL-2.0
/*
 * Where tasks of a cpuset run, those that never call the kernel too, and what
 * sched_setaffinity(2) can do about it.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define SPINNERS 12
#define THREADS 4

FIXTURE(running)
{
	const char *root;
	const char *grp;
};

FIXTURE_SETUP(running)
{
	self->root = CS_SETUP_NUMA();
	self->grp = cs_new(self->root, "4-7", "0-1");
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(running)
{
	EXPECT_EQ(0, cs_teardown());
}

/* A task that spins is on the group's CPU when the write that attaches it ends. */
TEST_F(running, attach)
{
	pid_t pid = rc_spinner();
	int cpu;

	for (cpu = 0; cpu < 8; cpu++) {
		const char *list = rc_fmt("%d", cpu);
		const char *grp = cs_new(self->root, list, "0");

		ASSERT_TRUE(!!grp);
		ASSERT_EQ(0, cs_attach(grp, pid));
		EXPECT_EQ(cpu, cs_cpu_of(pid));
		EXPECT_STREQ(list, cs_cpus_allowed(pid));
		EXPECT_TRUE(cs_stays_on(pid, list, 5));
	}
}

/* It leaves a CPU that its group loses before the write to cpus ends. */
TEST_F(running, write_cpus)
{
	pid_t pid = rc_spinner();
	int cpu;

	ASSERT_EQ(0, cs_attach(self->grp, pid));
	for (cpu = 7; cpu >= 0; cpu--) {
		const char *list = rc_fmt("%d", cpu);

		ASSERT_EQ(0, cs_write(self->grp, "cpus", list));
		EXPECT_EQ(cpu, cs_cpu_of(pid));
		EXPECT_STREQ(list, cs_cpus_allowed(pid));
		EXPECT_TRUE(cs_stays_on(pid, list, 5));
	}
}

/* All of many tasks leave, and spread out again when there is room. */
TEST_F(running, many)
{
	pid_t pids[SPINNERS];
	cpu_set_t seen;
	int i;

	for (i = 0; i < SPINNERS; i++) {
		pids[i] = rc_spinner();
		ASSERT_EQ(0, cs_attach(self->grp, pids[i]));
	}
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "5"));
	for (i = 0; i < SPINNERS; i++)
		EXPECT_EQ(5, cs_cpu_of(pids[i]));
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "0-1"));
	for (i = 0; i < SPINNERS; i++)
		EXPECT_TRUE(cs_has("0-1", cs_cpu_of(pids[i])));
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "0-3"));
	CPU_ZERO(&seen);
	EXPECT_TRUE(RC_WAIT(({
		for (i = 0; i < SPINNERS; i++)
			CPU_SET(cs_cpu_of(pids[i]), &seen);
		!strcmp(cs_list(&seen), "0-3");
	})));
}

struct spinning {
	pid_t tid[THREADS];
	long next;
	long ready;
};

static void *spin_in_thread(void *arg)
{
	struct spinning *spinning = arg;
	long nr = __atomic_fetch_add(&spinning->next, 1, __ATOMIC_RELAXED);

	spinning->tid[nr] = gettid();
	__atomic_add_fetch(&spinning->ready, 1, __ATOMIC_RELEASE);
	while (rc_get(&spinning->ready))
		;
	return NULL;
}

static int spin_in_threads(void *arg)
{
	pthread_t thread;
	int i, err = 0;

	for (i = 1; i < THREADS && !err; i++)
		err = pthread_create(&thread, NULL, spin_in_thread, arg);
	if (!err)
		spin_in_thread(arg);
	return -err;
}

/* A process is moved with all its threads; a thread alone, too. */
TEST_F(running, threads)
{
	struct spinning *spinning = rc_shared(sizeof(*spinning));
	const char *one = cs_new(self->root, "2", "0");
	int i;

	ASSERT_TRUE(spinning && one);
	ASSERT_LT(0, rc_spawn(spin_in_threads, spinning));
	ASSERT_TRUE(RC_WAIT(rc_get(&spinning->ready) == THREADS));
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "6"));
	ASSERT_EQ(0, cs_write(self->grp, "procs", rc_fmt("%d", spinning->tid[0])));
	for (i = 0; i < THREADS; i++) {
		EXPECT_EQ(6, cs_cpu_of(spinning->tid[i]));
		EXPECT_STREQ("6", cs_cpus_allowed(spinning->tid[i]));
	}
	ASSERT_EQ(0, cs_attach(one, spinning->tid[1]));
	EXPECT_EQ(2, cs_cpu_of(spinning->tid[1]));
	EXPECT_STREQ("6", cs_cpus_allowed(spinning->tid[0]));
	EXPECT_STREQ("2", cs_cpus_allowed(spinning->tid[1]));
	EXPECT_STREQ("6", cs_cpus_allowed(spinning->tid[2]));
}

/* Children and threads are born where their maker is. */
TEST_F(running, fork)
{
	pid_t pid;

	ASSERT_EQ(0, cs_attach(self->grp, getpid()));
	pid = rc_spinner();
	EXPECT_EQ(0, cs_attach(self->root, getpid()));
	ASSERT_LT(0, pid);
	EXPECT_STREQ(self->grp + strlen(self->root), cs_path(pid));
	EXPECT_STREQ("4-7", cs_cpus_allowed(pid));
	EXPECT_STREQ("0-1", cs_mems_allowed(pid));
	EXPECT_TRUE(cs_stays_on(pid, "4-7", 20));
	/* They are changed with the group that they are born into. */
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "1"));
	EXPECT_EQ(1, cs_cpu_of(pid));
}

/* Outside of its group a task can ask for nothing: EINVAL, and nothing changes. */
TEST_F(running, affinity_outside)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, cs_attach(self->grp, pid));
	EXPECT_EQ(-EINVAL, cs_set_affinity(pid, "0-3"));
	EXPECT_STREQ("4-7", cs_affinity(pid));
	ASSERT_EQ(0, cs_set_affinity(pid, "5"));
	EXPECT_EQ(-EINVAL, cs_set_affinity(pid, "3"));
	EXPECT_STREQ("5", cs_affinity(pid));
}

/* Inside it can; of a mask that is partly outside it has the other part. */
TEST_F(running, affinity_inside)
{
	pid_t pid = rc_spinner();

	ASSERT_EQ(0, cs_attach(self->grp, pid));
	EXPECT_EQ(0, cs_set_affinity(pid, "5"));
	EXPECT_STREQ("5", cs_affinity(pid));
	EXPECT_EQ(5, cs_cpu_of(pid));
	EXPECT_EQ(0, cs_set_affinity(pid, "2-6"));
	EXPECT_STREQ("4-6", cs_affinity(pid));
	EXPECT_TRUE(cs_has("4-6", cs_cpu_of(pid)));
}

/* What a task has asked for holds as long as its group has some of it. */
TEST_F(running, affinity_kept)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, cs_set_affinity(pid, "3-4"));
	ASSERT_EQ(0, cs_attach(self->grp, pid));
	EXPECT_STREQ("4", cs_affinity(pid));
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "2-5"));
	EXPECT_STREQ("3-4", cs_affinity(pid));
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "0-3"));
	EXPECT_STREQ("3", cs_affinity(pid));
	/* It has none of it: the task runs on what there is. */
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "6-7"));
	EXPECT_STREQ("6-7", cs_affinity(pid));
	ASSERT_EQ(0, cs_write(self->grp, "cpus", "4-7"));
	EXPECT_STREQ("4", cs_affinity(pid));
}

/* Back in a wider group it has all of it again. */
TEST_F(running, affinity_restored)
{
	pid_t pid = rc_sleeper(), other = rc_sleeper();

	ASSERT_EQ(0, cs_set_affinity(pid, "2-5"));
	ASSERT_EQ(0, cs_attach(self->grp, pid));
	EXPECT_STREQ("4-5", cs_affinity(pid));
	ASSERT_EQ(0, cs_attach(self->root, pid));
	EXPECT_STREQ("2-5", cs_affinity(pid));
	/* One that never asked has everything. */
	ASSERT_EQ(0, cs_attach(self->grp, other));
	ASSERT_EQ(0, cs_attach(self->root, other));
	EXPECT_STREQ("0-7", cs_affinity(other));
	/* What was asked for inside is not forgotten outside. */
	ASSERT_EQ(0, cs_attach(self->grp, other));
	ASSERT_EQ(0, cs_set_affinity(other, "6"));
	ASSERT_EQ(0, cs_attach(self->root, other));
	EXPECT_STREQ("6", cs_affinity(other));
}

/* A child inherits what its parent had asked for, not only what that got. */
TEST_F(running, affinity_forked)
{
	pid_t pid;

	ASSERT_EQ(0, cs_set_affinity(getpid(), "3-4"));
	ASSERT_EQ(0, cs_attach(self->grp, getpid()));
	pid = rc_sleeper();
	EXPECT_EQ(0, cs_attach(self->root, getpid()));
	EXPECT_STREQ("4", cs_affinity(pid));
	ASSERT_EQ(0, cs_attach(self->root, pid));
	EXPECT_STREQ("3-4", cs_affinity(pid));
}

static bool is_kthread(pid_t pid)
{
	char exe[8];

	return readlink(rc_fmt("/proc/%d/exe", pid), exe, sizeof(exe)) < 0 &&
	       errno == ENOENT && !access(rc_fmt("/proc/%d", pid), F_OK);
}

/*
 * Kernel threads that can run anywhere move as any task does, so that CPUs can
 * be cleared of them; what is bound to its CPU stays, with EINVAL.
 */
TEST_F(running, kernel_threads)
{
	const char *busy = cs_new(self->root, "0-5", "0-1");
	int moved = 0, bound = 0, nr, i;
	pid_t *ids;

	ASSERT_TRUE(!!busy);
	nr = rc_list(rc_fmt("%s/tasks", self->root), &ids);
	ASSERT_LT(0, nr);
	for (i = 0; i < nr; i++) {
		int ret;

		if (!is_kthread(ids[i]))
			continue;
		ret = cs_attach(busy, ids[i]);
		if (ret == -EINVAL)
			bound++;
		else if (ret != -ESRCH)
			ASSERT_EQ(0, ret);
		if (!ret)
			moved++;
	}
	TH_LOG("%d moved, %d bound", moved, bound);
	EXPECT_LT(0, moved);
	EXPECT_LT(0, bound);
	free(ids);

	nr = rc_list(rc_fmt("%s/tasks", busy), &ids);
	EXPECT_LE(moved / 2, nr);
	for (i = 0; i < nr; i++) {
		const char *list = cs_cpus_allowed(ids[i]);

		EXPECT_TRUE(!*list || !(cs_has(list, 6) || cs_has(list, 7))) {
			TH_LOG("%d: %s", ids[i], list);
		}
	}
	free(ids);
	/* None that is left behind could have been moved. */
	EXPECT_EQ(0, cs_evacuate(busy, self->root));
	EXPECT_EQ(-EINVAL, cs_attach(busy, rc_kthread(true)));
	EXPECT_EQ(-EINVAL, cs_attach(busy, 2));
}

TEST_HARNESS_MAIN
