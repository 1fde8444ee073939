// SPDX-License-Identifier: GPL-2.0
/*
 * Who has bound himself by Landlock to one group's directory changes that and what is
 * below it, and nothing else; that goes on when the kernel has let go of what it had at
 * hand of the tree.
 *
 * Kernel: SECURITY_LANDLOCK
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define CHANGES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
		 LANDLOCK_ACCESS_FS_REMOVE_DIR)

struct world {
	const char *hier;
	const char *own;
	const char *other;
	/* A task in @own. */
	const char *task;
	long bound;
	long forgotten;
};

FIXTURE(landlock)
{
	struct world *world;
	pid_t task;
};

FIXTURE_SETUP(landlock)
{
	struct world *world = rc_shared(sizeof(*world));

	if (syscall(SYS_landlock_create_ruleset, NULL, 0,
		    LANDLOCK_CREATE_RULESET_VERSION) < 0)
		SKIP(return, "Landlock is not on");
	ASSERT_EQ(0, rc_setup());
	ASSERT_TRUE(!!world);
	self->world = world;
	world->hier = rc_hier_new();
	ASSERT_TRUE(!!world->hier);
	world->own = rc_group_new(world->hier);
	world->other = rc_group_new(world->hier);
	ASSERT_TRUE(world->own && world->other);
	self->task = rc_sleeper();
	ASSERT_LT(0, self->task);
	world->task = strdup(rc_fmt("%d", self->task));
	ASSERT_EQ(0, rc_attach(world->own, self->task));
}

FIXTURE_TEARDOWN(landlock)
{
	EXPECT_EQ(0, rc_teardown());
}

/* From now on the caller changes nothing outside of @dir. */
static int bind_to(const char *dir)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = CHANGES };
	struct landlock_path_beneath_attr below = { .allowed_access = CHANGES };
	int rules, err = 0;

	rules = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	below.parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rules < 0 || below.parent_fd < 0)
		return -errno;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
		    &below, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, rules, 0))
		err = -errno;
	close(below.parent_fd);
	close(rules);
	return err;
}

/* The number of the first that is not as it should be, negative, or 0. */
static int try_all(struct world *world)
{
	/* What is not changed is not handled: the last ones. */
	static const int want[] = { 0, 0, 0, 0, 0, -EACCES, -EACCES, -EACCES,
				    -EACCES, -EACCES, 1, 0 };
	char *below = strdup(rc_fmt("%s/below", world->own));
	char *renamed = strdup(rc_fmt("%s/renamed", world->own));
	int got[ARRAY_SIZE(want)], nr = 0, i;

	got[nr++] = rc_mkdir(below);
	got[nr++] = rc_write(rc_fmt("%s/tasks", below), world->task);
	got[nr++] = rc_write(rc_fmt("%s/tasks", world->own), world->task);
	got[nr++] = rename(below, renamed) ? -errno : 0;
	got[nr++] = rc_rmdir(renamed);
	got[nr++] = rc_write(rc_fmt("%s/tasks", world->other), world->task);
	got[nr++] = rc_write(rc_fmt("%s/tasks", world->hier), "0");
	got[nr++] = rc_mkdir(rc_fmt("%s/below", world->other));
	got[nr++] = rc_rmdir(world->other);
	got[nr++] = rc_mkdir(RC_ROOT "/landlock");
	got[nr++] = rc_count(rc_fmt("%s/tasks", world->own));
	got[nr++] = rc_count(rc_fmt("%s/tasks", world->other));
	free(below);
	free(renamed);
	for (i = 0; i < nr; i++)
		if (got[i] != want[i])
			return -1 - i;
	return 0;
}

static int be_bound(void *arg)
{
	struct world *world = arg;
	int err = bind_to(world->own);

	err = err ?: try_all(world);
	rc_set(&world->bound, 1);
	if (err)
		return err;
	if (!RC_WAIT(rc_get(&world->forgotten)))
		return -ETIMEDOUT;
	err = try_all(world);
	return err ? err - 100 : 0;
}

TEST_F(landlock, bound)
{
	struct world *world = self->world;
	char *before = rc_snapshot(world->hier);
	pid_t pid = rc_spawn(be_bound, world);

	ASSERT_LT(0, pid);
	ASSERT_TRUE(RC_WAIT(rc_get(&world->bound)));
	ASSERT_EQ(0, rc_drop_caches());
	rc_set(&world->forgotten, 1);
	EXPECT_EQ(0, rc_reap(pid));
	EXPECT_STREQ(before, rc_snapshot(world->hier));
}

TEST_HARNESS_MAIN
