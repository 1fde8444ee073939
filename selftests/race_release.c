// SPDX-License-Identifier: GPL-2.0
/* Groups are released, entered and given children while agents remove them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define GROUPS 4
#define MAKERS 3

#define AGENT "--agent"

struct shared {
	const char *hier;
	const char *grp[GROUPS];
	long stop;
	long made;
	long entered;
	long children;
	/* A member whose group was gone. */
	long broken;
	long odd_errors;
};

FIXTURE(race)
{
	struct shared *shared;
	char dir[64];
};

static int be_agent(int argc, char **argv)
{
	const char *dir = rc_fmt("%.*s", (int)(strrchr(argv[0], '/') - argv[0]),
				 argv[0]);
	int fd = rc_open(rc_fmt("%s/log", dir), O_WRONLY | O_APPEND);

	/* In use again by now, perhaps, or gone. */
	if (!rmdir(rc_fmt(RC_ROOT "/%s%s", argv[2], argv[1])) && fd >= 0)
		return -rc_write_fd(fd, "x", 1);
	return EXIT_FAILURE;
}

FIXTURE_SETUP(race)
{
	char self_exe[PATH_MAX];
	ssize_t len;
	int i;

	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->hier = rc_hier_new();
	ASSERT_TRUE(!!self->shared->hier);
	for (i = 0; i < GROUPS; i++)
		self->shared->grp[i] = strdup(rc_fmt("%s/g%d",
						     self->shared->hier, i));
	snprintf(self->dir, sizeof(self->dir), "/tmp/ksft-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->dir));
	len = readlink("/proc/self/exe", self_exe, sizeof(self_exe) - 1);
	ASSERT_LT(0, len);
	self_exe[len] = '\0';
	ASSERT_EQ(0, symlink(self_exe, rc_fmt("%s/" AGENT, self->dir)));
	ASSERT_EQ(0, mknod(rc_fmt("%s/log", self->dir), S_IFREG | 0600, 0));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/release_agent", self->shared->hier),
			      rc_fmt("%s/" AGENT, self->dir)));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/notify_on_release",
				     self->shared->hier), "1"));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
	unlink(rc_fmt("%s/" AGENT, self->dir));
	unlink(rc_fmt("%s/log", self->dir));
	EXPECT_EQ(0, rmdir(self->dir));
}

static void note(struct shared *shared, int ret, int refusal, int other)
{
	if (ret && ret != refusal && ret != other)
		rc_inc(&shared->odd_errors);
}

/*
 * Whoever makes a group enters and leaves it, so that none is left that was
 * never used. A child that comes and goes is a use, too.
 */
static int make_on(void *arg)
{
	struct shared *shared = arg;
	pid_t pid = getpid();
	unsigned int turn;

	for (turn = pid; !rc_get(&shared->stop); turn++) {
		const char *grp = shared->grp[turn % GROUPS];
		const char *child = rc_fmt("%s/c%d", grp, pid);
		int ret = rc_mkdir(grp);

		note(shared, ret, -EEXIST, 0);
		if (!ret)
			rc_inc(&shared->made);
		if (turn % 2) {
			ret = rc_mkdir(child);
			note(shared, ret, -ENOENT, 0);
			if (!ret)
				rc_inc(&shared->children);
		}
		ret = rc_attach(grp, pid);
		note(shared, ret, -ENOENT, -ENODEV);
		if (!ret) {
			rc_inc(&shared->entered);
			if (strcmp(grp + strlen(shared->hier),
				   rc_where(pid, shared->hier)) ||
			    !rc_listed(rc_fmt("%s/tasks", grp), pid))
				rc_inc(&shared->broken);
			if (rc_attach(shared->hier, pid))
				return -EIO;
		}
		if (turn % 2)
			note(shared, rc_rmdir(child), -ENOENT, 0);
	}
	return 0;
}

/* In the end all are unused, and each of them has been handed to an agent. */
TEST_F_TIMEOUT(race, none_forgotten, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[MAKERS];
	struct stat st;
	int i;

	for (i = 0; i < MAKERS; i++)
		pids[i] = rc_spawn(make_on, shared);
	while (rc_now() < until || !rc_get(&shared->made) ||
	       !rc_get(&shared->entered) || !rc_get(&shared->children))
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < MAKERS; i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	for (i = 0; i < GROUPS; i++)
		EXPECT_TRUE(RC_WAIT(access(shared->grp[i], F_OK)));
	ASSERT_EQ(0, stat(rc_fmt("%s/log", self->dir), &st));
	TH_LOG("%ld made, %ld removed by agents, %ld entered, %ld children",
	       shared->made, (long)st.st_size, shared->entered,
	       shared->children);
	EXPECT_LT(0, shared->made);
	EXPECT_LT(0, shared->entered);
	EXPECT_LT(0, shared->children);
	EXPECT_EQ(0, shared->broken);
	EXPECT_EQ(0, shared->odd_errors);
	/* The last agents may be about to say so. */
	EXPECT_TRUE(RC_WAIT(!stat(rc_fmt("%s/log", self->dir), &st) &&
			    st.st_size == shared->made));
}

int main(int argc, char **argv)
{
	if (argc == 3 && strstr(argv[0], AGENT))
		return be_agent(argc, argv);
	return test_harness_run(argc, argv);
}
