// SPDX-License-Identifier: GPL-2.0
/*
 * Tops change, containers begin and end, and groups above are renamed, while those
 * in a container, in one in it, and outside look, list and change what they see.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_box.h"

struct shared {
	const char *hier;
	/* H/above is renamed to H/elsewhere and back; so they are reached by these. */
	int top;
	int side;
	int deep;
	/* The directory of side. */
	int dir;
	long stop;
	long moves;
	long looks;
	long made;
	long ended;
	long renamed;
	/* What cannot be. */
	long seen_above;
	long odd_errors;
	long odd_paths;
};

static struct shared *shared;

FIXTURE(race)
{
	struct rc_box *box;
};

FIXTURE_SETUP(race)
{
	static const char * const made[] = {
		"above", "above/top", "above/top/t", "above/side", "above/side/s",
		"above/top/t/deep",
	};
	unsigned int i;

	ASSERT_EQ(0, rc_setup());
	shared = rc_shared(sizeof(*shared));
	ASSERT_TRUE(!!shared);
	shared->hier = rc_hier_new();
	ASSERT_TRUE(!!shared->hier);
	for (i = 0; i < ARRAY_SIZE(made); i++)
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/%s", shared->hier, made[i])));
	shared->top = rc_open(rc_fmt("%s/above/top/procs", shared->hier), O_WRONLY);
	shared->side = rc_open(rc_fmt("%s/above/side/procs", shared->hier), O_WRONLY);
	shared->deep = rc_open(rc_fmt("%s/above/top/t/deep/procs", shared->hier),
			       O_WRONLY);
	shared->dir = rc_open(rc_fmt("%s/above/side", shared->hier),
			      O_RDONLY | O_DIRECTORY);
	ASSERT_LT(0, shared->dir);
	ASSERT_LT(0, shared->top);
	ASSERT_LT(0, shared->side);
	ASSERT_LT(0, shared->deep);
	self->box = rc_box_new(RC_BOX_ROOT, rc_fmt("%s/above/top", shared->hier));
	ASSERT_TRUE(!!self->box);
	ASSERT_EQ(0, rc_box_do(self->box, rc_box_nest, NULL, NULL));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_end_children());
	if (!access(rc_fmt("%s/elsewhere", shared->hier), F_OK))
		rename(rc_fmt("%s/elsewhere", shared->hier),
		       rc_fmt("%s/above", shared->hier));
	close(shared->top);
	close(shared->side);
	close(shared->deep);
	close(shared->dir);
	EXPECT_EQ(0, rc_teardown());
}

/* The inits go from one top to the other, to one below, and to the root. */
static int move_init(void *arg)
{
	struct rc_box *box = arg;
	int root = rc_open(rc_fmt("%s/procs", shared->hier), O_WRONLY);
	const int to[] = { shared->top, shared->side, shared->deep, root };
	unsigned int turn;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		const char *id = rc_fmt("%d", turn % 3 ? box->pid : box->inner->pid);

		if (rc_write_fd(to[turn % ARRAY_SIZE(to)], id, strlen(id)))
			rc_inc(&shared->odd_errors);
		rc_inc(&shared->moves);
	}
	return 0;
}

/* Errors that somebody whose top changes can get. */
static bool odd(int ret)
{
	return ret < 0 && ret != -ENOENT && ret != -EPERM && ret != -ENODEV &&
	       ret != -EBUSY && ret != -EEXIST && ret != -ESRCH &&
	       ret != -ESTALE && ret != -EACCES;
}

static void check(int ret)
{
	if (odd(ret)) {
		rc_inc(&shared->odd_errors);
		ksft_print_msg("odd error: %d\n", ret);
	}
}

/* What is above a top is never seen. */
static void list(void)
{
	DIR *dir = opendir(shared->hier);
	struct dirent *entry;

	if (!dir) {
		check(-errno);
		return;
	}
	while ((entry = readdir(dir)))
		if (!strcmp(entry->d_name, "above") || !strcmp(entry->d_name, "top") ||
		    !strcmp(entry->d_name, "elsewhere") ||
		    !strcmp(entry->d_name, "side"))
			rc_inc(&shared->seen_above);
	closedir(dir);
}

static void look(void)
{
	static const char * const above[] = { "above", "elsewhere", "top", "side" };
	unsigned int i;
	char buf[4096];
	const char *path;

	for (i = 0; i < ARRAY_SIZE(above); i++)
		if (!access(rc_fmt("%s/%s", shared->hier, above[i]), F_OK))
			rc_inc(&shared->seen_above);
	check(rc_read(rc_fmt("%s/tasks", shared->hier), buf, sizeof(buf)));
	check(rc_read(rc_fmt("%s/t/events", shared->hier), buf, sizeof(buf)));
	check(rc_read(rc_fmt("%s/s/../events", shared->hier), buf, sizeof(buf)));
	check(rc_read(RC_ROOT "/subsystems", buf, sizeof(buf)));
	path = rc_where(1, shared->hier);
	/* Its own init is at the top, or up from where it was. */
	if (*path && strcmp(path, "/") && strncmp(path, "/..", 3) &&
	    strcmp(path, "/t/deep") && strcmp(path, "/mine"))
		rc_inc(&shared->odd_paths);
}

