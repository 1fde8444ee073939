// SPDX-License-Identifier: GPL-2.0
/*
 * The operations that are measured one by one, in instructions.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* No groups, or not this controller: then a row that is about them has no number. */
static bool lacks(const struct row *row, enum controller controller)
{
	const char *reason = backend_lacks(controller);

	if (reason)
		report_none(row->name, row->x, reason);
	return reason;
}

/*
 * What a system call costs that does next to nothing: the floor of the others
 */

static void open_read_close(const char *path)
{
	char buf[4096];
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die("open %s", path);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static void write_comm(int fd)
{
	if (write(fd, "bench", 5) != 5)
		die("write to comm");
}

static void comm_rows(void)
{
	int fd = open("/proc/self/comm", O_WRONLY);

	if (fd < 0)
		die("open /proc/self/comm");
	SAMPLE(500, 20, write_comm(fd));
	report("write comm", 0);
	close(fd);
	SAMPLE(500, 20, open_read_close("/proc/1/comm"));
	report("read comm", 0);
}

static void tmpfs_row(void)
{
	SAMPLE(500, 20, mkdir_rmdir("/tmp/dir"));
	report("mkdir+rmdir tmpfs", 0);
}

/*
 * Fork, exit, threads, context switches
 */

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

	if (backend_has_groups() && lacks(row, controller))
		return;
	place_make(&place, controller, 1, row->x);
	if (max && place.nr)
		place_limit(&place, max);
	in_child(&place, func, &copy);
	place_end(&place);
}

static void vfork_plain_row(const struct row *row)
{
	in_limit(row, PLAIN, NULL, vfork_samples);
}

static void vfork_pids_row(const struct row *row)
{
	in_limit(row, PIDS, NULL, vfork_samples);
}

static void vfork_limit_row(const struct row *row)
{
	in_limit(row, PIDS, "1000", vfork_samples);
}

static void vfork_refused_row(const struct row *row)
{
	if (!lacks(row, PIDS))
		in_limit(row, PIDS, "1", vfork_refused_samples);
}

static void thread_plain_row(const struct row *row)
{
	in_limit(row, PLAIN, NULL, thread_samples);
}

static void thread_pids_row(const struct row *row)
{
	in_limit(row, PIDS, NULL, thread_samples);
}

static void thread_limit_row(const struct row *row)
{
	in_limit(row, PIDS, "1000", thread_samples);
}

static void thread_refused_row(const struct row *row)
{
	if (!lacks(row, PIDS))
		in_limit(row, PIDS, "1", thread_refused_samples);
}

static void vfork_row(const struct row *row)
{
	in_hierarchies(row, vfork_samples);
}

static void thread_row(const struct row *row)
{
	in_depth(row, thread_samples);
}

static void switch_row(const struct row *row)
{
	in_depth(row, switch_samples);
}

static void unshare_row(const struct row *row)
{
	in_hierarchies(row, unshare_samples);
}

static void fault_row(const struct row *row)
{
	struct row copy = *row;

	in_child(NULL, fault_samples, &copy);
}

/* Where there are no groups this is the floor; without cpuset there is nothing. */
static void fault_cpuset_row(const struct row *row)
{
	struct row copy = *row;
	struct place place;

	if (backend_has_groups() && lacks(row, CPUSET))
		return;
	place_make(&place, CPUSET, 1, 1);
	in_child(&place, fault_samples, &copy);
	place_end(&place);
}

/*
 * Moving tasks
 */

static void attach_begin(const struct place *place, bool process, int fd[2])
{
	group_make(place, "a");
	group_make(place, "b");
	fd[0] = group_open(place, 0, "a", process, O_WRONLY);
	fd[1] = group_open(place, 0, "b", process, O_WRONLY);
}

/*
 * Moves @crowd to and fro between two groups of @place that hold nobody else, @nr
 * times.
 */
