// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that fail for want of memory or of a buffer; see fault_ops.h. What runs
 * with faults does little of its own: an allocation of the C library's is no matter of ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault_ops.h"
#include "rc_util.h"

/* What a process exits with, beside the errno, that could not execute a program. */
#define EXEC_FAILED 100

/* By their flags; @name is that of the file that leads back. */
static const struct {
	const char *name;
	unsigned long flag;
} namespaces[FAULT_NS] = {
	{ "ipc", CLONE_NEWIPC },
	{ "mnt", CLONE_NEWNS },
	{ "net", CLONE_NEWNET },
	{ "pid_for_children", CLONE_NEWPID },
	{ "time_for_children", CLONE_NEWTIME },
	{ "uts", CLONE_NEWUTS },
};

int fault_save_ns(struct fault *f)
{
	int i;

	for (i = 0; i < FAULT_NS; i++) {
		f->ns[i] = rc_open(rc_fmt("/proc/self/ns/%s", namespaces[i].name), O_RDONLY);
		if (f->ns[i] < 0)
			return f->ns[i];
	}
	return 0;
}

/* 0 or -errno of a system call that gives nothing else. */
static int result(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* The same of one that gives a descriptor, which nobody needs. */
static int closed(int fd)
{
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int fault_mkdir(const struct fault *f)
{
	return rc_mkdir(f->file);
}

int fault_rmdir(const struct fault *f)
{
	return rc_rmdir(f->file);
}

int fault_rename(const struct fault *f)
{
	return result(rename(f->file, f->text));
}

int fault_rename_back(const struct fault *f)
{
	return result(rename(f->text, f->file));
}

int fault_chmod(const struct fault *f)
{
	return result(chmod(f->file, 0700));
}

int fault_chmod_back(const struct fault *f)
{
	return result(chmod(f->file, 0755));
}

int fault_chown(const struct fault *f)
{
	return result(chown(f->file, RC_USER, RC_USER));
}

int fault_chown_back(const struct fault *f)
{
	return result(chown(f->file, 0, 0));
}

int fault_read(const struct fault *f)
{
	char buf[512];
	int ret = rc_read(f->file, buf, sizeof(buf));

	return ret < 0 ? ret : 0;
}

int fault_write(const struct fault *f)
{
	return rc_write(f->file, f->text);
}

int fault_write_back(const struct fault *f)
{
	return rc_write(f->file, f->back);
}

int fault_stat(const struct fault *f)
{
	struct statx stx;
	struct stat st;

	return stat(f->file, &st) || access(f->file, R_OK) ||
	       statx(AT_FDCWD, f->file, 0, STATX_ALL, &stx) ? -errno : 0;
}

static int list_fd(int fd)
{
	char buf[512];
	long len;

	do
		len = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	while (len > 0);
	return result(len);
}

int fault_list(const struct fault *f)
{
	int fd = rc_open(f->file, O_RDONLY | O_DIRECTORY), ret;

	if (fd < 0)
		return fd;
	ret = list_fd(fd);
	close(fd);
	return ret;
}

static int open_usage(const struct fault *f)
{
	return closed(open(f->text, O_RDONLY | O_CLOEXEC));
}

/* The files of a new group are entered when they are first looked for. */
static int mkdir_and(int (*look)(const struct fault *f), const struct fault *f)
{
	int ret = rc_mkdir(f->file);

	if (ret)
		return ret;
	ret = look(f);
	if (ret)
		fault_rmdir(f);
	return ret;
}

int fault_mkdir_and_list(const struct fault *f)
{
	return mkdir_and(fault_list, f);
}

int fault_mkdir_and_open(const struct fault *f)
{
	return mkdir_and(open_usage, f);
}

static int poll_fd(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLPRI };
	struct epoll_event event = { .events = EPOLLPRI };
	int epoll = epoll_create1(EPOLL_CLOEXEC), ret;

	if (epoll < 0)
		return -errno;
	ret = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ||
	      epoll_wait(epoll, &event, 1, 0) < 0 || poll(&one, 1, 0) < 0 ? -errno : 0;
	close(epoll);
	return ret;
}

int fault_poll(const struct fault *f)
{
	int fd = rc_open(f->file, O_RDONLY), ret;

	if (fd < 0)
		return fd;
	ret = poll_fd(fd);
	close(fd);
	return ret;
}

int fault_watch(const struct fault *f)
{
	int fd = inotify_init1(IN_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = result(inotify_add_watch(fd, f->file, IN_ALL_EVENTS));
	close(fd);
	return ret;
}

static int attach_to(const char *file, pid_t pid)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", pid);
	int fd = rc_open(file, O_WRONLY), ret;

	if (fd < 0)
		return fd;
	ret = rc_write_fd(fd, text, len);
	close(fd);
	return ret;
}

int fault_attach(const struct fault *f)
{
	return attach_to(f->file, f->target);
}

int fault_attach_back(const struct fault *f)
{
	return attach_to(f->back, f->target);
}

int fault_leave(const struct fault *f)
{
	return rc_write(rc_fmt("%s/procs", f->hier), rc_fmt("%d", f->target));
}

/* The caller, wherever it went. */
int fault_come_back(const struct fault *f)
{
	return rc_attach(f->grp, 0);
}

int fault_fork(const struct fault *f)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? -errno : rc_reap(pid);
}

