// SPDX-License-Identifier: GPL-2.0
/* What becomes of tasks that are moved into sets, and of sets that have tasks. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define THREADS 3
#define SAMPLES 20

FIXTURE(attach)
{
	const char *hier;
	/* All that there is, as a list. */
	const char *all;
	const char *a;
	const char *b;
};

FIXTURE_SETUP(attach)
{
	self->hier = CS_SETUP(return);
	self->all = strdup(cs_affinity(0));
	self->a = cs_new(self->hier, "0-1", "0");
	self->b = cs_new(self->hier, "2", "0");
	ASSERT_TRUE(self->a && self->b);
}

FIXTURE_TEARDOWN(attach)
{
	EXPECT_EQ(0, cs_teardown());
}

/* The ids of a process's threads; how many there are. */
static int threads_of(pid_t pid, pid_t *tids, int max)
{
	DIR *dir = opendir(rc_fmt("/proc/%d/task", pid));
	struct dirent *entry;
	int nr = 0;

	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name != '.' && nr < max)
			tids[nr++] = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return nr;
}

/* A mask in a task's status: chunks in hexadecimal, separated by commas. */
static unsigned long long mask_of(pid_t pid, const char *name)
{
	char *text = rc_text(rc_fmt("/proc/%d/status", pid)), *c;
	unsigned long long mask = 0;

	c = text ? strstr(text, rc_fmt("\n%s:\t", name)) : NULL;
	for (c = c ? strchr(c, '\t') + 1 : ""; *c && *c != '\n'; c++) {
		char digit[] = { *c, '\0' };

		if (*c != ',')
			mask = mask << 4 | strtoul(digit, NULL, 16);
	}
	free(text);
	return mask;
}

/* All that shows a task's CPUs and nodes agrees. */
TEST_F(attach, shown)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, cs_attach(self->a, pid));
	EXPECT_STREQ("0-1", cs_affinity(pid));
	EXPECT_STREQ("0-1", cs_cpus_allowed(pid));
	EXPECT_STREQ("0", cs_mems_allowed(pid));
	EXPECT_EQ(0x3, (int)mask_of(pid, "Cpus_allowed"));
	EXPECT_EQ(0x1, (int)mask_of(pid, "Mems_allowed"));
	EXPECT_STREQ(self->a + strlen(self->hier), cs_path(pid));
	ASSERT_EQ(0, cs_attach(self->b, pid));
	EXPECT_STREQ("2", cs_affinity(pid));
	EXPECT_STREQ("2", cs_cpus_allowed(pid));
	EXPECT_EQ(0x4, (int)mask_of(pid, "Cpus_allowed"));
	ASSERT_EQ(0, cs_attach(self->hier, pid));
	EXPECT_STREQ(self->all, cs_affinity(pid));
	EXPECT_STREQ(cs_online_mems(), cs_mems_allowed(pid));
}

/* The caller moves itself. */
TEST_F(attach, self)
{
	ASSERT_EQ(0, cs_attach(self->b, 0));
	EXPECT_STREQ("2", cs_affinity(0));
	EXPECT_EQ(2, sched_getcpu());
	ASSERT_EQ(0, cs_attach(self->hier, 0));
	EXPECT_STREQ(self->all, cs_affinity(0));
}

/* A thread moves alone. */
TEST_F(attach, thread)
{
	pid_t pid = rc_sleeping_threads(THREADS), tids[THREADS];

	ASSERT_LT(0, pid);
	ASSERT_EQ(THREADS, threads_of(pid, tids, THREADS));
	ASSERT_EQ(0, cs_attach(self->b, tids[1]));
	EXPECT_STREQ(self->all, cs_affinity(tids[0]));
	EXPECT_STREQ("2", cs_affinity(tids[1]));
	EXPECT_STREQ(self->all, cs_affinity(tids[2]));
}

