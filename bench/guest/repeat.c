// SPDX-License-Identifier: GPL-2.0
/*
 * What operations set off that are repeated many times: all the work, what is
 * done later in the background included; or the locks that are taken.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define REPEAT	2000

/**
 * struct gauge - something that grows while the kernel works
 * @name: what names of rows begin with
 * @read: how far it has got; set @settle for what is done in the background
 */
struct gauge {
	const char *name;
	double (*read)(void);
	bool settle;
};

/* Instructions, those of idle time left out. */
static double gauge_work(void)
{
	double idle = idle_time();

	return now() - idle;
}

/* Locks that have been taken, on a kernel that counts them. */
static double gauge_locks(void)
{
	FILE *f = fopen("/proc/lock_stat", "r");
	unsigned long long nr;
	char line[512], *numbers;
	double sum = 0;

	if (!f)
		die("/proc/lock_stat");
	while (fgets(line, sizeof(line), f)) {
		/* Sections of RCU are no locks. */
		numbers = strrchr(line, ':');
		if (!numbers || strstr(line, "rcu_"))
			continue;
		/* Contention, times and bounces come first. */
		if (sscanf(numbers + 1, "%*u %*u %*f %*f %*f %*f %*u %llu",
			   &nr) == 1)
			sum += nr;
	}
	fclose(f);
	return sum;
}

static const struct gauge work = { "whole", gauge_work, true };
static const struct gauge locks = { "locks", gauge_locks, false };
static const struct gauge *gauge;

static double growth(void (*op)(void *arg), void *arg)
{
	double start;

	if (gauge->settle)
		rest(2000);
	start = gauge->read();
	for (int i = 0; op && i < REPEAT; i++)
		op(arg);
	/* Longer than grace periods of RCU and what waits for them. */
	if (gauge->settle)
		rest(20000);
	return gauge->read() - start;
}

/**
 * struct row - what is measured, and where
 * @name: the row's name, without the gauge's
 * @x: how many hierarchies it is in a group of
 */
struct row {
	const char *name;
	unsigned long x;
};

/* Prints what an operation adds to what goes on anyway. */
static void measure(const struct row *row, void (*op)(void *arg), void *arg)
{
	double nothing = growth(NULL, NULL);
	char name[64];

	snprintf(name, sizeof(name), "%s %s", gauge->name, row->name);
	report_value(name, row->x, (growth(op, arg) - nothing) / REPEAT);
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

/**
 * struct swing - a task that moves to and fro
 * @fd: files of two groups
 * @to: which it has moved to last
 * @task: the task
 */
struct swing {
	int fd[2];
	int to;
	struct crowd task;
};

static void attach_op(void *arg)
{
	struct swing *swing = arg;

	swing->to = !swing->to;
	group_attach(swing->fd[swing->to], swing->task.id, swing->task.len);
}

static void attach_row(const struct row *row)
{
	struct swing swing = {};
	struct place place;

	place_make(&place, CPUACCT, 1, 0);
	groups_each(&place, 2, group_make);
	swing.fd[0] = group_open(&place, 0, "group0", false, O_WRONLY);
	swing.fd[1] = group_open(&place, 0, "group1", false, O_WRONLY);
	crowd_start(&swing.task, NULL, 1);
	measure(row, attach_op, &swing);
	crowd_end(&swing.task);
	close(swing.fd[0]);
	close(swing.fd[1]);
	groups_each(&place, 2, group_remove);
	place_end(&place);
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
	char text[64];

	snprintf(text, sizeof(text), "%s %s", gauge->name, name);
	if (reason)
		report_none(text, row.x, reason);
	else
		func(&row);
}

static void run(const struct gauge *what)
{
	gauge = what;
	in_groups("vfork+exit", 0, fork_measure);
	in_groups("vfork+exit", 1, fork_measure);
	in_groups("vfork+exit", 4, fork_measure);
	in_groups("thread", 1, thread_measure);
	in_groups("switch", 1, switch_measure);
	about_groups("attach", attach_row);
	about_groups("mkdir+rmdir", group_row);
}

void whole_run(void)
{
	run(&work);
}

void locks_run(void)
{
	run(&locks);
}
