// SPDX-License-Identifier: GPL-2.0
/* The tasks files: moving tasks, refusing to, listing them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

static const char *tasks_of(const char *group)
{
	return rc_fmt("%s/tasks", group);
}

/* Path of a group inside its hierarchy, as memberships show it. */
static const char *inside(const char *group, const char *hier)
{
	return group + strlen(hier);
}

FIXTURE(tasks)
{
	const char *hier;
	const char *a;
	const char *b;
	pid_t pid;
};

FIXTURE_SETUP(tasks)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->a = rc_group_new(self->hier);
	self->b = rc_group_new(self->hier);
	ASSERT_TRUE(self->a && self->b);
	self->pid = rc_sleeper();
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(tasks)
{
	EXPECT_EQ(0, rc_teardown());
}

/* A task that is moved is in the new group and in no other. */
TEST_F(tasks, attach)
{
	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	EXPECT_TRUE(rc_listed(tasks_of(self->a), self->pid));
	EXPECT_FALSE(rc_listed(tasks_of(self->hier), self->pid));
	EXPECT_STREQ(inside(self->a, self->hier),
		     rc_where(self->pid, self->hier));
	ASSERT_EQ(0, rc_attach(self->b, self->pid));
	EXPECT_EQ(0, rc_count(tasks_of(self->a)));
	EXPECT_EQ(1, rc_count(tasks_of(self->b)));
	ASSERT_EQ(0, rc_attach(self->hier, self->pid));
	EXPECT_EQ(0, rc_count(tasks_of(self->b)));
	EXPECT_TRUE(rc_listed(tasks_of(self->hier), self->pid));
}

/* 0 is the writer. */
TEST_F(tasks, attach_writer)
{
	ASSERT_EQ(0, rc_write(tasks_of(self->a), "0"));
	EXPECT_STREQ(inside(self->a, self->hier),
		     rc_where(getpid(), self->hier));
	EXPECT_EQ(1, rc_count(tasks_of(self->a)));
}

/* Moving a task to where it is succeeds and changes nothing. */
TEST_F(tasks, attach_again)
{
	char *before;

	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	before = rc_snapshot(self->hier);
	EXPECT_EQ(0, rc_attach(self->a, self->pid));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
	EXPECT_EQ(0, rc_attach(self->hier, self->pid));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

/* The first task of a group leaves no trace for the second. */
TEST_F(tasks, second_task)
{
	pid_t other = rc_sleeper();

	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	ASSERT_EQ(0, rc_attach(self->a, other));
	EXPECT_EQ(2, rc_count(tasks_of(self->a)));
	ASSERT_EQ(0, rc_kill(self->pid));
	EXPECT_EQ(-EBUSY, rc_rmdir(self->a));
	EXPECT_EQ(1, rc_count(tasks_of(self->a)));
	ASSERT_EQ(0, rc_kill(other));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

/* A group that was left is removable at once, however often it was used. */
TEST_F(tasks, leave_and_remove)
{
	int i;

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, rc_attach(self->a, self->pid));
		ASSERT_EQ(0, rc_attach(self->b, self->pid));
		ASSERT_EQ(0, rc_rmdir(self->a));
		ASSERT_EQ(0, rc_mkdir(self->a));
	}
}

/* One descriptor moves many tasks: the offset of a write means nothing. */
TEST_F(tasks, many_writes)
{
	int fd = rc_open(tasks_of(self->a), O_WRONLY), i;

	ASSERT_LE(0, fd);
	for (i = 1; i <= 10; i++) {
		const char *id = rc_fmt("%d\n", rc_sleeper());

		ASSERT_EQ(0, rc_write_fd(fd, id, strlen(id)));
		ASSERT_EQ(i, rc_count(tasks_of(self->a)));
	}
	EXPECT_EQ(1, pwrite(fd, "0", 1, INT_MAX));
	EXPECT_EQ(11, rc_count(tasks_of(self->a)));
	close(fd);
}

struct thread {
	pthread_t id;
	pid_t tid;
	int stop[2];
};

static void *wait_for_stop(void *arg)
{
	struct thread *thread = arg;
	char c;

	__atomic_store_n(&thread->tid, gettid(), __ATOMIC_RELEASE);
	if (read(thread->stop[0], &c, 1) < 0)
		return thread;
	return NULL;
}

static int start_thread(struct thread *thread)
{
	thread->tid = 0;
	if (pipe(thread->stop))
		return -errno;
	if (pthread_create(&thread->id, NULL, wait_for_stop, thread))
		return -EAGAIN;
	return RC_WAIT(__atomic_load_n(&thread->tid, __ATOMIC_ACQUIRE)) ?
	       0 : -ETIMEDOUT;
}

