// SPDX-License-Identifier: GPL-2.0
/* Groups are renamed, made and removed while three mounts look on. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define MOUNTS 3
#define STAYERS 20
#define RENAMERS 3
#define LOOKERS 3
/* Levels between the two groups whose names change together. */
#define BETWEEN 28

struct shared {
	/* The same group, as each mount calls it. */
	const char *grp[MOUNTS];
	const char *hier;
	pid_t deep;
	long stop;
	long renamed;
	long made;
	long lists;
	long paths;
	long missed;
	long doubled;
	long disorder;
	long stale;
	long never_was;
	long odd_errors;
};

FIXTURE(race)
{
	struct shared *shared;
};

/* It lies in other memory than a short one. */
static const char *long_name(const char *name)
{
	return rc_fmt("%s%0100d", name, 0);
}

/* A group's name in turn: short and long ones. */
static const char *name_of(int nr, int turn)
{
	switch (turn % 4) {
	case 0:
		return rc_fmt("r%d-", nr);
	case 1:
		return long_name(rc_fmt("r%d-a", nr));
	case 2:
		return rc_fmt("r%d-b", nr);
	}
	return long_name(rc_fmt("r%d-c", nr));
}

/* The path of the deep group, where each end has one of two names. */
static const char *deep_path(bool top, bool bottom)
{
	char path[PATH_MAX];
	int i;

	snprintf(path, sizeof(path), "/%s", top ? "t-new" : "t");
	for (i = 0; i < BETWEEN; i++)
		strcat(path, "/x");
	return rc_fmt("%s/%s", path, bottom ? "b-new" : "b");
}

FIXTURE_SETUP(race)
{
	const char *grp;
	char path[PATH_MAX];
	int i;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->hier = rc_hier_new();
	ASSERT_TRUE(!!self->shared->hier);
	grp = rc_group_new(self->shared->hier);
	ASSERT_TRUE(!!grp);
	self->shared->grp[0] = grp;
	for (i = 1; i < MOUNTS; i++) {
		self->shared->grp[i] = rc_in_new_mount(grp);
		ASSERT_TRUE(!!self->shared->grp[i]);
	}
	/* Those whose names change are born among those that stay. */
	for (i = 0; i < STAYERS; i++) {
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/s%d", grp, i)));
		if (i < RENAMERS)
			ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/%s", grp,
						     name_of(i, 0))));
	}
	snprintf(path, sizeof(path), "%s/t", self->shared->hier);
	ASSERT_EQ(0, rc_mkdir(path));
	for (i = 0; i < BETWEEN; i++) {
		strcat(path, "/x");
		ASSERT_EQ(0, rc_mkdir(path));
	}
	strcat(path, "/b");
	ASSERT_EQ(0, rc_mkdir(path));
	self->shared->deep = rc_sleeper();
	ASSERT_EQ(0, rc_attach(path, self->shared->deep));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Its own group: what one mount has done the next one shows at once. */
static int rename_on(struct shared *shared, int nr)
{
	unsigned int turn;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		const char *here = shared->grp[(turn + nr) % MOUNTS];
		const char *there = shared->grp[(turn + nr + 1) % MOUNTS];
		const char *old = name_of(nr, turn);
		const char *new = name_of(nr, turn + 1);

		if (access(rc_fmt("%s/%s", there, old), F_OK) ||
		    !access(rc_fmt("%s/%s", there, new), F_OK))
			rc_inc(&shared->stale);
		if (rename(rc_fmt("%s/%s", here, old),
			   rc_fmt("%s/%s", here, new)))
			return -errno;
		if (!access(rc_fmt("%s/%s", there, old), F_OK) ||
		    rc_count(rc_fmt("%s/%s/tasks", there, new)))
			rc_inc(&shared->stale);
		rc_inc(&shared->renamed);
	}
	return 0;
}

/* Two of them make, rename and remove the same few names. */
static int contest_on(struct shared *shared, int nr)
{
	unsigned int turn;

	for (turn = nr; !rc_get(&shared->stop); turn++) {
		const char *grp = shared->grp[turn % MOUNTS];
		const char *one = rc_fmt("%s/c%d", grp, turn % 3);
		const char *two = rc_fmt("%s/c%d", grp, (turn + 1) % 3);
		int ret = rc_mkdir(one);

		if (ret && ret != -EEXIST)
			rc_inc(&shared->odd_errors);
		ret = rename(one, two) ? -errno : 0;
		if (ret && ret != -EEXIST && ret != -ENOENT)
			rc_inc(&shared->odd_errors);
		ret = rc_rmdir(two);
		if (ret && ret != -ENOENT)
			rc_inc(&shared->odd_errors);
		rc_inc(&shared->made);
	}
	return 0;
}

/*
 * The bottom has its new name only while the top has, too. From their directories,
 * so that two renamings take no longer than a reader may be stopped.
 */
