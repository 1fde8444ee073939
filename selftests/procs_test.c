// SPDX-License-Identifier: GPL-2.0
/* The procs files: moving a process with all its threads or not at all. */
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

#define OTHER_USER (RC_USER + 1)
#define THREADS 4

/*
 * A process whose threads do what they are told, one byte an order:
 * 'e' end this thread alone, 'n' get an nsproxy of one's own, 'u' and 'o' become
 * RC_USER and OTHER_USER, this thread alone, 'w' write "0" to @file.
 */
struct puppet {
	pid_t pid;
	pid_t tid[THREADS];
	int order[THREADS][2];
	int done[2];
	/* Shared with the process. */
	char *file;
};

struct string {
	struct puppet *puppet;
	int nr;
};

/* From thread @nr: first its id, then 0 or -errno for each order. */
struct answer {
	int nr;
	int ret;
};

static const char *tasks_of(const char *group)
{
	return rc_fmt("%s/tasks", group);
}

static const char *procs_of(const char *group)
{
	return rc_fmt("%s/procs", group);
}

/* Path of a group inside its hierarchy, as memberships show it. */
static const char *inside(const char *group, const char *hier)
{
	return group + strlen(hier);
}

static int move(const char *group, pid_t pid)
{
	return rc_write(procs_of(group), rc_fmt("%d\n", pid));
}

/* The libc's wrapper would do it to all threads. */
static int become_alone(uid_t uid)
{
	return syscall(SYS_setresuid, uid, uid, uid) ? -errno : 0;
}

static int obey(struct puppet *puppet, char order)
{
	switch (order) {
	case 'n':
		return unshare(CLONE_NEWUTS) ? -errno : 0;
	case 'u':
		return become_alone(RC_USER);
	case 'o':
		return become_alone(OTHER_USER);
	case 'w':
		return rc_write(puppet->file, "0");
	}
	return -EINVAL;
}

static void *obey_on(void *arg)
{
	struct string *string = arg;
	struct puppet *puppet = string->puppet;
	struct answer answer = { .nr = string->nr, .ret = gettid() };
	char order;

	while (write(puppet->done[1], &answer, sizeof(answer)) > 0 &&
	       read(puppet->order[string->nr][0], &order, 1) == 1) {
		if (order == 'e')
			syscall(SYS_exit, 0);
		answer.ret = obey(puppet, order);
	}
	_exit(EXIT_FAILURE);
}

static int run_threads(void *arg)
{
	struct string strings[THREADS];
	int i;

	for (i = THREADS - 1; i >= 0; i--) {
		pthread_t thread;

		strings[i] = (struct string) { .puppet = arg, .nr = i };
		/* Thread 0 is this one, the leader. */
		if (!i)
			obey_on(&strings[i]);
		else if (pthread_create(&thread, NULL, obey_on, &strings[i]))
			return -EAGAIN;
	}
	return -EINTR;
}

static int get_answer(struct puppet *puppet, struct answer *answer)
{
	return read(puppet->done[0], answer, sizeof(*answer)) ==
	       sizeof(*answer) ? 0 : -EPIPE;
}

static int start(struct puppet *puppet)
{
	struct answer answer;
	int i, ret = 0;

	puppet->file = rc_shared(PATH_MAX);
	if (!puppet->file || pipe(puppet->done))
		return -errno;
	for (i = 0; i < THREADS; i++) {
		if (pipe(puppet->order[i]))
			return -errno;
	}
	puppet->pid = rc_spawn(run_threads, puppet);
	for (i = 0; i < THREADS && !ret; i++) {
		ret = get_answer(puppet, &answer);
		if (!ret)
			puppet->tid[answer.nr] = answer.ret;
	}
	return ret;
}

static int send_order(struct puppet *puppet, int nr, char order)
{
	return write(puppet->order[nr][1], &order, 1) == 1 ? 0 : -errno;
}

static int tell(struct puppet *puppet, int nr, char order)
{
	struct answer answer;

	return send_order(puppet, nr, order) ?:
	       get_answer(puppet, &answer) ?: answer.ret;
}

