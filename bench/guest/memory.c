// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the kernel for each task, group and combination of groups, in bytes:
 * objects of all slab caches, and memory that each CPU has a copy of.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* As many tasks, and as many combinations of groups in two hierarchies. */
#define NR	1000
#define SIDE	40

static double slab_bytes(void)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	unsigned long active, size;
	char line[512];
	double sum = 0;

	if (!f)
		die("/proc/slabinfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %lu %*u %lu", &active, &size) == 2)
			sum += (double)active * size;
	fclose(f);
	return sum;
}

static double percpu_bytes(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	unsigned long kb;
	char line[256];

	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Percpu: %lu kB", &kb) == 1) {
			fclose(f);
			return kb * 1024.0;
		}
	}
	die("no Percpu in /proc/meminfo");
}

/* When what waits for grace periods has been freed. */
static double used(void)
{
	rest(20000);
	return slab_bytes() + percpu_bytes();
}

static void tasks_row(void)
{
	struct crowd crowd;
	struct place place;
	double before;

	place_make(&place, CPUACCT, 1, 1);
	before = used();
	crowd_start(&crowd, &place, NR);
	report_value("memory task", NR, (used() - before) / NR);
	crowd_end(&crowd);
	place_end(&place);
}

void memory_groups_row(const char *row, enum controller controller)
{
	const char *reason = backend_lacks(controller);
	struct place place;
	double before;

	if (reason) {
		report_none(row, NR, reason);
		return;
	}
	place_make(&place, controller, 1, 0);
	before = used();
	groups_each(&place, NR, group_make);
	report_value(row, NR, (used() - before) / NR);
	groups_each(&place, NR, group_remove);
	place_end(&place);
}

/* The groups are there already: what comes is their combination in tasks. */
static void combine(const struct place *place, unsigned int side)
{
	struct crowd crowd[NR];
	unsigned int i;
	double before;
	char name[32];
	int fd;

	for (i = 0; i < NR; i++)
		crowd_start(&crowd[i], NULL, 1);
	before = used();
	for (i = 0; i < NR; i++) {
		for (unsigned int hier = 0; hier < place->nr; hier++) {
			sprintf(name, "group%u", hier ? i / side : i % side);
			fd = group_open(place, hier, name, true, O_WRONLY);
			group_attach(fd, crowd[i].id, crowd[i].len);
			close(fd);
		}
	}
	report_value("memory combination", NR, (used() - before) / NR);
	while (i--)
		crowd_end(&crowd[i]);
}

static void combinations_row(void)
{
	const char *reason = backend_lacks(CPUACCT);
	struct place place, second;
	unsigned int side;

	if (reason) {
		report_none("memory combination", NR, reason);
		return;
	}
	place_make(&place, CPUACCT, 2, 0);
	side = place.nr == 1 ? NR : SIDE;
	groups_each(&place, side, group_make);
	if (place.nr == 2) {
		second = place;
		second.controller = PLAIN;
		memcpy(second.hier[0], place.hier[1], sizeof(second.hier[0]));
		groups_each(&second, NR / SIDE, group_make);
	}
	combine(&place, side);
	groups_each(&place, side, group_remove);
	if (place.nr == 2)
		groups_each(&second, NR / SIDE, group_remove);
	place_end(&place);
}

void memory_run(void)
{
	tasks_row();
	memory_groups_row("memory group", CPUACCT);
	memory_groups_row("memory group cpuset", CPUSET);
	memory_groups_row("memory group pids", PIDS);
	combinations_row();
}
