// SPDX-License-Identifier: GPL-2.0
/*
 * The files of the cpu controller, and where it has tasks scheduled. What comes of it
 * in CPU time is for cpu_share_test.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpu_util.h"
#include "rc_util.h"

static const char * const files[] = {
	"cpu.weight", "cpu.idle", "cpu.max", "cpu.stat",
};

#define NO_STAT "nr_periods 0\nnr_throttled 0\nthrottled_usec 0"

FIXTURE(cpu)
{
	const char *hier;
	const char *a;
	const char *b;
};

FIXTURE_SETUP(cpu)
{
	if (!rc_has_subsys("cpu"))
		SKIP(return, "kernel without CONFIG_RC_CPU");
	ASSERT_TRUE(cpu_can_tell());
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_bound_new("cpu");
	ASSERT_TRUE(!!self->hier);
	self->a = rc_group_new(self->hier);
	self->b = rc_group_new(self->hier);
	ASSERT_TRUE(self->a && self->b);
}

FIXTURE_TEARDOWN(cpu)
{
	EXPECT_EQ(0, rc_attach(self->hier, 0));
	EXPECT_EQ(0, rc_teardown());
}

/* The root has none of the files, a group each of them. */
TEST_F(cpu, not_in_root)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		bool stat = !strcmp(files[i], "cpu.stat");

		EXPECT_EQ(-ENOENT, rc_mode(rc_fmt("%s/%s", self->hier, files[i])));
		EXPECT_EQ(S_IFREG | (stat ? 0444 : 0644),
			  rc_mode(rc_fmt("%s/%s", self->a, files[i])));
	}
}

/* A new group has the weight that cgroups have, and no limit, whatever its parent has. */
TEST_F(cpu, defaults)
{
	const char *sub;

	ASSERT_EQ(0, cpu_write(self->a, "cpu.weight", "20"));
	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "5000 20000"));
	sub = rc_group_new(self->a);
	ASSERT_TRUE(!!sub);
	EXPECT_STREQ("100", cpu_read(sub, "cpu.weight"));
	EXPECT_STREQ("0", cpu_read(sub, "cpu.idle"));
	EXPECT_STREQ("max 100000", cpu_read(sub, "cpu.max"));
	EXPECT_STREQ(NO_STAT, cpu_read(sub, "cpu.stat"));
	EXPECT_STREQ("20", cpu_read(self->a, "cpu.weight"));
	EXPECT_STREQ("5000 20000", cpu_read(self->a, "cpu.max"));
}

/* Each weight that is allowed reads as it was written. */
TEST_F(cpu, weights_kept)
{
	for (int weight = 1; weight <= 10000; weight += weight < 120 ? 1 : 247) {
		const char *text = rc_fmt("%d", weight);

		ASSERT_EQ(0, cpu_write(self->a, "cpu.weight", text));
		ASSERT_STREQ(text, cpu_read(self->a, "cpu.weight"));
	}
	ASSERT_EQ(0, cpu_write(self->a, "cpu.weight", "10000"));
	EXPECT_STREQ("10000", cpu_read(self->a, "cpu.weight"));
}

struct refused {
	const char *file;
	const char *text;
	int err;
};

/* What is refused has its errno and changes nothing. */
TEST_F(cpu, refused)
{
	static const struct refused refused[] = {
		{ "cpu.weight", "0", -ERANGE },
		{ "cpu.weight", "10001", -ERANGE },
		{ "cpu.weight", "18446744073709551615", -ERANGE },
		{ "cpu.weight", "18446744073709551616", -EINVAL },
		{ "cpu.weight", "-1", -EINVAL },
		{ "cpu.weight", "10 20", -EINVAL },
		{ "cpu.weight", "default", -EINVAL },
		{ "cpu.weight", "", -EINVAL },
		{ "cpu.idle", "2", -EINVAL },
		{ "cpu.idle", "-1", -EINVAL },
		{ "cpu.idle", "yes", -EINVAL },
		{ "cpu.idle", "", -EINVAL },
		{ "cpu.max", "", -EINVAL },
		{ "cpu.max", "999", -EINVAL },
		{ "cpu.max", "0", -EINVAL },
		{ "cpu.max", "-1", -EINVAL },
		{ "cpu.max", "max 999", -EINVAL },
		{ "cpu.max", "max 1000001", -EINVAL },
		{ "cpu.max", "max 0", -EINVAL },
		{ "cpu.max", "10000 max", -EINVAL },
		{ "cpu.max", "10000 20000 30000", -EINVAL },
		{ "cpu.max", "10000 20000x", -EINVAL },
		{ "cpu.max", "10000x 20000", -EINVAL },
		{ "cpu.max", "maximum", -EINVAL },
		{ "cpu.max", "17592186044416", -EINVAL },
		{ "cpu.max", "18446744073709552", -EINVAL },
		{ "cpu.max", "18446744073709551616", -EINVAL },
		{ "cpu.max", "10000 18446744073709552", -EINVAL },
	};

	ASSERT_EQ(0, cpu_write(self->a, "cpu.weight", "77"));
	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "7000 11000"));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const struct refused *r = &refused[i];

		EXPECT_EQ(r->err, cpu_write(self->a, r->file, r->text)) {
			TH_LOG("\"%s\" to %s", r->text, r->file);
		}
		EXPECT_STREQ("77", cpu_read(self->a, "cpu.weight"));
		EXPECT_STREQ("0", cpu_read(self->a, "cpu.idle"));
		EXPECT_STREQ("7000 11000", cpu_read(self->a, "cpu.max"));
	}
}

