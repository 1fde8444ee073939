// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at groups: who is in them, in which one is, what there is.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static void list_samples(const struct row *row, const struct place *place,
			 unsigned int tasks)
{
	char path[PATH_MAX];

	place_path(place, 0, backend_file(false), path);
	SAMPLE(tasks < 1000 ? 100 : 10, 2, open_read_close(path));
	report(row->name, row->x);
}

void list_row(const struct row *row)
{
	struct crowd crowd;
	struct place place;

	if (row_lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 1);
	crowd_start(&crowd, &place, row->x);
	list_samples(row, &place, row->x);
	crowd_end(&crowd);
	place_end(&place);
}

/* Ten tasks in the group, and x in another. */
void list_beside_row(const struct row *row)
{
	struct crowd ten, others;
	struct place place, other;

	if (row_lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 1);
	group_make(&place, "g");
	other = place;
	other.depth++;
	crowd_start(&others, &other, row->x);
	crowd_start(&ten, &place, 10);
	list_samples(row, &place, 10);
	/* Those that were started later hold the pipe of the others, too. */
	crowd_end(&ten);
	crowd_end(&others);
	group_remove(&place, "g");
	place_end(&place);
}

/* What namespaces x tasks have, which are one combination. */
void namespaces_row(const struct row *row)
{
	char path[PATH_MAX];
	struct crowd crowd;
	struct place place;

	if (row_lacks(row, PLAIN))
		return;
	place_make(&place, PLAIN, 1, 1);
	place_path(&place, 0, "namespaces", path);
	if (access(path, R_OK)) {
		report_none(row->name, row->x, "no such file");
	} else {
		crowd_start(&crowd, &place, row->x);
		SAMPLE(100, 2, open_read_close(path));
		report(row->name, row->x);
		crowd_end(&crowd);
	}
	place_end(&place);
}

static void membership_in(const struct row *row, unsigned int nr,
			  unsigned int depth)
{
	struct crowd crowd;
	struct place place;
	char path[64];

	if (row_lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, nr, depth);
	crowd_start(&crowd, &place, 1);
	sprintf(path, "/proc/%d/%s", crowd.pid, backend_membership());
	SAMPLE(500, 20, open_read_close(path));
	report(row->name, row->x);
	crowd_end(&crowd);
	place_end(&place);
}

void membership_row(const struct row *row)
{
	membership_in(row, row->x, 1);
}

void membership_depth_row(const struct row *row)
{
	membership_in(row, 1, row->x);
}

