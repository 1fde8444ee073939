// SPDX-License-Identifier: GPL-2.0
/* CPU time that the tasks of a group have used. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

/* Between two readings, of two clocks: a tick, a switch, slow emulation. */
#define SLACK_MS 60

struct stat_file {
	unsigned long long usage;
	unsigned long long user;
	unsigned long long system;
};

FIXTURE(cpuacct)
{
	const char *hier;
	const char *a;
	const char *b;
};

FIXTURE_SETUP(cpuacct)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_cpuacct();
	ASSERT_TRUE(!!self->hier);
	self->a = rc_group_new(self->hier);
	self->b = rc_group_new(self->hier);
	ASSERT_TRUE(self->a && self->b);
}

FIXTURE_TEARDOWN(cpuacct)
{
	EXPECT_EQ(0, rc_attach(self->hier, getpid()));
	EXPECT_EQ(0, rc_teardown());
}

static long usage_ms(const char *grp)
{
	return rc_number(rc_fmt("%s/cpuacct.usage", grp));
}

static long load_percent(const char *grp)
{
	return rc_number(rc_fmt("%s/cpuacct.load", grp));
}

static int read_stat(const char *grp, struct stat_file *st)
{
	char *text = rc_text(rc_fmt("%s/cpuacct.stat", grp)), end;
	int fields;

	if (!text)
		return -errno;
	fields = sscanf(text, "usage_usec %llu\nuser_usec %llu\nsystem_usec %llu%c",
			&st->usage, &st->user, &st->system, &end);
	if (fields == 4 && strcmp(strrchr(text, '\n'), "\n"))
		fields = 0;
	free(text);
	return fields == 4 && end == '\n' ? 0 : -EBADMSG;
}

