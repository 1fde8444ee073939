// SPDX-License-Identifier: GPL-2.0
/* Giving a hierarchy other controllers through its subsystems file. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

/* The most controllers that a test names at once. */
#define MAX_CTLRS 3

static const char *subsystems_of(const char *hier)
{
	return rc_fmt("%s/subsystems", hier);
}

static int rebind(const char *hier, const char *list)
{
	return rc_write(subsystems_of(hier), list);
}

/* What the hierarchy says it has. */
static const char *bound(const char *hier)
{
	char buf[256];

	if (rc_read(subsystems_of(hier), buf, sizeof(buf)) <= 0)
		return "";
	return rc_fmt("%s", buf);
}

/* A controller's line in /proc/rc/subsystems. */
static const char *line_of(const char *name)
{
	char *text = rc_text(RC_ROOT "/subsystems");
	char *line = text ? strstr(text, rc_fmt("\n%s\t", name)) : NULL;
	const char *ret = "";

	if (line)
		ret = rc_fmt("%.*s", (int)strcspn(line + 1, "\n"), line + 1);
	free(text);
	return ret;
}

/* The first @nr controllers in order of their ids, separated by @sep. */
static const char *first(int nr, const char *sep)
{
	char *text = rc_text(RC_ROOT "/subsystems"), *line, *save;
	const char *list = "";

	strtok_r(text, "\n", &save);
	for (; nr && (line = strtok_r(NULL, "\n", &save)); nr--)
		list = rc_fmt("%s%s%.*s", list, *list ? sep : "",
			      (int)strcspn(line, "\t"), line);
	free(text);
	return nr ? NULL : list;
}

/* Files whose names start with that of the controller and a dot. */
static int files_of(const char *dir, const char *name)
{
	struct dirent *entry;
	DIR *stream = opendir(dir);
	size_t len = strlen(name);
	int nr = 0;

	if (!stream)
		return -errno;
	while ((entry = readdir(stream))) {
		if (!strncmp(entry->d_name, name, len) &&
		    entry->d_name[len] == '.')
			nr++;
	}
	closedir(stream);
	return nr;
}

FIXTURE(rebind)
{
	const char *hier;
	/* It is not bound to cpuacct. */
	const char *other;
};

FIXTURE_SETUP(rebind)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->other = rc_hier_new();
	ASSERT_TRUE(!!self->other);
	ASSERT_STREQ("cpuacct\t-\t0\t1", line_of("cpuacct"));
}

FIXTURE_TEARDOWN(rebind)
{
	EXPECT_EQ(0, rc_teardown());
}

/* A controller comes with its files, and goes with them. */
TEST_F(rebind, comes_and_goes)
{
	const char *name = strrchr(self->hier, '/') + 1;
	const char *usage = rc_fmt("%s/cpuacct.usage", self->hier);
	const char *rc = rc_fmt("\n%s:cpuacct:/\n", name);
	char *text;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_STREQ("\n", bound(self->hier));
		ASSERT_EQ(-ENOENT, rc_open(usage, O_RDONLY));
		ASSERT_EQ(0, files_of(self->hier, "cpuacct"));

		ASSERT_EQ(0, rebind(self->hier, "cpuacct\n"));
		EXPECT_STREQ("cpuacct\n", bound(self->hier));
		EXPECT_STREQ(rc_fmt("cpuacct\t%s\t1\t1", name),
			     line_of("cpuacct"));
		EXPECT_EQ(3, files_of(self->hier, "cpuacct"));
		EXPECT_NE(~0ULL, rc_number(usage));
		text = rc_text("/proc/self/rc");
		EXPECT_TRUE(!!strstr(rc_fmt("\n%s", text), rc));
		free(text);

		ASSERT_EQ(0, rebind(self->hier, i % 2 ? "" : "\n"));
		EXPECT_STREQ("cpuacct\t-\t0\t1", line_of("cpuacct"));
	}
	/* Now it is there for others. */
	ASSERT_EQ(0, rebind(self->other, "cpuacct"));
	EXPECT_EQ(-EBUSY, rc_mkdir(RC_ROOT "/cpuacct"));
	ASSERT_EQ(0, rebind(self->other, ""));
}

