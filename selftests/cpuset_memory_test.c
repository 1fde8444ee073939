// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of a group: where pages are, where they go, and what becomes of memory
 * policies.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define NODES(...) nodes((const int[]){ __VA_ARGS__, -1 })

static unsigned long nodes(const int *nr)
{
	unsigned long mask = 0;

	for (; *nr >= 0; nr++)
		mask |= 1UL << *nr;
	return mask;
}

FIXTURE(memory)
{
	const char *root;
	const char *on0;
	const char *on1;
	const char *both;
	struct cs_worker *worker;
};

FIXTURE_SETUP(memory)
{
	self->root = CS_SETUP_NUMA();
	/* CPUs of node 0, so that only the group leads pages to node 1. */
	self->on0 = cs_new(self->root, "0-3", "0");
	self->on1 = cs_new(self->root, "0-3", "1");
	self->both = cs_new(self->root, "0-3", "0-1");
	ASSERT_TRUE(self->on0 && self->on1 && self->both);
	self->worker = cs_worker_new();
	ASSERT_TRUE(!!self->worker);
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(0, cs_teardown());
}

/* For cs_do(): set_mempolicy() with what is in arg, a mode and nodes. */
static int set_policy(struct cs_worker *worker)
{
	return syscall(SYS_set_mempolicy, worker->arg[0], &worker->arg[1],
		       8 * sizeof(worker->arg[1])) ? -errno : 0;
}

/* The same for the pages of cs_map() alone. */
static int bind_pages(struct cs_worker *worker)
{
	return syscall(SYS_mbind, worker->mem,
		       worker->nr_pages * sysconf(_SC_PAGESIZE), worker->arg[0],
		       &worker->arg[1], 8 * sizeof(worker->arg[1]), 0) ?
		       -errno : 0;
}

/* What get_mempolicy() tells the task itself, back in arg. */
static int get_policy(struct cs_worker *worker)
{
	int mode;

	if (syscall(SYS_get_mempolicy, &mode, &worker->arg[1],
		    8 * sizeof(worker->arg[1]), NULL, 0))
		return -errno;
	worker->arg[0] = mode;
	return 0;
}

static int policy(struct cs_worker *worker, int (*set)(struct cs_worker *),
		  int mode, unsigned long mask)
{
	worker->arg[0] = mode;
	worker->arg[1] = mask;
	return cs_do(worker, set);
}

/* The nodes of the worker's own policy, as it sees them; 0 and up, or -errno. */
static long policy_nodes(struct cs_worker *worker)
{
	return cs_do(worker, get_policy) ?: worker->arg[1];
}

/* New pages of a task come from its group's nodes, wherever it runs. */
TEST_F(memory, new_pages)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	EXPECT_STREQ("1", cs_mems_allowed(worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
	EXPECT_EQ(worker->nr_pages, cs_numa_maps(worker, 1));
	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));
	EXPECT_EQ(worker->nr_pages, cs_numa_maps(worker, 0));
}

/* Other nodes for the group are other nodes for the tasks that it has. */
TEST_F(memory, new_pages_after_write)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, cs_write(self->on0, "mems", "1"));
	EXPECT_STREQ("1", cs_mems_allowed(worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
}

/* Without memory_migrate, pages stay where they are. */
TEST_F(memory, stays)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));
	ASSERT_EQ(0, cs_write(self->on1, "mems", "0"));
	ASSERT_EQ(0, cs_write(self->on1, "mems", "1"));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));
}

/* With it, they come along to the group that asks for it, before the write ends. */
TEST_F(memory, migrates_on_attach)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_write(self->on1, "memory_migrate", "1"));
	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_numa_maps(worker, 0));
	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
	EXPECT_EQ(worker->nr_pages, cs_numa_maps(worker, 1));
	EXPECT_EQ(0, cs_numa_maps(worker, 0));
	/* The flag of the group that is left means nothing. */
	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
}

/* They follow when the nodes of their group change, too. */
TEST_F(memory, migrates_on_write)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_write(self->on0, "memory_migrate", "1"));
	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));
	ASSERT_EQ(0, cs_write(self->on0, "mems", "1"));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
	EXPECT_EQ(worker->nr_pages, cs_numa_maps(worker, 1));
}

/* Every second page goes to a node. */
static int move_half(const struct cs_worker *worker, int node)
{
	long page = sysconf(_SC_PAGESIZE), i;

	for (i = 0; i < worker->nr_pages; i += 2) {
		void *addr = worker->mem + i * page;
		int status;

		if (syscall(SYS_move_pages, worker->pid, 1L, &addr, &node,
			    &status, MPOL_MF_MOVE))
			return -errno;
	}
	return 0;
}