/* CPU time of a process in ms; it does not run while it is stopped. */
static long stop_and_time(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;
	int status;

	if (kill(pid, SIGSTOP) || waitpid(pid, &status, WUNTRACED) != pid ||
	    clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		return -1;
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A new group has used nothing; each file is numbers and a newline. */
TEST_F(cpuacct, new_group)
{
	struct stat_file st = { 1, 1, 1 };

	EXPECT_EQ(0, usage_ms(self->a));
	EXPECT_EQ(0, load_percent(self->a));
	ASSERT_EQ(0, read_stat(self->a, &st));
	EXPECT_EQ(0, (long)st.usage);
	EXPECT_EQ(0, (long)st.user);
	EXPECT_EQ(0, (long)st.system);
}

/* The files are for reading. */
TEST_F(cpuacct, read_only)
{
	int fd = rc_open(rc_fmt("%s/cpuacct.usage", self->a), O_WRONLY);

	/* Root may open whatever the mode says; the file has no write. */
	if (fd >= 0) {
		EXPECT_GT(0, rc_write_fd(fd, "1", 1));
		close(fd);
	}
	EXPECT_EQ(0, usage_ms(self->a));
}

/* A running task is charged to its group and all above, not beside it. */
TEST_F(cpuacct, ancestors)
{
	const char *sub = rc_group_new(self->a);
	long top = usage_ms(self->hier);
	pid_t pid = rc_spinner();

	ASSERT_TRUE(!!sub);
	ASSERT_EQ(0, rc_attach(sub, pid));
	EXPECT_TRUE(RC_WAIT(usage_ms(sub) >= 300));
	EXPECT_LE(300, usage_ms(self->a));
	EXPECT_LE(top + 300, usage_ms(self->hier));
	EXPECT_EQ(0, usage_ms(self->b));
	EXPECT_LE(0, stop_and_time(pid));
	EXPECT_LE(usage_ms(sub), usage_ms(self->a));
}

/* Usage is in milliseconds and equals what the process's clock says. */
TEST_F(cpuacct, same_as_clock)
{
	pid_t pid = rc_spinner();
	long clock, charged;

	clock = stop_and_time(pid);
	ASSERT_LE(0, clock);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_TRUE(RC_WAIT(usage_ms(self->a) >= 1000));
	clock = stop_and_time(pid) - clock;
	charged = usage_ms(self->a);
	EXPECT_LE(clock - SLACK_MS, charged);
	EXPECT_GE(clock + SLACK_MS, charged);
}

/* A task pays to the group in which it was when it ran. */
TEST_F(cpuacct, moved_while_running)
{
	pid_t pid = rc_spinner();
	long clock, a;

	clock = stop_and_time(pid);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_TRUE(RC_WAIT(usage_ms(self->a) >= 300));
	ASSERT_EQ(0, rc_attach(self->b, pid));
	ASSERT_TRUE(RC_WAIT(usage_ms(self->b) >= 300));
	clock = stop_and_time(pid) - clock;
	a = usage_ms(self->a);
	EXPECT_LE(clock - SLACK_MS, a + usage_ms(self->b));
	EXPECT_GE(clock + SLACK_MS, a + usage_ms(self->b));
	/* The group that was left pays no more. */
	ASSERT_EQ(0, kill(pid, SIGCONT));
	clock = usage_ms(self->b);
	ASSERT_TRUE(RC_WAIT(usage_ms(self->b) >= clock + 300));
	EXPECT_EQ(a, usage_ms(self->a));
}

/* Many short stays add up: moves lose nothing and charge nothing twice. */
TEST_F(cpuacct, moved_often)
{
	pid_t pid = rc_spinner();
	long clock, charged;
	int i;

	clock = stop_and_time(pid);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	for (i = 0; i < 500; i++)
		ASSERT_EQ(0, rc_attach(i % 2 ? self->a : self->b, pid));
	ASSERT_TRUE(RC_WAIT(usage_ms(self->a) + usage_ms(self->b) >= 300));
	clock = stop_and_time(pid) - clock;
	charged = usage_ms(self->a) + usage_ms(self->b);
	EXPECT_LE(clock - SLACK_MS, charged);
	EXPECT_GE(clock + SLACK_MS, charged);
}

/* Usage never goes down, and what a removed child had used stays above. */
TEST_F(cpuacct, removed_children)
{
	long sum = 0, last = 0;
	int i;

	for (i = 0; i < 10; i++) {
		const char *sub = rc_group_new(self->a);
		pid_t pid = rc_spinner();
		long now;

		ASSERT_TRUE(!!sub);
		ASSERT_EQ(0, rc_attach(sub, pid));
		ASSERT_TRUE(RC_WAIT(usage_ms(sub) >= 50));
		ASSERT_EQ(0, rc_kill(pid));
		sum += usage_ms(sub);
		ASSERT_EQ(0, rc_rmdir(sub));
		now = usage_ms(self->a);
		/* A millisecond of each child may be a rounded off rest. */
		EXPECT_LE(sum, now + i + 1);
		EXPECT_LE(last, now);
		last = now;
	}
	EXPECT_GE(sum + 10 * SLACK_MS, last);
}

/* Usage never goes down while it grows on several CPUs. */
TEST_F(cpuacct, monotonic)
{
	long last = 0, growths = 0;
	double until;
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, rc_attach(self->a, rc_spinner()));
	until = rc_now() + 2;
	while (rc_now() < until) {
		long now = usage_ms(self->a);

		ASSERT_LE(last, now);
		growths += now > last;
		last = now;
	}
	EXPECT_LT(10, growths);
}

/* A task that only computes has user time, and the parts make the whole. */
TEST_F(cpuacct, stat_user)
{
	pid_t pid = rc_spinner();
	struct stat_file st;

	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_TRUE(RC_WAIT(usage_ms(self->a) >= 1000));
	ASSERT_LE(0, stop_and_time(pid));
	ASSERT_EQ(0, read_stat(self->a, &st));
	EXPECT_EQ(usage_ms(self->a), (long)(st.usage / 1000));
	EXPECT_LT(st.usage / 2, st.user);
	EXPECT_LE(st.usage * 8 / 10, st.user + st.system);
	EXPECT_GE(st.usage * 12 / 10, st.user + st.system);
}

/* A task that calls the kernel all the time has system time. */
TEST_F(cpuacct, stat_system)
{
	pid_t pid = rc_syscaller();
	struct stat_file st;

	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_TRUE(RC_WAIT(usage_ms(self->a) >= 1000));
	ASSERT_LE(0, stop_and_time(pid));
	ASSERT_EQ(0, read_stat(self->a, &st));
	EXPECT_LT(st.usage / 10, st.system);
	EXPECT_LE(st.usage * 8 / 10, st.user + st.system);
	EXPECT_GE(st.usage * 12 / 10, st.user + st.system);
}

/* Idle tasks cost nothing. */
TEST_F(cpuacct, sleeper)
{
	pid_t idle = rc_sleeper(), busy = rc_spinner();

	ASSERT_EQ(0, rc_attach(self->a, idle));
	ASSERT_EQ(0, rc_attach(self->b, busy));
	ASSERT_TRUE(RC_WAIT(usage_ms(self->b) >= 500));
	EXPECT_GE(SLACK_MS, usage_ms(self->a));
}

/*
 * Load is that of the last whole interval: one busy task is one CPU, two are
 * two.  It is nothing again once an interval went by without any work.
 */
TEST_F(cpuacct, load)
{
	pid_t one, two[2];
	const char *idle = rc_group_new(self->hier);

	if (sysconf(_SC_NPROCESSORS_ONLN) < 3)
		SKIP(return, "three busy tasks need three CPUs");
	one = rc_spinner();
	two[0] = rc_spinner();
	two[1] = rc_spinner();
	ASSERT_TRUE(!!idle);
	ASSERT_EQ(0, rc_attach(idle, rc_sleeper()));
	ASSERT_EQ(0, rc_attach(self->a, one));
	ASSERT_EQ(0, rc_attach(self->b, two[0]));
	ASSERT_EQ(0, rc_attach(self->b, two[1]));
	/* The first interval may have begun before the tasks did. */
	EXPECT_TRUE(RC_WAIT(load_percent(self->a) >= 60 &&
			    load_percent(self->b) >= 120));
	EXPECT_GE(105, load_percent(self->a));
	EXPECT_GE(210, load_percent(self->b));
	EXPECT_GE(5, load_percent(idle));
	/* An interval may end between the two readings. */
	EXPECT_LE(load_percent(self->a), load_percent(self->hier) + 20);
	ASSERT_EQ(0, rc_kill(one));
	ASSERT_EQ(0, rc_kill(two[0]));
	ASSERT_EQ(0, rc_kill(two[1]));
	EXPECT_TRUE(RC_WAIT(load_percent(self->a) == 0 &&
			    load_percent(self->b) == 0));
	EXPECT_LE(10000, usage_ms(self->b));
}

TEST_HARNESS_MAIN
