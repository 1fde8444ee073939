// SPDX-License-Identifier: GPL-2.0
/*
 * A process keeps its mmap_lock, or the locks of a page and of what it is mapped by,
 * for as long as its user likes, in a page fault that nobody serves. Others do not
 * wait for its memory.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define AT_ONCE 30.0
/* More than a workqueue works on at once; the debug kernel is slow. */
#define MANY (rc_debug_kernel() ? 300 : 1000)
#define PAGES 16
/* The file's pages from here on are served, but are never written back. */
#define SERVED 0x80000

struct shared {
	const char *root;
	const char *grp;
	const char *text;
	pid_t sleeper;
	long thread;
	int fuse;
	char file[64];
	bool policy;
	long done;
	struct cs_worker stalled;
};

FIXTURE(stalled)
{
	struct shared *shared;
	const char *on0;
	const char *both;
	pid_t server;
};

/* Answers all but some reads, and writes. */
static int serve(void *arg)
{
	struct shared *shared = arg;
	static char buf[FUSE_MIN_READ_BUFFER * 20];

	for (;;) {
		struct fuse_in_header *in = (void *)buf;
		struct {
			struct fuse_out_header hdr;
			union {
				struct fuse_init_out init;
				struct fuse_attr_out attr;
				struct fuse_open_out open;
				char data[4096];
			};
		} out = { };
		ssize_t len = read(shared->fuse, buf, sizeof(buf));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return 0;
		out.hdr.unique = in->unique;
		out.hdr.len = sizeof(out.hdr);
		switch (in->opcode) {
		case FUSE_INIT:
			out.init.major = FUSE_KERNEL_VERSION;
			out.init.minor = FUSE_KERNEL_MINOR_VERSION;
			out.init.max_write = 4096;
			out.hdr.len += sizeof(out.init);
			break;
		case FUSE_GETATTR:
			out.attr.attr_valid = 3600;
			out.attr.attr.mode = S_IFREG | 0666;
			out.attr.attr.nlink = 1;
			out.attr.attr.size = 1 << 20;
			out.attr.attr.ino = 1;
			out.hdr.len += sizeof(out.attr);
			break;
		case FUSE_OPEN:
			/* Without, an open waits for pages being read. */
			out.open.open_flags = FOPEN_KEEP_CACHE;
			out.hdr.len += sizeof(out.open);
			break;
		case FUSE_READ:
			if (((struct fuse_read_in *)(in + 1))->offset < SERVED)
				continue;
			out.hdr.len += sizeof(out.data);
			break;
		case FUSE_WRITE:
		case FUSE_INTERRUPT:
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
			continue;
		default:
			out.hdr.error = -ENOSYS;
		}
		/* Fails for those who have not waited. */
		if (write(shared->fuse, &out, out.hdr.len) < 0)
			continue;
	}
}

FIXTURE_SETUP(stalled)
{
	struct shared *shared = rc_shared(sizeof(*shared));

	ASSERT_TRUE(!!shared);
	self->shared = shared;
	shared->root = CS_SETUP_NUMA();
	self->on0 = cs_new(shared->root, "0-3", "0");
	self->both = cs_new(shared->root, "0-3", "0-1");
	ASSERT_TRUE(self->on0 && self->both);
	shared->sleeper = rc_sleeper();
	shared->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, shared->fuse);
	sprintf(shared->file, "/tmp/stalled.%d", getpid());
	close(open(shared->file, O_CREAT | O_RDWR, 0600));
	ASSERT_EQ(0, mount("stalled", shared->file, "fuse", 0,
			   rc_fmt("fd=%d,rootmode=100666,user_id=0,group_id=0,allow_other",
				  shared->fuse)));
	self->server = rc_spawn(serve, shared);
	ASSERT_LT(0, self->server);
	/* The connection ends with the server. */
	close(shared->fuse);
}

FIXTURE_TEARDOWN(stalled)
{
	rc_kill(self->server);
	umount2(self->shared->file, MNT_DETACH);
	unlink(self->shared->file);
	EXPECT_EQ(0, cs_teardown());
}

