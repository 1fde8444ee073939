// SPDX-License-Identifier: GPL-2.0
/* notify_on_release and release_agent as files: what they take, and from whom. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "release_util.h"

FIXTURE(release_files)
{
	const char *hier;
	const char *grp;
};

FIXTURE_SETUP(release_files)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(release_files)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Off at first; a new group has what its parent has at that moment. */
TEST_F(release_files, inherited)
{
	const char *sub, *sub2;

	EXPECT_EQ(0, (int)rc_number(notify_of(self->hier)));
	EXPECT_EQ(0, (int)rc_number(notify_of(self->grp)));
	sub = rc_group_new(self->grp);
	ASSERT_TRUE(!!sub);
	ASSERT_EQ(0, notify(self->grp, "1\n"));
	EXPECT_EQ(1, (int)rc_number(notify_of(self->grp)));
	EXPECT_EQ(0, (int)rc_number(notify_of(sub)));
	sub2 = rc_group_new(self->grp);
	ASSERT_TRUE(!!sub2);
	EXPECT_EQ(1, (int)rc_number(notify_of(sub2)));
	EXPECT_EQ(0, (int)rc_number(notify_of(self->hier)));
	ASSERT_EQ(0, notify(self->grp, "0"));
	EXPECT_EQ(1, (int)rc_number(notify_of(sub2)));
	ASSERT_EQ(0, notify(self->hier, "1"));
	sub = rc_group_new(self->hier);
	ASSERT_TRUE(!!sub);
	EXPECT_EQ(1, (int)rc_number(notify_of(sub)));
}

/* Modes and places: each group has the one, only the root has the other. */
TEST_F(release_files, files)
{
	struct stat st;
	char buf[64];

	ASSERT_EQ(0, stat(notify_of(self->grp), &st));
	EXPECT_EQ(S_IFREG | 0644, (int)st.st_mode);
	ASSERT_EQ(0, stat(agent_of(self->hier), &st));
	EXPECT_EQ(S_IFREG | 0644, (int)st.st_mode);
	EXPECT_EQ(-ENOENT, rc_open(agent_of(self->grp), O_RDONLY));
	EXPECT_EQ(1, rc_read(agent_of(self->hier), buf, sizeof(buf)));
	EXPECT_STREQ("\n", buf);
}

/* The path's length: PATH_MAX with its end is the most. */
TEST_F(release_files, path_length)
{
	char *text = malloc(2 * PATH_MAX), *read_back = malloc(2 * PATH_MAX);
	int fd = rc_open(agent_of(self->hier), O_WRONLY);
	pid_t pid;

	ASSERT_LE(0, fd);
	memset(text, 'x', 2 * PATH_MAX);
	text[0] = '/';
	EXPECT_EQ(-E2BIG, rc_write_fd(fd, text, PATH_MAX + 1));
	EXPECT_EQ(-E2BIG, rc_write_fd(fd, text, 2 * PATH_MAX));
	EXPECT_EQ(-E2BIG, rc_write_fd(fd, text, PATH_MAX));
	ASSERT_EQ(1, rc_read(agent_of(self->hier), read_back, PATH_MAX));
	text[PATH_MAX - 1] = '\n';
	EXPECT_EQ(0, rc_write_fd(fd, text, PATH_MAX));
	EXPECT_EQ(PATH_MAX, rc_read(agent_of(self->hier), read_back,
				    2 * PATH_MAX));
	text[PATH_MAX] = '\0';
	EXPECT_STREQ(text, read_back);
	/* It is no name that can be run. */
	ASSERT_EQ(0, notify(self->grp, "1"));
	pid = rc_sleeper();
	EXPECT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_EQ(-EINVAL, rc_write_fd(fd, "/a\0b", 4));
	EXPECT_EQ(PATH_MAX, rc_read(agent_of(self->hier), read_back,
				    2 * PATH_MAX));
	/* Nothing takes it away, with or without a newline. */
	EXPECT_EQ(0, rc_write_fd(fd, "\n", 1));
	EXPECT_EQ(1, rc_read(agent_of(self->hier), read_back, PATH_MAX));
	EXPECT_EQ(0, rc_write_fd(fd, "/a", 2));
	EXPECT_EQ(3, rc_read(agent_of(self->hier), read_back, PATH_MAX));
	EXPECT_EQ(0, rc_write(agent_of(self->hier), ""));
	/* write(2) of nothing does reach the file. */
	EXPECT_EQ(0, write(fd, "", 0));
	EXPECT_EQ(1, rc_read(agent_of(self->hier), read_back, PATH_MAX));
	EXPECT_STREQ("\n", read_back);
	close(fd);
	free(text);
	free(read_back);
}

