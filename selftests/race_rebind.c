// SPDX-License-Identifier: GPL-2.0
/* Controllers come and go while everything that shows them is read. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define READERS 3
#define FILES 64

/* Of the controllers that there may be, those that it takes to race. */
static const char * const lists[] = {
	"cpuacct", "", "cpuacct debug", "debug", "debug cpuacct", "",
};

/* What a hierarchy can have, as it says so, and as tasks do. */
static const char * const legal[][2] = {
	{ "\n", "" },
	{ "cpuacct\n", "cpuacct" },
	{ "debug\n", "debug" },
	{ "cpuacct debug\n", "cpuacct,debug" },
};

struct shared {
	const char *hier[2];
	long stop;
	long done;
	long busy;
	long reads;
	long files;
	long gone;
	long wrong;
};

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->hier[0] = rc_hier_new();
	self->shared->hier[1] = rc_hier_new();
	ASSERT_TRUE(self->shared->hier[0] && self->shared->hier[1]);
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Two hierarchies want the same controllers. */
static int rebind_on(struct shared *shared, int nr)
{
	const char *file = strdup(rc_fmt("%s/subsystems", shared->hier[nr]));
	unsigned int turn;

	for (turn = nr; !rc_get(&shared->stop); turn++) {
		int ret = rc_write(file, lists[turn % ARRAY_SIZE(lists)]);

		if (!ret)
			rc_inc(&shared->done);
		else if (ret == -EBUSY)
			rc_inc(&shared->busy);
		else if (ret != -ENOENT || rc_has_subsys("debug"))
			return ret;
		/* Not to stand in the other's way for ever. */
		if (ret == -EBUSY && rc_write(file, ""))
			return -EIO;
	}
	return rc_write(file, "");
}

static bool is_legal(const char *text, int column)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(legal); i++) {
		if (!strcmp(text, legal[i][column]))
			return true;
	}
	return false;
}

/* "HIERARCHY:CONTROLLERS:/" */
static bool membership_is_legal(const char *text, const char *hier)
{
	const char *name = strrchr(hier, '/') + 1;
	const char *line = strstr(text, name);
	size_t len;

	if (!line || line[strlen(name)] != ':')
		return false;
	line += strlen(name) + 1;
	len = strcspn(line, ":\n");
	return !strncmp(line + len, ":/\n", 3) &&
	       is_legal(rc_fmt("%.*s", (int)len, line), 1);
}

static bool table_is_legal(const char *text, const struct shared *shared)
{
	const char *line = strstr(text, "\ncpuacct\t");
	int i;

	if (!line)
		return false;
	line += strlen("\ncpuacct\t");
	if (!strncmp(line, "-\t0\t1\n", 6))
		return true;
	for (i = 0; i < 2; i++) {
		const char *want = rc_fmt("%s\t1\t1\n",
					  strrchr(shared->hier[i], '/') + 1);

		if (!strncmp(line, want, strlen(want)))
			return true;
	}
	return false;
}

/* Files have one name each; those of the core are always there. */
static bool directory_is_legal(const char *hier)
{
	char names[FILES][32];
	int nr = 0, i, tasks = 0;
	DIR *dir = opendir(hier);
	struct dirent *entry;
	bool ok = true;

	while (dir && (entry = readdir(dir)) && nr < FILES) {
		for (i = 0; i < nr; i++)
			ok &= strcmp(names[i], entry->d_name) != 0;
		snprintf(names[nr++], sizeof(names[0]), "%.31s", entry->d_name);
		tasks += !strcmp(entry->d_name, "tasks");
	}
	if (dir)
		closedir(dir);
	return ok && tasks == 1;
}

static void read_file(struct shared *shared, const char *path)
{
	int fd = rc_open(path, O_RDONLY), i;

	if (fd < 0) {
		if (fd != -ENOENT && fd != -ENODEV)
			rc_inc(&shared->wrong);
		return;
	}
	/* It may go at any time, and not come back. */
	for (i = 0; i < 20; i++) {
		char buf[64] = "";
		ssize_t len = pread(fd, buf, sizeof(buf) - 1, 0);

		if (len < 0) {
			if (errno != ENODEV)
				rc_inc(&shared->wrong);
			rc_inc(&shared->gone);
			break;
		}
		if (!len || buf[strspn(buf, "0123456789")] != '\n')
			rc_inc(&shared->wrong);
		rc_inc(&shared->files);
	}
	close(fd);
}

static int read_on(struct shared *shared, int nr)
{
	unsigned int turn;

	for (turn = nr; !rc_get(&shared->stop); turn++) {
		const char *hier = shared->hier[turn % 2];
		char *text = rc_text("/proc/self/rc");

		if (!text || !membership_is_legal(text, hier))
			rc_inc(&shared->wrong);
		free(text);
		text = rc_text(RC_ROOT "/subsystems");
		if (!text || !table_is_legal(text, shared))
			rc_inc(&shared->wrong);
		free(text);
		text = rc_text(rc_fmt("%s/subsystems", hier));
		if (!text || !is_legal(text, 0))
			rc_inc(&shared->wrong);
		free(text);
		if (!directory_is_legal(hier))
			rc_inc(&shared->wrong);
		read_file(shared, rc_fmt("%s/cpuacct.usage", hier));
		rc_inc(&shared->reads);
	}
	return 0;
}

/* Each text is one that was right at some moment. */
TEST_F_TIMEOUT(race, readers, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[2 + READERS];
	int i;

	for (i = 0; i < 2 + READERS; i++) {
		pids[i] = rc_fork();
		if (!pids[i])
			_exit(-(i < 2 ? rebind_on(shared, i) :
					read_on(shared, i)));
	}
	while (rc_now() < until || !rc_get(&shared->done) ||
	       !rc_get(&shared->reads) || !rc_get(&shared->files))
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < 2 + READERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld rebindings, %ld refused, %ld rounds, %ld files read, %ld went",
	       shared->done, shared->busy, shared->reads, shared->files,
	       shared->gone);
	EXPECT_LT(0, shared->done);
	EXPECT_LT(0, shared->reads);
	EXPECT_LT(0, shared->files);
	EXPECT_EQ(0, shared->wrong);
}

TEST_HARNESS_MAIN
