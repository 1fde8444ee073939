// SPDX-License-Identifier: GPL-2.0
/* Every mount of proc shows one and the same tree, at once. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

FIXTURE(mounts)
{
	const char *hier;
	const char *grp;
	/* The second mount, and the two paths there. */
	const char *proc;
	char *hier2;
	char *grp2;
};

FIXTURE_SETUP(mounts)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->proc = rc_proc_mount("");
	ASSERT_TRUE(!!self->proc);
	self->hier2 = strdup(rc_fmt("%s%s", self->proc,
				    self->hier + strlen("/proc")));
	self->grp2 = strdup(rc_fmt("%s%s", self->proc,
				   self->grp + strlen("/proc")));
}

FIXTURE_TEARDOWN(mounts)
{
	EXPECT_EQ(0, rc_teardown());
	free(self->hier2);
	free(self->grp2);
}

/* Looked up while missing, then made elsewhere: no stale "not there". */
TEST_F(mounts, cached_negative)
{
	char *here = strdup(rc_fmt("%s/a", self->grp));
	char *there = strdup(rc_fmt("%s/a", self->grp2));
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(-ENOENT, rc_open(there, O_RDONLY));
		ASSERT_EQ(-ENOENT, rc_rmdir(there));
		ASSERT_EQ(0, rc_mkdir(here));
		ASSERT_EQ(0, access(there, F_OK));
		ASSERT_EQ(0, rc_count(rc_fmt("%s/tasks", there)));
		ASSERT_TRUE(rc_shows(there));
		ASSERT_EQ(-EEXIST, rc_mkdir(there));
		ASSERT_EQ(0, rc_rmdir(there));
		ASSERT_EQ(-ENOENT, rc_open(here, O_RDONLY));
		ASSERT_FALSE(rc_shows(here));
		ASSERT_FALSE(rc_shows(there));
	}
	free(here);
	free(there);
}

/* Looked up, then removed elsewhere: no stale "there". */
TEST_F(mounts, cached_positive)
{
	ASSERT_EQ(0, rc_count(rc_fmt("%s/tasks", self->grp2)));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(-ENOENT, rc_count(rc_fmt("%s/tasks", self->grp2)));
	EXPECT_EQ(-ENOENT, rc_rmdir(self->grp2));
	EXPECT_EQ(-ENOENT, rc_mkdir(rc_fmt("%s/a", self->grp2)));
	EXPECT_FALSE(rc_shows(self->grp2));
}

/* Removed and made again elsewhere: the name is the new group. */
TEST_F(mounts, made_again)
{
	pid_t pid = rc_sleeper();
	const char *tasks2 = rc_fmt("%s/tasks", self->grp2);

	ASSERT_EQ(0, rc_count(tasks2));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	ASSERT_EQ(0, rc_mkdir(self->grp));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_TRUE(rc_listed(tasks2, pid));
	EXPECT_EQ(-EBUSY, rc_rmdir(self->grp2));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->grp), pid));
}

/* A directory open in one mount is dead when it is removed in the other. */
TEST_F(mounts, removed_while_open)
{
	int dir = open(self->grp2, O_RDONLY | O_DIRECTORY);
	char buf[512];
	struct stat st;

	ASSERT_LE(0, dir);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(0, fstat(dir, &st));
	EXPECT_EQ(0, (int)st.st_nlink);
	EXPECT_EQ(-1, mkdirat(dir, "a", 0755));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, openat(dir, "tasks", O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_GE(0, (int)syscall(SYS_getdents64, dir, buf, sizeof(buf)));
	close(dir);
}

/* A hierarchy that is removed here is gone there, with its files. */
TEST_F(mounts, hierarchy)
{
	int fd = rc_open(rc_fmt("%s/tasks", self->hier2), O_RDWR);
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	ASSERT_EQ(0, rc_rmdir(self->hier));
	EXPECT_EQ(-ENOENT, rc_open(self->hier2, O_RDONLY));
	EXPECT_FALSE(rc_shows(self->hier2));
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-ENODEV, rc_write_fd(fd, "0", 1));
	close(fd);
	ASSERT_EQ(0, rc_mkdir(self->hier2));
	EXPECT_EQ(0, access(self->hier, F_OK));
}

/* Mode and owner set in one mount are those of the other. */
TEST_F(mounts, attributes)
{
	struct stat st;

	ASSERT_EQ(0, stat(self->grp2, &st));
	ASSERT_EQ(0, chmod(self->grp, 0710));
	ASSERT_EQ(0, chown(self->grp, RC_USER, RC_USER + 1));
	ASSERT_EQ(0, stat(self->grp2, &st));
	EXPECT_EQ(S_IFDIR | 0710, (int)st.st_mode);
	EXPECT_EQ(RC_USER, (int)st.st_uid);
	EXPECT_EQ(RC_USER + 1, (int)st.st_gid);
}

