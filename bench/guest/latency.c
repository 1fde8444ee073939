// SPDX-License-Identifier: GPL-2.0
/*
 * How late a real-time task wakes up beside somebody who does what the kernel takes long
 * for. One that only computes is the floor: what is later than that waited for the other.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/* Wakes, and the nanoseconds between: no multiple of a tick's. */
#define WAKES	3000
#define PERIOD	1010101

/**
 * struct load - what is done beside
 * @op: once
 * @arg: for it
 */
struct load {
	void (*op)(void *arg);
	void *arg;
};

static pid_t load_start(const struct load *load)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	while (!pid)
		load->op(load->arg);
	return pid;
}

static void load_end(pid_t pid)
{
	int status;

	if (kill(pid, SIGKILL) || waitpid(pid, &status, 0) != pid ||
	    !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		die("the load ended with status %#x", status);
}

static void set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, policy, &param))
		die("sched_setscheduler");
}

static uint64_t nanoseconds(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000ull + ts->tv_nsec;
}

/* How much later than asked for it wakes up. */
static uint64_t wake(uint64_t due)
{
	struct timespec ts = { due / 1000000000, due % 1000000000 };

	if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		die("clock_nanosleep");
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return nanoseconds(&ts) - due;
}

/* The longest of all wakes is what counts; the mean is a row, too. */
static void measure(const char *row, unsigned long x, const struct load *load)
{
	uint64_t due, late, longest = 0, sum = 0;
	struct timespec ts;
	pid_t pid = load_start(load);
	char name[64];

	rest(100);
	set_policy(SCHED_FIFO, 50);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	due = nanoseconds(&ts);
	for (int i = 0; i < WAKES; i++) {
		due += PERIOD;
		late = wake(due);
		sum += late;
		if (late > longest)
			longest = late;
		/* The wakes that a long wait has taken are not made up for. */
		while (late > PERIOD) {
			late -= PERIOD;
			due += PERIOD;
		}
	}
	set_policy(SCHED_OTHER, 0);
	load_end(pid);
	sprintf(name, "latency %s", row);
	report_value(name, x, longest);
	sprintf(name, "latency mean %s", row);
	report_value(name, x, (double)sum / WAKES);
}

static void compute(void *arg)
{
	for (int i = 0; i < 1000; i++)
		*(volatile int *)arg = i;
}

static void read_list(void *arg)
{
	static char buf[65536];
	int fd = *(int *)arg;
	ssize_t len;

	if (lseek(fd, 0, SEEK_SET))
		die("lseek");
	do {
		len = read(fd, buf, sizeof(buf));
		if (len < 0)
			die("read");
	} while (len);
}

static void list_load(unsigned int nr)
{
	struct load load = { .op = read_list };
	struct crowd crowd;
	struct place place;
	int fd;

	place_make(&place, CPUACCT, 1, 1);
	crowd_start(&crowd, &place, nr);
	fd = group_open(&place, 0, NULL, false, O_RDONLY);
	load.arg = &fd;
	measure("list", nr, &load);
	close(fd);
	crowd_end(&crowd);
	place_end(&place);
}

/* Processes of so many threads go to and fro. */
struct mover {
	int fd[2];
	int to;
	struct crowd crowd;
};

static void move(void *arg)
{
	struct mover *mover = arg;

	mover->to = !mover->to;
	group_attach(mover->fd[mover->to], mover->crowd.id, mover->crowd.len);
}

static void move_load(unsigned int nr)
{
	struct mover mover = { .to = 0 };
	struct load load = { .op = move, .arg = &mover };
	struct place place;

	place_make(&place, CPUACCT, 1, 0);
	groups_each(&place, 2, group_make);
	mover.fd[0] = group_open(&place, 0, "group0", true, O_WRONLY);
	mover.fd[1] = group_open(&place, 0, "group1", true, O_WRONLY);
	crowd_start_threads(&mover.crowd, nr);
	measure("move", nr, &load);
	crowd_end(&mover.crowd);
	close(mover.fd[0]);
	close(mover.fd[1]);
	groups_each(&place, 2, group_remove);
	place_end(&place);
}

void latency_run(void)
{
	static int scratch;
	struct load load = { .op = compute, .arg = &scratch };
	const char *reason = backend_lacks(CPUACCT);

	if (mlockall(MCL_CURRENT))
		die("mlockall");
	measure("compute", 0, &load);
	if (reason) {
		report_none("latency list", 10000, reason);
		report_none("latency move", 1000, reason);
		return;
	}
	list_load(10000);
	move_load(1000);
}
