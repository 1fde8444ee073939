// SPDX-License-Identifier: GPL-2.0
/* Bad input to files: everything that takes a descriptor or opens one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"
#include "rc_util.h"

static long op_open(struct fuzz *f)
{
	int flags = FUZZ_FLAGS(f, O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL,
			       O_TRUNC, O_APPEND, O_DIRECT, O_DIRECTORY,
			       O_NOFOLLOW, O_PATH, O_TMPFILE, O_SYNC, O_NOATIME,
			       O_ASYNC, O_LARGEFILE);

	/* No controlling terminal, and nothing that waits. */
	return fuzz_keep(f, open(fuzz_path(f), flags | O_NONBLOCK | O_NOCTTY,
				 fuzz_random(f) & 07777));
}

/* In the way that lets a write come through. */
static long op_write(struct fuzz *f)
{
	const char *path = fuzz_entry(f);
	size_t len = fuzz_text(f, path);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return fd;
	ret = write(fd, f->buf, len);
	if (fuzz_one_in(f, 4))
		ret = write(fd, f->buf, len);
	close(fd);
	return ret;
}

static long op_read(struct fuzz *f)
{
	int fd = open(fuzz_entry(f), O_RDONLY | O_CLOEXEC);
	size_t size = 1 + fuzz_pick(f, 300);
	long ret = fd, i;

	for (i = fuzz_pick(f, 6); fd >= 0 && i >= 0; i--)
		ret = read(fd, f->buf, size);
	if (fd >= 0)
		close(fd);
	return ret;
}

static long op_pwrite(struct fuzz *f)
{
	return pwrite(fuzz_fd(f), f->buf, fuzz_text(f, fuzz_entry(f)),
		      fuzz_number(f));
}

static long op_pread(struct fuzz *f)
{
	return pread(fuzz_fd(f), f->buf, fuzz_pick(f, FUZZ_TEXT),
		     fuzz_number(f));
}

/* Buffers that are not there, one that is a byte long, and none. */
static long op_vectors(struct fuzz *f)
{
	struct iovec iov[] = {
		{ f->buf, fuzz_pick(f, 64) }, { f->buf + 100, 1 },
		{ NULL, fuzz_pick(f, 2) },    { (void *)16, fuzz_pick(f, 3) },
		{ f->buf, fuzz_number(f) },
	};
	int nr = fuzz_pick(f, ARRAY_SIZE(iov) + 1), fd = fuzz_fd(f);
	int flags = FUZZ_FLAGS(f, RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT,
			       RWF_APPEND);

	switch (fuzz_pick(f, 4)) {
	case 0:
		return readv(fd, iov, nr);
	case 1:
		return writev(fd, iov, nr);
	case 2:
		return preadv2(fd, iov, nr, fuzz_number(f), flags);
	default:
		return pwritev2(fd, iov, nr, fuzz_number(f), flags);
	}
}

static long op_seek(struct fuzz *f)
{
	return lseek(fuzz_fd(f), fuzz_number(f), fuzz_pick(f, 6));
}

/* Half of the descriptors are pipes' ends or the file in memory. */
static int some_fd(struct fuzz *f)
{
	int fds[] = { f->pipe[0], f->pipe[1], f->file };

	return fuzz_one_in(f, 2) ? fuzz_fd(f) :
				   fds[fuzz_pick(f, ARRAY_SIZE(fds))];
}

static long op_splice(struct fuzz *f)
{
	off_t in = fuzz_number(f), out = fuzz_number(f);
	size_t len = fuzz_pick(f, 10000);
	int from = some_fd(f), to = some_fd(f);

	switch (fuzz_pick(f, 4)) {
	case 0:
		return splice(from, fuzz_one_in(f, 2) ? &in : NULL, to,
			      fuzz_one_in(f, 2) ? &out : NULL, len,
			      SPLICE_F_NONBLOCK);
	case 1:
		return tee(from, to, len, SPLICE_F_NONBLOCK);
	case 2:
		return sendfile(to, from, fuzz_one_in(f, 2) ? &in : NULL, len);
	default:
		return copy_file_range(from, &in, to, &out, len, 0);
	}
}

