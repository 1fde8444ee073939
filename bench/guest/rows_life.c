// SPDX-License-Identifier: GPL-2.0
/*
 * What tasks do that may not cost more for being in groups: births and ends, switches,
 * faults, new namespaces.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

static void vfork_samples(void *arg)
{
	const struct row *row = arg;

	SAMPLE_RESTED(300, 50, vfork_exit());
	report(row->name, row->x);
}

static void thread_samples(void *arg)
{
	const struct row *row = arg;

	SAMPLE_RESTED(300, 50, thread_create_join());
	report(row->name, row->x);
}

static void vfork_refused_samples(void *arg)
{
	const struct row *row = arg;

	SAMPLE_RESTED(300, 50, vfork_refused());
	report(row->name, row->x);
}

static void thread_refused_samples(void *arg)
{
	const struct row *row = arg;

	SAMPLE_RESTED(300, 50, thread_refused());
	report(row->name, row->x);
}

/* Two context switches each. */
static void switch_samples(void *arg)
{
	const struct row *row = arg;
	struct echo echo;

	echo_start(&echo);
	SAMPLE(1000, 50, round_trip(&echo));
	report(row->name, row->x);
	echo_end(&echo);
}

/*
 * Memory, namespaces
 */

/* A page of many, each in its turn; a profiler goes round for ever. */
static void touch(volatile char *mem, size_t *at, size_t size)
{
	if (*at == size) {
		madvise((void *)mem, size, MADV_DONTNEED);
		*at = 0;
	}
	mem[*at] = 1;
	*at += 4096;
}

static void fault_samples(void *arg)
{
	const struct row *row = arg;
	const size_t nr = 1000, size = nr * 4096;
	volatile char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t at = 0;

	if (mem == MAP_FAILED)
		die("mmap");
	SAMPLE(nr - 20, 20, touch(mem, &at, size));
	report(row->name, row->x);
}

static void unshare_uts(void)
{
	if (unshare(CLONE_NEWUTS))
		die("unshare");
}

static void unshare_samples(void *arg)
{
	const struct row *row = arg;

	SAMPLE(1000, 50, unshare_uts());
	report(row->name, row->x);
}

/* Some samples in a group of x hierarchies; 0 stands for the root. */
static void in_hierarchies(const struct row *row, void (*func)(void *arg))
{
	struct row copy = *row;
	struct place place;

	place_make(&place, CPUACCT, row->x, 1);
	in_child(&place, func, &copy);
	place_end(&place);
}

/* The same in a group of one hierarchy that is x deep. */
static void in_depth(const struct row *row, void (*func)(void *arg))
{
	struct row copy = *row;
	struct place place;

	place_make(&place, CPUACCT, 1, row->x);
	in_child(&place, func, &copy);
	place_end(&place);
}

/*
 * In a group that is x deep, with a limit in it and in each above it, or none. Where
 * there are no groups this is the floor, unless the limit is what it is about.
 */
static void in_limit(const struct row *row, enum controller controller,
		     const char *max, void (*func)(void *arg))
{
	struct row copy = *row;
	struct place place;

	if (backend_has_groups() && row_lacks(row, controller))
		return;
	place_make(&place, controller, 1, row->x);
	if (max && place.nr)
		place_limit(&place, max);
	in_child(&place, func, &copy);
	place_end(&place);
}

void vfork_plain_row(const struct row *row)
{
	in_limit(row, PLAIN, NULL, vfork_samples);
}

void vfork_pids_row(const struct row *row)
{
	in_limit(row, PIDS, NULL, vfork_samples);
}

void vfork_limit_row(const struct row *row)
{
	in_limit(row, PIDS, "1000", vfork_samples);
}

void vfork_refused_row(const struct row *row)
{
	if (!row_lacks(row, PIDS))
		in_limit(row, PIDS, "1", vfork_refused_samples);
}

void thread_plain_row(const struct row *row)
{
	in_limit(row, PLAIN, NULL, thread_samples);
}

void thread_pids_row(const struct row *row)
{
	in_limit(row, PIDS, NULL, thread_samples);
}

void thread_limit_row(const struct row *row)
{
	in_limit(row, PIDS, "1000", thread_samples);
}

void thread_refused_row(const struct row *row)
{
	if (!row_lacks(row, PIDS))
		in_limit(row, PIDS, "1", thread_refused_samples);
}

void vfork_row(const struct row *row)
{
	in_hierarchies(row, vfork_samples);
}

void thread_row(const struct row *row)
{
	in_depth(row, thread_samples);
}

void switch_row(const struct row *row)
{
	in_depth(row, switch_samples);
}

void unshare_row(const struct row *row)
{
	in_hierarchies(row, unshare_samples);
}

void fault_row(const struct row *row)
{
	struct row copy = *row;

	in_child(NULL, fault_samples, &copy);
}

/* Where there are no groups this is the floor; without cpuset there is nothing. */
void fault_cpuset_row(const struct row *row)
{
	struct row copy = *row;
	struct place place;

	if (backend_has_groups() && row_lacks(row, CPUSET))
		return;
	place_make(&place, CPUSET, 1, 1);
	in_child(&place, fault_samples, &copy);
	place_end(&place);
}
