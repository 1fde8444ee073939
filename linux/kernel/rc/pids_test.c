// SPDX-License-Identifier: GPL-2.0
/* KUnit tests of what is charged where when tasks come, go and move. */

#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "pids.h"

enum { HIGH, MID, LOW, BESIDE, NR };

/**
 * struct pids_fixture - a small tree that no task is in
 * @pids: LOW is in MID, that and BESIDE in HIGH, which is in the root
 */
struct pids_fixture {
	struct pids *pids[NR];
};

static int pids_test_init(struct kunit *test)
{
	static const int parents[NR] = { -1, HIGH, MID, HIGH };
	struct pids_fixture *fix;
	int i;

	fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);
	if (!fix)
		return -ENOMEM;
	test->priv = fix;
	for (i = 0; i < NR; i++) {
		struct rc_state *above = pids_subsys.top, *st;

		if (i)
			above = &fix->pids[parents[i]]->st;
		st = pids_subsys.create(above);
		if (IS_ERR(st))
			return PTR_ERR(st);
		st->parent = above;
		fix->pids[i] = container_of(st, struct pids, st);
	}
	return 0;
}

/* Which says so if something is left. */
static void pids_test_exit(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	int i = NR;

	while (fix && i--)
		if (fix->pids[i])
			pids_subsys.destroy(&fix->pids[i]->st);
}

static int charge(struct pids *pids, int nr)
{
	int err = 0;

	write_lock_irq(&tasklist_lock);
	for (; nr > 0 && !err; nr--)
		err = pids_try_charge(pids);
	for (; nr < 0; nr++)
		pids_uncharge(pids);
	write_unlock_irq(&tasklist_lock);
	return err;
}

static void limit(struct pids *pids, int limit)
{
	write_lock_irq(&tasklist_lock);
	pids_set_limit(pids, limit);
	write_unlock_irq(&tasklist_lock);
}

/* Of all of them, as digits: HIGH, MID, LOW, BESIDE. */
static long numbers(struct kunit *test, long (*number)(const struct pids *pids))
{
	struct pids_fixture *fix = test->priv;
	long all = 0;
	int i;

	read_lock(&tasklist_lock);
	for (i = 0; i < NR; i++)
		all = all * 10 + number(fix->pids[i]);
	read_unlock(&tasklist_lock);
	return all;
}

/* What is charged to a group is charged to those above it. */
static void pids_charge_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;

	KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 3), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->pids[MID], 1), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->pids[BESIDE], 2), 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 6432);
	charge(fix->pids[LOW], -3);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 3102);
	charge(fix->pids[MID], -1);
	charge(fix->pids[BESIDE], -2);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

/*
 * Where it is refused, at whatever height, nothing is left, above and below; and it is
 * the group that has asked which notes that.
 */
static void pids_refuse_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	int full, other;

	KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 2), 0);
	for (full = HIGH; full <= LOW; full++) {
		for (other = HIGH; other <= LOW; other++)
			limit(fix->pids[other], other == full ? 2 : 7);
		KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 1), -EAGAIN);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 2220);
		limit(fix->pids[full], 1);
		KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 1), -EAGAIN);
		for (other = HIGH; other <= LOW; other++)
			limit(fix->pids[other], other == full ? 0 :
						PIDS_NO_LIMIT);
		KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 1), -EAGAIN);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 2220);
		limit(fix->pids[full], PIDS_NO_LIMIT);
	}
	KUNIT_EXPECT_EQ(test, fix->pids[LOW]->refused, 9);
	KUNIT_EXPECT_EQ(test, fix->pids[MID]->refused, 0);
	KUNIT_EXPECT_EQ(test, fix->pids[HIGH]->refused, 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_peak), 2220);
	charge(fix->pids[LOW], -2);
}

/* The number stays what it is when a limit comes and goes. */
static void pids_limit_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	int i;

	KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 1), 0);
	for (i = 0; i < 3; i++) {
		limit(fix->pids[MID], 9);
		KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 1), 0);
		limit(fix->pids[MID], 8);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), (2 + i) * 1110);
		limit(fix->pids[MID], PIDS_NO_LIMIT);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), (2 + i) * 1110);
	}
	charge(fix->pids[LOW], -2);
	limit(fix->pids[MID], 3);
	KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 1), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 1), -EAGAIN);
	charge(fix->pids[LOW], -3);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

struct pids_work {
	struct pids *pids;
	int nr;
};

static long charge_here(void *arg)
{
	struct pids_work *work = arg;

	return charge(work->pids, work->nr);
}

static long charge_on(unsigned int cpu, struct pids *pids, int nr)
{
	struct pids_work work = { pids, nr };

	return work_on_cpu(cpu, charge_here, &work);
}