static const char *thread_dir(const struct puppet *puppet, int nr)
{
	return rc_fmt("/proc/%d/task/%d", puppet->pid, puppet->tid[nr]);
}

static bool is_zombie(pid_t pid)
{
	char *text = rc_text(rc_fmt("/proc/%d/status", pid));
	bool zombie = text && strstr(text, "\nState:\tZ");

	free(text);
	return zombie;
}

/* Ends one thread and waits until it has gone, or is the zombie leader. */
static int end_thread(struct puppet *puppet, int nr)
{
	int ret = send_order(puppet, nr, 'e');

	if (ret)
		return ret;
	if (nr ? RC_WAIT(access(thread_dir(puppet, nr), F_OK)) :
		 RC_WAIT(is_zombie(puppet->pid)))
		return 0;
	return -ETIMEDOUT;
}

/* Where a thread is, as its own file says. */
static const char *where(const struct puppet *puppet, int nr, const char *hier)
{
	return rc_where_file(rc_fmt("%s/rc", thread_dir(puppet, nr)), hier);
}

/* How many threads from @first on say that they are in @group. */
static int threads_in(const struct puppet *puppet, int first,
		      const char *group, const char *hier)
{
	int nr = 0, i;

	for (i = first; i < THREADS; i++) {
		if (!strcmp(where(puppet, i, hier), inside(group, hier)) &&
		    rc_listed(tasks_of(group), puppet->tid[i]))
			nr++;
	}
	return nr;
}

FIXTURE(procs)
{
	const char *hier;
	const char *a;
	const char *b;
	struct puppet puppet;
	pid_t pid;
};

FIXTURE_SETUP(procs)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->a = rc_group_new(self->hier);
	self->b = rc_group_new(self->hier);
	ASSERT_TRUE(self->a && self->b);
	ASSERT_EQ(0, start(&self->puppet));
	self->pid = self->puppet.pid;
}

FIXTURE_TEARDOWN(procs)
{
	EXPECT_EQ(0, rc_teardown());
}

/* All threads of a process move, and no other task. */
TEST_F(procs, whole)
{
	pid_t other = rc_sleeper();

	ASSERT_EQ(0, move(self->a, self->pid));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->a, self->hier));
	EXPECT_EQ(THREADS, rc_count(tasks_of(self->a)));
	EXPECT_STREQ("/", rc_where(other, self->hier));
	ASSERT_EQ(0, move(self->b, self->pid));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->b, self->hier));
	EXPECT_EQ(0, rc_rmdir(self->a));
	ASSERT_EQ(0, move(self->hier, self->pid));
	EXPECT_EQ(0, rc_count(tasks_of(self->b)));
	EXPECT_TRUE(rc_listed(procs_of(self->hier), self->pid));
	EXPECT_EQ(0, rc_rmdir(self->b));
}

/* The same if each thread has namespaces of its own. */
TEST_F(procs, whole_in_namespaces)
{
	char *links;
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, tell(&self->puppet, i, 'n'));
	links = strdup(rc_ns_links(self->puppet.tid[2]));
	ASSERT_EQ(0, move(self->a, self->pid));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->a, self->hier));
	ASSERT_EQ(0, move(self->b, self->pid));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->b, self->hier));
	EXPECT_STREQ(links, rc_ns_links(self->puppet.tid[2]));
	free(links);
}

/* The id of any thread stands for its process. */
TEST_F(procs, id_of_a_thread)
{
	int i;

	for (i = 0; i < THREADS; i++) {
		const char *grp = i % 2 ? self->a : self->b;

		ASSERT_EQ(0, move(grp, self->puppet.tid[i]));
		EXPECT_EQ(THREADS,
			  threads_in(&self->puppet, 0, grp, self->hier));
	}
}

