// SPDX-License-Identifier: GPL-2.0
/* The events files: whether a group is populated, and waiting for a change. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define CHANGED (POLLPRI | POLLERR)
#define READABLE (POLLIN | POLLRDNORM)

static const char *events_of(const char *group)
{
	return rc_fmt("%s/events", group);
}

/* 0 or 1; -EBADMSG for any other text than that. */
static int parse(const char *text)
{
	bool yes = !strncmp(text, "populated 1\n", 12);

	if (!yes && strncmp(text, "populated 0\n", 12))
		return -EBADMSG;
	/* What follows, in all groups but roots, is for freeze_test. */
	text += 12;
	return *text && strcmp(text, "frozen 0\n") ? -EBADMSG : yes;
}

static int populated(const char *group)
{
	char buf[64];
	int len = rc_read(events_of(group), buf, sizeof(buf));

	return len < 0 ? len : parse(buf);
}

static int read_again(int fd)
{
	char buf[64];
	int len;

	if (lseek(fd, 0, SEEK_SET))
		return -errno;
	len = rc_read_fd(fd, buf, sizeof(buf), sizeof(buf));
	return len < 0 ? len : parse(buf);
}

/* What poll(2) says at once. */
static int poll_now(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI | READABLE };

	return poll(&poll_fd, 1, 0) < 0 ? -errno : poll_fd.revents;
}

/* The same when there is something to say. */
static int poll_change(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };

	return poll(&poll_fd, 1, -1) < 0 ? -errno : poll_fd.revents;
}

/* Blocked, and not on its way there. */
static bool sleeps(pid_t pid)
{
	char *text = rc_text(rc_fmt("/proc/%d/status", pid));
	bool ret = text && strstr(text, "\nState:\tS");

	free(text);
	return ret;
}

FIXTURE(events)
{
	const char *hier;
	/* @sub and @sub2 are below @grp, @beside is not. */
	const char *grp;
	const char *sub;
	const char *sub2;
	const char *beside;
	pid_t pid;
};

FIXTURE_SETUP(events)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	self->beside = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp && self->beside);
	self->sub = rc_group_new(self->grp);
	self->sub2 = rc_group_new(self->grp);
	ASSERT_TRUE(self->sub && self->sub2);
	self->pid = rc_sleeper();
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(events)
{
	EXPECT_EQ(0, rc_teardown());
}

/* New groups are not populated; a root is, with all tasks that there are. */
TEST_F(events, new_group)
{
	EXPECT_EQ(0, populated(self->grp));
	EXPECT_EQ(0, populated(self->sub));
	EXPECT_EQ(1, populated(self->hier));
}

/* A task populates its group and all above, not those beside or below it. */
TEST_F(events, ancestors)
{
	const char *deep = rc_group_new(self->sub);

	ASSERT_TRUE(!!deep);
	ASSERT_EQ(0, rc_attach(self->sub, self->pid));
	EXPECT_EQ(1, populated(self->sub));
	EXPECT_EQ(1, populated(self->grp));
	EXPECT_EQ(0, populated(self->sub2));
	EXPECT_EQ(0, populated(self->beside));
	EXPECT_EQ(0, populated(deep));
	ASSERT_EQ(0, rc_attach(deep, self->pid));
	EXPECT_EQ(1, populated(self->sub));
	EXPECT_EQ(1, populated(self->grp));
	ASSERT_EQ(0, rc_attach(self->hier, self->pid));
	EXPECT_EQ(0, populated(deep));
	EXPECT_EQ(0, populated(self->sub));
	EXPECT_EQ(0, populated(self->grp));
	EXPECT_EQ(1, populated(self->hier));
}

/* A group is populated as long as one of several tasks is there. */
TEST_F(events, last_task_leaves)
{
	pid_t other = rc_sleeper();

	ASSERT_EQ(0, rc_attach(self->sub, self->pid));
	ASSERT_EQ(0, rc_attach(self->grp, other));
	ASSERT_EQ(0, rc_attach(self->hier, self->pid));
	EXPECT_EQ(0, populated(self->sub));
	EXPECT_EQ(1, populated(self->grp));
	ASSERT_EQ(0, rc_kill(other));
	EXPECT_EQ(0, populated(self->grp));
}

struct parent {
	int go[2];
	int born[2];
};

