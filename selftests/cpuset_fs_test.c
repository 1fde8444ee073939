// SPDX-License-Identifier: GPL-2.0
/*
 * mount -t cpuset, as programs older than this kernel do: it shows the
 * hierarchy of cpuset.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

FIXTURE(fs)
{
	char *dir;
	char *second;
};

FIXTURE_SETUP(fs)
{
	if (!rc_has_subsys("cpuset"))
		SKIP(return, "kernel without CONFIG_RC_CPUSET");
	ASSERT_EQ(0, rc_setup());
	self->dir = mkdtemp(strdup("/tmp/ksft-XXXXXX"));
	self->second = mkdtemp(strdup("/tmp/ksft-XXXXXX"));
	ASSERT_TRUE(self->dir && self->second);
	ASSERT_EQ(-ENOENT, rc_mode(CS_ROOT));
}

FIXTURE_TEARDOWN(fs)
{
	umount2(self->dir, MNT_DETACH);
	umount2(self->second, MNT_DETACH);
	EXPECT_EQ(0, rmdir(self->dir));
	EXPECT_EQ(0, rmdir(self->second));
	if (rc_mode(CS_ROOT) >= 0)
		rc_track_hier(CS_ROOT);
	EXPECT_EQ(0, cs_teardown());
}

static int mount_with(const char *dir, unsigned long flags, const char *options)
{
	return mount("none", dir, "cpuset", flags, options) ? -errno : 0;
}

static int mount_at(const char *dir)
{
	return mount_with(dir, 0, NULL);
}

static bool mounted(const char *dir)
{
	char *text = rc_text("/proc/mounts");
	bool found = text && strstr(text, rc_fmt(" %s ", dir));

	free(text);
	return found;
}

/* What there is in such mounts alone. */
static const char * const old_files[] = {
	"cgroup.procs", "cgroup.clone_children",
};

static bool is_old_file(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(old_files); i++)
		if (!strcmp(name, old_files[i]))
			return true;
	return false;
}

/* Names, types, modes and owners of what is in a directory, old files excepted. */
static char *contents(const char *dir)
{
	struct dirent **list;
	int nr = scandir(dir, &list, NULL, alphasort), i;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	for (i = 0; i < nr; i++) {
		struct stat st;

		if (strcmp(list[i]->d_name, "..") &&
		    !is_old_file(list[i]->d_name) &&
		    !lstat(rc_fmt("%s/%s", dir, list[i]->d_name), &st))
			fprintf(out, "%s %o %d:%d\n", list[i]->d_name,
				st.st_mode, st.st_uid, st.st_gid);
		free(list[i]);
	}
	fclose(out);
	return text;
}

/* It makes the hierarchy if there is none, and shows what that has. */
TEST_F(fs, makes_hierarchy)
{
	char *text;

	ASSERT_EQ(0, mount_at(self->dir));
	EXPECT_EQ(S_IFDIR | 0755, rc_mode(CS_ROOT));
	text = rc_text(CS_ROOT "/subsystems");
	EXPECT_STREQ("cpuset\n", text ?: "");
	free(text);
	text = contents(CS_ROOT);
	EXPECT_TRUE(!!strstr(text, "\ncpus 100644 0:0\n"));
	EXPECT_STREQ(text, contents(self->dir));
	EXPECT_STREQ(cs_online_cpus(), cs_read(self->dir, "cpus"));
	EXPECT_STREQ(cs_online_mems(), cs_read(self->dir, "mems"));
	free(text);
}

/* It shows the one that is there, with its groups, whatever its name is. */
TEST_F(fs, shows_hierarchy)
{
	const char *hier = rc_hier_new(), *grp, *seen;

	ASSERT_TRUE(!!hier);
	ASSERT_EQ(0, cs_write(hier, "subsystems", "cpuset cpuacct"));
	grp = cs_new(hier, "0", "0");
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, mount_at(self->dir));
	EXPECT_EQ(-ENOENT, rc_mode(CS_ROOT));
	EXPECT_STREQ(contents(hier), contents(self->dir));
	seen = strdup(rc_fmt("%s%s", self->dir, grp + strlen(hier)));
	EXPECT_STREQ("0", cs_read(seen, "cpus"));
	EXPECT_STREQ(contents(grp), contents(seen));
}

