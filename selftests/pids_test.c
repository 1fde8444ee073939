// SPDX-License-Identifier: GPL-2.0
/* The pids controller: what it counts, and what it refuses. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pids_util.h"

#define THREADS 5

FIXTURE(pids)
{
	const char *hier;
	/* @mid is in @top, @low in @mid, and @beside in @top. */
	const char *top;
	const char *mid;
	const char *low;
	const char *beside;
	/* Groups of other hierarchies, or NULL. */
	const char *others[2];
};

FIXTURE_VARIANT(pids)
{
	/* The controllers of the hierarchy, and of others. */
	const char *list;
	const char *others[2];
};

FIXTURE_VARIANT_ADD(pids, alone) { "pids", {} };
FIXTURE_VARIANT_ADD(pids, together) { "cpuacct,cpuset,pids", {} };
FIXTURE_VARIANT_ADD(pids, apart) { "pids", { "cpuacct", "cpuset" } };

/* A group that takes tasks, also if it is a cpuset. */
static const char *group_new(const char *parent)
{
	static const char * const files[] = { "cpus", "mems" };
	const char *grp = rc_group_new(parent);
	unsigned int i;

	for (i = 0; grp && i < ARRAY_SIZE(files); i++) {
		char *text = rc_text(rc_fmt("%s/%s", parent, files[i]));

		if (text && rc_write(rc_fmt("%s/%s", grp, files[i]), text))
			grp = NULL;
		free(text);
	}
	return grp;
}

static bool has_all(const char *list)
{
	char *names = strdup(list), *name, *save;
	bool ret = true;

	for (name = strtok_r(names, ",", &save); name;
	     name = strtok_r(NULL, ",", &save))
		ret = ret && rc_has_subsys(name);
	free(names);
	return ret;
}

FIXTURE_SETUP(pids)
{
	int i;

	if (!has_all(variant->list) || (*variant->others && !has_all("cpuset")))
		SKIP(return, "kernel without one of the controllers");
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_bound_new(variant->list);
	ASSERT_TRUE(!!self->hier);
	self->top = group_new(self->hier);
	ASSERT_TRUE(!!self->top);
	self->mid = group_new(self->top);
	self->beside = group_new(self->top);
	ASSERT_TRUE(self->mid && self->beside);
	self->low = group_new(self->mid);
	ASSERT_TRUE(!!self->low);
	for (i = 0; i < 2 && variant->others[i]; i++) {
		const char *other = rc_bound_new(variant->others[i]);

		ASSERT_TRUE(!!other);
		self->others[i] = group_new(other);
		ASSERT_TRUE(!!self->others[i]);
		ASSERT_EQ(0, rc_attach(self->others[i], 0));
	}
}

FIXTURE_TEARDOWN(pids)
{
	EXPECT_EQ(0, rc_attach(self->hier, 0));
	EXPECT_EQ(0, rc_teardown());
}

/* The number in low, mid, top and beside, as a text. */
static const char *counts(const struct _test_data_pids *self)
{
	return rc_fmt("%ld %ld %ld %ld", pids_current(self->low),
		      pids_current(self->mid), pids_current(self->top),
		      pids_current(self->beside));
}

/* Threads count, in the group and in all above it, and move with the task. */
TEST_F(pids, counted)
{
	pid_t *ids = rc_shared(THREADS * sizeof(*ids));
	pid_t one, crowd;

	EXPECT_STREQ("0 0 0 0", counts(self));
	one = rc_sleeper();
	ASSERT_LT(0, one);
	ASSERT_EQ(0, rc_attach(self->low, one));
	EXPECT_STREQ("1 1 1 0", counts(self));
	crowd = rc_crowd(self->mid, THREADS, ids);
	ASSERT_LT(0, crowd);
	EXPECT_STREQ("1 6 6 0", counts(self));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/tasks", self->low),
			      rc_fmt("%d", ids[2])));
	EXPECT_STREQ("2 6 6 0", counts(self));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->beside),
			      rc_fmt("%d", crowd)));
	EXPECT_STREQ("1 1 6 5", counts(self));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->top),
			      rc_fmt("%d", crowd)));
	EXPECT_STREQ("1 1 6 0", counts(self));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->hier),
			      rc_fmt("%d", crowd)));
	EXPECT_STREQ("1 1 1 0", counts(self));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->low),
			      rc_fmt("%d", crowd)));
	EXPECT_STREQ("6 6 6 0", counts(self));
	EXPECT_EQ(0, rc_kill(crowd));
	EXPECT_EQ(0, rc_kill(one));
	EXPECT_STREQ("0 0 0 0", counts(self));
}

