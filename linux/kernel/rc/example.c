// SPDX-License-Identifier: GPL-2.0
/*
 * The births controller: how many tasks are born in a group or below it, and how
 * many may be. It is the example of the controller writer's guide.
 *
 *   births.count  births since the group was made; moves do not count
 *   births.max    how many there may be; from then on fork fails with EAGAIN.
 *                 Lowering it under the count is allowed.
 */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/rc.h>
#include <linux/slab.h>

struct births {
	struct rc_state st;
	atomic64_t count;
	atomic64_t max;
};

static struct births births_top;

static struct births *to_births(struct rc_state *st)
{
	return container_of(st, struct births, st);
}

static struct rc_state *births_create(struct rc_state *parent)
{
	struct births *b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);

	if (!b)
		return ERR_PTR(-ENOMEM);
	atomic64_set(&b->max, S64_MAX);
	return &b->st;
}

static void births_destroy(struct rc_state *st)
{
	kfree(to_births(st));
}

/* Takes back a birth in @st and above it, up to but without @end. */
static void births_uncharge(struct rc_state *st, struct rc_state *end)
{
	for (; st != end; st = st->parent)
		atomic64_dec(&to_births(st)->count);
}

/*
 * The top is left out: it has no limit, and a counter there would be written by
 * every fork in every group.
 */
static int births_can_fork(struct rc_state *st, struct task_struct *child)
{
	struct rc_state *pos;

	for (pos = st; pos->parent; pos = pos->parent) {
		struct births *b = to_births(pos);

		if (atomic64_inc_return(&b->count) > atomic64_read(&b->max)) {
			births_uncharge(st, pos->parent);
			return -EAGAIN;
		}
	}
	return 0;
}

static void births_cancel_fork(struct rc_state *st, struct task_struct *child)
{
	births_uncharge(st, &births_top.st);
}

static u64 births_count_read(struct rc_state *st, const struct rc_file *file)
{
	return atomic64_read(&to_births(st)->count);
}

static u64 births_max_read(struct rc_state *st, const struct rc_file *file)
{
	return atomic64_read(&to_births(st)->max);
}

static int births_max_write(struct rc_state *st, const struct rc_file *file,
			    u64 val)
{
	if (val > S64_MAX)
		return -EINVAL;
	atomic64_set(&to_births(st)->max, val);
	return 0;
}

static struct rc_file births_files[] = {
	{
		.name		= "births.count",
		.mode		= 0444,
		.flags		= RC_FILE_NOT_ROOT,
		.read_u64	= births_count_read,
	},
	{
		.name		= "births.max",
		.mode		= 0644,
		.flags		= RC_FILE_NOT_ROOT,
		.read_u64	= births_max_read,
		.write_u64	= births_max_write,
	},
	{ }
};

static struct rc_subsys births_subsys = {
	.name		= "births",
	.top		= &births_top.st,
	.files		= births_files,
	.create		= births_create,
	.destroy	= births_destroy,
	.can_fork	= births_can_fork,
	.cancel_fork	= births_cancel_fork,
};

RC_SUBSYS(births_subsys);
