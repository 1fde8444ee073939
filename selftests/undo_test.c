// SPDX-License-Identifier: GPL-2.0
/*
 * A controller refuses: its errno reaches the caller, what other controllers and
 * other threads had been granted is taken back, and all is as it was.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define BOTH "debug,debug2"

#define THREADS 5
#define MAX_EVENTS 64

/* One that nothing in the kernel says of its own accord here. */
#define REFUSED EDOM

/* In order of their ids, in which the core asks them. */
static const char *ctlrs[2];

/* @ctlr: index in ctlrs */
struct event {
	int ctlr;
	char op[16];
	pid_t tid;
};

/* What the core holds. */
struct counts {
	long states[2];
	long groups;
	long proxies;
};

/* False if the kernel does not have them. */
static bool know_order(void)
{
	char *text = rc_text(RC_ROOT "/subsystems");
	const char *one, *two;

	one = text ? strstr(text, "\ndebug\t") : NULL;
	two = text ? strstr(text, "\ndebug2\t") : NULL;
	ctlrs[0] = one < two ? "debug" : "debug2";
	ctlrs[1] = one < two ? "debug2" : "debug";
	free(text);
	return one && two;
}

static long count_of(const char *hier, int ctlr, const char *name)
{
	return rc_field(rc_fmt("%s/%s.counts", hier, ctlrs[ctlr]), name);
}

/* Directories below @dir: the groups that can be seen. */
static int count_dirs(const char *dir)
{
	struct dirent *entry;
	DIR *stream = opendir(dir);
	int nr = 0;

	while (stream && (entry = readdir(stream))) {
		char *path;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    asprintf(&path, "%s/%s", dir, entry->d_name) < 0)
			continue;
		nr += 1 + count_dirs(path);
		free(path);
	}
	if (stream)
		closedir(stream);
	return nr;
}

static void take_counts(const char *hier, struct counts *counts)
{
	counts->states[0] = count_of(hier, 0, "states");
	counts->states[1] = count_of(hier, 1, "states");
	counts->groups = count_of(hier, 0, "groups");
	counts->proxies = count_of(hier, 0, "proxies");
}

/*
 * Nothing has leaked. Proxies wait for RCU-tasks, and some of the tests before
 * can have gone since.
 */
static bool no_more_than(const char *hier, const struct counts *before)
{
	struct counts now;

	take_counts(hier, &now);
	return now.states[0] == before->states[0] &&
	       now.states[1] == before->states[1] &&
	       now.groups == before->groups && now.proxies <= before->proxies;
}

/* Makes the @nth call from now of @op fail. */
static int arm(const char *hier, int ctlr, const char *op, int nth, int err)
{
	return rc_write(rc_fmt("%s/%s.fail", hier, ctlrs[ctlr]),
			rc_fmt("%s %d %d\n", op, nth, err));
}

static bool armed(const char *hier, int ctlr)
{
	char buf[64] = "";

	rc_read(rc_fmt("%s/%s.fail", hier, ctlrs[ctlr]), buf, sizeof(buf));
	return strcmp(buf, "none\n");
}

/* How often @op was called for a group. */
static long calls_of(const char *grp, int ctlr, const char *op)
{
	return rc_field(rc_fmt("%s/%s.calls", grp, ctlrs[ctlr]), op);
}

/* Both controllers' charge of a group, or -1 if they differ. */
static long charge_of(const char *grp)
{
	long one = rc_number(rc_fmt("%s/debug.charge", grp));
	long two = rc_number(rc_fmt("%s/debug2.charge", grp));

	return one == two ? one : -1;
}

static int forget(const char *hier)
{
	return rc_write(rc_fmt("%s/debug.trace", hier), "\n");
}

/* Those who have ended in it and were not reaped, likewise. */
static long zombies_of(const char *grp)
{
	long one = rc_number(rc_fmt("%s/debug.zombies", grp));
	long two = rc_number(rc_fmt("%s/debug2.zombies", grp));

	return one == two ? one : -1;
}