/*
 * A move in another hierarchy changes no number here, though it ends that in which
 * births were noted.
 */
TEST_F(pids, other_hierarchy)
{
	const char *other = rc_hier_new(), *grp;
	pid_t *ids = rc_shared(THREADS * sizeof(*ids)), crowd;
	int turn;

	ASSERT_TRUE(other && ids);
	grp = rc_group_new(other);
	ASSERT_TRUE(!!grp);
	for (turn = 0; turn < 20; turn++) {
		crowd = rc_crowd(self->low, THREADS, ids);
		ASSERT_LT(0, crowd);
		ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", grp),
				      rc_fmt("%d", crowd)));
		EXPECT_STREQ("5 5 5 0", counts(self));
		EXPECT_EQ(0, rc_kill(crowd));
		EXPECT_STREQ("0 0 0 0", counts(self));
	}
}

/*
 * A limit at any height refuses the birth that goes past it, of processes and of
 * threads. Nobody has been charged for what was refused.
 */
TEST_F(pids, limited)
{
	const char * const limited[] = { self->low, self->mid, self->top };
	int i;

	ASSERT_EQ(0, rc_attach(self->low, 0));
	for (i = 0; i < 3; i++) {
		pid_t pid;

		ASSERT_EQ(0, pids_limit(limited[i], "2"));
		EXPECT_EQ(0, pids_fork());
		EXPECT_EQ(0, pids_thread());
		ASSERT_TRUE(RC_WAIT(pids_current(self->low) == 1));
		pid = rc_sleeper();
		ASSERT_LT(0, pid);
		EXPECT_STREQ("2 2 2 0", counts(self));
		EXPECT_EQ(-EAGAIN, pids_fork());
		EXPECT_EQ(-EAGAIN, pids_thread());
		EXPECT_EQ(-1, syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, NULL,
				      NULL, NULL, NULL));
		EXPECT_EQ(EAGAIN, errno);
		EXPECT_STREQ("2 2 2 0", counts(self));
		EXPECT_EQ(3 * (i + 1), pids_refused(self->low));
		ASSERT_EQ(0, pids_limit(limited[i], "3"));
		EXPECT_EQ(0, pids_fork());
		ASSERT_EQ(0, pids_limit(limited[i], "2"));
		EXPECT_EQ(0, rc_kill(pid));
		EXPECT_EQ(0, pids_fork());
		EXPECT_STREQ("1 1 1 0", counts(self));
		ASSERT_EQ(0, pids_limit(limited[i], "max"));
		EXPECT_STREQ("1 1 1 0", counts(self));
	}
	EXPECT_EQ(0, pids_fork());
	EXPECT_EQ(9, pids_refused(self->low));
}

/* Of several limits each holds, whichever is reached first. */
TEST_F(pids, several)
{
	pid_t pid = rc_sleeper();

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->beside, pid));
	ASSERT_EQ(0, rc_attach(self->low, 0));
	ASSERT_EQ(0, pids_limit(self->low, "10"));
	ASSERT_EQ(0, pids_limit(self->top, "2"));
	EXPECT_EQ(-EAGAIN, pids_fork());
	EXPECT_STREQ("1 1 2 1", counts(self));
	ASSERT_EQ(0, pids_limit(self->top, "3"));
	EXPECT_EQ(0, pids_fork());
	ASSERT_EQ(0, pids_limit(self->low, "1"));
	EXPECT_EQ(-EAGAIN, pids_fork());
	EXPECT_STREQ("1 1 2 1", counts(self));
	/* What does not come from there does not mind. */
	ASSERT_EQ(0, rc_attach(self->mid, 0));
	EXPECT_EQ(0, pids_fork());
	EXPECT_STREQ("0 1 2 1", counts(self));
}

/* Moves are not refused, and a limit may be less than there are: forks are. */
TEST_F(pids, above_limit)
{
	pid_t *ids = rc_shared(THREADS * sizeof(*ids));
	pid_t crowd;

	ASSERT_EQ(0, pids_limit(self->low, "0"));
	ASSERT_EQ(0, rc_attach(self->low, 0));
	EXPECT_EQ(-EAGAIN, pids_fork());
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	crowd = rc_crowd(NULL, THREADS, ids);
	ASSERT_LT(0, crowd);
	ASSERT_EQ(0, rc_attach(self->low, 0));
	EXPECT_EQ(0, rc_write(rc_fmt("%s/procs", self->low),
			      rc_fmt("%d", crowd)));
	EXPECT_STREQ("6 6 6 0", counts(self));
	ASSERT_EQ(0, pids_limit(self->low, "7"));
	EXPECT_EQ(0, pids_fork());
	EXPECT_EQ(0, pids_limit(self->low, "3"));
	EXPECT_EQ(-EAGAIN, pids_fork());
	EXPECT_STREQ("6 6 6 0", counts(self));
	EXPECT_EQ(0, rc_kill(crowd));
	EXPECT_EQ(0, pids_fork());
	EXPECT_STREQ("1 1 1 0", counts(self));
}

