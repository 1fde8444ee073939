// SPDX-License-Identifier: GPL-2.0
/*
 * Anybody reads every file of every controller, at several depths, while groups are
 * made, renamed and removed there: what can be seen is whole.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define DEPTH 4
#define READERS 4
#define MAX_CTLRS 16
#define MAX_FILES 64
#define NAME 64

struct shared {
	char ctlr[MAX_CTLRS][NAME];
	int nr_ctlrs;
	/* A hierarchy without controllers. */
	const char *plain;
	/* Whose files all read now, and in whose hierarchy groups come and go. */
	long turn;
	long stop;
	long reads;
	long walks;
	long made;
	/* An errno that no reader should have seen. */
	long wrong;
};

/* The group @depth levels below a hierarchy; 0 is its root. */
static const char *group_at(const char *ctlr, int depth)
{
	return rc_fmt(RC_ROOT "/%s%.*s", ctlr, 2 * depth, "/a/a/a/a");
}

/* Those that nobody has bound: each is to have a hierarchy of its own. */
static int find_controllers(struct shared *shared)
{
	char *text = rc_text(RC_ROOT "/subsystems"), *line, *save;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[NAME], hier[256];
		int groups, enabled;

		if (sscanf(line, "%63s %255s %d %d", name, hier, &groups,
			   &enabled) == 4 && !strcmp(hier, "-") && enabled &&
		    shared->nr_ctlrs < MAX_CTLRS)
			memcpy(shared->ctlr[shared->nr_ctlrs++], name, NAME);
	}
	free(text);
	return shared->nr_ctlrs;
}

/* Groups come, are renamed with what is below them, and go, at each depth in turn. */
static int make_on(void *arg)
{
	struct shared *shared = arg;
	int round, ret = 0;

	for (round = 0; !ret && !rc_get(&shared->stop); round++) {
		const char *ctlr = shared->ctlr[rc_get(&shared->turn)];
		const char *dir = group_at(ctlr, round % DEPTH);
		const char *x = rc_fmt("%s/x", dir), *z = rc_fmt("%s/z", dir);

		ret = rc_mkdir(x);
		if (ret)
			break;
		if (round / DEPTH % 16 == 0) {
			ret = rc_mkdir(rc_fmt("%s/x", x));
			if (ret || rename(x, z) ||
			    rename(rc_fmt("%s/x", z), rc_fmt("%s/z", z)))
				return ret ?: -errno;
			ret = rc_rmdir(rc_fmt("%s/z", z)) ?: rc_rmdir(z);
		} else {
			ret = rc_rmdir(x);
		}
		rc_inc(&shared->made);
	}
	return ret;
}

static void note(struct shared *shared, int err)
{
	/* It may have gone, and some files are not for reading. */
	if (err && err != ENOENT && err != ENODEV && err != EACCES)
		rc_set(&shared->wrong, err);
}

static void read_at(struct shared *shared, int fd)
{
	char buf[1 << 12];

	note(shared, pread(fd, buf, sizeof(buf), 0) < 0 ? errno : 0);
	rc_inc(&shared->reads);
}

/* Reads all there is in and below @path. */
static void walk(struct shared *shared, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir) {
		note(shared, errno);
		return;
	}
	while ((entry = readdir(dir))) {
		const char *name = rc_fmt("%s/%s", path, entry->d_name);
		int fd;

		if (entry->d_type == DT_DIR && *entry->d_name != '.') {
			char *below = strdup(name);

			walk(shared, below);
			free(below);
		}
		if (entry->d_type != DT_REG)
			continue;
		fd = rc_open(name, O_RDONLY);
		note(shared, fd < 0 ? -fd : 0);
		if (fd < 0)
			continue;
		read_at(shared, fd);
		close(fd);
	}
	closedir(dir);
}

