// SPDX-License-Identifier: GPL-2.0
/*
 * Views and what others have to do with them: namespaces inside, guests, descriptors
 * that are passed, mounts that are bound, containers beside.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "view_util.h"

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

static int count_tasks(void *file)
{
	return -rc_count(file);
}

static int hide(struct rc_box *box)
{
	return mount("proc", "/proc", NULL, MS_REMOUNT, box->a) ? -errno : 0;
}

static int list_as_user(struct rc_box *box)
{
	return rc_run_as(RC_USER, count_tasks, box->a);
}

/* hidepid of the mount in the box hides tasks from lists there, and no group. */
TEST_F(view, hidepid)
{
	struct rc_box *box = self->box;
	const char *hier = self->hier;
	char *grp = group(self->top, "grp");
	const char *tasks = strdup(rc_fmt("%s/grp/tasks", hier));
	pid_t id;

	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, give(self->top, box->pid));
	id = rc_box_do(box, rc_box_child, NULL, NULL);
	ASSERT_LT(0, id);
	ASSERT_EQ(0, box_write(box, rc_fmt("%s/grp", hier), "tasks", rc_fmt("%d", id)));
	EXPECT_EQ(-1, rc_box_do(box, list_as_user, tasks, NULL));
	ASSERT_EQ(0, rc_box_do(box, hide, "hidepid=invisible", NULL));
	EXPECT_EQ(0, rc_box_do(box, list_as_user, tasks, NULL));
	EXPECT_STREQ(rc_fmt("%d\n", id), box_read(box, rc_fmt("%s/grp", hier), "tasks"));
	/* The host's mount is another. */
	EXPECT_EQ(1, rc_count(rc_fmt("%s/tasks", grp)));
}

static int where_thread(struct rc_box *box)
{
	snprintf(box->text, sizeof(box->text), "%s",
		 rc_where_file(rc_fmt("/proc/1/task/%s/rc", box->b), box->a));
	return 0;
}

/* A thread has its own path, from the top as well. */
TEST_F(view, path_of_thread)
{
	struct rc_box *box = self->box;

	ASSERT_EQ(0, give(self->above, box->pid));
	ASSERT_EQ(0, box_write(box, rc_fmt("%s/top", self->hier), "tasks", "0"));
	ASSERT_EQ(0, rc_box_do(box, where_thread, self->hier, "1"));
	EXPECT_STREQ("/top", box->text);
	EXPECT_STREQ("/above/top",
		     rc_where_file(rc_fmt("/proc/%d/task/%d/rc", box->pid, box->pid),
				   self->hier));
}

TEST_HARNESS_MAIN
