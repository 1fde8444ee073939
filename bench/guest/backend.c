// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of tasks as each kernel has them: in /proc/rc, in cgroup v1 or v2, or
 * not at all. Where there are none, a place is nowhere, and entering it does
 * nothing: what is measured there is the floor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define CGROUP	"/tmp/cgroup"

/**
 * struct backend - who provides groups
 * @name: what the backend is called
 * @max: how many hierarchies a place can have; 0 for no groups at all
 * @tasks: file of a group that lists threads and takes one
 * @procs: the same for processes
 * @membership: file in /proc/PID
 * @cpuset: what names of the files of cpuset begin with, NULL: a new group
 *	needs none of them to be written
 * @options: mount options, for cgroup v2
 */
struct backend {
	const char *name;
	unsigned int max;
	const char *tasks;
	const char *procs;
	const char *membership;
	const char *cpuset;
	const char *options;
};

static const struct backend backends[] = {
	{ .name = "none" },
	{ .name = "v1", .max = MAX_HIERARCHIES, .tasks = "tasks",
	  .procs = "cgroup.procs", .membership = "cgroup", .cpuset = "cpuset." },
	{ .name = "v2", .max = 1, .tasks = "cgroup.procs",
	  .procs = "cgroup.procs", .membership = "cgroup", .options = "" },
	{ .name = "favordynmods", .max = 1, .tasks = "cgroup.procs",
	  .procs = "cgroup.procs", .membership = "cgroup",
	  .options = "favordynmods" },
	{ .name = "rc", .max = MAX_HIERARCHIES, .tasks = "tasks",
	  .procs = "procs", .membership = "rc", .cpuset = "" },
};

static const struct backend *backend;

static bool is_rc(void)
{
	return !strcmp(backend->name, "rc");
}

/* The fields that both have mean the same: a controller is one of them. */
static bool has_controller(const char *name)
{
	const char *path = is_rc() ? "/proc/rc/subsystems" : "/proc/cgroups";
	FILE *f = fopen(path, "r");
	char line[256];
	bool found = false;

	if (!f)
		die("%s", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\t")] = '\0';
		found |= !strcmp(line, name);
	}
	fclose(f);
	return found;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("write to %s", path);
	close(fd);
}

bool backend_init(const char *name)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++)
		if (!strcmp(backends[i].name, name))
			backend = &backends[i];
	if (!backend)
		return false;
	if (backend_has_groups() && !is_rc() && mkdir(CGROUP, 0755))
		die("mkdir " CGROUP);
	if (backend->options &&
	    mount("none", CGROUP, "cgroup2", 0, backend->options))
		die("mount cgroup2");
	return true;
}

const char *backend_name(void)
{
	return backend->name;
}

bool backend_has_groups(void)
{
	return backend->max;
}

/* Why there can be no such hierarchy, or NULL. */
const char *backend_lacks(enum controller controller)
{
	if (!backend_has_groups())
		return "no groups";
	if (controller == CPUSET && !has_controller("cpuset"))
		return "no controller cpuset";
	if (controller == CPU && !has_controller("cpu"))
		return "no controller cpu";
	if (controller == PIDS && !has_controller("pids"))
		return "no controller pids";
	return NULL;
}

/* The file of a group that lists threads, or processes, and takes one. */
const char *backend_file(bool process)
{
	return process ? backend->procs : backend->tasks;
}

const char *backend_membership(void)
{
	return backend->membership;
}

static const char *const controller_names[] = {
	[CPUACCT] = "cpuacct", [CPUSET] = "cpuset", [CPU] = "cpu", [PIDS] = "pids",
};

static void hier_make(char *path, enum controller controller, unsigned int nr)
{
	char name[32], options[64];

	if (backend->options) {
		sprintf(path, CGROUP);
		if (controller == CPUSET)
			write_text(CGROUP "/cgroup.subtree_control", "+cpuset");
		return;
	}
	if (controller == PLAIN)
		snprintf(name, sizeof(name), "plain%u", nr);
	else
		sprintf(name, "%s", controller_names[controller]);
	sprintf(path, "%s/%s", is_rc() ? "/proc/rc" : CGROUP, name);
	if (mkdir(path, 0755))
		die("mkdir %s", path);
	if (is_rc())
		return;
	if (controller == PLAIN)
		snprintf(options, sizeof(options), "none,name=%s", name);
	else
		sprintf(options, "%s", name);
	if (mount("none", path, "cgroup", 0, options))
		die("mount of cgroup with %s", options);
}

/* cgroup lets go of what has ended a moment later. */
static void remove_dir(const char *path)
{
	for (int i = 0; rmdir(path); i++) {
		if (errno != EBUSY || i == 1000)
			die("rmdir %s", path);
		rest(10);
	}
}

static void hier_end(const char *path, enum controller controller)
{
	if (backend->options) {
		if (controller == CPUSET)
			write_text(CGROUP "/cgroup.subtree_control", "-cpuset");
		return;
	}
	if (!is_rc() && umount(path))
		die("umount %s", path);
	remove_dir(path);
}

