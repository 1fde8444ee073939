// SPDX-License-Identifier: GPL-2.0
/*
 * cpuset that is turned off at boot binds nobody to anything.
 *
 * Boot parameters: rc_disable=cpuset
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

FIXTURE(disabled)
{
	char *before;
};

FIXTURE_SETUP(disabled)
{
	if (!rc_booted_with("rc_disable=cpuset"))
		SKIP(return, "kernel booted without rc_disable=cpuset");
	ASSERT_EQ(0, rc_setup());
	self->before = rc_snapshot(RC_ROOT);
}

FIXTURE_TEARDOWN(disabled)
{
	char *after;

	EXPECT_EQ(0, rc_teardown());
	after = rc_snapshot(RC_ROOT);
	EXPECT_STREQ(self->before, after);
	free(after);
	free(self->before);
}

/* It is shown as such, and makes no hierarchy. */
TEST_F(disabled, hierarchy)
{
	char *text = rc_text(RC_ROOT "/subsystems");

	ASSERT_TRUE(!!text);
	EXPECT_TRUE(!!strstr(text, "\ncpuset\t-\t0\t0\n")) {
		TH_LOG("%s", text);
	}
	free(text);
	EXPECT_EQ(-ENOENT, rc_mkdir(CS_ROOT));
	EXPECT_EQ(-ENOENT, rc_mode(CS_ROOT));
}

/* Neither does a mount. */
TEST_F(disabled, mount)
{
	char dir[] = "/tmp/ksft-XXXXXX";

	ASSERT_TRUE(!!mkdtemp(dir));
	EXPECT_EQ(-1, mount("none", dir, "cpuset", 0, NULL));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-ENOENT, rc_mode(CS_ROOT));
	EXPECT_EQ(0, rmdir(dir));
}

/* Tasks have what there is, and may ask for any of it. */
TEST_F(disabled, tasks)
{
	pid_t pid = rc_sleeper();
	cpu_set_t set;
	int cpu;

	EXPECT_STREQ("/", cs_path(pid));
	EXPECT_STREQ(cs_online_mems(), cs_mems_allowed(pid));
	ASSERT_EQ(0, cs_parse(cs_online_cpus(), &set));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		const char *list = rc_fmt("%d", cpu);

		if (!CPU_ISSET(cpu, &set))
			continue;
		EXPECT_EQ(0, cs_set_affinity(pid, list));
		EXPECT_STREQ(list, cs_affinity(pid));
	}
}

TEST_HARNESS_MAIN