static int stop_thread(struct thread *thread)
{
	close(thread->stop[1]);
	return -pthread_join(thread->id, NULL);
}

/* A write moves one thread, not its process. */
TEST_F(tasks, single_thread)
{
	struct thread thread;
	pid_t pid = getpid();

	ASSERT_EQ(0, start_thread(&thread));
	ASSERT_EQ(0, rc_attach(self->a, thread.tid));
	EXPECT_EQ(1, rc_count(tasks_of(self->a)));
	EXPECT_TRUE(rc_listed(tasks_of(self->a), thread.tid));
	EXPECT_STREQ("/", rc_where(pid, self->hier));
	EXPECT_STREQ(inside(self->a, self->hier),
		     rc_where_file(rc_fmt("/proc/%d/task/%d/rc", pid,
					  thread.tid), self->hier));
	EXPECT_STREQ("/", rc_where_file(rc_fmt("/proc/%d/task/%d/rc", pid, pid),
					self->hier));
	EXPECT_EQ(0, stop_thread(&thread));
	EXPECT_TRUE(RC_WAIT(rc_rmdir(self->a) == 0));
}

/* The leader of a process is moved like any other thread. */
TEST_F(tasks, leader_alone)
{
	struct thread thread;

	ASSERT_EQ(0, start_thread(&thread));
	ASSERT_EQ(0, rc_attach(self->a, getpid()));
	EXPECT_EQ(1, rc_count(tasks_of(self->a)));
	EXPECT_STREQ("/", rc_where(thread.tid, self->hier));
	EXPECT_EQ(0, stop_thread(&thread));
}

