// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail one after the other: each operation either succeeds
 * or says ENOMEM and leaves everything as it was.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"

/* More allocations than any single operation makes. */
#define MAX_FAULTS 400

#define THREADS 5

/* The controllers that say how many tasks they have charged, if there are any. */
#define CHARGING "debug,debug2"

/*
 * How many an operation may make less than the last time: those of kmemleak and
 * of caches that were filled meanwhile come and go.
 */
#define FEWER_FAULTS 16

#define CPUSETS "cpuset," CHARGING

struct paths {
	char *hier;
	const char *controllers;
	char *grp;
	char *file;
	int fail_fd;
	pid_t process;
};

/* From here on the @nth allocation of the caller fails. */
static void arm(const struct paths *paths, int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	if (write(paths->fail_fd, text, len) != len)
		_exit(EXIT_FAILURE);
}

/* Whether the fault has come to pass; ends the waiting for it. */
static bool disarm(const struct paths *paths)
{
	char text[16] = "";

	if (pread(paths->fail_fd, text, sizeof(text) - 1, 0) <= 0)
		_exit(EXIT_FAILURE);
	if (!strcmp(text, "0\n"))
		return true;
	arm(paths, 0);
	return false;
}

static int no_undo(const struct paths *paths)
{
	return 0;
}

