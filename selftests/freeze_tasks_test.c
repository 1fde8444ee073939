// SPDX-License-Identifier: GPL-2.0
/*
 * The file freeze: tasks of all kinds, in whatever they do, are stopped; those that cannot
 * be are told of; and what waits for them, or they wait for, comes afterwards.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "freeze_util.h"

static void *thread_counts(void *arg)
{
	for (;;)
		rc_inc(arg);
	return NULL;
}

static int threads_count(void *arg)
{
	struct work *work = arg;
	pthread_t thread;
	int i;

	for (i = 1; i <= THREADS; i++)
		if (pthread_create(&thread, NULL, thread_counts, &work->count[i]))
			return -EAGAIN;
	rc_set(&work->ready, 1);
	return count_on(arg);
}

/* A thread is frozen alone, and so is all but one. */
TEST_F(freeze, threads)
{
	pid_t pid = rc_spawn(threads_count, self->work), *ids;
	long was;

	ASSERT_TRUE(RC_WAIT(rc_get(&self->work->ready)));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->grp), rc_fmt("%d", pid)));
	ASSERT_EQ(THREADS + 1, rc_list(rc_fmt("%s/tasks", self->grp), &ids));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	was = rc_get(&self->work->count[1]);
	EXPECT_TRUE(stands(self->work));
	EXPECT_EQ(was, rc_get(&self->work->count[1]));
	ASSERT_EQ(0, rc_attach(self->beside, pid));
	EXPECT_TRUE(runs(self->work));
	EXPECT_EQ(was, rc_get(&self->work->count[1]));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_TRUE(RC_WAIT(rc_get(&self->work->count[1]) != was));
	free(ids);
}

/* Who is stopped counts as frozen; SIGCONT does not have it run before the group does. */
TEST_F(freeze, stopped)
{
	pid_t pid = worker_in(self->grp, self->work);
	int status;

	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(stands(self->work));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_TRUE(runs(self->work));
	/* And the other way round. */
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(runs(self->work));
}

/* A tracer stops it, sees it, and has it go no further than the group does. */
TEST_F(freeze, seized)
{
	pid_t pid = worker_in(self->grp, self->work);
	struct user_regs_struct regs;
	int status;

	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(0, ptrace(PTRACE_GETREGS, pid, 0, &regs));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
	EXPECT_TRUE(stands(self->work));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGTRAP, WSTOPSIG(status));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, 0, 0));
	EXPECT_TRUE(runs(self->work));
}

/* So does one that attaches as gdb does, by a signal; and it goes on frozen. */
TEST_F(freeze, attached)
{
	pid_t pid = worker_in(self->grp, self->work);
	int status;

	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, pid, 0, 0));
	ASSERT_TRUE(RC_WAIT(waitpid(pid, &status, WNOHANG) == pid));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, 0, 0));
	EXPECT_TRUE(stands(self->work));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_TRUE(runs(self->work));
}

static int fork_on(void *arg)
{
	struct work *work = arg;

	while (!rc_get(&work->stop)) {
		pid_t pid = rc_get(&work->count[0]) % 2 ? fork() : vfork();

		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return -errno;
		rc_inc(&work->count[0]);
	}
	return 0;
}

/* Who forks is caught with the children, again and again. */
TEST_F(freeze, forking)
{
	pid_t pid = rc_spawn(fork_on, self->work);
	int i;

	ASSERT_EQ(0, rc_attach(self->sub, pid));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, set_freeze(self->grp, 1));
		ASSERT_TRUE(comes_to(self->grp, 1));
		if (i % 10 == 9)
			EXPECT_TRUE(stands(self->work));
		ASSERT_EQ(0, set_freeze(self->grp, 0));
		ASSERT_TRUE(runs(self->work));
	}
	rc_set(&self->work->stop, 1);
	EXPECT_EQ(0, rc_reap(pid));
}

static int bear_on(void *arg)
{
	struct work *work = arg;

	for (;;) {
		pid_t pid = fork();

		while (!pid)
			rc_inc(&work->count[1]);
		if (pid < 0 || kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
			return -errno;
		rc_inc(&work->count[0]);
	}
}

/* A child that is born when all others have been told to stop is told by its parent. */
TEST_F(freeze, newborn)
{
	pid_t pid = rc_spawn(bear_on, self->work);
	int i;

	ASSERT_EQ(0, rc_attach(self->sub, pid));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, set_freeze(self->grp, 1));
		ASSERT_TRUE(comes_to(self->grp, 1));
		ASSERT_EQ(0, set_freeze(self->grp, 0));
		ASSERT_TRUE(runs(self->work));
	}
	ASSERT_EQ(0, rc_write(rc_fmt("%s/kill", self->grp), "1"));
	EXPECT_EQ(KILLED, rc_reap(pid));
}