/* Its groups are controlled from then on. */
TEST_F(rebind, groups)
{
	const char *grp;
	pid_t pid;

	ASSERT_EQ(0, rebind(self->hier, "cpuacct"));
	grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!grp);
	EXPECT_EQ(3, files_of(grp, "cpuacct"));
	EXPECT_EQ(0, (int)rc_number(rc_fmt("%s/cpuacct.usage", grp)));
	pid = rc_spinner();
	ASSERT_EQ(0, rc_attach(grp, pid));
	EXPECT_TRUE(RC_WAIT(rc_number(rc_fmt("%s/cpuacct.usage", grp)) >= 20));
	ASSERT_EQ(0, rc_kill(pid));
}

/* Owner and mode of files that come are those of files that are made. */
TEST_F(rebind, attributes)
{
	struct stat st;

	if (!rc_has_subsys("debug"))
		SKIP(return, "no controller with a file to write to");
	ASSERT_EQ(0, stat(subsystems_of(self->hier), &st));
	EXPECT_EQ(S_IFREG | 0644, (int)st.st_mode);
	ASSERT_EQ(0, rebind(self->hier, "cpuacct debug"));
	ASSERT_EQ(0, stat(rc_fmt("%s/cpuacct.usage", self->hier), &st));
	EXPECT_EQ(S_IFREG | 0444, (int)st.st_mode);
	EXPECT_EQ(0, (int)st.st_uid);
	EXPECT_EQ(0, (int)st.st_gid);
	ASSERT_EQ(0, stat(rc_fmt("%s/debug.fail", self->hier), &st));
	EXPECT_EQ(S_IFREG | 0644, (int)st.st_mode);
	/* What somebody changed does not come back. */
	ASSERT_EQ(0, chmod(rc_fmt("%s/debug.fail", self->hier), 0600));
	ASSERT_EQ(0, chmod(rc_fmt("%s/cpuacct.usage", self->hier), 0400));
	ASSERT_EQ(0, rebind(self->hier, "cpuacct"));
	ASSERT_EQ(0, rebind(self->hier, "cpuacct debug"));
	ASSERT_EQ(0, stat(rc_fmt("%s/debug.fail", self->hier), &st));
	EXPECT_EQ(S_IFREG | 0644, (int)st.st_mode);
	/* One that stayed is the same file still. */
	ASSERT_EQ(0, stat(rc_fmt("%s/cpuacct.usage", self->hier), &st));
	EXPECT_EQ(S_IFREG | 0400, (int)st.st_mode);
}

