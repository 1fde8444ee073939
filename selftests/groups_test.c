// SPDX-License-Identifier: GPL-2.0
/* The table "groups": what it has, for whom, and in what pieces. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_box.h"
#include "rc_util.h"

#define HEADER "#path\ttasks\tpopulated"

/* Whole tables of some hundred groups fit in. */
static char text[1 << 18];

static const char *table_fd(int fd, size_t piece)
{
	int len = lseek(fd, 0, SEEK_SET) ? -errno :
		  rc_read_fd(fd, text, sizeof(text), piece);

	return len < 0 ? rc_fmt("%d", len) : text;
}

static int table_open(const char *grp)
{
	return rc_open(rc_fmt("%s/groups", grp), O_RDONLY);
}

/* The text of a table, or "-errno". */
static const char *table(const char *grp)
{
	int fd = table_open(grp);
	const char *ret = rc_fmt("%d", fd);

	if (fd >= 0) {
		ret = table_fd(fd, sizeof(text));
		close(fd);
	}
	return ret;
}

/* Column @nr, which counts from 0, of the line of @path; "" if there is no such line. */
static const char *cell(const char *table, const char *path, int nr)
{
	size_t len = strlen(path);
	const char *line = table;

	while (line && (strncmp(line, path, len) || line[len] != '\t')) {
		line = strchr(line, '\n');
		line = line && line[1] ? line + 1 : NULL;
	}
	if (!line)
		return "";
	while (nr--)
		line += strcspn(line, "\t\n") + 1;
	return rc_fmt("%.*s", (int)strcspn(line, "\t\n"), line);
}

static const char *tasks_of(const char *grp, const char *path)
{
	return cell(table(grp), path, 1);
}

static char *group(const char *parent, const char *name)
{
	char *path = strdup(rc_fmt("%s/%s", parent, name));

	return rc_mkdir(path) ? NULL : path;
}

/* b, b/x, b/x/y, a: as they were born. */
FIXTURE(groups)
{
	char *hier;
	char *b;
	char *x;
	char *y;
	char *a;
};

FIXTURE_SETUP(groups)
{
	const char *hier;

	ASSERT_EQ(0, rc_setup());
	hier = rc_hier_new();
	ASSERT_TRUE(!!hier);
	self->hier = strdup(hier);
	self->b = group(self->hier, "b");
	self->x = group(self->b, "x");
	self->a = group(self->hier, "a");
	self->y = group(self->x, "y");
	ASSERT_TRUE(self->b && self->x && self->a && self->y);
}

FIXTURE_TEARDOWN(groups)
{
	EXPECT_EQ(0, rc_teardown());
}

/* A header, then parents before children and siblings in the order of their birth. */
TEST_F(groups, order)
{
	EXPECT_STREQ(HEADER "\n/\t-\t1\n/b\t0\t0\n/b/x\t0\t0\n/b/x/y\t0\t0\n/a\t0\t0\n",
		     table(self->hier));
}

/* The table of a group has that group and those below, with their whole paths. */
TEST_F(groups, below)
{
	EXPECT_STREQ(HEADER "\n/b/x\t0\t0\n/b/x/y\t0\t0\n", table(self->x));
	EXPECT_STREQ(HEADER "\n/a\t0\t0\n", table(self->a));
}

/* Blanks and backslashes are octal, all else is as it is. */
TEST_F(groups, escapes)
{
	ASSERT_TRUE(group(self->a, "o n\\e:,#\303\244") && group(self->a, "two"));
	EXPECT_STREQ(HEADER "\n/a\t0\t0\n/a/o\\040n\\134e:,#\303\244\t0\t0\n/a/two\t0\t0\n",
		     table(self->a));
}

/* A renamed group keeps its place. */
TEST_F(groups, renamed)
{
	ASSERT_EQ(0, rename(self->b, rc_fmt("%s/z", self->hier)));
	EXPECT_STREQ(HEADER "\n/\t-\t1\n/z\t0\t0\n/z/x\t0\t0\n/z/x/y\t0\t0\n/a\t0\t0\n",
		     table(self->hier));
}

