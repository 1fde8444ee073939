// SPDX-License-Identifier: GPL-2.0
/* The file freeze: who stops, and what events says. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freeze_util.h"

#define CHANGED (POLLPRI | POLLERR)

/* A task that runs is stopped, stays where it is, and goes on. */
TEST_F(freeze, running)
{
	pid_t pid = worker_in(self->grp, self->work);

	ASSERT_LT(0, pid);
	EXPECT_EQ(0, frozen(self->grp));
	EXPECT_TRUE(runs(self->work));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	EXPECT_TRUE(stands(self->work));
	EXPECT_EQ(1, wants(self->grp));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->grp), pid));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, frozen(self->grp));
	EXPECT_TRUE(runs(self->work));
}

/* What is frozen above is frozen below, and thawed when nobody above is. */
TEST_F(freeze, below)
{
	ASSERT_LT(0, worker_in(self->sub, self->work));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	EXPECT_TRUE(comes_to(self->sub, 1));
	EXPECT_EQ(0, wants(self->sub));
	ASSERT_EQ(0, set_freeze(self->sub, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, frozen(self->grp));
	EXPECT_EQ(1, frozen(self->sub));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, set_freeze(self->sub, 0));
	EXPECT_EQ(0, frozen(self->sub));
	EXPECT_TRUE(runs(self->work));
}

/* An empty group that is to be frozen is; so is a new one below. */
TEST_F(freeze, empty)
{
	const char *sub;

	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_EQ(1, frozen(self->grp));
	EXPECT_EQ(1, frozen(self->sub));
	EXPECT_EQ(0, frozen(self->beside));
	sub = rc_group_new(self->grp);
	ASSERT_TRUE(!!sub);
	EXPECT_EQ(1, frozen(sub));
	EXPECT_EQ(0, wants(sub));
	ASSERT_LT(0, worker_in(sub, self->work));
	EXPECT_TRUE(comes_to(sub, 1));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, frozen(sub));
	EXPECT_TRUE(runs(self->work));
}

/* Who moves in is frozen, and who moves out is thawed. */
TEST_F(freeze, moves)
{
	pid_t pid = worker_in(self->beside, self->work);

	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_EQ(0, rc_attach(self->sub, pid));
	EXPECT_TRUE(comes_to(self->sub, 1));
	EXPECT_TRUE(comes_to(self->grp, 1));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_TRUE(comes_to(self->grp, 1));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, rc_attach(self->beside, pid));
	EXPECT_TRUE(runs(self->work));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->grp), rc_fmt("%d", pid)));
	EXPECT_TRUE(comes_to(self->grp, 1));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->hier), rc_fmt("%d", pid)));
	EXPECT_TRUE(runs(self->work));
}

/* Frozen is who is in a frozen group of any hierarchy. */
TEST_F(freeze, hierarchies)
{
	pid_t pid = worker_in(self->sub, self->work);

	ASSERT_EQ(0, rc_attach(self->other, pid));
	ASSERT_EQ(0, set_freeze(self->other, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->other, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_TRUE(stands(self->work));
	EXPECT_EQ(0, frozen(self->grp));
	EXPECT_EQ(1, frozen(self->other));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->other, 0));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, rc_attach(self->beside, pid));
	EXPECT_TRUE(runs(self->work));
}

/* Who has stopped can be killed, by whatever way, and is gone then. */
TEST_F(freeze, killed)
{
	pid_t pid = worker_in(self->grp, self->work), sleeper = rc_sleeper();

	ASSERT_EQ(0, rc_attach(self->sub, sleeper));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(KILLED, rc_reap(pid));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/kill", self->grp), "1"));
	EXPECT_EQ(KILLED, rc_reap(sleeper));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, rc_rmdir(self->sub));
	ASSERT_EQ(0, rc_rmdir(self->grp));
}

/* A signal that ends a process at once does. */
TEST_F(freeze, ended)
{
	pid_t pid = worker_in(self->grp, self->work);

	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, kill(pid, SIGTERM));
	EXPECT_EQ(-1000 - SIGTERM, rc_reap(pid));
}

static struct work *signalled;

static void on_signal(int sig)
{
	rc_set(&signalled->count[1], sig);
}

static int count_signals(void *arg)
{
	signalled = arg;
	signal(SIGTERM, on_signal);
	return count_on(arg);
}

/* Others wait, and come when it is thawed. */
TEST_F(freeze, signals_wait)
{
	pid_t pid = rc_spawn(count_signals, self->work);

	ASSERT_TRUE(runs(self->work));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, kill(pid, SIGTERM));
	EXPECT_TRUE(stands(self->work));
	EXPECT_EQ(0, rc_get(&self->work->count[1]));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_TRUE(RC_WAIT(rc_get(&self->work->count[1]) == SIGTERM));
	/* So do those that dump core. */
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, kill(pid, SIGQUIT));
	EXPECT_TRUE(stands(self->work));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(-1000 - SIGQUIT, rc_reap(pid));
}

/*
 * events
 */

static int poll_now(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };

	return poll(&poll_fd, 1, 0) < 0 ? -errno : poll_fd.revents;
}

