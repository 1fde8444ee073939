// SPDX-License-Identifier: GPL-2.0
/*
 * A group is removed while a reader and a writer of its files are stalled in
 * a page fault for as long as a user likes: rmdir does not wait for them.
 */
#define _GNU_SOURCE
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
	bool writes;
	ssize_t ret;
	int err;
};

struct rescue {
	pthread_t thread;
	int uffd;
	char *mem;
	size_t len;
	int go[2];
};

FIXTURE(stalled)
{
	const char *hier;
	const char *grp;
	int uffd;
	char *mem;
	long page_size;
};

/* The file that is read; tasks is the one that is written. */
FIXTURE_VARIANT(stalled)
{
	const char *file;
};

FIXTURE_VARIANT_ADD(stalled, tasks) { "tasks" };
FIXTURE_VARIANT_ADD(stalled, usage) { "cpuacct.usage" };
FIXTURE_VARIANT_ADD(stalled, stat) { "cpuacct.stat" };

FIXTURE_SETUP(stalled)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_cpuacct();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->page_size = sysconf(_SC_PAGESIZE);
	self->mem = mmap(NULL, 2 * self->page_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->mem != MAP_FAILED);
	self->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->uffd);
	ASSERT_EQ(0, ioctl(self->uffd, UFFDIO_API, &api));
	reg.range.start = (unsigned long)self->mem;
	reg.range.len = 2 * self->page_size;
	ASSERT_EQ(0, ioctl(self->uffd, UFFDIO_REGISTER, &reg));
}

FIXTURE_TEARDOWN(stalled)
{
	/* Ends whatever is still stalled. */
	close(self->uffd);
	EXPECT_EQ(0, rc_teardown());
}

/* The pages hold what is written: the number of the writer. */
static int serve(int uffd, char *mem, size_t len)
{
	static char pages[1 << 14];
	struct uffdio_copy copy = {
		.dst = (unsigned long)mem,
		.src = (unsigned long)pages,
		.len = len,
	};

	memset(pages, '0', sizeof(pages));
	return ioctl(uffd, UFFDIO_COPY, &copy) && errno != EEXIST ? -errno : 0;
}

/* Should rmdir wait after all: it must come back for the test to say so. */
static void *end_stall(void *arg)
{
	struct rescue *rescue = arg;
	struct pollfd wait = { .fd = rescue->go[0], .events = POLLIN };

	poll(&wait, 1, RESCUE);
	serve(rescue->uffd, rescue->mem, rescue->len);
	return NULL;
}

static void *read_or_write(void *arg)
{
	struct stalled *stalled = arg;

	if (stalled->writes)
		stalled->ret = write(stalled->fd, stalled->page, 1);
	else
		stalled->ret = read(stalled->fd, stalled->page, stalled->size);
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
	struct rescue rescue = {
		.uffd = self->uffd,
		.mem = self->mem,
		.len = 2 * self->page_size,
	};
	struct stalled in = { .page = self->mem, .size = 64 };
	struct stalled out = {
		.page = self->mem + self->page_size,
		.writes = true,
	};
	const char *tasks = rc_fmt("%s/tasks", self->grp);
	pid_t pid = rc_sleeper();
	double start;

	ASSERT_EQ(0, pipe(rescue.go));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	in.fd = rc_open(rc_fmt("%s/%s", self->grp, variant->file), O_RDONLY);
	out.fd = rc_open(tasks, O_WRONLY);
	ASSERT_LE(0, in.fd);
	ASSERT_LE(0, out.fd);
	ASSERT_EQ(0, pthread_create(&in.thread, NULL, read_or_write, &in));
	ASSERT_EQ(0, wait_for_fault(self->uffd));
	ASSERT_EQ(0, pthread_create(&out.thread, NULL, read_or_write, &out));
	ASSERT_EQ(0, wait_for_fault(self->uffd));
	ASSERT_EQ(0, pthread_create(&rescue.thread, NULL, end_stall, &rescue));

	ASSERT_EQ(0, rc_attach(self->hier, pid));
	start = rc_now();
	EXPECT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(0, rc_mkdir(self->grp));
	EXPECT_EQ(0, rc_count(tasks));
	EXPECT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(0, rc_mkdir(self->grp));
	EXPECT_GT(AT_ONCE * (rc_debug_kernel() ? 5 : 1), rc_now() - start);

	close(rescue.go[1]);
	pthread_join(rescue.thread, NULL);
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

TEST_HARNESS_MAIN
