// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/rc, and what a task keeps of its groups whatever it does. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

FIXTURE(member)
{
	const char *hier;
	const char *grp;
	/* Line of a member of grp in /proc/PID/rc, and its path alone. */
	char *line;
	const char *path;
};

FIXTURE_SETUP(member)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->path = self->grp + strlen(self->hier);
	self->line = strdup(rc_fmt("%s::%s\n", self->hier + strlen(RC_ROOT "/"),
				   self->path));
}

FIXTURE_TEARDOWN(member)
{
	EXPECT_EQ(0, rc_teardown());
	free(self->line);
}

static bool has_line(const char *file, const char *line)
{
	char *text = rc_text(file), *found = text ? strstr(text, line) : NULL;
	bool ret = found && (found == text || found[-1] == '\n');

	free(text);
	return ret;
}

/* One line a hierarchy: its name, its controllers, the path. */
TEST_F(member, format)
{
	const char *root = rc_fmt("%s::/\n", self->hier + strlen(RC_ROOT "/"));

	EXPECT_TRUE(has_line("/proc/self/rc", root));
	EXPECT_TRUE(has_line("/proc/1/rc", root));
	ASSERT_EQ(0, rc_attach(self->grp, getpid()));
	EXPECT_TRUE(has_line("/proc/self/rc", self->line));
	EXPECT_FALSE(has_line("/proc/self/rc", root));
	EXPECT_TRUE(has_line("/proc/1/rc", root));
}

/* The controllers of a hierarchy stand between its name and the path. */
TEST_F(member, controllers)
{
	const char *hier = rc_cpuacct(), *grp;
	const char *name;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	name = hier + strlen(RC_ROOT "/");
	EXPECT_TRUE(has_line("/proc/self/rc", rc_fmt("%s:cpuacct:/\n", name)));
	ASSERT_EQ(0, rc_attach(grp, getpid()));
	EXPECT_TRUE(has_line("/proc/self/rc",
			     rc_fmt("%s:cpuacct:%s\n", name,
				    grp + strlen(hier))));
	ASSERT_EQ(0, rc_attach(hier, getpid()));
	ASSERT_EQ(0, rc_rmdir(grp));
}

/* Hierarchies stand in the order in which they were made. */
TEST_F(member, order_of_creation)
{
	const char *second = rc_hier_new(), *third = rc_hier_new();
	char *text, *at[3];

	ASSERT_TRUE(second && third);
	/* Whatever slot the first leaves free, it comes last from now on. */
	ASSERT_EQ(0, rc_rmdir(self->grp));
	ASSERT_EQ(0, rc_rmdir(self->hier));
	ASSERT_EQ(0, rc_mkdir(self->hier));
	text = rc_text("/proc/self/rc");
	ASSERT_TRUE(!!text);
	at[0] = strstr(text, second + strlen(RC_ROOT "/"));
	at[1] = strstr(text, third + strlen(RC_ROOT "/"));
	at[2] = strstr(text, self->hier + strlen(RC_ROOT "/"));
	ASSERT_TRUE(at[0] && at[1] && at[2]);
	EXPECT_TRUE(at[0] < at[1]);
	EXPECT_TRUE(at[1] < at[2]);
	free(text);
}

/* A path is shown as it is, with colons, blanks and commas. */
TEST_F(member, odd_path)
{
	const char *sub = strdup(rc_fmt("%s/a b:c,d: e", self->grp));

	ASSERT_EQ(0, rc_mkdir(sub));
	ASSERT_EQ(0, rc_attach(sub, getpid()));
	EXPECT_STREQ(rc_fmt("%s/a b:c,d: e", self->path),
		     rc_where(getpid(), self->hier));
}

/* A path longer than a page is shown whole. */
TEST_F(member, long_path)
{
	char name[200], *text, *end;
	int depth, dir = open(self->grp, O_RDONLY | O_DIRECTORY), next, fd;

	ASSERT_LE(0, dir);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (depth = 2; depth <= 32; depth++) {
		ASSERT_EQ(0, mkdirat(dir, name, 0755));
		next = openat(dir, name, O_RDONLY | O_DIRECTORY);
		ASSERT_LE(0, next);
		close(dir);
		dir = next;
	}
	fd = openat(dir, "tasks", O_WRONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_write_fd(fd, "0", 1));
	text = rc_text("/proc/self/rc");
	ASSERT_TRUE(!!text);
	end = strstr(text, self->path);
	ASSERT_TRUE(!!end);
	end += strlen(self->path);
	EXPECT_EQ(31 * (int)sizeof(name), (int)strcspn(end, "\n"));
	free(text);
	EXPECT_EQ(0, rc_attach(self->hier, getpid()));
	for (depth = 2; depth <= 32; depth++) {
		next = openat(dir, "..", O_RDONLY | O_DIRECTORY);
		ASSERT_LE(0, next);
		ASSERT_EQ(0, unlinkat(next, name, AT_REMOVEDIR));
		close(dir);
		dir = next;
	}
}