/* Tasks are the group's own; populated, it is by those below as well. */
TEST_F(groups, own_tasks)
{
	pid_t pid = rc_sleeper();

	ASSERT_EQ(0, rc_attach(self->x, pid));
	EXPECT_STREQ(HEADER "\n/\t-\t1\n/b\t0\t1\n/b/x\t1\t1\n/b/x/y\t0\t0\n/a\t0\t0\n",
		     table(self->hier));
	ASSERT_EQ(0, rc_attach(self->y, pid));
	EXPECT_STREQ(HEADER "\n/b/x\t0\t1\n/b/x/y\t1\t1\n", table(self->x));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_STREQ(HEADER "\n/b/x\t0\t0\n/b/x/y\t0\t0\n", table(self->x));
}

static int bear(void *arg)
{
	const char *grp = arg;
	int err = rc_attach(grp, 0), i;

	for (i = 0; !err && i < 5; i++)
		err = rc_sleeper() > 0 ? 0 : -errno;
	if (!err && strcmp(tasks_of(grp, "/a"), "6"))
		err = -EBADMSG;
	/* One more in namespaces, and so with a proxy, of its own. */
	if (!err && unshare(CLONE_NEWUTS))
		err = -errno;
	if (!err && (rc_sleeper() < 0 || strcmp(tasks_of(grp, "/a"), "7")))
		err = -EBADMSG;
	return err;
}

/* Births, threads and ends count at once; zombies do not. */
TEST_F(groups, births_and_ends)
{
	pid_t pid, ids[64];

	EXPECT_EQ(0, rc_run(bear, self->a));
	/* Who dies with its parent may not have yet. */
	EXPECT_TRUE(RC_WAIT(!strcmp("0", tasks_of(self->a, "/a"))));
	pid = rc_crowd(self->a, 40, ids);
	ASSERT_LT(0, pid);
	EXPECT_STREQ("40", tasks_of(self->a, "/a"));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, rc_wait_zombie(pid));
	EXPECT_STREQ("0", tasks_of(self->a, "/a"));
	EXPECT_STREQ("0", cell(table(self->a), "/a", 2));
}

/* Those of a process that is moved go with it, whatever namespaces they have. */
TEST_F(groups, moved_process)
{
	pid_t pid = rc_sleeping_threads(70);
	int nr;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->a), rc_fmt("%d", pid)));
	nr = rc_count(rc_fmt("%s/tasks", self->a));
	EXPECT_LE(70, nr);
	EXPECT_STREQ(rc_fmt("%d", nr), tasks_of(self->hier, "/a"));
	ASSERT_EQ(0, rc_attach(self->b, pid));
	EXPECT_STREQ(rc_fmt("%d", nr - 1), tasks_of(self->hier, "/a"));
	EXPECT_STREQ("1", tasks_of(self->hier, "/b"));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->hier), rc_fmt("%d", pid)));
	EXPECT_STREQ("0", tasks_of(self->hier, "/a"));
	EXPECT_STREQ("0", tasks_of(self->hier, "/b"));
}

/* A move in another hierarchy, which gives a task another proxy, changes no number here. */
TEST_F(groups, other_hierarchy)
{
	const char *other = rc_hier_new(), *grp;
	pid_t pid = rc_sleeper(), too = rc_sleeper();

	ASSERT_TRUE(!!other);
	grp = rc_group_new(other);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, rc_attach(self->a, pid));
	ASSERT_EQ(0, rc_attach(self->a, too));
	ASSERT_EQ(0, rc_attach(grp, pid));
	EXPECT_STREQ("2", tasks_of(self->a, "/a"));
	ASSERT_EQ(0, rc_attach(grp, too));
	EXPECT_STREQ("2", tasks_of(self->a, "/a"));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_STREQ("1", tasks_of(self->a, "/a"));
	ASSERT_EQ(0, rc_attach(other, too));
	EXPECT_STREQ("1", tasks_of(self->a, "/a"));
}

#define COMBINATIONS 150

