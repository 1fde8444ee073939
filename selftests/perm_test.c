// SPDX-License-Identifier: GPL-2.0
/* Who may make groups and move tasks, and whose it is what they make. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define OTHER_USER (RC_USER + 1)

FIXTURE(perm)
{
	char *hier;
	char *grp;
	char *tasks;
	char *sub;
};

FIXTURE_SETUP(perm)
{
	const char *hier, *grp;

	ASSERT_EQ(0, rc_setup());
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	self->hier = strdup(hier);
	self->grp = strdup(grp);
	self->tasks = strdup(rc_fmt("%s/tasks", grp));
	self->sub = strdup(rc_fmt("%s/sub", grp));
}

FIXTURE_TEARDOWN(perm)
{
	EXPECT_EQ(0, rc_teardown());
}

static int make(void *path)
{
	return rc_mkdir(path);
}

static int remove_dir(void *path)
{
	return rc_rmdir(path);
}

static int open_up(void *path)
{
	return chmod(path, 0777) ? -errno : 0;
}

static int take(void *path)
{
	return chown(path, RC_USER, RC_USER) ? -errno : 0;
}

static int enter(void *tasks)
{
	return rc_write(tasks, "0");
}

/* A user without privileges cannot make, remove, open up or take over. */
TEST_F(perm, unprivileged)
{
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, make, RC_ROOT "/ksft-0-0"));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, make, self->sub));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, remove_dir, self->hier));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, remove_dir, self->grp));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, enter, self->tasks));
	EXPECT_EQ(-EPERM, rc_run_as(RC_USER, open_up, self->grp));
	EXPECT_EQ(-EPERM, rc_run_as(RC_USER, open_up, self->tasks));
	EXPECT_EQ(-EPERM, rc_run_as(RC_USER, take, self->grp));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* Root of a container, with all rights to files but not CAP_SYS_ADMIN. */
TEST_F(perm, root_without_cap)
{
	char *before;

	ASSERT_EQ(0, rc_rmdir(self->grp));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EPERM, rc_run_uncapped(make, RC_ROOT "/ksft-0-0"));
	EXPECT_EQ(-EPERM, rc_run_uncapped(remove_dir, self->hier));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	ASSERT_EQ(0, rc_mkdir(self->grp));
	EXPECT_EQ(0, rc_run_uncapped(make, self->sub));
}

/* CAP_SYS_ADMIN in another user namespace than the first does not count. */
TEST_F(perm, user_namespace)
{
	char *before;

	ASSERT_EQ(0, rc_rmdir(self->grp));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EPERM, rc_run_in_user_ns(make, RC_ROOT "/ksft-0-0"));
	EXPECT_EQ(-EPERM, rc_run_in_user_ns(remove_dir, self->hier));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* A group given to a user is his: he makes, owns and removes what is in it. */
TEST_F(perm, delegated)
{
	struct stat st;

	ASSERT_EQ(0, chown(self->grp, RC_USER, RC_USER));
	ASSERT_EQ(0, rc_run_as(RC_USER, make, self->sub));
	ASSERT_EQ(0, stat(self->sub, &st));
	EXPECT_EQ(RC_USER, (int)st.st_uid);
	EXPECT_EQ(RC_USER, (int)st.st_gid);
	ASSERT_EQ(0, stat(rc_fmt("%s/tasks", self->sub), &st));
	EXPECT_EQ(RC_USER, (int)st.st_uid);
	EXPECT_EQ(RC_USER, (int)st.st_gid);
	EXPECT_EQ(0, rc_run_as(RC_USER, open_up, self->sub));
	EXPECT_EQ(-EACCES, rc_run_as(OTHER_USER, make,
				     (char *)rc_fmt("%s/a", self->grp)));
	EXPECT_EQ(0, rc_run_as(RC_USER, remove_dir, self->sub));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, remove_dir, self->grp));
}

/* Owner of what is made is the fsuid and fsgid of the maker. */
TEST_F(perm, fsuid)
{
	struct stat st;
	int ret;

	ASSERT_EQ(0, chmod(self->grp, 0777));
	setfsgid(OTHER_USER);
	setfsuid(RC_USER);
	ret = rc_mkdir(self->sub);
	setfsuid(0);
	setfsgid(0);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, stat(self->sub, &st));
	EXPECT_EQ(RC_USER, (int)st.st_uid);
	EXPECT_EQ(OTHER_USER, (int)st.st_gid);
	/* So are its files, whoever looks first, and whosever it is by then. */
	ASSERT_EQ(0, chown(self->sub, 0, 0));
	ASSERT_EQ(0, stat(rc_fmt("%s/tasks", self->sub), &st));
	EXPECT_EQ(RC_USER, (int)st.st_uid);
	EXPECT_EQ(OTHER_USER, (int)st.st_gid);
}

