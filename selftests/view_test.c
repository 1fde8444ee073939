// SPDX-License-Identifier: GPL-2.0
/*
 * Seen from a pid namespace: a mount of proc that belongs to one shows what its init
 * was given, and that can be divided and not left.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_box.h"

/* H/above/top is given to the box, H/above/side is somebody else's. */
FIXTURE(view)
{
	const char *hier;
	char *above;
	char *top;
	char *side;
	struct rc_box *box;
};

static char *group(const char *parent, const char *name)
{
	char *path = strdup(rc_fmt("%s/%s", parent, name));

	return rc_mkdir(path) ? NULL : path;
}

FIXTURE_SETUP(view)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->above = group(self->hier, "above");
	self->top = group(self->above, "top");
	self->side = group(self->above, "side");
	ASSERT_TRUE(self->above && self->top && self->side);
	self->box = rc_box_new(RC_BOX_ROOT, NULL);
	ASSERT_TRUE(!!self->box);
}

FIXTURE_TEARDOWN(view)
{
	EXPECT_EQ(0, rc_teardown());
}

static int give(const char *grp, pid_t pid)
{
	return rc_write(rc_fmt("%s/procs", grp), rc_fmt("%d", pid));
}

static int box_write(struct rc_box *box, const char *dir, const char *file,
		     const char *text)
{
	return rc_box_do(box, rc_box_write, rc_fmt("%s/%s", dir, file), text);
}

static int box_mkdir(struct rc_box *box, const char *dir, const char *name)
{
	return rc_box_do(box, rc_box_mkdir, rc_fmt("%s/%s", dir, name), NULL);
}

static int box_rmdir(struct rc_box *box, const char *dir, const char *name)
{
	return rc_box_do(box, rc_box_rmdir, rc_fmt("%s/%s", dir, name), NULL);
}

static const char *box_list(struct rc_box *box, const char *dir)
{
	int ret = rc_box_do(box, rc_box_list, dir, NULL);

	return ret ? rc_fmt("%d", ret) : box->text;
}

static const char *box_read(struct rc_box *box, const char *dir, const char *file)
{
	int ret = rc_box_do(box, rc_box_read, rc_fmt("%s/%s", dir, file), NULL);

	return ret ? rc_fmt("%d", ret) : box->text;
}

/* Only in the box. */
static int where_op(struct rc_box *box)
{
	snprintf(box->text, sizeof(box->text), "%s",
		 rc_where(atoi(box->b), box->a));
	return 0;
}

/* The path of a task, as the box sees it. */
static const char *box_where(struct rc_box *box, const char *hier, pid_t pid)
{
	rc_box_do(box, where_op, hier, rc_fmt("%d", pid));
	return box->text;
}

static int inode_op(struct rc_box *box)
{
	struct stat st;

	if (stat(box->a, &st))
		return -errno;
	sprintf(box->text, "%llu %d", (unsigned long long)st.st_ino,
		(int)st.st_nlink);
	return 0;
}

/* Number and links of a directory, as the box sees it. */
static const char *box_inode(struct rc_box *box, const char *path)
{
	int ret = rc_box_do(box, inode_op, path, NULL);

	return ret ? rc_fmt("%d", ret) : box->text;
}

static const char *inode(const char *path)
{
	struct stat st;

	return stat(path, &st) ? "" :
	       rc_fmt("%llu %d", (unsigned long long)st.st_ino, (int)st.st_nlink);
}

#define ROOT_FILES "events notify_on_release procs release_agent subsystems tasks"
#define GROUP_FILES "events notify_on_release procs tasks"

/* Who was given nothing sees no group, and that there are any. */
TEST_F(view, given_nothing)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;

	EXPECT_STREQ(ROOT_FILES, box_list(box, hier));
	EXPECT_STREQ("-2", box_list(box, self->above));
	EXPECT_STREQ("-2", box_read(box, self->top, "tasks"));
	EXPECT_STREQ("2", strchr(box_inode(box, hier), ' ') + 1);
	EXPECT_STREQ("1\n", box_read(box, hier, "tasks"));
	EXPECT_STREQ("0\n", box_read(box, hier, "notify_on_release"));
	EXPECT_STREQ("/", box_where(box, hier, 1));
}

/* Nor can he write anything. */
TEST_F(view, given_nothing_to_write)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;
	char *before = rc_snapshot(RC_ROOT);

	EXPECT_EQ(-EPERM, box_write(box, hier, "tasks", "0"));
	EXPECT_EQ(-EPERM, box_write(box, hier, "procs", "1"));
	EXPECT_EQ(-EPERM, box_write(box, hier, "notify_on_release", "1"));
	EXPECT_EQ(-EPERM, box_write(box, hier, "release_agent", "/x"));
	EXPECT_EQ(-EPERM, box_write(box, hier, "subsystems", ""));
	EXPECT_EQ(-EPERM, box_mkdir(box, hier, "x"));
	EXPECT_EQ(-EPERM, box_mkdir(box, hier, "above"));
	EXPECT_EQ(-ENOENT, box_mkdir(box, self->above, "x"));
	EXPECT_EQ(-ENOENT, box_rmdir(box, self->above, "side"));
	EXPECT_EQ(-ENOENT, box_write(box, self->side, "tasks", "0"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chmod, hier, "0777"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chown, hier, "1000"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_touch,
				    rc_fmt("%s/tasks", hier), NULL));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* The directory of the hierarchy is that of the group in which init is. */