/*
 * chown(2) of a file that is executable as its owner takes this away, and nothing
 * else, though the VFS has seen another mode through a descriptor.
 */
TEST_F(mounts, chown_of_setuid)
{
	const char *tasks = rc_fmt("%s/tasks", self->grp);
	struct stat st;
	int fd;

	ASSERT_EQ(0, chmod(tasks, 04755));
	fd = rc_open(rc_fmt("%s/tasks", self->grp2), O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, chmod(tasks, 0600));
	ASSERT_EQ(0, fchown(fd, RC_USER, RC_USER));
	ASSERT_EQ(0, stat(tasks, &st));
	EXPECT_EQ(0600, (int)st.st_mode & 07777);
	EXPECT_EQ(RC_USER, (int)st.st_uid);
	ASSERT_EQ(0, chmod(tasks, 04711));
	ASSERT_EQ(0, fchown(fd, 0, 0));
	ASSERT_EQ(0, stat(tasks, &st));
	EXPECT_EQ(0711, (int)st.st_mode & 07777);
	EXPECT_EQ(0, (int)st.st_uid);
	close(fd);
}

/* How many groups are made, looked at and removed at a time, and how often. */
#define BATCH 200
#define BATCHES 10

struct looker {
	const char *grp;
	const char *hier;
	long wanted;
	long looked;
	long ready;
	int err;
};

/* Looks at each of a batch once, through the mount at @proc. */
static int look_at(const char *proc, const char *hier)
{
	struct stat st;
	int i;

	for (i = 0; i < BATCH; i++) {
		const char *path = rc_fmt("%s%s/b%d", proc,
					  hier + strlen("/proc"), i);

		if (stat(path, &st) || stat(rc_fmt("%s/tasks", path), &st))
			return -errno;
	}
	return 0;
}

/*
 * In a pid namespace of its own, with a mount of proc that nobody else sees, which
 * has the group where the hierarchy is.
 */
static int look_on(void *arg)
{
	struct looker *looker = arg;
	const char *proc = "/tmp";
	long done = 0;

	if (mount("proc", proc, "proc", 0, NULL))
		looker->err = -errno;
	looker->err = looker->err ?: rc_attach(looker->grp, 0);
	rc_set(&looker->ready, 1);
	while (!looker->err) {
		if (rc_get(&looker->wanted) == done) {
			rc_nap();
			continue;
		}
		looker->err = look_at(proc, looker->hier);
		rc_set(&looker->looked, ++done);
	}
	rc_set(&looker->looked, BATCHES);
	return looker->err;
}

static int look_from_namespaces(void *arg)
{
	struct looker *looker = arg;
	pid_t pid = -1;

	if (!unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID))
		pid = fork();
	if (!pid) {
		/* Its parent has no id there, so no rc_fork(). */
		rc_die_with_parent();
		_exit(-look_on(looker));
	}
	if (pid < 0) {
		looker->err = -errno;
		rc_set(&looker->ready, 1);
		return looker->err;
	}
	return rc_reap(pid);
}

static int become_user(void *arg)
{
	return rc_run_as(RC_USER, look_from_namespaces, arg);
}

