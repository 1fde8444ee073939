// SPDX-License-Identifier: GPL-2.0
/*
 * Who reads holds nothing that others wait for: not while he gets no CPU, whatever
 * he reads, and not when there are many of him and much to read.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define HOGS 20
#define THREADS 3000
/* Seconds that a change may take, and after which the reader gets his CPU back. */
#define AT_ONCE 1.0
#define RESCUE 10.0

#define READERS 16
#define CROWD 9000
/* Milliseconds that mkdir may take on average beside those. */
#define AVERAGE 2.0

static long forever;

/* Controllers whose files are read, beside those of cpuacct. */
static const char * const ctlrs[] = { "cpuset", "debug", "example" };

/* What the reader reads. */
enum what { ROOT, GROUP, EVERYTHING };

struct reader {
	enum what what;
	const char *hier;
	const char *grp;
	long reads;
	/* What he is at. */
	char at[128];
};

FIXTURE(starved)
{
	struct reader *reader;
	const char *hier;
	const char *grp;
	/* Where groups come and go: one in each hierarchy, whose directory nobody lists. */
	char *busy[1 + ARRAY_SIZE(ctlrs)];
	int nr_busy;
	pid_t hogs[HOGS];
};

FIXTURE_VARIANT(starved)
{
	enum what what;
};

FIXTURE_VARIANT_ADD(starved, root) { ROOT };
FIXTURE_VARIANT_ADD(starved, group) { GROUP };
FIXTURE_VARIANT_ADD(starved, everything) { EVERYTHING };

FIXTURE_SETUP(starved)
{
	bool grouped = variant->what == GROUP;
	size_t nr;
	pid_t *ids;
	int i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one CPU, which the busy loops would have");
	ASSERT_EQ(0, rc_setup());
	self->reader = rc_shared(sizeof(*self->reader));
	ids = rc_shared(THREADS * sizeof(*ids));
	ASSERT_TRUE(self->reader && ids);
	self->hier = rc_cpuacct();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->busy[self->nr_busy++] = strdup(rc_fmt("%s/busy", self->hier));
	for (nr = 0; nr < ARRAY_SIZE(ctlrs); nr++) {
		const char *hier = rc_has_subsys(ctlrs[nr]) ?
				   rc_bound_new(ctlrs[nr]) : NULL;

		if (!hier)
			continue;
		ASSERT_TRUE(!!rc_group_new(hier));
		self->busy[self->nr_busy++] = strdup(rc_fmt("%s/busy", hier));
	}
	for (i = 0; i < self->nr_busy; i++)
		ASSERT_EQ(0, rc_mkdir(self->busy[i]));
	self->reader->what = variant->what;
	self->reader->hier = self->hier;
	self->reader->grp = self->grp;
	ASSERT_LT(0, rc_crowd(grouped ? self->grp : NULL, THREADS, ids));
	for (i = 0; i < HOGS; i++) {
		self->hogs[i] = rc_spinner();
		ASSERT_LT(0, self->hogs[i]);
		ASSERT_EQ(0, kill(self->hogs[i], SIGSTOP));
		ASSERT_EQ(0, rc_keep_to_last(self->hogs[i], true));
	}
	ASSERT_EQ(0, rc_keep_to_last(0, false));
}

FIXTURE_TEARDOWN(starved)
{
	EXPECT_EQ(0, rc_teardown());
}

/*
 * All files and directories in and below @path. Who lists a directory has its
 * inode's lock, in each file system, so groups come and go in others.
 */
static void walk(const char *path, struct reader *reader)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = rc_fmt("%s/%s", path, entry->d_name);

		if (*entry->d_name == '.' || !strcmp(entry->d_name, "busy"))
			continue;
		snprintf(reader->at, sizeof(reader->at), "%s", name);
		if (entry->d_type == DT_DIR) {
			char *below = strdup(name);

			walk(below, reader);
			free(below);
		} else if (strcmp(entry->d_name, "tasks") &&
			   strcmp(entry->d_name, "procs")) {
			free(rc_text(name));
			rc_inc(&reader->reads);
		}
	}
	if (dir)
		closedir(dir);
}

static int read_on(void *arg)
{
	const struct sched_param none = { 0 };
	struct reader *reader = arg;
	const char *grp = reader->what == ROOT ? reader->hier : reader->grp;

	if (rc_keep_to_last(0, true) ||
	    sched_setscheduler(0, SCHED_IDLE, &none))
		return -errno;
	while (!rc_get(&forever)) {
		char *text;

		if (reader->what == EVERYTHING) {
			walk(RC_ROOT, reader);
			snprintf(reader->at, sizeof(reader->at), "/proc/PID/rc");
			free(rc_text("/proc/self/rc"));
			free(rc_text(rc_fmt("/proc/%d/rc", getppid())));
			continue;
		}
		text = rc_text(rc_fmt("%s/%s", grp, reader->reads % 2 ?
					     "tasks" : "procs"));
		if (!text)
			return -errno;
		free(text);
		rc_inc(&reader->reads);
	}
	return 0;
}

static void signal_hogs(const pid_t *hogs, int sig)
{
	int i;

	for (i = 0; i < HOGS; i++)
		kill(hogs[i], sig);
}