/* What is done in it is done to the groups, and the other way round. */
TEST_F(fs, both_ways)
{
	const char *here, *there = CS_ROOT "/ksft-0-fs";
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, mount_at(self->dir));
	here = strdup(rc_fmt("%s/ksft-0-fs", self->dir));
	ASSERT_EQ(0, rc_mkdir(here));
	EXPECT_EQ(S_IFDIR | 0755, rc_mode(there));
	EXPECT_TRUE(rc_shows(there));
	ASSERT_EQ(0, cs_write(here, "cpus", "0"));
	EXPECT_STREQ("0", cs_read(there, "cpus"));
	ASSERT_EQ(0, cs_write(there, "mems", "0"));
	EXPECT_STREQ("0", cs_read(here, "mems"));
	ASSERT_EQ(0, cs_attach(here, pid));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", there), pid));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", here), pid));
	EXPECT_STREQ("/ksft-0-fs", cs_path(pid));
	EXPECT_STREQ("0", cs_affinity(pid));
	EXPECT_EQ(-EBUSY, rc_rmdir(here));
	ASSERT_EQ(0, cs_attach(CS_ROOT, pid));
	EXPECT_EQ(0, rc_rmdir(here));
	EXPECT_EQ(-ENOENT, rc_mode(there));
	ASSERT_EQ(0, rc_mkdir(there));
	EXPECT_EQ(S_IFDIR | 0755, rc_mode(here));
	EXPECT_EQ(0, rc_rmdir(there));
	EXPECT_EQ(-ENOENT, rc_mode(here));
}

/* Programs look for this type, in /proc/mounts and with statfs(2). */
TEST_F(fs, type)
{
	struct statfs st;
	char *text;

	ASSERT_EQ(0, mount_at(self->dir));
	text = rc_text("/proc/mounts");
	ASSERT_TRUE(!!text);
	EXPECT_TRUE(!!strstr(text, rc_fmt("none %s cpuset rw,", self->dir)));
	free(text);
	text = rc_text("/proc/self/mountinfo");
	ASSERT_TRUE(!!text);
	EXPECT_TRUE(!!strstr(text, rc_fmt(" / %s ", self->dir)));
	EXPECT_TRUE(!!strstr(text, " - cpuset none rw"));
	free(text);
	ASSERT_EQ(0, statfs(self->dir, &st));
	EXPECT_EQ(CGROUP_SUPER_MAGIC, st.f_type);
	/* Others are what they were. */
	ASSERT_EQ(0, statfs(CS_ROOT, &st));
	EXPECT_EQ(PROC_SUPER_MAGIC, st.f_type);
}

