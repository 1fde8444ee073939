/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of the pids controller have in common. */
#ifndef PIDS_UTIL_H
#define PIDS_UTIL_H

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "rc_util.h"

static inline long pids_current(const char *grp)
{
	return rc_number(rc_fmt("%s/pids.current", grp));
}

static inline long pids_peak(const char *grp)
{
	return rc_number(rc_fmt("%s/pids.peak", grp));
}

/* How often a fork by a task of the group has failed. */
static inline long pids_refused(const char *grp)
{
	return rc_field(rc_fmt("%s/pids.events", grp), "max");
}

static inline int pids_limit(const char *grp, const char *text)
{
	return rc_write(rc_fmt("%s/pids.max", grp), text);
}

/* 0 or what fork(2) says, for a child that ends at once. */
static inline int pids_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? -errno : rc_reap(pid);
}

static inline void *pids_end_thread(void *arg)
{
	return arg;
}

/* The same for a thread. It can be joined some steps before it is reaped. */
static inline int pids_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, pids_end_thread, NULL);

	return err ? -err : -pthread_join(thread, NULL);
}

#endif /* PIDS_UTIL_H */