/* Mode and owner of a directory and of a file stay as they were set. */
TEST_F(perm, attributes_stick)
{
	struct stat st;

	ASSERT_EQ(0, chmod(self->tasks, 0640));
	ASSERT_EQ(0, chown(self->tasks, RC_USER, OTHER_USER));
	ASSERT_EQ(0, chmod(self->grp, 0750));
	ASSERT_EQ(0, stat(self->tasks, &st));
	EXPECT_EQ(S_IFREG | 0640, (int)st.st_mode);
	EXPECT_EQ(RC_USER, (int)st.st_uid);
	EXPECT_EQ(OTHER_USER, (int)st.st_gid);
	ASSERT_EQ(0, stat(self->grp, &st));
	EXPECT_EQ(S_IFDIR | 0750, (int)st.st_mode);
}

static int write_list(void *fd)
{
	return rc_write_fd(*(int *)fd, "debug", strlen("debug"));
}

/* Who binds a controller through what root has opened owns none of its files. */
TEST_F(perm, binder)
{
	struct stat st;
	int fd;

	if (!rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_rmdir(self->grp));
	fd = rc_open(rc_fmt("%s/subsystems", self->hier), O_WRONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_run_as(RC_USER, write_list, &fd));
	ASSERT_EQ(0, stat(rc_fmt("%s/debug.counts", self->hier), &st));
	EXPECT_EQ(0, (int)st.st_uid);
	EXPECT_EQ(0, (int)st.st_gid);
	close(fd);
}

struct mover {
	const char *tasks;
	int fd;
	pid_t pid;
	uid_t saved;
};

static int open_and_move(void *arg)
{
	const struct mover *mover = arg;

	return rc_write(mover->tasks, rc_fmt("%d", mover->pid));
}

static int move_by_fd(void *arg)
{
	const struct mover *mover = arg;
	const char *id = rc_fmt("%d", mover->pid);

	return rc_write_fd(mover->fd, id, strlen(id));
}

static int become_and_sleep(void *arg)
{
	const struct mover *mover = arg;

	if (setresuid(OTHER_USER, OTHER_USER, mover->saved))
		return -errno;
	rc_die_with_parent();
	while (pause())
		;
	return -EINTR;
}

static uid_t real_uid_of(pid_t pid)
{
	struct stat st;

	return stat(rc_fmt("/proc/%d", pid), &st) ? 0 : st.st_uid;
}

/* A user moves his own task into the group that was given to him. */
TEST_F(perm, own_task)
{
	struct mover mover = { .tasks = self->tasks };

	ASSERT_EQ(0, chown(self->tasks, RC_USER, RC_USER));
	EXPECT_EQ(0, rc_run_as(RC_USER, open_and_move, &mover));
}

/* He does not move a task of root or of another user into it. */
TEST_F(perm, task_of_others)
{
	struct mover mover = { .tasks = self->tasks, .saved = OTHER_USER };
	pid_t other = rc_spawn(become_and_sleep, &mover);
	char *before;

	ASSERT_TRUE(RC_WAIT(real_uid_of(other) == OTHER_USER));
	ASSERT_EQ(0, chown(self->tasks, RC_USER, RC_USER));
	before = rc_snapshot(RC_ROOT);
	mover.pid = getpid();
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_and_move, &mover));
	mover.pid = other;
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* The saved uid of the task is as good as its uid. */
TEST_F(perm, saved_uid)
{
	struct mover mover = { .tasks = self->tasks, .saved = RC_USER };

	mover.pid = rc_spawn(become_and_sleep, &mover);
	ASSERT_TRUE(RC_WAIT(real_uid_of(mover.pid) == OTHER_USER));
	ASSERT_EQ(0, chown(self->tasks, RC_USER, RC_USER));
	EXPECT_EQ(0, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_TRUE(rc_listed(self->tasks, mover.pid));
}

/* What root opened moves any task, whoever writes. */
TEST_F(perm, opened_by_root)
{
	struct mover mover = { .pid = rc_sleeper() };

	mover.fd = rc_open(self->tasks, O_WRONLY);
	ASSERT_LE(0, mover.fd);
	EXPECT_EQ(0, rc_run_as(RC_USER, move_by_fd, &mover));
	EXPECT_TRUE(rc_listed(self->tasks, mover.pid));
	close(mover.fd);
}

/* What a user opened is no way to make root move tasks for him. */
TEST_F(perm, opened_by_user)
{
	struct mover mover = { .pid = rc_sleeper() };
	char *before;

	ASSERT_EQ(0, chown(self->tasks, RC_USER, RC_USER));
	before = rc_snapshot(RC_ROOT);
	ASSERT_EQ(0, seteuid(RC_USER));
	mover.fd = rc_open(self->tasks, O_WRONLY);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, mover.fd);
	EXPECT_EQ(-EACCES, move_by_fd(&mover));
	mover.pid = 0;
	EXPECT_EQ(-EACCES, move_by_fd(&mover));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	close(mover.fd);
}

