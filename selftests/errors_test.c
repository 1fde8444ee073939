// SPDX-License-Identifier: GPL-2.0
/* /proc/rc/errors: each refusal that is promised says why. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "errors_util.h"
#include "rc_util.h"

FIXTURE(errors)
{
	int unused;
};

FIXTURE_SETUP(errors)
{
	ASSERT_EQ(0, begin());
}

FIXTURE_TEARDOWN(errors)
{
	EXPECT_EQ(0, rc_teardown());
}

/*
 * The table of errors: what is tried, by whom, what it says. In the text, %1 stands for
 * what the operation has put into arg, %2 and %3 for names of groups and %4 for a task;
 * * for anything.
 */
static char arg[1024];

static int with_nul(void)
{
	int fd = rc_open(rc_fmt("%s/notify_on_release", at->grp), O_WRONLY), ret;

	if (fd < 0)
		return fd;
	ret = write(fd, "1\0001", 3) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int only_shown(void)
{
	return rc_write(rc_fmt("%s/events", at->grp), "1");
}

static int kill_as_user(void *unused)
{
	return rc_write(rc_fmt("%s/kill", at->mine), "1");
}

static int write_as_user(void *unused)
{
	return rc_write(rc_fmt("%s/tasks", at->grp), "0");
}

static int no_mode(void)
{
	return rc_run_as(RC_USER, write_as_user, NULL);
}

static int make_as_user(void *unused)
{
	return rc_mkdir(rc_fmt("%s/x", at->grp));
}

static int no_dir_mode(void)
{
	return rc_run_as(RC_USER, make_as_user, NULL);
}

static int spared(void)
{
	if (chown(rc_fmt("%s/kill", at->mine), RC_USER, RC_USER))
		return -errno;
	return rc_attach(at->mine, at->pid) ?: rc_run_as(RC_USER, kill_as_user, NULL);
}

static int leave_as_user(void *unused)
{
	int ret = rc_attach(at->grp, 0);

	if (!ret && setresuid(RC_USER, RC_USER, RC_USER))
		ret = -errno;
	return ret ?: rc_write(rc_fmt("%s/tasks", at->mine), "0");
}

static int kept(void)
{
	sprintf(arg, "%s", path_of(at->grp));
	return rc_run(leave_as_user, NULL);
}

static int exchanged(void)
{
	return renameat2(AT_FDCWD, at->grp, AT_FDCWD, at->mine, RENAME_EXCHANGE) ? -errno : 0;
}

static int file_renamed(void)
{
	return rename(rc_fmt("%s/tasks", at->grp), rc_fmt("%s/x", at->grp)) ? -errno : 0;
}

static int bad_limit(void)
{
	return rc_write(rc_fmt("%s/pids.max", rc_group_new(rc_bound_new("pids"))), "4194305");
}

static int bad_weight(void)
{
	return rc_write(rc_fmt("%s/cpu.weight", rc_group_new(rc_bound_new("cpu"))), "0");
}

static int bad_quota(void)
{
	return rc_write(rc_fmt("%s/cpu.max", rc_group_new(rc_bound_new("cpu"))), "999 100000");
}

static int bad_period(void)
{
	return rc_write(rc_fmt("%s/cpu.max", rc_group_new(rc_bound_new("cpu"))), "max 500");
}

static int idle_weight(void)
{
	const char *grp = rc_group_new(rc_bound_new("cpu"));

	return rc_write(rc_fmt("%s/cpu.idle", grp), "1") ?:
	       rc_write(rc_fmt("%s/cpu.weight", grp), "100");
}

static int too_long(void)
{
	static char text[5000];

	memset(text, '1', sizeof(text) - 1);
	return rc_write(rc_fmt("%s/tasks", at->grp), text);
}

static int others_task(void)
{
	sprintf(arg, "%d", at->pid);
	return rc_run_as(RC_USER, as_user, NULL);
}

static int make_hier(void *unused)
{
	return rc_mkdir(RC_ROOT "/ksft-0-0");
}

static int no_cap(void)
{
	return rc_run_uncapped(make_hier, NULL);
}

static int bound_kthread(void)
{
	pid_t pid = rc_kthread(true);

	sprintf(arg, "%d", pid);
	return rc_attach(at->grp, pid);
}

static int has_tasks(void)
{
	return rc_attach(at->grp, at->pid) ?: rc_rmdir(at->grp);
}

static int has_groups(void)
{
	return rc_mkdir(rc_fmt("%s/below", at->grp)) ?: rc_rmdir(at->grp);
}

static int hierarchy_has_groups(void)
{
	return rc_rmdir(at->hier);
}

static int rebind_with_groups(void)
{
	return rc_write(rc_fmt("%s/subsystems", at->hier), "cpuacct");
}

static int bound_elsewhere(void)
{
	const char *cpuacct = rc_cpuacct(), *other = rc_hier_new();

	sprintf(arg, "%s", path_of(cpuacct));
	return rc_write(rc_fmt("%s/subsystems", other), "cpuacct");
}

static int no_controller(void)
{
	return rc_write(rc_fmt("%s/subsystems", rc_hier_new()), "cpuacct nothing");
}

static int taken(void)
{
	return rc_mkdir(at->grp);
}

static int taken_by_rename(void)
{
	return rename(at->grp, at->mine) ? -errno : 0;
}

static int bad_name(void)
{
	return rc_mkdir(rc_fmt("%s/a\nb", at->grp));
}

static int bad_hierarchy(void)
{
	return rc_mkdir(RC_ROOT "/a:b");
}

static int long_name(void)
{
	return rc_mkdir(rc_fmt("%s/%0300d", at->grp, 0));
}

static int too_deep(void)
{
	char path[512];
	int ret = 0, i, len = sprintf(path, "%s", at->hier);

	for (i = 0; i < 33 && !ret; i++) {
		len += sprintf(path + len, "/d");
		ret = rc_mkdir(path);
	}
	return ret;
}

static int no_slot(void)
{
	int i;

	for (i = 0; i < 64; i++)
		if (!rc_hier_new())
			return -errno;
	return 0;
}

static int removed(void)
{
	int fd = rc_open(rc_fmt("%s/notify_on_release", at->grp), O_WRONLY), ret;

	ret = fd < 0 ? fd : rc_rmdir(at->grp);
	if (!ret)
		ret = write(fd, "1", 1) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int across(void)
{
	return rename(at->grp, rc_fmt("%s/x", at->mine)) ? -errno : 0;
}

static int limit(const char *file, const char *what)
{
	char *old = rc_text(file);
	int ret = rc_write(file, "0"), fd;
	char c;

	if (!ret && !strcmp(what, "groups")) {
		ret = rc_mkdir(rc_fmt("%s/x", at->grp));
	} else if (!ret) {
		fd = rc_open(rc_fmt("%s/tasks", at->grp), O_RDONLY);
		ret = read(fd, &c, 1) < 0 ? -errno : 0;
		close(fd);
	}
	return rc_write(file, old) ?: ret;
}

static int groups_limit(void)
{
	return limit("/proc/sys/user/max_rc_groups", "groups");
}

static int lists_limit(void)
{
	return limit("/proc/sys/user/max_rc_lists", "lists");
}

static int empty_set(void)
{
	const char *hier = rc_bound_new("cpuset");

	return rc_attach(rc_group_new(hier), at->pid);
}

static int set_not_within(void)
{
	const char *grp = rc_group_new(rc_bound_new("cpuset")), *below;

	below = rc_group_new(grp);
	return rc_write(rc_fmt("%s/cpus", grp), "0") ?: rc_write(rc_fmt("%s/cpus", below), "0-1");
}

static int set_conflict(void)
{
	const char *hier = rc_bound_new("cpuset"), *a = rc_group_new(hier);
	const char *b = rc_group_new(hier);

	sprintf(arg, "%s", path_of(a));
	return rc_write(rc_fmt("%s/cpus", a), "0") ?:
	       rc_write(rc_fmt("%s/cpu_exclusive", a), "1") ?:
	       rc_write(rc_fmt("%s/cpus", b), "0");
}

static int set_below(void)
{
	const char *hier = rc_bound_new("cpuset"), *a = rc_group_new(hier);
	const char *b = rc_group_new(a);

	sprintf(arg, "%s", path_of(b));
	return rc_write(rc_fmt("%s/cpus", a), "0-1") ?: rc_write(rc_fmt("%s/cpus", b), "1") ?:
	       rc_write(rc_fmt("%s/cpus", a), "0");
}

static int fork_in(void *grp)
{
	pid_t pid;
	int ret = rc_attach(grp, 0);

	if (ret)
		return ret;
	pid = fork();
	if (!pid)
		_exit(0);
	return pid < 0 ? -errno : 0;
}

static int fork_limit(void)
{
	const char *grp = rc_group_new(rc_bound_new("pids"));

	sprintf(arg, "%s", path_of(grp));
	return rc_write(rc_fmt("%s/pids.max", grp), "1") ?: rc_run(fork_in, (void *)grp);
}

static const struct refusal {
	const char *name;
	int (*op)(void);
	int err;
	/* Of the group; "" is @grp, and NULL what the operation cannot tell. */
	const char *path;
	const char *text;
	const char *subsys;
} refusals[] = {
	{ "bad value", bad_value, -EINVAL, "",
	  "notify_on_release x\\033 y: no value that can be written there" },
	{ "NUL", with_nul, -EINVAL, "", "notify_on_release 1: there is a NUL in it" },
	{ "only shown", only_shown, -EINVAL, "", "events 1: it cannot be written" },
	{ "mode", no_mode, -EACCES, "", "tasks: no permission to write" },
	{ "directory's mode", no_dir_mode, -EACCES, "", "directory: no permission to write" },
	{ "spared", spared, -EACCES, NULL, "kill 1: none of its tasks may be signalled" },
	{ "kept", kept, -EACCES, NULL,
	  "tasks 0: no permission to write to tasks of %1" },
	{ "exchanged", exchanged, -EINVAL, NULL, "rename %3: names are not exchanged" },
	{ "a file renamed", file_renamed, -EPERM, "", "rename x: a file has its name for good" },
	{ "too long", too_long, -E2BIG, "", "tasks: longer than the file can mean" },
	{ "no task", no_task, -ESRCH, "", "tasks 999999999: no such task, or it is exiting" },
	{ "other's task", others_task, -EACCES, NULL, "tasks %1: a task of another user" },
	{ "no capability", no_cap, -EPERM, "-",
	  "mkdir ksft-0-0: only for CAP_SYS_ADMIN in the initial user namespace" },
	{ "bound kthread", bound_kthread, -EINVAL, "",
	  "tasks %1: a kernel thread that is bound to its CPU, or kthreadd" },
	{ "has tasks", has_tasks, -EBUSY, "", "rmdir: there are tasks in it" },
	{ "has groups", has_groups, -EBUSY, "", "rmdir: there are groups below it" },
	{ "hierarchy has groups", hierarchy_has_groups, -EBUSY, NULL,
	  "rmdir: there are groups below it" },
	{ "rebinding", rebind_with_groups, -EBUSY, NULL,
	  "subsystems cpuacct: the hierarchy has groups" },
	{ "bound elsewhere", bound_elsewhere, -EBUSY, NULL,
	  "subsystems cpuacct: cpuacct is bound to %1" },
	{ "unknown controller", no_controller, -ENOENT, NULL,
	  "subsystems cpuacct nothing: not all are controllers" },
	{ "taken", taken, -EEXIST, NULL, "make %2: the name is taken" },
	{ "taken by rename", taken_by_rename, -EEXIST, "", "rename %3: the name is taken" },
	{ "bad name", bad_name, -EINVAL, "",
	  "mkdir a\\012b: a name has no control characters" },
	{ "bad hierarchy", bad_hierarchy, -EINVAL, "-",
	  "mkdir a:b: a hierarchy's name has no control characters, blanks and colons" },
	{ "long name", long_name, -ENAMETOOLONG, "",
	  "make 0000*0000: the name is too long" },
	{ "too deep", too_deep, -ENOSPC, NULL, "mkdir d: deeper than 32" },
	{ "no slot", no_slot, -ENOSPC, "-", "mkdir *: there are 8 hierarchies already" },
	{ "removed", removed, -ENODEV, "?", "notify_on_release 1: the group was removed" },
	{ "across", across, -EPERM, "", "rename x: not within its directory" },
	{ "groups", groups_limit, -ENOSPC, "",
	  "mkdir x: more than the user may have (/proc/sys/user/max_rc_groups)" },
	{ "lists", lists_limit, -ENOSPC, "",
	  "tasks: more than the user may have (/proc/sys/user/max_rc_lists)" },
	{ "empty set", empty_set, -ENOSPC, NULL, "tasks %4: the set has no CPU", "cpuset" },
	{ "not within", set_not_within, -EACCES, NULL,
	  "cpus 0-1: not within the parent's 0", "cpuset" },
	{ "exclusive", set_conflict, -EINVAL, NULL,
	  "cpus 0: one of the two is exclusive, and it overlaps %1", "cpuset" },
	{ "set below", set_below, -EBUSY, NULL, "cpus 0: less than there is in %1", "cpuset" },
	{ "limit", bad_limit, -EINVAL, NULL,
	  "pids.max 4194305: no number up to 4194304, nor \"max\"", "pids" },
	{ "weight", bad_weight, -ERANGE, NULL, "cpu.weight 0: not from 1 to 10000", "cpu" },
	{ "quota", bad_quota, -EINVAL, NULL, "cpu.max 999 100000: not less than 1000", "cpu" },
	{ "period", bad_period, -EINVAL, NULL,
	  "cpu.max max 500: a period is 1000 to 1000000", "cpu" },
	{ "idle", idle_weight, -EINVAL, NULL,
	  "cpu.weight 100: an idle group has no weight", "cpu" },
	{ "fork", fork_limit, -EAGAIN, NULL, "fork: pids.max 1 of %1", "pids" },
};

/* With what the row leaves open filled in. */
static const char *expected(const struct refusal *row)
{
	const char *in = strchr(row->text, '%');
	const char *by = arg;

	if (!in)
		return row->text;
	if (in[1] == '2')
		by = strrchr(at->grp, '/') + 1;
	else if (in[1] == '3')
		by = strrchr(at->mine, '/') + 1;
	else if (in[1] == '4')
		by = rc_fmt("%d", at->pid);
	return rc_fmt("%.*s%s%s", (int)(in - row->text), row->text, by, in + 2);
}

static bool matches(const char *text, const char *want)
{
	const char *any = strchr(want, '*');
	size_t len, rest;

	if (!any)
		return !strcmp(text, want);
	len = strlen(text);
	rest = strlen(any + 1);
	return len >= rest && !strncmp(text, want, any - want) &&
	       !strcmp(text + len - rest, any + 1);
}

/* Each row in its turn, in a place of its own. */
TEST_F(errors, each)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *row = &refusals[i];
		struct line line = { }, before = { };
		int nr, ret;

		if (row->subsys && !rc_has_subsys(row->subsys))
			continue;
		nr = look(0, &before);
		ASSERT_LE(0, nr);
		ret = row->op();
		EXPECT_EQ(row->err, ret) {
			TH_LOG("%s: %d", row->name, ret);
		}
		ASSERT_LT(0, look(0, &line));
		EXPECT_TRUE(matches(line.text, expected(row))) {
			TH_LOG("%s: \"%s\", not \"%s\"", row->name, line.text, expected(row));
		}
		if (row->path && (!*row->path || row->path[1] == '\0')) {
			const char *path = *row->path ? row->path : strdup(path_of(at->grp));

			EXPECT_STREQ(path, line.path);
		}
		EXPECT_STREQ("errors_test", line.comm);
		/* From the beginning for the next. */
		ASSERT_EQ(0, rc_teardown());
		ASSERT_EQ(0, begin());
	}
}

