// SPDX-License-Identifier: GPL-2.0
/*
 * Seen from a pid namespace: a mount of proc that belongs to one shows what its init
 * was given, and that can be divided and not left.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "view_util.h"

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
	EXPECT_STREQ("populated 1\nfrozen 0\n", box_read(box, hier, "events"));
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

TEST_HARNESS_MAIN
