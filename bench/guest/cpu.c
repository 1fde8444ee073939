// SPDX-License-Identifier: GPL-2.0
/*
 * Operations in groups of the controller cpu, on kernels whose scheduler knows groups.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* No groups, or not this controller: then there is no number, but for the floor. */
static bool lacks(const struct row *row)
{
	const char *reason = backend_lacks(CPU);

	if (reason)
		report_none(row->name, row->x, reason);
	return reason;
}

static void samples(const struct op_row *row, void (*op)(void *arg), void *arg)
{
	SAMPLE(500, 50, op(arg));
	report(row->name, row->x);
}

/* What the one before has left to be done in the background is not counted. */
static void samples_rested(const struct op_row *row, void (*op)(void *arg), void *arg)
{
	SAMPLE_RESTED(300, 50, op(arg));
	report(row->name, row->x);
}

/* In a group that is x deep. */
static void in_depth(const struct op_row *row, void (*op)(void *row))
{
	struct op_row copy = *row;
	struct place place;

	place_make(&place, CPU, 1, row->x);
	in_child(&place, op, &copy);
	place_end(&place);
}

static void cpu_vfork_row(const struct row *row)
{
	in_depth(&(struct op_row){ row->name, row->x, samples_rested }, op_vfork);
}

static void cpu_thread_row(const struct row *row)
{
	in_depth(&(struct op_row){ row->name, row->x, samples_rested }, op_thread);
}

static void cpu_switch_row(const struct row *row)
{
	in_depth(&(struct op_row){ row->name, row->x, samples }, op_switch);
}

/* Between two groups that are x deep. */
static void attach_row(const struct row *row)
{
	struct crowd crowd;
	struct place place;
	int fd[2], to = 0;

	if (lacks(row))
		return;
	place_make(&place, CPU, 1, row->x - 1);
	group_make(&place, "a");
	group_make(&place, "b");
	fd[0] = group_open(&place, 0, "a", false, O_WRONLY);
	fd[1] = group_open(&place, 0, "b", false, O_WRONLY);
	crowd_start(&crowd, NULL, 1);
	SAMPLE(500, 10, to = !to; group_attach(fd[to], crowd.id, crowd.len));
	report(row->name, row->x);
	crowd_end(&crowd);
	close(fd[0]);
	close(fd[1]);
	group_remove(&place, "a");
	group_remove(&place, "b");
	place_end(&place);
}

static void group_row(const struct row *row)
{
	struct place place;
	char path[PATH_MAX];

	if (lacks(row))
		return;
	place_make(&place, CPU, 1, row->x - 1);
	/* The one above may have to be told that those below have the controller. */
	group_make(&place, "new");
	group_remove(&place, "new");
	place_path(&place, 0, "new", path);
	SAMPLE(500, 20, mkdir_rmdir(path));
	report(row->name, row->x);
	place_end(&place);
}

static const struct {
	const char *name;
	void (*func)(const struct row *row);
	/* Ends with a zero. */
	unsigned long x[3];
} rows[] = {
	{ "cpu vfork+exit", cpu_vfork_row, { 1, 4 } },
	{ "cpu thread", cpu_thread_row, { 1, 4 } },
	{ "cpu switch", cpu_switch_row, { 1, 4 } },
	{ "cpu attach", attach_row, { 1, 4 } },
	{ "cpu mkdir+rmdir", group_row, { 1, 4 } },
};

/* All rows, or the one called so. */
void cpu_run(const char *name, unsigned long x)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct row row = { .name = rows[i].name };

		if (name && strcmp(name, row.name))
			continue;
		for (size_t j = 0; rows[i].x[j]; j++) {
			row.x = rows[i].x[j];
			if (name && x != row.x)
				continue;
			rest(5000);
			rows[i].func(&row);
		}
	}
	if (!name)
		memory_groups_row("cpu memory group", CPU);
}