static int user_asks(void *unused)
{
	return access(rc_fmt("%s/tasks", at->grp), W_OK) ? -errno : 0;
}

/* What went well leaves no line, nor what has failed inside of it, nor a question. */
TEST_F(errors, success)
{
	struct line line;
	int nr = look(0, &line);

	ASSERT_LE(0, nr);
	EXPECT_EQ(0, rc_mkdir(rc_fmt("%s/x", at->grp)));
	EXPECT_EQ(0, rc_attach(at->grp, at->pid));
	EXPECT_EQ(0, rc_write(rc_fmt("%s/notify_on_release", at->grp), "1"));
	EXPECT_EQ(0, rc_rmdir(rc_fmt("%s/x", at->grp)));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, user_asks, NULL));
	EXPECT_EQ(nr, look(0, &line));
}

/* Fork refuses with siglock held, which a timer's interrupt takes: lockdep looks on. */
TEST_F(errors, fork_and_timer)
{
	struct itimerval soon = { .it_value.tv_usec = 1000 };
	struct line line;
	sigset_t set;
	int got;

	if (!rc_has_subsys("pids"))
		SKIP(return, "no pids");
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	ASSERT_EQ(0, sigwait(&set, &got));
	EXPECT_EQ(-EAGAIN, fork_limit());
	ASSERT_LT(0, look(0, &line));
	EXPECT_STREQ("errors_test", line.comm);
}

TEST_HARNESS_MAIN
