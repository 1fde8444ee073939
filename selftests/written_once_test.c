// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are written once, to configure a group: the inodes that the kernel
 * keeps to hand are for those that are used again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define GROUPS	1000

FIXTURE(once)
{
	const char *hier;
};

FIXTURE_SETUP(once)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
}

FIXTURE_TEARDOWN(once)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Of all file systems, not counting memory that is yet to be freed. */
static long inodes(void)
{
	char *text = rc_text("/proc/sys/fs/inode-nr");
	long nr = text ? atol(text) : -1;

	free(text);
	return nr;
}

/* They keep no inode for as long as the group is there. */
TEST_F(once, forgotten)
{
	long before = inodes(), more;
	int i;

	ASSERT_LT(0, before);
	for (i = 0; i < GROUPS; i++) {
		const char *grp = rc_fmt("%s/g%d", self->hier, i);

		ASSERT_EQ(0, rc_mkdir(grp));
		ASSERT_EQ(0, rc_write(rc_fmt("%s/notify_on_release", grp), "1"));
		ASSERT_EQ(0, rc_write(rc_fmt("%s/notify_on_release", grp), "0"));
	}
	/* Directories have one each; a file of each written twice has one, too. */
	more = inodes() - before;
	TH_LOG("%ld more inodes after two writes", more);
	EXPECT_LT(2 * GROUPS * 9 / 10, more);
	before = inodes();
	for (i = 0; i < GROUPS; i++) {
		const char *grp = rc_fmt("%s/g%d", self->hier, i);

		ASSERT_EQ(0, rc_write(rc_fmt("%s/tasks", grp), "0"));
	}
	more = inodes() - before;
	TH_LOG("%ld more inodes after one", more);
	EXPECT_GT(GROUPS / 2, more);
}

/* Who watches one is told of all that is written to it. */
TEST_F(once, watched)
{
	const char *grp = rc_group_new(self->hier);
	const char *file = rc_fmt("%s/notify_on_release", grp);
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), i;

	ASSERT_TRUE(!!grp);
	ASSERT_LE(0, fd);
	ASSERT_LE(0, inotify_add_watch(fd, file, IN_MODIFY));
	for (i = 0; i < 3; i++) {
		struct inotify_event event = { 0 };

		ASSERT_EQ(0, rc_write(file, i % 2 ? "1" : "0"));
		EXPECT_EQ(sizeof(event), read(fd, &event, sizeof(event)));
		EXPECT_EQ(IN_MODIFY, event.mask);
	}
	close(fd);
}

/* The event that is there, or -errno. */
static int event(int fd)
{
	struct {
		struct inotify_event head;
		char name[NAME_MAX + 1];
	} event;

	return read(fd, &event, sizeof(event)) < 0 ? -errno : (int)event.head.mask;
}

/* And so is who watches when the kernel has made room. */
TEST_F(once, dropped)
{
	const char *grp = rc_group_new(self->hier);
	char *file = strdup(rc_fmt("%s/tasks", grp));
	char *sub = strdup(rc_fmt("%s/sub", grp));
	int dir_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int file_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int i;

	ASSERT_TRUE(!!grp);
	ASSERT_LE(0, inotify_add_watch(dir_fd, grp, IN_CREATE | IN_DELETE));
	ASSERT_LE(0, inotify_add_watch(file_fd, file, IN_MODIFY));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, rc_drop_caches());
		ASSERT_EQ(0, rc_mkdir(sub));
		EXPECT_EQ(IN_CREATE | IN_ISDIR, event(dir_fd));
		ASSERT_EQ(0, rc_rmdir(sub));
		EXPECT_EQ(IN_DELETE | IN_ISDIR, event(dir_fd));
		ASSERT_EQ(0, rc_write(file, "0"));
		EXPECT_EQ(IN_MODIFY, event(file_fd));
	}
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	/* It keeps no group. */
	EXPECT_EQ(0, rc_rmdir(grp));
	close(dir_fd);
	close(file_fd);
	free(file);
	free(sub);
}

TEST_HARNESS_MAIN