/* In a box. */
static int look_on(struct rc_box *box)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : 0;
	rc_die_with_parent();
	while (!rc_get(&shared->stop)) {
		list();
		look();
		rc_inc(&shared->looks);
	}
	_exit(0);
}

/* Changes what it sees, and goes there. */
static int change(struct rc_box *box)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : 0;
	rc_die_with_parent();
	while (!rc_get(&shared->stop)) {
		const char *mine = strdup(rc_fmt("%s/mine", shared->hier));
		int dir = open(shared->hier, O_RDONLY | O_DIRECTORY);

		check(rc_mkdir(mine));
		check(rc_write(rc_fmt("%s/tasks", mine), "0"));
		check(rc_write(rc_fmt("%s/notify_on_release", mine), "1"));
		check(mkdirat(dir, "old", 0755) ? -errno : 0);
		check(rename(mine, rc_fmt("%s/other", shared->hier)) ? -errno : 0);
		check(rc_write(rc_fmt("%s/procs", shared->hier), "0"));
		check(rc_rmdir(rc_fmt("%s/other", shared->hier)));
		check(rc_rmdir(mine));
		check(unlinkat(dir, "old", AT_REMOVEDIR) ? -errno : 0);
		close(dir);
		free((void *)mine);
		rc_inc(&shared->made);
	}
	_exit(0);
}

static int rename_above(void *arg)
{
	const char *name[2];
	int turn;

	name[0] = strdup(rc_fmt("%s/above", shared->hier));
	name[1] = strdup(rc_fmt("%s/elsewhere", shared->hier));
	for (turn = 0; !rc_get(&shared->stop) || turn % 2; turn++) {
		if (rename(name[turn % 2], name[!(turn % 2)]))
			rc_inc(&shared->odd_errors);
		rc_inc(&shared->renamed);
	}
	return 0;
}

/* Containers come to their ends while their directories are open outside. */
static int end_boxes(void *arg)
{
	const char *name = strrchr(shared->hier, '/') + 1;

	while (!rc_get(&shared->stop)) {
		struct rc_box *box = rc_box_new(RC_BOX_ROOT, NULL);
		const char *id;
		char buf[256];
		int rc, dir;

		if (!box)
			return -errno;
		id = rc_fmt("%d", box->pid);
		rc_write_fd(shared->side, id, strlen(id));
		rc = rc_open(rc_fmt("/proc/%d/root/proc/rc", box->pid), O_RDONLY);
		dir = openat(rc, name, O_RDONLY | O_DIRECTORY);
		kill(box->pid, SIGKILL);
		while (faccessat(rc, rc_fmt("%s/release_agent", name), F_OK, 0)) {
			int fd = openat(dir, "tasks", O_RDONLY);

			check(fd < 0 ? -errno : rc_read_fd(fd, buf, sizeof(buf), 64));
			close(fd);
			if (!mkdirat(dir, "late", 0755))
				unlinkat(dir, "late", AT_REMOVEDIR);
		}
		/* It can have lost the right to remove it between the two. */
		unlinkat(shared->dir, "late", AT_REMOVEDIR);
		if (!mkdirat(dir, "late", 0755) || errno != EPERM) {
			rc_inc(&shared->odd_errors);
			ksft_print_msg("after the end: %s\n",
				       strerrorname_np(errno));
		}
		close(dir);
		close(rc);
		rc_reap(box->pid);
		munmap(box->inner, sizeof(*box));
		munmap(box, sizeof(*box));
		rc_inc(&shared->ended);
	}
	return 0;
}

/* Nothing above the tops is seen, errors are those of who lost it, and all ends. */
TEST_F_TIMEOUT(race, tops, RC_RACE_TIMEOUT)
{
	struct rc_box *box = self->box;
	double until;

	ASSERT_EQ(0, rc_box_do(box, look_on, NULL, NULL));
	ASSERT_EQ(0, rc_box_do(box, change, NULL, NULL));
	ASSERT_EQ(0, rc_box_do(box->inner, look_on, NULL, NULL));
	ASSERT_EQ(0, rc_box_do(box->inner, change, NULL, NULL));
	rc_spawn(move_init, box);
	rc_spawn(rename_above, NULL);
	rc_spawn(end_boxes, NULL);
	until = rc_now() + rc_race_seconds();
	while (rc_now() < until || !rc_get(&shared->ended) || !rc_get(&shared->made))
		rc_nap();
	rc_set(&shared->stop, 1);
	TH_LOG("%ld moves, %ld looks, %ld changes, %ld ends, %ld renamings",
	       shared->moves, shared->looks, shared->made, shared->ended,
	       shared->renamed);
	EXPECT_EQ(0, rc_end_children());
	EXPECT_EQ(0, shared->seen_above);
	EXPECT_EQ(0, shared->odd_errors);
	EXPECT_EQ(0, shared->odd_paths);
	EXPECT_LT(0, shared->moves);
	EXPECT_LT(0, shared->looks);
	EXPECT_LT(0, shared->renamed);
}

TEST_HARNESS_MAIN
