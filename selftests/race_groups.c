// SPDX-License-Identifier: GPL-2.0
/*
 * The table "groups" is read, in pieces of any size, while groups come, go and are
 * renamed, tasks move, are born and end: what stays is in it once, and in its place, and
 * numbers of tasks are such as there were.
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
#include "rc_util.h"

#define STAY 24
/* A group in another one: see stay(). */
#define BEARS 3
#define READERS 3

/* s00, s00/s01, s02, s02/s03 ...: they stay, and their names tell their order. */
struct shared {
	const char *hier;
	/* pids and cpuacct are bound there. */
	bool bound;
	/* A hierarchy beside it, and a group there. */
	const char *root;
	const char *other;
	long stop;
	long readers_gone;
	/* Numbers of what was done, all of them to be more than 0. */
	long tables;
	long made;
	long renamed;
	long moved;
	long born;
	long told;
	/* What a reader has found wrong. */
	char wrong[256];
};

FIXTURE(race)
{
	struct shared *shared;
};

static const char *stay(int i)
{
	return i % 2 ? rc_fmt("/s%02d/s%02d", i - 1, i) : rc_fmt("/s%02d", i);
}

FIXTURE_SETUP(race)
{
	struct shared *shared;
	int i;

	ASSERT_EQ(0, rc_setup());
	shared = rc_shared(sizeof(*shared));
	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->root = rc_hier_new();
	ASSERT_TRUE(!!shared->root);
	shared->other = rc_group_new(shared->root);
	shared->bound = rc_has_subsys("pids") && rc_has_subsys("cpuacct");
	shared->hier = shared->bound ? rc_bound_new("cpuacct,pids") : rc_hier_new();
	ASSERT_TRUE(shared->other && shared->hier);
	for (i = 0; i < STAY; i++)
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s%s", shared->hier, stay(i))));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Below those that stay, beside them, and deeper, the names of those that go. */
static const char *gone(struct shared *shared, int round, const char *name)
{
	int i = round % (STAY + 1);

	return rc_fmt("%s%s/%s", shared->hier, i == STAY ? "" : stay(i), name);
}

static int make_on(void *arg)
{
	struct shared *shared = arg;
	const char *in;
	int round, err = 0;

	for (round = 0; !err && !rc_get(&shared->stop); round++) {
		const char *name = rc_fmt("g%d", getpid());

		in = rc_fmt("%s/deep", gone(shared, round, name));
		err = rc_mkdir(gone(shared, round, name)) ?: rc_mkdir(in) ?:
		      rc_rmdir(in) ?: rc_rmdir(gone(shared, round, name));
		rc_inc(&shared->made);
	}
	return err;
}

static int rename_on(void *arg)
{
	struct shared *shared = arg;
	int round, err;

	err = rc_mkdir(gone(shared, STAY, "one")) ?:
	      rc_mkdir(gone(shared, STAY, "one/below"));
	for (round = 0; !err && !rc_get(&shared->stop); round++) {
		const char *from = gone(shared, STAY, round % 2 ? "a longer name" : "one");
		const char *to = gone(shared, STAY, round % 2 ? "one" : "a longer name");

		err = rename(from, to) ? -errno : 0;
		rc_inc(&shared->renamed);
	}
	return err;
}

/* To and fro in another hierarchy, and thus from one list to another in the first group. */
static int move_on(void *arg)
{
	struct shared *shared = arg;
	int err = rc_attach(rc_fmt("%s%s", shared->hier, stay(0)), 0), round;

	for (round = 0; !err && !rc_get(&shared->readers_gone); round++) {
		err = rc_attach(round % 2 ? shared->other : shared->root, 0);
		rc_inc(&shared->moved);
	}
	return err;
}

/* One child after the other: with it there are two in the group, and below the one above. */
static int bear_on(void *arg)
{
	struct shared *shared = arg;
	int err = rc_attach(rc_fmt("%s%s", shared->hier, stay(BEARS)), 0);
	pid_t pid;

	while (!err && !rc_get(&shared->readers_gone)) {
		pid = vfork();
		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			err = -errno;
		rc_inc(&shared->born);
	}
	return err;
}

/* Limits that come and go have all told that was noted. */
static int limit_on(void *arg)
{
	struct shared *shared = arg;
	int err = 0, round;

	for (round = 0; !err && shared->bound && !rc_get(&shared->stop); round++) {
		err = rc_write(rc_fmt("%s%s/pids.max", shared->hier, stay(STAY - 1)),
			       round % 2 ? "max" : "1000");
		rc_inc(&shared->told);
	}
	return err;
}

/* A line of a group that stays: its number in the order, or -1. */
static int number(const char *line)
{
	const char *last = strrchr(line, '/') + 1;
	int i;

	if (sscanf(last, "s%2d", &i) != 1 || i < 0 || i >= STAY)
		return -1;
	return strcmp(stay(i), line) ? -1 : i;
}

static void complain(struct shared *shared, const char *what, const char *line)
{
	snprintf(shared->wrong, sizeof(shared->wrong), "%s: %s", what, line);
}

/* "pids.current", which is the last column, of who has one child at a time. */
static void check_births(struct shared *shared, const char *columns)
{
	const char *nr = strrchr(columns, '\t') + 1;

	if (strcmp(nr, "1") && strcmp(nr, "2"))
		complain(shared, "births", columns);
}

static void check(struct shared *shared, char *table)
{
	char *line, *save, *tasks;
	int next = 0;

	line = strtok_r(table, "\n", &save);
	if (!line || strncmp(line, "#path\ttasks\tpopulated", 21))
		complain(shared, "header", line ?: "");
	while ((line = strtok_r(NULL, "\n", &save))) {
		int nr;

		tasks = strchr(line, '\t');
		if (*line != '/' || !tasks) {
			complain(shared, "no line", line);
			return;
		}
		*tasks++ = '\0';
		if (strncmp(strrchr(line, '/'), "/s", 2))
			continue;
		nr = number(line);
		if (nr != next)
			complain(shared, rc_fmt("not %d", next), line);
		next = nr + 1;
		/* Who moves in another hierarchy stays in this group. */
		if (!nr && strncmp(tasks, "1\t1", 3))
			complain(shared, "tasks", tasks);
		if (shared->bound && (nr == BEARS || nr == BEARS - 1))
			check_births(shared, tasks);
	}
	if (next != STAY)
		complain(shared, rc_fmt("%d of %d", next, STAY), "at the end");
}

static int read_on(void *arg)
{
	static const int pieces[] = { 1 << 16, 100, 4096, 17, 1000 };
	static char table[1 << 16];
	struct shared *shared = arg;
	int round, fd, len = 0;

	fd = rc_open(rc_fmt("%s/groups", shared->hier), O_RDONLY);
	if (fd < 0)
		return fd;
	for (round = getpid(); len >= 0 && !rc_get(&shared->stop); round++) {
		if (lseek(fd, 0, SEEK_SET))
			return -errno;
		len = rc_read_fd(fd, table, sizeof(table),
				 pieces[round % ARRAY_SIZE(pieces)]);
		if (len >= 0)
			check(shared, table);
		rc_inc(&shared->tables);
	}
	close(fd);
	return len < 0 ? len : 0;
}

/* Each group that stays is there once, in its place; no line is torn. */
TEST_F_TIMEOUT(race, tables, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[6 + READERS];
	unsigned int i;

	pids[0] = rc_spawn(move_on, shared);
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->moved)));
	pids[1] = rc_spawn(bear_on, shared);
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->born)));
	pids[2] = rc_spawn(make_on, shared);
	pids[3] = rc_spawn(make_on, shared);
	pids[4] = rc_spawn(rename_on, shared);
	pids[5] = rc_spawn(limit_on, shared);
	for (i = 6; i < ARRAY_SIZE(pids); i++)
		pids[i] = rc_spawn(read_on, shared);
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 2; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	/* The last, as they expect these in their groups. */
	rc_set(&shared->readers_gone, 1);
	EXPECT_EQ(0, rc_reap(pids[0]));
	EXPECT_EQ(0, rc_reap(pids[1]));
	TH_LOG("%ld tables, %ld made, %ld renamed, %ld moved, %ld born, %ld limits", shared->tables,
	       shared->made, shared->renamed, shared->moved, shared->born, shared->told);
	EXPECT_STREQ("", shared->wrong);
	EXPECT_LT(0, shared->tables);
	EXPECT_LT(0, shared->made);
	EXPECT_LT(0, shared->renamed);
}

TEST_HARNESS_MAIN