/* Forks when it is told, and reaps at the end of file. */
static int fork_when_told(void *arg)
{
	struct parent *parent = arg;
	pid_t pid;
	char c;

	close(parent->go[1]);
	if (read(parent->go[0], &c, 1) != 1)
		return -EPIPE;
	pid = fork();
	if (!pid) {
		rc_die_with_parent();
		while (pause())
			;
	}
	if (pid < 0 ||
	    write(parent->born[1], &pid, sizeof(pid)) != sizeof(pid))
		return -EPIPE;
	return waitpid(pid, NULL, 0) == pid ? 0 : -errno;
}

/* A child keeps the group of its parent populated until it ends. */
TEST_F(events, fork_and_exit)
{
	struct parent parent;
	pid_t pid, child;

	ASSERT_EQ(0, pipe(parent.go));
	ASSERT_EQ(0, pipe(parent.born));
	pid = rc_spawn(fork_when_told, &parent);
	ASSERT_EQ(0, rc_attach(self->sub, pid));
	ASSERT_EQ(1, write(parent.go[1], "", 1));
	ASSERT_EQ((ssize_t)sizeof(child),
		  read(parent.born[0], &child, sizeof(child)));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_EQ(1, populated(self->sub));
	EXPECT_EQ(1, populated(self->grp));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(0, rc_reap(pid));
	EXPECT_EQ(0, populated(self->sub));
	EXPECT_EQ(0, populated(self->grp));
}

/* A killed process leaves with its last thread, zombies do not count. */
TEST_F(events, killed_process)
{
	pid_t pid = rc_sleeping_threads(5);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->sub),
			      rc_fmt("%d", pid)));
	EXPECT_EQ(1, populated(self->grp));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(pid));
	EXPECT_EQ(0, populated(self->sub));
	EXPECT_EQ(0, populated(self->grp));
}

/* A whole process populates where it goes and empties where it was. */
TEST_F(events, process)
{
	pid_t pid = rc_sleeping_threads(5);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->sub),
			      rc_fmt("%d", pid)));
	EXPECT_EQ(1, populated(self->sub));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->beside),
			      rc_fmt("%d", pid)));
	EXPECT_EQ(0, populated(self->sub));
	EXPECT_EQ(0, populated(self->grp));
	EXPECT_EQ(1, populated(self->beside));
}

/* poll(2) tells of each change once it has come, until it is read. */
TEST_F(events, poll)
{
	int fd = rc_open(events_of(self->grp), O_RDONLY), i;

	ASSERT_LE(0, fd);
	/* Opened after all that has been. */
	EXPECT_EQ(READABLE, poll_now(fd));
	EXPECT_EQ(0, read_again(fd));
	EXPECT_EQ(READABLE, poll_now(fd));
	for (i = 0; i < 10; i++) {
		const char *to = i % 2 ? self->hier : self->sub;

		ASSERT_EQ(0, rc_attach(to, self->pid));
		ASSERT_EQ(CHANGED | READABLE, poll_now(fd));
		/* A look at it is no reading of it. */
		ASSERT_EQ(CHANGED, poll_change(fd));
		ASSERT_EQ(!(i % 2), read_again(fd));
		ASSERT_EQ(READABLE, poll_now(fd));
	}
	close(fd);
}

/* A change that was taken back is one, too. */
TEST_F(events, change_and_back)
{
	int fd = rc_open(events_of(self->grp), O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_attach(self->grp, self->pid));
	ASSERT_EQ(0, rc_attach(self->hier, self->pid));
	EXPECT_EQ(CHANGED | READABLE, poll_now(fd));
	EXPECT_EQ(0, read_again(fd));
	EXPECT_EQ(READABLE, poll_now(fd));
	close(fd);
}

/* Each descriptor is told for itself. */
TEST_F(events, two_readers)
{
	int one = rc_open(events_of(self->grp), O_RDONLY);
	int two = rc_open(events_of(self->grp), O_RDONLY);

	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	ASSERT_EQ(0, rc_attach(self->grp, self->pid));
	EXPECT_EQ(1, read_again(one));
	EXPECT_EQ(READABLE, poll_now(one));
	EXPECT_EQ(CHANGED | READABLE, poll_now(two));
	EXPECT_EQ(1, read_again(two));
	EXPECT_EQ(READABLE, poll_now(two));
	close(one);
	close(two);
}

