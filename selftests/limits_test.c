// SPDX-License-Identifier: GPL-2.0
/* How many groups and open lists a user may have, and what a list takes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define MAX_GROUPS "/proc/sys/user/max_rc_groups"
#define MAX_LISTS "/proc/sys/user/max_rc_lists"
/* What the user gets in the tests, and what he has at least when nobody has chosen. */
#define LIMIT 4
#define GENEROUS 1000

FIXTURE(limits)
{
	const char *hier;
	const char *grp;
	const char *others;
	/* Whose those are. Who is new has nothing that is still on its way out. */
	uid_t user;
	uid_t other;
	/* Of the machine. */
	char *max_groups;
	char *max_lists;
};

FIXTURE_SETUP(limits)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	self->others = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp && self->others);
	self->user = RC_USER + 2 * getpid();
	self->other = self->user + 1;
	ASSERT_EQ(0, chown(self->grp, self->user, -1));
	ASSERT_EQ(0, chown(self->others, self->other, -1));
	self->max_groups = rc_text(MAX_GROUPS);
	self->max_lists = rc_text(MAX_LISTS);
	ASSERT_TRUE(self->max_groups && self->max_lists);
}

FIXTURE_TEARDOWN(limits)
{
	if (self->max_groups)
		EXPECT_EQ(0, rc_write(MAX_GROUPS, self->max_groups));
	if (self->max_lists)
		EXPECT_EQ(0, rc_write(MAX_LISTS, self->max_lists));
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

/* LIMIT groups, numbered. */
static int make_all(void *dir)
{
	int i, ret = 0;

	for (i = 0; i < LIMIT && !ret; i++)
		ret = rc_mkdir(rc_fmt("%s/%d", (char *)dir, i));
	return ret;
}

/* Who does nothing about it has room. */
TEST_F(limits, generous)
{
	EXPECT_LE(GENEROUS, atol(self->max_groups));
	EXPECT_LE(GENEROUS, atol(self->max_lists));
}

/* One group more than the limit is refused, and the tree is as before. */
TEST_F(limits, groups)
{
	char *more = strdup(rc_fmt("%s/more", self->grp)), *before;

	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT)));
	ASSERT_EQ(0, rc_run_as(self->user, make_all, (void *)self->grp));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, make, more));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* A group that is removed makes room for another one. */
TEST_F(limits, group_removed)
{
	char *more = strdup(rc_fmt("%s/more", self->grp));
	int i, ret;

	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT)));
	ASSERT_EQ(0, rc_run_as(self->user, make_all, (void *)self->grp));
	for (i = 0; i < 3 * LIMIT; i++) {
		ASSERT_EQ(0, rc_run_as(self->user, remove_dir,
				       (void *)rc_fmt("%s/0", self->grp)));
		/* Its end may take a grace period. */
		ASSERT_TRUE(RC_WAIT((ret = rc_run_as(self->user, make, more)) !=
				    -ENOSPC));
		ASSERT_EQ(0, ret);
		ASSERT_EQ(-ENOSPC,
			  rc_run_as(self->user, make,
				    (void *)rc_fmt("%s/0", self->grp)));
		ASSERT_EQ(0, rename(more, rc_fmt("%s/0", self->grp)));
	}
}

/* One user's groups are nothing to another one. */
TEST_F(limits, groups_of_others)
{
	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT)));
	ASSERT_EQ(0, rc_run_as(self->user, make_all, (void *)self->grp));
	EXPECT_EQ(0, rc_run_as(self->other, make_all, (void *)self->others));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->other, make,
				     (void *)rc_fmt("%s/more", self->others)));
}

/* The user is root of a user namespace of his own. */
static int enter_user_ns(void)
{
	const char *map = rc_fmt("0 %d 1", getuid());

	/* A change of credentials has taken /proc/self from him. */
	if (prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER))
		return -ECHILD;
	return rc_write("/proc/self/uid_map", map) ? -ECHILD : 0;
}

static int make_in_user_ns(void *path)
{
	return enter_user_ns() ?: rc_mkdir(path);
}

static int make_two_of_one(void *path)
{
	return enter_user_ns() ?: rc_write(MAX_GROUPS, "1") ?: rc_mkdir(path) ?:
	       rc_mkdir(rc_fmt("%s/more", (char *)path));
}