static void map_pages(struct cs_worker *worker, long size)
{
	worker->mem = mmap(NULL, PAGES * size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(worker->mem, 1, PAGES * size);
	worker->nr_pages = PAGES;
}

/* Has pages of its own, and then its lock for good. */
static int stall(void *arg)
{
	struct shared *shared = arg;
	struct cs_worker *worker = &shared->stalled;
	long size = sysconf(_SC_PAGESIZE);
	struct stat st;
	char *page, byte;
	int fd, mem;

	map_pages(worker, size);
	fd = open(shared->file, O_RDONLY);
	mem = open("/proc/self/mem", O_RDONLY);
	/* Has the kernel ask for the size. */
	if (fd < 0 || mem < 0 || fstat(fd, &st))
		return -errno;
	page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	/* Fails when the server ends. */
	if (pread(mem, &byte, 1, (off_t)page) > 0)
		return -EILSEQ;
	worker->ret = -errno;
	rc_set(&worker->done, 1);
	for (;;)
		pause();
}

/*
 * Has pages of its own, and then the lock of a page of the file that is being
 * written, and of its VMA, which can have a policy.
 */
static int stall_in_store(void *arg)
{
	unsigned long size = sysconf(_SC_PAGESIZE), node0 = 1;
	struct shared *shared = arg;
	long *page;
	struct stat st;
	int fd;

	map_pages(&shared->stalled, size);
	fd = open(shared->file, O_RDWR);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, SERVED);
	if (page == MAP_FAILED)
		return -errno;
	if (shared->policy &&
	    syscall(SYS_mbind, page, size, MPOL_BIND, &node0, 8 * sizeof(node0), 0))
		return -errno;
	rc_set(page, 1);
	if (sync_file_range(fd, SERVED, size, SYNC_FILE_RANGE_WRITE))
		return -errno;
	rc_set(&shared->thread, gettid());
	rc_set(page, 2);
	for (;;)
		pause();
}

/* Does it sleep in this system call? Whoever runs is in none. */
static bool sleeps_in(pid_t pid, long nr)
{
	char *text = rc_text(rc_fmt("/proc/%d/syscall", pid)), *end;
	bool ret;

	ret = text && strtol(text, &end, 10) == nr && end != text && *end == ' ';
	free(text);
	return ret;
}

/* Of the leader alone: the others are to stop when they go on. */
static bool has_state(pid_t pid, char state)
{
	char *text = rc_text(rc_fmt("/proc/%d/stat", pid)), *end;
	bool ret;

	end = text ? strrchr(text, ')') : NULL;
	ret = end && end[2] == state;
	free(text);
	return ret;
}

static void *stall_thread(void *arg)
{
	struct shared *shared = arg;

	rc_set(&shared->thread, gettid());
	stall(shared);
	return NULL;
}

/* The same by a thread. */
static int stall_in_thread(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, stall_thread, arg))
		return -ECHILD;
	for (;;)
		pause();
}

/* It sleeps in no other part of its pread() than the fault. */
static pid_t new_stalled(struct shared *shared)
{
	struct cs_worker *worker = &shared->stalled;
	pid_t pid;

	rc_set(&worker->done, 0);
	pid = rc_spawn(stall, shared);
	worker->pid = pid;
	if (pid < 0 ||
	    !RC_WAIT(sleeps_in(pid, SYS_pread64) || rc_get(&worker->done)))
		return -ETIME;
	return rc_get(&worker->done) ? worker->ret : pid;
}

static int others(void *arg)
{
	struct shared *shared = arg;
	const char *grp = rc_fmt("%s/meanwhile", shared->root);
	int ret = rc_mkdir(grp) ?: cs_write(grp, "cpus", "0-1") ?:
		  cs_write(grp, "mems", "0") ?:
		  cs_write(grp, "memory_migrate", "1") ?:
		  cs_attach(grp, shared->sleeper) ?:
		  cs_write(grp, "mems", "1") ?:
		  cs_write(grp, "cpus", "1") ?:
		  cs_attach(shared->root, shared->sleeper) ?: rc_rmdir(grp);

	rc_set(&shared->done, 1);
	return ret;
}

static int write_mems(void *arg)
{
	struct shared *shared = arg;

	return cs_write(shared->grp, "mems", shared->text);
}

static void others_go_on(struct __test_metadata *_metadata,
			 struct shared *shared)
{
	pid_t pid;

	rc_set(&shared->done, 0);
	pid = rc_spawn(others, shared);
	ASSERT_TRUE(RC_WAIT_FOR(AT_ONCE, rc_get(&shared->done)));
	EXPECT_EQ(0, rc_reap(pid));
}

static int move_stalled(void *arg)
{
	struct shared *shared = arg;
	int ret = cs_attach(shared->grp, shared->stalled.pid);

	rc_set(&shared->done, 1);
	return ret;
}

static void move_at_once(struct __test_metadata *_metadata, struct shared *shared,
			 const char *grp)
{
	pid_t pid;

	shared->grp = grp;
	rc_set(&shared->done, 0);
	pid = rc_spawn(move_stalled, shared);
	ASSERT_TRUE(RC_WAIT_FOR(AT_ONCE, rc_get(&shared->done)));
	EXPECT_EQ(0, rc_reap(pid));
}

/* It is moved, its mover goes on, and so does everybody else. */
TEST_F(stalled, move)
{
	struct shared *shared = self->shared;
	pid_t pid = new_stalled(shared);

	ASSERT_LT(0, pid);
	move_at_once(_metadata, shared, self->both);
	move_at_once(_metadata, shared, self->on0);
	EXPECT_STREQ("0", cs_mems_allowed(pid));
	others_go_on(_metadata, shared);
}

/*
 * Who changes its group waits for it, can be killed, and nothing is lost: the
 * process moves its pages when it goes on.
 */