/* A process whose leader has ended moves with the threads that are left. */
TEST_F(procs, zombie_leader)
{
	ASSERT_EQ(0, end_thread(&self->puppet, 0));
	ASSERT_EQ(0, move(self->a, self->pid));
	EXPECT_EQ(THREADS - 1,
		  threads_in(&self->puppet, 1, self->a, self->hier));
	EXPECT_EQ(THREADS - 1, rc_count(tasks_of(self->a)));
	EXPECT_EQ(1, rc_count(procs_of(self->a)));
	EXPECT_TRUE(rc_listed(procs_of(self->a), self->pid));
	/* The leader itself has no groups any more and stays where it is. */
	EXPECT_EQ(-ESRCH, rc_attach(self->b, self->pid));
	ASSERT_EQ(0, move(self->b, self->puppet.tid[2]));
	EXPECT_EQ(THREADS - 1,
		  threads_in(&self->puppet, 1, self->b, self->hier));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

/* Threads come together from wherever they are. */
TEST_F(procs, threads_apart)
{
	ASSERT_EQ(0, rc_attach(self->a, self->puppet.tid[1]));
	ASSERT_EQ(0, rc_attach(self->b, self->puppet.tid[2]));
	ASSERT_EQ(0, rc_attach(self->a, self->puppet.tid[3]));
	ASSERT_EQ(0, move(self->b, self->pid));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->b, self->hier));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

/* The thread that is named may be there already: the others follow. */
TEST_F(procs, named_thread_is_there)
{
	ASSERT_EQ(0, rc_attach(self->a, self->pid));
	ASSERT_EQ(0, move(self->a, self->pid));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->a, self->hier));
}

/* Moving a process to where it is succeeds and changes nothing. */
TEST_F(procs, move_again)
{
	char *before;

	ASSERT_EQ(0, move(self->a, self->pid));
	before = rc_snapshot(self->hier);
	EXPECT_EQ(0, move(self->a, self->puppet.tid[1]));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* A move in one hierarchy is none in another. */
TEST_F(procs, other_hierarchy)
{
	const char *hier = rc_hier_new(), *grp;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, rc_attach(grp, self->puppet.tid[1]));
	ASSERT_EQ(0, move(self->a, self->pid));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->a, self->hier));
	EXPECT_EQ(1, rc_count(tasks_of(grp)));
	EXPECT_TRUE(rc_listed(tasks_of(grp), self->puppet.tid[1]));
}

/* 0 is the process of the writer, whichever thread writes. */
TEST_F(procs, writer)
{
	snprintf(self->puppet.file, PATH_MAX, "%s/procs", self->a);
	ASSERT_EQ(0, tell(&self->puppet, 2, 'w'));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->a, self->hier));
	EXPECT_EQ(THREADS, rc_count(tasks_of(self->a)));
	EXPECT_STREQ("/", rc_where(getpid(), self->hier));
}

/* Children are other processes: they stay. */
TEST_F(procs, children_stay)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, move(self->a, getpid()));
	EXPECT_EQ(1, rc_count(procs_of(self->a)));
	EXPECT_STREQ("/", rc_where(pid, self->hier));
	ASSERT_EQ(0, move(self->hier, 0));
	EXPECT_EQ(0, rc_count(procs_of(self->a)));
}

static int compare_ids(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/* A list shows ids of processes, ascending, each once. */
TEST_F(procs, list)
{
	struct puppet more[2];
	pid_t want[4], *ids;
	int i;

	want[0] = self->pid;
	want[1] = rc_sleeper();
	ASSERT_EQ(0, rc_attach(self->a, want[1]));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, start(&more[i]));
		want[i + 2] = more[i].pid;
		ASSERT_EQ(0, move(self->a, more[i].pid));
	}
	ASSERT_EQ(0, move(self->a, self->pid));
	qsort(want, ARRAY_SIZE(want), sizeof(*want), compare_ids);
	ASSERT_EQ((int)ARRAY_SIZE(want), rc_list(procs_of(self->a), &ids));
	EXPECT_EQ(0, memcmp(ids, want, sizeof(want)));
	EXPECT_EQ(3 * THREADS + 1, rc_count(tasks_of(self->a)));
	free(ids);
}

/* A process is listed in each group that has a thread of it. */
TEST_F(procs, list_one_thread)
{
	ASSERT_EQ(0, rc_attach(self->a, self->puppet.tid[2]));
	EXPECT_EQ(1, rc_count(procs_of(self->a)));
	EXPECT_TRUE(rc_listed(procs_of(self->a), self->pid));
	EXPECT_TRUE(rc_listed(procs_of(self->hier), self->pid));
	EXPECT_FALSE(rc_listed(procs_of(self->hier), self->puppet.tid[1]));
	ASSERT_EQ(0, end_thread(&self->puppet, 2));
	EXPECT_EQ(0, rc_count(procs_of(self->a)));
}

