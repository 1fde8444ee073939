// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are written once, to configure a group: the inodes that the kernel
 * keeps to hand are for those that are used again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
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

TEST_HARNESS_MAIN
