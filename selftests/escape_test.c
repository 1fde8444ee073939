// SPDX-License-Identifier: GPL-2.0
/*
 * What somebody in a container can think of to see, set or leave what was not given
 * to him. Nothing works, and nothing changes. Each attempt is a line of the log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_box.h"

static int op_creat(struct rc_box *box)
{
	int fd = open(box->a, O_WRONLY | O_CREAT, 0644);

	return fd < 0 ? -errno : 0;
}

static int op_trunc(struct rc_box *box)
{
	int fd = open(box->a, O_WRONLY | O_TRUNC);

	return fd < 0 ? -errno : 0;
}

static int op_unlink(struct rc_box *box)
{
	return unlink(box->a) ? -errno : 0;
}

static int op_symlink(struct rc_box *box)
{
	return symlink(box->b, box->a) ? -errno : 0;
}

static int op_link(struct rc_box *box)
{
	return link(box->b, box->a) ? -errno : 0;
}

static int op_mknod(struct rc_box *box)
{
	return mknod(box->a, S_IFREG | 0644, 0) ? -errno : 0;
}

static int op_exchange(struct rc_box *box)
{
	return syscall(SYS_renameat2, AT_FDCWD, box->a, AT_FDCWD, box->b, 2) ?
	       -errno : 0;
}

static int op_xattr(struct rc_box *box)
{
	return setxattr(box->a, "user.x", "x", 1, 0) ? -errno : 0;
}

static int op_handle(struct rc_box *box)
{
	struct file_handle *handle = alloca(sizeof(*handle) + 128);
	int id, fd;

	handle->handle_bytes = 128;
	if (name_to_handle_at(AT_FDCWD, box->a, handle, &id, 0))
		return -errno;
	fd = open_by_handle_at(AT_FDCWD, handle, O_RDONLY);
	return fd < 0 ? -errno : 0;
}

static int op_overlay(struct rc_box *box)
{
	return mount("none", "/tmp", "overlay", 0, rc_fmt("lowerdir=%s:/bin", box->a)) ?
	       -errno : 0;
}

static int look(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -errno : 0;
}

/* From the directory of the hierarchy: @b is a path. */
static int op_from_top(struct rc_box *box)
{
	int ret;

	if (chdir(box->a))
		return -errno;
	ret = look(box->b);
	return chdir("/") ? -errno : ret;
}

static int op_look(struct rc_box *box)
{
	return look(box->a);
}

/* Through one more mount of proc. */
static int op_mount_again(struct rc_box *box)
{
	int ret;

	if (mount("proc", "/tmp", "proc", 0, NULL))
		return -errno;
	ret = rc_write(rc_fmt("/tmp%s", box->a + strlen("/proc")), box->b);
	return umount2("/tmp", MNT_DETACH) ? -errno : ret;
}

/* What a file that was opened to be read is, opened anew to be written. */
static int op_reopen(struct rc_box *box)
{
	int fd = rc_open(box->a, O_RDONLY), ret;

	if (fd < 0)
		return fd;
	ret = rc_write(rc_fmt("/proc/self/fd/%d", fd), box->b);
	close(fd);
	return ret;
}

static int op_sendfile(struct rc_box *box)
{
	int out = rc_open(box->a, O_WRONLY), in = rc_open("/proc/self/comm", O_RDONLY);
	int ret = out < 0 ? out : sendfile(out, in, NULL, 1) < 0 ? -errno : 0;

	close(in);
	close(out);
	return ret;
}

/* In namespaces of its own, further in. */
static int further_in(int flags, const char *path, const char *text)
{
	pid_t pid = syscall(SYS_clone, flags | CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0,
			    0, 0, 0);
	int status;

	if (!pid) {
		if (mount("proc", "/proc", "proc", 0, NULL))
			_exit(errno);
		_exit(-(text && *text ? rc_write(path, text) :
			text ? look(path) : rc_mkdir(path)));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -errno;
	return -WEXITSTATUS(status);
}

static int op_further_in(struct rc_box *box)
{
	return further_in(0, box->a, box->b);
}

static int op_further_in_user(struct rc_box *box)
{
	return further_in(CLONE_NEWUSER, box->a, box->b);
}

static int op_mkdir_further_in(struct rc_box *box)
{
	return further_in(0, box->a, NULL);
}

static int op_chroot(struct rc_box *box)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(chroot(box->a) ? errno : -look(box->b));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -errno;
	return -WEXITSTATUS(status);
}

static int op_setns(struct rc_box *box)
{
	int fd = rc_open(box->a, O_RDONLY);

	if (fd < 0)
		return fd;
	return setns(fd, 0) ? -errno : -ENOENT;
}

/* What was open, as slot 0 and 1, when init was somewhere else. */
static int op_old_file(struct rc_box *box)
{
	return rc_write_fd(box->fd[1], box->b, strlen(box->b));
}

static int op_old_dir(struct rc_box *box)
{
	return mkdirat(box->fd[0], box->a, 0755) ? -errno : 0;
}

