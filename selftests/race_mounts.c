// SPDX-License-Identifier: GPL-2.0
/* Three mounts of proc, one tree: made, removed and listed in all of them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define MOUNTS 3
#define STAYERS 20
#define MAKERS 3
#define GUESTS 10

struct shared {
	/* The same group, as each mount calls it. */
	const char *grp[MOUNTS];
	long stop;
	long made;
	long contested;
	long lists;
	long lookups;
	long missed;
	long doubled;
	/* A directory that another mount did not see at once, or still saw. */
	long stale;
	long odd_errors;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	const char *hier, *grp;
	int i;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	self->shared->grp[0] = grp;
	for (i = 1; i < MOUNTS; i++) {
		self->shared->grp[i] = rc_in_new_mount(grp);
		ASSERT_TRUE(!!self->shared->grp[i]);
	}
	for (i = 0; i < STAYERS; i++)
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/s%d", grp, i)));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Names of its own: what one mount did the next one shows at once. */
static int make_on(struct shared *shared, int maker)
{
	unsigned int turn;

	for (turn = maker; !rc_get(&shared->stop); turn++) {
		const char *here = shared->grp[turn % MOUNTS];
		const char *there = shared->grp[(turn + 1) % MOUNTS];
		const char *name = rc_fmt("m%d-%d", maker, turn % GUESTS);
		const char *seen = rc_fmt("%s/%s", there, name);

		if (!access(seen, F_OK) ||
		    rc_mkdir(rc_fmt("%s/%s", here, name)) ||
		    rc_count(rc_fmt("%s/tasks", seen)) ||
		    rc_rmdir(seen) ||
		    !access(rc_fmt("%s/%s", here, name), F_OK))
			rc_inc(&shared->stale);
		rc_inc(&shared->made);
	}
	return 0;
}

/* One name that several want to make and to remove. */
static int contest_on(struct shared *shared, int maker)
{
	unsigned int turn;

	for (turn = maker; !rc_get(&shared->stop); turn++) {
		const char *path = rc_fmt("%s/contested",
					  shared->grp[turn % MOUNTS]);
		int ret = rc_mkdir(path);

		if (ret && ret != -EEXIST)
			rc_inc(&shared->odd_errors);
		ret = rc_rmdir(path);
		if (ret && ret != -ENOENT)
			rc_inc(&shared->odd_errors);
		rc_inc(&shared->contested);
	}
	return 0;
}

static int list_once(struct shared *shared, const char *path)
{
	int seen[STAYERS] = { 0 }, nr, i;
	char names[128][32];
	int known = 0;
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "s%d", &nr) == 1 && nr < STAYERS) {
			seen[nr]++;
			continue;
		}
		/*
		 * A file never moves.  A directory made again under its old
		 * name may rightly be listed again.
		 */
		if (entry->d_type != DT_REG || known == ARRAY_SIZE(names))
			continue;
		for (i = 0; i < known; i++)
			if (!strcmp(names[i], entry->d_name))
				rc_inc(&shared->doubled);
		snprintf(names[known++], sizeof(names[0]), "%.31s",
			 entry->d_name);
	}
	closedir(dir);
	for (i = 0; i < STAYERS; i++) {
		if (!seen[i])
			rc_inc(&shared->missed);
		if (seen[i] > 1)
			rc_inc(&shared->doubled);
	}
	rc_inc(&shared->lists);
	return 0;
}

static int look_on(struct shared *shared, int looker)
{
	unsigned int turn;

	for (turn = looker; !rc_get(&shared->stop); turn++) {
		const char *grp = shared->grp[turn % MOUNTS];
		int ret = list_once(shared, grp);

		if (ret)
			return ret;
		if (rc_count(rc_fmt("%s/s%d/tasks", grp, turn % STAYERS)))
			rc_inc(&shared->missed);
		rc_inc(&shared->lookups);
	}
	return 0;
}

/* What stays is never missed nor doubled; a change is one in every mount. */
TEST_F_TIMEOUT(race, one_tree, RC_RACE_TIMEOUT)
{
	static int (* const fns[])(struct shared *shared, int nr) = {
		make_on, contest_on, look_on,
	};
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[ARRAY_SIZE(fns) * MAKERS];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = rc_fork();
		if (!pids[i])
			_exit(-fns[i % ARRAY_SIZE(fns)](shared, i));
	}
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld made, %ld contested, %ld lists, %ld lookups", shared->made,
	       shared->contested, shared->lists, shared->lookups);
	EXPECT_LT(0, shared->made);
	EXPECT_LT(0, shared->contested);
	EXPECT_LT(0, shared->lists);
	EXPECT_LT(0, shared->lookups);
	EXPECT_EQ(0, shared->missed);
	EXPECT_EQ(0, shared->doubled);
	EXPECT_EQ(0, shared->stale);
	EXPECT_EQ(0, shared->odd_errors);
}

TEST_HARNESS_MAIN
