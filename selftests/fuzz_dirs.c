// SPDX-License-Identifier: GPL-2.0
/* Bad input to directories, and to names, modes, owners and attributes of what is there. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/sched.h>

#include "fuzz.h"
#include "rc_util.h"

static long op_mkdir(struct fuzz *f)
{
	return mkdir(fuzz_path(f),
		     fuzz_one_in(f, 2) ? 0755 : fuzz_random(f) & 07777);
}

static long op_rmdir(struct fuzz *f)
{
	return rmdir(fuzz_path(f));
}

static long op_rename(struct fuzz *f)
{
	const char *from = fuzz_entry(f), *to = fuzz_path(f);
	/* In the same directory, else nearly none could succeed. */
	const char *slash = strrchr(from, '/'), *name = strrchr(to, '/');
	unsigned int flags = fuzz_one_in(f, 2) ? 0 : fuzz_pick(f, 16);

	if (slash && name && !fuzz_one_in(f, 4))
		to = rc_fmt("%.*s%s", (int)(slash - from), from, name);
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static long op_links(struct fuzz *f)
{
	const char *from = fuzz_path(f), *to = fuzz_path(f);

	switch (fuzz_pick(f, 6)) {
	case 0:
		return link(from, to);
	case 1:
		return linkat(fuzz_fd(f), "", AT_FDCWD, to, AT_EMPTY_PATH);
	case 2:
		return symlink(from, to);
	case 3:
		return unlink(from);
	case 4:
		return readlink(from, f->buf, fuzz_pick(f, 100));
	default:
		return mknod(from,
			     FUZZ_FLAGS(f, S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO,
					S_IFSOCK, 0666),
			     makedev(1, 3));
	}
}

static long op_mode(struct fuzz *f)
{
	mode_t mode = fuzz_one_in(f, 3) ? fuzz_random(f) : 0777;

	if (fuzz_one_in(f, 2))
		return chmod(fuzz_path(f), mode);
	return fchmod(fuzz_fd(f), mode);
}

static long op_owner(struct fuzz *f)
{
	static const uid_t ids[] = { 0, RC_USER, RC_USER + 1, -1, -2 };
	uid_t uid = ids[fuzz_pick(f, ARRAY_SIZE(ids))],
	      gid = ids[fuzz_pick(f, ARRAY_SIZE(ids))];

	if (fuzz_one_in(f, 2))
		return fchownat(AT_FDCWD, fuzz_path(f), uid, gid,
				AT_SYMLINK_NOFOLLOW);
	return fchown(fuzz_fd(f), uid, gid);
}

static long op_times(struct fuzz *f)
{
	struct timespec times[2] = { { fuzz_number(f), UTIME_NOW },
				     { fuzz_number(f), fuzz_pick(f, 100) } };

	return utimensat(AT_FDCWD, fuzz_path(f), times,
			 fuzz_one_in(f, 2) ? 0 : AT_SYMLINK_NOFOLLOW);
}

static long op_xattr(struct fuzz *f)
{
	static const char *const names[] = {
		"user.x",
		"trusted.x",
		"security.capability",
		"security.selinux",
		"system.posix_acl_access",
		"system.posix_acl_default",
		"user.",
		"",
		"x",
	};
	const char *name = names[fuzz_pick(f, ARRAY_SIZE(names))],
		   *path = fuzz_path(f);
	size_t size = fuzz_pick(f, 100);

	switch (fuzz_pick(f, 5)) {
	case 0:
		return setxattr(path, name, f->buf, size, fuzz_pick(f, 4));
	case 1:
		return fsetxattr(fuzz_fd(f), name, f->buf, size, 0);
	case 2:
		return getxattr(path, name, f->buf, size);
	case 3:
		return listxattr(path, f->buf, size);
	default:
		return removexattr(path, name);
	}
}

