// SPDX-License-Identifier: GPL-2.0
/* Renaming groups and hierarchies. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

/* What renameat2(2) takes besides, which a libc may not know. */
#define NOREPLACE 1
#define EXCHANGE 2
#define WHITEOUT 4

static int rename_with(const char *from, const char *to, unsigned int flags)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) ? -errno : 0;
}

static int rename_to(const char *from, const char *to)
{
	return rename_with(from, to, 0);
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

FIXTURE(rename)
{
	const char *hier;
	const char *grp;
	const char *sub;
	/* Names that nobody has, for each. */
	char *hier2;
	char *grp2;
	pid_t pid;
};

FIXTURE_SETUP(rename)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->sub = rc_group_new(self->grp);
	ASSERT_TRUE(!!self->sub);
	self->hier2 = strdup(rc_fmt("%s-new", self->hier));
	self->grp2 = strdup(rc_fmt("%s-new", self->grp));
	rc_track_hier(self->hier2);
	self->pid = rc_sleeper();
}

FIXTURE_TEARDOWN(rename)
{
	EXPECT_EQ(0, rc_teardown());
}

/* A renamed group is the same group, with its tasks, files and children. */
TEST_F(rename, group)
{
	const char *sub2 = rc_fmt("%s/%s", self->grp2,
				  strrchr(self->sub, '/') + 1);
	ino_t inode = inode_of(self->grp);

	ASSERT_EQ(0, rc_attach(self->sub, self->pid));
	ASSERT_EQ(0, chmod(self->sub, 0700));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/notify_on_release", self->sub), "1"));
	ASSERT_EQ(0, rename_to(self->grp, self->grp2));
	EXPECT_STREQ(sub2 + strlen(self->hier),
		     rc_where(self->pid, self->hier));
	EXPECT_EQ(-ENOENT, rc_open(self->grp, O_RDONLY));
	EXPECT_EQ(-ENOENT, rc_open(self->sub, O_RDONLY));
	EXPECT_FALSE(rc_shows(self->grp));
	EXPECT_TRUE(rc_shows(self->grp2));
	EXPECT_EQ(inode, inode_of(self->grp2));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", sub2), self->pid));
	EXPECT_EQ(1, (int)rc_number(rc_fmt("%s/notify_on_release", sub2)));
	EXPECT_EQ(-EBUSY, rc_rmdir(sub2));
	EXPECT_EQ(-EBUSY, rc_rmdir(self->grp2));
	ASSERT_EQ(0, rc_attach(self->hier, self->pid));
	EXPECT_EQ(0, rc_rmdir(sub2));
	EXPECT_EQ(0, rc_rmdir(self->grp2));
}

/* There and back; the old name can be somebody else's meanwhile. */
TEST_F(rename, name_again)
{
	ASSERT_EQ(0, rc_attach(self->grp, self->pid));
	ASSERT_EQ(0, rename_to(self->grp, self->grp2));
	ASSERT_EQ(0, rc_mkdir(self->grp));
	EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", self->grp)));
	EXPECT_EQ(-EEXIST, rename_to(self->grp2, self->grp));
	EXPECT_STREQ(self->grp2 + strlen(self->hier),
		     rc_where(self->pid, self->hier));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	ASSERT_EQ(0, rename_to(self->grp2, self->grp));
	EXPECT_STREQ(self->grp + strlen(self->hier),
		     rc_where(self->pid, self->hier));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->grp), self->pid));
}

