// SPDX-License-Identifier: GPL-2.0
/* What subjects of the storm do by themselves, as programs do, whoever moves them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "start_util.h"
#include "storm.h"

static void *short_thread(void *arg)
{
	if (arg)
		unshare(CLONE_NEWUTS);
	free(rc_text("/proc/thread-self/rc"));
	return NULL;
}

/* A child that is there for long, with what it was born with, and is looked at. */
static void bear(void)
{
	static pid_t child;

	storm_end(child);
	child = storm_fork();
	while (!child)
		pause();
}

int storm_op_threads(struct storm_actor *me)
{
	pthread_t threads[6];
	int nr = 1 + storm_pick(me, ARRAY_SIZE(threads)), i, made = 0;

	for (i = 0; i < nr; i++)
		made += !pthread_create(&threads[made], NULL, short_thread,
					storm_chance(me, 20) ? me : NULL);
	for (i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	return made ? 0 : -EAGAIN;
}

/* Its lines tell of one group a hierarchy, at any time. */
static void look_at_self(struct storm_actor *me)
{
	char *text = rc_text("/proc/self/rc"), *line, *save, *last = NULL;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *colon = strchr(line, ':');

		if (!colon || !strchr(colon + 1, '/') ||
		    (last && !strncmp(last, line, colon - line + 1)))
			storm_wrong(STORM_IN_ONE_GROUP, "/proc/self/rc: '%s' after '%s'",
				    line, last ?: "");
		last = line;
	}
	free(text);
}

int storm_op_fork(struct storm_actor *me)
{
	int nr = 1 + storm_pick(me, 4), i, made = 0, err = 0;
	pid_t pids[4];

	if (storm_chance(me, 50))
		bear();
	for (i = 0; i < nr; i++) {
		pids[made] = storm_fork();
		if (!pids[made]) {
			if (storm_chance(me, 30) && fork() < 0)
				_exit(1);
			look_at_self(me);
			_exit(0);
		}
		err = pids[made] < 0 ? errno : err;
		made += pids[made] > 0;
	}
	for (i = 0; i < made; i++)
		waitpid(pids[i], NULL, 0);
	return -err;
}

int storm_op_vfork(struct storm_actor *me)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/proc/self/exe", "storm-done", "done", NULL);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	waitpid(pid, NULL, 0);
	return 0;
}

/* Elsewhere than the parent, where the child may be frozen. */
int storm_op_start(struct storm_actor *me)
{
	const char *grp = storm_group(me);
	int fd = grp ? start_open(grp, storm_chance(me, 30) ? O_PATH : O_RDONLY) : -EAGAIN;
	pid_t pid;

	if (fd < 0)
		return fd;
	pid = start_at(fd, storm_chance(me, 30) ? CLONE_NEWUTS : 0);
	if (!pid) {
		rc_die_with_parent();
		look_at_self(me);
		_exit(0);
	}
	close(fd);
	if (pid < 0)
		return pid;
	me->since = 0;
	waitpid(pid, NULL, 0);
	return 0;
}

/* Comes back as the same actor, see main(). */
static int become_anew(struct storm_actor *me)
{
	char nr[16], fd[16], asked[8], name[32] = "";

	prctl(PR_GET_NAME, name);
	sprintf(nr, "%d", me->nr);
	sprintf(fd, "%d", storm_memfd);
	sprintf(asked, "%d", !strcmp(name, STORM_ASKED));
	execl("/proc/self/exe", name, "subject", nr, fd, asked, NULL);
	return -errno;
}

int storm_op_exec(struct storm_actor *me)
{
	return become_anew(me);
}

static void *exec_in_thread(void *arg)
{
	return (void *)(long)become_anew(arg);
}

/* The thread gets its leader's id. */
int storm_op_exec_by_thread(struct storm_actor *me)
{
	pthread_t thread, other;
	void *ret;

	if (pthread_create(&other, NULL, short_thread, me))
		return -EAGAIN;
	if (!pthread_create(&thread, NULL, exec_in_thread, me))
		pthread_join(thread, &ret);
	pthread_join(other, NULL);
	return -EAGAIN;
}

