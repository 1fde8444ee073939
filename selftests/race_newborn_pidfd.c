// SPDX-License-Identifier: GPL-2.0
/*
 * A parent stands still in the middle of clone3(CLONE_PIDFD), is moved meanwhile, and
 * goes on, so that the child starts with the groups of a parent that has others by
 * then. Who guesses the child's id asks for its namespaces as soon as there is one.
 * The kernel says if that goes wrong: it counts references to what has been freed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define GUESSERS 3
/* PIDFD_GET_UTS_NAMESPACE and its siblings: _IO(0xFF, 1 to 10). */
#define PIDFD_GET_NS(nr) _IO(0xFF, nr)
#define NR_NS 10

struct shared {
	const char *grp[2];
	long stop;
	/* The id that the next child should have. */
	long next;
	long stalls;
	long found;
	long asked;
	long joined;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	const char *hier;
	int i;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	for (i = 0; i < 2; i++) {
		self->shared->grp[i] = rc_group_new(hier);
		ASSERT_TRUE(!!self->shared->grp[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

struct trap {
	struct shared *shared;
	int uffd;
	char *mem;
	long page_size;
	pid_t parent;
};

/* Whenever the parent has stopped in the trap it is moved, and goes on. */
static void *serve(void *arg)
{
	struct trap *trap = arg;
	struct shared *shared = trap->shared;
	struct uffdio_zeropage zero = {
		.range.start = (unsigned long)trap->mem,
		.range.len = trap->page_size,
	};
	struct uffd_msg msg;

	while (read(trap->uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		long nr = rc_get(&shared->stalls);

		if (rc_attach(shared->grp[nr % 2], trap->parent))
			break;
		rc_inc(&shared->stalls);
		if (ioctl(trap->uffd, UFFDIO_ZEROPAGE, &zero))
			break;
	}
	/* The trap is open for good, and the parent fails. */
	rc_set(&shared->stop, 1);
	close(trap->uffd);
	return NULL;
}

static int fork_on(void *arg)
{
	struct shared *shared = arg;
	struct trap trap = {
		.shared = shared,
		.page_size = sysconf(_SC_PAGESIZE),
		.parent = syscall(SYS_gettid),
	};
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.exit_signal = SIGCHLD,
	};
	pthread_t thread;

	trap.uffd = rc_trap(trap.page_size, 0, &trap.mem);
	args.pidfd = (unsigned long)trap.mem;
	if (trap.uffd < 0 || pthread_create(&thread, NULL, serve, &trap))
		return -EAGAIN;
	while (!rc_get(&shared->stop)) {
		pid_t pid;

		/* Empty again: the next one who writes there stops. */
		if (madvise(trap.mem, trap.page_size, MADV_DONTNEED))
			return -errno;
		pid = syscall(SYS_clone3, &args, sizeof(args));
		if (!pid)
			_exit(0);
		if (pid < 0)
			return -errno;
		rc_set(&shared->next, pid + 1);
		waitpid(pid, NULL, 0);
		close(*(int *)trap.mem);
	}
	return 0;
}

static int guess_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		int fd = syscall(SYS_pidfd_open, rc_get(&shared->next), 0), i;

		if (fd < 0)
			continue;
		rc_inc(&shared->found);
		for (i = 1; i <= NR_NS; i++) {
			int ns = ioctl(fd, PIDFD_GET_NS(i), 0);

			if (ns < 0)
				continue;
			rc_inc(&shared->asked);
			close(ns);
		}
		if (!setns(fd, CLONE_NEWUTS | CLONE_NEWIPC))
			rc_inc(&shared->joined);
		close(fd);
	}
	return 0;
}

/* Children that are asked at once are whole. */
TEST_F_TIMEOUT(race, asked, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds() / 2.0;
	pid_t parent, guessers[GUESSERS];
	int i;

	for (i = 0; i < GUESSERS; i++)
		guessers[i] = rc_spawn(guess_on, shared);
	parent = rc_spawn(fork_on, shared);
	while (rc_now() < until)
		rc_nap();
	/* On a busy host all of it takes its time to happen. */
	EXPECT_TRUE(RC_WAIT(rc_get(&shared->asked) && rc_get(&shared->joined)));
	rc_set(&shared->stop, 1);
	EXPECT_EQ(0, rc_reap(parent));
	for (i = 0; i < GUESSERS; i++)
		EXPECT_EQ(0, rc_reap(guessers[i]));
	TH_LOG("%ld forks stalled, children found %ld times, %ld namespaces, joined %ld times",
	       shared->stalls, shared->found, shared->asked, shared->joined);
	EXPECT_LT(0, shared->stalls);
}

TEST_HARNESS_MAIN