TEST_F(view, top)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;
	const char *name = strrchr(hier, '/') + 1;
	char *mine = group(self->top, "mine");

	ASSERT_TRUE(!!mine);
	ASSERT_EQ(0, give(self->top, box->pid));
	EXPECT_STREQ(GROUP_FILES " mine/", strdup(box_list(box, hier)));
	EXPECT_STREQ(GROUP_FILES, box_list(box, rc_fmt("%s/mine", hier)));
	EXPECT_STREQ(inode(self->top), box_inode(box, hier));
	EXPECT_STREQ(inode(mine), box_inode(box, rc_fmt("%s/mine", hier)));
	EXPECT_STREQ("1\n", box_read(box, hier, "tasks"));
	EXPECT_STREQ("populated 1\n", box_read(box, hier, "events"));
	EXPECT_STREQ("-2", box_read(box, hier, "release_agent"));
	EXPECT_STREQ("-2", box_list(box, rc_fmt("%s/above", hier)));
	EXPECT_STREQ("-2", box_list(box, rc_fmt("%s/top", hier)));
	EXPECT_TRUE(!!strstr(box_list(box, RC_ROOT), name));
	EXPECT_STREQ(strdup(box_list(box, RC_ROOT)),
		     box_list(box, rc_fmt("%s/..", hier)));
	EXPECT_STREQ(strdup(box_list(box, RC_ROOT)),
		     box_list(box, rc_fmt("%s/mine/../..", hier)));
}

static int dirent_op(struct rc_box *box)
{
	struct {
		unsigned long long ino;
		long long off;
		unsigned short len;
		unsigned char type;
		char name[];
	} *entry;
	char buf[4096];
	int fd = rc_open(RC_ROOT, O_RDONLY | O_DIRECTORY);
	long len = syscall(SYS_getdents64, fd, buf, sizeof(buf)), at;

	close(fd);
	for (at = 0; at < len; at += entry->len) {
		entry = (void *)(buf + at);
		if (!strcmp(entry->name, box->a))
			sprintf(box->text, "%llu", entry->ino);
	}
	return 0;
}

/* readdir(2) says the same as stat(2) of whose directory that is. */
TEST_F(view, number_in_listing)
{
	const char *name = strrchr(self->hier, '/') + 1;
	struct stat st;

	ASSERT_EQ(0, give(self->top, self->box->pid));
	ASSERT_EQ(0, stat(self->top, &st));
	ASSERT_EQ(0, rc_box_do(self->box, dirent_op, name, NULL));
	EXPECT_STREQ(rc_fmt("%llu", (unsigned long long)st.st_ino), self->box->text);
}

/* Below its top the root of a container makes, sets, moves, renames and removes. */
TEST_F(view, divide)
{
	struct rc_box *box = rc_box_new(RC_BOX_BARE, self->top);
	const char *hier = self->hier;
	const char *a = strdup(rc_fmt("%s/a", hier));
	const char *b = strdup(rc_fmt("%s/b", hier));
	pid_t pid;

	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_box_do(box, rc_box_mkdir, a, NULL));
	EXPECT_EQ(0, rc_mode(rc_fmt("%s/a", self->top)) & 022);
	EXPECT_EQ(0, box_write(box, a, "notify_on_release", "1"));
	EXPECT_EQ(1, (int)rc_number(rc_fmt("%s/a/notify_on_release", self->top)));
	pid = rc_box_do(box, rc_box_child, NULL, NULL);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, box_write(box, a, "tasks", rc_fmt("%d", pid)));
	EXPECT_STREQ(rc_fmt("%d\n", pid), box_read(box, a, "tasks"));
	EXPECT_EQ(1, rc_count(rc_fmt("%s/a/tasks", self->top)));
	EXPECT_STREQ("/a", box_where(box, hier, pid));
	EXPECT_EQ(0, rc_box_do(box, rc_box_chmod, a, "0711"));
	EXPECT_EQ(0, rc_box_do(box, rc_box_rename, a, b));
	EXPECT_STREQ("/b", box_where(box, hier, pid));
	EXPECT_EQ(-EBUSY, rc_box_do(box, rc_box_rmdir, b, NULL));
	/* They come back up. */
	EXPECT_EQ(0, box_write(box, hier, "procs", rc_fmt("%d", pid)));
	EXPECT_STREQ("/", box_where(box, hier, pid));
	EXPECT_EQ(0, rc_box_do(box, rc_box_rmdir, b, NULL));
}

