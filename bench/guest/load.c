// SPDX-License-Identifier: GPL-2.0
/*
 * How many operations a second all CPUs do together, each with a process of its
 * own: this shows what waits for what.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/**
 * struct worker - what one CPU does
 * @place: where
 * @cpu: the CPU
 * @fd: files of two groups of its own, for moves
 * @path: a group that is not there
 * @done: how many operations it has done; shared with the parent
 */
struct worker {
	const struct place *place;
	unsigned int cpu;
	int fd[2];
	char path[PATH_MAX];
	unsigned long *done;
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void fork_op(struct worker *worker)
{
	(void)worker;
	vfork_exit();
}

static void attach_op(struct worker *worker)
{
	group_attach(worker->fd[*worker->done % 2], "0", 1);
}

static void group_op(struct worker *worker)
{
	mkdir_rmdir(worker->path);
}

static void work(struct worker *worker, void (*op)(struct worker *worker),
		 double start, double end)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(worker->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity");
	place_enter(worker->place);
	while (seconds() < start)
		;
	while (seconds() < end) {
		op(worker);
		++*worker->done;
	}
	_exit(0);
}

static void prepare(struct worker *worker)
{
	const struct place *place = worker->place;
	unsigned int cpu = worker->cpu;
	char name[32];

	sprintf(name, "new%u", cpu);
	place_path(place, 0, name, worker->path);
	for (int i = 0; i < 2; i++) {
		sprintf(name, "cpu%u%c", cpu, 'a' + i);
		group_make(place, name);
		worker->fd[i] = group_open(place, 0, name, true, O_WRONLY);
	}
}

static void finish(struct worker *worker)
{
	char name[32];

	for (int i = 0; i < 2; i++) {
		close(worker->fd[i]);
		sprintf(name, "cpu%u%c", worker->cpu, 'a' + i);
		group_remove(worker->place, name);
	}
}

static void row(const char *name, unsigned int ms, bool groups,
		void (*op)(struct worker *worker))
{
	unsigned int nr = sysconf(_SC_NPROCESSORS_ONLN), i;
	const char *reason = groups ? backend_lacks(CPUACCT) : NULL;
	struct worker *workers = calloc(nr, sizeof(*workers));
	unsigned long *done, sum = 0;
	struct place place;
	double start;
	int status;

	if (reason) {
		report_none(name, nr, reason);
		free(workers);
		return;
	}
	done = mmap(NULL, 4096 * nr, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!workers || done == MAP_FAILED)
		die("no memory for %u workers", nr);
	place_make(&place, CPUACCT, 1, 1);
	for (i = 0; i < nr; i++) {
		workers[i].place = &place;
		workers[i].cpu = i;
		/* Each counts in a page of its own. */
		workers[i].done = done + i * 4096 / sizeof(*done);
		if (groups)
			prepare(&workers[i]);
	}
	start = seconds() + 0.5;
	for (i = 0; i < nr; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			work(&workers[i], op, start, start + ms / 1e3);
	}
	for (i = 0; i < nr; i++)
		if (wait(&status) < 0 || status)
			die("a worker ended with status %#x", status);
	for (i = 0; i < nr; i++)
		sum += *workers[i].done;
	report_value(name, nr, sum * 1e3 / ms);
	for (i = 0; groups && i < nr; i++)
		finish(&workers[i]);
	place_end(&place);
	munmap(done, 4096 * nr);
	free(workers);
}

void load_run(unsigned int ms)
{
	row("load vfork+exit", ms, false, fork_op);
	row("load attach", ms, true, attach_op);
	row("load mkdir+rmdir", ms, true, group_op);
}