/* A renamed hierarchy is called so everywhere, and keeps its place. */
TEST_F(rename, hierarchy)
{
	const char *younger = rc_hier_new();
	const char *name2 = strrchr(self->hier2, '/') + 1;
	char *text, *first, *second;
	const char *grp2;

	ASSERT_TRUE(!!younger);
	grp2 = rc_fmt("%s%s", self->hier2, self->grp + strlen(self->hier));
	ASSERT_EQ(0, rc_attach(self->grp, self->pid));
	ASSERT_EQ(0, rename_to(self->hier, self->hier2));
	EXPECT_STREQ("", rc_where(self->pid, self->hier));
	EXPECT_STREQ(self->grp + strlen(self->hier),
		     rc_where(self->pid, self->hier2));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", grp2), self->pid));
	EXPECT_EQ(-ENOENT, rc_open(self->hier, O_RDONLY));
	EXPECT_FALSE(rc_shows(self->hier));
	EXPECT_TRUE(rc_shows(self->hier2));
	text = rc_text("/proc/self/rc");
	ASSERT_TRUE(!!text);
	first = strstr(text, rc_fmt("%s::/\n", name2));
	second = strstr(text, rc_fmt("%s::/\n", strrchr(younger, '/') + 1));
	EXPECT_TRUE(first && second && first < second);
	free(text);

	/* Its old name can be used again, and is another hierarchy then. */
	ASSERT_EQ(0, rc_mkdir(self->hier));
	EXPECT_STREQ("/", rc_where(self->pid, self->hier));
	EXPECT_EQ(-EEXIST, rename_to(self->hier2, self->hier));
	ASSERT_EQ(0, rc_rmdir(self->hier));
	ASSERT_EQ(0, rename_to(self->hier2, self->hier));
	EXPECT_STREQ(self->grp + strlen(self->hier),
		     rc_where(self->pid, self->hier));
}

/* A hierarchy keeps its controllers under any name. */
TEST_F(rename, controllers)
{
	const char *bound = rc_cpuacct();
	char *text, buf[64];
	const char *grp;

	ASSERT_TRUE(!!bound);
	ASSERT_STREQ(RC_ROOT "/cpuacct", bound);
	ASSERT_EQ(0, rename_to(bound, self->hier2));
	ASSERT_LE(0, rc_read(rc_fmt("%s/subsystems", self->hier2), buf,
			     sizeof(buf)));
	EXPECT_STREQ("cpuacct\n", buf);
	EXPECT_NE(~0ULL, rc_number(rc_fmt("%s/cpuacct.usage", self->hier2)));
	text = rc_text(RC_ROOT "/subsystems");
	EXPECT_TRUE(!!strstr(text, rc_fmt("\ncpuacct\t%s\t1\t1\n",
					  strrchr(self->hier2, '/') + 1)));
	free(text);
	grp = rc_group_new(self->hier2);
	ASSERT_TRUE(!!grp);
	EXPECT_EQ(0, (int)rc_number(rc_fmt("%s/cpuacct.usage", grp)));
	/* The name asks for a controller that is taken. */
	EXPECT_EQ(-EBUSY, rc_mkdir(bound));
	ASSERT_EQ(0, rc_rmdir(grp));

	/* A name binds when a hierarchy is made, not later. */
	ASSERT_EQ(0, rc_rmdir(self->hier2));
	ASSERT_EQ(0, rename_to(self->hier, bound));
	ASSERT_EQ(1, rc_read(rc_fmt("%s/subsystems", bound), buf, sizeof(buf)));
	EXPECT_STREQ("\n", buf);
	EXPECT_EQ(-ENOENT, rc_open(rc_fmt("%s/cpuacct.usage", bound),
				   O_RDONLY));
	ASSERT_EQ(0, rename_to(bound, self->hier));
}

/* Files that are open go on; so does who has his working directory there. */
TEST_F(rename, open_files)
{
	int tasks = rc_open(rc_fmt("%s/tasks", self->sub), O_RDWR);
	int events = rc_open(rc_fmt("%s/events", self->sub), O_RDONLY);
	int dir = open(self->grp, O_RDONLY | O_DIRECTORY);
	struct pollfd poll_fd = { .fd = events, .events = POLLPRI };
	const char *id = rc_fmt("%d", self->pid);
	char buf[PATH_MAX];

	ASSERT_LE(0, tasks);
	ASSERT_LE(0, events);
	ASSERT_LE(0, dir);
	ASSERT_EQ(0, chdir(self->sub));
	ASSERT_EQ(0, rename_to(self->grp, self->grp2));

	EXPECT_TRUE(!!getcwd(buf, sizeof(buf)));
	EXPECT_STREQ(rc_fmt("%s/%s", self->grp2, strrchr(self->sub, '/') + 1),
		     buf);
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	EXPECT_EQ(0, rc_write_fd(tasks, id, strlen(id)));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_LT(0, rc_read_fd(tasks, buf, sizeof(buf), sizeof(buf)));
	EXPECT_STREQ(rc_fmt("%d\n", self->pid), buf);
	EXPECT_TRUE(rc_listed("tasks", self->pid));
	EXPECT_EQ(0, rc_mkdir("a"));
	EXPECT_EQ(0, access(rc_fmt("%s/%s/a", self->grp2,
				   strrchr(self->sub, '/') + 1), F_OK));
	EXPECT_EQ(0, mkdirat(dir, "b", 0755));
	EXPECT_EQ(0, access(rc_fmt("%s/b", self->grp2), F_OK));
	ASSERT_EQ(0, chdir("/"));
	close(tasks);
	close(events);
	close(dir);
}

