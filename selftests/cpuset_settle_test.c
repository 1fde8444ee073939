// SPDX-License-Identifier: GPL-2.0
/*
 * A task that is to leave its CPU waits for its turn on another one, behind
 * whoever is more urgent there. Nobody else waits for that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

/* Seconds that others may take, and after which the hog is ended anyhow. */
#define AT_ONCE 20.0

struct shared {
	const char *hier;
	const char *grp;
	const char *other;
	const char *text;
	pid_t sleeper;
	long hogging;
	long back;
	long done;
};

FIXTURE(settle)
{
	struct shared *shared;
	pid_t hog;
};

static int be_fifo(int priority, const char *cpus)
{
	struct sched_param param = { .sched_priority = priority };

	return cs_set_affinity(0, cpus) ?:
	       sched_setscheduler(0, SCHED_FIFO, &param) ? -errno : 0;
}

static int hog(void *arg)
{
	struct shared *shared = arg;
	int ret = be_fifo(50, "3");

	if (ret)
		return ret;
	rc_set(&shared->hogging, 1);
	for (;;)
		;
}

/* Moves into the group, or narrows the one that it is in. */
static int move_or_write(void *arg)
{
	struct shared *shared = arg;
	int ret = be_fifo(10, "2") ?: cs_set_affinity(0, "0-3");

	if (!ret && shared->text)
		ret = cs_write(shared->grp, "cpus", shared->text);
	else if (!ret)
		ret = cs_attach(shared->grp, 0);
	rc_set(&shared->back, 1);
	return ret;
}

/* What others do in the tree meanwhile. */
static int others(void *arg)
{
	struct shared *shared = arg;
	const char *grp = rc_fmt("%s/meanwhile", shared->hier);
	int ret = rc_mkdir(grp) ?: cs_write(grp, "cpus", "0-1") ?:
		  cs_write(grp, "mems", "0") ?:
		  cs_attach(grp, shared->sleeper) ?:
		  cs_write(grp, "cpus", "1") ?:
		  cs_attach(shared->hier, shared->sleeper) ?: rc_rmdir(grp);

	if (!ret && rc_count(rc_fmt("%s/tasks", shared->grp)) < 0)
		ret = -EIO;
	rc_set(&shared->done, 1);
	return ret;
}

FIXTURE_SETUP(settle)
{
	struct shared *shared = rc_shared(sizeof(*shared));

	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->hier = CS_SETUP(return);
	shared->sleeper = rc_sleeper();
	ASSERT_LT(0, shared->sleeper);
	self->hog = rc_spawn(hog, shared);
	ASSERT_LT(0, self->hog);
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->hogging)));
}

FIXTURE_TEARDOWN(settle)
{
	rc_kill(self->hog);
	EXPECT_EQ(0, cs_teardown());
}

static void nobody_waits(struct __test_metadata *_metadata,
			 struct shared *shared, pid_t hog, pid_t waiter)
{
	pid_t pid;

	/* By then, it has nowhere to go on. */
	EXPECT_TRUE(RC_WAIT(!strcmp(cs_cpus_allowed(waiter), "3")));
	pid = rc_spawn(others, shared);
	EXPECT_TRUE(RC_WAIT_FOR(AT_ONCE, rc_get(&shared->done)));
	EXPECT_EQ(0, rc_get(&shared->back));
	ASSERT_EQ(0, rc_kill(hog));
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_EQ(0, rc_reap(waiter));
	EXPECT_EQ(1, rc_get(&shared->back));
}

/* A task that moves itself to a CPU where it does not get its turn. */
TEST_F(settle, move)
{
	struct shared *shared = self->shared;

	shared->grp = cs_new(shared->hier, "3", "0");
	ASSERT_TRUE(!!shared->grp);
	nobody_waits(_metadata, shared, self->hog,
		     rc_spawn(move_or_write, shared));
}

/* A task that takes from its own group all CPUs but that one. */
TEST_F(settle, write)
{
	struct shared *shared = self->shared;
	pid_t writer;

	shared->grp = cs_new(shared->hier, "2-3", "0");
	shared->text = "3";
	ASSERT_TRUE(!!shared->grp);
	ASSERT_EQ(0, cs_attach(shared->grp, 0));
	writer = rc_spawn(move_or_write, shared);
	ASSERT_EQ(0, cs_attach(shared->hier, 0));
	ASSERT_LT(0, writer);
	nobody_waits(_metadata, shared, self->hog, writer);
}

