// SPDX-License-Identifier: GPL-2.0
/*
 * The operations that are measured one by one, in instructions.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* No groups, or not this controller: then a row that is about them has no number. */
bool row_lacks(const struct row *row, enum controller controller)
{
	const char *reason = backend_lacks(controller);

	if (reason)
		report_none(row->name, row->x, reason);
	return reason;
}

/*
 * What a system call costs that does next to nothing: the floor of the others
 */

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

	if (row_lacks(row, controller))
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

	if (row_lacks(row, CPUACCT))
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

	if (row_lacks(row, CPUACCT))
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

	if (row_lacks(row, CPUACCT))
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

	if (row_lacks(row, CPUACCT))
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

	if (row_lacks(row, controller))
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

static void sample_mkdir(const struct place *place, const char *name)
{
	char path[PATH_MAX];

	place_path(place, 0, name, path);
	SAMPLE(1, 0, mkdir_or_die(path));
}

static void siblings_row(const struct row *row)
{
	struct place place;

	if (row_lacks(row, CPUACCT))
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

	if (row_lacks(row, CPUACCT))
		return;
	place_make(&place, CPUACCT, 1, 0);
	groups_each(&place, row->x, group_make);
	place_path(&place, 0, "new", path);
	SAMPLE(200, 20, mkdir_rmdir(path));
	report(row->name, row->x);
	groups_each(&place, row->x, group_remove);
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
	{ "start", start_in_row, { 1 } },
	{ "start by move", start_moved_row, { 1 } },
	{ "start exec", start_exec_row, { 1 } },
	{ "start exec by move", start_exec_moved_row, { 1 } },
	{ "start exec by program", start_exec_mover_row, { 1 } },
	{ "start exec nowhere", start_exec_nowhere_row, { 1 } },
	{ "kill", kill_row, { 1, 100 } },
	{ "freeze+thaw", freeze_row, { 1, 100 } },
	{ "refused EINVAL", refused_value_row, { 0, 1 } },
	{ "refused ENOENT", refused_name_row, { 0, 1 } },
	{ "namespaces", namespaces_row, { 10, 100 } },
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
	{ "groups", groups_row, { 10, 1000 } },
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
