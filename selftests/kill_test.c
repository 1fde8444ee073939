// SPDX-License-Identifier: GPL-2.0
/* The file kill: who dies of a "1" that is written to it, and who does not. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "../kselftest_harness.h"
#include "rc_box.h"

#define KILLED (-1000 - SIGKILL)
#define OTHER_USER (RC_USER + 1)

static const char *kill_of(const char *grp)
{
	return rc_fmt("%s/kill", grp);
}

static int kill_all(const char *grp)
{
	return rc_write(kill_of(grp), "1");
}

FIXTURE(kill)
{
	const char *hier;
	/* @sub is below @grp, @beside is not. */
	const char *grp;
	const char *sub;
	const char *beside;
};

FIXTURE_SETUP(kill)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	self->beside = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp && self->beside);
	self->sub = rc_group_new(self->grp);
	ASSERT_TRUE(!!self->sub);
}

FIXTURE_TEARDOWN(kill)
{
	EXPECT_EQ(0, rc_teardown());
}

static int wait_for_end(void *ready)
{
	if (ready)
		rc_set(ready, 1);
	for (;;)
		pause();
}

/* Somebody who sleeps in a group, as a user. */
static pid_t sleeper_in(const char *grp, uid_t uid)
{
	long *ready = rc_shared(sizeof(*ready));
	pid_t pid = uid ? rc_spawn_as(uid, wait_for_end, ready) :
			  rc_spawn(wait_for_end, ready);

	/* Not before it is that user's. */
	if (pid < 0 || !RC_WAIT(rc_get(ready)) || rc_attach(grp, pid))
		return -1;
	return pid;
}

static bool lives(pid_t pid)
{
	siginfo_t info = {};

	/* What was sent has come to its process when the write was over. */
	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid;
}

/* Has it died of SIGKILL? */
static bool killed(pid_t pid)
{
	return RC_WAIT(!lives(pid)) && rc_reap(pid) == KILLED;
}

/* Has a process no signal that is to end it? Not even one on its way. */
static bool untouched(pid_t pid)
{
	char *text = rc_text(rc_fmt("/proc/%d/status", pid)), *at;
	unsigned long long own = 0, shared = 0;

	at = text ? strstr(text, "SigPnd:") : NULL;
	if (at)
		own = strtoull(at + 7, NULL, 16);
	at = text ? strstr(text, "ShdPnd:") : NULL;
	if (at)
		shared = strtoull(at + 7, NULL, 16);
	free(text);
	return at && lives(pid) && !((own | shared) & (1ULL << (SIGKILL - 1)));
}

/* All tasks of the group and of those below it die, and no others. */
TEST_F(kill, all_below)
{
	pid_t in = sleeper_in(self->grp, 0), below = sleeper_in(self->sub, 0);
	pid_t user = sleeper_in(self->sub, RC_USER);
	pid_t beside = sleeper_in(self->beside, 0), root = rc_sleeper();

	ASSERT_TRUE(in > 0 && below > 0 && user > 0 && beside > 0 && root > 0);
	ASSERT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(killed(in));
	EXPECT_TRUE(killed(below));
	EXPECT_TRUE(killed(user));
	EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", self->grp)));
	EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", self->sub)));
	EXPECT_TRUE(untouched(beside));
	EXPECT_TRUE(untouched(root));
}

/* Groups far below, between such as are empty, and many tasks in one. */
TEST_F(kill, tree)
{
	const char *low = self->sub;
	pid_t pids[40];
	int i;

	for (i = 0; i < 20; i++) {
		const char *empty = rc_group_new(low);

		ASSERT_TRUE(!!empty);
		pids[i] = sleeper_in(low, 0);
		pids[20 + i] = sleeper_in(self->grp, 0);
		ASSERT_TRUE(pids[i] > 0 && pids[20 + i] > 0);
		low = rc_group_new(low);
		ASSERT_TRUE(!!low);
	}
	ASSERT_EQ(0, kill_all(self->grp));
	for (i = 0; i < 40; i++)
		EXPECT_TRUE(killed(pids[i]));
}

/* A process with one thread in the group goes as a whole. */
TEST_F(kill, one_thread)
{
	pid_t pid = rc_sleeping_threads(4), *ids;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->beside),
			      rc_fmt("%d", pid)));
	ASSERT_LT(3, rc_list(rc_fmt("%s/tasks", self->beside), &ids));
	ASSERT_EQ(0, rc_attach(self->grp, ids[2]));
	ASSERT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(killed(pid));
	free(ids);
}

