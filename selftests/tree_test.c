// SPDX-License-Identifier: GPL-2.0
/* The tree of hierarchies and groups: what makes, shows and removes it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define MAX_DEPTH 32

static int links_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -errno : (int)st.st_nlink;
}

/* The line of cpuacct in /proc/rc/subsystems. */
static const char *cpuacct_line(void)
{
	char *text = rc_text(RC_ROOT "/subsystems");
	char *line = text ? strstr(text, "\ncpuacct\t") : NULL;
	const char *ret = "";

	if (line)
		ret = rc_fmt("%.*s", (int)strcspn(line + 1, "\n"), line + 1);
	free(text);
	return ret;
}

FIXTURE(tree)
{
	const char *hier;
	const char *grp;
};

FIXTURE_SETUP(tree)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(tree)
{
	EXPECT_EQ(0, rc_teardown());
}

/* What everybody finds at first has the promised types and modes. */
TEST_F(tree, modes)
{
	const char * const dirs[] = { self->hier, self->grp };
	size_t i;

	EXPECT_EQ(S_IFDIR | 0755, rc_mode(RC_ROOT));
	EXPECT_EQ(S_IFREG | 0444, rc_mode(RC_ROOT "/subsystems"));
	EXPECT_EQ(S_IFDIR | 0755, rc_mode(self->hier));
	EXPECT_EQ(S_IFREG | 0644, rc_mode(rc_fmt("%s/subsystems", self->hier)));
	EXPECT_EQ(S_IFREG | 0644,
		  rc_mode(rc_fmt("%s/release_agent", self->hier)));
	EXPECT_EQ(S_IFDIR | 0755, rc_mode(self->grp));
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		EXPECT_EQ(S_IFREG | 0644, rc_mode(rc_fmt("%s/tasks", dirs[i])));
		EXPECT_EQ(S_IFREG | 0644, rc_mode(rc_fmt("%s/procs", dirs[i])));
		EXPECT_EQ(S_IFREG | 0444,
			  rc_mode(rc_fmt("%s/events", dirs[i])));
		EXPECT_EQ(S_IFREG | 0644,
			  rc_mode(rc_fmt("%s/notify_on_release", dirs[i])));
	}
}

/* Groups below the root have neither a list of controllers nor an agent. */
TEST_F(tree, files_of_root_group_only)
{
	EXPECT_EQ(-ENOENT, rc_open(rc_fmt("%s/subsystems", self->grp),
				   O_RDONLY));
	EXPECT_EQ(-ENOENT, rc_open(rc_fmt("%s/release_agent", self->grp),
				   O_RDONLY));
}