TEST_F(stalled, write)
{
	struct shared *shared = self->shared;
	pid_t pid, writer;

	ASSERT_EQ(0, cs_attach(self->on0, 0));
	pid = new_stalled(shared);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, cs_attach(shared->root, 0));
	ASSERT_EQ(0, cs_write(self->on0, "memory_migrate", "1"));
	shared->grp = self->on0;
	shared->text = "1";
	writer = rc_spawn(write_mems, shared);
	ASSERT_LT(0, writer);
	ASSERT_TRUE(RC_WAIT(!strcmp("1", cs_mems_allowed(pid))));
	ASSERT_TRUE(RC_WAIT(sleeps_in(writer, SYS_write)));
	others_go_on(_metadata, shared);
	EXPECT_TRUE(RC_WAIT(sleeps_in(writer, SYS_write)));
	EXPECT_EQ(0, kill(writer, SIGKILL));
	EXPECT_EQ(-1000 - SIGKILL, rc_reap(writer));
	ASSERT_EQ(0, rc_kill(self->server));
	EXPECT_TRUE(RC_WAIT(cs_pages_on(&shared->stalled, 1) == PAGES));
}

/* What a killed writer has left is done also if the process is stopped. */
TEST_F(stalled, stopped)
{
	struct shared *shared = self->shared;
	pid_t pid, writer;

	ASSERT_EQ(0, cs_attach(self->on0, 0));
	pid = rc_spawn(stall_in_thread, shared);
	shared->stalled.pid = pid;
	ASSERT_LT(0, pid);
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->thread)));
	ASSERT_TRUE(RC_WAIT(sleeps_in(rc_get(&shared->thread), SYS_pread64)));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_TRUE(RC_WAIT(has_state(pid, 'T')));
	ASSERT_EQ(0, cs_attach(shared->root, 0));
	ASSERT_EQ(0, cs_write(self->on0, "memory_migrate", "1"));
	shared->grp = self->on0;
	shared->text = "1";
	writer = rc_spawn(write_mems, shared);
	ASSERT_LT(0, writer);
	ASSERT_TRUE(RC_WAIT(sleeps_in(writer, SYS_write) &&
			    !strcmp("1", cs_mems_allowed(pid))));
	EXPECT_EQ(0, kill(writer, SIGKILL));
	EXPECT_EQ(-1000 - SIGKILL, rc_reap(writer));
	ASSERT_EQ(0, rc_kill(self->server));
	EXPECT_TRUE(RC_WAIT_FOR(AT_ONCE, cs_pages_on(&shared->stalled, 1) == PAGES));
}

/* A process that holds the locks of a page is moved, and others go on. */
static void move_storing(struct __test_metadata *_metadata, struct shared *shared,
			 const char *from)
{
	const char *to;

	ASSERT_EQ(0, cs_attach(from, 0));
	shared->stalled.pid = rc_spawn(stall_in_store, shared);
	ASSERT_EQ(0, cs_attach(shared->root, 0));
	ASSERT_LT(0, shared->stalled.pid);
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->thread)));
	ASSERT_TRUE(RC_WAIT(has_state(shared->stalled.pid, 'D')));
	to = cs_new(shared->root, "0-3", "1");
	ASSERT_TRUE(!!to);
	ASSERT_EQ(0, cs_write(to, "memory_migrate", "1"));
	move_at_once(_metadata, shared, to);
	EXPECT_STREQ("1", cs_mems_allowed(shared->stalled.pid));
	others_go_on(_metadata, shared);
}

/* Its other pages move. */
TEST_F(stalled, page)
{
	struct shared *shared = self->shared;

	move_storing(_metadata, shared, self->on0);
	EXPECT_TRUE(RC_WAIT_FOR(AT_ONCE, cs_pages_on(&shared->stalled, 1) == PAGES));
}

/* The policy of what it is mapped by waits for that, and the pages for the policy. */
TEST_F(stalled, policy)
{
	struct shared *shared = self->shared;

	shared->policy = true;
	move_storing(_metadata, shared, self->on0);
	ASSERT_EQ(0, rc_kill(self->server));
	EXPECT_TRUE(RC_WAIT_FOR(AT_ONCE, cs_pages_on(&shared->stalled, 1) == PAGES));
}

/* However many they are. */
TEST_F(stalled, many)
{
	struct shared *shared = self->shared;
	pid_t pids[MANY];
	int i;

	ASSERT_EQ(0, cs_attach(self->both, 0));
	for (i = 0; i < MANY; i++) {
		pids[i] = rc_spawn(stall, shared);
		ASSERT_LT(0, pids[i]);
	}
	ASSERT_EQ(0, cs_attach(shared->root, 0));
	for (i = 0; i < MANY; i++)
		ASSERT_TRUE(RC_WAIT(sleeps_in(pids[i], SYS_pread64)));
	shared->grp = self->both;
	shared->text = "0";
	ASSERT_LT(0, rc_spawn(write_mems, shared));
	ASSERT_TRUE(RC_WAIT(!strcmp("0", cs_read(self->both, "effective_mems"))));
	others_go_on(_metadata, shared);
}

TEST_HARNESS_MAIN