/* Memberships in two hierarchies do not depend on each other. */
TEST_F(member, two_hierarchies)
{
	const char *hier = rc_hier_new(), *grp;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, rc_attach(self->grp, getpid()));
	EXPECT_STREQ("/", rc_where(getpid(), hier));
	ASSERT_EQ(0, rc_attach(grp, getpid()));
	EXPECT_STREQ(self->path, rc_where(getpid(), self->hier));
	EXPECT_STREQ(grp + strlen(hier), rc_where(getpid(), hier));
	ASSERT_EQ(0, rc_attach(self->hier, getpid()));
	EXPECT_STREQ("/", rc_where(getpid(), self->hier));
	EXPECT_STREQ(grp + strlen(hier), rc_where(getpid(), hier));
}

/* All mounts of the file agree, and no piece of it gets lost. */
TEST_F(member, pieces)
{
	char *whole = rc_text("/proc/self/rc"), buf[4096];
	int fd = rc_open("/proc/self/rc", O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(!!whole);
	EXPECT_EQ((int)strlen(whole), rc_read_fd(fd, buf, sizeof(buf), 1));
	EXPECT_STREQ(whole, buf);
	close(fd);
	free(whole);
}

/* A zombie has let go of its groups. */
TEST_F(member, zombie)
{
	pid_t pid = rc_sleeper();
	int fd = rc_open(rc_fmt("/proc/%d/rc", pid), O_RDONLY);
	char buf[64];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(pid));
	EXPECT_EQ(0, rc_read(rc_fmt("/proc/%d/rc", pid), buf, sizeof(buf)));
	EXPECT_EQ(0, rc_read_fd(fd, buf, sizeof(buf), sizeof(buf)));
	close(fd);
}

/* The file of a task that has gone gives ESRCH. */
TEST_F(member, gone)
{
	pid_t pid = rc_sleeper();
	int fd = rc_open(rc_fmt("/proc/%d/rc", pid), O_RDONLY);
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_kill(pid));
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(ESRCH, errno);
	close(fd);
}

/* Nobody writes into it. */
TEST_F(member, read_only)
{
	char *before = rc_snapshot(self->hier);
	int fd = rc_open("/proc/self/rc", O_WRONLY);

	/* Root may open whatever the mode says; the file has no write. */
	if (fd >= 0) {
		EXPECT_GT(0, rc_write_fd(fd, "/", 1));
		close(fd);
	}
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

/* A move changes the groups and nothing else of a task's namespaces. */
TEST_F(member, namespaces_stay)
{
	pid_t pid = rc_sleeper();
	const char *links = strdup(rc_ns_links(pid));

	ASSERT_EQ(0, rc_attach(self->grp, getpid()));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_STREQ(links, rc_ns_links(pid));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_STREQ(links, rc_ns_links(pid));
}

struct host {
	long step;
	char name[65];
};

static int rename_host(void *arg)
{
	struct host *host = arg;

	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS) ||
	    sethostname("ksft-moved", strlen("ksft-moved")))
		return -errno;
	rc_set(&host->step, 1);
	if (!RC_WAIT(rc_get(&host->step) == 2))
		return -ETIMEDOUT;
	if (gethostname(host->name, sizeof(host->name)))
		return -errno;
	rc_set(&host->step, 3);
	while (pause())
		;
	return -EINTR;
}

/* A task with its own namespaces keeps them beside others in the group. */
TEST_F(member, host_name)
{
	struct host *host = rc_shared(sizeof(*host));
	char ours[65], after[65];
	const char *links;
	pid_t pid;

	ASSERT_TRUE(!!host);
	ASSERT_EQ(0, gethostname(ours, sizeof(ours)));
	ASSERT_EQ(0, rc_attach(self->grp, getpid()));
	pid = rc_spawn(rename_host, host);
	ASSERT_TRUE(RC_WAIT(rc_get(&host->step) == 1));
	links = strdup(rc_ns_links(pid));
	EXPECT_TRUE(strcmp(links, rc_ns_links(getpid())));
	ASSERT_EQ(0, rc_attach(self->hier, pid));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_STREQ(links, rc_ns_links(pid));
	rc_set(&host->step, 2);
	ASSERT_TRUE(RC_WAIT(rc_get(&host->step) == 3));
	EXPECT_STREQ("ksft-moved", host->name);
	ASSERT_EQ(0, gethostname(after, sizeof(after)));
	EXPECT_STREQ(ours, after);
}