/* The same controllers again change nothing, in whatever order. */
TEST_F(rebind, same_again)
{
	const char *usage = rc_fmt("%s/cpuacct.usage", self->hier);
	int fd;
	char *before, c;

	ASSERT_EQ(0, rebind(self->hier, "cpuacct"));
	ASSERT_EQ(0, chmod(usage, 0400));
	fd = rc_open(usage, O_RDONLY);
	ASSERT_LE(0, fd);
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(0, rebind(self->hier, "cpuacct"));
	EXPECT_EQ(0, rebind(self->hier, "cpuacct,cpuacct"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_EQ(1, read(fd, &c, 1));
	close(fd);
}

/* An open file of what went says ENODEV, for good; what stayed goes on. */
TEST_F(rebind, open_files)
{
	int usage, counts, fail, again;
	char c;

	if (!rc_has_subsys("debug"))
		SKIP(return, "needs two controllers");
	ASSERT_EQ(0, rebind(self->hier, "cpuacct debug"));
	usage = rc_open(rc_fmt("%s/cpuacct.usage", self->hier), O_RDONLY);
	counts = rc_open(rc_fmt("%s/debug.counts", self->hier), O_RDONLY);
	fail = rc_open(rc_fmt("%s/debug.fail", self->hier), O_WRONLY);
	ASSERT_LE(0, usage);
	ASSERT_LE(0, counts);
	ASSERT_LE(0, fail);
	ASSERT_EQ(1, read(counts, &c, 1));
	ASSERT_EQ(0, rebind(self->hier, "cpuacct"));
	for (again = 0; again < 2; again++) {
		EXPECT_EQ(-1, read(counts, &c, 1));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(-1, pread(counts, &c, 1, 0));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(-ENODEV, rc_write_fd(fail, "none", 4));
		EXPECT_EQ(1, pread(usage, &c, 1, 0));
		ASSERT_EQ(0, rebind(self->hier, "cpuacct debug"));
	}
	close(usage);
	close(counts);
	close(fail);
}

/* Every mount shows at once what has come and gone. */
TEST_F(rebind, mounts)
{
	const char *there = rc_in_new_mount(self->hier), *usage;
	int i;

	ASSERT_TRUE(!!there);
	usage = strdup(rc_fmt("%s/cpuacct.usage", there));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(-ENOENT, rc_open(usage, O_RDONLY));
		ASSERT_EQ(0, files_of(there, "cpuacct"));
		ASSERT_EQ(0, rebind(self->hier, "cpuacct"));
		ASSERT_NE(~0ULL, rc_number(usage));
		ASSERT_EQ(3, files_of(there, "cpuacct"));
		ASSERT_STREQ("cpuacct\n", bound(there));
		ASSERT_EQ(0, rebind(there, ""));
		ASSERT_EQ(-ENOENT, rc_open(rc_fmt("%s/cpuacct.usage",
						  self->hier), O_RDONLY));
	}
}

/* The time that all tasks have used counts on while nobody looks. */
TEST_F(rebind, usage_counts_on)
{
	const char *usage = rc_fmt("%s/cpuacct.usage", self->hier);
	unsigned long long last = 0;
	pid_t pid = rc_spinner();
	int i;

	ASSERT_LT(0, pid);
	for (i = 0; i < 10; i++) {
		unsigned long long now;

		ASSERT_EQ(0, rebind(self->hier, "cpuacct"));
		now = rc_number(usage);
		ASSERT_NE(~0ULL, now);
		EXPECT_LE(last, now);
		ASSERT_TRUE(RC_WAIT(rc_number(usage) > now + 5));
		last = rc_number(usage);
		ASSERT_EQ(0, rebind(self->hier, ""));
	}
	ASSERT_EQ(0, rc_kill(pid));
}

/* A hierarchy with groups keeps what it has. */
TEST_F(rebind, groups_in_the_way)
{
	const char *grp = rc_group_new(self->hier);
	char *before;

	ASSERT_TRUE(!!grp);
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EBUSY, rebind(self->hier, "cpuacct"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	ASSERT_EQ(0, rc_rmdir(grp));
	ASSERT_EQ(0, rebind(self->hier, "cpuacct"));
	grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!grp);
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EBUSY, rebind(self->hier, ""));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	ASSERT_EQ(0, rc_rmdir(grp));
	EXPECT_EQ(0, rebind(self->hier, ""));
}

