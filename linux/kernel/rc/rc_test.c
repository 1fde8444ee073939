// SPDX-License-Identifier: GPL-2.0
/* KUnit tests of what the core can do without tasks: names, lists, binding. */

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

struct rc_list_case {
	const char *format;
	bool name;
	bool file;
	unsigned long mask;
};

/* A and B stand for the names of the first two controllers. */
static const struct rc_list_case rc_list_cases[] = {
	{ "A", true, true, 1 },
	{ "B", true, true, 2 },
	{ "A,B", true, true, 3 },
	{ "B,A", true, true, 3 },
	{ "A,A", true, true, 1 },
	{ "", false, true, 0 },
	{ " ", false, true, 0 },
	{ ",", false, true, 0 },
	{ "A,", false, true, 1 },
	{ ",A", false, true, 1 },
	{ "A,,B", false, true, 3 },
	{ "A B", false, true, 3 },
	{ "A\tB", false, true, 3 },
	{ " A , B ", false, true, 3 },
	{ "A\nB", false, false, 0 },
	{ "A;B", false, false, 0 },
	{ "Ax", false, false, 0 },
	{ "xA", false, false, 0 },
	{ "A,no-such", false, false, 0 },
	{ "no-such A", false, false, 0 },
};

static void rc_list_desc(const struct rc_list_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "'%*pE'", (int)strlen(c->format),
		 c->format);
}

KUNIT_ARRAY_PARAM(rc_list, rc_list_cases, rc_list_desc);

/*
 * A list is good if each element is a controller. In the name of a hierarchy,
 * one comma separates two; what is written to a file may have blanks, and more
 * or no elements.
 */