/* A process moves with all its threads, from wherever they are. */
TEST_F(attach, process)
{
	pid_t pid = rc_sleeping_threads(THREADS), tids[THREADS];
	int i;

	ASSERT_LT(0, pid);
	ASSERT_EQ(THREADS, threads_of(pid, tids, THREADS));
	ASSERT_EQ(0, cs_attach(self->b, tids[1]));
	ASSERT_EQ(0, cs_write(self->a, "procs", rc_fmt("%d", pid)));
	for (i = 0; i < THREADS; i++) {
		EXPECT_STREQ("0-1", cs_affinity(tids[i]));
		EXPECT_STREQ("0", cs_mems_allowed(tids[i]));
	}
	ASSERT_EQ(0, cs_write(self->hier, "procs", rc_fmt("%d", pid)));
	for (i = 0; i < THREADS; i++)
		EXPECT_STREQ(self->all, cs_affinity(tids[i]));
}

/* A task that computes and never calls the kernel goes there at once. */
TEST_F(attach, spinner)
{
	pid_t pid = rc_spinner();
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, cs_attach(self->b, pid));
		ASSERT_TRUE(cs_stays_on(pid, "2", SAMPLES));
		ASSERT_EQ(0, cs_attach(self->a, pid));
		ASSERT_TRUE(cs_stays_on(pid, "0-1", SAMPLES));
	}
}

/* It goes where its set goes, and so does one that sleeps. */
TEST_F(attach, set_changes)
{
	pid_t spinner = rc_spinner(), sleeper = rc_sleeper();
	int cpu;

	ASSERT_EQ(0, cs_attach(self->b, spinner));
	ASSERT_EQ(0, cs_attach(self->b, sleeper));
	for (cpu = 0; cpu < 4; cpu++) {
		const char *list = strdup(rc_fmt("%d", cpu));

		ASSERT_EQ(0, cs_write(self->b, "cpus", list));
		ASSERT_TRUE(cs_stays_on(spinner, list, SAMPLES));
		EXPECT_STREQ(list, cs_affinity(sleeper));
	}
}

/* A set that changes moves its own tasks, and none of the sets around it. */
TEST_F(attach, of_others)
{
	pid_t above = rc_sleeper(), below = rc_sleeper(), beside = rc_sleeper();
	const char *sub = cs_new(self->a, "0", "0");

	ASSERT_TRUE(!!sub);
	ASSERT_EQ(0, cs_attach(self->a, above));
	ASSERT_EQ(0, cs_attach(sub, below));
	ASSERT_EQ(0, cs_attach(self->b, beside));
	ASSERT_EQ(0, cs_write(self->a, "cpus", "0,2-3"));
	EXPECT_STREQ("0,2-3", cs_affinity(above));
	EXPECT_STREQ("0", cs_affinity(below));
	EXPECT_STREQ("2", cs_affinity(beside));
	EXPECT_STREQ(self->all, cs_affinity(0));
}

/* What a task asks for beside its set it gets as far as the set goes. */
TEST_F(attach, own_affinity)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, cs_attach(self->a, pid));
	EXPECT_EQ(-EINVAL, cs_set_affinity(pid, "2"));
	EXPECT_EQ(-EINVAL, cs_set_affinity(pid, "2-3"));
	EXPECT_STREQ("0-1", cs_affinity(pid));
	EXPECT_EQ(0, cs_set_affinity(pid, "1"));
	EXPECT_STREQ("1", cs_affinity(pid));
	EXPECT_EQ(-EINVAL, cs_set_affinity(pid, "3"));
	EXPECT_STREQ("1", cs_affinity(pid));
	EXPECT_EQ(0, cs_set_affinity(pid, "1-2"));
	EXPECT_STREQ("1", cs_affinity(pid));
	EXPECT_EQ(0, cs_set_affinity(pid, self->all));
	EXPECT_STREQ("0-1", cs_affinity(pid));
}

