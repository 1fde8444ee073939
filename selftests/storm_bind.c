// SPDX-License-Identifier: GPL-2.0
/* The storm around the tree: hierarchies, mounts of proc, and the machine itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpuset_util.h"
#include "storm.h"

/* One of those that come and go, whether it is there or not. */
static const char *passing(struct storm_actor *me)
{
	return rc_fmt(RC_ROOT "/%c%u", STORM_PASSING, storm_pick(me, 2));
}

/* A controller, mostly one that is not bound. */
static const char *controller(struct storm_actor *me)
{
	char *text = rc_text(RC_ROOT "/subsystems"), *line, *save;
	static char names[16][64];
	int nr = 0;

	strtok_r(text, "\n", &save);
	while (nr < 16 && (line = strtok_r(NULL, "\n", &save))) {
		char hier[64] = "";

		if (sscanf(line, "%63s %63s", names[nr], hier) != 2)
			continue;
		if (!strcmp(hier, "-") || *hier == STORM_PASSING || storm_chance(me, 10))
			nr++;
	}
	free(text);
	return nr ? names[storm_pick(me, nr)] : "";
}

int storm_op_hierarchy(struct storm_actor *me)
{
	const char *path = passing(me);
	int ret;

	snprintf(me->at, sizeof(me->at), "%s", path);
	switch (storm_pick(me, 4)) {
	case 0:
		/* In use or not: that has to come to a good end. */
		return storm_fell(path);
	case 1:
		return rc_rmdir(path);
	case 2:
		return rename(path, passing(me)) ? -errno : 0;
	default:
		ret = rc_mkdir(path);
		/* Others can do something in it. */
		if (!ret)
			chmod(path, 0777);
		return ret;
	}
}

int storm_op_rebind(struct storm_actor *me)
{
	const char *path = passing(me), *list = controller(me);

	if (storm_chance(me, 40))
		list = rc_fmt("%s,%s", list, controller(me));
	if (storm_chance(me, 30))
		list = "";
	snprintf(me->at, sizeof(me->at), "%s < %s", path, list);
	return rc_write(rc_fmt("%s/subsystems", path), list);
}

/* Root has opened the file, somebody else writes to it. */
int storm_op_rebind_as_user(struct storm_actor *me)
{
	const char *path = rc_fmt("%s/subsystems", passing(me)), *list = controller(me);
	int fd = rc_open(path, O_WRONLY), ret;

	if (fd < 0)
		return fd;
	snprintf(me->at, sizeof(me->at), "%s < %s", path, list);
	if (setegid(RC_USER) || seteuid(RC_USER)) {
		close(fd);
		return -EPERM;
	}
	ret = rc_write_fd(fd, list, strlen(list));
	if (seteuid(0) || setegid(0))
		_exit(1);
	rc_die_with_parent();
	close(fd);
	return ret;
}

/* Looks at each directory and file, so that this mount of proc knows all of them. */
static void look_at_all(const char *dir, int depth)
{
	struct storm_name *names = malloc(24 * sizeof(*names));
	struct stat st;
	int nr, i;

	nr = names ? storm_children(dir, names, 24, true) : -1;
	for (i = 0; i < nr; i++)
		if (stat(rc_fmt("%s/%s", dir, names[i].text), &st))
			break;
	nr = names && depth < 5 ? storm_children(dir, names, 24, false) : -1;
	for (i = 0; i < nr; i++) {
		char *path = strdup(rc_fmt("%s/%s", dir, names[i].text));

		access(path, R_OK | W_OK);
		look_at_all(path, depth + 1);
		free(path);
	}
	free(names);
}

int storm_op_look_around(struct storm_actor *me)
{
	char *base = strdup(storm_base(me));

	look_at_all(base, 0);
	free(base);
	return 0;
}

static pid_t rememberer;

void storm_end_rememberer(void)
{
	storm_end(rememberer);
	rememberer = 0;
}

/* Somebody in namespaces of his own whose mount of proc has seen it all. */
int storm_op_remember(struct storm_actor *me)
{
	pid_t pid;

	storm_end_rememberer();
	rememberer = storm_fork();
	if (rememberer)
		return rememberer < 0 ? -errno : 0;
	if ((me->who & STORM_STRANGER) && unshare(CLONE_NEWUSER))
		_exit(1);
	if (unshare(CLONE_NEWNS | (me->who & STORM_STRANGER ? CLONE_NEWPID : 0)))
		_exit(1);
	rc_die_with_parent();
	pid = storm_fork();
	if (pid)
		_exit(waitpid(pid, NULL, 0) < 0);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		_exit(1);
	look_at_all(RC_ROOT, 0);
	for (;;)
		pause();
}

int storm_op_cpu(struct storm_actor *me)
{
	int cpu = 1 + storm_pick(me, sysconf(_SC_NPROCESSORS_CONF) - 1);

	return cs_online_cpu(cpu, storm_chance(me, 55));
}

/* Once each: a block that is in use stays as it is. */
int storm_op_node(struct storm_actor *me)
{
	static struct storm_name names[64];
	const char *state = storm_chance(me, 50) ? "online_movable" : "offline", *dir;
	int nr, i, ret = 0;

	if (storm->node < 0)
		return -ENOENT;
	/* As long as pages are in use. */
	me->since = 0;
	dir = rc_fmt("/sys/devices/system/node/node%d", storm->node);
	nr = storm_children(dir, names, 64, true);
	for (i = 0; i < nr; i++)
		if (!strncmp(names[i].text, "memory", 6))
			ret = rc_write(rc_fmt("%s/%s/state", dir, names[i].text), state) ?: ret;
	return ret;
}

void storm_restore_machine(void)
{
	int cpu;

	for (cpu = 1; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++)
		cs_online_cpu(cpu, true);
	if (storm->node >= 0)
		cs_online_node(storm->node, false);
}

/* Where kernel threads of work queues may run; so some are made. */
int storm_op_workers(struct storm_actor *me)
{
	return rc_write(CPUMASK, rc_fmt("%x", 1 + storm_pick(me, 255)));
}