/* In the group whose directory is open. */
int fault_start(const struct fault *f)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | f->op->flags,
		.exit_signal = SIGCHLD,
		.cgroup = f->fd,
	};
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? -errno : rc_reap(pid);
}

static int end_at_once(void *arg)
{
	return 0;
}

static int clone_at_once(unsigned long flags)
{
	static char stack[16384];

	return clone(end_at_once, stack + sizeof(stack), CLONE_VM | flags, NULL);
}

/* Without its parent's memory, of which most of the faults of a fork come. */
int fault_clone(const struct fault *f)
{
	pid_t pid = clone_at_once(CLONE_VFORK | SIGCHLD | f->op->flags);

	return pid < 0 ? -errno : rc_reap(pid);
}

int fault_thread(const struct fault *f)
{
	return result(clone_at_once(CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				    CLONE_SYSVSEM));
}

int fault_thread_gone(const struct fault *f)
{
	struct stat st;

	/* Its directory has two links besides. */
	return RC_WAIT(!stat("/proc/self/task", &st) && st.st_nlink == 3) ? 0 : -ETIMEDOUT;
}

/* Tells that it is there, waits for its parent's end of @go, and executes a program. */
static void exec_when_told(const int *ready, const int *go)
{
	char byte = 0;

	close(go[1]);
	if (unshare(CLONE_NEWTIME) || write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1))
		_exit(EXIT_FAILURE);
	execl("/bin/sleep", "sleep", "600", NULL);
	_exit(EXEC_FAILED + errno);
}

/* The program is executed in another time namespace than its process was born in. */
int fault_exec(const struct fault *f, int nth, bool *hit)
{
	int ready[2], go[2], status;
	char text[16] = "";
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		exec_when_told(ready, go);
	close(ready[1]);
	close(go[0]);
	if (pid < 0 || read(ready[0], text, 1) != 1 ||
	    rc_write(rc_fmt("/proc/%d/fail-nth", pid), rc_fmt("%d", nth)))
		return -ECHILD;
	close(go[1]);
	/* Its end is closed by exec, or with the process. */
	while (read(ready[0], text, 1) > 0)
		;
	close(ready[0]);
	rc_read(rc_fmt("/proc/%d/fail-nth", pid), text, sizeof(text));
	*hit = !strcmp(text, "0\n");
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return WIFEXITED(status) && WEXITSTATUS(status) > EXEC_FAILED ?
	       EXEC_FAILED - WEXITSTATUS(status) : 0;
}

int fault_unshare(const struct fault *f)
{
	return result(unshare(f->op->flags));
}

int fault_setns(const struct fault *f)
{
	return result(setns(f->fd, 0));
}

int fault_setns_process(const struct fault *f)
{
	return result(setns(f->fd, f->op->flags));
}

int fault_ns_back(const struct fault *f)
{
	int i, ret = 0;

	for (i = 0; i < FAULT_NS; i++)
		if (f->op->flags & namespaces[i].flag)
			ret = ret ?: result(setns(f->ns[i], 0));
	return ret;
}

int fault_open_target_ns(struct fault *f)
{
	f->fd = rc_open(rc_fmt("/proc/%d/ns/uts", f->target), O_RDONLY);
	return f->fd < 0 ? f->fd : 0;
}

int fault_open_target(struct fault *f)
{
	f->fd = syscall(SYS_pidfd_open, f->target, 0);
	return result(f->fd);
}

int fault_open_group(struct fault *f)
{
	f->fd = rc_open(f->file, O_RDONLY | O_DIRECTORY);
	return f->fd < 0 ? f->fd : 0;
}

void fault_close(const struct fault *f)
{
	close(f->fd);
}

/* A file system, which fsmount(2) can mount. */
static int new_context(const char *type)
{
	int fd = fsopen(type, FSOPEN_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	if (!fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/* In no place: that is not our matter. */
static int new_proc(void)
{
	int fd = new_context("proc"), mnt, err;

	if (fd < 0)
		return fd;
	mnt = fsmount(fd, FSMOUNT_CLOEXEC, 0);
	err = errno;
	close(fd);
	return mnt < 0 ? -err : mnt;
}

/* The hierarchy stays whether the file system is mounted then or not. */
int fault_make_cpuset(const struct fault *f)
{
	int fd = new_context("cpuset");

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int fault_mount_proc(const struct fault *f)
{
	int mnt = new_proc();

	if (mnt < 0)
		return mnt;
	close(mnt);
	return 0;
}

int fault_prepare_mount(struct fault *f)
{
	f->fd = new_proc();
	return f->fd < 0 ? f->fd : 0;
}

/* Nothing there has been looked at before. */
int fault_look_in_mount(const struct fault *f)
{
	int dir = openat(f->fd, f->hier + strlen("/proc/"), O_RDONLY | O_DIRECTORY), ret;

	if (dir < 0)
		return -errno;
	ret = list_fd(dir) ?: closed(openat(dir, "tasks", O_RDONLY));
	close(dir);
	return ret;
}