/* The most that there have been where there is a limit; a refused birth is none. */
TEST_F(pids, peak_with_limit)
{
	pid_t pids[2];
	int i;

	ASSERT_EQ(0, pids_limit(self->low, "2"));
	ASSERT_EQ(0, pids_limit(self->top, "5"));
	ASSERT_EQ(0, rc_attach(self->low, 0));
	EXPECT_EQ(1, pids_peak(self->low));
	EXPECT_EQ(0, pids_fork());
	EXPECT_EQ(2, pids_peak(self->low));
	EXPECT_EQ(2, pids_peak(self->top));
	ASSERT_EQ(0, rc_attach(self->mid, 0));
	for (i = 0; i < 2; i++)
		ASSERT_LT(0, pids[i] = rc_sleeper());
	ASSERT_EQ(0, rc_attach(self->low, pids[0]));
	ASSERT_EQ(0, rc_attach(self->low, 0));
	EXPECT_EQ(-EAGAIN, pids_fork());
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, rc_kill(pids[i]));
	EXPECT_EQ(2, pids_peak(self->low));
	EXPECT_EQ(3, pids_peak(self->top));
	EXPECT_STREQ("1 1 1 0", counts(self));
}

/* The same without, if it has lasted for a tick, or if it came about by a move. */
TEST_F(pids, peak_without_limit)
{
	pid_t pids[3];
	double start;
	int i;

	ASSERT_EQ(0, rc_attach(self->low, 0));
	for (i = 0; i < 3; i++)
		ASSERT_LT(0, pids[i] = rc_sleeper());
	/* Nobody looks meanwhile. */
	start = rc_now();
	ASSERT_TRUE(RC_WAIT(rc_now() > start + 0.1));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, rc_kill(pids[i]));
	EXPECT_EQ(4, pids_peak(self->low));
	EXPECT_EQ(4, pids_peak(self->top));
	EXPECT_EQ(0, pids_peak(self->beside));

	ASSERT_EQ(0, rc_attach(self->hier, 0));
	for (i = 0; i < 3; i++)
		ASSERT_LT(0, pids[i] = rc_sleeper());
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, rc_attach(self->beside, pids[i]));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, rc_attach(self->hier, pids[i]));
	EXPECT_EQ(3, pids_peak(self->beside));
}

/* Only who forks in the group counts, whosever limit it is. */
TEST_F(pids, events)
{
	ASSERT_EQ(0, pids_limit(self->mid, "1"));
	ASSERT_EQ(0, rc_attach(self->low, 0));
	EXPECT_EQ(-EAGAIN, pids_fork());
	EXPECT_EQ(1, pids_refused(self->low));
	EXPECT_EQ(0, pids_refused(self->mid));
	EXPECT_EQ(0, pids_refused(self->top));
	ASSERT_EQ(0, rc_attach(self->mid, 0));
	EXPECT_EQ(-EAGAIN, pids_fork());
	EXPECT_EQ(1, pids_refused(self->low));
	EXPECT_EQ(1, pids_refused(self->mid));
	EXPECT_EQ(0, pids_refused(self->top));
}

static int poll_events(int fd, int timeout)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };

	return poll(&poll_fd, 1, timeout) < 0 ? -errno : poll_fd.revents;
}

static int wait_for_event(void *arg)
{
	int ret = poll_events(*(int *)arg, -1);

	return ret == (POLLPRI | POLLERR) ? 0 : -EBADMSG;
}

/* Blocked, and not on its way there. */
static bool sleeps(pid_t pid)
{
	char *text = rc_text(rc_fmt("/proc/%d/status", pid));
	bool ret = text && strstr(text, "\nState:\tS");

	free(text);
	return ret;
}