/* A page of a group's second node goes to the second node of the next one. */
TEST_F(memory, migrates_in_order)
{
	struct cs_worker *worker = self->worker;
	const char *grp;
	int half;

	ASSERT_EQ(0, cs_online_node(cs_removable_node(), true));
	grp = cs_new(self->root, "0-3", "1-2");
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_write(grp, "memory_migrate", "1"));
	ASSERT_EQ(0, cs_attach(self->both, worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	ASSERT_EQ(0, move_half(worker, 1));
	half = worker->nr_pages / 2;
	ASSERT_EQ(half, cs_pages_on(worker, 0));
	ASSERT_EQ(half, cs_pages_on(worker, 1));
	ASSERT_EQ(0, cs_attach(grp, worker->pid));
	EXPECT_EQ(half, cs_pages_on(worker, 1));
	EXPECT_EQ(half, cs_pages_on(worker, 2));
	EXPECT_EQ(half, cs_numa_maps(worker, 2));
}

static void *wait_for_end(void *arg)
{
	struct cs_worker *worker = arg;

	rc_set(&worker->arg[0], gettid());
	while (pause())
		;
	return NULL;
}

static int start_thread(struct cs_worker *worker)
{
	pthread_t thread;

	return -pthread_create(&thread, NULL, wait_for_end, worker);
}

/* The memory is the leader's: another thread that moves leaves it there. */
TEST_F(memory, thread_leaves_it)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_write(self->on1, "memory_migrate", "1"));
	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	ASSERT_EQ(0, cs_do(worker, start_thread));
	ASSERT_TRUE(RC_WAIT(rc_get(&worker->arg[0])));
	ASSERT_EQ(0, cs_attach(self->on1, worker->arg[0]));
	EXPECT_STREQ("1", cs_mems_allowed(worker->arg[0]));
	EXPECT_STREQ("0", cs_mems_allowed(worker->pid));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));
	ASSERT_EQ(0, cs_attach(self->on0, worker->arg[0]));
	/* All threads at once: with the leader goes the memory. */
	ASSERT_EQ(0, cs_write(self->on1, "procs", rc_fmt("%d", worker->pid)));
	EXPECT_STREQ("1", cs_mems_allowed(worker->arg[0]));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
}

/* A policy of the task means the nodes of its group, wherever that is. */
TEST_F(memory, task_policy)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, policy(worker, set_policy, MPOL_BIND, NODES(0)));
	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	EXPECT_EQ((long)NODES(1), policy_nodes(worker));
	EXPECT_EQ(MPOL_BIND, worker->arg[0]);
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_STREQ("bind:1", cs_policy(worker));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
	/* When it is the group that changes, too. */
	ASSERT_EQ(0, cs_write(self->on1, "mems", "0"));
	EXPECT_EQ((long)NODES(0), policy_nodes(worker));
	EXPECT_STREQ("bind:0", cs_policy(worker));
}

/* A policy of a mapping does so as well. */
TEST_F(memory, mapping_policy)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_STREQ("default", cs_policy(worker));
	ASSERT_EQ(0, policy(worker, bind_pages, MPOL_INTERLEAVE, NODES(0)));
	EXPECT_STREQ("interleave:0", cs_policy(worker));
	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	EXPECT_STREQ("interleave:1", cs_policy(worker));
	ASSERT_EQ(0, cs_write(self->on1, "mems", "0"));
	EXPECT_STREQ("interleave:0", cs_policy(worker));
}

/* MPOL_F_STATIC_NODES: those very nodes, where the group has them. */
TEST_F(memory, static_nodes)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_attach(self->both, worker->pid));
	ASSERT_EQ(0, policy(worker, set_policy,
			    MPOL_BIND | MPOL_F_STATIC_NODES, NODES(0)));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_STREQ("bind=static:0", cs_policy(worker));
	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	EXPECT_STREQ("bind=static:1", cs_policy(worker));
	ASSERT_EQ(0, cs_attach(self->both, worker->pid));
	EXPECT_STREQ("bind=static:0", cs_policy(worker));
}

/* MPOL_F_RELATIVE_NODES: the first, the second, ... of those it has. */
TEST_F(memory, relative_nodes)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_attach(self->both, worker->pid));
	ASSERT_EQ(0, policy(worker, set_policy,
			    MPOL_BIND | MPOL_F_RELATIVE_NODES, NODES(0)));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_STREQ("bind=relative:0", cs_policy(worker));
	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	EXPECT_STREQ("bind=relative:1", cs_policy(worker));
	ASSERT_EQ(0, cs_attach(self->both, worker->pid));
	EXPECT_STREQ("bind=relative:0", cs_policy(worker));
}

