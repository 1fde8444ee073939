// SPDX-License-Identifier: GPL-2.0
/* The pids controller counts a task until it is reaped, whatever becomes of its group. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pids_util.h"

FIXTURE(zombies)
{
	const char *hier;
	/* @grp is in @above. */
	const char *above;
	const char *grp;
};

FIXTURE_SETUP(zombies)
{
	if (!rc_has_subsys("pids"))
		SKIP(return, "kernel without CONFIG_RC_PIDS");
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_bound_new("pids");
	ASSERT_TRUE(!!self->hier);
	self->above = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->above);
	self->grp = rc_group_new(self->above);
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(zombies)
{
	EXPECT_EQ(0, rc_attach(self->hier, 0));
	EXPECT_EQ(0, rc_teardown());
}

/* A child that has ended in a group and was not waited for. */
static pid_t zombie_new(const char *grp)
{
	pid_t pid = rc_sleeper();

	if (pid < 0 || rc_attach(grp, pid) || kill(pid, SIGKILL) ||
	    rc_wait_zombie(pid))
		return -1;
	return pid;
}

static int reap_killed(pid_t pid)
{
	return rc_reap(pid) == -1000 - SIGKILL ? 0 : -ECHILD;
}

/* A limit allows so many zombies and no more. */
TEST_F(zombies, limited)
{
	pid_t pids[3];
	int i;

	ASSERT_EQ(0, pids_limit(self->grp, "4"));
	ASSERT_EQ(0, rc_attach(self->grp, 0));
	for (i = 0; i < 3; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(0);
		ASSERT_LT(0, pids[i]);
		ASSERT_EQ(0, rc_wait_zombie(pids[i]));
		EXPECT_EQ(i + 2, pids_current(self->grp));
		EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", self->grp)));
	}
	EXPECT_EQ(-EAGAIN, pids_fork());
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, rc_reap(pids[i]));
		EXPECT_EQ(3 - i, pids_current(self->grp));
		EXPECT_EQ(3 - i, pids_current(self->above));
		EXPECT_EQ(0, pids_fork());
	}
}

/* Who is waited for by nobody does not count for long. */
TEST_F(zombies, reaped_by_itself)
{
	int i;

	ASSERT_EQ(0, pids_limit(self->grp, "2"));
	ASSERT_EQ(0, rc_attach(self->grp, 0));
	ASSERT_NE(SIG_ERR, signal(SIGCHLD, SIG_IGN));
	for (i = 0; i < 5; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		ASSERT_LT(0, pid);
		ASSERT_TRUE(RC_WAIT(pids_current(self->grp) == 1));
	}
	ASSERT_NE(SIG_ERR, signal(SIGCHLD, SIG_DFL));
}

/*
 * A group that holds only zombies can be removed, and the one above it as well. They
 * count in those that are left, until they are reaped.
 */
TEST_F(zombies, removed_groups)
{
	const char *top = rc_group_new(self->hier), *mid, *low;
	pid_t pid;

	ASSERT_TRUE(!!top);
	mid = rc_group_new(top);
	ASSERT_TRUE(!!mid);
	low = rc_group_new(mid);
	ASSERT_TRUE(!!low);
	pid = zombie_new(low);
	ASSERT_LT(0, pid);
	EXPECT_EQ(1, pids_current(low));
	ASSERT_EQ(0, rc_rmdir(low));
	EXPECT_EQ(1, pids_current(mid));
	EXPECT_EQ(1, pids_current(top));
	ASSERT_EQ(0, rc_rmdir(mid));
	EXPECT_EQ(1, pids_current(top));

	ASSERT_EQ(0, pids_limit(top, "2"));
	ASSERT_EQ(0, rc_attach(top, 0));
	EXPECT_EQ(-EAGAIN, pids_fork());
	EXPECT_EQ(0, reap_killed(pid));
	EXPECT_EQ(1, pids_current(top));
	EXPECT_EQ(0, pids_fork());
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	EXPECT_EQ(0, pids_current(top));
	EXPECT_EQ(0, rc_rmdir(top));
}

