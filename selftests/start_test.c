// SPDX-License-Identifier: GPL-2.0
/*
 * A task is started in a group, by clone3(2) with CLONE_INTO_CGROUP and a descriptor of the
 * group's directory: where it is, and who may.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "start_util.h"

FIXTURE(into)
{
	const char *hier;
	/* In @hier. */
	const char *grp;
	const char *beside;
	/* In another hierarchy. */
	const char *other;
};

FIXTURE_SETUP(into)
{
	const char *other;

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	other = rc_hier_new();
	ASSERT_TRUE(self->hier && other);
	self->grp = rc_group_new(self->hier);
	self->beside = rc_group_new(self->hier);
	self->other = rc_group_new(other);
	ASSERT_TRUE(self->grp && self->beside && self->other);
}

FIXTURE_TEARDOWN(into)
{
	EXPECT_EQ(0, rc_teardown());
}

static const char *name_of(const char *grp)
{
	return strrchr(grp, '/');
}

static int populated(const char *grp)
{
	return rc_field(rc_fmt("%s/events", grp), "populated");
}

static const char *hier_of(const char *grp)
{
	return rc_fmt("%.*s", (int)(name_of(grp) - grp), grp);
}

/* It is in the group, alone, and where its parent is in all other hierarchies. */
TEST_F(into, in_group)
{
	pid_t pid;

	ASSERT_EQ(0, rc_attach(self->other, getpid()));
	ASSERT_EQ(0, rc_attach(self->beside, getpid()));
	pid = start_sleeper(self->grp, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_STREQ(name_of(self->grp), rc_where(pid, self->hier));
	EXPECT_STREQ(name_of(self->other), rc_where(pid, hier_of(self->other)));
	EXPECT_STREQ(name_of(self->beside), rc_where(getpid(), self->hier));
	EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", self->grp)));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/procs", self->grp), pid));
	EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", self->beside)));
	EXPECT_EQ(2, rc_count(rc_fmt("%s/tasks", self->other)));
	EXPECT_EQ(1, populated(self->grp));
	EXPECT_EQ(-EBUSY, rc_rmdir(self->grp));
	EXPECT_EQ(0, rc_kill(pid));
	EXPECT_EQ(0, populated(self->grp));
	EXPECT_EQ(0, rc_attach(self->hier, getpid()));
	EXPECT_EQ(0, rc_attach(hier_of(self->other), getpid()));
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

