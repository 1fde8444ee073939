// SPDX-License-Identifier: GPL-2.0
/* The example controller of the controller writer's guide does what it says. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

static long births_of(const char *grp)
{
	return rc_number(rc_fmt("%s/births.count", grp));
}

static int set_max(const char *grp, const char *max)
{
	return rc_write(rc_fmt("%s/births.max", grp), max);
}

/* 0 or what fork(2) says, for a child that ends at once. */
static int give_birth(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? -errno : rc_reap(pid);
}

FIXTURE(births)
{
	const char *hier;
	const char *above;
	const char *grp;
};

FIXTURE_SETUP(births)
{
	if (!rc_has_subsys("births") || !rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_EXAMPLE or CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_bound_new("births,debug");
	ASSERT_TRUE(!!self->hier);
	self->above = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->above);
	self->grp = rc_group_new(self->above);
	ASSERT_TRUE(!!self->grp);
	ASSERT_EQ(0, rc_attach(self->grp, 0));
}

FIXTURE_TEARDOWN(births)
{
	EXPECT_EQ(0, rc_attach(self->hier, 0));
	EXPECT_EQ(0, rc_teardown());
}

/* A birth counts in the group and above it, a move and an end do not. */
TEST_F(births, counted)
{
	pid_t pid;

	EXPECT_EQ(0, births_of(self->grp));
	EXPECT_EQ(0, give_birth());
	EXPECT_EQ(0, give_birth());
	EXPECT_EQ(2, births_of(self->grp));
	EXPECT_EQ(2, births_of(self->above));

	pid = rc_sleeper();
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, rc_attach(self->above, pid));
	EXPECT_EQ(3, births_of(self->grp));
	EXPECT_EQ(3, births_of(self->above));
	EXPECT_EQ(0, rc_kill(pid));

	ASSERT_EQ(0, rc_attach(self->above, 0));
	EXPECT_EQ(0, give_birth());
	EXPECT_EQ(3, births_of(self->grp));
	EXPECT_EQ(4, births_of(self->above));
}

/* The limit of a group, and of one above it, refuses what goes past it. */
TEST_F(births, limited)
{
	const char * const limited[] = { self->grp, self->above };
	int i;

	for (i = 0; i < 2; i++) {
		long before = births_of(self->grp);

		ASSERT_EQ(0, set_max(limited[i], rc_fmt("%ld\n", before + 2)));
		EXPECT_EQ(before + 2,
			  (long)rc_number(rc_fmt("%s/births.max",
						 limited[i])));
		EXPECT_EQ(0, give_birth());
		EXPECT_EQ(0, give_birth());
		EXPECT_EQ(-EAGAIN, give_birth());
		EXPECT_EQ(before + 2, births_of(self->grp));
		EXPECT_EQ(before + 2, births_of(self->above));

		/* Under what has been there already. */
		EXPECT_EQ(0, set_max(limited[i], "0"));
		EXPECT_EQ(-EAGAIN, give_birth());
		EXPECT_EQ(before + 2, births_of(self->grp));
		EXPECT_EQ(0, set_max(limited[i], "9223372036854775807"));
		EXPECT_EQ(before + 2, births_of(self->above));
	}
	EXPECT_EQ(0, give_birth());
}

/* What is no number, or too big, is refused and changes nothing. */
TEST_F(births, bad_limits)
{
	static const char * const bad[] = {
		"", "\n", "max", "-1", "1 2", "1x", "0x10", "9223372036854775808",
		"18446744073709551616",
	};
	unsigned int i;

	ASSERT_EQ(0, set_max(self->grp, "7"));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-EINVAL, set_max(self->grp, bad[i])) {
			TH_LOG("'%s'", bad[i]);
		}
	}
	EXPECT_EQ(7, (int)rc_number(rc_fmt("%s/births.max", self->grp)));
}

/* A birth that another controller refuses is not counted. */
TEST_F(births, taken_back)
{
	const char *fail = rc_fmt("%s/debug.fail", self->hier);

	ASSERT_EQ(0, give_birth());
	ASSERT_EQ(0, rc_write(fail, "can_fork 1 33"));
	EXPECT_EQ(-EDOM, give_birth());
	EXPECT_EQ(1, births_of(self->grp));
	EXPECT_EQ(1, births_of(self->above));
}

/* The root has neither file. */
TEST_F(births, root)
{
	EXPECT_EQ(-1, access(rc_fmt("%s/births.count", self->hier), F_OK));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, access(rc_fmt("%s/births.max", self->hier), F_OK));
	EXPECT_EQ(ENOENT, errno);
}

TEST_HARNESS_MAIN