/* /proc/rc/subsystems: header, then four tab separated fields a line. */
TEST_F(tree, subsystems_format)
{
	static const char header[] =
		"#subsys_name\thierarchy\tnum_groups\tenabled\n";
	char *text = rc_text(RC_ROOT "/subsystems"), *line, *save;
	int lines = 0;

	ASSERT_TRUE(!!text);
	ASSERT_EQ(0, strncmp(text, header, strlen(header)));
	for (line = strtok_r(text + strlen(header), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[64], hier[256], rest;
		int groups, enabled, fields;

		fields = sscanf(line, "%63[^\t]\t%255[^\t]\t%d\t%d%c",
				name, hier, &groups, &enabled, &rest);
		EXPECT_EQ(4, fields);
		lines++;
	}
	EXPECT_LE(1, lines);
	free(text);
}

/* A hierarchy with any other name than a list of controllers has none. */
TEST_F(tree, no_controllers)
{
	char buf[64];

	ASSERT_LE(0, rc_read(rc_fmt("%s/subsystems", self->hier), buf,
			     sizeof(buf)));
	buf[strcspn(buf, "\n")] = '\0';
	EXPECT_STREQ("", buf);
	EXPECT_EQ(-ENOENT, rc_open(rc_fmt("%s/cpuacct.usage", self->hier),
				   O_RDONLY));
}

/* A list with one name that is no controller is an ordinary name. */
TEST_F(tree, half_a_list)
{
	const char *path = RC_ROOT "/cpuacct,ksft";

	ASSERT_EQ(0, rc_mkdir(path));
	rc_track_hier(path);
	EXPECT_EQ(-ENOENT, rc_open(rc_fmt("%s/cpuacct.usage", path), O_RDONLY));
}

/* The name of a controller binds it, rmdir sets it free again. */
TEST_F(tree, binding_by_name)
{
	const char *path = RC_ROOT "/cpuacct";
	char buf[64];

	ASSERT_STREQ("cpuacct\t-\t0\t1", cpuacct_line());
	ASSERT_EQ(0, rc_mkdir(path));
	rc_track_hier(path);
	EXPECT_LE(0, rc_read(rc_fmt("%s/subsystems", path), buf, sizeof(buf)));
	EXPECT_STREQ("cpuacct\n", buf);
	EXPECT_STREQ("cpuacct\tcpuacct\t1\t1", cpuacct_line());
	EXPECT_EQ(S_IFREG | 0444, rc_mode(rc_fmt("%s/cpuacct.usage", path)));
	EXPECT_EQ(0, rc_mkdir(rc_fmt("%s/g", path)));
	EXPECT_EQ(S_IFREG | 0444, rc_mode(rc_fmt("%s/g/cpuacct.load", path)));
	EXPECT_EQ(S_IFREG | 0444, rc_mode(rc_fmt("%s/g/cpuacct.stat", path)));
	EXPECT_STREQ("cpuacct\tcpuacct\t2\t1", cpuacct_line());
	EXPECT_EQ(0, rc_rmdir(rc_fmt("%s/g", path)));
	EXPECT_EQ(0, rc_rmdir(path));
	EXPECT_STREQ("cpuacct\t-\t0\t1", cpuacct_line());
}

/* The hierarchy of a bound controller exists once. */
TEST_F(tree, controller_bound_twice)
{
	char *before;

	ASSERT_TRUE(!!rc_cpuacct());
	rc_track_hier(RC_ROOT "/cpuacct,cpuacct");
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EEXIST, rc_mkdir(RC_ROOT "/cpuacct"));
	/* A list may name one controller twice, which makes another name. */
	EXPECT_EQ(-EBUSY, rc_mkdir(RC_ROOT "/cpuacct,cpuacct"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* Groups nest; the link count of a directory counts what is in it. */
TEST_F(tree, links)
{
	int links = links_of(self->grp);

	EXPECT_EQ(2, links);
	EXPECT_EQ(0, rc_mkdir(rc_fmt("%s/a", self->grp)));
	EXPECT_EQ(3, links_of(self->grp));
	EXPECT_EQ(0, rc_mkdir(rc_fmt("%s/a/b", self->grp)));
	EXPECT_EQ(3, links_of(self->grp));
	EXPECT_EQ(0, rc_rmdir(rc_fmt("%s/a/b", self->grp)));
	EXPECT_EQ(0, rc_rmdir(rc_fmt("%s/a", self->grp)));
	EXPECT_EQ(links, links_of(self->grp));
}

/* A name that is taken, also by a file, is refused. */
TEST_F(tree, name_taken)
{
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-EEXIST, rc_mkdir(RC_ROOT));
	EXPECT_EQ(-EEXIST, rc_mkdir(RC_ROOT "/subsystems"));
	EXPECT_EQ(-EEXIST, rc_mkdir(self->hier));
	EXPECT_EQ(-EEXIST, rc_mkdir(self->grp));
	EXPECT_EQ(-EEXIST, rc_mkdir(rc_fmt("%s/tasks", self->grp)));
	EXPECT_EQ(-EEXIST, rc_mkdir(rc_fmt("%s/.", self->grp)));
	EXPECT_EQ(-EEXIST, rc_mkdir(rc_fmt("%s/..", self->grp)));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* What does not exist cannot be removed, opened or hold a new group. */
TEST_F(tree, no_such_name)
{
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-ENOENT, rc_rmdir(RC_ROOT "/ksft-none"));
	EXPECT_EQ(-ENOENT, rc_rmdir(rc_fmt("%s/none", self->hier)));
	EXPECT_EQ(-ENOENT, rc_mkdir(rc_fmt("%s/none/a", self->hier)));
	EXPECT_EQ(-ENOENT, rc_open(rc_fmt("%s/none", self->hier), O_RDONLY));
	EXPECT_EQ(-ENOTDIR, rc_mkdir(rc_fmt("%s/tasks/a", self->hier)));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* 32 levels of groups are possible, the 33rd is not. */
TEST_F(tree, depth)
{
	char path[PATH_MAX];
	char *before;
	int depth;

	snprintf(path, sizeof(path), "%s", self->grp);
	for (depth = 2; depth <= MAX_DEPTH; depth++) {
		strcat(path, "/d");
		ASSERT_EQ(0, rc_mkdir(path)) {
			TH_LOG("depth %d", depth);
		}
	}
	before = rc_snapshot(RC_ROOT);
	strcat(path, "/d");
	EXPECT_EQ(-ENOSPC, rc_mkdir(path));
	EXPECT_EQ(-ENOENT, rc_rmdir(path));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* A group with a child group stays. */
TEST_F(tree, busy_child)
{
	char *before;

	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/a", self->grp)));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EBUSY, rc_rmdir(self->grp));
	EXPECT_EQ(-EBUSY, rc_rmdir(self->hier));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_EQ(0, rc_rmdir(rc_fmt("%s/a", self->grp)));
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

/* A group with a task stays until that has left. */
TEST_F(tree, busy_task)
{
	pid_t pid = rc_sleeper();
	char *before;

	ASSERT_EQ(0, rc_attach(self->grp, pid));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EBUSY, rc_rmdir(self->grp));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_EQ(0, rc_attach(self->hier, pid));
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

/* All tasks are in the root group; that keeps no hierarchy from ending. */
TEST_F(tree, rmdir_hierarchy)
{
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->hier), 1));
	EXPECT_STREQ("/", rc_where(getpid(), self->hier));
	EXPECT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(0, rc_rmdir(self->hier));
	EXPECT_STREQ("", rc_where(getpid(), self->hier));
	EXPECT_EQ(-ENOENT, rc_open(self->hier, O_RDONLY));
}

/* Hierarchies run out; one that is removed can be made again. */
TEST_F(tree, no_free_hierarchy)
{
	const char *last = self->hier, *next;
	char *before;
	int made = 0;

	for (next = rc_hier_new(); next; next = rc_hier_new()) {
		last = next;
		ASSERT_GT(1000, ++made);
	}
	EXPECT_EQ(ENOSPC, errno);
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-ENOSPC, rc_mkdir(RC_ROOT "/ksft-0-0"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	ASSERT_LT(0, made);
	EXPECT_EQ(0, rc_rmdir(last));
	EXPECT_EQ(0, rc_mkdir(last));
}

/* Directories hold what the kernel puts there, nothing a user makes. */
TEST_F(tree, no_files)
{
	const char *file = rc_fmt("%s/file", self->grp);
	const char *tasks = rc_fmt("%s/tasks", self->grp);
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-1, open(file, O_CREAT | O_WRONLY, 0644));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mknod(file, S_IFREG | 0644, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mkfifo(file, 0644));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, symlink("tasks", file));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, link(tasks, file));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, unlink(tasks));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, rename(tasks, file));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-ENOTDIR, rc_rmdir(tasks));
	EXPECT_EQ(-1, unlink(self->grp));
	EXPECT_EQ(EISDIR, errno);
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* Adds the numbers that a directory lists; -EBADMSG if stat(2) knows another one. */
static int add_inodes(const char *path, ino_t *inodes, int nr, int max)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while (nr >= 0 && (entry = readdir(dir))) {
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		if (nr == max || fstatat(dirfd(dir), entry->d_name, &st, 0) ||
		    st.st_ino != entry->d_ino || st.st_ino >> 32)
			nr = -EBADMSG;
		else
			inodes[nr++] = st.st_ino;
	}
	closedir(dir);
	return nr;
}