/* Each in a combination of groups of its own: more than are looked at in one piece. */
TEST_F(groups, combinations)
{
	pid_t *ids = rc_shared(COMBINATIONS * sizeof(*ids)), pid;
	const char *other = rc_hier_new();
	int i;

	ASSERT_TRUE(other && ids);
	pid = rc_crowd(self->a, COMBINATIONS, ids);
	ASSERT_LT(0, pid);
	for (i = 0; i < COMBINATIONS; i++) {
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/%d", other, i)));
		ASSERT_EQ(0, rc_write(rc_fmt("%s/%d/tasks", other, i),
				      rc_fmt("%d", ids[i])));
	}
	EXPECT_STREQ(rc_fmt("%d", COMBINATIONS), tasks_of(self->hier, "/a"));
	for (i = 0; i < COMBINATIONS; i += 2)
		ASSERT_EQ(0, rc_write(rc_fmt("%s/tasks", self->b),
				      rc_fmt("%d", ids[i])));
	EXPECT_STREQ(rc_fmt("%d", COMBINATIONS / 2), tasks_of(self->hier, "/a"));
	EXPECT_STREQ(rc_fmt("%d", COMBINATIONS / 2), tasks_of(self->hier, "/b"));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_STREQ("0", tasks_of(self->hier, "/a"));
}

/* Nobody writes to it, root neither. */
TEST_F(groups, not_written)
{
	char *before = rc_snapshot(self->hier);

	EXPECT_EQ(-EINVAL, rc_write(rc_fmt("%s/groups", self->a), "1"));
	EXPECT_EQ(-EINVAL, rc_write(rc_fmt("%s/groups", self->hier), ""));
	EXPECT_STREQ(before, rc_snapshot(self->hier));
}

static int open_to_write(void *path)
{
	return rc_open(path, O_WRONLY);
}

/* Everybody may open it to read, and nobody else than root to write. */
TEST_F(groups, not_opened_to_write)
{
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_to_write,
				     (char *)rc_fmt("%s/groups", self->a)));
	EXPECT_EQ(S_IFREG | 0444, rc_mode(rc_fmt("%s/groups", self->a)));
}

/* It says ENODEV when its group has been removed, also in the middle. */
TEST_F(groups, removed)
{
	int fd = table_open(self->a);
	char buf[8];

	ASSERT_LE(0, fd);
	ASSERT_EQ(8, read(fd, buf, sizeof(buf)));
	ASSERT_EQ(0, rc_rmdir(self->a));
	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, pread(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
}

/* All groups in one read, and the same in pieces of any size. */
TEST_F(groups, pieces)
{
	int fd, i, len;
	char *whole;

	for (i = 0; i < 500; i++)
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/%0*d", self->a, i % 40 + 3, i)));
	fd = table_open(self->hier);
	ASSERT_LE(0, fd);
	len = read(fd, text, sizeof(text) - 1);
	ASSERT_LT(500 * 25, len);
	text[len] = '\0';
	whole = strdup(text);
	EXPECT_STREQ("0", cell(whole, rc_fmt("/a/%0*d", 499 % 40 + 3, 499), 1));
	EXPECT_EQ(0, read(fd, text, sizeof(text)));
	EXPECT_STREQ(whole, table_fd(fd, 1));
	EXPECT_STREQ(whole, table_fd(fd, 7));
	EXPECT_STREQ(whole, table_fd(fd, 4096));
	EXPECT_STREQ(whole, table_fd(fd, 4097));
	for (i = 0; i < 500; i++)
		ASSERT_EQ(0, rc_rmdir(rc_fmt("%s/%0*d", self->a, i % 40 + 3, i)));
	close(fd);
}

/* Any place can be read, before what was read and behind it; the end is at 0. */
TEST_F(groups, seeks)
{
	int fd = table_open(self->hier), len, at;
	char *whole = strdup(table(self->hier)), buf[16];

	ASSERT_LE(0, fd);
	len = strlen(whole);
	for (at = len; at >= 0; at--) {
		int want = len - at < 5 ? len - at : 5;

		ASSERT_EQ(want, pread(fd, buf, 5, at));
		ASSERT_EQ(0, memcmp(buf, whole + at, want));
	}
	EXPECT_EQ(3, lseek(fd, 3, SEEK_SET));
	EXPECT_EQ(4, read(fd, buf, 4));
	EXPECT_EQ(0, memcmp(buf, whole + 3, 4));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_END));
	EXPECT_STREQ(whole, table_fd(fd, sizeof(text)));
	close(fd);
}

