// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs and a node come and go while tasks are attached and groups are given
 * other CPUs and nodes.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define GROUPS 5
#define TASKS 8

/* What the groups get: what fits and what does not, all of it well-formed. */
static const char * const cpus[] = {
	"0-7", "0-3", "4-7", "2-3", "1", "5", "0,2,4,6", "6-7", "",
};

static const char * const mems[] = { "0-1", "0", "1", "0-2", "2", "1-2", "" };

struct shared {
	const char *root;
	/* Two with one below each, and one that is made and removed. */
	const char *grp[GROUPS];
	pid_t task[TASKS];
	int node;
	long stop;
	long hotplugs;
	long moves;
	long writes;
	long made;
	/* Refused as it may be, and otherwise. */
	long refused;
	long wrong;
	long error;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	struct shared *shared = rc_shared(sizeof(*shared));
	int i;

	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->root = CS_SETUP_NUMA();
	shared->node = cs_removable_node();
	ASSERT_EQ(2, shared->node);
	shared->grp[0] = cs_new(shared->root, "0-3", "0-1");
	shared->grp[1] = cs_new(shared->root, "4-7", "0-1");
	ASSERT_TRUE(shared->grp[0] && shared->grp[1]);
	shared->grp[2] = cs_new(shared->grp[0], "2-3", "0");
	shared->grp[3] = cs_new(shared->grp[1], "5", "1");
	ASSERT_TRUE(shared->grp[2] && shared->grp[3]);
	shared->grp[4] = strdup(rc_fmt("%s/come-and-go", shared->grp[0]));
	for (i = 0; i < TASKS; i++) {
		shared->task[i] = i % 4 == 0 ? rc_spinner() :
				  i % 4 == 1 ? rc_syscaller() : rc_sleeper();
		ASSERT_LT(0, shared->task[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, cs_teardown());
}

/* Counts; @refusals, a list that ends with 0, are errors that there may be. */
static void judge(struct shared *shared, int ret, long *good, const int *refusals)
{
	if (!ret) {
		rc_inc(good);
		return;
	}
	for (; *refusals; refusals++) {
		if (ret == -*refusals) {
			rc_inc(&shared->refused);
			return;
		}
	}
	rc_inc(&shared->wrong);
	rc_set(&shared->error, ret);
}

static const char *pick_group(struct shared *shared, unsigned int *seed)
{
	return shared->grp[rand_r(seed) % GROUPS];
}

static int plug_cpus(void *arg)
{
	static const int refusals[] = { EBUSY, 0 };
	struct shared *shared = arg;
	unsigned int seed = 1;

	while (!rc_get(&shared->stop)) {
		int cpu = 1 + rand_r(&seed) % 7;
		bool online = cs_has(cs_online_cpus(), cpu);

		judge(shared, cs_online_cpu(cpu, !online), &shared->hotplugs, refusals);
	}
	return 0;
}

static int plug_node(void *arg)
{
	static const int refusals[] = { EBUSY, 0 };
	struct shared *shared = arg;
	bool online = true;

	while (!rc_get(&shared->stop)) {
		judge(shared, cs_online_node(shared->node, online),
		      &shared->hotplugs, refusals);
		online = !online;
	}
	return 0;
}

/* A group may be empty, or just gone. */
static int move_tasks(void *arg)
{
	static const int refusals[] = { ENOSPC, ENOENT, ENODEV, 0 };
	struct shared *shared = arg;
	unsigned int seed = getpid();

	while (!rc_get(&shared->stop)) {
		pid_t pid = shared->task[rand_r(&seed) % TASKS];
		const char *to = rand_r(&seed) % 4 ? pick_group(shared, &seed) :
				 shared->root;

		judge(shared, cs_attach(to, pid), &shared->moves, refusals);
	}
	return 0;
}

/* All that can be wrong with a well-formed list, or with a flag. */
static const int write_refusals[] = {
	EINVAL, EACCES, EBUSY, ENOSPC, ENOENT, ENODEV, 0,
};

static int write_cpus(void *arg)
{
	static const char * const flags[] = { "sched_load_balance", "cpu_exclusive" };
	struct shared *shared = arg;
	unsigned int seed = getpid();

	while (!rc_get(&shared->stop)) {
		const char *grp = pick_group(shared, &seed);
		const char *text = rand_r(&seed) % 2 ? "1" : "0";
		const char *file = flags[rand_r(&seed) % 2];

		judge(shared, cs_write(grp, "cpus", cpus[rand_r(&seed) % ARRAY_SIZE(cpus)]),
		      &shared->writes, write_refusals);
		if (rand_r(&seed) % 8)
			continue;
		/* Of the root it decides about all others' domains. */
		if (rand_r(&seed) % 2)
			judge(shared, cs_write(shared->root, "sched_load_balance", text),
			      &shared->writes, write_refusals);
		else
			judge(shared, cs_write(grp, file, text), &shared->writes,
			      write_refusals);
	}
	return 0;
}

static int write_mems(void *arg)
{
	static const char * const flags[] = {
		"memory_migrate", "memory_spread_page", "mem_exclusive", "mem_hardwall",
	};
	struct shared *shared = arg;
	unsigned int seed = getpid();

	while (!rc_get(&shared->stop)) {
		const char *grp = pick_group(shared, &seed);
		const char *text = rand_r(&seed) % 2 ? "1" : "0";

		judge(shared, cs_write(grp, "mems", mems[rand_r(&seed) % ARRAY_SIZE(mems)]),
		      &shared->writes, write_refusals);
		if (rand_r(&seed) % 8 == 0)
			judge(shared, cs_write(grp, flags[rand_r(&seed) % ARRAY_SIZE(flags)], text),
			      &shared->writes, write_refusals);
	}
	return 0;
}

/* A group that comes, perhaps gets tasks, and goes when it has none. */
static int make_group(void *arg)
{
	static const int refusals[] = { EBUSY, EEXIST, 0 };
	struct shared *shared = arg;
	const char *grp = shared->grp[GROUPS - 1];
	unsigned int seed = getpid();

	while (!rc_get(&shared->stop)) {
		judge(shared, rc_mkdir(grp), &shared->made, refusals);
		judge(shared, cs_write(grp, "cpus", cpus[rand_r(&seed) % ARRAY_SIZE(cpus)]),
		      &shared->writes, write_refusals);
		judge(shared, cs_write(grp, "mems", mems[rand_r(&seed) % ARRAY_SIZE(mems)]),
		      &shared->writes, write_refusals);
		judge(shared, rc_rmdir(grp), &shared->made, refusals);
	}
	return 0;
}

/* The group of a task, which hotplug may have changed a while ago. */
static const char *group_of(const struct shared *shared, pid_t task)
{
	const char *path = cs_path(task);

	return rc_fmt("%s%s", shared->root, strcmp(path, "/") ? path : "");
}

/* A task that sleeps stays where it was until it wakes. */
static bool settled(const struct shared *shared, pid_t task, bool runs)
{
	const char *grp = group_of(shared, task);
	const char *cpus = cs_read(grp, "effective_cpus");

	return !strcmp(cpus, cs_cpus_allowed(task)) &&
	       !strcmp(cs_read(grp, "effective_mems"), cs_mems_allowed(task)) &&
	       (!runs || cs_has(cpus, cs_cpu_of(task)));
}

/* Everything is on line: each group has what it was given, and so have tasks. */
static void check_rest(struct __test_metadata *_metadata, struct shared *shared)
{
	int i;

	for (i = 0; i < GROUPS; i++) {
		const char *grp = shared->grp[i];

		if (access(grp, F_OK))
			continue;
		EXPECT_TRUE(RC_WAIT(!strcmp(cs_read(grp, "cpus"),
					    cs_read(grp, "effective_cpus")))) {
			TH_LOG("%s: %s, not %s", grp, cs_read(grp, "effective_cpus"),
			       cs_read(grp, "cpus"));
		}
		EXPECT_TRUE(RC_WAIT(!strcmp(cs_read(grp, "mems"),
					    cs_read(grp, "effective_mems")))) {
			TH_LOG("%s: %s, not %s", grp, cs_read(grp, "effective_mems"),
			       cs_read(grp, "mems"));
		}
	}
	for (i = 0; i < TASKS; i++) {
		pid_t task = shared->task[i];

		EXPECT_TRUE(RC_WAIT(settled(shared, task, i % 4 < 2))) {
			const char *grp = group_of(shared, task);

			TH_LOG("%s: cpus %s, not %s; mems %s, not %s", grp,
			       cs_cpus_allowed(task), cs_read(grp, "effective_cpus"),
			       cs_mems_allowed(task), cs_read(grp, "effective_mems"));
		}
	}
}

static void race(struct __test_metadata *_metadata, struct shared *shared,
		 int (*const *actors)(void *), int nr)
{
	double until = rc_now() + rc_race_seconds();
	pid_t pids[nr];
	int i;

	for (i = 0; i < nr; i++)
		pids[i] = rc_spawn(actors[i], shared);
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < nr; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld of hotplug, %ld moves, %ld writes, %ld made and removed, %ld refused",
	       shared->hotplugs, shared->moves, shared->writes, shared->made,
	       shared->refused);
	EXPECT_LT(0, shared->hotplugs);
	EXPECT_LT(0, shared->moves);
	EXPECT_LT(0, shared->writes);
	EXPECT_LT(0, shared->made);
	EXPECT_EQ(0, shared->wrong) {
		TH_LOG("last error %ld", shared->error);
	}
}

/* A storm of CPUs. Afterwards everything and everybody is where it belongs. */
TEST_F_TIMEOUT(race, cpus, RC_RACE_TIMEOUT)
{
	static int (*const actors[])(void *) = {
		plug_cpus, move_tasks, move_tasks, write_cpus, write_cpus, make_group,
	};
	int cpu;

	race(_metadata, self->shared, actors, ARRAY_SIZE(actors));
	for (cpu = 1; cpu < 8; cpu++)
		ASSERT_EQ(0, cs_online_cpu(cpu, true));
	ASSERT_EQ(0, cs_write(self->shared->root, "sched_load_balance", "1"));
	check_rest(_metadata, self->shared);
}

/* The same with a node that comes and goes. */
TEST_F_TIMEOUT(race, mems, RC_RACE_TIMEOUT)
{
	static int (*const actors[])(void *) = {
		plug_node, move_tasks, move_tasks, write_mems, write_mems, make_group,
	};

	race(_metadata, self->shared, actors, ARRAY_SIZE(actors));
	ASSERT_EQ(0, cs_online_node(self->shared->node, true));
	check_rest(_metadata, self->shared);
}

/* Both at once, and groups that are given both. */
TEST_F_TIMEOUT(race, both, RC_RACE_TIMEOUT)
{
	static int (*const actors[])(void *) = {
		plug_cpus, plug_node, move_tasks, write_cpus, write_mems, make_group,
	};
	int cpu;

	race(_metadata, self->shared, actors, ARRAY_SIZE(actors));
	for (cpu = 1; cpu < 8; cpu++)
		ASSERT_EQ(0, cs_online_cpu(cpu, true));
	ASSERT_EQ(0, cs_online_node(self->shared->node, true));
	check_rest(_metadata, self->shared);
}

TEST_HARNESS_MAIN
