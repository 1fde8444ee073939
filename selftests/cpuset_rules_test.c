// SPDX-License-Identifier: GPL-2.0
/* What cpus and mems of a set may be beside those of the sets around it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

FIXTURE(tree)
{
	const char *hier;
	/* Nested: low is in mid, mid in top. */
	const char *top;
	const char *mid;
	const char *low;
};

FIXTURE_SETUP(tree)
{
	self->hier = CS_SETUP(return);
	self->top = cs_new(self->hier, "0-2", "0");
	ASSERT_TRUE(!!self->top);
	self->mid = cs_new(self->top, "0-1", "0");
	ASSERT_TRUE(!!self->mid);
	self->low = cs_new(self->mid, "0", "0");
	ASSERT_TRUE(!!self->low);
}

FIXTURE_TEARDOWN(tree)
{
	EXPECT_EQ(0, cs_teardown());
}

/* A set has no CPU that the one above it does not have. */
TEST_F(tree, beyond_parent)
{
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->mid, "cpus", "0,3"));
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->mid, "cpus", "0-3"));
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->low, "cpus", "0,2"));
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->low, "cpus", "3"));
	EXPECT_EQ(0, cs_write(self->low, "cpus", "1"));
	EXPECT_EQ(0, cs_write(self->low, "cpus", "0-1"));
	EXPECT_EQ(0, cs_write(self->mid, "cpus", "0-2"));
	EXPECT_STREQ("0-1", cs_read(self->low, "cpus"));
}

/* It keeps those that a set below it has. */
TEST_F(tree, below_child)
{
	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->top, "cpus", "1-2"));
	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->top, "cpus", "0"));
	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->top, "cpus", ""));
	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->mid, "cpus", "1"));
	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->mid, "cpus", ""));
	EXPECT_EQ(0, cs_write(self->top, "cpus", "0-1,3"));
	EXPECT_EQ(0, cs_write(self->mid, "cpus", "0"));
	EXPECT_STREQ("0", cs_read(self->low, "cpus"));
}

/* So a tree shrinks from below and grows from above. */
TEST_F(tree, shrink_and_grow)
{
	const char * const up[] = { self->low, self->mid, self->top };
	int i;

	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, cs_write(up[i], "cpus", ""));
	for (i = 2; i >= 0; i--)
		EXPECT_EQ(0, cs_write(up[i], "cpus", "2-3"));
	for (i = 0; i < 3; i++) {
		EXPECT_STREQ("2-3", cs_read(up[i], "cpus"));
		EXPECT_STREQ("2-3", cs_read(up[i], "effective_cpus"));
	}
}

/* The same for nodes, of which one is enough to see it. */
TEST_F(tree, mems)
{
	const char * const up[] = { self->low, self->mid, self->top };
	int i;

	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->top, "mems", ""));
	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->mid, "mems", ""));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, cs_write(up[i], "mems", ""));
		EXPECT_STREQ("", cs_read(up[i], "effective_mems"));
	}
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->low, "mems", "0"));
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->mid, "mems", "0"));
	for (i = 2; i >= 0; i--) {
		EXPECT_EQ(0, cs_write(up[i], "mems", "0"));
		EXPECT_STREQ("0", cs_read(up[i], "effective_mems"));
	}
}

/* A set without CPUs has none to give. */
TEST_F(tree, below_nothing)
{
	const char *empty = cs_new(self->hier, NULL, NULL), *sub;

	ASSERT_TRUE(!!empty);
	sub = cs_new(empty, NULL, NULL);
	ASSERT_TRUE(!!sub);
	EXPECT_EQ(-EACCES, cs_try(self->hier, sub, "cpus", "0"));
	EXPECT_EQ(-EACCES, cs_try(self->hier, sub, "mems", "0"));
	EXPECT_EQ(0, cs_write(sub, "cpus", ""));
	EXPECT_EQ(0, cs_write(sub, "mems", ""));
}

/* Sets that are not exclusive may have the same as their siblings. */
TEST_F(tree, siblings)
{
	const char *other = cs_new(self->top, "0-2", "0");

	ASSERT_TRUE(!!other);
	EXPECT_EQ(0, cs_write(self->mid, "cpus", "0-2"));
	EXPECT_STREQ("0-2", cs_read(other, "cpus"));
}

/* To write what is there already is no change, and always right. */
TEST_F(tree, no_change)
{
	EXPECT_EQ(0, cs_write(self->top, "cpus", "0,1-2"));
	EXPECT_EQ(0, cs_write(self->mid, "mems", "0"));
	EXPECT_EQ(0, cs_write(self->low, "cpu_exclusive", "0"));
	EXPECT_EQ(0, cs_write(self->low, "sched_relax_domain_level", "-1"));
}

/* A group that is in the way of others is not any more when it is removed. */
TEST_F(tree, removed_child)
{
	ASSERT_EQ(0, rc_rmdir(self->low));
	ASSERT_EQ(0, rc_rmdir(self->mid));
	EXPECT_EQ(0, cs_write(self->top, "cpus", "2"));
	EXPECT_EQ(0, cs_write(self->top, "mems", ""));
}