static int enter_by_procs(void *tasks)
{
	return rc_write(rc_fmt("%.*sprocs", (int)strlen(tasks) - 5, (char *)tasks), "0");
}

/*
 * From a group that is not his a user cannot carry his tasks into one that is; root
 * has put them there.
 */
TEST_F(perm, not_out_of_a_group)
{
	char *his = strdup(rc_fmt("%s/his/tasks", self->hier)), *before;

	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/his", self->hier)));
	ASSERT_EQ(0, chown(rc_fmt("%s/his", self->hier), RC_USER, RC_USER));
	ASSERT_EQ(0, chown(his, RC_USER, RC_USER));
	ASSERT_EQ(0, chown(rc_fmt("%s/his/procs", self->hier), RC_USER, RC_USER));
	/* From the root he may. */
	EXPECT_EQ(0, rc_run_as(RC_USER, enter, his));
	ASSERT_EQ(0, rc_write(self->tasks, "0"));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, enter, his));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, enter_by_procs, his));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	/* Root may, and who may write "tasks" there: by mode, group or owner. */
	EXPECT_EQ(0, rc_run(enter, his));
	ASSERT_EQ(0, chmod(self->tasks, 0622));
	EXPECT_EQ(0, rc_run_as(RC_USER, enter, his));
	ASSERT_EQ(0, chmod(self->tasks, 0620));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, enter, his));
	ASSERT_EQ(0, chown(self->tasks, 0, RC_USER));
	EXPECT_EQ(0, rc_run_as(RC_USER, enter, his));
	ASSERT_EQ(0, chown(self->tasks, RC_USER, 0));
	EXPECT_EQ(0, rc_run_as(RC_USER, enter, his));
	ASSERT_EQ(0, chmod(self->tasks, 0466));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, enter, his));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/tasks", self->hier), "0"));
}

/* It is who has opened the file that has to have it. */
TEST_F(perm, out_of_a_group_by_opener)
{
	struct mover mover = { .pid = 0 };
	char *tasks = strdup(rc_fmt("%s/his/tasks", self->hier));

	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/his", self->hier)));
	ASSERT_EQ(0, chown(tasks, RC_USER, RC_USER));
	ASSERT_EQ(0, rc_write(self->tasks, "0"));
	mover.fd = rc_open(tasks, O_WRONLY);
	ASSERT_LE(0, mover.fd);
	EXPECT_EQ(0, rc_run_as(RC_USER, move_by_fd, &mover));
	close(mover.fd);
	ASSERT_EQ(0, seteuid(RC_USER));
	mover.fd = rc_open(tasks, O_WRONLY);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, mover.fd);
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, move_by_fd, &mover));
	close(mover.fd);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/tasks", self->hier), "0"));
	free(tasks);
}

/* Refusals leave no reference behind: the task ends as if never named. */
TEST_F(perm, refused_often)
{
	struct mover mover = { .pid = rc_sleeper() };
	int i;

	ASSERT_EQ(0, chown(self->tasks, RC_USER, RC_USER));
	ASSERT_EQ(0, seteuid(RC_USER));
	mover.fd = rc_open(self->tasks, O_WRONLY);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, mover.fd);
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(-EACCES, move_by_fd(&mover));
	close(mover.fd);
	EXPECT_EQ(0, rc_kill(mover.pid));
	EXPECT_EQ(-ESRCH, rc_attach(self->grp, mover.pid));
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

/* Own groups of others are read by everybody, as 0644 says. */
TEST_F(perm, reading)
{
	char *usage;
	const char *hier = rc_cpuacct();

	ASSERT_TRUE(!!hier);
	usage = strdup(rc_fmt("%s/cpuacct.usage", hier));
	ASSERT_EQ(0, seteuid(RC_USER));
	EXPECT_LE(0, rc_count(self->tasks));
	EXPECT_NE(~0ULL, rc_number(usage));
	ASSERT_EQ(0, seteuid(0));
	free(usage);
}

TEST_HARNESS_MAIN