struct rescue {
	pthread_t thread;
	const pid_t *hogs;
	/* When the change that goes on has begun, in ms; 0: none. */
	long since;
	long stop;
};

/* Should a change wait after all: it must come back for the test to say so. */
static void *end_wait(void *arg)
{
	struct rescue *rescue = arg;

	while (!rc_get(&rescue->stop)) {
		long since = rc_get(&rescue->since);

		if (since && rc_now() * 1e3 - since > RESCUE * 1e3)
			signal_hogs(rescue->hogs, SIGSTOP);
		rc_nap();
	}
	return NULL;
}

/* A group comes and goes, and so does a task, where it needs nothing but a group. */
static int change(const char *hier, const char *dir, pid_t pid)
{
	const char *x = rc_fmt("%s/x", dir);
	int ret = rc_mkdir(x);

	if (!ret && !strncmp(dir, hier, strlen(hier)))
		ret = rc_attach(x, pid) ?: rc_attach(hier, pid);
	return ret ?: rc_rmdir(x);
}

/*
 * He gets the CPU for a moment, then busy loops take it from him, wherever in a
 * read he may be; then groups change as fast as ever.
 */
TEST_F(starved, others_go_on)
{
	double until = rc_now() + (rc_debug_kernel() ? 6 : 2), longest = 0;
	struct rescue rescue = { .hogs = self->hogs };
	pid_t pid = rc_sleeper();
	long rounds = 0;

	ASSERT_LT(0, rc_spawn_as(RC_USER, read_on, self->reader));
	ASSERT_TRUE(RC_WAIT(rc_get(&self->reader->reads) > 2));
	ASSERT_EQ(0, pthread_create(&rescue.thread, NULL, end_wait, &rescue));
	while (rc_now() < until && longest < AT_ONCE * 5) {
		char at[sizeof(self->reader->at)];
		double start;
		int ret;

		/* He is not to run in step with what is done here. */
		if (rounds % 3)
			rc_nap();
		signal_hogs(self->hogs, SIGCONT);
		memcpy(at, self->reader->at, sizeof(at));
		start = rc_now();
		rc_set(&rescue.since, start * 1e3);
		ret = change(self->hier, self->busy[rounds % self->nr_busy], pid);
		rc_set(&rescue.since, 0);
		start = rc_now() - start;
		longest = start > longest ? start : longest;
		if (start > AT_ONCE)
			TH_LOG("%.3f s, he was at \"%s\"", start, at);
		signal_hogs(self->hogs, SIGSTOP);
		ASSERT_EQ(0, ret);
		rc_nap();
		rounds++;
	}
	rc_set(&rescue.stop, 1);
	pthread_join(rescue.thread, NULL);
	TH_LOG("%ld rounds, %ld reads, longest %.3f s", rounds,
	       self->reader->reads, longest);
	EXPECT_GT(AT_ONCE * (rc_debug_kernel() ? 5 : 1), longest);
}

FIXTURE(crowd)
{
	const char *hier;
	const char *grp;
};

FIXTURE_SETUP(crowd)
{
	pid_t *ids;

	ASSERT_EQ(0, rc_setup());
	ids = rc_shared(CROWD * sizeof(*ids));
	ASSERT_TRUE(!!ids);
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	ASSERT_LT(0, rc_crowd(self->grp, CROWD, ids));
}

FIXTURE_TEARDOWN(crowd)
{
	EXPECT_EQ(0, rc_teardown());
}

/* A list each time, of which the least part is copied. */
static int list_on(void *arg)
{
	int fd = rc_open(arg, O_RDONLY);
	char buf[64];

	if (fd < 0)
		return fd;
	while (pread(fd, buf, sizeof(buf), 0) > 0)
		;
	return -errno;
}

/* Milliseconds that mkdir takes on average, for some seconds; or -1. */
static double time_of_mkdir(const char *x)
{
	double until = rc_now() + 3, sum = 0;
	int nr = 0;

	while (rc_now() < until) {
		double start = rc_now();

		if (rc_mkdir(x))
			return -1;
		sum += rc_now() - start;
		nr++;
		if (rc_rmdir(x))
			return -1;
	}
	return sum * 1e3 / nr;
}

/* Beside many readers of a long list mkdir takes what it takes beside busy loops. */
TEST_F(crowd, mkdir)
{
	const char *x = rc_fmt("%s/x", self->hier);
	const char *tasks = rc_fmt("%s/tasks", self->grp);
	pid_t pids[READERS];
	double busy, reading;
	int i;

	for (i = 0; i < READERS; i++)
		pids[i] = rc_spinner();
	busy = time_of_mkdir(x);
	for (i = 0; i < READERS; i++)
		ASSERT_EQ(0, rc_kill(pids[i]));
	for (i = 0; i < READERS; i++)
		pids[i] = rc_spawn_as(RC_USER, list_on, (void *)tasks);
	reading = time_of_mkdir(x);
	for (i = 0; i < READERS; i++)
		EXPECT_EQ(0, rc_kill(pids[i]));
	TH_LOG("mkdir: %.2f ms beside readers, %.2f ms beside busy loops",
	       reading, busy);
	ASSERT_LE(0, busy);
	ASSERT_LE(0, reading);
	EXPECT_GT(AVERAGE > 3 * busy ? AVERAGE : 3 * busy, reading);
}

TEST_HARNESS_MAIN