/* The calls since forget(), and how many they are. */
static int read_trace(const char *hier, struct event *events)
{
	char *text = rc_text(rc_fmt("%s/debug.trace", hier)), *line, *save;
	int nr = 0;

	if (!text)
		return -errno;
	for (line = strtok_r(text, "\n", &save); line && nr < MAX_EVENTS;
	     line = strtok_r(NULL, "\n", &save)) {
		struct event *event = &events[nr++];
		char name[16];

		if (sscanf(line, "%15s %15s %d", name, event->op,
			   &event->tid) != 3) {
			nr = -EBADMSG;
			break;
		}
		event->ctlr = !!strcmp(name, ctlrs[0]);
	}
	free(text);
	return nr;
}

/* The same as text, without the tids: "0 create, 1 create". */
static const char *trace(const char *hier)
{
	struct event events[MAX_EVENTS];
	int nr = read_trace(hier, events), i;
	char text[4096] = "";
	size_t len = 0;

	for (i = 0; i < nr; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%d %s",
				i ? ", " : "", events[i].ctlr, events[i].op);
	return rc_fmt("%s", text);
}

/*
 * Of @nr calls the last can_attach was refused, and each that was granted before
 * is cancelled, in reverse order. Returns how many were asked, or -1.
 */
static int mirrored(const struct event *events, int nr, int ctlr)
{
	int asked = (nr + 1) / 2, i;

	if (nr % 2 == 0 || events[asked - 1].ctlr != ctlr)
		return -1;
	for (i = 0; i < asked; i++) {
		const struct event *undo = &events[nr - 1 - i];

		if (strcmp(events[i].op, "can_attach"))
			return -1;
		if (i < asked - 1 && (strcmp(undo->op, "cancel_attach") ||
				      undo->ctlr != events[i].ctlr ||
				      undo->tid != events[i].tid))
			return -1;
	}
	return asked;
}

FIXTURE(undo)
{
	const char *hier;
	const char *from;
	const char *to;
	char *sub;
	char *procs;
	struct counts before;
};

/* @ctlr refuses. */
FIXTURE_VARIANT(undo)
{
	int ctlr;
};

FIXTURE_VARIANT_ADD(undo, by_first) { 0 };
FIXTURE_VARIANT_ADD(undo, by_second) { 1 };

FIXTURE_SETUP(undo)
{
	if (!know_order())
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_bound_new(BOTH);
	ASSERT_TRUE(!!self->hier);
	ASSERT_EQ(0, rc_disarm(self->hier));
	self->from = rc_group_new(self->hier);
	self->to = rc_group_new(self->hier);
	ASSERT_TRUE(self->from && self->to);
	self->sub = strdup(rc_fmt("%s/sub", self->from));
	self->procs = strdup(rc_fmt("%s/procs", self->to));
	/* Groups of earlier tests must not be freed in the middle of this. */
	ASSERT_TRUE(RC_WAIT(count_of(self->hier, 0, "groups") ==
			    count_dirs(RC_ROOT)));
	take_counts(self->hier, &self->before);
	ASSERT_EQ(2, self->before.states[0]);
	ASSERT_EQ(2, self->before.states[1]);
	ASSERT_EQ(0, forget(self->hier));
}

FIXTURE_TEARDOWN(undo)
{
	EXPECT_EQ(0, rc_disarm(self->hier));
	EXPECT_EQ(0, rc_teardown());
}

/* No group is made, and the state that was made for it is freed. */
TEST_F(undo, mkdir)
{
	char *before = rc_snapshot(self->hier), *after;

	ASSERT_EQ(0, arm(self->hier, variant->ctlr, "create", 1, REFUSED));
	EXPECT_EQ(-REFUSED, rc_mkdir(self->sub));
	EXPECT_STREQ(!variant->ctlr ? "0 create" :
		     "0 create, 1 create, 0 destroy",
		     trace(self->hier));
	after = rc_snapshot(self->hier);
	EXPECT_STREQ(before, after);
	EXPECT_FALSE(armed(self->hier, variant->ctlr));
	EXPECT_TRUE(RC_WAIT(no_more_than(self->hier, &self->before)));

	EXPECT_EQ(0, rc_mkdir(self->sub));
	EXPECT_EQ(3, count_of(self->hier, 0, "states"));
	EXPECT_EQ(self->before.groups + 1, count_of(self->hier, 0, "groups"));
	EXPECT_EQ(0, rc_rmdir(self->sub));
	EXPECT_TRUE(RC_WAIT(no_more_than(self->hier, &self->before)));
	free(before);
	free(after);
}