static void attach_samples(const struct place *place, const struct crowd *crowd,
			   bool process, unsigned int pause, unsigned int nr)
{
	int fd[2], to = 0;

	attach_begin(place, process, fd);
	if (pause)
		SAMPLE_RESTED(nr, pause, to = !to;
			      group_attach(fd[to], crowd->id, crowd->len));
	else
		SAMPLE(nr, 10, to = !to;
		       group_attach(fd[to], crowd->id, crowd->len));
	close(fd[0]);
	close(fd[1]);
}

static void attach_end(const struct place *place)
{
	group_remove(place, "a");
	group_remove(place, "b");
}

static void attach_in(const struct row *row, enum controller controller,
		      unsigned int nr, unsigned int depth, unsigned int pause)
{
	struct crowd crowd;
	struct place place;

	if (lacks(row, controller))
		return;
	place_make(&place, controller, nr, depth);
	crowd_start(&crowd, NULL, 1);
	attach_samples(&place, &crowd, false, pause, pause ? 20 : 500);
	report(row->name, row->x);
	crowd_end(&crowd);
	attach_end(&place);
	place_end(&place);
}

/* The two groups are x deep. */
static void attach_row(const struct row *row)
{
	attach_in(row, CPUACCT, 1, row->x - 1, 0);
}

/* The task is in a group of x hierarchies, of which it changes one. */
static void attach_hier_row(const struct row *row)
{
	struct crowd crowd;
	struct place place;

	if (lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, row->x, 1);
	crowd_start(&crowd, &place, 1);
	attach_samples(&place, &crowd, false, 0, 500);
	report(row->name, row->x);
	crowd_end(&crowd);
	attach_end(&place);
	place_end(&place);
}

static void attach_rest_row(const struct row *row)
{
	attach_in(row, CPUACCT, 1, 0, row->x);
}

static void attach_pids_row(const struct row *row)
{
	attach_in(row, PIDS, 1, row->x - 1, 0);
}

static void attach_cpuset_row(const struct row *row)
{
	attach_in(row, CPUSET, 1, 0, 0);
}

/* The groups hold another task each, so that no combination is new. */
static void attach_beside_row(const struct row *row)
{
	struct crowd crowd, other[2];
	struct place place;
	int fd[2], to = 0;

	if (lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 0);
	attach_begin(&place, false, fd);
	for (int i = 0; i < 2; i++) {
		crowd_start(&other[i], NULL, 1);
		group_attach(fd[i], other[i].id, other[i].len);
	}
	crowd_start(&crowd, NULL, 1);
	SAMPLE(500, 10, to = !to;
	       group_attach(fd[to], crowd.id, crowd.len));
	report(row->name, row->x);
	/* The younger ones keep the older ones alive. */
	crowd_end(&crowd);
	for (int i = 1; i >= 0; i--) {
		crowd_end(&other[i]);
		close(fd[i]);
	}
	attach_end(&place);
	place_end(&place);
}

static void attach_by_path(const char *path, const struct crowd *crowd)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		die("open %s", path);
	group_attach(fd, crowd->id, crowd->len);
	close(fd);
}

/* As a shell does: the file is opened for each move. */
static void attach_open_row(const struct row *row)
{
	char path[2][PATH_MAX];
	struct crowd crowd;
	struct place place;
	int fd[2], to = 0;

	if (lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 0);
	attach_begin(&place, false, fd);
	for (int i = 0; i < 2; i++) {
		place_path(&place, 0, i ? "b/" : "a/", path[i]);
		strcat(path[i], backend_file(false));
		close(fd[i]);
	}
	crowd_start(&crowd, NULL, 1);
	SAMPLE(500, 10, to = !to; attach_by_path(path[to], &crowd));
	report(row->name, row->x);
	crowd_end(&crowd);
	attach_end(&place);
	place_end(&place);
}

static void attach_threads_row(const struct row *row)
{
	struct crowd crowd;
	struct place place;

	if (lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 0);
	crowd_start_threads(&crowd, row->x);
	attach_samples(&place, &crowd, true, 0, 100);
	report(row->name, row->x);
	crowd_end(&crowd);
	attach_end(&place);
	place_end(&place);
}

/*
 * Making and removing groups
 */