/* No policy takes a task out of its group, and none has to name it all. */
TEST_F(memory, policy_inside)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	EXPECT_EQ(-EINVAL, policy(worker, set_policy, MPOL_BIND, NODES(0)));
	EXPECT_EQ(0, policy(worker, set_policy, MPOL_BIND, NODES(0, 1)));
	EXPECT_EQ((long)NODES(1), policy_nodes(worker));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
	EXPECT_EQ(-EINVAL, policy(worker, bind_pages, MPOL_BIND, NODES(0)));
}

/* Pages cannot be sent out of the group either. */
TEST_F(memory, move_pages_inside)
{
	struct cs_worker *worker = self->worker;
	int node = 0, status = -EBUSY;
	void *page;

	ASSERT_EQ(0, cs_attach(self->on1, worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	page = worker->mem;
	EXPECT_EQ(-1, syscall(SYS_move_pages, worker->pid, 1L, &page, &node,
			      &status, MPOL_MF_MOVE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
}

/* A child has the nodes of its parent. */
TEST_F(memory, fork)
{
	struct cs_worker *worker;

	ASSERT_EQ(0, cs_attach(self->on1, getpid()));
	worker = cs_worker_new();
	EXPECT_EQ(0, cs_attach(self->root, getpid()));
	ASSERT_TRUE(!!worker);
	EXPECT_STREQ("1", cs_mems_allowed(worker->pid));
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 1));
}

/* For cs_do(): writes a file of a file system with a page cache, and maps it. */
static int map_file(struct cs_worker *worker)
{
	long size = worker->nr_pages * sysconf(_SC_PAGESIZE);
	char *buf = calloc(1, size);
	int fd, ret;

	fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return -errno;
	ret = rc_write_fd(fd, buf, size);
	worker->mem = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd,
			   0);
	close(fd);
	unlink("file");
	free(buf);
	return ret ?: worker->mem == MAP_FAILED ? -errno : 0;
}

static int enter_ramfs(struct cs_worker *worker)
{
	char dir[] = "/tmp/cpuset-XXXXXX";

	/* It goes with the worker, as only that sees it. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("ramfs", "/tmp", "ramfs", 0, NULL) || !mkdtemp(dir) ||
	    chdir(dir))
		return -errno;
	worker->nr_pages = 64;
	return 0;
}

/*
 * The page cache that a task fills is near where it runs; memory_spread_page
 * spreads it over the nodes of the group, until it is 0 again.
 */
TEST_F(memory, spread_page)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_do(worker, enter_ramfs));
	ASSERT_EQ(0, cs_attach(self->both, worker->pid));
	ASSERT_EQ(0, cs_do(worker, map_file));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));
	/* It reaches the tasks that the group has. */
	ASSERT_EQ(0, cs_write(self->both, "memory_spread_page", "1"));
	ASSERT_EQ(0, cs_do(worker, map_file));
	EXPECT_EQ(worker->nr_pages / 2, cs_pages_on(worker, 0));
	EXPECT_EQ(worker->nr_pages / 2, cs_pages_on(worker, 1));
	/* Other memory of the task is where it was. */
	ASSERT_EQ(0, cs_do(worker, cs_map));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));
	ASSERT_EQ(0, cs_write(self->both, "memory_spread_page", "0"));
	ASSERT_EQ(0, cs_do(worker, map_file));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));
}

/* Tasks that come and go have it and leave it; children are born with it. */
TEST_F(memory, spread_page_attach)
{
	struct cs_worker *worker = self->worker;

	ASSERT_EQ(0, cs_write(self->both, "memory_spread_page", "1"));
	ASSERT_EQ(0, cs_do(worker, enter_ramfs));
	ASSERT_EQ(0, cs_attach(self->both, worker->pid));
	ASSERT_EQ(0, cs_do(worker, map_file));
	EXPECT_EQ(worker->nr_pages / 2, cs_pages_on(worker, 1));
	ASSERT_EQ(0, cs_attach(self->on0, worker->pid));
	ASSERT_EQ(0, cs_attach(self->root, worker->pid));
	ASSERT_EQ(0, cs_set_affinity(worker->pid, "0-3"));
	ASSERT_EQ(0, cs_do(worker, map_file));
	EXPECT_EQ(worker->nr_pages, cs_pages_on(worker, 0));

	ASSERT_EQ(0, cs_attach(self->both, getpid()));
	worker = cs_worker_new();
	EXPECT_EQ(0, cs_attach(self->root, getpid()));
	ASSERT_TRUE(!!worker);
	ASSERT_EQ(0, cs_do(worker, enter_ramfs));
	ASSERT_EQ(0, cs_do(worker, map_file));
	EXPECT_EQ(worker->nr_pages / 2, cs_pages_on(worker, 1));
}

TEST_HARNESS_MAIN
