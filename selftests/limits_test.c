// SPDX-License-Identifier: GPL-2.0
/* How many groups and open lists a user may have, and what a list takes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "guide_table.h"
#include "rc_util.h"

#define MAX_GROUPS "/proc/sys/user/max_rc_groups"
#define MAX_LISTS "/proc/sys/user/max_rc_lists"
/* What the user gets in the tests, and what he has at least when nobody has chosen. */
#define LIMIT 4
#define GENEROUS 1000

FIXTURE(limits)
{
	const char *hier;
	const char *grp;
	const char *others;
	/* Whose those are. Who is new has nothing that is still on its way out. */
	uid_t user;
	uid_t other;
	/* Of the machine. */
	char *max_groups;
	char *max_lists;
};

FIXTURE_SETUP(limits)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	self->others = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp && self->others);
	self->user = RC_USER + 2 * getpid();
	self->other = self->user + 1;
	ASSERT_EQ(0, chown(self->grp, self->user, -1));
	ASSERT_EQ(0, chown(self->others, self->other, -1));
	self->max_groups = rc_text(MAX_GROUPS);
	self->max_lists = rc_text(MAX_LISTS);
	ASSERT_TRUE(self->max_groups && self->max_lists);
}

FIXTURE_TEARDOWN(limits)
{
	if (self->max_groups)
		EXPECT_EQ(0, rc_write(MAX_GROUPS, self->max_groups));
	if (self->max_lists)
		EXPECT_EQ(0, rc_write(MAX_LISTS, self->max_lists));
	EXPECT_EQ(0, rc_teardown());
}

static int make(void *path)
{
	return rc_mkdir(path);
}

static int remove_dir(void *path)
{
	return rc_rmdir(path);
}

/* LIMIT groups, numbered. */
static int make_all(void *dir)
{
	int i, ret = 0;

	for (i = 0; i < LIMIT && !ret; i++)
		ret = rc_mkdir(rc_fmt("%s/%d", (char *)dir, i));
	return ret;
}

/* Who does nothing about it has room. */
TEST_F(limits, generous)
{
	EXPECT_LE(GENEROUS, atol(self->max_groups));
	EXPECT_LE(GENEROUS, atol(self->max_lists));
}

/* One group more than the limit is refused, and the tree is as before. */
TEST_F(limits, groups)
{
	char *more = strdup(rc_fmt("%s/more", self->grp)), *before;

	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT)));
	ASSERT_EQ(0, rc_run_as(self->user, make_all, (void *)self->grp));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, make, more));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* A group that is removed makes room for another one, at once. */
TEST_F(limits, group_removed)
{
	char *more = strdup(rc_fmt("%s/more", self->grp));
	int i;

	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT)));
	ASSERT_EQ(0, rc_run_as(self->user, make_all, (void *)self->grp));
	for (i = 0; i < 3 * LIMIT; i++) {
		ASSERT_EQ(0, rc_run_as(self->user, remove_dir,
				       (void *)rc_fmt("%s/0", self->grp)));
		ASSERT_EQ(0, rc_run_as(self->user, make, more));
		ASSERT_EQ(-ENOSPC,
			  rc_run_as(self->user, make,
				    (void *)rc_fmt("%s/0", self->grp)));
		ASSERT_EQ(0, rename(more, rc_fmt("%s/0", self->grp)));
	}
}

static int make_and_remove(void *path)
{
	int i, ret = 0;

	for (i = 0; i < 20 * LIMIT && !ret; i++)
		ret = rc_mkdir(path) ?: rc_rmdir(path);
	return ret;
}

/* Who makes and removes them faster than the kernel forgets them is never refused. */
TEST_F(limits, removed_in_a_row)
{
	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT)));
	EXPECT_EQ(0, rc_run_as(self->user, make_and_remove,
			       (void *)rc_fmt("%s/a", self->grp)));
}

/* One user's groups are nothing to another one. */
TEST_F(limits, groups_of_others)
{
	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT)));
	ASSERT_EQ(0, rc_run_as(self->user, make_all, (void *)self->grp));
	EXPECT_EQ(0, rc_run_as(self->other, make_all, (void *)self->others));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->other, make,
				     (void *)rc_fmt("%s/more", self->others)));
}

/* The user is root of a user namespace of his own. */
static int enter_user_ns(void)
{
	const char *map = rc_fmt("0 %d 1", getuid());

	/* A change of credentials has taken /proc/self from him. */
	if (prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER))
		return -ECHILD;
	return rc_write("/proc/self/uid_map", map) ? -ECHILD : 0;
}

static int make_in_user_ns(void *path)
{
	return enter_user_ns() ?: rc_mkdir(path);
}

static int make_two_of_one(void *path)
{
	return enter_user_ns() ?: rc_write(MAX_GROUPS, "1") ?: rc_mkdir(path) ?:
	       rc_mkdir(rc_fmt("%s/more", (char *)path));
}