/* A thread stays where it was, be it from, to or between groups. */
TEST_F(undo, attach_thread)
{
	const char *pairs[][2] = {
		{ self->hier, self->to },
		{ self->from, self->hier },
		{ self->from, self->to },
	};
	struct event events[MAX_EVENTS];
	pid_t pid = rc_sleeper();
	unsigned int i;

	ASSERT_LT(0, pid);
	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		const char *from = pairs[i][0], *to = pairs[i][1];
		char *before, *after;

		ASSERT_EQ(0, rc_attach(from, pid));
		before = rc_snapshot(self->hier);
		ASSERT_EQ(0, forget(self->hier));
		ASSERT_EQ(0, arm(self->hier, variant->ctlr, "can_attach", 1,
				 REFUSED));
		ASSERT_EQ(-REFUSED, rc_attach(to, pid));
		ASSERT_STREQ(!variant->ctlr ? "0 can_attach" :
			     "0 can_attach, 1 can_attach, 0 cancel_attach",
			     trace(self->hier));
		ASSERT_LT(0, read_trace(self->hier, events));
		ASSERT_EQ(pid, events[0].tid);
		after = rc_snapshot(self->hier);
		ASSERT_STREQ(before, after);
		ASSERT_EQ(from == self->from, charge_of(self->from));
		ASSERT_EQ(0, charge_of(self->to));
		free(before);
		free(after);
	}
	ASSERT_EQ(0, forget(self->hier));
	EXPECT_EQ(0, rc_attach(self->to, pid));
	EXPECT_STREQ("0 can_attach, 1 can_attach, 0 attach, 0 leave, 1 attach, 1 leave",
		     trace(self->hier));
	EXPECT_EQ(0, charge_of(self->from));
	EXPECT_EQ(1, charge_of(self->to));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, charge_of(self->to));
	EXPECT_TRUE(RC_WAIT(no_more_than(self->hier, &self->before)));
}

/*
 * Whichever thread of a process is refused, none moves, also when some are in
 * other groups or have been at the goal before.
 */
TEST_F(undo, attach_process)
{
	struct event events[MAX_EVENTS];
	int there, k, nr;

	for (there = 0; there <= 2; there += 2) {
		pid_t pid = rc_sleeping_threads(THREADS), *tids;
		char *before;

		ASSERT_LT(0, pid);
		ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->from),
				      rc_fmt("%d", pid)));
		ASSERT_EQ(THREADS, rc_list(rc_fmt("%s/tasks", self->from),
					   &tids));
		for (k = 0; k < there; k++)
			ASSERT_EQ(0, rc_attach(self->to, tids[2 * k]));
		if (there)
			ASSERT_EQ(0, rc_attach(self->hier, tids[1]));
		before = rc_snapshot(self->hier);
		for (k = 1; k <= THREADS - there; k++) {
			char *after;

			ASSERT_EQ(0, forget(self->hier));
			ASSERT_EQ(0, arm(self->hier, variant->ctlr,
					 "can_attach", k, REFUSED));
			ASSERT_EQ(-REFUSED, rc_write(self->procs,
						     rc_fmt("%d", pid)));
			nr = read_trace(self->hier, events);
			ASSERT_EQ(!variant->ctlr ? 2 * k - 1 : 2 * k,
				  mirrored(events, nr, variant->ctlr)) {
				TH_LOG("%d: %s", k, trace(self->hier));
			}
			after = rc_snapshot(self->hier);
			ASSERT_STREQ(before, after);
			ASSERT_EQ(there, charge_of(self->to));
			ASSERT_EQ(THREADS - there - !!there,
				  charge_of(self->from));
			free(after);
		}
		free(before);
		free(tids);
		EXPECT_EQ(0, rc_write(self->procs, rc_fmt("%d", pid)));
		EXPECT_EQ(0, charge_of(self->from));
		EXPECT_EQ(THREADS, charge_of(self->to));
		EXPECT_EQ(0, rc_kill(pid));
		EXPECT_EQ(0, charge_of(self->to));
	}
	EXPECT_TRUE(RC_WAIT(no_more_than(self->hier, &self->before)));
}