/* A quota may come alone, for the period that there is; blanks are as elsewhere. */
TEST_F(cpu, max_syntax)
{
	static const struct {
		const char *text;
		const char *reads;
	} texts[] = {
		{ "1000", "1000 100000" },
		{ "max 20000", "max 20000" },
		{ "10000\n", "10000 20000" },
		{ "max", "max 20000" },
		{ "  30000   1000000\t\n", "30000 1000000" },
		{ "30000\t1000", "30000 1000" },
		{ "max\n", "max 1000" },
		/* More than all CPUs have. */
		{ "4000000 1000", "4000000 1000" },
		{ "max 100000", "max 100000" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		EXPECT_EQ(0, cpu_write(self->a, "cpu.max", texts[i].text)) {
			TH_LOG("\"%s\"", texts[i].text);
		}
		EXPECT_STREQ(texts[i].reads, cpu_read(self->a, "cpu.max"));
	}
}

/* A child may have a larger quota, as in cgroup v2: the least on the way up counts. */
TEST_F(cpu, larger_below)
{
	const char *sub = rc_group_new(self->a);

	ASSERT_TRUE(!!sub);
	EXPECT_EQ(0, cpu_write(self->a, "cpu.max", "10000 100000"));
	EXPECT_EQ(0, cpu_write(sub, "cpu.max", "80000 100000"));
	EXPECT_STREQ("80000 100000", cpu_read(sub, "cpu.max"));
}

/* A group that is idle has no weight to set, and the default one afterwards. */
TEST_F(cpu, idle_and_weight)
{
	ASSERT_EQ(0, cpu_write(self->a, "cpu.weight", "500"));
	EXPECT_EQ(0, cpu_write(self->a, "cpu.idle", "1"));
	EXPECT_STREQ("1", cpu_read(self->a, "cpu.idle"));
	EXPECT_EQ(-EINVAL, cpu_write(self->a, "cpu.weight", "500"));
	EXPECT_EQ(0, cpu_write(self->a, "cpu.idle", "1"));
	EXPECT_EQ(0, cpu_write(self->a, "cpu.idle", "0"));
	EXPECT_STREQ("0", cpu_read(self->a, "cpu.idle"));
	EXPECT_STREQ("100", cpu_read(self->a, "cpu.weight"));
}

/* A task is scheduled in its group from the move on, and in none after it has left. */
TEST_F(cpu, scheduled_in_group)
{
	const char *sub = rc_group_new(self->a);
	pid_t pid = rc_sleeper();
	const char *before;

	ASSERT_TRUE(!!sub);
	ASSERT_LT(0, pid);
	before = strdup(cpu_place(pid));
	ASSERT_STRNE("", before);
	ASSERT_EQ(0, rc_attach(sub, pid));
	EXPECT_STREQ(sub, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(self->b, pid));
	EXPECT_STREQ(self->b, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_STREQ(before, cpu_place(pid));
}

/* So is one that runs, whoever moves it. */
TEST_F(cpu, running)
{
	pid_t pid = rc_spinner();

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	EXPECT_STREQ(self->a, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(self->b, 0));
	EXPECT_STREQ(self->b, cpu_place(getpid()));
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	EXPECT_STRNE(self->b, cpu_place(getpid()));
}

/* Groups of hierarchies that do not have the controller are none of the scheduler's. */
TEST_F(cpu, other_hierarchy)
{
	const char *other = rc_hier_new(), *grp;
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!other);
	grp = rc_group_new(other);
	ASSERT_TRUE(!!grp);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_EQ(0, rc_attach(grp, pid));
	EXPECT_STREQ(self->a, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_STRNE(self->a, cpu_place(pid));
	EXPECT_STRNE(grp, cpu_place(pid));
}

/* The scheduler's name of a group is the path that it has now. */
TEST_F(cpu, renamed)
{
	pid_t pid = rc_sleeper();
	const char *grp = rc_fmt("%s/renamed", self->hier);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_EQ(0, rename(self->a, grp));
	EXPECT_STREQ(grp, cpu_place(pid));
	ASSERT_EQ(0, rename(grp, self->a));
	EXPECT_STREQ(self->a, cpu_place(pid));
}

static void *sleep_thread(void *arg)
{
	*(long *)arg = gettid();
	while (pause())
		;
	return NULL;
}

static int sleep_with_thread(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_thread, arg))
		return -EAGAIN;
	while (pause())
		;
	return 0;
}

