// SPDX-License-Identifier: GPL-2.0
/* Whose tasks are moved to other CPUs by whom, and which kernel threads are. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define PF_NO_SETAFFINITY 0x04000000
#define KTHREADD 2

FIXTURE(perm)
{
	const char *hier;
	const char *all;
	/* A set that has been given to RC_USER. */
	const char *grp;
	const char *tasks;
};

FIXTURE_SETUP(perm)
{
	self->hier = CS_SETUP(return);
	self->all = strdup(cs_affinity(0));
	self->grp = cs_new(self->hier, "1", "0");
	ASSERT_TRUE(!!self->grp);
	self->tasks = strdup(rc_fmt("%s/tasks", self->grp));
	ASSERT_EQ(0, chown(self->tasks, RC_USER, RC_USER));
}

FIXTURE_TEARDOWN(perm)
{
	EXPECT_EQ(0, cs_teardown());
}

struct mover {
	const char *tasks;
	int fd;
	pid_t pid;
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

struct ids {
	uid_t real;
	uid_t effective;
	uid_t saved;
	long ready;
};

static int become_and_sleep(void *arg)
{
	struct ids *ids = arg;

	if (setresuid(ids->real, ids->effective, ids->saved))
		return -errno;
	rc_die_with_parent();
	rc_set(&ids->ready, 1);
	while (pause())
		;
	return -EINTR;
}

static pid_t sleeper_of(uid_t real, uid_t effective, uid_t saved)
{
	struct ids *ids = rc_shared(sizeof(*ids));
	pid_t pid;

	if (!ids)
		return -1;
	*ids = (struct ids) { real, effective, saved, 0 };
	pid = rc_spawn(become_and_sleep, ids);
	return RC_WAIT(rc_get(&ids->ready)) ? pid : -1;
}

static char *memberships(const char *hier, pid_t pid)
{
	return strdup(rc_fmt("%s %s %s", rc_where(pid, hier), cs_affinity(pid),
			     cs_mems_allowed(pid)));
}

/* A user moves his own task into a set that was given to him. */
TEST_F(perm, own_task)
{
	struct mover mover = {
		.tasks = self->tasks,
		.pid = sleeper_of(RC_USER, RC_USER, RC_USER),
	};

	ASSERT_LT(0, mover.pid);
	EXPECT_EQ(0, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_STREQ("1", cs_affinity(mover.pid));
	mover.pid = 0;
	EXPECT_EQ(0, rc_run_as(RC_USER, open_and_move, &mover));
}

/*
 * A program of his that has become more powerful than he is belongs to him still,
 * which is enough for other controllers; but as with sched_setaffinity(2) he
 * does not say on which CPUs it runs.
 */
TEST_F(perm, powerful_task)
{
	struct mover mover = {
		.tasks = self->tasks,
		.pid = sleeper_of(RC_USER, 0, 0),
	};
	const char *other = rc_hier_new();
	char *before;

	ASSERT_LT(0, mover.pid);
	ASSERT_TRUE(!!other);
	before = memberships(self->hier, mover.pid);
	EXPECT_EQ(-EPERM, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_STREQ(before, memberships(self->hier, mover.pid));

	other = rc_group_new(other);
	ASSERT_TRUE(!!other);
	mover.tasks = strdup(rc_fmt("%s/tasks", other));
	ASSERT_EQ(0, chown(mover.tasks, RC_USER, RC_USER));
	EXPECT_EQ(0, rc_run_as(RC_USER, open_and_move, &mover));
}

/* The task of another user is none of his. */
TEST_F(perm, task_of_others)
{
	struct mover mover = {
		.tasks = self->tasks,
		.pid = sleeper_of(RC_USER + 1, RC_USER + 1, RC_USER + 1),
	};
	char *before;

	ASSERT_LT(0, mover.pid);
	before = memberships(self->hier, mover.pid);
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_STREQ(before, memberships(self->hier, mover.pid));
}

/* What a user opened is no way to make root move tasks for him. */
TEST_F(perm, opened_by_user)
{
	struct mover mover = { .pid = rc_sleeper() };
	char *before = memberships(self->hier, mover.pid);

	ASSERT_EQ(0, seteuid(RC_USER));
	mover.fd = rc_open(self->tasks, O_WRONLY);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, mover.fd);
	EXPECT_EQ(-EACCES, move_by_fd(&mover));
	EXPECT_STREQ(before, memberships(self->hier, mover.pid));
	close(mover.fd);
}

/* What root opened moves a user's own tasks, but none that are above him. */
TEST_F(perm, opened_by_root)
{
	struct mover mover = {
		.fd = rc_open(self->tasks, O_WRONLY),
		.pid = sleeper_of(RC_USER, RC_USER, RC_USER),
	};
	char *before;

	ASSERT_LE(0, mover.fd);
	ASSERT_LT(0, mover.pid);
	EXPECT_EQ(0, rc_run_as(RC_USER, move_by_fd, &mover));
	EXPECT_STREQ("1", cs_affinity(mover.pid));
	mover.pid = rc_sleeper();
	before = memberships(self->hier, mover.pid);
	EXPECT_EQ(-EPERM, rc_run_as(RC_USER, move_by_fd, &mover));
	EXPECT_STREQ(before, memberships(self->hier, mover.pid));
	close(mover.fd);
}

/* Refusals leave nothing behind: the set can be emptied, and the task ends. */
TEST_F(perm, refused_often)
{
	struct mover mover = {
		.tasks = self->tasks,
		.pid = sleeper_of(RC_USER, 0, 0),
	};
	int i;

	ASSERT_LT(0, mover.pid);
	for (i = 0; i < 20; i++)
		ASSERT_EQ(-EPERM, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_EQ(0, cs_write(self->grp, "cpus", ""));
	EXPECT_EQ(0, rc_kill(mover.pid));
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

/* A kernel thread moves unless it is bound to its CPU. */
TEST_F(perm, kthread)
{
	pid_t loose = rc_kthread(false), bound = rc_kthread(true);
	char *before;

	ASSERT_TRUE(loose > 0 && bound > 0);
	ASSERT_EQ(0, cs_attach(self->grp, loose));
	EXPECT_STREQ("1", cs_affinity(loose));
	EXPECT_STREQ(self->grp + strlen(self->hier), cs_path(loose));
	ASSERT_EQ(0, cs_attach(self->hier, loose));
	EXPECT_STREQ(self->all, cs_affinity(loose));

	before = memberships(self->hier, bound);
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->grp, "tasks",
				  rc_fmt("%d", bound)));
	EXPECT_STREQ(before, memberships(self->hier, bound));
	before = memberships(self->hier, KTHREADD);
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->grp, "tasks",
				  rc_fmt("%d", KTHREADD)));
	EXPECT_STREQ(before, memberships(self->hier, KTHREADD));
}