/* poll(2) tells of a refused birth until it was read, and wakes who waits for it. */
TEST_F(pids, poll)
{
	char buf[32];
	pid_t pid;
	int fd;

	fd = rc_open(rc_fmt("%s/pids.events", self->low), O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_attach(self->low, 0));
	EXPECT_EQ(0, pids_fork());
	EXPECT_EQ(0, poll_events(fd, 0));
	ASSERT_EQ(0, pids_limit(self->low, "1"));
	EXPECT_EQ(0, poll_events(fd, 0));
	EXPECT_EQ(-EAGAIN, pids_fork());
	EXPECT_EQ(POLLPRI | POLLERR, poll_events(fd, 0));
	ASSERT_LT(0, rc_read_fd(fd, buf, sizeof(buf), sizeof(buf)));
	EXPECT_STREQ("max 1\n", buf);
	EXPECT_EQ(0, poll_events(fd, 0));

	ASSERT_EQ(0, rc_attach(self->hier, 0));
	pid = rc_spawn(wait_for_event, &fd);
	ASSERT_TRUE(RC_WAIT(sleeps(pid)));
	ASSERT_EQ(0, rc_attach(self->low, 0));
	EXPECT_EQ(-EAGAIN, pids_fork());
	EXPECT_EQ(0, rc_reap(pid));

	/* As it does of the group's end. */
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	ASSERT_LT(0, rc_read_fd(fd, buf, sizeof(buf), sizeof(buf)));
	pid = rc_spawn(wait_for_event, &fd);
	ASSERT_TRUE(RC_WAIT(sleeps(pid)));
	ASSERT_EQ(0, rc_rmdir(self->low));
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_EQ(-ENODEV, rc_read_fd(fd, buf, sizeof(buf), sizeof(buf)));
	close(fd);
}

/* A number up to what there can be, or "max", which is what new groups have. */
TEST_F(pids, texts)
{
	static const char * const bad[] = {
		"", "\n", "-1", "1 2", "1x", "0x10", "+1", "4194305", "maximum",
		"max 1", "MAX", "4294967297", "18446744073709551617",
	};
	static const char * const good[][2] = {
		{ "0", "0\n" }, { "4194304\n", "4194304\n" }, { " 7 ", "7\n" },
		{ "max\n", "max\n" }, { "007", "7\n" },
	};
	const char *file = rc_fmt("%s/pids.max", self->low);
	char buf[32];
	unsigned int i;

	ASSERT_LT(0, rc_read(file, buf, sizeof(buf)));
	EXPECT_STREQ("max\n", buf);
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, rc_write(file, good[i][0]));
		ASSERT_LT(0, rc_read(file, buf, sizeof(buf)));
		EXPECT_STREQ(good[i][1], buf);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, rc_write(file, bad[i])) {
			TH_LOG("'%s'", bad[i]);
		}
	}
	ASSERT_LT(0, rc_read(file, buf, sizeof(buf)));
	EXPECT_STREQ("7\n", buf);
	ASSERT_LT(0, rc_read(rc_fmt("%s/pids.max", self->mid), buf, sizeof(buf)));
	EXPECT_STREQ("max\n", buf);
}

/* The root has none of its files, as its tasks are not counted. */
TEST_F(pids, root)
{
	static const char * const files[] = {
		"pids.max", "pids.current", "pids.peak", "pids.events",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		EXPECT_EQ(-ENOENT, rc_mode(rc_fmt("%s/%s", self->hier, files[i])));
}

/* A kernel thread that may be moved counts like any other. */
TEST_F(pids, kthread)
{
	pid_t pid = rc_kthread(false);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->low, pid));
	EXPECT_STREQ("1 1 1 0", counts(self));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_STREQ("0 0 0 0", counts(self));
}

/* Nobody is charged for a birth that another controller refuses, and it makes no peak. */
TEST(refused_by_another)
{
	static const char * const limits[] = { "max", "100" };
	const char *hier, *grp, *fail;

	if (!has_all("pids,debug"))
		SKIP(return, "kernel without CONFIG_RC_PIDS or CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_setup());
	hier = rc_bound_new("pids,debug");
	ASSERT_TRUE(!!hier);
	grp = group_new(hier);
	ASSERT_TRUE(!!grp);
	fail = strdup(rc_fmt("%s/debug.fail", hier));
	ASSERT_EQ(0, rc_attach(grp, 0));
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		ASSERT_EQ(0, rc_write(rc_fmt("%s/pids.max", grp), limits[i]));
		ASSERT_EQ(0, rc_write(fail, "can_fork 1 33"));
		EXPECT_EQ(-1, fork());
		EXPECT_EQ(EDOM, errno);
		EXPECT_EQ(1, pids_current(grp));
		EXPECT_EQ(1, rc_number(rc_fmt("%s/pids.peak", grp)));
	}
	EXPECT_EQ(0, rc_write(fail, "none"));
	EXPECT_EQ(0, rc_attach(hier, 0));
	EXPECT_EQ(0, rc_rmdir(grp));
	EXPECT_EQ(0, rc_teardown());
}

TEST_HARNESS_MAIN