/* A group that is made while the table is read is left out, one that goes does no harm. */
TEST_F(groups, between_pieces)
{
	int fd = table_open(self->hier), len;

	ASSERT_LE(0, fd);
	/* The header and the root: the reader is at /b. */
	len = read(fd, text, strlen(HEADER "\n/\t-\t1\n"));
	ASSERT_LT(0, len);
	ASSERT_TRUE(!!group(self->y, "late"));
	ASSERT_EQ(0, rename(self->b, rc_fmt("%s/c", self->hier)));
	len = rc_read_fd(fd, text, sizeof(text), sizeof(text));
	ASSERT_LT(0, len);
	EXPECT_EQ(NULL, strstr(text, "late"));
	EXPECT_TRUE(!!strstr(text, "/a\t0\t0\n"));
	close(fd);
}

static int read_table(void *grp)
{
	const char *want = strchr(grp, '\n') + 1, *got;

	*strchr(grp, '\n') = '\0';
	got = table(grp);
	return strcmp(want, got) ? -EBADMSG : 0;
}

/* Does @uid see this table? */
static int sees(uid_t uid, const char *grp, const char *want)
{
	char *arg = strdup(rc_fmt("%s\n" HEADER "\n%s", grp, want));

	return rc_run_as(uid, read_table, arg);
}

/* Who cannot search a group's directory sees neither its name nor what is below. */
TEST_F(groups, not_searched)
{
	EXPECT_EQ(0, sees(RC_USER, self->hier,
			  "/\t-\t1\n/b\t0\t0\n/b/x\t0\t0\n/b/x/y\t0\t0\n/a\t0\t0\n"));
	ASSERT_EQ(0, chmod(self->x, 0700));
	EXPECT_EQ(0, sees(RC_USER, self->hier, "/\t-\t1\n/b\t0\t0\n/a\t0\t0\n"));
	EXPECT_EQ(0, sees(RC_USER, self->b, "/b\t0\t0\n"));
	/* To read a directory is not to search it. */
	ASSERT_EQ(0, chmod(self->b, 0744));
	EXPECT_EQ(0, sees(RC_USER, self->hier, "/\t-\t1\n/a\t0\t0\n"));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, open_to_write,
				     (char *)rc_fmt("%s/groups", self->b)));
	/* The capability does as well. */
	EXPECT_STREQ(HEADER "\n/b\t0\t0\n/b/x\t0\t0\n/b/x/y\t0\t0\n", table(self->b));
}

/* The owner, then the group, then others: the first that fits decides. */
TEST_F(groups, owner_and_group)
{
	ASSERT_EQ(0, chown(self->b, RC_USER, 0));
	ASSERT_EQ(0, chmod(self->b, 0711));
	EXPECT_EQ(0, sees(RC_USER, self->b, "/b\t0\t0\n/b/x\t0\t0\n/b/x/y\t0\t0\n"));
	ASSERT_EQ(0, chown(self->x, RC_USER, 0));
	ASSERT_EQ(0, chmod(self->x, 0611));
	EXPECT_EQ(0, sees(RC_USER, self->b, "/b\t0\t0\n"));
	EXPECT_EQ(0, sees(RC_USER + 1, self->b, "/b\t0\t0\n/b/x\t0\t0\n/b/x/y\t0\t0\n"));
	ASSERT_EQ(0, chown(self->x, 0, RC_USER));
	ASSERT_EQ(0, chmod(self->x, 0701));
	EXPECT_EQ(0, sees(RC_USER, self->b, "/b\t0\t0\n"));
	EXPECT_EQ(0, sees(RC_USER + 1, self->b, "/b\t0\t0\n/b/x\t0\t0\n/b/x/y\t0\t0\n"));
	ASSERT_EQ(0, chmod(self->x, 0710));
	EXPECT_EQ(0, sees(RC_USER, self->b, "/b\t0\t0\n/b/x\t0\t0\n/b/x/y\t0\t0\n"));
	EXPECT_EQ(0, sees(RC_USER + 1, self->b, "/b\t0\t0\n"));
}

