// SPDX-License-Identifier: GPL-2.0
/* What the rc selftests make and end again; see rc_util.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rc_util.h"

#define NAME_PREFIX "ksft-"

struct owned {
	char **path;
	int nr;
};

static struct owned hiers, mounts;
/* A hierarchy of somebody else, in which there may be groups of ours. */
static const char *borrowed;
static int serial;

static const char *own(struct owned *owned, const char *path)
{
	owned->path = realloc(owned->path,
			      (owned->nr + 1) * sizeof(*owned->path));
	owned->path[owned->nr] = strdup(path);
	return owned->path[owned->nr++];
}

void rc_track_hier(const char *path)
{
	own(&hiers, path);
}

static int remove_tree(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int ret = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) && !ret) {
		char *child;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		if (asprintf(&child, "%s/%s", path, entry->d_name) < 0)
			ret = -ENOMEM;
		else
			ret = remove_tree(child);
		free(child);
	}
	closedir(dir);
	if (ret)
		return ret;
	ret = rc_rmdir(path);
	return ret == -ENOENT ? 0 : ret;
}

/* Names carry the maker's pid: ours, or of one that has gone. */
static bool left_over(const char *name)
{
	pid_t maker = 0;

	if (sscanf(name, NAME_PREFIX "%d-", &maker) != 1)
		return false;
	/* 0 is the maker of names that are to be refused. */
	return !maker || maker == getpid() ||
	       (kill(maker, 0) && errno == ESRCH);
}

static int sweep(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int ret = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && !ret) {
		if (left_over(entry->d_name))
			ret = remove_tree(rc_fmt("%s/%s", path,
						 entry->d_name));
	}
	closedir(dir);
	return ret;
}

int rc_setup(void)
{
	int ret;

	/* What an ended helper leaves behind is to be reaped here as well. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return -errno;
	umask(022);
	ret = sweep(RC_ROOT);
	if (ret || access(RC_ROOT "/cpuacct", F_OK))
		return ret;
	/* A test killed for its time limit may have left this one as well. */
	ret = sweep(RC_ROOT "/cpuacct");
	if (!ret && rc_rmdir(RC_ROOT "/cpuacct") == -EPERM)
		ret = -EPERM;
	return ret;
}

int rc_teardown(void)
{
	int ret;

	/* A test may have failed while it was an unprivileged user. */
	ret = seteuid(0) ? -errno : 0;
	if (rc_end_children())
		return -ETIMEDOUT;
	while (mounts.nr) {
		char *path = mounts.path[--mounts.nr];

		if (umount2(path, MNT_DETACH) || rmdir(path))
			ret = -errno;
		free(path);
	}
	/* Those who are still in a group can be none but the caller. */
	if (borrowed)
		ret = ret ?: rc_attach(borrowed, getpid()) ?: sweep(borrowed);
	borrowed = NULL;
	while (hiers.nr) {
		char *path = hiers.path[--hiers.nr];
		int err = access(path, F_OK) ? 0 : rc_attach(path, getpid());

		err = err ?: remove_tree(path);
		ret = ret ?: err;
		free(path);
	}
	return ret ?: sweep(RC_ROOT);
}

void rc_disown(void)
{
	hiers.nr = 0;
	mounts.nr = 0;
	borrowed = NULL;
}

const char *rc_hier_new(void)
{
	const char *path = rc_fmt(RC_ROOT "/" NAME_PREFIX "%d-%d", getpid(),
				  serial++);

	return mkdir(path, 0755) ? NULL : own(&hiers, path);
}

const char *rc_cpuacct(void)
{
	const char *path = RC_ROOT "/cpuacct";

	/* Not removed by rc_setup(): in use, with groups of somebody else. */
	if (!access(rc_fmt("%s/cpuacct.usage", path), F_OK)) {
		borrowed = path;
		return path;
	}
	return mkdir(path, 0755) ? NULL : own(&hiers, path);
}

const char *rc_bound_new(const char *list)
{
	const char *path = rc_fmt(RC_ROOT "/%s", list);

	remove_tree(path);
	return mkdir(path, 0755) ? NULL : own(&hiers, path);
}

bool rc_has_subsys(const char *name)
{
	char *text = rc_text(RC_ROOT "/subsystems");
	bool has = text && strstr(text, rc_fmt("\n%s\t", name));

	free(text);
	return has;
}

int rc_disarm(const char *hier)
{
	return rc_write(rc_fmt("%s/debug.fail", hier), "none") ?:
	       rc_write(rc_fmt("%s/debug2.fail", hier), "none");
}

const char *rc_group_new(const char *parent)
{
	const char *path = rc_fmt("%s/" NAME_PREFIX "%d-%d", parent, getpid(),
				  serial++);

	return mkdir(path, 0755) ? NULL : strdup(path);
}

const char *rc_proc_mount(const char *options)
{
	char path[] = "/tmp/" NAME_PREFIX "XXXXXX";

	if (!mkdtemp(path))
		return NULL;
	if (mount("proc", path, "proc", 0, options)) {
		int err = errno;

		rmdir(path);
		errno = err;
		return NULL;
	}
	return own(&mounts, path);
}

const char *rc_in_new_mount(const char *path)
{
	const char *proc = rc_proc_mount("");

	return proc ? strdup(rc_fmt("%s%s", proc, path + strlen("/proc"))) : NULL;
}

int rc_trap(size_t size, int flags, char **mem)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int fd;

	*mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*mem == MAP_FAILED)
		return -errno;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | flags);
	reg.range.start = (unsigned long)*mem;
	reg.range.len = size;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		return -errno;
	return fd;
}

void *rc_shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

int rc_race_seconds(void)
{
	const char *text = getenv("RC_RACE_SECONDS");
	int seconds = text ? atoi(text) : 0;

	return seconds > 0 ? seconds : 10;
}