static int listed_ids(void *arg)
{
	return -rc_count(arg);
}

/* Processes that hidepid hides from the reader are not listed to him. */
TEST_F(procs, hidepid)
{
	const char *proc = rc_proc_mount("hidepid=invisible");
	char *procs;
	int i;

	ASSERT_TRUE(!!proc);
	procs = strdup(rc_fmt("%s%s/procs", proc, self->a + strlen("/proc")));
	ASSERT_EQ(0, move(self->a, self->pid));
	EXPECT_EQ(1, rc_count(procs));
	EXPECT_EQ(0, rc_run_as(RC_USER, listed_ids, procs));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, tell(&self->puppet, i, 'o'));
	EXPECT_EQ(0, rc_run_as(RC_USER, listed_ids, procs));
	EXPECT_EQ(-1, rc_run_as(RC_USER, listed_ids,
				(char *)procs_of(self->a)));
	free(procs);
}

/* No such process: never was one, or is no more. */
TEST_F(procs, no_such_process)
{
	pid_t pid = rc_sleeper();
	char *before;

	ASSERT_EQ(0, rc_kill(pid));
	before = rc_snapshot(self->hier);
	EXPECT_EQ(-ESRCH, move(self->a, pid));
	EXPECT_EQ(-ESRCH, move(self->a, INT_MAX));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* A process all of whose threads have ended cannot be moved any more. */
TEST_F(procs, zombie_process)
{
	char *before;

	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(self->pid));
	before = rc_snapshot(self->hier);
	EXPECT_EQ(-ESRCH, move(self->a, self->pid));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* kthreadd and a kernel thread that is bound to its CPU are refused. */
TEST_F(procs, kernel_threads)
{
	pid_t kthread = rc_kthread(true);
	char *before = rc_snapshot(self->hier);

	ASSERT_LT(0, kthread);
	EXPECT_EQ(-EINVAL, move(self->a, 2));
	EXPECT_EQ(-EINVAL, move(self->a, kthread));
	EXPECT_STREQ("/", rc_where(2, self->hier));
	EXPECT_STREQ("/", rc_where(kthread, self->hier));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* A kernel thread that may run anywhere is moved. */
TEST_F(procs, free_kthread)
{
	pid_t kthread = rc_kthread(false);

	ASSERT_LT(0, kthread);
	ASSERT_EQ(0, move(self->a, kthread));
	EXPECT_TRUE(rc_listed(procs_of(self->a), kthread));
	ASSERT_EQ(0, move(self->hier, kthread));
	EXPECT_EQ(0, rc_rmdir(self->a));
}

struct mover {
	const char *procs;
	int fd;
	pid_t pid;
};

static int open_and_move(void *arg)
{
	const struct mover *mover = arg;

	return rc_write(mover->procs, rc_fmt("%d", mover->pid));
}

static int move_by_fd(void *arg)
{
	const struct mover *mover = arg;
	const char *id = rc_fmt("%d", mover->pid);

	return rc_write_fd(mover->fd, id, strlen(id));
}

FIXTURE(foreign)
{
	const char *hier;
	const char *a;
	struct puppet puppet;
};

/* Which thread belongs to another user, and which one is named. */
FIXTURE_VARIANT(foreign)
{
	int other;
	int named;
};

FIXTURE_VARIANT_ADD(foreign, leader) { 0, 1 };
FIXTURE_VARIANT_ADD(foreign, middle) { 2, 0 };
FIXTURE_VARIANT_ADD(foreign, last) { THREADS - 1, 0 };
FIXTURE_VARIANT_ADD(foreign, first_thread) { 1, 2 };
FIXTURE_VARIANT_ADD(foreign, named) { 2, 2 };

FIXTURE_SETUP(foreign)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->a = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->a);
	ASSERT_EQ(0, start(&self->puppet));
}

FIXTURE_TEARDOWN(foreign)
{
	EXPECT_EQ(0, rc_teardown());
}

