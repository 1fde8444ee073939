// SPDX-License-Identifier: GPL-2.0
/*
 * Processes and threads that are there to be measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define STACK	4096

/* Runs a function in a child process, in a place unless that is NULL. */
void in_child(const struct place *place, void (*func)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		if (place)
			place_enter(place);
		func(arg);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (status)
		_exit(1);
}

struct contained {
	void (*func)(void *arg);
	void *arg;
};

/* Init of a pid namespace, with a mount of proc that belongs to it. */
static void contain(void *arg)
{
	const struct contained *contained = arg;
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("unshare");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		if (mount("proc", "/proc", "proc", 0, NULL))
			die("mount proc");
		contained->func(contained->arg);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("a container ended with status %#x", status);
}

/* @func in a container that was given the place's group. */
void in_container(const struct place *place, void (*func)(void *arg), void *arg)
{
	struct contained contained = { .func = func, .arg = arg };

	in_child(place, contain, &contained);
}

static int sleeper(void *arg)
{
	while (!arg)
		pause();
	return 0;
}

static void *sleeper_thread(void *arg)
{
	sleeper(arg);
	return arg;
}

/* Share what can be shared, so that memory allows for many. */
static pid_t spawn(char *stack)
{
	pid_t pid = clone(sleeper, stack + STACK,
			  CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL);

	if (pid < 0)
		die("clone");
	return pid;
}

static void wait_for_end(int fd)
{
	char c;

	if (read(fd, &c, 1))
		die("read");
}

/* The first of @nr processes: makes the others, and ends them at the end. */
static void crowd_main(unsigned int nr, int ready, int end)
{
	pid_t *pids = calloc(nr, sizeof(*pids));
	char *stacks = mmap(NULL, (size_t)nr * STACK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	if (!pids || stacks == MAP_FAILED)
		die("no memory for %u tasks", nr);
	for (i = 0; i < nr - 1; i++)
		pids[i] = spawn(stacks + (size_t)i * STACK);
	close(ready);
	wait_for_end(end);
	for (i = 0; i < nr - 1; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	_exit(0);
}

static void crowd_main_threads(unsigned int nr, int ready, int end)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (pthread_attr_init(&attr) ||
	    pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN))
		die("pthread attributes");
	while (--nr)
		if (pthread_create(&thread, &attr, sleeper_thread, NULL))
			die("pthread_create");
	close(ready);
	wait_for_end(end);
	_exit(0);
}

static void start(struct crowd *crowd, const struct place *place,
		  unsigned int nr,
		  void (*func)(unsigned int nr, int ready, int end))
{
	int ready[2], end[2];

	if (pipe(ready) || pipe(end))
		die("pipe");
	crowd->pid = fork();
	if (crowd->pid < 0)
		die("fork");
	if (!crowd->pid) {
		close(ready[0]);
		close(end[1]);
		if (place)
			place_enter(place);
		func(nr, ready[1], end[0]);
	}
	close(ready[1]);
	close(end[0]);
	crowd->fd = end[1];
	crowd->len = sprintf(crowd->id, "%d", crowd->pid);
	wait_for_end(ready[0]);
	close(ready[0]);
	/* Let the last of them fall asleep. */
	rest(100);
}

/* Starts @nr processes of one thread, in a place unless that is NULL. */
void crowd_start(struct crowd *crowd, const struct place *place,
		 unsigned int nr)
{
	start(crowd, place, nr, crowd_main);
}

/* Starts a process of @nr threads. */
void crowd_start_threads(struct crowd *crowd, unsigned int nr)
{
	start(crowd, NULL, nr, crowd_main_threads);
}

void crowd_end(struct crowd *crowd)
{
	int status;

	close(crowd->fd);
	if (waitpid(crowd->pid, &status, 0) != crowd->pid || status)
		die("the tasks ended with status %#x", status);
}

/* For those that were killed otherwise. */
void crowd_killed(struct crowd *crowd)
{
	close(crowd->fd);
	if (waitpid(crowd->pid, NULL, 0) != crowd->pid)
		die("waitpid");
}

void swing_start(struct swing *swing)
{
	struct place *place = &swing->place;

	place_make(place, CPUACCT, 1, 0);
	groups_each(place, 2, group_make);
	swing->fd[0] = group_open(place, 0, "group0", false, O_WRONLY);
	swing->fd[1] = group_open(place, 0, "group1", false, O_WRONLY);
	swing->to = 0;
	crowd_start(&swing->task, NULL, 1);
}

void swing_move(struct swing *swing)
{
	swing->to = !swing->to;
	group_attach(swing->fd[swing->to], swing->task.id, swing->task.len);
}

void swing_end(struct swing *swing)
{
	crowd_end(&swing->task);
	close(swing->fd[0]);
	close(swing->fd[1]);
	groups_each(&swing->place, 2, group_remove);
	place_end(&swing->place);
}

static void pass_on(int from, int to)
{
	char c;

	while (read(from, &c, 1) == 1)
		if (write(to, &c, 1) != 1)
			_exit(1);
	_exit(0);
}

void echo_start(struct echo *echo)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		die("pipe");
	echo->pid = fork();
	if (echo->pid < 0)
		die("fork");
	if (!echo->pid) {
		close(there[1]);
		pass_on(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	echo->to = there[1];
	echo->from = back[0];
}

void echo_end(struct echo *echo)
{
	int status;

	close(echo->to);
	close(echo->from);
	if (waitpid(echo->pid, &status, 0) != echo->pid || status)
		die("the echo ended with status %#x", status);
}

/* Operations that are measured in more than one way, and what they are if refused. */

void round_trip(const struct echo *echo)
{
	char c = 0;

	if (write(echo->to, &c, 1) != 1 || read(echo->from, &c, 1) != 1)
		die("pipe");
}

void vfork_exit(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("vfork");
}

void vfork_refused(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(1);
	if (pid > 0 || errno != EAGAIN)
		die("vfork was not refused");
}

void mkdir_or_die(const char *path)
{
	if (mkdir(path, 0755))
		die("mkdir %s", path);
}

void mkdir_rmdir(const char *path)
{
	if (mkdir(path, 0755) || rmdir(path))
		die("mkdir and rmdir of %s", path);
}

static void *thread_main(void *arg)
{
	return arg;
}

void thread_create_join(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, NULL) ||
	    pthread_join(thread, NULL))
		die("thread");
}

void thread_refused(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, NULL) != EAGAIN)
		die("pthread_create was not refused");
}

void open_read_close(const char *path)
{
	char buf[4096];
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die("open %s", path);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}
