// SPDX-License-Identifier: GPL-2.0
/*
 * A group is removed while a reader and a writer of its files are stalled in
 * a page fault for as long as a user likes: rmdir does not wait for them. Nor
 * does the rest of the tree wait for one who lists a directory, and nobody who
 * reads for one who writes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

/* Seconds that rmdir may take, and after which the stall is ended anyhow. */
#define AT_ONCE 2.0
#define RESCUE 30000

struct stalled {
	pthread_t thread;
	int fd;
	char *page;
	size_t size;
	ssize_t (*call)(struct stalled *stalled);
	ssize_t ret;
	int err;
};

/* Two pages whose first use stalls until somebody serves them. */
struct trap {
	int uffd;
	char *mem;
	long page_size;
	/* Who ends the stall, when he is told or it takes too long. */
	pthread_t rescuer;
	int rescue[2];
};

FIXTURE(stalled)
{
	const char *hier;
	const char *grp;
	struct trap trap;
};

/* The file that is read; tasks is the one that is written. */
FIXTURE_VARIANT(stalled)
{
	const char *file;
};

FIXTURE_VARIANT_ADD(stalled, tasks) { "tasks" };
FIXTURE_VARIANT_ADD(stalled, usage) { "cpuacct.usage" };
FIXTURE_VARIANT_ADD(stalled, stat) { "cpuacct.stat" };

static int set_trap(struct trap *trap)
{
	trap->page_size = sysconf(_SC_PAGESIZE);
	trap->uffd = rc_trap(2 * trap->page_size, O_NONBLOCK, &trap->mem);
	return trap->uffd < 0 ? trap->uffd : 0;
}

FIXTURE_SETUP(stalled)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_cpuacct();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	ASSERT_EQ(0, set_trap(&self->trap));
}

FIXTURE_TEARDOWN(stalled)
{
	/* Ends whatever is still stalled. */
	close(self->trap.uffd);
	EXPECT_EQ(0, rc_teardown());
}

/* Should they wait after all: they must come back for the test to say so. */
static void *end_stall(void *arg)
{
	struct trap *trap = arg;
	struct pollfd wait = { .fd = trap->rescue[0], .events = POLLIN };
	/* What is written: the number of the writer. */
	static char pages[1 << 14];
	struct uffdio_copy copy = {
		.dst = (unsigned long)trap->mem,
		.src = (unsigned long)pages,
		.len = 2 * trap->page_size,
	};

	memset(pages, '0', sizeof(pages));
	poll(&wait, 1, RESCUE);
	ioctl(trap->uffd, UFFDIO_COPY, &copy);
	return NULL;
}

static int start_rescuer(struct trap *trap)
{
	return pipe(trap->rescue) ? -errno :
	       -pthread_create(&trap->rescuer, NULL, end_stall, trap);
}

static void rescue(struct trap *trap)
{
	close(trap->rescue[1]);
	pthread_join(trap->rescuer, NULL);
}

static ssize_t call_read(struct stalled *stalled)
{
	return read(stalled->fd, stalled->page, stalled->size);
}

static ssize_t call_write(struct stalled *stalled)
{
	return write(stalled->fd, stalled->page, stalled->size);
}

static ssize_t call_getdents(struct stalled *stalled)
{
	return syscall(SYS_getdents64, stalled->fd, stalled->page,
		       stalled->size);
}

static void *stall(void *arg)
{
	struct stalled *stalled = arg;

	stalled->ret = stalled->call(stalled);
	stalled->err = stalled->ret < 0 ? errno : 0;
	return NULL;
}

/* Until somebody is stalled. */
static int wait_for_fault(int uffd)
{
	struct pollfd wait = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&wait, 1, RC_PATIENCE * 1000) != 1)
		return -ETIMEDOUT;
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		return -errno;
	return msg.event == UFFD_EVENT_PAGEFAULT ? 0 : -EBADMSG;
}

/* rmdir comes back at once, the stalled ones do no harm to a new group. */
TEST_F(stalled, rmdir)
{
	struct stalled in = {
		.call = call_read,
		.page = self->trap.mem,
		.size = 64,
	};
	struct stalled out = {
		.call = call_write,
		.page = self->trap.mem + self->trap.page_size,
		.size = 1,
	};
	const char *tasks = rc_fmt("%s/tasks", self->grp);
	pid_t pid = rc_sleeper();
	double start;

	ASSERT_EQ(0, rc_attach(self->grp, pid));
	in.fd = rc_open(rc_fmt("%s/%s", self->grp, variant->file), O_RDONLY);
	out.fd = rc_open(tasks, O_WRONLY);
	ASSERT_LE(0, in.fd);
	ASSERT_LE(0, out.fd);
	ASSERT_EQ(0, pthread_create(&in.thread, NULL, stall, &in));
	ASSERT_EQ(0, wait_for_fault(self->trap.uffd));
	ASSERT_EQ(0, pthread_create(&out.thread, NULL, stall, &out));
	ASSERT_EQ(0, wait_for_fault(self->trap.uffd));
	ASSERT_EQ(0, start_rescuer(&self->trap));

	ASSERT_EQ(0, rc_attach(self->hier, pid));
	start = rc_now();
	EXPECT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(0, rc_mkdir(self->grp));
	EXPECT_EQ(0, rc_count(tasks));
	EXPECT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(0, rc_mkdir(self->grp));
	EXPECT_GT(AT_ONCE * (rc_debug_kernel() ? 5 : 1), rc_now() - start);

	rescue(&self->trap);
	pthread_join(in.thread, NULL);
	pthread_join(out.thread, NULL);
	/* The reader may have had its text when the group was removed. */
	EXPECT_TRUE(in.ret > 0 || in.err == ENODEV);
	EXPECT_EQ(-1, out.ret);
	EXPECT_EQ(ENODEV, out.err);
	EXPECT_EQ(0, rc_count(tasks));
	EXPECT_EQ(0, rc_rmdir(self->grp));
	close(in.fd);
	close(out.fd);
}