static bool is_bound(pid_t tid)
{
	unsigned int flags = 0;
	char buf[1024], *end;

	if (rc_read(rc_fmt("/proc/%d/stat", tid), buf, sizeof(buf)) < 0)
		return false;
	end = strrchr(buf, ')');
	return end && sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %u",
			     &flags) == 1 && (flags & PF_NO_SETAFFINITY);
}

/* So a CPU is cleared of all that can be cleared away. */
TEST_F(perm, cleared_cpu)
{
	const char *rest = cs_new(self->hier, "0,2-3", "0");
	pid_t *ids;
	int nr, i, moved;

	ASSERT_TRUE(!!rest);
	cs_evacuate(self->hier, rest);
	nr = rc_list(rc_fmt("%s/tasks", self->hier), &ids);
	ASSERT_LT(0, nr);
	for (i = 0; i < nr; i++) {
		EXPECT_TRUE(ids[i] == KTHREADD || is_bound(ids[i])) {
			TH_LOG("%d stays", ids[i]);
		}
	}
	free(ids);

	moved = rc_list(rc_fmt("%s/tasks", rest), &ids);
	EXPECT_LT(3, moved);
	for (i = 0; i < moved; i++) {
		EXPECT_FALSE(cs_has(cs_affinity(ids[i]), 1)) {
			TH_LOG("%d: %s", ids[i], cs_affinity(ids[i]));
		}
	}
	free(ids);
	EXPECT_EQ(0, cs_evacuate(rest, self->hier));
}

TEST_HARNESS_MAIN
