// SPDX-License-Identifier: GPL-2.0
/* What a task does as it exits is its group's, to the end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define CHILDREN 5
#define MIB 1048576L
#define SIZE (64 * MIB)

FIXTURE(exit)
{
	const char *hier;
	const char *explicit;
	const char *exiting;
};

FIXTURE_SETUP(exit)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_cpuacct();
	ASSERT_TRUE(!!self->hier);
	self->explicit = rc_group_new(self->hier);
	self->exiting = rc_group_new(self->hier);
	ASSERT_TRUE(self->explicit && self->exiting);
}

FIXTURE_TEARDOWN(exit)
{
	EXPECT_EQ(0, rc_teardown());
}

/* A file in memory, full; -errno. */
static int memory_new(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, SIZE) || posix_fallocate(fd, 0, SIZE))
		return -errno;
	return fd;
}

struct owner {
	int fd;
	/* It lets go itself, before it exits. */
	bool lets_go;
	/* Whose other references have gone. */
	int gone[2];
};

/* The only one who has the memory, in the end. */
static int own(void *arg)
{
	struct owner *owner = arg;
	char byte;

	close(owner->gone[1]);
	if (read(owner->gone[0], &byte, 1))
		return -EIO;
	if (owner->lets_go)
		close(owner->fd);
	return 0;
}

/* A task of @grp that is about to end, and memory with it. */
static pid_t owner_new(const char *grp, bool lets_go)
{
	struct owner owner = { .fd = memory_new(), .lets_go = lets_go };
	pid_t pid;
	int err;

	if (owner.fd < 0 || pipe2(owner.gone, O_CLOEXEC))
		return -errno;
	pid = rc_spawn(own, &owner);
	close(owner.fd);
	err = rc_attach(grp, pid);
	close(owner.gone[0]);
	close(owner.gone[1]);
	return err ?: pid;
}

static unsigned long long usage(const char *grp)
{
	return rc_field(rc_fmt("%s/cpuacct.stat", grp), "usage_usec");
}

static unsigned long long shared_kib(void)
{
	return rc_field("/proc/meminfo", "Shmem:");
}

/* Letting go of much memory costs a group the same, by close() or by exit. */
TEST_F(exit, memory)
{
	unsigned long long closed, exited;
	int i;

	for (i = 0; i < CHILDREN; i++) {
		ASSERT_EQ(0, rc_reap(owner_new(self->explicit, true)));
		ASSERT_EQ(0, rc_reap(owner_new(self->exiting, false)));
	}
	closed = usage(self->explicit);
	exited = usage(self->exiting);
	TH_LOG("%llu us by close(), %llu us by exit", closed, exited);
	/* It was worth counting, at all. */
	ASSERT_LT(2000, closed);
	EXPECT_LT(closed / 2, exited);
}

/* When a group is said to be empty its tasks have let go of what they had. */
TEST_F(exit, populated)
{
	const char *events = rc_fmt("%s/events", self->exiting);
	unsigned long long before = shared_kib(), after;
	pid_t pid = owner_new(self->exiting, false);

	ASSERT_LT(0, pid);
	while (rc_field(events, "populated"))
		;
	after = shared_kib();
	ASSERT_EQ(0, rc_reap(pid));
	TH_LOG("%llu KiB of shared memory before, %llu KiB when empty", before,
	       after);
	EXPECT_GT(before + SIZE / 1024 / 4, after);
}

TEST_HARNESS_MAIN
