// SPDX-License-Identifier: GPL-2.0
/*
 * Groups whose nodes are full: who pays, how far the kernel's own memory may
 * go, and what the meter of memory_pressure says.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define MB 1048576L
/* What is left of the node when it counts as full, above all watermarks. */
#define LEFT_MB 24
/* Much more than that, in messages that only the kernel holds. */
#define MESSAGES_MB 96

FIXTURE(oom)
{
	const char *root;
	const char *grp;
	struct cs_worker *worker;
};

FIXTURE_SETUP(oom)
{
	self->root = CS_SETUP_NUMA();
	/* Node 1 is the small one. */
	self->grp = cs_new(self->root, "4-7", "1");
	ASSERT_TRUE(!!self->grp);
	self->worker = cs_worker_new();
	ASSERT_TRUE(!!self->worker);
	ASSERT_EQ(0, cs_attach(self->grp, self->worker->pid));
}

FIXTURE_TEARDOWN(oom)
{
	EXPECT_EQ(0, cs_write(self->root, "memory_pressure_enabled", "0"));
	EXPECT_EQ(0, cs_teardown());
}

/* MemFree of a node. */
static long free_mb(int node)
{
	char *text = rc_text(rc_fmt("/sys/devices/system/node/node%d/meminfo", node));
	const char *field = text ? strstr(text, "MemFree:") : NULL;
	long kb = field ? atol(field + strlen("MemFree:")) : 0;

	free(text);
	return kb >> 10;
}

/* For cs_do(): takes memory of node 1 until only arg[0] MB are free. */
static int take(struct cs_worker *worker)
{
	while (free_mb(1) > worker->arg[0]) {
		char *mem = mmap(NULL, MB, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
				 0);

		if (mem == MAP_FAILED)
			return -errno;
	}
	return 0;
}

/* For cs_do(): has the kernel keep MESSAGES_MB of the worker's messages. */
static int send(struct cs_worker *worker)
{
	struct {
		long type;
		char text[8192];
	} msg = { .type = 1 };
	long nr;
	int id;

	/* Queues of its own, which end with it. */
	if (unshare(CLONE_NEWIPC) ||
	    rc_write("/proc/sys/kernel/msgmnb", rc_fmt("%ld", 2 * MESSAGES_MB * MB)))
		return -EPERM;
	id = msgget(IPC_PRIVATE, 0600);
	if (id < 0)
		return -errno;
	for (nr = 0; nr < MESSAGES_MB * MB / (long)sizeof(msg.text); nr++) {
		if (msgsnd(id, &msg, sizeof(msg.text), IPC_NOWAIT))
			return -errno;
	}
	return 0;
}

/* A task that the OOM killer takes first, if it may take it at all. */
static pid_t favourite(const char *root, const char *mems)
{
	const char *grp = cs_new(root, "0-3", mems);
	pid_t pid = rc_sleeper();

	if (!grp || cs_attach(grp, pid) ||
	    rc_write(rc_fmt("/proc/%d/oom_score_adj", pid), "1000"))
		return -1;
	return pid;
}

static bool is_alive(pid_t pid)
{
	siginfo_t info = { .si_pid = pid };

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid;
}

/* Has the worker take more than there is, of which it dies. */
static int take_all(struct cs_worker *worker)
{
	int ret;

	worker->arg[0] = -1;
	ret = cs_do(worker, take);
	return ret == -ESRCH ? rc_reap(worker->pid) : ret;
}

/* Memory that ends in an exclusive group kills there, and nobody else. */
TEST_F(oom, exclusive)
{
	pid_t other = favourite(self->root, "0");

	ASSERT_LT(0, other);
	ASSERT_EQ(0, cs_write(self->grp, "mem_exclusive", "1"));
	EXPECT_EQ(-1000 - SIGKILL, take_all(self->worker));
	EXPECT_TRUE(is_alive(other));
	EXPECT_TRUE(RC_WAIT(!rc_count(rc_fmt("%s/tasks", self->grp))));
}