/* A namespace of one's own is no way around the limit. */
TEST_F(limits, groups_in_user_ns)
{
	char *more = strdup(rc_fmt("%s/more", self->grp));

	ASSERT_EQ(0, rc_write(MAX_GROUPS, rc_fmt("%d", LIMIT + 1)));
	ASSERT_EQ(0, rc_run_as(self->user, make_all, (void *)self->grp));
	EXPECT_EQ(0, rc_run_as(self->user, make_in_user_ns, more));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, make_in_user_ns,
				     (void *)rc_fmt("%s/yet", self->grp)));
}

/* It has its own limit, besides. */
TEST_F(limits, groups_of_user_ns)
{
	char *one = strdup(rc_fmt("%s/one", self->grp));

	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, make_two_of_one, one));
	EXPECT_EQ(0, rc_rmdir(one));
	EXPECT_STREQ(self->max_groups, rc_text(MAX_GROUPS));
}

static int read_byte(int fd)
{
	char byte;
	ssize_t ret = pread(fd, &byte, 1, 0);

	return ret < 0 ? -errno : ret == 1 ? 0 : -ENODATA;
}

/* Reads a list more than he may have open; -EBADE: another one was refused. */
static int read_lists(void *file)
{
	int fd[LIMIT + 2], i;

	for (i = 0; i <= LIMIT + 1; i++) {
		fd[i] = rc_open(file, O_RDONLY);
		if (fd[i] < 0)
			return -EBADE;
	}
	for (i = 0; i < LIMIT; i++)
		if (read_byte(fd[i]))
			return -EBADE;
	if (read_byte(fd[LIMIT]) != -ENOSPC)
		return -EBADR;
	/* Those that he has go on, and one that he closes makes room. */
	for (i = 0; i < LIMIT; i++)
		if (read_byte(fd[i]))
			return -EBADE;
	close(fd[0]);
	if (read_byte(fd[LIMIT]))
		return -EBADE;
	return read_byte(fd[LIMIT + 1]);
}

/* One list more than the limit is refused; one that is closed makes room. */
TEST_F(limits, lists)
{
	char *tasks = strdup(rc_fmt("%s/tasks", self->hier));
	char *procs = strdup(rc_fmt("%s/procs", self->hier));

	ASSERT_EQ(0, rc_write(MAX_LISTS, rc_fmt("%d", LIMIT)));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, read_lists, tasks));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->user, read_lists, procs));
	EXPECT_EQ(-ENOSPC, rc_run_as(self->other, read_lists, tasks));
}

/*
 * Files that are open, the threads that each lists, and what one may take, in KiB: less
 * than it does and the ids, which are 24. A debug kernel keeps much about each object.
 */
#define FILES 1000
#define THREADS 6000
#define EACH (rc_debug_kernel() ? 32 : 8)

/* Pages that CPUs keep to hand, some MiB: they are free, but no part of MemFree. */
static unsigned long long kept_by_cpus(void)
{
	char *text = rc_text("/proc/zoneinfo"), *at = text;
	unsigned long long pages = 0;

	while (at && (at = strstr(at, " count: "))) {
		at += strlen(" count: ");
		pages += strtoull(at, NULL, 10);
	}
	free(text);
	return pages;
}

/* What KASAN keeps of freed objects, so as to find who uses them, has gone. */
static unsigned long long free_now(void)
{
	long kib_of_page = sysconf(_SC_PAGESIZE) / 1024;
	glob_t caches;
	size_t i;

	if (!glob("/sys/kernel/slab/kmalloc-*/shrink", 0, NULL, &caches)) {
		for (i = 0; i < caches.gl_pathc; i++)
			rc_write(caches.gl_pathv[i], "1");
		globfree(&caches);
	}
	return rc_field("/proc/meminfo", "MemFree:") + kib_of_page * kept_by_cpus();
}

/* It stays the same for a while: what was freed before, after grace periods, is. */
static bool free_at_rest(unsigned long long *kib)
{
	unsigned long long last = *kib;
	double since = rc_now();

	while (rc_now() - since < 0.2)
		rc_nap();
	*kib = free_now();
	return llabs((long long)(*kib - last)) <= 16;
}

static unsigned long long free_kib(void)
{
	unsigned long long kib = free_now();

	/* On a debug kernel it never does. */
	if (!rc_debug_kernel() && !RC_WAIT_FOR(10, free_at_rest(&kib)))
		ksft_print_msg("free memory does not come to rest\n");
	return kib;
}

FIXTURE(memory)
{
	const char *hier;
};

FIXTURE_SETUP(memory)
{
	pid_t *ids = rc_shared(THREADS * sizeof(*ids));

	ASSERT_EQ(0, rc_setup());
	ASSERT_TRUE(!!ids);
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	ASSERT_LT(0, rc_crowd(self->hier, THREADS, ids));
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(0, rc_teardown());
}

/* An open list of thousands keeps little memory. */
TEST_F(memory, of_lists)
{
	const struct rlimit files = { FILES + 100, FILES + 100 };
	const char *tasks = rc_fmt("%s/tasks", self->hier);
	unsigned long long before = 0, after;
	int fd[FILES], i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	for (i = 0; i < FILES; i++) {
		/* The first ones fill what the kernel keeps to hand. */
		if (i == FILES / 2)
			before = free_kib();
		fd[i] = rc_open(tasks, O_RDONLY);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, read_byte(fd[i]));
	}
	after = free_kib();
	for (i = 0; i < FILES; i++)
		close(fd[i]);
	TH_LOG("%.1f KiB a file", (before - after) / (FILES / 2.0));
	EXPECT_GT(EACH * FILES / 2, (long long)(before - after));
}

