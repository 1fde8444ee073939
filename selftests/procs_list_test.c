// SPDX-License-Identifier: GPL-2.0
/* What the procs files show: in pieces, and to another pid namespace. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

FIXTURE(procs_list)
{
	const char *hier;
	const char *a;
};

FIXTURE_SETUP(procs_list)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->a = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->a);
}

FIXTURE_TEARDOWN(procs_list)
{
	EXPECT_EQ(0, rc_teardown());
}

static const char *tasks_of(const char *group)
{
	return rc_fmt("%s/tasks", group);
}

static const char *procs_of(const char *group)
{
	return rc_fmt("%s/procs", group);
}

/* More than fits in a page, read a few bytes at a time. */
TEST_F(procs_list, in_pieces)
{
	char *buf = malloc(1 << 16);
	int fd, i, nr = 1100;
	pid_t *ids;

	for (i = 0; i < nr; i++)
		ASSERT_EQ(0, rc_attach(self->a, rc_sleeper()));
	fd = rc_open(procs_of(self->a), O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(sysconf(_SC_PAGESIZE), rc_read_fd(fd, buf, 1 << 16, 7));
	EXPECT_EQ(nr, rc_parse_list(buf, &ids));
	free(ids);
	free(buf);
	close(fd);
}

struct in_pid_ns {
	const char *outer;
	pid_t outer_id;
	long moved;
	long stop;
};

static void *wait_for_stop(void *arg)
{
	struct in_pid_ns *ns = arg;

	RC_WAIT(rc_get(&ns->stop));
	return NULL;
}

/* Pid 1 of a pid namespace, with a second thread. */
static int first_of_pid_ns(struct in_pid_ns *ns)
{
	/* Where it is seen there, when it was moved to the group. */
	const char *inner = rc_fmt("/tmp%.*s", (int)(strrchr(ns->outer, '/') -
						     ns->outer - strlen("/proc")),
				   ns->outer + strlen("/proc"));
	pthread_t thread;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/tmp", "proc", 0, NULL))
		return -errno;
	if (pthread_create(&thread, NULL, wait_for_stop, ns))
		return -EAGAIN;
	if (rc_write(procs_of(ns->outer), "1"))
		return -EPROTO;
	if (rc_count(procs_of(inner)) != 1 || !rc_listed(procs_of(inner), 1) ||
	    rc_count(tasks_of(inner)) != 2)
		return -EBADMSG;
	/* The outer mount shows the outer id, to whomever. */
	if (rc_count(procs_of(ns->outer)) != 1 ||
	    rc_listed(procs_of(ns->outer), 1))
		return -EXDEV;
	/* The other process has no id here. */
	if (rc_write(procs_of(ns->outer), rc_fmt("%d", ns->outer_id)) != -ESRCH)
		return -ESRCH;
	rc_set(&ns->moved, 1);
	return pthread_join(thread, NULL) ? -EDEADLK : 0;
}

static int enter_pid_ns(void *arg)
{
	struct in_pid_ns *ns = arg;
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS))
		return -errno;
	pid = fork();
	if (!pid) {
		rc_die_with_parent();
		_exit(-first_of_pid_ns(ns));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	/* Also if it has not come so far. */
	rc_set(&ns->moved, 1);
	return -WEXITSTATUS(status);
}

/* Reads show ids of the mount's pid namespace, writes take the writer's. */
TEST_F(procs_list, pid_namespace)
{
	struct in_pid_ns *ns = rc_shared(sizeof(*ns));
	pid_t pid, *ids;

	ASSERT_TRUE(!!ns);
	ns->outer = self->a;
	ns->outer_id = rc_sleeper();
	pid = rc_spawn(enter_pid_ns, ns);
	EXPECT_TRUE(RC_WAIT(rc_get(&ns->moved)));
	EXPECT_EQ(1, rc_list(procs_of(self->a), &ids));
	EXPECT_STREQ("/", rc_where(ns->outer_id, self->hier));
	rc_set(&ns->stop, 1);
	EXPECT_EQ(0, rc_reap(pid));
}

TEST_HARNESS_MAIN