/* A namespace of one's own is no way around the limit. */
TEST_F(limits, groups_in_user_ns)
{
	char *more = strdup(rc_fmt("%s/more", self->grp));

	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT + 1)));
	ASSERT_EQ(0, rc_run_as(self->user, make_all, (void *)self->grp));
	EXPECT_EQ(0, rc_run_as(self->user, make_in_user_ns, more));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, make_in_user_ns,
				     (void *)rc_fmt("%s/yet", self->grp)));
}

/* It has its own limit, besides. */
TEST_F(limits, groups_of_user_ns)
{
	char *one = strdup(rc_fmt("%s/one", self->grp));

	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, make_two_of_one, one));
	EXPECT_EQ(0, rc_rmdir(one));
	EXPECT_STREQ(self->max_groups, rc_text(MAX_GROUPS));
}

static int read_byte(int fd)
{
	char byte;
	ssize_t ret = pread(fd, &byte, 1, 0);

	return ret < 0 ? -errno : ret == 1 ? 0 : -ENODATA;
}

/* Reads a list more than he may have open; -EBADE: another one was refused. */
static int read_lists(void *file)
{
	int fd[LIMIT + 2], i;

	for (i = 0; i <= LIMIT + 1; i++) {
		fd[i] = rc_open(file, O_RDONLY);
		if (fd[i] < 0)
			return -EBADE;
	}
	for (i = 0; i < LIMIT; i++)
		if (read_byte(fd[i]))
			return -EBADE;
	if (read_byte(fd[LIMIT]) != -ENOSPC)
		return -EBADR;
	/* Those that he has go on, and one that he closes makes room. */
	for (i = 0; i < LIMIT; i++)
		if (read_byte(fd[i]))
			return -EBADE;
	close(fd[0]);
	if (read_byte(fd[LIMIT]))
		return -EBADE;
	return read_byte(fd[LIMIT + 1]);
}

/* One list more than the limit is refused; one that is closed makes room. */
TEST_F(limits, lists)
{
	char *tasks = strdup(rc_fmt("%s/tasks", self->hier));
	char *procs = strdup(rc_fmt("%s/procs", self->hier));

	ASSERT_EQ(0, rc_write(MAX_LISTS, rc_fmt("%d", LIMIT)));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, read_lists, tasks));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, read_lists, procs));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->other, read_lists, tasks));
}

/*
 * Files that are open, the threads that each lists, and what one may take, in KiB: less
 * than it does and the ids, which are 24. A debug kernel keeps much about each object.
 */
#define FILES 1000
#define THREADS 6000
#define EACH (rc_debug_kernel() ? 32 : 6)

/* What KASAN keeps of freed objects, so as to find who uses them, has gone. */
static unsigned long long free_kib(void)
{
	glob_t caches;
	size_t i;

	if (!glob("/sys/kernel/slab/kmalloc-*/shrink", 0, NULL, &caches)) {
		for (i = 0; i < caches.gl_pathc; i++)
			rc_write(caches.gl_pathv[i], "1");
		globfree(&caches);
	}
	return rc_field("/proc/meminfo", "MemFree:");
}

FIXTURE(memory)
{
	const char *hier;
};

FIXTURE_SETUP(memory)
{
	pid_t *ids = rc_shared(THREADS * sizeof(*ids));

	ASSERT_EQ(0, rc_setup());
	ASSERT_TRUE(!!ids);
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	ASSERT_LT(0, rc_crowd(self->hier, THREADS, ids));
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(0, rc_teardown());
}

/* An open list of thousands keeps little memory. */
TEST_F(memory, of_lists)
{
	const struct rlimit files = { FILES + 100, FILES + 100 };
	const char *tasks = rc_fmt("%s/tasks", self->hier);
	unsigned long long before = 0, after;
	int fd[FILES], i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	for (i = 0; i < FILES; i++) {
		/* The first ones fill what the kernel keeps to hand. */
		if (i == FILES / 10)
			before = free_kib();
		fd[i] = rc_open(tasks, O_RDONLY);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, read_byte(fd[i]));
	}
	after = free_kib();
	for (i = 0; i < FILES; i++)
		close(fd[i]);
	TH_LOG("%.1f KiB a file", (before - after) / (FILES * 0.9));
	EXPECT_GT(EACH * FILES * 9 / 10, (long long)(before - after));
}

TEST_HARNESS_MAIN
