// SPDX-License-Identifier: GPL-2.0
/* A process is moved whole while its threads come, go, exec and unshare. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define WORKERS 3

/* Shared through a file, which outlives an exec. */
struct shared {
	long stop;
	long loops;
	/* Of the mover of single threads. */
	long singles;
	long odd_errors;
};

static struct shared *shared;
static int shared_fd;

static int map_shared(int fd)
{
	void *mem = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED)
		return -errno;
	shared = mem;
	shared_fd = fd;
	return 0;
}

static void *end_at_once(void *arg)
{
	rc_inc(&shared->loops);
	return NULL;
}

static void *make_threads(void *arg)
{
	while (!rc_get(&shared->stop)) {
		pthread_t threads[2];
		int i, nr = 0;

		for (i = 0; i < 2; i++)
			nr += !pthread_create(&threads[nr], NULL, end_at_once,
					      NULL);
		while (nr)
			pthread_join(threads[--nr], NULL);
	}
	return NULL;
}

static void *unshare_often(void *arg)
{
	while (!rc_get(&shared->stop)) {
		if (unshare(CLONE_NEWUTS))
			exit(errno);
		rc_inc(&shared->loops);
	}
	return NULL;
}

static int work(void *(*fn)(void *arg))
{
	pthread_t threads[WORKERS];
	int i;

	for (i = 0; i < WORKERS; i++) {
		if (pthread_create(&threads[i], NULL, fn, NULL))
			return -EAGAIN;
	}
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int churn(void)
{
	return work(make_threads);
}

static int unshare_on(void)
{
	return work(unshare_often);
}

static void *exec_again(void *arg)
{
	execl("/proc/self/exe", "race", "--exec", rc_fmt("%d", shared_fd),
	      NULL);
	exit(errno);
}

/* A thread becomes the leader, and the program starts anew. */
static int exec_on(void)
{
	pthread_t thread;

	/* A new leader was a thread, which does not inherit that. */
	rc_die_with_parent();
	rc_inc(&shared->loops);
	if (rc_get(&shared->stop))
		return 0;
	if (pthread_create(&thread, NULL, exec_again, NULL))
		return -EAGAIN;
	/* Busy with threads when the others are ended. */
	make_threads(NULL);
	pthread_join(thread, NULL);
	return -EINTR;
}

FIXTURE(race)
{
	const char *hier;
	const char *grp[2];
	pid_t pid;
};

FIXTURE_VARIANT(race)
{
	int (*fn)(void);
};

FIXTURE_VARIANT_ADD(race, churn) { churn };
FIXTURE_VARIANT_ADD(race, exec) { exec_on };
FIXTURE_VARIANT_ADD(race, unshare) { unshare_on };

FIXTURE_SETUP(race)
{
	char name[] = "/tmp/ksft-XXXXXX";
	int fd;

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp[0] = rc_group_new(self->hier);
	self->grp[1] = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp[0] && self->grp[1]);
	fd = mkstemp(name);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, unlink(name));
	ASSERT_EQ(0, ftruncate(fd, sizeof(*shared)));
	ASSERT_EQ(0, map_shared(fd));
	self->pid = rc_fork();
	if (!self->pid)
		_exit(-variant->fn());
	ASSERT_LT(0, self->pid);
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->loops) > 2));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static int move(const char *group, pid_t pid)
{
	return rc_write(rc_fmt("%s/procs", group), rc_fmt("%d", pid));
}

/* How many threads say that they are neither in @group nor on their way out. */
static int strayed(pid_t pid, const char *group, const char *hier)
{
	DIR *dir = opendir(rc_fmt("/proc/%d/task", pid));
	struct dirent *entry;
	int nr = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		const char *where;

		if (*entry->d_name == '.')
			continue;
		where = rc_where_file(rc_fmt("/proc/%d/task/%s/rc", pid,
					     entry->d_name), hier);
		if (*where && strcmp(where, group + strlen(hier)))
			nr++;
	}
	closedir(dir);
	return nr;
}

