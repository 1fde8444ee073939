// SPDX-License-Identifier: GPL-2.0
/*
 * A launcher in no group starts a program in one: by clone3(2) with a descriptor of the
 * group, by moving it before it is executed, or by a program that does that.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sched.h>

#include "bench.h"

#define SELF "/proc/self/exe"

/**
 * struct start - what is started, and where
 * @fd: the group's directory
 * @file: the file of it that takes a process
 * @exec: a program, not just a process
 */
struct start {
	int fd;
	char file[PATH_MAX];
	bool exec;
};

/* This program does nothing else when it is called so. */
int start_program(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "move")) {
		int fd = open(argv[2], O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			return 1;
		close(fd);
		execl(SELF, SELF, "end", NULL);
		return 1;
	}
	return argc == 2 && !strcmp(argv[1], "end") ? 0 : -1;
}

/* In the child, which has its parent's memory. */
static void run(const struct start *start)
{
	if (start->exec)
		execl(SELF, SELF, "end", NULL);
	_exit(start->exec);
}

static void reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("start");
}

/* As vfork(2), which a function around the call cannot do. */
static void start_in(const struct start *start)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = start->fd,
	};
	long pid = SYS_clone3;

	asm volatile("syscall" : "+a" (pid) : "D" (&args), "S" (sizeof(args)) :
		     "rcx", "r11", "memory");
	if (!pid)
		run(start);
	reap(pid);
}

static void start_moved(const struct start *start)
{
	pid_t pid = vfork();

	if (!pid) {
		int fd = open(start->file, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(1);
		close(fd);
		run(start);
	}
	reap(pid);
}

static void start_by_mover(const struct start *start)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(SELF, SELF, "move", start->file, NULL);
		_exit(1);
	}
	reap(pid);
}

static void start_nowhere(const struct start *start)
{
	pid_t pid = vfork();

	if (!pid)
		run(start);
	reap(pid);
}

static void start_row(const struct row *row, void (*func)(const struct start *start),
		      bool exec)
{
	struct start start = { .exec = exec };
	struct place place;

	if (row_lacks(row, PIDS))
		return;
	if (func == start_in && !strcmp(backend_name(), "v1")) {
		report_none(row->name, row->x, "no start in a group");
		return;
	}
	place_make(&place, PIDS, 1, 1);
	place_path(&place, 0, NULL, start.file);
	start.fd = open(start.file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (start.fd < 0)
		die("open %s", start.file);
	place_path(&place, 0, backend_file(true), start.file);
	SAMPLE_RESTED(200, 50, func(&start));
	report(row->name, row->x);
	close(start.fd);
	place_end(&place);
}

void start_in_row(const struct row *row)
{
	start_row(row, start_in, false);
}

void start_moved_row(const struct row *row)
{
	start_row(row, start_moved, false);
}

void start_exec_nowhere_row(const struct row *row)
{
	start_row(row, start_nowhere, true);
}

void start_exec_row(const struct row *row)
{
	start_row(row, start_in, true);
}

void start_exec_moved_row(const struct row *row)
{
	start_row(row, start_moved, true);
}

void start_exec_mover_row(const struct row *row)
{
	start_row(row, start_by_mover, true);
}