static int vfork_child(void *arg)
{
	struct work *work = arg;
	pid_t pid = vfork();

	if (!pid) {
		rc_set(&work->ready, 1);
		while (!rc_get(&work->stop))
			;
		_exit(0);
	}
	return pid < 0 ? -errno : 0;
}

/* A parent that waits for its child in vfork(2) does not keep the group from it. */
TEST_F(freeze, vfork)
{
	pid_t pid = rc_spawn(vfork_child, self->work);

	ASSERT_TRUE(RC_WAIT(rc_get(&self->work->ready)));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	/* The child is elsewhere and runs. */
	EXPECT_TRUE(comes_to(self->grp, 1));
	rc_set(&self->work->stop, 1);
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, rc_reap(pid));
}

/* Kernel threads are left alone, and keep nobody from being frozen. */
TEST_F(freeze, kernel_thread)
{
	pid_t kthread = rc_kthread(false);

	ASSERT_LT(0, kthread);
	ASSERT_EQ(0, rc_attach(self->grp, kthread));
	ASSERT_LT(0, worker_in(self->grp, self->work));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	ASSERT_EQ(0, rc_attach(self->hier, kthread));
	EXPECT_TRUE(runs(self->work));
}

static int sleep_in_pipe(void *arg)
{
	struct work *work = arg;
	int fd[2];
	char c;

	if (pipe(fd))
		return -errno;
	rc_set(&work->ready, 1);
	/* Begins anew after it was frozen. */
	return read(fd[0], &c, 1) < 0 ? -errno : 0;
}

/* Who sleeps is woken to stop, and sleeps on afterwards. */
TEST_F(freeze, sleeping)
{
	pid_t pid = rc_spawn(sleep_in_pipe, self->work);
	siginfo_t info = {};

	ASSERT_TRUE(RC_WAIT(rc_get(&self->work->ready)));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT));
	EXPECT_EQ(0, info.si_pid);
}

/* Longer each time, until it is caught asleep. */
static long sleep_ms;

static int sleep_once(void *arg)
{
	struct timespec span = { sleep_ms / 1000, sleep_ms % 1000 * 1000000L };
	double begin = rc_now();

	rc_set(&((struct work *)arg)->ready, 1);
	/* Also if it was EINTR. */
	if (nanosleep(&span, NULL))
		return -errno;
	return rc_now() - begin < sleep_ms / 1e3 ? -ETIME : 0;
}

