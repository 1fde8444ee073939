// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduling domains that sched_load_balance makes, as the scheduler shows
 * them.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

FIXTURE(domains)
{
	const char *root;
};

FIXTURE_SETUP(domains)
{
	ASSERT_EQ(0, cs_show_domains(true));
	self->root = CS_SETUP_NUMA();
}

FIXTURE_TEARDOWN(domains)
{
	EXPECT_EQ(0, cs_teardown());
	EXPECT_EQ(0, cs_show_domains(false));
}

/* Has a domain of a CPU, the smallest being 0, a flag? */
static bool has_flag(int cpu, int domain, const char *flag)
{
	char *text = rc_text(rc_fmt(CS_DOMAINS "/cpu%d/domain%d/flags", cpu,
				    domain));
	bool found = text && strstr(text, flag);

	free(text);
	return found;
}

#define ALL "0-7|0-7|0-7|0-7|0-7|0-7|0-7|0-7"
#define NONE "|||||||"
#define HALVES "0-3|0-3|0-3|0-3|4-7|4-7|4-7|4-7"

/* As long as the root is balanced, there is one over all, whatever is below. */
TEST_F(domains, root_balanced)
{
	const char *grp = cs_new(self->root, "0-3", "0");

	ASSERT_TRUE(!!grp);
	EXPECT_STREQ("1", cs_read(self->root, "sched_load_balance"));
	EXPECT_STREQ("1", cs_read(grp, "sched_load_balance"));
	EXPECT_STREQ(ALL, cs_domains());
	ASSERT_EQ(0, cs_write(grp, "sched_load_balance", "0"));
	EXPECT_STREQ(ALL, cs_domains());
	ASSERT_EQ(0, cs_write(grp, "cpu_exclusive", "1"));
	EXPECT_STREQ(ALL, cs_domains());
}

/* When it is not, there is one for each group below that is. */
TEST_F(domains, root_not_balanced)
{
	const char *a, *b;

	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	EXPECT_STREQ(NONE, cs_domains());
	a = cs_new(self->root, "0-3", "0");
	ASSERT_TRUE(!!a);
	EXPECT_STREQ("0-3|0-3|0-3|0-3||||", cs_domains());
	b = cs_new(self->root, "4-7", "0");
	ASSERT_TRUE(!!b);
	EXPECT_STREQ(HALVES, cs_domains());
	ASSERT_EQ(0, cs_write(a, "sched_load_balance", "0"));
	EXPECT_STREQ("||||4-7|4-7|4-7|4-7", cs_domains());
	ASSERT_EQ(0, cs_write(a, "sched_load_balance", "1"));
	EXPECT_STREQ(HALVES, cs_domains());
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "1"));
	EXPECT_STREQ(ALL, cs_domains());
}

/* Groups that have a CPU in common share one; exclusive ones cannot. */
TEST_F(domains, overlap)
{
	const char *a = cs_new(self->root, "0-2", "0");
	const char *b = cs_new(self->root, "2-4", "0");
	const char *c = cs_new(self->root, "6-7", "0");

	ASSERT_TRUE(a && b && c);
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	EXPECT_STREQ("0-4|0-4|0-4|0-4|0-4||6-7|6-7", cs_domains());
	/* Two become one by a third. */
	ASSERT_EQ(0, cs_write(c, "cpus", "4,6-7"));
	EXPECT_STREQ("0-4,6-7|0-4,6-7|0-4,6-7|0-4,6-7|0-4,6-7||0-4,6-7|0-4,6-7",
		     cs_domains());
	ASSERT_EQ(0, cs_write(b, "cpus", "3"));
	EXPECT_STREQ("0-2|0-2|0-2||4,6-7||4,6-7|4,6-7", cs_domains());
	ASSERT_EQ(0, cs_write(a, "cpu_exclusive", "1"));
	EXPECT_EQ(-EINVAL, cs_write(b, "cpus", "2-3"));
	EXPECT_STREQ("0-2|0-2|0-2||4,6-7||4,6-7|4,6-7", cs_domains());
}