/*
 * Files have one inode number, whether they were looked at or only listed, which no
 * other file has, and which fits in the 32 bits of old programs.
 */
TEST_F(tree, inode_numbers)
{
	const char *dirs[5];
	ino_t inodes[256];
	int nr = 0, i, j;

	dirs[0] = RC_ROOT;
	dirs[1] = self->hier;
	dirs[2] = self->grp;
	dirs[3] = rc_group_new(self->grp);
	dirs[4] = rc_cpuacct();
	ASSERT_TRUE(dirs[3] && dirs[4]);
	for (i = 0; i < (int)ARRAY_SIZE(dirs); i++) {
		nr = add_inodes(dirs[i], inodes, nr, ARRAY_SIZE(inodes));
		ASSERT_LT(0, nr);
	}
	for (i = 0; i < nr; i++)
		for (j = 0; j < i; j++) {
			/* Groups are in the lists of those above, once. */
			EXPECT_NE(inodes[j], inodes[i]);
		}
}

/* A shell opens with O_CREAT and O_TRUNC what it redirects to. */
TEST_F(tree, shell_redirection)
{
	int fd = open(rc_fmt("%s/tasks", self->grp),
		      O_WRONLY | O_CREAT | O_TRUNC, 0666);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, rc_write_fd(fd, "0\n", 2));
	EXPECT_TRUE(strcmp("/", rc_where(getpid(), self->hier)));
	close(fd);
	fd = open(rc_fmt("%s/tasks", self->hier), O_WRONLY | O_APPEND);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, rc_write_fd(fd, "0\n", 2));
	EXPECT_STREQ("/", rc_where(getpid(), self->hier));
	close(fd);
}

/* A directory that was removed while it was open is dead and stays so. */
TEST_F(tree, removed_while_open)
{
	int dir = open(self->grp, O_RDONLY | O_DIRECTORY), again;
	struct stat st;

	ASSERT_LE(0, dir);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	for (again = 0; again < 2; again++) {
		EXPECT_EQ(0, fstat(dir, &st));
		EXPECT_EQ(0, (int)st.st_nlink);
		EXPECT_EQ(-1, mkdirat(dir, "a", 0755));
		EXPECT_EQ(ENOENT, errno);
		EXPECT_EQ(-1, openat(dir, "tasks", O_RDONLY));
		EXPECT_EQ(ENOENT, errno);
		EXPECT_EQ(again ? -EEXIST : 0, rc_mkdir(self->grp));
	}
	close(dir);
}

