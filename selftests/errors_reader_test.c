// SPDX-License-Identifier: GPL-2.0
/* /proc/rc/errors: who sees what, and how much of it there is. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "errors_util.h"
#include "rc_box.h"
#include "rc_util.h"

FIXTURE(errors)
{
	int unused;
};

FIXTURE_SETUP(errors)
{
	ASSERT_EQ(0, begin());
}

FIXTURE_TEARDOWN(errors)
{
	EXPECT_EQ(0, rc_teardown());
}

static int user_tries(void *unused)
{
	int ret = as_user(NULL);

	at->nr = look(0, &at->line);
	return ret == -EACCES ? 0 : -EBADMSG;
}

static int user_looks(void *unused)
{
	at->nr = look(0, &at->line);
	return at->nr < 0 ? at->nr : 0;
}

/* A user sees what he was refused, and nothing of others; root sees all. */
TEST_F(errors, own)
{
	uid_t other = RC_USER + 7;
	struct line line;

	ASSERT_EQ(-EINVAL, bad_value());
	ASSERT_EQ(0, rc_run_as(other, user_looks, NULL));
	EXPECT_EQ(0, at->nr);
	ASSERT_EQ(0, rc_run_as(RC_USER, user_tries, NULL));
	EXPECT_LT(0, at->nr);
	EXPECT_STREQ(rc_fmt("tasks %d: a task of another user", at->pid), at->line.text);
	EXPECT_STREQ(path_of(at->mine), at->line.path);
	ASSERT_EQ(0, rc_run_as(other, user_looks, NULL));
	EXPECT_EQ(0, at->nr);
	ASSERT_LT(0, look(at->line.pid, &line));
	EXPECT_STREQ(at->line.text, line.text);
	/* Root without the capability is a user. */
	ASSERT_EQ(0, rc_run_uncapped(user_looks, NULL));
	EXPECT_STREQ("notify_on_release x\\033 y: no value that can be written there",
		     at->line.text);
}

/* It is who has opened the file that counts, and when. */
TEST_F(errors, opener)
{
	char buf[1 << 14];
	int fd;

	ASSERT_EQ(-EINVAL, bad_value());
	fd = rc_open(ERRORS, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, seteuid(RC_USER + 7));
	EXPECT_LT(0, pread(fd, buf, sizeof(buf), 0));
	close(fd);
	fd = rc_open(ERRORS, O_RDONLY);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, pread(fd, buf, sizeof(buf), 0));
	close(fd);
}

static int try_often(void *unused)
{
	long second;
	int i;

	for (i = 0; i < 100; i++)
		rc_write(rc_fmt("%s/tasks", at->mine), rc_fmt("%d", at->pid));
	/* In another second than those. */
	second = (long)rc_now() + 2;
	while ((long)rc_now() < second)
		rc_nap();
	rc_write(rc_fmt("%s/tasks", at->mine), "999999999");
	at->nr = look(0, &at->line);
	return 0;
}

/* A user has 64 lines and no more, the last of them. */
TEST_F(errors, bounded)
{
	ASSERT_EQ(0, rc_run_as(RC_USER, try_often, NULL));
	EXPECT_EQ(64, at->nr);
	EXPECT_STREQ("tasks 999999999: no such task, or it is exiting", at->line.text);
}

#define RATE 256

static long seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

/* Until one second had all of it: who is refused that often has no more lines. */
static int try_too_often(void *unused)
{
	int fd = rc_open(rc_fmt("%s/tasks", at->mine), O_WRONLY), i;
	long second;

	if (fd < 0)
		return fd;
	do {
		second = seconds();
		while (seconds() == second)
			rc_nap();
		second++;
		for (i = 0; i < RATE; i++)
			if (write(fd, "-1", 2) > 0)
				return -EBADMSG;
		if (write(fd, "-2", 2) > 0)
			return -EBADMSG;
	} while (seconds() != second);
	close(fd);
	at->nr = look(0, &at->line);
	/* Lest the next test is not heard. */
	while (seconds() == second)
		rc_nap();
	return 0;
}