/* A new name is the name in every mount, at once. */
TEST_F(rename, mounts)
{
	const char *proc = rc_proc_mount("");
	const char *here[2] = { self->grp, self->grp2 };
	char *there[2], *sub;
	int i, tasks;

	ASSERT_TRUE(!!proc);
	for (i = 0; i < 2; i++)
		there[i] = strdup(rc_fmt("%s%s", proc,
					 here[i] + strlen("/proc")));
	sub = strdup(rc_fmt("%s%s", proc, self->sub + strlen("/proc")));
	tasks = rc_open(rc_fmt("%s/tasks", sub), O_WRONLY);
	ASSERT_LE(0, tasks);
	ASSERT_EQ(0, chdir(sub));
	for (i = 0; i < 20; i++) {
		/* By one mount and the other, each there and back. */
		const char *from = i % 4 < 2 ? here[i % 2] : there[i % 2];
		const char *to = i % 4 < 2 ? here[!(i % 2)] : there[!(i % 2)];
		int j;

		/* Both names are looked up before, in both mounts. */
		ASSERT_EQ(0, access(here[i % 2], F_OK));
		ASSERT_EQ(0, access(there[i % 2], F_OK));
		ASSERT_EQ(-ENOENT, rc_open(here[!(i % 2)], O_RDONLY));
		ASSERT_EQ(-ENOENT, rc_open(there[!(i % 2)], O_RDONLY));
		ASSERT_EQ(0, rename_to(from, to));
		for (j = 0; j < 2; j++) {
			const char *old = j ? there[i % 2] : here[i % 2];
			const char *new = j ? there[!(i % 2)] : here[!(i % 2)];

			ASSERT_EQ(0, access(new, F_OK));
			ASSERT_TRUE(rc_shows(new));
			ASSERT_FALSE(rc_shows(old));
			ASSERT_EQ(-ENOENT, rc_open(old, O_RDONLY));
			ASSERT_EQ(0, rc_count(rc_fmt("%s/tasks", new)));
		}
		/* The old name is free in both. */
		ASSERT_EQ(0, rc_mkdir(here[i % 2]));
		ASSERT_EQ(0, rc_rmdir(there[i % 2]));
	}
	/* Who was inside is so still. */
	EXPECT_EQ(0, rc_count("tasks"));
	EXPECT_EQ(0, rc_write_fd(tasks, "0", 1));
	EXPECT_EQ(1, rc_count("tasks"));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->sub), getpid()));
	EXPECT_EQ(0, rc_attach(self->hier, getpid()));
	ASSERT_EQ(0, chdir("/"));
	close(tasks);
	free(there[0]);
	free(there[1]);
	free(sub);
}

/*
 * With EXDEV, mv(1) would make a directory of that name and try to copy: so nothing
 * comes into the other group.
 */
TEST_F(rename, mv)
{
	char *before, *command;

	before = rc_snapshot(RC_ROOT);
	command = strdup(rc_fmt("mv %s %s 2> /dev/null", self->sub, self->hier));
	EXPECT_NE(0, system(command));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	free(command);
}

struct mount_below {
	const char *names[2];
	long stop;
	long looks;
};

