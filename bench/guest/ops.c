// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that are repeated, whatever is measured about them.
 */
#include <sched.h>

#include "bench.h"

static void measure(const struct op_row *row, void (*op)(void *arg), void *arg)
{
	row->measure(row, op, arg);
}

static void fork_op(void *arg)
{
	(void)arg;
	vfork_exit();
}

void op_vfork(void *row)
{
	measure(row, fork_op, NULL);
}

static void thread_op(void *arg)
{
	(void)arg;
	thread_create_join();
}

void op_thread(void *row)
{
	measure(row, thread_op, NULL);
}

static void switch_op(void *arg)
{
	round_trip(arg);
}

void op_switch(void *row)
{
	struct echo echo;

	echo_start(&echo);
	measure(row, switch_op, &echo);
	echo_end(&echo);
}

static void unshare_op(void *arg)
{
	(void)arg;
	if (unshare(CLONE_NEWUTS))
		die("unshare");
}

void op_unshare(void *row)
{
	measure(row, unshare_op, NULL);
}

static void attach_op(void *arg)
{
	swing_move(arg);
}

void op_attach(void *row)
{
	struct swing swing;

	swing_start(&swing);
	measure(row, attach_op, &swing);
	swing_end(&swing);
}

static void group_op(void *arg)
{
	mkdir_rmdir(arg);
}

void op_group(void *row)
{
	struct place place;
	char path[PATH_MAX];

	place_make(&place, CPUACCT, 1, 0);
	place_path(&place, 0, "new", path);
	measure(row, group_op, path);
	place_end(&place);
}

/* In groups of @x hierarchies, if there are groups. */
void op_in_groups(struct op_row row, void (*op)(void *row))
{
	struct place place;

	place_make(&place, CPUACCT, row.x, 1);
	in_child(&place, op, &row);
	place_end(&place);
}

/* What is about groups and about nothing else. */
void op_about_groups(struct op_row row, void (*op)(void *row))
{
	const char *reason = backend_lacks(CPUACCT);

	if (reason)
		report_none(row.name, row.x, reason);
	else
		op(&row);
}