/* All threads are in the group that they were moved to, and in no other. */
TEST_F_TIMEOUT(race, moves, RC_RACE_TIMEOUT)
{
	double until = rc_now() + rc_race_seconds() / 2.0, longest = 0;
	long moves = 0;

	while (rc_now() < until || moves <= 8 || rc_get(&shared->loops) <= 8) {
		const char *to = self->grp[moves % 2];
		const char *from = self->grp[++moves % 2];
		double start = rc_now();

		ASSERT_EQ(0, move(to, self->pid));
		if (rc_now() - start > longest)
			longest = rc_now() - start;
		/* Threads on their way out stay until they have ended. */
		ASSERT_TRUE(RC_WAIT(!rc_count(rc_fmt("%s/tasks", from))));
		ASSERT_EQ(0, strayed(self->pid, to, self->hier));
		ASSERT_EQ(0, rc_count(rc_fmt("%s/procs", from)));
		ASSERT_EQ(1, rc_count(rc_fmt("%s/procs", to)));
		ASSERT_TRUE(rc_listed(rc_fmt("%s/procs", to), self->pid));
		ASSERT_LE(1, rc_count(rc_fmt("%s/tasks", to)));
		ASSERT_FALSE(rc_listed(rc_fmt("%s/procs", self->hier),
				       self->pid));
	}
	rc_set(&shared->stop, 1);
	EXPECT_EQ(0, rc_reap(self->pid));
	TH_LOG("%ld moves of %.1f ms at most, %ld loops", moves, longest * 1e3,
	       shared->loops);
	EXPECT_LT(8, moves);
	EXPECT_LT(8, shared->loops);
	EXPECT_EQ(0, rc_rmdir(self->grp[0]));
	EXPECT_EQ(0, rc_rmdir(self->grp[1]));
}

/* Moves whatever thread it finds to and fro. */
static int move_singles(const char * const *grp, pid_t pid)
{
	unsigned int turn = 0;

	while (!rc_get(&shared->stop)) {
		DIR *dir = opendir(rc_fmt("/proc/%d/task", pid));
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			int ret;

			if (*entry->d_name == '.')
				continue;
			ret = rc_attach(grp[turn++ % 2], atoi(entry->d_name));
			if (ret && ret != -ESRCH)
				rc_inc(&shared->odd_errors);
			rc_inc(&shared->singles);
		}
		if (dir)
			closedir(dir);
	}
	return 0;
}

/* Two movers, of all threads and of single ones, lose no thread. */
TEST_F_TIMEOUT(race, two_movers, RC_RACE_TIMEOUT)
{
	double until = rc_now() + rc_race_seconds() / 2.0;
	long moves = 0;
	pid_t singles;

	/* Its threads are born in the one group or the other from here on. */
	ASSERT_EQ(0, move(self->grp[0], self->pid));
	singles = rc_fork();
	if (!singles)
		_exit(-move_singles(self->grp, self->pid));
	while (rc_now() < until || moves <= 8 || rc_get(&shared->singles) <= 8) {
		ASSERT_EQ(0, move(self->grp[moves++ % 2], self->pid));
		/* Where exactly can change between two looks. */
		ASSERT_FALSE(rc_listed(rc_fmt("%s/procs", self->hier),
				       self->pid));
		ASSERT_TRUE(!!strcmp("/", rc_where(self->pid, self->hier)));
	}
	rc_set(&shared->stop, 1);
	EXPECT_EQ(0, rc_reap(singles));
	/* It may be at its end by now, and in neither group a moment later. */
	if (!move(self->grp[0], self->pid)) {
		EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", self->grp[1])));
		moves++;
	}
	EXPECT_EQ(0, rc_reap(self->pid));
	TH_LOG("%ld moves, %ld of threads, %ld loops", moves, shared->singles,
	       shared->loops);
	EXPECT_LT(8, moves);
	EXPECT_LT(8, shared->singles);
	EXPECT_EQ(0, shared->odd_errors);
	EXPECT_EQ(0, rc_rmdir(self->grp[0]));
	EXPECT_EQ(0, rc_rmdir(self->grp[1]));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--exec"))
		return map_shared(atoi(argv[2])) ? ENOMEM : -exec_on();
	return test_harness_run(argc, argv);
}