/* What spliced into a file first has to be in the pipe. */
static long op_splice_text(struct fuzz *f)
{
	const char *path = fuzz_entry(f);
	size_t len = fuzz_text(f, path);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret = fd;

	if (fd < 0)
		return fd;
	if (write(f->pipe[1], f->buf, len) > 0)
		ret = splice(f->pipe[0], NULL, fd, NULL, len,
			     SPLICE_F_NONBLOCK);
	close(fd);
	/* Nothing of it stays. */
	while (read(f->pipe[0], f->buf, FUZZ_TEXT) > 0)
		;
	return ret;
}

static long op_map(struct fuzz *f)
{
	int prot = FUZZ_FLAGS(f, PROT_READ, PROT_WRITE, PROT_EXEC);
	size_t len = 1 + fuzz_pick(f, 20000);
	void *mem = mmap(NULL, len, prot,
			 fuzz_one_in(f, 2) ? MAP_SHARED : MAP_PRIVATE,
			 fuzz_fd(f), fuzz_number(f) & ~4095LL);

	if (mem == MAP_FAILED)
		return -1;
	msync(mem, len, MS_ASYNC);
	return munmap(mem, len);
}

static long op_ioctl(struct fuzz *f)
{
	static const unsigned long known[] = {
		FIONREAD,   FIONBIO, FIOCLEX,	 FIOQSIZE,   FIOASYNC,
		0x6601,	    0x6602,  0xc0045877, 0xc0045878, 0x40049409,
		0xc020660b, 0x5401,  0xb701,	 0xc0c02864,
	};
	unsigned long cmd = fuzz_one_in(f, 2) ?
				    fuzz_random(f) :
				    known[fuzz_pick(f, ARRAY_SIZE(known))];

	return ioctl(fuzz_fd(f), cmd,
		     fuzz_one_in(f, 4) ? (void *)fuzz_random(f) : f->buf);
}

/* Nothing that waits for somebody else, and no signal but the one that ends nobody. */
static long op_fcntl(struct fuzz *f)
{
	static const int cmds[] = {
		F_GETFD,     F_SETFD,	    F_GETFL,	   F_SETFL,
		F_GETLK,     F_SETLK,	    F_GETOWN,	   F_SETLEASE,
		F_GETLEASE,  F_SETPIPE_SZ,  F_ADD_SEALS,   F_GET_SEALS,
		F_OFD_SETLK, F_GET_RW_HINT, F_SET_RW_HINT,
	};
	struct flock lock = { .l_type = fuzz_pick(f, 4),
			      .l_start = fuzz_number(f),
			      .l_len = fuzz_number(f) };
	int cmd = cmds[fuzz_pick(f, ARRAY_SIZE(cmds))], fd = fuzz_fd(f);
	long ret;

	if (cmd == F_SETLEASE) {
		/* Who opens the file waits for the lease to end. */
		ret = fcntl(fd, cmd, fuzz_pick(f, 5));
		fcntl(fd, F_SETLEASE, F_UNLCK);
		return ret;
	}
	if (cmd == F_GETLK || cmd == F_SETLK || cmd == F_OFD_SETLK)
		return fcntl(fd, cmd, &lock);
	if (cmd == F_GET_RW_HINT || cmd == F_SET_RW_HINT)
		return fcntl(fd, cmd, f->buf);
	if (cmd == F_SETFL)
		return fcntl(fd, cmd,
			     FUZZ_FLAGS(f, O_APPEND, O_DIRECT, O_NOATIME) |
				     O_NONBLOCK);
	return fcntl(fd, cmd, fuzz_pick(f, 5));
}

static long op_flock(struct fuzz *f)
{
	return flock(fuzz_fd(f),
		     FUZZ_FLAGS(f, LOCK_SH, LOCK_EX, LOCK_UN) | LOCK_NB);
}