/* No such task: never was one, or is no more. */
TEST_F(tasks, no_such_task)
{
	pid_t pid = rc_sleeper();
	char *before;

	ASSERT_EQ(0, rc_kill(pid));
	before = rc_snapshot(self->hier);
	EXPECT_EQ(-ESRCH, rc_attach(self->a, pid));
	EXPECT_EQ(-ESRCH, rc_attach(self->a, INT_MAX));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* A zombie cannot be moved any more. */
TEST_F(tasks, attach_zombie)
{
	char *before;

	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(self->pid));
	before = rc_snapshot(self->hier);
	EXPECT_EQ(-ESRCH, rc_attach(self->a, self->pid));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* A group with nothing but a zombie is empty; listings skip the zombie. */
TEST_F(tasks, only_a_zombie)
{
	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(self->pid));
	EXPECT_EQ(0, rc_count(tasks_of(self->a)));
	EXPECT_FALSE(rc_listed(tasks_of(self->hier), self->pid));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

/* kthreadd is refused. */
TEST_F(tasks, kthreadd)
{
	char comm[32], *before = rc_snapshot(self->hier);

	ASSERT_LT(0, rc_read("/proc/2/comm", comm, sizeof(comm)));
	ASSERT_STREQ("kthreadd\n", comm);
	EXPECT_EQ(-EINVAL, rc_attach(self->a, 2));
	EXPECT_STREQ("/", rc_where(2, self->hier));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* A kernel thread that is bound to its CPU is refused, each time. */
TEST_F(tasks, bound_kthread)
{
	pid_t kthread = rc_kthread(true);
	char *before = rc_snapshot(self->hier);
	int i;

	ASSERT_LT(0, kthread);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(-EINVAL, rc_attach(self->a, kthread));
	EXPECT_STREQ("/", rc_where(kthread, self->hier));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* A kernel thread that may run anywhere is moved like other tasks. */
TEST_F(tasks, free_kthread)
{
	pid_t kthread = rc_kthread(false);

	ASSERT_LT(0, kthread);
	ASSERT_EQ(0, rc_attach(self->a, kthread));
	EXPECT_TRUE(rc_listed(tasks_of(self->a), kthread));
	EXPECT_STREQ(inside(self->a, self->hier),
		     rc_where(kthread, self->hier));
	ASSERT_EQ(0, rc_attach(self->hier, kthread));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

/* Descriptors of a removed group give ENODEV, also when its name is back. */
TEST_F(tasks, removed_while_open)
{
	int fd = rc_open(tasks_of(self->a), O_RDWR), again;
	char c = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_rmdir(self->a));
	for (again = 0; again < 2; again++) {
		EXPECT_EQ(-1, read(fd, &c, 1));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(-1, pread(fd, &c, 1, 100));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(-ENODEV, rc_write_fd(fd, "0", 1));
		EXPECT_EQ(0, c);
		EXPECT_STREQ("/", rc_where(getpid(), self->hier));
		EXPECT_EQ(again ? -EEXIST : 0, rc_mkdir(self->a));
	}
	EXPECT_EQ(0, rc_count(tasks_of(self->a)));
	close(fd);
}

/* So does a descriptor from which half of the list was read. */
TEST_F(tasks, removed_while_read)
{
	int fd = rc_open(tasks_of(self->a), O_RDONLY);
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	ASSERT_EQ(1, read(fd, &c, 1));
	ASSERT_EQ(0, rc_attach(self->b, self->pid));
	ASSERT_EQ(0, rc_rmdir(self->a));
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
}

/* The same for the files of a controller. */
TEST_F(tasks, controller_file_of_removed_group)
{
	static const char * const names[] = {
		"cpuacct.usage", "cpuacct.load", "cpuacct.stat",
	};
	int fds[ARRAY_SIZE(names)], again;
	const char *hier = rc_cpuacct(), *grp;
	char buf[64];
	size_t i;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fds[i] = rc_open(rc_fmt("%s/%s", grp, names[i]), O_RDONLY);
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(1, read(fds[0], buf, 1));
	ASSERT_EQ(0, rc_rmdir(grp));
	for (again = 0; again < 2; again++) {
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			EXPECT_EQ(-1, read(fds[i], buf, sizeof(buf)));
			EXPECT_EQ(ENODEV, errno);
		}
		EXPECT_EQ(again ? -EEXIST : 0, rc_mkdir(grp));
	}
	EXPECT_EQ(0, rc_rmdir(grp));
}

/* Listings are ascending, complete, each once, whatever the buffer. */
TEST_F(tasks, listing)
{
	enum { NR = 300 };
	static const size_t pieces[] = { 1, 7, 100, 4096 };
	pid_t pids[NR], *ids;
	char *all, *text;
	size_t i;
	int j;

	for (j = NR - 1; j >= 0; j--) {
		pids[j] = rc_sleeper();
		ASSERT_LT(0, pids[j]);
	}
	for (j = 0; j < NR; j++)
		ASSERT_EQ(0, rc_attach(self->a, pids[j]));
	all = rc_text(tasks_of(self->a));
	ASSERT_TRUE(!!all);
	ASSERT_EQ(NR, rc_parse_list(all, &ids));
	for (j = 0; j < NR; j++)
		EXPECT_TRUE(rc_listed(tasks_of(self->a), pids[j]));
	text = malloc(strlen(all) + 100);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		int fd = rc_open(tasks_of(self->a), O_RDONLY);

		ASSERT_EQ((int)strlen(all),
			  rc_read_fd(fd, text, strlen(all) + 100, pieces[i]));
		EXPECT_STREQ(all, text);
		close(fd);
	}
	free(text);
	free(all);
	free(ids);
}

/* No offset makes a read return anything but a part of the list. */
TEST_F(tasks, huge_offsets)
{
	static const off_t offsets[] = {
		4096, 1 << 20, INT_MAX - 1, INT_MAX, INT_MAX + 1L, UINT_MAX,
		UINT_MAX + 1L, LONG_MAX - 4096, LONG_MAX - 1, LONG_MAX,
	};
	int fd = rc_open(tasks_of(self->a), O_RDONLY);
	char buf[64], untouched[64];
	size_t i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	memset(untouched, 'x', sizeof(untouched));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ssize_t ret;

		memset(buf, 'x', sizeof(buf));
		errno = 0;
		ret = pread(fd, buf, sizeof(buf), offsets[i]);
		EXPECT_GE(0, ret);
		EXPECT_NE(EFAULT, errno);
		EXPECT_EQ(0, memcmp(buf, untouched, sizeof(buf)));
	}
	EXPECT_LT(0, pread(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(self->pid, atoi(buf));
	close(fd);
}

/* Tasks are members of each hierarchy, whatever they are in another. */
TEST_F(tasks, other_hierarchy)
{
	const char *hier = rc_hier_new(), *grp;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	EXPECT_TRUE(rc_listed(tasks_of(hier), self->pid));
	ASSERT_EQ(0, rc_attach(grp, self->pid));
	EXPECT_TRUE(rc_listed(tasks_of(self->a), self->pid));
	EXPECT_TRUE(rc_listed(tasks_of(grp), self->pid));
	EXPECT_EQ(-EBUSY, rc_rmdir(self->a));
	ASSERT_EQ(0, rc_attach(self->hier, self->pid));
	EXPECT_TRUE(rc_listed(tasks_of(grp), self->pid));
	EXPECT_EQ(0, rc_rmdir(self->a));
	EXPECT_EQ(-EBUSY, rc_rmdir(grp));
}

static int unshare_uts_and_sleep(void *arg)
{
	long *ready = arg;

	if (unshare(CLONE_NEWUTS))
		return -errno;
	rc_set(ready, 1);
	while (pause())
		;
	return -EINTR;
}

/* Members with namespaces of their own are listed and keep a group. */
TEST_F(tasks, other_namespaces)
{
	long *ready = rc_shared(sizeof(*ready));
	pid_t pid;

	ASSERT_TRUE(!!ready);
	pid = rc_spawn(unshare_uts_and_sleep, ready);
	ASSERT_TRUE(RC_WAIT(rc_get(ready)));
	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	ASSERT_EQ(0, rc_attach(self->a, pid));
	EXPECT_EQ(2, rc_count(tasks_of(self->a)));
	ASSERT_EQ(0, rc_attach(self->b, self->pid));
	EXPECT_TRUE(rc_listed(tasks_of(self->a), pid));
	EXPECT_EQ(-EBUSY, rc_rmdir(self->a));
	ASSERT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

struct in_pid_ns {
	/* The group in the mount of the parent's pid namespace. */
	const char *outer;
	pid_t outer_id;
	long moved;
	long stop;
};

/* Writes 1 through the outer mount, then looks through a mount of its own. */
static int first_of_pid_ns(void *arg)
{
	struct in_pid_ns *ns = arg;
	char inner[PATH_MAX];

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/tmp", "proc", 0, NULL))
		return -errno;
	if (rc_write(tasks_of(ns->outer), "1"))
		return -EPROTO;
	/* Where the group is seen there. */
	snprintf(inner, sizeof(inner), "/tmp%.*s/tasks",
		 (int)(strrchr(ns->outer, '/') - ns->outer - strlen("/proc")),
		 ns->outer + strlen("/proc"));
	if (rc_count(inner) != 1 || !rc_listed(inner, 1))
		return -EBADMSG;
	/* The outer mount shows the outer ids, to whomever. */
	if (rc_count(tasks_of(ns->outer)) != 2 ||
	    rc_listed(tasks_of(ns->outer), 1))
		return -EXDEV;
	rc_set(&ns->moved, 1);
	return RC_WAIT(rc_get(&ns->stop)) ? 0 : -ETIMEDOUT;
}

static pid_t clone_child(unsigned long flags, int (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid) {
		rc_die_with_parent();
		_exit(-fn(arg));
	}
	if (pid > 0)
		rc_track_child(pid);
	return pid;
}

/* Reads show ids of the mount's pid namespace, writes take the writer's. */
TEST_F(tasks, pid_namespace)
{
	struct in_pid_ns *ns = rc_shared(sizeof(*ns));
	pid_t pid;

	ASSERT_TRUE(!!ns);
	ns->outer = self->a;
	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	pid = clone_child(CLONE_NEWPID | CLONE_NEWNS, first_of_pid_ns, ns);
	ASSERT_LT(0, pid);
	EXPECT_TRUE(RC_WAIT(rc_get(&ns->moved)));
	EXPECT_TRUE(rc_listed(tasks_of(self->a), pid));
	rc_set(&ns->stop, 1);
	EXPECT_EQ(0, rc_reap(pid));
}

static int attach_outer_id(void *arg)
{
	const struct in_pid_ns *ns = arg;

	return rc_attach(ns->outer, ns->outer_id);
}

/* A writer cannot name a task that has no id in its pid namespace. */
TEST_F(tasks, no_id_in_namespace)
{
	struct in_pid_ns ns = { .outer = self->a, .outer_id = self->pid };
	char *before = rc_snapshot(self->hier);
	pid_t pid = clone_child(CLONE_NEWPID, attach_outer_id, &ns);

	ASSERT_LT(0, pid);
	EXPECT_EQ(-ESRCH, rc_reap(pid));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* acct(2) aimed at our file is refused or harmless to who ends then. */
TEST_F(tasks, process_accounting)
{
	char *before = rc_snapshot(self->hier);
	pid_t pid;

	/* It ends while accounting may be on. */
	pid = rc_sleeper();
	if (acct(tasks_of(self->a)))
		EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, acct(NULL));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
	EXPECT_EQ(0, rc_count(tasks_of(self->a)));
}

TEST_HARNESS_MAIN
