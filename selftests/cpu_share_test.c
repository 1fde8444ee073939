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
	/* A weight of 3 beside 1024 is a 300th; what is left is what it has had too long. */
	EXPECT_GT(CPU_SECONDS * 1000000LL / 10, cpu_time(idle) - other);

	EXPECT_EQ(0, rc_kill(busy));
	start = cpu_time(idle);
	EXPECT_TRUE(RC_WAIT(cpu_time(idle) > start + 500000));
}

/* Do tasks get what they want, in percent of a CPU, by the clock? */
static bool are_near(struct cpu_part *parts, int nr, double since)
{
	bool fine = true;

	for (int i = 0; i < nr; i++) {
		double clock = rc_now() - since;

		parts[i].got = (cpu_time(parts[i].pid) - parts[i].start) / 1e4 / clock;
		fine &= clock > 2 * CPU_SECONDS && cpu_near(parts[i].got, parts[i].want);
	}
	return fine;
}

/*
 * A quota holds, also when there is nobody else who wants the CPU, and a larger one
 * below it changes nothing: 80 of 50 is 50.
 */
TEST_F(share, quotas)
{
	struct cpu_part parts[] = {
		{ self->a, 20 }, { rc_group_new(self->b), 50 },
	};
	double since;

	ASSERT_TRUE(!!parts[1].grp);
	ASSERT_EQ(0, cpu_write(self->a, "cpu.max", "20000 100000"));
	ASSERT_EQ(0, cpu_write(self->b, "cpu.max", "50000 100000"));
	ASSERT_EQ(0, cpu_write(parts[1].grp, "cpu.max", "80000 100000"));
	ASSERT_EQ(0, cpu_hog_parts(parts, 2));
	since = rc_now();
	EXPECT_TRUE(RC_WAIT(are_near(parts, 2, since)));
	for (int i = 0; i < 2; i++)
		TH_LOG("%5.2f %% of %5.2f", parts[i].got, parts[i].want);
}

/* Controllers that are there beside cpu, bound to one hierarchy or each to its own. */
static const char * const others[] = { "cpuacct", "cpuset", "pids" };

/* Whatever it takes for a group to have tasks. */
static int fit(const char *grp)
{
	if (access(rc_fmt("%s/cpus", grp), F_OK))
		return 0;
	return cpu_write(grp, "cpus", "0") ?: cpu_write(grp, "mems", "0");
}

static const char *fit_group(const char *parent, const char *weight)
{
	const char *grp = rc_group_new(parent);

	if (!grp || fit(grp))
		return NULL;
	if (weight && cpu_write(grp, "cpu.weight", weight))
		return NULL;
	return grp;
}

/* Whatever a task is a member of beside it, it has the share that cpu gives it. */
TEST(together)
{
	struct cpu_part parts[] = { { NULL, 30 }, { NULL, 70 } };
	char list[64] = "cpu";
	const char *hier;

	if (!rc_has_subsys("cpu"))
		SKIP(return, "kernel without CONFIG_RC_CPU");
	ASSERT_EQ(0, rc_setup());
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (rc_has_subsys(others[i]))
			strcat(strcat(list, ","), others[i]);
	hier = rc_bound_new(list);
	ASSERT_TRUE(!!hier);
	parts[0].grp = fit_group(hier, "30");
	parts[1].grp = fit_group(hier, "70");
	ASSERT_TRUE(parts[0].grp && parts[1].grp);
	ASSERT_EQ(0, cpu_hog_parts(parts, 2));
	CPU_EXPECT_PARTS(parts);
	EXPECT_EQ(0, rc_teardown());
}

/* The same if each of the others has a hierarchy of its own. */
TEST_F(share, apart)
{
	struct cpu_part parts[] = { { self->a, 30 }, { self->b, 70 } };

	ASSERT_EQ(0, cpu_write(self->a, "cpu.weight", "30"));
	ASSERT_EQ(0, cpu_write(self->b, "cpu.weight", "70"));
	ASSERT_EQ(0, cpu_hog_parts(parts, 2));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		const char *hier, *grp;

		if (!rc_has_subsys(others[i]))
			continue;
		hier = rc_bound_new(others[i]);
		ASSERT_TRUE(!!hier);
		grp = fit_group(hier, NULL);
		ASSERT_TRUE(!!grp);
		ASSERT_EQ(0, rc_attach(grp, parts[i % 2].pid));
	}
	cpu_start_parts(parts, 2);
	CPU_EXPECT_PARTS(parts);
}

TEST_HARNESS_MAIN