/*
 * What it has asked for is remembered: kept to within a set, let go of where the
 * set has none of it, and back where it has.
 */
TEST_F(attach, affinity_comes_back)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, cs_set_affinity(pid, "1-2"));
	ASSERT_EQ(0, cs_attach(self->a, pid));
	EXPECT_STREQ("1", cs_affinity(pid));
	ASSERT_EQ(0, cs_attach(self->b, pid));
	EXPECT_STREQ("2", cs_affinity(pid));
	ASSERT_EQ(0, cs_write(self->b, "cpus", "3"));
	EXPECT_STREQ("3", cs_affinity(pid));
	ASSERT_EQ(0, cs_write(self->b, "cpus", "0,3"));
	EXPECT_STREQ("0,3", cs_affinity(pid));
	ASSERT_EQ(0, cs_write(self->b, "cpus", "0-3"));
	EXPECT_STREQ("1-2", cs_affinity(pid));
	ASSERT_EQ(0, cs_write(self->b, "cpus", "2-3"));
	EXPECT_STREQ("2", cs_affinity(pid));
	ASSERT_EQ(0, cs_attach(self->hier, pid));
	EXPECT_STREQ("1-2", cs_affinity(pid));
}

/* A set without CPUs, or without nodes, takes no tasks. */
TEST_F(attach, nowhere_to_run)
{
	static const char * const lists[][2] = {
		{ "", "" }, { "0", "" }, { "", "0" },
	};
	pid_t pid = rc_sleeping_threads(THREADS);
	unsigned int i;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, cs_attach(self->a, pid));
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		const char *grp = cs_new(self->hier, lists[i][0], lists[i][1]);
		const char *id = strdup(rc_fmt("%d", pid));

		ASSERT_TRUE(!!grp);
		EXPECT_EQ(-ENOSPC, cs_try(self->hier, grp, "tasks", id));
		EXPECT_EQ(-ENOSPC, cs_try(self->hier, grp, "procs", id));
		EXPECT_EQ(-ENOSPC, cs_try(self->hier, grp, "tasks", "0"));
		EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", grp)));
		ASSERT_EQ(0, cs_write(grp, "cpus", "0"));
		ASSERT_EQ(0, cs_write(grp, "mems", "0"));
		EXPECT_EQ(0, cs_write(grp, "tasks", id));
		EXPECT_EQ(0, cs_attach(self->a, pid));
	}
}

/* Another controller refuses: nobody has been moved to other CPUs. */
TEST_F(attach, taken_back)
{
	pid_t pid = rc_sleeping_threads(THREADS);
	const char *hier, *grp;

	if (!rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_rmdir(self->a));
	ASSERT_EQ(0, rc_rmdir(self->b));
	ASSERT_EQ(0, rc_rmdir(self->hier));
	hier = rc_bound_new("cpuset,debug");
	ASSERT_TRUE(!!hier);
	grp = cs_new(hier, "3", "0");
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_write(hier, "debug.fail",
			      rc_fmt("can_attach %d %d", THREADS, EDOM)));
	EXPECT_EQ(-EDOM, cs_try(hier, grp, "procs", rc_fmt("%d", pid)));
	EXPECT_STREQ(self->all, cs_affinity(pid));
	/* What the set was told of them is taken back as well. */
	EXPECT_EQ(0, cs_write(grp, "cpus", ""));
	EXPECT_EQ(-ENOSPC, cs_try(hier, grp, "procs", rc_fmt("%d", pid)));
	EXPECT_EQ(0, cs_write(grp, "cpus", "3"));
	EXPECT_EQ(0, cs_write(grp, "procs", rc_fmt("%d", pid)));
	EXPECT_STREQ("3", cs_affinity(pid));
	/* So is a set that there is nearly. */
	ASSERT_EQ(0, cs_write(hier, "debug.fail", rc_fmt("create 1 %d", EDOM)));
	EXPECT_EQ(-EDOM, rc_mkdir(rc_fmt("%s/sub", grp)));
	EXPECT_EQ(0, cs_write(grp, "cpus", "2"));
	EXPECT_EQ(0, cs_write(hier, "debug.fail", "none"));
}