struct leavers {
	const char *grp;
	long answers;
	long result;
	long listed;
};

/* Leaves the namespace in which it was moved, and stays in the group. */
static int leave_namespace(void *arg)
{
	struct leavers *leavers = arg;
	int err;

	err = unshare(CLONE_NEWUTS) ? -errno : rc_attach(leavers->grp, 0);
	if (!err && unshare(CLONE_NEWUTS))
		err = -errno;
	rc_set(&leavers->result, err);
	rc_inc(&leavers->answers);
	while (!err && pause())
		;
	return err;
}

#define NR_LEAVERS	20

static int leave_namespaces(void *arg)
{
	struct leavers *leavers = arg;
	int i, err;

	/* One each, and one more for who is just making his second. */
	err = rc_write("/proc/sys/user/max_uts_namespaces",
		       rc_fmt("%d", NR_LEAVERS + 1));
	for (i = 0; i < NR_LEAVERS && !err; i++) {
		rc_spawn(leave_namespace, leavers);
		if (!RC_WAIT(rc_get(&leavers->answers) == i + 1))
			return -ETIMEDOUT;
		err = rc_get(&leavers->result);
	}
	leavers->listed = rc_count(rc_fmt("%s/tasks", leavers->grp));
	return err;
}

/* What a group knows of tasks that have other namespaces by now keeps no old one. */
TEST_F(member, namespaces_end)
{
	struct leavers *leavers = rc_shared(sizeof(*leavers));

	ASSERT_TRUE(!!leavers);
	leavers->grp = self->grp;
	EXPECT_EQ(0, rc_run_in_user_ns(leave_namespaces, leavers));
	EXPECT_EQ(NR_LEAVERS, leavers->listed);
	EXPECT_TRUE(RC_WAIT(!rc_count(rc_fmt("%s/tasks", self->grp))));
}

/* A kernel thread that was moved keeps its group over time. */
TEST_F(member, kthread)
{
	pid_t kthread = rc_kthread(false);
	const char *links;

	ASSERT_LT(0, kthread);
	links = strdup(rc_ns_links(kthread));
	ASSERT_EQ(0, rc_attach(self->grp, kthread));
	EXPECT_TRUE(has_line(rc_fmt("/proc/%d/rc", kthread), self->line));
	EXPECT_STREQ(links, rc_ns_links(kthread));
	ASSERT_EQ(0, rc_attach(self->hier, kthread));
}

/*
 * What a member does on its own.  Each returns 0 when what it made, or what
 * it has become, is still in the group.
 */
struct act {
	const char *hier;
	const char *path;
	pid_t other;
};

static int check_self(const struct act *act)
{
	const char *path = rc_where_file("/proc/thread-self/rc", act->hier);

	return strcmp(act->path, path) ? -EBADMSG : 0;
}

static int check_child(const struct act *act, pid_t pid)
{
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(-check_self(act));
	return rc_reap(pid);
}

static int do_fork(const struct act *act)
{
	return check_child(act, fork());
}

static int do_clone(const struct act *act, unsigned long flags)
{
	return check_child(act, syscall(SYS_clone, flags | SIGCHLD, NULL, NULL,
					NULL, NULL));
}

static int do_vfork(const struct act *act)
{
	return do_clone(act, CLONE_VFORK);
}

static int do_clone_ns(const struct act *act)
{
	return do_clone(act, CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			CLONE_NEWNS);
}

static int do_clone_pid_ns(const struct act *act)
{
	return do_clone(act, CLONE_NEWPID);
}

static int do_clone_user_ns(const struct act *act)
{
	return do_clone(act, CLONE_NEWUSER);
}

static int do_clone3(const struct act *act)
{
	struct clone_args args = {
		.flags = CLONE_NEWUTS | CLONE_CLEAR_SIGHAND,
		.exit_signal = SIGCHLD,
	};

	return check_child(act, syscall(SYS_clone3, &args, sizeof(args)));
}

static void *check_thread(void *arg)
{
	return (void *)(long)check_self(arg);
}

static int do_thread(const struct act *act)
{
	pthread_t thread;
	void *ret;

	if (pthread_create(&thread, NULL, check_thread, (void *)act) ||
	    pthread_join(thread, &ret))
		return -EAGAIN;
	return (long)ret;
}

