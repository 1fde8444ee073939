// SPDX-License-Identifier: GPL-2.0
/*
 * The end of task groups: each is freed when the group was removed and the last of the
 * tasks that were scheduled in it is dead, and not before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <linux/membarrier.h>
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

/* Grace periods in which what is not held is freed. */
#define GRACE_PERIODS 4

/* The CPU on which a task is kept from its end. */
#define CPU 1
#define FAIR_SERVER "/sys/kernel/debug/sched/fair_server/cpu1/runtime"

FIXTURE(cpu_end)
{
	const char *hier;
	const char *debug;
	const char *a;
	const char *b;
};

static int nr_dirs;

static int count_dir(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)st;
	nr_dirs += type == FTW_D && ftw->level > 0;
	return 0;
}

/* Groups that cannot be seen any more, but are there: task groups hold theirs. */
static int nr_kept(void)
{
	nr_dirs = 0;
	if (nftw(RC_ROOT, count_dir, 8, FTW_PHYS))
		return -errno;
	return rc_field(RC_ROOT "/debug/debug.counts", "groups") - nr_dirs;
}

FIXTURE_SETUP(cpu_end)
{
	if (!rc_has_subsys("cpu") || !rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_CPU or CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_bound_new("cpu");
	self->debug = rc_bound_new("debug");
	ASSERT_TRUE(self->hier && self->debug);
	self->a = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->a);
	self->b = rc_group_new(self->a);
	ASSERT_TRUE(!!self->b);
	ASSERT_TRUE(RC_WAIT(!nr_kept()));
}

FIXTURE_TEARDOWN(cpu_end)
{
	EXPECT_EQ(0, rc_teardown());
}

static void *run_in_thread(void *arg)
{
	return arg;
}

static int bear(int flags)
{
	pid_t pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (!pid)
		_exit(0);
	return pid < 0 ? -errno : rc_reap(pid);
}

/* Children, threads and moves in the group, in one below it, and in the root. */
static int live_in(void *arg)
{
	const struct _test_data_cpu_end *self = arg;
	const char * const grps[] = { self->a, self->b, self->hier };
	pthread_t thread;
	int err = 0;

	for (int i = 0; i < 30 && !err; i++) {
		err = rc_attach(grps[i % 3], 0) ?: bear(0) ?: bear(CLONE_NEWUTS);
		if (!err)
			err = -pthread_create(&thread, NULL, run_in_thread, NULL);
		if (!err)
			err = -pthread_join(thread, NULL);
	}
	return err ?: rc_attach(self->b, 0);
}

/* Whoever has lived there, none keeps it. */
TEST_F(cpu_end, after_lives)
{
	ASSERT_EQ(0, rc_reap(rc_spawn(live_in, self)));
	EXPECT_EQ(0, rc_rmdir(self->b));
	EXPECT_EQ(0, rc_rmdir(self->a));
	EXPECT_TRUE(RC_WAIT(!nr_kept()));
}

/* Nor does a zombie, or a user could have as many as he may have tasks. */
TEST_F(cpu_end, zombie)
{
	pid_t pid = rc_sleeper();

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->b, pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(pid));
	EXPECT_EQ(0, rc_rmdir(self->b));
	EXPECT_EQ(0, rc_rmdir(self->a));
	EXPECT_TRUE(RC_WAIT(!nr_kept()));
	EXPECT_EQ(-1000 - SIGKILL, rc_reap(pid));
}

static int try_to_fork(void *arg)
{
	const struct _test_data_cpu_end *self = arg;
	const char *grp = rc_group_new(self->debug);
	int err = grp ? rc_attach(grp, 0) ?: rc_attach(self->b, 0) : -errno;

	for (int i = 0; i < 5 && !err; i++) {
		err = rc_write(rc_fmt("%s/debug.fail", self->debug), "can_fork 1 33");
		if (!err && (fork() != -1 || errno != EDOM))
			err = -ECHILD;
	}
	err = err ?: rc_attach(self->debug, 0);
	return err ?: rc_rmdir(grp);
}

/* Nor does who was not born after all, as another controller has refused it. */
TEST_F(cpu_end, refused)
{
	ASSERT_EQ(0, rc_reap(rc_spawn(try_to_fork, self)));
	EXPECT_EQ(0, rc_write(rc_fmt("%s/debug.fail", self->debug), "none"));
	EXPECT_EQ(0, rc_rmdir(self->b));
	EXPECT_EQ(0, rc_rmdir(self->a));
	EXPECT_TRUE(RC_WAIT(!nr_kept()));
}

struct keeper {
	const char *grp;
	long member;
	long dead;
	long go;
};

/*
 * Has a task of the group die on this CPU, and takes that from it when it has told of its
 * death and been seen off by the group, but has some way to go.
 */
static int keep_from_end(void *arg)
{
	const struct sched_param param = { .sched_priority = 1 };
	struct keeper *keeper = arg;
	siginfo_t info;
	pid_t pid;
	int err = cpu_pin(0, CPU);

	if (err)
		return err;
	pid = rc_fork();
	if (!pid) {
		rc_set(&keeper->member, rc_attach(keeper->grp, 0) ?: 1);
		while (pause())
			;
	}
	if (!RC_WAIT(rc_get(&keeper->member)) || rc_get(&keeper->member) != 1)
		return -EIO;
	if (sched_setscheduler(0, SCHED_FIFO, &param) || kill(pid, SIGKILL) ||
	    waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		return -errno;
	rc_set(&keeper->dead, 1);
	while (!rc_get(&keeper->go))
		;
	return rc_reap(pid) == -1000 - SIGKILL ? 0 : -ECHILD;
}

static int pass_grace_periods(void)
{
	for (int i = 0; i < GRACE_PERIODS; i++)
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
			return -errno;
	return 0;
}

/* One that is still scheduled there when the group has gone keeps what it is scheduled in. */
TEST_F(cpu_end, not_before)
{
	struct keeper *keeper = rc_shared(sizeof(*keeper));
	const char *other = rc_group_new(self->hier);
	char *server = rc_text(FAIR_SERVER);
	pid_t pid;

	if (!rc_preemptible_kernel() || sysconf(_SC_NPROCESSORS_ONLN) <= CPU)
		SKIP(return, "the kernel is not preemptible, or has too few CPUs");
	ASSERT_TRUE(keeper && server && other);
	/* What waits for a CPU that is kept from it gets some time after a second, else. */
	ASSERT_EQ(0, rc_write(FAIR_SERVER, "0"));
	ASSERT_EQ(0, cpu_pin(0, 0));
	keeper->grp = self->b;
	pid = rc_spawn(keep_from_end, keeper);
	EXPECT_TRUE(RC_WAIT(rc_get(&keeper->dead)));
	EXPECT_EQ(0, rc_rmdir(self->b));
	EXPECT_EQ(0, rc_rmdir(self->a));
	EXPECT_EQ(0, rc_rmdir(other));
	EXPECT_TRUE(RC_WAIT(nr_kept() <= 2));
	EXPECT_EQ(0, pass_grace_periods());
	/* That of the one above is needed by it. */
	EXPECT_EQ(2, nr_kept());
	rc_set(&keeper->go, 1);
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_EQ(0, rc_write(FAIR_SERVER, server));
	EXPECT_TRUE(RC_WAIT(!nr_kept()));
	free(server);
}

TEST_HARNESS_MAIN
