// SPDX-License-Identifier: GPL-2.0
/* Bad input to what looks at files from elsewhere: watches, handles, rings. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"
#include "rc_util.h"

static long op_poll(struct fuzz *f)
{
	struct pollfd fds[] = {
		{ .fd = fuzz_fd(f), .events = fuzz_random(f) },
		{ .fd = fuzz_fd(f), .events = POLLPRI | POLLIN },
	};

	return poll(fds, ARRAY_SIZE(fds), 0);
}

static long op_epoll(struct fuzz *f)
{
	struct epoll_event event = { .events = fuzz_random(f) };

	switch (fuzz_pick(f, 4)) {
	case 0:
		return fuzz_keep(f, epoll_create1(EPOLL_CLOEXEC));
	case 1:
		return epoll_wait(fuzz_fd(f), &event, 1, 0);
	default:
		return epoll_ctl(fuzz_fd(f), 1 + fuzz_pick(f, 3), fuzz_fd(f),
				 &event);
	}
}

static long op_inotify(struct fuzz *f)
{
	switch (fuzz_pick(f, 4)) {
	case 0:
		return fuzz_keep(f, inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	case 1:
		return inotify_rm_watch(fuzz_fd(f), fuzz_pick(f, 5));
	default:
		return inotify_add_watch(fuzz_fd(f), fuzz_path(f),
					 fuzz_random(f));
	}
}

/* Nothing that asks for permission: whoever opens would wait for us. */
static long op_fanotify(struct fuzz *f)
{
	unsigned int init = FUZZ_FLAGS(f, FAN_REPORT_FID, FAN_REPORT_DIR_FID,
				       FAN_REPORT_NAME, FAN_REPORT_TID,
				       FAN_UNLIMITED_MARKS);
	unsigned int mark = FUZZ_FLAGS(f, FAN_MARK_ADD, FAN_MARK_REMOVE,
				       FAN_MARK_FLUSH, FAN_MARK_MOUNT,
				       FAN_MARK_FILESYSTEM, FAN_MARK_ONLYDIR,
				       FAN_MARK_DONT_FOLLOW);
	unsigned long mask = fuzz_random(f) &
			     ~(unsigned long)(FAN_OPEN_PERM | FAN_ACCESS_PERM |
					      FAN_OPEN_EXEC_PERM);

	if (fuzz_one_in(f, 3))
		return fuzz_keep(f, syscall(SYS_fanotify_init,
					    init | FAN_NONBLOCK | FAN_CLOEXEC,
					    O_RDONLY));
	return syscall(SYS_fanotify_mark, fuzz_fd(f), mark, mask, AT_FDCWD,
		       fuzz_path(f));
}