/*
 * What a member makes is a member, and may use what the set has.
 */

struct birth {
	const char *path;
	const char *cpus;
	int (*fn)(const struct birth *birth);
};

static int check_member(const struct birth *birth)
{
	pid_t tid = syscall(SYS_gettid);

	if (strcmp(birth->path, cs_list_of("/proc/thread-self/cpuset")))
		return -EBADMSG;
	if (strcmp(birth->cpus, cs_affinity(tid)) ||
	    strcmp(birth->cpus, cs_cpus_allowed(tid)))
		return -EDOM;
	if (strcmp("0", cs_mems_allowed(tid)))
		return -ENXIO;
	return cs_set_affinity(tid, "3") == -EINVAL ? 0 : -EPROTO;
}

static int clone_with(const struct birth *birth, unsigned long flags)
{
	pid_t pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(-check_member(birth));
	return rc_reap(pid);
}

static int by_fork(const struct birth *birth)
{
	return clone_with(birth, 0);
}

static int by_vfork(const struct birth *birth)
{
	return clone_with(birth, CLONE_VFORK);
}

static int with_namespaces(const struct birth *birth)
{
	return clone_with(birth, CLONE_NEWUTS | CLONE_NEWIPC);
}

static void *thread_checks(void *arg)
{
	return (void *)(long)check_member(arg);
}

static int as_thread(const struct birth *birth)
{
	pthread_t thread;
	void *ret;

	if (pthread_create(&thread, NULL, thread_checks, (void *)birth) ||
	    pthread_join(thread, &ret))
		return -EAGAIN;
	return (long)ret;
}

static int after_unshare(const struct birth *birth)
{
	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC))
		return -errno;
	return check_member(birth) ?: by_fork(birth);
}

FIXTURE(birth)
{
	const char *hier;
	const char *grp;
};

FIXTURE_VARIANT(birth)
{
	int (*fn)(const struct birth *birth);
};

FIXTURE_VARIANT_ADD(birth, fork) { by_fork };
FIXTURE_VARIANT_ADD(birth, vfork) { by_vfork };
FIXTURE_VARIANT_ADD(birth, clone_ns) { with_namespaces };
FIXTURE_VARIANT_ADD(birth, thread) { as_thread };
FIXTURE_VARIANT_ADD(birth, unshare) { after_unshare };

FIXTURE_SETUP(birth)
{
	self->hier = CS_SETUP(return);
	self->grp = cs_new(self->hier, "1-2", "0");
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(birth)
{
	EXPECT_EQ(0, cs_teardown());
}

static int give_birth(void *arg)
{
	const struct birth *birth = arg;

	return cs_write(rc_fmt(CS_ROOT "%s", birth->path), "procs", "0") ?:
	       birth->fn(birth);
}

/* It has the CPUs and nodes of the set. */
TEST_F(birth, in_set)
{
	struct birth birth = {
		.path = self->grp + strlen(self->hier),
		.cpus = "1-2",
		.fn = variant->fn,
	};

	EXPECT_EQ(0, rc_run(give_birth, &birth));
	EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", self->grp)));
	EXPECT_EQ(0, cs_write(self->grp, "cpus", ""));
}

static int narrow_and_give_birth(void *arg)
{
	return cs_set_affinity(0, "0-1") ?: give_birth(arg);
}

/* It has of these what its parent had asked for. */
TEST_F(birth, own_affinity)
{
	struct birth birth = {
		.path = self->grp + strlen(self->hier),
		.cpus = "1",
		.fn = variant->fn,
	};

	EXPECT_EQ(0, rc_run(narrow_and_give_birth, &birth));
}

TEST_HARNESS_MAIN