/* A storm of refusals is not written down. */
TEST_F(errors, muted)
{
	ASSERT_EQ(0, rc_run_as(RC_USER, try_too_often, NULL));
	EXPECT_EQ(64, at->nr);
	EXPECT_STREQ("tasks -1: no value that can be written there", at->line.text);
	/* Others are heard. */
	ASSERT_EQ(-EINVAL, bad_value());
	ASSERT_LT(0, look(getpid(), &at->line));
}

#define SUBUIDS 100
#define FIRST_SUBUID 200000
#define OWNED 32

/* Root of a user namespace, and all other users there, each of whom is refused something. */
static int try_as_many(void *unused)
{
	int i;

	if (setresuid(RC_USER + 1, RC_USER + 1, RC_USER + 1) || unshare(CLONE_NEWUSER))
		return -errno;
	rc_set(&at->step, 1);
	if (!RC_WAIT(rc_get(&at->step) == 2))
		return -ETIME;
	for (i = 0; i < SUBUIDS; i++) {
		if (setresuid(-1, i, 0))
			return -errno;
		if (rc_write(rc_fmt("%s/tasks", at->mine), "-1") != -EINVAL)
			return -EBADMSG;
		if (setresuid(-1, 0, -1))
			return -errno;
	}
	return 0;
}

/* Who is many users by his namespaces does not displace others. */
TEST_F(errors, subuids)
{
	struct line line;
	pid_t pid;

	ASSERT_EQ(0, chmod(rc_fmt("%s/tasks", at->mine), 0666));
	ASSERT_EQ(0, rc_run_as(RC_USER, user_tries, NULL));
	pid = rc_spawn(try_as_many, NULL);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(RC_WAIT(rc_get(&at->step) == 1));
	ASSERT_EQ(0, rc_write(rc_fmt("/proc/%d/uid_map", pid),
			      rc_fmt("0 %d %d", FIRST_SUBUID, SUBUIDS)));
	rc_set(&at->step, 2);
	ASSERT_EQ(0, rc_reap(pid));
	EXPECT_EQ(OWNED, look(pid, &line));
	ASSERT_EQ(0, rc_run_as(RC_USER, user_looks, NULL));
	EXPECT_LT(0, at->nr);
}

/* The path is what the group is called by now; there is none if it has gone. */
TEST_F(errors, path)
{
	const char *renamed = rc_fmt("%s-r n", at->grp);
	struct line line;

	ASSERT_EQ(-EINVAL, bad_value());
	ASSERT_EQ(0, rename(at->grp, renamed));
	ASSERT_LT(0, look(getpid(), &line));
	EXPECT_STREQ(rc_fmt("%s-r\\040n", path_of(at->grp)), line.path);
	ASSERT_EQ(0, rename(renamed, at->grp));
	ASSERT_EQ(0, rc_rmdir(at->grp));
	ASSERT_LT(0, look(getpid(), &line));
	EXPECT_STREQ("?", line.path);
	/* Another one of that name is another one. */
	ASSERT_EQ(0, rc_mkdir(at->grp));
	ASSERT_LT(0, look(getpid(), &line));
	EXPECT_STREQ("?", line.path);
}

/* A group that the reader cannot search any more has no name for him. */
TEST_F(errors, hidden)
{
	ASSERT_EQ(0, rc_run_as(RC_USER, user_tries, NULL));
	ASSERT_EQ(0, chown(at->mine, 0, 0));
	ASSERT_EQ(0, chmod(at->mine, 0700));
	ASSERT_EQ(0, rc_run_as(RC_USER, user_looks, NULL));
	EXPECT_STREQ("?", at->line.path);
	ASSERT_EQ(0, chmod(at->mine, 0711));
	ASSERT_EQ(0, rc_run_as(RC_USER, user_looks, NULL));
	EXPECT_STREQ(path_of(at->mine), at->line.path);
}

static int user_conflicts(void *set)
{
	int ret = rc_write(rc_fmt("%s/cpus", (char *)set), "0");

	at->nr = look(0, &at->line);
	return ret == -EINVAL ? 0 : -EBADMSG;
}