/* It is the credentials of the opener that count, not those of the reader. */
TEST_F(groups, opener)
{
	int fd = table_open(self->hier);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, chmod(self->b, 0700));
	ASSERT_EQ(0, seteuid(RC_USER));
	EXPECT_TRUE(!!strstr(table_fd(fd, sizeof(text)), "/b/x"));
	close(fd);
	fd = table_open(self->hier);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, fd);
	EXPECT_STREQ(HEADER "\n/\t-\t1\n/a\t0\t0\n", table_fd(fd, sizeof(text)));
	close(fd);
}

/* What is closed while somebody reads is closed at once, above where he is as well. */
TEST_F(groups, closed_meanwhile)
{
	const char *first = HEADER "\n/\t-\t1\n/b\t0\t0\n";
	int fd, i;

	/* More than a page below b, so that none is printed in advance. */
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/%0100d", self->b, i)));
	ASSERT_EQ(0, seteuid(RC_USER));
	fd = table_open(self->hier);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, fd);
	ASSERT_EQ((ssize_t)strlen(first), read(fd, text, strlen(first)));
	ASSERT_EQ(0, chmod(self->b, 0700));
	ASSERT_LT(0, rc_read_fd(fd, text, sizeof(text), 64));
	EXPECT_STREQ("/a\t0\t0\n", text);
	/* Above the file's own group, nothing is left to be seen. */
	ASSERT_EQ(0, chmod(self->b, 0755));
	ASSERT_EQ(0, seteuid(RC_USER));
	close(fd);
	fd = table_open(self->x);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, chmod(self->b, 0700));
	EXPECT_STREQ(HEADER "\n", table_fd(fd, sizeof(text)));
	close(fd);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, rc_rmdir(rc_fmt("%s/%0100d", self->b, i)));
}

static const char *box_table(struct rc_box *box, const char *grp)
{
	int ret = rc_box_do(box, rc_box_read, rc_fmt("%s/groups", grp), NULL);

	return ret ? rc_fmt("%d", ret) : box->text;
}

/* In a view paths start from its top, and there is nothing above or beside. */
TEST_F(groups, view)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, NULL);

	ASSERT_TRUE(!!box);
	EXPECT_STREQ(HEADER "\n/\t-\t1\n", box_table(box, self->hier));
	ASSERT_EQ(0, rc_attach(self->x, box->pid));
	EXPECT_STREQ(HEADER "\n/\t1\t1\n/y\t0\t0\n", box_table(box, self->hier));
	EXPECT_STREQ(HEADER "\n/y\t0\t0\n", box_table(box, rc_fmt("%s/y", self->hier)));
	EXPECT_STREQ("-2", box_table(box, self->b));
	/* Who is above says nothing about it. */
	ASSERT_EQ(0, chmod(self->b, 0700));
	EXPECT_STREQ(HEADER "\n/\t1\t1\n/y\t0\t0\n", box_table(box, self->hier));
	EXPECT_STREQ(HEADER "\n/b/x\t1\t1\n/b/x/y\t0\t0\n", table(self->x));
}

static int read_from_start(struct rc_box *box)
{
	if (lseek(box->fd[box->slot], 0, SEEK_SET))
		return -errno;
	return rc_box_read_open(box);
}