static long op_sizes(struct fuzz *f)
{
	int fd = fuzz_fd(f);

	switch (fuzz_pick(f, 7)) {
	case 0:
		return ftruncate(fd, fuzz_number(f));
	case 1:
		return truncate(fuzz_path(f), fuzz_number(f));
	case 2:
		return syscall(SYS_fallocate, fd, fuzz_pick(f, 128),
			       fuzz_number(f), fuzz_number(f));
	case 3:
		return fsync(fd);
	case 4:
		return syscall(SYS_sync_file_range, fd, fuzz_number(f),
			       fuzz_number(f), fuzz_pick(f, 8));
	case 5:
		return posix_fadvise(fd, fuzz_number(f), fuzz_number(f),
				     fuzz_pick(f, 8)) ?
			       -1 :
			       0;
	default:
		return readahead(fd, fuzz_number(f), fuzz_pick(f, 100000));
	}
}

/* What /proc/self/fd leads to is opened once more, with other rights. */
static long op_reopen(struct fuzz *f)
{
	const char *path = rc_fmt("/proc/self/fd/%d", fuzz_fd(f));

	return fuzz_keep(f, open(path, FUZZ_FLAGS(f, O_RDONLY, O_WRONLY, O_RDWR,
						  O_PATH, O_TRUNC) |
					       O_NONBLOCK | O_NOCTTY));
}

static long op_dup(struct fuzz *f)
{
	return fuzz_keep(f, fcntl(fuzz_fd(f), F_DUPFD_CLOEXEC, 3));
}

static long op_close(struct fuzz *f)
{
	int i = fuzz_pick(f, FUZZ_FDS), fd = f->fd[i];

	f->fd[i] = -1;
	return fd < 0 ? -1 : close(fd);
}

static long op_stat(struct fuzz *f)
{
	struct stat st;
	int fd = fuzz_fd(f);

	if (fuzz_one_in(f, 2))
		return syscall(SYS_statx, fd, fuzz_one_in(f, 2) ? "" : "tasks",
			       AT_EMPTY_PATH, fuzz_random(f), f->buf);
	return fstatat(AT_FDCWD, fuzz_path(f), &st, AT_SYMLINK_NOFOLLOW);
}

/* acct(2) writes wherever it is told; what it was told has to end. */
static long op_acct(struct fuzz *f)
{
	long ret = syscall(SYS_acct, fuzz_path(f));

	if (!ret)
		syscall(SYS_acct, NULL);
	return ret;
}

/* Nothing here is a program, a library, or room for pages. */
static long op_use_as(struct fuzz *f)
{
	char *const none[] = { NULL };
	const char *path = fuzz_path(f);

	switch (fuzz_pick(f, 4)) {
	case 0:
		return syscall(SYS_execveat, fuzz_fd(f), "", none, none,
			       AT_EMPTY_PATH);
	case 1:
		return execve(path, none, none);
	case 2:
		return syscall(SYS_swapon, path, 0);
	default:
		return syscall(SYS_quotactl, fuzz_random(f) & 0xffffff, path, 0,
			       f->buf);
	}
}

static long op_pidfd_open(struct fuzz *f)
{
	pid_t pid = f->workers[fuzz_pick(f, ARRAY_SIZE(f->workers))];

	return fuzz_keep(f, syscall(SYS_pidfd_open, pid, 0));
}

const fuzz_op fuzz_file_ops[] = {
	op_open,    op_open,	op_open,  op_write,  op_write,	op_write,
	op_write,   op_write,	op_read,  op_read,   op_pwrite, op_pread,
	op_vectors, op_vectors, op_seek,  op_splice, op_splice, op_splice_text,
	op_map,	    op_ioctl,	op_fcntl, op_flock,  op_sizes,	op_reopen,
	op_dup,	    op_close,	op_stat,  op_acct,   op_use_as, op_pidfd_open,
	NULL
};
