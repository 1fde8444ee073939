// SPDX-License-Identifier: GPL-2.0
/*
 * Hierarchies that the kernel makes at boot are those that mkdir makes.
 *
 * Boot parameters: rc=cpuacct;jobs;pids
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define CPUACCT RC_ROOT "/cpuacct"
#define JOBS RC_ROOT "/jobs"
#define PIDS RC_ROOT "/pids"
#define MEMBERSHIP "cpuacct:cpuacct:/\njobs::/\npids:pids:/\n"

/* Not rc_setup(): that makes room for a cpuacct hierarchy of the test's own. */
FIXTURE(boot_rc)
{
	char *before;
};

FIXTURE_SETUP(boot_rc)
{
	if (!rc_booted_with("rc=cpuacct;jobs;pids"))
		SKIP(return, "kernel booted without rc=cpuacct;jobs;pids");
	umask(022);
	ASSERT_EQ(0, access(CPUACCT, F_OK));
	ASSERT_EQ(0, access(JOBS, F_OK));
	ASSERT_EQ(0, access(PIDS, F_OK));
	self->before = rc_snapshot(RC_ROOT);
}

/* Every test leaves what it found. */
FIXTURE_TEARDOWN(boot_rc)
{
	char *after;

	EXPECT_EQ(0, rc_teardown());
	after = rc_snapshot(RC_ROOT);
	EXPECT_STREQ(self->before, after);
	free(after);
	free(self->before);
}

static const char *text_of(const char *path)
{
	char *text = rc_text(path);
	const char *copy = rc_fmt("%s", text ?: "unreadable");

	free(text);
	return copy;
}

/* They stand in the order of the parameter, the controller bound to the first. */
TEST_F(boot_rc, order_and_binding)
{
	const char *subsystems = text_of(RC_ROOT "/subsystems");

	EXPECT_STREQ(MEMBERSHIP, text_of("/proc/self/rc"));
	EXPECT_TRUE(!!strstr(subsystems, "\ncpuacct\tcpuacct\t1\t1\n")) {
		TH_LOG("%s", subsystems);
	}
	EXPECT_STREQ("cpuacct\n", text_of(CPUACCT "/subsystems"));
	EXPECT_STREQ("\n", text_of(JOBS "/subsystems"));
}

/* Tasks that are older than user space are in the roots: init, kthreadd. */
TEST_F(boot_rc, first_tasks)
{
	EXPECT_STREQ("/", rc_where(1, CPUACCT));
	EXPECT_STREQ("/", rc_where(2, JOBS));
	EXPECT_TRUE(rc_listed(CPUACCT "/tasks", 1));
	EXPECT_TRUE(rc_listed(CPUACCT "/tasks", 2));
	EXPECT_TRUE(rc_listed(JOBS "/tasks", 1));
	EXPECT_TRUE(rc_listed(JOBS "/tasks", 2));
}

/* The names are taken. */
TEST_F(boot_rc, names_taken)
{
	EXPECT_EQ(-EEXIST, rc_mkdir(CPUACCT));
	EXPECT_EQ(-EEXIST, rc_mkdir(JOBS));
}

static bool charged(const char *dir)
{
	unsigned long long usage = rc_number(rc_fmt("%s/cpuacct.usage", dir));

	return usage && usage != ~0ULL;
}

/* Groups in the controller's hierarchy are charged. */
TEST_F(boot_rc, charged)
{
	const char *grp = rc_group_new(rc_cpuacct());

	ASSERT_TRUE(!!grp);
	EXPECT_FALSE(charged(grp));
	ASSERT_EQ(0, rc_attach(grp, rc_spinner()));
	EXPECT_TRUE(RC_WAIT(charged(grp)));
	EXPECT_TRUE(charged(CPUACCT));
}

/* As they are limited in the other's, by what was bound before there was a task. */
TEST_F(boot_rc, limited)
{
	const char *grp = rc_group_new(PIDS);
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!grp);
	EXPECT_EQ(0, rc_write(rc_fmt("%s/pids.max", grp), "1"));
	EXPECT_EQ(0, rc_attach(grp, pid));
	EXPECT_EQ(0, rc_attach(grp, 0));
	EXPECT_EQ(2, (int)rc_number(rc_fmt("%s/pids.current", grp)));
	EXPECT_EQ(-1, fork());
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, rc_attach(PIDS, 0));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, (int)rc_number(rc_fmt("%s/pids.current", grp)));
	EXPECT_EQ(0, rc_rmdir(grp));
}

/* The one without controllers groups tasks. */
TEST_F(boot_rc, grouped)
{
	const char *grp = rc_group_new(JOBS);
	pid_t pid = rc_sleeper();

	ASSERT_TRUE(!!grp);
	EXPECT_EQ(0, rc_attach(grp, pid));
	EXPECT_STREQ(grp + strlen(JOBS), rc_where(pid, JOBS));
	EXPECT_STREQ("/", rc_where(pid, CPUACCT));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", grp), pid));
	EXPECT_EQ(-EBUSY, rc_rmdir(grp));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, rc_rmdir(grp));
}

/* The directories are root's and 0755. */
TEST_F(boot_rc, owner)
{
	static const char * const dirs[] = { CPUACCT, JOBS, PIDS };
	struct stat st;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		ASSERT_EQ(0, stat(dirs[i], &st));
		EXPECT_EQ(S_IFDIR | 0755, (int)st.st_mode);
		EXPECT_EQ(0, (int)st.st_uid);
		EXPECT_EQ(0, (int)st.st_gid);
	}
}

/* They can be removed; what mkdir puts in their place differs in nothing. */
TEST_F(boot_rc, removed_and_made)
{
	char *text;

	EXPECT_EQ(0, rc_rmdir(CPUACCT));
	EXPECT_EQ(0, rc_rmdir(JOBS));
	EXPECT_EQ(0, rc_rmdir(PIDS));
	EXPECT_STREQ("", text_of("/proc/self/rc"));
	EXPECT_EQ(-ENOENT, rc_rmdir(CPUACCT));
	EXPECT_EQ(0, rc_mkdir(CPUACCT));
	EXPECT_EQ(0, rc_mkdir(JOBS));
	EXPECT_EQ(0, rc_mkdir(PIDS));
	text = rc_snapshot(RC_ROOT);
	EXPECT_STREQ(self->before, text);
	free(text);
}

TEST_HARNESS_MAIN