/* A root is a group, too, and so is the one in which the parent is. */
TEST_F(into, in_root)
{
	pid_t pid;

	ASSERT_EQ(0, rc_attach(self->grp, getpid()));
	pid = start_sleeper(self->hier, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_STREQ("/", rc_where(pid, self->hier));
	pid = start_sleeper(self->grp, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_STREQ(name_of(self->grp), rc_where(pid, self->hier));
	EXPECT_EQ(2, rc_count(rc_fmt("%s/tasks", self->grp)));
	ASSERT_EQ(0, rc_attach(self->hier, getpid()));
	pid = start_sleeper(self->hier, O_RDONLY, 0);
	ASSERT_LT(0, pid);
	EXPECT_STREQ("/", rc_where(pid, self->hier));
	EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", self->grp)));
}

/* What it forks is born where it is. */
TEST_F(into, passes_on)
{
	long *grandchild = rc_shared(sizeof(*grandchild));
	int fd = start_open(self->grp, O_RDONLY);
	pid_t pid;

	ASSERT_TRUE(fd >= 0 && grandchild);
	pid = start_at(fd, 0);
	if (!pid) {
		rc_die_with_parent();
		pid = rc_sleeper();
		rc_set(grandchild, pid);
		for (;;)
			pause();
	}
	ASSERT_LT(0, pid);
	rc_track_child(pid);
	ASSERT_TRUE(RC_WAIT(rc_get(grandchild)));
	EXPECT_STREQ(name_of(self->grp), rc_where(rc_get(grandchild), self->hier));
	close(fd);
}

/* It has namespaces of its own: the group is what a new pid namespace was given. */
TEST_F(into, in_namespaces)
{
	unsigned long long flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID;
	int fd = start_open(self->grp, O_RDONLY);
	char *there;
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = start_at(fd, flags);
	if (!pid) {
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		if (mount("proc", "/proc", "proc", 0, NULL))
			_exit(errno);
		/* Where it is, as it sees that, and what is below. */
		there = strdup(rc_where(1, self->hier));
		if (strcmp(there, "/") || rc_mkdir(rc_fmt("%s/x", self->hier)))
			_exit(EBADMSG);
		_exit(-rc_rmdir(rc_fmt("%s/x", self->hier)));
	}
	ASSERT_LT(0, pid);
	rc_track_child(pid);
	EXPECT_EQ(0, rc_reap(pid));
	pid = start_at(fd, flags);
	if (!pid)
		for (;;)
			pause();
	ASSERT_LT(0, pid);
	rc_track_child(pid);
	EXPECT_STREQ(name_of(self->grp), rc_where(pid, self->hier));
	EXPECT_STRNE(rc_ns_links(getpid()), rc_ns_links(pid));
	close(fd);
}

/*
 * By hand, as a C library does it: the child has its parent's memory, and its stack where
 * that is not to return.
 */
static long clone3_raw(struct clone_args *args)
{
	long ret = SYS_clone3;

	asm volatile("syscall" : "+a" (ret) : "D" (args), "S" (sizeof(*args)) :
		     "rcx", "r11", "memory");
	return ret;
}

/* A thread that does nothing but wait. */
static long thread_raw(struct clone_args *args)
{
	long ret = SYS_clone3;

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 2f\n"
		     "1:\tmov %2, %%eax\n\t"
		     "syscall\n\t"
		     "jmp 1b\n"
		     "2:" : "+a" (ret) : "D" (args), "i" (SYS_pause),
		     "S" (sizeof(*args)) : "rcx", "r11", "memory");
	return ret;
}

/* As posix_spawn(3) does: what is executed is in the group from its first instruction. */
TEST_F(into, spawn)
{
	int out = rc_open("/tmp", O_TMPFILE | O_RDWR), fd = start_open(self->grp, O_RDONLY);
	static char * const argv[] = { "cat", "/proc/self/rc", NULL };
	char text[4096] = "";
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = fd,
	};
	pid_t pid;

	ASSERT_TRUE(fd >= 0 && out >= 0);
	fflush(NULL);
	pid = clone3_raw(&args);
	if (!pid) {
		dup2(out, STDOUT_FILENO);
		execve("/bin/cat", argv, NULL);
		_exit(127);
	}
	ASSERT_LT(0, pid);
	rc_track_child(pid);
	EXPECT_EQ(0, rc_reap(pid));
	ASSERT_LT(0, pread(out, text, sizeof(text) - 1, 0));
	EXPECT_TRUE(!!strstr(text, rc_fmt("%s::%s\n", name_of(self->hier) + 1,
					  name_of(self->grp))));
	close(fd);
	close(out);
}

static int start_thread(void *grp)
{
	static char stack[65536];
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			 CLONE_INTO_CGROUP,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack),
		.cgroup = start_open(grp, O_RDONLY),
	};
	const char *tasks = rc_fmt("%s/tasks", (char *)grp);
	long tid = thread_raw(&args);

	if (tid < 0)
		return tid;
	if (!rc_listed(tasks, tid) || rc_listed(tasks, getpid()))
		return -EBADMSG;
	/* To the end of the process. */
	return 0;
}

