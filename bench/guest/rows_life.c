// SPDX-License-Identifier: GPL-2.0
/*
 * What tasks do that may not cost more for being in groups: births and ends, switches,
 * faults, new namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
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

/* Has a group no tasks any more? */
static bool is_empty(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ret = read(fd, &c, 1) == 0;

	close(fd);
	return ret;
}

/* What one write takes that kills x processes, not what their ends take. */
void kill_row(const struct row *row)
{
	bool rc = !strcmp(backend_name(), "rc");
	char path[PATH_MAX], list[PATH_MAX];
	struct crowd crowd;
	struct place place;

	if (row_lacks(row, PLAIN))
		return;
	place_make(&place, PLAIN, 1, 1);
	place_path(&place, 0, rc ? "kill" : "cgroup.kill", path);
	place_path(&place, 0, backend_file(false), list);
	if (access(path, W_OK)) {
		report_none(row->name, row->x, "no file to kill by");
		place_end(&place);
		return;
	}
	sample_start();
	for (int i = 0; i < 10 || endless; i++) {
		uint64_t start;
		int fd;

		crowd_start(&crowd, &place, row->x);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		start = now();
		if (write(fd, "1", 1) != 1)
			die("kill");
		if (!endless)
			sample(now() - start);
		close(fd);
		crowd_killed(&crowd);
		while (!is_empty(list))
			rest(1);
	}
	report(row->name, row->x);
	place_end(&place);
}

/* Until a group says that all its tasks have stopped. */
static void wait_frozen(int events)
{
	struct pollfd poll_fd = { .fd = events, .events = POLLPRI };
	char text[64];

	for (;;) {
		ssize_t len = pread(events, text, sizeof(text) - 1, 0);

		if (len < 0)
			die("events");
		text[len] = '\0';
		if (strstr(text, "frozen 1"))
			return;
		if (poll(&poll_fd, 1, -1) < 0)
			die("poll");
	}
}

/* What it takes that x processes stop, this is heard of, and they may go on. */
void freeze_row(const struct row *row)
{
	bool rc = !strcmp(backend_name(), "rc");
	char path[PATH_MAX], list[PATH_MAX];
	struct crowd crowd;
	struct place place;
	int fd, events;

	if (row_lacks(row, PLAIN))
		return;
	place_make(&place, PLAIN, 1, 1);
	place_path(&place, 0, rc ? "freeze" : "cgroup.freeze", path);
	place_path(&place, 0, rc ? "events" : "cgroup.events", list);
	if (access(path, W_OK)) {
		report_none(row->name, row->x, "no file to freeze by");
		place_end(&place);
		return;
	}
	crowd_start(&crowd, &place, row->x);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	events = open(list, O_RDONLY | O_CLOEXEC);
	sample_start();
	for (int i = 0; i < 20 || endless; i++) {
		uint64_t start = now();

		if (write(fd, "1", 1) != 1)
			die("freeze");
		wait_frozen(events);
		if (write(fd, "0", 1) != 1)
			die("thaw");
		if (!endless)
			sample(now() - start);
		/* Let the last of them fall asleep. */
		rest(100);
	}
	close(events);
	close(fd);
	report(row->name, row->x);
	crowd_end(&crowd);
	place_end(&place);
}

static void refuse(int fd, const char *text, int err)
{
	if (write(fd, text, strlen(text)) >= 0 || errno != err)
		die("no errno %d", err);
}

/*
 * A write that is refused: with a line that says why, or, where x is 0, without, as there
 * were too many in the same second.
 */
static void refused_row(const struct row *row, struct place *place, const char *file,
			const char *text, int err)
{
	char path[PATH_MAX];
	int fd;

	place_path(place, 0, file, path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	for (int i = 0; i < 5; i++) {
		/* What was in the same second counts. */
		rest(1500);
		SAMPLE(20, row->x ? 20 : 300, refuse(fd, text, err));
	}
	report(row->name, row->x);
	close(fd);
	place_end(place);
}

void refused_value_row(const struct row *row)
{
	bool flag = !strcmp(backend_name(), "rc") || !strcmp(backend_name(), "v1");
	struct place place;

	if (row_lacks(row, PLAIN))
		return;
	place_make(&place, PLAIN, 1, 1);
	refused_row(row, &place, flag ? "notify_on_release" : "cgroup.freeze", "x", EINVAL);
}

void refused_name_row(const struct row *row)
{
	struct place place;

	if (row_lacks(row, PLAIN))
		return;
	if (strcmp(backend_name(), "rc")) {
		report_none(row->name, row->x, "no such file, or no such errno");
		return;
	}
	place_make(&place, PLAIN, 1, 0);
	refused_row(row, &place, "subsystems", "none", ENOENT);
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