int storm_op_unshare(struct storm_actor *me)
{
	static const int kinds[] = {
		CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME,
		CLONE_NEWUTS | CLONE_NEWIPC, CLONE_NEWUSER | CLONE_NEWUTS,
		CLONE_NEWUSER | CLONE_NEWNET,
	};
	int kind = kinds[storm_pick(me, ARRAY_SIZE(kinds))];
	pid_t pid;

	if (!(kind & CLONE_NEWUSER) && storm_chance(me, 50) &&
	    kind != CLONE_NEWPID && kind != CLONE_NEWTIME)
		return unshare(kind) ? -errno : 0;
	pid = storm_fork();
	if (!pid) {
		if (unshare(kind))
			_exit(errno);
		/* The first child enters what is for children. */
		if (!fork())
			look_at_self(me);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	waitpid(pid, NULL, 0);
	return 0;
}

int storm_op_setns(struct storm_actor *me)
{
	static const char * const names[] = { "uts", "ipc", "net", "mnt", "time" };
	const char *name = names[storm_pick(me, ARRAY_SIZE(names))];
	int nr = storm_pick(me, STORM_MAX_ACTORS), fd, ret;

	fd = rc_open(rc_fmt("/proc/%d/ns/%s", storm->actor[nr].pid ?: getpid(), name),
		     O_RDONLY);
	if (fd < 0)
		return fd;
	/* A mount namespace without our files would be the end of it. */
	ret = strcmp(name, "mnt") ? setns(fd, 0) : 0;
	ret = ret ? -errno : 0;
	close(fd);
	return ret;
}

static void *thread_of_core(void *arg)
{
	pause();
	return NULL;
}

int storm_op_core(struct storm_actor *me)
{
	pid_t pid = storm_fork();
	struct rlimit core = { .rlim_cur = 1 << 20, .rlim_max = 1 << 20 };

	if (!pid) {
		pthread_t thread;

		setrlimit(RLIMIT_CORE, &core);
		pthread_create(&thread, NULL, thread_of_core, NULL);
		pthread_create(&thread, NULL, thread_of_core, NULL);
		abort();
	}
	if (pid < 0)
		return -errno;
	waitpid(pid, NULL, 0);
	return 0;
}

/* A ring with a thread of the kernel's and a worker, which are threads of the task. */
int storm_op_uring(struct storm_actor *me)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 1 };
	unsigned int *tail, *array, *mask;
	struct io_uring_sqe *sqe;
	static char buf[4096];
	int ring, fd, ret = 0;
	char *sq;

	ring = syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0)
		return -errno;
	sq = mmap(NULL, params.sq_off.array + 4 * sizeof(int), PROT_READ | PROT_WRITE,
		  MAP_SHARED, ring, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, 4 * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		   IORING_OFF_SQES);
	fd = rc_open("/proc/self/rc", O_RDONLY);
	if (sq == MAP_FAILED || sqe == MAP_FAILED || fd < 0) {
		close(ring);
		return -ENOMEM;
	}
	tail = (unsigned int *)(sq + params.sq_off.tail);
	mask = (unsigned int *)(sq + params.sq_off.ring_mask);
	array = (unsigned int *)(sq + params.sq_off.array);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_READ;
	sqe->flags = IOSQE_ASYNC;
	sqe->fd = fd;
	sqe->addr = (unsigned long)buf;
	sqe->len = sizeof(buf);
	array[*tail & *mask] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	ret = syscall(SYS_io_uring_enter, ring, 1, storm_chance(me, 70),
		      IORING_ENTER_SQ_WAKEUP | IORING_ENTER_GETEVENTS, NULL, 0);
	munmap(sq, params.sq_off.array + 4 * sizeof(int));
	munmap(sqe, 4 * sizeof(*sqe));
	close(fd);
	close(ring);
	return ret < 0 ? -errno : 0;
}

/* Pages that can be made to follow when nodes change. */
int storm_op_memory(struct storm_actor *me)
{
	size_t size = (1 + storm_pick(me, 64)) << 14;
	unsigned long nodes = 1 + storm_pick(me, 3);
	char *mem;

	if (storm_chance(me, 30))
		syscall(SYS_set_mempolicy, storm_pick(me, 5), &nodes, 8);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return -errno;
	memset(mem, 1, size);
	if (storm_chance(me, 50))
		rc_nap();
	memset(mem, 2, size);
	munmap(mem, size);
	syscall(SYS_set_mempolicy, 0, NULL, 0);
	return 0;
}

int storm_op_move_self(struct storm_actor *me)
{
	const char *grp = storm_group(me);

	return grp ? rc_write(rc_fmt("%s/%s", grp, storm_chance(me, 50) ? "tasks" : "procs"),
			      "0") : -EAGAIN;
}

/* For an affinity, from now on; children inherit the name with it. */
int storm_op_ask(struct storm_actor *me)
{
	int bits = 1 + storm_pick(me, 255), i;
	cpu_set_t set;

	prctl(PR_SET_NAME, STORM_ASKED);
	CPU_ZERO(&set);
	for (i = 0; i < 8; i++)
		if (bits & (1 << i))
			CPU_SET(i, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

int storm_op_nap(struct storm_actor *me)
{
	double until = rc_now() + 0.001;
	int naps = storm_pick(me, 20);

	/* Mostly it sleeps: there are many of them for few CPUs. */
	while (naps < 2 && rc_now() < until)
		;
	while (naps-- && !rc_get(&storm->pause) && !storm_over())
		rc_nap();
	return 0;
}

int storm_op_end(struct storm_actor *me)
{
	me->since = 0;
	_exit(0);
}