FIXTURE(listing)
{
	const char *hier;
	/* The one that is listed, and another one. */
	const char *grp;
	const char *other;
	struct trap trap;
};

FIXTURE_SETUP(listing)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	self->other = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp && self->other);
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/sub", self->grp)));
	ASSERT_EQ(0, set_trap(&self->trap));
}

FIXTURE_TEARDOWN(listing)
{
	close(self->trap.uffd);
	EXPECT_EQ(0, rc_teardown());
}

/* The directory, opened, so that its first group comes next. */
static int open_at_group(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int fd = -ENOENT;
	long at;

	if (!dir)
		return -errno;
	do {
		at = telldir(dir);
		entry = readdir(dir);
	} while (entry && (entry->d_type != DT_DIR || *entry->d_name == '.'));
	if (entry)
		fd = rc_open(path, O_RDONLY | O_DIRECTORY);
	closedir(dir);
	return fd >= 0 && lseek(fd, at, SEEK_SET) != at ? -EIO : fd;
}

/* Who is stalled as he is told of a group is in nobody's way elsewhere. */
TEST_F(listing, others_go_on)
{
	struct stalled lister = {
		.call = call_getdents,
		.page = self->trap.mem,
		.size = self->trap.page_size,
	};
	const char *sub = rc_fmt("%s/sub", self->other);
	pid_t pid = rc_sleeper();
	double start;

	lister.fd = open_at_group(self->grp);
	ASSERT_LE(0, lister.fd);
	ASSERT_EQ(0, pthread_create(&lister.thread, NULL, stall, &lister));
	ASSERT_EQ(0, wait_for_fault(self->trap.uffd));
	ASSERT_EQ(0, start_rescuer(&self->trap));

	start = rc_now();
	EXPECT_EQ(0, rc_attach(self->other, pid));
	EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", self->other)));
	EXPECT_EQ(0, rc_mkdir(sub));
	EXPECT_EQ(0, rc_rmdir(sub));
	EXPECT_GT(AT_ONCE * (rc_debug_kernel() ? 5 : 1), rc_now() - start);

	rescue(&self->trap);
	pthread_join(lister.thread, NULL);
	EXPECT_LT(0, lister.ret);
	close(lister.fd);
}

FIXTURE(writing)
{
	const char *hier;
	const char *grp;
	struct trap trap;
};

FIXTURE_SETUP(writing)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_cpuacct();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	ASSERT_EQ(0, set_trap(&self->trap));
}

FIXTURE_TEARDOWN(writing)
{
	close(self->trap.uffd);
	/* Writers have come in; who has ended is there for a moment after he was joined. */
	EXPECT_EQ(0, rc_write(rc_fmt("%s/procs", self->hier), "0"));
	EXPECT_TRUE(RC_WAIT(!rc_count(rc_fmt("%s/tasks", self->grp))));
	EXPECT_EQ(0, rc_teardown());
}

/* Lists @dir and reads what is in it and below; how many files, or -errno. */
static int read_all(const char *dir)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	int nr = 0, ret = 0;

	if (!list)
		return -errno;
	while (ret >= 0 && (entry = readdir(list))) {
		char *name = strdup(rc_fmt("%s/%s", dir, entry->d_name));

		if (entry->d_type == DT_DIR && *entry->d_name != '.') {
			ret = read_all(name);
			nr += ret;
		} else if (entry->d_type == DT_REG) {
			free(rc_text(name));
			nr++;
		}
		free(name);
	}
	closedir(list);
	return ret < 0 ? ret : nr;
}

static int read_as_user(void *arg)
{
	int nr = read_all(RC_ROOT);

	free(rc_text("/proc/self/rc"));
	return nr < 0 ? nr : nr ? 0 : -ENODATA;
}

/* Whoever reads or lists anything waits for no one who is stalled in a write. */
TEST_F(writing, readers_go_on)
{
	static struct stalled out[32];
	struct dirent *entry;
	double start;
	DIR *dir;
	int nr = 0, i;

	dir = opendir(self->grp);
	ASSERT_TRUE(!!dir);
	while ((entry = readdir(dir)) && nr < (int)ARRAY_SIZE(out)) {
		const char *file = rc_fmt("%s/%s", self->grp, entry->d_name);
		int fd;

		/* Others can refuse before they look at what is written. */
		if (entry->d_type != DT_REG || !(rc_mode(file) & 0222))
			continue;
		fd = rc_open(file, O_WRONLY);
		ASSERT_LE(0, fd);
		out[nr] = (struct stalled) {
			.call = call_write,
			.fd = fd,
			.page = self->trap.mem,
			.size = 1,
		};
		ASSERT_EQ(0, pthread_create(&out[nr].thread, NULL, stall,
					    &out[nr]));
		ASSERT_EQ(0, wait_for_fault(self->trap.uffd));
		nr++;
	}
	closedir(dir);
	ASSERT_LT(1, nr);
	ASSERT_EQ(0, start_rescuer(&self->trap));

	start = rc_now();
	EXPECT_EQ(0, rc_run_as(RC_USER, read_as_user, NULL));
	EXPECT_GT(AT_ONCE * (rc_debug_kernel() ? 5 : 1), rc_now() - start);

	rescue(&self->trap);
	for (i = 0; i < nr; i++) {
		pthread_join(out[i].thread, NULL);
		close(out[i].fd);
	}
}

TEST_HARNESS_MAIN
