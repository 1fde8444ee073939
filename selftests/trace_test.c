// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of groups, as tracefs shows them.
 *
 * Kernel: EVENT_TRACING
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define TRACEFS "/tmp/ksft-tracefs"
#define INSTANCE TRACEFS "/instances/ksft"

FIXTURE(trace)
{
	const char *hier;
	char *name;
	char *grp;
};

FIXTURE_SETUP(trace)
{
	ASSERT_EQ(0, rc_setup());
	mkdir(TRACEFS, 0700);
	ASSERT_EQ(0, mount("tracefs", TRACEFS, "tracefs", 0, NULL));
	ASSERT_EQ(0, rc_mkdir(INSTANCE));
	self->hier = strdup(rc_hier_new());
	self->name = strrchr(self->hier, '/') + 1;
	self->grp = strdup(rc_fmt("%s/a", self->hier));
}

FIXTURE_TEARDOWN(trace)
{
	EXPECT_EQ(0, rc_rmdir(INSTANCE));
	EXPECT_EQ(0, umount(TRACEFS));
	EXPECT_EQ(0, rc_teardown());
}

static int trace(const char *on)
{
	return rc_write(INSTANCE "/events/rc/enable", on);
}

/* Is there an event of this name, with this text behind it? Then it is forgotten. */
static bool told(const char *event, const char *text)
{
	char *all = rc_text(INSTANCE "/trace"), *at, *line = NULL, *save;
	char want[1024];

	snprintf(want, sizeof(want), ": %s: %s", event, text);
	for (line = strtok_r(all ?: strdup(""), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		at = strstr(line, want);
		if (at && !at[strlen(want)])
			break;
	}
	if (!line)
		ksft_print_msg("no \"%s\"\n", want);
	return line;
}

/* The number that stands for a group in events. */
static unsigned long long id_of(const char *event, const char *path)
{
	char *all = rc_text(INSTANCE "/trace"), *at;
	unsigned long long id = 0;

	at = all ? strstr(all, event) : NULL;
	while (at && (!(at = strstr(at, "id=")) || sscanf(at, "id=%llu path=", &id) != 1 ||
		      strncmp(strchr(at, ' ') + 6, path, strlen(path))))
		at = at ? at + 1 : NULL;
	free(all);
	return id;
}

/* Groups that are made, renamed and removed. */
TEST_F(trace, groups)
{
	unsigned long long id;

	ASSERT_EQ(0, trace("1"));
	ASSERT_EQ(0, rc_mkdir(self->grp));
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/b", self->grp)));
	id = id_of("rc_group_made", "/a/b");
	ASSERT_NE(0ULL, id);
	EXPECT_TRUE(told("rc_group_made", rc_fmt("hier=%s id=%llu path=/a/b", self->name, id)));
	ASSERT_EQ(0, rename(rc_fmt("%s/b", self->grp), rc_fmt("%s/c", self->grp)));
	EXPECT_TRUE(told("rc_group_renamed",
			 rc_fmt("hier=%s id=%llu path=/a/c", self->name, id)));
	ASSERT_EQ(0, rc_rmdir(rc_fmt("%s/c", self->grp)));
	EXPECT_TRUE(told("rc_group_removed",
			 rc_fmt("hier=%s id=%llu path=/a/c", self->name, id)));
	ASSERT_EQ(0, trace("0"));
}

/* A thread that moves, with where from and where to, and what that does to the groups. */
TEST_F(trace, moves)
{
	pid_t pid = rc_sleeper();
	unsigned long long id;
	char *moved;

	ASSERT_EQ(0, trace("1"));
	ASSERT_EQ(0, rc_mkdir(self->grp));
	id = id_of("rc_group_made", "/a");
	ASSERT_NE(0ULL, id);
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	moved = strdup(rc_fmt("to=%llu path=/a pid=%d comm=trace_test", id, pid));
	EXPECT_TRUE(!!strstr(rc_text(INSTANCE "/trace"), moved));
	EXPECT_TRUE(told("rc_group_populated",
			 rc_fmt("hier=%s id=%llu path=/a val=1", self->name, id)));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_TRUE(!!strstr(rc_text(INSTANCE "/trace"), rc_fmt("from=%llu to=", id)));
	EXPECT_TRUE(told("rc_group_populated",
			 rc_fmt("hier=%s id=%llu path=/a val=0", self->name, id)));
	ASSERT_EQ(0, trace("0"));
}

/* All threads of a process, each once. */
TEST_F(trace, process)
{
	char *all, *at;
	pid_t *ids = rc_shared(8 * sizeof(*ids)), pid;
	int nr = 0;

	ASSERT_TRUE(!!ids);
	pid = rc_crowd(NULL, 8, ids);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_mkdir(self->grp));
	ASSERT_EQ(0, trace("1"));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->grp), rc_fmt("%d", pid)));
	ASSERT_EQ(0, trace("0"));
	all = rc_text(INSTANCE "/trace");
	for (at = all; (at = strstr(at, ": rc_task_moved: ")); at++)
		nr++;
	EXPECT_EQ(8, nr);
	free(all);
}

/* A group that is released, if somebody is to be told. */
TEST_F(trace, released)
{
	ASSERT_EQ(0, rc_write(rc_fmt("%s/release_agent", self->hier), "/none"));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/notify_on_release", self->hier), "1"));
	ASSERT_EQ(0, rc_mkdir(self->grp));
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/b", self->grp)));
	ASSERT_EQ(0, trace("1"));
	ASSERT_EQ(0, rc_rmdir(rc_fmt("%s/b", self->grp)));
	EXPECT_TRUE(!!strstr(rc_text(INSTANCE "/trace"), ": rc_group_released: "));
	ASSERT_EQ(0, trace("0"));
}

static int fork_in(void *grp)
{
	pid_t pid;
	int ret = rc_attach(grp, 0);

	if (ret)
		return ret;
	pid = fork();
	if (!pid)
		_exit(0);
	return pid < 0 ? -errno : 0;
}

/* What is refused, and a limit that is hit. */
TEST_F(trace, refused)
{
	const char *hier;
	char *grp;

	if (!rc_has_subsys("pids"))
		SKIP(return, "without pids");
	ASSERT_EQ(0, trace("1"));
	ASSERT_EQ(-EBUSY, rc_mkdir(self->grp) ?: rc_rmdir(self->hier));
	EXPECT_TRUE(!!strstr(rc_text(INSTANCE "/trace"),
			     "path=/ err=-16 what=rmdir rule=there are groups below it"));
	hier = strdup(rc_bound_new("pids"));
	grp = strdup(rc_fmt("%s/a", hier));
	ASSERT_EQ(0, rc_mkdir(grp));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/pids.max", grp), "1"));
	ASSERT_EQ(-EAGAIN, rc_run(fork_in, grp));
	EXPECT_TRUE(!!strstr(rc_text(INSTANCE "/trace"), "path=/a file=pids.max limit=1\n"));
	EXPECT_TRUE(!!strstr(rc_text(INSTANCE "/trace"), "err=-11 what=fork rule=pids.max 1 of"));
	ASSERT_EQ(0, trace("0"));
}

/* Nothing is told while nobody listens. */
TEST_F(trace, off)
{
	ASSERT_EQ(0, rc_mkdir(self->grp));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(NULL, strstr(rc_text(INSTANCE "/trace"), ": rc_"));
}

TEST_HARNESS_MAIN