static void list_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	char buf[4096];

	if (fd < 0)
		die("open %s", path);
	while (getdents64(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

/* Of a group that nobody has looked into yet. */
static void list_dir_new_in(const struct row *row, enum controller controller)
{
	struct place place;
	char path[PATH_MAX];

	if (row_lacks(row, controller))
		return;
	place_make(&place, controller, 1, 0);
	place_path(&place, 0, "new", path);
	for (int i = 0; i < 100; i++) {
		mkdir_or_die(path);
		SAMPLE(1, 0, list_dir(path));
		group_remove(&place, "new");
	}
	report(row->name, row->x);
	place_end(&place);
}

void list_dir_new_row(const struct row *row)
{
	list_dir_new_in(row, CPUACCT);
}

void list_dir_new_cpuset_row(const struct row *row)
{
	list_dir_new_in(row, CPUSET);
}

static void stat_path(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		die("lstat %s", path);
}

static int no_dot(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void stat_all(char **paths, int nr)
{
	for (int i = 0; i < nr; i++)
		stat_path(paths[i]);
}

/* All files of a group, by their paths. */
void stat_files_row(const struct row *row)
{
	struct dirent **list;
	struct place place;
	char path[PATH_MAX];
	char *paths[64];
	int nr;

	if (row_lacks(row, CPUSET))
		return;
	place_make(&place, CPUSET, 1, 1);
	place_path(&place, 0, NULL, path);
	nr = scandir(path, &list, no_dot, NULL);
	if (nr <= 0 || nr > (int)ARRAY_SIZE(paths))
		die("scandir %s", path);
	for (int i = 0; i < nr; i++) {
		if (asprintf(&paths[i], "%s/%s", path, list[i]->d_name) < 0)
			die("asprintf");
		free(list[i]);
	}
	free(list);
	SAMPLE(100, 5, stat_all(paths, nr));
	report(row->name, row->x);
	while (nr)
		free(paths[--nr]);
	place_end(&place);
}

/* A group that is x deep. */
void stat_group_row(const struct row *row)
{
	struct place place;
	char path[PATH_MAX];

	if (row_lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, row->x);
	place_path(&place, 0, NULL, path);
	SAMPLE(500, 20, stat_path(path));
	report(row->name, row->x);
	place_end(&place);
}

struct stat_in_view {
	const struct row *row;
	char path[PATH_MAX];
};

static void stat_in_view(void *arg)
{
	const struct stat_in_view *stat = arg;

	SAMPLE(500, 20, stat_path(stat->path));
	report(stat->row->name, stat->row->x);
}

/* A path of as many names, where what stands for the root is a group. */
void stat_group_view_row(const struct row *row)
{
	struct stat_in_view stat = { .row = row };
	struct place place;

	if (row_lacks(row, CPUACCT))
		return;
	if (strcmp(backend_name(), "rc")) {
		report_none(row->name, row->x, "no views");
		return;
	}
	place_make(&place, CPUACCT, 1, row->x + 1);
	place.depth = row->x;
	place_path(&place, 0, NULL, stat.path);
	place.depth = 1;
	in_container(&place, stat_in_view, &stat);
	place.depth = row->x + 1;
	place_end(&place);
}

static pid_t sleepers[1000];
static unsigned int nr_sleepers;

/* A group with a task in it. */
static void group_with_task(const struct place *place, const char *name)
{
	pid_t pid = fork();
	char id[16];
	int fd;

	if (pid < 0)
		die("fork");
	while (!pid)
		pause();
	sleepers[nr_sleepers++] = pid;
	group_make(place, name);
	fd = group_open(place, 0, name, false, O_WRONLY);
	group_attach(fd, id, sprintf(id, "%d", pid));
	close(fd);
}

static void read_whole(const char *path)
{
	static char buf[1 << 18];
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, buf, sizeof(buf)) <= 0 || read(fd, buf, sizeof(buf)))
		die("read %s", path);
	close(fd);
}

/* The table of x groups with a task each, in one read, with columns of two controllers. */
void groups_row(const struct row *row)
{
	struct place place;
	char path[PATH_MAX];
	int fd;

	if (row_lacks(row, CPUACCT) || row_lacks(row, PIDS))
		return;
	if (strcmp(backend_name(), "rc")) {
		report_none(row->name, row->x, "no tables");
		return;
	}
	place_make(&place, PIDS, 1, 0);
	sprintf(path, "%s/subsystems", place.hier[0]);
	fd = open(path, O_WRONLY);
	group_configure(fd, "cpuacct,pids");
	close(fd);
	groups_each(&place, row->x, group_with_task);
	place_path(&place, 0, "groups", path);
	SAMPLE(50, 2, read_whole(path));
	report(row->name, row->x);
	while (nr_sleepers) {
		kill(sleepers[--nr_sleepers], SIGKILL);
		waitpid(sleepers[nr_sleepers], NULL, 0);
	}
	groups_each(&place, row->x, group_remove);
	place_end(&place);
}

static void run_ps(const char *columns)
{
	char *argv[] = { "ps", "-e", "-o", (char *)columns, NULL };
	posix_spawn_file_actions_t out;
	int status;
	pid_t pid;

	if (posix_spawn_file_actions_init(&out) ||
	    posix_spawn_file_actions_addopen(&out, 1, "/dev/null", O_WRONLY, 0) ||
	    posix_spawnp(&pid, "ps", &out, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid || status)
		die("ps -e -o %s", columns);
	posix_spawn_file_actions_destroy(&out);
}

/* All tasks in a group, as a listing of every process shows them. */
void ps_row(const struct row *row)
{
	const char *columns = "pid,cgroup";
	struct crowd crowd;
	struct place place;

	if (row_lacks(row, CPUACCT))
		return;
	if (!strcmp(backend_name(), "rc"))
		columns = "pid,rcgroup";
	place_make(&place, CPUACCT, 1, 1);
	crowd_start(&crowd, &place, row->x);
	SAMPLE(1, 1, run_ps(columns));
	report(row->name, row->x);
	crowd_end(&crowd);
	place_end(&place);
}