static int do_unshare(const struct act *act)
{
	int ret = unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			  CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWTIME);

	return ret ? -errno : check_self(act) ?: do_fork(act);
}

static int do_unshare_user(const struct act *act)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWUTS) ? -errno : check_self(act);
}

static int do_setns(const struct act *act)
{
	int fd = rc_open(rc_fmt("/proc/%d/ns/uts", act->other), O_RDONLY);

	if (fd < 0)
		return fd;
	return setns(fd, CLONE_NEWUTS) ? -errno : check_self(act);
}

static int do_setns_pidfd(const struct act *act)
{
	int fd = syscall(SYS_pidfd_open, act->other, 0);

	if (fd < 0)
		return -errno;
	return setns(fd, CLONE_NEWUTS | CLONE_NEWIPC) ? -errno :
							 check_self(act);
}

/* The test program itself, told to do no more than to look. */
static int exec_checker(const struct act *act)
{
	execl("/proc/self/exe", "checker", "--check", act->hier, act->path,
	      NULL);
	return -errno;
}

static int do_exec_time_ns(const struct act *act)
{
	return unshare(CLONE_NEWTIME) ? -errno : exec_checker(act);
}

static int do_daemonize(const struct act *act)
{
	int ends[2];
	char ret = EPIPE;
	pid_t pid;

	if (pipe(ends))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		if (setsid() < 0 || fork())
			_exit(0);
		ret = -check_self(act);
		_exit(write(ends[1], &ret, 1) != 1);
	}
	close(ends[1]);
	if (rc_reap(pid) || read(ends[0], &ret, 1) != 1)
		return -EPIPE;
	return -ret;
}

FIXTURE(keep)
{
	const char *hier;
	const char *grp;
};

FIXTURE_VARIANT(keep)
{
	int (*fn)(const struct act *act);
};

FIXTURE_VARIANT_ADD(keep, fork) { do_fork };
FIXTURE_VARIANT_ADD(keep, vfork) { do_vfork };
FIXTURE_VARIANT_ADD(keep, clone_ns) { do_clone_ns };
FIXTURE_VARIANT_ADD(keep, clone_pid_ns) { do_clone_pid_ns };
FIXTURE_VARIANT_ADD(keep, clone_user_ns) { do_clone_user_ns };
FIXTURE_VARIANT_ADD(keep, clone3) { do_clone3 };
FIXTURE_VARIANT_ADD(keep, thread) { do_thread };
FIXTURE_VARIANT_ADD(keep, unshare) { do_unshare };
FIXTURE_VARIANT_ADD(keep, unshare_user) { do_unshare_user };
FIXTURE_VARIANT_ADD(keep, setns) { do_setns };
FIXTURE_VARIANT_ADD(keep, setns_pidfd) { do_setns_pidfd };
FIXTURE_VARIANT_ADD(keep, exec) { exec_checker };
FIXTURE_VARIANT_ADD(keep, exec_time_ns) { do_exec_time_ns };
FIXTURE_VARIANT_ADD(keep, daemonize) { do_daemonize };

FIXTURE_SETUP(keep)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(keep)
{
	EXPECT_EQ(0, rc_teardown());
}

struct keeper {
	const char *grp;
	struct act act;
	int (*fn)(const struct act *act);
};

static int enter_and_act(void *arg)
{
	const struct keeper *keeper = arg;

	return rc_attach(keeper->grp, 0) ?: keeper->fn(&keeper->act);
}

static int sleep_in_namespaces(void *arg)
{
	long *ready = arg;

	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC))
		return -errno;
	rc_set(ready, 1);
	while (pause())
		;
	return -EINTR;
}

/* What a member starts or becomes is a member; when all end, none is left. */
TEST_F(keep, membership)
{
	struct keeper keeper = {
		.grp = self->grp,
		.act = {
			.hier = self->hier,
			.path = self->grp + strlen(self->hier),
		},
		.fn = variant->fn,
	};
	long *ready = rc_shared(sizeof(*ready));

	ASSERT_TRUE(!!ready);
	keeper.act.other = rc_spawn(sleep_in_namespaces, ready);
	ASSERT_TRUE(RC_WAIT(rc_get(ready)));
	EXPECT_EQ(0, rc_run(enter_and_act, &keeper));
	EXPECT_TRUE(RC_WAIT(rc_count(rc_fmt("%s/tasks", self->grp)) == 0));
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--check")) {
		struct act act = { .hier = argv[2], .path = argv[3] };

		return -check_self(&act);
	}
	return test_harness_run(argc, argv);
}