/* Nor has one that was in the way. */
TEST_F(errors, hidden_other)
{
	const char *hier, *a, *b;

	if (!rc_has_subsys("cpuset"))
		SKIP(return, "without cpuset");
	hier = strdup(rc_bound_new("cpuset"));
	a = strdup(rc_group_new(hier));
	b = strdup(rc_group_new(hier));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/cpus", a), "0"));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/cpu_exclusive", a), "1"));
	ASSERT_EQ(0, chown(rc_fmt("%s/cpus", b), RC_USER, RC_USER));
	ASSERT_EQ(0, rc_run_as(RC_USER, user_conflicts, (void *)b));
	EXPECT_STREQ(rc_fmt("cpus 0: one of the two is exclusive, and it overlaps %s", path_of(a)),
		     at->line.text);
	ASSERT_EQ(0, chmod(a, 0700));
	ASSERT_EQ(0, rc_run_as(RC_USER, user_looks, NULL));
	EXPECT_STREQ("cpus 0: one of the two is exclusive, and it overlaps ?", at->line.text);
}

/* Bytes that terminals would obey are octal, in names of programs too. */
TEST_F(errors, escapes)
{
	struct line line;
	int fd = rc_open("/proc/self/comm", O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(5, write(fd, "a \033\\b", 5));
	close(fd);
	ASSERT_EQ(-EINVAL, bad_value());
	ASSERT_LT(0, look(getpid(), &line));
	EXPECT_STREQ("a\\040\\033\\134b", line.comm);
}

/* Nobody writes to it; it is read in any pieces. */
TEST_F(errors, reading)
{
	char whole[1 << 16], buf[1 << 16];
	int fd;

	EXPECT_EQ(-EINVAL, rc_write(ERRORS, "1"));
	EXPECT_EQ(S_IFREG | 0444, rc_mode(ERRORS));
	ASSERT_EQ(-EINVAL, bad_value());
	ASSERT_EQ(-ESRCH, no_task());
	fd = rc_open(ERRORS, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, rc_read_fd(fd, whole, sizeof(whole), sizeof(whole)));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	ASSERT_LT(0, rc_read_fd(fd, buf, sizeof(buf), 1));
	EXPECT_STREQ(whole, buf);
	ASSERT_EQ(4, pread(fd, buf, 4, 7));
	EXPECT_EQ(0, memcmp(whole + 7, buf, 4));
	close(fd);
}

/* Through a view there is what was done through it, in its paths and ids. */
TEST_F(errors, view)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, NULL), *beside;
	struct line line;

	ASSERT_TRUE(!!box);
	ASSERT_EQ(-EINVAL, bad_value());
	ASSERT_EQ(0, rc_attach(at->grp, box->pid));
	ASSERT_EQ(0, rc_box_do(box, rc_box_read, ERRORS, NULL));
	EXPECT_STREQ("", box->text);
	ASSERT_EQ(0, rc_box_do(box, rc_box_mkdir, rc_fmt("%s/in", at->hier), NULL));
	ASSERT_EQ(-EINVAL, rc_box_do(box, rc_box_write,
				     rc_fmt("%s/in/notify_on_release", at->hier), "7"));
	ASSERT_EQ(-EPERM, rc_box_do(box, rc_box_write,
				    rc_fmt("%s/notify_on_release", at->hier), "1"));
	ASSERT_EQ(0, rc_box_do(box, rc_box_read, ERRORS, NULL));
	ASSERT_TRUE(parse(box->text, &line));
	EXPECT_EQ(1, line.pid);
	EXPECT_STREQ(rc_fmt("%s:/in", strrchr(at->hier, '/') + 1), line.path);
	EXPECT_STREQ("notify_on_release 7: no value that can be written there", line.text);
	ASSERT_TRUE(parse(strchr(box->text, '\n') + 1, &line));
	EXPECT_STREQ(rc_fmt("%s:/", strrchr(at->hier, '/') + 1), line.path);
	EXPECT_STREQ("notify_on_release: not to be changed through this view", line.text);
	/* The host has it, too, with its own ids and paths. */
	ASSERT_EQ(2, look(box->pid, &line));
	EXPECT_STREQ(path_of(at->grp), line.path);
	/* Another container has not. */
	beside = rc_box_new(RC_BOX_ROOT, NULL);
	ASSERT_TRUE(!!beside);
	ASSERT_EQ(0, rc_attach(at->mine, beside->pid));
	ASSERT_EQ(0, rc_box_do(beside, rc_box_read, ERRORS, NULL));
	EXPECT_STREQ("", beside->text);
}

TEST_HARNESS_MAIN