static void group_cycle_in(const struct row *row, enum controller controller)
{
	struct place place;
	char path[PATH_MAX];

	if (lacks(row, controller))
		return;
	place_make(&place, controller, 1, row->x - 1);
	place_path(&place, 0, "new", path);
	SAMPLE(500, 20, mkdir_rmdir(path));
	report(row->name, row->x);
	place_end(&place);
}

static void group_cycle_row(const struct row *row)
{
	group_cycle_in(row, CPUACCT);
}

static void group_cycle_pids_row(const struct row *row)
{
	group_cycle_in(row, PIDS);
}

static void group_cycle_cpuset_row(const struct row *row)
{
	group_cycle_in(row, CPUSET);
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0755))
		die("mkdir %s", path);
}

static void sample_mkdir(const struct place *place, const char *name)
{
	char path[PATH_MAX];

	place_path(place, 0, name, path);
	SAMPLE(1, 0, make_dir(path));
}

static void siblings_row(const struct row *row)
{
	struct place place;

	if (lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 0);
	groups_each(&place, row->x, sample_mkdir);
	report(row->name, row->x);
	groups_each(&place, row->x, group_remove);
	place_end(&place);
}

static void group_cycle_beside_row(const struct row *row)
{
	struct place place;
	char path[PATH_MAX];

	if (lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 0);
	groups_each(&place, row->x, group_make);
	place_path(&place, 0, "new", path);
	SAMPLE(200, 20, mkdir_rmdir(path));
	report(row->name, row->x);
	groups_each(&place, row->x, group_remove);
	place_end(&place);
}

/*
 * Looking at groups
 */

static void list_samples(const struct row *row, const struct place *place,
			 unsigned int tasks)
{
	char path[PATH_MAX];

	place_path(place, 0, backend_file(false), path);
	SAMPLE(tasks < 1000 ? 100 : 10, 2, open_read_close(path));
	report(row->name, row->x);
}

static void list_row(const struct row *row)
{
	struct crowd crowd;
	struct place place;

	if (lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 1);
	crowd_start(&crowd, &place, row->x);
	list_samples(row, &place, row->x);
	crowd_end(&crowd);
	place_end(&place);
}

/* Ten tasks in the group, and x in another. */
static void list_beside_row(const struct row *row)
{
	struct crowd ten, others;
	struct place place, other;

	if (lacks(row, CPUACCT))
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

static void membership_in(const struct row *row, unsigned int nr,
			  unsigned int depth)
{
	struct crowd crowd;
	struct place place;
	char path[64];

	if (lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, nr, depth);
	crowd_start(&crowd, &place, 1);
	sprintf(path, "/proc/%d/%s", crowd.pid, backend_membership());
	SAMPLE(500, 20, open_read_close(path));
	report(row->name, row->x);
	crowd_end(&crowd);
	place_end(&place);
}

static void membership_row(const struct row *row)
{
	membership_in(row, row->x, 1);
}

static void membership_depth_row(const struct row *row)
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

	if (lacks(row, controller))
		return;
	place_make(&place, controller, 1, 0);
	place_path(&place, 0, "new", path);
	for (int i = 0; i < 100; i++) {
		make_dir(path);
		SAMPLE(1, 0, list_dir(path));
		group_remove(&place, "new");
	}
	report(row->name, row->x);
	place_end(&place);
}

static void list_dir_new_row(const struct row *row)
{
	list_dir_new_in(row, CPUACCT);
}