/* A thread goes there alone, by the right to write "tasks". */
TEST_F(into, thread)
{
	EXPECT_EQ(0, rc_run(start_thread, (void *)self->grp));
	ASSERT_EQ(0, chown(rc_fmt("%s/procs", self->grp), RC_USER, -1));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, start_thread, (void *)self->grp));
	EXPECT_EQ(0, rc_run_as(RC_USER, start_once, (void *)self->grp));
	ASSERT_EQ(0, chown(rc_fmt("%s/procs", self->grp), 0, -1));
	ASSERT_EQ(0, chown(rc_fmt("%s/tasks", self->grp), RC_USER, -1));
	EXPECT_EQ(0, rc_run_as(RC_USER, start_thread, (void *)self->grp));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, start_once, (void *)self->grp));
}

/*
 * Descriptors
 */

/* That of another thing than a group is none. */
TEST_F(into, no_group)
{
	const char * const path[] = {
		RC_ROOT, RC_ROOT "/subsystems", rc_fmt("%s/procs", self->grp), "/proc", "/",
	};
	char *before = rc_snapshot(RC_ROOT);
	unsigned int i;
	int fd = -1;

	for (i = 0; i < ARRAY_SIZE(path); i++) {
		fd = rc_open(path[i], O_RDONLY);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-EBADF, start_once_fd(&fd)) {
			TH_LOG("%s", path[i]);
		}
		close(fd);
	}
	EXPECT_EQ(-EBADF, start_once_fd(&fd));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));
}

/* O_PATH leads to the group as well, and gives no right. */
TEST_F(into, by_path)
{
	int fd = start_open(self->grp, O_PATH);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, start_once_fd(&fd));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, start_once_fd, &fd));
	ASSERT_EQ(0, chown(rc_fmt("%s/procs", self->grp), RC_USER, -1));
	EXPECT_EQ(0, rc_run_as(RC_USER, start_once_fd, &fd));
	close(fd);
}

/* A group that was removed is not there any more, made anew or not. */
TEST_F(into, removed)
{
	int fd = start_open(self->grp, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(-ENODEV, start_once_fd(&fd));
	ASSERT_EQ(0, rc_mkdir(self->grp));
	EXPECT_EQ(-ENODEV, start_once_fd(&fd));
	close(fd);
}

static int start_read_only(void *grp)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(grp, grp, NULL, MS_BIND, NULL) ||
	    mount(NULL, grp, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		return -errno;
	return start_once(grp);
}

/* What leads through a mount that is read only gives as little as that. */
TEST_F(into, read_only)
{
	EXPECT_EQ(-EROFS, rc_run(start_read_only, (void *)self->grp));
}

/* Something else is mounted where its file is. */
static int start_covered(void *grp)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("/dev/null", rc_fmt("%s/procs", (char *)grp), NULL, MS_BIND, NULL))
		return -errno;
	return start_once(grp);
}

TEST_F(into, covered)
{
	EXPECT_EQ(-EBADF, rc_run(start_covered, (void *)self->grp));
}

/*
 * Permissions
 */

/* As the move would be judged: write permission there, and on what is left. */
TEST_F(into, user)
{
	int fd = start_open(self->grp, O_RDONLY);
	char *before = rc_snapshot(RC_ROOT);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, start_once, (void *)self->grp));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, start_once_fd, &fd));
	EXPECT_STREQ(before, rc_snapshot(RC_ROOT));

	ASSERT_EQ(0, chown(rc_fmt("%s/procs", self->grp), RC_USER, -1));
	EXPECT_EQ(0, rc_run_as(RC_USER, start_once_fd, &fd));
	/* The way to the file counts, too. */
	ASSERT_EQ(0, chmod(self->grp, 0700));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, start_once_fd, &fd));
	ASSERT_EQ(0, chmod(self->grp, 0755));

	ASSERT_EQ(0, rc_attach(self->beside, getpid()));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, start_once_fd, &fd));
	ASSERT_EQ(0, chown(rc_fmt("%s/tasks", self->beside), RC_USER, -1));
	EXPECT_EQ(0, rc_run_as(RC_USER, start_once_fd, &fd));
	/* From where it is to where it is, nothing is left. */
	ASSERT_EQ(0, rc_attach(self->grp, getpid()));
	EXPECT_EQ(0, rc_run_as(RC_USER, start_once_fd, &fd));
	close(fd);
}