/* Looks for a group under both of its names. */
static int look_at_names(void *arg)
{
	struct mount_below *below = arg;
	struct stat st;

	while (!rc_get(&below->stop)) {
		stat(below->names[0], &st);
		stat(below->names[1], &st);
		rc_inc(&below->looks);
	}
	return 0;
}

/*
 * What is mounted below a group that is renamed stays there, though somebody looks for
 * the old name in the moment when the entry has the new one already.
 */
TEST_F(rename, mount_below)
{
	struct mount_below *below = rc_shared(sizeof(*below));
	const char *sub = strrchr(self->sub, '/') + 1;
	pid_t looker;
	int i;

	below->names[0] = self->grp;
	below->names[1] = self->grp2;
	ASSERT_EQ(0, mount("none", self->sub, "tmpfs", 0, NULL));
	looker = rc_spawn(look_at_names, below);
	ASSERT_TRUE(RC_WAIT(rc_get(&below->looks)));
	for (i = 0; i < 3000; i++)
		ASSERT_EQ(0, rename_to(below->names[i % 2],
				       below->names[!(i % 2)]));
	rc_set(&below->stop, 1);
	EXPECT_EQ(0, rc_reap(looker));
	EXPECT_EQ(0, umount(rc_fmt("%s/%s", self->grp, sub)));
}

/* A group stays in its directory, a hierarchy in /proc/rc. */
TEST_F(rename, other_directory)
{
	const char *hier = rc_hier_new();
	char *before;

	ASSERT_TRUE(!!hier);
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EPERM, rename_to(self->sub, self->grp2));
	EXPECT_EQ(-EPERM, rename_to(self->sub, rc_fmt("%s/a", hier)));
	EXPECT_EQ(-EPERM, rename_to(self->grp, rc_fmt("%s/a", hier)));
	EXPECT_EQ(-EPERM, rename_to(self->grp, RC_ROOT "/ksft-0-0"));
	EXPECT_EQ(-EPERM, rename_to(hier, rc_fmt("%s/a", self->hier)));
	/* That is another file system. */
	EXPECT_EQ(-EXDEV, rename_to(self->grp, "/tmp/ksft-0-0"));
	EXPECT_EQ(-EPERM, rename_to(self->sub, hier));
	/* Into itself and onto what is above. */
	EXPECT_EQ(-EINVAL, rename_to(self->grp, rc_fmt("%s/a", self->sub)));
	EXPECT_EQ(-ENOTEMPTY, rename_to(self->sub, self->hier));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* Nothing is replaced. */
TEST_F(rename, name_taken)
{
	const char *grp = rc_group_new(self->hier);
	const char *hier = rc_hier_new();
	const char *tasks = rc_fmt("%s/tasks", self->hier);
	char *before;

	ASSERT_TRUE(grp && hier);
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EEXIST, rename_to(self->grp, grp));
	EXPECT_EQ(-EEXIST, rename_with(self->grp, grp, NOREPLACE));
	EXPECT_EQ(-EEXIST, rename_to(self->hier, hier));
	EXPECT_EQ(-EEXIST, rename_with(self->hier, hier, NOREPLACE));
	EXPECT_EQ(-EEXIST, rename_with(self->grp, self->grp, NOREPLACE));
	EXPECT_EQ(0, rename_to(self->grp, self->grp));
	EXPECT_EQ(-ENOTDIR, rename_to(self->grp, tasks));
	EXPECT_EQ(-EEXIST, rename_with(self->grp, tasks, NOREPLACE));
	EXPECT_EQ(-ENOTDIR, rename_to(self->hier, RC_ROOT "/subsystems"));
	EXPECT_EQ(-ENOENT, rename_to(self->grp2, grp));
	EXPECT_EQ(-ENOENT, rename_to(rc_fmt("%s/none", self->grp),
				     rc_fmt("%s/a", self->grp)));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* Of the flags, only RENAME_NOREPLACE means something here. */