static void list_dir_new_cpuset_row(const struct row *row)
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
static void stat_files_row(const struct row *row)
{
	struct dirent **list;
	struct place place;
	char path[PATH_MAX];
	char *paths[64];
	int nr;

	if (lacks(row, CPUSET))
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
static void stat_group_row(const struct row *row)
{
	struct place place;
	char path[PATH_MAX];

	if (lacks(row, CPUACCT))
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
static void stat_group_view_row(const struct row *row)
{
	struct stat_in_view stat = { .row = row };
	struct place place;

	if (lacks(row, CPUACCT))
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
static void ps_row(const struct row *row)
{
	const char *columns = "pid,cgroup";
	struct crowd crowd;
	struct place place;

	if (lacks(row, CPUACCT))
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

/* In the order in which they run: what leaves much behind comes last. */
static const struct {
	const char *name;
	void (*func)(const struct row *row);
	/* Ends with a zero, which counts in first place. */
	unsigned long x[6];
} rows[] = {
	{ "vfork+exit", vfork_row, { 0, 1, 2, 4, 8 } },
	{ "thread", thread_row, { 1 } },
	{ "vfork+exit plain", vfork_plain_row, { 1, 4 } },
	{ "vfork+exit pids", vfork_pids_row, { 1, 4 } },
	{ "vfork+exit pids.max", vfork_limit_row, { 1, 4 } },
	{ "vfork refused", vfork_refused_row, { 1, 4 } },
	{ "thread plain", thread_plain_row, { 1, 4 } },
	{ "thread pids", thread_pids_row, { 1, 4 } },
	{ "thread pids.max", thread_limit_row, { 1, 4 } },
	{ "thread refused", thread_refused_row, { 1, 4 } },
	{ "switch", switch_row, { 1, 2, 4, 8 } },
	{ "fault", fault_row, { 0 } },
	{ "fault in cpuset", fault_cpuset_row, { 0 } },
	{ "unshare", unshare_row, { 0, 1, 2, 4, 8 } },
	{ "attach", attach_row, { 1, 2, 4, 8 } },
	{ "attach in hierarchies", attach_hier_row, { 1, 2, 4, 8 } },
	{ "attach after ms", attach_rest_row, { 200 } },
	{ "attach beside", attach_beside_row, { 1 } },
	{ "attach open", attach_open_row, { 1 } },
	{ "attach in cpuset", attach_cpuset_row, { 0 } },
	{ "attach in pids", attach_pids_row, { 1, 4 } },
	{ "attach threads", attach_threads_row, { 1, 10, 100, 1000 } },
	{ "membership", membership_row, { 1, 2, 4, 8 } },
	{ "membership depth", membership_depth_row, { 1, 2, 4, 8 } },
	{ "mkdir+rmdir", group_cycle_row, { 1, 2, 4, 8 } },
	{ "mkdir+rmdir cpuset", group_cycle_cpuset_row, { 1 } },
	{ "mkdir+rmdir pids", group_cycle_pids_row, { 1 } },
	{ "mkdir+rmdir beside", group_cycle_beside_row, { 10, 100, 1000 } },
	{ "mkdir siblings", siblings_row, { 1000 } },
	{ "cpuset cpus beside", set_cpus_beside_row, { 10000 } },
	{ "cpuset rmdir beside", set_remove_beside_row, { 10000 } },
	{ "cpuset cpus siblings", set_cpus_siblings_row, { 1000 } },
	{ "cpuset mems siblings", set_mems_siblings_row, { 1000 } },
	{ "cpuset rmdir siblings", set_remove_siblings_row, { 1000 } },
	{ "list", list_row, { 10, 100, 1000, 10000 } },
	{ "list 10 beside", list_beside_row, { 10000 } },
	{ "list new dir", list_dir_new_row, { 0 } },
	{ "list new dir cpuset", list_dir_new_cpuset_row, { 0 } },
	{ "stat files cpuset", stat_files_row, { 0 } },
	{ "stat group", stat_group_row, { 1, 4 } },
	{ "stat group in view", stat_group_view_row, { 1, 4 } },
	{ "ps", ps_row, { 10000 } },
};

/* All rows, or the one called so. */
void rows_run(const char *name, unsigned long x)
{
	if (!name) {
		comm_rows();
		tmpfs_row();
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct row row = { .name = rows[i].name };

		if (name && strcmp(name, row.name))
			continue;
		for (size_t j = 0; !j || rows[i].x[j]; j++) {
			row.x = rows[i].x[j];
			if (name && x != row.x)
				continue;
			/* What the row before has left to be done. */
			rest(5000);
			rows[i].func(&row);
		}
	}
}