static int rename_deep_on(void *arg)
{
	static const struct {
		bool bottom;
		const char *from;
		const char *to;
	} steps[] = {
		{ false, "t", "t-new" },
		{ true, "b", "b-new" },
		{ true, "b-new", "b" },
		{ false, "t-new", "t" },
	};
	struct shared *shared = arg;
	const char *deep = rc_fmt("%s%s", shared->hier, deep_path(false, false));
	int top = rc_open(shared->hier, O_RDONLY | O_DIRECTORY);
	int bottom = rc_open(rc_fmt("%.*s", (int)(strrchr(deep, '/') - deep),
				    deep), O_RDONLY | O_DIRECTORY);
	size_t i;

	if (top < 0 || bottom < 0)
		return -EBADF;
	while (!rc_get(&shared->stop)) {
		for (i = 0; i < ARRAY_SIZE(steps); i++) {
			int dir = steps[i].bottom ? bottom : top;

			if (renameat(dir, steps[i].from, dir, steps[i].to))
				return -errno;
		}
		rc_inc(&shared->renamed);
	}
	return 0;
}

static void list_once(struct shared *shared, const char *path)
{
	int stayers[STAYERS] = { 0 }, renamed[RENAMERS] = { 0 };
	DIR *dir = opendir(path);
	int last = -1, nr, i;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "s%d", &nr) == 1 && nr < STAYERS) {
			stayers[nr]++;
			/* In order of birth. */
			if (nr < last)
				rc_inc(&shared->disorder);
			last = nr;
		} else if (sscanf(entry->d_name, "r%d-", &nr) == 1 &&
			   nr < RENAMERS) {
			renamed[nr]++;
		}
	}
	if (dir)
		closedir(dir);
	for (i = 0; i < STAYERS + RENAMERS; i++) {
		int seen = i < STAYERS ? stayers[i] : renamed[i - STAYERS];

		if (!seen)
			rc_inc(&shared->missed);
		if (seen > 1)
			rc_inc(&shared->doubled);
	}
	rc_inc(&shared->lists);
}

static int look_on(struct shared *shared, int nr)
{
	unsigned int turn;

	for (turn = nr; !rc_get(&shared->stop); turn++) {
		const char *grp = shared->grp[turn % MOUNTS];

		list_once(shared, grp);
		if (rc_count(rc_fmt("%s/s%d/tasks", grp, turn % STAYERS)))
			rc_inc(&shared->missed);
	}
	return 0;
}

/* Does nothing else, so that it is often stopped amid a path. */
static int look_deep_on(void *arg)
{
	struct shared *shared = arg;
	int fd = rc_open(rc_fmt("/proc/%d/rc", shared->deep), O_RDONLY), i;
	const char *name = strrchr(shared->hier, '/') + 1;
	const char *paths[3];
	char text[PATH_MAX];

	if (fd < 0)
		return fd;
	for (i = 0; i < 3; i++)
		paths[i] = strdup(rc_fmt("%s::%s\n", name,
					 deep_path(i > 0, i > 1)));
	while (!rc_get(&shared->stop)) {
		ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

		if (len < 0)
			return -errno;
		text[len] = '\0';
		if (!strstr(text, paths[0]) && !strstr(text, paths[1]) &&
		    !strstr(text, paths[2]))
			rc_inc(&shared->never_was);
		rc_inc(&shared->paths);
	}
	return 0;
}

/* Nothing that stays is missed, doubled or out of order. */
TEST_F_TIMEOUT(race, names, RC_RACE_TIMEOUT)
{
	static int (* const fns[])(struct shared *shared, int nr) = {
		rename_on, look_on, contest_on, rename_on, look_on,
		contest_on, rename_on, look_on,
	};
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds() / 2.0;
	pid_t pids[ARRAY_SIZE(fns)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		pids[i] = rc_fork();
		if (!pids[i])
			_exit(-fns[i](shared, i / 3));
	}
	while (rc_now() < until || !rc_get(&shared->renamed) ||
	       !rc_get(&shared->made) || !rc_get(&shared->lists))
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < ARRAY_SIZE(fns); i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld renamed, %ld contested, %ld lists", shared->renamed,
	       shared->made, shared->lists);
	EXPECT_LT(0, shared->renamed);
	EXPECT_LT(0, shared->made);
	EXPECT_LT(0, shared->lists);
	EXPECT_EQ(0, shared->missed);
	EXPECT_EQ(0, shared->doubled);
	EXPECT_EQ(0, shared->disorder);
	EXPECT_EQ(0, shared->stale);
	EXPECT_EQ(0, shared->odd_errors);
}

/* No path is made up of names that the groups on it never had together. */
TEST_F_TIMEOUT(race, paths, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[3];
	int i;

	pids[0] = rc_spawn(rename_deep_on, shared);
	pids[1] = rc_spawn(look_deep_on, shared);
	pids[2] = rc_spawn(rc_burst_on, &shared->stop);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, rc_keep_to_last(pids[i], i > 0));
	while (rc_now() < until || !rc_get(&shared->renamed) ||
	       !rc_get(&shared->paths))
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld renamed to and fro, %ld paths", shared->renamed,
	       shared->paths);
	EXPECT_LT(0, shared->renamed);
	EXPECT_LT(0, shared->paths);
	EXPECT_EQ(0, shared->never_was);
}

TEST_HARNESS_MAIN