/* A group of the same name, made when they have gone on, is another group. */
TEST_F(zombies, same_name)
{
	const char *grp = rc_group_new(self->above);
	pid_t pid;

	ASSERT_TRUE(!!grp);
	pid = zombie_new(grp);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_rmdir(grp));
	ASSERT_EQ(0, rc_mkdir(grp));
	EXPECT_EQ(0, pids_current(grp));
	EXPECT_EQ(1, pids_current(self->above));
	EXPECT_EQ(0, reap_killed(pid));
	EXPECT_EQ(0, pids_current(grp));
	EXPECT_EQ(0, pids_current(self->above));
	EXPECT_EQ(0, rc_rmdir(grp));
}

/*
 * They keep nobody from ending the hierarchy, nor from binding the controller to
 * another one; there, they do not count, when they are reaped either.
 */
TEST_F(zombies, other_hierarchy)
{
	const char *other = rc_hier_new(), *grp;
	pid_t pids[2];

	ASSERT_TRUE(!!other);
	pids[0] = zombie_new(self->grp);
	ASSERT_LT(0, pids[0]);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	ASSERT_EQ(0, rc_rmdir(self->above));
	/* Rebound, it takes the controller along; in the end, too. */
	ASSERT_EQ(0, rc_write(rc_fmt("%s/subsystems", self->hier), "\n"));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/subsystems", other), "pids"));
	grp = rc_group_new(other);
	ASSERT_TRUE(!!grp);
	pids[1] = zombie_new(grp);
	ASSERT_LT(0, pids[1]);
	EXPECT_EQ(1, pids_current(grp));
	EXPECT_EQ(0, reap_killed(pids[0]));
	EXPECT_EQ(1, pids_current(grp));

	ASSERT_EQ(0, rc_rmdir(grp));
	ASSERT_EQ(0, rc_rmdir(other));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/subsystems", self->hier), "pids"));
	ASSERT_EQ(0, rc_mkdir(self->above));
	ASSERT_EQ(0, rc_attach(self->above, 0));
	EXPECT_EQ(1, pids_current(self->above));
	EXPECT_EQ(0, reap_killed(pids[1]));
	EXPECT_EQ(1, pids_current(self->above));
	EXPECT_EQ(0, pids_fork());
}

/* Binding is nobody's birth: who was there before counts when he is moved. */
TEST_F(zombies, bound_later)
{
	const char *jobs = rc_hier_new(), *grp;
	pid_t pid, zombie;

	ASSERT_TRUE(!!jobs);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	ASSERT_EQ(0, rc_rmdir(self->above));
	ASSERT_EQ(0, rc_rmdir(self->hier));
	pid = rc_sleeper();
	ASSERT_LT(0, pid);
	zombie = zombie_new(jobs);
	ASSERT_LT(0, zombie);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/subsystems", jobs), "pids"));
	grp = rc_group_new(jobs);
	ASSERT_TRUE(!!grp);
	EXPECT_EQ(0, pids_current(grp));
	ASSERT_EQ(0, rc_attach(grp, pid));
	EXPECT_EQ(1, pids_current(grp));
	EXPECT_EQ(0, reap_killed(zombie));
	EXPECT_EQ(1, pids_current(grp));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, pids_current(grp));
	ASSERT_EQ(0, rc_rmdir(grp));
	ASSERT_EQ(0, rc_rmdir(jobs));
	self->hier = rc_bound_new("pids");
	ASSERT_TRUE(!!self->hier);
}

#define THREADS 3

struct others {
	long ready;
	/* One of them replaces the process when this is set. */
	long exec;
};

static void *sleep_or_exec(void *arg)
{
	struct others *others = arg;

	rc_inc(&others->ready);
	while (!rc_get(&others->exec))
		rc_nap();
	/* What is self there, the leader, has no memory any more. */
	execl("/proc/thread-self/exe", "pids_zombie_test", "--sleep", NULL);
	return NULL;
}

/* A process whose leader has ended, and whose other threads have not. */
static int leave_threads(void *arg)
{
	pthread_t thread;
	int i, err;

	for (i = 1; i < THREADS; i++) {
		err = pthread_create(&thread, NULL, sleep_or_exec, arg);
		if (err)
			return -err;
	}
	pthread_exit(NULL);
}

static bool is_dead(pid_t pid)
{
	char *text = rc_text(rc_fmt("/proc/%d/stat", pid));
	bool ret = text && strstr(text, ") Z ");

	free(text);
	return ret;
}