static void *end_thread(void *arg)
{
	return arg;
}

/* 0 or what fork(2) says, for a child that ends at once. */
static int try_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? -errno : rc_reap(pid);
}

static int try_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, end_thread, NULL);

	return err ? -err : -pthread_join(thread, NULL);
}

/* There is no child, and nobody is charged for one. */
TEST_F(undo, fork)
{
	int (* const born[])(void) = { try_fork, try_thread };
	const int errs[] = { REFUSED, EAGAIN };
	struct event events[MAX_EVENTS];
	int i, nr;

	ASSERT_EQ(0, rc_attach(self->from, 0));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, arm(self->hier, variant->ctlr, "can_fork", 1,
				 errs[i / 2]));
		ASSERT_EQ(0, forget(self->hier));
		ASSERT_EQ(-errs[i / 2], born[i % 2]());
		ASSERT_STREQ(!variant->ctlr ? "0 can_fork" :
			     "0 can_fork, 1 can_fork, 0 cancel_fork",
			     trace(self->hier));
		nr = read_trace(self->hier, events);
		ASSERT_LT(0, nr);
		ASSERT_NE(getpid(), events[0].tid);
		ASSERT_EQ(events[0].tid, events[nr - 1].tid);
		ASSERT_EQ(1, charge_of(self->from));
		ASSERT_EQ(1, rc_count(rc_fmt("%s/tasks", self->from)));

		ASSERT_EQ(0, forget(self->hier));
		ASSERT_EQ(0, born[i % 2]());
		/* A thread can be joined some steps before it has ended. */
		ASSERT_TRUE(RC_WAIT(charge_of(self->from) == 1 &&
				    !zombies_of(self->from)));
		nr = read_trace(self->hier, events);
		ASSERT_EQ(8, nr) {
			TH_LOG("%s", trace(self->hier));
		}
		ASSERT_STREQ("can_fork", events[1].op);
		ASSERT_STREQ("release", events[nr - 1].op);
		ASSERT_EQ(events[0].tid, events[nr - 1].tid);
	}
	ASSERT_EQ(0, rc_attach(self->hier, 0));
	EXPECT_TRUE(RC_WAIT(no_more_than(self->hier, &self->before)));
}

/*
 * A task that has ended is no task of the group, which can be removed. Who waits for
 * it to be reaped is told then, and has the group's state until then.
 */
TEST_F(undo, zombie)
{
	pid_t pid = rc_sleeper();

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_attach(self->from, pid));
	ASSERT_EQ(0, forget(self->hier));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(pid));
	EXPECT_EQ(0, charge_of(self->from));
	EXPECT_EQ(1, zombies_of(self->from));
	EXPECT_STREQ("0 exit, 1 exit", trace(self->hier));
	ASSERT_EQ(0, rc_rmdir(self->from));
	/* The state of what was removed earlier goes, that of this one stays. */
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/x", self->to)));
	ASSERT_EQ(0, rc_rmdir(rc_fmt("%s/x", self->to)));
	EXPECT_TRUE(RC_WAIT(count_of(self->hier, 0, "states") == 2 &&
			    count_of(self->hier, 1, "states") == 2));
	ASSERT_EQ(0, forget(self->hier));
	EXPECT_EQ(-1000 - SIGKILL, rc_reap(pid));
	EXPECT_TRUE(RC_WAIT(count_of(self->hier, 0, "states") == 1 &&
			    count_of(self->hier, 1, "states") == 1));
	EXPECT_STREQ("0 release, 1 release, 1 destroy, 0 destroy",
		     trace(self->hier));
}

/* Only the call that was meant is refused, and only once. */
TEST_F(undo, nth_fork)
{
	int i;

	ASSERT_EQ(0, rc_attach(self->from, 0));
	ASSERT_EQ(0, arm(self->hier, variant->ctlr, "can_fork", 3, EAGAIN));
	for (i = 1; i <= 6; i++)
		EXPECT_EQ(i == 3 ? -EAGAIN : 0, try_fork());
	EXPECT_FALSE(armed(self->hier, variant->ctlr));
	EXPECT_EQ(1, charge_of(self->from));
	EXPECT_EQ(0, rc_attach(self->hier, 0));
}