/* What was open when the view got another top has no group that is not in that. */
TEST_F(groups, view_moved)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, NULL);

	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_attach(self->x, box->pid));
	box->slot = 0;
	ASSERT_EQ(0, rc_box_do(box, rc_box_open, rc_fmt("%s/groups", self->hier), NULL));
	box->slot = 1;
	ASSERT_EQ(0, rc_attach(self->hier, box->pid));
	ASSERT_EQ(0, rc_box_do(box, rc_box_open, rc_fmt("%s/groups", self->hier), NULL));
	ASSERT_EQ(0, rc_attach(self->a, box->pid));
	box->slot = 0;
	ASSERT_EQ(0, rc_box_do(box, read_from_start, NULL, NULL));
	EXPECT_STREQ(HEADER "\n", box->text);
	/* A root that it had open is still one, and that is all. */
	box->slot = 1;
	ASSERT_EQ(0, rc_box_do(box, read_from_start, NULL, NULL));
	EXPECT_STREQ(HEADER "\n/..\t-\t1\n", box->text);
	EXPECT_STREQ(HEADER "\n/\t1\t1\n", box_table(box, self->hier));
}

/* Columns of the controllers that are bound, as their files are called and what they say. */
TEST_F(groups, columns)
{
	const char *hier, *grp, *name;
	pid_t pid = rc_spinner();

	if (!rc_has_subsys("pids") || !rc_has_subsys("cpuacct"))
		SKIP(return, "without cpuacct and pids");
	hier = strdup(rc_bound_new("cpuacct,pids"));
	grp = strdup(rc_group_new(hier));
	name = grp + strlen(hier);
	ASSERT_EQ(0, strncmp(table(hier), HEADER "\tcpuacct.usage\tpids.max\tpids.current\n",
			     strlen(HEADER "\tcpuacct.usage\tpids.max\tpids.current\n")));
	EXPECT_STREQ("max", cell(table(hier), name, 4));
	EXPECT_STREQ("0", cell(table(hier), name, 5));
	EXPECT_STREQ("-", cell(table(hier), "/", 4));
	EXPECT_STREQ("-", cell(table(hier), "/", 5));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/pids.max", grp), "100"));
	ASSERT_EQ(0, rc_attach(grp, pid));
	EXPECT_STREQ("100", cell(table(hier), name, 4));
	EXPECT_STREQ("1", cell(table(hier), name, 5));
	ASSERT_TRUE(RC_WAIT(rc_number(rc_fmt("%s/cpuacct.usage", grp)) > 10));
	EXPECT_EQ(0, rc_kill(pid));
	/* Somebody reads, which brings everything forward that is at rest now. */
	EXPECT_STREQ(rc_fmt("%llu", rc_number(rc_fmt("%s/cpuacct.usage", grp))),
		     cell(table(hier), name, 3));
	EXPECT_LT(10, atoi(cell(table(hier), "/", 3)));
}

/* pids.current has who was born just now, where there is no limit either. */
TEST_F(groups, births_of_pids)
{
	const char *hier, *grp;
	pid_t pid, ids[64];

	if (!rc_has_subsys("pids"))
		SKIP(return, "without pids");
	hier = strdup(rc_bound_new("pids"));
	grp = strdup(rc_group_new(hier));
	pid = rc_crowd(grp, 40, ids);
	ASSERT_LT(0, pid);
	EXPECT_STREQ("40", cell(table(hier), grp + strlen(hier), 4));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_STREQ("0", cell(table(grp), grp + strlen(hier), 4));
}

/* What is open when a hierarchy gets other controllers goes on with the header it has. */
TEST_F(groups, rebound)
{
	const char *hier, *none = "\n/\t-\t1\t-\t-\n";
	size_t len;
	int fd;

	if (!rc_has_subsys("pids"))
		SKIP(return, "without pids");
	hier = strdup(rc_bound_new("pids"));
	fd = table_open(hier);
	ASSERT_LE(0, fd);
	len = strlen(HEADER "\tpids.max\tpids.current");
	ASSERT_EQ((ssize_t)len, read(fd, text, len));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/subsystems", hier), ""));
	ASSERT_EQ((int)strlen(none), rc_read_fd(fd, text, sizeof(text), sizeof(text)));
	EXPECT_STREQ(none, text);
	EXPECT_STREQ(HEADER "\n/\t-\t1\n", table_fd(fd, sizeof(text)));
	close(fd);
}

TEST_HARNESS_MAIN