static int bear_a_child(void *arg)
{
	long *tids = arg;
	pid_t pid = fork();

	if (!pid)
		sleep_with_thread(&tids[1]);
	tids[0] = pid;
	while (pause())
		;
	return 0;
}

/* Children and threads are born into the group of their parent. */
TEST_F(cpu, born_in_group)
{
	long *tids = rc_shared(4096);
	pid_t pid;

	ASSERT_TRUE(!!tids);
	ASSERT_EQ(0, rc_attach(self->a, 0));
	pid = rc_spawn(bear_a_child, tids);
	ASSERT_LT(0, pid);
	EXPECT_TRUE(RC_WAIT(rc_get(&tids[0]) && rc_get(&tids[1])));
	rc_track_child(tids[0]);
	EXPECT_STREQ(self->a, cpu_place(pid));
	EXPECT_STREQ(self->a, cpu_place(tids[0]));
	EXPECT_STREQ(self->a, cpu_place(tids[1]));
}

/* So is a child with namespaces of its own. */
TEST_F(cpu, born_with_namespaces)
{
	pid_t pid;

	ASSERT_EQ(0, rc_attach(self->a, 0));
	pid = syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid) {
		while (pause())
			;
	}
	ASSERT_LT(0, pid);
	rc_track_child(pid);
	EXPECT_STREQ(self->a, cpu_place(pid));
}

/* A group whose tasks have ended can be removed while one is a zombie. */
TEST_F(cpu, zombie)
{
	pid_t pid = rc_sleeper();

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(pid));
	/* It can have some way to go to the last switch away from it. */
	EXPECT_TRUE(RC_WAIT(strcmp(self->a, cpu_place(pid))));
	EXPECT_EQ(0, rc_rmdir(self->a));
	EXPECT_EQ(-1000 - SIGKILL, rc_reap(pid));
}

/* A file that is open when its group is removed says so. */
TEST_F(cpu, removed)
{
	char buf[64];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *grp = rc_group_new(self->hier);
		int fd;

		ASSERT_TRUE(!!grp);
		fd = rc_open(rc_fmt("%s/%s", grp, files[i]), O_RDONLY);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, rc_rmdir(grp));
		EXPECT_EQ(-ENODEV, rc_read_fd(fd, buf, sizeof(buf), 64));
		close(fd);
	}
}

static const struct {
	const char *name;
	int policy;
	int prio;
} policies[] = {
	{ "fifo", SCHED_FIFO, 1 },
	{ "rr", SCHED_RR, 50 },
	{ "batch", SCHED_BATCH, 0 },
	{ "idle", SCHED_IDLE, 0 },
	{ "other", SCHED_OTHER, 0 },
};

/* Tasks of any policy are members, keep it, and can be given another one there. */
TEST_F(cpu, policies)
{
	pid_t pid = rc_sleeper();

	ASSERT_LT(0, pid);
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct sched_param param = { .sched_priority = policies[i].prio };

		ASSERT_EQ(0, rc_attach(self->hier, pid));
		ASSERT_EQ(0, sched_setscheduler(pid, policies[i].policy, &param));
		ASSERT_EQ(0, rc_attach(self->a, pid));
		EXPECT_EQ(policies[i].policy, sched_getscheduler(pid));
		EXPECT_STREQ(self->a, cpu_place(pid)) {
			TH_LOG("policy %s", policies[i].name);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct sched_param param = { .sched_priority = policies[i].prio };

		ASSERT_EQ(0, sched_setscheduler(pid, policies[i].policy, &param));
		EXPECT_STREQ(self->a, cpu_place(pid));
	}
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

struct dl_attr {
	unsigned int size;
	unsigned int policy;
	unsigned long long flags;
	int nice;
	unsigned int priority;
	unsigned long long runtime;
	unsigned long long deadline;
	unsigned long long period;
};

/* So are deadline tasks, whose bandwidth is nobody's but theirs. */
TEST_F(cpu, deadline)
{
	struct dl_attr attr = {
		.size = sizeof(attr), .policy = SCHED_DEADLINE,
		.runtime = 1000000, .deadline = 100000000, .period = 100000000,
	};
	pid_t pid = rc_sleeper();

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_EQ(0, syscall(SYS_sched_setattr, pid, &attr, 0));
	EXPECT_STREQ(self->a, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(self->b, pid));
	EXPECT_STREQ(self->b, cpu_place(pid));
	EXPECT_EQ(SCHED_DEADLINE, sched_getscheduler(pid));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, rc_rmdir(self->b));
}