static long op_list(struct fuzz *f)
{
	int fd = open(fuzz_dir(f), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long ret = fd;
	int i;

	if (fd < 0)
		return fd;
	if (fuzz_one_in(f, 3))
		lseek(fd, fuzz_number(f), fuzz_pick(f, 3));
	for (i = fuzz_pick(f, 4); i >= 0; i--)
		ret = syscall(SYS_getdents64, fd, f->buf, fuzz_pick(f, 600));
	close(fd);
	return ret;
}

static long op_list_fd(struct fuzz *f)
{
	return syscall(SYS_getdents64, fuzz_fd(f), f->buf, fuzz_pick(f, 3000));
}

static long op_ask(struct fuzz *f)
{
	struct statfs st;

	switch (fuzz_pick(f, 3)) {
	case 0:
		return access(fuzz_path(f), fuzz_pick(f, 8));
	case 1:
		return statfs(fuzz_path(f), &st);
	default:
		return fstatfs(fuzz_fd(f), &st);
	}
}

/* Where paths that do not begin with a slash begin; from there, some of those. */
static long op_go(struct fuzz *f)
{
	long ret = fuzz_one_in(f, 2) ? chdir(fuzz_dir(f)) : fchdir(fuzz_fd(f));

	if (!ret && fuzz_one_in(f, 2))
		ret = mkdir(fuzz_one_in(f, 2) ? "a" : "../b", 0755);
	if (!ret && fuzz_one_in(f, 2))
		ret = rmdir(fuzz_one_in(f, 2) ? "a" : "../b");
	return ret;
}

/* What is mounted is seen here alone, and goes again. */
static long op_mount(struct fuzz *f)
{
	const char *from = fuzz_path(f), *to = fuzz_path(f);
	long ret;

	switch (fuzz_pick(f, 4)) {
	case 0:
		ret = mount(from, to, NULL, MS_BIND, NULL);
		break;
	case 1:
		ret = mount("none", to, "tmpfs", 0, NULL);
		break;
	case 2:
		ret = mount("none", to, "proc", 0, "hidepid=2");
		break;
	default:
		ret = mount("none", to, "cpuset", 0,
			    fuzz_one_in(f, 2) ? "noprefix" :
						"release_agent=/none");
		break;
	}
	if (!ret && umount2(to, MNT_DETACH))
		return -1;
	return ret;
}

/* As deep as paths can lead, without being one that is too long. */
static long op_deep(struct fuzz *f)
{
	const char *dir = fuzz_dir(f);
	int depth = fuzz_one_in(f, 2) ? 40 : fuzz_pick(f, 40), i;
	char path[FUZZ_PATH];
	size_t len = snprintf(path, sizeof(path), "%s", dir), start = len;
	long ret = 0;

	for (i = 0; i < depth && !ret && len < sizeof(path) - 3; i++) {
		len += sprintf(path + len, "/d");
		ret = mkdir(path, 0755);
	}
	for (; len > start && len > 2; len -= 2) {
		path[len] = 0;
		rmdir(path);
	}
	return ret;
}

/* Starts somebody who ends at once, in a group if the descriptor is one of its directory. */
static long op_start(struct fuzz *f)
{
	int fd = open(fuzz_dir(f), O_DIRECTORY | O_CLOEXEC | (fuzz_one_in(f, 4) ? O_PATH : 0));
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP |
			 FUZZ_FLAGS(f, CLONE_FILES, CLONE_FS, CLONE_NEWPID, CLONE_NEWNS,
				    CLONE_NEWIPC, CLONE_NEWUSER),
		.exit_signal = SIGCHLD,
		.cgroup = fuzz_one_in(f, 4) ? fuzz_number(f) : fuzz_one_in(f, 4) ? fuzz_fd(f) : fd,
	};
	size_t size = fuzz_one_in(f, 8) ? fuzz_pick(f, sizeof(args)) : sizeof(args);
	pid_t pid = syscall(SYS_clone3, &args, size);

	if (!pid)
		_exit(EXIT_SUCCESS);
	/* The group can be frozen. */
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
	}
	if (fd >= 0)
		close(fd);
	return pid;
}

const fuzz_op fuzz_dir_ops[] = { op_mkdir,  op_mkdir, op_mkdir,	  op_mkdir,
				 op_rmdir,  op_rmdir, op_rename,  op_rename,
				 op_rename, op_links, op_links,	  op_links,
				 op_mode,   op_owner, op_times,	  op_xattr,
				 op_xattr,  op_list,  op_list_fd, op_ask,
				 op_go,	    op_mount, op_deep,	  op_start,
				 op_start,  NULL };
