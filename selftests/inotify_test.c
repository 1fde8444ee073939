// SPDX-License-Identifier: GPL-2.0
/* Who watches groups with inotify is told of what is made, changed and removed. */
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

FIXTURE(watch)
{
	const char *hier;
	char *grp;
	char *file;
	char *sub;
	/* Of the directory and of the file. */
	int dir_fd;
	int file_fd;
};

FIXTURE_SETUP(watch)
{
	const char *grp;

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!grp);
	self->grp = strdup(grp);
	self->file = strdup(rc_fmt("%s/tasks", grp));
	self->sub = strdup(rc_fmt("%s/sub", grp));
	self->dir_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	self->file_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ASSERT_LE(0, self->dir_fd);
	ASSERT_LE(0, self->file_fd);
}

FIXTURE_TEARDOWN(watch)
{
	close(self->dir_fd);
	close(self->file_fd);
	EXPECT_EQ(0, rc_teardown());
	free(self->grp);
	free(self->file);
	free(self->sub);
}

/* What the events say that are there, together; or -errno. */
static int events(int fd)
{
	union {
		struct inotify_event first;
		char text[4096];
	} buf;
	ssize_t len = read(fd, &buf, sizeof(buf));
	char *at = buf.text;
	int mask = 0;

	if (len < 0)
		return -errno;
	while (at < buf.text + len) {
		struct inotify_event *event = (void *)at;

		mask |= event->mask;
		at += sizeof(*event) + event->len;
	}
	return mask;
}

/* Also when the kernel has made room in between. */
TEST_F(watch, dropped)
{
	int i;

	ASSERT_LE(0, inotify_add_watch(self->dir_fd, self->grp, IN_CREATE | IN_DELETE));
	ASSERT_LE(0, inotify_add_watch(self->file_fd, self->file, IN_MODIFY));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, rc_drop_caches());
		ASSERT_EQ(0, rc_mkdir(self->sub));
		EXPECT_EQ(IN_CREATE | IN_ISDIR, events(self->dir_fd));
		ASSERT_EQ(0, rc_rmdir(self->sub));
		EXPECT_EQ(IN_DELETE | IN_ISDIR, events(self->dir_fd));
		ASSERT_EQ(0, rc_write(self->file, "0"));
		EXPECT_EQ(IN_MODIFY, events(self->file_fd));
	}
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	/* It keeps no group. */
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

/* A hierarchy is one more name in a directory. */
TEST_F(watch, hierarchies)
{
	const char *hier = RC_ROOT "/watched";

	ASSERT_LE(0, inotify_add_watch(self->dir_fd, RC_ROOT, IN_CREATE | IN_DELETE));
	ASSERT_EQ(0, rc_drop_caches());
	ASSERT_EQ(0, rc_mkdir(hier));
	EXPECT_EQ(IN_CREATE | IN_ISDIR, events(self->dir_fd));
	ASSERT_EQ(0, rc_rmdir(hier));
	EXPECT_EQ(IN_DELETE | IN_ISDIR, events(self->dir_fd));
}

FIXTURE(removed)
{
	const char *grp;
	const char *seen;
};

FIXTURE_VARIANT(removed)
{
	bool elsewhere;
};

FIXTURE_VARIANT_ADD(removed, here) { false };
FIXTURE_VARIANT_ADD(removed, through_another_mount) { true };

FIXTURE_SETUP(removed)
{
	const char *hier, *proc;

	ASSERT_EQ(0, rc_setup());
	hier = rc_hier_new();
	proc = rc_proc_mount("");
	ASSERT_TRUE(hier && proc);
	self->grp = rc_group_new(hier);
	ASSERT_TRUE(!!self->grp);
	self->seen = strdup(variant->elsewhere ?
			    rc_fmt("%s%s", proc, self->grp + strlen("/proc")) :
			    self->grp);
}

FIXTURE_TEARDOWN(removed)
{
	EXPECT_EQ(0, rc_teardown());
	free((char *)self->seen);
}

/* The end of a group, and of its files, is the end of the watch. */
TEST_F(removed, group)
{
	int fds[2] = { inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
		       inotify_init1(IN_NONBLOCK | IN_CLOEXEC) };
	int i, mask;

	ASSERT_LE(0, inotify_add_watch(fds[0], self->seen, IN_DELETE_SELF));
	ASSERT_LE(0, inotify_add_watch(fds[1], rc_fmt("%s/events", self->seen),
				       IN_DELETE_SELF));
	ASSERT_EQ(-EAGAIN, events(fds[0]));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(RC_WAIT((mask = events(fds[i])) != -EAGAIN));
		EXPECT_EQ(IN_DELETE_SELF | IN_IGNORED, mask & ~IN_ISDIR);
		close(fds[i]);
	}
}

TEST_HARNESS_MAIN
