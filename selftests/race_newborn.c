// SPDX-License-Identifier: GPL-2.0
/*
 * A process is moved to and fro between a cpuset and the root while it forks: each
 * child may use what its group has.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define CHILDREN 150

struct shared {
	const char *root;
	const char *grp;
	const char *file;
	/* Of the parent and of the mover: go on, go on to the end. */
	long fork;
	long stop;
	/* The parent is who it is to be. */
	long ready;
	long moves;
	pid_t child[CHILDREN];
};

FIXTURE(newborn)
{
	struct shared *shared;
	char *all_cpus;
	char *all_mems;
	char *cpus;
};

/* Who moves, and by which file. */
FIXTURE_VARIANT(newborn)
{
	uid_t uid;
	const char *file;
};

FIXTURE_VARIANT_ADD(newborn, root) { 0, "procs" };
FIXTURE_VARIANT_ADD(newborn, root_by_thread) { 0, "tasks" };
FIXTURE_VARIANT_ADD(newborn, user) { RC_USER, "procs" };

FIXTURE_SETUP(newborn)
{
	const char *hier = CS_SETUP(return), *grp;
	const char *cpu = rc_fmt("%d", cs_nr_cpus() - 1);

	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	grp = cs_new(hier, cpu, "0");
	ASSERT_TRUE(!!grp);
	self->shared->root = hier;
	self->shared->grp = grp;
	self->shared->file = variant->file;
	self->cpus = strdup(cpu);
	self->all_cpus = strdup(cs_cpus_allowed(getpid()));
	self->all_mems = strdup(cs_mems_allowed(getpid()));
	/* He owns both of the files that he writes. */
	ASSERT_EQ(0, chown(rc_fmt("%s/%s", hier, variant->file), variant->uid, -1));
	ASSERT_EQ(0, chown(rc_fmt("%s/%s", grp, variant->file), variant->uid, -1));
	ASSERT_EQ(0, chown(rc_fmt("%s/tasks", grp), variant->uid, -1));
}

FIXTURE_TEARDOWN(newborn)
{
	EXPECT_EQ(0, cs_teardown());
}

/* A batch of children whenever it is told to; they stay until they are killed. */
static int fork_on(void *arg)
{
	struct shared *shared = arg;
	int i;

	rc_set(&shared->ready, 1);
	while (!rc_get(&shared->stop)) {
		if (!rc_get(&shared->fork)) {
			rc_nap();
			continue;
		}
		for (i = 0; i < CHILDREN; i++) {
			pid_t pid = fork();

			if (!pid)
				rc_die_with_parent();
			while (!pid)
				pause();
			if (pid < 0)
				return -errno;
			shared->child[i] = pid;
		}
		rc_set(&shared->fork, 0);
		/* Until they have been looked at. */
		while (!rc_get(&shared->fork) && !rc_get(&shared->stop))
			rc_nap();
		for (i = 0; i < CHILDREN; i++) {
			kill(shared->child[i], SIGKILL);
			waitpid(shared->child[i], NULL, 0);
		}
	}
	return 0;
}

struct mover {
	struct shared *shared;
	pid_t pid;
};

static int move_on(void *arg)
{
	struct mover *mover = arg;
	struct shared *shared = mover->shared;
	char id[16];
	int ret = 0;

	snprintf(id, sizeof(id), "%d", mover->pid);
	while (!ret && !rc_get(&shared->stop)) {
		const char *to = rc_get(&shared->moves) % 2 ? shared->root :
							     shared->grp;

		ret = rc_write(rc_fmt("%s/%s", to, shared->file), id);
		rc_inc(&shared->moves);
	}
	return ret;
}

/* Nobody is born with what neither its group has nor its parent has asked for. */
TEST_F_TIMEOUT(newborn, has_what_its_group_has, RC_RACE_TIMEOUT)
{
	double until = rc_now() + rc_race_seconds() / 3.0;
	struct shared *shared = self->shared;
	struct mover mover = { .shared = shared };
	long in_root = 0, in_grp = 0, wrong = 0, wrong_grp = 0;
	pid_t parent, pid;
	int i;

	parent = rc_spawn_as(variant->uid, fork_on, shared);
	ASSERT_LT(0, parent);
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->ready)));
	mover.pid = parent;
	pid = rc_spawn_as(variant->uid, move_on, &mover);
	ASSERT_LT(0, pid);
	while (rc_now() < until || !in_root || !in_grp) {
		rc_set(&shared->fork, 1);
		ASSERT_TRUE(RC_WAIT(!rc_get(&shared->fork)));
		for (i = 0; i < CHILDREN; i++) {
			pid_t child = shared->child[i];
			bool root = !strcmp(cs_path(child), "/");
			const char *cpus = root ? self->all_cpus : self->cpus;
			bool right = !strcmp(cs_cpus_allowed(child), cpus) &&
				     !strcmp(cs_mems_allowed(child), self->all_mems);

			in_root += root;
			in_grp += !root;
			wrong += root && !right;
			wrong_grp += !root && !right;
		}
	}
	rc_set(&shared->stop, 1);
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_EQ(0, rc_reap(parent));
	TH_LOG("%ld moves; %ld born in the root, %ld wrong; %ld in the set, %ld wrong",
	       shared->moves, in_root, wrong, in_grp, wrong_grp);
	EXPECT_LT(0, in_root);
	EXPECT_LT(0, in_grp);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, wrong_grp);
}

TEST_HARNESS_MAIN