/* One thread that the mover may not move keeps the whole process. */
TEST_F(foreign, thread)
{
	struct mover mover = { .procs = strdup(procs_of(self->a)) };
	char *before;
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, tell(&self->puppet, i,
				  i == variant->other ? 'o' : 'u'));
	ASSERT_EQ(0, chown(mover.procs, RC_USER, RC_USER));
	before = rc_snapshot(RC_ROOT);
	mover.pid = self->puppet.tid[variant->named];
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_EQ(0, threads_in(&self->puppet, 0, self->a, self->hier));
	EXPECT_EQ(0, rc_count(tasks_of(self->a)));

	/* When that thread has ended nothing stands in the way. */
	ASSERT_EQ(0, end_thread(&self->puppet, variant->other));
	mover.pid = self->puppet.tid[variant->other == 1 ? 2 : 1];
	EXPECT_EQ(0, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_EQ(THREADS - 1, rc_count(tasks_of(self->a)));
	free((char *)mover.procs);
}

/* What root opened moves any process, whoever writes. */
TEST_F(procs, opened_by_root)
{
	struct mover mover = { .pid = self->pid };

	mover.fd = rc_open(procs_of(self->a), O_WRONLY);
	ASSERT_LE(0, mover.fd);
	EXPECT_EQ(0, rc_run_as(RC_USER, move_by_fd, &mover));
	EXPECT_EQ(THREADS, threads_in(&self->puppet, 0, self->a, self->hier));
	close(mover.fd);
}

/* What a user opened is no way to make root move processes for him. */
TEST_F(procs, opened_by_user)
{
	struct mover mover = { .pid = self->pid };
	char *before;

	ASSERT_EQ(0, chown(procs_of(self->a), RC_USER, RC_USER));
	before = rc_snapshot(RC_ROOT);
	ASSERT_EQ(0, seteuid(RC_USER));
	mover.fd = rc_open(procs_of(self->a), O_WRONLY);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, mover.fd);
	EXPECT_EQ(-EACCES, move_by_fd(&mover));
	mover.pid = 0;
	EXPECT_EQ(-EACCES, move_by_fd(&mover));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	close(mover.fd);
}

/* A user does not write to a file that was not given to him. */
TEST_F(procs, permission)
{
	struct mover mover = { .procs = procs_of(self->a) };
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_and_move, &mover));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	ASSERT_EQ(0, chown(mover.procs, RC_USER, RC_USER));
	EXPECT_EQ(0, rc_run_as(RC_USER, open_and_move, &mover));
}

/* Descriptors of a removed group give ENODEV, also when its name is back. */
TEST_F(procs, removed_while_open)
{
	int fd = rc_open(procs_of(self->a), O_RDWR), again;
	const char *id = rc_fmt("%d", self->pid);
	char c = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_rmdir(self->a));
	for (again = 0; again < 2; again++) {
		EXPECT_EQ(-1, read(fd, &c, 1));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(-ENODEV, rc_write_fd(fd, id, strlen(id)));
		EXPECT_EQ(-ENODEV, rc_write_fd(fd, "2147483647", 10));
		EXPECT_EQ(0, c);
		EXPECT_STREQ("/", rc_where(self->pid, self->hier));
		EXPECT_EQ(again ? -EEXIST : 0, rc_mkdir(self->a));
	}
	EXPECT_EQ(0, rc_count(tasks_of(self->a)));
	close(fd);
}

/* One descriptor moves many processes: offsets of writes mean nothing. */
TEST_F(procs, many_writes)
{
	int fd = rc_open(procs_of(self->a), O_WRONLY), i;

	ASSERT_LE(0, fd);
	for (i = 1; i <= 5; i++) {
		const char *id = rc_fmt("%d\n", rc_sleeper());

		ASSERT_EQ(0, rc_write_fd(fd, id, strlen(id)));
		ASSERT_EQ(i, rc_count(procs_of(self->a)));
	}
	EXPECT_EQ(1, pwrite(fd, "0", 1, INT_MAX));
	EXPECT_EQ(6, rc_count(procs_of(self->a)));
	close(fd);
}

TEST_HARNESS_MAIN