/* A controller is in one hierarchy: all of a list or none of it is taken. */
TEST_F(rebind, bound_elsewhere)
{
	char *before;

	ASSERT_EQ(0, rebind(self->other, "cpuacct"));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EBUSY, rebind(self->hier, "cpuacct"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	if (!rc_has_subsys("debug"))
		return;
	EXPECT_EQ(-EBUSY, rebind(self->hier, "debug cpuacct"));
	EXPECT_EQ(-EBUSY, rebind(self->hier, "cpuacct debug"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	/* The same if it would lose one. */
	ASSERT_EQ(0, rebind(self->hier, "debug"));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EBUSY, rebind(self->hier, "cpuacct"));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_STREQ("debug\n", bound(self->hier));
}

/* One hierarchy after the other, and to one made by name. */
TEST_F(rebind, handed_on)
{
	ASSERT_EQ(0, rebind(self->hier, "cpuacct"));
	ASSERT_EQ(0, rebind(self->hier, ""));
	ASSERT_EQ(0, rebind(self->other, "cpuacct"));
	EXPECT_EQ(0, files_of(self->hier, "cpuacct"));
	EXPECT_EQ(3, files_of(self->other, "cpuacct"));
	ASSERT_EQ(0, rc_rmdir(self->other));
	EXPECT_STREQ("cpuacct\t-\t0\t1", line_of("cpuacct"));
	ASSERT_TRUE(!!rc_cpuacct());
	ASSERT_EQ(0, rebind(RC_ROOT "/cpuacct", ""));
	EXPECT_EQ(0, rebind(self->hier, "cpuacct"));
}

static int write_list(void *path)
{
	return rc_write(path, "cpuacct");
}

static int write_fd(void *fd)
{
	return rc_write_fd(*(int *)fd, "cpuacct", 7);
}

/* It takes CAP_SYS_ADMIN in the first user namespace, also if one may write. */
TEST_F(rebind, not_permitted)
{
	char *path = strdup(subsystems_of(self->hier)), *before;

	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, write_list, path));
	ASSERT_EQ(0, chmod(path, 0666));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EPERM, rc_run_as(RC_USER, write_list, path));
	EXPECT_EQ(-EPERM, rc_run_uncapped(write_list, path));
	EXPECT_EQ(-EPERM, rc_run_in_user_ns(write_list, path));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	free(path);
}

/* It is the opener who is asked. */
TEST_F(rebind, opener)
{
	int fd = rc_open(subsystems_of(self->hier), O_WRONLY);
	char *before;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, rc_run_as(RC_USER, write_fd, &fd));
	EXPECT_STREQ("cpuacct\n", bound(self->hier));
	close(fd);
	ASSERT_EQ(0, rebind(self->hier, ""));
	ASSERT_EQ(0, chmod(subsystems_of(self->hier), 0666));
	before = rc_snapshot(RC_ROOT);
	/* Capabilities go with the uid, and come back with it. */
	ASSERT_EQ(0, seteuid(RC_USER));
	fd = rc_open(subsystems_of(self->hier), O_WRONLY);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EPERM, write_fd(&fd));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	close(fd);
}

/* A file that is kept over rmdir of the hierarchy says ENODEV. */
TEST_F(rebind, removed_while_open)
{
	int fd = rc_open(subsystems_of(self->hier), O_RDWR), again;
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_rmdir(self->hier));
	for (again = 0; again < 2; again++) {
		EXPECT_EQ(-ENODEV, rc_write_fd(fd, "cpuacct", 7));
		EXPECT_EQ(-ENODEV, rc_write_fd(fd, "", 0));
		EXPECT_EQ(-1, read(fd, &c, 1));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_STREQ("cpuacct\t-\t0\t1", line_of("cpuacct"));
		EXPECT_EQ(again ? -EEXIST : 0, rc_mkdir(self->hier));
	}
	close(fd);
}

/* More than a page is too long, a page is not. */
TEST_F(rebind, over_a_page)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *text = malloc(page + 1), *before = rc_snapshot(RC_ROOT);
	int fd = rc_open(subsystems_of(self->hier), O_WRONLY);

	ASSERT_LE(0, fd);
	memset(text, ' ', page + 1);
	memcpy(text, "cpuacct", 7);
	EXPECT_EQ(-E2BIG, rc_write_fd(fd, text, page + 1));
	EXPECT_EQ(-EFAULT, rc_write_fd(fd, (void *)8, 3));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	EXPECT_EQ(0, rc_write_fd(fd, text, page));
	EXPECT_STREQ("cpuacct\n", bound(self->hier));
	close(fd);
	free(text);
}