static int poll_change(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };

	return poll(&poll_fd, 1, 60000) < 0 ? -errno : poll_fd.revents;
}

static const char *read_again(int fd)
{
	static char buf[64];

	if (lseek(fd, 0, SEEK_SET) || rc_read_fd(fd, buf, sizeof(buf), sizeof(buf)) < 0)
		return strerror(errno);
	return buf;
}

/* poll(2) tells when all have stopped, and when the group is thawed. */
TEST_F(freeze, poll)
{
	int fd = rc_open(rc_fmt("%s/events", self->grp), O_RDONLY);
	pid_t pid = worker_in(self->sub, self->work);
	int i;

	ASSERT_LE(0, fd);
	EXPECT_STREQ("populated 1\nfrozen 0\n", read_again(fd));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, poll_now(fd));
		ASSERT_EQ(0, set_freeze(self->grp, 1));
		ASSERT_EQ(CHANGED, poll_change(fd));
		EXPECT_STREQ("populated 1\nfrozen 1\n", read_again(fd));
		EXPECT_EQ(0, poll_now(fd));
		/* Nothing changes by saying it again. */
		ASSERT_EQ(0, set_freeze(self->grp, 1));
		EXPECT_EQ(0, poll_now(fd));
		ASSERT_EQ(0, set_freeze(self->grp, 0));
		EXPECT_EQ(CHANGED, poll_now(fd));
		EXPECT_STREQ("populated 1\nfrozen 0\n", read_again(fd));
	}
	/* The last one that has not stopped ends. */
	ASSERT_EQ(0, rc_kill(pid));
	EXPECT_STREQ("populated 0\nfrozen 0\n", read_again(fd));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_EQ(CHANGED, poll_now(fd));
	EXPECT_STREQ("populated 0\nfrozen 1\n", read_again(fd));
	close(fd);
}

/* The root has no such line, and no such file. */
TEST_F(freeze, root)
{
	char buf[64];

	ASSERT_LT(0, rc_read(rc_fmt("%s/events", self->hier), buf, sizeof(buf)));
	EXPECT_STREQ("populated 1\n", buf);
	EXPECT_EQ(-ENOENT, rc_mode(rc_fmt("%s/freeze", self->hier)));
	EXPECT_EQ(S_IFREG | 0644, rc_mode(rc_fmt("%s/freeze", self->grp)));
}

/* Nothing but 0 and 1 is taken. */
TEST_F(freeze, values)
{
	static const char * const bad[] = {
		"", "\n", "2", "-1", "+1", "1 1", "x", "0x1", "18446744073709551616",
	};
	unsigned int i;
	int value;

	ASSERT_LT(0, worker_in(self->grp, self->work));
	for (value = 0; value < 2; value++) {
		ASSERT_EQ(0, set_freeze(self->grp, value));
		for (i = 0; i < ARRAY_SIZE(bad); i++)
			EXPECT_EQ(-EINVAL, rc_write(rc_fmt("%s/freeze", self->grp),
						    bad[i])) {
				TH_LOG("\"%s\"", bad[i]);
			}
		EXPECT_EQ(value, wants(self->grp));
		EXPECT_TRUE(comes_to(self->grp, value));
	}
	EXPECT_EQ(0, rc_write(rc_fmt("%s/freeze", self->grp), " 0\r\n"));
	EXPECT_TRUE(runs(self->work));
}

static int write_zero(void *arg)
{
	return set_freeze(arg, 0);
}

/* Whoever may write the file freezes all that is there; nobody else may. */
TEST_F(freeze, permission)
{
	char *file = strdup(rc_fmt("%s/freeze", self->grp));

	ASSERT_LT(0, worker_in(self->grp, self->work));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, write_zero, (void *)self->grp));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, chown(file, RC_USER, RC_USER));
	EXPECT_EQ(0, rc_run_as(RC_USER, write_zero, (void *)self->grp));
	EXPECT_TRUE(runs(self->work));
	free(file);
}

/* In a view, the top's file is not the container's, and those below it are. */
TEST_F(freeze, view)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->grp);
	const char *sub = strdup(rc_fmt("%s%s", self->hier,
					self->sub + strlen(self->grp)));

	ASSERT_TRUE(!!box);
	ASSERT_LT(0, worker_in(self->sub, self->work));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_write,
				    rc_fmt("%s/freeze", self->hier), "1"));
	EXPECT_EQ(0, rc_box_do(box, rc_box_write, rc_fmt("%s/freeze", sub), "1"));
	EXPECT_TRUE(comes_to(self->sub, 1));
	EXPECT_TRUE(stands(self->work));
	/* From outside, all of it. */
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, rc_box_do(box, rc_box_write, rc_fmt("%s/freeze", sub), "0"));
	EXPECT_TRUE(runs(self->work));
}

/* A frozen group is renamed, and its hierarchy; what was open goes on. */
TEST_F(freeze, renamed)
{
	const char *to = strdup(rc_fmt("%s-renamed", self->grp));

	ASSERT_LT(0, worker_in(self->grp, self->work));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, rename(self->grp, to));
	EXPECT_EQ(1, frozen(to));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, set_freeze(to, 0));
	EXPECT_TRUE(runs(self->work));
}

TEST_HARNESS_MAIN
