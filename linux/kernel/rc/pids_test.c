// SPDX-License-Identifier: GPL-2.0
/* KUnit tests of what is charged where when tasks come, go and move. */

#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "internal.h"
#include "pids.h"

enum { HIGH, MID, LOW, BESIDE, NR };

/**
 * struct pids_fixture - a small tree that no task is in
 * @pids: LOW is in MID, that and BESIDE in HIGH, which is in the root
 * @home: where tasks of each would be
 */
struct pids_fixture {
	struct pids *pids[NR];
	struct rc_home *home[NR];
};

/* Has what a home of tasks of this group has that the census looks at. */
static struct rc_home *home_make(struct kunit *test, struct rc_state *st)
{
	struct rc_home *home = kunit_kzalloc(test, sizeof(*home), GFP_KERNEL);

	if (home) {
		home->ns.rc.subsys = BIT(pids_subsys.id);
		home->ns.rc.state[pids_subsys.id] = st;
	}
	return home;
}

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
		fix->home[i] = home_make(test, st);
		if (!fix->home[i])
			return -ENOMEM;
	}
	return 0;
}

/* Which says so if something is left. */
static void pids_test_exit(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	int i = NR;

	while (fix && i--) {
		if (fix->home[i])
			rc_census_leave(fix->home[i]);
		if (fix->pids[i])
			pids_subsys.destroy(&fix->pids[i]->st);
	}
}

static int charge(struct rc_home *home, int nr)
{
	int err = 0;

	write_lock_irq(&tasklist_lock);
	for (; nr > 0 && !err; nr--)
		err = rc_census_birth(home, NULL);
	for (; nr < 0; nr++)
		rc_census_end(home, NULL);
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

	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 3), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->home[MID], 1), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->home[BESIDE], 2), 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 6432);
	charge(fix->home[LOW], -3);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 3102);
	charge(fix->home[MID], -1);
	charge(fix->home[BESIDE], -2);
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

	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 2), 0);
	for (full = HIGH; full <= LOW; full++) {
		for (other = HIGH; other <= LOW; other++)
			limit(fix->pids[other], other == full ? 2 : 7);
		KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 1), -EAGAIN);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 2220);
		limit(fix->pids[full], 1);
		KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 1), -EAGAIN);
		for (other = HIGH; other <= LOW; other++)
			limit(fix->pids[other], other == full ? 0 :
						PIDS_NO_LIMIT);
		KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 1), -EAGAIN);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 2220);
		limit(fix->pids[full], PIDS_NO_LIMIT);
	}
	KUNIT_EXPECT_EQ(test, fix->pids[LOW]->refused, 9);
	KUNIT_EXPECT_EQ(test, fix->pids[MID]->refused, 0);
	KUNIT_EXPECT_EQ(test, fix->pids[HIGH]->refused, 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_peak), 2220);
	charge(fix->home[LOW], -2);
}

/* The number stays what it is when a limit comes and goes. */
static void pids_limit_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	int i;

	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 1), 0);
	for (i = 0; i < 3; i++) {
		limit(fix->pids[MID], 9);
		KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 1), 0);
		limit(fix->pids[MID], 8);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), (2 + i) * 1110);
		limit(fix->pids[MID], PIDS_NO_LIMIT);
		KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), (2 + i) * 1110);
	}
	charge(fix->home[LOW], -2);
	limit(fix->pids[MID], 3);
	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 1), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 1), -EAGAIN);
	charge(fix->home[LOW], -3);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

struct pids_work {
	struct rc_home *home;
	int nr;
};

static long charge_here(void *arg)
{
	struct pids_work *work = arg;

	return charge(work->home, work->nr);
}

static long charge_on(unsigned int cpu, struct rc_home *home, int nr)
{
	struct pids_work work = { home, nr };

	return work_on_cpu(cpu, charge_here, &work);
}