static int unshare_when_told(void *arg)
{
	struct parent *parent = arg;
	char c;

	while (read(parent->go[0], &c, 1) == 1) {
		pid_t pid = getpid();

		if (unshare(CLONE_NEWUTS))
			return -errno;
		if (write(parent->born[1], &pid, sizeof(pid)) != sizeof(pid))
			return -EPIPE;
	}
	return -EPIPE;
}

/* Nothing but a change of what the file says wakes. */
TEST_F(events, no_false_change)
{
	pid_t threads = rc_sleeping_threads(3), unsharer, done;
	int grp = rc_open(events_of(self->grp), O_RDONLY);
	int root = rc_open(events_of(self->hier), O_RDONLY);
	struct parent parent;
	int i;

	ASSERT_LE(0, grp);
	ASSERT_LE(0, root);
	ASSERT_LT(0, threads);
	ASSERT_EQ(0, pipe(parent.go));
	ASSERT_EQ(0, pipe(parent.born));
	unsharer = rc_spawn(unshare_when_told, &parent);

	/* Beside the group. */
	ASSERT_EQ(0, rc_attach(self->beside, self->pid));
	EXPECT_EQ(READABLE, poll_now(grp));

	/* A second task, and the first one's way among the children. */
	ASSERT_EQ(0, rc_attach(self->sub, unsharer));
	ASSERT_EQ(CHANGED | READABLE, poll_now(grp));
	ASSERT_EQ(1, read_again(grp));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, rc_attach(i % 2 ? self->sub : self->sub2,
				       unsharer));
		EXPECT_EQ(READABLE, poll_now(grp));
	}
	ASSERT_EQ(0, rc_attach(self->grp, unsharer));
	EXPECT_EQ(READABLE, poll_now(grp));

	/* A task that gets another nsproxy. */
	ASSERT_EQ(1, write(parent.go[1], "", 1));
	ASSERT_EQ((ssize_t)sizeof(done),
		  read(parent.born[0], &done, sizeof(done)));
	EXPECT_EQ(READABLE, poll_now(grp));

	/* Processes, one with all there is. */
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", i % 2 ? self->sub :
							 self->sub2),
				      rc_fmt("%d", threads)));
		EXPECT_EQ(READABLE, poll_now(grp));
	}
	ASSERT_EQ(0, rc_kill(unsharer));
	EXPECT_EQ(READABLE, poll_now(grp));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", i % 2 ? self->grp :
							 self->sub2),
				      rc_fmt("%d", threads)));
		EXPECT_EQ(READABLE, poll_now(grp));
	}

	/* Groups without tasks. */
	ASSERT_EQ(0, rc_rmdir(self->sub2));
	ASSERT_EQ(0, rc_mkdir(self->sub2));
	EXPECT_EQ(READABLE, poll_now(grp));
	EXPECT_EQ(READABLE, poll_now(root));
	close(grp);
	close(root);
}

struct waiter {
	int fd;
	int (*wait)(int fd);
	long seen;
	long left;
};

static int wait_poll(int fd)
{
	int ret = poll_change(fd);

	return ret == CHANGED ? 0 : -EBADMSG;
}

static int wait_select(int fd)
{
	fd_set except;

	FD_ZERO(&except);
	FD_SET(fd, &except);
	if (select(fd + 1, NULL, NULL, &except, NULL) != 1)
		return -errno;
	return FD_ISSET(fd, &except) ? 0 : -EBADMSG;
}

static int wait_epoll(int fd, unsigned int flags)
{
	/* One for all waits on it, as those who use it do. */
	static int epoll_fd = -1;
	struct epoll_event event = { .events = EPOLLPRI | flags };

	if (epoll_fd < 0) {
		epoll_fd = epoll_create1(0);
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
			return -errno;
	}
	if (epoll_wait(epoll_fd, &event, 1, -1) != 1)
		return -errno;
	return event.events == (EPOLLPRI | EPOLLERR) ? 0 : -EBADMSG;
}

static int wait_epoll_level(int fd)
{
	return wait_epoll(fd, 0);
}

static int wait_epoll_edge(int fd)
{
	return wait_epoll(fd, EPOLLET);
}

/*
 * Waits for changes and reads them, until the file has gone. Without a time limit:
 * when that is over, poll(2) looks once more, and a lost wake-up is no loss.
 */
static int wait_on(void *arg)
{
	struct waiter *waiter = arg;

	for (;;) {
		int ret = waiter->wait(waiter->fd), value;

		if (ret)
			return ret;
		value = read_again(waiter->fd);
		if (value == -ENODEV) {
			rc_set(&waiter->left, 1);
			return 0;
		}
		if (value < 0)
			return value;
		rc_inc(&waiter->seen);
	}
}