/* A balanced group speaks for those below it; an unbalanced one does not. */
TEST_F(domains, nested)
{
	const char *a = cs_new(self->root, "0-3", "0");
	const char *b = a ? cs_new(a, "0-1", "0") : NULL;
	const char *c = b ? cs_new(b, "0-1", "0") : NULL;

	ASSERT_TRUE(!!c);
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	ASSERT_EQ(0, cs_write(b, "sched_load_balance", "0"));
	EXPECT_STREQ("0-3|0-3|0-3|0-3||||", cs_domains());
	ASSERT_EQ(0, cs_write(a, "sched_load_balance", "0"));
	EXPECT_STREQ("0-1|0-1||||||", cs_domains());
	ASSERT_EQ(0, cs_write(c, "sched_load_balance", "0"));
	EXPECT_STREQ(NONE, cs_domains());
	ASSERT_EQ(0, cs_write(b, "sched_load_balance", "1"));
	EXPECT_STREQ("0-1|0-1||||||", cs_domains());
}

/* They follow the CPUs of the group, and end with it. */
TEST_F(domains, follow)
{
	const char *a = cs_new(self->root, "0-3", "0");

	ASSERT_TRUE(!!a);
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	ASSERT_EQ(0, cs_write(a, "cpus", "4-7"));
	EXPECT_STREQ("||||4-7|4-7|4-7|4-7", cs_domains());
	ASSERT_EQ(0, cs_write(a, "cpus", "4,6"));
	EXPECT_STREQ("||||4,6||4,6|", cs_domains());
	ASSERT_EQ(0, cs_write(a, "cpus", ""));
	EXPECT_STREQ(NONE, cs_domains());
	ASSERT_EQ(0, cs_write(a, "cpus", "0-1"));
	EXPECT_STREQ("0-1|0-1||||||", cs_domains());
	ASSERT_EQ(0, rc_rmdir(a));
	EXPECT_STREQ(NONE, cs_domains());
}

/* With the hierarchy, all that it has changed goes. */
TEST_F(domains, hierarchy_ends)
{
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	ASSERT_STREQ(NONE, cs_domains());
	ASSERT_EQ(0, rc_rmdir(self->root));
	EXPECT_STREQ(ALL, cs_domains());
	ASSERT_EQ(0, rc_mkdir(self->root));
	EXPECT_STREQ("1", cs_read(self->root, "sched_load_balance"));
}

/* A CPU that goes is in none, and comes back into its group's. */
TEST_F(domains, hotplug)
{
	const char *a = cs_new(self->root, "0-3", "0");
	const char *b = cs_new(self->root, "4-5", "0");

	ASSERT_TRUE(a && b);
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	ASSERT_EQ(0, cs_online_cpu(3, false));
	EXPECT_TRUE(RC_WAIT(!strcmp("0-2|0-2|0-2||4-5|4-5||", cs_domains())));
	ASSERT_EQ(0, cs_online_cpu(3, true));
	EXPECT_TRUE(RC_WAIT(!strcmp("0-3|0-3|0-3|0-3|4-5|4-5||", cs_domains())));
}

/*
 * A set whose CPUs are lent to it for lost ones makes no domain; it does when the
 * same ones become its own.
 */
TEST_F(domains, lent)
{
	const char *a = cs_new(self->root, "4-6", "0");
	const char *b = a ? cs_new(a, "6", "0") : NULL;

	ASSERT_TRUE(!!b);
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	ASSERT_EQ(0, cs_write(a, "sched_load_balance", "0"));
	ASSERT_EQ(0, cs_online_cpu(6, false));
	ASSERT_TRUE(RC_WAIT(!strcmp("4-5", cs_read(b, "effective_cpus"))));
	EXPECT_STREQ(NONE, cs_domains());
	ASSERT_EQ(0, cs_write(b, "cpus", "4-5"));
	EXPECT_STREQ("||||4-5|4-5||", cs_domains());
	ASSERT_EQ(0, cs_online_cpu(6, true));
	EXPECT_STREQ("||||4-5|4-5||", cs_domains());
}

/*
 * A relaxed level cuts the search of a CPU that becomes idle: it stays in
 * smaller domains. -1 is what the system does by itself.
 */
TEST_F(domains, relax_domain_level)
{
	ASSERT_TRUE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
	ASSERT_TRUE(has_flag(0, 1, "SD_BALANCE_NEWIDLE"));
	ASSERT_EQ(0, cs_write(self->root, "sched_relax_domain_level", "1"));
	EXPECT_TRUE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
	EXPECT_FALSE(has_flag(0, 1, "SD_BALANCE_NEWIDLE"));
	ASSERT_EQ(0, cs_write(self->root, "sched_relax_domain_level", "0"));
	EXPECT_FALSE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
	ASSERT_EQ(0, cs_write(self->root, "sched_relax_domain_level", "-1"));
	EXPECT_TRUE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
	EXPECT_TRUE(has_flag(0, 1, "SD_BALANCE_NEWIDLE"));
}