/* The files of the top are of who has given it; "tasks" and "procs" can be written. */
TEST_F(view, top_is_not_its_own)
{
	static const char * const file[] = { "events", "notify_on_release", "tasks" };
	const char *hier = self->hier;
	struct rc_box *box = self->box;
	unsigned int i;
	char *before;

	ASSERT_EQ(0, give(self->top, box->pid));
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EPERM, box_write(box, hier, "notify_on_release", "1"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chmod, hier, "0777"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chown, hier, "1000"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_touch, hier, NULL));
	for (i = 0; i < ARRAY_SIZE(file); i++) {
		const char *path = strdup(rc_fmt("%s/%s", hier, file[i]));

		EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chmod, path, "0666"));
		EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chown, path, "1000"));
		EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_touch, path, NULL));
		EXPECT_STRNE("-1", box_read(box, hier, file[i]));
	}
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
	/* What a shell does that redirects to it. */
	EXPECT_EQ(0, rc_box_do(box, rc_box_truncate, rc_fmt("%s/tasks", hier), NULL));
	EXPECT_EQ(0, box_write(box, hier, "tasks", "1"));
	EXPECT_EQ(0, box_write(box, hier, "procs", "0"));
}

/* Hierarchies are not made, ended, renamed or rebound there, whoever asks. */
TEST_F(view, hierarchies)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;
	const char *lone = rc_hier_new();
	char *before = rc_snapshot(RC_ROOT);

	ASSERT_TRUE(!!lone);
	before = rc_snapshot(RC_ROOT);
	EXPECT_EQ(-EPERM, box_mkdir(box, RC_ROOT, "ksft-0-0"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_rmdir, lone, NULL));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_rename, lone, RC_ROOT "/ksft-0-0"));
	EXPECT_EQ(-EPERM, box_write(box, lone, "subsystems", ""));
	EXPECT_EQ(-EPERM, box_write(box, lone, "release_agent", ""));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chmod, RC_ROOT, "0777"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chmod, RC_ROOT "/subsystems", "0777"));
	ASSERT_EQ(0, give(self->top, box->pid));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_rmdir, hier, NULL));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_rename, hier, RC_ROOT "/ksft-0-0"));
	ASSERT_EQ(0, give(self->hier, box->pid));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* Where init is moved from outside, the new group is seen. */
TEST_F(view, moved)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;

	ASSERT_TRUE(group(self->top, "a") && group(self->side, "b"));
	ASSERT_EQ(0, give(self->top, box->pid));
	EXPECT_STREQ(GROUP_FILES " a/", box_list(box, hier));
	ASSERT_EQ(0, give(self->side, box->pid));
	EXPECT_STREQ(GROUP_FILES " b/", box_list(box, hier));
	EXPECT_STREQ("-2", box_list(box, rc_fmt("%s/a", hier)));
	EXPECT_EQ(0, box_mkdir(box, hier, "mine"));
	EXPECT_EQ(0, access(rc_fmt("%s/mine", self->side), F_OK));
	/* Up and down, too. */
	ASSERT_EQ(0, give(self->above, box->pid));
	EXPECT_STREQ(GROUP_FILES " side/ top/", box_list(box, hier));
	EXPECT_STREQ(GROUP_FILES " b/ mine/", box_list(box, rc_fmt("%s/side", hier)));
	ASSERT_EQ(0, give(rc_fmt("%s/b", self->side), box->pid));
	EXPECT_STREQ(GROUP_FILES, box_list(box, hier));
	ASSERT_EQ(0, give(self->hier, box->pid));
	EXPECT_STREQ(ROOT_FILES, box_list(box, hier));
}

/* What was open stays what it was, to be read. */
TEST_F(view, open_when_moved)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;

	ASSERT_TRUE(!!group(self->top, "a"));
	ASSERT_EQ(0, give(self->top, box->pid));
	ASSERT_EQ(0, rc_box_do(box, rc_box_open, hier, NULL));
	box->slot = 1;
	ASSERT_EQ(0, rc_box_do(box, rc_box_open,
			       rc_fmt("%s/a/notify_on_release", hier), NULL));
	box->slot = 2;
	ASSERT_EQ(0, rc_box_do(box, rc_box_open, rc_fmt("%s/tasks", hier), NULL));
	ASSERT_EQ(0, give(self->side, box->pid));
	EXPECT_EQ(0, rc_box_do(box, rc_box_read_open, NULL, NULL));
	EXPECT_STREQ("", box->text);
	/* Not to go back there. */
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_write_open, NULL, "0"));
	box->slot = 1;
	EXPECT_EQ(0, rc_box_do(box, rc_box_read_open, NULL, NULL));
	EXPECT_STREQ("0\n", box->text);
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_write_open, NULL, "1"));
	EXPECT_EQ(0, (int)rc_number(rc_fmt("%s/a/notify_on_release", self->top)));
	box->slot = 0;
	EXPECT_EQ(0, rc_box_do(box, rc_box_list_open, NULL, NULL));
	EXPECT_STREQ(GROUP_FILES " a/", box->text);
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_mkdir_at, "x", NULL));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_rmdir_at, "a", NULL));
	/* It works again when init is back. */
	ASSERT_EQ(0, give(self->top, box->pid));
	EXPECT_EQ(0, rc_box_do(box, rc_box_mkdir_at, "x", NULL));
	EXPECT_EQ(0, rc_box_do(box, rc_box_rmdir_at, "a", NULL));
}

