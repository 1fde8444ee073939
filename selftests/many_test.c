// SPDX-License-Identifier: GPL-2.0
/* Many groups in a group, many tasks in a group. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define GROUPS 1000

FIXTURE(groups)
{
	const char *hier;
	const char *grp;
};

FIXTURE_SETUP(groups)
{
	int i;

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	for (i = 0; i < GROUPS; i++)
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/g%d", self->grp, i)));
}

FIXTURE_TEARDOWN(groups)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Fills @seen with how often each group is listed; -1: an unknown entry. */
static int list_groups(const char *dir, size_t size, unsigned char *seen)
{
	union {
		struct dirent64 entry;
		char bytes[4096];
	} buf;
	int fd = rc_open(dir, O_RDONLY | O_DIRECTORY), total = 0;
	long len, pos;

	if (fd < 0)
		return fd;
	memset(seen, 0, GROUPS);
	while ((len = syscall(SYS_getdents64, fd, &buf, size)) > 0) {
		for (pos = 0; pos < len;) {
			struct dirent64 *entry = (void *)(buf.bytes + pos);
			int nr;

			pos += entry->d_reclen;
			if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
				continue;
			if (sscanf(entry->d_name, "g%d", &nr) != 1 || nr < 0 ||
			    nr >= GROUPS)
				return -EBADMSG;
			seen[nr]++;
			total++;
		}
	}
	close(fd);
	return len < 0 ? -errno : total;
}

/* A thousand siblings are all listed, each once, whatever the buffer. */
TEST_F(groups, listed)
{
	static const size_t sizes[] = { 64, 300, 4096 };
	unsigned char seen[GROUPS];
	struct stat st;
	size_t i;
	int nr;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(GROUPS, list_groups(self->grp, sizes[i], seen));
		for (nr = 0; nr < GROUPS; nr++)
			ASSERT_EQ(1, (int)seen[nr]);
	}
	ASSERT_EQ(0, stat(self->grp, &st));
	EXPECT_EQ(GROUPS + 2, (int)st.st_nlink);
}