static pid_t threads_new(const char *grp, struct others *others)
{
	pid_t pid;

	if (rc_attach(grp, 0))
		return -1;
	pid = rc_spawn(leave_threads, others);
	if (pid < 0 || !RC_WAIT(rc_get(&others->ready) == THREADS - 1 &&
				is_dead(pid)))
		return -1;
	return pid;
}

/*
 * A process is moved: its threads count where they are. Its leader, which has
 * ended before, has let go of its groups and counts where it was.
 */
TEST_F(zombies, dead_leader_moved)
{
	struct others *others = rc_shared(sizeof(*others));
	pid_t pid = threads_new(self->grp, others);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	EXPECT_EQ(THREADS, pids_current(self->grp));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->above),
			      rc_fmt("%d", pid)));
	EXPECT_EQ(1, pids_current(self->grp));
	EXPECT_EQ(THREADS, pids_current(self->above));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->hier),
			      rc_fmt("%d", pid)));
	EXPECT_EQ(1, pids_current(self->above));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, pids_current(self->above));
	ASSERT_EQ(0, rc_mkdir(self->grp));
}

/* A thread that calls exec becomes the process, and its leader is reaped by that. */
TEST_F(zombies, exec_by_other_thread)
{
	struct others *others = rc_shared(sizeof(*others));
	const char * const to[] = { self->grp, self->above, self->hier };
	int i;

	for (i = 0; i < 3; i++) {
		pid_t pid = threads_new(self->grp, others);

		ASSERT_LT(0, pid);
		ASSERT_EQ(0, rc_attach(self->hier, 0));
		ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", to[i]),
				      rc_fmt("%d", pid)));
		EXPECT_EQ(i ? 1 : THREADS, pids_current(self->grp));
		rc_set(&others->exec, 1);
		ASSERT_TRUE(RC_WAIT(!is_dead(pid)));
		ASSERT_TRUE(RC_WAIT(pids_current(self->grp) == !i));
		EXPECT_EQ(i < 2, pids_current(self->above));
		EXPECT_EQ(0, rc_kill(pid));
		EXPECT_EQ(0, pids_current(self->above));
		memset(others, 0, sizeof(*others));
	}
}

/* A thread that is traced is a zombie until its tracer has waited for it. */
TEST_F(zombies, traced_thread)
{
	struct others *others = rc_shared(sizeof(*others));
	pid_t pid = threads_new(self->grp, others), *tids, tid;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	ASSERT_EQ(THREADS - 1, rc_list(rc_fmt("%s/tasks", self->grp), &tids));
	tid = tids[1];
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, NULL, NULL));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_TRUE(RC_WAIT(is_dead(tid)));
	ASSERT_TRUE(RC_WAIT(!rc_count(rc_fmt("%s/tasks", self->grp))));
	/* The leader, and this one; the others are reaped by themselves. */
	ASSERT_TRUE(RC_WAIT(pids_current(self->grp) == 2));
	ASSERT_EQ(tid, waitpid(tid, NULL, __WALL));
	EXPECT_EQ(1, pids_current(self->grp));
	EXPECT_EQ(0, reap_killed(pid));
	EXPECT_EQ(0, pids_current(self->grp));
	free(tids);
}

/* What is left of a pid namespace when its init ends is reaped, and counts no more. */
static int end_namespace(void *arg)
{
	pid_t pid;
	int i;

	if (unshare(CLONE_NEWPID))
		return -errno;
	pid = fork();
	if (pid)
		return pid < 0 ? -errno : rc_reap(pid);
	for (i = 0; i < 5; i++)
		if (!fork() && (i % 2 || pause()))
			_exit(0);
	_exit(0);
}

TEST_F(zombies, namespace)
{
	ASSERT_EQ(0, rc_attach(self->grp, 0));
	EXPECT_EQ(0, rc_run(end_namespace, NULL));
	EXPECT_EQ(1, pids_current(self->grp));
}

/* What this program executes itself for. */
static void __attribute__((constructor)) run(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--sleep"))
		return;
	rc_die_with_parent();
	while (pause())
		;
}

TEST_HARNESS_MAIN