/* What is counted for a group is what was called for it, and nothing else. */
TEST_F(undo, counted)
{
	int i;

	ASSERT_EQ(0, rc_attach(self->from, 0));
	ASSERT_EQ(0, arm(self->hier, variant->ctlr, "can_attach", 1, REFUSED));
	ASSERT_EQ(-REFUSED, rc_attach(self->to, 0));
	ASSERT_EQ(0, rc_attach(self->to, 0));
	ASSERT_EQ(0, try_fork());
	ASSERT_EQ(0, rc_mkdir(self->sub));
	ASSERT_EQ(0, rc_rmdir(self->sub));
	ASSERT_TRUE(RC_WAIT(count_of(self->hier, 0, "states") == 2 &&
			    count_of(self->hier, 1, "states") == 2));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(1, calls_of(self->from, i, "can_attach"));
		EXPECT_EQ(0, calls_of(self->from, i, "cancel_attach"));
		EXPECT_EQ(1, calls_of(self->from, i, "attach"));
		EXPECT_EQ(1, calls_of(self->from, i, "leave"));
		EXPECT_EQ(0, calls_of(self->from, i, "exit"));
		EXPECT_EQ(0, calls_of(self->from, i, "release"));
		EXPECT_EQ(1, calls_of(self->from, i, "create"));
		EXPECT_EQ(1, calls_of(self->from, i, "offline"));
		EXPECT_EQ(1, calls_of(self->from, i, "destroy"));
		/* Who comes after the one that refuses is not asked. */
		EXPECT_EQ(i <= variant->ctlr ? 2 : 1,
			  calls_of(self->to, i, "can_attach"));
		EXPECT_EQ(i < variant->ctlr,
			  calls_of(self->to, i, "cancel_attach"));
		EXPECT_EQ(1, calls_of(self->to, i, "attach"));
		EXPECT_EQ(0, calls_of(self->to, i, "leave"));
		EXPECT_EQ(1, calls_of(self->to, i, "can_fork"));
		EXPECT_EQ(0, calls_of(self->to, i, "cancel_fork"));
		EXPECT_EQ(1, calls_of(self->to, i, "fork"));
		EXPECT_EQ(1, calls_of(self->to, i, "exit"));
		EXPECT_EQ(1, calls_of(self->to, i, "release"));
	}
	ASSERT_EQ(0, rc_attach(self->hier, 0));
}

/* Text that is no order is refused, and the order before it stays. */
TEST_F(undo, bad_orders)
{
	static const char * const bad[] = {
		"create", "create 1", "create 0 1", "create 1 0", "create -1 1",
		"create 1 4096", "create 1 1 1", "create 1 1x", "destroy 1 1",
		"fork 1 1", "create 4294967297 1", "create  1 1x", "x", "none 1",
	};
	const char *file = rc_fmt("%s/%s.fail", self->hier,
				  ctlrs[variant->ctlr]);
	char buf[64];
	unsigned int i;

	ASSERT_EQ(0, rc_write(file, "can_fork 7 11\n"));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EXPECT_EQ(-EINVAL, rc_write(file, bad[i])) {
			TH_LOG("'%s'", bad[i]);
		}
	}
	ASSERT_LT(0, rc_read(file, buf, sizeof(buf)));
	EXPECT_STREQ("can_fork 7 11\n", buf);
	EXPECT_EQ(0, rc_write(file, "\n"));
	EXPECT_FALSE(armed(self->hier, variant->ctlr));
}

FIXTURE(bind)
{
	const char *both;
	const char *plain;
	char *subsystems;
	struct counts before;
};

/* @ctlr refuses. */
FIXTURE_VARIANT(bind)
{
	int ctlr;
};

FIXTURE_VARIANT_ADD(bind, by_first) { 0 };
FIXTURE_VARIANT_ADD(bind, by_second) { 1 };