static int op_old_path(struct rc_box *box)
{
	int fd = openat(box->fd[0], box->a, O_WRONLY), ret;

	if (fd < 0)
		return -errno;
	ret = rc_write_fd(fd, box->b, strlen(box->b));
	close(fd);
	return ret;
}

/* H: the hierarchy; L: one that nobody was given anything of; T: an id of the host's. */
struct attempt {
	const char *what;
	int (*fn)(struct rc_box *box);
	const char *a;
	const char *b;
};

static const struct attempt attempts[] = {
	{ "make a hierarchy", rc_box_mkdir, "R/ksft-0-0" },
	{ "make one with a controller", rc_box_mkdir, "R/cpuacct" },
	{ "end a hierarchy", rc_box_rmdir, "L" },
	{ "end its own", rc_box_rmdir, "H" },
	{ "rename a hierarchy", rc_box_rename, "L", "R/ksft-0-0" },
	{ "rename its own", rc_box_rename, "H", "R/ksft-0-0" },
	{ "rebind", rc_box_write, "L/subsystems", "" },
	{ "set the agent", rc_box_write, "L/release_agent", "/bin/sh" },
	{ "make a group in a root", rc_box_mkdir, "L/x" },
	{ "go to a root", rc_box_write, "L/tasks", "0" },
	{ "bring its process to a root", rc_box_write, "L/procs", "0" },
	{ "set a root", rc_box_write, "L/notify_on_release", "1" },
	{ "look at a group of a root", op_look, "L/secret" },
	{ "make a group in that", rc_box_mkdir, "L/secret/x" },
	{ "make one of its name", rc_box_mkdir, "L/secret" },
	{ "remove that", rc_box_rmdir, "L/secret" },
	{ "look at what is above", op_look, "H/above" },
	{ "look at what is beside", op_look, "H/above/side" },
	{ "the same by its own name", op_look, "H/side" },
	{ "by dots", op_from_top, "H", "../side" },
	{ "by more dots", op_from_top, "H", "../../rc/above" },
	{ "go beside", rc_box_write, "H/above/side/tasks", "0" },
	{ "set what is beside", rc_box_write, "H/above/side/notify_on_release", "1" },
	{ "remove what is beside", rc_box_rmdir, "H/above/empty" },
	{ "rename what is beside", rc_box_rename, "H/above/empty", "H/above/x" },
	{ "make a group above", rc_box_mkdir, "H/above/x" },
	{ "set the top", rc_box_write, "H/notify_on_release", "1" },
	{ "empty a file of the top", op_trunc, "H/notify_on_release" },
	{ "open up the top", rc_box_chmod, "H", "0777" },
	{ "take the top", rc_box_chown, "H", "1" },
	{ "open up its tasks", rc_box_chmod, "H/tasks", "0666" },
	{ "open up another file", rc_box_chmod, "H/notify_on_release", "0666" },
	{ "touch the top", rc_box_touch, "H" },
	{ "write what can be read", rc_box_write, "H/events", "x" },
	{ "write what was opened to be read", op_reopen, "H/notify_on_release", "1" },
	{ "sendfile to a file of the top", op_sendfile, "H/notify_on_release" },
	{ "remove a file", op_unlink, "H/tasks" },
	{ "make a file", op_creat, "H/x" },
	{ "make a link", op_symlink, "H/x", "/" },
	{ "make another name", op_link, "H/x", "H/tasks" },
	{ "make a node", op_mknod, "H/x" },
	{ "set an attribute", op_xattr, "H", NULL },
	{ "move a task of the host", rc_box_write, "H/tasks", "T" },
	{ "move its process", rc_box_write, "H/procs", "T" },
	{ "move all", rc_box_write, "H/tasks", "-1" },
	{ "carry a group out", rc_box_rename, "H/mine", "R/mine" },
	{ "carry it to another hierarchy", rc_box_rename, "H/mine", "L/mine" },
	{ "carry it to its parent's place", rc_box_rename, "H/mine", "H/../mine" },
	{ "exchange it with the top", op_exchange, "H/mine", "H" },
	{ "mount proc anew, to write", op_mount_again, "L/tasks", "0" },
	{ "the same, to set the top", op_mount_again, "H/notify_on_release", "1" },
	{ "further in, to go beside", op_further_in, "H/above/side/tasks", "0" },
	{ "further in, to set the top", op_further_in, "H/notify_on_release", "1" },
	{ "further in, to a root", op_further_in, "L/tasks", "0" },
	{ "further in, to look", op_further_in, "H/above", "" },
	{ "further in, a hierarchy", op_mkdir_further_in, "R/ksft-0-0" },
	{ "in a user namespace", op_further_in_user, "H/above/side/tasks", "0" },
	{ "in one, to set the top", op_further_in_user, "H/notify_on_release", "1" },
	{ "by the root of init", op_look, "/proc/1/rootH/above" },
	{ "by its own root", rc_box_write, "/proc/self/rootL/tasks", "0" },
	{ "by its working directory", op_look, "/proc/self/cwdH/above" },
	{ "by that of a thread", op_look, "/proc/thread-self/rootH/above/side" },
	{ "in a changed root", op_chroot, "/proc/1/root", "H/above" },
	{ "by a namespace of init's", op_setns, "/proc/1/ns/pid" },
	{ "by a handle", op_handle, "H" },
	{ "by an overlay", op_overlay, "R" },
	{ "mount cpuset", rc_box_mount, "/tmp", "cpuset" },
	{ "back by an old file", op_old_file, NULL, "0" },
	{ "make a group in an old directory", op_old_dir, "x" },
	{ "write there", op_old_path, "tasks", "0" },
	{ "write below there", op_old_path, "sub/notify_on_release", "1" },
};