static int start_as_setuid(void *fd)
{
	if (setresuid(RC_USER + 1, RC_USER, RC_USER + 1))
		return -errno;
	return start_once_fd(fd);
}

/* Who may not move his own child may not start it there. */
TEST_F(into, other_uid)
{
	int fd = start_open(self->grp, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, chmod(rc_fmt("%s/procs", self->grp), 0666));
	EXPECT_EQ(-EACCES, rc_run(start_as_setuid, &fd));
	close(fd);
}

/* Why, in words. */
TEST_F(into, told)
{
	const char *hier = name_of(self->hier) + 1, *line;
	char *text;

	ASSERT_EQ(0, rc_attach(self->beside, getpid()));
	ASSERT_EQ(0, chown(rc_fmt("%s/procs", self->grp), RC_USER, -1));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, start_once, (void *)self->grp));
	text = rc_text(RC_ROOT "/errors");
	ASSERT_TRUE(!!text);
	line = rc_fmt("%s:%s\tclone3: no permission to write to tasks of %s:%s\n", hier,
		      name_of(self->grp), hier, name_of(self->beside));
	EXPECT_TRUE(!!strstr(text, line)) {
		TH_LOG("%s", text);
	}
}

/*
 * Views
 */

static int box_start(struct rc_box *box)
{
	return start_once(box->a);
}

static int box_start_where(struct rc_box *box)
{
	pid_t pid = start_sleeper(box->a, O_RDONLY, 0);

	if (pid < 0)
		return pid;
	snprintf(box->text, sizeof(box->text), "%s", rc_where(pid, box->b));
	return rc_kill(pid);
}

/* In a container, groups of its own can be started in, and no others. */
TEST_F(into, in_view)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->grp);

	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/x", self->grp)));
	ASSERT_EQ(0, rc_box_do(box, box_start_where, rc_fmt("%s/x", self->hier), self->hier));
	EXPECT_STREQ("/x", box->text);
	EXPECT_EQ(0, rc_box_do(box, box_start, self->hier, NULL));
	box = rc_box_new(RC_BOX_ROOT, NULL);
	ASSERT_TRUE(!!box);
	EXPECT_EQ(-EPERM, rc_box_do(box, box_start, self->hier, NULL));
}

/* Through a container's mount, nobody is started who has no id there. */
TEST_F(into, through_view)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->grp);
	int fd;

	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/x", self->grp)));
	fd = start_open(rc_fmt("/proc/%d/root%s/x", box->pid, self->hier), O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ESRCH, start_once_fd(&fd));
	close(fd);
}

/* Of somebody in a box. */
struct told {
	long go;
};

static struct told *told;

static int start_when_told(void *path)
{
	while (!rc_get(&told->go))
		rc_nap();
	return start_once(path);
}

static int box_wait(struct rc_box *box)
{
	return rc_spawn(start_when_told, strdup(box->a));
}

static int box_reap(struct rc_box *box)
{
	return rc_reap(atoi(box->a));
}

/* What was put where it is from outside is not taken away through the view. */
TEST_F(into, out_of_sight)
{
	struct rc_box *box;
	pid_t *ids, pid;

	told = rc_shared(sizeof(*told));
	ASSERT_TRUE(!!told);
	box = rc_box_new(RC_BOX_ROOT, self->grp);
	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_mkdir(rc_fmt("%s/x", self->grp)));
	pid = rc_box_do(box, box_wait, rc_fmt("%s/x", self->hier), NULL);
	ASSERT_LT(0, pid);
	ASSERT_EQ(2, rc_list(rc_fmt("%s/tasks", self->grp), &ids));
	ASSERT_EQ(0, rc_attach(self->beside, ids[0] == box->pid ? ids[1] : ids[0]));
	rc_set(&told->go, 1);
	EXPECT_EQ(-EACCES, rc_box_do(box, box_reap, rc_fmt("%d", pid), NULL));
	free(ids);
}

TEST_HARNESS_MAIN