/* The path of a place's group in a hierarchy, or of one below it. */
void place_path(const struct place *place, unsigned int hier, const char *name,
		char *path)
{
	path += sprintf(path, "%s", place->hier[hier]);
	for (unsigned int i = 0; i < place->depth; i++)
		path += sprintf(path, "/g");
	if (name)
		sprintf(path, "/%s", name);
}

/* cgroup v2 has these where the group above says so. */
static bool is_told_above(enum controller controller)
{
	return backend->options && (controller == CPU || controller == PIDS);
}

static void tell_above(const struct place *place, const char *path)
{
	char file[PATH_MAX], text[16];

	if (!is_told_above(place->controller))
		return;
	snprintf(file, sizeof(file), "%.*s/cgroup.subtree_control",
		 (int)(strrchr(path, '/') - path), path);
	snprintf(text, sizeof(text), "+%s", controller_names[place->controller]);
	write_text(file, text);
}

static void make_dir(const struct place *place, const char *path)
{
	char file[PATH_MAX];

	tell_above(place, path);
	if (mkdir(path, 0755))
		die("mkdir %s", path);
	if (place->controller != CPUSET || !backend->cpuset)
		return;
	snprintf(file, sizeof(file), "%s/%scpus", path, backend->cpuset);
	write_text(file, "0");
	snprintf(file, sizeof(file), "%s/%smems", path, backend->cpuset);
	write_text(file, "0");
}

/*
 * Makes groups in @nr hierarchies, or as many as the backend has; depth 0 stands
 * for their roots.
 */
void place_make(struct place *place, enum controller controller,
		unsigned int nr, unsigned int depth)
{
	struct place at = { .controller = controller };
	char path[PATH_MAX];

	at.nr = nr < backend->max ? nr : backend->max;
	for (unsigned int i = 0; i < at.nr; i++) {
		hier_make(at.hier[i], i ? PLAIN : controller, i);
		for (at.depth = 1; at.depth <= depth; at.depth++) {
			place_path(&at, i, NULL, path);
			make_dir(&at, path);
		}
		/* Only the first has the controller. */
		at.controller = PLAIN;
	}
	at.depth = depth;
	at.controller = controller;
	*place = at;
}

void place_end(struct place *place)
{
	char path[PATH_MAX];
	struct place at = *place;

	for (unsigned int i = 0; i < at.nr; i++) {
		for (at.depth = place->depth; at.depth; at.depth--) {
			place_path(&at, i, NULL, path);
			remove_dir(path);
		}
		hier_end(at.hier[i], i ? PLAIN : at.controller);
	}
	if (is_told_above(place->controller)) {
		snprintf(path, sizeof(path), "-%s", controller_names[place->controller]);
		write_text(CGROUP "/cgroup.subtree_control", path);
	}
}

/* Writes pids.max of the place's group and of all above it. */
void place_limit(const struct place *place, const char *max)
{
	char path[PATH_MAX];
	struct place at = *place;

	for (at.depth = 1; at.depth <= place->depth; at.depth++) {
		place_path(&at, 0, "pids.max", path);
		write_text(path, max);
	}
}

/* Makes a group below that of the place, in the first hierarchy. */
void group_make(const struct place *place, const char *name)
{
	char path[PATH_MAX];

	place_path(place, 0, name, path);
	make_dir(place, path);
}

void group_remove(const struct place *place, const char *name)
{
	char path[PATH_MAX];

	place_path(place, 0, name, path);
	remove_dir(path);
}

/* Does something with @nr groups, by their names: group0, group1, ... */
void groups_each(const struct place *place, unsigned int nr,
		 void (*func)(const struct place *place, const char *name))
{
	char name[32];

	for (unsigned int i = 0; i < nr; i++) {
		sprintf(name, "group%u", i);
		func(place, name);
	}
}

int group_open(const struct place *place, unsigned int hier, const char *name,
	       bool process, int flags)
{
	char path[PATH_MAX];
	int fd;

	place_path(place, hier, name, path);
	strcat(path, "/");
	strcat(path, backend_file(process));
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	return fd;
}

/* Opens a file of the controller cpuset to be written. */
int group_open_cpuset(const struct place *place, const char *name,
		      const char *file)
{
	char path[PATH_MAX];
	int fd;

	place_path(place, 0, name, path);
	strcat(path, is_rc() ? "/" : "/cpuset.");
	strcat(path, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	return fd;
}

void group_configure(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("cannot write %s", text);
}

void group_attach(int fd, const char *id, int len)
{
	if (write(fd, id, len) != len)
		die("cannot move %s", id);
}

/* Moves the caller, a process with one thread. */
void place_enter(const struct place *place)
{
	for (unsigned int i = 0; i < place->nr; i++) {
		int fd = group_open(place, i, NULL, true, O_WRONLY);

		group_attach(fd, "0", 1);
		close(fd);
	}
}