/* What a user keeps, of which the guide says what each takes: rows there, by name. */
struct keeper {
	int (*keep)(struct keeper *keeper, int nr);
	char *grp;
	int epoll;
	long kept;
	long go;
};

#define KEPT 2000

static int keep_group(struct keeper *keeper, int nr)
{
	return rc_mkdir(rc_fmt("%s/%d", keeper->grp, nr));
}

/* Nobody finds it any more, but it is there as long as its directory is open. */
static int keep_removed(struct keeper *keeper, int nr)
{
	const char *dir = rc_fmt("%s/%d", keeper->grp, nr);
	int ret = rc_mkdir(dir);

	if (!ret && rc_open(dir, O_RDONLY | O_DIRECTORY) < 0)
		ret = -EMFILE;
	return ret ?: rc_rmdir(dir);
}

static int keep_list(struct keeper *keeper, int nr)
{
	int fd = rc_open(rc_fmt("%s/tasks", keeper->grp), O_RDONLY);

	return fd < 0 ? fd : read_byte(fd) == -ENODATA ? 0 : -EBADE;
}

static int keep_poller(struct keeper *keeper, int nr)
{
	struct epoll_event event = { .events = EPOLLPRI };
	int fd = rc_open(rc_fmt("%s/events", keeper->grp), O_RDONLY);

	if (!nr)
		keeper->epoll = epoll_create1(EPOLL_CLOEXEC);
	return fd < 0 ? fd :
	       epoll_ctl(keeper->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* The first half, which fills what is left of others' slabs, and all when told. */
static int keep_all(void *arg)
{
	struct keeper *keeper = arg;
	int ret = 0, nr;

	for (nr = 0; nr < KEPT && !ret; nr++) {
		while (nr == KEPT / 2 && !rc_get(&keeper->go))
			rc_nap();
		ret = keeper->keep(keeper, nr);
		rc_set(&keeper->kept, ret ?: nr + 1);
	}
	while (!ret)
		pause();
	return ret;
}

static int wait_for(struct keeper *keeper, long nr)
{
	if (!RC_WAIT(rc_get(&keeper->kept) < 0 || rc_get(&keeper->kept) >= nr))
		return -ETIMEDOUT;
	return keeper->kept < 0 ? keeper->kept : 0;
}

FIXTURE(kept)
{
	struct keeper *keeper;
};

FIXTURE_VARIANT(kept)
{
	const char *name;
	int (*keep)(struct keeper *keeper, int nr);
};

FIXTURE_VARIANT_ADD(kept, group) { "group", keep_group };
FIXTURE_VARIANT_ADD(kept, removed) { "removed", keep_removed };
FIXTURE_VARIANT_ADD(kept, list) { "list", keep_list };
FIXTURE_VARIANT_ADD(kept, poller) { "poller", keep_poller };

FIXTURE_SETUP(kept)
{
	const struct rlimit files = { 2 * KEPT, 2 * KEPT };
	const char *hier;

	if (rc_debug_kernel())
		SKIP(return, "a debug kernel keeps much about each object");
	ASSERT_EQ(0, rc_setup());
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	self->keeper = rc_shared(sizeof(*self->keeper));
	ASSERT_TRUE(!!self->keeper);
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	self->keeper->grp = strdup(rc_group_new(hier));
	self->keeper->keep = variant->keep;
	ASSERT_EQ(0, chown(self->keeper->grp, RC_USER, RC_USER));
}

FIXTURE_TEARDOWN(kept)
{
	EXPECT_EQ(0, rc_teardown());
}

/* KiB that the guide says one takes; -1: it does not. */
static double kib_of(const char *name)
{
	char *guide = guide_read(), *literal;
	struct guide_table table;
	int i;

	if (!guide || guide_table(guide, "kept", &table))
		return -1;
	for (i = 0; i < table.nr; i++) {
		const char *at = table.row[i].cell[0];

		literal = guide_next_literal(&at);
		if (literal && !strcmp(literal, name))
			return atof(table.row[i].cell[1]);
	}
	return -1;
}

/* Each takes no more than that. */
TEST_F(kept, each)
{
	double most = kib_of(variant->name), each;
	unsigned long long before, after;
	pid_t pid = rc_spawn_as(RC_USER, keep_all, self->keeper);

	ASSERT_LT(0, most);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, wait_for(self->keeper, KEPT / 2));
	before = free_kib();
	rc_set(&self->keeper->go, 1);
	ASSERT_EQ(0, wait_for(self->keeper, KEPT));
	after = free_kib();
	each = ((double)before - after) / (KEPT / 2);
	TH_LOG("%s: %.1f KiB each", variant->name, each);
	EXPECT_GT(most, each);
	/* Else nothing was measured. */
	EXPECT_LT(0.05, each);
}

TEST_HARNESS_MAIN