/* Init that goes to a leaf through its own view, as systemd does, keeps its top. */
TEST_F(view, moved_by_itself)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;

	ASSERT_EQ(0, give(self->top, box->pid));
	ASSERT_EQ(0, box_mkdir(box, hier, "leaf"));
	ASSERT_EQ(0, box_write(box, rc_fmt("%s/leaf", hier), "procs", "0"));
	EXPECT_STREQ(GROUP_FILES " leaf/", box_list(box, hier));
	EXPECT_STREQ("/leaf", box_where(box, hier, 1));
	EXPECT_EQ(0, box_mkdir(box, hier, "more"));
	EXPECT_EQ(-EBUSY, rc_rmdir(self->top));
	/* From outside the same move is a gift. */
	ASSERT_EQ(0, give(rc_fmt("%s/leaf", self->top), box->pid));
	EXPECT_STREQ(GROUP_FILES, box_list(box, hier));
	EXPECT_STREQ("/", box_where(box, hier, 1));
}

/* Init has what it was born into. */
TEST_F(view, born_there)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->top);

	ASSERT_TRUE(!!box);
	EXPECT_STREQ(GROUP_FILES, box_list(box, self->hier));
	EXPECT_EQ(0, box_mkdir(box, self->hier, "mine"));
	EXPECT_EQ(0, access(rc_fmt("%s/mine", self->top), F_OK));
	/* Others of its hierarchies it has not. */
	EXPECT_STREQ(ROOT_FILES, box_list(box, rc_hier_new()));
}

/* That another process of the container is moved changes nothing. */
TEST_F(view, another_moved)
{
	struct rc_box *box = self->box;
	pid_t pid, id;

	ASSERT_EQ(0, give(self->top, box->pid));
	id = rc_box_do(box, rc_box_child, NULL, NULL);
	ASSERT_LT(0, id);
	EXPECT_EQ(2, rc_count(rc_fmt("%s/tasks", self->top)));
	ASSERT_EQ(0, box_mkdir(box, self->hier, "a"));
	ASSERT_EQ(0, box_write(box, rc_fmt("%s/a", self->hier), "tasks",
			       rc_fmt("%d", id)));
	pid = rc_number(rc_fmt("%s/a/tasks", self->top));
	ASSERT_EQ(0, give(self->side, pid));
	EXPECT_STREQ(GROUP_FILES " a/", box_list(box, self->hier));
	EXPECT_STREQ("/..", box_where(box, self->hier, id));
	/* It can be neither followed nor fetched back, unless it is in the root. */
	EXPECT_EQ(-EACCES, box_write(box, self->hier, "tasks", rc_fmt("%d", id)));
	EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", self->side)));
	ASSERT_EQ(0, give(self->hier, pid));
	EXPECT_EQ(0, box_write(box, self->hier, "tasks", rc_fmt("%d", id)));
}

/* Paths start from the top; up from it is "/..", and no name of what is there. */
TEST_F(view, paths)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;
	char *deep = group(self->top, "deep");
	pid_t id;

	ASSERT_TRUE(!!deep);
	ASSERT_EQ(0, give(deep, box->pid));
	EXPECT_STREQ("/", box_where(box, hier, 1));
	id = rc_box_do(box, rc_box_child, NULL, NULL);
	ASSERT_LT(0, id);
	ASSERT_EQ(0, box_mkdir(box, hier, "a b"));
	ASSERT_EQ(0, box_write(box, rc_fmt("%s/a b", hier), "tasks",
			       rc_fmt("%d", id)));
	EXPECT_STREQ("/a b", box_where(box, hier, id));
	EXPECT_STREQ("/above/top/deep", rc_where(box->pid, hier));
	ASSERT_EQ(0, give(self->side, rc_number(rc_fmt("%s/a b/tasks", deep))));
	EXPECT_STREQ("/../..", box_where(box, hier, id));
	ASSERT_EQ(0, give(self->above, rc_number(rc_fmt("%s/tasks", self->side))));
	EXPECT_STREQ("/../..", box_where(box, hier, id));
	ASSERT_EQ(0, give(self->top, rc_number(rc_fmt("%s/tasks", self->above))));
	EXPECT_STREQ("/..", box_where(box, hier, id));
	ASSERT_EQ(0, give(hier, rc_number(rc_fmt("%s/tasks", self->top))));
	EXPECT_STREQ("/../../..", box_where(box, hier, id));
	/* Where nothing was given, all groups are the same. */
	ASSERT_EQ(0, give(hier, box->pid));
	EXPECT_STREQ("/", box_where(box, hier, id));
	ASSERT_EQ(0, box_mkdir(box, hier, "x") == -EPERM ? 0 : -1);
}

