// SPDX-License-Identifier: GPL-2.0
/*
 * Cpusets that the kernel's command line gives to rc for good.
 *
 * Boot parameters: cpuset=rc
 * Kernel: CPUSETS_CGROUP
 */
#define _GNU_SOURCE
#include <errno.h>
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
	if (!rc_booted_with("cpuset=rc"))
		SKIP(return, "kernel booted without cpuset=rc");
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

/* Cgroup does not have it before, while and after there is a hierarchy. */
TEST_F(boot_cpuset, never_cgroups)
{
	int round;

	for (round = 0; round < 2; round++) {
		EXPECT_TRUE(pr_enabled());
		EXPECT_FALSE(pr_offers(self->cgroups));
		EXPECT_EQ(-EINVAL, pr_enable(self->cgroups, true));
		ASSERT_EQ(0, rc_mkdir(HIER));
		EXPECT_FALSE(pr_offers(self->cgroups));
		ASSERT_EQ(0, rc_rmdir(HIER));
	}
}

TEST_HARNESS_MAIN
