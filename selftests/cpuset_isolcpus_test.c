// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that the kernel was told to keep out of load balancing.
 *
 * Machine: numa
 * Boot parameters: isolcpus=6-7
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define MS 1000000ULL
#define SCHED_DEADLINE 6

FIXTURE(isolcpus)
{
	const char *root;
};

FIXTURE_SETUP(isolcpus)
{
	if (!rc_booted_with("isolcpus=6-7"))
		SKIP(return, "kernel booted without isolcpus=6-7");
	ASSERT_EQ(8, cs_nr_cpus());
	ASSERT_EQ(0, cs_show_domains(true));
	self->root = cs_setup();
	ASSERT_TRUE(!!self->root);
}

FIXTURE_TEARDOWN(isolcpus)
{
	EXPECT_EQ(0, cs_teardown());
	EXPECT_EQ(0, cs_show_domains(false));
}

/* For cs_do(): 70 % of a CPU for the worker. */
static int become_deadline(struct cs_worker *worker)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = SCHED_DEADLINE,
		.sched_runtime = 70 * MS,
		.sched_deadline = 100 * MS,
		.sched_period = 100 * MS,
	};

	return syscall(SYS_sched_setattr, 0, &attr, 0) ? -errno : 0;
}

/*
 * Deadline tasks that go there take their bandwidth along, so that there is room for
 * two of these. The first test, as this goes for domains that are as at boot, too.
 */
TEST_F(isolcpus, deadline)
{
	const char *grp = cs_new(self->root, "6-7", "0");
	struct cs_worker *worker[3];
	int i;

	ASSERT_TRUE(!!grp);
	for (i = 0; i < 3; i++) {
		worker[i] = cs_worker_new();
		ASSERT_TRUE(!!worker[i]);
		ASSERT_EQ(0, cs_do(worker[i], become_deadline));
	}
	EXPECT_EQ(0, cs_attach(grp, worker[0]->pid));
	EXPECT_EQ(0, cs_attach(grp, worker[1]->pid));
	EXPECT_EQ(-EBUSY, cs_attach(grp, worker[2]->pid));
	ASSERT_EQ(0, rc_kill(worker[0]->pid));
	EXPECT_TRUE(RC_WAIT(!cs_attach(grp, worker[2]->pid)));
}

/* They are in no domain, whichever group has them, and stay the root's. */
TEST_F(isolcpus, domains)
{
	const char *a, *b;

	EXPECT_STREQ("0-7", cs_read(self->root, "cpus"));
	EXPECT_STREQ("0-5|0-5|0-5|0-5|0-5|0-5||", cs_domains());
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	a = cs_new(self->root, "4-7", "0");
	ASSERT_TRUE(!!a);
	EXPECT_STREQ("||||4-5|4-5||", cs_domains());
	ASSERT_EQ(0, cs_write(a, "cpus", "6-7"));
	EXPECT_STREQ("|||||||", cs_domains());
	b = cs_new(self->root, "0-1", "0");
	ASSERT_TRUE(!!b);
	EXPECT_STREQ("0-1|0-1||||||", cs_domains());
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "1"));
	EXPECT_STREQ("0-5|0-5|0-5|0-5|0-5|0-5||", cs_domains());
}

/* They take the tasks of their group, and only those. */
TEST_F(isolcpus, tasks)
{
	const char *grp = cs_new(self->root, "7", "0");
	pid_t pid = rc_spinner(), other = rc_spinner();

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, cs_attach(grp, pid));
	EXPECT_EQ(7, cs_cpu_of(pid));
	EXPECT_TRUE(cs_stays_on(pid, "7", 20));
	EXPECT_TRUE(cs_stays_on(other, "0-5", 20));
}

TEST_HARNESS_MAIN
