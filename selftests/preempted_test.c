// SPDX-License-Identifier: GPL-2.0
/*
 * A task is preempted at any instruction of a function that reads its own proxy,
 * and moved meanwhile: the proxy stays for as long as the task can look at it.
 *
 * A hardware breakpoint at the instruction wakes a thread of higher priority on
 * the task's CPU, which keeps it until the move and some grace periods of RCU
 * are over. It is KASAN that says whether the proxy was still there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

/* One to free the proxy and one, with KASAN, before its memory counts as free. */
#define GRACE_PERIODS 4

/* The CPU that the reader and its keeper have. */
#define CPU 1

struct keeper {
	pthread_t thread;
	int epoll;
	int stalled[2];
	long go;
};

FIXTURE(preempted)
{
	const char *hier;
	const char *grp[2];
	struct keeper keeper;
	pid_t reader;
	int ask[2];
	int done[2];
	unsigned long start;
	unsigned long end;
};

/* What the reader does, and the function that it comes through. */
FIXTURE_VARIANT(preempted)
{
	const char *function;
	int (*act)(void);
};

static int act_fork(void)
{
	pid_t pid = vfork();
	int status;

	if (!pid)
		_exit(0);
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -ECHILD;
}

static int act_clock(void)
{
	struct timespec ts;

	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts) ? -errno : 0;
}

FIXTURE_VARIANT_ADD(preempted, fork) { "rc_fork_pin", act_fork };
FIXTURE_VARIANT_ADD(preempted, clock) {
	"posix_get_monotonic_timespec", act_clock
};

static int stay_on_cpu(bool there)
{
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	for (i = 0; i < CPU_SETSIZE; i++) {
		bool own = i == CPU;

		if (own == there)
			CPU_SET(i, &set);
	}
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* Where the function begins and the next one does. */
static int find_function(const char *name, unsigned long *start,
			 unsigned long *end)
{
	FILE *in = fopen("/proc/kallsyms", "r");
	unsigned long addr;
	char symbol[256];
	int pass;

	if (!in)
		return -errno;
	*start = 0;
	*end = ~0UL;
	for (pass = 0; pass < 2; pass++) {
		rewind(in);
		while (fscanf(in, "%lx %*c %255s%*[^\n]", &addr, symbol) == 2) {
			if (!pass && !strcmp(symbol, name))
				*start = addr;
			if (pass && addr > *start && addr < *end)
				*end = addr;
		}
		if (!*start)
			break;
	}
	fclose(in);
	return *start ? 0 : -ENOENT;
}

/* A breakpoint of the task's, whose descriptor becomes readable at a hit. */
static int break_at(unsigned long addr, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_X,
		.bp_addr = addr,
		.bp_len = sizeof(long),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, pid, -1, -1,
			 PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void *keep_cpu(void *arg)
{
	const struct sched_param param = { .sched_priority = 1 };
	struct keeper *keeper = arg;
	struct epoll_event event;
	int err = stay_on_cpu(true);

	if (!err && sched_setscheduler(0, SCHED_FIFO, &param))
		err = -errno;
	while (!err && epoll_wait(keeper->epoll, &event, 1, -1) == 1) {
		err = rc_write_fd(keeper->stalled[1], "", 1);
		while (!rc_get(&keeper->go))
			;
		rc_set(&keeper->go, 0);
	}
	return NULL;
}

static int read_on(int ask, int done, int (*act)(void))
{
	int ret = stay_on_cpu(true);
	char byte;

	/* With a namespace of its own nobody shares its proxies. */
	if (!ret && unshare(CLONE_NEWUTS))
		ret = -errno;
	while (!ret && read(ask, &byte, 1) == 1)
		ret = act() ?: rc_write_fd(done, "", 1);
	return ret;
}

FIXTURE_SETUP(preempted)
{
	ASSERT_EQ(0, rc_setup());
	if (!rc_preemptible_kernel())
		SKIP(return, "the kernel is not preemptible");
	if (sysconf(_SC_NPROCESSORS_ONLN) <= CPU)
		SKIP(return, "too few CPUs");
	if (find_function(variant->function, &self->start, &self->end))
		SKIP(return, "no %s() in /proc/kallsyms", variant->function);
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp[0] = rc_group_new(self->hier);
	self->grp[1] = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp[0] && self->grp[1]);

	ASSERT_EQ(0, pipe(self->ask));
	ASSERT_EQ(0, pipe(self->done));
	self->reader = rc_fork();
	if (!self->reader) {
		close(self->ask[1]);
		_exit(-read_on(self->ask[0], self->done[1], variant->act));
	}
	ASSERT_EQ(0, stay_on_cpu(false));
	ASSERT_EQ(0, pipe(self->keeper.stalled));
	self->keeper.epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->keeper.epoll);
	ASSERT_EQ(0, pthread_create(&self->keeper.thread, NULL, keep_cpu,
				    &self->keeper));
}

FIXTURE_TEARDOWN(preempted)
{
	rc_set(&self->keeper.go, 1);
	EXPECT_EQ(0, rc_teardown());
}

/* 1: the reader was stopped, 0: it is done, else: neither of them. */
static int wait_for_reader(int stalled, int done)
{
	struct pollfd wait[] = {
		{ .fd = stalled, .events = POLLIN },
		{ .fd = done, .events = POLLIN },
	};
	char byte;

	if (poll(wait, ARRAY_SIZE(wait), RC_PATIENCE * 1000) < 1)
		return -ETIMEDOUT;
	if (wait[0].revents)
		return read(stalled, &byte, 1) == 1 ? 1 : -EIO;
	return read(done, &byte, 1) == 1 ? 0 : -EIO;
}

/* Each instruction is tried; addresses amid one are never hit. */
TEST_F_TIMEOUT(preempted, everywhere, 10 * TEST_TIMEOUT_DEFAULT)
{
	struct keeper *keeper = &self->keeper;
	long page = sysconf(_SC_PAGESIZE);
	unsigned long addr;
	long hits = 0;

	for (addr = self->start; addr < self->end; addr++) {
		struct epoll_event event = { .events = EPOLLIN };
		int fd = break_at(addr, self->reader), ret, i;
		void *ring;

		if (fd == -EINVAL && addr == self->start)
			SKIP(return, "no breakpoints without CONFIG_KPROBES");
		ASSERT_LE(0, fd);
		ring = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, 0);
		ASSERT_TRUE(ring != MAP_FAILED);
		ASSERT_EQ(0, epoll_ctl(keeper->epoll, EPOLL_CTL_ADD, fd,
				       &event));
		ASSERT_EQ(0, rc_write_fd(self->ask[1], "", 1));
		while ((ret = wait_for_reader(keeper->stalled[0],
					      self->done[0])) == 1) {
			ASSERT_EQ(0, rc_attach(self->grp[hits++ % 2],
					       self->reader));
			for (i = 0; i < GRACE_PERIODS; i++)
				ASSERT_EQ(0, syscall(SYS_membarrier,
						     MEMBARRIER_CMD_GLOBAL,
						     0, 0));
			rc_set(&keeper->go, 1);
		}
		ASSERT_EQ(0, ret);
		munmap(ring, 2 * page);
		close(fd);
	}
	close(self->ask[1]);
	EXPECT_EQ(0, rc_reap(self->reader));
	TH_LOG("%ld stops in %lu bytes", hits, self->end - self->start);
	EXPECT_LT(8, hits);
	EXPECT_EQ(0, rc_rmdir(self->grp[0]));
	EXPECT_EQ(0, rc_rmdir(self->grp[1]));
}

TEST_HARNESS_MAIN