/* A task that cannot be migrated, and cannot go on to where it can be. */

#define ROUNDS 50

struct holder {
	long hog;
	long hogging;
	long sends;
};

FIXTURE(held)
{
	struct holder *holder;
	const char *grp[2];
	pid_t pid;
};

/* The kernel keeps who runs such a program to his CPU. */
static int attach_program(int sock)
{
	static struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog prog = { .len = BPF_MAXINSNS, .filter = code };
	int i;

	for (i = 0; i < BPF_MAXINSNS - 1; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, i);
	code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	return setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ? -errno : 0;
}

/* Is in the program most of the time; what is sent is dropped there. */
static int send_on(void *arg)
{
	struct holder *holder = arg;
	int pair[2], ret;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return -errno;
	ret = attach_program(pair[1]) ?: be_fifo(10, "3");
	while (!ret) {
		if (send(pair[0], "", 1, 0) != 1)
			ret = -errno;
		rc_inc(&holder->sends);
		/* The kernel's own threads need the CPU as well. */
		if (holder->sends % 50 == 0)
			rc_nap();
	}
	return ret;
}

/* When asked to, and not for ever. */
static int hog_at_times(void *arg)
{
	struct holder *holder = arg;
	int ret = be_fifo(50, "3");

	while (!ret) {
		double until;

		while (!rc_get(&holder->hog))
			rc_nap();
		rc_set(&holder->hogging, 1);
		for (until = rc_now() + AT_ONCE; rc_get(&holder->hog);)
			if (rc_now() > until)
				break;
		rc_set(&holder->hogging, 0);
		rc_set(&holder->hog, 0);
	}
	return ret;
}

FIXTURE_SETUP(held)
{
	const char *hier;

	if (!rc_preemptible_kernel())
		SKIP(return, "the kernel is not preemptible");
	hier = CS_SETUP(return);
	self->holder = rc_shared(sizeof(*self->holder));
	ASSERT_TRUE(!!self->holder);
	self->grp[0] = cs_new(hier, "3", "0");
	self->grp[1] = cs_new(hier, "2", "0");
	ASSERT_TRUE(self->grp[0] && self->grp[1]);
	ASSERT_LT(0, rc_spawn(hog_at_times, self->holder));
	self->pid = rc_spawn(send_on, self->holder);
	ASSERT_LT(0, self->pid);
	ASSERT_EQ(0, cs_set_affinity(0, "0-2"));
	ASSERT_TRUE(RC_WAIT(rc_get(&self->holder->sends)));
	ASSERT_EQ(0, cs_attach(self->grp[0], self->pid));
}

FIXTURE_TEARDOWN(held)
{
	EXPECT_EQ(0, cs_teardown());
}

static double timed_attach(struct __test_metadata *_metadata, const char *grp,
			   pid_t pid)
{
	double start = rc_now();

	EXPECT_EQ(0, cs_attach(grp, pid));
	return rc_now() - start;
}

/* Its mover does not wait for it, and it has its CPUs as soon as it goes on. */
TEST_F(held, move)
{
	struct holder *holder = self->holder;
	int i, held = 0;

	for (i = 0; i < ROUNDS && !held; i++) {
		rc_set(&holder->hog, 1);
		ASSERT_TRUE(RC_WAIT(rc_get(&holder->hogging)));
		ASSERT_GT(AT_ONCE / 2, timed_attach(_metadata, self->grp[1], self->pid));
		held += !strcmp("3", cs_cpus_allowed(self->pid));
		rc_set(&holder->hog, 0);
		ASSERT_TRUE(RC_WAIT_FOR(AT_ONCE, !strcmp("2", cs_cpus_allowed(self->pid))));
		ASSERT_EQ(0, cs_attach(self->grp[0], self->pid));
		ASSERT_TRUE(RC_WAIT_FOR(AT_ONCE, !strcmp("3", cs_cpus_allowed(self->pid))));
	}
	TH_LOG("held in round %d", i);
	EXPECT_LT(0, held);
}

TEST_HARNESS_MAIN
