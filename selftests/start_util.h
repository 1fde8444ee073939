/* SPDX-License-Identifier: GPL-2.0 */
/* Starting tasks in groups, by clone3(2) with the descriptor of a group's directory. */
#ifndef START_UTIL_H
#define START_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/sched.h>

#include "rc_box.h"

/* As fork(2), the child being in the group whose directory is open: 0 there, or -errno. */
static inline pid_t start_at(int fd, unsigned long long flags)
{
	struct clone_args args = {
		.flags = flags | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = fd,
	};
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	return pid < 0 ? -errno : pid;
}

static inline int start_open(const char *grp, int flags)
{
	return rc_open(grp, flags | O_DIRECTORY);
}

/* A child in @grp that stays until it is killed: its id, or -errno. */
static inline pid_t start_sleeper(const char *grp, int open_flags,
				  unsigned long long flags)
{
	int fd = start_open(grp, open_flags);
	pid_t pid;

	if (fd < 0)
		return fd;
	pid = start_at(fd, flags);
	if (!pid) {
		rc_die_with_parent();
		for (;;)
			pause();
	}
	close(fd);
	if (pid > 0)
		rc_track_child(pid);
	return pid;
}

/* Somebody is started and reaped: 0 or -errno. @grp: the directory. */
static inline int start_once(void *grp)
{
	pid_t pid = start_sleeper(grp, O_RDONLY, 0);

	return pid < 0 ? pid : rc_kill(pid);
}

/* The same by a descriptor, which @fd points to. */
static inline int start_once_fd(void *fd)
{
	pid_t pid = start_at(*(int *)fd, 0);

	if (pid < 0)
		return pid;
	if (!pid)
		_exit(EXIT_SUCCESS);
	rc_track_child(pid);
	return rc_reap(pid);
}

#endif /* START_UTIL_H */