FIXTURE(waiting)
{
	const char *hier;
	const char *grp;
	const char *sub;
	struct waiter *waiter;
	pid_t pid;
};

FIXTURE_VARIANT(waiting)
{
	int (*wait)(int fd);
};

FIXTURE_VARIANT_ADD(waiting, poll) { wait_poll };
FIXTURE_VARIANT_ADD(waiting, select) { wait_select };
FIXTURE_VARIANT_ADD(waiting, epoll) { wait_epoll_level };
FIXTURE_VARIANT_ADD(waiting, epoll_edge) { wait_epoll_edge };

FIXTURE_SETUP(waiting)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->sub = rc_group_new(self->grp);
	ASSERT_TRUE(!!self->sub);
	self->pid = rc_sleeper();
	self->waiter = rc_shared(sizeof(*self->waiter));
	ASSERT_TRUE(!!self->waiter);
	self->waiter->wait = variant->wait;
	self->waiter->fd = rc_open(events_of(self->grp), O_RDONLY);
	ASSERT_LE(0, self->waiter->fd);
}

FIXTURE_TEARDOWN(waiting)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Who sleeps is woken by each change; at the end, by rmdir, to read ENODEV. */
TEST_F(waiting, woken)
{
	pid_t pid = rc_spawn(wait_on, self->waiter);
	int i;

	for (i = 0; i < 10; i++) {
		const char *to = i % 2 ? self->hier : self->sub;

		ASSERT_TRUE(RC_WAIT(sleeps(pid)));
		ASSERT_EQ(0, rc_attach(to, self->pid));
		ASSERT_TRUE(RC_WAIT(rc_get(&self->waiter->seen) == i + 1));
	}
	ASSERT_TRUE(RC_WAIT(sleeps(pid)));
	ASSERT_EQ(0, rc_rmdir(self->sub));
	EXPECT_EQ(0, (int)rc_get(&self->waiter->left));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	ASSERT_TRUE(RC_WAIT(rc_get(&self->waiter->left)));
	EXPECT_EQ(0, rc_reap(pid));
}

/* A file kept over rmdir is always ready and says ENODEV, for good. */
TEST_F(events, removed_while_open)
{
	int fd = rc_open(events_of(self->sub), O_RDONLY), again;
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_rmdir(self->sub));
	for (again = 0; again < 2; again++) {
		EXPECT_EQ(CHANGED | READABLE, poll_now(fd));
		EXPECT_EQ(CHANGED, poll_change(fd));
		EXPECT_EQ(-1, read(fd, &c, 1));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(again ? -EEXIST : 0, rc_mkdir(self->sub));
	}
	EXPECT_EQ(0, populated(self->sub));
	close(fd);
}

/* The same for the root of a hierarchy, which never changes but by going. */
TEST_F(events, removed_hierarchy)
{
	const char *hier = rc_hier_new();
	int fd;

	ASSERT_TRUE(!!hier);
	fd = rc_open(events_of(hier), O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(READABLE, poll_now(fd));
	ASSERT_EQ(0, rc_rmdir(hier));
	EXPECT_EQ(CHANGED, poll_change(fd));
	EXPECT_EQ(-ENODEV, read_again(fd));
	close(fd);
}

static int open_for_writing(void *arg)
{
	int fd = rc_open(arg, O_WRONLY);

	return fd < 0 ? fd : 0;
}

/* The file is for reading. */
TEST_F(events, read_only)
{
	char *file = strdup(events_of(self->grp)), *before;
	struct stat st;
	int fd;

	ASSERT_EQ(0, stat(file, &st));
	EXPECT_EQ(S_IFREG | 0444, (int)st.st_mode);
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_for_writing, file));
	before = rc_snapshot(self->hier);
	/* Root may open whatever the mode says. */
	fd = rc_open(file, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, rc_write_fd(fd, "populated 1\n", 12));
	EXPECT_EQ(-EINVAL, rc_write_fd(fd, "1", 1));
	EXPECT_EQ(READABLE, poll_now(fd));
	close(fd);
	fd = rc_open(file, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, rc_write_fd(fd, "1", 1));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
	EXPECT_EQ(0, populated(self->grp));
	close(fd);
	free(file);
}

TEST_HARNESS_MAIN