/* A thread of init, and init itself, are moved like others; the first one counts. */
TEST_F(view, nothing_was_given_elsewhere)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;
	pid_t id = rc_box_do(box, rc_box_child, NULL, NULL);
	pid_t *ids;
	int nr;

	ASSERT_LT(0, id);
	ASSERT_EQ(0, give(self->top, box->pid));
	ASSERT_EQ(0, box_write(box, hier, "tasks", rc_fmt("%d", id)));
	ASSERT_EQ(0, give(hier, box->pid));
	nr = rc_list(rc_fmt("%s/tasks", self->top), &ids);
	EXPECT_EQ(1, nr);
	EXPECT_STREQ("/..", box_where(box, hier, id));
	EXPECT_STREQ("", box_read(box, hier, "tasks") + strlen("1\n"));
	free(ids);
}

/* What is renamed above the top, and the top itself, is not seen to change. */
TEST_F(view, renamed)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;

	ASSERT_EQ(0, give(self->top, box->pid));
	ASSERT_EQ(0, box_mkdir(box, hier, "a"));
	ASSERT_EQ(0, rename(self->top, rc_fmt("%s/other", self->above)));
	EXPECT_STREQ(GROUP_FILES " a/", box_list(box, hier));
	ASSERT_EQ(0, rename(self->above, rc_fmt("%s/elsewhere", hier)));
	EXPECT_STREQ(GROUP_FILES " a/", box_list(box, hier));
	EXPECT_STREQ("/", box_where(box, hier, 1));
	EXPECT_EQ(0, box_rmdir(box, hier, "a"));
}

/* A hierarchy that is renamed has the new name there, and no other. */
TEST_F(view, hierarchy_renamed)
{
	struct rc_box *box = self->box;
	const char *other = RC_ROOT "/ksft-0-view";
	char *name = strdup(strrchr(self->hier, '/') + 1);

	ASSERT_EQ(0, give(self->top, box->pid));
	EXPECT_STREQ(GROUP_FILES, box_list(box, self->hier));
	ASSERT_EQ(0, rename(self->hier, other));
	EXPECT_STREQ("-2", box_list(box, self->hier));
	EXPECT_STREQ(GROUP_FILES, box_list(box, other));
	EXPECT_FALSE(!!strstr(box_list(box, RC_ROOT), name));
	ASSERT_EQ(0, rename(other, self->hier));
	EXPECT_STREQ(GROUP_FILES, box_list(box, self->hier));
	free(name);
}

/* A hierarchy that has ended is not there; the next one is another. */
TEST_F(view, hierarchy_ended)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->top);
	const char *hier = self->hier;

	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_box_do(box, rc_box_open, rc_fmt("%s/tasks", hier), NULL));
	ASSERT_EQ(0, give(self->hier, box->pid));
	ASSERT_EQ(0, rc_rmdir(self->top));
	ASSERT_EQ(0, rc_rmdir(self->side));
	ASSERT_EQ(0, rc_rmdir(self->above));
	ASSERT_EQ(0, rc_rmdir(hier));
	EXPECT_STREQ("-2", box_list(box, hier));
	EXPECT_EQ(-ENODEV, rc_box_do(box, rc_box_read_open, NULL, NULL));
	ASSERT_EQ(0, rc_mkdir(hier));
	ASSERT_TRUE(!!group(hier, "a"));
	EXPECT_STREQ(ROOT_FILES, box_list(box, hier));
}

