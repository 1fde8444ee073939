// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input: every operation that files and directories know, on everything that is
 * found in /proc/rc, with texts in the grammar of the file and without, by root, by a
 * user who was given groups, by a stranger and by root of a user namespace.  Nothing
 * comes of it: no word of the kernel's (the guest looks), no worker that hangs, and
 * all groups can be removed.  On the kernel's command line, fuzz.inputs= says how many there
 * are, fuzz.seed= with which number they begin.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "fuzz.h"
#include "rc_util.h"

/* After so many a worker begins afresh, with numbers of its own. */
#define BATCH 5000
/* Seconds without an input, after which a worker hangs. */
#define HANGS 120
/* As long without one can mean that it is frozen. */
#define PAUSES 0.03

enum role { ROOT, OWNER, STRANGER, CONTAINED };

struct shared {
	long inputs[FUZZ_WORKERS];
	long went_well[FUZZ_WORKERS];
	pid_t pids[FUZZ_WORKERS];
};

FIXTURE(fuzz)
{
	struct shared *shared;
	unsigned long seed;
	long inputs;
	long batches;
	long killed;
};

/* The number that the kernel's command line has for @name. */
static long option(const char *name, long otherwise)
{
	char *text = rc_text("/proc/cmdline"),
	     *at = text ? strstr(text, name) : NULL;
	long number = at ? strtol(at + strlen(name), NULL, 0) : otherwise;

	free(text);
	return number;
}

/* The same groups for all to begin with; others are made and removed on the way. */
static int make_groups(void)
{
	static const char *const hiers[] = { "jobs", "cpuset", "cpuacct", "cpu",
					     "pids" };
	static const char *const given[] = { "", "/tasks", "/procs",
					     "/notify_on_release" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hiers); i++) {
		mkdir(rc_fmt(RC_ROOT "/%s", hiers[i]), 0755);
		mkdir(rc_fmt(RC_ROOT "/%s/a", hiers[i]), 0755);
		mkdir(rc_fmt(RC_ROOT "/%s/given", hiers[i]), 0755);
	}
	for (i = 0; i < ARRAY_SIZE(given); i++)
		chown(rc_fmt(RC_ROOT "/jobs/given%s", given[i]), RC_USER,
		      RC_USER);
	rc_write(RC_ROOT "/cpuset/a/cpus", "0-1");
	rc_write(RC_ROOT "/cpuset/a/mems", "0");
	return access(RC_ROOT "/jobs/a", F_OK) ? -errno : 0;
}

static int become(enum role role)
{
	uid_t uid = role == OWNER ? RC_USER : RC_USER + 1;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	if (role == CONTAINED)
		return unshare(CLONE_NEWUSER) ?
			       -errno :
			       rc_write("/proc/self/uid_map", "0 0 1");
	if (role != ROOT && (setgroups(0, NULL) || setgid(uid) || setuid(uid)))
		return -errno;
	return 0;
}

static void one_input(struct fuzz *f)
{
	const fuzz_op *ops = fuzz_file_ops;
	unsigned int nr = 0;

	/* Half of all are about files. */
	if (fuzz_one_in(f, 2))
		ops = fuzz_one_in(f, 2) ? fuzz_dir_ops : fuzz_watch_ops;

	while (ops[nr])
		nr++;
	fuzz_look(f);
	if (ops[fuzz_pick(f, nr)](f) >= 0)
		rc_inc(f->went_well);
	rc_inc(f->inputs);
}

static void prepare(struct fuzz *f, struct shared *shared, int nr)
{
	int i;

	memcpy(f->workers, shared->pids, sizeof(shared->pids));
	f->workers[nr] = getpid();
	f->workers[FUZZ_WORKERS] = 0;
	f->workers[FUZZ_WORKERS + 1] = INT_MAX;
	f->inputs = &shared->inputs[nr];
	f->went_well = &shared->went_well[nr];
	for (i = 0; i < FUZZ_FDS; i++)
		f->fd[i] = -1;
	f->buf = mmap(NULL, 2 * FUZZ_TEXT, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	f->file = memfd_create("fuzz", MFD_CLOEXEC);
	if (f->buf == MAP_FAILED || f->file < 0 ||
	    pipe2(f->pipe, O_NONBLOCK | O_CLOEXEC))
		_exit(EXIT_FAILURE);
}

/* What a worker writes too far, or into a pipe that nobody reads, is no end of it. */
static void ignore_signals(void)
{
	static const int signals[] = { SIGPIPE, SIGXFSZ, SIGIO, SIGURG,
				       SIGBUS };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_IGN);
}