/* Where nobody is, nothing is to be done, and that is done. */
TEST_F(kill, empty)
{
	pid_t beside = sleeper_in(self->beside, 0);

	EXPECT_EQ(0, kill_all(self->grp));
	EXPECT_EQ(0, kill_all(self->sub));
	EXPECT_TRUE(untouched(beside));
}

/* Nothing but a 1 kills. */
TEST_F(kill, values)
{
	static const char * const bad[] = {
		"", "\n", "0", "2", "-1", "+1", "01", "1 1", "1x", "x", "1\n1",
		"0x1", "18446744073709551617",
	};
	static char page[8192];
	pid_t pid = sleeper_in(self->grp, 0);
	char *before = rc_snapshot(self->hier);
	unsigned int i;
	int fd;

	ASSERT_LT(0, pid);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, rc_write(kill_of(self->grp), bad[i])) {
			TH_LOG("\"%s\"", bad[i]);
		}
	fd = rc_open(kill_of(self->grp), O_WRONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, rc_write_fd(fd, "1\0", 2));
	memset(page, ' ', sizeof(page));
	EXPECT_EQ(-E2BIG, rc_write_fd(fd, page, sizeof(page)));
	EXPECT_EQ(-1, write(fd, (char *)8, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(untouched(pid));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
	/* White space means nothing, nor does where it is written. */
	EXPECT_EQ(2, pwrite(fd, "1\n", 2, 7));
	EXPECT_TRUE(killed(pid));
	close(fd);
}

static int open_for_writing(void *arg)
{
	int fd = rc_open(arg, O_WRONLY);

	return fd < 0 ? fd : 0;
}

/* The file can be written alone, and is in every group but roots. */
TEST_F(kill, file)
{
	char *file = strdup(kill_of(self->sub)), buf[8];
	int fd;

	EXPECT_EQ(S_IFREG | 0200, rc_mode(file));
	EXPECT_EQ(-ENOENT, rc_mode(kill_of(self->hier)));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_for_writing, file));
	fd = rc_open(file, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	/* Kept over the end of its group. */
	ASSERT_EQ(0, rc_rmdir(self->sub));
	EXPECT_EQ(-ENODEV, rc_write_fd(fd, "1", 1));
	ASSERT_EQ(0, rc_mkdir(self->sub));
	EXPECT_EQ(-ENODEV, rc_write_fd(fd, "1", 1));
	close(fd);
}

/* Who seeks in it, as to append, is where he was, and can write. */
TEST_F(kill, seek)
{
	pid_t pid = sleeper_in(self->grp, 0);
	int fd;

	ASSERT_LT(0, pid);
	fd = open(kill_of(self->grp), O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, lseek(fd, 207, SEEK_SET));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(fd, 1, SEEK_CUR));
	EXPECT_EQ(1, write(fd, "1", 1));
	EXPECT_EQ(KILLED, rc_reap(pid));
	EXPECT_EQ(0, close(fd));
}