/* Who could have had the memory may have to die for it. */
TEST_F(oom, shared)
{
	pid_t other = favourite(self->root, "0-1");

	ASSERT_LT(0, other);
	EXPECT_EQ(-1000 - SIGKILL, take_all(self->worker));
	EXPECT_FALSE(is_alive(other));
}

/* The meter runs while it is on, for the group that has to look for memory. */
TEST_F(oom, memory_pressure)
{
	const char *on = cs_new(self->root, "4-7", "1");
	struct cs_worker *worker = cs_worker_new();
	char *file = strdup(rc_fmt("%s/memory_pressure", on));
	unsigned long long peak;

	ASSERT_TRUE(on && worker);
	EXPECT_STREQ("0", cs_read(self->root, "memory_pressure_enabled"));
	EXPECT_EQ(-1000 - SIGKILL, take_all(self->worker));
	ASSERT_EQ(0, cs_write(self->root, "memory_pressure_enabled", "1"));
	EXPECT_STREQ("0", cs_read(on, "memory_pressure"));
	ASSERT_EQ(0, cs_attach(on, worker->pid));
	EXPECT_EQ(-1000 - SIGKILL, take_all(worker));
	/* It counts by the second. */
	EXPECT_TRUE(RC_WAIT((peak = rc_number(file)) > 0));
	EXPECT_STREQ("0", cs_read(self->grp, "memory_pressure"));
	/* It forgets, by half in ten seconds. */
	EXPECT_TRUE(RC_WAIT(rc_number(file) <= peak / 2));
	free(file);
}

/*
 * What the kernel allocates for itself may come from the nodes of the nearest
 * group above with a wall, mem_hardwall or mem_exclusive; the root is one.
 */
FIXTURE(wall)
{
	const char *root;
	const char *grp;
	struct cs_worker *worker;
};

FIXTURE_VARIANT(wall)
{
	/* Nodes and wall of the parent, wall of the group itself. */
	const char *mems;
	const char *parent;
	const char *own;
	bool dies;
};

FIXTURE_VARIANT_ADD(wall, none) {
	.mems = "1",
};

FIXTURE_VARIANT_ADD(wall, hardwall) {
	.mems = "0-1",
	.own = "mem_hardwall",
	.dies = true,
};

FIXTURE_VARIANT_ADD(wall, exclusive) {
	.mems = "1",
	.parent = "mem_exclusive",
	.own = "mem_exclusive",
	.dies = true,
};

FIXTURE_VARIANT_ADD(wall, above) {
	.mems = "0-1",
	.parent = "mem_hardwall",
};

FIXTURE_VARIANT_ADD(wall, above_without_other_nodes) {
	.mems = "1",
	.parent = "mem_hardwall",
	.dies = true,
};

FIXTURE_SETUP(wall)
{
	const char *parent;

	self->root = CS_SETUP_NUMA();
	parent = cs_new(self->root, "4-7", variant->mems);
	ASSERT_TRUE(!!parent);
	if (variant->parent)
		ASSERT_EQ(0, cs_write(parent, variant->parent, "1"));
	self->grp = cs_new(parent, "4-7", "1");
	ASSERT_TRUE(!!self->grp);
	if (variant->own)
		ASSERT_EQ(0, cs_write(self->grp, variant->own, "1"));
	self->worker = cs_worker_new();
	ASSERT_TRUE(!!self->worker);
	ASSERT_EQ(0, cs_attach(self->grp, self->worker->pid));
}

FIXTURE_TEARDOWN(wall)
{
	EXPECT_EQ(0, cs_teardown());
}

/* With its node full, the kernel has room for messages elsewhere, or kills. */
TEST_F(wall, messages)
{
	long before;

	self->worker->arg[0] = LEFT_MB;
	ASSERT_EQ(0, cs_do(self->worker, take));
	before = free_mb(0);
	if (variant->dies) {
		EXPECT_EQ(-ESRCH, cs_do(self->worker, send));
		EXPECT_EQ(-1000 - SIGKILL, rc_reap(self->worker->pid));
	} else {
		EXPECT_EQ(0, cs_do(self->worker, send));
		EXPECT_LT(MESSAGES_MB / 2, before - free_mb(0));
	}
}

TEST_HARNESS_MAIN