/* Each domain has the level of its own group, the highest of those that share it. */
TEST_F(domains, relax_domain_level_of_groups)
{
	const char *a = cs_new(self->root, "0-3", "0");
	const char *b = cs_new(self->root, "4-7", "0");
	const char *c = cs_new(self->root, "4-5", "0");

	ASSERT_TRUE(a && b && c);
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	ASSERT_EQ(0, cs_write(a, "sched_relax_domain_level", "0"));
	EXPECT_FALSE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
	EXPECT_TRUE(has_flag(4, 0, "SD_BALANCE_NEWIDLE"));
	ASSERT_EQ(0, cs_write(b, "sched_relax_domain_level", "0"));
	EXPECT_FALSE(has_flag(4, 0, "SD_BALANCE_NEWIDLE"));
	ASSERT_EQ(0, cs_write(c, "sched_relax_domain_level", "1"));
	EXPECT_TRUE(has_flag(4, 0, "SD_BALANCE_NEWIDLE"));
	EXPECT_FALSE(has_flag(4, 1, "SD_BALANCE_NEWIDLE"));
	EXPECT_FALSE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
}

/* In a domain that is the root's, those of groups count while they have CPUs. */
TEST_F(domains, relax_domain_level_below)
{
	const char *a = cs_new(self->root, "0-3", "0");

	ASSERT_TRUE(!!a);
	ASSERT_EQ(0, cs_write(a, "sched_relax_domain_level", "0"));
	EXPECT_FALSE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
	ASSERT_EQ(0, cs_write(a, "cpus", ""));
	EXPECT_TRUE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
	ASSERT_EQ(0, cs_write(a, "cpus", "4"));
	EXPECT_FALSE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
	ASSERT_EQ(0, rc_rmdir(a));
	EXPECT_TRUE(has_flag(0, 0, "SD_BALANCE_NEWIDLE"));
}

/* A new group that begins with the CPUs of the one above is balanced from then on. */
TEST_F(domains, cloned)
{
	const char *a = cs_new(self->root, "0-3", "0");
	char dir[] = "/tmp/ksft-XXXXXX";

	ASSERT_TRUE(a && mkdtemp(dir));
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	ASSERT_EQ(0, cs_write(a, "sched_load_balance", "0"));
	ASSERT_STREQ(NONE, cs_domains());
	ASSERT_EQ(0, mount("none", dir, "cpuset", 0, NULL));
	EXPECT_EQ(0, cs_write(rc_fmt("%s%s", dir, a + strlen(self->root)),
			      "cgroup.clone_children", "1"));
	EXPECT_TRUE(!!cs_new(a, NULL, NULL));
	EXPECT_STREQ("0-3|0-3|0-3|0-3||||", cs_domains());
	EXPECT_EQ(0, umount(dir));
	EXPECT_EQ(0, rmdir(dir));
}

/* Many groups that overlap in turn are one; so are those that begin alike. */
TEST_F(domains, chain)
{
	int cpu;

	for (cpu = 0; cpu < 3; cpu++)
		ASSERT_TRUE(!!cs_new(self->root, rc_fmt("%d-%d", cpu, cpu + 1),
				     "0"));
	ASSERT_TRUE(!!cs_new(self->root, "6", "0"));
	ASSERT_TRUE(!!cs_new(self->root, "6-7", "0"));
	ASSERT_TRUE(!!cs_new(self->root, "6", "0"));
	ASSERT_EQ(0, cs_write(self->root, "sched_load_balance", "0"));
	EXPECT_STREQ("0-3|0-3|0-3|0-3|||6-7|6-7", cs_domains());
	/* One that joins both is the last that there is. */
	ASSERT_TRUE(!!cs_new(self->root, "3,7", "0"));
	EXPECT_STREQ("0-3,6-7|0-3,6-7|0-3,6-7|0-3,6-7|||0-3,6-7|0-3,6-7",
		     cs_domains());
}

TEST_HARNESS_MAIN