TEST_F(rename, flags)
{
	const char *grp = rc_group_new(self->hier);
	const char *hier = rc_hier_new();
	char *before;

	ASSERT_TRUE(grp && hier);
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EINVAL, rename_with(self->grp, grp, EXCHANGE));
	EXPECT_EQ(-EINVAL, rename_with(self->hier, hier, EXCHANGE));
	EXPECT_EQ(-EINVAL, rename_with(self->grp, self->grp2, WHITEOUT));
	EXPECT_EQ(-EINVAL, rename_with(self->hier, self->hier2, WHITEOUT));
	EXPECT_EQ(-EINVAL, rename_with(self->grp, self->grp2, 8));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_EQ(0, rename_with(self->grp, self->grp2, NOREPLACE));
	EXPECT_EQ(0, access(self->grp2, F_OK));
	EXPECT_EQ(0, rename_with(self->hier, self->hier2, NOREPLACE));
	EXPECT_EQ(0, access(self->hier2, F_OK));
}

/* Files have the names that they have. */
TEST_F(rename, files)
{
	static const char * const names[] = {
		"tasks", "procs", "events", "notify_on_release",
	};
	char *before = rc_snapshot(RC_ROOT);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *file = rc_fmt("%s/%s", self->grp, names[i]);

		EXPECT_EQ(-EPERM, rename_to(file, rc_fmt("%s/a", self->grp)));
		EXPECT_EQ(-EPERM, rename_to(file, rc_fmt("%s/tasks",
							 self->sub)));
	}
	EXPECT_EQ(-EPERM, rename_to(rc_fmt("%s/subsystems", self->hier),
				    rc_fmt("%s/a", self->hier)));
	EXPECT_EQ(-EPERM, rename_to(RC_ROOT "/subsystems",
				    RC_ROOT "/ksft-0-0"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* /proc/rc itself stays, and nothing of proc comes into it. */
TEST_F(rename, rest_of_proc)
{
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-EPERM, rename_to(RC_ROOT, "/proc/fs"));
	EXPECT_EQ(-ENOENT, rename_to(RC_ROOT, "/proc/ksft"));
	EXPECT_EQ(-EPERM, rename_to("/proc/fs", RC_ROOT "/ksft-0-0"));
	EXPECT_EQ(-EPERM, rename_to(self->hier, "/proc/fs"));
	EXPECT_EQ(-ENOENT, rename_to(self->hier, "/proc/ksft"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

struct rename_op {
	const char *from;
	const char *to;
};

static int do_rename(void *arg)
{
	const struct rename_op *op = arg;

	return rename_to(op->from, op->to);
}

/* A hierarchy is renamed with CAP_SYS_ADMIN in the first user namespace. */
TEST_F(rename, hierarchy_without_cap)
{
	struct rename_op hier = { self->hier, self->hier2 };
	struct rename_op grp = { self->grp, self->grp2 };
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-EPERM, rc_run_uncapped(do_rename, &hier));
	EXPECT_EQ(-EPERM, rc_run_in_user_ns(do_rename, &hier));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, do_rename, &hier));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_EQ(0, rc_run_uncapped(do_rename, &grp));
	EXPECT_EQ(0, access(self->grp2, F_OK));
}

/* A group is renamed by who may write to its directory's parent. */
TEST_F(rename, permission)
{
	const char *sub2 = rc_fmt("%s/new", self->grp);
	struct rename_op grp = { self->grp, self->grp2 };
	struct rename_op sub = { self->sub, strdup(sub2) };
	char *before;

	/* What it is called is not up to the owner of the group itself. */
	ASSERT_EQ(0, chown(self->grp, RC_USER, RC_USER));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, do_rename, &grp));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER + 1, do_rename, &sub));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_EQ(0, rc_run_as(RC_USER, do_rename, &sub));
	EXPECT_EQ(0, access(sub2, F_OK));
}

/* A group that was removed has no name to lose, one that is busy has. */
TEST_F(rename, removed)
{
	int dir = open(self->grp, O_RDONLY | O_DIRECTORY);

	ASSERT_LE(0, dir);
	ASSERT_EQ(0, rc_rmdir(self->sub));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(-ENOENT, rename_to(self->grp, self->grp2));
	EXPECT_EQ(-1, renameat(dir, "a", dir, "b"));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-ENOENT, rc_open(self->grp2, O_RDONLY));
	close(dir);
}