static const char *agent(void)
{
	static char text[256];

	if (rc_read(CS_ROOT "/release_agent", text, sizeof(text)) < 0)
		return "?";
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* A hierarchy that is made so has the agent that it always had. */
TEST_F(fs, preset_agent)
{
	ASSERT_EQ(0, mount_at(self->dir));
	EXPECT_STREQ("/sbin/cpuset_release_agent", agent());
	EXPECT_STREQ("0", cs_read(self->dir, "notify_on_release"));
	ASSERT_EQ(0, umount(self->dir));
	/* One that is there is left as it is. */
	ASSERT_EQ(0, cs_write(CS_ROOT, "release_agent", ""));
	ASSERT_EQ(0, mount_at(self->dir));
	EXPECT_STREQ("", agent());
}

/* The options that it had; an agent is set by the first mount, and by remounting. */
TEST_F(fs, options)
{
	ASSERT_EQ(0, mount_with(self->dir, 0,
				"noprefix,release_agent=/a/b,cpuset_v2_mode"));
	EXPECT_STREQ("/a/b", agent());
	ASSERT_EQ(0, umount(self->dir));
	ASSERT_EQ(0, mount_with(self->dir, 0, "noprefix"));
	EXPECT_STREQ("/a/b", agent());
	ASSERT_EQ(0, umount(self->dir));
	ASSERT_EQ(0, mount_with(self->dir, 0, "release_agent=/c"));
	EXPECT_STREQ("/c", agent());
	ASSERT_EQ(0, mount_with(self->dir, MS_REMOUNT, "release_agent=/d"));
	EXPECT_STREQ("/d", agent());
	/* Not where the mount is refused. */
	EXPECT_EQ(-EBUSY, mount_with(self->dir, 0, "release_agent=/e"));
	EXPECT_STREQ("/d", agent());
	ASSERT_EQ(0, mount_with(self->dir, MS_REMOUNT | MS_RDONLY, ""));
	EXPECT_STREQ("/d", agent());
	EXPECT_EQ(-EROFS, cs_write(self->dir, "notify_on_release", "1"));
}

/* Others are refused, and nothing is made. */
TEST_F(fs, bad_options)
{
	static const char * const bad[] = {
		"hidepid=2", "cpuset", "noprefix=1", "release_agent",
		"release_agent=", "name=x",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, mount_with(self->dir, 0, bad[i])) {
			TH_LOG("%s", bad[i]);
		}
	EXPECT_EQ(-ENOENT, rc_mode(CS_ROOT));
	EXPECT_FALSE(mounted(self->dir));
}

/* The files that old programs write are there, and there only. */
TEST_F(fs, old_files)
{
	const char *grp = "ksft-0-fs";
	size_t i;

	ASSERT_EQ(0, mount_at(self->dir));
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/%s", self->dir, grp)));
	for (i = 0; i < ARRAY_SIZE(old_files); i++) {
		const char *name = old_files[i];

		EXPECT_EQ(S_IFREG | 0644,
			  rc_mode(rc_fmt("%s/%s", self->dir, name)));
		EXPECT_TRUE(rc_shows(rc_fmt("%s/%s", self->dir, name)));
		EXPECT_EQ(S_IFREG | 0644,
			  rc_mode(rc_fmt("%s/%s/%s", self->dir, grp, name)));
		EXPECT_TRUE(rc_shows(rc_fmt("%s/%s/%s", self->dir, grp, name)));
		EXPECT_EQ(-ENOENT, rc_mode(rc_fmt(CS_ROOT "/%s", name)));
		EXPECT_EQ(-ENOENT, rc_mode(rc_fmt(CS_ROOT "/%s/%s", grp, name)));
		EXPECT_FALSE(rc_shows(rc_fmt(CS_ROOT "/%s/%s", grp, name)));
		/* So that they have their names there, no group has it here. */
		EXPECT_EQ(-EEXIST, rc_mkdir(rc_fmt(CS_ROOT "/%s/%s", grp, name)));
		EXPECT_EQ(-1, rename(CS_ROOT "/ksft-0-fs",
				     rc_fmt(CS_ROOT "/%s", name)));
		EXPECT_EQ(EEXIST, errno);
	}
}

/* cgroup.procs is procs. */
TEST_F(fs, old_procs)
{
	const char *old, *grp = CS_ROOT "/ksft-0-fs";
	pid_t *ids = rc_shared(3 * sizeof(*ids)), pid = rc_crowd(NULL, 3, ids);

	ASSERT_EQ(0, mount_at(self->dir));
	old = strdup(rc_fmt("%s/ksft-0-fs/cgroup.procs", self->dir));
	ASSERT_EQ(0, rc_mkdir(grp));
	ASSERT_EQ(0, cs_write(grp, "cpus", "0"));
	EXPECT_EQ(-ENOSPC, rc_write(old, rc_fmt("%d", ids[1])));
	ASSERT_EQ(0, cs_write(grp, "mems", "0"));
	EXPECT_EQ(0, rc_write(old, rc_fmt("%d\n", ids[1])));
	EXPECT_EQ(3, rc_count(rc_fmt("%s/tasks", grp)));
	EXPECT_EQ(1, rc_count(old));
	EXPECT_TRUE(rc_listed(old, pid));
	EXPECT_EQ(-EINVAL, rc_write(old, "x"));
}

/* What new sets below begin with, if they are to. */
TEST_F(fs, clone_children)
{
	const char *grp, *sub;

	ASSERT_EQ(0, mount_at(self->dir));
	grp = strdup(rc_fmt("%s/ksft-0-fs", self->dir));
	sub = strdup(rc_fmt("%s/ksft-1-fs", grp));
	EXPECT_STREQ("0", cs_read(self->dir, "cgroup.clone_children"));
	EXPECT_EQ(-EINVAL, cs_write(self->dir, "cgroup.clone_children", "2"));
	ASSERT_EQ(0, cs_write(self->dir, "cgroup.clone_children", "1"));
	/* From the root, which has all that is on line. */
	ASSERT_EQ(0, rc_mkdir(grp));
	EXPECT_STREQ("1", cs_read(grp, "cgroup.clone_children"));
	EXPECT_STREQ(cs_online_cpus(), cs_read(grp, "cpus"));
	EXPECT_STREQ(cs_online_cpus(), cs_read(grp, "effective_cpus"));
	EXPECT_STREQ(cs_online_mems(), cs_read(grp, "mems"));
	EXPECT_STREQ(cs_online_mems(), cs_read(grp, "effective_mems"));
	ASSERT_EQ(0, cs_write(grp, "cpus", "0"));
	/* As it is at the moment; it takes tasks. Made through /proc as well. */
	ASSERT_EQ(0, rc_mkdir(CS_ROOT "/ksft-0-fs/ksft-1-fs"));
	EXPECT_STREQ("0", cs_read(sub, "cpus"));
	EXPECT_EQ(0, cs_attach(sub, 0));
	EXPECT_STREQ("0", cs_affinity(0));
	EXPECT_EQ(0, cs_attach(CS_ROOT, 0));
	ASSERT_EQ(0, rc_rmdir(sub));
	/* Not beside a set that has some for itself. */
	ASSERT_EQ(0, cs_write(CS_ROOT, "cpu_exclusive", "1"));
	ASSERT_EQ(0, cs_write(grp, "cpu_exclusive", "1"));
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/ksft-2-fs", self->dir)));
	EXPECT_STREQ("", cs_read(rc_fmt("%s/ksft-2-fs", self->dir), "cpus"));
	EXPECT_STREQ("", cs_read(rc_fmt("%s/ksft-2-fs", self->dir), "mems"));
	ASSERT_EQ(0, cs_write(grp, "cgroup.clone_children", "0"));
	ASSERT_EQ(0, rc_mkdir(sub));
	EXPECT_STREQ("", cs_read(sub, "cpus"));
	EXPECT_STREQ("0", cs_read(sub, "cgroup.clone_children"));
}

/* All mounts are one file system; twice in one place it cannot be. */
TEST_F(fs, one_file_system)
{
	struct stat first, second, proc;

	ASSERT_EQ(0, mount_at(self->dir));
	EXPECT_EQ(-EBUSY, mount_at(self->dir));
	ASSERT_EQ(0, mount_at(self->second));
	ASSERT_EQ(0, stat(self->dir, &first));
	ASSERT_EQ(0, stat(self->second, &second));
	ASSERT_EQ(0, stat(CS_ROOT, &proc));
	EXPECT_EQ(first.st_dev, second.st_dev);
	EXPECT_NE(first.st_dev, proc.st_dev);
	EXPECT_EQ(first.st_ino, proc.st_ino);
}

/* To unmount it takes nothing away. */
TEST_F(fs, unmounted)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, mount_at(self->dir));
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/ksft-0-fs", self->dir)));
	ASSERT_EQ(0, cs_write(CS_ROOT "/ksft-0-fs", "cpus", "0"));
	ASSERT_EQ(0, cs_write(CS_ROOT "/ksft-0-fs", "mems", "0"));
	ASSERT_EQ(0, cs_attach(CS_ROOT "/ksft-0-fs", pid));
	ASSERT_EQ(0, umount(self->dir));
	EXPECT_STREQ("0", cs_read(CS_ROOT "/ksft-0-fs", "cpus"));
	EXPECT_STREQ("/ksft-0-fs", cs_path(pid));
	EXPECT_STREQ("0", cs_affinity(pid));
	ASSERT_EQ(0, mount_at(self->dir));
	EXPECT_STREQ("0", cs_read(rc_fmt("%s/ksft-0-fs", self->dir), "cpus"));
}