/* A mount that outlives the container: nothing is seen, and nothing is held. */
TEST_F(view, ended)
{
	struct rc_box *box = self->box;
	const char *name = strrchr(self->hier, '/') + 1;
	int rc, dir, notify;
	char buf[64];

	ASSERT_EQ(0, give(self->top, box->pid));
	ASSERT_EQ(0, box_mkdir(box, self->hier, "a"));
	rc = rc_open(rc_fmt("/proc/%d/root/proc/rc", box->pid), O_RDONLY);
	ASSERT_LE(0, rc);
	dir = openat(rc, rc_fmt("%s/a", name), O_RDONLY | O_DIRECTORY);
	notify = openat(rc, rc_fmt("%s/a/notify_on_release", name), O_RDWR);
	ASSERT_LE(0, dir);
	ASSERT_LE(0, notify);
	ASSERT_EQ(0, rc_box_end(box));
	EXPECT_EQ(-1, openat(rc, rc_fmt("%s/a", name), O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0, faccessat(rc, rc_fmt("%s/release_agent", name), F_OK, 0));
	EXPECT_EQ(-1, mkdirat(rc, rc_fmt("%s/b", name), 0755));
	EXPECT_EQ(EPERM, errno);
	/* What was open can be read, until it is removed. */
	EXPECT_EQ(-1, mkdirat(dir, "b", 0755));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(2, rc_read_fd(notify, buf, sizeof(buf), sizeof(buf)));
	EXPECT_EQ(-EPERM, rc_write_fd(notify, "1", 1));
	EXPECT_EQ(0, rc_rmdir(rc_fmt("%s/a", self->top)));
	EXPECT_EQ(0, rc_rmdir(self->top));
	EXPECT_EQ(-ENODEV, rc_write_fd(notify, "1", 1));
	EXPECT_EQ(0, fchdir(dir));
	EXPECT_EQ(0, chdir("/"));
	close(notify);
	close(dir);
	close(rc);
}

/* No memory is held by namespaces that have gone. */
TEST_F(view, forgotten)
{
	const char *counts = RC_ROOT "/debug/debug.counts";
	long groups;
	int i;

	if (!rc_has_subsys("debug"))
		SKIP(return, "kernel without CONFIG_RC_DEBUG");
	ASSERT_TRUE(!!rc_bound_new("debug"));
	groups = rc_field(counts, "groups");
	for (i = 0; i < 5; i++) {
		char *grp = group(self->hier, "gone");
		struct rc_box *box = rc_box_new(RC_BOX_ROOT, grp);

		ASSERT_TRUE(!!box);
		EXPECT_STREQ(GROUP_FILES, box_list(box, self->hier));
		ASSERT_EQ(0, rc_box_end(box));
		ASSERT_EQ(0, rc_rmdir(grp));
		free(grp);
	}
	EXPECT_TRUE(RC_WAIT((long)rc_field(counts, "groups") <= groups));
}

/* A container in a container sees what it was given of that. */
TEST_F(view, nested)
{
	struct rc_box *box = self->box, *inner = box->inner;
	const char *hier = self->hier;

	ASSERT_EQ(0, give(self->top, box->pid));
	ASSERT_EQ(0, box_mkdir(box, hier, "in"));
	ASSERT_EQ(0, box_mkdir(box, hier, "out"));
	ASSERT_EQ(0, rc_box_do(box, rc_box_nest, NULL, NULL));
	/* Born where its maker is. */
	EXPECT_STREQ(GROUP_FILES " in/ out/", box_list(inner, hier));
	ASSERT_EQ(0, box_write(box, rc_fmt("%s/in", hier), "procs", "2"));
	EXPECT_STREQ(GROUP_FILES, box_list(inner, hier));
	EXPECT_STREQ("/", box_where(inner, hier, 1));
	EXPECT_STREQ("/in", box_where(box, hier, 2));
	EXPECT_EQ(-ENOENT, box_write(inner, rc_fmt("%s/out", hier), "procs", "0"));
	EXPECT_EQ(-EPERM, box_write(inner, hier, "notify_on_release", "1"));
	EXPECT_EQ(0, box_mkdir(inner, hier, "leaf"));
	EXPECT_STREQ("leaf", strstr(box_list(box, rc_fmt("%s/in", hier)), "leaf/") ?
			     "leaf" : box->text);
	/* The one around it may set the files of the inner top. */
	EXPECT_EQ(0, box_write(box, rc_fmt("%s/in", hier), "notify_on_release", "1"));
	/* Nothing of what is not the outer one's is the inner one's. */
	ASSERT_EQ(0, give(self->side, inner->pid));
	EXPECT_STREQ(ROOT_FILES, box_list(inner, hier));
	EXPECT_EQ(-EPERM, box_write(inner, hier, "tasks", "1"));
	ASSERT_EQ(0, give(rc_fmt("%s/out", self->top), inner->pid));
	EXPECT_STREQ(GROUP_FILES, box_list(inner, hier));
	/* Nor when the outer one has lost it. */
	ASSERT_EQ(0, give(self->side, box->pid));
	EXPECT_STREQ(ROOT_FILES, box_list(inner, hier));
}

struct guest {
	struct rc_box *box;
	long ready;
	int ret;
};

/* As an engine does that starts one more process in a container. */
static int enter_and_nest(void *arg)
{
	struct guest *guest = arg;
	int fd = rc_open(rc_fmt("/proc/%d/ns/pid", guest->box->pid), O_RDONLY);
	pid_t pid = -1;

	if (fd >= 0 && !setns(fd, CLONE_NEWPID))
		pid = fork();
	if (!pid) {
		rc_die_with_parent();
		guest->ret = rc_box_nest(guest->box);
		rc_set(&guest->ready, 1);
		for (;;)
			pause();
	}
	if (pid < 0) {
		guest->ret = -errno;
		rc_set(&guest->ready, 1);
	}
	return RC_WAIT(!guest) ? 0 : -ETIMEDOUT;
}

/*
 * Who was put into the container from outside and left where he was is not bounded by
 * its top; what he starts there sees nothing that the container does not.
 */
TEST_F(view, nested_by_guest)
{
	struct rc_box *box = self->box, *inner = box->inner;
	struct guest *guest = rc_shared(sizeof(*guest));

	ASSERT_TRUE(!!guest);
	guest->box = box;
	ASSERT_EQ(0, give(self->top, box->pid));
	ASSERT_EQ(0, give(self->above, getpid()));
	ASSERT_LT(0, rc_spawn(enter_and_nest, guest));
	ASSERT_EQ(0, give(self->hier, getpid()));
	ASSERT_TRUE(RC_WAIT(rc_get(&guest->ready)));
	ASSERT_EQ(0, guest->ret);
	EXPECT_STREQ("/above", rc_where(inner->pid, self->hier));
	EXPECT_STREQ(ROOT_FILES, box_list(inner, self->hier));
	EXPECT_EQ(-ENOENT, box_write(inner, rc_fmt("%s/side", self->hier), "procs", "0"));
	EXPECT_EQ(-EPERM, box_write(inner, self->hier, "procs", "0"));
	EXPECT_STREQ("/..", box_where(inner, self->hier, 1));
}

static int pass_in(struct rc_box *box)
{
	/* Opened before it was born. */
	return rc_write_fd(atoi(box->a), box->b, strlen(box->b));
}

/* A descriptor has the view of the mount in which it was opened, whoever has it. */
TEST_F(view, passed_in)
{
	int fd = rc_open(rc_fmt("%s/procs", self->side), O_WRONLY);
	struct rc_box *box = rc_box_new(RC_BOX_BARE, self->top);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(!!box);
	EXPECT_EQ(0, rc_box_do(box, pass_in, rc_fmt("%d", fd), "1"));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->side), box->pid));
	/* It is a move from outside. */
	EXPECT_EQ(0, box_mkdir(box, self->hier, "x"));
	EXPECT_EQ(0, access(rc_fmt("%s/x", self->side), F_OK));
	close(fd);
}