/* The same while somebody has a file of it open. */
TEST_F(tree, removed_open_child)
{
	int low = rc_open(rc_fmt("%s/cpus", self->low), 0);
	int mid = rc_open(rc_fmt("%s/cpus", self->mid), 0);

	ASSERT_TRUE(low >= 0 && mid >= 0);
	ASSERT_EQ(0, cs_write(self->top, "cpu_exclusive", "1"));
	ASSERT_EQ(0, cs_write(self->mid, "cpu_exclusive", "1"));
	ASSERT_EQ(0, rc_rmdir(self->low));
	ASSERT_EQ(0, rc_rmdir(self->mid));
	EXPECT_TRUE(!!cs_new(self->top, "0-1", "0"));
	EXPECT_EQ(0, cs_write(self->top, "cpu_exclusive", "0"));
	close(low);
	close(mid);
}

/*
 * What tasks are on is not taken from under them: a set that has some keeps a
 * CPU and a node, one that had some does not need to.
 */
TEST_F(tree, emptied_with_tasks)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, cs_attach(self->low, pid));
	EXPECT_EQ(-ENOSPC, cs_try(self->hier, self->low, "cpus", ""));
	EXPECT_EQ(-ENOSPC, cs_try(self->hier, self->low, "mems", ""));
	EXPECT_EQ(-ENOSPC, cs_try(self->hier, self->low, "cpus", "\n"));
	EXPECT_STREQ("0", cs_cpus_allowed(pid));
	EXPECT_EQ(0, cs_write(self->low, "cpus", "1"));
	EXPECT_STREQ("1", cs_cpus_allowed(pid));
	ASSERT_EQ(0, cs_attach(self->hier, pid));
	EXPECT_EQ(0, cs_write(self->low, "cpus", ""));
	EXPECT_EQ(0, cs_write(self->low, "mems", ""));
}

/* The same for one that has ended: a zombie needs no CPU. */
TEST_F(tree, emptied_with_zombie)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, cs_attach(self->low, pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(pid));
	EXPECT_EQ(0, cs_write(self->low, "cpus", ""));
	EXPECT_EQ(0, cs_write(self->low, "mems", ""));
}

FIXTURE(exclusive)
{
	const char *hier;
	const char *a;
	const char *b;
};

/* Node 0 may be the only one, so what is disjoint from it is empty. */
FIXTURE_VARIANT(exclusive)
{
	const char *flag;
	const char *file;
	const char *all;
	const char *part;
	const char *rest;
};

FIXTURE_VARIANT_ADD(exclusive, cpu)
{
	.flag = "cpu_exclusive",
	.file = "cpus",
	.all = "0-3",
	.part = "0-1",
	.rest = "2-3",
};

FIXTURE_VARIANT_ADD(exclusive, mem)
{
	.flag = "mem_exclusive",
	.file = "mems",
	.all = "0",
	.part = "0",
	.rest = "",
};

FIXTURE_SETUP(exclusive)
{
	self->hier = CS_SETUP(return);
	self->a = cs_new(self->hier, NULL, NULL);
	self->b = cs_new(self->hier, NULL, NULL);
	ASSERT_TRUE(self->a && self->b);
}

FIXTURE_TEARDOWN(exclusive)
{
	EXPECT_EQ(0, cs_teardown());
}

/* A set that has something in common with a sibling does not become exclusive. */
TEST_F(exclusive, turned_on)
{
	ASSERT_EQ(0, cs_write(self->a, variant->file, variant->all));
	ASSERT_EQ(0, cs_write(self->b, variant->file, variant->part));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->a, variant->flag, "1"));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->b, variant->flag, "1"));
	ASSERT_EQ(0, cs_write(self->a, variant->file, variant->rest));
	EXPECT_EQ(0, cs_write(self->a, variant->flag, "1"));
	EXPECT_EQ(0, cs_write(self->b, variant->flag, "1"));
}

/* What an exclusive set has, a sibling is not given, whichever is exclusive. */
TEST_F(exclusive, written)
{
	ASSERT_EQ(0, cs_write(self->a, variant->file, variant->part));
	ASSERT_EQ(0, cs_write(self->a, variant->flag, "1"));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->b, variant->file,
				  variant->part));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->b, variant->file,
				  variant->all));
	EXPECT_EQ(0, cs_write(self->b, variant->file, variant->rest));

	ASSERT_EQ(0, cs_write(self->a, variant->file, ""));
	ASSERT_EQ(0, cs_write(self->b, variant->file, variant->part));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->a, variant->file,
				  variant->all));
	EXPECT_EQ(0, cs_write(self->a, variant->flag, "0"));
	EXPECT_EQ(0, cs_write(self->a, variant->file, variant->all));
}