/* Tasks are born on one CPU and reaped on another, again and again. */
static void pids_cpus_test(struct kunit *test)
{
	unsigned int first = cpumask_first(cpu_online_mask);
	unsigned int last = cpumask_last(cpu_online_mask);
	struct pids_fixture *fix = test->priv;
	struct rc_home *low = fix->home[LOW];
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

/* There are more homes than the census has notes of, beside a group with a limit. */
static void pids_notes_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	struct rc_home *many[100];
	int i;

	limit(fix->pids[LOW], 2);
	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 2), 0);
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = home_make(test, &fix->pids[MID]->st);
		KUNIT_ASSERT_NOT_NULL(test, many[i]);
		KUNIT_EXPECT_EQ(test, charge(many[i], 1 + i % 2), 0);
		KUNIT_EXPECT_EQ(test, charge(many[i], -(i % 2)), 0);
	}
	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 1), -EAGAIN);
	/* As digits, some of which carry. */
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 102 * 1100 + 20);
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		KUNIT_EXPECT_EQ(test, charge(many[i], -1), 0);
		rc_census_leave(many[i]);
		KUNIT_EXPECT_TRUE(test, hlist_unhashed(&many[i]->noted));
	}
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 2220);
	charge(fix->home[LOW], -2);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

/* A home that ends in notes leaves nothing behind, and takes nothing with it. */
static void pids_home_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	struct rc_home *home = home_make(test, &fix->pids[LOW]->st);

	KUNIT_ASSERT_NOT_NULL(test, home);
	KUNIT_EXPECT_EQ(test, charge(home, 3), 0);
	KUNIT_EXPECT_EQ(test, fix->pids[LOW]->count, 0);
	rc_census_leave(home);
	KUNIT_EXPECT_EQ(test, home->untold, 0);
	KUNIT_EXPECT_EQ(test, fix->pids[LOW]->count, 3);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 3330);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_peak), 3330);
	charge(fix->home[LOW], -3);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

/* What a table of groups has of it, as a number. */
static long column(struct kunit *test, struct pids *pids)
{
	const struct rc_file *file = pids_subsys.files;
	char text[32] = "";
	struct seq_file m = { .buf = text, .size = sizeof(text) };
	long number = -1;

	while (strcmp(file->name, "pids.current"))
		file++;
	file->column(&m, &pids->st);
	KUNIT_EXPECT_EQ(test, kstrtol(text, 10, &number), 0);
	return number;
}

/* A table shows what was not told, with and without a limit on the way, and has nothing told. */
static void pids_column_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 3), 0);
		KUNIT_EXPECT_EQ(test, charge(fix->home[BESIDE], 2), 0);
		KUNIT_EXPECT_EQ(test, column(test, fix->pids[LOW]), 3);
		KUNIT_EXPECT_EQ(test, column(test, fix->pids[MID]), 3);
		KUNIT_EXPECT_EQ(test, column(test, fix->pids[BESIDE]), 2);
		KUNIT_EXPECT_EQ(test, column(test, fix->pids[HIGH]), 5);
		KUNIT_EXPECT_EQ(test, fix->home[BESIDE]->untold, 2);
		KUNIT_EXPECT_EQ(test, fix->pids[HIGH]->count, 0);
		charge(fix->home[LOW], -3);
		charge(fix->home[BESIDE], -2);
		KUNIT_EXPECT_EQ(test, column(test, fix->pids[HIGH]), 0);
		/* From here on, LOW is told of each up to MID, and together above it. */
		limit(fix->pids[MID], 9);
	}
}

/* How often count_and_tell() has all told, while somebody adds up what was not. */
static unsigned int tells;

static bool count_and_tell(const struct rc_state *of, const struct rc_state *in)
{
	if (tells) {
		tells--;
		write_lock_irq(&tasklist_lock);
		rc_census_tell();
		write_unlock_irq(&tasklist_lock);
	}
	return true;
}