/* Who has looked at a group once does not keep it when it has been removed. */
TEST_F(mounts, forgotten)
{
	struct looker *looker = rc_shared(sizeof(*looker));
	const char *counts = RC_ROOT "/debug/debug.counts";
	long groups, turn;
	int i;

	if (!rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_TRUE(looker && rc_bound_new("debug"));
	looker->grp = self->grp;
	looker->hier = self->hier;
	ASSERT_EQ(0, chmod(rc_fmt("%s/tasks", self->grp), 0666));
	ASSERT_LT(0, rc_spawn(become_user, looker));
	ASSERT_TRUE(RC_WAIT(rc_get(&looker->ready)));
	ASSERT_EQ(0, looker->err);
	groups = rc_field(counts, "groups");
	for (turn = 1; turn <= BATCHES; turn++) {
		for (i = 0; i < BATCH; i++)
			ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/b%d", self->grp, i)));
		rc_set(&looker->wanted, turn);
		ASSERT_TRUE(RC_WAIT(rc_get(&looker->looked) >= turn));
		ASSERT_EQ(0, looker->err);
		for (i = 0; i < BATCH; i++)
			ASSERT_EQ(0, rc_rmdir(rc_fmt("%s/b%d", self->grp, i)));
	}
	EXPECT_TRUE(RC_WAIT((long)rc_field(counts, "groups") <= groups));
	TH_LOG("%d groups looked at, %lld are left", BATCHES * BATCH,
	       (long long)rc_field(counts, "groups") - groups);
}

static int nr_dirs;

static int count_dir(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	nr_dirs += type == FTW_D && ftw->level > 0;
	return 0;
}

/* Are there no more groups than can be seen? */
static bool none_is_kept(void)
{
	nr_dirs = 0;
	return !nftw(RC_ROOT, count_dir, 8, FTW_PHYS) &&
	       (int)rc_field(RC_ROOT "/debug/debug.counts", "groups") == nr_dirs;
}

/* Nor does who had a file of it open while it got another name elsewhere. */
TEST_F(mounts, forgotten_under_old_name)
{
	char *name = strdup(rc_fmt("%s-new", self->grp));
	int fd;

	if (!rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_TRUE(!!rc_bound_new("debug"));
	ASSERT_TRUE(RC_WAIT(none_is_kept()));
	fd = rc_open(rc_fmt("%s/events", self->grp2), O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rename(self->grp, name));
	/* The old name is seen to be no more, and dropped. */
	ASSERT_EQ(-1, access(self->grp2, F_OK));
	ASSERT_EQ(0, close(fd));
	ASSERT_EQ(0, rc_rmdir(name));
	EXPECT_TRUE(RC_WAIT(none_is_kept()));
	free(name);
}

/* Nor does who has mounted something there, which nobody sees any more. */
TEST_F(mounts, mounted_over)
{
	struct stat before, after;

	ASSERT_EQ(0, stat(self->grp2, &before));
	ASSERT_EQ(0, mount("none", self->grp2, "tmpfs", 0, NULL));
	ASSERT_EQ(0, stat(self->grp2, &after));
	ASSERT_NE(before.st_dev, after.st_dev);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_TRUE(RC_WAIT(stat(self->grp2, &after) && errno == ENOENT));
}

static int open_for_writing(void *arg)
{
	int fd = rc_open(arg, O_WRONLY);

	return fd < 0 ? fd : 0;
}

static int make(void *arg)
{
	return rc_mkdir(arg);
}

static int list(void *arg)
{
	int fd = rc_open(arg, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? fd : 0;
}

/* What is forbidden in one mount is not allowed through the other. */
TEST_F(mounts, permission)
{
	char *tasks = strdup(rc_fmt("%s/tasks", self->grp));
	char *tasks2 = strdup(rc_fmt("%s/tasks", self->grp2));
	char *sub2 = strdup(rc_fmt("%s/a", self->grp2));

	ASSERT_EQ(0, chmod(tasks, 0666));
	ASSERT_EQ(0, rc_run_as(RC_USER, open_for_writing, tasks2));
	ASSERT_EQ(0, chmod(tasks, 0));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_for_writing, tasks2));
	ASSERT_EQ(0, chmod(self->grp, 0777));
	ASSERT_EQ(0, rc_run_as(RC_USER, make, sub2));
	ASSERT_EQ(0, rc_rmdir(sub2));
	ASSERT_EQ(0, rc_run_as(RC_USER, list, self->grp2));
	ASSERT_EQ(0, chmod(self->grp, 0));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, make, sub2));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, list, self->grp2));
	EXPECT_EQ(-ENOENT, rc_rmdir(sub2));
	free(tasks);
	free(tasks2);
	free(sub2);
}

/* A mount that shows processes only has no groups. */
TEST_F(mounts, subset_pid)
{
	const char *proc = rc_proc_mount("subset=pid");

	ASSERT_TRUE(!!proc);
	EXPECT_EQ(-ENOENT, rc_open(rc_fmt("%s/rc", proc), O_RDONLY));
	EXPECT_FALSE(rc_shows(rc_fmt("%s/rc", proc)));
}

static int listed_ids(void *arg)
{
	return -rc_count(arg);
}

/* Tasks that hidepid hides from the reader are not listed to him. */
TEST_F(mounts, hidepid)
{
	const char *proc = rc_proc_mount("hidepid=invisible");
	char *tasks;
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!proc);
	tasks = strdup(rc_fmt("%s%s/tasks", proc,
			      self->grp + strlen("/proc")));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_EQ(1, rc_count(tasks));
	EXPECT_EQ(0, rc_run_as(RC_USER, listed_ids, tasks));
	EXPECT_EQ(-1, rc_run_as(RC_USER, listed_ids, (char *)
				rc_fmt("%s/tasks", self->grp)));
	free(tasks);
}

TEST_HARNESS_MAIN