/* Who is stopped, by a signal or by a tracer, dies as well. */
TEST_F(kill, stopped)
{
	pid_t stopped = sleeper_in(self->grp, 0), traced = sleeper_in(self->grp, 0);
	int status;

	ASSERT_TRUE(stopped > 0 && traced > 0);
	ASSERT_EQ(0, kill(stopped, SIGSTOP));
	ASSERT_EQ(stopped, waitpid(stopped, &status, WUNTRACED));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, traced, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, traced, 0, 0));
	ASSERT_EQ(traced, waitpid(traced, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(killed(stopped));
	EXPECT_TRUE(killed(traced));
}

/* One who blocks and ignores what can be, and has handlers for the rest. */
static int deaf(void *arg)
{
	sigset_t all;
	int i;

	for (i = 1; i < 65; i++)
		signal(i, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	return wait_for_end(arg);
}

TEST_F(kill, deaf)
{
	long *ready = rc_shared(sizeof(*ready));
	pid_t pid = rc_spawn(deaf, ready);

	ASSERT_TRUE(RC_WAIT(rc_get(ready)));
	ASSERT_EQ(0, rc_attach(self->sub, pid));
	ASSERT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(killed(pid));
}

static int kill_from_inside(void *arg)
{
	const char *grp = arg;
	int ret = rc_attach(grp, 0);

	/* Who is killed does not return from it. */
	return ret ?: kill_all(grp) ?: -ECHILD;
}

/* Who writes and is in the group dies with the others, of which none is left. */
TEST_F(kill, writer_too)
{
	pid_t pids[] = {
		sleeper_in(self->grp, 0), sleeper_in(self->sub, 0),
	};
	pid_t writer = rc_spawn(kill_from_inside, (void *)self->grp);

	EXPECT_TRUE(killed(writer));
	EXPECT_TRUE(killed(pids[0]));
	EXPECT_TRUE(killed(pids[1]));
}

/*
 * Permissions
 */

static int write_one(void *arg)
{
	return kill_all(arg);
}

static int write_one_fd(void *arg)
{
	return rc_write_fd(*(int *)arg, "1", 1);
}

static int give_away(const char *grp)
{
	return chown(grp, RC_USER, RC_USER) ||
	       chown(kill_of(grp), RC_USER, RC_USER) ? -errno : 0;
}

/* Who was given a group kills what is his in it, and what is not is spared. */
TEST_F(kill, delegate)
{
	pid_t own, foreign, root;

	ASSERT_EQ(0, give_away(self->grp));
	own = sleeper_in(self->sub, RC_USER);
	foreign = sleeper_in(self->sub, OTHER_USER);
	root = sleeper_in(self->grp, 0);
	ASSERT_TRUE(own > 0 && foreign > 0 && root > 0);
	EXPECT_EQ(0, rc_run_as(RC_USER, write_one, (void *)self->grp));
	EXPECT_TRUE(killed(own));
	EXPECT_TRUE(untouched(foreign));
	EXPECT_TRUE(untouched(root));
	/* No one else is there any more. */
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, write_one, (void *)self->grp));
	EXPECT_TRUE(untouched(foreign));
	EXPECT_TRUE(untouched(root));
	EXPECT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(killed(foreign));
	EXPECT_TRUE(killed(root));
	EXPECT_EQ(0, rc_run_as(RC_USER, write_one, (void *)self->grp));
}

/* Opens the file of a group as the user, for the caller to use. */
static int open_as_user(const char *grp)
{
	int fd;

	if (syscall(SYS_setresuid, RC_USER, RC_USER, 0))
		return -errno;
	fd = rc_open(kill_of(grp), O_WRONLY);
	return syscall(SYS_setresuid, 0, 0, 0) ? -errno : fd;
}

/* Who has opened the file decides, not who was handed it to write. */
TEST_F(kill, opener_not_writer)
{
	pid_t own, root;
	int fd;

	ASSERT_EQ(0, give_away(self->grp));
	own = sleeper_in(self->grp, RC_USER);
	root = sleeper_in(self->grp, 0);
	ASSERT_TRUE(own > 0 && root > 0);
	fd = open_as_user(self->grp);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, rc_write_fd(fd, "1", 1));
	EXPECT_TRUE(killed(own));
	EXPECT_TRUE(untouched(root));
	EXPECT_EQ(-EACCES, rc_write_fd(fd, "1", 1));
	EXPECT_TRUE(untouched(root));
	close(fd);

	fd = rc_open(kill_of(self->grp), O_WRONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, rc_run_as(OTHER_USER, write_one_fd, &fd));
	EXPECT_TRUE(killed(root));
	close(fd);
}

static int drop_and_write(void *arg)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective &= ~(1U << CAP_KILL);
	if (syscall(SYS_capset, &header, data))
		return -errno;
	return kill_all(arg);
}

/* It is CAP_KILL that lets root kill those of users. */
TEST_F(kill, root_without_cap)
{
	pid_t user = sleeper_in(self->grp, RC_USER), root;

	ASSERT_LT(0, user);
	EXPECT_EQ(-EACCES, rc_run(drop_and_write, (void *)self->grp));
	EXPECT_TRUE(untouched(user));
	root = sleeper_in(self->sub, 0);
	EXPECT_EQ(0, rc_run(drop_and_write, (void *)self->grp));
	EXPECT_TRUE(killed(root));
	EXPECT_TRUE(untouched(user));
}

/* Kernel threads are left alone, and are nobody whom one might not kill. */
TEST_F(kill, kernel_thread)
{
	pid_t kthread = rc_kthread(false), pid = sleeper_in(self->grp, 0);

	ASSERT_LT(0, kthread);
	ASSERT_EQ(0, rc_attach(self->grp, kthread));
	EXPECT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(killed(pid));
	EXPECT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->grp), kthread));
	EXPECT_EQ(0, rc_attach(self->hier, kthread));
}

