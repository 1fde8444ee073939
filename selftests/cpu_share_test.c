// SPDX-License-Identifier: GPL-2.0
/* CPU time is divided as weights and quotas say. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpu_util.h"
#include "rc_util.h"

FIXTURE(share)
{
	const char *hier;
	const char *a;
	const char *b;
};

FIXTURE_SETUP(share)
{
	if (!rc_has_subsys("cpu"))
		SKIP(return, "kernel without CONFIG_RC_CPU");
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_bound_new("cpu");
	ASSERT_TRUE(!!self->hier);
	self->a = rc_group_new(self->hier);
	self->b = rc_group_new(self->hier);
	ASSERT_TRUE(self->a && self->b);
}

FIXTURE_TEARDOWN(share)
{
	EXPECT_EQ(0, rc_teardown());
}

static const char *group_of_weight(const char *parent, const char *weight)
{
	const char *grp = rc_group_new(parent);

	return grp && !cpu_write(grp, "cpu.weight", weight) ? grp : NULL;
}

/* A share is divided further: 10, 5 and 5 of 20, beside 80. */
TEST_F(share, divided_further)
{
	struct cpu_part parts[] = {
		{ self->b, 80 },
		{ group_of_weight(self->a, "10"), 10 },
		{ group_of_weight(self->a, "5"), 5 },
		{ group_of_weight(self->a, "5"), 5 },
	};

	ASSERT_TRUE(parts[1].grp && parts[2].grp && parts[3].grp);
	ASSERT_EQ(0, cpu_write(self->a, "cpu.weight", "20"));
	ASSERT_EQ(0, cpu_write(self->b, "cpu.weight", "80"));
	ASSERT_EQ(0, cpu_hog_parts(parts, ARRAY_SIZE(parts)));
	CPU_EXPECT_PARTS(parts);
}

/* A group has its share however many tasks are in it, and nice divides it. */
TEST_F(share, nice_within)
{
	struct cpu_part parts[] = {
		{ self->a, 50.0 * 1024 / (1024 + 335) },
		{ self->a, 50.0 * 335 / (1024 + 335) },
		{ self->b, 50 },
	};

	ASSERT_EQ(0, cpu_hog_parts(parts, ARRAY_SIZE(parts)));
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, parts[1].pid, 5));
	cpu_start_parts(parts, ARRAY_SIZE(parts));
	CPU_EXPECT_PARTS(parts);
}

/* A weight that is written counts at once for those that run. */
TEST_F(share, changed)
{
	struct cpu_part parts[] = { { self->a, 50 }, { self->b, 50 } };

	ASSERT_EQ(0, cpu_hog_parts(parts, ARRAY_SIZE(parts)));
	ASSERT_EQ(0, cpu_write(self->a, "cpu.weight", "300"));
	parts[0].want = 75;
	parts[1].want = 25;
	cpu_start_parts(parts, ARRAY_SIZE(parts));
	CPU_EXPECT_PARTS(parts);
}

/* A group that is idle runs beside none that is not, and has all when it is alone. */
TEST_F(share, idle)
{
	pid_t idle, busy;
	long long start, other;

	ASSERT_EQ(0, cpu_write(self->a, "cpu.idle", "1"));
	idle = cpu_hog(self->a, 0);
	busy = cpu_hog(self->b, 0);
	ASSERT_TRUE(idle > 0 && busy > 0);
	start = cpu_time(busy);
	other = cpu_time(idle);
	EXPECT_TRUE(RC_WAIT(cpu_time(busy) > start + CPU_SECONDS * 1000000LL));
	/* A weight of 3 beside 1024 is a 300th. */
	EXPECT_GT(CPU_SECONDS * 1000000LL / 50, cpu_time(idle) - other);

	EXPECT_EQ(0, rc_kill(busy));
	start = cpu_time(idle);
	EXPECT_TRUE(RC_WAIT(cpu_time(idle) > start + 500000));
}

/* Does a task get @want percent of a CPU, by the clock? */
static bool is_near(struct cpu_part *part, double since)
{
	double clock = rc_now() - since;

	part->got = (cpu_time(part->pid) - part->start) / 1e4 / clock;
	return clock > 2 * CPU_SECONDS && cpu_near(part->got, part->want);
}

/* What a quota allows, from the next period on. */
static bool has_quota(struct cpu_part *part)
{
	double since = rc_now();

	part->start = cpu_time(part->pid);
	return RC_WAIT_FOR(60, is_near(part, since));
}

/* A quota holds, also when there is nobody else. */
TEST_F(share, quota)
{
	struct cpu_part part = { self->a, 20 };

	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "20000 100000"));
	ASSERT_EQ(0, cpu_hog_parts(&part, 1));
	EXPECT_TRUE(has_quota(&part));
	TH_LOG("%5.2f %% of %5.2f", part.got, part.want);
}

/* A larger one below it changes nothing: 80 of 50 is 50. */
TEST_F(share, quota_nested)
{
	struct cpu_part part = { rc_group_new(self->a), 50 };

	ASSERT_TRUE(!!part.grp);
	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "50000 100000"));
	ASSERT_EQ(0, cpu_write(part.grp, "cpu.max", "80000 100000"));
	ASSERT_EQ(0, cpu_hog_parts(&part, 1));
	EXPECT_TRUE(has_quota(&part));
	TH_LOG("%5.2f %% of %5.2f", part.got, part.want);
}

TEST_HARNESS_MAIN