FIXTURE_SETUP(bind)
{
	if (!know_order())
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_EQ(0, rc_setup());
	self->plain = rc_hier_new();
	ASSERT_TRUE(!!self->plain);
	self->subsystems = strdup(rc_fmt("%s/subsystems", self->plain));
	self->both = rc_bound_new(BOTH);
	ASSERT_TRUE(!!self->both);
	ASSERT_EQ(0, rc_disarm(self->both));
	ASSERT_TRUE(RC_WAIT(count_of(self->both, 0, "groups") ==
			    count_dirs(RC_ROOT)));
	take_counts(self->both, &self->before);
	/* What is armed here holds when the controllers are unbound. */
	ASSERT_EQ(0, arm(self->both, variant->ctlr, "bind", 1, REFUSED));
	ASSERT_EQ(0, forget(self->both));
	ASSERT_EQ(0, rc_rmdir(self->both));
}

FIXTURE_TEARDOWN(bind)
{
	EXPECT_EQ(0, rc_write(self->subsystems, "\n"));
	/* Binding uses up what may still be armed. */
	if (rc_mkdir(self->both) == -REFUSED)
		EXPECT_EQ(0, rc_mkdir(self->both));
	EXPECT_EQ(0, rc_teardown());
}

/* No hierarchy is made, and the controller bound before is let go. */
TEST_F(bind, mkdir)
{
	char *before = rc_snapshot(RC_ROOT), *after;

	EXPECT_EQ(-REFUSED, rc_mkdir(self->both));
	after = rc_snapshot(RC_ROOT);
	EXPECT_STREQ(before, after);
	EXPECT_EQ(0, rc_mkdir(self->both));
	EXPECT_STREQ(rc_fmt("1 unbind, 0 unbind, %s, 0 bind, 1 bind",
			    !variant->ctlr ? "0 bind" :
			    "0 bind, 1 bind, 0 unbind"),
		     trace(self->both));
	EXPECT_TRUE(RC_WAIT(no_more_than(self->both, &self->before)));
	free(before);
	free(after);
}

/* A hierarchy without controllers gets none. */
TEST_F(bind, rebind_plain)
{
	char *before = rc_snapshot(RC_ROOT), *after, *text;

	EXPECT_EQ(-REFUSED, rc_write(self->subsystems, "debug debug2\n"));
	after = rc_snapshot(RC_ROOT);
	EXPECT_STREQ(before, after);
	text = rc_text(self->subsystems);
	EXPECT_STREQ("\n", text);
	free(text);

	EXPECT_EQ(0, rc_write(self->subsystems, "debug debug2\n"));
	EXPECT_STREQ(rc_fmt("1 unbind, 0 unbind, %s, 0 bind, 1 bind",
			    !variant->ctlr ? "0 bind" :
			    "0 bind, 1 bind, 0 unbind"),
		     trace(self->plain));
	text = rc_text(self->subsystems);
	EXPECT_STREQ(rc_fmt("%s %s\n", ctlrs[0], ctlrs[1]), text);
	free(text);
	/* The other hierarchy is not there any more. */
	self->before.groups--;
	EXPECT_TRUE(RC_WAIT(no_more_than(self->plain, &self->before)));
	free(before);
	free(after);
}

/* One that has a controller keeps it, whether it was to stay or to go. */
TEST_F(bind, rebind_bound)
{
	const char *ctlr = ctlrs[variant->ctlr], *other = ctlrs[!variant->ctlr];
	const char * const lists[] = { BOTH, ctlr };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		char *before, *after, *text;

		ASSERT_EQ(0, rc_write(self->subsystems, other));
		before = rc_snapshot(RC_ROOT);
		ASSERT_EQ(-REFUSED, rc_write(self->subsystems, lists[i]));
		after = rc_snapshot(RC_ROOT);
		ASSERT_STREQ(before, after);
		text = rc_text(self->subsystems);
		ASSERT_STREQ(rc_fmt("%s\n", other), text);
		ASSERT_EQ(0, access(rc_fmt("%s/%s.fail", self->plain,
					   other), F_OK));
		ASSERT_EQ(-1, access(rc_fmt("%s/%s.fail", self->plain,
					    ctlr), F_OK));
		free(before);
		free(after);
		free(text);
		ASSERT_EQ(0, rc_write(self->subsystems, lists[i]));
		ASSERT_EQ(0, arm(self->plain, variant->ctlr, "bind", 1,
				 REFUSED));
	}
}

TEST_HARNESS_MAIN