/*
 * Pid namespaces
 */

/* The first task of all is not killed, whoever writes. */
TEST_F(kill, first_task)
{
	pid_t pid;

	ASSERT_EQ(0, rc_attach(self->grp, 1));
	EXPECT_EQ(-EACCES, kill_all(self->grp));
	pid = sleeper_in(self->grp, 0);
	EXPECT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(killed(pid));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->grp), 1));
	EXPECT_EQ(0, rc_attach(self->hier, 1));
}

/* From outside, a container dies with its init. */
TEST_F(kill, container)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->sub);
	pid_t pid;

	ASSERT_TRUE(!!box);
	pid = rc_box_do(box, rc_box_child, NULL, NULL);
	ASSERT_LT(0, pid);
	ASSERT_EQ(2, rc_count(rc_fmt("%s/tasks", self->sub)));
	ASSERT_EQ(0, kill_all(self->grp));
	EXPECT_TRUE(killed(box->pid));
	EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", self->sub)));
}

/* In a view, init and who is from outside are spared; its top is not its own. */
TEST_F(kill, view)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->grp);
	const char *sub = rc_fmt("%s%s", self->hier, self->sub + strlen(self->grp));
	pid_t foreign = sleeper_in(self->sub, 0), pid;

	ASSERT_TRUE(box && foreign > 0);
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_write, kill_of(self->hier), "1"));
	EXPECT_EQ(-EACCES, rc_box_do(box, rc_box_write, kill_of(sub), "1"));
	pid = rc_box_do(box, rc_box_child, NULL, NULL);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_box_do(box, rc_box_write, rc_fmt("%s/procs", sub),
			       rc_fmt("%d", pid)));
	ASSERT_EQ(0, rc_box_do(box, rc_box_write, rc_fmt("%s/procs", sub), "1"));
	ASSERT_EQ(3, rc_count(rc_fmt("%s/tasks", self->sub)));
	EXPECT_EQ(0, rc_box_do(box, rc_box_write, kill_of(sub), "1"));
	EXPECT_TRUE(RC_WAIT(rc_count(rc_fmt("%s/tasks", self->sub)) == 2));
	EXPECT_TRUE(untouched(foreign));
	EXPECT_TRUE(untouched(box->pid));
	EXPECT_EQ(-EACCES, rc_box_do(box, rc_box_write, kill_of(sub), "1"));
	/* It still does what it is told. */
	EXPECT_LT(0, rc_box_do(box, rc_box_child, NULL, NULL));
}

/* The same by a mount of the container's, for one who has come from outside. */
TEST_F(kill, view_from_outside)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->grp);
	pid_t foreign = sleeper_in(self->sub, 0);
	const char *view;

	ASSERT_TRUE(box && foreign > 0);
	ASSERT_EQ(0, rc_box_do(box, rc_box_write,
			       rc_fmt("%s%s/procs", self->hier,
				      self->sub + strlen(self->grp)), "1"));
	view = rc_fmt("/proc/%d/root%s%s", box->pid, self->hier,
		      self->sub + strlen(self->grp));
	EXPECT_EQ(-EACCES, kill_all(view));
	EXPECT_TRUE(untouched(foreign));
	EXPECT_TRUE(untouched(box->pid));
}

/* As init of a pid namespace that has no mount of proc of its own. */
static int kill_as_init(void *arg)
{
	const char *grp = arg;
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return -errno;
	pid = fork();
	if (!pid) {
		pid_t child = fork();
		int ret;

		if (!child)
			wait_for_end(NULL);
		ret = kill_all(grp);
		if (ret)
			_exit(-ret);
		_exit(waitpid(child, &status, 0) == child &&
		      WIFSIGNALED(status) ? 0 : ECHILD);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -EPIPE;
	return -WEXITSTATUS(status);
}

static int enter_and_kill_as_init(void *arg)
{
	int ret = rc_attach(arg, 0);

	return ret ?: kill_as_init(arg);
}

/* Nobody reaches out of his pid namespace, by whatever mount. */
TEST_F(kill, from_inner_namespace)
{
	pid_t pid = sleeper_in(self->grp, 0);

	ASSERT_LT(0, pid);
	EXPECT_EQ(0, rc_run(enter_and_kill_as_init, (void *)self->grp));
	EXPECT_TRUE(untouched(pid));
}

TEST_HARNESS_MAIN