FIXTURE(escape)
{
	const char *hier;
	const char *lone;
	pid_t task;
	char *top;
	char *old;
};

FIXTURE_VARIANT(escape)
{
	enum rc_box_kind kind;
	bool given;
};

FIXTURE_VARIANT_ADD(escape, root_given) { RC_BOX_ROOT, true };
FIXTURE_VARIANT_ADD(escape, root_not_given) { RC_BOX_ROOT, false };
FIXTURE_VARIANT_ADD(escape, bare_given) { RC_BOX_BARE, true };
FIXTURE_VARIANT_ADD(escape, bare_not_given) { RC_BOX_BARE, false };
FIXTURE_VARIANT_ADD(escape, user_given) { RC_BOX_USER, true };
FIXTURE_VARIANT_ADD(escape, user_not_given) { RC_BOX_USER, false };

FIXTURE_SETUP(escape)
{
	static const char * const made[] = {
		"above", "above/side", "above/empty", "above/top", "above/top/mine",
		"above/old", "above/old/sub",
	};
	unsigned int i;

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	self->lone = rc_hier_new();
	ASSERT_TRUE(self->hier && self->lone);
	for (i = 0; i < ARRAY_SIZE(made); i++)
		ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/%s", self->hier, made[i])));
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/secret", self->lone)));
	self->top = strdup(rc_fmt("%s/above/top", self->hier));
	self->old = strdup(rc_fmt("%s/above/old", self->hier));
	/* The most that somebody can be given. */
	if (variant->kind == RC_BOX_USER) {
		static const char * const his[] = { "", "/tasks", "/procs" };

		for (i = 0; i < ARRAY_SIZE(his); i++) {
			ASSERT_EQ(0, chown(rc_fmt("%s%s", self->top, his[i]),
					   100000, 100000));
			ASSERT_EQ(0, chown(rc_fmt("%s%s", self->old, his[i]),
					   100000, 100000));
		}
	}
	self->task = rc_sleeper();
	ASSERT_LT(0, self->task);
	ASSERT_EQ(0, rc_attach(rc_fmt("%s/above/side", self->hier), self->task));
}

FIXTURE_TEARDOWN(escape)
{
	EXPECT_EQ(0, rc_teardown());
}

/* "H/x" with the hierarchy's path in place of H. */
static const char *filled(const char *text, const char *hier, const char *lone,
			  pid_t task)
{
	const char *at = text ? strpbrk(text, "HLRT") : NULL;
	const char *with;

	if (!at)
		return text;
	with = *at == 'H' ? hier : *at == 'L' ? lone : *at == 'R' ? RC_ROOT :
	       rc_fmt("%d", task);
	return rc_fmt("%.*s%s%s", (int)(at - text), text, with, at + 1);
}

/* No attempt is of any use, and nothing of the host has changed after it. */
TEST_F(escape, attempts)
{
	struct rc_box *box = rc_box_new(variant->kind, self->old);
	unsigned int i;
	char *before;

	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_box_do(box, rc_box_open, self->hier, NULL));
	box->slot = 1;
	ASSERT_EQ(0, rc_box_do(box, rc_box_open, rc_fmt("%s/tasks", self->hier),
			       NULL));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs",
				     variant->given ? self->top : self->hier),
			      rc_fmt("%d", box->pid)));
	before = rc_snapshot(RC_ROOT);
	for (i = 0; i < ARRAY_SIZE(attempts); i++) {
		const struct attempt *at = &attempts[i];
		const char *a = filled(at->a, self->hier, self->lone, self->task);
		const char *b = filled(at->b, self->hier, self->lone, self->task);
		int ret = rc_box_do(box, at->fn, a, b);
		char *after = rc_snapshot(RC_ROOT);

		ksft_print_msg("%s: %s\n", at->what,
			       ret < 0 ? strerrorname_np(-ret) ?: "?" : "DONE");
		EXPECT_GT(0, ret) {
			TH_LOG("%s: done", at->what);
		}
		EXPECT_EQ(0, strcmp(before, after)) {
			TH_LOG("%s: has changed something", at->what);
		}
		free(before);
		before = after;
	}
	EXPECT_STREQ(variant->given ? "/above/top" : "/",
		     rc_where(box->pid, self->hier));
}

TEST_HARNESS_MAIN
