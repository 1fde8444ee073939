// SPDX-License-Identifier: GPL-2.0
/*
 * More users than are remembered are refused something, all at once, while their groups
 * go and come, containers end, and everybody reads why: lines are whole, and nobody's but
 * the reader's own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_box.h"
#include "rc_util.h"

#define ERRORS RC_ROOT "/errors"
#define USERS 300
#define FAILERS 3
#define MAX_LINES (256 * 64)

struct shared {
	char *grp;
	char *file;
	long stop;
	long refused;
	long tables;
	long made;
	long boxes;
	long seen;
	char wrong[256];
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	const char *hier;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	self->shared->grp = strdup(rc_fmt("%s/g", hier));
	self->shared->file = strdup(rc_fmt("%s/tasks", self->shared->grp));
	ASSERT_EQ(0, rc_mkdir(self->shared->grp));
	ASSERT_EQ(0, chmod(self->shared->file, 0666));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/*
 * Whole lines, each with this uid's number as the value that was refused, unless it is 0, or
 * the group had only just been made.
 */
static void check(struct shared *shared, char *text, unsigned int uid)
{
	char *line, *save, value[32];
	int nr = 0;

	snprintf(value, sizeof(value), "\ttasks -%u:", uid);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		long long seconds;
		int pid;

		nr++;
		if (sscanf(line, "%lld\t%d\t", &seconds, &pid) != 2 || !strstr(line, ": ") ||
		    (uid && !strstr(line, value) && !strstr(line, "\ttasks: no permission")))
			snprintf(shared->wrong, sizeof(shared->wrong), "%u: %s", uid, line);
	}
	if (nr > (uid ? 64 : MAX_LINES))
		snprintf(shared->wrong, sizeof(shared->wrong), "%u: %d lines", uid, nr);
}

static int fail_on(void *arg)
{
	struct shared *shared = arg;
	unsigned int round;

	for (round = getpid(); !rc_get(&shared->stop); round++) {
		unsigned int uid = 2000 + round % USERS;
		char *text;

		if (seteuid(uid))
			return -errno;
		/* No number: EINVAL, unless the group has gone. */
		rc_write(shared->file, rc_fmt("-%u", uid));
		rc_inc(&shared->refused);
		text = round % 8 ? NULL : rc_text(ERRORS);
		if (text)
			check(shared, text, uid);
		free(text);
		if (seteuid(0))
			return -errno;
	}
	return 0;
}

static int remake_on(void *arg)
{
	struct shared *shared = arg;
	int err = 0;

	while (!err && !rc_get(&shared->stop)) {
		err = rc_rmdir(shared->grp) ?: rc_mkdir(shared->grp);
		if (!err && chmod(shared->file, 0666))
			err = -errno;
		rc_inc(&shared->made);
	}
	return err;
}

static int fail_boxed(void *arg)
{
	struct shared *shared = arg;
	char *text;

	rc_write(rc_fmt("%.*s/tasks", (int)(strrchr(shared->grp, '/') - shared->grp), shared->grp),
		 "-0");
	text = rc_text(ERRORS);
	/* Nothing, if by now so many others were refused something that it is forgotten. */
	if (!text || (*text && !strstr(text, "\t1\t")) ||
	    strchr(text, '\n') != strrchr(text, '\n'))
		snprintf(shared->wrong, sizeof(shared->wrong), "boxed: %s",
			 text ?: "nothing to read");
	else if (*text)
		rc_inc(&shared->seen);
	free(text);
	return 0;
}

static int box_on(void *arg)
{
	struct shared *shared = arg;
	int err = 0;

	while (!err && !rc_get(&shared->stop)) {
		err = rc_run_boxed(RC_BOX_ROOT, NULL, fail_boxed, shared);
		rc_inc(&shared->boxes);
	}
	return err;
}

static int read_on(void *arg)
{
	struct shared *shared = arg;

	while (!rc_get(&shared->stop)) {
		char *text = rc_text(ERRORS);

		if (!text)
			return -errno;
		check(shared, text, 0);
		free(text);
		rc_inc(&shared->tables);
	}
	return 0;
}

/* All at once. */
TEST_F_TIMEOUT(race, refusals, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[FAILERS + 3];
	unsigned int i;

	pids[0] = rc_spawn(remake_on, shared);
	pids[1] = rc_spawn(box_on, shared);
	pids[2] = rc_spawn(read_on, shared);
	for (i = 3; i < ARRAY_SIZE(pids); i++)
		pids[i] = rc_spawn(fail_on, shared);
	/* A slow machine is given time to come to the first user again. */
	while (rc_now() < until || (rc_get(&shared->refused) <= USERS && rc_now() < until + 60))
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld refused, %ld tables, %ld made, %ld boxes, %ld saw it", shared->refused,
	       shared->tables, shared->made, shared->boxes, shared->seen);
	EXPECT_STREQ("", shared->wrong);
	EXPECT_LT(USERS, shared->refused);
	EXPECT_LT(0, shared->tables);
	EXPECT_LT(0, shared->made);
	EXPECT_LT(0, shared->boxes);
	EXPECT_LT(0, shared->seen);
}

TEST_HARNESS_MAIN
