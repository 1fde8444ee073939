// SPDX-License-Identifier: GPL-2.0
/*
 * Cpusets that the kernel's command line gives to cgroup for good.
 *
 * Boot parameters: cpuset=cgroup
 * Kernel: CPUSETS_CGROUP
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "provider_util.h"
#include "rc_util.h"

#define HIER RC_ROOT "/cpuset"

FIXTURE(boot_cpuset)
{
	const char *cgroups;
};

FIXTURE_SETUP(boot_cpuset)
{
	if (!rc_booted_with("cpuset=cgroup"))
		SKIP(return, "kernel booted without cpuset=cgroup");
	if (pr_lacks())
		SKIP(return, "%s", pr_lacks());
	ASSERT_EQ(0, rc_setup());
	self->cgroups = pr_mount();
	ASSERT_TRUE(!!self->cgroups);
}

FIXTURE_TEARDOWN(boot_cpuset)
{
	EXPECT_EQ(0, pr_umount(self->cgroups));
	EXPECT_EQ(0, rc_teardown());
}

/* No hierarchy gets it, though cgroup has no set either. */
TEST_F(boot_cpuset, never_groups)
{
	const char *hier = rc_hier_new();

	ASSERT_TRUE(!!hier);
	EXPECT_FALSE(pr_enabled());
	EXPECT_TRUE(pr_offers(self->cgroups));
	EXPECT_EQ(-EBUSY, rc_mkdir(HIER));
	EXPECT_NE(0, access(HIER, F_OK));
	EXPECT_EQ(-EBUSY, rc_write(rc_fmt("%s/subsystems", hier), "cpuset"));
	EXPECT_STREQ("\n", rc_text(rc_fmt("%s/subsystems", hier)));
	EXPECT_EQ(0, pr_enable(self->cgroups, true));
	EXPECT_EQ(0, pr_enable(self->cgroups, false));
}

TEST_HARNESS_MAIN