/* Who adds up what was noted sees that it was told meanwhile, and looks again. */
static void pids_told_meanwhile_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	struct pids *high = fix->pids[HIGH];

	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 3), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->home[BESIDE], 2), 0);
	tells = 1;
	KUNIT_EXPECT_EQ(test, rc_census_peek(&pids_subsys, &high->st, count_and_tell,
					     &high->count), 5);
	KUNIT_EXPECT_EQ(test, tells, 0);
	KUNIT_EXPECT_EQ(test, high->count, 5);
	charge(fix->home[LOW], -3);
	charge(fix->home[BESIDE], -2);
}

/*
 * Above a limit nobody pays for each birth; the peak is of numbers that there were,
 * not of parts that were told.
 */
static void pids_above_limit_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;

	limit(fix->pids[LOW], 5);
	KUNIT_EXPECT_EQ(test, charge(fix->home[BESIDE], 4), 0);
	write_lock_irq(&tasklist_lock);
	rc_census_tell();
	/* The rest is in this tick, if it does not end just now. */
	write_unlock_irq(&tasklist_lock);
	charge(fix->home[BESIDE], -4);
	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 3), 0);
	KUNIT_EXPECT_EQ(test, fix->pids[LOW]->count, 3);
	KUNIT_EXPECT_EQ(test, fix->pids[MID]->count, 0);
	charge(fix->home[LOW], -1);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 2220);
	write_lock_irq(&tasklist_lock);
	rc_census_tell();
	write_unlock_irq(&tasklist_lock);
	KUNIT_EXPECT_EQ(test, fix->pids[HIGH]->peak, 4);
	KUNIT_EXPECT_EQ(test, fix->pids[LOW]->peak, 3);
	charge(fix->home[LOW], -2);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

/* With a limit, the peak is the highest number that there has been. */
static void pids_peak_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;
	int i;

	for (i = 0; i < NR; i++)
		limit(fix->pids[i], 5);
	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 4), 0);
	charge(fix->home[LOW], -4);
	KUNIT_EXPECT_EQ(test, charge(fix->home[MID], 5), 0);
	KUNIT_EXPECT_EQ(test, charge(fix->home[MID], 1), -EAGAIN);
	charge(fix->home[MID], -5);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_peak), 5540);
}

/* What there was under a limit is in the peak when there is no limit any more. */
static void pids_peak_unlimited_test(struct kunit *test)
{
	struct pids_fixture *fix = test->priv;

	limit(fix->pids[HIGH], 5);
	KUNIT_EXPECT_EQ(test, charge(fix->home[LOW], 4), 0);
	limit(fix->pids[HIGH], PIDS_NO_LIMIT);
	charge(fix->home[LOW], -4);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_peak), 4440);
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

	if (c->from >= 0) {
		from = &fix->pids[c->from]->st;
		charge(fix->home[c->from], 1);
	}
	if (c->to >= 0)
		to = &fix->pids[c->to]->st;
	before = numbers(test, pids_sum);
	KUNIT_EXPECT_EQ(test, pids_subsys.can_attach(to, from, NULL), 0);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), c->between);
	pids_subsys.cancel_attach(to, from, NULL);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), before);
	KUNIT_EXPECT_EQ(test, pids_subsys.can_attach(to, from, NULL), 0);
	pids_subsys.attach(to, from, NULL);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), c->after);
	if (c->to >= 0)
		charge(fix->home[c->to], -1);
	KUNIT_EXPECT_EQ(test, numbers(test, pids_sum), 0);
}

static struct kunit_case pids_cases[] = {
	KUNIT_CASE(pids_charge_test),
	KUNIT_CASE(pids_refuse_test),
	KUNIT_CASE(pids_limit_test),
	KUNIT_CASE(pids_cpus_test),
	KUNIT_CASE(pids_notes_test),
	KUNIT_CASE(pids_home_test),
	KUNIT_CASE(pids_column_test),
	KUNIT_CASE(pids_told_meanwhile_test),
	KUNIT_CASE(pids_above_limit_test),
	KUNIT_CASE(pids_peak_test),
	KUNIT_CASE(pids_peak_unlimited_test),
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