/* Each entry is found again at the place where it was, and all from the start. */
TEST_F(groups, seek)
{
	DIR *dir = opendir(self->grp);
	struct dirent *entry;
	struct {
		long place;
		char name[32];
	} *at = calloc(2 * GROUPS, sizeof(*at));
	int nr = 0, i;

	ASSERT_TRUE(dir && at);
	for (;;) {
		at[nr].place = telldir(dir);
		entry = readdir(dir);
		if (!entry)
			break;
		snprintf(at[nr++].name, sizeof(at->name), "%.31s",
			 entry->d_name);
		ASSERT_GT(2 * GROUPS, nr);
	}
	ASSERT_LT(GROUPS, nr);
	for (i = nr - 1; i >= 0; i -= 7) {
		seekdir(dir, at[i].place);
		entry = readdir(dir);
		ASSERT_TRUE(!!entry);
		ASSERT_STREQ(at[i].name, entry->d_name);
	}
	rewinddir(dir);
	for (i = 0; (entry = readdir(dir)); i++)
		ASSERT_STREQ(at[i].name, entry->d_name);
	EXPECT_EQ(nr, i);
	EXPECT_EQ(-1, lseek(dirfd(dir), -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	closedir(dir);
	free(at);
}

/* What is removed while one lists hides nothing else from the list. */
TEST_F(groups, removed_while_listed)
{
	DIR *dir = opendir(self->grp);
	struct dirent *entry;
	int removed = 0;

	ASSERT_TRUE(!!dir);
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		ASSERT_EQ(0, rc_rmdir(rc_fmt("%s/%s", self->grp,
					     entry->d_name)));
		removed++;
	}
	closedir(dir);
	EXPECT_EQ(GROUPS, removed);
}

/* Each of them holds a task of its own: one task is in one group. */
TEST_F(groups, wander)
{
	pid_t pid = rc_sleeper();
	int i;

	for (i = 0; i < GROUPS; i++)
		ASSERT_EQ(0, rc_attach(rc_fmt("%s/g%d", self->grp, i), pid));
	for (i = 0; i < GROUPS; i++)
		ASSERT_EQ(i == GROUPS - 1,
			  rc_count(rc_fmt("%s/g%d/tasks", self->grp, i)));
}

FIXTURE(crowd)
{
	const char *hier;
	const char *grp;
	pid_t pid;
	pid_t *ids;
};

FIXTURE_VARIANT(crowd)
{
	int tasks;
};

FIXTURE_VARIANT_ADD(crowd, of_2000) { 2000 };
FIXTURE_VARIANT_ADD(crowd, of_10000) { 10000 };
FIXTURE_VARIANT_ADD(crowd, of_100000) { 100000 };

/* KiB: kernel stack, task and signals, and what debugging adds to them. */
static long memory_for(int tasks)
{
	return (long)tasks * (rc_debug_kernel() ? 96 : 28);
}

static long available_kib(void)
{
	char *text = rc_text("/proc/meminfo");
	char *at = text ? strstr(text, "MemAvailable:") : NULL;
	long kib = at ? atol(at + strlen("MemAvailable:")) : 0;

	free(text);
	return kib;
}

FIXTURE_SETUP(crowd)
{
	if (available_kib() < memory_for(variant->tasks))
		SKIP(return, "%d tasks need %ld KiB, there are %ld",
		     variant->tasks, memory_for(variant->tasks),
		     available_kib());
	ASSERT_EQ(0, rc_setup());
	/* A small machine allows few threads; memory is what counts here. */
	ASSERT_EQ(0, rc_write("/proc/sys/kernel/threads-max", "200000"));
	ASSERT_EQ(0, rc_write("/proc/sys/kernel/pid_max", "300000"));
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->ids = rc_shared(variant->tasks * sizeof(*self->ids));
	ASSERT_TRUE(!!self->ids);
	self->pid = rc_crowd(self->grp, variant->tasks, self->ids);
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(crowd)
{
	EXPECT_EQ(0, rc_teardown());
}

static int compare_ids(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/* The least time, in seconds, that reading the list of a group takes. */
static double time_to_list(const char *file)
{
	double least = 1e9;
	int i;

	for (i = 0; i < 100; i++) {
		double start = rc_now();
		char buf[4096];

		if (rc_read(file, buf, sizeof(buf)) < 0)
			return -1;
		start = rc_now() - start;
		if (start < least)
			least = start;
	}
	return least;
}

/*
 * All of them are listed, ascending, each once. A list costs what its group
 * holds: ten tasks beside the crowd take about as long as ten alone, where a look
 * at each task of the machine would take many times that. When all have ended
 * the group is empty. One test, since the crowd takes its time to come and go.
 */
TEST_F_TIMEOUT(crowd, listed, 4 * TEST_TIMEOUT_DEFAULT)
{
	const char *grp = rc_group_new(self->hier);
	double beside, alone;
	pid_t *ids;
	char *file;
	int i;

	qsort(self->ids, variant->tasks, sizeof(*self->ids), compare_ids);
	ASSERT_EQ(variant->tasks,
		  rc_list(rc_fmt("%s/tasks", self->grp), &ids));
	EXPECT_EQ(0, memcmp(ids, self->ids, variant->tasks * sizeof(*ids)));
	free(ids);

	ASSERT_TRUE(!!grp);
	file = strdup(rc_fmt("%s/tasks", grp));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, rc_attach(grp, rc_sleeper()));
	ASSERT_EQ(10, rc_count(file));
	beside = time_to_list(file);
	ASSERT_EQ(0, rc_kill(self->pid));
	alone = time_to_list(file);
	ASSERT_LT(0, alone);
	TH_LOG("10 of %d tasks: %.0f us, alone: %.0f us",
	       variant->tasks + 10, beside * 1e6, alone * 1e6);
	EXPECT_LT(beside, 4 * alone);
	free(file);

	EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", self->grp)));
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

TEST_HARNESS_MAIN