/* Time goes on: a sleep that is over by then ends when it is thawed, with no error. */
TEST_F(freeze, time)
{
	const char *tasks = strdup(rc_fmt("%s/tasks", self->grp));
	double end;
	pid_t pid;

	for (sleep_ms = 300;; sleep_ms *= 4) {
		ASSERT_GT(100000, sleep_ms);
		rc_set(&self->work->ready, 0);
		pid = rc_spawn(sleep_once, self->work);
		ASSERT_TRUE(RC_WAIT(rc_get(&self->work->ready)));
		if (!rc_attach(self->grp, pid)) {
			ASSERT_EQ(0, set_freeze(self->grp, 1));
			ASSERT_TRUE(comes_to(self->grp, 1));
			if (rc_listed(tasks, pid))
				break;
			ASSERT_EQ(0, set_freeze(self->grp, 0));
		}
		/* It was through before. */
		ASSERT_EQ(0, rc_reap(pid));
	}
	end = rc_now() + 2 * sleep_ms / 1e3;
	ASSERT_TRUE(RC_WAIT(rc_now() > end));
	EXPECT_EQ(1, rc_listed(tasks, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, rc_reap(pid));
}

static struct work *alarmed;

static void on_alarm(int sig)
{
	rc_inc(&alarmed->count[0]);
}

static int alarm_on(void *arg)
{
	struct itimerval often = { { 0, 10000 }, { 0, 10000 } };

	alarmed = arg;
	signal(SIGALRM, on_alarm);
	if (setitimer(ITIMER_REAL, &often, NULL))
		return -errno;
	for (;;)
		pause();
}

/* A timer that expires is heard of then, and goes on. */
TEST_F(freeze, timer)
{
	pid_t pid = rc_spawn(alarm_on, self->work);

	ASSERT_TRUE(runs(self->work));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	EXPECT_TRUE(stands(self->work));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_TRUE(runs(self->work));
	EXPECT_TRUE(runs(self->work));
}

/*
 * In the kernel, where nothing but SIGKILL wakes it, until @stop: as vfork(2), but the
 * child is a child of its parent.
 */
static int hold(struct work *work)
{
	pid_t pid = syscall(SYS_clone, CLONE_VFORK | CLONE_PARENT, 0, NULL, NULL, 0);

	if (!pid) {
		rc_die_with_parent();
		rc_set(&work->ready, getpid());
		while (!rc_get(&work->stop))
			rc_nap();
		_exit(0);
	}
	return pid < 0 ? -errno : 0;
}

static int hold_once(void *arg)
{
	return hold(arg);
}

static pid_t held_child(struct work *work)
{
	if (!RC_WAIT(rc_get(&work->ready) > 0))
		return -1;
	rc_track_child(rc_get(&work->ready));
	return rc_get(&work->ready);
}

/* Who cannot be woken to stop is told of, and stops when that is over. */
TEST_F(freeze, not_yet)
{
	pid_t pid = rc_spawn(hold_once, self->work), child;

	child = held_child(self->work);
	ASSERT_LT(0, child);
	ASSERT_LT(0, worker_in(self->grp, self->work));
	ASSERT_EQ(0, rc_attach(self->sub, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_TRUE(RC_WAIT(stands(self->work)));
	EXPECT_EQ(0, frozen(self->grp));
	EXPECT_EQ(0, frozen(self->sub));
	rc_set(&self->work->stop, 1);
	EXPECT_EQ(0, rc_reap(child));
	EXPECT_TRUE(comes_to(self->grp, 1));
	EXPECT_TRUE(comes_to(self->sub, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, rc_reap(pid));
}

/* It can be killed, and the group is frozen then. */
TEST_F(freeze, not_yet_killed)
{
	pid_t pid = rc_spawn(hold_once, self->work), child;

	child = held_child(self->work);
	ASSERT_LT(0, child);
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_EQ(0, frozen(self->grp));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(KILLED, rc_reap(pid));
	EXPECT_TRUE(comes_to(self->grp, 1));
	rc_set(&self->work->stop, 1);
	EXPECT_EQ(0, rc_reap(child));
}

/* Nobody waits for it where it is not any more. */
TEST_F(freeze, not_yet_moved)
{
	pid_t pid = rc_spawn(hold_once, self->work), child;

	child = held_child(self->work);
	ASSERT_LT(0, child);
	ASSERT_EQ(0, rc_attach(self->sub, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_EQ(0, frozen(self->grp));
	ASSERT_EQ(0, rc_attach(self->beside, pid));
	EXPECT_TRUE(comes_to(self->sub, 1));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_EQ(0, frozen(self->grp));
	EXPECT_EQ(1, frozen(self->sub));
	rc_set(&self->work->stop, 1);
	EXPECT_EQ(0, rc_reap(child));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, rc_reap(pid));
}

static void on_usr1(int sig)
{
	hold(alarmed);
}

static int hold_in_handler(void *arg)
{
	alarmed = arg;
	signal(SIGUSR1, on_usr1);
	return count_on(arg);
}

/* A tracer has it take a signal while it is frozen; when it runs then, that is seen. */
TEST_F(freeze, traced_signal)
{
	pid_t pid = rc_spawn(hold_in_handler, self->work), child;
	int status;

	ASSERT_TRUE(runs(self->work));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, 0, 0));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	ASSERT_TRUE(RC_WAIT(waitpid(pid, &status, WNOHANG) == pid));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGUSR1, WSTOPSIG(status));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, 0, SIGUSR1));
	child = held_child(self->work);
	ASSERT_LT(0, child);
	ASSERT_EQ(0, rc_attach(self->beside, child));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	EXPECT_EQ(0, frozen(self->grp));
	rc_set(&self->work->stop, 1);
	EXPECT_EQ(0, rc_reap(child));
	EXPECT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, rc_reap(pid));
}

/*
 * io_uring
 */

struct uring {
	struct work *work;
	int pipe[2];
	unsigned int flags;
	struct io_uring_params params;
	char *map;
	struct io_uring_sqe *sqe;
};

static int uring_setup(struct uring *uring)
{
	int fd;

	uring->params = (struct io_uring_params){
		.flags = uring->flags, .sq_thread_idle = 600000,
	};
	fd = syscall(SYS_io_uring_setup, 4, &uring->params);
	if (fd < 0)
		return -errno;
	uring->map = mmap(NULL, 16 << 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  IORING_OFF_SQ_RING);
	uring->sqe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	return uring->map == MAP_FAILED || uring->sqe == MAP_FAILED ? -errno : fd;
}