/* What mount -t cpuset does, but for a place in the tree, which is not our matter. */
static int make_file_system(const struct paths *paths)
{
	int fd = fsopen("cpuset", 0), ret = 0;

	if (fd < 0)
		return -errno;
	if (fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		ret = -errno;
	close(fd);
	return ret;
}

static int make_hier(const struct paths *paths)
{
	return rc_mkdir(paths->file);
}

static int remove_it(const struct paths *paths)
{
	return rc_rmdir(paths->file);
}

static int attach(const struct paths *paths)
{
	return rc_write(paths->file, "0");
}

static int leave(const struct paths *paths)
{
	return rc_attach(paths->hier, 0);
}

static int attach_process(const struct paths *paths)
{
	return rc_write(paths->file, rc_fmt("%d", paths->process));
}

static int process_back(const struct paths *paths)
{
	return rc_write(rc_fmt("%s/procs", paths->grp),
			rc_fmt("%d", paths->process));
}

static int bind_all(const struct paths *paths)
{
	return rc_write(paths->file, paths->controllers);
}

static int bind_none(const struct paths *paths)
{
	return rc_write(paths->file, "\n");
}

/* To a CPU that it does not have yet, with a task that has to go there. */
static int write_cpus(const struct paths *paths)
{
	return rc_write(paths->file, "1");
}

static int cpus_back(const struct paths *paths)
{
	return rc_write(paths->file, "0");
}

/* Of a group without tasks, whose nodes can be taken away. */
static int write_mems(const struct paths *paths)
{
	return rc_write(paths->file, "");
}

static int mems_back(const struct paths *paths)
{
	return rc_write(paths->file, "0");
}

static int write_flag(const struct paths *paths)
{
	return rc_write(paths->file, "1");
}

static int flag_back(const struct paths *paths)
{
	return rc_write(paths->file, "0");
}

static int fork_child(const struct paths *paths)
{
	pid_t pid = fork();

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? -errno : rc_reap(pid);
}

static int unshare_all(const struct paths *paths)
{
	return unshare(CLONE_NEWUTS | CLONE_NEWIPC) ? -errno : 0;
}

static int read_file(const struct paths *paths)
{
	char buf[512];
	int ret = rc_read(paths->file, buf, sizeof(buf));

	return ret < 0 ? ret : 0;
}

static int list_dir(const struct paths *paths)
{
	char buf[512];
	int fd = rc_open(paths->file, O_RDONLY | O_DIRECTORY);
	long len;

	if (fd < 0)
		return fd;
	len = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	if (len < 0)
		len = -errno;
	close(fd);
	return len < 0 ? len : 0;
}

static int open_usage(const struct paths *paths)
{
	int fd = rc_open(rc_fmt("%s/cpuacct.usage", paths->file), O_RDONLY);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* The files of a new group are entered when they are first looked for. */
static int make_and(int (*look)(const struct paths *paths),
		    const struct paths *paths)
{
	int ret = rc_mkdir(paths->file);

	if (ret)
		return ret;
	ret = look(paths);
	if (ret)
		remove_it(paths);
	return ret;
}

static int make_and_list(const struct paths *paths)
{
	return make_and(list_dir, paths);
}

static int make_and_open(const struct paths *paths)
{
	return make_and(open_usage, paths);
}

/*
 * What a failed operation must not change, whom the group is charged with, and
 * what its tasks may use.
 */
static char *take_state(const struct paths *paths)
{
	char *snapshot = cs_snapshot(RC_ROOT), *state;

	if (asprintf(&state, "%s%llu %llu\n", snapshot,
		     rc_number(rc_fmt("%s/debug.charge", paths->grp)),
		     rc_number(rc_fmt("%s/debug2.charge", paths->grp))) < 0)
		state = NULL;
	free(snapshot);
	return state;
}

FIXTURE(fault)
{
	struct paths paths;
};

/*
 * @file: what @fn works on: below the group, or in a hierarchy of its own, unless
 *	it is absolute.
 * @inside: the caller is a member of the group before it begins.
 * @process: a process of several threads is.
 * @plain: the hierarchy has no controllers, and no group either.
 * @cpuset: the controllers are CPUSETS; the group has a CPU and a node.
 * @cpu: cpu is one of the controllers.
 */
FIXTURE_VARIANT(fault)
{
	int (*fn)(const struct paths *paths);
	int (*undo)(const struct paths *paths);
	const char *file;
	bool inside;
	bool process;
	bool plain;
	bool cpuset;
	bool cpu;
};

FIXTURE_VARIANT_ADD(fault, mkdir_hierarchy)
{
	.fn = make_hier,
	.undo = remove_it,
	.file = RC_ROOT "/ksft-0-fault",
};

FIXTURE_VARIANT_ADD(fault, mkdir_bound_hierarchy)
{
	.fn = make_hier,
	.undo = remove_it,
	.file = RC_ROOT "/cpuacct",
	.plain = true,
};

FIXTURE_VARIANT_ADD(fault, mount_cpuset)
{
	.fn = make_file_system,
	.undo = remove_it,
	.file = CS_ROOT,
	.plain = true,
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, mkdir_group)
{
	.fn = make_hier,
	.undo = remove_it,
	.file = "sub",
};

FIXTURE_VARIANT_ADD(fault, list_new_group)
{
	.fn = make_and_list,
	.undo = remove_it,
	.file = "sub",
};

FIXTURE_VARIANT_ADD(fault, open_in_new_group)
{
	.fn = make_and_open,
	.undo = remove_it,
	.file = "sub",
};

FIXTURE_VARIANT_ADD(fault, attach)
{
	.fn = attach,
	.undo = leave,
	.file = "tasks",
};

FIXTURE_VARIANT_ADD(fault, attach_process)
{
	.fn = attach_process,
	.undo = process_back,
	.file = "sub/procs",
	.process = true,
};

FIXTURE_VARIANT_ADD(fault, rebind)
{
	.fn = bind_all,
	.undo = bind_none,
	.file = "subsystems",
	.plain = true,
};

FIXTURE_VARIANT_ADD(fault, fork)
{
	.fn = fork_child,
	.undo = no_undo,
	.file = "tasks",
	.inside = true,
};

FIXTURE_VARIANT_ADD(fault, unshare)
{
	.fn = unshare_all,
	.undo = no_undo,
	.file = "tasks",
	.inside = true,
};

FIXTURE_VARIANT_ADD(fault, read_tasks)
{
	.fn = read_file,
	.undo = no_undo,
	.file = "tasks",
	.inside = true,
};

FIXTURE_VARIANT_ADD(fault, read_membership)
{
	.fn = read_file,
	.undo = no_undo,
	.file = "/proc/self/rc",
	.inside = true,
};

FIXTURE_VARIANT_ADD(fault, read_subsystems)
{
	.fn = read_file,
	.undo = no_undo,
	.file = RC_ROOT "/subsystems",
};

FIXTURE_VARIANT_ADD(fault, readdir)
{
	.fn = list_dir,
	.undo = no_undo,
	.file = ".",
};

FIXTURE_VARIANT_ADD(fault, rebind_cpuset)
{
	.fn = bind_all,
	.undo = bind_none,
	.file = "subsystems",
	.plain = true,
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, mkdir_cpuset)
{
	.fn = make_hier,
	.undo = remove_it,
	.file = "sub",
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, attach_cpuset)
{
	.fn = attach,
	.undo = leave,
	.file = "tasks",
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, attach_process_cpuset)
{
	.fn = attach_process,
	.undo = process_back,
	.file = "sub/procs",
	.process = true,
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, fork_cpuset)
{
	.fn = fork_child,
	.undo = no_undo,
	.file = "tasks",
	.inside = true,
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, cpus)
{
	.fn = write_cpus,
	.undo = cpus_back,
	.file = "cpus",
	.inside = true,
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, mems)
{
	.fn = write_mems,
	.undo = mems_back,
	.file = "sub/mems",
	.process = true,
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, cpu_exclusive)
{
	.fn = write_flag,
	.undo = flag_back,
	.file = "cpu_exclusive",
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, memory_spread_page)
{
	.fn = write_flag,
	.undo = flag_back,
	.file = "memory_spread_page",
	.inside = true,
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, read_cpuset_path)
{
	.fn = read_file,
	.undo = no_undo,
	.file = "/proc/self/cpuset",
	.inside = true,
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(fault, mkdir_cpu)
{
	.fn = make_hier,
	.undo = remove_it,
	.file = "sub",
	.cpu = true,
};

FIXTURE_VARIANT_ADD(fault, attach_cpu)
{
	.fn = attach,
	.undo = leave,
	.file = "tasks",
	.cpu = true,
};

FIXTURE_VARIANT_ADD(fault, fork_cpu)
{
	.fn = fork_child,
	.undo = no_undo,
	.file = "tasks",
	.inside = true,
	.cpu = true,
};

static int fill(const char *grp)
{
	return cs_write(grp, "cpus", "0") ?: cs_write(grp, "mems", "0");
}

FIXTURE_SETUP(fault)
{
	const char *controllers = variant->cpuset ? CPUSETS :
				  variant->cpu ? "cpu," CHARGING :
				  "cpuacct," CHARGING;
	const char *hier, *grp;

	if (access(FAIL_NTH, F_OK) || access("/sys/kernel/debug/failslab", F_OK))
		SKIP(return, "kernel without fault injection");
	if (variant->cpuset && (!rc_has_subsys("cpuset") || cs_nr_cpus() < 2))
		SKIP(return, "kernel without CONFIG_RC_CPUSET, or one CPU");
	if (variant->cpu && !rc_has_subsys("cpu"))
		SKIP(return, "kernel without CONFIG_RC_CPU");
	ASSERT_EQ(0, rc_setup());
	/* Ours are GFP_KERNEL, which failslab spares unless told otherwise. */
	ASSERT_EQ(0, rc_write("/sys/kernel/debug/failslab/ignore-gfp-wait",
			      "N"));
	ASSERT_EQ(0, rc_write("/sys/kernel/debug/failslab/verbose", "0"));
	hier = variant->plain ? rc_hier_new() : rc_bound_new(controllers);
	ASSERT_TRUE(!!hier);
	grp = variant->plain ? hier : rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	if (variant->cpuset && !variant->plain)
		ASSERT_EQ(0, fill(grp));
	self->paths.controllers = controllers;
	self->paths.hier = strdup(hier);
	self->paths.grp = strdup(grp);
	self->paths.file = strdup(variant->file[0] == '/' ? variant->file :
				  rc_fmt("%s/%s", grp, variant->file));
	if (variant->process) {
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/sub", grp)));
		if (variant->cpuset)
			ASSERT_EQ(0, fill(rc_fmt("%s/sub", grp)));
		self->paths.process = rc_sleeping_threads(THREADS);
		ASSERT_LT(0, self->paths.process);
		ASSERT_EQ(0, process_back(&self->paths));
	}
	self->paths.fail_fd = rc_open(FAIL_NTH, O_RDWR);
	ASSERT_LE(0, self->paths.fail_fd);
	if (variant->inside)
		ASSERT_EQ(0, cs_attach(grp, 0));
}

FIXTURE_TEARDOWN(fault)
{
	arm(&self->paths, 0);
	EXPECT_EQ(0, rc_teardown());
}

/* Every allocation fails once; none of the failures leaves a trace. */
TEST_F(fault, each_allocation)
{
	int nth, failed = 0, missed = 0;

	for (nth = 1; nth < MAX_FAULTS; nth++) {
		char *before = take_state(&self->paths), *after;
		bool hit;
		int ret;

		arm(&self->paths, nth);
		ret = variant->fn(&self->paths);
		hit = disarm(&self->paths);
		if (!hit) {
			ASSERT_EQ(0, ret);
			ASSERT_EQ(0, variant->undo(&self->paths));
			free(before);
			if (++missed == FEWER_FAULTS)
				break;
			continue;
		}
		if (ret) {
			ASSERT_EQ(-ENOMEM, ret) {
				TH_LOG("allocation %d", nth);
			}
			after = take_state(&self->paths);
			ASSERT_STREQ(before, after);
			free(after);
			failed++;
		} else {
			ASSERT_EQ(0, variant->undo(&self->paths));
		}
		free(before);
	}
	EXPECT_GT(MAX_FAULTS, nth);
	EXPECT_LT(0, failed);
	TH_LOG("%d allocations failed, %d times with ENOMEM",
	       nth - missed, failed);
}

TEST_HARNESS_MAIN