static void work(FIXTURE_DATA(fuzz) * self, int nr)
{
	struct fuzz f = {};
	int i;

	rc_die_with_parent();
	ignore_signals();
	prepare(&f, self->shared, nr);
	f.state =
		(self->seed * 1000003 + self->batches) * 0x9e3779b97f4a7c15UL +
		nr + 1;
	if (become(nr))
		_exit(EXIT_FAILURE);
	/* It was cleared with the user. */
	rc_die_with_parent();
	for (i = 0; i < BATCH; i++)
		one_input(&f);
	_exit(EXIT_SUCCESS);
}

static void start(FIXTURE_DATA(fuzz) * self, int nr)
{
	pid_t pid = fork();

	self->batches++;
	if (!pid)
		work(self, nr);
	self->shared->pids[nr] = pid;
}

static int thaw_group(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	if (type == FTW_D && ftw->level > 1)
		rc_write(rc_fmt("%s/freeze", path), "0");
	return 0;
}

/*
 * 0 as long as the worker works, 1 when it is done, -EINTR if it was killed, as by a file
 * that does so, -ETIMEDOUT if it does nothing any more.
 */
static int look_after(FIXTURE_DATA(fuzz) * self, int nr, long *last,
		      double *since)
{
	long inputs = rc_get(&self->shared->inputs[nr]);
	pid_t pid = self->shared->pids[nr];
	int status;

	if (waitpid(pid, &status, WNOHANG) == pid)
		return !WIFEXITED(status)  ? -EINTR :
		       WEXITSTATUS(status) ? -ECHILD :
					     1;
	if (inputs != *last) {
		*last = inputs;
		*since = rc_now();
	}
	/* One of them may have frozen a group that it is in. */
	if (rc_now() - *since > PAUSES)
		nftw(RC_ROOT, thaw_group, 16, FTW_PHYS);
	return rc_now() - *since > HANGS ? -ETIMEDOUT : 0;
}

static long total(const long *counters)
{
	long sum = 0;
	int i;

	for (i = 0; i < FUZZ_WORKERS; i++)
		sum += rc_get(&counters[i]);
	return sum;
}

/* What /proc says of a worker. */
static const char *proc_text(FIXTURE_DATA(fuzz) * self, int nr,
			     const char *file)
{
	return rc_text(rc_fmt("/proc/%d/%s", self->shared->pids[nr], file)) ?:
		       "";
}

static void end_workers(struct shared *shared)
{
	int i;

	for (i = 0; i < FUZZ_WORKERS; i++) {
		if (shared->pids[i] <= 0)
			continue;
		kill(shared->pids[i], SIGKILL);
		waitpid(shared->pids[i], NULL, 0);
		shared->pids[i] = 0;
	}
}

/*
 * Tasks of the group go to the root of its hierarchy, and it goes; files that no group has
 * are whose and what they were.
 */
static int remove_group(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	const char *name = path + strlen(RC_ROOT) + 1, *slash;
	pid_t *ids;
	int i, nr;

	if (type == FTW_F && ftw->level == 1)
		return chmod(path, 0444) || chown(path, 0, 0);
	if (type != FTW_DP || !ftw->level)
		return 0;
	slash = strchrnul(name, '/');
	nr = *slash ? rc_list(rc_fmt("%s/tasks", path), &ids) : 0;
	for (i = 0; i < nr; i++)
		rc_attach(rc_fmt(RC_ROOT "/%.*s", (int)(slash - name), name),
			  ids[i]);
	if (nr > 0)
		free(ids);
	return RC_WAIT(!rmdir(path) || errno != EBUSY) &&
			       access(path, F_OK) ?
		       0 :
		       1;
}

