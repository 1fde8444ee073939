// SPDX-License-Identifier: GPL-2.0
/* The children of the rc selftests; see rc_util.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rc_util.h"

/* So many timers, each with this period in nanoseconds. */
#define TIMERS 1000
#define PERIOD 50000000

static pid_t *children;
static int nr_children;

static void untrack(pid_t pid)
{
	int i;

	for (i = 0; i < nr_children; i++) {
		if (children[i] == pid)
			children[i] = children[--nr_children];
	}
}

int rc_children(const pid_t **pids)
{
	*pids = children;
	return nr_children;
}

int rc_end_children(void)
{
	double until = rc_now() + RC_PATIENCE;
	pid_t pid;
	int i;

	for (i = 0; i < nr_children; i++)
		kill(children[i], SIGKILL);
	nr_children = 0;
	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) >= 0) {
		if (pid)
			continue;
		if (rc_now() > until)
			return -ETIMEDOUT;
		rc_nap();
	}
	return 0;
}

void rc_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void rc_track_child(pid_t pid)
{
	children = realloc(children, (nr_children + 1) * sizeof(*children));
	children[nr_children++] = pid;
}

pid_t rc_fork(void)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid > 0)
		rc_track_child(pid);
	if (pid)
		return pid;
	nr_children = 0;
	rc_disown();
	rc_die_with_parent();
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	return 0;
}

pid_t rc_spawn(int (*fn)(void *arg), void *arg)
{
	pid_t pid = rc_fork();

	if (!pid)
		_exit(-fn(arg));
	return pid;
}

static int sleep_on(void *arg)
{
	while (pause())
		;
	return -EINTR;
}

static int spin(void *arg)
{
	long forever = 1;

	while (rc_get(&forever))
		;
	return -EINTR;
}

static int call_kernel(void *arg)
{
	while (syscall(SYS_getppid))
		;
	return -ESRCH;
}

pid_t rc_sleeper(void)
{
	return rc_spawn(sleep_on, NULL);
}

pid_t rc_spinner(void)
{
	return rc_spawn(spin, NULL);
}

pid_t rc_syscaller(void)
{
	return rc_spawn(call_kernel, NULL);
}

struct threads {
	int nr;
	long ready;
};

static void *sleep_in_thread(void *arg)
{
	struct threads *threads = arg;

	if (unshare(CLONE_NEWUTS))
		_exit(errno);
	rc_inc(&threads->ready);
	sleep_on(NULL);
	return NULL;
}

static int sleep_in_threads(void *arg)
{
	struct threads *threads = arg;
	int i;

	for (i = 1; i < threads->nr; i++) {
		pthread_t thread;
		int err = pthread_create(&thread, NULL, sleep_in_thread, arg);

		if (err)
			return -err;
	}
	sleep_in_thread(arg);
	return -EINTR;
}

pid_t rc_sleeping_threads(int nr)
{
	struct threads *threads = rc_shared(sizeof(*threads));
	pid_t pid;

	if (!threads)
		return -1;
	threads->nr = nr;
	pid = rc_spawn(sleep_in_threads, threads);
	if (pid > 0 && !RC_WAIT(rc_get(&threads->ready) == nr))
		pid = -1;
	munmap(threads, sizeof(*threads));
	return pid;
}

/* Threads of a crowd do nothing but wait, so a small part of a page is stack enough. */
#define STACK 1024

struct crowd {
	const char *grp;
	int nr;
	pid_t *ids;
	long *ready;
};

static int wait_on_futex(void *arg)
{
	static long done;

	while (!rc_get(&done))
		syscall(SYS_futex, &done, FUTEX_WAIT, 0, NULL, NULL, 0);
	return 0;
}

static int start_crowd(void *arg)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			  CLONE_THREAD | CLONE_SYSVSEM;
	struct crowd *crowd = arg;
	char *stacks = mmap(NULL, (size_t)crowd->nr * STACK,
			    PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int i, ret;

	if (stacks == MAP_FAILED)
		return -errno;
	ret = crowd->grp ? rc_attach(crowd->grp, 0) : 0;
	if (ret)
		return ret;
	crowd->ids[0] = getpid();
	for (i = 1; i < crowd->nr; i++) {
		crowd->ids[i] = clone(wait_on_futex,
				      stacks + (size_t)(i + 1) * STACK, flags,
				      NULL);
		if (crowd->ids[i] < 0)
			return -errno;
	}
	rc_set(crowd->ready, 1);
	return sleep_on(NULL);
}

pid_t rc_crowd(const char *grp, int nr, pid_t *ids)
{
	struct crowd crowd = { .grp = grp, .nr = nr, .ids = ids };
	pid_t pid;

	crowd.ready = rc_shared(sizeof(*crowd.ready));
	if (!crowd.ready)
		return -1;
	pid = rc_spawn(start_crowd, &crowd);
	while (pid > 0 && !rc_get(crowd.ready)) {
		if (waitpid(pid, NULL, WNOHANG)) {
			untrack(pid);
			pid = -1;
		}
		rc_nap();
	}
	munmap(crowd.ready, sizeof(*crowd.ready));
	return pid;
}