static int write_agent(void *path)
{
	return rc_write(path, "/ksft");
}

static int write_fd(void *fd)
{
	return rc_write_fd(*(int *)fd, "/ksft", 5);
}

static int with_mount_ns(void *path)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) ||
	    rc_write("/proc/self/uid_map", "0 0 1"))
		return -ECHILD;
	return write_agent(path);
}

/* CVE-2022-0492: only CAP_SYS_ADMIN in the first user namespace counts. */
TEST_F(release_files, not_permitted)
{
	char *path = strdup(agent_of(self->hier)), buf[64];

	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, write_agent, path));
	ASSERT_EQ(0, chmod(path, 0666));
	EXPECT_EQ(-EPERM, rc_run_as(RC_USER, write_agent, path));
	EXPECT_EQ(-EPERM, rc_run_uncapped(write_agent, path));
	EXPECT_EQ(-EPERM, rc_run_in_user_ns(write_agent, path));
	EXPECT_EQ(-EPERM, rc_run(with_mount_ns, path));
	EXPECT_EQ(1, rc_read(path, buf, sizeof(buf)));
	EXPECT_EQ(0, rc_write(path, "/ksft"));
	free(path);
}

struct opener {
	long fd;
	const char *path;
};

/* Keeps the file open for others to take. */
static int open_without_cap(void *arg)
{
	struct opener *opener = arg;
	int ret = rc_drop_cap(), fd;

	fd = ret ?: rc_open(opener->path, O_WRONLY);
	rc_set(&opener->fd, fd);
	while (fd > 0 && pause())
		;
	return fd;
}

/* It is the opener who is asked. */
TEST_F(release_files, opener)
{
	struct opener *opener = rc_shared(sizeof(*opener));
	int fd, pidfd;
	char buf[64];

	ASSERT_TRUE(!!opener);
	opener->path = strdup(agent_of(self->hier));

	/* Opened by one who may, written by one who may not. */
	fd = rc_open(opener->path, O_WRONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, rc_run_as(RC_USER, write_fd, &fd));
	EXPECT_EQ(6, rc_read(opener->path, buf, sizeof(buf)));
	ASSERT_EQ(0, rc_write(opener->path, ""));
	close(fd);

	/* And the other way round. */
	pidfd = syscall(SYS_pidfd_open, rc_spawn(open_without_cap, opener), 0);
	ASSERT_LE(0, pidfd);
	ASSERT_TRUE(RC_WAIT(rc_get(&opener->fd)));
	fd = syscall(SYS_pidfd_getfd, pidfd, (int)opener->fd, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EPERM, write_fd(&fd));
	EXPECT_EQ(1, rc_read(opener->path, buf, sizeof(buf)));
	close(pidfd);
	close(fd);
}

/* Kept over rmdir, the files say ENODEV. */
TEST_F(release_files, removed_while_open)
{
	int agent = rc_open(agent_of(self->hier), O_RDWR);
	int note = rc_open(notify_of(self->grp), O_RDWR);
	char c;

	ASSERT_LE(0, agent);
	ASSERT_LE(0, note);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(-ENODEV, rc_write_fd(note, "1", 1));
	EXPECT_EQ(-1, read(note, &c, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(0, rc_write_fd(agent, "/ksft", 5));
	ASSERT_EQ(0, rc_rmdir(self->hier));
	EXPECT_EQ(-ENODEV, rc_write_fd(agent, "/ksft", 5));
	EXPECT_EQ(-1, read(agent, &c, 1));
	EXPECT_EQ(ENODEV, errno);
	close(agent);
	close(note);
}

TEST_HARNESS_MAIN