/* The working directory of somebody can be removed, too. */
TEST_F(tree, removed_working_directory)
{
	ASSERT_EQ(0, chdir(self->grp));
	EXPECT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(-ENOENT, rc_open("tasks", O_RDONLY));
	EXPECT_EQ(-ENOENT, rc_mkdir("a"));
	EXPECT_EQ(0, chdir("/"));
}

/* Making and removing one name again and again gives an empty group. */
TEST_F(tree, same_name_again)
{
	int i;

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, rc_rmdir(self->grp));
		ASSERT_EQ(-ENOENT, rc_open(self->grp, O_RDONLY));
		ASSERT_EQ(0, rc_mkdir(self->grp));
		ASSERT_EQ(0, rc_count(rc_fmt("%s/tasks", self->grp)));
	}
}

/* The umask of the maker limits the mode of a directory. */
TEST_F(tree, umask)
{
	const char *path = rc_fmt("%s/a", self->grp);

	umask(077);
	ASSERT_EQ(0, mkdir(path, 0777));
	umask(022);
	EXPECT_EQ(S_IFDIR | 0700, rc_mode(path));
}

FIXTURE(name)
{
	const char *hier;
};

/* @length bytes, NAME once and then filled with x. */
FIXTURE_VARIANT(name)
{
	const char *name;
	int length;
	int hier_err;
	int group_err;
};

FIXTURE_VARIANT_ADD(name, plain) { "ksft-0-", 0, 0, 0 };
FIXTURE_VARIANT_ADD(name, one_byte) { "k", 0, 0, 0 };
FIXTURE_VARIANT_ADD(name, utf8) { "ksft-0-\303\244", 0, 0, 0 };
FIXTURE_VARIANT_ADD(name, comma) { "ksft-0-,", 0, 0, 0 };
FIXTURE_VARIANT_ADD(name, hidden) { ".ksft-0-", 0, 0, 0 };
FIXTURE_VARIANT_ADD(name, longest) { "ksft-0-", 255, 0, 0 };
FIXTURE_VARIANT_ADD(name, too_long) { "ksft-0-", 256, -ENAMETOOLONG, -ENAMETOOLONG };
FIXTURE_VARIANT_ADD(name, colon) { "ksft-0-:", 0, -EINVAL, 0 };
FIXTURE_VARIANT_ADD(name, blank) { "ksft-0- ", 0, -EINVAL, 0 };
FIXTURE_VARIANT_ADD(name, blank_alone) { " ", 0, -EINVAL, 0 };
FIXTURE_VARIANT_ADD(name, tab) { "ksft-0-\t", 0, -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, newline) { "ksft-0-\n", 0, -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, newline_inside) { "ksft-0-\nx", 0, -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, control) { "ksft-0-\001", 0, -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, escape) { "\033[2J", 0, -EINVAL, -EINVAL };
FIXTURE_VARIANT_ADD(name, delete) { "ksft-0-\177", 0, -EINVAL, -EINVAL };

FIXTURE_SETUP(name)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
}

FIXTURE_TEARDOWN(name)
{
	EXPECT_EQ(0, rc_teardown());
}

static const char *fill(const char *dir, const char *name, int length)
{
	char text[512];
	int len = strlen(name);

	memcpy(text, name, len + 1);
	if (length > len) {
		memset(text + len, 'x', length - len);
		text[length] = '\0';
	}
	return rc_fmt("%s/%s", dir, text);
}

/* The name of a hierarchy is accepted, or refused and nothing changes. */
TEST_F(name, hierarchy)
{
	const char *path = fill(RC_ROOT, variant->name, variant->length);
	char *before = rc_snapshot(RC_ROOT);

	if (!variant->hier_err)
		rc_track_hier(path);
	ASSERT_EQ(variant->hier_err, rc_mkdir(path));
	if (!variant->hier_err) {
		EXPECT_STREQ("/", rc_where(getpid(), path));
		ASSERT_EQ(0, rc_rmdir(path));
	}
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* The same for the name of a group, in which more is allowed. */
TEST_F(name, group)
{
	const char *path = fill(self->hier, variant->name, variant->length);
	char *before = rc_snapshot(RC_ROOT);

	ASSERT_EQ(variant->group_err, rc_mkdir(path));
	if (!variant->group_err) {
		ASSERT_EQ(0, rc_attach(path, getpid()));
		EXPECT_STREQ(path + strlen(self->hier),
			     rc_where(getpid(), self->hier));
		ASSERT_EQ(0, rc_attach(self->hier, getpid()));
		ASSERT_EQ(0, rc_rmdir(path));
	}
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

TEST_HARNESS_MAIN