static unsigned long long stat_of(const char *grp, const char *field)
{
	return rc_field(rc_fmt("%s/cpu.stat", grp), field);
}

/* A group that wants more than its quota is throttled, and cpu.stat counts it. */
TEST_F(cpu, throttled)
{
	unsigned long long waited;
	long long used;
	pid_t pid;

	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "1000 20000"));
	pid = cpu_hog(self->a, -1);
	ASSERT_LT(0, pid);
	EXPECT_TRUE(RC_WAIT(stat_of(self->a, "nr_throttled") >= 3));
	EXPECT_TRUE(RC_WAIT(stat_of(self->a, "throttled_usec") >= 20000));
	EXPECT_LE(stat_of(self->a, "nr_throttled"), stat_of(self->a, "nr_periods"));
	EXPECT_STREQ(NO_STAT, cpu_read(self->b, "cpu.stat"));

	/* No more when it has none. */
	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "max"));
	waited = stat_of(self->a, "nr_throttled");
	used = cpu_time(pid);
	EXPECT_TRUE(RC_WAIT(cpu_time(pid) > used + 50000));
	EXPECT_EQ(waited, stat_of(self->a, "nr_throttled"));
}

/* A task that leaves a group which is out of quota runs at once. */
TEST_F(cpu, leaves_throttled)
{
	long long used;
	pid_t pid;

	/* One that uses up its millisecond waits for a second then. */
	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "1000 1000000"));
	pid = cpu_hog(self->a, -1);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(RC_WAIT(stat_of(self->a, "nr_throttled") >= 1));
	ASSERT_EQ(0, rc_attach(self->b, pid));
	used = cpu_time(pid);
	EXPECT_TRUE(RC_WAIT(cpu_time(pid) > used + 100000));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

/* One that is killed there ends when the group may run again, and the group goes. */
TEST_F(cpu, dies_throttled)
{
	pid_t pid;

	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "1000 100000"));
	pid = cpu_hog(self->a, -1);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(RC_WAIT(stat_of(self->a, "nr_throttled") >= 1));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

/* The controller goes to another hierarchy when this one has no groups. */
TEST_F(cpu, rebound)
{
	const char *other = rc_hier_new(), *grp;
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!other);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-EBUSY, rc_write(rc_fmt("%s/subsystems", self->hier), ""));
	ASSERT_EQ(0, rc_rmdir(self->a));
	ASSERT_EQ(0, rc_rmdir(self->b));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/subsystems", self->hier), ""));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/subsystems", other), "cpu"));
	grp = rc_group_new(other);
	ASSERT_TRUE(!!grp);
	EXPECT_STREQ("100", cpu_read(grp, "cpu.weight"));
	ASSERT_EQ(0, rc_attach(grp, pid));
	EXPECT_STREQ(grp, cpu_place(pid));
}

/* Another controller refuses: no group is made, nobody is moved, nobody is born. */
TEST(refused_by_another)
{
	const char *hier, *grp, *before, *fail;
	pid_t pid;

	if (!rc_has_subsys("cpu") || !rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_CPU or CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_setup());
	hier = rc_bound_new("cpu,debug");
	ASSERT_TRUE(!!hier);
	fail = strdup(rc_fmt("%s/debug.fail", hier));
	grp = rc_group_new(hier);
	pid = rc_sleeper();
	ASSERT_TRUE(grp && pid > 0);
	before = strdup(cpu_place(pid));

	for (int i = 0; i < 5; i++) {
		const char *sub = rc_fmt("%s/sub", grp);

		ASSERT_EQ(0, rc_write(fail, "create 1 33"));
		EXPECT_EQ(-EDOM, rc_mkdir(sub));
		EXPECT_EQ(0, rc_mkdir(sub));
		EXPECT_EQ(0, rc_rmdir(sub));
	}
	ASSERT_EQ(0, rc_write(fail, "can_attach 1 33"));
	EXPECT_EQ(-EDOM, rc_attach(grp, pid));
	EXPECT_STREQ(before, cpu_place(pid));
	ASSERT_EQ(0, rc_attach(grp, 0));
	ASSERT_EQ(0, rc_write(fail, "can_fork 1 33"));
	EXPECT_EQ(-1, fork());
	EXPECT_EQ(EDOM, errno);
	ASSERT_EQ(0, rc_attach(hier, 0));
	EXPECT_EQ(0, rc_rmdir(grp));
	EXPECT_EQ(0, rc_write(fail, "none"));
	EXPECT_EQ(0, rc_teardown());
}

TEST_HARNESS_MAIN