/* All mounts are of one hierarchy. */
TEST_F(fs, twice)
{
	ASSERT_EQ(0, mount_at(self->dir));
	ASSERT_EQ(0, mount_at(self->second));
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/ksft-0-fs", self->dir)));
	EXPECT_EQ(S_IFDIR | 0755,
		  rc_mode(rc_fmt("%s/ksft-0-fs", self->second)));
	ASSERT_EQ(0, cs_write(rc_fmt("%s/ksft-0-fs", self->second), "cpus",
			      "0"));
	ASSERT_EQ(0, umount(self->second));
	EXPECT_STREQ("0", cs_read(rc_fmt("%s/ksft-0-fs", self->dir), "cpus"));
}

/* The hierarchy can end; what is left of it says so, and the next is new. */
TEST_F(fs, ended)
{
	int fd;

	ASSERT_EQ(0, mount_at(self->dir));
	fd = rc_open(rc_fmt("%s/cpus", self->dir), O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_rmdir(CS_ROOT));
	EXPECT_GT(0, rc_mkdir(rc_fmt("%s/ksft-0-fs", self->dir)));
	EXPECT_STREQ(rc_fmt("error %d", ENODEV),
		     cs_list_of(rc_fmt("/proc/self/fd/%d", fd)));
	close(fd);
	ASSERT_EQ(0, umount(self->dir));
	ASSERT_EQ(0, mount_at(self->dir));
	EXPECT_EQ(S_IFDIR | 0755, rc_mode(CS_ROOT));
	EXPECT_STREQ(cs_online_cpus(), cs_read(self->dir, "cpus"));
}