FIXTURE(list)
{
	const char *hier;
	const char *name[MAX_CTLRS];
};

/* @text: %1$s and so on are controllers; @nr of them are bound by it */
FIXTURE_VARIANT(list)
{
	const char *text;
	int nr;
	size_t nul;
	int err;
};

FIXTURE_VARIANT_ADD(list, one) { "%1$s", 1, 0, 0 };
FIXTURE_VARIANT_ADD(list, newline) { "%1$s\n", 1, 0, 0 };
FIXTURE_VARIANT_ADD(list, blank) { "%1$s %2$s", 2, 0, 0 };
FIXTURE_VARIANT_ADD(list, comma) { "%1$s,%2$s", 2, 0, 0 };
FIXTURE_VARIANT_ADD(list, comma_and_blank) { "%1$s, %2$s\n", 2, 0, 0 };
FIXTURE_VARIANT_ADD(list, several) { "%1$s ,,  ,%2$s", 2, 0, 0 };
FIXTURE_VARIANT_ADD(list, around) { " ,%1$s, ", 1, 0, 0 };
FIXTURE_VARIANT_ADD(list, other_order) { "%3$s %1$s,%2$s", 3, 0, 0 };
FIXTURE_VARIANT_ADD(list, repeated) { "%2$s %1$s %2$s,%1$s", 2, 0, 0 };
FIXTURE_VARIANT_ADD(list, empty) { "", 0, 0, 0 };
FIXTURE_VARIANT_ADD(list, newline_alone) { "\n", 0, 0, 0 };
FIXTURE_VARIANT_ADD(list, separators) { " , ", 0, 0, 0 };
FIXTURE_VARIANT_ADD(list, unknown) { "ksft", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, one_unknown) { "%1$s,ksft", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, unknown_first) { "ksft %1$s", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, beginning) { "%1$.4s", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, longer) { "%1$sx", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, joined) { "%1$s%2$s", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, semicolon) { "%1$s;%2$s", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, two_lines) { "%1$s\n%2$s\n", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, dash) { "-", 0, 0, -ENOENT };
FIXTURE_VARIANT_ADD(list, nul) { "%1$s", 0, 1, -EINVAL };

FIXTURE_SETUP(list)
{
	int i;

	ASSERT_EQ(0, rc_setup());
	for (i = 0; i < MAX_CTLRS; i++) {
		const char *list = first(i + 1, " ");

		if (!list)
			SKIP(return, "needs %d controllers", MAX_CTLRS);
		self->name[i] = strdup(strrchr(rc_fmt(" %s", list), ' ') + 1);
	}
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
}

FIXTURE_TEARDOWN(list)
{
	EXPECT_EQ(0, rc_teardown());
}

/* A list binds what it names, shown in order of ids, or changes nothing. */
TEST_F(list, write)
{
	int fd = rc_open(subsystems_of(self->hier), O_WRONLY), had;
	char text[256];
	int i;

	ASSERT_LE(0, fd);
	snprintf(text, sizeof(text), variant->text, self->name[0],
		 self->name[1], self->name[2]);
	/* With nothing before, and with another controller. */
	for (had = 0; had < 2; had++) {
		const char *last = had ? self->name[MAX_CTLRS - 1] : "";
		char *before;

		ASSERT_EQ(0, rebind(self->hier, last));
		before = rc_snapshot(RC_ROOT);
		ASSERT_EQ(variant->err,
			  rc_write_fd(fd, text, strlen(text) + variant->nul));
		if (variant->err) {
			EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
			continue;
		}
		EXPECT_STREQ(rc_fmt("%s\n", variant->nr ?
					    first(variant->nr, " ") : ""),
			     bound(self->hier));
		for (i = 0; i < MAX_CTLRS; i++)
			EXPECT_EQ(i < variant->nr,
				  !!strstr(line_of(self->name[i]),
					   self->hier + strlen(RC_ROOT "/")));
	}
	close(fd);
}

TEST_HARNESS_MAIN