static const char *of_length(const char *dir, char c, int length)
{
	char name[NAME_MAX + 2];

	memset(name, c, length);
	memcpy(name, "ksft-0-", length < 7 ? 0 : 7);
	name[length] = '\0';
	return rc_fmt("%s/%s", dir, name);
}

/* Names of all lengths: each change keeps what lies in the group. */
TEST_F(rename, lengths)
{
	static const int lengths[] = {
		1, 2, 8, 31, 32, 33, 47, 48, 63, 64, 65, 100, 127, 128, 129,
		200, 254, NAME_MAX, 254, 1, NAME_MAX, NAME_MAX, 1, 1, 100, 99,
		64, 63, 62, 1,
	};
	char from[PATH_MAX];
	size_t i;

	snprintf(from, sizeof(from), "%s", self->grp);
	ASSERT_EQ(0, rc_attach(self->grp, self->pid));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		const char *to = of_length(self->hier, 'a' + i % 20,
					   lengths[i]);

		ASSERT_EQ(0, rename_to(from, to)) {
			TH_LOG("to %d bytes", lengths[i]);
		}
		ASSERT_STREQ(to + strlen(self->hier),
			     rc_where(self->pid, self->hier));
		ASSERT_TRUE(rc_shows(to));
		ASSERT_FALSE(rc_shows(from));
		ASSERT_TRUE(rc_listed(rc_fmt("%s/tasks", to), self->pid));
		snprintf(from, sizeof(from), "%s", to);
	}
	ASSERT_EQ(0, rename_to(from, self->grp));
}

/* A longer name than a directory entry can have is refused. */
TEST_F(rename, too_long)
{
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-ENAMETOOLONG,
		  rename_to(self->grp, of_length(self->hier, 'x', 256)));
	EXPECT_EQ(-ENAMETOOLONG,
		  rename_to(self->hier, of_length(RC_ROOT, 'x', 256)));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

FIXTURE(name)
{
	const char *hier;
	const char *grp;
};

FIXTURE_VARIANT(name)
{
	const char *name;
	int hier_err;
	int group_err;
};

FIXTURE_VARIANT_ADD(name, plain) { "ksft-0-", 0, 0 };
FIXTURE_VARIANT_ADD(name, one_byte) { "k", 0, 0 };
FIXTURE_VARIANT_ADD(name, utf8) { "ksft-0-\303\244", 0, 0 };
FIXTURE_VARIANT_ADD(name, comma) { "ksft-0-,", 0, 0 };
FIXTURE_VARIANT_ADD(name, hidden) { ".ksft-0-", 0, 0 };
FIXTURE_VARIANT_ADD(name, colon) { "ksft-0-:", -EINVAL, 0 };
FIXTURE_VARIANT_ADD(name, blank) { "ksft-0- ", -EINVAL, 0 };
FIXTURE_VARIANT_ADD(name, tab) { "ksft-0-\t", -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, newline) { "ksft-0-\n", -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, newline_inside) { "ksft-0-\nx", -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, control) { "ksft-0-\001", -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, delete) { "ksft-0-\177", -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, dot) { ".", -EBUSY, -EBUSY };
FIXTURE_VARIANT_ADD(name, dot_dot) { "..", -EBUSY, -EBUSY };

FIXTURE_SETUP(name)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(name)
{
	EXPECT_EQ(0, rc_teardown());
}

/* What mkdir takes and refuses, rename does. */
TEST_F(name, refused_or_not)
{
	const char *hier2 = rc_fmt(RC_ROOT "/%s", variant->name);
	const char *grp2 = rc_fmt("%s/%s", self->hier, variant->name);
	char *before = rc_snapshot(RC_ROOT);

	ASSERT_EQ(variant->group_err, rename_to(self->grp, grp2));
	if (!variant->group_err)
		ASSERT_EQ(0, rename_to(grp2, self->grp));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	if (!variant->hier_err)
		rc_track_hier(hier2);
	ASSERT_EQ(variant->hier_err, rename_to(self->hier, hier2));
	if (!variant->hier_err)
		ASSERT_EQ(0, rename_to(hier2, self->hier));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

TEST_HARNESS_MAIN