static void rc_list_test(struct kunit *test)
{
	const struct rc_list_case *c = test->param_value;
	unsigned long mask;
	char *list, *p;
	const char *f;

	if (rc_nr_subsys < 2)
		kunit_skip(test, "less than two controllers");
	list = kunit_kzalloc(test, 256, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	p = list;
	for (f = c->format; *f; f++) {
		if (*f == 'A' || *f == 'B')
			p += sprintf(p, "%s", rc_subsys_by_id(*f - 'A')->name);
		else
			*p++ = *f;
	}

	KUNIT_EXPECT_EQ(test, rc_parse_subsys_list(list, false, &mask), c->name);
	if (c->name)
		KUNIT_EXPECT_EQ(test, mask, c->mask);
	KUNIT_EXPECT_EQ(test, rc_parse_subsys_list(list, true, &mask), c->file);
	if (c->file)
		KUNIT_EXPECT_EQ(test, mask, c->mask);
}

/*
 * Binding. Nobody else sees the groups that these tests make, as they hold
 * rc_mutex from beginning to end; hence nothing here may end a test early.
 */

/**
 * struct rc_bind_test - hierarchies and controllers
 * @a: a controller that is not bound
 * @b: another one
 * @plain: a hierarchy without controllers
 */
struct rc_bind_test {
	struct rc_subsys *a;
	struct rc_subsys *b;
	struct rc_group *plain;
};

static struct rc_group *rc_make(struct kunit *test, struct rc_group *parent,
				const char *name, int want)
{
	struct rc_group *grp = rc_group_create(parent, name);
	int err = PTR_ERR_OR_ZERO(grp);

	if (!err) {
		err = rc_group_bind(grp);
		if (err)
			rc_group_put(grp);
		else
			rc_group_publish(grp);
	}
	KUNIT_EXPECT_EQ_MSG(test, err, want, "%s", name);
	return err ? NULL : grp;
}

static void rc_drop(struct kunit *test, struct rc_group *grp)
{
	if (!grp)
		return;
	KUNIT_EXPECT_EQ(test, rc_group_remove(grp), 0);
	rc_group_removed(grp);
}

/* The last two controllers are for debugging, if there are such. */
static bool rc_bind_begin(struct kunit *test, struct rc_bind_test *t)
{
	if (rc_nr_subsys < 2)
		kunit_skip(test, "less than two controllers");
	t->a = rc_subsys_by_id(rc_nr_subsys - 2);
	t->b = rc_subsys_by_id(rc_nr_subsys - 1);
	mutex_lock(&rc_mutex);
	if (!t->a->hier && !t->b->hier && rc_subsys_enabled(t->a) &&
	    rc_subsys_enabled(t->b)) {
		t->plain = rc_make(test, &rc_top, "kunit", 0);
		if (t->plain)
			return true;
	}
	mutex_unlock(&rc_mutex);
	kunit_skip(test, "controllers or hierarchies are in use");
	return false;
}

static void rc_bind_end(struct kunit *test, struct rc_bind_test *t)
{
	rc_drop(test, t->plain);
	KUNIT_EXPECT_NULL(test, t->a->hier);
	KUNIT_EXPECT_NULL(test, t->b->hier);
	KUNIT_EXPECT_NULL(test, t->a->top->group);
	KUNIT_EXPECT_NULL(test, t->b->top->group);
	mutex_unlock(&rc_mutex);
}

/* A controller is bound to one hierarchy; if one of two is, neither is bound. */
static void rc_bind_name_test(struct kunit *test)
{
	struct rc_bind_test t;
	struct rc_group *root;
	char name[128];

	if (!rc_bind_begin(test, &t))
		return;
	root = rc_make(test, &rc_top, t.b->name, 0);
	if (root) {
		KUNIT_EXPECT_PTR_EQ(test, t.b->hier, root->hier);
		KUNIT_EXPECT_PTR_EQ(test, t.b->top->group, root);
		KUNIT_EXPECT_EQ(test, root->hier->subsys_mask, BIT(t.b->id));
	}
	snprintf(name, sizeof(name), "%s,%s", t.a->name, t.b->name);
	rc_make(test, &rc_top, name, -EBUSY);
	KUNIT_EXPECT_NULL(test, t.a->hier);
	rc_drop(test, root);
	rc_bind_end(test, &t);
}

/* Rebinding shows when it is complete, and can be taken back until then. */
static void rc_rebind_test(struct kunit *test)
{
	struct rc_hierarchy *hier;
	struct rc_bind_test t;

	if (!rc_bind_begin(test, &t))
		return;
	hier = t.plain->hier;
	KUNIT_EXPECT_EQ(test, rc_rebind_begin(hier, BIT(t.a->id)), 0);
	KUNIT_EXPECT_EQ(test, hier->subsys_mask, 0);
	rc_rebind_abort(hier, BIT(t.a->id));
	KUNIT_EXPECT_NULL(test, t.a->hier);

	KUNIT_EXPECT_EQ(test, rc_rebind_begin(hier, BIT(t.a->id)), 0);
	rc_rebind_commit(hier, BIT(t.a->id));
	KUNIT_EXPECT_PTR_EQ(test, t.a->hier, hier);
	KUNIT_EXPECT_EQ(test, hier->subsys_mask, BIT(t.a->id));

	KUNIT_EXPECT_EQ(test, rc_rebind_begin(hier, BIT(t.b->id)), 0);
	KUNIT_EXPECT_PTR_EQ(test, t.a->hier, hier);
	rc_rebind_commit(hier, BIT(t.b->id));
	KUNIT_EXPECT_NULL(test, t.a->hier);
	KUNIT_EXPECT_PTR_EQ(test, t.b->hier, hier);
	rc_bind_end(test, &t);
}

/* A hierarchy with groups keeps its controllers, and none is taken from it. */
static void rc_rebind_busy_test(struct kunit *test)
{
	struct rc_group *other, *grp;
	struct rc_bind_test t;

	if (!rc_bind_begin(test, &t))
		return;
	other = rc_make(test, &rc_top, t.a->name, 0);
	KUNIT_EXPECT_EQ(test, rc_rebind_begin(t.plain->hier, BIT(t.a->id)),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, rc_rebind_begin(t.plain->hier, BIT(t.a->id) |
					      BIT(t.b->id)), -EBUSY);
	KUNIT_EXPECT_NULL(test, t.b->hier);

	grp = rc_make(test, t.plain, "a", 0);
	KUNIT_EXPECT_EQ(test, rc_rebind_begin(t.plain->hier, BIT(t.b->id)),
			-EBUSY);
	KUNIT_EXPECT_NULL(test, t.b->hier);
	KUNIT_EXPECT_EQ(test, rc_group_remove(t.plain), -EBUSY);
	rc_drop(test, grp);
	KUNIT_EXPECT_EQ(test, rc_rebind_begin(t.plain->hier, BIT(t.b->id)), 0);
	rc_rebind_commit(t.plain->hier, BIT(t.b->id));
	rc_drop(test, other);
	rc_bind_end(test, &t);
}

/* There are groups to a depth, and hierarchies to a number, and no more. */
static void rc_limits_test(struct kunit *test)
{
	struct rc_group *grp[RC_MAX_DEPTH + 1], *root[CONFIG_RC_MAX_HIERARCHIES];
	struct rc_bind_test t;
	unsigned int i, nr;
	char name[16];

	if (!rc_bind_begin(test, &t))
		return;
	grp[0] = t.plain;
	for (i = 0; i < RC_MAX_DEPTH && grp[i]; i++)
		grp[i + 1] = rc_make(test, grp[i], "a", 0);
	if (grp[i])
		rc_make(test, grp[i], "a", -ENOSPC);
	for (; i; i--)
		rc_drop(test, grp[i]);

	for (nr = 0; nr < ARRAY_SIZE(root); nr++) {
		struct rc_group *new;

		snprintf(name, sizeof(name), "kunit%u", nr);
		new = rc_group_create(&rc_top, name);
		if (IS_ERR(new)) {
			KUNIT_EXPECT_EQ(test, PTR_ERR(new), -ENOSPC);
			break;
		}
		KUNIT_EXPECT_EQ(test, rc_group_bind(new), 0);
		rc_group_publish(new);
		root[nr] = new;
	}
	/* One of the slots is the plain hierarchy's. */
	KUNIT_EXPECT_LT(test, nr, ARRAY_SIZE(root));
	while (nr--)
		rc_drop(test, root[nr]);
	rc_bind_end(test, &t);
}

/* Goes on from @pos; the names of the groups that it comes to are these. */
static void rc_check_walk(struct kunit *test, struct rc_group *pos,
			  struct rc_group *top, u64 newest, bool below,
			  const char *names)
{
	struct rc_group *grp = rc_group_get(pos);
	char met[16];
	size_t nr = 0;

	while ((grp = rc_group_walk(grp, top, newest, below)) &&
	       nr < sizeof(met) - 1) {
		met[nr++] = *rc_group_name(grp);
		below = true;
	}
	met[nr] = '\0';
	KUNIT_EXPECT_STREQ(test, met, names);
}

/* Parents first, siblings by age; goes on from what was removed, and has its end. */
static void rc_walk_test(struct kunit *test)
{
	struct rc_group *x, *y, *b, *a, *late;
	struct rc_bind_test t;
	u64 newest;

	if (!rc_bind_begin(test, &t))
		return;
	b = rc_make(test, t.plain, "b", 0);
	x = rc_make(test, b, "x", 0);
	a = rc_make(test, t.plain, "a", 0);
	y = rc_make(test, x, "y", 0);
	newest = rc_newest_serial();
	late = rc_make(test, b, "late", 0);
	rc_check_walk(test, t.plain, t.plain, newest, true, "bxya");
	rc_check_walk(test, t.plain, t.plain, U64_MAX, true, "bxyla");
	rc_check_walk(test, t.plain, t.plain, newest, false, "");
	rc_check_walk(test, b, b, newest, true, "xy");
	rc_check_walk(test, b, t.plain, newest, false, "a");
	rc_check_walk(test, x, t.plain, newest, false, "a");
	rc_group_get(y);
	rc_drop(test, y);
	rc_check_walk(test, y, t.plain, newest, true, "a");
	rc_check_walk(test, y, b, U64_MAX, true, "l");
	rc_group_put(y);
	rc_drop(test, late);
	rc_drop(test, x);
	rc_drop(test, b);
	rc_drop(test, a);
	rc_bind_end(test, &t);
}

/* What is frozen above is so below, new groups too; a walk comes to all, parents first. */
static void rc_freeze_test(struct kunit *test)
{
	struct rc_group *a, *b, *c, *late;
	struct rc_bind_test t;

	if (!rc_bind_begin(test, &t))
		return;
	a = rc_make(test, t.plain, "a", 0);
	b = a ? rc_make(test, a, "b", 0) : NULL;
	c = rc_make(test, t.plain, "c", 0);
	if (!a || !b || !c)
		goto out;
	KUNIT_EXPECT_PTR_EQ(test, rc_tree_walk(t.plain, t.plain, false), a);
	KUNIT_EXPECT_PTR_EQ(test, rc_tree_walk(a, t.plain, false), b);
	KUNIT_EXPECT_PTR_EQ(test, rc_tree_walk(b, t.plain, false), c);
	KUNIT_EXPECT_NULL(test, rc_tree_walk(c, t.plain, false));
	KUNIT_EXPECT_NULL(test, rc_tree_walk(b, a, false));
	KUNIT_EXPECT_NULL(test, rc_tree_walk(t.plain, t.plain, true));

	rc_set_freeze(a, true);
	rc_set_freeze(b, true);
	rc_set_freeze(b, true);
	KUNIT_EXPECT_EQ(test, a->freezers, 1);
	KUNIT_EXPECT_EQ(test, b->freezers, 2);
	KUNIT_EXPECT_EQ(test, c->freezers, 0);
	late = rc_make(test, b, "late", 0);
	if (late) {
		KUNIT_EXPECT_EQ(test, late->freezers, 2);
		KUNIT_EXPECT_TRUE(test, late->frozen);
	}
	rc_set_freeze(a, false);
	KUNIT_EXPECT_EQ(test, a->freezers, 0);
	KUNIT_EXPECT_EQ(test, b->freezers, 1);
	KUNIT_EXPECT_FALSE(test, a->frozen);
	if (late)
		KUNIT_EXPECT_EQ(test, late->freezers, 1);
	rc_drop(test, late);
out:
	rc_drop(test, b);
	rc_drop(test, a);
	rc_drop(test, c);
	rc_bind_end(test, &t);
}

/* Each id once, in ascending order; returns how many. */
static size_t rc_check_sorted(struct kunit *test, const struct rc_pids *pids)
{
	size_t pos, nr = 0;
	pid_t last = 0;

	for (pos = 0; (pos = rc_pids_next(pids, pos)) < rc_pids_end(pids); pos++) {
		pid_t pid = rc_pids_at(pids, pos);

		if (pid <= last)
			KUNIT_FAIL(test, "%d follows on %d", pid, last);
		last = pid;
		nr++;
	}
	KUNIT_EXPECT_EQ(test, nr, pids->nr);
	return nr;
}

static bool rc_pid_is_odd(pid_t pid, void *arg)
{
	return pid % 2;
}

/* A few ids that lie far apart. */
static void rc_pids_few_test(struct kunit *test)
{
	pid_t pid[] = { 4194303, 1, 70000, 1, 2, 4194303, 300 };
	struct rc_pids pids;

	KUNIT_ASSERT_EQ(test, rc_pids_pack(&pids, pid, ARRAY_SIZE(pid)), 0);
	KUNIT_EXPECT_EQ(test, pids.bits, 0);
	KUNIT_ASSERT_EQ(test, rc_check_sorted(test, &pids), 5);
	KUNIT_EXPECT_EQ(test, rc_pids_at(&pids, 0), 1);
	KUNIT_EXPECT_EQ(test, rc_pids_at(&pids, 4), 4194303);
	rc_pids_filter(&pids, rc_pid_is_odd, NULL);
	KUNIT_ASSERT_EQ(test, rc_check_sorted(test, &pids), 2);
	KUNIT_EXPECT_EQ(test, rc_pids_at(&pids, 1), 4194303);
	rc_pids_free(&pids);

	KUNIT_ASSERT_EQ(test, rc_pids_pack(&pids, pid, 0), 0);
	KUNIT_EXPECT_EQ(test, rc_pids_end(&pids), 0);
	rc_pids_free(&pids);
	KUNIT_ASSERT_EQ(test, rc_pids_pack(&pids, pid, 1), 0);
	KUNIT_EXPECT_EQ(test, rc_check_sorted(test, &pids), 1);
	rc_pids_free(&pids);
}

/* Many ids that lie close together, some twice. */
static void rc_pids_many_test(struct kunit *test)
{
	const size_t n = 5000;
	pid_t *pid = kunit_kcalloc(test, n, sizeof(*pid), GFP_KERNEL);
	struct rc_pids pids;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, pid);
	/* 7 and 4000 have no common factor: 4000 ids, the first 1000 twice. */
	for (i = 0; i < n; i++)
		pid[i] = 100 + i * 7 % 4000;
	KUNIT_ASSERT_EQ(test, rc_pids_pack(&pids, pid, n), 0);
	KUNIT_EXPECT_EQ(test, pids.bits, 4000);
	KUNIT_ASSERT_EQ(test, rc_check_sorted(test, &pids), 4000);
	KUNIT_EXPECT_EQ(test, rc_pids_at(&pids, 0), 100);
	KUNIT_EXPECT_EQ(test, rc_pids_at(&pids, 3999), 4099);
	rc_pids_filter(&pids, rc_pid_is_odd, NULL);
	KUNIT_ASSERT_EQ(test, rc_check_sorted(test, &pids), 2000);
	KUNIT_EXPECT_EQ(test, rc_pids_at(&pids, rc_pids_next(&pids, 0)), 101);
	rc_pids_free(&pids);
}

static struct kunit_case rc_test_cases[] = {
	KUNIT_CASE_PARAM(rc_name_test, rc_name_gen_params),
	KUNIT_CASE(rc_subsys_test),
	KUNIT_CASE_PARAM(rc_list_test, rc_list_gen_params),
	KUNIT_CASE(rc_bind_name_test),
	KUNIT_CASE(rc_rebind_test),
	KUNIT_CASE(rc_rebind_busy_test),
	KUNIT_CASE(rc_limits_test),
	KUNIT_CASE(rc_walk_test),
	KUNIT_CASE(rc_freeze_test),
	KUNIT_CASE(rc_pids_few_test),
	KUNIT_CASE(rc_pids_many_test),
	{}
};

static struct kunit_suite rc_test_suite = {
	.name = "rc",
	.test_cases = rc_test_cases,
};

kunit_test_suite(rc_test_suite);
