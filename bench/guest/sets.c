// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of cpuset that change, or go, beside others.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

static void set_configure(const struct place *place, const char *name,
			  const char *file, const char *text)
{
	int fd = group_open_cpuset(place, name, file);

	group_configure(fd, text);
	close(fd);
}

static void set_make(const struct place *place, const char *name)
{
	char path[PATH_MAX];

	place_path(place, 0, name, path);
	if (mkdir(path, 0755))
		die("mkdir %s", path);
	set_configure(place, name, "cpus", "0");
	set_configure(place, name, "mems", "0");
}

/* The set has no tasks, so that it need not have CPUs or nodes either. */
static void set_write_samples(const struct place *place, const char *file)
{
	int fd, on = 1;

	set_make(place, "new");
	fd = group_open_cpuset(place, "new", file);
	SAMPLE(200, 20, on = !on;
	       group_configure(fd, on ? "0\n" : "\n"));
	close(fd);
	group_remove(place, "new");
}

static void remove_dir(const char *path)
{
	if (rmdir(path))
		die("rmdir %s", path);
}

static void set_remove_samples(const struct place *place)
{
	char path[PATH_MAX];

	place_path(place, 0, "new", path);
	sample_start();
	for (int i = 0; i < 200; i += !endless) {
		uint64_t start;

		set_make(place, "new");
		start = now();
		remove_dir(path);
		if (!endless)
			sample(now() - start);
	}
}

static void set_samples(const struct row *row, const struct place *place,
			const char *file)
{
	if (file)
		set_write_samples(place, file);
	else
		set_remove_samples(place);
	report(row->name, row->x);
}

/* Beside x tasks in another set; @file is written, NULL: the set goes. */
static void set_beside(const struct row *row, const char *file)
{
	struct place place, other;
	struct crowd others;

	if (row_lacks(row, CPUSET))
		return;
	place_make(&place, CPUSET, 1, 0);
	set_make(&place, "g");
	other = place;
	other.depth++;
	crowd_start(&others, &other, row->x);
	set_samples(row, &place, file);
	crowd_end(&others);
	group_remove(&place, "g");
	place_end(&place);
}

/* Beside x other sets. */
static void set_siblings(const struct row *row, const char *file)
{
	struct place place;

	if (row_lacks(row, CPUSET))
		return;
	place_make(&place, CPUSET, 1, 0);
	groups_each(&place, row->x, set_make);
	set_samples(row, &place, file);
	groups_each(&place, row->x, group_remove);
	place_end(&place);
}

void set_cpus_beside_row(const struct row *row)
{
	set_beside(row, "cpus");
}

void set_remove_beside_row(const struct row *row)
{
	set_beside(row, NULL);
}

void set_cpus_siblings_row(const struct row *row)
{
	set_siblings(row, "cpus");
}

void set_mems_siblings_row(const struct row *row)
{
	set_siblings(row, "mems");
}

void set_remove_siblings_row(const struct row *row)
{
	set_siblings(row, NULL);
}