static long op_handle(struct fuzz *f)
{
	struct file_handle *handle = (struct file_handle *)f->buf;
	int mount;
	long ret;

	handle->handle_bytes = fuzz_one_in(f, 2) ? MAX_HANDLE_SZ :
						   fuzz_number(f);
	ret = name_to_handle_at(AT_FDCWD, fuzz_path(f), handle, &mount,
				FUZZ_FLAGS(f, AT_EMPTY_PATH, 0x200));
	if (ret && fuzz_one_in(f, 2))
		return ret;
	/* What was given, or something like it. */
	if (ret || fuzz_one_in(f, 3)) {
		handle->handle_bytes = fuzz_pick(f, 32);
		handle->handle_type = fuzz_pick(f, 256);
		*(unsigned long *)handle->f_handle = fuzz_random(f);
	}
	return fuzz_keep(f,
			 open_by_handle_at(fuzz_fd(f), handle,
					   O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

static long op_trees(struct fuzz *f)
{
	if (fuzz_one_in(f, 2))
		return fuzz_keep(f,
				 syscall(SYS_open_tree, AT_FDCWD, fuzz_path(f),
					 fuzz_one_in(f, 2) | O_CLOEXEC));
	return syscall(SYS_move_mount, fuzz_fd(f), "", AT_FDCWD, fuzz_path(f),
		       4);
}

/**
 * struct ring - io_uring, as small as it can be
 * @fd: its descriptor
 * @map: both queues, one page or two
 * @sqes: the entries
 */
struct ring {
	int fd;
	char *map;
	struct io_uring_sqe *sqes;
};

#define RING_MAP (16 << 10)

static int ring_open(struct ring *ring, struct io_uring_params *params)
{
	ring->fd = syscall(SYS_io_uring_setup, 4, params);
	if (ring->fd < 0)
		return -errno;
	ring->map = mmap(NULL, RING_MAP, PROT_READ | PROT_WRITE, MAP_SHARED,
			 ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring->fd, IORING_OFF_SQES);
	if (ring->map != MAP_FAILED && ring->sqes != MAP_FAILED)
		return 0;
	close(ring->fd);
	return -ENOMEM;
}

static void ring_close(struct ring *ring)
{
	munmap(ring->map, RING_MAP);
	munmap(ring->sqes, 4096);
	close(ring->fd);
}

static bool takes_path(int opcode)
{
	switch (opcode) {
	case IORING_OP_OPENAT:
	case IORING_OP_STATX:
	case IORING_OP_RENAMEAT:
	case IORING_OP_UNLINKAT:
	case IORING_OP_MKDIRAT:
	case IORING_OP_LINKAT:
		return true;
	default:
		return false;
	}
}

static void fill_entry(struct fuzz *f, struct io_uring_sqe *sqe)
{
	static const int ops[] = {
		IORING_OP_READ,	     IORING_OP_WRITE,	IORING_OP_READV,
		IORING_OP_WRITEV,    IORING_OP_OPENAT,	IORING_OP_CLOSE,
		IORING_OP_STATX,     IORING_OP_FSYNC,	IORING_OP_SPLICE,
		IORING_OP_FALLOCATE, IORING_OP_FADVISE, IORING_OP_RENAMEAT,
		IORING_OP_UNLINKAT,  IORING_OP_MKDIRAT, IORING_OP_LINKAT,
		IORING_OP_FGETXATTR,
	};
	int fd = fuzz_fd(f);

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = ops[fuzz_pick(f, ARRAY_SIZE(ops))];
	sqe->flags = FUZZ_FLAGS(f, IOSQE_ASYNC, IOSQE_IO_DRAIN, IOSQE_IO_LINK) &
		     (IOSQE_ASYNC | IOSQE_IO_LINK);
	sqe->fd = takes_path(sqe->opcode) && fuzz_one_in(f, 2) ? AT_FDCWD : fd;
	/* What the worker works with is not to be closed behind its back. */
	if (sqe->opcode == IORING_OP_CLOSE)
		sqe->fd = -1;
	sqe->len = fuzz_text(f, fuzz_entry(f));
	sqe->addr = (unsigned long)(takes_path(sqe->opcode) ? fuzz_path(f) :
							      f->buf);
	sqe->addr2 = (unsigned long)f->buf + FUZZ_TEXT;
	if (sqe->opcode == IORING_OP_RENAMEAT ||
	    sqe->opcode == IORING_OP_LINKAT)
		sqe->addr2 = (unsigned long)fuzz_path(f);
}

/* One entry in a ring of its own, and what it came to, if that is soon. */
static long op_ring(struct fuzz *f)
{
	struct __kernel_timespec soon = { .tv_nsec = 2000000 };
	struct io_uring_getevents_arg arg = { .ts = (unsigned long)&soon };
	struct io_uring_params params = {};
	struct ring ring = {};
	long ret = ring_open(&ring, &params);
	unsigned int *tail, *array;

	if (ret)
		return ret;
	tail = (unsigned int *)(ring.map + params.sq_off.tail);
	array = (unsigned int *)(ring.map + params.sq_off.array);
	fill_entry(f, &ring.sqes[0]);
	array[*tail & 3] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	ret = syscall(SYS_io_uring_enter, ring.fd, 1, 1,
		      IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg,
		      sizeof(arg));
	ring_close(&ring);
	return ret;
}

const fuzz_op fuzz_watch_ops[] = { op_poll,	op_poll,    op_epoll,
				   op_epoll,	op_inotify, op_inotify,
				   op_fanotify, op_handle,  op_handle,
				   op_trees,	op_ring,    NULL };