static int mount_it(void *dir)
{
	return mount_at(dir);
}

static int mount_in_namespace(void *dir)
{
	return unshare(CLONE_NEWNS) ? -ECHILD : mount_at(dir);
}

/* It takes CAP_SYS_ADMIN in the first user namespace, with and without one. */
TEST_F(fs, not_permitted)
{
	int i;

	for (i = 0; i < 2; i++) {
		char *before = rc_snapshot(RC_ROOT), *after;

		EXPECT_EQ(-EPERM, rc_run_uncapped(mount_it, self->dir));
		EXPECT_EQ(-EPERM, rc_run_in_user_ns(mount_in_namespace,
						    self->dir));
		EXPECT_EQ(-EPERM, rc_run_as(RC_USER, mount_it, self->dir));
		after = rc_snapshot(RC_ROOT);
		EXPECT_STREQ(before, after);
		EXPECT_FALSE(mounted(self->dir));
		free(before);
		free(after);
		if (!i)
			ASSERT_EQ(0, rc_mkdir(CS_ROOT));
	}
}

/* Who was refused elsewhere is refused here: groups belong to whom they do. */
TEST_F(fs, same_modes)
{
	const char *grp;

	ASSERT_EQ(0, mount_at(self->dir));
	grp = strdup(rc_fmt("%s/ksft-0-fs", self->dir));
	ASSERT_EQ(0, seteuid(RC_USER));
	EXPECT_EQ(-EACCES, rc_mkdir(grp));
	EXPECT_EQ(-EACCES, cs_write(self->dir, "tasks", "0"));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, rc_mkdir(grp));
	ASSERT_EQ(0, chown(CS_ROOT "/ksft-0-fs", RC_USER, RC_USER));
	ASSERT_EQ(0, seteuid(RC_USER));
	EXPECT_EQ(0, rc_mkdir(rc_fmt("%s/sub", grp)));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(S_IFDIR | 0755, rc_mode(CS_ROOT "/ksft-0-fs/sub"));
}

/* No room for the hierarchy is said as by mkdir. */
TEST_F(fs, no_room)
{
	int nr = 0;

	while (rc_hier_new())
		ASSERT_GT(64, ++nr);
	ASSERT_EQ(ENOSPC, errno);
	EXPECT_EQ(-ENOSPC, mount_at(self->dir));
	EXPECT_FALSE(mounted(self->dir));
}

TEST_HARNESS_MAIN
