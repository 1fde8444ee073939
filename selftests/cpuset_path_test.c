// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/cpuset: the path of a task's set, wherever cpuset is bound. */
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
#include "rc_box.h"

FIXTURE(path)
{
	pid_t pid;
};

FIXTURE_SETUP(path)
{
	if (!rc_has_subsys("cpuset"))
		SKIP(return, "kernel without CONFIG_RC_CPUSET");
	ASSERT_EQ(0, rc_setup());
	self->pid = rc_sleeper();
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(path)
{
	EXPECT_EQ(0, cs_teardown());
}

static const char *usable_group(const char *parent)
{
	return cs_new(parent, "0", "0");
}

/* Without a hierarchy of cpuset, all tasks are at the top. */
TEST_F(path, unbound)
{
	const char *hier = rc_hier_new(), *grp;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, rc_attach(grp, self->pid));
	EXPECT_STREQ("/", cs_path(self->pid));
	EXPECT_STREQ("/", cs_path(getpid()));
	EXPECT_STREQ("/", cs_path(1));
	EXPECT_STREQ("/", cs_path(2));
}

/* It is the path in the hierarchy, and one line. */
TEST_F(path, bound)
{
	const char *hier = rc_bound_new("cpuset"), *grp, *sub;
	char *text;

	ASSERT_TRUE(!!hier);
	EXPECT_STREQ("/", cs_path(self->pid));
	EXPECT_STREQ("/", cs_path(1));
	grp = usable_group(hier);
	ASSERT_TRUE(!!grp);
	sub = usable_group(grp);
	ASSERT_TRUE(!!sub);
	ASSERT_EQ(0, cs_attach(grp, self->pid));
	EXPECT_STREQ(grp + strlen(hier), cs_path(self->pid));
	ASSERT_EQ(0, cs_attach(sub, self->pid));
	text = rc_text(rc_fmt("/proc/%d/cpuset", self->pid));
	ASSERT_TRUE(!!text);
	EXPECT_STREQ(rc_fmt("%s\n", sub + strlen(hier)), text);
	EXPECT_STREQ(sub + strlen(hier), rc_where(self->pid, hier));
	EXPECT_STREQ("/", cs_path(getpid()));
	free(text);
}

/* Threads can be in different sets. */
TEST_F(path, thread)
{
	const char *hier = rc_bound_new("cpuset"), *grp;

	ASSERT_TRUE(!!hier);
	grp = usable_group(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, 0));
	EXPECT_STREQ(grp + strlen(hier),
		     cs_list_of(rc_fmt("/proc/%d/task/%d/cpuset", getpid(),
				       getpid())));
}

/* Groups and hierarchies can be renamed, and have odd names. */
TEST_F(path, renamed)
{
	const char *hier = rc_bound_new("cpuset"), *grp, *name;
	const char *other = RC_ROOT "/ksft-0-path";

	ASSERT_TRUE(!!hier);
	grp = usable_group(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, self->pid));
	name = strdup(rc_fmt("%s/a b:c,d: e", hier));
	ASSERT_EQ(0, rename(grp, name));
	EXPECT_STREQ("/a b:c,d: e", cs_path(self->pid));
	ASSERT_EQ(0, rename(name, grp));
	ASSERT_EQ(0, rename(hier, other));
	EXPECT_STREQ(grp + strlen(hier), cs_path(self->pid));
	ASSERT_EQ(0, rename(other, hier));
}

/* Any hierarchy can have cpuset. */
TEST_F(path, elsewhere)
{
	const char *hier = rc_hier_new(), *grp;

	ASSERT_TRUE(!!hier);
	ASSERT_EQ(0, cs_write(hier, "subsystems", "cpuset"));
	grp = usable_group(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, self->pid));
	EXPECT_STREQ(grp + strlen(hier), cs_path(self->pid));
	ASSERT_EQ(0, cs_attach(hier, self->pid));
	ASSERT_EQ(0, rc_rmdir(grp));
	EXPECT_STREQ("/", cs_path(self->pid));
	ASSERT_EQ(0, cs_write(hier, "subsystems", ""));
	EXPECT_STREQ("/", cs_path(self->pid));
}

static int read_path(struct rc_box *box)
{
	snprintf(box->text, sizeof(box->text), "%s", cs_path(atoi(box->a)));
	return 0;
}

/* In a container it starts from the set that was given. */
TEST_F(path, view)
{
	const char *hier = rc_bound_new("cpuset"), *grp;
	struct rc_box *box;

	ASSERT_TRUE(!!hier);
	grp = usable_group(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_TRUE(!!usable_group(grp));
	box = rc_box_new(RC_BOX_ROOT, grp);
	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_box_do(box, read_path, "1", NULL));
	EXPECT_STREQ("/", box->text);
	EXPECT_STREQ(grp + strlen(hier), cs_path(box->pid));
	ASSERT_EQ(0, cs_attach(hier, box->pid));
	ASSERT_EQ(0, rc_box_do(box, read_path, "1", NULL));
	EXPECT_STREQ("/", box->text);
}

/* A path longer than a page is shown whole. */
TEST_F(path, long_path)
{
	const char *hier = rc_bound_new("cpuset"), *grp;
	char name[200], *text;
	int depth, dir, next;

	ASSERT_TRUE(!!hier);
	grp = usable_group(hier);
	ASSERT_TRUE(!!grp);
	dir = open(grp, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, dir);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (depth = 2; depth <= 32; depth++) {
		ASSERT_EQ(0, mkdirat(dir, name, 0755));
		next = openat(dir, name, O_RDONLY | O_DIRECTORY);
		ASSERT_LE(0, next);
		close(dir);
		dir = next;
		ASSERT_EQ(0, rc_write(rc_fmt("/proc/self/fd/%d/cpus", dir), "0"));
		ASSERT_EQ(0, rc_write(rc_fmt("/proc/self/fd/%d/mems", dir), "0"));
	}
	ASSERT_EQ(0, rc_write(rc_fmt("/proc/self/fd/%d/tasks", dir), "0"));
	text = rc_text("/proc/self/cpuset");
	EXPECT_TRUE(!!text) {
		TH_LOG("%s", strerror(errno));
	}
	EXPECT_EQ((int)(strlen(grp + strlen(hier)) + 31 * sizeof(name) + 1),
		  (int)strlen(text ?: ""));
	free(text);
	EXPECT_EQ(0, cs_attach(hier, getpid()));
	for (depth = 2; depth <= 32; depth++) {
		next = openat(dir, "..", O_RDONLY | O_DIRECTORY);
		ASSERT_LE(0, next);
		ASSERT_EQ(0, unlinkat(next, name, AT_REMOVEDIR));
		close(dir);
		dir = next;
	}
	close(dir);
}

/* A zombie is in no set any more. */
TEST_F(path, zombie)
{
	const char *hier = rc_bound_new("cpuset"), *grp;

	ASSERT_TRUE(!!hier);
	grp = usable_group(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, self->pid));
	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(self->pid));
	EXPECT_STREQ("/", cs_path(self->pid));
}

TEST_HARNESS_MAIN