/* Tasks are born on one CPU and reaped on another, again and again. */
static void pids_cpus_test(struct kunit *test)
{
	unsigned int first = cpumask_first(cpu_online_mask);
	unsigned int last = cpumask_last(cpu_online_mask);
	struct pids_fixture *fix = test->priv;
	struct pids *low = fix->pids[LOW];
	int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, charge_on(first, low, 3), 0);
		KUNIT_EXPECT_EQ(test, charge_on(last, low, -2), 0);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 1110 * (i + 1));
	}
	limit(fix->pids[HIGH], 4);
	KUNIT_EXPECT_EQ(test, charge_on(last, low, 1), 0);
	KUNIT_EXPECT_EQ(test, charge_on(first, low, 1), -EAGAIN);
	limit(fix->pids[HIGH], PIDS_NO_LIMIT);
	KUNIT_EXPECT_EQ(test, charge_on(last, low, -4), 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

/* There are more groups than a CPU has notes of, beside one with a limit. */
static void pids_notes_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	struct pids *mid = fix->pids[MID], *many[6];
	struct rc_state *st;
	int i;

	limit(fix->pids[LOW], 2);
	KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 2), 0);
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		st = pids_subsys.create(&mid->st);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, st);
		st->parent = &mid->st;
		many[i] = container_of(st, struct pids, st);
		KUNIT_EXPECT_EQ(test, charge(many[i], 1), 0);
	}
	KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 8820);
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		charge(many[i], -1);
		pids_subsys.destroy(&many[i]->st);
	}
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 2220);
	charge(fix->pids[LOW], -2);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

/* With a limit, the peak is the highest number that there has been. */
static void pids_peak_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	int i;

	for (i = 0; i < NR; i++)
		limit(fix->pids[i], 5);
	KUNIT_EXPECT_EQ(test, charge(fix->pids[LOW], 4), 0);
	charge(fix->pids[LOW], -4);
	KUNIT_EXPECT_EQ(test, charge(fix->pids[MID], 5), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->pids[MID], 1), -EAGAIN);
	charge(fix->pids[MID], -5);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_peak), 5540);
}

struct pids_move_case {
	int from, to;
	/* When it is on its way, and when it has come; digits as in numbers(). */
	long between, after;
};

/* -1 is the root. */
static const struct pids_move_case pids_move_cases[] = {
	{ -1, LOW, 1110, 1110 },
	{ LOW, -1, 1110, 0 },
	{ LOW, MID, 1110, 1100 },
	{ MID, LOW, 1110, 1110 },
	{ LOW, BESIDE, 1111, 1001 },
	{ BESIDE, LOW, 1111, 1110 },
	{ BESIDE, HIGH, 1001, 1000 },
	{ HIGH, MID, 1100, 1100 },
};

static void pids_move_desc(const struct pids_move_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d to %d", c->from, c->to);
}

KUNIT_ARRAY_PARAM(pids_move, pids_move_cases, pids_move_desc);

/*
 * Who moves counts where it comes from and where it goes to, and once above both; in
 * the end, or if it does not move after all, in one of them.
 */
static void pids_move_test(struct kunit *test)
{
	const struct pids_move_case *c = test->param_value;
	struct pids_fixture *fix = test->priv;
	struct rc_state *from = pids_subsys.top, *to = pids_subsys.top;
	long before;

	if (c->from >= 0)
		from = &fix->pids[c->from]->st;
	if (c->to >= 0)
		to = &fix->pids[c->to]->st;
	charge(container_of(from, struct pids, st), 1);
	before = numbers(test, pids_sum);
	KUNIT_EXPECT_EQ(test, pids_subsys.can_attach(to, from, NULL), 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), c->between);
	pids_subsys.cancel_attach(to, from, NULL);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), before);
	KUNIT_EXPECT_EQ(test, pids_subsys.can_attach(to, from, NULL), 0);
	pids_subsys.attach(to, from, NULL);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), c->after);
	charge(container_of(to, struct pids, st), -1);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

static struct kunit_case pids_cases[] = {
	KUNIT_CASE(pids_charge_test),
	KUNIT_CASE(pids_refuse_test),
	KUNIT_CASE(pids_limit_test),
	KUNIT_CASE(pids_cpus_test),
	KUNIT_CASE(pids_notes_test),
	KUNIT_CASE(pids_peak_test),
	KUNIT_CASE_PARAM(pids_move_test, pids_move_gen_params),
	{ }
};

static struct kunit_suite pids_suite = {
	.name = "rc_pids",
	.init = pids_test_init,
	.exit = pids_test_exit,
	.test_cases = pids_cases,
};

kunit_test_suite(pids_suite);
