// SPDX-License-Identifier: GPL-2.0
/* Tasks are moved while they change their namespaces: no move is undone. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

/* Shared through a file, which outlives an exec. */
struct shared {
	long stop;
	long loops;
	int uts_fd;
};

static struct shared *map_shared(int fd)
{
	void *mem = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED, fd, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static int step_unshare(struct shared *shared)
{
	return unshare(CLONE_NEWUTS | CLONE_NEWIPC) ? -errno : 0;
}

static int step_setns(struct shared *shared)
{
	if (unshare(CLONE_NEWUTS))
		return -errno;
	return setns(shared->uts_fd, CLONE_NEWUTS) ? -errno : 0;
}

static int step_clone(struct shared *shared)
{
	pid_t pid = syscall(SYS_clone, CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD,
			    NULL, NULL, NULL, NULL);

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(0);
	return waitpid(pid, NULL, 0) == pid ? 0 : -errno;
}

static int loop(struct shared *shared, int (*step)(struct shared *shared))
{
	int ret = 0;

	while (!ret && !rc_get(&shared->stop)) {
		ret = step(shared);
		rc_inc(&shared->loops);
	}
	return ret;
}

static int loop_unshare(struct shared *shared, int fd)
{
	return loop(shared, step_unshare);
}

static int loop_setns(struct shared *shared, int fd)
{
	return loop(shared, step_setns);
}

static int loop_clone(struct shared *shared, int fd)
{
	return loop(shared, step_clone);
}

/* exec enters the time namespace that unshare made, and comes back here. */
static int loop_exec(struct shared *shared, int fd)
{
	rc_inc(&shared->loops);
	if (rc_get(&shared->stop))
		return 0;
	if (unshare(CLONE_NEWTIME))
		return -errno;
	execl("/proc/self/exe", "race", "--exec", rc_fmt("%d", fd), NULL);
	return -errno;
}

FIXTURE(race)
{
	const char *hier;
	const char *grp[2];
	struct shared *shared;
	int fd;
};

FIXTURE_VARIANT(race)
{
	int (*fn)(struct shared *shared, int fd);
};

FIXTURE_VARIANT_ADD(race, unshare) { loop_unshare };
FIXTURE_VARIANT_ADD(race, setns) { loop_setns };
FIXTURE_VARIANT_ADD(race, clone) { loop_clone };
FIXTURE_VARIANT_ADD(race, exec) { loop_exec };

FIXTURE_SETUP(race)
{
	char name[] = "/tmp/ksft-XXXXXX";

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp[0] = rc_group_new(self->hier);
	self->grp[1] = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp[0] && self->grp[1]);
	self->fd = mkstemp(name);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, unlink(name));
	ASSERT_EQ(0, ftruncate(self->fd, sizeof(*self->shared)));
	self->shared = map_shared(self->fd);
	ASSERT_TRUE(!!self->shared);
	self->shared->uts_fd = rc_open("/proc/self/ns/uts", O_RDONLY);
	ASSERT_LE(0, self->shared->uts_fd);
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* The task is where it was put last, now and some loops later. */
TEST_F_TIMEOUT(race, moves_stay, RC_RACE_TIMEOUT)
{
	double until = rc_now() + rc_race_seconds() / 2.0;
	struct shared *shared = self->shared;
	long moves = 0;
	pid_t pid = rc_fork();

	if (!pid)
		_exit(-variant->fn(shared, self->fd));
	ASSERT_LT(0, pid);
	while (rc_now() < until) {
		const char *grp = self->grp[moves++ % 2];
		const char *path = grp + strlen(self->hier);
		long loops = rc_get(&shared->loops);

		ASSERT_EQ(0, rc_attach(grp, pid));
		ASSERT_STREQ(path, rc_where(pid, self->hier));
		/* Every so often long enough for whatever was under way. */
		if (moves % 8)
			continue;
		ASSERT_TRUE(RC_WAIT(rc_get(&shared->loops) > loops + 2 ||
				    rc_count(rc_fmt("%s/tasks", grp)) == 0));
		ASSERT_STREQ(path, rc_where(pid, self->hier));
		ASSERT_TRUE(rc_listed(rc_fmt("%s/tasks", grp), pid));
	}
	rc_set(&shared->stop, 1);
	EXPECT_EQ(0, rc_reap(pid));
	TH_LOG("%ld moves, %ld loops", moves, shared->loops);
	EXPECT_LT(8, moves);
	EXPECT_LT(8, shared->loops);
	EXPECT_EQ(0, rc_rmdir(self->grp[0]));
	EXPECT_EQ(0, rc_rmdir(self->grp[1]));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--exec")) {
		struct shared *shared = map_shared(atoi(argv[2]));

		return shared ? -loop_exec(shared, atoi(argv[2])) : ENOMEM;
	}
	return test_harness_run(argc, argv);
}