/* Counts until both requests are done; the error of the one that failed. */
static int uring_wait(struct uring *uring)
{
	unsigned int *done = (unsigned int *)(uring->map + uring->params.cq_off.tail);
	struct io_uring_cqe *cqe = (struct io_uring_cqe *)(uring->map + uring->params.cq_off.cqes);

	while (__atomic_load_n(done, __ATOMIC_ACQUIRE) < 2)
		rc_inc(&uring->work->count[0]);
	return cqe[0].res < 0 ? cqe[0].res : cqe[1].res < 0 ? cqe[1].res : 0;
}

static int uring_run(struct uring *uring, int fd)
{
	unsigned int *tail = (unsigned int *)(uring->map + uring->params.sq_off.tail);
	unsigned int *array = (unsigned int *)(uring->map + uring->params.sq_off.array);
	int err;

	array[0] = 0;
	array[1] = 1;
	__atomic_store_n(tail, 2, __ATOMIC_RELEASE);
	err = syscall(SYS_io_uring_enter, fd, 2, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0) < 0 ?
	      -errno : 0;
	rc_set(&uring->work->ready, err ?: 1);
	return err ?: uring_wait(uring);
}

/* A worker reads the pipe, and tells it by where it writes what it has read. */
static struct io_uring_sqe uring_read(struct uring *uring)
{
	return (struct io_uring_sqe){
		.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC, .fd = uring->pipe[0],
		.addr = (unsigned long)&uring->work->count[1], .len = 1,
	};
}

/* A thread that looks for requests; one to read a file, which makes a worker; one the pipe. */
static int uring_workers(void *arg)
{
	struct uring *uring = arg;
	int fd = uring_setup(uring);

	if (fd < 0)
		return fd;
	uring->sqe[0] = uring_read(uring);
	uring->sqe[0].fd = open("/proc/self/exe", O_RDONLY);
	uring->sqe[0].addr = (unsigned long)&uring->work->count[2];
	uring->sqe[1] = uring_read(uring);
	return uring_run(uring, fd);
}

/* What has no worker yet, and is to make one when something can be read. */
static int uring_awaits(void *arg)
{
	struct uring *uring = arg;
	int fd = uring_setup(uring);

	if (fd < 0)
		return fd;
	uring->sqe[0] = (struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD, .flags = IOSQE_IO_LINK, .fd = uring->pipe[0],
		.poll32_events = POLLIN,
	};
	uring->sqe[1] = uring_read(uring);
	return uring_run(uring, fd);
}

static pid_t uring_in(const char *grp, struct uring *uring, int (*func)(void *arg))
{
	pid_t pid;

	if (pipe(uring->pipe))
		return -errno;
	pid = rc_spawn(func, uring);
	if (!RC_WAIT(rc_get(&uring->work->ready)) || rc_get(&uring->work->ready) != 1)
		return -EIO;
	return rc_write(rc_fmt("%s/procs", grp), rc_fmt("%d", pid)) ?: pid;
}

/* The kernel's threads that work for a process stop with it, and go on with it. */
TEST_F(freeze, io_uring)
{
	struct uring uring = { .work = self->work, .flags = IORING_SETUP_SQPOLL };
	pid_t pid = uring_in(self->grp, &uring, uring_workers);

	ASSERT_LT(0, pid);
	/* Beside the process's own: one that looks for requests, and a worker. */
	ASSERT_TRUE(RC_WAIT(rc_count(rc_fmt("%s/tasks", self->grp)) >= 3));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(1, write(uring.pipe[1], "x", 1));
	EXPECT_TRUE(stands(self->work));
	EXPECT_EQ(0, rc_get(&self->work->count[1]));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_EQ('x', rc_get(&self->work->count[1]));
}

/* Nor does a worker that is to be made meanwhile have to be given up. */
TEST_F(freeze, io_uring_newborn)
{
	struct uring uring = { .work = self->work };
	pid_t pid = uring_in(self->grp, &uring, uring_awaits);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	ASSERT_EQ(1, write(uring.pipe[1], "x", 1));
	EXPECT_TRUE(stands(self->work));
	EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", self->grp)));
	EXPECT_EQ(1, frozen(self->grp));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_EQ('x', rc_get(&self->work->count[1]));
}

TEST_HARNESS_MAIN
