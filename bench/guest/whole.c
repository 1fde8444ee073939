// SPDX-License-Identifier: GPL-2.0
/*
 * All the work that an operation sets off, what is done later in the background
 * included: the time in which the CPU is not idle, until all has come to rest.
 */
#include "bench.h"

#define REPEAT	2000

/* Instructions, those of idle time left out. */
static double work(void)
{
	double idle = idle_time();

	return now() - idle;
}

static double work_of(void (*op)(void *arg), void *arg)
{
	double start;

	rest(2000);
	start = work();
	for (int i = 0; op && i < REPEAT; i++)
		op(arg);
	/* Longer than grace periods of RCU and what waits for them. */
	rest(20000);
	return work() - start;
}

/**
 * struct row - what is measured, and where
 * @name: the row's name
 * @x: how many hierarchies it is in a group of
 */
struct row {
	const char *name;
	unsigned long x;
};

/* Prints what an operation adds to what goes on anyway. */
static void measure(const struct row *row, void (*op)(void *arg), void *arg)
{
	double nothing = work_of(NULL, NULL);

	report_value(row->name, row->x,
		     (work_of(op, arg) - nothing) / REPEAT);
}

static void fork_op(void *arg)
{
	(void)arg;
	vfork_exit();
}

static void fork_measure(void *arg)
{
	measure(arg, fork_op, NULL);
}

static void thread_op(void *arg)
{
	(void)arg;
	thread_create_join();
}

static void thread_measure(void *arg)
{
	measure(arg, thread_op, NULL);
}

static void switch_op(void *arg)
{
	round_trip(arg);
}

static void switch_measure(void *arg)
{
	struct echo echo;

	echo_start(&echo);
	measure(arg, switch_op, &echo);
	echo_end(&echo);
}

/* In groups, if there are groups. */
static void in_groups(const char *name, unsigned long x,
		      void (*func)(void *arg))
{
	struct row row = { name, x };
	struct place place;

	place_make(&place, CPUACCT, x, 1);
	in_child(&place, func, &row);
	place_end(&place);
}

static void attach_op(void *arg)
{
	swing_move(arg);
}

static void attach_row(const struct row *row)
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

static void group_row(const struct row *row)
{
	struct place place;
	char path[PATH_MAX];

	place_make(&place, CPUACCT, 1, 0);
	place_path(&place, 0, "new", path);
	measure(row, group_op, path);
	place_end(&place);
}

static void about_groups(const char *name, void (*func)(const struct row *row))
{
	const char *reason = backend_lacks(CPUACCT);
	struct row row = { name, 1 };

	if (reason)
		report_none(name, row.x, reason);
	else
		func(&row);
}

void whole_run(void)
{
	in_groups("whole vfork+exit", 0, fork_measure);
	in_groups("whole vfork+exit", 1, fork_measure);
	in_groups("whole vfork+exit", 4, fork_measure);
	in_groups("whole thread", 1, thread_measure);
	in_groups("whole switch", 1, switch_measure);
	about_groups("whole attach", attach_row);
	about_groups("whole mkdir+rmdir", group_row);
}
