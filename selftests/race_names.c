// SPDX-License-Identifier: GPL-2.0
/*
 * A name is removed or renamed through one mount of proc while another one gives
 * it to one group after the other: what is hit has that name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define TAKERS 2

struct shared {
	/* The same group, as each mount calls it. */
	const char *here;
	const char *there;
	const char *dir;
	long stop;
	long kept;
	long taken;
	/* A group with a name that nobody else ever says has gone. */
	long wrong;
	/* What nobody should be told, and the first of these: what was done, and -errno. */
	long odd_errors;
	long odd_error;
	char odd_what[16];
};

static struct shared *new_shared(void)
{
	struct shared *shared = rc_shared(sizeof(*shared));
	const char *hier, *grp;

	hier = shared ? rc_hier_new() : NULL;
	grp = hier ? rc_group_new(hier) : NULL;
	if (!grp)
		return NULL;
	shared->here = grp;
	shared->there = rc_in_new_mount(grp);
	return shared->there ? shared : NULL;
}

FIXTURE(race)
{
	struct shared *shared;
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, rc_setup());
	self->shared = new_shared();
	ASSERT_TRUE(!!self->shared);
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static const char *in(const char *grp, const char *name)
{
	return rc_fmt("%s/%s", grp, name);
}

static void odd(struct shared *shared, const char *what, long err)
{
	long none = 0;

	if (__atomic_compare_exchange_n(&shared->odd_error, &none, err, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		snprintf(shared->odd_what, sizeof(shared->odd_what), "%s", what);
	rc_inc(&shared->odd_errors);
}

/* Makes "a" again and again, and keeps it under another name. */
static int make_on(struct shared *shared)
{
	const char *here = shared->here;

	while (!rc_get(&shared->stop)) {
		int ret = rc_mkdir(in(here, "a"));

		if (ret) {
			odd(shared, "mkdir", ret);
			return ret;
		}
		if (rename(in(here, "a"), in(here, "kept"))) {
			if (errno != ENOENT)
				odd(shared, "keep", -errno);
			continue;
		}
		/* From here on, another "a" tempts the others. */
		ret = rc_mkdir(in(here, "a"));
		if (ret)
			odd(shared, "mkdir again", ret);
		ret = rc_rmdir(in(here, "kept"));
		if (ret == -ENOENT)
			rc_inc(&shared->wrong);
		else if (ret)
			odd(shared, "rmdir kept", ret);
		rc_rmdir(in(here, "kept"));
		rc_rmdir(in(here, "a"));
		rc_inc(&shared->kept);
	}
	return 0;
}

static int remove_on(struct shared *shared)
{
	while (!rc_get(&shared->stop)) {
		int ret = rc_rmdir(in(shared->there, "a"));

		if (!ret)
			rc_inc(&shared->taken);
		else if (ret != -ENOENT)
			odd(shared, "rmdir", ret);
	}
	return 0;
}

static int rename_on(struct shared *shared)
{
	const char *mine = strdup(rc_fmt("%s/r%d", shared->there, getpid()));

	while (!rc_get(&shared->stop)) {
		if (!rename(in(shared->there, "a"), mine)) {
			int ret = rc_rmdir(mine);

			rc_inc(&shared->taken);
			if (ret)
				odd(shared, "rmdir mine", ret);
		} else if (errno != ENOENT) {
			odd(shared, "rename", -errno);
		}
	}
	return 0;
}

FIXTURE_VARIANT(race)
{
	int (*take)(struct shared *shared);
};

FIXTURE_VARIANT_ADD(race, rmdir) { remove_on };
FIXTURE_VARIANT_ADD(race, rename) { rename_on };

/* Nobody takes what has another name by then. */
TEST_F_TIMEOUT(race, right_one, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[1 + TAKERS];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = rc_fork();
		if (!pids[i])
			_exit(-(i ? variant->take(shared) : make_on(shared)));
	}
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(0, rc_reap(pids[i]));
	TH_LOG("%ld kept, %ld taken, %ld wrong, %ld odd (%s: %ld)", shared->kept,
	       shared->taken, shared->wrong, shared->odd_errors, shared->odd_what,
	       shared->odd_error);
	EXPECT_LT(0, shared->kept);
	EXPECT_LT(0, shared->taken);
	EXPECT_EQ(0, shared->wrong);
	EXPECT_EQ(0, shared->odd_errors);
}

/* The group has one name after the other in this mount, and gets the first back there. */
static int forth_on(struct shared *shared)
{
	while (!rc_get(&shared->stop))
		if (!rename(in(shared->here, "a"), in(shared->here, "b")))
			rc_inc(&shared->kept);
	return 0;
}

static int back_on(struct shared *shared)
{
	while (!rc_get(&shared->stop))
		if (!rename(in(shared->there, "b"), in(shared->there, "a")))
			rc_inc(&shared->taken);
	return 0;
}

static int look_on(struct shared *shared)
{
	while (!rc_get(&shared->stop)) {
		access(in(shared->here, "a/tasks"), F_OK);
		access(in(shared->here, "b/tasks"), F_OK);
	}
	return 0;
}

static bool has(const char *grp, const char *name)
{
	return !access(in(grp, name), F_OK);
}

FIXTURE(back)
{
	struct shared *shared;
};

FIXTURE_SETUP(back)
{
	ASSERT_EQ(0, rc_setup());
	self->shared = new_shared();
	ASSERT_TRUE(!!self->shared);
}

FIXTURE_TEARDOWN(back)
{
	EXPECT_EQ(0, rc_teardown());
}

/* When all is quiet, both mounts say the same: one name is there, and the other is not. */
TEST_F_TIMEOUT(back, and_forth, RC_RACE_TIMEOUT)
{
	static int (*const doing[])(struct shared *shared) = {
		forth_on, back_on, look_on, look_on
	};
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t pids[ARRAY_SIZE(doing)];
	long rounds = 0;
	size_t i;

	ASSERT_EQ(0, rc_mkdir(in(shared->here, "a")));
	while (rc_now() < until) {
		rc_set(&shared->stop, 0);
		for (i = 0; i < ARRAY_SIZE(doing); i++) {
			pids[i] = rc_fork();
			if (!pids[i])
				_exit(-doing[i](shared));
		}
		for (i = 0; i < 5; i++)
			rc_nap();
		rc_set(&shared->stop, 1);
		for (i = 0; i < ARRAY_SIZE(doing); i++)
			ASSERT_EQ(0, rc_reap(pids[i]));
		ASSERT_NE(has(shared->here, "a"), has(shared->here, "b"));
		ASSERT_EQ(has(shared->here, "a"), has(shared->there, "a"));
		ASSERT_EQ(has(shared->here, "b"), has(shared->there, "b"));
		rounds++;
	}
	TH_LOG("%ld rounds, %ld times forth, %ld back", rounds, shared->kept, shared->taken);
	EXPECT_LT(0, shared->kept);
	EXPECT_LT(0, shared->taken);
	EXPECT_EQ(0, rc_rmdir(in(shared->here, has(shared->here, "a") ? "a" : "b")));
}

/* The hierarchy of cpuset gives its name away, and takes it back. */
static int swap_on(struct shared *shared)
{
	const char *hier = RC_ROOT "/cpuset", *other = RC_ROOT "/ksft-other";

	while (!rc_get(&shared->stop)) {
		/* Made as a set, it would have the controller. */
		if (rc_mkdir(other) || rename(hier, RC_ROOT "/ksft-cpuset") ||
		    rename(other, hier) || rc_rmdir(hier) ||
		    rename(RC_ROOT "/ksft-cpuset", hier))
			return -errno ?: -EINVAL;
		rc_inc(&shared->taken);
	}
	return 0;
}

static int mount_on(struct shared *shared)
{
	while (!rc_get(&shared->stop)) {
		if (mount("none", shared->dir, "cpuset", 0, NULL))
			return -errno;
		if (rc_mode(in(shared->dir, "cpuset.cpus")) < 0 &&
		    rc_mode(in(shared->dir, "cpus")) < 0)
			rc_inc(&shared->wrong);
		if (umount2(shared->dir, MNT_DETACH))
			return -errno;
		rc_inc(&shared->kept);
	}
	return 0;
}

FIXTURE(mount)
{
	struct shared *shared;
	char dir[64];
};

FIXTURE_SETUP(mount)
{
	if (!rc_has_subsys("cpuset"))
		SKIP(return, "kernel without CONFIG_RC_CPUSET");
	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	ASSERT_TRUE(!!rc_bound_new("cpuset"));
	rc_track_hier(RC_ROOT "/ksft-cpuset");
	rc_track_hier(RC_ROOT "/ksft-other");
	snprintf(self->dir, sizeof(self->dir), "/tmp/ksft-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->dir));
	self->shared->dir = self->dir;
}

FIXTURE_TEARDOWN(mount)
{
	umount2(self->dir, MNT_DETACH);
	EXPECT_EQ(0, rmdir(self->dir));
	EXPECT_EQ(0, rc_teardown());
}

/* "mount -t cpuset" shows the sets, whatever has had their name meanwhile. */
TEST_F_TIMEOUT(mount, shows_sets, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	double until = rc_now() + rc_race_seconds();
	pid_t swapper, mounter;

	swapper = rc_fork();
	if (!swapper)
		_exit(-swap_on(shared));
	mounter = rc_fork();
	if (!mounter)
		_exit(-mount_on(shared));
	while (rc_now() < until)
		rc_nap();
	rc_set(&shared->stop, 1);
	EXPECT_EQ(0, rc_reap(mounter));
	EXPECT_EQ(0, rc_reap(swapper));
	TH_LOG("%ld mounts, %ld swaps", shared->kept, shared->taken);
	EXPECT_LT(0, shared->kept);
	EXPECT_LT(0, shared->taken);
	EXPECT_EQ(0, shared->wrong);
}

TEST_HARNESS_MAIN