static int remove_all(void)
{
	int ret = chdir("/");

	ret = ret ?: chmod(RC_ROOT, 0755) ?: chown(RC_ROOT, 0, 0);
	return ret ?: nftw(RC_ROOT, remove_group, 64, FTW_DEPTH | FTW_PHYS);
}

FIXTURE_SETUP(fuzz)
{
	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->inputs =
		option("fuzz.inputs=", rc_debug_kernel() ? 15000 : 60000);
	self->seed = option("fuzz.seed=", 1);
	ASSERT_EQ(0, make_groups());
}

FIXTURE_TEARDOWN(fuzz)
{
	end_workers(self->shared);
	EXPECT_EQ(0, remove_all());
	EXPECT_EQ(0, rc_teardown());
}

#define TIMEOUT (RC_RACE_TIMEOUT + option("fuzz.inputs=", 0) / 200)

/* Whatever is put in, everybody works on, and all can be removed. */
TEST_F_TIMEOUT(fuzz, inputs, TIMEOUT)
{
	long last[FUZZ_WORKERS] = {}, said = 0;
	double since[FUZZ_WORKERS] = {};
	int i;

	for (i = 0; i < FUZZ_WORKERS; i++) {
		start(self, i);
		since[i] = rc_now();
	}
	while (total(self->shared->inputs) < self->inputs) {
		for (i = 0; i < FUZZ_WORKERS; i++) {
			int ret = look_after(self, i, &last[i], &since[i]);

			self->killed += ret == -EINTR;
			ASSERT_TRUE(ret >= 0 || ret == -EINTR)
			{
				TH_LOG("worker %d, %s, seed %lu, batch %ld, %ld inputs",
				       i, strerror(-ret), self->seed,
				       self->batches,
				       total(self->shared->inputs));
				TH_LOG("%s%s", proc_text(self, i, "syscall"),
				       proc_text(self, i, "stack"));
			}
			if (ret) {
				make_groups();
				start(self, i);
				since[i] = rc_now();
			}
		}
		if (total(self->shared->inputs) / 1000000 > said)
			TH_LOG("%ld million inputs", ++said);
		rc_nap();
	}
	end_workers(self->shared);
	TH_LOG("%ld inputs of seed %lu, %ld went well; %ld workers were killed",
	       total(self->shared->inputs), self->seed,
	       total(self->shared->went_well), self->killed);
	/* By "kill", which is written as every file is, but rarely for the writer's own group. */
	EXPECT_GE(self->inputs / 10000 + 2, self->killed);
	EXPECT_LT(self->inputs / 10, total(self->shared->went_well));
	EXPECT_EQ(0, remove_all());
}

/* As many groups as nobody has: all of them can be listed, asked for and removed. */
TEST_F_TIMEOUT(fuzz, many_groups, TIMEOUT)
{
	int nr = option("fuzz.inputs=", 0) >= 1000000 ? 20000 : 2000,
	    listed = 0, i;
	struct dirent *entry;
	DIR *dir;

	ASSERT_EQ(0, rc_mkdir(RC_ROOT "/jobs/many"));
	for (i = 0; i < nr; i++)
		ASSERT_EQ(0, rc_mkdir(rc_fmt(RC_ROOT "/jobs/many/%d", i)));
	ASSERT_EQ(-EEXIST, rc_mkdir(rc_fmt(RC_ROOT "/jobs/many/%d", nr / 2)));
	dir = opendir(RC_ROOT "/jobs/many");
	ASSERT_TRUE(!!dir);
	while ((entry = readdir(dir)))
		listed += entry->d_type == DT_DIR && entry->d_name[0] != '.';
	closedir(dir);
	EXPECT_EQ(nr, listed);
	ASSERT_EQ(0, rc_attach(rc_fmt(RC_ROOT "/jobs/many/%d", nr - 1),
			       rc_sleeper()));
	EXPECT_EQ(-EBUSY, rc_rmdir(rc_fmt(RC_ROOT "/jobs/many/%d", nr - 1)));
	for (i = 0; i < nr - 1; i++)
		ASSERT_EQ(0, rc_rmdir(rc_fmt(RC_ROOT "/jobs/many/%d", i)));
	EXPECT_EQ(0, rc_end_children());
}

TEST_HARNESS_MAIN
