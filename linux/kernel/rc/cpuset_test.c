// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of which cpus, mems and flags a set may have, and of when the page
 * allocator asks about it.
 */

#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "cpuset.h"

enum { PARENT, SET, SIBLING, CHILD, NR };

/**
 * struct cpuset_fixture - a small tree that no task is in
 * @cs: the sets; SET and SIBLING are below PARENT, CHILD below SET
 * @trial: what SET is to have
 */
struct cpuset_fixture {
	struct cpuset cs[NR];
	struct cpuset_conf trial;
};

static void set_conf(struct cpuset_conf *conf, unsigned long cpus,
		     unsigned long mems, unsigned long flags)
{
	cpumask_clear(conf->cpus);
	nodes_clear(conf->mems);
	for (unsigned int i = 0; i < BITS_PER_LONG; i++) {
		if (cpus & BIT(i))
			cpumask_set_cpu(i, conf->cpus);
		if (mems & BIT(i))
			node_set(i, conf->mems);
	}
	conf->flags = flags;
}

static int cpuset_test_init(struct kunit *test)
{
	struct cpuset_fixture *fix;
	int i;

	fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);
	if (!fix || !zalloc_cpumask_var(&fix->trial.cpus, GFP_KERNEL))
		return -ENOMEM;
	test->priv = fix;
	for (i = 0; i < NR; i++) {
		struct cpuset *cs = &fix->cs[i];

		INIT_LIST_HEAD(&cs->children);
		if (!zalloc_cpumask_var(&cs->conf.cpus, GFP_KERNEL))
			return -ENOMEM;
	}
	for (i = SET; i < NR; i++) {
		struct cpuset *cs = &fix->cs[i];
		struct cpuset *parent = &fix->cs[i == CHILD ? SET : PARENT];

		cs->st.parent = &parent->st;
		list_add_tail(&cs->node, &parent->children);
	}
	/* Above PARENT, whose own rules are of no concern here. */
	fix->cs[PARENT].st.parent = &top_cpuset.st;
	return 0;
}

static void cpuset_test_exit(struct kunit *test)
{
	struct cpuset_fixture *fix = test->priv;
	int i;

	for (i = 0; fix && i < NR; i++)
		free_cpumask_var(fix->cs[i].conf.cpus);
	if (fix)
		free_cpumask_var(fix->trial.cpus);
}

#define CPU_X	BIT(CS_CPU_EXCLUSIVE)
#define MEM_X	BIT(CS_MEM_EXCLUSIVE)

/**
 * struct cpuset_case - what SET asks for, and what the others have
 * @name: of the case
 * @parent: CPUs of PARENT, in units of one bit each
 * @sibling: CPUs of SIBLING
 * @child: CPUs of CHILD
 * @trial: CPUs that SET asks for
 * @flags: flags of each, and those SET asks for
 * @has_tasks: SET has tasks
 * @err: what it is told
 *
 * All ask for as many memory nodes, of the same numbers.
 */
struct cpuset_case {
	const char *name;
	unsigned long parent, sibling, child, trial;
	struct {
		unsigned long parent, sibling, child, trial;
	} flags;
	bool has_tasks;
	int err;
};

static const struct cpuset_case cpuset_cases[] = {
	{ "as the parent", 0xf, 0, 0, 0xf },
	{ "part of the parent", 0xf, 0, 0, 0x6 },
	{ "nothing", 0xf, 0, 0, 0 },
	{ "more than the parent", 0xf, 0, 0, 0x18, .err = -EACCES },
	{ "what the parent has not", 0xf, 0, 0, 0x10, .err = -EACCES },
	{ "as the child", 0xf, 0, 0x3, 0x3 },
	{ "less than the child", 0xf, 0, 0x3, 0x1, .err = -EBUSY },
	{ "nothing, with a child", 0xf, 0, 0x1, 0, .err = -EBUSY },
	{ "nothing, with tasks", 0xf, 0, 0, 0, .has_tasks = true,
	  .err = -ENOSPC },
	{ "something, with tasks", 0xf, 0, 0, 0x1, .has_tasks = true },
	{ "as the sibling", 0xf, 0x3, 0, 0x3 },
	{ "as an exclusive sibling", 0xf, 0x3, 0, 0x2,
	  .flags = { CPU_X, CPU_X }, .err = -EINVAL },
	{ "as a sibling with exclusive memory", 0xf, 0x3, 0, 0x2,
	  .flags = { MEM_X, MEM_X }, .err = -EINVAL },
	{ "beside an exclusive sibling", 0xf, 0x3, 0, 0xc,
	  .flags = { CPU_X | MEM_X, CPU_X | MEM_X } },
	{ "exclusive over a sibling", 0xf, 0x3, 0, 0x6,
	  .flags = { CPU_X, 0, 0, CPU_X }, .err = -EINVAL },
	{ "exclusive memory over a sibling", 0xf, 0x3, 0, 0x6,
	  .flags = { MEM_X, 0, 0, MEM_X }, .err = -EINVAL },
	{ "exclusive beside a sibling", 0xf, 0x3, 0, 0xc,
	  .flags = { CPU_X, 0, 0, CPU_X } },
	{ "exclusive and nothing", 0xf, 0x3, 0, 0,
	  .flags = { CPU_X, 0, 0, CPU_X } },
	{ "exclusive below one that is not", 0xf, 0, 0, 0x1,
	  .flags = { 0, 0, 0, CPU_X }, .err = -EACCES },
	{ "exclusive memory below none", 0xf, 0, 0, 0x1,
	  .flags = { CPU_X, 0, 0, MEM_X }, .err = -EACCES },
	{ "not exclusive above one that is", 0xf, 0, 0x1, 0x1,
	  .flags = { CPU_X, 0, CPU_X, 0 }, .err = -EBUSY },
	{ "exclusive above one that is", 0xf, 0, 0x1, 0x1,
	  .flags = { CPU_X, 0, CPU_X, CPU_X } },
	{ "all at once: the child comes first", 0x1, 0x2, 0x4, 0x2,
	  .flags = { 0, CPU_X }, .has_tasks = true, .err = -EBUSY },
};