/* The signal of the timers is ignored, so that they start anew at once. */
int rc_burst_on(void *stop)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
	};
	struct itimerspec at = { .it_interval.tv_nsec = PERIOD };
	timer_t timer;
	int i;

	signal(SIGUSR1, SIG_IGN);
	clock_gettime(CLOCK_MONOTONIC, &at.it_value);
	at.it_value.tv_sec++;
	for (i = 0; i < TIMERS; i++)
		if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
		    timer_settime(timer, TIMER_ABSTIME, &at, NULL))
			return -errno;
	while (!rc_get(stop))
		rc_nap();
	return 0;
}

int rc_keep_to_last(pid_t pid, bool last)
{
	long nr = sysconf(_SC_NPROCESSORS_ONLN), i;
	cpu_set_t set;

	CPU_ZERO(&set);
	for (i = 0; i < nr; i++)
		if ((i == nr - 1) == last || nr == 1)
			CPU_SET(i, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

int rc_reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		return -errno;
	untrack(pid);
	return WIFEXITED(status) ? -WEXITSTATUS(status) :
				   -1000 - WTERMSIG(status);
}

int rc_kill(pid_t pid)
{
	if (kill(pid, SIGKILL))
		return -errno;
	return rc_reap(pid) == -1000 - SIGKILL ? 0 : -ECHILD;
}

int rc_run(int (*fn)(void *arg), void *arg)
{
	pid_t pid = rc_spawn(fn, arg);

	return pid < 0 ? -errno : rc_reap(pid);
}

static int become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	/* A change of credentials clears it. */
	rc_die_with_parent();
	return 0;
}

/* A function that is called in a child after a change of who the child is. */
struct run_as {
	uid_t uid;
	int (*fn)(void *arg);
	void *arg;
};

static int become_and_run(void *arg)
{
	const struct run_as *as = arg;

	return become(as->uid) ?: as->fn(as->arg);
}

pid_t rc_spawn_as(uid_t uid, int (*fn)(void *arg), void *arg)
{
	struct run_as as = { .uid = uid, .fn = fn, .arg = arg };

	/* The child has a copy of what is here. */
	return rc_spawn(become_and_run, &as);
}

int rc_run_as(uid_t uid, int (*fn)(void *arg), void *arg)
{
	struct run_as as = { .uid = uid, .fn = fn, .arg = arg };

	return rc_run(become_and_run, &as);
}

int rc_drop_cap(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];
	struct __user_cap_data_struct *cap =
		&caps[CAP_TO_INDEX(CAP_SYS_ADMIN)];

	if (syscall(SYS_capget, &head, caps))
		return -errno;
	cap->effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
	cap->permitted &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
	return syscall(SYS_capset, &head, caps) ? -errno : 0;
}

static int uncap_and_run(void *arg)
{
	const struct run_as *as = arg;

	return rc_drop_cap() ?: as->fn(as->arg);
}

int rc_run_uncapped(int (*fn)(void *arg), void *arg)
{
	struct run_as as = { .fn = fn, .arg = arg };

	return rc_run(uncap_and_run, &as);
}

static int unshare_user_and_run(void *arg)
{
	const struct run_as *as = arg;

	if (unshare(CLONE_NEWUSER) || rc_write("/proc/self/uid_map", "0 0 1"))
		return -ECHILD;
	return as->fn(as->arg);
}

int rc_run_in_user_ns(int (*fn)(void *arg), void *arg)
{
	struct run_as as = { .fn = fn, .arg = arg };

	return rc_run(unshare_user_and_run, &as);
}

int rc_bear_in(const char *grp, const char *other, long *births)
{
	pid_t pids[4];
	int ret = rc_attach(grp, 0);
	size_t i;

	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(i % 2 ? unshare(CLONE_NEWUTS) : 0);
		rc_inc(births);
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		waitpid(pids[i], NULL, 0);
	return rc_attach(other, 0);
}

int rc_wait_zombie(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, pid, &info, WEXITED | WNOWAIT) ? -errno : 0;
}

unsigned int rc_task_flags(pid_t pid)
{
	unsigned int flags;
	char buf[1024], *end;

	if (rc_read(rc_fmt("/proc/%d/stat", pid), buf, sizeof(buf)) < 0)
		return 0;
	end = strrchr(buf, ')');
	if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		return 0;
	return flags;
}

pid_t rc_kthread(bool bound)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	pid_t found = 0;

	while (dir && !found && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);
		unsigned int flags;

		/* kthreadd, pid 2, is refused for a reason of its own. */
		if (pid <= 2)
			continue;
		flags = rc_task_flags(pid);
		if ((flags & RC_PF_KTHREAD) &&
		    !!(flags & RC_PF_NO_SETAFFINITY) == bound)
			found = pid;
	}
	if (dir)
		closedir(dir);
	return found;
}
