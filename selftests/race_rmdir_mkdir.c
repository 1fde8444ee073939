// SPDX-License-Identifier: GPL-2.0
/*
 * Groups and hierarchies are removed and made again under the same names while
 * tasks enter them and read of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define GROUPS 3
#define ENTERERS 3
#define MAKERS 2
/* Some slots may have been taken before. */
#define HIERS 6

enum { DONE, REFUSED, ODD };

struct shared {
	const char *hier;
	const char *grp[GROUPS];
	long stop;
	long enter[3];
	long mkdir[3];
	long rmdir[3];
	/* A member whose group was gone, not there, or could be removed. */
	long broken;
	/* Hierarchies of this test, and the lines of all others. */
	char hiers[HIERS][NAME_MAX + 1];
	char others[1 << 14];
	long lists;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	int i;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->hier = rc_hier_new();
	ASSERT_TRUE(!!self->shared->hier);
	for (i = 0; i < GROUPS; i++) {
		self->shared->grp[i] = rc_group_new(self->shared->hier);
		ASSERT_TRUE(!!self->shared->grp[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static void note(long *counts, int ret, int refusal, int other)
{
	if (!ret)
		rc_inc(&counts[DONE]);
	else if (ret == refusal || ret == other)
		rc_inc(&counts[REFUSED]);
	else
		rc_inc(&counts[ODD]);
}

static int enter_on(void *arg)
{
	struct shared *shared = arg;
	pid_t pid = getpid();
	unsigned int turn;

	for (turn = pid; !rc_get(&shared->stop); turn++) {
		const char *grp = shared->grp[turn % GROUPS];
		int ret = rc_attach(grp, pid);

		note(shared->enter, ret, -ENOENT, -ENODEV);
		if (ret)
			continue;
		/* Who is in keeps the group from being removed. */
		if (rc_rmdir(grp) != -EBUSY ||
		    strcmp(grp + strlen(shared->hier),
			   rc_where(pid, shared->hier)) ||
		    !rc_listed(rc_fmt("%s/tasks", grp), pid))
			rc_inc(&shared->broken);
		ret = rc_attach(shared->hier, pid);
		if (ret)
			return ret;
	}
	return 0;
}

static int remake_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int turn;

	for (turn = getpid(); !rc_get(&shared->stop); turn++) {
		const char *grp = shared->grp[turn % GROUPS];

		note(shared->rmdir, rc_rmdir(grp), -EBUSY, -ENOENT);
		note(shared->mkdir, rc_mkdir(grp), -EEXIST, -EEXIST);
	}
	return 0;
}

/* Members are never without their group, and errors are the promised ones. */
TEST_F_TIMEOUT(race, same_names, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[ENTERERS + MAKERS];
	int i;

	for (i = 0; i < ENTERERS; i++)
		pids[i] = rc_spawn(enter_on, shared);
	for (i = ENTERERS; i < ENTERERS + MAKERS; i++)
		pids[i] = rc_spawn(remake_on, shared);
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < ENTERERS + MAKERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("done/refused: %ld/%ld attaches, %ld/%ld mkdirs, %ld/%ld rmdirs",
	       shared->enter[DONE], shared->enter[REFUSED],
	       shared->mkdir[DONE], shared->mkdir[REFUSED],
	       shared->rmdir[DONE], shared->rmdir[REFUSED]);
	EXPECT_LT(0, shared->enter[DONE]);
	EXPECT_LT(0, shared->mkdir[DONE]);
	EXPECT_LT(0, shared->rmdir[DONE]);
	EXPECT_EQ(0, shared->enter[ODD]);
	EXPECT_EQ(0, shared->mkdir[ODD]);
	EXPECT_EQ(0, shared->rmdir[ODD]);
	EXPECT_EQ(0, shared->broken);
	for (i = 0; i < GROUPS; i++) {
		int ret = rc_rmdir(shared->grp[i]);

		EXPECT_TRUE(!ret || ret == -ENOENT);
	}
}

/* Nothing but a hierarchy of the test, with the reader in its root. */
static bool known(struct shared *shared, const char *line)
{
	size_t len = strcspn(line, ":");
	int i;

	if (strstr(shared->others, line))
		return true;
	if (strcmp(line + len, "::/"))
		return false;
	for (i = 0; i < HIERS; i++)
		if (strlen(shared->hiers[i]) == len &&
		    !strncmp(line, shared->hiers[i], len))
			return true;
	return false;
}

static int show_on(void *arg)
{
	int fd = rc_open("/proc/self/rc", O_RDONLY);
	struct shared *shared = arg;
	char buf[1 << 14], *line, *save;

	if (fd < 0)
		return fd;
	while (!rc_get(&shared->stop)) {
		ssize_t len = pread(fd, buf, sizeof(buf) - 1, 0);

		if (len < 0)
			return -errno;
		buf[len] = '\0';
		for (line = strtok_r(buf, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			if (!known(shared, line))
				rc_inc(&shared->broken);
		rc_inc(&shared->lists);
	}
	return 0;
}

static int remake_hiers(struct shared *shared, int first)
{
	int turn;

	for (turn = first; !rc_get(&shared->stop); turn += MAKERS) {
		const char *hier = rc_fmt(RC_ROOT "/%s",
					  shared->hiers[turn % HIERS]);

		note(shared->rmdir, rc_rmdir(hier), -ENOENT, -ENOENT);
		note(shared->mkdir, rc_mkdir(hier), -ENOSPC, -ENOSPC);
	}
	return 0;
}

/* A hierarchy that ends while it is printed has its name until then. */
TEST_F_TIMEOUT(race, hierarchies, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	pid_t pids[2 + MAKERS];
	double until;
	int i;

	/* Long names, so that the reader is mostly busy with them. */
	for (i = 0; i < HIERS; i++) {
		int len = sprintf(shared->hiers[i], "ksft-%d-", getpid());

		sprintf(shared->hiers[i] + len, "%0*d", NAME_MAX - len, i);
	}
	ASSERT_LT(0, rc_read("/proc/self/rc", shared->others,
			     sizeof(shared->others)));
	for (i = 0; i < MAKERS; i++) {
		pids[2 + i] = rc_fork();
		if (!pids[2 + i])
			_exit(-remake_hiers(shared, i));
		ASSERT_EQ(0, rc_keep_to_last(pids[2 + i], false));
	}
	pids[0] = rc_spawn(show_on, shared);
	pids[1] = rc_spawn(rc_burst_on, &shared->stop);
	ASSERT_EQ(0, rc_keep_to_last(pids[0], true));
	ASSERT_EQ(0, rc_keep_to_last(pids[1], true));
	until = rc_now() + rc_race_seconds();
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < 2 + MAKERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld lists, %ld mkdirs, %ld refused", shared->lists,
	       shared->mkdir[DONE], shared->mkdir[REFUSED]);
	EXPECT_LT(0, shared->lists);
	EXPECT_LT(0, shared->mkdir[DONE]);
	EXPECT_LT(0, shared->rmdir[DONE]);
	EXPECT_EQ(0, shared->mkdir[ODD]);
	EXPECT_EQ(0, shared->rmdir[ODD]);
	EXPECT_EQ(0, shared->broken);
}

TEST_HARNESS_MAIN
