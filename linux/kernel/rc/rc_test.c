// SPDX-License-Identifier: GPL-2.0
/* KUnit tests of what the core can do without tasks: names, lists, sorting. */

#include <kunit/test.h>
#include <linux/init_task.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

struct rc_name_case {
	const char *name;
	bool group;
	bool hierarchy;
};

static const struct rc_name_case rc_name_cases[] = {
	{ "a", true, true },
	{ "a.b-c_d,e", true, true },
	{ "\xc3\xa9t\xc3\xa9", true, true },
	{ "\xa0", true, true },
	{ "a b", true, false },
	{ "a:b", true, false },
	{ "a\nb", false, false },
	{ "a\tb", false, false },
	{ "\x1b[2J", false, false },
	{ "a\x7f", false, false },
};

static void rc_name_desc(const struct rc_name_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%*pE", (int)strlen(c->name),
		 c->name);
}

KUNIT_ARRAY_PARAM(rc_name, rc_name_cases, rc_name_desc);

/* Names are judged byte by byte, and more strictly for hierarchies. */
static void rc_name_test(struct kunit *test)
{
	const struct rc_name_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rc_name_valid(c->name, false), c->group);
	KUNIT_EXPECT_EQ(test, rc_name_valid(c->name, true), c->hierarchy);
}

/* Ids are those of the table, names are unique, tops are there from boot on. */
static void rc_subsys_test(struct kunit *test)
{
	struct rc_subsys *ss, *other;
	unsigned int id, i;

	for_each_rc_subsys(ss, id) {
		KUNIT_EXPECT_EQ(test, ss->id, id);
		KUNIT_EXPECT_PTR_EQ(test, init_task.nsproxy->rc.state[id],
				    ss->top);
		for_each_rc_subsys(other, i)
			KUNIT_EXPECT_TRUE(test, i == id ||
					  strcmp(ss->name, other->name));
	}
	KUNIT_EXPECT_LE(test, rc_nr_subsys, CONFIG_RC_MAX_SUBSYS);
}

/* A list binds if each of its elements is a controller, and only then. */
static void rc_parse_test(struct kunit *test)
{
	unsigned long mask;
	char *twice;

	KUNIT_EXPECT_FALSE(test, rc_parse_subsys_list("", false, &mask));
	KUNIT_EXPECT_FALSE(test, rc_parse_subsys_list("no-such", false, &mask));
	KUNIT_EXPECT_FALSE(test, rc_parse_subsys_list(",", false, &mask));

	if (!rc_nr_subsys)
		return;
	KUNIT_EXPECT_TRUE(test, rc_parse_subsys_list(rc_subsys_by_id(0)->name, false,
						     &mask));
	KUNIT_EXPECT_EQ(test, mask, 1);

	twice = kunit_kzalloc(test, 256, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, twice);
	snprintf(twice, 256, "%s,%s", rc_subsys_by_id(0)->name,
		 rc_subsys_by_id(0)->name);
	KUNIT_EXPECT_TRUE(test, rc_parse_subsys_list(twice, false, &mask));
	KUNIT_EXPECT_EQ(test, mask, 1);
	snprintf(twice, 256, "%s,", rc_subsys_by_id(0)->name);
	KUNIT_EXPECT_FALSE(test, rc_parse_subsys_list(twice, false, &mask));
	snprintf(twice, 256, "%s,no-such", rc_subsys_by_id(0)->name);
	KUNIT_EXPECT_FALSE(test, rc_parse_subsys_list(twice, false, &mask));
	snprintf(twice, 256, "%sx", rc_subsys_by_id(0)->name);
	KUNIT_EXPECT_FALSE(test, rc_parse_subsys_list(twice, false, &mask));
}

static void rc_check_sorted(struct kunit *test, const pid_t *pid, size_t nr)
{
	size_t i;

	for (i = 1; i < nr; i++)
		if (pid[i] <= pid[i - 1])
			KUNIT_FAIL(test, "%d follows on %d", pid[i], pid[i - 1]);
}

/* Sorting a few ids that lie far apart. */
static void rc_sort_few_test(struct kunit *test)
{
	pid_t pid[] = { 4194303, 1, 70000, 1, 2, 4194303, 300 };
	size_t nr = rc_pids_sort(pid, ARRAY_SIZE(pid));

	KUNIT_ASSERT_EQ(test, nr, 5);
	rc_check_sorted(test, pid, nr);
	KUNIT_EXPECT_EQ(test, pid[0], 1);
	KUNIT_EXPECT_EQ(test, pid[4], 4194303);
	KUNIT_EXPECT_EQ(test, rc_pids_sort(pid, 0), 0);
	KUNIT_EXPECT_EQ(test, rc_pids_sort(pid, 1), 1);
}

/* Sorting many ids that lie close together, some twice. */
static void rc_sort_many_test(struct kunit *test)
{
	const size_t n = 5000;
	pid_t *pid = kunit_kcalloc(test, n, sizeof(*pid), GFP_KERNEL);
	size_t i, nr;

	KUNIT_ASSERT_NOT_NULL(test, pid);
	/* 7 and 4000 have no common factor: 4000 ids, the first 1000 twice. */
	for (i = 0; i < n; i++)
		pid[i] = 100 + i * 7 % 4000;
	nr = rc_pids_sort(pid, n);
	KUNIT_ASSERT_EQ(test, nr, 4000);
	rc_check_sorted(test, pid, nr);
	KUNIT_EXPECT_EQ(test, pid[0], 100);
	KUNIT_EXPECT_EQ(test, pid[nr - 1], 4099);
}

static struct kunit_case rc_test_cases[] = {
	KUNIT_CASE_PARAM(rc_name_test, rc_name_gen_params),
	KUNIT_CASE(rc_subsys_test),
	KUNIT_CASE(rc_parse_test),
	KUNIT_CASE(rc_sort_few_test),
	KUNIT_CASE(rc_sort_many_test),
	{}
};

static struct kunit_suite rc_test_suite = {
	.name = "rc",
	.test_cases = rc_test_cases,
};

kunit_test_suite(rc_test_suite);