/* What was opened in the container moves only those who have an id there. */
TEST_F(view, passed_out)
{
	struct rc_box *box = self->box;
	pid_t pid = rc_sleeper();
	int fd;

	ASSERT_EQ(0, give(self->top, box->pid));
	fd = rc_open(rc_fmt("/proc/%d/root%s/procs", box->pid, self->hier), O_WRONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ESRCH, rc_write_fd(fd, rc_fmt("%d", pid), strlen(rc_fmt("%d", pid))));
	EXPECT_EQ(-ESRCH, rc_write_fd(fd, "0", 1));
	EXPECT_EQ(0, rc_write_fd(fd, rc_fmt("%d", box->pid),
				 strlen(rc_fmt("%d", box->pid))));
	EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", self->top)));
	close(fd);
}

static int bind_op(struct rc_box *box)
{
	return mount(box->a, "/tmp", NULL, MS_BIND, NULL) ? -errno : 0;
}

/* The host's /proc/rc, bound into the container, is the host's view. */
TEST_F(view, bound)
{
	const char *proc = rc_proc_mount("");
	struct rc_box *box;

	ASSERT_TRUE(!!proc);
	box = rc_box_new(RC_BOX_ROOT, self->top);
	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_box_do(box, bind_op, rc_fmt("%s/rc", proc), NULL));
	EXPECT_STREQ(GROUP_FILES " side/ top/",
		     box_list(box, rc_fmt("/tmp%s/above", self->hier + strlen(RC_ROOT))));
	EXPECT_EQ(0, box_write(box, rc_fmt("/tmp%s/above/side",
					   self->hier + strlen(RC_ROOT)), "procs", "0"));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->side), box->pid));
	EXPECT_STREQ(GROUP_FILES, box_list(box, self->hier));
	EXPECT_EQ(0, box_mkdir(box, self->hier, "x"));
	EXPECT_EQ(0, access(rc_fmt("%s/x", self->side), F_OK));
}

/* Two that were given one group share what is below, and no more. */
TEST_F(view, two_in_one_group)
{
	struct rc_box *box = self->box, *other = rc_box_new(RC_BOX_BARE, self->top);
	const char *hier = self->hier;

	ASSERT_TRUE(!!other);
	ASSERT_EQ(0, give(self->top, box->pid));
	ASSERT_EQ(0, box_mkdir(box, hier, "a"));
	EXPECT_STREQ(GROUP_FILES " a/", box_list(other, hier));
	EXPECT_EQ(0, box_rmdir(other, hier, "a"));
	/* None has ids of the other one's tasks. */
	EXPECT_STREQ("1\n", box_read(other, hier, "tasks"));
	EXPECT_EQ(-EPERM, box_write(other, hier, "notify_on_release", "1"));
}

/* Two that were given nothing cannot do anything to each other. */
TEST_F(view, two_in_the_root)
{
	struct rc_box *box = self->box, *other = rc_box_new(RC_BOX_ROOT, NULL);
	const char *hier = self->hier;

	ASSERT_TRUE(!!other);
	EXPECT_EQ(-EPERM, box_mkdir(box, hier, "a"));
	EXPECT_EQ(-EPERM, box_write(box, hier, "procs", "1"));
	EXPECT_STREQ("1\n", box_read(box, hier, "tasks"));
	EXPECT_STREQ("1\n", box_read(other, hier, "tasks"));
}