/* Opens those files of a group that are its controller's; how many. */
static int open_own(struct shared *shared, const char *grp, int *fds)
{
	DIR *dir = opendir(grp);
	struct dirent *entry;
	int nr = 0;

	while (dir && nr < MAX_FILES && (entry = readdir(dir))) {
		if (entry->d_type != DT_REG ||
		    !access(rc_fmt("%s/%s", shared->plain, entry->d_name), F_OK))
			continue;
		fds[nr] = rc_open(rc_fmt("%s/%s", grp, entry->d_name), O_RDONLY);
		nr += fds[nr] >= 0;
	}
	if (dir)
		closedir(dir);
	return nr;
}

/*
 * Most of all what the controller whose turn it is has in groups that stay, above
 * what comes and goes.
 */
static int read_on(void *arg)
{
	static int fds[MAX_CTLRS][DEPTH * MAX_FILES];
	struct shared *shared = arg;
	int nr[MAX_CTLRS] = { 0 }, i, depth, round;

	for (i = 0; i < shared->nr_ctlrs; i++)
		for (depth = 0; depth < DEPTH; depth++)
			nr[i] += open_own(shared,
					  group_at(shared->ctlr[i], depth),
					  fds[i] + nr[i]);
	for (round = 0; !rc_get(&shared->stop); round++) {
		long turn = rc_get(&shared->turn);

		for (i = 0; i < nr[turn]; i++)
			read_at(shared, fds[turn][i]);
		if (round % 128 && nr[turn])
			continue;
		walk(shared, RC_ROOT);
		free(rc_text("/proc/self/rc"));
		rc_inc(&shared->walks);
	}
	return 0;
}

FIXTURE(race)
{
	struct shared *shared;
};

/* Who makes groups: root or who was given them. */
FIXTURE_VARIANT(race)
{
	uid_t maker;
};

FIXTURE_VARIANT_ADD(race, by_root) { 0 };
FIXTURE_VARIANT_ADD(race, by_user) { RC_USER };

FIXTURE_SETUP(race)
{
	const char *plain;
	int i, depth;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	ASSERT_LT(0, find_controllers(self->shared));
	plain = rc_hier_new();
	ASSERT_TRUE(!!plain);
	self->shared->plain = plain;
	for (i = 0; i < self->shared->nr_ctlrs; i++) {
		const char *ctlr = self->shared->ctlr[i];

		ASSERT_TRUE(!!rc_bound_new(ctlr));
		for (depth = 0; depth < DEPTH; depth++) {
			const char *grp = group_at(ctlr, depth);

			if (depth)
				ASSERT_EQ(0, rc_mkdir(grp));
			ASSERT_EQ(0, chown(grp, variant->maker, -1));
		}
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* No reader meets anything but a text, or a group that has gone. */
TEST_F_TIMEOUT(race, files, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double each = rc_race_seconds() / 2.0 / shared->nr_ctlrs;
	pid_t readers[READERS], maker;
	int i;

	for (i = 0; i < READERS; i++)
		readers[i] = rc_spawn_as(RC_USER, read_on, shared);
	maker = rc_spawn_as(variant->maker, make_on, shared);
	for (i = 0; i < shared->nr_ctlrs; i++) {
		double until = rc_now() + each;

		rc_set(&shared->turn, i);
		while (rc_now() < until)
			rc_nap();
	}
	/* On a busy host all of it takes its time to happen. */
	EXPECT_TRUE(RC_WAIT(rc_get(&shared->walks) >= READERS &&
			    rc_get(&shared->made) >= 100));
	rc_set(&shared->stop, 1);
	for (i = 0; i < READERS; i++)
		EXPECT_EQ(0, rc_reap(readers[i]));
	EXPECT_EQ(0, rc_reap(maker));
	TH_LOG("%d controllers, %ld reads, %ld walks, %ld groups",
	       shared->nr_ctlrs, shared->reads, shared->walks, shared->made);
	EXPECT_EQ(0, shared->wrong);
}

TEST_HARNESS_MAIN