static void cpuset_desc(const struct cpuset_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cpuset, cpuset_cases, cpuset_desc);

/* Each rule has its errno; what breaks none may be. */
static void cpuset_check_test(struct kunit *test)
{
	const struct cpuset_case *c = test->param_value;
	struct cpuset_fixture *fix = test->priv;

	set_conf(&fix->cs[PARENT].conf, c->parent, c->parent, c->flags.parent);
	set_conf(&fix->cs[SIBLING].conf, c->sibling, c->sibling,
		 c->flags.sibling);
	set_conf(&fix->cs[CHILD].conf, c->child, c->child, c->flags.child);
	fix->cs[PARENT].nr_exclusive =
		cpuset_is_exclusive(&fix->cs[SIBLING].conf);
	set_conf(&fix->trial, c->trial, c->trial, c->flags.trial);

	guard(cpus_read_lock)();
	guard(mutex)(&cpuset_mutex);
	KUNIT_EXPECT_EQ(test, c->err,
			cpuset_check(&fix->cs[SET], &fix->trial, c->has_tasks));
}

/* A walk comes to each set once, to parents first, and leaves out what it may. */
static void cpuset_walk_test(struct kunit *test)
{
	struct cpuset_fixture *fix = test->priv;
	struct cpuset *cs = &fix->cs[PARENT];

	guard(mutex)(&cpuset_mutex);
	cs = cpuset_next(cs, &fix->cs[PARENT], false);
	KUNIT_EXPECT_PTR_EQ(test, cs, &fix->cs[SET]);
	KUNIT_EXPECT_PTR_EQ(test, cpuset_next(cs, &fix->cs[PARENT], true),
			    &fix->cs[SIBLING]);
	KUNIT_EXPECT_NULL(test, cpuset_next(cs, cs, true));
	cs = cpuset_next(cs, &fix->cs[PARENT], false);
	KUNIT_EXPECT_PTR_EQ(test, cs, &fix->cs[CHILD]);
	KUNIT_EXPECT_NULL(test, cpuset_next(cs, &fix->cs[SET], false));
	cs = cpuset_next(cs, &fix->cs[PARENT], false);
	KUNIT_EXPECT_PTR_EQ(test, cs, &fix->cs[SIBLING]);
	KUNIT_EXPECT_NULL(test, cpuset_next(cs, &fix->cs[PARENT], false));
}

/* Does the page allocator ask, when a set has these nodes? */
static bool cpuset_asked(struct cpuset *cs, nodemask_t mems)
{
	cs->effective_mems = mems;
	cpuset_note_mems(cs);
	cpuset_update_keys();
	return cpusets_enabled();
}

/* Sets that have all nodes, or none, cost page faults nothing; others do. */
static void cpuset_keys_test(struct kunit *test)
{
	const nodemask_t all = top_cpuset.effective_mems;
	struct cpuset_fixture *fix = test->priv;
	struct cpuset *cs = &fix->cs[PARENT];
	nodemask_t part = all;

	node_clear(first_node(part), part);
	node_set(MAX_NUMNODES - 1, part);

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	list_add_tail(&cs->node, &top_cpuset.children);
	KUNIT_EXPECT_FALSE(test, cpuset_asked(cs, NODE_MASK_NONE));
	KUNIT_EXPECT_FALSE(test, cpuset_asked(cs, all));
	KUNIT_EXPECT_TRUE(test, cpuset_asked(cs, part));
	/* Not at once, for the next one. */
	KUNIT_EXPECT_TRUE(test, cpuset_asked(cs, all));
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	msleep(2 * MSEC_PER_SEC);
	KUNIT_EXPECT_FALSE(test, cpusets_enabled());

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	/* Has all nodes until one comes. */
	cpuset_node_coming = true;
	KUNIT_EXPECT_TRUE(test, cpuset_asked(cs, all));
	cpuset_node_coming = false;
	list_del_init(&cs->node);
	cpuset_note_mems(cs);
	cpuset_update_keys();
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	msleep(2 * MSEC_PER_SEC);
	KUNIT_EXPECT_FALSE(test, cpusets_enabled());
}

static struct kunit_case cpuset_test_cases[] = {
	KUNIT_CASE_PARAM(cpuset_check_test, cpuset_gen_params),
	KUNIT_CASE(cpuset_walk_test),
	KUNIT_CASE_SLOW(cpuset_keys_test),
	{ }
};

static struct kunit_suite cpuset_test_suite = {
	.name		= "rc_cpuset",
	.init		= cpuset_test_init,
	.exit		= cpuset_test_exit,
	.test_cases	= cpuset_test_cases,
};

kunit_test_suite(cpuset_test_suite);