/* Root of a user namespace divides what was chowned to it, and only that. */
TEST_F(view, user_namespace)
{
	struct rc_box *box = rc_box_new(RC_BOX_USER, self->top);
	const char *hier = self->hier;

	ASSERT_TRUE(!!box);
	EXPECT_EQ(-EACCES, box_mkdir(box, hier, "a"));
	EXPECT_EQ(-EACCES, box_write(box, hier, "tasks", "0"));
	EXPECT_EQ(-EPERM, box_write(box, hier, "notify_on_release", "1"));
	ASSERT_EQ(0, chown(self->top, 100000, 100000));
	EXPECT_EQ(0, box_mkdir(box, hier, "a"));
	EXPECT_EQ(0, box_write(box, rc_fmt("%s/a", hier), "notify_on_release", "1"));
	/* It needs the files of the top to leave it, and to come back. */
	EXPECT_EQ(-EACCES, box_write(box, rc_fmt("%s/a", hier), "tasks", "0"));
	ASSERT_EQ(0, chown(rc_fmt("%s/tasks", self->top), 100000, 100000));
	EXPECT_EQ(0, box_write(box, rc_fmt("%s/a", hier), "tasks", "0"));
	EXPECT_EQ(0, box_write(box, hier, "tasks", "0"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chmod, rc_fmt("%s/tasks", hier), "0666"));
	EXPECT_EQ(-EPERM, rc_box_do(box, rc_box_chmod, hier, "0777"));
	EXPECT_EQ(0, rc_box_do(box, rc_box_chmod, rc_fmt("%s/a", hier), "0777"));
}

struct split {
	long ready;
	long go;
};

static void *stay(void *arg)
{
	struct split *split = arg;

	rc_set(&split->ready, 1);
	for (;;)
		pause();
	return NULL;
}

static struct split *split;

/* The first thread of init goes, another one stays. */
static int leave_op(struct rc_box *box)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, stay, split))
		return -EAGAIN;
	if (!RC_WAIT(rc_get(&split->go)))
		return -ETIMEDOUT;
	rc_set(&box->done, rc_get(&box->asked));
	syscall(SYS_exit, 0);
	return 0;
}

static pid_t the_other_thread(pid_t pid)
{
	DIR *dir = opendir(rc_fmt("/proc/%d/task", pid));
	struct dirent *entry;
	pid_t other = 0;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && atoi(entry->d_name) != pid)
			other = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return other;
}

/* A top whose last thread has gone, though not the last of init, can be removed. */
TEST_F(view, removed)
{
	struct rc_box *box;
	const char *name = strrchr(self->hier, '/') + 1;
	pid_t other;
	int rc;

	split = rc_shared(sizeof(*split));
	ASSERT_TRUE(!!split);
	box = rc_box_new(RC_BOX_ROOT, NULL);
	ASSERT_TRUE(!!box);
	rc = rc_open(rc_fmt("/proc/%d/root/proc/rc", box->pid), O_RDONLY);
	ASSERT_LE(0, rc);
	box->fn = leave_op;
	rc_inc(&box->asked);
	ASSERT_TRUE(RC_WAIT(rc_get(&split->ready)));
	other = the_other_thread(box->pid);
	ASSERT_LT(0, other);
	/* Another thread is not init. */
	ASSERT_EQ(0, rc_attach(self->side, other));
	EXPECT_EQ(0, faccessat(rc, rc_fmt("%s/release_agent", name), F_OK, 0));
	ASSERT_EQ(0, rc_attach(self->top, box->pid));
	EXPECT_NE(0, faccessat(rc, rc_fmt("%s/release_agent", name), F_OK, 0));
	rc_set(&split->go, 1);
	EXPECT_TRUE(RC_WAIT(!rc_rmdir(self->top)));
	EXPECT_EQ(0, faccessat(rc, rc_fmt("%s/release_agent", name), F_OK, 0));
	EXPECT_EQ(-1, mkdirat(rc, rc_fmt("%s/x", name), 0755));
	EXPECT_EQ(EPERM, errno);
	/* The one that is left is init now. */
	ASSERT_EQ(0, rc_attach(self->side, other));
	EXPECT_NE(0, faccessat(rc, rc_fmt("%s/release_agent", name), F_OK, 0));
	close(rc);
}

/* subsystems counts the groups that are seen. */
TEST_F(view, number_of_groups)
{
	const char *hier = rc_cpuacct();
	struct rc_box *box = self->box;
	char *grp, *one, *two;

	ASSERT_TRUE(!!hier);
	grp = (char *)rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	one = group(grp, "one");
	two = group(one, "two");
	ASSERT_TRUE(one && two);
	EXPECT_TRUE(!!strstr(box_read(box, RC_ROOT, "subsystems"), "cpuacct\tcpuacct\t1\t1\n"));
	ASSERT_EQ(0, give(grp, box->pid));
	EXPECT_TRUE(!!strstr(box_read(box, RC_ROOT, "subsystems"), "cpuacct\tcpuacct\t3\t1\n"));
	ASSERT_EQ(0, give(one, box->pid));
	EXPECT_TRUE(!!strstr(box_read(box, RC_ROOT, "subsystems"), "cpuacct\tcpuacct\t2\t1\n"));
}

TEST_HARNESS_MAIN