/* That is so when other exclusive ones have gone, or are exclusive no more. */
TEST_F(exclusive, some_gone)
{
	const char *c = cs_new(self->hier, NULL, NULL);
	const char *d = cs_new(self->hier, NULL, NULL);

	ASSERT_TRUE(c && d);
	ASSERT_EQ(0, cs_write(self->a, variant->file, variant->part));
	ASSERT_EQ(0, cs_write(self->a, variant->flag, "1"));
	ASSERT_EQ(0, cs_write(c, variant->flag, "1"));
	ASSERT_EQ(0, cs_write(d, variant->flag, "1"));
	ASSERT_EQ(0, rc_rmdir(c));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->b, variant->file,
				  variant->part));
	ASSERT_EQ(0, cs_write(d, variant->flag, "0"));
	ASSERT_EQ(0, rc_rmdir(d));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->b, variant->file,
				  variant->part));
	ASSERT_EQ(0, rc_rmdir(self->a));
	EXPECT_EQ(0, cs_write(self->b, variant->file, variant->part));
}

/* The other kind of exclusiveness is none of its business. */
TEST_F(exclusive, of_the_other_kind)
{
	const char *other = strcmp(variant->flag, "cpu_exclusive") ?
			    "cpu_exclusive" : "mem_exclusive";

	ASSERT_EQ(0, cs_write(self->a, other, "1"));
	ASSERT_EQ(0, cs_write(self->b, other, "1"));
	EXPECT_EQ(0, cs_write(self->a, variant->file, variant->all));
	EXPECT_EQ(0, cs_write(self->b, variant->file, variant->part));
}

/* It is for siblings alone: the sets above and below have the same. */
TEST_F(exclusive, family)
{
	const char *sub, *low;

	ASSERT_EQ(0, cs_write(self->a, variant->flag, "1"));
	ASSERT_EQ(0, cs_write(self->a, variant->file, variant->all));
	sub = cs_new(self->a, NULL, NULL);
	ASSERT_TRUE(!!sub);
	EXPECT_EQ(0, cs_write(sub, variant->file, variant->all));
	EXPECT_EQ(0, cs_write(sub, variant->flag, "1"));
	low = cs_new(sub, NULL, NULL);
	ASSERT_TRUE(!!low);
	EXPECT_EQ(0, cs_write(low, variant->flag, "1"));
	EXPECT_EQ(0, cs_write(low, variant->file, variant->all));
}

/* Cousins have different parents, which are siblings. */
TEST_F(exclusive, cousins)
{
	const char *one = cs_new(self->a, NULL, NULL);
	const char *two = cs_new(self->b, NULL, NULL);

	ASSERT_TRUE(one && two);
	ASSERT_EQ(0, cs_write(self->a, variant->flag, "1"));
	ASSERT_EQ(0, cs_write(self->a, variant->file, variant->part));
	ASSERT_EQ(0, cs_write(one, variant->file, variant->part));
	EXPECT_EQ(-EACCES, cs_try(self->hier, two, variant->file,
				  variant->part));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->b, variant->file,
				  variant->part));
}

/* A set is exclusive only where the one above it is. */
TEST_F(exclusive, needs_parent)
{
	const char *sub = cs_new(self->a, NULL, NULL);

	ASSERT_TRUE(!!sub);
	EXPECT_EQ(-EACCES, cs_try(self->hier, sub, variant->flag, "1"));
	EXPECT_EQ(0, cs_write(self->a, variant->flag, "1"));
	EXPECT_EQ(0, cs_write(sub, variant->flag, "1"));
	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->a, variant->flag, "0"));
	EXPECT_EQ(0, cs_write(sub, variant->flag, "0"));
	EXPECT_EQ(0, cs_write(self->a, variant->flag, "0"));
}

/* The root is exclusive, and can be told not to be. */
TEST_F(exclusive, root)
{
	EXPECT_STREQ("1", cs_read(self->hier, variant->flag));
	ASSERT_EQ(0, cs_write(self->a, variant->flag, "1"));
	EXPECT_EQ(-EBUSY, cs_try(self->hier, self->hier, variant->flag, "0"));
	ASSERT_EQ(0, cs_write(self->a, variant->flag, "0"));
	EXPECT_EQ(0, cs_write(self->hier, variant->flag, "0"));
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->a, variant->flag, "1"));
	EXPECT_EQ(0, cs_write(self->hier, variant->flag, "1"));
	EXPECT_EQ(0, cs_write(self->a, variant->flag, "1"));
}

/* mem_hardwall asks nothing of the sets around. */
TEST_F(exclusive, hardwall)
{
	const char *sub = cs_new(self->a, NULL, NULL);

	ASSERT_TRUE(!!sub);
	ASSERT_EQ(0, cs_write(self->a, "mems", "0"));
	ASSERT_EQ(0, cs_write(self->b, "mems", "0"));
	EXPECT_EQ(0, cs_write(sub, "mem_hardwall", "1"));
	EXPECT_EQ(0, cs_write(self->a, "mem_hardwall", "1"));
	EXPECT_EQ(0, cs_write(self->b, "mem_hardwall", "1"));
	EXPECT_EQ(0, cs_write(self->a, "mem_hardwall", "0"));
}

TEST_HARNESS_MAIN
