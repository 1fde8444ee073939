// SPDX-License-Identifier: GPL-2.0
/*
 * All that is born is moved into a group at once, kernel threads that are not yet
 * ready too: whoever is in the group in the end can be moved out of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define CPUMASK "/sys/devices/virtual/workqueue/cpumask"
#define MOVERS 2
/* As many ids from the youngest on are tried at a time. */
#define AHEAD 4

struct shared {
	const char *grp;
	const char *file;
	long stop;
	long masks;
	long caught;
	long refused;
	long wrong;
};

FIXTURE(race)
{
	struct shared *shared;
	const char *hier;
	char *cpumask;
};

FIXTURE_VARIANT(race)
{
	const char *file;
};

FIXTURE_VARIANT_ADD(race, tasks) { "tasks" };
FIXTURE_VARIANT_ADD(race, procs) { "procs" };

FIXTURE_SETUP(race)
{
	self->cpumask = rc_text(CPUMASK);
	if (!self->cpumask || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "no workqueues whose CPUs can be chosen");
	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->shared->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->shared->grp);
	self->shared->file = variant->file;
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_write(CPUMASK, self->cpumask));
	EXPECT_EQ(0, rc_teardown());
}

/* Each mask wants other workers. */
static int change_masks(void *arg)
{
	struct shared *shared = arg;
	int ret = 0;

	while (!ret && !rc_get(&shared->stop)) {
		ret = rc_write(CPUMASK, rc_fmt("%lx", 1 + rc_get(&shared->masks) % 3));
		rc_inc(&shared->masks);
	}
	return ret;
}

/* The last id that was given to a task. */
static pid_t youngest(int loadavg)
{
	char buf[128];
	ssize_t len = pread(loadavg, buf, sizeof(buf) - 1, 0);
	char *last;

	if (len <= 0)
		return -EIO;
	buf[len] = '\0';
	last = strrchr(buf, ' ');
	return last ? atoi(last) : -EIO;
}

static int move_on(void *arg)
{
	struct shared *shared = arg;
	int loadavg = rc_open("/proc/loadavg", O_RDONLY);
	int fd = rc_open(rc_fmt("%s/%s", shared->grp, shared->file), O_WRONLY);

	if (loadavg < 0 || fd < 0)
		return -EIO;
	while (!rc_get(&shared->stop)) {
		pid_t last = youngest(loadavg), id;

		for (id = last; id <= last + AHEAD; id++) {
			const char *text = rc_fmt("%d", id);
			int ret = rc_write_fd(fd, text, strlen(text));

			if (!ret)
				rc_inc(&shared->caught);
			else if (ret == -EINVAL)
				rc_inc(&shared->refused);
			else if (ret != -ESRCH)
				rc_set(&shared->wrong, -ret);
		}
	}
	return 0;
}

/* None in the group is bound to its CPUs; it is emptied and removed. */
TEST_F_TIMEOUT(race, caught, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds() / 2.0;
	pid_t pids[MOVERS + 1], *ids;
	int nr, i, bound = 0, stuck = 0;

	pids[MOVERS] = rc_spawn(change_masks, shared);
	for (i = 0; i < MOVERS; i++)
		pids[i] = rc_spawn(move_on, shared);
	while (rc_now() < until)
		rc_nap();
	EXPECT_TRUE(RC_WAIT(rc_get(&shared->masks) > 10));
	rc_set(&shared->stop, 1);
	for (i = 0; i <= MOVERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	nr = rc_list(rc_fmt("%s/tasks", shared->grp), &ids);
	ASSERT_LE(0, nr);
	for (i = 0; i < nr; i++) {
		unsigned int flags = rc_task_flags(ids[i]);
		int ret = rc_attach(self->hier, ids[i]);

		bound += (flags & RC_PF_KTHREAD) &&
			 (flags & RC_PF_NO_SETAFFINITY);
		stuck += ret && ret != -ESRCH;
	}
	TH_LOG("%ld masks, %ld moves, %ld refused; %d in the group, %d of them bound",
	       shared->masks, shared->caught, shared->refused, nr, bound);
	EXPECT_EQ(0, bound);
	EXPECT_EQ(0, stuck);
	EXPECT_EQ(0, shared->wrong);
	EXPECT_EQ(0, rc_rmdir(shared->grp));
}

TEST_HARNESS_MAIN
